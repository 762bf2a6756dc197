"""The encoder: embedding, attention, feed-forward, layer norm and dropout, made so that XLA is fast.

Three things do that. Queries, keys and values are one product. Tokens of all sequences are rows of one
matrix wherever they don't look at each other. And dropout needs no store of random numbers: whether an entry is
dropped is a hash of its place and of the seed, which XLA computes where it's used, forward and backward.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from course_utils.networks.transformers.sizes import Config, shapes

Tensor = Any

FAR = -1e9  # score of a place that must not be seen


def layer_norm(x: Tensor, scale: Tensor, shift: Tensor, epsilon: float = 1e-12) -> Tensor:
    """Bring every row to mean 0 and variance 1, then scale and shift its entries.

    Parameters
    ----------
    x : tensor of shape (..., width)
    scale, shift : tensor of shape (width,)
    epsilon : float, default 1e-12

    Returns
    -------
    tensor of the shape of `x`
    """
    centred = x - tf.reduce_mean(x, -1, keepdims=True)
    variance = tf.reduce_mean(centred * centred, -1, keepdims=True)
    return centred * tf.math.rsqrt(variance + epsilon) * scale + shift


def dropped(x: Tensor, rate: float, seed: Any, place: str = "") -> Tensor:
    """Set a share of the entries to zero, and make the others larger by as much.

    The same seed and place drop the same entries: they're chosen by an integer hash (32 bits, two rounds of
    multiplying and shifting) of the entry's number, the seed and the place. Good enough to drop by, not for more.

    Parameters
    ----------
    x : tensor
        Of fewer than 2**31 entries.
    rate : float
        Share that is dropped, from 0 to below 1.
    seed : int or integer tensor
    place : str, default ""
        Where in the network: other places drop other entries.

    Returns
    -------
    tensor of the shape of `x`

    Raises
    ------
    ValueError
        If `rate` is out of range, or `seed` is missing where it's needed.
    """
    _refuse_dropout(rate, seed)
    if not rate:
        return x
    key = _stirred(_word(seed) * np.uint32(0x9E3779B9) + np.uint32(zlib.crc32(place.encode())))
    number = tf.reshape(tf.cast(tf.range(tf.size(x)), tf.uint32), tf.shape(x))
    drawn = tf.cast(tf.bitwise.right_shift(_stirred(number * np.uint32(0x9E3779B9) + key), np.uint32(1)), tf.int32)
    return tf.where(drawn >= int(rate * 2**31), x * (1 / (1 - rate)), tf.zeros_like(x))


def _word(seed: Any) -> Tensor:
    if not tf.is_tensor(seed):
        return tf.constant(np.uint32(int(seed) % 2**32))
    return tf.cast(seed, tf.uint32)


def _stirred(x: Tensor) -> Tensor:
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, np.uint32(shift))) * np.uint32(factor)
    return tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(x, np.uint32(16)))


def attention(
    q: Tensor, k: Tensor, v: Tensor, hidden: Tensor = None, *, dropout: float = 0.0, seed: Any = None, place: str = ""
) -> tuple[Tensor, Tensor]:
    """Scaled dot-product attention of all heads.

    Parameters
    ----------
    q, k, v : tensor of shape (n, heads, time, depth)
    hidden : tensor of bool, optional
        True where a query (second axis from the right) must not see a key (last axis); fits
        (n, heads, time, time).
    dropout : float, default 0.0
        Share of the weights that is dropped.
    seed, place
        As for `dropped`.

    Returns
    -------
    mixed : tensor of shape (n, heads, time, depth)
    weights : tensor of shape (n, heads, time, time)
        Before dropout; each row sums to 1.
    """
    scores = tf.matmul(q * (1 / math.sqrt(q.shape[-1])), k, transpose_b=True)
    if hidden is not None:
        scores = tf.where(hidden, tf.constant(FAR, scores.dtype), scores)
    weights = tf.nn.softmax(scores)
    return tf.matmul(dropped(weights, dropout, seed, place), v), weights


@tf.autograph.experimental.do_not_convert  # nothing in here is for AutoGraph
def encode(
    weights: Mapping[str, Any],
    ids: Any,
    segments: Any = None,
    mask: Any = None,
    *,
    config: Config,
    dropout: float = 0.0,
    seed: Any = None,
    return_attention: bool = False,
) -> Any:
    """Turn symbols into vectors that know their neighbours.

    Derived in lecture 13, Transformers. With ``norm="post"`` it's the encoder of BERT, with ``norm="pre"`` and
    ``causal=True`` that of GPT-2.

    Parameters
    ----------
    weights : mapping of str to array, tensor or variable
        With the names and shapes of `shapes`; there may be more.
    ids : int array or tensor of shape (n, time)
        From 0 to vocabulary - 1; time is at most ``config.length``.
    segments : int array or tensor of shape (n, time), optional
        From 0 to segments - 1; all 0 when left out.
    mask : bool, int or float array or tensor of shape (n, time), optional
        1 for a symbol, 0 for padding, which nothing may look at. All 1 when left out.
    config : Config
    dropout : float, default 0.0
        As in BERT: after the embedding, on the attention weights, and at the end of each part.
    seed : int or integer tensor, optional
        Needed with dropout: another one for every update.
    return_attention : bool, default False

    Returns
    -------
    hidden : tensor of shape (n, time, width)
        In a pre-norm model after its last norm.
    attention : tensor of shape (layers, n, heads, time, time)
        Only with `return_attention`.

    Raises
    ------
    ValueError
        If a weight is missing, or an argument has another shape or kind.
    """
    _refuse_dropout(dropout, seed)
    ids, segments, hidden = _checked(weights, ids, segments, mask, config)
    n, time, width = tf.shape(ids)[0], ids.shape[1], config.width
    depth, kinds = width // config.heads, []

    def norm(x: Tensor, name: str) -> Tensor:
        return layer_norm(x, weights[f"{name}.scale"], weights[f"{name}.shift"], config.epsilon)

    def dense(x: Tensor, name: str) -> Tensor:
        return tf.matmul(x, weights[name]) + weights[f"{name}.bias"]

    def mix(x: Tensor, layer: str) -> Tensor:
        qkv = tf.reshape(dense(x, f"{layer}.qkv"), [n, time, 3, config.heads, depth])
        q, k, v = tf.unstack(tf.transpose(qkv, [2, 0, 3, 1, 4]))  # (n, heads, time, depth) each
        mixed, seen = attention(q, k, v, hidden, dropout=dropout, seed=seed, place=f"{layer}.seen")
        kinds.append(seen)
        mixed = tf.reshape(tf.transpose(mixed, [0, 2, 1, 3]), [-1, width])  # (n * time, width)
        return dropped(dense(mixed, f"{layer}.mixed"), dropout, seed, f"{layer}.mixed")

    def forward(x: Tensor, layer: str) -> Tensor:
        x = tf.nn.gelu(dense(x, f"{layer}.inner"), approximate=config.activation == "gelu_tanh")
        return dropped(dense(x, f"{layer}.outer"), dropout, seed, f"{layer}.outer")

    x = tf.gather(weights["tokens"], ids) + weights["positions"][:time]
    if config.segments:
        x += weights["segments"][0] if segments is None else tf.gather(weights["segments"], segments)
    x = tf.reshape(x, [-1, width])  # (n * time, width)
    if config.norm == "post":
        x = norm(x, "embedding")
    x = dropped(x, dropout, seed, "embedding")
    for number in range(config.layers):
        layer = f"layer{number}"
        if config.norm == "post":
            x = norm(x + mix(x, layer), f"{layer}.attention")
            x = norm(x + forward(x, layer), f"{layer}.forward")
        else:
            x += mix(norm(x, f"{layer}.attention"), layer)
            x += forward(norm(x, f"{layer}.forward"), layer)
    if config.norm == "pre":
        x = norm(x, "last")
    x = tf.reshape(x, [n, time, width])
    return (x, tf.stack(kinds)) if return_attention else x


# Arguments


def _refuse_dropout(rate: float, seed: Any) -> None:
    if not 0 <= rate < 1:
        raise ValueError(f"dropout must be from 0 to below 1, got {rate!r}")
    if rate and seed is None:
        raise ValueError("seed must be given with dropout: another one for every update")


def _checked(weights: Mapping, ids: Any, segments: Any, mask: Any, config: Config) -> tuple:
    """Arguments as tensors, and what must not be seen."""
    for name, shape in shapes(config, ()).items():
        if name not in weights:
            raise ValueError(f"weights must hold {name!r}; they hold {', '.join(list(weights)[:4])} …")
        if tuple(weights[name].shape) != shape:
            raise ValueError(f"weights[{name!r}] must have shape {shape}, got {tuple(weights[name].shape)}")
    ids = _whole("ids", ids, config.vocabulary)
    if ids.shape.rank != 2 or ids.shape[1] is None or not 1 <= ids.shape[1] <= config.length:
        raise ValueError(f"ids must have shape (n, time) with a time of 1 to {config.length}, got {ids.shape}")
    if segments is not None:
        if not config.segments:
            raise ValueError("segments must be left out: this config has none")
        segments = _whole("segments", segments, config.segments)
        _refuse_unlike("segments", segments, ids)
    hidden = None
    if mask is not None:
        mask = tf.convert_to_tensor(mask)
        _refuse_unlike("mask", mask, ids)
        hidden = tf.logical_not(tf.cast(mask, tf.bool))[:, None, None, :]
    if config.causal:
        later = tf.constant(np.triu(np.ones((ids.shape[1], ids.shape[1]), bool), 1))
        hidden = later if hidden is None else tf.logical_or(hidden, later)
    return ids, segments, hidden


def _whole(name: str, given: Any, count: int) -> Tensor:
    if not tf.is_tensor(given):  # a tensor may not be known yet, and costs time to look at
        given = np.asarray(given)
        if given.dtype.kind in "iu" and given.size and not 0 <= given.min() <= given.max() < count:
            raise ValueError(f"{name} must be from 0 to {count - 1}, got {given.min()} to {given.max()}")
    given = tf.convert_to_tensor(given)
    if not given.dtype.is_integer:
        raise ValueError(f"{name} must be whole numbers, got {given.dtype.name}")
    return given


def _refuse_unlike(name: str, given: Tensor, ids: Tensor) -> None:
    if not given.shape.is_compatible_with(ids.shape) or given.shape.rank != 2:
        raise ValueError(f"{name} must have the shape of ids, {tuple(ids.shape)}, got {tuple(given.shape)}")
