"""Real data sets that need no network, and larger ones for readers who have one."""

import difflib
import hashlib
import importlib

from course_utils import reproducibility
from course_utils.datasets.base import DatasetError, Pairs, Part, Split, refuse_wrong_share
from course_utils.datasets.docstring_tasks import Task, load_docstring_task
from course_utils.datasets.docstring_text import parameters, sentences
from course_utils.datasets.docstrings import Docstring, Docstrings, load_docstrings
from course_utils.datasets.glyphs import load_glyphs
from course_utils.datasets.handwriting import COMMON_WORDS, Handwriting, Lines, load_handwriting
from course_utils.datasets.mnist1d import load_mnist1d
from course_utils.datasets.number_words import load_number_words, number_pieces
from course_utils.datasets.photos import load_photos
from course_utils.datasets.pronunciations import PHONEMES, load_pronunciations
from course_utils.datasets.standard_library import Source, load_standard_library
from course_utils.datasets.strokes import pen_lines, pen_strokes

__all__ = [
    "COMMON_WORDS",
    "PHONEMES",
    "DatasetError",
    "Docstring",
    "Docstrings",
    "Handwriting",
    "Lines",
    "Pairs",
    "Part",
    "Source",
    "Split",
    "Task",
    "load",
    "load_digits",
    "load_docstring_task",
    "load_docstrings",
    "load_full_size",
    "load_glyphs",
    "load_handwriting",
    "load_mnist1d",
    "load_number_words",
    "load_photos",
    "load_pronunciations",
    "load_standard_library",
    "number_pieces",
    "parameters",
    "pen_lines",
    "pen_strokes",
    "sentences",
]

OFFLINE = ("digits", "mnist1d")
FULL_SIZE = {  # name: shape of the training images, number of test images
    "mnist": ((60_000, 28, 28), 10_000),
    "fashion_mnist": ((60_000, 28, 28), 10_000),
    "cifar10": ((50_000, 32, 32, 3), 10_000),
}
DIGITS_SHAPE = (1797, 64)
DIGITS_SHA256 = (
    "87ff0c9e40dc7e2c0e34e7257799c2e3f3aec1a016363bb11cad869ec428a826"  # pixels, then classes, as uint8
)


def load(name, **options):
    """Load a data set by its name.

    Parameters
    ----------
    name : str
        ``"digits"``, ``"mnist1d"``, or one of the larger sets that come through
        the network: ``"mnist"``, ``"fashion_mnist"``, ``"cifar10"``.
    **options
        Passed on to `load_digits`, `load_mnist1d` or `load_full_size`.

    Returns
    -------
    Split

    Raises
    ------
    ValueError
        If no data set has this name.
    DatasetError
        If its files are damaged or can't be reached.
    """
    _refuse_unknown(name, (*OFFLINE, *FULL_SIZE))
    if name == "digits":
        return load_digits(**options)
    return load_mnist1d(**options) if name == "mnist1d" else load_full_size(name, **options)


def load_digits(*, test_share=0.2, offset=0):
    """Load 1,797 handwritten digits of 8 by 8 pixels, shuffled and split.

    Parameters
    ----------
    test_share : float, default 0.2
        Part of each class that is kept for testing, above 0 and below 1.
    offset : int, default 0
        Another offset gives another split; so does another course seed.

    Returns
    -------
    Split
        Images of shape (n, 64), float64 from 0 (paper) to 1 (ink), and their
        digits. Each digit has the same share in both parts.

    Raises
    ------
    ValueError
        If `test_share` leaves one part empty.
    DatasetError
        If the file that comes with scikit-learn is missing or damaged.

    References
    ----------
    Alpaydin, Kaynak, Optical Recognition of Handwritten Digits, UCI, 1998.

    Examples
    --------
    >>> load_digits()
    Split(x_train (1438, 64), x_test (359, 64), float64)
    """
    import numpy as np

    refuse_wrong_share(test_share)
    generator = reproducibility.rng(offset)
    images, digits = _read_digits()
    train, test = [], []
    for digit in range(10):
        members = generator.permutation(np.flatnonzero(digits == digit))
        cut = round(test_share * len(members))
        if not 0 < cut < len(members):
            raise ValueError(
                f"test_share must leave examples of each class in both parts, got {test_share!r}"
            )
        test.append(members[:cut])
        train.append(members[cut:])
    train, test = (generator.permutation(np.concatenate(part)) for part in (train, test))
    return Split(images[train], digits[train], images[test], digits[test])


def _read_digits():
    """Read scikit-learn's copy and compare it with what the course was written for."""
    import numpy as np
    from sklearn import datasets as sources

    way_out = "Reinstall it: python -m pip install --force-reinstall --no-deps scikit-learn"
    try:
        found = sources.load_digits()
        pixels, digits = np.asarray(found.data), np.asarray(found.target)
    except Exception as error:  # gzip, the parser or the file system: always the same advice
        raise DatasetError(f"scikit-learn's file of digits can't be read ({error}). {way_out}") from error
    if pixels.shape != DIGITS_SHAPE or digits.shape != DIGITS_SHAPE[:1]:
        raise DatasetError(
            f"scikit-learn's digits must have shape {DIGITS_SHAPE}, got {pixels.shape}. {way_out}"
        )
    whole = pixels.astype(np.uint8), digits.astype(np.uint8)
    same = np.array_equal(whole[0], pixels) and np.array_equal(whole[1], digits)
    if not same or hashlib.sha256(whole[0].tobytes() + whole[1].tobytes()).hexdigest() != DIGITS_SHA256:
        raise DatasetError(f"scikit-learn's digits are not the ones this course was measured on. {way_out}")
    return pixels / 16.0, digits.astype(np.int64)


def load_full_size(name, *, limit=None):
    """Load a well-known data set in full, through Keras and the network.

    Keras keeps the download under ``~/.keras/datasets``: the network is needed once.

    Parameters
    ----------
    name : str
        ``"mnist"``, ``"fashion_mnist"`` or ``"cifar10"``.
    limit : int, optional
        Keep the first so many training images only.

    Returns
    -------
    Split
        Images of shape (n, 28, 28) or (n, 32, 32, 3), float32 from 0 to 1, in
        the published order and split.

    Raises
    ------
    ValueError
        If no data set has this name, or `limit` is not at least 1.
    DatasetError
        If there is no network, or the download is damaged.
    """
    import numpy as np

    _refuse_unknown(name, tuple(FULL_SIZE))
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise ValueError(f"limit must be a whole number of at least 1, got {limit!r}")
    instead = "Without it, every lecture runs on datasets.load_digits()"
    again = f"Delete the files of {name} under ~/.keras/datasets and run the cell again. {instead}."
    loader = _keras_loader(name)
    try:
        (x_train, y_train), (x_test, y_test) = loader()
    except Exception as error:  # Keras raises a bare Exception when a download fails
        if _is_about_the_network(error):
            raise DatasetError(
                f"{name} must be downloaded once, and the network did not answer ({error}). "
                f"Connect and run the cell again. {instead}."
            ) from error
        raise DatasetError(
            f"the download of {name} is damaged ({type(error).__name__}: {error}). {again}"
        ) from error
    shape, num_test = FULL_SIZE[name]
    if (
        x_train.shape != shape
        or x_test.shape != (num_test, *shape[1:])
        or len(y_train) != shape[0]
        or len(y_test) != num_test
    ):
        raise DatasetError(f"the download of {name} is damaged: {x_train.shape} in place of {shape}. {again}")
    x_train, y_train = x_train[:limit], y_train[:limit]
    scaled = (images.astype(np.float32) / np.float32(255) for images in (x_train, x_test))
    labels = (classes.reshape(-1).astype(np.int64) for classes in (y_train, y_test))
    (x_train, x_test), (y_train, y_test) = scaled, labels
    return Split(x_train, y_train, x_test, y_test)


def _keras_loader(name):
    """Import one loader of Keras; this starts TensorFlow."""
    return importlib.import_module(f"keras.datasets.{name}").load_data


def _is_about_the_network(error):
    """Tell a failed download from a damaged file: Keras says so only in words."""
    while error is not None:
        if isinstance(error, ConnectionError | TimeoutError) or type(error).__name__ in (
            "URLError",
            "HTTPError",
        ):
            return True
        if "URL fetch failure" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _refuse_unknown(name, allowed):
    if name not in allowed:
        word = name.lower().replace("-", "_") if isinstance(name, str) else ""
        near = difflib.get_close_matches(word, allowed, n=1, cutoff=0.5)
        advice = f" Did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"name must be one of {', '.join(map(repr, allowed))}, got {name!r}.{advice}")
