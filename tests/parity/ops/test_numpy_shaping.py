"""Shaping, creation, indexing and sorting: Keras's values, dtypes and shapes, on every engine, and symbolically."""

import keras
import numpy as np
import pytest

import amalthea
from amalthea import ops

ENGINES = ["numpy", "jax"]
X = np.arange(24, dtype="float32").reshape(2, 3, 4)
M = np.array([[3, 1, 2], [0, 5, 4]], "int32")
V = np.array([3.0, 1.0, 2.0, 1.0], "float32")
W = np.array([10, 20, 30, 40], "int32")
B = np.array([True, False, True])

# name, arguments, keyword arguments. The symbolic call is compared too.
CASES = [
    ("reshape", (X, (4, 6)), {}),
    ("reshape", (X, (-1, 4)), {}),
    ("reshape", (X, -1), {}),
    ("reshape", (V, (2, 1, -1)), {}),
    ("transpose", (X,), {}),
    ("transpose", (X, (1, 0, 2)), {}),
    ("transpose", (X,), {"axes": (-1, 0, 1)}),
    ("moveaxis", (X, 0, -1), {}),
    ("moveaxis", (X, (0, 1), (-1, -2)), {}),
    ("moveaxis", (X, [2, 0], [0, 1]), {}),
    ("swapaxes", (X, 0, -1), {}),
    ("expand_dims", (X, 1), {}),
    ("expand_dims", (X, -1), {}),
    ("expand_dims", (X, (0, -1)), {}),
    ("squeeze", (X[:, :1],), {}),
    ("squeeze", (X[:, :1, :1], -1), {}),
    ("squeeze", (X[:, :1, :1], (1, 2)), {}),
    ("ravel", (X,), {}),
    ("broadcast_to", (M, (4, 2, 3)), {}),
    ("broadcast_to", (V[:1], (3, 4)), {}),
    ("concatenate", ([X, X + 1],), {}),
    ("concatenate", ([X, X[:, :1]],), {"axis": 1}),
    ("concatenate", ([V, W],), {"axis": -1}),
    ("stack", ([V, V + 1],), {}),
    ("stack", ([V, W],), {"axis": -1}),
    ("stack", ([X, X],), {"axis": 1}),
    ("hstack", ([M, M[:, :1]],), {}),
    ("vstack", ([M, M[:1]],), {}),
    ("dstack", ([X, X[:, :, :1]],), {}),
    ("append", (M, V), {}),
    ("append", (M, M), {"axis": 0}),
    ("append", (X, X[:, :1]), {"axis": 1}),
    ("split", (X, 2), {}),
    ("split", (X, 3), {"axis": 1}),
    ("split", (X, [1, 3]), {"axis": -1}),
    ("split", (X, [0, 2, 2]), {"axis": 1}),
    ("array_split", (X, 2), {"axis": 1}),
    ("array_split", (X, 3), {"axis": 2}),
    ("array_split", (V, 3), {}),
    ("hsplit", (X, 3), {}),
    ("vsplit", (X, 2), {}),
    ("dsplit", (X, 2), {}),
    ("hsplit", (M, [1]), {}),
    ("tile", (M, 2), {}),
    ("tile", (M, (2, 1, 3)), {}),
    ("tile", (X, (2, 1)), {}),
    ("tile", (V, [3]), {}),
    ("repeat", (M, 2), {}),
    ("repeat", (M, 2), {"axis": 1}),
    ("repeat", (X, 3), {"axis": -2}),
    ("flip", (X,), {}),
    ("flip", (X, 1), {}),
    ("flip", (X, (0, -1)), {}),
    ("fliplr", (X,), {}),
    ("flipud", (X,), {}),
    ("roll", (X, 5), {}),
    ("roll", (X, -1), {"axis": 1}),
    ("roll", (X, (1, 2)), {"axis": (1, 2)}),
    ("roll", (X, 7), {"axis": -1}),
    ("rot90", (X,), {}),
    ("rot90", (X, -1), {"axes": (1, 2)}),
    ("rot90", (X, 3), {"axes": (2, 0)}),
    ("pad", (M, 1), {}),
    ("pad", (M, (1, 2)), {}),
    ("pad", (M, ((1, 0), (0, 2))), {"constant_values": 7}),
    ("pad", (M, [[1, 1]]), {}),
    *[
        ("pad", (X, ((0, 0), (2, 1), (3, 2))), {"mode": mode})
        for mode in ("edge", "reflect", "symmetric", "wrap", "maximum", "mean", "median", "minimum")
    ],
    *[("pad", (M, ((0, 0), (7, 8))), {"mode": mode}) for mode in ("edge", "reflect", "symmetric", "wrap", "linear_ramp", "maximum")],
    ("pad", (X, ((0, 0), (2, 1), (3, 2))), {"mode": "linear_ramp"}),
    ("meshgrid", (V, W), {}),
    ("meshgrid", (V, W, V), {}),
    ("meshgrid", (V, W), {"indexing": "ij"}),
    ("tril", (X,), {}),
    ("tril", (X, 1), {}),
    ("triu", (X,), {}),
    ("triu", (X, -1), {}),
    ("diag", (V,), {}),
    ("diag", (V, 1), {}),
    ("diag", (W, -2), {}),
    ("diag", (M,), {}),
    ("diag", (M, 1), {}),
    ("diagflat", (M,), {}),
    ("diagflat", (V, 1), {}),
    ("diagonal", (X,), {}),
    ("diagonal", (X, 1), {"axis1": 1, "axis2": 2}),
    ("diagonal", (X, -1), {"axis1": 0, "axis2": 2}),
    ("diagonal", (X, 9), {}),
    ("trace", (X,), {}),
    ("trace", (X, 1), {"axis1": 1, "axis2": 2}),
    ("trace", (M,), {}),
    ("vander", (W,), {}),
    ("vander", (V,), {"N": 2}),
    ("vander", (V,), {"N": 3, "increasing": True}),
    ("zeros_like", (M,), {}),
    ("ones_like", (M,), {"dtype": "float32"}),
    ("full_like", (M, 7), {}),
    ("full_like", (X, 7.5), {"dtype": "int32"}),
    ("empty_like", (X,), {}),
    ("copy", (X,), {}),
    ("array", (X,), {}),
    ("take", (X, W // 10 - 1), {}),
    ("take", (X, np.array([[0, -1], [1, 0]], "int32")), {"axis": 1}),
    ("take", (X, 1), {"axis": 2}),
    ("take", (X, [-1, -2]), {"axis": 0}),
    ("take_along_axis", (M, np.array([[0], [2]], "int32")), {"axis": 1}),
    ("take_along_axis", (M, np.array([[0, 1, 1]], "int32")), {"axis": 0}),
    ("take_along_axis", (M, np.array([3, -1], "int32")), {}),
    ("take_along_axis", (X, np.array([[[-1], [0], [3]]], "int32")), {"axis": 2}),
    ("where", (B, M, 0), {}),
    ("where", (M, V[:3], M), {}),
    ("where", (B, 1, 2.5), {}),
    ("where", (M, B, B), {}),
    ("select", ([B, ~B], [V[:3], V[:3] * 2]), {}),
    ("select", ([M > 2, M > 0], [M, M * 10]), {"default": -1}),
    ("sort", (X[:, ::-1],), {"axis": 1}),
    ("sort", (M,), {}),
    ("sort", (B,), {}),
    ("sort", (V,), {}),
    ("argsort", (M,), {}),
    ("argsort", (X[:, ::-1],), {"axis": 1}),
    ("argsort", (V,), {}),
    ("argsort", (B,), {}),
    ("top_k", (M, 2), {}),
    ("top_k", (V, 4), {}),
    ("top_k", (X, 1), {"sorted": False}),
    ("unravel_index", (np.array([5, 7, -1], "int32"), (2, 4)), {}),
    ("unravel_index", (np.array([[5], [11]], "int32"), (2, 3, 2)), {}),
    ("size", (X,), {}),
    ("ndim", (X,), {}),
]
# Numbers, not tensors: Keras gives symbolic tensors for symbolic inputs.
NOT_SYMBOLIC = {"size", "ndim"}
# The first axis is not a batch, or Keras's description of unknown sizes is wrong.
NOT_UNKNOWN = {"broadcast_to", "vander", "diagflat", "select", "where", "unravel_index", "take_along_axis", "append", "diag", "meshgrid", "full_like"}


def _ids(case):
    name, args, kwargs = case
    return f"{name}-{[a.shape if isinstance(a, np.ndarray) else a for a in args]}-{kwargs}".replace("\n", "")[:120]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=[_ids(case) for case in CASES])
def test_values(compare_on, name, args, kwargs, engine):
    if name in NOT_SYMBOLIC:
        assert getattr(ops, name)(*args, **kwargs) == getattr(keras.ops, name)(*args, **kwargs)
        return
    compare_on.values(name, args, kwargs, engine=engine)


@pytest.mark.parametrize(("name", "args", "kwargs"), CASES, ids=[_ids(case) for case in CASES])
def test_symbolic(compare_on, name, args, kwargs):
    if name in NOT_SYMBOLIC:
        return
    compare_on.symbolic(name, args, kwargs, dtypes=name != "meshgrid")
    if name not in NOT_UNKNOWN:
        compare_on.symbolic(name, args, kwargs, unknown_batch=True)


# What is made of numbers, and calls that Keras cannot describe symbolically.
CREATIONS = [
    ("zeros", ((2, 3),), {}),
    ("ones", ((2,),), {"dtype": "int8"}),
    ("empty", ((2, 0),), {}),
    ("full", ((2,), 3), {}),
    ("full", ((2, 1), 1.5), {"dtype": "float16"}),
    ("full", ((), True), {}),
    ("arange", (4,), {}),
    ("arange", (1, 4), {}),
    ("arange", (5, 0, -2), {}),
    ("arange", (0, 1, 0.25), {}),
    ("arange", (3.0,), {}),
    ("arange", (3,), {"dtype": "bfloat16"}),
    ("linspace", (0, 1, 5), {}),
    ("linspace", (0, 10), {"num": 3, "dtype": "int32"}),
    ("linspace", (1.0, 2.0, 4), {"endpoint": False}),
    ("linspace", (0, 1, 1), {}),
    ("linspace", (0, 1, 0), {}),
    ("linspace", (0.0, 1.0, 5), {"retstep": True}),
    ("linspace", (V, W, 3), {"axis": -1}),
    ("linspace", (V, 1, 3), {}),
    ("logspace", (0, 3, 4), {}),
    ("logspace", (0, 3, 3), {"base": 2, "endpoint": False}),
    ("geomspace", (1, 1000, 4), {}),
    ("geomspace", (-1.0, -8.0, 4), {}),
    ("eye", (3,), {}),
    ("eye", (2, 3), {"k": 1, "dtype": "int32"}),
    ("identity", (3,), {}),
    ("tri", (3,), {}),
    ("tri", (2, 4, 1), {"dtype": "bool"}),
    ("tri", (3, 3, -1), {}),
    ("bartlett", (5,), {}),
    ("blackman", (6,), {}),
    ("hamming", (5,), {}),
    ("hanning", (7,), {}),
    ("kaiser", (6, 8.6), {}),
    ("hanning", (1,), {}),
    ("array", ([1, 2.5],), {}),
    ("array", ([True, False],), {}),
    ("array", (3,), {}),
    ("array", ([[1, 2], [3, 4]],), {"dtype": "uint8"}),
    ("searchsorted", (np.array([1, 3, 3, 5], "int32"), M), {}),
    ("searchsorted", (np.array([1.0, 3.0, 5.0], "float32"), M), {"side": "right"}),
    ("digitize", (V, np.array([0.0, 1.0, 2.5], "float32")), {}),
    ("digitize", (M, [1.0, 4.0]), {}),
    ("pad", (M, 1), {"constant_values": (5, 6)}),
    ("repeat", (W, np.array([1, 2, 0, 1], "int32")), {}),
    ("repeat", (M, np.array([1, 0, 2], "int32")), {"axis": 1}),
    ("nonzero", (M,), {}),
    ("where", (M,), {}),
    ("view", (V, "int32"), {}),
    ("view", (X, "uint8"), {}),
    ("view", (np.array([[1, 2, 3, 4]], "int8"), "int32"), {}),
    ("hstack", ([V, W],), {}),
    ("rot90", (X, 2), {}),
    ("meshgrid", (V,), {}),
    ("sort", (M,), {"axis": None}),
    ("argsort", (M,), {"axis": None}),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("name", "args", "kwargs"), CREATIONS, ids=[_ids(case) for case in CREATIONS])
def test_without_symbols(compare_on, name, args, kwargs, engine):
    compare_on.values(name, args, kwargs, engine=engine)


KEYS = [
    0,
    -1,
    slice(1, None),
    (0, 1),
    (slice(None), slice(None, None, -1)),
    (Ellipsis, 0),
    (None, 0),
    (slice(0, 2), None, 1),
    (0, Ellipsis, None),
    np.array([1, 0], "int32"),
    (slice(None), np.array([2, 0, 0], "int32")),
    (np.array([[0], [1]], "int32"), np.array([1, 2], "int32")),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("key", KEYS, ids=[str(key) for key in KEYS])
def test_get_item(compare_on, key, engine):
    compare_on.values("get_item", (X, key), engine=engine)


SYMBOLIC_KEYS = [key for key in KEYS[:9] if not isinstance(key, slice)]  # Keras refuses a slice that is not in a tuple


@pytest.mark.parametrize("key", SYMBOLIC_KEYS, ids=[str(key) for key in SYMBOLIC_KEYS])
def test_get_item_symbolic(compare_on, key):
    compare_on.symbolic("get_item", (X, key), dtypes=True)
    compare_on.symbolic("get_item", (X, key), unknown_batch=True)


def test_get_item_with_a_mask_of_known_values():
    for engine in ENGINES:
        with amalthea.config.engine(engine):
            assert ops.convert_to_numpy(ops.get_item(X, (0, B))).tolist() == X[0, B].tolist()


UNIQUE = [
    (V, {}),
    (V, {"return_index": True, "return_inverse": True, "return_counts": True}),
    (V, {"size": 5}),
    (V, {"size": 2, "return_counts": True}),
    (V, {"size": 5, "fill_value": -1, "return_counts": True}),
    (M[:, [0, 0, 1]], {"axis": 1, "return_inverse": True}),
    (M, {"return_inverse": True}),
    (M, {"axis": 0}),
]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("x", "kwargs"), UNIQUE)
def test_unique(compare_on, x, kwargs, engine):
    compare_on.values("unique", (x,), kwargs, engine=engine)
    compare_on.symbolic("unique", (x,), kwargs, dtypes=True)


def test_nonzero_symbolic():
    for kind, namespace in ((keras.KerasTensor, keras.ops), (amalthea.KerasTensor, ops)):
        assert [(part.shape, part.dtype) for part in namespace.nonzero(kind((2, 3)))] == [((None,), "int32")] * 2


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kth", [0, 1, -2])
def test_argpartition_parts_the_smaller_from_the_greater(engine, kth):
    x = np.array([[5.0, 1.0, 4.0, 2.0], [0.0, 9.0, 8.0, 7.0]], "float32")
    with amalthea.config.engine(engine):
        places = ops.convert_to_numpy(ops.argpartition(x, kth))
    assert places.dtype == np.int32
    values, sorted_values = np.take_along_axis(x, places, 1), np.sort(x, 1)
    np.testing.assert_array_equal(values[:, kth], sorted_values[:, kth])
    at = kth % 4
    assert (values[:, :at] <= values[:, at : at + 1]).all()
    assert (values[:, at:] >= values[:, at : at + 1]).all()
    assert [sorted(row) for row in places.tolist()] == [[0, 1, 2, 3]] * 2


def test_circular_padding_is_wrapping():
    """Keras names the mode "circular", but its JAX backend does not have it."""
    with amalthea.config.engine("numpy"):
        assert ops.pad([1, 2, 3], 2, mode="circular").tolist() == [2, 3, 1, 2, 3, 1, 2]


def test_reshape_to_a_shape_with_unknown_sizes():
    for shape, target in [((None, 6), (-1, 3)), ((None, 6), (2, -1)), ((None, 6), (None, 3)), ((None, 4), (-1, 2, 2))]:
        expected = keras.ops.reshape(keras.KerasTensor(shape), target).shape
        assert ops.reshape(amalthea.KerasTensor(shape), target).shape == expected
