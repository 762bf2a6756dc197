"""Which cells does a piece of a lecture need? Answered from the names that cells bind and use."""

import ast
import symtable

from course_utils.publishing.sources import tree_of

# Methods that change a list, a dict, a set, a bytearray or a deque, whether their result is taken or not
_IN_PLACE = frozenset(
    "add append appendleft clear difference_update discard extend extendleft insert intersection_update pop popitem "
    "popleft remove reverse rotate setdefault sort symmetric_difference_update update".split()
)
_TAKING = frozenset(("next", "heappop", "heappushpop", "heapreplace"))  # functions that take from their first argument


def _body(source):
    """Statements of a cell before the first one that Python refuses, as IPython runs them one by one."""
    try:
        body = tree_of(source).body
    except (ValueError, RecursionError, MemoryError):  # half a character; nested too deep for the parser
        return []
    for count, node in enumerate(body):
        try:
            used(node)
        except (SyntaxError, RecursionError):  # `ast` reads what only the next step refuses: def f(x, x)
            return body[:count]
    return body


def _plain_targets(node):
    """Names that a statement of the top level binds for certain."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    if isinstance(node, ast.Assign | ast.AnnAssign | ast.With):
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        if isinstance(node, ast.With):
            targets = [item.optional_vars for item in node.items if item.optional_vars]
        return set().union(*(_targets(target) for target in targets))
    return set()


def _targets(target):
    names = (part for part in ast.walk(target) if isinstance(part, ast.Name))
    return {part.id for part in names if isinstance(part.ctx, ast.Store)}


def _inside(node):
    """Parts of a statement, function bodies left out: their names are their own."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        yield part
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*part.args.defaults, *filter(None, part.args.kw_defaults)]
            waiting += getattr(part, "decorator_list", [])
        else:
            waiting += ast.iter_child_nodes(part)


def _base(node):
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def bound(node):
    """Names that a statement may bind, also inside a loop or a condition."""
    names = _plain_targets(node)
    for part in _inside(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store | ast.Del):
            names.add(part.id)
        elif part is not node:
            names |= _plain_targets(part)
    return names


def changed(node):
    """Names whose values a statement may change in place.

    These count: to set an attribute or an item; ``+=``; a method that changes a built-in container, by its name
    (``first = values.pop(0)``), and a function that takes from one (``x = next(batches)``); every call whose result
    nothing takes, with its positional arguments (``net.fit(x)``, ``rng.shuffle(x)``).

    These don't: any other call whose result is taken (``x = rng.normal()``, ``y = emptied(values)``), and a change
    through another name for the same value.
    """
    names = set()
    for part in _inside(node):
        if isinstance(part, ast.Attribute | ast.Subscript) and isinstance(part.ctx, ast.Store | ast.Del):
            names.add(_base(part))
        elif isinstance(part, ast.AugAssign):
            names.add(_base(part.target))
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            call = part.value
            names |= {_base(argument) for argument in call.args}
            if isinstance(call.func, ast.Attribute):
                names.add(_base(call.func.value))
        elif isinstance(part, ast.Call):
            names.add(_taken_from(part))
    return names - {None}


def _taken_from(call):
    """Name of the container that a call changes by its own name, whoever takes its result."""
    method = isinstance(call.func, ast.Attribute)
    name = call.func.attr if method else _base(call.func)
    if name in _TAKING and call.args:
        return _base(call.args[0])
    return _base(call.func.value) if method and name in _IN_PLACE else None


def used(node):
    """Names of the notebook that a statement reads before it binds them itself."""
    if isinstance(node, ast.For):
        return used(ast.Expr(node.iter)) | (_used_in(node.body) - _targets(node.target)) | _used_in(node.orelse)
    if isinstance(node, ast.If | ast.While):
        return used(ast.Expr(node.test)) | _used_in(node.body) | _used_in(node.orelse)
    if isinstance(node, ast.With):
        opened = set().union(*(used(ast.Expr(item.context_expr)) for item in node.items))
        return opened | (_used_in(node.body) - _plain_targets(node))
    if isinstance(node, ast.Try):
        handlers = set().union(*(_used_in(handler.body) for handler in node.handlers))
        return _used_in(node.body) | handlers | _used_in(node.orelse) | _used_in(node.finalbody)
    added_to = {part.target for part in _inside(node) if isinstance(part, ast.AugAssign)}
    return {target.id for target in added_to if isinstance(target, ast.Name)} | _read(node)


def _used_in(body):
    names = set()
    for node in reversed(body):
        names = (names - _plain_targets(node)) | used(node)
    return names


def _read(node):
    """Names of the notebook that a simple statement or a function reads."""
    names, tables = set(), [symtable.symtable(ast.unparse(node), "cell", "exec")]
    while tables:
        table = tables.pop()
        outermost = table.get_type() == "module"
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (outermost or symbol.is_global()):
                names.add(symbol.get_name())
        tables += table.get_children()
    return names


def needed_cells(sources, wanted=(), names=()):
    """Choose the cells that have to run, in order, so that some of them work.

    Parameters
    ----------
    sources : sequence of str
        Sources of the code cells, from the top of the notebook.
    wanted : collection of int
        Cells that have to run themselves.
    names : collection of str
        Names that have to exist at the end.

    Returns
    -------
    list of int
        Positions in `sources`. For every name that a chosen cell reads, itself or in a function of the notebook,
        they hold the cells above it that bind the name, back to one that surely binds it anew, and those that
        change its value as far as `changed` sees it.

    Notes
    -----
    A name that no cell binds visibly is a NameError when the chosen cells run. A value may differ from a run of
    all cells where a cell that is left out changes it unseen (see `changed`; also inside a function whose result
    is taken), draws from the same random generator, changes an imported module or a file, binds a name by a magic
    or ``exec``; and where a cell stops at an error before it binds what it would.
    """
    bodies = [_body(source) for source in sources]
    imports = [node for body in bodies for node in body if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = set().union(*(_plain_targets(node) for node in imports)) if imports else set()
    behind = {}  # what a function reads when it is called, wherever it stands
    for body in bodies:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                behind.setdefault(node.name, set()).update(used(node))
    needed, chosen = _closure(set(names), behind), []
    for index in reversed(range(len(bodies))):
        body = bodies[index]
        given = set().union(*(bound(node) | (changed(node) - modules) for node in body)) if body else set()
        if index not in wanted and not given & needed:
            continue
        chosen.append(index)
        for node in reversed(body):
            needed = _closure((needed - _plain_targets(node)) | used(node), behind)
    return chosen[::-1]


def _closure(names, behind):
    waiting = list(names)
    while waiting:
        for name in behind.get(waiting.pop(), ()):
            if name not in names:
                names.add(name)
                waiting.append(name)
    return names


def names_only_in(sources, chosen):
    """Names that some cells bind and no other cell does, with the other cells that read them.

    Parameters
    ----------
    sources : sequence of str
        Sources of all code cells.
    chosen : collection of int
        The cells that are to be left out.

    Returns
    -------
    dict of str to list of int
        Empty if the rest of the notebook gets along without the chosen cells.
    """
    inside, outside, readers = set(), set(), {}
    for index, body in enumerate(map(_body, sources)):
        names = set().union(*map(bound, body))
        if index in chosen:
            inside |= names
        else:
            outside |= names
            for name in set().union(*map(used, body)):
                readers.setdefault(name, []).append(index)
    return {name: readers[name] for name in sorted(inside - outside) if name in readers}
