"""The attacked digit: arguments, output, and the JavaScript gradient against TensorFlow at test time."""

from __future__ import annotations

import numpy as np
import pytest

from course_utils import datasets, interactives
from course_utils.interactives import base
from course_utils.interactives.export import export_keras
from tests.interactive_figures import assert_alone, assert_parses, assert_refused, in_node, keras, needs_node
from tests.unit.test_interactives_cnns import build, lecture_net, networks

NAMES = ["lecture", "softmax_in_the_layer", "own_activation_layers", "dense_only", "reshaped", "lenet"]
SLOPES = """(nn, [network, images, labels]) => { const net = nn.loadNetwork(network);
  return images.map((x, i) => nn.lossSlope(net, x, labels[i])); }"""


@pytest.fixture(scope="module")
def nets():
    from course_utils.networks.vision import lenet

    small = lenet(filters=(16, 16, 24))
    rng = np.random.default_rng(9)
    small.set_weights([rng.normal(0, 1.4 / np.sqrt(max(1, np.prod(w.shape[:-1]))), w.shape) for w in small.get_weights()])
    return {**networks(), "lenet": small}


@pytest.fixture(scope="module")
def trained():
    """A small network that reads most digits; attacks need one that is not random."""
    from course_utils.networks.vision import train

    data, layer = datasets.load_digits(), keras().layers
    keras().utils.set_random_seed(0)
    model = keras().Sequential(
        [keras().Input((8, 8, 1)), layer.Flatten(), layer.Dense(48, "relu"), layer.Dense(10)]
    )
    return train(model, data.x_train.reshape(-1, 8, 8), data.y_train, 10, np.random.default_rng(0))


@pytest.fixture(scope="module")
def together(tmp_path_factory):
    """One module for Node that holds nn.js and nn_backward.js."""
    source = base.bundle("nn_backward") + "\nexport { loadNetwork, classify, lossSlope, inputSlope, attack, coinSigns };\n"
    path = tmp_path_factory.mktemp("js") / "both.mjs"
    path.write_text(source, encoding="utf-8")
    return path


def with_tensorflow(model, images, labels):
    """Gradient of the cross-entropy by the pixels."""
    import tensorflow as tf

    x = tf.constant(images.reshape(-1, *model.input_shape[1:]), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = model(x, training=False)
        if np.allclose(out.numpy().sum(axis=1), 1, atol=1e-5):  # it ends with a softmax
            loss = -tf.math.log(tf.gather(out, labels, batch_dims=1))
        else:
            loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, out)
    return tape.gradient(loss, x).numpy().reshape(len(images), -1)


@needs_node
@pytest.mark.parametrize("name", NAMES)
def test_gradient_equals_tensorflow_on_a_hundred_digits(nets, together, name):
    data = datasets.load_digits()
    images, labels = data.x_test[:100], data.y_test[:100]
    found = np.array(in_node(together, SLOPES, [export_keras(nets[name]), images.tolist(), labels.tolist()]))
    expected = with_tensorflow(nets[name], images, labels)
    assert np.abs(expected).max() > 1e-2, "the slopes are all flat: nothing was compared"
    worst = np.abs(found - expected).max()
    print(f"{name}: {worst:.1e} of at most {np.abs(expected).max():.2g}")
    assert worst <= 1e-4


ATTACK = """(nn, [network, images, cases]) => { const net = nn.loadNetwork(network);
  return cases.map(([i, how]) => nn.attack(net, images[i], how)); }"""


@needs_node
def test_attacks_keep_the_budget_and_beat_noise(trained, together):
    data, model = datasets.load_digits(), trained
    images = data.x_test[:20]
    labels = np.asarray(model(images.reshape(-1, 8, 8, 1), training=False)).argmax(axis=1).tolist()
    lost = {}
    for how in ("step", "steps", "noise"):
        cases = [[i, {"epsilon": 0.15, "label": labels[i], "how": how}] for i in range(20)]
        moved = np.array(in_node(together, ATTACK, [export_keras(model), images.tolist(), cases]))
        assert np.abs(moved - images).max() <= 0.15 + 1e-12 and moved.min() >= 0 and moved.max() <= 1
        z = np.asarray(model(moved.reshape(-1, 8, 8, 1), training=False))
        lost[how] = np.mean(z.argmax(axis=1) != labels)
    assert lost["steps"] >= lost["step"] > lost["noise"]


@needs_node
def test_a_target_is_approached(trained, together):
    data, model = datasets.load_digits(), trained
    images = data.x_test[:10]
    cases = [[i, {"epsilon": 0.15, "label": -1, "target": 4, "how": "steps"}] for i in range(10)]
    moved = np.array(in_node(together, ATTACK, [export_keras(model), images.tolist(), cases]))
    before, after = (np.asarray(keras().ops.softmax(model(x.reshape(-1, 8, 8, 1), training=False)))[:, 4] for x in (images, moved))
    assert (after >= before - 1e-6).all() and after.mean() > before.mean() + 0.05


@needs_node
def test_coins_are_fair_and_repeat():
    signs = in_node("nn_backward.js", "(m) => [1, 2, 1].map((seed) => m.coinSigns(6400, seed))", None)
    assert signs[0] == signs[2] != signs[1]
    for row in signs:
        assert set(row) == {-1, 1} and abs(np.mean(row)) < 0.05
        assert abs(np.mean(np.multiply(row[1:], row[:-1]))) < 0.05


# ---- the output


def test_output_is_small_repeatable_and_alone(nets):
    assert_alone(lambda: interactives.adversarial(nets["lenet"]), most=60_000)


@needs_node
def test_the_joined_script_parses(tmp_path):
    assert_parses("adversarial", tmp_path)


# ---- arguments


def test_it_keeps_examples_labels_and_budget(nets):
    images = datasets.load_digits().x_test[:3]
    props = interactives.adversarial(nets["lenet"], images, labels=[7, 0, 1], epsilon=np.float32(0.25)).props
    assert props["labels"] == [7, 0, 1] and len(props["examples"]) == 3 and props["epsilon"] == 0.25
    assert interactives.adversarial(lecture_net()).props["labels"] == list(range(10))


def large():
    return build(keras().layers.Flatten(), keras().layers.Dense(100), keras().layers.Dense(10))


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: interactives.adversarial("net"), TypeError, ["keras.Sequential", "str"]),
        (lambda: interactives.adversarial(large()), ValueError, ["at most 7,000", "7,510"]),
        (lambda: interactives.adversarial(lecture_net(), epsilon=0.5), ValueError, ["epsilon", "0.4", "0.5"]),
        (lambda: interactives.adversarial(lecture_net(), epsilon="much"), TypeError, ["epsilon", "'much'"]),
        (lambda: interactives.adversarial(lecture_net(), np.zeros((2, 64))), ValueError, ["examples and labels"]),
        (lambda: interactives.adversarial(lecture_net(), labels=[1]), ValueError, ["examples and labels"]),
        (lambda: interactives.adversarial(lecture_net(), np.zeros((2, 64)), labels=[1]), ValueError, ["2 examples", "1"]),
        (lambda: interactives.adversarial(lecture_net(), np.zeros((2, 9)), labels=[1, 2]), ValueError, ["(2, 9)"]),
        (lambda: interactives.adversarial(lecture_net(), np.zeros((1, 64)), labels=[12]), ValueError, ["labels[0]", "12"]),
    ],
)
def test_bad_arguments_say_what_is_allowed(call, error, parts):
    assert_refused(call, error, parts)
