"""The fast recurrent networks compute what Keras's do: outputs, states and every gradient."""

import subprocess
import sys

import numpy as np
import pytest

TOLERANCE = 1e-5
SHAPES = [(1, 1, 1, 1), (3, 1, 2, 4), (2, 7, 3, 5), (4, 12, 1, 3)]  # n, steps, d, units
MODES = ["eager", "graph", "XLA"]


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def tf(keras):
    import tensorflow

    return tensorflow


@pytest.fixture(scope="module")
def recurrent(tf):
    from course_utils.networks import recurrent

    return recurrent


def ours(tf, recurrent, kind, weights):
    """The function, called as Keras's layer is: sequences first, hidden states and then the last ones out."""

    def run(x, initial_state=()):
        kernel, recurrent_kernel, bias = weights
        if kind == "LSTM":
            hs, *last = recurrent.lstm(recurrent.input_gates(x, kernel, bias), recurrent_kernel, *initial_state)
        else:
            gates = recurrent.input_gates(x, kernel, bias[0])
            hs, *last = recurrent.gru(gates, recurrent_kernel, bias[1], *initial_state)
        return [tf.transpose(hs, [1, 0, 2]), *last]

    return run


def drawn(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def everything(tf, layer, weights, x, states, mode="eager"):
    """Outputs, and gradients of a loss on all of them by inputs, states and weights."""

    def run():
        with tf.GradientTape() as tape:
            tape.watch([x, *states])
            outputs = layer(x, initial_state=list(states)) if states else layer(x)
            loss = sum(tf.reduce_mean(tf.sin((1.0 + number) * part)) for number, part in enumerate(outputs))
        return [*outputs, *tape.gradient(loss, [x, *states, *weights])]

    run = run if mode == "eager" else tf.function(run, jit_compile=mode == "XLA")
    return [part.numpy() for part in run()]


def assert_alike(ours, theirs):
    assert len(ours) == len(theirs)
    for one, other in zip(ours, theirs, strict=True):
        assert one.shape == other.shape and np.isfinite(one).all()
        np.testing.assert_allclose(one, other, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_outputs_and_gradients_are_those_of_keras(keras, tf, recurrent, kind, shape):
    n, steps, d, units = shape
    rng = np.random.default_rng(sum(shape))
    layer = getattr(keras.layers, kind)(units, return_sequences=True, return_state=True)
    x = tf.constant(drawn(rng, n, steps, d))
    states = [tf.constant(drawn(rng, n, units)) for _ in range(2 if kind == "LSTM" else 1)]
    layer.build((n, steps, d))
    layer.set_weights([drawn(rng, *weight.shape) for weight in layer.weights])  # biases too, no zeros
    weights = [tf.Variable(weight) for weight in layer.get_weights()]
    for given in ([], states):
        expected = everything(tf, layer, layer.trainable_weights, x, given)
        for mode in MODES if shape == (2, 7, 3, 5) else ["graph"]:
            assert_alike(everything(tf, ours(tf, recurrent, kind, weights), weights, x, given, mode), expected)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_long_sequences_stay_alike(keras, tf, recurrent, kind):
    layer = getattr(keras.layers, kind)(16, return_sequences=True, return_state=True)
    x = tf.constant(drawn(np.random.default_rng(0), 4, 150, 8))
    layer(x)
    weights = [tf.Variable(weight) for weight in layer.get_weights()]
    expected = everything(tf, layer, layer.trainable_weights, x, [], "graph")
    assert_alike(everything(tf, ours(tf, recurrent, kind, weights), weights, x, [], "XLA"), expected)


def test_unused_outputs_leave_gradients_alone(tf, recurrent):
    """Only the last cell state enters the loss; then only the hidden states do."""
    rng = np.random.default_rng(2)
    gates, kernel = tf.constant(drawn(rng, 6, 2, 12)), tf.Variable(drawn(rng, 3, 12))
    for part in (0, 1, 2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(recurrent.lstm(gates, kernel)[part])
        slope = tape.gradient(loss, kernel).numpy()
        step = 1e-2 * drawn(rng, 3, 12)
        up, down = (tf.reduce_sum(recurrent.lstm(gates, kernel + sign * step)[part]).numpy() for sign in (1, -1))
        assert (up - down) / 2 == pytest.approx((slope * step).sum(), rel=1e-2, abs=1e-4)


def test_embedded_symbols_give_the_gates_of_their_vectors(tf, recurrent):
    rng = np.random.default_rng(3)
    parts = [tf.Variable(drawn(rng, *shape)) for shape in ((7, 3), (3, 8), (8,))]
    ids = rng.integers(0, 7, (4, 5))
    with tf.GradientTape(persistent=True) as tape:
        folded = recurrent.embed_gates(*parts, ids)
        plain = recurrent.input_gates(tf.gather(parts[0], ids), *parts[1:])
        losses = [tf.reduce_sum(tf.sin(gates)) for gates in (folded, plain)]
    assert folded.shape == (5, 4, 8)
    by_hand = np.einsum("nsd,dg->sng", parts[0].numpy()[ids], parts[1].numpy()) + parts[2].numpy()
    np.testing.assert_allclose(folded, by_hand, atol=TOLERANCE)
    np.testing.assert_allclose(plain, by_hand, atol=TOLERANCE)
    slopes = [[tf.convert_to_tensor(slope).numpy() for slope in tape.gradient(loss, parts)] for loss in losses]
    assert_alike(*slopes)


def test_float64_stays_float64(tf, recurrent):
    rng = np.random.default_rng(4)
    hs, h, c = recurrent.lstm(rng.standard_normal((3, 2, 8)), rng.standard_normal((2, 8)))
    assert hs.dtype == h.dtype == c.dtype == tf.float64


# Wrong input is named


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ([(5, 2, 12), (3, 11)], r"recurrent_kernel must be \(units, 4 \* units\), got \(3, 11\)"),
        ([(5, 2, 12), (12,)], "recurrent_kernel must be"),
        ([(5, 2, 8), (3, 12)], r"gates must be \(steps, n, 12\) with a step or more, got \(5, 2, 8\)"),
        ([(2, 12), (3, 12)], r"gates must be .*got \(2, 12\)"),
        ([(0, 2, 12), (3, 12)], r"gates must be .*got \(0, 2, 12\)"),
        ([(5, 2, 12), (3, 12), (2, 4)], r"h must have shape \(2, 3\), got \(2, 4\)"),
        ([(5, 2, 12), (3, 12), (2, 3), (1, 3)], r"c must have shape \(2, 3\), got \(1, 3\)"),
    ],
)
def test_lstm_names_a_shape_that_does_not_fit(recurrent, shapes, said):
    with pytest.raises(ValueError, match=said):
        recurrent.lstm(*(np.zeros(shape, "float32") for shape in shapes))


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        ([(5, 2, 12), (3, 12), (12,)], r"recurrent_kernel must be \(units, 3 \* units\), got \(3, 12\)"),
        ([(5, 2, 9), (3, 9), (2, 9)], r"recurrent_bias must have shape \(9\), got \(2, 9\)"),
    ],
)
def test_gru_names_a_shape_that_does_not_fit(recurrent, shapes, said):
    with pytest.raises(ValueError, match=said):
        recurrent.gru(*(np.zeros(shape, "float32") for shape in shapes))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"ids": np.zeros((4, 5))}, r"ids must be whole numbers of shape \(n, steps\), got float64 \(4, 5\)"),
        ({"ids": np.zeros(4, int)}, r"ids must be whole numbers .*\(4\)"),
        ({"kernel": np.zeros((2, 8))}, r"kernel must have shape \(3, any\), got \(2, 8\)"),
        ({"bias": np.zeros(7)}, r"bias must have shape \(8\), got \(7\)"),
        ({"embedding": np.zeros(3)}, r"embedding must have shape \(any, any\), got \(3\)"),
    ],
)
def test_embed_gates_names_what_does_not_fit(recurrent, change, said):
    good = {"embedding": np.zeros((7, 3)), "kernel": np.zeros((3, 8)), "bias": np.zeros(8), "ids": np.zeros((4, 5), int)}
    with pytest.raises(ValueError, match=said):
        recurrent.embed_gates(**good | change)


def test_input_gates_names_what_does_not_fit(recurrent):
    with pytest.raises(ValueError, match=r"x must be \(n, steps, d\), got \(4, 3\)"):
        recurrent.input_gates(np.zeros((4, 3)), np.zeros((3, 8)), np.zeros(8))
    with pytest.raises(ValueError, match=r"kernel must have shape \(3, any\), got \(2, 8\)"):
        recurrent.input_gates(np.zeros((4, 5, 3)), np.zeros((2, 8)), np.zeros(8))


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = (
        "import sys; from course_utils.networks import recurrent; print('lstm' in dir(recurrent), "
        "{'keras', 'tensorflow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True set()"


def test_unknown_names_are_no_part_of_it():
    from course_utils.networks import recurrent

    with pytest.raises(AttributeError, match="no attribute 'GRU'"):
        _ = recurrent.GRU
