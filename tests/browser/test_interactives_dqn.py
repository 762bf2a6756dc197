"""The grid world in Chromium: mouse, touch, keyboard, links, colours and layouts.

Needs no built book: the figure's own output is put on a page of a few lines.
"""

from __future__ import annotations

import re

import pytest

from course_utils.interactives.dqn import ROOM, grid_world
from tests.browser.figure_page import (
    Figure,
    as_on_a_slide,
    assert_comes_back_from_hiding,
    assert_fits_a_phone,
    assert_follows_the_scheme,
    assert_never_too_wide,
    focus_stops,
    go_dark,
    leaked,
    listen,
    touch_drag,
)
from tests.unit import test_interactives_dqn as reference

GRID = ".dlm-world"
TRIES = ("Icy cliff", "Impatient", "Never explores", "Far goal", "Clumsy")


@pytest.fixture
def room(show):
    """At rest: everything that moves jumps to its end."""
    return Figure(show(grid_world(), still=True, height=1100))


def label(figure):
    return figure.root.locator(GRID).get_attribute("aria-label")


def cell(row, column, rows=5, columns=8):
    """Middle of a cell, counted from 1, as parts of the grid."""
    return (column - 0.5) / columns, (row - 0.5) / rows


def tap(figure, row, column):
    figure.page.mouse.click(*figure.spot(GRID, *cell(row, column)))


def look(figure, row, column):
    figure.button("Look").click()
    tap(figure, row, column)
    return figure.status


def tick(figure, on):
    figure.root.get_by_role("checkbox", name="Q of each move", exact=True).set_checked(on)


def test_chromium_computes_the_same_numbers(module_page):
    worlds = reference.read_reference(reference.REFERENCE, reference.SOURCE)["worlds"]
    far = module_page.evaluate(
        """async (worlds) => { const m = await import("/course_utils/interactives/tabular.js");
          return Math.max(...worlds.flatMap(({ grid, gamma, exact, ...how }) => { const v = m.exactValues(m.makeWorld(m.readRows(grid), grid[0].length, how), gamma).values; return exact.map((e, i) => Math.abs(e - v[i])); })); }""",
        worlds,
    )
    assert far <= 1e-8


def test_sweeps_spread_the_values(room):
    seen = {room.pixels()}
    assert room.status.startswith("Nothing is learned yet") and room.fact("The best one") == "0.51"
    room.button("One sweep").click()
    assert room.status.startswith("After 1 sweep: ") and room.fact("Sweeps") == "1"
    assert room.button("Value iteration").get_attribute("aria-pressed") == "true"
    seen.add(room.pixels())
    room.button("20 sweeps").click()
    assert room.fact("Sweeps") == "21" and room.fact("Farthest") == "0"
    assert "the exact values, to six digits" in room.status
    seen.add(room.pixels())
    assert look(room, 5, 1).startswith("Row 5, column 1: worth 0.51, exactly 0.51.")
    assert room.status.endswith("Right is (−0.01 + 0.95 · 0.55).")
    room.button("Reset").click()
    assert room.fact("Sweeps") == "0" and room.status.startswith("Nothing is swept")
    assert len(seen) == 3


def test_episodes_learn_the_same_for_all_until_the_dice_are_new(room):
    room.button("One move").click()
    assert "Target −0.01 + 0.95 · 0.00 = −0.01. Q goes 0.50 of the way" in room.status
    room.button("One episode").click()
    assert room.fact("Episodes") == "1"
    room.button("Reset").click()
    room.button("200 episodes").click()
    first = room.status
    assert first.startswith("After 200 episodes: return") and "moves never tried" in first
    assert room.fact("Greedy policy") == "0.51" and float(room.fact("Farthest")) > 0.1
    pixels = room.pixels()
    room.button("Reset").click()
    room.button("200 episodes").click()
    assert room.status == first and room.pixels() == pixels
    room.button("New dice").click()
    room.button("200 episodes").click()
    assert room.status != first
    room.button("Walk greedily").click()
    assert re.match(
        r"A walk of the greedy policy, nothing learned: 11 moves to the goal, return 0\.51\.", room.status
    )


def test_what_is_shown(room):
    room.button("200 episodes").click()
    learned = room.pixels()
    room.button("Exact").click()
    assert room.status.startswith("Exact: the start is worth 0.51.") and room.fact("Farthest") == "0"
    exact = room.pixels()
    tick(room, True)
    triangles = room.pixels()
    room.button("Q-learning").click()
    assert len({learned, exact, triangles, room.pixels()}) == 4
    tick(room, False)
    assert room.pixels() == learned


def test_it_moves_by_itself_and_stops(show):
    figure = Figure(show(grid_world(), height=1100))
    figure.button("One episode").click()
    figure.page.wait_for_timeout(300)
    figure.button("Stop").click()
    assert figure.fact("Episodes") == "0" and figure.status.startswith("Q-learning is")
    still = figure.pixels()
    figure.page.wait_for_timeout(250)
    assert figure.pixels() == still and figure.button("One episode").is_visible()
    figure.button("200 episodes").click()
    figure.until("After 200 episodes")
    assert figure.button("200 episodes").is_visible() and figure.button("Stop").count() == 0
    figure.button("20 sweeps").click()
    figure.until("After 20 sweeps")
    figure.button("Walk greedily").click()
    figure.until("A walk of the greedy policy")
    figure.button("200 episodes").click()
    figure.button("Reset").click()
    assert figure.fact("Episodes") == "0" and figure.button("Stop").count() == 0


def test_pieces_are_dragged_and_cells_painted(room):
    best = room.fact("The best one")
    before = room.pixels()
    room.drag(GRID, cell(1, 8), cell(4, 3))  # a trap is in the way: it stays beside
    assert "wall" not in look(room, 1, 8) and "goal" not in room.status
    assert room.fact("The best one") != best and room.pixels() != before
    room.button("Reset").click()
    assert room.fact("The best one") != best, "the grid stays"
    room.button("First grid").click()
    assert room.fact("The best one") == best and room.pixels() == before
    room.button("Wall").click()
    tap(room, 5, 4)
    assert "wall" in look(room, 5, 4)
    room.button("Wall").click()
    tap(room, 5, 4)
    assert look(room, 5, 4).startswith("Row 5, column 4: worth")
    for name, said in (
        ("Goal +1", "goal, pays 1"),
        ("Prize +0.3", "small prize, pays 0.3"),
        ("Trap −1", "trap, pays −1"),
        ("Floor", "worth"),
    ):
        room.button(name).click()
        tap(room, 5, 4)
        assert said in look(room, 5, 4)
    room.button("Wall").click()
    room.drag(GRID, cell(5, 3), cell(5, 4), cell(5, 6))
    assert all("wall" in look(room, 5, column) for column in (3, 4, 5, 6))
    room.button("Start").click()
    tap(room, 1, 7)
    assert room.fact("The best one") == "0.99" and look(room, 5, 1).startswith("Row 5, column 1: worth")
    room.button("Trap −1").click()
    tap(room, 1, 7)
    assert room.status.startswith("The start can't be painted over.")


def test_an_edit_keeps_what_was_learned(room):
    room.button("200 episodes").click()
    room.button("Wall").click()
    tap(room, 5, 2)
    assert room.fact("Episodes") == "200" and "moves never tried" in room.status
    said = room.status
    room.button("200 episodes").click()
    assert room.fact("Episodes") == "400" and room.status != said


def test_keys_move_the_cursor_and_paint(room):
    listen(room.page)
    room.press(GRID, "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp", "ArrowUp", "ArrowDown")
    assert "Row 3, column 3: worth" in room.status and "Row 3, column 3" in label(room)
    before = room.pixels()
    for key, said in (
        ("w", "wall."),
        ("t", "trap"),
        ("g", "goal"),
        ("p", "small prize"),
        ("f", "worth"),
        ("W", "wall"),
    ):
        room.press(GRID, key)
        assert f"Row 3, column 3: {said}" in label(room)
    assert room.pixels() != before
    room.press(GRID, "Delete", "s", "v", "m", "e")
    assert room.fact("Sweeps") == "1" and room.fact("Episodes") == "1"
    room.press(GRID, "ArrowLeft", "Enter", " ")
    assert "Row 3, column 2: worth" in room.status and leaked(room.page) == []
    room.button("Trap −1").click()
    room.press(GRID, "Enter")
    assert "Row 3, column 2: trap" in label(room)


def test_sliders_change_the_exact_values(room):
    now = {"Discount γ": 0.95, "Slip": 0.0, "Cost a move": 0.01}
    for name, value in (("Discount γ", 0.5), ("Discount γ", 0.9), ("Slip", 0.2), ("Cost a move", 0.05)):
        room.slider(name).fill(str(value))
        now[name] = value
        best = reference.exact(*reference.model(ROOM, now["Slip"], now["Cost a move"]), now["Discount γ"])
        assert room.fact("The best one") == f"{best[''.join(ROOM).index('S')]:.2f}".replace("-", "−"), now
    room.slider("Exploration ε").fill("1")
    room.slider("Learning rate α").fill("0.1")
    room.button("One move").click()
    assert room.status.startswith("By chance:") and "0.10 of the way" in room.status


def test_try_this(room):
    seen = set()
    for name in TRIES:
        room.button(name).click()
        assert "Guess" in room.question
        room.button("20 sweeps").click()
        room.button("200 episodes").click()
        seen.add(room.pixels())
    assert len(seen) == 5 and room.fact("The best one") == "0.59"


def test_a_link_brings_back_grid_sweeps_and_episodes(show, room):
    room.button("Never explores").click()
    room.slider("Exploration ε").fill("0.3")
    room.button("20 sweeps").click()
    room.button("200 episodes").click()
    room.button("One move").click()
    tick(room, True)
    room.button("Q-learning").click()
    pixels, said = room.pixels(), room.status
    again = Figure(show(grid_world(), still=True, height=1100, suffix=room.copied()))
    assert again.pixels() == pixels and again.status == said and again.fact("Sweeps") == "20"
    room.drag(GRID, cell(3, 2), cell(1, 1))
    link = room.copied()
    assert "before the first sweep or episode" in room.status
    fresh = Figure(show(grid_world(), still=True, height=1100, suffix=link))
    assert fresh.fact("Episodes") == "0" and "small prize" in look(fresh, 1, 1)
    bad = Figure(show(grid_world(), still=True, suffix="#dlm=grid_world.0:((8,2,0,0,0,0,0,0,0,0,0,0),(5))"))
    assert bad.fact("The best one") == "0.51"


def test_a_finger_paints_and_drags(show):
    figure = Figure(show(grid_world(), phone=True, still=True))
    figure.button("Wall").click()
    figure.root.locator(GRID).scroll_into_view_if_needed()
    top = figure.page.evaluate("scrollY")
    touch_drag(figure.page, *(figure.spot(GRID, *cell(5, column)) for column in (2, 3, 4)))
    figure.button("Look").click()
    figure.page.touchscreen.tap(*figure.spot(GRID, *cell(5, 3)))
    assert figure.status == "Row 5, column 3: wall."
    touch_drag(figure.page, *(figure.spot(GRID, *cell(row, 8)) for row in (1, 2, 3)))
    figure.page.touchscreen.tap(*figure.spot(GRID, *cell(3, 8)))
    assert "goal" in figure.status
    assert abs(figure.page.evaluate("scrollY") - top) < 400, "painting doesn't scroll the page away"


def test_two_hundred_episodes_are_quick(show):
    figure = Figure(show(grid_world(), still=True))
    took = figure.page.evaluate("""() => { const b = [...document.querySelectorAll('.dlm button')].find((e) => e.textContent === '200 episodes'), t = performance.now();
      b.click(); return performance.now() - t; }""")
    print(f"{took:.0f} ms for 200 episodes")
    assert took < 1500


@pytest.mark.parametrize("name", (None, *TRIES))
def test_on_a_slide_two_columns_fit(show, name):
    page = show(grid_world(), main="deck-part-live", still=True, width=1300)
    as_on_a_slide(page)
    figure = Figure(page)
    if name:
        figure.button(name).click()
        figure.button("200 episodes").click()
    figure.pixels()
    width, height = figure.root.evaluate("e => [e.offsetWidth, e.offsetHeight]")
    assert width == 1150 and height <= 625, (width, height)


def test_no_key_leaks_and_focus_is_seen(show):
    assert focus_stops(show(grid_world(), still=True)) > 25


def test_no_accessibility_fault(show, axe_faults):
    page = show(grid_world(), still=True)
    page.locator(".dlm summary").first.click()
    assert axe_faults(page) == []
    go_dark(page)
    assert axe_faults(page) == []


def test_phone(show):
    page = show(grid_world(), phone=True)
    assert_fits_a_phone(page)
    assert page.locator(GRID).evaluate("e => e.offsetWidth / 8") >= 40, "a cell can be hit with a finger"


def test_dark_and_light_follow_the_page(show):
    figure = Figure(show(grid_world(), still=True))
    figure.button("200 episodes").click()
    assert_follows_the_scheme(figure)


def test_never_too_wide_and_hidden_at_first(show):
    page = show(
        grid_world(), grid_world(["SG", ".."]), grid_world(["........"] * 6 + ["S.....gG"]), still=True
    )
    assert_never_too_wide(page)
    assert_comes_back_from_hiding(page)


def test_in_a_deck_the_clicker_turns_the_slide(show):
    figure = Figure(show(grid_world(), main="reveal", still=True))
    before = figure.pixels()
    listen(figure.page)
    figure.press(GRID, "ArrowRight", "PageDown")
    assert leaked(figure.page) == ["PageDown"] and figure.pixels() != before


def test_without_javascript_the_lesson_is_read(chromium, write_page):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(write_page([grid_world(ROOM)]))
    text = page.locator("main").inner_text()
    context.close()
    assert all(
        part in text for part in ("A place is worth the best of its four moves", "Q-learning knows nothing")
    )
