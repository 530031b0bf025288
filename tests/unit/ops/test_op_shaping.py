"""Shaping, creation, indexing and sorting against NumPy on drawn shapes, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import amalthea
from amalthea import ops
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, max_side=4)


def _counting(shape):
    return np.arange(np.prod(shape), dtype="int32").reshape(shape)


@given(SHAPES, st.data())
def test_order_of_axes(shape, data):
    x, rank = _counting(shape), len(shape)
    order = data.draw(st.permutations(range(rank)))
    signed = [axis - rank if data.draw(st.booleans()) else axis for axis in order]
    np.testing.assert_array_equal(ops.transpose(x, signed), np.transpose(x, order))
    np.testing.assert_array_equal(ops.moveaxis(x, signed, tuple(range(rank))), np.moveaxis(x, order, range(rank)))
    a, b = data.draw(st.integers(-rank, rank - 1)), data.draw(st.integers(-rank, rank - 1))
    np.testing.assert_array_equal(ops.swapaxes(x, a, b), np.swapaxes(x, a, b))
    np.testing.assert_array_equal(ops.flip(x, a), np.flip(x, a))
    np.testing.assert_array_equal(ops.roll(x, b, a), np.roll(x, b, a))
    np.testing.assert_array_equal(ops.expand_dims(x, a), np.expand_dims(x, a))


@given(SHAPES, st.data())
def test_repeating(shape, data):
    x, rank = _counting(shape), len(shape)
    repeats = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=rank + 1))
    np.testing.assert_array_equal(ops.tile(x, repeats), np.tile(x, repeats))
    axis = data.draw(st.integers(-rank, rank - 1))
    counts = data.draw(st.lists(st.integers(0, 3), min_size=shape[axis], max_size=shape[axis]))
    np.testing.assert_array_equal(ops.repeat(x, counts, axis), np.repeat(x, counts, axis))


@given(SHAPES, st.data(), st.sampled_from(["constant", "edge", "reflect", "symmetric", "wrap", "minimum", "maximum"]))
def test_pad(shape, data, mode):
    x = _counting(shape)
    widths = data.draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), min_size=len(shape), max_size=len(shape)))
    np.testing.assert_array_equal(ops.pad(x, widths, mode), np.pad(x, widths, mode))


@given(SHAPES, st.data())
def test_cutting_and_joining(shape, data):
    x, rank = _counting(shape), len(shape)
    axis = data.draw(st.integers(-rank, rank - 1))
    places = sorted(data.draw(st.lists(st.integers(0, shape[axis]), max_size=3)))
    parts = ops.split(x, places, axis)
    for part, expected in zip(parts, np.split(x, places, axis), strict=True):
        np.testing.assert_array_equal(part, expected)
    np.testing.assert_array_equal(ops.concatenate(parts, axis), x)
    count = data.draw(st.integers(1, 5))
    for part, expected in zip(ops.array_split(x, count, axis), np.array_split(x, count, axis), strict=True):
        np.testing.assert_array_equal(part, expected)


@given(SHAPES, st.data())
def test_get_item(shape, data):
    x = _counting(shape)
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True))
    np.testing.assert_array_equal(ops.get_item(x, key), x[key])


@given(hnp.arrays(np.float32, hnp.array_shapes(max_dims=3, max_side=5), elements=st.floats(-5, 5, width=32)), st.data())
def test_sorting(x, data):
    axis = data.draw(st.integers(-x.ndim, x.ndim - 1))
    np.testing.assert_array_equal(ops.sort(x, axis), np.sort(x, axis))
    np.testing.assert_array_equal(ops.argsort(x, axis), np.argsort(x, axis, kind="stable"))
    k = data.draw(st.integers(0, x.shape[-1]))
    values, places = ops.top_k(x, k)
    np.testing.assert_array_equal(values, np.flip(np.sort(x, -1), -1)[..., :k])
    np.testing.assert_array_equal(np.take_along_axis(x, places, -1), values)


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=12))
def test_unique(x):
    values, index, inverse, counts = ops.unique(x, return_index=True, return_inverse=True, return_counts=True)
    assert values.tolist() == sorted(set(x))
    assert [x[i] for i in index] == values.tolist()
    assert [x.index(v) for v in values.tolist()] == index.tolist()
    assert values[inverse].tolist() == x
    assert counts.tolist() == [x.count(v) for v in values.tolist()]


@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(1, 4), st.booleans())
def test_arange(start, stop, step, down):
    step = -step if down else step
    assert ops.arange(start, stop, step).tolist() == list(range(start, stop, step))


def test_dtype_of_arange():
    for arguments, dtype in [((3,), "int32"), ((3.0,), "float32"), ((0, 1, 0.5), "float32"), ((np.int8(0), np.int8(3)), "int8")]:
        assert ops.arange(*arguments).dtype == dtype


def test_view_of_unknown_sizes():
    assert ops.view(amalthea.KerasTensor((None, 4)), "int8").shape == (None, 16)
    assert ops.view(amalthea.KerasTensor((None, None), "int8"), "int32").shape == (None, None)


def test_size_and_ndim_of_symbolic_tensors():
    x = amalthea.KerasTensor((2, 3))
    assert (ops.size(x), ops.ndim(x), ops.size(amalthea.KerasTensor((None, 3)))) == (6, 2, None)


REFUSED = [
    (lambda: ops.reshape([1, 2, 3], (2, 2)), ShapeError, r"\(3,\).*3 elements"),
    (lambda: ops.reshape([1, 2, 3], (-1, 2)), ShapeError, "reshaped"),
    (lambda: ops.reshape([1, 2, 3, 4], (-1, -1)), ShapeError, "At most one"),
    (lambda: ops.transpose([[1]], (0,)), ArgumentError, "each of the 2 axes"),
    (lambda: ops.transpose([[1]], (0, 0)), ArgumentError, "twice"),
    (lambda: ops.moveaxis([[1]], 0, (0, 1)), ArgumentError, "as many"),
    (lambda: ops.sum([1], axis=1), ArgumentError, r"\[-1, 1\)"),
    (lambda: ops.squeeze([[1, 2]], 1), ShapeError, "size 1"),
    (lambda: ops.broadcast_to([1, 2], (3,)), ShapeError, "broadcast"),
    (lambda: ops.concatenate([[[1, 2]], [[1]]]), ShapeError, "same shape"),
    (lambda: ops.concatenate([[1], [[1]]]), ShapeError, "as many axes"),
    (lambda: ops.concatenate([1, 2]), ShapeError, "ops.stack"),
    (lambda: ops.concatenate([]), ArgumentError, "empty"),
    (lambda: ops.stack([[1, 2], [1]]), ShapeError, "same shape"),
    (lambda: ops.split([1, 2, 3], 2), ShapeError, "array_split"),
    (lambda: ops.split([1, 2, 3], 0), ArgumentError, "at least 1"),
    (lambda: ops.vsplit([1, 2], 2), ShapeError, "2 axes"),
    (lambda: ops.repeat([1, 2], [1, 2, 3]), ShapeError, "3 numbers"),
    (lambda: ops.roll([[1]], (1, 2, 3), (0, 1)), ArgumentError, "as many"),
    (lambda: ops.rot90([[1]], axes=(0, 0)), ArgumentError, "twice"),
    (lambda: ops.pad([1], 1, mode="reflext"), ArgumentError, 'mean "reflect"'),
    (lambda: ops.pad([1], 1, mode="edge", constant_values=1), ArgumentError, "constant"),
    (lambda: ops.pad([1], -1), ShapeError, "negative"),
    (lambda: ops.pad([1], ((1, 1), (1, 1))), ShapeError, "pair"),
    (lambda: ops.meshgrid([1], indexing="yx"), ArgumentError, "'xy' or 'ij'"),
    (lambda: ops.arange(0, 1, 0), ArgumentError, "step"),
    (lambda: ops.linspace(0, 1, -1), ArgumentError, "num"),
    (lambda: ops.diag([[[1]]]), ShapeError, "vector or a matrix"),
    (lambda: ops.tril([1]), ShapeError, "two axes"),
    (lambda: ops.vander([[1]]), ShapeError, "vector"),
    (lambda: ops.diagonal([[1]], axis1=0, axis2=-2), ArgumentError, "differ"),
    (lambda: ops.take([1], [0.5]), ArgumentTypeError, "integers"),
    (lambda: ops.take_along_axis([[1]], [0], axis=0), ShapeError, "as many axes"),
    (lambda: ops.get_item([1, 2], (0, 0)), ArgumentError, "Too many"),
    (lambda: ops.get_item([1, 2], "key"), ArgumentTypeError, "key"),
    (lambda: ops.where([True], 1), ArgumentError, "both"),
    (lambda: ops.select([[True]], []), ArgumentError, "as many choices"),
    (lambda: ops.sort([1j]), ArgumentTypeError, "order"),
    (lambda: ops.top_k([1, 2], 3), ArgumentError, "`k`"),
    (lambda: ops.argpartition([1, 2], 2), ArgumentError, "kth"),
    (lambda: ops.searchsorted([[1]], [1]), ShapeError, "vector"),
    (lambda: ops.searchsorted([1], [1], side="middle"), ArgumentError, "'left' or 'right'"),
    (lambda: ops.view(np.zeros(3, "int8"), "int32"), ShapeError, "int32"),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_refusals_say_what_came(call, error, message):
    with pytest.raises(error, match=message):
        call()
