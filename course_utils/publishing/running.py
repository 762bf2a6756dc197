"""Carry each lecture's text to its executed notebook, several lectures at a time."""

import argparse
import contextlib
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed

from course_utils.publishing import execution, files, notebooks, rules
from course_utils.publishing.project import Problem, Project

PATIENCE = 20  # seconds that runs have to clear up when they are stopped; it takes them one or two


def run_lecture(project, lecture, *, always=False, on_cell=None):
    """Bring one lecture's notebook up to date and say in one line what was done.

    Words that changed are carried over without running anything: outputs rest on the code
    cells and helpers alone. A run that fails leaves the stored notebook as it was. A lecture that
    another process is running is waited for.

    Parameters
    ----------
    project : Project
    lecture : str
        Name of the lecture.
    always : bool, default False
        Run even if nothing changed.
    on_cell : callable, optional
        Passed to `execution.execute`, after a first call with the list of code cells.

    Returns
    -------
    str
    """
    if not always and notebooks.is_current(project, lecture):
        return f"{lecture}: up to date"  # also where nothing can be written
    with files.only_one(project.build, lecture, f"runs {lecture}"):
        for path in (project.twin(lecture), project.notebook(lecture)):
            files.sweep(path)
        return _run_lecture(project, lecture, always, on_cell)


def _run_lecture(project, lecture, always, on_cell):
    old = project.twin(lecture).read_text(encoding="utf-8")
    text = notebooks.stamp(old, project)
    if text != old:
        notebooks.write_text(project.twin(lecture), text)
    notebook, path = notebooks.read_twin(text), project.notebook(lecture)
    source_hash, code_hash = notebooks.hashes(text, notebook, lecture, project.root)
    stored = _stored(path)
    known = stored.metadata.get("course", {}) if stored else {}
    if not always and known.get("source_hash") == source_hash:
        return f"{lecture}: up to date"
    if not always and known.get("code_hash") == code_hash and _carry_outputs(stored, notebook):
        notebooks.describe(notebook, lecture, source_hash, code_hash, known)
        return f"{lecture}: words changed, outputs kept ({notebooks.write(notebook, path) // 1000} kB)"
    if on_cell:
        on_cell([index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"])
    variables = execution.environment(project.root)
    run = execution.execute(notebook, folder=project.notebooks, variables=variables, on_cell=on_cell)
    cell, slowest = run.slowest
    notebooks.describe(notebook, lecture, source_hash, code_hash, notebooks.took(run))
    size = notebooks.write(notebook, path)
    return (
        f"{lecture}: {len(run.cell_seconds)} code cells in {run.seconds:.1f} s with kernel start, "
        f"slowest cell {cell} ({slowest:.1f} s), {run.peak_memory / 1e9:.1f} GB of memory, {size // 1000} kB"
    )


def _stored(path):
    """The notebook of an earlier run; None where there is none, or only what was left of it."""
    try:
        return notebooks.read_notebook(path) if path.is_file() else None
    except Problem:
        return None


def longest_first(project, lectures):
    """Lectures in the order that keeps no core waiting at the end; those that never ran come first."""

    def known(lecture):
        stored = _stored(project.notebook(lecture))
        return stored.metadata.get("course", {}).get("seconds", float("inf")) if stored else float("inf")

    return sorted(lectures, key=known, reverse=True)


def _carry_outputs(stored, notebook):
    """Copy outputs from cell to cell; False if the stored notebook is not the same code."""
    old, new = ([cell for cell in book.cells if cell.cell_type == "code"] for book in (stored, notebook))
    if [cell.source for cell in old] != [cell.source for cell in new]:
        return False
    for before, after in zip(old, new, strict=True):
        after.outputs, after.execution_count = before.outputs, before.execution_count
    return True


def main(argv=None):
    """Run the lectures whose text or helpers changed, and store their outputs."""
    parser = argparse.ArgumentParser(prog="run", description=main.__doc__)
    parser.add_argument("lectures", nargs="*", help="01, 01_perceptrons, perceptrons, ...; all when left out")
    parser.add_argument("--all", action="store_true", help="run them even if nothing changed")
    arguments = parser.parse_args(argv)
    project = Project.find()
    lectures = project.choose(arguments.lectures)
    if not lectures:
        print(f"no lectures in {execution.relative(project.twins, project.root)} yet: make new-lecture NAME=01_perceptrons")
        return 0
    execution.warm_up()
    failures, faults, work, stop = [], [], {}, _Stop()
    with ThreadPoolExecutor(min(len(lectures), os.cpu_count() or 1)) as pool:
        try:
            for place, lecture in enumerate(longest_first(project, lectures)):
                on_cell = stop.watch(lecture, _bar(lecture, place))
                work[pool.submit(run_lecture, project, lecture, always=arguments.all, on_cell=on_cell)] = lecture
            for done in as_completed(work):
                try:
                    with files.mendable():
                        _say(done.result())
                except Problem as problem:
                    failures.append(work[done])
                    _say(f"\n{work[done]}: not stored. {problem}\n")
        except KeyboardInterrupt:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            try:
                _say("stopped: what was finished is stored, the rest is as it was")
                sys.stdout.flush()
                pool.shutdown(wait=False, cancel_futures=True)
                stop(work)
            finally:
                os._exit(130)  # else a lecture that another process runs would be waited for
    if failures:
        print(f"failed: {', '.join(sorted(failures))}. Their stored notebooks were left as they were.")
    for lecture in sorted(set(lectures) - set(failures)):
        faults += rules.of_lecture(project, lecture)
    if faults:
        print("stored, but `make test` would not accept it yet:\n  " + "\n  ".join(faults))
    return 1 if failures or faults else 0


class _Stop:
    """Ends the runs of this process: their kernels are killed, and each run removes its temporary folder itself."""

    def __init__(self):
        self.begun, self.wanted = set(), threading.Event()

    def watch(self, lecture, show):
        """Make an `on_cell` that knows which lectures have got to their kernel, and lets none begin after a stop."""

        def on_cell(index):
            self.begun.add(lecture)
            if self.wanted.is_set() and index is not None:
                raise Problem("stopped")
            show(index)

        return on_cell

    def __call__(self, work):
        """Stop the runs that have got to their kernel; `work` gives the lecture of each future."""
        import psutil

        self.wanted.set()
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and any(not run.done() for run, lecture in work.items() if lecture in self.begun):
            for process in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):
                    process.kill()
            time.sleep(0.05)


def _say(line):
    from tqdm import tqdm

    tqdm.write(line)


def _bar(lecture, place):
    """Show how far a lecture's run has come, on a terminal only."""
    from tqdm import tqdm

    bar = tqdm(total=0, desc=lecture, position=place, leave=False, unit="cell", disable=None, delay=0.3)
    todo = []

    def on_cell(index):
        if isinstance(index, list):
            todo.extend(index)
            bar.reset(total=len(index))
        elif index is None:
            bar.close()
        else:
            bar.n = todo.index(index)
            bar.set_postfix_str(f"cell {index}")

    return on_cell
