"""Numbers written out in English and in German, and which word renders which."""

import functools
import hashlib

from course_utils import reproducibility
from course_utils.datasets.base import DatasetError, Pairs, Part, number_kept

_WAY_OUT = "Install the measured version: python -m pip install --force-reinstall --no-deps num2words==0.5.14"
LANGUAGES = ("en", "de")
LARGEST = 9999
WORDS_SHA256 = (
    "3be67343910714564e1d2042b0f98ce6e51f721b448aab9a35a534137f75f2cd"  # "12 twelve zwölf" and so on, one number a line, as UTF-8
)


def load_number_words(*, source="en", target="de", largest=LARGEST, test_share=0.2, offset=0):
    """Write numbers out in two languages, shuffle them and split them.

    Nothing is downloaded: the package `num2words` writes them.

    Parameters
    ----------
    source, target : str, default "en" and "de"
        Two languages, English ``"en"`` and German ``"de"``, in either order.
    largest : int, default 9999
        All numbers from 0 to this one are used; from 1 to 9999.
    test_share : float, default 0.2
        Part of the numbers that is kept for testing, above 0 and below 1.
    offset : int, default 0
        Another offset gives another split; so does another course seed.

    Returns
    -------
    Pairs
        Each of its parts holds ``numbers`` (n,), int64, and their ``sources`` and
        ``targets``, lists of str. Zero, whose word stands in no other number, is
        always in ``train``.

    Raises
    ------
    ValueError
        If a language is unknown or taken twice, `largest` is out of range, or
        `test_share` leaves one part empty.
    DatasetError
        If `num2words` is not installed, or writes a number in another way.

    Notes
    -----
    English is in lower-case words with single blanks between them. What `num2words`
    adds for the eye is taken out: the comma behind "thousand", the hyphen in
    "forty-five" (a blank in its place) and the British "and". German is exactly what
    `num2words` writes: one word, with "und" between units and tens, and with "ein"
    in front of "hundert" and "tausend". The first call takes about two seconds.

    Examples
    --------
    >>> pairs = load_number_words(largest=99)
    >>> pairs
    Pairs(train 80, test 20)
    >>> where = pairs.train.numbers.tolist().index(45)
    >>> pairs.train.sources[where], pairs.train.targets[where]
    ('forty five', 'fünfundvierzig')
    """
    import numpy as np

    for name, language in (("source", source), ("target", target)):
        if language not in LANGUAGES:
            raise ValueError(f"{name} must be 'en' or 'de', got {language!r}")
    if source == target:
        raise ValueError(f"target must be another language than source, got {target!r} twice")
    if isinstance(largest, bool) or not isinstance(largest, int) or not 1 <= largest <= LARGEST:
        raise ValueError(f"largest must be a whole number from 1 to {LARGEST}, got {largest!r}")
    kept = number_kept(test_share, largest + 1)
    order = reproducibility.rng(offset).permutation(largest + 1).astype(np.int64)
    (zero,) = np.flatnonzero(order == 0)
    if zero < kept:
        order[[zero, kept]] = order[[kept, zero]]
    words = dict(zip(LANGUAGES, _all_words(), strict=True))

    def part(numbers):
        return Part(*([words[language][n] for n in numbers] for language in (source, target)), numbers)

    return Pairs(train=part(order[kept:]), test=part(order[:kept]))


def number_pieces(number):
    """Cut a German number word into pieces and name the English word behind each.

    Parameters
    ----------
    number : int
        From 0 to 9999.

    Returns
    -------
    list of (str, int or None)
        The pieces in German order; joined they are the German word. The second
        entry is the place of the English word that the piece renders, counted from
        0 in the words of `load_number_words`. It is None for "und", which renders
        no word.

    Raises
    ------
    ValueError
        If `number` is not a whole number from 0 to 9999.

    Notes
    -----
    Each English word is rendered by exactly one piece. Units come before tens in
    German, so the alignment is not monotone.

    Examples
    --------
    >>> number_pieces(45)
    [('fünf', 1), ('und', None), ('vierzig', 0)]
    >>> number_pieces(1107)
    [('ein', 0), ('tausend', 1), ('ein', 2), ('hundert', 3), ('sieben', 4)]
    """
    if isinstance(number, bool) or not hasattr(number, "__index__") or not 0 <= int(number) <= LARGEST:
        raise ValueError(f"number must be a whole number from 0 to {LARGEST}, got {number!r}")
    number, pieces, place = int(number), [], 0
    for power, name in ((1000, "tausend"), (100, "hundert")):
        many, number = divmod(number, power)
        if many:
            pieces += [("ein" if many == 1 else UNITS[many], place), (name, place + 1)]
            place += 2
    if number == 0 and pieces:
        return pieces
    if number < 20:
        return [*pieces, (UNITS[number], place)]
    tens, unit = divmod(number, 10)
    if unit == 0:
        return [*pieces, (TENS[tens], place)]
    return [*pieces, ("ein" if unit == 1 else UNITS[unit], place + 1), ("und", None), (TENS[tens], place)]


UNITS = (
    "null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf",
    "dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
)  # fmt: skip
TENS = ("", "", "zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig")


@functools.lru_cache(maxsize=1)
def _all_words():
    """Write all numbers in English and German; compare them with what the course was written for."""
    try:
        from num2words import num2words
    except ImportError as error:
        raise DatasetError(f"the package num2words can't be imported ({error}). {_WAY_OUT}") from error
    english = tuple(_clean(num2words(number, lang="en")) for number in range(LARGEST + 1))
    german = tuple(num2words(number, lang="de") for number in range(LARGEST + 1))
    lines = "\n".join(f"{n} {en} {de}" for n, (en, de) in enumerate(zip(english, german, strict=True)))
    if hashlib.sha256(lines.encode()).hexdigest() != WORDS_SHA256:
        raise DatasetError(f"num2words' numbers are not the ones this course was measured on. {_WAY_OUT}")
    return english, german


def _clean(text):
    """Keep the English words alone: no comma, no hyphen, no "and"."""
    words = text.lower().replace(",", " ").replace("-", " ").split()
    return " ".join(word for word in words if word != "and")
