"""What the commands hand on: arguments, exit statuses, folders and processes."""

import ast
import os
import sys
import types
from pathlib import Path

import pytest

from course_utils.publishing import __main__ as command_line
from course_utils.publishing import (
    assignments, bench, book, chapters, colab, decks, desk, execution, files, notebooks, proof, robust, rules, rules_cells,
    running, slide_layout, slides, slicing, sources,
)  # fmt: skip
from course_utils.publishing.project import Problem

posix = pytest.mark.skipif(os.name == "nt", reason="scripts of a POSIX shell")


@pytest.fixture
def command(monkeypatch):
    """A command of its own whose work is given; returns what calls it."""

    def make(work):
        module = types.ModuleType("course_utils.publishing.sample")
        module.main = module.other = work
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(command_line.COMMANDS, "sample", ("sample", "a sample"))
        monkeypatch.setitem(command_line.COMMANDS, "other", ("sample:other", "another sample"))
        return command_line.main

    return make


def interrupted(*_, **__):
    raise KeyboardInterrupt


def refused(rest):
    raise Problem("no such thing")


# --- the command line


def test_a_command_gets_all_that_follows_its_name(command):
    given = []
    main = command(given.append)
    assert main(["sample", "a", "--b"]) == 0 and main(["other", "c"]) == 0 and main(["sample"]) == 0
    assert given == [["a", "--b"], ["c"], []]


def test_what_stands_on_the_command_line_is_read(command, monkeypatch):
    given = []
    command(given.append)
    monkeypatch.setattr(sys, "argv", ["publishing", "sample", "x"])
    command_line.main()
    assert given == [["x"]]


@pytest.mark.parametrize(("work", "status"), [(lambda rest: 3, 3), (lambda rest: None, 0), (refused, 1), (interrupted, 130)])
def test_exit_statuses(command, work, status, capsys):
    assert command(work)(["sample"]) == status
    said = capsys.readouterr().err
    assert said == {1: "sample: no such thing\n", 130: "sample: stopped\n"}.get(status, "")


def test_help_lists_every_command_and_a_wrong_one_is_guessed(capsys):
    assert command_line.main([]) == command_line.main(["--help"]) == 0
    listed = capsys.readouterr().out
    assert all(f"\n  {name}" in listed for name in command_line.COMMANDS)
    assert command_line.main(["bok"]) == 2
    assert "no command 'bok'. Did you mean book?" in capsys.readouterr().err
    assert command_line.main(["zzz"]) == 2
    assert "Did you mean" not in capsys.readouterr().err


# --- comparisons of speed


@pytest.mark.parametrize(("work", "module"), [(bench.main, "benchmarks.__main__"), (bench.peers, "benchmarks.peers")])
def test_the_status_of_a_comparison_is_that_of_the_command(monkeypatch, work, module):
    called = []
    monkeypatch.setattr(bench, "_module", lambda name: called.append(name) or types.SimpleNamespace(main=lambda argv: argv[0]))
    assert work([4]) == 4 and called == [module]


def test_comparisons_are_imported_from_the_checkout(sample_course, monkeypatch):
    course = sample_course()
    monkeypatch.chdir(course.project.root)
    monkeypatch.setattr(sys, "path", [*sys.path])
    with pytest.raises(Problem, match="no folder benchmarks"):
        bench._module("some_comparison")
    (course.project.root / "benchmarks").mkdir()
    (course.project.root / "some_comparison.py").write_text("found = True")
    assert bench._module("some_comparison").found and sys.path[0] == str(course.project.root)
    monkeypatch.delitem(sys.modules, "some_comparison")
    before = list(sys.path)
    assert bench._module("some_comparison").found and sys.path == before


# --- editions and the book


def test_a_class_is_graded_on_every_core_unless_it_is_said(monkeypatch, tmp_path, capsys):
    asked = []
    monkeypatch.setattr(assignments, "grade_class", lambda folder, jobs: asked.append(jobs) or (["student"], [["ann"]]))
    assert assignments.main(["--grade", str(tmp_path)]) == 0
    assert assignments.main(["--grade", str(tmp_path), "--jobs", "3", "--output", str(tmp_path / "t.csv")]) == 0
    assert asked == [-1, 3] and capsys.readouterr().out.splitlines() == ["student", "ann"]
    assert (tmp_path / "t.csv").read_text(encoding="utf-8").splitlines() == ["student", "ann"]


@pytest.mark.parametrize(("fresh", "force", "built"), [(True, False, False), (True, True, True), (False, False, True)])
def test_a_fresh_book_is_built_only_when_it_is_asked_for(sample_course, monkeypatch, fresh, force, built):
    calls = []
    monkeypatch.setattr(book, "fingerprint", lambda *_: "print")
    monkeypatch.setattr(book, "is_fresh", lambda *_: fresh)
    monkeypatch.setattr(book, "_build", lambda *given: calls.append(given))
    project = sample_course().project
    left = project.build / "book-killed"
    left.mkdir(parents=True)
    assert book.build(project, **({"force": True} if force else {})) is built and len(calls) == built
    assert left.exists() is not built, "what a killed build left goes with the next one"


def test_a_page_that_moves_makes_the_book_anew(sample_course):
    project = sample_course().project
    (project.root / "_config.yml").touch()
    for name in ("a", "b"):
        (project.root / "book" / name).mkdir(parents=True)
    page, seen = project.root / "book/a/page.md", set()
    page.write_text("# A page\n", encoding="utf-8")
    seen.add(book.fingerprint(project, project.notebooks))
    assert book.fingerprint(project, project.notebooks) in seen
    page.rename(project.root / "book/b/page.md")
    assert book.fingerprint(project, project.notebooks) not in seen


def test_lists_are_written_as_they_are_read(tmp_path):
    book._write_yaml(tmp_path / "a.yml", {"b": "ü", "a": [1, "—"]})
    assert (tmp_path / "a.yml").read_text(encoding="utf-8") == "b: ü\na:\n- 1\n- —\n"


def test_decks_of_the_book_are_those_of_the_stored_lectures(tmp_path, monkeypatch):
    for name in ("02_two.ipynb", "01_one.ipynb", "notes.ipynb"):
        (tmp_path / name).touch()
    calls = []
    monkeypatch.setattr(decks, "build", lambda *given: calls.append(given))
    site = tmp_path / "site"
    book._build_decks(tmp_path, site)
    assert calls == [(tmp_path / f"{name}.ipynb", site / f"slides/{name}.html", site / "_static/vendor") for name in ("01_one", "02_two")]

    def wrong(*_):
        raise ValueError("a figure has no alt text")

    monkeypatch.setattr(decks, "build", wrong)
    with pytest.raises(Problem, match="deck of 01_one: a figure has no alt text"):
        book._build_decks(tmp_path, site)


def test_decks_alone_are_written_beside_the_book(sample_course, monkeypatch, capsys):
    course = sample_course()
    course.run()
    monkeypatch.chdir(course.project.root)
    assert command_line.main(["slides", "99"]) == 0
    deck = course.project.build / "html/slides/99_samples.html"
    said = capsys.readouterr().out
    assert said.split(" slides, ")[0].isdigit() and deck.as_uri() in said and deck.is_file()
    assert f"{deck.stat().st_size / 1000:.0f} kB" in said
    course.project.notebook(course.lecture).unlink()
    assert command_line.main(["slides", "99"]) == 1
    assert "make run" in capsys.readouterr().err


# --- Colab


@posix
def test_an_interpreter_that_fails_or_is_another_one_is_passed_over(tmp_path, monkeypatch):
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)

    def script(place, text):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f"#!/bin/sh\n{text}\n")
        place.chmod(0o755)
        return str(place)

    script(tmp_path / "python9.9", "exit 1")
    assert colab.find_python("9.9") == sys.executable
    script(tmp_path / "pyenv/versions/9.9.1/bin/python", "echo 9.8")
    assert colab.find_python("9.9") == sys.executable
    older = script(tmp_path / "pyenv/versions/9.9.2/bin/python", "echo 9.9")
    assert colab.find_python("9.9") == older
    newer = script(tmp_path / "pyenv/versions/9.9.3/bin/python", "echo 9.9")
    assert colab.find_python("9.9") == newer
    script(tmp_path / "python9.9", "echo 9.9")
    assert colab.find_python("9.9") == str(tmp_path / "python9.9")


@pytest.fixture
def colab_run(sample_course, monkeypatch):
    """Run the command with everything that takes long left out: (status, what was called)."""
    course = sample_course()
    (course.project.root / "tests/colab-2026-08.txt").write_text("numpy==2.0\n")
    monkeypatch.chdir(course.project.root)
    calls, found = [], {"frozen": [{"numpy": "2.0"}, {"numpy": "2.0", colab.DISTRIBUTION: "1"}], "problem": None}

    def make_image(python, pins, image):
        calls.append(f"image from {pins.name}")
        inside = image / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        inside.parent.mkdir(parents=True)
        inside.touch()

    def run_lecture(project, lecture, python, variables, folder):
        calls.append(f"{lecture} in {folder.name}")
        if found["problem"]:
            raise Problem(found["problem"])
        return 12.0

    monkeypatch.setattr(colab, "make_image", make_image)
    monkeypatch.setattr(colab, "run_lecture", run_lecture)
    monkeypatch.setattr(colab, "serve_repository", lambda project, folder: ({}, f"a tag in {folder.name}"))
    monkeypatch.setattr(colab.execution, "warm_up", lambda python: calls.append("warm"))
    monkeypatch.setattr(colab.subprocess, "run", lambda command, **_: calls.append(" ".join(map(str, command[1:]))))
    monkeypatch.setattr(colab, "find_python", lambda: "python3.13")

    def run(*arguments):
        calls.clear()
        states = list(found["frozen"])
        monkeypatch.setattr(colab, "frozen", lambda inside: states.pop(0))
        return command_line.main(["colab", *arguments]), list(calls)

    return run, found


def test_the_image_is_made_anew_unless_an_older_one_is_kept(colab_run, capsys):
    run, _ = colab_run
    fresh = ["image from colab-2026-08.txt", "warm", "99_samples in colab"]
    kept = [f"-m pip uninstall --quiet --yes {colab.DISTRIBUTION}", "warm", "99_samples in colab"]
    assert run("--keep") == (0, fresh), "there is none yet"
    assert run("--keep") == (0, kept)
    assert run() == (0, fresh)
    said = capsys.readouterr().out
    assert "99_samples: ran in 12 s" in said and "1 lectures ran" in said and "a tag in colab" in said


def test_a_lecture_that_fails_and_an_image_that_changes_fail_the_run(colab_run, capsys):
    run, found = colab_run
    found["problem"] = "cell 3"
    assert run()[0] == 1 and "99_samples: FAILED. cell 3" in (said := capsys.readouterr().out) and "lectures ran" not in said
    found["problem"], found["frozen"][1]["numpy"] = None, "1.9"
    assert run()[0] == 1 and "numpy: 2.0 became 1.9" in (said := capsys.readouterr().out) and "lectures ran" not in said


def test_the_image_is_an_environment_with_colabs_versions(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr(colab, "_call", lambda command, what: calls.append((command, what)))
    monkeypatch.setattr(colab.subprocess, "run", lambda command, **_: calls.append((command, "compiling")))
    inside = colab.make_image("python3.13", tmp_path / "colab-2026-08.txt", tmp_path / "image")
    assert Path(inside) == tmp_path / "image" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    (make, _), (install, said), (compiled, _) = calls
    assert make == ["python3.13", "-m", "venv", str(tmp_path / "image")] and install[0] == compiled[0] == inside
    assert install[-2:] == ["-r", str(tmp_path / "colab-2026-08.txt")] and said == "installing colab-2026-08.txt"


@posix
def test_a_command_that_fails_is_told_with_its_last_words():
    colab._call(["/bin/true"], "nothing")
    with pytest.raises(Problem, match="copying failed:\nto stdout\nto stderr"):
        colab._call(["/bin/sh", "-c", "echo to stdout; echo to stderr >&2; exit 3"], "copying")


@pytest.mark.parametrize("place", ["image/lib", "elsewhere/lib"])
def test_a_lecture_in_colab_uses_what_its_first_cell_installed(sample_course, tmp_path, monkeypatch, place):
    from nbformat.v4 import new_output

    course, python, given = sample_course(), tmp_path / "image/bin/python", {}

    def execute(notebook, **options):
        profile = Path(options["variables"]["IPYTHONDIR"])
        given.update(options, start=(profile / "profile_default/startup/00-stand-in.py").read_text(encoding="utf-8"))
        notebook.cells[-1].outputs = [new_output("stream", text=f"{tmp_path / place / 'course_utils/__init__.py'}\n")]
        assert colab.LAST_CELL == notebook.cells[-1].source and "colab-setup" in notebook.cells[1].metadata["tags"]
        return types.SimpleNamespace(seconds=7.5)

    monkeypatch.setattr(colab.execution, "execute", execute)
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    if place.startswith("image"):
        assert colab.run_lecture(course.project, course.lecture, str(python), {"GIT_CONFIG_COUNT": "2"}, tmp_path) == 7.5
    else:
        with pytest.raises(Problem, match="99_samples used .*elsewhere.*, not what its first cell installed"):
            colab.run_lecture(course.project, course.lecture, str(python), {"GIT_CONFIG_COUNT": "2"}, tmp_path)
    assert given["python"] == str(python) and given["folder"] == tmp_path / "content" and not given["refuse_stderr"]
    assert "PYTHONPATH" not in given["variables"] and given["variables"]["PATH"] == os.environ["PATH"]
    assert given["variables"]["GIT_CONFIG_COUNT"] == "2" and "google.colab" in given["start"]


# --- small tools


def test_helpers_count_however_far_they_are_reached(tmp_path):
    """Each function stands before the one that calls it."""
    module = tmp_path / "course_utils" / "helpers.py"
    module.parent.mkdir()
    module.write_text("def deep():\n    return 1\n\ndef middle():\n    return deep()\n\ndef top():\n    return middle()\n\ndef other():\n    return 2\n")
    [kept] = sources.used_text(["from course_utils import helpers", "helpers.top()"], [module], tmp_path)
    assert [line for line in kept.splitlines() if "def" in line] == ["def deep():", "def middle():", "def top():"]


def test_memory_is_known_where_the_system_keeps_no_record(monkeypatch):
    mine = execution.peak_memory(os.getpid())
    monkeypatch.setattr(execution.sys, "platform", "other")
    assert 10**7 < execution.peak_memory(os.getpid()) < 100 * mine and execution.peak_memory(2**22 + 7) == 0


def test_a_lecture_that_has_not_changed_runs_only_when_it_is_asked_for(sample_course):
    course = sample_course()
    course.run()
    assert running.run_lecture(course.project, course.lecture) == "99_samples: up to date"
    assert "code cells in" in running.run_lecture(course.project, course.lecture, always=True)


def test_the_notebooks_are_opened_in_jupyterlab(sample_course, monkeypatch):
    root, calls = sample_course().project.root, []
    monkeypatch.chdir(root)
    monkeypatch.setattr(desk.subprocess, "call", lambda command, **options: calls.append((command, options)) or 3)
    assert desk.lab(["--no-browser"]) == 3
    [(command, options)] = calls
    assert command[1:] == ["-m", "jupyterlab", f"--ServerApp.root_dir={root}", "--LabApp.default_url=/lab/tree/notebooks", "--no-browser"]
    assert options["cwd"] == root and options["env"]["JUPYTER_PREFER_ENV_PATH"] == "1"
    monkeypatch.setattr(desk.subprocess, "call", interrupted)
    assert desk.lab() == 0
    monkeypatch.setattr(desk, "is_missing", lambda module: True)
    with pytest.raises(Problem, match="JupyterLab is not installed here"):
        desk.lab()


def test_an_error_without_a_cell_tells_itself():
    from nbformat.v4 import new_code_cell, new_notebook

    book_ = new_notebook(cells=[new_code_cell("x")])
    assert execution._traceback_tail(book_, None, ValueError("the end")) == "the end"
    assert execution._traceback_tail(book_, 0, ValueError("the end")) == "the end"


def test_modules_are_looked_for_without_being_imported():
    assert desk.is_missing("no_such_module_of_anybody") and not desk.is_missing("json")


@posix
def test_a_python_that_fails_to_warm_up_stops_nothing(tmp_path):
    execution.warm_up("/bin/false")


def test_what_is_stored_waits_until_it_is_on_the_disk(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr("os.fsync", synced.append)
    files.write_text(tmp_path / "a.txt", "a\nb\n")
    assert len(synced) == 1 and (tmp_path / "a.txt").read_bytes() == b"a\nb\n"


def test_a_refused_file_is_named_with_what_to_do():
    import errno

    import shutil

    assert "the disk is full: b" in str(files.explained(shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")])))
    said = str(files.explained(PermissionError(errno.EACCES, "denied", "a.txt")))
    assert said.startswith("no permission for a.txt: it belongs to somebody else") and said.endswith("to a folder of your own")
    assert ("another program has it open" in said) is (os.name == "nt")


def test_outputs_are_carried_to_the_same_code_alone():
    from nbformat.v4 import new_code_cell, new_notebook, new_output

    old = new_notebook(cells=[new_code_cell("x", outputs=[new_output("stream", text="1")], execution_count=7)])
    same, other = (new_notebook(cells=[new_code_cell(source)]) for source in ("x", "y"))
    assert running._carry_outputs(old, same) and same.cells[0].outputs[0].text == "1" and same.cells[0].execution_count == 7
    assert not running._carry_outputs(old, other) and not other.cells[0].outputs


def test_the_proof_says_how_to_get_a_browser_where_there_is_none(sample_course):
    project = sample_course().project
    place = project.root / "tests/browser/conftest.py"
    place.parent.mkdir()
    for found, note in (("'/usr/bin/chromium'", ""), ("None", "apt install chromium")):
        place.write_text(f"HOW_TO_GET_CHROMIUM = 'apt install chromium'\ndef find_chromium():\n    return {found}\n")
        assert proof.browser_note(project) == note


@pytest.mark.parametrize(("jobs", "several"), [(1, False), (2, True), (3, True)])
def test_tests_run_in_as_many_processes_as_are_asked_for(jobs, several):
    command = next(stage.command for stage in proof.stages(jobs) if stage.name == "code")
    assert ("-n" in command) is several and (not several or command[command.index("-n") + 1] == str(jobs))


def test_a_stage_that_is_not_run_takes_no_time(sample_course, monkeypatch, capsys):
    monkeypatch.setattr(proof.subprocess, "call", lambda command, cwd: int("book" in command))
    rows, failed = proof.run(sample_course().project, ["book", "pages"], 1)
    assert [row[:2] for row in rows] == [("book", "FAILED"), ("pages", "not run: book failed")]
    assert 0 <= rows[0][2] < 60 and rows[1][2] == 0 and failed == {"book", "pages"}


def test_the_first_difference_of_two_texts_is_shown():
    assert rules._first_difference("a\nb\nc", "a\nx\nc") == "Text: 'b', notebook: 'x'"
    assert rules._first_difference("a\nb", "a") == "Text: 'b', notebook: ''"


def test_tables_and_long_words_need_wide_columns():
    from nbformat.v4 import new_code_cell, new_markdown_cell

    table, listing = slides.Part("words", new_markdown_cell("a\n|b|c|")), slides.Part("code", new_code_cell("x = 1\n|y"))
    for width, fits in ((0.49, False), (0.5, True)):
        assert slide_layout._fits([table], width * slide_layout.WIDTH) is fits
        assert slide_layout._fits([listing], width * slide_layout.WIDTH) is True


@pytest.mark.parametrize(("length", "faults"), [(40, 0), (39, 1), (0, 1)])
def test_forty_characters_are_enough_for_a_picture(length, faults):
    from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

    alt = ("a line rises " * 9)[: max(length - 1, 0)] + "." * bool(length)
    picture = new_output("display_data", {"image/png": ""}, metadata={"image/png": {"alt": alt}})
    for cell in (new_code_cell(outputs=[picture]), new_markdown_cell(f"![{alt}](a.png)")):
        assert len(rules_cells.pictures_have_words(new_notebook(cells=[cell]))) == faults


@pytest.mark.parametrize(("value", "trouble", "status"), [(0.2, "", 0), (0.9, "", 1), (0.2, "it stopped", 1), (None, "", 1)])
def test_the_status_of_a_robust_run(sample_course, monkeypatch, capsys, value, trouble, status):
    monkeypatch.chdir(sample_course().project.root)
    monkeypatch.setattr(robust.execution, "warm_up", lambda: None)

    def measured_all(project, trials, **_):
        record = {"name": "samples.x", "value": value, "bounds": {"at_most": 0.5}, "margin": value and 0.5 - value, "ok": value == 0.2}
        return [robust.Result(trial, [record] if value else [], 12.0, trouble) for trial in trials]

    monkeypatch.setattr(robust, "measure_all", measured_all)
    assert command_line.main(["robust", "--seeds", "1", "--kernels", "0"]) == status
    said = capsys.readouterr().out
    assert ("no claim was measured" in said) is (value is None)
    assert ("12 s the longest" in said) is (not trouble)
    command_line.main(["robust"])
    assert " 6 runs" in capsys.readouterr().out, "five seeds, one of them with other kernels too"


def test_the_folder_of_a_lock_is_made_and_its_owner_is_named(tmp_path):
    with files.only_one(tmp_path / "new/build", "book", "builds") as file:
        file.seek(0)
        assert Path(file.name).name == "book.lock" and file.read() == f"process {os.getpid()}".encode()


def test_what_is_installed_is_read_as_names_and_versions(monkeypatch):
    asked = []

    def run(command, **options):
        asked.append(command)
        assert options["check"] and options["text"] and options["capture_output"]
        return types.SimpleNamespace(stdout="numpy==2.1.0\nkeras==3.11.3\n")

    monkeypatch.setattr(colab.subprocess, "run", run)
    assert colab.frozen("there/python") == {"numpy": "2.1.0", "keras": "3.11.3"} and asked[0][0] == "there/python"


def test_the_slowest_cell_of_a_run():
    assert execution.Run(None, 9.0, {2: 1.5, 4: 3.0, 7: 0.5}).slowest == (4, 3.0)
    assert execution.Run(None).slowest == (0, 0.0)


@posix
@pytest.mark.parametrize(("length", "transport"), [(40, "ipc"), (69, "ipc"), (70, "tcp")])
def test_a_kernel_listens_in_a_folder_of_its_own_where_the_path_is_short(length, transport):
    place = "/" + "p" * (length - 1)
    manager = execution._kernel_of(sys.executable, place)
    assert manager.transport == transport
    assert manager.connection_file.startswith(place) is manager.ip.startswith(place) is (transport == "ipc")


def test_cells_that_are_alike_have_names_of_their_own():
    cell = "```{code-cell} ipython3\nx = 1\n```\n"
    twin = notebooks.read_twin(f"---\nkernelspec:\n  display_name: Python 3\n  name: python3\n---\n\n{cell}\n{cell}\n{cell}")
    first, second, third = (cell.id for cell in twin.cells)
    assert (second, third) == (f"{first}-2", f"{first}-3")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("try:\n    a = b\nexcept ValueError:\n    c()\nelse:\n    d()\nfinally:\n    e()", {"b", "c", "d", "e"}),
        ("for i in a:\n    b = i + c\nelse:\n    d()", {"a", "c", "d"}),
        ("with a as b:\n    b.c(d)", {"a", "d"}),
        ("while a:\n    b = 1\n    c = b\nelse:\n    d()", {"a", "d"}),
        ("a += b", {"a", "b"}),
    ],
)
def test_names_that_a_statement_reads(source, names):
    [statement] = ast.parse(source).body
    assert slicing.used(statement) & set("abcdei") == names


@pytest.mark.parametrize(("note", "stages", "times"), [("get it", [], 2), ("get it", ["code"], 1), ("get it", ["pages"], 2), ("", [], 0)])
def test_the_way_to_a_browser_stands_first_and_last(monkeypatch, capsys, note, stages, times):
    monkeypatch.setattr(proof.Project, "find", lambda: None)
    monkeypatch.setattr(proof, "run", lambda *_: ([("code", "passed", 61.0)], set()))
    monkeypatch.setattr(proof, "browser_note", lambda project: note)
    monkeypatch.setattr(proof.execution, "warm_up", lambda: None)
    assert proof.main(stages) == 0
    said = capsys.readouterr().out.splitlines()
    assert said.count("get it") == times and "" in said and said[-1] == "all in 61 s"


@pytest.mark.parametrize("trouble", ["", "cell 3 stopped"])
def test_one_trial_gives_what_its_claims_measured(monkeypatch, trouble):
    def execute(notebook, folder, variables):
        Path(variables["COURSE_CLAIMS_LOG"]).write_text('{"name": "samples.x"}\n{"name": "samples.y"}\n', encoding="utf-8")
        assert variables["COURSE_SEED"] == "3"
        if trouble:
            raise execution.RunFailed(trouble)
        return types.SimpleNamespace(seconds=7.5)

    monkeypatch.setattr(robust.execution, "execute", execute)
    [trial] = robust.trials(["99_samples"], 4)[3:4]
    result = robust.measure(trial, "```{code-cell} ipython3\nx = 1\n```\n", ".")
    assert result.trial == trial and result.trouble == trouble and result.seconds == (0.0 if trouble else 7.5)
    assert [record["name"] for record in result.records] == ["samples.x", "samples.y"]


def test_the_package_itself_counts_among_the_helpers(tmp_path):
    package = tmp_path / "course_utils"
    package.mkdir()
    for name in ("__init__.py", "figures.py"):
        (package / name).write_text("", encoding="utf-8")
    assert sources.used_helpers(["import course_utils.figures"], "99_samples", tmp_path) == [package / "__init__.py", package / "figures.py"]


@pytest.mark.parametrize("inside", ["```\n# code\n<!-- keep -->\n", "# code\n<!-- keep -->\n```python\n"])
def test_a_block_of_code_ends_where_its_own_fence_does(inside):
    block = f"~~~~md\n{inside}~~~\n~~~~"
    source = f"## Above\n\n{block}\n\n## Below <!-- drop -->\n\n```\n# more\n```\n\nend <!-- drop -->"
    kept = f"## Above\n\n{block}\n\n## Below\n\n```\n# more\n```\n\nend"
    assert chapters.without_comments(source) == kept
    notebook = {"cells": [{"cell_type": "markdown", "source": source}]}
    assert [text for _, text, _ in chapters.headings(notebook)] == ["Above", "Below"]
