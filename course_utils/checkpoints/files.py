"""Files of arrays with a record inside, checked when read."""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

FORMAT = 1
RECORD = "record.json"  # name of the record inside the file


class CheckpointError(RuntimeError):
    """A checkpoint is missing, damaged, of another format, or doesn't fit; the message says which."""


def pack(arrays: Mapping[str, Array], record: Mapping[str, Any], *, small: bool = True) -> bytes:
    """Make the content of an .npz, its record first; the same arrays give the same bytes.

    Parameters
    ----------
    arrays : mapping of str to ndarray
    record : mapping
        Plain JSON values.
    small : bool, default True
        Compress, which takes longer.

    Returns
    -------
    bytes

    Raises
    ------
    ValueError
        If an array holds objects: they could only be pickled.
    """
    import numpy as np

    packed = io.BytesIO()
    method = zipfile.ZIP_DEFLATED if small else zipfile.ZIP_STORED
    with zipfile.ZipFile(packed, "w") as archive:
        parts = [(RECORD, json.dumps(record, allow_nan=False).encode())]
        for name, array in arrays.items():
            file = io.BytesIO()
            np.lib.format.write_array(file, np.asarray(array), allow_pickle=False)
            parts.append((f"{name}.npy", file.getvalue()))
        for name, content in parts:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return packed.getvalue()


def unpack(path: Path) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read what `pack` made.

    Parameters
    ----------
    path : Path

    Returns
    -------
    arrays, record : dict

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If it isn't whole, was made by something else, or has another format.
    """
    import numpy as np

    try:
        with zipfile.ZipFile(path) as archive:
            record = json.loads(archive.read(RECORD))
            arrays = {
                name.removesuffix(".npy"): np.lib.format.read_array(
                    io.BytesIO(archive.read(name)), allow_pickle=False
                )
                for name in archive.namelist()
                if name != RECORD
            }
    except FileNotFoundError:
        raise
    except (
        OSError, EOFError, KeyError, ValueError, RuntimeError, MemoryError, struct.error, zlib.error, zipfile.BadZipFile,
    ) as reason:  # fmt: skip
        raise CheckpointError(f"{path.name} is damaged or no checkpoint ({reason})") from reason
    found = record.get("format") if isinstance(record, dict) else None
    if found != FORMAT:
        raise CheckpointError(
            f"{path.name} has format {found!r}, this course reads {FORMAT}: make it again with its script"
        )
    return arrays, record
