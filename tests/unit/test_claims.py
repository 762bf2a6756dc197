"""Claims: a true one is shown with its numbers, a false one stops the run."""

import contextlib
import doctest
import html
import io
import json
import math
from html.parser import HTMLParser

import nbformat
import numpy as np
import pytest
from course_utils import _outputs, claims
from hypothesis import example, given
from hypothesis import strategies as st

SAYS = "The rule needs at most (R/γ)² mistakes."
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("COURSE_CLAIMS_LOG", raising=False)
    monkeypatch.delenv("COURSE_SEED", raising=False)


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(_outputs, "send", lambda bundle, metadata=None: outputs.append(bundle))
    return outputs


def holds(value, **bounds):
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            claims.check("perceptrons.finding", value, says=SAYS, **bounds)
        except claims.ClaimFailed:
            return False
    return True


def test_docstrings():
    for module in (claims, claims.stored):
        assert doctest.testmod(module).failed == 0


def test_one_output_carries_text_and_data(shown):
    bounds = {"at_most": 211.4}
    assert claims.check("perceptrons.mistake_bound", 10, says=SAYS, unit="mistakes", **bounds) is None
    (bundle,) = shown
    assert list(bundle) == ["text/plain", claims.MIME]
    assert bundle["text/plain"] == f"✓ perceptrons.mistake_bound: 10 ≤ 211.4 mistakes — {SAYS}"
    assert bundle[claims.MIME] == {
        "name": "perceptrons.mistake_bound",
        "says": SAYS,
        "value": 10,
        "bounds": bounds,
        "margin": 201.4,
        "unit": "mistakes",
    }
    json.dumps(bundle, allow_nan=False)


@pytest.mark.parametrize(
    ("value", "bounds", "text", "stored"),
    [
        (0.18045001, {"at_least": 0.1}, "0.1804 ≥ 0.1", 0.18045),
        (0.999999999998, {"at_most": 1.0}, "1 ≤ 1", 1.0),
        (0.1 + 0.2, {"equals": 0.3, "tolerance": 0.05}, "0.3 = 0.3 ± 0.05", 0.3),
        (0.99999996, {"below": 1.0}, "0.99999996 < 1", 0.99999996),  # six digits would say 1 < 1
        (1.00000004, {"above": 1, "below": 2}, "1 < 1.00000004 < 2", 1.00000004),
        (1.00000004, {"above": 0.5, "below": 2}, "0.5 < 1 < 2", 1.0),
    ],
)
def test_notebook_box_and_data_have_the_same_digits(shown, value, bounds, text, stored):
    claims.check("perceptrons.finding", value, says=SAYS, **bounds)
    record = shown[0][claims.MIME]
    assert shown[0]["text/plain"] == f"✓ perceptrons.finding: {text} — {SAYS}"
    assert f"Measured: {html.escape(text)}<" in claims.box(record)
    assert record["value"] == stored


@pytest.mark.parametrize(
    ("value", "bounds", "text"),
    [
        (10, {"at_least": 3}, "10 ≥ 3"),
        (10, {"above": 3}, "10 > 3"),
        (3, {"below": 10.0}, "3 < 10"),
        (0.5, {"at_least": 0, "below": 1}, "0 ≤ 0.5 < 1"),
        (0.95004, {"above": 0.95}, "0.95004 > 0.95"),  # never "0.95 > 0.95"
        (14, {"equals": 14}, "14 = 14"),
        (3.14, {"equals": 3.1416, "tolerance": 0.01}, "3.14 = 3.142 ± 0.01"),
        (True, {"equals": True}, "true"),
        (np.bool_(False), {"equals": False}, "false"),
        (np.int64(65536), {"at_most": 65536}, "65536 ≤ 65536"),
        (np.float32(0.25), {"at_most": 1}, "0.25 ≤ 1"),
        (np.array(2.0), {"at_most": 2}, "2 ≤ 2"),
        (1.23456e-9, {"at_most": 1e-7}, "1.235e-09 ≤ 1e-07"),
        (-0.0, {"at_least": 0}, "0 ≥ 0"),
    ],
)
def test_the_line_shows_value_and_bound(shown, value, bounds, text):
    claims.check("perceptrons.finding", value, says=SAYS, **bounds)
    assert shown[0]["text/plain"] == f"✓ perceptrons.finding: {text} — {SAYS}"


def test_scalars_of_other_libraries_count_as_numbers(shown):
    class Tensor:  # as Keras and TensorFlow have them: a shape, no item()
        shape = ()

        def numpy(self):
            return np.float32(0.5)

    claims.check("perceptrons.finding", Tensor(), says=SAYS, at_least=0.5)
    assert shown[0][claims.MIME]["value"] == 0.5


@given(finite, finite)
def test_bounds_mean_what_python_means(value, bound):
    assert holds(value, at_least=bound) == (value >= bound)
    assert holds(value, at_most=bound) == (value <= bound)
    assert holds(value, above=bound) == (value > bound)
    assert holds(value, below=bound) == (value < bound)
    assert holds(value, equals=bound) == (value == bound)


@given(finite, finite, st.floats(0, 1e30))
def test_equality_up_to_a_tolerance(value, target, tolerance):
    assert holds(value, equals=target, tolerance=tolerance) == (abs(value - target) <= tolerance)


@given(finite, finite, finite)
def test_an_interval_is_both_bounds(value, one, other):
    low, high = sorted((one, other))
    assert holds(value, at_least=low, at_most=high) == (low <= value <= high)
    assert holds(value, above=low, below=high) == (low < value < high)


@given(finite, finite)
@example(0.0, 1e-30)
@example(1.0, 1.0000001)
def test_what_is_written_is_true(value, bound):
    """The shown digits tell value and bound apart whenever they differ."""
    if value > bound:
        stream = io.StringIO()
        with contextlib.redirect_stdout(stream):
            claims.check("perceptrons.finding", value, says=SAYS, above=bound)
        left, right = stream.getvalue().split(": ")[1].split(" — ")[0].split(" > ")
        assert float(left) > float(right)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, np.float32("nan")])
@pytest.mark.parametrize("bounds", [{"at_least": 0}, {"at_most": 0}, {"equals": 0, "tolerance": 9}])
def test_nan_and_infinity_meet_no_bound(value, bounds):
    assert not holds(value, **bounds)


@pytest.mark.parametrize(
    ("value", "bounds", "missed"),
    [
        (250, {"at_most": 211}, "missed by 39 mistakes"),
        (0.94, {"at_least": 0.95}, "missed by 0.01 mistakes"),
        (3, {"above": 3}, "missed by 0 mistakes"),
        (12, {"equals": 14, "tolerance": 1}, "missed by 1 mistakes"),
        (5, {"at_least": 7, "at_most": 9}, "missed by 2 mistakes"),
    ],
)
def test_a_false_claim_names_value_bound_and_miss(shown, monkeypatch, value, bounds, missed):
    monkeypatch.setenv("COURSE_SEED", "4")
    with pytest.raises(claims.ClaimFailed) as failure:
        claims.check("perceptrons.mistake_bound", value, says=SAYS, unit="mistakes", **bounds)
    message = str(failure.value)
    assert message.startswith(f"perceptrons.mistake_bound is false: measured {value}, claimed ")
    for text in (
        missed,
        SAYS,
        "COURSE_SEED=4",
        *(f"{key} {bound}" for key, bound in bounds.items() if key != "tolerance"),
    ):
        assert text in message
    assert isinstance(failure.value, AssertionError)
    assert shown == []  # a false claim leaves no tick behind


def test_a_false_truth_value():
    with pytest.raises(claims.ClaimFailed, match="measured false, claimed equals true"):
        claims.check("perceptrons.finding", False, says=SAYS, equals=True)


@pytest.mark.parametrize(
    ("value", "bounds", "error", "words"),
    [
        (
            np.array([1.0, 2.0]),
            {"at_most": 3},
            TypeError,
            r"value must be one number, got an array of shape \(2,\)",
        ),
        (np.array([1.0]), {"at_most": 3}, TypeError, r"shape \(1,\)"),
        ([1], {"at_most": 3}, TypeError, "value must be one number, got list"),
        ("1", {"at_most": 3}, TypeError, "value must be one number, got str '1'"),
        (None, {"at_most": 3}, TypeError, "got NoneType"),
        (1 + 2j, {"at_most": 3}, TypeError, "got complex"),
        (np.datetime64("2020-01-01"), {"at_most": 3}, TypeError, "value must be one number"),
        (1, {"at_most": np.array([3, 4])}, TypeError, "at_most must be one number"),
        (1, {}, ValueError, "got none"),
        (1, {"at_least": 0, "above": 0}, ValueError, "got at_least, above"),
        (1, {"at_most": 2, "below": 2}, ValueError, "got at_most, below"),
        (1, {"at_most": 2, "equals": 1}, ValueError, "equals alone"),
        (1, {"at_least": 3, "at_most": 2}, ValueError, "leave no value"),
        (1, {"at_most": math.nan}, ValueError, "must be finite"),
        (1, {"at_most": math.inf}, ValueError, "must be finite"),
        (1, {"equals": 1, "tolerance": -0.1}, ValueError, "at least 0"),
        (1, {"at_most": 1, "tolerance": 0.1}, ValueError, "tolerance of perceptrons.finding needs equals"),
        (True, {"at_least": 1}, TypeError, "equals=True"),
        (1, {"equals": True}, TypeError, "equals=True"),
        (True, {"equals": 1}, TypeError, "equals=True"),
        (10**400, {"at_least": 1.5}, ValueError, "1e300"),
    ],
)
def test_what_is_no_claim_is_refused(shown, value, bounds, error, words):
    with pytest.raises(error, match=words):
        claims.check("perceptrons.finding", value, says=SAYS, **bounds)
    assert shown == []


@pytest.mark.parametrize("name", ["finding", "Perceptrons.finding", "a.b.c", "a.b c", "1a.b", "", None, "a."])
def test_wrong_names_are_refused(name):
    with pytest.raises(ValueError, match="name must look like field.finding"):
        claims.check(name, 1, says=SAYS, at_least=0)


@pytest.mark.parametrize("says", ["", "Yes.", "One sentence.\nAnother one.", None])
def test_a_claim_is_one_sentence(says):
    with pytest.raises(ValueError, match="says of a.b must be"):
        claims.check("a.b", 1, says=says, at_least=0)


def test_the_log_takes_false_claims_and_raises_nothing(shown, monkeypatch, tmp_path):
    log = tmp_path / "claims.jsonl"
    monkeypatch.setenv("COURSE_CLAIMS_LOG", str(log))
    monkeypatch.setenv("COURSE_SEED", "2")
    claims.check("a.right", 3, says=SAYS, at_most=4)
    claims.check("a.wrong", 5, says=SAYS, at_most=4)
    claims.check("a.broken", math.nan, says=SAYS, at_most=4)
    assert [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] == [
        {"name": "a.right", "value": 3, "bounds": {"at_most": 4}, "margin": 1, "ok": True, "seed": 2},
        {"name": "a.wrong", "value": 5, "bounds": {"at_most": 4}, "margin": -1, "ok": False, "seed": 2},
        {"name": "a.broken", "value": None, "bounds": {"at_most": 4}, "margin": None, "ok": False, "seed": 2},
    ]
    assert [bundle["text/plain"][0] for bundle in shown] == ["✓", "✗", "✗"]


def test_the_box_escapes_what_it_quotes(shown):
    says = 'Width <b>8</b> & depth "2" <script>alert(1)</script> are enough.'
    claims.check("a.b", 1, says=says, at_least=0, unit="<i>")
    box = claims.box(shown[0][claims.MIME])

    class Reader(HTMLParser):
        tags, words = [], ""

        def handle_starttag(self, tag, attrs):
            self.tags.append(tag)

        def handle_data(self, data):
            self.words += data

    reader = Reader()
    reader.feed(box)
    assert set(reader.tags) <= {"div", "span", "code"}
    assert says in reader.words and "1 ≥ 0 <i>" in reader.words
    assert box.startswith('<div class="dlm-claim" data-claim="a.b"')


def test_report_prints_one_line_for_each_value(capsys):
    claims.report(
        mistakes=np.int64(10), accuracy=np.float64(0.972222), large=1234567, small=1e-9, minus=-0.0,
        best="k-NN", same=np.bool_(True), weights=[2, 1.0, np.float32(-2)], row=np.array([0.5, 1.0]),
    )  # fmt: skip
    assert capsys.readouterr().out.splitlines() == [
        "mistakes = 10",
        "accuracy = 0.9722",
        "large = 1234567",
        "small = 1e-09",
        "minus = 0",
        "best = k-NN",
        "same = true",
        "weights = [2, 1, -2]",
        "row = [0.5, 1]",
    ]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, ValueError),
        ({"two words": 1}, ValueError),
        ({"für": 1}, ValueError),
        ({"class": 1}, ValueError),
        ({"a": "two\nlines"}, ValueError),
        ({"a": " "}, ValueError),
        ({"a": None}, TypeError),
        ({"a": []}, TypeError),
        ({"a": list(range(13))}, TypeError),
        ({"a": np.zeros((2, 2))}, TypeError),
        ({"a": {"b": 1}}, TypeError),
    ],
)
def test_report_refuses_what_no_sentence_can_quote(capsys, values, error):
    with pytest.raises(error):
        claims.report(fine=1, **values) if values else claims.report()
    assert capsys.readouterr().out == ""


def stored(*cells):
    """Make a stored notebook; a cell is Markdown, or code with its outputs."""
    notebook = nbformat.v4.new_notebook()
    for cell in cells:
        if isinstance(cell, str):
            notebook.cells.append(nbformat.v4.new_markdown_cell(cell))
        else:
            source, *outputs = cell
            notebook.cells.append(nbformat.v4.new_code_cell(source, outputs=outputs))
    return notebook


def printed(text, name="stdout"):
    return nbformat.v4.new_output("stream", text=text, name=name)


@pytest.fixture
def lecture(shown):
    claims.check("perceptrons.bound", 10, says=SAYS, at_most=211)
    claims.check("perceptrons.cycles", True, says="The rule cycles on XOR.", equals=True)
    display = [nbformat.v4.new_output("display_data", data=bundle) for bundle in shown]
    return stored(
        "# Perceptrons\n\n## How many mistakes? ##\n\n```python\n# no heading\n```",
        ("claims.report(mistakes=10, bound=211)", printed("mistakes = 10\nbound = 211\n"), display[0]),
        "Needed **10**<!-- =mistakes --> of **211**<!-- =bound -->.\n\n### XOR",
        ("slope = 3\nprint(f'{slope = }')", printed("slope = 3\n")),
        ("claims.check(...)", display[1], printed("noise = 1\n", "stderr")),
    )


def test_collect_finds_claims_and_where_they_stand(lecture, tmp_path):
    found = claims.collect(lecture)
    assert [(record["name"], record["cell"], record["heading"]) for record in found] == [
        ("perceptrons.bound", 1, "How many mistakes?"),
        ("perceptrons.cycles", 4, "XOR"),
    ]
    assert found[0]["bounds"] == {"at_most": 211} and found[0]["value"] == 10
    path = tmp_path / "lecture.ipynb"
    nbformat.write(lecture, path)
    assert claims.collect(path) == claims.collect(str(path)) == found
    assert claims.collect(stored()) == []


def test_reported_reads_only_what_report_printed(lecture, tmp_path):
    assert claims.reported(lecture) == {"mistakes": "10", "bound": "211"}
    path = tmp_path / "lecture.ipynb"
    nbformat.write(lecture, path)  # on disk, texts are lists of lines
    assert claims.reported(path) == {"mistakes": "10", "bound": "211"}


def test_reading_changes_nothing(lecture):
    before = json.dumps(lecture)
    claims.collect(lecture)[0]["name"] = "other"
    claims.reported(lecture)["mistakes"] = "11"
    assert json.dumps(lecture) == before


def test_one_name_with_two_values_is_refused():
    cell = "claims.report(mistakes=n)"
    with pytest.raises(ValueError, match="mistakes is reported twice, as 10 and in cell 1 as 12"):
        claims.reported(stored((cell, printed("mistakes = 10\n")), (cell, printed("mistakes = 12\n"))))
    assert claims.reported(stored(*[(cell, printed("mistakes = 10\n"))] * 2)) == {"mistakes": "10"}


@pytest.mark.parametrize(
    ("markdown", "found"),
    [
        ("needed **10**<!-- =mistakes --> mistakes", [("mistakes", "10")]),
        ("**about 97 %**<!-- =accuracy -->", [("accuracy", "97")]),
        ("$-3.5$<!--=slope-->, `7`<!-- =n -->, *8*<!-- =m -->", [("slope", "-3.5"), ("n", "7"), ("m", "8")]),
        ("bare 1,882<!-- =all --> and 97 %<!-- =p --> and −2<!-- =q -->", [("all", "1,882"), ("p", "97"), ("q", "−2")]),
        ("weights **(2, 1, −2)**<!-- =w -->", [("w", "(2, 1, −2)")]),
        ("**10 of 45**<!-- =mistakes -->", [("mistakes", "10 of 45")]),
        ("**k-NN**<!-- =best --> wins", [("best", "k-NN")]),
        ("**1**<!-- =a --><!-- =b -->", [("a", "1"), ("b", "")]),
        ("<!-- =start -->", [("start", "")]),
        ("<!-- notes: a = 3 --> **4**", []),
        ("text\n\n```markdown\n**10**<!-- =mistakes -->\n```\n\n~~~\n**1**<!-- =b -->\n~~~\n**2**<!-- =c -->", [("c", "2")]),
    ],
)  # fmt: skip
def test_prose_numbers(markdown, found):
    assert claims.prose_numbers(markdown) == found


@pytest.mark.parametrize(
    ("written", "printed_value", "same"),
    [
        ("1,882", "1882", True),
        ("1\u202f882", "1882", True),
        ("1{,}882", "1882", True),
        ("1\\,882", "1882", True),
        ("−3", "-3", True),
        ("97.20", "97.2", True),
        ("1e-9", "1e-09", True),
        ("(2, 1, −2)", "[2, 1, -2]", True),
        ("k-NN", "k-NN", True),
        ("97.2", "97.22", False),
        ("3", "-3", False),
        ("10 of 45", "10", False),
        ("", "10", False),
        ("k-NN", "SVM", False),
        ("(2, 1)", "[1, 2]", False),
    ],
)
def test_same_number(written, printed_value, same):
    assert claims.same_number(written, printed_value) is same


@given(st.integers() | finite.map(float))
def test_a_reported_number_can_be_quoted_and_a_changed_one_cannot(value):
    stream = io.StringIO()
    with contextlib.redirect_stdout(stream):
        claims.report(value=value)
    line = stream.getvalue()
    values = claims.reported(stored(("claims.report(value=value)", printed(line))))
    ((name, written),) = claims.prose_numbers(f"It is **{values['value']}**<!-- =value --> here.")
    assert claims.same_number(written, values[name])
    assert not claims.same_number(f"9{written.lstrip('-')}9" if "e" not in written else "1", values[name])


def test_outputs_reach_a_notebook_in_one_display_call(monkeypatch):
    import IPython
    import IPython.display

    calls = []
    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(IPython.display, "display", lambda *args, **options: calls.append((args, options)))
    _outputs.send({"text/plain": "words"}, {"text/plain": {"kept": True}})
    assert calls == [(({"text/plain": "words"},), {"metadata": {"text/plain": {"kept": True}}, "raw": True})]


def test_a_terminal_gets_the_words(capsys):
    _outputs.send({"text/plain": "words", "text/html": "<b>words</b>"})
    assert capsys.readouterr().out == "words\n"


def test_two_bounds_are_both_told_apart_from_the_value():
    with contextlib.redirect_stdout(io.StringIO()) as said:
        claims.check("tests.apart", 0.123456, above=0.1234558, at_most=0.5, says="The value lies between two bounds.")
    assert "0.1234558 < 0.123456 ≤ 0.5" in said.getvalue()


def test_a_false_truth_is_not_missed_by_a_number():
    with pytest.raises(claims.ClaimFailed) as told:
        claims.check("tests.truth", False, equals=True, says="This is certainly so.")
    assert "missed by" not in str(told.value)
    with pytest.raises(claims.ClaimFailed, match="missed by 2"):
        claims.check("tests.number", 3, equals=5, says="Three is five indeed.")


@pytest.mark.parametrize(("says", "unit"), [("Two lines\nof words here.", ""), ("One line of words.", "a\nb")])
def test_words_of_two_lines_are_refused(says, unit):
    with pytest.raises(ValueError, match="tests.lines must be"):
        claims.check("tests.lines", 3, at_least=1, says=says, unit=unit)
