"""The self-checks of lecture 02: other right answers pass, typical wrong ones get the hint that fits."""

import math

import numpy as np

from course_utils.autodiff import Scalar

from tests.exercise_answers import DiscreetHints


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def sine(x):
    return Scalar(math.sin(x.value), [x], [math.sin(x.value + math.pi / 2)])


def fold_from_the_end(layers):
    W, b = layers[-1]
    for before, bias in reversed(layers[:-1]):
        W, b = before @ W, bias @ W + b
    return W, b


def fold_by_probing(layers):
    def run(x):
        for W, b in layers:
            x = x @ W + b
        return x

    d = layers[0][0].shape[0]
    b = run(np.zeros((1, d)))[0]
    return run(np.eye(d)) - b, b


RIGHT = {
    "2.1": [(0.016, -0.016), (np.float64(2 / 125), "-0.016")],
    "2.2": [([[1, 1], [1, 1]], [0, 1], [1, -2], 0),
            (np.array([[1, -1], [-1, 1]]), [0.5, 0.5], [2, 2], 1), ([[2, -2], [-2, 2]], [1, 1], [1, 1], 0.5),
            ([[1, 1], [1, 1]], [0.5, 1.5], [1, -2], 0.5)],
    "2.3": [(lambda m, d: [math.prod([m] * (d - 1)), m * m * d],), (lambda m, d: np.array([m**d // m, d * m * m]),)],
    "2.4": [(sine,)],
    "2.5": [(lambda c: 1 / (c / 2),), (lambda c: np.array(2.0) / c,)],
    "2.6": [(fold_from_the_end,), (fold_by_probing,)],
    "2.7": [(lambda z: sigmoid(z) * (1 + z * sigmoid(-z)),)],
}

WRONG = {
    "2.1": [((0.1, -0.1), "sigmoid's slope"), ((0.176, -0.176), "negative"), ((0.016, 0.016), "sign"),
            ((0.016, -0.032), "learning rate"), ((0.5, 1), "comes back"), (([1, 2], 3), "two numbers")],
    "2.2": [(([[1, -1], [-1, 1]], [0.5, 0.5], [1, 1], 1.5), "(0, 1) comes out wrong"),
            (([[1, -1], [-1, 1]], [0.5, 0.5], [2, 2], -1), "(0, 0) comes"),
            (([[1, 1], [1, 1]], [0.5, 1.5], [1, 0], 0.5), "(1, 1) comes"),
            (([[1, -1], [1, -1]], [0.5, -1.5], [1, 1], 1.5), "OR and NAND again"),
            (([[1, -1], [-1, 1]], [0.5, 0.5], [-1, -1], -0.5), "opposite"),
            (([[1, -1], [-1, 1]], [0.5, 0.5], [1, 1], 1.5), "comes out wrong"), (([1, 2], 3, 4, 5), "Shapes")],
    "2.3": [((lambda m, d: (m ** (d - 1) + 1, d * m * m),), "How many choices"),
            ((lambda m, d: (m**d, d * m * m),), "last step"), ((lambda m, d: (m ** (d + 1), d * m * m),), "any two ends"),
            ((lambda m, d: (d * m * m, m ** (d - 1)),), "Swap"), ((lambda m, d: (m ** (d - 1), d * m),), "paths are right"),
            ((lambda m, d: 5,), "two numbers"), ((7,), "function itself")],
    "2.4": [((3,), "function itself"),
            ((lambda x: math.sin(x.value),), "Scalar again"),
            ((lambda x: Scalar(math.sin(x.value), (x,), (math.sin(x.value),)),), "slope is not"),
            ((lambda x: Scalar(math.sin(x.value)),), "one parent"), ((lambda x: Scalar(math.cos(x.value), (x,), (1.0,)),), "value is not")],
    "2.5": [((lambda c: 0,), "positive"),
            ((lambda c: 1 / c,), "lands exactly"), ((lambda c: c / 2,), "Too"), ((lambda c: 3 / c,), "Too large"),
            ((lambda c: 1.5 / c,), "Too small"),
            ((lambda c: -1,), "positive")],
    "2.6": [((lambda layers: (layers[0][0], layers[0][1]),), "must be"), ((lambda layers: 3,), "any number of layers"),
            ((lambda layers: (np.linalg.multi_dot([W for W, _ in layers]) if len(layers) > 1 else layers[0][0], layers[-1][1]),), "bias is not"),
            ((lambda layers: (-fold_by_probing(layers)[0], fold_by_probing(layers)[1]),), "product of all matrices")],
    "2.7": [((sigmoid,), "first half"), ((lambda z: z * sigmoid(z),), "swish itself"), ((lambda z: z * sigmoid(z) * (1 - sigmoid(z)),), "second half"),
            ((lambda z: 1.0,), "25 numbers"), ((np.cos,), "product rule")],
}


class TestAnswers(DiscreetHints):
    lecture, right, wrong = "2", RIGHT, WRONG
    leeway = {"2.2": None, "2.5": 0.01}
    vague = {"2.4"}
    secrets = ("0.016", "[[1, -1]", "2 / c", "cos(")
