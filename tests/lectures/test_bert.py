"""Functions that readers of lecture 14 see, against references that were not written here."""

from collections import Counter

import numpy as np
import pytest
from scipy.special import erf, softmax

from course_utils import text
from course_utils.networks import transformers

SEEDS = range(3)
PIECES = [*text.SPECIALS, *(letter for letter in "abcdefghij"), *(f"##{letter}" for letter in "abcdefghij"), "abc", "##bc", "##de"]


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    import tensorflow as tf

    def function(name, **given):
        return lecture("14_bert").function(name, tf=tf, PAD=0, MASK=4, **given)

    return function


def test_merges_of_a_toy_are_those_of_a_count_by_hand(taught):
    merges, written = taught("learn_merges")({"aab": 3, "ab": 2, "b": 9}, 2)
    assert merges[0] in (("a", "##a", "aa"), ("##a", "##b", "##ab"))  # three times each
    assert written["b"] == ["b"]
    assert all("".join(piece.removeprefix("##") for piece in pieces) == word for word, pieces in written.items())


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("likelihood", [False, True])
def test_each_merge_has_the_best_score(taught, seed, likelihood):
    rng = np.random.default_rng(seed)
    words = {"".join(rng.choice(list("abcd"), size=rng.integers(2, 7))): int(rng.integers(1, 9)) for _ in range(12)}
    for count in range(5):
        _, before = taught("learn_merges")(words, count, likelihood)
        merges, _ = taught("learn_merges")(words, count + 1, likelihood)
        single, pairs = Counter(), Counter()
        for word, pieces in before.items():
            for place, piece in enumerate(pieces):
                single[piece] += words[word]
                if place:
                    pairs[pieces[place - 1], piece] += words[word]
        score = {(a, b): n / (single[a] * single[b]) if likelihood else n for (a, b), n in pairs.items()}
        assert score[merges[-1][:2]] == max(score.values())


@pytest.mark.parametrize("word", ["abc", "abcde", "aabcbc", "j", "abcdebc", "axb", ""])
def test_words_split_as_the_library_does(taught, word):
    ours = taught("split_word")(word, set(PIECES))
    assert ours == text.wordpiece(PIECES).encode(word).tokens


@pytest.mark.parametrize("seed", SEEDS)
def test_covering_keeps_to_its_shares(taught, seed):
    rng = np.random.default_rng(seed)
    ids = rng.integers(5, 1000, size=(300, 64))
    ids[:, 0], ids[:, 30], ids[:, 50:] = 2, 3, 0
    shown, chosen = taught("cover", pieces=range(1000))(ids, rng)
    assert not chosen[ids < 5].any()
    assert (shown == ids)[~chosen].all()
    assert abs(chosen[ids > 4].mean() - 0.15) < 0.015
    assert abs((shown == 4)[chosen].mean() - 0.8) < 0.04
    assert abs((shown == ids)[chosen].mean() - 0.1) < 0.03
    assert ((shown >= 4) & (shown < 1000))[chosen].all()


def slow_bert(w, ids, segments, heads):
    """Row by row, head by head, place by place."""

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-12) * w[f"{name}.scale"] + w[f"{name}.shift"]

    layers = sum(name.endswith(".qkv") for name in w)
    out = []
    for row, side in zip(ids, segments, strict=True):
        x = norm(w["tokens"][row] + w["segments"][side] + w["positions"][: len(row)], "embedding")
        d = x.shape[1]
        for layer in (f"layer{k}" for k in range(layers)):
            q, k, v = np.split(x @ w[f"{layer}.qkv"] + w[f"{layer}.qkv.bias"], 3, axis=1)
            mixed = np.zeros_like(x)
            for part in np.split(np.arange(d), heads):
                scores = q[:, part] @ k[:, part].T / np.sqrt(len(part))
                scores[:, row == 0] = -np.inf
                mixed[:, part] = softmax(scores, axis=1) @ v[:, part]
            x = norm(x + mixed @ w[f"{layer}.mixed"] + w[f"{layer}.mixed.bias"], f"{layer}.attention")
            inner = x @ w[f"{layer}.inner"] + w[f"{layer}.inner.bias"]
            inner = inner * (1 + erf(inner / np.sqrt(2))) / 2
            x = norm(x + inner @ w[f"{layer}.outer"] + w[f"{layer}.outer.bias"], f"{layer}.forward")
        out.append(x)
    return np.stack(out)


@pytest.mark.parametrize("seed", SEEDS)
def test_bert_equals_a_loop_over_rows_and_heads(taught, seed):
    rng = np.random.default_rng(seed)
    config = transformers.Config(40, 10, 12, 2, 3, 20)
    w = {name: rng.normal(size=value.shape).astype("float32") for name, value in transformers.first_weights(config, rng).items()}
    ids = rng.integers(5, 40, size=(3, 10)).astype("int32")
    ids[1, 7:] = 0
    segments = (np.arange(10) > 4).astype("int32") * np.ones((3, 1), "int32")
    x, looks = taught("bert")(w, ids, segments, 3)
    np.testing.assert_allclose(x, slow_bert(w, ids, segments, 3), atol=2e-4)
    assert len(looks) == 2
    assert np.all(np.asarray(looks[0])[1, :, :, 7:] == 0)


def test_tables_and_guesses_by_hand(taught):
    pieces = range(20)
    ids = np.array([[2, 5, 6, 7, 3], [2, 5, 6, 8, 3], [2, 9, 6, 7, 3], [2, 9, 6, 7, 3]])
    table = taught("tables", pieces=pieces)(ids)
    assert table["unigram"][0] == 6
    assert table["left"][6] == 7
    assert table["both"][5 * 20 + 8] == 6
    said = taught("guesses", pieces=pieces)(table, ids, np.array([0, 1, 0]), np.array([3, 2, 1]))
    assert said["unigram"].tolist() == [6, 6, 6]
    assert said["left"].tolist() == [7, 6, said["left"][2]]
    assert said["left"][2] in (5, 9)
    assert said["both"].tolist() == [7, 6, said["both"][2]]


def test_runs_and_leak(taught):
    runs, leak = taught("runs"), taught("leak")
    assert runs(["a b c d"], 2) == {("a", "b"), ("b", "c"), ("c", "d")}
    words = [f"w{k}" for k in range(20)]
    known, new = " ".join(words), " ".join(words[:9] + ["x"] * 1)
    assert leak([known], [new]) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("layers", "width"), [(1, 8), (3, 16), (2, 64)])
def test_weights_equal_a_count_of_arrays(taught, layers, width):
    config = transformers.Config(vocabulary=90, length=20, width=width, layers=layers, heads=2, inner=4 * width)
    assert taught("weights_of")(layers, width, 90, 20) == transformers.parameters(config)


def test_distance_and_first_answers(taught):
    one, other = np.array([[0.5, 0.5, 0.0], [0.2, 0.2, 0.6]]), np.array([[0.0, 0.5, 0.5], [0.2, 0.2, 0.6]])
    assert taught("distance")(one, other) == pytest.approx(0.25)
    one = np.array([[0.6, 0.4, 0.0], [0.2, 0.1, 0.7]])  # without ties
    assert taught("same_first")(one, one) == 1
