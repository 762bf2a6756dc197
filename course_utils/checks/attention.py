"""Checks of the exercises of lecture 12, Attention.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

from itertools import product

import numpy as np
from scipy.special import softmax

from course_utils.checks import numbers, one_number, register, two_parts


@register("12.1", hint="Exponentials first, then divide each by their sum. The context is the sum of weight times note.")
def attended_by_hand(weights, context):
    """Logarithms of the weights differ as the scores do, they add up to 1, and the context is their sum with the notes."""
    scores, notes = np.log([1.0, 2.0, 5.0]), np.array([8.0, 4.0, 0.0])
    weights, context = numbers(weights, (3,)), one_number(context)
    if weights is None or context is None:
        return "Give three weights, in a list, and one number."
    if (weights <= 0).any():
        return "Weights of a softmax are above zero."
    if abs(weights.sum() - 1) > 0.01:
        return "The weights must add up to 1."
    if np.abs(np.diff(np.log(weights)) - np.diff(scores)).max() > 0.05:
        if np.abs(weights - scores / scores.sum()).max() < 0.01:
            return "These are the scores themselves, divided by their sum. The softmax takes exponentials first."
        return "The weights are in the wrong proportion: each is an exponential of its score."
    if abs(context - weights @ notes) < 0.03:
        return True
    if abs(context - notes[weights.argmax()]) < 0.01:
        return "The weights are right. Attention doesn't pick the best note, it mixes all of them."
    if abs(context - notes.mean()) < 0.01:
        return "The weights are right. This is the plain mean of the notes."
    return "The weights are right. Weigh each note with its own weight, and add up."


@register("12.2", hint="Put minus infinity where nothing is, subtract the row's largest score, then the softmax.")
def masked_attention(attend):
    """Each row is a softmax over the places that exist, and contexts are weighted sums."""
    if not callable(attend):
        return 'Give the function itself: checks.check("12.2", attend).'
    rng = np.random.default_rng(122)
    for n, S, d, size in ((3, 4, 2, 1.0), (1, 5, 3, 2.0), (4, 3, 1, 3000.0)):
        scores, values = size * rng.normal(size=(n, S)), rng.normal(size=(n, S, d))
        real = np.arange(S) < rng.integers(1, S, size=(n, 1))
        with np.errstate(all="ignore"):
            pair = two_parts(attend(scores.copy(), values.copy(), real.copy()))
        if pair is None:
            return "It must return two arrays: the weights and the contexts."
        if np.shape(pair[0]) != (n, S) or np.shape(pair[1]) != (n, d):
            return f"For scores {(n, S)} and values {(n, S, d)} the shapes must be {(n, S)} and {(n, d)}."
        weights, contexts = numbers(pair[0]), numbers(pair[1])
        if weights is None or contexts is None:
            return "With scores in the thousands it gives nan: subtract the largest score of each row first."
        if (weights[~real] != 0).any():
            if np.allclose(weights, softmax(scores, axis=-1)):
                return "Places that don't exist still get weight."
            if np.allclose(weights, softmax(np.where(real, scores, 0.0), axis=-1)):
                return "A score of zero isn't nothing: its exponential is 1. Use minus infinity."
            return "Places that don't exist must get exactly no weight."
        if not np.allclose(weights.sum(axis=1), 1, atol=1e-5):
            if np.allclose(weights, np.where(real, softmax(scores, axis=-1), 0), atol=1e-6):
                return "After the mask the weights no longer add up to 1: mask the scores, not the weights."
            return "Each row of weights must add up to 1."
        if not np.allclose(weights, softmax(np.where(real, scores, -np.inf), axis=-1), atol=1e-5):
            return False
        if not np.allclose(contexts, np.einsum("ns,nsd->nd", weights, values), atol=1e-4):
            if np.allclose(contexts, values.mean(axis=1)) or np.allclose(contexts, values.sum(axis=1)):
                return "The weights are right. The values must be weighed with them."
            return "The weights are right. The context is the sum over places of weight times value."
    return True


def _typing(one, other, swaps=True, again=False):
    """Fewest changes, by a search of its own: from the end of both words."""
    from functools import cache

    @cache
    def far(i, j):
        if not i or not j:
            return i + j
        ways = [far(i - 1, j) + 1, far(i, j - 1) + 1, far(i - 1, j - 1) + (one[i - 1] != other[j - 1])]
        if swaps and i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
            ways.append(far(i - 2, j - 2) + 1)
        return min(ways)

    return far(len(one), len(other))


@register("12.3", hint="Keep the whole table: a swap comes from two rows up and two columns left.")
def typed_distance(typing_distance):
    """Equal to a search of its own on all short words of two letters and on typos."""
    if not callable(typing_distance):
        return 'Give the function itself: checks.check("12.3", typing_distance).'
    short = ["".join(word) for length in range(4) for word in product("ab", repeat=length)]
    pairs = [*product(short, short), ("three", "thre"), ("seven", "sevne"), ("eight", "eihgt"), ("ca", "abc"), ("hundred", "hudnerd")]
    wrong = None
    answers = []
    for one, other in pairs:
        distance = one_number(typing_distance(one, other))
        if distance is None:
            return "It must return one number."
        answers.append(distance)
        if wrong is None and distance != _typing(one, other):
            wrong = one, other
    if wrong is None:
        return True
    if answers == [_typing(*pair, swaps=False) for pair in pairs]:
        return "This is the plain edit distance: a swap still costs 2."
    if all(a == b for a, b, (one, other) in zip(answers, [_typing(*pair) for pair in pairs], pairs, strict=True) if one and other):
        return "An empty word is as far away as the other word is long."
    if any(a < _typing(*pair) for a, pair in zip(answers, pairs, strict=True)):
        return f"Between {wrong[0]!r} and {wrong[1]!r} it finds fewer changes than are needed. Are the two letters really swapped?"
    return f"Between {wrong[0]!r} and {wrong[1]!r} there is a shorter way."


@register("12.4", hint="Write the best row's weight with (12.3), divide above and below by its exponential, and solve for β.")
def sharp_enough(needed_sharpness):
    """At this sharpness the best row gets the share, and a little below it doesn't."""
    if not callable(needed_sharpness):
        return 'Give the function itself: checks.check("12.4", needed_sharpness).'
    for gap, rows, share in ((0.5, 10, 0.9), (0.1, 1000, 0.5), (2.0, 2, 0.99), (1.0, 50, 0.7)):
        beta = one_number(needed_sharpness(gap, rows, share))
        if beta is None:
            return "It must return one number."

        def weight(beta, others):
            return 1 / (1 + others * np.exp(-beta * gap))  # noqa: B023

        if abs(weight(beta, rows - 1) - share) < 1e-6:
            continue
        if abs(weight(beta, rows) - share) < 1e-6:
            return "There are n − 1 other rows, not n."
        if abs(weight(beta / gap, rows - 1) - share) < 1e-6 or abs(weight(beta / gap**2, rows - 1) - share) < 1e-6:
            return "A small gap needs a large sharpness: divide by the gap."
        if abs(weight(-beta, rows - 1) - share) < 1e-6:
            return "The sign is wrong: a negative sharpness looks at everything but the best."
        if abs(weight(beta * np.log(10), rows - 1) - share) < 1e-6:
            return "Right with the logarithm to base 10. The exponential in the softmax needs the natural one."
        return f"With your β the best of {rows} rows gets {weight(beta, rows - 1):.3f} of the weight, it should get {share}."
    return True


@register("12.5", hint="Exponentials of all three, then move the centres, then add up the bells.")
def slid_window(slide):
    """Equations (12.7) and (12.8), for several windows."""
    if not callable(slide):
        return 'Give the function itself: checks.check("12.5", slide).'
    rng = np.random.default_rng(125)
    for K, U in ((1, 4), (3, 7), (5, 5)):
        raw, kappa = 0.7 * rng.normal(size=3 * K), 3 * rng.random(K)
        pair = two_parts(slide(raw.copy(), kappa.copy(), U))
        if pair is None:
            return "It must return two arrays: the weights on the letters and the new centres."
        phi, new = numbers(pair[0], (U,)), numbers(pair[1], (K,))
        if phi is None or new is None:
            return f"For {K} bells and {U} letters the shapes must be {(U,)} and {(K,)}."
        alpha, beta, move = np.split(raw, 3)
        if not np.allclose(new, kappa + np.exp(move)):
            if np.allclose(new, kappa + move):
                return "Without the exponential the bells can go back."
            if np.allclose(new, np.exp(move)):
                return "The centres move on from where they were."
            if np.allclose(new, kappa):
                return "The centres have not moved."
            return "Check the new centres: old ones plus the exponential of the last third."

        def bells(alpha, beta, centres):
            return (alpha[:, None] * np.exp(-beta[:, None] * (centres[:, None] - np.arange(U)) ** 2)).sum(axis=0)  # noqa: B023

        right = bells(np.exp(alpha), np.exp(beta), new)
        if np.allclose(phi, right):
            continue
        if np.allclose(phi, right / right.sum()):
            return "Graves' window isn't divided by its sum: it may look at nothing."
        if np.allclose(phi, bells(np.exp(alpha), np.exp(beta), kappa)):
            return "The bells stand at the old centres: move first."
        if np.allclose(phi, bells(np.exp(beta), np.exp(alpha), new)):
            return "Heights and widths have changed places: the first third is α."
        if np.allclose(phi, bells(alpha, beta, new)):
            return "Height and narrowness are exponentials too."
        return "The centres are right. Check the bells: height times exp of minus narrowness times squared distance, summed over bells."
    return True


@register("12.6", hint="One step: p times the weights rolled by one, plus (1 − p) times the weights; then the power; then divide by the sum.")
def moved_head(head_after):
    """Equal to the binomial distribution without sharpening, and to a loop with it."""
    if not callable(head_after):
        return 'Give the function itself: checks.check("12.6", head_after).'

    def walk(steps, rows, p, gamma, last_only=False, turn=1):
        weights = np.zeros(rows)
        weights[0] = 1
        for step in range(steps):
            weights = np.array([p * weights[(i - turn) % rows] + (1 - p) * weights[i] for i in range(rows)])
            if not last_only or step == steps - 1:
                weights = weights**gamma / (weights**gamma).sum()
        return weights

    for case in ((0, 5, 0.9, 2.0), (1, 6, 0.9, 1.0), (5, 8, 0.7, 1.0), (5, 8, 0.7, 2.0), (9, 7, 0.8, 1.5)):
        weights = numbers(head_after(*case), (case[1],))
        if weights is None:
            return f"It must return one weight per row: an array of shape ({case[1]},)."
        right = walk(*case)
        if np.allclose(weights, right, atol=1e-6):
            continue
        if case[0] == 0:
            return "After no step the head stands exactly on row 0."
        if abs(weights.sum() - 1) > 1e-6:
            return "The weights must add up to 1 after every step."
        if np.allclose(weights, walk(*case, turn=-1), atol=1e-6):
            return "The head moves backwards: row 1 should get weight first."
        if np.allclose(weights, walk(case[0], case[1], 1 - case[2], case[3]), atol=1e-6):
            return "p is the chance to move on, 1 − p to stay."
        if np.allclose(weights, walk(*case, last_only=True), atol=1e-6):
            return "Sharpen in every step, not only at the end."
        if case[3] != 1 and np.allclose(weights, walk(*case[:3], 1.0), atol=1e-6):
            return "Without sharpening it's right. The power γ is missing."
        return False
    return True
