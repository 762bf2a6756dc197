"""Sub-word pieces: learn them, cut text into them, lay them out in rows."""

import os

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
PAD, UNK, CLS, SEP, MASK = range(5)


def train_wordpiece(texts, size=3000):
    """Learn a vocabulary of sub-word pieces.

    Parameters
    ----------
    texts : iterable of str
        Text to learn from; their order doesn't matter.
    size : int, default 3000
        Number of pieces, the five special ones among them. Fewer come back where
        the texts hold no more.

    Returns
    -------
    tokenizers.Tokenizer
        As `wordpiece` makes it. ``[PAD]``, ``[UNK]``, ``[CLS]``, ``[SEP]`` and
        ``[MASK]`` are 0 to 4, then come single characters, then pieces in the order
        in which they were merged.

    Raises
    ------
    TypeError
        If `texts` is one str, or holds something else than str.
    ValueError
        If there is no text, or `size` is too small for its characters.

    Notes
    -----
    The library's trainer numbers the characters inside words in an order that
    differs from run to run, and ties between merges are decided by these numbers.
    Here they are numbered before it starts: the same texts give the same pieces.

    References
    ----------
    Schuster, Nakajima, Japanese and Korean Voice Search, ICASSP 2012; the trainer of
    `tokenizers` merges the most frequent pair, as Sennrich, Haddow, Birch 2016.
    """
    from tokenizers import trainers

    texts = as_texts(texts)
    refuse_small("size", size, 1)
    blank = wordpiece(SPECIALS)
    clean, cut = blank.normalizer.normalize_str, blank.pre_tokenizer.pre_tokenize_str
    words = {}
    for text in texts:
        for word, _ in cut(clean(text)):
            words[word] = words.get(word, 0) + 1
    if not words:
        raise ValueError("texts must hold at least one word, got none")
    first = sorted({word[0] for word in words})
    inside = sorted({f"##{sign}" for word in words for sign in word[1:]})
    fixed = [*SPECIALS, *sorted({sign for word in words for sign in word}), *inside]
    if size < len(fixed):
        raise ValueError(f"size must be at least {len(fixed)} for the characters of these texts, got {size}")
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=fixed, initial_alphabet=first, show_progress=False
    )
    was = os.environ.get("TOKENIZERS_PARALLELISM")
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    try:
        blank.train_from_iterator((" ".join([word] * number) for word, number in sorted(words.items())), trainer)
    finally:
        if was is None:
            del os.environ["TOKENIZERS_PARALLELISM"]
        else:
            os.environ["TOKENIZERS_PARALLELISM"] = was
    found = blank.get_vocab()
    return wordpiece(sorted(found, key=found.get))


def wordpiece(vocabulary):
    """Make a tokeniser from pieces that were learnt before.

    Parameters
    ----------
    vocabulary : sequence of str
        Pieces in the order of their numbers; the first five are `SPECIALS`. A piece
        that goes on inside a word starts with ``##``.

    Returns
    -------
    tokenizers.Tokenizer
        It turns text into lower case, takes accents off, cuts at blanks and around
        every punctuation mark, and then takes the longest piece that fits, again and
        again (WordPiece). ``encode(text).ids`` adds nothing: see `sentence_pairs`.

    Raises
    ------
    ValueError
        If `vocabulary` does not start with the special pieces or names one twice.

    Examples
    --------
    >>> tokenizer = wordpiece([*SPECIALS, "re", "##shape", "##d", "the", "array"])
    >>> tokenizer.encode("Reshaped the ARRAY?").tokens
    ['re', '##shape', '##d', 'the', 'array', '[UNK]']
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

    pieces = list(vocabulary)
    if tuple(pieces[: len(SPECIALS)]) != SPECIALS:
        raise ValueError(f"vocabulary must start with {', '.join(SPECIALS)}, got {pieces[: len(SPECIALS)]}")
    numbers = {piece: number for number, piece in enumerate(pieces)}
    if len(numbers) != len(pieces):
        twice = next(piece for number, piece in enumerate(pieces) if numbers[piece] != number)
        raise ValueError(f"vocabulary must name each piece once, got {twice!r} twice")
    tokenizer = Tokenizer(models.WordPiece(numbers, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(list(SPECIALS))
    return tokenizer


def pieces_of(tokenizer):
    """List a tokeniser's pieces in the order of their numbers: what `wordpiece` takes.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer

    Returns
    -------
    list of str
    """
    numbers = tokenizer.get_vocab()
    return sorted(numbers, key=numbers.get)


def encode_pairs(tokenizer, first, second=None, length=64):
    """Turn texts, or pairs of texts, into BERT's input.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Made by `train_wordpiece` or `wordpiece`.
    first, second : list of str
        The texts; without `second`, each stands alone.
    length : int, default 64
        Pieces of each row, the special ones among them.

    Returns
    -------
    ids, segments : ndarray of shape (n, length), int32
        ``[CLS] first [SEP]`` (segment 0), then ``second [SEP]`` (segment 1), filled
        up with ``[PAD]`` (segment 0). Of a pair that is too long, the end of its
        longer text falls, piece by piece.

    Raises
    ------
    TypeError, ValueError
        If the texts are no lists of str of one length, or `length` is below 8.
    """
    firsts = numbers_of(tokenizer, as_texts(first, "first"))
    seconds = None if second is None else numbers_of(tokenizer, as_texts(second, "second"))
    if seconds is not None and len(seconds) != len(firsts):
        raise ValueError(f"second must have as many texts as first ({len(firsts)}), got {len(seconds)}")
    return lay_out(firsts, seconds, length)


def as_texts(texts, name="texts"):
    """Check that an argument holds texts, and is none itself.

    Parameters
    ----------
    texts : iterable of str
    name : str, default "texts"
        Of the argument, for the complaint.

    Returns
    -------
    list of str

    Raises
    ------
    TypeError
        If it is one str, or holds something else than str.
    """
    if isinstance(texts, str):
        raise TypeError(f"{name} must be a list of str, got one str")
    texts = list(texts)
    for text in texts:
        if not isinstance(text, str):
            raise TypeError(f"{name} must hold only str, got {type(text).__name__}")
    return texts


def refuse_small(name, value, smallest):
    """Let only a whole number of at least `smallest` pass; else raise ValueError, which names the argument."""
    if isinstance(value, bool) or not hasattr(value, "__index__") or int(value) < smallest:
        raise ValueError(f"{name} must be a whole number of at least {smallest}, got {value!r}")


def numbers_of(tokenizer, texts):
    """Cut texts into pieces, and give the numbers of these: a list of int for each text."""
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False)]


def lay_out(firsts, seconds, length):
    """Lay out [CLS] A [SEP] B [SEP] [PAD] ...

    Parameters
    ----------
    firsts, seconds : list of list of int
        Numbers of the pieces; without `seconds` (None), each of `firsts` stands alone.
    length : int
        Pieces of each row, at least 8.

    Returns
    -------
    ids, segments : ndarray of shape (n, length), int32
        As `encode_pairs` gives them.
    """
    import numpy as np

    refuse_small("length", length, 8)
    ids = np.full((len(firsts), length), PAD, np.int32)
    segments = np.zeros((len(firsts), length), np.int32)
    for row, first in enumerate(firsts):
        if seconds is None:
            line = [CLS, *first[: length - 2], SEP]
        else:
            second, room = seconds[row], length - 3
            keep = max(min(len(first), room - len(second)), min(len(first), (room + 1) // 2))
            first = first[:keep]
            second = second[: room - len(first)]
            segments[row, len(first) + 2 : len(first) + len(second) + 3] = 1
            line = [CLS, *first, SEP, *second, SEP]
        ids[row, : len(line)] = line
    return ids, segments
