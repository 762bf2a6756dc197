"""The fast recurrent layers compute what Keras's do: outputs, states and every gradient."""

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


def pair(keras, recurrent, kind, units, **options):
    """Keras's layer and ours."""
    return getattr(keras.layers, kind)(units, **options), getattr(recurrent, kind)(units, **options)


def drawn(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def everything(tf, layer, x, states, mode="eager"):
    """Outputs, and gradients of a loss on all of them by inputs, states and weights."""

    def run():
        with tf.GradientTape() as tape:
            tape.watch([x, *states])
            outputs = layer(x, initial_state=list(states)) if states else layer(x)
            loss = sum(tf.reduce_mean(tf.sin((1.0 + number) * part)) for number, part in enumerate(outputs))
        return [*outputs, *tape.gradient(loss, [x, *states, *layer.trainable_weights])]

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
    theirs, ours = pair(keras, recurrent, kind, units, return_sequences=True, return_state=True)
    x = tf.constant(drawn(rng, n, steps, d))
    states = [tf.constant(drawn(rng, n, units)) for _ in range(ours.num_states)]
    for layer in (theirs, ours):
        layer.build((n, steps, d))
    weights = [drawn(rng, *weight.shape) for weight in theirs.weights]  # biases too, no zeros
    for layer in (theirs, ours):
        layer.set_weights(weights)
    for given in ([], states):
        expected = everything(tf, theirs, x, given)
        for mode in MODES if shape == (2, 7, 3, 5) else ["graph"]:
            assert_alike(everything(tf, ours, x, given, mode), expected)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_long_sequences_stay_alike(keras, tf, recurrent, kind):
    theirs, ours = pair(keras, recurrent, kind, 16, return_sequences=True, return_state=True)
    x = tf.constant(drawn(np.random.default_rng(0), 4, 150, 8))
    theirs(x), ours(x)
    ours.set_weights(theirs.get_weights())
    assert_alike(everything(tf, ours, x, [], "XLA"), everything(tf, theirs, x, [], "graph"))


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_a_new_layer_is_keras_new_layer(keras, recurrent, kind):
    layers = []
    for module in (keras.layers, recurrent):
        keras.utils.set_random_seed(3)
        layers.append(getattr(module, kind)(6))
        layers[-1].build((None, None, 4))
    theirs, ours = layers
    assert [weight.name for weight in ours.weights] == [weight.name for weight in theirs.weights]
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("state", [True, False])
def test_what_goes_out_is_what_keras_gives(keras, tf, recurrent, kind, sequences, state):
    options = {"return_sequences": sequences, "return_state": state, "go_backwards": True}
    theirs, ours = pair(keras, recurrent, kind, 3, **options)
    x = tf.constant(drawn(np.random.default_rng(1), 2, 5, 4))
    theirs(x), ours(x)
    ours.set_weights(theirs.get_weights())
    found, expected = ours(x), theirs(x)
    if not state:
        found, expected = [found], [expected]
    assert_alike([part.numpy() for part in found], [part.numpy() for part in expected])


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


# Inside of Keras


@pytest.mark.parametrize("kind", ["LSTM", "GRU"])
def test_layers_train_wrap_and_are_stored(keras, recurrent, kind, tmp_path):
    layer = getattr(recurrent, kind)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((None, 2)),
            keras.layers.Bidirectional(layer(4, return_sequences=True)),
            layer(5, name="last"),
            keras.layers.Dense(1),
        ]
    )
    assert model.output_shape == (None, 1)
    x = drawn(np.random.default_rng(5), 64, 6, 2)
    y = x[:, 0, :1]  # the first input has to be remembered
    model.compile(keras.optimizers.Adam(0.05), "mse")
    losses = model.fit(x, y, epochs=30, batch_size=32, verbose=0).history["loss"]
    assert losses[-1] < 0.5 * losses[0]
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert again.get_layer("last").units == 5
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))


def test_states_may_be_inputs_of_a_model(keras, recurrent):
    x, states = keras.Input((None, 2)), [keras.Input((4,)), keras.Input((4,))]
    model = keras.Model([x, *states], recurrent.LSTM(4, return_state=True)(x, initial_state=states))
    assert [tuple(output.shape) for output in model.outputs] == [(None, 4)] * 3


# Wrong input is named


@pytest.mark.parametrize("units", [0, -1, 2.5, True, "4", None])
def test_units_are_whole(recurrent, units):
    for layer in (recurrent.LSTM, recurrent.GRU):
        with pytest.raises(ValueError, match="units must be a whole number of at least 1, got"):
            layer(units)


def test_layers_name_what_does_not_fit(keras, recurrent):
    x = np.zeros((2, 5, 3), "float32")
    with pytest.raises(ValueError, match="mask must be None"):
        recurrent.LSTM(4)(x, mask=np.ones((2, 5), bool))
    with pytest.raises(ValueError, match="initial_state must be 2 tensors, got 1"):
        recurrent.LSTM(4)(x, initial_state=[x[:, 0]])
    with pytest.raises(ValueError, match=r"h must have shape \(2, 4\), got \(2, 3\)"):
        recurrent.GRU(4)(x, initial_state=x[:, 0])
    with pytest.raises(ValueError, match="expected ndim=3, found ndim=2"):
        recurrent.GRU(4)(x[:, 0])


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
        "import sys; from course_utils.networks import recurrent; print('LSTM' in dir(recurrent), "
        "{'keras', 'tensorflow', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True set()"


def test_unknown_names_are_no_part_of_it():
    from course_utils.networks import recurrent

    with pytest.raises(AttributeError, match="no attribute 'Gru'"):
        _ = recurrent.Gru
