"""A lecture's own verdict on a mutant: its claims, its asserts, and what its cells print; see mutate.py."""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import time

JUDGES = re.compile(r"\bcheck\(|\bassert\b|\breport\(|\bprint\(")
PAIR = re.compile(r"^regex: (.*)\nreplace: (.*)$", re.M)


class Different(Exception):
    """A cell printed something else."""


def judging_cells(sources, index):
    """Cells that have to run, in order, so that all that judge the cell `index` do."""
    from course_utils.publishing import slicing

    judges = [place for place, source in enumerate(sources) if place >= index and JUDGES.search(source)]
    judges = {place for place in judges if index in slicing.needed_cells(sources, wanted={place})}
    return slicing.needed_cells(sources, wanted=judges) if judges else []


def run_cells(name, sources, places, *, seconds, expected=None, masks=()):
    """Run cells in one namespace and return what each printed.

    Parameters
    ----------
    name : str
        Name of the lecture.
    sources : list of str
        All cells; `places` are those to be run, in order.
    seconds : float
        No further cell is started after so much processor time.
    expected : dict of int to str, optional
        What the cells print without the mutant. Only these run; `Different` tells the first that prints
        something else.
    masks : list of (pattern, str)
        What may differ, and what stands in its place: as in tests/nbval.cfg.

    Raises
    ------
    Exception
        What a cell raises: a false claim, a wrong answer to an exercise, a broken function.
    """
    import matplotlib.pyplot as plt

    from course_utils import checks, figures
    from course_utils.publishing.sources import python_of

    def show(fig, alt, **_):
        print(alt)
        plt.close(fig)

    def check(number, *answers):
        outcome = checks.evaluate(number, *answers)
        if outcome.state == "not yet":
            raise AssertionError(f"{number}: {outcome.hint}")

    checks.check, figures.show = check, show
    values, printed, start = {"__name__": name}, {}, time.process_time()
    for place in places if expected is None else expected:
        if expected is None and time.process_time() - start > seconds:
            break
        file, text = f"<{name}, cell {place}>", python_of(sources[place])
        linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
        with contextlib.redirect_stdout(io.StringIO()) as stream:
            exec(compile(text, file, "exec"), values)
        printed[place] = stream.getvalue()
        for pattern, instead in masks:
            printed[place] = re.sub(pattern, instead, printed[place])
        if expected is not None and printed[place] != expected[place]:
            raise Different(f"cell {place}")
    return printed


def masks(root):
    """What tests/nbval.cfg lets differ."""
    path = root / "tests" / "nbval.cfg"
    return PAIR.findall(path.read_text(encoding="utf-8")) if path.is_file() else []
