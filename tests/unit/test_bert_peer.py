"""The course's encoder against Hugging Face's `BertModel`, where that is installed.

It is not part of the course's environment: the group `peers` has it, in `.venv-peers` (`make bench-peers`).
The other Python computes with the weights and rows of a file and writes what it found into another one.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from course_utils.networks import transformers

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "tests" / "hugging_face_bert.py"
NEEDED = ("numpy", "torch", "transformers")


def lacks(python):
    """List what an interpreter lacks, without importing it; None if it does not start."""
    code = f"import importlib.util as u; print(*(n for n in {NEEDED} if u.find_spec(n) is None))"
    try:
        done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, timeout=120, cwd=Path(python).parent)
    except OSError:
        return None
    return done.stdout.split() if done.returncode == 0 else None


@pytest.fixture(scope="module")
def python():
    """An interpreter that has PyTorch and Hugging Face's library: the peers', or this one."""
    inside = ROOT / ".venv-peers" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    found = {str(candidate): lacks(candidate) for candidate in (inside, sys.executable)}
    for candidate, missing in found.items():
        if missing == []:
            return candidate
    missing = found[str(inside)]
    reason = "is not there" if missing is None else f"lacks {', '.join(missing)}"
    pytest.skip(f".venv-peers {reason}: `make bench-peers` installs torch and transformers to compare with")


def problem(config, rows, length, seed):
    """Draw weights that no layer can hide behind (no zeros, no ones), rows with padding, and masked places."""
    rng = np.random.default_rng(seed)
    weights = {}
    for name, shape in transformers.shapes(config).items():
        spread = 0.3 if len(shape) == 1 else 0.08
        weights[name] = (name.endswith(".scale") + spread * rng.standard_normal(shape)).astype(np.float32)
    ids = rng.integers(5, config.vocabulary, (rows, length)).astype(np.int32)
    ends = rng.integers(length // 2, length + 1, rows)
    ends[0] = length
    mask = (np.arange(length) < ends[:, None]).astype(np.int32)
    segments = ((np.arange(length) >= ends[:, None] // 2) * mask).astype(np.int32)
    positions = np.sort(rng.permuted(np.tile(np.arange(length // 2), (rows, 1)), axis=1)[:, :3]).astype(np.int32)
    return weights, ids * mask, segments, mask, positions


CONFIGS = {
    "small": transformers.Config(vocabulary=300, length=40, width=32, layers=2, heads=4, inner=128),
    "as in lecture 14": transformers.Config(vocabulary=500, length=64, width=128, layers=4, heads=4, inner=512),
}


@pytest.fixture(scope="module")
def computed(python, tmp_path_factory):
    """Each problem with the other side's answer: one process, because its imports take longest."""
    folder, asked, files = tmp_path_factory.mktemp("hugging_face"), {}, []
    for number, (name, config) in enumerate(CONFIGS.items()):
        asked[name] = problem(config, rows=5, length=config.length - 7, seed=config.width)
        weights, ids, segments, mask, positions = asked[name]
        sizes = [config.vocabulary, config.length, config.width, config.layers, config.heads, config.inner, config.segments]
        named = {f"w {each}": value for each, value in weights.items()}
        files += [folder / f"given{number}.npz", folder / f"answer{number}.npz"]
        np.savez(files[-2], sizes=sizes, ids=ids, segments=segments, mask=mask, positions=positions, **named)
    done = subprocess.run([python, str(PROGRAM), *map(str, files)], capture_output=True, text=True, timeout=600, cwd=folder)
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: (asked[name], np.load(answer)) for name, answer in zip(CONFIGS, files[1::2], strict=True)}


@pytest.mark.slow
@pytest.mark.parametrize("name", CONFIGS)
def test_forward_pass_equals_hugging_faces(computed, name):
    (weights, ids, segments, mask, positions), theirs = computed[name]
    config = CONFIGS[name]
    hidden = transformers.encode(weights, ids, segments, mask, config=config)
    there = mask > 0  # what padding becomes is nobody's business
    ours = {
        "hidden": hidden.numpy()[there],
        "pooled": transformers.pooled(weights, hidden).numpy(),
        "masked": transformers.masked_logits(weights, hidden, positions).numpy(),
        "next_sentence": transformers.next_sentence_logits(weights, hidden).numpy(),
    }
    for part, value in ours.items():
        expected = theirs[part][there] if part == "hidden" else theirs[part]
        assert value.shape == expected.shape and np.abs(expected).max() > 0.1
        assert np.abs(value - expected).max() <= 1e-4, part
    assert transformers.parameters(config) == theirs["parameters"]
