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


def test_half_of_those_who_can_take_something_do(taught):
    given = lecture_constants()
    places = {name: given.index(word) for name, word in (("PERSON", "mary"), ("ROOM", "kitchen"), ("THING", "ball"))}
    sentences, *_ = taught("stories", **places)(40_000, np.random.default_rng(0))
    takes = sentences[:, 1, 1] == given.index("took")
    assert np.mean(takes) == pytest.approx(1 / 4 * 1 / 2, abs=0.01), "who went somewhere first is named again, and takes"
    rooms = np.bincount(sentences[takes, 0, 2] - given.index("kitchen"), minlength=6) / takes.sum()
    np.testing.assert_allclose(rooms, 1 / 6, atol=0.03)


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


# What the trainings are made of, each against another way


@pytest.fixture(scope="module")
def small(taught):
    """Random weights of a small translator, for 5 source and 6 target symbols."""
    return taught("translator")(5, 6, np.random.default_rng(1), units=4, embedded=3, width=2)


def decode(taught, p, x, attend, steps, forced=None):
    """Symbols, looks and surprises of one decoder that goes step by step."""
    notes = taught("read")(p, x)
    h, hidden, last = notes[0].numpy(), notes[2].numpy(), notes[3].numpy()
    s, before = np.tanh(last @ p["start"]), np.ones(len(x), int)
    made, looks, surprises = [], [], []
    for t in range(steps):
        e = np.tanh(h @ p["U_a"] + (s @ p["W_a"])[:, None]) @ p["v_a"]
        looks.append(softmax(e + hidden, axis=1))
        context = attend * (looks[-1][..., None] * h).sum(axis=1) + (1 - attend) * last
        gates = p["target"][before] @ p["write_y"] + p["write_b"][0] + context @ p["write_c"]
        s = taught("gru_cell")(gates.astype("float32"), s.astype("float32"), p["write_h"], p["write_b"][1]).numpy()
        scores = np.concatenate([s, context], axis=1) @ p["out"] + p["out_b"]
        made.append(scores.argmax(axis=1))
        before = made[-1] if forced is None else forced[:, t]
        surprises.append(-np.log(softmax(scores, axis=1))[np.arange(len(x)), before])
    return np.transpose(made), np.swapaxes(looks, 0, 1), np.transpose(surprises)


@pytest.fixture(scope="module")
def disturbed(taught, small):
    """Weights of the small translator, moved a little, and the compiled translation with them."""
    rng = np.random.default_rng(0)
    weights = {name: (w + 0.1 * rng.normal(size=w.shape)).astype("float32") for name, w in small.items()}
    return weights, taught("translate", p=weights)


@pytest.mark.parametrize("attend", [0.0, 1.0])
def test_translation_and_its_loss_equal_a_plain_loop(taught, disturbed, attend):
    small, translate = disturbed
    x, y = np.array([[1, 3, 2, 0], [4, 2, 0, 0], [2, 2, 1, 3]]), np.array([[3, 4, 0, 0, 0], [5, 0, 0, 0, 0], [2, 3, 4, 5, 0]])
    answers, looks = translate(x, np.float32(attend), 5, room=7)
    made, looked, _ = decode(taught, small, x, attend, 5)
    np.testing.assert_array_equal(answers[:, :5], made)
    np.testing.assert_allclose(looks[:, :5], looked, atol=1e-4)
    assert answers.shape == (3, 7) and not answers[:, 5:].numpy().any()
    *_, surprises = decode(taught, small, x, attend, 5, forced=y)
    counts = np.hstack([np.ones((3, 1)), y[:, :-1] > 0])
    loss = taught("nats")(small, x, y.astype("int32"), np.float32(attend))
    assert float(loss) == pytest.approx((surprises * counts).sum() / counts.sum(), rel=1e-4)
    assert translate(x, np.float32(attend), 3)[0].shape == (3, 44)
    assert translate.experimental_get_tracing_count() == 2  # 5 steps and 3: compiled once for both kinds of attention


def test_random_translators_have_their_spread_and_shapes(taught):
    weights = taught("translator")(30, 40, np.random.default_rng(0))
    shapes = {"source": (30, 16), "target": (40, 16), "read_x": (16, 144), "start": (48, 48), "W_a": (48, 16), "U_a": (48, 16),
              "write_y": (16, 144), "write_c": (48, 144), "out": (96, 40)}  # fmt: skip
    for name, shape in shapes.items():
        assert weights[name].shape == shape
        limit = (6 / sum(shape)) ** 0.5
        assert 0.9 * limit < weights[name].max() <= limit + 1e-6 and -limit - 1e-6 <= weights[name].min() < -0.9 * limit
    assert weights["v_a"].shape == (16,) and np.abs(weights["v_a"]).max() <= (6 / 17) ** 0.5
    for name in ("read_h", "write_h"):
        for block in np.split(weights[name], 3, axis=1):
            np.testing.assert_allclose(block @ block.T, np.eye(48), atol=1e-5)
    for name, shape in (("read_b", (2, 144)), ("write_b", (2, 144)), ("out_b", (40,))):
        assert weights[name].shape == shape and not weights[name].any()


def test_an_answer_is_right_up_to_its_stop(taught):
    y = np.array([[3, 4, 0, 0], [3, 4, 0, 0], [0, 0, 0, 0], [5, 2, 3, 4]])
    answers = np.array([[3, 4, 0, 7], [3, 4, 1, 0], [0, 9, 9, 9], [5, 2, 3, 1]])
    assert taught("exact")(answers, y).tolist() == [True, False, True, False]


def test_learning_draws_minibatches_at_a_falling_rate(taught):
    import tensorflow as tf

    asked, forgotten = [], []

    def updates(x, y, rates, attend):
        asked.append((x, y, rates, attend))
        return tf.constant(np.arange(50) + 100.0 * len(asked))

    given = {"updates": updates, "adam": "adam", "p": "weights", "rng": np.random.default_rng(0),
             "forget": lambda *parts: forgotten.append(parts), "translator": lambda *parts: parts[:2]}  # fmt: skip
    pairs = np.arange(40), np.arange(40) * 3
    losses = taught("learn", **given)(pairs, 100, share=np.r_[np.full(20, 0.05), np.zeros(20)])
    assert forgotten == [("adam", "weights", (32, 44))]
    assert losses.shape == (100,) and losses[0] == 100 and losses[-1] == 249
    np.testing.assert_allclose(np.concatenate([part[2] for part in asked]), 8e-3 * (1 - np.arange(100) / 100), rtol=1e-6)
    for x, y, _, attend in asked:
        assert x.shape == (50, 64) and (y == 3 * x).all() and x.max() == 19 and attend == 1
    taught("learn", **given)(pairs, 50, attend=0.5, rate=1.0, batch=8, change=lambda row: -row, start="given")
    assert forgotten[1] == ("adam", "weights", "given")
    x, y, rates, attend = asked[-1]
    assert x.shape == (50, 8) and (y == -3 * x).all() and rates[0] == 1 and attend == 0.5


def test_forgetting_starts_the_optimizer_again(taught):
    import tensorflow as tf

    weight, moment = tf.Variable([1.0, 2.0]), tf.Variable([3.0])
    optimizer = type("Optimizer", (), {"variables": [moment]})
    taught("forget")(optimizer, {"w": weight}, {"w": np.array([5.0, 6.0])})
    assert weight.numpy().tolist() == [5, 6] and moment.numpy().tolist() == [0]


def test_updates_clip_the_gradient_and_take_one_step_each(taught):
    import keras
    import tensorflow as tf

    weight, adam = tf.Variable([0.0, 0.0]), keras.optimizers.SGD()
    adam.build([weight])
    rates = np.array([0.5, 0.25, 0.125], "float32")
    losses = taught("updates", p={"w": weight}, adam=adam, nats=lambda p, x, y, attend: tf.reduce_sum(p["w"]) * x)(
        tf.constant([3.0, 0.1, -30.0]), tf.zeros(3), tf.constant(rates), 1.0
    )
    steps = [0.5 / 2**0.5, 0.25 * 0.1, -0.125 / 2**0.5]
    np.testing.assert_allclose(weight, -np.sum(steps) * np.ones(2), rtol=1e-4)
    np.testing.assert_allclose(losses, [0, 0.1 * -2 * steps[0], -30 * -2 * (steps[0] + steps[1])], rtol=1e-4)


def test_places_and_letters_of_sequences(taught):
    german = ["", "^", "a", "b"]
    part = type("Part", (), {"sources": ("two one", "one"), "targets": ("ab", "b")})
    x, y = taught("as_places", words=["", "one", "two"], german=german)(part)
    assert x.shape == (2, 10) and y.shape == (2, 44)
    assert x[:, :2].tolist() == [[2, 1], [1, 0]] and y[:, :2].tolist() == [[2, 3], [3, 0]] and x[:, 2:].sum() + y[:, 2:].sum() == 0
    spell = taught("spell", german=german)
    assert [spell(np.array(ids)) for ids in ([2, 3, 0, 2], [3, 9, 2], [0, 2])] == ["ab", "ba", ""]
    keys = ["", *"abcdefghijklmnopqrstuvwxyz "]
    rows = taught("as_letters", keys=keys)(["ab z", "a" * 60])
    assert rows.shape == (2, 46) and rows[0, :4].tolist() == [1, 2, 27, 26] and (rows[1] == 1).all()


def test_one_example_with_its_looks(taught):
    test = type("Test", (), {"sources": ["", "a b c"], "targets": ["", "xy"]})
    looks = np.arange(2 * 5 * 6).reshape(2, 5, 6)
    source, target, seen = taught("example_of", numbers=type("Numbers", (), {"test": test}), looks=looks)(1)
    assert (source, target) == (["a", "b", "c"], "xy")
    np.testing.assert_array_equal(seen, looks[1, :2, :3])


def test_errors_are_counted_per_true_symbol(taught):
    assert taught("error_rate")(["abc", "xy", ""], ["abd", "xyz", "ab"]) == (1 + 1 + 2) / 8


def test_two_phonemes_are_one_number(taught):
    y = np.array([[3, 5], [0, 0], [39, 39]])
    assert taught("sounds")(y).tolist() == [203, 0, 39 + 39 * 40]
    assert taught("sounds")(y[:, :1]).tolist() == [3, 0, 39]
    assert taught("sounds")(y[:, :0]).tolist() == [0, 0, 0]


def test_tables_of_sounds_equal_counting_by_hand(taught):
    """Letters 1 to 3 sound as 11 to 13, but 2 before 3 sounds as 11, 12: alone and between neighbours."""
    rng = np.random.default_rng(0)
    x, y = np.zeros((300, 6), int), np.zeros((300, 12), int)
    for row in range(300):
        word = rng.integers(1, 4, size=rng.integers(2, 7))
        said = []
        for place, letter in enumerate(word):
            said += [11, 12] if letter == 2 and place + 1 < len(word) and word[place + 1] == 3 else [10 + letter]
        x[row, : len(word)], y[row, : len(said)] = word, said
    alone, between = taught("context_tables")(x, y)
    assert alone.shape == (27,) and alone[1:4].tolist() == [11, 12, 13]
    for before in range(4):
        for after in range(4):
            for letter in (1, 2, 3):
                expected = 11 + 40 * 12 if (letter, after) == (2, 3) else 10 + letter
                if before or after:
                    assert between[before * 729 + letter * 27 + after] == expected
    letters, phonemes = ["", "a", "b", "c"], ["", "^", *(f"P{k}" for k in range(1, 20))]
    read = taught("read_by_table", letters=letters, phonemes=phonemes)
    assert read("abc", alone, between) == ["P11", "P11", "P12", "P13"]
    assert read("b", np.array([0, 0, 3 + 40 * 4]), {}) == ["P3", "P4"]
    assert read("ab", np.array([0, 0, 7]), {}) == ["P7"]  # the first is silent


def test_weights_of_an_lstm_are_counted(taught):
    import keras

    layer = keras.layers.LSTM(5)
    layer.build((None, None, 3))
    assert taught("lstm_weights")(3, 5) == layer.count_params()
    assert taught("lstm_weights")(10) == 4 * 1024 * 1035


def test_reading_names_and_noise(taught):
    import tensorflow as tf

    asked, keys = [], ["", *"abcdefghijklmnopqrstuvwxyz "]

    def translate(x, attend, longest, room):
        asked.append((float(attend), longest, room))
        return tf.constant(x[:, :6]), None

    truth = np.array([[1, 2, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0]])
    given = {"translate": translate, "keys": keys, "as_digits_test": truth}
    assert taught("reads", **given)(["ab", "d"]).tolist() == [True, False]
    assert asked == [(1, 6, 6)]
    spoken = []
    curves = taught(
        "noise_curves", reads=lambda texts: (spoken.append(texts), np.arange(len(texts)) < 1)[1], names_test=["ab", "cd", "ef", "gh"],
        rates_of_noise=[0.5, 1.0], kinds=["swap", "random", "mixed"], NEAR={},
    )()  # fmt: skip
    np.testing.assert_allclose(curves, np.full((3, 3), 0.25))
    assert [spoken[at] for at in (0, 3, 6)] == [["ab", "cd", "ef", "gh"]] * 3 and spoken[2] == ["ba", "dc", "fe", "hg"]
    shown = taught("with_typos", names=["ab cd"] * 3, mixture=np.random.default_rng(0), keys=keys, NEAR=dict(zip("abcd", "zzzz", strict=True)))(np.zeros(2000, int))
    plain = taught("as_letters", keys=keys)(["ab cd"])
    assert 0.2 < (shown == plain).all(axis=1).mean() < 0.33  # both words unspoiled: a quarter, and a few by chance


def test_mistakes_fall_on_every_letter(taught):
    near = {"a": "s", "b": "vn", "c": "xv", "d": "sf", "s": "ad"}
    rng, spoil = np.random.default_rng(0), taught("spoil", NEAR=near)
    assert {spoil("abc", "missing", rng) for _ in range(60)} == {"bc", "ac"}
    assert {spoil("abc", "double", rng) for _ in range(60)} == {"aabc", "abbc"}
    assert {spoil("abc", "swap", rng) for _ in range(60)} == {"bac", "acb"}
    assert {spoil("abcd", "mixed", rng) for _ in range(60)} == {"abcd", "acbd"}
    assert len({spoil("abcd", "random", rng) for _ in range(300)}) == 24
    assert {spoil("as", "key", rng) for _ in range(60)} == {letter + "s" for letter in near["a"]}


def test_words_are_mended_by_the_nearest(taught):
    assert taught("nearest_words", words=["", "seven", "eleven", "one"])("sevn elevn oe") == "seven eleven one"


def test_steps_until_the_losses_are_small(taught):
    losses = np.r_[np.ones(30), np.zeros(70)]
    first = next(n for n in range(20, 101) if losses[n - 20 : n].mean() < 0.1)
    assert taught("steps_until")(losses) == first
    assert taught("steps_until")(losses, level=0.5) == 41
    assert taught("steps_until")(np.ones(50)) == 70


def test_texts_with_one_word_more(taught):
    made = taught("insertions", words=["", "a", "b"], all_names={"a a", "b a"})("a")
    assert made == ["a b"]


def test_any_number_of_texts_is_translated_in_pieces_of_two_thousand(taught):
    import tensorflow as tf

    asked, words = [], ["", *"abcdefg"]

    def translate(x, attend, longest):
        asked.append((x.shape, float(attend), longest))
        return tf.constant(x), tf.constant(x + len(asked))

    texts = [" ".join("abcdefg"[k] for k in np.random.default_rng(n).integers(7, size=3)) for n in range(2500)]
    answers, looks = taught("in_german", translate=translate, words=words, german=["", *"ABCDEFG"])(texts)
    assert answers == [text.replace(" ", "").upper() for text in texts]
    assert asked == [((2000, 10), 1, 44)] * 2
    assert looks.shape == (2000, 10) and looks.min() == 1


def test_what_is_kept_of_a_translation(taught):
    test = type("Test", (), {"numbers": [21]})
    right = [piece for piece, word in datasets.number_pieces(21) if word is not None]
    assert taught("kept", numbers=type("Numbers", (), {"test": test}))(0, right[0]) == pytest.approx(np.mean([part in right[0] for part in right]))


def test_images_become_keys_of_length_one(taught):
    rng = np.random.default_rng(0)
    cortex = type("Cortex", (), {"coefs_": [rng.normal(size=(4, 8))], "intercepts_": [rng.normal(size=8)]})
    images = rng.normal(size=(6, 4)) + 1
    found = taught("describe", cortex=cortex)(images)
    assert found.shape == (6, 8)
    for image, key in zip(images, found, strict=True):
        before = cortex.coefs_[0].T @ image + cortex.intercepts_[0]
        assert before.min() < 0 < before.max()  # something is cut off, and something is left
        np.testing.assert_allclose(key, np.clip(before, 0, None) / np.sqrt((before[before > 0] ** 2).sum()), atol=1e-12)


def test_the_copy_task_says_write_and_repeat(taught):
    x, bits = taught("copy_task", rng=np.random.default_rng(0))(3, 50, 10)
    assert x.shape == (10, 50, 6) and bits.shape == (5, 50, 4) and not bits[3:].any()
    np.testing.assert_array_equal(x[:3, :, :4], bits[:3])
    assert not x[3:, :, :4].any() and 0.4 < bits[:3].mean() < 0.6 and set(np.unique(bits)) == {0, 1}
    np.testing.assert_array_equal(x[:, 0, 4], [1] * 3 + [0] * 7)
    np.testing.assert_array_equal(x[:, 0, 5], [0] * 3 + [1] * 3 + [0] * 4)


def test_copiers_start_with_their_spread(taught):
    lstm, tape = taught("new_lstm", rng=np.random.default_rng(0))(), taught("new_tape", rng=np.random.default_rng(0))()
    for weights, shapes in (
        (lstm, {"kernel": (6, 256), "recurrent": (64, 256), "out": (64, 4)}),
        (tape, {"in": (6, 32), "heads": (32, 8), "add": (32, 4), "out": (36, 4)}),
    ):
        for name, shape in shapes.items():
            limit = (6 / sum(shape)) ** 0.5
            assert weights[name].shape == shape and 0.9 * limit < weights[name].max() <= limit + 1e-6
            assert -limit - 1e-6 <= weights[name].min() < -0.9 * limit
    np.testing.assert_array_equal(lstm["bias"], [0] * 64 + [1] * 64 + [0] * 128)
    np.testing.assert_array_equal(tape["heads_b"], [0, 0, 0, 2, 0, 0, 0, 2])
    assert lstm["out_b"].shape == (4,) and not lstm["out_b"].any() and tape["in_b"].shape == (32,) and not tape["in_b"].any()


def test_the_score_counts_the_repeated_bits_alone(taught):
    rng = np.random.default_rng(0)
    logits, bits = rng.normal(size=(10, 6, 4)).astype("float32"), rng.integers(0, 2, size=(5, 6, 4)).astype("float32")
    loss, right = taught("score")(logits, bits, 3)
    said, truth = logits[3:6], bits[:3]
    assert float(right) == pytest.approx(np.mean((said > 0) == (truth > 0)))
    assert float(loss) == pytest.approx(np.mean(np.log1p(np.exp(said)) - truth * said), rel=1e-5)


def test_a_copier_learns_longer_and_longer_texts_at_a_falling_rate(taught):
    import tensorflow as tf

    drawn = []

    def copy_task(length, n, steps):
        drawn.append((int(length), n, steps))
        return np.ones((12, 2, 6), "float32"), np.zeros((6, 2, 4), "float32")

    def network(weights, x, rows):
        assert rows == 8
        return weights["w"] * tf.ones((12, 2, 4)), None

    given = {"copy_task": copy_task, "rng": np.random.default_rng(0), "score": lambda logits, bits, length: (logits[0, 0, 0], None)}
    weights, train = taught("copier", **given)(network, lambda: {"w": np.float32(9.0)}, 0.01)
    loss = train(100)
    np.testing.assert_allclose(weights["w"], 9 - 0.01 * (1 - np.arange(100) / 100).sum(), rtol=1e-3)  # full steps of Adam
    path = 9 - 0.01 * np.concatenate([[0], np.cumsum(1 - np.arange(99) / 100)])
    assert loss == pytest.approx(path[50:].mean(), rel=1e-3)
    train(1200)
    lengths = np.array([length for length, *_ in drawn[100:]])
    assert {row[1:] for row in drawn} == {(32, 12)} and len(lengths) == 1200
    most = np.minimum(6, 2 + 12 * np.arange(1200) // 1200)
    assert (lengths <= most).all() and lengths.min() == 1
    assert [lengths[most == longest].max() for longest in range(2, 7)] == [2, 3, 4, 5, 6]


def test_an_lstm_copier_equals_keras(taught):
    import keras

    weights = taught("new_lstm", rng=np.random.default_rng(0))(units=5)
    weights["out_b"] = np.arange(4, dtype="float32")
    x = np.random.default_rng(1).normal(size=(7, 3, 6)).astype("float32")
    layer = keras.layers.LSTM(5, return_sequences=True)
    layer.build((None, None, 6))
    layer.set_weights([weights[name] for name in ("kernel", "recurrent", "bias")])
    expected = layer(x.transpose(1, 0, 2)).numpy().transpose(1, 0, 2) @ weights["out"] + weights["out_b"]
    np.testing.assert_allclose(taught("lstm_copier")(weights, x, 8)[0], expected, atol=1e-5)


@pytest.mark.parametrize("hops", [1, 2])
def test_a_memory_network_answers_as_the_equations_say(taught, hops):
    rng = np.random.default_rng(hops)
    made = taught("memory_weights", rng=rng)(hops, d=7)
    words = len(taught("memory_weights", rng=rng).__globals__["VOCABULARY"])
    assert len(made) == 2 * (hops + 1) + 3 and made["question"].shape == (words, 7) and made["rooms"].shape == (7, 6)
    assert made["words 0"].shape == (words, 7) and made["times 0"].shape == (8, 7)
    assert made["words 0"].std() == pytest.approx(0.1, rel=0.2)
    np.testing.assert_array_equal(made["next"], np.eye(7))
    assert taught("memory_weights", rng=rng)(1)["rooms"].shape == (24, 6)
    weights = {name: rng.normal(size=w.shape).astype("float32") for name, w in made.items()}
    bags, question = rng.integers(0, 2, size=(3, 8, words)).astype("float32"), rng.integers(0, 2, size=(3, words)).astype("float32")
    logits, looks = taught("answer_question")(weights, bags, question)
    for n in range(3):
        u = weights["question"].T @ question[n]
        for hop in range(hops):
            m, o = (bags[n] @ weights[f"words {hop + k}"] + weights[f"times {hop + k}"] for k in (0, 1))
            attention = softmax(m @ u)
            np.testing.assert_allclose(looks[hop][n], attention, atol=1e-4)
            u = u @ weights["next"] + attention @ o
        np.testing.assert_allclose(logits[n], u @ weights["rooms"], rtol=1e-2, atol=1e-2)


def test_stories_become_bags_of_words(taught):
    as_bags = taught("as_bags")
    vocabulary = as_bags.__globals__["VOCABULARY"]
    sentences, question = as_bags(np.array([[[1, 4, 4], [2, 5, 6]]]), np.array([7]))
    assert sentences.shape == (1, 2, len(vocabulary)) and sentences[0, 0, 4] == 2 and sentences[0, 0, 1] == 1 and sentences.sum() == 6
    assert np.flatnonzero(question[0]).tolist() == sorted([7, vocabulary.index("where")])
    person, room_name, thing = (vocabulary.index(word) for word in ("mary", "kitchen", "ball"))
    given = {"rng": np.random.default_rng(0), "PERSON": person, "ROOM": room_name, "THING": thing}
    (bags, asked, room), stories, facts = taught("told", **given)(9)
    assert bags.shape == (9, 8, len(vocabulary)) and asked.shape == (9, len(vocabulary)) and room.dtype == np.int32
    assert stories.shape == (9, 8, 3) and facts.shape == (9, 2)
    tell = taught("told_as_text")
    assert tell([person, vocabulary.index("went"), room_name]) == f"{vocabulary[person]} went to the {vocabulary[room_name]}"
    assert tell([person, vocabulary.index("took"), thing]) == f"{vocabulary[person]} took the {vocabulary[thing]}"


def test_an_exam_counts_rooms_and_looks(taught):
    import tensorflow as tf

    logits, looks = np.eye(6)[[0, 1, 2, 3]], [np.eye(8)[[0, 1, 2, 3]], np.eye(8)[[4, 4, 4, 4]]]
    given = {"answer_question": lambda weights, a, b: (tf.constant(logits), [tf.constant(look) for look in looks]),
             "test_stories": (None, None, np.array([0, 1, 5, 5])), "facts": np.array([[0, 4], [1, 4], [7, 4], [7, 5]])}  # fmt: skip
    share, hits = taught("exam", **given)(None)
    assert share == 0.5
    np.testing.assert_allclose(hits, [[0.5, 0], [0, 0.75]])


def test_a_memory_network_starts_again_until_it_learns(taught):
    import tensorflow as tf

    starts, losses = [], []

    def memory_weights(hops):
        starts.append(hops)
        return {"w": np.full(3, 5.0)}

    def answer_question(weights, sentences, question):
        return tf.reduce_mean(weights["w"]) * tf.ones((64, 6)), None

    train = np.zeros((80, 2), "float32"), np.zeros((80, 2), "float32"), np.zeros(80, "int32")
    given = {"memory_weights": memory_weights, "answer_question": answer_question, "rng": np.random.default_rng(0)}
    taught("memory_network", **given)(2, train, steps=50)
    assert starts == [2] * 5  # equal logits: the loss stays at log 6 in each of four starts, after the first weights

    def sure(weights, sentences, question):
        losses.append(1)
        return tf.one_hot(tf.zeros(64, tf.int32), 6) * tf.reduce_sum(weights["w"]), None

    starts.clear()
    weights = taught("memory_network", **(given | {"answer_question": sure}))(1, train, steps=100, rate=0.1)
    assert len(starts) == 2  # the first start is good enough
    moved = weights["w"].numpy()[0] - 5
    assert 0 < moved <= 0.1 * 50 * 1.5 + 1e-3


def test_points_are_drawn_from_the_mixture(taught):
    parts = 3
    z = np.concatenate([[0.4], np.log([0.2, 0.5, 0.3]), [0.0, 5.0, 10.0], [1.0, 2.0, 3.0], np.log([0.1, 0.2, 0.3]),
                        np.log([0.3, 0.1, 0.2]), [0.5, -0.5, 1.0]])  # fmt: skip
    draw = taught("next_point", rng=np.random.default_rng(0), NUM_PARTS=parts)
    points = np.array([draw(z, 0.8) for _ in range(6000)])
    assert points[:, 2].mean() == pytest.approx(1 / (1 + np.exp(-0.4)), abs=0.02) and set(points[:, 2]) == {0, 1}
    owner = np.rint(points[:, 0] / 5).astype(int)
    np.testing.assert_allclose(np.bincount(owner) / 6000, [0.2, 0.5, 0.3], atol=0.02)
    for k in range(3):
        own = points[owner == k, :2]
        np.testing.assert_allclose(own.mean(axis=0), [5 * k, k + 1], atol=0.03)
        np.testing.assert_allclose(own.std(axis=0), 0.8 * np.exp([z[10 + k], z[13 + k]]), rtol=0.06)
        assert np.corrcoef(own.T)[0, 1] == pytest.approx(0.98 * np.tanh(z[16 + k]), abs=0.05)
    thin = z.copy()
    thin[10:16] = -9
    spread = np.array([draw(thin, 1.0) for _ in range(800)])
    owner = np.rint(spread[:, 0] / 5)
    assert (spread[:, 0] - 5 * owner).std() == pytest.approx(np.exp(-5), rel=0.1)
    assert (spread[:, 1] - owner - 1).std() == pytest.approx(np.exp(-5), rel=0.1)


@pytest.mark.parametrize("end", ["pen up", "far past", "never"])
def test_the_pen_writes_until_the_window_has_left_the_text(taught, end):
    import keras

    rng, units, bells = np.random.default_rng(0), 4, 2
    pen = {"kernel": rng.normal(size=(30, 16)), "recurrent_kernel": rng.normal(size=(4, 16)), "bias": rng.normal(size=16),
           "output_kernel": rng.normal(size=(31, 7)), "output_bias": rng.normal(size=7), "spread": np.array([2.0, 5.0])}  # fmt: skip
    windows, heard, calm = [], [], []
    quiet = [0.6, 0.3, 0.2]
    end_of_text = {"pen up": [0.1, 0.3, 0.31], "far past": [0.1, 0.05, 0.31], "never": quiet}[end]

    def window(given, h, kappa, places):
        assert given is pen and places.tolist() == [0, 1, 2] and h.shape == (units,)
        windows.append((h, kappa.copy()))
        return np.array(quiet if len(windows) < 4 else end_of_text), kappa + 1

    def next_point(z, given_calm):
        heard.append(z)
        calm.append(given_calm)
        return np.array([1.0, 2.0, float(end == "pen up")])

    given = {"pen": pen, "window": window, "next_point": next_point, "NUM_BELLS": bells, "ALPHABET": " abcdefghijklmnopqrstuvwxyz"}
    points, looked = taught("write_by_hand", **given)("ab", **({"longest": 7} if end == "never" else {}))
    assert len(points) == len(looked) == (7 if end == "never" else 4) and set(calm) == {0.15}
    np.testing.assert_allclose(points[:, :2], [[2, 10]] * len(points))
    for number, (_, kappa) in enumerate(windows):
        np.testing.assert_allclose(kappa, np.full(bells, number - 0.5))
    layer = keras.layers.LSTM(units, return_sequences=True, dtype="float64")
    layer.build((None, None, 30))
    layer.set_weights([pen["kernel"], pen["recurrent_kernel"], pen["bias"]])
    letters = np.eye(27)[[1, 2]]
    seen = [letters[0], *(np.array(phi[:2]) @ letters for phi in looked)]
    inputs = [np.concatenate([[0, 0, 0] if t == 0 else [1, 2, float(end == "pen up")], seen[t]]) for t in range(len(points))]
    states = layer(np.array(inputs)[None]).numpy()[0]
    for t, (h, z) in enumerate(zip(states, heard, strict=True)):
        np.testing.assert_allclose(windows[t][0], h, atol=1e-9)
        np.testing.assert_allclose(z, np.concatenate([h, seen[t + 1]]) @ pen["output_kernel"] + pen["output_bias"], atol=1e-8)
    short = taught("write_by_hand", **(given | {"window": lambda p, h, kappa, places: (np.array(quiet), kappa)}))("ab")
    assert len(short[0]) == 250


def test_pieces_of_letters_and_their_names(taught):
    path = np.array([[0.0, 0.0], [9.0, 3.0]])
    np.testing.assert_allclose(taught("piece_of")(path), np.stack([np.arange(10) - 4.5, (np.arange(10) - 4.5) / 3], axis=1).ravel())
    points = np.array([[1.0, 0, 0]] * 7)
    pieces = taught("cut")(points, np.array([0, 0, 0, 2, 2, 2, 2]), "a b")
    assert [letter for letter, _ in pieces] == ["a", "b"]
    np.testing.assert_allclose(pieces[0][1].reshape(10, 2)[:, 0], np.linspace(-1, 1, 10))
    np.testing.assert_allclose(pieces[1][1].reshape(10, 2)[:, 0], np.linspace(-1.5, 1.5, 10))
    assert taught("cut")(points[:2], np.array([0, 0]), "a") == [("a", None)]
    named = taught("named", known_pieces=np.array([[0.0, 0], [5, 5]]), known_letters=np.array(["x", "y"]))
    assert named(None, np.array([4.0, 4.0])) == "y" and named(None) == ""
    assert named(np.array([3.0, 3.0]), np.array([0.1, 0.0])) == "x"
    text = taught("two_words", rng=np.random.default_rng(0))()
    assert len(text.split()) == 2 and all(2 <= len(word) <= 5 for word in text.split())


def test_comparison_with_keras_is_close_and_would_show_a_difference(taught):
    compare = taught("compare_with_keras", rng=np.random.default_rng(0))
    assert compare() < 1e-4

    def off(p, s, notes):
        weights, context = taught("look")(p, s, notes)
        return weights * 1.5, context

    assert taught("compare_with_keras", rng=np.random.default_rng(0), look=off)() > 0.05


def test_a_memory_can_be_very_sharp(taught):
    keys = np.eye(3)
    np.testing.assert_allclose(taught("read_memory")(keys, keys, np.arange(3.0)[:, None], 2000.0)[:, 0], [0, 1, 2])


def test_a_word_begins_and_ends_with_nothing(taught):
    read = taught("read_by_table", letters=["", "a", "b"], phonemes=["", "^", "P1", "P2", "P3", "P4"])
    between = {1 * 27 + 2: 1, 1 * 729 + 2 * 27: 2}
    assert read("ab", np.array([0, 3, 3]), between) == ["P1", "P2"]


def test_four_ways_to_know_the_new_digits(taught):
    rng = np.random.default_rng(0)
    scans = type("Scans", (), {"x_train": rng.normal(size=(30, 4)), "y_train": np.arange(30) % 10, "x_test": rng.normal(size=(7, 4))})
    cortex = type("Cortex", (), {"predict": staticmethod(lambda x: ["untouched"] * len(x))})
    keys = lambda x: x / np.linalg.norm(x, axis=1, keepdims=True)  # noqa: E731
    given = {"scans": scans, "cortex": cortex, "describe": keys, "taught": lambda rows: rows.tolist()}
    stored = np.arange(20)
    found = taught("four_ways", **given)(stored)
    assert found["untouched weights"] == ["untouched"] * 7
    assert found["trained on the new"] == list(range(10, 20)) and found["trained by the memory"] == list(range(20))
    weights = np.exp(60 * keys(scans.x_test) @ keys(scans.x_train[:20]).T)
    votes = weights @ np.eye(10)[scans.y_train[:20]]
    np.testing.assert_array_equal(found["memory"], votes.argmax(axis=1))


def test_old_digits_are_kept_in_a_copy(taught):
    class Learner:
        steps = 0

        def partial_fit(self, x, y):
            assert (x[:, 0] == y).all()
            self.steps += 1

        def predict(self, x):
            return self.steps + len(x)

    cortex, scans = Learner(), type("Scans", (), {"x_train": np.arange(9.0)[:, None], "y_train": np.arange(9), "x_test": np.zeros((100, 1))})
    assert taught("taught", cortex=cortex, scans=scans)(np.array([2, 5])) == 160 and cortex.steps == 0
    scans.y_train = np.repeat(np.arange(10), 20)
    rows = taught("five_of_each", rng=np.random.default_rng(0), scans=scans)()
    assert len(set(rows)) == 50 and (scans.y_train[rows] == np.repeat(np.arange(10), 5)).all()
