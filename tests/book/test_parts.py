"""The pieces of which pages are made: lectures prepared for the book, lists made from data, typefaces."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils import claims
from course_utils.publishing import chapters, fonts, measured, pages
from course_utils.publishing.project import Problem

PNG = {"image/png": "iVBORw0KGgo="}


def picture(alt="x" * 50):
    return new_output("display_data", PNG, metadata={"image/png": {"alt": alt}})


def claim(name="perceptrons.bound", **more):
    record = {"name": name, "says": "It holds & stays.", "value": 0.5, "bounds": {"at_most": 1.0}, "margin": 0.5, "unit": ""}
    return new_output("display_data", {"text/plain": "✓", claims.MIME: record | more})


def lecture(*cells):
    return new_notebook(cells=[new_markdown_cell("# Title: a question?\n\n*Ten minutes.*"), *cells])


def test_comments_for_speaker_and_tests_go_but_code_keeps_its_own():
    source = "Needed **10**<!-- =mistakes -->.\n\n<!-- notes: Ask\nfirst. -->\n\n```html\n<!-- stays -->\n```"
    assert chapters.without_comments(source) == "Needed **10**.\n\n\n\n```html\n<!-- stays -->\n```"


def test_the_bar_stands_below_the_title_and_the_notebook_is_left_alone():
    given = lecture()
    page = chapters.page(given, '<div class="lecture-bar"></div>')
    assert page.cells[0].source == '# Title: a question?\n\n<div class="lecture-bar"></div>\n\n*Ten minutes.*'
    assert given.cells[0].source == "# Title: a question?\n\n*Ten minutes.*"


def test_a_lecture_without_a_title_is_refused():
    for cells in ([new_markdown_cell("No title.")], [new_code_cell("# Title: of a code cell")], []):
        with pytest.raises(ValueError, match="must open with its title"):
            chapters.page(new_notebook(cells=cells))


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        (new_code_cell("import sys", metadata={"tags": ["colab-setup"]}), chapters.COLAB),
        (new_code_cell("# Load the digits.\nx = 1", metadata={"tags": ["hide-input"]}), "Load the digits"),
        (new_code_cell("import numpy\nimport scipy", metadata={"tags": ["hide-input"]}), "Imports, figure style and seeds"),
        (new_code_cell("import numpy\n\nx = 1", metadata={"tags": ["hide-input"]}), "Imports, figure style and seeds"),
        (new_code_cell("import a\nfrom b import c\nx = 1\ny = 2\nz = 3", metadata={"tags": ["hide-input"]}), "Preparation"),
        (new_code_cell("plt.plot()", outputs=[picture()]), chapters.FIGURE),
        (new_code_cell("plt.plot()", metadata={"tags": ["hide-input"]}, outputs=[picture()]), chapters.FIGURE),
        (new_code_cell("claims.check('a.b', 1, equals=1, says='x')", outputs=[claim()]), "How this is measured"),
        (new_code_cell("interactives.perceptron()", metadata={"tags": ["hide-input"]}), "Code that puts the interactive figure here"),
    ],
)
def test_folded_cells_say_what_they_do(cell, says):
    folded = chapters.page(lecture(cell)).cells[1]
    assert "hide-input" in folded.metadata["tags"]
    assert folded.metadata["mystnb"]["code_prompt_show"] == folded.metadata["mystnb"]["code_prompt_hide"] == says


def test_solutions_are_folded_whole_and_named():
    text = new_markdown_cell("<details><summary>Solution 1.2</summary>\n\nBecause.\n\n</details>")
    cell = new_code_cell("answer = 2", metadata={"tags": ["solution"]})
    folded = chapters.page(lecture(text, cell)).cells[2]
    assert "hide-cell" in folded.metadata["tags"] and folded.metadata["mystnb"]["code_prompt_show"] == "Solution 1.2 in code"


@pytest.mark.parametrize(
    "cell",
    [
        new_code_cell("def step(): ...", metadata={}),
        new_code_cell("plt.plot()", metadata={"tags": ["show-code"]}, outputs=[picture()]),
        new_code_cell("x = 1\nclaims.report(x=x)", metadata={}),
    ],
)
def test_the_subject_stays_open(cell):
    assert "hide-input" not in chapters.page(lecture(cell)).cells[1].metadata.get("tags", [])


def test_a_picture_keeps_its_words():
    page = chapters.page(lecture(new_code_cell("draw()", outputs=[picture("Two curves that cross once, then part for good.")])))
    assert page.cells[1].metadata["mystnb"]["image"]["alt"] == "Two curves that cross once, then part for good."


def test_two_pictures_in_one_cell_are_refused():
    with pytest.raises(ValueError, match="shows 2 pictures"):
        chapters.page(lecture(new_code_cell("draw()", outputs=[picture(), picture()])))


def test_a_claim_gets_an_address_and_its_text_is_escaped():
    html = chapters.page(lecture(new_code_cell("x", outputs=[claim("perceptrons.xor_cycles")]))).cells[1].outputs[0].data["text/html"]
    assert 'id="claim-perceptrons-xor-cycles"' in html and "It holds &amp; stays." in html


def printed(text, name="stdout"):
    cell = new_code_cell("print()", outputs=[new_output("stream", text=text, name=name)])
    [output] = chapters.page(lecture(cell)).cells[1].outputs
    assert cell.outputs[0].text == text, "the stored lecture keeps its words"
    return output.text


def test_lines_that_all_say_on_this_machine_say_it_once():
    table = "a of b, on this machine:\n  c  1.5  on this machine\n  d … on this machine\nplain, 3\n"
    assert printed(table) == "a of b:\n  c  1.5\n  d …\nplain, 3\n(as printed on this machine)\n"


@pytest.mark.parametrize("text", ["7 s on this machine\n", "7\n8\n", "runs on this machine and another 2\nso, on this machine: 3\n"])
def test_other_printed_lines_stay(text):
    assert printed(text) == text


def test_headings_are_found_outside_code_only():
    cells = [new_markdown_cell("## Where?\n\n```python\n# not a heading\n```\n\n### How `x` moves <!-- notes: n -->")]
    assert chapters.headings(lecture(*cells)) == [(1, "Title: a question?", 0), (2, "Where?", 1), (3, "How `x` moves", 1)]


def test_anchor_of_a_heading():
    assert chapters.slug("Or don't learn at all: keep the examples") == "or-dont-learn-at-all-keep-the-examples"


# --- lists made from data ----------------------------------------------------------------------------------------

PLAN = {
    "parts": [{"number": "I", "title": "Foundations", "lectures": [1, 5]}, {"number": "II", "title": "Vision", "lectures": [6, 9]}],
    "lectures": [
        {"name": "01_perceptrons", "title": "Perceptrons", "about": "one neuron", "topics": [{"topic": "Lines", "from": "C", "section": "Where?"}]},
        {"name": "06_cnns", "title": "Networks", "about": "seeing", "topics": [{"topic": "Kernels", "from": "C", "section": "planned"}]},
    ],
}


@pytest.fixture
def course(tmp_path):
    """A plan of two lectures, one of them written."""
    cells = [new_markdown_cell("## Where?"), new_code_cell("x", outputs=[claim(), claim("perceptrons.exact", value=14, bounds={"equals": 14})])]
    notebook = lecture(*cells)
    notebook.metadata["course"] = {"lecture": "01", "seconds": 21.4}
    nbformat.write(notebook, tmp_path / "01_perceptrons.ipynb")
    return pages.read_course(PLAN, tmp_path)


def test_a_notebook_that_the_plan_does_not_name_is_refused(tmp_path):
    nbformat.write(lecture(), tmp_path / "07_unplanned.ipynb")
    with pytest.raises(Problem, match="07_unplanned"):
        pages.read_course(PLAN, tmp_path)


def test_contents_hold_what_is_written_and_no_empty_part(course):
    toc = {"root": "index", "parts": [
        {"caption": "I", "chapters": [{"glob": "notebooks/0[1-5]_*"}]},
        {"caption": "II", "chapters": [{"glob": "notebooks/0[6-9]_*"}]},
        {"caption": "Reference", "chapters": [{"file": "notation"}]},
    ]}  # fmt: skip
    parts = pages.contents(toc, course)["parts"]
    assert [part["caption"] for part in parts] == ["I", "Reference"]
    assert parts[0]["chapters"] == [{"file": "notebooks/01_perceptrons", "title": "1 Perceptrons"}]


def test_a_lecture_that_fits_no_part_is_refused(course):
    with pytest.raises(Problem, match="01_perceptrons"):
        pages.contents({"parts": [{"chapters": [{"file": "notation"}]}]}, course)


def test_wrong_topics_are_named(course):
    course[0].topics[0]["section"] = "Were?"
    course[1].topics[0]["section"] = "Anything"
    first, second = pages.wrong_topics(course)
    assert "no heading 'Were?'; nearest is 'Where?'" in first and "06_cnns is not written yet" in second
    course[0].topics[0]["section"] = "Where is it?"
    assert "nearest is 'Where?'" in pages.wrong_topics(course)[0]
    course[0].topics[0]["section"] = "XYZ"
    assert "nearest" not in pages.wrong_topics(course)[0]
    course[0].topics[0]["section"], course[1].topics[0]["section"] = "Where?", "planned"


def test_topic_index_links_what_is_taught_and_marks_what_is_planned(course):
    text = pages.topic_index(course, {"C": {"short": "Choe"}})
    assert "[Where?](../notebooks/01_perceptrons.ipynb#where)" in text
    assert '| Kernels | <abbr title="Choe">C</abbr> | <span class="planned">planned</span> |' in text


def test_topic_index_names_each_part_once(course):
    text = pages.topic_index(course, {"C": {"short": "Choe"}})
    assert re.findall(r"^## .*|^### .*", text, re.M) == ["## Part I: Foundations", "### 1 Perceptrons", "## Part II: Vision", "### 6 Networks"]
    both = pages.topic_index([course[0], course[0]], {"C": {"short": "Choe"}})
    assert both.count("## Part I") == 1 and both.count("### 1 Perceptrons") == 2


def test_lecture_list_tells_written_from_planned(course):
    text = pages.lecture_list(course)
    assert re.findall(r"<span>(Part \w+)</span>", text) == ["Part I", "Part II"] and text.count('<ol class="lecture-list">') == text.count("</ol>") == 2
    assert pages.lecture_list([course[0], course[0]]).count('class="part-title"') == 1
    assert pages.topic_summary(course) == "2 topics in 2 lectures. Taught so far: 1 topics, lectures written: 1.\n"
    assert 'class="written"' in text and "runs in 21\u00a0s" in text and 'class="planned"' in text


def test_claim_list_shows_the_least_room_of_the_same_cells(course):
    written = next(lecture for lecture in course if lecture.notebook)
    name = re.search(r"<code>(.+?)</code>", measured.claim_list(course))[1]
    written.notebook.metadata["course"]["code_hash"] = "now"
    entry = {"code_hash": "now", "runs": ["seed 0", "seed 1"], "claims": {name: 0.0421}}
    text = measured.claim_list(course, {written.name: entry})
    assert text.count('<span class="claim-label">least room in 2 runs</span> 0.042') == 1
    assert "measured again in 2 runs" in measured.claim_summary(course, {written.name: entry})
    for margins in ({}, {written.name: entry | {"code_hash": "then"}}):
        assert "least room" not in measured.claim_list(course, margins)
        assert "measured again" not in measured.claim_summary(course, margins)
    exact = entry | {"claims": {name: "exact"}}
    assert "met exactly" in measured.claim_list(course, {written.name: exact})


def test_numbers_of_the_landing_page_are_counted(course, tmp_path):
    assert 'href="#the-lectures"><strong>1</strong> lectures written, of 2' in (text := measured.in_numbers(course))
    assert "<strong>2</strong> claims" in text and "<strong>0</strong> figures" in text and "<strong>0 min</strong> to run" in text
    notebook = course[0].notebook
    figure = '<div class="dlm" data-dlm="perceptron-1"></div>'
    notebook.cells += [
        new_markdown_cell("*About 90 minutes to read, half a minute to run.*"),
        new_markdown_cell("## Exercises\n\n### Exercise 1.1: a line (5 minutes)\n\nAs in Exercise 1.3."),
        new_markdown_cell("### Exercise 1.2: a count"),
        new_code_cell("interactives.perceptron()", outputs=[new_output("display_data", {"text/html": figure})]),
    ]
    notebook.metadata["course"]["seconds"] = 95
    text = measured.in_numbers(course)
    for fact in ("1</strong> figures", "2</strong> exercises", "2 h</strong> to read", "2 min</strong> to run"):
        assert f"<strong>{fact}" in text
    assert figure in measured.example_figure(course)
    nothing = [lecture for lecture in course if not lecture.notebook]
    assert measured.in_numbers(nothing) == measured.example_figure(nothing) == "\n"


def test_speed_shows_wins_and_losses(tmp_path):
    assert "Nothing is measured yet" in measured.speed(tmp_path)
    folder = tmp_path / "benchmarks/results"
    folder.mkdir(parents=True)
    for name, word, ratio in (("b", "met", "2.51"), ("a", "MISSED", "0.80")):
        goal = f"Goal: at least 1.3 times as fast as the fastest peer. {word}: {ratio}. A machine, 2 cores; 2026-11-22."
        (folder / f"{name}.md").write_text(f"## Game {name}\n\n| | |\n|---|---|\n| ours | 1 |\n\n{goal}\n", encoding="utf-8")
    text = measured.speed(tmp_path)
    assert "| [Game a](#game-a) | 1.3 | 0.80 | **not reached** |\n| [Game b](#game-b) | 1.3 | 2.51 | reached |" in text
    assert text.index("## Game a") < text.index("## Game b") and text.count("2026-11-22") == 2
    (folder / "b.md").write_text("## Game b\n\nRefused", encoding="utf-8")
    with pytest.raises(Problem, match="no title or no goal"):
        measured.speed(tmp_path)


def test_the_example_of_a_claim_is_the_named_one_or_the_first(course):
    names = re.findall(r"<code>(.+?)</code>", measured.claim_list(course))
    assert len(names) == 2
    links = [re.search(r'href="(.+?)"', measured.example_claim(course, name))[1] for name in (*names, "nobody.knows")]
    assert links == [f"notebooks/01_perceptrons.html#{chapters.claim_id(name)}" for name in (*names, names[0])]
    assert "See it in lecture 1" in measured.example_claim(course, names[1])
    assert measured.example_claim([lecture for lecture in course if not lecture.notebook], names[0]) == "\n"


def test_a_summary_tells_how_often_claims_were_measured(course):
    import dataclasses

    written = next(lecture for lecture in course if lecture.notebook)
    written.notebook.metadata["course"]["code_hash"] = "now"
    other = dataclasses.replace(written, name="02_backprop")
    entry = {"code_hash": "now", "claims": {}}
    margins = {"01_perceptrons": entry | {"runs": ["a", "b", "c"]}, "02_backprop": entry | {"runs": ["a"]}}
    text = measured.claim_summary([written, other], margins)
    assert "**4 claims** stand" in text and "Each lecture was measured again in 1 to 3 runs" in text
    third = dataclasses.replace(written, name="03_other")
    assert "Of the 3 lectures, 2 were measured again in 1 to 3 runs" in measured.claim_summary([written, other, third], margins)
    del margins["02_backprop"]
    assert "Of the 2 lectures, 1 was measured again in 3 runs" in measured.claim_summary([written, other], margins)


def test_run_times_add_up(course):
    written = next(lecture for lecture in course if lecture.notebook)
    written.notebook.metadata["course"] |= {"seconds": 81, "slowest_cell_seconds": 9, "peak_memory_mb": 1234}
    text = measured.run_times(course)
    assert "| 81\u00a0s | 9\u00a0s | 1.2\u00a0GB |" in text, "no number is torn from its unit"
    assert "1 min 21 s" in text


def test_claim_list_shows_value_and_bound(course):
    text = measured.claim_list(course)
    assert "≤ 1" in text and "= 14" in text and "../notebooks/01_perceptrons.html#where" in text


@pytest.mark.parametrize(
    ("record", "value", "bounds"),
    [
        ({"value": 10, "bounds": {"at_most": 211.4}, "unit": ""}, "10", "≤ 211.4"),
        ({"value": 1882, "bounds": {"equals": 1882}, "unit": ""}, "1,882", "= 1,882"),
        ({"value": 0.999961, "bounds": {"below": 1.0}, "unit": ""}, "0.99996", "&lt; 1"),
        ({"value": -0.5, "bounds": {"above": -1.0, "at_most": 0.0}, "unit": "nats"}, "−0.5 nats", "&gt; −1 and ≤ 0 nats"),
        ({"value": 0.31, "bounds": {"equals": 0.3, "tolerance": 0.02}, "unit": ""}, "0.31", "= 0.3 ± 0.02"),
        ({"value": True, "bounds": {"equals": True}, "unit": ""}, "yes", "= yes"),
    ],
)
def test_values_and_bounds_read_well(record, value, bounds):
    assert (measured.value_of(record), measured.bounds_of(record)) == (value, bounds)


# --- typefaces ----------------------------------------------------------------------------------------------------


def test_subsets_are_renamed_small_and_hold_what_the_course_writes(tmp_path):
    from fontTools.ttLib import TTFont

    target = fonts.write_fonts(tmp_path / "not/there/fonts")
    for name, (_, _, family) in fonts.FACES.items():
        font = TTFont(target / name)
        assert (target / name).stat().st_size < 60_000
        assert font["name"].getDebugName(1) == family and "Source" not in font["name"].getDebugName(4)
        assert re.fullmatch(rf"Version [\d.]+.*; {family} .+", font["name"].getDebugName(3)), "whose version it is"
        assert ("Italic" in font["name"].getDebugName(2)) is ("italic" in name), "the style that it is"
    again = fonts.write_fonts(tmp_path / "again", cache=tmp_path / "kept")
    assert {path.name: path.read_bytes() for path in again.iterdir()} == {path.name: path.read_bytes() for path in target.iterdir()}
    letters = TTFont(target / "serif-regular.woff").getBestCmap()
    assert all(ord(letter) in letters for letter in "Aäßžœ–—“”…γΣθ≤≥≈→−²×")
