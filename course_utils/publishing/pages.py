"""Pages and parts of pages that the book makes from data: nothing on them is typed by hand.

The topics come from ``book/topics.yml``, everything measured comes from the stored notebooks.
"""

from __future__ import annotations

import difflib
import html
import re
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_utils import claims
from course_utils.publishing import chapters
from course_utils.publishing.project import Problem

PLANNED = "planned"


@dataclass(frozen=True)
class Lecture:
    """One lecture of the course, written or planned."""

    name: str
    title: str
    about: str
    part: dict
    topics: list
    notebook: object = None  # NotebookNode of a written lecture
    size: int = 0  # bytes of the stored notebook

    @property
    def number(self):
        """Number of the lecture, without a leading zero."""
        return int(self.name[:2])

    @property
    def seconds(self):
        """Seconds that the stored run took, or None."""
        return (self.notebook.metadata.get("course") or {}).get("seconds") if self.notebook else None


def read_course(topics, notebooks):
    """Read the plan of the course and the lectures that are written.

    Parameters
    ----------
    topics : dict
        Content of ``book/topics.yml``.
    notebooks : Path
        Folder of the executed notebooks.

    Returns
    -------
    list of Lecture
        All lectures, planned ones too, in order.

    Raises
    ------
    Problem
        If a notebook is missing from the plan.
    """
    written = {path.stem: path for path in sorted(Path(notebooks).glob("[0-9][0-9]_*.ipynb"))}
    lectures = []
    for entry in topics["lectures"]:
        number, path = int(entry["name"][:2]), written.pop(entry["name"], None)
        part = next(p for p in topics["parts"] if p["lectures"][0] <= number <= p["lectures"][1])
        notebook = nbformat.read(path, as_version=4) if path else None
        size = path.stat().st_size if path else 0
        lectures.append(Lecture(part=part, notebook=notebook, size=size, **entry))
    if written:
        raise Problem(f"book/topics.yml does not name {', '.join(written)}: add the lecture and its topics there")
    return sorted(lectures, key=lambda lecture: lecture.number)


def wrong_topics(lectures):
    """List what ``book/topics.yml`` says of written lectures and the notebooks do not hold.

    Parameters
    ----------
    lectures : list of Lecture
        As `read_course` gives them.

    Returns
    -------
    list of str
        One line for each problem.
    """
    problems = []
    for lecture in lectures:
        known = [text for _, text, _ in chapters.headings(lecture.notebook)] if lecture.notebook else []
        for topic in lecture.topics:
            section = topic["section"]
            if section == PLANNED or section in known:
                continue
            close = difflib.get_close_matches(section, known, n=1, cutoff=0.4)
            guess = f"; nearest is {close[0]!r}" if close else ""
            why = f"has no heading {section!r}{guess}" if lecture.notebook else "is not written yet"
            problems.append(f"book/topics.yml: {topic['topic']!r}: {lecture.name} {why}")
    return problems


def contents(toc, lectures):
    """Fill the table of contents with the lectures that are written.

    Parameters
    ----------
    toc : dict
        Content of ``book/_toc.yml``. ``glob`` entries stand for lectures.
    lectures : list of Lecture
        As `read_course` gives them.

    Returns
    -------
    dict
        A table of contents with a file and a short title for each lecture, without empty parts.
    """
    written = {f"notebooks/{lecture.name}": lecture for lecture in lectures if lecture.notebook}
    parts, placed = [], set()
    for part in toc["parts"]:
        entries = []
        for entry in part["chapters"]:
            if "glob" not in entry:
                entries.append(entry)
                continue
            found = {place: lecture for place, lecture in written.items() if Path(place).match(entry["glob"])}
            entries += [{"file": place, "title": f"{lecture.number} {lecture.title}"} for place, lecture in found.items()]
            placed |= set(found)
        if entries:
            parts.append({**part, "chapters": entries})
    if lost := sorted(set(written) - placed):
        raise Problem(f"book/_toc.yml has no part for {', '.join(lost)}")
    return {**toc, "parts": parts}


def bar(lecture, repository, branch="main"):
    """Links below the title of a lecture: Colab, download, slides; and how long it runs."""
    blob = f"{repository}/blob/{branch}/notebooks/{lecture.name}.ipynb"
    colab = blob.replace("https://github.com/", "https://colab.research.google.com/github/")
    ran = f'<span class="lecture-ran">Runs in {_seconds(lecture.seconds)}</span>' if lecture.seconds else ""
    place = f"Lecture {lecture.number} · Part {lecture.part['number']}, {lecture.part['title']}"
    links = (
        f'<a class="lecture-colab" href="{html.escape(colab)}">Open in Colab</a>'
        f'<a class="lecture-download" href="{lecture.name}.ipynb" download>Download notebook</a>'
        f'<a class="lecture-slides" href="../slides/{lecture.name}.html">Slides</a>'
    )
    return (
        f'<div class="lecture-bar"><span class="lecture-place">{html.escape(place)}</span>'
        f'<span class="lecture-links">{links}</span>{ran}</div>'
    )


def lecture_list(lectures):
    """The list on the landing page: every lecture with its question and its status."""
    lines, part = [], None
    for lecture in lectures:
        if lecture.part is not part:
            part = lecture.part
            lines += ["</ol>"] * bool(lines) + [
                f'<h3 class="part-title"><span>Part {part["number"]}</span> {html.escape(part["title"])}</h3>',
                '<ol class="lecture-list">',
            ]
        title, about = html.escape(lecture.title), html.escape(lecture.about)
        if lecture.notebook:
            title = f'<a href="notebooks/{lecture.name}.html">{title}</a>'
            status = f"runs in {_seconds(lecture.seconds)}" if lecture.seconds else "written"
        else:
            status = PLANNED
        kind = "written" if lecture.notebook else "planned"
        lines.append(
            f'<li class="{kind}"><span class="lecture-number">{lecture.number}</span>'
            f'<span class="lecture-title">{title}</span><span class="lecture-about">{about}</span>'
            f'<span class="lecture-status">{status}</span></li>'
        )
    return "\n".join([*lines, "</ol>"]) + "\n"


def topic_index(lectures, sources):
    """The topic index: topic, source and section, lecture by lecture."""
    lines, part = [], None
    for lecture in lectures:
        if lecture.part is not part:
            part = lecture.part
            lines += [f"## Part {part['number']}: {part['title']}", ""]
        lines += [f"### {lecture.number} {lecture.title}", "", "| topic | source | section |", "|:--|:--|:--|"]
        for topic in lecture.topics:
            where = _section_link(lecture, topic["section"])
            letters = " ".join(f'<abbr title="{sources[key]["short"]}">{key}</abbr>' for key in topic["from"].split(", "))
            lines.append(f"| {topic['topic']} | {letters} | {where} |".replace("\n", " "))
        lines.append("")
    return "\n".join(lines)


def topic_summary(lectures):
    """One sentence: how many topics there are, how many are taught."""
    topics = [topic for lecture in lectures for topic in lecture.topics]
    taught = sum(topic["section"] != PLANNED for topic in topics)
    written = sum(lecture.notebook is not None for lecture in lectures)
    return f"{len(topics)} topics in {len(lectures)} lectures. Taught so far: {taught} topics, lectures written: {written}.\n"


def claim_list(lectures):
    """All claims with what was measured and what was claimed, lecture by lecture."""
    lines = []
    for lecture in lectures:
        found = claims.collect(lecture.notebook) if lecture.notebook else []
        if not found:
            continue
        page = f"../notebooks/{lecture.name}.html"
        lines += [f"## Lecture {lecture.number}: {lecture.title}", "", '<ol class="claim-list">']
        for claim in found:
            name = html.escape(claim["name"])
            section = html.escape(re.sub(r"[*`$\\]", "", claim["heading"]))
            place = f'<a href="{page}#{chapters.slug(claim["heading"])}">{section}</a>' if section else ""
            lines.append(
                f'<li id="{chapters.claim_id(claim["name"])}"><a class="claim-says" href="{page}#'
                f'{chapters.claim_id(claim["name"])}">{html.escape(claim["says"])}</a>'
                f'<span class="claim-measured"><span class="claim-label">measured</span> {_value(claim)}</span>'
                f'<span class="claim-bound"><span class="claim-label">claimed</span> {_bounds(claim)}</span>'
                f'<span class="claim-place">{place} <code>{name}</code></span></li>'
            )
        lines += ["</ol>", ""]
    return "\n".join(lines) or "No lecture is stored yet.\n"


def example_claim(lectures, name):
    """One claim of a written lecture as it looks there, for the landing page."""
    found = [(lecture, c) for lecture in lectures if lecture.notebook for c in claims.collect(lecture.notebook)]
    if not found:  # before the first lecture is stored
        return "\n"
    lecture, claim = next((pair for pair in found if pair[1]["name"] == name), found[0])
    link = f"notebooks/{lecture.name}.html#{chapters.claim_id(claim['name'])}"
    return (
        '<div class="dlm-claim"><span class="dlm-claim-mark" aria-hidden="true">✓</span>'
        f'<span class="dlm-claim-says">{html.escape(claim["says"])}</span>'
        f'<span class="dlm-claim-measured">Measured: {_value(claim)}. Claimed: {_bounds(claim)}. '
        f'<a href="{link}">See it in lecture {lecture.number}</a></span></div>\n'
    )


def claim_summary(lectures):
    """One sentence: how many claims the stored notebooks hold."""
    number = sum(len(claims.collect(lecture.notebook)) for lecture in lectures if lecture.notebook)
    return f"**{number} claims** stand in the lectures written so far. Each held when the outputs were stored.\n"


def run_times(lectures):
    """A table of what each stored run took and made."""
    lines = ["| lecture | run, kernel start included | code cells | figures | claims | notebook |", "|:--|--:|--:|--:|--:|--:|"]
    for lecture in (lecture for lecture in lectures if lecture.notebook):
        cells = [cell for cell in lecture.notebook.cells if cell.cell_type == "code" and cell.source.strip()]
        mimes = [mime for cell in cells for output in cell.outputs for mime in output.get("data", {})]
        pictures = sum(mime.startswith("image/") for mime in mimes)
        title = f"[{lecture.number} {lecture.title}](../notebooks/{lecture.name}.ipynb)"
        lines.append(
            f"| {title} | {_seconds(lecture.seconds)} | {len(cells)} | {pictures} | {mimes.count(claims.MIME)} "
            f"| {lecture.size / 1000:.0f} kB |"
        )
    return "\n".join(lines) + "\n"


def _section_link(lecture, section):
    if section == PLANNED:
        return f'<span class="planned">{PLANNED}</span>'
    return f"[{section}](../notebooks/{lecture.name}.ipynb#{chapters.slug(section)})"


def _seconds(seconds):
    return "—" if seconds is None else f"{seconds:.0f} s"


_SIGNS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<", "equals": "="}


def _value(claim):
    value, unit = claim["value"], html.escape(claim["unit"])
    for digits in range(4, 18):  # as many digits as tell the value from its bounds
        shown = _number(value, digits)
        if all(_number(b, digits) != shown or b == value for key, b in claim["bounds"].items() if key != "tolerance"):
            break
    return f"{shown} {unit}".strip()


def _bounds(claim):
    bounds, unit = dict(claim["bounds"]), html.escape(claim["unit"])
    tolerance = f" ± {_number(bounds.pop('tolerance'))}" if "tolerance" in bounds else ""
    shown = " and ".join(f"{_SIGNS[key]} {_number(bound)}" for key, bound in bounds.items())
    return html.escape(f"{shown}{tolerance} ".rstrip()) + (f" {unit}" if unit else "")


def _number(value, digits=4):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{digits}g}".replace("-", "−")
