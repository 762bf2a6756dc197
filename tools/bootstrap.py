#!/usr/bin/env python3
"""Make the course's environment in `.venv`, then run one of the course's commands in it.

    python tools/bootstrap.py                      install, or do nothing if all is there
    python tools/bootstrap.py book                 install, then build the book
    python tools/bootstrap.py python -m pytest     install, then run that environment's Python

Needs nothing but Python. The versions and hashes come from `requirements.lock`. Byte code is
always compiled, whatever PYTHONDONTWRITEBYTECODE says: without it every start of TensorFlow
takes three to four times as long. A stamp makes the second call cheap; an install that was
interrupted leaves a mark and is done again from the start.

This file must be readable by an old Python, so that the old Python can say that it is too old.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST, NEWEST = (3, 11), (3, 13)  # what the lock has been resolved and tested for
NEEDED_BYTES = 4 * 1024**3  # the finished environment takes about 3 GB
NETWORK_TROUBLE = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "ProxyError",
    "Network is unreachable",
    "Connection refused",
    "Connection reset",
    "Temporary failure in name resolution",
)
WHY = {
    errno.ENOSPC: "the disk is full, the environment takes about 3 GB",
    errno.EROFS: "the disk is read-only; copy the course to a folder of your own",
    errno.EACCES: "it belongs to somebody else; copy the course to a folder of your own",
    errno.EPERM: "it belongs to somebody else; copy the course to a folder of your own",
}


class SetupFailed(Exception):
    """The environment could not be made; the message tells the reader what to do."""


def environment_python(root: Path) -> Path:
    """Return the path of the interpreter inside the environment of the checkout at `root`."""
    return root / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def fingerprint(root: Path) -> str:
    """Return a hash of all that decides what the environment has to hold.

    The lock, the project's metadata, the Python behind the environment, and the folder: scripts
    inside an environment hold its absolute path, so a moved one is made anew.
    """
    digest = hashlib.sha256(f"{root}\0{os.path.realpath(environment_python(root))}\0".encode())
    for name in ("requirements.lock", "pyproject.toml", ".venv/pyvenv.cfg"):
        path = root / name
        digest.update(path.read_bytes() if path.exists() else b"missing")
        digest.update(b"\0")
    return digest.hexdigest()


def stamp_path(root: Path) -> Path:
    """Return the file that says for which lock and which Python the environment is complete."""
    return root / ".venv" / "course-stamp"


def unfinished_path(root: Path) -> Path:
    """Return the file that exists only while an install is under way."""
    return root / ".venv" / "course-unfinished"


def is_ready(root: Path) -> bool:
    """Tell whether the environment is complete, without starting its interpreter."""
    try:
        stamp = stamp_path(root).read_text(encoding="utf-8")
    except OSError:
        return False
    unfinished = unfinished_path(root).exists()
    return not unfinished and environment_python(root).exists() and stamp == fingerprint(root)


def version_of(python: str) -> tuple[int, int] | None:
    """Return (major, minor) of an interpreter, or None if it does not start."""
    ask = "import sys; print(*sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-c", ask], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60
        )
        major, minor = answer.stdout.split()
        return int(major), int(minor)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def candidates() -> list[str]:
    """List interpreters to try when the one that runs this file does not fit."""
    found = []
    for minor in (12, 13, 11):
        found.append(shutil.which(f"python3.{minor}"))
        pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
        found += [str(path / "bin" / "python") for path in pyenv.glob(f"3.{minor}.*")]
        if os.name == "nt" and shutil.which("py"):
            ask = ["py", f"-3.{minor}", "-c", "import sys; print(sys.executable)"]
            answer = subprocess.run(ask, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            found.append(answer.stdout.decode(errors="replace").strip())
    return [python for python in found if python]


def choose_python() -> str:
    """Return an interpreter that the lock is made for: this one if it fits."""
    # An environment made from another environment breaks when that one goes: take the base.
    base = getattr(sys, "_base_executable", None) or sys.executable
    if OLDEST <= sys.version_info[:2] <= NEWEST and version_of(base):
        return base
    for python in candidates():
        if OLDEST <= (version_of(python) or (0, 0)) <= NEWEST:
            return python
    here = ".".join(map(str, sys.version_info[:3]))
    wanted = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    raise SetupFailed(
        f"The course runs on Python {wanted}; this is Python {here}, and no other was found.\n"
        "Install one of them and call it by name, for example:  make book PYTHON=python3.12\n"
        "(Windows:  py -3.12 tools\\bootstrap.py book)"
    )


def is_healthy(root: Path) -> bool:
    """Tell whether the environment's interpreter starts, fits and belongs to this folder."""
    python = environment_python(root)
    ask = (
        "import sys, os, pip; assert os.path.samefile(sys.prefix, sys.argv[1]);"
        "print(*sys.version_info[:2])"
    )
    try:
        answer = subprocess.run(
            [str(python), "-c", ask, str(root / ".venv")],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        major, minor = answer.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    # `pip` itself holds the folder in its first line: it shows whether the checkout was moved.
    script = python.with_name("pip.exe" if os.name == "nt" else "pip")
    moved = script.exists() and str(root / ".venv").encode() not in script.read_bytes()
    return OLDEST <= (int(major), int(minor)) <= NEWEST and not moved


@contextlib.contextmanager
def only_one(root: Path):
    """Let one process at a time install; the system frees the lock when that process ends."""
    (root / "_build").mkdir(exist_ok=True)
    with open(root / "_build" / "bootstrap.lock", "a+b") as file:
        waiting = False
        while True:
            try:
                if os.name == "nt":
                    import msvcrt

                    file.seek(0)
                    msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
                else:
                    import fcntl

                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError as error:
                if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                    break  # a disk of the network that knows no locks: go on without one
                if not waiting:
                    say("Another command is installing the environment; waiting for it.")
                waiting = True
                time.sleep(1)
        yield


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def run_visibly(command: list[str], what: str) -> tuple[int, str]:
    """Run a command; show its progress bars, or a sign of life where there is no terminal.

    Returns
    -------
    tuple of (int, str)
        Exit status, and what the command wrote to standard error.
    """
    terminal = sys.stdout.isatty()
    start = time.monotonic()
    process = subprocess.Popen(
        command if terminal else [*command, "--quiet"],
        stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    heard: list[str] = []

    def listen() -> None:
        for line in process.stderr:
            heard.append(line)
            if terminal:
                sys.stderr.write(line)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    try:
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
                break
            if not terminal:
                say(f"  … {what}: {time.monotonic() - start:.0f} s")
    except BaseException:
        process.terminate()
        raise
    listener.join()
    if process.returncode and not terminal:
        sys.stderr.write("".join(heard[-30:]))
    return process.returncode, "".join(heard)


def pip(root: Path, *arguments: str, what: str) -> None:
    """Run the environment's pip; turn its failure into a sentence."""
    command = [str(environment_python(root)), "-m", "pip", "--disable-pip-version-check", *arguments]
    status, heard = run_visibly(command, what)
    if status == 0:
        return
    if any(sign in heard for sign in NETWORK_TROUBLE):
        raise SetupFailed(
            "The package index could not be reached. The first installation downloads about 0.8 GB:\n"
            "check the connection (behind a proxy: set HTTPS_PROXY) and run the command again.\n"
            "What has been downloaded is kept."
        )
    if "No space left" in heard or "not enough space" in heard:
        raise SetupFailed("The disk is full: the environment takes about 3 GB.")
    raise SetupFailed(f"pip stopped with status {status} while {what}; its message is above.")


def create(root: Path) -> None:
    """Create an empty environment, in place of a broken one."""
    python = choose_python()
    venv = root / ".venv"
    if venv.is_symlink():
        venv.unlink()
    elif venv.exists():
        say("Removing .venv: it is damaged, unfinished, moved, or of another Python.")
        shutil.rmtree(venv)
    free = shutil.disk_usage(root).free
    if free < NEEDED_BYTES:
        raise SetupFailed(
            f"The environment takes about 3 GB; {free / 1024**3:.1f} GB are free at {root}."
        )
    say(f"Creating .venv with {python}")
    made = subprocess.run([python, "-m", "venv", str(venv)])
    if made.returncode != 0:
        shutil.rmtree(venv, ignore_errors=True)
        raise SetupFailed(
            "Python's own `venv` module failed; its message is above.\n"
            "On Debian and Ubuntu it is a package of its own:  sudo apt install python3-venv"
        )


def install(root: Path) -> None:
    """Bring the environment into the state that the lock describes."""
    start = time.monotonic()
    fresh = unfinished_path(root).exists() or not is_healthy(root)
    if fresh:
        create(root)
    unfinished_path(root).write_text("An install is under way, or was interrupted.\n", encoding="utf-8")
    with contextlib.suppress(OSError):
        stamp_path(root).unlink()

    if fresh:
        say("Installing the packages of requirements.lock (once; about 0.8 GB to download)")
    else:
        say("Bringing .venv up to date with requirements.lock")
    # The lock is complete (a test asks `pip check`), so nothing is left to resolve.
    # Compiling is left to compileall, which uses every core.
    lock = str(root / "requirements.lock")
    pip(
        root, "install", "--require-hashes", "--no-deps", "--no-compile", "-r", lock,
        what="installing the packages",
    )  # fmt: skip
    pip(
        root, "install", "--no-deps", "--no-build-isolation", "--no-compile", "--editable", str(root),
        what="installing the course",
    )  # fmt: skip
    installed = time.monotonic()

    say("Compiling byte code, so that every later start is quick")
    compile_all(root)
    stamp_path(root).write_text(fingerprint(root), encoding="utf-8")
    unfinished_path(root).unlink()
    done = time.monotonic()
    say(f"Environment ready: {installed - start:.0f} s to install, {done - installed:.0f} s to compile.")


def compile_all(root: Path) -> None:
    """Compile every installed module, on all cores.

    A few packages ship files that are no valid Python on purpose (templates, tests of parsers):
    they are passed over in silence.
    """
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    python = str(environment_python(root))
    folder = subprocess.run([python, "-c", ask], stdout=subprocess.PIPE, check=True).stdout.decode().strip()
    command = [python, "-m", "compileall", "-q", "-q", "-j", "0", folder]
    subprocess.run(command, check=False, env={**os.environ, "PYTHONWARNINGS": "ignore"})


def bootstrap(root: Path) -> None:
    """Make the environment if it is missing, out of date or broken."""
    if is_ready(root):
        return
    with only_one(root):
        if not is_ready(root):  # the one we waited for may have done it
            install(root)


def forward(root: Path, arguments: list[str]) -> int:
    """Run one of the course's commands, or any `python …`, in the environment."""
    python = str(environment_python(root))
    if arguments[0] == "python":
        command = [python, *arguments[1:]]
    else:
        command = [python, "-m", "course_utils.publishing", *arguments]
    if os.name != "nt":
        sys.stdout.flush()
        os.execv(python, command)  # signals and the exit status need no go-between
    process = subprocess.Popen(command)
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # Ctrl-C reaches the command too; let it end in its own way


def main(arguments: list[str]) -> int:
    """Install, then run the command that was asked for."""
    if arguments and arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    try:
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # stop pip too
        bootstrap(ROOT)
    except SetupFailed as problem:
        print(f"\n{problem}", file=sys.stderr)
        return 1
    except OSError as error:
        if error.errno not in WHY:
            raise
        print(f"\n{error.filename or ROOT} can't be written: {WHY[error.errno]}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The next call starts the installation anew.", file=sys.stderr)
        return 130
    return forward(ROOT, arguments) if arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
