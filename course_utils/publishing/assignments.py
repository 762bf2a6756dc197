"""The edition without solutions, and the grading of a class."""

import argparse
import copy
import csv
import gc
import io
import re
import sys
import tempfile
from pathlib import Path

from nbformat import ValidationError

from course_utils.publishing import execution, notebooks, slicing
from course_utils.publishing.files import write_text
from course_utils.publishing.project import Problem, Project
from course_utils.publishing.rules_cells import CHECK_CALL, printed, tags_of

_SOLUTION = re.compile(r"[ \t]*<details>\s*<summary>\s*Solution\b")
_DETAILS = re.compile(r"<(/?)details\b[^>]*>[ \t]*\n?", re.I)
_LINE = re.compile(r"^Exercise (\d+\.\d+[a-z]?): (right|not yet|waiting)\b", re.M)


def _split(source):
    """Split Markdown into what stays and its solutions; one that isn't closed stays, and `leaks` names it."""
    kept, solutions, place, begin = "", [], 0, 0
    while opening := _SOLUTION.search(source, begin):
        begin, depth = opening.end(), 0
        for mark in _DETAILS.finditer(source, opening.start()):
            depth += -1 if mark[1] else 1
            if depth == 0:  # what it holds may have <details> of its own
                kept += source[place : opening.start()]
                place = begin = mark.end()
                solutions.append(source[opening.start() : place])
                break
    return kept + source[place:], solutions


def without_solutions(notebook):
    """Make the assignment edition of an executed lecture.

    Parameters
    ----------
    notebook : NotebookNode
        Left unchanged.

    Returns
    -------
    NotebookNode
        The same lecture without solution cells and solution texts. Checks stay;
        exercise cells have no outputs.
    """
    edition = copy.deepcopy(notebook)
    cells = []
    for cell in edition.cells:
        if cell.cell_type == "markdown":
            source, solutions = _split(cell.source)
            if solutions:
                cell.source = re.sub(r"\n{3,}", "\n\n", source).strip()
                if not cell.source:
                    continue
        elif "solution" in tags_of(cell):
            continue
        elif "exercise" in tags_of(cell):
            cell.outputs, cell.execution_count = [], None
        cells.append(cell)
    edition.cells = cells
    edition.metadata.get("course", {})["edition"] = "assignment"
    return edition


def leaks(notebook, edition):
    """Say what an edition still gives away, and which of its cells need a solution to run.

    Parameters
    ----------
    notebook : NotebookNode
        The lecture.
    edition : NotebookNode
        What `without_solutions` made of it.

    Returns
    -------
    list of str
    """
    faults = []
    lines = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            lines |= {line.strip() for block in _split(cell.source)[1] for line in block.splitlines()}
        elif "solution" in tags_of(cell):
            lines |= {line.strip() for line in cell.source.splitlines() if not line.startswith(("import ", "from "))}
    lesson = {line.strip() for cell in _kept(notebook) for line in _split(cell.source)[0].splitlines()}
    secret = {line for line in lines - lesson if len(line) > 8}
    for index, cell in enumerate(edition.cells):
        shown = {line.strip() for line in cell.source.splitlines()}
        faults += [f"cell {index} of the edition still shows {line!r}" for line in sorted(secret & shown)]
        if "Solution" in cell.source and "<summary>" in cell.source:
            faults.append(f"cell {index} of the edition still holds a solution block")
        marks = [mark[1] for mark in _DETAILS.finditer(cell.source)] if cell.cell_type == "markdown" else []
        if marks.count("/") > marks.count(""):
            faults.append(f"cell {index} of the edition closes <details> that it doesn't open: did a solution end too early?")
        if cell.cell_type == "code" and "solution" in tags_of(cell):
            faults.append(f"cell {index} of the edition is a solution cell")
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    chosen = {index for index, cell in enumerate(code) if "solution" in tags_of(cell)}
    for name, readers in slicing.names_only_in([cell.source for cell in code], chosen).items():
        faults.append(f"{name} is bound only in a solution, but code cell {readers[0]} reads it")
    return faults


def _kept(notebook):
    return [cell for cell in notebook.cells if "solution" not in tags_of(cell)]


def needed_for_exercises(notebook):
    """Keep the exercises and the code cells that they need, drop the rest.

    The result runs in seconds where the lecture takes a minute. Works on a student's
    notebook too: whatever cells an answer rests on come along.
    """
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    wanted = [index for index, cell in enumerate(code) if CHECK_CALL.search(cell.source)]
    chosen = slicing.needed_cells([cell.source for cell in code], wanted)
    small = copy.deepcopy(notebook)
    small.cells = [copy.deepcopy(code[index]) for index in chosen if "colab-setup" not in tags_of(code[index])]
    for cell in small.cells:
        cell.outputs, cell.execution_count = [], None
    return small


def outcomes(notebook):
    """Read what the checks said in an executed notebook: exercise to right, not yet or waiting."""
    found = {}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found |= dict(_LINE.findall(printed(cell)))
    return found


def grade(notebook, *, numbers=None, timeout=60):
    """Run the exercises of one notebook and say how each of them stands.

    Parameters
    ----------
    notebook : NotebookNode
        What a student handed in. Its code is run: do that where student code may run.
    numbers : sequence of str, optional
        Exercises to list; by default those the notebook checks.
    timeout : float, default 60
        Longest time of one cell, in seconds.

    Returns
    -------
    dict of str to str
        For each exercise ``right``, ``not yet``, ``waiting``, or ``missing`` where its check
        is gone or never came to its line.

    Raises
    ------
    Problem
        If no kernel starts. This and an OSError lie with the machine and say nothing about the notebook.
    """
    if numbers is None:
        sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        numbers = sorted({number for source in sources for number in CHECK_CALL.findall(source)}, key=_order)
    small = needed_for_exercises(notebook)
    started = []
    with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as folder:
        try:
            execution.execute(small, folder=folder, allow_errors=True, timeout=timeout, on_cell=started.append)
        except (execution.RunFailed, ValidationError, ValueError, KeyError, TypeError, AttributeError):
            # A cell ended the kernel or sent what is no output: what had been printed by then counts.
            if not started or started[0] is None:
                raise
    gc.collect()  # a task that nbclient left behind says so when it goes; within `ast.parse` that is a SystemError
    said = outcomes(small)
    return {number: said.get(number, "missing") for number in numbers}


def _order(number):
    lecture, _, exercise = number.partition(".")
    return int(lecture), int(re.match(r"\d+", exercise)[0]), exercise


def grade_class(folder, *, jobs=-1):
    """Grade every notebook below a folder.

    Parameters
    ----------
    folder : Path
    jobs : int, default -1
        Notebooks at a time; -1 stands for one on each core.

    Returns
    -------
    header : list of str
    rows : list of list of str
        For each notebook: its place in the folder, the state of each exercise, the count
        of those that are right.
    """
    from joblib import Parallel, delayed
    from tqdm import tqdm

    folder = Path(folder)
    if not folder.is_dir():
        raise Problem(f"there is no folder {folder}")
    paths = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    if not paths:
        raise Problem(f"there are no notebooks in {folder}")
    work = Parallel(n_jobs=jobs, return_as="generator")(delayed(_grade_file)(path) for path in paths)
    grades = list(tqdm(work, total=len(paths), desc="grading", unit="notebook", disable=None))
    numbers = sorted({number for found in grades for number in found}, key=_order)
    rows = []
    for path, found in zip(paths, grades, strict=True):
        states = [found.get(number, "missing") for number in numbers]
        rows.append([path.relative_to(folder).as_posix(), *states, str(states.count("right"))])
    return ["notebook", *numbers, "right"], rows


def _grade_file(path):
    if not path.is_file():  # a folder, or a link to nowhere
        return {}
    try:
        notebook = notebooks.read_notebook(path)
        _ = [("exercise" in tags_of(cell), CHECK_CALL.search(cell.source)) for cell in notebook.cells]
    except (Problem, ValidationError, AttributeError, TypeError, RecursionError):  # no notebook, or cells that lack what a cell has
        return {}  # every exercise is missing
    try:
        return grade(notebook)
    except Problem as problem:
        raise Problem(f"{path} can't be graded: {problem}") from None


def make(project, lecture, *, run=False):
    """Write one lecture's edition, and return its place.

    Parameters
    ----------
    project : Project
    lecture : str
    run : bool, default False
        Run the edition from top to bottom first. Otherwise the exercises and what they need
        are run by the tests, the rest is known from the lecture's own run.
    """
    path = project.notebook(lecture)
    if not path.is_file():
        raise Problem(f"{lecture} has not been run yet: make run")
    stored = notebooks.read_notebook(path)
    edition = without_solutions(stored)
    faults = leaks(stored, edition)
    if faults:
        raise Problem(f"{lecture} gives something away:\n  " + "\n  ".join(faults))
    if run:
        again = copy.deepcopy(edition)
        execution.execute(again, folder=project.notebooks, variables=execution.environment(project.root))
    target = project.build / "assignments" / path.name
    target.parent.mkdir(parents=True, exist_ok=True)
    notebooks.write(edition, target)
    return target


def _store(table, place):
    if place.exists() and not place.is_file():  # /dev/stdout, a pipe: there is nothing to keep
        with open(place, "w", encoding="utf-8", newline="") as file:
            file.write(table)
    else:
        write_text(place.resolve(), table)  # a link stays one


def main(argv=None):
    """Make the edition without solutions, or grade a class."""
    parser = argparse.ArgumentParser(prog="assignments", description=main.__doc__)
    parser.add_argument("lectures", nargs="*", help="01, 01_perceptrons, ...; all when left out")
    parser.add_argument("--run", action="store_true", help="run each edition from top to bottom as well")
    parser.add_argument("--grade", metavar="FOLDER", help="run what students handed in, and write a table as CSV")
    parser.add_argument("--jobs", type=int, default=-1, help="notebooks graded at a time; -1: one on each core")
    parser.add_argument("--output", metavar="FILE", help="file for the table; the terminal when left out")
    arguments = parser.parse_args(argv)
    if arguments.grade:
        header, rows = grade_class(arguments.grade, jobs=arguments.jobs)
        table = io.StringIO(newline="")
        csv.writer(table).writerows([header, *rows])
        if not arguments.output:
            sys.stdout.write(table.getvalue())
            return 0
        try:
            _store(table.getvalue(), Path(arguments.output))
        except OSError:
            sys.stdout.write(table.getvalue())  # an hour of grading is not lost with a full disk
            raise
        return 0
    project = Project.find()
    for lecture in project.choose(arguments.lectures):
        target = make(project, lecture, run=arguments.run)
        print(execution.relative(target, project.root))
    return 0

