"""The grid world: arguments, output, and its exact values, sweeps and Q-learning in JavaScript against NumPy.

`python tests/unit/test_interactives_dqn.py` writes tests/js/grid_reference.mjs afresh.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from course_utils.interactives.dqn import ROOM, grid_world
from tests.interactive_figures import (
    ROOT,
    assert_alone,
    assert_parses,
    assert_refused,
    needs_node,
    read_reference,
    write_reference,
)

REFERENCE = ROOT / "tests" / "js" / "grid_reference.mjs"
SOURCE = "NumPy by tests/unit/test_interactives_dqn.py"
PAY = {"G": 1.0, "g": 0.3, "T": -1.0}
STEPS = [(-1, 0), (0, 1), (1, 0), (0, -1)]
WORLDS = [  # grid, slip, cost, discount
    (ROOM, 0.0, 0.01, 0.95),
    (ROOM, 0.2, 0.01, 0.95),
    (("........", "........", "........", "........", "STTTTTTG"), 0.2, 0.01, 0.95),
    (("..G", "S#T", "g.."), 0.6, 0.1, 0.5),
    (("S.", ".g"), 0.3, 0.0, 0.0),
    (("......", ".####.", "S####G"), 0.1, 0.02, 0.99),
]


def model(grid, slip, cost):
    """Chances (move, from, to) and mean rewards (move, from) of a grid; rows of ends and walls are zero."""
    rows, columns = len(grid), len(grid[0])
    chances, rewards = np.zeros((4, rows * columns, rows * columns)), np.zeros((4, rows * columns))
    for r, row in enumerate(grid):
        for c, sign in enumerate(row):
            if sign not in ".S":
                continue
            for move in range(4):
                for turn, chance in ((0, 1 - slip), (1, slip / 2), (-1, slip / 2)):
                    down, right = STEPS[(move + turn) % 4]
                    y, x = r + down, c + right
                    if not (0 <= y < rows and 0 <= x < columns) or grid[y][x] == "#":
                        y, x = r, c
                    rewards[move, r * columns + c] += chance * (PAY.get(grid[y][x], 0.0) - cost)
                    if grid[y][x] not in PAY:
                        chances[move, r * columns + c, y * columns + x] += chance
    return chances, rewards


def sweep(values, chances, rewards, discount):
    return (rewards + discount * chances @ values).max(axis=0)


def exact(chances, rewards, discount):
    """Sweeps, then the linear solve of the greedy policy; one more sweep changes nothing, so it is the best."""
    values = np.zeros(rewards.shape[1])
    for _ in range(300):
        values = sweep(values, chances, rewards, discount)
    best = (rewards + discount * chances @ values).argmax(axis=0)
    places = np.arange(len(values))
    solved = np.linalg.solve(np.eye(len(values)) - discount * chances[best, places], rewards[best, places])
    np.testing.assert_allclose(sweep(solved, chances, rewards, discount), solved, atol=1e-12)
    return solved


def walk(grid, slip, cost, discount, rate, moves, seed):
    """Moves by chance, and what Q-learning makes of them."""
    rng, columns = np.random.default_rng(seed), len(grid[0])
    flat, q, steps = "".join(grid), np.zeros((len(grid) * columns, 4)), []
    s = flat.index("S")
    for _ in range(moves):
        a = int(rng.integers(4))
        down, right = STEPS[(a + rng.choice([0, 1, -1], p=[1 - slip, slip / 2, slip / 2])) % 4]
        y, x = s // columns + down, s % columns + right
        inside = 0 <= y < len(grid) and 0 <= x < columns and grid[y][x] != "#"
        after = y * columns + x if inside else s
        reward, over = PAY.get(flat[after], 0.0) - cost, flat[after] in PAY
        q[s, a] += rate * (reward + (0 if over else discount * q[after].max()) - q[s, a])
        steps.append([s, a, round(reward, 6), after, int(over)])
        s = flat.index("S") if over else after
    return steps, q


def rounded(values):
    return [float(f"{v:.12g}") for v in np.ravel(values)]


def reference() -> dict:
    worlds = []
    for grid, slip, cost, discount in WORLDS:
        chances, rewards = model(grid, slip, cost)
        best, partial = exact(chances, rewards, discount), np.zeros(rewards.shape[1])
        for _ in range(7):
            partial = sweep(partial, chances, rewards, discount)
        mixed = np.linalg.solve(np.eye(len(best)) - discount * chances.mean(axis=0), rewards.mean(axis=0))
        worlds.append(
            {"grid": list(grid), "slip": slip, "cost": cost, "gamma": discount, "exact": rounded(best)}
            | {"sweeps7": rounded(partial), "random": rounded(mixed)}
        )
    setting = {"grid": list(WORLDS[1][0]), "slip": 0.2, "cost": 0.01, "gamma": 0.9, "alpha": 0.3}
    steps, q = walk(WORLDS[1][0], 0.2, 0.01, 0.9, 0.3, 300, 5)
    return {"worlds": worlds, "learned": setting | {"steps": steps, "q": rounded(q)}}


def test_the_committed_reference_is_what_numpy_computes():
    stored, fresh = read_reference(REFERENCE, SOURCE), reference()
    for old, new in zip(stored["worlds"], fresh["worlds"], strict=True):
        assert [old[k] for k in ("grid", "slip", "cost", "gamma")] == [
            new[k] for k in ("grid", "slip", "cost", "gamma")
        ]
        for name in ("exact", "sweeps7", "random"):
            np.testing.assert_allclose(old[name], new[name], atol=1e-10)
    assert stored["learned"]["steps"] == fresh["learned"]["steps"]
    np.testing.assert_allclose(stored["learned"]["q"], fresh["learned"]["q"], atol=1e-10)
    assert sum(step[4] for step in stored["learned"]["steps"]) > 5, "some episodes end"


def test_output_is_small_repeatable_and_alone():
    assert_alone(grid_world, most=30_000)


@needs_node
def test_the_joined_script_parses(tmp_path):
    assert_parses("grid_world", tmp_path)


def test_what_python_gives_is_kept():
    props = grid_world(
        np.array(["S.", ".G"]), discount=np.float32(0.9), exploration_rate=1, learning_rate=0.014, slip=0.25, step_cost=0.1, seed=np.int64(7)
    ).props  # fmt: skip
    assert props == {
        "grid": ["S.", ".G"], "gamma": 0.9, "epsilon": 1.0, "alpha": 0.01, "slip": 0.25, "cost": 0.1, "seed": 7,
    }  # fmt: skip
    assert grid_world("S..\n.#G").props["grid"] == ["S..", ".#G"]
    json.dumps(props)


def test_the_words_hold_numbers_that_are_true():
    chances, rewards = model(ROOM, 0.0, 0.01)
    start, best, values = "".join(ROOM).index("S"), exact(chances, rewards, 0.95), np.zeros(40)
    exact_after = next(
        k
        for k in range(1, 40)
        if abs((values := sweep(values, chances, rewards, 0.95))[start] - best[start]) < 1e-9
    )
    lesson = grid_world().lesson[0]
    assert (
        f"{exact_after} sweeps make the start exact: {best[start]:.2f} at" in lesson and "11 moves" in lesson
    )


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: grid_world(3), TypeError, ["grid", "list of strings", "int"]),
        (lambda: grid_world([["S", "G"], ["."]]), TypeError, ["grid[0]", "string", "list"]),
        (lambda: grid_world(["SG"]), ValueError, ["grid", "2 to 7 rows", "got 1"]),
        (lambda: grid_world(["SG", ".."] * 4), ValueError, ["grid", "got 8"]),
        (lambda: grid_world(["SG", "..."]), ValueError, ["rows of 2 to 8", "got 3", "grid[1]"]),
        (lambda: grid_world(["S........", "G........"]), ValueError, ["2 to 8", "got 9"]),
        (lambda: grid_world(["SG", ".X"]), ValueError, ["grid[1]", "'X'", '"T" trap']),
        (lambda: grid_world([".G", ".."]), ValueError, ["start", "got 0"]),
        (lambda: grid_world(["SG", "S."]), ValueError, ["one start", "got 2"]),
        (lambda: grid_world(["ST", ".."]), ValueError, ["goal", "prize"]),
        (lambda: grid_world(discount=1), ValueError, ["discount", "0 to 0.99", "got 1"]),
        (lambda: grid_world(discount=float("nan")), ValueError, ["discount", "nan"]),
        (lambda: grid_world(exploration_rate=1.1), ValueError, ["exploration_rate", "0 to 1", "1.1"]),
        (lambda: grid_world(learning_rate=0), ValueError, ["learning_rate", "0.01 to 1", "got 0"]),
        (lambda: grid_world(slip="icy"), TypeError, ["slip", "'icy'"]),
        (lambda: grid_world(step_cost=-0.1), ValueError, ["step_cost", "0 to 0.1", "-0.1"]),
        (lambda: grid_world(seed=1.5), ValueError, ["seed", "whole", "1.5"]),
    ],
)
def test_errors_name_argument_given_and_allowed(call, error, parts):
    assert_refused(call, error, parts)


if __name__ == "__main__":
    write_reference(REFERENCE, SOURCE, reference())
