"""The convolution explorer and the drawn digit in Chromium: mouse, touch, keyboard, links, colours, and Keras again.

Needs no built book: the figures' own output is put on a page of a few lines.
"""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path

import numpy as np
import pytest

from course_utils import interactives
from course_utils.interactives.export import export_keras
from tests.browser import figure_page
from tests.browser.figure_page import (
    assert_comes_back_from_hiding,
    assert_fits_a_phone,
    assert_follows_the_scheme,
    assert_never_too_wide,
    focus_stops,
    leaked,
    listen,
    touch_drag,
)
from tests.unit import test_interactives_cnns as reference

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def net():
    return reference.lecture_net()


class Figure(figure_page.Figure):
    """One figure on the page, as a reader meets it."""

    def canvas(self, name):
        return self.root.locator(f"canvas[aria-label^='{name}']")

    def spot(self, canvas, x, y):
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        return box["x"] + x * box["width"], box["y"] + y * box["height"]

    def stroke(self, *points):
        """Draw on the paper with the mouse; points from 0 to 1."""
        paper, mouse = self.root.locator(".dlm-paper"), self.page.mouse
        mouse.move(*self.spot(paper, *points[0]))
        mouse.down()
        for point in points[1:]:
            mouse.move(*self.spot(paper, *point), steps=6)
        mouse.up()

    def chances(self):
        label = self.root.locator(".dlm-bars").get_attribute("aria-label")
        return dict(re.findall(r"(\d): ([<> \d.]+) %", label))


@pytest.fixture
def explorer(show):
    return Figure(show(interactives.convolution(), still=True, height=1100))


@pytest.fixture
def paper(show, net):
    return Figure(show(interactives.draw_digit(net), height=1200))


# ---- the same numbers as Keras, in the engine that readers use


def in_page(page, module, function, argument):
    return page.evaluate(
        f"async (a) => ({function})(await import('/course_utils/interactives/{module}'), a)", argument
    )


def test_forward_pass_equals_keras_in_chromium(module_page):
    images = reference.test_images()
    for name, model in reference.networks().items():
        found = in_page(module_page, "nn.js", reference.CLASSIFY, [export_keras(model), images.tolist()])
        worst = reference.compare(model, images, found)
        print(f"{name}: logits {worst[0]:.1e}, probabilities {worst[1]:.1e}")


def stored_network():
    """The network that readers of lecture 06 draw for, as its stored notebook holds it."""
    cells = json.loads((ROOT / "notebooks" / "06_cnns.ipynb").read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", [])]
    pages = ["".join(output.get("data", {}).get("text/html", "")) for output in outputs]
    [page] = [page for page in pages if 'data-dlm="draw_digit' in page]
    [data] = re.findall(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    return json.loads(data)["network"]


def rebuilt(network):
    """The same network in Keras, from the same weights."""
    layers, kind = reference.keras().layers, network["precision"]
    chain, weights = [], []
    for entry in network["layers"]:
        activation = entry.get("activation", "linear")
        if entry["type"] == "conv":
            size, padding = tuple(entry["size"]), entry["padding"]
            chain.append(layers.Conv2D(entry["filters"], size, padding=padding, activation=activation))
        elif entry["type"] == "dense":
            chain.append(layers.Dense(entry["units"], activation=activation))
        elif entry["type"] == "pool":
            chain.append(layers.MaxPooling2D())
        else:
            assert entry["type"] == "shape", f"a layer that this test can't rebuild: {entry['type']}"
            chain.append(layers.Reshape(entry["shape"]))
        parts = (base64.b64decode(entry[name]) for name in ("kernel", "bias") if name in entry)
        weights += [np.frombuffer(part, np.dtype(kind).newbyteorder("<")).astype("float32") for part in parts]
    model = reference.keras().Sequential([reference.keras().Input(network["input"]), *chain])
    shapes = [part.shape for part in model.get_weights()]
    model.set_weights([part.reshape(shape) for part, shape in zip(weights, shapes, strict=True)])
    return model


def test_the_lectures_own_network_equals_keras_in_chromium(module_page):
    from course_utils import datasets

    network, images = stored_network(), reference.test_images()
    model = rebuilt(network)
    found = in_page(module_page, "nn.js", reference.CLASSIFY, [network, images.tolist()])
    assert len(found) == 100
    worst = reference.compare(model, images, found)
    print(f"lecture 06: logits {worst[0]:.1e}, probabilities {worst[1]:.1e}")
    answers = np.array([np.argmax(logits) for logits, _ in found])
    assert np.mean(answers == datasets.load_digits().y_test[:100]) >= 0.9  # these are its trained weights


def test_convolution_equals_keras_in_chromium(module_page):
    found = in_page(module_page, "sliding_window.js", reference.CONVOLVE, reference.convolution_argument())
    reference.compare_convolutions(found)


def test_an_example_gets_the_probabilities_of_keras(paper, net):
    from course_utils import datasets

    split = datasets.load_digits()
    for digit in (0, 4, 9):
        image = split.x_test[[int((split.y_test == digit).argmax())]]
        p = reference.with_keras(net, image)[1][0]
        paper.button(f"Example of a {digit}").click()
        assert f"a {p.argmax()} (" in paper.status
        for k, text in paper.chances().items():
            if text[0] not in "<>":
                assert float(text) == pytest.approx(100 * p[int(k)], rel=0.06), k


# ---- the drawn digit


def test_nothing_is_drawn_at_first_and_erase_brings_it_back(paper):
    empty, before = paper.status, paper.pixels()
    assert empty.startswith("The paper is empty") and paper.button("Erase").is_disabled()
    paper.stroke((0.3, 0.2), (0.7, 0.2), (0.45, 0.8))
    assert "(" in paper.status and "%" in paper.status and paper.pixels() != before
    paper.stroke((0.4, 0.5), (0.6, 0.5))
    two = paper.chances()
    paper.button("Undo stroke").click()
    assert paper.chances() != two
    paper.button("Erase").click()
    paper.button("What you see").or_(paper.root.locator("summary")).first.focus()
    assert paper.status == empty and paper.pixels() == before and paper.chances() == {}


def test_size_and_place_of_a_drawing_hardly_change_the_answer(paper):
    seven = ((0.3, 0.2), (0.7, 0.2), (0.45, 0.8))
    found = []
    for size, x, y in ((1, 0, 0), (0.4, 0.55, 0.5), (0.3, 0.02, 0.6)):
        paper.button("Erase").click() if found else None
        paper.stroke(*[(x + size * a, y + size * b) for a, b in seven])
        found.append(re.search(r"a (\d) \(", paper.status)[1])
    assert len(set(found)) == 1


def test_bars_follow_while_the_pen_is_down(paper):
    mouse, sheet = paper.page.mouse, paper.root.locator(".dlm-paper")
    seen = set()
    mouse.move(*paper.spot(sheet, 0.2, 0.2))
    mouse.down()
    for k in range(6):
        mouse.move(*paper.spot(sheet, 0.2 + 0.1 * k, 0.2 + 0.12 * (k % 3)), steps=3)
        paper.pixels()
        seen.add(str(paper.chances()))
    assert paper.root.get_by_role("status").get_attribute("aria-live") == "off"
    mouse.up()
    assert paper.root.get_by_role("status").get_attribute("aria-live") == "polite"
    assert len(seen) >= 4


def test_the_keyboard_draws_too(paper):
    keys = paper.page.keyboard
    paper.root.locator(".dlm-paper").focus()
    keys.press("Shift+ArrowUp")
    keys.press("Space")
    assert paper.status.startswith("Pen down. ")
    for _ in range(4):
        keys.press("Shift+ArrowDown")
    keys.press("Space")
    assert paper.status.startswith("Pen up. ")
    drawn = paper.chances()
    assert len(drawn) == 10
    keys.press("ArrowLeft")
    assert paper.chances() == drawn, "a lifted pen draws nothing"
    keys.press("7")
    assert paper.button("Example of a 7").get_attribute("aria-pressed") == "true"
    keys.press("Backspace")
    assert paper.chances() == {}


def test_a_stroke_on_an_example_is_added_to_it(paper):
    paper.button("Example of a 3").click()
    before = paper.chances()
    paper.stroke((0.3, 0.15), (0.3, 0.85))
    assert paper.chances() != before
    paper.button("Undo stroke").click()
    assert paper.chances() == before


def test_try_this_draws_what_it_asks_about(paper):
    seen = []
    for name in ("A 3 to close", "Tiny, in a corner", "No digit at all"):
        paper.button(name).click()
        seen.append(paper.chances())
        assert paper.root.locator(".dlm-question").inner_text().endswith(("draw.", "sees.", "change?"))
    assert seen[2] != seen[0]
    first, tiny = ([max(c, key=lambda k: float(c[k].strip("<> ")))] for c in seen[:2])
    assert first == tiny


def test_maps_of_every_convolution_are_drawn(paper):
    paper.button("Example of a 5").click()
    for name in ("Convolution 1: 8 maps of 8 × 8", "Convolution 2: 16 maps of 6 × 6"):
        assert paper.canvas(name).count() == 1
        colours = paper.canvas(name).evaluate("""c => new Set(new Uint32Array(
          c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size""")
        assert colours > 10


def test_a_network_without_convolution_says_so(show):
    figure = Figure(show(interactives.draw_digit(reference.networks()["dense_only"])))
    figure.button("Example of a 1").click()
    assert "no convolution" in figure.root.inner_text() and len(figure.chances()) == 10


def test_a_drawing_of_many_strokes_does_not_freeze_the_page(paper):
    for k in range(12):
        paper.stroke((0.1, 0.05 + 0.07 * k), (0.5, 0.1 + 0.07 * k), (0.9, 0.05 + 0.07 * k))
    longest = paper.page.evaluate("""async () => { const e = document.querySelector('.dlm-paper'), r = e.getBoundingClientRect();
      const send = (type, x) => e.dispatchEvent(new PointerEvent(type, { pointerId: 1, clientX: r.x + x, clientY: r.y + 40, bubbles: true }));
      e.setPointerCapture = () => {}; send('pointerdown', 10); const times = [];
      for (let i = 0; i < 30; i++) { await new Promise(requestAnimationFrame); const t = performance.now(); send('pointermove', 10 + 5 * i); times.push(performance.now() - t); }
      send('pointerup', 100); return times.sort((a, b) => a - b)[15]; }""")
    assert longest < 50, f"half of the moves take more than {longest:.0f} ms"


# ---- the explorer


def test_the_window_follows_the_mouse_and_the_arrows(explorer):
    assert explorer.status.startswith("Row 2, column 2 of the output")
    picture = explorer.canvas("The picture")
    mouse = explorer.page.mouse
    mouse.move(*explorer.spot(picture, 2.5 / 8, 2.5 / 8))
    mouse.down()
    mouse.move(*explorer.spot(picture, 5.5 / 8, 3.5 / 8), steps=5)
    mouse.up()
    assert explorer.status.startswith("Row 3, column 5 of the output")
    explorer.canvas("The output").click(position={"x": 5, "y": 5})
    assert explorer.status.startswith("Row 1, column 1 of the output")
    explorer.canvas("The output").press("ArrowRight")
    picture.press("ArrowDown")
    picture.press("ArrowUp")
    picture.press("ArrowUp")
    assert explorer.status.startswith("Row 1, column 2 of the output")


def test_products_add_up_to_what_is_said(explorer):
    image = np.array(interactives.convolution().props["image"])
    kernel = np.array([[1, 0, -2.5], [0, 3, 0], [0.5, 0, 1]])
    for k, v in enumerate(kernel.ravel()):
        explorer.root.get_by_role("spinbutton").nth(k).fill(str(v))
    explorer.canvas("The output").press("ArrowDown")
    sum_ = float((image[2:5, 1:4] * kernel).sum())
    said = re.search(r"add up to ([−\d.]+)\.( |$)", explorer.status)[1].replace("−", "-")
    assert explorer.status.startswith("Row 3, column 2") and float(said) == pytest.approx(sum_, rel=5e-3)
    assert explorer.root.locator(".dlm-facts").inner_text().count("324") == 1


def test_stride_padding_relu_pooling(explorer):
    caption = explorer.root.locator(".dlm-pictures")
    for name, size in (
        ("Stride 2", "Output, 3 × 3"),
        ("Padding same", "Output, 4 × 4"),
        ("Stride 1", "Output, 8 × 8"),
    ):
        explorer.button(name).click()
        assert size in caption.inner_text()
    assert "a rim of zeros" in caption.inner_text() and "After pooling" not in caption.inner_text()
    before = explorer.pixels()
    explorer.root.get_by_label("ReLU").check()
    assert explorer.pixels() != before
    explorer.root.get_by_label("2 × 2 max pooling").check()
    assert "After pooling, 4 × 4" in caption.inner_text()
    for _ in range(3):
        explorer.canvas("The output").press("ArrowUp")
        explorer.canvas("The output").press("ArrowLeft")
    assert "5 of the nine pixels lie outside" in explorer.status and "2 × 2 block" in explorer.status


def test_presets_fill_the_kernel(explorer):
    explorer.button("Vertical edges").click()
    values = [box.input_value() for box in explorer.root.get_by_role("spinbutton").all()]
    assert values == ["-1", "0", "1", "-2", "0", "2", "-1", "0", "1"]
    assert explorer.button("Vertical edges").get_attribute("aria-pressed") == "true"
    explorer.root.get_by_role("spinbutton").nth(4).press("ArrowUp")
    assert explorer.root.get_by_role("spinbutton").nth(4).input_value() == "0.5"
    assert explorer.button("Vertical edges").get_attribute("aria-pressed") == "false"


def test_the_output_fills_as_the_window_slides(show):
    figure = Figure(show(interactives.convolution(np.eye(4), "blur")))
    figure.button("One step").click()
    assert "1 of 4 filled" in figure.root.inner_text()
    figure.button("Slide over it").click()
    figure.button("Slide over it").wait_for()
    figure.root.locator(".dlm-pictures", has_not_text="filled").wait_for()
    assert figure.status.startswith("Row 2, column 2") and figure.button("Show all").is_disabled()
    figure.button("Slide over it").click()
    figure.button("Pause").click()
    assert "of 4 filled" in figure.root.inner_text()
    figure.button("Show all").click()
    assert "filled" not in figure.root.locator(".dlm-pictures").inner_text()


def test_with_reduced_motion_the_window_jumps(explorer):
    explorer.button("Slide over it").click()
    assert explorer.status.startswith("Row 6, column 6") and explorer.button("Pause").count() == 0


def test_try_this_of_the_explorer(explorer):
    explorer.button("Shift the picture").click()
    assert "Shifted by 1: 40 of 40 inner outputs moved along" in explorer.status
    explorer.button("Shift the picture").click()
    assert "Shifted by 2: 32 of 32 inner" in explorer.status
    explorer.button("Shift the picture").click()
    assert explorer.status.startswith("Back in place.")
    explorer.button("Skip every second").click()
    assert "Output, 3 × 3" in explorer.root.inner_text()
    explorer.button("One direction").click()
    assert explorer.button("Horizontal edges").get_attribute("aria-pressed") == "true"
    explorer.button("Reset").click()
    assert "All edges" in explorer.root.locator("[aria-pressed=true]").all_inner_texts()


# ---- both: keyboard, names, looks, links


def test_no_key_leaks_and_focus_is_seen(show, net):
    page = show(interactives.convolution(), interactives.draw_digit(net), still=True)
    assert focus_stops(page) > 40


def test_no_accessibility_fault(show, axe_faults, net):
    page = show(interactives.convolution(), interactives.draw_digit(net), still=True)
    Figure(page).button("Shift the picture").click()
    Figure(page, 1).button("Example of a 2").click()
    for summary in page.locator(".dlm summary").all():
        summary.click()
    assert axe_faults(page) == []
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function("document.querySelectorAll('[data-dlm][data-scheme=dark]').length === 2")
    assert axe_faults(page) == []


def test_phone(show, net):
    page = show(interactives.convolution(), interactives.draw_digit(net), phone=True)
    Figure(page).button("Shift the picture").click()
    assert_fits_a_phone(page)


def test_a_finger_draws_and_the_page_stays(show, net):
    figure = Figure(show(interactives.draw_digit(net), phone=True))
    sheet = figure.root.locator(".dlm-paper")
    x, y = figure.spot(sheet, 0.5, 0.2)
    page, scrolled = figure.page, figure.page.evaluate("scrollY")
    touch_drag(page, (x, y), *((x, y + 20 * i) for i in range(1, 9)))
    assert len(figure.chances()) == 10 and page.evaluate("scrollY") == scrolled


@pytest.mark.parametrize("which", ["convolution", "draw_digit"])
def test_dark_and_light_follow_the_page(show, net, which):
    make = {"convolution": interactives.convolution, "draw_digit": lambda: interactives.draw_digit(net)}[
        which
    ]
    figure = Figure(show(make(), still=True))
    assert_follows_the_scheme(figure)


def test_never_too_wide_and_hidden_at_first(show, net):
    page = show(interactives.convolution(np.eye(16)), interactives.draw_digit(net), still=True)
    assert_never_too_wide(page)
    assert_comes_back_from_hiding(page)


def test_links_bring_back_kernel_and_drawing(show, net):
    figures = [interactives.convolution(), interactives.draw_digit(net)]
    page = show(*figures, still=True)
    first, second = Figure(page), Figure(page, 1)
    for name in ("Blur", "Stride 2", "Padding same"):
        first.button(name).click()
    first.canvas("The output").press("ArrowDown")
    second.stroke((0.3, 0.2), (0.7, 0.2), (0.45, 0.8))
    status, digit = first.status, re.search(r"a \d ", second.status)[0]
    again = Figure(show(*figures, still=True, suffix=first.copied()))
    assert again.status == status and again.button("Blur").get_attribute("aria-pressed") == "true"
    again = Figure(show(*figures, still=True, suffix=second.copied()), 1)
    assert digit in again.status
    for bad in ("#dlm=convolution.0:((1,2),(3))", "#dlm=draw_digit.0:((99),(1,2))"):
        page = show(*figures, still=True, suffix=bad)
        assert Figure(page).status.startswith("Row 2, column 2")
        assert Figure(page, 1).status.startswith("The paper is empty")


def test_in_a_deck_the_clicker_turns_the_slide(show, net):
    figure = Figure(show(interactives.convolution(), main="reveal", still=True))
    page = figure.page
    listen(page)
    figure.canvas("The output").focus()
    for key in ("ArrowDown", "PageDown"):
        page.keyboard.press(key)
    assert leaked(page) == ["PageDown"] and figure.status.startswith("Row 3")


def test_without_javascript_the_lesson_is_read(chromium, write_page, net):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_page([interactives.convolution(), interactives.draw_digit(net)]))
    text = page.locator("main").inner_text()
    context.close()
    assert "multiply place by place" in text and "none of these" in text
