"""Seeds, threads and versions."""

import doctest
import os
import random
import sys
import types

import numpy as np
import pytest
from course_utils import reproducibility


def test_docstrings():
    assert doctest.testmod(reproducibility).failed == 0


def test_course_seed_comes_from_the_environment(monkeypatch):
    assert reproducibility.course_seed() == 0
    monkeypatch.setenv("COURSE_SEED", " 7 ")
    assert reproducibility.course_seed() == 7
    monkeypatch.setenv("COURSE_SEED", "")
    assert reproducibility.course_seed() == 0


@pytest.mark.parametrize("text", ["-1", "1.5", "seven", "4294967296", "²", "1e3"])
def test_a_wrong_seed_is_refused(monkeypatch, text):
    monkeypatch.setenv("COURSE_SEED", text)
    with pytest.raises(ValueError, match="COURSE_SEED must be a whole number"):
        reproducibility.course_seed()


def test_generators_repeat_and_differ(monkeypatch):
    draw = {offset: reproducibility.rng(offset).random(4) for offset in range(5)}
    for offset, numbers in draw.items():
        np.testing.assert_array_equal(reproducibility.rng(offset).random(4), numbers)
    monkeypatch.setenv("COURSE_SEED", "1")
    other = [reproducibility.rng(offset).random(4) for offset in range(5)]
    rows = [tuple(numbers) for numbers in (*draw.values(), *other)]
    assert len(set(rows)) == 10  # seed 0 with offset 1 is not seed 1 with offset 0
    np.testing.assert_array_equal(reproducibility.rng(np.int64(2)).random(4), other[2])


@pytest.mark.parametrize("offset", [-1, 1.0, True, "1", None])
def test_a_wrong_offset_is_refused(offset):
    with pytest.raises(ValueError, match="offset must be"):
        reproducibility.rng(offset)


def test_set_seeds_repeats_the_hidden_generators(monkeypatch):
    before = random.getstate(), np.random.get_state()
    try:
        assert reproducibility.set_seeds() is None
        first = random.random(), np.random.random()
        reproducibility.set_seeds()
        assert (random.random(), np.random.random()) == first
        monkeypatch.setenv("COURSE_SEED", "3")
        reproducibility.set_seeds()
        assert (random.random(), np.random.random()) != first
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])


def test_frameworks_are_seeded_only_on_request(monkeypatch):
    seeds = []
    keras = types.SimpleNamespace(utils=types.SimpleNamespace(set_random_seed=seeds.append))
    monkeypatch.setitem(sys.modules, "keras", keras)
    monkeypatch.setenv("COURSE_SEED", "5")
    reproducibility.set_seeds()
    assert seeds == []
    reproducibility.set_seeds(frameworks=True)
    assert seeds == [5]


def test_versions_is_one_line(capsys):
    reproducibility.versions("numpy", "scikit-learn")
    line = capsys.readouterr().out
    assert line.startswith("Versions: Python ") and line.count("\n") == 1
    assert f"numpy {np.__version__}" in line and "scikit-learn " in line


def test_versions_names_what_is_missing(capsys):
    with pytest.raises(ValueError, match="'sklearn-that-is-not-there'"):
        reproducibility.versions("numpy", "sklearn-that-is-not-there")
    assert capsys.readouterr().out == ""


@pytest.fixture
def own_threads(monkeypatch):
    from threadpoolctl import threadpool_info, threadpool_limits

    for variable in reproducibility.THREAD_VARIABLES:
        monkeypatch.setenv(variable, "2")
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    with threadpool_limits(limits=None):
        before = {pool["filepath"]: pool["num_threads"] for pool in threadpool_info()}
        yield threadpool_info
    for pool in threadpool_info():
        assert pool["num_threads"] == before.get(pool["filepath"], pool["num_threads"])


def test_limit_threads_reaches_running_and_later_libraries(own_threads):
    reproducibility.limit_threads(1)
    assert {os.environ[variable] for variable in reproducibility.THREAD_VARIABLES} == {"1"}
    assert {pool["num_threads"] for pool in own_threads()} <= {1}


@pytest.mark.parametrize("count", [0, -2, 1.5, True, "2"])
def test_a_wrong_number_of_threads_is_refused(count):
    with pytest.raises(ValueError, match="count must be a whole number"):
        reproducibility.limit_threads(count)


def test_threads_of_a_running_tensorflow(own_threads, monkeypatch):
    asked = []
    threading = types.SimpleNamespace(
        set_intra_op_parallelism_threads=asked.append, set_inter_op_parallelism_threads=asked.append
    )
    fake = types.SimpleNamespace(config=types.SimpleNamespace(threading=threading))
    monkeypatch.setitem(sys.modules, "tensorflow", fake)
    reproducibility.limit_threads(2)
    assert asked == [2, 2]

    def too_late(count):
        raise RuntimeError("Intra op parallelism cannot be modified after initialization.")

    threading.set_intra_op_parallelism_threads = too_late
    with pytest.raises(RuntimeError, match="before the first tensor"):
        reproducibility.limit_threads(2)
