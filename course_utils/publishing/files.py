"""Files of a checkout: written in one step, by one command at a time, and clear about what went wrong."""

import contextlib
import errno
import os
import re
import shutil
import time
from pathlib import Path

from course_utils._writing import UNFINISHED, written_whole
from course_utils.publishing.project import Problem

_FULL = (errno.ENOSPC, errno.EDQUOT)
_REFUSED = (errno.EACCES, errno.EPERM)
_BUSY = (errno.EAGAIN, errno.EACCES, errno.EDEADLK)  # what a lock answers that somebody else holds


def write_text(path, text):
    """Replace a file in one step, with line ends as Git stores them."""
    with written_whole(path, durable=True) as file:
        file.write(text.encode())


def copy(source, place):
    """Copy a file in one step, and return its place: what `shutil.copytree` takes as its function."""
    with open(source, "rb") as old, written_whole(place) as new:
        shutil.copyfileobj(old, new)
    return place


def sweep(path):
    """Remove what a write that was killed has left beside a file. Nobody else may be writing it."""
    for left in Path(path).parent.glob(f".{Path(path).name}.*{UNFINISHED}"):
        left.unlink(missing_ok=True)


def put_folder(folder, place, aside):
    """Move a folder to its place; where an older one is, that goes aside first.

    Parameters
    ----------
    folder, place : Path
    aside : Path
        Where the older one goes; its folder must be on the same disk, and is to be removed by the caller.
    """
    older = place.exists()
    if older:
        os.rename(place, aside)
    try:
        os.rename(folder, place)
    except BaseException:
        if older:
            os.rename(aside, place)
        raise


@contextlib.contextmanager
def only_one(build, name, what):
    """Let one process at a time do something; a second one says who is at it, and waits.

    The system frees the lock when its process ends, in whatever way: there are no stale locks.

    Parameters
    ----------
    build : Path
        Folder of what is built; made when missing.
    name : str
        Of the lock.
    what : str
        What is done, for the others: ``"builds the book"``.

    Yields
    ------
    file
        A child process that inherits it holds the lock too.
    """
    path = Path(build) / f"{name}.lock"
    told = False
    while True:
        with _open(path) as file:
            if _lock(file):
                if not _is(file, path):
                    continue  # `clean` has removed it since it was opened
                try:
                    file.truncate(0)
                    file.write(f"process {os.getpid()}".encode())
                except OSError as error:
                    error.filename = str(path)
                    raise
                yield file
                return
            if not told:
                print(f"{_owner(file) or 'another process'} {what} here; waiting for it to end", flush=True)
            told = True
        time.sleep(0.2)


def building(build):
    """Be the one that writes into ``_build/html``: see `only_one`."""
    return only_one(build, "book", "builds the book or the slides")


def _open(path):
    """Open the file of a lock; its folder is made when it is missing, and `clean` may remove it at any moment."""
    while True:
        try:
            return open(path, "a+b", buffering=0)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)


def _lock(file):
    """Take the lock, or return False where another process holds it."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(1 << 20)  # a byte that nobody reads: who holds the lock stands before it
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _BUSY:
            return False
        # a disk of the network that knows no locks: go on without one
    return True


def _owner(file):
    file.seek(0)
    return file.read(100).decode(errors="replace").strip()


def _is(file, path):
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def explained(error):
    """Say what a person can do about an error of the system.

    Parameters
    ----------
    error : OSError

    Returns
    -------
    Problem or None
        None for an error that nobody at the keyboard can mend: its traceback is wanted.
    """
    place, text = error.filename2 or error.filename, str(error)  # of a copy both
    if isinstance(error, shutil.Error) and error.args and isinstance(error.args[0], list):
        _, place, text = error.args[0][0]  # of many copies that failed
    number = error.errno or int((re.search(r"\[Errno (\d+)\]", text) or [0, 0])[1])
    if number == errno.ENOENT and "No usable temporary directory" in text:
        return Problem("no folder for temporary files can be written: make room on the disk, or set TMPDIR to another one")
    where = f"{place} can't be written" if place else "a file can't be written"
    if number in _FULL:
        return Problem(f"the disk is full: {where}. What was stored is as it was: make room and run this again")
    if number == errno.EROFS:
        return Problem(f"the disk is read-only: {where}. Copy the course to a folder of your own and run this there")
    if number in _REFUSED:
        also = ", or another program has it open" if os.name == "nt" else ""
        return Problem(f"no permission for {error.filename or place or 'a file'}: it belongs to somebody else{also}. Copy the course to a folder of your own")
    return None


@contextlib.contextmanager
def mendable():
    """Turn what `explained` can explain into a `Problem`."""
    try:
        yield
    except OSError as error:
        problem = explained(error)
        if problem is None:
            raise
        raise problem from None
