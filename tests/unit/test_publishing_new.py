"""A new lecture's skeleton, the Colab run's own arithmetic, and the order of the proof."""

import os
import re
import subprocess
import sys

import pytest

from course_utils import checks
from course_utils.publishing import __main__ as command_line
from course_utils.publishing import colab, notebooks, proof, rules, rules_cells, rules_words, skeleton
from course_utils.publishing.project import Problem

TOPICS = """\
lectures:
  - name: 02_backprop
    title: Backpropagation
    about: one line
    topics:
      - {topic: "Why from the output to the input?", from: "P", section: "planned"}
      - {topic: "A scalar engine", from: "P", section: "planned"}
  - name: 03_depth
    title: Depth
    about: one line
    topics:
      - {topic: "Folding", from: "P", section: "planned"}
"""


@pytest.fixture
def course(sample_course, monkeypatch):
    course = sample_course()
    (course.project.root / "book").mkdir()
    (course.project.root / "book/topics.yml").write_text(TOPICS, encoding="utf-8")
    monkeypatch.chdir(course.project.root)
    return course


def files(root):
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_the_skeleton_is_a_lecture_that_lacks_only_content(course, capsys):
    before = files(course.project.root)
    assert command_line.main(["new-lecture", "02_backprop"]) == 0
    added = set(files(course.project.root)) - set(before)
    assert added == {
        "notebooks/text/02_backprop.md",
        "course_utils/checks/backprop.py",
        "tests/lectures/test_backprop.py",
    }
    assert "02_backprop = 60" in (course.project.root / "tests/notebooks/budgets.toml").read_text(encoding="utf-8")
    assert (course.project.root / "book/topics.yml").read_text(encoding="utf-8") == TOPICS, "it is there already"
    assert "make run LECTURE=02_backprop" in capsys.readouterr().out

    text = course.project.twin("02_backprop").read_text(encoding="utf-8")
    twin = notebooks.read_twin(text)
    assert "# Backpropagation: which question?" in text
    assert "## Why from the output to the input?" in text and "## A scalar engine" in text and "Folding" not in text
    assert re.findall(r"finding_\d+", text)[0] == "finding_1"
    made = (course.project.root / "course_utils/checks/backprop.py").read_text(encoding="utf-8")
    assert made.startswith('"""Checks of the exercises of lecture 02, Backpropagation.')
    assert not [word for word in ("COLAB", "SECTIONS", "FIELD", "NUMBER", "HEADING") if word in text]
    assert rules.colab_cell_is_stamped(twin, course.project) == []
    for rule in (rules_cells.short_code, rules_cells.known_tags, rules_words.portable, rules_words.frame_is_kept):
        assert rule(twin) == []
    faults = rules_cells.slide_marks(twin)
    assert len(faults) == 1 and "slides; 20 to 35" in faults[0], faults


def test_the_checks_and_tests_of_a_skeleton_are_sound(course):
    new, _ = skeleton.plan(course.project, "02_backprop")
    before = dict(checks._registry)
    texts = {path.name: text for path, text in new.items()}
    try:
        checks._registry.clear()  # the course's own lecture has this number by now
        exec(compile(texts["backprop.py"], "backprop.py", "exec"), {})
        assert checks.evaluate("2.1", 4).state == "right"
        assert checks.evaluate("2.1", 3).hint == "Draw it, then count again."
    finally:
        checks._registry.clear()
        checks._registry.update(before)
    compile(texts["test_backprop.py"], "test_backprop.py", "exec")
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "-"], input=texts["backprop.py"], text=True, check=False)
    assert done.returncode == 0


def test_a_lecture_that_no_list_knows_gets_a_place_in_the_topics(course):
    _, longer = skeleton.plan(course.project, "24_outlook")
    topics = longer[course.project.root / "book/topics.yml"]
    assert topics.startswith(TOPICS.rstrip()) and "- name: 24_outlook\n    title: Outlook\n" in topics


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "two digits and a field"),
        ("2_backprop", "two digits and a field"),
        ("02-backprop", "two digits and a field"),
        ("02_Backprop", "two digits and a field"),
        ("../02_backprop", "two digits and a field"),
        ("00_start", "from 01"),
        ("99_samples", "exists already"),
        ("99_others", "number 99 belongs to 99_samples"),
        ("04_samples", "field samples belongs to 99_samples"),
        ("02_gradients", "number 02 belongs to 02_backprop"),
        ("05_depth", "field depth belongs to 03_depth"),
    ],
)
def test_a_wrong_or_taken_name_writes_nothing(course, name, why, capsys):
    before = files(course.project.root)
    assert command_line.main(["new-lecture", name]) == 1
    assert why in capsys.readouterr().err
    assert files(course.project.root) == before


def test_a_disk_that_fails_leaves_nothing_behind(course, monkeypatch):
    before = files(course.project.root)
    write = notebooks.write_text

    def fail_at_tests(path, text):
        if path.name.startswith("test_"):
            raise OSError("disk full")
        write(path, text)

    monkeypatch.setattr(notebooks, "write_text", fail_at_tests)
    with pytest.raises(OSError, match="disk full"):
        command_line.main(["new-lecture", "02_backprop"])
    assert files(course.project.root) == before


@pytest.mark.parametrize("error", [OSError("disk full"), KeyboardInterrupt()])
def test_a_list_that_was_lengthened_is_as_before_when_the_next_one_fails(course, monkeypatch, error):
    before = files(course.project.root)
    write = notebooks.write_text

    def fail_at_budgets(path, text):
        if path.name == "budgets.toml":
            assert "24_outlook" in (course.project.root / "book/topics.yml").read_text(encoding="utf-8")
            raise error
        write(path, text)

    monkeypatch.setattr(notebooks, "write_text", fail_at_budgets)
    with pytest.raises(type(error)):
        skeleton.main(["24_outlook"])
    assert files(course.project.root) == before
    monkeypatch.undo()
    monkeypatch.chdir(course.project.root)
    assert skeleton.main(["24_outlook"]) == 0 and not list(course.project.root.rglob("*.part"))


def test_words_of_the_template_stay_as_they_are_in_a_topic_and_a_title(course):
    words = "k-NN with a NAME, a HEADING, SECTIONS and COLAB"
    topics = TOPICS.replace("A scalar engine", words).replace("title: Backpropagation", "title: NUMBER and FIELD")
    (course.project.root / "book/topics.yml").write_text(topics, encoding="utf-8")
    new, _ = skeleton.plan(course.project, "02_backprop")
    text = new[course.project.twin("02_backprop")]
    assert f"\n## {words}\n" in text and "\n# NUMBER and FIELD: which question?\n" in text
    assert "claims.report(finding_2=measured)" in text and '"backprop.finding_2"' in text
    assert all("ecture 02, NUMBER and FIELD" in made for path, made in new.items() if path.suffix == ".py")


def test_an_install_line_may_add_what_the_image_lacks_and_change_nothing():
    before = {"numpy": "2.1.3", "pip": "25"}
    course = {"deep-learning-measured": "0.1.0"}
    assert colab.changes(before, before | course) == []
    assert colab.changes(before, before | course | {"mnist1d": "0.0.2"}) == []
    assert colab.changes(before, {"numpy": "2.2.0"} | course) == ["numpy: 2.1.3 became 2.2.0", "pip: 25 became missing"]
    assert colab.changes(before, before) == ["deep-learning-measured was not installed"]


def test_git_reads_the_public_address_as_the_clone_on_this_disk(sample_course, tmp_path):
    course = sample_course()
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-C", str(course.project.root)]
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "-m", "one"]):
        subprocess.run([*git, *command], check=True)
    variables, what = colab.serve_repository(course.project, tmp_path)
    assert what == "the last commit, as v9.8.7 will be"
    ask = ["git", "ls-remote", course.project.repository, "v9.8.7"]
    done = subprocess.run(ask, env=colab.execution.environment() | variables, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("refs/tags/v9.8.7\n")


def test_colab_needs_its_list_of_versions(sample_course):
    with pytest.raises(Problem, match="no tests/colab-"):
        colab.pins_of(sample_course().project)


def test_the_python_of_colab_is_found_or_this_one_serves():
    assert colab.find_python(f"{sys.version_info[0]}.{sys.version_info[1]}") == sys.executable
    assert colab.find_python("2.5") == sys.executable


def test_one_failed_stage_fails_the_proof_and_what_rests_on_it_is_not_run(sample_course, monkeypatch, capsys):
    course = sample_course()
    commands = {
        "code": ("-c", "print('12 passed')"),
        "book": ("-c", "raise SystemExit(3)"),
        "pages": ("-c", "raise SystemExit('should not run')"),
    }
    stages = [proof.Stage(stage.name, stage.what, commands[stage.name], stage.needs) for stage in proof.stages(2)]
    monkeypatch.setattr(proof, "stages", lambda jobs: stages)
    rows, failed = proof.run(course.project, [], 2)
    assert [(name, result) for name, result, _ in rows] == [
        ("code", "passed"),
        ("book", "FAILED"),
        ("pages", "not run: book failed"),
    ]
    assert failed == {"book", "pages"}
    rows, failed = proof.run(course.project, ["code"], 2)
    assert len(rows) == 1 and not failed


def test_cells_of_one_notebook_stay_in_one_process():
    for stage in proof.stages(2):
        assert ("-n" in stage.command) == ("loadfile" in stage.command)
    assert not any("-n" in stage.command for stage in proof.stages(1))


@pytest.mark.parametrize(("jobs", "good"), [("0", False), ("1", True), ("3", True)])
def test_a_process_at_least_is_needed(course, monkeypatch, capsys, jobs, good):
    asked = []
    monkeypatch.setattr(proof, "run", lambda project, chosen, jobs: asked.append((chosen, jobs)) or ([("code", "passed", 61.0)], set()))
    monkeypatch.setattr(proof, "browser_note", lambda project: "")
    monkeypatch.setattr(proof.execution, "warm_up", lambda: None)
    if good:
        assert proof.main(["code", "--jobs", jobs]) == 0 and asked == [(["code"], int(jobs))]
        assert "all in 61 s" in capsys.readouterr().out
        assert proof.main([]) == 0 and asked[-1] == ([], min(proof.MOST_JOBS, os.cpu_count()))
        monkeypatch.setattr(proof, "run", lambda *_: ([("code", "FAILED", 61.0)], {"code"}))
        assert proof.main([]) == 1 and "FAILED in 61 s" in capsys.readouterr().out
    else:
        with pytest.raises(SystemExit):
            proof.main(["--jobs", jobs])
        assert "jobs must be at least 1" in capsys.readouterr().err and not asked


def test_a_wrong_stage_is_named(capsys):
    with pytest.raises(SystemExit):
        proof.main(["pagse"])
    assert "no stage 'pagse'; there are code, book, pages" in capsys.readouterr().err
