"""Killed, out of disk, offline, read-only, two at once, in a folder with a strange name: a clear end, nothing damaged."""

import contextlib
import errno
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib.metadata import distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

import numpy as np
import pytest

from course_utils import checkpoints
from course_utils.publishing import __main__ as command_line
from course_utils.publishing import assignments, book, desk, execution, files, fonts, notebooks, running
from course_utils.publishing.project import Problem, Project
from tests.conftest import SampleCourse

ROOT = Path(__file__).resolve().parents[2]
LECTURE = "99_samples"
COMMAND = [sys.executable, "-m", "course_utils.publishing"]
TOPICS = """\
sources: {"+": {short: "added"}}
example_claim: samples.few_mistakes
parts: [{number: I, title: Samples, lectures: [99, 99]}]
lectures:
  - name: 99_samples
    title: Samples
    about: what the net catches
    topics: [{topic: "Mistakes", from: "+", section: "Count the mistakes"}]
"""
# Several commands in one process, each with its status; `@words` is done here.
SEVERAL = """
import socket, sys
from course_utils.publishing import __main__ as command_line
for command in sys.argv[1:]:
    print("==", command, flush=True)
    if command == "@offline":
        try:
            socket.create_connection(("192.0.2.1", 80), timeout=2).close()
        except OSError as error:
            print(type(error).__name__, error)
    else:
        sys.stderr = sys.stdout
        print("status", command_line.main(command.split()))
"""
OFFLINE = """
import socket
def connect(self, address, before=socket.socket.connect):
    if self.family != socket.AF_UNIX and address[0] != "127.0.0.1":
        raise OSError(101, "Network is unreachable")
    return before(self, address)
socket.socket.connect = connect
"""


def surroundings(**more):
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | more


def call(command, folder, **more):
    """Run a command to its end; return its status and all that it said."""
    done = subprocess.run(
        command, cwd=folder, env=surroundings(**more), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )
    return done.returncode, done.stdout


def within(kind, setup, command):
    """A command in a namespace of its own, ``mount`` or ``net``: what is done there ends with it. None where that is not allowed."""
    enter = ["unshare", f"--{kind}", *([] if hasattr(os, "geteuid") and os.geteuid() == 0 else ["--map-root-user"])]
    with contextlib.suppress(OSError):
        test = "mount -t tmpfs tmpfs /mnt" if kind == "mount" else "true"
        if subprocess.run([*enter, "sh", "-c", test], capture_output=True).returncode == 0:
            return [*enter, "sh", "-ec", f'{setup}\nexec "$@"', "sh", *command]
    return None


def said_by(text):
    """Text of each command that `SEVERAL` ran."""
    parts = re.split(r"^== (.+)\n", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}


def add_book(root):
    """Make the sample course one that a book can be built from: a landing page and the lecture."""
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    marker = "    html_theme_options:\n"
    (root / "_config.yml").write_text(config.replace(marker, marker + "      repository_provider: github\n"), encoding="utf-8")
    for name in ("static", "extensions"):
        shutil.copytree(ROOT / "book" / name, root / "book" / name, ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    for name in ("cover.py", "references.bib"):
        shutil.copy(ROOT / "book" / name, root / "book" / name)
    (root / "book/index.md").write_text("# Samples\n\n```{include} generated/claims.md\n```\n", encoding="utf-8")
    part = "  - caption: Samples\n    chapters: [{glob: notebooks/99_*}]\n"
    (root / "book/_toc.yml").write_text(f"format: jb-book\nroot: index\nparts:\n{part}", encoding="utf-8")
    (root / "book/topics.yml").write_text(TOPICS, encoding="utf-8")


@pytest.fixture
def course(finished_course, tmp_path):
    """A copy of the finished sample with a small book, to be treated badly."""
    root = tmp_path / "course"
    shutil.copytree(finished_course.project.root, root, ignore=shutil.ignore_patterns("_build"))
    add_book(root)
    made = SampleCourse.__new__(SampleCourse)
    made.project = Project.at(root)
    return made


# Killed


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_the_stored_notebook_and_the_next_one_works(course, tmp_path):
    started, go = tmp_path / "started", tmp_path / "go"
    wait = f"import os, pathlib, time; pathlib.Path({str(started)!r}).write_text(str(os.getpid()))\n"
    wait += f"while not os.path.exists({str(go)!r}): time.sleep(0.1)\n"
    course.change({"mistakes = 1000 + 234": wait + "mistakes = 1000 + 234"})
    before = contents(course.project.notebooks)
    with tempfile.TemporaryDirectory(prefix="killed-") as place:
        surrounded = surroundings(TMPDIR=place)
        run = subprocess.Popen([*COMMAND, "run"], cwd=course.project.root, env=surrounded, stdout=subprocess.DEVNULL)
        until(lambda: started.is_file() and started.read_text())
        run.kill()
        run.wait()
        assert contents(course.project.notebooks) == before
        until(lambda: not is_alive(int(started.read_text())), "the kernel outlives the run")

    left = course.project.notebooks / f".{LECTURE}.ipynb.x1y2.part"  # as if it had been killed while it stored
    left.write_bytes(b"{")
    go.touch()
    assert course.run().startswith("99_samples: 14 code cells")
    assert set(contents(course.project.notebooks)) == set(before)


INTERRUPTED = """
import signal, sys
from course_utils.publishing import __main__ as command_line
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
sys.exit(command_line.main(["run"]))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="no such signal is sent there")
def test_a_run_that_is_interrupted_clears_up(course, tmp_path):
    """Two lectures are in a cell, each with a process of its own."""
    wait = "import os, pathlib, subprocess, time; child = subprocess.Popen(['sleep', '300'])\n"
    wait += "pathlib.Path({!r}).write_text(f'{{os.getpid()}} {{child.pid}}'); time.sleep(300)\n"
    started = [tmp_path / name for name in ("one", "two")]
    course.change({"mistakes = 1000 + 234": wait.format(str(started[0])) + "mistakes = 1000 + 234"})
    other = f"```{{code-cell}} ipython3\n{wait.format(str(started[1]))}```\n"
    (course.project.twins / "98_other.md").write_text(notebooks.stamp(other, course.project), encoding="utf-8")
    before = contents(course.project.notebooks)
    with tempfile.TemporaryDirectory(prefix="stopped-") as place:
        command, surrounded = [sys.executable, "-c", INTERRUPTED], surroundings(TMPDIR=place)
        run = subprocess.Popen(
            command, cwd=course.project.root, env=surrounded, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        )
        until(lambda: all(path.is_file() and path.read_text() for path in started))
        assert len(list(Path(place).glob("course-*"))) == 2
        run.send_signal(signal.SIGINT)
        time.sleep(0.5)
        run.send_signal(signal.SIGINT)  # somebody who can't wait
        said = run.communicate(timeout=180)[0]
        assert run.returncode == 130 and said.strip() == "stopped: what was finished is stored, the rest is as it was"
        assert not list(Path(place).iterdir())
    assert not [pid for path in started for pid in path.read_text().split() if is_alive(int(pid))]
    assert contents(course.project.notebooks) == before


@pytest.mark.skipif(os.name == "nt", reason="no such signal is sent there")
def test_a_run_that_waits_for_another_one_is_interrupted_at_once(course):
    course.change({"mistakes = 1000 + 234": "mistakes = 1200 + 34"})
    with files.only_one(course.project.build, LECTURE, ""):
        command = [sys.executable, "-c", INTERRUPTED]
        run = subprocess.Popen(command, cwd=course.project.root, env=surroundings(), stdout=subprocess.PIPE, encoding="utf-8")
        assert run.stdout.readline() == f"process {os.getpid()} runs {LECTURE} here; waiting for it to end\n"
        start = time.monotonic()
        run.send_signal(signal.SIGINT)
        assert run.communicate(timeout=180)[0].startswith("stopped") and run.returncode == 130
        assert time.monotonic() - start < running.PATIENCE


def test_a_write_that_is_killed_leaves_the_old_file(tmp_path):
    path = tmp_path / "kept.txt"
    files.write_text(path, "old")
    code = "import os, signal, sys; from course_utils.publishing import files\n"
    code += "with files.written_whole(sys.argv[1]) as file: file.write(b'x' * 100_000); file.flush(); os.kill(os.getpid(), signal.SIGTERM)"
    assert subprocess.run([sys.executable, "-c", code, str(path)], env=surroundings()).returncode != 0
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 2
    files.sweep(path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_old_pages_stay_until_the_new_ones_are_there(tmp_path, monkeypatch):
    new, place, aside = tmp_path / "new", tmp_path / "html", tmp_path / "old"
    for folder in (new, place):
        folder.mkdir()
        (folder / "index.html").write_text(folder.name)
    rename = os.rename

    def fail(source, target):
        if source == new:
            raise OSError(errno.ENOSPC, "full", str(target))
        rename(source, target)

    monkeypatch.setattr(files.os, "rename", fail)
    with pytest.raises(OSError, match="full"):
        files.put_folder(new, place, aside)
    assert (place / "index.html").read_text() == "html" and not aside.exists()
    monkeypatch.undo()
    files.put_folder(new, place, aside)
    assert (place / "index.html").read_text() == "new" and (aside / "index.html").read_text() == "html"


# Two at once


@pytest.mark.slow
def test_two_builds_at_once_make_one_whole_site(course):
    root = course.project.root
    left = root / "_build/book-killed/source"
    left.mkdir(parents=True)
    first = subprocess.Popen([*COMMAND, "book"], cwd=root, env=surroundings(), stdout=subprocess.PIPE, encoding="utf-8")
    lock = root / "_build/book.lock"
    until(lambda: lock.is_file() and lock.read_bytes())
    status, said = call([*COMMAND, "book"], root)
    told = first.communicate()[0]
    assert (first.returncode, status) == (0, 0), told + said
    assert said.startswith(f"process {first.pid} builds the book or the slides here; waiting for it to end\nUp to date.")
    assert told.startswith("Built in ")
    site = root / "_build/html"
    assert book.is_fresh(course.project, book.fingerprint(course.project, course.project.notebooks))
    for name in ("index.html", f"notebooks/{LECTURE}.html", f"slides/{LECTURE}.html", "_static/vendor/reveal/dist/reveal.js"):
        assert (site / name).is_file(), name
    assert not (site / "html").exists() and not list((root / "_build").glob("book-*"))


def test_a_second_run_waits_for_the_first(course, monkeypatch, capsys):
    """Both would run: the second finds the work of the first."""
    course.change({"mistakes = 1000 + 234": "mistakes = 1200 + 34"})
    code = "import sys, time; from pathlib import Path; from course_utils.publishing import files\n"
    code += f"with files.only_one(Path('_build'), {LECTURE!r}, ''): print(flush=True); time.sleep(0.7); Path('done').touch()"
    other = subprocess.Popen([sys.executable, "-c", code], cwd=course.project.root, env=surroundings(), stdout=subprocess.PIPE)
    other.stdout.readline()

    def run(notebook, **_):
        assert (course.project.root / "done").is_file(), "two runs at once"
        return execution.Run(notebook)

    monkeypatch.setattr(execution, "execute", run)
    assert course.run().startswith("99_samples: 0 code cells")
    assert capsys.readouterr().out == f"process {other.pid} runs 99_samples here; waiting for it to end\n"
    other.communicate()


def test_a_lock_of_a_dead_process_is_nobodys(tmp_path, capsys):
    code = "import sys, time; from pathlib import Path; from course_utils.publishing import files\n"
    code += "with files.only_one(Path(sys.argv[1]), 'x', ''): print(flush=True); time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], env=surroundings(), stdout=subprocess.PIPE)
    holder.stdout.readline()
    holder.kill()
    holder.communicate()
    assert (tmp_path / "x.lock").read_bytes() == f"process {holder.pid}".encode()
    with files.only_one(tmp_path, "x", "does it"):
        assert capsys.readouterr().out == "", "it waited"


@pytest.mark.skipif(os.name == "nt", reason="files are not inherited there")
def test_a_child_that_outlives_a_killed_build_keeps_the_lock(tmp_path, capsys):
    code = "import os, subprocess, sys; from pathlib import Path; from course_utils.publishing import files\n"
    code += "with files.only_one(Path(sys.argv[1]), 'x', '') as lock:\n"
    code += "    subprocess.Popen(['sleep', '1'], pass_fds=[lock.fileno()]); os.kill(os.getpid(), 9)"
    start = time.monotonic()
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], env=surroundings()).returncode == -signal.SIGKILL
    killed = time.monotonic()
    with files.only_one(tmp_path, "x", "does it"):
        assert time.monotonic() - start > 1 and time.monotonic() - killed > 0.3
    assert "does it here; waiting" in capsys.readouterr().out


def test_a_lock_that_was_cleared_away_is_made_anew(tmp_path, monkeypatch):
    lock = files._lock

    def cleared(file):
        monkeypatch.setattr(files, "_lock", lock)
        (tmp_path / "x.lock").unlink()
        return lock(file)

    if os.name != "nt":
        monkeypatch.setattr(files, "_lock", cleared)
    with files.only_one(tmp_path, "x", "does it"):
        assert (tmp_path / "x.lock").read_bytes() == f"process {os.getpid()}".encode()


@pytest.mark.skipif(os.name == "nt", reason="a file that is open stays there")
def test_what_was_built_is_not_cleared_away_from_somebody_who_builds(sample_course, monkeypatch, capsys):
    """A build begins while the old one is removed: it waits, and then has a folder of its own."""
    project, rmtree, others = sample_course().project, shutil.rmtree, []
    code = "import time; from pathlib import Path; from course_utils.publishing import files\n"
    code += "with files.building(Path('_build')): time.sleep(0.5); Path('_build/new').mkdir(); print('built')"

    def slowly(folder):
        if Path(folder).name == "html":
            command = [sys.executable, "-c", code]
            others.append(subprocess.Popen(command, cwd=project.root, env=surroundings(), stdout=subprocess.PIPE, encoding="utf-8"))
            assert others[0].stdout.readline() == f"process {os.getpid()} builds the book or the slides here; waiting for it to end\n"
        rmtree(folder)

    (project.build / "html").mkdir(parents=True)
    (project.build / "book.log").touch()
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(desk.shutil, "rmtree", slowly)
    assert command_line.main(["clean"]) == 0
    assert capsys.readouterr().out in ("removed _build\n", "emptied _build\n")
    assert others[0].communicate() == ("built\n", None) and others[0].returncode == 0
    assert sorted(path.name for path in project.build.iterdir()) == ["book.lock", "new"]
    with files.building(project.build):
        assert capsys.readouterr().out == "", "it waited"


@pytest.mark.slow
def test_clean_and_a_build_wait_for_the_same_one(sample_course):
    """Whoever is first: both end well, and what the build made is whole or cleared away."""
    project = sample_course().project
    code = "from pathlib import Path; from course_utils.publishing import files\n"
    code += "with files.building(Path('_build')):\n"
    code += "    for number in range(500): (place := Path('_build/new') / str(number)).mkdir(parents=True); (place / 'a').touch()\n"
    for _ in range(3):
        with files.building(project.build):
            both = [
                subprocess.Popen(command, cwd=project.root, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8")
                for command in ([*COMMAND, "clean"], [sys.executable, "-c", code])
            ]
            assert all("waiting for it to end" in process.stdout.readline() for process in both)
        said = [process.communicate()[0] for process in both]
        assert [process.returncode for process in both] == [0, 0], said
        assert len(list(project.build.glob("new/*/a"))) in (0, 500)
        shutil.rmtree(project.build, ignore_errors=True)


@pytest.mark.skipif(os.name == "nt", reason="locks are made in another way there")
def test_a_disk_without_locks_does_no_harm(tmp_path, monkeypatch):
    import fcntl

    def none(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with files.only_one(tmp_path, "x", "does it"):
        pass
    with bootstrap().only_one(tmp_path):
        pass


# A full disk


def test_a_full_disk_is_named_and_what_was_stored_stays(course, tmp_path):
    """A real one, of 1 MB."""
    disk, out = tmp_path / "disk", tmp_path / "out"
    disk.mkdir()
    course.change({"Ask for a guess.": "Ask for two guesses."})  # to be stored without a kernel
    before = contents(course.project.notebooks)
    setup = f"""
        mount -t tmpfs -o size=1m tmpfs '{disk}'; cp -r '{course.project.root}/.' '{disk}'; cd '{disk}'
        dd if=/dev/zero of=fill bs=4k count=999 2>/dev/null || true
        truncate -s -8k fill
    """
    keep = ["sh", "-c", f'"$@"; cp -r \'{disk}\' \'{out}\'', "sh"]
    command = within("mount", setup, [*keep, sys.executable, "-c", SEVERAL, "run", "assignments", "slides", "book"])
    if command is None:
        pytest.skip("no disk can be mounted here; the next test stands in for it")
    status, text = call(command, tmp_path)
    said = said_by(text)
    assert status == 0 and "Traceback" not in text, text
    assert f"99_samples: not stored. the disk is full: {disk}/notebooks/99_samples.ipynb can't be written" in said["run"]
    assert "Their stored notebooks were left as they were" in said["run"]
    assert f"assignments: the disk is full: {disk}/_build/assignments/99_samples.ipynb can't be written" in said["assignments"]
    assert f"slides: the disk is full: {disk}/_build/html/_static/vendor/" in said["slides"]
    assert f"book: the disk is full: {disk}/_build/book" in said["book"]
    assert all("make room and run this again" in each and "status 1" in each for each in said.values())
    assert contents(out / "notebooks") == before
    found = contents(out / "_build")
    assert not [name for name in found if name.endswith(".part") or name.startswith("book-")]
    whole = contents(distribution("sphinx-mathjax-offline").locate_file("sphinx-mathjax-offline/static/mathjax"))
    copied = {name.partition("/mathjax/")[2]: data for name, data in found.items() if "/mathjax/" in name}
    assert copied.items() <= whole.items(), "cut off"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_at_the_last_moment(course, monkeypatch, capsys, number):
    def full(_):
        raise OSError(number, os.strerror(number))

    course.change({"Ask for a guess.": "Ask for two guesses."})
    before = contents(course.project.notebooks)
    monkeypatch.chdir(course.project.root)
    with monkeypatch.context() as patch:
        patch.setattr(files.os, "fsync", full)
        assert command_line.main(["run"]) == 1
    place = course.project.notebook(LECTURE)
    assert f"99_samples: not stored. the disk is full: {place} can't be written. What was stored" in capsys.readouterr().out
    assert contents(course.project.notebooks) == before
    assert command_line.main(["run"]) == 0
    assert "words changed, outputs kept" in capsys.readouterr().out


def test_a_disk_that_is_full_while_sphinx_writes_is_no_fault_of_the_book(course, monkeypatch):
    def sphinx(*_, **options):
        if os.name != "nt":
            (inherited,) = options["pass_fds"]
            assert os.path.samestat(os.fstat(inherited), os.stat(course.project.build / "book.lock"))
        output = "WARNING: something\nOSError: [Errno 28] No space left on device\n"
        return subprocess.CompletedProcess([], 1, output, "")

    monkeypatch.setattr(book, "stage", lambda project, notebooks, target: target.mkdir())
    monkeypatch.setattr(book.subprocess, "run", sphinx)
    with pytest.raises(Problem, match="the disk is full: .*_build can't be written"):
        book.build(course.project)
    assert not (course.project.build / "html").exists() and not list(course.project.build.glob("book-*"))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_table_of_grades_that_cannot_be_stored_is_shown(monkeypatch, capsys):
    monkeypatch.setattr(assignments, "grade_class", lambda *_, **__: (["notebook", "right"], [["ada.ipynb", "5"]]))
    assert command_line.main(["assignments", "--grade", "class", "--output", "/dev/full"]) == 1
    said = capsys.readouterr()
    assert said.out.splitlines() == ["notebook,right", "ada.ipynb,5"] and "the disk is full" in said.err


def test_a_system_without_room_for_temporary_files_is_explained():
    error = FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp', '/var/tmp']")
    assert "set TMPDIR" in str(files.explained(error))
    assert files.explained(FileNotFoundError(errno.ENOENT, "gone", "x")) is None, "its traceback is wanted"
    assert files.explained(shutil.Error([("a", "b", "[Errno 2] gone: 'a'")])) is None


# A read-only checkout


def test_a_read_only_checkout_says_so_and_shows_what_is_there(course, tmp_path):
    """A real one. What needs no writing works; nothing runs for minutes and is lost then."""
    root = course.project.root
    before = contents(root)
    commands = ["run", "run --all", "assignments", "slides", "book", "robust", "new-lecture 98_more", "clean"]
    setup = f"mount --bind '{root}' '{root}'; mount -o remount,ro,bind '{root}'; cd '{root}'"
    shutil.copytree(ROOT / "tools", root / "tools", ignore=shutil.ignore_patterns("__pycache__"))
    both = ["sh", "-c", '"$@"; echo "== bootstrap"; "$3" -B tools/bootstrap.py 2>&1; echo status $?', "sh"]
    command = within("mount", setup, [*both, "env", "--", sys.executable, "-c", SEVERAL, *commands])
    if command is None:
        pytest.skip("no disk can be mounted here; the next test stands in for it")
    status, text = call(command, tmp_path)
    assert status == 0 and "Traceback" not in text, text
    said = said_by(text)
    assert said.pop("run") == "99_samples: up to date\nstatus 0\n" and said.pop("clean") == "status 0\n"
    assert "can't be written: the disk is read-only; copy the course" in said.pop("bootstrap")
    for name, each in said.items():
        assert "the disk is read-only: " in each and str(root) in each and "status 1" in each, name
    shutil.rmtree(root / "tools")
    assert contents(root) == before


@pytest.mark.parametrize(("number", "why"), [(errno.EROFS, "the disk is read-only: "), (errno.EACCES, "no permission for ")])
def test_a_folder_of_somebody_else_is_named(course, monkeypatch, capsys, number, why):
    def refuse(path, *_, **__):
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.chdir(course.project.root)
    monkeypatch.setattr(Path, "mkdir", refuse)
    for command in ("assignments", "book", "slides"):
        assert command_line.main([command]) == 1
        said = capsys.readouterr().err
        assert said.startswith(f"{command}: {why}{course.project.build}") and "Copy the course to a folder of your own" in said


@pytest.mark.parametrize(("number", "why"), [
    (errno.EROFS, "read-only"), (errno.EACCES, "somebody else"), (errno.ENOSPC, "disk is full"),
])  # fmt: skip
def test_an_environment_that_cannot_be_made_is_explained(monkeypatch, capsys, number, why):
    module = bootstrap()

    def refuse(root):
        raise OSError(number, os.strerror(number), str(root / "_build"))

    monkeypatch.setattr(module, "bootstrap", refuse)
    before = signal.getsignal(signal.SIGTERM)
    try:
        assert module.main([]) == 1
    finally:
        signal.signal(signal.SIGTERM, before)
    assert why in (said := capsys.readouterr().err) and "_build can't be written" in said


# No network, and a folder with a blank and an umlaut in its name


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """What every command says in a folder "Kurs für alle", without a network."""
    folder = tmp_path_factory.mktemp("elsewhere")
    root = folder / "Kurs für alle"
    SampleCourse(root)
    add_book(root)
    command, more = [sys.executable, "-c", SEVERAL, "@offline", "run", "book", "slides", "assignments"], {}
    if (alone := within("net", "", command)) is None:
        (folder / "sitecustomize.py").write_text(OFFLINE)
        alone, more = command, {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)])}
    status, text = call(alone, root, **more)
    assert status == 0, text
    return root, said_by(text)


@pytest.mark.slow
def test_without_a_network_everything_works(elsewhere):
    _, said = elsewhere
    assert "unreachable" in said.pop("@offline"), "there was a network"
    assert all(each.endswith("status 0\n") for each in said.values()), said


@pytest.mark.slow
def test_a_path_with_a_blank_and_an_umlaut_is_one_path(elsewhere):
    root, said = elsewhere
    assert "99_samples: 14 code cells" in said["run"] and "not accept" not in said["run"]
    addresses = re.findall(r"file://\S+", said["book"] + said["slides"])
    assert len(addresses) == 3 and all(Path(unquote(urlsplit(each).path)).is_file() for each in addresses)
    if os.name != "nt":
        command = shlex.split(said["book"].partition("or serve it:")[2].splitlines()[0])
        assert Path(command[command.index("--directory") + 1], "index.html").is_file()
    assert (root / "_build/assignments/99_samples.ipynb").is_file()
    assert sorted(path.name for path in root.parent.iterdir() if path.suffix != ".py") == ["Kurs für alle"]


# A damaged file. More on checkpoints in test_checkpoints.py; kept data: test_datasets_docstrings.py, test_datasets.py.


def test_a_checkpoint_with_one_wrong_byte_is_refused_or_the_same(tmp_path):
    weights = {"kernel": np.arange(6.0).reshape(2, 3), "bias": np.ones(3)}
    path = checkpoints.save(tmp_path / "some", weights, score={"x": 1.0}, seed=0, script="s", steps=1)
    whole, right, refused = path.read_bytes(), checkpoints.load(path), 0
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        try:
            found = checkpoints.load(path)
        except checkpoints.CheckpointError:
            refused += 1
            continue
        assert found.record == right.record and list(found.weights) == list(right.weights), place
        assert all((found.weights[name] == right.weights[name]).all() for name in right.weights), place
    assert refused > len(whole) / 2


@pytest.mark.parametrize("damage", ["cut", "empty", "conflict", "another JSON", "bytes"])
def test_a_damaged_notebook_is_made_anew(course, monkeypatch, damage):
    path = course.project.notebook(LECTURE)
    whole = path.read_bytes()
    broken = {
        "cut": whole[: len(whole) // 2], "empty": b"", "conflict": b"<<<<<<< HEAD\n" + whole,
        "another JSON": json.dumps({"cells": [1], "nbformat": 4, "nbformat_minor": 5}).encode(), "bytes": b"\xff\xfe\x00",
    }  # fmt: skip
    path.write_bytes(broken[damage])
    with pytest.raises(Problem, match=r"99_samples.ipynb is damaged \(.+\)"):
        notebooks.read_notebook(path)
    assert path.read_bytes() == broken[damage]
    monkeypatch.setattr(execution, "execute", lambda notebook, **_: execution.Run(notebook))
    assert course.run().startswith("99_samples: 0 code cells")
    assert notebooks.is_current(course.project, LECTURE)


def test_a_damaged_notebook_is_named(course, monkeypatch, capsys):
    path = course.project.notebook(LECTURE)
    path.write_bytes(path.read_bytes()[:5000])
    monkeypatch.setattr(fonts, "_write_subset", lambda source, place, family: place.touch())  # slow, and not looked at here
    monkeypatch.chdir(course.project.root)
    for command in ("book", "slides", "assignments"):
        assert command_line.main([command]) == 1
        said = capsys.readouterr().err
        assert f"{path} is damaged (" in said and "make run LECTURE=99" in said and "git checkout" in said


def until(happened, why="it did not happen"):
    end = time.monotonic() + 180  # a busy machine
    while not happened():
        assert time.monotonic() < end, why
        time.sleep(0.05)


def is_alive(pid):
    import psutil

    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def bootstrap():
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", ROOT / "tools/bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
