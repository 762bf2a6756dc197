"""The self-checks of lecture 09: other right answers pass, typical wrong ones get the hint that fits."""

import numpy as np

from tests.exercise_answers import ExerciseAnswers



def project(moved, images, epsilon):  # another form: limits first
    low, high = np.maximum(0, images - epsilon), np.minimum(1, images + epsilon)
    return np.where(moved < low, low, np.where(moved > high, high, moved))


def in_place(moved, images, epsilon):
    images += 0.1
    return images


def safe(x, w, t):  # another form: one input after the other
    return [abs(float(row @ w - t)) / sum(map(abs, w)) for row in x]


def robust(answers, labels):  # another form: count the rows that are right
    return float(((answers == labels).sum(axis=0) == len(answers)).mean())


def steepest(slopes, epsilon):  # another form: flat, with NumPy's norm
    flat = slopes.reshape(len(slopes), -1)
    return (epsilon * flat / np.linalg.norm(flat, axis=1, keepdims=True)).reshape(slopes.shape)


def steps(images, labels, answer, slope_without, epsilon):  # another form: from the rounded image, every step kept
    low, high = np.maximum(images - epsilon, 0), np.minimum(images + epsilon, 1)
    moved = images
    for _ in range(10):
        moved = np.clip(moved + 0.1 * np.sign(slope_without(np.round(2 * moved) / 2, labels)), low, high)
    return moved


def search(images, labels, answer, slope_without, epsilon):  # another form: one step, at the image itself
    return np.clip(images + epsilon * np.sign(slope_without(images, labels)), 0, 1)


def noise(images, labels, answer, slope_without, epsilon):
    return np.clip(images + epsilon * np.sign(np.random.default_rng(0).normal(size=images.shape)), 0, 1)


def downhill(images, labels, answer, slope_without, epsilon):
    return np.clip(images - epsilon * np.sign(slope_without(images, labels)), 0, 1)


RIGHT = {
    "9.1": [(project,), (lambda m, x, e: np.clip(np.clip(m, 0, 1), x - e, x + e),)],
    "9.2": [([-0.1, 0.1, -0.1], 0.05), (np.array([-0.1, 0.1, -0.1]), np.float32(0.05))],
    "9.3": [(safe,), (lambda x, w, t: np.linalg.norm((x @ w - t)[:, None], axis=1) / np.linalg.norm(w, 1),)],
    "9.4": [(robust,), (lambda a, y: 1 - (a != y).any(axis=0).mean(),)],
    "9.5": [(steepest,), (lambda s, e: (e * s / np.linalg.norm(s, axis=(1, 2), keepdims=True)).tolist(),)],
    "9.6": [(3600, 0.01), (np.int64(3600), "0.01")],
    "9.7": [(steps,), (search,)],
}

WRONG = {  # number: [(answers, words of the fitting hint)], three or more for each
    "9.1": [((lambda m, x, e: np.clip(m, x - e, np.minimum(x + e, 1)),), "below paper"),
            ((lambda m, x, e: np.clip(m, np.maximum(x - e, 0), x + e),), "below paper"),
            ((lambda m, x, e: np.where(m > np.minimum(x + e, 1), x, project(m, x, e)),), "Clip twice"),
            ((lambda m, x, e: np.where(m < np.maximum(x - e, 0), x, project(m, x, e)),), "Clip twice"),
            ((lambda m, x, e: np.clip(m, 0, 1),), "budget allows"), ((lambda m, x, e: np.clip(m, x - e, x + e),), "below paper"),
            ((lambda m, x, e: np.clip(m - x, -e, e),), "add the image"), ((lambda m, x, e: x,), "stay where they are"),
            ((lambda m, x, e: m[0],), "shape of the images"), ((in_place,), "work on a copy"), ((3,), "function itself")],
    "9.2": [(([0.1, -0.1, 0.1], 0.75), "raises the sum"), (([-0.1, -0.1, -0.1], 0.25), "negative weight"),
            (([-0.2, 0.1, -0.05], 0), "no entry"), (([-0.1, 0.1, 0], 0.1), "whole budget"), (([-0.1, 0.1, -0.1], 0.25), "threshold"),
            (([-0.1, 0.1, -0.1], 0.4), "before it"), (([-0.1, 0.1, -0.1], 1), "each product"), (("left", 0.05), "three numbers")],
    "9.3": [((lambda x, w, t: np.ones(40),), "move the sum"),
            ((lambda x, w, t: np.abs(x @ w - t) / np.linalg.norm(w),), "ordinary distance"),
            ((lambda x, w, t: np.abs(x @ w) / np.abs(w).sum(),), "threshold counts"),
            ((lambda x, w, t: np.abs(x @ w - t),), "how fast"), ((lambda x, w, t: (x @ w - t) / np.abs(w).sum(),), "never negative"),
            ((lambda x, w, t: np.abs(x @ w - t) / abs(w.sum()),), "cancel"), ((lambda x, w, t: 0.1,), "40 budgets"), ((0.1,), "function itself")],
    "9.4": [((lambda a, y: robust(a, y) + 0.9,), "divide"), ((lambda a, y: 2.0 if len(a) == 1 else 0.3,), "divide"),
            ((lambda a, y: 1.0,), "Make a table"),
            ((lambda a, y: (a == y).mean(axis=1).min(),), "best single attack"), ((lambda a, y: (a == y).mean(),), "draw lots"),
            ((lambda a, y: (a == y).any(axis=0).mean(),), "survive all"), ((lambda a, y: 1 - robust(a, y),), "broken images"),
            ((lambda a, y: (a == y).all(axis=0).sum(),), "divide"), ((lambda a, y: (a == y).all(axis=0),), "one number"),
            ((0.5,), "function itself")],
    "9.5": [((lambda s, e: e * np.sign(s),), "largest change"), ((lambda s, e: e * s / np.linalg.norm(s),), "of its own"),
            ((lambda s, e: e * s,), "how steep"), ((lambda s, e: -steepest(s, e),), "turn them round"),
            ((lambda s, e: e * s / np.linalg.norm(s, axis=2, keepdims=True),), "which axes"), ((lambda s, e: s[0],), "shape of the gradients"),
            ((1,), "function itself")],
    "9.6": [((625, 0.01), "μ is 3"), ((0.5, 0.01), "argument of Φ"), ((0, 0.01), "argument of Φ"),
            ((60, 0.01), "square root"), ((2500, 0.01), "μ is 3"), ((3600, 1e-4), "square root of d"), ((3600, 0.03), "one half"),
            ((3600, 1), "solve"), ((7, 1), "argument of Φ"), ((-1, "x"), "positive numbers")],
    "9.7": [((lambda x, y, a, s, e: np.minimum(x - e, 0.9),), "below paper"),
            ((lambda x, y, a, s, e: np.maximum(x + e, 0.1),), "below paper"),
            ((lambda x, y, a, s, e: np.concatenate([search(x, y, a, s, e)[:75], x[75:]]),), "whole budget"),
            ((noise,), "uphill"), ((downhill,), "uphill"), ((lambda x, y, a, s, e: x,), "Nothing has moved"),
            ((lambda x, y, a, s, e: search(x, y, a, s, 0.4 * e),), "survive"), ((lambda x, y, a, s, e: 1 - x,), "more than the budget"),
            ((lambda x, y, a, s, e: np.where(x < 0.5, x - e, x + e),), "below paper"), ((lambda x, y, a, s, e: x[0],), "shape"),
            ((3,), "function itself")],
}


class TestAnswers(ExerciseAnswers):
    lecture, right, wrong = "9", RIGHT, WRONG
    leeway = {"9.5": 0.1, "9.6": 7e-4, "9.7": None}
