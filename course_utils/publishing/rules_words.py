"""Rules for a lecture's words: they read everywhere, links lead somewhere, numbers are those of the run."""

import re
from urllib.parse import unquote

from course_utils.claims.stored import FENCE
from course_utils.publishing.rules_cells import NOTES, at, well_formed

FRAME = ("Summary", "Symbols", "Exercises", "References")  # ends every lecture, in this order
MOST_SUMMARY_LINES = 7
_INLINE_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
_CODE_BUT_ROLES = re.compile(r"(?<![`}])(`+)(?!`).+?(?<!`)\1(?!`)", re.S)
_MATHS = re.compile(r"\$\$.*?\$\$|\$[^$\n]+\$", re.S)
_COMMENT = re.compile(r"<!--(.*?)-->", re.S)
_VALUE_MARK = re.compile(r"\s*=\s*[^\s>]+\s*")
_LINK = re.compile(r"\[(?:[^\[\]]|\[[^\]]*\])*\]\(\s*<?((?:[^()\s<>]|\([^()\s]*\))*)>?(?:\s+\"[^\"]*\")?\s*\)")
_NOT_PORTABLE = {
    "a MyST directive": re.compile(r"^ {0,3}(?:```+|~~~+|:::+)\s*\{[^}\n]+\}", re.M),
    "a ::: block": re.compile(r"^ {0,3}:::", re.M),
    "a MyST role": re.compile(r"(?<![\\\w}])\{[a-zA-Z][\w:.-]*\}`[^`]"),
    "a MyST label": re.compile(r"^\([\w:.-]+\)=\s*$", re.M),
    "an admonition of one site": re.compile(r"^>\s*\[![A-Z]+\]", re.M),
    "an equation that is no paragraph of its own": re.compile(r"^ *(?:[-*+]|\d+\.) [^\n]*\n *\$\$", re.M),
    "a LaTeX environment outside of dollars": re.compile(r"^\\begin\{(?:equation|align)\*?\}", re.M),
}
_HTML_TAG = re.compile(r"</?([a-zA-Z][a-zA-Z0-9]*)\b[^>]*>")
HTML_ALLOWED = {"details", "summary", "br", "sub", "sup", "kbd"}


def words_of(source):
    """Markdown without code, maths and comments: what is left is read as prose."""
    for pattern in (FENCE, _COMMENT, _INLINE_CODE, _MATHS):
        source = pattern.sub(" ", source)
    return source


def markdown_cells(notebook):
    """Markdown cells with their index."""
    return [(index, cell) for index, cell in enumerate(notebook.cells) if cell.cell_type == "markdown"]


def portable(notebook):
    """Markdown works in JupyterLab, on Colab, in the book and in the deck."""
    faults = []
    for index, cell in markdown_cells(notebook):
        place, unfenced = at(notebook, index), FENCE.sub("", cell.source)
        for what, pattern in _NOT_PORTABLE.items():
            found = pattern.search(cell.source if "directive" in what else _CODE_BUT_ROLES.sub("", unfenced))
            if found:
                faults.append(f"{place} holds {what}, which shows up raw outside the book: {found[0].strip()!r}")
        for comment in _COMMENT.findall(unfenced):
            if not (NOTES.fullmatch(f"<!--{comment}-->") or _VALUE_MARK.fullmatch(comment)):
                faults.append(f"{place} holds a comment that is neither notes: nor =name: {comment.strip()[:50]!r}")
        if unfenced.count("<!--") != len(_COMMENT.findall(unfenced)):
            faults.append(f"{place} has a comment that is not closed")
        for tag in _HTML_TAG.findall(words_of(cell.source)):
            if tag.lower() not in HTML_ALLOWED:
                faults.append(f"{place} holds <{tag}>; only {', '.join(sorted(HTML_ALLOWED))} work everywhere")
        if re.search(r"<details>(?!.*</details>)", unfenced, re.S):
            faults.append(f"{place} opens <details> without closing it in the same cell")
        if re.search(r"</summary>[^\n]*\n(?!\s*\n)|[^\n]\n</details>", unfenced):
            faults.append(f"{place} needs blank lines inside <details>, or its Markdown shows up raw")
    return faults


def frame_is_kept(notebook):
    """The lecture starts with its title and ends with Summary, Symbols, Exercises, References."""
    cells = markdown_cells(notebook)
    faults = []
    first = notebook.cells[0].source if notebook.cells and notebook.cells[0].cell_type == "markdown" else ""
    if not re.match(r"# \S", first):
        faults.append("the first cell is not the title: # Field: what question?")
    titles = [title for _, cell in cells for title in re.findall(r"^# (.+)$", FENCE.sub("", cell.source), re.M)]
    if len(titles) != 1:
        faults.append(f"there are {len(titles)} headings of the first level, one is asked for")
    heads = [title for _, cell in cells for title in re.findall(r"^## (.+?)\s*$", FENCE.sub("", cell.source), re.M)]
    if tuple(heads[-len(FRAME) :]) != FRAME:
        faults.append(f"the last sections must be {', '.join(FRAME)}; they are {', '.join(heads[-len(FRAME) :])}")
    for index, cell in cells:
        if re.match(r"## Summary\s*\n", cell.source):
            lines = [line for line in words_of(cell.source).splitlines()[1:] if line.strip()]
            if len(lines) > MOST_SUMMARY_LINES:
                faults.append(f"{at(notebook, index)} has {len(lines)} lines, {MOST_SUMMARY_LINES} are allowed")
    return faults


def numbers_are_measured(notebook):
    """Every marked number in prose equals the value that a cell of this notebook reported."""
    from course_utils import claims

    try:
        values = claims.reported(notebook)
    except ValueError as error:
        return [str(error)]
    faults = []
    for index, cell in markdown_cells(notebook):
        for name, written in claims.prose_numbers(cell.source):
            if name not in values:
                known = ", ".join(values) or "nothing"
                faults.append(f"{at(notebook, index)} quotes {written} as {name}, but the notebook reports {known}")
            elif not claims.same_number(written, values[name]):
                faults.append(f"{at(notebook, index)} says {name} is {written}, the run gave {values[name]}")
    return faults


def anchors_of(notebook):
    """Anchors of the headings, in the form of JupyterLab and in that of the book."""
    anchors = set()
    for _, cell in markdown_cells(notebook):
        for heading in re.findall(r"^#{1,6}\s+(.+?)\s*#*\s*$", FENCE.sub("", cell.source), re.M):
            anchors |= {heading.replace(" ", "-"), re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()))}
    return anchors


def links_lead_somewhere(notebook, folder, read=None):
    """Relative links and anchors exist, outside addresses are well formed (nothing is fetched).

    Parameters
    ----------
    notebook : NotebookNode
    folder : Path
        Folder of the notebook.
    read : callable, optional
        Reads the notebook at a path, for anchors in other lectures.
    """
    faults = []
    for index, cell in markdown_cells(notebook):
        text = _MATHS.sub(" ", _INLINE_CODE.sub(" ", FENCE.sub(" ", cell.source)))
        for target in _LINK.findall(text):
            fault = _broken(target, notebook, folder, read)
            if fault:
                faults.append(f"{at(notebook, index)} links to {target!r}: {fault}")
    return faults


def _broken(target, notebook, folder, read):
    if target.startswith("attachment:"):
        return "attachments do not reach the book"
    if re.match(r"[a-zA-Z][\w+.-]*:", target):
        return "" if well_formed(target) else "not a well-formed web address"
    path, _, anchor = unquote(target).partition("#")
    if path.startswith("/"):
        return "a link must be relative or a full web address"
    if path and not (folder / path).exists():
        return "there is no such file"
    if not path and not anchor:
        return "the link is empty"
    if anchor and (not path or path.endswith(".ipynb")):
        there = notebook if not path else read(folder / path) if read else None
        if there is not None and anchor not in anchors_of(there):
            return "there is no such heading"
    return ""
