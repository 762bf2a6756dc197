"""The engine of the self-checks: three states, and no answer can stop a notebook."""

import contextlib
import doctest
import functools
import io
import itertools
import math
import re
import sys
import warnings

import numpy as np
import pytest
from course_utils import checks
from hypothesis import given, settings
from hypothesis import strategies as st

HINT = "Divide by the second weight, sign included."
LINE = re.compile(r"Exercise 9\.\d+[a-z]?: (waiting for your answer\.|right\.|not yet\. .+)\n", re.S)


@pytest.fixture(autouse=True, scope="module")
def exercises():
    """Checks of an invented lecture 9; the registry is as before afterwards."""
    checks.known()  # load the lectures' checks first, so that they are kept
    before = dict(checks._registry)
    for number in [number for number in before if number.startswith("9.")]:
        del checks._registry[number]  # the invented lecture takes the place of the real one

    @checks.register("9.1", hint=HINT)
    def border(line):
        slope, intercept = line
        if np.isclose(slope, -2):
            return "The slope has the wrong sign."
        return np.allclose([slope, intercept], [2, -1])

    @checks.register("9.2", hint="Two numbers add up to seven.")
    def pair(first, second):
        return first + second == 7

    @checks.register("9.3", hint="Square each entry.")
    def square(function):
        return np.array_equal(function(np.array([1.0, 2.0, 3.0])), [1, 4, 9])

    @checks.register("9.4", hint="Anything goes.")
    def anything(answer):
        return (
            answer == 1 or answer in [2, 3] or bool(answer) or len(answer) > 0 or answer + 1 > float(answer)
        )

    yield
    checks._registry.clear()
    checks._registry.update(before)


def said(number, *answers):
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        assert checks.check(number, *answers) is None
    return stream.getvalue().removeprefix(f"Exercise {number}: ").rstrip("\n")


def test_docstrings():
    checks.known()  # load the lectures' checks first, so that they are kept
    before = dict(checks._registry)
    assert doctest.testmod(checks).failed == 0
    checks._registry.clear()
    checks._registry.update(before)


def test_the_three_states_and_the_fitting_hint():
    assert said("9.1", ...) == "waiting for your answer."
    assert said("9.1", [2, 1]) == f"not yet. {HINT}"
    assert said("9.1", [-2, -1]) == "not yet. The slope has the wrong sign."
    assert said("9.1", [2, -1]) == said("9.1", np.array([2.0, -1.0])) == said("9.1", (4 / 2, -1)) == "right."
    assert said("9.2", 3, 4) == "right."


def stub_of_dots(x): ...  # fmt: skip


def stub_with_words(x):
    """Square x."""


def stub_of_pass(x):
    pass


def stub_that_returns_dots(x):
    return ...


def stub_with_a_gap(x):
    result = ...
    return result


def stub_with_a_gap_in_a_loop(x):
    total = 0
    for _ in range(3):
        total = ...
    return total


@pytest.mark.parametrize(
    "answer",
    [
        ...,
        None,
        [2, ...],
        (1, [2, [...]]),
        {"slope": ...},
        np.array([2, ...], dtype=object),
        [np.array([[1, ...]], dtype=object)],
        stub_of_dots,
        stub_with_words,
        stub_of_pass,
        stub_that_returns_dots,
        stub_with_a_gap,
        stub_with_a_gap_in_a_loop,
        lambda x: ...,
    ],
    ids=lambda answer: getattr(answer, "__name__", str(answer)),  # no address: xdist compares names
)
def test_open_answers_wait(answer):
    assert said("9.1", answer) == "waiting for your answer."


def test_one_open_answer_of_two_waits():
    assert said("9.2", 3, ...) == said("9.2", None, 4) == "waiting for your answer."


def first_row(x):
    return x[..., 0]


def last_row(x):
    return x[...]


def fill(x):
    x = x.copy()
    x[...] = 0
    return x


def constant(x):
    return 0


def closure(n):
    return lambda x: x**n


@pytest.mark.parametrize(
    "function", [first_row, last_row, fill, constant, closure(3), abs, functools.partial(pow, 2)]
)
def test_finished_functions_do_not_wait(function):
    assert said("9.3", function) == "not yet. Square each entry."


def test_a_right_function_is_right():
    assert said("9.3", closure(2)) == said("9.3", lambda x: x * x) == said("9.3", np.square) == "right."


@pytest.mark.parametrize("answer", [0, "", False, [], math.nan, "...", "None"])
def test_empty_is_not_open(answer):
    assert said("9.1", answer).startswith("not yet.")


class Nasty:
    """Raises whatever is done with it."""

    def __init__(self, error):
        object.__setattr__(self, "error", error)

    def _raise(self, *args, **options):
        raise object.__getattribute__(self, "error")

    def __getattribute__(self, name):
        raise object.__getattribute__(self, "error")

    __eq__ = __ne__ = __bool__ = __len__ = __iter__ = __getitem__ = __float__ = __array__ = _raise
    __add__ = __radd__ = __repr__ = __str__ = __hash__ = __call__ = __contains__ = __lt__ = __gt__ = _raise


class EndlessList(list):
    """Never stops giving items."""

    def __iter__(self):
        return itertools.count()


class Truthless:
    """Equal to everything, as an array is: one truth value can't be had."""

    def __eq__(self, other):
        return np.array([True, False])

    __hash__ = None


def recursive_list():
    knot = [1]
    knot.append(knot)
    return knot


def calls_exit(x):
    sys.exit(3)


def calls_itself(x):
    return calls_itself(x)


def warns(x):
    warnings.warn("loud", stacklevel=1)
    return np.float64(1) / np.float64(0) * x


NASTY = [
    *[
        Nasty(error)
        for error in (ValueError("no"), SystemExit(1), GeneratorExit(), RecursionError(), MemoryError())
    ],
    EndlessList(),
    Truthless(),
    recursive_list(),
    calls_exit,
    calls_itself,
    warns,
    np.full((3, 2), np.nan),
    np.array([[1, None], ["a", {}]], dtype=object),
    np.zeros(200_000),
    list(range(200_000)),
    10**5000,
    float("inf"),
    complex(1, 2),
    object,
    Nasty,
    iter([1, 2]),
    (n for n in range(3)),
    b"\xff",
    "\ud800",
    range(10**12),
    np.datetime64("NaT", "s"),
    print,
    type,
    sys,
    memoryview(b"ab"),
    np.ma.masked,
    np.array(..., dtype=object),
]


class Slot:
    """Stands for a nasty answer while Hypothesis, which would touch it, builds the rest."""

    def __init__(self, place):
        self.place = place

    def __repr__(self):
        return f"NASTY[{self.place}]"


def filled(part):
    """Put the nasty answers into their slots."""
    if isinstance(part, Slot):
        return NASTY[part.place]
    if isinstance(part, list | tuple):
        return type(part)(map(filled, part))
    return {key: filled(value) for key, value in part.items()} if isinstance(part, dict) else part


leaves = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.complex_numbers() | st.text() | st.binary()
    | st.just(...) | st.integers(0, len(NASTY) - 1).map(Slot)
)  # fmt: skip
answers = st.recursive(
    leaves,
    lambda parts: (
        st.lists(parts, max_size=4) | st.tuples(parts, parts) | st.dictionaries(st.text(max_size=2), parts)
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(number=st.sampled_from(["9.1", "9.2", "9.3", "9.4"]), parts=st.lists(answers, max_size=3))
def test_no_answer_makes_a_check_raise(number, parts):
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        checks.check(number, *filled(parts))
    assert LINE.fullmatch(stream.getvalue())


@pytest.mark.parametrize("number", ["9.1", "9.2", "9.3", "9.4"])
def test_each_nasty_answer_alone_and_among_others(number):
    for answer in NASTY:
        for form in (answer, [answer], {"key": (answer,)}):
            assert said(number, form)


def test_what_cannot_be_looked_into_is_an_answer():
    assert said("9.3", Nasty(ValueError("no"))) == "not yet. Square each entry."


def test_a_check_prints_no_warnings(recwarn, capsys):
    assert said("9.3", warns) == "not yet. Square each entry."
    assert len(recwarn) == 0 and capsys.readouterr().err == ""


def test_a_reader_can_still_stop_an_endless_answer():
    def stopped(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        checks.check("9.3", stopped)


def test_a_wrong_number_of_answers_is_explained():
    assert said("9.2", 3) == "not yet. This check takes first, second; it was given 1 answers."
    assert said("9.1") == "not yet. This check takes line; it was given 0 answers."


@pytest.mark.parametrize("number", ["99.1", "9", "", None, 9.1, ["9.1"]])
def test_an_unknown_number_names_the_known_ones(number):
    with pytest.raises(ValueError, match=r"number must be one of .*9\.1, 9\.2.* got"):
        checks.check(number, 1)


@pytest.mark.parametrize("number", ["1", "1.", ".2", "1.2.3", "a.b", 1.2, None, "1.2 "])
def test_wrong_numbers_are_not_registered(number):
    with pytest.raises(ValueError, match='number must look like "1.2"'):
        checks.register(number, hint=HINT)


@pytest.mark.parametrize("hint", ["", "  ", None, 3])
def test_a_check_needs_a_hint(hint):
    with pytest.raises(ValueError, match="hint of exercise 9.9"):
        checks.register("9.9", hint=hint)


def test_one_number_has_one_check_but_a_module_may_load_again():
    def intruder(line):
        return True

    with pytest.raises(ValueError, match="exercise 9.1 already has a check: .*border"):
        checks.register("9.1", hint=HINT)(intruder)
    same = checks._registry["9.1"].predicate
    assert checks.register("9.1", hint=HINT)(same) is same
    assert said("9.1", [2, 1]).startswith("not yet.")


def test_a_check_that_forgets_its_verdict_passes_nobody():
    @checks.register("9.7", hint=HINT)
    def forgetful(answer):
        answer == 3  # noqa: B015

    assert said("9.7", 3) == f"not yet. {HINT}"


def test_numbers_are_real_and_finite():
    for answer in (10**400, 1j, [1 + 0j, 2], np.array([1j]), np.inf, [[1], [1, 2]], None):
        assert checks.numbers(answer) is None
    assert checks.numbers((1, 2.5)).tolist() == [1, 2.5] and checks.numbers(np.float32(2)) == 2


def test_outcomes_can_be_read_without_printing(capsys):
    outcome = checks.evaluate("9.1", [2, -1])
    assert (outcome.number, outcome.state, str(outcome)) == ("9.1", "right", "Exercise 9.1: right.")
    assert checks.evaluate("9.1", ...).state == "waiting"
    assert checks.evaluate("9.1", 1) == checks.Outcome("9.1", "not yet", HINT)
    assert capsys.readouterr().out == ""


def test_known_numbers_are_in_the_order_of_the_course():
    for number in ("9.10", "9.3b", "90.1"):
        checks.register(number, hint=HINT)(lambda answer: False)
    found = [number for number in checks.known() if number.split(".")[0] in ("9", "90")]
    assert found == ["9.1", "9.2", "9.3", "9.3b", "9.4", "9.7", "9.10", "90.1"]


def test_modules_of_the_package_are_found(tmp_path, monkeypatch):
    (tmp_path / "invented_field.py").write_text(
        "from course_utils import checks\n\n"
        "@checks.register('9.50', hint='Try again with care.')\ndef right(answer):\n    return answer == 1\n"
    )
    monkeypatch.setattr(checks, "__path__", [*checks.__path__, str(tmp_path)])
    assert said("9.50", 1) == "right."
    del sys.modules["course_utils.checks.invented_field"]
