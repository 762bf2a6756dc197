"""Functions that readers of lecture 12 see, against references that were not written here."""

from functools import cache
from itertools import product

import numpy as np
import pytest
from scipy.special import softmax

from course_utils import datasets

SEEDS = range(3)


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    import keras
    import tensorflow as tf

    from course_utils.networks import recurrent

    def function(name, **given):
        return lecture("12_attention").function(name, keras=keras, tf=tf, recurrent=recurrent, **given)

    return function


@pytest.mark.parametrize("seed", SEEDS)
def test_gru_cell_equals_keras(taught, seed):
    import keras

    rng = np.random.default_rng(seed)
    cell = keras.layers.GRUCell(5)
    x, h = rng.normal(size=(4, 3)).astype("float32"), rng.normal(size=(4, 5)).astype("float32")
    cell(x, [h])
    kernel, U, b = (rng.normal(size=w.shape).astype("float32") for w in cell.get_weights())
    cell.set_weights([kernel, U, b])
    ours = taught("gru_cell")(x @ kernel + b[0], h, U, b[1])
    np.testing.assert_allclose(ours, cell(x, [h])[0], atol=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_look_equals_a_loop(taught, seed):
    rng = np.random.default_rng(seed)
    n, S, u, a = 3, 6, 4, 2
    s, h = rng.normal(size=(n, u)).astype("float32"), rng.normal(size=(n, S, u)).astype("float32")
    W, U, v = (rng.normal(size=shape).astype("float32") for shape in ((u, a), (u, a), (a,)))
    real = np.arange(S) < np.array([[6], [2], [4]])
    hidden = np.where(real, 0, -1e9).astype("float32")
    weights, contexts = taught("look")({"W_a": W, "v_a": v}, s, (h, h @ U, hidden, None))
    for row in range(n):
        scores = [v @ np.tanh(s[row] @ W + h[row, j] @ U) for j in np.flatnonzero(real[row])]
        alpha = softmax(scores)
        np.testing.assert_allclose(weights[row][: len(alpha)], alpha, atol=1e-5)
        assert np.all(weights[row][len(alpha):] == 0)
        np.testing.assert_allclose(contexts[row], alpha @ h[row, real[row]], atol=1e-5)


def test_reading_ignores_what_fills_up(taught):
    rng = np.random.default_rng(1)
    p = taught("translator")(9, 7, rng, units=6, embedded=3, width=2)
    x = np.array([[3, 8, 1, 0, 0], [2, 2, 5, 4, 1]], "int32")
    h, keys, hidden, last = taught("read")(p, x)
    np.testing.assert_allclose(last[0], h[0, 2])
    np.testing.assert_allclose(last[1], h[1, 4])
    short = taught("read")(p, x[:1, :3])
    np.testing.assert_allclose(short[3][0], last[0], atol=1e-6)
    np.testing.assert_array_equal(hidden < -1, x == 0)
    np.testing.assert_allclose(keys, np.einsum("nsu,ua->nsa", h, p["U_a"]), atol=1e-5)


def test_the_loss_stops_at_the_stop(taught):
    rng = np.random.default_rng(2)
    p = taught("translator")(9, 7, rng, units=6, embedded=3, width=2)
    x = np.array([[3, 8, 1, 4], [2, 2, 5, 0]], "int32")
    short = np.array([[3, 4, 0], [2, 0, 0]], "int32")
    longer = np.pad(short, ((0, 0), (0, 4)))
    for attend in (0.0, 1.0):
        assert float(taught("nats")(p, x, short, attend)) == pytest.approx(float(taught("nats")(p, x, longer, attend)), abs=1e-5)
    untrained = float(taught("nats")(p, x, short, 1.0))
    assert 0.5 * np.log(7) < untrained < 2 * np.log(7)


@cache
def distance(one, other):
    if not one or not other:
        return len(one) + len(other)
    return min(distance(one[1:], other) + 1, distance(one, other[1:]) + 1, distance(one[1:], other[1:]) + (one[0] != other[0]))


def test_edit_distance_equals_recursion(taught):
    edit_distance = taught("edit_distance")
    words = ["".join(word) for length in range(5) for word in product("ab", repeat=length)]
    assert all(edit_distance(one, other) == distance(one, other) for one in words for other in words)
    assert edit_distance(["AH", "T"], ["T"]) == 1
    assert taught("error_rate")([["A"], ["B", "C"]], [["A", "X"], ["B", "C"]]) == pytest.approx(1 / 4)


@pytest.mark.parametrize("seed", SEEDS)
def test_alignment_is_the_best_of_all(taught, seed):
    rng = np.random.default_rng(seed)
    score = rng.normal(size=(27, 1600))
    x, y = np.array([[3, 1, 2, 0], [5, 5, 6, 7]]), np.array([[4, 9, 0, 0, 0], [1, 2, 3, 4, 5]])
    made = taught("align")(x, y, score)
    for row in range(2):
        letters, phonemes = x[row][x[row] > 0], y[row][y[row] > 0]

        def worth(counts):
            ends = np.cumsum(counts)
            parts = [phonemes[end - count:end] for end, count in zip(ends, counts, strict=True)]  # noqa: B023
            return sum(score[letter, sum(int(p) * 40**k for k, p in enumerate(part))]
                       for letter, part in zip(letters, parts, strict=True))  # noqa: B023

        ways = [counts for counts in product(range(3), repeat=len(letters)) if sum(counts) == len(phonemes)]
        best = max(ways, key=worth)
        assert worth(tuple(made[row][: len(letters)])) == pytest.approx(worth(best))


def test_noise_does_what_its_name_says(taught):
    rng = np.random.default_rng(3)
    rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"]
    near = {letter: row[max(i - 1, 0):i] + row[i + 1:i + 2] for row in rows for i, letter in enumerate(row)}
    spoil, noisy = taught("spoil", NEAR=near), taught("noisy", NEAR=near)
    for word in ("eighty", "three", "one", "thousand"):
        for _ in range(30):
            assert sorted(spoil(word, "swap", rng)) == sorted(word) and distance(word, spoil(word, "swap", rng)) <= 2
            mixed = spoil(word, "mixed", rng)
            assert mixed[0] == word[0] and mixed[-1] == word[-1] and sorted(mixed) == sorted(word)
            assert sorted(spoil(word, "random", rng)) == sorted(word)
            assert abs(len(spoil(word, "typo", rng)) - len(word)) <= 1
    assert noisy("seven hundred", "random", 0.0, rng) == "seven hundred"
    spoiled = np.mean([noisy("nineteen", "missing", 0.3, rng) != "nineteen" for _ in range(1000)])
    assert spoiled == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize("beta", [0.0, 1.0, 30.0])
def test_read_memory_equals_scipy(taught, beta):
    rng = np.random.default_rng(4)
    q, k, v = rng.normal(size=(5, 3)), rng.normal(size=(7, 3)), rng.normal(size=(7, 2))
    np.testing.assert_allclose(taught("read_memory")(q, k, v, beta), softmax(beta * q @ k.T, axis=1) @ v)


def test_tape_equals_a_memory_that_is_written_and_read(taught):
    rng = np.random.default_rng(5)
    weights = taught("new_tape", rng=rng)()
    weights["heads"] *= 3
    x = rng.normal(size=(9, 2, 6)).astype("float32")
    logits, _ = taught("tape")(weights, x, 5)
    control = np.tanh(x @ weights["in"] + weights["in_b"])
    heads = (control @ weights["heads"] + weights["heads_b"]).reshape(9, 2, 2, 4).astype(float)
    for row in range(2):
        w, memory = np.tile(np.eye(5)[0], (2, 1)), np.zeros((5, 4))
        for t in range(9):
            for head in range(2):
                s, gamma = softmax(heads[t, row, head, :3]), 1 + np.log1p(np.exp(heads[t, row, head, 3]))
                blurred = s[0] * np.roll(w[head], -1) + s[1] * w[head] + s[2] * np.roll(w[head], 1)
                w[head] = (blurred + 1e-4) ** gamma / ((blurred + 1e-4) ** gamma).sum()
            memory += np.outer(w[0], control[t, row] @ weights["add"])
            answer = np.concatenate([w[1] @ memory, control[t, row]]) @ weights["out"] + weights["out_b"]
            np.testing.assert_allclose(logits[t, row], answer, atol=2e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_stories_are_true(taught, seed):
    given = lecture_constants()
    person, room_, thing_ = (given.index(word) for word in ("mary", "kitchen", "ball"))
    stories = taught("stories", PERSON=person, ROOM=room_, THING=thing_)
    sentences, thing, room, facts = stories(300, np.random.default_rng(seed))
    for row in range(300):
        at, holder = {}, {}
        for person, verb, what in sentences[row]:
            if given[verb] == "took":
                assert what not in holder and person in at
                holder[what] = person
            else:
                at[person] = what
        assert given[at[holder[thing[row]]]] == given[given.index("kitchen") + room[row]]
        took, went = sentences[row][facts[row]]
        assert tuple(took[1:]) == (given.index("took"), thing[row]) and took[0] == went[0]
        assert went[2] == given.index("kitchen") + room[row]


def lecture_constants():
    """The words of the stories, in their order."""
    return ["", "went", "took", "where", "mary", "john", "sandra", "daniel", "kitchen", "garden", "office", "hallway", "bedroom",
            "bathroom", "ball", "milk", "book"]


def test_window_equals_its_formula(taught):
    rng = np.random.default_rng(6)
    pen = {"window_kernel": rng.normal(size=(4, 6)), "window_bias": rng.normal(size=6)}
    h, kappa = rng.normal(size=4), np.array([0.5, 2.0])
    phi, new = taught("window")(pen, h, kappa, np.arange(5))
    a, b, m = np.exp((h @ pen["window_kernel"] + pen["window_bias"]).reshape(3, 2))
    np.testing.assert_allclose(new, kappa + m)
    np.testing.assert_allclose(phi, [sum(a[k] * np.exp(-b[k] * (kappa[k] + m[k] - u) ** 2) for k in range(2)) for u in range(5)])


def test_true_alignment_covers_the_number():
    for number in (0, 1, 21, 100, 1107, 9999):
        pieces = datasets.number_pieces(number)
        assert len({word for _, word in pieces if word is not None}) == sum(word is not None for _, word in pieces)


@pytest.mark.parametrize("number", ["12.2", "12.3", "12.4", "12.5", "12.6"])
def test_solutions_pass_their_checks(taught, number):
    from course_utils import checks

    name = {"12.2": "attend", "12.3": "typing_distance", "12.4": "needed_sharpness", "12.5": "slide", "12.6": "head_after"}[number]
    assert checks.evaluate(number, taught(name, solution=True)).state == "right"
