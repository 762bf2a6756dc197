"""A scalar engine for automatic differentiation in reverse mode.

Derived in 02_backprop, "An engine: numbers that remember". Any program made of its
operations can be differentiated; lectures use it where a derivation would hide the idea.
"""

import math


class Scalar:
    """A number that remembers how it was computed.

    Parameters
    ----------
    value : float
        The number.
    parents : tuple of Scalar, default ()
        What it was computed from.
    slopes : tuple of float, default ()
        Slope of this number in each parent, in the same order.

    Attributes
    ----------
    grad : float
        Sum of the slopes in this number that `backward` has found so far.

    Raises
    ------
    TypeError
        If `value` or a slope is not one real number, or a parent is not a Scalar.
    ValueError
        If `parents` and `slopes` have different lengths.

    Notes
    -----
    Operations check what they are given, and raise TypeError, ValueError, ZeroDivisionError or
    OverflowError before a result exists; a sum or product that is too large is infinite, as for
    Python's floats. A number knows its parents but not its children, so a graph holds no cycles:
    it is freed as soon as its last result is forgotten, without Python's garbage collector.

    References
    ----------
    Baydin et al., Automatic differentiation in machine learning: a survey, JMLR 18, 2018,
    section 3.2 (reverse mode).

    Examples
    --------
    >>> x = Scalar(3.0)
    >>> y = x * x + x
    >>> y.backward()
    >>> y.value, x.grad
    (12.0, 7.0)
    """

    __slots__ = ("grad", "parents", "slopes", "value")
    __array_ufunc__ = None  # NumPy numbers leave the operation to this class

    def __init__(self, value, parents=(), slopes=()):
        self.value, self.grad = _real(value, "value"), 0.0
        if len(parents) != len(slopes):
            raise ValueError(f"slopes must be as many as parents, got {len(slopes)} and {len(parents)}")
        for parent in parents:
            if not isinstance(parent, Scalar):
                raise TypeError(f"parents must be Scalars, got {type(parent).__name__}")
        self.parents, self.slopes = tuple(parents), tuple(_real(slope, "slope") for slope in slopes)

    def __repr__(self):
        return f"Scalar({self.value:g}, grad={self.grad:g})"

    def __add__(self, other):
        if not isinstance(other, Scalar):
            return _made(self.value + _real(other), (self,), (1.0,))
        return _made(self.value + other.value, (self, other), (1.0, 1.0))

    def __mul__(self, other):
        if not isinstance(other, Scalar):
            other = _real(other)
            return _made(self.value * other, (self,), (other,))
        return _made(self.value * other.value, (self, other), (other.value, self.value))

    def __sub__(self, other):
        if not isinstance(other, Scalar):
            return _made(self.value - _real(other), (self,), (1.0,))
        return _made(self.value - other.value, (self, other), (1.0, -1.0))

    def __truediv__(self, other):
        if not isinstance(other, Scalar):
            other = _nonzero(_real(other))
            return _made(self.value / other, (self,), (1.0 / other,))
        divisor = _nonzero(other.value)
        value = self.value / divisor
        return _made(value, (self, other), (1.0 / divisor, -value / divisor))

    def __pow__(self, exponent):
        base = self.value
        if isinstance(exponent, Scalar):
            if base <= 0:
                raise ValueError(f"base must be positive when the exponent is a Scalar, got {base:g}")
            value, slope = _power(base, exponent.value)
            return _made(value, (self, exponent), (slope, value * math.log(base)))
        exponent = _real(exponent, "exponent")
        if base < 0 and not exponent.is_integer():
            raise ValueError(f"base must not be negative for the exponent {exponent:g}, got {base:g}")
        if base == 0 and exponent < 1 and exponent != 0:
            raise ValueError(f"base must not be zero for the exponent {exponent:g}: value or slope is infinite")
        value, slope = _power(base, exponent)
        return _made(value, (self,), (slope,))

    def __rpow__(self, base):
        return Scalar(base) ** self

    def __neg__(self):
        return _made(-self.value, (self,), (-1.0,))

    def __rsub__(self, other):
        return _made(_real(other) - self.value, (self,), (-1.0,))

    def __rtruediv__(self, other):
        return Scalar(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def exp(self):
        """Return the exponential; OverflowError if it is too large for a float."""
        try:
            value = math.exp(self.value)
        except OverflowError:
            raise OverflowError(f"exp({self.value:g}) is too large for a float") from None
        return _made(value, (self,), (value,))

    def log(self):
        """Return the natural logarithm; ValueError unless the value is positive."""
        if self.value <= 0:
            raise ValueError(f"log needs a positive value, got {self.value:g}")
        return _made(math.log(self.value), (self,), (1.0 / self.value,))

    def tanh(self):
        """Return the hyperbolic tangent."""
        value = math.tanh(self.value)
        return _made(value, (self,), (1.0 - value * value,))

    def relu(self):
        """Return the value where it is positive, else zero; the slope at zero is taken as zero."""
        value = self.value
        return _made(0.0 if value <= 0 else value, (self,), (1.0 if value > 0 else 0.0,))  # NaN stays NaN

    def sigmoid(self):
        """Return the logistic function, without overflow or lost digits for any value."""
        small = math.exp(-abs(self.value))
        value = (1.0 if self.value >= 0 else small) / (1.0 + small)
        return _made(value, (self,), (small / (1.0 + small) ** 2,))

    def backward(self):
        """Add to the `grad` of every number behind this one the slope of this one in it.

        Each call adds its own share and nothing else: a second call, from here or from
        another result, counts as often as it is made. Shared numbers get the sum over all
        ways that lead to them.
        """
        order = in_order(self)
        blame = dict.fromkeys(order, 0.0)
        blame[self] = 1.0
        for node in reversed(order):
            share = blame[node]
            node.grad += share
            for parent, slope in zip(node.parents, node.slopes, strict=True):
                blame[parent] += slope * share


def in_order(output):
    """List all numbers that a result was computed from, parents before children.

    Parameters
    ----------
    output : Scalar
        The result; it comes last.

    Returns
    -------
    list of Scalar
        Each once. Works without recursion, so graphs may be deep.
    """
    order, seen, stack = [], set(), [output]
    while stack:
        node = stack.pop()
        if node is None:
            order.append(stack.pop())
        elif node not in seen:
            seen.add(node)
            stack += (node, None)
            stack += node.parents
    return order


def slopes_by_nudging(error, array, nudge=1e-5):
    """Slope of an error in every entry of an array, from two evaluations for each entry.

    Derived in lecture 02, where it checks the slopes that backprop gives.

    Parameters
    ----------
    error : callable
        ``error(array)`` gives one number.
    array : ndarray of float, any shape
        Where to take the slopes. It stays as it is.
    nudge : float, default 1e-5
        Step to both sides. The slope is off by about its square, and by rounding over it.

    Returns
    -------
    ndarray of float64, shape of `array`

    Raises
    ------
    TypeError
        If `error` can't be called.
    ValueError
        If `nudge` is not above zero.

    References
    ----------
    Lecture 02, Backprop, "The judge: nudge every weight".
    """
    import numpy as np

    if not callable(error):
        raise TypeError(f"error must be a function of the array, got {type(error).__name__}")
    if not nudge > 0:
        raise ValueError(f"nudge must be above zero, got {nudge!r}")
    array = np.asarray(array, "float64")
    slopes = np.zeros_like(array)
    for index in np.ndindex(array.shape):
        up, down = array.copy(), array.copy()
        up[index] += nudge
        down[index] -= nudge
        slopes[index] = (error(up) - error(down)) / (2 * nudge)
    return slopes


def _made(value, parents, slopes):
    """A result, without the checks that only hand-made numbers need."""
    result = Scalar.__new__(Scalar)
    result.value, result.parents, result.slopes, result.grad = value, parents, slopes, 0.0
    return result


def _real(number, name="operand"):
    """One real number as a float; text and arrays with axes are none, though Python converts some."""
    if not isinstance(number, str | bytes | bytearray) and not getattr(number, "shape", ()):
        try:
            return float(number)
        except (TypeError, ValueError):
            pass
        except OverflowError:
            raise OverflowError(f"{name} is too large for a float") from None
    allowed = "a Scalar or a number" if name == "operand" else "one real number"
    raise TypeError(f"{name} must be {allowed}, got {type(number).__name__} {number!r:.40}")


def _power(base, exponent):
    """Value of a power and its slope in the base."""
    try:
        return base**exponent, exponent * base ** (exponent - 1.0) if exponent else 0.0
    except OverflowError:
        raise OverflowError(f"{base:g} ** {exponent:g} or its slope is too large for a float") from None


def _nonzero(value):
    if value == 0:
        raise ZeroDivisionError("the divisor is zero")
    return value
