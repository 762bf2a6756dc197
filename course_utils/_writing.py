"""Write a file whole or not at all."""

import contextlib
import os
import tempfile
from pathlib import Path

UNFINISHED = ".part"  # Git ignores what ends so


@contextlib.contextmanager
def written_whole(path, durable=False):
    """Give a place to write a file to, and put it where it belongs when all of it is there.

    Whoever reads sees the old file or the new one, never a part; a write that fails leaves no trace. A file that
    was there keeps its mode; a new one can be read by all.

    Parameters
    ----------
    path : Path
    durable : bool, default False
        Wait until it is on the disk. It takes a moment; some disks say only then that they are full.

    Yields
    ------
    file
        Open for bytes.
    """
    path, temporary = Path(path), None
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=UNFINISHED)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if durable:
                os.fsync(handle)
        os.chmod(temporary, path.stat().st_mode & 0o777 if path.is_file() else 0o644)  # a table of grades stays private
        os.replace(temporary, path)
    except BaseException as error:
        if isinstance(error, OSError) and error.errno and str(error.filename or UNFINISHED).endswith(UNFINISHED):
            error.filename = str(path)  # a full disk doesn't say which file it was, and nobody knows the temporary one
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise
