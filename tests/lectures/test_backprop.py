"""Functions that readers of lecture 02 see, against references that were not written here."""

import math

import numpy as np
import pytest
from scipy.optimize import approx_fprime
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
