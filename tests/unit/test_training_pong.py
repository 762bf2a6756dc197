"""The training on Pong: its memory, its targets, its network; stopped, killed and damaged it loses nothing unsaid."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from course_utils import checkpoints
from training import pong_dqn, replay

ROOT = Path(__file__).resolve().parents[2]
TINY = {
    "CONVOLUTIONS": ((8, 8, 2), (4, 2, 2), (3, 1, 3)), "HIDDEN": 4, "EACH_MINUTES": 0.0, "FRESH_GAMES": 2,
    "LONGEST": 30, "COPY_EVERY": 2, "EPSILON_MOVES": 40,
}  # fmt: skip
WORDS = {"games": 2, "batch": 3, "memory": 60, "first": 30, "compute": "float32", "threads": 1}


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The training with a tiny network and memory; calls it with steps and gives the checkpoint."""
    pytest.importorskip("tensorflow")
    for name, value in (TINY | {"STATE": tmp_path / "state"}).items():
        monkeypatch.setattr(pong_dqn, name, value)
    monkeypatch.setattr(pong_dqn.reproducibility, "limit_threads", lambda count: None)

    def train(steps, name="tiny", *flags, **options):
        given = {"steps": steps, "name": tmp_path / name} | WORDS | options
        pong_dqn.main([*flags, *(word for key, value in given.items() for word in (f"--{key}", str(value)))])
        return checkpoints.load(tmp_path / name) if (tmp_path / f"{name}.npz").exists() else None

    train.state = tmp_path / "state" / "tiny_0.npz"
    train.memory = tmp_path / "state" / "tiny_0_replay.bin"
    return train


def kept(path):
    return checkpoints.Resumable(path).resume()


# Memory


def history(memory, moves, seed=0, start=0):
    """Write made-up moves; a picture tells its row and game. Gives rows of (age, action, reward, ended, counts)."""
    rng, rows = np.random.default_rng(seed), []
    age, over = np.zeros(memory.games, int), np.zeros(memory.games, bool)
    for row in range(start, start + moves):
        frames = np.zeros((memory.games, 2, 2), "u1")
        frames[:, 0, 0], frames[:, 0, 1], frames[:, 1, 0] = row % 200 + 1, row // 200, np.arange(memory.games)
        action, reward = rng.integers(3, size=memory.games), rng.integers(-1, 2, memory.games) * ~over
        ended = (rng.random(memory.games) < 0.15) & ~over
        memory.add(frames, age, action, reward, ended, ~over)
        rows.append([part.copy() for part in (age, action, reward, ended, ~over)])
        age, over = np.where(over, 0, np.minimum(age + 1, 3)), ended
    return rows


def place(stack):
    """Row and game of the newest picture."""
    return int(stack[-1, 0, 0]) - 1 + 200 * int(stack[-1, 0, 1]), int(stack[-1, 1, 0])


def plain_stack(rows, row, game):
    found = np.zeros((4, 2, 2), "u1")
    for back in range(min(int(rows[row][0][game]), 3) + 1):
        at = row - back
        found[3 - back] = [[at % 200 + 1, at // 200], [game, 0]]
    return found


def check_draws(memory, rows, draws=60):
    """Compare what is drawn with a walk along the history; gives the drawn rows."""
    rng, seen = np.random.default_rng(1), []
    for _ in range(draws):
        stacks, actions, rewards, after, counts = memory.draw(rng, 7, 0.9)
        for number in range(7):
            row, game = place(stacks[number])
            seen.append(row)
            assert rows[row][4][game]
            np.testing.assert_array_equal(stacks[number], plain_stack(rows, row, game))
            paid, factor, alive = 0.0, 1.0, True
            for later in range(row, row + memory.steps):
                if alive:
                    paid += factor * rows[later][2][game]
                factor, alive = factor * 0.9, alive and not rows[later][3][game]
            assert actions[number] == rows[row][1][game]
            assert rewards[number] == pytest.approx(paid, abs=1e-6)
            assert counts[number] == pytest.approx(factor if alive else 0.0, abs=1e-6)
            if alive:
                np.testing.assert_array_equal(after[number], plain_stack(rows, row + memory.steps, game))
    return np.array(seen)


@pytest.mark.parametrize("moves", [25, 30, 77, 301])
def test_stacks_and_rewards_are_those_of_a_walk_along_the_history(tmp_path, moves):
    memory = replay.Memory(tmp_path / "m.bin", 30, 3, 2, 3)
    rows = history(memory, moves)
    seen = check_draws(memory, rows)
    assert memory.written == moves and len(memory) == 3 * min(moves, 30)
    assert seen.min() == max(moves - 30, 0) + 4 and seen.max() == moves - 4
    assert sum(row[3].sum() for row in rows[-30:]) > 3  # games ended within


def test_what_was_written_is_there_when_it_is_opened_again(tmp_path):
    path = tmp_path / "m.bin"
    rows = history(replay.Memory(path, 30, 3, 2, 3), 77)
    again = replay.Memory(path, 30, 3, 2, 3)
    check_draws(again, rows, 20)
    again.cut(3)
    rows += history(again, 10, seed=2, start=77)
    seen = check_draws(again, rows)
    assert not set(seen) & {74, 75, 76} and {73, 77} <= set(seen)  # no target reaches into the new games
    assert replay.Memory(path, 30, 3, 2, 3, anew=True).written == 0


def test_one_game_is_cut_alone(tmp_path):
    memory = replay.Memory(tmp_path / "m.bin", 30, 3, 2, 3)
    rows = history(memory, 20)
    memory.cut(2, np.array([False, True, False]))
    assert memory.counts[18:20, 1].sum() == 0
    np.testing.assert_array_equal(memory.counts[:18], [row[4] for row in rows[:18]])
    np.testing.assert_array_equal(memory.counts[18:20, ::2], [row[4][::2] for row in rows[18:]])


def test_too_little_to_draw_from(tmp_path):
    memory = replay.Memory(tmp_path / "m.bin", 30, 3, 2, 3)
    history(memory, 7)
    with pytest.raises(ValueError, match="m.bin holds too little to draw from: 7 rows"):
        memory.draw(np.random.default_rng(0), 2, 0.9)
    memory.cut(7)
    history(memory, 1, start=7)
    with pytest.raises(ValueError, match="holds no move that counts"):
        memory.draw(np.random.default_rng(0), 2, 0.9)
    with pytest.raises(ValueError, match="rows must be at least 9, got 5"):
        replay.Memory(tmp_path / "n.bin", 5, 3, 2, 3)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda content: b"", "m.bin is damaged or no replay memory"),
        (lambda content: b"hello\n" * 3000, "m.bin is damaged or no replay memory"),
        (lambda content: b"[1]" + content[3:], "m.bin is damaged or no replay memory"),
        (lambda content: b"\xff\xfe" + content[2:], "m.bin is damaged or no replay memory"),
        (lambda content: content[:-1], "m.bin is damaged: 4,905 bytes instead of 4,906"),
        (lambda content: content + b"0", "m.bin is damaged: 4,907 bytes"),
        (lambda content: content[: replay.HEAD] + b"\7" * 810, r"m.bin is damaged \(ages\)"),
    ],
)
def test_a_damaged_memory_is_refused_by_name(tmp_path, damage, said):
    path = tmp_path / "m.bin"
    history(replay.Memory(path, 30, 3, 2, 3), 20)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(checkpoints.CheckpointError, match=said):
        replay.Memory(path, 30, 3, 2, 3)


def test_a_disk_that_is_too_small_keeps_no_memory(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as full, pytest.raises(OSError, match="No space left on device: '.*m.bin'"):
        full.setattr(os, "posix_fallocate", fail, raising=False)
        replay.Memory(tmp_path / "m.bin", 30, 3, 2, 3)
    assert list(tmp_path.iterdir()) == []
    assert replay.Memory(tmp_path / "m.bin", 30, 3, 2, 3).written == 0


def test_a_memory_of_another_size_is_refused_by_name(tmp_path):
    replay.Memory(tmp_path / "m.bin", 30, 3, 2, 3)
    with pytest.raises(checkpoints.CheckpointError, match="m.bin has 30 rows instead of 40, 3 games instead of 8"):
        replay.Memory(tmp_path / "m.bin", 40, 8, 2, 3)


def test_the_memory_gives_the_stacks_that_the_games_gave(tmp_path):
    pytest.importorskip("ale_py")
    memory = replay.Memory(tmp_path / "m.bin", 1100, 1, pong_dqn.SIDE, 3)
    play, given, scores, end = pong_dqn.Play(memory, np.random.default_rng(0), 1), [], [], 1090
    while memory.written < end + 8:
        given.append(play.stacks.copy())
        if ended := play.move(lambda stacks: np.array([0]), 0.5):
            scores, end = scores + ended, memory.written
    play.env.close()
    found = memory.stacks(np.arange(memory.written), np.zeros(memory.written, int))
    np.testing.assert_array_equal(found, np.concatenate(given))
    assert len(scores) == 1 and scores[0] == memory.rewards[:end].sum() < -10
    assert np.flatnonzero(memory.ended[:, 0]).tolist() == [end - 1]
    assert np.flatnonzero(memory.counts[: memory.written, 0] == 0).tolist() == [end]  # set-up of the next game
    assert memory.ages[end - 1 : end + 6, 0].tolist() == [3, 3, 0, 1, 2, 3, 3]


# Network and update


def keras_network():
    """The network as the paper describes it."""
    import keras

    sizes = (32, 8, 4), (64, 4, 2), (64, 3, 1)
    convolutions = [keras.layers.Conv2D(*size, activation="relu") for size in sizes]
    dense = [keras.layers.Flatten(), keras.layers.Dense(512, "relu"), keras.layers.Dense(3)]
    return keras.Sequential([keras.Input((84, 84, 4)), keras.layers.Rescaling(1 / 255), *convolutions, *dense])


def test_the_network_is_the_papers_in_keras_order(tmp_path):
    pytest.importorskip("tensorflow")
    rng = np.random.default_rng(0)
    weights = pong_dqn.first_weights(rng)
    weights = {name: array + rng.normal(scale=0.01, size=array.shape).astype("f4") for name, array in weights.items()}
    assert sum(array.size for array in weights.values()) == 1_685_667
    stacks = rng.integers(256, size=(3, 4, 84, 84)).astype("u1")
    model, images = keras_network(), np.moveaxis(stacks, 1, -1).astype("f4")
    model.set_weights(list(weights.values()))
    values = np.asarray(pong_dqn.action_values(weights, stacks))
    np.testing.assert_allclose(values, np.asarray(model(images)), atol=1e-4)
    short = np.asarray(pong_dqn.action_values(weights, stacks, "bfloat16"))
    np.testing.assert_allclose(short, values, atol=0.02 * np.abs(values).max())
    path = checkpoints.save(tmp_path / "pong", weights, score={"x": 0.0}, seed=0, script="s", steps=0)
    assert path.stat().st_size <= 5_000_000
    checkpoints.load(path).put_into(model)
    rounded = np.asarray(pong_dqn.action_values(checkpoints.rounded(weights), stacks))
    np.testing.assert_allclose(rounded, np.asarray(model(images)), atol=1e-4)


def test_targets_of_double_q_learning():
    pytest.importorskip("tensorflow")
    rng = np.random.default_rng(0)
    rewards, counts, online, target = (rng.normal(size=size) for size in (9, 9, (9, 3), (9, 3)))
    expected = []
    for r, c, q, old in zip(rewards, counts, online, target, strict=True):
        best = max(range(3), key=lambda a, q=q: q[a])
        expected.append(r + c * old[best])
    found = pong_dqn.double_targets(*(part.astype("f4") for part in (rewards, counts, online, target)))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert not np.allclose(expected, rewards + counts * target.max(axis=1))


def test_an_update_moves_as_adam_does_and_measuring_moves_nothing(small):
    rng = np.random.default_rng(0)
    learner = pong_dqn.Learner(pong_dqn.first_weights(rng), 3)
    pictures = rng.integers(256, size=(2, 3, 4, 84, 84)).astype("u1")
    actions = np.array([0, 2, 1], "int32")
    rewards, counts = np.array([3.0, -0.2, 0.1], "f4"), np.array([0.9, 0, 0.9], "f4")
    before = learner.arrays()
    update, way = learner.fastest_update()
    assert way in ("float32", "bfloat16", "float32+xla", "bfloat16+xla")
    for name, array in learner.arrays().items():
        np.testing.assert_array_equal(array, before[name])
    update, _ = learner.fastest_update("float32")
    online, after = (np.asarray(pong_dqn.action_values(learner.weights, part)) for part in pictures)
    y = rewards + counts * np.take_along_axis(after, after.argmax(axis=1)[:, None], axis=1)[:, 0]  # the copy is equal
    error = online[np.arange(3), actions] - y
    huber = np.where(np.abs(error) < 1, error**2 / 2, np.abs(error) - 0.5)
    loss = update(pictures[0], actions, rewards, pictures[1], counts, np.float32(1), np.float32(0.01))
    assert float(loss) == pytest.approx(huber.mean(), rel=1e-4) and np.abs(error).max() > 1
    now, slope = learner.arrays(), np.zeros(3)
    np.add.at(slope, actions, np.clip(error, -1, 1) / 3)
    np.testing.assert_allclose(now["m values_bias"], 0.1 * slope, rtol=1e-3)
    moved = 0.01 * slope / (np.abs(slope) + 1.5e-4 / 0.001**0.5)  # TensorFlow's epsilon stands beside the raw root
    np.testing.assert_allclose(before["values_bias"] - now["values_bias"], moved, rtol=1e-3)
    np.testing.assert_array_equal(now["old hidden_kernel"], before["hidden_kernel"])
    learner.copy()
    np.testing.assert_array_equal(learner.arrays()["old hidden_kernel"], now["hidden_kernel"])


# Training


def test_the_learning_rate_falls_in_the_second_half():
    rates = [pong_dqn.rate_at(step, 1000, 0.5) for step in range(1, 1001)]
    assert set(rates[:500]) == {0.5} and rates[-1] == pytest.approx(0.05) and np.diff(rates[500:]).max() < 0
    assert pong_dqn.rate_at(2000, 1000, 0.5) == pytest.approx(0.05)


def test_random_moves_become_few_and_later_each_game_has_its_own_share():
    half = pong_dqn.epsilon_at(0, pong_dqn.EPSILON_MOVES // 2, 3)
    assert half.tolist() == [0.5] * 3
    assert pong_dqn.epsilon_at(pong_dqn.CLUMSY_FROM - 1, 10**6, 3).tolist() == [pong_dqn.EPSILON] * 3
    assert pong_dqn.epsilon_at(pong_dqn.CLUMSY_FROM, 10**6, 4) == pytest.approx([0.01, 0.04, 0.07, 0.1])
    assert pong_dqn.epsilon_at(pong_dqn.CLUMSY_FROM, 0, 2).tolist() == [1.0, 1.0]


def test_a_long_curve_is_thinned():
    assert pong_dqn.thinned([]) == [] and pong_dqn.thinned([1, 2]) == [1, 2]
    thin = pong_dqn.thinned(list(range(777)))
    assert len(thin) == 100 and (thin[0], thin[-1]) == (0, 776) and np.diff(thin).min() > 5


def test_a_stopped_training_goes_on_with_all_it_had(small, monkeypatch):
    keep, held = checkpoints.Resumable.keep, []

    def keep_and_stop(self, arrays, counters):
        keep(self, arrays, counters)
        held.append((counters["step"], counters["moves"], {name: array.copy() for name, array in arrays.items()}))
        self.stopped = counters["step"] in (3, 4)

    monkeypatch.setattr(checkpoints.Resumable, "due", property(lambda self: True))
    monkeypatch.setattr(checkpoints.Resumable, "keep", keep_and_stop)
    assert small(6) is None and held[-1][0] in (3, 4)
    arrays, seen = kept(small.state)
    assert seen["moves"] >= 30 and seen["generators"].keys() == {"play", "draw"}
    assert any(np.abs(arrays[name]).max() > 0 for name in arrays if name.startswith("m "))
    for name, array in held[-1][2].items():
        np.testing.assert_array_equal(arrays[name], array)
    rows = replay.Memory(small.memory, 30, 2, pong_dqn.SIDE, 3).written
    assert rows == seen["moves"] // 2
    before = seen
    monkeypatch.setattr(checkpoints.Resumable, "keep", keep)
    found = small(6)
    arrays, seen = kept(small.state)
    assert found.record["steps"] == seen["step"] == 6
    assert seen["moves"] > before["moves"] and seen["seconds"] > before["seconds"]
    assert replay.Memory(small.memory, 30, 2, pong_dqn.SIDE, 3).written == seen["moves"] // 2
    first = pong_dqn.first_weights(np.random.default_rng(0))
    assert not np.array_equal(arrays["old values_kernel"], first["values_kernel"])


def test_the_checkpoint_says_what_was_measured_and_plays(small):
    found = small(4)
    record = found.record
    scores = pong_dqn.fresh_scores(found.weights, 0)
    assert record["score"] == pytest.approx({"mean_of_2": scores.mean(), "sd": scores.std(ddof=1)}, abs=0.01)
    assert (record["discount"], record["double"], record["n_step"], record["buttons"]) == (0.99, True, 3, [0, 2, 3])
    assert (record["steps"], record["planned_steps"], record["computed_in"]) == (4, 4, ["float32"])
    assert list(found.weights) == list(pong_dqn.first_weights(np.random.default_rng(0)))
    again = small(9, "tiny", "--evaluate", batch=5)
    assert again.record | {"minutes": 0} == record | {"minutes": 0}  # the training's numbers, not the words of now
    longer = small(6)
    assert (longer.record["steps"], longer.record["planned_steps"]) == (6, 6)


def test_a_point_of_the_curve_is_stored_beside_the_state(small, monkeypatch):
    move = pong_dqn.Play.move
    monkeypatch.setattr(pong_dqn.Play, "move", lambda self, best, epsilon: move(self, best, epsilon) + [-20.0, -18.0])
    found = small(3)
    beside = checkpoints.load(small.state.with_name("tiny"))
    assert beside.record["score"] == {"mean_of_training_games": -19.0}  # no word of fresh games
    assert 1 <= len(beside.record["curve"]) <= 100 and found.record["curve"][-1] == beside.record["curve"][-1]
    assert beside.record["curve"][-1].keys() == {"steps", "updates", "minutes", "score"}
    assert kept(small.state)[1]["curve"][-1]["score"] == -19.0


def test_minutes_end_a_run_and_nothing_false_is_stored(small):
    assert small(10**9, minutes=0.01) is None
    assert 0 < kept(small.state)[1]["seconds"] < 60


def test_a_lost_memory_is_filled_again_before_the_next_update(small):
    small(3)
    before = kept(small.state)[1]["moves"]
    small.memory.unlink()
    small(4)
    assert kept(small.state)[1]["moves"] >= before + 30 - 2


def test_damaged_and_foreign_files_are_refused_by_name(small):
    with pytest.raises(SystemExit, match="there is no tiny_0.npz to evaluate: train first"):
        small(2, "tiny", "--evaluate")
    small(2)
    whole = small.state.read_bytes()
    small.state.write_bytes(whole[:2000])
    with pytest.raises(checkpoints.CheckpointError, match="tiny_0.npz is damaged"):
        small(3)
    checkpoints.Resumable(small.state).keep({"weights": np.zeros(3)}, {"step": 1})
    with pytest.raises(SystemExit, match="tiny_0.npz holds a network of another size: delete it"):
        small(3)
    checkpoints.Resumable(small.state).keep(pong_dqn.first_weights(np.random.default_rng(0)), {"step": 1})
    with pytest.raises(SystemExit, match="tiny_0.npz was made by another training: delete it"):
        small(3)
    small.state.write_bytes(whole)
    with pytest.raises(checkpoints.CheckpointError, match="tiny_0_replay.bin has 30 rows instead of 60"):
        small(3, memory=120)
    small.memory.write_bytes(small.memory.read_bytes()[:-5])
    with pytest.raises(checkpoints.CheckpointError, match="tiny_0_replay.bin is damaged"):
        small(3)


def test_a_kill_loses_nothing_that_was_kept(small, tmp_path):
    """A process that trains is killed in the midst of it; what it kept last, and what it played, is there."""
    given = {"steps": 10**6, "name": tmp_path / "tiny"} | WORDS
    words = [word for key, value in given.items() for word in (f"--{key}", str(value))]
    script = (
        "import sys\nfrom pathlib import Path\nfrom training import pong_dqn\n"
        f"for name, value in {TINY | {'EVERY_SECONDS': 0.2}!r}.items():\n    setattr(pong_dqn, name, value)\n"
        f"pong_dqn.STATE = Path({str(tmp_path / 'state')!r})\npong_dqn.main({words!r})\n"
    )
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.DEVNULL, env=quiet)
    try:
        deadline, step = time.monotonic() + 120, 0
        while step < 5 and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)
            step = (kept(small.state) or ({}, {"step": 0}))[1]["step"]
        assert process.poll() is None and step >= 5
    finally:
        process.kill()
        process.wait()
    seen = kept(small.state)[1]
    rows = replay.Memory(small.memory, 30, 2, pong_dqn.SIDE, 3).written
    assert seen["step"] >= step and rows >= seen["moves"] // 2
    found = small(seen["step"] + 2)
    after = kept(small.state)[1]
    assert found.record["steps"] == after["step"] == seen["step"] + 2
    assert seen["moves"] < after["moves"] <= seen["moves"] + 8  # the memory was not filled anew
    assert replay.Memory(small.memory, 30, 2, pong_dqn.SIDE, 3).written >= rows + 2
