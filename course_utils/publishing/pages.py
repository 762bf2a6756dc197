"""Pages and parts of pages that the book makes from data: nothing on them is typed by hand.

The topics come from ``book/topics.yml``, everything measured comes from the stored notebooks.
"""

from __future__ import annotations

import difflib
import html
from dataclasses import dataclass
from pathlib import Path

from course_utils.publishing import chapters, measured, notebooks as stored_notebooks
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
        notebook = stored_notebooks.read_notebook(path) if path else None
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
    ran = f'<span class="lecture-ran">Runs in {measured.seconds(lecture.seconds)}</span>' if lecture.seconds else ""
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
            status = f"runs in {measured.seconds(lecture.seconds)}" if lecture.seconds else "written"
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


def _section_link(lecture, section):
    if section == PLANNED:
        return f'<span class="planned">{PLANNED}</span>'
    return f"[{section}](../notebooks/{lecture.name}.ipynb#{chapters.slug(section)})"
