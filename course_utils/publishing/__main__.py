"""Commands of the course: ``python -m course_utils.publishing COMMAND``."""

import difflib
import importlib
import sys

from course_utils.publishing.files import mendable
from course_utils.publishing.project import Problem

# command: module that holds `main(argv)`, and what it does
COMMANDS = {
    "book": ("book", "build the textbook and the decks from the stored outputs"),
    "slides": ("decks", "build the slide decks only"),
    "run": ("running", "run the lectures that changed and store their outputs"),
    "lab": ("desk:lab", "open the notebooks in JupyterLab"),
    "test": ("proof", "the whole proof: code, lectures, notebooks, book, browser"),
    "robust": ("robust", "measure every claim under other seeds and kernels"),
    "bench": ("bench", "compare our speed with other libraries, quality first"),
    "bench-peers": ("bench:peers", "install those libraries into .venv-peers"),
    "assignments": ("assignments", "make the edition without solutions, or grade a class with --grade FOLDER"),
    "colab": ("colab", "run every lecture from its first cell with Colab's versions"),
    "new-lecture": ("skeleton", "start a lecture: new-lecture 03_depth_and_initialization"),
    "clean": ("desk:clean", "remove what was built, keep what was stored"),
    "help": ("", "this list"),
}


def usage():
    """The list of commands, one to a line."""
    lines = [f"  {name:<12} {what}" for name, (_, what) in COMMANDS.items()]
    return "Commands (each knows --help):\n" + "\n".join(lines)


def main(argv=None):
    """Hand over to one command; its exit status is the result."""
    argv = list(sys.argv[1:] if argv is None else argv)
    command, rest = (argv[0], argv[1:]) if argv else ("help", [])
    if command in ("help", "-h", "--help"):
        print(usage())
        return 0
    if command not in COMMANDS:
        close = difflib.get_close_matches(command, COMMANDS, n=1)
        guess = f" Did you mean {close[0]}?" if close else ""
        print(f"no command {command!r}.{guess}\n{usage()}", file=sys.stderr)
        return 2
    module, _, function = COMMANDS[command][0].partition(":")
    for stream in (sys.stdout, sys.stderr):  # ticks and arrows in names, whatever the terminal's code page
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        with mendable():
            work = importlib.import_module(f"course_utils.publishing.{module}")
            return getattr(work, function or "main")(rest) or 0
    except Problem as problem:
        print(f"{command}: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{command}: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    raise SystemExit(main())
