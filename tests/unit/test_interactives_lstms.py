"""The valves of an LSTM cell: arguments, output, and the JavaScript against TensorFlow.

`python tests/unit/test_interactives_lstms.py` writes tests/js/lstm_reference.mjs afresh.
"""

from __future__ import annotations

import re

import numpy as np
import pytest

from course_utils import interactives
from course_utils.interactives import lstms
from tests.interactive_figures import (
    FOLDER,
    ROOT,
    assert_alone,
    assert_parses,
    assert_refused,
    keras,
    needs_node,
    read_reference,
    write_reference,
)

REFERENCE = ROOT / "tests" / "js" / "lstm_reference.mjs"
SOURCE = "TensorFlow by tests/unit/test_interactives_lstms.py"


def reference() -> list[dict]:
    """A cell with given valves and a plain unit, with slopes by automatic differentiation in float64."""
    keras()
    import tensorflow as tf

    def flat(values):
        return [0.0 if v is None else float(f"{float(v):.12g}") for v in values]

    cases = []
    for seed, count in enumerate((4, 7, 12, 12, 16)):
        rng = np.random.default_rng(seed)
        x = rng.uniform(-1, 1, count).round(2)
        i, f, o = (rng.uniform(0, 1, count).round(2) for _ in range(3))
        u = round(float(rng.uniform(0, 2)), 2)
        with tf.GradientTape(persistent=True) as tape:
            bars = [tf.constant(v, tf.float64) for v in x]
            tape.watch(bars)
            c, y, r = [], [], []
            for t in range(count):
                c.append((f[t] * c[-1] if t else 0.0) + i[t] * bars[t])
                y.append(o[t] * tf.tanh(c[t]))
                r.append(tf.tanh((u * r[-1] if t else 0.0) + bars[t]))
        case = {"x": flat(x), "i": flat(i), "f": flat(f), "o": flat(o), "u": u, "c": flat(c), "y": flat(y), "r": flat(r)}
        case |= {"by_memory": flat(tape.gradient(c[-1], c)), "by_input": flat(tape.gradient(y[-1], bars))}
        cases.append(
            case | {"plain_by_memory": flat(tape.gradient(r[-1], r)), "plain_by_input": flat(tape.gradient(r[-1], bars))}
        )
    return cases


def test_the_committed_reference_is_what_tensorflow_computes():
    stored, fresh = read_reference(REFERENCE, SOURCE), reference()
    assert len(stored) == len(fresh)
    for old, new in zip(stored, fresh, strict=True):
        assert list(old) == list(new)
        for name in new:
            np.testing.assert_allclose(old[name], new[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_output_is_small_repeatable_and_alone():
    assert_alone(interactives.gate_valves, most=26_000)


@needs_node
def test_the_joined_script_parses(tmp_path):
    assert_parses("gate_valves", tmp_path)


def test_python_and_javascript_know_the_same_set_ups():
    source = (FOLDER / "lstm_valves.js").read_text(encoding="utf-8")
    assert tuple(re.findall(r'^  "(.*)": \(n\) =>', source, flags=re.M)) == lstms.SETUPS
    assert f"FEWEST = {lstms.FEWEST}, MOST = {lstms.MOST};" in source


def test_what_python_gives_is_kept():
    props = interactives.gate_valves(
        "Exponential average", inputs=np.linspace(-1, 1, 16), plain_rnn=True, weight=np.float32(1.25)
    ).props
    assert props["setup"] == "Exponential average" and props["rnn"] is True and props["weight"] == 1.25
    assert len(props["x"]) == 16 and props["x"][0] == -1.0
    assert interactives.gate_valves().props["x"] == list(lstms.BARS)


VALVES = interactives.gate_valves


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: VALVES("Open"), ValueError, ["setup", "'Open'", "'All half open'"]),
        (lambda: VALVES(inputs=[1, 0, 1]), ValueError, ["inputs", "4 to 16", "got 3"]),
        (lambda: VALVES(inputs=[0] * 17), ValueError, ["inputs", "got 17"]),
        (lambda: VALVES(inputs=[0, 0, 0, 2]), ValueError, ["inputs[3]", "-1 to 1", "2"]),
        (lambda: VALVES(inputs=[0, "a", 0, 0]), TypeError, ["inputs[1]", "'a'"]),
        (lambda: VALVES(inputs=3), TypeError, ["inputs", "3"]),
        (lambda: VALVES(plain_rnn=1), TypeError, ["plain_rnn", "True or False", "1"]),
        (lambda: VALVES(weight=-0.1), ValueError, ["weight", "0 to 2", "-0.1"]),
        (lambda: VALVES(weight=float("nan")), ValueError, ["weight", "nan"]),
    ],
)
def test_errors_name_argument_given_and_allowed(call, error, parts):
    assert_refused(call, error, parts)


if __name__ == "__main__":
    write_reference(REFERENCE, SOURCE, reference())
