"""The figure of lecture 10_rnns: the error of one recurrent unit over its weight and bias, with its cliff."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .arguments import number, pair, plain, whole
from .base import Interactive

FARTHEST = 20
RATES, THRESHOLDS, LENGTHS = (0.001, 1.0), (0.1, 100.0), (5, 100)


def error_surface(
    point: Sequence[float] = (4.3, -2.1844),
    *,
    learning_rate: float = 0.02,
    clip: float = 1.0,
    length: int = 50,
) -> Interactive:
    """Show the error of h(t) = w sigmoid(h(t-1)) + b after T steps over (w, b), and steps of gradient descent on it.

    The reader drags the start, changes learning rate, threshold and T, and walks from
    it with plain and with clipped steps at once. The gradient is computed in the page,
    backwards through time. Derived in 10_rnns.

    Parameters
    ----------
    point : sequence of two floats, default (4.3, -2.1844)
        Weight w and bias b to begin with, rounded to four decimals. The map shows
        w from 0 to 8 and b from -5 to 1; the default stands on the wall of the cliff.
    learning_rate : float, default 0.02
        From 0.001 to 1.
    clip : float, default 1
        Length to which a longer gradient is shortened, from 0.1 to 100.
    length : int, default 50
        Number T of steps in time, from 5 to 100.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If a number is not a number.
    ValueError
        If an argument is outside what is allowed.

    References
    ----------
    Pascanu, Mikolov and Bengio, On the difficulty of training recurrent neural networks, 2013, section 2.2.

    Examples
    --------
    >>> error_surface((2, -0.5), length=20).props["steps"]
    20
    """
    props = {
        "point": [round(v, 4) for v in pair("point", point, FARTHEST)],
        "rate": _logarithm("learning_rate", learning_rate, RATES),
        "most": _logarithm("clip", clip, THRESHOLDS),
        "steps": whole("length", length, *LENGTHS),
    }
    alt = (
        "A map of the error (h(T) - 0.7)² of one recurrent unit over its weight w and bias b: a valley that runs into a "
        "cliff. From a point that can be dragged, two walks set out, one with plain gradient steps, one with clipped ones. "
        "Beside it: h(t), and the gradient backwards through time."
    )
    lesson = [
        "For w up to about 4.3 the error after 50 steps is a smooth valley: small steps lead to its floor. There a cliff begins: a "
        "tiny change of w or b decides whether h(t) climbs or falls, and the gradient, a product of 50 slopes, becomes "
        "up to thousands of times as long as on the plains. At (4.3, -2.1844) it is 556 long. One step with learning rate 0.02 "
        "lands at (9.8, 7.5), where the error is 275 instead of 2.3.",
        "Clipping keeps the direction of the gradient and shortens it to a threshold. From the same point, 20 steps with "
        "gradients clipped to 0.5 reach an error below 0.03. Where gradients are short, in the valley, clipping changes nothing.",
    ]
    return Interactive("error_surface", alt, lesson, **props)


def _logarithm(name: str, value: object, allowed: tuple[float, float]) -> float:
    """Check a positive number and return the exponent of ten, as the slider holds it."""
    return round(math.log10(number(name, plain(value), *allowed)), 4)
