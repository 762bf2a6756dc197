"""Many weights in little room: rounded to even steps, in Huffman's code, in characters that are safe in a page.

A matrix of a trained network needs no 32 bits for each number. Rounded to steps that are a
small part of its spread, most numbers become small whole numbers, and common ones get
short codes. `unpack` in packing.js reads what `pack` writes, number by number the same.
"""

from __future__ import annotations

import base64
import heapq
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

FIXED = 12  # bits of each number of a vector: those are few
DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"  # the length of a code is one of them
SAFE = str.maketrans("$&<>`{}", ",./:[]'")  # nothing that HTML, JSON or a formula could take for its own


def code_lengths(counts: Array) -> list[int]:
    """Return the length of each symbol's code in Huffman's code, 0 where a symbol never comes.

    Parameters
    ----------
    counts : array_like of int, shape (n,)
        How often each symbol comes.

    Returns
    -------
    list of int, length n
    """
    lengths = [0] * len(counts)
    heap = [(int(count), k, (k,)) for k, count in enumerate(counts) if count]
    if len(heap) == 1:
        lengths[heap[0][1]] = 1
    heapq.heapify(heap)
    while len(heap) > 1:
        one, other = heapq.heappop(heap), heapq.heappop(heap)
        for k in (joined := one[2] + other[2]):
            lengths[k] += 1
        heapq.heappush(heap, (one[0] + other[0], min(one[1], other[1]), joined))
    return lengths


def _bits(values: Array, lengths: Array) -> Array:
    """Write each number with so many bits, the highest first."""
    import numpy as np

    last = np.repeat(np.cumsum(lengths), lengths)
    return (np.repeat(values, lengths) >> (last - 1 - np.arange(last.size))) & 1


def _huffman(whole: Array) -> tuple[dict[str, object], Array]:
    """Write whole numbers in a code of their own: what a reader needs of it, and the bits."""
    import numpy as np

    low = int(whole.min())
    counts = np.bincount(whole - low)
    lengths = code_lengths(counts)
    codes, code, before = np.zeros(len(lengths), np.int64), 0, 0
    for length, k in sorted((length, k) for k, length in enumerate(lengths) if length):
        code <<= length - before
        codes[k], code, before = code, code + 1, length
    return (
        {"low": low, "lengths": "".join(DIGITS[length] for length in lengths)},
        _bits(codes[whole - low], np.array(lengths)[whole - low]),
    )


def _steps(arrays: Mapping[str, Array], share: float, finer: Mapping[str, float] | None) -> dict[str, float]:
    """Return the step of each array: a share of a matrix's spread, the finest that 12 bits allow for a vector."""
    import numpy as np

    steps = {}
    for name, array in arrays.items():
        if array.ndim == 1:
            size = float(np.abs(array).max()) / (2 ** (FIXED - 1) - 1)
        else:
            size = share / (finer or {}).get(name, 1.0) * float(np.sqrt(np.mean(array**2)))
        steps[name] = float(f"{size:.6g}") or 1.0
    return steps


def _share_for(arrays: Mapping[str, Array], bits: float, finer: Mapping[str, float] | None) -> float:
    """Find the step, as a share of a matrix's spread, with which its numbers need so many bits on average."""
    if isinstance(bits, bool) or not isinstance(bits, int | float) or not 1 <= bits <= 12:
        raise ValueError(f"bits must be from 1 to 12, got {bits!r}")
    import numpy as np

    matrices = {name: array for name, array in arrays.items() if array.ndim > 1}
    count = sum(array.size for array in matrices.values())
    if not count:
        return 1.0
    low, high = 2.0**-14, 8.0
    for _ in range(24):
        middle = (low * high) ** 0.5
        steps, total = _steps(matrices, middle, finer), 0.0
        for name, array in matrices.items():
            seen = np.unique(np.rint(array / steps[name]), return_counts=True)[1] / array.size
            total -= array.size * float(seen @ np.log2(seen))
        low, high = (middle, high) if total > bits * count else (low, middle)
    return float(f"{high:.3g}")


def pack(
    arrays: Mapping[str, Any],
    bits: float = 6.0,
    texts: Mapping[str, str] | None = None,
    finer: Mapping[str, float] | None = None,
) -> dict[str, object]:
    """Pack arrays, and texts beside them, into what JSON can hold.

    Parameters
    ----------
    arrays : mapping of str to array_like
        Vectors and matrices of finite numbers. Matrices are rounded to steps so that
        their numbers need `bits` bits on average; vectors are kept with 12 bits.
    bits : float, default 6
        From 1 to 12. Each bit less doubles the error of rounding.
    texts : mapping of str to str, optional
        Packed too, without loss.
    finer : mapping of str to float, optional
        How many times finer than the others a matrix is rounded, for those that the
        outcome depends on most.

    Returns
    -------
    dict
        ``arrays`` (of each one its name, its shape, its step and its code), ``texts`` (name, size
        and code) and ``data``, the bits of them all in this order, as characters, five for four bytes.

    Raises
    ------
    ValueError
        If `bits` is outside its range, or an array is empty or holds a number that isn't finite.
    """
    import numpy as np

    arrays = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    for name, array in arrays.items():
        if not array.size or not array.ndim or not np.isfinite(array).all():
            raise ValueError(f"arrays[{name!r}] must hold finite numbers, got shape {array.shape}")
    steps, told, parts = _steps(arrays, _share_for(arrays, bits, finer), finer), [], []
    for name, array in arrays.items():
        whole = np.rint(array / steps[name]).astype(np.int64).ravel()
        if array.ndim == 1:
            code, stream = {}, _bits(whole + 2 ** (FIXED - 1), np.full(whole.size, FIXED))
        else:
            code, stream = _huffman(whole)
        told.append({"name": name, "shape": list(array.shape), "step": steps[name], **code})
        parts.append(stream)
    written = []
    for name, text in (texts or {}).items():
        letters = np.frombuffer(text.encode(), np.uint8).astype(np.int64)
        code, stream = _huffman(letters)
        written.append({"name": name, "shape": [letters.size], **code})
        parts.append(stream)
    data = np.packbits(np.concatenate(parts).astype(np.uint8)).tobytes()
    data += bytes(-len(data) % 4)
    return {"arrays": told, "texts": written, "data": base64.b85encode(data).decode("ascii").translate(SAFE)}


def rounded(
    arrays: Mapping[str, Any], bits: float = 6.0, finer: Mapping[str, float] | None = None
) -> dict[str, Array]:
    """Return the arrays as the page will hold them, float32.

    Parameters
    ----------
    arrays : mapping of str to array_like
    bits, finer
        As for `pack`.

    Returns
    -------
    dict of str to ndarray
    """
    import numpy as np

    arrays = {name: np.asarray(array, np.float64) for name, array in arrays.items()}
    steps = _steps(arrays, _share_for(arrays, bits, finer), finer)
    return {name: (np.rint(array / steps[name]) * steps[name]).astype("float32") for name, array in arrays.items()}
