"""Moves of Pong per second, from buttons to stacks of pictures, beside Gymnasium's wrappers.

What a network of lecture 17 sees costs more than the game: 84 x 84 grey levels, the maximum of two frames, every
fourth frame, stacks of four. Ours is `ale_py`'s `AtariVectorEnv` with eight games, as `training.pong_dqn` plays it.
The usual way is Gymnasium's `AtariPreprocessing` and `FrameStackObservation`: one game, or eight in a
`SyncVectorEnv` or, each in a process of its own, in an `AsyncVectorEnv`. Asking the game for grey levels spares
them the colours that nobody looks at; so all but one of them do it.

A step of this comparison is a move of one game. All sides play the same eight games: the same buttons from the same
first frame, without no-ops or sticky actions. Rewards have to be equal, move by move, and pictures to a grey level,
for the resizing may round otherwise; how far they differ stands below the table. Sides of one game play the eight one
after the other. Nobody starts a game anew while the clock runs. All run under the same Python.
"""

import os
import random

from benchmarks.harness import Comparison, Side
from benchmarks.sharing import markdown, packed, unpacked

GAMES, SIDE, STACK, SKIP = 8, 84, 4, 4
BUTTONS = (0, 2, 3)  # nothing, up, down
MOST_MOVES = 300  # of a game: it lasts far longer
FIRST, EACH = 5, 50  # which stacks are compared: the first ones, and each so many moves
GREY = 1  # levels by which pictures may differ


class Games:
    """What all sides share: buttons, and what is reported. A side has ``begin()`` and ``play(moves)``."""

    def reset(self, seed):
        draw = random.Random(seed)
        self.buttons = [[draw.choice(BUTTONS) for _ in range(GAMES)] for _ in range(MOST_MOVES)]
        self.rewards, self.kept, self.moves = [], [], 0
        self.begin()

    def run(self, steps):
        self.play(steps // GAMES)
        self.moves += steps

    def keep(self, move, game, stack, reward, over):
        """Note what came of a move, of one game or, where `game` is None, of all."""
        self.rewards.append(reward)
        if over:
            raise RuntimeError(f"a game is over after {move + 1} moves")
        if move < FIRST or move % EACH == EACH - 1:
            self.kept.append((move, game, stack.copy()))

    def quality(self):
        """Number of moves; rewards (game, move); the stacks that were kept, packed (move, game, 4, 84, 84)."""
        import numpy as np

        if self.kept[0][1] is None:  # all games at once
            rewards, pictures = np.array(self.rewards).T, np.array([stack for _, _, stack in self.kept])
        else:
            rewards = np.reshape(self.rewards, (GAMES, -1))
            pictures = np.array([stack for _, _, stack in self.kept])
            pictures = pictures.reshape(GAMES, -1, *pictures.shape[1:]).swapaxes(0, 1)
        return {"moves": self.moves, "rewards": rewards.astype(int).tolist(), "pictures": packed(pictures)}


class Vector(Games):
    """Games that are played at once.

    Parameters
    ----------
    env : gymnasium.vector.VectorEnv
    """

    def __init__(self, env):
        self.env = env

    def begin(self):
        import numpy as np

        self.pressed = np.array(self.buttons)
        self.env.reset(seed=0)

    def play(self, moves):
        for move, buttons in enumerate(self.pressed[:moves]):
            stacks, rewards, ended, cut, _ = self.env.step(buttons)
            self.keep(move, None, stacks, rewards, (ended | cut).any())


class Alone(Games):
    """Games that are played one after the other.

    Parameters
    ----------
    envs : list of gymnasium.Env
        One for each of them.
    """

    def __init__(self, envs):
        self.envs = envs

    def begin(self):
        for env in self.envs:
            env.reset(seed=0)

    def play(self, moves):
        for game, env in enumerate(self.envs):
            for move, buttons in enumerate(self.buttons[:moves]):
                stack, reward, ended, cut, _ = env.step(buttons[game])
                self.keep(move, game, stack, reward, ended or cut)


class AloneInVectors(Alone):
    """One game after the other, each an `AtariVectorEnv` that has no second."""

    def play(self, moves):
        import numpy as np

        pressed = np.array(self.buttons)
        for game, env in enumerate(self.envs):
            for move in range(moves):
                stacks, rewards, ended, cut, _ = env.step(pressed[move, game : game + 1])
                self.keep(move, game, stacks[0], rewards[0], ended[0] or cut[0])


def threads():
    """How many a side may use."""
    return int(os.environ.get("OMP_NUM_THREADS", "1"))


def ale_vector(count):
    """Games as `training.pong_dqn` sets them up, but all with the same first frame."""
    from ale_py.vector_env import AtariVectorEnv

    return AtariVectorEnv(
        "pong", count, num_threads=min(threads(), count), img_height=SIDE, img_width=SIDE, noop_max=0, use_fire_reset=False
    )


def gymnasium_game(seen="grayscale"):
    """One game with Gymnasium's wrappers; `seen` is what the emulator paints for them in vain."""
    import ale_py
    import cv2
    import gymnasium
    from gymnasium.wrappers import AtariPreprocessing, FrameStackObservation

    gymnasium.register_envs(ale_py)
    cv2.setNumThreads(threads())
    env = gymnasium.make("ALE/Pong-v5", frameskip=1, repeat_action_probability=0.0, obs_type=seen)
    env = AtariPreprocessing(env, noop_max=0, frame_skip=SKIP, screen_size=SIDE)
    return FrameStackObservation(env, STACK, padding_type="zero")


def in_step(problem):
    """All games in one process, in turns."""
    from gymnasium.vector import SyncVectorEnv

    return Vector(SyncVectorEnv([gymnasium_game] * GAMES))


def in_processes(problem):
    """Each game in a process of its own."""
    from gymnasium.vector import AsyncVectorEnv

    return Vector(AsyncVectorEnv([gymnasium_game] * GAMES))


def apart(one, other):
    """Largest difference of two packed series of pictures, in grey levels; None if their shapes differ."""
    import numpy as np

    one, other = unpacked(one), unpacked(other)
    return int(np.abs(one.astype("int16") - other).max()) if one.shape == other.shape else None


def agree(qualities, first):
    """The same games: as many moves, equal rewards, some of them not 0, and pictures equal to a grey level."""
    (name, one), *others = qualities.items()
    complaints = []
    if first and not any(reward for game in one["rewards"] for reward in game):
        complaints.append(f"nobody scores in {name}")
    for other, quality in others:
        if quality["moves"] != one["moves"]:
            complaints.append(f"moves: {one['moves']} in {name}, {quality['moves']} in {other}")
        elif quality["rewards"] != one["rewards"]:
            pairs = zip(one["rewards"], quality["rewards"], strict=True)
            unequal = [number for number, (mine, theirs) in enumerate(pairs) if mine != theirs]
            complaints.append(f"rewards of game {unequal[0]} differ in {name} and {other}")
        else:
            levels = apart(one["pictures"], quality["pictures"])
            if levels is None or levels > GREY:
                by = "have other shapes" if levels is None else f"differ by {levels} grey levels"
                complaints.append(f"pictures {by} in {name} and {other}")
    return complaints


def by_second(rows):
    """Second table: moves per second, and how far the pictures are from ours."""
    [ours] = [row for row in rows if row.side.role == "ours"]
    lines = []
    for row in rows:
        levels = apart(ours.quality["pictures"], row.quality["pictures"])
        lines.append((f"{row.side.role}: {row.side.name}", f"{1 / row.median:,.0f}", "" if row is ours else str(levels)))
    return markdown(("", "moves per second", "pictures differ from ours by at most, grey levels"), lines)


VERSIONS = ("ale-py", "gymnasium")
WITH_CV2 = (*VERSIONS, "opencv-python-headless")
COMPARISON = Comparison(
    title="Pong's pictures against Gymnasium's wrappers",
    task=(
        f"Pong with random buttons, no sticky actions; {SIDE} x {SIDE} grey levels, maximum of two frames, every fourth frame, stacks "
        f"of four; {GAMES} games."
    ),
    unit="ms per 1,000 moves",
    per_second=1_000_000,
    goal=2.0,
    problem=dict,
    sides=(
        Side("AtariVectorEnv, 8 games at once", lambda p: Vector(ale_vector(GAMES)), "ours", True, (1, 2), VERSIONS),
        Side(
            "AtariPreprocessing, one game, as documented", lambda p: Alone([gymnasium_game("rgb") for _ in range(GAMES)]), "peer",
            True, (1, 2), WITH_CV2,
        ),
        Side(
            "AtariPreprocessing, one game, grey levels", lambda p: Alone([gymnasium_game() for _ in range(GAMES)]), "peer",
            True, (1, 2), WITH_CV2,
        ),
        Side("the same in SyncVectorEnv, 8 games", in_step, "peer", True, (1, 2), WITH_CV2),
        Side("the same in AsyncVectorEnv, 8 games", in_processes, "peer", True, (1, 2), WITH_CV2),
        Side(
            "AtariVectorEnv, one game", lambda p: AloneInVectors([ale_vector(1) for _ in range(GAMES)]), "context", True,
            versions=VERSIONS,
        ),
    ),
    check_steps=GAMES * MOST_MOVES,
    block_steps=GAMES * 150,
    agree=agree,
    more=by_second,
)  # fmt: skip
