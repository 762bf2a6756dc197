"""Functions that readers of lecture 13 see, against references that were not written here."""

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

SEEDS = range(3)


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    import keras
    import tensorflow as tf

    from course_utils.networks import recurrent, transformers

    def function(name, **given):
        return lecture("13_transformers").function(
            name, keras=keras, tf=tf, recurrent=recurrent, transformers=transformers, **given
        )

    return function


@pytest.fixture(scope="module")
def small():
    """A config of a small GPT and its weights, larger than at their start so that something happens."""
    from course_utils.networks import transformers

    config = transformers.Config(
        11, 16, 8, 2, 2, 32, segments=0, norm="pre", causal=True, activation="gelu_tanh", epsilon=1e-5
    )
    weights = transformers.first_weights(config, np.random.default_rng(13))
    rng = np.random.default_rng(31)
    return config, {name: (array + 0.3 * rng.normal(size=array.shape)).astype("float32") for name, array in weights.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_attention_equals_a_loop(taught, seed):
    rng = np.random.default_rng(seed)
    Q, K, V = rng.normal(size=(4, 6)), rng.normal(size=(5, 6)), rng.normal(size=(5, 3))
    hidden = np.where(rng.random((4, 5)) < 0.3, -1e9, 0.0)
    hidden[:, 0] = 0
    mixtures, weights = taught("attend")(Q, K, V, hidden)
    for i in range(4):
        seen = hidden[i] == 0
        alpha = softmax(K[seen] @ Q[i] / 6**0.5)
        np.testing.assert_allclose(np.asarray(weights)[i, seen], alpha, atol=1e-12)
        np.testing.assert_allclose(mixtures[i], alpha @ V[seen], atol=1e-12)


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_heads_are_attentions_side_by_side(taught, heads):
    rng = np.random.default_rng(heads)
    p = {"a.qkv": rng.normal(size=(8, 24)), "a.qkv.bias": rng.normal(size=24),
         "a.mixed": rng.normal(size=(8, 8)), "a.mixed.bias": rng.normal(size=8)}  # fmt: skip
    x, source = rng.normal(size=(2, 3, 8)), rng.normal(size=(2, 5, 8))
    out, weights = taught("multi_head")(p, "a", x, heads, source=source)
    d, joined = 8 // heads, []
    for h in range(heads):
        W, b = ([p[name][..., part * 8 + h * d:part * 8 + (h + 1) * d] for part in range(3)] for name in ("a.qkv", "a.qkv.bias"))
        Q, K, V = x @ W[0] + b[0], source @ W[1] + b[1], source @ W[2] + b[2]
        alpha = softmax(Q @ K.transpose(0, 2, 1) / d**0.5, axis=-1)
        np.testing.assert_allclose(np.asarray(weights)[:, h], alpha, atol=1e-12)
        joined.append(alpha @ V)
    np.testing.assert_allclose(out, np.concatenate(joined, axis=-1) @ p["a.mixed"] + p["a.mixed.bias"], atol=1e-10)


def test_masks(taught):
    mask = taught("causal")(4)
    assert all((mask[i, j] == 0) == (j <= i) for i in range(4) for j in range(4))
    ends = taught("padding")([1, 3], 4)
    assert ends.shape == (2, 1, 1, 4)
    np.testing.assert_array_equal(ends[:, 0, 0] == 0, [[True, False, False, False], [True, True, True, False]])


def test_positions_follow_their_equation(taught):
    table = taught("sinusoids")(30, 6)
    for t in (0, 7, 29):
        for i in range(3):
            angle = t / 10000 ** (2 * i / 6)
            assert table[t, 2 * i] == pytest.approx(np.sin(angle)) and table[t, 2 * i + 1] == pytest.approx(np.cos(angle))
    R = taught("rotation")(5, 6)
    np.testing.assert_allclose(R @ R.T, np.eye(6), atol=1e-12)
    np.testing.assert_allclose(table[:25] @ R, table[5:], atol=1e-12)


@pytest.mark.parametrize("pre", [False, True])
def test_blocks_equal_the_numpy_encoder(taught, small, pre):
    from dataclasses import replace

    from course_utils.networks import transformers

    config = replace(small[0], norm="pre" if pre else "post", causal=pre)
    rng = np.random.default_rng(5)
    p = {name: array + 0.3 * rng.normal(size=array.shape) for name, array in transformers.first_weights(config, rng).items()}
    p = {name: array.astype("float32") for name, array in p.items()}
    ids = rng.integers(11, size=(3, 9))
    x = p["tokens"][ids] + p["positions"][:9]
    if not pre:
        x = taught("layer_norm")(p, "embedding", x)
    ours = taught("stack_of_blocks")(p, x, 2, taught("causal")(9) if pre else 0.0, pre)
    np.testing.assert_allclose(ours, transformers.encode_numpy(p, ids, config=config)[0], atol=1e-4)


@pytest.mark.parametrize("post", [0, 1])
def test_either_block_is_the_block(taught, small, post):
    p, x = small[1], np.random.default_rng(6).normal(size=(2, 5, 8)).astype("float32")
    one = {name.replace("layer0.", "layer."): array for name, array in p.items()}
    np.testing.assert_allclose(
        taught("either_block")(one, x, np.float32(post)), taught("encoder_block")(p, "layer0", x, 2, pre=not post), atol=1e-5
    )


def test_the_learner_is_adam(taught):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(7)
    start, target = rng.normal(size=5).astype("float32"), rng.normal(size=(12, 5)).astype("float32")
    rates = np.linspace(0.1, 0.01, 12).astype("float32")
    learn = taught("make_learner")(lambda p, y: tf.reduce_sum((p["w"] - y) ** 2), longest=1e9)
    fresh = taught("fresh")
    state, losses = learn(fresh({"w": start}), (target,), rates)
    halfway, _ = learn(fresh({"w": start}), (target[:5],), rates[:5])
    again, _ = learn(halfway, (target[5:],), rates[5:])
    w, adam = tf.Variable(start), keras.optimizers.Adam(beta_2=0.99, epsilon=1e-8)
    for y, rate in zip(target, rates, strict=True):
        adam.learning_rate = rate
        adam.apply([2 * (w - y)], [w])
    np.testing.assert_allclose(state[1]["w"], w.numpy(), atol=1e-4)
    np.testing.assert_allclose(again[1]["w"], state[1]["w"], atol=1e-6)
    assert float(losses[0]) == pytest.approx(float(((start - target[0]) ** 2).sum()), rel=1e-5)


def test_gradients_are_cut(taught):
    import tensorflow as tf

    learn = taught("make_learner")(lambda p, y: 1000 * tf.reduce_sum(p["w"]), longest=1.0)
    (_, _, m, _), _ = learn(taught("fresh")({"w": np.zeros(4, "float32")}), (np.zeros((1, 1), "float32"),), np.ones(1, "float32"))
    assert np.linalg.norm(m["w"]) == pytest.approx(0.1, rel=1e-4)


def test_rates_rise_and_fall(taught):
    rates = taught("falling")(100, 0.5, warm_up=10)
    assert rates[0] == pytest.approx(0.05) and 0.4 < rates[9] < 0.5 and rates[99] == pytest.approx(0.005)
    assert taught("falling")(100, 0.5)[0] == pytest.approx(0.5)


def test_tasks_have_the_right_answers(taught):
    given = {"SYMBOLS": 12, "LENGTH": 12, "KEYS": 40, "VALUES": 8, "rng": np.random.default_rng(8)}
    x, y = taught("two_letters", **given)(3, 50)
    assert x.shape == (3, 50, 12) and y.shape == (3, 50)
    for row, answer in zip(x.reshape(-1, 12).tolist(), y.reshape(-1), strict=True):
        assert row.count(0) == row.count(1) == 1 and (row.index(0) < row.index(1)) == answer
    x, y = taught("lookups", **given)(6, 40)
    for row, answer in zip(x.tolist(), y, strict=True):
        *pairs, question = row
        assert len({key for key, _ in pairs}) == 6 and question[1] == 8
        assert dict(pairs)[question[0]] == answer


def test_counting_knows_chains_and_products(taught):
    import tensorflow as tf

    W = tf.ones((5, 5))
    chain, multiplications = taught("count_products")(lambda x: (x @ W) @ W + x @ W, 3, 5)
    assert chain == 2 and multiplications == 3 * 3 * 25
    chain, multiplications = taught("count_products")(lambda x: tf.matmul(x, x, transpose_a=True), 7, 5)
    assert chain == 1 and multiplications == 7 * 25
    chain, multiplications = taught("count_products")(lambda x: tf.matmul(x, x, transpose_b=True), 2, 7, 5)
    assert chain == 1 and multiplications == 2 * 49 * 5
    chain, multiplications = taught("count_products")(lambda x: tf.matmul(x, x, transpose_a=True), 2, 7, 5)
    assert chain == 1 and multiplications == 2 * 7 * 25


def test_the_unrolled_lstm_is_keras_lstm(taught):
    import keras

    rng = np.random.default_rng(9)
    p, x = taught("lstm_weights")(4, rng), rng.normal(size=(2, 6, 4)).astype("float32")
    layer = keras.layers.LSTM(4)
    layer.build(x.shape)
    layer.set_weights([p["kernel"], p["recurrent"], p["bias"]])
    np.testing.assert_allclose(taught("lstm_unrolled")(p, x), layer(x), atol=1e-5)


def test_gpt_place_by_place_and_whole(taught, small):
    from course_utils.networks import transformers

    config, p = small
    ids = np.random.default_rng(10).integers(11, size=(3, 12)).astype("int32")
    whole = taught("gpt")(p, ids, heads=2)
    np.testing.assert_allclose(whole, transformers.logits(p, transformers.encode(p, ids, config=config)), atol=1e-4)
    cache = taught("empty_cache")(p, 3, 12, heads=2)
    for t in range(12):
        logits, cache = taught("next_logits")(p, t, ids[:, t], cache, heads=2)
        np.testing.assert_allclose(logits, whole[:, t], atol=1e-4)
    surprise = -np.take_along_axis(log_softmax(np.asarray(taught("gpt")(p, ids[:, :-1], heads=2)), axis=-1), ids[:, 1:, None], -1)
    assert float(taught("cross_entropy")(ids[:, 1:], taught("gpt")(p, ids[:, :-1], heads=2))) == pytest.approx(surprise.mean(), rel=1e-4)


@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_allowed(taught, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(4, 9)).astype("float32") * 2
    temperature, top_k = np.array([1, 0.5, 2, 1], "float32"), np.array([9, 3, 9, 2], "int32")
    top_p = np.array([1, 1, 0.6, 0.5], "float32")
    out = np.asarray(taught("allowed")(logits, temperature, top_k, top_p))
    for row in range(4):
        p = softmax(logits[row] / temperature[row])
        order, kept, total = np.argsort(-p), set(), 0.0
        for place in order[: top_k[row]]:
            if total >= top_p[row] and kept:
                break
            kept.add(int(place))
            total += p[place]
        assert set(np.flatnonzero(out[row] > -1e8)) == kept
        left = sorted(kept)
        np.testing.assert_allclose(out[row, left], logits[row, left] / temperature[row], rtol=1e-5)


def test_greedy_writing_takes_the_likeliest(taught, small):
    p = {name: np.asarray(array) for name, array in small[1].items()}
    four = {**p}
    ids = np.random.default_rng(11).integers(11, size=(2, 3)).astype("int32")
    settings = np.full(2, 1e-3, "float32"), np.full(2, 11, "int32"), np.ones(2, "float32")
    text = np.asarray(taught("write")(four, ids, 9, np.int32(5), *settings))
    np.testing.assert_array_equal(text[:, :3], ids)
    for t in range(3, 9):
        np.testing.assert_array_equal(text[:, t], np.asarray(taught("gpt")(four, text[:, :t], heads=4))[:, -1].argmax(axis=1))


def test_sizes_are_sums_over_arrays(taught):
    from course_utils.networks import transformers

    config = transformers.Config(300, 50, 16, 3, 4, 64, segments=0, norm="pre", causal=True)
    assert taught("num_gpt")(3, 16, 300, 50) == transformers.parameters(config)
    import keras

    w, inner = 8, 24
    attention = keras.layers.MultiHeadAttention(2, w // 2)
    attention.build((1, 1, w), (1, 1, w))
    dense = [keras.layers.Dense(inner), keras.layers.Dense(w)]
    dense[0].build((1, w)), dense[1].build((1, inner))
    norm = keras.layers.LayerNormalization()
    norm.build((1, w))
    forward = sum(layer.count_params() for layer in dense)
    encoder = attention.count_params() + forward + 2 * norm.count_params()
    decoder = 2 * attention.count_params() + forward + 3 * norm.count_params()
    assert taught("num_translator")(w, inner, layers=2, symbols=100) == 2 * (encoder + decoder) + 100 * w


def test_slope_finds_the_exponent(taught):
    x = np.array([10.0, 300.0, 5000.0])
    assert taught("slope")(x, 7 * x**-0.2) == pytest.approx(-0.2)
