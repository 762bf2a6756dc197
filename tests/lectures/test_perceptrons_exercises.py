"""The self-checks of lecture 01: other right answers pass, typical wrong ones get the hint that fits."""

import numpy as np
from scipy.stats import binom

from tests.exercise_answers import DiscreetHints


E = np.e


def sigma(z):
    return 1 / (1 + np.exp(-z))


def gradient(weights, x, targets):  # another form: through exp, one example after the other
    total = np.zeros(len(weights))
    for x_i, target in zip(x, targets, strict=True):
        total += -target * x_i * np.exp(-target * (x_i @ weights)) / (1 + np.exp(-target * (x_i @ weights)))
    return (total / len(x)).tolist()


def pocket(x, targets, num_passes):  # another form: collect everything, choose at the end
    weights, all_weights = np.zeros(x.shape[1]), [np.zeros(x.shape[1])]
    for i in list(range(len(x))) * num_passes:
        if targets[i] * (weights @ x[i]) <= 0:
            weights = weights + targets[i] * x[i]
        all_weights.append(weights)
    return min(all_weights, key=lambda w: (targets * (x @ w) <= 0).sum())


def last_weights(x, targets, num_passes):
    weights = np.zeros(x.shape[1])
    for i in list(range(len(x))) * num_passes:
        if targets[i] * (weights @ x[i]) <= 0:
            weights = weights + targets[i] * x[i]
    return weights


def share(num_points, num_trials, seed=5):  # another form: the rule of a circle order
    from scipy.optimize import linprog

    rng, hits = np.random.default_rng(seed), 0
    for _ in range(num_trials):
        x = np.column_stack([rng.normal(size=(num_points, 2)), np.ones(num_points)])
        y = np.where(rng.uniform(size=num_points) < 0.5, 1, -1)
        hits += linprog(np.zeros(x.shape[1]), A_ub=-y[:, None] * x, b_ub=-np.ones(num_points), bounds=(None, None)).status == 0
    return hits / num_trials


def cover(num_points, num_inputs=3):  # the other form of Cover's count: how few heads in n - 1 throws
    return binom.cdf(num_inputs - 1, num_points - 1, 0.5)


def near_cover(num_points, num_trials, deviations):
    exact = cover(num_points)
    share = exact + deviations * np.sqrt(exact * (1 - exact) / num_trials)
    return share if 0 <= share <= 1 else exact


RIGHT = {
    "1.1": [([-1, -1], -2),
            ([-2, -3], -4), (np.array([-1.0, -1.0]), -1.5), ((-0.5, -0.5), "-0.75")],
    "1.2": [((2.0, -1.0), "Below "), (np.array([2, -1]), "below")],
    "1.3": [(np.array([[2, 1, 1], [1, -2, 0], [0, -1, 1]]),), (((2.0, 1.0, 1.0), (1, -2, 0), (0, -1, 1)),)],
    "1.4": [([[0.1, 0], [0, 0]],), (np.array([[1, 0.95], [1, 1]]),)],
    "1.5": [([4, 6, 2],), (np.array([1 / 3, 1 / 2, 1 / 6]),)],
    "1.6": [(gradient,)],
    "1.7": [(pocket,)],
    "1.8": [(lambda n, t: cover(n),),
            (lambda n, t: near_cover(n, t, 4.5),),
            (lambda n, t: near_cover(n, t, -4.5),),
            (share,)],
}

WRONG = {  # number: [(answers, words of the fitting hint)], three or more for each
    "1.1": [(([-1, -1], 0), "lies on the border"), (([-1, -2], -2), "lies on the border"), (([-2, -1], -2), "lies on the border"),
            (([-3, 1], -2), "wrong side"),
            (([1, 1], 1.5), "This is AND"), (([-1, -1], -1), "lies on the border"), (([-1, -1, 0], 1), "two weights"),
            (([1, 1], 0.5), "wrong side")],
    "1.2": [(([2, -1], "above"), "far above"), (([-2, 1], "below"), "signs"), (([2, 1], "below"), "signs"), (([0.5, 1], "below"), "Solve"),
            (([2, -1], "left"), "words"), ((2, "below"), "two numbers")],
    "1.3": [(([[0, 0, 0], [-1, -3, -1], [-2, -2, 0]],), "first sum is 0"), (([[2, 1, 0], [1, -2, 0], [0, -1, 0]],), "bias"),
            (([[2, 1, 1], [3, 4, 2], [2, 5, 3]],), "Visit 2"), (([[2, 1], [1, -2], [0, -1]],), "three numbers")],
    "1.4": [(([[5, 0.1], [0.1, 0.1]],), "between -1 and 1"), (([[1.5, 0], [0, 0]],), "between -1 and 1"),
            (([[1, 1], [-1, -1]],), "stops after"), (([[5, 5], [5, 4.99]],), "between -1 and 1"),
            (([[1, 1], [1, 1]],), "the same"),
            (([1, 1],), "two points")],
    "1.5": [(([4, -6, 2],), "negative"),
            (([1, 1, 1],), "both components"), (([1, 2, 1],), "appended ones cancel"), (([0, 3, 1],), "points cancel"),
            (([-2, -3, -1],), "negative"), (([0, 0, 0],), "zero"), (([2, 3],), "three numbers")],
    "1.6": [((lambda w, x, y: -np.array(gradient(w, x, y)),), "sign"), ((lambda w, x, y: len(x) * np.array(gradient(w, x, y)),), "sum"),
            ((lambda w, x, y: (sigma(x @ w) - y) @ x / len(x),), "finite differences"),
            ((lambda w, x, y: 0.0,), "shape"), ((7,), "function itself")],
    "1.7": [((last_weights,), "rule once had"), ((lambda x, y, n: np.zeros(3),), "rule once had"), ((lambda x, y, n: 4,), "three numbers"),
            (([1, 2, 3],), "function itself")],
    "1.8": [((lambda n, t: cover(n) if n < 8 else near_cover(n, t, 5.5),), "fair coins"),
            ((lambda n, t: near_cover(n, t, -5.5),), "fair coins"),
            ((lambda n, t: cover(n, 2),), "through the origin"), ((lambda n, t: cover(n, 2) - 0.15,), "fair coins"),
            ((lambda n, t: "many",), "between 0 and 1"), ((lambda n, t: 0.0,), "fair coins"),
            ((lambda n, t: -0.1,), "between 0 and 1"), ((lambda n, t: 1.5,), "between 0 and 1"),
            ((lambda n, t: 3.5,), "between 0 and 1"), ((lambda n, t: 0.5,), "Cover"), ((0.5,), "function itself")],
}


class TestAnswers(DiscreetHints):
    lecture, right, wrong = "1", RIGHT, WRONG
    leeway = {"1.1": None, "1.4": None, "1.7": None, "1.8": None}
    vague = {"1.6"}
    secrets = ("-1.5", "[2, -1]", "2, 3, 1", "0.95")
