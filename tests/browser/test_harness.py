"""The browser harness itself: it sees what goes wrong, and says what is missing."""

import runpy
from pathlib import Path

import pytest

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
