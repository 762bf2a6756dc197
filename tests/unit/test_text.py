"""Sub-word pieces, sentence pairs and masks: repeatable, as in BERT, clear about what is wrong."""

import doctest
import hashlib
import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from course_utils import datasets, text
from course_utils.text import pieces, pretraining

ROOT = Path(__file__).resolve().parents[2]
WORDS = "the array has one axis and each axis has a length that is a whole number of elements".split()


def sentences_of(seed, number, words=WORDS):
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(words, rng.integers(3, 9))) + "." for _ in range(number)]


@pytest.fixture(scope="module")
def tokenizer():
    return text.train_wordpiece(sentences_of(0, 300), 86)


@pytest.fixture(scope="module")
def documents():
    return [sentences_of(seed, 1 + seed % 7) for seed in range(1, 60)]


@pytest.mark.parametrize("module", [pieces, pretraining])
def test_docstrings(module):
    assert doctest.testmod(module).failed == 0


# Pieces


def test_special_pieces_come_first(tokenizer):
    vocabulary = text.pieces_of(tokenizer)
    assert tuple(vocabulary[:5]) == text.SPECIALS == ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
    assert (text.PAD, text.UNK, text.CLS, text.SEP, text.MASK) == (0, 1, 2, 3, 4)
    assert len(vocabulary) == len(set(vocabulary)) == 86
    assert tokenizer.get_vocab() == {piece: number for number, piece in enumerate(vocabulary)}


def test_frequent_words_become_one_piece_and_no_letter_is_unknown(tokenizer):
    assert tokenizer.encode("the axis has a length").tokens[:3] == ["the", "axis", "has"]
    assert text.UNK not in tokenizer.encode("teeth share other leash").ids
    assert tokenizer.encode("ZEBRA").ids == [text.UNK]
    assert tokenizer.encode("The AXIS, h\u00e1s.").tokens[1] == "axis"


def test_pieces_put_together_are_the_text(tokenizer):
    for sentence in sentences_of(5, 20):
        found = tokenizer.encode(sentence)
        assert "".join(piece.removeprefix("##") for piece in found.tokens) == sentence.replace(" ", "")


def test_the_longest_piece_is_taken_against_a_loop(tokenizer):
    vocabulary = set(text.pieces_of(tokenizer))

    def cut(word):
        found, start = [], 0
        while start < len(word):
            ends = [end for end in range(start + 1, len(word) + 1) if ("##" * (start > 0) + word[start:end]) in vocabulary]
            if not ends:
                return ["[UNK]"]
            found.append("##" * (start > 0) + word[start : ends[-1]])
            start = ends[-1]
        return found

    for word in [*WORDS, "thesis", "shale", "numb", "elementary", "zoo"]:
        assert tokenizer.encode(word).tokens == cut(word)


def test_a_stored_list_gives_the_same_tokenizer(tokenizer):
    again = text.wordpiece(text.pieces_of(tokenizer))
    for sentence in sentences_of(6, 30):
        assert again.encode(sentence).ids == tokenizer.encode(sentence).ids
    assert text.pieces_of(again) == text.pieces_of(tokenizer)


def test_the_order_of_the_texts_does_not_matter(tokenizer):
    assert text.pieces_of(text.train_wordpiece(iter(sentences_of(0, 300)[::-1]), 86)) == text.pieces_of(tokenizer)


def test_pieces_repeat_in_fresh_processes():
    code = (
        "import hashlib, random; from course_utils import text; random.seed(0)\n"
        "words = [''.join(random.choices('abcdefghijklmnopqrst', k=random.randint(2, 9))) for _ in range(400)]\n"
        "tokenizer = text.train_wordpiece([' '.join(random.choices(words, k=9)) for _ in range(600)], 700)\n"
        "print(hashlib.sha256(' '.join(text.pieces_of(tokenizer)).encode()).hexdigest())"
    )
    found = set()
    for seed, threads in (("0", "1"), ("1", "2"), ("77", "2")):
        env = {**os.environ, "PYTHONHASHSEED": seed, "RAYON_NUM_THREADS": threads}
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env=env, check=True)
        found.add(done.stdout)
    assert len(found) == 1 and len(found.pop()) == hashlib.sha256().digest_size * 2 + 1


def test_importing_tokenizers_asks_no_network():
    code = (
        "import socket, sys; socket.socket.connect = None; from course_utils import text\n"
        "assert 'tokenizers' not in sys.modules\n"
        "text.wordpiece(text.SPECIALS); print(sorted({'huggingface_hub', 'httpx2', 'requests'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_training_leaves_the_environment_as_it_was(monkeypatch):
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    text.train_wordpiece(["ab ab"], 20)
    assert "TOKENIZERS_PARALLELISM" not in os.environ
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "true")
    text.train_wordpiece(["ab ab"], 20)
    assert os.environ["TOKENIZERS_PARALLELISM"] == "true"


@pytest.mark.parametrize(
    ("texts", "size", "error", "said"),
    [
        ("one text", 100, TypeError, "texts must be a list of str, got one str"),
        (["a", 3], 100, TypeError, "texts must hold only str, got int"),
        ([], 100, ValueError, "texts must hold at least one word, got none"),
        ([" "], 100, ValueError, "texts must hold at least one word, got none"),
        (["some words"], 8, ValueError, "size must be at least 18 for the characters of these texts, got 8"),
        (["some words"], 0, ValueError, "size must be a whole number of at least 1, got 0"),
        (["some words"], 30.0, ValueError, "size must be a whole number"),
        (["some words"], True, ValueError, "size must be a whole number"),
    ],
)
def test_wrong_texts_and_sizes_are_refused(texts, size, error, said):
    with pytest.raises(error, match=said):
        text.train_wordpiece(texts, size)


@pytest.mark.parametrize(
    ("vocabulary", "said"),
    [(["a", "b"], "vocabulary must start with"), ([*text.SPECIALS, "a", "b", "a"], "each piece once, got 'a' twice")],
)
def test_a_wrong_vocabulary_is_refused(vocabulary, said):
    with pytest.raises(ValueError, match=said):
        text.wordpiece(vocabulary)


# Rows


def test_texts_and_pairs_are_laid_out(tokenizer):
    def numbers(said):
        return tokenizer.encode(said).ids

    ids, segments = text.encode_pairs(tokenizer, ["the axis", "a"], ["has a length", "one"], 12)
    first, second = numbers("the axis"), numbers("has a length")
    line = [2, *first, 3, *second, 3]
    assert ids[0].tolist() == line + [0] * (12 - len(line)) and ids.dtype == segments.dtype == np.int32
    assert segments[0].tolist() == [0] * (len(first) + 2) + [1] * (len(second) + 1) + [0] * (12 - len(line))
    alone, none = text.encode_pairs(tokenizer, ["the axis " * 20], length=10)
    assert alone.shape == (1, 10) and alone[0, 0] == 2 and alone[0, -1] == 3 and not none.any()


@pytest.mark.parametrize(("long", "short"), [(30, 2), (2, 30), (30, 30), (30, 6), (5, 6)])
def test_of_a_long_pair_the_longer_text_is_cut(tokenizer, long, short):
    ids, segments = text.encode_pairs(tokenizer, ["the " * long], ["has " * short], 16)
    first, second = long, short
    while first + second > 13:  # BERT's own loop; of two equally long ones it cuts the second
        if first > second:
            first -= 1
        else:
            second -= 1
    assert (ids == 3).sum() == 2
    assert (ids == tokenizer.encode("the").ids[0]).sum() == first
    assert (ids == tokenizer.encode("has").ids[0]).sum() == second == segments.sum() - 1


def test_texts_that_do_not_pair_are_refused(tokenizer):
    with pytest.raises(ValueError, match=r"second must have as many texts as first \(2\), got 1"):
        text.encode_pairs(tokenizer, ["a", "b"], ["c"])
    with pytest.raises(TypeError, match="first must be a list of str, got one str"):
        text.encode_pairs(tokenizer, "abc")
    with pytest.raises(TypeError, match="second must hold only str, got NoneType"):
        text.encode_pairs(tokenizer, ["a"], [None])
    with pytest.raises(ValueError, match="length must be a whole number of at least 8, got 4"):
        text.encode_pairs(tokenizer, ["a"], length=4)


# Sentence pairs


def test_pairs_have_berts_form(tokenizer, documents):
    ids, segments, is_next = text.sentence_pairs(documents, tokenizer, np.random.default_rng(0), 24)
    assert ids.shape == segments.shape == (len(is_next), 24)
    assert {ids.dtype, segments.dtype, is_next.dtype} == {np.dtype(np.int32)}
    assert (ids[:, 0] == text.CLS).all() and ((ids == text.SEP).sum(1) == 2).all()
    for row, segment in zip(ids, segments, strict=True):
        first, second = np.flatnonzero(row == text.SEP)
        assert 1 < first and first + 1 < second
        assert segment.tolist() == [0] * (first + 1) + [1] * (second - first) + [0] * (23 - second)
        assert not row[second + 1 :].any() and row[:second].all()


def test_b_follows_a_in_half_of_the_pairs(tokenizer):
    """Every sentence has a word of its own, so that each row tells where it is from."""
    letters = "abcdefghijklmnop"
    names = [f"{a}{b}{c}" for a in letters for b in letters for c in letters][:1200]
    documents = [[f"{names[6 * doc + place]}x is" for place in range(6)] for doc in range(200)]
    own = text.wordpiece([*text.SPECIALS, "is", *[f"{name}x" for name in names]])
    ids, _, is_next = text.sentence_pairs(documents, own, np.random.default_rng(0), 13)
    assert 0.42 < is_next.mean() < 0.58 and len(ids) > 300
    for row, follows in zip(ids, is_next, strict=True):
        first, second = np.flatnonzero(row == text.SEP)
        before, after = ([piece - 6 for piece in part if piece > 5] for part in (row[1:first], row[first + 1 : second]))
        assert before == list(range(before[0], before[0] + len(before))) and len({n // 6 for n in before}) == 1
        assert after == list(range(after[0], after[0] + len(after))) and len({n // 6 for n in after}) == 1
        if follows:
            assert after[0] == before[-1] + 1 and after[0] // 6 == before[0] // 6
        else:
            assert after[0] // 6 != before[0] // 6


def test_every_sentence_that_fits_is_used(tokenizer):
    documents = [[f"the axis has {word}" for word in WORDS] for _ in range(2)]
    ids, _, is_next = text.sentence_pairs(documents, tokenizer, np.random.default_rng(3), 30)
    assert len(ids) >= 4
    assert (ids != text.PAD).mean() > 0.7


def test_pairs_repeat_and_follow_the_generator(tokenizer, documents):
    first, again, other = (
        text.sentence_pairs(documents, tokenizer, np.random.default_rng(seed), 24)[0] for seed in (0, 0, 1)
    )
    assert np.array_equal(first, again) and not (first.shape == other.shape and np.array_equal(first, other))


def test_documents_may_be_cut_before(tokenizer, documents):
    ready = text.tokenized(documents, tokenizer)
    assert text.tokenized(ready, tokenizer) is ready
    assert ready[0][0] == tokenizer.encode(documents[0][0]).ids
    parts = [text.sentence_pairs(given, tokenizer, np.random.default_rng(0), 24) for given in (documents, ready)]
    assert all(np.array_equal(*pair) for pair in zip(*parts, strict=True))


def test_docstrings_are_documents(tokenizer):
    said = [datasets.Docstring("lib", "lib.a", "f", "The array has one axis. Each axis has a length.")] * 3
    assert [len(document) for document in text.tokenized(said, tokenizer)] == [2, 2, 2]
    assert len(text.sentence_pairs(said, tokenizer, np.random.default_rng(0))[0]) >= 3


@pytest.mark.parametrize("wrong", [[], [["one sentence alone"]], [["a b", "c d"], ["e f"]]])
def test_too_few_documents_are_refused(tokenizer, wrong):
    with pytest.raises(ValueError, match="documents must hold at least 2 of two sentences or more, got"):
        text.sentence_pairs(wrong, tokenizer, np.random.default_rng(0))


@pytest.mark.parametrize("length", [7, 0, 64.0, True])
def test_a_wrong_length_is_refused(tokenizer, documents, length):
    with pytest.raises(ValueError, match="length must be a whole number of at least 8"):
        text.sentence_pairs(documents, tokenizer, np.random.default_rng(0), length)


# Masks


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    ids = rng.integers(5, 1000, (4000, 64)).astype(np.int32)
    ids[:, 0] = text.CLS
    ends = rng.integers(20, 64, len(ids))
    ids[np.arange(64) > ends[:, None]] = text.PAD
    ids[np.arange(len(ids)), ends] = text.SEP
    ids[np.arange(len(ids)), ends // 2] = text.SEP
    return ids


def test_masks_are_berts(rows):
    inputs, positions, targets, weights = text.mask_tokens(rows, np.random.default_rng(1), 1000)
    assert inputs.shape == rows.shape and positions.shape == targets.shape == weights.shape == (len(rows), 10)
    assert inputs.dtype == positions.dtype == targets.dtype == np.int32 and weights.dtype == np.float32
    there = weights > 0
    assert set(np.unique(weights)) == {0.0, 1.0}
    row = np.nonzero(there)[0]
    assert np.array_equal(rows[row, positions[there]], targets[there]) and (targets[there] >= 5).all()
    assert not positions[~there].any() and not targets[~there].any()
    outside = np.ones(rows.shape, bool)
    outside[row, positions[there]] = False
    assert np.array_equal(inputs[outside], rows[outside])
    assert (np.diff(np.where(there, positions, 1000 + np.arange(10)), axis=1) > 0).all()
    expected = np.clip(np.rint(0.15 * (rows >= 5).sum(1)), 1, 10)
    assert np.array_equal(weights.sum(1), expected)
    now = inputs[row, positions[there]]
    shares = [(now == text.MASK).mean(), ((now != text.MASK) & (now != targets[there])).mean(), (now == targets[there]).mean()]
    assert np.allclose(shares, [0.8, 0.1, 0.1], atol=0.01)
    assert (now[now != text.MASK] >= 5).all()


def test_every_place_is_chosen_alike(rows):
    hits, chances = np.zeros(64), np.zeros(64)
    for seed in range(10):
        _, positions, _, weights = text.mask_tokens(rows, np.random.default_rng(seed), 1000)
        hits += np.bincount(positions[weights > 0], minlength=64)
        chances += (rows >= 5).sum(0)
    some = chances > 5000
    assert some.sum() > 45 and np.allclose(hits[some] / chances[some], 0.15, atol=0.015)


def test_masks_repeat_and_change(rows):
    first, again, other = (text.mask_tokens(rows, np.random.default_rng(seed), 1000)[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    before = rows.copy()
    text.mask_tokens(rows, np.random.default_rng(0), 1000)
    assert np.array_equal(rows, before)


@pytest.mark.parametrize("share", [0.01, 0.15, 0.5, 1, 1.0])
@pytest.mark.parametrize("length", [3, 8, 20])
def test_slots_fit_the_share(share, length):
    ids = np.full((5, length), 7)
    ids[0] = text.PAD
    ids[1, 1:] = text.PAD
    inputs, positions, _, weights = text.mask_tokens(ids, np.random.default_rng(0), 9, share)
    slots = int(np.ceil(share * length - 1e-9))
    assert positions.shape == (5, slots)
    assert weights.sum(1).tolist() == [0, 1] + [min(max(1, round(share * length)), slots)] * 3
    assert np.array_equal(inputs[0], ids[0])


def test_fresh_masks_are_quick(rows):
    many = np.tile(rows, (5, 1))
    start = time.process_time()
    text.mask_tokens(many, np.random.default_rng(0), 1000)
    assert time.process_time() - start < 1


@pytest.mark.parametrize(
    ("ids", "size", "share", "said"),
    [
        ([1, 2], 9, 0.15, r"ids must be whole numbers of shape \(n, T\), got int64 of shape \(2,\)"),
        ([[1.0]], 9, 0.15, "ids must be whole numbers"),
        (np.zeros((0, 4), int), 9, 0.15, "ids must be whole numbers"),
        ([[9]], 9, 0.15, "ids must lie from 0 to 8, got 9 to 9"),
        ([[-1]], 9, 0.15, "ids must lie from 0 to 8, got -1 to -1"),
        ([[5]], 5, 0.15, "vocabulary_size must be a whole number of at least 6, got 5"),
        ([[5]], 9.0, 0.15, "vocabulary_size must be a whole number"),
        ([[5]], 9, 0, "share must be above 0 and at most 1, got 0"),
        ([[5]], 9, 1.5, "share must be"),
        ([[5]], 9, True, "share must be"),
        ([[5]], 9, "0.15", "share must be"),
    ],
)
def test_wrong_ids_are_refused(ids, size, share, said):
    with pytest.raises(ValueError, match=said):
        text.mask_tokens(ids, np.random.default_rng(0), size, share)


# The corpus


@pytest.mark.slow
def test_pieces_of_the_corpus():
    """3,000 pieces, few of them single letters in use, next to nothing unknown in held-out text."""
    corpus = datasets.load_docstrings(kept_apart=["scipy.cluster", "keras.src.constraints", "numpy.linalg"])
    learn = [sentence for doc in corpus.train[::4] for sentence in datasets.sentences(doc)]
    own = text.train_wordpiece(learn, 3000)
    held = [sentence for doc in corpus.test for sentence in datasets.sentences(doc)]
    found = [own.encode(sentence) for sentence in held]
    numbers = Counter(number for one in found for number in one.ids)
    assert len(text.pieces_of(own)) == 3000 and numbers[text.UNK] < 0.001 * numbers.total()
    characters = sum(len(sentence.replace(" ", "")) for sentence in held)
    assert characters / numbers.total() > 3


def test_characters_become_places_in_the_alphabet():
    alphabet = "\0\t\nabc"
    places = text.places_in(alphabet, iter(["a\tb", "é\x07c\n"]))
    assert places.dtype == np.uint8 and "".join(alphabet[place] for place in places) == "\0a\tb\0c\n"
    assert text.places_in("ab", []).shape == (0,)


@pytest.mark.parametrize("alphabet", ["", "aa", "é"])
def test_an_alphabet_that_would_mix_characters_up_is_refused(alphabet):
    with pytest.raises(ValueError, match="alphabet must be different ASCII characters, got"):
        text.places_in(alphabet, ["a"])


def test_one_text_is_not_a_list_of_texts():
    with pytest.raises(TypeError, match="put it into a list"):
        text.places_in("abc", "abc")


@pytest.mark.parametrize("added", [0.1, 1.0])
def test_bits_of_counts_equal_counting_by_hand(added):
    known, new = text.places_in("\0ab", ["aaab"]), text.places_in("\0ab", ["ab"])  # 01112 and 012
    single = {0: 1, 1: 3, 2: 1}
    unigram = [-np.log2((single[place] + added) / (5 + 3 * added)) for place in (0, 1, 2)]
    bigram = [-np.log2((1 + added) / (1 + 3 * added)), -np.log2((1 + added) / (3 + 3 * added))]  # 0->1, 1->2
    found = text.bits_of_counts(known, new, 3, added=added)
    assert found == {"unigram": pytest.approx(np.mean(unigram)), "bigram": pytest.approx(np.mean(bigram))}


def test_bits_of_counts_of_text_without_order_are_its_entropy():
    places = np.random.default_rng(0).integers(0, 4, 40_000)
    found = text.bits_of_counts(places[:20_000], places[20_000:], 4)
    assert found["unigram"] == pytest.approx(2, abs=0.01) and found["bigram"] == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(("known", "new", "added", "says"), [
    ([0], [0, 1], 0.1, "known must be a row of at least two places"),
    ([0, 1], [[0, 1]], 0.1, "new must be a row of at least two places"),
    ([0, 1], [0, 2], 0.1, "new must hold places from 0 to 1, got 0 to 2"),
    ([0, -1], [0, 1], 0.1, "known must hold places from 0 to 1, got -1 to 0"),
    ([0, 1], [0, 1], 0.0, "added must be above zero, got 0.0"),
])
def test_bits_of_counts_say_what_is_wrong(known, new, added, says):
    with pytest.raises(ValueError, match=says):
        text.bits_of_counts(known, new, 2, added=added)


def test_the_smallest_number_passes():
    pieces.refuse_small("count", 3, 3)
    with pytest.raises(ValueError, match="count must be a whole number of at least 3, got 2"):
        pieces.refuse_small("count", 2, 3)


def test_a_negative_number_is_no_piece():
    with pytest.raises(ValueError, match="ids must lie from 0 to 29, got -1 to 9"):
        text.mask_tokens(np.array([[-1, 9]]), np.random.default_rng(0), 30)


def test_a_pair_may_fill_the_row_to_its_end(tokenizer):
    documents = [["axis axis axis", "length length"], ["whole whole whole", "number number"]]
    ids, _, _ = text.sentence_pairs(documents, tokenizer, np.random.default_rng(0), length=8)
    assert (ids != text.PAD).all()
