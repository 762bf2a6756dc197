"""Fast recurrent networks with backpropagation through time written by hand.

`lstm` and `gru` compute what Keras's layers do, with its weights, in less time;
`input_gates` and `embed_gates` make what they start from. Lecture 10, Recurrent
networks, derives the backward loop with its one product after the loop; lecture 11,
LSTMs, derives the cells.

TensorFlow is loaded when the first of these names is asked for.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from course_utils.networks.recurrent.through_time import embed_gates, gru, input_gates, lstm

__all__ = ["embed_gates", "gru", "input_gates", "lstm"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from course_utils.networks.recurrent import through_time

    return getattr(through_time, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
