"""Films: small, played once, with words for a listener."""

import base64
import io

import numpy as np
import pytest
from course_utils import _outputs, figures
from PIL import Image

ALT = "A short film that plays once: a bright square walks from the left edge of a dark field to the right edge."


@pytest.fixture
def shown(monkeypatch):
    outputs = []
    monkeypatch.setattr(_outputs, "send", lambda bundle, metadata: outputs.append((bundle, metadata)))
    return outputs


def walk(n=12, height=20, width=30):
    """A square of 4 x 4 that goes to the right."""
    frames = np.full((n, height, width), 32, dtype=np.uint8)
    for number, frame in enumerate(frames):
        frame[8:12, 2 * number : 2 * number + 4] = 240
    return frames


def pictures(png):
    """All frames of an animated PNG, as arrays."""
    film, found = Image.open(io.BytesIO(png)), []
    for number in range(film.n_frames):
        film.seek(number)
        found.append(np.asarray(film.convert("L")))
    return film, np.array(found)


def test_film_holds_every_frame_in_order_and_plays_once(shown):
    figures.film(walk(), ALT, per_second=10, scale=4)
    ((bundle, metadata),) = shown
    film, found = pictures(base64.b64decode(bundle["image/png"]))
    assert found.shape == (12, 20, 30)
    assert np.abs(found.astype(int) - walk()).max() < 16
    assert (film.info["loop"], film.info["duration"]) == (1, 100)
    assert bundle["text/plain"] == f"Figure: {ALT}"
    assert metadata["image/png"] == {"alt": ALT, "width": 120}


def test_same_frames_give_the_same_bytes(shown):
    figures.film(walk(), ALT)
    figures.film(walk(), ALT)
    assert shown[0] == shown[1]


def test_frames_stay_as_they_were(shown):
    frames = walk()
    figures.film(frames, ALT)
    np.testing.assert_array_equal(frames, walk())


def test_frames_that_are_alike_keep_their_time(shown):
    frames = np.repeat(walk(3), 4, axis=0)  # a writer of PNG may join pictures that are alike
    figures.film(frames, ALT, per_second=10)
    film = Image.open(io.BytesIO(base64.b64decode(shown[0][0]["image/png"])))
    time = 0
    for number in range(film.n_frames):
        film.seek(number)
        time += film.info["duration"]
    assert time == 1200


def test_words_lose_their_line_breaks(shown):
    figures.film(walk(), ALT.replace(" walks", "\n    walks"))
    assert shown[0][1]["image/png"]["alt"] == ALT


@pytest.mark.parametrize(
    ("frames", "message"),
    [
        (walk()[0], "frames must be"),
        (walk(1), "2 to 90"),
        (np.zeros((91, 8, 8), np.uint8), "91"),
        (walk().astype(float), "float64"),
        (np.zeros((3, 0, 8), np.uint8), "frames must be"),
        ([[[0, 1]], [[1, 0]]], "int64"),
    ],
)
def test_wrong_frames_are_refused(shown, frames, message):
    with pytest.raises(ValueError, match=message):
        figures.film(frames, ALT)
    assert not shown


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"alt": "a film"}, ValueError, "alt must .* 40 characters"),
        ({"alt": "word " * 20}, ValueError, "in words"),
        ({"alt": None}, TypeError, "alt must be text"),
        ({"per_second": 0}, ValueError, "per_second must be .* 1 to 50"),
        ({"per_second": 61}, ValueError, "per_second"),
        ({"per_second": 7.5}, TypeError, "per_second"),
        ({"scale": 0}, ValueError, "scale must be"),
        ({"scale": True}, TypeError, "scale"),
    ],
)
def test_wrong_settings_are_refused(shown, given, error, message):
    with pytest.raises(error, match=message):
        figures.film(walk(), **{"alt": ALT, **given})
    assert not shown


def test_a_film_that_is_too_large_is_refused(shown):
    noise = np.random.default_rng(0).integers(256, size=(40, 60, 60)).astype(np.uint8)
    with pytest.raises(ValueError, match=r"30,000 bytes, this one has \d+,\d{3}: give fewer"):
        figures.film(noise, ALT)
    assert not shown


def test_in_a_terminal_the_words_are_printed(capsys):
    figures.film(walk(), ALT)
    assert capsys.readouterr().out == f"Figure: {ALT}\n"


def test_the_smallest_and_the_largest_settings_pass(shown):
    figures.film(walk(2), ALT, per_second=1, scale=1)
    figures.film(walk(12), ALT, per_second=50, scale=12)
    figures.film(np.zeros((90, 3, 3), np.uint8), ALT)
    assert len(shown) == 3


def test_sixteen_tones_are_kept_each_in_its_middle(shown):
    tones = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    figures.film(np.concatenate([tones, tones[:, ::-1]]), ALT)
    _, found = pictures(base64.b64decode(shown[0][0]["image/png"]))
    np.testing.assert_array_equal(found[0], (tones[0].astype(int) // 16) * 16 + 8)
    assert len(np.unique(found)) == 16
