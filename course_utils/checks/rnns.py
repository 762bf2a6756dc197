"""Checks of the exercises of lecture 10, Recurrent networks.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

import numpy as np

from course_utils.checks import numbers, register


@register("10.1", hint="Go step by step: the state before, times -0.5, plus twice the input.")
def three_steps(states, slope):
    """Each state follows from the one before, and the slope is that of a nudged first input."""
    states, slope = numbers(states, (3,)), numbers(slope, ())
    if states is None or slope is None:
        return "Give three numbers for the states and one for the slope."

    def last(first):
        h = 0.0
        for x in (first, 2.0, 3.0):
            h = 2 * x - 0.5 * h
        return h

    before = np.array([0.0, states[0], states[1]])
    if not np.allclose(states, 2 * np.array([1.0, 2.0, 3.0]) - 0.5 * before):
        if np.allclose(states, [2.0, 4.0, 6.0]):
            return "These are the inputs, doubled: each state also needs the one before."
        if np.allclose(states, 2 * np.array([1.0, 2.0, 3.0]) + 0.5 * before):
            return "The recurrent weight is negative: -0.5."
        if np.allclose(states, np.tanh(2 * np.array([1.0, 2.0, 3.0]) - 0.5 * before)):
            return "This unit has no tanh."
        return "A state isn't what the rule makes of the one before it."
    found = last(2.0) - last(1.0)  # the rule is linear
    if np.isclose(slope, found):
        return True
    if np.isclose(slope, -found):
        return "The states are right. Two steps with a negative weight: which sign comes out?"
    if np.isclose(slope, 2.0):
        return "The states are right. This is the slope of the first state; two more steps follow."
    if np.isclose(slope, found / 2):
        return "The states are right. The nudge also passes the input's weight, once."
    if np.isclose(slope, -found * 2):
        return "The states are right. From the first state to the third there are two steps."
    return "The states are right. By how much does the last one change when the first input is 2 instead of 1?"


@register("10.2", hint="The state is multiplied by the radius at each step. When does the power fall below the share?")
def steps_until(steps):
    """One step earlier the share is not yet reached, and after these steps it is."""
    if not callable(steps):
        return 'Give the function itself: checks.check("10.2", steps_until).'
    cases = [(0.9, 0.01), (0.99, 0.01), (0.5, 0.3), (0.7, 0.05), (0.95, 0.5)]
    answers = [numbers(steps(radius, share), ()) for radius, share in cases]
    if any(answer is None for answer in answers):
        return "Give one number for each pair of radius and share."
    if any(answer != np.round(answer) for answer in answers):
        return "Steps are whole numbers: round, and think about which way."
    if all(answer < 0 for answer in answers):
        return "A number of steps is positive: look at the signs of the two logarithms."
    left = [[radius ** (k + more) / share for more in (-1, 0, 1)] for (radius, share), k in zip(cases, answers, strict=True)]
    if all(before >= 1 > after for before, after, _ in left):
        return True
    if all(after >= 1 > later for _, after, later in left):
        return "After so many steps there is still too much left: round up, not down."
    if all(after < 1 for _, after, _ in left):
        return "So many steps are enough, but fewer would be too: the smallest number was asked for."
    return False


@register("10.3", hint="Let one unit push the other hard, but not the other way round. Where do the eigenvalues of such a matrix stand?")
def up_before_down(W, start):
    """The radius is small enough, some later state is long, and the last one is short."""
    W, start = numbers(W, (2, 2)), numbers(start)
    if W is None or start is None or start.size != 2:
        return "Give a matrix of shape (2, 2) and a state of two numbers."
    start = start.ravel()
    if abs(np.linalg.norm(start) - 1) > 1e-6:
        return f"The state must have length 1; this one has {np.linalg.norm(start):.3g}."
    radius = np.abs(np.linalg.eigvals(W)).max()
    if radius > 0.9 + 1e-6:
        return f"The spectral radius is {radius:.3g}: at most 0.9 is allowed."
    if np.allclose(W @ W.T, W.T @ W):
        return "The directions of this matrix are at right angles, so no state can ever grow: its two units must be unequal."
    h, lengths = start, []
    for _ in range(100):
        h = h @ W
        lengths.append(np.linalg.norm(h))
    if max(lengths) <= 10:
        other, longest = np.linalg.svd(W)[0][:, 0], 0.0
        for _ in range(100):
            other = other @ W
            longest = max(longest, np.linalg.norm(other))
        if longest > 10:
            return "The matrix will do, but not from this state: which unit does the pushing? States are rows here."
        return f"The longest state has length {max(lengths):.3g}: push harder."
    if lengths[-1] > 1:
        return "After 100 steps it hasn't faded yet: a smaller radius, or a softer push."
    return True


@register("10.4", hint="Pass the number on like a bucket: in at one unit, on to the next, out at the last.")
def delay_line(W_x, W_h, W_y):
    """Random inputs come out unchanged, two steps later."""
    W_x, W_h, W_y = (numbers(W, shape) for W, shape in ((W_x, (1, 3)), (W_h, (3, 3)), (W_y, (3, 1))))
    if W_x is None or W_h is None or W_y is None:
        return "The shapes must be (1, 3), (3, 3) and (3, 1)."
    x = np.random.default_rng(104).normal(size=40)

    def read(W):
        h, y = np.zeros((1, 3)), []
        for value in x:
            h = value * W_x + h @ W
            y.append((h @ W_y).item())
        return np.array(y)

    def late(y, steps):
        return np.allclose(y[steps:], x[: len(x) - steps]) and np.allclose(y[:steps], 0)

    y = read(W_h)
    if late(y, 2):
        return True
    if late(read(W_h.T), 2):
        return "Turn W_h over: states are rows, so the number at row i, column j leads from unit i to unit j."
    for steps, words in ((0, "at once"), (1, "one step ago")):
        if late(y, steps):
            return f"It repeats what it heard {words}; two steps ago was asked for."
    if np.allclose(y, 0):
        return "Nothing comes out: follow one number from the input to the unit that is read."
    impulse = np.linalg.multi_dot([W_x, np.linalg.matrix_power(W_h, 2), W_y]).item()
    if np.isclose(impulse, 1):
        return "The input of two steps ago is in the answer, but others are too: the last unit must pass to nobody, and only it is read."
    return False


@register("10.5", hint="Run the backward loop of back_through_time. What would it hand to the step before the first one?")
def slope_by_start(slope):
    """It equals differences of a loss, for several lengths."""
    if not callable(slope):
        return 'Give the function itself: checks.check("10.5", slope_by_start).'
    rng = np.random.default_rng(105)
    for steps in (1, 2, 5):
        n, units = 3, 4
        W, pushed = rng.normal(size=(units, units)) / 2, rng.normal(size=(steps, n, units)) / 2
        dh, start = rng.normal(size=(steps, n, units)), rng.normal(size=(n, units)) / 2

        def run(h0, pushed=pushed, W=W):
            h = [h0]
            for p in pushed:
                h.append(np.tanh(p + h[-1] @ W))
            return np.array(h)

        expected = np.empty((n, units))
        for place in np.ndindex(n, units):
            nudge = np.zeros((n, units))
            nudge[place] = 1e-6
            expected[place] = np.sum(dh * (run(start + nudge) - run(start - nudge))[1:]) / 2e-6
        h = run(start)
        answer = numbers(slope(h.copy(), dh.copy(), W.copy()))
        if answer is None or answer.shape != (n, units):
            return f"The result must have the shape of one state, {(n, units)}, got {np.shape(answer)}."
        if np.allclose(answer, expected, atol=1e-5):
            continue
        return _what_went_wrong(answer, h, dh, W)
    return True


def _what_went_wrong(answer, h, dh, W):
    """Run the backward loop with one typical mistake after the other, and see which one fits."""

    def loop(back, slopes, own=True):
        later = np.zeros_like(h[0])
        for t in reversed(range(len(dh))):
            later = ((dh[t] * (own or t == len(dh) - 1) + later) * slopes[t]) @ back
        return later

    inside = 1 - h[1:] ** 2
    wrong = {
        "Backwards the matrix is turned over: W_h.T.": loop(W, inside),
        "The slope of tanh is missing: 1 - h².": loop(W.T, np.ones_like(inside)),
        "Each tanh has its slope at the state that it made, h[t + 1], not at the one before.": loop(W.T, 1 - h[:-1] ** 2),
        "Each step adds the slope from its own output, dh[t], not only the last one.": loop(W.T, inside, own=False),
    }
    delta = np.zeros_like(h[0])
    for t in reversed(range(len(dh))):
        delta = (dh[t] + (delta @ W.T if t < len(dh) - 1 else 0)) * inside[t]
    wrong["This is the slope by what goes into the first tanh; one more product leads to the start."] = delta
    return next((hint for hint, value in wrong.items() if np.allclose(answer, value)), False)


@register("10.6", hint="One huge entry and one small one: what does cutting do to each? And a whole vector: divide by what?")
def clip_length(g, c, shorten):
    """Cutting entries turns the gradient by 40 degrees; shortening keeps directions and short vectors."""
    g, c = numbers(g, (2,)), numbers(c, ())
    if g is None or c is None:
        return "Give two numbers for the gradient and one for the limit."
    if c <= 0:
        return "The limit must be positive."
    if not callable(shorten):
        return "The third answer is the function itself: clip_length."
    cut = np.clip(g, -c, c)
    if not np.linalg.norm(g):
        return "A gradient of zeros has no direction."
    if np.abs(g).max() <= c:
        return "Nothing is cut here: no entry is above the limit."
    angle = np.degrees(np.arccos(np.clip(cut @ g / np.linalg.norm(cut) / np.linalg.norm(g), -1, 1)))
    if angle <= 40:
        return f"Cutting turns this gradient by {angle:.0f} degrees only: make its two entries more unequal."
    rng = np.random.default_rng(106)
    for size in (0.1, 1.0, 30.0):
        v = size * rng.normal(size=(3, 5))
        before, length = v.copy(), np.linalg.norm(v)
        answer = numbers(shorten(v, 2.0), v.shape)
        if answer is None:
            return "The gradient is right. clip_length must return an array of the same shape."
        if not np.array_equal(v, before):
            return "The gradient is right. clip_length has changed the array that it was given: work on a copy."
        if length <= 2 and not np.allclose(answer, v):
            return "The gradient is right. An array that is short enough must stay as it is."
        if length > 2 and np.allclose(answer, np.clip(v, -2, 2)):
            return "The gradient is right. This function cuts entries, the colleague's way."
        if length > 2 and not np.allclose(answer, v * (2 / length)):
            lengths = f"from {length:.3g} to {np.linalg.norm(answer):.3g}, the limit was 2"
            return f"The gradient is right. clip_length changed the length {lengths}, and the direction must stay."
    zeros = numbers(shorten(np.zeros(4), 2.0), (4,))
    if zeros is None or zeros.any():
        return "The gradient is right. Zeros must stay zeros: divide only if there is something to shorten."
    return True


@register("10.7", hint="What costs memory: fading, bending, wasted directions. Which of these can you repair?")
def pond(make):
    """The capacity of the reservoir is measured as in the lecture."""
    if not callable(make):
        return 'Give the function itself: checks.check("10.7", pond).'
    given = make(np.random.default_rng(1))
    if not isinstance(given, tuple | list) or len(given) != 2:
        return "Return two arrays: the recurrent weights and the input weights."
    W, v = numbers(given[0], (30, 30)), numbers(np.ravel(given[1]), (30,))
    if W is None or v is None:
        return "The shapes must be (30, 30) and (30,)."
    if not v.any():
        return "The input weights are all zero: it hears nothing."
    capacity = _capacity(W, v)
    if capacity >= 22:
        return True
    radius = np.abs(np.linalg.eigvals(W)).max()
    words = f"This pond holds {capacity:.1f} numbers; 22 are asked for. "
    if radius > 1.02:
        return words + f"Its spectral radius is {radius:.2f}: does it forget its start?"
    if radius < 0.85:
        return words + f"Its spectral radius is {radius:.2f}: it fades fast."
    stretch = np.linalg.svd(W, compute_uv=False)
    if stretch.min() < 0.5 * stretch.max():
        return words + "Some of its directions fade much faster than others."
    if np.linalg.norm(v) > 0.5:
        return words + "The input is loud: where does it push the tanh?"
    return words + "You are near: try other radii."


def _capacity(W, v, steps=3000, washout=200, lags=60):
    """Sum of R² over the lags, fitted on one half and measured on the other."""
    u = np.random.default_rng(107).uniform(-1, 1, size=steps + washout)
    h, H = np.zeros(len(W)), []
    for value in u:
        h = np.tanh(h @ W + value * v)
        H.append(h)
    H = np.column_stack([np.array(H)[washout:], np.ones(steps)])
    Y = np.column_stack([u[washout - k : len(u) - k] for k in range(1, lags + 1)])
    half = steps // 2
    scale = np.abs(H).max(axis=0) + 1e-12  # the size of the echoes must not matter
    guess = (H / scale)[half:] @ np.linalg.lstsq((H / scale)[:half], Y[:half], rcond=1e-10)[0]
    fits = [np.corrcoef(g, y)[0, 1] ** 2 for g, y in zip(guess.T, Y[half:].T, strict=True) if g.std() > 0]
    return float(np.sum(np.maximum(np.array(fits) - 1 / half, 0)))
