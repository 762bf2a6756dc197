"""Functions that readers of lecture 11 see, against references that were not written here."""

import ast
import collections
import math

import numpy as np
import pytest
from scipy import signal, stats
from scipy.integrate import solve_ivp

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
