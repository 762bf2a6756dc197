"""The order in which the proof starts its files."""

from pathlib import Path

from course_utils.publishing import notebooks, proof
from course_utils.publishing.project import Project

PROJECT = Project.at(Path(__file__).resolve().parents[2])


def test_a_stage_names_every_file_of_its_folders_once():
    stages = {stage.name: stage.folders for stage in proof.stages(2)}
    assert sorted(stages["code"] + stages["pages"]) == sorted(
        {"notebooks", *(f"tests/{folder.name}" for folder in (PROJECT.root / "tests").iterdir() if any(folder.glob("test_*.py")))}
    )
    for folders in stages.values():
        found = [path for name in folders for kind in ("test_*.py", "*.ipynb") for path in (PROJECT.root / name).rglob(kind)]
        wanted = [path.relative_to(PROJECT.root).as_posix() for path in found if ".ipynb_checkpoints" not in path.parts]
        assert sorted(proof.in_order(PROJECT, folders)) == sorted(wanted)


def test_the_longest_come_first():
    for stage in proof.stages(2):
        files = proof.in_order(PROJECT, stage.folders)
        lectures = [name for name in files if name.endswith(".ipynb")]
        assert files[: len(lectures)] == lectures
        took = [notebooks.read_notebook(PROJECT.root / name).metadata["course"]["seconds"] for name in lectures]
        assert took == sorted(took, reverse=True)
        long = [name for name in proof.LONG if name.startswith(stage.folders)]
        assert files[len(lectures) :][: len(long)] == long


def test_a_file_that_is_called_long_is_there():
    assert [name for name in proof.LONG if not (PROJECT.root / name).is_file()] == []


def test_a_lecture_that_never_ran_comes_first(sample_course, finished_course):
    course = sample_course()
    course.project.notebook("98_new").touch()
    course.project.notebook(course.lecture).write_bytes(finished_course.project.notebook(course.lecture).read_bytes())
    assert proof.in_order(course.project, ["notebooks"]) == ["notebooks/98_new.ipynb", "notebooks/99_samples.ipynb"]


def test_xdist_keeps_the_order():
    for stage in proof.stages(2):
        assert ("-n" in stage.command) == ("--no-loadscope-reorder" in stage.command)
