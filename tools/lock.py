#!/usr/bin/env python3
"""Resolve `requirements.lock` anew from `pyproject.toml`: versions and hashes, no addresses.

    python tools/lock.py              keep the locked versions that still fit
    python tools/lock.py --upgrade    take the newest versions that fit

One lock serves Python 3.11 to 3.13 on Linux, macOS and Windows: where they need different
versions, a marker says which. The resolver is uv; if it is not on the path, it is installed
into a folder of its own that is thrown away afterwards.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
# Every optional group but `peers`, which has an environment of its own.
GROUPS = ("lab", "build", "test", "cluster")
RESOLVE = (
    "pip compile --universal --python-version 3.11 --generate-hashes "
    "--no-emit-index-url --no-annotate --no-header pyproject.toml"
).split() + [f"--extra={group}" for group in GROUPS]


def uv_in(folder: Path) -> str:
    """Install uv into a new environment in `folder` and return its path."""
    venv.create(folder, with_pip=True)
    scripts = folder / ("Scripts" if os.name == "nt" else "bin")
    subprocess.run([str(scripts / "python"), "-m", "pip", "install", "--quiet", "uv"], check=True)
    return str(scripts / "uv")


def main(arguments: list[str]) -> int:
    """Write the lock and say what changed."""
    if arguments not in ([], ["--upgrade"]):
        print(__doc__)
        return 0 if arguments in (["-h"], ["--help"]) else 2
    from course_utils._writing import written_whole

    lock = ROOT / "requirements.lock"
    before = set(pins(lock))
    with tempfile.TemporaryDirectory() as folder:
        uv = shutil.which("uv") or uv_in(Path(folder) / "uv")
        new = Path(folder) / lock.name
        if lock.exists():
            shutil.copyfile(lock, new)  # uv keeps the versions that it finds there
        command = [uv, *RESOLVE, *arguments, "--quiet", "-o", str(new)]
        status = subprocess.run(command, cwd=ROOT).returncode
        if status:
            return status
        content = new.read_bytes()
    if b"://" in content:
        print("requirements.lock would hold an address; it may hold only versions and hashes.", file=sys.stderr)
        return 1
    with written_whole(lock, durable=True) as file:
        file.write(content)
    after = set(pins(lock))
    for line in sorted(before - after):
        print(f"- {line}")
    for line in sorted(after - before):
        print(f"+ {line}")
    print(f"requirements.lock: {len(after)} entries, {len(after - before)} new")
    return 0


def pins(lock: Path) -> list[str]:
    """Return the lines of the lock that name a version."""
    if not lock.exists():
        return []
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line.rstrip(" \\") for line in lines if line[:1].isalnum()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
