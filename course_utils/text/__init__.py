"""Sub-word pieces, sentence pairs and masks: what BERT is trained on."""

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
    "encode_pairs",
    "mask_tokens",
    "pieces_of",
    "sentence_pairs",
    "tokenized",
    "train_wordpiece",
    "wordpiece",
]
