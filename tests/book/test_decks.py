"""Decks are written from stored outputs: what is in, what stays out, which frame is chosen."""

import base64
import re
import struct
import zlib

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.publishing import decks, slide_layout, slides, vendor
from course_utils.publishing.project import Problem

ALT = "Two classes of points and the line between them, which stops moving after nine mistakes."
CLAIM = "application/vnd.course.claim+json"


def png(width, height):
    """A white picture of a given size, in base64."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + b"\xff" * width) * height
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return base64.b64encode(data + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")).decode()


def words(source, mark="slide"):
    metadata = {"slideshow": {"slide_type": mark}} if mark else {}
    return new_markdown_cell(source, metadata=metadata)


def code(source, outputs=(), mark="-", tags=()):
    metadata = {"slideshow": {"slide_type": mark}} if mark else {}
    return new_code_cell(
        source, outputs=list(outputs), metadata=metadata | {"tags": list(tags)}, execution_count=1
    )


def figure(width=60, height=40, alt=ALT):
    metadata = {"image/png": {"alt": alt}} if alt else {}
    data = {"image/png": png(width, height), "text/plain": f"Figure: {alt}"}
    return new_output("display_data", data=data, metadata=metadata)


def claim():
    record = {"name": "perceptrons.mistake_bound", "says": "The rule needs few mistakes.", "value": 10}
    data = {
        "text/plain": "✓ perceptrons.mistake_bound: 10 ≤ 211 — The rule needs few mistakes.",
        "text/html": "<div class='dlm-claim'>LOUD</div>",
        CLAIM: record,
    }
    return new_output("display_data", data=data)


def printed(text):
    return new_output("stream", name="stdout", text=text)


@pytest.fixture
def deck(tmp_path):
    """Write the deck of the given cells and return its HTML."""
    libraries = tmp_path / "site/_static/vendor"
    (libraries / "reveal/dist").mkdir(parents=True)
    (libraries / "reveal/dist/reveal.js").touch()
    (tmp_path / "site/_static/fonts").mkdir()
    (tmp_path / "site/_static/fonts/serif-regular.woff").touch()

    def make(*cells, title="# Perceptrons: what can one neuron decide?"):
        notebook = new_notebook(cells=[new_markdown_cell(title), *cells])
        nbformat.write(notebook, tmp_path / "01_perceptrons.ipynb")
        target = tmp_path / "site/slides/01_perceptrons.html"
        make.count = decks.build(tmp_path / "01_perceptrons.ipynb", target, libraries)
        return target.read_text(encoding="utf-8")

    return make


def body(page):
    return page[page.index("<body>") :]


def test_unmarked_cells_and_solutions_stay_out(deck):
    page = deck(
        words("## A title"),
        words("UNMARKED", mark=None),
        words("SKIPPED", mark="skip"),
        code("print(SOLVED)", [printed("SOLVED")], tags=["solution"]),
        words("text\n\n<details><summary>Solution 1.2</summary>\n\nSECRET\n\n</details>", mark="-"),
    )
    for word in ("UNMARKED", "SKIPPED", "SOLVED", "SECRET", "Solution"):
        assert word not in page
    assert deck.count == 2  # the title slide is made from the heading


def test_notes_go_to_the_speaker_and_names_of_values_go_nowhere(deck):
    page = deck(words("## A title\n\n- **10**<!-- =mistakes --> of them\n\n<!-- notes: Ask\nfirst. -->"))
    aside = re.search(r'<aside class="notes">(.*?)</aside>', page, re.S).group(1)
    assert "Ask first." in aside
    assert "Ask first." not in page.replace(aside, "")
    assert "mistakes" not in page
    assert "<!--" not in body(page)


def test_cells_go_to_the_slide_that_was_begun_last(deck):
    page = deck(words("## One"), words("FIRST", mark="-"), words("## Two"), words("SECOND", mark="-"), words("THIRD", mark="fragment"), words("Say it.", mark="notes"))
    sections = page.split("<section")[1:]
    assert [[word for word in ("FIRST", "SECOND", "THIRD", "Say it.") if word in section] for section in sections[-2:]] == [["FIRST"], ["SECOND", "THIRD", "Say it."]]


@pytest.mark.parametrize(
    ("data", "role"),
    [
        ({"text/html": "<table></table>", "text/plain": "t"}, "table"),
        ({"text/markdown": "| a |", "text/plain": "t"}, "table"),
        ({"text/html": '<div data-dlm="x"></div>', "text/plain": "t"}, "live"),
        ({"image/svg+xml": "<svg/>", "text/plain": "t"}, "figure"),
        ({"text/plain": "7"}, "print"),
        ({"application/json": "7"}, None),
    ],
)
def test_roles_of_what_a_cell_shows(data, role):
    assert slides._role(new_output("display_data", data)) == role


def test_code_is_hidden_unless_it_is_the_point(deck):
    page = deck(
        words("## A title"),
        code("hidden_call()", [printed("10 mistakes")]),
        code("shown_call()", tags=["show-code"]),
    )
    assert "hidden_call" not in page
    assert "10 mistakes" in page
    assert "shown_call" in page


def test_the_value_of_a_cell_is_shown_as_what_it_displays(deck):
    data = {"text/html": '<div data-dlm="perceptron-1">LIVE</div>', "text/plain": "Interactive figure: x"}
    result = new_output("execute_result", data=data, execution_count=1)
    page = deck(words("## A title"), code("interactives.perceptron()", [result]))
    assert re.search(r'deck-part-live">\s*<div data-dlm="perceptron-1">LIVE', page)


def test_the_columns_of_a_printed_table_stand_below_each_other(deck):
    page = deck(words("## A"), code("print(table)", [printed("\n   one: 1, on this machine\nseven: 2, on this machine\n\n")]))
    assert "<pre>   one: 1\nseven: 2\n(as printed on this machine)</pre>" in page.replace(' class="deck-print"', "")


def test_stderr_never_reaches_a_slide(deck):
    page = deck(words("## A title"), code("f()", [new_output("stream", name="stderr", text="WARNED")]))
    assert "WARNED" not in page


def test_a_claim_is_one_quiet_line(deck):
    page = deck(words("## A title"), code("check()", [claim()]))
    line = re.search(r'<p class="deck-claim">.*?</p>', page, re.S).group(0)
    assert "The rule needs few mistakes." in line
    assert "10 ≤ 211" in line
    assert "LOUD" not in page


def test_a_picture_keeps_its_alt_text_and_needs_one(deck):
    page = deck(words("## A title"), code("plot()", [figure()]))
    assert f'alt="{ALT}"' in page
    with pytest.raises(ValueError, match="01_perceptrons.ipynb: a figure in the deck has no alt text"):
        deck(words("## A title"), code("plot()", [figure(alt="")]))


def test_the_title_slide_has_name_question_and_number(deck):
    page = deck(words("## A title"))
    assert re.search(r"<h1>\s*Perceptrons\s*</h1>", page)
    assert "What can one neuron decide?" in page
    assert "Lecture 01" in page


def test_a_marked_heading_cell_gives_one_title_slide(tmp_path):
    notebook = new_notebook(cells=[words("# Perceptrons: why?\n\n<!-- notes: Hello. -->"), words("## B")])
    collected = slides.collect(notebook)
    assert [slide.kind for slide in collected] == ["title", "slide"]
    assert collected[0].notes == ["Hello."]


def test_fragments_appear_one_after_the_other(deck):
    page = deck(words("## A title"), words("- one", mark="fragment"), words("- two", mark="fragment"), words("- three", mark="fragment"))
    assert re.findall(r'fragment" data-fragment-index="(\d)"', page) == ["0", "1", "2"]


def test_a_link_to_a_lecture_leads_to_its_page(deck):
    page = deck(words("## A title\n\nSee [lecture 02](02_backprop.ipynb#chain)."))
    assert 'href="../notebooks/02_backprop.html#chain"' in page


@pytest.mark.parametrize(
    ("cells", "layout"),
    [
        ([words("## T\n\n- a\n- b"), code("f()", [figure(60, 44)])], "split"),
        ([words("## T\n\n- a"), code("f()", [figure(700, 200)])], "stack"),
        ([words("## T"), code("f()", [figure()]), code("g()", [claim()])], "figure"),
        ([words("## T\n\n- a\n- b")], "words"),
        ([words("What would you change?")], "statement"),
    ],
)
def test_the_frame_fits_what_is_on_the_slide(cells, layout):
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), *cells])
    assert slides.collect(notebook)[1].layout == layout


@pytest.mark.parametrize(
    ("text", "size"),
    [*(("- some words\n" * lines, size) for lines, size in [(1, 38), (5, 38), (6, 31), (7, 28)]),
     *(("words that go on " * times, size) for times, size in [(20, 38), (28, 34), (36, 31), (40, 28)])],
)  # fmt: skip
def test_few_words_are_set_large(text, size):
    notebook = new_notebook(cells=[new_markdown_cell("# Title"), words("## T\n\n" + text.strip())])
    assert slides.collect(notebook)[1].size == size


@pytest.mark.parametrize(("lines", "size"), [(1, 26), (6, 22)])
def test_short_code_is_a_little_larger_beside_few_words(deck, lines, size):
    page = deck(words("## T\n\n" + "\n".join(["- some words"] * lines)), code("x = 1", tags=["show-code"]))
    assert re.findall(r"--code: ([\d.]+)px", page) == [f"{size}.0"]


def test_long_code_is_set_smaller_but_stays_readable():
    assert slide_layout.code_size("x = 1", 1152) == 22
    assert 12 <= slide_layout.code_size("\n".join(["x = 1"] * 30), 1152) < 22
    assert slide_layout.code_size("x" * 100, 1152) < 22


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([new_markdown_cell("# Title")], "no cell is marked"),
        ([words("## No heading of the lecture")], "no '# ' heading"),
        ([new_markdown_cell("# Title"), words("early", mark="fragment")], "no cell before it"),
    ],
)
def test_a_lecture_that_makes_no_deck_is_refused(tmp_path, cells, message):
    nbformat.write(new_notebook(cells=cells), tmp_path / "01_x.ipynb")
    libraries = vendor.copy_vendor(tmp_path / "vendor")
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts/serif-regular.woff").touch()
    with pytest.raises(ValueError, match=message):
        decks.build(tmp_path / "01_x.ipynb", tmp_path / "deck.html", libraries)
    assert not (tmp_path / "deck.html").exists()


def test_folders_of_a_deck_are_made(tmp_path):
    nbformat.write(new_notebook(cells=[new_markdown_cell("# Title"), words("## T\n\nText.")]), tmp_path / "01_x.ipynb")
    libraries = vendor.copy_vendor(tmp_path / "site/vendor")
    (tmp_path / "site/fonts").mkdir()
    (tmp_path / "site/fonts/serif-regular.woff").touch()
    target = tmp_path / "not/there/yet.html"
    assert decks.build(tmp_path / "01_x.ipynb", target, libraries) == 2 == decks.build(tmp_path / "01_x.ipynb", target, libraries)
    assert "../../site/vendor/" in target.read_text(encoding="utf-8").replace("../../../", "../../")


def test_missing_libraries_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="copy_vendor"):
        decks.build(tmp_path / "01_x.ipynb", tmp_path / "deck.html", tmp_path / "vendor")
    libraries = vendor.copy_vendor(tmp_path / "vendor")
    with pytest.raises(FileNotFoundError, match="write_fonts"):
        decks.build(tmp_path / "01_x.ipynb", tmp_path / "deck.html", libraries)


def test_a_deck_links_only_to_its_neighbours(deck):
    page = deck(words("## A title\n\n$x$"), code("f()", [figure()]))
    addresses = re.findall(r'(?:src|href)="([^"]*)"', page) + re.findall(r'url\("?([^")]*)', page)
    assert addresses
    for address in addresses:
        assert address.startswith(("../_static/vendor/", "../_static/fonts/", "data:")), address
    assert len(page) < 40_000  # without pictures: the theme and this little text


def test_vendor_copies_what_pages_load(tmp_path):
    folder = vendor.copy_vendor(tmp_path / "a" / "vendor")
    for name in (
        "mathjax/tex-mml-chtml.js",
        "mathjax/output/chtml/fonts/woff-v2/MathJax_Main-Regular.woff",
        "reveal/dist/reveal.js",
        "reveal/plugin/notes/notes.js",
        "NOTICE.txt",
    ):
        assert (folder / name).stat().st_size > 100, name
    vendor.copy_vendor(folder)  # a second copy replaces the first


def test_the_command_names_the_lectures_it_knows():
    with pytest.raises(Problem, match="no lecture '99'"):
        decks.main(["99"])
