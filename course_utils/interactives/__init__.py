"""Interactive figures of the lectures: one function per figure.

Each returns a display object. As the last line of a cell it shows itself; see
`course_utils.interactives.base` for how it stays alive without a kernel.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from numbers import Real

from .base import Interactive

__all__ = ["Interactive", "perceptron", "playground", "sigmoid_ramp"]

DATASETS = ("and", "or", "xor", "random")
MAX_POINTS = 40
STEEPNESS = (0.25, 20.0)


def _number(name: str, value: object, low: float, high: float) -> float:
    """Check one number against its range."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")
    if not low <= value <= high:  # also catches NaN
        raise ValueError(f"{name} must be from {low:g} to {high:g}, got {value!r}")
    return float(value)


def _points(dataset: Sequence[Sequence[float]]) -> list[list[float]]:
    """Check points given as rows [x, y, label]."""
    rows = [list(row) if hasattr(row, "__iter__") else row for row in dataset]
    if not 1 <= len(rows) <= MAX_POINTS:
        raise ValueError(f"dataset must hold 1 to {MAX_POINTS} points, got {len(rows)}")
    points = []
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 3:
            raise ValueError(f"dataset[{i}] must be [x, y, label], got {row!r}")
        x, y = (_number(f"dataset[{i}][{k}]", _plain(row[k]), -100, 100) for k in range(2))
        label = _plain(row[2])
        if label not in (-1, 1):
            raise ValueError(f"dataset[{i}][2], the label, must be 1 or -1, got {label!r}")
        points.append([x, y, int(label)])
    return points


def _pair(name: str, values: object, most: float) -> list[float]:
    """Check two numbers, none larger than `most`."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must hold two numbers, got {values!r}")
    pair = [_plain(value) for value in values]
    if len(pair) != 2:
        raise ValueError(f"{name} must hold two numbers, got {len(pair)}")
    return [_number(f"{name}[{i}]", value, -most, most) for i, value in enumerate(pair)]


def _plain(value: object) -> object:
    """Turn a NumPy scalar into a Python number."""
    return value.item() if hasattr(value, "item") else value


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
        props["dataset"], props["points"] = "", _points(dataset)
        what = f"{len(props['points'])} given points"
    else:
        raise TypeError(f"dataset must be a name or a list of [x, y, label], got {dataset!r}")
    start = _pair("weights", weights, 100)
    start.append(_number("threshold", _plain(threshold), -100, 100))
    if any(start):
        props["weights"] = start
    seed = _plain(seed)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise ValueError(f"seed must be a whole number from 0 to {2**31 - 1}, got {seed!r}")
    props["seed"] = seed

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
    pair = _pair("weights", weights, 10)
    if math.hypot(*pair) < 0.1:
        raise ValueError(f"weights must be longer than 0.1, or there is no ramp, got {pair}")
    props = {
        "steepness": _number("steepness", _plain(steepness), *STEEPNESS),
        "weights": pair,
        "threshold": _number("threshold", _plain(threshold), -20, 20),
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


_CLASSES = {
    "circle": "a disc of +1 inside a ring of -1",
    "xor": "four squares of points, where opposite corners belong together",
    "gaussians": "two round clouds side by side",
    "spiral": "two arms that wind round each other",
}
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
PENALTIES = ("none", "L1", "L2")


def _one_of(name: str, value: object, allowed: Iterable[str]) -> str:
    """Check a name against those allowed."""
    if value not in (allowed := list(allowed)):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
    return value


def _whole(name: str, value: object, low: int, high: int) -> int:
    """Check one whole number against its range."""
    value = _plain(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, got {value!r}")
    return value


def playground(
    dataset: str = "circle",
    *,
    hidden: Sequence[int] = (4, 2),
    activation: str = "tanh",
    learning_rate: float = 0.03,
    regularisation: str = "none",
    regularisation_rate: float = 0.003,
    batch_size: int = 10,
    noise: float = 0.0,
    seed: int = 1,
) -> Interactive:
    """Show a small network that trains in the reader's page, every unit's picture with it.

    The reader chooses data, layers, units, activation, learning rate, regularisation,
    batch size and noise, and trains by one batch, by one epoch, or without a stop.

    Parameters
    ----------
    dataset : {"circle", "xor", "gaussians", "spiral"}
        200 points to train on and 200 to test, in the plane from -6 to 6.
    hidden : sequence of int, default (4, 2)
        Units in each hidden layer: at most 4 layers of 1 to 8 units, or none.
    activation : {"tanh", "relu", "sigmoid", "linear"}
        Activation of the hidden units. The output is a sigmoid.
    learning_rate : float, default 0.03
        From 0.0001 to 10.
    regularisation : {"none", "L1", "L2"}
        Penalty on the weights; biases stay free.
    regularisation_rate : float, default 0.003
        Strength of the penalty, from 0.0001 to 1.
    batch_size : int, default 10
        Points per step, from 1 to 200.
    noise : float, default 0
        Standard deviation added to each coordinate, from 0 to 2.
    seed : int, default 1
        Chooses the data and the first weights.

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
    >>> playground("xor", hidden=[2]).props["hidden"]
    [2]
    """
    if isinstance(hidden, str) or not hasattr(hidden, "__iter__"):
        raise TypeError(f"hidden must hold the units of each layer, like (4, 2), got {hidden!r}")
    layers = [_whole(f"hidden[{i}]", units, 1, 8) for i, units in enumerate(hidden)]
    if len(layers) > 4:
        raise ValueError(f"hidden must hold at most 4 layers, got {len(layers)}")
    props = {
        "set": _one_of("dataset", dataset, _CLASSES),
        "hidden": layers,
        "activation": _one_of("activation", activation, ACTIVATIONS),
        "rate": _number("learning_rate", _plain(learning_rate), 0.0001, 10),
        "penalty": _one_of("regularisation", regularisation, PENALTIES),
        "strength": _number("regularisation_rate", _plain(regularisation_rate), 0.0001, 1),
        "batch": _whole("batch_size", batch_size, 1, 200),
        "noise": _number("noise", _plain(noise), 0, 2),
        "seed": _whole("seed", seed, 0, 2**31 - 1),
    }
    sizes = "-".join(map(str, [2, *layers, 1]))
    alt = (
        f"A {sizes} network on {_CLASSES[dataset]}. Each unit is a small picture of its output over the plane, each weight "
        "a line: blue above zero, dashed orange below, thick if large. Beside it the output with the data, and the loss."
    )
    lesson = [
        "A unit of the first layer splits the plane along a straight line. Later units add up such pictures: three lines "
        "fence in a disc, two parallel lines part the corners of XOR. With linear units, any number of layers still "
        "draws one straight line.",
        "Training moves each weight down the slope of the loss, one batch at a time. On the disc, four tanh units are "
        "right about every point after some 200 epochs at learning rate 0.03; at rate 10 the loss jumps about and stays "
        "above that of a coin, 0.69 nats. Four units are too few for the spiral.",
    ]
    return Interactive("playground", alt, lesson, **props)
