"""The benchmarks compare fairly: right medians and ratios, and no row where the sides differ.

How fast anything is, is never asserted.
"""

import dataclasses
import functools
import json
import os
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import benchmarks.__main__ as command
from benchmarks import (
    adversarial_training,
    cartpole_dqn,
    char_lstm,
    digits_network,
    harness,
    mlm_pretraining,
    nature_dqn,
    number_translators,
    numpy_network,
    peers,
    pong_frames,
    ring_gan,
    scalar_engine,
    sharing,
    table,
    translate_numbers,
    worker,
)
from benchmarks.harness import Comparison, Refused, Side
from tests.plain_encoder import encode_numpy
from benchmarks.table import Row

ROOT = Path(__file__).resolve().parents[2]

STUB = '''
"""Two programs that count, one slower than the other by as much as the problem says."""
import os, time
from benchmarks.harness import Comparison, Side, same_training


class Counting:
    def __init__(self, problem, pause, wrong=0.0):
        print("noise of a library")
        self.problem, self.pause, self.wrong = problem, pause, wrong

    def reset(self, seed):
        self.losses, self.seed = [], seed

    def run(self, steps):
        for step in range(steps):
            time.sleep(self.pause)
            late = self.problem.get("late", 0.0) if self.seed == 2 and self.wrong else 0.0
            self.losses.append(1.0 / (1 + step) * (1 + self.wrong * self.problem["off"] + late))

    def quality(self):
        threads = int(os.environ["OMP_NUM_THREADS"])
        return {"parameters": 3, "examples": 4, "losses": self.losses, "accuracy": 1.0, "threads": threads}


def missing(problem):
    import no_such_library


def problem():
    return PROBLEM


PROBLEM = {"off": 0.0}
COMPARISON = Comparison(
    title="Two stubs", task="Counting.", unit="ms per step", per_second=1000, goal=1.0, problem=problem,
    sides=(
        Side("quick", lambda p: Counting(p, 0.001), "ours", threads=(1, 2)),
        Side("slow", lambda p: Counting(p, 0.004, wrong=1.0), "peer", versions=("numpy",)),
        Side("gone", missing, "context"),
    ),
    check_steps=4, block_steps=2, agree=same_training,
)
'''


@pytest.fixture
def stub(tmp_path, monkeypatch):
    """A comparison of two tiny programs; workers find its module too."""
    (tmp_path / "stub_comparison.py").write_text(STUB)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(harness, "PAUSE", 0.0)
    sys.modules.pop("stub_comparison", None)
    import stub_comparison

    yield stub_comparison
    sys.modules.pop("stub_comparison", None)


def row(name, role, times, threads=1, **quality):
    return Row(Side(name, None, role), threads, times, {"Python": "3.0"}, quality)


# Medians, ratios, the table


def test_ratio_is_of_medians_and_its_spread_is_of_rounds():
    ours, theirs = row("a", "ours", [1.0, 2.0, 9.0]), row("b", "peer", [8.0, 6.0, 9.0])
    assert (ours.median, theirs.median) == (2.0, 8.0)
    assert table.ratio_to(ours, theirs) == (4.0, 1.0, 8.0)
    assert table.ratio_to(ours, ours) == (1.0, 1.0, 1.0)


def test_the_best_number_of_threads_counts_for_every_side():
    rows = [
        row("a", "ours", [3.0, 3.0, 1.0], threads=1), row("a", "ours", [2.0, 2.5, 9.0], threads=2),
        row("b", "peer", [4.0, 4.0, 4.0], threads=1), row("b", "peer", [5.0, 1.0, 5.0], threads=2),
    ]  # fmt: skip
    # equal sides: a row belongs to its side, not to its name
    rows[1].side, rows[3].side = rows[0].side, rows[2].side
    assert [(best.side.name, best.threads) for best in table.best_of(rows)] == [("a", 2), ("b", 1)]


def cells_of(text):
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]


@pytest.mark.parametrize(("goal", "word"), [(2.0, "met: 2.50"), (2.6, "MISSED: 2.50")])
def test_table_shows_medians_spread_and_ratios_and_asks_the_fastest_peer(goal, word):
    comparison = dataclasses.replace(scalar_engine.COMPARISON, goal=goal)
    rows = [
        row("a", "ours", [0.002, 0.004, 0.003], losses=[2.0, 1.0], accuracy=0.9),
        row("slow", "peer", [0.3, 0.6, 0.5], losses=[2.0, 1.0], accuracy=0.8),
        row("fast", "peer", [0.0075, 0.0074, 0.009], threads=2, losses=[2.0, 1.0], accuracy=1.0),
        row("aside", "context", [0.001, 0.001, 0.001]),
    ]
    text = table.table(comparison, rows, 3)
    _, _, ours, slow, fast, aside = cells_of(text)
    assert ours == ["ours: a (Python 3.0)", "1", "3", "2–4", "1", ""]
    assert slow == ["peer: slow (Python 3.0)", "1", "500", "300–600", "**166.67**", "150.00–166.67"]
    assert fast == ["peer: fast (Python 3.0)", "2", "7.5", "7.4–9", "**2.50**", "1.85–3.75"]
    assert aside[0] == "context: aside (Python 3.0)" and aside[4] == "**0.33**"
    assert word in text
    assert "accuracy 0.80, loss 2.000 to 1.000 in 2 steps" in text


# Quality


def reached(**changes):
    return {"parameters": 3, "examples": 4, "losses": [1.0, 0.5], "accuracy": 0.9} | changes


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"parameters": 2}, "parameters: 3 in a, 2 in b"),
        ({"examples": 5}, "examples: 4 in a, 5 in b"),
        ({"losses": [1.0, 0.50001]}, "loss before step 1: 0.5 in a, 0.50001 in b"),
        ({"losses": [1.1, 0.5]}, "loss before step 0: 1 in a, 1.1 in b"),
        ({"losses": [1.0]}, "steps: 2 in a, 1 in b"),
        ({"losses": [1.0, float("nan")]}, "loss before step 1: 0.5 in a, nan in b"),
        ({"losses": [1.0, 1.0]}, "the loss does not fall in b"),
        ({"accuracy": 0.8}, "accuracy 0.800 in b, at least 0.85 is asked"),
        ({"accuracy": float("nan")}, "accuracy nan in b"),
    ],
)
def test_unequal_quality_is_named(changes, complaint):
    agree = harness.same_training
    complaints = agree({"a": reached(), "b": reached(**changes)}, True, least_accuracy=0.85)
    assert any(complaint in found for found in complaints), complaints
    assert agree({"a": reached(), "b": reached(losses=[1.0, 0.5 + 1e-9])}, True, least_accuracy=0.85) == []


@pytest.mark.parametrize(
    ("losses", "complaint"),
    [
        ([[1.0, 2.0]], "number of losses: 2 in a, 1 in b"),
        ([], "number of losses: 2 in a, 0 in b"),
        (1.0, "number of losses: 2 in a, 1 in b"),
        ([[1.0, 2.0], [3.0]], "losses before step 1: 3, 4 in a, 3 in b"),
    ],
)
def test_sides_with_fewer_losses_are_named(losses, complaint):
    one = {"parameters": 3, "examples": 4, "losses": [[1.0, 2.0], [3.0, 4.0]]}
    assert complaint in sharing.unlike({"a": one, "b": one | {"losses": losses}}, "losses")


def test_short_blocks_need_not_be_accurate():
    qualities = {"a": reached(losses=[1.0], accuracy=0.1), "b": reached(losses=[1.0], accuracy=0.1)}
    assert harness.same_training(qualities, False, least_accuracy=0.85) == []
    assert harness.same_training(qualities, True, least_accuracy=0.85) != []


# A tiny comparison from end to end


def test_stubs_are_compared_in_turns(stub):
    said = []
    rows = harness.compare("stub_comparison", stub.COMPARISON, 3, said.append)
    assert [(found.side.name, len(found.times)) for found in rows] == [("quick", 3), ("slow", 3)]
    assert all(found.times and min(found.times) > 0 for found in rows)
    assert rows[0].quality["threads"] == rows[0].threads
    assert rows[1].versions["numpy"] == np.__version__
    assert any("left out: gone: ModuleNotFoundError" in line for line in said)
    text = table.table(stub.COMPARISON, rows, 3)
    assert len(cells_of(text)) == 4 and "Goal: at least 1 times" in text


@pytest.fixture
def asked(monkeypatch):
    """Timed blocks in the order in which they are asked for: (seed, side, threads)."""
    blocks = []
    ask = harness.Worker.ask

    def listen(self, **question):
        if "seed" in question:
            blocks.append((question["seed"], self.side.name, self.threads))
        return ask(self, **question)

    monkeypatch.setattr(harness.Worker, "ask", listen)
    return blocks


def test_turns_alternate(stub, asked):
    harness.compare("stub_comparison", stub.COMPARISON, 2, lambda line: None)
    turn = [("quick", 1), ("quick", 2), ("slow", 1)]
    assert asked == [(number, *side) for number in (0, 1) for side in turn]


def test_unequal_quality_is_refused_before_anything_is_timed(stub, asked):
    stub.PROBLEM["off"] = 0.01
    with pytest.raises(Refused, match="the sides don't do the same: loss before step 0"):
        harness.compare("stub_comparison", stub.COMPARISON, 3, lambda line: None)
    assert asked == []


def test_quality_that_is_lost_later_is_refused_too(stub):
    stub.PROBLEM["late"], said = 0.01, []
    with pytest.raises(Refused, match="loss before step 0"):
        harness.compare("stub_comparison", stub.COMPARISON, 3, said.append)
    assert "round 2 of 3" in said and "round 3 of 3" not in said


def test_a_peer_that_can_not_run_refuses_the_comparison(stub):
    sides = tuple(dataclasses.replace(side, role="peer") if side.role == "context" else side for side in stub.COMPARISON.sides)
    with pytest.raises(Refused, match="gone: ModuleNotFoundError: No module named 'no_such_library'"):
        harness.compare("stub_comparison", dataclasses.replace(stub.COMPARISON, sides=sides), 1, lambda line: None)


def test_a_process_that_ends_is_named_with_its_last_words(stub):
    dying = harness.Worker("no_such_module", stub.COMPARISON.sides[0], 0, 1)
    try:
        with pytest.raises(Refused, match="quick: ModuleNotFoundError"):
            dying.ask(problem={})
        with pytest.raises(Refused, match=r"(?s)quick: the process ended.*No module named 'no_such_module'"):
            dying.ask(problem={})
    finally:
        dying.close()
    assert dying.process.poll() is not None


def test_a_worker_that_hangs_is_ended(stub, monkeypatch):
    monkeypatch.setattr(harness, "LONGEST_ANSWER", 0.5)
    stuck = harness.Worker("stub_comparison", stub.COMPARISON.sides[0], 0, 1)
    try:
        with pytest.raises(Refused, match="the process ended"):
            stuck.ask(problem={"off": 0.0}, steps=1_000_000, versions=())
    finally:
        stuck.close()


def test_without_peers_one_line_says_how_to_get_them(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(harness, "PEERS", tmp_path / "none")
    with pytest.raises(Refused, match="`make bench-peers` makes .venv-peers"):
        harness.python_of(Side("a", None, "peer", peers=True))
    assert harness.python_of(Side("a", None, "ours")) == sys.executable
    assert command.main(["scalar_engine"]) == 1
    assert capsys.readouterr().err == "bench: the peers are not installed: `make bench-peers` makes .venv-peers\n"


# The worker's clock


class Ticking:
    """Work that takes as long as it says, on a clock that only it moves."""

    def __init__(self, seconds):
        self.seconds, self.now, self.events = seconds, 0.0, []

    def reset(self, seed):
        self.events.append(("reset", seed))
        self.now += 100.0  # must not be counted

    def run(self, steps):
        self.events.append(("run", steps))
        self.now += self.seconds * steps


@pytest.mark.parametrize(("seconds", "repeats"), [(0.5, 1), (0.01, 4)])
def test_short_blocks_are_repeated_from_the_start(monkeypatch, seconds, repeats):
    work = Ticking(seconds)
    monkeypatch.setattr(worker.time, "perf_counter", lambda: work.now)
    assert worker.timed_block(work, 5, 7, least=0.2) == pytest.approx(seconds)
    assert work.events == [("reset", 7), ("run", 5)] * repeats


def test_worker_answers_line_by_line(stub):
    questions = [{"problem": {"off": 0.0}, "steps": 3, "versions": []}, {"steps": 2, "seed": 1}]
    [ready, timed] = worker.answers(types.SimpleNamespace(build=lambda p: _quick(stub, p)), questions)
    assert ready["quality"]["losses"] == [1.0, 0.5, pytest.approx(1 / 3)]
    assert ready["versions"]["Python"].startswith("3.")
    assert timed["seconds"] > 0 and timed["quality"]["losses"] == [1.0, 0.5]
    json.dumps([ready, timed])


def _quick(stub, problem):
    import os

    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return stub.Counting(problem, 0.0001)


# The comparisons themselves


def run_side(side, problem, steps):
    work = side.build(problem)
    work.reset(0)
    work.run(steps)
    return work.quality()


def test_the_numpy_side_runs_the_lectures_functions():
    comparison = numpy_network.COMPARISON
    problem = comparison.problem()
    json.dumps(problem)
    [ours] = [side for side in comparison.sides if side.role == "ours"]
    quality = run_side(ours, problem, comparison.check_steps)
    assert comparison.agree({"ours": quality}, first=True) == []
    assert (quality["parameters"], quality["examples"]) == (337, 100)

    # against an independent loop with the chain rule spelled out once more
    x, y = np.array(problem["x"]), np.array(problem["y"])
    (W1, W2, W3), losses = map(np.array, problem["weights"]), []
    b1, b2, b3 = np.zeros(16), np.zeros(16), np.zeros(1)
    for _ in range(20):
        h1 = np.clip(x @ W1 + b1, 0, None)
        h2 = np.clip(h1 @ W2 + b2, 0, None)
        wrong = (h2 @ W3 + b3 - y) / len(x)
        losses.append(0.5 * len(x) * np.sum(wrong**2))
        d2 = (wrong @ W3.T) * np.sign(h2)
        d1 = (d2 @ W2.T) * np.sign(h1)
        for inputs, W, b, d in ((h2, W3, b3, wrong), (h1, W2, b2, d2), (x, W1, b1, d1)):
            W -= numpy_network.RATE * inputs.T @ d
            b -= numpy_network.RATE * d.sum(axis=0)
    assert quality["losses"][:20] == pytest.approx(losses, rel=1e-12)


def test_a_lecture_that_is_not_stored_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="02_backprop.ipynb is not stored yet: `make run` makes it"):
        numpy_network.lecture_functions(tmp_path / "02_backprop.ipynb")


def test_the_scalar_side_solves_micrograds_problem():
    comparison = scalar_engine.COMPARISON
    problem = comparison.problem()
    json.dumps(problem)
    [ours] = [side for side in comparison.sides if side.role == "ours"]
    quality = run_side(ours, problem, 3)
    assert (quality["parameters"], quality["examples"]) == (337, 100)

    # the first three losses of the same net with arrays
    x, y = np.array(problem["x"]), np.array(problem["y"])
    weights = [np.array(W).T for W in problem["weights"]]
    biases, losses = [np.zeros(W.shape[1]) for W in weights], []
    for rate in (1.0, 0.991, 0.982):
        a = [x]
        for layer, (W, b) in enumerate(zip(weights, biases, strict=True)):
            z = a[-1] @ W + b
            a.append(np.maximum(z, 0) if layer < 2 else z)
        margins = 1 - y[:, None] * a[-1]
        losses.append(np.maximum(margins, 0).mean() + 1e-4 * sum((p**2).sum() for p in (*weights, *biases)))
        blame = np.where(margins > 0, -y[:, None], 0) / len(x)
        for layer in (2, 1, 0):
            dW, db = a[layer].T @ blame, blame.sum(axis=0)
            blame = (blame @ weights[layer].T) * (a[layer] > 0)
            weights[layer] = weights[layer] - rate * (dW + 2e-4 * weights[layer])
            biases[layer] = biases[layer] - rate * (db + 2e-4 * biases[layer])
    assert quality["losses"] == pytest.approx(losses, rel=1e-9)


def test_the_network_on_digits_starts_where_it_should_and_reaches_its_goal(monkeypatch):
    """Shapes, Glorot's spread and one short training of ours; the peer may not be installed."""
    monkeypatch.setattr(digits_network, "THRESHOLD", 0.8)
    problem = sharing.digits()
    json.dumps(problem)
    assert [len(problem[key]) for key in ("x_train", "y_train", "x_test", "y_test")] == [1438, 1438, 359, 359]
    weights = [np.array(W) for W in digits_network.starting_weights(3)]
    assert [W.shape for W in weights] == [(3, 3, 1, 32), (3, 3, 32, 64), (256, 10)]
    for W, fan in zip(weights, (9 + 288, 288 + 576, 266), strict=True):
        high = np.sqrt(6 / fan)
        assert np.abs(W).max() <= high and W.std() == pytest.approx(high / np.sqrt(3), rel=0.1)
    [ours] = [side for side in digits_network.COMPARISON.sides if side.role == "ours"]
    quality = run_side(ours, problem, 1)
    assert (quality["parameters"], quality["examples"]) == (sum(W.size for W in weights) + 106, 1438)
    assert 0.8 <= quality["accuracy"] <= 1 and 1.5 < quality["start"] < 4
    assert quality["epochs"] < 40 and 0 < quality["epoch"] and 0 < quality["first"]
    assert digits_network.agree({"ours": quality}, first=True) == []


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"parameters": 2}, "parameters: 9 in a, 2 in b"),
        ({"examples": 2}, "examples: 9 in a, 2 in b"),
        ({"start": 2.31}, "loss before training: 2.3 in a, 2.31 in b"),
        ({"accuracy": 0.97, "epochs": 80}, "accuracy 0.970 in b after 80 epochs"),
    ],
)
def test_unequal_trainings_are_named(changes, complaint):
    quality = {"parameters": 9, "examples": 9, "start": 2.3, "accuracy": 0.99, "epochs": 12}
    assert digits_network.agree({"a": quality, "b": quality | {"start": 2.30001}}, False) == []
    assert digits_network.agree({"a": quality, "b": quality | changes}, False) == [complaint]


def test_table_of_epochs_stands_below():
    rows = [row("a", "ours", [1.0, 2.0, 1.5]), row("b", "peer", [3.0, 4.0, 3.5])]
    for found, seconds in zip(rows, (0.05, 0.1), strict=True):
        found.rounds = [{"epochs": count, "epoch": seconds, "first": 0.3} for count in (30, 10, 20)]
    text = table.table(dataclasses.replace(digits_network.COMPARISON, more=digits_network.by_epoch), rows, 3)
    assert ["peer: b", "20", "10–30", "100", "**2.00**", "300"] in cells_of(text)
    assert ["ours: a", "20", "10–30", "50", "1", "300"] in cells_of(text)


# Adversarial training


def adversarial_weights(seed):
    return [part for W in map(np.array, adversarial_training.starting_weights(seed)) for part in (W, 0.1 * W[0])]


def test_the_referee_goes_uphill_within_its_budget(monkeypatch):
    x, y = np.random.default_rng(0).random((6, 64)), np.arange(6)
    weights = adversarial_weights(1)
    gradient, logits = adversarial_training.slope(weights, x, y)

    def losses(moved):
        scores = adversarial_training.slope(weights, moved, y)[1]
        return np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(6), y]

    for pixel in (0, 31, 63):
        nudge = 1e-6 * np.eye(64)[pixel]
        assert gradient[:, pixel] == pytest.approx((losses(x + nudge) - losses(x - nudge)) / 2e-6, rel=1e-4, abs=1e-8)

    seen, slope = [], adversarial_training.slope
    monkeypatch.setattr(adversarial_training, "slope", lambda w, at, y: seen.append(at) or slope(w, at, y))
    found = adversarial_training.refereed(weights, x, logits.argmax(axis=1))
    assert found["accuracy"] == 1.0 and found["robust"] <= 1.0
    assert len(seen) == 1 + adversarial_training.REFEREE_STARTS * (adversarial_training.REFEREE_STEPS + 1)
    assert max(np.abs(at - x).max() for at in seen) == pytest.approx(adversarial_training.EPSILON)
    assert min(at.min() for at in seen) >= 0 and max(at.max() for at in seen) <= 1


def test_the_referee_knows_exactly_how_far_a_linear_network_holds():
    """Class 1 is ahead by 8 times the first pixel's distance from one half: 0.1 of it can be taken away."""
    W1, W2 = np.zeros((64, 2)), np.zeros((2, 10))
    W1[0], W2[:, 1] = (8, -8), (1, -1)
    weights = [W1, np.array([-4.0, 4.0]), W2, np.zeros(10)]
    x = np.full((4, 64), 0.5)
    x[:, 0] = 0.45, 0.55, 0.59, 0.61
    found = adversarial_training.refereed(weights, x, np.ones(4, int))
    assert found == {"accuracy": 0.75, "robust": 0.25}


def test_ours_is_trained_against_its_own_attack(monkeypatch):
    monkeypatch.setattr(adversarial_training, "EPOCHS", 3)
    problem = sharing.digits()
    json.dumps(problem)
    [ours] = [side for side in adversarial_training.COMPARISON.sides if side.role == "ours"]
    work = ours.build(problem)
    work.reset(0)
    work.run(1)
    quality = work.quality()
    json.dumps(quality)
    assert (quality["parameters"], quality["examples"]) == (64 * 128 + 128 + 1280 + 10, 1438)
    assert quality["first"] > 0 and quality["epoch"] > 0

    # the loss of the attacked test digits before training, once more in NumPy
    x, y = (np.array(problem[key]) for key in ("x_test", "y_test"))
    start = [part for W in map(np.array, adversarial_training.starting_weights(0)) for part in (W, 0 * W[0])]
    hard = x
    for _ in range(7):
        up = np.sign(adversarial_training.slope(start, hard, y)[0])
        hard = np.clip(np.clip(hard + 0.025 * up, x - 0.1, x + 0.1), 0, 1)
    logits = adversarial_training.slope(start, hard, y)[1]
    loss = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(y)), y]
    assert quality["start"] == pytest.approx(loss.mean(), rel=1e-4)

    monkeypatch.setattr(adversarial_training, "LEAST", {"accuracy": 0.7, "robust": 0.3})
    assert adversarial_training.agree({"ours": quality}, first=True) == []
    assert "weights" not in quality and 0.3 <= quality["robust"] < quality["accuracy"] <= 1


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"parameters": 2}, "parameters: 9 in a, 2 in b"),
        ({"examples": 2}, "examples: 9 in a, 2 in b"),
        ({"start": 2.71}, "loss before training: 2.7 in a, 2.71 in b"),
        ({"weights": (0.96, 0.75)}, "robust: 0.800 in a, 0.750 in b"),
        ({"weights": (0.92, 0.8)}, "accuracy 0.920 in b, at least 0.93 is asked"),
        ({"weights": (0.94, 0.72)}, "robust 0.720 in b, at least 0.73 is asked"),
    ],
)
def test_unequal_robustness_is_named(monkeypatch, changes, complaint):
    def referee(weights, x, y):
        return dict(zip(("accuracy", "robust"), map(float, weights), strict=True))

    monkeypatch.setattr(adversarial_training, "refereed", referee)
    quality = {"parameters": 9, "examples": 9, "start": 2.7, "weights": (0.95, 0.8)}
    assert adversarial_training.agree({"a": dict(quality), "b": quality | {"weights": (0.94, 0.77)}}, False) == []
    assert complaint in adversarial_training.agree({"a": dict(quality), "b": quality | changes}, False)


def test_tracing_stands_apart_from_the_epochs():
    rows = [row("a", "ours", [1.0] * 3), row("b", "peer", [2.0] * 3), row("c", "peer", [3.0] * 3)]
    for found, first, epoch in zip(rows, (0.335, 0.05, 0.01), (0.02, 0.05, 0.01), strict=True):
        found.quality = {"first": 2 * first, "epoch": epoch, "accuracy": 0.9}
        found.rounds = [{"first": first, "epoch": epoch, "accuracy": 0.9, "robust": robust} for robust in (0.7, 0.8, 0.75)]
    text = table.table(dataclasses.replace(adversarial_training.COMPARISON, more=adversarial_training.by_part), rows, 3)
    assert ["ours: a", "0.900", "0.750 (0.700–0.800)", "20.0", "1", "315", "650", ""] in cells_of(text)
    assert ["peer: b", "0.900", "0.750 (0.700–0.800)", "50.0", "**2.50**", "0", "50", "11"] in cells_of(text)
    assert ["peer: c", "0.900", "0.750 (0.700–0.800)", "10.0", "**0.50**", "0", "10", "never"] in cells_of(text)


# The game on a ring


def test_coverage_counts_modes_and_points_near_them():
    centres = ring_gan.CENTRES
    assert ring_gan.coverage(centres * 10) == (8, 1.0)
    near, far = (centres[0][0] + 0.449, 0.0), (centres[0][0] + 0.451, 0.0)
    assert ring_gan.coverage([near, far]) == (1, 0.5)
    assert ring_gan.coverage([centres[0]] * 98 + [centres[1]] * 2) == (2, 1.0)
    assert ring_gan.coverage([centres[0]] * 99 + [centres[1]]) == (1, 1.0)
    assert ring_gan.coverage([(0.0, 0.0)]) == (0, 0.0)


def test_our_game_takes_the_steps_of_the_formulas(monkeypatch):
    """Both players' losses against the game in NumPy, chain rule and Adam spelled out."""
    monkeypatch.setattr(ring_gan, "CALL", 12)
    problem = ring_gan.problem()
    json.dumps(problem)
    assert np.shape(problem["real"]) == np.shape(problem["noise"]) == (12, 64, 2)
    assert ring_gan.coverage([point for batch in problem["real"] for point in batch])[0] == 8
    [ours] = [side for side in ring_gan.COMPARISON.sides if side.role == "ours"]
    work = ours.build(problem)
    assert work.parameters() == 2 * (2 * 48 + 48 + 48 * 48 + 48 + 48) + 48 + 2 + 1

    def forward(player, x):
        answers = [x]
        for i, (W, b) in enumerate(player):
            z = answers[-1] @ W + b
            answers.append(np.where(z > 0, z, 0.2 * z) if i < 2 else z)
        return answers

    def backward(player, answers, blame):
        slopes = []
        for (W, _), inputs in zip(player[::-1], answers[-2::-1], strict=True):
            slopes[:0] = [inputs.T @ blame, blame.sum(axis=0)]
            blame = (blame @ W.T) * (np.where(inputs > 0, 1, 0.2) if inputs is not answers[0] else 1)
        return slopes, blame

    players = [[(W, np.zeros(W.shape[1])) for W in map(np.array, net)] for net in ring_gan.starting_weights(0)]
    moments = [[(0.0, 0.0)] * 6, [(0.0, 0.0)] * 6]
    for step, (real, noise) in enumerate(zip(np.array(problem["real"]), np.array(problem["noise"]), strict=True)):
        g, d = players
        forging = forward(g, noise)
        on_real, on_forged = forward(d, real), forward(d, forging[-1])
        plus = lambda f: np.mean(np.log1p(np.exp(f)))  # noqa: E731
        losses = plus(-on_real[-1]) + plus(on_forged[-1]), plus(-on_forged[-1])
        if step < ring_gan.COMPARED:
            assert work.losses[step] == pytest.approx(losses, rel=1e-3)
        surely = lambda f: 1 / (1 + np.exp(-f)) / len(f)  # noqa: E731
        on_real_slopes, _ = backward(d, on_real, -surely(-on_real[-1]))
        on_forged_slopes, _ = backward(d, on_forged, surely(on_forged[-1]))
        _, blame = backward(d, on_forged, -surely(-on_forged[-1]))
        slopes = [backward(g, forging, blame)[0], [a + b for a, b in zip(on_real_slopes, on_forged_slopes, strict=True)]]
        for number, rate in enumerate(ring_gan.RATES):
            moments[number] = [(0.5 * m + 0.5 * s, 0.999 * v + 0.001 * s**2) for (m, v), s in zip(moments[number], slopes[number], strict=True)]
            t = step + 1
            moved = [
                part - rate * m / (1 - 0.5**t) / (np.sqrt(v / (1 - 0.999**t)) + 1e-7)
                for part, (m, v) in zip([part for pair in players[number] for part in pair], moments[number], strict=True)
            ]
            players[number] = list(zip(moved[::2], moved[1::2], strict=True))
    assert len(work.losses) == ring_gan.COMPARED

    # starting again is starting again: rule and players
    work.start(0)
    again = work.play(*work.given).numpy()
    assert again[: ring_gan.COMPARED] == pytest.approx(np.array(work.losses), rel=1e-5)
    work.reset(1)
    work.run(24)
    assert [len(part) for part in work.drawn()] == [12, 12] and np.shape(work.points(5)) == (5, 2)


class FakeGame(ring_gan.Game):
    """Covers all modes after five calls."""

    def __init__(self):
        self.seed, self.losses, self.events, self.calls = 2, [], [], 0

    def start(self, seed):
        self.events.append(f"start {seed}")
        self.calls = 0

    def compile(self):
        self.events.append("compile")

    def drawn(self):
        return ([0], [0])

    def play(self, real, noise):
        self.calls += 1
        return [(0.0, 0.0)]

    def points(self, count):
        return ring_gan.CENTRES if self.calls >= 5 else ring_gan.CENTRES[:7]

    def parameters(self):
        return 3


def test_a_game_is_played_from_its_start_until_all_modes_are_covered(monkeypatch):
    game = FakeGame()
    quality = game.quality()
    assert game.events == ["compile", "start 2"]
    assert not set(quality) & {"losses", "accuracy"}  # the table has words of its own for these
    assert (quality["game"]["won"], quality["game"]["steps"], quality["seed"]) == (True, 500, 2)
    assert quality["game"]["seconds"] > 0 and quality["game"]["compiling"] >= 0
    monkeypatch.setattr(ring_gan, "MOST_SECONDS", 0.0)
    game.points = lambda count: ring_gan.CENTRES[:7]
    monkeypatch.setattr(game, "timed", lambda: 0.25)
    assert game.until_covered()["won"] is False
    game.reset(ring_gan.SEEDS)
    assert game.quality()["game"] is None


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"parameters": 2}, "parameters: 9 in a, 2 in b"),
        ({"examples": 2}, "examples: 9 in a, 2 in b"),
        ({"given": [[2.0, 0.5], [1.5, 0.51]]}, "losses before step 1: 1.5, 0.5 in a, 1.5, 0.51 in b"),
        ({"given": [[2.1, 0.5], [1.5, 0.5]]}, "losses before step 0: 2, 0.5 in a, 2.1, 0.5 in b"),
        ({"given": [[2.0, 0.5], [float("nan"), 0.5]]}, "losses before step 1: 1.5, 0.5 in a, nan, 0.5 in b"),
    ],
)
def test_unequal_games_are_named(changes, complaint):
    quality = {"parameters": 9, "examples": 64, "given": [[2.0, 0.5], [1.5, 0.5]]} | {"examples": 9}
    assert ring_gan.agree({"a": quality, "b": quality | {"given": [[2.0001, 0.5], [1.5, 0.5001]]}}, False) == []
    assert ring_gan.agree({"a": quality, "b": quality | changes}, False) == [complaint]


def test_games_of_all_seeds_stand_below():
    rows = [row("a", "ours", [0.0001] * 3, given=[[2.0, 0.5]]), row("b", "peer", [0.001] * 3, given=[[2.0, 0.5]])]
    for found, compiling in zip(rows, (1.5, 0.0), strict=True):
        games = [{"won": won, "seconds": s, "steps": 600, "compiling": compiling} for won, s in ((True, 0.1), (False, 0.4))]
        found.rounds = [{"seed": seed, "game": game} for seed, game in enumerate([*games, None])]
    text = table.table(dataclasses.replace(ring_gan.COMPARISON, more=ring_gan.by_seed), rows, 3)
    assert ["ours: a", "10,000", "0.10 (600)", "not in 0.40 (600)", "1.50", "1.75", "2.00"] in cells_of(text)
    assert ["peer: b", "1,000", "0.10 (600)", "not in 0.40 (600)", "0.00", "0.25", "0.50"] in cells_of(text)
    assert "| seed 0 | seed 1 | compiling" in text


# The character LSTM


def softmax_loss(logits, y):
    """Mean cross-entropy of logits (..., symbols)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    picked = np.take_along_axis(shifted, y[..., None], axis=-1)[..., 0]
    return float((np.log(np.exp(shifted).sum(axis=-1)) - picked).mean())


def test_our_reader_has_the_losses_of_the_formulas(monkeypatch):
    """Before the first update the loss is that of an LSTM in NumPy; then it falls, and starting again repeats it."""
    for name, value in {"UNITS": 8, "EMBEDDED": 4, "STREAMS": 3, "LENGTH": 7, "BATCHES": 2, "RATE": 0.05}.items():
        monkeypatch.setattr(char_lstm, name, value)
    problem = char_lstm.problem()
    json.dumps(problem)
    assert np.shape(problem["batches"]) == (2, 3, 8) and np.shape(problem["judge"]) == (3, 8)
    [ours] = [side for side in char_lstm.COMPARISON.sides if side.role == "ours"]
    work = ours.build(problem)
    work.reset(1)
    work.run(3)
    first = work.quality()
    json.dumps(first)
    w = {name: np.array(part) for name, part in char_lstm.starting_weights().items()}
    assert first["parameters"] == sum(part.size for part in w.values()) and first["examples"] == 42

    rows, sigmoid, h, c, logits = np.array(problem["batches"][1]), lambda z: 1 / (1 + np.exp(-z)), 0.0, 0.0, []
    for t in range(7):
        z = w["embedding"][rows[:, t]] @ w["kernel"] + w["bias"]
        i, f, g, o = np.split(z + (h @ w["recurrent_kernel"] if t else 0), 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        logits.append(h @ w["output_kernel"] + w["output_bias"])
    assert first["losses"][0] == pytest.approx(softmax_loss(np.array(logits), rows.T[1:]), rel=1e-5)
    assert first["losses"][2] < first["losses"][0] and first["start"] > 0  # the same batch, two updates later
    work.reset(1)
    work.run(3)
    assert work.quality()["losses"] == pytest.approx(first["losses"], rel=1e-5)


def test_characters_per_second_stand_below():
    rows = [row("a", "ours", [0.16] * 3, start=7.06), row("b", "peer", [0.2] * 3, start=0.5)]
    text = table.table(dataclasses.replace(char_lstm.COMPARISON, more=char_lstm.by_second), rows, 3)
    assert ["ours: a", "40.0", "7.1"] in cells_of(text) and ["peer: b", "32.0", "0.5"] in cells_of(text)


# Pre-training BERT


def test_our_pretraining_has_the_losses_of_the_formulas(monkeypatch):
    """Both losses of the first batch against the encoder in NumPy; dropout raises them, training lowers them."""
    from scipy.special import erf

    from course_utils.networks import transformers

    sizes = {"vocabulary": 40, "length": 10, "width": 8, "layers": 1, "heads": 2, "inner": 12}
    for name, value in {"SIZES": sizes, "RATE": 0.02, "BATCH": 3, "BATCHES": 2, "LENGTH": 10}.items():
        monkeypatch.setattr(mlm_pretraining, name, value)
    draw, config = np.random.default_rng(0), transformers.Config(**sizes)
    ids, slots = draw.integers(5, 40, (6, 10)), np.array([[2, 5], [1, 0], [3, 4]] * 2)
    ids[1::2, 7:] = 0
    counts = np.array([[1, 1], [1, 0], [1, 1]] * 2, float)
    parts = (ids, np.tile(np.arange(10) > 4, (6, 1)).astype(int), slots, ids[:, 1:3], counts, np.array([0, 1, 1, 0, 1, 0]))
    problem = {
        "batches": [[part[start : start + 3].tolist() for part in parts] for start in (0, 3)],
        "shapes": {name: list(shape) for name, shape in transformers.shapes(config).items()},
    }
    json.dumps(problem)
    [ours] = [side for side in mlm_pretraining.COMPARISON.sides if side.role == "ours"]
    work = ours.build(problem)
    w = {name: np.reshape(part, problem["shapes"][name]) for name, part in mlm_pretraining.starting_weights(problem["shapes"]).items()}
    assert w["tokens"].std() == pytest.approx(0.02, rel=0.2) and (w["layer0.forward.scale"] == 1).all()
    hidden, _ = encode_numpy(w, ids[:3], parts[1][:3], ids[:3] != 0, config=config)
    x = hidden[np.arange(3)[:, None], slots[:3]] @ w["masked"]
    x = 0.5 * x * (1 + erf(x / np.sqrt(2)))
    pieces = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12) @ w["tokens"].T
    pieces, kept = pieces[counts[:3] > 0], parts[3][:3][counts[:3] > 0]
    follows = np.tanh(hidden[:, 0] @ w["pooler"]) @ w["next_sentence"]
    assert work.plain[0] == pytest.approx(softmax_loss(pieces, kept) + softmax_loss(follows, parts[5][:3]), rel=1e-5)
    work.reset(0)
    work.run(12)
    first = work.quality()
    json.dumps(first)
    assert first["parameters"] == sum(part.size for part in w.values()) and first["examples"] == 6
    assert first["losses"][0] != first["plain"][0] and first["losses"][-1] < first["losses"][0] and first["start"] > 0
    work.reset(0)
    work.run(12)
    assert work.quality()["losses"] == pytest.approx(first["losses"], rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"parameters": 8}, "parameters: 9 in a, 8 in b"),
        ({"plain": [8.7, 8.61]}, "losses before step 1: 8.5 in a, 8.61 in b"),
        ({"losses": [8.7, 7.7, 7.0, 6.0, 5.0]}, "mean loss with dropout: 7.1200 in a, 6.8800 in b"),
        ({"losses": [7.0, 7.1, 7.1, 7.2, 7.2]}, "the loss does not fall in b"),
    ],
)
def test_unequal_pretrainings_are_named(changes, complaint):
    quality = {"parameters": 9, "examples": 6, "plain": [8.7, 8.5], "losses": [8.7, 7.7, 7.2, 6.0, 6.0]}
    near = {"plain": [8.7001, 8.5], "losses": [8.8, 7.6, 7.3, 6.1, 5.9]}
    assert mlm_pretraining.agree({"a": quality, "b": quality | near}, True) == []
    assert mlm_pretraining.agree({"a": quality, "b": quality | changes}, True) == [complaint]


def test_pieces_per_second_stand_below():
    rows = [row("a", "ours", [0.2] * 3, start=7.06), row("b", "peer", [0.4] * 3, start=0.5)]
    text = table.table(dataclasses.replace(mlm_pretraining.COMPARISON, more=mlm_pretraining.by_second), rows, 3)
    assert ["ours: a", "20,480", "7.1"] in cells_of(text) and ["peer: b", "10,240", "0.5"] in cells_of(text)


# Pong: pictures


@functools.cache
def shares(new, old):
    """Which share of each new pixel's mean an old one has: (new, old)."""
    edges, low = np.arange(new + 1) * old / new, np.arange(old)
    covered = np.minimum(edges[1:, None], low + 1) - np.maximum(edges[:-1, None], low)
    return np.maximum(covered, 0) * new / old


def area_means(picture, size, interpolation):
    """What `cv2.resize` does with INTER_AREA: each new pixel is the mean of what it covers."""
    assert interpolation == "area"
    small = shares(size[1], picture.shape[0]) @ picture @ shares(size[0], picture.shape[1]).T
    return np.rint(small).astype("uint8")


@pytest.fixture
def carts(monkeypatch):
    """A player that needs no time: its network stands as many steps as it has made moves, up to 500."""

    class Player(cartpole_dqn.Training):
        def begin(self, seed):
            self.learned = 0

        def play(self, moves):
            self.learned += moves

        def weights(self):
            return [np.array([float(self.learned)])]

    monkeypatch.setattr(cartpole_dqn, "referee", lambda weights, seed: min(500.0, weights[0][0] / 16))
    return Player


def test_a_quick_player_of_carts_does_the_same_as_a_slow_one(carts):
    quick, slow = carts({}), carts({})
    for side, repeats in ((quick, 4), (slow, 1)):
        for _ in range(repeats):  # the worker repeats a block that was too short
            side.reset(1)
            side.run(2048)
    qualities = {"quick": quick.quality(), "slow": slow.quality()}
    assert cartpole_dqn.agree(qualities, first=True) == []
    assert qualities["slow"]["moves"] == 2048 and qualities["slow"]["stands"] == 2048 / 16
    for quality in qualities.values():  # a training of its own, from the start
        assert quality["game"]["won"] and quality["game"]["steps"] == 8192, "the first multiple of 2,048 that stands 475"


def test_a_player_of_carts_goes_on_with_its_games(carts):
    side = carts({})
    side.reset(5)
    side.run(2048)
    side.reset(6)
    side.run(2048)
    assert side.learned == 4096 and side.quality()["game"] is None, "only the first seeds train until solved"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [({"moves": 1024}, "moves: "), ({"stands": 12.0}, "ours stands 12 steps, at least 60 are asked")],
)
def test_unequal_players_of_carts_are_named(changes, complaint):
    good = {"moves": 2048, "stands": 300.0}
    found = cartpole_dqn.agree({"ours": good | changes, "theirs": good}, first=True)
    assert len(found) == 1 and found[0].startswith(complaint)


def test_times_to_solve_the_pole_stand_below():
    side = Side("16 carts", None, "ours")
    games = [{"won": True, "seconds": 9.6, "steps": 40_960}, {"won": False, "seconds": 120.4, "steps": 90_112}]
    rounds = [{"seed": seed, "game": game} for seed, game in enumerate([*games, None])]
    said, _, *lines = cartpole_dqn.by_seed([Row(side, 1, [0.0005], {}, {}, rounds)])
    assert "475 steps" in said and lines[-1] == "| ours: 16 carts | 2,000 | 10 (40,960) | not in 120 (90,112) | 65 |"


@pytest.fixture
def few_games(monkeypatch):
    """Two short games, and a stand-in for OpenCV, which only the peers have."""
    for name, value in {"GAMES": 2, "MOST_MOVES": 70, "EACH": 20}.items():
        monkeypatch.setattr(pong_frames, name, value)
    cv2 = types.SimpleNamespace(resize=area_means, INTER_AREA="area", setNumThreads=lambda count: None)
    monkeypatch.setitem(sys.modules, "cv2", cv2)


def test_all_ways_play_the_same_games_of_pong(few_games, monkeypatch):
    import gymnasium

    monkeypatch.setattr(gymnasium.vector, "AsyncVectorEnv", gymnasium.vector.SyncVectorEnv)  # no processes in a test
    qualities = {side.name: run_side(side, {}, 140) for side in pong_frames.COMPARISON.sides}
    json.dumps(qualities)
    assert pong_frames.agree(qualities, True) == []
    [ours, *_] = qualities.values()
    pictures = sharing.unpacked(ours["pictures"])
    assert pictures.shape == (8, 2, 4, 84, 84) and pictures.dtype == np.uint8  # after moves 1 to 5, 20, 40, 60
    assert not pictures[0, :, :2].any() and pictures[0, :, 2:].any(axis=(2, 3)).all()  # before the game it was dark
    assert (pictures[1, :, :3] == pictures[0, :, 1:]).all() and (pictures[-1, 0] != pictures[-1, 1]).any()
    assert np.shape(ours["rewards"]) == (2, 70) and set(np.ravel(ours["rewards"])) <= {-1, 0, 1}


def test_other_buttons_make_other_games(few_games):
    work = pong_frames.COMPARISON.sides[0].build({})
    found = []
    for seed in (0, 1, 0):
        work.reset(seed)
        work.run(120)
        found.append(work.quality())
    assert found[0] == found[2] != found[1] and found[0]["moves"] == 120
    assert pong_frames.agree({"a": found[0], "b": found[1]}, False) != []
    with pytest.raises(RuntimeError, match="a game is over after 8 moves"):
        work.keep(7, None, None, None, True)


def test_ours_is_set_up_as_the_training_does(monkeypatch):
    """Only what is drawn at the start of a game is left out."""
    import ale_py.vector_env

    from training import pong_dqn

    monkeypatch.setattr(ale_py.vector_env, "AtariVectorEnv", lambda *given, **named: (given, named))
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    given, named = pong_dqn.new_games(8, 2)
    assert pong_frames.ale_vector(8) == (given, named | {"noop_max": 0, "use_fire_reset": False})
    assert pong_frames.ale_vector(1)[1]["num_threads"] == 1
    assert tuple(pong_dqn.BUTTONS) == pong_frames.BUTTONS


def game(moves=4, rewards=((0, 1), (-1, 0)), add=0, shape=(1, 2, 4, 2, 2)):
    return {"moves": moves, "rewards": [list(row) for row in rewards], "pictures": sharing.packed(np.full(shape, 200 + add, "u1"))}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"moves": 3}, "moves: 4 in a, 3 in b"),
        ({"rewards": ((0, 1), (0, 0))}, "rewards of game 1 differ in a and b"),
        ({"add": 2}, "pictures differ by 2 grey levels in a and b"),
        ({"add": -200}, "pictures differ by 200 grey levels in a and b"),
        ({"shape": (2, 2, 4, 2, 2)}, "pictures have other shapes in a and b"),
    ],
)
def test_unequal_games_of_pong_are_named(changes, complaint):
    assert pong_frames.agree({"a": game(), "b": game(add=1), "c": game(add=-1)}, True) == []
    assert pong_frames.agree({"a": game(), "b": game(**changes)}, True) == [complaint]
    still = game(rewards=((0, 0), (0, 0)))
    assert pong_frames.agree({"a": still, "b": still}, False) == []
    assert pong_frames.agree({"a": still, "b": still}, True) == ["nobody scores in a"]


def test_moves_per_second_stand_below():
    rows = [row("a", "ours", [0.0005] * 3, **game()), row("b", "peer", [0.001] * 3, **game(add=1))]
    text = table.table(dataclasses.replace(pong_frames.COMPARISON, more=pong_frames.by_second), rows, 3)
    assert ["ours: a", "2,000", ""] in cells_of(text) and ["peer: b", "1,000", "1"] in cells_of(text)


# Pong: updates


def test_our_updates_have_the_losses_of_the_formulas(monkeypatch):
    """Double Q-learning with both networks in NumPy, for two batches that move nothing because the rate is 0."""
    for name, value in {"BATCH": 5, "BATCHES": 2, "COMPARED": 4}.items():
        monkeypatch.setattr(nature_dqn, name, value)
    problem = nature_dqn.problem()
    json.dumps(problem)
    batches = [[sharing.unpacked(part) for part in batch] for batch in problem["batches"]]
    assert [[part.shape for part in batch] for batch in batches] == [[(5, 4, 84, 84), (5,), (5,), (5, 4, 84, 84), (5,)]] * 2
    [ours] = [side for side in nature_dqn.COMPARISON.sides if side.role == "ours"]
    work = ours.build(problem)

    def values(weights, stacks):
        parts = [part.astype("float64") for part in weights.values()]
        x = np.moveaxis(stacks, 1, -1) / 255
        for layer, (kernel, stride) in enumerate(((8, 4), (4, 2), (3, 1))):
            windows = np.lib.stride_tricks.sliding_window_view(x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
            x = np.maximum(np.einsum("nabcij,ijcm->nabm", windows, parts[2 * layer], optimize=True) + parts[2 * layer + 1], 0)
        x = np.maximum(x.reshape(len(x), -1) @ parts[6] + parts[7], 0)
        return x @ parts[8] + parts[9]

    def loss(batch):
        stacks, actions, rewards, after, counts = batch
        places = np.arange(len(actions))
        y = rewards + counts * values(work.old, after)[places, values(work.first, after).argmax(axis=1)]
        error = np.abs(values(work.first, stacks)[places, actions] - y)
        return np.where(error < 1, error**2 / 2, error - 0.5).mean()

    work.reset(1)
    work.run(6)
    first = work.quality()
    json.dumps(first)
    assert first["losses"][0] == pytest.approx(loss(batches[1]), rel=1e-4)
    assert first["losses"][2] != first["losses"][0] and first["compared"] == first["losses"][:4]
    assert first["parameters"] == 1_685_667 and first["examples"] == 10 and first["start"] > 0
    work.reset(1)
    work.run(6)
    assert work.quality()["losses"] == pytest.approx(first["losses"], rel=1e-4)
    monkeypatch.setattr(nature_dqn, "RATE", 0.0)
    work.reset(0)
    work.run(2)
    assert work.losses == pytest.approx([loss(batch) for batch in batches], rel=1e-4)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"parameters": 8}, "parameters: 9 in a, 8 in b"),
        ({"compared": [0.5, 0.4001]}, "losses before step 1: 0.4 in a, 0.4001 in b"),
        ({"compared": [0.5, 0.41], "compute": "bfloat16"}, "losses before step 1: 0.4 in a, 0.41 in b"),
        ({"losses": [0.5, 0.4] * 8}, "the loss does not fall in b"),
        ({"losses": [0.5] * 8 + [float("nan")] * 8}, "the loss does not fall in b"),
    ],
)
def test_unequal_updates_are_named(changes, complaint):
    quality = {"parameters": 9, "examples": 6, "compared": [0.5, 0.4], "compute": "float32", "losses": [0.5] * 8 + [0.4] * 8}
    near, half = {"compared": [0.5, 0.40003]}, {"compared": [0.5, 0.406], "compute": "bfloat16"}
    assert nature_dqn.agree({"a": quality, "b": quality | near, "c": quality | half}, True) == []
    assert nature_dqn.agree({"a": quality, "b": quality | changes}, True) == [complaint]


def test_updates_per_second_stand_below():
    rows = [
        row("a", "ours", [0.05] * 3, start=1.26, compared=[0.5, 0.4]),
        row("b", "peer", [0.08] * 3, start=0.5, compared=[0.5, 0.40002]),
    ]
    text = table.table(dataclasses.replace(nature_dqn.COMPARISON, more=nature_dqn.by_second), rows, 3)
    assert ["ours: a", "20.0", "1.3", ""] in cells_of(text) and ["peer: b", "12.5", "0.5", "5e-05"] in cells_of(text)


# The translator of number words


def test_our_translator_follows_the_equations(monkeypatch):
    """The loss of a batch against reader, attention and writer in NumPy, word by word and letter by letter."""
    for name, value in {"UNITS": 5, "EMBEDDED": 3, "WIDTH": 2, "BATCH": 4, "STEPS": 60}.items():
        monkeypatch.setattr(number_translators, name, value)
    problem = translate_numbers.problem()
    json.dumps(problem)
    assert problem["symbols"] == [31, 23] and [len(part) for part in (*problem["train"], *problem["test"])] == [8000, 8000, 2000, 2000]
    assert all(row[-1] == 0 for row in problem["train"][1])  # there is room for the stop
    work = number_translators.TensorFlow(problem)
    work.reset(1)
    rows = work.batches[0]
    work.run(12)
    p = {name: np.array(part) for name, part in number_translators.starting_weights(1, problem["symbols"]).items()}
    assert work.parameters() == sum(part.size for part in p.values())

    def gru(x, h, w_x, w_h, b):
        gates, inner = x @ w_x + b[0], h @ w_h + b[1]
        z, r = (1 / (1 + np.exp(-(gates[k : k + 5] + inner[k : k + 5]))) for k in (0, 5))
        return z * h + (1 - z) * np.tanh(gates[10:] + r * inner[10:])

    losses = []
    for row_ in rows:
        words = [place for place in problem["train"][0][row_] if place]
        letters = [place for place in problem["train"][1][row_] if place] + [0]
        notes = [np.zeros(5)]
        for word in words:
            notes.append(gru(p["source"][word], notes[-1], p["read_x"], p["read_h"], p["read_b"]))
        s, notes = np.tanh(notes[-1] @ p["start"]), np.array(notes[1:])
        for before, letter in zip([1, *letters], letters, strict=False):
            scores = np.exp((np.tanh(notes @ p["U_a"] + s @ p["W_a"]) @ p["v_a"])[:, 0])
            context = scores / scores.sum() @ notes
            s = gru(np.concatenate([p["target"][before], context]), s, p["write_x"], p["write_h"], p["write_b"])
            losses.append(softmax_loss(np.concatenate([s, context]) @ p["out"] + p["out_b"][0], np.array(letter)))
    assert work.losses[0] == pytest.approx(np.mean(losses), rel=1e-5)
    assert np.mean(work.losses[-3:]) < work.losses[0]

    # greedy answers: all are wrong at first; those that are right are right up to the stop
    assert work.right() == 0.0
    known = work.y_test.copy()
    monkeypatch.setattr(work, "greedy", lambda x: types.SimpleNamespace(numpy=lambda: known))
    known[0, 3] += 1
    known[1, -1] += 1  # behind the stop
    assert work.right() == pytest.approx(1 - 1 / 2000)


class FakeTranslator(number_translators.Translator):
    """Is right after forty updates."""

    def prepare(self, problem):
        self.events, self.updates = [], 0

    def forget(self):
        self.events.append("forget")

    def restart(self, weights):
        self.events.append("restart")
        self.updates = 0

    def update(self, rows, rate):
        assert len(rows) == number_translators.BATCH and max(rows) < 3 and 0 < rate <= number_translators.RATE
        self.updates += 1
        return 1.0 / self.updates

    def right(self):
        return 0.995 if self.updates >= 40 else 0.5

    def parameters(self):
        return 3


def test_a_training_starts_anew_and_ends_when_enough_is_right():
    work = FakeTranslator({"train": [[[1, 0], [1, 2], [2, 2]], [[3], [4], [5]]], "symbols": [3, 6]})
    work.reset(2)
    work.events.clear()
    work.run(20)
    quality = work.quality()
    assert work.events == ["forget", "restart"] and quality["seed"] == 2 and len(quality["first"]) == 5
    assert (quality["training"]["steps"], quality["training"]["right"]) == (40, 0.995)
    first = work.batches[0]
    work.reset(2)
    assert work.batches[0] == first and work.done == 0
    work.right = lambda: 0.5
    assert work.until_right()["steps"] == number_translators.STEPS
    work.reset(number_translators.SEEDS + 1)
    work.run(20)
    assert work.quality()["training"] is None


def test_a_translator_that_does_not_learn_is_named():
    good = {"parameters": 3, "examples": 9, "first": [3.0, 2.9], "training": {"right": 0.99, "steps": 200}}
    assert translate_numbers.agree({"a": good, "b": good | {"first": [3.003, 2.9], "training": None}}, False) == []
    bad = good | {"training": {"right": 0.98, "steps": 400}}
    assert translate_numbers.agree({"a": good, "b": bad}, False) == ["0.980 right in b after 400 updates"]
    bad = good | {"first": [3.0, 2.8]}
    assert translate_numbers.agree({"a": good, "b": bad}, False) == ["losses before step 1: 2.9 in a, 2.8 in b"]


def test_trainings_of_all_seeds_stand_below():
    rows = [row("a", "ours", [0.02] * 3), row("b", "peer", [0.04] * 3)]
    for found, compiling in zip(rows, (7.0, 0.0), strict=True):
        trainings = [{"seconds": s, "steps": 200, "compiling": compiling} for s in (4.0, 5.0)]
        found.rounds = [{"seed": seed, "training": training} for seed, training in enumerate([*trainings, None])]
    text = table.table(dataclasses.replace(translate_numbers.COMPARISON, more=translate_numbers.by_seed), rows, 3)
    assert ["ours: a", "50.0", "4.0 (200)", "5.0 (200)", "7.0", "11.5", "16.0"] in cells_of(text)
    assert ["peer: b", "25.0", "4.0 (200)", "5.0 (200)", "0.0", "4.5", "9.0"] in cells_of(text)


# What several scripts share


def test_all_sides_see_the_same_batches_in_another_order_each_epoch():
    epochs, again = ([next(found) for _ in range(3)] for found in (sharing.shuffled(100, 32, 5), sharing.shuffled(100, 32, 5)))
    assert epochs == again
    assert [len(rows) for rows in epochs[0]] == [32] * 3
    assert len({row for rows in epochs[0] for row in rows}) == 96
    assert epochs[0] != epochs[1] != epochs[2]


def test_glorots_weights_stay_within_their_bounds():
    import random

    kernel = np.array(sharing.glorot(random.Random(0), 3, 3, 2, 4))
    high = np.sqrt(6 / (9 * (2 + 4)))
    assert kernel.shape == (3, 3, 2, 4) and 0.9 * high < np.abs(kernel).max() <= high


def test_arrays_travel_as_text():
    for array in (np.arange(6, dtype="u1").reshape(1, 2, 3), np.array([-1.5, 2]), np.zeros((0, 2), "i4")):
        text = json.loads(json.dumps(sharing.packed(array)))
        found = sharing.unpacked(text)
        assert found.dtype == array.dtype and found.shape == array.shape and (found == array).all()
        found += 1  # it can be changed


@pytest.mark.parametrize("name", command.names())
def test_every_comparison_has_one_side_of_ours_and_a_peer(name):
    comparison = __import__(f"benchmarks.{name}", fromlist=["COMPARISON"]).COMPARISON
    assert isinstance(comparison, Comparison)
    roles = [side.role for side in comparison.sides]
    assert roles.count("ours") == 1 and "peer" in roles and set(roles) <= {"ours", "peer", "context"}
    assert comparison.goal > 0 and min(comparison.check_steps, comparison.block_steps) > 0
    assert name in (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["worker", "harness", "table", "sharing", "number_translators", *command.names()])
def test_what_the_peers_python_imports_needs_only_the_standard_library(name):
    code = f"import sys; before = set(sys.modules); import benchmarks.{name}; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    found = {module.partition(".")[0] for module in done.stdout.split()}
    assert found <= set(sys.stdlib_module_names) | {"benchmarks"}


# The command


def test_command_names_what_there_is(capsys):
    for wrong, said in (
        (["nothing"], "no comparison 'nothing'; there are {}".format(", ".join(command.names()))),
        (["--rounds", "0"], "rounds must be at least 1"),
    ):
        with pytest.raises(SystemExit) as stop:
            command.main(wrong)
        assert stop.value.code == 2
        assert said in capsys.readouterr().err


def test_command_prints_stores_and_fails_when_refused(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(harness, "PEERS", tmp_path)
    monkeypatch.setattr(harness, "ROOT", tmp_path)
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results")
    reached = {"epochs": 9, "epoch": 0.1, "first": 0.2, "accuracy": 0.9, "robust": 0.8, "compared": [0.5]}
    reached["pictures"] = sharing.packed(np.zeros(1, "u1"))
    game = {"won": True, "seconds": 1.0, "steps": 100, "compiling": 0.0}
    training = {"seconds": 1.0, "steps": 200, "compiling": 0.0}
    rows = [row("a", "ours", [1.0], start=1.0, **reached), row("b", "peer", [2.0], start=1.0, **reached)]
    for found in rows:
        found.rounds = [reached | {"seed": 0, "game": game, "training": training}]
    monkeypatch.setattr(harness, "compare", lambda *given, **more: rows)
    assert command.main(["--save", "--rounds", "1"]) == 0
    stored = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "results").iterdir()}
    assert sorted(stored) == command.names()
    assert sum(text.count("**2.00**") for text in stored.values()) == capsys.readouterr().out.count("**2.00**") == len(stored)
    assert all(text.startswith("## ") and "load" in text for text in stored.values())

    def refuse(*given, **more):
        raise Refused("the sides don't do the same: losses")

    monkeypatch.setattr(harness, "compare", refuse)
    before = (tmp_path / "results/scalar_engine.md").read_text(encoding="utf-8")
    (tmp_path / "results/ring_gan.md").unlink()
    assert command.main(["--save"]) == 1
    assert "Refused: the sides don't do the same" in capsys.readouterr().out
    assert (tmp_path / "results/scalar_engine.md").read_text(encoding="utf-8") == before
    assert not (tmp_path / "results/ring_gan.md").exists()


def test_a_table_that_cannot_be_stored_leaves_the_old_one(monkeypatch, tmp_path):
    monkeypatch.setattr(harness, "ROOT", tmp_path)
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    command.store("some", "old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        command.store("some", "new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"some.md": b"old\n"}


def test_peers_are_those_of_the_group(monkeypatch, tmp_path, capsys):
    assert any(line.startswith("torch==") for line in peers.requirements())
    commands = []
    monkeypatch.setattr(peers, "PEERS", tmp_path / "peers")
    monkeypatch.setattr(peers, "starts", lambda python: python == "some-python")
    monkeypatch.setattr(peers.shutil, "which", lambda python: python)
    done = types.SimpleNamespace(returncode=0)
    monkeypatch.setattr(peers.subprocess, "run", lambda command, **given: commands.append(command) or done)
    assert peers.main(["some-python"]) == 0
    [make, install] = commands
    assert make[:3] == ["some-python", "-m", "venv"] and make[-1] == str(tmp_path / "peers")
    assert install[-len(peers.requirements()):] == peers.requirements()
    done.returncode = 1
    (tmp_path / "peers").mkdir()
    assert peers.main(["some-python"]) == 1
    assert not (tmp_path / "peers").exists()  # half an environment would look like a whole one
    with pytest.raises(SystemExit):
        peers.main(["no-python"])
    assert "no-python does not start" in capsys.readouterr().err


def test_the_course_hands_over_to_the_folder(monkeypatch):
    from course_utils.publishing import bench

    monkeypatch.setattr(command, "main", lambda argv: ("all", argv))
    monkeypatch.setattr(peers, "main", lambda argv: ("peers", argv))
    assert bench.main(["scalar_engine"]) == ("all", ["scalar_engine"])
    assert bench.peers(["python3.11"]) == ("peers", ["python3.11"])
