"""The scalar engine gives the right slopes, for any expression, and clear errors."""

import cmath
import doctest
import gc
import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from course_utils import autodiff
from course_utils.autodiff import Scalar, in_order

ROOT = Path(__file__).resolve().parents[2]
LECTURE = ROOT / "notebooks" / "02_backprop.ipynb"
TINY = 1e-30  # step along the imaginary axis: no digits cancel, so it can be as small as this


# An independent reference: the same expressions on complex numbers


class OnScalars:
    """Functions as methods of the engine's numbers."""

    exp, log, tanh, sigmoid, relu = Scalar.exp, Scalar.log, Scalar.tanh, Scalar.sigmoid, Scalar.relu


class OnComplex:
    """The same functions from `cmath`."""

    exp, log, tanh = cmath.exp, cmath.log, cmath.tanh

    @staticmethod
    def sigmoid(z):
        return 1 / (1 + cmath.exp(-z))

    @staticmethod
    def relu(z):
        return z if z.real > 0 else 0 * z


OPERATIONS = {
    "add": lambda f, p, q: p + q,
    "add a number": lambda f, p, q: p + 0.7,
    "number add": lambda f, p, q: 0.7 + p,
    "subtract": lambda f, p, q: p - q,
    "subtract a number": lambda f, p, q: p - 0.3,
    "number subtract": lambda f, p, q: 1.5 - p,
    "multiply": lambda f, p, q: p * q,
    "multiply by a number": lambda f, p, q: p * -0.6,
    "number multiply": lambda f, p, q: 3 * p,
    "divide": lambda f, p, q: p / (q * q + 1.5),
    "divide by a number": lambda f, p, q: p / 1.7,
    "number divide": lambda f, p, q: 2 / (p * p + 0.5),
    "square": lambda f, p, q: p**2,
    "cube": lambda f, p, q: p**3,
    "to the zero": lambda f, p, q: p**0 + q,
    "root": lambda f, p, q: (p * p + 0.5) ** 0.5,
    "to a negative number": lambda f, p, q: (p * p + 0.5) ** -1.5,
    "to a Scalar": lambda f, p, q: (p * p + 0.5) ** f.tanh(q),
    "number to a Scalar": lambda f, p, q: 2.5 ** f.tanh(p),
    "negate": lambda f, p, q: -p,
    "exp": lambda f, p, q: f.exp(f.tanh(p)),
    "log": lambda f, p, q: f.log(p * p + 0.1),
    "tanh": lambda f, p, q: f.tanh(p),
    "sigmoid": lambda f, p, q: f.sigmoid(p),
    "relu": lambda f, p, q: f.relu(p),
    "the same twice": lambda f, p, q: p * p + p,
}


def evaluate(functions, start, steps):
    """All numbers of an expression, the starting ones first."""
    pool = list(start)
    for name, i, j in steps:
        pool.append(OPERATIONS[name](functions, pool[i % len(pool)], pool[j % len(pool)]))
    return pool


def reference(at, steps):
    """Value and slopes of the last number, by steps along the imaginary axis."""
    value = evaluate(OnComplex, [complex(v) for v in at], steps)[-1].real
    slopes = []
    for index in range(len(at)):
        nudged = [complex(v, TINY if i == index else 0.0) for i, v in enumerate(at)]
        slopes.append(evaluate(OnComplex, nudged, steps)[-1].imag / TINY)
    return value, slopes


def compare(at, steps):
    expected_value, expected = reference(at, steps)
    numbers = [Scalar(v) for v in at]
    pool = evaluate(OnScalars, numbers, steps)
    pool[-1].backward()
    assert pool[-1].value == pytest.approx(expected_value, rel=1e-9, abs=1e-9)
    size = 1 + max(map(abs, expected))
    assert [n.grad for n in numbers] == pytest.approx(expected, rel=1e-8, abs=1e-9 * size)


numbers_to_try = st.floats(-2, 2).filter(lambda v: v == 0 or abs(v) > 1e-6)
steps_to_try = st.lists(
    st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=15
)


@settings(max_examples=300, deadline=None)
@given(at=st.tuples(numbers_to_try, numbers_to_try, numbers_to_try), steps=steps_to_try)
def test_random_expressions_have_the_slopes_of_the_reference(at, steps):
    try:
        pool = evaluate(OnComplex, [complex(v) for v in at], steps)
    except OverflowError:
        assume(False)
    assume(all(abs(v) < 1e3 for v in pool))
    compare(at, steps)


@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("at", [(0.8, -1.3), (-0.4, 0.9), (2.0, 0.1)])
def test_each_operation(name, at):
    compare(at, [(name, 0, 1)])
    compare(at, [(name, 0, 1), ("multiply", 2, 2)])


def test_slopes_agree_with_nudging():
    """Central differences, as in the lecture: a second reference, without complex numbers."""

    def loss(x, y):
        return (x * y + 0.5).tanh() ** 2 / (1 + (-x).exp()) + (y * y + 1).log().relu()

    at, nudge = (0.7, -1.2), 1e-5
    x, y = map(Scalar, at)
    loss(x, y).backward()
    for number, dx, dy in ((x, nudge, 0.0), (y, 0.0, nudge)):
        up, down = (loss(Scalar(at[0] + s * dx), Scalar(at[1] + s * dy)).value for s in (1, -1))
        assert number.grad == pytest.approx((up - down) / (2 * nudge), abs=1e-9)


# Graphs


def test_a_shared_number_gets_the_sum_over_all_ways():
    x = Scalar(3.0)
    (x * x + x).backward()
    assert x.grad == 7.0
    y = Scalar(0.5)
    doubled = y
    for _ in range(60):
        doubled = doubled + doubled  # 2**60 ways, 60 numbers
    doubled.backward()
    assert y.grad == 2.0**60


def test_a_number_waits_until_all_its_children_have_reported():
    """The short way from the result must not overtake the long one."""
    x = Scalar(2.0)
    middle = x * 3.0
    long = ((middle + 1.0) * 2.0 - 5.0) * middle
    (middle * long + middle).backward()
    m = 6.0  # d/dm of m * ((m + 1) * 2 - 5) * m + m = 2 m**3 - 3 m**2 + m
    assert middle.grad == pytest.approx(6 * m**2 - 6 * m + 1)
    assert x.grad == pytest.approx(3 * middle.grad)


def test_each_walk_adds_its_own_share():
    x = Scalar(2.0)
    square = x * x
    cube = square * x
    cube.backward()
    assert (cube.grad, square.grad, x.grad) == (1.0, 2.0, 12.0)
    cube.backward()
    assert (cube.grad, square.grad, x.grad) == (2.0, 4.0, 24.0)
    square.backward()  # from another result, through a number that has a share already
    assert (cube.grad, square.grad, x.grad) == (2.0, 5.0, 28.0)
    x.backward()
    assert x.grad == 29.0


def test_order_lists_each_number_once_parents_first():
    x, y = Scalar(1.0), Scalar(2.0)
    shared = x * y
    result = (shared + x) * (shared + y) + shared
    order = in_order(result)
    place = {node: index for index, node in enumerate(order)}
    assert len(place) == len(order) == 7
    assert order[-1] is result
    assert all(place[parent] < place[node] for node in order for parent in node.parents)


def test_deep_graphs_need_no_recursion():
    x = Scalar(1.0)
    result = x
    for _ in range(100_000):
        result = result * 1.0 + x
    result.backward()
    assert (result.value, x.grad) == (100_001.0, 100_001.0)


def test_a_forgotten_graph_is_freed_without_the_garbage_collector():
    def alive():
        return sum(type(thing) is Scalar for thing in gc.get_objects())

    gc.collect()
    gc.disable()
    try:
        before = alive()
        x = Scalar(0.5)
        result = x
        for _ in range(1000):
            result = (result * x).tanh()
        result.backward()
        assert alive() == before + 2001
        del result
        assert alive() == before + 1
    finally:
        gc.enable()


# Single values


def test_slope_of_relu_at_zero_is_zero_and_nan_stays():
    zero, unknown = Scalar(0.0), Scalar(math.nan)
    zero.relu().backward()
    assert zero.grad == 0.0
    assert math.isnan(unknown.relu().value)


def test_sigmoid_keeps_its_digits_far_out():
    for at in (-700.0, -40.0, -3.0, 0.0, 3.0, 40.0, 700.0, 1e6, -1e6):
        x = Scalar(at)
        y = x.sigmoid()
        y.backward()
        small = math.exp(-abs(at))
        assert y.value == pytest.approx(1 / (1 + small) if at >= 0 else small / (1 + small), rel=1e-14, abs=0)
        assert x.grad == pytest.approx(small / (1 + small) ** 2, rel=1e-14, abs=0)


def test_quotients_are_exact():
    assert (Scalar(49.0) / 49.0).value == (Scalar(49.0) / Scalar(49.0)).value == (49.0 / Scalar(49.0)).value == 1.0
    assert (Scalar(0.0) / 1e-310).value == 0.0


def test_powers_at_zero():
    for exponent, slope in ((0, 0.0), (1, 1.0), (2, 0.0), (2.5, 0.0)):
        x = Scalar(0.0)
        y = x**exponent
        y.backward()
        assert (y.value, x.grad) == (0.0**exponent, slope)
    x = Scalar(-2.0)
    (x**3).backward()
    assert x.grad == 12.0


def test_numbers_of_numpy_may_stand_on_either_side():
    for number in (np.float64(3), np.float32(3), np.int64(3), np.array(3.0), 3, True + 2):
        x = Scalar(2.0)
        for result, value in (
            (x + number, 5.0), (number + x, 5.0), (x - number, -1.0), (number - x, 1.0), (x * number, 6.0),
            (number * x, 6.0), (x / number, 2 / 3), (number / x, 1.5), (x**number, 8.0), (number**x, 9.0),
        ):  # fmt: skip
            assert type(result) is Scalar
            assert result.value == pytest.approx(value)
            assert all(type(slope) is float for slope in result.slopes)


def test_a_number_made_by_hand_takes_part():
    x = Scalar(0.3)
    sine = Scalar(math.sin(x.value), [x], [np.float64(math.cos(x.value))])
    assert type(sine.slopes[0]) is float
    (sine * sine).backward()
    assert x.grad == pytest.approx(math.sin(0.6))
    a, b, c = Scalar(1.0), Scalar(2.0), Scalar(3.0)
    Scalar(0.0, (a, b, c), (0.5, -1.0, 4.0)).backward()
    assert (a.grad, b.grad, c.grad) == (0.5, -1.0, 4.0)


def test_text_form():
    assert repr(Scalar(0.25)) == "Scalar(0.25, grad=0)"


def test_examples_in_docstrings():
    found = doctest.testmod(autodiff)
    assert (found.failed, found.attempted > 0) == (0, True)


# Errors


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        (lambda x: Scalar("3"), TypeError, "value must be one real number, got str '3'"),
        (lambda x: Scalar(None), TypeError, "value must be one real number, got NoneType"),
        (lambda x: Scalar(1j), TypeError, "value must be one real number, got complex"),
        (lambda x: Scalar(x), TypeError, "value must be one real number, got Scalar"),
        (lambda x: Scalar(np.ones(1)), TypeError, "value must be one real number, got ndarray"),
        (lambda x: Scalar(10**400), OverflowError, "value is too large"),
        (lambda x: Scalar(1.0, (x,), ()), ValueError, "slopes must be as many as parents, got 0 and 1"),
        (lambda x: Scalar(1.0, (2.0,), (1.0,)), TypeError, "parents must be Scalars, got float"),
        (lambda x: Scalar(1.0, (x,), ("1",)), TypeError, "slope must be one real number, got str"),
        (lambda x: x + "1", TypeError, "operand must be a Scalar or a number, got str '1'"),
        (lambda x: "1" + x, TypeError, None),
        (lambda x: x * None, TypeError, "operand must be a Scalar or a number, got NoneType"),
        (lambda x: x - [1.0], TypeError, "operand must be a Scalar or a number, got list"),
        (lambda x: x / "2", TypeError, "operand must be a Scalar or a number"),
        (lambda x: x * np.ones(3), TypeError, "operand must be a Scalar or a number, got ndarray"),
        (lambda x: np.ones(1) * x, TypeError, "operand must be a Scalar or a number, got ndarray"),
        (lambda x: x ** "2", TypeError, "exponent must be one real number, got str"),
        (lambda x: x / 0, ZeroDivisionError, "divisor is zero"),
        (lambda x: x / Scalar(0.0), ZeroDivisionError, "divisor is zero"),
        (lambda x: 1 / (x - x), ZeroDivisionError, "divisor is zero"),
        (lambda x: (x - x).log(), ValueError, "log needs a positive value, got 0"),
        (lambda x: (-x).log(), ValueError, "log needs a positive value, got -2"),
        (lambda x: (-x) ** 0.5, ValueError, "base must not be negative for the exponent 0.5, got -2"),
        (lambda x: (-x) ** x, ValueError, "base must be positive when the exponent is a Scalar, got -2"),
        (lambda x: 0**x, ValueError, "base must be positive when the exponent is a Scalar, got 0"),
        (lambda x: (x - x) ** -1, ValueError, "base must not be zero for the exponent -1"),
        (lambda x: (x - x) ** 0.5, ValueError, "base must not be zero for the exponent 0.5"),
        (lambda x: (x * 1000).exp(), OverflowError, r"exp\(2000\) is too large"),
        (lambda x: x**5000, OverflowError, r"2 \*\* 5000 or its slope is too large"),
        (lambda x: (x * 1e300) ** x, OverflowError, r"2e\+300 \*\* 2 or its slope is too large"),
    ],
)
def test_errors_say_what_came_and_what_is_allowed(wrong, error, said):
    x = Scalar(2.0)
    with pytest.raises(error, match=said):
        wrong(x)
    assert x.grad == 0.0


# The lecture's own engine


@pytest.mark.skipif(not LECTURE.is_file(), reason="lecture 02 is not stored yet")
def test_the_lecture_derives_the_same_engine():
    """Values and slopes of random expressions are those of the class that readers see."""
    place = ROOT / "tests" / "lectures" / "conftest.py"
    spec = importlib.util.spec_from_file_location("lectures_conftest", place)
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    lecture = conftest.LectureCode(LECTURE.stem, conftest.notebooks.read_notebook(LECTURE))
    seen = lecture.namespace("Scalar", "backward_pass")
    theirs, walk = seen["Scalar"], seen["backward_pass"]
    assert theirs is not Scalar

    class OnTheirs:
        exp, log, tanh, sigmoid, relu = theirs.exp, theirs.log, theirs.tanh, theirs.sigmoid, theirs.relu

    rng, names = np.random.default_rng(0), sorted(set(OPERATIONS) - {"number to a Scalar"})
    for _ in range(100):
        at = rng.uniform(-2, 2, size=3)
        steps = [(names[rng.integers(len(names))], *rng.integers(0, 20, size=2)) for _ in range(8)]
        ours_start, their_start = [Scalar(v) for v in at], [theirs(v) for v in at]
        ours = evaluate(OnScalars, ours_start, steps)
        seen_pool = evaluate(OnTheirs, their_start, steps)
        if max(abs(number.value) for number in ours) > 1e6:
            continue
        ours[-1].backward()
        walk(seen_pool[-1])
        assert [n.value for n in ours] == pytest.approx([n.value for n in seen_pool], rel=1e-12, abs=1e-12)
        assert [n.grad for n in ours_start] == pytest.approx([n.grad for n in their_start], rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
def test_slopes_by_nudging_equal_the_derivative(shape):
    array = np.random.default_rng(0).normal(size=shape)
    before = array.copy()
    slopes = autodiff.slopes_by_nudging(lambda values: np.sum(np.sin(values)), array)
    assert slopes.shape == shape and slopes.dtype == np.float64
    np.testing.assert_allclose(slopes, np.cos(array), atol=1e-9)
    np.testing.assert_array_equal(array, before)


def test_slopes_by_nudging_of_whole_numbers_and_with_another_nudge():
    np.testing.assert_allclose(autodiff.slopes_by_nudging(lambda v: (v**3).sum(), np.array([1, 2]), nudge=0.5), [3.25, 12.25])


def test_slopes_by_nudging_say_what_is_wrong():
    with pytest.raises(TypeError, match="error must be a function of the array, got float"):
        autodiff.slopes_by_nudging(1.0, np.zeros(2))
    for nudge in (0, -1e-5, math.nan):
        with pytest.raises(ValueError, match="nudge must be above zero, got"):
            autodiff.slopes_by_nudging(np.sum, np.zeros(2), nudge=nudge)
