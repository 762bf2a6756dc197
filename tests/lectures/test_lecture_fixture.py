"""The fixture itself: it takes what readers see, and says what is missing."""

import nbformat
import numpy as np
import pytest

CELLS = [
    ("%pip install nothing", ["colab-setup"]),
    ("import math\nimport numpy as np, json", []),
    ("SCALE = 3\ndef twice(x):\n    return SCALE * 2 * np.asarray(x) / SCALE", []),
    ("def four_times(x):\n    return twice(twice(x))\nraise SystemExit", []),
    ("def shifted(x):\n    return x + offset", []),
    ("offset = math.sqrt(16)\nunused = 1 / 0", []),
    ("def answer(x):\n    return ...", ["exercise"]),
    ("def answer(x):\n    return four_times(x) + 1", ["solution"]),
    ("values = [twice(k) for k in range(3)]\nfor k in range(2):\n    values.append(k)", []),
]


@pytest.fixture
def sample(lecture):
    cells = [nbformat.v4.new_code_cell(source, metadata={"tags": tags}) for source, tags in CELLS]
    code = type(lecture("01_perceptrons"))
    return code("00_sample", nbformat.v4.new_notebook(cells=cells))


def test_functions_come_with_imports_constants_and_functions_behind_them(sample):
    assert sample.function("four_times")(1).tolist() == 4


def test_nothing_else_runs(sample):
    taken = sample.functions("twice", "four_times")
    assert taken["four_times"](2) == taken["twice"](taken["twice"](2))


def test_without_names_all_functions_come(sample):
    taken = sample.functions()
    assert sorted(taken) == ["four_times", "shifted", "twice"]
    with pytest.raises(NameError):
        taken["shifted"](1)


def test_a_value_that_the_lecture_computes_must_be_given(sample):
    with pytest.raises(LookupError, match=r"shifted reads offset.*offset=\.\.\."):
        sample.function("shifted")
    assert sample.function("shifted", offset=10)(1) == 11


def test_exercises_are_skipped_and_solutions_come_on_request(sample):
    with pytest.raises(LookupError, match="defines no function answer; it defines four_times, shifted, twice"):
        sample.function("answer")
    assert sample.function("answer", solution=True)(1) == 5


def test_namespace_runs_only_what_a_value_needs(sample):
    assert sample.namespace("values")["values"][-2:] == [0, 1]
    with pytest.raises(ZeroDivisionError):
        sample.namespace("offset")
    assert "values" not in sample.namespace(upto="def four_times")
    with pytest.raises(LookupError, match="no cell"):
        sample.namespace(upto="nowhere")
    with pytest.raises(LookupError, match="computes no nothing"):
        sample.namespace("nothing")


def test_a_lecture_that_does_not_exist_is_named(lecture):
    with pytest.raises(LookupError, match="no lecture 99_nothing; there are 01_perceptrons"):
        lecture("99_nothing")


def test_the_real_lecture_gives_its_functions(lecture):
    step = lecture("01_perceptrons").function("perceptron_step")
    weights = np.array([1.0, -1.0])
    assert step(weights, np.array([2.0, 1.0]), 1).tolist() == [1.0, -1.0]
