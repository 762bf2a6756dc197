"""The figure of lecture 11_lstms: the valves of an LSTM cell in the reader's hand."""

from __future__ import annotations

from collections.abc import Sequence

from .arguments import number, one_of, plain
from .base import Interactive

SETUPS = (
    "Remember the first bar",
    "Forget in the middle",
    "Exponential average",
    "All half open",
    "Plain RNN beside it",
)
FEWEST, MOST = 4, 16
BARS = (0.8, -0.35, 0.5, -0.6, 0.25, 0.9, -0.45, 0.1, -0.75, 0.4, 0.65, -0.2)


def gate_valves(
    setup: str = "All half open",
    *,
    inputs: Sequence[float] = BARS,
    plain_rnn: bool = False,
    weight: float = 1.0,
) -> Interactive:
    """Show one LSTM cell over a short sequence, with valves that the reader opens and closes.

    Above: bars, and for each step a written (input), a reset (forget) and an output valve. Below: memory
    and output, and how much the last of them changes with each step. A plain RNN can be
    shown beside it. Derived in 11_lstms.

    Parameters
    ----------
    setup : str, default "All half open"
        Valves to begin with: "Remember the first bar", "Forget in the middle",
        "Exponential average", "All half open" or "Plain RNN beside it".
    inputs : sequence of float, length 4 to 16
        The bars to begin with, each from -1 to 1.
    plain_rnn : bool, default False
        Whether to begin with r(t) = tanh(u r(t-1) + x(t)) beside the cell.
    weight : float, default 1
        Weight u of the plain RNN, from 0 to 2.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If a number is not a number, or `plain_rnn` neither True nor False.
    ValueError
        If an argument is outside what is allowed.

    References
    ----------
    Graves, Supervised sequence labelling with recurrent neural networks, 2012, figure 4.4.

    Examples
    --------
    >>> gate_valves("Exponential average", inputs=[1, 0, 0, 0]).props["x"]
    [1.0, 0.0, 0.0, 0.0]
    """
    if not isinstance(plain_rnn, bool):
        raise TypeError(f"plain_rnn must be True or False, got {plain_rnn!r}")
    if isinstance(inputs, str) or not hasattr(inputs, "__iter__"):
        raise TypeError(f"inputs must hold {FEWEST} to {MOST} numbers, got {inputs!r}")
    bars = [number(f"inputs[{i}]", plain(v), -1, 1) for i, v in enumerate(inputs)]
    if not FEWEST <= len(bars) <= MOST:
        raise ValueError(f"inputs must hold {FEWEST} to {MOST} numbers, got {len(bars)}")
    props = {
        "setup": one_of("setup", setup, SETUPS),
        "x": [round(v, 2) for v in bars],
        "rnn": plain_rnn,
        "weight": round(number("weight", plain(weight), 0, 2), 2),
    }
    alt = (
        f"Bars of {len(bars)} steps above three rows of valves: written, reset and output, each from closed (a dash) to open "
        "(a ring). Below: the cell's memory and output, and how much the last memory changes with each earlier one. Bars and "
        "valves can be dragged; a plain RNN can be shown beside the cell."
    )
    lesson = [
        "The memory of an LSTM cell is c(t) = f c(t-1) + i x. With the written (input) valve open at the first step only, and all "
        "reset (forget) valves open, it holds the first bar unchanged to the end, and the slope of the last memory in the first is 1. One "
        "closed reset valve empties it, and cuts the slope to 0.",
        "Half-open reset valves leave 0.5 at each step: after eleven steps 0.05 %. A constant f makes the memory an average "
        "over about 1/(1 - f) steps: 5 for f = 0.8, 100 for f = 0.99. A plain RNN has no such valve. Its slope is a product "
        "of u (1 - r²), and most bars push it towards 0.",
    ]
    return Interactive("gate_valves", alt, lesson, **props)
