"""The lattice of dtypes: its laws, and the names that it takes."""

import itertools

import numpy as np
import pytest

import amalthea
from amalthea import dtypes
from amalthea.errors import ArgumentError, ArgumentTypeError

NUMERIC = ["bool", *dtypes.UNSIGNED, *dtypes.SIGNED, *dtypes.FLOATS, *dtypes.COMPLEX]
# Integers with a floating type leave it as it is; 64-bit integers meet where no wider integer is.
PAIRS = {
    ("bool", "int8"): "int8",
    ("uint8", "int8"): "int16",
    ("uint16", "int16"): "int32",
    ("uint32", "int8"): "int64",
    ("uint64", "int8"): "float32",
    ("int64", "float16"): "float16",
    ("bfloat16", "float16"): "float32",
    ("float32", "complex64"): "complex64",
    ("float64", "complex64"): "complex128",
    ("float32", "float64"): "float64",
    ("int8", int): "int8",
    ("bool", int): "int32",
    ("int8", float): "float32",
    ("float16", float): "float16",
    ("float16", int): "float16",
    ("int32", complex): "complex64",
    (bool, bool): "bool",
    (int, float): "float32",
}


@pytest.mark.parametrize(("pair", "expected"), PAIRS.items())
def test_known_pairs(pair, expected):
    assert dtypes.result_type(*pair) == expected
    assert dtypes.result_type(*reversed(pair)) == expected


def test_laws():
    for a, b in itertools.product(NUMERIC, NUMERIC):
        assert dtypes.result_type(a, b) == dtypes.result_type(b, a)
        assert dtypes.result_type(a, dtypes.result_type(a, b)) == dtypes.result_type(a, b) or dtypes.is_int(a)
        assert dtypes.is_float(dtypes.float_result_type(a, b)) or dtypes.is_complex(dtypes.float_result_type(a, b))
    for a in NUMERIC:
        assert dtypes.result_type(a) == a
        assert dtypes.result_type(a, a) == a


def test_numpy_agrees_where_it_promotes_integers_to_integers():
    integers = [*dtypes.UNSIGNED, *dtypes.SIGNED]
    for a, b in itertools.product(integers, integers):
        if np.result_type(a, b).kind in "iu":
            assert dtypes.result_type(a, b) == np.result_type(a, b).name


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (None, "float32"), (float, "float32"), (int, "int32"), (bool, "bool"), (complex, "complex64"), ("half", "float16"), ("double", "float64"),
        (np.float64, "float64"), (np.dtype("int8"), "int8"), (np.bool_, "bool"), ("bfloat16", "bfloat16"), (str, "string"), ("float8_e5m2", "float8_e5m2"),
    ],
)  # fmt: skip
def test_names(given, name):
    assert dtypes.standardize_dtype(given) == name


def test_the_names_of_engines():
    import jax.numpy as jnp
    import ml_dtypes

    assert dtypes.standardize_dtype(jnp.bfloat16) == "bfloat16"
    assert dtypes.standardize_dtype(jnp.zeros(1, "int16").dtype) == "int16"
    assert dtypes.standardize_dtype(np.dtype(ml_dtypes.float8_e4m3fn)) == "float8_e4m3fn"
    assert dtypes.numpy_dtype("bfloat16") == np.dtype(ml_dtypes.bfloat16)


def test_kinds():
    assert [dtypes.is_float(d) for d in ("bfloat16", "float8_e5m2", "int8", "complex64")] == [True, True, False, False]
    assert [dtypes.is_int(d) for d in ("uint8", "int64", "bool", "float16")] == [True, True, False, False]
    assert [dtypes.is_complex(d) for d in ("complex128", "float64")] == [True, False]


def test_floatx_decides():
    amalthea.config.set_floatx("float64")
    try:
        assert dtypes.standardize_dtype(None) == "float64"
        assert dtypes.result_type(int, float) == "float64"
        assert dtypes.result_type("float16", float) == "float16"
        assert dtypes.float_result_type("int8") == "float64"
    finally:
        amalthea.config.set_floatx("float32")


def test_refusals_say_what_came():
    with pytest.raises(ArgumentError, match='mean "float32"'):
        dtypes.standardize_dtype("flot32")
    with pytest.raises(ArgumentError, match="at least one"):
        dtypes.result_type()
    with pytest.raises(ArgumentError, match="float8_e4m3fn promotes to no other"):
        dtypes.result_type("float8_e4m3fn", "float32")
    with pytest.raises(ArgumentTypeError, match="string"):
        dtypes.result_type("string", "float32")
