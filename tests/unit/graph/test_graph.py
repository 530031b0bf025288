"""Symbolic tensors, what is recorded of operations on them, and functions made of it."""

import numpy as np
import pytest

import amalthea
from amalthea import ops
from amalthea.errors import AmaltheaError, ArgumentError
from amalthea.graph.function import Function


def test_operators_describe_without_computing():
    x, y = amalthea.Input((3,)), amalthea.Input((1,), dtype="int32")
    z = (x + y) * 2 - ops.exp(x) / x[:, :1]
    assert (z.shape, z.dtype) == ((None, 3), "float32")
    assert ((x > 0).dtype, (x @ ops.ones((3, 5))).shape, (-x).shape, abs(x).shape) == ("bool", (None, 5), (None, 3), (None, 3))
    with pytest.raises(TypeError, match=r"(?i)symbolic"):
        bool(x > 0)
    with pytest.raises((TypeError, AmaltheaError)):
        np.asarray(x)


def test_a_function_replays_the_graph():
    x, y = amalthea.Input((2,)), amalthea.Input((2,))
    f = Function({"x": x, "y": y}, [x * y, ops.sum(x, axis=1)])
    a, b = np.array([[1.0, 2.0]], "float32"), np.array([[3.0, 4.0]], "float32")
    product, total = f({"x": a, "y": b})
    np.testing.assert_array_equal(product, [[3, 8]])
    np.testing.assert_array_equal(total, [3])


def test_only_what_the_outputs_need_is_run():
    calls = []

    class Counting(amalthea.layers.Layer):
        def call(self, x):
            calls.append(self.name)
            return x

    x = amalthea.Input((2,))
    needed, idle = Counting(name="needed")(x), Counting(name="idle")(x)
    assert idle.shape == (None, 2)
    f = Function(x, needed + 1)
    calls.clear()
    f(np.zeros((1, 2), "float32"))
    assert calls == ["needed"]


def test_a_tensor_used_twice_is_computed_once():
    calls = []

    class Counting(amalthea.layers.Layer):
        def call(self, x):
            calls.append(1)
            return x * 2

    x = amalthea.Input((2,))
    doubled = Counting()(x)
    f = Function(x, doubled + doubled * doubled)
    calls.clear()
    np.testing.assert_array_equal(f(np.array([[1.0, 3.0]], "float32")), [[6, 42]])
    assert calls == [1]


def test_what_an_output_depends_on_must_be_given():
    x, y = amalthea.Input((2,), name="x"), amalthea.Input((2,), name="y")
    with pytest.raises(ArgumentError, match="y"):
        Function(x, x + y)
    with pytest.raises(ArgumentError, match="`inputs` is empty"):
        Function([], x)


def test_history_names_layers_and_their_inputs():
    x = amalthea.Input((2,), name="entry")
    dense = amalthea.layers.Dense(3)
    y = dense(x)
    assert y._keras_history.operation is dense
    assert dense.input is x
    assert dense.output is y
    dense(x)
    with pytest.raises(AmaltheaError, match=r"(?i)more than|several|2"):
        _ = dense.output


def test_sizes_that_are_not_known_stay_so_and_errors_come_while_describing():
    x = amalthea.Input((None, 4))
    assert ops.concatenate([x, x], axis=1).shape == (None, None, 4)
    assert ops.reshape(x, (-1, 2, 4)).shape == (None, 2, 4)
    with pytest.raises(AmaltheaError, match=r"4.*5|5.*4"):
        ops.matmul(x, ops.ones((5, 2)))


def test_numpy_scalars_do_not_widen_what_is_described():
    x = amalthea.Input((2,))
    for y in (x * np.sqrt(2.0), np.float64(3) - x, ops.maximum(x, np.float64(0.5)), x / np.log(3)):
        assert y.dtype == "float32"
