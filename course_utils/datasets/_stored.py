"""Keep what was slow to compute in the user's cache folder; never depend on it.

The folder is ``deep-learning-measured`` in ``$XDG_CACHE_HOME`` or ``~/.cache`` (Linux),
``~/Library/Caches`` (macOS), ``%LOCALAPPDATA%`` (Windows); ``COURSE_CACHE`` names
another one, and ``COURSE_CACHE=off`` none at all.
"""

import contextlib
import hashlib
import json
import os
import sys
import zlib
from pathlib import Path

from course_utils._writing import written_whole

VARIABLE = "COURSE_CACHE"


def folder():
    """Name the folder.

    Returns
    -------
    pathlib.Path or None
        None where nothing is kept. The folder need not exist yet.
    """
    named = os.environ.get(VARIABLE, "").strip()
    if named:
        return None if named.lower() == "off" else Path(named).expanduser()
    try:
        home = Path.home()
    except RuntimeError:  # a container without a home
        return None
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = home / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or home / ".cache"
    return Path(base) / "deep-learning-measured"


def _path(name, key):
    where = folder()
    return where and where / f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:16]}.bin"


def recall(name, key):
    """Read what `keep` stored.

    Parameters
    ----------
    name : str
        A word for the file's name.
    key : str
        Everything that the value depends on.

    Returns
    -------
    object or None
        What JSON makes of the value; None if nothing whole is stored under this key.
    """
    try:
        data = _path(name, key).read_bytes()
        if hashlib.sha256(data[32:]).digest() != data[:32]:
            return None
        stored = json.loads(zlib.decompress(data[32:]))
        return stored["value"] if stored["key"] == key else None
    except Exception:  # no folder, no file, no right to read, damage of any kind: it is computed anew
        return None


def keep(name, key, value):
    """Store a value for `recall`, as a whole or not at all; where that fails, silently not.

    Parameters
    ----------
    name, key : str
        As for `recall`.
    value : object
        Anything JSON can hold.
    """
    path = _path(name, key)
    if path is None:
        return
    packed = zlib.compress(json.dumps({"key": key, "value": value}).encode(), 6)
    with contextlib.suppress(OSError):  # a home that is read-only or full
        path.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(path) as file:
            file.write(hashlib.sha256(packed).digest() + packed)
