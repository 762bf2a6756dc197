"""Compare two programs that do the same: quality first, then time, alternately in one run.

Every side lives in a process of its own (`worker.py`), for as long as the comparison takes, perhaps
under another Python. First each side trains once and says what it reached; if the sides don't agree,
nothing is timed. Then they are timed in turns, A B A B, so that a busy machine is unfair to both.
"""

import contextlib
import json
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.sharing import unlike
from benchmarks.table import Row, best_of

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-peers"
HOW_TO_GET_PEERS = "the peers are not installed: `make bench-peers` makes .venv-peers"
LONGEST_ANSWER = 300  # seconds
PAUSE = 0.2  # seconds between two blocks: threads that still spin come to rest
THREAD_VARIABLES = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS",
)  # fmt: skip


class Refused(Exception):
    """The comparison would not be fair, or a side can't run; the message says why."""


@dataclass(frozen=True)
class Side:
    """One way to do the task.

    Parameters
    ----------
    name : str
        As it stands in the table.
    build : callable
        Maps the problem (a dict) to an object with three methods: ``reset(seed)`` goes back to the
        start, ``run(steps)`` does the work that is timed, ``quality()`` returns a dict of what the
        last run reached. It is called in the worker: import what it needs inside.
    role : {"ours", "peer", "context"}
        The goal is asked of ours against the fastest peer; context is only shown.
    peers : bool, default False
        Run under the Python of `.venv-peers`.
    threads : tuple of int, default (1,)
        Numbers of threads to try; the best one counts.
    versions : tuple of str, default ()
        Packages whose versions belong into the table.
    """

    name: str
    build: Callable
    role: str
    peers: bool = False
    threads: tuple = (1,)
    versions: tuple = ()


@dataclass(frozen=True)
class Comparison:
    """One task and the sides that do it.

    Parameters
    ----------
    title : str
    task : str
        One line: data, network, loss.
    unit : str
        Of the table, for example ``"ms per epoch"``.
    per_second : float
        How many of that unit's times make a second: 1000 for ms.
    goal : float
        Ours shall be at least this many times as fast as the fastest peer.
    problem : callable
        Returns a dict of plain numbers, lists and strings: data and starting weights for all sides.
    sides : tuple of Side
        Exactly one of them is ours.
    check_steps, block_steps : int
        Steps of the run whose quality is compared first, and of each timed block.
    agree : callable
        Maps a dict of side to quality to a list of complaints. Called for the first run with
        ``first=True``, and again after every round.
    more : callable, optional
        Maps the rows to lines that stand below the table: what it has no column for.
    """

    title: str
    task: str
    unit: str
    per_second: float
    goal: float
    problem: Callable
    sides: tuple
    check_steps: int
    block_steps: int
    agree: Callable
    more: Callable | None = None


def same_training(qualities, first, *, tolerance=1e-6, least_accuracy=0.0):
    """Complain unless all sides trained the same network on the same data to the same losses.

    Parameters
    ----------
    qualities : dict of str to dict
        For each side ``parameters``, ``examples``, ``losses`` (one for each step) and ``accuracy``.
    first : bool
        Ask for the accuracy and a falling loss too: this run was long enough.
    tolerance : float, default 1e-6
        Largest relative difference of two losses.
    least_accuracy : float, default 0.0
        Share of the examples that must be right at the end of the first run.

    Returns
    -------
    list of str
    """
    (name, one), *others = qualities.items()
    complaints = unlike(qualities)
    for other, quality in others:
        if len(quality["losses"]) != len(one["losses"]):
            complaints.append(f"steps: {len(one['losses'])} in {name}, {len(quality['losses'])} in {other}")
        for step, (a, b) in enumerate(zip(one["losses"], quality["losses"], strict=False)):
            if not math.isclose(a, b, rel_tol=tolerance):
                complaints.append(f"loss before step {step}: {a:.9g} in {name}, {b:.9g} in {other}")
                break
    for side, quality in qualities.items() if first else ():
        if not quality["losses"][-1] < quality["losses"][0]:
            complaints.append(f"the loss does not fall in {side}")
        if not quality["accuracy"] >= least_accuracy:
            complaints.append(f"accuracy {quality['accuracy']:.3f} in {side}, at least {least_accuracy} is asked")
    return complaints


# Workers


def python_of(side):
    """Interpreter of a side."""
    if not side.peers:
        return sys.executable
    python = PEERS / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        raise Refused(HOW_TO_GET_PEERS)
    return str(python)


class Worker:
    """A live process that runs one side with one number of threads.

    Parameters
    ----------
    module : str
        Name of the module that holds the `COMPARISON`.
    side : Side
    index : int
        Place of the side in the comparison.
    threads : int
    """

    def __init__(self, module, side, index, threads):
        self.side, self.threads, python = side, threads, python_of(side)
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        known = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.worker", module, str(index)],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True, encoding="utf-8",
            env=os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
            | {"PYTHONPATH": os.pathsep.join([str(ROOT), *known]), "PYTHONHASHSEED": "0", "TF_CPP_MIN_LOG_LEVEL": "3"},
        )  # fmt: skip

    def ask(self, **question):
        """Send a question and return the answer; `Refused` if the worker fails or takes too long."""
        watchdog = threading.Timer(LONGEST_ANSWER, self.process.kill)
        watchdog.start()
        try:
            with contextlib.suppress(OSError):
                self.process.stdin.write(json.dumps(question) + "\n")
                self.process.stdin.flush()
            line = self.process.stdout.readline()
        finally:
            watchdog.cancel()
        answer = json.loads(line) if line else {"error": f"the process ended\n{self.last_words()}"}
        if "error" in answer:
            raise Refused(f"{self.side.name}: {answer['error']}")
        return answer

    def last_words(self):
        """End of what the process wrote to stderr."""
        self.log.seek(0)
        return "\n".join(self.log.read().splitlines()[-8:])

    def close(self):
        """End the process, whatever state it is in."""
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()


# One comparison


def compare(module, comparison, rounds, say=print):
    """Check the quality of all sides, time them in turns, and return the rows of the table.

    Parameters
    ----------
    module : str
        Name of the module that holds the comparison: the workers import it.
    comparison : Comparison
    rounds : int
        Timed blocks of each side.
    say : callable
        Takes a line about what goes on.

    Returns
    -------
    list of Row

    Raises
    ------
    Refused
        If the sides don't agree, or ours or a peer can't run.
    """
    problem, pairs = comparison.problem(), []
    with contextlib.ExitStack() as stack:
        for index, side in enumerate(comparison.sides):
            for threads in side.threads:  # one after the other, so that no start-up disturbs the others
                try:
                    worker = Worker(module, side, index, threads)
                    stack.callback(worker.close)
                    answer = worker.ask(problem=problem, steps=comparison.check_steps, versions=side.versions)
                except Refused as reason:
                    if side.role != "context":
                        raise
                    say(f"left out: {reason}")
                    continue
                pairs.append((worker, Row(side, threads, [], answer["versions"], answer["quality"])))
                say(f"ready: {pairs[-1][1].label}")
        _refuse(comparison.agree({row.label: row.quality for _, row in pairs}, first=True))
        for number in range(rounds):
            reached = {}
            for worker, row in pairs:
                time.sleep(PAUSE)
                answer = worker.ask(steps=comparison.block_steps, seed=number)
                row.times.append(answer["seconds"])
                row.rounds.append(answer["quality"])
                reached[row.label] = answer["quality"]
            _refuse(comparison.agree(reached, first=False))
            say(f"round {number + 1} of {rounds}")
    return best_of([row for _, row in pairs])


def _refuse(complaints):
    if complaints:
        raise Refused("the sides don't do the same: " + "; ".join(complaints))
