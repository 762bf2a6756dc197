"""The self-checks of lecture 11: other right answers pass, typical wrong ones get the hint that fits."""

import numpy as np
import pytest
from scipy.special import expit, logit

from course_utils import checks
from course_utils.checks.lstms import _gru

from tests.exercise_answers import ExerciseAnswers


def turned(W, U, b):  # another form: copy and change a block
    arrays = [np.array(part, dtype=float) for part in (W, U, b)]
    for part in arrays:
        part[..., : len(U)] *= -1
    return arrays


def life(bias):
    return np.log(2) / -np.log(expit(bias))


def mean_point(pi, places):  # another form: a loop
    return [sum(p * place[axis] for p, place in zip(pi, places, strict=True)) for axis in (0, 1)]


def variance(pi, places):
    return float(pi @ (places**2).sum(axis=1) - np.sum((pi @ places) ** 2))


def bits(text, order):  # another form: entropies of grams and contexts
    def entropy(parts):
        share = np.unique(parts, return_counts=True)[1] / len(parts)
        return -(share * np.log2(share)).sum()

    places = range(order, len(text))
    return entropy([text[t - order : t + 1] for t in places]) - entropy([text[t - order : t] for t in places])


def joint(text, order):
    return bits(text, order) + entropy_of_contexts(text, order)


def entropy_of_contexts(text, order):
    share = np.unique([text[t - order : t] for t in range(order, len(text))], return_counts=True)[1] / (len(text) - order)
    return -(share * np.log2(share)).sum()


WRITTEN, SHOWN, OPEN = [0, 0, 1, 0, 0, 1, 0, 0], [0] * 7 + [1], [1] * 8
LAYER = 256 * 321
ZERO = np.zeros((1, 4))


def in_place(W, U, b):
    W *= -1
    return turned(W, U, b)



RIGHT = {
    "11.1": [(WRITTEN, OPEN, SHOWN), (np.array(WRITTEN), [0, 0, 0, 1, 1, 1, 1, 1], SHOWN), ([1, 0, 1, 0, 0, 1, 0, 0], [1, 1, 0, 1, 1, 1, 1, 1], SHOWN)],
    "11.2": [(4 * LAYER, 4 * LAYER + 768, 3 * LAYER), (328704.0, np.int64(329472), 246528)],
    "11.3": [(turned,), (lambda W, U, b: tuple(np.concatenate([-p[..., : len(U)], p[..., len(U) :]], axis=-1) for p in (W, U, b)),)],
    "11.4": [(lambda steps: logit(1 - 1 / np.asarray(steps)), life)],
    "11.5": [(mean_point, variance), (lambda pi, m: np.einsum("j,jk->k", pi, m), variance)],
    "11.6": [(bits,)],
    "11.7": [([[0, 0, 9, 0]], ZERO, [30, 30, 0, 0]), ([[0, 0, 15, 3]], ZERO, [15, 16, 0, -40])],
}

WRONG = {  # number: [(answers, words of the fitting hint)], three or more for each
    "11.1": [((WRITTEN, OPEN, [0, 0, 1, 0, 0, 0, 0, 1]), "too early"), ((WRITTEN, OPEN, [0, 0, 0, 0, 0, 0, 1, 1]), "too early"),
             (([0, 0, 1, 0, 0, 0, 0, 0], OPEN, SHOWN), "eight steps"),
             (([0] * 8, OPEN, SHOWN), "eight steps"), (([0, 0, 1, 0, 0, 1, 0, 1], [1] * 7 + [0], SHOWN), "Something else"),
             ((WRITTEN, [1, 1, 1, 1, 0, 1, 1, 1], SHOWN), "lost on the way"),
             ((WRITTEN, [0] * 8, SHOWN), "an open reset gate keeps"),
             (([0, 0, 0, 1, 0, 0, 1, 0], OPEN, SHOWN), "first step is number 1"),
             ((OPEN, OPEN, SHOWN), "Something else"), ((WRITTEN, OPEN, [0] * 8), "nobody sees"), ((WRITTEN, OPEN, OPEN), "too early"),
             ((WRITTEN, [1, 1, 1, 1, 1, 1, 0, 1], SHOWN), "an open reset gate keeps"), ((WRITTEN, [0.5] * 8, SHOWN), "open, 1"),
             ((WRITTEN, OPEN, [1]), "eight numbers")],
    "11.2": [((4 * 256 * 320, 0, 0), "biases are missing"), ((3 * LAYER, 0, 0), "count the layers again"), ((LAYER, 0, 0), "one layer"),
             ((4 * 256 * 65, 0, 0), "from the state"), ((4 * LAYER, 4 * LAYER + 3 * 256**2, 0), "is a vector"),
             ((4 * LAYER, 4 * LAYER + 1024, 0), "not all four"), ((4 * LAYER, 4 * LAYER + 768, 3 * 256 * 322), "second bias"),
             ((4 * LAYER, 4 * LAYER + 768, 2 * LAYER), "count the layers of"), ((1.5, 1, 1), "whole numbers")],
    "11.3": [((in_place,), "new ones"), ((lambda W, U, b: (-W, U, b),), "Draw both curves"),
             ((lambda W, U, b: (np.concatenate([1 - W[:, : len(U)], W[:, len(U) :]], 1), U, b),), "Draw both curves"),
             ((lambda W, U, b: (W, U, b),), "old arrays"),
             ((lambda W, U, b: (*turned(W, U, b)[:2], b),), "bias goes into the gate too"),
             ((lambda W, U, b: (-W, -U, -b),), "Only one of the three"), ((lambda W, U, b: [np.concatenate([1 - p[..., : len(U)], p[..., len(U) :]], -1) for p in (W, U, b)],), "One minus the weights"),
             ((lambda W, U, b: W,), "three arrays"), ((lambda W, U, b: (W.T, U, b),), "shapes"), ((3,), "function itself")],
    "11.4": [((np.log, life), "close for large"), ((lambda s: -np.log(np.asarray(s) - 1), life), "turn the sign"), ((lambda s: 1 - 1 / np.asarray(s), life), "gate f itself"),
             ((lambda s: np.log(np.asarray(s) - 1), lambda b: 1 / (1 - expit(b))), "that's the time constant"),
             ((lambda s: np.log(np.asarray(s) - 1), lambda b: np.log(2) / (1 - expit(b))), "nearly open only"),
             ((lambda s: np.log(np.asarray(s) - 1), lambda b: -life(b)), "can't be negative"), ((1, 2), "both functions")],
    "11.5": [((lambda pi, m: m.mean(axis=0), variance), "equally likely"), ((lambda pi, m: m[pi.argmax()], variance), "likeliest place"),
             ((mean_point, lambda pi, m: float(pi @ np.linalg.norm(m - pi @ m, axis=1))), "square the distances"),
             ((mean_point, lambda pi, m: variance(pi, m) / 2), "both coordinates"),
             ((mean_point, lambda pi, m: float(((m - pi @ m) ** 2).sum(axis=1).mean())), "weigh each place"), ((mean_point, 2), "both functions")],
    "11.6": [((lambda t, o: -bits(t, o),), "sign"), ((lambda t, o: bits(t, o) * np.log(2),), "base 2"), ((joint,), "known already"),
             ((lambda t, o: bits(t, 0),), "Right for order 0"), ((lambda t, o: [1, 2],), "one number"), ((3,), "function itself")],
    "11.7": [(([[0, 0, 3.34, 0]], ZERO, [20, 20, 0, 20]), "nearly ±1"),
             (([[0, 0, -3.34, 0]], ZERO, [20, 20, 0, 20]), "nearly ±1"),
             (([[0, 15, 20, 0]], ZERO, [20, 20, 0, 20]), "loses"),
             (([[0, 0, 20, 0]], [[0, -15, 0, 0]], [20, 20, 0, 20]), "loses"),
             (([[0, 0, 5, 0]], ZERO, [20, 20, 3, 20]), "nearly ±1"),
             (([[15, 0, 20, 0]], ZERO, [20, 20, 0, 20]), "only part"),
             (([[0, 0, 20, 0]], [[-15, 0, 0, 0]], [20, 20, 0, 20]), "only part"),
             (([[0, 0, 20, 0]], ZERO, [20, 9.3, 0, 20]), "Which gates"),
             (([[0, 0, -20, 0]], ZERO, [20, 20, 0, 20]), "other way round"),
             (([[0, 0, 20, 0]], ZERO, [20, 3, 0, 20]), "loses what it has counted"),
             (([[0, 0, 1, 0]], ZERO, [20, 20, 0, 20]), "nearly ±1"), (([[0, 0, 20, 0]], ZERO, [1, 20, 0, 20]), "only part"), (([0, 0, 20, 0], ZERO, [20, 20, 0, 20]), "shapes")],
}


class TestAnswers(ExerciseAnswers):
    lecture, right, wrong = "11", RIGHT, WRONG
    leeway = {"11.3": 0.01, "11.7": None}


@pytest.mark.parametrize("number", RIGHT)
@pytest.mark.parametrize("answer", [[object()], "text", np.nan, {}, lambda *a: 1 / 0])
def test_no_answer_breaks_a_check(number, answer):
    assert checks.evaluate(number, *[answer] * len(RIGHT[number][0])).state == "not yet"


@pytest.mark.parametrize("keep", [False, True])
def test_the_unit_behind_the_check_of_turned_gates(keep):  # unit by unit, as (11.2) says
    rng = np.random.default_rng(3)
    x, W, U, b = (rng.normal(size=shape) for shape in ((4, 2), (2, 9), (3, 9), (9,)))
    h = np.zeros(3)
    for x_t, state in zip(x, _gru(x, W, U, b, keep), strict=True):
        z, r = (expit([x_t @ W[:, j] + h @ U[:, j] + b[j] for j in range(start, start + 3)]) for start in (0, 3))
        new = [np.tanh(x_t @ W[:, j] + (r * h) @ U[:, j] + b[j]) for j in range(6, 9)]
        h = np.array([a if w == 1 else w * n + (1 - w) * a for a, w, n in zip(h, 1 - z if keep else z, new, strict=True)])
        assert np.allclose(state, h)
