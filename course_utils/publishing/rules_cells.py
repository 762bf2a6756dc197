"""Rules for a lecture's cells and stored outputs. Each returns its complaints, none if all is well."""

import re
from urllib.parse import urlsplit

from course_utils._outputs import SHORTEST_ALT
from course_utils.publishing.execution import section_of

MOST_BYTES = 400_000
MOST_CODE_LINES = 30
FEWEST_SLIDES, MOST_SLIDES = 20, 35
FEWEST_EXERCISES, MOST_EXERCISES = 4, 8
MOST_PRINTED_LINES, MOST_PRINTED_WIDTH = 30, 120
SLIDE_MARKS = ("slide", "fragment", "-")
TAGS = ("colab-setup", "exercise", "hide-input", "quick", "remove-cell", "show-code", "solution")
NOTES = re.compile(r"<!--\s*notes:\s*(.*?)-->", re.S)
CHECK_CALL = re.compile(r"""checks\.check\(\s*["'](\d+\.\d+[a-z]?)["']""")
_SOLUTION = re.compile(r"<details>\s*<summary>\s*Solution (\d+\.\d+[a-z]?)")
_EXERCISE = re.compile(r"^(?:#{2,6}\s+|>?\s*\*\*)Exercise (\d+\.\d+[a-z]?)\b", re.M)


def at(notebook, index):
    """Name a cell in a way that an author finds again."""
    return f'cell {index} ("{section_of(notebook, index)}")'


def code_cells(notebook):
    """Code cells with their index, those with nothing in them left out."""
    return [(i, cell) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code" and cell.source.strip()]


def tags_of(cell):
    """Tags of a cell, a list in any case."""
    return cell.metadata.get("tags", [])


def printed(cell):
    """Everything that a cell printed."""
    return "".join(out.text for out in cell.outputs if out.output_type == "stream" and out.name == "stdout")


def executed_in_order(notebook):
    """Every code cell was run, once, from top to bottom."""
    faults = []
    for expected, (index, cell) in enumerate(code_cells(notebook), 1):
        if cell.execution_count is None:
            faults.append(f"{at(notebook, index)} was never run: make run")
        elif cell.execution_count != expected:
            faults.append(f"{at(notebook, index)} was run out of order: number {cell.execution_count}, expected {expected}")
    return faults


def clean_outputs(notebook):
    """No cell stored an error or anything on stderr, and no output is longer than a reader reads."""
    faults = []
    for index, cell in code_cells(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                faults.append(f"{at(notebook, index)} stored an error: {output.ename}: {output.evalue}")
            elif output.output_type == "stream" and output.name == "stderr":
                faults.append(f"{at(notebook, index)} stored stderr: {output.text.strip()[:80]!r}")
        lines = printed(cell).splitlines()
        if len(lines) > MOST_PRINTED_LINES:
            faults.append(f"{at(notebook, index)} prints {len(lines)} lines, {MOST_PRINTED_LINES} are allowed")
        if any(len(line) > MOST_PRINTED_WIDTH for line in lines):
            faults.append(f"{at(notebook, index)} prints a line of more than {MOST_PRINTED_WIDTH} characters")
    return faults


def small_enough(size, notebook):
    """The stored notebook has at most 400 KB."""
    if size <= MOST_BYTES:
        return []
    sizes = sorted(((len(str(cell)), index) for index, cell in enumerate(notebook.cells)), reverse=True)[:3]
    largest = ", ".join(f"{at(notebook, index)} {number // 1000} kB" for number, index in sizes)
    return [f"the notebook has {size / 1000:.0f} kB, {MOST_BYTES // 1000} are allowed; largest: {largest}"]


def short_code(notebook):
    """No code cell has more than 30 lines."""
    long = [(index, len(cell.source.splitlines())) for index, cell in code_cells(notebook)]
    return [
        f"{at(notebook, index)} has {lines} lines of code, {MOST_CODE_LINES} are allowed"
        for index, lines in long
        if lines > MOST_CODE_LINES
    ]


def known_tags(notebook):
    """Tags are those that book, deck and assignment edition understand."""
    return [
        f"{at(notebook, index)} has the tag {tag!r}; known are {', '.join(TAGS)}"
        for index, cell in enumerate(notebook.cells)
        for tag in tags_of(cell)
        if tag not in TAGS
    ]


def pictures_have_words(notebook):
    """Every picture carries at least 40 characters that say what is to be seen."""
    faults = []
    for index, cell in enumerate(notebook.cells):
        for output in cell.get("outputs", []):
            for kind in [kind for kind in output.get("data", {}) if kind.startswith("image/")]:
                alt = output.metadata.get(kind, {}).get("alt", "")
                faults += _short_alt(at(notebook, index), alt, "figures.show(fig, alt=...)")
        if cell.cell_type == "markdown":
            for alt in re.findall(r"!\[([^\]]*)\]\(", cell.source):
                faults += _short_alt(at(notebook, index), alt, "![words](picture)")
            if re.search(r"<img\b", cell.source):
                faults.append(f"{at(notebook, index)} uses <img>; write ![words](picture)")
    return faults


def _short_alt(place, alt, way):
    if len(alt.strip()) >= SHORTEST_ALT:
        return []
    have = f"only {len(alt.strip())} characters of" if alt.strip() else "no"
    return [f"{place} has a picture with {have} alternative text; {SHORTEST_ALT} or more: {way}"]


def slide_marks(notebook):
    """Marks are valid, the deck has 20 to 35 slides, and each slide has speaker notes."""
    faults, slides, current = [], [], None
    for index, cell in enumerate(notebook.cells):
        mark = cell.metadata.get("slideshow", {}).get("slide_type")
        has_notes = cell.cell_type == "markdown" and NOTES.search(cell.source)
        if mark is None:
            if has_notes:
                faults.append(f"{at(notebook, index)} has speaker notes but is on no slide")
            continue
        if mark not in SLIDE_MARKS:
            faults.append(f"{at(notebook, index)} has the slide mark {mark!r}; known are {', '.join(SLIDE_MARKS)}")
        elif mark == "slide":
            current = [index, False]
            slides.append(current)
        elif current is None:
            faults.append(f"{at(notebook, index)} continues a slide, but none has begun")
        if current is not None and has_notes and has_notes[1].strip():
            current[1] = True
    faults += [f"{at(notebook, index)} starts a slide without speaker notes" for index, noted in slides if not noted]
    if not FEWEST_SLIDES <= len(slides) <= MOST_SLIDES:
        faults.append(f"the deck has {len(slides)} slides; {FEWEST_SLIDES} to {MOST_SLIDES} are asked for")
    return faults


def exercises_answer(notebook, lecture):
    """Every exercise has a cell that waits, an explained solution, and solution code that is right."""
    named, explained, waiting, solved = [], set(), {}, {}
    for index, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown":
            named += _EXERCISE.findall(cell.source)
            explained |= set(_SOLUTION.findall(cell.source))
            continue
        for number in CHECK_CALL.findall(cell.source):
            kind = solved if "solution" in tags_of(cell) else waiting
            if kind is waiting and not {"exercise", "quick"} & set(tags_of(cell)):
                return [f"{at(notebook, index)} checks exercise {number} but has neither tag: exercise, solution"]
            kind[number] = (index, re.findall(rf"^Exercise {re.escape(number)}: (.*)$", printed(cell), re.M))
    faults = []
    for number in named:
        if named.count(number) > 1:
            faults.append(f"exercise {number} stands {named.count(number)} times")
        if number.split(".")[0] != str(int(lecture[:2])):
            faults.append(f"exercise {number} does not carry the number of lecture {lecture[:2]}")
        if number not in explained:
            faults.append(f"exercise {number} has no <details><summary>Solution {number}")
        if number not in waiting:
            faults.append(f"exercise {number} has no cell tagged exercise that calls checks.check")
        elif waiting[number][1] != ["waiting for your answer."]:
            faults.append(f"exercise {number} should wait when untouched, {_said(notebook, waiting[number])}")
        if number not in solved:
            faults.append(f"exercise {number} has no cell tagged solution that calls checks.check")
        elif solved[number][1] != ["right."]:
            faults.append(f"the solution of exercise {number} does not pass its check, {_said(notebook, solved[number])}")
    for number in sorted((explained | set(waiting) | set(solved)) - set(named)):
        faults.append(f"exercise {number} is checked or solved, but no heading names it")
    if not FEWEST_EXERCISES <= len(named) <= MOST_EXERCISES:
        faults.append(f"there are {len(named)} exercises; {FEWEST_EXERCISES} to {MOST_EXERCISES} are asked for")
    return sorted(set(faults))


def _said(notebook, found):
    index, lines = found
    return f"{at(notebook, index)} printed {lines[-1]!r}" if lines else f"{at(notebook, index)} printed nothing"


def claims_belong(notebook, lecture, taken=None):
    """Names of claims start with the lecture's field and stand once in the course.

    Parameters
    ----------
    notebook : NotebookNode
    lecture : str
    taken : dict of str to str, optional
        Names in other lectures, with the lecture.
    """
    from course_utils import claims

    faults, seen, field = [], dict(taken or {}), lecture[3:]
    for record in claims.collect(notebook):
        name, place = record["name"], at(notebook, record["cell"])
        if name.partition(".")[0] != field:
            faults.append(f"{place} claims {name}; in this lecture names start with {field}.")
        if name in seen:
            faults.append(f"{place} claims {name}, which {seen[name]} claims too")
        seen[name] = f"{lecture}, {place}"
    return faults


def well_formed(address):
    """Tell whether an outside address can be one."""
    parts = urlsplit(address)
    host = r"(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"
    return parts.scheme in ("http", "https") and bool(re.fullmatch(host, parts.hostname or "", re.I)) and " " not in address
