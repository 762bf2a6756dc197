"""Single-line skeletons of letters, drawn for this course, and their splines.

A skeleton is a string of points ``x,y`` in hundredths of the x-height: the baseline is
0, the top of an "x" is 100. A smooth curve runs through the points of a stroke in the
order in which a pen draws them; a bar behind a point, ``x,y|``, makes a corner there. A
slash lifts the pen.
"""

import functools

SKELETONS = {
    "a": "76,84 50,100 19,82 8,42 24,4 52,12 74,55 80,98| 79,35 86,4 106,20",
    "b": "10,190 10,2| 12,50 38,94 70,88 82,48 66,8 38,0 12,18",
    "c": "74,82 48,100 18,82 8,45 24,6 52,2 84,24",
    "d": "76,84 50,100 19,82 8,42 24,4 52,12 74,52 80,110 82,190| 80,40 87,4 107,20",
    "e": "10,46 46,52 74,68 58,97 28,93 9,55 22,8 52,1 86,24",
    "f": "76,172 56,190 38,165 36,110 36,0/8,98 70,98",
    "g": "76,84 50,100 19,82 8,44 24,6 52,14 74,55 80,98| 80,10 72,-58 44,-82 10,-66",
    "h": "10,190 10,0| 13,50 40,96 66,84 70,35 77,4 97,20",
    "i": "12,98 12,32 20,4 40,20/11,142 15,134",
    "j": "30,98 30,-10 20,-64 -2,-82 -20,-66/30,142 34,134",
    "k": "10,190 10,0| 10,38| 62,96| 24,52| 60,8 88,18",
    "l": "12,190 12,40 20,4 40,20",
    "m": "10,98 10,0| 13,50 36,96 56,84 58,45 58,0| 61,50 84,96 104,84 107,35 114,4 134,20",
    "n": "10,98 10,0| 13,50 40,96 66,84 70,35 77,4 97,20",
    "o": "56,99 24,90 8,48 26,4 58,4 80,48 70,88 50,99",
    "p": "10,98 10,-85| 11,45 38,94 70,90 83,50 68,8 40,0 12,16",
    "q": "76,84 50,100 19,82 8,44 24,6 52,14 74,55 80,98| 80,-85| 106,-58",
    "r": "10,98 10,0| 12,50 32,88 64,92",
    "s": "66,86 44,100 20,84 30,60 56,42 66,18 40,0 8,12",
    "t": "32,150 32,36 41,4 66,16/4,98 64,98",
    "u": "10,98 10,42 24,5 50,12 70,52 76,98| 76,32 83,4 103,20",
    "v": "6,98 36,2| 68,98",
    "w": "6,98 28,2| 52,88| 76,2| 100,98",
    "x": "8,98 26,88 54,12 78,4/76,98 6,2",
    "y": "10,98 10,46 24,8 50,14 70,55 76,98| 76,10 68,-58 40,-82 8,-66",
    "z": "8,97 72,97| 6,3| 76,3",
    "0": "46,150 16,118 10,75 18,26 44,0 72,32 78,75 70,122 46,150",
    "1": "10,116 40,150| 40,0",
    "2": "12,116 36,150 68,136 62,84 8,3| 78,3",
    "3": "12,136 42,150 68,118 34,84| 72,60 66,12 36,0 8,14",
    "4": "46,150 6,46| 82,46/62,92 62,0",
    "5": "72,148 22,148| 16,86| 48,94 76,52 54,4 8,10",
    "6": "66,146 28,108 8,44 38,0 74,36 48,78 12,46",
    "7": "8,148 78,148| 30,0",
    "8": "68,128 42,150 14,118 42,82 76,38 42,0 8,38 40,80 68,128",
    "9": "74,116 44,150 10,112 36,72 66,90 74,122| 72,60 56,0",
    ".": "10,5 15,1",
    ",": "16,8 14,-8 4,-28",
}
LETTERS = "".join(SKELETONS)
BLANK = 0.75  # width of a blank
FROM_BASELINE = set("acdehklmnu")  # their last stroke ends on the baseline and runs on
FROM_TOP = set("orvw")  # their last stroke ends at the top of an x
JOINED_TO = set("eimnpruvwyj")  # their first stroke starts where a joining line can arrive
STEP = 0.04  # distance of the points of a drawn spline


@functools.cache
def drawn(letter):
    """Draw the skeleton of a letter as one fine line per stroke.

    Parameters
    ----------
    letter : str
        One of `LETTERS`.

    Returns
    -------
    tuple of ndarray of shape (k, 2), float64
        Strokes in x-heights, with points about `STEP` apart. Not to be changed.
    """
    import numpy as np

    strokes = []
    for stroke in SKELETONS[letter].split("/"):
        pieces = [[]]
        for word in stroke.split():
            point = [float(number) / 100 for number in word.rstrip("|").split(",")]
            pieces[-1].append(point)
            if word.endswith("|"):
                pieces.append([point])
        curves = [spline(np.array(piece)) for piece in pieces]
        strokes.append(np.concatenate([curves[0], *(curve[1:] for curve in curves[1:])]))
        strokes[-1].flags.writeable = False
    return tuple(strokes)


def spline(points, step=STEP):
    """Run a smooth curve through points: a centripetal Catmull-Rom spline.

    Parameters
    ----------
    points : ndarray of shape (k, d), k >= 2
        Neighbours must differ.
    step : float, default 0.04
        Distance of the points that come back, about.

    Returns
    -------
    ndarray of shape (n, d)
        From the first point to the last.
    """
    import numpy as np

    chords = np.sqrt(((points[1:] - points[:-1]) ** 2).sum(1))
    gaps = np.sqrt(chords)  # centripetal: no loops where short and long chords meet
    slopes = (points[1:] - points[:-1]) / gaps[:, None]
    tangents = np.empty_like(points)
    before, after = gaps[:-1, None], gaps[1:, None]
    tangents[1:-1] = (slopes[:-1] * after + slopes[1:] * before) / (before + after)
    tangents[0] = 1.5 * slopes[0] - 0.5 * tangents[1] if len(points) > 2 else slopes[0]
    tangents[-1] = 1.5 * slopes[-1] - 0.5 * tangents[-2] if len(points) > 2 else slopes[-1]
    counts = np.maximum(np.ceil(chords / step).astype(int), 2)
    piece = np.repeat(np.arange(len(gaps)), counts)
    share = np.concatenate([np.arange(count) / count for count in counts])
    piece, share = np.append(piece, len(gaps) - 1), np.append(share, 1.0)
    return hermite(points[piece], points[piece + 1], tangents[piece], tangents[piece + 1], gaps[piece], share)


def hermite(start, end, leave, arrive, gap, share):
    """Evaluate cubic pieces between `start` and `end` at `share` in [0, 1] of each."""
    s, gap = share[:, None], gap[:, None]
    return (
        (1 + 2 * s) * (1 - s) ** 2 * start
        + s**2 * (3 - 2 * s) * end
        + s * (1 - s) ** 2 * gap * leave
        - s**2 * (1 - s) * gap * arrive
    )
