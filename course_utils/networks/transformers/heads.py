"""What stands on top of the encoder."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from course_utils.networks.transformers.encoder import layer_norm

Tensor = Any


def masked_logits(
    weights: Mapping[str, Any],
    hidden: Tensor,
    positions: Any,
    *,
    activation: str = "gelu",
    epsilon: float = 1e-12,
) -> Tensor:
    """Score every symbol at the masked places only, as BERT does.

    Dense layer, GELU and layer norm, then the table of the tokens once more, and a bias.

    Parameters
    ----------
    weights : mapping
    hidden : tensor of shape (n, time, width)
        From `encode`.
    positions : int array or tensor of shape (n, k)
        Places in each sequence.
    activation, epsilon
        As in the config.

    Returns
    -------
    tensor of shape (n, k, vocabulary)

    Raises
    ------
    ValueError
        If a shape doesn't fit, or the weights lack this head.
    """
    hidden, positions = _hidden(hidden), tf.convert_to_tensor(positions)
    _need(weights, "masked", "masked.scale", "decoder.bias")
    if not positions.dtype.is_integer or positions.shape.rank != 2:
        raise ValueError(
            f"positions must be whole numbers of shape (n, k), got {positions.dtype.name} {tuple(positions.shape)}"
        )
    rows = tf.range(tf.shape(hidden)[0])[:, None] * hidden.shape[1] + tf.cast(positions, tf.int32)
    x = tf.gather(tf.reshape(hidden, [-1, hidden.shape[2]]), tf.reshape(rows, [-1]))  # (n * k, width)
    x = tf.nn.gelu(tf.matmul(x, weights["masked"]) + weights["masked.bias"], approximate=activation == "gelu_tanh")
    x = layer_norm(x, weights["masked.scale"], weights["masked.shift"], epsilon)
    scores = tf.matmul(x, weights["tokens"], transpose_b=True) + weights["decoder.bias"]
    return tf.reshape(scores, [tf.shape(hidden)[0], positions.shape[1], weights["tokens"].shape[0]])


def pooled(weights: Mapping[str, Any], hidden: Tensor) -> Tensor:
    """One vector for each sequence: tanh of a dense layer on its first place.

    Parameters
    ----------
    weights : mapping
    hidden : tensor of shape (n, time, width)

    Returns
    -------
    tensor of shape (n, width)

    Raises
    ------
    ValueError
        If a shape doesn't fit, or the weights lack this head.
    """
    hidden = _hidden(hidden)
    _need(weights, "pooler")
    return tf.tanh(tf.matmul(hidden[:, 0], weights["pooler"]) + weights["pooler.bias"])


def next_sentence_logits(weights: Mapping[str, Any], hidden: Tensor) -> Tensor:
    """Score whether the second segment doesn't, or does, come next.

    Parameters
    ----------
    weights : mapping
    hidden : tensor of shape (n, time, width)

    Returns
    -------
    tensor of shape (n, 2)
        Column 1 is for "comes next".

    Raises
    ------
    ValueError
        If a shape doesn't fit, or the weights lack this head.
    """
    _need(weights, "next_sentence")
    return tf.matmul(pooled(weights, hidden), weights["next_sentence"]) + weights["next_sentence.bias"]


def logits(weights: Mapping[str, Any], hidden: Tensor) -> Tensor:
    """Score every symbol at every place, with the table of the tokens once more, as GPT-2 does.

    Parameters
    ----------
    weights : mapping
    hidden : tensor of shape (n, time, width)

    Returns
    -------
    tensor of shape (n, time, vocabulary)

    Raises
    ------
    ValueError
        If `hidden` has another shape.
    """
    hidden = _hidden(hidden)
    _need(weights, "tokens")
    scores = tf.matmul(tf.reshape(hidden, [-1, hidden.shape[2]]), weights["tokens"], transpose_b=True)
    return tf.reshape(scores, [tf.shape(hidden)[0], hidden.shape[1], weights["tokens"].shape[0]])


def _hidden(hidden: Any) -> Tensor:
    hidden = tf.convert_to_tensor(hidden)
    if hidden.shape.rank != 3:
        raise ValueError(f"hidden must be (n, time, width), got {tuple(hidden.shape)}")
    return hidden


def _need(weights: Mapping, *names: str) -> None:
    for name in names:
        if name not in weights:
            raise ValueError(f"weights must hold {name!r}: draw them with that head, see first_weights")
