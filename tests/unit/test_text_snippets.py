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
