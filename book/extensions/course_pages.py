"""What the course adds to Sphinx: display formulas that carry their own number, and a bibliography style."""

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


class CourseStyle(PlainStyle):
    """Plain entries, sorted by author; the note at the end says what to read an entry for."""

    default_name_style = "plain"


def setup(app):
    register_plugin("pybtex.style.formatting", "course", CourseStyle)
    app.add_post_transform(NumberedFormulas)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
