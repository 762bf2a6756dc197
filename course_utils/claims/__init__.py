"""Measured claims: what a lecture states, the run checks.

`check` compares a measured value with its bounds, `report` prints the values that
the prose quotes. Both come back from a stored notebook through `collect` and `reported`.
"""

import json
import keyword
import math
import numbers
import os
import re

from course_utils import _outputs, reproducibility
from course_utils.claims.stored import MIME, collect, prose_numbers, reported, same_number
from course_utils.claims.wording import box, compare_record, complain, write_number

__all__ = [
    "MIME",
    "ClaimFailed",
    "box",
    "check",
    "collect",
    "prose_numbers",
    "report",
    "reported",
    "same_number",
]

LOG_VARIABLE = "COURSE_CLAIMS_LOG"
LARGEST = 10**300
LONGEST_ROW = 12  # numbers that still fit into a sentence

_NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")


class ClaimFailed(AssertionError):
    """A measured value lies outside the bounds of its claim."""


def check(
    name,
    value,
    *,
    says,
    at_least=None,
    at_most=None,
    above=None,
    below=None,
    equals=None,
    tolerance=0.0,
    unit="",
):
    """Check a measured value against its bounds and show both.

    Parameters
    ----------
    name : str
        ``<field>.<finding>``, for example ``"perceptrons.xor_cycles"``.
    value : int, float or bool
        What was measured. NaN and infinity meet no bound.
    says : str
        The claim as one sentence.
    at_least, at_most, above, below : int or float, optional
        Bounds, with the bound itself allowed (`at_least`, `at_most`) or not. One
        lower and one upper bound together make an interval.
    equals : int, float or bool, optional
        The value itself, up to `tolerance`. Stands without other bounds.
    tolerance : float, default 0.0
        Largest distance from `equals`.
    unit : str, default ""
        Unit of the value and its bounds.

    Raises
    ------
    ClaimFailed
        If the value breaks a bound. Where the environment names a file in
        ``COURSE_CLAIMS_LOG``, one line of JSON for each claim goes there instead
        (name, value, bounds, margin, ok, seed), and nothing is raised.
    TypeError
        If the value or a bound is not one number.
    ValueError
        If the name, the sentence or the set of bounds makes no claim.

    Examples
    --------
    >>> check("perceptrons.mistakes", 10, at_most=211.4, says="The rule needs at most (R/γ)² mistakes.")
    ✓ perceptrons.mistakes: 10 ≤ 211.4 — The rule needs at most (R/γ)² mistakes.
    """
    given = {"at_least": at_least, "at_most": at_most, "above": above, "below": below, "equals": equals}
    bounds = {key: _one_number(key, bound) for key, bound in given.items() if bound is not None}
    value = _one_number("value", value)
    tolerance = _one_number("tolerance", tolerance)
    _refuse_bad_words(name, says, unit)
    _refuse_bad_bounds(name, value, bounds, tolerance)
    margin, ok = _margin(value, bounds, tolerance)
    record = {
        "name": name,
        "says": says.strip(),
        **_plain_sides(value, bounds, tolerance),
        "margin": _plain(margin),
        "unit": unit,
    }
    log = os.environ.get(LOG_VARIABLE)
    if log:
        _write_log(log, record, ok)
    if not ok and not log:
        raise ClaimFailed(complain(name, value, bounds, tolerance, margin, unit, says))
    _display(record, ok)


def report(**values):
    """Print values that the prose quotes, one to a line.

    Parameters
    ----------
    **values : int, float, bool, str, or a short row of numbers
        The name is what the prose carries in its comment. Whole numbers are
        printed exactly, other numbers with up to four significant digits.

    Raises
    ------
    TypeError
        If a value is neither a number, nor a text, nor a row of numbers.
    ValueError
        If a name is not a plain identifier, a text has several lines, or nothing
        is given. Nothing is printed then.

    Examples
    --------
    >>> report(mistakes=10, accuracy=0.972222)
    mistakes = 10
    accuracy = 0.9722
    """
    if not values:
        raise ValueError("values must name at least one value, got none: report(mistakes=10)")
    lines = []
    for name, value in values.items():
        if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
            raise ValueError(f"a reported name must be a plain identifier such as mistakes, got {name!r}")
        if isinstance(value, str):
            if not value.strip() or len(value.splitlines()) > 1:
                raise ValueError(f"{name} must be one line of text, got {value!r}")
            lines.append(f"{name} = {value.strip()}")
        else:
            lines.append(f"{name} = {_written(name, value)}")
    print("\n".join(lines))


def _one_number(name, value):
    """Turn a scalar of any library into a Python bool, int or float."""
    shape = getattr(value, "shape", ())
    if not isinstance(value, numbers.Number) and hasattr(value, "shape") and tuple(shape) == ():
        value = value.item() if hasattr(value, "item") else value.numpy().item()
    if hasattr(value, "dtype") and hasattr(value, "item") and tuple(shape) == ():
        value = value.item()  # a NumPy scalar
    if isinstance(value, bool | int):
        return value
    if isinstance(value, numbers.Real):
        return float(value)
    kind = f"an array of shape {tuple(shape)}" if tuple(shape) else f"{type(value).__name__} {value!r:.60}"
    raise TypeError(f"{name} must be one number, got {kind}")


def _written(name, value):
    """Write a number, or a row of numbers in brackets."""
    row = isinstance(value, list | tuple) or len(getattr(value, "shape", ())) == 1
    if row and 0 < len(value) <= LONGEST_ROW:
        return f"[{', '.join(write_number(_one_number(name, part)) for part in value)}]"
    return write_number(_one_number(name, value))


def _refuse_bad_words(name, says, unit):
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(f"name must look like field.finding in lower case, got {name!r}")
    if not isinstance(says, str) or len(says.split()) < 3 or len(says.strip().splitlines()) != 1:
        raise ValueError(f"says of {name} must be the claim as one sentence, got {says!r}")
    if not isinstance(unit, str) or len(unit.splitlines()) > 1:
        raise ValueError(f"unit of {name} must be a short text, got {unit!r}")


def _refuse_bad_bounds(name, value, bounds, tolerance):
    allowed = "at_least or above, at_most or below, or equals alone"
    lower, upper = (sorted(set(bounds) & side) for side in ({"at_least", "above"}, {"at_most", "below"}))
    if not bounds or len(lower) > 1 or len(upper) > 1 or ("equals" in bounds and len(bounds) > 1):
        raise ValueError(f"bounds of {name} must be {allowed}, got {', '.join(bounds) or 'none'}")
    if any(
        isinstance(number, int) and abs(number) > LARGEST for number in (value, *bounds.values(), tolerance)
    ):
        raise ValueError(f"value and bounds of {name} must stay below 1e300: claim a logarithm")
    if any(not math.isfinite(bound) for bound in (*bounds.values(), tolerance)) or tolerance < 0:
        raise ValueError(
            f"bounds of {name} must be finite and the tolerance at least 0, got {bounds}, {tolerance}"
        )
    if tolerance and "equals" not in bounds:
        raise ValueError(f"tolerance of {name} needs equals, got {tolerance} with {', '.join(bounds)}")
    if lower and upper and bounds[lower[0]] > bounds[upper[0]]:
        raise ValueError(f"bounds of {name} leave no value: {bounds}")
    truth = isinstance(value, bool)
    if any(isinstance(bound, bool) != truth for bound in bounds.values()) or (
        truth and "equals" not in bounds
    ):
        raise TypeError(
            f"value of {name}: True or False go with equals=True or equals=False, got {value!r}, {bounds}"
        )


def _margin(value, bounds, tolerance):
    """Distance to the nearest bound, negative outside, and whether the claim holds."""
    if not math.isfinite(value):
        return math.nan, False
    room = {
        "at_least": lambda bound: value - bound,
        "above": lambda bound: value - bound,
        "at_most": lambda bound: bound - value,
        "below": lambda bound: bound - value,
        "equals": lambda bound: tolerance - abs(value - bound),
    }
    margins = {key: room[key](bound) for key, bound in bounds.items()}
    ok = all(margin > 0 if key in ("above", "below") else margin >= 0 for key, margin in margins.items())
    return min(margins.values()), ok


def _plain(value):
    """Make a value fit for JSON; six digits keep stored notebooks equal across machines."""
    if isinstance(value, bool | int):
        return value
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _plain_sides(value, bounds, tolerance):
    """Value and bounds for JSON; all digits where six would put a value on a bound that it may not touch."""
    hidden = any(key in ("above", "below") and _plain(bound) == _plain(value) for key, bound in bounds.items())
    plain = {key: bound if hidden else _plain(bound) for key, bound in bounds.items()}
    plain |= {"tolerance": _plain(tolerance)} if tolerance else {}
    return {"value": value if hidden else _plain(value), "bounds": plain}


def _write_log(path, record, ok):
    line = {key: record[key] for key in ("name", "value", "bounds", "margin")}
    line |= {"ok": ok, "seed": reproducibility.course_seed()}
    with open(path, "a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def _display(record, ok):
    """Show one output that carries the claim as a line of text and as data, both with the same digits."""
    mark, comparison = "✓" if ok else "✗", compare_record(record)
    text = f"{mark} {record['name']}: {comparison} — {record['says']}"
    _outputs.send({"text/plain": text, MIME: record})
