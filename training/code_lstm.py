"""Train a character LSTM on the source of Python's standard library; lecture 11 reads what comes out.

    python -m training.code_lstm --steps 9500          # stop it at any time, start it again: it goes on
    python -m training.code_lstm --steps 12000 --dropout 0.25

Truncated backpropagation through time: 32 streams are read 100 characters at a time, states are carried
on, gradients are not. Before every pass over the library its modules are shuffled and laid end to end,
each behind a NUL. Adam with clipped gradients; the learning rate rises for 200 steps, then falls to zero
in a straight line; with more steps it goes on where that line would be. Packages that are held out are
those of `datasets.load_standard_library()` under course seed 0, whatever `--seed` is; their names stand
in the record.
"""

import argparse
import json
import math
import os
import platform
import time
from pathlib import Path

import numpy as np

from course_utils import checkpoints, datasets, reproducibility
from course_utils.networks import recurrent, transformers
from course_utils.text import places_in
from training import curves, lstm

SCRIPT = "training/code_lstm.py"
STATE = Path(__file__).resolve().parent / "state"
ALPHABET = "\0\t\n" + "".join(map(chr, range(32, 127)))  # a module begins with NUL
STREAMS, LENGTH = 32, 100
EMBEDDED, UNITS = 64, 384
RATE, WARM_UP, LONGEST_GRADIENT = 4e-3, 200, 1.0
EACH_MINUTES = 10.0  # between two stored checkpoints
HELD_OUT_STREAMS, HELD_OUT_PART = 64, 2000  # of each stream, for the curve; the last score takes all


# Text


def library():
    """Modules to train on, held-out modules, the names of their packages, and Python's version."""
    os.environ["COURSE_SEED"] = "0"
    source = datasets.load_standard_library()
    packages = sorted({name.partition(".")[0] for name, _ in source.test})
    return [text for _, text in source.train], [text for _, text in source.test], packages, source.version


def streams(ids, count):
    """Cut into as many equal streams: inputs and, one later, targets, (count, length)."""
    length = (len(ids) - 1) // count
    return ids[: count * length].reshape(count, length), ids[1 : count * length + 1].reshape(count, length)


# Network


def first_weights(rng):
    """Embedding, Keras's weights of an LSTM in its order, and the output layer."""
    turns = lstm.orthogonal(rng, UNITS)  # drawn first
    weights = {
        "embedding": rng.uniform(-0.05, 0.05, (len(ALPHABET), EMBEDDED)),
        "kernel": lstm.glorot(rng, EMBEDDED, 4 * UNITS), "recurrent_kernel": turns, "bias": lstm.first_bias(UNITS),
        "output_kernel": lstm.glorot(rng, UNITS, len(ALPHABET)), "output_bias": np.zeros(len(ALPHABET)),
    }  # fmt: skip
    return {name: array.astype("float32") for name, array in weights.items()}


def make_steps(weights, slots=None, dropout=0.0):
    """Compiled functions: one update, and the loss of a piece without one; and Adam, whose memory may go on from `slots`."""
    import tensorflow as tf

    adam = transformers.Adam(weights, epsilon=1e-7, longest=LONGEST_GRADIENT, slots=slots)

    def forward(ids, targets, h, c, kept=None):
        gates = recurrent.embed_gates(weights["embedding"], weights["kernel"], weights["bias"], ids)
        hs, h, c = recurrent.lstm(gates, weights["recurrent_kernel"], h, c)
        hs = hs if kept is None else hs * kept
        logits = tf.matmul(tf.reshape(hs, [-1, UNITS]), weights["output_kernel"]) + weights["output_bias"]
        targets = tf.reshape(tf.transpose(targets), [-1])
        return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits)), h, c

    @tf.function(jit_compile=True)
    def update(ids, targets, h, c, step, rate):
        variables, kept = list(weights.values()), None
        if dropout:
            drawn = tf.random.stateless_uniform([LENGTH, STREAMS, UNITS], [0, tf.cast(step, tf.int32)])
            kept = tf.cast(drawn >= dropout, tf.float32) / (1 - dropout)
        with tf.GradientTape() as tape:
            loss, h, c = forward(ids, targets, h, c, kept)
        adam.apply(tape.gradient(loss, variables), step, rate)
        return loss, h, c

    return update, tf.function(forward, jit_compile=True), adam


def bits_of(measure, ids, longest=None):
    """Bits per character of a held-out text, or of the beginning of each of its streams."""
    inputs, targets = streams(ids, HELD_OUT_STREAMS)
    h = c = np.zeros((HELD_OUT_STREAMS, UNITS), "float32")
    losses = []
    for start in range(0, min(inputs.shape[1], longest or len(ids)) - LENGTH + 1, LENGTH):
        piece = slice(start, start + LENGTH)
        loss, h, c = measure(inputs[:, piece].astype("int32"), targets[:, piece].astype("int32"), h, c)
        losses.append(float(loss))
    return float(np.mean(losses)) / math.log(2)


# Training


def main(argv=None):
    """Train, or go on training, and store a checkpoint now and then and at the end."""
    parser = argparse.ArgumentParser(prog="python -m training.code_lstm", description=main.__doc__)
    parser.add_argument("--steps", type=int, default=9500, help="updates in all")
    parser.add_argument("--dropout", type=float, default=0.0, help="share of the LSTM's outputs, from here on")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="code_lstm", help="of the checkpoint, or a path")
    arguments = parser.parse_args(argv)
    reproducibility.limit_threads(1)
    import tensorflow as tf

    train, test, packages, python = library()
    held_out = places_in(ALPHABET, test)
    with checkpoints.Resumable(STATE / f"{Path(arguments.name).name}_{arguments.seed}.npz") as run:
        arrays, seen = run.resume() or (
            first_weights(np.random.default_rng(arguments.seed)) | {"h": np.zeros((STREAMS, UNITS), "float32")},
            {"step": 0, "epoch": 0, "place": 0, "seconds": 0.0, "curve": []},
        )
        names = [name for name in arrays if not name.startswith(("m ", "v ")) and name not in ("h", "c")]
        weights = {name: tf.Variable(arrays[name], name=name) for name in names}
        slots = arrays if f"m {names[0]}" in arrays else None
        update, measure, adam = make_steps(weights, slots, arguments.dropout)
        plan = {"steps": arguments.steps, "dropout": arguments.dropout}
        seen.setdefault("plans", [])
        if plan not in seen["plans"] and seen["step"] < arguments.steps:
            seen["plans"].append(plan)
        h, c = arrays["h"], arrays.get("c", np.zeros_like(arrays["h"]))
        stored, began, losses = seen["seconds"], time.monotonic() - seen["seconds"], []

        def keep():
            variables = {name: variable.numpy() for name, variable in (weights | adam.variables).items()}
            run.keep(variables | {"h": np.asarray(h), "c": np.asarray(c)}, seen)

        def store(whole):
            with checkpoints.as_stored(weights) as exact:
                bits = bits_of(measure, held_out, None if whole else HELD_OUT_PART)
            characters, minutes = seen["step"] * STREAMS * LENGTH, seen["seconds"] / 60
            recent = float(np.mean(losses[-300:])) / math.log(2) if losses else None
            curves.add_point(seen["curve"], [characters, round(minutes, 1), recent and round(recent, 3), round(bits, 3)])
            print(json.dumps(seen["curve"][-1]), flush=True)
            checkpoints.save(
                arguments.name, exact, score={"bits_per_character": round(bits, 4)}, seed=arguments.seed, script=SCRIPT, steps=seen["step"],
                plans=seen["plans"], characters_seen=characters, minutes=round(minutes, 1),
                machine=f"one busy core, {platform.machine()}", python=python, held_out=packages,
                scored_on="all held-out characters" if whole else f"the first {HELD_OUT_PART} of {HELD_OUT_STREAMS} streams",
                alphabet=ALPHABET, units=UNITS, embedded=EMBEDDED, streams=STREAMS, length=LENGTH,
                curve_is=["characters", "minutes", "bits, training", "bits, held out"], curve=seen["curve"],
            )  # fmt: skip

        while seen["step"] < arguments.steps and not run.stopped:
            order = np.random.default_rng([arguments.seed, seen["epoch"]]).permutation(len(train))
            inputs, targets = streams(places_in(ALPHABET, [train[index] for index in order]), STREAMS)
            while seen["step"] < arguments.steps and not run.stopped and seen["place"] + LENGTH <= inputs.shape[1]:
                piece = slice(seen["place"], seen["place"] + LENGTH)
                seen["step"], seen["place"] = seen["step"] + 1, seen["place"] + LENGTH
                step, rate = np.float32(seen["step"]), np.float32(lstm.rate_at(seen["step"], arguments.steps, RATE, WARM_UP))
                loss, h, c = update(inputs[:, piece].astype("int32"), targets[:, piece].astype("int32"), h, c, step, rate)
                losses.append(float(loss))
                seen["seconds"] = time.monotonic() - began
                if run.due:
                    keep()
                    if seen["seconds"] - stored >= 60 * EACH_MINUTES:
                        stored = seen["seconds"]
                        store(whole=False)
            if seen["place"] + LENGTH > inputs.shape[1]:
                seen["epoch"], seen["place"] = seen["epoch"] + 1, 0
        keep()
        store(whole=seen["step"] >= arguments.steps)
        keep()  # with the last point of the curve


if __name__ == "__main__":
    main()
