"""Write the two typefaces of the book as small web fonts, from files that Python wheels carry.

The outlines come from Source Serif Pro and Source Sans Pro (SIL Open Font License 1.1). A subset
is a changed font, and the licence keeps the name "Source" for unchanged ones: the subsets are
called Course Serif and Course Sans, and the licence lies beside them.
"""

from __future__ import annotations

import hashlib
import shutil
from importlib.metadata import version
from pathlib import Path

from course_utils.publishing import files
from course_utils.publishing.vendor import inside_wheel

_SERIF = ("font-source-serif-pro", "font_source_serif_pro/files")
_SANS = ("sphinx-revealjs", "sphinx_revealjs/_static/revealjs/dist/theme/fonts/source-sans-pro")

# file to write: (wheel, folder), file inside it, family
FACES = {
    "serif-regular.woff": (_SERIF, "SourceSerifPro-Regular.ttf", "Course Serif"),
    "serif-italic.woff": (_SERIF, "SourceSerifPro-It.ttf", "Course Serif"),
    "serif-semibold.woff": (_SERIF, "SourceSerifPro-Semibold.ttf", "Course Serif"),
    "serif-semibold-italic.woff": (_SERIF, "SourceSerifPro-SemiboldIt.ttf", "Course Serif"),
    "sans-regular.woff": (_SANS, "source-sans-pro-regular.ttf", "Course Sans"),
    "sans-italic.woff": (_SANS, "source-sans-pro-italic.ttf", "Course Sans"),
    "sans-semibold.woff": (_SANS, "source-sans-pro-semibold.ttf", "Course Sans"),
}
_LICENCES = {"OFL-serif.txt": (_SERIF, "LICENSE.txt"), "OFL-sans.txt": (_SANS, "LICENSE")}

# Latin with its accents, Greek, punctuation, super- and subscripts, arrows, signs of mathematics.
_RANGES = (
    (0x20, 0x17F), (0x2C6, 0x2DD), (0x391, 0x3C9), (0x2010, 0x2044), (0x2070, 0x209C), (0x20AC, 0x20AC),
    (0x2190, 0x2194), (0x21D0, 0x21D4), (0x2200, 0x22EF),
)  # fmt: skip
_FEATURES = ["kern", "liga", "ccmp", "locl", "mark", "mkmk", "smcp", "c2sc", "onum", "lnum", "pnum", "tnum"]


def write_fonts(target, cache=None):
    """Write the subsets and their licences to a folder.

    Parameters
    ----------
    target : Path
        Folder for the files; made when missing.
    cache : Path, optional
        Folder in which an earlier call kept its files, or where this one keeps them.

    Returns
    -------
    Path
        `target`, as a Path.

    Raises
    ------
    RuntimeError
        If a wheel is not installed or does not hold an expected file.

    Notes
    -----
    Takes about three seconds without a cache. The bytes depend on the wheels, fontTools and this module.
    """
    target = Path(target)
    if cache:
        kept = Path(cache) / _key()
        if not (kept / "OFL-sans.txt").is_file():  # written last
            shutil.rmtree(cache, ignore_errors=True)
            write_fonts(kept)
        shutil.copytree(kept, target, dirs_exist_ok=True, copy_function=files.copy)
        return target
    plan = [
        (inside_wheel(wheel, f"{folder}/{name}"), target / place, family)
        for place, ((wheel, folder), name, family) in FACES.items()
    ]
    licences = [
        (inside_wheel(wheel, f"{folder}/{name}"), target / place) for place, ((wheel, folder), name) in _LICENCES.items()
    ]
    target.mkdir(parents=True, exist_ok=True)
    for source, place, family in plan:
        _write_subset(source, place, family)
    for source, place in licences:
        files.copy(source, place)
    return target


def _key():
    """Names a set of subsets: what they are made from, and how."""
    made_from = [version(wheel) for wheel in (_SERIF[0], _SANS[0], "fonttools")]
    return hashlib.sha256(" ".join(made_from).encode() + Path(__file__).read_bytes()).hexdigest()[:16]


def _write_subset(source, place, family):
    from fontTools import subset
    from fontTools.ttLib import TTFont

    options = subset.Options(
        flavor="woff", hinting=False, notdef_outline=True, layout_features=_FEATURES,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
        drop_tables=["FFTM", "webf", "DSIG"]
    )
    font = TTFont(source, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[code for first, last in _RANGES for code in range(first, last + 1)])
    cutter.subset(font)
    style = str(font["name"].getName(2, 3, 1) or "Regular")
    version = str(font["name"].getName(5, 3, 1) or "")
    new = {1: family, 2: style, 3: f"{version}; {family} {style}", 4: f"{family} {style}"}
    new[6] = f"{family}-{style}".replace(" ", "")
    for record in font["name"].names:
        if record.nameID in new:
            record.string = new[record.nameID]
    subset.save_font(font, str(place), options)
