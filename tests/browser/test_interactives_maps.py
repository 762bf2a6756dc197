"""The map of pictures in Chromium: mouse, touch, keyboard, links, colours and layouts.

Needs no built book: the figure's own output is put on a page of a few lines.
"""

from __future__ import annotations

import numpy as np
import pytest

from course_utils.interactives import picture_map
from tests.browser.figure_page import (
    Figure,
    as_on_a_slide,
    assert_comes_back_from_hiding,
    assert_fits_a_phone,
    assert_never_too_wide,
    focus_stops,
    go_dark,
    go_light,
    leaked,
    listen,
    touch_drag,
)
from tests.unit.test_interactives_maps import COLOURS, GAMES, PICTURES, PLACES, nearest_of

MAP = ".dlm-map"
TRIES = ("Highest", "Lowest", "Unlike its neighbours")
FRAMES = """async () => {
  const canvas = document.querySelector('.dlm-map'), box = canvas.getBoundingClientRect(), waits = [], statuses = new Set();
  let before = performance.now();
  for (let k = 0; k < 90; k++) {
    const [x, y] = [0.5 + 0.4 * Math.sin(k / 5), 0.5 + 0.4 * Math.cos(k / 7)];
    canvas.dispatchEvent(new PointerEvent('pointermove', { pointerType: 'mouse', bubbles: true, clientX: box.x + x * box.width, clientY: box.y + y * box.height }));
    await new Promise((done) => requestAnimationFrame(done));
    waits.push(performance.now() - before); before = performance.now();
    statuses.add(document.querySelector('.dlm-status').textContent);
  }
  waits.sort((a, b) => a - b);
  return [waits[45], waits[80], statuses.size];
}"""


def figure(**changes):
    return picture_map(PLACES, PICTURES, COLOURS, **{"groups": GAMES} | changes)


@pytest.fixture
def shown(show):
    """Show figures, and wait until their pictures have been read."""

    def make(*figures, **options):
        page = show(*(figures or [figure()]), **{"height": 1000} | options)
        page.wait_for_selector("[data-pictures=ready]")
        return Figure(page)

    return make


@pytest.fixture
def chart(shown):
    return shown()


def place_of(live, i):
    """Where moment i lies on the map, as parts of it."""
    box = live.root.locator(MAP).evaluate("e => [e.clientWidth, e.clientHeight]")
    spots = PLACES - PLACES.min(axis=0)
    width, height = spots.max(axis=0)
    scale = min((box[0] - 28) / width, (box[1] - 28) / height)
    x, y = box[0] / 2 + scale * (spots[i, 0] - width / 2), box[1] / 2 - scale * (spots[i, 1] - height / 2)
    return x / box[0], y / box[1]


def lonely():
    """Moments with no other one near them."""
    far = np.square(PLACES[:, None] - PLACES).sum(axis=-1)
    np.fill_diagonal(far, np.inf)
    return far.min(axis=1).argsort()[::-1]


def chosen(live):
    return int(live.status.removeprefix("Moment ").partition(":")[0])


def ink(live, index=0):
    """How dark one of the pictures is, on average."""
    live.pixels()
    return live.root.locator(".dlm-picture").nth(index).evaluate(
        "e => { const { data } = e.getContext('2d').getImageData(0, 0, e.width, e.height); let sum = 0; for (let k = 0; k < data.length; k += 4) sum += 255 - data[k]; return sum / (data.length / 4); }"
    )


def expected_ink(i):
    return 32 * np.rint(7 * PICTURES[i] / 120).mean()


def test_the_mouse_looks_and_a_click_keeps(chart):
    first, other = lonely()[:2]
    begin = chosen(chart)
    mouse = chart.page.mouse
    mouse.move(*chart.spot(MAP, *place_of(chart, first)))
    chart.until(f"Moment {first}: value")
    assert ink(chart) == pytest.approx(expected_ink(first), abs=1e-6)
    for k, near in enumerate(nearest_of(PLACES, GAMES)[first]):
        assert ink(chart, k + 1) == pytest.approx(expected_ink(near), abs=1e-6)
    mouse.move(5, 5)
    chart.until(f"Moment {begin}: value")
    mouse.click(*chart.spot(MAP, *place_of(chart, other)))
    mouse.move(5, 5)
    chart.pixels()
    assert chosen(chart) == other


def test_the_numbers_are_those_of_numpy(chart):
    mouse, value, nearest = chart.page.mouse, COLOURS["value"], nearest_of(PLACES, GAMES)
    i = lonely()[2]
    mouse.click(*chart.spot(MAP, *place_of(chart, i)))
    near = np.abs(value[i] - value[nearest[i]]).mean()
    assert chart.fact("It differs") == f"{near:.2f}"
    assert chart.fact("All differ") == f"{np.abs(value[:, None] - value[nearest]).mean():.2f}"
    every = np.abs(value[:, None] - value)[GAMES[:, None] != GAMES].mean()
    assert chart.fact("Any two") == f"{every:.2f}"
    told = [f"{v:.2f}".replace("-", "−") for v in value[nearest[i]]]
    assert f"have {told[0]}, {told[1]} and {told[2]}: they differ from it by {near:.2f}" in chart.status


def test_try_this(chart):
    seen = set()
    for name, i in (("Highest", COLOURS["value"].argmax()), ("Lowest", COLOURS["value"].argmin())):
        chart.button(name).click()
        assert chosen(chart) == i and f"The {name.lower()} value" in chart.question
        seen.add(chart.pixels())
    chart.button("Unlike its neighbours").click()
    value, nearest = COLOURS["value"], nearest_of(PLACES, GAMES)
    assert chosen(chart) == np.abs(value[:, None] - value[nearest]).mean(axis=1).argmax()
    assert "Guess" in chart.question and "alike here" not in chart.status
    seen.add(chart.pixels())
    assert len(seen) == 3


def test_the_colour_changes_and_missing_numbers_are_hollow(chart):
    before, question = chart.pixels(), chart.question
    chart.button("Ball's row").click()
    assert chart.button("Ball's row").get_attribute("aria-pressed") == "true"
    assert chart.pixels() != before and "46 without" in chart.root.locator(".dlm-bar").inner_text()
    chart.button("Lowest").click()
    assert chosen(chart) == np.nanargmin(COLOURS["ball's row"])
    chart.page.mouse.click(*chart.spot(MAP, *place_of(chart, next(i for i in lonely() if i % 7 == 0))))
    assert "no ball's row" in chart.status and "differ by" in chart.status
    chart.button("Value").click()
    assert "without" not in chart.root.locator(".dlm-bar").inner_text() and chart.question == question


def test_keys_go_from_dot_to_dot(chart):
    listen(chart.page)
    chart.button("Lowest").click()
    here, seen = chosen(chart), set()
    for key, axis, sign in (("ArrowRight", 0, 1), ("ArrowUp", 1, 1), ("ArrowLeft", 0, -1), ("ArrowDown", 1, -1)):
        chart.press(MAP, key)
        there = chosen(chart)
        ahead = sign * (PLACES[there, axis] - PLACES[here, axis])
        assert there == here or ahead > 0, key
        seen.add(there)
        here = there
    assert len(seen) > 2
    chart.press(MAP, "2")
    assert chosen(chart) == nearest_of(PLACES, GAMES)[here][1]
    here = chosen(chart)
    chart.press(MAP, "n", "N")
    assert chosen(chart) == (here + 16) % 320
    chart.press(MAP, "p", "c")
    assert chart.status.startswith(f"Moment {(here + 8) % 320}: ball's row") or "no ball's row" in chart.status
    assert f"Moment {(here + 8) % 320}" in chart.root.locator(MAP).get_attribute("aria-label")
    assert leaked(chart.page) == []


def test_a_neighbour_is_a_button(chart):
    here = chosen(chart)
    chart.root.locator(".dlm-near button").nth(2).click()
    assert chosen(chart) == nearest_of(PLACES, GAMES)[here][2]


def test_given_neighbours_and_names_are_used(shown):
    given = [[(i + k) % 320 for k in (1, 2, 3)] for i in range(320)]
    live = shown(figure(neighbours=given, thing="frame", group="team"))
    assert "nearest frames from other teams" in live.status
    here = int(live.status.split()[1].rstrip(":"))
    live.root.locator(".dlm-near button").first.click()
    assert live.status.startswith(f"Frame {(here + 1) % 320}:")


def test_a_link_brings_back_the_choice(shown, chart):
    chart.button("Ball's row").click()
    chart.button("Highest").click()
    pixels, said = chart.pixels(), chart.status
    again = shown(suffix=chart.copied())
    assert again.status == said and again.pixels() == pixels
    bad = shown(suffix="#dlm=picture_map.0:((320,0))")
    assert bad.status == shown().status


def test_a_finger_chooses(shown):
    live = shown(phone=True)
    first = lonely()[0]
    x, y = live.spot(MAP, *place_of(live, first))
    live.page.touchscreen.tap(x + 8, y)
    live.until(f"Moment {first}: value")
    touch_drag(live.page, (x, y), *(live.spot(MAP, 0.1 * k, 0.5) for k in range(2, 8)))
    live.pixels()
    assert chosen(live) != first
    picture = live.root.locator(".dlm-picture").first.bounding_box()
    top = live.root.locator(MAP).bounding_box()["y"]
    assert picture["y"] + picture["height"] - top < 700, "map and picture fit a phone together"


def test_it_is_quick_while_the_pointer_moves(shown):
    live = shown(figure())
    middle, slow, statuses = live.page.evaluate(FRAMES)
    print(f"{middle:.1f} ms a frame, nine in ten below {slow:.1f} ms, {statuses} moments passed")
    assert statuses > 30 and middle < 100, "a quiet machine needs 17 ms"


@pytest.mark.parametrize("name", (None, *TRIES))
def test_on_a_slide_two_columns_fit(shown, name):
    live = shown(main="deck-part-live", width=1300)
    as_on_a_slide(live.page)
    if name:
        live.button("Ball's row").click()
        live.button(name).click()
    live.pixels()
    width, height = live.root.evaluate("e => [e.offsetWidth, e.offsetHeight]")
    assert width == 1150 and height <= 625, (width, height)


def test_nothing_jumps_while_the_pointer_moves(shown):
    live = shown()
    heights = set()
    for i in lonely()[:12]:
        live.page.mouse.move(*live.spot(MAP, *place_of(live, i)))
        heights.add(live.root.evaluate("e => e.offsetHeight"))
    assert len(heights) == 1, heights


def test_no_key_leaks_and_focus_is_seen(shown):
    assert focus_stops(shown().page) >= 11


def test_no_accessibility_fault(shown, axe_faults):
    live = shown()
    live.button("Ball's row").click()
    live.root.locator("summary").first.click()
    assert axe_faults(live.page) == []
    go_dark(live.page)
    assert axe_faults(live.page) == []


def test_phone(shown):
    assert_fits_a_phone(shown(phone=True).page)


def test_dark_keeps_the_paper_of_the_pictures(chart):
    light, paper = chart.pixels(), [ink(chart, k) for k in range(4)]
    go_dark(chart.page)
    assert chart.pixels() != light and [ink(chart, k) for k in range(4)] == paper
    go_light(chart.page)
    assert chart.pixels() == light


def test_never_too_wide_and_hidden_at_first(shown):
    flat = picture_map(PLACES[:60] * [1, 0.1], PICTURES[:60, :60, :9], {"one of a long name, 24": COLOURS["value"][:60]})
    live = shown(figure(), flat)
    page = live.page
    assert_never_too_wide(page)
    assert_comes_back_from_hiding(page)


def test_in_a_deck_the_clicker_turns_the_slide(shown):
    live = shown(main="reveal")
    before = live.pixels()
    listen(live.page)
    live.press(MAP, "ArrowRight", "PageDown")
    assert leaked(live.page) == ["PageDown"] and live.pixels() != before


def test_without_javascript_the_lesson_is_read(chromium, write_page):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_page([figure()]))
    text = page.locator("main").inner_text()
    context.close()
    assert "neighbours show what the network takes for alike" in text and "that of any two by" in text
