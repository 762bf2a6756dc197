"""Examples for BERT's two tasks: does B follow A, and which piece stood here?"""

from course_utils.text.pieces import MASK, SPECIALS, lay_out, numbers_of, refuse_small


def sentence_pairs(documents, tokenizer, rng, length=64):
    """Make examples for BERT's second task: does B follow A?

    Parameters
    ----------
    documents : list of (Docstring, str or list of str)
        Where a document is a list, these are its sentences; of another one,
        `datasets.sentences` finds them.
    tokenizer : tokenizers.Tokenizer
        Made by `train_wordpiece` or `wordpiece`.
    rng : numpy.random.Generator
        Chooses where A ends and what B is; other numbers, other examples.
    length : int, default 64
        Pieces of each row, the special ones among them.

    Returns
    -------
    ids : ndarray of shape (n, length), int32
        ``[CLS] A [SEP] B [SEP] [PAD] ...``
    segments : ndarray of shape (n, length), int32
        0 up to the first ``[SEP]``, 1 up to the second one, 0 from there.
    is_next : ndarray of shape (n,), int32
        1 where B follows A in its document, 0 where B is from another one.

    Raises
    ------
    ValueError
        If fewer than two documents have two sentences, or `length` is below 8.

    Notes
    -----
    As in BERT: sentences of a document are gathered until the row would be full; A
    is the first few of them, and B, with probability one half, the rest or a start
    somewhere in another document. In the second case the rest is used again for the
    next row. Documents of one sentence give no row.

    References
    ----------
    Devlin, Chang, Lee, Toutanova, BERT, NAACL 2019, section 3.1 and appendix A.2.
    """
    import numpy as np

    documents = tokenized(documents, tokenizer)
    refuse_small("length", length, 8)
    usable = [document for document in documents if len(document) > 1]
    if len(usable) < 2:
        raise ValueError(f"documents must hold at least 2 of two sentences or more, got {len(usable)}")
    firsts, seconds, is_next = [], [], []
    room = length - 3
    for index, document in enumerate(usable):
        start = 0
        while start < len(document) - 1:
            stop, used = start, 0
            while stop < len(document) and (used < room or stop < start + 2):
                used += len(document[stop])
                stop += 1
            cut = start + 1 + int(rng.integers(stop - start - 1))
            follows = rng.random() < 0.5
            firsts.append(_joined(document[start:cut], room))
            if follows:
                seconds.append(_joined(document[cut:stop], room))
                start = stop
            else:
                other = int(rng.integers(len(usable) - 1))
                other = usable[other + (other >= index)]
                seconds.append(_joined(other[int(rng.integers(len(other))) :], max(room - len(firsts[-1]), room // 3)))
                start = cut
            is_next.append(follows)
    return (*lay_out(firsts, seconds, length), np.array(is_next, np.int32))


def tokenized(documents, tokenizer):
    """Turn documents into sentences of piece numbers; `sentence_pairs` takes them too.

    Parameters
    ----------
    documents : list of (Docstring, str or list of str)
        As for `sentence_pairs`; what this function returned comes back as it is.
    tokenizer : tokenizers.Tokenizer

    Returns
    -------
    list of list of list of int
        For each document its sentences, for each sentence its pieces.
    """
    from course_utils.datasets import sentences

    if documents and all(isinstance(document, list) for document in documents):
        if any(isinstance(sentence, list) for document in documents for sentence in document):
            return documents
    split = [document if isinstance(document, list) else sentences(document) for document in documents]
    ids = iter(numbers_of(tokenizer, [sentence for document in split for sentence in document]))
    return [[next(ids) for _ in document] for document in split]


def mask_tokens(ids, rng, vocabulary_size, share=0.15):
    """Hide pieces for BERT's first task: which piece stood here?

    Parameters
    ----------
    ids : ndarray of shape (n, T), int
        Rows of `sentence_pairs` or `encode_pairs`.
    rng : numpy.random.Generator
        Chooses the places; each call hides others.
    vocabulary_size : int
        Number of pieces, the five special ones among them.
    share : float, default 0.15
        Share of the pieces of each row (special ones not counted) that is chosen.

    Returns
    -------
    inputs : ndarray of shape (n, T), int32
        `ids` with chosen pieces changed: 80 in 100 became ``[MASK]``, 10 a random
        piece, 10 stayed as they are.
    positions : ndarray of shape (n, K), int32
        Chosen places of each row in rising order; K = ceil(share * T), 0 in empty slots.
    targets : ndarray of shape (n, K), int32
        What stood there; 0 in empty slots.
    weights : ndarray of shape (n, K), float32
        1 for chosen places, 0 for empty slots.

    Raises
    ------
    ValueError
        If `ids` has another shape or kind, or a number outside the vocabulary, or
        `share` is not above 0 and at most 1, or `vocabulary_size` not above 5.

    Notes
    -----
    A row with m pieces has max(1, round(share * m)) places chosen, K at most; a row
    without any has none. Special pieces are never chosen and never put in.
    """
    import numpy as np

    ids = np.asarray(ids)
    if ids.ndim != 2 or not np.issubdtype(ids.dtype, np.integer) or not ids.size:
        raise ValueError(f"ids must be whole numbers of shape (n, T), got {ids.dtype} of shape {ids.shape}")
    refuse_small("vocabulary_size", vocabulary_size, len(SPECIALS) + 1)
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share!r}")
    if ids.min() < 0 or ids.max() >= vocabulary_size:
        raise ValueError(f"ids must lie from 0 to {vocabulary_size - 1}, got {ids.min()} to {ids.max()}")
    number, length = ids.shape
    slots = int(np.ceil(share * length - 1e-9))
    may = ids >= len(SPECIALS)
    count = may.sum(1)
    chosen = np.minimum(np.maximum(np.rint(share * count), 1), np.minimum(count, slots)).astype(int)
    draws = rng.random(ids.shape, dtype=np.float32)
    draws[~may] = 2
    places = np.argpartition(draws, slots - 1, axis=1)[:, :slots] if slots < length else np.argsort(draws, axis=1)
    order = np.argsort(np.take_along_axis(draws, places, 1), axis=1)
    places = np.take_along_axis(places, order, 1)
    kept = np.arange(slots) < chosen[:, None]
    places = np.sort(np.where(kept, places, length), axis=1)
    weights = places < length
    positions = np.where(weights, places, 0)
    targets = np.where(weights, np.take_along_axis(ids, positions, 1), 0)
    fate = rng.random((number, slots), dtype=np.float32)
    replaced = np.where(fate < 0.8, MASK, np.where(fate < 0.9, 0, targets))
    strange = rng.integers(len(SPECIALS), vocabulary_size, (number, slots))
    replaced = np.where((fate >= 0.8) & (fate < 0.9), strange, replaced)
    inputs = ids.astype(np.int32)
    rows = np.nonzero(weights)[0]
    inputs[rows, positions[weights]] = replaced[weights]
    return inputs, positions.astype(np.int32), targets.astype(np.int32), weights.astype(np.float32)


def _joined(parts, most):
    ids = []
    for part in parts:
        ids += part
        if len(ids) >= most:
            break
    return ids[:most]
