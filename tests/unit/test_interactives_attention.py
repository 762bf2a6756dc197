"""The translator of number words: arguments, output, and the JavaScript against Keras at test time.

`python tests/unit/test_interactives_attention.py WEIGHTS.npz` writes tests/js/translator_sample.mjs afresh, from
weights that were trained as in lecture 12.
"""

from __future__ import annotations

import base64
import sys

import numpy as np
import pytest

from course_utils import interactives
from course_utils.datasets import load_number_words
from course_utils.datasets.number_words import number_pieces
from course_utils.interactives import attention
from tests.interactive_figures import (
    ROOT,
    assert_alone,
    assert_parses,
    assert_refused,
    in_node,
    keras,
    needs_node,
    read_reference,
    write_reference,
)

SAMPLE = ROOT / "tests" / "js" / "translator_sample.mjs"
SOURCE = "Keras by tests/unit/test_interactives_attention.py, from float16 weights trained as in lecture 12"
LONGEST = 43
CHOSEN = [0, 1, 7, 10, 11, 12, 13, 16, 17, 20, 21, 30, 45, 50, 66, 77, 85, 86, 88, 99, 100, 101, 111, 217, 333, 500, 777, 999]
CHOSEN += [1000, 1001, 1016, 1107, 1999, 2001, 2020, 3577, 4444, 5000, 5318, 6060, 6666, 7000, 7045, 7345, 7777, 8001, 8888, 9000, 9012, 9999]
ODD = ["five forty", "thousand seven three hundred forty five", "eight eight eight eight eight eight", "hundred", "eighty eight eight"]


def english(numbers=range(10_000)):
    """English words of numbers, as the course writes them."""
    pairs = load_number_words()
    said = dict(zip(np.concatenate([pairs.train.numbers, pairs.test.numbers]).tolist(), pairs.train.sources + pairs.test.sources, strict=True))
    return [said[n] for n in numbers]


def vocabularies():
    words = sorted({word for text in english() for word in text.split()})
    letters = sorted({letter for n in range(10_000) for piece, _ in number_pieces(n) for letter in piece})
    return ["", *words], ["", "^", *letters]


def small_weights(units=8, embedded=5, width=4, seed=0, size=1.0):
    """Weights of a small translator, drawn at random."""
    words, letters = vocabularies()
    rng = np.random.default_rng(seed)
    shapes = {
        "source": (len(words), embedded), "target": (len(letters), embedded), "read_x": (embedded, 3 * units),
        "read_h": (units, 3 * units), "read_b": (2, 3 * units), "start": (units, units), "W_a": (units, width),
        "U_a": (units, width), "v_a": (width,), "write_y": (embedded, 3 * units), "write_c": (units, 3 * units),
        "write_h": (units, 3 * units), "write_b": (2, 3 * units), "out": (2 * units, len(letters)), "out_b": (len(letters),),
    }  # fmt: skip
    return {name: rng.normal(0, size, shape).astype("float32") for name, shape in shapes.items()}


def with_keras(weights, words, letters, texts):
    """What Keras' GRU, GRUCell and AdditiveAttention make of English texts: words, looks, and chances of the letters."""
    layers, ops = keras().layers, keras().ops
    units = weights["start"].shape[0]
    rows = [[words.index(word) for word in text.split()] for text in texts]
    ids = np.zeros((len(rows), max(map(len, rows))), int)
    mask = np.zeros(ids.shape, bool)
    for k, row in enumerate(rows):
        ids[k, : len(row)], mask[k, : len(row)] = row, True
    read = layers.GRU(units, return_sequences=True, reset_after=True)
    read.build((None, None, weights["source"].shape[1]))
    read.set_weights([weights["read_x"], weights["read_h"], weights["read_b"]])
    write = layers.GRUCell(units, reset_after=True)
    write.build((None, weights["target"].shape[1] + units))
    write.set_weights([np.vstack([weights["write_y"], weights["write_c"]]), weights["write_h"], weights["write_b"]])
    look = layers.AdditiveAttention()
    look.build([(None, 1, weights["v_a"].size), (None, None, units), (None, None, weights["v_a"].size)])
    look.set_weights([weights["v_a"]])
    states = read(weights["source"][ids], mask=mask)
    state, letter = ops.tanh(states[:, -1] @ weights["start"]), np.ones(len(rows), int)
    found = [{"text": "", "looks": [], "sure": []} for _ in rows]
    open_ = [True] * len(rows)
    for _ in range(LONGEST):
        query = ops.expand_dims(state @ weights["W_a"], 1)
        context, looks = look([query, states, states @ weights["U_a"]], mask=[None, mask], return_attention_scores=True)
        given = ops.concatenate([weights["target"][letter], context[:, 0]], axis=-1)
        state, _ = write(given, [state])
        logits = ops.concatenate([state, context[:, 0]], axis=-1) @ weights["out"] + weights["out_b"]
        chances, looks = np.asarray(ops.softmax(logits)), np.asarray(looks)[:, 0]
        letter = chances.argmax(axis=1)
        for k, row in enumerate(rows):
            if open_[k] and letter[k] == 0:
                open_[k] = False
            if open_[k]:
                found[k]["text"] += letters[letter[k]]
                found[k]["looks"].append(looks[k, : len(row)])
                found[k]["sure"].append(chances[k, letter[k]])
    return found


TRANSLATE = """(m, [props, texts]) => { const net = m.loadTranslator(props);
  return texts.map((text) => { const { text: written, steps } = m.translate(net, text.split(" ").map((word) => net.words.indexOf(word)));
    return { text: written, looks: steps.map((s) => s.looks), sure: steps.map((s) => s.sure) }; }); }"""


def compare(expected, found):
    worst = 0.0
    for want, got in zip(expected, found, strict=True):
        assert got["text"] == want["text"]
        for name in ("looks", "sure"):
            if want[name]:
                worst = max(worst, float(np.abs(np.array(got[name]) - np.array(want[name])).max()))
    assert worst <= 1e-4, worst
    return worst


def sample():
    """The stored sample: weights as the page holds them, and vocabularies."""
    stored = read_reference(SAMPLE, SOURCE)
    weights = {
        name: np.frombuffer(base64.b64decode(entry["data"]), "<f2").astype("float32").reshape(entry["shape"])
        for name, entry in stored["weights"].items()
    }
    return stored, weights


def sample_figure(**options):
    stored, weights = sample()
    return interactives.translate_numbers(weights, stored["words"], stored["letters"], **options)


def test_the_stored_translations_are_what_keras_makes():
    stored, weights = sample()
    texts = [text for text, _ in stored["translations"]]
    assert texts == english(CHOSEN) + ODD
    found = with_keras(weights, stored["words"], stored["letters"], texts)
    assert [one["text"] for one in found] == [text for _, text in stored["translations"]]


@needs_node
def test_words_looks_and_chances_equal_keras():
    stored, weights = sample()
    texts = [text for text, _ in stored["translations"]]
    expected = with_keras(weights, stored["words"], stored["letters"], texts)
    found = in_node("translator.js", TRANSLATE, [sample_figure().props, texts])
    print(f"trained: {compare(expected, found):.1e}")
    right = sum(one["text"] == "".join(p for p, _ in number_pieces(n)) for one, n in zip(expected, CHOSEN, strict=False))
    assert right >= 40


@needs_node
@pytest.mark.parametrize("seed", range(3))
def test_any_sizes_equal_keras(seed):
    words, letters = vocabularies()
    weights = small_weights(units=(6, 11, 16)[seed], embedded=(3, 7, 5)[seed], width=(9, 2, 6)[seed], seed=seed, size=0.7)
    texts = english([8, 88, 7345, 1000, 9999]) + ODD
    props = interactives.translate_numbers(weights, words, letters, precision="float32").props
    print(f"{compare(with_keras(weights, words, letters, texts), in_node('translator.js', TRANSLATE, [props, texts])):.1e}")


@needs_node
def test_the_page_writes_numbers_as_the_course_does():
    found = in_node(
        "number_words.js",
        "(m) => Array.from({ length: 10000 }, (_, n) => [m.englishOf(n).join(' '), m.germanOf(n), m.numberOf(m.englishOf(n))])",
        None,
    )
    assert [row[0] for row in found] == english()
    assert [[tuple(piece) for piece in row[1]] for row in found] == [number_pieces(n) for n in range(10_000)]
    assert [row[2] for row in found] == list(range(10_000))


# ---- the output


def test_output_is_small_repeatable_and_alone():
    assert_alone(sample_figure, most=115_000)  # 88,000 of them are weights


@needs_node
def test_the_joined_script_parses(tmp_path):
    assert_parses("translate_numbers", tmp_path)


def test_the_largest_translator_stays_below_150_kilobytes():
    words, letters = vocabularies()
    weights = small_weights(units=58, embedded=16, width=24)
    assert 46_000 < sum(w.size for w in weights.values()) <= attention.MOST_WEIGHTS["float16"]
    assert len(interactives.translate_numbers(weights, words, letters).html().encode()) <= 150_000


# ---- arguments


def changed(**change):
    weights = small_weights() | change
    return {name: value for name, value in weights.items() if value is not None}


def make(weights=None, words=None, letters=None, **options):
    known, written = vocabularies()
    return interactives.translate_numbers(
        changed() if weights is None else weights, known if words is None else words, written if letters is None else letters, **options
    )


def test_what_python_gives_is_kept():
    words, letters = vocabularies()
    props = make(number=np.int64(45), precision="float32").props
    assert props["number"] == 45 and props["words"] == words and props["letters"] == letters
    stored = props["weights"]["read_x"]
    assert stored["shape"] == [5, 24]
    np.testing.assert_array_equal(
        np.frombuffer(base64.b64decode(stored["data"]), "<f4").reshape(5, 24), small_weights()["read_x"]
    )


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: make([1]), TypeError, ["weights", "list"]),
        (lambda: make(changed(v_a=None)), ValueError, ["missing ['v_a']"]),
        (lambda: make(changed(extra=1)), ValueError, ["unknown ['extra']"]),
        (lambda: make(changed(read_x=np.zeros((5, 23)))), ValueError, ["weights['read_x']", "(5, 24)", "(5, 23)"]),
        (lambda: make(changed(start=np.zeros(()))), ValueError, ["weights["]),
        (lambda: make(changed(out_b=np.full(23, np.nan))), ValueError, ["weights['out_b']", "float16"]),
        (lambda: make(changed(out_b=np.full(23, 7e4))), ValueError, ["weights['out_b']", "float16"]),
        (lambda: make(small_weights(units=80)), ValueError, ["at most 47,000", "float16", "got"]),
        (lambda: make(words=["one", "two"]), ValueError, ["words", "begin with ''"]),
        (lambda: make(words=["", "one", "one"]), ValueError, ["words[2]", "'one'"]),
        (lambda: make(words="one"), TypeError, ["words", "list of strings", "'one'"]),
        (lambda: make(letters=["", "a"]), ValueError, ["letters", "'^'"]),
        (lambda: make(letters=["", "^", 3]), ValueError, ["letters[2]", "3"]),
        (lambda: make(number=10_000), ValueError, ["number", "0 to 9999", "10000"]),
        (lambda: make(precision="int8"), ValueError, ["precision", "'int8'"]),
    ],
)
def test_errors_name_argument_given_and_allowed(call, error, parts):
    assert_refused(call, error, parts)


if __name__ == "__main__":
    words, letters = vocabularies()
    weights = {name: value.astype("float16").astype("float32") for name, value in np.load(sys.argv[1]).items()}
    stored = interactives.translate_numbers(weights, words, letters).props
    texts = english(CHOSEN) + ODD
    stored["translations"] = [
        [text, one["text"]] for text, one in zip(texts, with_keras(weights, words, letters, texts), strict=True)
    ]
    write_reference(SAMPLE, SOURCE, stored)
