"""What later lectures take from lecture 06: the same as its readers see, and clear about wrong input."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils import datasets
from course_utils.networks import vision
from course_utils.publishing.project import Project
from tests.lectures.conftest import LectureCode, notebooks

SEEDS = range(3)


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def taught(keras):
    """The lecture's own functions by name."""
    import tensorflow as tf

    path = Project.at(Path(__file__).resolve().parents[2]).notebook("06_cnns")
    lecture = LectureCode("06_cnns", notebooks.read_notebook(path))
    return lambda name: lecture.function(name, keras=keras, tf=tf)


@pytest.fixture(scope="module")
def digits():
    split = datasets.load_digits()
    return split.x_train[:256].reshape(-1, 8, 8), split.y_train[:256]


def weights_of(model):
    return np.concatenate([part.ravel() for part in model.get_weights()])


def by_seed(keras, seed, make):
    keras.utils.set_random_seed(seed)
    return make()


# The same as in the lecture, bit by bit


@pytest.mark.parametrize("seed", SEEDS)
def test_warp_and_turns_are_the_lectures(taught, digits, seed):
    images, rng = digits[0][:40], np.random.default_rng(seed)
    angles, shifts = rng.uniform(-180, 180, 40), rng.uniform(-9, 9, (40, 2))
    np.testing.assert_array_equal(vision.turns(angles), taught("turns")(angles))
    matrices = vision.turns(angles) + rng.uniform(-0.5, 0.5, (40, 2, 2))
    np.testing.assert_array_equal(vision.warp(images, matrices, shifts), taught("warp")(images, matrices, shifts))


@pytest.mark.parametrize("strength", [0.0, 0.6, 1.0, 1.5])
def test_jiggle_is_the_lectures(taught, digits, strength):
    ours, theirs = (jiggle(digits[0], np.random.default_rng(3), strength) for jiggle in (vision.jiggle, taught("jiggle")))
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(
        vision.jiggle(digits[0], np.random.default_rng(4)), taught("jiggle")(digits[0], np.random.default_rng(4))
    )


@pytest.mark.parametrize("given", [(), ((16, 12, 3),), ((8, 8, 1), (3, 4, 5))])
def test_lenet_is_the_lectures(keras, taught, given):
    ours, theirs = (by_seed(keras, 7, lambda make=make: make(*given)) for make in (vision.lenet, taught("lenet")))
    assert [type(layer).__name__ for layer in ours.layers] == [type(layer).__name__ for layer in theirs.layers]
    assert ours.input_shape == theirs.input_shape and ours.output_shape == (None, 10)
    for layer, other in zip(ours.layers, theirs.layers, strict=True):
        mine, his = (
            {key: value for key, value in one.get_config().items() if key != "name"} for one in (layer, other)
        )
        assert mine == his
    np.testing.assert_array_equal(weights_of(ours), weights_of(theirs))


@pytest.mark.parametrize(
    "options",
    [{}, {"change": True, "smoothing": 0.1}, {"learning_rate": 1e-3, "batch": 50}],
    ids=["plain", "changed and smoothed", "rate and batch"],
)
def test_the_same_seed_gives_the_same_weights_as_in_the_lecture(keras, taught, digits, options):
    options = options | ({"change": vision.jiggle} if options.get("change") else {})
    found = []
    for make, train in ((vision.lenet, vision.train), (taught("lenet"), taught("train"))):
        model = by_seed(keras, 1, lambda make=make: make((8, 8, 1), (4, 4, 8)))
        before = weights_of(model)
        assert train(model, *digits, 2, np.random.default_rng(2), **options) is model
        assert np.abs(weights_of(model) - before).max() > 1e-4
        found.append(model)
    ours, theirs = found
    np.testing.assert_array_equal(weights_of(ours), weights_of(theirs))
    answers = vision.logits_of(ours, digits[0])
    np.testing.assert_array_equal(answers, taught("logits_of")(theirs, digits[0]))
    assert answers.shape == (256, 10) and answers.dtype == np.float32


def test_answers_need_no_training_noise(keras, digits):
    model = vision.lenet((8, 8, 1), (4, 4, 8))
    np.testing.assert_array_equal(vision.logits_of(model, digits[0]), vision.logits_of(model, digits[0]))
    np.testing.assert_allclose(
        vision.logits_of(model, digits[0]), model.predict(digits[0][..., None], verbose=0), atol=1e-5
    )


def test_training_follows_the_generator_and_learns(keras, digits):
    models = []
    for seed in (1, 1, 2):
        model = by_seed(keras, 1, lambda: vision.lenet((8, 8, 1), (8, 8, 16)))
        models.append(vision.train(model, *digits, 20, np.random.default_rng(seed), batch=32))
    one, same, other = map(weights_of, models)
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3
    assert np.mean(vision.logits_of(models[0], digits[0]).argmax(axis=1) == digits[1]) > 0.9


def test_inputs_stay_as_they_are(keras, digits):
    images, labels = digits[0].copy(), digits[1].copy()
    vision.jiggle(images, np.random.default_rng(0))
    vision.train(vision.lenet((8, 8, 1), (2, 2, 2)), images, labels, 1, np.random.default_rng(0), change=vision.jiggle)
    np.testing.assert_array_equal(images, digits[0])
    np.testing.assert_array_equal(labels, digits[1])


# Wrong input is named


EYE = np.eye(2)[None]


@pytest.mark.parametrize(
    ("images", "matrices", "shifts", "said"),
    [
        (np.zeros((8, 8)), EYE, [[0, 0]], r"images must be .*\(n, size, size\), got float64 \(8, 8\)"),
        (np.zeros((3, 8, 7)), EYE, [[0, 0]], r"images must be .*got float64 \(3, 8, 7\)"),
        (np.zeros((3, 8, 8, 1)), EYE, [[0, 0]], "images must be"),
        ([[["a"]]], EYE, [[0, 0]], "images must be numbers"),
        (np.zeros((3, 8, 8)), np.zeros((2, 2, 2)), [[0, 0]], r"matrices must be \(3, 2, 2\).*got \(2, 2, 2\)"),
        (np.zeros((3, 8, 8)), np.zeros((3, 2, 3)), [[0, 0]], r"matrices must be .*got \(3, 2, 3\)"),
        (np.zeros((3, 8, 8)), EYE, np.zeros((2, 2)), r"shifts must be \(3, 2\).*got \(2, 2\)"),
        (np.zeros((3, 8, 8)), EYE, [0, 0], r"shifts must be .*got \(2,\)"),
    ],
)
def test_warp_names_a_shape_that_does_not_fit(images, matrices, shifts, said):
    with pytest.raises(ValueError, match=said):
        vision.warp(images, matrices, shifts)


def test_one_matrix_and_one_shift_serve_all_images(digits):
    images = digits[0][:5]
    one = vision.warp(images, np.eye(2), [[0, 1.0]])
    np.testing.assert_array_equal(one, vision.warp(images, np.tile(EYE, (5, 1, 1)), np.tile([0, 1.0], (5, 1))))


@pytest.mark.parametrize("strength", [-0.1, float("nan")])
def test_jiggle_names_a_wrong_strength(digits, strength):
    with pytest.raises(ValueError, match=f"strength must be at least 0, got {strength}"):
        vision.jiggle(digits[0], np.random.default_rng(0), strength)


def test_jiggle_names_a_wrong_shape(digits):
    with pytest.raises(ValueError, match=r"images must be .*got float64 \(256, 64\)"):
        vision.jiggle(digits[0].reshape(256, 64), np.random.default_rng(0))


@pytest.mark.parametrize("change", [{"y": 255}, {"batch": 257}, {"batch": 0}, {"batch": -1}])
def test_train_names_lengths_that_do_not_fit(keras, digits, change):
    x, y = digits
    with pytest.raises(ValueError, match="x and y must have one length of at least batch="):
        vision.train(None, x, y[: change.get("y")], 1, np.random.default_rng(0), batch=change.get("batch", 64))


def test_nothing_heavy_is_imported_before_it_is_needed():
    heavy = "{'keras', 'tensorflow', 'scipy', 'sklearn'}"
    code = f"import sys; import course_utils.networks.vision; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_accuracy_is_the_share_of_right_answers(keras):
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten()])  # logits are the pixels
    images = np.eye(4).reshape(4, 2, 2)
    assert vision.accuracy(model, images, np.array([0, 1, 2, 0])) == 0.75
    with pytest.raises(ValueError, match="one length, got 4 and 3"):
        vision.accuracy(model, images, np.zeros(3))
