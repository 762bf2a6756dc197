"""Runs of the lectures under nbval: same surroundings as `make run`, and their time."""

import os
from pathlib import Path

import pytest

from course_utils.publishing import execution, rules
from course_utils.publishing.project import Project

ROOT = Path(__file__).resolve().parent
CLAIM = "application/vnd.course.claim+json"  # its text is compared, with the bounds
ROOM = 2  # times the budget: other tests run on the same cores

_seconds = {}


def _is_lecture_cell(item):
    return type(item).__module__ == "nbval.plugin"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item):
    """Start a lecture's kernel with the environment of `make run`."""
    if not _is_lecture_cell(item):
        return (yield)
    if CLAIM not in item.parent.skip_compare:
        item.parent.skip_compare += (CLAIM,)
    before = dict(os.environ)
    profile = execution.quiet_profile(ROOT / "_build" / "ipython")
    os.environ.clear()
    os.environ.update(execution.environment(ROOT, IPYTHONDIR=profile) | {"PYTEST_CURRENT_TEST": item.nodeid})
    try:
        return (yield)
    finally:
        os.environ.clear()
        os.environ.update(before)


def pytest_runtest_logreport(report):
    """Add up what the cells of each lecture took, kernel start included."""
    path = Path(report.nodeid.partition("::")[0])
    if path.suffix == ".ipynb":
        _seconds[path.stem] = _seconds.get(path.stem, 0.0) + report.duration


def _over_budget():
    allowed = rules.budgets(Project.at(ROOT))
    return {name: seconds for name, seconds in _seconds.items() if seconds > ROOM * allowed.get(name, seconds)}


def pytest_terminal_summary(terminalreporter):
    """Say how long each lecture ran here."""
    allowed = rules.budgets(Project.at(ROOT)) if _seconds else {}
    for name, seconds in sorted(_seconds.items()):
        line = f"{name} ran in {seconds:.0f} s, its budget is {allowed.get(name, '?')} s"
        terminalreporter.write_line(line + (f": more than {ROOM} times that" if name in _over_budget() else ""))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session, exitstatus):
    """A lecture far over its budget fails the run."""
    if exitstatus == 0 and _seconds and not hasattr(session.config, "workerinput") and _over_budget():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
