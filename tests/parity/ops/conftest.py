"""One comparison for every operation: with Keras's values, dtypes and shapes, called with values and called symbolically."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import amalthea
from amalthea import ops, tree


def _lookup(namespace, name):
    for part in name.split("."):
        namespace = getattr(namespace, part)
    return namespace


def _host(x):
    if isinstance(x, (bool, int, float, complex, str)) or x is None:
        return x
    return np.asarray(x)


def _is_array(x):
    return isinstance(x, np.ndarray) and x.ndim > 0


def compare_values(name, args, kwargs=None, engine="jax", rtol=1e-5, atol=1e-6):
    """`ops.<name>(*args, **kwargs)` gives what `keras.ops.<name>` gives: structure, shapes, dtypes, values."""
    kwargs = kwargs or {}
    expected = tree.flatten(_lookup(keras.ops, name)(*args, **kwargs))
    with amalthea.config.engine(engine):
        found = tree.flatten(_lookup(ops, name)(*args, **kwargs))
        found_dtypes = [amalthea.dtypes.standardize_dtype(x.dtype) for x in found]
        found = [ops.convert_to_numpy(x) for x in found]
    assert len(found) == len(expected)
    for a, dtype, b in zip(found, found_dtypes, expected, strict=True):
        assert a.shape == b.shape, f"shape {a.shape}, Keras {b.shape}"
        if engine == "jax":
            assert dtype == keras.backend.standardize_dtype(b.dtype)
        b = np.asarray(b)
        if b.dtype.kind == "V":  # bfloat16
            a, b = a.astype("float32"), b.astype("float32")
        np.testing.assert_allclose(a, b, rtol=rtol, atol=atol)


def compare_symbolic(name, args, kwargs=None, unknown_batch=False, dtypes=False):
    """Symbolic inputs give the shapes (and dtypes, where asked) that they give in Keras."""
    kwargs = kwargs or {}

    def symbols(kind):
        def symbol(x):
            shape = (None, *x.shape[1:]) if unknown_batch else x.shape
            return kind(shape, amalthea.dtypes.standardize_dtype(x.dtype))

        return [tree.map_structure(lambda x: symbol(x) if _is_array(x) else x, arg) for arg in args]

    expected = tree.flatten(_lookup(keras.ops, name)(*symbols(keras.KerasTensor), **kwargs))
    found = tree.flatten(_lookup(ops, name)(*symbols(amalthea.KerasTensor), **kwargs))
    assert [tuple(x.shape) for x in found] == [tuple(x.shape) for x in expected]
    if dtypes:
        assert [x.dtype for x in found] == [x.dtype for x in expected]


@pytest.fixture
def compare():
    """A function that compares one call in every way that its flags allow."""

    def run(name, *args, tolerance=1e-5, symbolic=True, unknown_batch=True, numpy=True, **kwargs):
        compare_values(name, args, kwargs, "jax", tolerance, tolerance)
        if numpy:
            compare_values(name, args, kwargs, "numpy", tolerance, tolerance)
        if symbolic:
            compare_symbolic(name, args, kwargs)
            if unknown_batch:
                compare_symbolic(name, args, kwargs, unknown_batch=True)

    return run


@pytest.fixture
def compare_on():
    """`compare_values` and `compare_symbolic`, for tests that choose the engine."""
    return SimpleNamespace(values=compare_values, symbolic=compare_symbolic)
