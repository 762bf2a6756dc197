"""Train a network that writes a text by hand, with a soft window over its letters; lecture 12 looks at it.

    python -m training.handwriting_window --steps 6000      # stop it at any time, start it again: it goes on

One LSTM with Graves' window (2013, equations 46 to 51) and a mixture of bivariate Gaussians. The lines are
those of `datasets.pen_strokes`: one or two common words, at most 12 characters, a new hand for each. Adam
with clipped gradients; the learning rate rises for 100 steps, then falls to zero in a straight line.
"""

import argparse
import json
import math
import platform
import time
from pathlib import Path

import numpy as np

from course_utils import checkpoints, datasets, reproducibility
from course_utils.networks import transformers
from training import curves, lstm

SCRIPT = "training/handwriting_window.py"
STATE = Path(__file__).resolve().parent / "state"
ALPHABET = " abcdefghijklmnopqrstuvwxyz"  # place 0 also fills up short texts
UNITS, WINDOWS, MIXTURES = 128, 4, 6
POINTS, STEPS, LETTERS, BATCH = 9, 128, 12, 32  # points of a letter, longest path, longest text, lines in a step
VARIATION = 0.7
RATE, WARM_UP, LONGEST_GRADIENT = 5e-3, 100, 3.0
LINES, HELD_OUT = 6000, 256
EACH_MINUTES = 6.0


def written(texts, rng):
    """Paths (n, STEPS, 3), which points count (n, STEPS), texts as places (n, LETTERS), which letters count."""
    paths, counts = np.zeros((len(texts), STEPS, 3), "float32"), np.zeros((len(texts), STEPS), "float32")
    places, letters = np.zeros((len(texts), LETTERS), "int32"), np.zeros((len(texts), LETTERS), "float32")
    for row, text in enumerate(texts):
        strokes = datasets.pen_strokes(text, rng, points_per_letter=POINTS, variation=VARIATION)[:STEPS]
        paths[row, : len(strokes)], counts[row, : len(strokes)] = strokes, 1.0
        places[row, : len(text)], letters[row, : len(text)] = [ALPHABET.index(letter) for letter in text], 1.0
    return paths, counts, places, letters


def lines(count, rng):
    """Texts of one or two common words, at most LETTERS characters."""
    from course_utils.datasets.handwriting import COMMON_WORDS

    found = []
    while len(found) < count:
        text = " ".join(rng.choice(COMMON_WORDS, size=rng.integers(1, 3)))
        if len(text) <= LETTERS:
            found.append(text)
    return found


def first_weights(rng):
    """Start: LSTM with Keras's order of gates; windows move on by a tenth of a letter a point."""
    move = np.zeros(3 * WINDOWS)
    move[2 * WINDOWS :] = math.log(1 / POINTS)
    weights = {
        "kernel": lstm.glorot(rng, 3 + len(ALPHABET), 4 * UNITS), "recurrent_kernel": lstm.orthogonal(rng, UNITS),
        "bias": lstm.first_bias(UNITS),
        "window_kernel": 0.3 * lstm.glorot(rng, UNITS, 3 * WINDOWS), "window_bias": move,
        "output_kernel": lstm.glorot(rng, UNITS + len(ALPHABET), 6 * MIXTURES + 1),
        "output_bias": np.zeros(6 * MIXTURES + 1),
    }  # fmt: skip
    return {name: array.astype("float32") for name, array in weights.items()}


def make_steps(weights, slots=None):
    """Compiled functions: one update, and the loss without one; and Adam, whose memory may go on from `slots`."""
    import tensorflow as tf

    adam = transformers.Adam(weights, epsilon=1e-7, longest=LONGEST_GRADIENT, slots=slots)

    def cell(gates, h, c):
        i, f, g, o = tf.split(gates, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        return tf.sigmoid(o) * tf.tanh(c), c

    def states(paths, text, letters):
        n, place = paths.shape[0], tf.range(LETTERS, dtype=tf.float32)
        before = tf.concat([tf.zeros((n, 1, 3)), paths[:, :-1]], axis=1)
        gates = tf.tensordot(tf.transpose(before, (1, 0, 2)), weights["kernel"][:3], 1) + weights["bias"]
        from_window = weights["kernel"][3:]

        def body(t, h, c, w, kappa, kept):
            h, c = cell(gates[t] + w @ from_window + h @ weights["recurrent_kernel"], h, c)
            alpha, beta, move = tf.split(tf.exp(h @ weights["window_kernel"] + weights["window_bias"]), 3, axis=1)
            kappa = kappa + move
            phi = tf.reduce_sum(alpha[..., None] * tf.exp(-beta[..., None] * (kappa[..., None] - place) ** 2), axis=1)
            w = tf.reduce_sum((phi * letters)[..., None] * text, axis=1)
            return t + 1, h, c, w, kappa, kept.write(t, tf.concat([h, w], axis=1))

        zeros = tf.zeros((n, UNITS))
        kept = tf.TensorArray(tf.float32, STEPS, element_shape=(n, UNITS + len(ALPHABET)))
        start = (0, zeros, zeros, text[:, 0], tf.fill((n, WINDOWS), -0.5), kept)
        return tf.while_loop(lambda t, *_: t < STEPS, body, start, maximum_iterations=STEPS)[-1].stack()

    def nats(paths, counts, places, letters):
        text = tf.one_hot(places, len(ALPHABET))
        answer = tf.tensordot(states(paths, text, letters), weights["output_kernel"], 1) + weights["output_bias"]
        x, y, up = tf.unstack(tf.transpose(paths, (1, 0, 2)), axis=2)
        share, mean_x, mean_y, log_x, log_y, turn = tf.split(answer[..., 1:], 6, axis=2)
        log_x, log_y = tf.maximum(log_x, -5.0), tf.maximum(log_y, -5.0)
        rho = 0.98 * tf.tanh(turn)
        a, b = (x[..., None] - mean_x) * tf.exp(-log_x), (y[..., None] - mean_y) * tf.exp(-log_y)
        z = (a**2 + b**2 - 2 * rho * a * b) / (1 - rho**2)
        log_density = -z / 2 - log_x - log_y - math.log(2 * math.pi) - 0.5 * tf.math.log(1 - rho**2)
        density = tf.reduce_logsumexp(tf.nn.log_softmax(share) + log_density, axis=2)
        lift = tf.nn.sigmoid_cross_entropy_with_logits(up, answer[..., 0])
        counts = tf.transpose(counts)
        return tf.reduce_sum((lift - density) * counts) / tf.reduce_sum(counts)

    @tf.function(jit_compile=True)
    def update(paths, counts, places, letters, step, rate):
        variables = list(weights.values())
        with tf.GradientTape() as tape:
            loss = nats(paths, counts, places, letters)
        adam.apply(tape.gradient(loss, variables), step, rate)
        return loss

    return update, tf.function(nats, jit_compile=True), adam


def main(argv=None):
    """Train, or go on training, and store a checkpoint now and then and at the end."""
    parser = argparse.ArgumentParser(prog="python -m training.handwriting_window", description=main.__doc__)
    parser.add_argument("--steps", type=int, default=6000, help="updates in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--name", default="handwriting_window", help="of the checkpoint, or a path")
    arguments = parser.parse_args(argv)
    reproducibility.limit_threads(1)
    import tensorflow as tf

    rng = np.random.default_rng([arguments.seed, 1])
    texts = lines(LINES + HELD_OUT, rng)
    texts, unseen = texts[:LINES], [text for text in texts[LINES:] if text not in set(texts[:LINES])]
    data, held_out = written(texts, rng), written((unseen * HELD_OUT)[:HELD_OUT], rng)
    spread = data[0][data[1] > 0][:, :2].std(axis=0)
    for paths in (data[0], held_out[0]):
        paths[..., :2] /= spread
    with checkpoints.Resumable(STATE / f"{Path(arguments.name).name}_{arguments.seed}.npz") as run:
        arrays, seen = run.resume() or (
            first_weights(np.random.default_rng(arguments.seed)), {"step": 0, "seconds": 0.0, "curve": []},
        )
        names = [name for name in arrays if not name.startswith(("m ", "v "))]
        weights = {name: tf.Variable(arrays[name], name=name) for name in names}
        update, measure, adam = make_steps(weights, arrays if f"m {names[0]}" in arrays else None)
        stored, began, losses = seen["seconds"], time.monotonic() - seen["seconds"], []

        def keep():
            run.keep({name: variable.numpy() for name, variable in weights.items()} | adam.slots(), seen)

        def store():
            parts = [[part[start : start + BATCH] for part in held_out] for start in range(0, HELD_OUT, BATCH)]
            with checkpoints.as_stored(weights) as exact:
                nats = float(np.mean([float(measure(*part)) for part in parts]))
            minutes = seen["seconds"] / 60
            recent = float(np.mean(losses[-300:])) if losses else None
            curves.add_point(seen["curve"], [seen["step"], round(minutes, 1), recent and round(recent, 3), round(nats, 3)])
            print(json.dumps(seen["curve"][-1]), flush=True)
            checkpoints.save(
                arguments.name, exact | {"spread": spread},
                score={"nats_per_point": round(nats, 4)}, seed=arguments.seed, script=SCRIPT, steps=seen["step"],
                planned_steps=arguments.steps, minutes=round(minutes, 1), machine=f"one busy core, {platform.machine()}",
                scored_on=f"{HELD_OUT} lines whose texts were not trained on", alphabet=ALPHABET, units=UNITS,
                windows=WINDOWS, mixtures=MIXTURES, points_per_letter=POINTS, variation=VARIATION,
                curve_is=["steps", "minutes", "nats a point, training", "nats a point, held out"], curve=seen["curve"],
            )  # fmt: skip

        while seen["step"] < arguments.steps and not run.stopped:
            seen["step"] += 1
            rows = np.random.default_rng([arguments.seed, seen["step"]]).integers(LINES, size=BATCH)
            step, rate = np.float32(seen["step"]), np.float32(lstm.rate_at(seen["step"], arguments.steps, RATE, WARM_UP))
            losses.append(float(update(*(part[rows] for part in data), step, rate)))
            seen["seconds"] = time.monotonic() - began
            if run.due:
                keep()
                if seen["seconds"] - stored >= 60 * EACH_MINUTES:
                    stored = seen["seconds"]
                    store()
        keep()
        store()
        keep()  # with the last point of the curve


if __name__ == "__main__":
    main()
