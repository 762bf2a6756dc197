"""The figure of lecture 09_adversarial_examples: attack a digit in the page."""

from __future__ import annotations

from typing import Any

from .arguments import number, plain
from .base import Interactive
from .cnns import DIGIT_SHAPES, SHARP_UP_TO, _pictures, _test_digits
from .export import export_keras

LARGEST_BUDGET = 0.4


def adversarial(
    model: Any, examples: Any = None, *, labels: Any = None, epsilon: float = 0.0
) -> Interactive:
    """Attack a digit: budget, wanted answer and the network's probabilities, computed in the page.

    The reader moves the budget, picks a digit and an answer, and compares one gradient
    step, many steps and noise of equal size.

    Parameters
    ----------
    model : keras.Sequential
        Trained network from 8 by 8 pixels to 10 digits, with at most 7,000 weights,
        since the page computes its gradient many times; see `export.export_keras`
        for the layers that it may have.
    examples : array_like of shape (n, 8, 8), (n, 8, 8, 1) or (n, 64), optional
        Up to 12 pictures from 0 (paper) to 1 (ink), which the page keeps in steps of
        1/16. Without them: one test picture of each digit.
    labels : array_like of int, shape (n,)
        The digits that `examples` show; needed with them.
    epsilon : float, default 0
        Budget to begin with, from 0 to 0.4.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If `model` is no Keras Sequential, or `epsilon` no number.
    ValueError
        If the network can't be computed in the page, or an argument has the wrong
        shape. The message names the layer or the argument.

    References
    ----------
    Goodfellow, Shlens and Szegedy, Explaining and harnessing adversarial examples, 2015.
    """
    if getattr(model, "built", False):
        before, after = model.input_shape[1:], model.output_shape[1:]
        if before not in DIGIT_SHAPES or after != (10,):
            raise ValueError(f"model must turn (8, 8, 1), (8, 8) or (64,) into (10,), got {before} into {after}")
        if model.count_params() > SHARP_UP_TO:
            raise ValueError(
                f"model must have at most {SHARP_UP_TO:,} parameters to be attacked in a page, "
                f"got {model.count_params():,}"
            )
    network = export_keras(model)
    if (examples is None) != (labels is None):
        raise ValueError("examples and labels go together: give both or neither")
    pictures, digits = _test_digits() if examples is None else _pictures(examples, labels)
    budget = number("epsilon", plain(epsilon), 0, LARGEST_BUDGET)
    alt = (
        f"A digit, a small change and their sum, beside bars with the probability of each digit by a network of "
        f"{model.count_params():,} weights. A slider sets how far a pixel may move; the wanted answer can be chosen. "
        "Gradient steps can be compared with noise of equal size."
    )
    lesson = [
        "Carried on to the input, backpropagation says in which direction each of the 64 pixels raises the loss. Move all "
        "of them a little that way, and the answer flips, often to a wrong digit of which the network is sure. To a person "
        "the digit still looks the same.",
        "Noise that moves every pixel by the same amount, up or down at random, mostly changes nothing: its effects cancel, "
        "while the effects of the attack all add up.",
    ]
    return Interactive("adversarial", alt, lesson, network=network, examples=pictures, labels=digits, epsilon=budget)
