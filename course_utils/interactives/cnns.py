"""The figures of lecture 06_cnns: a kernel that slides over a picture, and a digit that the network reads as you draw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .arguments import number, one_of, plain, whole
from .base import Interactive
from .export import export_keras

KERNELS = ("identity", "blur", "sharpen", "edges", "vertical", "horizontal", "diagonal")
SMALLEST, LARGEST = 4, 28
SHARP_UP_TO, MOST_PARAMETERS = 7_000, 40_000
DIGIT_SHAPES = ((8, 8, 1), (8, 8), (64,))


def convolution(image: Any = None, kernel: str | Sequence[Sequence[float]] = "edges") -> Interactive:
    """Show a 3 by 3 kernel that slides over a small picture, with the nine products behind each pixel.

    The reader drags the window, edits the kernel or picks one, and changes stride,
    padding, ReLU and pooling.

    Parameters
    ----------
    image : array_like of shape (rows, columns), optional
        Picture of 4 to 28 pixels each way, from -99 to 99; 0 is paper. Without one
        the figure takes a real digit of 8 by 8: the 5 nearest to the mean of all.
    kernel : str or array_like of shape (3, 3), default "edges"
        Kernel to begin with: numbers from -99 to 99, or one of "identity", "blur",
        "sharpen", "edges", "vertical", "horizontal", "diagonal".

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If a pixel or a number of the kernel is not a number.
    ValueError
        If a shape, a name or a number is outside what is allowed.

    Examples
    --------
    >>> convolution([[0, 0, 1, 1]] * 4, kernel="vertical").props["kernel"]
    'vertical'
    """
    rows = _typical_five() if image is None else _table("image", image, (SMALLEST, LARGEST))
    props: dict[str, object] = {"image": rows}
    if isinstance(kernel, str):
        props["kernel"] = one_of("kernel", kernel, KERNELS)
    else:
        props["kernel"] = [value for row in _table("kernel", kernel, (3, 3)) for value in row]
    alt = (
        f"A picture of {len(rows)} by {len(rows[0])} pixels, over which a 3 by 3 kernel slides, and the output that it "
        "fills. Each output pixel is the sum of nine products, which are written out. Stride, padding, ReLU and "
        "pooling can be changed, and so can each number of the kernel."
    )
    lesson = [
        "Put the kernel on a window of 3 by 3 pixels, multiply place by place, add up: one pixel of the output. Then move "
        "on. An 8 by 8 picture has 6 by 6 such windows, and the same nine numbers serve all 36 of them. A rim of zeros "
        "(padding same) keeps the size; stride 2 takes every second window.",
        "The kernel with the rows (-1, 0, 1), (-2, 0, 2), (-1, 0, 1) gives 0 on an even patch, because its numbers add up "
        "to 0, and 4 where ink of 1 begins to the right. When the picture moves by a pixel, so does the output; the "
        "largest of each 2 by 2 block often stays where it was.",
    ]
    return Interactive("convolution", alt, lesson, **props)


def draw_digit(
    model: Any, examples: Any = None, *, labels: Any = None, precision: str | None = None
) -> Interactive:
    """Show paper to draw a digit on, which a Keras network reads in the page, stroke by stroke.

    Parameters
    ----------
    model : keras.Sequential
        Trained network from 8 by 8 pixels to 10 digits, with at most 40,000 weights;
        see `export.export_keras` for the layers that it may have.
    examples : array_like of shape (n, 8, 8), (n, 8, 8, 1) or (n, 64), optional
        Up to 12 pictures from 0 (paper) to 1 (ink) for the row of examples. Without
        them: one test picture of each digit.
    labels : array_like of shape (n,), optional
        The digits that `examples` show.
    precision : {"float32", "float16"}, optional
        How the weights are stored. Left out, up to 7,000 of them take four bytes
        each; more take two, rounded to about three decimal digits.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If `model` is no Keras Sequential.
    ValueError
        If the network can't be computed in the page, or an argument has the wrong
        shape. The message names the layer or the argument.
    """
    shapes = getattr(model, "input_shape", None), getattr(model, "output_shape", None)
    if getattr(model, "built", False) and (shapes[0][1:] not in DIGIT_SHAPES or shapes[1][1:] != (10,)):
        raise ValueError(
            f"model must turn (8, 8, 1), (8, 8) or (64,) into (10,), got {shapes[0][1:]} into {shapes[1][1:]}"
        )
    count = model.count_params() if hasattr(model, "count_params") and getattr(model, "built", False) else 0
    if count > MOST_PARAMETERS:
        raise ValueError(
            f"model must have at most {MOST_PARAMETERS:,} parameters to travel with a page, got {count:,}"
        )
    network = export_keras(model, precision=precision or ("float32" if count <= SHARP_UP_TO else "float16"))
    if examples is None and labels is not None:
        raise ValueError("labels need the examples that they name")
    pictures, digits = _test_digits() if examples is None else _pictures(examples, labels)
    maps = [layer["filters"] for layer in network["layers"] if layer["type"] == "conv"]
    alt = (
        f"Paper to draw a digit on. A network of {count:,} weights reads it at each stroke: bars show the probability of "
        f"each digit, small pictures what it sees and the {' and '.join(map(str, maps)) or 'no'} maps of its convolutions. "
        f"Below, {len(pictures)} real digits to choose from."
    )
    lesson = [
        "The drawing is cropped, centred and drawn again on 32 by 32 pixels; the ink in each block of 4 by 4 is counted. So "
        "the digits that taught the network were made, and so the size and the place of the drawing hardly matter.",
        "Each map of a convolution shows where one kernel found what it looks for: an edge, an end, a corner. The "
        "probabilities always add up to one. A scribble that is no digit gets them too: this network has no way to say "
        "none of these.",
    ]
    return Interactive("draw_digit", alt, lesson, network=network, examples=pictures, labels=digits)


def _table(name: str, values: Any, sizes: tuple[int, int]) -> list[list[float]]:
    """Check a table of numbers; it may be a NumPy array."""
    low, high = sizes
    shape = f"{low} by {low}" if low == high else f"{low} to {high} pixels each way"
    values = values.tolist() if hasattr(values, "tolist") else values
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must be a table of numbers, {shape}, got {values!r}")
    rows = [list(row) if hasattr(row, "__iter__") and not isinstance(row, str) else [row] for row in values]
    widths = {len(row) for row in rows}
    if not low <= len(rows) <= high or len(widths) != 1 or not low <= (width := widths.pop()) <= high:
        got = f"{len(rows)} rows of {sorted({len(row) for row in rows})}"
        raise ValueError(f"{name} must have {shape}, got {got}")
    return [
        [round(number(f"{name}[{i}][{j}]", plain(row[j]), -99, 99), 4) for j in range(width)]
        for i, row in enumerate(rows)
    ]


def _all_digits() -> tuple[Any, Any]:
    import numpy as np

    from course_utils import datasets

    split = datasets.load_digits()
    return np.concatenate([split.x_train, split.x_test]), np.concatenate([split.y_train, split.y_test])


def _typical_five() -> list[list[float]]:
    """Return the 5 nearest to the mean of all fives; it is the same for every seed."""
    images, digits = _all_digits()
    fives = images[digits == 5]
    nearest = ((fives - fives.mean(axis=0)) ** 2).sum(axis=1).argmin()
    return fives[nearest].reshape(8, 8).tolist()


def _test_digits() -> tuple[list[str], list[int]]:
    """Return the first test picture of each digit."""
    from course_utils import datasets

    split = datasets.load_digits()
    first = [int((split.y_test == digit).argmax()) for digit in range(10)]
    return _pictures(split.x_test[first], range(10))


def _pictures(examples: Any, labels: Any) -> tuple[list[str], list[int] | None]:
    """Write each picture as 64 signs from 0 to g, which stand for 0 to 16 sixteenths."""
    import numpy as np

    array = np.asarray(examples, dtype=float)
    if array.ndim < 2 or array.shape[1:] not in DIGIT_SHAPES or not 1 <= len(array) <= 12:
        raise ValueError(
            f"examples must be 1 to 12 pictures of shape (8, 8) or (64,), got shape {array.shape}"
        )
    if not ((array >= 0) & (array <= 1)).all():
        raise ValueError(f"examples must be from 0 to 1, got {array.min():g} to {array.max():g}")
    sixteenths = np.rint(16 * array.reshape(-1, 64)).astype(int)
    pictures = ["".join("0123456789abcdefg"[v] for v in row) for row in sixteenths]
    if labels is None:
        return pictures, None
    digits = [whole(f"labels[{i}]", digit, 0, 9) for i, digit in enumerate(labels)]
    if len(digits) != len(pictures):
        raise ValueError(
            f"labels must have one digit for each of the {len(pictures)} examples, got {len(digits)}"
        )
    return pictures, digits
