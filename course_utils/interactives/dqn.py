"""The figure of lecture 17_dqn: a grid world that the reader edits, with value iteration and Q-learning."""

from __future__ import annotations

from collections.abc import Sequence

from .arguments import number, plain, whole
from .base import Interactive

SIGNS = {".": "floor", "#": "wall", "G": "goal", "g": "small prize", "T": "trap", "S": "start"}
ROOM = ("....#..G", ".##.#.T.", "....#...", ".#T...#.", "S.......")
ROWS, COLUMNS = (2, 7), (2, 8)


def grid_world(
    grid: Sequence[str] = ROOM,
    *,
    discount: float = 0.95,
    exploration_rate: float = 0.2,
    learning_rate: float = 0.5,
    slip: float = 0.0,
    step_cost: float = 0.01,
    seed: int = 1,
) -> Interactive:
    """Show value iteration, sweep by sweep, and Q-learning, episode by episode, on a grid that the reader edits.

    Both run in the page, and both are measured against the exact values, which the page finds by
    policy iteration with a linear solve. The reader paints walls, goals, prizes and traps, drags
    them, and moves the sliders; what was learned stays. Derived in 17_dqn.

    Parameters
    ----------
    grid : sequence of str, default a room of 5 x 8 cells
        Rows of equal length, 2 to 7 of them with 2 to 8 cells each: "." floor, "#" wall, "S" the
        start (once), "G" a goal (+1), "g" a small prize (+0.3), "T" a trap (-1). Goal, prize and
        trap end an episode; there must be a goal or a prize.
    discount : float, default 0.95
        The factor gamma, from 0 to 0.99.
    exploration_rate : float, default 0.2
        Chance of a random move in Q-learning, from 0 to 1.
    learning_rate : float, default 0.5
        The part alpha of the way that Q goes to its target, from 0.01 to 1.
    slip : float, default 0
        Chance that a move goes to one of its two sides instead, from 0 to 0.6.
    step_cost : float, default 0.01
        What each move costs, from 0 to 0.1.
    seed : int, default 1
        Which dice Q-learning rolls.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell. Numbers are rounded to two decimals, as the sliders hold them.

    Raises
    ------
    TypeError
        If `grid` is no list of strings, or a number is not a number.
    ValueError
        If an argument is outside what is allowed. The message names it.

    References
    ----------
    Sutton and Barto, Reinforcement learning, 2nd ed., 2018, chapters 4 and 6 (value iteration, Q-learning, the cliff).

    Examples
    --------
    >>> grid_world(["..G", "S.T"], slip=0.2).props["grid"]
    ['..G', 'S.T']
    """
    rows = _grid(grid)
    props = {
        "grid": rows,
        "gamma": round(number("discount", plain(discount), 0, 0.99), 2),
        "epsilon": round(number("exploration_rate", plain(exploration_rate), 0, 1), 2),
        "alpha": round(number("learning_rate", plain(learning_rate), 0.01, 1), 2),
        "slip": round(number("slip", plain(slip), 0, 0.6), 2),
        "cost": round(number("step_cost", plain(step_cost), 0, 0.1), 2),
        "seed": whole("seed", seed, 0, 2**31 - 1),
    }
    alt = (
        f"A grid of {len(rows)} rows and {len(rows[0])} columns with walls, traps (-1) and a goal (+1), which can be painted "
        "and dragged. Colours and numbers are values, arrows the best moves. Value iteration fills it sweep by sweep, "
        "Q-learning episode by episode; a curve shows how far they are."
    )
    lesson = [
        "A place is worth the best of its four moves, and a move is worth its reward plus γ times the place it leads to. Value "
        "iteration knows all moves: in each sweep values travel one cell from the goal, and the distance to the exact values "
        "shrinks at least by γ. " + _when_exact(props),
        "Q-learning knows nothing. It tries moves, and nudges Q of each move toward the reward plus γ times the best Q that follows. "
        "Without exploration it stays with the first reward it found; with much of it, its returns are poor while its greedy policy is good. "
        "If the only reward is 25 moves away, 200 episodes don't find it once, but if every move costs 0.01, untried moves look better "
        "than tried ones, and it comes within 40.",
    ]
    return Interactive("grid_world", alt, lesson, **props)


def _when_exact(props: dict[str, object]) -> str:
    """Say after how many sweeps the start is exact; with numbers, where they are known."""
    first = {"grid": list(ROOM), "gamma": 0.95, "slip": 0.0, "cost": 0.01}
    if all(props[name] == value for name, value in first.items()):
        return "On the 5 x 8 grid above, where the shortest way has 11 moves, 11 sweeps make the start exact: 0.51 at γ = 0.95."
    return "Without slips, as many sweeps as the best way has moves make the start exact."


def _grid(grid: Sequence[str]) -> list[str]:
    if isinstance(grid, str):
        grid = grid.split()
    if not hasattr(grid, "__iter__"):
        raise TypeError(f"grid must be a list of strings, got {type(grid).__name__}")
    rows = list(grid)
    for i, row in enumerate(rows):
        if not isinstance(row, str):
            raise TypeError(f"grid[{i}] must be a string, got {type(row).__name__}")
    if not ROWS[0] <= len(rows) <= ROWS[1]:
        raise ValueError(f"grid must have {ROWS[0]} to {ROWS[1]} rows, got {len(rows)}")
    for i, row in enumerate(rows):
        if len(row) != len(rows[0]) or not COLUMNS[0] <= len(row) <= COLUMNS[1]:
            raise ValueError(
                f"grid must have rows of {COLUMNS[0]} to {COLUMNS[1]} cells, all as long as the first, got {len(row)} in grid[{i}]"
            )
        if strange := sorted(set(row) - set(SIGNS)):
            allowed = ", ".join(f'"{sign}" {name}' for sign, name in SIGNS.items())
            raise ValueError(f"grid[{i}] may hold {allowed}, got {', '.join(map(repr, strange))}")
    if (starts := sum(row.count("S") for row in rows)) != 1:
        raise ValueError(f'grid must hold one start "S", got {starts}')
    if not any(sign in row for row in rows for sign in "Gg"):
        raise ValueError('grid must hold a goal "G" or a prize "g", got none')
    return [str(row) for row in rows]
