"""Two natural photographs that come with scikit-learn."""

import hashlib
import io

from course_utils.datasets.base import DatasetError

PHOTOS = {  # name of the file: SHA-256 of its bytes
    "china.jpg": "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29",
    "flower.jpg": "a77f6ec41e353afdf8bdff2ea981b2955535d8d83294f8cfa49cf4e423dd5638",
}
PHOTO_SHAPE = (427, 640, 3)


def load_photos():
    """Load two photographs, a temple and a flower, in colour.

    Returns
    -------
    ndarray of shape (2, 427, 640, 3), float64
        Red, green and blue from 0 (dark) to 1. Changing it changes a copy.

    Raises
    ------
    DatasetError
        If the files that come with scikit-learn are missing or damaged.

    Notes
    -----
    The pictures are by danielbuechele and vultilion, CC BY 2.0.

    Examples
    --------
    >>> load_photos().shape
    (2, 427, 640, 3)
    """
    import numpy as np
    from PIL import Image

    way_out = "Reinstall it: python -m pip install --force-reinstall --no-deps scikit-learn"
    photos = np.empty((len(PHOTOS), *PHOTO_SHAPE))
    for index, (name, known) in enumerate(PHOTOS.items()):
        try:
            data = _read_bytes(name)
        except Exception as error:  # the package or the file system: always the same advice
            raise DatasetError(f"scikit-learn's photo {name} can't be read ({error}). {way_out}") from error
        if hashlib.sha256(data).hexdigest() != known:
            raise DatasetError(f"scikit-learn's photo {name} is not the one this course was measured on. {way_out}")
        pixels = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        if pixels.shape != PHOTO_SHAPE:
            raise DatasetError(f"{name} must have shape {PHOTO_SHAPE}, got {pixels.shape}. {way_out}")
        photos[index] = pixels / 255.0
    return photos


def _read_bytes(name):
    """Read one file of scikit-learn's sample images."""
    from importlib import resources

    return resources.files("sklearn.datasets.images").joinpath(name).read_bytes()
