"""The `lecture` fixture: functions as readers see them, taken out of the stored notebooks."""

import ast
import builtins
import itertools
import linecache
from functools import cached_property
from pathlib import Path
from unittest import mock

import pytest

from course_utils import reproducibility
from course_utils.publishing import notebooks, slicing
from course_utils.publishing.project import Project
from course_utils.publishing.sources import tree_of

PROJECT = Project.at(Path(__file__).resolve().parents[2])
PIECE = itertools.count(1)  # every piece of code has a file name of its own


class LectureCode:
    """Code of one lecture.

    Parameters
    ----------
    name : str
        For messages, for example ``"01_perceptrons"``.
    notebook : NotebookNode
    """

    def __init__(self, name, notebook):
        self.name = name
        self.cells = [
            (cell.source, set(cell.metadata.get("tags", []))) for cell in notebook.cells if cell.cell_type == "code"
        ]
        self._known, self._reads = {}, {}  # a test takes many functions: each cell is parsed once

    @cached_property
    def trees(self):
        """The cells as syntax trees, with their tags. Nobody changes them."""
        return [(tree_of(source), tags) for source, tags in self.cells]

    def function(self, name, *, solution=False, **given):
        """Take one function or class, with the imports and functions behind it, and run nothing else.

        Parameters
        ----------
        name : str
            Name of the function. Of several definitions the last one counts.
        solution : bool, default False
            Look in the solutions of the exercises too; a definition there counts first.
        **given : object
            Values of the lecture that the function reads, for example ``strips=...``.
            Constants in capitals come along without being given.
        """
        return self.functions(name, solution=solution, **given)[name]

    def functions(self, *names, solution=False, **given):
        """Take several functions that share one namespace, as a dict by name; see `function`.

        Without names all are taken. One that reads a value which the lecture computes is among
        them, and raises a NameError when it is called.
        """
        known = self._definitions(solution)
        everything = not names
        if everything:
            names = [key for key, node in known.items() if isinstance(node, ast.FunctionDef | ast.ClassDef)]
        for name in names:
            if not isinstance(known.get(name), ast.FunctionDef | ast.ClassDef):
                found = sorted(key for key, node in known.items() if isinstance(node, ast.FunctionDef | ast.ClassDef))
                raise LookupError(f"{self.name} defines no function {name}; it defines {', '.join(found)}")
        chosen, waiting, missing = [], list(names), {}
        while waiting:
            node = known[waiting.pop()]
            if node in chosen:
                continue
            chosen.append(node)
            for read in self._read_by(node) - set(given):
                if read in known:
                    waiting.append(read)
                else:
                    missing[read] = getattr(node, "name", read)
        if missing and not everything:
            name, reader = sorted(missing.items())[0]
            raise LookupError(f"{reader} reads {name}, which {self.name} computes: give it, function(..., {name}=...)")
        order = [id(node) for node in known.values()]
        body = sorted(chosen, key=lambda node: (not isinstance(node, ast.Import | ast.ImportFrom), order.index(id(node))))
        values = self._run(body, dict(given))
        return {name: values[name] for name in names}

    def solutions(self, number):
        """Names of the functions that the solution of an exercise hands to its check, one list for each call."""
        found, defined = [], self._definitions(solution=True)
        for node in (node for tree, tags in self.trees if "solution" in tags for node in ast.walk(tree)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "checks.check" and node.args[0].value == number:
                found.append([ast.unparse(answer) for answer in node.args[1:]])
        return [names for names in found if all(isinstance(defined.get(name), ast.FunctionDef) for name in names)]

    def namespace(self, *names, upto=None):
        """Run the cells that some values need, or all cells above a place, and return what they bound.

        Threads stay as they are: another test may have started TensorFlow's.

        Parameters
        ----------
        *names : str
            Values that are wanted, for example ``"bound"``.
        upto : str, optional
            Text of the first cell that is not to be run; nothing else is left out then.
        """
        sources = [source for source, tags in self.cells if not {"exercise", "solution", "colab-setup"} & tags]
        if upto is not None:
            places = [index for index, source in enumerate(sources) if upto in source]
            if not places:
                raise LookupError(f"{self.name} has no cell that holds {upto!r}")
            chosen = range(places[0])
        else:
            chosen = slicing.needed_cells(sources, names=names)
        values = {}
        with mock.patch.object(reproducibility, "limit_threads"):
            for index in chosen:
                self._run(tree_of(sources[index]).body, values)
        lost = [name for name in names if name not in values]
        if lost:
            raise LookupError(f"{self.name} computes no {', '.join(lost)}")
        return values

    def _definitions(self, solution):
        """Imports, functions, classes and constants of the top level by name, the last one of each."""
        if solution in self._known:
            return self._known[solution]
        known, late = {}, {}
        for tree, tags in self.trees:
            if "colab-setup" in tags or "exercise" in tags or ("solution" in tags and not solution):
                continue
            for node in tree.body:
                target = late if "solution" in tags else known
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    target[node.name] = node
                elif isinstance(node, ast.Import | ast.ImportFrom):
                    for alias in node.names:
                        bound = (alias.asname or alias.name).partition(".")[0]
                        only = ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), "names": [alias]}), node)
                        target.setdefault(bound, only)
                elif isinstance(node, ast.Assign) and all(name.isupper() for name in slicing.bound(node)):
                    target.update(dict.fromkeys(slicing.bound(node), node))
        return self._known.setdefault(solution, known | late)

    def _read_by(self, node):
        """Names of the lecture that one of its definitions reads."""
        if node not in self._reads:
            imported = isinstance(node, ast.Import | ast.ImportFrom)
            self._reads[node] = set() if imported else slicing.used(node) - set(dir(builtins))
        return self._reads[node]

    def _run(self, body, values):
        import matplotlib

        matplotlib.use("agg")
        values.setdefault("__name__", self.name)
        source = ast.unparse(ast.Module(body=list(body), type_ignores=[]))
        place = f"<{self.name}, piece {next(PIECE)}>"
        linecache.cache[place] = (len(source), None, source.splitlines(keepends=True), place)  # tf.function reads it
        exec(compile(source, place, "exec"), values)
        return values


@pytest.fixture(scope="session")
def lecture():
    """Open a lecture by its name: ``lecture("01_perceptrons").function("perceptron_step")``."""
    opened = {}

    def open_lecture(name):
        if name not in opened:
            path = PROJECT.notebook(name)
            if not path.is_file():
                raise LookupError(f"there is no lecture {name}; there are {', '.join(PROJECT.lectures())}")
            opened[name] = LectureCode(name, notebooks.read_notebook(path))
        return opened[name]

    return open_lecture
