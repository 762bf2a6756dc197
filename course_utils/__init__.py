"""Helpers of the course "Deep Learning, Measured".

Import what a cell needs by name, for example ``from course_utils import claims, figures``.
Nothing heavy is loaded before a function needs it.
"""


def __getattr__(name):
    """Read the version from the installed package when somebody asks for it."""
    if name == "__version__":
        from importlib.metadata import version

        return version("deep-learning-measured")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
