"""Self-checks of exercises: waiting, not yet with a hint, or right.

The checks of a lecture stand in a module of this package that is named by its field,
for example ``checks/perceptrons.py``. They are found when the first exercise asks.
"""

import dis
import importlib
import inspect
import itertools
import pkgutil
import re
import types
import warnings
from dataclasses import dataclass

_NUMBER = re.compile(r"\d+\.\d+[a-z]?")
_MOST_PARTS = 10_000  # of an answer, looked through for open dots
_NO_WORK = {"RESUME", "NOP", "COPY_FREE_VARS"}  # steps of Python that only prepare
_registry = {}


@dataclass(frozen=True)
class Outcome:
    """What a check found: `state` is ``"waiting"``, ``"not yet"`` or ``"right"``."""

    number: str
    state: str
    hint: str = ""

    def __str__(self):
        ending = {"waiting": "waiting for your answer.", "right": "right."}.get(self.state)
        return f"Exercise {self.number}: {ending or f'not yet. {self.hint}'}"


@dataclass(frozen=True)
class _Check:
    predicate: types.FunctionType
    hint: str


def register(number, *, hint):
    """Make a function the check of one exercise.

    Parameters
    ----------
    number : str
        Lecture and exercise, for example ``"1.2"``.
    hint : str
        What a reader sees after a wrong try. It gives no answer away.

    Returns
    -------
    callable
        Decorator for the check. The check takes the answers in order and returns
        True, False, or a text: a hint that fits this answer better. A check that
        raises has not been passed.

    Raises
    ------
    ValueError
        If `number` has another form or belongs to another check, or `hint` is empty.

    Examples
    --------
    >>> @register("0.1", hint="Count the corners again.")
    ... def corners_of_a_square(count):
    ...     return count == 4
    >>> check("0.1", 5)
    Exercise 0.1: not yet. Count the corners again.
    """
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise ValueError(f'number must look like "1.2", got {number!r}')
    if not isinstance(hint, str) or not hint.strip():
        raise ValueError(f"hint of exercise {number} must be a sentence, got {hint!r}")

    def keep(predicate):
        known = _registry.get(number)
        if known and _place(known.predicate) != _place(predicate):
            raise ValueError(
                f"exercise {number} already has a check: {_place(known.predicate)}, got {_place(predicate)}"
            )
        _registry[number] = _Check(predicate, hint.strip())
        return predicate

    return keep


def numbers(answer, shape=None):
    """Read an answer as numbers, for use inside a check.

    Parameters
    ----------
    answer : object
        What a reader gave: a number, nested lists, an array, a tensor.
    shape : tuple of int, optional
        The shape that it must have; ``()`` is a single number.

    Returns
    -------
    ndarray of float64, or None
        None if these are no real numbers, if one is not finite, or if the shape is another one.

    Examples
    --------
    >>> numbers([1, 2], (2,)).tolist(), numbers("four"), numbers([1, 2], (3,))
    ([1.0, 2.0], None, None)
    """
    import numpy as np

    try:
        array = np.asarray(answer)
        array = array.astype(float) if array.dtype.kind != "c" else np.array(np.nan)
    except (TypeError, ValueError, OverflowError):
        return None
    return array if (shape is None or array.shape == shape) and np.isfinite(array).all() else None


def one_number(answer):
    """Read an answer as a single number, for use inside a check.

    Parameters
    ----------
    answer : object

    Returns
    -------
    float or None
        None if it is something else, or not finite.
    """
    number = numbers(answer, ())
    return None if number is None else float(number)


def two_parts(answer):
    """Take an answer apart that must have two parts, for use inside a check.

    Parameters
    ----------
    answer : object

    Returns
    -------
    tuple of two objects, or None
        None if it can't be taken apart, or has more or fewer parts.
    """
    try:
        first, second = answer
    except (TypeError, ValueError):
        return None
    return first, second


def known():
    """List the numbers of all exercises that have a check.

    Returns
    -------
    list of str
        In the order of the course.
    """
    for module in pkgutil.iter_modules(__path__, f"{__name__}."):
        importlib.import_module(module.name)
    return sorted(_registry, key=_order)


def evaluate(number, *answers):
    """Judge an answer without printing.

    Parameters
    ----------
    number : str
        Number of the exercise.
    *answers : object
        Anything a reader may have written.

    Returns
    -------
    Outcome
        Its text is the line that `check` prints.

    Raises
    ------
    ValueError
        If no exercise has this number. Nothing in an answer makes it raise.
    """
    if not isinstance(number, str) or number not in _registry:
        exercises = known()
        if not isinstance(number, str) or number not in _registry:
            raise ValueError(f"number must be one of {', '.join(exercises) or '(none yet)'}, got {number!r}")
    entry = _registry[number]
    if any(_is_open(answer) for answer in answers):
        return Outcome(number, "waiting")
    takes = inspect.signature(entry.predicate)
    try:
        takes.bind(*answers)
    except TypeError:
        names = ", ".join(takes.parameters)
        return Outcome(number, "not yet", f"This check takes {names}; it was given {len(answers)} answers.")
    return _judge(number, entry, answers)


def check(number, *answers):
    """Say whether an answer is right, in one line.

    Parameters
    ----------
    number : str
        Number of the exercise, for example ``"1.2"``.
    *answers : object
        The answer, or several in the order that the exercise names. ``...`` and
        None stand for an answer that is still to come.

    Raises
    ------
    ValueError
        If no exercise has this number. A wrong answer never raises, so that
        "Run all" goes on.
    """
    print(evaluate(number, *answers))


def _judge(number, entry, answers):
    """Ask the check; whatever goes wrong inside it means "not yet"."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            verdict = entry.predicate(*answers)
            if isinstance(verdict, str):
                return Outcome(number, "not yet", verdict.strip() or entry.hint)
            right = bool(verdict)
    except KeyboardInterrupt:  # the reader stops an endless loop
        raise
    except BaseException:  # sys.exit() in an answer must not end the kernel either
        right = False
    return Outcome(number, "right") if right else Outcome(number, "not yet", entry.hint)


def _is_open(answer):
    """Tell whether dots or None are still in place of an answer."""
    try:
        return answer is None or _holds_dots(answer)
    except KeyboardInterrupt:
        raise
    except BaseException:  # an object that can't be looked into is an answer
        return False


def _holds_dots(answer):
    """Look for ``...`` in containers, in arrays of objects and in unfinished functions."""
    waiting, seen, looked_at = [answer], set(), 0
    while waiting and looked_at < _MOST_PARTS:
        part = waiting.pop()
        looked_at += 1
        if part is ...:
            return True
        if isinstance(part, types.FunctionType):
            if _is_stub(part):
                return True
        elif isinstance(part, dict | list | tuple | set | frozenset):
            if id(part) not in seen:
                seen.add(id(part))
                inside = part.values() if isinstance(part, dict) else part
                waiting.extend(item for item, _ in zip(inside, range(_MOST_PARTS), strict=False))
        elif getattr(getattr(part, "dtype", None), "kind", "") == "O" and id(part) not in seen:
            seen.add(id(part))
            waiting.extend(part.ravel()[:_MOST_PARTS].tolist())
    return False


def _is_stub(function):
    """Tell whether a function still has dots where its value should be."""
    steps = [step for step in dis.get_instructions(function) if step.opname not in _NO_WORK]
    if len(steps) <= 2 and steps[-1].opname.startswith("RETURN"):
        if steps[0].argval is None or steps[0].argval is ...:  # nothing but dots, pass or a docstring
            return True
    for step, following in itertools.pairwise(steps):
        if step.argval is ... and following.opname.startswith(("STORE_FAST", "STORE_DEREF", "RETURN_")):
            return True  # error = ...
    return any(step.opname == "RETURN_CONST" and step.argval is ... for step in steps)


def _place(predicate):
    return f"{predicate.__module__}.{predicate.__qualname__}"


def _order(number):
    lecture, exercise = number.split(".")
    return int(lecture), int(re.match(r"\d+", exercise)[0]), exercise
