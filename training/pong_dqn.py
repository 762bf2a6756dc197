"""Train a deep Q-network on Pong from its pixels; lecture 17 looks into what it learned.

    python -m training.pong_dqn --steps 300000       # stop it at any time, start it again: it goes on
    python -m training.pong_dqn --evaluate           # 20 fresh games with what it has learned so far

Network and pictures are those of Mnih et al. (2015): 84 x 84 grey levels, maximum of two frames, every
fourth frame, stacks of four. Eight games are played at once, without sticky actions; for every four moves
there is one update with 32 transitions of the replay memory: double Q-learning, rewards of three moves,
Huber's loss, Adam. Once the network can play, some of the games become clumsy: in the eight of them 1 to 10 %
of the moves are random, so that it also learns what to do after a wrong one. The replay memory lies in a file
of 1.4 GB beside the state. A stopped training goes on with the same network, memory and counters, and with new
games.
"""

import argparse
import math
import platform
import time
from pathlib import Path

import numpy as np

from course_utils import checkpoints, reproducibility
from course_utils.networks import transformers
from training import replay

SCRIPT = "training/pong_dqn.py"
STATE = Path(__file__).resolve().parent / "state"
BUTTONS = np.array([0, 2, 3])  # nothing, up, down
SIDE = 84
CONVOLUTIONS = ((8, 4, 32), (4, 2, 64), (3, 1, 64))  # kernel, stride, maps
HIDDEN = 512
DISCOUNT, N_STEPS = 0.99, 3
MOVES_AN_UPDATE = 4
EPSILON, EPSILON_MOVES = 0.01, 100_000  # least share of random moves, and how many moves it takes to get there
CLUMSY_FROM, CLUMSY = 120_000, (0.01, 0.1)  # after so many updates each game has a share of its own, from .. to ..
COPY_EVERY = 500  # updates after which the target network is copied
EVERY_SECONDS, EACH_MINUTES, LINE_SECONDS = 180.0, 10.0, 90.0  # state, point of the curve, printed line
LONGEST_MOVE = 30.0  # seconds; a longer one means that the process was held, and counts as this
ROWS_OF_CURVE = 100
FRESH_GAMES, FRESH_EPSILON = 20, 0.05
LONGEST = 27_000  # moves after which a fresh game is counted as it stands, as the emulator does


# Network


def first_weights(rng):
    """Weights in Keras's order: uniform with He's spread, a tenth of it for the last layer: first values are small."""
    shapes, side, maps = [], SIDE, replay.STACK
    for number, (kernel, stride, more) in enumerate(CONVOLUTIONS, 1):
        shapes.append((f"convolution_{number}", (kernel, kernel, maps, more)))
        side, maps = (side - kernel) // stride + 1, more
    shapes += [("hidden", (side * side * maps, HIDDEN)), ("values", (HIDDEN, len(BUTTONS)))]
    weights = {}
    for name, shape in shapes:
        widest = math.sqrt(6 / math.prod(shape[:-1])) * (0.1 if name == "values" else 1.0)
        weights[f"{name}_kernel"] = rng.uniform(-widest, widest, shape).astype("float32")
        weights[f"{name}_bias"] = np.zeros(shape[-1], "float32")
    return weights


def action_values(weights, stacks, compute="float32"):
    """Values (n, 3), a tensor, of stacks (n, 4, 84, 84) of bytes; the last layer always computes in float32."""
    import tensorflow as tf

    layer = [tf.cast(weight, compute) for weight in list(weights.values())[:-2]]
    x = tf.cast(tf.transpose(stacks, (0, 2, 3, 1)), compute) / 255
    for number, (_, stride, _) in enumerate(CONVOLUTIONS):
        x = tf.nn.relu(tf.nn.conv2d(x, layer[2 * number], stride, "VALID") + layer[2 * number + 1])
    x = tf.nn.relu(tf.matmul(tf.reshape(x, (-1, layer[-2].shape[0])), layer[-2]) + layer[-1])
    return tf.matmul(tf.cast(x, "float32"), weights["values_kernel"]) + weights["values_bias"]


def double_targets(rewards, counts, online, target):
    """Targets of double Q-learning: the network picks the action, its old copy says what it is worth."""
    import tensorflow as tf

    return rewards + counts * tf.gather(target, tf.argmax(online, axis=1), batch_dims=1)


class Learner:
    """Network, its old copy, and Adam's memory, as variables.

    Parameters
    ----------
    arrays : dict of str to ndarray
        First weights, or a state.
    batch : int
        Transitions of an update.
    """

    def __init__(self, arrays, batch):
        import tensorflow as tf

        self.batch, names = batch, [name for name in arrays if " " not in name]
        self.weights = {name: tf.Variable(arrays[name], name=name) for name in names}
        self.old = {name: tf.Variable(arrays.get(f"old {name}", arrays[name])) for name in names}
        slots = arrays if f"m {names[0]}" in arrays else None
        self.adam = transformers.Adam(self.weights, epsilon=1.5e-4, slots=slots)
        self.best = tf.function(lambda stacks: tf.argmax(action_values(self.weights, stacks), axis=1), autograph=False)

    def arrays(self):
        """All that has to be kept."""
        old = {f"old {name}": variable for name, variable in self.old.items()}
        return {name: variable.numpy() for name, variable in (self.weights | old | self.adam.variables).items()}

    def copy(self):
        """Let the old copy be the network of now."""
        for name, variable in self.old.items():
            variable.assign(self.weights[name])

    def make_update(self, compute, xla):
        """Compile an update that computes in `compute` and keeps float32 weights; it returns the loss."""
        import tensorflow as tf

        def update(stacks, actions, rewards, after, counts, step, rate):
            y = double_targets(
                rewards, counts, action_values(self.weights, after, compute), action_values(self.old, after, compute)
            )
            with tf.GradientTape() as tape:
                error = tf.gather(action_values(self.weights, stacks, compute), actions, batch_dims=1) - y
                size = tf.abs(error)
                loss = tf.reduce_mean(tf.where(size < 1, 0.5 * error**2, size - 0.5))
            self.adam.apply(tape.gradient(loss, list(self.weights.values())), step, rate)
            return loss

        return tf.function(update, jit_compile=xla, autograph=False)

    def fastest_update(self, asked="auto"):
        """Compile the update that is fastest here, and say which it is.

        Parameters
        ----------
        asked : str
            ``auto`` to measure, or one of ``float32``, ``bfloat16``, ``float32+xla``, ``bfloat16+xla``.
        """
        import tensorflow as tf

        ways = ["float32", "bfloat16"]
        if tf.config.list_physical_devices("GPU"):  # on processors it was never faster
            ways += ["float32+xla", "bfloat16+xla"]
        if asked != "auto":
            return self.make_update(asked.removesuffix("+xla"), asked.endswith("+xla")), asked
        before, rng, seconds, updates = self.arrays(), np.random.default_rng(0), {}, {}
        pictures = rng.integers(256, size=(2, self.batch, replay.STACK, SIDE, SIDE)).astype("uint8")
        zeros = np.zeros(self.batch, "f4")
        some = pictures[0], zeros.astype("int32"), zeros, pictures[1], zeros
        for way in ways:
            updates[way] = self.make_update(way.removesuffix("+xla"), way.endswith("+xla"))
            updates[way](*some, np.float32(1), np.float32(0))
        for way in ways * 8:
            start = time.perf_counter()
            float(updates[way](*some, np.float32(1), np.float32(0)))
            seconds[way] = min(seconds.get(way, math.inf), time.perf_counter() - start)
        for name, variable in (self.weights | self.adam.variables).items():
            variable.assign(before[name])
        print(", ".join(f"{way} {1000 * least:.0f} ms" for way, least in seconds.items()), flush=True)
        way = min(seconds, key=seconds.get)
        return updates[way], way


# Games


def new_games(count, threads):
    """Set up games of Pong that give stacks (count, 4, 84, 84) of bytes, without sticky actions."""
    from ale_py.vector_env import AtariVectorEnv

    return AtariVectorEnv("pong", count, num_threads=threads, img_height=SIDE, img_width=SIDE)


def fresh_scores(weights, seed, threads=1):
    """Scores (FRESH_GAMES,) of new games, played at once with a random move now and then.

    Parameters
    ----------
    weights : dict of str to ndarray
        In the order in which they are stored.
    seed, threads : int
    """
    import tensorflow as tf

    best = tf.function(lambda stacks: tf.argmax(action_values(weights, stacks), axis=1), autograph=False)
    games = FRESH_GAMES
    rng, env = np.random.default_rng([seed, 2]), new_games(games, threads)
    stacks, _ = env.reset(seed=1_000_000 + 1000 * seed)
    scores, playing = np.zeros(games), np.ones(games, bool)
    for _ in range(LONGEST):
        moves = np.where(rng.random(games) < FRESH_EPSILON, rng.integers(3, size=games), best(stacks).numpy())
        stacks, rewards, ended, cut, _ = env.step(BUTTONS[moves])
        scores += rewards * playing
        playing &= ~(ended | cut)
        if not playing.any():
            break
    env.close()
    return scores


class Play:
    """Games that fill the memory, move by move."""

    def __init__(self, memory, rng, threads):
        self.memory, self.rng, self.env = memory, rng, new_games(memory.games, threads)
        self.stacks, _ = self.env.reset(seed=int(rng.integers(2**30)))
        self.ages, self.over = np.zeros(memory.games, "u1"), np.zeros(memory.games, bool)
        self.points = np.zeros(memory.games)
        memory.cut(N_STEPS)  # the last games were broken off

    def move(self, best, epsilon):
        """One move in each game; returns the scores of games that ended with it."""
        games = self.memory.games
        actions = np.where(self.rng.random(games) < epsilon, self.rng.integers(3, size=games), best(self.stacks))
        newest = self.stacks[:, -1].copy()
        self.stacks, rewards, ended, cut, _ = self.env.step(BUTTONS[actions])
        self.memory.add(newest, self.ages, actions, np.sign(rewards), ended, ~self.over)
        if (cut & ~ended).any():
            self.memory.cut(N_STEPS - 1, cut & ~ended)
        self.ages = np.where(self.over, 0, np.minimum(self.ages + 1, replay.STACK - 1))  # after an end: set up
        self.points += rewards * ~self.over
        self.over = ended | cut
        scores = self.points[self.over].tolist()
        self.points[self.over] = 0
        return scores


# Training


def epsilon_at(step, moves, games):
    """Share of random moves in each game (games,), after so many updates and moves."""
    least = np.linspace(*CLUMSY, games) if step >= CLUMSY_FROM else np.full(games, EPSILON)
    return np.maximum(least, 1 - moves / EPSILON_MOVES)


def rate_at(step, steps, rate):
    """Learning rate of an update, counted from 1: constant, in the second half down to a tenth."""
    return rate * (1 - 0.9 * min(max(2 * step / steps - 1, 0.0), 1.0))


def thinned(curve, rows=ROWS_OF_CURVE):
    """At most so many points, first and last among them."""
    places = np.linspace(0, len(curve) - 1, min(len(curve), rows)).round().astype(int)
    return [curve[place] for place in places]


def plan(asked):
    """What the record says of a run: an evaluation may be done elsewhere."""
    import tensorflow as tf

    cores = f"{asked.threads} shared cores, {platform.machine()}"
    machine = "GPU" if tf.config.list_physical_devices("GPU") else cores
    return {"planned_steps": asked.steps, "rate": asked.rate, "batch": asked.batch, "machine": machine}


def store(path, weights, seen, asked, score):
    """Store a checkpoint; `score` says what was measured."""
    checkpoints.save(
        path, weights, score=score, seed=asked.seed, script=SCRIPT, steps=seen["step"], **seen.get("plan", plan(asked)),
        minutes=round(seen["seconds"] / 60, 1), moves=seen["moves"], games=seen["games"],
        buttons=BUTTONS.tolist(), discount=DISCOUNT, double=True, n_step=N_STEPS,
        computed_in=seen["ways"],
        epsilon=f"falls to {EPSILON} in {EPSILON_MOVES:,} moves; after {CLUMSY_FROM:,} updates by game {CLUMSY[0]} to {CLUMSY[1]}",
        curve_is="score: mean of the last 20 games of the training, exploration included",
        curve=thinned(seen["curve"]),
    )  # fmt: skip


def evaluate(arrays, seen, asked):
    """Play fresh games with the weights as they are stored, and store them where lectures look."""
    weights = {name: array for name, array in arrays.items() if " " not in name}
    scores = fresh_scores(checkpoints.rounded(weights), asked.seed, threads=asked.threads)
    score = {f"mean_of_{len(scores)}": round(float(scores.mean()), 2), "sd": round(float(scores.std(ddof=1)), 2)}
    store(asked.name, weights, seen, asked, score)
    print(f"{len(scores)} fresh games: {score} {scores.astype(int).tolist()}", flush=True)


def train(asked, run, arrays, seen):
    """Train, or go on training, until the steps are done, the minutes are over, or someone stops it."""
    learner = Learner(arrays, asked.batch)
    update, way = learner.fastest_update(asked.compute)
    seen["ways"] = sorted({*seen["ways"], way})
    seen["plan"] = plan(asked)
    memory = replay.Memory(
        run.path.with_name(f"{run.path.stem}_replay.bin"), asked.memory // asked.games, asked.games, SIDE, N_STEPS,
        anew=seen["moves"] == 0,
    )  # fmt: skip
    rng = {name: np.random.default_rng([asked.seed, number]) for number, name in enumerate(("play", "draw"))}
    for name, generator in seen["generators"].items():
        rng[name].bit_generator.state = generator
    play = Play(memory, rng["play"], asked.threads)
    print(f"{seen['step']:,} updates are done, the memory holds {len(memory):,} moves; computing in {way}", flush=True)
    started = last = said = time.monotonic()
    pointed, said_step, losses = seen["seconds"], seen["step"], []

    def keep():
        seen["generators"] = {name: generator.bit_generator.state for name, generator in rng.items()}
        run.keep(learner.arrays(), seen)
        memory.flush()

    while seen["step"] < asked.steps and not run.stopped:
        ready = len(memory) >= asked.first
        greedy = (lambda stacks: learner.best(stacks).numpy()) if ready or seen["step"] else (lambda stacks: 0)
        scores = play.move(greedy, epsilon_at(seen["step"], seen["moves"], asked.games))
        seen["moves"] += asked.games
        seen["games"] += len(scores)
        seen["scores"] = (seen["scores"] + scores)[-20:]
        seen["credit"] += asked.games / MOVES_AN_UPDATE if ready else 0
        while seen["credit"] >= 1 and seen["step"] < asked.steps:
            seen["credit"] -= 1
            seen["step"] += 1
            batch = memory.draw(rng["draw"], asked.batch, DISCOUNT)
            rate = rate_at(seen["step"], asked.steps, asked.rate)
            losses.append(update(*batch, np.float32(seen["step"]), np.float32(rate)))
            if seen["step"] % COPY_EVERY == 0:
                learner.copy()
        now = time.monotonic()
        seen["seconds"], last = seen["seconds"] + min(now - last, LONGEST_MOVE), now
        if now - said >= LINE_SECONDS:
            recent = f"{np.mean(seen['scores']):.1f}" if seen["scores"] else "none yet"
            loss = f"{np.mean([float(loss) for loss in losses]):.5f}" if losses else "none yet"
            print(
                f"{seen['seconds'] / 60:.0f} min, {seen['moves']:,} moves, {seen['step']:,} updates"
                f" ({(seen['step'] - said_step) / (now - said):.1f} a second), {seen['games']} games,"
                f" last 20: {recent}, loss {loss}", flush=True,
            )  # fmt: skip
            said, said_step, losses = now, seen["step"], []
        late = asked.minutes is not None and now - started >= 60 * asked.minutes
        if run.due and not run.stopped:
            keep()
        if seen["seconds"] - pointed >= 60 * EACH_MINUTES and seen["scores"]:
            pointed, mean = seen["seconds"], round(float(np.mean(seen["scores"])), 2)
            minutes = round(pointed / 60, 1)
            seen["curve"].append({"steps": seen["moves"], "updates": seen["step"], "minutes": minutes, "score": mean})
            keep()
            weights = {name: variable.numpy() for name, variable in learner.weights.items()}
            store(STATE / Path(asked.name).name, weights, seen, asked, {"mean_of_training_games": mean})
        if late:
            break
    play.env.close()
    keep()
    if seen["step"] >= asked.steps:
        evaluate(learner.arrays(), seen, asked)


def main(argv=None):
    """Train, or go on training, and store a checkpoint at the end; a part of it lies beside the state."""
    parser = argparse.ArgumentParser(prog="python -m training.pong_dqn", description=main.__doc__)
    parser.add_argument("--steps", type=int, default=300_000, help="updates in all; the rate falls towards them")
    parser.add_argument("--minutes", type=float, help="stop after so many, to go on another time")
    parser.add_argument("--evaluate", action="store_true", help="only play fresh games, and store the checkpoint")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="pong_dqn", help="of the checkpoint")
    parser.add_argument("--rate", type=float, default=2e-4, help="learning rate of the first half")
    parser.add_argument("--batch", type=int, default=32, help="transitions of an update")
    parser.add_argument("--games", type=int, default=8, help="that are played at once")
    parser.add_argument("--memory", type=int, default=200_000, help="moves that the replay memory holds")
    parser.add_argument("--first", type=int, default=10_000, help="moves before the first update")
    parser.add_argument("--threads", type=int, default=2)
    ways = ["auto", "float32", "bfloat16", "float32+xla", "bfloat16+xla"]
    parser.add_argument("--compute", choices=ways, default="auto", help="auto: whatever is fastest here")
    asked = parser.parse_args(argv)
    reproducibility.limit_threads(asked.threads)
    with checkpoints.Resumable(STATE / f"{Path(asked.name).name}_{asked.seed}.npz", EVERY_SECONDS) as run:
        first = first_weights(np.random.default_rng(asked.seed))
        start = {
            "step": 0, "moves": 0, "games": 0, "seconds": 0.0, "credit": 0.0, "scores": [], "curve": [], "ways": [],
            "generators": {},
        }  # fmt: skip
        kept = run.resume()
        if kept is None and asked.evaluate:
            raise SystemExit(f"there is no {run.path.name} to evaluate: train first")
        arrays, seen = kept or (first, start)
        if any(name not in arrays or arrays[name].shape != array.shape for name, array in first.items()):
            raise SystemExit(f"{run.path.name} holds a network of another size: delete it, or give another --name")
        if set(start) - set(seen):
            raise SystemExit(f"{run.path.name} was made by another training: delete it, or give another --name")
        if asked.evaluate:
            evaluate(arrays, seen, asked)
        else:
            train(asked, run, arrays, seen)


if __name__ == "__main__":
    main()
