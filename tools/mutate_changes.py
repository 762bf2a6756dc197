"""Every program that differs from a source in one operator, sign, constant or call: see mutate.py."""

from __future__ import annotations

import ast
import contextlib
import copy
import hashlib
from dataclasses import dataclass

OPERATORS = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mod,
    ast.Mod: ast.FloorDiv, ast.Pow: ast.Mult, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
PAIRS = (
    "max min", "maximum minimum", "argmax argmin", "mean sum", "sin cos", "floor ceil", "any all", "zeros ones",
    "zeros_like ones_like", "reduce_max reduce_min", "reduce_mean reduce_sum", "reduce_any reduce_all",
)  # fmt: skip
CALLS = {a: b for pair in PAIRS for a, b in (pair.split(), pair.split()[::-1])}
DRAWING = {"figures", "plt", "fig", "ax", "axes"}
TALKING = {"print", "warn", "report", "progress", "rng", "set_seeds"}  # calls whose arguments stay
SILENT = {"figsize", "verbose", "seed", "name", "dtype", "jit_compile", "alt", "label", "says", "hint", "stacklevel"}
DRAWN = {"random", "uniform", "normal"}  # a number from a continuum: below and not above are the same
GUARD = 1e-6
TOLERANCE = 1e-4  # of a check
DRAWS = DRAWN | {"default_rng", "integers", "choice", "dirichlet", "permutation"}
TRUTHS = {"allclose", "array_equal", "bool"}  # -True is as true as True
TIGHT = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


@dataclass(frozen=True)
class Mutant:
    """One change: `text` in place of `start:end` of source number `index`."""

    place: str
    line: int
    function: str
    before: str
    after: str
    index: int
    start: int
    end: int
    text: str
    key: str  # hash of the definition and of the change: what is known of it stays known


def altered(node, **parts):
    """A copy of a node with other parts."""
    return type(node)(**{**dict(ast.iter_fields(node)), **parts})


def changes(node):
    """Yield (old node, new node) for every single change at a node."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp) and type(node.op) in OPERATORS:
        if not (isinstance(node, ast.BinOp) and isinstance(node.left, ast.JoinedStr | ast.Constant) and not _is_number(node.left)):
            yield node, altered(node, op=OPERATORS[type(node.op)]())
    elif isinstance(node, ast.Compare) and not any(_called(part) in DRAWN for part in ast.walk(node)):
        for place, op in enumerate(node.ops):
            if type(op) in OPERATORS:
                yield node, altered(node, ops=[*node.ops[:place], OPERATORS[type(op)](), *node.ops[place + 1 :]])
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node, node.operand
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield node, ast.Constant(not node.value)
    elif _is_number(node) and not 0 < abs(node.value) <= GUARD:
        yield node, ast.Constant(node.value + 1 if isinstance(node.value, int) else 2 * node.value or 1.0)
    elif isinstance(node, ast.keyword) and node.arg == "axis" and ast.unparse(node.value) in ("1", "-1"):
        yield node.value, ast.Constant(0)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLS:
        yield node.func, altered(node.func, attr=CALLS[node.func.attr])
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
        yield node.func, altered(node.func, id=CALLS[node.func.id])
    elif isinstance(node, ast.Return) and isinstance(node.value, ast.BinOp | ast.Call | ast.Name | ast.Subscript):
        yield node, altered(node, value=ast.UnaryOp(ast.USub(), node.value))


def _is_number(node):
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _called(node):
    return getattr(node.func, "attr", getattr(node.func, "id", "")) if isinstance(node, ast.Call) else ""


def _parts(node):
    """Parts of a node in which a change would change what it computes."""
    left_out = {"annotation", "returns", "decorator_list", "msg"}
    for name, value in [] if isinstance(node, ast.Raise) else ast.iter_fields(node):
        if name in left_out or (_called(node) in TALKING and name != "func"):
            continue
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, ast.UnaryOp) and _called(node) == "reshape":
                continue  # -1: every negative length stands for the one that follows from the others
            talk = isinstance(part, ast.JoinedStr) or (isinstance(part, ast.keyword) and part.arg in SILENT)
            if isinstance(part, ast.AST) and not talk:
                yield part


def _definitions(body, defaults, outer=""):
    """Yield (name, node, nodes to start from) for functions, methods and class bodies."""
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _definitions(node.body, defaults, f"{outer}{node.name}.")
            if defaults:
                rest = [part for part in node.body if not isinstance(part, ast.FunctionDef | ast.ClassDef)]
                yield f"{outer}{node.name}", node, rest
        elif isinstance(node, ast.FunctionDef):
            yield f"{outer}{node.name}", node, ([node.args] if defaults else []) + node.body


def problems(check):
    """Collect the nodes of a check that say which problem it poses: another one would be as good.

    These are what a random generator is handed, the numbers beside what it draws, what is assigned to
    a name that the reader's function is given, the tables of numbers that it is given one by one, and
    how many of them.
    The guard `strict=True` is one of them too.
    """
    nodes, asked = list(ast.walk(check)), {each.arg for each in check.args.args}
    given, found = set(), []

    def asks(node):
        return any(is_asked(each) for each in ast.walk(node))

    def is_asked(node):
        return isinstance(node, ast.Call) and getattr(node.func, "id", "") in asked

    for node in nodes:
        if is_asked(node):
            given |= {each.id for part in node.args for each in ast.walk(part) if isinstance(each, ast.Name)}
        if _called(node) in DRAWS:
            found += [*node.args, *(each.value for each in node.keywords)]
        if isinstance(node, ast.BinOp | ast.Compare):
            sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.left, *node.comparators]
            if any(_called(side) in DRAWS for side in sides):
                found += [side for side in sides if _is_table(side)]
        for loop in getattr(node, "generators", [node] if isinstance(node, ast.For) else []):
            if asks(node):
                given |= {each.id for each in ast.walk(loop.iter) if isinstance(each, ast.Name)}
                whole = _is_table(loop.iter) or _called(loop.iter) == "range"
                found += [loop.iter] if whole else []
    for node in nodes:
        for target in getattr(node, "targets", [getattr(node, "target", None)]):
            if isinstance(node, ast.Assign | ast.AugAssign) and not asks(node.value):
                pairs = [(target, node.value)]
                sides = [getattr(side, "elts", ()) for side in pairs[0]]
                if len(sides[0]) == len(sides[1]) > 0:
                    pairs = zip(*sides, strict=True)
                for place, value in pairs:
                    names = {each.id for each in ast.walk(place) if isinstance(each, ast.Name)}
                    found += [value] if names & given else []
    found += [node.value for node in nodes if isinstance(node, ast.keyword) and node.arg == "strict"]
    return {each for part in found for each in ast.walk(part)}


def _is_table(node):
    """Tell whether a node is a number, or a tuple or list of numbers or of such."""
    if isinstance(node, ast.Tuple | ast.List):
        return all(map(_is_table, node.elts))
    node = node.operand if isinstance(node, ast.UnaryOp) else node
    return _is_number(node)


def needless(old, new):
    """Tell whether a change to a check can matter only for an error as large as its bound, to the last bit.

    Bounds up to 1e-4 part rounding from errors: no learner's error is between the bound and its double.
    """
    if _is_number(old) and 0 < abs(old.value) <= TOLERANCE:
        return True
    if isinstance(old, ast.Return):
        return _called(old.value) in TRUTHS
    if isinstance(old, ast.Compare):
        sides = [old.left, *old.comparators]
        place = next(place for place, op in enumerate(old.ops) if op is not new.ops[place])
        return isinstance(old.ops[place], TIGHT) and any(map(_is_bound, sides[place : place + 2]))
    return False


def _is_bound(node):
    """Tell whether a number that isn't whole is a part of a sum or product."""
    if isinstance(node, ast.BinOp):
        return _is_bound(node.left) or _is_bound(node.right)
    node = node.operand if isinstance(node, ast.UnaryOp) else node
    return _is_number(node) and node.value != round(node.value)


def mutants_of(source, place="", index=0, first_line=1, defaults=True, check=False):
    """List the mutants of one source.

    Parameters
    ----------
    source : str
        A code cell or a module.
    place, index, first_line
        Where it stands, for the mutants' own fields.
    defaults : bool, default True
        Change the defaults of arguments and the values of classes too.
    check : bool, default False
        The source holds checks of exercises: leave out `needless` changes.
    """
    starts = [0]
    for line in source.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    lines, found = source.split("\n"), []
    for function, definition, waiting in _definitions(ast.parse(source).body, defaults):
        words = {node.id for node in ast.walk(definition) if isinstance(node, ast.Name)}
        words |= {node.arg for node in ast.walk(definition) if isinstance(node, ast.arg)}
        if words & DRAWING:
            continue
        whole, waiting = ast.get_source_segment(source, definition), list(waiting)
        posed = problems(definition) if check else set()
        words = [node for node in ast.walk(definition) if isinstance(node, ast.keyword)]
        axes = {node.value for node in words if node.arg == "axis"}  # of a matrix -1 is 1
        while waiting:
            node = waiting.pop()
            waiting += _parts(node)
            for old, new in changes(node):
                same_axis = old in axes and new is getattr(old, "operand", None)
                if check and (old in posed or same_axis or needless(old, new)):
                    continue
                start, end = (
                    starts[line - 1] + len(lines[line - 1].encode()[:column].decode())
                    for line, column in ((old.lineno, old.col_offset), (old.end_lineno, old.end_col_offset))
                )
                text = ast.unparse(ast.fix_missing_locations(copy.deepcopy(new)))
                room = "\n" * (old.end_lineno - old.lineno - text.count("\n"))  # later lines keep their numbers
                text = text + room if isinstance(old, ast.stmt) else f"({text}{room})"
                with contextlib.suppress(SyntaxError):
                    compile(source[:start] + text + source[end:], place or "cell", "exec", dont_inherit=True)
                    offset = start - starts[definition.lineno - 1]
                    key = hashlib.sha256(f"{whole}\0{offset}\0{end - start}\0{text}".encode()).hexdigest()[:16]
                    line = first_line + old.lineno - 1
                    sides = (" ".join(ast.unparse(part).split()) for part in (old, ast.parse(text.strip())))
                    found.append(Mutant(place, line, function, *sides, index, start, end, text, key))
    return sorted({mutant.key: mutant for mutant in found}.values(), key=lambda mutant: (mutant.index, mutant.start))
