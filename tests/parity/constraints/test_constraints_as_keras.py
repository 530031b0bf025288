"""Values and configurations of constraints as Keras has them."""

import keras
import numpy as np
import pytest

from amalthea import constraints

CASES = [
    ("MaxNorm", {"max_value": 1.0}),
    ("MaxNorm", {"max_value": 0.5, "axis": (0, 1)}),
    ("NonNeg", {}),
    ("UnitNorm", {"axis": 1}),
    ("MinMaxNorm", {"min_value": 1.0, "max_value": 1.5, "rate": 0.5}),
]


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_values_and_serialized_form(name, kwargs):
    w = np.random.default_rng(0).normal(size=(3, 4, 2)).astype("float32")
    mine, their = getattr(constraints, name)(**kwargs), getattr(keras.constraints, name)(**kwargs)
    np.testing.assert_allclose(np.asarray(mine(w)), np.asarray(their(w)), rtol=1e-5)
    assert constraints.serialize(mine) == keras.constraints.serialize(their)
    assert constraints.deserialize(keras.constraints.serialize(their)).get_config() == their.get_config()


def test_public_names():
    assert [name for name in dir(keras.constraints) if not name.startswith("_") and not hasattr(constraints, name)] == []
