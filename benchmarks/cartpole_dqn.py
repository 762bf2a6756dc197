"""Deep Q-learning on CartPole-v1, as in lecture 17, beside Stable-Baselines3: moves per second, and time to 475.

A step of this comparison is a move of one cart, with the updates that belong to it. Ours is the last step of
lecture 17: 16 carts at once, and after every 256 moves 64 updates in one call of XLA. Stable-Baselines3 runs with
the hyperparameters that its Zoo publishes for this game: one cart, 128 updates after every 256 moves, and wider
layers. So the goal compares two recipes, each with its own engine. What the engine alone gives stands in the rows
of context: ours with the Zoo's network and updates, and Stable-Baselines3 with ours.

No side judges itself. Each hands its weights to one referee, who plays a hundred games with them, greedily, in
NumPy. The second table tells after how many seconds and moves of training these games last 475 steps on average,
asked about every two thousand moves; the referee's time is not counted, compiling is.
"""

import random
import statistics
import time

from benchmarks.harness import Comparison, Side
from benchmarks.sharing import markdown

ROUND, LEARNS_FROM, BATCH, DISCOUNT = 256, 1000, 64, 0.99
GAMES, SOLVED, LEAST = 100, 475, 60  # an untrained network reaches about 10
SEEDS, ASKED_EVERY, MOST_SECONDS = 3, 2048, 120


def referee(weights, seed):
    """Mean steps of GAMES greedy games; weights: kernel (in, out), bias, and so on."""
    import gymnasium
    import numpy as np

    env = gymnasium.make_vec("CartPole-v1", num_envs=GAMES, vectorization_mode="vector_entry_point")
    state, steps, up = env.reset(seed=1_000_000 + seed)[0], 0.0, np.ones(GAMES, bool)
    while up.any():
        x = state
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = np.maximum(x @ kernel + bias, 0)
        state, _, ended, cut, _ = env.step((x @ weights[-2] + weights[-1]).argmax(axis=1))
        steps += up.sum()
        up &= ~(ended | cut)
    env.close()
    return float(steps / GAMES)


class Training:
    """What all sides share: a training that goes on, its clock, and what is reported.

    A side has ``begin(seed)``, ``play(moves)`` and ``weights()`` (arrays, kernels (in, out)).
    """

    def __init__(self, problem):
        self.reset(0)
        self.play(2 * LEARNS_FROM)  # what is timed is learning, compiled

    def reset(self, seed):
        self.seed, self.moves = seed, getattr(self, "moves", 0)
        if not self.moves:
            self.begin(seed)

    def run(self, steps):
        self.play(steps)
        self.moves, self.block = self.moves + steps, steps  # a quick side may be asked for a block several times

    def until_solved(self):
        """Seconds and moves of a training of its own until the referee is content."""
        self.begin(self.seed)
        seconds, moves, won = 0.0, 0, False
        while not won and seconds < MOST_SECONDS:
            start = time.perf_counter()
            self.play(ASKED_EVERY)
            seconds, moves = seconds + time.perf_counter() - start, moves + ASKED_EVERY
            won = referee(self.weights(), self.seed) >= SOLVED
        return {"won": won, "seconds": seconds, "steps": moves}

    def quality(self):
        """Mean steps of greedy games; for the first seeds, a training until it is solved."""
        found = {
            "moves": self.block, "seed": self.seed, "stands": referee(self.weights(), self.seed),
            "parameters": sum(array.size for array in self.weights()), "game": None,
        }  # fmt: skip
        if self.seed < SEEDS and self.moves > LEARNS_FROM:
            found["game"] = self.until_solved()
        return found


class TensorFlow(Training):
    """Lecture 17's collector: carts in step, updates in calls of XLA.

    Parameters
    ----------
    problem : dict
    units : int
        Of both hidden layers.
    updates : int
        After every ROUND moves.
    rate : float
        Learning rate at first.
    """

    def __init__(self, problem, units=64, updates=64, rate=1e-3):
        self.units, self.updates, self.rate = units, updates, rate
        super().__init__(problem)

    def begin(self, seed):
        import gymnasium
        import keras
        import numpy as np

        keras.utils.set_random_seed(seed)
        self.rng, self.round, self.games = np.random.default_rng(seed), 0, 16

        def network():
            hidden = [keras.layers.Dense(self.units, "relu") for _ in range(2)]
            return keras.Sequential([keras.Input((4,)), *hidden, keras.layers.Dense(2)])

        self.q, self.target = network(), network()
        self.q.layers[-1].bias.assign([1 / (1 - DISCOUNT)] * 2)  # hope: a pole that never falls
        self.target.set_weights(self.q.get_weights())
        self.rule = keras.optimizers.Adam(self.rate)
        self.rule.build(self.q.trainable_variables)
        self.learn, self.known = self.compiled(), self.q.get_weights()
        self.memory = [np.zeros((20_000, *shape), kind) for shape, kind in
                       (((4,), "f4"), ((), "i4"), ((), "f4"), ((4,), "f4"), ((), "f4"))]  # fmt: skip
        self.stored = 0
        self.env = gymnasium.make_vec("CartPole-v1", num_envs=self.games, vectorization_mode="vector_entry_point")
        self.state, self.fresh = self.env.reset(seed=seed)[0], np.zeros(self.games, bool)

    def compiled(self):
        import tensorflow as tf

        q, target, rule = self.q, self.target, self.rule

        @tf.function(jit_compile=True)
        def learn(before, action, reward, after, ended):
            following = tf.reduce_max(target(tf.reshape(after, (-1, 4))), axis=1)
            y = reward + DISCOUNT * (1 - ended) * tf.reshape(following, reward.shape)
            for i in tf.range(reward.shape[0]):
                with tf.GradientTape() as tape:
                    error = tf.abs(y[i] - tf.reduce_sum(q(before[i]) * tf.one_hot(action[i], 2), axis=1))
                    loss = tf.reduce_mean(tf.where(error < 1, error**2 / 2, error - 0.5))
                rule.apply(tape.gradient(loss, q.trainable_variables), q.trainable_variables)
            for copy, new in zip(target.trainable_variables, q.trainable_variables, strict=True):
                copy.assign(new)

        return learn

    def play(self, moves):
        import numpy as np

        for _ in range(moves // ROUND):
            self.round += 1
            for _ in range(ROUND // self.games):
                x = self.state
                for kernel, bias in ((self.known[0], self.known[1]), (self.known[2], self.known[3])):
                    x = np.maximum(x @ kernel + bias, 0)
                explore = self.rng.random(self.games) < max(0.05, 1 - self.round / 30)
                best = (x @ self.known[4] + self.known[5]).argmax(axis=1)
                action = np.where(explore, self.rng.integers(2, size=self.games), best)
                after, reward, ended, cut, _ = self.env.step(action)
                real = ~self.fresh  # a reset is no move
                places = (self.stored + np.arange(real.sum())) % len(self.memory[0])
                for kept, new in zip(self.memory, (self.state, action, reward, after, ended), strict=True):
                    kept[places] = new[real]
                self.stored += len(places)
                self.state, self.fresh = after, ended | cut
            if self.stored >= LEARNS_FROM:
                self.rule.learning_rate.assign(self.rate * max(0.1, 1 - self.round / 250))
                chosen = self.rng.integers(min(self.stored, len(self.memory[0])), size=(self.updates, BATCH))
                self.learn(*(kept[chosen] for kept in self.memory))
                self.known = self.q.get_weights()

    def weights(self):
        return self.known


class StableBaselines(Training):
    """`stable_baselines3.DQN` with the hyperparameters of RL Baselines3 Zoo for CartPole-v1."""

    def __init__(self, problem, units=256, updates=128, rate=2.3e-3):
        self.units, self.updates, self.rate = units, updates, rate
        super().__init__(problem)

    def begin(self, seed):
        import gymnasium
        from stable_baselines3 import DQN

        self.model = DQN(
            "MlpPolicy", gymnasium.make("CartPole-v1"), learning_rate=self.rate, batch_size=BATCH, buffer_size=100_000,
            learning_starts=LEARNS_FROM, gamma=DISCOUNT, target_update_interval=10, train_freq=ROUND,
            gradient_steps=self.updates, exploration_fraction=0.16, exploration_final_eps=0.04,
            policy_kwargs={"net_arch": [self.units, self.units]}, seed=seed, device="cpu",
        )  # fmt: skip
        # The Zoo plans 50,000 moves: exploration falls over the first 8,000, however the moves are asked for.
        self.planned = 50_000
        self.first = True

    def play(self, moves):
        from stable_baselines3.common.callbacks import BaseCallback

        planned, goal = self.planned, self.model.num_timesteps + moves

        class Plan(BaseCallback):
            def _on_training_start(self):
                self.model._total_timesteps = max(planned, goal)

            def _on_step(self):
                return self.num_timesteps < goal

        self.model.learn(moves, callback=Plan(), reset_num_timesteps=self.first)
        self.first = False

    def weights(self):
        arrays = [p.detach().numpy() for p in self.model.q_net.parameters()]
        return [array.T for array in arrays]


def agree(qualities, first):
    """All made as many moves in a block; after the first run each network stands longer than chance would."""
    moves = {name: quality["moves"] for name, quality in qualities.items()}
    complaints = [] if len(set(moves.values())) == 1 else [f"moves: {moves}"]
    if first:
        complaints += [
            f"{name} stands {quality['stands']:.0f} steps, at least {LEAST} are asked"
            for name, quality in qualities.items() if quality["stands"] < LEAST
        ]  # fmt: skip
    return complaints


def by_seed(rows):
    """Second table: moves per second; seconds, and moves, until a hundred games last 475 steps on average."""
    seeds = sorted({quality["seed"] for row in rows for quality in row.rounds if quality["game"]})
    lines = []
    for row in rows:
        runs = {quality["seed"]: quality["game"] for quality in row.rounds if quality["game"]}
        cells = [
            f"{'' if runs[seed]['won'] else 'not in '}{runs[seed]['seconds']:.0f} ({runs[seed]['steps']:,})" if seed in runs else "–"
            for seed in seeds
        ]  # fmt: skip
        middle = f"{statistics.median(run['seconds'] for run in runs.values()):.0f}" if runs else "–"
        lines.append((f"{row.side.role}: {row.side.name}", f"{1 / row.median:,.0f}", *cells, middle))
    said = (
        f"Until {GAMES} greedy games last {SOLVED} steps on average, asked every {ASKED_EVERY:,} moves: seconds "
        f"of training with compiling (and moves); given up after {MOST_SECONDS} s."
    )
    return [said, "", *markdown(("", "moves per second", *(f"seed {seed}" for seed in seeds), "median, s"), lines)]


def problem():
    """Nothing is given: each side meets its own carts."""
    return {"seed": random.Random(0).randrange(1000)}


COMPARISON = Comparison(
    title="Deep Q-learning on CartPole against Stable-Baselines3",
    task=(
        "CartPole-v1, discount 0.99, batches of 64 from a replay memory. Ours: 4-64-64-2, 64 updates after every 256 moves of 16 "
        "carts, Adam at 0.001. The Zoo's: 4-256-256-2, 128 updates after every 256 moves of one cart, Adam at 0.0023."
    ),
    unit="ms per 1,000 moves",
    per_second=1_000_000,
    goal=3.0,
    problem=problem,
    sides=(
        Side("16 carts, updates in calls of XLA", TensorFlow, "ours", threads=(1, 2), versions=("tensorflow", "keras", "gymnasium")),
        Side("Stable-Baselines3, the Zoo's values", StableBaselines, "peer", True, (1, 2), ("stable-baselines3", "torch")),
        Side("ours with the Zoo's network and updates", lambda p: TensorFlow(p, 256, 128, 2.3e-3), "context", threads=(1, 2)),
        Side(
            "Stable-Baselines3 with our network and updates", lambda p: StableBaselines(p, 64, 64, 1e-3), "context", True, (1, 2)
        ),
    ),
    check_steps=20_480,
    block_steps=2048,
    agree=agree,
    more=by_seed,
)  # fmt: skip
