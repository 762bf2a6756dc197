"""The checkout: where things are, and what pyproject.toml says about them."""

import difflib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

DISTRIBUTION = "deep-learning-measured"
LECTURE_NAME = re.compile(r"\d\d_[a-z][a-z0-9]*(?:_[a-z0-9]+)*")


class Problem(Exception):
    """Something the person at the keyboard can mend; shown without a traceback."""


@dataclass(frozen=True)
class Project:
    """One checkout of the course.

    Parameters
    ----------
    root : Path
        The folder that holds pyproject.toml.
    version : str
        Release that the notebooks are written for.
    repository : str
        Web address of the repository, without a slash at the end.
    """

    root: Path
    version: str
    repository: str

    @classmethod
    def at(cls, root):
        """Read the project in one folder; `Problem` if there is none."""
        path = Path(root).resolve() / "pyproject.toml"
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
            repository = data["urls"]["Repository"].rstrip("/")
            return cls(path.parent, data["version"], repository)
        except FileNotFoundError:
            raise Problem(f"no pyproject.toml in {path.parent}: run this in the course's folder") from None
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise Problem(f"{path} does not describe the course: {error!r}") from None

    @classmethod
    def find(cls, start=None):
        """Find the project that a folder belongs to, by default the current one."""
        start = Path(start or Path.cwd()).resolve()
        for folder in (start, *start.parents):
            path = folder / "pyproject.toml"
            if path.is_file() and DISTRIBUTION in path.read_text(encoding="utf-8"):
                return cls.at(folder)
        raise Problem(f"{start} is not inside a checkout of {DISTRIBUTION}: run this in the course's folder")

    @property
    def notebooks(self):
        """Folder of the executed notebooks."""
        return self.root / "notebooks"

    @property
    def twins(self):
        """Folder of the text that people edit."""
        return self.notebooks / "text"

    @property
    def build(self):
        """Folder of everything that can be built again."""
        return self.root / "_build"

    def twin(self, lecture):
        """Place of a lecture's text."""
        return self.twins / f"{lecture}.md"

    def notebook(self, lecture):
        """Place of a lecture's executed notebook."""
        return self.notebooks / f"{lecture}.ipynb"

    def lectures(self):
        """Names of all lectures, in the order of the course."""
        return sorted(path.stem for path in self.twins.glob("*.md") if LECTURE_NAME.fullmatch(path.stem))

    def choose(self, wanted=()):
        """Turn what somebody typed into names of lectures; nothing means all.

        Parameters
        ----------
        wanted : sequence of str
            Names, numbers or paths: ``01``, ``perceptrons``, ``notebooks/text/01_perceptrons.md``.
        """
        known = self.lectures()
        if not wanted:
            return known
        chosen = []
        for word in wanted:
            name = Path(word).name.removesuffix(".md").removesuffix(".ipynb")
            hits = [lecture for lecture in known if name in (lecture, lecture[:2], lecture[3:])]
            if len(hits) != 1:
                close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
                guess = f"did you mean {close[0]}? " if close else ""
                raise Problem(f"no lecture {word!r}: {guess}There are: {', '.join(known) or 'none yet'}")
            chosen += hits
        return sorted(set(chosen))


def field_of(lecture):
    """Field of a lecture: ``01_perceptrons`` gives ``perceptrons``."""
    return lecture[3:]
