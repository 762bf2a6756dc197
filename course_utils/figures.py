"""One house style for every figure, and one way to show it: with words.

Class +1 is a blue circle and class -1 an orange square in every lecture. The ground is
a warm paper tone that reads well on light and on dark pages.
"""

import base64
import io
import math

from course_utils import _outputs

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#16875F", "#52237A"
BROWN, GREY, INK, PAPER, TEAL = "#5C4210", "#868C94", "#20262E", "#FBFAF7", "#0B6E6E"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, BROWN, GREY)
LINES = ("-", "--", "-.", ":", (0, (5, 1.5, 1, 1.5, 1, 1.5)), (0, (1, 1)))
MARKERS = {1: "o", -1: "s"}
SHORTEST_ALT = 40  # characters
DPI, COLOURS = 144, 96


def use_style():
    """Switch Matplotlib to the style of the course, once at the top of a lecture."""
    import matplotlib
    from cycler import cycler

    matplotlib.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": "#A9ADB3",
            "axes.facecolor": PAPER,
            "axes.grid": False,
            "axes.labelcolor": INK,
            "axes.labelsize": 10.5,
            "axes.linewidth": 0.8,
            "axes.prop_cycle": cycler(color=CYCLE) + cycler(linestyle=LINES),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlecolor": INK,
            "axes.titlelocation": "left",
            "axes.titlepad": 9,
            "axes.titlesize": 12,
            "axes.titleweight": "bold",
            "figure.constrained_layout.use": True,
            "figure.dpi": 96,
            "figure.facecolor": PAPER,
            "figure.figsize": (6.5, 3.6),
            "figure.titlesize": 12.5,
            "figure.titleweight": "bold",
            "font.family": "DejaVu Sans",  # comes with Matplotlib: the same on every machine
            "font.size": 10.5,
            "grid.color": "#E4E1DA",
            "grid.linewidth": 0.8,
            "image.cmap": "gray_r",
            "image.interpolation": "nearest",
            "legend.fontsize": 10,
            "legend.frameon": False,
            "lines.linewidth": 2.0,
            "lines.markersize": 7,
            "lines.solid_capstyle": "round",
            "patch.linewidth": 0.8,
            "savefig.facecolor": PAPER,
            "text.color": INK,
            "xtick.color": "#A9ADB3",
            "xtick.labelcolor": "#4A515A",
            "xtick.labelsize": 9.5,
            "ytick.color": "#A9ADB3",
            "ytick.labelcolor": "#4A515A",
            "ytick.labelsize": 9.5,
        }
    )


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
        If `alt` is too short to be heard instead of the picture.
    """
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    if not isinstance(fig, Figure):
        raise TypeError(f"fig must be a Matplotlib figure, got {type(fig).__name__}")
    if not isinstance(alt, str):
        raise TypeError(f"alt must be text, got {type(alt).__name__}")
    alt = " ".join(alt.split())
    if len(alt) < SHORTEST_ALT or len(set(alt.split())) < 6:
        raise ValueError(
            f"alt must say what axes, shape and point a listener misses, in at least {SHORTEST_ALT} "
            f"characters, got {len(alt)}: {alt!r}"
        )
    png = picture(fig)
    width = round(fig.get_figwidth() * 96)  # pixels on the page: the picture is 1.5 times as sharp
    plt.close(fig)
    _outputs.send(
        {"image/png": base64.b64encode(png).decode("ascii"), "text/plain": f"Figure: {alt}"},
        {"image/png": {"alt": alt, "width": width}},
    )


def picture(fig):
    """Draw a figure as a small PNG.

    Parameters
    ----------
    fig : matplotlib.figure.Figure
        Left as it is.

    Returns
    -------
    bytes
        PNG with a palette of at most 256 colours, 144 dots per inch. The same
        figure gives the same bytes.
    """
    from PIL import Image

    raw = io.BytesIO()
    fig.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
    image = Image.open(raw).convert("RGB")
    image = image.quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small = io.BytesIO()
    image.save(small, format="PNG", optimize=True)
    return small.getvalue()


def points(ax, x, y, *, size=46, labels=True):
    """Draw examples of two classes: +1 as blue circles, -1 as orange squares.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    x : array_like of shape (n, 2)
        One example per row.
    y : array_like of shape (n,)
        Class of each example: +1 or -1.
    size : float, default 46
        Area of a marker, in square points.
    labels : bool, default True
        Name the classes for a legend.

    Raises
    ------
    ValueError
        If a shape differs or a class is neither +1 nor -1.
    """
    import numpy as np

    x, y = np.asarray(x, dtype=float), np.asarray(y)
    if x.ndim != 2 or x.shape[1] != 2 or y.shape != x.shape[:1]:
        raise ValueError(f"x must be (n, 2) and y (n,), got {x.shape} and {y.shape}")
    if not np.isin(y, (-1, 1)).all():
        raise ValueError(f"y must hold +1 and -1, got {np.unique(y)}")
    for sign, colour, marker, name in ((1, BLUE, "o", "class +1"), (-1, ORANGE, "s", "class −1")):
        chosen = x[y == sign]
        if len(chosen):
            ax.scatter(*chosen.T, s=size, c=colour, marker=marker, edgecolors=PAPER, linewidths=0.9,
                       zorder=3, label=name if labels else None)


def decision_regions(ax, decide, xlim, ylim, resolution=200):
    """Tint the plane by what a classifier decides, and draw the border.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Gets the limits `xlim` and `ylim`.
    decide : callable
        Maps points of shape (n, 2) to n decisions: +1 and -1, or scores whose
        sign decides.
    xlim, ylim : tuple of two floats
        Part of the plane to look at.
    resolution : int, default 200
        Points along each axis.

    Raises
    ------
    ValueError
        If the limits don't grow, or `decide` gives another shape or NaN.
    """
    import numpy as np

    if not (xlim[0] < xlim[1] and ylim[0] < ylim[1]):
        raise ValueError(f"xlim and ylim must grow, got {xlim} and {ylim}")
    across, up = np.meshgrid(np.linspace(*xlim, resolution), np.linspace(*ylim, resolution))
    plane = np.column_stack([across.ravel(), up.ravel()])  # (resolution**2, 2)
    score = np.asarray(decide(plane), dtype=float)
    if score.shape != (len(plane),) or np.isnan(score).any():
        raise ValueError(f"decide must map {plane.shape} to {(len(plane),)} numbers, got {score.shape}")
    score = score.reshape(across.shape)
    ax.contourf(across, up, np.where(score > 0, 1.0, -1.0), levels=[-2, 0, 2], colors=["#F8E3D3", "#D9E8F2"], zorder=0)
    if score.min() <= 0 < score.max():
        ax.contour(across, up, score, levels=[0], colors=[INK], linewidths=1.4, zorder=1)
    ax.set(xlim=xlim, ylim=ylim)


def learning_curves(ax, curves, *, xlabel="epoch", ylabel="loss", start=1):
    """Draw curves over the epochs, each named at its right end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    curves : dict of str to array_like of shape (epochs,)
        Values under the name that the reader sees.
    xlabel, ylabel : str
        Names of the axes, with the unit.
    start : int, default 1
        Number of the first epoch.

    Raises
    ------
    ValueError
        If there is no curve or a curve is not a row of numbers.
    """
    import numpy as np

    if not curves:
        raise ValueError("curves must hold at least one curve, got none")
    ends = []
    for index, (label, values) in enumerate(curves.items()):
        values = np.asarray(values, dtype=float)
        if values.ndim != 1 or len(values) == 0:
            raise ValueError(f"curve {label!r} must have shape (epochs,), got {values.shape}")
        epochs = start + np.arange(len(values))
        colour = CYCLE[index % len(CYCLE)]
        ax.plot(epochs, values, color=colour, linestyle=LINES[index % len(LINES)], label=label)
        last = np.flatnonzero(np.isfinite(values))
        if len(last):
            ends.append((epochs[last[-1]], values[last[-1]], label, colour))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.02)
    _name_ends(ax, ends)


def _name_ends(ax, ends):
    """Write each curve's name beside its end, moved apart where two would touch."""
    gap = 14.0  # points from line to line
    scale = 72 / ax.figure.dpi
    wanted = sorted((ax.transData.transform((x, y))[1] * scale, x, y, label, colour) for x, y, label, colour in ends)
    free = -math.inf
    for height, x, y, label, colour in wanted:
        place = max(height, free)
        ax.annotate(label, (x, y), xytext=(7, place - height), textcoords="offset points", va="center",
                    color=colour, fontsize=10, fontweight="bold", annotation_clip=False)
        free = place + gap


def colour_map(diverging=False):
    """Make the course's colour map.

    Parameters
    ----------
    diverging : bool, default False
        From orange through paper to blue, the colours of class -1 and class +1;
        else from paper to dark blue.

    Returns
    -------
    matplotlib.colors.LinearSegmentedColormap
        For `cmap` in ``imshow`` and its relatives.
    """
    from matplotlib.colors import LinearSegmentedColormap

    blues = [PAPER, "#A9CBE2", BLUE, "#003050"]
    both = ["#8A3C00", ORANGE, "#F3C9A8", PAPER, "#A9CBE2", BLUE, "#003E63"]
    return LinearSegmentedColormap.from_list("course", both if diverging else blues)


def image_grid(images, titles=None, columns=None, suptitle=None, diverging=False):
    """Lay out small images in rows.

    Parameters
    ----------
    images : array_like of shape (n, height, width) or (n, height, width, 3)
        Grey images from 0 (paper) to their largest value (ink), or colour.
    titles : sequence of n str, optional
        A short text above each image.
    columns : int, optional
        Images in a row; by default at most ten.
    suptitle : str, optional
        The finding, above all.
    diverging : bool, default False
        The images hold signed numbers: orange below zero, blue above, all on one scale.

    Returns
    -------
    matplotlib.figure.Figure
        Ready for `show`.

    Raises
    ------
    ValueError
        If a shape or the number of titles differs.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    images = np.asarray(images)
    if len(images) == 0 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        raise ValueError(f"images must be (n, height, width) or (n, height, width, 3), got {images.shape}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles must be one for each of {len(images)} images, got {len(titles)}")
    columns = min(len(images), columns or 10)
    rows = math.ceil(len(images) / columns)
    side = min(6.5 / columns, 1.6)
    height = rows * (side * images.shape[1] / images.shape[2] + (0.24 if titles is not None else 0)) + (0.45 if suptitle else 0)
    fig, axes = plt.subplots(rows, columns, figsize=(6.5, height), squeeze=False)
    span = {} if images.ndim == 4 else {"vmin": images.min(), "vmax": images.max()}
    if diverging:
        largest = np.abs(images).max()
        span = {"vmin": -largest, "vmax": largest, "cmap": colour_map(diverging=True)}
    for index, ax in enumerate(axes.ravel()):
        ax.set_axis_off()
        if index < len(images):
            ax.imshow(images[index], **span)
            if titles is not None:
                ax.set_title(titles[index], fontsize=9.5, fontweight="normal", loc="center", pad=3)
    if suptitle:
        fig.suptitle(suptitle, x=0.01, ha="left")
    return fig


def heat_map(ax, matrix, *, rows=None, columns=None, numbers=None, form=".2g", diverging=False, limits=None, label=None):
    """Draw a matrix as a field of colour, with its numbers where they fit.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    matrix : array_like of shape (rows, columns)
    rows, columns : sequence of str, optional
        Names along the two sides.
    numbers : bool, optional
        Write the values into the cells; by default up to 12 by 12.
    form : str, default ".2g"
        How a value is written.
    diverging : bool, default False
        Orange below zero, blue above; else paper to blue.
    limits : tuple of two floats, optional
        Values of the first and the last colour.
    label : str, optional
        What the colour means, with its unit; adds a bar of colours.

    Raises
    ------
    ValueError
        If `matrix` has no two axes or the names don't match it.
    """
    import numpy as np

    matrix = np.asarray(matrix, dtype=float)
    if matrix.ndim != 2 or matrix.size == 0:
        raise ValueError(f"matrix must be (rows, columns), got {matrix.shape}")
    for name, texts, count in (("rows", rows, matrix.shape[0]), ("columns", columns, matrix.shape[1])):
        if texts is not None and len(texts) != count:
            raise ValueError(f"{name} must name {count}, got {len(texts)}")
    largest = np.nanmax(np.abs(matrix)) or 1.0
    low, high = limits or ((-largest, largest) if diverging else (np.nanmin(matrix), np.nanmax(matrix)))
    image = ax.imshow(matrix, cmap=colour_map(diverging), vmin=low, vmax=high, aspect="auto")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if rows is not None:
        ax.set_yticks(range(len(rows)), rows)
    if columns is not None:
        ax.set_xticks(range(len(columns)), columns)
    if numbers if numbers is not None else max(matrix.shape) <= 12:
        for (row, column), value in np.ndenumerate(matrix):
            red, green, blue, _ = image.cmap(image.norm(value))
            dark = 0.3 * red + 0.59 * green + 0.11 * blue < 0.55
            ax.text(column, row, format(value, form), ha="center", va="center", fontsize=9.5, color=PAPER if dark else INK)
    if label:
        bar = ax.figure.colorbar(image, ax=ax, label=label, pad=0.02)
        bar.outline.set_visible(False)
