"""Importing the shared modules is cheap and drags nothing heavy along."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_MODULES = 12
MODULES = sorted(
    path.stem
    for path in (ROOT / "course_utils").iterdir()
    if not path.name.startswith("_") and (path.suffix == ".py" or (path / "__init__.py").is_file())
)
PARTS = ("networks.recurrent", "networks.transformers", "networks.vision", "text.snippets")
HEAVY = {"tensorflow", "keras", "matplotlib", "scipy", "sklearn", "IPython", "tqdm", "PIL", "pandas"}
LONGEST_IMPORT = 0.3  # seconds of the processor: others use this machine too
PROBE = """
import json, sys, time
start = time.process_time()
import course_utils
{imports}
print(json.dumps([time.process_time() - start, sorted({{name.partition(".")[0] for name in sys.modules}})]))
"""


def run(code):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize(
    "imports",
    ["", "; ".join(f"import course_utils.{module}" for module in (*MODULES, *PARTS))],
    ids=["package", "all"],
)
def test_import_is_fast_and_light(imports):
    runs = [run(PROBE.format(imports=imports)) for _ in range(6)]
    assert min(seconds for seconds, _ in runs) <= LONGEST_IMPORT
    assert HEAVY.isdisjoint(runs[0][1])


def test_networks_loads_none_of_its_parts():
    _, names = run(PROBE.format(imports="import course_utils.networks").replace('.partition(".")[0]', ""))
    assert [name for name in names if name.startswith("course_utils.")] == ["course_utils.networks"]


def test_there_are_at_most_twelve_modules():
    assert 0 < len(MODULES) <= MOST_MODULES


@pytest.mark.parametrize("page", ["README.md", "book/contributing.md"])
def test_the_table_of_modules_names_them_all(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    [table] = re.findall(r"^\| module \|.+\|\n\|[-|: ]+\|\n((?:\|.+\|\n)+)", text, re.M)
    rows = re.findall(r"^\| `(\w+)` \| (\S.*) \|$", table, re.M)
    assert len(rows) == len(table.splitlines())
    assert [name for name, _ in rows] == MODULES


def test_modules_stay_short():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "course_utils").rglob("*.py")
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > 300
    }
    assert not long


def test_version_is_that_of_the_project():
    import tomllib

    import course_utils

    written = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    try:
        assert course_utils.__version__ == written
    except ImportError:
        pytest.skip("the package is not installed here")
    with pytest.raises(AttributeError, match="nonsense"):
        _ = course_utils.nonsense
