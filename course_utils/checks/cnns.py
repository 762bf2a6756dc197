"""Checks of the exercises of lecture 06, Convolutional networks.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

import numpy as np

from course_utils.checks import numbers, register


def _whole(answer):
    """Turn an answer into a whole number; None if it is something else."""
    number = numbers(answer, ())
    return int(number) if number is not None and number == round(float(number)) else None


@register("6.1", hint="Add up each column of the kernel, then compare its first row with its last.")
def level_kernel(kernel):
    """Silent on images whose rows are all the same, positive where ink begins below."""
    kernel = numbers(kernel, (3, 3))
    if kernel is None:
        return "Give three rows of three numbers."
    if not kernel.any():
        return "A kernel of zeros is silent on everything."
    columns = kernel.sum(axis=0)  # what it answers to images whose rows are all the same
    below = kernel[2].sum(), kernel[1:].sum()  # ink in the last row, in the last two rows
    if np.allclose(columns, 0):
        if min(below) > 1e-9:
            return True
        if max(below) < -1e-9:
            return "Its answer is negative where ink is below: turn all signs round."
        return False
    if np.allclose(kernel.sum(axis=1), 0):
        return "This one finds upright edges. Which way do plus and minus have to face?"
    if abs(kernel.sum()) > 1e-9:
        return "On an even patch of ink it should answer 0: what do its nine numbers add up to?"
    return "Even patches give 0, but an upright edge doesn't: look at each column's sum."


@register("6.2", hint="Try 5 rows, kernel 3, stride 2, no rim with pencil and paper: where do the windows start?")
def map_rows(count):
    """As many rows as there are places where a window can start."""
    if not callable(count):
        return 'Give the function itself: checks.check("6.2", map_rows).'
    cases = [(8, 3, 1, 0), (8, 3, 1, 1), (227, 11, 4, 0), (8, 3, 2, 0), (9, 3, 2, 1), (7, 7, 3, 0), (10, 2, 3, 2)]
    answers = [_whole(count(*case)) for case in cases]
    if any(answer is None for answer in answers):
        return "It must return a whole number of rows."
    expected = [len(range(0, rows + 2 * rim - kernel + 1, stride)) for rows, kernel, stride, rim in cases]
    if answers == expected:
        return True
    if all(answer == right - 1 for answer, right in zip(answers, expected, strict=True)):
        return "One row is missing each time: the first window counts too."
    no_rim = [case[3] == 0 for case in cases]
    if all(a == e for a, e, plain in zip(answers, expected, no_rim, strict=True) if plain):
        return "Right without a rim. The rim is on both sides: how many rows does it add?"
    if all(a == e for a, e, case in zip(answers, expected, cases, strict=True) if case[2] == 1):
        return "Right for a stride of 1. With a larger one, a last window that doesn't fit is left out."
    return False


@register("6.3", hint="(a) weights of one kernel, its bias, times the kernels. (b) inputs times outputs, plus the biases.")
def shared_or_not(convolution_parameters, dense_parameters):
    """Counted from the shapes."""
    small, large = _whole(convolution_parameters), _whole(dense_parameters)
    if small is None or large is None:
        return "Give two whole numbers."
    places, kernel, c_in, c_out = 32 * 32, 5 * 5, 3, 16
    if small == c_out * (kernel * c_in + 1):
        if large == places * c_in * places * c_out + places * c_out:
            return True
        if large == places * c_in * places * c_out:
            return "(a) is right. In (b) the biases are missing: one for each output."
        if large == places * c_in * places * c_out + c_out:
            return "(a) is right. In (b) each single output has a bias of its own, not each map."
        return "(a) is right. In (b) count the inputs and the outputs first, channels included."
    if small == c_out * kernel * c_in:
        return "In (a) the biases are missing: one for each map."
    if small == c_out * (kernel + 1):
        return "In (a) a kernel spans all three colours."
    if small == c_out * (kernel * c_in + 1) * places:
        return "In (a) you count a new kernel for every place; they are shared."
    return False


@register("6.4", hint="Print the matrix for a kernel of 2 and a signal of 4: each row holds the kernel, one step further.")
def valid_matrix(build):
    """The matrix gives NumPy's own correlation for random signals."""
    if not callable(build):
        return 'Give the function itself: checks.check("6.4", valid_matrix).'
    rng = np.random.default_rng(64)
    for k, n in ((2, 4), (3, 7), (1, 5), (6, 6)):
        kernel = rng.normal(size=k)
        answer = numbers(build(kernel.copy(), n))
        if answer is not None and k > 1 and answer.shape == (n, n):
            return f"{n} rows are too many: the windows that go round the ring must go."
        if answer is None or answer.shape != (n - k + 1, n):
            shape = None if answer is None else answer.shape
            return f"For a kernel of {k} and a signal of {n} the shape must be ({n - k + 1}, {n}), got {shape}."
        signal = rng.normal(size=n)
        if np.allclose(answer @ signal, np.correlate(signal, kernel, mode="valid")):
            continue
        if np.allclose(answer @ signal, np.convolve(signal, kernel, mode="valid")):
            return "Nearly: your kernel is turned round, as in mathematics; (6.1) does not turn it."
        return False
    return True


@register("6.5", hint="Pool two channels by hand: which of the 2 x 2 x c x c numbers may differ from zero?")
def average_kernels(build):
    """Sliding the kernels in steps of two gives the means of blocks, for each channel alone."""
    if not callable(build):
        return 'Give the function itself: checks.check("6.5", average_kernels).'
    rng = np.random.default_rng(65)
    for c in (1, 2, 5):
        kernels = numbers(build(c))
        if kernels is None or kernels.shape != (2, 2, c, c):
            return f"For {c} channels the shape must be (2, 2, {c}, {c}), got {np.shape(kernels)}."
        blocks = rng.normal(size=(6, 2, 2, c))  # six windows: what a stride of 2 visits
        answer, expected = np.einsum("nuvc,uvco->no", blocks, kernels), blocks.mean(axis=(1, 2))
        if np.allclose(answer, expected):
            continue
        if np.allclose(answer, 4 * expected):
            return "This is the sum of each block, not its mean."
        mixed = expected.sum(axis=1, keepdims=True)
        if np.allclose(answer, mixed) or np.allclose(answer, mixed / c):
            return "All channels flow into each other: channel 0 out must see channel 0 in only."
        return False
    return True


@register("6.6", hint="Take one row of scores and its label: how many scores are higher than that of the label? Compare with k.")
def top_k_hits(hits):
    """Sorting gives the same share, over random scores; k = all classes gives 1."""
    if not callable(hits):
        return 'Give the function itself: checks.check("6.6", top_k_hits).'
    rng = np.random.default_rng(66)
    answers, expected, strict = [], [], []
    for n, classes in ((40, 5), (60, 12)):
        scores, labels = rng.normal(size=(n, classes)), rng.integers(0, classes, size=n)
        rank = (scores > scores[np.arange(n), labels][:, None]).sum(axis=1)
        for k in (1, 2, 5):
            answer = numbers(hits(scores.copy(), labels.copy(), k), ())
            if answer is None:
                return "It must return one number: the share of hits."
            answers.append(float(answer))
            expected.append(float(np.mean(rank < k)))
            strict.append(float(np.mean(rank <= k)))
    if np.allclose(answers, expected):
        return True
    if np.allclose(answers, 1 - np.array(expected)):
        return "This is the share of errors; hits were asked for."
    if np.allclose(answers, strict):
        return "One class too many: the best class has 0 classes above it, and k = 1 should accept only that."
    if max(answers) > 1:
        return "A share lies between 0 and 1: divide by the number of examples."
    return False


@register("6.7", hint="Average each pixel with its neighbours before you drop every second one, with weights that add up to 1.")
def gentle_half(halve):
    """Half the rows and columns, constants kept, and less change than plain dropping after a shift by one."""
    if not callable(halve):
        return 'Give the function itself: checks.check("6.7", gentle_half).'
    rng = np.random.default_rng(67)
    flat = np.full((2, 12, 12), 0.7)
    answer = numbers(halve(flat.copy()))
    if answer is None or answer.shape != (2, 6, 6):
        return f"Maps of shape (2, 12, 12) must become (2, 6, 6), got {np.shape(answer)}."
    if not np.allclose(answer, 0.7):
        inside = np.allclose(answer[:, 1:-1, 1:-1], 0.7)
        return "At the rim a constant image changes: repeat the rim instead of adding zeros." if inside else (
            "A constant image must stay as it is: the weights of the blur must add up to 1."
        )
    maps = np.maximum(rng.normal(size=(20, 16, 16)), 0)
    moved = np.concatenate([maps[:, :, :1], maps[:, :, :-1]], axis=2)  # by one column
    here, there = (numbers(halve(x.copy()), (20, 8, 8)) for x in (maps, moved))
    if here is None or there is None:
        return "Maps of shape (20, 16, 16) must become numbers of shape (20, 8, 8)."
    plain, ours = (
        np.linalg.norm(after - before) / np.linalg.norm(before)
        for before, after in ((maps[:, ::2, ::2], moved[:, ::2, ::2]), (here, there))
    )
    if here.std() < 0.1 * maps.std():
        return "The answer hardly depends on the picture any more: blur less."
    if ours > 0.8 * plain:
        return f"A shift by one column still changes it by {ours:.2f} of its size; without a blur it is {plain:.2f}."
    return True
