"""Turn a stored lecture into the notebook that the book shows.

Outputs stay as they are, but lines that all end with "on this machine" say it once, below. Comments
for the speaker and marks for tests go. Plumbing, solutions and the code that draws figures are folded
behind a line that says what they do, unless a cell is tagged ``show-code``. Pictures get their words,
claims get an address.
"""

from __future__ import annotations

import ast
import copy
import json
import re

from course_utils import claims
from course_utils.claims.stored import FENCE, MIME as CLAIM

MYST = "mystnb"  # the key under which MyST-NB reads a cell's options
_COMMENT = re.compile(r"[ \t]*<!--.*?-->", re.S)
_TITLE = re.compile(r"\A\s*#\s+(.+?)\s*#*\s*$", re.M)
_HEADING = re.compile(r"^(#{1,6})\s+(.+?)\s*#*$", re.M)
_SAYS = re.compile(r"\A(?:%%?\w+.*\n)*\s*#\s+(?!%)(.+)")
_HERE = re.compile(r"[ \t,]+on this machine(:?)[ \t]*$", re.M)
_SOLUTION = re.compile(r"<summary>\s*(Solution [\d.]+)")
FIGURE = "How this figure is drawn"
COLAB = "Set-up for Google Colab: installs the course's helpers there, does nothing elsewhere"


def page(notebook, bar=""):
    """Prepare one lecture for the book.

    Parameters
    ----------
    notebook : NotebookNode
        A stored lecture. Left unchanged.
    bar : str, default ""
        HTML that stands below the title: buttons, place in the course, run time.

    Returns
    -------
    NotebookNode
        What MyST-NB renders.

    Raises
    ------
    ValueError
        If the lecture has no title, or a cell shows two pictures (each needs its own words).
    """
    new = copy.deepcopy(notebook)
    new.metadata.pop("widgets", None)
    cells, solution = [], "Solution"
    for cell in new.cells:
        if cell.cell_type == "markdown":
            cell.source = without_comments(cell.source)
            solution = ([solution] + _SOLUTION.findall(cell.source))[-1]
            if cell.source:
                cells.append(cell)
        elif cell.cell_type == "code" and cell.source.strip():
            _fold(cell, solution)
            _describe_picture(cell)
            _address_claims(cell)
            for output in cell.get("outputs", []):
                say_once(output)
            cells.append(cell)
    new.cells = cells
    _insert_below_title(new, bar)
    return new


def without_comments(source):
    """Drop HTML comments from Markdown, but not from code blocks in it."""
    parts = _text_and_code(source)
    parts[::2] = [_COMMENT.sub("", part) for part in parts[::2]]
    return "".join(parts).strip()


def _text_and_code(source):
    """Split Markdown into text and blocks of code, by turns; the first and the last piece are text."""
    parts, place = [], 0
    for block in FENCE.finditer(source):
        parts += [source[place : block.start()], block[0]]
        place = block.end()
    return [*parts, source[place:]]


def say_once(output):
    """Where several printed lines end with "on this machine", say it once, below them.

    Parameters
    ----------
    output : NotebookNode
        An output of a cell, changed in place. In the stored notebook each line keeps the words: the tests know by
        them which numbers may differ.
    """
    if output.get("output_type") == "stream" and len(_HERE.findall(output["text"])) > 1:
        output["text"] = _HERE.sub(r"\1", output["text"]).rstrip() + "\n(as printed on this machine)\n"


def headings(notebook):
    """List the headings of a lecture in order.

    Parameters
    ----------
    notebook : NotebookNode or dict
        A lecture.

    Returns
    -------
    list of (int, str, int)
        Level, text as written, number of the cell from 0.
    """
    found = []
    for number, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "markdown":
            continue
        source = cell["source"] if isinstance(cell["source"], str) else "".join(cell["source"])
        for part in _text_and_code(source)[::2]:
            found += [(len(m[1]), m[2], number) for m in _HEADING.finditer(_COMMENT.sub("", part))]
    return found


def slug(heading):
    """Anchor that the book gives to a heading, for links to it.

    Parameters
    ----------
    heading : str
        Text of the heading as written, with its Markdown.

    Returns
    -------
    str
        The part of the link after ``#``.
    """
    from myst_parser.mdit_to_docutils.base import default_slugify

    return default_slugify(re.sub(r"[*_`]", "", heading))


def _insert_below_title(notebook, bar):
    first = notebook.cells[0] if notebook.cells else None
    found = _TITLE.match(first.source) if first is not None and first.cell_type == "markdown" else None
    if not found:
        raise ValueError("a lecture must open with its title, a line '# Title'")
    rest = first.source[found.end() :].strip()
    first.source = "\n\n".join(part for part in (f"# {found[1]}", bar, rest) if part)


def _fold(cell, solution):
    """Fold what is not the subject, behind a line that says what it does."""
    tags = set(cell.metadata.get("tags", []))
    if "solution" in tags:
        tags.add("hide-cell")
        says = f"{solution} in code"
    elif "colab-setup" in tags:
        tags.add("hide-input")
        says = COLAB
    elif "hide-input" in tags:
        tags |= {"folded-figure"} if _shows_picture(cell) or _interactive(cell) else set()
        says = purpose(cell)
    elif "show-code" not in tags and _shows_picture(cell):
        tags |= {"hide-input", "folded-figure"}
        says = FIGURE
    elif "show-code" not in tags and _only_measures(cell):
        tags |= {"hide-input", "folded-claim"}
        says = "How this is measured"
    else:
        return
    cell.metadata["tags"] = sorted(tags)
    options = cell.metadata.setdefault(MYST, {})
    options.setdefault("code_prompt_show", says)
    options.setdefault("code_prompt_hide", says)


def purpose(cell):
    """Say in a few words what a folded cell does.

    Parameters
    ----------
    cell : NotebookNode
        A code cell. A comment in its first line speaks for it.

    Returns
    -------
    str
        A line for the reader.
    """
    found = _SAYS.match(cell.source)
    if found:
        return found[1].rstrip(" .:")
    if _interactive(cell):
        return "Code that puts the interactive figure here"
    if _shows_picture(cell):
        return FIGURE
    lines = [line for line in cell.source.splitlines() if line.strip()]
    if sum(line.startswith(("import ", "from ")) for line in lines) * 2 >= len(lines):
        return "Imports, figure style and seeds"
    return "Preparation"


def _shows_picture(cell):
    return any(mime.startswith("image/") for output in cell.get("outputs", []) for mime in output.get("data", {}))


def _interactive(cell):
    return re.search(r"\binteractives\.\w+\(", cell.source) is not None


def _only_measures(cell):
    """Tell whether a cell holds calls of `claims` and nothing else."""
    try:
        body = ast.parse(cell.source).body
    except SyntaxError:
        return False
    calls = [line.value.func for line in body if isinstance(line, ast.Expr) and isinstance(line.value, ast.Call)]
    names = {call.value.id for call in calls if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name)}
    return len(calls) == len(body) and names == {"claims"}


def _describe_picture(cell):
    """Hand the words stored beside a picture to MyST-NB, which reads them from the cell."""
    pictures = [
        (output, mime)
        for output in cell.get("outputs", [])
        for mime in output.get("data", {})
        if mime.startswith("image/")
    ]
    if len(pictures) > 1:
        raise ValueError(f"a cell shows {len(pictures)} pictures; one to a cell, so that each has its words")
    for output, mime in pictures:
        alt = output.get("metadata", {}).get(mime, {}).get("alt", "")
        if alt:
            cell.metadata.setdefault(MYST, {}).setdefault("image", {})["alt"] = alt


def _address_claims(cell):
    """Give every claim box an id, so that the page of claims can link to it."""
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if CLAIM not in data:
            continue
        record = data.pop(CLAIM)
        record = json.loads(record) if isinstance(record, str) else record
        data["text/html"] = claims.box(record).replace("<div ", f'<div id="{claim_id(record["name"])}" ', 1)


def claim_id(name):
    """Address of a claim inside its page."""
    return "claim-" + name.replace(".", "-").replace("_", "-")
