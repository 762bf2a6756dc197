"""What several comparisons share: digits, the order of examples, whether sides are alike, arrays as text, tables."""

import math
import random
import statistics
import zlib
from base64 import b64decode, b64encode


def digits():
    """scikit-learn's digits, split as in the lectures: the problem of a comparison."""
    from course_utils import datasets

    split = datasets.load_digits()
    return {
        "x_train": split.x_train.tolist(), "y_train": split.y_train.tolist(),
        "x_test": split.x_test.tolist(), "y_test": split.y_test.tolist(),
    }  # fmt: skip


def glorot(draw, *shape):
    """Glorot's uniform weights as nested lists, the last two axes being in and out."""
    high = math.sqrt(6 / (math.prod(shape[:-2]) * sum(shape[-2:])))

    def table(shape):
        return [table(shape[1:]) for _ in range(shape[0])] if shape else draw.uniform(-high, high)

    return table(shape)


def shuffled(count, batch, seed):
    """Yield for each epoch the rows of its batches, the same for all sides."""
    draw, rows = random.Random(seed), list(range(count))
    while True:
        draw.shuffle(rows)
        yield [rows[start : start + batch] for start in range(0, count - batch + 1, batch)]


def unlike(qualities, losses=None, tolerance=0.0):
    """Complain unless all sides have as many parameters and examples, and nearly the same losses.

    Parameters
    ----------
    qualities : dict of str to dict
        For each side ``parameters``, ``examples``, and the losses.
    losses : str, optional
        Under which name the losses stand: one before training, or a list of one or several for each step.
    tolerance : float, default 0
        Largest relative difference of two losses.

    Returns
    -------
    list of str
    """
    (name, one), *others = qualities.items()
    complaints = []

    def alike(mine, theirs):
        mine, theirs = listed(mine), listed(theirs)
        return len(mine) == len(theirs) and all(math.isclose(a, b, rel_tol=tolerance) for a, b in zip(mine, theirs, strict=True))

    for other, quality in others:
        for count in ("parameters", "examples"):
            if quality[count] != one[count]:
                complaints.append(f"{count}: {one[count]} in {name}, {quality[count]} in {other}")
        both = [listed(side.get(losses, [])) for side in (one, quality)]
        if len(both[0]) != len(both[1]):
            complaints.append(f"number of losses: {len(both[0])} in {name}, {len(both[1])} in {other}")
        for step, (mine, theirs) in enumerate(zip(*both, strict=False)):
            if not alike(mine, theirs):
                a, b = (", ".join(f"{loss:.6g}" for loss in listed(values)) for values in (mine, theirs))
                before = f"losses before step {step}" if isinstance(one[losses], list) else "loss before training"
                complaints.append(f"{before}: {a} in {name}, {b} in {other}")
                break
    return complaints


def listed(value):
    """A list of what may be one."""
    return value if isinstance(value, list) else [value]


def markdown(head, rows):
    """Lines of a table."""
    return [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *(f"| {' | '.join(row)} |" for row in rows)]


def until_reached(rows, said, name, digits, unit):
    """Second table: steps per second; seconds, and steps, that whole trainings took; what compiling adds.

    Parameters
    ----------
    rows : list of Row
        Some of their rounds hold a whole training: a dict of ``seconds``, ``steps``, ``compiling``, and perhaps ``won``.
    said : str
        What was reached, and how it is to be read.
    name : str
        Of one such training, and the key under which a round holds it.
    digits : int
        Of its seconds behind the point.
    unit : str
        Of a step, in the plural.

    Returns
    -------
    list of str
    """
    seeds = [quality["seed"] for quality in rows[0].rounds if quality[name]]
    head = (
        "", f"{unit} per second", *(f"seed {seed}" for seed in seeds), "compiling, s", f"one {name} with it, median, s",
        f"all {len(seeds)} with it once, s",
    )  # fmt: skip
    lines = []
    for row in rows:
        runs = [quality[name] for quality in row.rounds if quality[name]]
        seconds, compiling = [run["seconds"] for run in runs], statistics.median(run["compiling"] for run in runs)
        cells = (f"{'' if run.get('won', True) else 'not in '}{run['seconds']:.{digits}f} ({run['steps']:,})" for run in runs)
        lines.append((
            f"{row.side.role}: {row.side.name}", f"{1 / row.median:,.{0 if row.median < 0.01 else 1}f}", *cells,
            *(f"{s:.{digits}f}" for s in (compiling, statistics.median(seconds) + compiling, sum(seconds) + compiling)),
        ))  # fmt: skip
    return [said, "", *markdown(head, lines)]


def packed(array):
    """A NumPy array as text, to be sent to all sides or back: far shorter than a list."""
    return {"shape": list(array.shape), "kind": array.dtype.str, "zlib": b64encode(zlib.compress(array.tobytes(), 1)).decode()}


def unpacked(text):
    """The array that `packed` made into text."""
    import numpy as np

    return np.frombuffer(bytearray(zlib.decompress(b64decode(text["zlib"]))), text["kind"]).reshape(text["shape"])
