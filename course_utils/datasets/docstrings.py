"""Docstrings of the installed scientific libraries: English about arrays, figures and models."""

import functools
import hashlib
import importlib.metadata
import importlib.util
from dataclasses import dataclass, field
from pathlib import Path

from course_utils import reproducibility
from course_utils.datasets import _docstring_sources, _stored
from course_utils.datasets._copies import copied_share
from course_utils.datasets.base import DatasetError, refuse_wrong_share

EXTRACTION = 1  # raise it whenever what is read, cleaned or left out changes: stored extractions are made anew
LIBRARIES = {  # folder: name of the distribution, folder inside that is read
    "IPython": ("ipython", ""),
    "PIL": ("pillow", ""),
    "keras": ("keras", "src"),
    "matplotlib": ("matplotlib", ""),
    "numpy": ("numpy", ""),
    "scipy": ("scipy", ""),
    "sklearn": ("scikit-learn", ""),
    "tensorflow": ("tensorflow", "python/ops"),
}
SMALLEST = 6_000_000  # characters; libraries with less than that came without their sources


@dataclass(frozen=True)
class Docstring:
    """What one function, class or module says of itself.

    Attributes
    ----------
    library : str
        Folder that is imported: "numpy", "sklearn".
    module : str
        File it stands in, "sklearn.linear_model._ridge".
    name : str
        "Ridge.fit"; empty for the docstring of the module itself.
    text : str
        ASCII, cleaned of its indentation, lines that end in ``\\n`` but the last.
    group : str
        What goes to one part of the split as a whole: its folder, "sklearn.linear_model".
    """

    library: str
    module: str
    name: str
    text: str = field(repr=False)
    group: str = field(default="", repr=False)


@dataclass(frozen=True, eq=False)
class Docstrings:
    """Docstrings to learn from and docstrings kept apart.

    Attributes
    ----------
    train, test : list of Docstring
        Sorted by module; no folder of a library is in both.
    versions : dict of str to str
        Version of each package (its name on PyPI) that was read.
    kept_apart : tuple of str
        Groups of the test part, sorted.
    """

    train: list
    test: list
    versions: dict
    kept_apart: tuple = ()

    def __repr__(self):
        sizes = [sum(len(doc.text) for doc in part) for part in (self.train, self.test)]
        return (
            f"Docstrings(train {len(self.train):,} of {sizes[0]:,} characters, test {len(self.test):,} of "
            f"{sizes[1]:,}; {', '.join(f'{name} {version}' for name, version in self.versions.items())})"
        )


def load_docstrings(*, test_share=0.1, offset=0, kept_apart=None):
    """Load the docstrings of eight installed libraries, split by module.

    Nothing is downloaded and nothing is imported: the source files are parsed where
    they are installed. The first call takes about ten seconds and stores what it
    found in the user's cache folder, where later calls find it within a second
    (``COURSE_CACHE`` names another folder; ``COURSE_CACHE=off`` stores nothing).

    Parameters
    ----------
    test_share : float, default 0.1
        Part of each library's characters that is kept for testing, above 0 and
        below 1. The parts come close to it: folders stay whole.
    offset : int, default 0
        Another offset gives another split; so does another course seed.
    kept_apart : iterable of str, optional
        Groups to keep for testing, whatever share, offset and seed are: those a
        trained network has not seen. Unknown ones are passed over, since another
        version of a library may lack them.

    Returns
    -------
    Docstrings
        With ``train`` and ``test``, lists of `Docstring`, and ``versions``.

    Raises
    ------
    ValueError
        If `test_share` leaves one part of a library empty, `offset` is not a whole
        number of at least 0, or `kept_apart` leaves one part empty.
    DatasetError
        If a library is missing or came without its sources.

    Notes
    -----
    Read are IPython, Keras, Matplotlib, NumPy, Pillow, scikit-learn, SciPy and the
    operations of TensorFlow. The versions decide what the text is.

    - Left out: tests, generated files, copies of other projects, deprecated modules,
      docstrings of fewer than 12 words, and lines that are templates (``%(name)s``).
    - Typographic signs become ASCII, accents fall; a docstring of which more than
      two characters in a hundred are something else is left out, from the others
      these characters fall.
    - Libraries copy. A docstring of which more than half the runs of eight words
      stand in docstrings before it (sorted by module) is left out.
    - The split: a folder (``scipy.stats``, with its private folders) goes to one
      part; files beside the root of a library, each alone; each library has its
      share in both parts. Which folders, a hash of their names decides: another
      version of a library is split nearly alike. Afterwards a docstring of the test part of which more
      than half the runs of eight words stand in the training part is dropped.

    Examples
    --------
    >>> corpus = load_docstrings()
    >>> {"numpy", "scipy"} <= {doc.library for doc in corpus.test}
    True
    """
    refuse_wrong_share(test_share)
    documents, versions = _documents()
    if kept_apart is None:
        kept = _chosen(documents, test_share, offset)
    else:
        kept = {document.group for document in documents} & set(_names(kept_apart))
    train = [document for document in documents if document.group not in kept]
    test = [document for document in documents if document.group in kept]
    if not train or not test:
        raise ValueError(f"kept_apart must leave docstrings in both parts, got {len(kept)} known groups")
    copied = copied_share([doc.text for doc in train], [doc.text for doc in test])
    test = [document for document, share in zip(test, copied, strict=True) if share <= _docstring_sources.MOST_COPIED]
    return Docstrings(train, test, dict(versions), tuple(sorted(kept)))


def _chosen(documents, test_share, offset):
    """Choose the groups of the test part: a share of each library, in the order of a hash."""
    seed = reproducibility.rng(offset).integers(2**62)
    kept = set()
    for library in LIBRARIES:
        sizes = {}
        for document in documents:
            if document.library == library:
                sizes[document.group] = sizes.get(document.group, 0) + len(document.text)
        room, chosen = test_share * sum(sizes.values()), set()
        for name in sorted(sizes, key=lambda name: hashlib.sha256(f"{seed} {name}".encode()).digest()):
            if sizes[name] <= room:
                chosen.add(name)
                room -= sizes[name]
        if not 0 < len(chosen) < len(sizes):
            raise ValueError(f"test_share must leave modules of each library in both parts, got {test_share!r}")
        kept |= chosen
    return kept


def _names(groups):
    groups = [groups] if isinstance(groups, str) else list(groups)
    if wrong := [group for group in groups if not isinstance(group, str)]:
        raise ValueError(f"kept_apart must hold names of groups, got {wrong[0]!r}")
    return groups


@functools.lru_cache(maxsize=1)
def _documents():
    """Read all docstrings, or what an earlier call stored: (tuple of Docstring, tuple of versions)."""
    versions = tuple((name, _version(name)) for name, _ in sorted(LIBRARIES.values()))
    key = f"docstrings {EXTRACTION} " + " ".join(f"{name}=={version}" for name, version in versions)
    rows = _stored.recall("docstrings", key)
    if rows is None:
        folders = {library: (_folder(library), inside) for library, (_, inside) in LIBRARIES.items()}
        rows = _docstring_sources.extract(folders)
        _stored.keep("docstrings", key, rows)
    documents = tuple(Docstring(*row) for row in rows)
    if sum(len(document.text) for document in documents) < SMALLEST:
        raise DatasetError(
            "the installed libraries came without the sources of their docstrings. Install them anew: "
            "python -m pip install --force-reinstall " + " ".join(f"{name}=={version}" for name, version in versions)
        )
    return documents, versions


def _version(name):
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError as error:
        raise DatasetError(f"the package {name} is not installed. Install it: python -m pip install {name}") from error


def _folder(library):
    """Find where a library is installed without importing it."""
    spec = importlib.util.find_spec(library)
    if spec is None or not spec.submodule_search_locations:
        raise DatasetError(f"the folder of {library} can't be found. Reinstall {LIBRARIES[library][0]}.")
    return Path(spec.submodule_search_locations[0])
