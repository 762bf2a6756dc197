"""Checks of the exercises of lecture 13, Transformers.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

import numpy as np
from scipy.special import softmax

from course_utils.checks import numbers, one_number, register, two_parts


@register("13.1", hint="Divide the products by the root of d, then exponentials, then divide each by their sum.")
def one_head_by_hand(weights, mixture):
    """Logarithms of the weights differ as the divided products do, and the mixture is their sum with the values."""
    products, values = 2 * np.log([1.0, 3.0, 4.0]), np.array([16.0, 8.0, 0.0])
    weights, mixture = numbers(weights, (3,)), one_number(mixture)
    if weights is None or mixture is None:
        return "Give three weights, in a list, and one number."
    if (weights <= 0).any():
        return "Weights of a softmax are above zero."
    if abs(weights.sum() - 1) > 0.01:
        return "The weights must add up to 1."
    logs = np.diff(np.log(weights))
    if np.abs(logs - np.diff(products) / 2).max() > 0.05:
        if np.abs(logs - np.diff(products)).max() < 0.05:
            return "You left out the division by the root of d."
        if np.abs(logs - np.diff(products) / 4).max() < 0.05:
            return "You divided by d. It's the root of d."
        return "The weights are in the wrong proportion: each is an exponential of its divided product."
    if abs(mixture - weights @ values) < 0.05:
        return True
    if abs(mixture - values[weights.argmax()]) < 0.01:
        return "The weights are right. Attention doesn't pick one value, it mixes all of them."
    if abs(mixture - values.mean()) < 0.01:
        return "The weights are right. This is the plain mean of the values."
    return "The weights are right. Weigh each value with its own weight, and add up."


@register("13.2", hint="Divide by the root of d, minus infinity where a later place would be seen, then the softmax of each row.")
def no_look_ahead(attend):
    """Each row is a softmax over the places up to its own, and the mixtures are weighted sums."""
    if not callable(attend):
        return 'Give the function itself: checks.check("13.2", causal_attention).'
    rng = np.random.default_rng(132)
    for T, d, m, size in ((4, 9, 3, 1.0), (6, 2, 5, 2.0), (3, 4, 1, 60.0)):
        Q, K, V = size * rng.normal(size=(T, d)), size * rng.normal(size=(T, d)), rng.normal(size=(T, m))
        with np.errstate(all="ignore"):
            pair = two_parts(attend(Q.copy(), K.copy(), V.copy()))
        if pair is None:
            return "It must return two arrays: the mixtures and the weights."
        if np.shape(pair[0]) != (T, m) or np.shape(pair[1]) != (T, T):
            if np.shape(pair[1]) == (T, m) and np.shape(pair[0]) == (T, T):
                return "The mixtures come first, the weights second."
            return f"For {T} places and values of {m} numbers the shapes must be {(T, m)} and {(T, T)}."
        mixtures, weights = numbers(pair[0]), numbers(pair[1])
        if mixtures is None or weights is None:
            return "With products in the thousands it gives nan: subtract the largest score of each row first."
        seen, scores = np.tri(T) > 0, Q @ K.T / np.sqrt(d)
        right = softmax(np.where(seen, scores, -np.inf), axis=-1)
        if np.abs(weights[~seen]).max() > 1e-6:
            if np.allclose(weights, softmax(np.where(seen.T, scores, -np.inf), axis=-1), atol=1e-6):
                return "The mask is the wrong way round: each place sees only what comes after it."
            if np.allclose(weights, softmax(np.where(seen, scores, 0.0), axis=-1), atol=1e-6):
                return "A score of zero isn't nothing: its exponential is 1. Use minus infinity."
            return "Later places still get weight."
        if not np.allclose(weights.sum(axis=1), 1, atol=1e-5):
            if np.allclose(weights, np.where(seen, softmax(scores, axis=-1), 0), atol=1e-6):
                return "After the mask the weights no longer add up to 1: mask the scores, not the weights."
            return "Each row of weights must add up to 1."
        if not np.allclose(weights, right, atol=1e-5):
            if np.allclose(weights, softmax(np.where(seen, Q @ K.T, -np.inf), axis=-1), atol=1e-5):
                return "The division by the root of d is missing."
            if np.allclose(np.diag(weights), 0):
                return "A place may see itself too."
            return False
        if not np.allclose(mixtures, right @ V, atol=1e-4):
            return "The weights are right. The mixtures are the weights times the values."
    return True


@register("13.3", hint="Each pair (2i, 2i + 1) is a point in a plane; turn it by t times its own angle.")
def turned_by_position(turned):
    """Lengths of pairs stay, the first place stays, and products depend on the distance only, as the angles say."""
    if not callable(turned):
        return 'Give the function itself: checks.check("13.3", turned).'
    rng = np.random.default_rng(133)
    for T, d in ((5, 2), (7, 8), (40, 6)):
        x = rng.normal(size=(T, d))
        out = numbers(turned(x.copy()), (T, d))
        if out is None:
            return f"For x of shape {(T, d)} it must return an array of that shape."
        if np.allclose(out, x):
            return "Nothing has turned."
        if not np.allclose(out[0], x[0], atol=1e-6):
            return "Position 0 must stay as it is: count from 0, and turn, don't add."
        halves = np.hypot(x[:, : d // 2], x[:, d // 2 :])
        if d > 2 and np.allclose(np.hypot(out[:, : d // 2], out[:, d // 2 :]), halves, atol=1e-6):
            return "These are pairs of entry i with entry i + d/2. Turn neighbours: 2i and 2i + 1."
        if not np.allclose(np.hypot(out[:, 0::2], out[:, 1::2]), np.hypot(x[:, 0::2], x[:, 1::2]), atol=1e-6):
            return "A rotation keeps the length of each pair; yours doesn't."
        q, k = np.tile(rng.normal(size=d), (T, 1)), np.tile(rng.normal(size=d), (T, 1))
        products = numbers(turned(q.copy())) @ numbers(turned(k.copy())).T
        if not all(np.ptp(np.diag(products, lag)) < 1e-6 for lag in range(-2, 3)):
            return "The same query and key, moved along together, must keep their product: turn by t times a fixed angle."
        before, after = (part[1, 0::2] + 1j * part[1, 1::2] for part in (x, out))
        angles, wanted = np.angle(after / before), 10000.0 ** (-np.arange(0, d, 2) / d)
        if np.allclose(angles, wanted, atol=1e-6):
            continue
        if np.allclose(angles, -wanted, atol=1e-6):
            return "It turns the wrong way round: the first entry of a pair towards the second."
        if np.allclose(angles, wanted[0], atol=1e-6):
            return "All pairs turn by the same angle. Each has its own."
        if np.allclose(angles, 10000.0 ** (-np.arange(d // 2) / d), atol=1e-6):
            return "The angles fall too slowly: 2i stands in the exponent, not i."
        return "The pairs turn, but not by these angles."
    return True


@register("13.4", hint="Sort from the likeliest down and add up: who is needed to reach the share?")
def kept_by_the_nucleus(nucleus):
    """The kept symbols reach the share, are the likeliest, and none of them can be spared."""
    if not callable(nucleus):
        return 'Give the function itself: checks.check("13.4", nucleus).'
    rng = np.random.default_rng(134)
    cases = [(np.array([0.1, 0.2, 0.7]), 0.3), (np.array([0.3, 0.05, 0.5, 0.15]), 0.6), (np.array([0.05, 0.9, 0.05]), 0.95)]
    cases += [(rng.dirichlet(np.full(9, 0.5)), share) for share in (0.2, 0.5, 0.9)]
    for p, share in cases:
        kept = nucleus(p.copy(), share)
        if np.shape(kept) != p.shape or numbers(kept) is None:
            return f"For {len(p)} probabilities it must return {len(p)} booleans."
        if np.asarray(kept).dtype != bool and not np.isin(numbers(kept), (0, 1)).all():
            if np.isclose(np.sum(kept), 1):
                return "Say which symbols are kept, as booleans, not their new probabilities."
            return "It must return booleans: kept or not."
        kept = np.asarray(kept).astype(bool)
        if not kept.any():
            return "Nothing is kept where the likeliest symbol alone has more than the share. One always stays."
        if kept.sum() < len(p) and p[kept].min() < p[~kept].max() - 1e-12:
            if np.isclose(p[: kept.sum()].sum(), p[kept].sum()):
                return "The likeliest symbols come first: sort before you add up, and sort back."
            return "A symbol is kept while a likelier one is not."
        if p[kept].sum() < share - 1e-9:
            return "The kept symbols don't reach the share: the one that passes it belongs to them."
        if kept.sum() > 1 and p[kept].sum() - p[kept].min() >= share + 1e-9:
            return "One symbol too many: without the last one the share is still reached."
    return True


@register("13.5", hint="Each layer keeps for each place one key and one value, each as long as the width.")
def size_of_a_cache(gigabytes):
    """Equal to the bytes of an array that holds the cache, and proportional to each of its sizes."""
    if not callable(gigabytes):
        return 'Give the function itself: checks.check("13.5", cache_gigabytes).'
    for case in ((96, 12_288, 2048, 1), (12, 768, 1024, 8), (2, 64, 10_000, 3)):
        layers, width, places, texts = case
        found = one_number(gigabytes(*case))
        if found is None:
            return "It must return one number."
        wanted = sum(np.broadcast_to(np.float16(0), (texts, places, width)).size * 2 for _ in range(layers)) * 2 / 1e9
        factor = found / wanted
        if abs(factor - 1) < 1e-6:
            continue
        if abs(factor - 1e9) < 1e3:
            return "That's in bytes. A gigabyte has 10⁹."
        if abs(factor - 1e9 / 2**30) < 1e-4:
            return "You divided by 2³⁰. Take 10⁹ bytes."
        if abs(factor - 0.5) < 1e-6:
            return "Half of it. Keys and values are both kept, and each number has 2 bytes."
        if abs(factor - 0.25) < 1e-6:
            return "A quarter of it. Keys and values are both kept, and each number has 2 bytes."
        if abs(factor - 2) < 1e-6:
            return "Twice too much: a number has 2 bytes, and queries are not kept."
        if abs(factor - 1.5) < 1e-6:
            return "Queries are not kept: an old place never asks again."
        if texts > 1 and abs(factor * texts - 1) < 1e-6:
            return "Each text needs a cache of its own."
        if abs(factor / places - 1) < 1e-6:
            return "The attention weights are not kept: the cache grows with the places, not with their square."
        return False
    return True


@register("13.6", hint="Blocks, three tables with one norm, and a pooler: width times width, and a bias.")
def parameters_of_bert(num_bert):
    """Equal to the sum over the shapes of all arrays that it consists of."""
    if not callable(num_bert):
        return 'Give the function itself: checks.check("13.6", num_bert).'

    def parts(layers, width, symbols):
        block = 4 * (width * width + width) + 2 * 4 * width * width + 5 * width + 4 * width
        return {
            "blocks": layers * block, "symbols": symbols * width, "positions": 512 * width, "segments": 2 * width,
            "norm": 2 * width, "pooler": width * width, "pooler's bias": width,
        }  # fmt: skip

    for case in ((12, 768, 30_522), (24, 1024, 30_522), (2, 128, 3000)):
        found = one_number(num_bert(*case))
        if found is None:
            return "It must return one number."
        there = parts(*case)
        missing = sum(there.values()) - found
        if missing == 0:
            continue
        width = case[1]
        if missing == there["pooler"] + there["pooler's bias"]:
            return "The pooler is missing."
        if missing == -2 * width:
            return "One norm too many: there is none at the end, or you counted the one after the tables twice."
        for name in ("segments", "positions", "symbols", "pooler's bias", "blocks"):
            if missing == there[name]:
                if name == "segments":  # the norm is as large
                    return "2 times the width are missing: the table of segments, or the norm after the tables."
                return f"Not counted: {name}."
        if missing == there["blocks"] - 12 * case[0] * width**2:
            return "In the blocks the biases and norms are missing: 13 times the width for each."
        return f"For {case[0]} layers of width {width} it is off by {abs(missing):,.0f}. Go through the list in the text."
    return True


@register("13.7", hint="Take the floor off, fit a straight line to logarithms, go to the new place, put the floor on again.")
def power_law_with_a_floor(extrapolate):
    """Right on exact power laws, and a least-squares line in the logarithms on others."""
    if not callable(extrapolate):
        return 'Give the function itself: checks.check("13.7", extrapolate).'
    rng = np.random.default_rng(137)
    x = np.array([1e3, 1e4, 1e5, 1e6])
    for floor, height, fall, noise in ((0.0, 9.0, 0.1, 0.0), (1.2, 20.0, 0.25, 0.0), (0.5, 12.0, 0.2, 0.1)):
        losses = floor + height * x**-fall * np.exp(noise * rng.normal(size=4))
        pair = two_parts(extrapolate(x.copy(), losses.copy(), floor, 1e8))
        pair = None if pair is None else tuple(map(one_number, pair))
        if pair is None or None in pair:
            return "It must return two numbers: the loss at the new place, and the exponent."
        loss, exponent = pair
        slope, cut = np.linalg.lstsq(np.stack([np.log(x), np.ones(4)], 1), np.log(losses - floor), rcond=None)[0]
        wanted = floor + np.exp(cut) * 1e8**slope
        if abs(exponent + slope) > 1e-4:
            if abs(exponent - slope) < 1e-4:
                return "The exponent is positive when the loss falls: the slope with its sign turned."
            plain = np.polyfit(np.log(x), np.log(losses), 1)[0]
            if floor and abs(exponent + plain) < 1e-4:
                return "Take the floor off before you take logarithms."
            if abs(exponent + np.polyfit(np.log(x), losses - floor, 1)[0]) < 1e-4:
                return "Logarithms on both axes, not on one."
            return "The exponent isn't that of the straight line through the logarithms."
        if abs(loss - wanted) > 1e-4:
            if floor and abs(loss - (wanted - floor)) < 1e-4:
                return "The exponent is right. Put the floor on again at the end."
            if abs(loss - (np.log(wanted - floor) + floor)) < 1e-4 or abs(loss - np.log(wanted - floor)) < 1e-4:
                return "The exponent is right. The line gives a logarithm: take the exponential."
            return "The exponent is right. The loss at the new place isn't that of the fitted law."
    return True
