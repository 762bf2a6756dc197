"""Turn a lecture's marked cells into slides: parts, notes and a layout for each.

A slide is drawn from the cells between two ``slide`` marks. Each cell is taken apart into parts
by role: words, code, print, table, figure, live, claim. Nothing here knows about HTML pages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from nbformat import NotebookNode

from course_utils.publishing import slide_layout
from course_utils.publishing.chapters import CLAIM, say_once, without_comments

_NOTES = re.compile(r"<!--\s*notes:(.*?)-->", re.S | re.I)
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
    return without_comments(_DETAILS.sub("", source)), notes


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
            continue  # the line on reading time is for the page
        if mark == "skip" or "solution" in cell.metadata.get("tags", []):
            continue
        if mark in ("slide", "subslide"):
            slides.append(Slide())
        elif len(slides) == 1 and mark != "notes":
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
        slide.layout, slide.share = slide_layout.choose_layout(slide.parts, slide.kind)
        slide.size = slide_layout.roomy_size(slide)
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
            shown = NotebookNode(output)
            say_once(shown)
            if output.output_type == "execute_result":  # the same thing to a deck
                shown = NotebookNode(output, output_type="display_data")
            parts.append(Part(role, _code(cell, "", [shown]), step))
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
