"""MNIST-1D: ten short curves in place of ten digits, made on the spot."""

import hashlib
import random

from course_utils import reproducibility
from course_utils.datasets.base import DatasetError, Split, number_kept

_WAY_OUT = "Reinstall it: python -m pip install --force-reinstall --no-deps mnist1d"
NUM_POINTS, NUM_CLASSES = 40, 10
TEMPLATES_SHA256 = (
    "85665d71ff4086f2d6752f197b287498a492c4d7db59ffc3028f1c13a1d5cfa2"  # in millionths, as int64
)


def load_mnist1d(*, num_examples=5000, test_share=0.2, offset=0):
    """Make MNIST-1D: curves of 40 points in ten classes, moved, bent and noisy.

    Nothing is downloaded: the package `mnist1d` draws the curves.

    Parameters
    ----------
    num_examples : int, default 5000
        Number of curves, a multiple of 10: each class has equally many.
    test_share : float, default 0.2
        Part of all curves that is kept for testing, above 0 and below 1.
    offset : int, default 0
        Another offset gives other curves; so does another course seed.

    Returns
    -------
    Split
        Curves of shape (n, 40), float64 with mean 0 and standard deviation 1
        over the whole set, in random order, and their classes.

    Raises
    ------
    ValueError
        If `num_examples` is no multiple of 10, or `test_share` leaves one part empty.
    DatasetError
        If `mnist1d` is not installed, or its curves are not those of this course.

    Notes
    -----
    Takes about a second. NumPy's and Python's own generators are left as they were.

    References
    ----------
    Greydanus, Kobak, Scaling down deep learning with MNIST-1D, 2024, arXiv:2011.14439.

    Examples
    --------
    >>> load_mnist1d(num_examples=200)
    Split(x_train (160, 40), x_test (40, 40), float64)
    """
    import numpy as np

    if isinstance(num_examples, bool) or not isinstance(num_examples, int) or num_examples < NUM_CLASSES:
        raise ValueError(f"num_examples must be a whole number of at least 10, got {num_examples!r}")
    if num_examples % NUM_CLASSES:
        raise ValueError(f"num_examples must be a multiple of 10, got {num_examples!r}")
    num_test = number_kept(test_share, num_examples)
    source = _source()
    settings = source.get_dataset_args()
    settings.num_samples, settings.train_split = num_examples, 1.0
    settings.seed = int(reproducibility.rng(offset).integers(2**32))
    before = random.getstate(), np.random.get_state()
    try:
        made = source.make_dataset(settings)
    finally:
        random.setstate(before[0])
        np.random.set_state(before[1])
    x, y = np.asarray(made["x"], dtype=np.float64), np.asarray(made["y"], dtype=np.int64)
    if x.shape != (num_examples, NUM_POINTS) or y.shape != (num_examples,):
        raise DatasetError(
            f"mnist1d must make {(num_examples, NUM_POINTS)}, got {x.shape} and {y.shape}. {_WAY_OUT}"
        )
    return Split(x[num_test:], y[num_test:], x[:num_test], y[:num_test])



def _source():
    """Import the package and compare its ten curves with what the course was written for."""
    import numpy as np

    try:
        from mnist1d import data as source
    except ImportError as error:
        raise DatasetError(f"the package mnist1d can't be imported ({error}). {_WAY_OUT}") from error
    curves = np.round(np.asarray(source.get_templates()["x"]) * 1e6).astype("<i8")
    if hashlib.sha256(curves.tobytes()).hexdigest() != TEMPLATES_SHA256:
        raise DatasetError(f"mnist1d's curves are not the ones this course was measured on. {_WAY_OUT}")
    return source
