"""Building the book: what is laid out for Jupyter Book, when it is built, and what stops it."""

from __future__ import annotations

import re
import shutil

import nbformat
import pytest
import yaml

from course_utils.publishing import book, chapters, pages
from course_utils.publishing.project import Problem, Project


def small_course(project, folder):
    """A copy of the course with short lectures, to spoil: all headings that other pages point to, and no more."""
    for name in ("pyproject.toml", "_config.yml"):
        shutil.copy(project.root / name, folder / name)
    shutil.copytree(project.root / "book", folder / "book", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "notebooks").mkdir()
    topics = yaml.safe_load((folder / "book/topics.yml").read_text(encoding="utf-8"))
    glossary = (folder / "book/reference/glossary.md").read_text(encoding="utf-8")
    for entry in topics["lectures"]:
        sections = {topic["section"] for topic in entry["topics"]} - {pages.PLANNED}
        if not sections:
            continue
        links = re.findall(rf"{entry['name']}\.ipynb#([\w-]+)", glossary)
        heads = {chapters.slug(section): section for section in sections} | {link: link for link in links if link not in map(chapters.slug, sections)}
        cells = [nbformat.v4.new_markdown_cell(f"# {entry['title']}: a question?")]
        cells += [nbformat.v4.new_markdown_cell(f"## {head}\n\nText.") for head in heads.values()]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"notebooks/{entry['name']}.ipynb")
    return Project.at(folder)


@pytest.fixture
def small(project, tmp_path, monkeypatch):
    """A small course, whose typefaces are not what is looked at."""
    monkeypatch.setattr(book.fonts, "write_fonts", lambda target, cache: None)
    return small_course(project, tmp_path)


def test_a_warning_stops_the_build_and_leaves_the_old_pages(small):
    (small.build / "html").mkdir(parents=True)
    (small.build / "html/index.html").write_text("the last good page", encoding="utf-8")
    page = small.root / "book/how_to_use.md"
    page.write_text(page.read_text(encoding="utf-8") + "\n[lost](reference/nowhere.md)\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"_build/source/how_to_use\.md.*nowhere"):
        book.build(small, slides=False)
    assert (small.build / "html/index.html").read_text(encoding="utf-8") == "the last good page"
    assert not list(small.build.glob("book-*"))


def test_a_topic_without_its_section_stops_the_build(small):
    topics = small.root / "book/topics.yml"
    text = topics.read_text(encoding="utf-8").replace('section: "The border is a line"', 'section: "The border is a curve"')
    topics.write_text(text, encoding="utf-8")
    with pytest.raises(Problem, match="no heading 'The border is a curve'; nearest is 'The border is a line'"):
        book.build(small, slides=False)


# --- what Jupyter Book reads


def test_everything_is_laid_out_for_jupyter_book(small, tmp_path):
    target = tmp_path / "laid/out"
    target.mkdir(parents=True)
    (target / "left.md").touch()
    book.stage(small, small.notebooks, target)
    assert not (target / "left.md").exists() and not (target / "topics.yml").exists() and (target / "how_to_use.md").is_file()
    names = sorted(path.name for path in small.notebooks.glob("*.ipynb"))
    assert names and names == sorted(path.name for path in (target / "notebooks").iterdir())
    assert names == sorted(path.name for path in (target / "extra/notebooks").iterdir())
    for name in names:
        assert (target / f"extra/notebooks/{name}").read_bytes() == (small.notebooks / name).read_bytes(), "to download, as it is"
        assert "lecture-bar" in nbformat.read(target / f"notebooks/{name}", as_version=4).cells[0].source
    toc = (target / "_toc.yml").read_text(encoding="utf-8")
    assert all(f"file: notebooks/{name.removesuffix('.ipynb')}\n" in toc for name in names) and "glob" not in toc
    parts = {path.name: path.read_text(encoding="utf-8") for path in (target / "generated").iterdir()}
    assert len(parts) == 12 and all(parts.values())
    assert parts["links.md"] == f"[repository]: {small.repository}\n[issues]: {small.repository}/issues\n"
    for theme in ("light", "dark"):
        assert (target / f"static/cover-{theme}.svg").read_text(encoding="utf-8").startswith("<svg")
    assert (target / "static/vendor/reveal").is_dir()


def test_the_configuration_gets_the_address_of_the_repository(small):
    stored, stamped = yaml.safe_load((small.root / "_config.yml").read_text(encoding="utf-8")), book.stamped_config(small)
    options = stamped["sphinx"]["config"]["html_theme_options"]
    assert options["repository_url"] == small.repository and options["repository_branch"] == book.BRANCH
    assert options["launch_buttons"] == {"colab_url": "https://colab.research.google.com"}
    assert stamped["title"] == stored["title"] and stamped["execute"] == stored["execute"]


def test_a_lecture_that_does_not_open_with_its_title_stops_the_build(small, tmp_path):
    name = sorted(small.notebooks.glob("*.ipynb"))[0]
    notebook = nbformat.read(name, as_version=4)
    notebook.cells.insert(0, nbformat.v4.new_code_cell("# Title: no heading"))
    nbformat.write(notebook, name)
    with pytest.raises(Problem, match=f"{name.stem}: a lecture must open with its title"):
        book.stage(small, small.notebooks, tmp_path / "out")


def test_pages_take_the_place_of_older_ones_only_when_they_are_whole(small, monkeypatch):
    def pages_of(text):
        def run(work, log, lock):
            site = work / "_build/html"
            site.mkdir(parents=True)
            (site / "index.html").write_text(text, encoding="utf-8")
            if not text:
                raise Problem("the book has faults")
            return site

        return run

    built = small.build / "html"
    monkeypatch.setattr(book, "_run_jupyter_book", pages_of("one"))
    assert book.build(small, slides=False) and not book.build(small, slides=False)
    assert (built / "index.html").read_text(encoding="utf-8") == "one" and (built / ".nojekyll").is_file()
    assert (small.build / "source/generated/links.md").is_file(), "what Sphinx read stays, to look things up in"
    monkeypatch.setattr(book, "_run_jupyter_book", pages_of(""))
    with pytest.raises(Problem, match="faults"):
        book.build(small, slides=False, force=True)
    assert (built / "index.html").read_text(encoding="utf-8") == "one" and not list(small.build.glob("book-*"))
    page = small.root / "book/how_to_use.md"
    page.write_text(page.read_text(encoding="utf-8") + "\nMore.\n", encoding="utf-8")
    monkeypatch.setattr(book, "_run_jupyter_book", pages_of("two"))
    assert book.build(small, slides=False) and (built / "index.html").read_text(encoding="utf-8") == "two"


def test_the_fingerprint_follows_what_pages_are_made_from(small):
    def now(**options):
        return book.fingerprint(small, small.notebooks, **options)

    seen = [now(), now(slides=False)]
    (small.root / "book/__pycache__").mkdir()
    (small.root / "book/__pycache__/cover.pyc").touch()
    (small.notebooks / "notes.txt").touch()
    assert now() == seen[0] and len(seen[0]) == 64
    for change in (small.root / "_config.yml", small.root / "book/how_to_use.md", sorted(small.notebooks.glob("*.ipynb"))[0]):
        change.write_bytes(change.read_bytes() + b"\n")
        seen.append(now())
    (small.root / "benchmarks/results").mkdir(parents=True)
    (small.root / "benchmarks/results/a.md").touch()
    seen.append(now())
    assert len(set(seen)) == len(seen)
