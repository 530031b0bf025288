"""Callbacks decide as Keras's do: both see the same logs, with models that only pretend."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amalthea import callbacks, utils

VALUES = st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.35, 0.5]), min_size=1, max_size=12)


class Model:
    metrics = ()

    def __init__(self):
        self.weight, self.stop_training = 0.0, False
        self.optimizer = type("Optimizer", (), {})()
        # Keras reads the rate through its own tensors.
        self.optimizer.learning_rate = 0.1

    def get_weights(self):
        return [self.weight]

    def set_weights(self, weights):
        (self.weight,) = weights


def trace(callback, values, name):
    """After every epoch: whether training goes on, and the learning rate; at the end, the weights."""
    model = Model()
    callback.set_model(model)
    callback.set_params({"epochs": len(values), "steps": 1, "verbose": 0})
    callback.on_train_begin({})
    seen = []
    for epoch, value in enumerate(values):
        model.weight = float(epoch)
        callback.on_epoch_begin(epoch, {})
        callback.on_epoch_end(epoch, {name: value})
        seen.append((model.stop_training, round(float(np.asarray(model.optimizer.learning_rate)), 7)))
        if model.stop_training:
            break
    callback.on_train_end({})
    return seen, model.weight


@settings(max_examples=150)
@given(
    VALUES,
    st.sampled_from(["val_loss", "val_accuracy"]),
    st.fixed_dictionaries(
        {
            "patience": st.integers(0, 3),
            "min_delta": st.sampled_from([0, 0.05, 0.15]),
            "mode": st.sampled_from(["min", "max"]),
            "baseline": st.sampled_from([None, 0.25]),
            "restore_best_weights": st.booleans(),
            "start_from_epoch": st.integers(0, 3),
        }
    ),
)
def test_early_stopping(values, name, options):
    assert trace(callbacks.EarlyStopping(name, **options), values, name) == trace(keras.callbacks.EarlyStopping(name, **options), values, name)


@settings(max_examples=150)
@given(
    VALUES,
    st.fixed_dictionaries(
        {
            "factor": st.sampled_from([0.1, 0.5]),
            "patience": st.integers(0, 3),
            "min_delta": st.sampled_from([0, 0.05]),
            "mode": st.sampled_from(["min", "max"]),
            "cooldown": st.integers(0, 2),
            "min_lr": st.sampled_from([0.0, 0.03]),
        }
    ),
)
def test_reduce_on_plateau(values, options):
    ours = trace(callbacks.ReduceLROnPlateau("loss", **options), values, "loss")
    assert ours == trace(keras.callbacks.ReduceLROnPlateau("loss", **options), values, "loss")


@given(VALUES)
def test_scheduler(values):
    def schedule(epoch, rate):
        return rate * 0.5 if epoch % 2 else rate

    ours = trace(callbacks.LearningRateScheduler(schedule), values, "loss")
    assert ours == trace(keras.callbacks.LearningRateScheduler(schedule), values, "loss")


@pytest.mark.parametrize("append", [False, True])
def test_csv(tmp_path, append):
    for package, path in ((callbacks, tmp_path / "ours.csv"), (keras.callbacks, tmp_path / "keras.csv")):
        for _ in range(2):
            trace(package.CSVLogger(str(path), append=append), [0.5, 0.25], "loss")
    ours, theirs = ((tmp_path / f"{name}.csv").read_text().splitlines() for name in ("ours", "keras"))
    assert ours == theirs


def test_signatures():
    """Whatever can be given to Keras's callbacks can be given to ours, in the same places."""
    import inspect

    for name in callbacks.__all__:
        theirs = inspect.signature(getattr(keras.callbacks, name).__init__).parameters
        ours = inspect.signature(getattr(callbacks, name).__init__).parameters
        if getattr(callbacks, name).__init__ is object.__init__:
            continue
        assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()], name


def test_hooks():
    hooks = {name for name in dir(keras.callbacks.Callback) if name.startswith("on_")}
    assert {name for name in dir(callbacks.Callback) if name.startswith("on_")} == hooks


@given(st.lists(st.integers(0, 6), min_size=1, max_size=8), st.sampled_from([None, 7, 9]))
def test_one_hot(labels, classes):
    for form in (labels, [[label] for label in labels]):
        np.testing.assert_array_equal(utils.to_categorical(form, classes), keras.utils.to_categorical(form, classes))


@given(
    st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=5),
    st.sampled_from([None, 1, 3, 6]),
    st.sampled_from(["pre", "post"]),
    st.sampled_from(["pre", "post"]),
)
def test_padding(sequences, maxlen, padding, truncating):
    arguments = (sequences, maxlen, "int32", padding, truncating, 7)
    np.testing.assert_array_equal(utils.pad_sequences(*arguments), keras.utils.pad_sequences(*arguments))


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
def test_normalize(order):
    x = np.random.default_rng(0).normal(size=(3, 4))
    np.testing.assert_allclose(utils.normalize(x, order=order), keras.utils.normalize(x, order=order), rtol=1e-6)


@pytest.mark.parametrize("data", ["x", ("x",), ("x", "y"), ["x", "y", "w"], {"a": "x"}, [["a"], ["b"]]])
def test_unpack(data):
    assert utils.unpack_x_y_sample_weight(data) == keras.utils.unpack_x_y_sample_weight(data)
    parts = utils.unpack_x_y_sample_weight(data)
    assert utils.pack_x_y_sample_weight(*parts) == keras.utils.pack_x_y_sample_weight(*parts)


def test_signatures_of_utilities():
    import inspect

    for name in ("Progbar", "PyDataset", "get_file", "normalize", "pad_sequences", "set_random_seed", "split_dataset", "to_categorical"):
        theirs, ours = (inspect.signature(getattr(package, name)).parameters for package in (keras.utils, utils))
        assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()], name
