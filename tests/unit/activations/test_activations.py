"""Activations: values worked out by hand, names and configurations."""

import numpy as np
import pytest

import amalthea
from amalthea import activations
from amalthea.errors import ArgumentError


def test_relu_with_arguments():
    x = [-2.0, -0.5, 0.5, 1.5, 4.0]
    assert np.asarray(activations.relu(x)).tolist() == [0.0, 0.0, 0.5, 1.5, 4.0]
    assert np.asarray(activations.relu(x, max_value=2.0)).tolist() == [0.0, 0.0, 0.5, 1.5, 2.0]
    assert np.asarray(activations.relu(x, threshold=1.0)).tolist() == [0.0, 0.0, 0.0, 1.5, 4.0]
    assert np.asarray(activations.relu(x, negative_slope=0.5)).tolist() == [-1.0, -0.25, 0.5, 1.5, 4.0]
    assert np.asarray(activations.relu(x, 0.5, 2.0, 1.0)).tolist() == [-1.5, -0.75, -0.25, 1.5, 2.0]


def test_sparsemax_is_the_nearest_point_of_the_simplex():
    x = np.random.default_rng(0).normal(size=(50, 5)).astype("float32")
    p = np.asarray(activations.sparsemax(x))
    np.testing.assert_allclose(p.sum(-1), 1.0, rtol=1e-5)
    assert (p >= 0).all()
    # Where p is positive x - p is one number, which no x elsewhere exceeds.
    for row, point in zip(x, p, strict=True):
        gap = (row - point)[point > 1e-6]
        np.testing.assert_allclose(gap, gap[0], atol=1e-5)
        assert (row[point <= 1e-6] <= gap[0] + 1e-5).all()


def test_get():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu is activations.swish
    assert activations.get(np.tanh) is np.tanh
    with pytest.raises(ArgumentError, match='Did you mean "relu"'):
        activations.get("rellu")
    with pytest.raises(ArgumentError, match="of type int"):
        activations.get(3)


@pytest.mark.parametrize("name", [name for name in activations.__all__ if name not in ("get", "serialize", "deserialize")])
def test_names_round_trip(name):
    function = getattr(activations, name)
    assert activations.deserialize(activations.serialize(function)) is function
    assert activations.get({"module": "builtins", "class_name": "function", "config": name, "registered_name": "function"}) is function


def test_functions_of_ones_own():
    def double(x):
        return 2 * x

    config = activations.serialize(double)
    assert config["class_name"] == "function"
    assert activations.deserialize(config, custom_objects={"double": double}) is double
    with amalthea.saving.custom_object_scope({"double": double}):
        assert activations.get("double") is double
        assert activations.get(config) is double
    with pytest.raises(ArgumentError, match="something to call"):
        activations.serialize(3)


def test_symbolic():
    x = amalthea.KerasTensor((None, 4))
    for name in ("relu", "gelu", "mish", "softmax", "exponential"):
        assert activations.get(name)(x).shape == (None, 4)
    assert activations.glu(x).shape == (None, 2)
    assert activations.linear(x) is x
