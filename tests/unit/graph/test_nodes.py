"""Nodes and functions: which call a tensor comes from, the order of running, structures of inputs and outputs."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError
from amalthea.graph.function import Function
from amalthea.graph.operation import Operation

X = np.array([[1.0, 2.0]], "float32")


class SumAndGap(Operation):
    def call(self, a, b=0.0):
        return {"sum": a + b, "gap": a - b}


def test_each_call_is_a_node():
    operation = SumAndGap(name="both")
    x, y = amalthea.Input((2,)), amalthea.Input((2,))
    first, second = operation(x, b=y), operation(first_of := x * 2)
    assert [node.operation for node in operation.inbound_nodes] == [operation, operation]
    assert [
        [t is s for t, s in zip(node.input_tensors, given, strict=True)]
        for node, given in zip(operation.inbound_nodes, ([x, y], [first_of]), strict=True)
    ]
    assert first["gap"]._keras_history == (operation, 0, 0)  # in the order of the sorted keys
    assert first["sum"]._keras_history == (operation, 0, 1)
    assert second["sum"]._keras_history == (operation, 1, 1)
    with pytest.raises(NotBuiltError, match=r"'both' was called 2 times.*`output`"):
        _ = operation.output


def test_parents_are_the_nodes_behind_the_inputs():
    x = amalthea.Input((2,), name="entry")
    y = ops.exp(x)
    z = y + y * x
    node = z._keras_history.operation.inbound_nodes[0]
    assert [parent.operation.name.rpartition("_")[0] or parent.operation.name for parent in node.parents]
    assert len(node.parents) == 2
    assert not node.is_input
    assert x._keras_history.operation.inbound_nodes[0].is_input


def test_an_operation_that_was_not_called_has_no_output():
    with pytest.raises(NotBuiltError, match="has not been called"):
        _ = SumAndGap().output
    with pytest.raises(ArgumentTypeError, match="defines no `call`"):
        Operation()(1.0)
    with pytest.raises(ArgumentError, match="'a/b'"):
        Operation(name="a/b")


def test_an_operation_computes_on_values_at_once():
    found = SumAndGap()(ops.convert_to_tensor(X), b=1.0)
    np.testing.assert_array_equal(found["gap"], X - 1)


def test_functions_of_structures():
    x, y, z = (amalthea.Input((2,)) for _ in range(3))
    f = Function({"b": [x, y], "a": z}, {"total": x + y + z, "rest": [x - y, (z * 2,)]})
    found = f({"a": 100 * X, "b": [X, 10 * X]})
    np.testing.assert_array_equal(found["total"], 111 * X)
    np.testing.assert_array_equal(found["rest"][0], -9 * X)
    np.testing.assert_array_equal(found["rest"][1][0], 200 * X)


def test_an_input_may_be_an_output():
    x = amalthea.Input((2,))
    same, twice = Function(x, [x, x + x])(X)
    np.testing.assert_array_equal(same, X)
    np.testing.assert_array_equal(twice, 2 * X)


def test_a_function_may_begin_in_the_middle():
    x = amalthea.Input((2,))
    middle = ops.exp(x)
    f = Function(middle, middle * 3)
    np.testing.assert_array_equal(f(X), 3 * X)


def test_a_function_on_symbols_is_one_operation():
    x = amalthea.Input((2,))
    f = Function(x, x * 2, name="double")
    y = f(amalthea.Input((2,)))
    assert y._keras_history.operation is f
    assert y.shape == (None, 2)


def test_depth_orders_what_runs():
    order = []

    class Step(layers.Layer):
        def call(self, *xs):
            order.append(self.name)
            return sum(xs[1:], xs[0])

    x = amalthea.Input((2,))
    a = Step(name="a")(x)
    b = Step(name="b")(a)
    c = Step(name="c")(x)
    f = Function(x, Step(name="d")(c, b, a))
    order.clear()
    np.testing.assert_array_equal(f(X), 3 * X)
    assert sorted(order) == ["a", "b", "c", "d"]
    assert order.index("a") < order.index("b") < order.index("d")
    assert order[-1] == "d"


def test_a_graph_as_deep_as_no_recursion_goes():
    x = y = amalthea.Input((2,))
    for _ in range(1500):
        y = y + 1
    np.testing.assert_array_equal(Function(x, y)(X), X + 1500)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda x, y: Function(x, y * 2), r"(?s)depend on.*'right'.*\['left'\].*Add it"),
        (lambda x, y: Function(x, amalthea.KerasTensor((2,), name="lost")), "lost.*comes from no operation"),
        (lambda x, y: Function(x, []), "`outputs` is empty"),
        (lambda x, y: Function([x, 3], x), "`inputs` must hold KerasTensor.*3"),
    ],
)
def test_graphs_that_hang_together_badly(make, words):
    with pytest.raises((ArgumentError, ArgumentTypeError), match=words):
        make(amalthea.Input((2,), name="left"), amalthea.Input((2,), name="right"))
