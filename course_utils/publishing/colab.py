"""Run every lecture as Colab does: its versions, its Python, the first cell's own install line."""

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from course_utils.publishing import execution, notebooks
from course_utils.publishing.project import DISTRIBUTION, Problem, Project

PYTHON = "3.13"  # of Colab's image
STAND_IN = """\
import sys, types
sys.modules["google.colab"] = types.ModuleType("google.colab")
"""
LAST_CELL = "import course_utils\nprint(course_utils.__file__)"


def pins_of(project):
    """The newest list of Colab's versions in tests/."""
    found = sorted((project.root / "tests").glob("colab-*.txt"))
    if not found:
        raise Problem("there is no tests/colab-YEAR-MONTH.txt with Colab's versions")
    return found[-1]


def find_python(version=PYTHON):
    """Interpreter of one version, or the one that runs now where there is none.

    Returns
    -------
    str
    """
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    places = [shutil.which(f"python{version}")]
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    places += sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python")), reverse=True)
    if os.name == "nt" and shutil.which("py"):
        ask = ["py", f"-{version}", "-c", "import sys; print(sys.executable)"]
        places.append(subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip())
    for place in filter(None, places):
        ask = [place, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        if subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() == version:
            return place
    return sys.executable


def serve_repository(project, folder):
    """Make a bare clone that stands in for the repository, with the tag of this release.

    Returns
    -------
    variables : dict of str to str
        Environment in which Git reads the repository's address as that clone.
    what : str
        Which commit the tag names.
    """
    clone = folder / "course.git"
    _call(["git", "clone", "--quiet", "--bare", str(project.root), str(clone)], "copying the repository")
    tag = f"v{project.version}"
    known = subprocess.run(["git", "-C", str(clone), "tag", "--list", tag], capture_output=True, text=True, check=True)
    if known.stdout.strip():
        what = f"the release {tag}"
    else:
        _call(["git", "-C", str(clone), "tag", tag, "HEAD"], "setting the tag")
        changed = subprocess.run(
            ["git", "-C", str(project.root), "status", "--porcelain", "course_utils", "pyproject.toml"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
        what = f"the last commit, as {tag} will be" + ("; uncommitted changes are NOT in it" if changed else "")
    settings = {f"url.{clone.as_uri()}.insteadOf": project.repository, "protocol.file.allow": "always"}
    variables = {"GIT_CONFIG_COUNT": str(len(settings))}
    for place, (key, value) in enumerate(settings.items()):
        variables |= {f"GIT_CONFIG_KEY_{place}": key, f"GIT_CONFIG_VALUE_{place}": value}
    return variables, what


def make_image(python, pins, folder):
    """Make a fresh environment with Colab's versions; return its interpreter."""
    _call([python, "-m", "venv", str(folder)], "making the environment")
    inside = str(folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python"))
    pip = [inside, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--progress-bar", "off"]
    _call([*pip, "-r", str(pins)], f"installing {pins.name}")
    subprocess.run([inside, "-m", "compileall", "-qq", "-j", "0", str(folder)], check=False, capture_output=True)
    return inside


def frozen(python):
    """Names and versions of all that is installed in an environment."""
    command = [python, "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return dict(line.partition("==")[::2] for line in lines)


def changes(before, after):
    """What an install line changed in the image: packages it lacked may come, its own stay as they are.

    Parameters
    ----------
    before, after : dict of str to str
        Names and versions, as `frozen` gives them.
    """
    faults = [
        f"{name}: {version} became {after.get(name, 'missing')}"
        for name, version in sorted(before.items())
        if name != DISTRIBUTION and version != after.get(name)
    ]
    if DISTRIBUTION not in after:
        faults.append(f"{DISTRIBUTION} was not installed")
    return faults


def run_lecture(project, lecture, python, variables, folder):
    """Run one lecture from its first cell, with a stand-in for google.colab, and return its seconds."""
    import nbformat

    notebook = notebooks.read_twin(notebooks.stamp(project.twin(lecture).read_text(encoding="utf-8"), project))
    notebook.cells.append(nbformat.v4.new_code_cell(LAST_CELL))
    profile = Path(execution.quiet_profile(folder / "ipython"))
    startup = profile / "profile_default" / "startup"
    startup.mkdir(exist_ok=True)
    (startup / "00-stand-in.py").write_text(STAND_IN, encoding="utf-8")
    content = folder / "content"
    content.mkdir(exist_ok=True)
    away = ("PYTHONPATH", "COURSE_BUILD", "VIRTUAL_ENV")
    surroundings = {key: value for key, value in execution.environment().items() if key not in away}
    surroundings |= variables | {"IPYTHONDIR": str(profile), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    run = execution.execute(notebook, folder=content, variables=surroundings, python=python, refuse_stderr=False)
    used = Path(notebook.cells[-1].outputs[0].text.strip())
    if not used.is_relative_to(Path(python).parents[1]):
        raise Problem(f"{lecture} used {used}, not what its first cell installed")
    return run.seconds


def _call(command, what):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Problem(f"{what} failed:\n" + "\n".join((done.stdout + done.stderr).strip().splitlines()[-15:]))


def main(argv=None):
    """Run lectures from their first cell in a fresh environment with Colab's versions."""
    parser = argparse.ArgumentParser(prog="colab", description=main.__doc__)
    parser.add_argument("lectures", nargs="*", help="01, 01_perceptrons, ...; all when left out")
    parser.add_argument("--keep", action="store_true", help="use the environment of an earlier call again")
    arguments = parser.parse_args(argv)
    project = Project.find()
    lectures, pins, python = project.choose(arguments.lectures), pins_of(project), find_python()
    folder, start = project.build / "colab", time.perf_counter()
    image = folder / "image"
    inside = image / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if arguments.keep and inside.exists():
        subprocess.run([inside, "-m", "pip", "uninstall", "--quiet", "--yes", DISTRIBUTION], check=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"installing {pins.name} for {python}: some minutes", flush=True)
        make_image(python, pins, image)
        print(f"environment ready after {time.perf_counter() - start:.0f} s", flush=True)
    shutil.rmtree(folder / "course.git", ignore_errors=True)
    variables, what = serve_repository(project, folder)
    print(f"the install line gets {what}", flush=True)
    execution.warm_up(str(inside))
    before, failed = frozen(inside), []
    for lecture in lectures:
        try:
            print(f"{lecture}: ran in {run_lecture(project, lecture, str(inside), variables, folder):.0f} s", flush=True)
        except Problem as problem:
            failed.append(lecture)
            print(f"{lecture}: FAILED. {problem}", flush=True)
    faults = changes(before, frozen(inside))
    for fault in faults:
        print(f"the first cell changed the image. {fault}")
    if not failed and not faults:
        print(f"{len(lectures)} lectures ran; the install line added {DISTRIBUTION} and changed nothing else")
    return 1 if failed or faults else 0
