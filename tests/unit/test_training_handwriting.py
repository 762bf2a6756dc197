"""The training of the soft window: its updates are Keras's, and a stop in between changes nothing."""

import numpy as np
import pytest

from course_utils import checkpoints
from training import handwriting_window


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The training with a tiny network on a few short lines."""
    pytest.importorskip("tensorflow")
    changes = {
        "STATE": tmp_path / "state", "UNITS": 4, "WINDOWS": 2, "MIXTURES": 2, "STEPS": 12, "LETTERS": 4, "BATCH": 2,
        "LINES": 8, "HELD_OUT": 4, "WARM_UP": 2, "EACH_MINUTES": 1e9,
    }  # fmt: skip
    for name, value in changes.items():
        monkeypatch.setattr(handwriting_window, name, value)
    monkeypatch.setattr(handwriting_window.reproducibility, "limit_threads", lambda count: None)
    return handwriting_window


@pytest.mark.parametrize("longest", [0.5, 1e6])  # gradients are cut, or never
def test_updates_are_those_of_keras(small, monkeypatch, longest):
    import keras
    import tensorflow as tf

    monkeypatch.setattr(small, "LONGEST_GRADIENT", longest)
    rng = np.random.default_rng(0)
    parts = small.written(small.lines(2, rng), rng)
    first = small.first_weights(np.random.default_rng(1))
    ours, theirs = ({name: tf.Variable(array) for name, array in first.items()} for _ in range(2))
    update = small.make_steps(ours)[0]
    nats = tf.function(small.make_steps(theirs)[1].python_function)  # XLA has no gradient of it
    keras_adam = keras.optimizers.Adam(0.05, global_clipnorm=longest, epsilon=1e-7)
    for step in range(1, 5):
        loss = update(*parts, np.float32(step), np.float32(0.05))
        with tf.GradientTape() as tape:
            expected = nats(*parts)
        keras_adam.apply(tape.gradient(expected, list(theirs.values())), list(theirs.values()))
        assert float(loss) == pytest.approx(float(expected), rel=1e-4)
    for name, weight in ours.items():
        np.testing.assert_allclose(weight.numpy(), theirs[name].numpy(), atol=1e-3)
        assert np.abs(weight.numpy() - first[name]).max() > 0.01


def test_a_stopped_training_ends_where_one_without_a_stop_does(small, stop_after_each_step, tmp_path):
    def train(name):
        small.main(["--steps", "2", "--name", str(tmp_path / name)])
        return checkpoints.load(tmp_path / name)

    whole = train("whole")
    stop_after_each_step()
    steps = [train("parts").record["steps"] for _ in range(2)]
    part = checkpoints.load(tmp_path / "parts")
    assert steps == [1, 2] and whole.record["steps"] == 2
    for name, array in whole.weights.items():
        np.testing.assert_array_equal(part.weights[name], array)


def test_a_finished_training_that_is_started_again_stays_as_it_is(small, tmp_path):
    def train(steps):
        small.main(["--steps", str(steps), "--name", str(tmp_path / "some")])
        return (tmp_path / "some.npz").read_bytes(), checkpoints.load(tmp_path / "some").record["curve"]

    before, curve = train(2)
    assert train(2)[0] == train(2)[0] == before and len(curve) == 1 and None not in curve[0]
    assert [point[0] for point in train(3)[1]] == [2, 3]
    names = [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()]
    assert sorted(names) == ["some.json", "some.npz", "state/some_0.npz"]
