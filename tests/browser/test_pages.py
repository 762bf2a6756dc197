"""The book's pages in Chromium with the network off: light, dark, phone, search, live figures.

Opening a lecture with its formulas costs seconds. So each is opened twice for all tests of its page: on a desk,
light and without motion at first, and on a phone, dark and with motion. These tests stand in an order: those that
only look come first, then axe-core, which thins out what repeats itself, then those that touch, and last the one
that leaves the page.
"""

import re
from pathlib import Path

import nbformat
import pytest

from tests.browser.conftest import opener

ROOT = Path(__file__).resolve().parents[2]
LECTURES = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))]
READY = "document.readyState === 'complete' && (!window.MathJax || !!MathJax.startup?.promise)"


def visit(page, address):
    page.goto(address)
    page.wait_for_function(READY)
    page.evaluate("Promise.all([window.MathJax?.startup?.promise, document.fonts.ready]).then(() => true)")
    return page


def turn(page, scheme):
    """Let the system prefer light or dark, and wait until the page and its figures have followed."""
    page.emulate_media(color_scheme=scheme)
    page.wait_for_function("scheme => document.documentElement.dataset.theme === scheme", arg=scheme)
    page.wait_for_function(
        """scheme => !document.getAnimations().some((a) => a.playState === "running" && a instanceof CSSTransition)
          && [...document.querySelectorAll("[data-dlm][data-mounted]")].every((f) => f.dataset.scheme === scheme)""",
        arg=scheme,
    )


@pytest.fixture(scope="session")
def pages(html_folder):
    """Every page of the book by its address in it; decks have tests of their own."""
    names = [path.relative_to(html_folder).as_posix() for path in sorted(html_folder.rglob("*.html"))]
    return [name for name in names if not name.startswith(("slides/", "_static/"))]


@pytest.fixture(scope="session")
def others(pages):
    """Pages that are not lectures."""
    return [name for name in pages if not name.startswith("notebooks/")]


@pytest.fixture(scope="module", params=LECTURES)
def lecture(request, site, html_folder):
    """Name and address of a lecture's page."""
    name = f"notebooks/{request.param}.ipynb"
    if (html_folder / name).read_bytes() != (ROOT / name).read_bytes():
        pytest.fail(f"the built book is older than {name}: run 'make book'")
    return request.param, f"{site}/notebooks/{request.param}.html"


@pytest.fixture(scope="module")
def desk(chromium, lecture):
    """A lecture's page on a system that is light and wants no motion, opened once for all tests that look at it."""
    with opener(chromium) as make:
        yield visit(make(still=True), lecture[1])


@pytest.fixture
def light(desk):
    """The same page, where motion is wanted."""
    desk.emulate_media(reduced_motion="no-preference")
    return desk


@pytest.fixture
def dark(desk):
    """The same page while the system prefers dark."""
    turn(desk, "dark")
    yield desk
    turn(desk, "light")


@pytest.fixture(scope="module")
def phone(chromium, lecture):
    """The page on a phone whose system prefers dark."""
    with opener(chromium) as make:
        yield visit(make(phone=True, dark=True), lecture[1])


def stored_alts(name):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    return [
        output.metadata["image/png"]["alt"]
        for cell in notebook.cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


NO_COLOUR_ALONE = ["color-contrast", "link-in-text-block"]  # what a dark page can get wrong and a light one right


SCHEMES = "[...new Set([...document.querySelectorAll('[data-dlm]')].map((f) => f.dataset.scheme))]"


def bright_parts(page):
    """What stays bright on a dark page."""
    return page.evaluate("""() => {
      const bright = (e) => {
        const c = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
        return (c.length < 4 || c[3] > 0.5) && 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] > 140;
      };
      return [...document.querySelectorAll("body, main, article, article pre, article .cell, .dlm, .dlm-claim, .cell_output .text_html")]
        .filter(bright).slice(0, 5).map((e) => `${e.tagName}.${e.className}`);
    }""")


def wider_than_a_phone(page):
    """What makes a page scroll sideways, and formulas that are cut at the left."""
    wide = page.evaluate("""() => {
      const room = document.documentElement.clientWidth;
      if (document.documentElement.scrollWidth <= room && document.body.scrollWidth <= room) return [];
      return [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > room + 1)
        .slice(0, 3).map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)} of ${room} px`);
    }""")
    lost = page.evaluate("""() => [...document.querySelectorAll("div.math")].filter((box) => {
      box.scrollLeft = 0;  // a wide formula is read from its first sign; nothing lies left of where one can scroll
      return box.querySelector("mjx-math").getBoundingClientRect().left < box.getBoundingClientRect().left - 1;
    }).map((box) => `formula ${box.textContent.slice(0, 40)} is cut at the left`)""")
    return wide + lost


# --- pages that are not lectures


def test_other_pages_open_cleanly_and_have_no_serious_accessibility_fault(new_page, site, others, axe_faults):
    page = new_page(still=True)
    faults = []
    for name in others:
        visit(page, f"{site}/{name}")
        assert page.evaluate("document.documentElement.dataset.theme") == "light", name
        faults += [f"{name}: {fault}" for fault in axe_faults(page)]
        turn(page, "dark")
        faults += [f"{name}, dark: {fault}" for fault in axe_faults(page, NO_COLOUR_ALONE)]
        turn(page, "light")
    assert not faults, "\n".join(faults)


def test_no_other_page_is_bright_in_the_dark_or_scrolls_sideways_on_a_phone(new_page, site, others):
    page = new_page(phone=True, dark=True)
    faults = []
    for name in others:
        visit(page, f"{site}/{name}")
        assert page.evaluate("document.documentElement.dataset.theme") == "dark", name
        faults += [f"{name}: {fault}" for fault in wider_than_a_phone(page) + bright_parts(page)]
    assert not faults, "\n".join(faults)


def test_every_page_is_a_lecture_or_another(pages, others):
    assert set(pages) == set(others) | {f"notebooks/{name}.html" for name in LECTURES}


def test_a_page_opened_from_the_disk_works_too(page, html_folder):
    visit(page, (html_folder / "index.html").as_uri())
    for name in LECTURES[:1]:
        visit(page, (html_folder / f"notebooks/{name}.html").as_uri())
        assert page.locator("mjx-container").count() > 0
        page.wait_for_selector("[data-dlm][data-mounted]")


def test_the_reader_can_switch_the_theme(page, site):
    visit(page, f"{site}/index.html")
    grounds = set()
    for _ in range(3):
        page.locator(".theme-switch-button:visible").first.click()
        grounds.add(page.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(grounds) == 2


def test_search_works_without_a_network(page, site):
    visit(page, f"{site}/search.html")
    page.locator("input[name=q]:visible").first.fill("perceptron")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=perceptron*")
    result = page.locator("#search-results ul.search li a").first
    result.wait_for()
    result.click()
    page.wait_for_function("document.querySelector('article')?.textContent.toLowerCase().includes('perceptron')")


# --- lectures: each page opened once; the order matters, see above


def test_formulas_are_typeset(desk):
    assert desk.locator("mjx-container").count() > 10
    assert desk.locator("mjx-merror").count() == 0
    raw = desk.evaluate("""() => {
      const copy = document.querySelector("article").cloneNode(true);
      copy.querySelectorAll("pre, code, script, style, mjx-container").forEach((e) => e.remove());
      return copy.textContent.match(/\\$[^$\\n]{1,60}\\$|\\\\\\(|\\\\begin\\{/g) ?? [];
    }""")
    assert raw == []


def test_figures_say_what_was_stored_with_them(desk, lecture):
    shown = desk.evaluate("[...document.querySelectorAll('article .cell_output img')].map((i) => i.alt)")
    assert shown == stored_alts(lecture[0])
    assert all(len(alt) >= 40 for alt in shown)
    unseen = desk.evaluate("""async () => {
      const images = [...document.querySelectorAll("article .cell_output img")];
      images.forEach((i) => (i.loading = "eager"));
      await Promise.all(images.map((i) => i.decode().catch(() => 0)));
      return images.filter((i) => !i.naturalWidth).map((i) => i.src);
    }""")
    assert unseen == []


def test_what_is_for_tests_and_speakers_does_not_show(desk):
    text = desk.locator("article").inner_text()
    assert "notes:" not in text
    assert "<!--" not in text
    assert not re.search(r"\{(ref|doc|cite|numref|math)\}`|:::", text)


def test_live_figures_jump_where_motion_is_unwanted(desk):
    assert desk.locator("[data-dlm]").count() == desk.locator("[data-dlm][data-mounted]").count()
    running = desk.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length")
    assert running == 0


def test_dark_reaches_text_code_and_figures(dark):
    assert bright_parts(dark) == []
    assert dark.evaluate(SCHEMES) in ([], ["dark"])


def test_a_lecture_has_no_serious_accessibility_fault(desk, axe_faults):
    assert desk.evaluate("document.documentElement.dataset.theme") == "light"
    assert axe_faults(desk) == []


def test_a_dark_lecture_has_no_serious_accessibility_fault(dark, axe_faults):
    assert axe_faults(dark, NO_COLOUR_ALONE) == []


def test_live_figures_answer_on_the_page(light, handles):
    figures = light.locator("[data-dlm][data-mounted]")
    if not figures.count():
        pytest.skip("this lecture has no live figure")
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        status = figure.locator("[role=status]")
        assert status.inner_text().strip()
        before = figure.inner_text()
        figure.locator("button:not([disabled])").nth(1).click()
        light.wait_for_timeout(50)
        assert figure.inner_text() != before
        before = figure.inner_text()
        handles(figure)[0].focus()
        light.evaluate("""() => {
          window.pressed = [];
          window.note = (e) => window.pressed.push(e);
          window.addEventListener("keydown", window.note, true);
        }""")
        for key in ("n", "ArrowUp", "ArrowUp", "ArrowRight", "Space"):
            light.keyboard.press(key)
        assert figure.inner_text() != before
        scrolling = light.evaluate("""() => {
          window.removeEventListener("keydown", window.note, true);
          const scrolls = (e) => e.key === " " ? !e.target.matches("button, summary") : e.key.startsWith("Arrow");
          const own = (e) => e.defaultPrevented || e.target.matches("input, select") || !scrolls(e);
          return window.pressed.filter((e) => !own(e)).map((e) => e.key);
        }""")
        assert scrolling == [], "a key meant for the figure scrolls the page"


def test_a_lecture_offers_colab_download_and_slides(light, lecture, site):
    name, _ = lecture
    colab = light.locator("article a", has_text="Colab").first
    assert re.search(rf"colab.*/notebooks/{name}\.ipynb$", colab.get_attribute("href"))
    with light.expect_download() as download:
        light.locator("article a", has_text="ownload").first.click()
    stored = (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
    assert Path(download.value.path()).read_bytes() == stored
    light.locator("article a", has_text="Slides").first.click()
    light.wait_for_function("window.Reveal && Reveal.isReady()")
    assert light.url.startswith(f"{site}/slides/{name}.html")


def test_a_page_opens_dark_on_a_dark_system(phone):
    assert phone.evaluate("document.documentElement.dataset.theme") == "dark"
    assert bright_parts(phone) == []
    assert phone.evaluate(SCHEMES) in ([], ["dark"])


def test_no_lecture_scrolls_sideways_on_a_phone(phone):
    assert wider_than_a_phone(phone) == []


def test_wide_pictures_stay_readable_on_a_phone_and_slide_sideways(phone):
    shown = phone.evaluate("""[...document.querySelectorAll(".bd-article div.cell_output > a > img")].map((i) => {
        const box = i.closest("div.cell_output");
        return [parseFloat(i.style.width), i.getBoundingClientRect().width, box.scrollWidth - box.clientWidth, getComputedStyle(box).overflowX];
    })""")
    assert shown, "every lecture has pictures"
    for drawn, width, hidden, overflow in shown:
        if drawn < 500:
            assert hidden <= 0, "it fits without losing much"
        else:
            assert width >= 479 and overflow == "auto"


def test_live_figures_fit_a_phone_and_answer_a_finger(phone):
    figures = phone.locator("[data-dlm][data-mounted]")
    if not figures.count():
        pytest.skip("this lecture has no live figure")
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        box = figure.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        small = figure.evaluate("""f => [...f.querySelectorAll("button")].filter((b) => b.offsetHeight && b.offsetHeight < 40)
            .map((b) => `${b.textContent}: ${b.offsetHeight} px`)""")
        assert small == [], "targets for a finger are 40 px high at least"
        before = figure.inner_text()
        figure.locator("button:not([disabled])").nth(1).tap()
        phone.wait_for_timeout(50)
        assert figure.inner_text() != before
