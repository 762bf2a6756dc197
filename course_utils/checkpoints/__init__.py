"""Weights of long trainings: stored small and whole, found again by name, refused when damaged.

A checkpoint is one ``.npz`` of float16 numbers that also holds its record: the score, the seed,
the script that made it, the steps. The same record stands beside it as readable ``.json``. Both
live in this package, so a lecture finds them wherever the course is installed. `Resumable` keeps
the full state of a training that is still going on.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from course_utils._writing import written_whole
from course_utils.checkpoints.files import FORMAT, RECORD, CheckpointError, pack, unpack
from course_utils.checkpoints.running import Resumable

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

__all__ = ["CheckpointError", "Checkpoint", "Resumable", "as_stored", "load", "rounded", "save"]

FOLDER = Path(__file__).resolve().parent
LARGEST = 5_000_000  # bytes


@dataclass(frozen=True)
class Checkpoint:
    """Weights and what is known about them.

    Parameters
    ----------
    name : str
        Of the file, without its ending.
    weights : dict of str to ndarray
        In the order in which they were stored, float32 where they were numbers with a point.
    record : dict
        ``score``, ``seed``, ``script``, ``steps``, and whatever else was stored.
    """

    name: str
    weights: dict[str, Array]
    record: dict[str, Any]

    def put_into(self, model: Any) -> Any:
        """Set the weights of a Keras model, by their order.

        Parameters
        ----------
        model : keras.Model

        Returns
        -------
        keras.Model
            The same model.

        Raises
        ------
        CheckpointError
            If number or shapes of the weights differ; the model is left as it was.
        """
        if len(self.weights) != len(model.weights):
            raise CheckpointError(f"{self.name!r} holds {len(self.weights)} arrays, {len(model.weights)} are expected")
        for (name, array), weight in zip(self.weights.items(), model.weights, strict=True):
            if array.shape != tuple(weight.shape):
                raise CheckpointError(f"{self.name!r}: {name} is {array.shape}, {weight.path} needs {tuple(weight.shape)}")
        model.set_weights(list(self.weights.values()))
        return model


def rounded(weights: Mapping[str, Any]) -> dict[str, Array]:
    """Give weights as `load` will: what a score of the stored file has to be measured with.

    Parameters
    ----------
    weights : mapping of str to array_like

    Returns
    -------
    dict of str to ndarray
        Rounded to float16, as float32; integers as they are.

    Raises
    ------
    ValueError
        If there are none, or one isn't made of finite numbers within the range of float16.
    """
    return {name: _widened(array) for name, array in _narrowed(weights).items()}


@contextlib.contextmanager
def as_stored(variables: Mapping[str, Any]) -> Iterator[dict[str, Array]]:
    """Let variables hold what `load` will give, as long as ``with`` lasts: the score is measured then.

    Parameters
    ----------
    variables : mapping of str to tf.Variable

    Yields
    ------
    dict of str to ndarray
        Their exact values, which they get back at the end.
    """
    exact = {name: variable.numpy() for name, variable in variables.items()}
    for name, array in rounded(exact).items():
        variables[name].assign(array)
    try:
        yield exact
    finally:
        for name, array in exact.items():
            variables[name].assign(array)


def _widened(array: Array) -> Array:
    return array.astype("float32") if array.dtype == "float16" else array


def _narrowed(weights: Any) -> dict[str, Array]:
    """The arrays as they are stored."""
    import numpy as np

    if not isinstance(weights, Mapping) or not weights:
        raise ValueError(f"weights must be a mapping with at least one array, got {weights!r:.60}")
    stored = {}
    for name, given in weights.items():
        if not isinstance(name, str) or name == RECORD or not name or "/" in name:
            raise ValueError(f"weights must be named by plain words, got {name!r}")
        array = np.asarray(given)
        if array.dtype.kind not in "biuf":
            raise ValueError(f"weights[{name!r}] must be numbers, got {array.dtype}")
        if array.dtype.kind == "f":
            if not np.abs(array).max(initial=0.0) <= np.finfo("float16").max:  # also refuses nan
                raise ValueError(f"weights[{name!r}] must be finite and at most 65504, got {np.abs(array).max()}")
            array = array.astype("float16")
        stored[name] = array
    return stored


def save(
    path: str | os.PathLike,
    weights: Mapping[str, Any],
    *,
    score: Mapping[str, float],
    seed: int,
    script: str,
    steps: int,
    **more: Any,
) -> Path:
    """Store weights as float16 with their record, or leave the files that are there as they are.

    Only a kill in between can leave the ``.json`` of before beside a new ``.npz``, which holds its record too.

    Parameters
    ----------
    path : str or path
        Where to, with or without ``.npz``. A bare name is stored in this package.
    weights : mapping of str to array_like
    score : mapping of str to float
        What the weights reach, measured with `rounded` weights, for example
        ``{"bits_per_character": 2.1}``.
    seed : int
        That the script was started with, at least 0.
    script : str
        Path of the script in the repository.
    steps : int
        Updates of the weights.
    **more
        Further entries of the record: anything that JSON can hold, under other names than ``format``,
        ``parameters`` and ``shapes``, which the record has of its own.

    Returns
    -------
    Path
        Of the ``.npz``.

    Raises
    ------
    ValueError
        If an argument can't be stored, or the file would be larger than 5 MB. Nothing is written then.
    """
    path = _path(path)
    plain = isinstance(score, Mapping) and all(isinstance(name, str) and _is_number(value) for name, value in score.items())
    if not plain or not score:
        raise ValueError(f"score must map names to finite numbers, got {score!r}; a name is a str, a number an int or a float")
    for name, value in {"seed": seed, "steps": steps}.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise ValueError(f"{name} must be an int of at least 0, got {value!r}")
    if not isinstance(script, str) or not script:
        raise ValueError(f"script must be the path of a script, a str with at least one character, got {script!r}")
    for name in ("format", "parameters", "shapes"):
        if name in more:
            raise ValueError(f"{name} must not be given, since the record has its own, got {more[name]!r}; any other name is allowed")
    arrays = _narrowed(weights)
    record = {
        "format": FORMAT, "score": dict(score), "seed": seed, "script": script, "steps": steps, **more,
        "parameters": sum(array.size for array in arrays.values()),
        "shapes": {name: list(array.shape) for name, array in arrays.items()},
    }  # fmt: skip
    try:
        text = json.dumps(record, indent=2, allow_nan=False)
    except (TypeError, ValueError) as reason:
        raise ValueError(f"the record must be made of plain JSON values ({reason})") from reason
    content = pack(arrays, record)
    if len(content) > LARGEST:
        raise ValueError(f"a checkpoint may have {LARGEST:,} bytes, {path.name} would have {len(content):,}")
    _put({path.with_suffix(".json"): f"{text}\n".encode(), path: content})
    return path


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf


def _put(contents: Mapping[Path, bytes]) -> None:
    """Replace all files, or none if one of them can't be written."""
    before = {place: place.read_bytes() if place.exists() else None for place in contents}
    try:
        with contextlib.ExitStack() as stack:
            for place, content in contents.items():
                file = stack.enter_context(written_whole(place))
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # some disks say only now that they are full: none is replaced before
    except BaseException:
        for place, content in before.items():
            if content is None:
                place.unlink(missing_ok=True)
            elif place.read_bytes() != content:
                with written_whole(place, durable=True) as file:
                    file.write(content)
        raise


def load(path: str | os.PathLike) -> Checkpoint:
    """Read a checkpoint and make sure that it is whole.

    Parameters
    ----------
    path : str or path
        A bare name, ``"code_lstm"``, is looked for in this package.

    Returns
    -------
    Checkpoint

    Raises
    ------
    CheckpointError
        If the file is missing, damaged, or of another format.
    """
    path = _path(path)
    try:
        arrays, record = unpack(path)
    except FileNotFoundError:
        known = sorted(file.stem for file in path.parent.glob("*.npz"))
        raise CheckpointError(
            f"there is no checkpoint {path.stem!r} in {path.parent.name}; there are: {', '.join(known) or 'none'}"
        ) from None
    if {name: list(array.shape) for name, array in arrays.items()} != record.get("shapes"):
        raise CheckpointError(f"{path.name} is damaged: its arrays are not those of its record")
    return Checkpoint(path.stem, {name: _widened(array) for name, array in arrays.items()}, record)


def _path(path: str | os.PathLike) -> Path:
    path = Path(path)
    if path.suffix != ".npz":
        path = path.with_name(path.name + ".npz")
    return FOLDER / path if path.parent == Path() and not path.is_absolute() else path
