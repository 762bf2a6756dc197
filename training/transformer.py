"""The loop that all trainings of transformers share: it goes on where it was stopped, and stores what it has."""

import argparse
import json
import math
import os
import platform
import time
from pathlib import Path

import numpy as np

from course_utils import checkpoints, datasets, reproducibility
from course_utils.networks import transformers
from training import curves

STATE = Path(__file__).resolve().parent / "state"
WARM_UP = 0.05  # of all updates
EACH_MINUTES = 10.0  # between two stored checkpoints
XLA = True


class Task:
    """What one script trains; a subclass says how.

    Parameters
    ----------
    arguments : argparse.Namespace
        With ``steps``, ``seed``, ``name``, ``rate``, ``dropout``, ``batch`` and the sizes of the network.
    """

    script: str
    heads: tuple = ()
    curve_is: list
    corpus = ""  # digest of what is trained on, if it may change

    def __init__(self, arguments):
        self.arguments = arguments
        self.prepare()

    def prepare(self):
        """Read the corpus; set `config`."""

    def first_weights(self):
        """Weights that the training starts from."""
        return transformers.first_weights(self.config, np.random.default_rng(self.arguments.seed), self.heads)

    def batch(self, step):
        """Arrays for an update, counted from 1: the same for the same step, whatever was before."""

    def loss(self, weights, batch, dropout, seed):
        """Loss of a batch, a tensor."""

    def judged(self, weights, whole):
        """Numbers that tell how good the weights are, on all held-out text or on a part of it."""

    def point(self, steps, minutes, recent, scores):
        """A point of the curve."""

    def record(self, steps, whole):
        """What a lecture needs to use the weights fairly."""


def corpus():
    """Docstrings, split as under course seed 0, whatever `--seed` is."""
    os.environ["COURSE_SEED"] = "0"
    return datasets.load_docstrings()


def parser_of(task, **defaults):
    """Words that all scripts understand."""
    module = task.script.removesuffix(".py").replace("/", ".")
    parser = argparse.ArgumentParser(prog=f"python -m {module}", description=task.__doc__)
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=type(value), default=value)
    return parser


def rate_at(step, steps, rate):
    """Learning rate of an update, counted from 1: up in a straight line, then down to zero."""
    warm_up = max(round(WARM_UP * steps), 1)
    return rate * min(step / warm_up, max((steps - step) / max(steps - warm_up, 1), 0.0))


def make_update(task, weights, adam):
    """The compiled update."""
    import tensorflow as tf

    dropout = task.arguments.dropout

    @tf.function(jit_compile=XLA, autograph=False)
    def update(batch, step, rate):
        with tf.GradientTape() as tape:
            loss = task.loss(weights, batch, dropout, tf.cast(step, tf.int32))
        adam.apply(tape.gradient(loss, list(weights.values())), step, rate)
        return loss

    return update


def train(task):
    """Train, or go on training, and store a checkpoint now and then and at the end."""
    import tensorflow as tf

    asked = task.arguments
    with checkpoints.Resumable(STATE / f"{Path(asked.name).name}_{asked.seed}.npz") as run:
        first = task.first_weights()
        arrays, seen = run.resume() or (first, {"step": 0, "seconds": 0.0, "plans": [], "curve": []})
        if any(name not in arrays or arrays[name].shape != array.shape for name, array in first.items()):
            raise SystemExit(f"{run.path.name} holds a network of another size: delete it, or give another --name")
        if seen.setdefault("corpus", task.corpus) != task.corpus:
            raise SystemExit(f"{run.path.name} was trained on other text: delete it, or give another --name")
        weights = {name: tf.Variable(arrays[name], name=name.replace(".", "_")) for name in first}
        slots = arrays if any(name.startswith("m ") for name in arrays) else None
        adam = transformers.Adam(weights, decay=0.01, longest=1.0, slots=slots)
        update = make_update(task, weights, adam)
        plan = {"steps": asked.steps, "batch": asked.batch, "rate": asked.rate, "dropout": asked.dropout}
        if plan not in seen["plans"] and seen["step"] < asked.steps:
            seen["plans"].append(plan)
        stored, began, losses = seen["seconds"], time.monotonic() - seen["seconds"], []

        def keep():
            run.keep({name: variable.numpy() for name, variable in weights.items()} | adam.slots(), seen)

        def store(whole):
            with checkpoints.as_stored(weights) as exact:
                part = task.judged(weights, False)  # the curve has the same text at every point
                scores = task.judged(weights, True) if whole else part
            minutes, recent = round(seen["seconds"] / 60, 1), float(np.mean(losses[-300:])) if losses else math.nan
            point = task.point(seen["step"], minutes, recent, part)
            curves.add_point(seen["curve"], [None if value != value else round(value, 4) for value in point])
            print(json.dumps(seen["curve"][-1]), flush=True)
            checkpoints.save(
                asked.name, exact, score={name: round(value, 4) for name, value in scores.items()}, seed=asked.seed,
                script=task.script, steps=seen["step"], plans=seen["plans"], minutes=minutes,
                machine=f"one busy core, {platform.machine()}" if not tf.config.list_physical_devices("GPU") else "GPU",
                config=vars(task.config), **task.record(seen["step"], whole), curve_is=task.curve_is, curve=seen["curve"],
            )  # fmt: skip

        while seen["step"] < asked.steps and not run.stopped:
            seen["step"] += 1
            rate = rate_at(seen["step"], asked.steps, asked.rate)
            losses.append(float(update(task.batch(seen["step"]), np.float32(seen["step"]), np.float32(rate))))
            seen["seconds"] = time.monotonic() - began
            if run.due:
                keep()
                if seen["seconds"] - stored >= 60 * EACH_MINUTES:
                    stored = seen["seconds"]
                    store(whole=False)
        keep()
        store(whole=seen["step"] >= asked.steps)
        keep()  # with the last point of the curve


def main(task, defaults, argv=None):
    """Read the words of the command line, and train."""
    arguments = parser_of(task, **defaults).parse_args(argv)
    reproducibility.limit_threads(1)
    train(task(arguments))
