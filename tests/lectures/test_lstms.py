"""Functions that readers of lecture 11 see, against references that were not written here."""

import ast
import collections
import math

import numpy as np
import pytest
from scipy import signal, stats
from scipy.integrate import solve_ivp
from scipy.special import expit as sigmoid

from course_utils import text
from course_utils.networks import recurrent

SEEDS = range(3)


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    import keras
    import tensorflow as tf

    def function(name, **given):
        return lecture("11_lstms").function(name, keras=keras, tf=tf, recurrent=recurrent, **given)

    return function


def weights_of(rng, d=3, units=5, blocks=4):
    return [0.6 * rng.normal(size=shape) for shape in ((d, blocks * units), (units, blocks * units), (blocks * units,))]


# The cells


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("steps", [1, 2, 17])
def test_lstm_equals_keras_forward_and_backward(taught, seed, steps):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x, blame = rng.normal(size=(steps, 4, 3)), rng.normal(size=(steps, 4, 5))
    weights = weights_of(rng)
    layer = keras.layers.LSTM(5, return_sequences=True, dtype="float64")
    layer.build((None, None, 3))
    layer.set_weights(weights)
    with tf.GradientTape() as tape:
        theirs = layer(tf.constant(x.transpose(1, 0, 2)))
        loss = tf.reduce_sum(theirs * blame.transpose(1, 0, 2))
    slopes = tape.gradient(loss, layer.trainable_variables)
    states, trace = taught("lstm_forward")(x, *weights)
    ours = taught("lstm_backward")(blame, x, weights[1], trace)[:3]
    np.testing.assert_allclose(states, theirs.numpy().transpose(1, 0, 2), atol=1e-10)
    for a, b in zip(ours, slopes, strict=True):
        np.testing.assert_allclose(a, b.numpy(), atol=1e-9)


def loop_with_peepholes(x, W, U, b, p):
    """The equations of Graves (2013), gate by gate, in TensorFlow."""
    import tensorflow as tf

    units = U.shape[0]
    parts = [(W[:, k * units : (k + 1) * units], U[:, k * units : (k + 1) * units], b[k * units : (k + 1) * units]) for k in range(4)]
    h = c = tf.zeros((x.shape[1], units), tf.float64)
    states = []
    for t in range(x.shape[0]):
        into = [x[t] @ w + h @ u + bias for w, u, bias in parts]
        i, f = tf.sigmoid(into[0] + p[0] * c), tf.sigmoid(into[1] + p[1] * c)
        c = f * c + i * tf.tanh(into[2])
        o = tf.sigmoid(into[3] + p[2] * c)
        h = o * tf.tanh(c)
        states.append(h)
    return tf.stack(states)


@pytest.mark.parametrize("seed", SEEDS)
def test_peepholes_equal_an_independent_loop(taught, seed):
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x, blame = rng.normal(size=(9, 4, 3)), rng.normal(size=(9, 4, 5))
    given = [*weights_of(rng), rng.normal(size=(3, 5))]
    variables = [tf.Variable(part) for part in given]
    with tf.GradientTape() as tape:
        theirs = loop_with_peepholes(tf.constant(x), *variables)
        loss = tf.reduce_sum(theirs * blame)
    slopes = tape.gradient(loss, variables)
    states, trace = taught("lstm_forward")(x, *given)
    np.testing.assert_allclose(states, theirs.numpy(), atol=1e-12)
    for a, b in zip(taught("lstm_backward")(blame, x, given[1], trace, given[3]), slopes, strict=True):
        np.testing.assert_allclose(a, b.numpy(), atol=1e-10)


@pytest.mark.parametrize("seed", SEEDS)
def test_fast_layer_equals_the_lecture(taught, seed):
    """What `course_utils.networks.recurrent` computes is what the lecture derives, gradient included."""
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x, blame = rng.normal(size=(8, 4, 3)), rng.normal(size=(8, 4, 5))
    variables = [tf.Variable(part) for part in weights_of(rng)]
    with tf.GradientTape() as tape:
        states = recurrent.lstm(tf.tensordot(x, variables[0], 1) + variables[2], variables[1])[0]
        loss = tf.reduce_sum(states * blame)
    slopes = tape.gradient(loss, variables)
    given = [variable.numpy() for variable in variables]
    ours, trace = taught("lstm_forward")(x, *given)
    np.testing.assert_allclose(ours, states.numpy(), atol=1e-12)
    for a, b in zip(taught("lstm_backward")(blame, x, given[1], trace)[:3], slopes, strict=True):
        np.testing.assert_allclose(a, b.numpy(), atol=1e-10)


@pytest.mark.parametrize("reset_after", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_gru_step_equals_keras_cell(taught, seed, reset_after):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    cell = keras.layers.GRUCell(5, reset_after=reset_after, dtype="float64")
    cell.build((None, 3))
    W, U, b = (0.6 * rng.normal(size=weight.shape) for weight in cell.get_weights())
    cell.set_weights([W, U, b])
    x, h = rng.normal(size=(4, 3)), rng.normal(size=(4, 5))
    theirs = cell(tf.constant(x), [tf.constant(h)])[0]
    outside, inside = (b[0], tf.constant(b[1])) if reset_after else (b, None)
    ours = taught("gru_step")(tf.constant(x @ W + outside), (tf.constant(h),), tf.constant(U), inside, reset_after)[0]
    np.testing.assert_allclose(ours.numpy(), theirs.numpy(), atol=1e-12)


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
def test_unrolled_copies_equal_keras_one_by_one(taught, lecture, name):
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(5)
    code = lecture("11_lstms").functions("start_weights", "unroll", "rnn_step", keras=keras, tf=tf, recurrent=recurrent, rng=rng)
    cells = taught("unroll").__globals__["CELLS"]
    _, blocks, _, units = cells[name]
    weights = code["start_weights"](blocks, 4, units, 3, copies=2)
    weights[-1].assign(rng.normal(size=(2, 1, 3)))
    x = rng.normal(size=(7, 2, 6, 4)).astype("float32")
    ours = taught("unroll")(name, weights, tf.constant(x)).numpy()
    kind = {"RNN": keras.layers.SimpleRNN, "GRU": keras.layers.GRU, "LSTM": keras.layers.LSTM}[name]
    for copy in range(2):
        W, U, b, V, a = (part.numpy()[copy] for part in weights)
        layer = kind(units, return_sequences=True)
        layer.build((None, None, 4))
        bias = np.stack([b[0], np.zeros_like(b[0])]) if name == "GRU" else b[0]
        layer.set_weights([W, U, bias])
        theirs = layer(x[:, copy].transpose(1, 0, 2)).numpy().transpose(1, 0, 2) @ V + a
        np.testing.assert_allclose(ours[:, copy], theirs, atol=2e-5)


# Streams and valves


@pytest.mark.parametrize("seed", SEEDS)
def test_streams_answer_with_the_last_flag(taught, seed):
    symbols, flags, answers, ago = taught("streams")((3, 4), 30, 0.2, np.random.default_rng(seed))
    for place in np.ndindex(3, 4):
        last = when = None
        for t in range(30):
            if flags[place][t]:
                last, when = symbols[place][t], t
            assert (answers[place][t], ago[place][t]) == (last, t - when)


def test_valves_hold_and_forget(taught):
    inputs = np.array([0.5, -1.0, 2.0, 3.0])
    cells, outputs, slopes = taught("run_valves")(inputs, [1, 0, 1, 0], [1, 1, 0.5, 1], np.array([0, 1, 0, 1]))
    np.testing.assert_allclose(cells, [0.5, 0.5, 2.25, 2.25])
    np.testing.assert_allclose(outputs, [0, 0.5, 0, 2.25])
    np.testing.assert_allclose(slopes, [0.5, 0, 1, 0])


@pytest.mark.parametrize("f", [0.0, 0.5, 0.97])
def test_low_pass_equals_scipy(taught, f):
    x = np.random.default_rng(0).normal(size=200)
    np.testing.assert_allclose(taught("low_pass")(x, f), signal.lfilter([1 - f], [1, -f], x), atol=1e-12)
    omega, response = signal.freqz([1 - f], [1, -f], worN=50)
    np.testing.assert_allclose(taught("gain")(omega, f), np.abs(response), atol=1e-12)


# Handwriting


@pytest.mark.parametrize("seed", SEEDS)
def test_mixture_is_a_density(taught, seed):
    import tensorflow as tf

    outputs = np.random.default_rng(seed).normal(size=19) * 0.7
    grid = np.linspace(-14, 14, 281)
    at = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
    total = 0.0
    for pen in (0.0, 1.0):
        points = np.column_stack([at, np.full(len(at), pen)])
        total += np.exp(-taught("pen_loss")(tf.constant(np.tile(outputs, (len(at), 1))), tf.constant(points)).numpy()).sum()
    assert total * (grid[1] - grid[0]) ** 2 == pytest.approx(1, abs=0.01)


def test_one_component_is_scipys_gaussian(taught):
    import tensorflow as tf

    pen, m1, m2, s1, s2, r = 0.3, 0.5, -1.0, -0.4, 0.2, 0.8
    outputs = tf.constant([[pen, 1.7, m1, m2, s1, s2, r]], tf.float64)  # the weight of a single one doesn't matter
    point = tf.constant([[0.1, 0.2, 1.0]], tf.float64)
    rho, sd = 0.98 * np.tanh(r), np.exp([s1, s2])
    cov = [[sd[0] ** 2, rho * sd.prod()], [rho * sd.prod(), sd[1] ** 2]]
    expected = -stats.multivariate_normal([m1, m2], cov).logpdf([0.1, 0.2]) - np.log(1 / (1 + np.exp(-pen)))
    assert taught("pen_loss")(outputs, point).numpy()[0] == pytest.approx(expected, abs=1e-10)


def test_samples_have_the_density(taught):
    """A readout without weights writes points whose moments are those of its mixture."""
    a = np.zeros(13)
    a[0], a[1:3], a[3:5], a[5:7], a[7:11] = -1.0, [np.log(0.7), np.log(0.3)], [1.0, -2.0], [0.5, 3.0], np.log(0.5)
    units = 2
    weights = [np.zeros((3, 4 * units)), np.zeros((units, 4 * units)), np.zeros(4 * units), np.zeros((units, 13)), a]

    class Fixed:
        def __init__(self, array):
            self.array = array

        def numpy(self):
            return self.array

    points = taught("write")([Fixed(part) for part in weights], 50, 200, 0.0, np.random.default_rng(0)).reshape(-1, 3)
    np.testing.assert_allclose(points.mean(axis=0), [0.1, 1.25, 1 / (1 + np.e)], atol=0.06)
    mean = np.array([0.1, 1.25])
    spread = 0.7 * (np.array([1.0, 0.5]) - mean) ** 2 + 0.3 * (np.array([-2.0, 3.0]) - mean) ** 2 + 0.25
    np.testing.assert_allclose(points[:, :2].var(axis=0), spread, rtol=0.06)


# Clocks


@pytest.mark.parametrize("seed", SEEDS)
def test_swing_equals_scipy(taught, seed):
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    g, k, theta = rng.uniform(1, 4, 5), rng.uniform(0.5, 1.5, 4), rng.uniform(-1, 1, 5)

    def law(_, state):
        angle, speed = np.split(state, 2)
        push = -g * np.sin(angle)
        for j in range(4):
            push[j] += k[j] * (angle[j + 1] - angle[j])
            push[j + 1] -= k[j] * (angle[j + 1] - angle[j])
        return np.concatenate([speed, push])

    expected = solve_ivp(law, (0, 5), np.append(theta, np.zeros(5)), t_eval=np.arange(51) / 10, rtol=1e-10, atol=1e-10).y[:5].T
    ours = taught("swing")(tf.constant(theta[None]), tf.zeros((1, 5), tf.float64), tf.constant(g[None]), tf.constant(k[None]), 50, 20)
    np.testing.assert_allclose(ours.numpy()[:, 0], expected, atol=2e-4)


def test_swing_keeps_its_energy(taught):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    g, k, theta = rng.uniform(1, 4, (1, 5)), rng.uniform(0.5, 1.5, (1, 4)), tf.constant(rng.uniform(-1, 1, (1, 5)))
    step, speed, energies = tf.function(taught("law_step")), tf.zeros_like(theta), []
    for _ in range(300):
        theta, speed = step(theta, speed, tf.constant(g), tf.constant(k))
        a, v = theta.numpy(), speed.numpy()
        energies.append((v**2).sum() / 2 + (g * (1 - np.cos(a))).sum() + (k * np.diff(a) ** 2).sum() / 2)
    assert np.ptp(energies) < 0.01 * np.mean(energies)


# Code


def test_parameters_that_are_used(taught):
    used = taught("used_parameters", ast=ast)
    assert sorted(used("def f(self, a, b, *, c=1):\n    return a + c\n")) == [False, True, True]
    assert used("def f():\n    pass\n") == []


def test_next_scores_fold_the_embedding(taught):
    """One row of W for a symbol is what an embedding and a kernel give."""
    import tensorflow as tf

    rng = np.random.default_rng(0)
    embedding, (W, U, b) = rng.normal(size=(7, 3)), weights_of(rng)
    V, a = rng.normal(size=(5, 7)), rng.normal(size=7)
    codes = rng.integers(7, size=(4, 9))
    folded = [tf.constant(part) for part in (embedding @ W, U, b, V, a)]
    ours = taught("next_scores")(folded, tf.constant(codes))[0].numpy()
    states, _ = taught("lstm_forward")(embedding[codes.T], W, U, b)
    np.testing.assert_allclose(ours, states @ V + a, atol=1e-10)


# Solutions


@pytest.mark.parametrize("text", ["abracadabra", "to be or not to be", "aaaa"])
@pytest.mark.parametrize("order", [0, 1, 3])
def test_solution_of_11_6_is_a_conditional_entropy(lecture, text, order):
    bits = lecture("11_lstms").function("bits_per_character", solution=True)(text, order)
    grams = collections.Counter(text[t - order : t + 1] for t in range(order, len(text)))
    contexts = collections.Counter(text[t - order : t] for t in range(order, len(text)))

    def entropy(counts):
        total = sum(counts.values())
        return -sum(n / total * math.log2(n / total) for n in counts.values())

    assert bits == pytest.approx(entropy(grams) - entropy(contexts), abs=1e-9)


# What the trainings are made of, each against another way


@pytest.fixture(scope="module")
def one_lstm(taught):
    """Weights of one small LSTM with a readout, in double precision, and its answers by the lecture's loop."""
    import tensorflow as tf

    def make(d, units, outputs, seed=0):
        rng = np.random.default_rng(seed)
        parts = [*weights_of(rng, d, units), rng.normal(size=(units, outputs)), rng.normal(size=outputs)]
        parts = [part.astype("float32") for part in parts]

        def answers(x):
            states, _ = taught("lstm_forward")(x, *parts[:3])
            return states @ parts[3] + parts[4]

        return [tf.constant(part) for part in parts], answers

    return make


def test_keras_answers_are_those_of_the_loop(taught):
    import keras

    rng = np.random.default_rng(0)
    x, blame, weights = rng.normal(size=(4, 2, 3)), rng.normal(size=(4, 2, 5)), weights_of(rng)
    layer = keras.layers.LSTM(5, return_sequences=True, dtype="float64")
    layer.build((None, None, 3))
    layer.set_weights(weights)
    states, slopes = taught("keras_answers")(layer, x, blame)
    expected, trace = taught("lstm_forward")(x, *weights)
    np.testing.assert_allclose(states, expected, atol=1e-10)
    for ours, theirs in zip(slopes, taught("lstm_backward")(blame, x, weights[1], trace)[:3], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


@pytest.mark.parametrize("f", [0.5, 0.9])
def test_the_size_of_a_wave_is_its_gain(taught, f):
    for period in (8, 64, 512):
        assert taught("size_left")(period, f) == pytest.approx(taught("gain")(2 * np.pi / period, f), rel=0.01)
        exact = (1 - f) / math.sqrt(1 + f**2 - 2 * f * math.cos(2 * np.pi / period))
        assert taught("gain")(2 * np.pi / period, f) == pytest.approx(exact)


@pytest.mark.parametrize("blocks", [1, 3, 4])
def test_copies_start_orthogonal_and_with_open_reset_gates(taught, blocks):
    W, U, b, V, a = (part.numpy() for part in taught("start_weights", rng=np.random.default_rng(0))(blocks, 50, 40, 30))
    assert W.shape == (8, 50, blocks * 40) and V.shape == (8, 40, 30) and a.shape == (8, 1, 30) and not a.any()
    assert W.std() == pytest.approx(50**-0.5, rel=0.05) and V.std() == pytest.approx(40**-0.5, rel=0.05)
    for block in np.split(U, blocks, axis=-1):
        np.testing.assert_allclose(block @ block.transpose(0, 2, 1), np.eye(40)[None].repeat(8, axis=0), atol=1e-5)
    expected = np.repeat([0, 1, 0, 0][:blocks] if blocks == 4 else [0] * blocks, 40)
    np.testing.assert_array_equal(b, np.broadcast_to(expected, b.shape))
    W, U, b, V, a = taught("network", rng=np.random.default_rng(0))(50, 40, 30)
    assert [tuple(part.shape) for part in (W, U, b, V, a)] == [(50, 160), (40, 160), (160,), (40, 30), (30,)]
    chosen = taught("network", rng=np.random.default_rng(0))(50, 40, 30, chosen=True)[0]
    np.testing.assert_allclose(chosen, W * math.sqrt(50) / 2, rtol=1e-5)


def test_fit_takes_falling_steps_and_averages_each_chunk(taught):
    import tensorflow as tf

    weight, asked = tf.Variable([5.0, -5.0]), []

    def draw(count):
        asked.append(weight.numpy())
        return np.arange(count, dtype="float32"), np.full(count, 3, "float32")

    curve = taught("fit")([weight], lambda number, factor: tf.reduce_sum(weight) * factor + number, draw, 40, 0.1, chunk=10)
    asked.append(weight.numpy())
    np.testing.assert_allclose(-np.diff(asked, axis=0)[:, 0], [1, 0.75, 0.5, 0.25], rtol=1e-2)  # a steady slope: full steps
    assert len(curve) == 4
    heights = 5 - np.concatenate([[0], np.cumsum(np.repeat([0.1, 0.075, 0.05, 0.025], 10))])
    sums = 3 * (2 * heights[:40] - 10).reshape(4, 10) + np.arange(10)
    np.testing.assert_allclose(curve, sums.mean(axis=1), rtol=1e-3)
    long = tf.Variable([1.0])
    drawn = []
    taught("fit")([long], lambda part: tf.reduce_sum(long * part), lambda k: (drawn.append(k), np.ones(k, "float32"))[1:], 100, 0.1)
    assert drawn == [50, 50]


def test_fit_clips_a_long_gradient(taught):
    import tensorflow as tf

    weight = tf.Variable([0.0])
    slopes = iter([1000.0, 1.0])
    taught("fit")([weight], lambda s: tf.reduce_sum(weight) * s, lambda k: (np.array([next(slopes)], "float32"),), 2, 0.1, chunk=1)
    assert weight.numpy()[0] == pytest.approx(-0.15, rel=1e-3)  # unclipped, the second step would be far shorter


def test_what_a_network_sees_of_a_stream(taught):
    seen, made = taught("seen_by_network", rng=np.random.default_rng(3)), taught("streams")((6, 2, 3), 7, 0.3, np.random.default_rng(3))
    x, answers = seen((6, 2, 3), 7, 0.3)
    assert x.shape == (6, 7, 2, 3, 6) and answers.shape == (6, 7, 2, 3) and x.dtype == np.float32
    for place in np.ndindex(6, 2, 3):
        for t in range(7):
            here = (place[0], t, *place[1:])
            assert x[here][:5].argmax() == made[0][place][t] and x[here][:5].sum() == 1
            assert x[here][5] == made[1][place][t] and answers[here] == made[2][place][t]


def test_the_loss_of_all_copies_adds_up(taught):
    import tensorflow as tf

    scores = np.random.default_rng(0).normal(size=(7, 3, 4, 5)).astype("float32")
    answers = np.random.default_rng(1).integers(0, 5, size=(7, 3, 4))
    loss = taught("hold_loss", unroll=lambda name, weights, x: tf.constant(scores))("LSTM", None)(None, answers)
    wrong = np.log(np.exp(scores).sum(axis=-1)) - np.take_along_axis(scores, answers[..., None], -1)[..., 0]
    assert float(loss) == pytest.approx(3 * wrong.mean(), rel=1e-5)


def test_the_task_of_holding_is_as_the_text_says(taught):
    asked = {}

    def fit(weights, loss, draw, steps, rate, label):
        x, answers = draw(2)
        asked.update(steps=steps, rate=rate, x=x.shape, flags=None, units=weights[1].shape)

    taught("learn_to_hold", fit=fit, rng=np.random.default_rng(0))("GRU")
    assert (asked["steps"], asked["rate"]) == (260, 1.2e-2)
    assert asked["x"] == (2, 48, 8, 32, 6) and asked["units"] == (8, 27, 81)
    rates = []
    spy = lambda shape, steps, flag_rate: rates.append(flag_rate)  # noqa: E731
    taught("learn_to_hold", fit=lambda w, loss, draw, *rest, label: draw(1), seen_by_network=spy, rng=np.random.default_rng(0))("RNN")
    assert rates == [1 / 24]


def test_open_gates_are_those_of_the_loop(taught):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x, copies = rng.normal(size=(6, 2, 4, 4)), [weights_of(rng, 4, 5), weights_of(rng, 4, 5)]
    parts = [np.array(pair) if pair[0].ndim > 1 else np.array(pair)[:, None] for pair in zip(*copies, strict=True)]
    written, kept = taught("open_gates")([tf.constant(part, tf.float32) for part in parts], x.astype("float32"))
    for copy in range(2):
        _, trace = taught("lstm_forward")(x[:, copy], *copies[copy])
        np.testing.assert_allclose(written[:, copy], [gates[0] for *_, gates in trace], atol=1e-4)
        np.testing.assert_allclose(kept[:, copy], [gates[1] for *_, gates in trace], atol=1e-4)


def test_curves_are_read_point_by_point(taught, one_lstm):
    weights, answers = one_lstm(1, 6, 10)
    x, y = np.random.default_rng(0).normal(size=(8, 5)).astype("float32"), np.arange(8)
    expected = answers(x.T[..., None])
    scores = taught("class_scores", classifier=weights)(x).numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-4)
    wrong = np.log(np.exp(expected[-1]).sum(axis=1)) - expected[-1][np.arange(8), y]
    assert float(taught("class_loss", classifier=weights)(x, y)) == pytest.approx(wrong.mean(), rel=1e-4)
    whole, h, c = taught("read")(weights, x.T[..., None])
    first, h1, c1 = taught("read")(weights, x.T[:2, :, None])
    rest, h2, c2 = taught("read")(weights, x.T[2:, :, None], h1, c1)
    np.testing.assert_allclose(np.concatenate([first, rest]), whole, atol=1e-5)
    np.testing.assert_allclose([h2, c2], [h, c], atol=1e-5)


class Pairs:
    sources, targets = ("two", "one hundred two"), ("ab", "a")


def test_words_and_letters_become_numbers_and_back(taught):
    given = {"words": ["hundred", "one", "two"], "letters": ["a", "b"], "longest": 4}
    x, y = taught("as_ids", **given)(Pairs)
    np.testing.assert_array_equal(x, [[0, 0, 0, 0, 0, 3], [0, 0, 0, 2, 1, 3]])
    np.testing.assert_array_equal(y, [[2, 3, 0, 0], [2, 0, 0, 0]])
    as_text = taught("as_text", letters=given["letters"])
    assert [as_text(ids) for ids in ([2, 3, 0, 2], [3, 3, 2, 2], [0, 2], [1, 2, 0])] == ["ab", "bbaa", "", "a"]


def test_translation_reads_all_and_counts_up_to_the_end_sign(taught, one_lstm):
    (W, U, b, *_), _ = one_lstm(5, 6, 1)
    decoder, _ = one_lstm(4, 6, 4, seed=1)
    given = {"encoder": [W, U, b], "decoder": decoder}
    x, y = np.array([[0, 3, 2], [4, 1, 1]]), np.array([[2, 3, 0, 0], [3, 0, 0, 0]])

    def step(z, h, c, units=6):
        i, f, g, o = (z[k * units : (k + 1) * units] for k in range(4))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c), c

    losses, best = [], []
    for source, target in zip(x, y, strict=True):
        h = c = np.zeros(6)
        for code in source:
            h, c = step(W.numpy()[code] + b.numpy() + h @ U.numpy(), h, c)
        start, before = (h, c), 1
        for code in target:
            h, c = step(decoder[0].numpy()[before] + decoder[2].numpy() + h @ decoder[1].numpy(), h, c)
            scores = h @ decoder[3].numpy() + decoder[4].numpy()
            losses.append(np.log(np.exp(scores).sum()) - scores[code])
            if code == 0:
                break
            before = code
        (h, c), said, before = start, [], 1
        for _ in range(4):
            h, c = step(decoder[0].numpy()[before] + decoder[2].numpy() + h @ decoder[1].numpy(), h, c)
            before = int(np.argmax(h @ decoder[3].numpy() + decoder[4].numpy()))
            said.append(before)
        best.append(said)
    assert float(taught("translation_loss", **given)(x, y)) == pytest.approx(np.mean(losses), rel=1e-4)
    found = taught("translate", longest=4, x_new=x, **given)(np.array(x, "int32"))
    np.testing.assert_array_equal(found, np.transpose(best))


def test_batches_are_drawn_from_the_training_part(taught):
    curves = type("Curves", (), {"y_train": np.arange(200) % 7})
    x, y = taught("draw_curves", rng=np.random.default_rng(0), x_train=np.arange(200), curves=curves)(3)
    assert x.shape == (3, 64) and (x % 7 == y).all()
    x, y = taught("draw_pairs", rng=np.random.default_rng(0), x_words=np.arange(90), y_letters=np.arange(90) * 2)(3)
    assert x.shape == (3, 24) and (y == 2 * x).all()
    (codes,) = taught("draw_code", rng=np.random.default_rng(0), known_codes=np.arange(54))(50)
    assert codes.shape == (50, 32, 49) and (np.diff(codes) == 1).all()
    assert set(codes[..., 0].ravel()) == set(range(5))


def test_lines_are_scaled_and_start_with_a_lifted_pen(taught):
    lines = taught("prepared", scale=np.array([2.0, 4.0]))([np.array([[2.0, 2.0, 1.0], [6.0, -4.0, 0.0]])])
    np.testing.assert_array_equal(lines[0], [[0, 0, 1], [1, 0.5, 1], [3, -1, 0]])


def test_pieces_of_lines_come_from_everywhere(taught):
    lines = [np.arange(3 * n, dtype="float32").reshape(n, 3) + 1000 * n for n in (4, 30, 100)]
    x, there = taught("pieces", rng=np.random.default_rng(0))(lines, (20, 30), steps=20)
    assert x.shape == (20, 21, 30, 3) and there.shape == (20, 20, 30)
    starts = []
    for n in np.ndindex(20, 30):
        piece, valid = x[n[0], :, n[1]], there[n[0], :, n[1]]
        length = int(valid.sum()) + 1
        line = next(line for line in lines if line[0, 0] <= piece[0, 0] <= line[-1, 0])
        assert length == min(21, len(line))
        start = int((piece[0, 0] - line[0, 0]) / 3)
        np.testing.assert_array_equal(piece[:length], line[start : start + 21])
        assert not piece[length:].any() and valid[: length - 1].all()
        starts.append((len(line), start))
    assert {start for size, start in starts if size == 30} == set(range(10)) and {s for size, s in starts if size == 4} == {0}
    assert max(start for size, start in starts if size == 100) in (78, 79)
    first = np.mean([start == 0 for size, start in starts if size == 100])
    assert 0.2 < first < 0.42
    assert taught("pieces", rng=np.random.default_rng(0))(lines, (1, 1))[0].shape == (1, 57, 1, 3)


def test_learning_to_write_counts_only_where_there_is_a_line(taught, one_lstm):
    import tensorflow as tf

    asked, rng = {}, np.random.default_rng(0)

    def fit(pen, loss, draw, steps, rate, label):
        asked.update(steps=steps, rate=rate, drawn=draw(2)[0].shape, shape=tuple(pen[3].shape), pen=pen, loss=loss)

    lines = [rng.normal(size=(9, 3)).astype("float32"), rng.normal(size=(5, 3)).astype("float32")]
    for line in lines:
        line[:, 2] = line[:, 2] > 0
    taught("learn_to_write", fit=fit, rng=rng, pen_train=lines)(3)
    assert (asked["steps"], asked["rate"], asked["drawn"], asked["shape"]) == (250, 8e-3, (2, 57, 32, 3), (100, 19))
    losses = []
    for line in lines:
        outputs = taught("read")(asked["pen"], tf.constant(line[:-1, None]))[0]
        losses.append(taught("pen_loss")(outputs[:, 0], line[1:]).numpy())
    expected = np.concatenate(losses).mean()
    x, there = np.zeros((9, 2, 3), "float32"), np.zeros((8, 2), "float32")
    x[:, 0], x[:5, 1], there[:, 0], there[:4, 1] = lines[0], lines[1], 1, 1
    assert float(asked["loss"](x, there)) == pytest.approx(expected, rel=1e-4)
    assert taught("likelihood")(asked["pen"], lines) == pytest.approx(-expected, rel=1e-4)


def test_texts_become_places_in_the_alphabet(taught):
    codes = taught("as_codes", alphabet="\0abc")(["cab", "a?b"])
    assert codes.tolist() == [0, 3, 1, 2, 0, 1, 2] == text.places_in("\0abc", ["cab", "a?b"]).tolist()


def test_surprise_is_in_bits_and_leaves_out_the_first(taught, one_lstm):
    weights, answers = one_lstm(7, 5, 7)
    codes = np.random.default_rng(0).integers(7, size=(3, 6))
    scores = answers(np.eye(7)[codes.T[:-1]])
    p = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    expected = -np.log2(np.take_along_axis(p, codes.T[1:, :, None], -1)[..., 0])
    np.testing.assert_allclose(taught("surprise")(weights, codes), expected, atol=1e-4)


def test_a_cold_text_goes_on_with_the_likeliest_and_a_warm_one_by_chance(taught, one_lstm):
    weights, answers = one_lstm(4, 5, 4)
    go_on = taught("continue_text", alphabet="\0abc", K=4)
    cold = go_on(weights, "ab", 3, 5, 1e-4, np.random.default_rng(0))
    given = [1, 2]
    for _ in range(5):
        given.append(int(answers(np.eye(4)[given][:, None])[-1, 0].argmax()))
    assert cold == ["".join("\0abc"[code] for code in given)] * 3
    scores = answers(np.eye(4)[[1, 2]][:, None])[-1, 0] / 0.7
    warm = go_on(weights, "ab", 4000, 1, 0.7, np.random.default_rng(0))
    assert all(len(text) == 3 and text.startswith("ab") for text in warm)
    shares = [np.mean([text[2] == letter for text in warm]) for letter in "\0abc"]
    np.testing.assert_allclose(shares, np.exp(scores) / np.exp(scores).sum(), atol=0.03)


def test_code_is_judged_by_three_shares(taught):
    short = taught("short_enough")
    long_line, six = "x" * 90, "\n".join(["y" * 20] * 7)
    assert short(long_line + "\n" + "a") and not short(long_line) and not short(long_line + "x\n" + "a" * 20)
    assert short(six) and not short(six + "\n")
    fakes = type("Snippets", (), {"parses": staticmethod(lambda code: "!" not in code),
                                  "runs": staticmethod(lambda code, known: known == ("np",))})  # fmt: skip
    codes = ["def f(a, b):\n    return np(a)", "def g(c):\n    return 1", "!", "!"]
    parsed, ran, used = taught("judge", snippets=fakes, top_level={"np", "re"})(codes)
    assert (parsed, ran, used) == (0.5, 0.25, 1 / 3)
    assert taught("judge", snippets=fakes, top_level=set())([]) == (0, 0, 0)
    assert taught("judge", snippets=fakes, top_level={"np"})(["def f(a):\n    return np(a)"]) == (1, 1, 1)


def test_coupled_pendulums_pull_each_other(taught):
    rng = np.random.default_rng(0)
    theta, g, k = rng.normal(size=(2, 4)), rng.uniform(1, 3, size=(2, 4)), rng.uniform(size=(2, 3))
    expected = -g * np.sin(theta)
    for n in range(3):
        pull = k[:, n] * (theta[:, n + 1] - theta[:, n])
        expected[:, n] += pull
        expected[:, n + 1] -= pull
    np.testing.assert_allclose(taught("acceleration")(theta, g, k), expected)


def test_guesses_are_changes_and_swings_are_shaken(taught):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    x, y, added = rng.normal(size=(3, 6, 4, 2, 5)).astype("float32")
    loss = taught("guess_loss", guesser=None, unroll=lambda name, weights, given: tf.constant(added))(x, y)
    assert float(loss) == pytest.approx(1000 * 4 * np.mean((x + added - y) ** 2), rel=1e-4)
    seen = rng.normal(size=(50, 4, 1, 5))
    shaken, wanted = taught("draw_swings", rng=np.random.default_rng(1), x_seen=seen)(30)
    assert shaken.shape == wanted.shape == (30, 49, 4, 1, 5)
    np.testing.assert_array_equal(wanted[7], seen[1:])
    assert (shaken - seen[:-1]).std() == pytest.approx(0.02, rel=0.05)


def test_predictions_feed_on_themselves_after_what_was_seen(taught):
    import tensorflow as tf

    rng = np.random.default_rng(0)
    W, U, b = (0.3 * rng.normal(size=shape).astype("float32") for shape in ((2, 3, 160), (2, 40, 160), (2, 1, 160)))
    V, a, x = (0.3 * rng.normal(size=shape).astype("float32") for shape in ((2, 40, 3), (2, 1, 3), (4, 2, 1, 3)))
    given = {"guesser": [tf.constant(part) for part in (W, U, b, V, a)], "SYSTEMS": 2, "SEEN": 3, "END": 6}
    path = taught("go_on", **given)(x).numpy()
    for system in range(2):
        states, now = [], None
        for t in range(6):
            states.append(x[t, system] if t < 3 else now)
            h, _ = taught("lstm_forward")(np.array(states), W[system], U[system], b[system])
            now = states[-1] + h[-1] @ V[system] + a[system]
            np.testing.assert_allclose(path[t, system], now[0], atol=1e-4)


def test_the_law_is_fitted_to_ever_more_of_what_was_seen(taught):
    asked = {}

    def fit(weights, loss, draw, steps, rate, label):
        log_g, log_k, theta, speed = (part.numpy() for part in weights)
        asked.update(steps=steps, rate=rate, loss=loss, drawn=draw(steps)[0])
        assert log_k.shape == (2, 1) and not log_k.any() and not speed.any()
        np.testing.assert_allclose(np.exp(log_g), 2, rtol=1e-5)
        np.testing.assert_allclose(theta, seen[0, :, :2], rtol=1e-6)

    seen = np.random.default_rng(0).normal(size=(9, 2, 3))
    given = {"seen": seen, "SYSTEMS": 2, "SEEN": 8, "END": 12, "DT": 0.5, "fit": fit}
    path, g = taught("fit_law", **given)(2)
    assert (asked["steps"], asked["rate"]) == (400, 3e-2) and path.shape == (13, 2, 2)
    np.testing.assert_allclose(g, 2, rtol=1e-5)
    np.testing.assert_array_equal(asked["drawn"][0], 0.5 * np.arange(9) < 2)
    np.testing.assert_array_equal(asked["drawn"][-1], 0.5 * np.arange(9) < 14)
    swing = taught("swing", DT=0.5)
    expected = swing(seen[0, :, :2].astype("float32"), np.zeros((2, 2), "float32"), np.full((2, 2), 2, "float32"), np.ones((2, 1), "float32"), 12)
    np.testing.assert_allclose(path, expected, atol=1e-5)
    counts = (np.arange(9) < 4).astype("float32")
    off = ((np.array(expected)[:9] - seen[:, :, :2]) ** 2)[:4]
    assert float(asked["loss"](counts)) == pytest.approx(100 * off.mean(axis=2).sum(), rel=1e-4)


def test_the_error_is_in_units_of_the_spread(taught):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(30, 2, 6))
    path = truth + rng.normal(size=(30, 2, 6))
    found = taught("relative_error", truth=truth, DT=0.5)(path, 5, 12)
    for system in range(2):
        off = math.sqrt(np.mean((path - truth)[10:24, system, :4] ** 2))
        assert found[system] == pytest.approx(off / truth[:, system, :4].std(), rel=1e-9)


def test_clocks_are_clamped_at_the_written_share(taught):
    import tensorflow as tf

    outputs = np.random.default_rng(0).normal(size=(5, 13))
    log_pi, (m1, m2), (s1, s2), rho, pen = taught("mixture")(tf.constant(outputs))
    np.testing.assert_allclose(pen, outputs[:, 0])
    np.testing.assert_allclose(np.exp(log_pi).sum(axis=1), 1)
    np.testing.assert_allclose(np.concatenate([m1, m2, s1, s2], axis=1), outputs[:, 3:11])
    np.testing.assert_allclose(rho, 0.98 * np.tanh(outputs[:, 11:]))
