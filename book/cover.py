"""The picture on the landing page: a perceptron at work, drawn from its own run.

Every border that the rule passed through cuts the picture, and together they cut it into panes like
a window of stained glass. A pane is blue when most of the borders answer +1 there, orange when most
answer -1, and pale where the rule changed its mind. The last border is the strong line.
"""

from __future__ import annotations

import numpy as np

WIDTH, HEIGHT, SCALE = 1200, 460, 230.0  # SVG units, and units per step of 1
THEMES = {  # depth: how far the deepest pane goes from the ground to the colour
    "light": {"ground": "#FBFAF7", "plus": "#0072B2", "minus": "#D55E00", "line": "#20262E", "edge": "#FBFAF7",
              "depth": 0.34},
    "dark": {"ground": "#14181A", "plus": "#56B4E9", "minus": "#F0A35E", "line": "#F2EFE8", "edge": "#14181A",
             "depth": 0.42},
}


def measure(seed=8, num_points=72, margin=0.11):
    """Run the perceptron rule on separable points and keep every border on the way.

    Parameters
    ----------
    seed : int, default 8
        Chooses points and order.
    num_points : int, default 72
        Number of points.
    margin : float, default 0.11
        No point lies closer than this to the line that labelled them.

    Returns
    -------
    dict
        ``points`` of shape (n, 2), ``targets`` of shape (n,), ``borders`` of shape
        (mistakes, 3), ``mistakes`` (int), ``bound`` (float, the limit (R/γ)²) and
        ``wrong`` (mistakes of the last border, 0).
    """
    rng = np.random.default_rng(seed)
    half = np.array([WIDTH, HEIGHT]) / (2 * SCALE)
    truth = np.array([0.62, 0.78, 0.06])
    truth /= np.linalg.norm(truth)
    points = np.empty((0, 2))
    while len(points) < num_points:  # spread out: no two points closer than 0.17
        point = rng.uniform(-0.95, 0.95, size=2) * half
        clear = abs(np.append(point, 1) @ truth) >= margin
        if clear and (not len(points) or np.linalg.norm(points - point, axis=1).min() > 0.17):
            points = np.vstack([points, point])
    x = np.column_stack([points, np.ones(num_points)])
    targets = np.where(x @ truth > 0, 1, -1)
    weights, borders = np.zeros(3), []
    while np.any(targets * (x @ weights) <= 0):
        for row, target in zip(x, targets, strict=True):
            if target * (row @ weights) <= 0:
                weights = weights + target * row
                borders.append(weights)
    bound = (np.linalg.norm(x, axis=1).max() / (targets * (x @ truth)).min()) ** 2
    return {
        "points": points, "targets": targets, "borders": np.array(borders), "mistakes": len(borders),
        "bound": float(bound), "wrong": int(np.sum(targets * (x @ weights) <= 0)),
    }  # fmt: skip


def svg(run, theme):
    """Draw the run.

    Parameters
    ----------
    run : dict
        What `measure` returned.
    theme : str
        ``"light"`` or ``"dark"``.

    Returns
    -------
    str
        An SVG document without text, so that it looks the same everywhere.
    """
    colours = THEMES[theme]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{colours["ground"]}"/>',
    ]
    for votes, pane in _panes(run["borders"]):
        share = votes / run["mistakes"]  # -1: every border says -1; +1: every border says +1
        tint = _mix(colours["ground"], colours["plus" if share > 0 else "minus"], colours["depth"] * abs(share) ** 1.3)
        parts.append(f'<path d="{_path(pane, close=True)}" fill="{tint}" stroke="{tint}" stroke-width=".8"/>')
    lines = [_line(w) for w in run["borders"]]
    shapes = "".join(
        f'<path d="{line}" stroke-opacity="{0.10 + 0.35 * (i / len(lines)) ** 2:.3f}"/>' for i, line in enumerate(lines) if line
    )
    parts.append(f'<g fill="none" stroke="{colours["line"]}" stroke-width="1">{shapes}</g>')
    parts.append(f'<path d="{lines[-1]}" stroke="{colours["line"]}" stroke-width="3.5" fill="none"/>')
    for (x, y), target in zip(_pixels(run["points"]), run["targets"], strict=True):
        look = f'fill="{colours["plus" if target > 0 else "minus"]}" stroke="{colours["edge"]}" stroke-width="2.5"'
        if target > 0:
            parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="10" {look}/>')
        else:
            parts.append(f'<rect x="{x - 9:.1f}" y="{y - 9:.1f}" width="18" height="18" rx="1.5" {look}/>')
    return "".join(parts) + "</svg>\n"


def _pixels(points):
    """From the plane (y up, origin in the middle) to SVG units."""
    return np.asarray(points) * [SCALE, -SCALE] + [WIDTH / 2, HEIGHT / 2]


def _corners():
    x, y = WIDTH / (2 * SCALE), HEIGHT / (2 * SCALE)
    return np.array([[-x, -y], [x, -y], [x, y], [-x, y]])


def _cut(ring, weights):
    """Split a convex ring by a border: the part on the +1 side, the other part, the two crossings."""
    sums = ring @ weights[:2] + weights[2]
    plus, minus, crossings = [], [], []
    for i, (here, there) in enumerate(zip(sums, np.roll(sums, -1), strict=True)):
        (plus if here > 0 else minus).append(ring[i])
        if (here > 0) != (there > 0):
            crossing = ring[i] + (ring[(i + 1) % len(ring)] - ring[i]) * here / (here - there)
            for part in (plus, minus, crossings):
                part.append(crossing)
    return np.array(plus), np.array(minus), crossings


def _panes(borders):
    """Cut the picture along every border; give each pane with its votes, +1 and -1 added up."""
    panes = [(0, _corners())]
    for weights in borders:
        halves = []
        for votes, ring in panes:
            plus, minus, _ = _cut(ring, weights)
            halves += [(votes + 1, plus)] * (len(plus) > 2) + [(votes - 1, minus)] * (len(minus) > 2)
        panes = halves
    return panes


def _mix(ground, colour, share):
    """A colour between two, as six hexadecimal digits."""
    pairs = ((int(a[i : i + 2], 16), int(b[i : i + 2], 16)) for i in (1, 3, 5) for a, b in [(ground, colour)])
    return "#" + "".join(f"{round(first + share * (second - first)):02x}" for first, second in pairs)


def _path(points, close):
    steps = [f"{x:.1f} {y:.1f}" for x, y in _pixels(points)]
    return "M" + "L".join(steps) + ("Z" if close else "")


def _line(weights):
    crossings = _cut(_corners(), weights)[2]
    return _path(crossings, close=False) if len(crossings) == 2 else ""


def figure(run):
    """The picture for the landing page as HTML, in words too."""
    blue = int((run["targets"] > 0).sum())
    orange = len(run["targets"]) - blue
    alt = (
        f"A wide field of {blue} blue circles on the right and {orange} orange squares on the left. "
        f"{run['mistakes']} thin lines, one for each mistake of a perceptron, cut the field into pale and deep panes; "
        "a strong line, the last one, separates the circles from the squares without an error."
    )
    images = "".join(
        f'<img class="cover-{theme}" src="_static/cover-{theme}.svg" width="{WIDTH}" height="{HEIGHT}" alt="{alt}">' for theme in THEMES
    )
    caption = (
        f"Computed when this page was built: a perceptron sorts {len(run['targets'])} points. It made "
        f"<strong>{run['mistakes']}</strong> mistakes, each left a line behind, and the last line is right for every point. "
        f"Theory allows it {run['bound']:.0f} mistakes."
    )
    return f'<figure class="cover">{images}<figcaption>{caption}</figcaption></figure>\n'
