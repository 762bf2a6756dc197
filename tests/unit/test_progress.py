"""The progress bar passes items on, and stored notebooks never see it."""

import doctest
import io
import os
import subprocess
import sys
import types

import pytest
from course_utils import progress as module
from course_utils.progress import loading, progress
from hypothesis import given
from hypothesis import strategies as st


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.delenv("COURSE_BUILD", raising=False)
    stream = Terminal()
    monkeypatch.setattr(module, "sys", types.SimpleNamespace(stderr=stream, modules={}))
    return stream


def test_docstrings():
    assert doctest.testmod(module).failed == 0


@given(st.lists(st.integers()))
def test_items_come_out_unchanged(items):
    assert list(progress(items, "counting")) == items
    assert list(progress(iter(items), "counting", total=len(items))) == items


def test_a_terminal_sees_a_bar(terminal, monkeypatch):
    import tqdm.auto
    import tqdm.std

    seen = {}

    class Bar(tqdm.std.tqdm):
        def __init__(self, *args, **options):
            seen.update(options)
            super().__init__(*args, **options | {"delay": 0, "file": terminal, "mininterval": 0})

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    assert list(progress(range(3), "training")) == [0, 1, 2]
    assert seen["desc"] == "training" and seen["total"] == 3 and seen["leave"] is False
    assert "training" in terminal.getvalue()


def test_a_bar_ends_when_the_loop_is_left(terminal, monkeypatch):
    import tqdm.auto

    closed = []

    class Bar:
        def __init__(self, **options):
            pass

        def __enter__(self):
            return self

        def __exit__(self, *error):
            closed.append(True)

        def update(self):
            pass

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    steps = progress(range(10), "training")
    next(steps)
    steps.close()
    assert closed == [True]


@pytest.fixture
def no_bar(monkeypatch):
    monkeypatch.setattr(module, "_shown", lambda *arguments: pytest.fail("made a bar"))


def test_a_build_stores_nothing(terminal, no_bar, monkeypatch):
    monkeypatch.setenv("COURSE_BUILD", "1")
    assert sum(progress(range(5), "training")) == 10


def test_nobody_looks_and_nothing_is_written(no_bar, monkeypatch):
    monkeypatch.delenv("COURSE_BUILD", raising=False)
    monkeypatch.setattr(module, "sys", types.SimpleNamespace(stderr=io.StringIO(), modules={}))
    assert sum(progress(range(5), "training")) == 10


def test_a_notebook_counts_as_somebody(monkeypatch):
    fake = types.SimpleNamespace(get_ipython=lambda: object())
    monkeypatch.setattr(module, "sys", types.SimpleNamespace(stderr=io.StringIO(), modules={"IPython": fake}))
    assert module._somebody_looks()


@pytest.mark.parametrize(
    ("iterable", "label", "error"),
    [(3, "counting", TypeError), ([], None, TypeError), ([], "  ", ValueError)],
)
def test_wrong_arguments_are_refused_at_once(iterable, label, error):
    with pytest.raises(error):
        progress(iterable, label)


def test_loading_hides_what_is_written_past_python(capfd):
    with loading("a noisy library, no time"):
        os.write(2, b"I0000 not a fault\n")
    os.write(2, b"afterwards\n")
    out, err = capfd.readouterr()
    assert out == "Loading a noisy library, no time ...\n"
    assert err == "afterwards\n"


def test_loading_shows_what_python_says_meanwhile():
    code = "import os, sys, warnings\nfrom course_utils.progress import loading\nwith loading('it'):\n"
    code += "    os.write(2, b'past Python\\n'); warnings.warn('a warning'); print('a line', file=sys.stderr)\n"
    code += "print('the end', file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    lines = done.stderr.splitlines()
    assert "UserWarning: a warning" in lines[0] and lines[-2:] == ["a line", "the end"] and "past Python" not in lines


def test_loading_lets_errors_through_and_gives_the_stream_back(capfd):
    with pytest.raises(ImportError, match="no_such_library"), loading("something that is not there"):
        import no_such_library  # noqa: F401
    os.write(2, b"still here\n")
    assert capfd.readouterr().err == "still here\n"


def test_loading_refuses_what_is_not_text():
    with pytest.raises(TypeError, match="what must be text, got int"):
        loading(3).__enter__()
