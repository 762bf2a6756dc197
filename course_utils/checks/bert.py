"""Checks of the exercises of lecture 14, BERT.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

from collections import Counter

import numpy as np

from course_utils.checks import numbers, register

PIECES = {"re", "norm", "##norm", "##normal", "##al", "##ali", "##ize", "##iz", "##d", "##ed", "##zed"}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
CORPUS = {"sub": 5, "sum": 4, "max": 6, "maxes": 1, "mix": 3}


def _words(answer):
    """Turn an answer into a list of texts; None if it is something else."""
    if isinstance(answer, str) or not np.iterable(answer):
        return None
    answer = list(answer)
    return answer if all(isinstance(part, str) for part in answer) else None


@register("14.1", hint="At each place look for the longest piece of the list that fits. Only then go on behind it.")
def greedy_pieces(written):
    """The pieces spell the word, stand in the list, and none could have been longer."""
    word, written = "renormalized", _words(written)
    if written is None:
        return "Give a list of texts, one for each piece."
    if "".join(piece.removeprefix("##") for piece in written) != word:
        return "Put together, without the signs ##, the pieces must spell the word."
    if not written or written[0].startswith("##"):
        return "The first piece begins the word: no ## in front of it."
    if any(not piece.startswith("##") for piece in written[1:]):
        return "Every piece but the first continues the word: it carries ##."
    if any(len(piece.removeprefix("##")) > 1 and piece not in PIECES for piece in written):
        return "One of these pieces isn't in the list."
    start = 0
    for piece in written:
        sign, length = "##" if start else "", len(piece.removeprefix("##"))
        if any(sign + word[start:end] in PIECES for end in range(start + length + 1, len(word) + 1)):
            return f"After {word[:start]!r} a longer piece fits." if start else "A longer piece fits at the beginning."
        start += length
    return True


def _tally():
    """How often each pair of neighbours stands in the corpus, and each single letter."""
    pairs, single = Counter(), Counter()
    for word, times in CORPUS.items():
        letters = [word[0], *("##" + letter for letter in word[1:])]
        for letter in letters:
            single[letter] += times
        for pair in zip(letters, letters[1:], strict=False):
            pairs[pair] += times
    return pairs, single


@register("14.2", hint="Make a table of all pairs with their counts, and one of the single letters.")
def first_merges(by_count, by_likelihood):
    """No other pair has a higher score."""
    pairs, single = _tally()
    likelihood = {pair: times / (single[pair[0]] * single[pair[1]]) for pair, times in pairs.items()}
    answers = []
    for answer in (by_count, by_likelihood):
        pair = _words(answer)
        if pair is None or len(pair) != 2:
            return 'Give each merge as a pair of two texts, such as ("m", "##i").'
        answers.append(tuple(pair))
    for pair in answers:
        if pair not in pairs:
            plain = {(a.removeprefix("##"), b.removeprefix("##")) for a, b in pairs}
            if pair in plain:
                return "A letter that doesn't begin its word carries ##."
            return f"The pair {pair} stands nowhere in the corpus."
    count, other = answers
    if pairs[count] < max(pairs.values()):
        return "By count: another pair stands together more often. Add up over all words, with their numbers."
    if likelihood[other] < max(likelihood.values()):
        if other == count:
            return "The count is right. By likelihood the same pair is divided by two large numbers: another one wins."
        return "The count is right. By likelihood: divide by how often each of the two stands anywhere in the corpus."
    return True


@register("14.3", hint="First the number of chosen pieces, then 80, 10 and 10 per cent of it.")
def expected_pieces(masked, replaced, true):
    """15 % of 200 are chosen; the three numbers follow from them."""
    found = numbers([masked, replaced, true], (3,))
    if found is None:
        return "Give three numbers."
    masked, replaced, true = found
    chosen = 0.15 * 200
    if abs(masked - 0.8 * 200) < 0.01:
        return "80 % of the chosen pieces, not of all."
    if abs(masked - chosen) < 0.01:
        return "Not all of the chosen pieces become [MASK]."
    if abs(masked - 0.8 * chosen) > 0.01:
        return "How many pieces are chosen, and which share of those becomes [MASK]?"
    if abs(replaced - 0.1 * chosen) > 0.01:
        return "[MASK] is right. Of the chosen pieces one in ten is replaced."
    if abs(true - 0.1 * chosen) < 0.01:
        return "The first two are right. Pieces that weren't chosen show the truth as well."
    if abs(true - (200 - chosen)) < 0.01:
        return "The first two are right. Among the chosen ones some stay as they are: they show the truth too."
    if abs(masked + replaced + true - 200) > 0.01:
        return "The three numbers together are all pieces."
    return True


def _rows(seed):
    """Rows of words of one to four pieces, between special places."""
    rng = np.random.default_rng(seed)
    n, T = 60, 40
    begins, ordinary = np.zeros((n, T), bool), np.zeros((n, T), bool)
    for row in range(n):
        end, place = int(rng.integers(20, T - 1)), 1
        ordinary[row, 1:end] = True
        while place < end:
            begins[row, place] = True
            place += int(rng.integers(1, 5))
        gap = int(rng.integers(5, 15))  # a separator in the middle, and a new word behind it
        ordinary[row, gap], begins[row, gap], begins[row, gap + 1] = False, False, True
    return begins, ordinary


@register("14.4", hint="Draw one number for each word, then give it to all pieces of the word.")
def whole_words(cover_words):
    """Pieces of a word go together, special places never, and the share is right."""
    if not callable(cover_words):
        return 'Give the function itself: checks.check("14.4", cover_words).'
    for seed, share in ((1, 0.15), (2, 0.5), (3, 0.3)):
        begins, ordinary = _rows(seed)
        begins[0] |= seed == 3  # a row in which each piece is a word
        chosen = np.asarray(cover_words(begins.copy(), ordinary.copy(), share, np.random.default_rng(seed)))
        if chosen.shape != begins.shape:
            return f"For rows of shape {begins.shape} the answer must have that shape too."
        if chosen.dtype != bool:
            return "Give booleans: True where a piece is chosen."
        if (chosen & ~ordinary).any():
            return "Special places such as [SEP] and [PAD] must never be chosen."
        inside = ordinary[:, 1:] & ordinary[:, :-1] & ~begins[:, 1:]
        if (chosen[:, 1:] != chosen[:, :-1])[inside].any():
            return "Somewhere a part of a word is chosen and another part of it isn't."
        firsts = chosen[begins & ordinary]
        if abs(firsts.mean() - share) > 5 * np.sqrt(share * (1 - share) / len(firsts)):
            return f"With a share of {share} about {share:.0%} of the words should be chosen, not {firsts.mean():.0%}."
        words = np.cumsum(begins, axis=1)
        alike = [np.array_equal(chosen[row][begins[row] & ordinary[row]][:4], chosen[0][begins[0] & ordinary[0]][:4])
                 for row in range(1, len(words))]  # fmt: skip
        if all(alike):
            return "All rows choose the same words: draw anew for each row."
    return True


@register("14.5", hint="Log of the sum of exponentials minus the right piece's logit, at each place. Then a weighted mean.")
def masked_loss(blank_loss):
    """Equals a loop over places with exact logarithms."""
    if not callable(blank_loss):
        return 'Give the function itself: checks.check("14.5", blank_loss).'
    from scipy.special import log_softmax

    rng = np.random.default_rng(145)
    for size in (1.0, 3.0, 2000.0):
        logits, answers = size * rng.normal(size=(5, 4, 7)), rng.integers(0, 7, size=(5, 4))
        counts = (np.arange(4) < rng.integers(1, 4, size=(5, 1))).astype(float)
        with np.errstate(all="ignore"):
            answer = blank_loss(logits.copy(), answers.copy(), counts.copy())
        loss = numbers(answer, ())
        if loss is None:
            if size > 100 and np.ndim(answer) == 0:
                return "With logits in the thousands it isn't finite: subtract the largest logit of each place first."
            return "It must return one number."
        nats = -np.take_along_axis(log_softmax(logits, axis=2), answers[..., None], axis=2)[..., 0]
        truth = (nats * counts).sum() / counts.sum()
        for wrong, hint in (
            (nats.mean(), "Places that don't count are in it."),
            ((nats * counts).mean(), "Divide by the number of places that count, not by all."),
            ((nats * counts).sum(), "That is the sum. Divide by the number of places that count."),
            (-truth, "A loss is positive: the sign is the wrong way round."),
            (truth / np.log(2), "These are bits. Use the natural logarithm."),
            (((nats * counts).sum(1) / counts.sum(1)).mean(), "That's the mean over rows of their means: one mean over all places."),
        ):
            if abs(loss - wrong) < 1e-6 * max(1, abs(truth)) and abs(wrong - truth) > 1e-3:
                return hint
        if abs(loss - truth) > 1e-6 * max(1, abs(truth)):
            return False
    return True


@register("14.6", hint="Count array by array: three tables and a norm, then what one layer holds, then the pooler.")
def weights_of_any_bert(count_weights):
    """Equals the sum over all arrays, for several sizes."""
    if not callable(count_weights):
        return 'Give the function itself: checks.check("14.6", count_weights).'
    from course_utils.networks import transformers

    for layers, width, inner, vocabulary, positions in ((2, 8, 20, 30, 10), (1, 4, 4, 50, 6), (3, 12, 48, 20, 16)):
        found = numbers(count_weights(layers, width, inner, vocabulary, positions), ())
        if found is None:
            return "It must return one number."
        config = transformers.Config(vocabulary, positions, width, layers, 1, inner)
        truth = transformers.parameters(config)
        missing = {
            "the pooler": width**2 + width,
            "the two segments, or the norm behind the tables,": 2 * width,
            "the norms of the layers, or the four biases of attention,": layers * 4 * width,
            "the biases of the feed-forward part": layers * (inner + width),
            "the positions": positions * width,
        }
        if found == truth:
            continue
        if found == truth + layers * (8 * width**2 + 4 * width - 2 * width * inner - inner):
            return "This takes a feed-forward part of four times the width for granted: use inner."
        for name, weights in missing.items():
            if found == truth - weights:
                return f"Nearly. Did you count {name.rstrip(',')}?"
        return False
    return True


@register("14.7", hint="Read both curves backwards, from accuracy to the logarithm of the labels, and take the difference.")
def factor_of_labels(label_factor):
    """Curves that are straight in the logarithm of the labels: the factor is known."""
    if not callable(label_factor):
        return 'Give the function itself: checks.check("14.7", label_factor).'
    rng = np.random.default_rng(147)
    for _ in range(6):
        counts = np.sort(rng.choice(np.arange(5, 2000), size=5, replace=False))
        slope, shift, factor = rng.uniform(0.05, 0.12), rng.uniform(0.1, 0.2), rng.uniform(1.2, 2.5)
        one = shift + slope * np.log(counts)
        other = shift + slope * np.log(counts / factor)
        level = shift + slope * np.log(counts[0] * (counts[-1] / factor / counts[0]) ** rng.uniform(0.2, 0.8))
        if not (other[0] < level < other[-1] and one[0] < level < one[-1]):
            continue
        found = numbers(label_factor(counts.copy(), one.copy(), other.copy(), level), ())
        if found is None:
            return "It must return one number."
        if abs(found - factor) < 1e-6 * factor:
            continue
        if abs(found * factor - 1) < 1e-6:
            return "The wrong way round: how many times as many does the other one need?"
        if abs(found - np.log(factor)) < 1e-6:
            return "That is the logarithm of the factor."
        straight = [np.interp(level, curve, counts) for curve in (one, other)]
        if abs(found - straight[1] / straight[0]) < 1e-6 * factor:
            return "Between the points the lines are straight in the logarithm of the labels, not in the labels."
        if abs(found - (straight[1] - straight[0])) < 1e-6 * max(1, abs(found)):
            return "That is a difference of labels. How many times as many?"
        return False
    return True
