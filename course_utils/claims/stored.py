"""Read claims and reported values back from stored notebooks."""

import json
import re
from pathlib import Path

MIME = "application/vnd.course.claim+json"

_MARK = re.compile(r"<!--\s*=\s*([^\s>]+?)\s*-->")
FENCE = re.compile(r"^ {0,3}(```+|~~~+).*?(?:^ {0,3}\1[`~]*\s*$|\Z)", re.M | re.S)
_NUMBER = re.compile(r"[-−+]?\d+(?:[,\u00a0\u202f\u2009]\d{3})*(?:\.\d+)?(?:[eE][-−+]?\d+)?")


def collect(notebook):
    """Read the claims that a stored notebook holds.

    Parameters
    ----------
    notebook : path, dict or NotebookNode
        A notebook or the place of one.

    Returns
    -------
    list of dict
        For each claim, in order: ``name``, ``says``, ``value``, ``bounds``,
        ``margin``, ``unit``, and where it stands: ``cell`` (number of the cell,
        from 0) and ``heading`` (text of the heading above it).
    """
    found, heading = [], ""
    for index, cell in enumerate(_cells(notebook)):
        if cell["cell_type"] == "markdown":
            heads = re.findall(r"^#{1,6}\s+(.+?)\s*#*$", FENCE.sub("", _text(cell["source"])), re.M)
            heading = heads[-1] if heads else heading
        for output in cell.get("outputs", []):
            record = output.get("data", {}).get(MIME)
            if record is not None:
                found.append(record | {"cell": index, "heading": heading})
    return found


def reported(notebook):
    """Read the values that a stored notebook reports.

    Parameters
    ----------
    notebook : path, dict or NotebookNode
        A notebook or the place of one.

    Returns
    -------
    dict of str to str
        The printed text of each value under its name, in order.

    Raises
    ------
    ValueError
        If one name is reported with two values: no sentence could quote it.
    """
    values = {}
    for index, cell in enumerate(_cells(notebook)):
        if cell["cell_type"] != "code" or not re.search(r"\breport\(", _text(cell["source"])):
            continue
        for output in cell.get("outputs", []):
            if output.get("name") != "stdout":
                continue
            for name, value in re.findall(r"^([A-Za-z_]\w*) = (.+)$", _text(output["text"]), re.M):
                if values.setdefault(name, value) != value:
                    raise ValueError(
                        f"{name} is reported twice, as {values[name]} and in cell {index} as {value}"
                    )
    return values


def prose_numbers(markdown):
    """Find the numbers in a text that carry a name in a comment.

    Parameters
    ----------
    markdown : str
        Text such as ``needed **10**<!-- =mistakes --> mistakes``.

    Returns
    -------
    list of (str, str)
        Name and number as written. Where the marked piece holds no number, or
        several, the piece itself. Blocks of code are left out.

    Examples
    --------
    >>> prose_numbers("It needed **1,882**<!-- =separable --> functions.")
    [('separable', '1,882')]
    """
    text = FENCE.sub("", markdown)
    return [(mark[1], _marked_piece(text[: mark.start()])) for mark in _MARK.finditer(text)]


def same_number(written, printed):
    """Tell whether a number in prose is the value that a cell printed.

    Parameters
    ----------
    written : str
        As `prose_numbers` gives it: ``"1,882"``, ``"−3"``, ``"97.2"``.
    printed : str
        As `reported` gives it: ``"1882"``.

    Returns
    -------
    bool
        True if both texts hold the same numbers in the same order, whatever
        stands around them; without numbers, if they are the same text.

    Examples
    --------
    >>> same_number("1,882", "1882"), same_number("97.2", "97.22")
    (True, False)
    """
    first, second = _numbers(written), _numbers(printed)
    return first == second if first or second else written.strip() == printed.strip()


def _numbers(text):
    """Read all numbers of a text, whatever marks thousands, minus or a power of ten."""
    text = text.replace("−", "-").replace("{,}", ",").replace(r"\,", "\u202f")
    return [float(re.sub(r"[^-+.\deE]", "", number)) for number in _NUMBER.findall(text)]


def _cells(notebook):
    if isinstance(notebook, str | Path):
        notebook = json.loads(Path(notebook).read_text(encoding="utf-8"))
    return notebook["cells"]


def _text(source):
    return source if isinstance(source, str) else "".join(source)


def _marked_piece(text):
    """Take the number that a mark stands behind: bold, maths, code or a bare word."""
    for fence in ("**", "$", "`", "*", "_"):
        if text.endswith(fence):
            piece = text[: -len(fence)].rpartition(fence)[2]
            break
    else:
        text = text.rpartition("-->")[2][-60:]
        bare = re.search(rf"(?:{_NUMBER.pattern})(?=\s?%?\Z)", text)
        piece = bare[0] if bare else (text.split() or [""])[-1]
    found = _NUMBER.findall(piece)
    return found[0] if len(found) == 1 else piece.strip()
