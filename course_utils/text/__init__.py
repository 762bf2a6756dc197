"""Text that networks read and write: characters, sub-word pieces, sentence pairs, masks, code that a network wrote.

The names below cut text into pieces and make what BERT is trained on; `course_utils.text.snippets`
cuts functions out of generated code, parses them and calls them.
"""

from course_utils.text.characters import bits_of_counts, places_in
from course_utils.text.pieces import (
    CLS,
    MASK,
    PAD,
    SEP,
    SPECIALS,
    UNK,
    encode_pairs,
    pieces_of,
    train_wordpiece,
    wordpiece,
)
from course_utils.text.pretraining import mask_tokens, sentence_pairs, tokenized

__all__ = [
    "CLS",
    "MASK",
    "PAD",
    "SEP",
    "SPECIALS",
    "UNK",
    "bits_of_counts",
    "encode_pairs",
    "mask_tokens",
    "pieces_of",
    "places_in",
    "sentence_pairs",
    "tokenized",
    "train_wordpiece",
    "wordpiece",
]
