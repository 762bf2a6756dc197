"""Checkpoints are whole or not there, small, found by name, and say what is wrong with them."""

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

from course_utils import checkpoints
from course_utils.checkpoints import CheckpointError, Resumable, files

ROOT = Path(__file__).resolve().parents[2]
ABOUT = {"score": {"accuracy": 0.5}, "seed": 3, "script": "training/some.py", "steps": 7}


def weights(seed=0, rows=4):
    rng = np.random.default_rng(seed)
    return {"kernel": rng.standard_normal((rows, 3)), "bias": np.zeros(3, "float32"), "classes": np.arange(3)}


class Model:
    """As much of a Keras model as is needed."""

    def __init__(self, *shapes):
        names = ("kernel", "bias", "kernel")
        self.weights = [
            types.SimpleNamespace(name=name, path=f"layer/{name}", shape=shape)
            for name, shape in zip(names, shapes, strict=False)
        ]
        self.values = [np.full(shape, 0.1 * number, "float32") for number, shape in enumerate(shapes)]

    def get_weights(self):
        return self.values

    def set_weights(self, values):
        self.values = values


@pytest.fixture
def stored(tmp_path):
    return checkpoints.save(tmp_path / "some", weights(), **ABOUT, minutes=2.5, curve=[[1, 0.5]])


# There and back


def test_what_is_stored_comes_back_rounded(stored):
    found = checkpoints.load(stored)
    assert found.name == "some" and list(found.weights) == ["kernel", "bias", "classes"]
    for name, array in checkpoints.rounded(weights()).items():
        np.testing.assert_array_equal(found.weights[name], array)
    assert [array.dtype for array in found.weights.values()] == ["float32", "float32", "int64"]
    assert np.abs(found.weights["kernel"] - weights()["kernel"]).max() < 2e-3
    assert found.record.items() >= (ABOUT | {"minutes": 2.5, "curve": [[1, 0.5]], "parameters": 18}).items()


def test_the_record_can_be_read_beside_it(stored):
    text = stored.with_suffix(".json").read_text(encoding="utf-8")
    assert json.loads(text) == checkpoints.load(stored).record
    assert text.startswith('{\n  "format": 1,\n')
    assert sorted(path.name for path in stored.parent.iterdir()) == ["some.json", "some.npz"]


def test_numpy_reads_it_without_the_course(stored):
    with np.load(stored, allow_pickle=False) as found:
        assert found["kernel"].dtype == np.float16 and found["kernel"].shape == (4, 3)


def test_the_same_weights_make_the_same_file(tmp_path, stored):
    again = checkpoints.save(tmp_path / "again.npz", weights(), **ABOUT, minutes=2.5, curve=[[1, 0.5]])
    assert again.read_bytes() == stored.read_bytes()


def test_a_model_is_stored_by_number_and_name_and_filled_again(tmp_path):
    model = Model((2, 3), (3,), (3, 1))
    path = checkpoints.save(tmp_path / "model", model, **ABOUT)
    found = checkpoints.load(path)
    assert list(found.weights) == ["00_kernel", "01_bias", "02_kernel"]
    other = Model((2, 3), (3,), (3, 1))
    other.values = None
    assert found.put_into(other) is other
    np.testing.assert_allclose(other.values[2], 0.2, rtol=1e-3)


def test_a_keras_model_goes_there_and_back(tmp_path):
    keras = pytest.importorskip("keras")

    def made():
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])

    model = made()
    found = checkpoints.load(checkpoints.save(tmp_path / "model", model, **ABOUT)).put_into(made())
    for one, other in zip(found.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


def test_a_bare_name_is_looked_for_in_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    assert checkpoints.names() == []
    assert checkpoints.save("small", weights(), **ABOUT) == tmp_path / "small.npz"
    assert checkpoints.names() == ["small"]
    assert checkpoints.load("small").record["steps"] == 7


# What comes with the course


@pytest.mark.parametrize("name", checkpoints.names() or ["none yet"])
def test_what_comes_with_the_course_is_whole_and_says_how_it_was_made(name):
    if name == "none yet":
        pytest.skip("no checkpoint comes with the course so far")
    found = checkpoints.load(name)
    assert json.loads((checkpoints.FOLDER / f"{name}.json").read_text(encoding="utf-8")) == found.record
    assert (checkpoints.FOLDER / f"{name}.npz").stat().st_size <= checkpoints.LARGEST
    assert (ROOT / found.record["script"]).is_file()
    assert found.record["script"].removeprefix("training/") in (ROOT / "training" / "README.md").read_text(encoding="utf-8")


# Refused before anything is written


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": {}}, "weights must be a model or a mapping with at least one array, got {}"),
        ({"weights": [np.zeros(3)]}, "weights must be a model or a mapping"),
        ({"weights": {"a/b": np.zeros(3)}}, "weights must be named by plain words, got 'a/b'"),
        ({"weights": {"record.json": np.zeros(3)}}, "weights must be named by plain words"),
        ({"weights": {"a": np.array(["x"])}}, r"weights\['a'\] must be numbers, got <U1"),
        ({"weights": {"a": np.array([{}], object)}}, r"weights\['a'\] must be numbers, got object"),
        ({"weights": {"a": np.array([np.nan])}}, r"weights\['a'\] must be finite and at most 65504, got nan"),
        ({"weights": {"a": np.array([-1e6])}}, r"weights\['a'\] must be finite and at most 65504, got 1000000"),
        ({"weights": {"a": np.random.default_rng(0).standard_normal(3_000_000)}}, "a checkpoint may have 5,000,000 bytes, some.npz would have"),
        ({"score": {}}, "score must map names to finite numbers, got {}"),
        ({"score": {"loss": float("nan")}}, "score must map names to finite numbers"),
        ({"score": 0.5}, "score must map names to finite numbers, got 0.5"),
        ({"steps": -1}, "steps must be an int of at least 0, got -1"),
        ({"steps": 1.5}, "steps must be an int of at least 0, got 1.5"),
        ({"note": {1, 2}}, "the record must be made of plain JSON values"),
        ({"note": float("inf")}, "the record must be made of plain JSON values"),
    ],
)
def test_what_cannot_be_stored_leaves_the_old_file_whole(stored, change, said):
    before = {path.name: path.read_bytes() for path in stored.parent.iterdir()}
    given = {"weights": weights(1)} | ABOUT | change
    with pytest.raises(ValueError, match=said):
        checkpoints.save(stored, given.pop("weights"), **given)
    assert {path.name: path.read_bytes() for path in stored.parent.iterdir()} == before


@pytest.mark.parametrize("broken", ["fsync", "replace"])
@pytest.mark.parametrize("reason", [OSError("disk full"), KeyboardInterrupt()])
def test_a_broken_write_leaves_the_old_file_whole(monkeypatch, stored, broken, reason):
    before = {path.name: path.read_bytes() for path in stored.parent.iterdir()}

    def fail(*_):
        raise reason

    monkeypatch.setattr(files.os, broken, fail)
    with pytest.raises(type(reason)):
        checkpoints.save(stored, weights(1), **ABOUT)
    assert {path.name: path.read_bytes() for path in stored.parent.iterdir()} == before


def test_a_kill_leaves_a_whole_file(tmp_path):
    """A process that stores without end is killed in the midst of it, several times."""
    code = f"""
        import itertools, numpy as np
        from course_utils import checkpoints
        for number in itertools.count():
            weights = {{"a": np.full(200_000, number % 100), "b": np.full(200_000, number % 100)}}
            checkpoints.save({str(tmp_path / "killed")!r}, weights, score={{"x": 0.0}}, seed=0, script="s", steps=number)
            print(number, flush=True)
    """
    for delay in (0.0, 0.003, 0.011):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        process.stdout.readline()
        time.sleep(delay)
        process.kill()
        process.wait()
        process.stdout.close()
        found = checkpoints.load(tmp_path / "killed")
        a, b = found.weights.values()
        assert (a == found.record["steps"] % 100).all() and (a == b).all()


# Refused when read


def test_a_missing_one_is_named_with_those_that_are_there(stored):
    with pytest.raises(CheckpointError, match=r"there is no checkpoint 'other' in .*; there are: some"):
        checkpoints.load(stored.with_name("other"))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "text"])
def test_a_damaged_one_is_named(stored, damage):
    content = bytearray(stored.read_bytes())
    middle = len(content) // 2
    if damage == "cut":
        content = content[:middle]
    elif damage == "flipped":
        content[middle] ^= 255
    elif damage == "empty":
        content = b""
    else:
        content = b"version https://git-lfs.github.com/spec/v1\n"
    stored.write_bytes(content)
    with pytest.raises(CheckpointError, match="some.npz is damaged"):
        checkpoints.load(stored)


def packed(record, **arrays):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        if record is not None:
            archive.writestr("record.json", json.dumps(record))
        for name, array in arrays.items():
            part = io.BytesIO()
            np.save(part, array, allow_pickle=True)
            archive.writestr(f"{name}.npy", part.getvalue())
    return file.getvalue()


@pytest.mark.parametrize(
    ("record", "array", "said"),
    [
        (None, np.zeros(2), "some.npz is damaged or no checkpoint"),
        ({"format": 0, "shapes": {"a": [2]}}, np.zeros(2), "some.npz has format 0, this course reads 1: make it again with its script"),
        ([], np.zeros(2), "some.npz has format None"),
        ({"format": 1, "shapes": {"a": [3]}}, np.zeros(2), "some.npz is damaged: its arrays are not those of its record"),
        ({"format": 1, "shapes": {"a": [1]}}, np.array([{"never": "run"}], object), "some.npz is damaged or no checkpoint.*allow_pickle"),
    ],
    ids=["no record", "old", "another record", "another shape", "pickle"],
)  # fmt: skip
def test_files_of_others_are_refused(stored, record, array, said):
    stored.write_bytes(packed(record, a=array))
    with pytest.raises(CheckpointError, match=said):
        checkpoints.load(stored)


def test_expected_shapes_are_compared(stored):
    shapes = {"classes": (3,), "bias": (3,), "kernel": (4, 3)}
    assert checkpoints.load(stored, shapes).name == "some"
    with pytest.raises(CheckpointError, match=r"'some': kernel is \(4, 3\), kernel needs \(3, 4\)"):
        checkpoints.load(stored, shapes | {"kernel": (3, 4)})
    with pytest.raises(CheckpointError, match="'some' holds kernel, bias, classes; expected: kernel"):
        checkpoints.load(stored, {"kernel": (4, 3)})


def test_a_model_of_other_shapes_is_left_as_it_was(tmp_path):
    found = checkpoints.load(checkpoints.save(tmp_path / "model", Model((2, 3), (3,)), **ABOUT))
    for other, said in (
        (Model((2, 3), (4,)), r"'model': 01_bias is \(3,\), layer/bias needs \(4,\)"),
        (Model((2, 3)), "'model' holds 2 arrays, 1 are expected"),
    ):
        values = other.values
        with pytest.raises(CheckpointError, match=said):
            found.put_into(other)
        assert other.values is values


# Trainings that go on


def test_a_state_keeps_its_precision_and_counters(tmp_path):
    run = Resumable(tmp_path / "deep" / "state.npz")
    assert run.resume() is None
    arrays = {"w": np.array([1 / 3, 1e9], "float32"), "m w": np.array(2.0)}
    run.keep(arrays, {"steps": 3, "curve": [[1, 2.5]]})
    found, counters = Resumable(run.path).resume()
    assert counters == {"steps": 3, "curve": [[1, 2.5]]}
    for name, array in arrays.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_a_state_is_due_now_and_then(tmp_path, monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    run = Resumable(tmp_path / "state.npz", every=10)
    assert not run.due
    now[0] = 110.0
    assert run.due
    run.keep({}, {})
    assert not run.due
    run.stopped = True
    assert run.due
    with pytest.raises(ValueError, match="every must be at least 0 seconds, got -1"):
        Resumable(tmp_path, every=-1)


@pytest.mark.skipif(os.name == "nt", reason="Windows ends a process without asking it")
def test_a_request_to_end_lets_the_step_finish(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    with Resumable(tmp_path / "state.npz") as run:
        os.kill(os.getpid(), signal.SIGTERM)
        for _ in range(100):
            if run.stopped:
                break
            time.sleep(0.01)
        assert run.stopped and run.due
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("content", [b"nothing", "a checkpoint"])
def test_a_state_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "state.npz"
    if content == "a checkpoint":
        checkpoints.save(path, weights(), **ABOUT)
    else:
        path.write_bytes(content)
    with pytest.raises(CheckpointError, match="state.npz is"):
        Resumable(path).resume()


def test_nothing_heavy_is_imported_before_it_is_needed():
    code = "import sys; import course_utils.checkpoints; print({'keras', 'tensorflow', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
