"""The interactive figures in Chromium: mouse, touch, keyboard, links, colours, and the Node tests again.

Needs no built book: the figures' own output is put on a page of a few lines.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course_utils import interactives
from tests.browser import figure_page
from tests.browser.figure_page import (
    assert_comes_back_from_hiding,
    assert_fits_a_phone,
    assert_follows_the_scheme,
    go_dark,
    leaked,
    listen,
    touch_drag,
)

ROOT = Path(__file__).resolve().parents[2]

# Places in the plane, in pixels of the page. The frame leaves 30, 10, 10 and 26 px free.
PLACE = """([canvas, x, y, view]) => {
  const r = canvas.getBoundingClientRect(), k = r.width / canvas.clientWidth;
  const px = 30 + (x - view[0]) / (view[1] - view[0]) * (canvas.clientWidth - 40);
  const py = canvas.clientHeight - 26 - (y - view[2]) / (view[3] - view[2]) * (canvas.clientHeight - 36);
  return [r.left + px * k, r.top + py * k];
}"""


class Figure(figure_page.Figure):
    """One figure on the page, as a reader meets it."""

    def __init__(self, page, index=0):
        super().__init__(page, index)
        self.canvas = self.root.locator("canvas").last
        self.view = [-1.5, 2.5, -1.5, 2.5]

    def at(self, x, y):
        return self.page.evaluate(PLACE, [self.canvas.element_handle(), x, y, self.view])

    def drag(self, start, end):
        self.canvas.scroll_into_view_if_needed()
        mouse = self.page.mouse
        mouse.move(*self.at(*start))
        mouse.down()
        mouse.move(*self.at(*end), steps=6)
        mouse.up()

    def click(self, x, y):
        self.canvas.scroll_into_view_if_needed()
        self.page.mouse.click(*self.at(x, y))

    def press(self, *keys):
        self.canvas.focus()
        for key in keys:
            self.page.keyboard.press(key)

    @property
    def words(self):
        return self.root.locator("details", has_text="The picture in words").locator("div").text_content()

    @property
    def weights(self):
        """W0, W1 and t, as the sliders say them."""
        return [float(o.replace("\u2212", "-")) for o in self.root.locator(".dlm-slider b").all_inner_texts()]

    def pixels(self):
        return self.canvas.evaluate("c => c.toDataURL()")

    def settle(self):
        """Wait until the weight vector has come to rest."""
        self.page.wait_for_timeout(750)


@pytest.fixture
def perceptron(show):
    """The figure on AND, with the system asking for reduced motion, so that nothing has to be waited for."""
    return Figure(show(interactives.perceptron(), still=True))


# ---- the pure functions, in the engine that readers use

SHIM = """
globalThis.outcome = []; globalThis.waiting = [];
export const test = (name, body) => waiting.push((async () => {
  try { await body(); outcome.push([name, ""]); } catch (error) { outcome.push([name, String(error.stack ?? error)]); }
})());
const same = (a, b) => Object.is(a, b) || (typeof a === "object" && typeof b === "object" && a && b
  && Object.keys(a).length === Object.keys(b).length && Object.keys(a).every((k) => same(a[k], b[k])));
const must = (yes, text) => { if (!yes) throw new Error(text); };
export default {
  ok: (value, text = "not ok") => must(value, text),
  equal: (a, b) => must(Object.is(a, b), a + " is not " + b),
  deepEqual: (a, b) => must(same(a, b), JSON.stringify(a) + " is not " + JSON.stringify(b)),
  notDeepEqual: (a, b) => must(!same(a, b), "both are " + JSON.stringify(a)),
  match: (text, pattern) => must(pattern.test(text), JSON.stringify(text) + " does not match " + pattern),
};"""
RUNNER = """<!doctype html><title>Tests</title>
<script type="importmap">{"imports": {"node:test": "/shim.mjs", "node:assert/strict": "/shim.mjs"}}</script>"""


@pytest.fixture(scope="module")
def root_address(serve):
    return serve(ROOT)


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "js").glob("*.test.mjs")), ids=lambda p: p.name)
def test_node_tests_hold_in_chromium(path, new_page, root_address):
    page = new_page()
    page.route("**/runner.html", lambda route: route.fulfill(body=RUNNER, content_type="text/html"))
    page.route("**/shim.mjs", lambda route: route.fulfill(body=SHIM, content_type="text/javascript"))
    page.route("**/favicon.ico", lambda route: route.fulfill(body=""))
    page.goto(f"{root_address}/runner.html")
    outcome = page.evaluate(
        f"async () => {{ await import('/tests/js/{path.name}'); await Promise.all(waiting); return outcome; }}"
    )
    expected = re.findall(r'^test\("(.*)", ', path.read_text(encoding="utf-8"), flags=re.M)
    assert sorted(name for name, _ in outcome) == sorted(expected)
    assert [f"{name}: {fault}" for name, fault in outcome if fault] == []


# ---- mouse


def test_a_dragged_point_moves_and_the_margin_follows(perceptron):
    before, margin = perceptron.pixels(), perceptron.fact("Best margin")
    perceptron.drag((1, 1), (1.5, 1.75))
    assert "Point 4 at (1.5, 1.75) is +1" in perceptron.words
    assert perceptron.pixels() != before
    assert float(perceptron.fact("Best margin")) > float(margin)


def test_a_tap_flips_a_label_and_an_empty_place_takes_a_point(perceptron):
    perceptron.click(0, 0)
    assert "Point 1 at (0, 0) is +1" in perceptron.words
    perceptron.click(0, 0)
    assert "Point 1 at (0, 0) is \u22121" in perceptron.words
    perceptron.click(2, -0.5)
    assert "Point 5 at (2, \u22120.5) is +1" in perceptron.words
    assert perceptron.fact("Wrong now") == "5 of 5"


def test_a_point_dragged_out_is_removed(perceptron):
    perceptron.drag((0, 1), (-3.2, 1))
    assert "Point 4" not in perceptron.words and perceptron.fact("Wrong now") == "3 of 3"


def test_the_line_is_dragged_and_turned_by_its_ends(show):
    figure = Figure(show(interactives.perceptron(weights=(1, 1), threshold=0.5), still=True))
    assert figure.fact("Wrong now") == "2 of 4"
    figure.drag((0.25, 0.25), (0.75, 0.75))
    w0, w1, t = figure.weights
    assert (w0, w1) == (1, 1) and abs(t - 1.5) < 0.06
    assert figure.status.startswith("All 4 points right, with margin")
    # ends of the line I0 + I1 = 1.5 in the window, one tenth of the way in
    figure.drag((-1.0 + 0.35, 2.5 - 0.35), (0.6, 2.2))
    u0, u1, _ = figure.weights
    assert abs(u0**2 + u1**2 - 2) < 0.05, "turning keeps the length of the weights"
    assert u0 > w0 + 0.1


def test_with_no_line_yet_the_pale_one_can_be_taken(perceptron):
    assert perceptron.fact("Margin of this line") == "none yet"
    perceptron.drag((0.5, -0.6), (0.5, 0.4))
    w0, w1, t = perceptron.weights
    assert (w0, w1) == (0.3, 1) and 0.4 < t < 0.7
    assert perceptron.fact("Margin of this line") != "none yet"


# ---- the rule


def test_one_mistake_has_two_parts(perceptron):
    perceptron.button("Find a mistake").click()
    assert "point 1 comes first. To correct it, W loses (0, 0) and t grows by 1." in perceptron.status
    assert perceptron.weights == [0, 0, 0] and perceptron.fact("Mistakes corrected") == "0"
    perceptron.button("Correct it").click()
    assert perceptron.weights == [0, 0, 1] and perceptron.fact("Mistakes corrected") == "1"
    perceptron.button("Find a mistake").click()
    assert "Point 4 at (1, 1) should be +1, the neuron says \u22121." in perceptron.status
    perceptron.button("Correct it").click()
    assert perceptron.weights == [1, 1, 0]
    assert perceptron.status.startswith("W moved toward (1, 1).")


def test_run_ends_within_the_bound(perceptron):
    perceptron.button("Run").click()
    perceptron.until("Done after")
    assert perceptron.status == "Done after 18 mistakes: every point is on its side. The bound allowed 51."
    assert perceptron.weights == [3, 2, 4] and perceptron.fact("Wrong now") == "0 of 4"
    assert perceptron.button("Find a mistake").is_disabled()
    perceptron.button("Reset").click()
    assert perceptron.weights == [0, 0, 0] and perceptron.button("Find a mistake").is_enabled()


def test_xor_cycles_and_says_so(perceptron):
    perceptron.button("XOR").click()
    assert perceptron.fact("Bound") == "none" and perceptron.fact("Best margin") == "no line exists"
    perceptron.button("Run").click()
    perceptron.until("the rule cycles")
    assert "the weights are what they were 4 mistakes ago" in perceptron.status
    assert "No line exists" in perceptron.status


def test_a_run_is_animated_can_be_paused_and_arrives(show):
    figure = Figure(show(interactives.perceptron("random", seed=2)))
    figure.button("Run").click()
    figure.page.wait_for_function("""() => {
      const done = document.querySelector('.dlm-facts b').textContent;
      const pause = [...document.querySelectorAll('button')].find((b) => b.textContent === 'Pause');
      if (done === '1') pause.click();
      return done === '1';
    }""")
    figure.until("Paused.")
    still = figure.pixels()
    figure.settle()
    assert figure.pixels() == still and figure.fact("Mistakes corrected") == "1"
    figure.button("Run").click()
    figure.until("Done after")
    assert figure.status == "Done after 3 mistakes: every point is on its side. The bound allowed 51."


def test_a_single_correction_is_animated_unless_motion_is_unwelcome(show):
    for still in (False, True):
        figure = Figure(show(interactives.perceptron("or", weights=(1, -1)), still=still))
        figure.button("Find a mistake").click()
        first = figure.button("Correct it").evaluate(
            "b => { b.click(); return b.closest('.dlm').querySelector('canvas').toDataURL(); }"
        )
        figure.settle()
        assert (figure.pixels() == first) is still


def test_nothing_moves_before_the_reader_acts(show):
    figure = Figure(show(interactives.perceptron("random")))
    before = figure.pixels()
    figure.settle()
    assert figure.pixels() == before


def test_sets_and_try_this(perceptron):
    for name in ("OR", "Random", "Narrow the gap"):
        perceptron.button(name).click()
        perceptron.button("Run").click()
        perceptron.until("Done after")
        assert int(perceptron.fact("Mistakes")) <= int(re.sub(r"\D", "", perceptron.fact("Bound")))
    words = perceptron.words
    perceptron.button("Random").click()
    one = perceptron.words
    perceptron.button("Random").click()
    assert len({words, one, perceptron.words}) == 3
    perceptron.button("AND").click()
    perceptron.button("Flip one label").click()
    assert "Point 1 at (0, 0) is +1" in perceptron.words


def test_sliders_set_the_line_and_grow_with_the_weights(perceptron):
    slider = perceptron.root.get_by_role("slider", name="W\u2081")
    slider.fill("2")
    assert perceptron.weights == [0, 2, 0]
    slider.press("ArrowRight")
    assert perceptron.weights == [0, 2.05, 0]
    perceptron.button("Narrow the gap").click()
    perceptron.button("Run").click()
    perceptron.until("Done after")
    for value, box in zip(perceptron.weights, perceptron.root.get_by_role("slider").all(), strict=True):
        assert abs(value - float(box.input_value())) < 0.03


def test_after_a_hand_set_line_the_bound_says_from_where_it_counts(perceptron):
    assert perceptron.fact("Bound") == "at most 51"
    perceptron.drag((0.5, -0.6), (0.5, 0.4))
    assert perceptron.fact("Bound") == "at most 51*"
    assert "From zero weights" in perceptron.root.inner_text()


# ---- keyboard


def test_everything_works_from_the_keyboard(perceptron):
    page = perceptron.page
    listen(page)
    perceptron.press("n", "f")
    assert "Point 1 at (0, 0) is +1" in perceptron.words
    perceptron.press("ArrowRight", "Shift+ArrowUp")
    assert "Point 1 at (0.05, 0.25)" in perceptron.words
    perceptron.press("a")
    assert "Point 5 at (0.5, 0.5) is +1" in perceptron.words
    perceptron.press("Delete")
    assert "Point 5" not in perceptron.words
    perceptron.press("p")
    assert perceptron.status == "Picked the line."
    perceptron.press("Shift+ArrowUp")
    line = perceptron.weights
    assert line[0] == 0.3 and line[1] == 1
    perceptron.press("p", "Shift+ArrowUp")
    assert perceptron.weights[0] != line[0]
    perceptron.press("n", "n", "f", "0")  # past the line, back to point 1
    assert perceptron.weights == [0, 0, 0] and "Point 1 at (0.05, 0.25) is \u22121" in perceptron.words
    perceptron.press("Enter", "Enter")
    assert perceptron.fact("Mistakes corrected") == "1"
    perceptron.press("r")
    perceptron.until("Done after")
    perceptron.button("Reset").focus()
    for key in ("b", "d", "PageDown", "ArrowDown"):  # JupyterLab adds and deletes cells with such keys
        page.keyboard.press(key)
    assert leaked(page) == []


def test_in_a_deck_the_clicker_still_turns_the_slide(show):
    figure = Figure(show(interactives.perceptron(), main="reveal", still=True))
    page = figure.page
    listen(page)
    figure.button("Find a mistake").focus()
    for key in ("Enter", " ", "ArrowRight", "s"):
        page.keyboard.press(key)
    assert figure.fact("Mistakes corrected") == "1"
    figure.press("n", "ArrowRight", "PageDown")
    assert leaked(page) == ["ArrowRight", "s", "PageDown"]


def test_focus_can_be_seen_everywhere(perceptron):
    page = perceptron.page
    bare = []
    for _ in range(40):
        page.keyboard.press("Tab")
        seen = page.evaluate("""() => { const e = document.activeElement, s = getComputedStyle(e);
          return e === document.body ? null : [e.outerHTML.slice(0, 60), s.outlineStyle, parseFloat(s.outlineWidth)] }""")
        if seen is None:
            break
        if seen[1] == "none" or seen[2] < 2:
            bare.append(seen)
    assert bare == []
    assert seen is None, "Tab never left the figure"


# ---- touch and phone


def test_phone(show):
    page = show(interactives.perceptron("xor"), interactives.sigmoid_ramp(), phone=True)
    assert_fits_a_phone(page)
    boxes = [c.bounding_box() for c in page.locator(".dlm canvas, .dlm [role=status]").all()]
    assert len({round(box["x"]) for box in boxes}) == 1, "not stacked"


def test_touch_taps_and_drags(show):
    figure = Figure(show(interactives.perceptron(), phone=True))
    figure.canvas.scroll_into_view_if_needed()
    figure.page.touchscreen.tap(*figure.at(0, 0))
    assert "Point 1 at (0, 0) is +1" in figure.words
    begin, scrolled = figure.at(1, 1), figure.page.evaluate("scrollY")
    touch_drag(figure.page, begin, *((begin[0], begin[1] + 8 * i) for i in range(1, 9)))
    assert re.search(r"Point 4 at \(1, 0\.[0-4]", figure.words), figure.words
    assert figure.page.evaluate("scrollY") == scrolled, "a drag on a point must not scroll"
    begin = figure.at(2, 2)
    touch_drag(figure.page, begin, *((begin[0], begin[1] - 12 * i) for i in range(1, 9)))
    figure.page.wait_for_function(f"scrollY > {scrolled} + 20")
    assert "Point 5" not in figure.words, "a swipe over an empty place scrolls and adds nothing"


# ---- looks


def test_no_accessibility_fault(show, axe_faults):
    page = show(interactives.perceptron(), interactives.sigmoid_ramp())
    for summary in page.locator(".dlm summary").all():
        summary.click()
    assert axe_faults(page) == []
    go_dark(page)
    assert axe_faults(page) == []
    bare = page.evaluate("""[...document.querySelectorAll('.dlm canvas, .dlm button, .dlm input')]
      .filter((e) => !(e.getAttribute('aria-label') || e.textContent.trim() || e.closest('label')?.textContent.trim())).map((e) => e.outerHTML)""")
    assert bare == []


def test_dark_and_light_follow_the_page(show):
    figure = Figure(show(interactives.perceptron("or", weights=(1, 1), threshold=0.5)))
    assert figure.root.get_attribute("data-scheme") == "light"
    assert_follows_the_scheme(figure)


@pytest.mark.parametrize("scale", [1, 3])
def test_sharp_on_every_screen_and_never_too_wide(show, scale):
    page = show(interactives.perceptron(), interactives.sigmoid_ramp(), scale=scale)
    for canvas in page.locator(".dlm canvas").all():
        assert canvas.evaluate("c => c.width / c.clientWidth") == pytest.approx(scale, abs=0.01)
    for width in (1280, 600, 320):
        page.set_viewport_size({"width": width, "height": 720})
        widths = page.evaluate("[...document.querySelectorAll('.dlm')].map((e) => e.offsetWidth)")
        assert max(widths) <= min(720, width - 32)
        page.wait_for_function(
            f"[...document.querySelectorAll('.dlm canvas')].every((c) => Math.abs(c.width / c.clientWidth - {scale}) < 0.02)"
        )


def test_hidden_at_first_as_on_a_later_slide(show):
    assert_comes_back_from_hiding(show(interactives.perceptron("or", weights=(1, 1), threshold=0.5)))


def test_scaled_by_the_page_the_pointer_still_hits(show):
    figure = Figure(show(interactives.perceptron(), still=True))
    figure.page.evaluate(
        "document.querySelector('main').style.cssText = 'transform: scale(0.7); transform-origin: 0 0'"
    )
    figure.click(0, 1)
    assert "Point 2 at (0, 1) is +1" in figure.words


# ---- several figures, links


def test_figures_do_not_share_their_state(show):
    page = show(
        interactives.perceptron("and"),
        interactives.perceptron("xor"),
        interactives.sigmoid_ramp(),
        still=True,
    )
    one, two = Figure(page, 0), Figure(page, 1)
    two.click(0, 0)
    assert "Point 1 at (0, 0) is +1" in two.words and "Point 1 at (0, 0) is \u22121" in one.words


def test_a_link_brings_the_set_up_back_to_the_same_figure(show):
    figures = [interactives.perceptron("and"), interactives.perceptron("xor")]
    page = show(*figures, still=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    second = Figure(page, 1)
    second.click(0, 0)
    second.button("Find a mistake").click()
    second.button("Correct it").click()
    words = second.words
    second.button("Link to this set-up").click()
    second.until("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url and "#dlm=perceptron.1:" in link
    again = show(*figures, still=True, suffix="#" + link.partition("#")[2])
    assert Figure(again, 1).words == words
    assert "Point 1 at (0, 0) is \u22121" in Figure(again, 0).words
    again.wait_for_function("scrollY > 100")
    # the same page, another link: no reload happens
    again.evaluate("location.hash = '#dlm=perceptron.0:((1,1,1.5),(0.5,0.25,1))'")
    again.wait_for_function(
        "document.querySelector('[data-dlm]').textContent.includes('Point 1 at (0.5, 0.25) is +1')"
    )


def test_a_bad_link_changes_nothing(show):
    page = show(interactives.perceptron("or"))
    address = page.url
    for suffix in (
        "#dlm=perceptron.0:((9",
        "#dlm=perceptron.0:(1)",
        "#%E0%A4%A",
        "?x=%zz#a-heading",
        "#/3/1",
    ):
        page.goto("about:blank")
        page.goto(address + suffix)
        figure = Figure(page)
        figure.canvas.wait_for()
        assert figure.weights == [0, 0, 0] and "Point 4 at (1, 1) is +1" in figure.words
        assert page.url.endswith(suffix)


def test_in_a_deck_the_hash_belongs_to_the_deck(show):
    page = show(interactives.perceptron("or"), main="reveal", suffix="?dark#/3", still=True)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    figure = Figure(page)
    figure.click(0, 0)
    figure.button("Link to this set-up").click()
    figure.until("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert page.url.endswith("?dark#/3")
    assert "?dark&dlm=perceptron.0:" in link and link.endswith("#/3")
    page.goto(link)
    page.wait_for_selector("[data-mounted] canvas")
    assert "Point 1 at (0, 0) is +1" in Figure(page).words


def test_without_a_clipboard_the_link_can_be_copied_by_hand(show):
    page = show(interactives.sigmoid_ramp())
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    Figure(page).button("Link to this set-up").click()
    box = page.get_by_role("textbox", name="Link to this set-up")
    assert "#dlm=sigmoid_ramp.0:" in box.input_value()


def test_in_a_frame_there_is_no_link(show):
    page = show(interactives.perceptron())
    page.evaluate(
        """() => { const f = document.createElement('iframe'); f.src = location.href; f.width = 700; document.body.append(f); }"""
    )
    frame = page.frame_locator("iframe")
    frame.get_by_role("button", name="Run", exact=True).wait_for()
    assert frame.get_by_role("button", name="Link to this set-up").count() == 0


# ---- the ramp


@pytest.fixture
def ramp(show):
    return Figure(show(interactives.sigmoid_ramp()))


def test_the_probe_is_dragged_over_the_plane_and_along_the_curve(ramp):
    assert "62 %" in ramp.status and "0.47 nats" in ramp.status
    ramp.drag((1, 0.5), (0, 0))
    assert ramp.status.startswith("At (0, 0)") and "27 %" in ramp.status and "1.3 nats" in ramp.status
    curve = ramp.root.locator("canvas").first
    box = curve.bounding_box()
    x = box["x"] + 46 + (0 + 5.5) / 12 * (box["width"] - 56)
    y = box["y"] + box["height"] - 26 - (0.2689 + 0.06) / 1.18 * (box["height"] - 36)
    ramp.page.mouse.move(x, y)
    ramp.page.mouse.down()
    ramp.page.mouse.move(x + 2 / 12 * (box["width"] - 56), y, steps=4)
    ramp.page.mouse.up()
    chance = int(re.search(r"chance of (\d+) %", ramp.status)[1])
    assert 71 <= chance <= 75, ramp.status  # the weighted sum is now 2, one above t


def test_steepness_threshold_and_try_this(ramp):
    flat = ramp.pixels()
    ramp.button("Almost a step").click()
    assert "more than 99.9 %" in ramp.status and ramp.weights[0] == 20 and ramp.pixels() != flat
    ramp.button("A gentle ramp").click()
    assert "56 %" in ramp.status
    ramp.button("Sure and wrong").click()
    assert "\u22121: 8 nats" in ramp.status
    ramp.button("Reset").click()
    assert ramp.pixels() == flat
    ramp.root.get_by_role("slider", name="Threshold t").fill("1.5")
    assert "50 %" in ramp.status and "0.69 nats" in ramp.status
    ramp.root.get_by_role("slider", name="Steepness k").press("End")
    assert ramp.weights == [20, 1.5]


def test_the_threshold_line_is_dragged(ramp):
    ramp.drag((0, -1), (0.5, -1))  # 2 I0 - I1 = 1 goes through (0, -1)
    assert ramp.weights[1] == pytest.approx(2, abs=0.11)


def test_the_probe_moves_by_keyboard(ramp):
    ramp.press("ArrowLeft", "Shift+ArrowUp")
    assert ramp.status.startswith("At (0.95, 0.75)")


# ---- without the script


def test_without_javascript_the_lesson_is_read(chromium, write_page):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_page([interactives.perceptron("xor")]))
    text = page.locator("main").inner_text()
    context.close()
    assert "no line separates the classes" in text and "goes round for ever" in text
