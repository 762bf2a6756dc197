"""Pen strokes: every letter readable, repeatable, sane in size and speed."""

import doctest

import numpy as np
import pytest
from course_utils import datasets
from course_utils.datasets import handwriting, letterforms, strokes
from hypothesis import given, settings
from hypothesis import strategies as st

ALPHABET = "abcdefghijklmnopqrstuvwxyz"


def write(text, seed=0, **options):
    return datasets.pen_strokes(text, np.random.default_rng(seed), **options)


@pytest.mark.parametrize("module", [strokes, handwriting, letterforms])
def test_docstrings(module):
    assert doctest.testmod(module).failed == 0


# Skeletons


def test_every_letter_has_a_skeleton_of_fine_points():
    assert set(letterforms.LETTERS) == set(ALPHABET + "0123456789.,")
    for letter in letterforms.LETTERS:
        for line in letterforms.drawn(letter):
            steps = np.hypot(*np.diff(line, axis=0).T)
            assert 0 < steps.min() and steps.max() < 0.1, letter
            assert line[:, 1].min() > -0.95 and line[:, 1].max() < 1.95, letter
            assert -0.3 < line[:, 0].min() and line[:, 0].max() < 1.4, letter


def test_letters_are_drawn_in_x_heights():
    letterforms.drawn.cache_clear()
    heights = [np.concatenate(letterforms.drawn(letter))[:, 1].max() for letter in "xvz"]
    assert 0.969 < min(heights) <= max(heights) <= 1.0


def test_a_spline_runs_through_its_points():
    points = np.random.default_rng(0).normal(size=(7, 2))
    curve = letterforms.spline(points, step=0.01)
    nearest = np.hypot(*(curve[:, None] - points).T).min(axis=1)
    np.testing.assert_allclose(nearest, 0, atol=1e-9)
    np.testing.assert_allclose(curve[[0, -1]], points[[0, -1]], atol=1e-12)
    straight = letterforms.spline(np.array([[0.0, 0], [1, 1], [3, 3]]))
    np.testing.assert_allclose(straight[:, 0], straight[:, 1])
    even = letterforms.spline(np.array([[0.0, 0], [1, 1], [2, 2], [3, 3]]))
    np.testing.assert_allclose(np.diff(even[:, 0]), np.diff(even[:, 0]).mean(), err_msg="no bulge at either end")


# The path


@settings(max_examples=40, deadline=None)
@given(
    words=st.lists(st.text(letterforms.LETTERS, min_size=1, max_size=9), min_size=1, max_size=4),
    seed=st.integers(0, 1000),
    points=st.floats(4, 60),
    variation=st.floats(0, 2),
)
def test_bounds_hold_for_any_text(words, seed, points, variation):
    text = " ".join(words)
    found, letters = write(text, seed, points_per_letter=points, variation=variation, with_letters=True)
    assert found.dtype == np.float32 and found.shape == (len(letters), 3) and np.isfinite(found).all()
    assert set(np.unique(found[:, 2])) <= {0.0, 1.0} and found[-1, 2] == 1
    assert letters.dtype == np.int64 and (np.diff(letters) >= 0).all()
    assert set(letters.tolist()) == {place for place, letter in enumerate(text) if letter != " "}
    x, y = found[:, :2].cumsum(axis=0).T
    assert -4 < y.min() and y.max() < 6 and x.min() > -2
    assert x.max() < 3 * len(text) + 2
    within = np.hypot(found[1:, 0], found[1:, 1])[found[:-1, 2] == 0]
    assert within.size == 0 or within.max() < 8


def test_a_letter_gets_as_many_points_as_asked_on_average():
    for wanted in (10, 14, 18):
        rng, points, letters = np.random.default_rng(wanted), 0, 0
        for _ in range(60):
            text = " ".join(rng.choice(datasets.COMMON_WORDS, 3))
            points += len(datasets.pen_strokes(text, rng, points_per_letter=wanted))
            letters += len(text) - 2
        assert points / letters == pytest.approx(wanted, rel=0.08)


def test_a_hand_repeats_with_its_generator_and_varies_without():
    np.testing.assert_array_equal(write("one hand", 3), write("one hand", 3))
    assert write("one hand", 3).shape != write("one hand", 4).shape or not np.array_equal(
        write("one hand", 3), write("one hand", 4)
    )
    np.testing.assert_array_equal(write("copy", 1, variation=0), write("copy", 2, variation=0))
    plain, with_letters = write("abc", 5), write("abc", 5, with_letters=True)[0]
    np.testing.assert_array_equal(plain, with_letters)


def test_without_variation_the_skeleton_is_drawn():
    for letter in ALPHABET:
        skeleton = np.concatenate(letterforms.drawn(letter))
        path = np.concatenate(datasets.pen_lines(write(letter, variation=0, points_per_letter=60)))
        gaps = np.hypot(*(path[:, None] - skeleton).T)
        assert gaps.min(axis=0).max() < 0.05 and gaps.min(axis=1).max() < 0.2, letter


def test_the_pen_lifts_for_dots_crosses_and_words_and_joins_letters():
    def lifts(text, **options):
        return int(write(text, **options)[:, 2].sum())

    assert lifts("un") == 1 and lifts("un", joined=False) == 2
    assert lifts("u n") == 2
    assert [lifts(letter) for letter in "ijtfx"] == [2] * 5
    assert lifts("minimum.") == 6  # mi, dot, ni, dot, mum and the full stop


def test_the_pen_slows_down_in_bends():
    """Two-thirds power law: in an "o", the logarithm of speed falls with that of curvature, by -1/3."""
    path = write("o", variation=0, points_per_letter=60)[:, :2].astype(float).cumsum(axis=0)
    speed = np.hypot(*(path[2:] - path[:-2]).T) / 2
    first, second = path[1:-1] - path[:-2], path[2:] - path[1:-1]
    angle = np.abs(np.arctan2(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0], (first * second).sum(1)))
    slope = np.polyfit(np.log(angle / speed + 0.6), np.log(speed), 1)[0]
    assert -0.43 < slope < -0.23


# Reading


def distance(points, template):
    """Mean squared distance between two sets of points, both ways, at the best shift and slant."""
    best = np.inf
    for slant in (-0.12, 0, 0.12):
        slanted = template @ np.array([[1, 0], [slant, 1]])
        for shift in np.linspace(-0.25, 0.25, 11):
            moved = points + [slanted[:, 0].mean() - points[:, 0].mean() + shift, 0]
            gaps = ((moved[:, None] - slanted) ** 2).sum(-1)
            best = min(best, gaps.min(axis=0).mean() + gaps.min(axis=1).mean())
    return best


def templates(alphabet):
    """Skeletons under the mean slant of the hand."""
    slanted = np.array([[1, 0], [0.12, 1]])
    return {letter: np.concatenate(letterforms.drawn(letter))[::3] @ slanted for letter in alphabet}


def read(points, known):
    return min(known, key=lambda letter: distance(points, known[letter]))


@pytest.mark.parametrize(("alphabet", "copies"), [(ALPHABET, 5), ("0123456789", 5)])
def test_every_letter_alone_is_nearest_to_its_own_skeleton(alphabet, copies):
    known = templates(alphabet)
    right = {letter: 0 for letter in alphabet}
    for place, letter in enumerate(alphabet):
        for copy in range(copies):
            path = np.concatenate(datasets.pen_lines(write(letter, 100 * place + copy)))
            right[letter] += read(path, known) == letter
    assert sum(right.values()) >= 0.95 * copies * len(alphabet), right
    assert min(right.values()) >= 0.6 * copies, right


def test_letters_in_words_are_nearest_to_their_own_skeleton():
    """The points that `with_letters` gives a letter are that letter."""
    known, right, total = templates(ALPHABET), 0, 0
    for seed, text in enumerate(["the quick brown fox", "jumps over a lazy dog", "pack my box with five jugs"]):
        found, letters = write(text, seed, with_letters=True)
        path = found[:, :2].astype(float).cumsum(axis=0)
        for place in np.unique(letters):
            right += read(path[letters == place], known) == text[place]
            total += 1
    assert right >= 0.85 * total, (right, total)


# Errors


@pytest.mark.parametrize("text", ["", " ", " a", "a ", "A", "caf\u00e9", "a\nb", "no!", None, 3, ["a"]])
def test_a_wrong_text_is_refused(text):
    with pytest.raises(ValueError, match="text must"):
        write(text)


@pytest.mark.parametrize("name", ["points_per_letter", "variation"])
@pytest.mark.parametrize("value", [-1, 61, True, "1", None, float("nan")])
def test_a_wrong_option_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must be a number from"):
        write("a", **{name: value})


@pytest.mark.parametrize("rng", [None, 0, np.random])
def test_a_wrong_generator_is_refused(rng):
    with pytest.raises(ValueError, match="rng must be a numpy.random.Generator"):
        datasets.pen_strokes("a", rng)


@pytest.mark.parametrize("shape", [(3,), (4, 2), (2, 3, 1)])
def test_offsets_of_another_shape_are_not_drawn(shape):
    with pytest.raises(ValueError, match=r"strokes must have shape \(n, 3\)"):
        datasets.pen_lines(np.zeros(shape))


def test_lines_to_draw_follow_the_pen():
    offsets = np.array([[1, 0, 0], [1, 1, 1], [1, 0, 1], [0, 2, 0]])
    lines = datasets.pen_lines(offsets)
    assert [line.tolist() for line in lines] == [[[1, 0], [2, 1]], [[3, 1]], [[3, 3]]]


# Lines of words


def test_common_words_are_short_and_use_every_letter():
    assert set("".join(datasets.COMMON_WORDS)) == set(ALPHABET)
    assert len(set(datasets.COMMON_WORDS)) == len(datasets.COMMON_WORDS) >= 300
    assert max(map(len, datasets.COMMON_WORDS)) <= 9


@pytest.mark.parametrize(("lines", "words", "share"), [(60, 3, 0.1), (80, 1, 0.5), (20, 1, 0.9), (2, 2, 0.5)])
def test_lines_are_split_by_text(lines, words, share):
    made = datasets.load_handwriting(lines=lines, words=words, test_share=share)
    assert len(made.test) == round(share * lines) and len(made.train) + len(made.test) == lines
    assert not set(made.train.texts) & set(made.test.texts)
    for part in (made.train, made.test):
        for text, path, letters in zip(part.texts, part.strokes, part.letters, strict=True):
            assert len(text.split()) == words and set(text.split()) <= set(datasets.COMMON_WORDS)
            assert len(path) == len(letters) and letters[-1] == len(text) - 1


def test_lines_repeat_and_follow_offset_and_seed(monkeypatch):
    def first(**options):
        made = datasets.load_handwriting(lines=6, **options).train
        return made.texts, [path.tolist() for path in made.strokes]

    here = first()
    assert here == first() and here != first(offset=1)
    assert here[0] == first(variation=2.0)[0] and here[1] != first(variation=2.0)[1]
    monkeypatch.setenv("COURSE_SEED", "1")
    assert here != first()


@pytest.mark.parametrize(
    ("name", "value"),
    [("lines", 1), ("lines", 10**6 + 1), ("lines", 2.5), ("lines", True), ("words", 0), ("words", 21), ("words", "3"),
     ("test_share", 0), ("test_share", 1), ("test_share", None), ("test_share", 0.01),
     ("variation", 9), ("points_per_letter", 1), ("offset", -1)],
)  # fmt: skip
def test_a_wrong_number_of_lines_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} must"):
        datasets.load_handwriting(**{"lines": 10, name: value})
