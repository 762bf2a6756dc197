"""Checks of the exercises of lecture 16, Generative adversarial networks.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

import numpy as np
from scipy.spatial.distance import cdist

from course_utils.checks import numbers, one_number, register


@register("16.1", hint="Put q = 3p into equation (16.2): p cancels. The logit is the place where σ has that value.")
def judged_by_hand(verdict, logit):
    """The verdict has slope zero in p log d + q log(1 - d), and σ of the logit is the verdict."""
    verdict, logit = one_number(verdict), one_number(logit)
    if verdict is None or logit is None:
        return "Give two numbers: the probability and the logit."
    if not 0 < verdict < 1:
        return "The first number is a probability: between 0 and 1."
    if abs(1 / verdict - 3 / (1 - verdict)) > 0.02:
        if abs(3 / verdict - 1 / (1 - verdict)) < 0.02:
            return "The judge says how likely an example is real. This is how likely it is forged."
        if abs(verdict - 1 / 3) < 0.01:
            return "This is p/q. The best judge divides by both together."
        return False
    implied = 1 / (1 + np.exp(-logit))
    if abs(implied - verdict) < 0.003:
        return True
    if abs(1 / (1 + np.exp(logit)) - verdict) < 0.003:
        return "The verdict is right, and the logit has the wrong sign: below one half it is negative."
    if abs(np.exp(logit) - verdict) < 0.003:
        return "The verdict is right. The logarithm of D is not the logit: σ of your number isn't D."
    return "The verdict is right. Check the logit: put it into σ."


@register("16.2", hint="Add up p log(p/(p+q)) and q log(q/(p+q)) over the faces; try two equal lists, what must come out?")
def score_of_lists(best_score):
    """No judge scores higher, the best one scores exactly this; zeros count nothing."""
    if not callable(best_score):
        return 'Give the function itself: checks.check("16.2", best_score).'
    rng = np.random.default_rng(162)
    for case in range(4):
        p, q = rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(6))
        if case == 3:
            p, q = np.array([0.5, 0.5, 0, 0]), np.array([0, 0.25, 0.75, 0])
        with np.errstate(all="ignore"):
            raw = best_score(p.copy(), q.copy())
        answer = one_number(raw)
        if answer is None:
            try:
                broken = np.isnan(float(raw))
            except (TypeError, ValueError):
                broken = False
            return "A face with probability 0 gives nan: leave such terms out." if broken else "It must return one number."
        verdict = np.divide(p, p + q, out=np.full(p.shape, 0.5), where=p + q > 0)
        score = float(sum(r[r > 0] @ np.log(d[r > 0]) for r, d in ((p, verdict), (q, 1 - verdict))))
        if abs(answer - score) < 1e-3:
            continue
        if abs(answer + score) < 1e-6:
            return "The sign is wrong: logarithms of probabilities are negative."
        if abs(answer * np.log(2) - score) < 1e-6:
            return "Right with the base 2. The lecture's log is the natural one."
        if abs(answer - (score + np.log(4))) < 1e-6 or abs(answer - (score + np.log(4)) / 2) < 1e-6:
            return "This is a divergence, zero for equal lists. The score of two equal lists is −log 4."
        if abs(answer - p[p > 0] @ np.log(verdict[p > 0])) < 1e-6:
            return "The forged half is missing."
        return False
    return True


@register("16.3", hint="Draw two centres and three points; which centre is nearest to each, and is it near enough?")
def modes_counted(count_modes):
    """Counted one by one, for several rings; a point counts once."""
    if not callable(count_modes):
        return 'Give the function itself: checks.check("16.3", count_modes).'
    rng = np.random.default_rng(163)
    pairs, rights = [], []
    for _ in range(12):
        k = int(rng.integers(3, 12))
        centres = rng.normal(size=(k, 2))
        points = centres[rng.integers(k, size=60)] + rng.normal(scale=0.4, size=(60, 2))
        reach, least = 0.5, int(rng.integers(3, 9))
        distances = cdist(points, centres)
        near = distances < reach
        votes = [int((near[:, j] & (distances.argmin(axis=1) == j)).sum()) for j in range(k)]
        answer = one_number(count_modes(points.copy(), centres.copy(), reach, least))
        if answer is None:
            return "It must return one number: how many centres."
        pairs.append((answer, int((near.sum(axis=0) >= least).sum()), sum(v > least for v in votes),
                      int((np.bincount(distances.argmin(axis=1), minlength=k) >= least).sum()), sum(v > 0 for v in votes)))
        rights.append(sum(v >= least for v in votes))
    answers, twice, strict, far, any_point = (list(column) for column in zip(*pairs, strict=True))
    if answers == rights:
        return True
    if answers == twice:
        return "A point between two centres counts twice: let it vote for the nearest one only."
    if answers == strict:
        return "At least so many: a centre with exactly that number counts."
    if answers == far:
        return "Points beyond the reach of all centres count too: leave them out."
    if answers == any_point:
        return "You count centres with any point at all: compare the votes with the smallest number."
    return False


@register("16.4", hint="Compare your slopes with small nudges of each loss; each player descends its own loss.")
def step_of_both(small_step):
    """Moves against the slopes measured by small nudges, both taken at the old place."""
    if not callable(small_step):
        return 'Give the function itself: checks.check("16.4", small_step).'
    rng = np.random.default_rng(164)

    def softplus(f):
        return np.logaddexp(0.0, f)

    found, wanted, in_turn, no_penalty, bilinear, up, full = [], [], [], [], [], [], []
    h = 1e-6
    for _ in range(5):
        theta, psi, rate, penalty = *rng.normal(size=2), rng.uniform(0.1, 0.5), rng.uniform(0.2, 1)
        answer = numbers(small_step(float(theta), float(psi), float(rate), float(penalty)), (2,))
        if answer is None:
            return "It must return two numbers: the new theta and the new psi."
        push = (softplus(-psi * (theta + h)) - softplus(-psi * (theta - h))) / (2 * h)

        def pull(place, weight, psi=psi):
            loss = [softplus(p * place) + weight / 2 * p**2 for p in (psi + h, psi - h)]
            return (loss[0] - loss[1]) / (2 * h)

        new = theta - rate * push
        found.append(answer)
        wanted.append((new, psi - rate * pull(theta, penalty)))
        in_turn.append((new, psi - rate * pull(new, penalty)))
        no_penalty.append((new, psi - rate * pull(theta, 0)))
        bilinear.append((theta + rate * psi, psi - rate * (theta + penalty * psi)))
        up.append((theta + rate * push, psi + rate * pull(theta, penalty)))
        full.append((new, psi - rate * (pull(theta, 0) + penalty / 2 * psi)))
    hints = (
        (in_turn, "The judge already sees the new theta: take both slopes at the old place."),
        (no_penalty, "The penalty is missing in the judge's slope."),
        (bilinear, "This is (16.4) with the Wasserstein loss: where is the slope of softplus?"),
        (up, "Both players climb: they minimise their losses."),
        (full, "The slope of half the penalty times psi squared has no half."),
    )
    if np.allclose(found, wanted, atol=1e-6):
        return True
    for pattern, hint in hints:
        if np.allclose(found, pattern, atol=1e-6):
            return hint
    return False


@register("16.5", hint="Put diagonal matrices into (16.5): what is left of the trace for one coordinate?")
def frechet_of_diagonals(frechet_diagonal):
    """Equals the formula with matrices; zero only for equal clouds."""
    if not callable(frechet_diagonal):
        return 'Give the function itself: checks.check("16.5", frechet_diagonal).'
    rng = np.random.default_rng(165)
    found, wanted, spread, squared, rooted, centres = [], [], [], [], [], []
    for d in (1, 3, 8):
        m, n = rng.normal(size=(2, d))
        v, w = rng.uniform(0.2, 4, size=(2, d))
        answer = one_number(frechet_diagonal(m.copy(), v.copy(), n.copy(), w.copy()))
        if answer is None:
            return "It must return one number."
        product = np.diag(v) @ np.diag(w)
        trace = np.trace(np.diag(v) + np.diag(w) - 2 * np.sqrt(product))
        apart = float((m - n) @ (m - n))
        found.append(answer)
        wanted.append(apart + trace)
        spread.append(trace)
        squared.append(apart + ((v - w) ** 2).sum())
        rooted.append(np.sqrt(apart + trace))
        centres.append(apart)
    if np.allclose(found, wanted):
        return True
    if np.allclose(found, squared):
        return "You compare variances. Which root is left in the trace?"
    if np.allclose(found, rooted):
        return "This is the distance itself; (16.5) gives its square."
    if np.allclose(found, spread):
        return "The means are missing."
    if np.allclose(found, centres):
        return "Only the means are compared: two clouds of different width must differ."
    return False


@register("16.6", hint="First the line: how near does the nearest of the unseen ones come? Then the share of made ones below it.")
def share_copied(copied):
    """A copier has 1, fresh points have few, and the line comes from unseen points."""
    if not callable(copied):
        return 'Give the function itself: checks.check("16.6", copied).'
    rng = np.random.default_rng(166)
    found, wanted, percent, mean_line, turned = [], [], [], [], []
    for noise in (1e-3, 0.2, 0.5, 3.0):
        known, unseen = rng.normal(size=(40, 3)), rng.normal(size=(12, 3))
        made = known[rng.integers(40, size=30)] + noise * rng.normal(size=(30, 3))
        answer = one_number(copied(made.copy(), known.copy(), unseen.copy()))
        if answer is None:
            return "It must return one number: a share."
        own, other = cdist(made, known).min(axis=1), cdist(unseen, known).min(axis=1)
        found.append(answer)
        wanted.append(np.mean(own < other.min()))
        percent.append(np.sum(own < other.min()))
        mean_line.append((np.mean(own < other.mean()), np.mean(own < np.median(other)), np.mean(own < other.max())))
        turned.append(np.mean(own >= other.min()))
    if np.allclose(found, wanted):
        return True
    if np.allclose(found, percent):
        return "This is a count: a share is the count divided by all."
    if np.allclose(found, turned):
        return "This is the share that does not copy: nearer than the line is copied."
    if any(np.allclose(found, column) for column in zip(*mean_line, strict=True)):
        return "Nearer than any unseen one: compare with the smallest of their distances."
    return False


@register("16.7", hint="Multiply a vector by W, then by W transposed, rescale, repeat; divide W by how much it stretches that vector.")
def lock_of_two_layers(locked):
    """Each matrix stretches its strongest direction by 1, and keeps its direction."""
    if not callable(locked):
        return 'Give the function itself: checks.check("16.7", locked).'
    rng = np.random.default_rng(167)
    for d, h in ((5, 12), (20, 8), (3, 3)):
        pair = [rng.normal(size=(d, h)), rng.normal(size=(h, 1))]
        answer = locked(*(W.copy() for W in pair))
        if not isinstance(answer, tuple | list) or len(answer) != 2:
            return "It must return two matrices."
        for W, lock in zip(pair, answer, strict=True):
            lock = numbers(lock, W.shape)
            if lock is None:
                return f"Each matrix keeps its shape: {W.shape}."
            scale = (lock * W).sum() / (W * W).sum()
            if not np.allclose(lock, scale * W):
                return "Each matrix is divided by one number; yours changes its direction."
            if scale < 0:
                return "The sign turned round: a largest singular value is positive."
            stretch = np.linalg.norm(lock, 2)
            if abs(stretch - 1) < 0.02:
                continue
            if abs(np.linalg.norm(lock) - 1) < 1e-6:
                return "You divide by the root of the sum of squares, which is larger than the largest singular value."
            if abs(stretch * np.linalg.norm(W, 2) - 1) < 0.02:
                return "You divide by its square: the eigenvalue of WᵀW is the singular value squared."
            if abs(scale - 1) < 1e-9:
                return "Nothing is divided yet."
            if stretch > 1:
                return "It still stretches some direction by more than 1: more rounds, or another start?"
            return False
    return True
