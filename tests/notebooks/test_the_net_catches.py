"""Break a good lecture in one place, and see the rule that is meant for it complain in plain words."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from course_utils.publishing import execution, notebooks, rules, rules_cells, rules_words

ROOT = Path(__file__).resolve().parents[2]
LECTURE = "99_samples"


def cell_with(notebook, words):
    """The one cell that holds some words."""
    (found,) = [cell for cell in notebook.cells if words in cell.source]
    return found


def one(faults, words):
    """Exactly one complaint, and it holds these words."""
    assert len(faults) == 1, faults
    assert re.search(words, faults[0], re.S), faults[0]


def replace(notebook, old, new):
    cell_with(notebook, old).source = cell_with(notebook, old).source.replace(old, new)


def output_of(notebook, words, kind):
    return [out for out in cell_with(notebook, words).outputs if out.output_type == kind][0]


def test_the_sample_is_good_as_it_is(finished_course, finished):
    twin = notebooks.read_twin(finished_course.text)
    assert rules.of_notebook(finished, LECTURE, finished_course.project.notebooks) == []
    assert rules.pair_agrees(twin, finished) == []


# What stops the run itself.


def test_a_false_claim(sample_course):
    course = sample_course({"at_most=0.5": "at_most=0.01"})
    with pytest.raises(execution.RunFailed, match=r'(?s)"Count the mistakes".*ClaimFailed: samples.few_mistakes is false'):
        course.run()
    assert not course.project.notebook(LECTURE).exists()


def test_a_cell_that_writes_to_stderr(sample_course):
    course = sample_course({"mistakes = 1000": "import warnings; warnings.warn('mind the gap')\nmistakes = 1000"})
    with pytest.raises(execution.RunFailed, match=r'(?s)"Count the mistakes".*wrote to stderr.*mind the gap'):
        course.run()


def test_a_short_alternative_text(sample_course):
    course = sample_course({"A straight line rises from the lower left corner to the upper right corner.": "A line."})
    with pytest.raises(execution.RunFailed, match=r'(?s)"Draw it".*alt.*40'):
        course.run()


# What the rules find in a stored notebook.


def test_a_wrong_solution(sample_course):
    course = sample_course({"right_answer_3 = 3 + 1": "right_answer_3 = 3"})
    course.run()
    faults = rules_cells.exercises_answer(course.notebook, LECTURE)
    one(faults, r'solution of exercise 99.3 does not pass its check, .* printed "?\'?not yet. Add one')


def test_a_changed_number_in_prose(finished):
    replace(finished, "**1,234**", "**1,243**")
    one(rules_words.numbers_are_measured(finished), r'"Count the mistakes".*mistakes is 1,243, the run gave 1234')


def test_a_number_that_nothing_reports(finished):
    replace(finished, "<!-- =mistakes -->", "<!-- =misteaks -->")
    one(rules_words.numbers_are_measured(finished), "quotes 1,234 as misteaks, but the notebook reports mistakes")


def test_a_changed_printed_number(finished):
    output_of(finished, "claims.report", "stream").text = "mistakes = 1235\n"
    one(rules_words.numbers_are_measured(finished), "says mistakes is 1,234, the run gave 1235")


def test_an_unexecuted_cell(finished):
    cell_with(finished, "claims.report").execution_count = None
    faults = rules_cells.executed_in_order(finished)
    one(faults, r'cell 4 \("Count the mistakes"\) was never run')


def test_cells_run_out_of_order(finished):
    first, second = cell_with(finished, "claims.report"), cell_with(finished, "plt.subplots")
    first.execution_count, second.execution_count = second.execution_count, first.execution_count
    faults = rules_cells.executed_in_order(finished)
    assert len(faults) == 2 and "out of order: number 4, expected 3" in faults[0]


def test_a_picture_without_words(finished):
    del output_of(finished, "plt.subplots", "display_data").metadata["image/png"]
    one(rules_cells.pictures_have_words(finished), r'"Draw it".*no alternative text; 40 or more')


def test_a_picture_in_markdown_without_words(finished):
    cell_with(finished, "### Slide 3").source += "\n![a plot](plot.png)"
    one(rules_cells.pictures_have_words(finished), r'"Slide 3".*only 6 characters')


def test_stderr_and_errors_in_stored_outputs(finished):
    cell_with(finished, "claims.report").outputs += [
        nbformat.v4.new_output("stream", name="stderr", text="Warning!"),
        nbformat.v4.new_output("error", ename="KeyError", evalue="'x'", traceback=[]),
    ]
    faults = rules_cells.clean_outputs(finished)
    assert len(faults) == 2 and "stored stderr: 'Warning!'" in faults[0] and "KeyError" in faults[1]


def test_a_flood_of_output(finished):
    output_of(finished, "claims.report", "stream").text = "line\n" * 31 + "x" * 200
    faults = rules_cells.clean_outputs(finished)
    assert len(faults) == 2 and "32 lines" in faults[0] and "120 characters" in faults[1]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda cell: cell.update(source=cell.source + " More."), r"differs. Text: .*notebook: .*Edit the text"),
        (lambda cell: cell.metadata.update(tags=["solution"]), r"has marks .* in the text"),
        (lambda cell: cell.update(id="0123"), r"has the id 0123"),
    ],
)
def test_a_twin_that_differs(finished_course, finished, change, words):
    change(cell_with(finished, "### Slide 3"))
    one(rules.pair_agrees(notebooks.read_twin(finished_course.text), finished), words)


def test_a_twin_with_a_cell_more_or_of_another_kind(finished_course, finished):
    twin = notebooks.read_twin(finished_course.text)
    one(rules.pair_agrees(notebooks.read_twin(finished_course.text + "\n+++\n\nMore.\n"), finished), "the text has 49 cells, the notebook 48")
    twin.cells[3] = nbformat.v4.new_code_cell("1")
    one(rules.pair_agrees(twin, finished), "cell 3 .* is code in the text and markdown in the notebook")


@pytest.mark.parametrize(
    ("added", "what"),
    [
        ("```{note}\nMind the gap.\n```", "MyST directive.*```{note}"),
        (":::{tip}\nMind the gap.\n:::", "MyST directive|::: block"),
        ("See {ref}`the-gap`.", "MyST role.*{ref}"),
        ("(the-gap)=", "MyST label"),
        ("> [!NOTE]\n> Mind the gap.", "admonition of one site"),
        ("\\begin{align}\nx\n\\end{align}", "LaTeX environment"),
        ("- With $x$:\n$$x = 1$$\n- more", "no paragraph of its own"),
        ("<!-- to do: more -->", "comment that is neither notes: nor =name: 'to do: more'"),
        ("<!-- notes: no end", "comment that is not closed"),
        ('<div class="wide">Mind the gap.</div>', "holds <div>"),
        ("<details><summary>More</summary>\nmore\n</details>", "blank lines inside <details>"),
        ("<details><summary>More</summary>\n\nmore\n", "opens <details> without closing"),
    ],
)
def test_markdown_that_only_some_places_understand(finished, added, what):
    cell_with(finished, "The rule needed").source += f"\n\n{added}\n"
    faults = rules_words.portable(finished)
    assert faults and any(re.search(what, fault) for fault in faults), faults


@pytest.mark.parametrize("added", ["$\\{x\\}$ and $\\mathrm{d}$", "`{ref}` in code", "```text\n:::\n```", "a < b > c", "<br>"])
def test_markdown_that_is_fine(finished, added):
    cell_with(finished, "The rule needed").source += f"\n\n{added}\n"
    assert rules_words.portable(finished) == []


@pytest.mark.parametrize(
    ("link", "fault"),
    [
        ("no_such_file.md", "no such file"),
        ("#no-such-heading", "no such heading"),
        ("http:/example", "not a well-formed web address"),
        ("https://exa mple.org", None),
        ("mailto:someone@example.org", "not a well-formed web address"),
        ("/absolute", "must be relative"),
        ("99_samples.ipynb#gone", "no such heading"),
        ("attachment:x.png", "attachments"),
    ],
)
def test_links_that_lead_nowhere(finished_course, finished, link, fault):
    cell_with(finished, "The rule needed").source += f" See [this]({link})."
    faults = rules_words.links_lead_somewhere(finished, finished_course.project.notebooks, notebooks.read_notebook)
    assert len(faults) == (fault is not None)
    assert fault is None or fault in faults[0]


@pytest.mark.parametrize("link", ["99_samples.ipynb", "99_samples.ipynb#Draw-it", "#draw-it", "text/99_samples.md"])
def test_links_that_lead_somewhere(finished_course, finished, link):
    cell_with(finished, "The rule needed").source += f" See [this]({link})."
    assert rules_words.links_lead_somewhere(finished, finished_course.project.notebooks, notebooks.read_notebook) == []


def test_marks_of_slides(finished):
    cell_with(finished, "### Slide 3").metadata["slideshow"]["slide_type"] = "subslide"
    faults = rules_cells.slide_marks(finished)
    assert len(faults) == 2 and "slide mark 'subslide'; known are slide, fragment, -" in faults[0]


def test_a_slide_without_notes_and_notes_without_a_slide(finished):
    replace(finished, "<!-- notes: Ask for a guess. -->", "")
    cell_with(finished, "The rule needed").source += "\n\n<!-- notes: Lost. -->"
    faults = rules_cells.slide_marks(finished)
    assert len(faults) == 2
    assert "speaker notes but is on no slide" in faults[0] and "without speaker notes" in faults[1]


def test_too_few_slides_and_a_slide_that_never_began(finished):
    for cell in finished.cells:
        if cell.source.startswith("### Slide") or cell.source.startswith("# Samples"):
            del cell.metadata["slideshow"]
    cell_with(finished, "plt.subplots").metadata["slideshow"] = {"slide_type": "slide"}
    assert any("4 slides; 20 to 35" in fault or "5 slides; 20 to 35" in fault for fault in rules_cells.slide_marks(finished))
    finished.cells[2].metadata["slideshow"] = {"slide_type": "-"}
    assert any("none has begun" in fault for fault in rules_cells.slide_marks(finished))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("<summary>Solution 99.2", "<summary>More on 99.2", "99.2 has no <details><summary>Solution 99.2"),
        ('checks.check("99.2", answer_2)', "", "99.2 has no cell tagged exercise"),
        ('checks.check("99.2", right_answer_2)', "", "99.2 has no cell tagged solution"),
        ("### Exercise 99.2", "### Exercise 99.1", "99.1 stands 2 times"),
        ("### Exercise 99.2", "### Exercise 98.2", "98.2 does not carry the number of lecture 99"),
    ],
)
def test_exercises_that_are_not_whole(finished, old, new, words):
    replace(finished, old, new)
    faults = rules_cells.exercises_answer(finished, LECTURE)
    assert any(words in fault for fault in faults), faults


@pytest.mark.parametrize(("number", "fits"), [(3, False), (4, True), (5, True), (8, True), (9, False)])
def test_four_to_eight_exercises_are_asked_for(finished, number, fits):
    last = cell_with(finished, "### Exercise 99.5")
    for part in range(6, number + 1):
        finished.cells.append(nbformat.v4.new_markdown_cell(last.source.replace("99.5", f"99.{part}")))
    for part in range(number + 1, 6):
        replace(finished, f"### Exercise 99.{part}", "###")
    faults = [fault for fault in rules_cells.exercises_answer(finished, LECTURE) if "asked for" in fault]
    assert faults == ([] if fits else [f"there are {number} exercises; 4 to 8 are asked for"])


@pytest.mark.parametrize(
    ("course", "allowed", "words"),
    [
        ({"seconds": 60, "slowest_cell_seconds": 10}, {LECTURE: 60}, []),
        ({"seconds": 60.1, "slowest_cell_seconds": 10}, {LECTURE: 60}, ["the run took 60.1 s, 60 are allowed"]),
        ({"seconds": 1, "slowest_cell_seconds": 10.1}, {LECTURE: 60}, ["one cell took 10.1 s, 10 are allowed"]),
        ({"seconds": 1}, {}, [f"there is no budget for {LECTURE}"]),
        ({}, {LECTURE: 0.5}, []),
    ],
)
def test_budgets_of_time(finished, course, allowed, words):
    finished.metadata["course"] = course
    faults = rules.within_budget(finished, LECTURE, allowed)
    assert len(faults) == len(words) and all(word in fault for word, fault in zip(words, faults, strict=True))


def test_an_exercise_that_is_solved_already(finished):
    output_of(finished, 'check("99.2", answer_2)', "stream").text = "Exercise 99.2: right.\n"
    one(rules_cells.exercises_answer(finished, LECTURE), "99.2 should wait when untouched")


def test_long_code_unknown_tags_and_large_notebooks(finished):
    cell_with(finished, "claims.report").source = "pass\n" * 31
    one(rules_cells.short_code(finished), "has 31 lines of code, 30 are allowed")
    cell_with(finished, "plt.subplots").metadata["tags"] = ["hidden"]
    one(rules_cells.known_tags(finished), "tag 'hidden'; known are colab-setup")
    one(rules_cells.small_enough(400_001, finished), 'the notebook has 400 kB.*"Draw it"')


def test_claims_of_another_field_and_claims_made_twice(finished):
    output_of(finished, "claims.report", "display_data").data["application/vnd.course.claim+json"]["name"] = "cnns.x"
    one(rules_cells.claims_belong(finished, LECTURE), "claims cnns.x; in this lecture names start with samples.")
    finished.cells.append(cell_with(finished, "claims.report"))
    faults = rules_cells.claims_belong(finished, LECTURE, {"cnns.x": "06_cnns"})
    assert any("which 06_cnns claims too" in fault for fault in faults)


def test_a_frame_that_is_not_kept(finished):
    replace(finished, "## Symbols", "## Notation")
    one(rules_words.frame_is_kept(finished), "must be Summary, Symbols, Exercises, References")
    finished.cells.pop(0)
    assert any("not the title" in fault for fault in rules_words.frame_is_kept(finished))


def test_a_summary_that_is_too_long(finished):
    cell_with(finished, "## Summary").source += "\n- more" * 8
    one(rules_words.frame_is_kept(finished), "has 9 lines, 7 are allowed")


def test_stale_outputs_and_a_stale_install_line(sample_course, finished_course):
    course = sample_course()
    course.write(finished_course.text)
    course.project.notebook(LECTURE).write_bytes(finished_course.project.notebook(LECTURE).read_bytes())
    assert notebooks.is_current(course.project, LECTURE)
    course.change({"mistakes / 100000": "mistakes / 200000"})
    assert not notebooks.is_current(course.project, LECTURE)
    later = type(course.project)(course.project.root, "9.9.0", course.project.repository)
    one(rules.colab_cell_is_stamped(course.notebook, later), "does not carry the address and version")


def test_budgets(finished):
    finished.metadata.course["seconds"] = 61
    finished.metadata.course["slowest_cell_seconds"] = 11
    faults = rules.within_budget(finished, LECTURE, {LECTURE: 60})
    assert len(faults) == 2 and "took 61 s, 60 are allowed" in faults[0] and "split it" in faults[1]
    assert "no budget" in rules.within_budget(finished, LECTURE, {})[0]


def test_metadata_of_an_editor(finished):
    finished.metadata["widgets"] = {}
    finished.cells[0].metadata["collapsed"] = True
    faults = rules.metadata_is_lean(finished, LECTURE)
    assert len(faults) == 2 and "'widgets'" in faults[0] and "collapsed" in faults[1]


# What nbval finds when it runs the lecture again.


def nbval(folder):
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-q", "--color=no", "-p", "no:cacheprovider", "--nbval"]
    command += ["--nbval-current-env", "--nbval-sanitize-with", "tests/nbval.cfg", "--rootdir", str(folder), str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_a_fresh_run_is_compared(finished, tmp_path):
    """Digits of a claim's value and pixels may move; bounds, words and printed numbers may not. One kernel for all."""

    def changed(words, old, new, kind="text/plain"):
        """Copy the cell that holds these words, and change one of its outputs."""
        cell = copy.deepcopy(cell_with(finished, words))
        outputs = [(out, "text") if out.output_type == "stream" else (out.data, kind) for out in cell.outputs]
        [(output, key)] = [(output, key) for output, key in outputs if old in output.get(key, "")]
        output[key] = output[key].replace(old, new)
        return cell, output

    same, data = changed("claims.report", "0.01234 ≤ 0.5", "0.01235 ≤ 0.5")
    data["application/vnd.course.claim+json"]["value"] = 0.01235
    picture = output_of(finished, "plt.subplots", "display_data").data
    more = [
        same,
        changed("claims.report", "0.01234 ≤ 0.5", "0.01234 ≤ 0.6")[0],
        changed("claims.report", "few mistakes", "no mistakes")[0],
        changed("claims.report", "mistakes = 1234", "mistakes = 1235")[0],
        changed("plt.subplots", picture["image/png"], "AAAA", "image/png")[0],
        changed("plt.subplots", picture["text/plain"], "Figure: something else is to be seen here, look.")[0],
    ]
    for number, cell in enumerate(more):
        cell.id = f"more-{number}"
    place = finished.cells.index(cell_with(finished, "plt.subplots")) + 1
    finished.cells[place:place] = more  # cells 4 to 9
    nbformat.write(finished, tmp_path / "changed.ipynb")
    status, said = nbval(tmp_path)
    assert status == 1
    failed = sorted(re.findall(r"^FAILED \S*?changed\.ipynb::Cell (\d+)", said, re.M))
    assert failed == ["5", "6", "7", "9"], said
