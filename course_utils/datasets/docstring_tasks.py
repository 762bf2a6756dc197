"""Three questions about docstrings, with answers that nobody had to write."""

import difflib
import re
from dataclasses import dataclass
from typing import Any

from course_utils import reproducibility
from course_utils.datasets._copies import words_of
from course_utils.datasets.docstring_text import parameters, sentences
from course_utils.datasets.docstrings import load_docstrings

LIBRARIES = ("keras", "matplotlib", "numpy", "scipy", "sklearn")
KINDS = ("array", "number", "other")
ANSWERS = ("another", "its own")
OWN_NAMES = re.compile(  # and names of libraries these are built on, which would give them away as well
    r"(?<![A-Za-z0-9])(numpy|np|scipy|sp|sklearn|scikit-learn|scikits?|matplotlib|mpl|mpl_toolkits|mplot3d|pyplot|plt"
    r"|pylab|keras|keras_core|tensorflow|tf|torch|pytorch|jax|jnp|openvino)(?![A-Za-z0-9])\.?",
    flags=re.IGNORECASE,
)
ARRAY = re.compile(r"array|matrix|matrices|tensor|vector", flags=re.IGNORECASE)
NUMBER = re.compile(r"\b(u?int\d*|integers?|floats?|float\d+|scalars?|numbers?|doubles?|complex|real)\b", flags=re.IGNORECASE)
OTHER = re.compile(
    r"bool|str\b|string|callable|function|dict|\{|tuple|list|object|instance|sequence|iterable|estimator|Axes|Artist"
    r"|Figure|Generator|RandomState|Path|path|file|dtype|type|slice|color|class|module|mapping|set\b|Transform|any",
    flags=re.IGNORECASE,
)


@dataclass(frozen=True, eq=False)
class Examples:
    """Texts, or pairs of texts, with their labels, shuffled.

    Attributes
    ----------
    first : list of str
        The text, or the first one of each pair.
    second : list of str or None
        The second one of each pair, where the task is about pairs.
    labels : ndarray of shape (n,), int64
        Index of the class.
    """

    first: list
    second: Any
    labels: Any

    def __len__(self):
        return len(self.first)

    def __repr__(self):
        return f"Examples({len(self)}{' pairs' if self.second is not None else ''})"


@dataclass(frozen=True, eq=False)
class Task:
    """A question about docstrings: examples to learn from and examples kept apart.

    Attributes
    ----------
    name : str
    classes : tuple of str
        Name of each label.
    train, test : Examples
        From the two parts of the corpus; each class is equally frequent in each.
    """

    name: str
    classes: tuple
    train: Examples
    test: Examples

    def __repr__(self):
        return (
            f"Task({self.name!r}: {' | '.join(self.classes)}; train {len(self.train):,}, test {len(self.test):,})"
        )


def load_docstring_task(name, *, corpus=None, offset=0):
    """Load a task on the corpus of docstrings, balanced and shuffled.

    Parameters
    ----------
    name : str
        - ``"library"``: which of five libraries (Keras, Matplotlib, NumPy, SciPy,
          scikit-learn) is this text from?
        - ``"summary"``: does this body belong to this summary (1), or is it that of
          another docstring of the same library (0)?
        - ``"parameter"``: does this description say what an array is, a number, or
          something else?
    corpus : Docstrings, optional
        What `load_docstrings` returned; by default its own split.
    offset : int, default 0
        Another offset chooses and shuffles otherwise; so does another course seed.
        What is train and what is test, the corpus decides.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If no task has this name, `offset` is not a whole number of at least 0, or a
        class has no example.
    DatasetError
        If the corpus can't be read.

    Notes
    -----
    The label is never told by the text itself:

    - ``"library"``: the prose of a docstring; names and usual short names of the five
      libraries and of those they are built on (``np``, ``plt``, ``tf``, ``jax``) are
      taken out.
    - ``"summary"``: the first sentence against the rest, of at least two sentences.
      Half of the bodies are exchanged within their library and part, none with
      itself.
    - ``"parameter"``: the label comes from the written type ("array_like", "int,
      default 3"), the text is the description alone, without name and type. Types
      that name both an array and a number are left out.

    A text that stands twice is used once, and nothing of the test part stands in the
    training part. Frequent classes are cut to the size of the rarest.
    """
    makers = {"library": _library, "summary": _summary, "parameter": _parameter}
    if name not in makers:
        near = difflib.get_close_matches(name, makers, n=1) if isinstance(name, str) else ()
        advice = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"name must be one of {', '.join(map(repr, makers))}, got {name!r}.{advice}")
    generator = reproducibility.rng(offset)
    corpus = load_docstrings() if corpus is None else corpus
    classes = {"library": LIBRARIES, "summary": ANSWERS, "parameter": KINDS}[name]
    seen, parts = set(), []
    for documents in (corpus.train, corpus.test):
        rows = _once(makers[name](documents, generator), seen)
        parts.append(_balanced(rows, classes, generator))
    return Task(name, classes, *parts)


def _once(rows, seen):
    """Leave out what was seen: the same text or, of pairs, the same body."""
    left = []
    for first, second, label in rows:
        key = " ".join(words_of(first if second is None else second))
        if key not in seen:
            left.append((first, second, label))
        seen.add(key)
    return left


def _balanced(rows, classes, generator):
    import numpy as np

    labels = np.array([label for *_, label in rows], np.int64)
    counts = np.bincount(labels, minlength=len(classes))
    if not counts.all():
        raise ValueError(f"corpus must have examples of {', '.join(classes)}, got {counts.tolist()}")
    chosen = [generator.permutation(np.flatnonzero(labels == label))[: counts.min()] for label in range(len(classes))]
    chosen = generator.permutation(np.concatenate(chosen))
    second = None if rows[0][1] is None else [rows[index][1] for index in chosen]
    return Examples([rows[index][0] for index in chosen], second, labels[chosen])


def _library(documents, _):
    """Give (text, None, library)."""
    for document in documents:
        if document.library in LIBRARIES:
            text = re.sub(r"\s+", " ", OWN_NAMES.sub("", " ".join(sentences(document)))).strip()
            if len(words_of(text)) >= 8:
                yield text, None, LIBRARIES.index(document.library)


def _summary(documents, generator):
    """Give (summary, body, is it its own): every second body of a library is exchanged."""
    by_library = {}
    for document in documents:
        found = sentences(document)
        if len(found) >= 3:
            by_library.setdefault(document.library, []).append((found[0], " ".join(found[1:])))
    for pairs in by_library.values():
        order = generator.permutation(len(pairs)).tolist()
        half = len(order) // 2
        for index in order[half:]:
            yield *pairs[index], 1
        for place in range(half if half > 1 else 0):  # each takes the body of the next one
            yield pairs[order[place]][0], pairs[order[(place + 1) % half]][1], 0


def _parameter(documents, _):
    """Give (description, None, kind)."""
    for document in documents:
        for _name, written, description in parameters(document):
            kind = kind_of(written)
            if kind is not None and len(words_of(description)) >= 3:
                yield description, None, KINDS.index(kind)


def kind_of(written):
    """Tell an array from a number and from something else by the type as it is written.

    Parameters
    ----------
    written : str
        "array_like, optional"

    Returns
    -------
    str or None
        ``"array"``, ``"number"``, ``"other"``, or None where it can't be told or is both.

    Examples
    --------
    >>> kind_of("array_like, optional"), kind_of("int or None, default=None"), kind_of("{'a', 'b'}")
    ('array', 'number', 'other')
    >>> kind_of("float or array_like") is None
    True
    """
    written = re.split(r"\b(?:default|optional|of shape|with shape|shape)\b", written, maxsplit=1)[0]
    array, number = bool(ARRAY.search(written)), bool(NUMBER.search(written))
    other = bool(OTHER.search(re.sub(r"\{array[^}]*\}|type", "", written)))
    if array + number + other != 1:
        return None
    return "array" if array else "number" if number else "other"
