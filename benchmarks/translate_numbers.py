"""Number words from English to German, as in lecture 12, beside PyTorch eager: updates, and time to 99 %.

Reader and writer are GRUs, and the writer looks at what was read through additive attention. All sides
start from the same weights, read the same batches, and have to show the same first losses. Ours is one
function compiled by XLA; the updates of the first table are those of the compiled function. The second
table tells for a few seeds when 99 % of the unseen numbers were written letter by letter as they should
be, and adds the compiling: lecture 12 compiles once, and trains many times. PyTorch has one thread here: with
two, its small products waited for each other, and an update took fifty times as long on a machine in use.
"""


from benchmarks.harness import Comparison, Side
from benchmarks.number_translators import ASKED_EVERY, BATCH, RATE, STEPS, THRESHOLD, TensorFlow, Torch
from benchmarks.sharing import unlike, until_reached


def problem():
    """Rows of places in both lists of symbols, filled up with 0; in German 0 is the stop too, and 1 the start."""
    from course_utils import datasets

    pairs = datasets.load_number_words()
    sides = [(part.sources, part.targets) for part in (pairs.train, pairs.test)]
    english = sorted({word for sources, _ in sides for source in sources for word in source.split()})
    german = sorted({letter for _, targets in sides for target in targets for letter in target})
    places = [dict(zip(symbols, range(first, 99))) for symbols, first in ((english, 1), (german, 2))]  # noqa: B905
    rows = [
        [[[place[symbol] for symbol in symbols] for symbols in part] for place, part in zip(places, both, strict=True)]
        for both in (([source.split() for source in sources], targets) for sources, targets in sides)
    ]
    longest = [max(len(row) for both in rows for row in both[side]) for side in (0, 1)]
    filled = [[[row + [0] * (longest[s] + s - len(row)) for row in both[s]] for s in (0, 1)] for both in rows]
    return {"train": filled[0], "test": filled[1], "symbols": [len(english) + 1, len(german) + 2]}


def agree(qualities, first):
    """The same network, the same first losses, and 99 % in every whole training."""
    complaints = unlike(qualities, "first", 2e-3)
    for side, quality in qualities.items():
        training = quality["training"]
        if training and not training["right"] >= THRESHOLD:
            complaints.append(f"{training['right']:.3f} right in {side} after {training['steps']} updates")
    return complaints


def by_seed(rows):
    """Second table: seconds, and updates, until enough is right; what compiling adds."""
    said = (
        f"Until {100 * THRESHOLD:.0f} % of the unseen numbers are right, asked every {ASKED_EVERY} updates: seconds of training "
        "(and updates), then with compiling."
    )
    return until_reached(rows, said, "training", 1, "updates")


COMPARISON = Comparison(
    title="Number words from English to German against PyTorch",
    task=(
        "0 to 9,999, a fifth unseen; GRUs of 48 that read words and write letters, additive attention of width 16, embeddings of 16; "
        f"Adam at {RATE}, falling to zero over {STEPS} updates of {BATCH}, gradients cut at 1."
    ),
    unit="ms per update",
    per_second=1000,
    goal=1.0,
    problem=problem,
    sides=(
        Side("a function compiled by XLA", TensorFlow, "ours", threads=(1, 2), versions=("tensorflow", "keras")),
        Side("PyTorch eager", Torch, "peer", True, (1,), ("torch",)),
    ),
    check_steps=20,
    block_steps=20,
    agree=agree,
    more=by_seed,
)  # fmt: skip
