"""What readers see while something takes time, and stored outputs do not."""

import contextlib
import os
import sys

BUILD_VARIABLE = "COURSE_BUILD"


def progress(iterable, label, total=None):
    """Go through an iterable and show how far it has come.

    The bar appears after half a second and goes when the loop ends. Where the
    environment has ``COURSE_BUILD=1``, or nobody looks at a terminal or notebook,
    nothing is shown: notebooks are stored and compared without it.

    Parameters
    ----------
    iterable : iterable
        What to go through. Its items come out unchanged and in order.
    label : str
        What the loop does, in two or three words.
    total : int, optional
        Number of items, where `iterable` has no length.

    Returns
    -------
    iterator
        The items of `iterable`.

    Raises
    ------
    TypeError
        If `iterable` can't be gone through, or `label` is not text.
    ValueError
        If `label` is empty.

    Examples
    --------
    >>> sum(progress(range(4), "adding up"))
    6
    """
    items = iter(iterable)
    if not isinstance(label, str):
        raise TypeError(f"label must be text, got {type(label).__name__}")
    if not label.strip():
        raise ValueError("label must say what the loop does, got an empty text")
    if os.environ.get(BUILD_VARIABLE) == "1" or not _somebody_looks():
        return items
    if total is None and hasattr(iterable, "__len__"):
        total = len(iterable)
    return _shown(items, label.strip(), total)


def _somebody_looks():
    """Tell whether a notebook or a terminal can show a bar."""
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        return True
    return sys.stderr is not None and sys.stderr.isatty()


def _shown(items, label, total):
    """Yield the items below a bar; close the bar also when the loop is left early."""
    from tqdm.auto import tqdm

    with tqdm(total=total, desc=label, leave=False, delay=0.5) as bar:
        for item in items:
            yield item
            bar.update()


@contextlib.contextmanager
def loading(what):
    """Say that something large is being loaded, and keep its log lines off the page.

    TensorFlow writes lines past Python to the process's error stream when it starts.
    They look like faults and are none. What Python itself warns of or prints there still shows.

    Parameters
    ----------
    what : str
        What is loaded and how long it takes, for example ``"TensorFlow, about ten seconds"``.

    Raises
    ------
    TypeError
        If `what` is not text.

    Examples
    --------
    >>> with loading("the json module, no time at all"):
    ...     import json
    Loading the json module, no time at all ...
    """
    if not isinstance(what, str):
        raise TypeError(f"what must be text, got {type(what).__name__}")
    print(f"Loading {what} ...", flush=True)
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    still = open(kept, "w", buffering=1, closefd=False) if _writes_to(2) else sys.stderr
    os.dup2(nowhere, 2)
    try:
        with contextlib.redirect_stderr(still):
            yield
    finally:
        still.flush()
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _writes_to(descriptor):
    """Tell whether Python's error stream goes there; a notebook's goes to the page."""
    try:
        return sys.stderr.fileno() == descriptor
    except (AttributeError, OSError, ValueError):  # no stream, or one without a descriptor
        return False
