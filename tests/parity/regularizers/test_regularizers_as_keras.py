"""Penalties and configurations of regularizers as Keras has them."""

import keras
import numpy as np
import pytest

from amalthea import regularizers

CASES = [
    ("L1", {"l1": 0.5}),
    ("L2", {"l2": 0.3}),
    ("L1L2", {"l1": 0.5, "l2": 0.25}),
    ("L1L2", {}),
    ("OrthogonalRegularizer", {"factor": 0.5}),
]


@pytest.mark.parametrize(("name", "kwargs"), CASES)
def test_penalty_and_serialized_form(name, kwargs):
    x = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    mine, their = getattr(regularizers, name)(**kwargs), getattr(keras.regularizers, name)(**kwargs)
    np.testing.assert_allclose(float(mine(x)), float(their(keras.ops.convert_to_tensor(x))), rtol=1e-5)
    mine, their = regularizers.serialize(mine), keras.regularizers.serialize(their)
    assert mine["class_name"] == their["class_name"]
    assert mine["module"] == their["module"]
    for key, value in their["config"].items():
        assert mine["config"][key] == (value if isinstance(value, str) else pytest.approx(value))
    assert regularizers.deserialize(their).get_config().keys() == their["config"].keys()
    assert keras.regularizers.deserialize(mine).get_config().keys() == mine["config"].keys()


def test_public_names():
    assert [name for name in dir(keras.regularizers) if not name.startswith("_") and not hasattr(regularizers, name)] == []
