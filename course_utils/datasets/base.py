"""What all data sets share: the split into two parts, and an error that says what to do."""

from dataclasses import dataclass
from typing import Any


class DatasetError(RuntimeError):
    """A data set can't be had; the message says what to do."""


@dataclass(frozen=True, eq=False)
class Split:
    """Examples to learn from and examples kept apart.

    Attributes
    ----------
    x_train, x_test : ndarray of shape (n, ...), float in [0, 1]
        One example per row.
    y_train, y_test : ndarray of shape (n,), int64
        Class of each example.
    """

    x_train: Any
    y_train: Any
    x_test: Any
    y_test: Any

    def __repr__(self):
        return f"Split(x_train {self.x_train.shape}, x_test {self.x_test.shape}, {self.x_train.dtype})"


@dataclass(frozen=True, eq=False)
class Part:
    """One side of a split of sequences.

    Attributes
    ----------
    sources, targets : list
        What goes in and what should come out, in the same order.
    numbers : ndarray of shape (n,), int64, or None
        The number behind each pair, where there is one.
    """

    sources: list
    targets: list
    numbers: Any = None

    def __len__(self):
        return len(self.sources)

    def __repr__(self):
        return f"Part({len(self)} pairs)"


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of sequences to learn from and pairs kept apart.

    Attributes
    ----------
    train, test : Part
        No source is in both.
    """

    train: Part
    test: Part

    def __repr__(self):
        return f"Pairs(train {len(self.train)}, test {len(self.test)})"


def refuse_wrong_share(test_share):
    """Let only a number above 0 and below 1 pass as a share of examples; else raise ValueError."""
    if isinstance(test_share, bool) or not isinstance(test_share, int | float) or not 0 < test_share < 1:
        raise ValueError(f"test_share must be above 0 and below 1, got {test_share!r}")


def number_kept(test_share, number):
    """Turn a share of `number` examples into an int that leaves at least one in each part, or raise ValueError."""
    refuse_wrong_share(test_share)
    kept = round(test_share * number)
    if not 0 < kept < number:
        raise ValueError(f"test_share must leave examples in both parts, got {test_share!r}")
    return kept
