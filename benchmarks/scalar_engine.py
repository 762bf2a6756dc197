"""The course's scalar engine against micrograd, on the problem of micrograd's own demonstration.

Two moons, a 2-16-16-1 relu network, max-margin loss and a little weight decay: about 66,000 nodes for
one step. Both engines run under the same Python, build the same expression from the same weights and
take the same step, so their losses have to be equal. micrograd's nodes refer to themselves, so only
Python's garbage collector frees them, and its searches are most of the time; the second way to run it
lets the collector work once after each step instead. The faster one counts.
"""

import gc
import random
import sys

from benchmarks.harness import Comparison, Side, same_training

SIZES, DECAY, STEPS = (2, 16, 16, 1), 1e-4, 100


def problem():
    """Data and starting weights of the demonstration, with its seed."""
    from sklearn.datasets import make_moons

    x, labels = make_moons(n_samples=100, noise=0.1, random_state=1337)
    draw = random.Random(1337)
    shapes = zip(SIZES[:-1], SIZES[1:], strict=True)
    weights = [[[draw.uniform(-1, 1) for _ in range(d_in)] for _ in range(d_out)] for d_in, d_out in shapes]
    return {"x": x.tolist(), "y": (2 * labels - 1).tolist(), "weights": weights}


class Engine:
    """Train with one class of numbers.

    Parameters
    ----------
    problem : dict
    number : type
        Class of the numbers; knows + and *, `relu`, `backward` and `grad`.
    """

    def __init__(self, problem, number):
        self.problem, self.number = problem, number

    def reset(self, seed):
        self.losses, self.step = [], 0
        self.build()

    def run(self, steps):
        for _ in range(steps):
            self.one_step()

    def one_step(self):
        """The whole batch forward and back, then every parameter a bit downhill."""
        number, targets = self.number, self.problem["y"]
        scores = [self.net([number(value) for value in row]) for row in self.problem["x"]]
        margins = [(1 + -target * score).relu() for target, score in zip(targets, scores, strict=True)]
        parameters = self.parameters
        loss = sum(margins) * (1.0 / len(margins)) + DECAY * sum(p * p for p in parameters)
        for p in parameters:
            p.grad = 0.0
        loss.backward()
        rate = 1.0 - 0.9 * self.step / STEPS
        self.descend(rate)
        self.right = sum((self.value(score) > 0) == (target > 0) for target, score in zip(targets, scores, strict=True))
        self.losses.append(self.value(loss))
        self.step += 1

    def quality(self):
        """Counts, losses, and the accuracy before the last step."""
        examples = len(self.problem["y"])
        return {
            "parameters": len(self.parameters), "examples": examples,
            "losses": self.losses, "accuracy": self.right / examples,
        }  # fmt: skip


class Ours(Engine):
    """`course_utils.autodiff` with a network of a few lines."""

    def __init__(self, problem):
        from course_utils.autodiff import Scalar

        super().__init__(problem, Scalar)

    def build(self):
        number = self.number
        self.layers = [[([number(w) for w in row], number(0.0)) for row in layer] for layer in self.problem["weights"]]
        self.parameters = [p for layer in self.layers for weights, bias in layer for p in (*weights, bias)]

    def net(self, a):
        for index, layer in enumerate(self.layers):
            a = [sum((w * x for w, x in zip(weights, a, strict=True)), bias) for weights, bias in layer]
            if index < len(self.layers) - 1:
                a = [z.relu() for z in a]
        return a[0]

    def descend(self, rate):
        for p in self.parameters:
            p.value -= rate * p.grad

    @staticmethod
    def value(number):
        return number.value


class Micrograd(Engine):
    """micrograd's engine and its own network class."""

    collect_by_step = False

    def __init__(self, problem):
        from micrograd.engine import Value

        super().__init__(problem, Value)
        sys.setrecursionlimit(10_000)  # its walk through the graph is recursive

    def build(self):
        from micrograd.nn import MLP

        self.net = MLP(SIZES[0], list(SIZES[1:]))
        for layer, rows in zip(self.net.layers, self.problem["weights"], strict=True):
            for neuron, row in zip(layer.neurons, rows, strict=True):
                for weight, start in zip(neuron.w, row, strict=True):
                    weight.data = start
        self.parameters = self.net.parameters()

    def descend(self, rate):
        for p in self.parameters:
            p.data -= rate * p.grad

    @staticmethod
    def value(number):
        return number.data


class MicrogradCollectedByStep(Micrograd):
    """micrograd where the garbage collector runs once after each step."""

    def run(self, steps):
        gc.disable()
        try:
            for _ in range(steps):
                self.one_step()
                gc.collect()
        finally:
            gc.enable()


def agree(qualities, first):
    """The same losses in all steps, and at the end most points right."""
    return same_training(qualities, first, least_accuracy=0.85)


COMPARISON = Comparison(
    title="The scalar engine against micrograd",
    task="micrograd's demonstration: two moons, 100 points, 2-16-16-1 with relu, max-margin loss, weight decay 1e-4, full batch.",
    unit="ms per step",
    per_second=1000,
    goal=1.0,
    problem=problem,
    sides=(
        Side("course_utils.autodiff", Ours, "ours", peers=True),
        Side("micrograd", Micrograd, "peer", peers=True, versions=("micrograd",)),
        Side(
            "micrograd, garbage collected once a step", MicrogradCollectedByStep, "peer",
            peers=True, versions=("micrograd",),
        ),
    ),
    check_steps=20,
    block_steps=5,
    agree=agree,
)  # fmt: skip
