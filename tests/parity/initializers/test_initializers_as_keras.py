"""Configurations, fixed values, shapes of initializers as Keras has them; of drawn values the spread."""

import keras
import numpy as np
import pytest

from amalthea import initializers

CLASSES = [
    ("Zeros", {}),
    ("Ones", {}),
    ("Constant", {"value": 2.5}),
    ("Identity", {}),
    ("RandomNormal", {"mean": 1.0, "stddev": 0.5, "seed": 3}),
    ("RandomUniform", {"minval": -2.0, "maxval": 1.0}),
    ("TruncatedNormal", {"mean": 1.0, "stddev": 0.5}),
    ("VarianceScaling", {"scale": 2.0, "mode": "fan_avg", "distribution": "uniform", "seed": 3}),
    ("VarianceScaling", {"distribution": "normal"}),
    ("GlorotUniform", {}),
    ("GlorotNormal", {"seed": 3}),
    ("HeUniform", {"input_axes": (0,), "output_axes": (1,)}),
    ("HeNormal", {}),
    ("LecunUniform", {}),
    ("LecunNormal", {}),
    ("Orthogonal", {"gain": 2.0}),
    ("STFT", {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True}),
]


@pytest.mark.parametrize(("name", "kwargs"), CLASSES)
def test_serialized_forms_are_equal_and_read_by_both(name, kwargs):
    mine = initializers.serialize(getattr(initializers, name)(**kwargs))
    their = keras.initializers.serialize(getattr(keras.initializers, name)(**kwargs))
    assert mine == their
    assert initializers.serialize(initializers.deserialize(their)) == keras.initializers.serialize(keras.initializers.deserialize(mine)) == their


@pytest.mark.parametrize("name", ["Zeros", "Ones", "Constant", "Identity"])
@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16", "int32"])
def test_fixed_values(name, dtype):
    if (name, dtype) == ("Identity", "int32"):
        pytest.skip("Keras gives float32 here.")
    mine = np.asarray(getattr(initializers, name)()((3, 2), dtype=dtype), "float32")
    their = np.asarray(getattr(keras.initializers, name)()((3, 2), dtype=dtype), "float32")
    np.testing.assert_array_equal(mine, their)


@pytest.mark.parametrize("side", ["real", "imag"])
@pytest.mark.parametrize("window", ["hann", "hamming", "blackman", "tukey", "triang", None])
@pytest.mark.parametrize("scaling", ["density", "spectrum", None])
@pytest.mark.parametrize("shape", [(6, 1, 9), (5, 2, 3)])
def test_fourier_kernels(side, window, scaling, shape):
    for periodic in (False, True):
        mine = initializers.STFT(side, window, scaling, periodic).draw(shape, "float32")
        their = np.asarray(keras.initializers.STFT(side, window, scaling, periodic)(shape))
        np.testing.assert_allclose(mine, np.broadcast_to(their, shape), atol=2e-6)


@pytest.mark.parametrize(
    "name", ["GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal", "TruncatedNormal", "RandomNormal"]
)
def test_drawn_values_have_the_spread(name):
    shape = (3, 3, 40, 50)
    mine = getattr(initializers, name)(seed=1).draw(shape, "float32")
    their = np.asarray(getattr(keras.initializers, name)(seed=1)(shape))
    np.testing.assert_allclose(mine.std(), their.std(), rtol=0.02)
    np.testing.assert_allclose(np.abs(mine).max(), np.abs(their).max(), rtol=0.2)
    assert abs(mine.mean()) < 0.02 * mine.std() * 3


@pytest.mark.parametrize("shape", [(40,), (3, 40), (2, 3, 40), (3, 3, 4, 8)])
@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
def test_bounds_follow_from_the_shape(shape, mode):
    def bound(module):
        values = [np.abs(np.asarray(module.VarianceScaling(mode=mode, distribution="uniform", seed=seed)(shape))).max() for seed in range(4)]
        return np.max(values)

    # The greatest of many draws is near the bound, which differs by far more than that between shapes and modes.
    np.testing.assert_allclose(bound(initializers), bound(keras.initializers), rtol=0.15)


def test_public_names():
    missing = [name for name in dir(keras.initializers) if not name.startswith("_") and not hasattr(initializers, name)]
    assert missing == []


@pytest.mark.parametrize("name", sorted(keras.src.initializers.ALL_OBJECTS_DICT))
def test_names_are_understood(name):
    if name.lower() not in ("initializer", "constant"):  # Keras cannot make these by name
        assert type(initializers.get(name)).__name__ == type(keras.initializers.get(name)).__name__
