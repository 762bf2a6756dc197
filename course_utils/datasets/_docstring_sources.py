"""Read docstrings from source files: find, parse, clean, leave out what was copied."""

import ast
import gc
import inspect
import re
import unicodedata

from course_utils.datasets._copies import copied_from_before, words_of
from course_utils.datasets.base import DatasetError

NO_PART_OF_IT = {  # tests, copies of other people's code, tables
    "_build_utils", "_examples", "_external", "_vendor", "array_api_compat", "array_api_extra", "extern",
    "externals", "f2py", "legacy", "test", "testing", "tests", "typing", "vendored",
}  # fmt: skip
FEWEST_WORDS = 12  # shorter ones ("Return a copy.") say too little to learn from
MOST_COPIED = 0.5  # a docstring with more of its runs of words elsewhere is left out
TYPOGRAPHY = str.maketrans({
    "\u2013": "-", "\u2014": "-", "\u2010": "-", "\u2011": "-", "\u2212": "-", "\u2018": "'", "\u2019": "'",
    "\u201c": '"', "\u201d": '"', "\u2026": "...", "\u00d7": "x", "\u2264": "<=", "\u2265": ">=", "\u2192": "->",
    "\u00b5": "mu", "\u03bc": "mu", "\u03c3": "sigma", "\u03c0": "pi", "\u00df": "ss", "\u2022": "-", "\u00b1": "+/-",
})  # fmt: skip


def extract(libraries):
    """Read the docstrings of libraries.

    Parameters
    ----------
    libraries : dict of str to (pathlib.Path, str)
        Where each library is installed, and the folder inside that is read.

    Returns
    -------
    list of (str, str, str, str, str)
        Library, module, name, text and group of each docstring, sorted by module.

    Raises
    ------
    DatasetError
        If a file can't be read.
    """
    rows, collects = [], gc.isenabled()
    gc.disable()  # parsing makes millions of small objects: it takes a fifth longer with the collector on
    try:
        for library, (root, inside) in libraries.items():
            for path in (root / inside).rglob("*.py"):
                steps = [library, *path.relative_to(root).with_suffix("").parts]
                generated = steps[-1].startswith(("gen_", "test_")) or steps[-1].endswith("_test")
                if NO_PART_OF_IT & set(steps) or generated or steps[-1] in ("conftest", "setup"):
                    continue
                rows += _from_file(path, library, steps)
    finally:
        if collects:
            gc.enable()
    return _without_copies(sorted(rows))


def _from_file(path, library, steps):
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path.name} of {library} can't be read ({error})") from error
    if data.count(b'"""') + data.count(b"'''") < 2:
        return []
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError):  # written for another Python
        return []
    found = ((name, clean(text)) for name, text in _walk(tree, ""))
    module, group = ".".join(steps).removesuffix(".__init__"), _group(steps)
    return [(library, module, name, text, group) for name, text in found if text]


def _walk(node, prefix):
    """Give (name, docstring) of a tree: functions, classes, methods and NumPy's `add_newdoc`."""
    if not isinstance(node, ast.If | ast.Try):
        text = ast.get_docstring(node, clean=False)
        if text:
            yield prefix, text
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    for child in [*node.body, *getattr(node, "orelse", ())]:
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _walk(child, f"{prefix}.{child.name}" if prefix else child.name)
        elif isinstance(child, ast.If | ast.Try):
            yield from _walk(child, prefix)
        elif isinstance(child, ast.Expr) and isinstance(child.value, ast.Call):
            yield from _added(child.value)


def _added(call):
    """Give what `add_newdoc("numpy", "ndarray", ("copy", "text"))` says; nothing for another call."""
    if getattr(call.func, "id", "") != "add_newdoc":
        return
    parts = [part for argument in call.args for part in getattr(argument, "elts", [argument])]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    if len(texts) >= 2:
        names = [text for text in texts[:-1] if text.isidentifier()]
        yield ".".join(names[-2:]), texts[-1]


def clean(text):
    """Bring a docstring into the corpus's form.

    Parameters
    ----------
    text : str
        As it stands in the source.

    Returns
    -------
    str
        Without indentation, in ASCII, without lines that are templates; empty if
        it has too few words or is not English in ASCII.

    Examples
    --------
    >>> clean("The na\\u00efve mean \\u2014 of all values along one axis of the array." + chr(10) * 2 + "    %(x)s")
    'The naive mean - of all values along one axis of the array.'
    """
    text = unicodedata.normalize("NFKD", text.translate(TYPOGRAPHY))
    letters = "".join(sign for sign in text if not unicodedata.combining(sign))
    plain = letters.encode("ascii", "ignore").decode("ascii")
    if len(letters) - len(plain) > 0.02 * len(letters):
        return ""
    lines = inspect.cleandoc(plain).split("\n")
    lines = [line.rstrip() for line in lines if not re.search(r"%\([^)]*\)s", line)]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")
    text = "".join(sign for sign in text if sign == "\n" or sign.isprintable())
    return text if len(re.findall("[A-Za-z]{2,}", text)) >= FEWEST_WORDS else ""


def _group(steps):
    """Name what goes to one part of the split as a whole: the public folder, or the file beside a root."""
    root = 2 if steps[:2] == ["keras", "src"] else 3 if steps[:2] == ["tensorflow", "python"] else 1
    if len(steps) <= root + 1:
        return ".".join(steps)
    folder = steps[: root + 1] if steps[root] == "backend" else steps[:-1]  # the same for each backend
    while len(folder) > root + 1 and folder[-1].startswith("_"):
        folder = folder[:-1]
    return ".".join(folder)


def _without_copies(rows):
    """Leave out a docstring of which more than half the runs stand in docstrings before it."""
    seen, left = set(), []
    for row, share in zip(rows, copied_from_before([row[3] for row in rows]).tolist(), strict=True):
        words = " ".join(words_of(row[3]))
        if share <= MOST_COPIED and words not in seen:
            left.append(row)
        seen.add(words)
    return left
