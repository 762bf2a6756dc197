"""Find what texts have copied from each other: runs of words, hashed."""

import re

RUN = 8  # words in a row that count as copied


def copied_share(known, texts, run=RUN):
    """Measure which share of each text's runs of words stands in other texts.

    Parameters
    ----------
    known, texts : list of str
        Texts to look in and texts to look up.
    run : int, default 8
        Words in a row; letters and digits only, in lower case.

    Returns
    -------
    ndarray of shape (len(texts),), float64
        From 0 to 1; 0 for a text that is shorter than one run.

    Raises
    ------
    ValueError
        If `run` is not a whole number of at least 1.

    Examples
    --------
    >>> copied_share(["to be or not to be"], ["or not to be?", "or not to eat"], run=3).tolist()
    [1.0, 0.5]
    """
    import numpy as np

    if isinstance(run, bool) or not isinstance(run, int) or run < 1:
        raise ValueError(f"run must be a whole number of at least 1, got {run!r}")
    vocabulary = {}
    seen = np.sort(runs_of_words(known, run, vocabulary)[0])
    mine, owners = runs_of_words(texts, run, vocabulary)
    hits = np.zeros(len(mine))
    if len(seen) and len(mine):
        hits = seen[np.minimum(np.searchsorted(seen, mine), len(seen) - 1)] == mine
    return _means(hits, owners, len(texts))


def copied_from_before(texts, run=RUN):
    """Measure which share of each text's runs of words stands in the texts before it.

    Parameters
    ----------
    texts : list of str
        In the order in which they count.
    run : int, default 8
        As for `copied_share`.

    Returns
    -------
    ndarray of shape (len(texts),), float64
    """
    import numpy as np

    codes, owners = runs_of_words(texts, run, {})
    order = np.argsort(codes, kind="stable")  # equal codes stay in the order of their texts
    starts = np.ones(len(codes), bool)
    starts[1:] = codes[order][1:] != codes[order][:-1]
    first = owners[order][np.flatnonzero(starts)][np.cumsum(starts) - 1]
    hits = np.zeros(len(codes))
    hits[order] = first < owners[order]
    return _means(hits, owners, len(texts))


def _means(hits, owners, number):
    import numpy as np

    counts = np.bincount(owners, minlength=number)
    return np.bincount(owners, weights=hits, minlength=number) / np.maximum(counts, 1)


def words_of(text):
    """List the words of a text: letters and digits, in lower case."""
    return re.findall("[a-z0-9]+", text.lower())


def runs_of_words(texts, run, vocabulary):
    """Hash every run of words.

    Parameters
    ----------
    texts : list of str
    run : int
        Words in a row.
    vocabulary : dict of str to int
        Numbers of the words; new words are added.

    Returns
    -------
    codes : ndarray of shape (m,), uint64
        One for each run; no run crosses from one text into the next.
    owners : ndarray of shape (m,), int64
        Index of the text that each run stands in.
    """
    import numpy as np

    numbers, lengths = [], []
    for text in texts:
        words = words_of(text)
        numbers += [vocabulary.setdefault(word, len(vocabulary) + 1) for word in words]
        lengths.append(len(words))
    numbers = np.array(numbers, np.uint64)
    if len(numbers) < run:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    factor, codes = np.uint64(0x9E3779B97F4A7C15), np.zeros(len(numbers) - run + 1, np.uint64)
    for place in range(run):
        codes = (codes ^ numbers[place : len(codes) + place]) * factor
        codes ^= codes >> np.uint64(29)
    owners = np.repeat(np.arange(len(texts)), lengths)
    whole = owners[: len(codes)] == owners[run - 1 :]
    return codes[whole], owners[: len(codes)][whole]
