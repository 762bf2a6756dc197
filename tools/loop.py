#!/usr/bin/env python3
"""Record the moving picture of the landing page and of README from the built book.

    make book
    .venv/bin/python tools/loop.py           all scenes
    .venv/bin/python tools/loop.py FOLDER    the same, and every picture as a file in FOLDER, to look at

A browser opens four lectures, uses a figure of each as a reader would, and takes pictures. What one sees is
what the page did; only the pointer and the line below are added. It writes `book/static/figures.webp`, and
`book/static/figures-still.webp` for readers who want nothing to move: the end of each scene. Needs Chromium.
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
SITE, MOVING = ROOT / "_build/html", ROOT / "book/static/figures.webp"
STILL = MOVING.with_name("figures-still.webp")
WIDTH, HEIGHT, CAPTION = 720, 512, 52  # pixels; the caption is part of the height
PAUSE, HOLD = 200, 1800  # milliseconds: between two pictures, and at the end of a scene
LARGEST = {MOVING: 600_000, STILL: 80_000}  # bytes

# The page without its frame; a pointer, which screenshots leave out; and a line that says what happens.
STAGE = """
for (const part of document.querySelectorAll(".bd-header-article, .skip-link, #pst-skip-link, #pst-back-to-top")) part.remove();
const add = (style, inside = "") => {
  const part = document.body.appendChild(document.createElement("div"));
  part.style.cssText = "position: fixed; pointer-events: none; z-index: 9999; " + style;
  part.innerHTML = inside;
  return part;
};
const ring = add("width: 36px; height: 36px; margin: -18px; border-radius: 50%; background: #0b6e6e; opacity: 0");
const arrow = add("left: -50px", '<svg width="26" height="34" viewBox="0 0 26 34"><path d="M2 2v24l6-5 4 10 5-2-4-10h8z" '
  + 'fill="#20262e" stroke="#fff" stroke-width="2"/></svg>');
window.caption = add(`left: 0; right: 0; bottom: 0; height: ${HEIGHT}px; background: #0b6e6e; color: #fff; padding: 0 20px;
  font: 600 23px/${HEIGHT}px "Course Sans", sans-serif; white-space: nowrap`);
caption.textContent = WORDS;
const follow = (e) => { for (const part of [arrow, ring]) { part.style.left = e.clientX + "px"; part.style.top = e.clientY + "px"; } };
addEventListener("pointermove", follow, true);
addEventListener("pointerdown", (e) => { follow(e); ring.style.opacity = 0.35; }, true);
addEventListener("pointerup", () => { ring.style.opacity = 0; }, true);
"""


class Film:
    """Pictures of a page, and a pointer that takes its time.

    Parameters
    ----------
    page : playwright Page
        Where the scenes are played.
    address : str
        Where the built book is served.
    """

    def __init__(self, page, address):
        self.page, self.address = page, address
        self.pictures, self.times, self.ends, self.at = [], [], [], (0, 0)

    def open(self, lecture, name, words, top=".dlm-body"):
        """Open a lecture with one figure in view, from its part `top` on."""
        self.page.goto(f"{self.address}/notebooks/{lecture}.html")
        self.figure = self.page.locator(f'[data-dlm^="{name}-"][data-mounted]').first
        self.figure.wait_for()
        self.page.evaluate("MathJax.startup.promise.then(() => document.fonts.ready).then(() => true)")
        self.page.evaluate(f"(() => {{ const HEIGHT = {CAPTION}, WORDS = {words!r}; {STAGE} }})()")
        part = self.figure.locator(top).first
        part.evaluate("e => window.scrollBy({top: e.getBoundingClientRect().top - 14, behavior: 'instant'})")
        self.at = (WIDTH * 0.62, HEIGHT * 0.7)
        self.page.mouse.move(*self.at)
        self.wait(3)

    def place(self, part, x=0.5, y=0.5):
        """A place of a part on the screen; x and y from 0 to 1, from its upper left corner."""
        box = part.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def wait(self, number, time=PAUSE):
        """Take pictures, one after each pause."""
        from PIL import Image

        for _ in range(number):
            self.page.wait_for_timeout(PAUSE)
            picture = Image.open(io.BytesIO(self.page.screenshot())).convert("RGB")
            if self.pictures and picture == self.pictures[-1]:
                self.times[-1] += time
            else:
                self.pictures.append(picture)
                self.times.append(time)

    def glide(self, place, number=4):
        """Move the pointer, first faster, then slower."""
        start = self.at
        for k in range(1, number + 1):
            share = 1 - (1 - k / number) ** 2
            self.at = tuple(a + share * (b - a) for a, b in zip(start, place, strict=True))
            self.page.mouse.move(*self.at)
            self.wait(1)

    def press(self, name):
        """Go to a button and press it."""
        self.glide(self.place(self.figure.get_by_role("button", name=name, exact=True)))
        self.page.mouse.down()
        self.wait(1)
        self.page.mouse.up()

    def end(self):
        """Hold the last picture, and keep it for the still."""
        self.wait(1)
        self.times[-1] += HOLD
        self.ends.append(self.pictures[-1])


def digit(film):
    """A hand draws a three; the network says what it reads."""
    film.open("06_cnns", "draw_digit", "Draw a digit: a network with kernels reads along", ".dlm-main")
    paper = film.figure.locator(".dlm-paper")
    stroke = [(0.30, 0.24), (0.45, 0.14), (0.62, 0.18), (0.66, 0.32), (0.56, 0.43), (0.44, 0.47), (0.60, 0.52),
              (0.70, 0.64), (0.66, 0.80), (0.50, 0.88), (0.32, 0.82)]  # fmt: skip
    film.glide(film.place(paper, *stroke[0]), 3)
    film.page.mouse.down()
    for x, y in stroke[1:]:
        film.at = film.place(paper, x, y)
        film.page.mouse.move(*film.at, steps=6)
        film.wait(1)
    film.page.mouse.up()
    film.end()


def rings(film):
    """A network of two hidden layers fences the blue circles in."""
    film.open("02_backprop", "playground", "Run: six hidden units learn to fence the blue in", ".dlm-run")
    film.press("Run")
    film.wait(10)
    film.end()


def translate(film):
    """A pointer walks along the German letters; the map shows where the network looks."""
    film.open("12_attention", "translate_numbers", "Point at a German letter: where did it look?")
    film.press("7345")
    film.wait(2)
    looks = film.figure.locator(".dlm-looks")
    film.glide(film.place(looks, 0.14, 0.5), 3)
    for k in range(1, 12):
        film.at = film.place(looks, 0.14 + 0.075 * k, 0.5)
        film.page.mouse.move(*film.at)
        film.wait(1)
    film.end()


def forger(film):
    """A forger and a judge play until all eight islands are covered."""
    film.open("16_gans", "gan_playground", "Run: a forger and a judge chase eight islands", ".dlm-run")
    film.press("Run")
    film.wait(14)
    film.end()


def pack(pictures, times, quality):
    """One WebP file of some pictures; each lasts so many milliseconds."""
    content = io.BytesIO()
    first, *others = pictures
    more = {"save_all": True, "append_images": others, "duration": times, "loop": 0, "minimize_size": True} if others else {}
    first.save(content, "WEBP", quality=quality, method=6, **more)
    return content.getvalue()


def store(files):
    """Write files, given as (content, number of pictures) by their paths; none if one is too heavy for a page."""
    from course_utils._writing import written_whole

    for path, (content, _) in files.items():
        if len(content) > LARGEST[path]:
            raise SystemExit(f"{path.name} would have {len(content):,} bytes, {LARGEST[path]:,} are allowed")
    for path, (content, number) in files.items():
        with written_whole(path, durable=True) as file:
            file.write(content)
        print(f"{path.relative_to(ROOT)}: {number} pictures, {len(content) / 1000:.0f} kB")


def main(folder=None):
    """Play all scenes and store both files."""
    if not (SITE / "index.html").is_file():
        raise SystemExit("there is no built book: make book")
    from PIL import Image
    from playwright.sync_api import sync_playwright

    from tests.browser.conftest import Quiet, find_chromium

    handler = functools.partial(Quiet, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, sync_playwright() as play:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        browser = play.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        film = Film(page, f"http://127.0.0.1:{server.server_port}")
        for scene in (digit, rings, translate, forger):
            scene(film)
        browser.close()
        server.shutdown()
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for k, picture in enumerate(film.pictures):
            picture.save(Path(folder) / f"{k:03d}.png")
    sheet = Image.new("RGB", (2 * WIDTH, 2 * HEIGHT))
    for k, picture in enumerate(film.ends):
        sheet.paste(picture, (k % 2 * WIDTH, k // 2 * HEIGHT))
    still = pack([sheet.resize((WIDTH, HEIGHT), Image.LANCZOS)], [], 75)
    store({MOVING: (pack(film.pictures, film.times, 55), len(film.pictures)), STILL: (still, 1)})


if __name__ == "__main__":
    main(*sys.argv[1:2])
