"""Adversarial training on digits, as in lecture 09, beside PyTorch eager: seconds of a whole training.

One step of this comparison is a training of `EPOCHS` epochs from the same weights over the same batches,
another order in every round. In each batch an attack, projected gradient descent in seven steps from a
random start, changes the digits first. Ours has a whole epoch in one `tf.function`; its tracing is counted
in every training, and stands below the table alone. PyTorch runs the same loops eagerly; its update of the
pixels under `no_grad` and its fused Adam were the quickest of the usual ways.

No side judges itself. Each hands its weights to one referee in NumPy, which counts how many test digits are
right before and after an attack that nobody trained on: twenty smaller steps, the best of three starts.
"""

import math
import random
import statistics
import time

from benchmarks.harness import Comparison, Side
from benchmarks.sharing import digits, glorot, markdown, shuffled, unlike

HIDDEN, BATCH, RATE, EPOCHS = 128, 64, 4e-3, 30
EPSILON, STEP, ATTACK_STEPS = 0.1, 0.025, 7
REFEREE_STEPS, REFEREE_STARTS = 20, 3
LEAST = {"accuracy": 0.93, "robust": 0.73}  # of every training
APART = 0.04  # at most, of two sides after the same batches: the starts of the attacks are left to chance


def rate_of(epoch):
    """Learning rate: falls to zero, as in lecture 09."""
    return RATE * (1 - epoch / EPOCHS)


def starting_weights(seed):
    """Glorot's uniform weights, (in, out) as nested lists."""
    draw = random.Random(seed)
    return [glorot(draw, 64, HIDDEN), glorot(draw, HIDDEN, 10)]


# The referee


def slope(weights, x, y):
    """Gradient of each digit's cross-entropy by its pixels, and the logits: the chain rule in NumPy."""
    import numpy as np

    W1, b1, W2, b2 = weights
    hidden = np.maximum(x @ W1 + b1, 0)
    logits = hidden @ W2 + b2
    blame = np.exp(logits - logits.max(axis=1, keepdims=True))
    blame /= blame.sum(axis=1, keepdims=True)
    blame[np.arange(len(y)), y] -= 1
    return ((blame @ W2.T) * (hidden > 0)) @ W1.T, logits


def refereed(weights, x, y, seed=0):
    """Share of digits that are right, and that stay right whatever start the attack has."""
    import numpy as np

    rng, low, high = np.random.default_rng(seed), np.maximum(x - EPSILON, 0), np.minimum(x + EPSILON, 1)
    clean = slope(weights, x, y)[1].argmax(axis=1) == y
    safe = clean.copy()
    for _ in range(REFEREE_STARTS):
        moved = np.clip(x + rng.uniform(-EPSILON, EPSILON, x.shape), low, high)
        for _ in range(REFEREE_STEPS):
            up = np.sign(slope(weights, moved, y)[0])
            moved = np.clip(moved + 2.5 * EPSILON / REFEREE_STEPS * up, low, high)
        safe &= slope(weights, moved, y)[1].argmax(axis=1) == y
    return {"accuracy": float(clean.mean()), "robust": float(safe.mean())}


# The sides


class Trained:
    """What all sides share: one training, its clock, and what it reports."""

    def run(self, steps):
        for _ in range(steps):
            self.clock, epochs = [time.perf_counter()], self.epochs()
            for _ in range(EPOCHS):
                next(epochs)
                self.clock.append(time.perf_counter())

    def quality(self):
        """Counts, loss of the attacked test digits before training, weights, and seconds of an epoch."""
        seconds = [b - a for a, b in zip(self.clock[:-1], self.clock[1:], strict=True)]
        return {
            "parameters": self.parameters(), "examples": len(self.y), "start": float(self.start),
            "weights": self.weights(), "first": seconds[0], "epoch": statistics.median(seconds[1:]),
        }  # fmt: skip


class TensorFlow(Trained):
    """A Keras model, Adam, and a function that is a whole epoch with its attacks."""

    def __init__(self, problem, jit=False):
        import numpy as np

        self.jit = jit
        self.x, self.x_test = (np.array(problem[key], "float32") for key in ("x_train", "x_test"))
        self.y, self.y_test = (np.array(problem[key]) for key in ("y_train", "y_test"))

    def reset(self, seed):
        import keras
        import numpy as np
        import tensorflow as tf
        from keras import layers

        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        self.order = shuffled(len(self.y), BATCH, seed)
        self.model = keras.Sequential([keras.Input((64,)), layers.Dense(HIDDEN, activation="relu"), layers.Dense(10)])
        self.model.set_weights([part for W in map(np.array, starting_weights(seed)) for part in (W, np.zeros(W.shape[-1]))])
        self.optimizer = keras.optimizers.Adam(RATE)
        self.optimizer.build(self.model.trainable_variables)
        hard = self.attack(tf.constant(self.x_test), self.y_test, 0.0)
        self.start = tf.reduce_mean(self.losses(hard, self.y_test)).numpy()

    def losses(self, x, y):
        import tensorflow as tf

        return tf.nn.sparse_softmax_cross_entropy_with_logits(y, self.model(x, training=True))

    def attack(self, x, y, start):
        import tensorflow as tf

        low, high = tf.maximum(x - EPSILON, 0.0), tf.minimum(x + EPSILON, 1.0)
        hard = tf.clip_by_value(x + start, low, high)
        for _ in tf.range(ATTACK_STEPS):
            with tf.GradientTape() as tape:
                tape.watch(hard)
                loss = tf.reduce_sum(self.losses(hard, y))
            hard = tf.clip_by_value(hard + STEP * tf.sign(tape.gradient(loss, hard)), low, high)
        return hard

    def epochs(self):
        import tensorflow as tf

        attack, losses = self.attack, self.losses
        optimizer, weights = self.optimizer, self.model.trainable_variables

        @tf.function(jit_compile=self.jit)
        def epoch(x_batches, y_batches):
            for i in tf.range(x_batches.shape[0]):
                x, y = x_batches[i], y_batches[i]
                hard = attack(x, y, tf.random.uniform(x.shape, -EPSILON, EPSILON))
                with tf.GradientTape() as tape:
                    loss = tf.reduce_mean(losses(hard, y))
                optimizer.apply(tape.gradient(loss, weights), weights)
            return loss

        for number, rows in enumerate(self.order):
            optimizer.learning_rate.assign(rate_of(number))
            epoch(self.x[rows], self.y[rows]).numpy()  # waits until it is done
            yield

    def weights(self):
        return [weight.tolist() for weight in self.model.get_weights()]

    def parameters(self):
        return self.model.count_params()


class Torch(Trained):
    """`nn.Sequential`, `optim.Adam`, `autograd.grad` for the attack, and a loop over shuffled indices."""

    def __init__(self, problem):
        import torch

        self.x, self.x_test = (torch.tensor(problem[key]) for key in ("x_train", "x_test"))
        self.y, self.y_test = (torch.tensor(problem[key]) for key in ("y_train", "y_test"))

    def reset(self, seed):
        import torch
        from torch import nn
        from torch.nn.functional import cross_entropy

        torch.manual_seed(seed)
        self.order = shuffled(len(self.y), BATCH, seed)
        self.model = nn.Sequential(nn.Linear(64, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 10))
        with torch.no_grad():
            for layer, W in zip(self.model[::2], starting_weights(seed), strict=True):
                layer.weight.copy_(torch.tensor(W).T)
                layer.bias.zero_()
        self.optimizer = torch.optim.Adam(self.model.parameters(), RATE, eps=1e-7, fused=True)
        hard = self.attack(self.x_test, self.y_test, torch.zeros_like(self.x_test))
        self.start = cross_entropy(self.model(hard), self.y_test).item()

    def attack(self, x, y, start):
        import torch
        from torch.nn.functional import cross_entropy

        low, high = (x - EPSILON).clamp(min=0), (x + EPSILON).clamp(max=1)
        hard = torch.clamp(x + start, low, high)
        for _ in range(ATTACK_STEPS):
            loss = cross_entropy(self.model(hard.requires_grad_()), y, reduction="sum")
            [up] = torch.autograd.grad(loss, hard)
            with torch.no_grad():
                hard = torch.clamp(hard + STEP * up.sign(), low, high)
        return hard

    def epochs(self):
        import torch
        from torch.nn.functional import cross_entropy

        for number, rows in enumerate(self.order):
            for group in self.optimizer.param_groups:
                group["lr"] = rate_of(number)
            for i in torch.tensor(rows):
                x, y = self.x[i], self.y[i]
                hard = self.attack(x, y, torch.empty_like(x).uniform_(-EPSILON, EPSILON))
                self.optimizer.zero_grad()
                cross_entropy(self.model(hard), y).backward()
                self.optimizer.step()
            yield

    def weights(self):
        return [part.tolist() for layer in self.model[::2] for part in (layer.weight.T, layer.bias)]

    def parameters(self):
        return sum(p.numel() for p in self.model.parameters())


# Do they agree, and what stands below the table


def agree(qualities, first):
    """The same network, data and attack, and after every training two accuracies that are high and alike."""
    import numpy as np

    split = digits()
    x, y = np.array(split["x_test"]), np.array(split["y_test"])
    for quality in qualities.values():
        quality |= refereed([np.array(part) for part in quality.pop("weights")], x, y)
    name, one = next(iter(qualities.items()))
    complaints = unlike(qualities, "start", 1e-4)
    for side, quality in qualities.items():
        for kind, least in LEAST.items():
            if not abs(quality[kind] - one[kind]) <= APART:
                complaints.append(f"{kind}: {one[kind]:.3f} in {name}, {quality[kind]:.3f} in {side}")
            if not quality[kind] >= least:
                complaints.append(f"{kind} {quality[kind]:.3f} in {side}, at least {least} is asked")
    return complaints


def by_part(rows):
    """Second table: what the referee counted, tracing and compiling alone, an epoch alone, and who is ahead when."""
    head = (
        "", "right, median", "right under attack, median (min–max)", "ms per epoch, median", "times ours",
        "tracing and compiling, ms", "the same, first in a process", "ours is ahead from epoch",
    )  # fmt: skip
    lines = []
    [ours] = [row for row in rows if row.side.role == "ours"]

    def median(row, key):
        return statistics.median(quality[key] for quality in row.rounds)

    def extra(quality):
        return max(quality["first"] - quality["epoch"], 0.0)

    def ahead(row):
        rounds = zip(ours.rounds, row.rounds, strict=True)
        late = statistics.median(extra(mine) - extra(theirs) for mine, theirs in rounds)
        gain = median(row, "epoch") - median(ours, "epoch")
        return f"{max(math.ceil(late / gain), 1)}" if gain > 0 else "never"

    for row in rows:
        robust = [quality["robust"] for quality in row.rounds]
        lines.append((
            f"{row.side.role}: {row.side.name}", f"{median(row, 'accuracy'):.3f}",
            f"{statistics.median(robust):.3f} ({min(robust):.3f}–{max(robust):.3f})",
            f"{1000 * median(row, 'epoch'):.1f}",
            "1" if row is ours else f"**{median(row, 'epoch') / median(ours, 'epoch'):.2f}**",
            f"{1000 * statistics.median(map(extra, row.rounds)):.0f}", f"{1000 * extra(row.quality):.0f}",
            ahead(row) if row.side.role == "peer" else "",
        ))  # fmt: skip
    return markdown(head, lines)


COMPARISON = Comparison(
    title="Adversarial training on digits against PyTorch",
    task=(
        "scikit-learn's digits, 1,438 to train and 359 to test; 64-128-10 with relu; PGD in seven steps of 0.025 within "
        "0.1 of every pixel; Adam at 0.004, falling to zero, batches of 64, 30 epochs. Judged by a referee's PGD: twenty steps, "
        "three starts."
    ),
    unit="seconds per training",
    per_second=1,
    goal=1.5,
    problem=digits,
    sides=(
        Side("Keras model, an epoch in one tf.function", TensorFlow, "ours", threads=(1, 2), versions=("tensorflow", "keras")),
        Side("PyTorch eager", Torch, "peer", True, (1, 2), ("torch",)),
        Side("ours, compiled by XLA", lambda p: TensorFlow(p, jit=True), "context", threads=(1, 2)),
    ),
    check_steps=1,
    block_steps=1,
    agree=agree,
    more=by_part,
)  # fmt: skip
