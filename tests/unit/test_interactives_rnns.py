"""The error surface of one recurrent unit: arguments, output, and the JavaScript gradient against TensorFlow.

`python tests/unit/test_interactives_rnns.py` writes tests/js/rnn_reference.mjs afresh.
"""

from __future__ import annotations

import numpy as np
import pytest

from course_utils import interactives
from tests.interactive_figures import (
    ROOT,
    assert_alone,
    assert_parses,
    assert_refused,
    keras,
    needs_node,
    read_reference,
    write_reference,
)

REFERENCE = ROOT / "tests" / "js" / "rnn_reference.mjs"
SOURCE = "TensorFlow by tests/unit/test_interactives_rnns.py"
PLACES = [
    (4.3, -2.1844, 50), (4.5, -2.1, 50), (6.5, -4.5, 50), (2.0, -0.3, 50), (4.8, -2.4876, 50), (0.0, 0.0, 5),
    (8.0, 1.0, 20), (8.0, -5.0, 100), (4.6, -2.3638, 50), (5.0, -2.6122, 30), (3.0, 0.0, 100), (-6.0, 2.0, 12),
]  # fmt: skip


def reference() -> list[dict]:
    """Error and gradient by automatic differentiation in float64."""
    keras()
    import tensorflow as tf

    cases = []
    for w, b, steps in PLACES:
        weight, bias, start = (tf.constant(v, tf.float64) for v in (w, b, 0.5))
        with tf.GradientTape(persistent=True) as tape:
            tape.watch([weight, bias, start])
            h = start
            for _ in range(steps):
                h = weight * tf.sigmoid(h) + bias
            error = (h - 0.7) ** 2
        by_w, by_b = tape.gradient(error, [weight, bias])
        found = {"error": error, "by_w": by_w, "by_b": by_b, "by_start": tape.gradient(h, start)}
        cases.append({"w": w, "b": b, "steps": steps} | {k: float(f"{float(v):.12g}") for k, v in found.items()})
    return cases


def test_the_committed_reference_is_what_tensorflow_computes():
    stored, fresh = read_reference(REFERENCE, SOURCE), reference()
    assert len(stored) == len(fresh)
    for old, new in zip(stored, fresh, strict=True):
        assert list(old) == list(new)
        # on the wall a last digit of h counts a thousand times
        np.testing.assert_allclose(list(old.values()), list(new.values()), rtol=1e-8)
    assert max(case["by_b"] for case in fresh) > 100


def test_output_is_small_repeatable_and_alone():
    assert_alone(interactives.error_surface, most=26_000)


@needs_node
def test_the_joined_script_parses(tmp_path):
    assert_parses("error_surface", tmp_path)


def test_what_python_gives_is_kept():
    props = interactives.error_surface(
        np.array([4.61234567, -2]), learning_rate=np.float32(0.1), clip=10, length=np.int64(20)
    ).props
    assert props == {"point": [4.6123, -2.0], "rate": -1.0, "most": 1.0, "steps": 20}


SURFACE = interactives.error_surface


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: SURFACE(3), TypeError, ["point", "two numbers", "3"]),
        (lambda: SURFACE((1, 2, 3)), ValueError, ["point", "two", "got 3"]),
        (lambda: SURFACE((1, 21)), ValueError, ["point[1]", "-20 to 20", "21"]),
        (lambda: SURFACE((1, float("nan"))), ValueError, ["point[1]", "nan"]),
        (lambda: SURFACE(learning_rate=0), ValueError, ["learning_rate", "0.001 to 1", "got 0"]),
        (lambda: SURFACE(learning_rate="fast"), TypeError, ["learning_rate", "'fast'"]),
        (lambda: SURFACE(clip=1000), ValueError, ["clip", "0.1 to 100", "1000"]),
        (lambda: SURFACE(clip=None), TypeError, ["clip", "None"]),
        (lambda: SURFACE(length=4), ValueError, ["length", "5 to 100", "got 4"]),
        (lambda: SURFACE(length=50.0), ValueError, ["length", "whole", "50.0"]),
    ],
)
def test_errors_name_argument_given_and_allowed(call, error, parts):
    assert_refused(call, error, parts)


if __name__ == "__main__":
    write_reference(REFERENCE, SOURCE, reference())
