"""Checks of the exercises of lecture 01, Perceptrons.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

import math

import numpy as np

from course_utils.autodiff import slopes_by_nudging
from course_utils.checks import numbers, register

_CORNERS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def _append_one(x):
    return np.column_stack([x, np.ones(len(x))])


@register("1.1", hint="Compute the weighted sum for all four inputs: which of them is on the wrong side?")
def nand_gate(weights, threshold):
    """NAND at all four corners, with nothing on the border that should be +1."""
    weights, threshold = numbers(weights, (2,)), numbers(threshold, ())
    if weights is None or threshold is None:
        return "Give two weights, such as [1, 2], and one number as the threshold."
    answers = np.where(_CORNERS @ weights > threshold, 1, -1)
    if np.array_equal(answers, [-1, -1, -1, 1]):
        return "This is AND. How do you turn every answer round?"
    if np.any((_CORNERS @ weights == threshold) & (np.array([1, 1, 1, -1]) == 1)):
        return "One input that should give +1 lies on the border, and the border counts as -1."
    return np.array_equal(answers, [1, 1, 1, -1])


@register("1.2", hint="Solve 2 I0 - I1 = 1 for I1, then put one point into the rule to see its side.")
def border_and_side(slope_and_intercept, plus_side):
    """The line meets the threshold everywhere, and the named side is +1."""
    line = numbers(slope_and_intercept, (2,))
    if line is None:
        return "The border is a list of two numbers: [slope, intercept]."
    if not isinstance(plus_side, str) or plus_side.strip().lower() not in ("above", "below"):
        return 'The side is one of the words "above" and "below".'
    i0 = np.array([-1.0, 0.0, 2.0])
    i1 = line[0] * i0 + line[1]
    if np.allclose(2 * i0 + i1, 1.0) or np.allclose(-2 * i0 + i1, 1.0):
        return "Nearly: look at the signs again when you divide by the second weight, which is -1."
    if not np.allclose(2 * i0 - i1, 1.0):
        return False
    higher = 2 * i0 - (i1 + 1.0) > 1.0
    if (plus_side.strip().lower() == "above") != higher.all():
        return "The line is right. Put a point far above it into the rule: is the sum more than 1?"
    return True


@register("1.3", hint="Visit by visit: compute the sum with the weights you have, compare its sign with the target, then add or subtract.")
def three_visits(after_each_visit):
    """The rule itself, run on the three examples."""
    answer = numbers(after_each_visit, (3, 3))
    if answer is None:
        return "Give three lists of three numbers: two weights and the bias, after each visit."
    weights, expected = np.zeros(3), []
    for x, target in (((2, 1, 1), 1), ((1, 3, 1), -1), ((-1, 1, 1), 1)):
        if target * (weights @ x) <= 0:
            weights = weights + target * np.array(x)
        expected.append(weights)
    wrong = np.flatnonzero(~np.isclose(answer, expected).all(axis=1))
    if len(wrong) == 0:
        return True
    if wrong[0] == 0 and not answer[0].any():
        return "The first sum is 0. A sum of zero counts as a mistake, for both classes."
    if np.allclose(answer[:, :2], np.array(expected)[:, :2]):
        return "The weights are right; the bias gets the target added too, because its input is 1."
    return (
        f"Visit {wrong[0] + 1} is the first that differs. Has the sum the sign of the target? "
        "Only if not, add target times (input, 1)."
    )


@register("1.4", hint="They are separable, but the rule is done too soon. What makes the margin small?")
def hard_pair(two_points):
    """The rule, run on the two points, makes at least 100 mistakes and stops."""
    points = numbers(two_points, (2, 2))
    if points is None:
        return "Give two points with two coordinates each; the first has target +1."
    if np.abs(points).max() > 1:
        return "Keep all coordinates between -1 and 1: otherwise a large R makes it easy."
    if np.array_equal(points[0], points[1]):
        return "The two points are the same, so no line separates them and the rule never stops."
    x, targets, weights, mistakes = _append_one(points), (1, -1), np.zeros(3), 0
    for _ in range(100_000):
        before = mistakes
        for x_i, target in zip(x, targets, strict=True):
            if target * (weights @ x_i) <= 0:
                weights, mistakes = weights + target * x_i, mistakes + 1
        if mistakes >= 100:
            return True
        if mistakes == before:
            return f"The rule stops after {mistakes} mistakes. What would make the margin smaller?"
    return False


@register("1.5", hint="Sum up c times target times (point, 1): both components must come out as zero.")
def middle_point_certificate(certificate):
    """Equation (1.5) for the points 0, 1 and 3 with targets +1, -1, +1."""
    c = numbers(certificate, (3,))
    if c is None:
        return "Give three numbers, one for each point."
    if (c < 0).any():
        return "A certificate has no negative numbers: with them the argument breaks down."
    if not c.any():
        return "Not all of them may be zero: that would 'prove' anything."
    signed = np.array([[0, 1], [-1, -1], [3, 1]], dtype=float)
    left_over = c @ signed / c.sum()
    if np.allclose(left_over, 0, atol=1e-9):
        return True
    if abs(left_over[0]) < 1e-9:
        return "The points cancel, but the appended ones don't."
    if abs(left_over[1]) < 1e-9:
        return "The appended ones cancel, but the points don't."
    return False


@register("1.6", hint="Compare with finite differences of the loss for one weight: does the sign agree, and the size?")
def signed_log_loss_gradient(gradient):
    """Finite differences of the loss on random batches."""
    if not callable(gradient):
        return "Give the function itself: checks.check(\"1.6\", signed_gradient)."
    rng = np.random.default_rng(16)
    for n, d in ((1, 2), (7, 3), (20, 5)):
        x, targets, weights = rng.normal(size=(n, d)), rng.choice([-1, 1], size=n), rng.normal(size=d)

        def loss(w, x=x, targets=targets):
            return np.mean(np.log1p(np.exp(-targets * (x @ w))))

        expected = slopes_by_nudging(loss, weights)
        answer = gradient(weights.copy(), x.copy(), targets.copy())
        if answer is None or np.shape(answer) != (d,):
            return f"For {n} examples with {d} inputs the gradient must have the shape ({d},), got {np.shape(answer)}."
        answer = np.asarray(answer, dtype=float)
        if np.allclose(answer, -expected, atol=1e-6):
            return "Only the sign is wrong: the gradient points uphill."
        if n > 1 and np.allclose(answer, n * expected, atol=1e-5):
            return "This is the sum over the batch; the mean was asked for."
        if not np.allclose(answer, expected, atol=1e-6):
            return False
    return True


@register("1.7", hint="Compare the returned weights with all those the rule passed through: is none of them better?")
def pocket_keeps_the_best(pocket):
    """No weights that the rule passes through have fewer errors than those returned."""
    if not callable(pocket):
        return "Give the function itself: checks.check(\"1.7\", pocket)."
    rng = np.random.default_rng(17)
    for num_points in (12, 40, 60):
        targets = rng.choice([-1, 1], size=num_points)
        x = _append_one(rng.normal(size=(num_points, 2)) + 0.7 * targets[:, None])
        weights, errors = np.zeros(3), []
        for _ in range(5):
            for x_i, target in zip(x, targets, strict=True):
                if target * (weights @ x_i) <= 0:
                    weights = weights + target * x_i
                errors.append(int(np.sum(targets * (x @ weights) <= 0)))
        answer = numbers(pocket(x.copy(), targets.copy(), 5), (3,))
        if answer is None:
            return "It must return the weights: three numbers here, bias included."
        found = int(np.sum(targets * (x @ answer) <= 0))
        if found > min(errors):
            last = " These are the last weights, not the best." if np.allclose(answer, weights) else ""
            return f"The weights returned make {found} errors, but the rule once had weights with {min(errors)}.{last}"
    return True


@register("1.8", hint="The shares don't agree with Cover's formula for a line in the plane. Do the labels come from fair coins, for new points each time?")
def cover_count(share_separable):
    """Cover's formula for 2 inputs and a bias, within five standard deviations."""
    if not callable(share_separable):
        return "Give the function itself: checks.check(\"1.8\", share_separable)."
    trials = 250
    for num_points in (3, 4, 6, 8):
        share = numbers(share_separable(num_points, trials), ())
        if share is None or not 0 <= share <= 1:
            return "It must return one number between 0 and 1: the share of trials that were separable."
        exact = 2.0 ** (1 - num_points) * sum(math.comb(num_points - 1, k) for k in range(3))
        if abs(share - exact) > 5 * math.sqrt(exact * (1 - exact) / trials) + 1e-9:
            through_origin = 2.0 ** (1 - num_points) * sum(math.comb(num_points - 1, k) for k in range(2))
            if abs(share - through_origin) < 0.1:
                return "This is the share for lines through the origin. What gives the line its freedom to move?"
            return False
    return True
