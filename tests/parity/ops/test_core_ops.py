"""Conversion, blocks, scattered updates and control flow: Keras's values, dtypes and shapes.

Left out on purpose, because Keras's own answer on this backend is wrong: `saturate_cast` of integers to floats (their range overflows),
and of `associative_scan` in reverse along a negative axis (an error).
"""

import functools

import numpy as np
import pytest

_draw = np.random.default_rng(0)


@pytest.fixture
def compare(compare):
    """As the shared fixture, with our calls compiled."""
    return functools.partial(compare, compiled=True)


def normal(*shape):
    return _draw.standard_normal(shape).astype("float32")


@pytest.mark.parametrize("dtype", ["int32", "float16", "uint8"])
def test_cast(compare, dtype):
    compare("cast", np.abs(normal(3, 4)) * 3, dtype)
    compare("convert_to_tensor", np.abs(normal(3)) * 3, dtype)


@pytest.mark.parametrize("target", ["int8", "uint8", "int32", "uint16", "bool"])
def test_saturate_cast(compare, target):
    compare("saturate_cast", np.array([-1e10, -300, -1, -0.5, 0, 0.5, 1, 127, 128, 256, 70000, 3e9, 1e20], "float32"), target)
    compare("saturate_cast", np.array([-(2**31), -300, -1, 0, 1, 127, 128, 256, 70000, 2**31 - 1], "int32"), target)


@pytest.mark.parametrize(
    ("start", "shape"), [((1, 2), (2, 3)), ((3, 4), (2, 3)), ((-3, -2), (2, 2)), ((1, 1), (-1, -1)), (np.array([1, 2]), (2, 2)), ((0, 0), (4, 5))]
)
def test_slice(compare, start, shape):
    compare("slice", normal(4, 5), start, shape, symbolic=not isinstance(start, np.ndarray), unknown_batch=False)


@pytest.mark.parametrize("start", [(1, 2), (3, 4), (-2, -2), np.array([1, 2])])
def test_slice_update(compare, start):
    compare("slice_update", normal(4, 5), start, normal(2, 3), unknown_batch=False)


def test_scatter(compare):
    compare("scatter", np.array([[0], [2], [2]]), normal(3, 4), (3, 4))
    compare("scatter", np.array([[[0, 1]], [[2, 0]]]), normal(2, 1), (3, 4))
    compare("scatter", np.zeros((2, 3, 1), "int32"), normal(2, 3, 4), (3, 4))


@pytest.mark.parametrize("reduction", [None, "add", "mul", "max", "min"])
def test_scatter_update(compare, reduction):
    compare("scatter_update", normal(4, 3), np.array([[0], [2]]), normal(2, 3), reduction, unknown_batch=False)
    compare("scatter_update", normal(4, 3), np.array([[0, 1], [2, 2]]), normal(2), reduction, unknown_batch=False)


def test_unstack(compare):
    compare("unstack", normal(3, 4), axis=1)
    compare("unstack", normal(3, 4), 3)


def test_stop_gradient(compare):
    compare("stop_gradient", normal(3))


@pytest.mark.parametrize("pred", [True, False, np.array(1), np.array(0.0)])
def test_cond(compare, pred):
    compare("cond", pred, lambda: np.float32(1), lambda: np.float32(2), symbolic=False)


@pytest.mark.parametrize("index", [-3, 0, 1, 2, 9])
def test_switch(compare, index):
    compare("switch", index, [lambda x: x, lambda x: x * 2, lambda x: x + 5], normal(3))


def test_while_loop(compare):
    compare("while_loop", lambda i: i < 5, lambda i: i + 2, 0, symbolic=False)
    compare("while_loop", lambda i, x: i < 5, lambda i, x: (i + 2, x * 2.0), (0, normal(2)), symbolic=False)
    compare("while_loop", lambda i, x: i < 5, lambda i, x: [i + 2, x * 2.0], [0, normal(2)], maximum_iterations=2, symbolic=False)
    compare("while_loop", lambda s: s["i"] < 5, lambda s: {"i": s["i"] + 2}, {"i": 0}, symbolic=False)


def test_fori_loop(compare):
    compare("fori_loop", 0, 3, lambda i, x: x * 2, normal(2))
    compare("fori_loop", 3, 0, lambda i, x: x * 2, normal(2))
    compare("fori_loop", 0, 4, lambda i, x: x + i, 0, symbolic=False)
    compare("fori_loop", np.array(1), np.array(4), lambda i, x: x * 2, normal(2))


@pytest.mark.parametrize("reverse", [False, True])
def test_scan(compare, reverse):
    compare("scan", lambda a, b: (a + b, a * b), normal(2), normal(5, 2), reverse=reverse, unknown_batch=False)
    compare("scan", lambda a, b: (a + b[0], (a * b[1], a)), normal(2), [normal(5, 2), normal(5, 2)], reverse=reverse, symbolic=False)


def test_scan_without_elements(compare):
    compare("scan", lambda a, b: (a + 1, a * 2), normal(2), length=4)
    compare("scan", lambda a, b: (a + 1, a * 2), normal(2), None, 4, unroll=True)
    compare("scan", lambda a, b: (a + b, a * b), normal(2), normal(0, 2), symbolic=False)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8])
def test_associative_scan(compare, reverse, size):
    compare("associative_scan", lambda a, b: a + b, normal(size, 2), reverse=reverse)
    affine = (normal(size, 2), normal(size, 2))  # maps x -> a x + b, which do not commute
    compare("associative_scan", lambda f, g: (f[0] * g[0], f[1] * g[0] + g[1]), affine, reverse=reverse, tolerance=1e-4)


def test_map(compare):
    for name in ("map", "vectorized_map"):
        compare(name, lambda x: x * 2, normal(4, 2))
        compare(name, lambda x: (x[0] * x[1], x[0]), (normal(4, 2), normal(4, 2)))
