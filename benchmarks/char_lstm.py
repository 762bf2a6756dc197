"""A character LSTM on the standard library's source, as in lecture 11, beside PyTorch: time of one update.

All sides start from the same weights, read the same batches and have to show the same losses. Ours is
`course_utils.networks.recurrent`: the embedding is folded into the gates, the gradient of the recurrent
weights is one product after the backward loop, and XLA compiles the update; compiling is not counted, and
stands below the table. PyTorch runs `nn.LSTM`, its fused Adam, and either order of axes; its second bias stays
zero, because the network has only one. Keras's own layers, compiled by XLA too, are context.
"""

import math
import random
import time

from benchmarks.harness import Comparison, Side, same_training

EMBEDDED, UNITS, STREAMS, LENGTH, RATE, EPSILON = 64, 256, 64, 100, 1e-3, 1e-9
BATCHES = 24
ALPHABET = "\n" + "".join(map(chr, range(32, 127)))


def problem():
    """Batches of the library's source, each row with the character that follows, and one to be judged by."""
    from course_utils import datasets

    place = {character: index for index, character in enumerate(ALPHABET)}
    text = "".join(text for _, text in datasets.load_standard_library().train)
    ids = [place[character] for character in text if character in place]
    step = len(ids) // (STREAMS * (BATCHES + 1))
    starts = range(0, step * STREAMS * (BATCHES + 1), step)
    rows = [ids[start : start + LENGTH + 1] for start in starts]
    batches = [rows[number :: BATCHES + 1] for number in range(BATCHES + 1)]
    return {"batches": batches[:-1], "judge": batches[-1]}


def starting_weights(seed=0):
    """Embedding, kernel, recurrent kernel, bias with an open forget gate, output layer: (in, out) as nested lists."""
    draw, symbols = random.Random(seed), len(ALPHABET)

    def table(rows, columns, high):
        return [[draw.uniform(-high, high) for _ in range(columns)] for _ in range(rows)]

    return {
        "embedding": table(symbols, EMBEDDED, 0.05),
        "kernel": table(EMBEDDED, 4 * UNITS, math.sqrt(6 / (EMBEDDED + 4 * UNITS))),
        "recurrent_kernel": table(UNITS, 4 * UNITS, 1 / math.sqrt(UNITS)),
        "bias": [float(UNITS <= index < 2 * UNITS) for index in range(4 * UNITS)],
        "output_kernel": table(UNITS, symbols, math.sqrt(6 / (UNITS + symbols))),
        "output_bias": [0.0] * symbols,
    }


class Reader:
    """What all sides share: the order of the batches, the losses, and what is reported."""

    def __init__(self, problem):
        start = time.perf_counter()
        self.prepare(problem)
        self.restart()
        self.losses = [float(self.update(*self.batches[0]))]
        self.compiling = time.perf_counter() - start

    def reset(self, seed):
        self.restart()
        self.place, self.losses = seed, []

    def run(self, steps):
        losses = [self.update(*self.batches[(self.place + step) % BATCHES]) for step in range(steps)]
        self.losses = [float(loss) for loss in losses]  # waits until all is done

    def quality(self):
        return {
            "parameters": self.parameters(), "examples": BATCHES * STREAMS * LENGTH, "losses": self.losses,
            "accuracy": self.right(), "start": self.compiling,
        }  # fmt: skip


class TensorFlow(Reader):
    """The course's fast LSTM and Keras's Adam, one function compiled by XLA."""

    def prepare(self, problem):
        import keras
        import numpy as np
        import tensorflow as tf

        self.batches = [self.split(np.array(batch, "int32")) for batch in problem["batches"]]
        self.judge = self.split(np.array(problem["judge"], "int32"))
        self.first = {name: np.array(part, "float32") for name, part in starting_weights().items()}
        self.make()
        self.adam = keras.optimizers.Adam(RATE, epsilon=EPSILON)
        self.adam.build(self.variables)
        self.update = tf.function(self.updated, jit_compile=True)

    @staticmethod
    def split(rows):
        import tensorflow as tf

        return tf.constant(rows[:, :-1]), tf.constant(rows[:, 1:])

    def make(self):
        import tensorflow as tf

        self.variables = [tf.Variable(part) for part in self.first.values()]

    def restart(self):
        import tensorflow as tf

        for variable, part in zip(self.variables, self.first.values(), strict=True):
            variable.assign(part)
        for variable in self.adam.variables:
            variable.assign(tf.zeros_like(variable.value))
        self.adam.learning_rate.assign(RATE)

    def logits(self, x):
        import tensorflow as tf

        from course_utils.networks import recurrent

        embedding, kernel, recurrent_kernel, bias, output_kernel, output_bias = self.variables
        hs, _, _ = recurrent.lstm(recurrent.embed_gates(embedding, kernel, bias, x), recurrent_kernel)
        return tf.transpose(tf.tensordot(hs, output_kernel, 1) + output_bias, [1, 0, 2])

    def updated(self, x, y):
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(y, self.logits(x)))
        slopes = tape.gradient(loss, self.variables)
        self.adam.apply([tf.convert_to_tensor(slope) for slope in slopes], self.variables)
        return loss

    def right(self):
        import numpy as np

        x, y = self.judge
        return float(np.mean(self.logits(x).numpy().argmax(axis=2) == y.numpy()))

    def parameters(self):
        return sum(int(variable.shape.num_elements()) for variable in self.variables)


class Keras(TensorFlow):
    """The same with Keras's own embedding, LSTM and dense layer."""

    def make(self):
        import keras
        from keras import layers

        self.model = keras.Sequential(
            [
                keras.Input((LENGTH,), dtype="int32"),
                layers.Embedding(len(ALPHABET), EMBEDDED),
                layers.LSTM(UNITS, return_sequences=True),
                layers.Dense(len(ALPHABET)),
            ]
        )
        self.variables = self.model.trainable_variables

    def logits(self, x):
        return self.model(x)


class Torch(Reader):
    """`nn.Embedding`, `nn.LSTM`, `nn.Linear` and fused Adam; time first or the batch first."""

    def __init__(self, problem, batch_first=False):
        self.batch_first = batch_first
        super().__init__(problem)

    def prepare(self, problem):
        import torch
        from torch import nn

        *batches, self.judge = (
            (rows[:, :-1], rows[:, 1:]) if self.batch_first else (rows.T[:-1], rows.T[1:])
            for rows in map(torch.tensor, [*problem["batches"], problem["judge"]])
        )
        self.batches = [tuple(part.contiguous() for part in batch) for batch in batches]
        self.embedding = nn.Embedding(len(ALPHABET), EMBEDDED)
        self.lstm = nn.LSTM(EMBEDDED, UNITS, batch_first=self.batch_first)
        self.output = nn.Linear(UNITS, len(ALPHABET))
        self.lstm.bias_hh_l0.requires_grad_(False)
        self.first = {name: torch.tensor(part) for name, part in starting_weights().items()}
        layers = (self.embedding, self.lstm, self.output)
        self.weights = [weight for layer in layers for weight in layer.parameters() if weight.requires_grad]

    def restart(self):
        import torch

        first = self.first
        with torch.no_grad():
            self.embedding.weight.copy_(first["embedding"])
            self.lstm.weight_ih_l0.copy_(first["kernel"].T)
            self.lstm.weight_hh_l0.copy_(first["recurrent_kernel"].T)
            self.lstm.bias_ih_l0.copy_(first["bias"])
            self.lstm.bias_hh_l0.zero_()
            self.output.weight.copy_(first["output_kernel"].T)
            self.output.bias.copy_(first["output_bias"])
        self.adam = torch.optim.Adam(self.weights, RATE, eps=EPSILON, fused=True)

    def logits(self, x):
        return self.output(self.lstm(self.embedding(x))[0])

    def update(self, x, y):
        from torch.nn.functional import cross_entropy

        self.adam.zero_grad()
        loss = cross_entropy(self.logits(x).flatten(0, 1), y.flatten())
        loss.backward()
        self.adam.step()
        return loss.detach()

    def right(self):
        import torch

        with torch.no_grad():
            return (self.logits(self.judge[0]).argmax(2) == self.judge[1]).float().mean().item()

    def parameters(self):
        return sum(weight.numel() for weight in self.weights)


def agree(qualities, first):
    """The same network, nearly the same losses, and better than guessing the blank (one in five)."""
    return same_training(qualities, first, tolerance=5e-3, least_accuracy=0.25)


def by_second(rows):
    """Second table: characters per second, and what has to be waited for before the first."""
    lines = ["| | thousand characters per second | ready, and first update, s |", "|---|---|---|"]
    for row in rows:
        speed = STREAMS * LENGTH / row.median / 1000
        lines.append(f"| {row.side.role}: {row.side.name} | {speed:.1f} | {row.quality['start']:.1f} |")
    return lines


COMPARISON = Comparison(
    title="A character LSTM against PyTorch",
    task=(
        "The source of Python's standard library; embedding of 64, LSTM of 256, softmax over 96 characters; 64 sequences of "
        "100 characters from a zero state; cross-entropy, Adam at 0.001."
    ),
    unit="ms per update",
    per_second=1000,
    goal=1.0,
    problem=problem,
    sides=(
        Side("course_utils.networks.recurrent, XLA", TensorFlow, "ours", threads=(1, 2), versions=("tensorflow", "keras")),
        Side("PyTorch nn.LSTM", Torch, "peer", True, (1, 2), ("torch",)),
        Side("PyTorch nn.LSTM, batch first", lambda p: Torch(p, True), "peer", True, (1, 2), ("torch",)),
        Side("Keras's layers, XLA", Keras, "context", threads=(1, 2)),
    ),
    check_steps=30,
    block_steps=6,
    agree=agree,
    more=by_second,
)  # fmt: skip
