"""Mutants: what is changed, who notices, and that nothing in the checkout is touched."""

import ast
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TWIN = """\
---
kernelspec:
  display_name: Python 3
  language: python
  name: python3
---

# A sample

```{code-cell} ipython3
:tags: [colab-setup]

1 / 0
```

```{code-cell} ipython3
def double(x):
    '''Twice, not 2 times.'''
    return 2 * x

def shift(x, by=3):
    return x + by
```

```{code-cell} ipython3
print(double(4))
```

```{code-cell} ipython3
:tags: [solution]

def farther(x):
    if x < 0:
        raise ValueError(f"{x + 1} is below {0}")
    return shift(x) - 1

assert farther(1) == 3
```
"""
CONFTEST = """\
import pathlib
import pytest
from course_utils.publishing import notebooks

@pytest.fixture(scope="session")
def taught():
    book = notebooks.read_notebook(pathlib.Path("notebooks/01_sample.ipynb"))
    values = {"__name__": "lecture"}
    for cell in book.cells:
        if "def " in cell.source:
            exec(compile(cell.source.replace("assert", "0 and"), "<01_sample, piece>", "exec"), values)
    return values
"""
LECTURE_TESTS = """\
def test_double(taught):
    assert taught["double"](3) == 6

def test_shift_is_weak(taught):
    assert taught["shift"](0) > 0
"""
MODULE = """\
import functools

@functools.cache
def power(x, n=2):
    result = 1
    for _ in range(n):
        result = result * x
    return result

class Box:
    def __init__(self, side):
        self.side = side

    @property
    def area(self):
        return self.side * self.side

def unused(x):
    return x - 1

def stuck(n):
    while n > 0:
        n = n - 1
    return n
"""
MODULE_TESTS = """\
import pytest
from course_utils.toy import Box, power, stuck

def test_power():
    assert power(3) == 9 and power(2, 5) == 32

def test_box_is_weak():
    assert Box(1).area == 1

def test_stuck():
    assert stuck(3) == 0

def test_broken_without_a_mutant():
    assert power(2) == 5
"""


@pytest.fixture(scope="module")
def changing():
    spec = importlib.util.spec_from_file_location("mutate_changes", ROOT / "tools" / "mutate_changes.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["mutate_changes"] = module  # dataclasses look themselves up
    spec.loader.exec_module(module)
    yield module
    del sys.modules["mutate_changes"]


def results(changing, source, **options):
    """What each mutant of a source says in full."""
    return [source[: each.start] + each.text + source[each.end :] for each in changing.mutants_of(source, **options)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = a + b", ["x = a - b"]),
        ("x += a", ["x -= a"]),
        ("x = a // b", ["x = a % b"]),
        ("x = a ** b", ["x = a * b"]),
        ("x = a / b", ["x = a * b"]),
        ("x = a < b <= c", ["x = a <= b <= c", "x = a < b < c"]),
        ("x = a == b and c", ["x = a == b or c", "x = a != b and c"]),
        ("x = not a", ["x = a"]),
        ("x = -a", ["x = a"]),
        ("x = 3", ["x = 4"]),
        ("x = 0.0", ["x = 1.0"]),
        ("x = 0.1", ["x = 0.2"]),
        ("x = True", ["x = False"]),
        ("x = a.sum(axis=1)", ["x = a.mean(axis=1)", "x = a.sum(axis=2)", "x = a.sum(axis=0)"]),
        ("x = max(a)", ["x = min(a)"]),
        ("x = np.argmax(a)", ["x = np.argmin(a)"]),
        ("return a(b)", ["return -a(b)"]),
        ("x = a + 1e-12", ["x = a - 1e-12"]),
        ("x = rng.random(a) < b", []),
        ("x = a.reshape(b, -1)", []),
        ("print(3 + a)", []),
        ("raise ValueError(f'{a + 1}' + 'b' * 2)", []),
        ("x: 'a + 1' = b", []),
        ("x = f'{a + 1}'", []),
        ("x = 'a %d' % b", []),
        ("assert a, 1 + 2", []),
        ("x = draw(a, figsize=(3, 4))", []),
    ],
)
def test_each_change_is_made_alone(changing, line, expected):
    source = f"def f(a, b):\n    {line}\n"
    found = [ast.unparse(ast.parse(text)) for text in results(changing, source)]
    assert sorted(found) == sorted(ast.unparse(ast.parse(f"def f(a, b):\n    {line}")) for line in expected)


def test_docstrings_drawing_and_the_top_level_stay(changing):
    assert results(changing, "x = 1 + 2\ndef f(ax):\n    ax.plot(1 + 2)\ndef g():\n    'Adds 1 + 2.'\n") == []


def test_lines_and_defaults_and_classes(changing):
    source = "class A:\n    size = 3\n    def f(self, k=(1 +\n          2)):\n        'é'; return k - 1\n"
    found = changing.mutants_of(source, "here", first_line=11)
    lines = {(each.function, each.line, each.before, each.after) for each in found}
    assert ("A", 12, "3", "4") in lines and ("A.f", 15, "k - 1", "k + 1") in lines and ("A.f", 13, "1 + 2", "1 - 2") in lines
    assert all(text.count("\n") == source.count("\n") for text in results(changing, source))
    assert {each.function for each in changing.mutants_of(source, defaults=False)} == {"A.f"}
    assert all(each.before not in ("1 + 2", "3") for each in changing.mutants_of(source, defaults=False))


CHECK = """\
def check(answer):
    rng, epsilon = np.random.default_rng(16), 0.2
    cases = [(2, 3), (4, -5)]
    for size, shift in ((7, 8), (9, 10)):
        x, w = 3 * rng.normal(size=(size, 11)) + shift * y, 12 + y
        kept = rng.random(13) < 0.4
        if abs(answer(x.copy(), epsilon) - w).max() > 0.01:
            return np.allclose(w, 14, atol=1e-5)
    found = [answer(*case) for case in cases]
    trials = [answer(y) for _ in range(15)]
    pairs = list(zip(found, w.sum(axis=-1), strict=True))
    return all(pairs)
"""


def test_the_problem_that_a_check_poses_stays(changing):
    found = {(each.before, each.after) for each in changing.mutants_of(CHECK, check=True)}
    assert found == {
        ("12", "13"), ("12 + y", "12 - y"), ("0.01", "0.02"), ("14", "15"), ("-1", "0"), ("1", "2"), ("w.sum", "w.mean"),
        ("abs(answer(x.copy(), epsilon) - w).max", "abs(answer(x.copy(), epsilon) - w).min"),
        ("answer(x.copy(), epsilon) - w", "answer(x.copy(), epsilon) + w"),
        ("all", "any"), ("return all(pairs)", "return -all(pairs)"),
    }  # fmt: skip
    assert len(changing.mutants_of(CHECK)) == 35


def test_numbers_of_the_answer_that_is_due_are_changed(changing):
    source = "def check(answer):\n    due = np.array([1.5, 2])\n    return abs(answer - due).max() < 3\n"
    assert len(changing.mutants_of(source, check=True)) == len(changing.mutants_of(source)) == 6


needs_fork = pytest.mark.skipif(not hasattr(os, "fork") or sys.version_info < (3, 12), reason="needs fork and Python 3.12")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_a_forked_process_finds_comes_back_as_plain_data(tmp_path):
    spec = importlib.util.spec_from_file_location("mutate_fork", ROOT / "tools" / "mutate_fork.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    survey = {"test_a": [0.5, {("a.py", "f")}, False], 3: "\ud800"}
    assert module.forked(lambda: survey) == ["done", {"test_a": [0.5, [["a.py", "f"]], False], "3": "\ud800"}]
    assert module.forked(lambda: 1 / 0) == ["crash", "ZeroDivisionError: division by zero"]
    for odd in (lambda: os._exit(0), lambda: {(1, 2): 3}, lambda: object()):
        assert tuple(module.forked(odd)) == ("crash", "it ended without an answer")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A checkout with one lecture and one module, its mutants judged once."""
    root = tmp_path_factory.mktemp("mutants") / "course"
    files = {
        "pyproject.toml": '[project]\nname = "deep-learning-measured"\nversion = "1"\nurls = { Repository = "https://x.org/y" }\n',
        "notebooks/text/01_sample.md": TWIN,
        "tests/lectures/test_sample.py": LECTURE_TESTS,
        "tests/lectures/conftest.py": CONFTEST,
        "tests/unit/test_toy.py": MODULE_TESTS,
        "course_utils/toy.py": MODULE,
        "tests/mutants.toml": '[[mutant]]\nplace = "course_utils/toy.py"\nfunction = "Box.area"\n'
        'before = "self.side * self.side"\nafter = "self.side / self.side"\nreason = "A planted excuse."\n'
        '[[mutant]]\nplace = "notebooks/text/01_sample.md"\nfunction = "gone"\nbefore = "1"\nafter = "2"\nreason = "-"\n',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


START = """\
import sys; sys.path[:0] = [{tools!r}, {root!r}]
import course_utils; course_utils.__path__.insert(0, {package!r})
import mutate; mutate.LIBRARIES = ("IPython", "matplotlib.pyplot", "course_utils.figures", "course_utils.checks")
sys.exit(mutate.main(sys.argv[1:]))
"""


def mutate(course, *words):
    """Call the driver on the sample course, with the sample's module beside the real ones."""
    program = START.format(tools=str(ROOT / "tools"), root=str(ROOT), package=str(course / "course_utils"))
    command = [sys.executable, "-c", program, *words, "--root", str(course), "--patience", "1"]
    return subprocess.run(command, capture_output=True, text=True, cwd=course)


def records(course, name):
    lines = (course / "_build/mutants" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@needs_fork
def test_a_module(course):
    before = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    mutate(course, "toy", "--sample", "3")
    drawn = records(course, "toy")
    assert len(drawn) == 3
    done = mutate(course, "toy")
    assert done.returncode == 1, done.stdout + done.stderr
    assert records(course, "toy")[:3] == drawn  # a sample is part of the whole
    mutate(course, "toy", "--sample", "3", "--draw", "2", "--anew")
    others = records(course, "toy")[-3:]
    assert {each["key"] for each in others} != {each["key"] for each in drawn}
    assert "left out, it fails without a mutant: tests/unit/test_toy.py::test_broken_without_a_mutant" in done.stdout
    verdicts = {(each["function"], each["before"], each["after"]): each["verdict"] for each in records(course, "toy")}
    assert verdicts["power", "result * x", "result / x"] == "caught"  # behind a cache
    assert verdicts["Box.area", "self.side * self.side", "self.side / self.side"] == "survived"
    assert verdicts["unused", "x - 1", "x + 1"] == "survived"
    assert verdicts["stuck", "n - 1", "n + 1"] == "time"
    assert not any(function == "power" and before == "2" for function, before, _ in verdicts)  # a default
    assert "fewer than 90 % caught: toy" in done.stdout
    survivors = done.stdout.partition("Survived:")[2]
    assert "unused: x - 1 -> x + 1 (no test runs it)" in survivors and "Box.area" not in survivors  # excused
    after = {path: path.read_bytes() for path in course.rglob("*") if path.is_file()}
    changed = {path for path in after if before.get(path) != after[path]}
    assert changed == {course / "_build/mutants/toy.jsonl"}


@needs_fork
def test_a_lecture_goes_on_where_it_was_stopped(course):
    done = mutate(course, "01", "--claims", "5")
    rows = records(course, "01_sample")
    verdicts = {(each["function"], each["line"], each["before"], each["after"]): each["verdict"] for each in rows}
    assert verdicts["double", 19, "2 * x", "2 / x"] == "caught"
    assert verdicts["shift", 22, "x + by", "x - by"] == "caught"
    assert verdicts["shift", 21, "3", "4"] == "claims"  # the weak test passes, the assert of the solution doesn't
    assert verdicts["farther", 35, "shift(x) - 1", "shift(x) + 1"] == "claims"
    assert verdicts["farther", 33, "x < 0", "x <= 0"] == "survived"
    assert len(verdicts) == len(rows)
    path = course / "_build/mutants/01_sample.jsonl"
    path.write_text("\n".join(path.read_text().splitlines()[:-2]) + '\n{"key": "cut o', encoding="utf-8")
    again = mutate(course, "01", "--claims", "5")
    assert f"{len(rows)} mutants to judge" in done.stdout and "mutants to judge" in again.stdout
    assert " 2 mutants to judge" in again.stdout
    assert again.stdout.partition("Survived")[2] == done.stdout.partition("Survived")[2]
    assert again.returncode == 1 and "excuses what is no longer there: notebooks/text/01_sample.md | gone" in again.stdout
