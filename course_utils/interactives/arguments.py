"""Checks of what a caller passes to a figure. Each error names the argument, what came, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from numbers import Real

MAX_POINTS = 40


def number(name: str, value: object, low: float, high: float) -> float:
    """Check one number against its range."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number from {low:g} to {high:g}, got {value!r}")
    if not low <= value <= high:  # also catches NaN
        raise ValueError(f"{name} must be from {low:g} to {high:g}, got {value!r}")
    return float(value)


def points(dataset: Sequence[Sequence[float]]) -> list[list[float]]:
    """Check points given as rows [x, y, label]."""
    rows = [list(row) if hasattr(row, "__iter__") else row for row in dataset]
    if not 1 <= len(rows) <= MAX_POINTS:
        raise ValueError(f"dataset must hold 1 to {MAX_POINTS} points, got {len(rows)}")
    checked = []
    for i, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != 3:
            raise ValueError(f"dataset[{i}] must be [x, y, label], got {row!r}")
        x, y = (number(f"dataset[{i}][{k}]", plain(row[k]), -100, 100) for k in range(2))
        label = plain(row[2])
        if not isinstance(label, Real) or label not in (-1, 1):
            raise ValueError(f"dataset[{i}][2], the label, must be 1 or -1, got {label!r}")
        checked.append([x, y, int(label)])
    return checked


def pair(name: str, values: object, most: float) -> list[float]:
    """Check two numbers, none larger than `most`."""
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise TypeError(f"{name} must hold two numbers, got {values!r}")
    two = [plain(value) for value in values]
    if len(two) != 2:
        raise ValueError(f"{name} must hold two numbers, got {len(two)}")
    return [number(f"{name}[{i}]", value, -most, most) for i, value in enumerate(two)]


def plain(value: object) -> object:
    """Turn a NumPy scalar into a Python number."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def one_of(name: str, value: object, allowed: Iterable[str]) -> str:
    """Check a name against those allowed."""
    if not isinstance(value, str) or value not in (allowed := list(allowed)):
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}, got {value!r}")
    return value


def whole(name: str, value: object, low: int, high: int) -> int:
    """Check one whole number against its range."""
    value = plain(value)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, got {value!r}")
    return value
