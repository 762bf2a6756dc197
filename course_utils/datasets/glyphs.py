"""Letters of several alphabets, drawn from the fonts that come with Matplotlib."""

import hashlib
import io

from course_utils import reproducibility
from course_utils.datasets.base import DatasetError, Split, refuse_wrong_share

FONTS = {  # name of the file: SHA-256 of its bytes
    "DejaVuSans.ttf": "3fdf69cabf06049ea70a00b5919340e2ce1e6d02b0cc3c4b44fb6801bd1e0d22",
    "DejaVuSans-Bold.ttf": "b184b89e3c1075f22f6b71575b6fc20d4972b3cfd3b23322ca6fd596dcaef167",
    "DejaVuSans-Oblique.ttf": "ccdf74b350f11fd3dd5774de50e5e6346a1a5da1f5b7d5fb83590665e97a5213",
    "DejaVuSerif.ttf": "107244956e9962b9e96faccdc551825e0ae0898ae13737133e1b921a2fd35ffa",
    "DejaVuSerif-Bold.ttf": "c3753f2ed6bc673f15846dc45addbeb3b9c872f32fb18fd53a21f1bef1ed7676",
    "DejaVuSerif-Italic.ttf": "3e7994fbc54fa10ce3352a42d548fadd7d9cadb69cb1109bc9d960f6dac57f04",
    "DejaVuSansMono.ttf": "602ec86b8948cfcd956482fe64f94c36c867770149ef2f791d4613f443bcecb3",
    "DejaVuSansMono-Bold.ttf": "baada9a5172fe20886251aff0433fc38461912d5daf07287e7bee56620a8da96",
}
ALPHABETS = {  # first and last code points of each run
    "latin": (("A", "Z"), ("a", "z")),
    "greek": (("Α", "Ω"), ("α", "ω")),
    "cyrillic": (("А", "я"),),
    "armenian": (("Ա", "Ֆ"), ("ա", "և")),
    "georgian": (("ა", "ჰ"),),
}
_DRAWN = 64  # height of a letter in pixels before it is turned and made small
_FINE = 4  # every pixel of the result is the mean of 4 x 4 finer ones
_FILLS = 0.8  # share of the picture that the longer side of a letter takes


def load_glyphs(*, count=6000, side=16, alphabets=("latin", "greek", "cyrillic"), test_share=1 / 6, offset=0):
    """Draw letters in eight styles, each a little turned, sheared, scaled and moved.

    Parameters
    ----------
    count : int, default 6000
        Number of letters, at least 2.
    side : int, default 16
        Height and width of a picture in pixels, from 8 to 64.
    alphabets : sequence of str, default ("latin", "greek", "cyrillic")
        Which ones; also ``"armenian"`` and ``"georgian"``.
    test_share : float, default 1/6
        Part of all letters that is kept for testing, above 0 and below 1.
    offset : int, default 0
        Another offset draws other letters; so does another course seed.

    Returns
    -------
    Split
        Pictures of shape (n, side, side), float64 from 0 (paper) to 1 (ink), and the
        code point of each letter: ``chr(y)`` is the letter.

    Raises
    ------
    ValueError
        If an argument is out of range; the message names it.
    DatasetError
        If a font that comes with Matplotlib is missing or another one.

    Notes
    -----
    Every letter of every style is equally likely. Turns have a standard deviation of 5
    degrees, shears of 0.08, both scales of 6 %, shifts of 1.5 / 64 of the picture. The
    fonts are DejaVu Sans, Serif and Sans Mono. 6,000 letters take one to two seconds.

    Examples
    --------
    >>> load_glyphs(count=60)
    Split(x_train (50, 16, 16), x_test (10, 16, 16), float64)
    """
    import numpy as np
    from PIL import ImageFont

    _refuse(count, side, alphabets, test_share)
    rng = reproducibility.rng(offset)
    pool = []
    for name, known in FONTS.items():
        data = _read(name, known)
        font = ImageFont.truetype(io.BytesIO(data), _DRAWN)
        pool += [(letter, font) for letter in _letters(data, alphabets)]
    images, codes = np.empty((count, side, side)), np.empty(count, np.int64)
    for i, which in enumerate(rng.integers(len(pool), size=count)):
        letter, font = pool[which]
        images[i], codes[i] = _draw(letter, font, side, rng), ord(letter)
    kept = min(max(round(test_share * count), 1), count - 1)
    return Split(images[:-kept], codes[:-kept], images[-kept:], codes[-kept:])


def _draw(letter, font, side, rng):
    """One letter, centred, its longer side a fixed share of the picture."""
    import numpy as np
    from PIL import Image, ImageDraw

    sheet = Image.new("L", (3 * _DRAWN, 3 * _DRAWN), 0)
    ImageDraw.Draw(sheet).text((1.5 * _DRAWN, 1.5 * _DRAWN), letter, font=font, fill=255, anchor="mm")
    ink = sheet.crop(sheet.getbbox())
    turn, shear = np.deg2rad(5) * rng.normal(), 0.08 * rng.normal()
    size = np.exp(0.06 * rng.normal(size=2)) * _FILLS * side * _FINE / max(ink.size)
    matrix = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = matrix @ [[1, shear], [0, 1]] @ np.diag(1 / size)  # from the result's pixels to the letter's
    middle = side * _FINE / 2 + rng.normal(size=2) * 1.5 / 64 * side * _FINE
    start = np.array(ink.size) / 2 - matrix @ middle
    numbers = (*matrix[0], start[0], *matrix[1], start[1])
    fine = ink.transform((side * _FINE,) * 2, Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR)
    return np.asarray(fine, float).reshape(side, _FINE, side, _FINE).mean(axis=(1, 3)) / 255


def _letters(data, alphabets):
    """The letters of these alphabets that a font has."""
    from matplotlib import ft2font

    has = ft2font.FT2Font(io.BytesIO(data)).get_charmap()
    runs = [run for alphabet in alphabets for run in ALPHABETS[alphabet]]
    return [chr(code) for first, last in runs for code in range(ord(first), ord(last) + 1) if code in has]


def _read(name, known):
    """Bytes of one font of Matplotlib, checked."""
    from pathlib import Path

    import matplotlib

    way_out = "Reinstall it: python -m pip install --force-reinstall --no-deps matplotlib"
    try:
        data = (Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name).read_bytes()
    except OSError as error:
        raise DatasetError(f"Matplotlib's font {name} can't be read ({error}). {way_out}") from error
    if hashlib.sha256(data).hexdigest() != known:
        raise DatasetError(f"Matplotlib's font {name} is not the one this course was measured with. {way_out}")
    return data


def _refuse(count, side, alphabets, test_share):
    """Name the first argument that can't be."""
    if isinstance(count, bool) or not isinstance(count, int) or count < 2:
        raise ValueError(f"count must be a whole number of at least 2, got {count!r}")
    if isinstance(side, bool) or not isinstance(side, int) or not 8 <= side <= 64:
        raise ValueError(f"side must be a whole number from 8 to 64, got {side!r}")
    if isinstance(alphabets, str) or not alphabets or any(name not in ALPHABETS for name in alphabets):
        known = ", ".join(map(repr, ALPHABETS))
        raise ValueError(f"alphabets must be a list of some of {known}, got {alphabets!r}")
    refuse_wrong_share(test_share)
