"""Send one output with several MIME types to the place where the reader looks."""

import base64

SHORTEST_ALT = 40  # characters


def send(bundle, metadata=None):
    """Display one output in a notebook, or print its plain text in a terminal.

    Parameters
    ----------
    bundle : dict of str to object
        The same content in several MIME types; ``text/plain`` is one of them.
    metadata : dict, optional
        What the notebook keeps beside each type.
    """
    from IPython import get_ipython

    if get_ipython() is None:
        print(bundle["text/plain"])
        return
    from IPython.display import display

    display(bundle, metadata=metadata or {}, raw=True)


def in_words(alt, purpose):
    """Check the words that stand for a picture, and put single spaces between them.

    Parameters
    ----------
    alt : str
    purpose : str
        What they must do, for the complaint.

    Returns
    -------
    str

    Raises
    ------
    TypeError
        If `alt` is not text.
    ValueError
        If it is too short, or repeats a few words.
    """
    if not isinstance(alt, str):
        raise TypeError(f"alt must be text, got {type(alt).__name__}")
    alt = " ".join(alt.split())
    if len(alt) < SHORTEST_ALT or len(set(alt.split())) < 6:
        raise ValueError(
            f"alt must {purpose}, in {SHORTEST_ALT} characters or more and in words, got {len(alt)}: {alt!r}"
        )
    return alt


def send_picture(png, alt, width):
    """Display a picture with the words that stand for it.

    Parameters
    ----------
    png : bytes
    alt : str
        From `in_words`.
    width : int
        On the page, in its pixels.
    """
    content = base64.b64encode(png).decode("ascii")
    send({"image/png": content, "text/plain": f"Figure: {alt}"}, {"image/png": {"alt": alt, "width": width}})
