"""The self-checks of lecture 14: other right answers pass, typical wrong ones get the hint that fits."""

from functools import partial

import numpy as np
from scipy.special import log_softmax

from tests.exercise_answers import DiscreetHints


def covered(begins, ordinary, share, rng):  # another form: word by word
    chosen = np.zeros(begins.shape, bool)
    for row in range(len(begins)):
        take = False
        for place in range(begins.shape[1]):
            if begins[row, place]:
                take = rng.random() < share
            chosen[row, place] = take and ordinary[row, place]
    return chosen


def covered_pieces(begins, ordinary, share, rng):
    return (rng.random(begins.shape) < share) & ordinary


def covered_specials(begins, ordinary, share, rng):
    return covered(begins, np.ones_like(ordinary), share, rng)


def covered_alike(begins, ordinary, share, rng):
    drawn = rng.random(begins.shape[1] + 1) < share
    return drawn[np.cumsum(begins, axis=1)] & ordinary


def covered_numbers(begins, ordinary, share, rng):
    return covered(begins, ordinary, share, rng).astype(int)


def covered_rarely(begins, ordinary, share, rng):
    return covered(begins, ordinary, share / 4, rng)


def covered_exactly(begins, ordinary, share, rng, deviations):  # so many of all words
    words = np.cumsum(begins, axis=1) + begins.shape[1] * np.arange(len(begins))[:, None]
    names = rng.permutation(words[begins & ordinary])
    number = len(names) * share + deviations * np.sqrt(len(names) * share * (1 - share))
    return np.isin(words, names[: max(0, round(number))]) & ordinary


def nats(logits, answers):
    return -np.take_along_axis(log_softmax(logits, axis=2), answers[..., None], axis=2)[..., 0]


def loss(logits, answers, counts):  # another form
    return np.average(nats(logits, answers), weights=counts)


def overflowing(logits, answers, counts):
    chances = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    right = np.take_along_axis(chances, answers[..., None], axis=2)[..., 0]
    return -(np.log(right) * counts).sum() / counts.sum()


def weights(layers, width, inner, vocabulary, positions):  # another form: from the course's own count
    from course_utils.networks import transformers

    return transformers.parameters(transformers.Config(vocabulary, positions, width, layers, 1, inner))


def four_times(layers, width, inner, vocabulary, positions):
    return (vocabulary + positions + 4) * width + layers * (12 * width**2 + 13 * width) + width**2 + width


def factor(counts, one, other, level):  # another form: in powers of two
    a, b = (np.interp(level, curve, np.log2(counts)) for curve in (one, other))
    return 2 ** (b - a)


def straight(counts, one, other, level):
    a, b = (np.interp(level, curve, counts) for curve in (one, other))
    return b / a


class TestExercises(DiscreetHints):
    lecture = "14"
    leeway = {"14.3": (4e-4, 0.0033, 6e-5)}
    secrets = ("##ize", "173", "##normal")
    right = {
        "14.1": [(("re", "##normal", "##ize", "##d"),)],
        "14.2": [(["s", "##u"], ["##e", "##s"])],
        "14.3": [(24.0, 3.0, 173.0), (np.float64(24), 3, 173)],
        "14.4": [(covered,), *((partial(covered_exactly, deviations=k),) for k in (-4.6, 4.6))],
        "14.5": [(loss,)],
        "14.6": [(weights,), (lambda *sizes: float(weights(*sizes)),)],
        "14.7": [(factor,)],
    }
    wrong = {
        "14.1": [
            ((["re", "##normal", "ize", "##d"],), "carries ##"),
            ((["r", "##e", "##normal", "##ize", "##d"],), "longer piece fits at the beginning"),
            ((["re", "##no", "##rm", "##al", "##ize", "##d"],), "isn't in the list"),
            ((["re", "##normal", "##iz", "##ed"],), "After 'renormal'"),
            ((["re", "##norm", "##al", "##iz", "##ed"],), "a longer piece fits"),
            ((["re", "normal", "ize", "d"],), "carries ##"),
            ((["re", "##normal", "##ized"],), "isn't in the list"),
            ((["re", "##normal", "##ize"],), "must spell the word"),
            (("re ##normal",), "a list of texts"),
        ],
        "14.2": [
            ((("m", "##a"), ("##e", "##s")), "stands together more often"),
            ((("s", "##u"), ("s", "##u")), "another one wins"),
            ((("s", "##u"), ("##u", "##m")), "divide by"),
            ((("s", "u"), ("e", "s")), "carries ##"),
            (("su", "es"), "a pair of two texts"),
            ((("s", "##u"), ("s", "##x")), "stands nowhere"),
        ],
        "14.3": [
            ((160, 20, 20), "not of all"),
            ((30, 3, 170), "Not all of the chosen"),
            ((24, 3, 3), "weren't chosen"),
            ((24, 3, 170), "they show the truth too"),
            ((24, 20, 156), "one in ten is replaced"),
            ((24, 3, 100), "are all pieces"),
        ],
        "14.4": [
            ((lambda begins, ordinary, share, rng: covered_exactly(begins, ordinary, share, rng, 5.4),), "of the words should be chosen"),
            ((lambda begins, ordinary, share, rng: covered_exactly(begins, ordinary, share, rng, -5.4),), "of the words should be chosen"),
            ((covered_pieces,), "a part of a word"),
            ((covered_specials,), "must never be chosen"),
            ((covered_alike,), "the same words"),
            ((covered_numbers,), "Give booleans"),
            ((covered_rarely,), "of the words should be chosen"),
            ((0.15,), "the function itself"),
        ],
        "14.5": [
            ((lambda logits, answers, counts: ((nats(logits, answers) * counts).sum(1) / counts.sum(1)).mean(),), "mean over rows"),
            ((lambda logits, answers, counts: loss(logits, answers, counts) / np.log(2),), "bits"),
            ((lambda logits, answers, counts: np.nan,), "one number"),
            ((lambda logits, answers, counts: nats(logits, answers).mean(),), "don't count"),
            ((lambda logits, answers, counts: (nats(logits, answers) * counts).mean(),), "not by all"),
            ((lambda logits, answers, counts: -loss(logits, answers, counts),), "sign"),
            ((lambda logits, answers, counts: (nats(logits, answers) * counts).sum(),), "That is the sum"),
            ((overflowing,), "largest logit"),
            ((lambda logits, answers, counts: nats(logits, answers),), "one number"),
        ],
        "14.6": [
            ((lambda *sizes: weights(*sizes) - sizes[4] * sizes[1],), "Did you count the positions"),
            ((lambda *sizes: weights(*sizes) - sizes[0] * (sizes[1] + sizes[2]),), "feed-forward part?"),
            ((lambda *sizes: 3,), "array by array"),
            ((four_times,), "use inner"),
            ((lambda *sizes: weights(*sizes) - sizes[1] ** 2 - sizes[1],), "Did you count the pooler"),
            ((lambda *sizes: weights(*sizes) - 2 * sizes[1],), "segments"),
            ((lambda *sizes: weights(*sizes) - sizes[0] * 4 * sizes[1],), "layers"),
            ((109_482_240,), "the function itself"),
        ],
        "14.7": [
            ((lambda counts, one, other, level: np.subtract(*(np.interp(level, curve, counts) for curve in (other, one))),), "a difference of labels"),
            ((lambda counts, one, other, level: 1 / factor(counts, one, other, level),), "wrong way round"),
            ((lambda counts, one, other, level: np.log(factor(counts, one, other, level)),), "logarithm of the factor"),
            ((straight,), "straight in the logarithm"),
            ((2.0,), "the function itself"),
        ],
    }
