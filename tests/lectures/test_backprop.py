"""Functions that readers of lecture 02 see, against references that were not written here."""

import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.metrics import mean_squared_error
from sklearn.neural_network import MLPClassifier

from course_utils import autodiff

SEEDS = range(5)


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    return lecture("02_backprop").function


@pytest.fixture(scope="module")
def engine(lecture):
    """The lecture's Scalar with all operations attached, and its walk back."""
    return lecture("02_backprop").namespace(upto="def random_expression")


def test_forward_equals_scikit_learn(taught):
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 3)), rng.integers(0, 2, size=40)
    model = MLPClassifier((5, 4), activation="tanh", max_iter=20, random_state=0)
    with pytest.warns(UserWarning, match="converge"):
        model.fit(x, y)
    network = list(zip(model.coefs_, model.intercepts_, strict=True))
    ours = taught("forward")(network, x, ("tanh", "tanh", "sigmoid"))[-1][:, 0]
    np.testing.assert_allclose(ours, model.predict_proba(x)[:, 1], atol=1e-12)


@pytest.mark.parametrize("names", [("tanh", "linear"), ("sigmoid", "sigmoid"), ("relu", "tanh"), ("linear", "relu")])
@pytest.mark.parametrize("seed", SEEDS)
def test_backward_equals_scipy_differences(taught, names, seed):
    rng = np.random.default_rng(seed)
    make_network, forward, backward = (taught(name) for name in ("make_network", "forward", "backward"))
    network = make_network((3, 4, 2), rng)
    x, y = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    shapes = [part.shape for pair in network for part in pair]
    cuts = np.cumsum([math.prod(shape) for shape in shapes])[:-1]

    def error(flat):
        parts = [part.reshape(shape) for part, shape in zip(np.split(flat, cuts), shapes, strict=True)]
        answers = forward(list(zip(parts[::2], parts[1::2], strict=True)), x, names)
        return 0.5 * np.mean(np.sum((answers[-1] - y) ** 2, axis=1))

    flat = np.concatenate([part.ravel() for pair in network for part in pair])
    ours = np.concatenate([part.ravel() for pair in backward(network, forward(network, x, names), y, names) for part in pair])
    np.testing.assert_allclose(ours, approx_fprime(flat, error, 1e-7), atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_three_orders_equal_the_matrix_product(taught, seed):
    rng = np.random.default_rng(seed)
    slopes = [rng.normal(size=(3, 3)) for _ in range(4)]
    expected = np.linalg.multi_dot(slopes).sum(axis=1)
    counts = {}
    for name in ("by_paths", "forward_mode", "reverse_mode"):
        result, counts[name] = taught(name)(slopes)
        np.testing.assert_allclose(result, expected, atol=1e-10)
    assert counts == {"by_paths": 3**5 * 4, "forward_mode": 3 * 4 * 9, "reverse_mode": 4 * 9}


@pytest.mark.parametrize("seed", range(20))
def test_the_lectures_engine_equals_the_one_on_the_shelf(engine, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=2)

    def program(x, y):
        inside = (x * y + 2.0).tanh() - x / (y * y + 1.0)
        return (inside.sigmoid() + 0.5) ** 1.5 + (inside * inside + 0.1).log() * inside.relu() - (1.0 - x).exp() / 3.0

    x, y = engine["Scalar"](a), engine["Scalar"](b)
    engine["backward_pass"](program(x, y))
    other_x, other_y = autodiff.Scalar(a), autodiff.Scalar(b)
    result = program(other_x, other_y)
    result.backward()
    np.testing.assert_allclose([x.grad, y.grad], [other_x.grad, other_y.grad], rtol=1e-12)


def test_a_second_walk_adds_one_more_share(engine):
    x = engine["Scalar"](3.0)
    y = x * x + x
    for walks in (1, 2, 3):
        engine["backward_pass"](y)
        assert x.grad == 7.0 * walks


def test_parents_come_before_children(engine):
    x = engine["Scalar"](2.0)
    left, right = x * x, x + 1.0
    order = engine["in_order"](left * right + left)
    places = {id(node): place for place, node in enumerate(order)}
    assert all(places[id(parent)] < places[id(node)] for node in order for parent in node.parents)
    assert len(places) == len(order)


def test_count_pieces_of_known_curves(taught):
    grid = np.linspace(-3, 3, 20_001)[:, None]
    count = taught("count_pieces", grid=grid)
    assert count(2 * grid + 1) == 1
    assert count(np.abs(grid - 0.3)) == 2
    assert count(np.maximum(grid, 0) - 2 * np.maximum(grid - 1, 0) + np.abs(grid + 2)) == 4


def test_triangle_is_convex_and_its_corners_are_where_they_should_be(taught):
    triangle = taught("triangle")
    inside = np.array([[0.0, 0.0], [0.0, -0.9], [0.7, 0.4], [-0.7, 0.4]])
    outside = np.array([[0.0, 0.6], [0.0, -1.1], [0.9, 0.6], [0.6, -0.6]])
    assert triangle(inside, (0, 0)).all()
    assert not triangle(outside, (0, 0)).any()


@pytest.mark.parametrize("seed", SEEDS)
def test_fit_reaches_a_curve_that_it_can_represent(taught, seed):
    rng = np.random.default_rng(seed)
    x = np.linspace(-2, 2, 50)[:, None]
    network, names = taught("fit")((1, 3, 1), x, 2 * np.tanh(1.5 * x - 0.5) + 0.3, rng, starts=3)
    answers = taught("forward")(network, x, names)[-1]
    assert np.sqrt(np.mean((answers - (2 * np.tanh(1.5 * x - 0.5) + 0.3)) ** 2)) < 0.02


def test_spirals_are_two_turns_of_one_curve(taught):
    x, labels = taught("spirals")(4000, np.random.default_rng(0), noise=0.0)
    radius, angle = np.hypot(*x.T) * 5, np.arctan2(x[:, 1], x[:, 0])
    expected = radius + np.pi * labels
    np.testing.assert_allclose(np.cos(angle - expected), 1, atol=1e-9)
    assert 0.4 < labels.mean() < 0.6


# Smaller functions, each against another way


def test_hidden_neurons_are_or_and_nand(taught):
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    np.testing.assert_array_equal(taught("hidden")(corners), [[0, 1], [1, 1], [1, 1], [1, 0]])
    np.testing.assert_array_equal(taught("hidden")(np.array([[0.25, 0.25]])), [[0, 1]])


def test_error_and_slope_of_one_weight(taught):
    def error(w):
        return sum(math.log(1 + math.exp(-s * w)) for s in (1.0, -2.0, -0.5)) / 3 + 0.02 * w**2

    places = np.array([-3.0, -0.5, 0.0, 0.7, 2.0])
    np.testing.assert_allclose(taught("error_of")(places), [error(w) for w in places], rtol=1e-12)
    assert taught("error_of")(0.7) == pytest.approx(error(0.7))
    np.testing.assert_allclose(taught("slope_of")(places), [(error(w + 1e-4) - error(w - 1e-4)) / 2e-4 for w in places], atol=1e-7)


def test_slopes_by_nudging_a_quadratic(taught):
    place = np.arange(6.0).reshape(2, 3)
    slopes = taught("slopes_by_nudging")(lambda array: float((array**2 * [1, 2, 3]).sum() + array[0, 1]), place)
    np.testing.assert_allclose(slopes, 2 * place * [1, 2, 3] + [[0, 1, 0], [0, 0, 0]], atol=1e-8)
    np.testing.assert_array_equal(place, np.arange(6.0).reshape(2, 3))


@pytest.mark.parametrize("seed", SEEDS)
def test_errors_equal_scikit_learn(taught, seed):
    rng = np.random.default_rng(seed)
    network, x, y = taught("make_network")((1, 4, 2), rng), rng.normal(size=(7, 1)), rng.normal(size=(7, 2))
    names = ("tanh", "linear")
    answers = taught("forward")(network, x, names)[-1]
    assert taught("mean_error")(network, x, y, names) == pytest.approx(mean_squared_error(y, answers))  # half of two outputs' sum
    curve = [(W[:, :1], b[..., :1]) if W.shape[1] == 2 else (W, b) for W, b in network]
    assert taught("rms_error")(curve, names, x) == pytest.approx(mean_squared_error(np.sin(x), answers[:, :1]) ** 0.5)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_small_network_by_hand_and_as_a_program(taught, engine, seed):
    rng = np.random.default_rng(seed)
    W_hidden, W_out, given = rng.normal(size=(2, 2)), rng.normal(size=2), {"x_one": np.array([0.5, -0.8]), "target": 0.9}
    heard = [1 / (1 + math.exp(-(0.5 * W_hidden[0, j] - 0.8 * W_hidden[1, j]))) for j in (0, 1)]
    answer = 1 / (1 + math.exp(-(heard[0] * W_out[0] + heard[1] * W_out[1])))
    assert taught("error_by_hand", **given)(W_hidden, W_out) == pytest.approx((0.9 - answer) ** 2 / 2)
    weights = [engine["Scalar"](value) for value in [*W_hidden.ravel(), *W_out]]
    assert taught("error_as_program", **given)(weights).value == pytest.approx((0.9 - answer) ** 2 / 2)


def test_a_power_has_slopes_in_both_numbers(engine):
    x, y = engine["Scalar"](1.7), engine["Scalar"](2.3)
    result = x**y
    engine["backward_pass"](result)
    assert result.value == pytest.approx(math.exp(2.3 * math.log(1.7)))
    assert x.grad == pytest.approx(2.3 * result.value / 1.7)
    assert y.grad == pytest.approx(result.value * math.log(1.7))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_random_expression_is_made_of_eight_operations(taught, seed):
    sigmoid = lambda v: 1 / (1 + math.exp(-v))  # noqa: E731
    operations = [
        lambda p, q: p + q, lambda p, q: p - q, lambda p, q: p * math.tanh(q), lambda p, q: p / (math.tanh(q) ** 2 + 0.5),
        lambda p, q: math.tanh(p), lambda p, q: math.log(sigmoid(p) + 0.1), lambda p, q: math.exp(math.tanh(q)),
        lambda p, q: math.exp(sigmoid(p) * math.log(math.tanh(q) ** 2 + 0.5)),
    ]  # fmt: skip
    rng, pool = np.random.default_rng(seed), [0.3, -1.2, 2.0]
    for choice in rng.integers(0, 8, size=12):
        first, second = rng.integers(0, len(pool), size=2)
        pool.append(operations[choice](pool[first], pool[second]))
    made = taught("random_expression")(*map(autodiff.Scalar, pool[:3]), np.random.default_rng(seed))
    assert made.value == pytest.approx(pool[-1] + pool[-2])


def test_a_bend_at_the_edge_of_the_grid_counts(taught):
    grid = np.linspace(0, 1, 11)[:, None]
    assert taught("count_pieces", grid=grid)(np.maximum(grid - grid[1], 0)) == 2


def test_spirals_are_noisy_where_nothing_is_said(taught):
    clean, _ = taught("spirals")(4000, np.random.default_rng(0), noise=0.0)
    noisy, _ = taught("spirals")(4000, np.random.default_rng(0))
    assert (noisy - clean).std() == pytest.approx(0.1, rel=0.05)
    assert np.hypot(*clean.T).max() == pytest.approx(3 * np.pi / 5, rel=0.01)
    assert np.hypot(*clean.T).min() == pytest.approx(3 * np.pi / 5 * 0.02**0.5, rel=0.05)
