"""Copy the browser libraries that pages and decks load, so that nothing comes from a network.

MathJax and reveal.js are files inside Python wheels that the lock already installs. Copying them when the book is built needs no Node and no download.
"""

from __future__ import annotations

import shutil
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

from course_utils.publishing.files import copy, write_text

# distribution -> folder inside it -> {what to copy: where it goes in the vendor folder}
_SOURCES = {
    "sphinx-mathjax-offline": (
        "sphinx-mathjax-offline/static/mathjax",
        {
            "tex-mml-chtml.js": "mathjax/tex-mml-chtml.js",
            "output/chtml/fonts/woff-v2": "mathjax/output/chtml/fonts/woff-v2",
            "input/tex/extensions": "mathjax/input/tex/extensions",  # loaded only when used
        },
    ),
    "sphinx-revealjs": (
        "sphinx_revealjs/_static/revealjs",
        {
            "dist/reveal.js": "reveal/dist/reveal.js",
            "dist/reveal.css": "reveal/dist/reveal.css",
            "plugin/notes/notes.js": "reveal/plugin/notes/notes.js",
            "LICENSE": "reveal/LICENSE",
        },
    ),
}

_NOTICE = """Files in this folder are copied from Python wheels when the book is built.

mathjax/   MathJax 3, Apache License 2.0, from the wheel sphinx-mathjax-offline {mathjax}
reveal/    reveal.js 5, MIT License (reveal/LICENSE), from the wheel sphinx-revealjs {reveal}
"""


def inside_wheel(name: str, place: str) -> Path:
    """Find a file or folder that an installed package carries.

    Parameters
    ----------
    name : str
        Of the package.
    place : str
        Inside it.

    Returns
    -------
    Path

    Raises
    ------
    RuntimeError
        If the package is not installed or has no such file.
    """
    try:
        wheel = distribution(name)
    except PackageNotFoundError:
        raise RuntimeError(
            f"{name} is not installed: it carries files that pages and decks load. "
            "Install the optional group 'build' or run 'make book'."
        ) from None
    path = Path(str(wheel.locate_file(place)))
    if not path.exists():
        raise RuntimeError(f"{name} {wheel.version} has no {place}")
    return path


def copy_vendor(target: Path) -> Path:
    """Copy MathJax and reveal.js to a folder.

    Parameters
    ----------
    target : Path
        Folder that receives ``mathjax/`` and ``reveal/``; made when missing.
        Files of an earlier copy are replaced, other files are left alone.

    Returns
    -------
    Path
        `target`, as a Path.

    Raises
    ------
    RuntimeError
        If a wheel is not installed or does not hold an expected file.
    """
    target = Path(target)
    plan: list[tuple[Path, Path]] = []
    versions = {}
    for name, (folder, files) in _SOURCES.items():
        for source, place in files.items():
            plan.append((inside_wheel(name, f"{folder}/{source}"), target / place))
        versions[name] = version(name)
    for source, place in plan:  # nothing is written before everything was found
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, dirs_exist_ok=True, copy_function=copy)
        else:
            copy(source, place)
    notice = _NOTICE.format(
        mathjax=versions["sphinx-mathjax-offline"], reveal=versions["sphinx-revealjs"]
    )
    write_text(target / "NOTICE.txt", notice)
    return target
