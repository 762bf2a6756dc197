"""The tests' verdict on a mutant: collected once, run in a forked process for each; see mutate.py."""

from __future__ import annotations

import copy
import gc
import importlib
import linecache
import sys
import tempfile
import time
import types
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from mutate_changes import mutants_of
from mutate_fork import forked

@dataclass
class Unit:
    """A lecture or a module: its sources, and the tests that judge it."""

    name: str
    root: Path
    tests: list
    places: list = field(default_factory=list)
    sources: list = field(default_factory=list)
    first_lines: list = field(default_factory=list)
    notebook: object = None  # of a lecture
    clean: dict = field(default_factory=dict)  # what the cells print that rest on a cell
    steady: dict = field(default_factory=dict)  # whether they print it twice

    @property
    def paths(self):
        return {str(self.root / place) for place in self.places}

    def mutants(self):
        """All mutants, in the order of the text."""
        rows = zip(self.places, range(len(self.places)), self.first_lines, strict=True)
        options = {"defaults": self.notebook is not None, "check": self.name == "checks"}
        lists = (mutants_of(self.sources[row[1]], *row, **options) for row in rows)
        return list({mutant.key: mutant for found in lists for mutant in found}.values())

    def prepare(self):
        """Import what is to be changed."""
        if self.notebook is None:
            for place in self.places:
                importlib.import_module(".".join(Path(place).with_suffix("").parts).removesuffix(".__init__"))
            functions = (thing for thing in gc.get_objects() if type(thing) is types.FunctionType)  # asks no object
            self.functions = [thing for thing in functions if thing.__code__.co_filename in self.paths]
        else:
            self.give(self.notebook)

    def give(self, notebook):
        """Let the tests read this notebook where they ask for the lecture's stored one."""
        from course_utils.publishing import notebooks

        read = self.__dict__.setdefault("read", notebooks.read_notebook)
        mine = (self.root / "notebooks" / f"{self.name}.ipynb").resolve()
        notebooks.read_notebook = lambda path: notebook if Path(path).resolve() == mine else read(path)

    def changed(self, mutant):
        """Source with the mutant in it."""
        source = self.sources[mutant.index]
        return source[: mutant.start] + mutant.text + source[mutant.end :]

    def owns(self, file, name):
        """Tell whether a piece of code is this unit's, or may be, after TensorFlow rewrote it."""
        mine = file.startswith(f"<{self.name},") if self.notebook is not None else file in self.paths
        return mine or ".tf__" in name

    def apply(self, mutant):
        """Make one mutant the truth of this process."""
        source, changed = self.sources[mutant.index], self.changed(mutant)
        if self.notebook is not None:
            notebook = copy.deepcopy(self.notebook)
            notebook.cells[mutant.index].source = changed
            return self.give(notebook)
        path = str(self.root / mutant.place)
        linecache.cache[path] = (len(changed), None, changed.splitlines(keepends=True), path)  # tf.function reads it
        pairs = dict(_pairs(*(compile(text, path, "exec", dont_inherit=True) for text in (source, changed))))
        hit = [thing for thing in self.functions if pairs.get(thing.__code__, thing.__code__) != thing.__code__]
        for thing in hit:
            thing.__code__ = pairs[thing.__code__]
        if not hit:
            raise LookupError(f"no loaded function holds {mutant.function}, line {mutant.line} of {mutant.place}")

    def reaches(self, mutant, seen):
        """Tell whether a test that ran these pieces of code (file, name) ran the mutant's function."""
        last = mutant.function.rpartition(".")[2]
        for file, name in seen:
            here = self.notebook is not None or file == str(self.root / mutant.place)
            if here and (name == mutant.function or name.startswith(f"{mutant.function}.")):
                return True
            if name.endswith(f".tf__{last}"):  # as TensorFlow rewrote it
                return True
        return False

    def asked(self, mutant, seconds):
        """Ask the cells that rest on the mutant's: ("survived" | "claims" | "outputs" | "time", reason)."""
        from mutate_claims import judging_cells, masks, run_cells

        sources, index = list(self.sources), mutant.index
        run = partial(run_cells, self.name, sources, masks=masks(self.root), seconds=seconds)
        if index not in self.clean:
            places = judging_cells(sources, index)
            state, self.clean[index] = forked(lambda: run(places), 3 * seconds) if places else ("", None)
            self.clean[index] = {int(cell): text for cell, text in self.clean[index].items()} if state == "done" else None
        clean, steady = self.clean[index], list(self.sources)
        if not clean:
            return "survived", "no cell that rests on it is done in time" if clean is None else ""
        sources[index] = self.changed(mutant)
        state, found = forked(lambda: run((), expected=clean), 5 * seconds)
        if state == "done":
            return "survived", ""
        if state == "time" or not found.startswith("Different"):
            return ("claims" if state == "crash" else "time"), found or ""
        sources[:] = steady
        if index not in self.steady:  # what differs without a mutant says nothing
            self.steady[index] = forked(lambda: run((), expected=clean), 5 * seconds)[0] == "done"
        return ("outputs", found) if self.steady[index] else ("survived", "the cells print something else each time")


def _pairs(old, new):
    """Pair the code objects of a source with those of its mutant."""
    yield old, new
    inner = [[part for part in code.co_consts if isinstance(part, types.CodeType)] for code in (old, new)]
    for pair in zip(*inner, strict=True):
        yield from _pairs(*pair)


class Judge:
    """A plugin for pytest that collects once and runs chosen tests in forked processes."""

    def __init__(self, work):
        self.work, self.failed, self.seen, self.fixtures, self.done = work, None, set(), {}, False

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        self.session = session
        self.work(self, session.items)
        self.done = True
        return True

    def pytest_runtest_logreport(self, report):
        if report.failed:
            self.failed = self.failed or report.nodeid

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef, request):
        before, self.seen, start = self.seen, set(), time.process_time()
        _listen_anew()
        try:
            return (yield)
        finally:
            self.fixtures[fixturedef.argname, fixturedef.baseid] = time.process_time() - start, self.seen
            self.seen = self.seen | before

    def run(self, items):
        """Run tests up to the first that fails, and return its name."""
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                break
        return self.failed

    def survey(self, items, owns):
        """Run every test by itself: seconds of processor time, own code that it ran, whether it failed."""
        monitor, found = sys.monitoring, {}
        monitor.use_tool_id(monitor.PROFILER_ID, "mutants")
        monitor.register_callback(monitor.PROFILER_ID, monitor.events.PY_START, self._started)
        monitor.set_events(monitor.PROFILER_ID, monitor.events.PY_START)
        for item, following in zip(items, [*items[1:], None], strict=True):
            self.failed, self.seen, start = None, set(), time.process_time()
            _listen_anew()
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            found[item.nodeid] = [time.process_time() - start, set(self.seen), self.failed is not None]
        for item in items:  # what a shared fixture took and ran, all that ask for it have taken and run
            for name, definitions in item._fixtureinfo.name2fixturedefs.items():
                for definition in definitions:
                    seconds, seen = self.fixtures.get((name, definition.baseid), (0, ()))
                    found[item.nodeid][0] += seconds
                    found[item.nodeid][1].update(seen)
        for row in found.values():
            row[1] = {piece for piece in row[1] if owns(*piece)}
        return found

    def _started(self, code, _):
        self.seen.add((code.co_filename, code.co_qualname))
        return sys.monitoring.DISABLE


def _listen_anew():
    if sys.monitoring.get_tool(sys.monitoring.PROFILER_ID) == "mutants":
        sys.monitoring.restart_events()


def judge(unit, pending, *, passed, claims, patience, keep):
    """Give every mutant to the tests that reach it, then to the lecture's cells, and each verdict to `keep`.

    Those in `passed` are known to pass the tests.
    """

    def timed(mutant, chosen, judge=None, limit=None):
        start = time.monotonic()
        verdict = _verdict(judge, unit, mutant, chosen, limit, claims)
        keep(mutant, *verdict, round(time.monotonic() - start, 1))

    for mutant in [mutant for mutant in pending if mutant.key in passed]:
        timed(mutant, ())
    pending = [mutant for mutant in pending if mutant.key not in passed]
    if not pending:
        return

    def work(judge, items):
        unit.prepare()
        start = time.monotonic()
        state, survey = forked(lambda: judge.survey(items, unit.owns))
        if state != "done":
            raise SystemExit(f"{unit.name}: the tests don't run without a mutant: {survey}")
        broken = [name for name, (_, _, failed) in survey.items() if failed]
        print(f"{unit.name}: {len(items)} tests in {time.monotonic() - start:.0f} s, {len(pending)} mutants to judge")
        for name in broken:
            print(f"  left out, it fails without a mutant: {name}")
        items = sorted((item for item in items if item.nodeid not in broken), key=lambda item: survey[item.nodeid][0])
        for mutant in pending:
            chosen = [item for item in items if unit.reaches(mutant, survey[item.nodeid][1])]
            limit = patience + 3 * sum(survey[item.nodeid][0] for item in chosen)
            timed(mutant, chosen, judge, limit)

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        import hypothesis

        hypothesis.settings.register_profile(
            "mutants", database=None, derandomize=True, deadline=None, suppress_health_check=list(hypothesis.HealthCheck),
            phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate], print_blob=False,
        )  # fmt: skip
        options = ["-q", "-s", "-p", "no:cacheprovider", "-p", "no:xdist", "--hypothesis-profile=mutants",
                   "--no-header", "--assert=plain", "--tb=native", f"--rootdir={unit.root}", f"--basetemp={folder}/t", "--no-summary"]  # fmt: skip
        judged = Judge(work)
        pytest.main([*options, *map(str, unit.tests)], plugins=[judged])
        if not judged.done:
            raise SystemExit(f"{unit.name}: the tests can't be collected")


def _verdict(judge, unit, mutant, chosen, limit, claims):
    """Verdict on one mutant, and what gave it."""

    def tests():
        unit.apply(mutant)
        return judge.run(chosen)

    if chosen:
        state, found = forked(tests, limit)
        if state != "done" or found:
            verdict = {"done": "caught", "time": "time"}.get(state, "caught")
            if state == "crash" and str(found).startswith(("LookupError: no loaded", "ValueError: zip()")):
                verdict = "not made"
            return verdict, found or ""
    if claims and unit.notebook is not None:
        verdict, found = unit.asked(mutant, claims)
        if verdict != "survived" or found:
            return verdict, found
    return "survived", "" if chosen else "no test runs it"
