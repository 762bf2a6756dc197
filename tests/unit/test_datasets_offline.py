"""MNIST-1D and the photographs: whole, repeatable, and clear about what is wrong."""

import doctest
import random
import sys
import types

import numpy as np
import pytest
from course_utils import datasets
from course_utils.datasets import mnist1d, photos


def test_docstrings():
    assert doctest.testmod(mnist1d).failed == 0
    assert doctest.testmod(photos).failed == 0


def test_curves_are_balanced_standardised_and_split():
    split = datasets.load_mnist1d(num_examples=600, test_share=0.25)
    assert split.x_train.shape == (450, 40) and split.x_test.shape == (150, 40)
    assert split.x_train.dtype == np.float64 and split.y_train.dtype == np.int64
    x, y = np.concatenate([split.x_train, split.x_test]), np.concatenate([split.y_train, split.y_test])
    assert np.bincount(y).tolist() == [60] * 10
    assert x.mean() == pytest.approx(0, abs=1e-9) and x.std() == pytest.approx(1)
    assert (np.diff(split.y_train) < 0).any()  # shuffled, not sorted by class


def test_curves_are_those_of_the_package():
    from mnist1d.data import get_dataset_args, make_dataset

    ours = datasets.load_mnist1d(num_examples=100)
    settings = get_dataset_args()
    settings.num_samples = 100
    settings.seed = int(np.random.default_rng([0, 0]).integers(2**32))
    theirs = make_dataset(settings)
    np.testing.assert_array_equal(
        np.concatenate([ours.x_test, ours.x_train]), np.concatenate([theirs["x"], theirs["x_test"]])
    )


def test_curves_repeat_and_follow_offset_and_seed(monkeypatch):
    def first(**options):
        return datasets.load_mnist1d(num_examples=50, **options).x_train

    np.testing.assert_array_equal(first(), first())
    assert np.abs(first() - first(offset=1)).max() > 0.1
    here = first()
    monkeypatch.setenv("COURSE_SEED", "1")
    assert np.abs(here - first()).max() > 0.1


def test_hidden_generators_are_left_as_they_were():
    random.seed(3)
    np.random.seed(3)
    expected = random.random(), np.random.random()
    random.seed(3)
    np.random.seed(3)
    datasets.load_mnist1d(num_examples=50)
    assert (random.random(), np.random.random()) == expected


@pytest.mark.parametrize("number", [0, 5, 55, -10, 10.0, "100", True, None])
def test_a_wrong_number_of_curves_is_refused(number):
    with pytest.raises(ValueError, match="num_examples must"):
        datasets.load_mnist1d(num_examples=number)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, True, "0.2", None, float("nan"), 0.0001, 0.9999])
def test_a_share_that_empties_a_part_is_refused(share):
    with pytest.raises(ValueError, match="test_share must"):
        datasets.load_mnist1d(num_examples=50, test_share=share)


def test_a_missing_package_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "mnist1d", None)
    monkeypatch.delitem(sys.modules, "mnist1d.data", raising=False)
    with pytest.raises(datasets.DatasetError, match="can't be imported.*pip install"):
        datasets.load_mnist1d(num_examples=50)


def test_other_curves_and_other_shapes_are_found(monkeypatch):
    from mnist1d import data as source

    real = source.get_templates()
    monkeypatch.setattr(source, "get_templates", lambda: {**real, "x": real["x"] + 0.01})
    with pytest.raises(datasets.DatasetError, match="not the ones"):
        datasets.load_mnist1d(num_examples=50)
    monkeypatch.undo()
    monkeypatch.setattr(source, "make_dataset", lambda settings: {"x": np.zeros((50, 30)), "y": np.zeros(50)})
    with pytest.raises(datasets.DatasetError, match=r"must make \(50, 40\)"):
        datasets.load_mnist1d(num_examples=50)


def test_photos_are_scikit_learns_photos():
    from sklearn.datasets import load_sample_images

    found = datasets.load_photos()
    assert found.dtype == np.float64 and found.min() >= 0 and found.max() <= 1
    for ours, theirs in zip(found, load_sample_images().images, strict=True):
        np.testing.assert_array_equal((ours * 255).round().astype(np.uint8), theirs)


def test_a_reader_who_changes_the_photos_changes_only_a_copy():
    datasets.load_photos()[:] = 5
    assert datasets.load_photos().max() <= 1


def test_damaged_photos_are_found(monkeypatch):
    whole = photos._read_bytes("china.jpg")
    monkeypatch.setattr(photos, "_read_bytes", lambda name: whole[:-1] + b"x")
    with pytest.raises(datasets.DatasetError, match="not the one.*force-reinstall"):
        datasets.load_photos()


def test_missing_photos_are_explained(monkeypatch):
    def missing(name):
        raise FileNotFoundError(name)

    monkeypatch.setattr(photos, "_read_bytes", missing)
    with pytest.raises(datasets.DatasetError, match="can't be read.*force-reinstall"):
        datasets.load_photos()


def test_a_photo_of_another_size_is_found(monkeypatch):
    from PIL import Image

    small = types.SimpleNamespace(convert=lambda mode: np.zeros((10, 10, 3), np.uint8))
    monkeypatch.setattr(Image, "open", lambda data: small)
    with pytest.raises(datasets.DatasetError, match="must have shape"):
        datasets.load_photos()


def test_load_finds_the_curves_by_name():
    assert datasets.load("mnist1d", num_examples=50).x_train.shape == (40, 40)
    np.testing.assert_array_equal(datasets.load("digits", offset=3).x_test, datasets.load_digits(offset=3).x_test)
