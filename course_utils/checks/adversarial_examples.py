"""Checks of the exercises of lecture 09, Adversarial examples.

Each tests a property that a right answer has, so there are many right answers and
none of them is written here.
"""

import numpy as np

from course_utils.checks import numbers, register


@register("9.1", hint="Clip twice: once to the budget around the image, once to the range from paper to ink.")
def project(back):
    """Inside stays inside, the budget and the paper hold, and no allowed point is nearer."""
    if not callable(back):
        return 'Give the function itself: checks.check("9.1", project).'
    rng = np.random.default_rng(91)
    images, epsilon = rng.uniform(size=(6, 8, 8)), 0.2
    images[0], images[1] = 0.05, 0.95  # near paper, near ink
    moved = images + rng.uniform(-0.6, 0.6, size=images.shape)
    before = images.copy()
    answer = numbers(back(moved.copy(), images, epsilon))
    if answer is None or answer.shape != images.shape:
        return f"The result must have the shape of the images, {images.shape}."
    if not np.array_equal(images, before):
        return "The images themselves have changed: work on a copy."
    if np.abs(answer).max() <= epsilon + 1e-9 and np.abs(answer - images).max() > epsilon + 1e-9:
        return "These look like changes, not images: add the image again."
    if np.abs(answer - images).max() > epsilon + 1e-9:
        return "Some pixels are farther from the image than the budget allows."
    if answer.min() < -1e-9 or answer.max() > 1 + 1e-9:
        return "The budget holds, but some pixels are below paper (0) or above ink (1)."
    low, high = np.maximum(images - epsilon, 0), np.minimum(images + epsilon, 1)
    inside = (moved >= low) & (moved <= high)
    if not np.allclose(answer[inside], moved[inside]):
        return "Pixels that were allowed already must stay where they are."
    return np.allclose(answer[moved > high], high[moved > high]) and np.allclose(answer[moved < low], low[moved < low])


@register("9.2", hint="Each input uses its whole budget. Against which sign must it move, so that its product falls?")
def delta_by_hand(delta, total):
    """No change in the box lowers the sum further, and the sum is that of the changed input."""
    delta, total = numbers(delta, (3,)), numbers(total, ())
    if delta is None or total is None:
        return "Give three numbers for the change and one for the sum."
    w, x, t, epsilon = np.array([2.0, -1.0, 0.5]), np.array([0.4, 0.3, 0.2]), 0.2, 0.1
    if np.abs(delta).max() > epsilon + 1e-9:
        return "The budget is 0.1 for each input: no entry may be larger."
    corners = epsilon * (2.0 * np.indices((2, 2, 2)).reshape(3, -1).T - 1)  # all eight, (8, 3)
    lowest = (corners @ w).min()
    if np.isclose(delta @ w, -lowest):
        return "This change raises the sum as far as possible; an attacker wants it to fall."
    if np.allclose(delta, -epsilon):
        return "A negative weight turns the direction round: look at the second input."
    if not np.isclose(delta @ w, lowest):
        return "The change can do more harm: does every input use its whole budget?"
    if np.isclose(total, w @ (x + delta) - t):
        return True
    if np.isclose(total, w @ (x + delta)):
        return "The change is right. In the sum, the threshold is still to be subtracted."
    if np.isclose(total, w @ x - t):
        return "The change is right. That is the sum before it."
    return "The change is right. Now the sum: by how much does each product fall?"


@register("9.3", hint="By how much does the worst change of size ε move the sum? Where does that just reach zero?")
def safe_budget(safe):
    """Just below the budget no corner of the box flips the answer, just above one does."""
    if not callable(safe):
        return 'Give the function itself: checks.check("9.3", safe_budget).'
    rng = np.random.default_rng(93)
    x, w, t = rng.normal(size=(40, 5)), rng.normal(size=5), 0.3
    answer = numbers(safe(x.copy(), w.copy(), t))
    if answer is None or answer.shape != (40,):
        return f"For 40 inputs give 40 budgets, shape (40,), got {np.shape(answer)}."
    if answer.min() < 0:
        return "A budget is never negative: both sides of the border count."
    total = x @ w - t
    corners = 2.0 * np.indices((2,) * 5).reshape(5, -1).T - 1  # (32, 5)
    reach = (corners @ w).max()  # of a change of size 1
    if np.allclose(answer * reach, np.abs(total)):
        return True
    if np.allclose(answer * reach, np.abs(x @ w)):
        return "The border isn't at zero sum of products: the threshold counts too."
    if np.allclose(answer * np.linalg.norm(w), np.abs(total)):
        return "This is the ordinary distance to the border. The budget here is the largest change of one input."
    if np.allclose(answer, np.abs(total)):
        return "This is how far the sum is from zero; how fast can a change of size ε move it?"
    if np.allclose(answer * np.abs(w.sum()), np.abs(total)):
        return "Plus and minus weights don't cancel: each input may move in its own direction."
    return False


@register("9.4", hint="Make a table of right and wrong, one row for each attack: which columns are right in all rows?")
def robust_accuracy(share):
    """An image counts only if every row is right, over random tables."""
    if not callable(share):
        return 'Give the function itself: checks.check("9.4", robust_accuracy).'
    rng = np.random.default_rng(94)
    found, wanted, lowest, mean, union = [], [], [], [], []
    for attacks, n in ((1, 30), (3, 50), (6, 80)):
        labels = rng.integers(0, 4, size=n)
        answers = np.where(rng.random((attacks, n)) < 0.8, labels, (labels + 1) % 4)
        number = numbers(share(answers.copy(), labels.copy()))
        if number is None or number.shape != ():
            return f"Give one number, the share of images, got shape {np.shape(number)}."
        right = answers == labels
        found.append(float(number))
        wanted.append(np.mean([all(column) for column in right.T]))
        lowest.append(min(np.mean(row) for row in right))
        mean.append(np.mean(right))
        union.append(np.mean([any(column) for column in right.T]))
    if np.allclose(found, wanted):
        return True
    if np.allclose(found, lowest):
        return "This takes the best single attack. An attacker may use another one for each image."
    if np.allclose(found, mean):
        return "This is the mean over the attacks; the attacker doesn't draw lots."
    if np.allclose(found, union):
        return "This counts images that survive at least one attack: they must survive all."
    if np.allclose(found, 1 - np.array(wanted)):
        return "This is the share of broken images; the share that survives was asked for."
    if max(found) > 1:
        return "A share lies between 0 and 1: divide by the number of images."
    return False


@register("9.5", hint="A product of two arrows is largest when they point the same way. Then make each one's length ε.")
def steepest(change):
    """Each image's change has the length of the budget and points along its own gradient."""
    if not callable(change):
        return 'Give the function itself: checks.check("9.5", steepest).'
    rng = np.random.default_rng(95)
    slopes, epsilon = rng.normal(size=(7, 8, 8)) * rng.uniform(0.01, 5, size=(7, 1, 1)), 0.7
    answer = numbers(change(slopes.copy(), epsilon))
    if answer is None or answer.shape != slopes.shape:
        return f"The result must have the shape of the gradients, {slopes.shape}."
    lengths = np.sqrt((answer**2).sum(axis=(1, 2)))
    if np.allclose(np.abs(answer), epsilon):
        return "That is the answer for the largest change of a pixel: here the length of the whole change counts."
    if np.isclose(np.sqrt((answer**2).sum()), epsilon):
        return "Together they have length ε; each image has a budget of its own."
    if np.allclose(answer, epsilon * slopes):
        return "The direction is right, the length isn't: it still depends on how steep the loss is."
    if not np.allclose(lengths, epsilon):
        return "Not every change has the length ε: over which axes do you sum the squares?"
    rise, most = (answer * slopes).sum(axis=(1, 2)), epsilon * np.sqrt((slopes**2).sum(axis=(1, 2)))
    if np.allclose(rise, -most):
        return "These changes lower the loss as fast as possible: turn them round."
    return bool(np.allclose(rise, most))


@register("9.6", hint="One half is where the argument of Φ in (9.4) is zero; Φ(2) is where it is 2.")
def dimensions_needed(inputs, epsilon):
    """Put into (9.4), both numbers give the accuracies asked for."""
    inputs, epsilon = numbers(inputs, ()), numbers(epsilon, ())
    if inputs is None or epsilon is None or inputs < 0:
        return "Give two positive numbers."
    first = np.isclose(3 - 0.05 * np.sqrt(inputs), 0, atol=1e-3)
    if not first:
        if np.isclose(inputs, 3 / 0.05):
            return "Nearly: that is the square root of the number of inputs."
        if np.isclose(inputs, (2.5 / 0.05) ** 2) or np.isclose(inputs, (2.5 / 0.1) ** 2):
            return "In this task μ is 3 and ε is 0.05; the lecture's cell had other values."
        return False
    if np.isclose(3 - 100 * epsilon, 2, atol=1e-3):
        return True
    if np.isclose(epsilon, 1e-4):
        return "The number of inputs is right. In (9.4) it is the square root of d that multiplies ε."
    if np.isclose(epsilon, 0.03):
        return "The number of inputs is right. With this ε accuracy would fall to one half."
    return "The number of inputs is right. Now solve 3 − ε√d = 2 for ε."


@register("9.7", hint="Take the slope at what the network sees, the rounded image, and pretend that rounding isn't there.")
def break_rounding(attack):
    """Within budget and paper, at most a quarter of the digits survives on a defended linear reader."""
    if not callable(attack):
        return 'Give the function itself: checks.check("9.7", attack).'
    rng = np.random.default_rng(97)
    prototypes = (rng.random((10, 8, 8)) < 0.4).astype(float)
    labels = rng.integers(0, 10, size=120)
    images = np.clip(0.12 + 0.76 * prototypes[labels] + rng.normal(scale=0.08, size=(120, 8, 8)), 0, 1)
    images[rng.random(images.shape) < 0.04] = 0.97  # stray ink: who forgets the edge goes beyond it here
    weights = (prototypes - prototypes.mean(axis=0)).reshape(10, -1).T  # (64, 10)
    bias = -0.5 * (prototypes**2).sum(axis=(1, 2)) + (prototypes * prototypes.mean(axis=0)).sum(axis=(1, 2))

    def logits(pixels):
        return np.asarray(pixels, dtype=float).reshape(-1, 64) @ weights + bias

    def answer(pixels):
        return logits(np.round(2 * np.asarray(pixels, dtype=float)) / 2).argmax(axis=1)

    def slope_without(pixels, labels):
        z = logits(pixels)
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        return ((p - np.eye(10)[labels]) @ weights.T).reshape(-1, 8, 8)

    epsilon = 0.3
    moved = numbers(attack(images.copy(), labels.copy(), answer, slope_without, epsilon))
    if moved is None or moved.shape != images.shape:
        return f"Return images of shape {images.shape}, got {np.shape(moved)}."
    if np.abs(moved - images).max() > epsilon + 1e-6:
        return "Some pixels have moved by more than the budget."
    if moved.min() < -1e-6 or moved.max() > 1 + 1e-6:
        return "Some pixels are below paper (0) or above ink (1)."
    alone, survive = np.mean(answer(images) == labels), np.mean(answer(moved) == labels)
    if np.abs(moved - images).max() < 1e-6:
        return "Nothing has moved: the images are as they were."
    if survive > 0.8 * alone:
        return f"{survive:.0%} still survive, {alone:.0%} without attack. Do you go uphill, on the loss of the true label?"
    if survive > 0.25:
        return f"{survive:.0%} still survive. Use the whole budget, and more than one step."
    return True
