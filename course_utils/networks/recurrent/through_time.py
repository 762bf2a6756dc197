"""LSTM and GRU over whole sequences, forward and backward, as two loops each.

Three things make them fast. What the inputs add to the gates is one product for all steps,
before the loop. The backward loop only carries the blame from step to step; the gradient
of the recurrent weights is one product after it. And XLA can compile both loops.
Everything here has time first: (steps, n, units).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Tensor = Any


def input_gates(x: Tensor, kernel: Tensor, bias: Tensor) -> Tensor:
    """Give what inputs add to the gates, for all steps as one product.

    Derived in lecture 10, Recurrent networks.

    Parameters
    ----------
    x : tensor of shape (n, steps, d)
    kernel : tensor of shape (d, blocks * units)
    bias : tensor of shape (blocks * units,)

    Returns
    -------
    tensor of shape (steps, n, blocks * units)

    Raises
    ------
    ValueError
        If a shape doesn't fit.
    """
    x, kernel, bias = tf.convert_to_tensor(x), tf.convert_to_tensor(kernel), tf.convert_to_tensor(bias)
    if x.shape.rank != 3:
        raise ValueError(f"x must be (n, steps, d), got {_written(x)}")
    _refuse_unlike("kernel", kernel, (x.shape[2], None))
    _refuse_unlike("bias", bias, (kernel.shape[1],))
    return tf.tensordot(tf.transpose(x, [1, 0, 2]), kernel, 1) + bias


def embed_gates(embedding: Tensor, kernel: Tensor, bias: Tensor, ids: Tensor) -> Tensor:
    """Give what embedded symbols add to the gates: a row of a table for each symbol.

    Embedding and product need no look at the sequence: they are folded into one small
    table, and each step looks its row up.

    Parameters
    ----------
    embedding : tensor of shape (symbols, d)
    kernel : tensor of shape (d, blocks * units)
    bias : tensor of shape (blocks * units,)
    ids : tensor of int, shape (n, steps)
        From 0 to symbols - 1.

    Returns
    -------
    tensor of shape (steps, n, blocks * units)

    Raises
    ------
    ValueError
        If a shape doesn't fit, or `ids` are no whole numbers.
    """
    embedding, kernel, bias = (tf.convert_to_tensor(part) for part in (embedding, kernel, bias))
    ids = tf.convert_to_tensor(ids)
    _refuse_unlike("embedding", embedding, (None, None))
    _refuse_unlike("kernel", kernel, (embedding.shape[1], None))
    _refuse_unlike("bias", bias, (kernel.shape[1],))
    if not ids.dtype.is_integer or ids.shape.rank != 2:
        raise ValueError(f"ids must be whole numbers of shape (n, steps), got {ids.dtype.name} {_written(ids)}")
    table = tf.matmul(embedding, kernel) + bias  # (symbols, blocks * units)
    return tf.gather(table, tf.transpose(ids))


def lstm(gates: Tensor, recurrent_kernel: Tensor, h: Tensor = None, c: Tensor = None) -> tuple:
    """Run an LSTM over all steps.

    Derived in lecture 11, LSTMs; its gradient as in lecture 10. The same as
    `keras.layers.LSTM`, in its order of gates: in, forget, candidate, out.

    Parameters
    ----------
    gates : tensor of shape (steps, n, 4 * units)
        What the inputs add before the activations, bias included: from `input_gates` or `embed_gates`.
    recurrent_kernel : tensor of shape (units, 4 * units)
    h, c : tensor of shape (n, units), optional
        States before the first step; zeros when left out.

    Returns
    -------
    hs : tensor of shape (steps, n, units)
        Hidden state after each step.
    h, c : tensor of shape (n, units)
        States after the last one.

    Raises
    ------
    ValueError
        If a shape doesn't fit, or there is no step.
    """
    gates, kernel, h, c = _checked(gates, recurrent_kernel, 4, h=h, c=c)
    hs, c = _lstm(gates, kernel, h, c)
    return hs, hs[-1], c


def gru(gates: Tensor, recurrent_kernel: Tensor, recurrent_bias: Tensor, h: Tensor = None) -> tuple:
    """Run a GRU over all steps.

    Derived in lecture 11, LSTMs. The same as `keras.layers.GRU`, which resets after the
    product; its order of gates: update, reset, candidate.

    Parameters
    ----------
    gates : tensor of shape (steps, n, 3 * units)
        What the inputs add before the activations, the inputs' bias included.
    recurrent_kernel : tensor of shape (units, 3 * units)
    recurrent_bias : tensor of shape (3 * units,)
    h : tensor of shape (n, units), optional
        State before the first step; zeros when left out.

    Returns
    -------
    hs : tensor of shape (steps, n, units)
        State after each step.
    h : tensor of shape (n, units)
        State after the last one.

    Raises
    ------
    ValueError
        If a shape doesn't fit, or there is no step.
    """
    gates, kernel, h = _checked(gates, recurrent_kernel, 3, h=h)
    bias = tf.convert_to_tensor(recurrent_bias, gates.dtype)
    _refuse_unlike("recurrent_bias", bias, (kernel.shape[1],))
    hs = _gru(gates, kernel, bias, h)
    return hs, hs[-1]


# The loops


@tf.custom_gradient
def _lstm(gates: Tensor, kernel: Tensor, h_first: Tensor, c_first: Tensor) -> Any:
    units = kernel.shape[0]

    def forward(t: Any, h: Tensor, c: Tensor) -> tuple:
        z = gates[t] + tf.matmul(h, kernel)
        i, f, o = (tf.sigmoid(z[:, k * units : (k + 1) * units]) for k in (0, 1, 3))
        g = tf.tanh(z[:, 2 * units : 3 * units])
        c = f * c + i * g
        h = o * tf.tanh(c)
        return (h, c), (h, c, tf.concat([i, f, g, o], 1))

    (_, c_last), (hs, cs, opened) = _loop(gates, forward, (h_first, c_first), (units, units, 4 * units))

    def grad(dhs: Tensor, dc_last: Tensor) -> tuple:
        cs_before, back = _before(c_first, cs), tf.transpose(kernel)

        def backward(t: Any, dh: Tensor, dc: Tensor) -> tuple:
            i, f, g, o = tf.split(opened[t], 4, 1)
            squashed = tf.tanh(cs[t])
            dh = dh + dhs[t]
            dc = dc + dh * o * (1 - squashed * squashed)
            di, df, dg = dc * g * i * (1 - i), dc * cs_before[t] * f * (1 - f), dc * i * (1 - g * g)
            dz = tf.concat([di, df, dg, dh * squashed * o * (1 - o)], 1)
            return (tf.matmul(dz, back), dc * f), (dz,)

        start = (tf.zeros_like(h_first), dc_last)
        (dh, dc), (dz,) = _loop(gates, backward, start, (4 * units,), reverse=True)
        return dz, _summed_product(_before(h_first, hs), dz), dh, dc

    return (hs, c_last), grad


@tf.custom_gradient
def _gru(gates: Tensor, kernel: Tensor, bias: Tensor, h_first: Tensor) -> Any:
    units = kernel.shape[0]

    def forward(t: Any, h: Tensor) -> tuple:
        x, recurrent = gates[t], tf.matmul(h, kernel) + bias
        opened = tf.sigmoid(x[:, : 2 * units] + recurrent[:, : 2 * units])
        z, r = opened[:, :units], opened[:, units:]
        memory = recurrent[:, 2 * units :]
        candidate = tf.tanh(x[:, 2 * units :] + r * memory)
        h = z * h + (1 - z) * candidate
        return (h,), (h, tf.concat([opened, candidate, memory], 1))

    _, (hs, kept) = _loop(gates, forward, (h_first,), (units, 4 * units))

    def grad(dhs: Tensor) -> tuple:
        hs_before, back = _before(h_first, hs), tf.transpose(kernel)

        def backward(t: Any, dh: Tensor) -> tuple:
            z, r, candidate, memory = tf.split(kept[t], 4, 1)
            dh = dh + dhs[t]
            dn = dh * (1 - z) * (1 - candidate * candidate)
            dz, dr = dh * (hs_before[t] - candidate) * z * (1 - z), dn * memory * r * (1 - r)
            d_recurrent = tf.concat([dz, dr, dn * r], 1)
            return (dh * z + tf.matmul(d_recurrent, back),), (d_recurrent, dn)

        (dh,), (d_recurrent, dn) = _loop(
            gates, backward, (tf.zeros_like(h_first),), (3 * units, units), reverse=True
        )
        d_gates = tf.concat([d_recurrent[:, :, : 2 * units], dn], 2)
        return d_gates, _summed_product(hs_before, d_recurrent), tf.reduce_sum(d_recurrent, [0, 1]), dh

    return hs, grad


def _loop(gates: Tensor, body: Callable, start: tuple, widths: tuple, reverse: bool = False) -> tuple:
    """Carry `start` through the steps of `gates`, and stack what the body records at each.

    ``body(t, *carried)`` gives what is carried on, and rows to record, one for each of `widths`.
    """
    steps, batch = gates.shape[0], gates.shape[1]
    steps = tf.shape(gates)[0] if steps is None else steps
    arrays = tuple(tf.TensorArray(gates.dtype, steps, element_shape=[batch, width]) for width in widths)

    def step(number: Any, carried: tuple, arrays: tuple) -> tuple:
        t = steps - 1 - number if reverse else number
        carried, rows = body(t, *carried)
        return number + 1, carried, tuple(a.write(t, row) for a, row in zip(arrays, rows, strict=True))

    _, carried, arrays = tf.while_loop(
        lambda number, *_: number < steps, step, (0, start, arrays), maximum_iterations=steps
    )
    return carried, [array.stack() for array in arrays]


def _before(first: Tensor, states: Tensor) -> Tensor:
    """State before each step: (steps, n, units)."""
    return tf.concat([first[None], states[:-1]], 0)


def _summed_product(states: Tensor, blame: Tensor) -> Tensor:
    """Gradient of a kernel over all steps and sequences, as one product."""
    rows = [tf.reshape(part, [-1, part.shape[-1]]) for part in (states, blame)]
    return tf.matmul(*rows, transpose_a=True)


# Arguments


def _written(tensor: Tensor) -> str:
    return "(" + ", ".join("?" if size is None else str(size) for size in tensor.shape) + ")"


def _refuse_unlike(name: str, tensor: Tensor, shape: tuple) -> None:
    """Complain unless a tensor has a shape; None fits every size."""
    if not tensor.shape.is_compatible_with(shape):
        wanted = ", ".join("any" if size is None else str(size) for size in shape)
        raise ValueError(f"{name} must have shape ({wanted}), got {_written(tensor)}")


def _checked(gates: Any, recurrent_kernel: Any, blocks: int, **states: Any) -> list[Tensor]:
    """Tensors of all arguments, zeros for states that are left out."""
    gates = tf.convert_to_tensor(gates)
    kernel = tf.convert_to_tensor(recurrent_kernel, gates.dtype)
    if kernel.shape.rank != 2 or kernel.shape[1] != blocks * kernel.shape[0]:
        raise ValueError(f"recurrent_kernel must be (units, {blocks} * units), got {_written(kernel)}")
    units = kernel.shape[0]
    if gates.shape.rank != 3 or gates.shape[2] != blocks * units or gates.shape[0] == 0:
        raise ValueError(f"gates must be (steps, n, {blocks * units}) with a step or more, got {_written(gates)}")
    n, found = gates.shape[1], []
    for name, state in states.items():
        if state is None:
            state = tf.zeros([tf.shape(gates)[1] if n is None else n, units], gates.dtype)
        state = tf.convert_to_tensor(state, gates.dtype)
        _refuse_unlike(name, state, (n, units))
        n = state.shape[0] if n is None else n
        found.append(state)
    return [tf.ensure_shape(gates, [None, n, None]), kernel, *(tf.ensure_shape(state, [n, units]) for state in found)]
