"""Small images: one in given axes, a grid of them, and rows with names."""

import math

from course_utils.figures.style import FAINT_FRAME, TO_INK, blend, colour_map


def image(ax, pixels, *, title=None, diverging=False, limits=None):
    """Draw one image without axes, each pixel a sharp square.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    pixels : array_like of shape (height, width) or (height, width, 3)
        A grey image, drawn as ink, or a colour image from 0 to 1.
    title : str, optional
        A short text above.
    diverging : bool, default False
        A grey image holds signs: orange below zero, blue above.
    limits : tuple of two floats, optional
        Values of the first and the last tone; by default those of this image.

    Raises
    ------
    ValueError
        If the shape is none of the two.
    """
    import numpy as np

    pixels = np.asarray(pixels)
    if pixels.size == 0 or not (pixels.ndim == 2 or (pixels.ndim == 3 and pixels.shape[-1] == 3)):
        raise ValueError(f"pixels must be (height, width) or (height, width, 3), got {pixels.shape}")
    tones = {}
    if pixels.ndim == 2:
        high = np.abs(pixels).max() if diverging else pixels.max()
        low, high = limits or (-high if diverging else pixels.min(), high)
        tones = {
            "vmin": low,
            "vmax": high,
            "cmap": colour_map(diverging=True) if diverging else blend(TO_INK),
        }
    ax.imshow(pixels, interpolation="nearest", **tones)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color=FAINT_FRAME)
    if title is not None:
        ax.set_title(title, fontsize=9.5, fontweight="normal", loc="center", pad=3)


def image_grid(images, titles=None, columns=None, suptitle=None, diverging=False):
    """Lay out small images in rows.

    Parameters
    ----------
    images : array_like of shape (n, height, width) or (n, height, width, 3)
        Grey images, drawn as ink from their smallest to their largest value, or
        colour images.
    titles : sequence of length n, optional
        A short text above each image.
    columns : int, optional
        Images in a row; by default at most ten.
    suptitle : str, optional
        The finding, above all.
    diverging : bool, default False
        Grey images hold signs: orange below zero, blue above, all on one scale.

    Returns
    -------
    matplotlib.figure.Figure
        Ready for `show`.

    Raises
    ------
    ValueError
        If a shape, the number of titles or of columns does not fit.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    images = np.asarray(images)
    if images.size == 0 or not (images.ndim == 3 or (images.ndim == 4 and images.shape[-1] == 3)):
        raise ValueError(f"images must be (n, height, width) or (n, height, width, 3), got {images.shape}")
    if titles is not None and len(titles) != len(images):
        raise ValueError(f"titles must be one for each of {len(images)} images, got {len(titles)}")
    if columns is not None and columns < 1:
        raise ValueError(f"columns must be at least 1, got {columns}")
    columns = min(len(images), columns or 10)
    rows = math.ceil(len(images) / columns)
    side = min(6.3 / columns, 1.6)  # inches
    height = rows * (side * images.shape[1] / images.shape[2] + (0.26 if titles is not None else 0.04))
    fig, axes = plt.subplots(
        rows, columns, figsize=(6.5, height + (0.45 if suptitle else 0.15)), squeeze=False
    )
    fig.get_layout_engine().set(w_pad=0.04, h_pad=0.04)
    span = {}
    if images.ndim == 3:
        high = np.abs(images).max() if diverging else images.max()
        span = {"limits": (-high if diverging else images.min(), high), "diverging": diverging}
    for index, ax in enumerate(axes.ravel()):
        if index >= len(images):
            ax.set_axis_off()
            continue
        image(ax, images[index], title=None if titles is None else titles[index], **span)
    if suptitle:
        fig.suptitle(suptitle, x=0.012, ha="left")
    return fig


def image_rows(rows, titles=None, *, diverging=(), each=False, suptitle=None):
    """Lay out small images in rows, each row with its name at the left.

    Parameters
    ----------
    rows : dict of str to array_like of shape (n, height, width)
        Grey images under the name that the reader sees. Rows may differ in size and
        number; a shorter one leaves its last places empty.
    titles : sequence of str, optional
        A short text above each column.
    diverging : collection of str, default ()
        Names of the rows that hold signs: orange below zero, blue above.
    each : bool, default False
        Give each image its own scale; by default a row shares one.
    suptitle : str, optional
        The finding, above all.

    Returns
    -------
    matplotlib.figure.Figure
        Ready for `show`.

    Raises
    ------
    ValueError
        If there is no row, a shape doesn't fit, `titles` are not one for each column,
        or `diverging` names no row.
    """
    import matplotlib.pyplot as plt
    import numpy as np

    rows = {name: np.asarray(images) for name, images in rows.items()}
    if not rows:
        raise ValueError("rows must hold at least one row of images, got none")
    for name, images in rows.items():
        if images.ndim != 3 or images.size == 0:
            raise ValueError(f"row {name!r} must be (n, height, width), got {images.shape}")
    columns = max(map(len, rows.values()))
    if titles is not None and len(titles) != columns:
        raise ValueError(f"titles must be one for each of {columns} columns, got {len(titles)}")
    if unknown := set(diverging) - set(rows):
        raise ValueError(f"diverging must name rows ({', '.join(rows)}), got {', '.join(sorted(unknown))}")
    side = min(5.2 / columns, 1.0)  # inches
    above = (0.2 if titles is not None else 0) + (0.35 if suptitle else 0)
    fig, axes = plt.subplots(
        len(rows), columns, figsize=(6.5, len(rows) * (side + 0.06) + above + 0.1), squeeze=False
    )
    fig.get_layout_engine().set(w_pad=0.03, h_pad=0.03)
    for number, (line, (name, images)) in enumerate(zip(axes, rows.items(), strict=True)):
        signed = name in diverging
        high = np.abs(images).max() if signed else images.max()
        limits = None if each else (-high if signed else images.min(), high)
        for column, ax in enumerate(line):
            if column < len(images):
                image(ax, images[column], diverging=signed, limits=limits)
            else:
                ax.set_axis_off()
            if titles is not None and number == 0:
                ax.set_title(titles[column], fontsize=9.5, fontweight="normal", loc="center", pad=3)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9.5, labelpad=6)
    if suptitle:
        fig.suptitle(suptitle, x=0.012, ha="left")
    return fig
