"""Checks of the exercises of lecture 11, LSTMs.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

import math
from collections import Counter

import numpy as np
from scipy.special import expit

from course_utils.checks import numbers, register


@register("11.1", hint="Go through the eight steps with your valves, and write down what the cell holds after each.")
def valves(written, reset, output):
    """The last cell value is the sum of the third and sixth input, shown at the end only."""
    lists = [numbers(part, (8,)) for part in (written, reset, output)]
    if any(part is None for part in lists):
        return "Give three lists of eight numbers each."
    if not all(np.isin(part, [0, 1]).all() for part in lists):
        return "Each valve is open, 1, or closed, 0."
    i, f, o = lists
    held = i * np.append(np.cumprod(f[:0:-1])[::-1], 1)  # how much of each input is in the cell at the end
    wanted = np.isin(np.arange(1, 9), [3, 6])
    if not np.array_equal(held, wanted):
        if not held.any() and f[5:].min() == 0:
            return "At the end the cell is empty. Mind the name: an open reset gate keeps."
        if held[2] == 0 and held[5] == 1:
            return "The third input is lost on the way: which valve has to stay open after it?"
        if set(np.flatnonzero(held)) == {3, 6}:
            return "These are the fourth and the seventh input: the first step is number 1."
        if (held > wanted).any():
            return "Something else gets in and stays: at which steps may the written valve be open?"
        return False
    if o[-1] == 0:
        return "The cell holds the right sum, but nobody sees it at the end."
    if o[:-1].any():
        return "The cell holds the right sum, but it's shown too early."
    return True


@register("11.2", hint="A layer from p inputs to q units has p q weights and q biases. How many layers, from how many inputs?")
def sizes(lstm_numbers, with_peepholes, gru_numbers):
    """Counted from the shapes of (11.1) and (11.2)."""
    given = [numbers(part, ()) for part in (lstm_numbers, with_peepholes, gru_numbers)]
    if any(part is None or part != round(float(part)) for part in given):
        return "Give three whole numbers."
    units, inputs = 256, 64
    lstm, peep, gru = (int(part) for part in given)
    layer = units * (inputs + units + 1)
    if lstm != 4 * layer:
        if lstm == 4 * units * (inputs + units):
            return "In (a) the biases are missing: one for each unit of each layer."
        if lstm == 3 * layer:
            return "In (a) count the layers again: the new content has weights of its own."
        if lstm == layer:
            return "In (a) this is one layer. An LSTM has several side by side."
        if lstm == 4 * units * (inputs + 1):
            return "In (a) the weights from the state are missing."
        return "Look at (a) again: which layers are in (11.1), and what does each see?"
    if peep != lstm + 3 * units:
        if peep == lstm + 3 * units * units:
            return "(a) is right. In (b) a peephole is a vector: each cell is seen by its own gates only."
        if peep == lstm + 4 * units:
            return "(a) is right. In (b) not all four layers look through a peephole."
        return "(a) is right. For (b), count the p in (11.1) and their lengths."
    if gru == 3 * units * (inputs + units + 2):
        return "(a) and (b) are right. For (c) you have Keras's second bias in; here each layer has one."
    return gru == 3 * layer or "(a) and (b) are right. For (c), count the layers of (11.2)."


def _gru(x, W, U, b, keep):
    """The states of a GRU as in (11.2), or with the first gate meaning keep."""
    units = len(U)
    h, states = np.zeros(units), []
    for x_t in x:
        first, r = np.split(expit(x_t @ W[:, : 2 * units] + h @ U[:, : 2 * units] + b[: 2 * units]), 2)
        new = np.tanh(x_t @ W[:, 2 * units :] + (r * h) @ U[:, 2 * units :] + b[2 * units :])
        write = 1 - first if keep else first
        h = (1 - write) * h + write * new
        states.append(h)
    return np.array(states)


@register("11.3", hint="What has to happen to a for σ(a) to become 1 − σ(a)? Draw both curves.")
def turned_gru(to_keras):
    """The states are the same in both conventions, for random weights."""
    if not callable(to_keras):
        return 'Give the function itself: checks.check("11.3", to_keras).'
    rng = np.random.default_rng(113)
    for d, units in ((3, 4), (1, 1), (2, 5)):
        given = [rng.normal(size=shape) for shape in ((d, 3 * units), (units, 3 * units), (3 * units,))]
        kept = [part.copy() for part in given]
        answer = to_keras(*given)
        if not all(np.array_equal(part, before) for part, before in zip(given, kept, strict=True)):
            return "Your function changes the arrays that it was given: make new ones."
        if not isinstance(answer, list | tuple) or len(answer) != 3:
            return "It must return three arrays: W, U and b."
        turned = [numbers(part, like.shape) for part, like in zip(answer, given, strict=True)]
        if any(part is None for part in turned):
            return "The shapes must be those of the arrays that were given."
        x = rng.normal(size=(6, d))
        if np.allclose(_gru(x, *turned, keep=True), _gru(x, *given, keep=False), atol=1e-8):
            continue
        if all(np.allclose(part, like) for part, like in zip(turned, given, strict=True)):
            return "These are the old arrays."
        W, U, b = given
        signs = np.repeat([-1.0, 1, 1], units)
        if np.allclose(turned[0], W * signs) and np.allclose(turned[1], U * signs) and np.allclose(turned[2], b):
            return "Nearly: the bias goes into the gate too."
        if np.allclose(turned[0], -W) and np.allclose(turned[1], -U):
            return "Only one of the three blocks changes its meaning."
        if all(np.allclose(part[..., :units], 1 - like[..., :units]) for part, like in zip(turned, given, strict=True)):
            return "One minus the weights is not one minus the gate: the gate is σ of a sum."
        return False
    return True


@register("11.4", hint="Write τ = 1 / (1 − σ(b)) without σ first: what is 1 − σ(b)?")
def time_constants(reset_bias, half_life):
    """Both hold for the gate's own recursion."""
    if not callable(reset_bias) or not callable(half_life):
        return 'Give both functions: checks.check("11.4", reset_bias, half_life).'
    steps = np.array([1.5, 2.0, 10.0, 100.0, 5000.0])
    biases = numbers([reset_bias(value) for value in steps], steps.shape)
    if biases is None:
        return "reset_bias must return one number for one number."
    if not np.allclose(1 / (1 - expit(biases)), steps, rtol=1e-6):
        if np.allclose(biases, np.log(steps)):
            return "reset_bias: close for large τ, but not equal. What is 1 + e^b for your b?"
        if np.allclose(biases, -np.log(steps - 1)):
            return "reset_bias: turn the sign round. A longer memory needs a gate that's more open."
        if np.allclose(biases, 1 - 1 / steps):
            return "reset_bias: this is the gate f itself. Which b gives σ(b) = f?"
        return False
    several = numbers(reset_bias(steps), steps.shape)
    if several is None or not np.allclose(several, biases):
        return "reset_bias is right for one number; let it take an array too."
    lives = numbers([half_life(value) for value in (-1.0, 0.0, 1.0, 5.0)], (4,))
    if lives is None:
        return "half_life must return one number."
    f = expit(np.array([-1.0, 0.0, 1.0, 5.0]))
    if np.allclose(f**lives, 0.5, rtol=1e-6):
        return True
    if np.allclose(lives, 1 / (1 - f)):
        return "half_life: that's the time constant. After how many steps is f ** k one half?"
    if np.allclose(lives, np.log(2) / (1 - f)):
        return "half_life: true for a gate that's nearly open only. Start from f ** k = 1/2."
    if np.allclose(f ** (-lives), 0.5):
        return "half_life: the number of steps can't be negative."
    return "reset_bias is right. For half_life, start from f ** k = 1/2."


@register("11.5", hint="Which point minimises the sum of π_j times the squared distance to place j? Set the slope to zero.")
def single_answer(best_point, expected_error):
    """No other point costs less, and the cost is that of the point."""
    if not callable(best_point) or not callable(expected_error):
        return 'Give both functions: checks.check("11.5", best_point, expected_error).'
    rng = np.random.default_rng(115)
    for count in (1, 2, 5):
        pi, places = rng.dirichlet(np.ones(count)), 3 * rng.normal(size=(count, 2))
        point = numbers(best_point(pi.copy(), places.copy()), (2,))
        if point is None:
            return "best_point must return two numbers."

        def cost(at, pi=pi, places=places):
            return pi @ ((places - at) ** 2).sum(axis=1)

        slope = 2 * (point - pi @ places)
        if np.abs(slope).max() > 1e-6:
            if np.allclose(point, places.mean(axis=0)):
                return "best_point: the places aren't equally likely."
            if np.allclose(point, places[pi.argmax()]):
                return "best_point: that's the likeliest place. Its expected squared distance isn't the smallest."
            return False
        error = numbers(expected_error(pi.copy(), places.copy()), ())
        if error is None:
            return "expected_error must return one number."
        if not math.isclose(float(error), float(cost(point)), rel_tol=1e-6, abs_tol=1e-9):
            away = np.sqrt(((places - point) ** 2).sum(axis=1))
            if math.isclose(float(error), float(pi @ away), rel_tol=1e-6):
                return "best_point is right. expected_error: square the distances before you average."
            if math.isclose(float(error), float((away**2).mean()), rel_tol=1e-6):
                return "best_point is right. expected_error: weigh each place by its probability."
            if math.isclose(float(error), float(cost(point)) / 2, rel_tol=1e-6):
                return "best_point is right. expected_error: add up both coordinates, don't average them."
            return "best_point is right. expected_error is the mean squared distance to it."
    return True


@register("11.6", hint='Try "abab" with order 1 by hand: after an a, how sure are you?')
def guesser_bits(bits_per_character):
    """The conditional entropy of the text's own counts."""
    if not callable(bits_per_character):
        return 'Give the function itself: checks.check("11.6", bits_per_character).'
    texts = ["abracadabra", "abab", "to be or not to be, that is the question", "aaaaaab"]
    given, expected, nats, plain = [], [], [], []
    for text in texts:
        for order in (0, 1, 2):
            both = Counter((text[t - order : t], text[t]) for t in range(order, len(text)))
            alone = Counter()
            for (context, _), count in both.items():
                alone[context] += count
            places = len(text) - order
            bits = sum(count * np.log2(alone[context] / count) for (context, _), count in both.items()) / places
            answer = numbers(bits_per_character(text, order), ())
            if answer is None:
                return "It must return one number."
            given.append(float(answer))
            expected.append(bits)
            nats.append(bits * np.log(2))
            plain.append(sum(count * np.log2(places / count) for count in both.values()) / places)
    if np.allclose(given, expected):
        return True
    if np.allclose(given, np.negative(expected)):
        return "The sign: a probability below 1 has a negative logarithm, and bits are positive."
    if np.allclose(given, nats):
        return "These are nats: take the logarithm to base 2."
    if np.allclose(given, plain):
        return "This is the cost of a context and its next character together; the context is known already."
    if np.allclose(given[::3], expected[::3]):
        return "Right for order 0. With a context, divide by the count of that context."
    return False


@register("11.7", hint="Which gates have to be open at every step, and how far? What must the new content be for +1 and for −1?")
def counting_cell(W, U, b):
    """The cell's value is the difference of the counts, on random strings."""
    W, U, b = numbers(W, (1, 4)), numbers(U, (1, 4)), numbers(b, (4,))
    if W is None or U is None or b is None:
        return "The shapes must be (1, 4), (1, 4) and (4,)."
    rng = np.random.default_rng(117)
    worst = sign = 0.0
    for length in (5, 50, 200, 200):
        x = rng.choice([-1.0, 1.0], p=[0.35, 0.65], size=length)
        h = c = 0.0
        for t, value in enumerate(x):
            z = value * W[0] + h * U[0] + b
            i, f, o = expit(z[[0, 1, 3]])
            c = f * c + i * np.tanh(z[2])
            h = o * np.tanh(c)
            count = x[: t + 1].sum()
            worst = max(worst, abs(c - count))
            sign = max(sign, abs(c + count))
    if worst < 0.1:
        return True
    if sign < 0.1:
        return "It counts the other way round: ( is +1."
    if expit(b[1] - abs(W[0, 1]) - abs(U[0, 1])) < 0.9999:
        return "The cell loses what it has counted: how close to 1 is the reset gate, and for how many steps?"
    if np.tanh(W[0, 2] - abs(b[2])) < 0.999:
        return "Each bracket should add nearly ±1: how large is tanh of what you feed it?"
    if expit(b[0] - abs(W[0, 0]) - abs(U[0, 0])) < 0.999:
        return "The written gate lets only part of each bracket in."
    return False
