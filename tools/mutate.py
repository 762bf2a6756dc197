#!/usr/bin/env python3
"""Change one operator, sign or constant at a time and ask the tests whether they notice.

    python tools/mutate.py                         all lectures and modules, every mutant
    python tools/mutate.py 02 --sample 40          40 mutants of lecture 02
    python tools/mutate.py autodiff text           the mutants of two modules
    python tools/mutate.py checks --sample 5 --draw 2     5 mutants of each file, others than those of draw 1
    python tools/mutate.py 02 --claims             survivors have to pass the lecture's own claims too

Of a lecture, the functions and classes of its text's code cells are changed, those of solutions too;
of a module of `course_utils`, the bodies of its functions. Functions that draw stay as they are, and so
do messages, printed texts, decorators, annotations, and what can't matter: numbers up to 1e-6, which only
guard a division, `<` against `<=` for a random number, -1 in a shape. Of the self-checks of exercises the
problem stays too, its sizes, seeds, scales and how many there are: another one would be as good. So do
bounds up to 1e-4, which part rounding from errors, and whether an error that is exactly as large as a
bound counts.

Tools that change files start Python anew for each mutant. Here one process imports TensorFlow, collects
the tests once, and forks for every mutant, so it needs Linux or macOS, and Python 3.12. Nothing in the
checkout is written but `_build/mutants/<name>.jsonl`, from which a later call goes on.
`tests/mutants.toml` names mutants that compute the same as the original, each with its reason.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib
import json
import os
import sys
import tomllib
from pathlib import Path

from mutate_fork import forked
from mutate_judge import Unit, judge

ROOT = Path(__file__).resolve().parent.parent
VERDICTS = ("caught", "claims", "outputs", "time")  # and "survived"
LIBRARIES = ("numpy", "scipy.signal", "sklearn.linear_model", "IPython", "matplotlib.pyplot", "keras")  # before a fork
MORE_TESTS = {  # tests of a module besides those in tests/unit that bear its name; the built site is none: it stays as it is
    "checks": ["lectures/test_*_exercises.py"],
    "publishing": ["book/test_[bdp]*.py", "unit/test_faults.py", "unit/test_proof.py",
                   "notebooks/test_the_net_catches.py"],
}  # fmt: skip
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTEROP_THREADS": "1", "CUDA_VISIBLE_DEVICES": "-1", "MPLBACKEND": "agg",
}  # fmt: skip


def units(root, words):
    """Lectures and modules that somebody named; all when nothing was named."""
    from course_utils.publishing import notebooks
    from course_utils.publishing.project import Project

    project, found = Project.at(root), []
    folder = root / "course_utils"
    modules = {path.stem: [path] for path in folder.glob("[a-z]*.py")}
    modules |= {path.parent.name: sorted(path.parent.rglob("*.py")) for path in folder.glob("[a-z]*/__init__.py")}
    for word in words or [*project.lectures(), *sorted(modules)]:
        if word in modules:
            tests = sorted((root / "tests/unit").glob(f"test_{word}.py")) + sorted((root / "tests/unit").glob(f"test_{word}_*.py"))
            tests += [test for pattern in MORE_TESTS.get(word, ()) for test in sorted((root / "tests").glob(pattern))]
            sources = [path.read_text(encoding="utf-8") for path in modules[word]]
            places = [path.relative_to(root).as_posix() for path in modules[word]]
            found.append(Unit(word, root, tests, places, sources, [1] * len(places)))
            continue
        for name in project.choose([word]):
            text = project.twin(name).read_text(encoding="utf-8")
            notebook = notebooks.read_twin(text)
            sources, lines, place = [], [], 0
            for cell in notebook.cells:
                place = max(text.find(cell.source, place), place)
                taught = cell.cell_type == "code" and not {"exercise", "colab-setup"} & set(cell.metadata.get("tags", []))
                sources.append(cell.source if taught else "")
                lines.append(text.count("\n", 0, place) + 1)
            tests = sorted((root / "tests/lectures").glob(f"test_{name[3:]}*.py"))
            places = [f"notebooks/text/{name}.md"] * len(sources)
            found.append(Unit(name, root, tests, places, sources, lines, notebook))
    return found


def told(root, unit):
    """Records of earlier calls by the mutants' keys; of several the last one counts."""
    path = root / "_build" / "mutants" / f"{unit.name}.jsonl"
    if not path.is_file():
        return {}
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):  # a line that was cut off
            records.append(json.loads(line))
    return {record["key"]: record for record in records}


def settled(record, unit, tests, claims):
    """Tell whether what is known of a mutant still holds: the test that caught it is there, or no test is new."""
    if record is None:
        return False
    if record["verdict"] == "survived":
        return record["tests"] == tests and (record["claims"] >= claims)
    file, _, name = record["judge"].partition("::")
    path = unit.root / file
    return not name or (path.is_file() and name.rpartition("::")[2].partition("[")[0] in path.read_text(encoding="utf-8"))


def judge_unit(unit, *, sample=None, draw=1, claims=0, anew=False, patience=10):
    """Judge a unit's mutants, or a sample of each file's, and return their records.

    The sample is drawn by the mutants' hashes: of the same draw a larger one holds the smaller.
    """
    mutants, by_place = unit.mutants(), {}
    for mutant in sorted(mutants, key=lambda mutant: drawn(mutant.key, draw)):
        by_place.setdefault(mutant.place, []).append(mutant)
    chosen = [mutant for found in by_place.values() for mutant in found[:sample]]
    chosen = sorted(chosen, key=mutants.index)
    tests = hashlib.sha256(b"".join(Path(path).read_bytes() for path in unit.tests)).hexdigest()[:16]
    known = {} if anew else told(unit.root, unit)
    pending = [mutant for mutant in chosen if not settled(known.get(mutant.key), unit, tests, claims)]
    old = [known[mutant.key] for mutant in pending if mutant.key in known and not anew]
    passed = {record["key"] for record in old if record["verdict"] == "survived" and record["tests"] == tests}
    if pending:
        path = unit.root / "_build" / "mutants" / f"{unit.name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)

        def keep(mutant, verdict, by, seconds):
            parts = ("key", "place", "line", "function", "before", "after")
            record = {part: getattr(mutant, part) for part in parts}
            record |= {"verdict": verdict, "judge": by, "seconds": seconds, "tests": tests, "claims": claims}
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(record) + "\n")
            if verdict == "survived":
                print(f"  {describe(record)}")

        state, trouble = forked(lambda: judge(unit, pending, passed=passed, claims=claims, patience=patience, keep=keep), quiet=False)
        if state != "done":
            raise SystemExit(f"{unit.name}: {trouble}")
        known = told(unit.root, unit)
    lines = {mutant.key: mutant.line for mutant in chosen}
    return [known[key] | {"line": line} for key, line in lines.items() if key in known], mutants


def drawn(key, draw):
    """The place of a mutant in a draw: the first goes by the keys themselves, later ones by another hash."""
    return key if draw == 1 else hashlib.sha256(f"{draw}\0{key}".encode()).hexdigest()


def describe(record):
    """One line on a mutant."""
    why = f" ({record['judge']})" if record["judge"] else ""
    return f"{record['place']}:{record['line']} {record['function']}: {record['before']} -> {record['after']}{why}"


def excuses(root):
    """Reasons in tests/mutants.toml, by place, function, before and after."""
    path = root / "tests" / "mutants.toml"
    rows = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", []) if path.is_file() else []
    return {(row["place"], row["function"], row["before"], row["after"]): row["reason"] for row in rows}


def main(argv=None):
    """Judge mutants and print the table."""
    parser = argparse.ArgumentParser(prog="mutants", description=main.__doc__)
    parser.add_argument("units", nargs="*", help="lectures or modules: 01, 02_backprop, autodiff; all when left out")
    parser.add_argument("--sample", type=int, help="at most so many mutants of each lecture and each file")
    parser.add_argument("--draw", type=int, default=1, metavar="N", help="draw another sample: one that no test was written on")
    parser.add_argument("--claims", type=float, nargs="?", const=60, default=0, metavar="SECONDS",
                        help="ask the lecture's own cells too, for so long (default 60)")  # fmt: skip
    parser.add_argument("--anew", action="store_true", help="judge again what is known from an earlier call")
    parser.add_argument("--patience", type=int, default=10, help="seconds that tests may take longer than before (default 10)")
    parser.add_argument("--least", type=float, default=90.0, help="percentage that has to be caught (default 90)")
    parser.add_argument("--root", type=Path, default=ROOT, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    if not hasattr(os, "fork") or sys.version_info < (3, 12):
        parser.error("mutants need Linux or macOS, and Python 3.12 or newer")
    os.environ.update(ENVIRONMENT)
    os.chdir(arguments.root)
    sys.path[:0] = [str(arguments.root)]
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    excused, rows, weak, stale = excuses(arguments.root), [], [], []
    for library in LIBRARIES:
        importlib.import_module(library)
    for unit in units(arguments.root, arguments.units):
        options = {name: getattr(arguments, name) for name in ("sample", "draw", "claims", "anew", "patience")}
        records, mutants = judge_unit(unit, **options)
        signs = {(mutant.place, mutant.function, mutant.before, mutant.after) for mutant in mutants}
        stale += [sign for sign in excused if sign[0] in unit.places and sign not in signs]
        records = [record for record in records if record["verdict"] != "not made"]
        alive = [record for record in records if record["verdict"] == "survived"]
        known = [tuple(record[part] for part in ("place", "function", "before", "after")) in excused for record in alive]
        counts = [sum(record["verdict"] == verdict for record in records) for verdict in VERDICTS]
        weak += [record for record, excuse in zip(alive, known, strict=True) if not excuse]
        rows.append([unit.name, len(mutants), len(records), *counts, len(alive), sum(known)])
    print()
    print(table(rows))
    if weak:
        print("\nSurvived:")
        print("\n".join(f"  {describe(record)}" for record in weak))
    for sign in stale:
        print(f"tests/mutants.toml excuses what is no longer there: {' | '.join(sign)}")
    low = [row[0] for row in rows if percentages(row)[1] < arguments.least]
    if low:
        print(f"\nfewer than {arguments.least:g} % caught: {', '.join(low)}")
    return 1 if low or stale else 0


def percentages(row):
    """Share of the judged mutants that was caught: of all, and of those that are not excused."""
    judged, alive, excused = row[2], row[7], row[8]
    return tuple(100 * (judged - alive) / max(number, 1) if judged else 100.0 for number in (judged, judged - excused))


def table(rows):
    """Lay the counts out as text."""
    head = ["", "mutants", "judged", "tests", *VERDICTS[1:], "survived", "excused", "caught %", "not excused %"]
    body = [[*map(str, row), *(f"{part:.1f}" for part in percentages(row))] for row in rows]
    widths = [max(len(row[place]) for row in [head, *body]) for place in range(len(head))]
    lines = [[row[0].ljust(widths[0]), *(part.rjust(width) for part, width in zip(row[1:], widths[1:], strict=True))]
             for row in [head, *body]]  # fmt: skip
    return "\n".join("  ".join(line) for line in lines)


if __name__ == "__main__":
    sys.exit(main())
