"""Conversion, blocks, scattered updates."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import amalthea
from amalthea import KerasTensor, ops
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError


def test_convert_to_tensor_takes_nested_lists_of_tensors_and_numbers():
    x = ops.convert_to_tensor([[1, ops.ones((), "int32")], [amalthea.Variable(3), 4]])
    np.testing.assert_array_equal(x, [[1, 1], [3, 4]])
    assert x.dtype == "int32"


@pytest.mark.parametrize("x", ["text", None, [[1, 2], [3]], object()])
def test_convert_to_tensor_refuses_what_holds_no_numbers(x):
    with pytest.raises(ArgumentTypeError):
        ops.convert_to_tensor(x)


def test_convert_to_tensor_refuses_sparse():
    with pytest.raises(ArgumentError, match="dense"):
        ops.convert_to_tensor([1.0], sparse=True)


def test_convert_to_numpy():
    np.testing.assert_array_equal(ops.convert_to_numpy([ops.ones(2), amalthea.Variable([2.0, 3.0])]), [[1, 1], [2, 3]])
    assert ops.convert_to_numpy(2.5) == 2.5
    with pytest.raises(ArgumentTypeError, match="symbolic"):
        ops.convert_to_numpy(KerasTensor((2,)))


def test_shape_and_dtype_of_anything():
    assert ops.shape([[1, 2]]) == (1, 2)
    assert ops.shape(KerasTensor((None, 2))) == (None, 2)
    assert ops.shape(amalthea.Variable([1.0])) == (1,)
    assert ops.dtype(np.zeros(2, "float16")) == "float16"
    assert ops.dtype([1, 2]) == "int32"
    assert ops.dtype(2.0) == "float32"
    assert not ops.is_tensor(amalthea.Variable([1.0]))
    assert not ops.is_tensor(KerasTensor((2,)))


def test_cast_with_a_bad_dtype_proposes_a_good_one():
    with pytest.raises(ValueError, match='Did you mean "float32"'):
        ops.cast([1.0], "flot32")


@given(
    st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=6),
    st.sampled_from(["int8", "uint8", "int16", "uint16", "int32", "uint32"]),
)
def test_saturate_cast_is_the_nearest_representable_integer_toward_zero(values, target):
    info = np.iinfo(target)
    expected = [int(np.trunc(min(max(value, info.min), info.max))) for value in values]
    with amalthea.config.engine("numpy"):
        found = ops.saturate_cast(np.array(values, "float32"), target)
    step = 2 ** max(0, info.bits - 24)  # the bound itself need not be a float32
    np.testing.assert_allclose(np.asarray(found, "float64"), expected, atol=step)
    assert found.dtype == target


def test_saturate_cast_of_floats_to_narrower_floats():
    found = ops.saturate_cast(np.array([1e6, -1e6, 1.5], "float32"), "float16")
    np.testing.assert_array_equal(found, np.array([65504, -65504, 1.5], "float16"))


def test_saturate_cast_of_integers_to_floats_keeps_them():
    np.testing.assert_array_equal(ops.saturate_cast(np.array([-(2**31), 0, 2**30], "int32"), "float32"), [-(2.0**31), 0, 2.0**30])


MATRIX = np.arange(20).reshape(4, 5)


def test_slice_moves_back_what_would_stick_out():
    np.testing.assert_array_equal(ops.slice(MATRIX, (3, 4), (2, 2)), MATRIX[2:4, 3:5])
    np.testing.assert_array_equal(ops.slice(MATRIX, (-1, -2), (1, 2)), MATRIX[3:4, 3:5])
    np.testing.assert_array_equal(ops.slice(MATRIX, (2, 0), (-1, 2)), MATRIX[2:, :2])


def test_slice_with_sizes_not_known():
    assert ops.slice(KerasTensor((None, 5)), (0, 1), (2, 2)).shape == (2, 2)
    assert ops.slice(KerasTensor((None, 5)), (0, 1), (-1, 2)).shape == (None, 2)
    assert ops.slice(KerasTensor((4, 5)), KerasTensor((2,), "int32"), (2, 2)).shape == (2, 2)


@pytest.mark.parametrize(("start", "shape"), [((1,), (2, 2)), ((0, 0), (2,)), ((0, 0), (5, 1)), (np.zeros(3, int), (1, 1))])
def test_slice_refuses_what_does_not_fit(start, shape):
    with pytest.raises(ShapeError):
        ops.slice(MATRIX, start, shape)


def test_slice_update():
    found = ops.slice_update(MATRIX, (3, 3), np.full((2, 2), -1.7))
    expected = MATRIX.copy()
    expected[2:, 3:] = -1
    np.testing.assert_array_equal(found, expected)
    assert found.dtype == MATRIX.dtype
    with pytest.raises(ShapeError, match="does not fit"):
        ops.slice_update(MATRIX, (0, 0), np.ones((5, 1)))
    with pytest.raises(ShapeError, match="does not fit"):
        ops.slice_update(MATRIX, (0, 0), 1)


def test_unstack_of_a_size_not_known():
    assert [part.shape for part in ops.unstack(KerasTensor((None, 3)), num=2)] == [(3,), (3,)]
    with pytest.raises(ArgumentError, match="not known"):
        ops.unstack(KerasTensor((None, 3)))


@given(st.integers(0, 2**32 - 1), st.sampled_from([None, "add", "mul", "max", "min"]))
def test_scatter_update_agrees_with_a_loop(seed, reduction):
    draw = np.random.default_rng(seed)
    x, updates = draw.integers(-9, 9, (3, 4)), draw.integers(-9, 9, 5)
    indices = np.stack([draw.integers(0, 3, 5), draw.integers(0, 4, 5)], 1)
    if reduction is None:
        indices = np.unique(indices, axis=0)
        updates = updates[: len(indices)]
    combine = {None: lambda a, b: b, "add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}[reduction]
    expected = x.copy()
    for (i, j), update in zip(indices, updates, strict=True):
        expected[i, j] = combine(expected[i, j], update)
    with amalthea.config.engine("numpy"):
        np.testing.assert_array_equal(ops.scatter_update(x, indices, updates, reduction), expected)


def test_scatter_refuses_what_does_not_fit():
    with pytest.raises(ShapeError, match="values"):
        ops.scatter([[0], [1]], [1.0, 2.0, 3.0], (4,))
    with pytest.raises(ShapeError, match="k at most"):
        ops.scatter([[0, 1]], [1.0], (4,))
    with pytest.raises(ArgumentTypeError, match="integers"):
        ops.scatter([[0.5]], [1.0], (4,))
    with pytest.raises(ArgumentError, match='Did you mean "max"'):
        ops.scatter_update(np.zeros(3), [[0]], [1.0], "maxx")


def test_stop_gradient(gradient):
    (found,) = gradient(lambda x: x * ops.stop_gradient(x), np.array([2.0, 3.0], "float32"))
    np.testing.assert_array_equal(found, [2.0, 3.0])


SHAPED = {
    "zeros": lambda size: ops.zeros((2, size)),
    "bare": ops.ones,
    "full": lambda size: ops.full((size,), 7.0),
    "broadcast_to": lambda size: ops.broadcast_to(np.ones(1), (size,)),
    "scatter": lambda size: ops.scatter([[0]], [1.0], (size,)),
    "eye": lambda size: ops.eye(2, size),
    "normal": lambda size: amalthea.random.normal((size,), seed=1),
    "initializer": lambda size: amalthea.initializers.GlorotUniform(seed=1)((2, size)),
    "variable": lambda size: amalthea.Variable("zeros", shape=(size,)).value,
}
COUNTED = {
    "reshape": lambda size: ops.reshape(np.arange(6), (size, 2)),
    "tile": lambda size: ops.tile([1, 2], (size,)),
    "repeat": lambda size: ops.repeat([1, 2], size),
    "split": lambda size: ops.split(np.arange(6), size),
    "roll": lambda size: ops.roll([1, 2, 3], size),
    "pad": lambda size: ops.pad([1, 2, 3], size),
    "one_hot": lambda size: ops.one_hot([1], size),
    "top_k": lambda size: ops.top_k([4, 5, 6], size),
    "linspace": lambda size: ops.linspace(0, 1, size),
    "resize": lambda size: ops.image.resize(np.ones((4, 4, 1)), (size, 2)),
}


@pytest.mark.parametrize("given", [3.0, 2.5, np.float32(3), "3"])
@pytest.mark.parametrize("call", [*SHAPED.values(), *COUNTED.values()], ids=[*SHAPED, *COUNTED])
def test_a_size_that_is_no_integer_is_refused(call, given):
    with pytest.raises((ArgumentTypeError, ArgumentError), match="integers"):
        call(given)


@pytest.mark.parametrize("call", SHAPED.values(), ids=SHAPED)
def test_a_size_that_no_tensor_has_is_refused(call):
    with pytest.raises((ArgumentError, ShapeError), match=r"at least 0|not negative"):
        call(-1)


@pytest.mark.parametrize("call", [SHAPED[name] for name in ("zeros", "bare", "normal", "variable")])
def test_values_have_no_unknown_sizes(call):
    with pytest.raises((ArgumentTypeError, ShapeError), match="None"):
        call(None)


@pytest.mark.parametrize("given", [3, np.int64(3), np.array(3), np.uint8(3)])
@pytest.mark.parametrize("call", [*SHAPED.values(), *COUNTED.values()], ids=[*SHAPED, *COUNTED])
def test_integers_of_every_kind_are_sizes(call, given):
    found, expected = call(given), call(3)
    for one, other in zip(amalthea.tree.flatten(found), amalthea.tree.flatten(expected), strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(one), ops.convert_to_numpy(other))


def test_tensors_and_variables_are_shapes():
    assert ops.zeros(ops.array([2, 3])).shape == (2, 3)
    assert ops.zeros((amalthea.Variable(2, dtype="int32"), ops.array(3))).shape == (2, 3)
    with pytest.raises(ArgumentTypeError, match="integers"):
        ops.zeros(ops.array([2.0, 3.0]))
