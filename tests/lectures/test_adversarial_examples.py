"""Functions that readers of lecture 09 see, against references that were not written here."""

import itertools
import os

import numpy as np
import pytest
from scipy.stats import beta

from course_utils import datasets

SEEDS = range(5)


@pytest.fixture(scope="module")
def taught(lecture):
    """All attacks of the lecture in one namespace, by name."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import tensorflow as tf

    given = {"keras": keras, "tf": tf, "L": keras.layers}
    names = ("opening_attack", "slope", "box", "floats", "fgsm", "pgd", "noise_of", "margin_slope", "universal", "square_attack",
             "train_against", "certified", "mlp", "way_to_cap", "learn_hot")  # fmt: skip
    return lecture("09_adversarial_examples").functions(*names, fast_slope=None, **given)


def network(shape, classes, seed, hidden=7):
    """A small relu network with random weights, and the weights in double precision."""
    import keras

    rng = np.random.default_rng(seed)
    model = keras.Sequential(
        [
            keras.Input((*shape, 1)),
            keras.layers.Flatten(),
            *([keras.layers.Dense(hidden, "relu")] if hidden else []),
            keras.layers.Dense(classes),
        ]
    )
    weights = [rng.normal(size=w.shape) / np.sqrt(w.shape[0] if w.ndim > 1 else 4) for w in model.get_weights()]
    layers = list(zip(weights[::2], weights[1::2], strict=True))
    weights[-1] -= scores(layers, rng.uniform(size=(500, *shape))).mean(axis=0)  # so that no class always wins
    model.set_weights(weights)
    layers = [layer.get_weights() for layer in model.layers if layer.weights]
    return model, [(W.astype(float), b.astype(float)) for W, b in layers]


def scores(layers, x):
    """The same network in NumPy."""
    a = np.asarray(x, dtype=float).reshape(len(x), -1)
    for W, b in layers[:-1]:
        a = np.maximum(a @ W + b, 0)
    return a @ layers[-1][0] + layers[-1][1]


def losses(layers, x, labels):
    z = scores(layers, x)
    return np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(x)), labels]


def corners(x, epsilon):
    """All corners of the box round each image: (n, 2 ** pixels, rows, columns)."""
    low, high = np.maximum(x - epsilon, 0), np.minimum(x + epsilon, 1)
    pixels = x[0].size
    choice = np.array(list(itertools.product((False, True), repeat=pixels))).reshape(-1, *x.shape[1:])
    return np.where(choice[None], high[:, None], low[:, None])


def tiny(seed, hidden=7):
    """Sixty images of 2 by 3 pixels that a network reads, with its answers as labels."""
    model, layers = network((2, 3), 3, seed, hidden)
    x = np.random.default_rng(100 + seed).uniform(size=(60, 2, 3)).astype("float32")
    return model, layers, x, scores(layers, x).argmax(axis=1)


@pytest.mark.parametrize("seed", SEEDS)
def test_slope_equals_differences_of_a_numpy_network(taught, seed):
    import tensorflow as tf

    model, layers, x, labels = tiny(seed)
    labels = np.random.default_rng(seed).integers(0, 3, size=60)
    found = taught["slope"](model, tf.constant(x), labels).numpy()
    for i, j in itertools.product(range(2), range(3)):
        nudge = np.zeros((2, 3))
        nudge[i, j] = 1e-6
        expected = (losses(layers, x + nudge, labels) - losses(layers, x - nudge, labels)) / 2e-6
        close = np.isclose(found[:, i, j], expected, atol=1e-4)
        assert close.mean() >= 0.98  # a relu's corner may lie between


@pytest.mark.parametrize("seed", SEEDS)
def test_fgsm_finds_the_worst_corner_of_a_linear_network(taught, seed):
    model, layers, x, _ = tiny(seed, hidden=0)
    model, layers = network((2, 3), 2, seed, hidden=0)  # two classes: the loss rises in one direction
    labels = scores(layers, x).argmax(axis=1)
    every = corners(x, 0.1)
    worst = np.max([losses(layers, every[:, k], labels) for k in range(64)], axis=0)
    for attacked in (taught["fgsm"](model, x, labels, 0.1), taught["pgd"](model, x, labels, 0.1, np.random.default_rng(seed))):
        np.testing.assert_allclose(losses(layers, attacked, labels), worst, atol=1e-4)


def test_pgd_succeeds_as_often_as_a_search_of_all_corners(taught):
    ours, brute = [], []
    for seed in SEEDS:
        model, layers, x, labels = tiny(seed)
        every = corners(x, 0.15)
        flips = np.array([scores(layers, every[:, k]).argmax(axis=1) != labels for k in range(64)]).any(axis=0)
        moved = taught["pgd"](model, x, labels, 0.15, np.random.default_rng(seed))
        broken = scores(layers, moved).argmax(axis=1) != labels
        assert np.abs(moved - x).max() <= 0.15 + 1e-6 and moved.min() >= 0 and moved.max() <= 1
        ours.append(broken.mean())
        brute.append(flips.mean())
    assert np.mean(brute) > 0.1
    assert np.mean(ours) == pytest.approx(np.mean(brute), abs=0.04)
    assert np.abs(np.array(ours) - brute).max() <= 0.1


def test_targeted_pgd_reaches_what_a_search_of_all_corners_reaches(taught):
    ours, brute = [], []
    for seed in SEEDS:
        model, layers, x, labels = tiny(seed)
        goal = (labels + 1) % 3
        every = corners(x, 0.3)
        brute.append(np.array([scores(layers, every[:, k]).argmax(axis=1) == goal for k in range(64)]).any(axis=0).mean())
        rng = np.random.default_rng(seed)
        reached = [scores(layers, taught["pgd"](model, x, goal, 0.3, rng, toward=True)).argmax(axis=1) == goal for _ in range(5)]
        ours.append(np.any(reached, axis=0).mean())
    assert np.mean(brute) > 0.1
    assert np.mean(ours) == pytest.approx(np.mean(brute), abs=0.05)


def test_square_attack_is_as_good_as_a_search_of_all_corners(taught):
    """On 8 by 8 pixels that depend on six of them only, so that all corners can be searched."""
    for seed in SEEDS:
        _, layers = network((2, 3), 3, seed)
        x = np.random.default_rng(200 + seed).uniform(size=(60, 8, 8)).astype("float32")
        labels = scores(layers, x[:, 3:5, 2:5]).argmax(axis=1)
        every = corners(x[:, 3:5, 2:5], 0.2)
        flips = np.array([scores(layers, every[:, k]).argmax(axis=1) != labels for k in range(64)]).any(axis=0)
        ask = lambda images, layers=layers: scores(layers, images[:, 3:5, 2:5])  # noqa: E731
        delta, solved = taught["square_attack"](ask, x, labels, 0.2, 600, np.random.default_rng(seed))
        broken = ask(np.clip(x + delta, 0, 1)).argmax(axis=1) != labels
        np.testing.assert_array_equal(broken, np.isfinite(solved))
        assert np.abs(delta).max() <= 0.2 + 1e-9
        assert broken.sum() >= 0.8 * flips.sum()


def test_universal_finds_the_best_change_of_a_linear_network(taught):
    """Where all images are of one class, one change is best for each of them: against the sign of the weights."""
    import tensorflow as tf

    universal = taught["universal"]
    universal.__globals__["fast_slope"] = tf.function(taught["slope"], jit_compile=False)
    for seed in SEEDS:
        model, layers = network((8, 8), 2, seed, hidden=0)
        x = np.random.default_rng(seed).uniform(0.3, 0.7, size=(256, 8, 8)).astype("float32")
        labels = np.zeros(256, int)
        delta = universal(model, x, labels, 0.2, np.random.default_rng(seed))
        W = layers[0][0]
        best = 0.2 * np.sign(W[:, 1] - W[:, 0]).reshape(8, 8)
        assert (np.abs(delta - best) < 1e-5).mean() >= 0.98


@pytest.mark.parametrize("seed", SEEDS)
def test_no_corner_breaks_a_certificate(taught, seed):
    _, layers, x, labels = tiny(seed)
    given = 0
    for epsilon in (0.01, 0.05, 0.1):
        safe = taught["certified"](layers, x.astype(float), labels, epsilon)
        every = corners(x, epsilon)
        flips = np.array([scores(layers, every[:, k]).argmax(axis=1) != labels for k in range(64)]).any(axis=0)
        assert not (safe & flips).any()
        given += safe.sum()
    assert given > 20


@pytest.mark.parametrize("seed", SEEDS)
def test_a_linear_certificate_is_exact(taught, seed):
    _, layers, x, labels = tiny(seed, hidden=0)
    safe = taught["certified"](layers, x.astype(float), labels, 0.1)
    every = corners(x.astype(float), 0.1)
    flips = np.array([scores(layers, every[:, k]).argmax(axis=1) != labels for k in range(64)]).any(axis=0)
    np.testing.assert_array_equal(safe, ~flips)


@pytest.mark.parametrize("d", [3, 30, 300])
def test_way_to_the_cap_equals_the_beta_distribution(taught, d):
    """The height of a point on a sphere, moved to 0 to 1, is beta distributed."""
    rim = 2 * beta((d - 1) / 2, (d - 1) / 2).ppf(0.99) - 1
    expected = np.pi / 2 - np.arccos(rim)
    assert taught["way_to_cap"](d, 0.01, np.random.default_rng(0)) == pytest.approx(expected, rel=0.1)


# ---- real digits


@pytest.fixture(scope="module")
def digits():
    data = datasets.load_digits()
    split = [x.reshape(-1, 8, 8).astype("float32") for x in (data.x_train, data.x_test)]
    return *split, data.y_train, data.y_test


@pytest.fixture(scope="module")
def trained(taught, digits):
    """Three small networks, one for each seed."""
    import keras

    from course_utils.networks.vision import train

    x, _, y, _ = digits
    models = []
    for seed in range(3):
        keras.utils.set_random_seed(seed)
        models.append(train(taught["mlp"](), x, y, 8, np.random.default_rng(seed)))
    return models


def right(model, images, labels):
    from course_utils.networks.vision import logits_of

    return np.mean(logits_of(model, images).argmax(axis=1) == labels)


def test_success_rates_equal_those_of_the_robustness_toolbox(taught, trained, digits):
    pytest.importorskip("art", reason="adversarial-robustness-toolbox isn't installed")
    import keras
    from art.attacks.evasion import FastGradientMethod, ProjectedGradientDescentTensorFlowV2
    from art.estimators.classification import TensorFlowV2Classifier

    _, x, _, y = digits
    x, y = x[:200], y[:200]
    for seed, model in enumerate(trained):
        theirs = TensorFlowV2Classifier(
            model=model, nb_classes=10, input_shape=(8, 8, 1), clip_values=(0, 1),
            loss_object=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )  # fmt: skip
        for epsilon in (0.05, 0.1, 0.15):
            one = FastGradientMethod(theirs, eps=epsilon).generate(x[..., None], y=y)[..., 0]
            assert right(model, taught["fgsm"](model, x, y, epsilon), y) == pytest.approx(right(model, one, y), abs=0.006)
            np.random.seed(seed)
            many = ProjectedGradientDescentTensorFlowV2(
                theirs, eps=epsilon, eps_step=2.5 * epsilon / 20, max_iter=20, num_random_init=1, verbose=False, batch_size=200
            ).generate(x[..., None], y=y)[..., 0]
            ours = taught["pgd"](model, x, y, epsilon, np.random.default_rng(seed))
            assert right(model, ours, y) == pytest.approx(right(model, many, y), abs=0.03)
        goal = (y + 3) % 10
        many = ProjectedGradientDescentTensorFlowV2(
            theirs, eps=0.2, eps_step=0.025, max_iter=20, num_random_init=1, targeted=True, verbose=False, batch_size=200
        ).generate(x[..., None], y=goal)[..., 0]
        ours = taught["pgd"](model, x, goal, 0.2, np.random.default_rng(seed), toward=True)
        assert right(model, ours, goal) == pytest.approx(right(model, many, goal), abs=0.05)


def test_the_opening_attack_is_pgd_without_a_random_start(taught, trained, digits):
    _, x, _, y = digits
    opening = taught["opening_attack"](trained[0], x, y, 0.1)
    assert np.abs(opening - x).max() <= 0.1 + 1e-6
    ours = right(trained[0], taught["pgd"](trained[0], x, y, 0.1, np.random.default_rng(0)), y)
    assert right(trained[0], opening, y) == pytest.approx(ours, abs=0.05)


def test_noise_uses_the_budget_and_stays_on_paper(taught, digits):
    _, x, _, _ = digits
    moved = taught["noise_of"](x, 0.2, np.random.default_rng(0))
    low, high = taught["box"](x, 0.2)
    np.testing.assert_allclose(np.minimum(np.abs(moved - low), np.abs(moved - high)), 0, atol=1e-6)
    assert 0.45 < (moved > x)[(x > 0.2) & (x < 0.8)].mean() < 0.55


def test_training_against_attacks_helps_and_needs_the_attack(taught, digits):
    import keras

    x, x_test, y, y_test = digits
    robust = []
    for epsilon in (0.0, 0.15):
        keras.utils.set_random_seed(0)
        model = taught["train_against"](taught["mlp"](), x, y, 6, np.random.default_rng(0), epsilon)
        assert right(model, x_test, y_test) > 0.85
        robust.append(right(model, taught["pgd"](model, x_test, y_test, 0.12, np.random.default_rng(0)), y_test))
    assert robust[1] - robust[0] > 0.1


def test_a_hot_network_gives_soft_answers_and_its_core_sharp_ones(taught, digits):
    import keras

    x, x_test, y, y_test = digits
    keras.utils.set_random_seed(0)
    core = taught["mlp"]()
    hot = taught["learn_hot"](core, x, np.eye(10)[y], temperature=20, epochs=6)
    from course_utils.networks.vision import logits_of

    np.testing.assert_allclose(20 * logits_of(hot, x_test), logits_of(core, x_test), rtol=1e-4, atol=1e-3)
    assert right(core, x_test, y_test) > 0.85
