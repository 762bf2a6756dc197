"""Train a small GPT on the docstrings of scientific libraries, character by character; lecture 13 talks to it.

    python -m training.gpt_docstrings --steps 6000     # stop it at any time, start it again: it goes on

Pre-norm, causal, learned positions, the output layer tied to the embedding. Docstrings are laid end to end, each
behind a NUL, and cut into windows of 128 characters, at other places in every pass. AdamW with clipped gradients,
linear warm-up, linear decay to the planned steps. Modules that are held out are those of
`datasets.load_docstrings()` under course seed 0.
"""

import gzip
import hashlib
import math

import numpy as np

from course_utils.networks import transformers
from course_utils.text import bits_of_counts, places_in
from training import transformer

ALPHABET = "\0\n" + "".join(map(chr, range(32, 127)))  # a docstring begins with NUL
DEFAULTS = {
    "steps": 6000, "seed": 0, "name": "gpt_docstrings", "rate": 4e-3, "dropout": 0.0, "batch": 32, "width": 64,
    "layers": 3, "heads": 4, "inner": 256, "length": 128,
}  # fmt: skip
CURVE_PART = 1024  # windows, evenly spread; the last score takes all of them


def gzip_bits(text):
    """Bits per character of the held-out text, compressed on its own."""
    return 8 * len(gzip.compress(text.encode(), 9, mtime=0)) / len(text)


class GPT(transformer.Task):
    """Train a small GPT on docstrings, or go on training it; stop it at any time."""

    script = "training/gpt_docstrings.py"
    curve_is = ["characters", "minutes", "bits, training", "bits, held out"]

    def prepare(self):
        asked = self.arguments
        self.found = transformer.corpus()
        self.train = places_in(ALPHABET, [docstring.text for docstring in self.found.train])
        self.test = places_in(ALPHABET, [docstring.text for docstring in self.found.test])
        self.corpus = hashlib.sha256(self.train.tobytes()).hexdigest()
        self.epoch, self.measure = None, None
        self.config = transformers.Config(
            len(ALPHABET), asked.length, asked.width, asked.layers, asked.heads, asked.inner,
            segments=0, norm="pre", causal=True, activation="gelu_tanh", epsilon=1e-5,
        )  # fmt: skip

    def batch(self, step):
        length, count = self.arguments.length, self.arguments.batch
        updates = (len(self.train) - length - 1) // (length * count)  # of a pass
        epoch, place = divmod(step - 1, updates)
        if epoch != self.epoch:
            rng = np.random.default_rng([self.arguments.seed, epoch])
            self.epoch, shift = epoch, rng.integers(length)
            self.starts = shift + length * rng.permutation((len(self.train) - shift - 1) // length)
        starts = self.starts[place * count : (place + 1) * count]
        return self.train[starts[:, None] + np.arange(length + 1)].astype("int32")

    def loss(self, weights, batch, dropout, seed):
        import tensorflow as tf

        return tf.reduce_mean(self.losses(weights, batch, dropout, seed))

    def losses(self, weights, batch, dropout=0.0, seed=None):
        """Of every character but the first, (n, length)."""
        import tensorflow as tf

        hidden = transformers.encode(weights, batch[:, :-1], config=self.config, dropout=dropout, seed=seed)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(batch[:, 1:], transformers.logits(weights, hidden))

    def judged(self, weights, whole):
        """Windows overlap by half, and only the second halves count: each character has half a window before it."""
        import tensorflow as tf

        length, count = self.arguments.length, self.arguments.batch
        if self.measure is None:

            def second_half(batch):
                return tf.reduce_mean(self.losses(weights, batch)[:, length // 2 :])

            self.measure = tf.function(second_half, jit_compile=transformer.XLA, autograph=False)
        starts = np.arange(0, len(self.test) - length, length // 2)
        starts = starts if whole else starts[:: len(starts) // CURVE_PART or 1]
        starts = starts[: max(len(starts) // count, 1) * count].reshape(-1, min(count, len(starts)))
        windows = starts[:, :, None] + np.arange(length + 1)
        nats = [float(self.measure(self.test[window].astype("int32"))) for window in windows]
        return {"bits_per_character": float(np.mean(nats)) / math.log(2)}

    def point(self, steps, minutes, recent, scores):
        asked = self.arguments
        return [steps * asked.batch * asked.length, minutes, recent / math.log(2), scores["bits_per_character"]]

    def record(self, steps, whole):
        text = "".join(ALPHABET[index] for index in self.test)
        counted = bits_of_counts(self.train, self.test, len(ALPHABET), added=1.0)
        return {
            "characters_seen": steps * self.arguments.batch * self.arguments.length,
            "training_characters": len(self.train), "held_out_characters": len(self.test),
            "curve_scored_on": f"about {CURVE_PART} half windows, evenly spread", "scored_on": "all of them" if whole else "as the curve",
            "baselines": {
                "unigram": round(counted["unigram"], 3), "bigram": round(counted["bigram"], 3),
                "gzip": round(gzip_bits(text), 3),
            },
            "alphabet": ALPHABET, "versions": dict(self.found.versions),
            "kept_apart": list(self.found.kept_apart),
        }  # fmt: skip


if __name__ == "__main__":
    transformer.main(GPT, DEFAULTS)
