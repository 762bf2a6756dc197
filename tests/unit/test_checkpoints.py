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
from course_utils.checkpoints import CheckpointError, Resumable
from course_utils.checkpoints.files import pack

ROOT = Path(__file__).resolve().parents[2]
ABOUT = {"score": {"accuracy": 0.5}, "seed": 3, "script": "training/some.py", "steps": 7}


def weights(seed=0, rows=4):
    rng = np.random.default_rng(seed)
    return {"kernel": rng.standard_normal((rows, 3)), "bias": np.zeros(3, "float32"), "classes": np.arange(3)}


class Model:
    """As much of a Keras model as is needed."""

    def __init__(self, *shapes):
        names = ("kernel", "bias")
        self.weights = [
            types.SimpleNamespace(path=f"layer/{name}", shape=shape) for name, shape in zip(names, shapes, strict=False)
        ]
        self.values = None

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


def test_the_weights_of_a_keras_model_go_there_and_back(tmp_path):
    keras = pytest.importorskip("keras")

    def made():
        return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4), keras.layers.Dense(2)])

    model, other = made(), made()
    arrays = {weight.path.replace("/", " "): weight.numpy() for weight in model.weights}
    assert checkpoints.load(checkpoints.save(tmp_path / "model", arrays, **ABOUT)).put_into(other) is other
    for one, array in zip(other.get_weights(), arrays.values(), strict=True):
        np.testing.assert_allclose(one, array, rtol=1e-3, atol=1e-6)


def test_variables_are_rounded_while_the_score_is_measured():
    tf = pytest.importorskip("tensorflow")
    given = {name: array.astype("float32") for name, array in weights().items()}
    variables = {name: tf.Variable(array) for name, array in given.items()}
    with pytest.raises(KeyError), checkpoints.as_stored(variables) as exact:
        for name, array in checkpoints.rounded(given).items():
            np.testing.assert_array_equal(variables[name].numpy(), array)
            np.testing.assert_array_equal(exact[name], given[name])
        raise KeyError
    for name, array in given.items():
        np.testing.assert_array_equal(variables[name].numpy(), array)
    assert (checkpoints.rounded(given)["kernel"] != given["kernel"]).any()


def test_a_bare_name_is_looked_for_in_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(checkpoints, "FOLDER", tmp_path)
    assert checkpoints.save("small", weights(), **ABOUT) == tmp_path / "small.npz"
    assert checkpoints.load("small").record["steps"] == 7


# What comes with the course


@pytest.mark.parametrize("name", sorted(path.stem for path in checkpoints.FOLDER.glob("*.npz")))
def test_what_comes_with_the_course_is_whole_and_says_how_it_was_made(name):
    found = checkpoints.load(name)
    assert json.loads((checkpoints.FOLDER / f"{name}.json").read_text(encoding="utf-8")) == found.record
    assert (checkpoints.FOLDER / f"{name}.npz").stat().st_size <= checkpoints.LARGEST
    assert (ROOT / found.record["script"]).is_file()
    assert found.record["script"].removeprefix("training/") in (ROOT / "training" / "README.md").read_text(encoding="utf-8")


# Refused before anything is written


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": {}}, "weights must be a mapping with at least one array, got {}"),
        ({"weights": [np.zeros(3)]}, "weights must be a mapping"),
        ({"weights": {"a/b": np.zeros(3)}}, "weights must be named by plain words, got 'a/b'"),
        ({"weights": {"record.json": np.zeros(3)}}, "weights must be named by plain words"),
        ({"weights": {"a": np.array(["x"])}}, r"weights\['a'\] must be numbers, got <U1"),
        ({"weights": {"a": np.array([{}], object)}}, r"weights\['a'\] must be numbers, got object"),
        ({"weights": {"a": np.array([np.nan])}}, r"weights\['a'\] must be finite and at most 65504, got nan"),
        ({"weights": {"a": np.array([-1e6])}}, r"weights\['a'\] must be finite and at most 65504, got 1000000"),
        ({"weights": {"a": np.random.default_rng(0).standard_normal(3_000_000)}}, "a checkpoint may have 5,000,000 bytes, some.npz would have"),
        ({"score": {}}, "score must map names to finite numbers, got {}"),
        ({"score": {"loss": float("nan")}}, "score must map names to finite numbers"),
        ({"score": {"accuracy": 0.5, "loss": float("inf")}}, "score must map names to finite numbers"),
        ({"score": 0.5}, "score must map names to finite numbers, got 0.5"),
        ({"score": {"a": "b"}}, "score must map names to finite numbers, got {'a': 'b'}; a name is a str, a number an int or a float"),
        ({"score": {"a": True}}, "score must map names to finite numbers, got {'a': True}"),
        ({"score": {1: 0.5}}, "score must map names to finite numbers, got {1: 0.5}"),
        ({"seed": "zero"}, "seed must be an int of at least 0, got 'zero'"),
        ({"seed": 1.5}, "seed must be an int of at least 0, got 1.5"),
        ({"seed": True}, "seed must be an int of at least 0, got True"),
        ({"script": None}, "script must be the path of a script, a str with at least one character, got None"),
        ({"script": ""}, "script must be the path of a script, a str with at least one character, got ''"),
        ({"steps": -1}, "steps must be an int of at least 0, got -1"),
        ({"steps": 1.5}, "steps must be an int of at least 0, got 1.5"),
        ({"steps": True}, "steps must be an int of at least 0, got True"),
        ({"format": 7}, "format must not be given, since the record has its own, got 7; any other name is allowed"),
        ({"parameters": 7}, "parameters must not be given"),
        ({"shapes": {}}, "shapes must not be given, since the record has its own, got {}"),
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
@pytest.mark.parametrize("call", [1, 2])  # of the two files
@pytest.mark.parametrize("reason", [OSError("disk full"), KeyboardInterrupt()])
@pytest.mark.parametrize("name", ["some", "new"])
def test_a_broken_write_leaves_the_files_as_they_were(monkeypatch, stored, broken, call, reason, name):
    before = {path.name: path.read_bytes() for path in stored.parent.iterdir()}
    works, calls = getattr(os, broken), []

    def fail(*given):
        calls.append(given)
        if len(calls) == call:
            raise reason
        return works(*given)

    monkeypatch.setattr(os, broken, fail)
    with pytest.raises(type(reason)):
        checkpoints.save(stored.with_stem(name), weights(1), **ABOUT)
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


def test_a_model_of_other_shapes_is_left_as_it_was(tmp_path):
    arrays = {"kernel": np.zeros((2, 3)), "bias": np.zeros(3)}
    found = checkpoints.load(checkpoints.save(tmp_path / "model", arrays, **ABOUT))
    for other, said in (
        (Model((2, 3), (4,)), r"'model': bias is \(3,\), layer/bias needs \(4,\)"),
        (Model((2, 3)), "'model' holds 2 arrays, 1 are expected"),
    ):
        with pytest.raises(CheckpointError, match=said):
            found.put_into(other)
        assert other.values is None


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
    assert Resumable(tmp_path / "state.npz", every=0).due
    with pytest.raises(ValueError, match="every must be at least 0 seconds, got -1"):
        Resumable(tmp_path, every=-1)


def test_a_state_is_kept_on_the_disk_in_folders_that_are_not_there_yet(tmp_path, monkeypatch):
    waited = []
    monkeypatch.setattr(os, "fsync", waited.append)
    run = Resumable(tmp_path / "a" / "b" / "state.npz")
    for count in (1, 2):  # the second time the folder is there
        run.keep({}, {"steps": count})
        assert len(waited) == count and run.resume() == ({}, {"steps": count})


@pytest.mark.parametrize("given", [({"a": np.array([{}], object)}, {}), ({}, {"score": float("nan")})])
def test_neither_objects_nor_nan_are_packed(given):
    with pytest.raises(ValueError, match="(?i)object array|out of range"):
        pack(*given)


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
