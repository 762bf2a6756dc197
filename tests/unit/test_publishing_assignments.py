"""The edition without solutions gives nothing away and runs; a class is graded."""

import ast
import contextlib
import csv
import errno
import io
import itertools
import os
from collections import deque
from copy import copy
from pathlib import Path

import nbformat
import pytest

from course_utils.publishing import __main__ as command_line
from course_utils.publishing import assignments, execution, notebooks, slicing
from course_utils.publishing.project import Problem, Project

PROJECT = Project.at(Path(__file__).resolve().parents[2])


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def answer(notebook, changes):
    """A student's notebook: the edition with some answers filled in."""
    for number, text in changes.items():
        (cell,) = [cell for cell in code(notebook) if f'check("99.{number}"' in cell.source]
        cell.source = cell.source.replace(f"answer_{number} = ...", text)
    return notebook


@pytest.fixture
def edition(finished):
    return assignments.without_solutions(finished)


def test_the_edition_keeps_the_lecture_and_drops_the_solutions(finished, edition):
    text = nbformat.writes(edition)
    assert "right_answer" not in text and "<details>" not in text and "and nowhere else" not in text
    assert len(finished.cells) - len(edition.cells) == 10  # five texts and five cells
    assert text.count("checks.check(") == 5
    exercises = [cell for cell in code(edition) if "exercise" in cell.metadata.get("tags", [])]
    assert len(exercises) == 5 and not any(cell.outputs or cell.execution_count for cell in exercises)
    assert any(cell.outputs for cell in code(edition)), "outputs of the lecture itself stay"
    assert assignments.leaks(finished, edition) == []


def test_only_the_solution_goes_from_a_cell_that_says_more(finished):
    (cell,) = [cell for cell in finished.cells if "Solution 99.2" in cell.source]
    cell.source = "Before.\n\n" + cell.source + "\n\nAfter."
    edition = assignments.without_solutions(finished)
    assert [cell.source for cell in edition.cells if "After." in cell.source] == ["Before.\n\nAfter."]


def test_a_solution_may_hold_details_of_its_own(finished):
    inner = "<details><summary>{}</summary>\n\nAn inner secret.\n\n</details>"
    (cell,) = [cell for cell in finished.cells if "Solution 99.2" in cell.source]
    rest = inner.format("More") + "\n\nThe rest of the secret.\n\n" + inner.format("Solution 99.2, shorter")
    cell.source = "Before.\n\n" + cell.source.replace("</details>", f"{rest}\n\n</details>") + "\n\nAfter."
    edition = assignments.without_solutions(finished)
    assert [cell.source for cell in edition.cells if "After." in cell.source] == ["Before.\n\nAfter."]
    assert assignments.leaks(finished, edition) == []
    (cell,) = [cell for cell in edition.cells if "Before." in cell.source]
    cell.source += "\n\nThe rest of the secret."
    assert "still shows 'The rest of the secret.'" in assignments.leaks(finished, edition)[0]


@pytest.mark.parametrize(
    ("stray", "fault"),
    [("<details>", "still holds a solution block"), ("```html\n</details>\n```\n\nThe rest.", "did a solution end too early?")],
)
def test_a_solution_whose_end_is_unclear_is_refused(finished, stray, fault):
    (cell,) = [cell for cell in finished.cells if "Solution 99.2" in cell.source]
    cell.source = cell.source.replace("</details>", f"\n\n{stray}\n\n</details>")
    edition = assignments.without_solutions(finished)
    assert fault in "\n".join(assignments.leaks(finished, edition))


def test_what_is_given_away_is_named(finished, edition):
    edition.cells[-1].source += "\nright_answer_3 = 3 + 1"
    assert "still shows 'right_answer_3 = 3 + 1'" in assignments.leaks(finished, edition)[0]
    edition = assignments.without_solutions(finished)
    edition.cells.append(finished.cells[-2])
    assert any("is a solution cell" in fault for fault in assignments.leaks(finished, edition))
    finished.cells.append(nbformat.v4.new_code_cell("print(right_answer_1)"))
    faults = assignments.leaks(finished, assignments.without_solutions(finished))
    assert any("right_answer_1 is bound only in a solution" in fault for fault in faults)


def test_untouched_every_exercise_waits_and_answers_are_graded(edition):
    assert assignments.grade(edition) == {f"99.{number}": "waiting" for number in range(1, 6)}
    changes = {
        1: "answer_1 = 2",
        2: "answer_2 = 5",
        3: "from math import sqrt\nanswer_3 = sqrt(16)",
        4: "answer_4 = 1 / 0",
        5: "answer_5 = (",
    }
    graded = assignments.grade(answer(edition, changes))
    assert graded == {"99.1": "right", "99.2": "not yet", "99.3": "right", "99.4": "missing", "99.5": "missing"}


def test_an_answer_may_rest_on_cells_that_the_student_added(edition):
    edition.cells.insert(-3, nbformat.v4.new_code_cell("def plus_one(n):\n    return n + STEP"))
    edition.cells.insert(-3, nbformat.v4.new_code_cell("STEP = 1\nimport time; time.sleep(0)"))
    edition.cells.insert(-3, nbformat.v4.new_code_cell("unrelated = 1 / 0"))
    small = assignments.needed_for_exercises(answer(edition, {5: "answer_5 = plus_one(5)"}))
    sources = [cell.source for cell in small.cells]
    assert any("plus_one(n)" in source for source in sources) and any("STEP = 1" in source for source in sources)
    assert not any("unrelated" in source or "plt.subplots" in source or "%pip" in source for source in sources)
    assert assignments.grade(edition)["99.5"] == "right"


def notebook_of(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def test_what_takes_from_a_container_changes_the_answer():
    imported, check = "from course_utils import checks", "checks.check('1.1', values, -1.5)"
    assert assignments.grade(notebook_of(imported, "values = [0, -1, -1]", "first = values.pop(0)", check)) == {"1.1": "right"}


@pytest.mark.parametrize("refused", ["def f(x, x):\n    return x", "def f():\n    x = 1\n    global x", "-" * 100_000 + "1"])
def test_a_cell_that_python_refuses_spoils_no_other(refused):
    cells = ["from course_utils import checks", "values = [-1, -1]", f"bound = -1.5\n{refused}\nvalues = []"]
    bound = [*cells, "checks.check('1.1', values, bound)"]
    if refused[0] == "-":  # this one is refused as a whole
        bound = [*cells, "bound = -1.5", bound[-1]]
    assert assignments.grade(notebook_of(*bound)) == {"1.1": "right"}


def test_a_cell_that_sends_no_output_spoils_no_other():
    show = "from IPython.display import display\ndisplay({'a/b': {1}}, raw=True)"
    check = "from course_utils import checks\nchecks.check('1.1', [-1, -1], -1.5)"
    for source in (f"{check}\n{show}", check):
        assert assignments.grade(notebook_of(source)) == {"1.1": "right"}


def test_a_class_becomes_a_table(edition, tmp_path, capsys):
    (tmp_path / "ada").mkdir()
    nbformat.write(answer(edition, {1: "answer_1 = 2"}), tmp_path / "ada" / "work.ipynb")
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    assert command_line.main(["assignments", "--grade", str(tmp_path), "--jobs", "1"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["notebook", "99.1", "99.2", "99.3", "99.4", "99.5", "right"]
    assert rows[1] == ["ada/work.ipynb", "right", "waiting", "waiting", "waiting", "waiting", "1"]
    assert rows[2] == ["broken.ipynb", *["missing"] * 5, "0"]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), "assignments: the disk is full: "),
        (execution.RunFailed("before the first cell: the kernel ended"), "ada.ipynb can't be graded: before the first cell"),
    ],
)
def test_trouble_of_the_machine_is_no_mark(tmp_path, monkeypatch, capsys, trouble, said):
    def fail(*_, **__):
        raise trouble

    nbformat.write(notebook_of("checks.check('1.1', 1)"), tmp_path / "ada.ipynb")
    monkeypatch.setattr(execution, "execute", fail)
    assert command_line.main(["assignments", "--grade", str(tmp_path), "--jobs", "1"]) == 1
    told = capsys.readouterr()
    assert said in told.err and "missing" not in told.out


def test_what_is_no_notebook_has_no_answers(tmp_path):
    nbformat.write(notebook_of("1"), tmp_path / "whole.ipynb")
    text = (tmp_path / "whole.ipynb").read_text(encoding="utf-8")
    (tmp_path / "bare.ipynb").write_text(text.replace('"metadata": {},\n   "outputs"', '"outputs"'), encoding="utf-8")
    (tmp_path / "deep.ipynb").write_text("[" * 100_000, encoding="utf-8")
    (tmp_path / "folder.ipynb").mkdir()
    _, rows = assignments.grade_class(tmp_path, jobs=1)
    assert rows == [[name, "0"] for name in ("bare.ipynb", "deep.ipynb", "folder.ipynb", "whole.ipynb")]


def test_a_table_that_cannot_be_stored_leaves_the_old_one(tmp_path, monkeypatch, capsys):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    place = tmp_path / "grades.csv"
    place.write_text("old", encoding="utf-8")
    monkeypatch.setattr(assignments, "grade_class", lambda *_, **__: (["notebook"], [["ada.ipynb"]]))
    with monkeypatch.context() as changed:
        changed.setattr(os, "fsync", full)
        assert command_line.main(["assignments", "--grade", "class", "--output", str(place)]) == 1
    told = capsys.readouterr()
    assert "ada.ipynb" in told.out and f"the disk is full: {place} can't be written" in told.err
    assert place.read_text(encoding="utf-8") == "old" and list(tmp_path.iterdir()) == [place]
    assert command_line.main(["assignments", "--grade", "class", "--output", str(place)]) == 0
    assert place.read_bytes() == b"notebook\r\nada.ipynb\r\n"


def test_a_folder_that_is_empty_or_not_there(tmp_path):
    with pytest.raises(Problem, match="no notebooks in"):
        assignments.grade_class(tmp_path)
    with pytest.raises(Problem, match="no folder"):
        assignments.grade_class(tmp_path / "nowhere")


def test_the_command_writes_the_edition_and_can_run_it(finished_course, monkeypatch, capsys):
    monkeypatch.chdir(finished_course.project.root)
    assert command_line.main(["assignments", "99", "--run"]) == 0
    assert capsys.readouterr().out.strip() == "_build/assignments/99_samples.ipynb"
    stored = notebooks.read_notebook(finished_course.project.build / "assignments" / "99_samples.ipynb")
    assert stored.metadata.course.edition == "assignment"


@pytest.mark.parametrize("lecture", PROJECT.lectures())
def test_editions_of_the_real_lectures_give_nothing_away_and_run(lecture):
    """Their exercises run here with all that they need; that the other cells run is nbval's part."""
    stored = notebooks.read_notebook(PROJECT.notebook(lecture))
    edition = assignments.without_solutions(stored)
    assert assignments.leaks(stored, edition) == []
    graded = assignments.grade(edition)
    assert graded and set(graded.values()) == {"waiting"}, graded


@pytest.mark.parametrize(
    ("sources", "names", "expected"),
    [
        (["a = 1", "b = 2", "c = a"], ["c"], [0, 2]),
        (["a = 1", "a = 2", "c = a"], ["c"], [1, 2]),  # bound anew
        (["a = 1", "a += 1", "c = a"], ["c"], [0, 1, 2]),
        (["a = []", "a.append(1)", "n = len(a)", "b = a"], ["b"], [0, 1, 3]),
        (["import numpy as np", "np.seterr(all='raise')", "b = np.ones(1)"], ["b"], [0, 2]),
        (["x = 0", "def f(x):\n    return x", "b = f(1)"], ["b"], [1, 2]),  # its own x
        (["def f():\n    return late", "late = 3", "b = f()"], ["b"], [0, 1, 2]),
        (["x = 1", "for x in range(3):\n    y = x", "b = y"], ["b"], [1, 2]),
        (["y = 0", "if y:\n    z = 1", "z = 2", "b = z"], ["b"], [2, 3]),
        (["z = 0", "if True:\n    z = 1", "b = z"], ["b"], [0, 1, 2]),  # perhaps bound anew
        (["a = {}", "a['k'] = 1", "b = a"], ["b"], [0, 1, 2]),
        (["a = [1]", "squares = [n * n for n in a]", "n = 5", "b = squares"], ["b"], [0, 1, 3]),
        (["with open('f') as file:\n    text = file.read()", "b = text"], ["b"], [0, 1]),
        (["not Python (", "b = 1"], ["b"], [1]),
        (["a = 1", "def f(x, x):\n    return x\na = 2", "b = a"], ["b"], [0, 2]),  # nothing behind it runs
        (["a = [1]", "first = a.pop()", "b = a"], ["b"], [0, 1, 2]),
        (["a = iter([1, 2])", "first = next(a)", "b = a"], ["b"], [0, 1, 2]),
        (["a = {}", "print(a['k'].setdefault(1, []))", "b = a"], ["b"], [0, 1, 2]),
        (["a = []", "_ = [a.append(n) for n in range(3)]", "b = a"], ["b"], [0, 1, 2]),
        (["import heapq\na = [1]", "first = heapq.heappop(a)", "b = a"], ["b"], [0, 1, 2]),
        (["a = generator()", "x = a.normal()", "b = a"], ["b"], [0, 2]),  # draws are left out
    ],
)
def test_the_cells_that_a_value_needs(sources, names, expected):
    assert slicing.needed_cells(sources, names=names) == expected


@pytest.mark.parametrize("value", [[2, 1, 3], {1: 2, 3: 4}, {1, 2}, deque([1, 2]), bytearray(b"ba")], ids=lambda value: type(value).__name__)
def test_methods_that_change_a_container_are_known(value):
    """Each is called with all that it might take, and the value looked at."""
    for name in (name for name in dir(value) if not name.startswith("_")):
        for given in itertools.chain.from_iterable(itertools.product((1, {5: 6}), repeat=count) for count in range(3)):
            tried = copy(value)
            with contextlib.suppress(TypeError, ValueError, LookupError):
                getattr(tried, name)(*given)
            if list(tried) != list(value):
                [statement] = ast.parse(f"taken = value.{name}(given)").body
                assert slicing.changed(statement) == {"value"}, name
