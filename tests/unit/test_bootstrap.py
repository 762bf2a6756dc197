"""The environment is made once, made again when it must be, and its failures can be understood."""

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tools" / "bootstrap.py"


@pytest.fixture
def bootstrap():
    spec = importlib.util.spec_from_file_location("bootstrap", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def checkout(tmp_path):
    """A folder that looks like a clone, with an environment that looks complete."""
    (tmp_path / "requirements.lock").write_text("numpy==2.0.0\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


def pretend_complete(bootstrap, root):
    python = bootstrap.environment_python(root)
    python.parent.mkdir(parents=True)
    python.write_text("not a program")
    bootstrap.stamp_path(root).write_text(bootstrap.fingerprint(root))


def test_an_old_python_can_read_it():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 7))
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    } | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}  # fmt: skip
    assert imported <= sys.stdlib_module_names


def test_supported_pythons_are_the_declared_ones(bootstrap):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = [
        tuple(map(int, line.split("::")[-1].split(".")))
        for line in project["classifiers"] if re.search(r"Python :: 3\.\d+$", line)
    ]  # fmt: skip
    assert (min(declared), max(declared)) == (bootstrap.OLDEST, bootstrap.NEWEST)
    assert project["requires-python"] == ">={}.{}".format(*bootstrap.OLDEST)


def test_an_unsuitable_python_is_told_what_to_do(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 6))
    monkeypatch.setattr(bootstrap, "candidates", list)
    with pytest.raises(bootstrap.SetupFailed, match=r"3\.11 to 3\.13; this is Python 3\.9\.6.*") as failure:
        bootstrap.choose_python()
    assert "PYTHON=python3.12" in str(failure.value)


def test_an_unsuitable_python_finds_a_suitable_one(bootstrap, monkeypatch):
    broken = str(ROOT / "no-such-python")
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 6))
    monkeypatch.setattr(bootstrap, "candidates", lambda: [broken, sys.executable])
    assert bootstrap.choose_python() == sys.executable


def test_a_complete_environment_costs_no_process(bootstrap, checkout, monkeypatch):
    pretend_complete(bootstrap, checkout)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *_, **__: pytest.fail("started a process"))
    monkeypatch.setattr(bootstrap.subprocess, "Popen", lambda *_, **__: pytest.fail("started a process"))
    start = time.perf_counter()
    bootstrap.bootstrap(checkout)
    assert time.perf_counter() - start < 0.2


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", ".venv/pyvenv.cfg"])
def test_a_change_asks_for_an_install(bootstrap, checkout, name):
    pretend_complete(bootstrap, checkout)
    assert bootstrap.is_ready(checkout)
    (checkout / name).write_text("changed")
    assert not bootstrap.is_ready(checkout)


def test_an_unfinished_mark_or_a_missing_python_asks_for_an_install(bootstrap, checkout):
    pretend_complete(bootstrap, checkout)
    bootstrap.unfinished_path(checkout).write_text("")
    assert not bootstrap.is_ready(checkout)
    bootstrap.unfinished_path(checkout).unlink()
    assert bootstrap.is_ready(checkout)
    bootstrap.environment_python(checkout).unlink()
    assert not bootstrap.is_ready(checkout)


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        ("WARNING: Retrying ... NewConnectionError('... Network is unreachable')", "connection"),
        ("ERROR: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "pip stopped with status 1 while installing"),
    ],
)
def test_a_failure_of_pip_is_a_sentence(bootstrap, checkout, monkeypatch, heard, said):
    monkeypatch.setattr(bootstrap, "run_visibly", lambda *_: (1, heard))
    with pytest.raises(bootstrap.SetupFailed, match=said):
        bootstrap.pip(checkout, "install", what="installing")


def test_a_command_is_shown_when_it_fails(bootstrap, capfd):
    fail = "import sys; print('out'); print('the reason', file=sys.stderr); sys.exit(3)"
    status, heard = bootstrap.run_visibly([sys.executable, "-c", fail], "failing")
    assert status == 3
    assert heard.strip() == "the reason"
    assert "the reason" in capfd.readouterr().err


def test_too_little_disk_is_said_before_anything_is_made(bootstrap, checkout, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(1, 1, 10**9))
    with pytest.raises(bootstrap.SetupFailed, match=r"0\.9 GB are free"):
        bootstrap.create(checkout)
    assert not (checkout / ".venv").exists()


def test_two_installs_wait_for_each_other(bootstrap, checkout):
    entered = threading.Event()

    def second():
        with bootstrap.only_one(checkout):
            entered.set()

    with bootstrap.only_one(checkout):
        thread = threading.Thread(target=second)
        thread.start()
        assert not entered.wait(0.3)
    thread.join(timeout=10)
    assert entered.is_set()


@pytest.mark.slow
def test_a_real_environment_is_made_repaired_and_made_again_after_a_move(bootstrap, checkout, monkeypatch):
    """With a true `venv` and without packages: pip is asked for nothing."""
    asked = []
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr(bootstrap, "pip", lambda root, *arguments, what: asked.append(arguments))
    monkeypatch.setattr(bootstrap, "choose_python", lambda: getattr(sys, "_base_executable", sys.executable))

    bootstrap.bootstrap(checkout)
    assert bootstrap.is_ready(checkout) and bootstrap.is_healthy(checkout)
    assert "--require-hashes" in asked[0] and "--editable" in asked[1]
    [module] = (checkout / ".venv").rglob("pip/__main__.py")
    assert list((module.parent / "__pycache__").glob("__main__.*.pyc")), "no byte code was compiled"

    # Interrupted in the middle: the mark stays, and the next call starts with an empty environment.
    (checkout / "pyproject.toml").write_text("[project] # changed")
    witness = checkout / ".venv" / "half-installed"
    witness.write_text("")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "pip", interrupted)
        with pytest.raises(KeyboardInterrupt):
            bootstrap.bootstrap(checkout)
    assert not bootstrap.is_ready(checkout)
    monkeypatch.setattr(bootstrap, "compile_all", lambda root: None)  # seen above
    bootstrap.bootstrap(checkout)
    assert bootstrap.is_ready(checkout) and not witness.exists()

    # Moved: its scripts point to the old folder.
    moved = checkout.with_name("moved")
    checkout.rename(moved)
    assert not bootstrap.is_ready(moved) and not bootstrap.is_healthy(moved)


def test_commands_run_in_the_environment(tmp_path):
    """`tools/bootstrap.py python …` is that environment's Python, with its exit status."""
    (tmp_path / "tools").mkdir()
    shutil.copy(SCRIPT, tmp_path / "tools")
    if os.name == "nt":
        pytest.skip("an environment without a real interpreter needs symbolic links")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    stamp = (
        "import sys; sys.path.insert(0, 'tools'); import bootstrap as b;"
        "b.stamp_path(b.ROOT).write_text(b.fingerprint(b.ROOT))"
    )
    subprocess.run([sys.executable, "-c", stamp], cwd=tmp_path, check=True)
    command = [sys.executable, "tools/bootstrap.py", "python", "-c", "raise SystemExit(7)"]
    assert subprocess.run(command, cwd=tmp_path).returncode == 7
    (tmp_path / "course_utils").mkdir()
    (tmp_path / "course_utils" / "publishing.py").write_text("import sys; print(sys.argv[1:])")
    command = [sys.executable, "tools/bootstrap.py", "run", "01"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == "['run', '01']"
