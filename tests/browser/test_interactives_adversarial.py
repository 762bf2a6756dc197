"""The attacked digit in Chromium: mouse, keyboard, phone, links, colours, and TensorFlow's gradient again.

Needs no built book: the figure's own output is put on a page of a few lines.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from course_utils import datasets, interactives
from course_utils.interactives.export import export_keras
from tests.browser.figure_page import (
    Figure,
    assert_fits_a_phone,
    assert_follows_the_scheme,
    focus_stops,
    go_dark,
)
from tests.unit import test_interactives_adversarial as reference

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def net():
    """A small network that reads most digits."""
    import keras

    from course_utils.networks.vision import train

    data = datasets.load_digits()
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(6, 3, padding="same", activation="relu"),
            keras.layers.MaxPool2D(),
            keras.layers.Flatten(),
            keras.layers.Dense(10),
        ]
    )
    return train(model, data.x_train.reshape(-1, 8, 8), data.y_train, 10, np.random.default_rng(0))


@pytest.fixture
def figure(show, net):
    return Figure(show(interactives.adversarial(net), still=True, height=1100))


def push(figure, epsilon):
    figure.root.get_by_role("slider").fill(str(epsilon))


def chances(figure):
    label = figure.root.locator(".dlm-chances").get_attribute("aria-label")
    return dict(re.findall(r"(\d): ([<> \d.]+) %", label))


def test_the_slider_flips_the_answer(figure):
    assert "The budget is 0" in figure.status and len(chances(figure)) == 10
    before = figure.pixels()
    push(figure, 0.4)
    assert "no pixel moved by more than 0.4" in figure.status and "still a 0" not in figure.status
    assert figure.root.locator(".dlm-chances [data-wrong]").count() == 1
    assert figure.pixels() != before
    push(figure, 0)
    assert figure.root.locator(".dlm-chances [data-right]").count() == 1 and figure.pixels() == before


def test_a_wanted_answer_and_noise(figure):
    push(figure, 0.4)
    figure.button("Wanted answer 9").click()
    assert "toward 9" in figure.status and "a 9, as wanted" in figure.status
    assert figure.button("Wanted answer 0").is_disabled()
    figure.button("Noise").click()
    assert "Noise" in figure.status and figure.button("Any wrong answer").is_disabled()
    before = figure.pixels()
    figure.button("New noise").click()
    assert figure.pixels() != before
    figure.button("One step").click()
    assert "One step" in figure.status and figure.button("New noise").is_disabled()


def test_digits_magnifier_and_try_this(figure):
    figure.button("Digit 4").click()
    assert "this 4 is read" in figure.status
    figure.button("Flip it").click()
    assert "away from 4" in figure.status and "× 6.7" in figure.root.inner_text()
    before = figure.pixels()
    figure.root.get_by_label("Magnify the change").uncheck()
    assert "× 6.7" not in figure.root.inner_text() and figure.pixels() != before
    figure.button("Make it a 0").click()
    assert "toward 0" in figure.status
    figure.button("Digit 0").click()
    assert "away from 0" in figure.status  # a 0 can't become a 0
    figure.button("Noise instead").click()
    assert "Noise" in figure.status
    figure.button("Reset").click()
    assert "The budget is 0" in figure.status


def test_a_move_of_the_slider_is_quick(figure):
    longest = figure.page.evaluate("""() => { const s = document.querySelector('.dlm input[type=range]'), times = [];
      for (let i = 1; i < 20; i++) { const t = performance.now(); s.value = i / 50; s.dispatchEvent(new Event('input')); times.push(performance.now() - t); }
      return times.sort((a, b) => a - b)[9]; }""")
    assert longest < 100, f"half of the moves take more than {longest:.0f} ms"


def test_the_gradient_equals_tensorflow_here_too(module_page, net):
    data = datasets.load_digits()
    images, labels = data.x_test[:20], data.y_test[:20]
    found = module_page.evaluate(
        """async ([network, images, labels]) => {
          const nn = await import('/course_utils/interactives/nn.js'), back = await import('/course_utils/interactives/nn_backward.js');
          const net = nn.loadNetwork(network);
          return images.map((x, i) => back.lossSlope(net, x, labels[i])); }""",
        [export_keras(net), images.tolist(), labels.tolist()],
    )
    assert np.abs(np.array(found) - reference.with_tensorflow(net, images, labels)).max() <= 1e-4


def test_links_bring_back_the_attack(show, net):
    make = interactives.adversarial(net)
    figure = Figure(show(make, still=True))
    figure.button("Digit 3").click()
    push(figure, 0.3)
    figure.button("Wanted answer 5").click()
    status = figure.status
    again = Figure(show(make, still=True, suffix=figure.copied()))
    assert again.status == status
    for bad in ("((1,2))", "(0,99,-1,1,1,1)", "(0,10,3,7,1,1)"):
        assert "The budget is 0" in Figure(show(make, still=True, suffix=f"#dlm=adversarial.0:{bad}")).status


def test_no_key_leaks_and_focus_is_seen(show, net):
    page = show(interactives.adversarial(net), still=True)
    assert focus_stops(page) > 25


def test_no_accessibility_fault(show, axe_faults, net):
    page = show(interactives.adversarial(net), still=True)
    Figure(page).button("Flip it").click()
    page.locator(".dlm summary").click()
    assert axe_faults(page) == []
    go_dark(page)
    assert axe_faults(page) == []


def test_phone(show, net):
    page = show(interactives.adversarial(net), phone=True)
    Figure(page).button("Flip it").click()
    assert_fits_a_phone(page, narrowest=24)


def test_dark_and_light_follow_the_page(show, net):
    figure = Figure(show(interactives.adversarial(net, epsilon=0.2), still=True))
    assert_follows_the_scheme(figure)


def test_without_javascript_the_lesson_is_read(chromium, write_page, net):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_page([interactives.adversarial(net)]))
    text = page.locator("main").inner_text()
    context.close()
    assert "the answer flips" in text and "all add up" in text
