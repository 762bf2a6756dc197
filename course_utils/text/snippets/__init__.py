"""Code that a network wrote: cut a function out, parse it, and call it in a process of its own."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

ENDED_WELL = "ran"
LONGEST = 100_000  # characters of a snippet


def first_function(text: str) -> str:
    """Cut out the function that a text begins with.

    Parameters
    ----------
    text : str
        Source code whose first line begins a function, ``def name(...``.

    Returns
    -------
    str
        Its lines, up to the next line that isn't indented. If the text ends before,
        its last line is left out: it may be half a line. (A first line always stays.)

    Raises
    ------
    ValueError
        If `text` doesn't begin with ``def``.

    Examples
    --------
    >>> first_function("def f(x):\\n    return x\\n\\n\\ny = 1\\n")
    'def f(x):\\n    return x\\n'
    """
    if not isinstance(text, str) or not text.startswith("def "):
        raise ValueError(f"text must begin with 'def ', got {str(text)[:20]!r}")
    lines = text.split("\n")
    for number, line in enumerate(lines[1:-1], start=1):
        closes = line.startswith((")", "]", "}"))  # the end of a long head
        if line and not line[0].isspace() and not closes:
            return "\n".join(lines[:number]).rstrip() + "\n"
    return "\n".join(lines[:-1] or lines).rstrip() + "\n"


def parses(code: str) -> bool:
    """Say whether Python accepts the form of a piece of code, without running it.

    Parameters
    ----------
    code : str

    Returns
    -------
    bool

    Examples
    --------
    >>> parses("def f(x):\\n    return purple(x)\\n"), parses("def f(x:\\n    return")
    (True, False)
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(ast.parse(code), "<snippet>", "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError):
        return False
    return True


def runs(code: str, *, known: tuple[str, ...] = (), seconds: float = 3.0) -> bool:
    """Call the first function of a piece of code with stand-ins, in a process of its own.

    Every argument without a default is a stand-in: an object that has each attribute, can
    be called, counted, compared and gone through. So are all modules of the standard
    library, and the built-in functions that reach outside (``open``, ``exec``, ...). What
    remains to fail are names that nobody defined, and operations that fit no object.

    Parameters
    ----------
    code : str
        Source code with a function at its top level; an ``async def`` doesn't run.
    known : tuple of str
        More names that are bound to stand-ins.
    seconds : float, default 3.0
        Time limit. A function that takes longer doesn't run.

    Returns
    -------
    bool
        Whether the function came to its end without an exception.

    Raises
    ------
    ValueError
        If `code` is too long or `seconds` isn't positive.

    Notes
    -----
    The process is an isolated Python (``-I -S``) in an empty folder, with an empty
    environment, no input, and, where the system allows it, limits on processor time,
    memory and the size of files (0). That keeps accidents in; it's no wall against
    code that wants to get out.

    Examples
    --------
    >>> runs("def f(x):\\n    return x.size + 1\\n"), runs("def f(x):\\n    return purple(x)\\n")
    (True, False)
    """
    if not isinstance(code, str) or len(code) > LONGEST:
        raise ValueError(f"code must be a text of at most {LONGEST:,} characters, got {type(code).__name__}")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
        raise ValueError(f"seconds must be above 0, got {seconds!r}")
    if not parses(code):
        return False
    job = json.dumps({"code": code, "known": [*known], "seconds": seconds})
    runner = Path(__file__).with_name("runner.py")
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(
                [sys.executable, "-I", "-S", str(runner)], input=job, capture_output=True, text=True,
                timeout=seconds + 2, cwd=folder, env={}, check=False,
            )  # fmt: skip
        except (subprocess.TimeoutExpired, UnicodeDecodeError):
            return False
    return done.returncode == 0 and done.stdout.endswith(ENDED_WELL)
