"""Rules that every stored lecture meets. Whether it runs again with the same outputs is nbval's part."""

from pathlib import Path

import pytest

from course_utils.publishing import notebooks, rules, rules_cells, rules_words
from course_utils.publishing.project import Project

PROJECT = Project.at(Path(__file__).resolve().parents[2])


@pytest.fixture(params=PROJECT.lectures())
def lecture(request):
    assert PROJECT.notebook(request.param).is_file(), f"{request.param} has no notebook yet: make run"
    return request.param


@pytest.fixture
def stored(lecture):
    return notebooks.read_notebook(PROJECT.notebook(lecture))


def check(faults):
    assert not faults, "\n" + "\n".join(faults)


def test_there_is_a_lecture_and_every_notebook_has_its_text():
    assert PROJECT.lectures()
    alone = {path.stem for path in PROJECT.notebooks.glob("*.ipynb")} - set(PROJECT.lectures())
    assert not alone, f"no text in notebooks/text for {', '.join(sorted(alone))}"


def test_text_and_notebook_are_a_pair(lecture, stored):
    twin = notebooks.read_twin(PROJECT.twin(lecture).read_text(encoding="utf-8"))
    check(rules.pair_agrees(twin, stored))


def test_stored_outputs_belong_to_this_text_and_these_helpers(lecture):
    assert notebooks.is_current(PROJECT, lecture), f"{lecture}: text or helpers have changed since: make run"


def test_cells_ran_once_and_in_order(stored):
    check(rules_cells.executed_in_order(stored))


def test_no_error_no_stderr_no_flood(stored):
    check(rules_cells.clean_outputs(stored))


def test_notebook_is_small(lecture, stored):
    check(rules_cells.small_enough(PROJECT.notebook(lecture).stat().st_size, stored))


def test_metadata_is_lean(lecture, stored):
    check(rules.metadata_is_lean(stored, lecture))


def test_first_cell_installs_this_release_on_colab(stored):
    check(rules.colab_cell_is_stamped(stored, PROJECT))


def test_run_keeps_to_its_budget(lecture, stored):
    check(rules.within_budget(stored, lecture, rules.budgets(PROJECT)))


def test_code_cells_are_short(stored):
    check(rules_cells.short_code(stored))


def test_tags_are_known(stored):
    check(rules_cells.known_tags(stored))


def test_every_picture_has_words(stored):
    check(rules_cells.pictures_have_words(stored))


def test_slides_are_marked_and_have_notes(stored):
    check(rules_cells.slide_marks(stored))


def test_every_exercise_waits_and_its_solution_is_right(lecture, stored):
    check(rules_cells.exercises_answer(stored, lecture))


def test_claims_carry_the_field_and_stand_once(lecture, stored):
    check(rules_cells.claims_belong(stored, lecture, rules.claims_elsewhere(PROJECT, lecture)))


def test_markdown_works_everywhere(stored):
    check(rules_words.portable(stored))


def test_lecture_keeps_the_frame(stored):
    check(rules_words.frame_is_kept(stored))


def test_numbers_in_prose_are_those_of_the_run(stored):
    check(rules_words.numbers_are_measured(stored))


def test_links_lead_somewhere(stored):
    check(rules_words.links_lead_somewhere(stored, PROJECT.notebooks, notebooks.read_notebook))
