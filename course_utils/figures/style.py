"""Colours and line styles of the course.

The colours stay apart for readers who are colour-blind and stand out from the paper at
least 3 to 1. Dashes and markers repeat what a colour says.
"""

BLUE, ORANGE, GREEN, PURPLE = "#0072B2", "#D55E00", "#16875F", "#52237A"
BROWN, GREY, INK, PAPER, TEAL = "#5C4210", "#868C94", "#20262E", "#FBFAF7", "#0B6E6E"
CYCLE = (BLUE, ORANGE, GREEN, PURPLE, BROWN, GREY)
LINES = ("-", "--", "-.", ":", (0, (5, 1.5, 1, 1.5, 1, 1.5)), (0, (1, 1)))
POSITIVE_GROUND, NEGATIVE_GROUND = "#D9E8F2", "#F8E3D3"  # light twins of blue and orange
TO_BLUE = ("#F1EEE6", "#A9CBE2", BLUE, "#003050")
TO_INK = ("#F1EEE6", "#A6A8A8", INK)
ORANGE_TO_BLUE = ("#8A3C00", ORANGE, "#F3C9A8", "#F8F6F0", "#A9CBE2", BLUE, "#003E63")
FAINT_FRAME = "#DCD8CE"  # around small images
_FRAME, _TICK_TEXT = "#A9ADB3", "#4A515A"


def use_style():
    """Switch Matplotlib to the style of the course, once at the top of a lecture."""
    import matplotlib
    from cycler import cycler

    matplotlib.rcParams.update(
        {
            "axes.axisbelow": True,
            "axes.edgecolor": _FRAME,
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
            "axes3d.grid": True,
            "figure.constrained_layout.h_pad": 0.1,
            "figure.constrained_layout.use": True,
            "figure.constrained_layout.w_pad": 0.1,
            "figure.dpi": 96,
            "figure.facecolor": PAPER,
            "figure.figsize": (6.5, 3.6),
            "figure.titlesize": 12.5,
            "figure.titleweight": "bold",
            "font.family": "DejaVu Sans",  # comes with Matplotlib: the same on every machine
            "font.size": 10.5,
            "grid.color": "#E4E1DA",
            "grid.linewidth": 0.8,
            "image.interpolation": "nearest",
            "legend.fontsize": 10,
            "legend.frameon": False,
            "lines.linewidth": 2.0,
            "lines.markersize": 7,
            "lines.solid_capstyle": "round",
            "patch.linewidth": 0.8,
            "savefig.facecolor": PAPER,
            "text.color": INK,
            "xtick.color": _FRAME,
            "xtick.labelcolor": _TICK_TEXT,
            "xtick.labelsize": 9.5,
            "ytick.color": _FRAME,
            "ytick.labelcolor": _TICK_TEXT,
            "ytick.labelsize": 9.5,
        }
    )


def text_tone(colour):
    """Darken a line colour so that small text in it stays readable.

    Parameters
    ----------
    colour : str
        Colour as ``"#rrggbb"``.

    Returns
    -------
    str
        The colour mixed with two fifths of ink.
    """
    mixed = (
        round(0.6 * int(colour[start : start + 2], 16) + 0.4 * int(INK[start : start + 2], 16))
        for start in (1, 3, 5)
    )
    return "#" + "".join(f"{part:02X}" for part in mixed)


def readable_on(ground):
    """Choose black or white text for a ground, given as red, green and blue from 0 to 1.

    The better of the two has a contrast of at least 4.5 on every ground.
    """
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in ground[:3]]
    luminance = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
    return "#FFFFFF" if luminance < 0.179 else "#000000"  # equal contrast at 0.179


def colour_map(*, diverging=False):
    """Make the course's colour map for Matplotlib's ``cmap``.

    Parameters
    ----------
    diverging : bool, default False
        From orange through paper to blue, for values with a sign or a side; else
        from paper to dark blue.

    Returns
    -------
    matplotlib.colors.Colormap
    """
    return blend(ORANGE_TO_BLUE if diverging else TO_BLUE)


def blend(colours):
    """Make a smooth colour map through the given colours."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("course", colours)
