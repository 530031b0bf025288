"""Values, names and configurations of activations as Keras has them."""

import keras
import numpy as np
import pytest

import amalthea
from amalthea import activations

# Keras's sparsemax of several rows does not sum to 1 in each: tests/unit compares with the definition.
NAMES = [name for name in keras.src.activations.ALL_OBJECTS_DICT if name not in ("threshold", "glu", "sparsemax")]
X = np.linspace(-5, 8, 28).reshape(2, 14).astype("float32")


@pytest.mark.parametrize("name", NAMES)
def test_values(name):
    mine, their = activations.get(name)(X), keras.activations.get(name)(keras.ops.convert_to_tensor(X))
    np.testing.assert_allclose(np.asarray(mine), np.asarray(their), rtol=2e-5, atol=2e-6)
    assert activations.serialize(activations.get(name)) == keras.activations.serialize(keras.activations.get(name))


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("relu", {"negative_slope": 0.1}),
        ("relu", {"max_value": 5}),
        ("relu", {"max_value": 6}),
        ("relu", {"threshold": 2}),
        ("relu", {"negative_slope": 0.1, "max_value": 5.0, "threshold": 1.0}),
        ("gelu", {"approximate": True}),
        ("elu", {"alpha": 2.0}),
        ("celu", {"alpha": 2.0}),
        ("leaky_relu", {"negative_slope": 0.3}),
        ("softmax", {"axis": 0}),
        ("log_softmax", {"axis": 0}),
        ("threshold", {"threshold": 1.0, "default_value": 7.0}),
        ("soft_shrink", {"threshold": 1.0}),
        ("hard_shrink", {"threshold": 1.0}),
        ("squareplus", {"b": 2}),
        ("glu", {"axis": 1}),
    ],
)
def test_values_with_arguments(name, kwargs):
    mine, their = getattr(activations, name)(X, **kwargs), getattr(keras.activations, name)(keras.ops.convert_to_tensor(X), **kwargs)
    np.testing.assert_allclose(np.asarray(mine), np.asarray(their), rtol=2e-5, atol=2e-6)
    symbol = getattr(activations, name)(amalthea.KerasTensor((None, 14)), **kwargs)
    assert symbol.shape == getattr(keras.activations, name)(keras.KerasTensor((None, 14)), **kwargs).shape


def test_signatures_and_names():
    import inspect

    for name in dir(keras.activations):
        if name.startswith("_") or name in ("get", "serialize", "deserialize"):
            continue
        mine, their = (inspect.signature(getattr(module, name)).parameters.values() for module in (activations, keras.activations))
        assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in their], name
