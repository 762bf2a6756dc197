"""The map of pictures: arguments, output, the sheet of pictures, and its neighbours and differences in JavaScript against NumPy."""

from __future__ import annotations

import base64
import io
import json
import re

import numpy as np
import pytest

from course_utils import interactives
from course_utils.interactives.maps import FINE, picture_map
from tests.interactive_figures import assert_alone, assert_parses, assert_refused, in_node, needs_node

BALL = 3  # pixels


def pong(count=320, rows=66, columns=84):
    """Moments like those of Pong: two paddles, a ball (in most of them), a map on which like places lie together."""
    k = np.arange(count)
    down, across = (37 * k) % (rows - BALL), (53 * k) % (columns - BALL)
    pictures = np.zeros((count, rows, columns))
    for picture, y, x, i in zip(pictures, down, across, k, strict=True):
        picture[(29 * i) % (rows - 10) :, 4:7][:10] = 60
        picture[(41 * i) % (rows - 10) :, -7:-4][:10] = 60
        if i % 7:
            picture[y : y + BALL, x : x + BALL] = [[60, 90, 60], [120, 120, 120], [60, 90, 60]]
    places = np.c_[across + 7 * np.sin(k), down + 7 * np.cos(3 * k)]
    value = across / columns - 0.4 + 0.1 * np.sin(5 * k)
    row = np.where(k % 7, down, np.nan)
    return places, pictures, {"value": value, "ball's row": row}, k % 8


PLACES, PICTURES, COLOURS, GAMES = pong()
SMALL = {"places": PLACES[:40], "pictures": PICTURES[:40], "colours": {"value": COLOURS["value"][:40]}}


def example(**changes):
    return picture_map(**SMALL | changes)


def sheet_of(figure):
    from PIL import Image

    data = figure.props["sheet"].removeprefix("data:image/png;base64,")
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_output_is_small_repeatable_and_alone():
    assert_alone(lambda: picture_map(PLACES, PICTURES, COLOURS, groups=GAMES), most=80_000)
    sheet = picture_map(PLACES, PICTURES, COLOURS).props["sheet"]
    assert len(sheet) <= 32_000, f"{len(sheet)} signs for {len(PICTURES)} pictures"
    assert "picture_map" in interactives.__all__ and callable(interactives.picture_map)


@needs_node
def test_the_joined_script_parses(tmp_path):
    assert_parses("picture_map", tmp_path)


def test_the_sheet_holds_every_picture_in_eight_tones():
    figure = picture_map(PLACES, PICTURES, COLOURS)
    sheet, (rows, columns) = np.asarray(sheet_of(figure).convert("L")), figure.props["size"]
    assert (rows, columns) == (66, 84) and sheet_of(figure).mode == "P" and sheet.shape == (16 * rows, 20 * columns)
    assert sheet.max() == 255 and sheet.min() == 31 and len(np.unique(sheet)) <= 8
    for i in (0, 19, 20, 211, 319):
        top, left = i // 20 * rows, i % 20 * columns
        shown = (255 - sheet[top : top + rows, left : left + columns]) / 32
        np.testing.assert_array_equal(shown, np.rint(7 * PICTURES[i] / 120))


def test_what_python_gives_is_kept():
    neighbours = [[(i + k) % 40 for k in (1, 2, 3)] for i in range(40)]
    props = example(
        places=[[float(x), y] for x, y in PLACES[:40].astype(np.float32)],
        pictures=np.rint(PICTURES[:40]).astype(np.uint8),
        colours={" value ": [np.nan, 1234.56, -0.0, *range(37)]},
        groups=list(GAMES[:40]),
        neighbours=neighbours,
        thing="picture",
        group="artist",
    ).props
    assert props["colours"] == [["value", [None, 1230, 0, *range(37)]]]
    assert props["groups"] == list(GAMES[:40]) and props["neighbours"] == neighbours
    assert props["words"] == ["picture", "artist"] and "NaN" not in json.dumps(props)
    spots = np.array(props["places"]).reshape(-1, 2)
    assert spots.min() == 0 and spots.max() == FINE
    scale = FINE / np.ptp(PLACES[:40], axis=0).max()
    np.testing.assert_allclose(spots, (PLACES[:40] - PLACES[:40].min(axis=0)) * scale, atol=0.6)
    assert "groups" not in example().props and "neighbours" not in example().props
    counts = example(colours={"column": np.arange(40)})  # whole numbers stay whole
    assert counts.props["colours"] == [["column", list(range(40))]] and "differs by" in counts.lesson[1]
    blank = sheet_of(example(pictures=np.zeros((40, 5, 6))))
    assert len(blank.getcolors()) == 1


def nearest_of(places, games=None):
    far = np.square(places[:, None] - places).sum(axis=-1).astype(float)
    far[np.eye(len(far), dtype=bool) if games is None else games[:, None] == games] = np.inf
    return far.argsort(axis=1)[:, :3]


@needs_node
@pytest.mark.parametrize("games", (None, GAMES))
def test_javascript_finds_the_same_neighbours_and_differences(games):
    rng = np.random.default_rng(7)  # a cloud: no two distances are alike
    places = rng.normal(size=(320, 2))
    figure = picture_map(places, PICTURES, COLOURS, groups=games)
    seen = in_node(
        "picture_neighbours.js",
        "(m, props) => { const map = m.makeMap(props); return { near: map.near, colours: map.colours.map(({ mean, any, low, high, missing, apart }) => ({ mean, any, low, high, missing, apart })) }; }",
        figure.props,
    )
    nearest = nearest_of(np.array(figure.props["places"]).reshape(-1, 2), games)
    assert (np.array(seen["near"]) == nearest).mean() > 0.995, "but for ties after rounding"
    assert (np.array(seen["near"]) == nearest_of(places, games)).mean() > 0.99
    apart = np.ones((320, 320), bool) if games is None else games[:, None] != games
    for (name, values), told in zip(figure.props["colours"], seen["colours"], strict=True):
        value = np.array([np.nan if v is None else v for v in values])
        gaps = np.abs(value[:, None] - value)
        np.fill_diagonal(gaps, np.nan)
        assert told["any"] == pytest.approx(np.nanmean(gaps[apart]), abs=1e-9), name
        near = np.take_along_axis(gaps, np.array(seen["near"]), axis=1)
        known = ~np.isnan(near).all(axis=1)
        mine = np.nanmean(near[known], axis=1)
        np.testing.assert_allclose(np.array(told["apart"], float)[known], mine, atol=1e-9)
        assert told["mean"] == pytest.approx(mine.mean(), abs=1e-9)
        assert told["missing"] == np.isnan(value).sum()


def test_the_words_hold_numbers_that_are_true():
    lesson = picture_map(PLACES, PICTURES, COLOURS, groups=GAMES).lesson[1]
    value, nearest = COLOURS["value"], nearest_of(PLACES, GAMES)
    near = np.abs(value[:, None] - value[nearest]).mean()
    every = np.abs(value[:, None] - value)[GAMES[:, None] != GAMES].mean()
    told = [float(part) for part in re.findall(r"by (\d\.\d+)", lesson)]
    assert told == pytest.approx([near, every], rel=0.01), lesson
    value = np.full(320, np.nan)
    value[[0, 8]] = 1, 2  # both from one game: nothing to compare
    lesson = picture_map(PLACES, PICTURES, {"value": value}, groups=GAMES).lesson[1]
    assert "hollow" in lesson and not re.search(r"\d", lesson)



WRONG = [
    (lambda: example(places=PLACES[:19], pictures=PICTURES[:19]), ValueError, ["places", "20 to 500", "got 19"]),
    (lambda: example(places=np.zeros((501, 2))), ValueError, ["places", "20 to 500", "got 501"]),
    (lambda: example(places=np.zeros((40, 3))), ValueError, ["places", "(n, 2)", "(40, 3)"]),
    (lambda: example(places=np.zeros(40)), ValueError, ["places", "(n, 2)", "(40,)"]),
    (lambda: example(places=[[1, 2], [3]] * 20), ValueError, ["places", "different lengths"]),
    (lambda: example(places=[["a", "b"]] * 40), TypeError, ["places", "numbers", "<U1"]),
    (lambda: example(places=np.full((40, 2), np.nan)), ValueError, ["places", "finite", "nan"]),
    (lambda: example(places=np.ones((40, 2))), ValueError, ["places", "two different"]),
    (lambda: example(pictures=PICTURES[:39]), ValueError, ["pictures", "40", "got 39"]),
    (lambda: example(pictures=PICTURES[:40, 0]), ValueError, ["pictures", "(n, rows, columns)", "(40, 84)"]),
    (lambda: example(pictures=np.zeros((40, 97, 8))), ValueError, ["pictures", "4 to 96", "97 x 8"]),
    (lambda: example(pictures=np.zeros((40, 8, 3))), ValueError, ["pictures", "4 to 96", "8 x 3"]),
    (lambda: example(pictures=np.zeros((40, 8, 8), int)), TypeError, ["pictures", "uint8 or floats", "int"]),
    (lambda: example(pictures=np.zeros((40, 8, 8), bool)), TypeError, ["pictures", "bool"]),
    (lambda: example(pictures=PICTURES[:40] * 3), ValueError, ["pictures", "0 to 255", "360"]),
    (lambda: example(pictures=PICTURES[:40] * np.nan), ValueError, ["pictures", "0 to 255", "nan"]),
    (lambda: example(colours=[1, 2]), TypeError, ["colours", "map names", "list"]),
    (lambda: example(colours={}), ValueError, ["colours", "1 to 4", "got 0"]),
    (lambda: example(colours={str(k): PLACES[:40, 0] for k in range(5)}), ValueError, ["colours", "got 5"]),
    (lambda: example(colours={3: PLACES[:40, 0]}), TypeError, ["name in colours", "text", "3"]),
    (lambda: example(colours={" ": PLACES[:40, 0]}), ValueError, ["name in colours", "1 to 24"]),
    (lambda: example(colours={"a": PLACES[:40, 0], "a ": PLACES[:40, 0]}), ValueError, ["different names"]),
    (lambda: example(colours={"v": PLACES[:39, 0]}), ValueError, ["colours['v']", "40 numbers", "got 39"]),
    (lambda: example(colours={"v": ["x"] * 40}), TypeError, ["colours['v']", "numbers", "<U1"]),
    (lambda: example(colours={"v": [np.inf] * 40}), ValueError, ["colours['v']", "1e9", "inf"]),
    (lambda: example(colours={"v": [1.0] + [np.nan] * 39}), ValueError, ["colours['v']", "at least two"]),
    (lambda: example(groups=3), TypeError, ["groups", "whole numbers", "3"]),
    (lambda: example(groups=[1, 2]), ValueError, ["groups", "40", "got 2"]),
    (lambda: example(groups=[0.5] * 40), ValueError, ["groups[0]", "whole number", "0.5"]),
    (lambda: example(groups=[0] * 38 + [1, 2]), ValueError, ["groups", "at least 3", "38 among 40"]),
    (lambda: example(neighbours=[[1, 2]] * 40), ValueError, ["neighbours", "(40, 3)", "(40, 2)"]),
    (lambda: example(neighbours=[[1, 2, 40]] * 40), ValueError, ["neighbours[0][2]", "0 to 39", "40"]),
    (lambda: example(neighbours=[[1, 2, 3.5]] * 40), ValueError, ["neighbours[0][2]", "whole number", "3.5"]),
    (lambda: example(neighbours=[[0, 1, 2]] * 40), ValueError, ["neighbours[0]", "different", "[0, 1, 2]"]),
    (lambda: example(neighbours=[[1, 1, 2]] * 40), ValueError, ["neighbours[0]", "different", "[1, 1, 2]"]),
    (
        lambda: example(neighbours=[[1, 2, 8]] * 40, groups=GAMES[:40]),
        ValueError,
        ["neighbours[0]", "other groups than 0", "[1, 2, 8]"],
    ),
    (lambda: example(thing=3), TypeError, ["thing", "text", "3"]),
    (lambda: example(group=""), ValueError, ["group", "1 to 24", "''"]),
]


@pytest.mark.parametrize(("call", "error", "parts"), WRONG)
def test_errors_name_argument_given_and_allowed(call, error, parts):
    assert_refused(call, error, parts)


def test_pictures_that_do_not_compress_are_refused():
    noise = np.random.default_rng(0).integers(0, 256, size=(100, 96, 96), dtype=np.uint8)
    assert_refused(
        lambda: picture_map(PLACES[:100], noise, {"value": COLOURS["value"][:100]}),
        ValueError,
        ["pictures", "200,000 bytes", "fewer, smaller or plainer"],
    )
