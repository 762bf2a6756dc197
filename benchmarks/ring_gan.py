"""Lecture 16's game on a ring of eight Gaussians, beside PyTorch eager: steps per second, and time to eight modes.

A step moves both players at the same time, on all sides: one pass of the generator, one of the discriminator
over its points, and Adam for each. Ours plays a hundred steps in each call of XLA, as lecture 16 does; the
steps per second are those of a compiled game, and compiling stands apart in the second table. PyTorch runs
its usual loop; it is written in two ways, with fused Adam, which was quicker than the default. Both sides draw
their data a hundred batches at a time.

How many steps a game takes is luck. So the second table tells for five seeds when all eight modes were covered,
from the same starting weights on all sides, but with other data; and what compiling adds to it, for one game and
for five in one process. Lecture 16's networks are small: wider ones keep the processor busy on either side, and
the ratio shrinks (hidden layers of 128 and batches of 256: about 2).
"""

import math
import random
import time

from benchmarks.harness import Comparison, Side
from benchmarks.sharing import unlike, until_reached

WIDTH, BATCH, RATES, BETA, LEAK = 48, 64, (1e-3, 4e-3), 0.5, 0.2
CENTRES = [(2 * math.cos(k * math.pi / 4), 2 * math.sin(k * math.pi / 4)) for k in range(8)]
SPREAD, CALL, COMPARED = 0.15, 100, 10  # ten steps' losses must agree: the game blows differences up, as of Adam's epsilon
SEEDS, POINTS, LEAST_SHARE, MOST_SECONDS = 5, 2000, 0.5, 10


def problem():
    """Hundred batches on which all sides play first, to see that they play the same game."""
    draw = random.Random(0)

    def batches(point):
        return [[point() for _ in range(BATCH)] for _ in range(CALL)]

    real = batches(lambda: [c + draw.gauss(0, SPREAD) for c in draw.choice(CENTRES)])
    return {"real": real, "noise": batches(lambda: [draw.gauss(0, 1), draw.gauss(0, 1)])}


def starting_weights(seed):
    """He's normal weights of generator and discriminator, (in, out) as nested lists."""
    draw = random.Random(seed)
    shapes = [[(2, WIDTH), (WIDTH, WIDTH), (WIDTH, last)] for last in (2, 1)]

    def layer(rows, columns):
        return [[draw.gauss(0, math.sqrt(2 / rows)) for _ in range(columns)] for _ in range(rows)]

    return [[layer(*shape) for shape in net] for net in shapes]


def coverage(points):
    """Modes with 2 % of the points within three spreads, and the share of points near any."""
    counts = [0] * len(CENTRES)
    for point in points:
        distances = [math.dist(point, centre) for centre in CENTRES]
        if min(distances) < 3 * SPREAD:
            counts[distances.index(min(distances))] += 1
    return sum(count >= 0.02 * len(points) for count in counts), sum(counts) / len(points)


class Game:
    """What all sides share: when a game is won, its clock, and what is reported.

    A side has `given` (the problem's batches), ``drawn()`` (fresh ones), ``start(seed)``, ``play(real, noise)``
    (a step per batch; both losses before each), ``compile()`` (forget what was compiled) and ``points(count)``.
    """

    def __init__(self, problem):
        self.prepare(problem)
        self.compile()
        self.start(0)
        self.losses = [[float(loss) for loss in both] for both in self.play(*self.given)[:COMPARED]]
        self.reset(0)

    def reset(self, seed):
        self.seed = seed
        self.start(seed)

    def run(self, steps):
        for _ in range(steps // CALL):
            last = self.play(*self.drawn())[-1]
        float(last[0])  # waits until all is played

    def timed(self):
        """Seconds of one call."""
        start = time.perf_counter()
        self.run(CALL)
        return time.perf_counter() - start

    def until_covered(self):
        """What compiling takes, and one game; asking after its modes stops the clock."""
        self.compile()
        compiling = self.timed() - self.timed()
        self.start(self.seed)
        seconds, steps, won = 0.0, 0, False
        while not won and seconds < MOST_SECONDS:
            seconds, steps = seconds + self.timed(), steps + CALL
            modes, share = coverage(self.points(POINTS))
            won = modes == len(CENTRES) and share >= LEAST_SHARE
        return {"won": won, "seconds": seconds, "steps": steps, "compiling": max(compiling, 0.0)}

    def quality(self):
        """Counts, losses on the given batches, and for the first seeds a game until it is won."""
        return {
            "parameters": self.parameters(), "examples": BATCH, "given": self.losses, "seed": self.seed,
            "game": self.until_covered() if self.seed < SEEDS else None,
        }  # fmt: skip


class TensorFlow(Game):
    """Two lists of variables, and a function of a hundred steps, compiled by XLA."""

    def prepare(self, problem):
        import keras
        import numpy as np
        import tensorflow as tf

        self.given = [tf.constant(problem[key], tf.float32) for key in ("real", "noise")]
        self.centres = np.array(CENTRES, "float32")
        self.players, self.rules = [], []
        for net, rate in zip(starting_weights(0), RATES, strict=True):
            self.players.append([tf.Variable(tf.zeros(np.shape(part))) for W in net for part in (W, W[0])])
            self.rules.append(keras.optimizers.Adam(rate, beta_1=BETA))
            self.rules[-1].build(self.players[-1])

    def start(self, seed):
        import numpy as np
        import tensorflow as tf

        self.rng = np.random.default_rng(seed)
        for player, rule, net, rate in zip(self.players, self.rules, starting_weights(seed), RATES, strict=True):
            for W, bias, start in zip(player[::2], player[1::2], net, strict=True):
                W.assign(start)
                bias.assign(tf.zeros_like(bias))
            for variable in rule.variables:
                variable.assign(tf.zeros_like(variable.value))
            rule.learning_rate.assign(rate)

    def drawn(self):
        centres = self.centres[self.rng.integers(8, size=(CALL, BATCH))]
        noise = self.rng.standard_normal((2, CALL, BATCH, 2), "float32")
        return centres + SPREAD * noise[0], noise[1]

    @staticmethod
    def forward(player, x):
        import tensorflow as tf

        for W, bias in zip(player[:-2:2], player[1:-2:2], strict=True):
            x = tf.nn.leaky_relu(x @ W + bias, LEAK)
        return x @ player[-2] + player[-1]

    def compile(self):
        import tensorflow as tf

        forward, softplus, (g, d), (g_rule, d_rule) = self.forward, tf.nn.softplus, self.players, self.rules

        @tf.function(jit_compile=True)
        def many_steps(reals, noises):
            both = tf.TensorArray(tf.float32, CALL)
            for i in tf.range(CALL):
                with tf.GradientTape(persistent=True) as tape:
                    on_forged = forward(d, forward(g, noises[i]))
                    d_loss = tf.reduce_mean(softplus(-forward(d, reals[i])) + softplus(on_forged))
                    g_loss = tf.reduce_mean(softplus(-on_forged))
                d_slopes, g_slopes = tape.gradient(d_loss, d), tape.gradient(g_loss, g)
                d_rule.apply(d_slopes, d)
                g_rule.apply(g_slopes, g)
                both = both.write(i, tf.stack([d_loss, g_loss]))
            return both.stack()

        self.play = many_steps

    def points(self, count):
        return self.forward(self.players[0], self.rng.standard_normal((count, 2), "float32")).numpy().tolist()

    def parameters(self):
        return sum(int(variable.shape.num_elements()) for player in self.players for variable in player)


class Torch(Game):
    """`nn.Sequential`, `optim.Adam`, and both gradients before either player moves.

    The discriminator may see real and forged points in one batch (`joined`) or one after the other.
    """

    def __init__(self, problem, joined=False):
        self.joined = joined
        super().__init__(problem)

    def prepare(self, problem):
        import torch

        self.given = [torch.tensor(problem[key]) for key in ("real", "noise")]
        self.centres = torch.tensor(CENTRES)

    def start(self, seed):
        import torch
        from torch import nn

        torch.manual_seed(seed)
        self.players, self.rules = [], []
        for net, rate in zip(starting_weights(seed), RATES, strict=True):
            layers = []
            for W in net:
                layer = nn.Linear(len(W), len(W[0]))
                with torch.no_grad():
                    layer.weight.copy_(torch.tensor(W).T)
                    layer.bias.zero_()
                layers += [layer, nn.LeakyReLU(LEAK)]
            self.players.append(nn.Sequential(*layers[:-1]))
            self.rules.append(torch.optim.Adam(self.players[-1].parameters(), rate, (BETA, 0.999), eps=1e-7, fused=True))

    def drawn(self):
        import torch

        centres = self.centres[torch.randint(8, (CALL, BATCH))]
        return centres + SPREAD * torch.randn(CALL, BATCH, 2), torch.randn(CALL, BATCH, 2)

    def compile(self):
        pass

    def play(self, reals, noises):
        import torch
        from torch.nn.functional import softplus

        (g, d), losses = self.players, []
        g_weights, d_weights = list(g.parameters()), list(d.parameters())
        for real, noise in zip(reals, noises, strict=True):
            forged = g(noise)
            on_real, on_forged = d(torch.cat([real, forged])).split(BATCH) if self.joined else (d(real), d(forged))
            d_loss = (softplus(-on_real) + softplus(on_forged)).mean()
            g_loss = softplus(-on_forged).mean()
            d_slopes = torch.autograd.grad(d_loss, d_weights, retain_graph=True)
            g_slopes = torch.autograd.grad(g_loss, g_weights)
            for weight, slope in zip(d_weights + g_weights, d_slopes + g_slopes, strict=True):
                weight.grad = slope
            for rule in self.rules:
                rule.step()
            losses.append((d_loss.detach(), g_loss.detach()))
        return losses

    def points(self, count):
        import torch

        with torch.no_grad():
            return self.players[0](torch.randn(count, 2)).tolist()

    def parameters(self):
        return sum(p.numel() for player in self.players for p in player.parameters())


def agree(qualities, first):
    """The same networks, the same losses of both players on the same batches."""
    return unlike(qualities, "given", 1e-3)


def by_seed(rows):
    """Second table: steps per second; seconds, and steps, until all modes are covered; what compiling adds."""
    said = (
        f"Until all eight modes are covered and {100 * LEAST_SHARE:.0f} % of the points are near one, asked every {CALL} steps: "
        "seconds of playing (and steps), then with compiling."
    )
    return until_reached(rows, said, "game", 2, "steps")


COMPARISON = Comparison(
    title="A game on a ring of eight Gaussians against PyTorch",
    task=(
        "Eight Gaussians of spread 0.15 on a circle of radius 2; generator 2-48-48-2, discriminator 2-48-48-1, leaky relu; "
        "the non-saturating game, both move at once; Adam at 0.001 and 0.004, β₁ 0.5, batches of 64."
    ),
    unit="ms per 100 steps",
    per_second=100_000,
    goal=3.0,
    problem=problem,
    sides=(
        Side("100 steps in a call of XLA", TensorFlow, "ours", threads=(1, 2), versions=("tensorflow", "keras")),
        Side("PyTorch eager", Torch, "peer", True, (1, 2), ("torch",)),
        Side("PyTorch eager, real and forged in one batch", lambda p: Torch(p, True), "peer", True, (1, 2), ("torch",)),
    ),
    check_steps=100,
    block_steps=300,
    agree=agree,
    more=by_seed,
)  # fmt: skip
