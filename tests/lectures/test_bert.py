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
    ids = np.array([[2, 5, 6, 7, 3], [2, 5, 6, 8, 3], [2, 9, 6, 7, 3], [2, 9, 6, 7, 3], [2, 6, 8, 9, 3]])
    table = taught("tables", pieces=pieces)(ids)
    assert table["unigram"][0] == 6
    assert table["left"][6] == 7
    assert table["both"][5 * 20 + 8] == 6
    said = taught("guesses", pieces=pieces)(table, ids, np.array([0, 1, 4, 0]), np.array([3, 2, 2, 1]))
    assert said["unigram"].tolist() == [6, 6, 6, 6]
    assert said["left"].tolist() == [7, 6, 7, said["left"][3]]
    assert said["left"][3] in (5, 9)
    assert said["both"].tolist() == [7, 6, 8, said["both"][3]], "the right neighbour decides the third"


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


# What the trainings are made of, each against another way


def some(rng, *shape):
    return rng.normal(size=shape).astype("float32")


@pytest.fixture(scope="module")
def tiny():
    """A small BERT with all its heads and weights that do something."""
    config = transformers.Config(30, 12, 16, 2, 4, 32)
    rng = np.random.default_rng(5)
    weights = transformers.first_weights(config, rng)
    return config, {name: (array + 0.3 * rng.normal(size=array.shape)).astype("float32") for name, array in weights.items()}


def test_heads_of_pre_training_equal_the_equations(taught, tiny):
    _, w = tiny
    rng = np.random.default_rng(0)
    x, places = some(rng, 3, 6, 16), rng.integers(0, 6, size=(3, 2))
    h = np.take_along_axis(x, places[..., None], axis=1) @ w["masked"] + w["masked.bias"]
    h = h * (1 + erf(h / 2**0.5)) / 2
    h = (h - h.mean(axis=-1, keepdims=True)) / h.std(axis=-1, keepdims=True) * w["masked.scale"] + w["masked.shift"]
    np.testing.assert_allclose(taught("name_pieces")(w, x, places), h @ w["tokens"].T + w["decoder.bias"], atol=1e-3)
    first = np.tanh(x[:, 0] @ w["pooler"] + w["pooler.bias"])
    np.testing.assert_allclose(taught("summary")(w, x), first, atol=1e-5)
    np.testing.assert_allclose(taught("follows")(w, x), first @ w["next_sentence"] + w["next_sentence.bias"], atol=1e-4)


def test_the_comparison_is_close_and_would_show_a_difference(taught, tiny):
    config, asked = tiny[0], []
    given = {"rng": np.random.default_rng(0), "transformers": transformers}
    assert taught("compare", **given)(config) < 1e-4
    bert = taught("bert")

    def watched(w, ids, segments, heads):
        asked.append((ids, segments, w))
        states, looks = bert(w, ids, segments, heads)
        return states * 1.01, looks

    assert taught("compare", bert=watched, **given)(config) > 1e-3
    ids, segments, w = asked[0]
    assert ids.shape == (3, 12) and ids[ids != 0].min() >= 5 and (ids == 0).any() and (ids[:, :4] > 0).all()
    assert (np.diff(ids == 0, axis=1) >= 0).all() and (np.diff(segments, axis=1) >= 0).all() and set(segments.ravel()) == {0, 1}
    assert w["layer0.inner"].std() == pytest.approx(1 / 4, rel=0.1)


def test_losses_count_the_blanks_alone(taught, tiny):
    _, w = tiny
    rng = np.random.default_rng(0)
    ids, segments = rng.integers(5, 30, size=(3, 8)), rng.integers(0, 2, size=(3, 8))
    places, answers, counts = rng.integers(0, 8, size=(3, 2)), rng.integers(5, 30, size=(3, 2)), np.array([[1, 1], [1, 0], [0, 0]], "float32")
    is_next = np.array([1, 0, 1])
    states, _ = taught("bert")(w, ids, segments)
    p = softmax(taught("name_pieces")(w, states, places).numpy(), axis=-1)
    q = softmax(taught("follows")(w, states).numpy(), axis=-1)
    blanks, question = taught("losses_of")(w, ids, segments, is_next, places, answers, counts)
    nats = -np.log(np.take_along_axis(p, answers[..., None], -1)[..., 0])
    assert float(blanks) == pytest.approx((nats[0, 0] + nats[0, 1] + nats[1, 0]) / 3, rel=1e-3)
    assert float(question) == pytest.approx(-np.log(q[np.arange(3), is_next]).mean(), rel=1e-3)
    both = taught("answer")(w, ids, segments, places)
    np.testing.assert_allclose(softmax(both[0], axis=-1), p, atol=1e-5)
    np.testing.assert_allclose(softmax(both[1], axis=-1), q, atol=1e-5)


class Kept:
    """An optimizer that keeps what it is given."""

    def __init__(self, like):
        import tensorflow as tf

        self.variables = [tf.Variable(tf.zeros_like(part)) for part in (*like, 0.0, 0.0)]

    def apply(self, slopes, step, rate):
        for variable, part in zip(self.variables, (*slopes, step, rate), strict=True):
            variable.assign(part)


def test_an_update_follows_both_losses(taught):
    import tensorflow as tf

    weights, kept = {"a": tf.Variable(2.0), "b": tf.Variable(5.0)}, Kept([0.0, 0.0])
    given = {"w": weights, "adam": kept, "losses_of": lambda w, x: (x * w["a"] ** 2, 3 * w["b"])}
    assert float(taught("update", **given)((tf.constant(10.0),), tf.constant(7.0), tf.constant(0.5))) == 40
    assert [float(part) for part in kept.variables] == [40, 3, 7, 0.5]


def test_questions_are_asked_in_whole_batches(taught):
    import tensorflow as tf

    asked = []

    def answer(w, shown, segments, places):
        asked.append(len(shown))
        assert (segments == 2 * shown).all() and (places == 3 * shown).all()
        return tf.constant(shown * 10), tf.constant(shown + 1)

    numbers = np.arange(300)
    first, second = taught("ask", answer=answer)(None, numbers, 2 * numbers, 3 * numbers)
    assert asked == [128] * 3
    np.testing.assert_array_equal(first, numbers * 10)
    np.testing.assert_array_equal(second, numbers + 1)
    asked.clear()
    assert len(taught("ask", answer=answer)(None, numbers[:6], 2 * numbers[:6], 3 * numbers[:6], batch=3)[0]) == 6
    assert asked == [3, 3]


def test_training_goes_on_through_the_rows_with_a_warm_up(taught):
    asked, curve = [], [0.0] * 3
    training = (np.arange(50), np.arange(50) * 2)
    given = {"ROWS": 8, "PEAK": 0.5, "UPDATES": 100, "curve": curve, "training": training}
    taught("train", update=lambda batch, taken, rate: asked.append((batch, taken, rate)) or 1.0, **given)(9)
    assert len(curve) == 12
    for number, (batch, taken, rate) in enumerate(asked):
        at = (number + 3) * 8 % 42
        np.testing.assert_array_equal(batch[0], np.arange(at, at + 8))
        np.testing.assert_array_equal(batch[1], 2 * batch[0])
        assert taken == number + 4 and rate == pytest.approx(0.5 * min((number + 4) / 10, 1.02 - (number + 4) / 100), rel=1e-5)


def test_pieces_of_the_library_have_more_than_one_letter(taught):
    import tokenizers

    words = {"aab": 30, "aac": 20, "bcb": 9}
    for count in (1, 2, 3):
        made = taught("library_pieces", tokenizers=tokenizers)(words, count)
        assert len(made) == count and all(len(piece.removeprefix("##")) > 1 for piece in made)


def test_chances_are_read_at_the_blank(taught):
    asked = []

    def encode_pairs(tokeniser, sentences, seconds, length):
        assert (tokeniser, seconds, length) == ("pieces", None, 64)
        return np.array([[2, 9, 4, 3], [2, 4, 9, 3]]), np.zeros((2, 4), int)

    def ask(w, x, side, places):
        asked.append(places.tolist())
        return np.arange(2 * 1 * 5, dtype=float).reshape(2, 1, 5), None

    given = {"text": type("Text", (), {"encode_pairs": staticmethod(encode_pairs)}), "tokeniser": "pieces", "ask": ask}
    found = taught("chances", **given)(None, ["one", "two"])
    assert asked == [[[2], [1]]]
    np.testing.assert_allclose(found, softmax(np.arange(10.0).reshape(2, 5), axis=1))


def test_cases_cover_one_member_each(taught):
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "array", "_", "like", "x"]
    ids = np.array([[2, 5, 6, 7, 3], [2, 8, 6, 7, 3], [2, 7, 8, 7, 3]])
    given = {"new_ids": ids, "new_segments": ids * 10, "pieces": pieces, "rng": np.random.default_rng(0)}
    x, side, places, true = taught("cases", **given)([7])
    assert sorted(zip(places[:, 0].tolist(), x[:, 1].tolist(), strict=True)) == [(1, 4), (3, 5), (3, 7), (3, 8)] and set(true) == {7}
    for row, segment, place in zip(x, side, places[:, 0], strict=True):
        assert row[place] == 4 and (row == 4).sum() == 1
        filled = np.where(np.arange(5) == place, 7, row)
        np.testing.assert_array_equal(segment, filled * 10)
    np.testing.assert_array_equal(ids[2], [2, 7, 8, 7, 3])
    x, _, places, true = taught("cases", **given)([6, 8])
    assert true.tolist() == [6] and places.tolist() == [[2]] and x[0].tolist() == [2, 5, 4, 7, 3]
    assert len(taught("cases", **given)([7], most=2)[0]) == 2


def test_what_heads_do_on_average(taught):
    rng = np.random.default_rng(0)
    looks = softmax(rng.normal(size=(2, 3, 4, 5, 5)), axis=-1)
    x, asking = rng.integers(2, 6, size=(3, 5)), np.zeros((3, 5), bool)
    asking[0, 1:3] = asking[2, 2] = True
    run = lambda w, ids, side: (None, [type("Layer", (), {"numpy": lambda self, part=part: part})() for part in looks])  # noqa: E731
    maps, means = taught("where_heads_look", run_bert=run, x=x, side=None, asking=asking, SEP=3)(None)
    np.testing.assert_array_equal(maps, looks)
    rows = [(n, i) for n, i in np.argwhere(asking)]
    for layer in range(2):
        for head in range(4):
            own = [looks[layer, n, head, i] for n, i in rows]
            assert means["one to the left"][layer, head] == pytest.approx(np.mean([p[i - 1] for p, (_, i) in zip(own, rows, strict=True)]))
            assert means["one to the right"][layer, head] == pytest.approx(np.mean([p[i + 1] for p, (_, i) in zip(own, rows, strict=True)]))
            assert means["[SEP]"][layer, head] == pytest.approx(np.mean([p[x[n] == 3].sum() for p, (n, _) in zip(own, rows, strict=True)]))
            assert means["entropy in bits"][layer, head] == pytest.approx(np.mean([-(p * np.log2(p)).sum() for p in own]))


class Part:
    """Examples of a task."""

    def __init__(self, first, second, labels):
        self.first, self.second, self.labels = first, second, np.asarray(labels)


def test_all_contenders_read_the_same_whole_words(taught):
    from course_utils import text

    tasks = type("Datasets", (), {"docstring_tasks": type("Tasks", (), {"Examples": Part})})
    digits = text.wordpiece([*text.SPECIALS, *"0123456789", *(f"##{digit}" for digit in range(10))])
    cut = taught("taken_from", datasets=tasks, tokeniser_small=digits)
    long = " ".join(map(str, range(40)))  # one piece each up to 9, two from 10 on

    def up_to(number):
        return " ".join(map(str, range(number)))

    made = cut(Part(["x", long, "y z"], None, [5, 6, 7]), np.array([2, 1]))
    assert made.first == ["y z", up_to(20)] and made.second is None and made.labels.tolist() == [7, 6]
    made = cut(Part([long, "a"], ["b", long], [0, 1]), np.array([0, 1]))
    assert (made.first, made.second) == ([up_to(11), "a"], ["b", up_to(13)])  # the 17th piece is half of a word
    ids, _ = text.encode_pairs(digits, [up_to(11)], [up_to(13)], length=32)
    assert text.SEP == ids[0, -1] or (ids[0] == 0).any(), "a row has room for all of it"
    assert cut(Part(["1" * 40], None, [0]), np.array([0])).first == [""]


def test_features_are_the_pooler_and_the_mean_of_what_is_real(taught, tiny):
    _, w = tiny
    ids = np.array([[2, 9, 3, 0, 0, 0], [2, 7, 8, 3, 9, 3]])
    segments = np.zeros((2, 6), int)
    states = taught("bert")(w, ids, segments)[0].numpy()
    found = taught("describe")(w, ids, segments).numpy()
    np.testing.assert_allclose(found[:, :16], np.tanh(states[:, 0] @ w["pooler"] + w["pooler.bias"]), atol=1e-4)
    np.testing.assert_allclose(found[:, 16:], [states[0, :3].mean(axis=0), states[1].mean(axis=0)], atol=1e-4)


def test_features_are_made_in_whole_batches(taught):
    import tensorflow as tf

    asked = []

    def described(w, ids, segments):
        asked.append(len(ids))
        return tf.constant(ids * 2 + segments)

    part = np.arange(300), np.ones(300, int), np.zeros(300)
    np.testing.assert_array_equal(taught("features_of", described=described)(None, part), 2 * np.arange(300) + 1)
    assert asked == [128] * 3
    asked.clear()
    taught("features_of", described=described)(None, tuple(half[:6] for half in part), batch=3)
    assert asked == [3, 3]


@pytest.mark.parametrize("classes", [2, 5])
def test_a_regression_becomes_a_layer(taught, classes):
    rng = np.random.default_rng(0)
    features, labels = rng.normal(size=(200, 128)), np.arange(200) % classes
    features[np.arange(200), labels] += 2
    model = taught("regress")(features, labels)
    layer = taught("last_layer")(model)
    scores = features @ layer["head"] + layer["head.bias"]
    assert layer["head"].shape == (128, 5) and scores.shape == (200, 5)
    np.testing.assert_allclose(softmax(scores, axis=1)[:, :classes], model.predict_proba(features), atol=1e-5)
    np.testing.assert_allclose(scores[:, classes:], -20)
    p, onto = model.predict_proba(features), np.eye(classes)[labels]  # where the slope of loss and penalty is zero
    slope = features.T @ (p - onto)
    slope = slope[:, 1:] + model.coef_.T / 0.1 if classes == 2 else slope + model.coef_.T / 0.1
    np.testing.assert_allclose(slope, 0, atol=0.05)


def test_tuning_steps_by_the_mean_loss_of_the_head(taught, tiny):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    f = {"head": tf.Variable(some(rng, 3, 5)), "head.bias": tf.Variable(some(rng, 5))}
    features, labels, kept = some(rng, 4, 3), np.array([0, 4, 2, 2]), Kept(f.values())
    given = {"f": f, "tuner": kept, "describe": lambda w, ids, segments: tf.constant(features)}
    taught("tune", **given)(None, None, tf.constant(labels), tf.constant(3.0), tf.constant(0.1))
    p = softmax(features @ f["head"].numpy() + f["head.bias"].numpy(), axis=1) - np.eye(5)[labels]
    np.testing.assert_allclose(kept.variables[0], features.T @ p / 4, atol=1e-5)
    np.testing.assert_allclose(kept.variables[1], p.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose([part.numpy() for part in kept.variables[2:]], [3, 0.1], rtol=1e-6)


@pytest.mark.parametrize("pretrained", [True, False])
def test_fine_tuning_starts_from_a_regression_and_takes_each_example_in_turn(taught, pretrained):
    import tensorflow as tf

    tuned, moment = [], tf.Variable(7.0)
    labels, test_labels = np.arange(40) % 5, np.array([0, 1, 2, 4])
    rows = {"task": ((np.arange(40), np.arange(40) + 1, labels), ("test", None, test_labels))}
    f = {name: tf.Variable(np.zeros(shape, "float32")) for name, shape in (("body", 2), ("head", (5, 5)), ("head.bias", 5))}
    frozen = {"task": (np.eye(5)[labels],)}

    def regress(features, wanted):
        np.testing.assert_array_equal(features, np.eye(5)[wanted] * (1 if pretrained else 2))
        return wanted

    def features_of(w, part):
        if isinstance(part[0], str):
            assert w is f
            return np.eye(5)[[0, 1, 2, 3]]
        return 2 * np.eye(5)[part[2]]

    given = {
        "rows": rows, "RATES": {"task": 0.5, "from scratch": 0.1}, "known": {"body": np.array([1.0, 2.0])}, "frozen": frozen, "f": f,
        "regress": regress, "features_of": features_of, "last_layer": lambda labels: {"head": np.eye(5), "head.bias": np.full(5, 0.5)},
        "tuner": type("T", (), {"variables": {"m": moment}}), "tune": lambda *parts: tuned.append(parts), "config": None,
        "transformers": type("T", (), {"mimetic": staticmethod(lambda w, config: w),
                                       "first_weights": staticmethod(lambda config, rng, names, spread: {"body": np.array([3.0, spread])})}),
        "rng": np.random.default_rng(0),
    }  # fmt: skip
    chosen = np.arange(0, 40, 2)
    share = taught("fine_tune", **given)("task", chosen, pretrained, 30, batch=4)
    assert share == 0.75 and moment.numpy() == 0
    np.testing.assert_allclose(f["body"], [1, 2] if pretrained else [3, 0.05], rtol=1e-6)
    assert len(tuned) == 30
    seen = np.concatenate([ids for ids, *_ in tuned])
    assert len(seen) == 120 and all(sorted(seen[at : at + 20]) == chosen.tolist() for at in range(0, 120, 20))
    for step, (ids, segments, wanted, number, rate) in enumerate(tuned, start=1):
        assert (segments == ids + 1).all() and (wanted == ids % 5).all() and number == step and len(ids) == 4
        assert rate == pytest.approx((0.5 if pretrained else 0.1) * min(step / 3, 1.02 - step / 30), rel=1e-5)


@pytest.mark.parametrize("paired", [False, True])
def test_weighed_words_tell_classes_apart(taught, paired):
    from scipy import sparse
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(0)
    words = [f"word{k}" for k in range(12)]
    labels = rng.integers(0, 2, size=120)
    first = [" ".join(rng.choice(words[: 8 if label else 12], size=6)) for label in labels]
    second = [one if label else " ".join(rng.choice(words, size=6)) for one, label in zip(first, labels, strict=True)] if paired else None

    def cut(start, stop):
        return Part(first[start:stop], second and second[start:stop], labels[start:stop])

    given = {"pools": {"task": "all"}, "exams": {"task": cut(60, 120)}, "taken_from": lambda pool, chosen: cut(0, 60)}
    given |= {"TfidfVectorizer": TfidfVectorizer, "LogisticRegression": LogisticRegression, "sparse": sparse}
    share = taught("tf_idf", **given)("task", None)
    counter = TfidfVectorizer(sublinear_tf=True).fit([*first[:60], *(second[:60] if paired else [])])

    def features(rows):
        one = counter.transform([first[k] for k in rows]).toarray()
        if not paired:
            return one
        product = one * counter.transform([second[k] for k in rows]).toarray()
        return np.column_stack([product, product.sum(axis=1)])

    model = LogisticRegression(C=10, max_iter=400).fit(features(range(60)), labels[:60])
    assert share == pytest.approx(model.score(features(range(60, 120)), labels[60:])) and share > 0.6


def test_rows_are_drawn_class_by_class(taught):
    labels = np.array([0] * 30 + [1] * 4 + [4] * 10)
    draw = taught("draw", rng=np.random.default_rng(0))
    for count, expected in ((6, [2, 2, 2]), (12, [4, 4, 4]), (16, [6, 4, 6])):
        chosen = draw(labels, count)
        assert len(set(chosen)) == count and np.bincount(labels[chosen], minlength=5)[[0, 1, 4]].tolist() == expected
    assert len({int(row) for _ in range(30) for row in draw(labels, 3)}) > 25


def test_results_are_kept_by_name_task_and_count(taught):
    results = {}
    for share in (0.5, 0.7):
        taught("measured", results=results)("scratch", ("task", 8, "seed"), share)
    assert results == {("scratch", "task", 8): [0.5, 0.7]}
    average = {("a", "x", 8): 0.5, ("a", "y", 8): 0.7}
    assert taught("over_tasks", average=average, tasks=["x", "y"])("a", 8) == pytest.approx(0.6)
    calls = []
    given = {"STEPS": {8: 20, 16: 40}, "SEEDS": 2, "chosen": {("t", n, s): (n, s) for n in (8, 16) for s in (0, 1)}, "results": {}}
    taught("tune_all", fine_tune=lambda *parts: calls.append(parts) or 0.25, **given)("t", True)
    assert calls == [("t", (8, 0), True, 20), ("t", (8, 1), True, 20), ("t", (16, 0), True, 40), ("t", (16, 1), True, 40)]
    assert given["results"] == {("fine-tuned", "t", 8): [0.25] * 2, ("fine-tuned", "t", 16): [0.25] * 2}


def test_only_what_may_be_chosen_is_covered(taught):
    cover, edge = taught("cover", pieces=PIECES), np.array([[0, 1, 2, 3, 4, 5, 6]] * 400)
    _, chosen = cover(edge, np.random.default_rng(0), share=1.0)
    np.testing.assert_array_equal(chosen[0], [0, 0, 0, 0, 0, 1, 1])
    shown, chosen = cover(np.full((200, 200), 9), np.random.default_rng(0))
    assert chosen.mean() == pytest.approx(0.15, abs=0.01)
    assert (shown[chosen] == 4).mean() == pytest.approx(0.8, abs=0.02)
    others = shown[chosen & (shown != 4) & (shown != 9)]
    assert set(others) == set(range(5, len(PIECES))) - {9}
