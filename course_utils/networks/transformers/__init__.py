"""A fast transformer: encoder, masks, heads and Adam as plain functions of a dict of arrays.

`Config` says how large, `first_weights` draws, `encode` computes; `masked_logits`, `pooled`,
`next_sentence_logits` and `logits` are what is put on top. Lecture 13, Transformers, derives
the blocks; lecture 14, BERT, trains them.

TensorFlow is loaded when the first function that needs it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_utils.networks.transformers.adam import Adam
    from course_utils.networks.transformers.encoder import dropped, encode
    from course_utils.networks.transformers.heads import logits, masked_logits, next_sentence_logits, pooled
    from course_utils.networks.transformers.sizes import Config, first_weights, mimetic, parameters, shapes

_PLACES = {
    "adam": ("Adam",),
    "encoder": ("dropped", "encode"),
    "heads": ("logits", "masked_logits", "next_sentence_logits", "pooled"),
    "sizes": ("Config", "first_weights", "mimetic", "parameters", "shapes"),
}

__all__ = [
    "Adam", "Config", "dropped", "encode", "first_weights", "logits", "masked_logits", "mimetic",
    "next_sentence_logits", "parameters", "pooled", "shapes",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    for module, names in _PLACES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
