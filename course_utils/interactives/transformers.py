"""Trained transformers in the page: the heads of 13_transformers' character model, and 14_bert's masked words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..networks.transformers.sizes import Config
from .arguments import number, plain, whole
from .base import Interactive
from .transformers_export import export_transformer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST = {"attention_heads": 100, "masked_words": 240}  # characters that a reader may type
SENTENCE = "Returns the mean of the array elements along the given axis."
GAP = "Returns the {mean} of the array elements along the given axis."


def attention_heads(
    weights: Mapping[str, Any],
    config: Config,
    alphabet: str,
    *,
    text: str = SENTENCE,
    layer: int = 1,
    head: int = 1,
    temperature: float = 1.0,
    bits: float = 5.5,
) -> Interactive:
    """Show where the heads of a trained character transformer look in the reader's own sentence, and let it write on.

    The reader types up to 100 characters, chooses a head and a character, sees where it looks and what
    may come next, and switches heads off to see what the text costs then. Derived in 13_transformers.

    Parameters
    ----------
    weights : mapping of str to array_like
        Weights of a causal transformer, named as `course_utils.networks.transformers.shapes` says;
        at most 400,000 numbers.
    config : Config
        Its settings: causal, no segments.
    alphabet : str
        Its characters, each once, as many as ``config.vocabulary``. If the first one is NUL, every text begins with it.
    text : str, default "Returns the mean of the array elements along the given axis."
        To begin with, 1 to 100 characters of the alphabet, and shorter than the longest sequence.
    layer, head : int, default 1
        Head to begin with, counted from 1.
    temperature : float, default 1
        From 0 to 2, to begin with.
    bits : float, default 5.5
        How many bits each weight takes on average, from 1 to 12; `packed_weights` gives the
        weights that the page will compute with.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If `weights` is no mapping, `config` no Config, or a text no string.
    ValueError
        If a weight is missing, or an argument is outside what is allowed. The message names it.

    References
    ----------
    Vaswani et al., Attention is all you need, 2017; Radford et al., Language models are unsupervised
    multitask learners, 2019.
    """
    network = export_transformer(weights, config, bits=bits)
    if not config.causal or config.segments:
        raise ValueError(f"config must be causal and have no segments, got {config}")
    if not isinstance(alphabet, str):
        raise TypeError(f"alphabet must be a string of characters, got {type(alphabet).__name__}")
    if len(alphabet) != config.vocabulary or len(set(alphabet)) != len(alphabet):
        raise ValueError(f"alphabet must be {config.vocabulary} different characters, got {len(set(alphabet))} in {len(alphabet)}")
    most = min(LONGEST["attention_heads"], config.length - alphabet.startswith("\0"))
    props = {
        "network": network,
        "alphabet": alphabet,
        "text": _text("text", text, most, alphabet),
        **_head(layer, head, config),
        "temperature": round(number("temperature", plain(temperature), 0, 2), 2),
    }
    alt = (
        f"A sentence of the reader's, read by a character transformer of {config.layers} layers with {config.heads} heads each. "
        "Small maps show where every head looks; a large one shows the chosen head, and the text is shaded by where one character looks. "
        "Bars: the chances of the next character. Heads can be switched off."
    )
    lesson = [
        "A head is a soft look-up: each character asks, earlier characters answer, and a softmax of how well they fit says how much "
        "of each answer is taken. Heads find jobs of their own. In the first layer they see a few characters back; in the "
        "last one, a head looks at the spaces where words begin, and at a bracket as long as it is open.",
        "The network gives a chance to every next character. Minus the logarithm to base two of the chance of the one that came is "
        "its surprise in bits. Switch a head off, and the text costs more bits: that is what the head is worth there. A low temperature "
        "makes writing predictable, a high one makes it noise.",
    ]
    return Interactive("attention_heads", alt, lesson, **props)


def masked_words(
    weights: Mapping[str, Any],
    config: Config,
    vocabulary: Sequence[str],
    *,
    text: str = GAP,
    layer: int = 1,
    head: int = 1,
    bits: float = 3.5,
) -> Interactive:
    """Hide words of a sentence from a small BERT, and show its ranked guesses and where its heads look from the gap.

    The reader types a sentence and taps any piece of it to hide it, or several; a guess that is tapped is put in.
    Derived in 14_bert.

    Parameters
    ----------
    weights : mapping of str to array_like
        Weights of a bidirectional transformer with its head for masked words, named as
        `course_utils.networks.transformers.shapes` says; at most 400,000 numbers. Others are left out.
    config : Config
        Its settings: not causal.
    vocabulary : sequence of str
        Its pieces, WordPiece in lower case, each once and as many as ``config.vocabulary``; "[PAD]", "[UNK]", "[CLS]",
        "[SEP]" and "[MASK]" among them.
    text : str, default "Returns the {mean} of the array elements along the given axis."
        Sentence to begin with; words in braces are hidden. At most 240 characters.
    layer, head : int, default 1
        Head to begin with, counted from 1.
    bits : float, default 3.5
        How many bits each weight takes on average, from 1 to 12; `packed_weights` gives the
        weights that the page will compute with.

    Returns
    -------
    Interactive
        Displays itself at the end of a cell.

    Raises
    ------
    TypeError
        If `weights` is no mapping, `config` no Config, or the text no string.
    ValueError
        If a weight is missing, or an argument is outside what is allowed. The message names it.

    References
    ----------
    Devlin, Chang, Lee and Toutanova, BERT: pre-training of deep bidirectional transformers for language
    understanding, 2019; Kassner and Schütze, Negated and misprimed probes for pretrained language models, 2020.
    """
    pieces = _pieces(vocabulary, config)
    network = export_transformer(weights, config, bits=bits, texts={"pieces": "\n".join(pieces)})
    if config.causal or config.length < 8:
        raise ValueError(f"config must not be causal, and have a length of at least 8, got {config}")
    props = {"network": network, "text": _text("text", text, LONGEST["masked_words"]), **_head(layer, head, config)}
    alt = (
        "A sentence in pieces, each of which can be hidden from a small network that reads from both sides. Bars rank its guesses for "
        f"the gap. Below, one row for each of its {config.layers * config.heads} attention heads: how much it looks from the gap at every piece."
    )
    lesson = [
        "BERT learns from gaps. A word of a sentence is replaced by [MASK], and the network says which one it was, from the words on "
        "both sides. In docstrings, grammar fixes the small words, phrases such as array of shape fix others, and for "
        "the rest it gives what is frequent.",
        "What it gives is a ranking with chances, not knowledge: a high chance says that docstrings often go on like that, not that the sentence "
        "is true. It fills several gaps each on its own, so that they need not fit together. Even large networks of this kind hardly mind a not "
        "(Kassner and Schütze, 2020).",
    ]
    return Interactive("masked_words", alt, lesson, **props)


def _text(name: str, value: object, most: int, alphabet: str = "") -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {type(value).__name__}")
    if not 1 <= len(value) <= most:
        raise ValueError(f"{name} must have 1 to {most} characters, got {len(value)}")
    if alphabet and (strange := sorted(set(value) - set(alphabet.removeprefix("\0")))):
        raise ValueError(f"{name} must be written in the alphabet, got {', '.join(map(repr, strange))}")
    return value


def _head(layer: object, head: object, config: Config) -> dict[str, int]:
    return {"layer": whole("layer", layer, 1, config.layers) - 1, "head": whole("head", head, 1, config.heads) - 1}


def _pieces(vocabulary: Sequence[str], config: Config) -> list[str]:
    if not isinstance(config, Config):
        raise TypeError(f"config must be a networks.transformers.Config, got {type(config).__name__}")
    if isinstance(vocabulary, str) or not hasattr(vocabulary, "__iter__"):
        raise TypeError(f"vocabulary must be a list of strings, got {type(vocabulary).__name__}")
    pieces = list(vocabulary)
    if not all(isinstance(piece, str) and piece.strip() == piece != "" and "\n" not in piece for piece in pieces):
        raise ValueError("vocabulary must hold strings without space around them")
    if len(pieces) != config.vocabulary or len(set(pieces)) != len(pieces):
        raise ValueError(f"vocabulary must be {config.vocabulary} different pieces, got {len(set(pieces))} in {len(pieces)}")
    if missing := [name for name in SPECIAL if name not in pieces]:
        raise ValueError(f"vocabulary must hold {', '.join(SPECIAL)}: missing {', '.join(missing)}")
    return pieces
