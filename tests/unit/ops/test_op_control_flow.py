"""Choices, loops, mapped functions, gradients of one's own."""

import numpy as np
import pytest

import amalthea
from amalthea import KerasTensor, ops
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError


def test_cond_calls_one_function_only():
    called = []
    ops.cond(ops.array(False), lambda: called.append("then") or 1, lambda: called.append("else") or 2)
    assert called == ["else"]


def test_cond_refuses_a_vector_and_what_is_no_function():
    with pytest.raises(ArgumentTypeError, match="no axes"):
        ops.cond([True, False], lambda: 1, lambda: 2)
    with pytest.raises(ArgumentTypeError, match="`false_fn` must be callable"):
        ops.cond(True, lambda: 1, 2)


def test_control_flow_in_a_model():
    flag, x = KerasTensor((), "bool"), KerasTensor((None, 3))
    assert ops.cond(flag, lambda: ops.ones((2,)), lambda: ops.zeros((2,))).shape == (2,)
    total, sums = ops.scan(lambda a, b: (a + b, a), KerasTensor((3,)), x)
    assert (total.shape, sums.shape) == ((3,), (None, 3))
    assert ops.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2), (0, x))[1].shape == (None, 3)
    assert ops.vectorized_map(lambda row: ops.sum(row), x).shape == (None,)
    assert ops.fori_loop(0, 3, lambda i, v: v + 1, x).shape == (None, 3)


def test_while_loop_keeps_dtypes_and_stops():
    i, x = ops.while_loop(lambda i, x: True, lambda i, x: (i + 1, 2), (0, np.float32(1)), maximum_iterations=3)
    assert int(i) == 3
    assert x.dtype == "float32"


def test_while_loop_refuses_another_structure():
    with pytest.raises(ShapeError, match="structure"):
        ops.while_loop(lambda s: True, lambda s: {"b": 1}, {"a": 1}, maximum_iterations=1)


@pytest.mark.parametrize(("index", "expected"), [(0, 10), (1, 20), (2, 30), (3, 40), (4, 50), (9, 50), (-2, 10)])
def test_switch_finds_each_branch(index, expected):
    branches = [lambda x, k=k: x * k for k in range(1, 6)]
    assert int(ops.switch(index, branches, 10)) == expected


def test_switch_needs_branches():
    with pytest.raises(ArgumentError, match="at least one"):
        ops.switch(0, [])


def test_scan_in_reverse_puts_outputs_where_elements_stand():
    last, sums = ops.scan(lambda a, b: (a + b, a + b), 0, np.array([1, 2, 3]), reverse=True)
    assert int(last) == 6
    np.testing.assert_array_equal(sums, [6, 5, 3])


def test_scan_without_outputs():
    last, outputs = ops.scan(lambda a, _: (a * 2, None), 1, length=5)
    assert int(last) == 32
    assert outputs is None


def test_scan_refuses_lengths_that_disagree():
    with pytest.raises(ShapeError, match="disagree"):
        ops.scan(lambda a, b: (a, b), 0, [np.zeros(3), np.zeros(4)])
    with pytest.raises(ArgumentError, match="length"):
        ops.scan(lambda a, b: (a, b), 0)
    with pytest.raises(ArgumentError, match="unroll"):
        ops.scan(lambda a, b: (a, b), 0, np.zeros(3), unroll=0)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", range(1, 10))
def test_associative_scan_agrees_with_a_loop(size, reverse):
    matrices = np.random.default_rng(size).standard_normal((2, size, 2, 2))  # products do not commute
    expected, order = np.empty_like(matrices), range(size)[:: -1 if reverse else 1]
    product = None
    for i in order:
        product = matrices[:, i] if product is None else product @ matrices[:, i]
        expected[:, i] = product
    found = ops.associative_scan(lambda a, b: ops.matmul(a, b), matrices, reverse=reverse, axis=1)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_associative_scan_refuses_sizes_that_differ():
    with pytest.raises(ShapeError, match="one size"):
        ops.associative_scan(lambda a, b: a, [np.ones(2), np.ones(3)])


def test_fori_loop_with_known_bounds_has_a_gradient(gradient):
    (found,) = gradient(lambda x: ops.fori_loop(0, 3, lambda i, v: v * x, ops.ones_like(x)), np.array([2.0], "float32"))
    np.testing.assert_allclose(found, [12.0])  # of x ** 3


def test_custom_gradient(gradient):
    @ops.custom_gradient
    def half_as_steep(x):
        def grad(*args, upstream=None):
            return 0.5 * (args[0] if upstream is None else upstream)

        return x * x, grad

    (found,) = gradient(half_as_steep, np.array([3.0], "float32"))
    np.testing.assert_allclose(found, [0.5])
    assert float(half_as_steep(3.0)) == 9.0
    assert half_as_steep(KerasTensor((None, 2))).shape == (None, 2)


def test_vectorize_agrees_with_numpy():
    x, y = np.arange(6.0).reshape(2, 3), np.array([[10.0], [20.0]])
    expected = np.vectorize(lambda a, b: a * b + 1)(x, y)
    np.testing.assert_allclose(ops.vectorize(lambda a, b: a * b + 1)(x, y), expected)


def test_vectorize_with_a_signature():
    matrices, vectors = np.random.default_rng(0).standard_normal((2, 1, 3, 4)), np.random.default_rng(1).standard_normal((5, 4))
    found = ops.vectorize(lambda m, v: ops.matmul(m, v), signature="(n,m),(m)->(n)")(matrices, vectors)
    np.testing.assert_allclose(found, np.einsum("abnm,bm->abn", np.broadcast_to(matrices, (2, 5, 3, 4)), vectors))
    with pytest.raises(ArgumentError, match="describes 2"):
        ops.vectorize(lambda m, v: m, signature="(n,m),(m)->(n)")(matrices)
    with pytest.raises(ArgumentError, match="must look like"):
        ops.vectorize(lambda m: m, signature="n->n")


def test_vectorize_leaves_excluded_arguments_alone():
    def power(x, n, *, offset):
        assert isinstance(n, int)
        assert isinstance(offset, str)
        return x**n

    found = ops.vectorize(power, excluded={1, "offset"})(np.array([1.0, 2.0, 3.0]), 2, offset="none")
    np.testing.assert_allclose(found, [1.0, 4.0, 9.0])


def test_a_loop_runs_compiled():
    with amalthea.config.engine("jax") as engine:
        compiled = engine.compile(lambda x: ops.while_loop(lambda i, v: i < 3, lambda i, v: (i + 1, v * 2.0), (0, x))[1])
        np.testing.assert_allclose(np.asarray(compiled(ops.ones((2,)))), [8.0, 8.0])
