"""What is asked of the self-checks of every lecture, given right answers and typical mistakes."""

from pathlib import Path

import numpy as np
import pytest

from course_utils import checks
from course_utils.publishing.project import Project

PROJECT = Project.at(Path(__file__).resolve().parents[1])
CALLS = 6  # of a reader's function: so many are spoiled, one at a time


class ExerciseAnswers:
    """Other right answers pass, typical wrong ones get the hint that fits, and no exercise is left out.

    A lecture's tests derive from it and give `lecture` (its number, as text), `right`
    ({exercise: list of answers}) and `wrong` ({exercise: list of (answers, words of the hint)}).

    The first right answer of each exercise is also spoiled in many ways, see `spoiled`. Where a check is
    meant to allow much, `leeway` says so: {exercise: relative error that may be right}, None where there
    are many right answers. `vague` names exercises that have no hint on every answer of the wrong kind, `exact`
    those that forgive no rounding, `faults` what a check is known to get wrong: {exercise: reason}.
    """

    leeway, vague, exact, faults = {}, (), (), {}

    def pytest_generate_tests(self, metafunc):
        if "words" in metafunc.fixturenames:
            rows = [(number, *row) for number, wrong in metafunc.cls.wrong.items() for row in wrong]
            metafunc.parametrize(("number", "answers", "words"), rows)
        elif "solved" in metafunc.fixturenames:
            metafunc.parametrize("solved", list(metafunc.cls.right))
        elif "answers" in metafunc.fixturenames:
            rows = [(number, answers) for number, right in metafunc.cls.right.items() for answers in right]
            metafunc.parametrize(("number", "answers"), rows)

    def test_another_right_answer_passes(self, number, answers):
        assert checks.evaluate(number, *answers).state == "right"

    def test_a_typical_mistake_gets_the_fitting_hint(self, number, answers, words):
        outcome = checks.evaluate(number, *answers)
        assert outcome.state == "not yet"
        assert words in outcome.hint

    def test_one_wrong_entry_is_seen_and_rounding_is_forgiven(self, solved):
        missed = []
        for answers, verdict, what in spoiled(solved, self.right[solved][0], self.leeway.get(solved, 1e-3)):
            if verdict == "right" and solved in self.exact:
                continue
            if not judged(solved, answers, verdict, solved in self.vague):
                missed.append(f"not {verdict}: {what}")
        if missed and solved in self.faults:
            pytest.xfail(self.faults[solved])
        assert not missed
        assert solved not in self.faults, "this fault is mended"

    def test_the_function_in_the_lectures_solution_is_right(self, solved, lecture):
        name = next(name for name in PROJECT.lectures() if int(name[:2]) == int(self.lecture))
        given = {"rng": np.random.default_rng(0)}  # the one value that a solution may read
        for answers in lecture(name).solutions(solved):
            assert checks.evaluate(solved, *lecture(name).functions(*answers, solution=True, **given).values()).state == "right"

    def test_every_exercise_of_the_lecture_is_covered(self):
        numbers = {number for number in checks.known() if number.startswith(f"{self.lecture}.")}
        assert numbers == set(self.right) == set(self.wrong)
        assert all(len(rows) >= 3 for rows in self.wrong.values())


class DiscreetHints(ExerciseAnswers):
    """As above, and no hint holds one of the `secrets`."""

    def test_hints_give_no_answer_away(self):
        for number, rows in self.wrong.items():
            for answers, _ in rows:
                hint = checks.evaluate(number, *answers).hint
                assert not any(secret in hint for secret in self.secrets)


def judged(number, answers, verdict, vague=False):
    """Tell whether a check's verdict is "right", "wrong", or "form": wrong, with a hint on the kind of answer."""
    outcome = checks.evaluate(number, *answers)
    if verdict == "right" or outcome.state == "right":
        return outcome.state == verdict
    return verdict == "wrong" or vague or outcome.hint != checks._registry[number].hint


def spoiled(number, answers, leeway=1e-3):
    """Yield (answers, verdict that is due, what was done) for a right answer with one thing changed.

    Functions are called by the check: one call after the other gives something else than it should.

    Parameters
    ----------
    number : str
    answers : tuple
        Right answers, values or functions.
    leeway : float or None, or one for each answer
        An entry that is off by 1.5 times as much is wrong; None where no such entry need be wrong.
    """
    for place, answer in enumerate(answers):
        least = leeway[place] if isinstance(leeway, tuple) else leeway

        def given(other, place=place):
            return (*answers[:place], other, *answers[place + 1 :])

        if not callable(answer):
            for changed, verdict, what in changes(answer, least):
                yield given(changed), verdict, f"{what} in answer {place}"
            continue
        yield given(3), "form", f"no function as answer {place}"
        outputs = outputs_of(number, answer, given)
        for call in sorted({round(part) for part in np.linspace(0, len(outputs) - 1, min(CALLS, len(outputs)))}):
            for changed, verdict, what in changes(outputs[call], least):
                yield given(Instead(answer, call, changed)), verdict, f"{what} in call {call} of answer {place}"


def outputs_of(number, function, given):
    """What a function returns to a check, call by call."""
    outputs = []

    def listening(*asked):
        outputs.append(function(*asked))
        return outputs[-1]

    checks.evaluate(number, *given(listening))
    return outputs


class Instead:
    """A function that gives something else at one of its calls."""

    def __init__(self, function, call, other):
        self.function, self.call, self.other, self.calls = function, call, other, 0

    def __call__(self, *given):
        self.calls += 1
        return self.other if self.calls == self.call + 1 else self.function(*given)


def changes(output, leeway):
    """Yield (another output, verdict that is due, what was changed)."""
    yield "?", "form", "a text"
    array = checks.numbers(output)
    if array is None:
        parts = output if isinstance(output, list | tuple) else ()
        for place, part in enumerate(parts):
            for changed, verdict, what in changes(part, leeway):
                yield [*parts[:place], changed, *parts[place + 1 :]], verdict, f"{what} in part {place}"
        if len(parts) > 1:
            yield parts[:-1], "form", "a part too few"
        return
    yield np.append(array, array.flat[-1:]), "form", "a number too many"
    size, flags = np.sqrt(np.mean(array**2)) or 1.0, np.asarray(output).dtype == bool
    for place in sorted({0, array.size // 2, array.size - 1}):
        yield with_entry(array, place, np.nan), "form", f"nan at {place}"
        here = array.flat[place]
        if leeway is None:
            continue
        if flags:
            yield with_entry(array.astype(bool), place, not here), "wrong", f"the opposite at {place}"
            continue
        for off in (-1.5 * leeway, 1.5 * leeway):
            yield with_entry(array, place, here + off * max(abs(here), size)), "wrong", f"{off:g} at {place}"
        if (array != np.round(array)).any():
            yield with_entry(array, place, here * (1 + 1e-9)), "right", f"a rounding error at {place}"


def with_entry(array, place, value):
    """A copy of an array with another value at one place."""
    array = array.copy()
    array.flat[place] = value
    return array
