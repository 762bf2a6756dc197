"""Carry each lecture's text to its executed notebook."""

import argparse
import hashlib
import json
import os
import re
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from course_utils.publishing import execution, sources
from course_utils.publishing.project import DISTRIBUTION, Problem, Project

MOST_BYTES = 400_000
_CODE_CELL = re.compile(r"^(```+)\{code-cell\}[^\n]*\n(.*?)^\1[ \t]*$", re.M | re.S)
_CELL_HEAD = re.compile(r"\A(?:---\n.*?^---\n|(?::[^\n]*\n)+)\n?", re.M | re.S)


def colab_cell(project):
    """Source of every lecture's first code cell, stamped with the repository and the release."""
    return (
        "# On Colab this installs the course's helpers; anywhere else it does nothing.\n"
        "import sys\n"
        'if "google.colab" in sys.modules:\n'
        f'    %pip install --quiet "{DISTRIBUTION} @ git+{project.repository}@v{project.version}"'
    )


def stamp(text, project):
    """Put the right install line into the twin's cell that is tagged ``colab-setup``.

    Parameters
    ----------
    text : str
        A twin. Everything else in it stays as it is.
    project : Project
        Whose address and version are stamped.

    Returns
    -------
    str
    """

    def renew(match):
        head = _CELL_HEAD.match(match[2])
        if head is None or "colab-setup" not in head[0]:
            return match[0]
        opening = match[0][: match.start(2) - match.start()]
        return f"{opening}{head[0].rstrip()}\n\n{colab_cell(project)}\n{match[1]}"

    return _CODE_CELL.sub(renew, text)


def read_twin(text):
    """Turn a twin's text into a notebook without outputs.

    Cell ids come from the cells' own text, so that an edit changes only its own cell.
    """
    import jupytext
    import nbformat

    book = jupytext.reads(text, fmt="md:myst")
    fresh, seen = nbformat.v4.new_notebook(), {}
    for cell in book.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\0{cell.source}".encode()).hexdigest()[:10]
        seen[digest] = seen.get(digest, 0) + 1
        again = f"-{seen[digest]}" if seen[digest] > 1 else ""
        make = nbformat.v4.new_code_cell if cell.cell_type == "code" else nbformat.v4.new_markdown_cell
        kept = {key: cell.metadata[key] for key in ("slideshow", "tags") if key in cell.metadata}
        fresh.cells.append(make(cell.source, metadata=kept, id=digest + again))
    return fresh


def read_notebook(path):
    """Read a stored notebook as it is, without repairing anything."""
    import nbformat

    return nbformat.read(path, as_version=4)


def hashes(text, notebook, lecture, root):
    """Hash of all that a stored notebook rests on, and of the part that its outputs rest on.

    Returns
    -------
    source_hash : str
        Changes with any edit of the twin or of a helper that the lecture uses.
    code_hash : str
        Changes only when outputs may change: with code cells and helpers.
    """
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    helpers = sources.used_helpers(cells, lecture, root)
    return sources.fingerprint([text], helpers, root), sources.fingerprint(cells, helpers, root)


def is_current(project, lecture):
    """Tell whether a stored notebook is the run of its twin and of today's helpers."""
    if not project.notebook(lecture).is_file():
        return False
    stored = read_notebook(project.notebook(lecture)).metadata.get("course", {})
    text = project.twin(lecture).read_text(encoding="utf-8")
    return stored.get("source_hash") == hashes(text, read_twin(text), lecture, project.root)[0]


def describe(notebook, lecture, source_hash, code_hash, seconds, slowest):
    """Set the notebook's metadata: what readers' programs need and what the tests compare."""
    notebook.metadata = {
        "course": {
            "code_hash": code_hash,
            "lecture": lecture[:2],
            "seconds": round(seconds),
            "slowest_cell_seconds": round(slowest),
            "source_hash": source_hash,
        },
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in ("slideshow", "tags")}
    return notebook


def write(notebook, path):
    """Store a notebook in one step: the old one stays until the new one is complete."""
    import nbformat

    nbformat.validate(notebook)
    text = nbformat.writes(notebook) + "\n"
    size = len(text.encode())
    if size > MOST_BYTES:
        sizes = sorted(((len(json.dumps(cell)), i) for i, cell in enumerate(notebook.cells)), reverse=True)[:3]
        largest = ", ".join(f"cell {i} ({number // 1000} kB)" for number, i in sizes)
        raise Problem(f"the notebook would have {size // 1000} kB, {MOST_BYTES // 1000} are allowed; largest: {largest}")
    write_text(path, text)
    return size


def write_text(path, text):
    """Replace a file in one step, with line ends as Git stores them."""
    handle, temporary = tempfile.mkstemp(dir=Path(path).parent, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def run_lecture(project, lecture, *, always=False, on_cell=None):
    """Bring one lecture's notebook up to date and say in one line what was done.

    Words that changed are carried over without running anything: outputs rest on the code
    cells and helpers alone. A run that fails leaves the stored notebook as it was.

    Parameters
    ----------
    project : Project
    lecture : str
        Name of the lecture.
    always : bool, default False
        Run even if nothing changed.
    on_cell : callable, optional
        Passed to `execution.execute`, after a first call with the list of code cells.

    Returns
    -------
    str
    """
    old = project.twin(lecture).read_text(encoding="utf-8")
    text = stamp(old, project)
    if text != old:
        write_text(project.twin(lecture), text)
    notebook, path = read_twin(text), project.notebook(lecture)
    source_hash, code_hash = hashes(text, notebook, lecture, project.root)
    stored = read_notebook(path) if path.is_file() else None
    known = stored.metadata.get("course", {}) if stored else {}
    if not always and known.get("source_hash") == source_hash:
        return f"{lecture}: up to date"
    if not always and known.get("code_hash") == code_hash and _carry_outputs(stored, notebook):
        describe(notebook, lecture, source_hash, code_hash, known["seconds"], known["slowest_cell_seconds"])
        return f"{lecture}: words changed, outputs kept ({write(notebook, path) // 1000} kB)"
    if on_cell:
        on_cell([index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"])
    variables = execution.environment(project.root)
    run = execution.execute(notebook, folder=project.notebooks, variables=variables, on_cell=on_cell)
    cell, slowest = run.slowest
    describe(notebook, lecture, source_hash, code_hash, run.seconds, slowest)
    size = write(notebook, path)
    return (
        f"{lecture}: {len(run.cell_seconds)} code cells in {run.seconds:.1f} s with kernel start, "
        f"slowest cell {cell} ({slowest:.1f} s), {size // 1000} kB"
    )


def _carry_outputs(stored, notebook):
    """Copy outputs from cell to cell; False if the stored notebook is not the same code."""
    old, new = ([cell for cell in book.cells if cell.cell_type == "code"] for book in (stored, notebook))
    if [cell.source for cell in old] != [cell.source for cell in new]:
        return False
    for before, after in zip(old, new, strict=True):
        after.outputs, after.execution_count = before.outputs, before.execution_count
    return True


def main(argv=None):
    """Run the lectures whose text or helpers changed, and store their outputs."""
    parser = argparse.ArgumentParser(prog="run", description=main.__doc__)
    parser.add_argument("lectures", nargs="*", help="01, 01_perceptrons, perceptrons, ...; all when left out")
    parser.add_argument("--all", action="store_true", help="run them even if nothing changed")
    arguments = parser.parse_args(argv)
    project = Project.find()
    lectures = project.choose(arguments.lectures)
    if not lectures:
        print(f"no lectures in {execution.relative(project.twins, project.root)} yet: make new-lecture NAME=01_perceptrons")
        return 0
    execution.warm_up()
    failures = []
    with ThreadPoolExecutor(min(len(lectures), os.cpu_count() or 1)) as pool:
        work = {
            pool.submit(run_lecture, project, lecture, always=arguments.all, on_cell=_bar(lecture, place)): lecture
            for place, lecture in enumerate(lectures)
        }
        try:
            for done in as_completed(work):
                try:
                    _say(done.result())
                except Problem as problem:
                    failures.append(work[done])
                    _say(f"\n{work[done]}: not stored. {problem}\n")
        except KeyboardInterrupt:
            _say("stopped: what was finished is stored, the rest is as it was")
            sys.stdout.flush()
            os._exit(130)  # the kernels end with this process
    if failures:
        print(f"failed: {', '.join(sorted(failures))}. Their stored notebooks were left as they were.")
    return 1 if failures else 0


def _say(line):
    from tqdm import tqdm

    tqdm.write(line)


def _bar(lecture, place):
    """Show how far a lecture's run has come, on a terminal only."""
    from tqdm import tqdm

    bar = tqdm(total=0, desc=lecture, position=place, leave=False, unit="cell", disable=None, delay=0.3)
    todo = []

    def on_cell(index):
        if isinstance(index, list):
            todo.extend(index)
            bar.reset(total=len(index))
        elif index is None:
            bar.close()
        else:
            bar.n = todo.index(index)
            bar.set_postfix_str(f"cell {index}")

    return on_cell
