"""Send one output with several MIME types to the place where the reader looks."""


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
