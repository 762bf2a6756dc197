"""The self-checks of lecture 16: other right answers pass, typical wrong ones get the hint that fits."""

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.special import expit
from sklearn.neighbors import NearestNeighbors

from tests.exercise_answers import DiscreetHints


def score(p, q):  # another form: SciPy's divergence
    return 2 * jensenshannon(p, q) ** 2 - np.log(4)


def modes(points, centres, reach, least):  # another form: one by one
    votes = [0] * len(centres)
    for point in points:
        distances = [np.hypot(*(point - centre)) for centre in centres]
        if min(distances) < reach:
            votes[int(np.argmin(distances))] += 1
    return sum(vote >= least for vote in votes)


def near(points, centres, reach):
    return np.linalg.norm(points[:, None] - centres, axis=2) < reach


def owners(points, centres):
    return np.bincount(np.linalg.norm(points[:, None] - centres, axis=2).argmin(axis=1), minlength=len(centres))


def small(theta, psi, rate, penalty):  # another form: the verdict 1 - D
    doubt = 1 - expit(psi * theta)
    return [theta + rate * psi * doubt, (1 - rate * penalty) * psi - rate * theta * (1 - doubt)]


def in_turn(theta, psi, rate, penalty):
    new = theta + rate * psi * expit(-psi * theta)
    return new, psi - rate * (new * expit(psi * new) + penalty * psi)


def diagonal(m, v, n, w):  # another form
    return float(((m - n) ** 2 + v + w - 2 * np.sqrt(v * w)).sum())


def own_distance(points, known):
    return NearestNeighbors(n_neighbors=1).fit(known).kneighbors(points)[0].ravel()


def share(made, known, unseen):  # another form: scikit-learn
    return float((own_distance(made, known) < own_distance(unseen, known).min()).mean())


def lock(W1, W2):  # another form: SVD, which the text asks not to use; the check sees properties only
    return [W1 / np.linalg.norm(W1, 2), W2 / np.linalg.svd(W2, compute_uv=False)[0]]


RIGHT = {
    "16.1": [(0.25, -1.0986), ("0.25", np.log(1 / 3))],
    "16.2": [(score,), (lambda p, q: np.float64(score(p, q)),)],
    "16.3": [(modes,), (lambda *a: float(modes(*a)),)],
    "16.4": [(small,), (lambda *a: np.array(small(*a)),)],
    "16.5": [(diagonal,), (lambda m, v, n, w: np.linalg.norm(np.r_[m - n, v**0.5 - w**0.5]) ** 2,)],
    "16.6": [(share,), (lambda m, k, u: np.float32(share(m, k, u)),)],
    "16.7": [(lock,), (lambda a, b: tuple(lock(a, b)),)],
}

WRONG = {  # number: [(answers, words of the fitting hint)], three or more for each
    "16.1": [((0.75, 1.0986), "forged"), ((1 / 3, -0.7), "both together"), ((0.25, 1.0986), "wrong sign"),
             ((0.25, np.log(0.25)), "logarithm of D"), ((0.25, 0.25), "put it into"), ((3, 1), "between 0 and 1"),
             (("a", 1), "two numbers"), ((0.6, 0.0), "p cancels")],
    "16.2": [((lambda p, q: 2 * jensenshannon(p, q) ** 2,), "divergence"),
             ((lambda p, q: -score(p, q),), "sign"), ((lambda p, q: score(p, q) / np.log(2),), "base 2"),
             ((lambda p, q: jensenshannon(p, q) ** 2,), "divergence"),
             ((lambda p, q: np.sum(p * np.log(p / (p + q)) + q * np.log(q / (p + q))),), "leave such terms out"),
             ((lambda p, q: np.sum(p[p > 0] * np.log(p[p > 0] / (p + q)[p > 0])),), "forged half"),
             ((lambda p, q: [1, 2],), "one number"), ((0.5,), "function itself"), ((lambda p, q: 0.3,), "two equal lists")],
    "16.3": [((lambda x, c, r, m: int((near(x, c, r).sum(axis=0) >= m).sum()),), "counts twice"),
             ((lambda x, c, r, m: modes(x, c, r, m + 1),), "exactly that number"),
             ((lambda x, c, r, m: int((owners(x, c) >= m).sum()),), "leave them out"),
             ((lambda x, c, r, m: modes(x, c, r, 1),), "smallest number"),
             ((lambda x, c, r, m: [1],), "one number"), ((8,), "function itself"), ((lambda x, c, r, m: 0,), "three points")],
    "16.4": [((in_turn,), "already sees"), ((lambda t, p, r, w: small(t, p, r, 0),), "penalty is missing"),
             ((lambda t, p, r, w: (t + r * p, p - r * (t + w * p)),), "slope of softplus"),
             ((lambda t, p, r, w: small(t, p, -r, w),), "climb"), ((lambda t, p, r, w: small(t, p, r, w / 2),), "has no half"),
             ((lambda t, p, r, w: t,), "two numbers"), ((1.0,), "function itself"), ((lambda t, p, r, w: (t, p),), "small nudges")],
    "16.5": [((lambda m, v, n, w: ((m - n) ** 2).sum() + ((v - w) ** 2).sum(),), "compare variances"),
             ((lambda *a: diagonal(*a) ** 0.5,), "gives its square"), ((lambda m, v, n, w: diagonal(m, v, m, w),), "means are missing"),
             ((lambda m, v, n, w: ((m - n) ** 2).sum(),), "Only the means"), ((lambda m, v, n, w: m,), "one number"),
             ((0.0,), "function itself"), ((lambda *a: 1.0,), "diagonal matrices")],
    "16.6": [((lambda m, k, u: (own_distance(m, k) < own_distance(u, k).max()).mean(),), "smallest"),
             ((lambda m, k, u: share(m, k, u) * len(m),), "count"), ((lambda m, k, u: 1 - share(m, k, u),), "does not copy"),
             ((lambda m, k, u: (own_distance(m, k) < own_distance(u, k).mean()).mean(),), "smallest"),
             ((lambda m, k, u: (own_distance(m, k) < np.median(own_distance(u, k))).mean(),), "smallest"),
             ((lambda m, k, u: own_distance(m, k),), "one number"), ((0.0,), "function itself"),
             ((lambda m, k, u: share(u, k, m),), "First the line")],
    "16.7": [((lambda a, b: [1.03 * part for part in lock(a, b)],), "more rounds"),
             ((lambda a, b: [0.97 * part for part in lock(a, b)],), "rescale, repeat"),
             ((lambda a, b: (a / np.linalg.norm(a), b / np.linalg.norm(b)),), "root of the sum of squares"),
             ((lambda a, b: (a / np.linalg.norm(a, 2) ** 2, b / np.linalg.norm(b) ** 2),), "its square"),
             ((lambda a, b: (a, b),), "Nothing is divided"), ((lambda a, b: a,), "two matrices"), ((lambda a, b: (a.T, b),), "keeps its shape"),
             ((lambda a, b: (a.clip(-0.1, 0.1), b),), "changes its direction"), ((lambda a, b: (-lock(a, b)[0], b),), "sign turned"),
             ((lambda a, b: (a / (0.7 * np.linalg.norm(a, 2)), lock(a, b)[1]),), "more rounds"), ((1.0,), "function itself")],
}


class TestAnswers(DiscreetHints):
    lecture, right, wrong = "16", RIGHT, WRONG
    leeway = {"16.1": (0.003, 0.012), "16.2": 0.002}
    secrets = ("1/4", "0.25", "1.09", "log 3", "sqrt", "cdist", "argmin")
