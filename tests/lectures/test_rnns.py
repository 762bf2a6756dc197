"""Functions that readers of lecture 10 see, against references that were not written here."""

import itertools
import math
from collections import defaultdict

import numpy as np
import pytest
from scipy.optimize import approx_fprime
from sklearn.linear_model import LinearRegression, Ridge

SEEDS = range(4)
ALPHABET = ".abc"


@pytest.fixture(scope="module")
def taught(lecture):
    """Take a function out of the lecture by its name, with what it calls, and run nothing else."""
    return lambda name, **given: lecture("10_rnns").function(name, **given)


@pytest.fixture(scope="module")
def spelling(taught):
    """The functions of the spelling task, for words of the letters a, b and c."""
    return lambda name: taught(name, letters=ALPHABET, longest=6)


def loop_states(x, net):
    """The states one by one, with numbers instead of arrays where that is easy."""
    h = [[np.zeros(len(net["b"])) for _ in range(x.shape[1])]]
    for t in range(len(x)):
        h.append([np.tanh(x[t, n] @ net["W_x"] + h[-1][n] @ net["W_h"] + net["b"]) for n in range(x.shape[1])])
    return np.array(h)


def test_window_bits_equal_brute_force(taught):
    rng = np.random.default_rng(1)
    words = ["".join(rng.choice(list("ab"), size=rng.integers(1, 5))) for _ in range(30)]
    for width in range(4):
        rows = defaultdict(list)
        for word in words:
            text = f".{word}."
            for place in range(1, len(text)):
                rows[text[:place][-width:] if width else ""].append(text[place])
        bits = sum(-math.log2(row.count(letter) / len(row)) for row in rows.values() for letter in row)
        found, seen = taught("bits_with_window")(words, width)
        assert found == pytest.approx(bits / len(words))
        assert seen == len(rows)


@pytest.mark.parametrize("steps", [1, 2, 9])
def test_states_equal_a_loop_over_examples(taught, steps):
    rng = np.random.default_rng(steps)
    net, x = taught("random_net")(3, 5, 2, rng), rng.normal(size=(steps, 4, 3))
    net["b"] = rng.normal(size=5)
    np.testing.assert_allclose(taught("states")(x, net), loop_states(x, net), atol=1e-12)


@pytest.mark.parametrize(("steps", "examples"), [(1, 1), (2, 3), (7, 2)])
def test_gradients_through_time_equal_differences(taught, steps, examples):
    rng = np.random.default_rng(10 * steps + examples)
    net, x = taught("random_net")(3, 4, 2, rng), rng.normal(size=(steps, examples, 3))
    pull = rng.normal(size=(steps, examples, 4))
    grads, dx = taught("back_through_time")(x, taught("states")(x, net), pull, net)
    for name in ("W_x", "W_h", "b"):

        def loss(flat, name=name):
            return np.sum(pull * loop_states(x, net | {name: flat.reshape(net[name].shape)})[1:])

        np.testing.assert_allclose(grads[name].ravel(), approx_fprime(net[name].ravel(), loss, 1e-7), atol=2e-5)
    slope = approx_fprime(x.ravel(), lambda flat: np.sum(pull * loop_states(flat.reshape(x.shape), net)[1:]), 1e-7)
    np.testing.assert_allclose(dx.ravel(), slope, atol=2e-5)


def test_words_become_places_of_letters(spelling):
    codes = spelling("as_numbers")(["ab", "cabba", "c"])
    assert codes.shape == (7, 3)
    assert ["".join(ALPHABET[c] for c in column) for column in codes.T] == [".ab....", ".cabba.", ".c....."]


def test_surprise_counts_each_letter_and_the_first_dot_only(spelling):
    net = {"W_x": np.zeros((4, 2)), "W_h": np.zeros((2, 2)), "b": np.zeros(2), "W_y": np.zeros((2, 4)), "b_y": np.log([0.1, 0.2, 0.3, 0.4])}
    surprise, h, _ = spelling("surprise_and_slopes")(spelling("as_numbers")(["ab", "cabba"]), net)
    assert h.shape == (7, 2, 2)
    np.testing.assert_allclose(np.exp(-surprise[:3, 0]), [0.2, 0.3, 0.1])
    assert not surprise[3:, 0].any()
    np.testing.assert_allclose(np.exp(-surprise[:, 1]), [0.4, 0.2, 0.3, 0.3, 0.2, 0.1])


def test_surprise_of_a_network_that_is_very_sure(spelling):
    net = {"W_x": np.zeros((4, 2)), "W_h": np.zeros((2, 2)), "b": np.zeros(2), "W_y": np.zeros((2, 4)), "b_y": np.array([0, 2000.0, 0, 0])}
    with np.errstate(over="raise", invalid="raise"):
        surprise, _, slopes = spelling("surprise_and_slopes")(spelling("as_numbers")(["aa", "aaaab"]), net)
    np.testing.assert_allclose(surprise[:2, 0], 0)
    assert surprise[2, 0] > 50 and np.isfinite(slopes).all(), "a dot was out of the question"


@pytest.mark.parametrize("name", ["slopes_of", "stacked_slopes"])
def test_slopes_of_the_spellers_equal_differences(taught, spelling, name):
    rng = np.random.default_rng(3)
    random_net = taught("random_net")
    net = random_net(4 if name == "slopes_of" else 5, 5, 4, rng)
    if name == "stacked_slopes":
        lower = random_net(4, 5, 1, rng)
        net |= {f"{key}_low": lower[key] for key in ("W_x", "W_h", "b")}
    words = ["ab", "cabba", "b"]
    codes, slopes = spelling("as_numbers")(words), spelling(name)
    _, grads = slopes(codes, net)
    assert set(grads) == set(net)
    per_letter = sum(len(word) + 1 for word in words) / len(words) / np.log(2)  # bits per number to nats per letter
    for key in net:

        def loss(flat, key=key):
            return slopes(codes, net | {key: flat.reshape(net[key].shape)})[0] / per_letter

        np.testing.assert_allclose(grads[key].ravel(), approx_fprime(net[key].ravel(), loss, 1e-6), atol=2e-5)


def test_cut_gradients_equal_those_of_pieces_that_start_from_given_states(taught, spelling):
    rng = np.random.default_rng(4)
    net, codes = taught("random_net")(4, 5, 4, rng), spelling("as_numbers")(["ab", "cabba", "bc"])
    cut, whole = spelling("truncated"), spelling("slopes_of")(codes, net)
    assert cut(codes, net, 6)[0] == pytest.approx(whole[0])
    for name, g in cut(codes, net, 6)[1].items():
        np.testing.assert_allclose(g, whole[1][name], atol=1e-6)
    _, h, dy = spelling("surprise_and_slopes")(codes, net)
    delta = dy / 12 @ net["W_y"].T * (1 - h[1:] ** 2)  # no blame from later steps; 12 letters and dots count
    np.testing.assert_allclose(cut(codes, net, 1)[1]["W_h"], np.einsum("tni,tnj->ij", h[:-1], delta), atol=1e-6)


def test_adam_equals_its_formula(taught):
    rng = np.random.default_rng(5)
    net, memory = {"w": np.array([1.0, -2.0])}, {}
    w, m, v = net["w"].copy(), np.zeros(2), np.zeros(2)
    for t in range(1, 6):
        g = rng.normal(size=2)
        taught("adam")(net, {"w": g}, memory, 0.1)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        w = w - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
    np.testing.assert_allclose(net["w"], w, rtol=1e-6)


def test_writing_follows_the_probabilities(spelling):
    p = np.array([0.25, 0.5, 0.25, 0.0])
    net = {"W_x": np.zeros((4, 2)), "W_h": np.zeros((2, 2)), "b": np.zeros(2), "W_y": np.zeros((2, 4)), "b_y": np.log(p + 1e-30)}
    written = spelling("write_numbers")(net, 20_000, np.random.default_rng(6))
    assert np.mean([word == "" for word in written]) == pytest.approx(0.25, abs=0.02)
    started = [word for word in written if word]
    assert np.mean([word[0] == "a" for word in started]) == pytest.approx(2 / 3, abs=0.02)
    assert not any("c" in word for word in written)


@pytest.mark.parametrize("seed", SEEDS)
def test_reach_equals_nudged_states(taught, seed):
    rng = np.random.default_rng(seed)
    net, x = taught("random_net")(3, 4, 2, rng), rng.normal(size=(8, 2, 3))
    h = loop_states(x, net)
    found = taught("reach")(net, h, 2, 5)
    assert found.shape == (6, 2)
    for n, steps in itertools.product(range(2), range(6)):
        jacobian = np.empty((4, 4))
        for unit in range(4):
            moved = []
            for sign in (1, -1):
                state = h[2, n] + sign * 1e-6 * np.eye(4)[unit]
                for t in range(2, 2 + steps):
                    state = np.tanh(x[t, n] @ net["W_x"] + state @ net["W_h"] + net["b"])
                moved.append(state)
            jacobian[unit] = (moved[0] - moved[1]) / 2e-6
        assert found[steps, n] == pytest.approx(np.linalg.norm(jacobian) / 2, rel=1e-5)


def test_a_turn_keeps_lengths_and_angles(taught):
    for degrees in (0, 20, 90, 200):
        matrix = taught("turn")(degrees)
        assert np.linalg.eigvals(matrix)[0] == pytest.approx(complex(math.cos(math.radians(degrees)), abs(math.sin(math.radians(degrees)))), abs=1e-9)
        np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-12)


@pytest.mark.parametrize(("w", "b"), [(1.0, 0.2), (4.6, -2.3), (5.5, -2.2)])
@pytest.mark.parametrize("steps", [1, 7, 50])
def test_the_toy_equals_a_plain_loop_and_its_differences(taught, w, b, steps):
    def error(weights):
        h = 0.5
        for _ in range(steps):
            h = weights[0] * (1 / (1 + math.exp(-h))) + weights[1]
        return (h - 0.7) ** 2

    found = taught("cliff")(w, b, steps)
    assert found[0] == pytest.approx(error((w, b)))
    numeric = [(error((w + 1e-6, b)) - error((w - 1e-6, b))) / 2e-6, (error((w, b + 1e-6)) - error((w, b - 1e-6))) / 2e-6]
    np.testing.assert_allclose(found[1:], numeric, rtol=1e-4, atol=1e-7)
    many = taught("cliff")(np.array([[w, 1.0]]), np.array([[b, 0.0]]), steps)
    assert [part.shape for part in many] == [(1, 2)] * 3
    assert many[1][0, 0] == pytest.approx(found[1])


def test_clipping_limits_the_common_length_and_keeps_the_direction(taught):
    rng = np.random.default_rng(7)
    grads = {"a": rng.normal(size=(3, 2)), "b": rng.normal(size=4)}
    flat = np.concatenate([g.ravel() for g in grads.values()])
    for limit in (0.3, 100.0, np.inf):
        short = np.concatenate([g.ravel() for g in taught("clip")(grads, limit).values()])
        assert np.linalg.norm(short) == pytest.approx(min(limit, np.linalg.norm(flat)))
        assert short @ flat == pytest.approx(np.linalg.norm(short) * np.linalg.norm(flat))


@pytest.mark.parametrize("orthogonal", [False, True])
def test_a_reservoir_has_its_radius(taught, orthogonal):
    W = taught("reservoir")(40, 0.8, np.random.default_rng(8), orthogonal)
    assert np.abs(np.linalg.eigvals(W)).max() == pytest.approx(0.8)
    if orthogonal:
        np.testing.assert_allclose(W @ W.T, 0.64 * np.eye(40), atol=1e-12)


def test_echoes_equal_the_states_of_the_same_network(taught):
    rng = np.random.default_rng(9)
    W, v, u = rng.normal(size=(4, 4)) / 3, rng.normal(size=4), rng.normal(size=11)
    net = {"W_x": v[None], "W_h": W, "b": np.zeros(4)}
    np.testing.assert_allclose(taught("echoes")(u, W, v), loop_states(u[:, None, None], net)[1:, 0], atol=1e-12)


def test_the_read_out_equals_ridge_regression(taught):
    rng = np.random.default_rng(10)
    H, Y = rng.normal(size=(60, 5)), rng.normal(size=(60, 2))
    expected = Ridge(alpha=0.3 * 60, fit_intercept=False).fit(H, Y).coef_.T
    np.testing.assert_allclose(taught("read_out")(H, Y, ridge=0.3), expected, atol=1e-10)


def test_a_delay_line_recalls_as_far_as_it_is_long(taught):
    """Unit i holds the input of i steps ago, so of 6 units five hold something that is past."""
    W, v = np.eye(6, k=1), np.eye(6)[0]
    found = taught("recall")(W, v, np.random.default_rng(11), lambda z: z, lags=12)
    np.testing.assert_allclose(found[:5], 1, atol=1e-3)
    np.testing.assert_allclose(found[5:], 0, atol=0.01)


def test_who_remembers_nothing_recalls_nothing_on_average(taught):
    """The squared correlation of independent numbers is positive: what chance gives is taken off."""
    rng = np.random.default_rng(13)
    found = taught("recall")(np.zeros((20, 20)), rng.normal(size=20), rng, lags=190)
    assert found.shape == (190,)
    assert abs(found.mean()) < 0.0002  # 1 / 2,000 is taken off; the mean of 190 varies by 0.00005


@pytest.mark.parametrize("radius", [0.9, 1.0])
def test_recall_of_linear_equals_regression(taught, radius):
    rng = np.random.default_rng(12)
    W, v = taught("reservoir")(8, radius, rng, True), rng.normal(size=8)
    u = rng.normal(size=(40_000, 20))
    h = np.zeros((40_000, 8))
    for t in range(20):
        h = h @ W + u[:, t : t + 1] * v
    measured = [LinearRegression().fit(h, u[:, 19 - k]).score(h, u[:, 19 - k]) for k in range(20)]
    found = taught("recall_of_linear")(W, v, 20)
    np.testing.assert_allclose(found, measured, atol=0.02)
    assert found.sum() == pytest.approx(8)


def test_directions_are_counted(taught):
    W = np.linalg.qr(np.random.default_rng(13).normal(size=(3, 3)))[0]
    W = W @ np.diag([1.0, 0.5, 0.1]) @ W.T  # symmetric: its powers have these values' powers
    np.testing.assert_array_equal(taught("directions_left")(W, 4, share=0.2), [2, 2, 1, 1])


def test_the_symbol_comes_first_and_noise_after(taught):
    x, symbol = taught("symbol_and_noise")(9, 500, np.random.default_rng(14))
    assert x.shape == (9, 500, 5)
    np.testing.assert_array_equal(x[0].argmax(axis=1), symbol)
    np.testing.assert_array_equal(x[0].sum(axis=1), 1)
    assert not x[1:, :, :4].any() and set(np.unique(np.abs(x[1:, :, 4]))) == {np.float32(0.1)}
    assert np.bincount(symbol).min() > 80


def test_the_series_obeys_its_equation(taught):
    """Undo the scaling by a fit: the steps of the series are linear in itself and in the delayed term."""
    parts = 40
    x = taught("mackey_glass")(6000, np.random.default_rng(15), parts=parts)
    assert x.shape == (6000,) and abs(x.mean()) < 1e-9 and x.std() == pytest.approx(1)
    slope, now = (x[19:] - x[17:-2]) / 2, x[18:-1]  # central differences
    best = math.inf
    for mean, scale in itertools.product(np.linspace(0.85, 1.0, 16), np.linspace(0.18, 0.27, 19)):
        late = mean + scale * x[1 : len(now) + 1]
        expected = (0.2 * late / (1 + late**10) - 0.1 * (mean + scale * now)) / scale
        best = min(best, np.sqrt(np.mean((slope - expected) ** 2)) / slope.std())
    assert best < 0.1


# Smaller functions and trainings, each against another way


def test_random_nets_start_at_rest_and_with_fitting_sizes(taught):
    net = taught("random_net")(40, 60, 50, np.random.default_rng(0))
    assert {name: w.shape for name, w in net.items()} == {"W_x": (40, 60), "W_h": (60, 60), "W_y": (60, 50), "b": (60,), "b_y": (50,)}
    for name, inputs in (("W_x", 40), ("W_h", 60), ("W_y", 60)):
        assert net[name].std() == pytest.approx(inputs**-0.5, rel=0.05)
    assert not net["b"].any() and not net["b_y"].any()
    assert {w.dtype for w in taught("random_net")(2, 3, 4, np.random.default_rng(0), "float32").values()} == {np.dtype("float32")}


def test_errors_and_distances(taught):
    rng = np.random.default_rng(0)
    net, x, wanted = taught("random_net")(2, 3, 4, rng), rng.normal(size=(5, 6, 2)), rng.normal(size=(5, 6, 4))
    net["b_y"] = rng.normal(size=4)
    error, h = taught("squared_error", x=x, wanted=wanted)(net)
    np.testing.assert_allclose(h, loop_states(x, net), atol=1e-12)
    ours = [np.linalg.norm(h[t + 1, n] @ net["W_y"] + net["b_y"] - wanted[t, n]) ** 2 for t in range(5) for n in range(6)]
    assert error == pytest.approx(sum(ours) / 2)
    assert taught("relative")(np.array([1.0, -2.5]), np.array([1.5, -2.0])) == pytest.approx(0.25)
    a, b = rng.normal(size=(2, 7))
    assert taught("cosine")(a, b) == pytest.approx(a @ b / math.sqrt((a @ a) * (b @ b)))


def test_the_chance_of_an_ending_is_a_product(spelling, taught):
    net = taught("random_net")(4, 5, 4, np.random.default_rng(2))
    chance = taught("chance", letters=ALPHABET, longest=6, speller=net)
    h, product = np.zeros(5), 1.0
    for place, now in enumerate(".acb"):
        h = np.tanh(net["W_x"][ALPHABET.index(now)] + h @ net["W_h"])
        p = np.exp(h @ net["W_y"]) / np.exp(h @ net["W_y"]).sum()
        product *= p[ALPHABET.index("cb"[place - 1])] if place in (1, 2) else 1.0
    assert chance("a", "cb") == pytest.approx(product)


class Spied:
    """Trainings with every gradient at hand: what each step asks for is written down."""

    def __init__(self, gradient=None):
        self.batches, self.gradient = [], gradient

    def __call__(self, codes, net):
        self.batches.append((codes, {name: w.copy() for name, w in net.items()}))
        grads = {name: np.ones_like(w) * (3.0 if self.gradient is None else self.gradient) for name, w in net.items()}
        return float(len(self.batches)), grads


def test_plain_descent_clips_and_reports_the_last_ten(taught):
    spy, codes = Spied(), np.arange(80).reshape(2, 40)
    descend = taught("descend", slopes_of=spy, codes_train=codes, letters=ALPHABET)
    assert descend(0.5, 2.0, 7) == pytest.approx(np.mean(range(101, 111)))
    assert len(spy.batches) == 110
    first, second = spy.batches[0][1], spy.batches[1][1]
    assert first["W_h"].shape == (64, 64) and first["W_x"].shape == (4, 64) and first["W_y"].shape == (64, 4)
    count = sum(w.size for w in first.values())
    for name in first:
        np.testing.assert_allclose(first[name] - second[name], 0.5 * 2.0 / math.sqrt(count), rtol=1e-3)
        assert second[name].dtype == np.float32
    for chosen, _ in spy.batches:
        assert chosen.shape == (2, 32) and len(set(chosen[0])) == 32
    assert len({tuple(chosen[0]) for chosen, _ in spy.batches}) == 110


def test_adam_on_words_slows_down_and_reports_the_last_fifteen(taught):
    spy, codes = Spied(), np.arange(80).reshape(2, 40)
    learn = taught("learn_to_spell", codes_train=codes, letters=ALPHABET)
    assert learn(spy, 3) == pytest.approx(np.mean(range(136, 151)))
    assert spy.batches[0][1]["W_h"].shape == (64, 64)
    assert all(chosen.shape == (2, 32) and len(set(chosen[0])) == 32 for chosen, _ in spy.batches)
    biases = np.array([net["b"][0] for _, net in spy.batches])
    np.testing.assert_allclose(-np.diff(biases), 0.02 * (1 - np.arange(149) / 150), atol=1e-6)  # a steady slope: full steps


def test_the_readers_of_a_symbol_learn_it_over_one_step(taught):
    asked = []

    def make(units, rng):
        asked.append(units)
        return np.linalg.qr(rng.normal(size=(units, units)))[0]

    assert taught("learn_to_recall", letters=ALPHABET)(make, 2, 0) > 0.95
    assert asked == [48]


def test_one_round_of_recall_by_hand(taught):
    seen = {}

    def adam(net, grads, memory, rate):
        seen.setdefault("rate", rate)
        seen.setdefault("net", {name: w.copy() for name, w in net.items()})
        seen.setdefault("grads", {name: g.copy() for name, g in grads.items()})

    def batch(lag, n, rng):
        return taught("symbol_and_noise")(lag, n, np.random.default_rng(5))

    def make(units, rng):
        return 0.1 * rng.normal(size=(units, units))

    learn = taught("learn_to_recall", letters=ALPHABET, EYE=np.eye(9, dtype="float32"), adam=adam, symbol_and_noise=batch)
    share = learn(make, 6, 1, rounds=30)
    net, (x, symbol) = seen["net"], batch(6, 64, None)
    assert seen["rate"] == 1e-3 and net["W_x"].std() == pytest.approx(0.4 / 5**0.5, rel=0.15)

    def loss(flat, name):
        own = net | {name: flat.reshape(net[name].shape)}
        h = np.zeros((64, 48))
        for step in x:
            h = np.tanh(step @ own["W_x"] + own["b"] + h @ own["W_h"])
        y = h @ own["W_y"] + own["b_y"]
        return np.mean(np.log(np.exp(y).sum(axis=1)) - y[np.arange(64), symbol]), y

    slopes = {}
    for name in ("b_y", "b", "W_y"):
        flat = net[name].astype(float).ravel()
        slopes[name] = np.array([(loss(flat + nudge, name)[0] - loss(flat - nudge, name)[0]) / 2e-4 for nudge in 1e-4 * np.eye(len(flat))])
    for name, slope in slopes.items():
        np.testing.assert_allclose(seen["grads"][name].ravel(), slope, atol=2e-4)
    assert share == np.mean(loss(net["b_y"].astype(float), "b_y")[1].argmax(axis=1) == symbol)


def test_reservoirs_and_series_start_where_they_should(taught):
    W = taught("reservoir")(30, 0.9, np.random.default_rng(3), orthogonal=True)
    np.testing.assert_allclose(W, 0.9 * np.linalg.qr(np.random.default_rng(3).normal(size=(30, 30)))[0])
    start = np.random.default_rng(4)
    series = taught("mackey_glass")(300, np.random.default_rng(4))
    x = list(1.2 + 0.1 * start.normal(size=171))
    while len(x) < 171 + 6000:
        x.append(0.99 * x[-1] + 0.02 * x[-171] / (1 + x[-171] ** 10))
    kept = np.array(x[::10])[-300:]
    np.testing.assert_allclose(series, (kept - kept.mean()) / kept.std(), atol=1e-6)


def test_a_tenth_is_the_share_where_nothing_is_said(taught):
    W = np.diag([0.99, 0.5, 0.38])
    assert taught("directions_left")(W, 4).tolist() == [3, 3, 2, 1]
    assert taught("directions_left")(np.diag([0.15, 0.05]), 1).tolist() == [1]


def test_four_symbols_and_small_noise(taught):
    x, symbol = taught("symbol_and_noise")(7, 500, np.random.default_rng(0))
    assert set(symbol.tolist()) == {0, 1, 2, 3}
    np.testing.assert_allclose(np.unique(x[1:, :, 4]), [-0.1, 0.1], rtol=1e-6)


def test_a_reservoir_that_hears_numbers_and_marks(taught):
    rng = np.random.default_rng(0)
    u, marks, W, V = rng.uniform(-1, 1, 6000), rng.integers(0, 2, 6000), 0.3 * rng.normal(size=(3, 3)), rng.normal(size=(2, 3))
    since = np.convolve(u, [0.5, 1.0])[:6000] + 0.4 * marks + rng.normal(size=6000)
    h, heard = np.zeros(3), []
    for value, mark in zip(u, marks, strict=True):
        h = np.sin(W.T @ h + value * V[0] + mark * V[1])
        heard.append(h)
    fitted = LinearRegression().fit(heard[:3000], since[:3000]).predict(heard[3000:])
    expected = np.corrcoef(fitted, since[3000:])[0, 1] ** 2
    assert taught("hears_both", u=u, marks=marks, since=since)(W, V, np.sin) == pytest.approx(expected, abs=1e-6)


def test_a_stack_survives_large_sums(taught, spelling):
    rng = np.random.default_rng(0)
    net = taught("random_net")(6, 6, 4, rng) | {f"{k}_low": w for k, w in taught("random_net")(4, 6, 1, rng).items() if k in ("W_x", "W_h", "b")}
    codes = spelling("as_numbers")(["ab", "cab"])
    bits, _ = spelling("stacked_slopes")(codes, net)
    moved, _ = spelling("stacked_slopes")(codes, net | {"b_y": net["b_y"] + 800.0})
    assert np.isfinite(moved) and moved == pytest.approx(bits)


def test_the_solution_that_clips_keeps_the_direction(lecture):
    clip_length = lecture("10_rnns").function("clip_length", solution=True)
    np.testing.assert_allclose(clip_length(np.array([3.0, -4.0]), 2.0), [1.2, -1.6])
    np.testing.assert_array_equal(clip_length(np.array([3.0, -4.0]), 5.0), [3, -4])
