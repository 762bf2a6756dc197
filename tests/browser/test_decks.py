"""Decks in Chromium with the network off: every slide fits, speaks, prints and answers.

Opening a deck costs seconds. So each is opened three times for all tests: on the screen, on a phone, in its
print view; what touches a page comes after what only looks. What is the same code in every deck (the speaker
view, what an address asks for) is tested on the decks that are hardest for it.
"""

import re
import runpy
from pathlib import Path

import pytest

from tests.browser.conftest import opener

ROOT = Path(__file__).resolve().parents[2]
LECTURES = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))]

# Runs through the deck and returns one line for each thing that is cut, too small or overlapping.
FAULTS = """async () => {
  const faults = [], tolerance = 1.5;
  const paint = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const name = (e) => `${e.tagName.toLowerCase()}.${e.className?.baseVal ?? e.className} "${(e.alt ?? e.textContent).trim().slice(0, 40)}"`;
  const slides = Reveal.getSlides();
  for (const [index, slide] of slides.entries()) {
    Reveal.slide(index, 0, 99);
    await paint();
    const say = (fault, e) => faults.push(`slide ${index + 1}: ${fault}: ${name(e)}`);
    const frame = slide.querySelector(".deck-slide"), outer = frame.getBoundingClientRect();
    if (Math.abs(outer.width - 1280) > 1 || Math.abs(outer.height - 720) > 1) say("the slide is not 1280 x 720", frame);
    const body = frame.querySelector(".deck-body"), room = (body ?? frame).getBoundingClientRect();
    for (const e of body?.querySelectorAll("*") ?? []) {
      if (e.closest(".MathJax, mjx-container") && e.tagName !== "MJX-CONTAINER") continue;
      if (e.closest("script, style, svg, .dlm") && !e.matches(".dlm")) continue;
      const box = e.getBoundingClientRect();
      if (!box.width || !box.height) continue;
      if (box.bottom > room.bottom + tolerance) say(`${Math.round(box.bottom - room.bottom)} px below the body`, e);
      if (box.right > room.right + tolerance) say(`${Math.round(box.right - room.right)} px right of the body`, e);
      if (box.left < room.left - tolerance || box.top < room.top - tolerance) say("left of or above the body", e);
      if (e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflow !== "visible") say("cut at the right", e);
      if (e.scrollHeight > e.clientHeight + 1 && getComputedStyle(e).overflow !== "visible") say("cut at the bottom", e);
    }
    const groups = [...(body?.children ?? [])].map((e) => [e, e.getBoundingClientRect()]);
    for (const [a, p] of groups) for (const [b, q] of groups)
      if (a !== b && p.left < q.right - 1 && q.left < p.right - 1 && p.top < q.bottom - 1 && q.top < p.bottom - 1) say("overlaps", a);
    const inside = [...(body?.querySelectorAll(".deck-words > *, .deck-claims > *") ?? [])];
    for (const e of inside) if (e.getBoundingClientRect().bottom > e.parentElement.getBoundingClientRect().bottom + tolerance) say("words leave their column", e);
    for (const image of slide.querySelectorAll("img")) {
      const box = image.getBoundingClientRect(), scale = Math.min(box.width / image.naturalWidth, box.height / image.naturalHeight);
      if (!image.naturalWidth) say("the picture does not load", image);
      else if (image.naturalWidth * scale < 380 && image.naturalHeight * scale < 380) say("the picture is small", image);
    }
    for (const live of slide.querySelectorAll("[data-dlm]"))
      if (live.getBoundingClientRect().height < 0.6 * live.offsetHeight) say("the live figure is small", live);
    for (const e of body?.querySelectorAll("p, li, pre, td, th") ?? [])
      if (!e.closest(".dlm") && parseFloat(getComputedStyle(e).fontSize) < 15) say("type under 15 px", e);
    if (slide.scrollHeight > 721 || slide.scrollWidth > 1281) say("the section scrolls", slide);
  }
  return faults;
}"""


def open_deck(page, address):
    page.goto(address)
    page.wait_for_function("window.Reveal && Reveal.isReady() && window.MathJax?.startup?.promise")
    page.evaluate("MathJax.startup.promise.then(() => document.fonts.ready).then(() => true)")
    return page


@pytest.fixture(scope="module", params=LECTURES)
def deck(request, html_folder):
    """Path of a lecture's deck in the built book."""
    path = html_folder / "slides" / f"{request.param}.html"
    if not path.is_file():
        pytest.fail(f"no deck {path}: run 'make slides'")
    return path


@pytest.fixture(scope="module")
def deck_address(deck, site):
    return f"{site}/slides/{deck.name}"


@pytest.fixture(scope="module")
def shown(chromium, deck_address):
    """A deck on the screen, opened once, and what it loaded."""
    with opener(chromium) as make:
        page = make()
        page.loaded = []
        page.on("response", lambda response: page.loaded.append(response))
        yield open_deck(page, deck_address)


@pytest.fixture(scope="module")
def phone(chromium, deck_address):
    """A deck on a phone whose system prefers dark."""
    with opener(chromium) as make:
        yield open_deck(make(phone=True, dark=True), deck_address)


@pytest.fixture(scope="module")
def printed(chromium, deck_address):
    """A deck in its print view: all slides on one page, light on every system."""
    with opener(chromium) as make:
        page = open_deck(make(dark=True), f"{deck_address}?print-pdf")
        page.wait_for_selector(".pdf-page")
        yield page


@pytest.fixture(scope="session")
def hard_deck(tmp_path_factory, html_folder):
    """A deck made to be hard: full slides, long code, wide tables, two figures, steps."""
    make = runpy.run_path(str(ROOT / "tests/book/test_decks.py"))
    from nbformat import v4, write

    from course_utils.publishing import decks

    words, code, figure, claim = make["words"], make["code"], make["figure"], make["claim"]
    long_code = "\n".join(f"weights_{i} = perceptron_step(weights, x_train[{i}], y_train[{i}])" for i in range(22))
    table = "| inputs | functions | separable | share |\n|---|---|---|---|\n" + "| 4 | 65,536 | 1,882 | 2.9 % |\n" * 6
    bullets = "\n".join(f"- A point number {i} with some words to read in it, **bold** and $W_{i} > 0$" for i in range(6))
    cells = [
        v4.new_markdown_cell("# A hard lecture with a long name: does everything fit on its slides?"),
        words(f"## A full slide whose title is so long that it has to be broken into two lines of type\n\n{bullets}"),
        words("## Long code"), code(long_code, tags=["show-code"]),
        words(f"## A table\n\n{table}"),
        words("## Words beside a tall picture\n\n- one point\n- another one"), code("f()", [figure(500, 600), claim()]),
        words("## Words above a wide picture\n\n- one point\n- another one"), code("f()", [figure(1400, 400), claim(), claim()]),
        words("## Two pictures"), code("f()", [figure(600, 400)]), code("f()", [figure(600, 400)]),
        words("## A formula\n\nIn words first.\n\n$$\\hat y = \\begin{cases} +1 & W_0 I_0 + W_1 I_1 - t > 0 \\\\ -1 & \\text{else}\\end{cases} \\tag{1.1}$$"),
        words("- a step", mark="fragment"), words("- and another", mark="fragment"),
        words("What would you change?\n\n<!-- notes: Wait for *three* answers. -->"),
        words("## Code beside a picture"), code("weights = step(weights)", tags=["show-code"]), code("f()", [figure(600, 500)]),
    ]  # fmt: skip
    folder = tmp_path_factory.mktemp("decks")
    write(v4.new_notebook(cells=cells), folder / "99_hard.ipynb")
    libraries = html_folder / "_static/vendor"  # the built book's own
    count = decks.build(folder / "99_hard.ipynb", folder / "slides/99_hard.html", libraries)
    return folder / "slides/99_hard.html", count


def test_every_slide_of_a_hard_deck_fits_and_the_measure_sees_what_does_not(page, hard_deck):
    """Break the deck three ways: a test that still passes is no test."""
    open_deck(page, hard_deck[0].as_uri())
    assert page.evaluate(FAULTS) == []
    page.add_style_tag(content=".deck-words { font-size: 60px !important } .highlight pre { font-size: 30px !important }"
                               " .deck-show img { height: 130% !important }")  # fmt: skip
    faults = "\n".join(page.evaluate(FAULTS))
    assert "px below the body" in faults
    assert "cut at the" in faults
    assert re.search(r"below the body: img", faults)


def theme(page):
    """Light or dark: what the page says of itself, and what is seen."""
    said = page.evaluate("document.documentElement.dataset.theme")
    ground = sum(map(int, re.findall(r"\d+", page.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]))
    assert ground < 150 if said == "dark" else ground > 600
    return said


@pytest.mark.parametrize("asked", ["light", "dark"])
def test_an_address_asks_for_light_or_dark(new_page, hard_deck, asked):
    page = new_page(dark=asked == "light")
    for query in (f"?{asked}", f"?print-pdf&{asked}"):
        page.goto(hard_deck[0].as_uri() + query)
        assert theme(page) == asked, query


def drag_something(page, canvas, state):
    """Drag from one place of the canvas after the other, until one of them answers."""
    before, box = state(), canvas.bounding_box()
    grid = [(i / 16, j / 16) for i in range(1, 16) for j in range(1, 16)]
    for across, down in sorted(grid, key=lambda at: max(abs(at[0] - 0.5), abs(at[1] - 0.5))):
        x, y = box["x"] + across * box["width"], box["y"] + down * box["height"]
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 20, y - 12, steps=2)
        page.mouse.up()
        if state() != before:
            return True
    return False


def test_a_deck_opens_dark_on_a_dark_system(phone):
    assert theme(phone) == "dark"


def test_on_a_phone_the_slides_stand_below_each_other(phone):
    phone.wait_for_selector(".scroll-page")
    boxes = phone.evaluate("""[...document.querySelectorAll(".deck-slide")].map((slide) => {
        const box = slide.getBoundingClientRect();
        return [box.left, box.right, box.top, box.bottom];
    })""")
    assert len(boxes) >= 20
    assert all(left >= -1 and right <= 391 for left, right, _, _ in boxes)
    assert all(above[3] <= below[2] + 1 for above, below in zip(boxes, boxes[1:], strict=False))
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_deck_is_light(shown, deck):
    requests = list(shown.loaded)
    size = sum(len(r.body()) for r in requests)
    print(f"{deck.name}: {deck.stat().st_size / 1e3:.0f} kB HTML, {size / 1e6:.2f} MB in {len(requests)} requests")
    assert len(requests) <= 25
    assert size < 4e6


def test_a_lecture_has_20_to_35_slides_with_notes(shown):
    notes = shown.evaluate("Reveal.getSlides().map(s => s.querySelector('aside.notes')?.textContent.trim() ?? '')")
    assert 20 <= len(notes) <= 35
    bare = [number for number, note in enumerate(notes, 1) if not note]
    assert not bare, f"slides without speaker notes: {bare}"
    text = shown.evaluate("[...document.querySelectorAll('.deck-slide')].map(s => s.innerText).join('\\n')")
    assert "notes:" not in text


def test_formulas_are_typeset(shown):
    assert shown.evaluate("document.querySelectorAll('mjx-container').length") > 0
    left = shown.evaluate("""[...document.querySelectorAll('.deck-body > .deck-words, .deck-slide h2')]
        .filter(e => /\\$[^$]+\\$/.test([...e.querySelectorAll('pre, code')].reduce((t, c) => t.replace(c.textContent, ''), e.textContent)))
        .map(e => e.textContent.trim())""")
    assert left == []
    assert shown.locator("mjx-merror").count() == 0


def test_every_slide_fits(shown):
    assert shown.evaluate(FAULTS) == []


def test_light_and_dark_follow_the_system(shown):
    assert theme(shown) == "light"
    for system in ("dark", "light"):
        shown.emulate_media(color_scheme=system)
        shown.wait_for_function("t => document.documentElement.dataset.theme === t", arg=system)
        assert theme(shown) == system


def test_live_figures_answer_and_leave_the_slide_alone(shown, handles):
    page = shown
    page.evaluate("Reveal.slide(0)")
    numbers = page.evaluate(
        "Reveal.getSlides().flatMap((s, i) => s.querySelector('[data-dlm]') ? [i] : [])"
    )
    if not numbers:
        pytest.skip("this lecture's deck has no live figure")
    for number in numbers:
        page.evaluate("n => Reveal.slide(n, 0, 99)", number)
        figure = page.locator("section.present [data-dlm][data-mounted]").first
        figure.wait_for()
        focusable, draggable = handles(figure)

        def state(figure=figure):
            pictures = figure.evaluate("f => [...f.querySelectorAll('canvas')].map((c) => c.toDataURL()).join()")
            values = figure.evaluate("f => [...f.querySelectorAll('input, select')].map((e) => e.value + e.checked).join()")
            return pictures + values + figure.inner_text()

        def here():
            return page.evaluate("Reveal.getIndices().h")

        changed = False  # click its buttons
        for button in figure.locator("button:not([disabled])").all()[:4]:
            before = state()
            button.click()
            page.wait_for_timeout(30)
            changed = changed or state() != before
        assert changed, "no button changes anything"
        assert here() == number, "a click on the figure changed the slide"
        if draggable:
            assert drag_something(page, draggable, state), "a drag changes nothing"
        focusable.focus()
        before, changed = state(), False
        letters = ["n"] if focusable.evaluate("e => e.localName") == "canvas" else []  # on a button, n turns the slide
        for key in (*letters, "Space", "ArrowRight", "ArrowRight", "Space"):
            page.keyboard.press(key)
            page.wait_for_timeout(30)
            changed = changed or state() != before
        assert here() == number, "a key meant for the figure changed the slide"
        assert changed, "keys change nothing"
    page.locator("body").click(position={"x": 5, "y": 5})
    page.evaluate("document.activeElement.blur(); Reveal.slide(0)")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("Reveal.getIndices().h") == 1, "arrow keys turn slides elsewhere"
    page.goto("about:blank")  # a figure that still runs would slow the tests that follow


def most(pattern, html_folder):
    """The deck that holds the most of something."""
    counts = {path: len(re.findall(pattern, path.read_text(encoding="utf-8"))) for path in (html_folder / "slides").glob("*.html")}
    return max(sorted(counts), key=counts.get)


@pytest.mark.parametrize("whence", ["from a file", "from a server"])
def test_speaker_view_shows_the_note_and_follows(page, html_folder, site, whence):
    """In the deck with the most live figures, and in the one with the most slides."""
    if whence == "from a file":
        open_deck(page, most('data-dlm="', html_folder).as_uri())
    else:
        open_deck(page, f"{site}/slides/{most('<section', html_folder).name}")
    page.evaluate("Reveal.slide(1)")
    note = page.evaluate("Reveal.getCurrentSlide().querySelector('aside.notes').textContent.trim()")
    with page.expect_popup() as popup:
        page.keyboard.press("s")
    view = popup.value
    view.wait_for_function("document.querySelector('.speaker-controls-notes .value')?.textContent.trim()")
    assert view.locator(".speaker-controls-notes .value").inner_text().split() == note.split()
    view.wait_for_function("document.querySelectorAll('iframe').length === 2")
    page.evaluate("Reveal.slide(2)")  # the view follows
    after = page.evaluate("Reveal.getCurrentSlide().querySelector('aside.notes').textContent.trim()")
    view.wait_for_function("(t) => document.querySelector('.speaker-controls-notes .value').textContent.trim().startsWith(t)", arg=after[:20])


def test_prints_one_page_for_each_slide(printed):
    slides = printed.locator(".deck-slide").count()
    printed.wait_for_function("n => document.querySelectorAll('.pdf-page').length === n", arg=slides)
    pdf = printed.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == slides
    width, height = map(float, re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert width / height == pytest.approx(1280 / 720, rel=0.01)


def test_no_serious_accessibility_fault(printed, axe_faults):
    """In the print view all slides stand on one page, so that one look sees all of them."""
    assert theme(printed) == "light"
    assert axe_faults(printed) == []


def test_no_serious_accessibility_fault_in_the_dark(printed, axe_faults):
    printed.evaluate("document.documentElement.dataset.theme = 'dark'")
    printed.wait_for_function("!document.querySelector('[data-dlm][data-mounted]:not([data-scheme=dark])')")
    assert theme(printed) == "dark"
    assert axe_faults(printed, ["color-contrast", "link-in-text-block"]) == []  # the rest has no colour
