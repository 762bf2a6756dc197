"""Lines of common English words in the handwriting of `pen_strokes`."""

from dataclasses import dataclass

from course_utils import reproducibility
from course_utils.datasets.base import number_kept
from course_utils.datasets.strokes import pen_strokes

COMMON_WORDS = (
    "a about after again all also always amaze an and another any are around as ask at away back be "
    "because been before best better between big book both box boxes boy bring but by call came can carry "
    "change city close cold come could country cut day did do done down each earth eat end enough even "
    "every exact extra eye face far father few find fire first five fix follow food for form found four "
    "freeze friend from full gave get girl give go good great green group grow had half hand hard have he "
    "head hear help her here high him his home horse house how idea if in into it its jump just keep kind "
    "king know large last late lazy learn leave left letter life light like line list little live long "
    "look made make man many may me mean men might mind more morning most mother move much must my name "
    "near need never new next night no north not notice now of off often old on once one only open or "
    "other our out over own page paper part people picture place plain plant play point prize quick quiet "
    "quite rain ran read ready real right river road room round run said same saw say school sea second "
    "see seem sentence set she ship short should show side simple six size sleep small snow so some song "
    "soon sound stand start state still stop story strong study such sun sure table take talk tax tell "
    "ten text than that the their them then there these they thing think this those thought three through "
    "time to together too took top town travel tree try turn two under until up us use very voice walk "
    "want warm was watch water way we week well went were west what when where which while white who "
    "whole why wind with wonder wood word work world would write year yes you young your zero zone"
).split()



@dataclass(frozen=True, eq=False)
class Lines:
    """Handwritten lines.

    Attributes
    ----------
    texts : list of str
        What was written.
    strokes : list of ndarray of shape (n, 3), float32
        The pen's path as offsets, see `pen_strokes`.
    letters : list of ndarray of shape (n,), int64
        For each point, its place in the text.
    """

    texts: list
    strokes: list
    letters: list

    def __len__(self):
        return len(self.texts)

    def __repr__(self):
        return f"Lines({len(self)} lines, {sum(map(len, self.strokes)):,} points)"


@dataclass(frozen=True, eq=False)
class Handwriting:
    """Handwritten lines to learn from and lines kept apart.

    Attributes
    ----------
    train, test : Lines
        No text is in both.
    """

    train: Lines
    test: Lines


def load_handwriting(*, lines=1000, words=3, test_share=0.1, offset=0, points_per_letter=14, variation=1.0, joined=True):
    """Write lines of common English words by hand, and split them.

    Parameters
    ----------
    lines : int, default 1000
        Number of lines in both parts together.
    words : int, default 3
        Words on each line, drawn with equal chances from `COMMON_WORDS`; from 1 to 20.
    test_share : float, default 0.1
        Part of the lines that is kept for testing, above 0 and below 1.
    offset : int, default 0
        Another offset gives other lines; so does another course seed.
    points_per_letter, variation, joined
        As in `pen_strokes`.

    Returns
    -------
    Handwriting

    Raises
    ------
    ValueError
        If a number is out of range, or `test_share` leaves one part empty.

    Notes
    -----
    Takes about two seconds for 1,000 lines of 3 words. No text of the test part is
    written in the training part, though its words are.

    Examples
    --------
    >>> test = load_handwriting(lines=20).test
    >>> len(test), test.strokes[0].shape[1]
    (2, 3)
    """
    for name, value, low, high in (("lines", lines, 2, 10**6), ("words", words, 1, 20)):
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{name} must be a whole number from {low} to {high}, got {value!r}")
    kept = number_kept(test_share, lines)
    rng = reproducibility.rng(offset)
    parts = {True: ([], kept), False: ([], lines - kept)}  # in the test part?
    tested = {}
    while any(len(texts) < room for texts, room in parts.values()):
        text = " ".join(COMMON_WORDS[i] for i in rng.integers(len(COMMON_WORDS), size=words))
        if text not in tested:
            tested[text] = len(tested) == 0 or (len(tested) > 1 and bool(rng.random() < test_share))
        texts, room = parts[tested[text]]
        if len(texts) < room:
            texts.append(text)

    options = {"points_per_letter": points_per_letter, "variation": variation, "joined": joined}

    def write(texts):
        written = [pen_strokes(text, rng, with_letters=True, **options) for text in texts]
        return Lines(texts, [strokes for strokes, _ in written], [letters for _, letters in written])

    return Handwriting(train=write(parts[False][0]), test=write(parts[True][0]))
