"""Figures that readers touch, alive without a kernel and without a network.

A figure is one JavaScript module in this folder, written like an anywidget front end
(``export default { render({ model, el }) }``), and one Python function. Displayed in a
notebook it becomes one ``text/html`` output that carries all it needs: a text that teaches
without the figure, the figure's data as JSON, and one inline ``<script type="module">``.
JupyterLab, Colab, the book and the decks all show the same output. It holds no id, no date
and no random part, so that a stored output can be compared with a fresh one.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent

_IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class)\b)", re.M)
_COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*.*?\*/[ \t]*)\n", re.M | re.S)
_INDENT = re.compile(r"^[ \t]+", re.M)

WITHOUT_SCRIPT = (
    "This figure comes alive where JavaScript may run: on the course's page, in its slides and "
    "in Colab. In JupyterLab, run the cell above or trust the notebook."
)


def _shrink(source: str) -> str:
    """Leave out comment lines, empty lines and indentation.

    The modules keep every string on one line, so that this changes no value.
    """
    source = _INDENT.sub("", _COMMENT.sub("", source))
    return re.sub(r"\n{2,}", "\n", source).strip() + "\n"


@cache
def bundle(name: str) -> str:
    """Join a figure's module and what it imports into one script.

    Parameters
    ----------
    name : str
        Name of a module in this folder, without ``.js``.

    Returns
    -------
    str
        Source without import and export; the figure itself is called ``figure``.
        All joined files share one scope, so their names must differ.
    """
    order: list[str] = []

    def visit(file: str) -> None:
        for needed in _IMPORT.findall((HERE / file).read_text(encoding="utf-8")):
            if needed not in order:
                visit(needed)
        order.append(file)

    visit(f"{name}.js")
    parts = []
    for file in order:
        source = _IMPORT.sub("", (HERE / file).read_text(encoding="utf-8"))
        source = source.replace("export default {", "const figure = {")
        parts.append(_shrink(_EXPORT.sub("", source)))
    return "".join(parts)


@cache
def style() -> tuple[str, str]:
    """Return the style sheet that all figures share: what their words need, and the rest."""
    words, rest = (HERE / "runtime.css").read_text(encoding="utf-8").split("/* Up to here", 1)
    return _shrink(words), _shrink("/* Up to here" + rest)


def _styling(css: str) -> str:
    """Return a script that adds a style sheet to the page, once for all figures in it."""
    mark = hashlib.sha256(css.encode()).hexdigest()[:8]
    return (
        f"if (!document.head.querySelector('style[data-dlm-style=\"{mark}\"]')) {{\n"
        'const sheet = document.createElement("style");\n'
        f'sheet.dataset.dlmStyle = "{mark}";\n'
        f"sheet.textContent = {json.dumps(css)};\n"
        "document.head.append(sheet);\n}\n"
    )


def _unpacking(script: str) -> str:
    """Return a short script that unpacks the long one and runs it.

    Packed, a figure takes a third of the bytes in a notebook. Every browser of the last
    years unpacks gzip by itself; an older one keeps showing the words of the figure.
    """
    packed = base64.b64encode(gzip.compress(script.encode(), mtime=0)).decode("ascii")
    return (
        f'const packed = Uint8Array.from(atob("{packed}"), (c) => c.charCodeAt(0));\n'
        'const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));\n'
        'const script = Object.assign(document.createElement("script"), {type: "module"});\n'
        "script.textContent = await new Response(stream).text();\n"
        "document.head.append(script);"
    )


def inert(text: str) -> str:
    """Write ``</script`` and ``<!--`` so that they can't end or hide an inline script."""
    return re.sub(r"<(?=/script|!--)", r"\\u003c", text, flags=re.I)


class Interactive:
    """A figure that readers touch, ready to be displayed.

    Parameters
    ----------
    name : str
        Module in this folder that draws the figure.
    alt : str
        What the figure shows, in one or two sentences. It is the figure's
        accessible name and its plain-text form.
    lesson : sequence of str
        Paragraphs that teach the point without the figure. They stand in its
        place until the script runs.
    **props : object
        The figure's data; anything that JSON can hold.

    Examples
    --------
    >>> Interactive("perceptron", "One neuron and four points.", ["Try it."], dataset="and")
    Interactive figure: One neuron and four points.
    """

    def __init__(self, name: str, alt: str, lesson: list[str], **props: object) -> None:
        self.name, self.alt, self.lesson, self.props = name, alt, list(lesson), props

    def __repr__(self) -> str:
        return f"Interactive figure: {self.alt}"

    def html(self) -> str:
        """Return the whole figure as HTML that stands alone."""
        script, (words, rest) = bundle(self.name), style()
        key = f"{self.name}-{hashlib.sha256((script + words + rest).encode()).hexdigest()[:8]}"
        call = f'{_styling(rest)}mountAll("{key}", figure);\n//# sourceURL={self.name}.js\n'
        data = inert(json.dumps(self.props, sort_keys=True, separators=(",", ":"), allow_nan=False))
        alt = html.escape(self.alt)
        lesson = "".join(f"<p>{html.escape(text)}</p>" for text in [*self.lesson, WITHOUT_SCRIPT])
        return (
            f'<div class="dlm" data-dlm="{key}" role="group" aria-label="{alt}">'
            f"<p><strong>Interactive figure.</strong> {alt}</p>{lesson}"
            f'<script type="application/json">{data}</script></div>\n'
            f"<style>\n{words}</style>\n"
            f'<script type="module">\n{_unpacking(script + call)}\n</script>'
        )

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict[str, str]:
        return {"text/html": self.html(), "text/plain": repr(self)}
