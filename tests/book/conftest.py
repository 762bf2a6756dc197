"""The built book, parsed: made when it is not fresh, and read once."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from course_utils.publishing import book
from course_utils.publishing.project import Project

ROOT = Path(__file__).resolve().parents[2]
LOADS = {  # attributes by which a page fetches something when it opens
    "script": ["src"], "img": ["src", "srcset"], "iframe": ["src"], "source": ["src", "srcset"], "video": ["src", "poster"],
    "audio": ["src"], "embed": ["src"], "object": ["data"], "link": ["href"],
}  # fmt: skip


class Page(HTMLParser):
    """What the tests ask of a page: its ids, its links, what it loads, its pictures."""

    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.path, self.ids, self.links, self.loads, self.images, self.details = path, set(), [], [], [], []
        self.text = path.read_text(encoding="utf-8")
        self.feed(self.text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.ids |= {given[key] for key in ("id", "name") if given.get(key)}
        if tag == "a" and given.get("href") is not None:
            self.links.append(given)
        if tag == "img":
            self.images.append(given)
        if tag == "details":
            self.details.append(given)
        if tag == "link" and not set((given.get("rel") or "").split()) & {"stylesheet", "icon", "preload", "modulepreload"}:
            return  # next, prev, search: places, not files to fetch
        self.loads += [given[key] for key in LOADS.get(tag, []) if given.get(key)]

    def target(self, link):
        """File and anchor that a link inside the site leads to; None when it leaves the site."""
        parts = urlsplit(link)
        if parts.scheme or parts.netloc:
            return None
        path = self.path if not parts.path else (self.path.parent / unquote(parts.path)).resolve()
        return path, unquote(parts.fragment)


class Site:
    """All pages of the built book."""

    def __init__(self, root):
        self.root = root
        self._pages = {}

    def page(self, place):
        """One page by its place in the site, or by its path."""
        path = (self.root / place).resolve()
        if path not in self._pages:
            self._pages[path] = Page(path)
        return self._pages[path]

    @property
    def pages(self):
        """Every page of the book, decks left out."""
        return [self.page(path) for path in sorted(self.root.rglob("*.html")) if "slides" not in path.parts]


@pytest.fixture(scope="session")
def project():
    return Project.at(ROOT)


@pytest.fixture(scope="session")
def site(project):
    """The book as it stands; built first when its sources have changed since."""
    book.build(project)
    return Site(project.build / "html")
