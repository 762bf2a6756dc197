"""Small images: warps, augmentation, a convolutional network and its training.

Lecture 06, Convolutional networks, derives and shows each of these functions; later
lectures take them from here. A test compares both.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray


def _images(name: str, images: Any) -> Any:
    import numpy as np

    array = np.asarray(images)
    if array.ndim != 3 or array.shape[1] != array.shape[2] or not np.issubdtype(array.dtype, np.number):
        raise ValueError(f"{name} must be numbers of shape (n, size, size), got {array.dtype} {array.shape}")
    return array


def warp(images: Array, matrices: Array, shifts: Array) -> Array:
    """Read each image at moved places: turned, stretched, sheared and shifted.

    Between pixels the four neighbours are mixed (bilinear interpolation), outside is
    paper (0). The place (row, column), counted from the centre, is read at
    ``matrix @ place + shift``.

    Parameters
    ----------
    images : ndarray of shape (n, size, size)
        Grey images.
    matrices : ndarray of shape (n, 2, 2) or (2, 2)
        Where each place is read.
    shifts : array_like of shape (n, 2) or (1, 2)
        In pixels: rows, columns.

    Returns
    -------
    ndarray of shape (n, size, size)

    Raises
    ------
    ValueError
        If a shape doesn't fit.

    References
    ----------
    Lecture 06, "Which two pictures are most alike?".
    """
    import numpy as np

    images, matrices, shifts = _images("images", images), np.asarray(matrices), np.asarray(shifts)
    n, size, _ = images.shape
    if matrices.shape[-2:] != (2, 2) or matrices.shape[:-2] not in ((), (1,), (n,)):
        raise ValueError(f"matrices must be ({n}, 2, 2) or (2, 2), got {matrices.shape}")
    if shifts.shape not in ((n, 2), (1, 2)):
        raise ValueError(f"shifts must be ({n}, 2) or (1, 2), got {shifts.shape}")
    centre = (size - 1) / 2
    grid = np.indices((size, size)).reshape(2, -1) - centre  # (2, size * size)
    places = matrices @ grid + centre + shifts[:, :, None]  # (n, 2, size * size)
    rows, columns = places[:, 0], places[:, 1]
    top, left = np.floor(rows).astype(int), np.floor(columns).astype(int)
    padded, which, result = np.pad(images, ((0, 0), (1, 1), (1, 1))), np.arange(n)[:, None], 0.0
    for r, c in product((0, 1), (0, 1)):
        share = np.abs(1 - r - (rows - top)) * np.abs(1 - c - (columns - left))
        i, j = (np.clip(place + 1, 0, size + 1) for place in (top + r, left + c))
        result = result + share * padded[which, i, j]
    return result.reshape(images.shape)


def turns(degrees: Array) -> Array:
    """Give one rotation matrix per angle.

    Parameters
    ----------
    degrees : array_like of shape (n,)

    Returns
    -------
    ndarray of shape (n, 2, 2)
    """
    import numpy as np

    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.moveaxis(np.array([[cos, -sin], [sin, cos]]), 2, 0)


def jiggle(images: Array, rng: np.random.Generator, strength: float = 1.0) -> Array:
    """Give each image a fresh nuisance: turned, stretched, slanted and moved a little.

    At strength 1 the angle is at most 13 degrees, the stretch 13 %, the shear 0.2 and
    the shift 0.8 pixels.

    Parameters
    ----------
    images : ndarray of shape (n, size, size)
    rng : numpy.random.Generator
    strength : float, default 1.0
        Factor for all four, at least 0.

    Returns
    -------
    ndarray of shape (n, size, size)

    Raises
    ------
    ValueError
        If a shape doesn't fit or `strength` is negative.

    References
    ----------
    Lecture 06, "Stack them: the Neocognitron".
    """
    import numpy as np

    if not strength >= 0:
        raise ValueError(f"strength must be at least 0, got {strength!r}")
    n = len(_images("images", images))
    stretch = np.exp(strength * rng.uniform(-0.13, 0.13, size=(n, 2)))
    matrices = turns(strength * rng.uniform(-13, 13, size=n)) * stretch[:, None, :]
    matrices[:, 1, 0] += strength * rng.uniform(-0.2, 0.2, size=n)
    return warp(images, matrices, strength * rng.uniform(-0.8, 0.8, size=(n, 2)))


def lenet(shape: tuple[int, int, int] = (8, 8, 1), filters: tuple[int, int, int] = (32, 32, 64)) -> Any:
    """Build three convolutions and two poolings, then one dense layer with ten outputs.

    Parameters
    ----------
    shape : tuple of three ints
        Rows, columns and channels of an image.
    filters : tuple of three ints
        Maps of each convolution.

    Returns
    -------
    keras.Sequential
        From (n, rows, columns, channels) to logits (n, 10).

    References
    ----------
    Lecture 06, "LeNet: learn all the kernels", after LeCun et al., Proceedings of the
    IEEE 86, 1998.
    """
    import keras
    from keras import layers

    def convolution(count: int) -> Any:
        return layers.Conv2D(count, 3, padding="same", activation="relu")

    return keras.Sequential(
        [
            keras.Input(shape),
            convolution(filters[0]),
            convolution(filters[1]),
            layers.MaxPool2D(),
            convolution(filters[2]),
            layers.MaxPool2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(10),
        ]
    )


def train(
    model: Any,
    x: Array,
    y: Array,
    epochs: int,
    rng: np.random.Generator,
    learning_rate: float = 4e-3,
    batch: int = 64,
    change: Callable[[Array, np.random.Generator], Array] | None = None,
    smoothing: float = 0.0,
) -> Any:
    """Train a classifier with Adam at a rate that falls to zero, an epoch in each call of TensorFlow.

    Parameters
    ----------
    model : keras.Model
        From (n, ..., 1) to logits (n, classes).
    x : ndarray of shape (n, ...)
        Inputs without the channel.
    y : ndarray of int, shape (n,)
        Classes.
    epochs : int
    rng : numpy.random.Generator
        Shuffles, and feeds `change`.
    learning_rate : float
        Of the first epoch.
    batch : int
        Examples in a step. What fills no batch waits for the next epoch.
    change : callable, optional
        ``change(x, rng)`` gives the inputs of an epoch.
    smoothing : float, default 0
        Share of each target that is spread over all classes (Szegedy et al., 2016).

    Returns
    -------
    keras.Model
        The same model, trained.

    Raises
    ------
    ValueError
        If `x` and `y` differ in length, or `batch` is larger than both.

    References
    ----------
    Lecture 06, "Does it matter? Scatter the digits".
    """
    import keras
    import tensorflow as tf

    from course_utils import progress

    if len(x) != len(y) or not 0 < batch <= len(x):
        raise ValueError(f"x and y must have one length of at least batch={batch}, got {len(x)} and {len(y)}")
    num_batches = len(x) // batch
    optimizer = keras.optimizers.Adam(learning_rate)
    optimizer.build(model.trainable_variables)
    measure = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    @tf.function(jit_compile=False)
    def epoch(x_batches, y_batches):
        for i in tf.range(num_batches):
            with tf.GradientTape() as tape:
                loss = measure(y_batches[i], model(x_batches[i], training=True))
            optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    targets = keras.utils.to_categorical(y, model.output_shape[-1])  # (n, classes)
    for number in progress.progress(range(epochs), "training"):
        optimizer.learning_rate.assign(learning_rate * (1 - number / epochs))
        shown = x if change is None else change(x, rng)
        order = rng.permutation(len(x))[: num_batches * batch].reshape(num_batches, batch)
        epoch(tf.constant(shown[order][..., None], tf.float32), tf.constant(targets[order], tf.float32))
    return model


def logits_of(model: Any, images: Array) -> Array:
    """Give a model's answers without training noise.

    Parameters
    ----------
    model : keras.Model
        From (n, ..., 1) to logits (n, classes).
    images : ndarray of shape (n, ...)
        Inputs without the channel.

    Returns
    -------
    ndarray of float32, shape (n, classes)
    """
    import tensorflow as tf

    return model(tf.constant(images[..., None], tf.float32), training=False).numpy()


def accuracy(model: Any, images: Array, labels: Array) -> float:
    """Share of images whose largest logit is that of their class.

    Parameters
    ----------
    model : keras.Model
        From (n, ..., 1) to logits (n, classes).
    images : ndarray of shape (n, ...)
        Inputs without the channel.
    labels : ndarray of int, shape (n,)
        Classes.

    Returns
    -------
    float
        Between 0 and 1.

    Raises
    ------
    ValueError
        If `images` and `labels` differ in length.
    """
    if len(images) != len(labels):
        raise ValueError(f"images and labels must have one length, got {len(images)} and {len(labels)}")
    return float((logits_of(model, images).argmax(axis=1) == labels).mean())
