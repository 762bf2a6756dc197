"""Characters as places in an alphabet, and what a guesser who only counts them needs.

Lecture 11, LSTMs, derives both; lecture 13 and the trainings of code and docstrings use them.
"""

import math


def places_in(alphabet, texts):
    """Texts end to end, each behind a NUL, as places in the alphabet.

    A character that the alphabet does not hold is left out.

    Parameters
    ----------
    alphabet : str
        Different ASCII characters, for example ``"\\0\\n abc"``. Without a NUL the texts are not parted.
    texts : iterable of str

    Returns
    -------
    ndarray of uint8, shape (number of characters,)

    Raises
    ------
    ValueError
        If the alphabet is empty, holds a character twice, or one that is not ASCII.
    TypeError
        If `texts` is one text instead of several.

    References
    ----------
    Lecture 11, LSTMs, "Predict: the next character of a program".
    """
    import numpy as np

    if not alphabet or not alphabet.isascii() or len(set(alphabet)) < len(alphabet):
        raise ValueError(f"alphabet must be different ASCII characters, got {alphabet!r:.60}")
    if isinstance(texts, str):
        raise TypeError("texts must be a list of texts, got one str: put it into a list")
    absent = 255
    table = np.full(256, absent, np.uint8)
    table[np.frombuffer(alphabet.encode(), np.uint8)] = np.arange(len(alphabet))
    places = table[np.frombuffer("".join("\0" + text for text in texts).encode("ascii", "ignore"), np.uint8)]
    return places[places != absent]


def bits_of_counts(known, new, symbols, *, added=0.1):
    """Bits per new character of a guesser who counted single characters, or pairs, in known text.

    Parameters
    ----------
    known, new : ndarray of int, shape (number of characters,)
        Places in the alphabet, as `places_in` gives them.
    symbols : int
        Size of the alphabet.
    added : float, default 0.1
        Added to every count, so that nothing new is impossible.

    Returns
    -------
    dict of str to float
        ``"unigram"``: each character by how often it occurs. ``"bigram"``: by how often it follows
        the one before it; the first of `new` follows nothing and is left out.

    Raises
    ------
    ValueError
        If a text has fewer than two characters, a place lies outside the alphabet, or `added` is not above zero.

    References
    ----------
    Shannon, *Prediction and entropy of printed English*, Bell System Technical Journal 30, 1951.
    """
    import numpy as np

    known, new = np.asarray(known, "int64"), np.asarray(new, "int64")
    for name, places in (("known", known), ("new", new)):
        if places.ndim != 1 or len(places) < 2:
            raise ValueError(f"{name} must be a row of at least two places, got shape {places.shape}")
        if places.min() < 0 or places.max() >= symbols:
            raise ValueError(f"{name} must hold places from 0 to {symbols - 1}, got {places.min()} to {places.max()}")
    if not (math.isfinite(added) and added > 0):
        raise ValueError(f"added must be above zero, got {added!r}")
    single = np.bincount(known, minlength=symbols) + added  # (symbols,)
    pairs = np.bincount(symbols * known[:-1] + known[1:], minlength=symbols**2).reshape(symbols, symbols) + added
    return {
        "unigram": float(-np.log2(single / single.sum())[new].mean()),
        "bigram": float(-np.log2(pairs / pairs.sum(axis=1, keepdims=True))[new[:-1], new[1:]].mean()),
    }
