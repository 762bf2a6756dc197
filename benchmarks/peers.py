"""Make `.venv-peers`, the environment of the libraries that we compare with.

It holds the group `peers` of pyproject.toml and nothing else, so that the course's own environment and
its lock stay free of a second large framework. The peers may need another Python than the course.
"""

import argparse
import shutil
import subprocess
import sys
import tomllib

from benchmarks.harness import PEERS, ROOT


def requirements():
    """What the group `peers` asks for."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)["project"]["optional-dependencies"]["peers"]


def starts(python):
    """Tell whether an interpreter is there and runs."""
    found = shutil.which(python)
    return bool(found) and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0


def main(argv=None):
    """Make .venv-peers for the benchmarks, in place of an old one.

    PyTorch for Linux brings several gigabytes for graphics cards along. If you have its build for
    processors as a file or on an index of your own, name that to pip first (PIP_FIND_LINKS,
    PIP_EXTRA_INDEX_URL): it is preferred then.
    """
    base = getattr(sys, "_base_executable", None) or sys.executable
    default = "python3.11" if starts("python3.11") else base  # the oldest of ours: every peer has packages for it
    parser = argparse.ArgumentParser(
        prog="bench-peers", description=main.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("python", nargs="?", default=default, help=f"interpreter to use (default {default})")
    python = parser.parse_args(argv).python
    if not starts(python):
        parser.error(f"{python} does not start: name an interpreter")
    wanted = requirements()
    print(f"Making .venv-peers with {python}: {', '.join(wanted)}", flush=True)
    inside = PEERS / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    commands = (
        [shutil.which(python), "-m", "venv", "--clear", str(PEERS)],
        [str(inside), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", *wanted],
    )
    for command in commands:
        if status := subprocess.run(command, cwd=ROOT).returncode:
            shutil.rmtree(PEERS, ignore_errors=True)
            print(f"bench-peers: `{' '.join(command[1:5])} …` failed; its message is above.", file=sys.stderr)
            return status
    print("ready: `make bench`")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
