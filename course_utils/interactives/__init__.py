"""Interactive figures of the lectures: one function per figure.

Each returns a display object. As the last line of a cell it shows itself; see
`course_utils.interactives.base` for how it stays alive without a kernel.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from .adversarial import adversarial
from .arguments import number, pair, plain, points, whole
from .attention import translate_numbers
from .backprop import computation_graph, playground
from .base import Interactive
from .cnns import convolution, draw_digit
from .dqn import grid_world
from .gans import gan_playground, latent_explorer
from .lstms import gate_valves
from .maps import picture_map
from .rnns import error_surface
from .transformers import attention_heads, masked_words

__all__ = [
    "Interactive",
    "adversarial",
    "attention_heads",
    "computation_graph",
    "convolution",
    "draw_digit",
    "error_surface",
    "gan_playground",
    "gate_valves",
    "grid_world",
    "latent_explorer",
    "masked_words",
    "perceptron",
    "picture_map",
    "playground",
    "sigmoid_ramp",
    "translate_numbers",
]

DATASETS = ("and", "or", "xor", "random")
STEEPNESS = (0.25, 20.0)


def perceptron(
    dataset: str | Sequence[Sequence[float]] = "and",
    *,
    weights: Sequence[float] = (0.0, 0.0),
    threshold: float = 0.0,
    seed: int = 1,
) -> Interactive:
    """Show one neuron, its line, and the perceptron rule one mistake at a time.

    The reader drags points and the line, flips labels, corrects one mistake or
    all of them, and sees the mistakes, the best margin and the bound (R/margin)².

    Parameters
    ----------
    dataset : {"and", "or", "xor", "random"} or sequence of [x, y, label]
        Points to begin with, 40 at most. A label is 1 or -1. The rule visits
        them in this order.
    weights : sequence of two floats, default (0, 0)
        Weights of the line to begin with. The rule starts from them.
    threshold : float, default 0
        The neuron says +1 where ``weights @ x - threshold > 0``.
    seed : int, default 1
        Which random points "random" shows.

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

    Examples
    --------
    >>> perceptron("xor").name
    'perceptron'
    """
    props: dict[str, object] = {}
    if isinstance(dataset, str):
        if dataset not in DATASETS:
            allowed = ", ".join(f'"{name}"' for name in DATASETS)
            raise ValueError(f"dataset must be one of {allowed} or a list of [x, y, label], got {dataset!r}")
        props["dataset"], what = dataset, _NAMED[dataset]
    elif hasattr(dataset, "__iter__"):
        props["dataset"], props["points"] = "", points(dataset)
        what = f"{len(props['points'])} given points"
    else:
        raise TypeError(f"dataset must be a name or a list of [x, y, label], got {dataset!r}")
    start = pair("weights", weights, 100)
    start.append(number("threshold", plain(threshold), -100, 100))
    if any(start):
        props["weights"] = start
    props["seed"] = whole("seed", seed, 0, 2**31 - 1)

    alt = (
        f"A plane with {what}: blue circles are +1, orange squares are -1, and the side of the line where "
        "the neuron says +1 is shaded. Drag points or the line, or let the perceptron rule correct one mistake at a time."
    )
    lesson = [
        "The rule starts with all weights at zero and visits the points in turn. When a point is on the wrong side, "
        "or on the line, the weight vector moves toward it if it is +1 and away from it if it is -1, and the "
        "threshold moves by one the other way.",
        "On AND and OR the mistakes end, after at most (R/γ)² of them: R is the length of the longest example, γ the "
        "best margin that any line has. On XOR no line has a margin. The weights come back to values they had before, "
        "and the rule goes round for ever.",
    ]
    return Interactive("perceptron", alt, lesson, **props)


_NAMED = {
    "and": "the four points of AND, of which only (1, 1) is +1",
    "or": "the four points of OR, of which only (0, 0) is -1",
    "xor": "the four points of XOR, of which (0, 1) and (1, 0) are +1 and no line separates the classes",
    "random": "twelve random points that a line can separate",
}


def sigmoid_ramp(
    steepness: float = 1.0, *, weights: Sequence[float] = (2.0, -1.0), threshold: float = 1.0
) -> Interactive:
    """Show how a threshold neuron becomes a smooth ramp.

    The reader changes the steepness k and the threshold t, and moves a probe
    that reads off the probability and its log-loss.

    Parameters
    ----------
    steepness : float, default 1
        Factor k in sigmoid(k (w · x - t)), from 0.25 to 20.
    weights : sequence of two floats, default (2, -1)
        Weights w, not both zero.
    threshold : float, default 1
        Threshold t to begin with.

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

    Examples
    --------
    >>> sigmoid_ramp(4).props["steepness"]
    4.0
    """
    normal = pair("weights", weights, 10)
    if math.hypot(*normal) < 0.1:
        raise ValueError(f"weights must be longer than 0.1, or there is no ramp, got {normal}")
    props = {
        "steepness": number("steepness", plain(steepness), *STEEPNESS),
        "weights": normal,
        "threshold": number("threshold", plain(threshold), -20, 20),
    }
    alt = (
        "Two linked pictures of one neuron. Left: the probability of +1 against the weighted sum, a smooth ramp over "
        "a dashed step. Right: the same probability over the plane of the two inputs, with its line. A slider sets the "
        "steepness, and a probe reads off the probability and the log-loss."
    )
    lesson = [
        "On the line the neuron gives both classes one half, however steep the ramp is. A distance of one in the weighted "
        "sum gives +1 a probability of 0.62 at steepness 0.5, of 0.73 at 1, of 0.98 at 4, and all but certainty at 20.",
        "The log-loss is minus the logarithm of the probability that the right class got. Being right and sure costs next "
        "to nothing; being wrong and sure costs about as much as the steepness times the distance.",
    ]
    return Interactive("sigmoid_ramp", alt, lesson, **props)
