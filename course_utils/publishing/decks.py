"""Write a lecture's slide deck: one HTML page with reveal.js, from the stored notebook."""

from __future__ import annotations

import argparse
import html
import json
import os
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from course_utils.publishing import files, notebooks, slide_layout
from course_utils.publishing import slides as slide_model
from course_utils.publishing.project import Problem, Project

COURSE = "Deep Learning, Measured"
TEMPLATES = Path(__file__).parent / "templates"
_CLAIM_TEXT = re.compile(r"\A✓\s*\S+:\s*(?P<measured>.*?)\s+—\s+(?P<says>.*)\Z", re.S)
_NOTEBOOK_LINK = re.compile(r'href="(?:\./)?(\d\d_\w+)\.ipynb(#[^"]*)?"')


def build(notebook: Path, target: Path, vendor: Path) -> int:
    """Write the deck of one lecture.

    Parameters
    ----------
    notebook : Path
        Executed lecture, ``NN_name.ipynb``. Only its stored outputs are used.
    target : Path
        HTML file to write. Its folder is made when missing.
    vendor : Path
        Folder that `vendor.copy_vendor` filled, with the folder of `fonts.write_fonts`, named
        ``fonts``, beside it. The deck links to both by relative paths, so all must keep their
        places to each other.

    Returns
    -------
    int
        Number of slides.

    Raises
    ------
    FileNotFoundError
        If `notebook`, the vendored reveal.js or the fonts are missing.
    ValueError
        If the lecture has no ``# `` heading, no marked cell, or a figure has no alt text.
    """
    notebook, target, vendor = Path(notebook), Path(target), Path(vendor)
    if not (vendor / "reveal/dist/reveal.js").is_file():
        raise FileNotFoundError(f"vendor: no reveal/dist/reveal.js in {vendor}; call copy_vendor")
    if not (vendor.parent / "fonts/serif-regular.woff").is_file():
        raise FileNotFoundError(f"vendor: no serif-regular.woff in {vendor.parent / 'fonts'}; call write_fonts")
    source = notebooks.read_notebook(notebook)
    try:
        slides = slide_model.collect(source)
        if len(slides) < 2:
            raise ValueError("no cell is marked as a slide (slideshow.slide_type: slide)")
        page = _export(source, slides, {
            "course": COURSE,
            "number": notebook.stem.partition("_")[0],
            "vendor": Path(os.path.relpath(vendor, target.parent)).as_posix(),
            "fonts": Path(os.path.relpath(vendor.parent / "fonts", target.parent)).as_posix(),
            **_titles(slides[0].title),
        })  # fmt: skip
    except ValueError as error:
        raise ValueError(f"{notebook.name}: {error}") from None
    target.parent.mkdir(parents=True, exist_ok=True)
    files.write_text(target, page)
    return len(slides)


def _titles(heading: str) -> dict[str, str]:
    """Split ``Perceptrons: what can one neuron decide?`` into the name and the question."""
    name, _, question = heading.partition(":")
    question = question.strip()
    return {"title": heading, "name": name.strip(), "question": question[:1].upper() + question[1:]}


def _export(source: NotebookNode, slides: list[slide_model.Slide], deck: dict) -> str:
    from nbconvert.exporters import SlidesExporter  # slow to import

    exporter = SlidesExporter(
        template_name="course_deck",
        extra_template_basedirs=[str(TEMPLATES)],
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )
    exporter.register_filter("inline_markdown", lambda text: _inline(exporter, text))
    notebook = nbformat.v4.new_notebook(metadata=source.metadata)
    notebook.metadata.pop("widgets", None)
    deck["slides"] = [_template_slide(slide) for slide in slides]
    body, _ = exporter.from_notebook_node(notebook, resources={"deck": deck})
    # a lecture links to another lecture's notebook; the deck links to its page in the book
    return _NOTEBOOK_LINK.sub(r'href="../notebooks/\1.html\2"', body)


def _inline(exporter, text: str) -> str:
    """Render one line of Markdown without the paragraph around it."""
    return re.sub(r"\A<p>|</p>\Z", "", str(exporter.markdown2html({}, text)).strip())


def _template_slide(slide: slide_model.Slide) -> dict:
    """Sort the parts into the groups that the template draws: words, figures, claims."""
    groups: dict[str, list] = {"words": [], "show": [], "claims": []}
    for part in slide.parts:
        cell, style = part.cell, ""
        if part.role == "claim":
            groups["claims"].append(part)
            cell.outputs[0].data = {"text/html": _claim_line(cell.outputs[0].data)}
        elif part.role in ("figure", "live"):
            groups["show"].append(part)
            if part.role == "figure":
                _require_alt(cell.outputs[0])
        else:
            groups["words"].append(part)
        if part.role == "code":
            split = slide.layout == "split"
            width = slide_layout.column_width(slide.share) if split else slide_layout.WIDTH
            largest = 26.0 if slide.size > 28 else 22.0
            style = f"--code: {slide_layout.code_size(cell.source, width, largest)}px"
        part.style = style
    return {
        "kind": slide.kind,
        "title": slide.title,
        "layout": slide.layout,
        "share": slide.share,
        "size": slide.size,
        "notes": slide.notes,
        "groups": [{"name": n, "parts": p} for n, p in groups.items() if p],
    }


def _claim_line(data: dict) -> str:
    """Draw a claim as one quiet line: a tick, the sentence, the value and its bound."""
    record = data[slide_model.CLAIM]
    record = json.loads(record) if isinstance(record, str) else record
    found = _CLAIM_TEXT.match("".join(data.get("text/plain", "")).strip())
    says = html.escape(found["says"] if found else record["says"])
    measured = html.escape(found["measured"]) if found else ""
    return f'<p class="deck-claim"><span aria-hidden="true">✓</span> {says} <b>{measured}</b></p>'


def _require_alt(output: NotebookNode) -> None:
    for mime, content in output.metadata.items():
        if mime.startswith("image/") and content.get("alt"):
            return
    raise ValueError("a figure in the deck has no alt text; draw it with figures.show(fig, alt=...)")


def main(argv: list[str] | None = None) -> int:
    """Build the slide decks from the stored outputs, into ``_build/html/slides``."""
    from course_utils.publishing import fonts, vendor

    parser = argparse.ArgumentParser(prog="slides", description=main.__doc__)
    parser.add_argument("lectures", nargs="*", help="01, perceptrons, 01_perceptrons; all when left out")
    project = Project.find()
    names = project.choose(parser.parse_args(argv).lectures)
    site = project.build / "html"
    with files.building(project.build):
        libraries = vendor.copy_vendor(site / "_static/vendor")
        fonts.write_fonts(site / "_static/fonts", cache=project.build / "fonts")
        _write(project, names, site, libraries)
    return 0


def _write(project, names, site, libraries):
    for name in names:
        if not project.notebook(name).is_file():
            raise Problem(f"no notebook {project.notebook(name)}: 'make run' makes it from its text")
        target = site / "slides" / f"{name}.html"
        try:
            count = build(project.notebook(name), target, libraries)
        except ValueError as error:
            raise Problem(str(error)) from None
        print(f"{count} slides, {target.stat().st_size / 1000:.0f} kB: {target.as_uri()}")
