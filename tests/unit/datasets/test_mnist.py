"""The bundled data."""

from __future__ import annotations

import numpy as np
import pytest

from amalthea.datasets import mnist
from amalthea.errors import DataError


def test_all_of_it():
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    assert (x_train.shape, y_train.shape, x_test.shape, y_test.shape) == ((60000, 28, 28), (60000,), (10000, 28, 28), (10000,))
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    # The counts of the digits, and the mean brightness, as they are known of MNIST.
    assert np.bincount(y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert x_train.mean() / 255 == pytest.approx(0.1307, abs=1e-4)


def test_a_file_of_ones_own(tmp_path, monkeypatch):
    arrays = {"x_train": np.zeros((2, 28, 28)), "y_train": np.zeros(2), "x_test": np.zeros((1, 28, 28)), "y_test": np.zeros(1)}
    np.savez(tmp_path / "mine.npz", **arrays)
    assert mnist.load_data(str(tmp_path / "mine.npz"))[0][0].shape == (2, 28, 28)
    (tmp_path / "datasets").mkdir()
    (tmp_path / "mine.npz").rename(tmp_path / "datasets" / "cached.npz")
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    assert mnist.load_data("cached.npz")[1][1].shape == (1,)


def test_files_that_are_not_mnist(tmp_path):
    with pytest.raises(DataError, match=r"There is no file 'other\.npz'"):
        mnist.load_data("other.npz")
    np.savez(tmp_path / "a.npz", x_train=np.zeros((2, 3)))
    with pytest.raises(DataError, match="should hold `x_train`"):
        mnist.load_data(str(tmp_path / "a.npz"))
    np.savez(tmp_path / "b.npz", x_train=np.array([object()]))
    with pytest.raises(ValueError, match="allow_pickle"):
        mnist.load_data(str(tmp_path / "b.npz"))
