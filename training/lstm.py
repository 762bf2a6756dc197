"""What the trainings of LSTMs share: first weights as Keras draws them, and the learning rate."""

import math

import numpy as np


def glorot(rng, *shape):
    """Draw a matrix from a uniform distribution with Glorot's width."""
    return rng.uniform(-1, 1, shape) * math.sqrt(6 / sum(shape))


def orthogonal(rng, units):
    """Draw a recurrent kernel (units, 4 * units) whose rows are of length 1 and at right angles."""
    return np.linalg.qr(rng.standard_normal((4 * units, units)))[0].T


def first_bias(units):
    """Give the biases: ones for the forget gates, so that a new cell remembers."""
    bias = np.zeros(4 * units)
    bias[units : 2 * units] = 1.0
    return bias


def rate_at(step, steps, rate, warm_up):
    """Learning rate of an update, counted from 1: up in a straight line, and down to zero over all steps."""
    return rate * min(step / warm_up, 1.0) * max(1 - (step - 1) / steps, 0.0)
