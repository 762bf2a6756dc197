"""Docstrings of the installed libraries: read whole, cleaned, split without leaks, taken apart, asked about."""

import ast
import dataclasses
import hashlib
import inspect
import os
import re
import stat
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from course_utils import datasets
from course_utils.datasets import _copies, _docstring_sources, _stored, docstring_tasks, docstring_text, docstrings

ROOT = Path(__file__).resolve().parents[2]
MEASURED = {
    "ipython": "9.18.1", "keras": "3.15.1", "matplotlib": "3.11.2", "numpy": "2.5.5", "pillow": "13.0.0",
    "scikit-learn": "1.9.1", "scipy": "1.18.1", "tensorflow": "2.21.0",
}  # fmt: skip
SHA256 = "0da2b953139ec7d64611bcc69a098f58201d8448736180d27dbd9c0c4a0bbb6a"
TASKS = ("library", "summary", "parameter")


@pytest.fixture(scope="module")
def corpus():
    return datasets.load_docstrings()


@pytest.fixture(scope="module")
def tasks(corpus):
    return {name: datasets.load_docstring_task(name, corpus=corpus) for name in TASKS}


@pytest.mark.parametrize("module", [docstrings, _docstring_sources, docstring_text, docstring_tasks, _copies])
def test_docstrings(module):
    import doctest

    assert doctest.testmod(module).failed == 0


# What is read


@pytest.mark.slow
def test_the_extraction_is_the_measured_one():
    """Read anew: what an earlier call stored must be that, and a change of it must be meant."""
    documents, versions = docstrings._documents()
    folders = {name: (docstrings._folder(name), inside) for name, (_, inside) in docstrings.LIBRARIES.items()}
    fresh = tuple(docstrings.Docstring(*row) for row in _docstring_sources.extract(folders))
    assert fresh == documents, "what is extracted changed: raise docstrings.EXTRACTION"
    if dict(versions) != MEASURED:
        pytest.skip(f"other versions are installed: {dict(versions)}")
    digest = hashlib.sha256("\0".join("\0".join((doc.module, doc.name, doc.text)) for doc in fresh).encode())
    assert digest.hexdigest() == SHA256
    assert len(fresh) == 11_309


def test_the_corpus_is_large_and_in_its_form(corpus):
    everything = corpus.train + corpus.test
    assert sum(len(doc.text) for doc in everything) > docstrings.SMALLEST
    assert set(corpus.versions) == {name for name, _ in docstrings.LIBRARIES.values()}
    for doc in everything:
        assert doc.text.isascii() and doc.text == doc.text.strip("\n") and "\t" not in doc.text
        assert doc.module.split(".")[0] == doc.library and doc.group.startswith(doc.library)
        assert not {"tests", "externals", "_vendor"} & set(doc.module.split("."))
    assert len({doc.text for doc in everything}) == len(everything)
    assert "train" in repr(corpus) and "scipy" in repr(corpus) and len(repr(corpus)) < 300
    with pytest.raises(dataclasses.FrozenInstanceError):
        corpus.train[0].text = ""


def test_a_docstring_is_the_one_that_python_shows(corpus):
    """Where nothing has to be normalised, it is what `help` prints."""
    import sklearn.cluster

    found = {(doc.module, doc.name): doc.text for doc in corpus.train + corpus.test}
    shown = [
        (np.pad, "numpy.lib._arraypad_impl", "pad"),
        (np.linalg.norm, "numpy.linalg._linalg", "norm"),
        (sklearn.cluster.DBSCAN, "sklearn.cluster._dbscan", "DBSCAN"),
    ]
    for thing, module, name in shown:
        expected = [line.rstrip() for line in inspect.cleandoc(thing.__doc__).split("\n") if line.strip()]
        assert [line for line in found[module, name].split("\n") if line] == expected


def test_numpys_added_docstrings_are_found(corpus):
    texts = {doc.name: doc.text for doc in corpus.train + corpus.test if doc.module == "numpy._core._add_newdocs"}
    assert "Return evenly spaced values" in texts["arange"] and len(texts) > 80


def test_nothing_is_imported_and_no_network_is_asked():
    import subprocess

    code = (
        "import socket, sys; socket.socket.connect = None\n"
        "from course_utils import datasets; c = datasets.load_docstrings()\n"
        "print(sorted({'keras', 'scipy', 'tensorflow', 'matplotlib', 'sklearn', 'IPython', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("one two\n    three %(doc)s four\n    five six seven eight nine ten eleven twelve thirteen fourteen",
         "one two\nfive six seven eight nine ten eleven twelve thirteen fourteen"),
        ("Tiny.", ""),
        ("слово " * 40, ""),
        ("caf\u00e9 \u201cquoted\u201d \u2014 na\u00efve \u03c3 and \u2192 an arrow of many more words than twelve in all, so it is kept",
         'cafe "quoted" - naive sigma and -> an arrow of many more words than twelve in all, so it is kept'),
    ],
)  # fmt: skip
def test_texts_are_cleaned(text, said):
    assert _docstring_sources.clean(text) == said


def library_in(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return _docstring_sources.extract({"lib": (folder, "")})


def said_by(*words):
    return "\n\n".join(f'def {word}():\n    """{" ".join(f"{word}{n}" for n in "abcdefghijklmnop")}"""\n' for word in words)


def test_only_the_librarys_own_modules_are_read(tmp_path):
    rows = library_in(tmp_path, {
        "__init__.py": '"""' + " ".join(f"top{n}" for n in "abcdefghijklmn") + '"""', "a.py": said_by("alpha"),
        "tests/b.py": said_by("beta"), "_vendor/c.py": said_by("gamma"), "gen_ops.py": said_by("delta"),
        "sub/d.py": said_by("epsilon"), "sub/_private/e.py": said_by("zeta"), "sub/__init__.py": said_by("eta"),
        "sub/gen_ops.py": said_by("kappa"), "sub/test_it.py": said_by("lambda"), "sub/conftest.py": said_by("mu"),
        "broken.py": 'def (:\n"""x"""', "sub/d_test.py": said_by("theta"), "conftest.py": said_by("iota"),
    })  # fmt: skip
    assert [(module, name, group) for _, module, name, _, group in rows] == [
        ("lib", "", "lib.__init__"), ("lib.a", "alpha", "lib.a"), ("lib.sub", "eta", "lib.sub"),
        ("lib.sub._private.e", "zeta", "lib.sub"), ("lib.sub.d", "epsilon", "lib.sub"),
    ]  # fmt: skip


def test_methods_and_added_docstrings_have_names():
    words = " ".join(f"word{n}" for n in "abcdefghijklmnop")
    source = (
        f'class A:\n    """{words} one"""\n    if True:\n        def f(self):\n            """{words} two"""\n'
        f'            def inner():\n                """{words} four"""\n'
        f'add_newdoc("numpy._core", "ndarray", ("copy", """{words} three"""))\nadd_newdoc("numpy")\nadd_newdoc("arange", """{words} five""")\n'
    )
    names = [name for name, _ in _docstring_sources._walk(ast.parse(source), "")]
    assert names == ["A", "A.f", "ndarray.copy", "arange"]


def test_copies_are_left_out(tmp_path):
    rows = library_in(tmp_path, {"a.py": said_by("alpha"), "b.py": said_by("alpha"), "c.py": said_by("beta")})
    assert [row[1] for row in rows] == ["lib.a", "lib.c"]


def test_shares_of_copied_runs_against_counting():
    rng = np.random.default_rng(0)
    known, texts = ([" ".join(rng.choice(list("abc"), rng.integers(0, 30))) for _ in range(20)] for _ in range(2))

    def runs(text):
        words = text.split()
        return [tuple(words[i : i + 4]) for i in range(len(words) - 3)]

    there = {run for text in known for run in runs(text)}
    expected = [sum(run in there for run in runs(text)) / max(len(runs(text)), 1) for text in texts]
    assert np.allclose(_copies.copied_share(known, texts, run=4), expected)
    before, seen = [], set()
    for text in texts:
        before.append(sum(run in seen for run in runs(text)) / max(len(runs(text)), 1))
        seen |= set(runs(text))
    assert np.allclose(_copies.copied_from_before(texts, run=4), before)
    eight = "one two three four five six seven eight"
    assert _copies.copied_share([eight], [eight, eight + " nine"]).tolist() == [1, 0.5], "a text of one run"
    assert _copies.copied_share([], [eight]).tolist() == [0] and _copies.copied_share([eight], ["one two"]).tolist() == [0]
    assert _copies.copied_from_before([eight, eight]).tolist() == [0, 1]
    assert _copies.copied_share(["a b"], ["b c"], run=1).tolist() == [0.5]
    assert _copies.copied_share([], ["a b"]).tolist() == [0] and _copies.copied_share(["a"], []).shape == (0,)


@pytest.mark.parametrize("run", [0, -1, 2.0, True, "8"])
def test_a_wrong_run_is_refused(run):
    with pytest.raises(ValueError, match="run must be a whole number of at least 1"):
        datasets.docstrings.copied_share(["a"], ["b"], run)


# The split


def test_a_group_stands_in_one_part_and_each_library_in_both(corpus):
    parts = [{doc.group for doc in part} for part in (corpus.train, corpus.test)]
    assert not parts[0] & parts[1] and parts[1] <= set(corpus.kept_apart) and not parts[0] & set(corpus.kept_apart)
    for part in (corpus.train, corpus.test):
        assert {doc.library for doc in part} == set(docstrings.LIBRARIES)
        assert [doc.module for doc in part] == sorted(doc.module for doc in part)
    sizes = [Counter(), Counter()]
    for part, size in zip((corpus.train, corpus.test), sizes, strict=True):
        for doc in part:
            size[doc.library] += len(doc.text)
    for library in docstrings.LIBRARIES:
        assert 0.05 < sizes[1][library] / (sizes[0][library] + sizes[1][library]) <= 0.1


def test_little_leaks_from_train_to_test(corpus):
    texts = [[doc.text for doc in part] for part in (corpus.train, corpus.test)]
    share = _copies.copied_share(*texts)
    assert share.max() <= 0.5 and share.mean() < 0.06 and np.median(share) < 0.05


def test_a_split_repeats_and_follows_offset_and_seed(monkeypatch, corpus):
    assert datasets.load_docstrings().test == corpus.test
    other = datasets.load_docstrings(offset=1).kept_apart
    monkeypatch.setenv("COURSE_SEED", "1")
    seeded = datasets.load_docstrings()
    assert len({corpus.kept_apart, other, seeded.kept_apart}) == 3
    again = datasets.load_docstrings(kept_apart=corpus.kept_apart, offset=3)
    assert again.test == corpus.test and again.train == corpus.train and again.kept_apart == corpus.kept_apart


def test_groups_can_be_named(corpus):
    small = datasets.load_docstrings(kept_apart="scipy.cluster")
    assert {doc.group for doc in small.test} == {"scipy.cluster"} and small.kept_apart == ("scipy.cluster",)
    assert datasets.load_docstrings(kept_apart=["scipy.cluster", "gone.with.version.9"]).test == small.test


@pytest.mark.parametrize("wrong", [[], ["no.such.group"], "nothing"])
def test_groups_that_leave_a_part_empty_are_refused(wrong):
    with pytest.raises(ValueError, match="kept_apart must leave docstrings in both parts, got 0 known groups"):
        datasets.load_docstrings(kept_apart=wrong)


def test_groups_are_names():
    with pytest.raises(ValueError, match="kept_apart must hold names of groups, got 3"):
        datasets.load_docstrings(kept_apart=[3])


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, True, "0.2", None, float("nan"), 1e-9])
def test_a_share_that_empties_a_part_is_refused(share):
    with pytest.raises(ValueError, match="test_share must"):
        datasets.load_docstrings(test_share=share)


@pytest.mark.parametrize("offset", [-1, 0.5, True, "1"])
def test_a_wrong_offset_is_refused(offset):
    with pytest.raises(ValueError, match="offset must"):
        datasets.load_docstrings(offset=offset)
    with pytest.raises(ValueError, match="offset must"):
        datasets.load_docstring_task("library", offset=offset)


# The stored extraction


def counted(*numbers, word="word"):
    """A function whose docstring has these numbered words."""
    return f'def {word}():\n    """{" ".join(f"{word}{n}" for n in numbers)}"""\n'


@pytest.fixture
def small(monkeypatch, tmp_path):
    """One library of a few functions, and a cache folder of its own."""
    library_in(tmp_path / "lib", {"a.py": said_by("alpha"), "b.py": said_by("beta")})
    monkeypatch.setattr(docstrings, "LIBRARIES", {"lib": ("numpy", "")})
    monkeypatch.setattr(docstrings, "_folder", lambda library: tmp_path / "lib")
    monkeypatch.setattr(docstrings, "SMALLEST", 10)
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "not there yet/cache"))
    docstrings._documents.cache_clear()
    calls = []
    extract = _docstring_sources.extract
    monkeypatch.setattr(_docstring_sources, "extract", lambda folders: calls.append(1) or extract(folders))

    def read():
        docstrings._documents.cache_clear()
        return docstrings._documents()[0]

    yield read, calls, tmp_path / "not there yet/cache"
    docstrings._documents.cache_clear()


def test_what_was_read_is_stored_and_found_again(small):
    read, calls, folder = small
    first = read()
    assert read() == first and len(calls) == 1 and len(first) == 2
    [path] = folder.iterdir()
    assert path.name.startswith("docstrings-")


@pytest.mark.parametrize("change", ["cut", "flipped", "empty", "folder", "other key"])
def test_a_damaged_store_is_made_anew(small, change, monkeypatch):
    read, calls, folder = small
    first = read()
    [path] = folder.iterdir()
    data = path.read_bytes()
    if change == "folder":
        path.unlink()
        path.mkdir()
    elif change == "other key":
        monkeypatch.setattr(docstrings, "EXTRACTION", docstrings.EXTRACTION + 1)
    else:
        path.write_bytes({"cut": data[:-3], "flipped": data[:-1] + bytes([data[-1] ^ 1]), "empty": b""}[change])
    assert read() == first and len(calls) == 2
    if change != "folder":
        assert read() == first and len(calls) == 2
    assert not [left for left in folder.iterdir() if not left.name.endswith(".bin")]


def test_a_home_that_is_read_only_does_no_harm(small, monkeypatch):
    read, calls, folder = small
    folder.mkdir(parents=True)
    if os.name != "nt" and os.geteuid() != 0:
        folder.chmod(stat.S_IRUSR | stat.S_IXUSR)
    else:
        monkeypatch.setattr(tempfile, "mkstemp", lambda **_: (_ for _ in ()).throw(PermissionError("read-only")))
    assert read() == read() and len(calls) == 2 and not list(folder.iterdir())


def test_a_full_disk_leaves_nothing_behind(small, monkeypatch):
    read, calls, folder = small

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_stored.os, "replace", full)
    assert len(read()) == 2 and not list(folder.iterdir())


def test_nothing_is_stored_where_that_is_switched_off(small, monkeypatch):
    read, calls, folder = small
    monkeypatch.setenv("COURSE_CACHE", "off")
    assert read() == read() and len(calls) == 2 and not folder.exists() and _stored.folder() is None


@pytest.mark.parametrize(
    ("system", "variable", "value", "expected"),
    [
        ("linux", "XDG_CACHE_HOME", "/x", "/x/deep-learning-measured"),
        ("linux", "XDG_CACHE_HOME", "", "~/.cache/deep-learning-measured"),
        ("darwin", "XDG_CACHE_HOME", "/x", "~/Library/Caches/deep-learning-measured"),
        ("win32", "LOCALAPPDATA", "/y", "/y/deep-learning-measured"),
        ("win32", "LOCALAPPDATA", "", "~/AppData/Local/deep-learning-measured"),
    ],
)
def test_the_folder_is_where_the_system_keeps_such_files(monkeypatch, system, variable, value, expected):
    monkeypatch.delenv("COURSE_CACHE", raising=False)
    monkeypatch.setattr(_stored.sys, "platform", system)
    monkeypatch.setenv(variable, value)
    assert _stored.folder() == Path(expected).expanduser()


def test_a_missing_library_is_explained(monkeypatch, small):
    read, *_ = small
    monkeypatch.setattr(docstrings, "LIBRARIES", {"lib": ("no-such-package", "")})
    with pytest.raises(datasets.DatasetError, match="no-such-package is not installed. Install it: .*pip install"):
        read()


def test_libraries_without_sources_are_explained(monkeypatch, small):
    read, *_ = small
    monkeypatch.setattr(docstrings, "SMALLEST", 1000)
    with pytest.raises(datasets.DatasetError, match="came without the sources of their docstrings.*numpy=="):
        read()


def test_a_text_of_which_exactly_half_is_copied_stays(small, tmp_path):
    """Ten runs of eight words each; of the second text five stand in the first one, of the third six."""
    read, *_ = small
    texts = {"a.py": counted(*range(17)), "b.py": counted(*range(12), *range(50, 55)), "c.py": counted(*range(13), *range(60, 64))}
    library_in(tmp_path / "lib", texts)
    assert [document.module for document in read()] == ["lib.a", "lib.b"], "of one corpus"
    split = datasets.load_docstrings(kept_apart="lib.b")
    assert [document.module for document in split.test] == ["lib.b"], "of a split"


def test_a_group_that_fills_the_share_exactly_is_kept_apart(small, tmp_path):
    read, *_ = small
    library_in(tmp_path / "lib", {"a.py": said_by("alpha"), "b.py": said_by("gamma")})
    assert len({len(document.text) for document in read()}) == 1
    split = datasets.load_docstrings(test_share=0.5)
    assert len(split.train) == len(split.test) == len(split.kept_apart) == 1


# Sentences and parameters


NUMPY_STYLE = """Compute the mean.  It is the sum, e.g. of weights,
divided by their number.

.. versionadded:: 1.0
    Not prose.

    Nor is this, after a blank line.

.. note:: Empty arrays give nan. See :func:`~numpy.sum` [1]_.

Parameters
----------
a : array_like
    The values. May be a list.
axis, dtype : int or None, optional
    Axis along which
    to compute it.

    - One thing here too
    - Another thing here

no_text : bool

Returns
-------
float
    The mean of all values.

See Also
--------
sum : It adds up all the numbers.

Notes
-----
Use ``mean(a)`` as in::

    print all of the values
    and more of it

    and the rest of it

The formula is :math:`x^2` here.

====  ====
a     b is a table
====  ====

References
----------
.. [1] Somebody, A book about means.

Examples
--------
>>> mean([1, 2])
1.5
"""
GOOGLE_STYLE = """Layer that adds things up.

```python
this = "code that is not prose"
# And this is a comment, which is no prose either.
```
What follows a fence is prose.
```
```
So is this line here.

Args:
    units: Positive integer, the number
        of units. May be large.
    `name` (str): The name of the layer.
    **kwargs: More of the same kind.

Returns:
    A tensor with all values.

Raises:
    ValueError: If the shape is wrong.

And a last paragraph here.
"""


def test_prose_of_numpys_style():
    assert datasets.sentences(NUMPY_STYLE) == [
        "Compute the mean.", "It is the sum, e.g. of weights, divided by their number.", "Empty arrays give nan.",
        "See numpy.sum.", "May be a list.", "Axis along which to compute it.", "One thing here too",
        "Another thing here", "The mean of all values.", "Use mean(a) as in", "The formula is here.",
    ]  # fmt: skip


def test_prose_of_googles_style():
    assert datasets.sentences(GOOGLE_STYLE) == [
        "Layer that adds things up.", "What follows a fence is prose.", "So is this line here.", "Positive integer, the number of units.", "May be large.",
        "The name of the layer.", "More of the same kind.", "A tensor with all values.", "If the shape is wrong.",
        "And a last paragraph here.",
    ]  # fmt: skip


def test_parameters_of_both_styles():
    assert datasets.parameters(NUMPY_STYLE) == [
        ("a", "array_like", "The values. May be a list."),
        ("axis, dtype", "int or None, optional",
         "Axis along which to compute it. One thing here too Another thing here"),
    ]  # fmt: skip
    assert datasets.parameters(GOOGLE_STYLE) == [
        ("units", "", "Positive integer, the number of units. May be large."),
        ("name", "str", "The name of the layer."),
        ("kwargs", "", "More of the same kind."),
    ]


def test_links_lose_their_addresses_and_types_keep_their_colons():
    assert datasets.sentences("See [the guide](#anchor) for more words.") == ["See the guide for more words."]
    assert datasets.sentences("See [the guide](https://example.org/a) for more words.") == ["See the guide for more words."]
    assert datasets.parameters("A.\n\nParameters\n----------\nx : dict of str : int\n    Some words.") == [("x", "dict of str : int", "Some words.")]


def test_a_sign_in_fifty_may_be_foreign():
    words = "some words that are read in the corpus as they are here, all of them"
    fifty = [(words * 3)[:100 - n] + "\u4e2d" * n for n in (2, 3)]
    assert [bool(_docstring_sources.clean(text)) for text in fifty] == [True, False]


def test_half_of_the_bodies_of_a_library_are_exchanged():
    def bodies(number):
        documents = [docstrings.Docstring("numpy", "numpy.a", "f", " ".join(f"Sentence {n} of text {k} here." for n in range(3)), "numpy.a") for k in range(number)]
        return [(first.split()[4], second.split()[4], label) for first, second, label in docstring_tasks._summary(documents, np.random.default_rng(0))]

    for number in (4, 5, 6, 9):
        found = bodies(number)
        assert sorted(first for first, _, _ in found) == [str(k) for k in range(number)]
        assert [(first == second) for first, second, _ in found] == [bool(label) for *_, label in found]
        assert sum(not label for *_, label in found) == number // 2
        exchanged = [(first, second) for first, second, label in found if not label]
        assert sorted(first for first, _ in exchanged) == sorted(second for _, second in exchanged), "each body once"


def test_the_whole_corpus_is_prose(corpus):
    found = [sentence for doc in corpus.test for sentence in datasets.sentences(doc)]
    assert len(found) > 7000
    assert all("\n" not in sentence and ">>>" not in sentence and "`" not in sentence for sentence in found)
    assert sum(sentence[-1] in ".!?" for sentence in found) > 0.75 * len(found)
    entries = [entry for doc in corpus.test for entry in datasets.parameters(doc)]
    assert len(entries) > 1500 and all(name and description for name, _, description in entries)
    assert sum(bool(kind) for _, kind, _ in entries) > 0.6 * len(entries)


@pytest.mark.parametrize("wrong", [None, 3, ["a"], b"a"])
def test_what_is_no_docstring_is_refused(wrong):
    for function in (datasets.sentences, datasets.parameters):
        with pytest.raises(TypeError, match="docstring must be a Docstring or a str, got"):
            function(wrong)


# Tasks


@pytest.mark.parametrize("name", TASKS)
def test_tasks_are_balanced_and_keep_the_split(tasks, corpus, name):
    task = tasks[name]
    for part in (task.train, task.test):
        assert part.labels.dtype == np.int64 and len(part) == len(part.first) == len(part.labels)
        counts = np.bincount(part.labels, minlength=len(task.classes))
        assert counts.min() == counts.max() > 90
        assert (np.diff(part.labels) < 0).any()
        assert (part.second is not None) == (name == "summary")
    texts = [part.first if part.second is None else part.second for part in (task.train, task.test)]
    keys = [[" ".join(_copies.words_of(text)) for text in part] for part in texts]
    assert not set(keys[0]) & set(keys[1])
    assert all(len(set(part)) == len(part) for part in keys)
    assert name in repr(task) and "train" in repr(task)


def test_the_library_is_not_named(tasks):
    task = tasks["library"]
    for text in task.train.first + task.test.first:
        assert not set(re.findall("[a-z0-9]+", text.lower())) & {*task.classes, "np", "plt", "tf", "tensorflow", "mpl"}


def test_half_of_the_bodies_are_another_ones(tasks, corpus):
    task = tasks["summary"]
    own = {}
    for doc in corpus.test:
        found = datasets.sentences(doc)
        if len(found) >= 3:
            own.setdefault(" ".join(found[1:]), set()).add((found[0], doc.library))
    summaries = {}
    for owners in own.values():
        for summary, library in owners:
            summaries.setdefault(summary, set()).add(library)
    for summary, body, label in zip(task.test.first, task.test.second, task.test.labels, strict=True):
        assert (summary in {owner for owner, _ in own[body]}) == bool(label)
        assert summaries[summary] & {library for _, library in own[body]}


@pytest.mark.parametrize(
    ("written", "kind"),
    [
        ("array_like", "array"), ("ndarray of shape (n,)", "array"), ("int, default=3", "number"),
        ("float or None", "number"), ("bool", "other"), ("{'a', 'b'}, default='a'", "other"),
        ("str or array_like", None), ("float or array", None), ("", None), ("callable, optional", "other"),
        ("{array-like, sparse matrix} of shape (n_samples, n_features)", "array"), ("Tensor", "array"),
    ],
)  # fmt: skip
def test_kinds_of_types(written, kind):
    assert docstring_tasks.kind_of(written) == kind


def test_a_task_repeats_and_follows_its_offset(corpus, tasks):
    again = datasets.load_docstring_task("parameter", corpus=corpus)
    assert again.train.first == tasks["parameter"].train.first
    assert datasets.load_docstring_task("parameter", corpus=corpus, offset=1).train.first != again.train.first


@pytest.mark.parametrize("name", ["librar", "", None, 3])
def test_an_unknown_task_is_refused(name, corpus):
    with pytest.raises(ValueError, match="name must be one of 'library', 'summary', 'parameter', got"):
        datasets.load_docstring_task(name, corpus=corpus)
    if name == "librar":
        with pytest.raises(ValueError, match="Did you mean 'library'"):
            datasets.load_docstring_task(name)


def test_a_corpus_without_a_class_is_refused(corpus):
    only = docstrings.Docstrings(
        [doc for doc in corpus.train if doc.library == "PIL"], [doc for doc in corpus.test if doc.library == "PIL"], {}
    )
    with pytest.raises(ValueError, match="corpus must have examples of keras"):
        datasets.load_docstring_task("library", corpus=only)


def task_on(name, text, others):
    """Whether a text of Keras is asked about, in a corpus where each class has an example in both parts."""
    parts = []
    for part in "ab":
        rows = [("keras", text.format(part=part)), *((library, said.format(part=part)) for library, said in others)]
        parts.append([docstrings.Docstring(library, library, "f", said, library) for library, said in rows])
    return datasets.load_docstring_task(name, corpus=docstrings.Docstrings(*parts, {}))


@pytest.mark.parametrize(("words", "enough"), [(7, False), (8, True)])
def test_eight_words_are_enough_to_guess_a_library(words, enough):
    others = [(name, "A text {part} of " + f"{name}x with all the words that are asked for.") for name in docstring_tasks.LIBRARIES[1:]]
    text = "In part {part} " + " ".join(["word"] * (words - 3)) + "."
    if enough:
        assert len(task_on("library", text, others).train) == 5
    else:
        with pytest.raises(ValueError, match=r"got \[0, 1, 1, 1, 1\]"):
            task_on("library", text, others)


@pytest.mark.parametrize(("words", "enough"), [("Of {part}.", False), ("Values of {part}.", True)])
def test_three_words_are_enough_to_guess_a_kind(words, enough):
    text = "Does it.\n\nParameters\n----------\nx : array\n    " + words
    text += "\nn : int\n    How many of {part}.\nb : bool\n    Whether it is {part}."
    if enough:
        assert len(task_on("parameter", text, []).train) == 3
    else:
        with pytest.raises(ValueError, match=r"got \[0, 1, 1\]"):
            task_on("parameter", text, [])


def test_a_summary_needs_a_body_of_two_sentences_and_another_one_to_take():
    def corpus(*sizes):
        return [docstrings.Docstring("numpy", "numpy.a", "f", " ".join(f"Sentence {n} of text {k} here." for n in range(size)), "numpy.a") for k, size in enumerate(sizes)]

    def task(*sizes):
        return datasets.load_docstring_task("summary", corpus=docstrings.Docstrings(corpus(*sizes), corpus(*sizes), {}))

    with pytest.raises(ValueError, match=r"got \[0, 2\]"):  # half of three is one, which has nothing to be exchanged with
        task(3, 3, 3)
    with pytest.raises(ValueError, match=r"got \[0, 2\]"):
        task(3, 3, 3, 2)
    with pytest.raises(ValueError, match="got"):  # all bodies of the test part stand in the training part
        task(3, 3, 3, 3)
