"""`amalthea.dtypes.result_type` against Keras's, for every pair and triples of dtypes and weak types."""

import itertools
import random

import keras
import pytest

from amalthea import dtypes

NAMES = [
    "bool",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "int8",
    "int16",
    "int32",
    "int64",
    "bfloat16",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]
WEAK = [bool, int, float]


def _narrow(dtype):
    """As JAX stores it with 64-bit types switched off, which is how Keras's answer comes."""
    return {"int64": "int32", "uint64": "uint32", "float64": "float32", "complex128": "complex64"}.get(dtype, dtype)


def _keras(*kinds):
    return keras.backend.result_type(*kinds)


def test_every_pair_as_keras():
    known = [name for name in NAMES if name != "complex128"]
    wrong = {}
    for pair in itertools.product(known + WEAK, repeat=2):
        expected = _keras(*pair)
        if _narrow(dtypes.result_type(*pair)) != _narrow(expected):
            wrong[pair] = (dtypes.result_type(*pair), expected)
    assert not wrong


def test_triples_as_keras():
    some = random.Random(3).sample(list(itertools.product(NAMES[:13] + WEAK, repeat=3)), 300)
    for triple in some:
        assert _narrow(dtypes.result_type(*triple)) == _narrow(_keras(*triple)), triple


@pytest.mark.parametrize("dtype", [None, "float32", "int", "half", float, int, bool, "bool", "uint8", "bfloat16", "complex64"])
def test_standardize_as_keras(dtype):
    try:
        expected = keras.backend.standardize_dtype(dtype)
    except ValueError:
        return  # Keras knows fewer aliases
    assert dtypes.standardize_dtype(dtype) == expected
