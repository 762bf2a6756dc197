"""What is asked of the self-checks of every lecture, given right answers and typical mistakes."""

from course_utils import checks


class ExerciseAnswers:
    """Other right answers pass, typical wrong ones get the hint that fits, and no exercise is left out.

    A lecture's tests derive from it and give `lecture` (its number, as text), `right`
    ({exercise: list of answers}) and `wrong` ({exercise: list of (answers, words of the hint)}).
    """

    def pytest_generate_tests(self, metafunc):
        if "words" in metafunc.fixturenames:
            rows = [(number, *row) for number, wrong in metafunc.cls.wrong.items() for row in wrong]
            metafunc.parametrize(("number", "answers", "words"), rows)
        elif "answers" in metafunc.fixturenames:
            rows = [(number, answers) for number, right in metafunc.cls.right.items() for answers in right]
            metafunc.parametrize(("number", "answers"), rows)

    def test_another_right_answer_passes(self, number, answers):
        assert checks.evaluate(number, *answers).state == "right"

    def test_a_typical_mistake_gets_the_fitting_hint(self, number, answers, words):
        outcome = checks.evaluate(number, *answers)
        assert outcome.state == "not yet"
        assert words in outcome.hint

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
