"""Choose the frame of a slide and the size of its type, from estimates of how much room parts take.

The estimates are good to about a line, which is enough to choose between frames. The frame that
leaves the figure the largest picture wins. What a browser makes of it is tested there.
"""

from __future__ import annotations

import base64
import math
import re
import struct

WIDTH, BODY_HEIGHT = 1152, 540  # room for the body of a 1280 x 720 slide, in CSS pixels
GAP = 44  # between words and figure, in CSS pixels
WORD_SHARES = (0.36, 0.44, 0.52)  # widths tried for the column of words
LIVE_ASPECT = 1.25  # width / height set aside for an interactive figure
_DISPLAY = re.compile(r"\$\$(.*?)\$\$", re.S)


def choose_layout(parts: list, kind: str = "slide") -> tuple[str, float]:
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
        column = column_width(share)
        if _height(words, column) <= room and _fits(words, column):
            # a little in favour: reading beside a figure beats reading above it
            frames["split", share] = 1.05 * _area(WIDTH - column - GAP, room, aspect)
    return max(frames, key=lambda frame: (round(frames[frame], -3), frame[1]))


def column_width(share: float) -> float:
    """Width of the column of words in a split layout, in CSS pixels."""
    return share * (WIDTH - GAP)


def roomy_size(slide) -> int:
    """Choose the size of the words, in CSS pixels: larger where they leave their frame empty."""
    room = BODY_HEIGHT - 34 * sum(part.role == "claim" for part in slide.parts)
    words = [part for part in slide.parts if part.role in ("words", "code", "print", "table")]
    width, sizes = {"words": (WIDTH, (38, 34, 31)), "split": (column_width(slide.share), (33, 30))}.get(
        slide.layout, (WIDTH, ())
    )
    for size in sizes:
        grown = size / 28
        if _height(words, width / grown) * grown < 0.7 * room:
            return size
    return 28


def _area(width: float, height: float, aspect: float) -> float:
    height = max(height, 1.0)
    return min(width, height * aspect) * min(height, width / aspect)


def _aspect(part) -> float:
    if part.role == "live":
        return LIVE_ASPECT
    data = part.cell.outputs[0].data
    if "image/png" in data:
        header = base64.b64decode("".join(data["image/png"]).replace("\n", "")[:64])[:24]
        width, height = struct.unpack(">II", header[16:24])
        return width / height
    return 1.6


def _height(parts: list, width: float) -> float:
    return sum(_part_height(part, width) for part in parts)


def _part_height(part, width: float) -> float:
    if part.role == "words":
        source = _DISPLAY.sub(lambda found: "$$" + found[1].replace("\n", " ") + "$$", part.cell.source)
        return 16 + sum(_block_height(block, width) for block in source.split("\n"))
    if part.role == "code":
        return 36 + (part.cell.source.count("\n") + 1) * 1.4 * code_size(part.cell.source, width)
    if part.role == "print":
        return 30 + 29 * (_printed(part).count("\n") + 1)
    return 240.0


def _visible(text: str) -> str:
    """Strip Markdown and TeX to about as many characters as a reader sees."""
    text = re.sub(r"\\(?:math\w+|text\w*|operatorname\*?|underset|overset|left|right|tag|bigl?|bigr?)\b", "", text)
    text = re.sub(r"\\(arg|min|max|log|exp|quad|sin|cos|tanh)\b", r"\1", text)
    text = re.sub(r"\\[a-zA-Z]+|\\.", "x", text)
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", re.sub(r"[*`${}_^]", "", text))


def _block_height(block: str, width: float) -> float:
    text = block.strip()
    if not text:
        return 6.0
    if text.startswith("|"):
        return 46.0
    if text.startswith("$$"):
        return 80.0
    text = _visible(text)
    return 12 + 38.0 * math.ceil(max(len(text), 1) / max(width / 13.2, 1))


def _fits(parts: list, width: float) -> bool:
    for part in parts:
        if part.role == "table" or (part.role == "words" and "\n|" in part.cell.source):
            return width >= 0.5 * WIDTH
        if part.role == "words" and any(
            13.2 * len(_visible(formula)) > width for formula in _DISPLAY.findall(part.cell.source)
        ):
            return False
        if part.role == "code" and code_size(part.cell.source, width) < 17:
            return False
        if part.role == "print" and _longest(_printed(part)) * 12.1 > width - 24:
            return False
    return True


def _printed(part) -> str:
    output = part.cell.outputs[0]
    return (output.text if output.output_type == "stream" else output.data["text/plain"]).strip()


def _longest(text: str) -> int:
    return max((len(line) for line in text.splitlines()), default=0)


def code_size(source: str, width: float, largest: float = 22.0) -> float:
    """Choose the size of the type, in CSS pixels, at which code fits a width uncut."""
    lines = source.count("\n") + 1
    by_width = (width - 56) / (0.61 * max(_longest(source), 1))
    by_height = (BODY_HEIGHT - 40) / (1.4 * lines)
    return round(max(12.0, min(largest, by_width, by_height)), 1)
