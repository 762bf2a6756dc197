"""Data sets: whole, equally split, and clear about what is wrong."""

import doctest
import gzip
import importlib.util
import types
import urllib.error
from pathlib import Path

import numpy as np
import pytest
import sklearn.datasets
from course_utils import datasets
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture(scope="module")
def originals():
    return sklearn.datasets.load_digits()


def rows(images):
    return sorted(map(bytes, (images * 16).round().astype(np.uint8)))


def test_docstrings():
    assert doctest.testmod(datasets).failed == 0


def test_digits_are_scikit_learns_digits(originals):
    split = datasets.load_digits()
    assert split.x_train.dtype == split.x_test.dtype == np.float64
    assert split.y_train.dtype == split.y_test.dtype == np.int64
    assert split.x_train.shape == (1438, 64) and split.x_test.shape == (359, 64)
    assert split.x_train.min() == 0 and split.x_train.max() == 1
    together = np.concatenate([split.x_train, split.x_test])
    assert rows(together) == rows(originals.data / 16)  # each image once, none changed


def test_each_image_keeps_its_digit(originals):
    split = datasets.load_digits(offset=3)
    digit_of = {
        bytes(image.astype(np.uint8)): digit
        for image, digit in zip(originals.data, originals.target, strict=True)
    }
    for x, y in ((split.x_train, split.y_train), (split.x_test, split.y_test)):
        assert [digit_of[bytes(image)] for image in (x * 16).round().astype(np.uint8)] == y.tolist()


@settings(max_examples=15, deadline=None)
@given(share=st.floats(0.01, 0.99), offset=st.integers(0, 1000))
def test_each_digit_has_the_same_share_in_both_parts(share, offset):
    split = datasets.load_digits(test_share=share, offset=offset)
    test, train = np.bincount(split.y_test, minlength=10), np.bincount(split.y_train, minlength=10)
    assert np.abs(test - share * (test + train)).max() <= 0.5
    assert (test + train).sum() == 1797


def test_a_split_repeats_and_follows_offset_and_seed(monkeypatch):
    first, again = datasets.load_digits(), datasets.load_digits()
    np.testing.assert_array_equal(first.x_test, again.x_test)
    np.testing.assert_array_equal(first.y_train, again.y_train)
    other = [datasets.load_digits(offset=1).y_test]
    monkeypatch.setenv("COURSE_SEED", "1")
    other.append(datasets.load_digits().y_test)
    assert all((first.y_test != labels).any() for labels in other)
    assert (np.diff(first.y_train) < 0).any()  # shuffled, not sorted by class


def test_a_reader_who_changes_the_images_changes_only_a_copy():
    datasets.load_digits().x_train[:] = 5
    assert datasets.load_digits().x_train.max() == 1


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, True, "0.2", None, float("nan"), 0.0001, 0.9999])
def test_a_share_that_empties_a_part_is_refused(share):
    with pytest.raises(ValueError, match="test_share must"):
        datasets.load_digits(test_share=share)


def damaged(data=None, target=None, error=None):
    """Stand in for scikit-learn's loader with a damaged file."""

    def load():
        if error:
            raise error
        return types.SimpleNamespace(data=data, target=target)

    return load


def changed(originals, what):
    data, target = originals.data.copy(), originals.target.copy()
    if what == "one pixel":
        data[700, 20] += 1 if data[700, 20] < 16 else -1
    elif what == "one class":
        target[5] = (target[5] + 1) % 10
    elif what == "a fraction":
        data = data + 0.25  # rounds down to the same bytes
    elif what == "a missing row":
        data, target = data[1:], target[1:]
    elif what == "a missing class":
        target = target[1:]
    elif what == "two rows swapped":
        data[[0, 1]] = data[[1, 0]]
    return damaged(data, target)


@pytest.mark.parametrize(
    "what", ["one pixel", "one class", "a fraction", "a missing row", "a missing class", "two rows swapped"]
)
def test_damaged_digits_are_found(monkeypatch, originals, what):
    monkeypatch.setattr(sklearn.datasets, "load_digits", changed(originals, what))
    with pytest.raises(datasets.DatasetError, match="pip install --force-reinstall --no-deps scikit-learn"):
        datasets.load_digits()


@pytest.mark.parametrize(
    "error", [FileNotFoundError("digits.csv.gz"), gzip.BadGzipFile("Not a gzipped file"), EOFError()]
)
def test_an_unreadable_file_is_explained(monkeypatch, error):
    monkeypatch.setattr(sklearn.datasets, "load_digits", damaged(error=error))
    with pytest.raises(datasets.DatasetError, match="can't be read.*Reinstall"):
        datasets.load_digits()


def test_one_digit_of_each_kind_is_enough_to_test():
    split = datasets.load_digits(test_share=1 / 180)
    assert sorted(split.y_test) == list(range(10))


def fake_images(name, kind=np.uint8):
    """Zeros in the shape of a full-size set; they take no memory."""
    shape, num_test = datasets.FULL_SIZE[name]

    def zeros(number):
        return np.broadcast_to(kind(51), (number, *shape[1:]))

    labels = (-1, 1) if name == "cifar10" else (-1,)
    return tuple(
        (zeros(number), np.full(number, 3, np.uint8).reshape(labels)) for number in (shape[0], num_test)
    )


@pytest.fixture
def keras(monkeypatch):
    """Replace Keras' loader, so that nothing is imported or downloaded."""

    def install(loader):
        monkeypatch.setattr(datasets, "_keras_loader", lambda name: loader)

    return install


@pytest.mark.parametrize("name", datasets.FULL_SIZE)
def test_full_size_sets_come_scaled(keras, monkeypatch, name):
    monkeypatch.setitem(datasets.FULL_SIZE, name, ((600, *datasets.FULL_SIZE[name][0][1:]), 200))
    keras(lambda: fake_images(name))
    split = datasets.load(name, limit=100)
    assert split.x_train.shape == (100, *datasets.FULL_SIZE[name][0][1:]) and split.y_train.shape == (100,)
    assert len(split.x_test) == len(split.y_test) == 200
    assert split.x_train.dtype == np.float32 and split.y_test.dtype == np.int64
    assert split.x_train.max() == split.x_test.min() == np.float32(0.2)
    assert len(datasets.load(name, limit=1).x_train) == 1


@pytest.mark.parametrize("limit", [0, -1, 1.5, True, "10"])
def test_a_wrong_limit_is_refused_before_anything_loads(keras, limit):
    keras(lambda: pytest.fail("loaded"))
    with pytest.raises(ValueError, match="limit must be"):
        datasets.load_full_size("mnist", limit=limit)


def raising(error, cause=None):
    def load():
        raise error from cause

    return load


@pytest.mark.parametrize(
    "loader",
    [
        raising(Exception("URL fetch failure on https://example.org/mnist.npz: None -- [Errno -3] no name")),
        raising(urllib.error.URLError("no route")),
        raising(TimeoutError("timed out")),
        raising(ConnectionResetError("peer")),
        raising(Exception("failed"), urllib.error.URLError("no route")),
    ],
)
def test_a_missing_network_names_the_way_out(keras, loader):
    keras(loader)
    with pytest.raises(datasets.DatasetError, match=r"downloaded once.*Connect.*datasets.load_digits\(\)"):
        datasets.load_full_size("mnist")


@pytest.mark.parametrize(
    "loader",
    [
        raising(ValueError("Incomplete or corrupted file detected. The sha256 file hash does not match")),
        raising(EOFError("Compressed file ended")),
        raising(gzip.BadGzipFile("Not a gzipped file")),
        lambda: tuple((x[:-1], y[:-1]) for x, y in fake_images("mnist")),
        lambda: tuple((x[:, 1:], y) for x, y in fake_images("mnist")),
        lambda: tuple((x, y[:-1]) for x, y in fake_images("mnist")),
        lambda: fake_images("mnist")[:1],
    ],
)
def test_a_damaged_download_names_the_files_to_delete(keras, loader):
    keras(loader)
    with pytest.raises(
        datasets.DatasetError, match=r"mnist is damaged.*Delete the files of mnist under ~/.keras/datasets"
    ):
        datasets.load_full_size("mnist")


def test_keras_still_words_its_errors_this_way():
    """Keras tells a failed download from a damaged one in words only; read its source, import nothing."""
    source = Path(importlib.util.find_spec("keras").origin).parent / "src" / "utils" / "file_utils.py"
    text = source.read_text(encoding="utf-8")
    assert "URL fetch failure on" in text and "Incomplete or corrupted file detected" in text
    loaders = Path(importlib.util.find_spec("keras").origin).parent / "src" / "datasets"
    assert {path.stem for path in loaders.glob("*.py")} >= set(datasets.FULL_SIZE)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("mnsit", "'mnist'"),
        ("Digits", "'digits'"),
        ("fashion-mnist", "'fashion_mnist'"),
        ("CIFAR-10", "'cifar10'"),
        ("imagenet", None),
        (3, None),
        (None, None),
        (["digits"], None),
    ],
)
def test_a_wrong_name_lists_the_right_ones(name, advice):
    with pytest.raises(
        ValueError, match="name must be one of 'digits', 'mnist1d', 'mnist', 'fashion_mnist', 'cifar10'"
    ) as failure:
        datasets.load(name)
    assert str(failure.value).endswith(f"Did you mean {advice}?" if advice else f"got {name!r}.")


def test_digits_are_no_full_size_set(keras):
    keras(lambda: pytest.fail("loaded"))
    with pytest.raises(
        ValueError, match="name must be one of 'mnist', 'fashion_mnist', 'cifar10', got 'digits'"
    ):
        datasets.load_full_size("digits")
