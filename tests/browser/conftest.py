"""A Chromium that reaches nothing but this machine, and the built book served to it.

Every page made by the fixtures records what went wrong (an outside request, a failed request, an
error in the console); at the end of the test that list must be empty.
"""

from __future__ import annotations

import functools
import hashlib
import http.server
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


@pytest.fixture
def new_page(chromium):
    """Make pages: new_page(dark=..., phone=..., still=..., width=..., height=...).

    Each page has a list `problems`; the test fails at its end when one of them is not empty.
    """
    opened = []

    def make(*, dark=False, phone=False, still=False, width=1280, height=720, scale=1):
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
        page.problems = problems
        opened.append((context, problems))
        return page

    yield make
    found = []
    for context, problems in opened:
        context.close()
        found += problems
    assert not found, "\n".join(dict.fromkeys(found))


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


# Formulas and coloured code are thousands of elements of a few kinds: a few of each kind stand for
# all, and axe-core needs seconds instead of a minute. Only after this is a page of no more use.
THIN = """() => {
  for (const formula of [...document.querySelectorAll("mjx-container")].slice(3)) formula.replaceChildren("formula");
  const seen = {};
  for (const token of document.querySelectorAll(".highlight pre span")) {
    seen[token.className] = (seen[token.className] ?? 0) + 1;
    if (seen[token.className] > 3 && !token.children.length) token.replaceWith(token.textContent);
  }
  document.querySelectorAll(".highlight pre").forEach((code) => code.normalize());
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


@pytest.fixture
def show(new_page, write_page):
    """Put figures on a page: show(figure, ..., main="reveal", dark=..., phone=..., still=...)."""

    def make(*figures, main="", suffix="", **options):
        page = new_page(**options)
        page.goto(write_page(figures, main) + suffix)
        page.wait_for_selector("[data-mounted] .dlm-body")
        return page

    return make
