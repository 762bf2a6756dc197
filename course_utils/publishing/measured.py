"""What the book shows of stored runs: every claim with its value and bound, and what each run took.

Values come from the stored notebooks, margins under other seeds and kernels from ``book/margins.json``,
which `make robust` writes, and speeds from ``benchmarks/results``, which `make bench` writes.
"""

from __future__ import annotations

import html
import json
import re

from course_utils import claims
from course_utils.publishing import chapters
from course_utils.publishing.project import Problem

MARGINS = "book/margins.json"
NO_BREAK = "\u00a0"


def read_margins(root):
    """Read what `make robust SAVE=1` has stored.

    Parameters
    ----------
    root : Path
        Folder of the checkout.

    Returns
    -------
    dict of str to dict
        For each lecture ``code_hash``, ``runs`` (one text each) and ``claims``: under each name the
        lowest margin of all runs, or ``"exact"`` or ``"holds"`` where there is none to have.

    Raises
    ------
    Problem
        If the file can't be read.
    """
    path = root / MARGINS
    if not path.is_file():
        return {}
    try:
        lectures = json.loads(path.read_text(encoding="utf-8"))["lectures"]
        for entry in lectures.values():
            _ = entry["code_hash"], entry["runs"], entry["claims"].items()
        return lectures
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Problem(f"{MARGINS} is damaged ({error!r}): fetch it again, or make robust SAVE=1") from None


def of_lecture(margins, lecture):
    """Entry of a lecture, or None if it was not measured since its cells or helpers changed."""
    entry = margins.get(lecture.name)
    course = lecture.notebook.metadata.get("course", {}) if lecture.notebook else {}
    return entry if entry and entry["code_hash"] == course.get("code_hash") else None


def claim_list(lectures, margins=None):
    """All claims with what was measured and what was claimed, lecture by lecture.

    Parameters
    ----------
    lectures : list of Lecture
    margins : dict, optional
        As `read_margins` gives them.
    """
    lines = []
    for lecture in lectures:
        found = claims.collect(lecture.notebook) if lecture.notebook else []
        if not found:
            continue
        page, entry = f"../notebooks/{lecture.name}.html", of_lecture(margins or {}, lecture)
        lines += [f"## Lecture {lecture.number}: {lecture.title}", "", '<ol class="claim-list">']
        for claim in found:
            name = html.escape(claim["name"])
            section = html.escape(re.sub(r"[*`$\\]", "", claim["heading"]))
            place = f'<a href="{page}#{chapters.slug(claim["heading"])}">{section}</a>' if section else ""
            lines.append(
                f'<li id="{chapters.claim_id(claim["name"])}"><a class="claim-says" href="{page}#'
                f'{chapters.claim_id(claim["name"])}">{html.escape(claim["says"])}</a>'
                f'<span class="claim-measured"><span class="claim-label">measured</span> {value_of(claim)}</span>'
                f'<span class="claim-bound"><span class="claim-label">claimed</span> {bounds_of(claim)}</span>'
                f"{_room(claim, entry)}"
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
        f'<span class="dlm-claim-measured">Measured: {value_of(claim)}. Claimed: {bounds_of(claim)}. '
        f'<a href="{link}">See it in lecture {lecture.number}</a></span></div>\n'
    )


def in_numbers(lectures):
    """What the written lectures hold and how long they take, counted in their stored notebooks, for the landing page.

    Parameters
    ----------
    lectures : list of Lecture

    Returns
    -------
    str
        A list in HTML: each number with what it counts, and a link to where the numbers come from.
    """
    written = [lecture for lecture in lectures if lecture.notebook]
    if not written:
        return "\n"
    cells = [cell for lecture in written for cell in lecture.notebook.cells]
    minutes = [re.search(r"^\*About (\d+) minutes to read", cell.source, re.M) for cell in cells if cell.cell_type == "markdown"]
    exercises = {number for cell in cells for number in re.findall(r"^#+ Exercise (\d+\.\d+)", cell.source, re.M)}
    number = sum(len(claims.collect(lecture.notebook)) for lecture in written)
    run = sum(lecture.seconds or 0 for lecture in written)
    facts = [
        (len(written), f"lectures written, of {len(lectures)}", "#the-lectures"),
        (f"{number:,}", "claims, each measured", "reference/claims.html"),
        (sum(len(live_figures(lecture)) for lecture in written), "figures that answer to your hand", "#touch-it"),
        (len(exercises), "exercises that check themselves", "how_to_use.html#for-students"),
        (f"{sum(int(found[1]) for found in minutes if found) / 60:.0f} h", "to read it all", "#the-lectures"),
        (f"{run / 60:.0f} min", "to run it all on two cores", "reference/run_times.html"),
    ]
    items = "".join(f'<li><a href="{link}"><strong>{value}</strong> {what}</a></li>' for value, what, link in facts)
    note = (
        "Counted in the stored notebooks when this page was built. The time to read adds up what each lecture says below its title, "
        "the time to run what each took when its outputs were stored, kernel start included, on two processor cores without a graphics card."
    )
    return f'<ul class="numbers">{items}</ul>\n<p class="numbers-note">{note}</p>\n'


def live_figures(lecture):
    """Every interactive figure that a lecture has stored, as HTML that stands alone."""
    outputs = [output for cell in lecture.notebook.cells for output in cell.get("outputs", [])]
    return [text for output in outputs if 'data-dlm="' in (text := "".join(output.get("data", {}).get("text/html", "")))]


def example_figure(lectures):
    """The first live figure of the course, as its lecture shows it, for the landing page."""
    for lecture in lectures:
        for text in live_figures(lecture) if lecture.notebook else []:
            return f'<div class="live">\n{text}\n</div>\n'
    return "\n"


def claim_summary(lectures, margins=None):
    """How many claims the stored notebooks hold, and how often they were measured again."""
    written = [lecture for lecture in lectures if lecture.notebook]
    number = sum(len(claims.collect(lecture.notebook)) for lecture in written)
    text = f"**{number} claims** stand in the lectures written so far. Each held when the outputs were stored.\n"
    again = [(lecture, entry) for lecture in written if (entry := of_lecture(margins or {}, lecture))]
    if not again:
        return text
    runs = [len(entry["runs"]) for _, entry in again]
    times = f"{min(runs)}" if min(runs) == max(runs) else f"{min(runs)} to {max(runs)}"
    which = "Each lecture" if len(again) == len(written) else f"Of the {len(written)} lectures, {len(again)}"
    were = "was" if len(again) in (1, len(written)) else "were"
    return text + f"\n{which} {were} measured again in {times} runs with other random numbers and other kernels for linear algebra.\n"


def run_times(lectures):
    """A table of what each stored run took and made."""
    lines = [
        "| lecture | run | slowest cell | memory at most | code cells | figures | claims | notebook |",
        "|:--|--:|--:|--:|--:|--:|--:|--:|",
    ]
    total = 0
    for lecture in (lecture for lecture in lectures if lecture.notebook):
        course = lecture.notebook.metadata.get("course") or {}
        cells = [cell for cell in lecture.notebook.cells if cell.cell_type == "code" and cell.source.strip()]
        mimes = [mime for cell in cells for output in cell.outputs for mime in output.get("data", {})]
        pictures = sum(mime.startswith("image/") for mime in mimes)
        title = f"[{lecture.number} {lecture.title}](../notebooks/{lecture.name}.ipynb)"
        lines.append(
            f"| {title} | {seconds(lecture.seconds)} | {seconds(course.get('slowest_cell_seconds'))} "
            f"| {_gigabytes(course.get('peak_memory_mb'))} | {len(cells)} | {pictures} | {mimes.count(claims.MIME)} "
            f"| {lecture.size / 1000:.0f}{NO_BREAK}kB |"
        )
        total += lecture.seconds or 0
    lines += ["", f"One after the other they take {total // 60:.0f} min {total % 60:.0f} s."]
    return "\n".join(lines) + "\n"


def speed(root):
    """The tables that `make bench SAVE=1` has stored, and before them a table of their goals.

    Parameters
    ----------
    root : Path
        Folder of the checkout.

    Raises
    ------
    Problem
        If a table is not as the comparison writes it.
    """
    tables = [path.read_text(encoding="utf-8").strip() for path in sorted((root / "benchmarks/results").glob("*.md"))]
    if not tables:
        return "Nothing is measured yet: `make bench SAVE=1`.\n"
    lines = ["| comparison | asked: times as fast | measured | |", "|:--|--:|--:|:--|"]
    for table in tables:
        title = re.match(r"## (.+)\n", table)
        goal = re.search(r"^Goal: at least ([\d.]+) times .+ (met|MISSED): ([\d.]+)\.", table, re.M)
        if not title or not goal:
            raise Problem(f"a table of benchmarks/results has no title or no goal: make bench SAVE=1. It starts {table[:60]!r}")
        verdict = "reached" if goal[2] == "met" else "**not reached**"
        lines.append(f"| [{title[1]}](#{chapters.slug(title[1])}) | {goal[1]} | {goal[3]} | {verdict} |")
    return "\n".join(lines) + "\n\n" + "\n\n".join(tables) + "\n"


def seconds(number):
    """Short form of a time."""
    return "—" if number is None else f"{number:.0f}{NO_BREAK}s"


def _gigabytes(megabytes):
    return "—" if not megabytes else f"{megabytes / 1000:.1f}{NO_BREAK}GB"


def _room(claim, entry):
    """Lowest margin of a claim over all runs, where there was one to measure."""
    lowest = entry["claims"].get(claim["name"]) if entry else None
    if lowest is None:
        return ""
    shown = "met exactly" if isinstance(lowest, str) else f"{_number(lowest, 2)} {html.escape(claim['unit'])}".rstrip()
    return (
        f'<span class="claim-room"><span class="claim-label">least room in {len(entry["runs"])} runs</span> {shown}</span>'
    )


_SIGNS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<", "equals": "="}


def value_of(claim):
    """Measured value with its unit, in as many digits as tell it from its bounds."""
    value, unit = claim["value"], html.escape(claim["unit"])
    for digits in range(4, 18):  # as many digits as tell the value from its bounds
        shown = _number(value, digits)
        if all(_number(b, digits) != shown or b == value for key, b in claim["bounds"].items() if key != "tolerance"):
            break
    return f"{shown} {unit}".strip()


def bounds_of(claim):
    """Bounds of a claim with signs and unit."""
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
