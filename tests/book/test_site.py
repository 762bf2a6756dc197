"""The built book: nothing from outside, every link resolves, and what it says of itself is true."""

from __future__ import annotations

import json
import re
import urllib.parse

import pytest
import yaml

from course_utils import claims
from course_utils.publishing import book, chapters, measured, pages


@pytest.fixture(scope="module")
def lectures(project):
    topics = yaml.safe_load((project.root / "book/topics.yml").read_text(encoding="utf-8"))
    return pages.read_course(topics, project.notebooks)


@pytest.fixture(scope="module")
def written(lectures):
    return [lecture for lecture in lectures if lecture.notebook]


# --- one machine is enough ---------------------------------------------------------------------------


def test_no_page_loads_anything_from_outside(site):
    outside = [
        (page.path.name, address)
        for page in [*site.pages, *(site.page(path) for path in sorted((site.root / "slides").glob("*.html")))]
        for address in page.loads
        if re.match(r"\s*(?:https?:)?//", address)
    ]
    assert not outside


def test_no_style_sheet_loads_anything_from_outside(site):
    for sheet in site.root.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.findall(r"url\(\s*['\"]?(?:https?:)?//[^)]*|@import[^;]*//[^;]*", text), sheet


def test_no_page_names_a_delivery_network(site):
    hosts = r"cdn\.jsdelivr|cdnjs\.cloudflare|unpkg\.com|fonts\.(?:googleapis|gstatic)|polyfill\.io|esm\.sh|ajax\.googleapis"
    found = [(page.path.name, found) for page in site.pages for found in re.findall(hosts, page.text)]
    assert not found


def test_everything_that_a_page_loads_is_there(site):
    for page in site.pages:
        for address in page.loads:
            place = page.target(address.split("?")[0])
            assert place is None or place[0].is_file(), f"{page.path.name} loads {address}"


def test_both_typefaces_come_with_their_licences(site):
    fonts = site.root / "_static/fonts"
    sheet = (site.root / "_static/course.css").read_text(encoding="utf-8")
    for name in re.findall(r'url\("fonts/([^"]+)"\)', sheet):
        assert (fonts / name).read_bytes()[:4] == b"wOFF"
    assert "Open Font License" in (fonts / "OFL-serif.txt").read_text() + (fonts / "OFL-sans.txt").read_text()


# --- links ---------------------------------------------------------------------------------------------


def test_every_link_inside_the_book_leads_somewhere(site):
    lost = []
    for page in site.pages:
        for link in page.links:
            place = page.target(link["href"])
            if place is None:
                continue
            path, anchor = place
            if path.is_dir():
                path /= "index.html"
            is_page = path.suffix == ".html" and "slides" not in path.parts
            if not path.is_file() or (anchor and is_page and anchor not in site.page(path).ids):
                lost.append(f"{page.path.relative_to(site.root)}: {link['href']}")
    assert not lost


def test_external_links_are_https(site):
    plain = [link["href"] for page in site.pages for link in page.links if link["href"].startswith("http://")]
    assert not plain


def test_no_page_shows_markup_that_was_meant_to_be_rendered(site, written):
    for page in site.pages:
        assert "<!-- notes" not in page.text and "<!-- =" not in page.text, page.path.name
        text = re.sub(r"<(script|style|pre|code)\b.*?</\1>", "", page.text, flags=re.S)
        assert not re.findall(r"\{(?:ref|doc|cite|term|include|math)\}`|^:::", text, flags=re.M), page.path.name


# --- the landing page -----------------------------------------------------------------------------------


def test_landing_page_has_a_cover_in_words_for_light_and_dark(site):
    page = site.page("index.html")
    covers = {image["class"]: image for image in page.images if "cover" in (image.get("class") or "")}
    assert set(covers) == {"cover-light", "cover-dark"}
    for image in covers.values():
        assert len(image["alt"]) > 100
        path, _ = page.target(image["src"])
        assert path.read_text(encoding="utf-8").startswith("<svg") and path.stat().st_size < 60_000


def test_the_caption_of_the_cover_is_what_its_run_measured(site, project):
    cover = book._load(project.root / "book/cover.py")
    run = cover.measure()
    assert run["wrong"] == 0 and run["mistakes"] == len(run["borders"]) <= run["bound"]
    caption = re.search(r"<figcaption>(.*?)</figcaption>", site.page("index.html").text, re.S)[1]
    assert f"<strong>{run['mistakes']}</strong> mistakes" in caption and f"{run['bound']:.0f} mistakes" in caption


def test_landing_page_counts_what_there_is(site, written):
    text = site.page("index.html").text
    number = sum(len(claims.collect(lecture.notebook)) for lecture in written)
    assert f"<strong>{number:,}</strong> claims" in text
    assert f"<strong>{len(written)}</strong> lectures" in text
    live = sum(page.text.count('data-dlm="') for page in map(site.page, (f"notebooks/{lecture.name}.html" for lecture in written)))
    assert f"<strong>{live}</strong> figures" in text and live >= len(written)


def test_landing_page_moves_only_for_readers_who_want_it(site):
    page = site.page("index.html")
    [(still, media, moving)] = re.findall(
        r'<picture>\s*<source srcset="([^"]+)" media="([^"]+)"\s*/?>\s*<img src="([^"]+)"', page.text
    )
    assert media == "(prefers-reduced-motion: reduce)"
    for place, most in ((still, 80_000), (moving, 600_000)):
        path, _ = page.target(place)
        assert path.read_bytes()[8:12] == b"WEBP" and path.stat().st_size <= most


def test_landing_page_opens_a_path_for_each_kind_of_reader(site):
    text = site.page("index.html").text
    assert all(f"You are {kind}" in text for kind in ("a student", "a reader", "an instructor"))


def test_landing_page_lists_all_lectures_with_their_status(site, lectures):
    text = site.page("index.html").text
    rows = re.findall(r'<li class="(written|planned)"><span class="lecture-number">(\d+)</span>', text)
    assert rows == [("written" if lecture.notebook else "planned", str(lecture.number)) for lecture in lectures]


# --- claims and topics -------------------------------------------------------------------------------------


def test_claims_page_holds_every_stored_claim_with_value_and_bound(site, written):
    page = site.page("reference/claims.html")
    for lecture in written:
        stored = claims.collect(lecture.notebook)
        assert stored
        for claim in stored:
            name = chapters.claim_id(claim["name"])
            entry = re.search(rf'<li id="{name}">.*?</li>', page.text, re.S)
            assert entry, claim["name"]
            assert f'href="../notebooks/{lecture.name}.html#{name}"' in entry[0]
            assert measured.value_of(claim) in entry[0] and measured.bounds_of(claim) in entry[0]
            assert name in site.page(f"notebooks/{lecture.name}.html").ids


def test_claims_page_holds_no_other_claim(site, written):
    listed = re.findall(r'<li id="(claim-[^"]+)">', site.page("reference/claims.html").text)
    stored = [chapters.claim_id(c["name"]) for lecture in written for c in claims.collect(lecture.notebook)]
    assert listed == stored and len(set(stored)) == len(stored)


def test_topic_index_is_true(lectures):
    assert pages.wrong_topics(lectures) == []


def test_written_lectures_teach_all_their_topics(written):
    planned = [(lecture.name, t["topic"]) for lecture in written for t in lecture.topics if t["section"] == pages.PLANNED]
    assert not planned


def test_topic_index_shows_every_topic_once(site, lectures):
    text = site.page("reference/topics.html").text
    rows = re.findall(r"<tr class=\"row-(?:odd|even)\"><td", text)
    topics = [topic for lecture in lectures for topic in lecture.topics]
    assert len(rows) == len(topics) > 250
    assert text.count('<span class="planned">') == sum(topic["section"] == pages.PLANNED for topic in topics)


def test_the_plan_names_every_part_source_and_lecture(project, lectures):
    topics = yaml.safe_load((project.root / "book/topics.yml").read_text(encoding="utf-8"))
    assert [lecture.number for lecture in lectures] == list(range(1, 24))
    letters = {letter for lecture in lectures for topic in lecture.topics for letter in topic["from"].split(", ")}
    assert letters == set(topics["sources"]) == {*"BCPLT", "+"}
    assert all(lecture.about and lecture.title for lecture in lectures)


# --- a lecture's page ---------------------------------------------------------------------------------------


def test_lecture_page_has_its_buttons(site, written, project):
    for lecture in written:
        page = site.page(f"notebooks/{lecture.name}.html")
        links = {link.get("class"): link for link in page.links}
        repository = project.repository.removeprefix("https://github.com/")
        address = f"https://colab.research.google.com/github/{repository}/blob/main/notebooks/{lecture.name}.ipynb"
        assert links["lecture-colab"]["href"] == address
        assert "download" in links["lecture-download"]
        path, _ = page.target(links["lecture-download"]["href"])
        assert path.read_bytes() == project.notebook(lecture.name).read_bytes()
        assert page.target(links["lecture-slides"]["href"])[0].is_file()
        assert f"Runs in {lecture.seconds:.0f}\u00a0s" in page.text


def test_pictures_on_the_page_carry_the_stored_words(site, written):
    for lecture in written:
        stored = [
            output.metadata["image/png"]["alt"]
            for cell in lecture.notebook.cells
            for output in cell.get("outputs", [])
            if "image/png" in output.get("data", {})
        ]
        shown = [image["alt"] for image in site.page(f"notebooks/{lecture.name}.html").images if "_images/" in image["src"]]
        assert shown == stored


def test_solutions_and_plumbing_are_folded_and_say_what_they_are(site, written):
    for lecture in written:
        page = site.page(f"notebooks/{lecture.name}.html")
        assert all("open" not in given for given in page.details)
        folded = re.findall(r"<details class=\"admonition hide[^>]*>\s*<summary>(.*?)</summary>", page.text, re.S)
        code = [cell for cell in lecture.notebook.cells if cell.cell_type == "code"]
        solutions = [cell for cell in code if "solution" in cell.metadata.get("tags", [])]
        assert sum(bool(re.fullmatch(r"Solution \d+\.\d+ in code", line)) for line in folded) == len(solutions)
        assert chapters.COLAB.replace("'", "&#x27;") in folded or chapters.COLAB in folded
        assert not [line for line in folded if "hidden content" in line or len(line) < 8]


def test_formulas_with_a_number_reach_mathjax_whole(site, written):
    for lecture in written:
        source = "\n".join(cell.source for cell in lecture.notebook.cells if cell.cell_type == "markdown")
        text = site.page(f"notebooks/{lecture.name}.html").text
        tags = re.findall(r"\\tag\{([\d.]+)\}", source)
        assert tags and tags == re.findall(r"\\tag\{([\d.]+)\}", text)
        assert not re.findall(r"\\begin\{split\}(?:(?!\\end\{split\}).)*\\tag", text, re.S)


def test_run_times_come_from_the_stored_runs(site, written):
    text = site.page("reference/run_times.html").text
    for lecture in written:
        row = re.search(rf"<tr[^>]*>(?:(?!</tr>).)*{lecture.name}\.html.*?</tr>", text, re.S)[0]
        assert f"{lecture.seconds:.0f}\u00a0s" in row


# --- sources -------------------------------------------------------------------------------------------------


def test_every_written_lecture_is_in_the_sidebar(site, written):
    links = [link["href"] for link in site.page("index.html").links]
    assert all(f"notebooks/{lecture.name}.html" in links for lecture in written)


def test_address_of_the_repository_stands_in_no_source(project):
    sources = [project.root / "_config.yml", *(project.root / "book").rglob("*")]
    for path in sources:
        if path.is_file() and path.suffix in {".md", ".yml", ".py", ".bib", ".css", ".js", ".svg"}:
            assert project.repository not in path.read_text(encoding="utf-8"), path


def test_nothing_is_executed_when_the_book_is_built(project):
    config = yaml.safe_load((project.root / "_config.yml").read_text(encoding="utf-8"))
    assert config["execute"]["execute_notebooks"] == "off" and config["only_build_toc_files"] is True


def test_bibliography_holds_what_lectures_cite(project, written):
    bib = (project.root / "book/references.bib").read_text(encoding="utf-8").lower()
    for lecture in written:
        text = "\n".join(cell.source for cell in lecture.notebook.cells if cell.cell_type == "markdown")
        for number in re.findall(r"https://doi\.org/([^)\s]+)|https://arxiv\.org/abs/([\d.]+)", text):
            cited = urllib.parse.unquote("".join(number)).lower()
            assert cited in bib, f"{lecture.name} cites {cited}"
    entries = re.split(r"^@", bib, flags=re.M)[1:]
    assert all("note = {" in entry and len(re.search(r"note = \{(.*?)\}", entry)[1]) > 10 for entry in entries)


def test_search_finds_a_word_of_a_lecture(site):
    index = (site.root / "searchindex.js").read_text(encoding="utf-8")
    data = json.loads(index.removeprefix("Search.setIndex(").rstrip().removesuffix(")"))
    assert any(word.startswith("perceptron") for word in data["terms"])


# --- the build itself -----------------------------------------------------------------------------------------


def test_an_unchanged_book_is_not_built_again(project, site):
    stamp = site.root / book.STAMP
    before = stamp.stat().st_mtime_ns
    assert book.build(project) is False and stamp.stat().st_mtime_ns == before
