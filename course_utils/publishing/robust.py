"""Measure every claim again: other seeds, other kernels for linear algebra, many machines."""

import argparse
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from course_utils.publishing import execution, notebooks
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


def trials(lectures, num_seeds):
    """Every lecture under each seed, and under seed 0 with other kernels as well."""
    plain = [Trial(lecture, seed) for lecture in lectures for seed in range(num_seeds)]
    return plain + [Trial(lecture, 0, kernels=True) for lecture in lectures]


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


def measure_all(project, chosen, *, scheduler=None, jobs=-1):
    """Run all trials, on the cores of this machine or on a Dask cluster.

    Parameters
    ----------
    project : Project
    chosen : list of Trial
    scheduler : str, optional
        Address of a Dask scheduler, for example ``"tcp://10.0.0.5:8786"``. Its workers need the
        course's environment.
    jobs : int, default -1
        Runs at a time on this machine; -1 stands for one on each core.

    Returns
    -------
    list of Result
        In the order of `chosen`.
    """
    import joblib
    from tqdm import tqdm

    texts = {}
    for lecture in {trial.lecture for trial in chosen}:
        texts[lecture] = notebooks.stamp(project.twin(lecture).read_text(encoding="utf-8"), project)
    tasks = [joblib.delayed(measure)(trial, texts[trial.lecture], str(project.root)) for trial in chosen]

    def gather(**how):
        work = joblib.Parallel(return_as="generator", **how)(tasks)
        return list(tqdm(work, total=len(tasks), desc="runs", unit="run", disable=None))

    if scheduler is None:
        return gather(n_jobs=jobs, backend="loky")
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
        return joblib.Parallel(verbose=1)(tasks)


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
    parser.add_argument("--scheduler", help="address of a Dask scheduler, such as tcp://10.0.0.5:8786")
    parser.add_argument("--jobs", type=int, default=-1, help="runs at a time on this machine; -1: one on each core")
    arguments = parser.parse_args(argv)
    if arguments.seeds < 1:
        parser.error(f"--seeds must be at least 1, got {arguments.seeds}")
    project = Project.find()
    lectures = project.choose(arguments.lectures)
    if not lectures:
        raise Problem("there are no lectures to run")
    execution.warm_up()
    results = measure_all(
        project, trials(lectures, arguments.seeds), scheduler=arguments.scheduler, jobs=arguments.jobs
    )
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
    return 1 if num_false or troubled or not rows else 0


