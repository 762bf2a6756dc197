"""Python's own source code, in the version that runs."""

import functools
import platform
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

from course_utils import reproducibility
from course_utils.datasets.base import DatasetError, refuse_wrong_share

NO_PART_OF_IT = {"idlelib", "lib2to3", "turtledemo", "encodings", "pydoc_data", "test", "tests", "this", "antigravity"}
SMALLEST = 2_000_000  # characters; a Python with less than that has no whole library


@dataclass(frozen=True, eq=False)
class Source:
    """Source code to learn from and source code kept apart.

    Attributes
    ----------
    train, test : list of (str, str)
        Name of a module ("json.decoder") and its text, sorted by name. No package
        is in both.
    version : str
        Version of the Python that it is the source of.
    """

    train: list
    test: list
    version: str

    def __repr__(self):
        sizes = [sum(len(text) for _, text in part) for part in (self.train, self.test)]
        return (
            f"Source(Python {self.version}, train {len(self.train)} modules of {sizes[0]:,} characters, "
            f"test {len(self.test)} modules of {sizes[1]:,})"
        )


def load_standard_library(*, test_share=0.1, offset=0):
    """Load the source code of Python's standard library, split by module.

    Nothing is downloaded: it is read from where the running Python keeps it.

    Parameters
    ----------
    test_share : float, default 0.1
        Part of the characters that is kept for testing, above 0 and below 1. The
        parts come close to it: a package such as ``asyncio`` goes to one part as a
        whole.
    offset : int, default 0
        Another offset gives another split; so does another course seed.

    Returns
    -------
    Source
        Lists of (name of the module, its text) and the version of Python.

    Raises
    ------
    ValueError
        If `test_share` leaves one part empty.
    DatasetError
        If this Python came without the source of its library.

    Notes
    -----
    The version of Python decides what the text is: Python 3.12.1 has 7,812,685
    characters in 383 modules. Left out are tests, ``idlelib``, ``lib2to3``,
    ``turtledemo``, ``encodings`` (tables), ``pydoc_data``, whatever else is
    installed beside the library, and modules with a character outside ASCII. Ends
    of lines are ``\\n`` and every text has one at its end.

    Examples
    --------
    >>> library = load_standard_library()
    >>> "json.decoder" in dict(library.train + library.test)
    True
    """
    refuse_wrong_share(test_share)
    modules = _modules()
    packages = {}
    for name, text in modules:
        packages[name.partition(".")[0]] = packages.get(name.partition(".")[0], 0) + len(text)
    names = sorted(packages)
    room = test_share * sum(packages.values())
    kept = set()
    for index in reproducibility.rng(offset).permutation(len(names)).tolist():
        if packages[names[index]] <= room:
            kept.add(names[index])
            room -= packages[names[index]]
    if not 0 < len(kept) < len(names):
        raise ValueError(f"test_share must leave modules in both parts, got {test_share!r}")
    train = [(name, text) for name, text in modules if name.partition(".")[0] not in kept]
    test = [(name, text) for name, text in modules if name.partition(".")[0] in kept]
    return Source(train, test, platform.python_version())


def _folder():
    return Path(sysconfig.get_paths()["stdlib"])


@functools.lru_cache(maxsize=1)
def _modules():
    """Read all modules of the library, sorted by name."""
    folder, modules = _folder(), []
    for path in folder.rglob("*.py"):
        steps = list(path.relative_to(folder).with_suffix("").parts)
        if steps[-1] == "__init__":
            steps.pop()
        if not steps or steps[0] not in sys.stdlib_module_names or NO_PART_OF_IT & set(steps):
            continue
        if not all(step.isidentifier() for step in steps):
            continue
        try:
            data = path.read_bytes()
        except OSError as error:
            raise DatasetError(f"{path.name} of Python's library can't be read ({error})") from error
        text = data.decode("ascii", errors="ignore").replace("\r\n", "\n").replace("\r", "\n")
        if data.isascii() and text.strip():
            modules.append((".".join(steps), text.rstrip("\n") + "\n"))
    if sum(len(text) for _, text in modules) < SMALLEST:
        raise DatasetError(
            f"this Python {platform.python_version()} came without the source of its library. "
            "Install Python from python.org, conda or your system's full package (python3-full on Debian)."
        )
    return tuple(sorted(modules))
