"""Sealed arrays: their values stay, whoever holds them."""

import ml_dtypes
import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.engines import host


def filled(shape, dtype="float32"):
    value = host.empty(shape, np.dtype(dtype))
    value[...] = 1
    return value


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 5)])
@pytest.mark.parametrize("dtype", ["float32", "bool", ml_dtypes.bfloat16])
def test_a_sealed_array_stays_so(shape, dtype):
    value = filled(shape, dtype)
    assert value.shape == shape and value.ctypes.data % 64 == 0
    assert not host.sealed(value)
    assert host.seal(value) is value and host.sealed(value)
    for array in (value, value[...], value.view(np.uint8) if shape else value):
        with pytest.raises(ValueError, match="WRITEABLE"):
            array.flags.writeable = True
    assert value.tolist() == np.ones(shape).tolist()


def test_other_arrays_are_not_sealed():
    locked = np.ones(3)
    locked.flags.writeable = False
    assert not host.sealed(locked)
    assert not host.sealed(host.seal(np.ones(3)))
    whole = host.seal(filled((1000,)))
    assert host.sealed(whole.reshape(10, 100))
    assert not host.sealed(whole[:10])  # it would keep the memory of all


class Keeping(layers.Layer):
    """Keeps what it was given when it was loaded."""

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1],), initializer="ones")

    def call(self, x):
        return x * self.w

    def load_own_variables(self, store):
        self.given = store["0"]
        self.w.assign(self.given)


def test_training_leaves_alone_what_was_loaded(tmp_path):
    model = amalthea.Sequential([amalthea.Input((200,)), Keeping()])
    model.compile("sgd", "mse")
    model.save_weights(tmp_path / "m.weights.h5")
    model.load_weights(tmp_path / "m.weights.h5")
    given = model.layers[0].given
    assert not given.flags.writeable
    for _ in range(3):
        model.fit(np.ones((4, 200), "float32"), np.zeros((4, 200), "float32"), verbose=0)
    assert given.tolist() == [1.0] * 200
    assert np.all(model.get_weights()[0] < 1.0)
