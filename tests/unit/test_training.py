"""Long trainings go on where they were stopped, and measure what they store."""

import numpy as np
import pytest

from course_utils import checkpoints, text
from training import code_lstm, curves, lstm


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The training with a tiny network on a tiny text; calls it with steps and gives the checkpoint."""
    pytest.importorskip("tensorflow")
    changes = {
        "STATE": tmp_path / "state", "STREAMS": 2, "LENGTH": 5, "UNITS": 4, "EMBEDDED": 3, "WARM_UP": 2,
        "HELD_OUT_STREAMS": 2, "EACH_MINUTES": 0.0,
    }  # fmt: skip
    for name, value in changes.items():
        monkeypatch.setattr(code_lstm, name, value)
    monkeypatch.setattr(code_lstm.reproducibility, "limit_threads", lambda count: None)
    text = ["def f(x):\n    return x\n", "import os\n"]
    monkeypatch.setattr(code_lstm, "library", lambda: (text, ["x = [1, 2]\n" * 3], ["json"], "3.12.1"))

    def train(steps, name="tiny", **options):
        more = [word for name, value in options.items() for word in (f"--{name}", str(value))]
        code_lstm.main(["--steps", str(steps), "--name", str(tmp_path / name), *more])
        return checkpoints.load(tmp_path / name)

    return train


def test_streams():
    x, y = code_lstm.streams(np.arange(12), 3)
    assert x.tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]
    assert y.tolist() == [[1, 2, 3], [4, 5, 6], [7, 8, 9]]


def test_the_learning_rate_rises_and_falls_to_zero():
    rates = [lstm.rate_at(step, 1000, 4e-3, 200) for step in range(1, 1002)]
    assert rates[0] == pytest.approx(4e-3 / 200)
    assert 100 < rates.index(max(rates)) < 201 and rates[-1] == 0
    assert np.diff(rates[200:]).max() < 0


def test_first_weights_are_those_of_a_new_lstm():
    weights = code_lstm.first_weights(np.random.default_rng(0))
    recurrent = weights["recurrent_kernel"]
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(code_lstm.UNITS), atol=1e-5)
    assert weights["bias"].sum() == weights["bias"][code_lstm.UNITS : 2 * code_lstm.UNITS].sum() == code_lstm.UNITS
    assert all(array.dtype == np.float32 for array in weights.values())
    widest = np.sqrt(6 / (code_lstm.EMBEDDED + 4 * code_lstm.UNITS))
    assert 0.99 * widest < np.abs(weights["kernel"]).max() <= widest


def test_updates_are_those_of_keras(small):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(0)
    first, ids = code_lstm.first_weights(rng), rng.integers(len(code_lstm.ALPHABET), size=(2, 6)).astype("int32")
    ours, theirs = ({name: tf.Variable(array) for name, array in first.items()} for _ in range(2))
    update, loss_of = code_lstm.make_steps(ours)[0], tf.function(code_lstm.make_steps(theirs)[1].python_function)
    adam = keras.optimizers.Adam(0.05, global_clipnorm=code_lstm.LONGEST_GRADIENT, epsilon=1e-7)
    state = np.zeros((2, code_lstm.UNITS), "float32")
    for step in range(1, 4):
        loss, *_ = update(ids[:, :5], ids[:, 1:], state, state, np.float32(step), np.float32(0.05))
        with tf.GradientTape() as tape:
            expected, *_ = loss_of(ids[:, :5], ids[:, 1:], state, state)
        slopes = [tf.convert_to_tensor(slope) for slope in tape.gradient(expected, list(theirs.values()))]
        adam.apply(slopes, list(theirs.values()))
        assert float(loss) == pytest.approx(float(expected), rel=1e-4)
    for name, weight in ours.items():
        np.testing.assert_allclose(weight.numpy(), theirs[name].numpy(), atol=1e-3)
        assert np.abs(weight.numpy() - first[name]).max() > 0.01


def test_a_stopped_training_ends_where_one_without_a_stop_does(small, stop_after_each_step):
    whole = small(4)
    kept = stop_after_each_step()
    for _ in range(6):
        part = small(4, "parts")
        if part.record["steps"] == 4:
            break
    assert kept[:4] == [1, 1, 1, 2] and part.record["steps"] == 4
    for name, array in whole.weights.items():
        np.testing.assert_allclose(part.weights[name], array, atol=1e-3)
    assert part.record["score"]["bits_per_character"] == pytest.approx(whole.record["score"]["bits_per_character"], abs=1e-3)
    assert part.record["characters_seen"] == 4 * 2 * 5 and part.record["alphabet"] == code_lstm.ALPHABET


def test_a_finished_training_that_is_started_again_stays_as_it_is(small, tmp_path):
    first = small(2)
    before = (tmp_path / "tiny.npz").read_bytes()
    for dropout in (0.0, 0.5, 0.5):  # what was not trained with is no plan
        small(2, dropout=dropout)
    assert (tmp_path / "tiny.npz").read_bytes() == before
    assert len(first.record["curve"]) == 1 and None not in first.record["curve"][0]


def test_a_point_for_the_same_place_takes_the_last_ones():
    curve = [[1, 0.1, 5.0, 4.0]]
    curves.add_point(curve, [2, 0.2, 3.0, 2.0])
    curves.add_point(curve, [2, 0.3, None, 1.5])
    assert curve == [[1, 0.1, 5.0, 4.0], [2, 0.3, 3.0, 1.5]]


def test_more_steps_go_on_with_dropout(small):
    first, second = small(2), small(4, dropout=0.5)
    assert (first.record["steps"], second.record["steps"]) == (2, 4)
    assert second.record["plans"] == [{"steps": 2, "dropout": 0.0}, {"steps": 4, "dropout": 0.5}]
    assert len(second.record["curve"]) == 1 + len(first.record["curve"])
    assert np.abs(second.weights["output_kernel"] - first.weights["output_kernel"]).max() > 1e-4


def test_the_score_is_that_of_the_stored_weights(small):
    found = small(4)
    w, sigmoid = found.weights, lambda z: 1 / (1 + np.exp(-z))
    x, y = code_lstm.streams(text.places_in(code_lstm.ALPHABET, ["x = [1, 2]\n" * 3]), 2)
    h, c, bits = np.zeros((2, 4)), np.zeros((2, 4)), []
    for t in range(x.shape[1] // 5 * 5):
        z = w["embedding"][x[:, t]] @ w["kernel"] + w["bias"] + h @ w["recurrent_kernel"]
        i, f, g, o = np.split(z, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        logits = h @ w["output_kernel"] + w["output_bias"]
        bits.append(np.log2(np.exp(logits).sum(axis=1)) - logits[[0, 1], y[:, t]] / np.log(2))
    assert found.record["score"]["bits_per_character"] == pytest.approx(np.mean(bits), abs=1e-3)
