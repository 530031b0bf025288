"""Regularizers: penalties worked out by hand, and mistakes."""

import numpy as np
import pytest

import amalthea
from amalthea import ops, regularizers
from amalthea.errors import ArgumentError, ShapeError


def test_penalties():
    x = ops.array([[1.0, -2.0], [3.0, 0.0]])
    assert float(regularizers.L1(0.5)(x)) == 3.0
    assert float(regularizers.L2(0.5)(x)) == 7.0
    assert float(regularizers.L1L2(0.5, 0.25)(x)) == 6.5
    assert float(regularizers.L1L2()(x)) == 0.0
    assert float(regularizers.Regularizer()(x)) == 0.0


def test_dtypes_stay():
    assert ops.dtype(regularizers.L1L2(0.5, 0.5)(ops.ones((2,), dtype="float16"))) == "float16"
    assert ops.dtype(regularizers.L2(0.5)(amalthea.Variable([1.0], dtype="bfloat16"))) == "bfloat16"


def test_orthogonal():
    # Cosines between the rows: (1, 0), (1, 1), (0, 2): sqrt(1/2), 0, sqrt(1/2); their mean times the factor.
    x = ops.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]])
    np.testing.assert_allclose(float(regularizers.OrthogonalRegularizer(3.0)(x)), np.sqrt(2.0), rtol=1e-6)
    np.testing.assert_allclose(float(regularizers.OrthogonalRegularizer(3.0, mode="columns")(ops.transpose(x))), np.sqrt(2.0), rtol=1e-6)
    assert float(regularizers.OrthogonalRegularizer(3.0)(x[:1])) == 0.0


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), "a"])
def test_factors_that_are_not_allowed(value):
    with pytest.raises(ArgumentError, match="`l1`"):
        regularizers.L1L2(l1=value)
    with pytest.raises(ArgumentError, match="`l2`"):
        regularizers.L2(value)


def test_mistakes():
    with pytest.raises(ArgumentError, match="mode='diagonal'"):
        regularizers.OrthogonalRegularizer(mode="diagonal")
    with pytest.raises(ShapeError, match="matrices"):
        regularizers.OrthogonalRegularizer()(ops.ones((2,)))
    with pytest.raises(NotImplementedError, match="get_config"):
        regularizers.Regularizer().get_config()
    with pytest.raises(ArgumentError, match='Did you mean "l1"'):
        regularizers.get("l11")


@pytest.mark.parametrize(
    "made", [regularizers.L1(0.1), regularizers.L2(0.2), regularizers.L1L2(0.1, 0.2), regularizers.OrthogonalRegularizer(0.1, "columns")]
)
def test_configurations_and_names(made):
    copy = regularizers.deserialize(regularizers.serialize(made))
    assert type(copy) is type(made)
    assert copy.get_config() == made.get_config()
    assert type(regularizers.get(type(made).__name__)) is type(made)
