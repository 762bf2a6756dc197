"""The browser harness itself: it sees what goes wrong, and says what is missing."""

import runpy
from pathlib import Path

import pytest

from course_utils import interactives
from tests.browser.conftest import leave

HARNESS = str(Path(__file__).with_name("conftest.py"))


def test_outside_requests_and_errors_are_noticed(page, tmp_path):
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!doctype html><title>Bad</title><img src='http://example.com/picture.png' alt=''>"
        "<img src='missing.png' alt=''><script>console.error('loud'); throw new Error('thrown')</script>",
        encoding="utf-8",
    )
    page.goto(bad.as_uri())
    found = "\n".join(page.problems)
    assert "outside request: http://example.com/picture.png" in found
    assert "failed: file://" in found
    assert "console: loud" in found
    assert "exception: thrown" in found
    page.problems.clear()  # seen and wanted


def test_accessibility_faults_are_noticed(page, tmp_path, axe_faults):
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<!doctype html><html lang='en'><title>Bad</title><main><h1>Bad</h1>"
        "<p style='color: #bbb; background: #fff'>pale</p><button></button></main></html>",
        encoding="utf-8",
    )
    page.goto(bad.as_uri())
    found = "\n".join(axe_faults(page))
    assert "color-contrast" in found
    assert "button-name" in found


# One entry among many alike, and the fault in it.
ODD = {
    "color-contrast": ("<li>{}</li>", "seventeen", "<span style='color: #bbb'>pale</span>"),
    "link-name": ("<li><a href='#here'>{}</a></li>", "twenty", ""),
    "image-alt": ("<li><img src='data:,'{}></li>", " alt='two dots'", ""),
    "label": ("<li><input aria-labelledby='{}'></li>", "here", "lost"),
    "scrollable-region-focusable": ("<div class='cell'><pre>{}</pre></div>", "x = 1", "x = 1; " * 90),
}  # fmt: skip


@pytest.mark.parametrize("rule", ODD)
def test_one_odd_entry_among_many_is_noticed(page, tmp_path, axe_faults, rule):
    entry, usual, odd = ODD[rule]
    for name, entries in (("right", [usual] * 40), ("wrong", [*[usual] * 25, odd, *[usual] * 14])):
        text = "".join(entry.format(words) for words in entries)
        (tmp_path / f"{name}.html").write_text(
            "<!doctype html><html lang='en'><title>Many</title><style>pre { overflow: auto; width: 300px }</style>"
            f"<main><h1 id='here'>Many</h1>{f'<ul>{text}</ul>' if '<li>' in text else text}</main></html>",
            encoding="utf-8",
        )
        page.goto((tmp_path / f"{name}.html").as_uri())
        found = axe_faults(page)
        assert page.locator("li, .cell").count() < 12
        assert bool(found) == (name == "wrong") and all(rule in line for line in found), found


def test_the_next_test_finds_a_figure_s_page_as_new(show):
    page = show(interactives.sigmoid_ramp(), still=True)
    page.evaluate("console.error('loud'); window.mine = 1; location.hash = 'mine'; open('about:blank')")
    page.set_viewport_size({"width": 320, "height": 900})
    page.context.grant_permissions(["clipboard-read"])
    leave(page)
    assert page.problems == ["console: loud"]
    assert page.context.pages == [page]
    found = page.evaluate("[location.href, typeof mine, innerWidth]")
    assert found == ["about:blank", "undefined", 1280]
    page.problems.clear()  # seen and wanted


@pytest.mark.parametrize(("ci", "outcome"), [("", pytest.skip.Exception), ("true", pytest.fail.Exception)])
def test_a_missing_browser_is_said_in_one_line(monkeypatch, tmp_path, ci, outcome):
    monkeypatch.setenv("CI", ci)
    monkeypatch.setenv("CHROMIUM", str(tmp_path / "no-such-browser"))
    harness = runpy.run_path(HARNESS)
    assert harness["find_chromium"]() is None
    with pytest.raises(outcome) as said:
        harness["missing"](harness["HOW_TO_GET_CHROMIUM"])
    assert "install" in str(said.value)
    assert "\n" not in str(said.value)


def test_the_named_browser_comes_first(monkeypatch, tmp_path):
    browser = tmp_path / "my-chromium.exe"
    browser.touch(mode=0o755)
    monkeypatch.setenv("CHROMIUM", str(browser))
    assert runpy.run_path(HARNESS)["find_chromium"]() == str(browser)
