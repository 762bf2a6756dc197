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
