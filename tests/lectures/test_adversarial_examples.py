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


@pytest.mark.parametrize("seed", SEEDS)
def test_a_certificate_is_as_good_as_interval_arithmetic(taught, seed):
    _, layers, x, labels = tiny(seed)
    (W, b), (V, c) = layers
    for epsilon in (0.01, 0.02, 0.05, 0.1):
        low, high = np.maximum(x - epsilon, 0).reshape(60, -1), np.minimum(x + epsilon, 1).reshape(60, -1)
        up, down = np.maximum(W, 0), np.minimum(W, 0)
        low, high = (np.maximum(end, 0) for end in (low @ up + high @ down + b, high @ up + low @ down + b))
        gaps = V[:, labels].T[:, :, None] - V[None] + np.zeros((60, 1, 1))  # the right answer's weights minus each one's
        least = (np.where(gaps > 0, low[:, :, None], high[:, :, None]) * gaps).sum(axis=1) + c[labels][:, None] - c
        proven = (least + 10 * np.eye(3)[labels] > 0).all(axis=1)
        np.testing.assert_array_equal(taught["certified"](layers, x.astype(float), labels, epsilon), proven)


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


class Noted(np.random.Generator):
    """A generator that notes within which bounds it was asked for numbers."""

    def __init__(self, seed):
        super().__init__(np.random.PCG64(seed))
        self.asked = []

    def uniform(self, low, high, size):
        self.asked.append((low, high))
        return super().uniform(low, high, size)


def test_the_budget_grows_over_the_first_third_of_a_training(taught, digits):
    x, _, y, _ = digits
    rng = Noted(0)
    taught["train_against"](taught["mlp"](), x[:130], y[:130], 6, rng, 0.3)
    budgets = [0.15] * 2 + [0.3] * 10  # two batches of 64 in each of six epochs
    np.testing.assert_allclose(rng.asked, [(-budget, budget) for budget in budgets], rtol=1e-6)


def test_a_hot_network_gives_soft_answers_and_its_core_sharp_ones(taught, digits):
    import keras

    x, x_test, y, y_test = digits
    keras.utils.set_random_seed(0)
    core = taught["mlp"]()
    hot = taught["learn_hot"](core, x, np.eye(10)[y], temperature=20, epochs=6)
    from course_utils.networks.vision import logits_of

    np.testing.assert_allclose(20 * logits_of(hot, x_test), logits_of(core, x_test), rtol=1e-4, atol=1e-3)
    assert right(core, x_test, y_test) > 0.85


# Smaller functions, each against another way


@pytest.fixture(scope="module")
def small(lecture):
    """Take a function out of the lecture by its name, with what it calls."""
    import keras
    import tensorflow as tf

    return lambda name, **given: lecture("09_adversarial_examples").function(name, keras=keras, tf=tf, L=keras.layers, **given)


class Watched:
    """A model that counts its calls and refuses to be in training."""

    def __init__(self, model):
        self.model, self.calls = model, 0

    def __call__(self, images, training=True):
        assert training is False
        self.calls += 1
        return self.model(images)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_read_off_the_scores(small, seed):
    model, layers = network((8, 8), 10, seed)
    rng = np.random.default_rng(seed)
    images, labels = rng.uniform(size=(40, 8, 8)).astype("float32"), rng.integers(0, 10, size=40)
    z = scores(layers, images)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    labels[:10] = z[:10].argmax(axis=1)
    right, rows = z.argmax(axis=1) == labels, np.arange(40)
    np.testing.assert_allclose(small("loss_of")(model, images, labels), -np.log(p[rows, labels]), rtol=1e-4)
    np.testing.assert_allclose(small("confidence")(model, images, labels), np.sort(p)[~right, -1], rtol=1e-4)
    assert small("said")(model, images[:3]) == [f"{row.argmax()}: {int(100 * row.max())} %" for row in p[:3]]
    ranked = np.argsort(-z, axis=1)
    rivals = np.where(right, ranked[:, 1], ranked[:, 0])
    np.testing.assert_array_equal(small("rivals_of")(model, images, labels), rivals)
    np.testing.assert_allclose(small("margin")(model, images, labels, rivals), z[rows, labels] - z[rows, rivals], atol=1e-4)


def test_three_networks_are_as_large_as_the_text_says(small):
    lenet = small("small_lenet")()
    assert [layer.filters for layer in lenet.layers if hasattr(layer, "filters")] == [16, 16, 24]
    for name, count in (("mlp", 64 * 128 + 128 + 1290), ("logistic", 650)):
        assert small(name)().count_params() == count
        assert small(name)().output_shape == (None, 10)


def test_the_opening_attack_takes_ten_steps_and_stays_on_paper(small):
    model, _ = network((8, 8), 10, 0)
    images = np.random.default_rng(0).choice([0.02, 0.98], size=(5, 8, 8)).astype("float32")
    watched = Watched(model)
    moved = small("opening_attack")(watched, images, np.arange(5), 0.1)
    assert watched.calls == 10
    assert moved.min() == 0 and moved.max() == 1 and np.abs(moved - images).max() <= 0.1 + 1e-6
    images = np.full((5, 8, 8), 0.5, "float32")
    one = small("opening_attack")(model, images, np.arange(5), 0.1, steps=4)
    assert np.isclose(np.abs(one - 0.5), 0.1, atol=1e-6).mean() > 0.8  # two times the budget in all


def test_pgd_takes_small_steps_from_a_random_start(small):
    images, asked = np.random.default_rng(0).uniform(size=(5, 8, 8)).astype("float32"), []

    def uphill(model, moved, labels, step, low, high):
        asked.append((float(step), moved.numpy(), low.numpy(), high.numpy()))
        return moved

    for toward in (False, True):
        small("pgd", uphill=uphill)(None, images, None, 0.1, np.random.default_rng(3), toward=toward)
        start = images + np.random.default_rng(3).uniform(-0.1, 0.1, images.shape)
        for step, moved, low, high in asked:
            assert step == pytest.approx(-0.0125 if toward else 0.0125)  # 2.5 budgets in 20 steps
            np.testing.assert_allclose(moved, np.clip(start, 0, 1), atol=1e-6)
            np.testing.assert_allclose([low, high], np.clip([images - 0.1, images + 0.1], 0, 1), atol=1e-6)
        assert len(asked) == 20
        asked.clear()


def test_each_batch_is_attacked_three_times_and_learned_once(small, digits):
    import keras

    asked = []

    class Listening(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])

        def call(self, images, training=None):
            asked.append("learned" if training else "read")
            return self.inner(images)

    def uphill(model, hard, labels, step, low, high):
        asked.append("attacked")
        return hard

    x, _, y, _ = digits
    model = Listening()
    model(x[:1, ..., None])
    asked.clear()
    small("train_against", uphill=uphill)(model, x[:64], y[:64], 1, np.random.default_rng(0), 0.1)
    assert asked == ["attacked"] * 3 + ["learned"], "in the graph that is traced once"


def test_points_on_a_sphere(small):
    points = small("on_sphere")(4000, 5, np.random.default_rng(0))
    assert points.shape == (4000, 5) and points.dtype == np.float32
    np.testing.assert_allclose((points**2).sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(points.T @ points / 4000, np.eye(5) / 5, atol=0.02)


def test_the_walk_to_a_cap_ends_at_its_rim(small):
    import keras

    ball = keras.Sequential([keras.Input((6, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    weights = np.zeros((6, 2))
    weights[0] = -3, 3  # class 1 beyond x_0 = 0.6
    ball.set_weights([weights, np.array([1.8, -1.8])])
    start = small("on_sphere")(80, 6, np.random.default_rng(0))
    start[0] = [np.cos(np.arccos(0.6) + 1.21), np.sin(np.arccos(0.6) + 1.21), 0, 0, 0, 0]  # one step too far
    start[1] = [np.cos(np.arccos(0.6) + 1.17), np.sin(np.arccos(0.6) + 1.17), 0, 0, 0, 0]
    true = np.arccos(start[:, 0]) - np.arccos(0.6)
    found = small("walk_to_error", ball=ball)(start)
    near = (true > 0) & (true < 1.17 + 1e-3)
    assert np.isinf(found[true > 1.2]).all() and np.isinf(found[0]) and near[1] and near.sum() > 20
    assert np.all((found[near] >= true[near] - 1e-3) & (found[near] <= true[near] + 0.021))


def test_one_change_for_all_follows_the_mean_slope_in_ever_smaller_steps(small):
    pattern, seen = np.where(np.arange(8) < 4, 1.0, -1.0) * np.ones((8, 1)), []

    def fast_slope(model, moved, labels):
        import tensorflow as tf

        assert len(moved) == len(labels) == 128
        seen.append(moved.numpy())
        return tf.constant(np.broadcast_to(pattern, moved.shape) + np.linspace(-0.9, 0.9, 128)[:, None, None])

    images = np.full((300, 8, 8), 0.5, "float32")
    images[:, 0, 0], images[:, 0, 7] = 0.99, 0.01
    delta = small("universal", fast_slope=fast_slope)(None, images, np.zeros(300, int), 0.1, np.random.default_rng(0))
    assert len(seen) == 12 * 2
    length = np.minimum(np.cumsum(np.repeat(0.02 * (1 - np.arange(12) / 12), 2)), 0.1)
    np.testing.assert_allclose([batch[0, 1, 0] - 0.5 for batch in seen], [0, *length[:-1]], atol=1e-6)
    np.testing.assert_allclose(delta, 0.1 * pattern, atol=1e-6)
    assert seen[-1].max() == 1 and seen[-1].min() == 0


def test_the_square_attack_asks_as_often_as_it_may_with_ever_smaller_squares(small):
    seen, label_score = [], iter(np.linspace(90, 10, 100))

    def scores_of(images):
        seen.append(images.copy())
        answers = np.zeros((len(images), 10))
        answers[:, 3] = next(label_score)  # every trial is better, and none is good enough
        return answers

    images = np.full((60, 8, 8), 0.5)
    delta, solved = small("square_attack")(scores_of, images, np.full(60, 3), 0.1, 41, np.random.default_rng(0))
    assert len(seen) == 41 and np.isinf(solved).all()
    np.testing.assert_allclose(seen[-1], images + delta)
    np.testing.assert_array_equal(seen[0], seen[0][:, :1].repeat(8, axis=1))  # stripes to begin with
    np.testing.assert_allclose(np.abs(seen[0] - 0.5), 0.1)
    corners = set()
    for query, (before, after) in enumerate(itertools.pairwise(seen), start=2):
        side, changed = max(1, round(4 * (1 - query / 41))), before != after
        heights = [np.ptp(np.nonzero(page)[0]) + 1 for page in changed if page.any()]
        assert max(heights) == side
        assert max(np.ptp(np.nonzero(page)[1]) + 1 for page in changed if page.any()) == side
        corners |= {(int(i), int(j)) for page in changed for i, j in np.argwhere(page)}
    assert corners == set(itertools.product(range(8), repeat=2))


def test_the_square_attack_keeps_what_helps_and_remembers_when(small):
    answers = iter([5.0, 7.0, 4.0, -1.0, -2.0, 3.0])

    def scores_of(images):
        z = np.zeros((len(images), 10))
        z[:, 0], z[:, 4] = next(answers), 0.5
        return z

    _, solved = small("square_attack")(scores_of, np.full((2, 8, 8), 0.5), np.zeros(2, int), 0.1, 6, np.random.default_rng(0))
    assert solved.tolist() == [4, 4]


def test_a_digit_is_alive_if_no_warp_changes_the_answer(small):
    calls = []

    def jiggle(images, rng):
        calls.append(1)
        changed = images.copy()
        if len(calls) in (3, 40):
            changed[len(calls) % 7] *= -1
        return changed

    model, images = lambda x, training: x[:, 0, :, 0], np.zeros((10, 8, 8), "float32")
    images[np.arange(10), 0, np.arange(10) % 8] = 1
    images[:, 0] -= 0.1 * (images[:, 0] == 0)
    assert small("worst_warp", jiggle=jiggle)(model, images, np.arange(10) % 8, None) == 0.8
    assert len(calls) == 40


def test_boxes_and_noise_at_the_edge(small):
    low, high = small("box")(np.array([0.02, 0.5, 0.97]), 0.1)
    np.testing.assert_allclose(low, [0, 0.4, 0.87])
    np.testing.assert_allclose(high, [0.12, 0.6, 1])
    noisy = small("noise_of")(np.full((50, 8, 8), 0.95), 0.1, np.random.default_rng(0))
    np.testing.assert_allclose(np.unique(noisy), [0.85, 1.0], rtol=1e-6)
