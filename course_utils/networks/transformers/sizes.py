"""How large a transformer is: its settings, the shapes of its weights, and their first values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

HEADS = ("pooler", "masked", "next_sentence")
SPREAD = 0.02  # of the first weights


@dataclass(frozen=True)
class Config:
    """Settings of a transformer.

    Parameters
    ----------
    vocabulary : int
        Number of symbols.
    length : int
        Longest sequence: one learned position for each place.
    width : int
        Numbers that stand for one place; a multiple of `heads`.
    layers, heads : int
    inner : int
        Units between the two products of the feed-forward part.
    segments : int, default 2
        Kinds of sentence that have a vector of their own; 0 for none.
    norm : {"post", "pre"}, default "post"
        Layer norm after each sum, and after the embedding, as in BERT; or before each part, and after the
        last sum, as in GPT-2.
    causal : bool, default False
        Whether a place sees only itself and what is before it.
    activation : {"gelu", "gelu_tanh"}, default "gelu"
        Exact, or with GPT-2's approximation by tanh.
    epsilon : float, default 1e-12
        Added to the variance in layer norm.

    Raises
    ------
    ValueError
        If a setting is out of range; the message names it.
    """

    vocabulary: int
    length: int
    width: int
    layers: int
    heads: int
    inner: int
    segments: int = 2
    norm: str = "post"
    causal: bool = False
    activation: str = "gelu"
    epsilon: float = 1e-12

    def __post_init__(self) -> None:
        for name in ("vocabulary", "length", "width", "layers", "heads", "inner", "segments"):
            value, least = getattr(self, name), int(name != "segments")
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
        if self.width % self.heads:
            raise ValueError(f"width must be a multiple of heads, got {self.width} and {self.heads}")
        for name, allowed in (("norm", ("post", "pre")), ("activation", ("gelu", "gelu_tanh")), ("causal", (True, False))):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} must be one of {allowed}, got {getattr(self, name)!r}")
        if not 0 < self.epsilon < 1:
            raise ValueError(f"epsilon must be between 0 and 1, got {self.epsilon!r}")


def shapes(config: Config, heads: Iterable[str] | None = None) -> dict[str, tuple[int, ...]]:
    """Name the weights and give their shapes.

    Matrices are (in, out). ``layer0.qkv`` holds queries, keys and values side by side, each of them with
    the heads side by side.

    Parameters
    ----------
    config : Config
    heads : iterable of {"pooler", "masked", "next_sentence"}, optional
        What stands on top of the encoder: all three, or nothing on a causal model, whose `logits` need none.

    Returns
    -------
    dict of str to tuple of int

    Raises
    ------
    ValueError
        If a head is unknown.
    """
    heads = (() if config.causal else HEADS) if heads is None else tuple(heads)
    if unknown := set(heads) - set(HEADS):
        raise ValueError(f"heads must be among {', '.join(HEADS)}; got {', '.join(map(str, sorted(unknown)))}")
    width, inner = config.width, config.inner
    found = {"tokens": (config.vocabulary, width), "positions": (config.length, width)}
    if config.segments:
        found["segments"] = (config.segments, width)

    def add(name: str, *shape: int) -> None:
        found[name], found[f"{name}.bias"] = shape, shape[-1:]

    def add_norm(name: str) -> None:
        found[f"{name}.scale"], found[f"{name}.shift"] = (width,), (width,)

    if config.norm == "post":
        add_norm("embedding")
    for layer in range(config.layers):
        add(f"layer{layer}.qkv", width, 3 * width)
        add(f"layer{layer}.mixed", width, width)
        add_norm(f"layer{layer}.attention")
        add(f"layer{layer}.inner", width, inner)
        add(f"layer{layer}.outer", inner, width)
        add_norm(f"layer{layer}.forward")
    if config.norm == "pre":
        add_norm("last")
    if "pooler" in heads:
        add("pooler", width, width)
    if "masked" in heads:
        add("masked", width, width)
        add_norm("masked")
        found["decoder.bias"] = (config.vocabulary,)
    if "next_sentence" in heads:
        add("next_sentence", width, 2)
    return found


def parameters(config: Config, heads: Iterable[str] | None = None) -> int:
    """Count the weights, as published sizes do.

    Parameters
    ----------
    config : Config
    heads : iterable of str, optional
        As for `shapes`; the pooler, or nothing on a causal model, when left out. The output layer of
        the masked words, and of a causal model, is the table of the tokens once more: it adds only a bias.

    Returns
    -------
    int

    Examples
    --------
    >>> parameters(Config(vocabulary=30522, length=512, width=768, layers=12, heads=12, inner=3072))  # BERT-base
    109482240
    """
    heads = (() if config.causal else ("pooler",)) if heads is None else heads
    total = 0
    for shape in shapes(config, heads).values():
        product = 1
        for size in shape:
            product *= size
        total += product
    return total


def first_weights(
    config: Config, rng: np.random.Generator, heads: Iterable[str] | None = None, spread: float = SPREAD
) -> dict[str, Array]:
    """Draw the weights that a training starts from, as BERT does.

    Matrices and tables come from a normal distribution, cut at two spreads; biases and shifts are 0, scales 1. In a pre-norm model, whose sum nothing holds back, the last matrix of each part is
    divided by the square root of the number of parts, as in GPT-2.

    Parameters
    ----------
    config : Config
    rng : numpy.random.Generator
    heads : iterable of str, optional
        As for `shapes`.
    spread : float, default 0.02
        BERT's; a narrow network may start with a larger one.

    Returns
    -------
    dict of str to ndarray, float32

    Raises
    ------
    TypeError
        If `rng` is no generator.
    ValueError
        If `spread` is not above 0.
    """
    import numpy as np

    if not isinstance(rng, np.random.Generator):
        raise TypeError(f"rng must be a numpy.random.Generator, got {type(rng).__name__}")
    if not spread > 0:
        raise ValueError(f"spread must be above 0, got {spread!r}")
    weights = {}
    for name, shape in shapes(config, heads).items():
        if name.endswith((".bias", ".shift")):
            drawn = np.zeros(shape)
        elif name.endswith(".scale"):
            drawn = np.ones(shape)
        else:
            drawn = rng.standard_normal(shape)
            while (far := np.abs(drawn) > 2).any():
                drawn[far] = rng.standard_normal(far.sum())
            drawn *= spread
            if config.norm == "pre" and name.endswith((".mixed", ".outer")):
                drawn /= (2 * config.layers) ** 0.5
        weights[name] = drawn.astype("float32")
    return weights


def mimetic(weights: dict[str, Array], config: Config, strength: float = 1.2, amplitude: float = 0.1) -> dict[str, Array]:
    """Start the first attention as it looks after long training: every place looks around itself.

    Positions become sinusoids, which are learned from there on; to the first layer's matrices of queries and of
    keys, made smaller, the unit matrix is added. Then a query is like the keys of near places from the first step on, which
    a small network on a small corpus would take most of its training to find out.

    Parameters
    ----------
    weights : dict of str to ndarray
        From `first_weights`; left unchanged.
    config : Config
    strength : float, default 1.2
        Of the unit matrix.
    amplitude : float, default 0.1
        Of the sinusoids; waves of 6 to 6,000 places.

    Returns
    -------
    dict of str to ndarray, float32

    References
    ----------
    Trockman, Kolter, Mimetic Initialization of Self-Attention Layers, ICML 2023, arXiv 2305.09828; here
    in a simpler form.
    """
    import numpy as np

    width, started = config.width, dict(weights)
    angles = np.arange(config.length)[:, None] * 1000.0 ** (-np.arange(0, width, 2) / width)
    waves = np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(config.length, -1)[:, :width]
    started["positions"] = (amplitude * waves).astype("float32")
    qkv = weights["layer0.qkv"].copy()
    for part in (slice(width), slice(width, 2 * width)):
        qkv[:, part] = 0.3 * qkv[:, part] + strength * np.eye(width, dtype="float32")
    return started | {"layer0.qkv": qkv}
