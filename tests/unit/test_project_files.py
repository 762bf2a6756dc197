"""The files around the course say what is true: README, Makefile, licences, citation, CI."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = {
    "book", "test", "lab", "run", "slides", "assignments", "robust", "mutants", "bench", "bench-peers", "colab", "new-lecture",
    "env", "lock", "stamp", "clean", "help",
}  # fmt: skip


def read(name):
    return (ROOT / name).read_text(encoding="utf-8")


def project():
    return tomllib.loads(read("pyproject.toml"))["project"]


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def make(*words):
    """Call make as from a fresh shell, also where `make test` runs these tests."""
    inherited = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
    clean = {name: value for name, value in os.environ.items() if name not in inherited}
    return subprocess.run(["make", *words], cwd=ROOT, env=clean, capture_output=True, text=True, check=True).stdout


def makefile_targets():
    return dict(re.findall(r"^([a-z-]+):.*## (.+)$", read("Makefile"), flags=re.MULTILINE))


# The address and the version


def tool(name):
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def stamp():
    return tool("stamp")


def test_address_and_version_are_stamped_from_pyproject():
    module = stamp()
    for name in module.STAMPED:
        text = read(name)
        assert text == module.stamped(text, project()["urls"]["Repository"], project()["version"]), (
            f"{name} is not up to date: run `make stamp`"
        )


def test_a_new_address_reaches_every_link_and_comes_back():
    module = stamp()
    old, version = project()["urls"]["Repository"], project()["version"]
    owner, name = old.split("/")[-2:]
    for file in module.STAMPED:
        text = read(file)
        new = module.stamped(text, "https://github.com/some-one/other.name", "9.8")
        assert owner not in new.replace("deep-learning-measured @", "")
        assert f"/{name}/" not in new and f"/{name}." not in new
        assert module.stamped(new, old, version) == text
    with pytest.raises(ValueError, match="must be https://github.com/OWNER/NAME"):
        module.stamped("", "https://example.org/x", "1")


def test_a_stamp_that_cannot_be_written_leaves_the_file(tmp_path, monkeypatch):
    module = stamp()
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name in module.STAMPED:
        (tmp_path / name).write_bytes(b"version: 0\n")

    def fail(*_):
        raise OSError("disk full")

    with monkeypatch.context() as full, pytest.raises(OSError, match="disk full"):
        full.setattr(os, "replace", fail)
        module.main(tmp_path)
    assert {(tmp_path / name).read_bytes() for name in module.STAMPED} == {b"version: 0\n"}
    assert len(list(tmp_path.iterdir())) == 1 + len(module.STAMPED)
    assert module.main(tmp_path) == 0
    assert {(tmp_path / name).read_text() for name in module.STAMPED} == {f"version: {project()['version']}\n"}


def test_the_address_stands_in_no_other_source():
    address = project()["urls"]["Repository"].removeprefix("https://")
    allowed = {"pyproject.toml", *stamp().STAMPED}
    found = []
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if name in allowed or name.startswith("notebooks/") or path.suffix in (".png", ".woff2", ".npz"):
            continue  # notebooks' first cells are stamped by `make run` and tested with the notebooks
        if address in path.read_text(encoding="utf-8", errors="replace"):
            found.append(name)
    assert found == []


def test_citation_and_changelog_name_the_version():
    citation = yaml.safe_load(read("CITATION.cff"))
    assert citation["version"] == project()["version"]
    assert citation["title"] == "Deep Learning, Measured"
    assert citation["license"] == project()["license"].split(" AND ")
    assert citation["repository-code"] == project()["urls"]["Repository"]
    assert f"## {citation['version']} ({citation['date-released']})" in read("CHANGELOG.md")


# README and Makefile


def test_every_target_is_explained():
    assert set(makefile_targets()) == TARGETS
    phony = re.search(r"^\.PHONY: (.+)$", read("Makefile"), flags=re.MULTILINE).group(1)
    assert set(phony.split()) == TARGETS


def test_readme_gives_every_target_and_what_windows_says_instead():
    rows = re.findall(r"^\| .+? \| `make ([a-z-]+)[^`]*` \| `py tools\\([^`]+)` \|$", read("README.md"), re.M)
    assert {target for target, _ in rows} == TARGETS
    scripts = {"env": "bootstrap.py", "lock": "lock.py", "stamp": r"bootstrap.py python tools\stamp.py"}
    scripts["mutants"] = r"bootstrap.py python tools\mutate.py"
    for target, windows in rows:
        expected = scripts.get(target, f"bootstrap.py {target}")
        assert windows == expected or windows.startswith(expected + " "), target


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
def test_make_without_a_target_lists_them_all():
    listed = make()
    for target, says in makefile_targets().items():
        assert re.search(rf"^  make {target} +{re.escape(says)}$", listed, flags=re.MULTILINE)


@pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")
@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("book", "book"),
        ("run LECTURE=01", "run 01"),
        ("robust SEEDS=3", "robust --seeds 3"),
        ("robust SEEDS=3 SCHEDULER=tcp://a:1", "robust --seeds 3 --scheduler tcp://a:1"),
        ("mutants LECTURE=02 SAMPLE=40", "python tools/mutate.py 02  --sample 40"),
        ("mutants MODULE=checks SAMPLE=5 DRAW=2", "python tools/mutate.py  checks --sample 5 --draw 2"),
        ("mutants MODULE=text CLAIMS=60", "python tools/mutate.py  text --claims 60"),
        ("bench", "bench"),
        ("bench BENCH=scalar_engine", "bench scalar_engine"),
        ("bench SAVE=1", "bench  --save"),
        ("bench-peers PEERS_PYTHON=python3.11", "bench-peers python3.11"),
        ("new-lecture NAME=02_backprop", "new-lecture 02_backprop"),
    ],
)
def test_targets_hand_their_variables_over(words, command):
    assert make("-n", *words.split(), "PYTHON=python3").strip() == f"python3 tools/bootstrap.py {command}"


def test_commands_of_the_makefile_exist():
    listed = subprocess.run(
        [sys.executable, "-m", "course_utils.publishing", "help"], cwd=ROOT, capture_output=True, text=True
    )
    assert listed.returncode == 0, listed.stderr
    for target in TARGETS - {"env", "lock", "stamp", "mutants"}:
        assert re.search(rf"\b{target}\b", listed.stdout), f"no command {target}"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md"])
def test_links_to_files_resolve(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", read(name)):
        if "://" not in target and not target.startswith("#"):
            assert (ROOT / target.split("#")[0]).exists(), f"{name} links to {target}"


def test_readme_shows_the_page_in_words_too():
    text = read("README.md")
    [(still, media)] = re.findall(r'<source srcset="([^"]+)" media="([^"]+)">', text)
    [(moving, words)] = re.findall(r'^<img src="([^"]+)" width="\d+" alt="([^"]+)">$', text, flags=re.MULTILINE)
    assert len(words) >= 40 and media == "(prefers-reduced-motion: reduce)"
    for picture, most in ((moving, 600_000), (still, 80_000)):
        content = (ROOT / picture).read_bytes()
        assert content[:4] == b"RIFF" and content[8:12] == b"WEBP" and len(content) <= most
        assert (content.count(b"ANMF") > 20) == (picture == moving), picture  # one mark for each picture of a film


def test_a_picture_that_is_too_heavy_stores_neither(tmp_path, monkeypatch, capsys):
    loop, moving, still = tool("loop"), tmp_path / "m.webp", tmp_path / "s.webp"
    monkeypatch.setattr(loop, "ROOT", tmp_path)
    monkeypatch.setattr(loop, "LARGEST", {moving: 2, still: 1})
    with pytest.raises(SystemExit, match=r"s\.webp would have 2 bytes, 1 are allowed"):
        loop.store({moving: (b"aa", 9), still: (b"bb", 1)})
    assert list(tmp_path.iterdir()) == []
    loop.store({moving: (b"aa", 9), still: (b"b", 1)})
    assert (moving.read_bytes(), still.read_bytes()) == (b"aa", b"b")
    assert capsys.readouterr().out == "m.webp: 9 pictures, 0 kB\ns.webp: 1 pictures, 0 kB\n"


def test_licences():
    assert "BSD 3-Clause License" in read("LICENSE")
    assert "Attribution 4.0 International" in read("LICENSE-text")
    assert project()["license"] == "BSD-3-Clause AND CC-BY-4.0"
    assert set(project()["license-files"]) == {"LICENSE", "LICENSE-text"}


# Sources


def test_lines_end_as_gitattributes_says():
    for path in tracked():
        if path.suffix not in (".png", ".woff2", ".npz", ".gz", ".jpg", ".webp", ".ico"):
            assert b"\r\n" not in path.read_bytes(), f"{path.relative_to(ROOT)} has Windows line ends"


def test_nothing_large_or_built_is_tracked():
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        trained = name.startswith("course_utils/checkpoints/") and path.suffix == ".npz"
        allowed = 5 if trained else 1
        assert path.stat().st_size < allowed * 1_000_000, f"{name} is larger than {allowed} MB"
        assert not name.startswith((".venv/", "_build/", "book/static/vendor/")), name


def test_no_file_of_the_package_is_longer_than_a_reader_can_hold():
    """CONTRIBUTING.md promises files of at most 300 lines: Python, JavaScript and style sheets alike."""
    found = [path for kind in ("py", "js", "css") for path in (ROOT / "course_utils").rglob(f"*.{kind}")]
    assert {path.suffix for path in found} == {".py", ".js", ".css"}
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines()) for path in found}
    assert not {name: length for name, length in lengths.items() if length > 300}


def test_ruff_finds_nothing():
    if importlib.util.find_spec("ruff") is None:
        pytest.skip("ruff is not installed")
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--output-format", "concise", "."],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert found.returncode == 0, found.stdout


# CI


def test_there_are_the_three_workflows():
    assert [path.stem for path in WORKFLOWS] == ["pages", "proof", "weekly"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_workflow_is_careful(path):
    """Actions by version, few rights, an end in time, and only commands that exist here."""
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    triggers = workflow[True]  # YAML reads the key `on` as a truth value
    assert "workflow_dispatch" in triggers
    for name, job in workflow["jobs"].items():
        assert 0 < job["timeout-minutes"] <= 60, f"{name} has no end"
        for step in job["steps"]:
            uses = step.get("uses", "docker://x/y:1.0.0")
            assert re.fullmatch(r"actions/[a-z-]+@v\d+\.\d+\.\d+|docker://[a-z/]+:\d+\.\d+\.\d+", uses), uses
            for script in re.findall(r"(?:tools|\.ci)/[\w./-]+", step.get("run", "")):
                assert (ROOT / script).exists(), f"{name} calls {script}"
            for target in re.findall(r"\bmake ([a-z-]+)", step.get("run", "")):
                assert target in TARGETS, f"{name} calls make {target}"


def test_proof_covers_all_pythons_and_systems():
    jobs = yaml.safe_load(read(".github/workflows/proof.yml"))["jobs"]
    matrix = jobs["code"]["strategy"]["matrix"]
    declared = {line.split(" :: ")[-1] for line in project()["classifiers"] if " :: 3." in line}
    assert set(matrix["python"]) == declared
    assert {name.split("-")[0] for name in matrix["os"]} == {"ubuntu", "macos", "windows"}
    assert matrix["exclude"] == [{"os": "ubuntu-latest", "python": "3.12"}]
    [setup] = [step for step in jobs["whole"]["steps"] if "setup-python" in step.get("uses", "")]
    assert setup["with"]["python-version"] == "3.12"
    assert jobs["whole"]["steps"][-2]["run"] == "bash .ci/run"


def test_pages_may_deploy_and_does_not_execute():
    jobs = yaml.safe_load(read(".github/workflows/pages.yml"))["jobs"]
    assert jobs["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert jobs["deploy"]["needs"] == "build"
    assert [step["run"] for step in jobs["build"]["steps"] if "run" in step] == ["make book"]


def test_weekly_runs_by_itself_on_newest_and_on_colab():
    workflow = yaml.safe_load(read(".github/workflows/weekly.yml"))
    assert workflow[True]["schedule"][0]["cron"]
    assert set(workflow["jobs"]) == {"newest", "colab", "seeds", "audit"}
    assert "--strict" in workflow["jobs"]["audit"]["steps"][-1]["run"]  # without it, what can't be looked up passes


@pytest.mark.skipif(os.name == "nt" or not shutil.which("bash"), reason="needs a Unix shell")
@pytest.mark.parametrize(
    ("make_prints", "make_exits", "exits", "last_line"),
    [
        ("===== 4 passed, 1 skipped in 0.12s =====", 0, 0, "===== 4 passed, 1 skipped in 0.12s ====="),
        ("===== 1 failed, 3 passed in 0.12s =====", 1, 1, "===== 1 failed, 3 passed in 0.12s ====="),
        ("===== 3 passed in 61.00s (0:01:01) =====\nthe book failed", 2, 2,
         "===== 3 passed in 61.00s (0:01:01) ====="),
        ("===== 1 failed in 1.00s =====\n===== 9 passed in 2.00s =====", 1, 1, "===== 1 failed in 1.00s ====="),
        ("nothing at all", 0, 1, "no test ran"),
    ],
)  # fmt: skip
def test_ci_ends_with_the_result_and_its_status(tmp_path, make_prints, make_exits, exits, last_line):
    for name in ("chromium", "make"):
        tool = tmp_path / name
        tool.write_text(
            f'#!/bin/sh\n[ "$1" != test ] && exit 0\n[ "$CI" = true ] || exit 9\n'
            f"cat <<'END'\n{make_prints}\nEND\nexit {make_exits}\n"
        )
        tool.chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COURSE_PEERS": "off"}
    done = subprocess.run(
        ["bash", ".ci/run"], cwd=ROOT, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == exits
    assert done.stdout.strip().splitlines()[-1] == last_line
