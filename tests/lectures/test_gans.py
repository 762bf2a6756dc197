"""Functions that readers of lecture 16 see, against references that were not written here."""

import numpy as np
import pytest
from scipy import integrate, linalg, signal
from scipy.spatial.distance import jensenshannon
from sklearn.neighbors import NearestNeighbors

from course_utils import datasets

SEEDS = range(4)


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    import keras
    import tensorflow as tf

    def function(name, **given):
        libraries = {"keras": keras, "tf": tf, "L": keras.layers, "softplus": tf.nn.softplus}
        return lecture("16_gans").function(name, **libraries, **given)

    return function


@pytest.mark.parametrize("shift", [0.0, 0.7, 2.0, 3.0])
def test_best_value_is_the_divergence(taught, shift):
    density = taught("density")
    at = np.linspace(-8, 12, 20001)
    divergence = jensenshannon(density(at), density(at, shift)) ** 2
    assert taught("best_value")(shift) == pytest.approx(2 * divergence - np.log(4), abs=1e-3)


def test_samples_have_the_density(taught):
    density, points = taught("density"), taught("sample")((200_000,), np.random.default_rng(1))
    for edge in (-2.0, -1.2, 0.0, 1.0, 2.5):
        below = integrate.quad(density, -10, edge)[0]
        assert np.mean(points < edge) == pytest.approx(below, abs=0.005)


@pytest.mark.parametrize("seed", SEEDS)
def test_forward_equals_keras_for_each_copy(taught, seed):
    import keras

    rng = np.random.default_rng(seed)
    params = taught("networks")([3, 7, 5, 2], 4, rng, bias=0.5)
    x = rng.normal(size=(4, 11, 3)).astype("float32")
    ours = taught("forward")(params, x).numpy()
    for copy in range(4):
        model = keras.Sequential([keras.Input((3,)), *(keras.layers.Dense(n, keras.layers.LeakyReLU(0.2)) for n in (7, 5)),
                                  keras.layers.Dense(2)])
        model.set_weights([w.numpy()[copy].reshape(v.shape) for w, v in zip(params, model.weights, strict=True)])
        np.testing.assert_allclose(ours[copy], model(x[copy]).numpy(), atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_power_iteration_equals_svd(taught, seed):
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    W, u = tf.constant(rng.normal(size=(5, 6, 9)), tf.float32), tf.constant(rng.normal(size=(5, 1, 9)), tf.float32)
    spectral = taught("spectral")
    for _ in range(400):
        largest, u = spectral(W, u)
    np.testing.assert_allclose(largest.numpy().ravel(), np.linalg.svd(W.numpy(), compute_uv=False)[:, 0], rtol=2e-3)


def test_steepness_of_a_plane_is_its_slope(taught):
    import tensorflow as tf

    params = [tf.constant([[[3.0], [4.0]]]), tf.constant([[[1.0]]])]
    x = tf.constant(np.random.default_rng(0).normal(size=(1, 6, 2)), tf.float32)
    np.testing.assert_allclose(taught("steepness")(params, x).numpy(), 5.0, rtol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_coverage_counts_like_one_by_one(taught, seed):
    rng = np.random.default_rng(seed)
    coverage = taught("coverage")
    angles = np.arange(8) * np.pi / 4
    centres = 2 * np.column_stack([np.cos(angles), np.sin(angles)])
    points = centres[rng.integers(rng.integers(1, 9), size=500)] + rng.normal(scale=0.3, size=(500, 2))
    near = [[np.hypot(*(point - centre)) < 0.45 for centre in centres] for point in points]
    modes, share = coverage(points)
    assert modes == (np.sum(near, axis=0) >= 10).sum()
    assert share == pytest.approx(np.any(near, axis=1).mean())


def test_ring_has_eight_equal_islands(taught):
    modes, share = taught("coverage")(taught("ring")((3000,), np.random.default_rng(2)))
    assert modes == 8
    assert share == pytest.approx(1 - np.exp(-4.5), abs=0.01)


@pytest.mark.parametrize("penalty", [0.0, 0.6])
@pytest.mark.parametrize("in_turn", [False, True])
def test_small_game_is_a_matrix_power(taught, penalty, in_turn):
    rate = 0.1
    step = np.array([[1, rate], [-rate, 1 - rate * penalty]])
    if in_turn:
        step[1, 1] -= rate**2
    path = taught("play_small")(50, rate, penalty, in_turn)
    np.testing.assert_allclose(path[-1], np.linalg.matrix_power(step, 50) @ [1, 0], atol=1e-12)


def test_copies_of_a_tournament_never_touch(taught):
    """The first game ends the same whatever its neighbour plays."""
    from course_utils import progress

    ends = []
    for other in ("R1", "spectral norm"):
        rng = np.random.default_rng(3)

        def latent(*shape, rng=rng):
            return rng.normal(size=shape).astype("float32")

        tournament = taught("tournament", rng=rng, latent=latent, progress=progress)
        generators = tournament([("Wasserstein", "gradient penalty"), ("Wasserstein", other)], steps=100)
        ends.append([w.numpy() for w in generators])
    for first, second in zip(*ends, strict=True):
        np.testing.assert_allclose(first[0], second[0], atol=1e-4)
    assert max(np.abs(a[1] - b[1]).max() for a, b in zip(*ends, strict=True)) > 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_frechet_equals_the_formula_with_roots(taught, seed):
    rng = np.random.default_rng(seed)
    first, second = rng.normal(size=(80, 6)), rng.normal(size=(60, 6)) @ rng.normal(size=(6, 6)) + 1
    C1, C2 = np.cov(first.T), np.cov(second.T)
    expected = np.sum((first.mean(0) - second.mean(0)) ** 2) + np.trace(C1 + C2 - 2 * linalg.sqrtm(C1 @ C2).real)
    assert taught("frechet")(first, second) == pytest.approx(expected, rel=1e-6)
    assert taught("frechet")(first, first) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("seed", SEEDS)
def test_inside_equals_scikit_learn(taught, seed, k):
    rng = np.random.default_rng(seed)
    manifold, points = rng.normal(size=(70, 4)), 1.5 * rng.normal(size=(50, 4))
    radius = NearestNeighbors(n_neighbors=k + 1).fit(manifold).kneighbors(manifold)[0][:, -1]
    expected = np.mean([(np.linalg.norm(manifold - point, axis=1) <= radius).any() for point in points])
    assert taught("inside")(points, manifold, k) == expected
    assert taught("inside")(manifold, manifold, k) == 1


def test_nearest_equals_scikit_learn(taught):
    rng = np.random.default_rng(5)
    images, among = rng.random((20, 8, 8)), rng.random((30, 8, 8))
    distances, which = NearestNeighbors(n_neighbors=1).fit(among.reshape(30, -1)).kneighbors(images.reshape(20, -1))
    np.testing.assert_allclose(taught("nearest")(images, among)[0], distances[:, 0])
    np.testing.assert_array_equal(taught("nearest")(images, among)[1], which[:, 0])


def test_slant_is_the_weighted_regression(taught):
    images = datasets.load_digits().x_test.reshape(-1, 8, 8)[:20]
    row, column = np.indices((8, 8)).reshape(2, -1)
    expected = [-np.polyfit(row, column, 1, w=np.sqrt(image.ravel()))[0] for image in images]
    np.testing.assert_allclose(taught("slant")(images), expected, atol=1e-9)


def test_a_mosaic_has_real_quarters_of_different_pictures(taught):
    images = np.random.default_rng(6).random((40, 16, 16))
    mixed = taught("mosaic")(images.copy(), np.random.default_rng(7))
    owners = []
    for rows in (slice(0, 8), slice(8, 16)):
        for columns in (slice(0, 8), slice(8, 16)):
            same = (mixed[:, None, rows, columns] == images[None, :, rows, columns]).all(axis=(2, 3))
            assert (same.sum(axis=1) == 1).all()  # each quarter is one of a real picture, at its place
            owners.append(same.argmax(axis=1))
    assert (np.ptp(owners, axis=0) > 0).mean() > 0.9
    assert all(len(set(owner)) == 40 for owner in owners)  # and every real quarter is used once


@pytest.mark.parametrize("size", [1, 3, 8])
def test_windows_are_cut_from_everywhere(taught, size):
    images = np.arange(500 * 64.0).reshape(500, 8, 8)
    cut = taught("windows")(images, size, 400, np.random.default_rng(8)).reshape(400, size, size)
    first = cut[:, 0, 0].astype(int)
    which, row, column = first // 64, first % 64 // 8, first % 8
    assert len(set(which)) == 400  # no picture twice
    assert set(row) == set(column) == set(range(9 - size))
    for window, i, r, c in zip(cut, which, row, column, strict=True):
        np.testing.assert_array_equal(window, images[i, r : r + size, c : c + size])


def test_shrink_and_fade(taught):
    import keras

    images = np.random.default_rng(7).random((3, 8, 8))
    pooled = keras.layers.AveragePooling2D(2)(images[..., None].astype("float32")).numpy()[..., 0]
    np.testing.assert_allclose(taught("shrink")(images, 2), pooled, atol=1e-6)
    half = taught("fade")(pooled, images, 0.25)
    np.testing.assert_allclose(half, 0.75 * np.kron(pooled, np.ones((1, 2, 2))) + 0.25 * images)


@pytest.mark.parametrize("seed", SEEDS)
def test_restyle_moves_mean_and_covariance(taught, seed):
    rng = np.random.default_rng(seed)
    content, style = rng.random((9, 11, 3)), rng.random((8, 8, 3)) @ rng.normal(size=(3, 3))
    result = taught("restyle")(content, style).reshape(-1, 3)
    np.testing.assert_allclose(result.mean(axis=0), style.reshape(-1, 3).mean(axis=0), atol=1e-9)
    np.testing.assert_allclose(np.cov(result.T), np.cov(style.reshape(-1, 3).T), atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_textures_are_mean_products_of_answers(taught, seed):
    rng = np.random.default_rng(seed)
    picture, filters = rng.random((12, 16, 3)), taught("random_filters", rng=rng)(4)
    ours = taught("textures")(picture, filters)
    assert float(taught("apart")(ours, ours)) == 0
    for bank, found in zip((bank.numpy() for bank in filters), ours, strict=True):
        np.testing.assert_allclose(bank.sum(axis=(0, 1)), 0, atol=1e-5)
        np.testing.assert_allclose((bank**2).sum(axis=(0, 1, 2)), 1, rtol=1e-5)
        mirrored = np.pad(picture, ((2, 2), (2, 2), (0, 0)), "symmetric")
        answers = np.maximum([signal.correlate(mirrored, kernel, "valid")[..., 0] for kernel in np.moveaxis(bank, -1, 0)], 0)
        np.testing.assert_allclose(found, np.einsum("irc,jrc->ij", answers, answers) / answers[0].size, atol=1e-5)
        picture = picture.reshape(picture.shape[0] // 2, 2, -1, 2, 3).mean(axis=(1, 3))


def test_rounding_hides_from_the_one_line_detector(taught):
    real = datasets.load_digits().x_test.reshape(-1, 8, 8)
    noise = np.random.default_rng(8).random((50, 8, 8))
    assert not taught("looks_forged")(real).any()
    assert taught("looks_forged")(noise).all()
    assert not taught("looks_forged")(taught("rounded")(noise)).any()


def test_a_transposed_convolution_is_the_transpose(taught):
    """The forger's last layer, as a matrix, is the transpose of a convolution's."""
    import keras

    up = keras.layers.Conv2DTranspose(1, 4, strides=2, padding="same", use_bias=False)
    down = keras.layers.Conv2D(1, 4, strides=2, padding="same", use_bias=False)
    small, large = np.eye(16, dtype="float32").reshape(16, 4, 4, 1), np.eye(64, dtype="float32").reshape(64, 8, 8, 1)
    up(small), down(large)
    up.kernel.assign(down.kernel)
    np.testing.assert_allclose(up(small).numpy().reshape(16, 64), down(large).numpy().reshape(64, 16).T, atol=1e-6)
    assert taught("forger")(channels=4).output_shape == (None, 8, 8, 1)
    assert taught("judge_of_images")(side=16, channels=4, hidden=8).output_shape == (None, 1)


# What the games are made of, each against another way


def test_the_density_is_two_humps(taught):
    def bell(x, mean, width):
        return np.exp(-(((x - mean) / width) ** 2) / 2) / (width * np.sqrt(2 * np.pi))

    x = np.linspace(-4, 4, 33)
    expected = 0.6 * bell(x, -1.2, 0.5) + 0.4 * bell(x, 1.0, 0.8)
    np.testing.assert_allclose(taught("density")(x), expected)
    np.testing.assert_allclose(taught("density")(x + 0.7, 0.7), expected)
    moved = taught("density")(x, 1.5)
    np.testing.assert_allclose(taught("best_judge")(x, 1.5), 1 / (1 + moved / expected))


def test_many_networks_start_with_their_spread(taught):
    params = taught("networks")([50, 60, 3], 4, np.random.default_rng(0), bias=0.5)
    assert [tuple(part.shape) for part in params] == [(4, 50, 60), (4, 1, 60), (4, 60, 3), (4, 1, 3)]
    for W, inputs in ((params[0], 50), (params[2], 60)):
        assert np.std(W) == pytest.approx((2 / inputs) ** 0.5, rel=0.07)
    assert np.std(params[1]) == pytest.approx(0.5, rel=0.15)
    assert not any(part.numpy().any() for part in taught("networks")([3, 2], 2, np.random.default_rng(0))[1::2])


def test_judges_are_trained_towards_the_best_one(taught):
    import keras

    keras.utils.set_random_seed(0)
    rng, drawn = np.random.default_rng(0), []

    def real(count):
        drawn.append(count)
        return rng.normal(0, 1, size=(2, count, 1)).astype("float32")

    def forged(count):
        return rng.normal([[[0.0]], [[3.0]]], 1, size=(2, count, 1)).astype("float32")

    judges = taught("train_judges", rng=rng)(real, forged, steps=200, batch=64, width=16)
    assert [tuple(part.shape) for part in judges] == [(2, 1, 16), (2, 1, 16), (2, 16, 16), (2, 1, 16), (2, 16, 1), (2, 1, 1)]
    assert drawn.count(6400) == 2
    x = np.linspace(-1, 4, 11).reshape(1, 11, 1).repeat(2, axis=0).astype("float32")
    answers = taught("forward")(judges, x).numpy()[..., 0]
    assert np.abs(answers[0]).max() < 1.0  # no difference to be found
    np.testing.assert_allclose(answers[1, 2:9], 4.5 - 3 * x[1, 2:9, 0], atol=1.0)  # the logarithm of the quotient


def keras_that_notes(rates, **momenta):
    """Stand-in for Keras: its Adam must be made with these momenta, notes each rate and moves nothing."""

    class Adam:
        def __init__(self, rate, **given):
            assert given == momenta
            self.learning_rate = self

        def build(self, params):
            pass

        def assign(self, rate):
            rates.append(rate)

        def apply(self, slopes, params):
            pass

    return type("Keras", (), {"optimizers": type("O", (), {"Adam": Adam})})


def test_rates_of_the_judges_fall(lecture):
    rates = []
    fakes = keras_that_notes(rates)
    import tensorflow as tf

    def draw(count):
        return np.zeros((1, count, 1), "float32")

    train_judges = lecture("16_gans").function("train_judges", keras=fakes, tf=tf, rng=np.random.default_rng(0))
    train_judges(draw, draw, steps=400, batch=2, width=3)
    np.testing.assert_allclose(rates, [4e-3, 3e-3, 2e-3, 1e-3])


def test_the_score_of_a_judge(taught):
    rng = np.random.default_rng(0)
    params = taught("networks")([2, 5, 1], 3, rng, bias=1.0)
    real, forged = rng.normal(size=(2, 3, 40, 2)).astype("float32")
    on_real, on_forged = (1 / (1 + np.exp(-taught("forward")(params, x).numpy())) for x in (real, forged))
    expected = np.log(on_real).mean(axis=(1, 2)) + np.log(1 - on_forged).mean(axis=(1, 2))
    np.testing.assert_allclose(taught("value")(params, real, forged), expected, rtol=1e-4)


class Kept:
    """An optimizer that keeps the slopes in variables of its own."""

    def __init__(self, like):
        import tensorflow as tf

        self.slopes = [tf.Variable(tf.zeros_like(part)) for part in like]

    def apply(self, slopes, params):
        for kept, slope in zip(self.slopes, slopes, strict=True):
            kept.assign(slope)


def test_both_players_move_at_once_each_by_its_own_loss(taught):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    g, d = taught("networks")([2, 4, 2], 1, rng), taught("networks")([2, 5, 1], 1, rng, bias=1.0)
    real, noise = rng.normal(size=(2, 1, 9, 2)).astype("float32")
    g_rule, d_rule = Kept(g), Kept(d)
    d_loss, g_loss = taught("step", g=g, d=d, g_rule=g_rule, d_rule=d_rule)(tf.constant(real), tf.constant(noise))
    forward = taught("forward")
    with tf.GradientTape(persistent=True) as tape:
        p, q = tf.sigmoid(forward(d, real)), tf.sigmoid(forward(d, forward(g, noise)))
        of_d, of_g = -tf.reduce_mean(tf.math.log(p) + tf.math.log(1 - q)), -tf.reduce_mean(tf.math.log(q))
    assert float(d_loss) == pytest.approx(float(of_d), rel=1e-4) and float(g_loss) == pytest.approx(float(of_g), rel=1e-4)
    for rule, loss, player in ((d_rule, of_d, d), (g_rule, of_g, g)):
        for kept, slope in zip(rule.slopes, tape.gradient(loss, player), strict=True):
            np.testing.assert_allclose(kept, slope, atol=1e-5)


def test_a_slope_in_the_logit(taught):
    import tensorflow as tf

    logits = np.array([-2.0, 0.0, 3.0], "float32")
    np.testing.assert_allclose(taught("slope_of")(tf.nn.softplus, logits), 1 / (1 + np.exp(-logits)), rtol=1e-5)


def test_losses_of_all_games_add_up(taught):
    import tensorflow as tf

    losses = taught("losses")
    kinds, remedies = list(losses.__globals__["LOSSES"]), list(losses.__globals__["REMEDIES"])
    games = [(kinds[k % len(kinds)], remedies[k % len(remedies)]) for k in range(2 * len(remedies))]
    n, rng = len(games), np.random.default_rng(0)
    g, d = taught("networks")([2, 4, 2], n, rng), taught("networks")([2, 5, 1], n, rng, bias=1.0)
    us = [tf.Variable(rng.normal(size=(n, 1, W.shape[-1])), dtype="float32") for W in d[::2]]
    for u, W in zip(us, d[::2], strict=True):  # the vectors of the largest singular value: exact from the start
        u.assign(np.linalg.svd(W.numpy())[2][:, :1])
    real, noise = rng.normal(size=(2, n, 6, 2)).astype("float32")
    mix = rng.random((n, 6, 1), dtype="float32")
    g_loss, d_loss = losses(games, g, d, us, real, noise, mix)
    g_sum = d_sum = 0.0
    for k, (loss, remedy) in enumerate(games):
        judge = [part.numpy()[k : k + 1] for part in d]
        if remedy == remedies[3]:
            judge = [part / np.linalg.norm(part[0], 2) if part.shape[1] > 1 else part for part in judge]
        own = [tf.constant(part) for part in judge]
        forged = taught("forward")([part[k : k + 1] for part in g], noise[k : k + 1])
        at = real[k : k + 1] * (1 - mix[k : k + 1]) + forged * mix[k : k + 1] if remedy == remedies[1] else real[k : k + 1]
        slope = taught("steepness")(own, tf.constant(at)).numpy()[0]
        d_sum += ((slope - 1) ** 2).sum() if remedy == remedies[1] else 0.05 * (slope**2).sum() if remedy == remedies[2] else 0
        on_real, on_forged = (taught("forward")(own, x)[0, :, 0] for x in (real[k : k + 1], forged))
        judge_loss, forger_loss = losses.__globals__["LOSSES"][loss]
        d_sum += float(tf.reduce_sum(judge_loss(on_real, on_forged)))
        g_sum += float(tf.reduce_sum(forger_loss(on_forged)))
    assert float(g_loss) == pytest.approx(g_sum / 6, rel=1e-3)
    assert float(d_loss) == pytest.approx(d_sum / 6, rel=1e-3)


def test_networks_for_images_have_the_weights_we_count(taught):
    forger, judge = taught("forger")(), taught("judge_of_images")()
    assert forger.count_params() == 16 * 128 + 128 + 128 * 256 + 256 + 16 * 16 + 1 and forger.output_shape == (None, 8, 8, 1)
    assert judge.count_params() == 16 * 48 + 48 + 4 * 4 * 48 * 192 + 192 + 192 + 1 and judge.output_shape == (None, 1)
    assert taught("forger")(side=12).output_shape == (None, 12, 12, 1)
    slopes = [layer.negative_slope for model in (forger, judge) for layer in model.layers for layer in (layer, getattr(layer, "activation", None))
              if hasattr(layer, "negative_slope")]  # fmt: skip
    assert slopes and all(slope == pytest.approx(0.2) for slope in slopes)


def test_losses_of_images_with_their_fine(taught):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    weights, real, noise = rng.normal(size=(3, 3, 1)), rng.normal(size=(5, 3, 3, 1)), rng.normal(size=(5, 3, 3, 1))
    D = lambda x: tf.reduce_sum(x**2 * weights, axis=(1, 2))  # noqa: E731
    g_loss, d_loss = taught("image_losses")(lambda z: 2 * z, D, tf.constant(real), tf.constant(noise), 0.3)
    on_real, on_forged = (real**2 * weights).sum(axis=(1, 2, 3)), (4 * noise**2 * weights).sum(axis=(1, 2, 3))
    fine = 0.15 * np.mean(((2 * real * weights) ** 2).sum(axis=(1, 2, 3)))
    assert float(g_loss) == pytest.approx(np.log1p(np.exp(-on_forged)).mean())
    assert float(d_loss) == pytest.approx((np.log1p(np.exp(-on_real)) + np.log1p(np.exp(on_forged))).mean() + fine)


@pytest.mark.parametrize("last", [1.0, 0.2])
def test_a_game_has_falling_rates_and_ends_with_the_running_mean(taught, last):
    import keras
    import tensorflow as tf

    def model(value):
        made = keras.Sequential([keras.Input((7,)), keras.layers.Dense(1, use_bias=False)])
        made.set_weights([np.full((7, 1), value, "float32")])
        return made

    G, D, asked = model(1.0), model(5.0), []

    def latent(*shape):
        asked.append(shape)
        return np.ones(shape, "float32")

    def losses(G, D, real, noise, penalty):
        assert penalty == 0.3 and real.shape[1:] == (3, 3, 1)
        return tf.reduce_sum(G.weights[0]), -tf.reduce_sum(D.weights[0])

    given = {"image_losses": losses, "latent": latent, "rng": np.random.default_rng(0)}
    play = taught("start_game", **given)(G, D, np.zeros((20, 3, 3)))
    play(200, last)
    assert asked == [(50, 64, 7)] * 4
    shares = np.repeat([1 + (last - 1) * done / 200 for done in (0, 50, 100, 150)], 50)
    np.testing.assert_allclose(D.get_weights()[0], 5 + 3e-3 * shares.sum(), rtol=1e-3)  # a steady slope: full steps
    now, mean = 1.0, 1.0
    for share in shares:
        now -= 1e-3 * share
        mean = 0.995 * mean + 0.005 * now
    np.testing.assert_allclose(G.get_weights()[0], mean if last < 1 else now, rtol=1e-4)


def test_images_are_drawn_read_and_described(taught):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    images = taught("draw", G=lambda z: tf.reshape(z, (-1, 4, 4, 1)), rng=np.random.default_rng(1))(6, spread=0.5)
    np.testing.assert_allclose(images.reshape(6, 16), 0.5 * np.random.default_rng(1).normal(size=(6, 16)), rtol=1e-5)
    logits = rng.normal(size=(4, 10))
    vision = type("Vision", (), {"logits_of": staticmethod(lambda reader, images: logits)})
    p = taught("probabilities", vision=vision, reader=None)(None)
    np.testing.assert_allclose(p, np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))
    maps = rng.normal(size=(4, 2, 3, 5))
    np.testing.assert_allclose(taught("describe", hidden=lambda x: tf.constant(maps))(np.zeros((4, 2, 3))), maps.max(axis=1).max(axis=1))
    walk = taught("walked", G=lambda z: tf.constant(z)[..., None, None] * np.ones((1, 1, 2, 1), "float32"), base=np.ones((4, 3)), walk=[-2, 0, 2])
    np.testing.assert_allclose(walk(np.array([1.0, 0, 0.5]))[:, 0, :, 0], [[-1, 1, 0], [1, 1, 1], [3, 1, 2]])
    pictures = rng.uniform(0.1, 1, size=(3, 4, 8, 8))
    np.testing.assert_allclose(taught("lean")(pictures), [np.mean(taught("slant")(place)) for place in pictures])


def test_neighbours_judge_images(taught):
    from sklearn.neighbors import KNeighborsClassifier

    rng = np.random.default_rng(0)
    x, y = rng.uniform(size=(60, 8, 8)), np.arange(60) % 3
    x[np.arange(60), y] += 0.4
    given = {"x_test": x[30:], "y_test": y[30:], "KNeighborsClassifier": KNeighborsClassifier}
    away = ((x[30:, None] - x[None, :30]) ** 2).sum(axis=(2, 3)).argsort(axis=1)
    votes = np.array([np.bincount(y[:30][row[:3]], minlength=3).argmax() for row in away])
    assert taught("examined", **given)(x[:30], y[:30]) == pytest.approx(np.mean(votes == y[30:]))
    known, forged, asked = x[:20], x[20:40] + 0.1, x[40:]
    detector = taught("trained_detector", x_train=known, KNeighborsClassifier=KNeighborsClassifier)(forged)
    both, labels = np.concatenate([known, forged]), np.repeat([0, 1], 20)
    away = ((asked[:, None] - both[None]) ** 2).sum(axis=(2, 3)).argsort(axis=1)
    np.testing.assert_array_equal(detector(asked), labels[away[:, :5]].sum(axis=1) > 2.5)
    share = taught("detection", x_test=np.zeros((4, 1)))
    verdicts = lambda images: (images[:, 0] > 0.5) * 1.0  # noqa: E731
    assert share(verdicts, np.array([[0.9], [0.1], [0.8], [0.7], [0.0], [0.0]])) == pytest.approx((1 + 0.75) / 2)


def test_filters_have_sum_zero_and_length_one(taught):
    both = taught("random_filters", rng=np.random.default_rng(0))(7)
    assert len(both) == 2 and all(bank.shape == (5, 5, 3, 7) for bank in both)
    for bank in both:
        np.testing.assert_allclose(bank.numpy().sum(axis=(0, 1)), 0, atol=1e-5)
        np.testing.assert_allclose((bank.numpy() ** 2).sum(axis=(0, 1, 2)), 1, rtol=1e-5)
    assert taught("random_filters", rng=np.random.default_rng(0))()[0].shape[-1] == 32


def test_pairs_of_matrices_are_apart_by_a_share(taught):
    rng = np.random.default_rng(0)
    ours, theirs = ([rng.normal(size=(3, 3)) for _ in range(2)] for _ in range(2))
    expected = np.mean([np.linalg.norm(a - b) ** 2 / np.linalg.norm(b) ** 2 for a, b in zip(ours, theirs, strict=True)])
    assert float(taught("apart")(ours, theirs)) == pytest.approx(expected)


def test_painting_moves_towards_the_style_and_stays_in_range(taught):
    rng = np.random.default_rng(0)
    content, style = rng.uniform(size=(16, 16, 3)), 0.3 * rng.uniform(size=(16, 16, 3)) + [0.7, 0.0, 0.0]
    filters, textures, gram, apart = taught("random_filters", rng=rng)(4), taught("textures"), taught("gram"), taught("apart")

    def far(picture):
        picture = picture.astype("float32")
        goal = textures(style, filters) + [gram(style.astype("float32"))]
        return float(apart(textures(picture, filters) + [gram(picture)], goal))

    painted = taught("paint")(content, style, filters, steps=25)
    assert far(painted) < 0.4 * far(content) and painted.min() >= 0 and painted.max() <= 1
    one = taught("paint")(0.5 * content + 0.25, style, filters, steps=1)
    np.testing.assert_allclose(np.abs(one - 0.5 * content - 0.25).max(), 0.02, rtol=0.05)

    def layout(picture):
        grey = picture.mean(axis=-1).reshape(8, 2, 8, 2).mean(axis=(1, 3))
        return (grey - grey.mean()) / np.linalg.norm(grey - grey.mean())

    kept = [np.sum(layout(taught("paint")(content, style, filters, steps=25, stay=stay)) * layout(content)) for stay in (0.0, 3.0)]
    assert kept[1] > kept[0] + 0.02


def test_players_move_at_the_same_time_unless_told_otherwise(taught):
    play = taught("play_small")
    np.testing.assert_array_equal(play(5), play(5, in_turn=False))
    np.testing.assert_allclose(play(1), [[1, 0], [1, -0.1]])


def test_rates_of_a_tournament_stay_and_then_fall(lecture):
    import tensorflow as tf

    rates = []
    fakes = keras_that_notes(rates, beta_1=0.5, beta_2=0.9)
    rng = np.random.default_rng(0)
    tournament = lecture("16_gans").function("tournament", keras=fakes, tf=tf, softplus=tf.nn.softplus, rng=rng)
    kinds, remedies = (list(tournament.__globals__[name]) for name in ("LOSSES", "REMEDIES"))
    players = tournament([(kinds[0], remedies[0])], steps=400, batch=2, width=3)
    assert [tuple(part.shape) for part in players[::2]] == [(1, 2, 3), (1, 3, 3), (1, 3, 2)]
    np.testing.assert_allclose(rates, [1e-3, 4e-3, 1e-3, 4e-3, 1e-3, 4e-3, 0.5e-3, 2e-3])
