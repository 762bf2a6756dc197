"""A map of pictures: moments as dots in the plane, with the picture of each, for lecture 17_dqn and wherever a network's view is laid out."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .arguments import whole
from .base import Interactive

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

FEWEST, MOST = 20, 500
SMALLEST, LARGEST = 4, 96
MOST_COLOURS, LONGEST_NAME = 4, 24
NEAREST = 3
FINE = 9_999  # the longer side of the map, in steps
LEVELS, DARKEST = 8, 31
SHEET_COLUMNS, MOST_BYTES = 20, 200_000


def picture_map(
    places: Any,
    pictures: Any,
    colours: Mapping[str, Any],
    *,
    groups: Any = None,
    neighbours: Any = None,
    thing: str = "moment",
    group: str = "game",
) -> Interactive:
    """Show moments as dots on a map: point at one, and see its picture beside those of its three nearest.

    The reader moves from dot to dot with pointer, finger or arrow keys, switches the colour, and compares
    how much neighbours differ with how much any two differ. Derived in 17_dqn, "A map of what it sees".

    Parameters
    ----------
    places : array_like of shape (n, 2)
        Where the dots lie, n from 20 to 500. Both axes get the same scale.
    pictures : array_like of shape (n, rows, columns)
        What belongs to each dot, uint8 or floats from 0 (paper) to 255, with 4 to 96 pixels each way. The
        largest value of all is full ink. They travel in 8 tones.
    colours : mapping of str to array_like of shape (n,)
        One to four named numbers of each dot, like ``{"value": values}``; nan where there is none: such a
        dot is hollow. Three digits of each travel.
    groups : array_like of int, shape (n,), optional
        Which game a moment comes from. With it, neighbours come from other games only, since two
        moments of one game are alike anyway.
    neighbours : array_like of int, shape (n, 3), optional
        The three nearest of each, counted from 0; without it, those nearest on the map.
    thing, group : str, default "moment" and "game"
        What a dot and a group are called; an s makes them many.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If an argument doesn't hold numbers, or `colours` is no mapping.
    ValueError
        If a shape or a number is outside what is allowed. The message names the argument.

    References
    ----------
    Mnih et al., Human-level control through deep reinforcement learning, Nature 518, 2015, figure 4.

    Examples
    --------
    >>> places = [[k % 5, k // 5] for k in range(20)]
    >>> figure = picture_map(places, [[[0.0] * 4] * 3 + [[255.0] * 4]] * 20, {"column": [k % 5 for k in range(20)]})
    >>> figure.props["size"]
    [4, 4]
    """
    import numpy as np

    spots = _numbers("places", places, "(n, 2)", 2)
    count = len(spots)
    if spots.shape[1] != 2:
        raise ValueError(f"places must have shape (n, 2), got {spots.shape}")
    if not FEWEST <= count <= MOST:
        raise ValueError(f"places must hold {FEWEST} to {MOST} dots, got {count}")
    if not np.isfinite(spots).all():
        raise ValueError(f"places must be finite, got {spots[~np.isfinite(spots).all(axis=1)][0].tolist()}")
    spots = spots - spots.min(axis=0)
    if not (span := spots.max()):
        raise ValueError("places must hold at least two different places, got one")
    sheet, size = _sheet(pictures, count)
    props: dict[str, object] = {
        "places": np.rint(spots / span * FINE).astype(int).ravel().tolist(),
        "sheet": sheet,
        "size": size,
        "columns": SHEET_COLUMNS,
        "colours": _colours(colours, count),
        "words": [_name("thing", thing), _name("group", group)],
    }
    if groups is not None:
        props["groups"] = _groups(groups, count)
    if neighbours is not None:
        props["neighbours"] = _neighbours(neighbours, count, props.get("groups"))
    names = [name for name, _ in props["colours"]]
    others = f" from other {group}s" if groups is not None else ""
    alt = (
        f"A map of {count} {thing}s as dots in the plane, coloured by {names[0]}"
        + (f" (or by {', '.join(names[1:])})" if names[1:] else "")
        + f". The chosen dot's picture stands beside the map, with those of its three nearest {thing}s{others}, "
        "their numbers, and how much neighbours differ."
    )
    lesson = [
        f"A network describes each {thing} with hundreds of numbers, and such a map lays the {thing}s out in the plane so that "
        "those with like descriptions lie near each other. So neighbours show what the network takes for alike. Large distances "
        "and the shapes of the islands mean little.",
        _measured(props, thing, others),
    ]
    return Interactive("picture_map", alt, lesson, **props)


def _measured(props: dict[str, Any], thing: str, others: str) -> str:
    """Say of the first colour what the figure would show: how much neighbours differ, and how much any two."""
    import numpy as np

    name, values = props["colours"][0]
    value = np.array([np.nan if v is None else v for v in values], float)
    gaps = np.abs(value[:, None] - value)
    spots = np.array(props["places"], float).reshape(-1, 2)
    far = np.square(spots[:, None] - spots).sum(axis=-1)
    group = np.array(props.get("groups", range(len(value))))
    far[group[:, None] == group] = gaps[group[:, None] == group] = np.inf
    nearest = np.array(props.get("neighbours", far.argsort(axis=1, kind="stable")[:, :NEAREST]))
    near = np.take_along_axis(gaps, nearest, axis=1)
    near = np.array([row[np.isfinite(row)].mean() for row in near if np.isfinite(row).any()])
    every = gaps[np.isfinite(gaps)]
    if not near.size or not every.size:
        return f"Only {thing}s with numbers are compared; the others are hollow dots."
    return (
        f"Here the {name} of the nearest {thing}s{others} differs by {near.mean():.3g} on average, that of any two by "
        f"{every.mean():.3g}. If the map knew nothing of it, both would be the same. But pictures that look alike may lie "
        "together before any training too: compare with an untrained network."
    )


def _numbers(name: str, values: Any, shape: str, axes: int) -> Array:
    """Check that an argument holds numbers with so many axes."""
    import numpy as np

    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must have shape {shape}, got rows of different lengths") from None
    if array.dtype.kind not in "iuf":
        raise TypeError(f"{name} must hold numbers, shape {shape}, got {array.dtype} in shape {array.shape}")
    if array.ndim != axes or not array.size:
        raise ValueError(f"{name} must have shape {shape}, got {array.shape}")
    return array.astype(float)


def _name(argument: str, name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{argument} must be text of 1 to {LONGEST_NAME} signs, got {name!r}")
    if not 1 <= len(name.strip()) <= LONGEST_NAME:
        raise ValueError(f"{argument} must be text of 1 to {LONGEST_NAME} signs, got {name!r}")
    return name.strip()


def _sheet(pictures: Any, count: int) -> tuple[str, list[int]]:
    """Write all pictures, 20 in a row, as one PNG of 8 greys, white paper and dark ink; and rows and columns of each."""
    import numpy as np
    from PIL import Image

    ink = _numbers("pictures", pictures, "(n, rows, columns)", 3)
    kind = np.asarray(pictures).dtype
    if kind.kind != "f" and kind != np.uint8:
        raise TypeError(f"pictures must be uint8 or floats from 0 to 255, got {kind}")
    if len(ink) != count:
        raise ValueError(f"pictures must hold one for each of the {count} places, got {len(ink)}")
    rows, columns = ink.shape[1:]
    if not (SMALLEST <= rows <= LARGEST and SMALLEST <= columns <= LARGEST):
        raise ValueError(f"pictures must have {SMALLEST} to {LARGEST} pixels each way, got {rows} x {columns}")
    if not ((ink >= 0) & (ink <= 255)).all():  # also catches nan
        raise ValueError(f"pictures must be from 0 to 255, got {ink.min():g} to {ink.max():g}")
    tones = np.zeros((-(-count // SHEET_COLUMNS) * SHEET_COLUMNS, rows, columns), np.uint8)
    tones[:count] = np.rint(ink * ((LEVELS - 1) / (ink.max() or 1)))
    laid = tones.reshape(-1, SHEET_COLUMNS, rows, columns).swapaxes(1, 2)
    sheet = Image.fromarray(laid.reshape(-1, SHEET_COLUMNS * columns))
    step = (255 - DARKEST) // (LEVELS - 1)
    sheet.putpalette([255 - step * level for level in range(LEVELS) for _ in range(3)])
    file = io.BytesIO()
    sheet.save(file, "PNG", compress_level=9)
    if len(file.getvalue()) > MOST_BYTES:
        raise ValueError(
            f"pictures must need at most {MOST_BYTES:,} bytes as PNG to travel with a page, got {len(file.getvalue()):,}: "
            "give fewer, smaller or plainer ones"
        )
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode("ascii"), [rows, columns]


def _colours(colours: Mapping[str, Any], count: int) -> list[list[object]]:
    """Check the named numbers; nan becomes null."""
    import numpy as np

    if not isinstance(colours, Mapping):
        raise TypeError(
            f"colours must map names to numbers, like {{'value': values}}, got {type(colours).__name__}"
        )
    if not 1 <= len(colours) <= MOST_COLOURS:
        raise ValueError(f"colours must hold 1 to {MOST_COLOURS} names, got {len(colours)}")
    checked = []
    for name, values in colours.items():
        key = _name("a name in colours", name)
        array = _numbers(f"colours[{name!r}]", values, "(n,)", 1)
        if len(array) != count:
            raise ValueError(f"colours[{name!r}] must hold {count} numbers, one for each place, got {len(array)}")
        if np.isinf(array).any() or (np.abs(array[~np.isnan(array)]) > 1e9).any():
            raise ValueError(f"colours[{name!r}] must be from -1e9 to 1e9 or nan, got {np.nanmax(np.abs(array)):g}")
        if (~np.isnan(array)).sum() < 2:
            raise ValueError(f"colours[{name!r}] must hold at least two numbers that aren't nan")
        rounded = [None if np.isnan(v) else float(f"{v:.3g}") + 0.0 for v in array]
        checked.append([key, [v if v is None or v % 1 else int(v) for v in rounded]])
    if len({key for key, _ in checked}) < len(checked):
        raise ValueError(f"colours must have different names, got {[key for key, _ in checked]}")
    return checked


def _groups(groups: Any, count: int) -> list[int]:
    """Check which group each belongs to; three neighbours from others must be left for all."""
    given = list(groups) if hasattr(groups, "__iter__") and not isinstance(groups, str) else None
    if given is None:
        raise TypeError(f"groups must hold {count} whole numbers, got {groups!r}")
    if len(given) != count:
        raise ValueError(f"groups must hold {count} whole numbers, one for each place, got {len(given)}")
    checked = [whole(f"groups[{i}]", value, -(10**6), 10**6) for i, value in enumerate(given)]
    largest = max(checked.count(value) for value in set(checked))
    if count - largest < NEAREST:
        raise ValueError(
            f"groups must leave at least {NEAREST} of another group for each, got one of {largest} among {count}"
        )
    return checked


def _neighbours(neighbours: Any, count: int, groups: Any) -> list[list[int]]:
    """Check the given neighbours."""
    given = _numbers("neighbours", neighbours, f"({count}, {NEAREST})", 2)
    if given.shape != (count, NEAREST):
        raise ValueError(f"neighbours must have shape ({count}, {NEAREST}), got {given.shape}")
    checked = []
    for i, row in enumerate(given.tolist()):
        named = [
            whole(f"neighbours[{i}][{k}]", int(v) if v % 1 == 0 else v, 0, count - 1) for k, v in enumerate(row)
        ]
        if len({i, *named}) <= NEAREST:
            raise ValueError(f"neighbours[{i}] must hold {NEAREST} different ones besides {i} itself, got {named}")
        if groups and any(groups[k] == groups[i] for k in named):
            raise ValueError(f"neighbours[{i}] must come from other groups than {groups[i]}, got {named}")
        checked.append(named)
    return checked
