#!/usr/bin/env python3
"""Record the moving picture of README and landing page from the built book.

    make book && .venv/bin/python tools/loop.py

A browser opens four pages, uses one figure on each as a reader would, and takes pictures. What one sees is what
the page does: nothing is drawn here. Needs Chromium, as the tests of the pages do.
"""

from __future__ import annotations

import functools
import http.server
import io
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
SITE, PICTURE = ROOT / "_build/html", ROOT / "book/static/figures.webp"
WIDTH, HEIGHT, PER_SECOND, LARGEST = 720, 440, 5, 1_000_000  # pixels, pictures, bytes


def playground(page, figure, k):
    """A network learns two spirals or rings."""
    if k == 2:
        figure.get_by_role("button", name="Run", exact=True).click()


def gan(page, figure, k):
    """A generator finds eight islands."""
    if k == 2:
        figure.get_by_role("button", name="Run", exact=True).click()


def grid(page, figure, k):
    """Values flow back from the prize, sweep by sweep."""
    if 2 <= k <= 10:
        figure.get_by_role("button", name="One sweep", exact=True).click()


def moments(page, figure, k):
    """A pointer crosses the map of Pong's moments."""
    box = figure.locator("svg, canvas").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] * (0.3 + 0.025 * k), box["y"] + box["height"] * (0.35 + 0.02 * k))


SCENES = (
    ("02_backprop", "playground", playground), ("16_gans", "gan_playground", gan),
    ("17_dqn", "grid_world", grid), ("17_dqn", "picture_map", moments),
)  # fmt: skip
PICTURES = 17  # of each scene


def record(page, address):
    """Pictures of all scenes, one after the other."""
    from PIL import Image

    pictures = []
    for lecture, name, act in SCENES:
        page.goto(f"{address}/notebooks/{lecture}.html")
        figure = page.locator(f'[data-dlm^="{name}-"]').first
        figure.scroll_into_view_if_needed()
        figure.locator("button").first.wait_for()
        page.evaluate("element => window.scrollTo(0, element.getBoundingClientRect().top + window.scrollY - 20)", figure.element_handle())
        for k in range(PICTURES):
            act(page, figure, k)
            page.wait_for_timeout(1000 / PER_SECOND)
            box = figure.bounding_box()
            shot = page.screenshot(clip={"x": box["x"], "y": max(box["y"], 0), "width": box["width"], "height": box["width"] * HEIGHT / WIDTH})
            pictures.append(Image.open(io.BytesIO(shot)).convert("RGB").resize((WIDTH, HEIGHT), Image.LANCZOS))
    return pictures


def main():
    """Record and store."""
    if not (SITE / "index.html").is_file():
        raise SystemExit("there is no built book: make book")
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import find_chromium

    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as play:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = play.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        pictures = record(page, f"http://127.0.0.1:{server.server_port}")
        browser.close()
        server.shutdown()
    content = io.BytesIO()
    pictures[0].save(
        content, "WEBP", save_all=True, append_images=pictures[1:], duration=1000 // PER_SECOND, loop=0, quality=60, method=6
    )
    if content.tell() > LARGEST:
        raise SystemExit(f"the picture would have {content.tell():,} bytes, {LARGEST:,} are allowed")
    PICTURE.write_bytes(content.getvalue())
    print(f"{PICTURE.relative_to(ROOT)}: {len(pictures)} pictures, {content.tell() / 1000:.0f} kB")


if __name__ == "__main__":
    main()
