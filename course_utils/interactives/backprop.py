"""The figures of lecture 02_backprop: a network that trains in the page, and a formula as a graph."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence

from .arguments import number, one_of, plain, whole
from .base import Interactive

FUNCTIONS = ("sigmoid", "tanh", "relu", "exp", "log", "sin", "cos", "sqrt")
MOST_NODES, MOST_INPUTS, LONGEST = 32, 8, 80

_CLASSES = {
    "circle": "a disc of +1 inside a ring of -1",
    "xor": "four squares of points, where opposite corners belong together",
    "gaussians": "two round clouds side by side",
    "spiral": "two arms that wind round each other",
}
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear")
PENALTIES = ("none", "L1", "L2")


def playground(
    dataset: str = "circle",
    *,
    hidden: Sequence[int] = (4, 2),
    activation: str = "tanh",
    learning_rate: float = 0.03,
    regularisation: str = "none",
    regularisation_rate: float = 0.003,
    batch_size: int = 10,
    noise: float = 0.0,
    seed: int = 1,
) -> Interactive:
    """Show a small network that trains in the reader's page, every unit's picture with it.

    The reader chooses data, layers, units, activation, learning rate, regularisation,
    batch size and noise, and trains by one batch, by one epoch, or without a stop.

    Parameters
    ----------
    dataset : {"circle", "xor", "gaussians", "spiral"}
        200 points to train on and 200 to test, in the plane from -6 to 6.
    hidden : sequence of int, default (4, 2)
        Units in each hidden layer: at most 4 layers of 1 to 8 units, or none.
    activation : {"tanh", "relu", "sigmoid", "linear"}
        Activation of the hidden units. The output is a sigmoid.
    learning_rate : float, default 0.03
        From 0.0001 to 10.
    regularisation : {"none", "L1", "L2"}
        Penalty on the weights; biases stay free.
    regularisation_rate : float, default 0.003
        Strength of the penalty, from 0.0001 to 1.
    batch_size : int, default 10
        Points per step, from 1 to 200.
    noise : float, default 0
        Standard deviation added to each coordinate, from 0 to 2.
    seed : int, default 1
        Chooses the data and the first weights.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If a number is not a number.
    ValueError
        If an argument is outside what is allowed.

    Examples
    --------
    >>> playground("xor", hidden=[2]).props["hidden"]
    [2]
    """
    if isinstance(hidden, str) or not hasattr(hidden, "__iter__"):
        raise TypeError(f"hidden must hold the units of each layer, like (4, 2), got {hidden!r}")
    layers = [whole(f"hidden[{i}]", units, 1, 8) for i, units in enumerate(hidden)]
    if len(layers) > 4:
        raise ValueError(f"hidden must hold at most 4 layers, got {len(layers)}")
    props = {
        "set": one_of("dataset", dataset, _CLASSES),
        "hidden": layers,
        "activation": one_of("activation", activation, ACTIVATIONS),
        "rate": number("learning_rate", plain(learning_rate), 0.0001, 10),
        "penalty": one_of("regularisation", regularisation, PENALTIES),
        "strength": number("regularisation_rate", plain(regularisation_rate), 0.0001, 1),
        "batch": whole("batch_size", batch_size, 1, 200),
        "noise": number("noise", plain(noise), 0, 2),
        "seed": whole("seed", seed, 0, 2**31 - 1),
    }
    sizes = "-".join(map(str, [2, *layers, 1]))
    alt = (
        f"A {sizes} network on {_CLASSES[dataset]}. Each unit is a small picture of its output over the plane, each weight "
        "a line: blue above zero, dashed orange below, thick if large. Beside it the output with the data, and the loss."
    )
    lesson = [
        "A unit of the first layer splits the plane along a straight line. Later units add up such pictures: three lines "
        "fence in a disc, two parallel lines part the corners of XOR. With linear units, any number of layers still "
        "draws one straight line.",
        "Training moves each weight down the slope of the loss, one batch at a time. On the disc, four tanh units are "
        "right about every point after some 200 epochs at learning rate 0.03; at rate 10 the loss jumps about, mostly "
        "above that of a coin, 0.69 nats. Four units are too few for the spiral.",
    ]
    return Interactive("playground", alt, lesson, **props)


def _names(expression: object) -> list[str]:
    """Check a formula against what the figure can read; return its inputs."""
    if not isinstance(expression, str):
        raise TypeError(f"expression must be a formula as text, like 'w*x + b', got {expression!r}")

    def refuse(why: str) -> ValueError:
        return ValueError(
            f"expression {why}; allowed are + - * / **, brackets, numbers, names of up to 6 letters and "
            f"{', '.join(FUNCTIONS)}; got {expression!r}"
        )

    if len(expression) > LONGEST:
        raise refuse(f"must have at most {LONGEST} signs, has {len(expression)}")
    if not re.fullmatch(r"[\w\s.+\-*/^()]*", expression, flags=re.ASCII) or "//" in expression:
        raise refuse("holds a sign that is not allowed")
    try:
        tree = ast.parse(expression.strip().replace("^", "**"), mode="eval").body
    except SyntaxError as error:
        raise refuse("is not a formula") from error
    names: dict[str, None] = {}
    parts: set[str] = set()

    def visit(node: ast.expr) -> bool:
        """Walk through a part of the formula; tell whether it holds an input."""
        match node:
            case ast.Name(id=name) if len(name) <= 6 and name[0] != "_" and name not in FUNCTIONS:
                names[name] = None
                varies = True
            case ast.Constant(value=int() | float()) if not isinstance(node.value, bool):
                varies = False
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
                varies = visit(inner)
            case ast.BinOp(op=ast.Pow(), left=base, right=power):
                varies = visit(base)
                if visit(power):
                    raise refuse("holds an exponent that is not a number")
            case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), left=left, right=right):
                varies = visit(left) | visit(right)
            case ast.Call(func=ast.Name(id=name), args=[inner], keywords=[]) if name in FUNCTIONS:
                varies = visit(inner)
            case _:
                raise refuse(f"holds {ast.unparse(node)!r}, which the figure cannot read")
        parts.add(ast.dump(node))
        return varies

    if not visit(tree):
        raise refuse("needs an input, like x")
    if len(names) > MOST_INPUTS:
        raise refuse(f"must have at most {MOST_INPUTS} inputs, has {len(names)}")
    if len(parts) > MOST_NODES:
        raise refuse(f"must have at most {MOST_NODES} different parts, has {len(parts)}")
    return list(names)


def computation_graph(expression: str = "sigmoid(w*x + b)", **values: float) -> Interactive:
    """Show a formula as a graph, with values that go forward and adjoints that come back.

    The reader steps node by node forward and edge by edge back, changes the inputs on
    the way, picks another formula or types one.

    Parameters
    ----------
    expression : str, default "sigmoid(w*x + b)"
        Formula of + - * / ``**``, brackets, numbers, names of up to 6 letters, and sigmoid,
        tanh, relu, exp, log, sin, cos, sqrt. Parts written twice become one node.
    **values : float
        Inputs to begin with, from -10 to 10. The figure chooses those left out.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If `expression` is no text, a value no number, or a name not in the formula.
    ValueError
        If the figure cannot read the formula, or a value is outside what is allowed.

    Examples
    --------
    >>> computation_graph("x*x + x", x=3).props["values"]
    {'x': 3.0}
    """
    names = _names(expression)
    for name in values:
        if name not in names:
            raise TypeError(f"{name} is no input of the expression; its inputs are {', '.join(names)}")
    given = {name: number(name, plain(value), -10, 10) for name, value in values.items()}
    shown = " ".join(expression.split())
    alt = (
        f"The formula {shown} as a graph, from its inputs to its result. Stepping forward puts a value into each box; "
        "stepping back puts a slope on each edge and adds up in each box how fast the result grows with it, its adjoint."
    )
    lesson = [
        "Forward: each operation waits for its inputs and keeps its value. Backward: the result's adjoint is 1. Each edge "
        "multiplies the adjoint of its operation by the slope of that operation in one input, and hands the product on; "
        "what arrives in a box over several edges is added up.",
        "For sigmoid(w*x + b) with w = 2, x = 1 and b = -1 the value is 0.731 and the slope of the sigmoid there is "
        "0.731 (1 - 0.731) = 0.197. So w and b get 0.197 each, and x gets 2 times as much, 0.393. One walk back, one "
        "product per edge, gives the slopes in all inputs at once.",
    ]
    return Interactive("computation_graph", alt, lesson, expression=shown, values=given)
