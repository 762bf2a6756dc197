"""A replay memory in a file: what was played is still there after a stop, and even after a kill.

Each row holds one move of every game: the newest picture, the action, what it paid, whether the game
ended with it. Stacks of four pictures and targets of several steps are put together when they are drawn,
so a picture is stored once. Rows are written round and round.
"""

import json
import os
from pathlib import Path

import numpy as np

from course_utils._writing import written_whole
from course_utils.checkpoints import CheckpointError

HEAD, COUNTER = 4096, 2048  # bytes before the arrays; where in them the number of written rows stands
STACK = 4
COLUMNS = {"ages": "u1", "actions": "u1", "rewards": "i1", "ended": "u1", "counts": "u1"}
WHAT = "replay memory, format 1"


class Memory:
    """Moves of several games side by side, memory-mapped.

    Parameters
    ----------
    path : Path
        Of the file, which is made if it is missing.
    rows, games, side : int
        Moves of each game that fit in, games, and pixels of a picture's side.
    steps : int
        Moves between the two states of a drawn transition.
    anew : bool
        Begin with nothing, whatever the file holds.

    Raises
    ------
    CheckpointError
        If the file is damaged, or is something else.
    """

    def __init__(self, path, rows, games, side, steps, anew=False):
        if rows < STACK + steps + 2:
            raise ValueError(f"rows must be at least {STACK + steps + 2}, got {rows}")
        self.path, self.rows, self.games, self.steps = Path(path), rows, games, steps
        head = json.dumps({"what": WHAT, "rows": rows, "games": games, "side": side}).encode().ljust(COUNTER)
        size = HEAD + rows * games * (len(COLUMNS) + side * side)
        if anew or not self.path.exists():
            self._make(head, size)
        self._compare(head, size)
        whole = np.memmap(self.path, np.uint8, "r+")
        self._whole, self._written, start = whole, whole[COUNTER : COUNTER + 8].view("<u8"), HEAD
        for name, kind in COLUMNS.items():
            part = whole[start : start + rows * games].view(kind).reshape(rows, games)
            setattr(self, name, part)
            start += rows * games
        self.frames = whole[start:].reshape(rows, games, side, side)
        limits = {"ages": (0, STACK - 1), "rewards": (-1, 1), "ended": (0, 1), "counts": (0, 1)}
        for name, (low, high) in limits.items():
            if getattr(self, name).min() < low or getattr(self, name).max() > high:
                raise CheckpointError(f"{self.path.name} is damaged ({name}): delete it to begin with an empty memory")

    def _make(self, head, size):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        with written_whole(self.path) as file:  # a disk that is too small keeps no part of it
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, size)  # says now if the disk is too small
            file.truncate(size)
            file.write(head)

    def _compare(self, head, size):
        with open(self.path, "rb") as file:
            found = file.read(COUNTER)
        try:
            asked, held = json.loads(head), json.loads(found)
            known = isinstance(held, dict) and held.get("what") == WHAT
        except ValueError:
            known = False
        if not known:
            raise CheckpointError(f"{self.path.name} is damaged or no replay memory: delete it to begin with none")
        if held != asked:
            differ = [name for name in asked if held.get(name) != asked[name]]
            other = ", ".join(f"{held.get(name)} {name} instead of {asked[name]}" for name in differ)
            raise CheckpointError(f"{self.path.name} has {other}: delete it, or ask for the same")
        if self.path.stat().st_size != size:
            raise CheckpointError(
                f"{self.path.name} is damaged: {self.path.stat().st_size:,} bytes instead of {size:,};"
                " delete it to begin with an empty memory"
            )

    @property
    def written(self):
        """Rows that were ever written."""
        return int(self._written[0])

    def __len__(self):
        """Moves that it holds, of all games together."""
        return min(self.written, self.rows) * self.games

    def add(self, frames, ages, actions, rewards, ended, counts):
        """Write one move of each game.

        Parameters
        ----------
        frames : ndarray (games, side, side)
            Newest picture before the move.
        ages : ndarray (games,)
            Pictures of the same game before it, at most three.
        actions, rewards, ended : ndarray (games,)
            The move, what it paid, whether the game was over then.
        counts : ndarray (games,)
            False where the move was none, because a new game was set up.
        """
        row = self.written % self.rows
        self.counts[row] = 0  # whoever looks in between finds nothing
        self.frames[row], self.ages[row], self.actions[row] = frames, ages, actions
        self.rewards[row], self.ended[row], self.counts[row] = rewards, ended, counts
        self._written[0] = self.written + 1

    def cut(self, rows, games=slice(None)):
        """Take the last rows out of play: what follows them is no move later, but another game."""
        for back in range(1, min(rows, self.written, self.rows) + 1):
            self.counts[(self.written - back) % self.rows, games] = 0

    def stacks(self, rows, games):
        """Put together stacks (n, 4, side, side), oldest picture first, black before a game began."""
        back = np.arange(STACK - 1, -1, -1)
        found = self.frames[(rows[:, None] - back) % self.rows, games[:, None]]
        found[back > self.ages[rows % self.rows, games][:, None]] = 0
        return found

    def draw(self, rng, count, discount):
        """Draw transitions.

        Parameters
        ----------
        rng : numpy.random.Generator
        count : int
        discount : float

        Returns
        -------
        tuple of ndarray
            Stacks; actions; discounted rewards of the next moves, up to the end of the game; stacks after
            them; and what their value counts: the discount to the power of these moves, 0 after an end.
        """
        oldest = max(self.written - self.rows, 0) + STACK  # a row more than the stacks reach: it may be half new
        if self.written - self.steps <= oldest:
            raise ValueError(f"{self.path.name} holds too little to draw from: {self.written} rows")
        rows, games = np.empty(0, int), np.empty(0, int)
        for _ in range(1000):
            row, game = rng.integers(oldest, self.written - self.steps, count), rng.integers(self.games, size=count)
            fits = self.counts[row % self.rows, game] == 1
            rows, games = np.append(rows, row[fits])[:count], np.append(games, game[fits])[:count]
            if len(rows) == count:
                break
        else:
            raise ValueError(f"{self.path.name} holds no move that counts")
        rewards, goes_on = np.zeros(count, "float32"), np.ones(count, "float32")
        for step in range(self.steps):
            at = (rows + step) % self.rows, games
            rewards += np.float32(discount**step) * goes_on * self.rewards[at]
            goes_on *= self.ended[at] == 0
        actions = self.actions[rows % self.rows, games].astype("int32")
        after = self.stacks(rows + self.steps, games)
        return self.stacks(rows, games), actions, rewards, after, goes_on * np.float32(discount**self.steps)

    def flush(self):
        """Write to the disk what is still in the computer's memory."""
        self._whole.flush()
