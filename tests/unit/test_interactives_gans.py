"""The GAN playground and the latent explorer: arguments, output, and the JavaScript against TensorFlow and Keras.

`python tests/unit/test_interactives_gans.py` writes tests/js/gan_reference.mjs afresh.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from course_utils import interactives
from course_utils.interactives import gans
from course_utils.interactives.export import export_keras
from tests.interactive_figures import (
    FOLDER,
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

REFERENCE = ROOT / "tests" / "js" / "gan_reference.mjs"
SOURCE = "TensorFlow by tests/unit/test_interactives_gans.py"


# ---- the game in TensorFlow, float64, with automatic differentiation and Keras' Adam

WIDTH, COUNT, STEPS, RATES = 3, 5, 3, (0.01, 0.02)


def wave(count: int, frequency: float, size: float = 1.0) -> np.ndarray:
    """Numbers that JavaScript can write down too."""
    return size * np.sin(frequency * (np.arange(count) + 1))


def reference() -> list[dict]:
    """Slopes of the first step, losses of all, and the weights after the last, for each loss and remedy."""
    keras()
    import tensorflow as tf

    softplus = tf.nn.softplus
    curved = lambda real, forged: softplus(-real) + softplus(forged)  # noqa: E731
    losses = {
        "minimax": (curved, lambda forged: -softplus(forged)),
        "non-saturating": (curved, lambda forged: softplus(-forged)),
        "least squares": (lambda real, forged: (real - 1) ** 2 + forged**2, lambda forged: (forged - 1) ** 2),
        "Wasserstein": (lambda real, forged: forged - real, lambda forged: -forged),
    }

    def network(sizes, frequency):
        total = sum((n + 1) * m for n, m in zip(sizes[:-1], sizes[1:], strict=True))
        flat, at, params = wave(total, frequency, 0.8), 0, []
        for n, m in zip(sizes[:-1], sizes[1:], strict=True):
            params += [
                tf.Variable(flat[at : at + n * m].reshape(n, m)),
                tf.Variable(flat[at + n * m : at + (n + 1) * m]),
            ]
            at += (n + 1) * m
        return params

    def forward(params, x):
        for W, b in zip(params[:-2:2], params[1:-2:2], strict=True):
            z = x @ W + b
            x = tf.maximum(z, 0.2 * z)  # tf.nn.leaky_relu keeps its slope in float32
        return x @ params[-2] + params[-1]

    def steepness(params, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            total = tf.reduce_sum(forward(params, x))
        return tf.sqrt(tf.reduce_sum(tape.gradient(total, x) ** 2, axis=-1) + 1e-12)

    def flat(tensors):
        return [float(f"{v:.12g}") for tensor in tensors for v in np.ravel(tensor)]

    cases = []
    for loss, (of_judge, of_forger) in losses.items():
        for remedy in ("none", "gradient penalty", "R1", "spectral norm"):
            g, d = network([2, WIDTH, WIDTH, 2], 1.3), network([2, WIDTH, WIDTH, 1], 0.7)
            us = [wave(W.shape[1], 2.1)[None] for W in d[::2]]
            rules = [keras().optimizers.Adam(rate, beta_1=0.5, beta_2=0.9) for rate in RATES]
            case = {"loss": loss, "remedy": remedy, "losses": []}
            for step in range(STEPS):
                real, z = (tf.constant(wave(2 * COUNT, f + step, 1.5).reshape(COUNT, 2)) for f in (0.9, 1.9))
                mix = tf.constant(np.abs(wave(COUNT, 2.7 + step))[:, None])
                with tf.GradientTape(persistent=True) as tape:
                    weights = list(d)
                    if remedy == "spectral norm":
                        for i, u in enumerate(us):
                            v = tf.stop_gradient(
                                tf.math.l2_normalize(u @ tf.transpose(d[2 * i]), axis=-1, epsilon=0.0)
                            )
                            us[i] = tf.stop_gradient(tf.math.l2_normalize(v @ d[2 * i], axis=-1, epsilon=0.0))
                            weights[2 * i] = d[2 * i] / tf.reduce_sum((v @ d[2 * i]) * us[i])
                    forged = forward(g, z)
                    on_real, on_forged = forward(weights, real)[:, 0], forward(weights, forged)[:, 0]
                    d_loss = tf.reduce_mean(of_judge(on_real, on_forged))
                    if remedy == "gradient penalty":
                        between = real * (1 - mix) + tf.stop_gradient(forged) * mix
                        d_loss += tf.reduce_mean((steepness(weights, between) - 1) ** 2)
                    if remedy == "R1":
                        d_loss += 0.05 * tf.reduce_mean(steepness(weights, real) ** 2)
                    g_loss = tf.reduce_mean(of_forger(on_forged))
                slopes = [tape.gradient(value, player) for value, player in ((g_loss, g), (d_loss, d))]
                # a constant that no loss sees has no slope
                slopes = [
                    [0 * w if s is None else s for s, w in zip(row, p, strict=True)]
                    for row, p in zip(slopes, (g, d), strict=True)
                ]
                if step == 0:
                    case["g_slopes"], case["d_slopes"] = flat(slopes[0]), flat(slopes[1])
                case["losses"].append(flat([d_loss, g_loss]))
                for rule, row, player in zip(rules, slopes, (g, d), strict=True):
                    rule.apply(row, player)
            case["g"], case["d"] = flat(g), flat(d)
            cases.append(case)
    return cases


def test_the_committed_reference_is_what_tensorflow_computes():
    stored = read_reference(REFERENCE, SOURCE)
    fresh = reference()
    assert [(c["loss"], c["remedy"]) for c in stored] == [(c["loss"], c["remedy"]) for c in fresh] and len(
        fresh
    ) == 16
    for old, new in zip(stored, fresh, strict=True):
        for name in ("losses", "g_slopes", "d_slopes", "g", "d"):
            # Keras keeps Adam's rate in float32
            np.testing.assert_allclose(
                np.ravel(old[name]), np.ravel(new[name]), rtol=1e-6, atol=1e-7, err_msg=name
            )
        assert np.abs(new["g_slopes"]).max() > 1e-3 and np.abs(new["d_slopes"]).max() > 1e-3


# ---- the explorer against Keras


def build(*layers, inputs=12, seed=0):
    """A Sequential with weights of a trained network's size, drawn at random."""
    model = keras().Sequential([keras().Input((inputs,)), *layers])
    rng = np.random.default_rng(seed)
    model.set_weights(
        [rng.normal(0, 1.2 / np.sqrt(max(1, np.prod(w.shape[:-1]))), w.shape) for w in model.get_weights()]
    )
    return model


def small_generator():
    layer = keras().layers
    return build(
        layer.Dense(40, layer.LeakyReLU(0.2)),
        layer.Dense(48, activation="leaky_relu"),
        layer.Dense(64, activation="sigmoid"),
        layer.Reshape((8, 8, 1)),
    )


def generators():
    """Every activation and every way to write a leaky ReLU appears in one of them."""
    layer = keras().layers
    return {
        "lecture": small_generator(),
        "leaky_layers": build(
            layer.Dense(32),
            layer.LeakyReLU(negative_slope=0.35),
            layer.Dense(64),
            layer.Activation("sigmoid"),
            layer.Reshape((8, 8)),
            seed=1,
        ),
        "leaky_activation": build(
            layer.Dense(24),
            layer.Activation("leaky_relu"),
            layer.Dense(64, activation="tanh"),
            inputs=2,
            seed=2,
        ),
        "relu_and_tanh": build(
            layer.Dense(24, activation="relu"),
            layer.Dropout(0.3),
            layer.Dense(30, activation="tanh"),
            layer.Dense(64),
            inputs=64,
            seed=3,
        ),
        "default_leak": build(
            layer.Dense(16),
            layer.LeakyReLU(),
            layer.Dense(64, activation="sigmoid", use_bias=False),
            inputs=5,
            seed=4,
        ),
    }


GENERATE = """(nn, [network, codes]) => { const net = nn.loadNetwork(network);
  return codes.map((z) => [...nn.forwardAll(net, z).at(-1).data]); }"""


def codes_for(model, count=100):
    return np.random.default_rng(7).normal(size=(count, model.input_shape[-1])).astype("float32")


def compare_pictures(model, codes, found) -> float:
    expected = np.asarray(model(codes, training=False), dtype=float).reshape(len(codes), 64)
    worst = float(np.abs(np.array(found) - expected).max())
    assert expected.std(axis=0).max() > 0.05, "the pictures are all alike: nothing was compared"
    assert worst <= 1e-4, worst
    return worst


@needs_node
def test_pictures_equal_keras_on_a_hundred_latent_vectors():
    for name, model in generators().items():
        codes = codes_for(model)
        found = in_node("nn.js", GENERATE, [export_keras(model, ends="values"), codes.tolist()])
        print(f"{name}: {compare_pictures(model, codes, found):.1e}")


@needs_node
def test_float16_equals_keras_with_rounded_weights():
    model = small_generator()
    rounded = keras().models.clone_model(model)
    rounded.set_weights([w.astype(np.float16).astype(np.float32) for w in model.get_weights()])
    codes, packed = codes_for(model), export_keras(model, precision="float16", ends="values")
    compare_pictures(rounded, codes, in_node("nn.js", GENERATE, [packed, codes.tolist()]))


SLANT = "(m, pictures) => pictures.map((p) => m.slantOf(p))"


@needs_node
def test_slant_is_the_one_of_the_lecture():
    from course_utils import datasets

    images = datasets.load_digits().x_test[:100].reshape(-1, 8, 8)
    ink = images / images.sum(axis=(1, 2), keepdims=True)
    row, column = np.indices((8, 8))
    r, c = (place - (ink * place).sum(axis=(1, 2), keepdims=True) for place in (row, column))
    expected = -(ink * r * c).sum(axis=(1, 2)) / (ink * r**2).sum(axis=(1, 2))
    found = in_node("latent_explorer.js", SLANT, images.reshape(-1, 64).tolist())
    np.testing.assert_allclose(found, expected, atol=1e-12)


def test_a_leaky_slope_is_exported_however_it_is_written():
    slopes = {
        name: [
            entry.get("slope")
            for entry in export_keras(model, ends="values")["layers"]
            if entry.get("activation") == "leaky_relu"
        ]
        for name, model in generators().items()
    }
    assert slopes["lecture"] == [0.2, 0.2] and slopes["leaky_layers"] == [0.35]
    assert (
        slopes["leaky_activation"] == [0.2]
        and slopes["default_leak"] == [0.3]
        and slopes["relu_and_tanh"] == []
    )


# ---- the output


def figures():
    rng = np.random.default_rng(3)
    return {
        "gan_playground": lambda: interactives.gan_playground(),
        "latent_explorer": lambda: interactives.latent_explorer(
            small_generator(), {"slant": rng.normal(size=12) * 0 + 1}
        ),
    }


@pytest.mark.parametrize("name", ["gan_playground", "latent_explorer"])
def test_output_is_small_repeatable_and_alone(name):
    make = figures()[name]
    weights = len(json.dumps(make().props.get("network", "")))
    assert_alone(make, most=30_000 + weights)


def test_a_generator_of_fifteen_thousand_weights_travels():
    layer = keras().layers
    model = build(layer.Dense(72, "relu"), layer.Dense(96, "relu"), layer.Dense(64, "sigmoid"), inputs=12)
    assert 14_000 < model.count_params() <= gans.MOST_WEIGHTS
    figure = interactives.latent_explorer(model)
    assert figure.props["network"]["precision"] == "float16"
    assert len(figure.html().encode()) <= 65_000


@needs_node
@pytest.mark.parametrize("name", ["gan_playground", "latent_explorer"])
def test_the_joined_script_parses(name, tmp_path):
    assert_parses(name, tmp_path)


def test_python_and_javascript_know_the_same_names():
    source = (FOLDER / "gan_game.js").read_text(encoding="utf-8")
    for name, values in (("SETS", list(gans._DATA)), ("REMEDIES", list(gans.REMEDIES))):
        assert f"export const {name} = {json.dumps(values)};" in source
    assert sorted(json.loads(re.search(r"export const LOSSES = (\[.*?\]);", source)[1])) == sorted(
        gans.LOSSES
    )


# ---- arguments


def test_what_python_gives_is_kept():
    props = interactives.gan_playground(
        "two",
        loss="minimax",
        remedy="R1",
        generator_rate=np.float32(0.002),
        discriminator_rate=0.01,
        discriminator_steps=np.int64(5),
        seed=3,
    ).props
    assert props == {
        "set": "two", "loss": "minimax", "remedy": "R1", "forgerRate": 0.002, "judgeRate": 0.01, "rounds": 5, "arrows": False, "seed": 3
    }  # fmt: skip
    model, unit = small_generator(), np.arange(1, 13)
    props = interactives.latent_explorer(model, {"slant": unit, "ink": unit[::-1]}, axes=("ink", 3)).props
    assert props["axes"] == [13, 3] and props["low"] == 0
    assert [name for name, _ in props["directions"]] == ["slant", "ink"]
    np.testing.assert_allclose(props["directions"][0][1], unit / np.linalg.norm(unit), atol=1e-5)
    assert interactives.latent_explorer(model).props["axes"] == [0, 1]
    assert interactives.latent_explorer(model, {"slant": unit}).props["axes"] == [12, 0]
    assert interactives.latent_explorer(generators()["leaky_activation"]).props["low"] == -1
    assert interactives.latent_explorer(generators()["relu_and_tanh"]).props["low"] == 0


GAN, EXPLORE = interactives.gan_playground, interactives.latent_explorer


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: GAN("rings"), ValueError, ["dataset", "'rings'", "'ring'"]),
        (lambda: GAN(loss="hinge"), ValueError, ["loss", "'hinge'", "'Wasserstein'"]),
        (lambda: GAN(remedy="gp"), ValueError, ["remedy", "'gp'", "'gradient penalty'"]),
        (lambda: GAN(generator_rate=0), ValueError, ["generator_rate", "0.0001 to 0.1", "got 0"]),
        (lambda: GAN(discriminator_rate="fast"), TypeError, ["discriminator_rate", "'fast'"]),
        (lambda: GAN(discriminator_steps=11), ValueError, ["discriminator_steps", "1 to 10", "11"]),
        (lambda: GAN(arrows=1), TypeError, ["arrows", "True or False", "1"]),
        (lambda: GAN(seed=-1), ValueError, ["seed", "-1"]),
    ],
)
def test_errors_of_the_playground(call, error, parts):
    assert_refused(call, error, parts)


def test_errors_of_the_explorer():
    layer, model = keras().layers, small_generator()
    conv = build(
        layer.Dense(16), layer.Reshape((4, 4, 1)), layer.Conv2DTranspose(1, 4, strides=2, padding="same")
    )
    for call, error, parts in (
        (lambda: EXPLORE("net"), TypeError, ["model", "Sequential", "str"]),
        (lambda: EXPLORE(keras().Sequential([layer.Dense(64)])), ValueError, ["must be built"]),
        (lambda: EXPLORE(build(layer.Dense(10))), ValueError, ["generator", "(64,)", "(12,)", "(10,)"]),
        (lambda: EXPLORE(build(layer.Dense(64), inputs=65)), ValueError, ["2 to 64", "(65,)"]),
        (lambda: EXPLORE(build(layer.Dense(64), inputs=1)), ValueError, ["2 to 64", "(1,)"]),
        (lambda: EXPLORE(build(layer.Dense(200), layer.Dense(64))), ValueError, ["15,000", "15,464"]),
        (lambda: EXPLORE(conv), ValueError, ["Conv2DTranspose"]),
        (lambda: EXPLORE(build(layer.Dense(64, "gelu"))), ValueError, ["gelu", "leaky_relu"]),
        (lambda: EXPLORE(build(layer.Dense(64, "softmax"))), ValueError, ["softmax"]),
        (lambda: EXPLORE(model, [1, 2]), TypeError, ["directions", "names"]),
        (lambda: EXPLORE(model, {"slant": [1, 2]}), ValueError, ["directions['slant']", "12", "got 2"]),
        (lambda: EXPLORE(model, {"slant": 3}), TypeError, ["directions['slant']", "3"]),
        (
            lambda: EXPLORE(model, {"slant": np.full(12, np.nan)}),
            ValueError,
            ["directions['slant'][0]", "nan"],
        ),
        (
            lambda: EXPLORE(model, {"slant": np.zeros(12)}),
            ValueError,
            ["directions['slant']", "longer than 0"],
        ),
        (lambda: EXPLORE(model, {"": np.ones(12)}), ValueError, ["names", "1 to 16", "''"]),
        (lambda: EXPLORE(model, {str(k): np.ones(12) for k in range(5)}), ValueError, ["at most 4", "got 5"]),
        (lambda: EXPLORE(model, axes=(0, 0)), ValueError, ["axes", "different"]),
        (lambda: EXPLORE(model, axes=(0, 12)), ValueError, ["axes[1]", "0 to 11", "12"]),
        (lambda: EXPLORE(model, axes=("slant", 1)), ValueError, ["axes[0]", "'slant'"]),
        (lambda: EXPLORE(model, axes=3), TypeError, ["axes", "3"]),
        (lambda: EXPLORE(model, precision="int8"), ValueError, ["precision", "'int8'"]),
        (lambda: EXPLORE(model, seed=0.5), ValueError, ["seed", "0.5"]),
        (lambda: export_keras(model), ValueError, ["end with a Dense", "logits"]),
        (lambda: export_keras(model, ends="ink"), ValueError, ["ends", "'ink'", "'values'"]),
    ):
        assert_refused(call, error, parts)


if __name__ == "__main__":
    write_reference(REFERENCE, SOURCE, reference())
