"""Functions that readers of lecture 01 see, against references that were not written here."""

from itertools import pairwise, product
from types import SimpleNamespace

import functools
import timeit
import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import comb
from sklearn.linear_model import LogisticRegression, Perceptron
from sklearn.metrics import log_loss as reference_log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC

SEEDS = range(5)


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    return lecture("01_perceptrons").function


def blobs(seed, n=60, gap=2.0):
    rng = np.random.default_rng(seed)
    targets = rng.permutation(np.repeat([-1, 1], n // 2))
    return rng.normal(size=(n, 2)) + gap * targets[:, None], targets


def test_neuron_says_minus_one_on_the_threshold(taught):
    x = np.array([[0.5, 0.0], [0.5, 0.1], [0.6, 0.0]])
    np.testing.assert_array_equal(taught("neuron")(x, np.array([2.0, -1.0]), 1.0), [-1, -1, 1])


@pytest.mark.parametrize("weights", [(2.0, 1.0), (2.0, -1.0), (-2.0, 1.0), (1.5, 0.0), (-1.5, 0.0)])
def test_side_of_line_is_the_rule(taught, weights):
    points = np.random.default_rng(3).uniform(-3, 3, size=(500, 2))
    expected = np.where(points @ np.array(weights) > 0.7, 1, -1)
    np.testing.assert_array_equal(taught("side_of_line")(points, np.array(weights), 0.7), expected)


def test_perceptron_step_ignores_correct_points(taught):
    weights = np.array([1.0, -1.0])
    assert taught("perceptron_step")(weights, np.array([2.0, 1.0]), 1) is weights


def test_perceptron_step_takes_zero_for_a_mistake_of_both_classes(taught):
    x = np.array([2.0, 1.0])
    for target in (1, -1):
        np.testing.assert_array_equal(taught("perceptron_step")(np.zeros(2), x, target), target * x)


@pytest.mark.parametrize("seed", SEEDS)
def test_learn_equals_scikit_learn(taught, seed):
    x, targets = blobs(seed, gap=1.2)
    weights, _ = taught("learn")(taught("append_one")(x), targets, max_passes=7)
    library = Perceptron(shuffle=False, tol=None, max_iter=7).fit(x, targets)
    np.testing.assert_allclose(weights, np.append(library.coef_, library.intercept_), atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_mistakes_stay_below_the_bound_of_the_best_margin(taught, seed):
    x, targets, _ = taught("make_separable")(40, 0.08, np.random.default_rng(seed))
    _, trail = taught("learn")(x, targets)
    machine = SVC(kernel="linear", C=1e9).fit(np.vstack([x, -x]), np.concatenate([targets, -targets]))  # mirrored: through the origin
    gamma = (targets * (x @ machine.coef_[0])).min() / np.linalg.norm(machine.coef_)
    assert 0 < len(trail) <= (np.linalg.norm(x, axis=1).max() / gamma) ** 2


@pytest.mark.parametrize("seed", SEEDS)
def test_made_data_keep_their_margin(taught, seed):
    x, targets, u = taught("make_separable")(50, 0.2, np.random.default_rng(seed))
    assert x.shape == (50, 3)
    assert np.linalg.norm(u) == pytest.approx(1)
    assert (targets * (x @ u)).min() >= 0.2


@pytest.mark.parametrize("seed", range(40))
def test_line_or_certificate_and_both_prove_themselves(taught, seed):
    rng = np.random.default_rng(seed)
    x = taught("append_one")(rng.uniform(-1, 1, size=(rng.integers(3, 10), 2)))
    targets = rng.choice([-1, 1], size=len(x))
    weights, c = taught("separating_weights")(x, targets), taught("certificate")(x, targets)
    assert (weights is None) != (c is None)
    if weights is not None:
        assert (targets * (x @ weights)).min() > 0.999
    else:
        assert c.min() >= 0
        assert c.sum() == pytest.approx(len(x))
        np.testing.assert_allclose((c * targets) @ x, 0, atol=1e-7)


def test_counts_equal_brute_force_over_small_integer_weights(taught):
    """For n <= 3 all separable functions are reached by weights from -3 to 3 and half-integer thresholds."""
    for n in (2, 3):
        corners = np.array(list(product([0, 1], repeat=n)))
        weights = np.array(list(product(range(-3, 4), repeat=n)))
        sums = corners @ weights.T  # (2**n, number of weights)
        found = {tuple(column) for t in np.arange(-9.5, 10) for column in (sums > t).T.tolist()}
        assert taught("count_by_asking")(n) == taught("count_by_family")(n) == len(found)


def test_families_cover_every_function_once(taught):
    for n in (1, 2, 3):
        tables, sizes = zip(*taught("families")(n), strict=True)
        assert sum(sizes) == 2 ** 2**n
        assert all(sorted({-1, 1, *table.tolist()}) == [-1, 1] and table.shape == (2**n,) for table in tables)


def test_xor_repeats_and_and_does_not(taught):
    x = taught("append_one")(np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=float))
    assert taught("passes_until_repeat")(x, np.array([-1, 1, 1, -1])) is not None
    _, trail = taught("learn")(x, np.array([-1, -1, -1, 1]))
    assert len({tuple(w) for w in trail}) == len(trail)


@pytest.mark.parametrize("seed", SEEDS)
def test_log_loss_equals_scikit_learn(taught, seed):
    x, targets = blobs(seed, gap=0.5)
    x, y = taught("append_one")(x), (targets + 1) // 2
    weights = np.random.default_rng(seed).normal(size=3)
    assert taught("log_loss")(weights, x, y) == pytest.approx(reference_log_loss(y, taught("sigmoid")(x @ weights)), abs=1e-12)


def test_gradient_vanishes_where_scikit_learn_stops(taught):
    x, targets = blobs(1, gap=0.5)
    y = (targets + 1) // 2
    best = LogisticRegression(C=np.inf, tol=1e-10, max_iter=10_000).fit(x, y)
    weights = np.append(best.coef_, best.intercept_)
    np.testing.assert_allclose(taught("log_loss_gradient")(weights, taught("append_one")(x), y), 0, atol=1e-5)


@pytest.mark.parametrize("k", [1, 3])
def test_neighbours_equal_scikit_learn(taught, k):
    rng = np.random.default_rng(k)
    x, labels, fresh = rng.normal(size=(80, 5)), rng.integers(0, 10, size=80), rng.normal(size=(40, 5))
    expected = KNeighborsClassifier(n_neighbors=k, algorithm="brute").fit(x, labels).predict(fresh)
    np.testing.assert_array_equal(taught("nearest_neighbours")(x, labels, fresh, k=k), expected)


def test_learn_ten_is_ten_single_perceptrons(taught):
    rng = np.random.default_rng(0)
    x, labels = taught("append_one")(rng.normal(size=(60, 4))), rng.integers(0, 10, size=60)
    together = taught("learn_ten")(x, labels, num_passes=3)
    for digit in range(10):
        alone, _ = taught("learn")(x, np.where(labels == digit, 1, -1), max_passes=3)
        np.testing.assert_array_equal(together[digit], alone)


def test_shift_moves_columns_and_fills_with_white(taught):
    image = np.arange(64.0).reshape(1, 64) + 1
    moved = taught("shift_right")(image, 1).reshape(8, 8)
    np.testing.assert_array_equal(moved[:, 1:], image.reshape(8, 8)[:, :-1])
    assert not moved[:, 0].any()


def test_cover_agrees_with_the_linear_program(taught):
    """Exercise 1.8: all labellings of random points, counted, equal Cover's formula exactly."""
    append_one, separating_weights = taught("append_one"), taught("separating_weights")
    for n in (3, 4, 5, 6):
        x = append_one(np.random.default_rng(n).uniform(size=(n, 2)))
        counted = sum(separating_weights(x, np.array(signs)) is not None for signs in product([-1, 1], repeat=n))
        assert counted == 2 * sum(comb(n - 1, k, exact=True) for k in range(3))


# Smaller functions, each against another way


def test_clouds_lie_where_the_text_says(taught):
    x, targets = taught("two_clouds")(20_000, np.random.default_rng(0))
    assert abs(targets.mean()) < 0.03
    for target in (-1, 1):
        np.testing.assert_allclose(x[targets == target].mean(axis=0), [0.9 * target, 0.5 * target], atol=0.03)
        np.testing.assert_allclose(np.cov(x[targets == target].T), np.eye(2), atol=0.04)


def test_a_strip_is_read_as_the_cheapest_of_all(taught):
    strips = np.array(list(product([0.0, 1.0], repeat=4)))
    read = taught("read_strip", strips=strips, num_changes=np.abs(np.diff(strips)).sum(axis=1))
    for seen in np.random.default_rng(0).normal(0.5, 0.6, size=(60, 4)):
        prices = [sum((a - b) ** 2 for a, b in zip(seen, strip, strict=True)) for strip in strips]
        prices = [price + 1.2 * sum(a != b for a, b in pairwise(strip)) for price, strip in zip(prices, strips, strict=True)]
        np.testing.assert_array_equal(read(seen), strips[np.argmin(prices)])


def test_share_wrong_counts_one_by_one(taught):
    x, targets = blobs(0, gap=0.5)
    x[0], targets[0] = 0, 1  # on every border: the answer is -1
    angles = np.linspace(0, 2 * np.pi, 9)
    expected = [sum(((p * np.cos(a) + q * np.sin(a) > 0) * 2 - 1) != t for (p, q), t in zip(x, targets, strict=True)) for a in angles]
    np.testing.assert_allclose(taught("share_wrong")(x, targets, angles), np.array(expected) / len(x))


@pytest.mark.parametrize(("weights", "point"), [
    ((2.0, 0.0), (0.35, 3.0)), ((-2.0, 0.0), (-0.35, 3.0)), ((1.0, 0.7), (0.0, 1.0)), ((0.0, -0.7), (5.0, -1.0)),
])
def test_side_of_line_says_minus_one_on_the_line(taught, weights, point):
    assert taught("side_of_line")(np.array([point]), np.array(weights), 0.7).tolist() == [-1]


def test_made_separators_point_everywhere_and_pass_near_the_middle(taught):
    made = [taught("make_separable")(40, 0.05, np.random.default_rng(seed)) for seed in range(60)]
    u = np.array([u for _, _, u in made])
    offsets, angles = u[:, 2] / np.hypot(u[:, 0], u[:, 1]), np.arctan2(u[:, 1], u[:, 0])
    assert 0.25 < np.abs(offsets).max() <= 0.3 and offsets.min() < -0.2 and offsets.max() > 0.2
    assert np.histogram(angles, 4, (-np.pi, np.pi))[0].min() >= 5
    inputs = np.concatenate([x for x, _, _ in made])
    assert np.all(inputs[:, 2] == 1) and np.all(np.abs(inputs[:, :2]) <= 1)
    assert inputs[:, :2].min() < -0.97 and inputs[:, :2].max() > 0.97


def test_corners_of_a_cube(taught):
    for n in (1, 2, 3):
        assert [int("".join(map(str, corner)), 2) for corner in taught("cube")(n)] == list(range(2**n))


def test_passes_until_xor_repeats(taught):
    x, targets = taught("append_one")(taught("cube")(2)), np.array([-1, 1, 1, -1])
    starts, weights = [], np.zeros(3)
    while weights.tolist() not in starts:
        starts.append(weights.tolist())
        for x_i, target in zip(x, targets, strict=True):
            if target * np.dot(weights, x_i) <= 0:
                weights = weights + target * x_i
    count = taught("passes_until_repeat")
    assert count(x, targets) == count(x, targets, max_passes=len(starts) + 1) == len(starts)
    assert count(x, targets, max_passes=len(starts)) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_gradient_equals_scipy_differences(taught, seed):
    x, targets = blobs(seed, gap=0.5)
    x, y, weights = taught("append_one")(x), (targets + 1) // 2, np.random.default_rng(seed).normal(size=3)
    expected = approx_fprime(weights, taught("log_loss"), 1e-7, x, y)
    np.testing.assert_allclose(taught("log_loss_gradient")(weights, x, y), expected, atol=1e-5)


def test_race_equals_scikit_learn_and_a_longer_way(taught):
    rule, descent = taught("race")(np.random.default_rng(3), num_passes=4)
    rng = np.random.default_rng(3)
    x, targets = taught("two_clouds")(200, rng)
    fresh, fresh_targets = taught("two_clouds")(5000, rng)
    weights = np.zeros(3)
    for num_passes in range(4):
        library = Perceptron(shuffle=False, tol=None, max_iter=num_passes + 1).fit(x, targets)
        assert rule[num_passes] == pytest.approx(library.score(fresh, fresh_targets))
        chances = 1 / (1 + np.exp(-(x @ weights[:2] + weights[2])))
        errors = (targets == 1) - chances
        weights = weights + [np.mean(errors * x[:, 0]), np.mean(errors * x[:, 1]), np.mean(errors)]
        assert descent[num_passes] == pytest.approx(np.mean((fresh @ weights[:2] + weights[2] > 0) == (fresh_targets > 0)))
    assert np.shape(taught("race")(rng)) == (2, 60)


def test_pair_keeps_two_digits(taught):
    x, targets = taught("pair")(np.arange(10.0).reshape(5, 2), np.array([3, 8, 1, 8, 3]), 8, 3)
    np.testing.assert_array_equal(x, [[0, 1, 1], [2, 3, 1], [6, 7, 1], [8, 9, 1]])
    np.testing.assert_array_equal(targets, [-1, 1, 1, -1])


def test_three_neighbours_vote_where_nothing_is_said(taught):
    stored, labels = np.array([[0.0], [1.0], [1.2], [9.0], [9.1]]), np.array([4, 7, 7, 2, 2])
    assert taught("nearest_neighbours")(stored, labels, np.array([[0.1], [8.0]])).tolist() == [7, 2]
    assert taught("nearest_neighbours")(stored[[0, 1, 3]], labels[[0, 1, 3]], np.array([[0.6]])).tolist() == [2]  # a tie


def test_seconds_is_the_best_of_three(taught):
    clock, calls = iter([0, 5, 10, 12, 20, 29, 40, 40]), []
    measured = functools.partial(timeit.repeat, timer=lambda: next(clock))
    seconds = taught("seconds", timeit=SimpleNamespace(repeat=measured))
    assert seconds(lambda: calls.append(1)) == 2
    assert len(calls) == 3


def test_share_right(taught):
    assert taught("share_right")(np.array([1, 2, 3, 4]), np.array([1, 2, 3, 5])) == 0.75
