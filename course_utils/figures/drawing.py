"""Kinds of pictures that many lectures draw."""

import math

from course_utils.figures.style import (
    BLUE,
    CYCLE,
    INK,
    LINES,
    NEGATIVE_GROUND,
    ORANGE,
    PAPER,
    POSITIVE_GROUND,
    colour_map,
    readable_on,
    text_tone,
)

CLASSES = ((1, BLUE, "o", "class +1"), (-1, ORANGE, "s", "class −1"))
LABEL_DISTANCE = 14.0  # points from one label to the next


def points(ax, x, y, *, size=46, labels=True):
    """Draw examples of two classes: +1 as blue circles, -1 as orange squares.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
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
    edge = {"edgecolors": PAPER, "linewidths": 0.9, "zorder": 3, "s": size}
    for sign, colour, marker, name in CLASSES:
        chosen = x[y == sign]
        if len(chosen):
            ax.scatter(*chosen.T, c=colour, marker=marker, label=name if labels else None, **edge)


def decision_regions(ax, decide, xlim, ylim, resolution=200):
    """Tint the plane by what a classifier decides, and draw the border.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw; it gets the limits `xlim` and `ylim`.
    decide : callable
        Maps points of shape (n, 2) to n decisions: +1 and -1, or scores. A score
        above zero decides for +1.
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
    if resolution < 2:
        raise ValueError(f"resolution must be at least 2, got {resolution}")
    across, up = np.meshgrid(np.linspace(*xlim, resolution), np.linspace(*ylim, resolution))
    plane = np.column_stack([across.ravel(), up.ravel()])  # (resolution**2, 2)
    score = np.asarray(decide(plane), dtype=float)
    if score.shape != plane.shape[:1] or np.isnan(score).any():
        raise ValueError(
            f"decide must map {plane.shape} to {plane.shape[:1]} numbers, got {score.shape} or NaN"
        )
    score = score.reshape(across.shape)
    for side, colour in ((score > 0, POSITIVE_GROUND), (score <= 0, NEGATIVE_GROUND)):
        if side.all():
            ax.axhspan(*ylim, color=colour, zorder=0)
    if score.min() <= 0 < score.max():
        bounded = np.clip(score, -1e6, 1e6)
        ax.contourf(
            across,
            up,
            bounded,
            levels=[min(bounded.min(), 0) - 1, 0, bounded.max() + 1],
            colors=[NEGATIVE_GROUND, POSITIVE_GROUND],
            zorder=0,
        )
        ax.contour(across, up, bounded, levels=[0], colors=[INK], linewidths=1.4, zorder=1)
    ax.set(xlim=xlim, ylim=ylim)


def learning_curves(ax, curves, *, xlabel="epoch", ylabel="loss", start=1):
    """Draw curves over the epochs, each named at its right end.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw. Its scale and size are set before, its title before or after.
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
    rows = {label: np.asarray(values, dtype=float) for label, values in curves.items()}
    for label, values in rows.items():
        if values.ndim != 1 or not np.isfinite(values).any():
            raise ValueError(f"curve {label!r} must be a row of numbers (epochs,), got shape {values.shape}")
    ends = []
    for index, (label, values) in enumerate(rows.items()):
        colour = CYCLE[index % len(CYCLE)]
        epochs = start + np.arange(len(values))
        ax.plot(epochs, values, color=colour, linestyle=LINES[index % len(LINES)], label=label)
        last = np.flatnonzero(np.isfinite(values))[-1]
        ends.append((epochs[last], values[last], label, text_tone(colour)))
    ax.set(xlabel=xlabel, ylabel=ylabel)
    ax.margins(x=0.02)
    _name_ends(ax, ends)


def _name_ends(ax, ends):
    """Write each curve's name beside its end, moved apart where two would touch."""
    ax.autoscale_view()
    points_per_pixel = 72 / ax.figure.dpi
    right = ax.get_xlim()[1]
    placed = [
        (ax.transData.transform((x, y))[1] * points_per_pixel, *end) for end in ends for x, y in [end[:2]]
    ]
    free = -math.inf
    for height, x, y, label, colour in sorted(placed):
        place = max(height, free)
        offset = (ax.transData.transform((right, y)) - ax.transData.transform((x, y)))[0] * points_per_pixel
        ax.annotate(
            label,
            (x, y),
            xytext=(max(offset, 0) + 4, place - height),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=10,
            fontweight="bold",
            annotation_clip=False,
        )
        free = place + LABEL_DISTANCE


def heat_map(
    ax, matrix, *, rows=None, columns=None, numbers=None, form=".2g", diverging=False, limits=None, label=None
):
    """Draw a matrix as a field of colour, with its numbers where they fit.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    matrix : array_like of shape (rows, columns)
        The values; NaN leaves a cell empty.
    rows, columns : sequence, optional
        Names along the two sides.
    numbers : bool, optional
        Write the values into the cells; by default up to 12 by 12.
    form : str, default ".2g"
        How a value is written.
    diverging : bool, default False
        Orange below zero, blue above; else from paper to blue.
    limits : tuple of two floats, optional
        Values of the first and the last colour.
    label : str, optional
        What the colour means, with its unit; adds a bar of colours.

    Raises
    ------
    ValueError
        If `matrix` has no two axes or no number, or the names don't match it.
    """
    import numpy as np

    matrix = np.asarray(matrix, dtype=float)
    if matrix.ndim != 2 or not np.isfinite(matrix).any():
        raise ValueError(f"matrix must be (rows, columns) and hold numbers, got {matrix.shape}")
    for name, texts, count in (("rows", rows, matrix.shape[0]), ("columns", columns, matrix.shape[1])):
        if texts is not None and len(texts) != count:
            raise ValueError(f"{name} must name {count}, got {len(texts)}")
    if limits is None:
        largest = np.nanmax(np.abs(matrix)) or 1.0
        limits = (-largest, largest) if diverging else (np.nanmin(matrix), np.nanmax(matrix))
    cmap = colour_map(diverging=diverging)
    image = ax.imshow(matrix, cmap=cmap, vmin=limits[0], vmax=limits[1], aspect="auto")
    ax.spines[:].set_visible(False)
    ax.tick_params(length=0)
    if rows is not None:
        ax.set_yticks(range(len(rows)), map(str, rows))
    if columns is not None:
        ax.set_xticks(range(len(columns)), map(str, columns))
    if numbers if numbers is not None else max(matrix.shape) <= 12:
        for (row, column), value in np.ndenumerate(matrix):
            if np.isfinite(value):
                place = {"ha": "center", "va": "center", "color": readable_on(cmap(image.norm(value)))}
                ax.text(column, row, format(value, form), fontsize=9.5, **place)
    if label:
        ax.figure.colorbar(image, ax=ax, label=label, pad=0.02).outline.set_visible(False)
