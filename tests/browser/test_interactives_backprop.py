"""The playground and the computation graph in Chromium: mouse, touch, keyboard, links, colours, speed, and NumPy again.

Needs no built book: the figures' own output is put on a page of a few lines.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from course_utils import interactives
from tests.browser import figure_page
from tests.browser.figure_page import (
    assert_fits_a_phone,
    assert_follows_the_scheme,
    focus_stops,
    leaked,
    listen,
    touch_drag,
)
from tests.unit import test_interactives_backprop as reference

ROOT = Path(__file__).resolve().parents[2]


class Figure(figure_page.Figure):
    """One figure on the page, as a reader meets it."""

    @property
    def words(self):
        details = self.root.locator("details", has_text="in words")
        if details.get_attribute("open") is None:
            details.locator("summary").click()
        return details.locator("> div", has_text=re.compile(r"\w")).inner_text()

    @property
    def units(self):
        return self.root.locator(".dlm-unit").count()

    @property
    def epoch(self):
        found = re.search(r"After (\d+) epoch", self.status)
        return int(found[1]) if found else 0

    def pixels(self):
        return self.root.evaluate(
            "e => [...e.querySelectorAll('.dlm-main canvas')].map((c) => c.toDataURL()).join()"
        )

    def step(self, times):
        for _ in range(times):
            self.button("Next").click()


@pytest.fixture
def play(show):
    """The playground as it comes, with the system asking for reduced motion."""
    return Figure(show(interactives.playground(), still=True, height=1000))


@pytest.fixture
def graph(show):
    """The graph as it comes, with the system asking for reduced motion."""
    return Figure(show(interactives.computation_graph(), still=True, height=1000))


# ---- the pure functions, in the engine that readers use


def in_page(page, module, function, argument):
    return page.evaluate(
        f"async (a) => ({function})(await import('/course_utils/interactives/{module}'), a)", argument
    )


def test_training_equals_numpy_in_chromium(module_page):
    for case in reference.TRAININGS:
        found = in_page(module_page, "playground_net.js", reference.TRAIN, case)
        reference.compare_training(case, found)


def test_values_and_slopes_equal_complex_steps_in_chromium(module_page):
    for text, inputs in reference.FORMULAS:
        found = in_page(module_page, "computation_graph_engine.js", reference.DIFFERENTIATE, [text, inputs])
        reference.compare_formula(text, inputs, found)


# ---- the playground: training


def test_nothing_moves_before_the_reader_acts(show):
    figure = Figure(show(interactives.playground()))
    figure.page.wait_for_timeout(200)
    before = figure.pixels()
    figure.page.wait_for_timeout(400)
    assert figure.pixels() == before and figure.status.startswith("Before training: loss ")


def test_one_batch_one_epoch_reset(play):
    start, begin = play.pixels(), play.status
    play.button("One batch").click()
    assert play.status.startswith("One step on the 10 ringed points (loss there ")
    assert "In the first epoch: loss " in play.status and play.pixels() != start
    play.button("One epoch").click()
    assert play.epoch == 1, "an epoch that was begun is finished"
    play.button("One epoch").click()
    assert play.epoch == 2
    play.button("Reset").click()
    assert play.status == begin and play.pixels() == start
    play.button("New start").click()
    assert play.status != begin


def test_a_run_is_drawn_can_be_paused_and_learns(show):
    figure = Figure(show(interactives.playground()))
    before = figure.pixels()
    figure.button("Run").click()
    figure.page.wait_for_function(
        "+(document.querySelector('[role=status]').textContent.match(/After (\\d+)/)?.[1] ?? 0) > 150"
    )
    assert figure.root.get_by_role("status").get_attribute("aria-live") == "off"
    figure.button("Pause").click()
    epoch, pixels = figure.epoch, figure.pixels()
    assert figure.root.get_by_role("status").get_attribute("aria-live") == "polite"
    figure.page.wait_for_timeout(300)
    assert figure.epoch == epoch and figure.pixels() == pixels != before
    assert float(re.search(r"; (\d+) %", figure.status)[1]) >= 90


def test_with_reduced_motion_a_run_jumps_and_is_drawn_once(play):
    play.page.evaluate("""() => { window.drawn = 0; const put = CanvasRenderingContext2D.prototype.putImageData;
      CanvasRenderingContext2D.prototype.putImageData = function (...a) { drawn += 1; return put.apply(this, a); }; }""")
    play.button("Run").click()
    play.until("After 500 epochs")
    assert play.page.evaluate("drawn") <= 8
    assert "100 % and" in play.status
    play.button("Run").click()
    play.until("After 1000 epochs")


FRAMES = """async (ms) => {
  const times = [], end = performance.now() + ms;
  await new Promise((done) => { const f = (t) => { times.push(t); if (performance.now() < end) requestAnimationFrame(f); else done(); }; requestAnimationFrame(f); });
  return (times.length - 1) / (times.at(-1) - times[0]) * 1000;
}"""


def test_at_least_thirty_frames_a_second_for_two_layers_of_eight(show):
    figure = Figure(show(interactives.playground("spiral", hidden=(8, 8)), height=1000))
    figure.button("Run").click()
    rates = []
    while len(rates) < 12 and (
        not rates or max(rates) < 40
    ):  # the best second: other programs take their share
        rates.append(figure.page.evaluate(FRAMES, 1000))
    figure.button("Pause").click()
    assert max(rates) >= 30, rates
    assert figure.epoch > 20


def test_every_frame_draws_the_network_anew(show):
    figure = Figure(show(interactives.playground("xor", learning_rate=0.1)))
    figure.button("Run").click()
    different = figure.page.evaluate("""async () => { const seen = new Set(); for (let i = 0; i < 8; i++) {
      await new Promise(requestAnimationFrame); seen.add(document.querySelector('.dlm-net canvas').toDataURL()); } return seen.size; }""")
    assert different >= 4


def test_try_this_shows_what_it_promises(play):
    for name, epochs, low, high in (
        ("Two lines solve XOR", 500, 100, 100),
        ("No non-linearity", 500, 40, 65),
        ("Spiral needs more", 500, 50, 80),
    ):
        play.button(name).click()
        assert play.root.locator(".dlm-question").inner_text().endswith(("then run.", "then build them."))
        play.button("Run").click()
        play.until(f"After {epochs} epochs")
        assert low <= float(re.search(r"; (\d+) %", play.status)[1]) <= high, (name, play.status)
    play.button("Rate too high").click()
    play.button("Run").click()
    play.until("After 500 epochs")
    assert float(re.search(r"loss ([\d.]+) nats", play.status)[1]) > 0.5, play.status


def test_an_overflow_stops_the_run_and_is_explained(show):
    figure = Figure(
        show(
            interactives.playground("spiral", hidden=(8, 8, 8, 8), activation="linear", learning_rate=10),
            still=True,
        )
    )
    figure.button("Run").click()
    figure.until("this learning rate is too high")
    figure.button("Reset").click()
    assert figure.status.startswith("Before training")


# ---- the playground: network and data


def test_layers_and_units_are_chosen_where_they_stand(play):
    assert play.units == 2 + 4 + 2 + 1
    play.choose("Units in layer 1", "8")
    assert play.units == 2 + 8 + 2 + 1
    assert play.page.evaluate("document.activeElement.getAttribute('aria-label')") == "Units in layer 1"
    play.choose("Hidden layers", "4")
    assert play.units == 2 + 8 + 2 + 2 + 2 + 1
    play.choose("Hidden layers", "0")
    assert play.units == 3
    play.button("One epoch").click()
    assert play.words.startswith("Output: ")


def test_what_changes_the_network_starts_afresh_and_what_changes_learning_does_not(play):
    play.button("One epoch").click()
    for name, value in (
        ("Learning rate", "0.3"),
        ("Batch size", "50"),
        ("Regularisation", "L1"),
        ("Its rate", "0.1"),
    ):
        play.choose(name, value)
        assert play.epoch == 1, name
    play.button("One epoch").click()
    assert play.epoch == 2
    for name, value in (("Activation", "relu"), ("Noise", "0.5"), ("Hidden layers", "1")):
        play.choose(name, value)
        assert play.epoch == 0, name
        play.button("One epoch").click()
    play.button("Spiral").click()
    assert play.epoch == 0 and play.button("Spiral").get_attribute("aria-pressed") == "true"


def test_the_rate_of_no_penalty_cannot_be_chosen(play):
    strength = play.root.get_by_role("combobox", name="Its rate")
    assert strength.is_disabled()
    play.choose("Regularisation", "L2")
    assert strength.is_enabled()


def test_a_unit_is_shown_large_by_click_and_by_key(play):
    page, seen = play.page, play.root.locator(".dlm-seen")
    output = play.root.locator("canvas[role=img]").first.evaluate("c => c.toDataURL()")
    play.button("Layer 1, unit 2").click()
    page.mouse.move(5, 5)
    assert seen.inner_text().startswith("Layer 1, unit 2: tanh of ")
    assert play.button("Layer 1, unit 2").get_attribute("aria-pressed") == "true"
    assert play.root.locator("canvas[role=img]").first.evaluate("c => c.toDataURL()") != output
    play.button("Layer 1, unit 2").click()
    page.mouse.move(5, 5)
    assert seen.inner_text().startswith("Output: ")
    for key in ("ArrowRight", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert seen.inner_text().startswith("Layer 2, unit 1: tanh of ")
    for key in ("ArrowRight", "ArrowRight", "Enter"):
        page.keyboard.press(key)
    assert seen.inner_text().startswith("Output: ")


def test_pointing_at_a_unit_shows_it_for_the_moment(play):
    play.button("Layer 2, unit 1").hover()
    assert play.root.locator(".dlm-seen").inner_text().startswith("Layer 2, unit 1: ")
    play.page.mouse.move(5, 5)
    assert play.root.locator(".dlm-seen").inner_text().startswith("Output: ")


def test_test_points_and_first_layer_lines(play):
    seen = [play.pixels()]
    for label in ("Show the test points", "Show the lines of the first layer"):
        play.root.get_by_label(label).check()
        seen.append(play.pixels())
    assert len(set(seen)) == 3
    play.choose("Hidden layers", "0")
    assert play.root.get_by_label("Show the lines of the first layer").is_disabled()


def test_values_from_python_that_no_menu_has(show):
    figure = Figure(
        show(
            interactives.playground(
                "xor",
                learning_rate=0.05,
                batch_size=32,
                noise=0.1,
                regularisation="L2",
                regularisation_rate=0.02,
            )
        )
    )
    assert [figure.chosen(name) for name in ("Learning rate", "Batch size", "Noise", "Its rate")] == [
        "0.05",
        "32",
        "0.1",
        "0.02",
    ]


# ---- the computation graph


def test_forward_then_backward_step_by_step(graph):
    assert graph.status == "Nothing is computed yet. 3 steps forward, then 5 edges back."
    assert "v\u2083 = sigmoid(v\u2082): not computed yet." in graph.words
    graph.step(1)
    assert graph.status == "Step 1 of 9, forward: v\u2081 = w \u00b7 x = 2 \u00b7 1 = 2."
    graph.step(2)
    assert graph.fact("Result") == "0.7311"
    graph.step(1)
    assert "its adjoint is 1" in graph.status
    graph.step(1)
    assert "\u2202v\u2083/\u2202v\u2082 = v\u2083 \u00b7 (1 \u2212 v\u2083) = 0.197" in graph.status
    assert graph.fact("Edges walked back") == "1 of 5"
    graph.button("Back").click()
    assert graph.fact("Edges walked back") == "0 of 5"
    graph.step(5)
    assert "Slopes of the result: w: 0.197, x: 0.393, b: 0.197. Central differences agree" in graph.status
    assert graph.button("Next").is_disabled() and graph.button("Run").is_disabled()
    graph.button("Reset").click()
    assert graph.status.startswith("Nothing is computed yet")


def test_a_shared_input_adds_up_what_arrives(graph):
    graph.button("One input, three edges").click()
    graph.step(6)
    assert "arrives in x, which held 1: 1 + 3 = 4." in graph.status
    assert "2 of 3 arrived" in graph.root.locator("svg").inner_html()
    assert "x: value 3, adjoint 4." in graph.words
    graph.step(1)
    assert "4 + 3 = 7." in graph.status and "x: 7" in graph.status
    graph.button("Six edges, eight paths").click()
    assert graph.fact("Paths") == "8" and graph.fact("Edges") == "0 of 6"


def test_a_saturated_neuron_lets_little_through(graph):
    graph.button("A saturated neuron").click()
    graph.button("Run").click()
    assert "w: 0.000247" in graph.status


def test_inputs_change_on_the_way(graph):
    graph.button("Run").click()
    assert "Done." in graph.status
    graph.root.get_by_role("slider", name="b", exact=True).fill("1")
    assert "b: 0.0452" in graph.status and graph.fact("Result") == "0.9526"
    leaf = graph.root.locator("[data-leaf='0']").bounding_box()
    x, y = leaf["x"] + leaf["width"] / 2, leaf["y"] + leaf["height"] / 2
    graph.page.mouse.move(x, y)
    graph.page.mouse.down()
    graph.page.mouse.move(x, y - 50, steps=5)
    graph.page.mouse.up()
    assert graph.root.get_by_role("slider", name="w", exact=True).input_value() == "3"
    assert "Central differences agree" in graph.status


def test_any_listed_formula_agrees_with_central_differences(graph):
    menu = graph.root.get_by_role("combobox", name="Formula")
    count = menu.locator("option").count() - 1
    assert count >= 5
    questions = set()
    for i in range(count):
        menu.select_option(str(i))
        questions.add(graph.root.locator(".dlm-question").inner_text())
        graph.button("Run").click()
        assert "Central differences agree" in graph.status, graph.status
    assert len(questions) == count


def test_a_formula_can_be_typed_and_a_mistake_is_explained(graph):
    box = graph.root.get_by_role("textbox", name="Or type a formula")
    box.fill("x*y - exp(x")
    box.press("Enter")
    assert "Expected a closing bracket at the end. The graph still shows sigmoid(w*x + b)." in graph.status
    assert box.get_attribute("aria-invalid") == "true"
    box.fill("x*y - exp(x)")
    box.press("Enter")
    assert box.get_attribute("aria-invalid") is None
    graph.button("Run").click()
    assert "Central differences agree" in graph.status
    assert graph.root.get_by_role("slider", name="x", exact=True).input_value() == "1", (
        "a name that stays keeps its value"
    )
    box.fill("log(x - 5)")
    box.press("Enter")
    graph.button("Run").click()
    assert "some value is undefined here" in graph.status


def test_a_kink_is_not_called_agreement(show):
    figure = Figure(show(interactives.computation_graph("relu(x)", x=0), still=True))
    figure.button("Run").click()
    assert "Central differences differ: there is a kink" in figure.status


def test_a_run_takes_its_time_and_can_be_paused(show):
    figure = Figure(show(interactives.computation_graph()))
    figure.button("Run").click()
    figure.until("Step 2 of 9")
    figure.button("Pause").click()
    figure.page.wait_for_timeout(1000)
    assert figure.status.startswith("Step 2 of 9")


def test_the_step_slider_goes_anywhere(graph):
    slider = graph.root.get_by_role("slider", name="Step")
    slider.press("End")
    assert "Done." in graph.status
    slider.fill("2")
    assert graph.status.startswith("Step 2 of 9, forward")


# ---- keyboard, focus, names


def test_in_a_deck_arrows_in_the_network_stay_and_the_clicker_turns_the_slide(show):
    figure = Figure(show(interactives.playground(), main="reveal", still=True))
    page = figure.page
    listen(page)
    figure.button("Output").focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter", "PageDown"):
        page.keyboard.press(key)
    assert figure.button("Layer 2, unit 1").get_attribute("aria-pressed") == "true"
    assert leaked(page) == ["PageDown"]


def test_a_wide_graph_scrolls_to_where_the_step_is(show):
    formula = "exp(-a**2)/(1 + b**2) - sin(a*b)*cos(c) + sqrt(2 + c)*log(3 + a)"
    figure = Figure(show(interactives.computation_graph(formula), phone=True, still=True))
    slider, places = figure.root.get_by_role("slider", name="Step"), []
    for step in (1, 17, 41):
        slider.fill(str(step))
        places.append(figure.root.locator(".dlm-graph").evaluate("e => e.scrollLeft"))
    assert places[1] > places[0] + 100 and places[2] < places[1] - 100


def test_no_key_leaks_and_focus_is_seen(show):
    page = show(interactives.playground(), interactives.computation_graph(), still=True)
    assert 30 < focus_stops(page) < 60, "the units of the network are one stop"


def test_no_accessibility_fault(show, axe_faults):
    page = show(interactives.playground(), interactives.computation_graph("x*x + x", x=3), still=True)
    for summary in page.locator(".dlm summary").all():
        summary.click()
    Figure(page, 1).step(5)
    assert axe_faults(page) == []
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function("document.querySelectorAll('[data-dlm][data-scheme=dark]').length === 2")
    assert axe_faults(page) == []


# ---- looks


def test_phone(show):
    page = show(
        interactives.playground(hidden=(8, 8, 8, 8)),
        interactives.computation_graph("(sigmoid(w0*x0 + w1*x1 + b) - y)**2"),
        phone=True,
    )
    assert_fits_a_phone(page)
    boxes = page.locator(".dlm-unit").evaluate_all(
        "all => all.map((e) => { const r = e.getBoundingClientRect(); return [r.x, r.y, r.right, r.bottom]; })"
    )
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            apart = a[0] >= b[2] - 0.1 or b[0] >= a[2] - 0.1 or a[1] >= b[3] - 0.1 or b[1] >= a[3] - 0.1
            assert apart, "two units overlap"
    svg = page.locator(".dlm-graph")
    assert svg.evaluate("e => e.scrollWidth <= e.clientWidth"), "the graph stands upright on a phone"


def test_touch_drags_an_input_and_taps_a_unit(show):
    page = show(interactives.computation_graph(), interactives.playground(), phone=True, still=True)
    figure = Figure(page)
    leaf = figure.root.locator("[data-leaf='0']")
    leaf.scroll_into_view_if_needed()
    box, scrolled = leaf.bounding_box(), page.evaluate("scrollY")
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    touch_drag(page, (x, y), *((x, y - 10 * i) for i in range(1, 6)))
    assert figure.root.get_by_role("slider", name="w", exact=True).input_value() == "3"
    assert page.evaluate("scrollY") == scrolled
    play = Figure(page, 1)
    play.button("Layer 1, unit 3").tap()
    assert play.root.locator(".dlm-seen").inner_text().startswith("Layer 1, unit 3: ")


def test_dark_and_light_follow_the_page(show):
    figure = Figure(show(interactives.playground(), still=True))
    assert_follows_the_scheme(figure)


@pytest.mark.parametrize("scale", [1, 3])
def test_sharp_on_every_screen_and_never_too_wide(show, scale):
    page = show(interactives.playground(), interactives.computation_graph(), scale=scale)
    sharp = f"[...document.querySelectorAll('.dlm-main canvas:not(.dlm-set canvas)')].every((c) => Math.abs(c.width / c.clientWidth - {scale}) < 0.02)"
    for width in (1280, 600, 320):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(sharp)
        widths = page.evaluate("[...document.querySelectorAll('.dlm')].map((e) => e.offsetWidth)")
        assert max(widths) <= min(720, width - 32)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_hidden_at_first_as_on_a_later_slide(show):
    page = show(interactives.playground(), interactives.computation_graph(), still=True)
    seen = Figure(page).pixels(), page.locator(".dlm-graph").inner_html()
    page.evaluate("document.querySelector('main').style.display = 'none'")
    page.wait_for_timeout(100)
    page.evaluate("document.querySelector('main').style.display = ''")
    page.wait_for_timeout(150)
    assert (Figure(page).pixels(), page.locator(".dlm-graph").inner_html()) == seen


# ---- links


def test_a_link_brings_back_the_trained_network(show):
    figures = [interactives.playground(), interactives.playground("xor")]
    page = show(*figures, still=True)
    second = Figure(page, 1)
    for name, value in (
        ("Hidden layers", "3"),
        ("Activation", "relu"),
        ("Noise", "0.25"),
        ("Learning rate", "0.1"),
        ("Batch size", "50"),
    ):
        second.choose(name, value)
    for name in ("One epoch", "One epoch", "One batch"):
        second.button(name).click()
    status, link = second.status.partition("epochs: ")[2], second.copied()
    assert "#dlm=playground.1:" in link and status
    again = show(*figures, still=True, suffix=link)
    restored = Figure(again, 1)
    assert restored.status.partition("epochs: ")[2] == status
    assert [
        restored.chosen(n) for n in ("Hidden layers", "Activation", "Noise", "Learning rate", "Batch size")
    ] == ["3", "relu", "0.25", "0.1", "50"]
    assert Figure(again, 0).status.startswith("Before training")
    for figure in (second, restored):
        figure.button("One epoch").click()
    assert restored.epoch == second.epoch == 3
    assert restored.status == second.status, "both go on alike"


def test_a_link_brings_back_formula_inputs_and_step(show):
    figure = Figure(show(interactives.computation_graph(), still=True))
    box = figure.root.get_by_role("textbox", name="Or type a formula")
    box.fill("a*sin(a*b)")
    box.press("Enter")
    figure.root.get_by_role("slider", name="a", exact=True).fill("-1.5")
    figure.step(4)
    words, link = figure.words, figure.copied()
    again = Figure(show(interactives.computation_graph(), still=True, suffix=link))
    assert again.words == words and "a: value \u22121.5" in words
    assert again.root.get_by_role("slider", name="Step").input_value() == "4"


def test_a_bad_link_changes_nothing(show):
    page = show(interactives.playground(), interactives.computation_graph())
    address = page.url
    for suffix in (
        "#dlm=playground.0:((1,2),(3))",
        "#dlm=playground.0:(9)",
        "#dlm=computation_graph.0:((40),(1),(0))",
    ):
        page.goto("about:blank")
        page.goto(address + suffix)
        page.wait_for_selector("[data-mounted] .dlm-body")
        assert Figure(page).status.startswith("Before training") and Figure(page).units == 9
        assert Figure(page, 1).status.startswith("Nothing is computed yet. 3 steps")


# ---- without the script


def test_without_javascript_the_lesson_is_read(chromium, write_page):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_page([interactives.playground(), interactives.computation_graph()]))
    text = page.locator("main").inner_text()
    context.close()
    assert "two parallel lines part the corners of XOR" in text and "One walk back" in text
