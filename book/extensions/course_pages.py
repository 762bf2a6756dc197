"""What the course adds to Sphinx: formulas with their own number, folded cells that say what they do,
lighter pages and a bibliography style."""

import re
import shutil
from pathlib import Path

from docutils import nodes
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as PlainStyle
from sphinx.transforms.post_transforms import SphinxPostTransform


class NumberedFormulas(SphinxPostTransform):
    r"""Hand a formula with ``\tag`` to MathJax as it is.

    Sphinx wraps a formula of several lines in a ``split`` environment, in which ``\tag`` is an error.
    """

    default_priority = 700
    formats = ("html",)

    def run(self, **kwargs):
        for formula in self.document.findall(nodes.math_block):
            text = formula.astext()
            if r"\tag" in text and not formula.get("nowrap"):
                formula["nowrap"] = True
                formula.children = []
                formula += nodes.Text(rf"\[{text}\]")


class ReadableAnchors(SphinxPostTransform):
    """Let every heading be reached under the anchor that Markdown gives it.

    Docutils drops leading digits: "14, 104, 1,882" would be reached as ``#id1`` only.
    """

    default_priority = 700
    formats = ("html",)

    def run(self, **kwargs):
        for section in self.document.findall(nodes.section):
            if section.get("slug") and section["slug"] not in section["ids"]:
                section["ids"].append(section["slug"])


# MyST-NB names every folded cell "Toggle hidden content" for those who listen, and prints its line twice.
_SUMMARY = re.compile(
    r'<summary aria-label="Toggle hidden content">\s*<p class="collapsed admonition-title">(.*?)</p>.*?</summary>', re.S
)


def finish_page(app, pagename, templatename, context, doctree):
    """Let the line of a folded cell speak for itself, and name the landing page once."""
    if pagename == app.config.root_doc:
        context["docstitle"] = ""  # the title of the landing page is the title of the book: say it once
    if "body" in context:
        context["body"] = _SUMMARY.sub(r"<summary>\1</summary>", context["body"])


# The theme ships its icons twice: as a font, and as a script of 1.5 MB that draws the same icons again.
_ICON_SCRIPT = re.compile(r'\s*<script defer src="[^"]*scripts/fontawesome\.js[^"]*"></script>')


def drop_dead_weight(app, exception):
    """Leave out what no page needs: the second set of icons, and files for debugging the theme."""
    if exception or app.builder.format != "html":
        return
    site = Path(app.outdir)
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        page.write_text(_ICON_SCRIPT.sub("", text), encoding="utf-8")
    for pattern in ("scripts/fontawesome.js*", "**/*.map", "*macros.html", "locales"):
        for path in list((site / "_static").glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


class CourseStyle(PlainStyle):
    """Plain entries, sorted by author; the note at the end says what to read an entry for."""

    default_name_style = "plain"


def setup(app):
    register_plugin("pybtex.style.formatting", "course", CourseStyle)
    app.add_post_transform(NumberedFormulas)
    app.add_post_transform(ReadableAnchors)
    app.connect("html-page-context", finish_page)
    app.connect("build-finished", drop_dead_weight)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
