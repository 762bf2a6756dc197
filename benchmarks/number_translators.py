"""The translator of `translate_numbers`, in TensorFlow and in PyTorch: a reader, a writer, attention between them.

Both do what need not stand in the writer's loop outside of it: the keys, the embedded letters, the output
layer; and both end the loop after the longest word of the batch.
"""

import math
import random
import time

from benchmarks.sharing import glorot

UNITS, EMBEDDED, WIDTH = 48, 16, 16
BATCH, STEPS, RATE, EPSILON, LONGEST_GRADIENT = 64, 400, 8e-3, 1e-9, 1.0
THRESHOLD, ASKED_EVERY, SEEDS = 0.99, 20, 3
COMPARED = 5  # losses that must agree: later the training blows small differences up


def starting_weights(seed, symbols):
    """Glorot's uniform weights with Keras's order of gates, (in, out) as nested lists; biases are zero."""
    draw, gates = random.Random(seed), 3 * UNITS
    shapes = {
        "source": (symbols[0], EMBEDDED), "target": (symbols[1], EMBEDDED),
        "read_x": (EMBEDDED, gates), "read_h": (UNITS, gates), "read_b": (2, gates), "start": (UNITS, UNITS),
        "W_a": (UNITS, WIDTH), "U_a": (UNITS, WIDTH), "v_a": (WIDTH, 1),
        "write_x": (EMBEDDED + UNITS, gates), "write_h": (UNITS, gates), "write_b": (2, gates),
        "out": (2 * UNITS, symbols[1]), "out_b": (1, symbols[1]),
    }  # fmt: skip
    return {
        name: [[0.0] * shape[1] for _ in range(shape[0])] if name.endswith("_b") else glorot(draw, *shape)
        for name, shape in shapes.items()
    }


class Translator:
    """What all sides share: the order of the examples, a whole training, its clock, and what is reported.

    A side has ``restart(weights)``, ``update(rows, rate)`` (the loss before it), ``right()`` (share of unseen numbers),
    ``forget()`` (what was compiled) and ``parameters()``.
    """

    def __init__(self, problem):
        self.x, self.y = problem["train"]
        self.symbols, self.size = problem["symbols"], len(self.x)
        lengths = [sum(place > 0 for place in row) for row in self.x]
        self.shares = [1 / math.sqrt(lengths.count(length)) for length in lengths]  # short ones are rare
        self.prepare(problem)
        self.reset(0)

    def reset(self, seed):
        self.seed, self.done = seed, 0
        self.restart(starting_weights(seed, self.symbols))
        draw = random.Random(seed)
        self.batches = [draw.choices(range(self.size), self.shares, k=BATCH) for _ in range(STEPS)]

    def run(self, steps):
        losses = []
        for _ in range(steps):
            losses.append(self.update(self.batches[self.done], RATE * (1 - self.done / STEPS)))
            self.done += 1
        self.losses = [float(loss) for loss in losses]  # waits until all is done

    def timed(self, steps):
        start = time.perf_counter()
        self.run(steps)
        return time.perf_counter() - start

    def until_right(self):
        """What compiling takes, and one training; asking how much is right stops the clock."""
        self.forget()
        compiling = self.timed(1) - self.timed(1)
        self.reset(self.seed)
        seconds, right = 0.0, 0.0
        while right < THRESHOLD and self.done < STEPS:
            seconds += self.timed(ASKED_EVERY)
            right = self.right()
        return {"right": right, "steps": self.done, "seconds": seconds, "compiling": max(compiling, 0.0)}

    def quality(self):
        first = self.losses[:COMPARED]
        training = self.until_right() if 0 < self.seed <= SEEDS else None
        return {
            "parameters": self.parameters(), "examples": self.size, "first": first, "seed": self.seed,
            "training": training,
        }  # fmt: skip


class TensorFlow(Translator):
    """The course's fast GRU reads; the writer is a loop in a function compiled by XLA."""

    def prepare(self, problem):
        import keras
        import numpy as np
        import tensorflow as tf

        self.x, self.y, self.x_test, self.y_test = (
            np.array(part, "int32") for part in (*problem["train"], *problem["test"])
        )
        weights = starting_weights(0, self.symbols)
        self.weights = {name: tf.Variable(np.array(part, "float32")) for name, part in weights.items()}
        self.adam = keras.optimizers.Adam(RATE, epsilon=EPSILON)
        self.adam.build(list(self.weights.values()))
        self.greedy = tf.function(self.written, jit_compile=True)
        self.forget()

    def forget(self):
        import tensorflow as tf

        self.updated = tf.function(self.learn, jit_compile=True)

    def restart(self, weights):
        import tensorflow as tf

        for variable, start in zip(self.weights.values(), weights.values(), strict=True):
            variable.assign(start)
        for variable in self.adam.variables:
            variable.assign(tf.zeros_like(variable.value))

    def read(self, x):
        import tensorflow as tf

        from course_utils.networks import recurrent

        p = self.weights
        gates = recurrent.embed_gates(p["source"], p["read_x"], p["read_b"][0], x)
        h = tf.transpose(recurrent.gru(gates, p["read_h"], p["read_b"][1])[0], [1, 0, 2])  # (n, words, units)
        last = tf.gather(h, tf.reduce_sum(tf.cast(x > 0, tf.int32), 1) - 1, batch_dims=1)
        keys = tf.tensordot(h, p["U_a"], 1)
        return h, keys, tf.where(x > 0, 0.0, -1e9), tf.tanh(last @ p["start"])

    def step(self, gates, s, h, keys, hidden):
        import tensorflow as tf

        p = self.weights
        scores = tf.tensordot(tf.tanh(keys + (s @ p["W_a"])[:, None]), p["v_a"], 1)[:, :, 0]
        context = tf.reduce_sum(tf.nn.softmax(scores + hidden)[:, :, None] * h, 1)
        gates, inner = gates + context @ p["write_x"][EMBEDDED:], s @ p["write_h"] + p["write_b"][1]
        z, r = tf.split(tf.sigmoid(gates[:, : 2 * UNITS] + inner[:, : 2 * UNITS]), 2, 1)
        s = z * s + (1 - z) * tf.tanh(gates[:, 2 * UNITS :] + r * inner[:, 2 * UNITS :])
        return s, tf.concat([s, context], 1)

    def letters(self):
        p = self.weights
        return p["target"] @ p["write_x"][:EMBEDDED] + p["write_b"][0]

    def learn(self, x, y, rate):
        import tensorflow as tf

        n, room = y.shape
        y = tf.transpose(y)
        before = tf.concat([tf.ones((1, n), tf.int32), y[:-1]], 0)
        counts = tf.cast(before > 0, tf.float32)  # up to the stop
        longest = tf.reduce_max(tf.reduce_sum(tf.cast(before > 0, tf.int32), 0))
        with tf.GradientTape() as tape:
            *notes, s = self.read(x)
            gates = tf.gather(self.letters(), before)
            states = tf.TensorArray(tf.float32, room, element_shape=(n, 2 * UNITS))

            def write(t, s, states):
                s, both = self.step(gates[t], s, *notes)
                return t + 1, s, states.write(t, both)

            start = 0, s, states
            states = tf.while_loop(lambda t, *_: t < longest, write, start, maximum_iterations=room)[2].stack()
            logits = tf.tensordot(states, self.weights["out"], 1) + self.weights["out_b"][0]
            surprise = tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits)
            loss = tf.reduce_sum(counts * surprise) / tf.reduce_sum(counts)
        variables = list(self.weights.values())
        slopes = [tf.convert_to_tensor(slope) for slope in tape.gradient(loss, variables)]
        self.adam.learning_rate.assign(rate)
        self.adam.apply(tf.clip_by_global_norm(slopes, LONGEST_GRADIENT)[0], variables)
        return loss

    def update(self, rows, rate):
        import numpy as np

        return self.updated(self.x[rows], self.y[rows], np.float32(rate))

    def written(self, x):
        import tensorflow as tf

        *notes, s = self.read(x)
        table, y = self.letters(), tf.ones(x.shape[:1], tf.int32)
        answers = tf.TensorArray(tf.int32, self.y.shape[1], element_shape=x.shape[:1])
        for t in tf.range(self.y.shape[1]):
            s, both = self.step(tf.gather(table, y), s, *notes)
            y = tf.argmax(both @ self.weights["out"] + self.weights["out_b"][0], 1, output_type=tf.int32)
            answers = answers.write(t, y)
        return tf.transpose(answers.stack())

    def right(self):
        import numpy as np

        y = self.y_test
        asked = np.hstack([np.ones((len(y), 1), bool), y[:, :-1] > 0])
        return float(((self.greedy(self.x_test).numpy() == y) | ~asked).all(1).mean())

    def parameters(self):
        return sum(int(variable.shape.num_elements()) for variable in self.weights.values())


class Torch(Translator):
    """`nn.GRU` reads, `nn.GRUCell` writes, step by step."""

    def prepare(self, problem):
        import torch

        self.x, self.y, self.x_test, self.y_test = map(torch.tensor, (*problem["train"], *problem["test"]))

    def forget(self):
        pass

    def restart(self, weights):
        import torch
        from torch import nn

        def gates(name):  # from update, reset, candidate to reset, update, candidate
            z, r, n = torch.tensor(weights[name]).T.split(UNITS)
            return torch.cat([r, z, n])

        self.source, self.target = (nn.Embedding(len(weights[name]), EMBEDDED) for name in ("source", "target"))
        self.reader, self.writer = nn.GRU(EMBEDDED, UNITS, batch_first=True), nn.GRUCell(EMBEDDED + UNITS, UNITS)
        self.start, self.query, self.key, self.score = (
            nn.Linear(len(weights[name]), len(weights[name][0]), bias=False) for name in ("start", "W_a", "U_a", "v_a")
        )
        self.output = nn.Linear(2 * UNITS, len(weights["out_b"][0]))
        with torch.no_grad():
            for layer, name in ((self.source, "source"), (self.target, "target")):
                layer.weight.copy_(torch.tensor(weights[name]))
            for layer, name in (
                (self.start, "start"), (self.query, "W_a"), (self.key, "U_a"), (self.score, "v_a"), (self.output, "out"),
            ):  # fmt: skip
                layer.weight.copy_(torch.tensor(weights[name]).T)
            for layer, name in ((self.reader, "read"), (self.writer, "write")):
                w_x, w_h, b_x, b_h = layer.parameters()
                w_x.copy_(gates(f"{name}_x"))
                w_h.copy_(gates(f"{name}_h"))
                b_x.zero_(), b_h.zero_()
            self.output.bias.zero_()
        self.net = nn.ModuleList(
            [self.source, self.target, self.reader, self.writer, self.start, self.query, self.key, self.score, self.output]
        )
        self.adam = torch.optim.Adam(self.net.parameters(), RATE, eps=EPSILON, fused=True)

    def read(self, x):
        h = self.reader(self.source(x))[0]
        last = h.gather(1, ((x > 0).sum(1) - 1)[:, None, None].expand(-1, 1, UNITS))[:, 0]
        return h, self.key(h), (x == 0), self.start(last).tanh()

    def step(self, letter, s, h, keys, hidden):
        import torch

        scores = self.score((keys + self.query(s)[:, None]).tanh())[:, :, 0].masked_fill(hidden, -1e9)
        context = torch.bmm(scores.softmax(1)[:, None], h)[:, 0]
        s = self.writer(torch.cat([letter, context], 1), s)
        return s, torch.cat([s, context], 1)

    def update(self, rows, rate):
        import torch
        from torch.nn.functional import cross_entropy

        x, y = self.x[rows], self.y[rows]
        before = torch.cat([torch.ones_like(y[:, :1]), y[:, :-1]], 1)
        asked = before > 0
        longest = int(asked.sum(1).max())
        letters = self.target(before[:, :longest]).unbind(1)
        *notes, s = self.read(x)
        states = []
        for letter in letters:
            s, both = self.step(letter, s, *notes)
            states.append(both)
        logits, asked = self.output(torch.stack(states, 1)), asked[:, :longest]
        loss = cross_entropy(logits[asked], y[:, :longest][asked])
        for group in self.adam.param_groups:
            group["lr"] = rate
        self.adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.net.parameters(), LONGEST_GRADIENT)
        self.adam.step()
        return loss.detach()

    def right(self):
        import torch

        with torch.no_grad():
            *notes, s = self.read(self.x_test)
            y, answers = torch.ones(len(self.x_test), dtype=torch.long), []
            for _ in range(self.y_test.shape[1]):
                s, both = self.step(self.target(y), s, *notes)
                y = self.output(both).argmax(1)
                answers.append(y)
        asked = torch.cat([torch.ones_like(self.y_test[:, :1]), self.y_test[:, :-1]], 1) > 0
        return ((torch.stack(answers, 1) == self.y_test) | ~asked).all(1).float().mean().item()

    def parameters(self):
        return sum(weight.numel() for weight in self.net.parameters())
