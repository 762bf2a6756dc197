"""Letters from Matplotlib's fonts: whole, repeatable, varied, and clear about what is wrong."""

import doctest

import numpy as np
import pytest
from course_utils import datasets
from course_utils.datasets import glyphs


def test_docstrings():
    assert doctest.testmod(glyphs).failed == 0


def test_letters_are_whole_centred_and_split():
    split = datasets.load_glyphs(count=600, test_share=0.25)
    assert split.x_train.shape == (450, 16, 16) and split.x_test.shape == (150, 16, 16)
    images = np.concatenate([split.x_train, split.x_test])
    assert 0 <= images.min() and images.max() <= 1
    ink = images.sum(axis=(1, 2))
    assert ink.min() > 3  # not one is empty
    rim = np.concatenate([images[:, [0, -1]], images[:, :, [0, -1]].swapaxes(1, 2)], axis=1).sum(axis=(1, 2))
    assert (rim / ink).mean() < 0.01  # hardly any ink is cut off
    wide, high = images.max(axis=1) > 0.1, images.max(axis=2) > 0.1
    longer = np.maximum(wide.sum(axis=1), high.sum(axis=1))
    assert 10 <= np.quantile(longer, 0.02) and np.quantile(longer, 0.98) <= 16


def test_a_letter_is_its_code_point_and_varies():
    split = datasets.load_glyphs(count=3000, alphabets=["latin"])
    letters = {chr(code) for code in split.y_train}
    assert letters == set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
    same = split.x_train[split.y_train == ord("O")]
    assert len(np.unique(same.reshape(len(same), -1), axis=0)) == len(same)
    middle = same[:, 7:9, 7:9].mean()
    assert middle < 0.3 < split.x_train[split.y_train == ord("I")][:, 7:9, 7:9].mean()  # a ring and a stroke


def test_a_letter_without_variation_stands_in_the_middle():
    import io
    import types

    from PIL import ImageFont

    name, known = next(iter(glyphs.FONTS.items()))
    font = ImageFont.truetype(io.BytesIO(glyphs._read(name, known)), glyphs._DRAWN)
    still = types.SimpleNamespace(normal=lambda size=None: np.zeros(size) if size else 0.0)
    for letter in "OI":
        picture = glyphs._draw(letter, font, 16, still)
        assert np.abs(picture - picture[::-1]).mean() < 0.03 and np.abs(picture - picture[:, ::-1]).mean() < 0.03, letter


def test_alphabets_have_the_letters_of_their_scripts():
    sizes = {name: len(set(datasets.load_glyphs(count=4000, side=8, alphabets=[name]).y_train)) for name in glyphs.ALPHABETS}
    assert sizes == {"latin": 52, "greek": 49, "cyrillic": 64, "armenian": 77, "georgian": 33}


def test_seeds_and_offsets_repeat_and_differ(monkeypatch):
    first = datasets.load_glyphs(count=20).x_train
    np.testing.assert_array_equal(first, datasets.load_glyphs(count=20).x_train)
    assert not np.array_equal(first, datasets.load_glyphs(count=20, offset=1).x_train)
    monkeypatch.setenv("COURSE_SEED", "3")
    assert not np.array_equal(first, datasets.load_glyphs(count=20).x_train)


def test_other_sizes_show_the_same_letter():
    small, large = (datasets.load_glyphs(count=2, side=side, test_share=0.5).x_train[0] for side in (16, 32))
    shrunk = large.reshape(16, 2, 16, 2).mean(axis=(1, 3))
    assert np.abs(shrunk - small).mean() < 0.02


@pytest.mark.parametrize(
    "arguments, named",
    [
        ({"count": 1}, "count must be a whole number of at least 2, got 1"),
        ({"count": True}, "count must be"),
        ({"side": 4}, "side must be a whole number from 8 to 64, got 4"),
        ({"alphabets": "latin"}, "alphabets must be a list of some of 'latin', 'greek'"),
        ({"alphabets": ["runes"]}, r"got \['runes'\]"),
        ({"alphabets": []}, "alphabets must be"),
        ({"test_share": 0}, "test_share must be above 0 and below 1, got 0"),
        ({"test_share": "a"}, "test_share must be above 0 and below 1, got 'a'"),
        ({"offset": -1}, "offset must be a whole number of at least 0, got -1"),
        ({"offset": "a"}, "offset must be a whole number of at least 0, got 'a'"),
    ],
)
def test_bad_arguments_are_named(arguments, named):
    with pytest.raises(ValueError, match=named):
        datasets.load_glyphs(**arguments)


def test_another_font_is_refused(monkeypatch, tmp_path):
    import matplotlib

    monkeypatch.setattr(matplotlib, "get_data_path", lambda: str(tmp_path))
    with pytest.raises(datasets.DatasetError, match="DejaVuSans.ttf can't be read"):
        datasets.load_glyphs(count=2)
    folder = tmp_path / "fonts" / "ttf"
    folder.mkdir(parents=True)
    (folder / "DejaVuSans.ttf").write_bytes(b"no font")
    with pytest.raises(datasets.DatasetError, match="not the one this course was measured with"):
        datasets.load_glyphs(count=2)
