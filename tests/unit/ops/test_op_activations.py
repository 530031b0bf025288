"""Activations: identities that hold whatever the engine."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import amalthea
from amalthea import KerasTensor, ops
from amalthea.errors import ArgumentError, ShapeError

VECTORS = st.lists(st.floats(-50, 50, width=32), min_size=2, max_size=6).map(lambda values: np.array(values, "float32"))


@given(VECTORS)
def test_identities(x):
    with amalthea.config.engine("numpy"):
        np.testing.assert_allclose(ops.relu(x) - ops.relu(-x), x, atol=1e-6)
        np.testing.assert_allclose(ops.softplus(x) - ops.softplus(-x), x, atol=1e-4)
        np.testing.assert_allclose(ops.log_sigmoid(x), -ops.softplus(-x), atol=1e-6)
        np.testing.assert_allclose(ops.soft_shrink(x) + np.clip(x, -0.5, 0.5), x, atol=1e-5)
        np.testing.assert_allclose(ops.silu(x), x * np.asarray(ops.sigmoid(x)), atol=1e-5)
        np.testing.assert_allclose(ops.celu(x), ops.elu(x), atol=1e-5)
        np.testing.assert_allclose(np.exp(ops.log_softmax(x)), ops.softmax(x), atol=1e-6)


@given(VECTORS)
def test_softmax_and_sparsemax_are_distributions(x):
    with amalthea.config.engine("numpy"):
        for y in (ops.softmax(x), ops.sparsemax(x)):
            np.testing.assert_allclose(np.sum(y), 1.0, rtol=1e-4)
            assert np.min(y) >= 0


def test_sparsemax_along_any_axis():
    x = np.random.default_rng(0).standard_normal((3, 4, 2))
    for axis in range(3):
        last = np.moveaxis(np.asarray(ops.sparsemax(np.moveaxis(x, axis, -1))), -1, axis)
        np.testing.assert_allclose(ops.sparsemax(x, axis), last, atol=1e-9)


def test_integers():
    assert ops.relu(np.array([-1, 2], "int8")).dtype == "int8"
    assert ops.relu([True, False]).dtype == "int32"
    assert ops.sigmoid([1, 2]).dtype == "float32"
    np.testing.assert_array_equal(ops.hard_tanh(np.array([-3, 0, 3], "int32")), [-1, 0, 1])
    np.testing.assert_array_equal(ops.hard_tanh(np.array([0, 3], "uint8")), [0, 1])


def test_names_for_the_same_function():
    assert ops.swish is ops.silu
    assert ops.hard_swish is ops.hard_silu


def test_glu_needs_an_even_size():
    with pytest.raises(ShapeError, match="even"):
        ops.glu(np.ones((2, 3)))
    with pytest.raises(ArgumentError, match="at least one axis"):
        ops.glu(1.0)
    assert ops.glu(KerasTensor((None, 4))).shape == (None, 2)
    assert ops.glu(KerasTensor((None, 4)), axis=0).shape == (None, 4)


def test_softmax_refuses_an_axis_out_of_range():
    with pytest.raises(ArgumentError, match="axis"):
        ops.softmax(np.ones((2, 3)), axis=2)
