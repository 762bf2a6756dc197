"""Build the textbook and the decks from the stored notebooks: nothing is computed here but the cover."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import nbformat
import yaml

from course_utils.publishing import chapters, execution, files, fonts, measured, pages, vendor
from course_utils.publishing.project import Problem, Project

STAMP = ".built-from"
BRANCH = "main"
_TOOLS = (
    "jupyter-book", "sphinx", "myst-nb", "myst-parser", "sphinx-book-theme", "pydata-sphinx-theme",
    "sphinxcontrib-bibtex", "nbconvert", "font-source-serif-pro", "sphinx-revealjs", "sphinx-mathjax-offline",
)  # fmt: skip


def build(project, notebooks=None, *, slides=True, force=False):
    """Build the book into ``_build/html`` and the decks into ``_build/html/slides``.

    Parameters
    ----------
    project : Project
        The checkout.
    notebooks : Path, optional
        Folder of the stored lectures; by default the project's.
    slides : bool, default True
        Whether to build the decks too.
    force : bool, default False
        Build even when nothing changed since the last good build.

    Returns
    -------
    bool
        True if it was built, False if it was up to date.

    Raises
    ------
    Problem
        If a source is wrong or Sphinx warns; the message says where.
    """
    notebooks = Path(notebooks or project.notebooks)
    fresh = fingerprint(project, notebooks, slides)
    if not force and is_fresh(project, fresh):
        return False
    with files.building(project.build) as lock:
        if not force and is_fresh(project, fresh := fingerprint(project, notebooks, slides)):
            return False  # the process that was waited for has built it
        for left in project.build.glob("book-*"):  # by a build that was killed
            shutil.rmtree(left, ignore_errors=True)
        _build(project, notebooks, slides, fresh, lock)
    return True


def _build(project, notebooks, slides, fresh, lock):
    work = Path(tempfile.mkdtemp(prefix="book-", dir=project.build))  # a failed build leaves the good pages alone
    try:
        stage(project, notebooks, work / "source")
        site = _run_jupyter_book(work, project.build / "book.log", lock)
        if slides:
            _build_decks(notebooks, site)
        (site / ".nojekyll").touch()  # GitHub Pages would hide folders that start with an underscore
        (site / STAMP).write_text(fresh, encoding="utf-8")
        files.put_folder(site, project.build / "html", work / "html-before")
    finally:
        with contextlib.suppress(OSError):  # what Sphinx read, to look things up in
            files.put_folder(work / "source", project.build / "source", work / "source-before")
        shutil.rmtree(work, ignore_errors=True)


def is_fresh(project, fresh):
    """Tell whether the pages in ``_build/html`` were made from what this fingerprint stands for."""
    stamp = project.build / "html" / STAMP
    return stamp.is_file() and stamp.read_text(encoding="utf-8") == fresh


def fingerprint(project, notebooks, slides=True):
    """Hash everything that the built pages depend on.

    Parameters
    ----------
    project : Project
        The checkout.
    notebooks : Path
        Folder of the stored lectures.
    slides : bool, default True
        Whether the decks belong to what is built.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    digest = hashlib.sha256(f"{project.repository} {project.version} {slides} {sys.version}".encode())
    digest.update(" ".join(f"{tool} {version(tool)}" for tool in _TOOLS).encode())
    files = [project.root / "_config.yml", *notebooks.glob("[0-9][0-9]_*.ipynb")]
    for folder in (project.root / "book", project.root / "benchmarks/results", Path(__file__).parent, Path(__file__).parents[1] / "claims"):
        files += [path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
    for path in sorted(files):
        place = execution.relative(path, project.root)
        digest.update(place.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def stage(project, notebooks, target):
    """Lay out everything that Jupyter Book reads.

    Parameters
    ----------
    project : Project
        The checkout.
    notebooks : Path
        Folder of the stored lectures.
    target : Path
        Folder to fill. What it held before goes.

    Raises
    ------
    Problem
        If ``book/topics.yml`` or ``book/_toc.yml`` do not fit the notebooks.
    """
    shutil.rmtree(target, ignore_errors=True)
    unwanted = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints", "topics.yml", "_toc.yml")
    shutil.copytree(project.root / "book", target, ignore=unwanted)
    topics = _read(project.root / "book/topics.yml")
    lectures = pages.read_course(topics, notebooks)
    if problems := pages.wrong_topics(lectures):
        raise Problem("the topic index is not true:\n" + "\n".join(problems))
    _write_yaml(target / "_toc.yml", pages.contents(_read(project.root / "book/_toc.yml"), lectures))
    _write_yaml(target / "_config.yml", stamped_config(project))
    (target / "notebooks").mkdir()
    (target / "extra/notebooks").mkdir(parents=True)
    for lecture in lectures:
        if lecture.notebook:
            shutil.copyfile(notebooks / f"{lecture.name}.ipynb", target / f"extra/notebooks/{lecture.name}.ipynb")
            try:
                page = chapters.page(lecture.notebook, pages.bar(lecture, project.repository, BRANCH))
            except ValueError as error:
                raise Problem(f"{lecture.name}: {error}") from None
            nbformat.write(page, target / f"notebooks/{lecture.name}.ipynb")
    _write_parts(project, target, lectures, topics)
    vendor.copy_vendor(target / "static/vendor")
    fonts.write_fonts(target / "static/fonts", cache=project.build / "fonts")


def stamped_config(project):
    """Read ``_config.yml`` and add the address of the repository."""
    config = _read(project.root / "_config.yml")
    config["sphinx"]["config"]["html_theme_options"] |= {
        "repository_url": project.repository,
        "repository_branch": BRANCH,
        "path_to_docs": "",
        "launch_buttons": {"colab_url": "https://colab.research.google.com"},
    }
    return config


def _write_parts(project, target, lectures, topics):
    """Write what pages include: lists and tables made from data, and the cover."""
    cover = _load(project.root / "book/cover.py")
    run = cover.measure()
    for theme in cover.THEMES:
        (target / f"static/cover-{theme}.svg").write_text(cover.svg(run, theme), encoding="utf-8")
    margins = measured.read_margins(project.root)
    links = f"[repository]: {project.repository}\n[issues]: {project.repository}/issues\n"
    parts = {
        "cover.md": cover.figure(run),
        "lectures.md": pages.lecture_list(lectures),
        "topics.md": pages.topic_index(lectures, topics["sources"]),
        "topic_summary.md": pages.topic_summary(lectures),
        "claims.md": measured.claim_list(lectures, margins),
        "in_numbers.md": measured.in_numbers(lectures),
        "example_figure.md": measured.example_figure(lectures),
        "example_claim.md": measured.example_claim(lectures, topics["example_claim"]),
        "claim_summary.md": measured.claim_summary(lectures, margins),
        "run_times.md": measured.run_times(lectures),
        "speed.md": measured.speed(project.root),
        "links.md": links,
    }
    (target / "generated").mkdir()
    for name, text in parts.items():
        (target / "generated" / name).write_text(text, encoding="utf-8")


def _run_jupyter_book(work, log, lock):
    """Build the pages into ``work/_build/html``; warnings are errors.

    Should this process be killed, Sphinx goes on for a while: it holds the lock too.
    """
    source = work / "source"
    command = [sys.executable, "-c", "from jupyter_book.cli.main import main; main()", "build", str(source)]
    command += ["--path-output", str(work), "--warningiserror", "--keep-going", "--all"]
    variables = os.environ | {"PYTHONWARNINGS": "ignore", "PYTHONIOENCODING": "utf-8", "NO_COLOR": "1"}
    inherit = {} if os.name == "nt" else {"pass_fds": [lock.fileno()]}
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", errors="replace", env=variables, cwd=source, **inherit
    )
    output = re.sub(r"\x1b\[[0-9;]*m", "", done.stdout + done.stderr)
    output = output.replace(str(work / "source") + os.sep, "_build/source/")
    files.write_text(log, output)
    if done.returncode or not (work / "_build/html/index.html").is_file():
        for number in re.findall(r"\[Errno (\d+)\]", output):  # a full disk is no fault of the book
            if problem := files.explained(OSError(int(number), "", str(work.parent))):
                raise problem
        warnings = [line for line in output.splitlines() if re.search(r"WARNING|ERROR|CRITICAL|Error:", line)]
        shown = "\n".join(warnings[:20]) or "\n".join(output.splitlines()[-15:])
        raise Problem(f"the book has faults; everything Sphinx said is in {log}\n{shown}")
    return work / "_build/html"


def _build_decks(notebooks, site):
    from course_utils.publishing import decks

    for notebook in sorted(notebooks.glob("[0-9][0-9]_*.ipynb")):
        try:
            decks.build(notebook, site / "slides" / f"{notebook.stem}.html", site / "_static/vendor")
        except ValueError as error:
            raise Problem(f"deck of {notebook.stem}: {error}") from None


def _read(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def _write_yaml(path, data):
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _load(path):
    """Import a file that is not part of the package."""
    spec = importlib.util.spec_from_file_location(f"book_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(argv=None):
    """Build the textbook and the slide decks from the stored outputs."""
    parser = argparse.ArgumentParser(prog="book", description=main.__doc__)
    parser.add_argument("--force", action="store_true", help="build even when nothing changed")
    parser.add_argument("--no-slides", action="store_true", help="leave the decks out")
    parser.add_argument("--notebooks", type=Path, help="folder of the stored lectures, when not notebooks/")
    options = parser.parse_args(argv)
    project = Project.find()
    start = time.perf_counter()
    built = build(project, options.notebooks, slides=not options.no_slides, force=options.force)
    index = project.build / "html/index.html"
    took = f"Built in {time.perf_counter() - start:.0f} s." if built else "Up to date."
    decks = sorted((index.parent / "slides").glob("*.html"))
    print(f"{took} Open {index.as_uri()}")
    for deck in decks:
        print(f"      Slides {deck.as_uri()}")
    serve = [Path(sys.executable).name, "-m", "http.server", "--directory", str(index.parent), "8000"]
    print(f"or serve it:  {subprocess.list2cmdline(serve) if os.name == 'nt' else shlex.join(serve)}")
    return 0
