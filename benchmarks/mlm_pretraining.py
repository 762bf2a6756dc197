"""Pre-training BERT on docstrings, as in lecture 14, beside PyTorch: time of one update.

All sides start from the same weights and read the same masked pairs. Before anything is timed they have to show the
same losses without dropout, over four updates; with dropout, whose draws differ, nearly the same mean loss.
Every side scores the masked places only, drops in the same places at the same rate, and has exact GELU and fused
Adam. Ours is `course_utils.networks.transformers`, compiled by XLA; compiling is not counted, and stands below
the table. PyTorch runs a module with one product for queries, keys and values and its fused attention, and its
own `nn.TransformerEncoder`. `torch.compile`, which needs a C++ compiler and minutes, is context.
"""

import math
import random
import statistics
import time

from benchmarks.harness import Comparison, Side
from benchmarks.sharing import markdown, unlike

PIECES, LENGTH, WIDTH, LAYERS, HEADS, INNER = 3000, 64, 128, 4, 4, 512
BATCH, BATCHES, DROPOUT, RATE, EPSILON = 64, 12, 0.1, 1e-3, 1e-9
PLAIN_STEPS = 4
SIZES = {"vocabulary": PIECES, "length": LENGTH, "width": WIDTH, "layers": LAYERS, "heads": HEADS, "inner": INNER}


def problem():
    """Batches of masked pairs: inputs, segments, positions, targets, which of them count, what follows."""
    import numpy as np

    from course_utils import datasets, text
    from course_utils.networks import transformers

    found = datasets.load_docstrings().train
    tokeniser, rng = text.train_wordpiece([docstring.text for docstring in found], PIECES), np.random.default_rng(0)
    ids, segments, is_next = text.sentence_pairs(found, tokeniser, rng, LENGTH)
    rows = rng.permutation(len(ids))[: BATCH * BATCHES]
    inputs, positions, targets, counts = text.mask_tokens(ids[rows], rng, PIECES)
    parts = (inputs, segments[rows], positions, targets, counts, is_next[rows])
    return {
        "batches": [[part[start : start + BATCH].tolist() for part in parts] for start in range(0, len(rows), BATCH)],
        "shapes": {name: list(shape) for name, shape in transformers.shapes(transformers.Config(**SIZES)).items()},
    }  # fmt: skip


def starting_weights(shapes, seed=0):
    """Weights by name, flat lists: a spread of 0.02, scales 1, biases and shifts 0."""
    draw, fixed = random.Random(seed), {"bias": 0.0, "shift": 0.0, "scale": 1.0}
    weights = {}
    for name, shape in shapes.items():
        value = fixed.get(name.rpartition(".")[2])
        weights[name] = [draw.gauss(0, 0.02) if value is None else value for _ in range(math.prod(shape))]
    return weights


class Pretraining:
    """What all sides share: the order of the batches, the losses, and what is reported."""

    def __init__(self, problem):
        self.shapes = problem["shapes"]
        self.first = self.arrays(starting_weights(self.shapes))
        self.batches = [self.tensors(*batch) for batch in problem["batches"]]
        self.restart()
        self.plain = [float(self.update_plainly(step)) for step in range(PLAIN_STEPS)]
        start = time.perf_counter()
        self.restart()
        float(self.update(0))
        self.compiling = time.perf_counter() - start

    def reset(self, seed):
        self.restart()
        self.place, self.losses = seed * 7, []

    def run(self, steps):
        losses = [self.update(self.place + step) for step in range(steps)]
        self.losses = [float(loss) for loss in losses]  # waits until all is done

    def quality(self):
        return {
            "parameters": sum(math.prod(shape) for shape in self.shapes.values()),
            "examples": sum(len(batch[0]) for batch in self.batches), "plain": self.plain, "losses": self.losses,
            "start": self.compiling,
        }  # fmt: skip


class TensorFlow(Pretraining):
    """The course's transformer and its Adam, one function compiled by XLA."""

    def arrays(self, flat):
        import numpy as np

        return {name: np.array(flat[name], "float32").reshape(shape) for name, shape in self.shapes.items()}

    def tensors(self, inputs, segments, positions, targets, counts, is_next):
        import tensorflow as tf

        *whole, is_next = [tf.constant(part, tf.int32) for part in (inputs, segments, positions, targets, is_next)]
        return *whole, tf.constant(counts, tf.float32), is_next

    def restart(self):
        import tensorflow as tf

        from course_utils.networks import transformers

        if not hasattr(self, "adam"):
            self.weights = {name: tf.Variable(array) for name, array in self.first.items()}
            self.adam = transformers.Adam(self.weights, epsilon=EPSILON)
            self.compiled = tf.function(lambda batch, step: self.updated(batch, step, DROPOUT), jit_compile=True)
            self.graph = tf.function(lambda batch, step: self.updated(batch, step, 0.0))
        for name, array in self.first.items():
            self.weights[name].assign(array)
        for memory in self.adam.variables.values():
            memory.assign(tf.zeros_like(memory))
        self.steps = 0

    def updated(self, batch, step, dropout):
        import tensorflow as tf

        from course_utils.networks import transformers

        inputs, segments, positions, targets, counts, is_next = batch
        with tf.GradientTape() as tape:
            options = {"config": transformers.Config(**SIZES), "dropout": dropout, "seed": tf.cast(step, tf.int32)}
            hidden = transformers.encode(self.weights, inputs, segments, inputs != 0, **options)
            pieces = transformers.masked_logits(self.weights, hidden, positions)
            pieces = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, pieces)
            follows = transformers.next_sentence_logits(self.weights, hidden)
            follows = tf.nn.sparse_softmax_cross_entropy_with_logits(is_next, follows)
            loss = tf.reduce_sum(pieces * counts) / tf.reduce_sum(counts) + tf.reduce_mean(follows)
        self.adam.apply(tape.gradient(loss, list(self.weights.values())), step, tf.constant(RATE))
        return loss

    def update(self, number, function=None):
        import tensorflow as tf

        self.steps += 1
        return (function or self.compiled)(self.batches[number % len(self.batches)], tf.constant(float(self.steps)))

    def update_plainly(self, number):
        return self.update(number, self.graph)


def make_network(ready_made):
    """BERT in PyTorch, and its parameters in the order of our weights."""
    import torch
    from torch import nn
    from torch.nn import functional

    class Layer(nn.Module):
        """One product for queries, keys and values, and PyTorch's fused attention."""

        def __init__(self):
            super().__init__()
            self.qkv, self.mixed, self.norm1 = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH), norm()
            self.inner, self.outer, self.norm2 = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH), norm()

        def forward(self, x, seen):
            q, k, v = self.qkv(x).unflatten(2, (3, HEADS, -1)).permute(2, 0, 3, 1, 4)
            rate = DROPOUT if self.training else 0.0
            mixed = functional.scaled_dot_product_attention(q, k, v, seen, rate).transpose(1, 2).flatten(2)
            x = self.norm1(x + functional.dropout(self.mixed(mixed), rate))
            return self.norm2(x + functional.dropout(self.outer(functional.gelu(self.inner(x))), rate))

    def norm():
        return nn.LayerNorm(WIDTH, eps=1e-12)

    def ready():
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, DROPOUT, "gelu", 1e-12, batch_first=True)
        layer.dropout.p = 0.0  # between its two products, where BERT drops nothing
        return layer

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            self.tokens, self.segments = nn.Embedding(PIECES, WIDTH), nn.Embedding(2, WIDTH)
            self.positions, self.norm = nn.Parameter(torch.empty(LENGTH, WIDTH)), norm()
            if ready_made:
                self.layers = nn.TransformerEncoder(ready(), LAYERS, enable_nested_tensor=False)
            else:
                self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
            self.pooler, self.masked, self.masked_norm = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH), norm()
            self.decoder_bias, self.next_sentence = nn.Parameter(torch.empty(PIECES)), nn.Linear(WIDTH, 2)

        def forward(self, inputs, segments, rows):
            x = self.norm(self.tokens(inputs) + self.positions + self.segments(segments))
            x = functional.dropout(x, DROPOUT, self.training)
            if ready_made:
                x = self.layers(x, src_key_padding_mask=inputs == 0)
            else:
                seen = (inputs != 0)[:, None, None]
                for layer in self.layers:
                    x = layer(x, seen)
            pieces = self.masked_norm(functional.gelu(self.masked(x.flatten(0, 1)[rows])))
            pieces = functional.linear(pieces, self.tokens.weight, self.decoder_bias)
            return pieces, self.next_sentence(torch.tanh(self.pooler(x[:, 0])))

    net = Network()
    ordered = [net.tokens.weight, net.positions, net.segments.weight, net.norm.weight, net.norm.bias]
    for layer in net.layers.layers if ready_made else net.layers:
        if ready_made:
            attention = layer.self_attn
            ordered += [attention.in_proj_weight, attention.in_proj_bias]
            parts = (attention.out_proj, layer.norm1, layer.linear1, layer.linear2, layer.norm2)
        else:
            parts = (layer.qkv, layer.mixed, layer.norm1, layer.inner, layer.outer, layer.norm2)
        ordered += [weight for part in parts for weight in (part.weight, part.bias)]
    ordered += [*net.pooler.parameters(), *net.masked.parameters(), *net.masked_norm.parameters()]
    return net, [*ordered, net.decoder_bias, *net.next_sentence.parameters()]


class Torch(Pretraining):
    """The module, fused Adam; `nn.TransformerEncoder` inside, or compiled, if wanted."""

    def __init__(self, problem, ready_made=False, compiled=False):
        import torch

        self.net, self.ordered = make_network(ready_made)
        self.forward = torch.compile(self.net) if compiled else self.net
        super().__init__(problem)

    def arrays(self, flat):
        import torch

        tables = ("tokens", "positions", "segments")  # every other matrix is (out, in) in PyTorch
        whole = {name: torch.tensor(flat[name]).reshape(shape) for name, shape in self.shapes.items()}
        return [part.T if part.ndim == 2 and name not in tables else part for name, part in whole.items()]

    def tensors(self, inputs, segments, positions, targets, counts, is_next):
        import torch

        rows = torch.arange(BATCH)[:, None] * LENGTH + torch.tensor(positions)
        targets, counts = torch.tensor(targets).flatten(), torch.tensor(counts).flatten()
        return torch.tensor(inputs), torch.tensor(segments), rows.flatten(), targets, counts, torch.tensor(is_next)

    def restart(self):
        import torch

        with torch.no_grad():
            for weight, part in zip(self.ordered, self.first, strict=True):
                weight.copy_(part)
        self.adam = torch.optim.Adam(self.ordered, RATE, eps=EPSILON, fused=True)
        torch.manual_seed(0)

    def update(self, number, net=None):
        from torch.nn.functional import cross_entropy

        inputs, segments, rows, targets, counts, is_next = self.batches[number % len(self.batches)]
        self.adam.zero_grad()
        pieces, follows = (net or self.forward)(inputs, segments, rows)
        pieces = cross_entropy(pieces, targets, reduction="none")
        loss = (pieces * counts).sum() / counts.sum() + cross_entropy(follows, is_next)
        loss.backward()
        self.adam.step()
        return loss.detach()

    def update_plainly(self, number):
        self.net.eval()
        loss = self.update(number, self.net)
        self.net.train()
        return loss


def agree(qualities, first):
    """The same network on the same data: the same losses without dropout, nearly the same with it."""
    complaints = unlike(qualities, "plain", 1e-4)
    (name, one), *others = ((name, statistics.fmean(quality["losses"])) for name, quality in qualities.items())
    for other, mean in others:
        if not math.isclose(mean, one, rel_tol=0.03):
            complaints.append(f"mean loss with dropout: {one:.4f} in {name}, {mean:.4f} in {other}")
    for name, quality in qualities.items() if first else ():
        if not statistics.fmean(quality["losses"][-4:]) < quality["losses"][0] - 0.5:
            complaints.append(f"the loss does not fall in {name}")
    return complaints


def by_second(rows):
    """Second table: pieces per second, and how long the first update takes."""
    cells = [(row.side.role, row.side.name, BATCH * LENGTH / row.median, row.quality["start"]) for row in rows]
    cells = [(f"{role}: {name}", f"{speed:,.0f}", f"{start:.1f}") for role, name, speed, start in cells]
    return markdown(("", "pieces per second", "first update, s"), cells)


COMPARISON = Comparison(
    title="Pre-training BERT against PyTorch",
    task=(
        "Docstrings of scientific libraries in 3,000 pieces; BERT of 4 layers, 128 wide, 4 heads; 64 pairs of 64 pieces; masked pieces "
        "and next sentence; dropout 0.1, Adam at 0.001."
    ),
    unit="ms per update",
    per_second=1000,
    goal=1.3,
    problem=problem,
    sides=(
        Side("course_utils.networks.transformers, XLA", TensorFlow, "ours", threads=(1, 2), versions=("tensorflow",)),
        Side("PyTorch, fused attention", Torch, "peer", True, (1, 2), ("torch",)),
        Side("PyTorch nn.TransformerEncoder", lambda p: Torch(p, ready_made=True), "peer", True, (1, 2), ("torch",)),
        Side("PyTorch, torch.compile", lambda p: Torch(p, compiled=True), "context", True, (1, 2), ("torch",)),
    ),
    check_steps=24,
    block_steps=4,
    agree=agree,
    more=by_second,
)
