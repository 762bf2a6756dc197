"""The book's pages in Chromium with the network off: light, dark, phone, search, live figures."""

import re
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
LECTURES = [path.stem for path in sorted((ROOT / "notebooks").glob("[0-9][0-9]_*.ipynb"))]
READY = "document.readyState === 'complete' && (!window.MathJax || !!MathJax.startup?.promise)"


def visit(page, address):
    page.goto(address)
    page.wait_for_function(READY)
    page.evaluate("Promise.all([window.MathJax?.startup?.promise, document.fonts.ready]).then(() => true)")
    return page


@pytest.fixture(scope="session")
def pages(html_folder):
    """Every page of the book by its address in it; decks have tests of their own."""
    names = [path.relative_to(html_folder).as_posix() for path in sorted(html_folder.rglob("*.html"))]
    return [name for name in names if not name.startswith(("slides/", "_static/"))]


@pytest.fixture(params=LECTURES)
def lecture(request, site, html_folder):
    """Name and address of a lecture's page."""
    name = f"notebooks/{request.param}.ipynb"
    if (html_folder / name).read_bytes() != (ROOT / name).read_bytes():
        pytest.fail(f"the built book is older than {name}: run 'make book'")
    return request.param, f"{site}/notebooks/{request.param}.html"


def stored_alts(name):
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    return [
        output.metadata["image/png"]["alt"]
        for cell in notebook.cells
        if cell.cell_type == "code" and "remove-cell" not in cell.metadata.get("tags", [])
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_open_cleanly_and_have_no_serious_accessibility_fault(new_page, site, pages, axe_faults, scheme):
    page = new_page(dark=scheme == "dark")
    faults = []
    for name in pages:
        visit(page, f"{site}/{name}")
        assert page.evaluate("document.documentElement.dataset.theme") == scheme, name
        only = None if scheme == "light" else ["color-contrast", "link-in-text-block"]  # the rest has no colour
        faults += [f"{name}: {fault}" for fault in axe_faults(page, only)]
    assert not faults, "\n".join(faults)


def test_no_page_scrolls_sideways_on_a_phone(phone_page, site, pages):
    faults = []
    for name in pages:
        visit(phone_page, f"{site}/{name}")
        wide = phone_page.evaluate("""() => {
          const room = document.documentElement.clientWidth;
          if (document.documentElement.scrollWidth <= room && document.body.scrollWidth <= room) return [];
          return [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > room + 1)
            .slice(0, 3).map((e) => `${e.tagName}.${e.className} ${Math.round(e.getBoundingClientRect().right)} of ${room} px`);
        }""")
        lost = phone_page.evaluate("""() => [...document.querySelectorAll("div.math")].filter((box) => {
          box.scrollLeft = 0;  // a wide formula is read from its first sign; nothing lies left of where one can scroll
          return box.querySelector("mjx-math").getBoundingClientRect().left < box.getBoundingClientRect().left - 1;
        }).map((box) => `formula ${box.textContent.slice(0, 40)} is cut at the left`)""")
        faults += [f"{name}: {fault}" for fault in wide + lost]
    assert not faults, "\n".join(faults)


def test_a_page_opened_from_the_disk_works_too(page, html_folder):
    visit(page, (html_folder / "index.html").as_uri())
    for name in LECTURES[:1]:
        visit(page, (html_folder / f"notebooks/{name}.html").as_uri())
        assert page.locator("mjx-container").count() > 0
        page.wait_for_selector("[data-dlm][data-mounted]")


def test_formulas_are_typeset(page, lecture):
    visit(page, lecture[1])
    assert page.locator("mjx-container").count() > 10
    assert page.locator("mjx-merror").count() == 0
    raw = page.evaluate("""() => {
      const copy = document.querySelector("article").cloneNode(true);
      copy.querySelectorAll("pre, code, script, style, mjx-container").forEach((e) => e.remove());
      return copy.textContent.match(/\\$[^$\\n]{1,60}\\$|\\\\\\(|\\\\begin\\{/g) ?? [];
    }""")
    assert raw == []


def test_figures_say_what_was_stored_with_them(page, lecture):
    name, address = lecture
    visit(page, address)
    shown = page.evaluate("[...document.querySelectorAll('article .cell_output img')].map((i) => i.alt)")
    assert shown == stored_alts(name)
    assert all(len(alt) >= 40 for alt in shown)
    unseen = page.evaluate("""async () => {
      const images = [...document.querySelectorAll("article .cell_output img")];
      images.forEach((i) => (i.loading = "eager"));
      await Promise.all(images.map((i) => i.decode().catch(() => 0)));
      return images.filter((i) => !i.naturalWidth).map((i) => i.src);
    }""")
    assert unseen == []


def test_a_lecture_offers_colab_download_and_slides(page, lecture, site):
    name, address = lecture
    visit(page, address)
    colab = page.locator("article a", has_text="Colab").first
    assert re.search(rf"colab.*/notebooks/{name}\.ipynb$", colab.get_attribute("href"))
    with page.expect_download() as download:
        page.locator("article a", has_text="ownload").first.click()
    stored = (ROOT / "notebooks" / f"{name}.ipynb").read_bytes()
    assert Path(download.value.path()).read_bytes() == stored
    page.locator("article a", has_text="Slides").first.click()
    page.wait_for_function("window.Reveal && Reveal.isReady()")
    assert page.url.startswith(f"{site}/slides/{name}.html")


def test_what_is_for_tests_and_speakers_does_not_show(page, lecture):
    visit(page, lecture[1])
    text = page.locator("article").inner_text()
    assert "notes:" not in text
    assert "<!--" not in text
    assert not re.search(r"\{(ref|doc|cite|numref|math)\}`|:::", text)


def test_live_figures_answer_on_the_page(page, lecture, handles):
    visit(page, lecture[1])
    figures = page.locator("[data-dlm][data-mounted]")
    if not figures.count():
        pytest.skip("this lecture has no live figure")
    for figure in figures.all():
        figure.scroll_into_view_if_needed()
        status = figure.locator("[role=status]")
        assert status.inner_text().strip()
        before = figure.inner_text()
        figure.locator("button:not([disabled])").nth(1).click()
        page.wait_for_timeout(50)
        assert figure.inner_text() != before
        before = figure.inner_text()
        handles(figure)[0].focus()
        page.evaluate("""() => {
          window.pressed = [];
          window.note = (e) => window.pressed.push(e);
          window.addEventListener("keydown", window.note, true);
        }""")
        for key in ("n", "ArrowUp", "ArrowUp", "ArrowRight", "Space"):
            page.keyboard.press(key)
        assert figure.inner_text() != before
        scrolling = page.evaluate("""() => {
          window.removeEventListener("keydown", window.note, true);
          const scrolls = (e) => e.key === " " ? !e.target.matches("button, summary") : e.key.startsWith("Arrow");
          const own = (e) => e.defaultPrevented || e.target.matches("input, select") || !scrolls(e);
          return window.pressed.filter((e) => !own(e)).map((e) => e.key);
        }""")
        assert scrolling == [], "a key meant for the figure scrolls the page"


def test_live_figures_fit_a_phone_and_answer_a_finger(phone_page, lecture):
    visit(phone_page, lecture[1])
    figures = phone_page.locator("[data-dlm][data-mounted]")
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
        phone_page.wait_for_timeout(50)
        assert figure.inner_text() != before


def test_live_figures_jump_where_motion_is_unwanted(still_page, lecture):
    visit(still_page, lecture[1])
    assert still_page.locator("[data-dlm]").count() == still_page.locator("[data-dlm][data-mounted]").count()
    running = still_page.evaluate("document.getAnimations().filter((a) => a.playState === 'running').length")
    assert running == 0


def test_dark_reaches_text_code_and_figures(dark_page, lecture):
    visit(dark_page, lecture[1])
    light = dark_page.evaluate("""() => {
      const bright = (e) => {
        const c = getComputedStyle(e).backgroundColor.match(/[\\d.]+/g).map(Number);
        return (c.length < 4 || c[3] > 0.5) && 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] > 140;
      };
      return [...document.querySelectorAll("body, main, article, article pre, article .cell, .dlm, .dlm-claim, .cell_output .text_html")]
        .filter(bright).slice(0, 5).map((e) => `${e.tagName}.${e.className}`);
    }""")
    assert light == []
    assert set(dark_page.evaluate("[...document.querySelectorAll('[data-dlm]')].map((f) => f.dataset.scheme)")) <= {"dark"}


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
