"""The edition without solutions gives nothing away and runs; a class is graded."""

import csv
import io
from pathlib import Path

import nbformat
import pytest

from course_utils.publishing import __main__ as command_line
from course_utils.publishing import assignments, notebooks, slicing
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


def test_a_class_becomes_a_table(edition, tmp_path, capsys):
    (tmp_path / "ada").mkdir()
    nbformat.write(answer(edition, {1: "answer_1 = 2"}), tmp_path / "ada" / "work.ipynb")
    (tmp_path / "broken.ipynb").write_text("{", encoding="utf-8")
    assert command_line.main(["assignments", "--grade", str(tmp_path), "--jobs", "1"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows[0] == ["notebook", "99.1", "99.2", "99.3", "99.4", "99.5", "right"]
    assert rows[1] == ["ada/work.ipynb", "right", "waiting", "waiting", "waiting", "waiting", "1"]
    assert rows[2] == ["broken.ipynb", *["missing"] * 5, "0"]


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
    ],
)
def test_the_cells_that_a_value_needs(sources, names, expected):
    assert slicing.needed_cells(sources, names=names) == expected
