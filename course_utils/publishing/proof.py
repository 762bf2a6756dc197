"""The whole proof: tests of code, lectures and notebooks, then the book, then its pages in a browser."""

import argparse
import importlib.util
import os
import subprocess
import sys
import time
from dataclasses import dataclass

from course_utils.publishing import execution, running
from course_utils.publishing.project import Project

MOST_JOBS = 4  # kernels and browsers take memory too

# Files that take long though they hold few tests, the longest first. pytest-xdist would start the files with the most
# tests first, and at the end one process would be left with a long one. A file that is not named here comes later.
LONG = (
    "tests/browser/test_pages.py",  # these two grow with each lecture
    "tests/browser/test_decks.py",
    "tests/browser/test_interactives.py",
    "tests/book/test_site.py",
    "tests/unit/test_benchmarks.py",
    "tests/unit/test_faults.py",
    "tests/lectures/test_attention.py",
    "tests/lectures/test_adversarial_examples.py",
    "tests/unit/test_mutate.py",
    "tests/notebooks/test_the_net_catches.py",
    "tests/notebooks/test_lectures.py",
    "tests/unit/test_training_pong.py",
    "tests/lectures/test_transformers.py",
    "tests/lectures/test_gans.py",
    "tests/lectures/test_lstms.py",
    "tests/lectures/test_dqn.py",
    "tests/unit/test_publishing_assignments.py",
    "tests/lectures/test_cnns.py",
    "tests/unit/test_training_handwriting.py",
    "tests/unit/test_training.py",
)


@dataclass(frozen=True)
class Stage:
    """One command of the proof."""

    name: str
    what: str
    command: tuple
    needs: str = ""
    folders: tuple = ()


def stages(jobs):
    """Commands of the proof, in order.

    Parameters
    ----------
    jobs : int
        Test processes at a time. All cells of one notebook stay in one process.
    """
    several = ("-n", str(jobs), "--dist", "loadfile", "--no-loadscope-reorder")
    pytest = ("-m", "pytest", *(several if jobs > 1 else ()))
    nbval = ("--nbval", "--nbval-current-env", "--nbval-sanitize-with", "tests/nbval.cfg")
    return [
        Stage(
            "code",
            "course_utils, functions of the lectures, rules for notebooks, and every lecture run again",
            (*pytest, *nbval),
            folders=("tests/unit", "tests/lectures", "tests/notebooks", "notebooks"),
        ),
        Stage("book", "the textbook and the decks, warnings as errors", ("-m", "course_utils.publishing", "book")),
        Stage(
            "pages",
            "the built pages, and pages and decks in Chromium",
            pytest,
            needs="book",
            folders=("tests/book", "tests/browser"),
        ),
    ]


def in_order(project, folders):
    """Files of a stage's folders in the order that keeps no process waiting at the end.

    Parameters
    ----------
    project : Project
        The checkout.
    folders : sequence of str
        Folders of tests or notebooks.

    Returns
    -------
    list of str
        Lectures by what their last run took, those that never ran first; then `LONG`; then the rest by name.
    """
    tests = sorted(path.relative_to(project.root).as_posix() for name in folders for path in (project.root / name).rglob("test_*.py"))
    lectures = running.longest_first(project, sorted(path.stem for path in project.notebooks.glob("*.ipynb")))
    return [
        *(f"notebooks/{name}.ipynb" for name in lectures if "notebooks" in folders),
        *(name for name in LONG if name in tests),
        *(name for name in tests if name not in LONG),
    ]


def browser_note(project):
    """One line on how to get Chromium where there is none; empty where there is one."""
    place = project.root / "tests" / "browser" / "conftest.py"
    spec = importlib.util.spec_from_file_location("browser_conftest", place)
    conftest = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(conftest)
    return "" if conftest.find_chromium() else conftest.HOW_TO_GET_CHROMIUM


def run(project, chosen, jobs):
    """Run the stages and return one row of the summary for each: name, result, seconds."""
    rows, failed = [], set()
    for stage in stages(jobs):
        if chosen and stage.name not in chosen:
            continue
        if stage.needs in failed:
            rows.append((stage.name, f"not run: {stage.needs} failed", 0.0))
            failed.add(stage.name)
            continue
        print(f"\n──── {stage.name}: {stage.what}", flush=True)
        start = time.perf_counter()
        command = [sys.executable, *stage.command, *in_order(project, stage.folders)]
        status = subprocess.call(command, cwd=project.root)
        seconds = time.perf_counter() - start
        rows.append((stage.name, "passed" if status == 0 else "FAILED", seconds))
        if status:
            failed.add(stage.name)
    return rows, failed


def main(argv=None):
    """Run the whole proof, or some stages of it."""
    names = [stage.name for stage in stages(1)]
    parser = argparse.ArgumentParser(prog="test", description=main.__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"{', '.join(names)}; all when left out")
    parser.add_argument("--jobs", type=int, default=min(MOST_JOBS, os.cpu_count() or 1), help="processes at a time")
    arguments = parser.parse_args(argv)
    wrong = [name for name in arguments.stages if name not in names]
    if wrong or arguments.jobs < 1:
        parser.error(f"no stage {wrong[0]!r}; there are {', '.join(names)}" if wrong else "jobs must be at least 1")
    project = Project.find()
    execution.warm_up()
    note = browser_note(project)
    if note:
        print(note)
    rows, failed = run(project, arguments.stages, arguments.jobs)
    print("\n──── summary")
    for name, result, seconds in rows:
        print(f"{name:<8} {result:<30} {seconds:6.0f} s")
    if note and (not arguments.stages or "pages" in arguments.stages):
        print(note)
    print(f"{'all' if not failed else 'FAILED'} in {sum(row[2] for row in rows):.0f} s")
    return 1 if failed else 0
