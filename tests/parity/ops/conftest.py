"""One comparison for every operation: with Keras's values, dtypes and shapes, called with values and called symbolically."""

from types import SimpleNamespace

import jax
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


def _compiled(function, args, kwargs):
    """`function(*args, **kwargs)` as one program of the arrays among `args`."""
    leaves = tree.flatten(args)

    def program(arrays):
        values = iter(arrays)
        filled = [next(values) if _is_array(leaf) else leaf for leaf in leaves]
        return function(*tree.pack_sequence_as(args, filled), **kwargs)

    return jax.jit(program)([leaf for leaf in leaves if _is_array(leaf)])


def compare_values(name, args, kwargs=None, engine="jax", rtol=1e-5, atol=1e-6, expected=None, compiled=False):
    """`ops.<name>(*args, **kwargs)` gives what `keras.ops.<name>` gives: structure, shapes, dtypes, values.

    `expected` is Keras's answer, where the caller has it. `compiled` makes one program of our call: quicker than operation by
    operation where there are many, and it proves that the operation needs no values while it is traced.
    """
    kwargs = kwargs or {}
    expected = tree.flatten(_lookup(keras.ops, name)(*args, **kwargs)) if expected is None else expected
    with amalthea.config.engine(engine):
        function = _lookup(ops, name)
        found = tree.flatten(_compiled(function, args, kwargs) if compiled else function(*args, **kwargs))
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
    """Symbolic inputs give the shapes (and dtypes, where asked) that they give in Keras.

    `unknown_batch` makes the first axis unknown: True of all tensors, "first" of the first one.
    """
    kwargs = kwargs or {}
    first = next((x for x in tree.flatten(args) if _is_array(x)), None)

    def symbols(kind):
        def symbol(x):
            unknown = unknown_batch is True or (unknown_batch == "first" and x is first)
            shape = (None, *x.shape[1:]) if unknown else x.shape
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

    def run(name, *args, tolerance=1e-5, symbolic=True, unknown_batch=True, numpy=True, compiled=False, **kwargs):
        expected = tree.flatten(_lookup(keras.ops, name)(*args, **kwargs))
        compare_values(name, args, kwargs, "jax", tolerance, tolerance, expected, compiled)
        if numpy:
            compare_values(name, args, kwargs, "numpy", tolerance, tolerance, expected)
        if symbolic:
            compare_symbolic(name, args, kwargs)
            if unknown_batch:
                compare_symbolic(name, args, kwargs, unknown_batch=unknown_batch)

    return run


@pytest.fixture
def compare_on():
    """`compare_values` and `compare_symbolic`, for tests that choose the engine."""
    return SimpleNamespace(values=compare_values, symbolic=compare_symbolic)
