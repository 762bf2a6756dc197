"""Code that a network wrote is cut out, parsed, and called in a process of its own."""

import pytest

from course_utils.text import snippets


def test_first_function_ends_where_the_indent_does():
    text = "def f(a,\n      b\n):\n    if a:\n        return b\n\n    return a\n\n\nclass A:\n    pass\n"
    assert snippets.first_function(text) == "def f(a,\n      b\n):\n    if a:\n        return b\n\n    return a\n"
    assert snippets.first_function("def f():\n    return 1\n    x = 'unfini") == "def f():\n    return 1\n"
    with pytest.raises(ValueError, match="must begin with 'def '"):
        snippets.first_function("x = 1\n")


@pytest.mark.parametrize(("code", "right"), [("def f(:\n  pass", False), ("def f():\n    return\n", True), ("\0", False),
                                             ("def f():\n    return 1 +\n", False), ("(" * 5000, False)])
def test_parses(code, right):
    assert snippets.parses(code) is right


@pytest.mark.parametrize(("code", "right"), [
    ("def f(a, b):\n    for x in a.rows():\n        b[x] += len(x)\n    return b\n", True),
    ("def f(a):\n    with a.lock:\n        return os.path.join(a.name, 'x')\n", True),
    ("def f(a):\n    return nobody_defined_this(a)\n", False),
    ("def f():\n    while True:\n        pass\n", False),
    ("def f():\n    return [0] * 10**11\n", False),
    ("def f():\n    raise SystemExit(0)\n", False),
    ("def f(a):\n    yield a\n    yield nothing\n", False),
    ("async def f(a):\n    return a\n", False),
    ("async def f(a):\n    yield a\n", False),
])  # fmt: skip
def test_runs(code, right):
    assert snippets.runs(code, seconds=1.0) is right


def test_known_names_are_stand_ins():
    code = "def f(a):\n    return helper(a).value\n"
    assert not snippets.runs(code)
    assert snippets.runs(code, known=("helper",))


def test_code_can_not_write_files(tmp_path):
    target = tmp_path / "made"
    assert snippets.runs(f"def f():\n    open({str(target)!r}, 'w').write('x')\n")  # open is a stand-in
    assert not target.exists()


@pytest.mark.parametrize(("arguments", "words"), [(({},), "code must be a text"), (("x" * 200_000,), "at most"), ])
def test_runs_refuses_other_things(arguments, words):
    with pytest.raises(ValueError, match=words):
        snippets.runs(*arguments)
    with pytest.raises(ValueError, match="seconds must be above 0"):
        snippets.runs("def f(): pass", seconds=0)


# The stand-ins themselves, without a process around them


@pytest.fixture
def stand_in():
    from course_utils.text.snippets import runner

    runner.Anything.asked = 0
    return runner.Anything()


def test_anything_is_true_twice_of_three_times(stand_in):
    assert [bool(stand_in) for _ in range(6)] == [True, True, False] * 2
    assert [stand_in < 3, stand_in == 4, 5 in stand_in] == [True, True, False]


def test_anything_fits_every_operation(stand_in):
    kind = type(stand_in)
    for made in (stand_in.rows, stand_in(1, a=2), stand_in + 1, 1 - stand_in, -stand_in, stand_in["x"], stand_in.__name, kind(1, b=2)):
        assert isinstance(made, kind)
    assert len(list(stand_in)) == len(stand_in) == 2 and "abc"[stand_in] == "b" and float(stand_in) == 1.0 and str(stand_in) == "anything"
    assert hash(stand_in) == 1
    stand_in.a, stand_in["b"] = 1, 2
    with pytest.raises(ZeroDivisionError), stand_in as inside:
        assert inside is stand_in
        _ = 1 / 0
    with pytest.raises(AttributeError):
        _ = stand_in.__no_such_thing__
    assert isinstance(stand_in.__no_such_thing, kind) and isinstance(stand_in.no_such_thing__, kind)


def test_limits_are_set_before_code_runs(monkeypatch):
    resource = pytest.importorskip("resource")
    from course_utils.text.snippets import runner

    asked = {}
    monkeypatch.setattr(resource, "setrlimit", lambda what, most: asked.__setitem__(what, most))
    runner._limit(2.7)
    assert asked == {resource.RLIMIT_CPU: (3, 3), resource.RLIMIT_AS: (1024**3,) * 2, resource.RLIMIT_FSIZE: (0, 0)}


@pytest.mark.parametrize(("code", "says"), [
    ("def f(a, b=3, *c, d, e=5, **g):\n    assert (b, c, e, g) == (3, (), 5, {}) and len(a) == len(d) == 2\n", "ran"),
    ("def f(a, /):\n    assert len(a) == 2\n", "ran"),
    ("def g():\n    pass\ndef f():\n    1 / 0\n", "ran"),
    ("def json():\n    1 / 0\ndef abc():\n    pass\n", ZeroDivisionError),  # names that are bound already
    ("def f():\n    for k in range(12):\n        yield k\n        assert k < 9\n", "ran"),
    ("def f():\n    for k in range(12):\n        yield k\n        assert k < 8\n", AssertionError),
    ("def f():\n    return later\n", "ran"),
    ("def f():\n    return os.path, purple\n", NameError),
])  # fmt: skip
def test_a_job_calls_the_first_function_with_what_it_needs(monkeypatch, code, says):
    import io
    import json
    import sys

    from course_utils.text.snippets import runner

    monkeypatch.setattr(runner, "_limit", lambda seconds: None)
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps({"seconds": 1, "known": ["later"], "code": code})))
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    if says == "ran":
        runner.main()
        assert out.getvalue() == "ran"
    else:
        with pytest.raises(says):
            runner.main()


def test_a_function_ends_before_the_next_line_at_its_left():
    assert snippets.first_function("def f():\n    return 1\ny = 2\nz = 3\n") == "def f():\n    return 1\n"
    assert snippets.first_function("def f():\ny = 2\nz = 3\n") == "def f():\n"


def test_the_longest_snippet_is_still_read():
    code = "def f():\n    return 1\n#"
    assert snippets.runs(code + "x" * (snippets.LONGEST - len(code))) is True
    with pytest.raises(ValueError, match="at most 100,000"):
        snippets.runs(code + "x" * (snippets.LONGEST - len(code) + 1))
