"""A small convolutional network on the digits of lecture 06, beside PyTorch eager: seconds to 98 %.

One step of this comparison is a whole training: from starting weights, the same for all sides, until 98 %
of the unseen digits are read, asked after every epoch. Whoever reads the script meets usual code: ours has
a whole epoch in one `tf.function`, as lecture 06 has; its tracing is counted in every training. PyTorch
runs its usual loop over a shuffled index, which was as quick as its `DataLoader` or quicker. All sides see
the same batches in the same order, another order in every round; what is left to chance is the dropout, and
it moves the number of epochs. So below the table stand the seconds of an epoch alone.
"""

import random
import statistics
import time

from benchmarks.harness import Comparison, Side
from benchmarks.sharing import digits, glorot, markdown, shuffled, unlike

FILTERS, BATCH, RATE, DROPOUT = (32, 64), 32, 1e-3, 0.5
THRESHOLD, MOST_EPOCHS = 0.98, 80


def starting_weights(seed):
    """Glorot's uniform weights, as nested lists: kernels (rows, columns, in, out), then the dense layer (in, out)."""
    draw, shapes = random.Random(seed), [(3, 3, 1, FILTERS[0]), (3, 3, *FILTERS), (4 * FILTERS[1], 10)]
    return [glorot(draw, *shape) for shape in shapes]


class Trained:
    """What all sides share: one training, its clock, and what it reached."""

    def run(self, steps):
        for _ in range(steps):
            self.clock, self.accuracies = [time.perf_counter()], []
            epochs = self.epochs()
            while not self.accuracies or (self.accuracies[-1] < THRESHOLD and len(self.accuracies) < MOST_EPOCHS):
                next(epochs)
                self.accuracies.append(self.accuracy())
                self.clock.append(time.perf_counter())

    def quality(self):
        """Counts, loss before training, accuracy after it, and seconds of an epoch with its test."""
        seconds = [b - a for a, b in zip(self.clock[:-1], self.clock[1:], strict=True)]
        return {
            "parameters": self.parameters(), "examples": len(self.targets), "start": float(self.start),
            "accuracy": self.accuracies[-1], "epochs": len(seconds),
            "first": seconds[0], "epoch": statistics.median(seconds[1:] or seconds),
        }  # fmt: skip


class TensorFlow(Trained):
    """A Keras model, Adam, and a function that is a whole epoch."""

    def __init__(self, problem):
        import numpy as np

        self.x, self.x_test = (
            np.array(problem[key], "float32").reshape(-1, 8, 8, 1) for key in ("x_train", "x_test")
        )
        self.targets, self.targets_test = (np.array(problem[key]) for key in ("y_train", "y_test"))

    def reset(self, seed):
        import keras
        import numpy as np
        from keras import layers

        keras.backend.clear_session()
        keras.utils.set_random_seed(seed)
        self.order = shuffled(len(self.targets), BATCH, seed)
        self.model = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(FILTERS[0], 3, padding="same", activation="relu"),
                layers.MaxPool2D(),
                layers.Conv2D(FILTERS[1], 3, padding="same", activation="relu"),
                layers.MaxPool2D(),
                layers.Flatten(),
                layers.Dropout(DROPOUT),
                layers.Dense(10),
            ]
        )
        kernels = starting_weights(seed)
        self.model.set_weights([part for W in map(np.array, kernels) for part in (W, np.zeros(W.shape[-1]))])
        self.optimizer = keras.optimizers.Adam(RATE)
        self.optimizer.build(self.model.trainable_variables)
        measure = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        self.start = measure(self.targets_test, self.model(self.x_test)).numpy()

    def epochs(self):
        import tensorflow as tf

        model, optimizer = self.model, self.optimizer

        @tf.function(jit_compile=False)
        def epoch(x_batches, y_batches, x_test):
            for i in tf.range(x_batches.shape[0]):
                with tf.GradientTape() as tape:
                    logits = model(x_batches[i], training=True)
                    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y_batches[i], logits))
                optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
            return tf.argmax(model(x_test), axis=1)

        for rows in self.order:
            self.answers = epoch(self.x[rows], self.targets[rows], self.x_test)
            yield

    def accuracy(self):
        return float((self.answers.numpy() == self.targets_test).mean())

    def parameters(self):
        return self.model.count_params()


class Torch(Trained):
    """`nn.Sequential`, `optim.Adam`, and a loop over shuffled indices."""

    def __init__(self, problem):
        import torch

        self.x, self.x_test = (torch.tensor(problem[key]).reshape(-1, 1, 8, 8) for key in ("x_train", "x_test"))
        self.targets, self.targets_test = (torch.tensor(problem[key]) for key in ("y_train", "y_test"))

    def reset(self, seed):
        import torch
        from torch import nn

        torch.manual_seed(seed)
        self.order = shuffled(len(self.targets), BATCH, seed)
        self.model = nn.Sequential(
            nn.Conv2d(1, FILTERS[0], 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(*FILTERS, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Dropout(DROPOUT), nn.Linear(4 * FILTERS[1], 10),
        )  # fmt: skip
        *kernels, dense = (torch.tensor(W) for W in starting_weights(seed))
        dense = dense.reshape(2, 2, FILTERS[1], 10).permute(3, 2, 0, 1).reshape(10, -1)  # channels come first here
        weights = [*(kernel.permute(3, 2, 0, 1) for kernel in kernels), dense]
        with torch.no_grad():
            for layer, W in zip((self.model[0], self.model[3], self.model[8]), weights, strict=True):
                layer.weight.copy_(W)
                layer.bias.zero_()
            self.model.eval()
            self.start = nn.functional.cross_entropy(self.model(self.x_test), self.targets_test).item()
        self.optimizer = torch.optim.Adam(self.model.parameters(), RATE)

    def epochs(self):
        import torch
        from torch.nn.functional import cross_entropy

        for rows in self.order:
            self.model.train()
            for i in torch.tensor(rows):
                self.optimizer.zero_grad()
                loss = cross_entropy(self.model(self.x[i]), self.targets[i])
                loss.backward()
                self.optimizer.step()
            yield

    def accuracy(self):
        import torch

        self.model.eval()
        with torch.no_grad():
            return (self.model(self.x_test).argmax(1) == self.targets_test).float().mean().item()

    def parameters(self):
        return sum(p.numel() for p in self.model.parameters())


def agree(qualities, first):
    """The same network on the same data, the same loss before training, and 98 % at the end of every training."""
    complaints = unlike(qualities, "start", 1e-4)
    for side, quality in qualities.items():
        if not quality["accuracy"] >= THRESHOLD:
            complaints.append(f"accuracy {quality['accuracy']:.3f} in {side} after {quality['epochs']} epochs")
    return complaints


def by_epoch(rows):
    """Second table: epochs needed, and the seconds of one alone."""
    head = (
        "", "epochs to 98 %, median", "min–max", "ms per epoch with its test, median", "times ours", "first epoch, ms",
    )  # fmt: skip
    lines = []
    [ours] = [row for row in rows if row.side.role == "ours"]

    def median(row, key):
        return statistics.median(quality[key] for quality in row.rounds)

    for row in rows:
        epochs = [quality["epochs"] for quality in row.rounds]
        times = "1" if row is ours else f"**{median(row, 'epoch') / median(ours, 'epoch'):.2f}**"
        lines.append((
            f"{row.side.role}: {row.side.name}", f"{statistics.median(epochs):g}", f"{min(epochs)}–{max(epochs)}",
            f"{1000 * median(row, 'epoch'):.0f}", times, f"{1000 * median(row, 'first'):.0f}",
        ))  # fmt: skip
    return markdown(head, lines)


COMPARISON = Comparison(
    title="A small convolutional network on digits against PyTorch",
    task=(
        "scikit-learn's digits, 1,438 to train and 359 to test; two convolutions (32 and 64 kernels, 3 by 3, relu) with a "
        "max pooling each, dropout, dense; Adam at 0.001, batches of 32; until 98 % of the test digits are right."
    ),
    unit="seconds to 98 %",
    per_second=1,
    goal=1.5,
    problem=digits,
    sides=(
        Side("Keras model, an epoch in one tf.function", TensorFlow, "ours", threads=(1, 2), versions=("tensorflow", "keras")),
        Side("PyTorch eager", Torch, "peer", True, (1, 2), ("torch",)),
    ),
    check_steps=1,
    block_steps=1,
    agree=agree,
    more=by_epoch,
)  # fmt: skip
