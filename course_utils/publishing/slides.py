"""Turn a lecture's marked cells into slides: parts, notes and a layout for each.

A slide is drawn from the cells between two ``slide`` marks. Each cell is taken apart into parts
by role (head, words, code, print, figure, live, claim), and the layout that leaves the figure the
largest picture is chosen from the sizes of the parts. Nothing here knows about HTML pages.
"""

from __future__ import annotations

import base64
import math
import re
import struct
from dataclasses import dataclass, field

from nbformat import NotebookNode

CLAIM = "application/vnd.course.claim+json"
WIDTH, BODY_HEIGHT = 1152, 540  # room for the body of a 1280 x 720 slide, in CSS pixels
GAP = 44  # between words and figure, in CSS pixels
WORD_SHARES = (0.36, 0.44, 0.52)  # widths tried for the column of words
LIVE_ASPECT = 1.1  # width / height set aside for an interactive figure

_NOTES = re.compile(r"<!--\s*notes:(.*?)-->", re.S | re.I)
_COMMENT = re.compile(r"<!--.*?-->", re.S)
_DETAILS = re.compile(r"<details\b.*?</details>", re.S | re.I)
_HEADING = re.compile(r"\A\s*#{1,6}\s+(.+?)\s*#*\s*(?:\n|\Z)")


@dataclass
class Part:
    """One block of a slide: its role and a cell that holds nothing else."""

    role: str
    cell: NotebookNode
    step: int | None = None  # appears with this click; None: there from the start
    style: str = ""  # CSS that the template writes on the part


@dataclass
class Slide:
    """One slide: title in Markdown, parts in reading order, notes of the speaker."""

    title: str = ""
    kind: str = "slide"
    parts: list[Part] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    layout: str = "words"
    share: float = 0.5  # of the width that the words take in a split layout
    size: int = 28  # of the words, in CSS pixels


def clean_markdown(source: str) -> tuple[str, list[str]]:
    """Split a Markdown cell into what a deck shows and the speaker notes in its comments.

    Parameters
    ----------
    source : str
        Markdown with ``<!-- notes: ... -->`` and ``<!-- =name -->`` comments and
        ``<details>`` blocks.

    Returns
    -------
    tuple of str and list of str
        Markdown without comments and ``<details>`` blocks, and the notes in order.
    """
    notes = [" ".join(text.split()) for text in _NOTES.findall(source)]
    return _COMMENT.sub("", _DETAILS.sub("", source)).strip(), notes


def take_heading(source: str) -> tuple[str, str]:
    """Return the text of a heading at the start of a Markdown cell, and the rest."""
    found = _HEADING.match(source)
    return (found.group(1), source[found.end() :].strip()) if found else ("", source)


def collect(notebook: NotebookNode) -> list[Slide]:
    """Collect the slides of a lecture, the title slide first.

    Parameters
    ----------
    notebook : NotebookNode
        Executed lecture. Cells without a slide mark and cells tagged ``solution`` stay out.

    Returns
    -------
    list of Slide
        With layouts chosen.

    Raises
    ------
    ValueError
        If the lecture has no ``# `` heading, or a cell continues a slide that never began.
    """
    slides: list[Slide] = []
    for index, cell in enumerate(notebook.cells):
        mark = cell.metadata.get("slideshow", {}).get("slide_type") or "skip"
        if not slides:
            title, rest = take_heading(cell.source) if cell.cell_type == "markdown" else ("", "")
            if not title or not cell.source.lstrip().startswith("# "):
                continue
            slides.append(Slide(title=title, kind="title", notes=clean_markdown(rest)[1]))
            if mark != "slide":
                continue
            if clean_markdown(rest)[0]:
                slides[0].parts += _parts(_markdown(cell, rest), None, slides[0])
            continue
        if mark == "skip" or "solution" in cell.metadata.get("tags", []):
            continue
        if mark in ("slide", "subslide"):
            slides.append(Slide())
        elif len(slides) == 1:
            raise ValueError(
                f"cell {index} is marked {mark!r} but no cell before it is marked 'slide'"
            )
        slide = slides[-1]
        if mark == "notes":
            slide.notes.append(cell.source.strip())
            continue
        step = None
        if mark == "fragment":
            step = 1 + max((p.step for p in slide.parts if p.step is not None), default=-1)
        slide.parts += _parts(cell, step, slide)
    if not slides:
        raise ValueError("the lecture has no '# ' heading: the title slide is made from it")
    for slide in slides:
        slide.layout, slide.share = choose_layout(slide.parts, slide.kind)
        if slide.layout == "words":
            slide.size = roomy_size(slide.parts)
    return slides


def _markdown(cell: NotebookNode, source: str) -> NotebookNode:
    return NotebookNode(cell_type="markdown", metadata=NotebookNode(), source=source, id=cell.id)


def _code(cell: NotebookNode, source: str, outputs: list) -> NotebookNode:
    return NotebookNode(
        cell_type="code", metadata=NotebookNode(), source=source, outputs=outputs,
        execution_count=cell.get("execution_count"), id=cell.id,
    )  # fmt: skip


def _parts(cell: NotebookNode, step: int | None, slide: Slide) -> list[Part]:
    """Take one cell apart; a heading and notes go to the slide itself."""
    if cell.cell_type == "markdown":
        source, notes = clean_markdown(cell.source)
        slide.notes += notes
        if not slide.title and not slide.parts:
            slide.title, source = take_heading(source)
        return [Part("words", _markdown(cell, source), step)] if source else []
    if cell.cell_type != "code":
        return []
    parts = []
    if "show-code" in cell.metadata.get("tags", []):
        parts.append(Part("code", _code(cell, cell.source.strip(), []), step))
    for output in cell.outputs:
        if role := _role(output):
            parts.append(Part(role, _code(cell, "", [output]), step))
    return parts


def _role(output: NotebookNode) -> str | None:
    if output.output_type == "stream":
        return "print" if output.name == "stdout" and output.text.strip() else None
    data = output.get("data", {})
    if CLAIM in data:
        return "claim"
    if "data-dlm" in "".join(data.get("text/html", "")):
        return "live"
    if "image/png" in data or "image/svg+xml" in data or "image/jpeg" in data:
        return "figure"
    if "text/html" in data or "text/markdown" in data:
        return "table"
    return "print" if "text/plain" in data else None


# Layout: sizes are estimates good to about a line, which is enough to choose a frame.


def choose_layout(parts: list[Part], kind: str = "slide") -> tuple[str, float]:
    """Choose the frame that shows the figures of a slide largest.

    Parameters
    ----------
    parts : list of Part
        Parts of the slide.
    kind : {"slide", "title"}
        The title slide has a frame of its own.

    Returns
    -------
    tuple of str and float
        ``title``, ``statement`` (few words, large), ``words`` (no figure), ``figure`` (nothing
        but figures), ``stack`` (words above) or ``split`` (words beside); and the share of the
        width that the words take when split.
    """
    if kind == "title":
        return "title", 0.5
    shown = [part for part in parts if part.role in ("figure", "live")]
    words = [part for part in parts if part.role in ("words", "code", "print", "table")]
    room = BODY_HEIGHT - 34 * sum(part.role == "claim" for part in parts)
    if not shown:
        text = "".join(part.cell.source for part in words)
        plain = all(part.role == "words" for part in words)
        few = plain and 0 < len(text) <= 150 and not re.search(r"^\s*([-*|>]|\d+\.)\s?", text, re.M)
        return ("statement" if few else "words"), 0.5
    if not words:
        return "figure", 0.5
    aspect = sum(_aspect(part) for part in shown)  # figures stand side by side
    frames = {("stack", 0.5): _area(WIDTH, room - _height(words, WIDTH), aspect)}
    for share in WORD_SHARES:
        column = share * WIDTH
        if _height(words, column) <= room and _fits(words, column):
            across = _area(WIDTH - column - GAP, room, aspect)
            # two figures in the narrow column stand above each other instead
            down = _area(WIDTH - column - GAP, room / len(shown), aspect / len(shown)) * len(shown)
            frames["split", share] = 1.15 * max(across, down)  # reading beside beats reading above
    return max(frames, key=lambda frame: (round(frames[frame], -3), frame[1]))


def roomy_size(parts: list[Part]) -> int:
    """Choose the size of the words, in CSS pixels, on a slide without a figure."""
    room = BODY_HEIGHT - 34 * sum(part.role == "claim" for part in parts)
    words = [part for part in parts if part.role != "claim"]
    for size in (34, 31):
        grown = size / 28
        if _height(words, WIDTH / grown) * grown < 0.92 * room:
            return size
    return 28


def _area(width: float, height: float, aspect: float) -> float:
    height = max(height, 1.0)
    return min(width, height * aspect) * min(height, width / aspect)


def _aspect(part: Part) -> float:
    if part.role == "live":
        return LIVE_ASPECT
    data = part.cell.outputs[0].data
    if "image/png" in data:
        header = base64.b64decode("".join(data["image/png"]).replace("\n", "")[:64])[:24]
        width, height = struct.unpack(">II", header[16:24])
        return width / height
    return 1.6


def _height(parts: list[Part], width: float) -> float:
    return sum(_part_height(part, width) for part in parts)


def _part_height(part: Part, width: float) -> float:
    if part.role == "words":
        return 16 + sum(_block_height(block, width) for block in part.cell.source.split("\n"))
    if part.role == "code":
        return 36 + (part.cell.source.count("\n") + 1) * 1.4 * code_size(part.cell.source, width)
    if part.role == "print":
        return 30 + 29 * (_printed(part).count("\n") + 1)
    return 240.0


def _block_height(block: str, width: float) -> float:
    text = block.strip()
    if not text:
        return 6.0
    if text.startswith("|"):
        return 46.0
    if text.startswith("$$"):
        return 80.0
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", re.sub(r"\\[a-zA-Z]+|[*`${}_^]", "", text))
    return 12 + 38.0 * math.ceil(max(len(text), 1) / max(width / 13.2, 1))


def _fits(parts: list[Part], width: float) -> bool:
    for part in parts:
        if part.role == "table" or (part.role == "words" and "\n|" in part.cell.source):
            return width >= 0.5 * WIDTH
        if part.role == "code" and code_size(part.cell.source, width) < 17:
            return False
        if part.role == "print" and _longest(_printed(part)) * 12.1 > width - 24:
            return False
    return True


def _printed(part: Part) -> str:
    output = part.cell.outputs[0]
    return (output.text if output.output_type == "stream" else output.data["text/plain"]).strip()


def _longest(text: str) -> int:
    return max((len(line) for line in text.splitlines()), default=0)


def code_size(source: str, width: float, largest: float = 22.0) -> float:
    """Choose the size of the type, in CSS pixels, at which code fits a width uncut."""
    lines = source.count("\n") + 1
    by_width = (width - 56) / (0.605 * max(_longest(source), 1))
    by_height = (BODY_HEIGHT - 40) / (1.4 * lines)
    return round(max(12.0, min(largest, by_width, by_height)), 1)
