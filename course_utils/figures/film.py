"""A short film of small grey pictures, with words that say the same."""

import io

from course_utils import _outputs

MOST_FRAMES = 90
LARGEST = 30_000  # bytes
TONES = 16  # fewer than 256 make a film small, and no figure needs more


def film(frames, alt, *, per_second=15, scale=3):
    """Show grey pictures as a film that plays once and stops at its last picture.

    Parameters
    ----------
    frames : array_like of shape (n, height, width), bytes
        2 to 90 of them, 0 black to 255 white; sixteen tones are kept.
    alt : str
        What happens in the film, for a listener, in at least 40 characters. It is
        stored beside the film and is its plain-text form.
    per_second : int, default 15
        Pictures in a second, 1 to 50.
    scale : int, default 3
        Pixels on the page for a pixel of a picture, 1 to 12.

    Raises
    ------
    TypeError
        If `alt` is not text, or `per_second` or `scale` is not a whole number.
    ValueError
        If shape, kind or number of the frames doesn't fit, `alt` is too short to be heard in
        place of the film, a number is out of range, or the film would be larger than 30 kB.
    """
    import numpy as np
    from PIL import Image

    frames = np.asarray(frames)
    if (
        frames.ndim != 3
        or frames.dtype != np.uint8
        or frames.size == 0
        or not 2 <= len(frames) <= MOST_FRAMES
    ):
        raise ValueError(
            f"frames must be 2 to {MOST_FRAMES} grey pictures of bytes, (n, height, width), "
            f"got {frames.shape} of {frames.dtype}"
        )
    alt = _outputs.in_words(alt, "tell the film to a listener")
    for name, given, most in (("per_second", per_second, 50), ("scale", scale, 12)):
        if isinstance(given, bool) or not isinstance(given, int):
            raise TypeError(f"{name} must be a whole number, got {given!r}")
        if not 1 <= given <= most:
            raise ValueError(f"{name} must be from 1 to {most}, got {given}")
    step = 256 // TONES
    pictures = [Image.fromarray(frame // step * step + step // 2) for frame in frames]
    content = io.BytesIO()
    pictures[0].save(
        content, format="PNG", save_all=True, append_images=pictures[1:], duration=round(1000 / per_second),
        loop=1, optimize=True,
    )  # fmt: skip
    if content.tell() > LARGEST:
        raise ValueError(
            f"a film may have {LARGEST:,} bytes, this one has {content.tell():,}: give fewer frames"
        )
    _outputs.send_picture(content.getvalue(), alt, scale * frames.shape[2])
