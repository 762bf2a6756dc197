"""The fast transformer computes what Keras's layers do, and its helpers what they say."""

import subprocess
import sys

import numpy as np
import pytest

from course_utils.networks import transformers
from course_utils.networks.transformers import Config, first_weights, parameters, shapes
from tests.plain_encoder import encode_numpy

TOLERANCE = 1e-5
KINDS = {
    "BERT": {},
    "BERT, three segments": {"segments": 3, "heads": 1},
    "pre-norm": {"norm": "pre", "segments": 0, "activation": "gelu_tanh", "epsilon": 1e-5},
    "GPT": {"norm": "pre", "causal": True, "segments": 0, "activation": "gelu_tanh", "epsilon": 1e-5},
    "post-norm, causal": {"causal": True},
}
MODES = ["eager", "graph", "XLA"]


@pytest.fixture(scope="module")
def tf():
    return pytest.importorskip("tensorflow")


def config_of(**changes):
    return Config(**{"vocabulary": 23, "length": 9, "width": 12, "layers": 2, "heads": 3, "inner": 20} | changes)


def drawn(config, seed=0, heads=None):
    """Weights that are far from the first ones, so that every one of them matters."""
    rng = np.random.default_rng(seed)
    return {
        name: (array + 0.3 * rng.standard_normal(array.shape)).astype("float32")
        for name, array in first_weights(config, rng, heads).items()
    }


def example(config, n=3, time=7, seed=1):
    """Symbols, segments and a mask with padding at the end, in the middle and nowhere."""
    rng = np.random.default_rng(seed)
    mask = np.ones((n, time), bool)
    mask[-1, time // 2 + 1 :] = False
    mask[n // 2, 1:2] = time < 2
    segments = rng.integers(0, config.segments, (n, time)) if config.segments else None
    return rng.integers(0, config.vocabulary, (n, time)), segments, mask


def of_keras(tf, weights, ids, segments, mask, config):
    """The same network made of Keras's layers, with copied weights: hidden states, attention of all layers."""
    import keras
    from keras import layers

    heads, depth, width = config.heads, config.width // config.heads, config.width
    n, time = ids.shape
    visible = np.broadcast_to(np.ones((n, 1, time), bool) if mask is None else mask[:, None, :], (n, time, time))
    visible = visible & np.tri(time, dtype=bool) if config.causal else visible
    seen = []

    def norm(x, name):
        layer = layers.LayerNormalization(epsilon=config.epsilon)
        layer.build(x.shape)
        layer.set_weights([weights[f"{name}.scale"], weights[f"{name}.shift"]])
        return layer(x)

    def mix(x, name):
        layer = layers.MultiHeadAttention(heads, depth)
        layer.build(x.shape, x.shape)
        kernels = [part.reshape(width, heads, depth) for part in np.split(weights[f"{name}.qkv"], 3, axis=1)]
        biases = [part.reshape(heads, depth) for part in np.split(weights[f"{name}.qkv.bias"], 3)]
        q, k, v = zip(kernels, biases, strict=True)
        ordered = {"query": q, "key": k, "value": v}
        out = [weights[f"{name}.mixed"].reshape(heads, depth, width), weights[f"{name}.mixed.bias"]]
        layer.set_weights([*ordered["query"], *ordered["key"], *ordered["value"], *out])
        mixed, scores = layer(x, x, attention_mask=visible, return_attention_scores=True)
        seen.append(scores)
        return mixed

    def forward(x, name):
        def gelu(z):
            return keras.activations.gelu(z, approximate=config.activation == "gelu_tanh")

        inner, outer = layers.Dense(config.inner, gelu), layers.Dense(width)
        for layer, part, shape in ((inner, "inner", width), (outer, "outer", config.inner)):
            layer.build((None, shape))
            layer.set_weights([weights[f"{name}.{part}"], weights[f"{name}.{part}.bias"]])
        return outer(inner(x))

    x = tf.gather(weights["tokens"], ids) + weights["positions"][:time]
    if config.segments:
        x += tf.gather(weights["segments"], np.zeros_like(ids) if segments is None else segments)
    x = norm(x, "embedding") if config.norm == "post" else x
    for number in range(config.layers):
        name = f"layer{number}"
        if config.norm == "post":
            x = norm(x + mix(x, name), f"{name}.attention")
            x = norm(x + forward(x, name), f"{name}.forward")
        else:
            x = x + mix(norm(x, f"{name}.attention"), name)
            x = x + forward(norm(x, f"{name}.forward"), name)
    return (norm(x, "last") if config.norm == "pre" else x), tf.stack(seen)


def assert_near(found, expected, tolerance=TOLERANCE):
    found, expected = np.asarray(found), np.asarray(expected)
    assert found.shape == expected.shape and np.isfinite(found).all()
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


# The encoder


@pytest.mark.filterwarnings("ignore:You are using a softmax over axis")
@pytest.mark.parametrize("kind", KINDS)
def test_encoder_is_that_of_keras_layers(tf, kind):
    config = config_of(**KINDS[kind])
    weights = drawn(config)
    for (n, time), masked in (((3, 7), True), ((1, 9), False), ((2, 1), False)):
        ids, segments, mask = example(config, n, time)
        mask = mask if masked else None
        expected = of_keras(tf, weights, ids, segments, mask, config)
        for mode in MODES if (n, time) == (3, 7) else ["eager"]:

            def run(ids=ids, segments=segments, mask=mask):
                return transformers.encode(weights, ids, segments, mask, config=config, return_attention=True)

            found = run() if mode == "eager" else tf.function(run, jit_compile=mode == "XLA")()
            assert_near(found[0], expected[0])
            rows = slice(None) if mask is None else np.flatnonzero(mask.all(1))  # Keras leaves no row without a key
            assert_near(np.asarray(found[1])[:, rows], np.asarray(expected[1])[:, rows])
            np.testing.assert_allclose(np.asarray(found[1]).sum(-1), 1, atol=1e-5)
        assert_near(encode_numpy(weights, ids, segments, mask, config=config)[0], expected[0])


@pytest.mark.parametrize("kind", ["BERT", "GPT"])
def test_gradients_are_those_of_keras_layers(tf, kind):
    config = config_of(**KINDS[kind], layers=1)
    weights = drawn(config)
    ids, segments, mask = example(config)
    slopes = []
    tables = {name: tf.constant(weights[name]) for name in ("tokens", "positions")}
    for encode in (
        lambda changed: transformers.encode(weights | changed, ids, segments, mask, config=config),
        lambda changed: of_keras(tf, weights | changed, ids, segments, mask, config)[0],
    ):
        with tf.GradientTape() as tape:
            tape.watch(tables)
            loss = tf.reduce_sum(tf.sin(encode(tables)) * mask[..., None])
        slopes.append([tf.convert_to_tensor(slope).numpy() for slope in tape.gradient(loss, tables).values()])
    for found, expected in zip(*slopes, strict=True):
        assert np.abs(expected).max() > 0.1
        assert_near(found, expected, 1e-4)


@pytest.mark.parametrize("kind", ["BERT", "GPT"])
def test_every_gradient_is_the_slope(tf, kind):
    """Central differences along a random direction of each weight, in float64."""
    config = config_of(**KINDS[kind], layers=1)
    weights = {name: tf.constant(array, tf.float64) for name, array in drawn(config).items()}
    ids, segments, mask = example(config)
    places = np.array([[0, 2], [1, 3], [5, 5]])

    def loss_of(weights):
        hidden = transformers.encode(weights, ids, segments, mask, config=config, dropout=0.2, seed=5)
        if config.causal:
            return tf.reduce_mean(tf.sin(transformers.logits(weights, hidden)))
        return tf.reduce_mean(tf.sin(transformers.masked_logits(weights, hidden, places))) + tf.reduce_mean(
            tf.sin(transformers.next_sentence_logits(weights, hidden))
        )

    with tf.GradientTape() as tape:
        tape.watch(weights)
        loss = loss_of(weights)
    slopes, rng = tape.gradient(loss, weights), np.random.default_rng(2)
    assert all(slope is not None for slope in slopes.values())
    for name, slope in slopes.items():
        way = 1e-5 * rng.standard_normal(slope.shape)
        up, down = (loss_of(weights | {name: weights[name] + sign * way}).numpy() for sign in (1, -1))
        expected = (tf.convert_to_tensor(slope).numpy() * way).sum()
        assert (up - down) / 2 == pytest.approx(expected, rel=1e-5, abs=1e-13), name


def test_padding_changes_nothing_and_nothing_looks_ahead(tf):
    config = config_of()
    weights, (ids, segments, _) = drawn(config), example(config)
    short = transformers.encode(weights, ids[:, :5], segments[:, :5], config=config)
    mask = np.arange(7) < np.array([[5]] * 3)
    longer = transformers.encode(weights, ids, segments, mask, config=config)
    assert_near(longer[:, :5], short)
    config = config_of(**KINDS["GPT"])
    weights = drawn(config)
    changed = ids.copy()
    changed[:, 4:] = (changed[:, 4:] + 1) % config.vocabulary
    one, other = (transformers.encode(weights, part, config=config).numpy() for part in (ids, changed))
    assert_near(one[:, :4], other[:, :4])
    assert np.abs(one[:, 4:] - other[:, 4:]).max() > 0.01


def test_heads_are_what_they_say(tf):
    from scipy.special import erf

    config = config_of()
    w, (ids, segments, mask) = drawn(config), example(config)
    hidden = encode_numpy(w, ids, segments, mask, config=config)[0].astype("float32")
    places = np.array([[1, 0], [2, 6], [3, 3]])
    x = hidden[np.arange(3)[:, None], places] @ w["masked"] + w["masked.bias"]
    x = 0.5 * x * (1 + erf(x / np.sqrt(2)))
    x = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True) * w["masked.scale"] + w["masked.shift"]
    assert_near(transformers.masked_logits(w, hidden, places), x @ w["tokens"].T + w["decoder.bias"])
    top = np.tanh(hidden[:, 0] @ w["pooler"] + w["pooler.bias"])
    assert_near(transformers.pooled(w, hidden), top)
    expected = top @ w["next_sentence"] + w["next_sentence.bias"]
    assert_near(transformers.next_sentence_logits(w, hidden), expected)
    assert_near(transformers.logits(w, hidden), hidden @ w["tokens"].T)


# Dropout


def test_dropout_drops_its_share_anew_for_each_seed_and_place(tf):
    ones = tf.ones((200, 500))
    masks = {}
    for seed, place in ((0, "a"), (1, "a"), (0, "b"), (2**31 - 1, "a")):
        found = transformers.dropped(ones, 0.1, seed, place).numpy()
        assert set(np.unique(found)) == {0, np.float32(1 / 0.9)}
        masks[seed, place] = found == 0
        assert masks[seed, place].mean() == pytest.approx(0.1, abs=0.004)
        assert masks[seed, place].mean(axis=0).std() == pytest.approx(np.sqrt(0.09 / 200), rel=0.15)
        assert masks[seed, place].mean(axis=1).std() == pytest.approx(np.sqrt(0.09 / 500), rel=0.2)
    names = list(masks)
    for number, one in enumerate(names):
        for other in names[:number]:
            assert abs(np.corrcoef(masks[one].ravel(), masks[other].ravel())[0, 1]) < 0.015
        flat = masks[one].ravel()
        for lag in (1, 2, 4, 8, 64, 128, 500, 4096):
            assert abs(np.corrcoef(flat[lag:], flat[:-lag])[0, 1]) < 0.015


def test_dropout_is_the_same_compiled_and_not(tf):
    config = config_of()
    weights, (ids, segments, mask) = drawn(config), example(config)

    def run(seed):
        return transformers.encode(weights, ids, segments, mask, config=config, dropout=0.3, seed=seed)

    eager = run(7).numpy()
    for compiled in (tf.function(run), tf.function(run, jit_compile=True)):
        assert_near(compiled(tf.constant(7)), eager)
    assert np.abs(run(8).numpy() - eager).max() > 0.1
    assert_near(transformers.dropped(eager, 0.0, None), eager)


# Sizes and first weights


def test_published_sizes():
    base = {"vocabulary": 30522, "length": 512, "width": 768, "layers": 12, "heads": 12, "inner": 3072}
    assert parameters(Config(**base)) == 109_482_240
    assert parameters(Config(**base), ()) == 109_482_240 - 768 * 769
    large = {"width": 1024, "layers": 24, "heads": 16, "inner": 4096}
    assert parameters(Config(**base | large)) == 335_141_888
    small = {"vocabulary": 50257, "length": 1024, "segments": 0, "norm": "pre", "causal": True}
    assert parameters(Config(**base | small)) == 124_439_808
    three = {"length": 2048, "width": 12288, "layers": 96, "heads": 96, "inner": 4 * 12288}
    assert parameters(Config(**base | small | three)) == 174_604_259_328


def test_first_weights_are_cut_at_two_spreads():
    config = config_of(vocabulary=500, width=48)
    weights = first_weights(config, np.random.default_rng(0))
    assert {name: array.shape for name, array in weights.items()} == shapes(config)
    assert sum(array.size for array in weights.values()) == parameters(config, ("pooler", "masked", "next_sentence"))
    assert all(array.dtype == np.float32 for array in weights.values())
    assert np.abs(weights["tokens"]).max() <= 0.04 and weights["tokens"].std() == pytest.approx(0.0176, rel=0.02)
    assert (weights["layer0.attention.scale"] == 1).all() and not weights["layer1.qkv.bias"].any()
    deep = first_weights(config_of(width=48, norm="pre", layers=8), np.random.default_rng(0))
    assert deep["layer3.mixed"].std() == pytest.approx(0.0176 / 4, rel=0.1)


def test_a_mimetic_start_looks_around_itself():
    config = config_of(vocabulary=200, length=32, width=64, heads=2, layers=1)
    first = first_weights(config, np.random.default_rng(0), spread=0.05)
    assert first["tokens"].std() == pytest.approx(0.044, rel=0.05)
    weights, untouched = transformers.mimetic(first, config), [first["layer0.qkv"].copy(), first["positions"].copy()]
    assert {name: array.shape for name, array in weights.items()} == shapes(config)
    assert all(array.dtype == np.float32 for array in weights.values())
    assert np.array_equal(first["layer0.qkv"], untouched[0]) and np.array_equal(first["positions"], untouched[1])
    np.testing.assert_array_equal(weights["layer0.qkv"][:, 128:], first["layer0.qkv"][:, 128:])
    ids = np.random.default_rng(1).integers(0, 200, (20, 32))
    near = []
    for start in (first, weights):
        seen = encode_numpy(start, ids, config=config)[1][0].mean(axis=(0, 1))
        near.append(np.mean([seen[place, place - 2 : place + 3].sum() for place in range(2, 30)]))
    assert near[0] == pytest.approx(5 / 32, rel=0.1) and near[1] > 2 * near[0]


# Adam


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_adam_is_that_of_keras(tf, decay):
    import keras

    rng = np.random.default_rng(0)
    arrays = {"matrix": rng.standard_normal((3, 4)), "bias": rng.standard_normal(4)}
    slopes = [[rng.standard_normal(array.shape).astype("float32") for array in arrays.values()] for _ in range(3)]
    results = []
    for ours in (True, False):
        weights = {name: tf.Variable(array.astype("float32"), name=name) for name, array in arrays.items()}
        if ours:
            adam = transformers.Adam(weights, decay=decay, longest=1.5, epsilon=1e-7)
            update = tf.function(lambda slopes, step, adam=adam: adam.apply(slopes, step, 0.1), jit_compile=True)
        else:
            adam = keras.optimizers.AdamW(0.1, weight_decay=decay, global_clipnorm=1.5, epsilon=1e-7)
            adam.exclude_from_weight_decay(var_names=["bias"])
            adam.build(list(weights.values()))
        for number, part in enumerate(slopes):
            if ours:
                update(part, tf.constant(number + 1.0))
            else:
                adam.apply([tf.constant(slope) for slope in part], list(weights.values()))
        results.append(np.concatenate([weight.numpy().ravel() for weight in weights.values()]))
    assert_near(*results)


def test_adam_goes_on_from_its_stored_memory(tf):
    weights = {"w": tf.Variable([1.0, 2.0])}
    adam = transformers.Adam(weights)
    adam.apply([tf.constant([0.1, -0.2])], tf.constant(1.0), tf.constant(0.1))
    again = {"w": tf.Variable(weights["w"])}
    resumed = transformers.Adam(again, slots=adam.slots())
    for side in (adam, resumed):
        side.apply([tf.constant([0.3, 0.1])], tf.constant(2.0), tf.constant(0.1))
    np.testing.assert_array_equal(again["w"].numpy(), weights["w"].numpy())


def test_adam_names_what_does_not_fit(tf):
    weights = {"w": tf.Variable([1.0])}
    with pytest.raises(ValueError, match="weights must hold at least one variable"):
        transformers.Adam({})
    for name in ("beta1", "beta2", "decay"):
        with pytest.raises(ValueError, match=f"{name} must be from 0 to below 1, got 1"):
            transformers.Adam(weights, **{name: 1.0})
    with pytest.raises(ValueError, match="epsilon and longest must be above 0, got 1e-06 and 0"):
        transformers.Adam(weights, longest=0)
    with pytest.raises(ValueError, match="slopes must be 1 gradients, got 2"):
        transformers.Adam(weights).apply([None, None], 1.0, 0.1)


# Wrong input is named


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vocabulary": 0}, "vocabulary must be a whole number of at least 1, got 0"),
        ({"layers": 2.0}, "layers must be a whole number of at least 1, got 2.0"),
        ({"segments": -1}, "segments must be a whole number of at least 0, got -1"),
        ({"heads": 5}, "width must be a multiple of heads, got 12 and 5"),
        ({"norm": "middle"}, r"norm must be one of \('post', 'pre'\), got 'middle'"),
        ({"activation": "relu"}, "activation must be one of .*got 'relu'"),
        ({"epsilon": 0}, "epsilon must be between 0 and 1, got 0"),
        ({"epsilon": float("nan")}, "epsilon must be between 0 and 1, got nan"),
    ],
)
def test_a_config_names_what_is_out_of_range(change, said):
    with pytest.raises(ValueError, match=said):
        config_of(**change)


def test_unknown_heads_and_generators_are_named():
    with pytest.raises(ValueError, match="heads must be among pooler, masked, next_sentence; got decoder"):
        shapes(config_of(), ["decoder"])
    with pytest.raises(TypeError, match="rng must be a numpy.random.Generator, got int"):
        first_weights(config_of(), 3)
    with pytest.raises(ValueError, match="spread must be above 0, got 0"):
        first_weights(config_of(), np.random.default_rng(0), spread=0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ids": np.zeros((3, 10), int)}, r"ids must have shape \(n, time\) with a time of 1 to 9, got \(3, 10\)"),
        ({"ids": np.zeros(3, int)}, r"ids must have shape \(n, time\)"),
        ({"ids": np.zeros((3, 7))}, "ids must be whole numbers, got float64"),
        ({"ids": np.full((3, 7), 23)}, "ids must be from 0 to 22, got 23 to 23"),
        ({"ids": np.full((3, 7), -1)}, "ids must be from 0 to 22, got -1"),
        ({"segments": np.full((3, 7), 2)}, "segments must be from 0 to 1, got 2 to 2"),
        ({"segments": np.zeros((3, 6), int)}, r"segments must have the shape of ids, \(3, 7\), got \(3, 6\)"),
        ({"mask": np.ones((3, 1, 7))}, r"mask must have the shape of ids, \(3, 7\), got \(3, 1, 7\)"),
        ({"dropout": 1.0, "seed": 0}, "dropout must be from 0 to below 1, got 1.0"),
        ({"dropout": 0.1}, "seed must be given with dropout"),
        ({"config": config_of(layers=3)}, r"weights must hold 'layer2.qkv'; they hold tokens, positions"),
        ({"config": config_of(inner=21)}, r"weights\['layer0.inner'\] must have shape \(12, 21\), got \(12, 20\)"),
        ({"config": config_of(segments=0)}, "segments must be left out: this config has none"),
    ],
)
def test_encode_names_what_does_not_fit(tf, change, said):
    config = config_of()
    ids, segments, mask = example(config)
    good = {"ids": ids, "segments": segments, "mask": mask, "config": config}
    with pytest.raises(ValueError, match=said):
        transformers.encode(first_weights(config, np.random.default_rng(0)), **good | change)


def test_heads_name_what_does_not_fit(tf):
    weights, hidden = first_weights(config_of(), np.random.default_rng(0), ()), np.zeros((2, 3, 12), "float32")
    with pytest.raises(ValueError, match="weights must hold 'masked': draw them with that head"):
        transformers.masked_logits(weights, hidden, [[0], [1]])
    with pytest.raises(ValueError, match="weights must hold 'next_sentence'"):
        transformers.next_sentence_logits(weights, hidden)
    with pytest.raises(ValueError, match="weights must hold 'pooler'"):
        transformers.pooled(weights, hidden)
    with pytest.raises(ValueError, match=r"hidden must be \(n, time, width\), got \(3, 12\)"):
        transformers.logits(weights, hidden[0])
    weights = first_weights(config_of(), np.random.default_rng(0))
    with pytest.raises(ValueError, match=r"positions must be whole numbers of shape \(n, k\), got int32 \(2,\)"):
        transformers.masked_logits(weights, hidden, np.array([0, 1], "int32"))


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = (
        "import sys; from course_utils.networks import transformers; print('encode' in dir(transformers), "
        "transformers.parameters(transformers.Config(9, 8, 4, 1, 2, 8)), {'keras', 'tensorflow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True 276 set()"


def test_unknown_names_are_no_part_of_it():
    with pytest.raises(AttributeError, match="no attribute 'decode'"):
        _ = transformers.decode
