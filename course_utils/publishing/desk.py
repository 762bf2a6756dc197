"""Small commands for the desk: open JupyterLab, clear away what was built."""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from course_utils.publishing import files
from course_utils.publishing.project import Problem, Project

LEFT_BEHIND = (".pytest_cache", ".hypothesis", ".ruff_cache", "dask-worker-space", "dist")


def lab(argv=None):
    """Open the notebooks in JupyterLab. Further options go to `jupyter lab`."""
    project = Project.find()
    if is_missing("jupyterlab"):
        raise Problem("JupyterLab is not installed here: python -m pip install 'deep-learning-measured[lab]'")
    command = [sys.executable, "-m", "jupyterlab", f"--ServerApp.root_dir={project.root}"]
    command += ["--LabApp.default_url=/lab/tree/notebooks", *(argv or [])]
    variables = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "JUPYTER_PREFER_ENV_PATH": "1"}
    try:
        return subprocess.call(command, cwd=project.root, env=variables)
    except KeyboardInterrupt:
        return 0


def is_missing(module):
    """Tell whether a module is not installed, without importing it."""
    from importlib.util import find_spec

    return find_spec(module) is None


def clean(argv=None):
    """Remove what was built. Stored notebooks and the environment stay."""
    argparse.ArgumentParser(prog="clean", description=clean.__doc__).parse_args(argv)
    project = Project.find()
    if project.build.is_dir():
        _clear(project.build)
    folders = [project.root / name for name in LEFT_BEHIND]
    for top in ("course_utils", "tests", "notebooks", "book", "benchmarks"):
        folders += (project.root / top).rglob("__pycache__")
        folders += (project.root / top).rglob(".ipynb_checkpoints")
    for folder in folders:
        if folder.is_dir():
            shutil.rmtree(folder)
            print(f"removed {folder.relative_to(project.root)}")
    return 0


def _clear(build):
    """Remove the folder of what was built, its lock last; where somebody waits for that, an empty folder stays."""
    with files.building(build) as lock:
        for path in list(build.iterdir()):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path != Path(lock.name):
                path.unlink(missing_ok=True)
        if os.name != "nt":
            Path(lock.name).unlink()  # who waits for it makes it anew
    with contextlib.suppress(OSError):  # in use again
        if os.name == "nt":
            Path(lock.name).unlink()  # a file that is open can't be removed there
        build.rmdir()
    print(f"{'emptied' if build.exists() else 'removed'} {build.name}")
