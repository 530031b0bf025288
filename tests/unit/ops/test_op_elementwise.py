"""Elementwise operations against NumPy on drawn numbers, and what they refuse."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import amalthea
from amalthea import ops
from amalthea.errors import ArgumentError, ArgumentTypeError

INTEGERS = hnp.arrays(np.int32, st.integers(1, 6), elements=st.integers(-1000, 1000))
FLOATS = hnp.arrays(np.float32, st.integers(1, 6), elements=st.floats(-100, 100, width=32))
SPECIAL = hnp.arrays(np.float32, 5, elements=st.sampled_from([0.0, -0.0, 1.5, -2.0, math.inf, -math.inf, math.nan]))


@given(INTEGERS, st.integers(1, 50), st.booleans())
def test_division_of_integers(x, d, negative):
    d = -d if negative else d
    np.testing.assert_array_equal(ops.floor_divide(x, d), np.floor_divide(x, d))
    np.testing.assert_array_equal(ops.mod(x, d), np.mod(x, d))
    np.testing.assert_array_equal(ops.fmod(x, d), np.fmod(x, d))
    np.testing.assert_array_equal(ops.add(ops.multiply(ops.floor_divide(x, d), d), ops.mod(x, d)), x)


@given(INTEGERS, st.integers(-1000, 1000))
def test_gcd_and_lcm(x, y):
    assert ops.gcd(x, y).tolist() == [math.gcd(int(v), y) for v in x]
    assert ops.lcm(x, y).tolist() == [math.lcm(int(v), y) for v in x]


@given(INTEGERS, st.integers(0, 10))
def test_shifts(x, n):
    assert ops.left_shift(x, n).tolist() == [int(v) << n for v in x]
    assert ops.right_shift(x, n).tolist() == [int(v) >> n for v in x]


@given(SPECIAL, SPECIAL)
def test_special_numbers(x, y):
    np.testing.assert_array_equal(ops.fmax(x, y), np.fmax(x, y))
    np.testing.assert_array_equal(ops.fmin(x, y), np.fmin(x, y))
    np.testing.assert_array_equal(ops.isclose(x, y), np.isclose(x, y))
    np.testing.assert_array_equal(ops.isclose(x, y, equal_nan=True), np.isclose(x, y, equal_nan=True))
    np.testing.assert_array_equal(ops.nan_to_num(x), np.nan_to_num(x))
    known = x[~np.isnan(x)]
    np.testing.assert_array_equal(ops.signbit(known), np.signbit(known))
    np.testing.assert_array_equal(ops.heaviside(x, 0.5), np.heaviside(x, np.float32(0.5)))


@given(FLOATS, st.integers(-20, 20))
def test_ldexp(x, n):
    np.testing.assert_array_equal(ops.ldexp(x, n), np.ldexp(x, n))


def test_ldexp_where_the_power_alone_overflows():
    assert float(ops.ldexp(1e-38, 140)) == pytest.approx(1e-38 * 2.0**140, rel=1e-5)


@given(FLOATS, st.integers(-2, 3))
def test_round(x, decimals):
    np.testing.assert_allclose(ops.round(x, decimals), np.round(x, decimals), rtol=1e-5, atol=1e-5)


@given(st.floats(0, 80, width=32))
def test_i0(x):
    np.testing.assert_allclose(ops.i0(np.float32(x)), np.i0(np.float64(np.float32(x))), rtol=3e-6)
    assert float(ops.i0(-x)) == float(ops.i0(x))


@given(FLOATS, st.floats(-10, 10, width=32), st.floats(-10, 10, width=32))
def test_clip(x, low, high):
    np.testing.assert_array_equal(ops.clip(x, low, high), np.minimum(np.maximum(x, np.float32(low)), np.float32(high)))


def test_one_sided_clip():
    assert ops.clip([1, 5], None, 3).tolist() == [1, 3]
    assert ops.clip([1, 5], 3, None).tolist() == [3, 5]
    assert ops.clip([1, 5], None, None).tolist() == [1, 5]


def test_divide_no_nan_has_a_gradient_where_the_divisor_is_0():
    with amalthea.config.engine("jax"):
        engine = amalthea.engines.current()
        x = ops.array([1.0, 2.0])
        _, (slope,) = engine.tensor_value_and_grad(lambda d: (ops.sum(ops.divide_no_nan(x, d)), None), [ops.array([0.0, 2.0])])
        np.testing.assert_allclose(slope, [0.0, -0.5])


def test_half_precision_is_kept():
    x = ops.array([1.5, 2.5], dtype="bfloat16")
    for result in (ops.exp(x), ops.round(x, 1), ops.i0(x), ops.add(x, 1), ops.multiply(x, 2.0), ops.maximum(x, 2), ops.var(x)):
        assert amalthea.dtypes.standardize_dtype(result.dtype) == "bfloat16"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.subtract([True], [False]), "logical_xor"),
        (lambda: ops.negative([True]), "bool"),
        (lambda: ops.sign([True]), "bool"),
        (lambda: ops.bitwise_and([1.0], [1]), "float32"),
        (lambda: ops.left_shift([1.0], 1), "integers"),
        (lambda: ops.gcd([1.5], [2]), "integers"),
        (lambda: ops.ldexp([1.0], [1.5]), "x2"),
        (lambda: ops.fabs([1j]), "absolute"),
        (lambda: ops.add("text", 1), "numbers"),
        (lambda: ops.exp([[1, 2], [3]]), "list"),
        (lambda: ops.add(ops.cast([1.0], "float8_e4m3fn"), [1.0]), "8-bit"),
    ],
)
def test_refusals_say_what_came(call, message):
    with pytest.raises((ArgumentError, ArgumentTypeError), match=message):
        call()


def test_variables_are_operands():
    v = amalthea.Variable([1.0, 2.0])
    assert ops.add(v, v).tolist() == [2.0, 4.0]
    assert (1 - v).tolist() == [0.0, -1.0]
    assert ops.stack([v, v]).tolist() == [[1.0, 2.0], [1.0, 2.0]]
    assert ops.power(v, 2).tolist() == [1.0, 4.0]
