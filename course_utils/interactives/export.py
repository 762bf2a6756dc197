"""Write a small Keras network as JSON that nn.js computes in the reader's page."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from .arguments import one_of

ACTIVATIONS = ("linear", "relu", "leaky_relu", "tanh", "sigmoid")
PRECISIONS = ("float32", "float16")
IDLE = (  # do nothing once a network is trained
    "InputLayer",
    "Dropout",
    "SpatialDropout2D",
    "GaussianNoise",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
)
KNOWN = (
    "Conv2D",
    "MaxPooling2D",
    "Flatten",
    "Reshape",
    "Dense",
    "Activation",
    "ReLU",
    "LeakyReLU",
    "Softmax",
    "Sequential",
)
ENDS = ("logits", "values")


class Unsupported(ValueError):
    """A network holds something that nn.js can't compute."""


def export_keras(model: Any, *, precision: str = "float32", ends: str = "logits") -> dict[str, object]:
    """Write a Sequential Keras network as a dict that JSON can hold.

    A classifier's last layer gives logits: a softmax at the end, as an activation or
    as a layer, is left out, because nn.js applies one in any case. A network that
    ends in "values", like a generator, is taken as it is.

    Parameters
    ----------
    model : keras.Sequential
        Built network of Conv2D (stride 1), MaxPooling2D (2 by 2), Flatten, Reshape,
        Dense, Activation, ReLU, LeakyReLU and Softmax. Dropout, noise and random
        changes of the picture may be there; they rest after training. Activations are
        linear, relu, leaky_relu (also as a layer, with its slope), tanh and sigmoid.
    precision : {"float32", "float16"}
        How the weights are stored. float16 takes half the room, and keeps about
        three decimal digits.
    ends : {"logits", "values"}
        What the network gives. Values may come from any layer and activation but a
        softmax.

    Returns
    -------
    dict
        ``input`` (shape without the batch), ``precision`` and ``layers``, each with
        its ``type`` and its weights in base64, little-endian.

    Raises
    ------
    TypeError
        If `model` is no Keras Sequential.
    ValueError
        If it isn't built, or holds a layer, an option or a weight that can't be
        computed or stored. The message names it.
    """
    one_of("precision", precision, PRECISIONS)
    one_of("ends", ends, ENDS)
    if type(model).__name__ != "Sequential" or not _of_keras(model):
        raise TypeError(f"model must be a keras.Sequential, got {type(model).__name__}")
    if not model.built:
        raise ValueError("model must be built: begin it with keras.Input, or call it once on data")
    shape = model.input_shape[1:]
    if None in shape:
        raise Unsupported(f"model must know the shape of its input, got {shape}")
    layers = [entry for layer in _walk(model) for entry in _entries(layer, precision)]
    if ends == "logits" and layers and layers[-1].get("activation") == "softmax":
        layers[-1].pop("activation")
        if layers[-1]["type"] == "activate":
            layers.pop()
    for i, entry in enumerate(layers):
        chosen = entry.get("activation", "linear")
        if chosen not in ACTIVATIONS:
            raise Unsupported(
                f"layer {i + 1} has activation {chosen}: it must be one of {', '.join(ACTIVATIONS)}"
            )
    if ends == "logits" and (not layers or layers[-1]["type"] != "dense" or "activation" in layers[-1]):
        raise Unsupported("model must end with a Dense layer that gives logits, or with a softmax after them")
    return {"input": list(shape), "precision": precision, "layers": layers}


def _of_keras(thing: object) -> bool:
    return type(thing).__module__.split(".")[0] in ("keras", "tf_keras")


def _walk(model: Any) -> Iterator[Any]:
    for layer in model.layers:
        if type(layer).__name__ == "Sequential":
            yield from _walk(layer)
        else:
            yield layer


def _entries(layer: Any, precision: str) -> list[dict[str, Any]]:
    """Return what nn.js needs of one layer: nothing, or one entry."""
    kind = type(layer).__name__
    if not _of_keras(layer) or kind not in IDLE + KNOWN:
        raise Unsupported(
            f"layer {layer.name} is a {kind}, which nn.js can't compute; it can: {', '.join(KNOWN)}"
        )
    if kind in IDLE:
        return []
    config = layer.get_config()

    def need(option: str, *allowed: object) -> None:
        got = config.get(option, allowed[0])
        got = tuple(got) if isinstance(got, list) else got
        if got not in allowed:
            choice = " or ".join(map(repr, allowed))
            raise Unsupported(f"layer {layer.name} ({kind}) has {option}={got!r}: it must be {choice}")

    if kind in ("Conv2D", "MaxPooling2D"):
        need("data_format", "channels_last")
    if kind == "Conv2D":
        need("strides", (1, 1), 1)
        need("dilation_rate", (1, 1), 1)
        need("groups", 1)
        need("padding", "valid", "same")
        entry = {
            "type": "conv",
            "filters": layer.filters,
            "size": list(layer.kernel_size),
            "padding": layer.padding,
        }
    elif kind == "MaxPooling2D":
        need("pool_size", (2, 2), 2)
        need("strides", (2, 2), 2, None)
        need("padding", "valid")
        entry = {"type": "pool"}
    elif kind in ("Flatten", "Reshape"):
        if kind == "Flatten":
            need("data_format", "channels_last")
        entry = {"type": "shape", "shape": [int(n) for n in layer.output.shape[1:]]}
    elif kind == "Dense":
        if len(layer.input.shape) != 2:
            raise Unsupported(
                f"layer {layer.name} (Dense) gets shape {layer.input.shape[1:]}: put a Flatten before it"
            )
        entry = {"type": "dense", "units": layer.units}
    else:
        if kind == "ReLU":
            need("max_value", None)
            need("negative_slope", 0.0)
            need("threshold", 0.0)
        if kind == "Softmax":
            need("axis", -1)
        entry = {"type": "activate"}
    fixed = {"ReLU": "relu", "LeakyReLU": "leaky_relu", "Softmax": "softmax"}
    chosen = fixed.get(kind, config.get("activation", "linear"))
    inner = layer if kind == "LeakyReLU" else getattr(layer, "activation", None)
    if _of_keras(inner) and type(inner).__name__ == "LeakyReLU":  # the layer itself, or given as an activation
        chosen, entry["slope"] = "leaky_relu", round(float(inner.negative_slope), 9)
    elif chosen == "leaky_relu":
        entry["slope"] = 0.2  # the default of Keras
    if not isinstance(chosen, str):  # a function of one's own
        chosen = getattr(layer.activation, "__name__", "of its own")
        raise Unsupported(
            f"layer {layer.name} ({kind}) has activation {chosen}: it must be one of {', '.join(ACTIVATIONS)}"
        )
    if chosen != "linear":
        entry["activation"] = chosen
    if kind in ("Conv2D", "Dense"):
        entry["kernel"], entry["bias"] = _weights(layer, kind, precision)
    return [entry]


def _weights(layer: Any, kind: str, precision: str) -> tuple[str, str]:
    import numpy as np

    stored = []
    outputs = layer.filters if kind == "Conv2D" else layer.units
    weights = [np.asarray(w) for w in layer.get_weights()]
    if len(weights) == 1:  # use_bias=False
        weights.append(np.zeros(outputs))
    for values in weights:
        if not np.isfinite(values).all() or np.abs(values).max() > float(np.finfo(precision).max):
            raise Unsupported(f"layer {layer.name} ({kind}) has a weight that {precision} can't hold")
        flat = np.ascontiguousarray(values, dtype={"float32": "<f4", "float16": "<f2"}[precision])
        stored.append(base64.b64encode(flat.tobytes()).decode("ascii"))
    return stored[0], stored[1]
