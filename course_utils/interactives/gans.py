"""The figures of lecture 16_gans: a forger and a judge that train in the page, and a walk through a generator's latent space."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from .arguments import number, one_of, plain, whole
from .base import Interactive
from .export import export_keras

_DATA = {
    "ring": "a ring of eight islands",
    "two": "two islands",
    "moon": "a moon",
    "line": "a line",
}
LOSSES = ("minimax", "non-saturating", "least squares", "Wasserstein")
REMEDIES = ("none", "gradient penalty", "R1", "spectral norm")
SMALLEST_RATE, LARGEST_RATE, MOST_MOVES = 0.0001, 0.1, 10

MOST_WEIGHTS, SHARP_UP_TO = 15_000, 7_000
FEWEST_INPUTS, MOST_INPUTS = 2, 64
MOST_DIRECTIONS, LONGEST_NAME = 4, 16
PICTURE_SHAPES = ((64,), (8, 8), (8, 8, 1))


def gan_playground(
    dataset: str = "ring",
    *,
    loss: str = "non-saturating",
    remedy: str = "none",
    generator_rate: float = 0.001,
    discriminator_rate: float = 0.004,
    discriminator_steps: int = 1,
    arrows: bool = False,
    seed: int = 1,
) -> Interactive:
    """Show a GAN in the plane that trains in the reader's page: forged points, the judge's verdict, coverage and losses.

    The reader chooses data, loss, remedy, both learning rates and the judge's moves
    a step, and plays one step, a hundred, or without a stop. Derived in 16_gans,
    "Eight islands" to "Four losses, three remedies".

    Parameters
    ----------
    dataset : {"ring", "two", "moon", "line"}
        Real points in the plane from -3 to 3, with a spread of 0.15.
    loss : {"non-saturating", "minimax", "least squares", "Wasserstein"}
        What both players minimise.
    remedy : {"none", "gradient penalty", "R1", "spectral norm"}
        What keeps the judge from growing steep.
    generator_rate, discriminator_rate : float, default 0.001 and 0.004
        Learning rates of the forger and the judge, from 0.0001 to 0.1.
    discriminator_steps : int, default 1
        Moves of the judge for one of the forger, from 1 to 10.
    arrows : bool, default False
        Whether to begin with arrows that show where forged points are pushed.
    seed : int, default 1
        Chooses the first weights and all that is drawn later.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If a rate is not a number, or `arrows` neither True nor False.
    ValueError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> gan_playground("two", remedy="R1").props["remedy"]
    'R1'
    """
    if not isinstance(arrows, bool):
        raise TypeError(f"arrows must be True or False, got {arrows!r}")
    props = {
        "set": one_of("dataset", dataset, _DATA),
        "loss": one_of("loss", loss, LOSSES),
        "remedy": one_of("remedy", remedy, REMEDIES),
        "forgerRate": _rate("generator_rate", generator_rate),
        "judgeRate": _rate("discriminator_rate", discriminator_rate),
        "rounds": whole("discriminator_steps", discriminator_steps, 1, MOST_MOVES),
        "arrows": arrows,
        "seed": whole("seed", seed, 0, 2**31 - 1),
    }
    alt = (
        f"A plane with {_DATA[dataset]} of real points, blue circles, and forged ones, orange squares. A tint shows where the "
        "judge says real or forged. Forger and judge train step by step; beside them: how many places are covered, and both "
        "losses. Loss, remedy and rates can be changed."
    )
    lesson = [
        "The forger turns two random numbers into a point and never sees the data: it follows the judge's slope. With a judge "
        "that learns four times as fast, it serves all eight islands within 1,500 steps. With a forger that learns forty "
        "times as fast, all its points crowd together and run from place to place: mode collapse.",
        "A judge that is sure of every forgery stops a forger with the minimax loss, whose slope is next to zero there; the "
        "non-saturating loss still pushes. A Wasserstein judge without a limit grows ever steeper, and the forger covers "
        "hardly half of the islands. Switch the gradient penalty on, and the same game covers all of them.",
    ]
    return Interactive("gan_playground", alt, lesson, **props)


def _rate(name: str, value: object) -> float:
    """Check a learning rate. A link keeps four decimals of it."""
    return round(number(name, plain(value), SMALLEST_RATE, LARGEST_RATE), 4)


def latent_explorer(
    generator: Any,
    directions: Mapping[str, Sequence[float]] | None = None,
    *,
    axes: Sequence[int | str] | None = None,
    precision: str | None = None,
    seed: int = 1,
) -> Interactive:
    """Show the digit that a small generator makes, wherever the reader goes in its latent space.

    A pad moves along two axes, over a map of the digits there; sliders move along
    named directions; a walk leads from one digit to another.

    Parameters
    ----------
    generator : keras.Sequential
        Trained network that turns a latent vector of shape (d,), d from 2 to 64, into
        a picture of shape (64,), (8, 8) or (8, 8, 1), with at most 15,000 weights. See
        `export.export_keras` for the layers that it may have. Its latent vectors are
        taken as normal with mean 0 and spread 1. The picture goes from 0 (paper) to
        1 (ink), or from -1 to 1 where the last activation is tanh.
    directions : mapping of str to array_like of shape (d,), optional
        At most four named directions, like ``{"slant": heading}``. Each is scaled to
        length 1. A slider shows how far the latent vector reaches along it.
    axes : sequence of two int or str, optional
        What the pad shows to begin with, across and up: a latent number, counted
        from 0, or the name of a direction. Without it the first direction and the
        first latent number, or the first two numbers.
    precision : {"float32", "float16"}, optional
        How the weights travel; float16 for more than 7,000 unless it is given.
    seed : int, default 1
        Which digits "New digit" shows, one after the other.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If `generator` is no Keras Sequential, or `directions` no mapping.
    ValueError
        If the network can't be computed in the page, or an argument has the wrong
        shape. The message names the layer or the argument.
    """
    if getattr(generator, "built", False):
        before, after = generator.input_shape[1:], generator.output_shape[1:]
        fits = len(before) == 1 and before[0] and FEWEST_INPUTS <= before[0] <= MOST_INPUTS
        if not fits or after not in PICTURE_SHAPES:
            raise ValueError(
                f"generator must turn (d,), d from {FEWEST_INPUTS} to {MOST_INPUTS}, into (64,), (8, 8) or (8, 8, 1), "
                f"got {before} into {after}"
            )
        if generator.count_params() > MOST_WEIGHTS:
            raise ValueError(
                f"generator must have at most {MOST_WEIGHTS:,} weights to travel with a page, "
                f"got {generator.count_params():,}"
            )
    sharp = getattr(generator, "built", False) and generator.count_params() <= SHARP_UP_TO
    network = export_keras(
        generator, precision=precision or ("float32" if sharp else "float16"), ends="values"
    )
    if any(layer.get("activation") == "softmax" for layer in network["layers"]):
        raise ValueError("generator must not hold a softmax: its numbers are ink, not probabilities")
    size = network["input"][0]
    named = _directions(directions, size)
    if axes is None:
        axes = (next(iter(named)), 0) if named else (0, 1)
    finishing = [
        layer["activation"]
        for layer in network["layers"]
        if layer["type"] != "shape" and "activation" in layer
    ]
    last = [layer for layer in network["layers"] if layer["type"] != "shape"][-1:]
    low = -1 if last and finishing and last[0].get("activation") == "tanh" else 0
    words = f", sliders for {' and '.join(named)}" if named else ""
    alt = (
        f"A digit of 8 by 8 pixels that a generator of {generator.count_params():,} weights makes from {size} random numbers. "
        f"A pad moves two of them over a map of the digits there{words}. Below, a walk from one digit to another in nine pictures."
    )
    lesson = [
        f"A latent vector of {size} random numbers is all that the generator gets. Neighbouring vectors give digits that look "
        "alike, so a straight walk between two of them passes through pictures that change little by little. Half way there "
        "is a picture too: at times a digit, at times a mixture that nobody would write.",
        f"Random vectors have a length of about {math.sqrt(size):.1f}, the root of their count. The middle of the space, all "
        "zeros, and places far outside were hardly ever met in training, and what the generator makes there shows it.",
    ]
    return Interactive(
        "latent_explorer",
        alt,
        lesson,
        network=network,
        directions=[[name, [round(v, 5) for v in unit]] for name, unit in named.items()],
        axes=_axes(axes, named, size),
        low=low,
        seed=whole("seed", seed, 0, 2**31 - 1),
    )


def _directions(directions: Mapping[str, Sequence[float]] | None, size: int) -> dict[str, list[float]]:
    """Check named directions and scale each to length 1."""
    if directions is None:
        return {}
    if not isinstance(directions, Mapping):
        raise TypeError(
            f"directions must map names to vectors, like {{'slant': heading}}, got {directions!r}"
        )
    if len(directions) > MOST_DIRECTIONS:
        raise ValueError(f"directions must hold at most {MOST_DIRECTIONS} vectors, got {len(directions)}")
    units = {}
    for name, vector in directions.items():
        if not isinstance(name, str) or not 1 <= len(name.strip()) <= LONGEST_NAME:
            raise ValueError(f"directions must have names of 1 to {LONGEST_NAME} signs, got {name!r}")
        values = vector.tolist() if hasattr(vector, "tolist") else vector
        if isinstance(values, str) or not hasattr(values, "__iter__"):
            raise TypeError(f"directions[{name!r}] must hold {size} numbers, got {vector!r}")
        row = [number(f"directions[{name!r}][{i}]", plain(v), -1e6, 1e6) for i, v in enumerate(values)]
        if len(row) != size:
            raise ValueError(
                f"directions[{name!r}] must hold {size} numbers, as many as the latent vector, got {len(row)}"
            )
        length = math.hypot(*row)
        if length < 1e-9:
            raise ValueError(f"directions[{name!r}] must be longer than 0")
        units[name.strip()] = [v / length for v in row]
    return units


def _axes(axes: Sequence[int | str], named: Mapping[str, object], size: int) -> list[int]:
    """Check the axes of the pad; returns their places among latent numbers and then directions."""
    if isinstance(axes, str) or not hasattr(axes, "__iter__"):
        raise TypeError(f"axes must hold two latent numbers or names of directions, got {axes!r}")
    chosen = [plain(axis) for axis in axes]
    if len(chosen) != 2 or chosen[0] == chosen[1]:
        raise ValueError(f"axes must hold two different axes, got {chosen}")
    names = list(named)
    return [
        size + names.index(one_of(f"axes[{i}]", axis, names))
        if isinstance(axis, str)
        else whole(f"axes[{i}]", axis, 0, size - 1)
        for i, axis in enumerate(chosen)
    ]
