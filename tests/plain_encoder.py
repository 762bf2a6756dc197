"""The transformer encoder once more, in plain NumPy: slow and easy to check; what the fast one is compared with."""

import math

import numpy as np
from scipy.special import erf


def encode_numpy(weights, ids, segments=None, mask=None, *, config):
    """Compute what `course_utils.networks.transformers.encode` does, without dropout.

    Parameters
    ----------
    weights : mapping of str to ndarray
    ids, segments, mask : ndarray of shape (n, time)
        As for `encode`.
    config : transformers.Config

    Returns
    -------
    hidden : ndarray of shape (n, time, width)
    attention : ndarray of shape (layers, n, heads, time, time)
    """
    n, time = ids.shape
    depth, seen = config.width // config.heads, []
    visible = np.ones((n, 1, time, time), bool)
    if mask is not None:
        visible &= np.asarray(mask, bool)[:, None, None, :]
    if config.causal:
        visible &= np.tri(time, dtype=bool)

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + config.epsilon)
        return x * weights[f"{name}.scale"] + weights[f"{name}.shift"]

    def dense(x, name):
        return x @ weights[name] + weights[f"{name}.bias"]

    def mix(x, layer):
        q, k, v = dense(x, f"{layer}.qkv").reshape(n, time, 3, config.heads, depth).transpose(2, 0, 3, 1, 4)
        scores = np.where(visible, q @ k.swapaxes(2, 3) / math.sqrt(depth), -1e9)
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        seen.append(shares / shares.sum(-1, keepdims=True))
        return dense((seen[-1] @ v).transpose(0, 2, 1, 3).reshape(n, time, config.width), f"{layer}.mixed")

    def forward(x, layer):
        return dense(_gelu(dense(x, f"{layer}.inner"), config.activation), f"{layer}.outer")

    x = weights["tokens"][ids] + weights["positions"][:time]
    if config.segments:
        x = x + weights["segments"][np.zeros_like(ids) if segments is None else segments]
    if config.norm == "post":
        x = norm(x, "embedding")
    for number in range(config.layers):
        layer = f"layer{number}"
        if config.norm == "post":
            x = norm(x + mix(x, layer), f"{layer}.attention")
            x = norm(x + forward(x, layer), f"{layer}.forward")
        else:
            x = x + mix(norm(x, f"{layer}.attention"), layer)
            x = x + forward(norm(x, f"{layer}.forward"), layer)
    return (norm(x, "last") if config.norm == "pre" else x), np.stack(seen)


def _gelu(x, activation):
    if activation == "gelu_tanh":
        return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + erf(x / math.sqrt(2)))
