"""The figure of lecture 12_attention: number words from English to German, letter by letter, with attention."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from .arguments import one_of, whole
from .base import Interactive
from .export import PRECISIONS

LARGEST = 9999
MOST_WEIGHTS = {"float16": 47_000, "float32": 23_000}
FIRST_LETTERS = ("", "^")
NAMES = (
    "source", "target", "read_x", "read_h", "read_b", "start", "W_a", "U_a", "v_a",
    "write_y", "write_c", "write_h", "write_b", "out", "out_b",
)  # fmt: skip


def translate_numbers(
    weights: Mapping[str, Any],
    words: Sequence[str],
    letters: Sequence[str],
    *,
    number: int = 88,
    precision: str = "float16",
) -> Interactive:
    """Translate numbers from English words to German letters in the page, and show where the network looks.

    The reader types a number or its English words; the page computes the translator of
    12_attention, and draws the attention weights of each letter as a heat map. Buttons
    swap, repeat and drop words, misspell one, and search for a number that fails.
    Derived in 12_attention.

    Parameters
    ----------
    weights : mapping of str to array_like
        Weights of the translator, float, n words, m letters, u units, e numbers a
        word or letter and a numbers in the alignment net: ``source`` (n, e), ``target``
        (m, e), ``read_x`` (e, 3u), ``read_h`` (u, 3u), ``read_b`` (2, 3u), ``start`` (u, u),
        ``W_a`` and ``U_a`` (u, a), ``v_a`` (a,), ``write_y`` (e, 3u), ``write_c`` and
        ``write_h`` (u, 3u), ``write_b`` (2, 3u), ``out`` (2u, m), ``out_b`` (m,). The gates of
        the GRUs are in the order of Keras, with ``reset_after=True``. At most 47,000 numbers.
    words : sequence of str, length n
        English words; the first one is "", nothing.
    letters : sequence of str, length m
        German letters; the first two are "", the stop, and "^", the start.
    number : int, default 88
        Number to begin with, from 0 to 9999.
    precision : {"float16", "float32"}
        How the weights travel; float32 allows for 23,000 of them.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If `weights` is no mapping.
    ValueError
        If a weight is missing, has the wrong shape or can't be stored, or an argument
        is outside what is allowed. The message names it.

    References
    ----------
    Bahdanau, Cho and Bengio, Neural machine translation by jointly learning to align and translate, 2015.
    """
    one_of("precision", precision, PRECISIONS)
    known, written = _names("words", words, ("",)), _names("letters", letters, FIRST_LETTERS)
    packed = _packed(weights, len(known), len(written), precision)
    props = {
        "weights": packed,
        "words": known,
        "letters": written,
        "precision": precision,
        "number": whole("number", number, 0, LARGEST),
    }
    alt = (
        "A box for a number or its English words, the German word that a small network writes for it letter by letter, and a heat "
        "map: how much each letter looks at each English word. One letter can be chosen to see its weights as bars. Words can "
        "be swapped, repeated, dropped and misspelled."
    )
    lesson = [
        "German says units before tens: eighty eight is achtundachtzig. A network that must press a sentence into one vector "
        "has to remember all words and their order. With attention it looks back at the words for each letter: at the second word "
        "for acht, at the first one for achtzig.",
        "The weights of one letter are a softmax over the words: they add up to 1. The network is right about numbers that it "
        "has never seen, as long as they are put as in training. Swap two words, and it writes a German word all the same: it "
        "has no way to say that this is no number.",
    ]
    return Interactive("translate_numbers", alt, lesson, **props)


def _names(name: str, values: Sequence[str], first: tuple[str, ...]) -> list[str]:
    """Check a vocabulary: different strings, beginning with the given ones."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be a list of strings, got {values!r}")
    checked = list(values)
    if tuple(checked[: len(first)]) != first or len(checked) <= len(first):
        raise ValueError(f"{name} must begin with {', '.join(map(repr, first))} and go on, got {checked[:3]!r}")
    for i, value in enumerate(checked):
        if not isinstance(value, str) or value in checked[:i]:
            raise ValueError(f"{name}[{i}] must be a string that is not there before, got {value!r}")
    return checked


def _packed(weights: Mapping[str, Any], n: int, m: int, precision: str) -> dict[str, dict[str, object]]:
    """Check names and shapes; store each array in base64, little-endian."""
    import numpy as np

    if not isinstance(weights, Mapping):
        raise TypeError(f"weights must map names to arrays, got {type(weights).__name__}")
    missing, unknown = [k for k in NAMES if k not in weights], [k for k in weights if k not in NAMES]
    if missing or unknown:
        raise ValueError(f"weights must hold {', '.join(NAMES)}: missing {missing}, unknown {unknown}")
    arrays = {name: np.asarray(weights[name], dtype=float) for name in NAMES}
    u = arrays["start"].shape[-1] if arrays["start"].ndim else 0
    e = arrays["source"].shape[-1] if arrays["source"].ndim else 0
    a = arrays["v_a"].shape[-1] if arrays["v_a"].ndim else 0
    shapes = {
        "source": (n, e), "target": (m, e), "read_x": (e, 3 * u), "read_h": (u, 3 * u), "read_b": (2, 3 * u),
        "start": (u, u), "W_a": (u, a), "U_a": (u, a), "v_a": (a,), "write_y": (e, 3 * u), "write_c": (u, 3 * u),
        "write_h": (u, 3 * u), "write_b": (2, 3 * u), "out": (2 * u, m), "out_b": (m,),
    }  # fmt: skip
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise ValueError(f"weights[{name!r}] must have shape {shape}, got {arrays[name].shape}")
        if not np.isfinite(arrays[name]).all() or np.abs(arrays[name]).max() > float(np.finfo(precision).max):
            raise ValueError(f"weights[{name!r}] has a number that {precision} can't hold")
    count = sum(array.size for array in arrays.values())
    if count > (most := MOST_WEIGHTS[precision]):
        raise ValueError(f"weights must hold at most {most:,} numbers to travel with a page as {precision}, got {count:,}")
    kind = {"float32": "<f4", "float16": "<f2"}[precision]
    return {
        name: {
            "shape": list(array.shape),
            "data": base64.b64encode(np.ascontiguousarray(array, dtype=kind).tobytes()).decode("ascii"),
        }
        for name, array in arrays.items()
    }
