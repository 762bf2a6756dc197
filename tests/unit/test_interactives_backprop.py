"""The playground and the computation graph: arguments, output, and the JavaScript against NumPy at test time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from course_utils import interactives
from course_utils.interactives import backprop
from tests.interactive_figures import FOLDER, assert_alone, assert_parses, assert_refused, in_node, needs_node

FIGURES = {"playground": interactives.playground, "computation_graph": interactives.computation_graph}

# ---- JavaScript against NumPy. The browser tests run these in Chromium too.

TRAININGS = [
    {
        "set": set_,
        "hidden": hidden,
        "activation": activation,
        "rate": rate,
        "penalty": penalty,
        "strength": 0.01,
    }
    | {"batch": batch, "epochs": 3, "noise": 0.25, "seed": seed}
    for seed, (set_, hidden, activation, rate, penalty, batch) in enumerate(
        [
            ("circle", [4, 2], "tanh", 0.03, "none", 10),
            ("circle", [4], "relu", 0.1, "L2", 30),
            ("xor", [3, 3, 2], "sigmoid", 0.3, "L1", 7),
            ("gaussians", [], "tanh", 0.03, "L1", 1),
            ("spiral", [8, 8], "tanh", 0.1, "L2", 20),
            ("spiral", [2, 8, 5, 1], "relu", 0.03, "none", 200),
            ("xor", [5], "linear", 0.01, "L1", 50),
        ]
    )
]
TRAIN = """(net, c) => {
  const rows = net.makeData(c.set, c.noise, c.seed), mlp = net.createNet(c.hidden, c.activation, c.seed);
  const training = net.startTraining(mlp, rows, c.seed), begin = [...mlp.weights], losses = [], orders = [];
  for (let e = 0; e < c.epochs; e++) {
    orders.push([...net.orderOf(e, c.seed)]);
    while (training.epoch === e) losses.push(net.trainBatch(training, c));
  }
  return { rows: [...rows], begin, orders, losses, end: [...mlp.weights], ...net.measure(mlp, rows) };
}"""
FORMULAS = [
    ("sigmoid(w*x + b)", [2, 1, -1]),
    ("(sigmoid(w0*x0 + w1*x1 + b) - y)**2", [1, 0.5, -1, 2, 0.5, 1]),
    ("x*x + x", [3]),
    ("-x**2 + (-x)**3 - x**-1", [0.7]),
    ("a - b - c/a/b*2**3**0", [1.5, -0.5, 2]),
    ("tanh(w*x)*v + tanh(w*x)", [0.5, 1, -2]),
    ("exp(-a**2)/(1 + b**2) - sin(a*b)*cos(c) + sqrt(2 + c)*log(3 + a)", [0.3, -1.2, 0.8]),
    ("((x*x)*(x*x))*((x*x)*(x*x))", [1.1]),
]
DIFFERENTIATE = """(engine, [text, inputs]) => {
  const graph = engine.parse(text), values = engine.evaluate(graph, inputs), { sums } = engine.adjoints(graph, values);
  return { names: graph.names, value: values.at(-1), slopes: graph.inputs.map((i) => sums[i]) };
}"""
SLOPE = {
    "tanh": lambda a: 1 - a**2,
    "relu": lambda a: np.where(a > 0, 1.0, 0.0),
    "sigmoid": lambda a: a * (1 - a),
    "linear": np.ones_like,
}
ACTIVATE = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "linear": lambda z: z,
}


def train_with_numpy(case: dict, rows: np.ndarray, begin: np.ndarray, orders: list[list[int]]):
    """Train the same network with matrices, a batch at a time; returns weights, losses, final loss and share right."""
    sizes = [2, *case["hidden"], 1]
    layers, at = [], 0
    for d_in, d_out in zip(sizes, sizes[1:], strict=False):
        block = begin[at : at + d_out * (d_in + 1)].reshape(d_out, d_in + 1)
        layers.append([block[:, :-1].T.copy(), block[:, -1].copy()])  # (d_in, d_out), (d_out,)
        at += block.size

    def outputs(x):
        steps = [x]
        for i, (kernel, bias) in enumerate(layers):
            z = steps[-1] @ kernel + bias
            steps.append(z if i == len(layers) - 1 else ACTIVATE[case["activation"]](z))
        return steps

    def mean_loss(z, y):
        return float(np.mean(np.logaddexp(0, np.where(y > 0, -z, z))))

    losses = []
    for order in orders:
        for i in range(0, len(order), case["batch"]):
            batch = rows[order[i : i + case["batch"]]]
            steps, y = outputs(batch[:, :2]), batch[:, 2:]
            losses.append(mean_loss(steps[-1], y))
            delta = (1 / (1 + np.exp(-steps[-1])) - y) / len(batch)
            for k in reversed(range(len(layers))):
                kernel, bias = layers[k]
                slopes, bias_slopes = steps[k].T @ delta, delta.sum(axis=0)
                delta = (delta @ kernel.T) * SLOPE[case["activation"]](steps[k])
                moved = kernel - case["rate"] * slopes
                pull = case["rate"] * case["strength"]
                if case["penalty"] == "L2":
                    moved -= pull * kernel
                elif case["penalty"] == "L1":
                    moved = np.sign(moved) * np.maximum(np.abs(moved) - pull, 0)
                layers[k] = [moved, bias - case["rate"] * bias_slopes]
    z, y = outputs(rows[:, :2])[-1], rows[:, 2:]
    end = np.concatenate([np.column_stack([kernel.T, bias]).ravel() for kernel, bias in layers])
    return end, losses, mean_loss(z, y), float(np.mean((z > 0) == (y > 0.5)))


def compare_training(case: dict, found: dict) -> None:
    """Compare a training in JavaScript with the same one in NumPy."""
    rows, begin = np.array(found["rows"]).reshape(-1, 3), np.array(found["begin"])
    end, losses, loss, right = train_with_numpy(case, rows, begin, found["orders"])
    assert len(losses) == case["epochs"] * -(-200 // case["batch"])
    np.testing.assert_allclose(found["losses"], losses, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["end"], end, rtol=1e-9, atol=1e-11)
    assert abs(found["loss"] - loss) < 1e-10 and found["right"] == right
    assert np.abs(end - begin).max() > 1e-3, "nothing was learned"


def compare_formula(text: str, inputs: list[float], found: dict) -> None:
    """Compare value and slopes with Python's own reading of the formula and complex steps, exact to rounding."""
    functions = {name: getattr(np, name) for name in ("tanh", "exp", "log", "sin", "cos", "sqrt")}
    functions["sigmoid"] = lambda z: 1 / (1 + np.exp(-z))
    at = {name: complex(value) for name, value in zip(found["names"], inputs, strict=True)}
    assert backprop._names(text) == found["names"]
    assert abs(found["value"] - eval(text, {}, functions | at).real) < 1e-12 * max(1, abs(found["value"]))
    for name, slope in zip(found["names"], found["slopes"], strict=True):
        exact = eval(text, {}, functions | at | {name: at[name] + 1e-30j}).imag / 1e-30
        assert abs(slope - exact) < 1e-12 * max(1, abs(exact)), name


@needs_node
@pytest.mark.parametrize("case", TRAININGS, ids=lambda c: f"{c['set']}-{c['activation']}-{c['penalty']}")
def test_training_equals_numpy(case):
    compare_training(case, in_node("playground_net.js", TRAIN, case))


@needs_node
@pytest.mark.parametrize(("text", "inputs"), FORMULAS, ids=[text for text, _ in FORMULAS])
def test_values_and_slopes_equal_complex_steps(text, inputs):
    compare_formula(text, inputs, in_node("computation_graph_engine.js", DIFFERENTIATE, [text, inputs]))


@needs_node
@pytest.mark.parametrize("name", FIGURES)
def test_the_joined_script_parses(name, tmp_path):
    assert_parses(name, tmp_path)


# ---- the output


@pytest.mark.parametrize("name", FIGURES)
def test_output_is_small_repeatable_and_alone(name):
    assert_alone(FIGURES[name], most=32_000)


def test_the_numbers_of_the_lesson_are_true():
    value = 1 / (1 + np.exp(-1))
    lesson = interactives.computation_graph().lesson[1]
    for number in (value, value * (1 - value), 2 * value * (1 - value)):
        assert f"{number:.3f}" in lesson


def test_both_languages_know_the_same_names():
    """Python checks what JavaScript reads: functions, limits, sets, activations and penalties."""
    engine = (FOLDER / "computation_graph_engine.js").read_text(encoding="utf-8")
    net = (FOLDER / "playground_net.js").read_text(encoding="utf-8")
    assert f"const FUNCTIONS = {json.dumps(backprop.FUNCTIONS)};" in engine
    limits = f"MOST_NODES = {backprop.MOST_NODES}, MOST_INPUTS = {backprop.MOST_INPUTS}, LONGEST = {backprop.LONGEST};"
    assert limits in engine
    for name, values in (
        ("SETS", list(backprop._CLASSES)),
        ("ACTIVATIONS", backprop.ACTIVATIONS),
        ("PENALTIES", backprop.PENALTIES),
    ):
        assert f"const {name} = {json.dumps(values)};" in net


# ---- arguments


def test_playground_takes_numpy_numbers():
    props = interactives.playground(
        "spiral",
        hidden=np.array([8, 8]),
        activation="relu",
        learning_rate=np.float32(0.5),
        batch_size=np.int64(20),
    ).props
    assert props["hidden"] == [8, 8] and props["rate"] == 0.5 and props["batch"] == 20
    assert interactives.playground(hidden=()).props["hidden"] == []
    assert "A 2-1 network" in interactives.playground(hidden=()).alt
    assert "A 2-4-2-1 network" in interactives.playground().alt


def test_computation_graph_keeps_formula_and_values():
    figure = interactives.computation_graph(" (a*b +\n c)^2 ", a=2, c=np.float64(-1.5))
    assert figure.props == {"expression": "(a*b + c)^2", "values": {"a": 2.0, "c": -1.5}}
    assert "(a*b + c)^2" in figure.alt


PLAY, GRAPH = interactives.playground, interactives.computation_graph


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: PLAY("moons"), ValueError, ["dataset", "'moons'", "'spiral'"]),
        (lambda: PLAY(hidden=3), TypeError, ["hidden", "got 3"]),
        (lambda: PLAY(hidden="44"), TypeError, ["hidden", "'44'"]),
        (lambda: PLAY(hidden=[4, 9]), ValueError, ["hidden[1]", "1 to 8", "got 9"]),
        (lambda: PLAY(hidden=[2.5]), ValueError, ["hidden[0]", "whole", "2.5"]),
        (lambda: PLAY(hidden=[1] * 5), ValueError, ["hidden", "at most 4", "got 5"]),
        (lambda: PLAY(activation="gelu"), ValueError, ["activation", "'gelu'", "'relu'"]),
        (lambda: PLAY(learning_rate=0), ValueError, ["learning_rate", "0.0001 to 10", "got 0"]),
        (lambda: PLAY(learning_rate="fast"), TypeError, ["learning_rate", "'fast'"]),
        (lambda: PLAY(regularisation="l2"), ValueError, ["regularisation", "'l2'", "'L2'"]),
        (lambda: PLAY(regularisation_rate=2), ValueError, ["regularisation_rate", "got 2"]),
        (lambda: PLAY(batch_size=0), ValueError, ["batch_size", "1 to 200", "got 0"]),
        (lambda: PLAY(noise=float("nan")), ValueError, ["noise", "0 to 2", "nan"]),
        (lambda: PLAY(seed=True), ValueError, ["seed", "True"]),
        (lambda: GRAPH(3), TypeError, ["expression", "got 3"]),
        (lambda: GRAPH("x +"), ValueError, ["expression", "'x +'", "allowed are"]),
        (lambda: GRAPH("2 + 3"), ValueError, ["expression", "needs an input"]),
        (lambda: GRAPH("x**y"), ValueError, ["expression", "exponent"]),
        (lambda: GRAPH("x // 2"), ValueError, ["expression", "sign"]),
        (lambda: GRAPH("x @ y"), ValueError, ["expression", "sign"]),
        (lambda: GRAPH("abs(x)"), ValueError, ["expression", "abs(x)", "sigmoid"]),
        (lambda: GRAPH("x.real"), ValueError, ["expression", "x.real"]),
        (lambda: GRAPH("weights1 * x"), ValueError, ["expression", "weights1"]),
        (lambda: GRAPH("__import__(x)"), ValueError, ["expression", "__import__"]),
        (lambda: GRAPH("+".join("abcdfghij")), ValueError, ["expression", "8 inputs", "has 9"]),
        (lambda: GRAPH("x" + "*x" * 40), ValueError, ["expression", "80 signs"]),
        (lambda: GRAPH("*".join("x" * 36)), ValueError, ["expression", "32 different parts"]),
        (lambda: GRAPH("w*x", b=1), TypeError, ["b is no input", "w, x"]),
        (lambda: GRAPH("w*x", w="1"), TypeError, ["w must be a number", "'1'"]),
        (lambda: GRAPH("w*x", w=11), ValueError, ["w must be from -10 to 10", "got 11"]),
    ],
)
def test_errors_name_argument_given_and_allowed(call, error, parts):
    assert_refused(call, error, parts)
