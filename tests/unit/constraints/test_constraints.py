"""Constraints: what comes out is allowed, and what was allowed stays."""

import hypothesis
import hypothesis.extra.numpy
import hypothesis.strategies as st
import numpy as np
import pytest

from amalthea import constraints, ops
from amalthea.errors import ArgumentError

weights = hypothesis.extra.numpy.arrays("float32", (3, 4), elements=st.floats(-100, 100, width=32))


@hypothesis.given(weights)
def test_norms_are_in_their_bounds(w):
    norms = lambda x: np.linalg.norm(np.asarray(x), axis=0)  # noqa: E731
    assert (norms(constraints.MaxNorm(2.0)(w)) <= 2.0 * (1 + 1e-5)).all()
    bounded = norms(constraints.MinMaxNorm(0.5, 2.0)(w))
    large = norms(w) > 1e-3
    assert (bounded[large] >= 0.5 * (1 - 1e-3)).all()
    assert (bounded <= 2.0 * (1 + 1e-5)).all()
    np.testing.assert_allclose(norms(constraints.UnitNorm()(w))[large], 1.0, rtol=1e-3)
    assert (np.asarray(constraints.NonNeg()(w)) == np.maximum(w, 0)).all()


def test_what_is_allowed_stays():
    w = ops.array([[0.3, 0.0], [0.4, 1.0]])
    np.testing.assert_allclose(np.asarray(constraints.MaxNorm(2.0)(w)), np.asarray(w), rtol=1e-5)
    np.testing.assert_allclose(np.asarray(constraints.MinMaxNorm(0.1, 2.0)(w)), np.asarray(w), rtol=1e-5)
    assert constraints.Constraint()(w) is w


def test_half_of_the_way():
    # Norm 4, bound 1, rate 1/2: norm 2.5.
    np.testing.assert_allclose(np.asarray(constraints.MinMaxNorm(0.0, 1.0, rate=0.5)(ops.array([4.0]))), [2.5], rtol=1e-5)


@pytest.mark.parametrize(
    "made", [constraints.MaxNorm(3.0, axis=1), constraints.MinMaxNorm(0.1, 0.5, 0.9, 1), constraints.NonNeg(), constraints.UnitNorm(1)]
)
def test_configurations_and_names(made):
    copy = constraints.deserialize(constraints.serialize(made))
    assert type(copy) is type(made)
    assert copy.get_config() == made.get_config()
    assert type(constraints.get(type(made).__name__)) is type(made)
    with pytest.raises(ArgumentError, match='Did you mean "unit_norm"'):
        constraints.get("unit_nrom")
