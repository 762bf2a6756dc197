"""The trainings of transformers go on where they were stopped, and measure what they store."""

import types

import numpy as np
import pytest

from course_utils import checkpoints, datasets, text
from course_utils.networks import transformers
from tests.plain_encoder import encode_numpy
from training import bert_docstrings, gpt_docstrings, transformer

WORDS = "the array of each row is a mean of every value along this axis".split()


def documents(count, seed):
    """Docstrings of made-up sentences."""
    rng, found = np.random.default_rng(seed), []
    for number in range(count):
        lines = [" ".join(rng.choice(WORDS, 9)).capitalize() + "." for _ in range(6)]
        found.append(datasets.Docstring("lib", f"lib.m{number}", "f", "\n\n".join(lines), "lib"))
    return found


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Tiny trainings on tiny text; calls one with steps and gives its checkpoint."""
    pytest.importorskip("tensorflow")
    monkeypatch.setattr(transformer, "STATE", tmp_path / "state")
    monkeypatch.setattr(transformer, "EACH_MINUTES", 0.0)
    monkeypatch.setattr(transformer, "XLA", False)  # tests/unit/test_networks_transformers.py compiles
    monkeypatch.setattr(transformer.reproducibility, "limit_threads", lambda count: None)
    monkeypatch.setattr(bert_docstrings, "PIECES", 90)
    found = types.SimpleNamespace(
        train=documents(8, 0), test=documents(4, 1), versions={"lib": "1.0"}, kept_apart=("lib.m1", "lib.m2")
    )
    monkeypatch.setattr(transformer, "corpus", lambda: found)
    modules = {"bert": bert_docstrings, "gpt": gpt_docstrings}

    def run(kind, steps, name="tiny", **options):
        given = {"steps": steps, "name": tmp_path / name, "batch": 2, "width": 8, "layers": 1, "heads": 2, "inner": 12}
        words = [word for key, value in (given | {"length": 16} | options).items() for word in (f"--{key}", str(value))]
        module = modules[kind]
        task = module.BERT if kind == "bert" else module.GPT
        transformer.main(task, module.DEFAULTS, words)
        return checkpoints.load(tmp_path / name)

    run.found = found
    return run


def test_the_learning_rate_rises_and_falls_to_zero():
    rates = [transformer.rate_at(step, 1000, 0.5) for step in range(1, 1001)]
    assert rates[0] == pytest.approx(0.5 / 50) and max(rates) == rates[49] == 0.5 and rates[-1] == 0
    assert np.diff(rates[49:]).max() < 0 and transformer.rate_at(1, 1, 0.5) >= 0


@pytest.mark.parametrize("kind", ["bert", "gpt"])
def test_a_stopped_training_ends_where_one_without_a_stop_does(small, stop_after_each_step, kind):
    whole = small(kind, 3, dropout=0.2)
    kept = stop_after_each_step()
    for _ in range(5):
        part = small(kind, 3, "parts", dropout=0.2)
        if part.record["steps"] == 3:
            break
    assert kept[:4] == [1, 1, 1, 2] and part.record["steps"] == 3
    for name, array in whole.weights.items():
        np.testing.assert_allclose(part.weights[name], array, atol=1e-3)
    for name, value in whole.record["score"].items():
        assert part.record["score"][name] == pytest.approx(value, abs=2e-3)
    assert part.record["plans"] == whole.record["plans"] and len(part.record["curve"]) > len(whole.record["curve"])
    assert part.record["kept_apart"] == ["lib.m1", "lib.m2"]


@pytest.mark.parametrize("kind", ["bert", "gpt"])
def test_a_finished_training_that_is_started_again_stays_as_it_is(small, tmp_path, kind):
    first = small(kind, 3)
    before = (tmp_path / "tiny.npz").read_bytes()
    for rate in (0.001, 0.002, 0.002):  # what was not trained with is no plan
        small(kind, 3, rate=rate)
    assert (tmp_path / "tiny.npz").read_bytes() == before
    assert len(first.record["curve"]) == 1 and None not in first.record["curve"][0]
    points = [point[0] for point in small(kind, 5).record["curve"]]
    assert points == [3 * 2 * 16, 5 * 2 * 16]


def test_bert_is_judged_by_the_weights_it_stores(small):
    found = small("bert", 2)
    weights, record = found.weights, found.record
    config = transformers.Config(**record["config"])
    tokeniser = text.wordpiece(record["vocabulary"])
    rng = np.random.default_rng(0)
    pairs = text.sentence_pairs(small.found.test, tokeniser, rng, 16)
    order = rng.permutation(len(pairs[0]))
    ids, segments, is_next = (part[order] for part in pairs)
    inputs, positions, targets, counts = text.mask_tokens(ids, rng, 90)
    rows = len(ids) // 2 * 2
    hidden = encode_numpy(weights, inputs, segments, inputs != text.PAD, config=config)[0].astype("float32")
    scores = np.asarray(transformers.masked_logits(weights, hidden, positions), float)
    losses = np.log(np.exp(scores).sum(2)) - np.take_along_axis(scores, targets[..., None], 2)[..., 0]
    score = record["score"]
    assert score["masked_loss"] == pytest.approx((losses * counts)[:rows].sum() / counts[:rows].sum(), abs=1e-3)
    right = (scores.argmax(2) == targets) * counts
    assert score["masked_accuracy"] == pytest.approx(right[:rows].sum() / counts[:rows].sum(), abs=1e-3)
    follows = np.asarray(transformers.next_sentence_logits(weights, hidden)).argmax(1) == is_next
    assert score["next_sentence_accuracy"] == pytest.approx(follows[:rows].mean(), abs=1e-3)
    assert record["held_out_pairs"] == len(ids) and record["pieces_seen"] == 2 * 2 * 16
    assert len(record["piece_counts"]) == len(record["vocabulary"]) and max(record["piece_counts"]) > 0
    assert 0 < record["masked_baselines"]["unigram"] <= record["masked_baselines"]["bigram"] + 0.2
    assert len(record["curve"][-1]) == len(record["curve_is"])


def test_gpt_is_judged_by_the_weights_it_stores(small):
    found = small("gpt", 2)
    weights, config = found.weights, transformers.Config(**found.record["config"])
    ids = text.places_in(gpt_docstrings.ALPHABET, [docstring.text for docstring in small.found.test])
    starts = np.arange(0, len(ids) - 16, 8)
    starts = starts[: len(starts) // 2 * 2]
    windows = ids[starts[:, None] + np.arange(17)].astype(int)
    hidden = encode_numpy(weights, windows[:, :-1], config=config)[0]
    scores = hidden @ weights["tokens"].T
    losses = np.log(np.exp(scores).sum(2)) - np.take_along_axis(scores, windows[:, 1:, None], 2)[..., 0]
    assert found.record["score"]["bits_per_character"] == pytest.approx(losses[:, 8:].mean() / np.log(2), abs=1e-3)
    assert found.record["characters_seen"] == 2 * 2 * 16 and found.record["alphabet"] == gpt_docstrings.ALPHABET
    assert len(found.record["curve"][-1]) == len(found.record["curve_is"])


def test_other_sizes_and_other_text_are_refused(small):
    small("gpt", 1)
    with pytest.raises(SystemExit, match="tiny_0.npz holds a network of another size: delete it"):
        small("gpt", 2, width=16)
    small.found.train[0] = documents(1, 9)[0]
    with pytest.raises(SystemExit, match="tiny_0.npz was trained on other text: delete it"):
        small("gpt", 2)


def test_every_window_is_read_once_in_a_pass(small):
    arguments = types.SimpleNamespace(**gpt_docstrings.DEFAULTS | {"length": 16, "batch": 3, "width": 8, "layers": 1})
    task = gpt_docstrings.GPT(arguments)
    updates = (len(task.train) - 17) // 48
    first = [task.batch(step) for step in range(1, updates + 1)]
    assert len({tuple(row) for batch in first for row in batch}) == 3 * updates
    assert all(batch.shape == (3, 17) for batch in first)
    assert not np.array_equal(task.batch(updates + 1), first[0]) and np.array_equal(task.batch(1), first[0])


def test_guesses_from_neighbours():
    ids = np.array([[2, 7, 8, 3, 0, 0], [2, 7, 9, 3, 0, 0], [2, 7, 9, 8, 3, 0], [2, 8, 8, 8, 3, 0]])
    known = bert_docstrings.Neighbours(ids)
    assert known.most[1].tolist() == [8]
    test = np.array([[2, 7, 9, 8, 3, 0], [2, 8, 6, 9, 3, 0]])
    positions, targets = np.array([[2, 3], [2, 0]]), np.array([[9, 8], [6, 0]])
    counts = np.array([[1, 1], [1, 0]])
    found = known.accuracy(test, positions, targets, counts)
    assert found == {"unigram": 0.3333, "bigram": 0.6667, "both_neighbours": 0.6667}


def test_gzip():
    assert gpt_docstrings.gzip_bits("ab" * 4000) < 0.1
