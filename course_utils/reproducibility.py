"""Seeds, threads and a line of versions: what another machine needs to repeat a run."""

import os
import platform
import random
import sys

SEED_VARIABLE = "COURSE_SEED"
LARGEST_SEED = 2**32 - 1  # the legacy generator of NumPy takes no more
THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "TF_NUM_INTRAOP_THREADS",
    "TF_NUM_INTEROP_THREADS",
)


def course_seed():
    """Read the seed that every lecture starts from.

    Returns
    -------
    int
        The environment variable ``COURSE_SEED``, or 0 where it is not set.

    Raises
    ------
    ValueError
        If the variable is not a whole number from 0 to 2**32 - 1.

    Examples
    --------
    >>> course_seed()
    0
    """
    text = os.environ.get(SEED_VARIABLE, "").strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or int(text) > LARGEST_SEED:
        raise ValueError(f"{SEED_VARIABLE} must be a whole number from 0 to {LARGEST_SEED}, got {text!r}")
    return int(text)


def rng(offset=0):
    """Make a random generator that depends on the course seed and on nothing else.

    Parameters
    ----------
    offset : int, default 0
        Picks one of many independent streams. Two places that must not share
        their random numbers use two offsets.

    Returns
    -------
    numpy.random.Generator
        The same numbers for the same pair of course seed and offset.

    Raises
    ------
    ValueError
        If `offset` is not a whole number of at least 0.

    Examples
    --------
    >>> bool(rng(1).random() == rng(1).random())
    True
    """
    import numpy as np

    if isinstance(offset, bool) or not hasattr(offset, "__index__") or int(offset) < 0:
        raise ValueError(f"offset must be a whole number of at least 0, got {offset!r}")
    return np.random.default_rng([course_seed(), int(offset)])


def set_seeds(*, frameworks=False):
    """Seed the generators that hold hidden state.

    Parameters
    ----------
    frameworks : bool, default False
        Seed Keras and TensorFlow too. This imports them, which takes seconds.

    Notes
    -----
    The seed is `course_seed`. Nothing is returned, so that a cell may end with this line.
    """
    import numpy as np

    seed = course_seed()
    random.seed(seed)
    np.random.seed(seed)
    if frameworks:
        import keras

        keras.utils.set_random_seed(seed)


def limit_threads(count):
    """Let numerical libraries use at most so many threads.

    Small matrices run faster on few threads, and a machine that many readers
    share stays usable. Call it in the first cells: libraries that start later
    read their limit when they start.

    Parameters
    ----------
    count : int
        Number of threads for each library, at least 1.

    Raises
    ------
    ValueError
        If `count` is not a whole number of at least 1.
    RuntimeError
        If TensorFlow has already started its threads.
    """
    if isinstance(count, bool) or not hasattr(count, "__index__") or int(count) < 1:
        raise ValueError(f"count must be a whole number of at least 1, got {count!r}")
    count = int(count)
    if "tensorflow" in sys.modules:
        threading = sys.modules["tensorflow"].config.threading
        try:
            threading.set_intra_op_parallelism_threads(count)
            threading.set_inter_op_parallelism_threads(count)
        except RuntimeError as error:
            raise RuntimeError(
                "TensorFlow has already started its threads: call limit_threads before the first "
                "tensor is made (restart the kernel, then run from the first cell)"
            ) from error
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(count)
    try:
        from threadpoolctl import threadpool_limits
    except ImportError:  # comes with scikit-learn
        return
    threadpool_limits(limits=count)


def versions(*packages):
    """Print one line that names the versions in use.

    Parameters
    ----------
    *packages : str
        Names as they are installed, for example ``"scikit-learn"``.

    Raises
    ------
    ValueError
        If a package is not installed. Nothing is printed then.
    """
    from importlib.metadata import PackageNotFoundError, version

    parts = [f"Python {platform.python_version()}"]
    for package in packages:
        try:
            parts.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            raise ValueError(
                f"package must be the name of something installed, got {package!r} "
                "(the name that pip uses: scikit-learn, not sklearn)"
            ) from None
    print("Versions: " + ", ".join(parts))
