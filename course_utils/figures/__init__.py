"""One house style for every figure, and one way to show it: with words.

Class +1 is a blue circle and class -1 an orange square in every lecture. The ground is
a warm paper tone that reads well on light and on dark pages.
"""

import io

from course_utils import _outputs
from course_utils.figures.drawing import decision_regions, heat_map, learning_curves, points
from course_utils.figures.film import film
from course_utils.figures.images import image, image_grid, image_rows
from course_utils.figures.style import (
    BLUE,
    BROWN,
    CYCLE,
    GREEN,
    GREY,
    INK,
    LINES,
    ORANGE,
    PAPER,
    PURPLE,
    TEAL,
    colour_map,
    use_style,
)

__all__ = [
    "BLUE",
    "BROWN",
    "CYCLE",
    "GREEN",
    "GREY",
    "INK",
    "LINES",
    "ORANGE",
    "PAPER",
    "PURPLE",
    "TEAL",
    "colour_map",
    "decision_regions",
    "film",
    "heat_map",
    "image",
    "image_grid",
    "image_rows",
    "learning_curves",
    "picture",
    "points",
    "show",
    "use_style",
]

DOTS_PER_INCH = 100
PAGE_PIXELS_PER_INCH = 96
COLOURS = (24, 96)  # flat pictures need few: a lecture with twenty figures must stay below 400 kB


def show(fig, alt):
    """Show a figure once, together with words that say the same, and close it.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        A finished figure.
    alt : str
        Axes, shape and point of the figure in at least 40 characters. It is
        stored beside the picture and is its plain-text form.

    Raises
    ------
    TypeError
        If `fig` is not a figure, or `alt` is not text.
    ValueError
        If `alt` is too short to be heard in place of the picture.
    """
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    if not isinstance(fig, Figure):
        raise TypeError(f"fig must be a Matplotlib figure, got {type(fig).__name__}")
    alt = _outputs.in_words(alt, "name axes, shape and point for a listener")
    _let_titles_wrap(fig)
    png = picture(fig)
    width = round(fig.get_figwidth() * PAGE_PIXELS_PER_INCH)
    plt.close(fig)
    _outputs.send_picture(png, alt, width)


def picture(fig):
    """Draw a figure as a small PNG.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Left as it is.

    Returns
    -------
    bytes
        PNG, 100 dots per inch, with a palette of 24 colours, or of 96 where 24
        would draw steps into a smooth field. The same code gives the same bytes.
    """
    from PIL import Image

    raw = io.BytesIO()
    fig.savefig(raw, format="png", dpi=DOTS_PER_INCH)
    full = Image.open(raw).convert("RGB")
    for colours in COLOURS:
        # Coverage keeps rare colours such as thin lines; one step of k-means keeps the ground exact.
        drawn = full.quantize(colours, method=Image.Quantize.MAXCOVERAGE, kmeans=1, dither=Image.Dither.NONE)
        if _shows_no_steps(full, drawn):
            break
    small = io.BytesIO()
    drawn.save(small, format="PNG", optimize=True)
    return small.getvalue()


def _shows_no_steps(full, drawn):
    """Tell whether a reduced picture is off by more than 8 of 255 in at most one pixel of twenty."""
    import numpy as np

    off = np.abs(np.asarray(full, dtype=int) - np.asarray(drawn.convert("RGB"), dtype=int)).max(axis=-1)
    return (off > 8).mean() <= 0.05


def _let_titles_wrap(fig):
    """Break a title that is wider than the figure into two lines."""
    for ax in fig.axes:
        for place in ("title", "_left_title", "_right_title"):  # Matplotlib names the middle one only
            title = getattr(ax, place, None)
            if title is not None:
                title.set_wrap(True)
