"""Checks of the exercises of lecture 02, Backpropagation.

Each tests a property that a right answer has: a network that computes the function, a
slope that agrees with nudging, a descent that stops just where it should.
"""

from itertools import product

import numpy as np

from course_utils.checks import numbers, register


def _function(answer, name):
    """Hint for an answer that must be a function, None if it is one."""
    return None if callable(answer) else f"Give the function itself: {name}, without brackets."


@register("2.1", hint="Blame that comes back: each weight times the blame at its end, added up. Then the neuron's own slope.")
def blame_of_a_hidden_neuron(hidden_delta, weight_change):
    """The two numbers of equation (2.2)."""
    delta, change = numbers(hidden_delta, ()), numbers(weight_change, ())
    if delta is None or change is None:
        return "Give two numbers."
    back, slope = 2 * 0.3 + (-1) * 0.5, 0.8 * (1 - 0.8)
    if np.isclose(delta, back):
        return "That is the blame that comes back. Multiply by the sigmoid's slope, which follows from the answer 0.8."
    if np.isclose(delta, (2 * 0.3 + 1 * 0.5) * slope):
        return "One of the two weights is negative: its share counts against."
    if np.isclose(delta, back * slope):
        if np.isclose(change, -0.5 * back * slope * -2):
            return "The blame is right. The update (2.2) has a plus, and the input is negative: check the sign."
        if np.isclose(change, back * slope * -2):
            return "The blame is right. The change also has the learning rate in it."
        return True if np.isclose(change, 0.5 * back * slope * -2) else "The blame is right. Change: rate times blame times input."
    return False


@register("2.2", hint="Make a table: for each of the four inputs the answers of both hidden neurons, then the output.")
def another_xor(hidden_weights, hidden_thresholds, output_weights, output_threshold):
    """XOR at all corners, by hidden neurons that are not OR and NAND."""
    shapes = zip((hidden_weights, hidden_thresholds, output_weights, output_threshold), ((2, 2), (2,), (2,), ()), strict=True)
    parts = [numbers(answer, shape) for answer, shape in shapes]
    if any(part is None for part in parts):
        return "Shapes: hidden weights 2 × 2, hidden thresholds 2, output weights 2, output threshold one number."
    W, t, v, s = parts
    x = np.array(list(product([0.0, 1.0], repeat=2)))
    hidden = (x @ W > t).astype(float)
    output = (hidden @ v > s).astype(float)
    if np.array_equal(output, [1, 0, 0, 1]):
        return "This is the opposite of XOR. Turn the output neuron round."
    if not np.array_equal(output, [0, 1, 1, 0]):
        wrong = x[output != [0, 1, 1, 0]][0].astype(int)
        return f"The input ({wrong[0]}, {wrong[1]}) comes out wrong. Which hidden neurons are on there?"
    if {tuple(column) for column in hidden.T} == {(0, 1, 1, 1), (1, 1, 1, 0)}:
        return "It works, but these are OR and NAND again. Look for two other lines."
    return True


@register("2.3", hint="Count for two neurons and two layers with a pencil, then for three layers.")
def number_of_paths(paths_and_edges):
    """Against matrix powers: the paths from one end to the other are an entry of a power of ones."""
    if hint := _function(paths_and_edges, "paths_and_edges"):
        return hint
    for width, depth in ((1, 1), (2, 1), (3, 2), (4, 3), (2, 6)):
        answer = numbers(paths_and_edges(width, depth), (2,))
        if answer is None:
            return "Return two numbers: paths, then edges."
        paths = np.linalg.matrix_power(np.ones((width, width)), depth)[0, 0]
        edges = depth * width * width
        if answer[0] == edges and answer[1] == paths and edges != paths:
            return "Swap them: paths first, then edges."
        if answer[0] == paths * width and width > 1:
            return "Nearly: both ends of the path are given, so the last step has no choice."
        if answer[0] == paths * width * width and width > 1:
            return "These are the paths between any two ends; here both ends are given."
        if answer[0] != paths:
            return "The number of paths is off for some networks. " + "How many choices has a path in each layer between the ends?"
        if answer[1] != edges:
            return "The paths are right. An edge joins each neuron of one layer with each of the next."
    return True


@register("2.4", hint="Value: the sine. One parent: x. One slope: the derivative of the sine at x.")
def sine_for_the_engine(sine):
    """The operation inside larger expressions, against nudging."""
    from course_utils.autodiff import Scalar

    if hint := _function(sine, "sine"):
        return hint
    for at in (-2.0, 0.3, 1.7):
        result = sine(Scalar(at))
        if not isinstance(result, Scalar):
            return "The result must be a Scalar again, made with type(x)(value, parents, slopes)."
        if not np.isclose(result.value, np.sin(at)):
            return "The value is not the sine of the value."
        if len(result.parents) != 1:
            return "The result must remember its one parent, as a tuple: (x,)."
        x = Scalar(at)
        (sine(x * x) * x + sine(x)).backward()

        def plain(value):
            return np.sin(value * value) * value + np.sin(value)

        nudged = (plain(at + 1e-6) - plain(at - 1e-6)) / 2e-6
        if not np.isclose(x.grad, nudged, atol=1e-5):
            return "The value is right, the slope is not. What is the derivative of the sine?"
    return True


@register("2.5", hint="One step gives (1 - rate * c) * w. For which rates does its size shrink?")
def rate_on_a_parabola(largest_rate):
    """Just below the rate the walk shrinks, just above it grows."""
    if hint := _function(largest_rate, "largest_rate"):
        return hint
    for c in (0.5, 2.0, 7.0):
        rate = numbers(largest_rate(c), ())
        if rate is None or rate <= 0:
            return "It must return one positive number."
        if np.isclose(rate, 1 / c):
            return "At this rate one step lands exactly in the valley. It may be exceeded: jumping over is allowed."
        if abs(1 - 0.99 * rate * c) >= 1:
            return "Too large: the walk already diverges a little below this rate."
        if abs(1 - 1.01 * rate * c) < 1:
            return "Too small: the walk still comes closer a little above this rate."
    return True


@register("2.6", hint="Try two layers on paper: what multiplies x, and what is left when x is zero?")
def folded_layers(fold):
    """The folded pair against the layers one after another."""
    if hint := _function(fold, "fold"):
        return hint
    rng = np.random.default_rng(26)
    for sizes in ((3, 2), (2, 4, 3), (4, 4, 4, 4), (2, 5, 3, 6, 1)):
        layers = [(rng.normal(size=pair), rng.normal(size=pair[1])) for pair in zip(sizes[:-1], sizes[1:], strict=True)]
        try:
            W, b = fold([(W.copy(), b.copy()) for W, b in layers])
        except (TypeError, ValueError):
            return "It must run for any number of layers and return a pair (W, b). Check the shapes."
        W, b = numbers(W, (sizes[0], sizes[-1])), numbers(b, (sizes[-1],))
        if W is None or b is None:
            return f"For layers {' → '.join(map(str, sizes))} W must be {sizes[0]} × {sizes[-1]} and b have {sizes[-1]} numbers."
        x = rng.normal(size=(5, sizes[0]))
        expected = x
        for layer_W, layer_b in layers:
            expected = expected @ layer_W + layer_b
        if not np.allclose(x @ W + b, expected):
            if np.allclose(x @ W - x[:1] @ W, expected - expected[:1]):
                return "The matrix is right, the bias is not: it must pass through every later layer."
            return "The matrix is not the product of all matrices in their order."
    return True


@register("2.7", hint="It is a product of z and sigmoid(z): use the product rule.")
def slope_of_swish(swish_slope):
    """Against nudging, on an array."""
    if hint := _function(swish_slope, "swish_slope"):
        return hint
    z = np.linspace(-6, 6, 25)

    def sigmoid(v):
        return 1 / (1 + np.exp(-v))

    expected = ((z + 1e-5) * sigmoid(z + 1e-5) - (z - 1e-5) * sigmoid(z - 1e-5)) / 2e-5
    answer = numbers(swish_slope(z.copy()), (25,))
    if answer is None:
        return "For an array of 25 numbers it must return 25 numbers."
    if np.allclose(answer, sigmoid(z), atol=1e-6):
        return "That is the first half of the product rule. The sigmoid changes with z too."
    if np.allclose(answer, z * sigmoid(z), atol=1e-6):
        return "That is swish itself, not its slope."
    if np.allclose(answer, z * sigmoid(z) * (1 - sigmoid(z)), atol=1e-6):
        return "That is the second half of the product rule. z changes with z too."
    return np.allclose(answer, expected, atol=1e-6)
