"""A training that may be stopped at any time and goes on where it was."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils._writing import written_whole
from course_utils.checkpoints.files import FORMAT, CheckpointError, pack, unpack

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray


class Resumable:
    """Keep the full state of a long training in a file, now and then and before it is stopped.

    Inside ``with`` a request to end (SIGTERM or Ctrl-C) only sets `stopped`: the step that
    runs is finished, the state is kept, and the loop ends by itself.

    Parameters
    ----------
    path : str or path
        Of the state; arrays keep their precision, so it's large and doesn't belong under version control.
    every : float, default 60.0
        Seconds after which the state is due again.

    Attributes
    ----------
    stopped : bool
        Whether the training was asked to end.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> path = tempfile.mkdtemp() + "/state.npz"
    >>> for _ in range(2):  # the second run goes on after the first
    ...     with Resumable(path) as run:
    ...         arrays, counters = run.resume() or ({"w": np.zeros(2)}, {"steps": 0})
    ...         while counters["steps"] % 3 < 2 and not run.stopped:
    ...             arrays["w"] += 1.0
    ...             counters["steps"] += 1
    ...         counters["steps"] += 1
    ...         run.keep(arrays, counters)
    >>> arrays["w"], counters
    (array([4., 4.]), {'steps': 6})
    """

    def __init__(self, path: str | os.PathLike, every: float = 60.0) -> None:
        if not every >= 0:
            raise ValueError(f"every must be at least 0 seconds, got {every!r}")
        self.path, self.every, self.stopped, self._kept = Path(path), every, False, time.monotonic()

    def __enter__(self) -> Resumable:
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _stop(self, number: int, frame: object) -> None:
        self.stopped = True

    @property
    def due(self) -> bool:
        """Whether the state should be kept now."""
        return self.stopped or time.monotonic() - self._kept >= self.every

    def keep(self, arrays: Mapping[str, Array], counters: Mapping[str, Any]) -> None:
        """Put the state in place of the last one, whole.

        Parameters
        ----------
        arrays : mapping of str to ndarray
            Weights, the optimiser's memory, whatever is needed to go on.
        counters : mapping
            Plain JSON values: steps, seconds, the curve so far.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        content = pack(arrays, {"format": FORMAT, "counters": dict(counters)}, small=False)
        with written_whole(self.path, durable=True) as file:
            file.write(content)
        self._kept = time.monotonic()

    def resume(self) -> tuple[dict[str, Array], dict[str, Any]] | None:
        """Give back what was kept.

        Returns
        -------
        tuple of dict and dict, or None
            Arrays and counters; None if nothing was kept so far.

        Raises
        ------
        CheckpointError
            If the file is damaged or holds something else: delete it to begin again.
        """
        try:
            arrays, record = unpack(self.path)
        except FileNotFoundError:
            return None
        if not isinstance(record.get("counters"), dict):
            raise CheckpointError(f"{self.path.name} is no state of a training: delete it to begin again")
        return arrays, record["counters"]
