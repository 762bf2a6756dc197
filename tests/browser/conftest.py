"""A Chromium that reaches nothing but this machine, and the built book served to it.

Every page made by the fixtures records what went wrong (an outside request, a failed request, an
error in the console); at the end of the test that list must be empty.
"""

from __future__ import annotations

import collections
import contextlib
import functools
import hashlib
import http.server
import itertools
import os
import re
import shutil
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CI = os.environ.get("CI", "").lower() in ("1", "true")
LOCAL = re.compile(r"^(http://127\.0\.0\.1[:/]|data:|blob:|file:|about:)")
OUTSIDE = re.compile(r"^(?!http://127\.0\.0\.1[:/]|data:|blob:|file:|about:)")
HOW_TO_GET_CHROMIUM = (
    "no Chromium found: install it ('apt install chromium', 'brew install --cask chromium', Chrome or "
    "Edge on Windows) or set CHROMIUM to its path; the tests in tests/browser were not run"
)
USUAL_PLACES = {
    "darwin": [
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    ],
    "win32": [
        rf"{os.environ.get(folder, 'C:')}\{path}"
        for folder in ("ProgramFiles", "ProgramFiles(x86)", "LocalAppData")
        for path in (
            r"Chromium\Application\chrome.exe",
            r"Google\Chrome\Application\chrome.exe",
            r"Microsoft\Edge\Application\msedge.exe",
        )
    ],
}

FIGURES_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Figures</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>body {{ background: #fff; color: #222; margin: 16px; font: 18px Georgia, serif }}
html[data-theme=dark] body {{ background: #14181b; color: #ddd }}</style></head>
<body><main class="{main}"><h1>Figures</h1>{figures}</main></body></html>"""


def find_chromium() -> str | None:
    """Return the path of a Chromium: the one that CHROMIUM names, or the first one found."""
    if named := os.environ.get("CHROMIUM"):
        return shutil.which(named)
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
    found = [shutil.which(name) for name in names]
    found += [place for place in USUAL_PLACES.get(sys.platform, []) if Path(place).is_file()]
    return next(filter(None, found), None)


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker("browser")


def gave_up(request) -> bool:
    """Whether the browser itself dropped a request: the test went to another page, or downloads."""
    return "ERR_ABORTED" in (request.failure or "") and bool(LOCAL.match(request.url))


def missing(reason: str):
    """Skip on a reader's machine, fail where the whole proof is wanted."""
    (pytest.fail if CI else pytest.skip)(reason)


@pytest.fixture(scope="session")
def chromium():
    """The one browser of the test run."""
    path = find_chromium()
    if path is None:
        missing(HOW_TO_GET_CHROMIUM)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                  "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"],
        )  # fmt: skip
        yield browser
        browser.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Say nothing: a browser that closes drops its connections."""


@pytest.fixture(scope="session")
def serve():
    """Serve a folder on a free port of 127.0.0.1; returns the address."""
    servers = []

    def start(folder: Path) -> str:
        handler = functools.partial(Quiet, directory=str(folder))
        server = Server(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="session")
def html_folder() -> Path:
    """The built book: _build/html, or the folder that COURSE_SITE names."""
    folder = Path(os.environ.get("COURSE_SITE", ROOT / "_build" / "html"))
    if not (folder / "index.html").is_file():
        missing(f"no built book in {folder}: run 'make book' first")
    return folder


@pytest.fixture(scope="session")
def site(serve, html_folder) -> str:
    """Address of the built book."""
    return serve(html_folder)


def open_page(chromium, *, dark=False, phone=False, still=False, width=1280, height=720, scale=1):
    """A page in a context of its own; its list `problems` grows with what goes wrong on it."""
    size = {"width": 390, "height": 844} if phone else {"width": width, "height": height}
    context = chromium.new_context(
        viewport=size,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce" if still else "no-preference",
        has_touch=phone,
        is_mobile=phone,
        device_scale_factor=scale,
        service_workers="block",
    )
    context.set_default_timeout(15_000)
    problems = []
    context.route(OUTSIDE, lambda route: route.abort())
    context.on("request", lambda r: LOCAL.match(r.url) or problems.append(f"outside request: {r.url}"))
    context.on("requestfailed", lambda r: gave_up(r) or problems.append(f"failed: {r.url} ({r.failure})"))
    context.on("response", lambda r: r.status < 400 or problems.append(f"{r.status}: {r.url}"))
    context.on("console", lambda m: m.type != "error" or problems.append(f"console: {m.text}"))
    context.on("weberror", lambda e: problems.append(f"exception: {e.error}"))
    page = context.new_page()
    page.problems, page.first_size = problems, size
    return page


@contextlib.contextmanager
def opener(chromium):
    """Make pages, and at the end ask whether something went wrong on one of them."""
    opened = []

    def make(**options):
        opened.append(open_page(chromium, **options))
        return opened[-1]

    try:
        yield make
    finally:
        for page in opened:
            page.context.close()
    found = [problem for page in opened for problem in page.problems]
    assert not found, "\n".join(dict.fromkeys(found))


@pytest.fixture
def new_page(chromium):
    """Make pages: new_page(dark=..., phone=..., still=..., width=..., height=...).

    Each page has a list `problems`; the test fails at its end when one of them is not empty.
    """
    with opener(chromium) as make:
        yield make


@pytest.fixture
def page(new_page):
    """A page at 1280 x 720, light."""
    return new_page()


@pytest.fixture
def phone_page(new_page):
    """A page as on a phone: 390 x 844 with touch."""
    return new_page(phone=True)


@pytest.fixture
def dark_page(new_page):
    """A page at 1280 x 720 on a system that prefers dark."""
    return new_page(dark=True)


@pytest.fixture
def still_page(new_page):
    """A page on a system that asks for reduced motion."""
    return new_page(still=True)


# Formulas, coloured code, rows and entries of lists are thousands of elements of a few kinds. A few of each kind stand
# for all: axe-core needs seconds then instead of a minute. Of one kind are elements with the same tags, classes, styles
# and roles, outside and inside; with words, names and links or without at the same places; that scroll alike. What is
# odd in any of these is of a kind of its own and stays. Only after this is a page of no more use for other tests.
THIN = r"""() => {
  for (const formula of [...document.querySelectorAll("mjx-container")].slice(3)) formula.replaceChildren("formula");
  const seen = {};
  const first = (kind) => (seen[kind] = (seen[kind] ?? 0) + 1) <= 3;
  for (const token of document.querySelectorAll(".highlight pre span"))
    if (!first(token.className) && !token.children.length) token.replaceWith(token.textContent);
  document.querySelectorAll(".highlight pre").forEach((code) => code.normalize());

  const tells = /^(class|style|fill|color|role|type|tabindex|scope|lang|hidden|open|disabled|aria-(?!label|describedby|controls|owns))/;
  const refers = /^(for|headers|list|aria-(labelledby|describedby|controls|owns))$/;
  const said = ({ name, value }) => `${name}=` + (
    tells.test(name) ? value
    : refers.test(name) ? value.split(/\s+/).map((id) => !!document.getElementById(id))
    : name === "href" ? value.match(/^(#|https?:|)/)[0]
    : value.trim() && "something");
  const bare = (e) => `${e.localName}[${[...e.attributes].map(said).sort()}]`;
  const outside = (e) => (e === document.body ? "" : `${outside(e.parentElement)} ${bare(e)}`);
  const scrolls = (e) => (e.scrollWidth > e.clientWidth ? "↔" : "") + (e.scrollHeight > e.clientHeight ? "↕" : "");
  const inside = (node) => node.nodeType === 3 ? (node.data.trim() && "w") : node.nodeType !== 1 ? ""
    : `${bare(node)}${scrolls(node)}(${[...node.childNodes].map(inside).join("").replace(/w+/g, "w")})`;
  const spare = new Set();
  const isSpare = (e) => e && (spare.has(e) || isSpare(e.parentElement));
  for (const e of document.querySelectorAll("li, tr, dt, dd, .cell, .copybtn"))
    if (!isSpare(e) && !e.closest("[data-dlm]") && !first(outside(e.parentElement) + inside(e)) && e.previousElementSibling) spare.add(e);
  spare.forEach((e) => e.remove());
}"""


@pytest.fixture
def axe_faults():
    """Return the serious and critical faults that axe-core finds on a page, one line each.

    axe_faults(page, only=["color-contrast"]) looks for these alone. The page is thinned out for it.
    """
    from axe_playwright_python.sync_playwright import Axe

    axe = Axe()

    def run(page, only=None) -> list[str]:
        page.evaluate(THIN)
        options = {"resultTypes": ["violations"], "preload": False}
        if only:
            options["runOnly"] = only
        return [
            f"{fault['impact']} {fault['id']}: {node['target'][0]} {node['html'][:120]}"
            f" {(node.get('any') or [{}])[0].get('message', '')}"
            for fault in axe.run(page, options=options).response["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    return run


@pytest.fixture(scope="session")
def handles():
    """What of a live figure takes the focus, and what can be dragged: the best there is, in this order."""

    def find(figure, *kinds):
        return next((figure.locator(kind).first for kind in kinds if figure.locator(kind).count()), None)

    def of(figure):
        sliders = "input[type=range]:not([disabled])"
        return (
            find(figure, "canvas[tabindex]", sliders, ".dlm-unit"),
            find(figure, "canvas[tabindex]:not(.dlm-game)", "svg", sliders),  # a game is watched, not dragged
        )

    return of


@pytest.fixture(scope="module")
def write_page(serve, tmp_path_factory):
    """Write a page with figures and return its address."""
    folder = tmp_path_factory.mktemp("figures")
    address = serve(folder)

    def write(figures, main=""):
        text = FIGURES_PAGE.format(main=main, figures="\n".join(figure.html() for figure in figures))
        name = f"{hashlib.sha256(text.encode()).hexdigest()[:12]}.html"
        (folder / name).write_text(text, encoding="utf-8")
        return f"{address}/{name}"

    return write


@pytest.fixture(scope="module")
def module_page(chromium, serve):
    """A page of the repository, for importing the figures' modules."""
    page = chromium.new_page()
    page.route(
        "**/runner.html", lambda route: route.fulfill(body="<!doctype html>", content_type="text/html")
    )
    page.goto(f"{serve(ROOT)}/runner.html")
    yield page
    page.close()


@pytest.fixture(scope="module")
def idle_pages(chromium):
    """Pages that a test has left, by what was asked of them: a new one costs more than all that a figure does on it."""
    idle = collections.defaultdict(list)
    yield idle
    for page in itertools.chain(*idle.values()):
        page.context.close()


def leave(page):
    """Make a page as if nothing had happened on it; what goes wrong on leaving counts too."""
    for popup in page.context.pages:
        if popup is not page:
            popup.close()
    page.goto("about:blank")
    page.mouse.move(0, 0)
    page.context.clear_permissions()
    if page.viewport_size != page.first_size:
        page.set_viewport_size(page.first_size)


@pytest.fixture
def show(chromium, idle_pages, write_page):
    """Put figures on a page: show(figure, ..., main="reveal", dark=..., phone=..., still=...)."""
    used = []

    def make(*figures, main="", suffix="", **options):
        kind = tuple(sorted(options.items()))
        page = idle_pages[kind].pop() if idle_pages[kind] else open_page(chromium, **options)
        used.append((kind, page))
        page.goto(write_page(figures, main) + suffix)
        page.wait_for_selector("[data-mounted] .dlm-body")
        return page

    yield make
    found = []
    for kind, page in used:
        leave(page)
        found += page.problems
        page.problems.clear()
        idle_pages[kind].append(page)
    assert not found, "\n".join(dict.fromkeys(found))
