"""Pack a small transformer for the page, where transformer.js computes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ..networks.transformers.sizes import Config, shapes
from .packing import pack, rounded

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

MOST_WEIGHTS = 400_000


def needed(weights: Mapping[str, Any], config: Config) -> dict[str, Array]:
    """Check the weights that the page computes with, and leave out the others.

    Parameters
    ----------
    weights : mapping of str to array_like
        Named and shaped as `course_utils.networks.transformers.shapes` says; of a bidirectional model with
        its head for masked words. There may be more.
    config : Config

    Returns
    -------
    dict of str to ndarray, float32

    Raises
    ------
    TypeError
        If `weights` is no mapping, or `config` no Config.
    ValueError
        If a weight is missing, has another shape or isn't finite, or there are too many.
    """
    import numpy as np

    if not isinstance(weights, Mapping):
        raise TypeError(f"weights must map names to arrays, got {type(weights).__name__}")
    if not isinstance(config, Config):
        raise TypeError(f"config must be a networks.transformers.Config, got {type(config).__name__}")
    found = {}
    for name, shape in shapes(config, () if config.causal else ("masked",)).items():
        if name not in weights:
            raise ValueError(f"weights must hold {name!r}; they hold {', '.join(list(weights)[:4])} …")
        found[name] = np.asarray(weights[name], "float32")
        if found[name].shape != shape:
            raise ValueError(f"weights[{name!r}] must have shape {shape}, got {found[name].shape}")
        if not np.isfinite(found[name]).all():
            raise ValueError(f"weights[{name!r}] must be finite numbers")
    count = sum(array.size for array in found.values())
    if count > MOST_WEIGHTS:
        raise ValueError(f"weights must be at most {MOST_WEIGHTS:,} numbers to travel with a page, got {count:,}")
    return found


def _finer(config: Config) -> dict[str, float]:
    """How many times finer than the others some matrices are rounded: measured on the checkpoints of the course.

    What enters the sum of all layers first, and few numbers, costs most bits of the text when it is rounded.
    """
    finer = {name: 2.0 for name in shapes(config, ()) if name.startswith("layer0.")}
    finer |= {"layer0.qkv": 4.0, "positions": 12.0, "segments": 12.0}
    return finer | ({"tokens": 12.0} if config.causal else {})


def export_transformer(
    weights: Mapping[str, Any], config: Config, *, bits: float = 5.5, texts: Mapping[str, str] | None = None
) -> dict[str, object]:
    """Pack a transformer, and texts beside it, into what JSON can hold.

    Parameters
    ----------
    weights : mapping of str to array_like
        As for `needed`.
    config : Config
    bits : float, default 5.5
        How many bits each weight of a matrix takes on average, from 1 to 12.
    texts : mapping of str to str, optional
        Packed with it, without loss.

    Returns
    -------
    dict
        ``config`` and ``packed``.
    """
    chosen = needed(weights, config)
    return {"config": asdict(config), "packed": pack(chosen, bits, texts, _finer(config))}


def packed_weights(weights: Mapping[str, Any], config: Config, *, bits: float = 5.5) -> dict[str, Array]:
    """Return the weights as the page will hold them, to measure what packing costs.

    Parameters
    ----------
    weights, config, bits
        As for `export_transformer`.

    Returns
    -------
    dict of str to ndarray, float32
    """
    return rounded(needed(weights, config), bits, _finer(config))
