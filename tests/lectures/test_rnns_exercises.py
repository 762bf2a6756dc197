"""The self-checks of lecture 10: other right answers pass, typical wrong ones get the hint that fits."""

import math

import numpy as np
import pytest

from course_utils.checks.rnns import _capacity

from tests.exercise_answers import ExerciseAnswers


def count_steps(radius, share):  # another form: step by step
    left, steps = 1.0, 0
    while left >= share:
        left, steps = left * radius, steps + 1
    return steps


def backward(h, dh, W, *, slope_at=1, slopes=True, turned=True, only_last=False):
    """The backward loop of exercise 10.5, with room for mistakes."""
    later = 0 * h[0]
    for t in range(len(dh) - 1, -1, -1):
        own = dh[t] if not only_last or t == len(dh) - 1 else 0
        later = (own + later) * (1 - h[t + slope_at] ** 2 if slopes else 1)
        later = later @ (W.T if turned else W)
    return later


def forgot_the_last_product(h, dh, W):
    later = np.zeros_like(h[0])
    for t in reversed(range(len(dh))):
        delta = (dh[t] + later) * (1 - h[t + 1] ** 2)
        later = delta @ W.T
    return delta


def by_jacobians(h, dh, W):  # another form: add up the products (10.5)
    total = np.zeros_like(h[0])
    for n in range(h.shape[1]):
        product = np.eye(len(W))
        for t in range(len(dh)):
            product = product @ W @ np.diag(1 - h[t + 1, n] ** 2)
            total[n] += product @ dh[t, n]
    return total


def shorten(g, c):  # another form
    return g * min(1.0, c / max(np.linalg.norm(g), 1e-300))


def in_place(g, c):
    g *= min(1.0, c / max(np.linalg.norm(g), 1e-300))
    return g


def unguarded(g, c):
    with np.errstate(all="ignore"):
        return g * np.minimum(1, c / np.linalg.norm(g)) if g.any() else g * (c / np.linalg.norm(g))


def ring(rng):  # another form: a ring of units, each with one neighbour
    v = np.zeros(30)
    v[0] = 0.02
    return 0.95 * np.roll(np.eye(30), 1, axis=1), v[:, None]


def orthogonal(rng):
    return np.linalg.qr(rng.normal(size=(30, 30)))[0]


def random_pond(radius, loud):
    def make(rng):
        W = rng.normal(size=(30, 30))
        return radius * W / np.abs(np.linalg.eigvals(W)).max(), loud * rng.normal(size=30)

    return make


def bent_states():
    states = []
    for x in (1, 2, 3):
        states.append(np.tanh(2 * x - 0.5 * (states[-1] if states else 0)))
    return states


def pushing(by):
    return [[0.9, by], [0, 0.9]]


CHAIN = np.eye(3, k=1)
FIRST, LAST = np.array([[1.0, 0, 0]]), np.array([[0.0], [0], [1]])
RISE = np.array([[0.9, 20.0], [0.0, 0.9]])
BENT = ([100.0, 1.0], 1.0)

RIGHT = {
    "10.1": [([2, 3, 4.5], 0.5), (np.array([2.0, 3.0, 4.5]), "0.5")],
    "10.2": [(count_steps,), (lambda r, s: math.ceil(math.log(s, r) + 1e-12),)],
    "10.3": [(pushing(320), [1, 0]),
             (pushing(2.71), [1, 0]),
             (RISE, [1, 0]), (RISE.T, [0, 1]), ([[0.5, 0], [50, -0.5]], [0.0, -1.0]), (RISE, [[1.0, 0.0]])],
    "10.4": [(FIRST, CHAIN, LAST), (2 * FIRST, CHAIN, LAST / 2), (FIRST[:, ::-1], CHAIN.T, LAST[::-1])],
    "10.5": [(backward,), (by_jacobians,)],
    "10.6": [([100.0, 0.87], 1.0, shorten),
             (*BENT, shorten), ([1, -50], 0.5, lambda g, c: g / max(1, np.linalg.norm(g) / c))],
    "10.7": [(ring,), (lambda rng: [0.93 * orthogonal(rng), 0.01 * rng.normal(size=30)],)],
}

WRONG = {
    "10.1": [(([2, 4, 6], 0.5), "doubled"), ((bent_states(), 0.5), "no tanh"), (([2, 5, 8.5], 0.5), "negative"),
             (([2, 3, 4.5], -0.5), "which sign"),
             (([2, 3, 4.5], 2), "two more steps"), (([2, 3, 4.5], 0.25), "input's weight"), (([2, 3, 4.5], -1), "two steps"),
             (([2, 3, 5], 0.5), "isn't what the rule makes"), (([2, 3], 0.5), "three numbers"), (([2, 3, 4.5], 7), "first input is 2")],
    "10.2": [((lambda r, s: 0,), "multiplied by"), ((lambda r, s: count_steps(r, s) if r == 0.9 else 1,), "multiplied by"),
             ((lambda r, s: -count_steps(r, s) if r == 0.5 else 1,), "multiplied by"),
             ((lambda r, s: count_steps(r, s) + 1,), "smallest"), ((lambda r, s: count_steps(r, s) - 2,), "multiplied by"),
             ((lambda r, s: math.log(s) / math.log(r),), "whole numbers"),
             ((lambda r, s: int(math.log(s) / math.log(r)),), "round up"),
             ((lambda r, s: round(math.log(s) * math.log(r)),), "power fall"), ((lambda r, s: count_steps(r, s) + 5,), "smallest"),
             ((lambda r, s: -count_steps(r, s),), "positive"), ((44,), "function itself"), ((lambda r, s: [r, s],), "one number")],
    "10.3": [(([[0.5, 20], [0, 1.2]], [1, 0]), "at most 0.9"), ((pushing(345), [1, 0]), "faded"),
             ((np.transpose(pushing(2.71)), [1, 0]), "not from this state"),
             (([[0.9, 0], [0, 0.9]], [1, 0]), "right angles"), ((RISE, [1, 1]), "length 1"),
             (([[1.1, 0], [0, 1.1]], [1, 0]), "at most 0.9"),
             ((RISE.T, [1, 0]), "not from this state"), (([[0.9, 1], [0, 0.9]], [1, 0]), "push harder"),
             (([[0.9, 1e6], [0, 0.9]], [1, 0]), "faded"), ((3, [1, 0]), "shape (2, 2)")],
    "10.4": [((FIRST, CHAIN.T, LAST), "Turn W_h over"), ((FIRST, CHAIN, LAST[[0, 2, 1]]), "one step ago"), ((FIRST, CHAIN, FIRST.T), "at once"),
             ((FIRST, 0 * CHAIN, LAST), "Nothing comes out"), ((FIRST, CHAIN + np.diag([0, 0, 1]), LAST), "but others are too"),
             ((FIRST, CHAIN, np.ones((3, 1))), "but others are too"), ((FIRST, 0.5 * CHAIN, LAST), "bucket"), ((FIRST[0], CHAIN, LAST), "shapes")],
    "10.5": [((lambda h, dh, W: forgot_the_last_product(h, dh, W) if len(dh) > 1 else backward(h, dh, W),), "one more product"),
             ((lambda h, dh, W: backward(h, dh, W, turned=False),), "turned over"),
             ((lambda h, dh, W: backward(h, dh, W, slopes=False),), "slope of tanh"),
             ((lambda h, dh, W: backward(h, dh, W, slope_at=0),), "h[t + 1]"),
             ((lambda h, dh, W: backward(h, np.concatenate([0 * dh[:-1], dh[-1:]]), W),), "Each step adds"),
             ((forgot_the_last_product,), "one more product"), ((lambda h, dh, W: h,), "shape of one state"), ((2,), "function itself")],
    "10.6": [(([-1.0, -1.0], 0.5, shorten), "0 degrees"), (([100, 1], 0, shorten), "positive"),
             (([1.0, 0.2], 1.0, shorten), "Nothing is cut"),
             (([1.0, 1.0], 0.5, shorten), "0 degrees"), (([0.1, 0.2], 1.0, shorten), "Nothing is cut"),
             (([100, 1], -1, shorten), "positive"),
             ((*BENT, lambda g, c: np.clip(g, -c, c)), "colleague"), ((*BENT, lambda g, c: c * g / np.linalg.norm(g)), "short enough"),
             ((*BENT, in_place), "work on a copy"), ((*BENT, unguarded), "Zeros"), ((*BENT, lambda g, c: g / 2 if np.linalg.norm(g) > c else g), "changed the length"),
             ((*BENT, 3), "function itself"), ((4, 1, shorten), "two numbers")],
    "10.7": [((random_pond(0.95, 1.0),), "others"), ((random_pond(0.5, 0.02),), "fades fast"), ((random_pond(1.5, 0.02),), "forget its start"),
             ((lambda rng: (0.95 * orthogonal(rng), 2 * rng.normal(size=30)),), "loud"), ((lambda rng: (orthogonal(rng), np.zeros(30)),), "hears nothing"),
             ((lambda rng: orthogonal(rng),), "two arrays"), ((lambda rng: (np.eye(20), np.ones(20)),), "shapes"), ((1,), "function itself")],
}


class TestAnswers(ExerciseAnswers):
    lecture, right, wrong = "10", RIGHT, WRONG
    leeway = {"10.3": None, "10.6": (None, None, 1e-3), "10.7": None}


@pytest.mark.parametrize("held", [0, 1, 4])
def test_a_chain_holds_as_many_numbers_as_it_has_steps(held):
    W, v = np.zeros((30, 30)), np.zeros(30)
    W[:held, 1 : held + 1], v[0] = np.eye(held), 0.02
    assert abs(_capacity(W, v) - held) < 0.1
