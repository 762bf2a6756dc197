"""A lecture's two forms: the text that people edit and the notebook that is stored."""

import base64
import hashlib
import re
from pathlib import Path

from course_utils.publishing import sources
from course_utils.publishing.files import write_text
from course_utils.publishing.project import DISTRIBUTION, Problem

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
    """Read a stored notebook as it is, without repairing anything; `Problem` if it is damaged."""
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
        _ = notebook.metadata, [(cell.cell_type, cell.source) for cell in notebook.cells]
        return notebook
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0][:100]
        raise Problem(
            f"{path} is damaged ({reason}). If it's a stored lecture, make it anew with "
            f"make run LECTURE={Path(path).stem[:2]}, or fetch it again with git checkout"
        ) from None


def hashes(text, notebook, lecture, root):
    """Hash of all that a stored notebook rests on, and of the part that its outputs rest on.

    Returns
    -------
    source_hash : str
        Changes with any edit of the twin, of a helper that the lecture uses, or of a checkpoint that it names.
    code_hash : str
        Changes only when outputs may change: with code cells, helpers and checkpoints.
    """
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    helpers = sources.used_text(cells, sources.used_helpers(cells, lecture, root), root)
    helpers += sources.used_weights(cells, root)
    return sources.fingerprint([text, *helpers], [], root), sources.fingerprint([*cells, *helpers], [], root)


def is_current(project, lecture):
    """Tell whether a stored notebook is the run of its twin and of today's helpers."""
    if not project.notebook(lecture).is_file():
        return False
    try:
        stored = read_notebook(project.notebook(lecture)).metadata.get("course", {})
    except Problem:
        return False
    text = project.twin(lecture).read_text(encoding="utf-8")
    return stored.get("source_hash") == hashes(text, read_twin(text), lecture, project.root)[0]


def took(run):
    """What a run took, as the notebook's metadata tell it: seconds, and millions of bytes."""
    return {
        "peak_memory_mb": round(run.peak_memory / 1e6),
        "seconds": round(run.seconds),
        "slowest_cell_seconds": round(run.slowest[1]),
    }


def describe(notebook, lecture, source_hash, code_hash, took):
    """Set the notebook's metadata: what readers' programs need and what the tests compare."""
    notebook.metadata = {
        "course": {
            "code_hash": code_hash,
            "lecture": lecture[:2],
            **{key: took[key] for key in ("peak_memory_mb", "seconds", "slowest_cell_seconds")},
            "source_hash": source_hash,
        },
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {key: value for key, value in cell.metadata.items() if key in ("slideshow", "tags")}
    return notebook


def write(notebook, path):
    """Store a notebook in one step, and return its size in bytes: the old one stays until then."""
    import nbformat

    nbformat.validate(notebook)
    squeeze(notebook)
    # One value per line keeps differences readable; the spaces before it would be a twentieth of the file.
    text = re.sub(r"^ +", "", nbformat.writes(notebook), flags=re.M) + "\n"
    write_text(path, text)
    return len(text.encode())


def squeeze(notebook):
    """Pack every stored picture tighter, in place; no pixel changes."""
    import oxipng

    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "image/png" in output.get("data", {}):
                png = base64.b64decode(output.data["image/png"])
                output.data["image/png"] = base64.b64encode(oxipng.optimize_from_memory(png, level=4)).decode("ascii")
