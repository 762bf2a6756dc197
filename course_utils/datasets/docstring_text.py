"""The prose of a docstring, sentence by sentence, and its parameters."""

import functools
import re
from dataclasses import dataclass, field

UNDERLINE = re.compile(r"\s*([=\-~^\"'`*+#_.])\1{2,}\s*")
TABLE = re.compile(r"\s*([+|].*[+|]|={2,}( +=+)+|-{2,}( +-+)+)\s*")
GOOGLE = re.compile(
    r"(Args?|Arguments|Call arguments|Keyword [Aa]rguments|Attributes|Properties|Inputs?|Input shape|Output shape"
    r"|Outputs?|Returns?|Raises|Yields|Examples?|Usage|Notes?|References?|Reference|See also|Warning|Tips?):{1,2}\s*"
)
ENTRIES = ("parameters", "other parameters", "returns", "yields", "raises", "warns", "attributes", "methods")
NAMED = ("args", "arg", "arguments", "call arguments", "keyword arguments", "attributes", "properties", "raises")
NO_PROSE = ("references", "reference", "see also", "methods", "usage")
SPOKEN = ("note", "warning", "tip", "important", "caution", "attention", "hint", "seealso", "admonition")
BULLET = re.compile(r"([-*+\u2022]|\(?[0-9a-zA-Z]{1,2}[.)])\s+")
SHORT = re.compile(r"\b(e\.g|i\.e|etc|cf|vs|resp|Eq|Eqs|Fig|Ref|Refs|al|approx|ca|p|pp|no|[A-Z])\.$")


@dataclass
class _Block:
    """Some lines of a docstring that belong together: a paragraph, or the head of an entry."""

    section: str
    head: bool
    depth: int
    lines: list = field(default_factory=list)


def sentences(docstring):
    """List the sentences of a docstring's prose.

    Parameters
    ----------
    docstring : Docstring or str
        One of `load_docstrings`, or a text in its form.

    Returns
    -------
    list of str
        In the order of the text, each on one line, of at least three words: of the
        summary, the paragraphs and the descriptions of parameters and results.

    Raises
    ------
    TypeError
        If `docstring` is neither.

    Notes
    -----
    Left out are code (``>>>``, literal and fenced blocks), tables, headings,
    underlines, formulas, directives other than notes and warnings, and the sections
    References, See Also and Methods. Names and types of parameters are no prose;
    their descriptions are. Marks of reStructuredText and Markdown (backticks, roles,
    stars) fall; the words inside stay.

    Examples
    --------
    >>> sentences("Fit the model.  It uses `X`, e.g. an array. Slow for\\nlarge data.")
    ['Fit the model.', 'It uses X, e.g. an array.', 'Slow for large data.']
    """
    return list(_prose(_text(docstring)))


@functools.lru_cache(maxsize=2**14)  # as many as the corpus has: several tasks ask for the same ones
def _prose(text):
    found = []
    for block in _blocks(text):
        if not block.head and block.section not in NO_PROSE:
            found += _split(_plain(" ".join(block.lines)))
    return tuple(found)


def parameters(docstring):
    """List what a docstring says of its parameters.

    Parameters
    ----------
    docstring : Docstring or str
        With a section "Parameters" (NumPy's style) or "Args:" (Google's).

    Returns
    -------
    list of (str, str, str)
        Name ("x" or "x, y"), type as it is written ("array_like, optional"; empty
        where none is), and description on one line without marks. Entries without a
        description are left out.

    Raises
    ------
    TypeError
        If `docstring` is neither a Docstring nor a str.

    Examples
    --------
    >>> parameters("Args:\\n    units: Number of units.\\n    axis (int): The `axis`.")
    [('units', '', 'Number of units.'), ('axis', 'int', 'The axis.')]
    """
    found, name, kind, said = [], None, "", []
    wanted = ("parameters", "other parameters", "args", "arg", "arguments", "call arguments", "keyword arguments")

    def finish():
        description = _plain(" ".join(said))
        if name and description:
            found.append((name, kind, description))

    for block in _blocks(_text(docstring)):
        if block.head:
            finish()
            name, kind, said = None, "", []
            if block.section in wanted:
                name, kind = _named(block.lines[0])
        elif block.section in wanted and name:
            said += block.lines
    finish()
    return found


def _text(docstring):
    text = getattr(docstring, "text", docstring)
    if not isinstance(text, str):
        raise TypeError(f"docstring must be a Docstring or a str, got {type(docstring).__name__}")
    return text


def _named(line):
    """Take "x : int" or "x (int):" apart: name and type."""
    google = re.fullmatch(r"([\w.*, `]+?)\s*(?:\(([^()]*)\))?\s*:", line)
    name, kind = (google[1], google[2] or "") if google else (re.split(r"\s*:\s*", line, maxsplit=1) + [""])[:2]
    return name.strip().replace("`", "").replace("*", "").replace("\\", ""), kind.strip()


def _indent(line):
    return len(line) - len(line.lstrip(" "))


def _blocks(text):
    """Cut a docstring into paragraphs and heads of entries; code, tables and formulas fall."""
    lines, blocks, section, place = text.split("\n") + [""], [], "", 0
    named = base = current = None  # indentation of a Google section's header and of its entries

    def skip_while(test, start):
        while start < len(lines) and test(lines[start]):
            start += 1
        return start

    while place < len(lines):
        line = lines[place]
        word, indent = line.strip(), _indent(line)
        after = lines[place + 1] if place + 1 < len(lines) else ""
        if not word:
            literal = current is not None and current.lines and current.lines[-1].endswith("::")
            depth, current, place = (current.depth if literal else 0), None, place + 1
            if literal:
                place = skip_while(lambda other, depth=depth: not other.strip() or _indent(other) > depth, place)
            continue
        mark = not word[0].isalnum()  # most lines begin with a word and are quickly passed
        if mark and word.startswith(">>>"):
            place, current = skip_while(str.strip, place), None
            continue
        if mark and word.startswith("```"):
            place = skip_while(lambda other: not other.strip().startswith("```"), place + 1) + 1
            current = None
            continue
        if mark and (word.startswith(".. ") or word == ".."):
            spoken = re.match(r"\.\. (\w+)::\s*(.*)", word)
            current = None
            if spoken and spoken[1] in SPOKEN:
                current = _start(blocks, section, indent, spoken[2])
                place += 1
            else:
                place = skip_while(
                    lambda other, depth=indent: not other.strip() or _indent(other) > depth, place + 1
                )
            continue
        below = after.strip()
        if below and not below[0].isalnum() and UNDERLINE.fullmatch(after) and _indent(after) == indent and len(below) >= len(word) - 2:
            section, named, base, current, place = word.lower(), None, None, None, place + 2
            continue
        if mark and (TABLE.fullmatch(line) or UNDERLINE.fullmatch(line)):
            place, current = skip_while(str.strip, place), None
            continue
        if word[-1] == ":" and GOOGLE.fullmatch(word):
            section, current = word.rstrip(": ").lower(), None
            named, base, place = indent, None, place + 1
            continue
        if named is not None and indent <= named and word:
            section, named, base = "", None, None
        entry = None
        if named is not None and section in NAMED:
            base = indent if base is None else base
            entry = re.match(r"([\w.*]+(?:, ?[\w.*]+)*|`[^`]+`)\s*(\([^()]*\))?\s*:(?=\s|$)", word) if indent <= base else None
        if entry:
            _start(blocks, section, indent, entry[0]).head = True
            current = _start(blocks, section, indent, word[entry.end() :].strip())
        elif named is None and section in ENTRIES and indent == 0:
            _start(blocks, section, indent, word).head = True
            current = None
        elif current is None or BULLET.match(word) or (indent < current.depth and len(current.lines) > 1):
            current = _start(blocks, section, indent, BULLET.sub("", word, count=1) if BULLET.match(word) else word)
        else:
            current.lines.append(word)
        place += 1
    return blocks


def _start(blocks, section, indent, line):
    block = _Block(section, False, indent, [line] if line else [])
    blocks.append(block)
    return block


def _plain(text):
    """Take the marks of reStructuredText and Markdown out of a line; formulas fall as a whole."""
    if "`" in text:
        text = re.sub(r":math:`[^`]*`", "", text)
        text = re.sub(r":[\w:.+-]+:`~?([^`<]*?)(?:\s*<[^`]*>)?`", r"\1", text)
    if "http" in text or "](#" in text:
        text = re.sub(r"\[([^\]]+)\]\((?:https?://|#)[^)]*\)", r"\1", text)
    if "`" in text:
        text = re.sub(r"`([^`<]*?)\s*<[^`>]*>`_{0,2}", r"\1", text)
    if "]_" in text:
        text = re.sub(r"\s?\[[0-9*#]+\]_", "", text)
    if "`" in text:
        text = re.sub(r"(?<=\w)`+_{1,2}(?!\w)|`", "", text)
    if "*" in text:
        text = re.sub(r"(?<![\w*])\*{1,2}([^\s*][^*]*?)\*{1,2}(?![\w*])", r"\1", text)
    text = re.sub(r"https?://\S+", "", text)
    return re.sub(r"\s+", " ", text).removesuffix("::").strip()


def _split(text):
    """Cut a paragraph into sentences; those that are hardly words fall."""
    found, rest = [], ""
    for part in re.split(r"(?<=[.!?])\s+(?=[A-Z\"'(\[0-9-])", text):
        rest = f"{rest} {part}".strip()
        if not SHORT.search(rest):
            found.append(rest)
            rest = ""
    return [sentence for sentence in [*found, rest] if _is_prose(sentence)]


def _is_prose(sentence):
    words = re.findall(r"[A-Za-z]{2,}", sentence)
    letters = len(re.sub("[^A-Za-z ]+", "", sentence))  # the corpus is ASCII
    formula = re.match(r"[\w\[\], .()]+ [-+*/]?= ", sentence) and not sentence.endswith(".")
    return len(words) >= 3 and letters >= 0.75 * len(sentence) and not formula
