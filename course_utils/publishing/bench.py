"""Comparisons of speed with other libraries; they live in the folder `benchmarks`."""

import importlib
import sys

from course_utils.publishing.project import Problem, Project


def main(argv=None):
    """Run the comparisons: see ``bench --help``."""
    return _module("benchmarks.__main__").main(argv)


def peers(argv=None):
    """Make the environment of the peers: see ``bench-peers --help``."""
    return _module("benchmarks.peers").main(argv)


def _module(name):
    root = Project.find().root
    if not (root / "benchmarks").is_dir():
        raise Problem("this checkout has no folder benchmarks")
    if str(root) not in sys.path:
        sys.path.insert(0, str(root))
    return importlib.import_module(name)
