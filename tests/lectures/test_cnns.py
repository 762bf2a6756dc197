"""Functions that readers of lecture 06 see, against references that were not written here."""

import ast
import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import linalg, ndimage, signal
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation
from sklearn.metrics import top_k_accuracy_score

from course_utils import datasets

SEEDS = range(5)
seeds = st.integers(0, 2**32 - 1)
examples = settings(max_examples=40, deadline=None, derandomize=True)


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    return lecture("06_cnns").function


@pytest.fixture(scope="module")
def keras():
    """Keras on TensorFlow; the first test that asks for it waits for the import."""
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def with_keras(lecture, keras):
    """Take a function that builds or runs networks out of the lecture."""
    import tensorflow as tf

    return lambda name: lecture("06_cnns").function(name, keras=keras, tf=tf)


# Convolution


def by_scipy(x, kernels, bias):
    """All windows that fit, by SciPy, one pair of channels at a time."""
    maps = [
        sum(signal.correlate(image[..., c], kernels[..., c, o], "valid", "direct") for c in range(x.shape[-1]))
        for image, o in product(x, range(kernels.shape[-1]))
    ]
    return np.moveaxis(np.reshape(maps, (len(x), kernels.shape[-1], *maps[0].shape)), 1, -1) + bias


def test_four_loops_equal_scipy(taught):
    convolve_slowly = taught("convolve_slowly")

    @examples
    @given(seeds, *(st.integers(1, 4) for _ in range(4)))
    def check(seed, rows, columns, more_rows, more_columns):
        rng = np.random.default_rng(seed)
        kernel = rng.normal(size=(rows, columns))
        image = rng.normal(size=(rows + more_rows, columns + more_columns))
        np.testing.assert_allclose(convolve_slowly(image, kernel), signal.correlate(image, kernel, "valid", "direct"), atol=1e-12)

    check()


def test_convolution_equals_scipy(taught):
    convolve = taught("convolve")

    @examples
    @given(seeds, st.integers(1, 5), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(0, 4), st.integers(0, 4))
    def check(seed, size, stride, c_in, c_out, more_rows, more_columns):
        rng = np.random.default_rng(seed)
        x, kernels = rng.normal(size=(2, size + more_rows, size + more_columns, c_in)), rng.normal(size=(size, size, c_in, c_out))
        bias = rng.normal(size=c_out)
        expected = by_scipy(x, kernels, bias)[:, ::stride, ::stride]
        np.testing.assert_allclose(convolve(x, kernels, bias, stride), expected, atol=1e-12)

    check()


@pytest.mark.parametrize("size", [1, 3, 5])
def test_padded_convolution_equals_scipys_filter(taught, size):
    rng = np.random.default_rng(size)
    x, kernel = rng.normal(size=(3, 7, 9)), rng.normal(size=(size, size))
    expected = ndimage.correlate(x, kernel[None], mode="constant")
    found = taught("convolve")(x[..., None], kernel[:, :, None, None], padding="same")[..., 0]
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_padding_is_that_of_tensorflow(taught, keras):
    """Even kernels and strides that don't fit: the rim is not symmetric then."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    convolve, pad_same = taught("convolve"), taught("pad_same")
    for size, stride, rows, columns in product((1, 2, 3, 4), (1, 2, 3), (4, 7), (5, 8)):
        x, kernels = rng.normal(size=(2, rows, columns, 2)), rng.normal(size=(size, size, 2, 3))
        theirs = tf.nn.conv2d(x, kernels, stride, "SAME").numpy()
        np.testing.assert_allclose(convolve(x, kernels, stride=stride, padding="same"), theirs, atol=1e-12)
        padded = pad_same(x, size, stride)
        assert padded.sum() == pytest.approx(x.sum()) and np.count_nonzero(padded) == x.size


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pool_takes_each_block(taught, size):
    x = np.random.default_rng(size).normal(size=(2, 7, 8, 3))
    for keep, name in ((np.max, "max"), (np.mean, "mean")):
        found = taught("pool")(x, size, keep)
        assert found.shape == (2, 7 // size, 8 // size, 3)
        for n, i, j, c in np.ndindex(found.shape):
            block = x[n, i * size : (i + 1) * size, j * size : (j + 1) * size, c]
            assert found[n, i, j, c] == pytest.approx(getattr(block, name)(), abs=1e-15)


def test_halve_is_the_mean_of_four(taught):
    x = np.random.default_rng(0).uniform(size=(2, 7, 9, 3))
    corners = [x[:, i:6:2, j:8:2] for i, j in product((0, 1), (0, 1))]
    np.testing.assert_allclose(taught("halve")(x), np.mean(corners, axis=0), atol=1e-15)


# The matrix, shifts, receptive fields


@pytest.mark.parametrize("seed", SEEDS)
def test_circulant_equals_scipy_and_the_fourier_transform(taught, seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(5, 12))
    kernel, x = rng.normal(size=rng.integers(1, n + 1)), rng.normal(size=n)
    C = taught("circulant")(kernel, n)
    row = np.append(kernel, np.zeros(n - len(kernel)))
    np.testing.assert_array_equal(C, linalg.circulant(row).T)
    by_waves = np.fft.ifft(np.conj(np.fft.fft(row)) * np.fft.fft(x)).real
    np.testing.assert_allclose(C @ x, by_waves, atol=1e-12)
    shift = np.roll(np.eye(n), 1, axis=1)
    np.testing.assert_allclose(C @ shift, shift @ C, atol=1e-12)


def test_matrix_of_gives_the_matrix_back(taught):
    rng = np.random.default_rng(0)
    matrix, kernel, image = rng.normal(size=(7, 25)), rng.normal(size=(3, 3)), rng.normal(size=(6, 6))
    found = taught("matrix_of")(lambda x: x.reshape(len(x), 25) @ matrix.T, 5)
    np.testing.assert_allclose(found, matrix, atol=1e-15)
    convolve = taught("convolve")
    dense = taught("matrix_of")(lambda x: convolve(x, kernel[:, :, None, None], padding="same"), 6)
    np.testing.assert_allclose(dense @ image.ravel(), ndimage.correlate(image, kernel, mode="constant").ravel(), atol=1e-12)


def test_receptive_field_equals_following_the_windows(taught):
    receptive_field = taught("receptive_field")

    @examples
    @given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 4)), max_size=4))
    def check(layers):
        seen = {0}
        for kernel, stride in reversed(layers):
            seen = {i * stride + j for i in seen for j in range(kernel)}
        assert receptive_field(layers) == max(seen) - min(seen) + 1

    check()


def test_scattered_digits_are_whole(taught):
    images = np.random.default_rng(0).uniform(0.1, 1, size=(300, 8, 8))
    sheets = taught("scatter")(images, 11, np.random.default_rng(1))
    places = set()
    for image, sheet in zip(images, sheets, strict=True):
        inked = np.argwhere(sheet)
        (i, j), (k, m) = inked.min(axis=0), inked.max(axis=0)
        np.testing.assert_array_equal(sheet[i : k + 1, j : m + 1], image)
        assert np.count_nonzero(sheet) == 64
        places.add((int(i), int(j)))
    assert places == set(product(range(4), repeat=2))


# Warps


def test_warp_equals_scipys_affine_transform(taught):
    warp = taught("warp")

    @examples
    @given(seeds, st.integers(2, 10))
    def check(seed, size):
        rng = np.random.default_rng(seed)
        images, shifts = rng.uniform(size=(3, size, size)), rng.uniform(-2, 2, size=(3, 2))
        matrices = np.eye(2) + rng.uniform(-0.8, 0.8, size=(3, 2, 2))
        centre = np.full(2, (size - 1) / 2)
        expected = [
            ndimage.affine_transform(image, matrix, centre + shift - matrix @ centre, order=1, mode="grid-constant")
            for image, matrix, shift in zip(images, matrices, shifts, strict=True)
        ]
        np.testing.assert_allclose(warp(images, matrices, shifts), expected, atol=1e-9)

    check()


@pytest.mark.parametrize("shift", [(0, 1), (1, 0), (-2, 3), (0, 0), (9, 0), (-3, -8)])
def test_shifts_by_whole_pixels_are_exact(taught, shift):
    image, expected = np.random.default_rng(0).uniform(size=(8, 8)), np.zeros((8, 8))
    for i, j in product(range(8), repeat=2):
        row, column = i + shift[0], j + shift[1]
        if 0 <= row < 8 and 0 <= column < 8:
            expected[i, j] = image[row, column]
    found = taught("warp")(image[None], taught("turns")(np.zeros(1)), np.array([shift], dtype=float))
    np.testing.assert_array_equal(found[0], expected)


def test_turns_are_rotations(taught):
    angles = np.array([0.0, 20, 90, -130, 400])
    expected = Rotation.from_euler("z", angles[:, None], degrees=True).as_matrix()[:, :2, :2]
    np.testing.assert_allclose(taught("turns")(angles), expected, atol=1e-12)


@pytest.mark.parametrize("size", [7, 8])
def test_a_quarter_turn_is_numpys(taught, size):
    images = np.random.default_rng(size).uniform(size=(2, size, size))
    turned = taught("turned_by")(images, np.array([90.0, -90.0]))
    np.testing.assert_allclose(turned, [np.rot90(images[0], -1), np.rot90(images[1])], atol=1e-9)


def test_jiggle_keeps_shape_and_range(taught):
    jiggle, images = taught("jiggle"), datasets.load_digits().x_test.reshape(-1, 8, 8)
    one, same, other = (jiggle(images, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one.shape == images.shape
    assert one.min() >= 0 and one.max() <= images.max() + 1e-12
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 0.3
    np.testing.assert_allclose(jiggle(images, np.random.default_rng(1), strength=0.0), images, atol=1e-12)
    alike = jiggle(np.repeat(images[:1], 50, axis=0), np.random.default_rng(3))
    assert len(np.unique(alike.round(9), axis=0)) == 50  # each copy has a nuisance of its own


def test_jiggle_grows_with_its_strength(taught):
    images = datasets.load_digits().x_test.reshape(-1, 8, 8)
    away = [np.linalg.norm(taught("jiggle")(images, np.random.default_rng(0), s) - images) for s in (0.3, 0.6, 1.0, 1.5)]
    assert away == sorted(away)


@pytest.mark.parametrize("angle", [-60, -25, 0, 10, 45, 80])
def test_axis_of_a_drawn_bar_and_alignment(taught, angle):
    drawn = taught("bar")(-angle, size=21)[..., 0]  # a bell across; its axis leans by `angle`
    row, column = np.indices((21, 21)) - 10
    drawn = drawn * np.exp(-(row**2 + column**2) / 30)  # ends before the rim
    assert taught("axis_of")(drawn)[0] == pytest.approx(angle, abs=0.5)
    assert abs(taught("axis_of")(taught("align")(drawn))[0]) < 1.0
    ink = np.argwhere(drawn[0] > 0.3) - 10.0  # the same by a principal axis
    direction = np.linalg.svd(ink - ink.mean(axis=0))[2][0]
    assert np.degrees(np.arctan(direction[1] / direction[0])) == pytest.approx(angle, abs=3)


# Cells


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_complex_cells_equal_scipys_maximum_filter(taught, size):
    maps = np.random.default_rng(size).normal(size=(2, 6, 7, 3))
    filtered = ndimage.maximum_filter(maps, size=(1, size, size, 1))
    start = size // 2
    expected = filtered[:, start : start + 7 - size, start : start + 8 - size]
    np.testing.assert_array_equal(taught("c_layer")(maps, size), expected)


def test_simple_cells_are_a_rectified_convolution(taught):
    rng = np.random.default_rng(0)
    x, kernels = rng.normal(size=(2, 6, 6, 1)), rng.normal(size=(3, 3, 1, 4))
    np.testing.assert_allclose(taught("s_layer")(x, kernels), np.clip(by_scipy(x, kernels, 0), 0, None), atol=1e-12)


@pytest.mark.parametrize("angle", [0, 30, 90, 135])
@pytest.mark.parametrize("size", [5, 9, 10])
def test_gabor_is_silent_on_even_light_and_likes_its_own_bar(taught, angle, size):
    gabor, bar = taught("gabor"), taught("bar")
    kernel = gabor(size, angle)
    assert kernel.sum() == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(kernel, gabor(size, angle + 180), atol=1e-12)
    np.testing.assert_allclose(gabor(size, angle + 90), np.rot90(kernel), atol=1e-12)
    answers = {a: np.sum(kernel * bar(a, size=size)[0, ..., 0]) for a in range(angle - 90, angle + 91, 15)}
    assert max(answers, key=answers.get) == angle


def test_templates_are_found_up_to_the_play_and_no_farther(taught):
    rng = np.random.default_rng(0)
    templates = np.zeros((4, 9, 9, 2))
    templates[:, 3:6, 3:6] = rng.uniform(0.1, 1, size=(4, 3, 3, 2))
    s2c2 = taught("s2c2")
    np.testing.assert_allclose(np.diag(s2c2(3 * templates, templates, 0)), 1, atol=1e-6)  # contrast doesn't count
    moved = np.roll(templates, (1, -2), axis=(1, 2))
    assert np.diag(s2c2(moved, templates, 0)).max() < 0.95
    assert np.diag(s2c2(moved, templates, 1)).max() < 0.99
    found = s2c2(moved, templates, 2)
    np.testing.assert_allclose(np.diag(found), 1, atol=1e-6)
    assert found.max() <= 1 + 1e-9 and (found.argmax(axis=1) == np.arange(4)).all()


# Kernels from photographs


def test_patches_are_cut_half_and_half(taught):
    pictures = np.arange(2 * 20 * 30, dtype=float).reshape(2, 20, 30)
    patches = taught("cut_patches")(pictures, 200, 5, np.random.default_rng(0))
    assert patches.shape == (200, 5, 5)
    np.testing.assert_array_equal(patches[:, 0, 0] < 600, np.arange(200) < 100)
    np.testing.assert_array_equal(patches - patches[:, :1, :1], np.broadcast_to(pictures[0, :5, :5], patches.shape))


@pytest.mark.parametrize("keep", [5, 15])
def test_white_patches_have_the_identity_as_covariance(taught, keep):
    rng = np.random.default_rng(keep)
    patches = rng.normal(size=(900, 16)) @ rng.normal(size=(16, 16))
    white, back = taught("whiten")(patches, keep)
    np.testing.assert_allclose(white.T @ white / 900, np.eye(keep), atol=1e-9)
    centred = patches - patches.mean(axis=1, keepdims=True)
    _, s, vt = np.linalg.svd(centred, full_matrices=False)
    expected = centred @ vt[:keep].T @ vt[:keep]  # the best with so many coordinates
    np.testing.assert_allclose(white @ back, expected, atol=1e-8)


@pytest.mark.parametrize("seed", SEEDS)
def test_sparse_kernels_stay_orthonormal_and_find_hidden_sources(taught, seed):
    rng = np.random.default_rng(seed)
    sources = rng.laplace(scale=1 / np.sqrt(2), size=(6000, 6))
    mixing = linalg.qr(rng.normal(size=(6, 6)))[0]
    W = taught("learn_sparse")(sources @ mixing.T, rng)
    np.testing.assert_allclose(W.T @ W, np.eye(6), atol=1e-5)
    likeness = np.sort(np.abs(W.T @ mixing), axis=1)
    assert likeness[:, -1].min() > 0.98 and likeness[:, -2].max() < 0.2


def test_one_step_of_sparse_learning_is_one_of_fast_ica(taught):
    from sklearn.decomposition import FastICA
    from sklearn.exceptions import ConvergenceWarning

    white = np.random.default_rng(1).laplace(scale=1 / np.sqrt(2), size=(800, 4))
    start = linalg.qr(np.random.default_rng(2).normal(size=(4, 4)))[0]
    theirs = FastICA(whiten=False, w_init=start.T, max_iter=1, fun="logcosh")
    with pytest.warns(ConvergenceWarning):
        theirs.fit(white)
    np.testing.assert_allclose(taught("learn_sparse")(white, np.random.default_rng(2), steps=1).T, theirs.components_, atol=1e-4)


def test_learned_kernels_are_pictures(taught):
    pictures = ndimage.gaussian_filter(np.random.default_rng(0).laplace(size=(2, 40, 50)), (0, 1, 1))
    kernels = taught("learn_kernels")(pictures, np.random.default_rng(1), size=5, keep=9, count=800)
    assert kernels.shape == (9, 5, 5)
    assert np.linalg.matrix_rank(kernels.reshape(9, 25)) == 9


@pytest.mark.parametrize("shape", [(20, 30), (21, 33)])
def test_scrambled_pictures_keep_the_spectrum_and_nothing_else(taught, shape):
    rng = np.random.default_rng(0)
    picture = ndimage.gaussian_filter(rng.uniform(size=shape), 2)
    noise = taught("scramble")(picture, rng)
    strength = [np.abs(np.fft.fft2(image - image.mean())) for image in (picture, noise)]
    np.testing.assert_allclose(strength[1], strength[0], atol=1e-9)
    assert abs(noise.mean()) < 1e-9, "its mean is taken off"
    assert abs(np.corrcoef(picture.ravel(), noise.ravel())[0, 1]) < 0.6


def test_mosaic_puts_kernels_in_rows(taught):
    kernels = np.random.default_rng(0).normal(size=(6, 3, 3))
    sheet = taught("mosaic")(kernels, columns=3)
    assert sheet.shape == (7, 11)  # a rim between, none around
    np.testing.assert_allclose(sheet[4:, 8:], kernels[5] / np.abs(kernels[5]).max(), atol=1e-15)
    assert taught("mosaic")(np.ones((4, 5, 5, 3)), columns=2).shape == (11, 11, 3)  # colours too


@pytest.mark.parametrize(
    ("direction", "wavelength", "widths", "phase", "place"),
    [(0, 4.0, (2.0, 2.0), 0.0, (4.5, 4.5)), (40, 5.0, (1.5, 2.5), 1.2, (4.0, 5.5)), (90, 3.5, (2.2, 1.4), 0.6, (5.0, 4.0)),
     (110, 4.5, (1.6, 1.6), 1.57, (4.5, 3.5)), (165, 6.0, (2.5, 2.0), 2.5, (5.0, 5.0))],
)  # fmt: skip
def test_fit_gabor_recovers_a_known_gabor(taught, direction, wavelength, widths, phase, place):
    y, x = np.indices((10, 10))
    x, y = x - place[0], y - place[1]
    cos, sin = np.cos(np.radians(direction)), np.sin(np.radians(direction))
    along, across = cos * x + sin * y, cos * y - sin * x
    kernel = np.exp(-((along / widths[0]) ** 2 + (across / widths[1]) ** 2) / 2) * np.cos(2 * np.pi * along / wavelength + phase)
    fit, angle = taught("fit_gabor")(-7 * kernel)
    assert fit > 0.995
    assert abs((angle - direction + 90) % 180 - 90) < 2


def test_fit_gabor_refuses_noise(taught):
    rng = np.random.default_rng(0)
    explained = [taught("fit_gabor")(rng.normal(size=(10, 10)))[0] for _ in range(8)]
    assert np.median(explained) < 0.4 and -0.1 < min(explained) and max(explained) < 0.7, "a share of the variance"


# Networks


def test_layer_numbers_equal_keras(taught, keras):
    layer_numbers, layers = taught("layer_numbers"), keras.layers
    for rows, kernel, c_in, c_out, groups in ((9, 3, 4, 8, 1), (7, 5, 6, 10, 2), (1, 1, 20, 30, 1)):
        layer = layers.Conv2D(c_out, kernel, padding="same", groups=groups)
        layer.build((None, rows, rows, c_in))
        parameters, units, multiply_adds = layer_numbers(rows, kernel, c_in, c_out, groups)
        assert parameters == layer.count_params()
        assert units == np.prod(layer.compute_output_shape((1, rows, rows, c_in)))
        assert multiply_adds == rows * rows * layer.kernel.shape.num_elements()
    dense = layers.Dense(30)
    dense.build((None, 6 * 6 * 5))
    assert layer_numbers(1, 6, 5, 30)[0] == dense.count_params()


def test_alexnets_table_adds_up_to_the_paper(taught, lecture):
    [cell] = [source for source, _ in lecture("06_cnns").cells if source.startswith("ALEXNET = ")]
    table = ast.literal_eval(cell.partition("\n\n")[0].removeprefix("ALEXNET = "))
    parameters, units, work = np.sum([taught("layer_numbers")(*layer) for layer in table.values()], axis=0)
    assert 60e6 < parameters < 62e6 and 640e3 < units < 660e3 and 0.65e9 < work < 0.8e9


def test_every_network_has_ten_outputs_and_the_weights_we_count(with_keras, keras):
    for name, shape, expected in (
        ("mlp", (14, 14), 196 * 128 + 128 + 1290),
        ("small_cnn", (14, 14), 160 + 16 * 9 * 32 + 32 + 9 * 32 * 10 + 10),
        ("mlp_1d", None, 4100 + 10100 + 1010),
        ("cnn_1d", None, 192 + 2 * (5 * 32 * 32 + 32) + 320 * 10 + 10),
    ):
        model = with_keras(name)(shape) if shape else with_keras(name)()
        assert model.count_params() == expected, name
        assert model.output_shape == (None, 10), name
    model = with_keras("lenet")((8, 8, 1), (4, 5, 6))
    assert model.count_params() == 40 + (36 * 5 + 5) + (45 * 6 + 6) + (24 * 10 + 10)
    assert with_keras("lenet")().input_shape == (None, 8, 8, 1)


def test_train_repeats_learns_and_shows_fresh_images(with_keras, keras):
    functions = ("train", "accuracy", "logits_of")
    train, accuracy, logits_of = (with_keras(name) for name in functions)
    rng = np.random.default_rng(0)
    y = rng.integers(0, 10, size=300)
    x = 0.1 * rng.uniform(size=(300, 8, 8)) + np.eye(10)[y][:, :, None].repeat(8, axis=2)[:, :8]
    x[:, :, 0] += (y == 9)[:, None]
    shown, answers = [], []

    def change(images, rng):
        assert isinstance(rng, np.random.Generator)
        shown.append(images)
        return images

    for seed in (1, 1, 2):
        keras.utils.set_random_seed(5)
        model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)])
        assert train(model, x, y, 12, np.random.default_rng(seed), 2e-2, batch=50, change=change) is model
        answers.append(logits_of(model, x))
    assert len(shown) == 36
    np.testing.assert_array_equal(answers[0], answers[1])
    assert np.abs(answers[0] - answers[2]).max() > 1e-3
    assert accuracy(model, x, y) == np.mean(answers[2].argmax(axis=1) == y) > 0.95


def test_two_readers_and_many_views_give_probabilities(with_keras, keras):
    networks = [keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]) for _ in range(2)]
    images = datasets.load_digits().x_test[:20].reshape(-1, 8, 8)
    answers = with_keras("read")(networks, images, np.random.default_rng(0), views=3)
    assert answers.shape == (20, 10)
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def test_nearest_equals_scipy(taught):
    rng = np.random.default_rng(0)
    stored, asked = rng.normal(size=(80, 6)), rng.normal(size=(50, 6))
    np.testing.assert_array_equal(taught("nearest")(stored, asked), cdist(asked, stored).argmin(axis=1))


@pytest.mark.parametrize("k", [1, 2, 5, 9])
def test_top_k_error_equals_scikit_learn(taught, k):
    rng = np.random.default_rng(k)
    scores, labels = rng.normal(size=(200, 10)), rng.integers(0, 10, size=200)
    expected = 1 - top_k_accuracy_score(labels, scores, k=k, labels=range(10))
    assert taught("top_k_error")(scores, labels, k) == pytest.approx(expected, abs=1e-12)


# The full-size tier: one constant


def small_set(name):
    """Few pictures in the shape of the full set: bright above or bright below."""
    (_, *shape), _ = datasets.FULL_SIZE[name]

    def part(count):
        images, labels = np.zeros((count, *shape), np.uint8), np.arange(count, dtype=np.uint8) % 2
        images[labels == 0, : shape[0] // 2] = images[labels == 1, shape[0] // 2 :] = 255
        return images, labels[:, None] if name == "cifar10" else labels

    return part(640), part(60)


@pytest.fixture
def where_keras_looks(monkeypatch):
    """Small sets in the place of Keras' loaders, and no way to the network."""
    import socket

    def refuse(*given):
        pytest.fail("asked for the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    small = {name: small_set(name) for name in datasets.FULL_SIZE}
    monkeypatch.setattr(datasets, "_keras_loader", lambda name: lambda: small[name])
    for name, (train, test) in small.items():
        monkeypatch.setitem(datasets.FULL_SIZE, name, (train[0].shape, len(test[0])))


@pytest.mark.parametrize("name", ["mnist", "cifar10"])
def test_full_size_trains_on_what_it_gets(with_keras, keras, where_keras_looks, name):
    keras.utils.set_random_seed(0)
    found = with_keras("full_size")(name, epochs=1, limit=128)
    assert 0 <= found <= 1


def test_the_full_size_tier_runs_by_changing_one_constant(lecture, keras, where_keras_looks, capsys):
    code = lecture("06_cnns")
    [cell] = [source for source, _ in code.cells if re.search(r"^FULL_SIZE = None", source, re.M)]
    assert "full_size(FULL_SIZE)" in cell
    values = code.function("lenet", keras=keras).__globals__ | {"datasets": datasets}
    keras.utils.set_random_seed(0)
    exec(cell, dict(values))
    assert capsys.readouterr().out == ""  # as it stands: nothing is loaded, nothing runs
    exec(re.sub(r"^FULL_SIZE = None", 'FULL_SIZE = "fashion_mnist"', cell, flags=re.M), dict(values))
    said = re.search(r"fashion_mnist: test accuracy ([\d.]+)", capsys.readouterr().out)
    assert float(said[1]) > 0.9  # above and below are told apart


# Smaller functions, each against another way


class Drawn:
    """A generator of random numbers that writes down what it is asked for."""

    def __init__(self):
        self.asked = []

    def uniform(self, low, high, size):
        self.asked.append((low, high, size))
        return np.random.default_rng(len(self.asked)).uniform(low, high, size)


def test_jiggle_draws_stretch_turn_slant_and_move(taught):
    images = datasets.load_digits().x_test[:5].reshape(-1, 8, 8)
    rng = Drawn()
    found = taught("jiggle")(images, rng)
    assert rng.asked == [(-0.13, 0.13, (5, 2)), (-13, 13, 5), (-0.2, 0.2, 5), (-0.8, 0.8, (5, 2))]
    log_stretch, degrees, slant, shifts = (np.random.default_rng(k + 1).uniform(*asked) for k, asked in enumerate(rng.asked))
    turned = Rotation.from_euler("z", degrees[:, None], degrees=True).as_matrix()[:, :2, :2]
    matrices = turned @ np.array([np.diag(np.exp(pair)) for pair in log_stretch]) + slant[:, None, None] * [[0, 0], [1, 0]]
    np.testing.assert_allclose(found, taught("warp")(images, matrices, shifts), atol=1e-12)


@pytest.mark.parametrize("angle", [0, 30, 135])
def test_gabor_and_bar_are_the_written_formulas(taught, angle):
    expected, drawn = np.zeros((2, 7, 7)), np.zeros((15, 15))
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    for i, j in product(range(7), repeat=2):
        bell = np.exp(-0.5 * ((i - 3) ** 2 + (j - 3) ** 2) / 1.6**2)
        expected[:, i, j] = bell * np.cos(np.pi / 2 * ((j - 3) * cos + (i - 3) * sin)), bell
    for i, j in product(range(15), repeat=2):
        drawn[i, j] = np.exp(-(((j - 7) * cos + (i - 7) * sin) ** 2) / 0.8)
    np.testing.assert_allclose(taught("gabor")(7, angle), expected[0] - expected[1] * expected[0].sum() / expected[1].sum(), atol=1e-12)
    np.testing.assert_allclose(taught("bar")(angle)[0, :, :, 0], drawn, atol=1e-12)
    np.testing.assert_allclose(taught("bar")(0, offset=2.0, size=9)[0, 4, :, 0], np.exp(-((np.arange(9) - 6.0) ** 2) / 0.8), atol=1e-12)


def test_layers_of_cells_one_after_another(taught):
    rng = np.random.default_rng(0)
    images, eight = rng.normal(size=(2, 8, 8)), rng.normal(size=(5, 5, 1, 8))
    simple = np.maximum(by_scipy(np.pad(images, ((0, 0), (2, 2), (2, 2)))[..., None], eight, 0), 0)
    strongest = np.max([simple[:, i : i + 7, j : j + 7] for i, j in product((0, 1), (0, 1))], axis=0)
    np.testing.assert_allclose(taught("s1c1", eight=eight)(images), strongest, atol=1e-12)
    kernels = rng.normal(size=(3, 3, 1, 4))
    for stride in (1, 2):
        whole = np.maximum(by_scipy(np.pad(images, ((0, 0), (1, 1), (1, 1)))[..., None], kernels, 0), 0)
        found = taught("conv_layer", kernels_8=kernels)(images[..., None], stride)
        np.testing.assert_allclose(found, whole[:, stride - 1 :: stride, stride - 1 :: stride], atol=1e-12)
    np.testing.assert_allclose(taught("conv_layer", kernels_8=kernels)(images[..., None]), whole, atol=1e-12)


def test_change_is_relative_and_counts_columns(taught):
    roomy = np.random.default_rng(0).normal(size=(100, 4, 6, 1))
    change = taught("change", roomy=roomy)
    expected = [np.linalg.norm(np.roll(page, 2, axis=1) - page) / np.linalg.norm(page) for page in roomy]
    assert change(lambda x: 3 * x, 2) == pytest.approx(np.mean(expected))
    assert change(lambda x: x.sum(axis=2), 1) == pytest.approx(0, abs=1e-12)


def test_touched_is_two_convolutions_a_pooling_and_one_more(taught):
    image = np.random.default_rng(0).uniform(size=(1, 14, 14, 1))
    twice = ndimage.uniform_filter(ndimage.uniform_filter(image[0, ..., 0], 3), 3)[2:-2, 2:-2] * 81
    pooled = twice.reshape(5, 2, 5, 2).max(axis=(1, 3))
    np.testing.assert_allclose(taught("touched")(image)[0, ..., 0], ndimage.uniform_filter(pooled, 3)[1:-1, 1:-1] * 9, atol=1e-9)


def test_patches_start_everywhere_and_keep_their_colours(taught):
    pictures = np.arange(2 * 9 * 8 * 3, dtype=float).reshape(2, 9, 8, 3)
    patches = taught("cut_patches")(pictures, 400, 5, np.random.default_rng(0))
    assert patches.shape == (400, 5, 5, 3)
    places = {tuple(int(part) for part in np.argwhere(pictures == patch[0, 0, 0])[0]) for patch in patches}
    assert places == set(product(range(2), range(4), range(3), [0]))


def test_gabor_pair_is_a_wave_under_a_turned_bell(taught):
    p, pair = np.array([2.5, 1.0, 0.15, -0.22, 0.4, 0.9, 0.6]), np.zeros((6, 6), complex)
    for row, column in product(range(6), repeat=2):
        place = (column - 2.5) + 1j * (row - 1.0)
        turned = place * np.exp(-0.6j)
        bell = np.exp(-0.5 * ((turned.real / np.exp(0.4)) ** 2 + (turned.imag / np.exp(0.9)) ** 2))
        pair[row, column] = bell * np.exp(2j * np.pi * (0.15 * place.real - 0.22 * place.imag))
    np.testing.assert_allclose(taught("gabor_pair")(p, 6), np.stack([pair.real.ravel(), pair.imag.ravel()], axis=1), atol=1e-12)


def test_lenet_is_as_wide_as_the_text_says(with_keras, keras):
    widths = [layer.filters for layer in with_keras("lenet")().layers if hasattr(layer, "filters")]
    assert widths == [32, 32, 64]
    assert [layer.rate for layer in with_keras("lenet")().layers if hasattr(layer, "rate")] == [0.5]
