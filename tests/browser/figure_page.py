"""A live figure on a page, as a reader meets it, and the manners that every figure has. Used by the test_interactives files."""

from __future__ import annotations

import re
from pathlib import Path

DECK = Path(__file__).resolve().parents[2] / "course_utils" / "publishing" / "templates" / "course_deck" / "static" / "deck.css"
# Labels around a select are as high as the select and its name.
TARGETS = ".dlm button, .dlm summary, .dlm label:not(:has(select)), .dlm select, .dlm input:not([type=checkbox])"


class Figure:
    """One figure on the page."""

    def __init__(self, page, index=0):
        self.page, self.root = page, page.locator("[data-dlm]").nth(index)

    def button(self, name):
        return self.root.get_by_role("button", name=name, exact=True)

    def slider(self, name):
        return self.root.get_by_role("slider", name=name, exact=True)

    def choose(self, name, value):
        self.root.get_by_role("combobox", name=name, exact=True).select_option(value)

    def chosen(self, name):
        return self.root.get_by_role("combobox", name=name, exact=True).input_value()

    def fact(self, name, box=0):
        """A number beside its name; `box` counts where several boxes have the same names."""
        row = self.root.locator(".dlm-facts > div", has_text=re.compile(f"^{name}"))
        return row.nth(box).locator("b").inner_text()

    @property
    def status(self):
        return self.root.get_by_role("status").inner_text()

    @property
    def question(self):
        return self.root.locator(".dlm-question").inner_text()

    def press(self, selector, *keys):
        """Focus a part of the figure and press keys in it."""
        self.root.locator(selector).first.focus()
        for key in keys:
            self.page.keyboard.press(key)

    def spot(self, selector, x, y):
        """Where a place of a part lies on the screen; x and y from 0 to 1, from its upper left corner."""
        part = self.root.locator(selector).first if isinstance(selector, str) else selector
        part.scroll_into_view_if_needed()
        box = part.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def drag(self, selector, *places):
        mouse = self.page.mouse
        mouse.move(*self.spot(selector, *places[0]))
        mouse.down()
        for place in places[1:]:
            mouse.move(*self.spot(selector, *place), steps=6)
        mouse.up()

    def pixels(self):
        """All that its canvases show, once they have been drawn."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )
        return self.root.evaluate("e => [...e.querySelectorAll('canvas')].map((c) => c.toDataURL()).join()")

    def until(self, words):
        """Wait until the status sentence holds these words."""
        self.root.get_by_role("status").filter(has_text=words).wait_for()

    def copied(self):
        """Press "Link to this set-up" and return the end of the link, from # on."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.button("Link to this set-up").click()
        self.until("Link copied")
        return "#" + self.page.evaluate("navigator.clipboard.readText()").partition("#")[2]


def listen(page):
    """From now on, note the keys that reach the host page."""
    page.evaluate("window.leaked = []; document.addEventListener('keydown', (e) => leaked.push(e.key))")


def leaked(page):
    """The keys that have reached the host page, but for Tab."""
    return page.evaluate("leaked.filter((key) => key !== 'Tab')")


def focus_stops(page, most=90):
    """Walk through the page with Tab, pressing b everywhere: focus is seen, no key leaks, Tab leaves at last. Counts the stops."""
    listen(page)
    for stops in range(most):
        page.keyboard.press("Tab")
        seen = page.evaluate("""() => { const e = document.activeElement, s = getComputedStyle(e);
          return e === document.body ? null : [e.outerHTML.slice(0, 60), s.outlineStyle, parseFloat(s.outlineWidth)] }""")
        if seen is None:
            assert leaked(page) == [], leaked(page)
            return stops
        assert seen[1] != "none" and seen[2] >= 2, f"no ring around {seen[0]}"
        page.keyboard.press("b")
    raise AssertionError(f"Tab never left the figures, it is at {seen[0]}")


def assert_fits_a_phone(page, narrowest=40):
    """Nothing is wider than the page, and every part can be hit with a finger. `narrowest` allows for digits side by side."""
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, wide
    small = page.evaluate(f"""[...document.querySelectorAll({TARGETS!r})]
      .map((e) => [e.textContent || e.ariaLabel || e.type, e.getBoundingClientRect()]).filter(([, r]) => r.height && (r.height < 40 || r.width < {narrowest})).map(([name, r]) => [name, r.width, r.height])""")
    assert small == [], small


def go_dark(page):
    """Let the page turn dark, and wait until its figures have followed."""
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_selector("[data-dlm][data-scheme=dark]")


def go_light(page):
    """Let the page be light again, and wait until its figures have followed."""
    page.evaluate("delete document.documentElement.dataset.theme")
    page.wait_for_selector("[data-dlm][data-scheme=light]")


def assert_follows_the_scheme(figure):
    """Drawn otherwise on a dark page, and as before on a light one."""
    light = figure.pixels()
    go_dark(figure.page)
    assert figure.pixels() != light
    go_light(figure.page)
    assert figure.pixels() == light


def assert_never_too_wide(page):
    """Figures fit the column and the page, from a desk to a narrow phone."""
    for width in (1280, 600, 320):
        page.set_viewport_size({"width": width, "height": 900})
        Figure(page).pixels()
        widths = page.evaluate("[...document.querySelectorAll('.dlm')].map((e) => e.offsetWidth)")
        assert max(widths) <= min(720, width - 32)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def assert_comes_back_from_hiding(page):
    """Drawn as before when the page, like a later slide, was hidden for a while."""
    figures = [Figure(page, i) for i in range(page.locator("[data-dlm]").count())]
    before = [figure.pixels() for figure in figures]
    page.evaluate("document.querySelector('main').style.display = 'none'")
    page.wait_for_timeout(100)
    page.evaluate("document.querySelector('main').style.display = ''")
    page.wait_for_timeout(200)
    assert [figure.pixels() for figure in figures] == before


def touch_drag(page, start, *places):
    """Put one finger down, move it, lift it."""
    client = page.context.new_cdp_session(page)

    def send(kind, *points):
        client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y} for x, y in points]})

    send("touchStart", start)
    for place in places:
        send("touchMove", place)
    send("touchEnd")


def as_on_a_slide(page):
    """Give a page the style sheet of the decks."""
    page.add_style_tag(content=DECK.read_text(encoding="utf-8"))
