"""Run the comparisons and print their tables: ``python -m benchmarks [NAME ...]``."""

import argparse
import datetime
import importlib
import os
import platform
import sys
from pathlib import Path

from benchmarks import harness
from benchmarks.table import table
from course_utils.publishing.files import write_text

FOLDER = Path(__file__).resolve().parent
RESULTS = FOLDER / "results"  # a table for each comparison; the book shows them
NOT_COMPARISONS = {"__init__", "__main__", "harness", "worker", "table", "peers", "sharing", "number_translators"}


def names():
    """All comparisons, by the name of their script."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_COMPARISONS)


def load():
    """How busy the machine has been in the last minute: 1 is one core."""
    return f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"


def machine():
    """Processor and number of cores."""
    model = platform.processor()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        lines = [line for line in cpuinfo.read_text().splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    return f"{model or platform.machine()}, {os.cpu_count()} cores, {platform.system()}"


def say(line):
    """Tell how far it is, beside the table and not in it."""
    print(f"  … {line}", file=sys.stderr, flush=True)


def run(name, rounds):
    """One comparison: its table, or why there is none; and whether there is one."""
    comparison = importlib.import_module(f"benchmarks.{name}").COMPARISON
    before = load()
    try:
        rows = harness.compare(f"benchmarks.{name}", comparison, rounds, say=lambda line: say(f"{name}: {line}"))
    except harness.Refused as reason:
        return f"## {comparison.title}\n\nRefused: {reason}", False
    where = f"{machine()}; load {before} before, {load()} after; {datetime.date.today()}."
    return f"{table(comparison, rows, rounds)} {where}", True


def store(name, text):
    """Write one comparison's table, in one step: an old one stays until then."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.md"
    write_text(path, text + "\n")
    print(f"stored in {path.relative_to(harness.ROOT).as_posix()}\n", flush=True)


def main(argv=None):
    """Compare our speed with that of peers: quality first, then in turns."""
    parser = argparse.ArgumentParser(prog="bench", description=main.__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(names())}; all when left out")
    parser.add_argument("--rounds", type=int, default=9, help="timed blocks of each side")
    parser.add_argument("--save", action="store_true", help="write each table to benchmarks/results too, for the book")
    arguments = parser.parse_args(argv)
    if wrong := [name for name in arguments.names if name not in names()]:
        parser.error(f"no comparison {wrong[0]!r}; there are {', '.join(names())}")
    if arguments.rounds < 1:
        parser.error("rounds must be at least 1")
    if not harness.PEERS.is_dir():
        print(f"bench: {harness.HOW_TO_GET_PEERS}", file=sys.stderr)
        return 1
    complete = True
    for name in arguments.names or names():
        text, done = run(name, arguments.rounds)
        print(f"{text}\n", flush=True)
        complete = complete and done
        if arguments.save and done:
            store(name, text)
    return 0 if complete else 1


if __name__ == "__main__":
    raise SystemExit(main())
