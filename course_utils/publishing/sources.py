"""What a lecture's outputs depend on: its cells and the course's helpers that it uses."""

import ast
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from course_utils.publishing.project import field_of

PACKAGE = "course_utils"
_MODULE_IMPORT = re.compile(r"""(?:import|from)\s*["']\./([\w.-]+\.m?js)["']""")


def python_of(source):
    """Turn the source of a cell into plain Python: magics and shell lines become calls.

    Parameters
    ----------
    source : str
        A code cell as a reader sees it.

    Returns
    -------
    str
        Python that `ast` can read.
    """
    from IPython.core.inputtransformer2 import TransformerManager

    return TransformerManager().transform_cell(source)


def tree_of(source):
    """Parse a code cell; a cell that is not valid Python gives an empty tree."""
    try:
        return ast.parse(python_of(source))
    except SyntaxError:
        return ast.parse("")


def used_helpers(cells, lecture, root):
    """Find the files of the package that a lecture's cells use, directly or through others.

    Parameters
    ----------
    cells : list of str
        Sources of the code cells.
    lecture : str
        Name of the lecture; its module of checks belongs to it.
    root : Path
        Folder that holds the package.

    Returns
    -------
    list of Path
        Sorted. Of figures with JavaScript only those the cells name are there; a
        script that a module names and runs as a process is there too.
    """
    root, found = Path(root), set()
    trees = [tree_of(source) for source in cells]
    names = {node.attr for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.id for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Name)}
    engine = root / PACKAGE / "checks" / "__init__.py"
    own = engine.with_name(f"{field_of(lecture)}.py")
    waiting = [(tree, ()) for tree in trees]
    while waiting:
        tree, place = waiting.pop()
        more = {*_imports(tree, place, root), *_scripts(tree, root.joinpath(*place))} - found
        if engine in more and own.is_file():
            more.add(own)
        found |= more
        for path in more:
            waiting.append((ast.parse(path.read_text(encoding="utf-8")), path.relative_to(root).parent.parts))
    for folder in {path.parent for path in found}:
        found |= _front_end(folder, names)
    return sorted(found)


def _imports(tree, package, root):
    """Files of the package that the import statements of one tree load."""
    for parts in _dotted(tree, package):
        for end in range(1, len(parts) + 1):
            yield from _files(parts[:end], root)


def _scripts(tree, folder):
    """Python files of a folder that a tree names in a text: those that it runs as processes."""
    return [folder / text for text in _texts(tree) if re.fullmatch(r"\w+\.py", text) and (folder / text).is_file()]


def _texts(tree):
    """Texts that stand in a tree as constants."""
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def _dotted(tree, package):
    """Dotted names, in parts, of what import statements take from the course's package."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            dotted = [[*base, alias.name] for alias in node.names]
        else:
            continue
        yield from (parts for parts in dotted if parts[0] == PACKAGE)


def _files(parts, root):
    """The file of a module or package, in a list; an empty one if the name is not a module's."""
    place = root.joinpath(*parts)
    return [path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()][:1]


def _front_end(folder, names):
    """Styles, shared scripts and the scripts of the named figures beside a Python module."""
    scripts = {path.name: path for path in folder.glob("*.js")}
    if not scripts:
        return set()
    waiting = [name for name in scripts if Path(name).stem in names | {"runtime"}]
    found = set(folder.glob("*.css"))
    while waiting:
        path = scripts.get(waiting.pop())
        if path and path not in found:
            found.add(path)
            waiting += _MODULE_IMPORT.findall(path.read_text(encoding="utf-8"))
    return found


def used_text(cells, files, root):
    """Read helpers, leaving out what nothing in the lecture can reach.

    A function, class, value or import of a module counts when something that counts mentions
    its name, in the same module or through an import. What acts while a module loads (a call,
    a loop, a decorated function, its ``__getattr__``) counts when anything of the module does.
    A new loader in `datasets`, or a new module with a new figure in `interactives`, then leaves
    the lectures before it as they are. A module that no import leads to counts whole.

    Parameters
    ----------
    cells : list of str
        Sources of the code cells.
    files : list of Path
        What `used_helpers` found for them.
    root : Path
        Folder that holds the package.

    Returns
    -------
    list of str
        One text for each file of which something counts.
    """
    kept = {path: path.read_text(encoding="utf-8").replace("\r\n", "\n") for path in files}
    pieces = {path: list(_pieces(kept[path])) for path in files if path.suffix == ".py"}
    names, attributes, modules = ({path: set() for path in [None, *pieces]} for _ in range(3))

    def count(tree, path):
        for node in ast.walk(tree):
            if isinstance(node, ast.Name | ast.Attribute):
                kind, name = (names, node.id) if isinstance(node, ast.Name) else (attributes, node.attr)
                kind[path].add(name)
        for parts in _dotted(tree, _package(path, root)):
            modules[path] |= pieces.keys() & _files(parts, root)
            for module in pieces.keys() & _files(parts[:-1], root):
                names[module].add(parts[-1])

    trees = [(tree_of(cell), None) for cell in cells]
    for tree, _ in trees:
        count(tree, None)
    trees += [(ast.parse(kept[path]), path) for path in pieces]
    imported = {found for tree, path in trees for found in _imports(tree, _package(path, root), root)}
    for path in pieces.keys() - imported:
        names[path].add("*")
    reached, again = {path: set() for path in pieces}, True
    while again:
        again = False
        for path, several in modules.items():
            for module in several:
                names[module] |= attributes[path]
        for path, several in pieces.items():
            for place, piece in enumerate(several):
                wanted = piece.bound & names[path] or "*" in names[path] or piece.acts and reached[path]
                if wanted and place not in reached[path]:
                    reached[path].add(place)
                    count(piece.node, path)
                    again = True
    kept |= {path: "\n".join(pieces[path][place].text for place in sorted(reached[path])) for path in pieces}
    return [text for text in kept.values() if text]


def used_weights(cells, root):
    """Hash the checkpoints of the package that a lecture's cells name.

    Parameters
    ----------
    cells : list of str
        Sources of the code cells.
    root : Path
        Folder that holds the package.

    Returns
    -------
    list of str
        Two for each checkpoint: of its record and of its weights.
    """
    names = {text for cell in cells for text in _texts(tree_of(cell)) if text.isidentifier()}
    folder = root / PACKAGE / "checkpoints"
    paths = [folder / f"{name}{kind}" for name in sorted(names) for kind in (".json", ".npz")]
    return [fingerprint([], [path], root) for path in paths if path.is_file()]


def _package(path, root):
    """Parts of the package that a module is in; none for a cell."""
    return path.relative_to(root).parent.parts if path else ()


@dataclass(frozen=True)
class _Piece:
    """A statement of a module, the names it binds, and whether it acts while the module loads."""

    text: str
    node: ast.stmt
    bound: set
    acts: bool = False


def _pieces(text):
    """Top-level statements of a module; of an import each name by itself."""
    for node in _statements(ast.parse(text).body):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                taken = isinstance(node, ast.ImportFrom)
                part = ast.ImportFrom(node.module, [alias], node.level) if taken else ast.Import([alias])
                bound = (alias.asname or alias.name).split(".")[0]
                yield _Piece(ast.unparse(part), part, {bound}, acts=bound == "*")
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            decorators = "".join(f"@{ast.unparse(decorator)}\n" for decorator in node.decorator_list)
            acts = bool(decorators) or node.name == "__getattr__"
            yield _Piece(decorators + ast.get_source_segment(text, node), node, {node.name}, acts)
        else:
            assigns = isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign)
            targets = (node.targets if isinstance(node, ast.Assign) else [node.target]) if assigns else [None]
            parts = [part for target in targets for part in getattr(target, "elts", [target])]
            bound = {part.id for part in parts if isinstance(part, ast.Name)}
            yield _Piece(ast.get_source_segment(text, node), node, bound, acts=len(bound) < len(parts))


def _statements(body):
    """Statements of a module; imports for type checkers stand among the others, its docstring is left out."""
    for node in body:
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            yield from _statements(node.body)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            yield node


def fingerprint(texts, files, root):
    """Hash texts and files so that any change shows, but line endings don't.

    Parameters
    ----------
    texts : list of str
        What stands in the lecture itself.
    files : list of Path
        Helpers; their places inside `root` count too.
    root : Path
        Folder of the checkout.

    Returns
    -------
    str
        The first 16 hexadecimal digits of a SHA-256.
    """
    digest = hashlib.sha256()
    for text in texts:
        digest.update(text.replace("\r\n", "\n").encode() + b"\0")
    for path in files:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()[:16]
