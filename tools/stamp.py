#!/usr/bin/env python3
"""Write the repository's address and the version from `pyproject.toml` wherever people read them.

    python tools/stamp.py

README.md, CONTRIBUTING.md and CITATION.cff carry the address (badges, links, the clone line); the
notebooks' first cells are stamped by `make run`, the book's buttons when it is built. After a move
or a new version, change `pyproject.toml`, call this, and `make run`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
STAMPED = ("README.md", "CONTRIBUTING.md", "CITATION.cff")
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*?"


def stamped(text: str, repository: str, version: str) -> str:
    """Return `text` with the repository's address and the version put in.

    Parameters
    ----------
    text : str
        A file that links to this repository and to no other on GitHub.
    repository : str
        Address of the repository, ``https://github.com/OWNER/NAME``.
    version : str
        Version of the course.

    Returns
    -------
    str
        The same text; unchanged if it was up to date.
    """
    match = re.fullmatch(rf"https://github\.com/({NAME})/({NAME})", repository)
    if not match:
        raise ValueError(f"Repository must be https://github.com/OWNER/NAME, got {repository!r}")
    owner, name = match.groups()
    end = r"(?=\.git\b|[/)\s\"'`>]|$)"
    text = re.sub(rf"(github\.com|google\.com/github)/{NAME}/{NAME}{end}", rf"\1/{owner}/{name}", text)
    text = re.sub(rf"https://{NAME}\.github\.io/{NAME}{end}", f"https://{owner}.github.io/{name}", text)
    text = re.sub(rf"(\.git && cd ){NAME}$", rf"\g<1>{name}", text, flags=re.MULTILINE)
    return re.sub(r"^version: .*$", f"version: {version}", text, flags=re.MULTILINE)


def main(root: Path = ROOT) -> int:
    """Stamp the files and say which of them changed."""
    from course_utils.publishing.files import write_text

    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name in STAMPED:
        path = root / name
        old = path.read_text(encoding="utf-8")
        new = stamped(old, project["urls"]["Repository"], project["version"])
        if new != old:
            write_text(path, new)
        print(f"{name}: {'stamped' if new != old else 'up to date'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
