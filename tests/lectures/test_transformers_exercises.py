"""The self-checks of lecture 13: other right answers pass, typical wrong ones get the hint that fits."""

import numpy as np
from scipy.special import softmax

from tests.exercise_answers import DiscreetHints


def attended(Q, K, V):  # another form: place by place
    T, d = K.shape
    weights = np.zeros((T, T))
    for t in range(T):
        weights[t, : t + 1] = softmax(K[: t + 1] @ Q[t] / d**0.5)
    return weights @ V, weights


def attended_wrongly(which):
    def attend(Q, K, V):
        seen, scores = np.tri(len(Q)) > 0, Q @ K.T / np.sqrt(K.shape[1])
        if which == "unmasked":
            weights = softmax(scores, axis=1)
        elif which == "late":
            weights = softmax(scores, axis=1) * seen
        elif which == "zero":
            weights = softmax(np.where(seen, scores, 0.0), axis=1)
        elif which == "future":
            weights = softmax(np.where(seen.T, scores, -np.inf), axis=1)
        elif which == "undivided":
            weights = softmax(np.where(seen, Q @ K.T, -np.inf), axis=1)
        elif which == "not itself":
            weights = softmax(np.where(np.tri(len(Q), k=-1) > 0, scores, -1e9), axis=1) * (np.arange(len(Q)) > 0)[:, None]
            weights[0, 0] = 1
            weights[1:] *= np.tri(len(Q), k=-1)[1:]
        elif which == "overflow":
            weights = np.exp(np.where(seen, scores, -np.inf))
            weights = weights / weights.sum(axis=1, keepdims=True)
        return (weights @ V, weights) if which != "swapped" else None

    return attend


def rotated(x, sign=1, halves=False, same=False, slow=False, first=0):  # another form: loops and matrices
    T, d = x.shape
    out = np.array(x, dtype=float)
    for t in range(T):
        for i in range(d // 2):
            angle = sign * (t + first) * 10000.0 ** (-(0 if same else i if slow else 2 * i) / d)
            pair = [i, i + d // 2] if halves else [2 * i, 2 * i + 1]
            c, s = np.cos(angle), np.sin(angle)
            out[t, pair] = np.array([[c, -s], [s, c]]) @ x[t, pair]
    return out


def kept(p, share):  # another form: add one after the other
    order, chosen, total = sorted(range(len(p)), key=lambda i: -p[i]), [False] * len(p), 0.0
    for i in order:
        chosen[i], total = True, total + p[i]
        if total >= share:
            break
    return chosen


def one_too_few(p, share):
    order = np.argsort(-p)
    chosen = np.zeros(len(p), bool)
    chosen[order[np.cumsum(p[order]) <= share]] = True
    return chosen


def never_empty(p, share):
    chosen = one_too_few(p, share)
    chosen[p.argmax()] = True
    return chosen


def one_too_many(p, share):
    order = np.argsort(-p)
    chosen = np.zeros(len(p), bool)
    chosen[order[: sum(kept(p, share)) + 1]] = True
    return chosen


def second_left_out(p, share):
    chosen = np.ones(len(p), bool)
    chosen[np.argsort(-p)[1]] = False
    return chosen


def bytes_of(layers, width, places, texts):
    return np.empty((layers, 2, texts, width, places), dtype="V2").nbytes / 1e9 if layers * width * places < 1e8 else (
        layers * 4 * texts * width * places / 1e9
    )


def bert(layers, width, symbols, pooler=True, segments=2, norms=1, biases=True):
    inner = 4 * width
    block = 4 * width * width + 2 * width * inner + biases * (4 * width + inner + width + 4 * width)
    return layers * block + (symbols + 512 + segments) * width + 2 * norms * width + pooler * (width + 1) * width


def law(x, losses, floor, new_x):  # another form: normal equations
    a, b = np.log(x), np.log(losses - floor)
    slope = np.cov(a, b)[0, 1] / np.var(a, ddof=1)
    return floor + np.exp(b.mean() + slope * (np.log(new_x) - a.mean())), -slope


def law_wrongly(which):
    def fit(x, losses, floor, new_x):
        loss, exponent = law(x, losses, floor, new_x)
        if which == "sign":
            return loss, -exponent
        if which == "no floor":
            return loss - floor, exponent
        if which == "logarithm":
            return np.log(loss - floor), exponent
        if which == "floor kept":
            return law(x, losses, 0.0, new_x)
        if which == "one axis":
            return loss, -np.polyfit(np.log(x), losses - floor, 1)[0]
        return losses[-1], exponent

    return fit


def with_a_floor(which):
    def fit(x, losses, floor, new_x):
        loss, exponent = law(x, losses, floor, new_x)
        if not floor:
            return loss, exponent
        if which == "one axis":
            return loss, -np.polyfit(np.log(x), losses - floor, 1)[0]
        return {"logarithm": np.log(loss - floor), "floor on the logarithm": np.log(loss - floor) + floor}.get(
            which, losses[-1]), exponent + (which == "exponent")  # fmt: skip

    return fit


ONE = (1 / 8, 3 / 8, 4 / 8)

RIGHT = {
    "13.1": [(ONE, 5.0), (softmax(np.log([1, 3, 4])), np.float32(5))],
    "13.2": [(attended,), (lambda q, k, v: list(attended(q, k, v)),)],
    "13.3": [(rotated,), (lambda x: rotated(x).tolist(),)],
    "13.4": [(kept,), (lambda p, s: np.array(kept(p, s)),), (lambda p, s: np.array(kept(p, s), float),)],
    "13.5": [(bytes_of,), (lambda a, b, c, d: np.float64(4e-9) * a * b * c * d,)],
    "13.6": [(bert,), (lambda a, b, c: float(bert(a, b, c)),)],
    "13.7": [(law,), (lambda *a: np.array(law(*a)),)],
}

WRONG = {  # number: [(answers, words of the fitting hint)], three or more for each
    "13.1": [((softmax(np.log([1, 3, 4.28])), 5), "proportion"), (([0.1, 0.3, 0.6], 5), "proportion"),
             ((softmax(np.log([1, 9, 40])), 5), "proportion"), ((softmax(np.log([1, 3**0.5, 9])), 5), "proportion"),
             ((softmax(2 * np.log([1, 3, 4])), 5), "left out the division"), ((softmax(np.log([1, 3, 4]) / 2), 5), "root of d"),
             ((ONE, 0), "mixes all"), ((ONE, 8), "plain mean"), ((ONE, 6), "own weight"), ((0.5, 2), "three weights"),
             (([1.0, 3.0, 4.0], 5), "add up to 1"), (([0.0, 0.4, 0.6], 5), "above zero"), (([0.3, 0.3, 0.4], 5), "proportion")],
    "13.2": [((lambda q, k, v: (attended(q, k, v)[0], v),), "shapes must be"),
             ((lambda q, k, v: attended(q / 2, k, v),), "Divide by the root"),
             ((lambda q, k, v: (v, attended(q, k, v)[1] + 0.1 * np.eye(len(q))[[*range(1, len(q)), 0]] * np.eye(len(q))[0][:, None]),), "Later places"),
             ((attended_wrongly("unmasked"),), "Later places"), ((attended_wrongly("late"),), "mask the scores"),
             ((attended_wrongly("zero"),), "isn't nothing"), ((attended_wrongly("future"),), "wrong way round"),
             ((attended_wrongly("undivided"),), "root of d is missing"), ((attended_wrongly("overflow"),), "nan"),
             ((lambda q, k, v: attended(q, k, v)[::-1],), "come first"), ((lambda q, k, v: attended(q, k, v)[0][:, 0],), "two arrays"),
             ((lambda q, k, v: (v, attended(q, k, v)[1]),), "times the values"), ((7,), "function itself")],
    "13.3": [((lambda x: rotated(x, sign=-1),), "wrong way round"), ((lambda x: rotated(x, halves=True),), "neighbours"),
             ((lambda x: rotated(x, same=True),), "same angle"), ((lambda x: rotated(x, slow=True),), "too slowly"),
             ((lambda x: rotated(x, first=1),), "Position 0"), ((lambda x: x,), "Nothing"), ((lambda x: 0.0,), "that shape"),
             ((lambda x: x * np.arange(1, len(x) + 1)[:, None],), "keeps the length"), ((1,), "function itself")],
    "13.4": [((lambda p, s: one_too_many(p, s) if s == 0.9 else kept(p, s),), "too many"),
             ((second_left_out,), "likelier one is not"),
             ((one_too_few,), "alone has more"), ((never_empty,), "don't reach"), ((one_too_many,), "too many"),
             ((lambda p, s: p * kept(p, s) / p[kept(p, s)].sum(),), "not their new probabilities"),
             ((lambda p, s: np.cumsum(p) - p < s,), "likel"), ((lambda p, s: p,), "not their new probabilities"),
             ((lambda p, s: int(np.sum(kept(p, s))),), "booleans"), ((0.5,), "function itself")],
    "13.5": [((lambda *a: bytes_of(*a) / 4,), "A quarter"),
             ((lambda *a: bytes_of(*a) * 1e9,), "in bytes"), ((lambda *a: bytes_of(*a) / 2,), "Half"),
             ((lambda *a: bytes_of(*a) * 1.5,), "never asks"),
             ((lambda *a: bytes_of(*a) * 1e9 / 2**30,), "10⁹"), ((lambda a, b, c, d: bytes_of(a, b, c, 1) if d > 1 else bytes_of(a, b, c, d),), "cache of its own"),
             ((lambda *a: bytes_of(*a) * a[2],), "square"), ((lambda *a: bytes_of(*a) * 2,), "Twice"), ((lambda *a: "big",), "one number"), ((10,), "function itself")],
    "13.6": [((lambda *a: bert(*a, pooler=False),), "pooler is missing"), ((lambda *a: bert(*a, segments=0),), "segments"),
             ((lambda *a: bert(*a, norms=2),), "norm too many"), ((lambda *a: bert(*a, biases=False),), "biases and norms"),
             ((lambda a, b, c: bert(a, b, c) - 512 * b,), "positions"), ((lambda a, b, c: bert(a, b, c) - b,), "pooler's bias"),
             ((lambda a, b, c: bert(a, b, c) + 5,), "off by"), ((lambda *a: [1, 2],), "one number"), ((109_482_240,), "function itself")],
    "13.7": [((with_a_floor("one axis"),), "both axes"), ((with_a_floor("logarithm"),), "take the exponential"),
             ((with_a_floor("floor on the logarithm"),), "take the exponential"),
             ((with_a_floor("last"),), "fitted law"), ((with_a_floor("exponent"),), "straight line through"),
             ((law_wrongly("sign"),), "sign turned"), ((law_wrongly("no floor"),), "on again"),
             ((law_wrongly("floor kept"),), "Take the floor off"),
             ((law_wrongly("logarithm"),), "take the exponential"), ((law_wrongly("one axis"),), "both axes"), ((law_wrongly("last"),), "fitted law"),
             ((lambda *a: law(*a)[0],), "two numbers"), ((0.1,), "function itself")],
}


class TestAnswers(DiscreetHints):
    lecture, right, wrong = "13", RIGHT, WRONG
    leeway = {"13.1": (0.02, 0.008), "13.2": 1e-4, "13.4": None}
    vague = {"13.3"}
    secrets = ("1/8", "0.125", "np.", "where(", "argsort", "109")


