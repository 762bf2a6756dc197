"""The convolution explorer and the drawn digit: arguments, output, and the JavaScript against Keras at test time."""

from __future__ import annotations

import json

import numpy as np
import pytest

from course_utils import datasets, interactives
from course_utils.interactives import cnns
from course_utils.interactives.export import export_keras
from tests.interactive_figures import FOLDER, assert_alone, assert_parses, assert_refused, in_node, keras, needs_node



# ---- networks with random weights, biases too


def build(*layers, shape=(8, 8, 1), seed=0):
    """A Sequential with weights of a trained network's size, drawn at random."""
    model = keras().Sequential([keras().Input(shape), *layers])
    rng = np.random.default_rng(seed)
    model.set_weights(
        [
            rng.normal(0, 1 / np.sqrt(max(1, np.prod(w.shape[:-1]))) + 0.05, w.shape)
            for w in model.get_weights()
        ]
    )
    return model


def lecture_net():
    """The kind of network that the lecture exports: 5,386 weights."""
    layer = keras().layers
    return build(
        layer.Conv2D(8, 3, padding="same", activation="relu"),
        layer.Conv2D(16, 3, activation="relu"),
        layer.MaxPooling2D(),
        layer.Dropout(0.3),
        layer.Flatten(),
        layer.Dense(28, activation="relu"),
        layer.Dense(10),
    )


def networks():
    """Every layer and option that can be exported appears in one of them."""
    layer = keras().layers
    return {
        "lecture": lecture_net(),
        "softmax_in_the_layer": build(
            layer.Conv2D(4, (5, 3), padding="same", activation="tanh"),
            layer.Flatten(),
            layer.Dense(10, activation="softmax"),
            seed=1,
        ),
        "own_activation_layers": build(
            layer.RandomTranslation(0.1, 0.1),
            layer.Conv2D(6, 2, padding="same", use_bias=False),
            layer.ReLU(),
            layer.MaxPooling2D((2, 2)),
            layer.Conv2D(5, 3),
            layer.Activation("tanh"),
            layer.Flatten(),
            layer.Dense(10),
            layer.Softmax(),
            seed=2,
        ),
        "dense_only": build(
            layer.Dense(16, activation="sigmoid"), layer.Dense(10, use_bias=False), shape=(64,), seed=3
        ),
        "reshaped": build(
            layer.Reshape((8, 8, 1)),
            keras().Sequential([layer.GaussianNoise(0.1), layer.Conv2D(3, 3)]),
            layer.MaxPooling2D(),
            layer.Flatten(),
            layer.Dense(10),
            shape=(64,),
            seed=4,
        ),
    }


@pytest.fixture(scope="module")
def nets():
    return networks()


CLASSIFY = """(nn, [network, images]) => { const net = nn.loadNetwork(network);
  return images.map((x) => { const { logits, chances } = nn.classify(net, x); return [logits, chances]; }); }"""


def with_keras(model, images):
    """Logits and probabilities; a softmax inside the network leaves the logits up to a constant."""
    out = np.asarray(model(images.reshape(-1, *model.input_shape[1:]), training=False), dtype=float)
    if np.allclose(out.sum(axis=1), 1, atol=1e-5) and (out >= 0).all():
        return np.log(out), out
    grown = np.exp(out - out.max(axis=1, keepdims=True))
    return out, grown / grown.sum(axis=1, keepdims=True)


def compare(model, images, found) -> tuple[float, float]:
    """Compare with Keras; returns the largest differences of a logit and of a probability."""
    logits, chances = (np.array([row[i] for row in found]) for i in range(2))
    expected, p = with_keras(model, images)
    if np.allclose(np.exp(expected), p):  # logits up to a constant
        logits = np.where(p > 1e-6, logits - logits.max(axis=1, keepdims=True), 0)
        expected = np.where(p > 1e-6, expected - expected.max(axis=1, keepdims=True), 0)
    worst = float(np.abs(logits - expected).max()), float(np.abs(chances - p).max())
    assert p.max(axis=1).std() > 1e-4, "the answers are all alike: nothing was compared"
    assert max(worst) <= 1e-4, worst
    return worst


def test_images():
    return datasets.load_digits().x_test[:100]


test_images.__test__ = False


@needs_node
@pytest.mark.parametrize(
    "name", ["lecture", "softmax_in_the_layer", "own_activation_layers", "dense_only", "reshaped"]
)
def test_forward_pass_equals_keras_on_a_hundred_digits(nets, name):
    images = test_images()
    found = in_node("nn.js", CLASSIFY, [export_keras(nets[name]), images.tolist()])
    worst = compare(nets[name], images, found)
    print(f"{name}: logits {worst[0]:.1e}, probabilities {worst[1]:.1e}")


@needs_node
def test_float16_equals_keras_with_rounded_weights(nets):
    model = keras().models.clone_model(nets["lecture"])
    model.set_weights([w.astype(np.float16).astype(np.float32) for w in nets["lecture"].get_weights()])
    images, packed = test_images(), export_keras(nets["lecture"], precision="float16")
    compare(model, images, in_node("nn.js", CLASSIFY, [packed, images.tolist()]))
    assert 1.9 < len(json.dumps(export_keras(nets["lecture"]))) / len(json.dumps(packed)) < 2.1


CONVOLVE = "(c, cases) => cases.map(([image, kernel, how]) => c.convolve(image, kernel, how))"


def convolution_cases():
    rng = np.random.default_rng(5)
    return [
        (rng.normal(size=shape), rng.normal(size=(3, 3)), stride, padding)
        for shape in ((8, 8), (9, 6), (4, 7), (16, 16))
        for stride in (1, 2)
        for padding in ("none", "same")
    ]


def compare_convolutions(found):
    for (image, kernel, stride, padding), out in zip(convolution_cases(), found, strict=True):
        expected = keras().ops.conv(
            image[None, :, :, None],
            kernel[:, :, None, None],
            stride,
            "valid" if padding == "none" else "same",
        )
        np.testing.assert_allclose(np.array(out), np.asarray(expected)[0, :, :, 0], atol=1e-5)


def convolution_argument():
    return [
        [image.tolist(), kernel.ravel().tolist(), {"stride": stride, "padding": padding, "relu": False}]
        for image, kernel, stride, padding in convolution_cases()
    ]


@needs_node
def test_convolution_equals_keras_for_both_strides_and_paddings():
    compare_convolutions(in_node("sliding_window.js", CONVOLVE, convolution_argument()))


# ---- drawings: strokes taken from real test digits


def skeleton(bitmap: np.ndarray) -> np.ndarray:
    """Thin to lines of one pixel (Zhang and Suen, 1984)."""
    bitmap, changed = bitmap.astype(bool), True
    while changed:
        changed = False
        for odd in (False, True):
            p = np.pad(bitmap, 1)
            n, ne, e, se = p[:-2, 1:-1], p[:-2, 2:], p[1:-1, 2:], p[2:, 2:]
            s, sw, w, nw = p[2:, 1:-1], p[2:, :-2], p[1:-1, :-2], p[:-2, :-2]
            ring = np.array([n, ne, e, se, s, sw, w, nw])
            turns = (~ring & np.roll(ring, -1, axis=0)).sum(axis=0)
            keep = (n & e & w) | (n & s & w) if odd else (n & e & s) | (e & s & w)
            gone = bitmap & (ring.sum(axis=0) >= 2) & (ring.sum(axis=0) <= 6) & (turns == 1) & ~keep
            changed |= bool(gone.any())
            bitmap = bitmap & ~gone
    return bitmap


def drawings(images: np.ndarray) -> list[list]:
    """Strokes, each from one pixel of the skeleton to a neighbour, of digits made eight times as large."""
    from scipy.ndimage import gaussian_filter

    found = []
    for image in images:
        large = gaussian_filter(np.pad(np.kron(image.reshape(8, 8), np.ones((8, 8))), 4), 2)
        dots = {(int(r), int(c)) for r, c in np.argwhere(skeleton(large > 0.5))}
        steps = ((0, 1), (1, 0), (1, 1), (1, -1))
        found.append(
            [
                [[c, r], [c + dc, r + dr]]
                for r, c in sorted(dots)
                for dr, dc in steps
                if (r + dr, c + dc) in dots
            ]
        )
    return found


PLACES = {"large": (290, 15, 10), "small": (60, 15, 20), "corner": (90, 200, 225), "middle": (150, 80, 90)}


def put(strokes, height, left, top):
    """Draw it that many pixels tall at that place of a paper of 320 pixels, each point on a whole pixel."""
    points = np.array(strokes, dtype=float)
    low, high = points.min(axis=(0, 1)), points.max(axis=(0, 1))
    placed = np.rint((points - low) * height / (high - low)[1] + (left, top))
    return (placed / 320).clip(0, 1).tolist()


@pytest.fixture(scope="module")
def trained():
    """A small network trained for a few seconds, better than 94 % on test digits."""
    layer, data = keras().layers, datasets.load_digits()
    keras().utils.set_random_seed(0)
    model = keras().Sequential(
        [
            keras().Input((8, 8, 1)),
            layer.Conv2D(12, 3, padding="same", activation="relu"),
            layer.MaxPooling2D(),
            layer.Conv2D(24, 3, padding="same", activation="relu"),
            layer.Flatten(),
            layer.Dense(10),
        ]
    )
    model.compile("adam", keras().losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=False)
    model.fit(data.x_train.reshape(-1, 8, 8, 1), data.y_train, epochs=20, batch_size=32, verbose=0)
    _, chances = with_keras(model, data.x_test)
    assert (chances.argmax(axis=1) == data.y_test).mean() > 0.94
    return model


READ = "(ink, drawings) => drawings.map((strokes) => ink.pictureOf(strokes))"


@needs_node
@pytest.mark.slow
def test_a_drawing_is_read_alike_wherever_and_however_large_it_is_drawn(trained):
    data = datasets.load_digits()
    lines, digits = drawings(data.x_test[:100]), data.y_test[:100]
    assert set(digits) == set(range(10))
    read = {}
    for name, place in PLACES.items():
        seen = np.array(in_node("digit_ink.js", READ, [put(strokes, *place) for strokes in lines]))
        read[name] = with_keras(trained, seen)[1].argmax(axis=1)
    alike = {name: float((read[name] == read["large"]).mean()) for name in PLACES}
    right = float((read["large"] == digits).mean())
    print(f"read as when drawn large: {alike}; right: {right:.2f}")
    assert min(alike.values()) >= 0.93
    assert right >= 0.75  # many a loop of an 8 or a 9 is lost when an 8 by 8 picture is thinned to lines


# ---- the output


def figures():
    return {
        "convolution": interactives.convolution(),
        "draw_digit": interactives.draw_digit(lecture_net()),
    }


@pytest.mark.parametrize("name", ["convolution", "draw_digit"])
def test_output_is_small_repeatable_and_alone(name):
    assert_alone(lambda: figures()[name], most={"convolution": 28_000, "draw_digit": 60_000}[name])


def test_a_network_of_twelve_thousand_weights_stays_below_sixty_kilobytes():
    layer = keras().layers
    model = build(layer.Conv2D(20, 3, padding="same"), layer.MaxPooling2D(), layer.Flatten(),
                  layer.Dense(35, activation="relu"), layer.Dense(10))  # fmt: skip
    assert 11_500 < model.count_params() < 12_000
    figure = interactives.draw_digit(model)
    assert figure.props["network"]["precision"] == "float16"
    assert len(figure.html().encode()) <= 60_000


@needs_node
@pytest.mark.parametrize("name", ["convolution", "draw_digit"])
def test_the_joined_script_parses(name, tmp_path):
    assert_parses(name, tmp_path)


def test_the_numbers_of_the_lesson_are_true():
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    assert kernel.sum() == 0 and (kernel * [0, 0, 1]).sum() == 4
    source = (FOLDER / "sliding_window.js").read_text(encoding="utf-8")
    assert f"vertical: {kernel.ravel().tolist()}," in source
    for name in cnns.KERNELS:
        assert f"\n  {name}: [" in source, name


# ---- arguments


def test_convolution_keeps_picture_and_kernel():
    props = interactives.convolution(np.eye(4, 5, dtype=np.float32), kernel=np.ones((3, 3)) / 9).props
    assert props["image"][1] == [0, 1, 0, 0, 0] and props["kernel"] == [0.1111] * 9
    five = interactives.convolution().props["image"]
    assert np.array(five).shape == (8, 8) and set(np.ravel(five) * 16 % 1) == {0.0}


def test_the_typical_five_is_the_same_for_every_seed(monkeypatch):
    first = interactives.convolution().props["image"]
    monkeypatch.setenv("COURSE_SEED", "3")
    assert interactives.convolution().props["image"] == first


def test_draw_digit_takes_examples_of_any_shape(nets):
    images = datasets.load_digits().x_test[:3]
    for shape in ((3, 64), (3, 8, 8), (3, 8, 8, 1)):
        props = interactives.draw_digit(
            nets["lecture"], images.reshape(shape), labels=np.array([7, 0, 1])
        ).props
        assert props["labels"] == [7, 0, 1]
        again = [[int(sign, 17) / 16 for sign in text] for text in props["examples"]]
        np.testing.assert_array_equal(again, images)
    assert interactives.draw_digit(nets["lecture"], images).props["labels"] is None
    assert interactives.draw_digit(nets["lecture"]).props["labels"] == list(range(10))
    assert "8 and 16 maps" in interactives.draw_digit(nets["lecture"]).alt
    assert "no maps" in interactives.draw_digit(nets["dense_only"]).alt


CONV = interactives.convolution


@pytest.mark.parametrize(
    ("call", "error", "parts"),
    [
        (lambda: CONV(kernel="sobel"), ValueError, ["kernel", "'sobel'", "'vertical'"]),
        (lambda: CONV(kernel=[[1, 2], [3, 4]]), ValueError, ["kernel", "3 by 3", "2 rows"]),
        (lambda: CONV(kernel=3), TypeError, ["kernel", "got 3"]),
        (lambda: CONV(kernel=[[1, 2, 3], [1, 2, 3], [1, 2, "x"]]), TypeError, ["kernel[2][2]", "'x'"]),
        (lambda: CONV(kernel=np.full((3, 3), np.nan)), ValueError, ["kernel[0][0]", "nan"]),
        (lambda: CONV("five"), TypeError, ["image", "'five'"]),
        (lambda: CONV(np.zeros((3, 8))), ValueError, ["image", "4 to 28", "3 rows"]),
        (lambda: CONV(np.zeros((29, 8))), ValueError, ["image", "29 rows"]),
        (lambda: CONV([[0] * 4] * 3 + [[0] * 5]), ValueError, ["image", "[4, 5]"]),
        (lambda: CONV(np.zeros(64)), ValueError, ["image", "4 to 28", "64 rows"]),
        (lambda: CONV(np.full((8, 8), 255)), ValueError, ["image[0][0]", "-99 to 99", "255"]),
    ],
)
def test_errors_of_the_explorer(call, error, parts):
    assert_refused(call, error, parts)


def flat_dense(*layers):
    return lambda: build(*[make(keras().layers) for make in layers])


def halved(x):
    return x / 2


FLATTEN, TEN = (lambda k: k.Flatten()), (lambda k: k.Dense(10))


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        (
            flat_dense(lambda k: k.Conv2D(2, 3, strides=2, name="wide"), FLATTEN, TEN),
            ["wide", "strides=(2, 2)"],
        ),
        (flat_dense(lambda k: k.Conv2D(2, 3, dilation_rate=2), FLATTEN, TEN), ["dilation_rate"]),
        (flat_dense(lambda k: k.Conv2D(2, 3, activation="gelu", name="c"), FLATTEN, TEN), ["gelu", "relu"]),
        (flat_dense(lambda k: k.Conv2D(2, 3, activation=halved), FLATTEN, TEN), ["activation", "halved"]),
        (flat_dense(lambda k: k.MaxPooling2D(3), FLATTEN, TEN), ["pool_size=(3, 3)", "(2, 2)"]),
        (flat_dense(lambda k: k.MaxPooling2D(2, strides=1), FLATTEN, TEN), ["strides=(1, 1)"]),
        (flat_dense(lambda k: k.MaxPooling2D(2, padding="same"), FLATTEN, TEN), ["padding='same'"]),
        (flat_dense(lambda k: k.AveragePooling2D(2), FLATTEN, TEN), ["AveragePooling2D", "MaxPooling2D"]),
        (flat_dense(lambda k: k.BatchNormalization(), FLATTEN, TEN), ["BatchNormalization"]),
        (flat_dense(FLATTEN, TEN, lambda k: k.ReLU(negative_slope=0.1)), ["negative_slope=0.1"]),
        (flat_dense(FLATTEN, lambda k: k.Dense(10, activation="relu")), ["end with a Dense", "logits"]),
        (flat_dense(FLATTEN, lambda k: k.Dense(10, activation="softmax"), TEN), ["softmax"]),
        (flat_dense(lambda k: k.Dense(3), FLATTEN, TEN), ["Flatten before"]),
        (lambda: keras().Sequential([keras().layers.Dense(10)]), ["must be built"]),
    ],
)
def test_a_network_that_cannot_be_computed_is_refused_by_name(model, parts):
    assert_refused(lambda: export_keras(model()), ValueError, parts)


def test_other_errors_of_the_drawn_digit(nets):
    layer, net, draw = keras().layers, nets["lecture"], interactives.draw_digit
    broken = build(layer.Flatten(), layer.Dense(10))
    broken.set_weights([np.full((64, 10), np.inf), np.zeros(10)])
    huge = build(layer.Flatten(), layer.Dense(600), layer.Dense(10))
    for call, error, parts in (
        (lambda: draw("net"), TypeError, ["model", "Sequential", "str"]),
        (lambda: draw(build(layer.Flatten(), layer.Dense(3))), ValueError, ["model", "(10,)", "(3,)"]),
        (
            lambda: draw(build(layer.Flatten(), layer.Dense(10), shape=(28, 28, 1))),
            ValueError,
            ["(28, 28, 1)"],
        ),
        (lambda: draw(huge), ValueError, ["40,000", "45,010"]),
        (lambda: draw(broken), ValueError, ["weight", "float32"]),
        (lambda: draw(net, precision="int8"), ValueError, ["precision", "'int8'", "'float16'"]),
        (lambda: draw(net, np.zeros((2, 28, 28))), ValueError, ["examples", "(2, 28, 28)"]),
        (lambda: draw(net, np.zeros((13, 64))), ValueError, ["examples", "1 to 12"]),
        (lambda: draw(net, np.full((1, 64), 16.0)), ValueError, ["examples", "0 to 1", "16"]),
        (lambda: draw(net, np.zeros((2, 64)), labels=[1]), ValueError, ["labels", "2 examples", "got 1"]),
        (lambda: draw(net, np.zeros((1, 64)), labels=[10]), ValueError, ["labels[0]", "got 10"]),
        (lambda: draw(net, labels=[1]), ValueError, ["labels", "examples"]),
    ):
        assert_refused(call, error, parts)
