"""The self-checks of lecture 06: other right answers pass, typical wrong ones get the hint that fits."""

import numpy as np
from scipy.linalg import toeplitz
from scipy.ndimage import uniform_filter

from tests.exercise_answers import DiscreetHints


def rows(count, kernel, stride, rim):  # another form: count the starts
    return sum(1 for start in range(0, count + 2 * rim, stride) if start + kernel <= count + 2 * rim)


def valid(kernel, n):  # another form: SciPy's Toeplitz matrix
    first_row = np.concatenate([kernel, np.zeros(n - len(kernel))])
    return toeplitz(np.concatenate([first_row[:1], np.zeros(n - len(kernel))]), first_row)


def average(c):  # another form: write each number
    kernels = np.zeros((2, 2, c, c))
    for i in range(c):
        kernels[:, :, i, i] = 0.25
    return kernels.tolist()


def hits(scores, labels, k):  # another form: sort
    return float(np.mean([label in np.argsort(row)[-k:] for row, label in zip(scores, labels, strict=True)]))


def gentle(maps):  # another form: a box of 3 x 3 from SciPy
    return uniform_filter(maps, size=(0, 3, 3), mode="nearest")[:, ::2, ::2]


def half_gentle(share):
    return lambda maps: (1 - share) * maps[:, ::2, ::2] + share * gentle(maps)


def faded(share):
    return lambda maps: (1 - share) * gentle(maps) + share * maps.mean(axis=(1, 2), keepdims=True)


def zero_rim(maps):
    return uniform_filter(maps, size=(0, 3, 3), mode="constant")[:, ::2, ::2]


DENSE = 3072 * 16384
RIGHT = {
    "6.1": [([[-1, -2, -1], [0, 0, 0], [1, 2, 1]],), (np.array([[-3, -1, -1], [1, 0, 0], [2, 1, 1]]),)],
    "6.2": [(rows,), (lambda n, k, s, r: float((n + 2 * r - k) // s + 1),)],
    "6.3": [(1216, 50348032), (np.int64(1216), "50348032")],
    "6.4": [(valid,), (lambda k, n: [np.eye(n)[i : i + len(k)].T @ k for i in range(n - len(k) + 1)],)],
    "6.5": [(average,), (lambda c: np.tile(np.eye(c) / 4, (2, 2, 1, 1)),)],
    "6.6": [(hits,), (lambda s, y, k: np.array([(row > row[c]).sum() < k for row, c in zip(s, y, strict=True)]).mean(),)],
    "6.7": [(half_gentle(0.4),),
            (faded(0.75),),
            (gentle,), (lambda x: x.reshape(len(x), x.shape[1] // 2, 2, x.shape[2] // 2, 2).mean(axis=(2, 4)),)],
}

WRONG = {  # number: [(answers, words of the fitting hint)], three or more for each
    "6.1": [(([[2] * 3, [-3] * 3, [1] * 3],), "each column of"), (([[-2] * 3, [3] * 3, [-1] * 3],), "each column of"),
            (([[3] * 3, [-4] * 3, [1] * 3],), "each column of"),
            (([[-1, 0, 1]] * 3,), "Which way"), (([[1, 1, 1], [0, 0, 0], [-1, -1, -1]],), "turn all signs"),
            (([[1, 1, 1]] * 3,), "even patch"), (([[0, -1, 0], [-1, 4, -1], [0, -1, 0]],), "upright"), (([1, 2, 3],), "three rows"),
            (([[-1, 0, 0], [0, 0, 0], [0, 0, 1]],), "each column")],
    "6.2": [((lambda n, k, s, r: 6 if (n, k, s, r) == (8, 3, 1, 0) else 99,), "Try 5 rows"),
            ((lambda n, k, s, r: (n + 2 * r - k) // s,), "first window"),
            ((lambda n, k, s, r: (n + r - k) // s + 1,), "both sides"),
            ((lambda n, k, s, r: -(-(n + 2 * r - k) // s) + 1,), "left out"), ((lambda n, k, s, r: (n + 2 * r - k) / s + 1,), "whole number"),
            ((6,), "function itself")],
    "6.3": [((7, 7), "weights of one kernel"),
            ((1200, DENSE + 16384), "biases are missing"), ((416, DENSE + 16384), "three colours"), ((1216 * 1024, 1), "shared"),
            ((1216, DENSE), "biases are missing"), ((1216, DENSE + 16), "single output"), ((1216, 1), "count the inputs"), ((1.5, 2), "whole numbers")],
    "6.4": [((lambda k, n: np.array([np.roll(np.append(k, np.zeros(n - len(k))), i) for i in range(n)]),), "too many"),
            ((lambda k, n: valid(k[::-1], n),), "turned round"), ((lambda k, n: valid(k, n).T,), "shape must be"),
            ((lambda k, n: 2 * valid(k, n),), "one step further"), (([[1]],), "function itself")],
    "6.5": [((lambda c: np.zeros((2, 2, c, c)),), "Pool two channels"),
            ((lambda c: np.tile(np.eye(c), (2, 2, 1, 1)),), "sum of each block"),
            ((lambda c: np.full((2, 2, c, c), 0.25),), "flow into each other"),
            ((lambda c: np.full((2, 2, c, c), 0.25 / c),), "flow into each other"), ((lambda c: np.ones((2, 2)) / 4,), "shape must be"),
            ((0.25,), "function itself")],
    "6.6": [((lambda s, y, k: hits(s, y, k) + 1,), "divide"), ((lambda s, y, k: 1.5 if k == 5 else 0.1,), "divide"),
            ((lambda s, y, k: 1 - hits(s, y, k),), "errors"), ((lambda s, y, k: hits(s, y, k + 1),), "too many"),
            ((lambda s, y, k: hits(s, y, k) * len(y),), "divide"), ((lambda s, y, k: hits(-s, y, k),), "higher"),
            ((lambda s, y, k: [1, 2],), "one number"), ((0.5,), "function itself")],
    "6.7": [((half_gentle(0.3),), "still changes"), ((faded(0.8),), "blur less"),
            ((lambda x: x[:, ::2, ::2],), "still changes"), ((zero_rim,), "rim"), ((lambda x: 9 * gentle(x),), "add up to 1"),
            ((lambda x: np.full((len(x), x.shape[1] // 2, x.shape[2] // 2), x.mean()),), "blur less"), ((lambda x: x,), "must become"),
            ((3,), "function itself")],
}


class TestAnswers(DiscreetHints):
    lecture, right, wrong = "6", RIGHT, WRONG
    leeway = {"6.4": 0.01, "6.7": None}
    secrets = ("1,216", "1216", "50348032", "[[-1", "// stride", "eye(")
