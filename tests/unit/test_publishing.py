"""From a lecture's text to its stored notebook."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest

from course_utils.publishing import __main__ as command_line
from course_utils.publishing import execution, notebooks, rules, sources
from course_utils.publishing.project import Problem, Project


def test_a_run_stores_a_notebook_that_meets_every_rule(finished_course):
    assert rules.of_lecture(finished_course.project, "99_samples") == []
    assert re.fullmatch(
        r"99_samples: 14 code cells in [\d.]+ s with kernel start, slowest cell \d+ \([\d.]+ s\), [\d.]+ GB of memory, \d+ kB",
        finished_course.said,
    )


def test_a_run_knows_how_much_memory_it_took(finished_course):
    assert 30 < finished_course.notebook.metadata.course.peak_memory_mb < 3000
    assert execution.peak_memory(os.getpid()) > 1e7
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert execution.peak_memory(gone.pid) == 0


def test_the_notebook_is_lean_and_its_ids_come_from_the_cells(finished_course):
    stored = finished_course.notebook
    assert sorted(stored.metadata) == ["course", "kernelspec", "language_info"]
    assert stored.metadata.language_info == {"name": "python"}
    assert stored.metadata.course.lecture == "99"
    again = notebooks.read_twin(finished_course.text)
    assert [cell.id for cell in again.cells] == [cell.id for cell in stored.cells]
    longer = notebooks.read_twin(finished_course.text.replace("- One line", "- One longer line", 1))
    changed = [one.id != other.id for one, other in zip(longer.cells, stored.cells, strict=True)]
    assert sum(changed) == 1  # equal slides are counted apart, so only the edited cell changes
    raw = finished_course.project.notebook("99_samples").read_bytes()
    assert b"execution" not in raw.replace(b"execution_count", b"") and raw.endswith(b"}\n") and b"\r" not in raw


def test_nothing_runs_twice_and_words_alone_run_nothing(sample_course, finished_course):
    course = sample_course()
    course.write(finished_course.text)
    path = course.project.notebook(course.lecture)
    path.write_bytes(finished_course.project.notebook(course.lecture).read_bytes())
    assert course.run() == "99_samples: up to date"
    course.change({"Ask for a guess.": "Ask for two guesses."})
    assert "are older than the text" in rules.of_lecture(course.project, course.lecture)[-1]
    assert course.run().startswith("99_samples: words changed, outputs kept")
    assert rules.of_lecture(course.project, course.lecture) == []
    assert "two guesses" in path.read_text(encoding="utf-8")


def test_a_failed_run_leaves_the_stored_notebook_alone(sample_course):
    course = sample_course({"mistakes = 1000 + 234": "mistakes = 1 / 0"})
    path = course.project.notebook(course.lecture)
    path.write_text("as it was", encoding="utf-8")
    path.unlink()
    nbformat.write(nbformat.v4.new_notebook(), path)
    before = path.read_bytes()
    with pytest.raises(execution.RunFailed, match=r'(?s)cell 4 in "Count the mistakes".*ZeroDivisionError'):
        course.run()
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir() if file.is_file()] == [path.name]


def test_a_write_that_fails_leaves_no_half_file(tmp_path, monkeypatch):
    path = tmp_path / "kept.txt"
    notebooks.write_text(path, "first")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        notebooks.write_text(path, "second")
    assert path.read_text(encoding="utf-8") == "first" and list(tmp_path.iterdir()) == [path]


def test_a_cell_that_takes_too_long_or_ends_the_kernel_is_named(tmp_path):
    slow = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import time; time.sleep(60)")])
    with pytest.raises(execution.RunFailed, match="import time.*\n.*longer than 1 s"):
        execution.execute(slow, folder=tmp_path, timeout=1)
    ends = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import os; os._exit(3)")])
    with pytest.raises(execution.RunFailed, match="import os.*\n.*the kernel ended"):
        execution.execute(ends, folder=tmp_path)


def test_what_compiled_code_writes_to_stderr_is_not_stored(tmp_path):
    source = 'import os, sys; os.write(2, b"log of a library"); print("seen")'
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    execution.execute(notebook, folder=tmp_path)
    assert [output.text for output in notebook.cells[0].outputs] == ["seen\n"]


def test_seeds_and_profiles_of_the_caller_stay_out(monkeypatch):
    monkeypatch.setenv("COURSE_SEED", "5")
    monkeypatch.setenv("COURSE_CLAIMS_LOG", "somewhere")
    variables = execution.environment()
    assert not {"COURSE_SEED", "COURSE_CLAIMS_LOG"} & set(variables)
    assert variables["COURSE_BUILD"] == "1" and variables["PYTHONHASHSEED"] == "0"
    assert execution.environment(COURSE_SEED="3")["COURSE_SEED"] == "3"


def test_the_install_line_is_stamped_in_either_way_of_writing_tags():
    project = Project(root=None, version="1.2.3", repository="https://example.org/a/b")
    line = '%pip install --quiet "deep-learning-measured @ git+https://example.org/a/b@v1.2.3"'
    for head in (":tags: [colab-setup]\n", "---\ntags: [colab-setup]\n---\n"):
        text = f"words\n\n```{{code-cell}} ipython3\n{head}\nold\n\nolder\n```\n\n```{{code-cell}} ipython3\nold\n```\n"
        stamped = notebooks.stamp(text, project)
        assert line in stamped and "older" not in stamped
        assert stamped.count("```{code-cell} ipython3\nold\n```") == 1
        assert notebooks.stamp(stamped, project) == stamped
        cell = notebooks.read_twin(stamped).cells[1]
        assert cell.source == notebooks.colab_cell(project) and cell.metadata.tags == ["colab-setup"]


def test_the_project_is_read_from_pyproject(finished_course, tmp_path):
    project = finished_course.project
    assert (project.version, project.repository) == ("9.8.7", "https://example.org/sample/course")
    assert Project.find(project.twins).root == project.root
    with pytest.raises(Problem, match="not inside a checkout"):
        Project.find(tmp_path)
    with pytest.raises(Problem, match="no pyproject.toml"):
        Project.at(tmp_path)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n", encoding="utf-8")
    with pytest.raises(Problem, match="does not describe the course"):
        Project.at(tmp_path)


@pytest.mark.parametrize("word", ["99", "samples", "99_samples", "notebooks/99_samples.ipynb", "text/99_samples.md"])
def test_lectures_go_by_number_field_name_or_path(finished_course, word):
    assert finished_course.project.choose([word]) == ["99_samples"]
    assert finished_course.project.choose() == ["99_samples"]


def test_a_lecture_that_is_misspelled_gets_a_guess(finished_course):
    with pytest.raises(Problem, match="no lecture '99_smples': did you mean 99_samples"):
        finished_course.project.choose(["99_smples"])


def test_helpers_are_followed_through_imports_checks_and_scripts(tmp_path):
    package = tmp_path / "course_utils"
    files = {
        "__init__.py": "",
        "claims/__init__.py": "from course_utils import _outputs\nfrom course_utils.claims.stored import x",
        "claims/stored.py": "",
        "_outputs.py": "def send():\n    from . import late",
        "late.py": "",
        "checks/__init__.py": "",
        "checks/samples.py": "from course_utils.autodiff import Scalar",
        "checks/others.py": "",
        "autodiff.py": "",
        "figures.py": "",
        "interactives/__init__.py": "from .base import Interactive",
        "interactives/base.py": "",
        "interactives/runtime.js": "",
        "interactives/runtime.css": "",
        "interactives/plot.js": "",
        "interactives/drawn.js": 'import { axes } from "./plot.js";',
        "interactives/other.js": "",
    }
    for name, text in files.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text, encoding="utf-8")
    cells = ["%pip list\nfrom course_utils import checks, claims, interactives", "interactives.drawn()", "not Python ("]
    used = {path.relative_to(package).as_posix() for path in sources.used_helpers(cells, "99_samples", tmp_path)}
    assert used == set(files) - {"figures.py", "checks/others.py", "interactives/other.js"}

    hashed = sources.fingerprint(["text"], sorted(package.rglob("*.py")), tmp_path)
    (package / "late.py").write_bytes(b"")
    assert sources.fingerprint(["text"], sorted(package.rglob("*.py")), tmp_path) == hashed
    (package / "late.py").write_text("new = 1", encoding="utf-8")
    assert sources.fingerprint(["text"], sorted(package.rglob("*.py")), tmp_path) != hashed
    assert sources.fingerprint(["a\r\nb"], [], tmp_path) == sources.fingerprint(["a\nb"], [], tmp_path)


def rests_on(folder, files, *cells):
    """Files of a package named like ours, and the texts of them that cells rest on, as one."""
    for name, text in files.items():
        path = folder / "course_utils" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return "\n".join(sources.used_text(cells, sources.used_helpers(cells, "99_samples", folder), folder))


def test_a_lecture_rests_on_the_functions_it_reaches(tmp_path):
    old = '"""Data."""\nLIMIT = 3\n\n\ndef load_a():\n    return _read(LIMIT)\n\n\ndef _read(n):\n    return n\n'
    cell = "from course_utils import datasets\nx = datasets.load_a()"

    def text(changed):
        return rests_on(tmp_path, {"datasets.py": changed}, cell)

    before = text(old)
    for more in ("\n\ndef load_b():\n    return 7\n", "\nMORE, LESS = 4, 2\n", "\nimport math\n", "\nclass Other:\n    pass\n"):
        assert text(old + more) == before == text(old.replace("Data", "More data"))
    acts = ("load_a()", "for i in range(2):\n    LIMIT += i", "if LIMIT:\n    pass", "_read.name = 2", "LIMIT += 1")
    for more in (*acts, "@_read\ndef other():\n    pass", "def __getattr__(name):\n    pass"):
        assert more in text(f"{old}\n{more}\n")
    for changed in (old.replace("return n", "return n + 1"), old.replace("LIMIT = 3", "LIMIT = 4")):
        assert text(changed) != before


def test_a_new_module_of_a_package_leaves_the_lectures_before_it_as_they_are(tmp_path):
    first = {
        "shown/__init__.py": "from .base import drawn\nfrom .old import old as older\n__all__ = ['drawn', 'older']\n",
        "shown/base.py": "def drawn():\n    return 1\n\n\ndef scaled():\n    return 2\n",
        "shown/old.py": "from typing import TYPE_CHECKING\nfrom . import base\nif TYPE_CHECKING:\n    import numpy as np\n\n\n"
        "def old():\n    return base.scaled()\n",
    }
    cells = ["from course_utils import shown", "shown.older()"]
    before = rests_on(tmp_path, first, *cells)
    assert "def old" in before and "def scaled" in before and "def drawn" not in before and "numpy" not in before
    second = {
        "shown/__init__.py": first["shown/__init__.py"].replace("__all__ = [", "from .new import new\n__all__ = ['new', "),
        "shown/new.py": "from dataclasses import dataclass\nfrom .base import drawn\n\n\n@dataclass\nclass Kind:\n    size: int\n\n\n"
        "def new():\n    return drawn()\n",
    }
    assert rests_on(tmp_path, second, *cells) == before
    after = rests_on(tmp_path, {}, *cells, "shown.new()")
    assert "def new" in after and "class Kind" in after and "def drawn" in after
    assert "def drawn" in rests_on(tmp_path, {}, "from course_utils.shown import drawn as d", "d()")
    assert "def scaled" in rests_on(tmp_path, {}, "from course_utils.shown.base import *")
    assert "def scaled" in rests_on(tmp_path, {}, "import course_utils.shown.base as base", "base.scaled()")


def test_what_is_decorated_counts_with_its_decorator_or_by_its_name(tmp_path):
    text = "import contextlib\n\n\n@contextlib.contextmanager\ndef loading():\n    yield\n\n\ndef other():\n    pass\n"
    before = rests_on(tmp_path, {"progress.py": text}, "from course_utils import progress", "progress.loading()")
    assert before == "import contextlib\n@contextlib.contextmanager\ndef loading():\n    yield"


def test_a_module_that_no_import_leads_to_counts_whole(tmp_path):
    files = {"checks/__init__.py": "def check():\n    pass\n", "checks/samples.py": "LEAST = 2\n\n\ndef judge():\n    return LEAST\n"}
    text = rests_on(tmp_path, files, "from course_utils import checks\nchecks.check()")
    assert "LEAST = 2" in text and "def judge" in text and "def check" in text


def test_a_script_that_a_module_runs_counts_whole(tmp_path):
    files = {"text/__init__.py": 'SCRIPT = "runner.py"\n\n\ndef run():\n    return SCRIPT\n', "text/runner.py": "def main():\n    pass\n"}
    assert "def main" in rests_on(tmp_path, files, "from course_utils import text\ntext.run()")
    assert "runner" in "".join(map(str, sources.used_helpers(["import course_utils.text.snippets"], "99_samples", Project.find(__file__).root)))


def test_a_lecture_rests_on_the_checkpoints_that_it_names(tmp_path):
    cells, folder = ['stored = load("small")\nprint("other words")', "not Python ("], tmp_path / "course_utils/checkpoints"
    folder.mkdir(parents=True)
    assert sources.used_weights(cells, tmp_path) == []
    for name in ("small.npz", "small.json", "large.npz"):
        (folder / name).write_bytes(b"weights \xff")
    before = sources.used_weights(cells, tmp_path)
    (folder / "large.npz").write_bytes(b"other")
    assert sources.used_weights(cells, tmp_path) == before and len(before) == 2
    for name in ("small.npz", "small.json"):
        (folder / name).write_bytes(b"other weights \xff")
        assert sources.used_weights(cells, tmp_path) != before
        before = sources.used_weights(cells, tmp_path)


def test_jupytext_pairs_the_folders():
    import jupytext.config

    root = Project.find(__file__).root
    config = jupytext.config.load_jupytext_configuration_file(str(root / "jupytext.toml"))
    formats = config.default_formats(str(root / "notebooks" / "01_perceptrons.ipynb"))
    assert formats, "JupyterLab would not write the text"
    from jupytext.paired_paths import paired_paths

    pairs = paired_paths(str(root / "notebooks" / "01_perceptrons.ipynb"), {"extension": ".ipynb"}, formats)
    assert str(root / "notebooks" / "text" / "01_perceptrons.md") in [os.path.normpath(path) for path, _ in pairs]


def test_commands_are_listed_and_a_wrong_one_gets_a_guess(capsys):
    assert command_line.main(["help"]) == 0
    listed = capsys.readouterr().out
    assert all(name in listed for name in command_line.COMMANDS)
    assert command_line.main(["asignments"]) == 2
    assert "Did you mean assignments?" in capsys.readouterr().err


def test_a_problem_is_one_line_and_no_traceback(capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert command_line.main(["assignments"]) == 1
    assert capsys.readouterr().err.startswith("assignments: ")


@pytest.mark.parametrize("name", [name for name in command_line.COMMANDS if name not in ("help", "lab")])
def test_every_command_explains_itself(name, capsys):
    with pytest.raises(SystemExit) as end:
        command_line.main([name, "--help"])
    assert end.value.code == 0 and "usage:" in capsys.readouterr().out


def test_clean_removes_what_was_built_and_nothing_else(sample_course, monkeypatch, capsys):
    course = sample_course()
    (course.project.build / "html").mkdir(parents=True)
    (course.project.root / "course_utils/__pycache__").mkdir(parents=True)
    monkeypatch.chdir(course.project.root)
    assert command_line.main(["clean"]) == 0
    assert not course.project.build.exists() and course.project.twin(course.lecture).is_file()
    assert "removed _build" in capsys.readouterr().out


def test_run_reports_every_lecture_and_fails_as_a_whole(sample_course, monkeypatch, capsys):
    course = sample_course()
    broken = course.project.twins / "98_broken.md"
    broken.write_text("# Broken\n\n```{code-cell} ipython3\nraise KeyError('oops')\n```\n", encoding="utf-8")
    monkeypatch.chdir(course.project.root)
    assert command_line.main(["run"]) == 1
    said = capsys.readouterr().out
    assert "98_broken: not stored" in said and "KeyError: 'oops'" in said and "failed: 98_broken" in said
    assert "99_samples: 14 code cells" in said
    assert json.loads(course.project.notebook(course.lecture).read_text(encoding="utf-8"))["nbformat"] == 4
    assert not (course.project.notebooks / "98_broken.ipynb").exists()
