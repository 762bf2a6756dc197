"""Keras layers around the fast loops: `LSTM` and `GRU`."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from course_utils.networks.recurrent import through_time

Tensor = Any


class _Recurrent(keras.layers.Layer):
    """What both layers share: weights in Keras's order, and which states go out."""

    blocks: int  # gates and candidate
    num_states: int
    stateful = False  # Keras's Bidirectional asks for it

    def __init__(
        self,
        units: int,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        **options: Any,
    ) -> None:
        if isinstance(units, bool) or not isinstance(units, int) or units < 1:
            raise ValueError(f"units must be a whole number of at least 1, got {units!r}")
        if keras.backend.backend() != "tensorflow":
            raise RuntimeError(f"this layer needs Keras on TensorFlow, got Keras on {keras.backend.backend()}")
        super().__init__(**options)
        self.units, self.return_sequences = units, return_sequences
        self.return_state, self.go_backwards = return_state, go_backwards
        self.input_spec = keras.layers.InputSpec(ndim=3)
        self.kernel_initializer = keras.initializers.GlorotUniform()
        self.recurrent_initializer = keras.initializers.Orthogonal()

    def build(self, sequences_shape: tuple, initial_state_shape: Any = None) -> None:
        """Make the weights when the width of the inputs is known."""
        width = self.blocks * self.units
        self.kernel = self.add_weight(
            (sequences_shape[-1], width), initializer=self.kernel_initializer, name="kernel"
        )
        self.recurrent_kernel = self.add_weight(
            (self.units, width), initializer=self.recurrent_initializer, name="recurrent_kernel"
        )
        self.bias = self.add_weight(self.bias_shape(), initializer=self.first_bias, name="bias")

    def call(self, sequences: Tensor, initial_state: Any = None, mask: Tensor = None) -> Any:
        """Run over all steps.

        Parameters
        ----------
        sequences : tensor of shape (n, steps, d)
        initial_state : tensor or list of tensors of shape (n, units), optional
            States before the first step: h, and for an LSTM c.
        mask : None
            Padded steps can't be skipped.

        Returns
        -------
        tensor of shape (n, steps, units) or (n, units), or a tuple with the states behind it
        """
        if mask is not None:
            raise ValueError("mask must be None: these layers skip no steps (Keras's own do)")
        states = self._states(initial_state)
        if self.go_backwards:
            sequences = tf.reverse(sequences, [1])
        hs, *last = self.run(sequences, states)
        output = tf.transpose(hs, [1, 0, 2]) if self.return_sequences else last[0]
        return (output, *last) if self.return_state else output

    def _states(self, given: Any) -> list:
        if given is None:
            return [None] * self.num_states
        given = list(given) if isinstance(given, list | tuple) else [given]
        if len(given) != self.num_states:
            raise ValueError(f"initial_state must be {self.num_states} tensors, got {len(given)}")
        return given

    def compute_output_shape(self, sequences_shape: tuple, initial_state_shape: Any = None) -> Any:
        """Shapes of what `call` gives."""
        n, steps, _ = sequences_shape
        output = (n, steps, self.units) if self.return_sequences else (n, self.units)
        return (output, *[(n, self.units)] * self.num_states) if self.return_state else output

    def get_config(self) -> dict:
        """Arguments that make the same layer again."""
        names = ("units", "return_sequences", "return_state", "go_backwards")
        return super().get_config() | {name: getattr(self, name) for name in names}


@keras.saving.register_keras_serializable("course_utils")
class LSTM(_Recurrent):
    """The same as `keras.layers.LSTM`, in less time, with the gradient of lecture 10.

    The cell is derived in lecture 11, LSTMs. Weights have Keras's names, order and
    first values: `get_weights` of one is good for `set_weights` of the other.

    Parameters
    ----------
    units : int
    return_sequences : bool, default False
        Give the hidden state of every step, not only of the last.
    return_state : bool, default False
        Give the last hidden and cell state too.
    go_backwards : bool, default False
        Read the sequence from its end.
    **options
        Of every Keras layer, such as ``name``.

    Raises
    ------
    ValueError
        If `units` is no whole number of at least 1.
    """

    blocks, num_states = 4, 2

    def bias_shape(self) -> tuple:
        """One bias for each gate, and for the candidate."""
        return (4 * self.units,)

    def first_bias(self, shape: tuple, dtype: str) -> Tensor:
        """Ones for the forget gates, so that a new cell remembers."""
        parts = [float(block == 1) for block in range(4) for _ in range(self.units)]
        return tf.constant(parts, dtype)

    def run(self, sequences: Tensor, states: list) -> tuple:
        """All hidden states, time first, then the last states."""
        gates = through_time.input_gates(sequences, self.kernel, self.bias)
        return through_time.lstm(gates, self.recurrent_kernel, *states)


@keras.saving.register_keras_serializable("course_utils")
class GRU(_Recurrent):
    """The same as `keras.layers.GRU`, in less time, with the gradient of lecture 10.

    The cell is derived in lecture 11, LSTMs. It resets after the product, as Keras does
    unless told otherwise, so it has two biases.

    Parameters
    ----------
    units : int
    return_sequences : bool, default False
        Give the state of every step, not only of the last.
    return_state : bool, default False
        Give the last state too.
    go_backwards : bool, default False
        Read the sequence from its end.
    **options
        Of every Keras layer, such as ``name``.

    Raises
    ------
    ValueError
        If `units` is no whole number of at least 1.
    """

    blocks, num_states = 3, 1

    def bias_shape(self) -> tuple:
        """A bias for the inputs and one for the state."""
        return (2, 3 * self.units)

    def first_bias(self, shape: tuple, dtype: str) -> Tensor:
        """Zeros."""
        return tf.zeros(shape, dtype)

    def run(self, sequences: Tensor, states: list) -> tuple:
        """All states, time first, then the last."""
        gates = through_time.input_gates(sequences, self.kernel, self.bias[0])
        return through_time.gru(gates, self.recurrent_kernel, self.bias[1], *states)
