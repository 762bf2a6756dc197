"""What the tests of the interactive figures share: Node, Keras, stored references, and the checks that every figure passes."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from course_utils.interactives import base

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "course_utils" / "interactives"
NODE = shutil.which("node")
needs_node = pytest.mark.skipif(
    NODE is None, reason="no Node found: the browser tests compare the same numbers in Chromium"
)
AWAY = re.compile(r"https?://|import\(|\bfetch\(|localStorage|Math\.random|\bDate\b| id=")


def keras():
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras

    return keras


def in_node(module: str | Path, function: str, argument: object):
    """Run a JavaScript function of (module, argument) under Node; `module` is a figure's file or a path."""
    path = Path(module) if Path(module).is_absolute() else FOLDER / module
    script = (
        f"import * as m from {json.dumps(path.as_uri())}; import fs from 'node:fs';"
        f"console.log(JSON.stringify(({function})(m, JSON.parse(fs.readFileSync(0, 'utf8')))));"
    )
    done = subprocess.run(
        [NODE, "--input-type=module", "-e", script],
        input=json.dumps(argument),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def assert_parses(name: str, folder: Path) -> None:
    """The figure's joined script is JavaScript."""
    script = folder / "figure.mjs"
    script.write_text(base.bundle(name), encoding="utf-8")
    done = subprocess.run([NODE, "--check", str(script)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def assert_alone(make: Callable[[], base.Interactive], most: int) -> None:
    """The figure's output is small, repeatable, reaches for nothing outside, and teaches without its script."""
    first, second = make(), make()
    bundle = first._repr_mimebundle_()
    assert bundle == second._repr_mimebundle_()
    size = len(bundle["text/html"].encode())
    assert size <= most, f"{size} bytes"
    assert " id=" not in bundle["text/html"].split("<style>")[0]
    script = base.bundle(first.name)
    assert not AWAY.search(script)
    assert not re.search(r"^(import|export) ", script, flags=re.M)
    page = first.html().split("<script")[0]
    assert html.escape(first.alt) in page and 80 <= len(first.alt) <= 400
    assert len(first.lesson) >= 2 and all(html.escape(text) in page for text in first.lesson)


def assert_refused(call: Callable[[], object], error: type[Exception], parts: list[str]) -> None:
    """The call raises this error, and its message holds these parts: the argument, what came, what is allowed."""
    with pytest.raises(error) as caught:
        call()
    for part in parts:
        assert part in str(caught.value), (part, str(caught.value))


def head(source: str) -> str:
    """The first line of a stored reference."""
    return f"// Computed with {source}, which checks that it is still true.\nexport default "


def write_reference(path: Path, source: str, value: object) -> None:
    """Store what the Node tests compare with; `source` says what computed it, and where."""
    path.write_text(head(source) + json.dumps(value, separators=(",", ":")) + ";\n", encoding="utf-8")


def read_reference(path: Path, source: str):
    """Read a stored reference."""
    return json.loads(path.read_text(encoding="utf-8").removeprefix(head(source)).rstrip(";\n"))
