"""Reductions, statistics, contraction and linear algebra against NumPy on drawn numbers, and what they refuse."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import amalthea
from amalthea import ops
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError

NUMBERS = st.floats(-50, 50, width=32)
TENSORS = hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=NUMBERS)
WITH_NAN = hnp.arrays(np.float32, hnp.array_shapes(min_dims=1, max_dims=3, max_side=4), elements=NUMBERS | st.just(np.nan))


@given(TENSORS, st.data())
def test_reductions(x, data):
    axis = data.draw(st.none() | st.integers(-x.ndim, x.ndim - 1) | st.just(tuple(range(x.ndim))))
    keepdims = data.draw(st.booleans())
    for name in ("sum", "mean", "var", "std", "max", "min", "any", "all", "ptp", "median"):
        expected = getattr(np, name)(x.astype("float64"), axis=axis, keepdims=keepdims)
        np.testing.assert_allclose(getattr(ops, name)(x, axis=axis, keepdims=keepdims), expected, rtol=1e-4, atol=1e-3)


@given(WITH_NAN, st.floats(0, 1), st.sampled_from(["linear", "lower", "higher", "midpoint", "nearest"]), st.data())
@pytest.mark.filterwarnings("ignore:All-NaN")
def test_quantiles_pass_over_nan(x, q, method, data):
    axis = data.draw(st.none() | st.integers(0, x.ndim - 1))
    place = q * (np.sum(~np.isnan(x), axis=axis) - 1)
    assume(np.all(np.abs(place % 1 - 0.5) > 1e-3))  # of two that are equally near, rounding chooses
    assume(method == "linear" or np.all(np.minimum(place % 1, 1 - place % 1) > 1e-3) or q in (0.0, 1.0))
    expected = np.nanquantile(x.astype("float64"), q, axis=axis, method=method)
    np.testing.assert_allclose(ops.nanquantile(x, q, axis=axis, method=method), expected, rtol=1e-4, atol=1e-3)


@given(WITH_NAN)
@pytest.mark.filterwarnings("ignore:All-NaN", "ignore:Mean of empty", "ignore:Degrees of freedom")
def test_reductions_that_pass_over_nan(x):
    for name in ("nansum", "nanmax", "nanmin", "nanmean", "nanvar", "nanmedian"):
        np.testing.assert_allclose(getattr(ops, name)(x), getattr(np, name)(x.astype("float64")), rtol=1e-4, atol=1e-3)


def test_sums_of_narrow_integers_do_not_overflow():
    x = np.full(1000, 200, "uint8")
    total = ops.sum(x)
    assert (int(total), total.dtype) == (200_000, np.uint32)
    assert ops.sum(np.array([True] * 300)).dtype == np.int32


def test_sums_of_half_precision_are_formed_in_single():
    assert float(ops.mean(np.full(4096, 0.1, "float16"))) == pytest.approx(0.1, rel=1e-3)
    assert float(ops.var(np.array([300.0, -300.0], "float16"))) == np.inf  # the result itself does not fit


def test_complex_variance_is_real():
    """Keras gives a complex tensor whose imaginary part is 0."""
    assert float(ops.var([1 + 1j, 1 - 1j])) == pytest.approx(1.0)


def test_nothing_to_reduce():
    empty = np.zeros((2, 0), "float32")
    assert ops.sum(empty, axis=1).tolist() == [0.0, 0.0]
    assert ops.prod(empty, axis=1).tolist() == [1.0, 1.0]
    assert ops.max(empty, axis=1, initial=3.0).tolist() == [3.0, 3.0]
    for name in ("max", "min", "argmax", "ptp"):
        with pytest.raises(ArgumentError, match=name):
            getattr(ops, name)(empty, axis=1)


@given(st.integers(1, 6), st.integers(0, 8), st.data())
def test_bincount(n, minlength, data):
    x = data.draw(hnp.arrays(np.int32, n, elements=st.integers(0, 9)))
    weights = data.draw(hnp.arrays(np.float32, n, elements=st.floats(0, 4, width=16)))
    np.testing.assert_array_equal(ops.bincount(x, minlength=minlength), np.bincount(x, minlength=minlength))
    np.testing.assert_allclose(ops.bincount(x, weights, minlength), np.bincount(x, weights, minlength), rtol=1e-5)


def test_einsum_of_every_form():
    a, b = np.arange(6.0, dtype="float32").reshape(2, 3), np.arange(12.0, dtype="float32").reshape(3, 4)
    for subscripts in ("ij,jk", "ij,jk->ki", "ij,jk->", "i...,...k->i...k", "...j,jk", " ij , jk -> ik "):
        np.testing.assert_allclose(ops.einsum(subscripts, a, b), np.einsum(subscripts, a, b))


def test_cholesky_inverse_and_jvp_of_a_linear_map():
    x = np.array([[4.0, 2.0], [2.0, 5.0]], "float32")
    np.testing.assert_allclose(ops.cholesky_inverse(ops.cholesky(x)), np.linalg.inv(x), atol=1e-6)
    with amalthea.config.engine("jax"):
        value, slope = ops.jvp(lambda v: ops.matmul(x, v), [np.array([1.0, 0.0])], [np.array([0.0, 1.0])])
        np.testing.assert_allclose(value, [4.0, 2.0])
        np.testing.assert_allclose(slope, [2.0, 5.0])


REFUSED = [
    (lambda: ops.matmul([[1, 2]], [[1, 2]]), ShapeError, r"\(1, 2\), \(1, 2\)"),
    (lambda: ops.matmul(1, [1]), ShapeError, "scalars"),
    (lambda: ops.tensordot([[1, 2]], [[1, 2]], axes=1), ShapeError, "alike"),
    (lambda: ops.tensordot([1], [1], axes=2), ArgumentError, "between 0 and 1"),
    (lambda: ops.einsum("ij,jk", [[1]]), ArgumentError, "2 operands"),
    (lambda: ops.einsum("ij", [1]), ArgumentError, "do not fit"),
    (lambda: ops.einsum("i->j", [1]), ArgumentError, "no operand"),
    (lambda: ops.einsum("i,i", [1, 2], [1, 2, 3]), ShapeError, "'i'"),
    (lambda: ops.cross([1, 2, 3, 4], [1, 2]), ShapeError, "two or three"),
    (lambda: ops.trace([1]), ShapeError, "two axes"),
    (lambda: ops.correlate([1.0], [1.0], mode="some"), ArgumentError, "'full'"),
    (lambda: ops.inv([[1.0, 2.0]]), ShapeError, "square"),
    (lambda: ops.solve([[1.0, 0.0], [0.0, 1.0]], [1.0]), ShapeError, "`b`"),
    (lambda: ops.qr([[1.0]], mode="economic"), ArgumentError, "'complete'"),
    (lambda: ops.norm([1.0], ord="fro"), ArgumentError, "one axis"),
    (lambda: ops.norm([[1.0]], ord=3), ArgumentError, "matrices"),
    (lambda: ops.norm(np.ones((1, 1, 1)), ord=2), ArgumentError, "two"),
    (lambda: ops.quantile([1.0], 1.5), ArgumentError, "between 0 and 1"),
    (lambda: ops.percentile([1.0], 101), ArgumentError, "between 0 and 100"),
    (lambda: ops.quantile([1.0], 0.5, method="lineer"), ArgumentError, 'mean "linear"'),
    (lambda: ops.quantile([1.0], [[0.5]]), ShapeError, "vector"),
    (lambda: ops.median([1j]), ArgumentTypeError, "order"),
    (lambda: ops.argmax([1j]), ArgumentTypeError, "order"),
    (lambda: ops.average([[1.0, 2.0]], weights=[1.0, 2.0]), ShapeError, "weights"),
    (lambda: ops.bincount([1.5]), ArgumentTypeError, "integers"),
    (lambda: ops.bincount([1], sparse=True), ArgumentError, "sparse"),
    (lambda: ops.histogram([1.0], bins=0), ArgumentError, "bins"),
    (lambda: ops.histogram([1.0], range=(2, 1)), ArgumentError, "range"),
    (lambda: ops.diff([1], n=-1), ArgumentError, "negative"),
    (lambda: ops.jvp(ops.sin, [1.0], []), ArgumentTypeError, "tangents"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals_say_what_came(call, error, message):
    with pytest.raises(error, match=message):
        call()
