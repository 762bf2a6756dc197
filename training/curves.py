"""The curve of a training: a point for each time that it was measured."""


def add_point(curve, point):
    """Append a point; one for the same place as the last takes its place.

    Parameters
    ----------
    curve : list of list
        Changed in place.
    point : list
        How far the training is, then what was measured; None where nothing was, as the loss of a training
        that made no update since it was started: what an earlier point for the same place says stays.
    """
    if curve and curve[-1][0] == point[0]:
        point = [old if new is None else new for old, new in zip(curve.pop(), point, strict=True)]
    curve.append(point)
