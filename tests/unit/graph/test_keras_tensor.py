"""Symbolic tensors: shapes and dtypes of operators, attributes, and what they refuse."""

import operator

import numpy as np
import pytest

import amalthea
from amalthea import ops
from amalthea.errors import ArgumentTypeError

BINARY = [
    (operator.add, "float32"),
    (operator.sub, "float32"),
    (operator.mul, "float32"),
    (operator.truediv, "float32"),
    (operator.floordiv, "float32"),
    (operator.mod, "float32"),
    (operator.pow, "float32"),
    (operator.lt, "bool"),
    (operator.le, "bool"),
    (operator.gt, "bool"),
    (operator.ge, "bool"),
]


@pytest.mark.parametrize(("act", "dtype"), BINARY)
def test_binary_operators_describe_and_compute(act, dtype):
    x, y = amalthea.Input((3,)), amalthea.Input((1,))
    value, other = np.array([[1.0, 2.0, -3.0]], "float32"), np.array([[2.0]], "float32")
    for symbols, expected in (
        (act(x, y), act(value, other)),
        (act(x, 2.0), act(value, 2.0)),
        (act(2.0, x), act(2.0, value)),
        (act(other, x), act(other, value)),
    ):
        assert (symbols.shape[1:], symbols.dtype) == ((3,), dtype)
        needed = [x, y]
        found = amalthea.Model(needed, symbols)([value, other])
        np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_logic_and_indices():
    x = amalthea.Input((4, 5), dtype="bool")
    assert [(y.shape, y.dtype) for y in (x & x, x | True, x ^ x, ~x)] == [((None, 4, 5), "bool")] * 4
    y = amalthea.Input((4, 5))
    shapes = [z.shape for z in (y[:, 0], y[..., -1:], y[:, None], y[:, 1:3, ::2], y.T, y.reshape((-1, 20)), y[:, :1].squeeze(1))]
    assert shapes == [(None, 5), (None, 4, 1), (None, 1, 4, 5), (None, 2, 3), (5, 4, None), (None, 20), (None, 5)]
    assert (y.ndim, round(y, 2).shape) == (3, (None, 4, 5))


def test_equality_is_identity():
    x, y = amalthea.Input((2,)), amalthea.Input((2,))
    assert x == x
    assert x != y
    assert {x: 1}[x] == 1


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (bool, "truth value"),
        (list, "iterated over"),
        (float, "turned into a number"),
        (int, "turned into a number"),
        (range, "turned into a number"),
        (np.asarray, "NumPy array"),
    ],
)
def test_values_do_not_exist_yet(act, words):
    with pytest.raises(ArgumentTypeError, match=words):
        act(amalthea.Input((2,), name="x"))


@pytest.mark.parametrize("shape", ["text", {"a": 1}, (2, -1), (2.5,), None])
def test_what_is_no_shape(shape):
    with pytest.raises(ArgumentTypeError, match="`shape` must"):
        amalthea.KerasTensor(shape)


def test_sizes_are_plain_integers():
    x = amalthea.KerasTensor((np.int64(2), None), dtype=np.float16)
    assert (x.shape, type(x.shape[0]), x.dtype) == ((2, None), int, "float16")
    with pytest.raises(ArgumentTypeError, match=r"[Ss]parse"):
        amalthea.KerasTensor((2,), sparse=True)


def test_structures_of_symbols_are_recorded():
    x = amalthea.Input((2,))
    y = ops.stack([x, x * 2, x + ops.ones((1, 2))], axis=1)
    found = amalthea.Model(x, y)(np.array([[1.0, 3.0]], "float32"))
    np.testing.assert_array_equal(found, [[[1, 3], [2, 6], [2, 4]]])


def test_iteration_ends():
    from amalthea.engines import registry
    from amalthea.engines.spec import Spec

    assert [float(part) for part in amalthea.Variable([1.0, 2.0])] == [1.0, 2.0]
    with registry.use("symbolic"):
        assert [part.shape for part in Spec((2, 3), "float32")] == [(3,), (3,)]
    for shape, why in (((), "no axes"), ((None, 3), "first size is not known")):
        with pytest.raises(TypeError, match=why):
            iter(Spec(shape, "float32"))
