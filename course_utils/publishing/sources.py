"""What a lecture's outputs depend on: its cells and the course's helpers that it uses."""

import ast
import hashlib
import re
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
        Sorted. Of figures with JavaScript only those the cells name are there.
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
        more = {*_imports(tree, place, root)} - found
        if engine in more and own.is_file():
            more.add(own)
        found |= more
        for path in more:
            waiting.append((ast.parse(path.read_text(encoding="utf-8")), path.relative_to(root).parent.parts))
    for folder in {path.parent for path in found}:
        found |= _front_end(folder, names)
    return sorted(found)


def _imports(tree, package, root):
    """Files of the package that the import statements of one tree name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = list(package[: len(package) - node.level + 1]) if node.level else []
            base += node.module.split(".") if node.module else []
            dotted = [base] + [[*base, alias.name] for alias in node.names]
        else:
            continue
        for parts in dotted:
            if parts[:1] != [PACKAGE]:
                continue
            for end in range(1, len(parts) + 1):
                place = root.joinpath(*parts[:end])
                for path in (place.with_suffix(".py"), place / "__init__.py"):
                    if path.is_file():
                        yield path


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


def used_text(cells, files):
    """Read helpers, leaving out the functions and classes that nothing in the lecture can reach.

    A new loader in `datasets` or a new figure in `interactives` then leaves the lectures
    before it as they are.

    Parameters
    ----------
    cells : list of str
        Sources of the code cells.
    files : list of Path
        What `used_helpers` found for them.

    Returns
    -------
    list of str
        One text for each file.
    """
    named, kept, trees = set(), {}, {}
    for tree in map(tree_of, cells):
        named |= _named(tree)
    for path in files:
        kept[path] = path.read_text(encoding="utf-8").replace("\r\n", "\n")
        if path.suffix == ".py":
            trees[path] = ast.parse(kept[path]).body
    waiting = [(path, node) for path, body in trees.items() for node in body]
    reached, again = {path: [] for path in trees}, True
    while again:
        again, later = False, []
        for path, node in waiting:
            definition = isinstance(node, ast.FunctionDef | ast.ClassDef)
            if definition and node.name not in named and not node.decorator_list:
                later.append((path, node))
            else:
                named |= _named(node)
                reached[path].append(node)
                again = True
        waiting = later
    for path, nodes in reached.items():
        nodes = sorted(nodes, key=lambda node: node.lineno)
        kept[path] = "\n".join(ast.get_source_segment(kept[path], node) for node in nodes)
    return list(kept.values())


def _named(tree):
    """All names and attributes that a piece of code mentions."""
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    return names | {alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names}


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
