"""The self-checks of lecture 12: other right answers pass, typical wrong ones get the hint that fits."""

import numpy as np
from scipy.special import softmax
from scipy.stats import binom

from tests.exercise_answers import DiscreetHints


def attended(scores, values, real):  # another form: row by row, over what exists
    weights = np.zeros(scores.shape)
    for row, there in enumerate(real):
        weights[row, there] = softmax(scores[row, there])
    return weights, np.einsum("ns,nsd->nd", weights, values)


def unmasked(scores, values, real):
    weights = softmax(scores, axis=1)
    return weights, np.einsum("ns,nsd->nd", weights, values)


def masked_late(scores, values, real):
    weights = softmax(scores, axis=1) * real
    return weights, np.einsum("ns,nsd->nd", weights, values)


def zero_score(scores, values, real):
    return unmasked(np.where(real, scores, 0), values, real)


def overflowing(scores, values, real):
    weights = np.exp(np.where(real, scores, -np.inf))
    weights = weights / weights.sum(axis=1, keepdims=True)
    return weights, np.einsum("ns,nsd->nd", weights, values)


def typing(one, other, swap=1):  # another form: rows of a table kept apart
    before, row = None, list(range(len(other) + 1))
    for i in range(1, len(one) + 1):
        now = [i]
        for j in range(1, len(other) + 1):
            best = min(row[j] + 1, now[-1] + 1, row[j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 2:i] == other[j - 2:j][::-1]:
                best = min(best, before[j - 2] + swap)
            now.append(best)
        before, row = row, now
    return row[-1]


def sharpness(gap, rows, share):
    return (np.log(share / (1 - share)) + np.log(rows - 1)) / gap


def slid(raw, kappa, letters):  # another form: letter by letter
    K = len(kappa)
    new = kappa + np.exp(raw[2 * K:])
    return [sum(np.exp(raw[k]) * np.exp(-np.exp(raw[K + k]) * (new[k] - u) ** 2) for k in range(K)) for u in range(letters)], new


def bells(alpha, beta, kappa, letters):
    return (alpha[:, None] * np.exp(-beta[:, None] * (kappa[:, None] - np.arange(letters)) ** 2)).sum(axis=0)


def slid_wrongly(which):
    def slide(raw, kappa, letters):
        a, b, m = np.split(np.exp(raw), 3)
        new = kappa + m
        if which == "still":
            return bells(a, b, kappa, letters), kappa
        if which == "old":
            return bells(a, b, kappa, letters), new
        if which == "swapped":
            return bells(b, a, new, letters), new
        if which == "sum":
            return bells(a, b, new, letters) / bells(a, b, new, letters).sum(), new
        if which == "back":
            return bells(a, b, kappa + raw[2 * len(kappa):], letters), kappa + raw[2 * len(kappa):]
        if which == "forgets":
            return bells(a, b, m, letters), m
        return bells(*np.split(raw, 3)[:2], new, letters), new

    return slide


def head(steps, rows, p, gamma):  # another form: a matrix
    on = p * np.roll(np.eye(rows), 1, axis=0) + (1 - p) * np.eye(rows)
    weights = np.eye(rows)[:, 0]
    for _ in range(steps):
        weights = (on @ weights) ** gamma
        weights /= weights.sum()
    return weights.tolist()


def sharpened_last(steps, rows, p, gamma):
    weights = np.array(head(steps, rows, p, 1.0))
    weights = weights**gamma if steps else weights
    return weights / weights.sum()


def no_sum(steps, rows, p, gamma):
    weights = np.eye(rows)[0]
    for _ in range(steps):
        weights = (p * np.roll(weights, 1) + (1 - p) * weights) ** gamma
    return weights


RIGHT = {
    "12.1": [((0.125, 0.25, 0.625), 2.0), (softmax(np.log([1, 2, 5])), np.float32(2))],
    "12.2": [(attended,), (lambda s, v, r: list(attended(s, v, r)),)],
    "12.3": [(typing,), (lambda a, b: float(typing(b, a)),)],
    "12.4": [(sharpness,), (lambda g, n, p: -np.log((1 - p) / (p * (n - 1))) / g,)],
    "12.5": [(slid,), (lambda *a: tuple(map(np.asarray, slid(*a))),)],
    "12.6": [(head,), (lambda *a: np.array(head(*a)),)],
}

WRONG = {  # number: [(answers, words of the fitting hint)], three or more for each
    "12.1": [(([0.1, 0.2, 0.7], 2), "proportion"), ((softmax(np.log([1, 2, 5.35])), 2), "proportion"),
             ((np.log([1, 2, 5]) + 1e-9, 2), "add up to 1"), ((np.log([1.001, 2, 5]) / np.log(10.01), 2), "themselves"),
             (([0.125, 0.25, 0.625], 0), "mixes all"), (([0.125, 0.25, 0.625], 4), "plain mean"), ((0.5, 2), "three weights"),
             (([0.0, 0.5, 0.5], 2), "above zero"), (([0.2, 0.3, 0.5], 2), "proportion"), (([0.125, 0.25, 0.625], 3), "own weight")],
    "12.2": [((lambda s, v, r: (attended(s, v, r)[0], v.sum(axis=1)),), "weighed with them"),
             ((lambda s, v, r: attended(s / 2, v, r),), "Put minus infinity"),
             ((lambda s, v, r: (np.where(np.cumsum(~r, axis=1) == 1, 0.1 * ~r, attended(s, v, r)[0]), v[:, 0]),), "exactly no weight"),
             ((unmasked,), "still get weight"), ((zero_score,), "isn't nothing"), ((masked_late,), "mask the scores"),
             ((overflowing,), "nan"), ((lambda s, v, r: attended(s, v, r)[0],), "must return two"),
             ((lambda s, v, r: (attended(s, v, r)[0], v.mean(axis=1)),), "weighed with them"),
             ((lambda s, v, r: (attended(s, v, r)[0].T, v[:, 0]),), "shapes"), ((3,), "function itself")],
    "12.3": [((lambda a, b: typing(a, b, swap=2),), "plain edit distance"), ((lambda a, b: "far",), "one number"),
             ((lambda a, b: typing(a, b) if a and b else 0,), "empty word"), ((lambda a, b: sum(x != y for x, y in zip(a, b, strict=False)),), "fewer changes"),
             ((lambda a, b: typing(a, b, swap=0),), "fewer changes"), ((lambda a, b: typing(a, b) + (a != b),), "shorter way"), ((1,), "function itself")],
    "12.4": [((lambda g, n, p: np.log(n * p / (1 - p)) / g,), "not n"), ((lambda g, n, p: sharpness(g, n, p) * g**2,), "divide by the gap"),
             ((lambda g, n, p: sharpness(g, n, p) * g,), "divide by the gap"), ((lambda g, n, p: -sharpness(g, n, p),), "sign"),
             ((lambda g, n, p: np.log10((n - 1) * p / (1 - p)) / g,), "base 10"), ((lambda g, n, p: [1, 2],), "one number"),
             ((2.0,), "function itself"), ((lambda g, n, p: 1.0,), "it should get")],
    "12.5": [((slid_wrongly("still"),), "not moved"), ((slid_wrongly("old"),), "move first"), ((slid_wrongly("swapped"),), "changed places"),
             ((slid_wrongly("sum"),), "look at nothing"), ((slid_wrongly("back"),), "can go back"), ((slid_wrongly("forgets"),), "where they were"),
             ((slid_wrongly("raw"),), "exponentials too"), ((lambda r, k, u: k,), "two arrays"), ((lambda r, k, u: (k, np.zeros(u + 1)),), "shapes"), ((1,), "function itself")],
    "12.6": [((lambda s, n, p, g: np.ones(n) / n if s else np.eye(n)[0],), "One step: p times"),
             ((sharpened_last,), "every step"), ((lambda s, n, p, g: head(s, n, p, 1.0),), "γ is missing"),
             ((no_sum,), "add up to 1"),
             ((lambda s, n, p, g: head(s, n, 1 - p, g),), "1 − p to stay"), ((lambda s, n, p, g: np.roll(head(s, n, p, g)[::-1], 1),), "backwards"),
             ((lambda s, n, p, g: 1.0,), "one weight per row"), ((lambda s, n, p, g: np.ones(n) / n,), "no step"), ((2,), "function itself")],
}


class TestAnswers(DiscreetHints):
    lecture, right, wrong = "12", RIGHT, WRONG
    leeway = {"12.1": (0.02, 0.015), "12.2": 1e-4}
    secrets = ("1/8", "0.125", "np.", "where(", "roll(")


def test_a_blurred_head_is_binomial():
    assert np.allclose(head(6, 12, 0.8, 1.0)[:7], binom.pmf(range(7), 6, 0.8))
