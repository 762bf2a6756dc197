"""Adam in one operation for each weight, inside a compiled update."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

Tensor = Any


class Adam:
    """Adam, with weight decay apart from it (AdamW) if wanted, as one fused operation for each weight.

    Made for a compiled update of many small weights. Its memory is a plain dict of arrays that can be stored.

    Parameters
    ----------
    weights : dict of str to tf.Variable
        That it changes.
    beta1, beta2, epsilon : float
    decay : float, default 0.0
        Share by which matrices and tables shrink in a step, times the rate; biases, scales and shifts never do.
    longest : float, optional
        Gradients that are longer, all together, are cut to this length.
    slots : mapping of str to array, optional
        Its memory, as `slots` gave it: names are ``m `` and ``v `` before the weight's name.

    Raises
    ------
    ValueError
        If there are no weights, or a number is out of range.
    """

    def __init__(
        self,
        weights: dict[str, Any],
        *,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-6,
        decay: float = 0.0,
        longest: float | None = None,
        slots: Mapping[str, Any] | None = None,
    ) -> None:
        if not weights:
            raise ValueError("weights must hold at least one variable")
        for name, value in (("beta1", beta1), ("beta2", beta2), ("decay", decay)):
            if not 0 <= value < 1:
                raise ValueError(f"{name} must be from 0 to below 1, got {value!r}")
        if not epsilon > 0 or not (longest is None or longest > 0):
            raise ValueError(f"epsilon and longest must be above 0, got {epsilon!r} and {longest!r}")
        self.weights, self.beta1, self.beta2, self.epsilon = weights, beta1, beta2, epsilon
        self.decay, self.longest = decay, longest
        self.variables = {}
        for slot in "mv":
            for name, weight in weights.items():
                key = f"{slot} {name}"
                value = np.zeros(weight.shape, "float32") if slots is None else slots[key]
                self.variables[key] = tf.Variable(value, trainable=False, name=key.replace(" ", "_"))

    @tf.autograph.experimental.do_not_convert
    def apply(self, slopes: Any, step: Tensor, rate: Tensor) -> None:
        """Move the weights once; call it inside a `tf.function`.

        Parameters
        ----------
        slopes : list of tensor
            Gradients, in the order of the weights; None leaves a weight alone.
        step : float32 tensor
            Number of this update, from 1.
        rate : float32 tensor

        Raises
        ------
        ValueError
            If there is not one gradient for each weight.
        """
        slopes = [None if slope is None else tf.convert_to_tensor(slope) for slope in slopes]
        if len(slopes) != len(self.weights):
            raise ValueError(f"slopes must be {len(self.weights)} gradients, got {len(slopes)}")
        if self.longest is not None:
            slopes, _ = tf.clip_by_global_norm(slopes, self.longest)
        for (name, weight), slope in zip(self.weights.items(), slopes, strict=True):
            if slope is None:
                continue
            if self.decay and weight.shape.rank > 1:
                weight.assign_sub(rate * self.decay * weight)
            tf.raw_ops.ResourceApplyAdam(
                var=weight.handle, m=self.variables[f"m {name}"].handle, v=self.variables[f"v {name}"].handle,
                beta1_power=self.beta1**step, beta2_power=self.beta2**step, lr=rate, beta1=self.beta1,
                beta2=self.beta2, epsilon=self.epsilon, grad=slope,
            )  # fmt: skip

    def slots(self) -> dict[str, np.ndarray]:
        """Give its memory, to be stored.

        Returns
        -------
        dict of str to ndarray
        """
        return {name: variable.numpy() for name, variable in self.variables.items()}
