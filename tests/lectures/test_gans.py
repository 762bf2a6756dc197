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
