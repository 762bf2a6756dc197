"""Measure every claim again: other seeds, other kernels for linear algebra, many machines."""

import argparse
import json
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from course_utils.publishing import execution, files, measured, notebooks
from course_utils.publishing.project import Problem, Project

# Kernels of an older processor: every newer one can run them. (Asked for those of its own
# generation but another maker, OpenBLAS can crash in a plain matrix product.)
OTHER_KERNELS = {"OPENBLAS_CORETYPE": "Sandybridge", "TF_ENABLE_ONEDNN_OPTS": "0"}


@dataclass(frozen=True)
class Trial:
    """One run of one lecture: a seed, and what else is changed in the environment."""

    lecture: str
    seed: int
    kernels: bool = False

    @property
    def column(self):
        """Head of this trial's column."""
        return f"seed {self.seed}" + (" other kernels" if self.kernels else "")

    @property
    def place(self):
        """Name of the file that keeps this trial's result."""
        return f"{self.lecture}.{self.seed}{'.kernels' if self.kernels else ''}.json"

    @property
    def variables(self):
        """Environment that makes the difference."""
        return {"COURSE_SEED": str(self.seed), **(OTHER_KERNELS if self.kernels else {})}


@dataclass
class Result:
    """What one trial measured; `trouble` says why it ended early."""

    trial: Trial
    records: list = field(default_factory=list)
    seconds: float = 0.0
    trouble: str = ""


def trials(lectures, num_seeds, num_kernels=1):
    """Lecture by lecture: each seed, then the first `num_kernels` seeds with other kernels. Stopped, it leaves whole lectures."""
    ways = [(seed, False) for seed in range(num_seeds)] + [(seed, True) for seed in range(num_kernels)]
    return [Trial(lecture, seed, kernels) for lecture in lectures for seed, kernels in ways]


def measure(trial, text, root):
    """Run one lecture once and return what its claims measured. Made to be sent to another process.

    Parameters
    ----------
    trial : Trial
    text : str
        The lecture's twin; nothing is read from or written to the stored notebooks.
    root : str
        Checkout whose helpers are to be used, where this machine has it.
    """
    notebook = notebooks.read_twin(text)
    with tempfile.TemporaryDirectory(prefix="robust-") as folder:
        log = Path(folder) / "claims.jsonl"
        variables = execution.environment(root, COURSE_CLAIMS_LOG=str(log), **trial.variables)
        result = Result(trial)
        try:
            result.seconds = execution.execute(notebook, folder=folder, variables=variables).seconds
        except execution.RunFailed as problem:
            result.trouble = str(problem)
        if log.is_file():
            result.records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return result


def measure_all(project, chosen, *, scheduler=None, jobs=-1, anew=False):
    """Run all trials, on the cores of this machine or on a Dask cluster.

    What was measured stays in ``_build/robust``: stopped at any time, the work goes on from there,
    and a lecture is measured again only when its cells or helpers change.

    Parameters
    ----------
    project : Project
    chosen : list of Trial
    scheduler : str, optional
        Address of a Dask scheduler, for example ``"tcp://10.0.0.5:8786"``. Its workers need the
        course's environment.
    jobs : int, default -1
        Runs at a time on this machine; -1 stands for one on each core.
    anew : bool, default False
        Measure what is known once more.

    Returns
    -------
    list of Result
        In the order of `chosen`.
    """
    (project.build / "robust").mkdir(parents=True, exist_ok=True)  # or say now that nothing can be kept
    texts, hashes = {}, {}
    for lecture in {trial.lecture for trial in chosen}:
        texts[lecture], hashes[lecture] = _today(project, lecture)
    known = {} if anew else {trial: recall(project, trial, hashes[trial.lecture]) for trial in chosen}
    missing = [trial for trial in chosen if known.get(trial) is None]
    tasks = [(trial, texts[trial.lecture], str(project.root)) for trial in missing]
    for result in _gather(tasks, scheduler, jobs):
        known[result.trial] = result
        if not result.trouble:
            keep(project, result, hashes[result.trial.lecture])
    return [known[trial] for trial in chosen]


def _today(project, lecture):
    """Text of a lecture as it would be run now, and the hash of what its outputs rest on."""
    text = notebooks.stamp(project.twin(lecture).read_text(encoding="utf-8"), project)
    return text, notebooks.hashes(text, notebooks.read_twin(text), lecture, project.root)[1]


def recall(project, trial, code_hash):
    """Result of an earlier run of the same cells and helpers, or None."""
    path = project.build / "robust" / trial.place
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Result(trial, kept["records"], kept["seconds"]) if kept["code_hash"] == code_hash else None
    except (OSError, ValueError, KeyError, TypeError):  # not there, or cut off: measure it again
        return None


def keep(project, result, code_hash):
    """Keep a result for `recall`."""
    path = project.build / "robust" / result.trial.place
    kept = {"code_hash": code_hash, "seconds": result.seconds, "records": result.records}
    notebooks.write_text(path, json.dumps(kept))


def _gather(tasks, scheduler, jobs):
    """Yield the results of `measure` for each task, as soon as one is there."""
    import joblib
    from tqdm import tqdm

    work = [joblib.delayed(measure)(*task) for task in tasks]
    if scheduler is None:
        found = joblib.Parallel(n_jobs=jobs, backend="loky", return_as="generator_unordered")(work)
        yield from tqdm(found, total=len(work), desc="runs", unit="run", disable=None)
        return
    try:
        from dask.distributed import Client
    except ImportError:
        raise Problem("a cluster needs the group cluster: pip install 'deep-learning-measured[cluster]'") from None
    try:
        client = Client(scheduler, timeout=20)
    except (OSError, ValueError) as error:
        raise Problem(f"no scheduler answers at {scheduler}: {error}") from None
    with client, joblib.parallel_config(backend="dask", wait_for_workers_timeout=60):
        # joblib's Dask backend hands results over all at once
        yield from joblib.Parallel(verbose=1)(work)


def save(project, results):
    """Store the lowest margin of each claim for the book's page of claims.

    Other lectures keep what was stored of them.

    Raises
    ------
    Problem
        If a run stopped early or a claim was false: the book shows only what held.
    """
    lectures = measured.read_margins(project.root)
    for lecture in dict.fromkeys(result.trial.lecture for result in results):
        runs, lowest = [result for result in results if result.trial.lecture == lecture], {}
        if any(result.trouble or not all(record["ok"] for record in result.records) for result in runs):
            raise Problem(f"{lecture} is not stored: a run stopped early or a claim was false")
        for record in (record for result in runs for record in result.records):
            before, room = lowest.get(record["name"]), _room(record)
            room = room if room in ("exact", "holds") else record["margin"]
            numbers = [number for number in (before, room) if number is not None and not isinstance(number, str)]
            lowest[record["name"]] = float(f"{min(numbers):.3g}") if numbers else room
        entry = {"code_hash": _today(project, lecture)[1], "runs": [result.trial.column for result in runs], "claims": lowest}
        lectures[lecture] = {"measured": date.today().isoformat(), **entry}
    kept = {"lectures": dict(sorted(lectures.items()))}
    notebooks.write_text(project.root / measured.MARGINS, json.dumps(kept, indent=1) + "\n")


def table(results):
    """Make the table claim x trial, with the margin to the nearest bound in each field.

    Returns
    -------
    header : list of str
    rows : list of list of str
        ``!`` stands before the margin of a claim that is false, ``-`` where it was not measured.
    num_false : int
    """
    columns = list(dict.fromkeys(result.trial.column for result in results))
    cells, names = {}, {}
    for result in results:
        for record in result.records:
            names[record["name"]] = result.trial.lecture
            margin = record["margin"]
            shown = "nan" if margin is None else _room(record)
            previous = cells.get((record["name"], result.trial.column), "")
            if not record["ok"]:
                shown = f"! {'false' if shown == 'holds' else shown}"
            if not previous.startswith("!"):  # measured several times in one run: a false one counts
                cells[record["name"], result.trial.column] = shown
    rows = [[name, *(cells.get((name, column), "-") for column in columns)] for name in names]
    return ["claim", *columns], rows, sum(field.startswith("!") for field in cells.values())


def _room(record):
    """Margin of a claim; a value that has to be met exactly has none."""
    if isinstance(record["value"], bool):
        return "holds"
    exact = "equals" in record["bounds"] and not record["bounds"].get("tolerance")
    return "exact" if exact and record["ok"] else f"{record['margin']:.3g}"


def show(header, rows):
    """Lay out a table as text, every column as wide as its widest field."""
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    lines = []
    for row in [header, *rows]:
        rest = (field.rjust(width) for field, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join([row[0].ljust(widths[0]), *rest]).rstrip())
    return "\n".join(lines)


def main(argv=None):
    """Run lectures under several seeds and kernels, and print the margin of each claim."""
    parser = argparse.ArgumentParser(prog="robust", description=main.__doc__)
    parser.add_argument("lectures", nargs="*", help="01, 01_perceptrons, ...; all when left out")
    parser.add_argument("--seeds", type=int, default=5, help="how many seeds, from 0 (default 5)")
    parser.add_argument("--kernels", type=int, default=1, help="how many of them with other kernels too (default 1)")
    parser.add_argument("--anew", action="store_true", help="measure again what is known from an earlier run")
    parser.add_argument("--save", action="store_true", help=f"store the lowest margins in {measured.MARGINS}, for the book")
    parser.add_argument("--scheduler", help="address of a Dask scheduler, such as tcp://10.0.0.5:8786")
    parser.add_argument("--jobs", type=int, default=-1, help="runs at a time on this machine; -1: one on each core")
    arguments = parser.parse_args(argv)
    if arguments.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {arguments.seeds}")
    if arguments.kernels < 0:
        parser.error(f"--kernels must be 0 or more, got {arguments.kernels}")
    project = Project.find()
    lectures = project.choose(arguments.lectures)
    if not lectures:
        raise Problem("there are no lectures to run")
    execution.warm_up()
    results = measure_all(
        project, trials(lectures, arguments.seeds, arguments.kernels), scheduler=arguments.scheduler,
        jobs=arguments.jobs, anew=arguments.anew,
    )  # fmt: skip
    header, rows, num_false = table(results)
    print("Margin of each claim to its nearest bound; ! marks a false one.\n")
    print(show(header, rows))
    troubled = [result for result in results if result.trouble]
    for result in troubled:
        print(f"\n{result.trial.lecture}, {result.trial.column}, stopped: {result.trouble}")
    seconds = [result.seconds for result in results if not result.trouble]
    time = f", {max(seconds):.0f} s the longest" if seconds else ""
    print(f"\n{len(rows)} claims, {len(results)} runs{time}: {num_false} false, {len(troubled)} runs stopped early")
    if not rows:
        print("no claim was measured")
    if arguments.save:
        with files.only_one(project.build, "margins", f"writes {measured.MARGINS}"):
            save(project, results)
        print(f"stored in {measured.MARGINS}")
    return 1 if num_false or troubled or not rows else 0


