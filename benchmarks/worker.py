"""A process that runs one side of a comparison: questions come as lines of JSON, answers go back so.

    python -m benchmarks.worker MODULE INDEX

The first question brings the problem, every later one asks for a timed block. Needs nothing but
Python's own library, because it also runs where only the peers are installed.
"""

import gc
import importlib
import importlib.metadata
import json
import os
import platform
import sys
import time

LEAST_SECONDS = 0.2  # a shorter block is repeated from the start until its times add up to this


def timed_block(work, steps, seed, least=LEAST_SECONDS):
    """Time `steps` steps from the start, again and again until it took long enough.

    Returns
    -------
    float
        Seconds per step. Going back to the start is not counted, nor is what earlier blocks left behind.
    """
    gc.collect()
    total, repeats = 0.0, 0
    while total < least:
        work.reset(seed)
        start = time.perf_counter()
        work.run(steps)
        total += time.perf_counter() - start
        repeats += 1
    return total / (repeats * steps)


def versions_of(packages):
    """Versions that belong into the table, this Python's first."""
    return {"Python": platform.python_version()} | {name: importlib.metadata.version(name) for name in packages}


def answers(side, questions):
    """Yield the answer to each question in turn."""
    work = None
    for question in questions:
        if work is None:
            work = side.build(question["problem"])
            work.reset(0)
            work.run(question["steps"])
            yield {"quality": work.quality(), "versions": versions_of(question["versions"])}
        else:
            seconds = timed_block(work, question["steps"], question["seed"])
            yield {"seconds": seconds, "quality": work.quality()}


def main(argv):
    """Answer until the questions end."""
    module, index = argv
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not get between the answers
    try:
        side = importlib.import_module(module).COMPARISON.sides[int(index)]
        for answer in answers(side, map(json.loads, sys.stdin)):
            print(json.dumps(answer), file=channel, flush=True)
    except Exception as error:
        print(json.dumps({"error": f"{type(error).__name__}: {error}"}), file=channel, flush=True)
        raise


if __name__ == "__main__":
    main(sys.argv[1:])
