"""Handwriting made by a model of a pen: skeletons, joins, natural variation, natural speed."""

from course_utils.datasets import letterforms

TIME_OF_A_LETTER = 4.35  # in the clock of the pen, measured on the words of `handwriting`


def pen_strokes(text, rng, *, points_per_letter=14, variation=1.0, joined=True, with_letters=False):
    """Write one line by hand: a pen's path with natural variation, as offsets.

    Parameters
    ----------
    text : str
        Letters a to z, digits, blanks, full stops and commas; the first and last
        character are no blanks.
    rng : numpy.random.Generator
        Where slant, size and all small deviations come from: one hand per call.
    points_per_letter : float, default 14
        How many points a letter gets on average, from 4 to 60. All letters share
        one clock: long and curved ones get more.
    variation : float, default 1.0
        Multiplies every random deviation, from 0 (each letter drawn like its
        skeleton, upright) to 3.
    joined : bool, default True
        Join neighbours within a word where the letters allow it.
    with_letters : bool, default False
        Also return which character each point belongs to.

    Returns
    -------
    strokes : ndarray of shape (n, 3), float32
        ``dx`` (to the right) and ``dy`` (up) from the point before, in x-heights
        (the height of an "x"), and ``pen_up``: 1 where the stroke ends after this
        point, else 0. The first offset starts on the baseline at the left end. The
        cumulative sum of the offsets is the path.
    letters : ndarray of shape (n,), int64
        Only for ``with_letters=True``: place in `text`. It never decreases. A
        joining line belongs to the letter it leads to; blanks have no points.

    Raises
    ------
    ValueError
        If `text` is empty or holds another character, or an option is out of range.

    Notes
    -----
    The model, in the order in which it works:

    1. Each letter is a smooth curve through a few points (`letterforms`), one curve
       per stroke. Dots and crosses follow their letter at once, so that the pen never
       goes back in the text.
    2. Letters are moved, stretched and sheared a little one by one and set side by
       side; a joining line runs from the end of a letter to the start of the next.
    3. The whole line gets a slant, a size, a width and a baseline that climbs and
       sways; smooth noise along the path makes no two letters equal.
    4. The pen keeps the two-thirds power law of human movement: its speed is
       proportional to curvature to the power of -1/3, so it slows down in bends [1]_.
       The tempo sways a little too. Points are taken at equal steps of time.

    References
    ----------
    .. [1] Lacquaniti, Terzuolo, Viviani, The law relating the kinematic and figural
       aspects of drawing movements, Acta Psychologica 54, 1983.

    Examples
    --------
    >>> import numpy as np
    >>> strokes, letters = pen_strokes("hi", np.random.default_rng(0), with_letters=True)
    >>> strokes.shape == (len(letters), 3), int(strokes[:, 2].sum())
    (True, 2)
    """
    import numpy as np

    _refuse_wrong(text, points_per_letter, variation)
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a numpy.random.Generator, got {rng!r}")
    path, stroke, letters = _outline(text, rng, variation, joined)
    path = _sway(path, rng, variation)
    clock = _clock(path, stroke, rng, variation)
    rate = points_per_letter / TIME_OF_A_LETTER
    first = np.flatnonzero(np.diff(stroke, prepend=-1))
    last = np.append(first[1:], len(path)) - 1
    times, pen_up = [], []
    for start, end in zip(clock[first], clock[last], strict=True):
        count = max(2, round((end - start) * rate))
        times.append(np.linspace(start, end, count))
        pen_up += [0] * (count - 1) + [1]
    times = np.concatenate(times)
    points = np.stack([np.interp(times, clock, axis) for axis in path.T], axis=1)
    offsets = np.diff(points, axis=0, prepend=np.zeros((1, 2)))
    strokes = np.column_stack([offsets, pen_up]).astype(np.float32)
    if not with_letters:
        return strokes
    return strokes, letters[np.searchsorted(clock, times - 1e-9).clip(0, len(path) - 1)]


def _refuse_wrong(text, points_per_letter, variation):
    if not isinstance(text, str) or not text.strip() or text != text.strip():
        raise ValueError(f"text must start and end with a letter, got {text!r}")
    wrong = sorted(set(text) - set(letterforms.LETTERS) - {" "})
    if wrong:
        raise ValueError(f"text must hold a-z, 0-9, blank, '.' and ',' only, got {wrong[0]!r} in {text!r}")
    for name, value, low, high in (
        ("points_per_letter", points_per_letter, 4, 60),
        ("variation", variation, 0, 3),
    ):
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise ValueError(f"{name} must be a number from {low} to {high}, got {value!r}")


def _outline(text, rng, variation, joined):
    """Set the letters side by side: a fine path, the stroke and the letter of each of its points."""
    import numpy as np

    deviations = rng.normal(size=(len(text), 6)) * variation
    pieces, strokes, letters = [], [], []
    left, stroke, open_end = 0.0, -1, ""
    for place, letter in enumerate(text):
        if letter == " ":
            left, open_end = left + letterforms.BLANK * (1 + 0.12 * deviations[place, 0]), ""
            continue
        wide, tall, shear, gap, up, _ = deviations[place]
        shape = np.array([[1 + 0.05 * wide, 0], [0.03 * shear, 1 + 0.04 * tall]])
        lines = [line @ shape + [left, 0.025 * up] for line in letterforms.drawn(letter)]
        if joined and open_end and letter in letterforms.JOINED_TO:
            lines[0] = np.concatenate([_join(pieces[-1], lines[0], open_end, letter), lines[0]])
        else:
            stroke += 1
        for line in lines:
            pieces.append(line)
            strokes.append(np.full(len(line), stroke))
            letters.append(np.full(len(line), place))
            stroke += 1
        stroke -= 1
        open_end = ""
        if len(lines) == 1:
            open_end = "low" if letter in letterforms.FROM_BASELINE else "top" * (letter in letterforms.FROM_TOP)
        right = max(line[:, 0].max() for line in letterforms.drawn(letter))
        left += (right + (0.25 if letter in letterforms.FROM_TOP else 0.17)) * shape[0, 0] + 0.03 * gap
    return np.concatenate(pieces), np.concatenate(strokes), np.concatenate(letters)


def _join(before, after, open_end, letter):
    """Draw the line from the end of one letter to the start of the next, without its two ends."""
    import numpy as np

    start, end = before[-1], after[0]
    if open_end == "low":
        middle = (start + end) / 2 + [0.03, -0.02]
    else:
        middle = (start + end) / 2 - [0, 0.1]
    points = np.array([start, middle, end])
    if letter == "e":
        points = np.array([start, (start + end) / 2 - [0, 0.06], end])
    return letterforms.spline(points)[1:-1]


def _smooth_noise(length, rng, scale):
    """Noise of variance about 1 that changes over `scale` x-heights, one column for each of two axes."""
    import numpy as np

    knots = max(int(np.ceil(length[-1] / scale)) + 4, 4)
    values = rng.normal(size=(knots, 2))
    place = length / scale + 1
    index = np.floor(place).astype(int)
    share = place - index
    slopes = np.gradient(values, axis=0)
    return letterforms.hermite(
        values[index], values[index + 1], slopes[index], slopes[index + 1], np.ones(len(length)), share
    )


def _lengths(path):
    """Length of the path from its start to each point, jumps of the lifted pen included."""
    import numpy as np

    return np.concatenate([[0.0], np.cumsum(np.sqrt((np.diff(path, axis=0) ** 2).sum(1)))])


def _sway(path, rng, variation):
    """Slant, size, width, baseline and the small deviations of the hand."""
    import numpy as np

    slant, size, width, climb, phase, drift = rng.normal(size=6)
    length = _lengths(path)
    path = path + 0.022 * variation * _smooth_noise(length, rng, 0.9)
    path = path + 0.03 * variation * _smooth_noise(length, rng, 4.0)
    x, y = path.T
    x = (x + (0.12 + 0.1 * slant) * min(variation, 1.0) * y) * np.exp(0.07 * variation * width)
    y = y + variation * (0.012 * climb * x + 0.05 * drift * (np.sin(x / 3 + 3 * phase) - np.sin(3 * phase)))
    return np.stack([x, y], axis=1) * np.exp(0.06 * variation * size)


def _clock(path, stroke, rng, variation):
    """When the pen is at each point, by the two-thirds power law."""
    import numpy as np

    length = _lengths(path)
    steps = np.diff(length)
    reach = 2  # curvature over about 0.15 x-heights: a corner is a tight bend
    index = np.arange(len(path))
    behind, ahead = np.maximum(index - reach, 0), np.minimum(index + reach, len(path) - 1)
    first, second = path - path[behind], path[ahead] - path
    cross = first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0]
    angle = np.abs(np.arctan2(cross, (first * second).sum(1)))
    angle[(stroke[behind] != stroke) | (stroke[ahead] != stroke)] = 0.0
    curvature = angle / np.maximum(length[ahead] - length[behind], 1e-6) * 2
    tempo = np.exp(0.12 * variation * _smooth_noise(length, rng, 1.5)[:, 0])
    slowness = (curvature + 0.6) ** (1 / 3) * tempo
    spent = steps * (slowness[1:] + slowness[:-1]) / 2
    spent[np.diff(stroke) != 0] = 1.0  # the lifted pen: no points are taken there
    return np.concatenate([[0.0], np.cumsum(np.maximum(spent, 1e-6))])


def pen_lines(strokes):
    """Turn offsets into lines to draw.

    Parameters
    ----------
    strokes : ndarray of shape (n, 3)
        ``dx``, ``dy``, ``pen_up`` of `pen_strokes`; a network's own will do.

    Returns
    -------
    list of ndarray of shape (k, 2), float64
        The path of each stroke, in x-heights. A stroke may be a single point.

    Raises
    ------
    ValueError
        If `strokes` has another shape.

    Examples
    --------
    >>> import numpy as np
    >>> [len(line) for line in pen_lines(np.array([[0, 1, 0], [0, -1, 1], [1, 1, 1]]))]
    [2, 1]
    """
    import numpy as np

    strokes = np.asarray(strokes, dtype=np.float64)
    if strokes.ndim != 2 or strokes.shape[1] != 3:
        raise ValueError(f"strokes must have shape (n, 3), got {strokes.shape}")
    path = strokes[:, :2].cumsum(axis=0)
    ends = np.flatnonzero(strokes[:, 2] > 0.5) + 1
    return [line for line in np.split(path, ends) if len(line)]
