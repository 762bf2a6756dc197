"""Fast recurrent layers with backpropagation through time written by hand.

`LSTM` and `GRU` are layers that compute what Keras's do, with its weights, in less time;
`lstm`, `gru`, `input_gates` and `embed_gates` are the functions that they consist of.
Lecture 10, Recurrent networks, derives the backward loop with its one product after
the loop; lecture 11, LSTMs, derives the cells.

TensorFlow is loaded when the first of these names is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_utils.networks.recurrent.layers import GRU, LSTM
    from course_utils.networks.recurrent.through_time import embed_gates, gru, input_gates, lstm

__all__ = ["GRU", "LSTM", "embed_gates", "gru", "input_gates", "lstm"]

_LAYERS = {"GRU", "LSTM"}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{'layers' if name in _LAYERS else 'through_time'}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
