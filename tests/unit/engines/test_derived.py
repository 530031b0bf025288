"""The default compositions, on the NumPy engine, against NumPy, SciPy and loops written out."""

from __future__ import annotations

import inspect
import itertools
import math

import numpy as np
import pytest
from scipy import signal, special, stats

from amalthea import tree
from amalthea.engines import registry
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import PRIMITIVES
from amalthea.engines.spec import Spec
from amalthea.errors import ShapeError

COMPOSITIONS = [
    name for name in dir(Engine) if not name.startswith("__") and name not in PRIMITIVES and callable(getattr(Engine, name)) and name != "name"
]


SYMBOLIC = registry.get("symbolic")
BORDER = {"from_host", "to_host", "dtype_of", "shape_of"}


def _composed() -> Engine:
    """The NumPy engine with every composition it may override put back to the default."""
    own = type(registry.get("numpy"))
    return type("Composed", (own,), {name: inspect.getattr_static(Engine, name) for name in COMPOSITIONS})()


def _described(x, hide):
    """Arrays as symbolic tensors, the sizes of their first axes hidden if `hide`."""
    if not isinstance(x, np.ndarray):
        return x
    return Spec((None, *x.shape[1:]) if hide and x.ndim else x.shape, x.dtype.name)


class _Checked:
    """An engine that compares the shape and dtype of each result with what the symbolic engine says."""

    def __init__(self, engine):
        self._engine = engine

    def __getattr__(self, name):
        method = getattr(self._engine, name)
        if name in BORDER:
            return method

        def checked(*args, **kwargs):
            if any(isinstance(leaf, Spec) for leaf in tree.flatten((args, kwargs))):
                return getattr(SYMBOLIC, name)(*args, **kwargs)  # a step of a loop that the symbolic engine walks
            result = method(*args, **kwargs)
            for hide in (False, True):
                args_, kwargs_ = tree.map_structure(lambda x, hide=hide: _described(x, hide), (args, kwargs))
                if hide and name in NEED_SIZES:
                    continue
                said = getattr(SYMBOLIC, name)(*args_, **kwargs_)
                for spec, leaf in zip(tree.flatten(said), tree.flatten(result), strict=True):
                    if isinstance(spec, Spec):
                        assert (spec.dtype, len(spec.shape)) == (leaf.dtype.name, leaf.ndim), name
                        assert all(size == n or (hide and size is None) for size, n in zip(spec.shape, leaf.shape, strict=True)), (name, said)
            return result

        return checked


# The first axis of a kernel that slides has to be known (unknown batches of these stand in test_symbolic.py).
NEED_SIZES = {"conv_transpose"}

E = _Checked(_composed())
rng = np.random.default_rng(0)


def tensor(x, dtype=None):
    x = np.asarray(x)
    return E.from_host(x, dtype or x.dtype.name)


def host(x):
    return np.asarray(E.to_host(x))


def close(found, expected, rtol=1e-9, atol=1e-12):
    found = host(found)
    assert found.shape == np.shape(expected)
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol)


def equal(found, expected):
    found = host(found)
    assert found.dtype == np.asarray(expected).dtype
    np.testing.assert_array_equal(found, expected)


def draw(*shape):
    return rng.normal(size=shape)


def key(seed):
    return tensor(np.array([seed, 7], "uint32"))


# --- elementwise -----------------------------------------------------------------------------------------

POINTS = np.array([-800.0, -100.0, -3.5, -3.0, -1.0, -0.5, -1e-9, 0.0, 1e-9, 0.3, 1.0, 2.0, 3.0, 6.5, 100.0, 800.0])

UNARY = {
    "square": (lambda x: E.square(x), lambda x: x**2),
    "reciprocal": (lambda x: E.reciprocal(E.add(x, 0.1)), lambda x: 1 / (x + 0.1)),
    "exp2": (lambda x: E.exp2(x), np.exp2),
    "cbrt": (lambda x: E.cbrt(x), np.cbrt),
    "sinc": (lambda x: E.sinc(x), np.sinc),
    "angle": (lambda x: E.angle(x), np.angle),
    "heaviside": (lambda x: E.heaviside(x, 0.25), lambda x: np.heaviside(x, 0.25)),
    "clip": (lambda x: E.clip(x, -1.0, 2.0), lambda x: np.clip(x, -1, 2)),
    "relu": (lambda x: E.relu(x), lambda x: np.maximum(x, 0)),
    "relu6": (lambda x: E.relu6(x), lambda x: np.clip(x, 0, 6)),
    "leaky_relu": (lambda x: E.leaky_relu(x, 0.2), lambda x: np.where(x < 0, 0.2 * x, x)),
    "elu": (lambda x: E.elu(x, 1.5), lambda x: np.where(x > 0, x, 1.5 * np.expm1(np.minimum(x, 0)))),
    "selu": (lambda x: E.selu(x), lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))),
    "celu": (lambda x: E.celu(x, 2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(np.minimum(x, 0) / 2))),
    "gelu": (lambda x: E.gelu(x, False), lambda x: x * special.ndtr(x)),
    "gelu by tanh": (lambda x: E.gelu(x, True), lambda x: x * special.expit(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3))),
    "silu": (lambda x: E.silu(x), lambda x: x * special.expit(x)),
    "softplus": (lambda x: E.softplus(x), lambda x: np.logaddexp(x, 0)),
    "log_sigmoid": (lambda x: E.log_sigmoid(x), special.log_expit),
    "softsign": (lambda x: E.softsign(x), lambda x: x / (1 + abs(x))),
    "mish": (lambda x: E.mish(x), lambda x: x * np.tanh(np.logaddexp(x, 0))),
    "hard_sigmoid": (lambda x: E.hard_sigmoid(x), lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    "hard_silu": (lambda x: E.hard_silu(x), lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
    "hard_tanh": (lambda x: E.hard_tanh(x), lambda x: np.clip(x, -1, 1)),
    "tanh_shrink": (lambda x: E.tanh_shrink(x), lambda x: x - np.tanh(x)),
    "soft_shrink": (lambda x: E.soft_shrink(x, 0.4), lambda x: np.select([x > 0.4, x < -0.4], [x - 0.4, x + 0.4], 0)),
    "hard_shrink": (lambda x: E.hard_shrink(x, 1.0), lambda x: np.select([x > 1, x < -1], [x, x], 0)),
    "threshold": (lambda x: E.threshold(x, 1.0, -7.0), lambda x: np.where(x > 1, x, -7)),
    "squareplus": (lambda x: E.squareplus(x, 4.0), lambda x: (x + np.sqrt(x**2 + 4)) / 2),
    "sparse_plus": (lambda x: E.sparse_plus(x), lambda x: np.select([x <= -1, x >= 1], [0, x], (x + 1) ** 2 / 4)),
    "sparse_sigmoid": (lambda x: E.sparse_sigmoid(x), lambda x: np.clip((x + 1) / 2, 0, 1)),
}


@pytest.mark.parametrize("name", UNARY)
def test_elementwise_of_one(name):
    composed, truth = UNARY[name]
    close(composed(tensor(POINTS)), truth(POINTS))


@pytest.mark.parametrize(
    "name", ["relu", "relu6", "leaky_relu", "elu", "softplus", "hard_sigmoid", "gelu by tanh", "sparse_plus", "hard_shrink", "threshold"]
)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_activations_keep_the_dtype_and_nan(name, dtype):
    result = UNARY[name][0](tensor(np.array([1.0, np.nan]), dtype))
    assert E.dtype_of(result) == dtype
    assert np.isnan(host(result).astype("float64")).tolist() == [False, True]


def test_relu_of_integers():
    equal(E.relu(tensor([-2, 0, 3], "int32")), np.array([0, 0, 3], "int32"))


def test_infinities():
    x = np.array([-np.inf, -1.0, np.nan, 0.0, np.inf])
    equal(E.isinf(tensor(x)), np.isinf(x))
    equal(E.isposinf(tensor(x)), np.isposinf(x))
    equal(E.isneginf(tensor(x)), np.isneginf(x))
    equal(E.isinf(tensor([1, 2], "int32")), np.array([False, False]))
    equal(E.nan_to_num(tensor(x), 5.0, 6.0, 7.0), np.array([7.0, -1.0, 5.0, 0.0, 6.0]))
    close(E.softplus(tensor(x)), [0, np.logaddexp(-1, 0), np.nan, np.log(2), np.inf])


def test_elementwise_of_two():
    special_values = np.array([-np.inf, -700.0, -1.0, 0.0, 1.0, 1e200, np.inf, np.nan])
    x, y = (np.array(values) for values in zip(*itertools.product(special_values, repeat=2), strict=True))
    with np.errstate(invalid="ignore", over="ignore"):
        close(E.logaddexp(tensor(x), tensor(y)), np.logaddexp(x, y))
        close(E.hypot(tensor(x), tensor(y)), np.hypot(x, y))
    close(E.logaddexp2(tensor([1.0, -3.0]), tensor([2.0, -3.0])), np.logaddexp2([1.0, -3.0], [2.0, -3.0]))
    for equal_nan in (False, True):
        expected = np.isclose(x, y, 1e-3, 1e-6, equal_nan)
        equal(E.isclose(tensor(x), tensor(y), 1e-3, 1e-6, equal_nan), expected)
    equal(E.divide_no_nan(tensor([6.0, 1.0, 0.0]), tensor([3.0, 0.0, 0.0])), np.array([2.0, 0.0, 0.0]))
    equal(E.logical_xor(tensor([True, True, False]), tensor([True, False, False])), np.array([False, True, False]))


def test_angle_of_complex_numbers():
    x = np.array([1 + 1j, -1j, -2 + 0j])
    close(E.angle(tensor(x)), np.angle(x))


# --- creation and shaping --------------------------------------------------------------------------------

X = np.arange(24.0).reshape(2, 3, 4)


def test_creation():
    equal(E.zeros((2, 1), "int8"), np.zeros((2, 1), "int8"))
    equal(E.ones((2,), "bool"), np.ones(2, bool))
    equal(E.full_like(tensor(X), 7), np.full_like(X, 7))
    equal(E.ones_like(tensor(X), "int32"), np.ones_like(X, "int32"))
    equal(E.zeros_like(tensor(X)), np.zeros_like(X))
    for n, m, k in [(3, 3, 0), (2, 4, 1), (4, 2, -2), (0, 3, 0)]:
        equal(E.eye(n, m, k, "float32"), np.eye(n, m, k, "float32"))
        equal(E.tri(n, m, k, "int32"), np.tri(n, m, k, "int32"))


@pytest.mark.parametrize("num", [0, 1, 2, 7])
@pytest.mark.parametrize("endpoint", [True, False])
def test_linspace(num, endpoint):
    start, stop = np.array([0.0, -1.0]), np.array([1.0, 1 / 3])
    close(E.linspace(tensor(start), tensor(stop), num, endpoint), np.linspace(start, stop, num, endpoint))
    if endpoint and num > 1:
        equal(E.index_axis(E.linspace(tensor(start), tensor(stop), num, True), 0, num - 1), stop)


def test_meshgrid():
    parts = [np.arange(2.0), np.arange(3.0), np.arange(4.0)]
    for indexing in ("ij", "xy"):
        for found, expected in zip(E.meshgrid([tensor(p) for p in parts], indexing), np.meshgrid(*parts, indexing=indexing), strict=True):
            equal(found, expected)


SHAPING = {
    "expand_dims": (lambda x: E.expand_dims(x, (0, 3)), lambda x: np.expand_dims(x, (0, 3))),
    "squeeze": (lambda x: E.squeeze(E.expand_dims(x, (1, 2)), (1, 2)), lambda x: x),
    "slice_axis": (lambda x: E.slice_axis(x, 1, 0, None, 2), lambda x: x[:, ::2]),
    "index_axis": (lambda x: E.index_axis(x, 1, -1), lambda x: x[:, -1]),
    "stack": (lambda x: E.stack([x, x], 2), lambda x: np.stack([x, x], 2)),
    "unstack": (lambda x: E.unstack(x, 1)[2], lambda x: x[:, 2]),
    "split": (lambda x: E.split(x, (1, 3), 2)[1], lambda x: x[..., 1:]),
    "tile": (lambda x: E.tile(x, (2, 1, 3)), lambda x: np.tile(x, (2, 1, 3))),
    "repeat": (lambda x: E.repeat(x, 3, 1), lambda x: np.repeat(x, 3, 1)),
    "repeat by counts": (lambda x: E.repeat(x, [2, 0, 1], 1), lambda x: np.repeat(x, [2, 0, 1], 1)),
    "roll": (lambda x: E.roll(x, 3, 2), lambda x: np.roll(x, 3, 2)),
    "roll back": (lambda x: E.roll(x, -5, 1), lambda x: np.roll(x, -5, 1)),
    "moveaxis": (lambda x: E.moveaxis(x, (0, 1), (2, 0)), lambda x: np.moveaxis(x, (0, 1), (2, 0))),
    "swapaxes": (lambda x: E.swapaxes(x, 0, 2), lambda x: np.swapaxes(x, 0, 2)),
    "ravel": (lambda x: E.ravel(x), np.ravel),
    "flatten_from": (lambda x: E.flatten_from(x, 1), lambda x: x.reshape(2, 12)),
    "tril": (lambda x: E.tril(x, -1), lambda x: np.tril(x, -1)),
    "triu": (lambda x: E.triu(x, 1), lambda x: np.triu(x, 1)),
    "matrix_transpose": (lambda x: E.matrix_transpose(x), lambda x: np.swapaxes(x, 1, 2)),
    **{
        f"diagonal {offset} {a} {b}": (lambda x, o=offset, a=a, b=b: E.diagonal(x, o, a, b), lambda x, o=offset, a=a, b=b: np.diagonal(x, o, a, b))
        for offset in (-4, -1, 0, 2)
        for a, b in [(0, 1), (2, 0), (1, 2)]
    },
    **{f"rot90 {k}": (lambda x, k=k: E.rot90(x, k, 0, 2), lambda x, k=k: np.rot90(x, k, (0, 2))) for k in range(-1, 5)},
    "diag": (lambda x: E.diag(x, 1), lambda x: np.stack([np.stack([np.diag(row, 1) for row in rows]) for rows in x])),
    "diag below": (lambda x: E.diag(E.slice_axis(E.reshape(x, (24,)), 0, 0, 3), -2), lambda x: np.diag([0.0, 1.0, 2.0], -2)),
    "trace": (lambda x: E.trace(x, 1, 1, 2), lambda x: np.trace(x, 1, 1, 2)),
}


@pytest.mark.parametrize("name", SHAPING)
def test_shaping(name):
    composed, truth = SHAPING[name]
    equal(composed(tensor(X)), truth(X))


def test_one_hot():
    indices = np.array([[0, 2], [3, -1]])
    expected = (indices[..., None] == np.arange(3)).astype("float32")
    equal(E.one_hot(tensor(indices, "int32"), 3, 2, "float32"), expected)
    equal(E.one_hot(tensor(indices, "int32"), 3, 0, "float32"), np.moveaxis(expected, 2, 0))


def test_gather_and_segments():
    indices = np.array([[[0, 2], [1, -1]], [[-2, 0], [1, 1]]])
    equal(E.gather_nd(tensor(X), tensor(indices, "int32")), X[indices[..., 0], indices[..., 1]])
    segments = np.array([2, 0, 2])
    equal(E.segment(tensor(X[0]), tensor(segments, "int32"), 4, "add"), np.stack([X[0, 1], 0 * X[0, 0], X[0, 0] + X[0, 2], 0 * X[0, 0]]))
    equal(E.segment(tensor(X[0]), tensor(segments, "int32"), 3, "max", -1.0), np.stack([X[0, 1], 0 * X[0, 0] - 1, X[0, 2]]))
    equal(E.scatter_into((2, 2), tensor([[0, 1], [1, 0]], "int32"), tensor([5.0, 6.0]), "set"), np.array([[0.0, 5.0], [6.0, 0.0]]))
    labels = np.array([1, 1, 4, 0])
    equal(E.bincount(tensor(labels, "int32"), None, 6), np.bincount(labels, minlength=6).astype("int32"))
    equal(E.bincount(tensor(labels, "int32"), tensor([0.5, 1.0, 2.0, 4.0]), 5), np.bincount(labels, [0.5, 1.0, 2.0, 4.0]))


# --- reductions ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", [None, (1,), (0, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions(axis, keepdims):
    x = draw(2, 3, 4)
    x[0, 1, 2] = 0.0
    close(E.var(tensor(x), axis, keepdims), x.var(axis, keepdims=keepdims))
    close(E.std(tensor(x), axis, keepdims), x.std(axis, keepdims=keepdims))
    close(E.ptp(tensor(x), axis, keepdims), np.ptp(x, axis, keepdims=keepdims))
    close(E.logsumexp(tensor(x), axis, keepdims), special.logsumexp(x, axis, keepdims=keepdims))
    equal(E.count_nonzero(tensor(x), axis, keepdims), np.asarray(np.count_nonzero(x, axis, keepdims=keepdims), "int32"))
    mean, variance = E.moments(tensor(x), axis, keepdims)
    close(mean, x.mean(axis, keepdims=keepdims))
    close(variance, x.var(axis, keepdims=keepdims))
    close(E.median(tensor(x), axis, keepdims), np.median(x, axis, keepdims=keepdims))
    close(E.softmax(tensor(x), axis), special.softmax(x, axis))
    close(E.log_softmax(tensor(x), axis), special.log_softmax(x, axis))


def test_variance_of_complex_numbers():
    x = draw(5) + 1j * draw(5)
    close(E.var(tensor(x), None, False), x.var())


def test_statistics_of_half_precision_are_computed_in_single():
    # The squares of these overflow float16, and adding them one by one loses all but the first digits.
    x = (draw(4096) * 10 + 300).astype("float16")
    truth = x.astype("float64")
    for dtype, rtol in [("float16", 1e-3), ("bfloat16", 1e-2)]:
        mean, variance = E.moments(tensor(truth, dtype), (0,), False)
        assert E.dtype_of(mean) == E.dtype_of(variance) == dtype
        rounded = host(tensor(truth, dtype)).astype("float64")
        np.testing.assert_allclose(float(host(mean)), rounded.mean(), rtol=rtol)
        np.testing.assert_allclose(float(host(variance)), rounded.var(), rtol=rtol)
        assert E.dtype_of(E.var(tensor(truth, dtype), None, False)) == dtype
    close(E.layer_norm(tensor(x), None, None, (0,), 0.0), ((truth - truth.mean()) / truth.std()), rtol=2e-3, atol=1e-3)
    close(E.rms_norm(tensor(x), None, (0,), 0.0), truth / np.sqrt((truth**2).mean()), rtol=2e-3)
    close(E.avg_pool(tensor(np.full((1, 300, 1), 300.0), "float16"), (300,), (1,), ((0, 0),)), np.full((1, 1, 1), 300.0))


def test_rows_without_finite_values():
    x = np.array([[-np.inf, -np.inf], [-np.inf, 0.0], [np.inf, 0.0], [1000.0, 1000.0]])
    close(E.logsumexp(tensor(x), (1,), False), [-np.inf, 0.0, np.inf, 1000 + math.log(2)])
    close(E.softmax(tensor(x[[1, 3]]), 1), [[0.0, 1.0], [0.5, 0.5]])
    close(E.log_softmax(tensor(x[[1, 3]]), 1), [[-np.inf, 0.0], [math.log(0.5)] * 2])


@pytest.mark.parametrize("method", ["linear", "lower", "higher", "midpoint", "nearest"])
def test_quantile(method):
    x, shares = draw(3, 5, 2), [0.0, 0.1, 0.25, 0.5, 0.9, 1.0]
    close(E.quantile(tensor(x), shares, (1,), method, False), np.quantile(x, shares, axis=1, method=method))
    close(E.quantile(tensor(x), 0.3, (0, 2), method, True), np.quantile(x, 0.3, axis=(0, 2), method=method, keepdims=True))


def test_nan_spoils_a_quantile_of_its_row_alone():
    close(E.median(tensor([[1.0, np.nan, 2.0], [3.0, 1.0, 2.0]]), (1,), False), [np.nan, 2.0])


def test_infinite_values_are_quantiles():
    x = np.array([-np.inf, 1.0, np.inf])
    close(E.quantile(tensor(x), [0.0, 0.5, 1.0], None, "linear", False), [-np.inf, 1.0, np.inf])


@pytest.mark.parametrize("axis", [0, 1])
def test_sparsemax_is_the_nearest_point_of_the_simplex(axis):
    x = draw(6, 5)
    found = host(E.sparsemax(tensor(x), axis))
    np.testing.assert_allclose(found.sum(axis), 1.0)
    assert (found >= 0).all()
    # Optimality: on the support `x - p` is constant, off it no greater.
    gap = np.moveaxis(x - found, axis, 1)
    support = np.moveaxis(found > 0, axis, 1)
    for row, inside in zip(gap, support, strict=True):
        np.testing.assert_allclose(row[inside], row[inside][0])
        assert (row[~inside] <= row[inside][0] + 1e-12).all()
    close(E.sparsemax(tensor([[0.5, 0.3, -4.0]]), 1), [[0.6, 0.4, 0.0]])


def test_glu():
    x = draw(2, 6)
    close(E.glu(tensor(x), 1), x[:, :3] * special.expit(x[:, 3:]))


# --- contraction -----------------------------------------------------------------------------------------


def test_products():
    x, y = draw(2, 3, 4), draw(4, 3, 5)
    close(E.tensordot(tensor(x), tensor(y), (1, 2), (1, 0)), np.tensordot(x, y, ((1, 2), (1, 0))))
    close(E.tensordot(tensor(x), tensor(y), (), ()), np.tensordot(x, y, 0))
    other = draw(5, 4, 2)
    close(E.dot(tensor(x), tensor(other)), np.dot(x, other))
    close(E.dot(tensor(x), tensor(other[0])), np.dot(x, other[0]))
    close(E.dot(tensor(x), tensor(3.0)), x * 3)
    close(E.dense(tensor(x), tensor(other[0])), x @ other[0])
    close(E.outer(tensor(x), tensor(y)), np.outer(x, y))
    with pytest.raises(ShapeError, match="axis 2 of the shape"):
        E.tensordot(tensor(x), tensor(y), (2, 1), (1, 0))


@pytest.mark.parametrize("cut", [((0, 0), (0, 0)), ((1, 0), (1, 1)), ((0, -1), (-2, 0))])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("dilation", [(1, 1), (2, 1)])
def test_conv_transpose_adds_a_kernel_for_each_element(cut, stride, dilation):
    x, kernel = draw(2, 3, 2, 3), draw(3, 2, 4, 3)
    full = [(n - 1) * s + d * (k - 1) + 1 for n, s, d, k in zip((3, 2), stride, dilation, (3, 2), strict=True)]
    output = np.zeros((2, *full, 4))
    for i, j, a, b in itertools.product(range(3), range(2), range(3), range(2)):
        output[:, i * stride[0] + a * dilation[0], j * stride[1] + b * dilation[1]] += x[:, i, j] @ kernel[a, b].T
    output = np.pad(output, [(0, 0), *((max(0, -low), max(0, -high)) for low, high in cut), (0, 0)])
    inner = tuple(slice(max(0, low), n - max(0, high)) for n, (low, high) in zip(output.shape[1:3], cut, strict=True))
    close(E.conv_transpose(tensor(x), tensor(kernel), stride, cut, dilation), output[:, *inner])


def test_depthwise_conv():
    x, kernel = draw(2, 6, 5, 3), draw(3, 2, 3, 2)
    found = E.depthwise_conv(tensor(x), tensor(kernel), (1, 1), ((0, 0), (0, 0)), (1, 1))
    expected = [[signal.correlate2d(x[b, :, :, c], kernel[:, :, c, m], "valid") for c in range(3) for m in range(2)] for b in range(2)]
    close(found, np.moveaxis(np.array(expected), 1, 3))


def test_extract_patches():
    x = draw(2, 5, 4, 3)
    found = host(E.extract_patches(tensor(x), (2, 2), (2, 1), ((0, 1), (0, 0)), (1, 1)))
    padded = np.pad(x, [(0, 0), (0, 1), (0, 0), (0, 0)])
    assert found.shape == (2, 3, 3, 12)
    for i, j in itertools.product(range(3), range(3)):
        np.testing.assert_allclose(found[:, i, j], padded[:, 2 * i : 2 * i + 2, j : j + 2].reshape(2, 12))


@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 1), (0, 1))])
def test_pooling(padding):
    x = draw(2, 5, 4, 3)
    padded = np.pad(x, [(0, 0), *padding, (0, 0)], constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2, 3), (1, 2))[:, ::2, ::1]
    close(E.max_pool(tensor(x), (2, 3), (2, 1), padding), np.nanmax(windows, (-2, -1)))
    close(E.avg_pool(tensor(x), (2, 3), (2, 1), padding), np.nanmean(windows, (-2, -1)))


def test_linear_algebra():
    x, tall = draw(2, 3, 3), draw(2, 5, 3)
    close(E.inv(tensor(x)), np.linalg.inv(x), rtol=1e-8)
    for n in (-2, 0, 1, 5):
        close(E.matrix_power(tensor(x), n), np.linalg.matrix_power(x, n), rtol=1e-7)
    close(E.pinv(tensor(tall), 1e-12), np.linalg.pinv(tall), rtol=1e-8)
    singular = np.outer([1.0, 2.0, 3.0], [1.0, 1.0])
    close(E.pinv(tensor(singular), 1e-12), np.linalg.pinv(singular), rtol=1e-8)
    z = tall + 1j * draw(2, 5, 3)
    close(E.pinv(tensor(z), 1e-12), np.linalg.pinv(z), rtol=1e-8)


@pytest.mark.parametrize("order", [0, 1, 2, 3, -1, 0.5, math.inf, -math.inf])
def test_vector_norm(order):
    x = draw(3, 4)
    close(E.vector_norm(tensor(x), order, (1,), True), np.linalg.norm(x, order, 1, True))


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, math.inf, -math.inf])
@pytest.mark.parametrize("axes", [(0, 1), (2, 0)])
def test_matrix_norm(order, axes):
    x = draw(3, 4, 5)
    for keepdims in (False, True):
        close(E.matrix_norm(tensor(x), order, axes, keepdims), np.linalg.norm(x, order, axes, keepdims))


def test_fft2():
    x = draw(2, 4, 6) + 1j * draw(2, 4, 6)
    close(E.fft2(tensor(x)), np.fft.fft2(x))
    close(E.ifft2(tensor(x)), np.fft.ifft2(x))


# --- networks --------------------------------------------------------------------------------------------


def test_normalisation():
    x = draw(4, 3, 6)
    scale, offset, mean, variance = draw(6), draw(6), draw(6), draw(6) ** 2
    close(
        E.batch_norm(tensor(x), tensor(mean), tensor(variance), 2, tensor(offset), tensor(scale), 1e-3),
        (x - mean) / np.sqrt(variance + 1e-3) * scale + offset,
    )
    middle = draw(3), draw(3) ** 2
    expected = (x - middle[0][:, None]) / np.sqrt(middle[1][:, None])
    close(E.batch_norm(tensor(x), tensor(middle[0]), tensor(middle[1]), 1, None, None, 0.0), expected)
    centred = x - x.mean((1, 2), keepdims=True)
    both, shift = draw(3, 6), draw(3, 6)
    expected = centred / np.sqrt(x.var((1, 2), keepdims=True) + 0.1) * both + shift
    close(E.layer_norm(tensor(x), tensor(both), tensor(shift), (1, 2), 0.1), expected)
    close(E.rms_norm(tensor(x), tensor(scale), (2,), 0.1), x / np.sqrt((x**2).mean(2, keepdims=True) + 0.1) * scale)
    groups = x.reshape(4, 3, 2, 3)
    normal = (groups - groups.mean((1, 3), keepdims=True)) / np.sqrt(groups.var((1, 3), keepdims=True) + 0.1)
    close(E.group_norm(tensor(x), 2, 2, tensor(scale), tensor(offset), 0.1), normal.reshape(x.shape) * scale + offset)
    first = np.moveaxis(x, 2, 1)
    close(E.group_norm(tensor(first), 2, 1, None, None, 0.1), np.moveaxis(normal.reshape(x.shape), 2, 1))


def _attend(q, k, v, logit_change=lambda logits: logits, scale=None):
    """Attention written out for one batch and one head at a time; `k` and `v` have as many heads as `q`."""
    batch, target, heads, size = q.shape
    output = np.zeros((batch, target, heads, v.shape[3]))
    logits = np.zeros((batch, heads, target, k.shape[1]))
    for b, h in itertools.product(range(batch), range(heads)):
        logits[b, h] = q[b, :, h] @ k[b, :, h].T * (1 / math.sqrt(size) if scale is None else scale)
    weights = special.softmax(logit_change(logits), 3)
    for b, h in itertools.product(range(batch), range(heads)):
        output[b, :, h] = weights[b, h] @ v[b, :, h]
    return output, weights


@pytest.mark.parametrize("shared", [4, 2, 1])
def test_attention(shared):
    q, k, v = draw(2, 5, 4, 3), draw(2, 6, shared, 3), draw(2, 6, shared, 7)
    wide_k, wide_v = (np.repeat(x, 4 // shared, axis=2) for x in (k, v))
    tensors = tensor(q), tensor(k), tensor(v)
    output, weights = _attend(q, wide_k, wide_v)
    close(E.attention(*tensors, None, None, None, False), output)
    close(E.attention_weights(*tensors[:2], None, None, None, False), weights)
    mask, bias = rng.random((2, 1, 5, 6)) < 0.7, draw(4, 5, 6)
    mask[..., 0] = True
    output, _ = _attend(q, wide_k, wide_v, lambda logits: np.where(mask, logits + bias, -np.inf), 0.7)
    close(E.attention(*tensors, tensor(mask), tensor(bias), 0.7, False), output)
    output, _ = _attend(q, wide_k, wide_v, lambda logits: np.where(np.tri(5, 6, dtype=bool), logits, -np.inf))
    close(E.attention(*tensors, None, None, None, True), output)


def test_a_query_that_may_look_nowhere_gets_no_nan():
    q = draw(1, 2, 1, 3)
    mask = np.array([[[[True, False], [False, False]]]])
    found = host(E.attention(tensor(q), tensor(q), tensor(q), tensor(mask), None, None, False))
    np.testing.assert_allclose(found[0, 0], q[0, 0])
    np.testing.assert_allclose(found[0, 1], q[0].mean(0))


def test_losses_on_logits():
    logits, labels = draw(4, 5, 3) * 50, rng.integers(0, 5, (4, 3))
    truth = -np.take_along_axis(special.log_softmax(logits, 1), labels[:, None], 1)[:, 0]
    close(E.sparse_cross_entropy(tensor(labels, "int32"), tensor(logits), 1), truth, atol=1e-10)
    one_hot = np.moveaxis(np.eye(5)[labels], 2, 1)
    close(E.cross_entropy(tensor(one_hot), tensor(logits), 1), truth, atol=1e-10)
    target, x = rng.random(6), np.array([-900.0, -3.0, 0.0, 0.1, 7.0, 900.0])
    close(E.binary_cross_entropy(tensor(target), tensor(x)), -target * special.log_expit(x) - (1 - target) * special.log_expit(-x))


# --- recurrences -----------------------------------------------------------------------------------------


def _walk(cell, x, states, mask, reverse, zero, before=None):
    """A recurrence over Python's loop, sample by sample: outputs in order of their making, last states."""
    order = list(range(x.shape[1]))[:: -1 if reverse else 1]
    outputs, ends = [], []
    for b in range(x.shape[0]):
        own = [state[b] for state in states]
        shown = own[0] if before is None else before[b]
        row = []
        for t in order:
            if mask is None or mask[b, t]:
                own = cell(x[b, t], *own)
                shown = own[0]
            elif zero:
                shown = np.zeros_like(shown)
            row.append(shown)
        outputs.append(row)
        ends.append(own)
    return np.array(outputs), [np.array(state) for state in zip(*ends, strict=True)]


W, U, B, RB = draw(3, 16), draw(4, 16), draw(16), draw(16)


def _lstm(x, h, c):
    i, f, g, o = np.split(x @ W + h @ U + B, 4)
    c = special.expit(f) * c + special.expit(i) * np.tanh(g)
    return special.expit(o) * np.tanh(c), c


def _gru_after(x, h):
    (xz, xr, xh), (hz, hr, hh) = np.split(x @ W[:, :12] + B[:12], 3), np.split(h @ U[:, :12] + RB[:12], 3)
    z, r = special.expit(xz + hz), special.expit(xr + hr)
    return (z * h + (1 - z) * np.tanh(xh + r * hh),)


def _gru_before(x, h):
    xz, xr, xh = np.split(x @ W[:, :12] + B[:12], 3)
    z, r = special.expit(xz + h @ U[:, :4]), special.expit(xr + h @ U[:, 4:8])
    return (z * h + (1 - z) * np.tanh(xh + (r * h) @ U[:, 8:12]),)


def _simple(x, h):
    return (np.tanh(x @ W[:, :4] + h @ U[:, :4] + B[:4]),)


RECURRENCES = {
    "lstm": (_lstm, 2, lambda x, h, c, **how: E.lstm(x, h, c, tensor(W), tensor(U), tensor(B), **how)),
    "gru": (_gru_after, 1, lambda x, h, **how: E.gru(x, h, tensor(W[:, :12]), tensor(U[:, :12]), tensor(B[:12]), tensor(RB[:12]), **how)),
    "gru, reset before": (
        _gru_before,
        1,
        lambda x, h, **how: E.gru(x, h, tensor(W[:, :12]), tensor(U[:, :12]), tensor(B[:12]), None, reset_after=False, **how),
    ),
    "simple_rnn": (_simple, 1, lambda x, h, **how: E.simple_rnn(x, h, tensor(W[:, :4]), tensor(U[:, :4]), tensor(B[:4]), **how)),
}


@pytest.mark.parametrize("name", RECURRENCES)
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("zero", [False, True])
def test_recurrence(name, masked, reverse, zero):
    cell, count, composed = RECURRENCES[name]
    x, states = draw(2, 5, 3), [draw(2, 4) for _ in range(count)]
    mask = np.array([[False, True, True, False, True], [True, True, False, False, False]]) if masked else None
    how = {"mask": None if mask is None else tensor(mask), "reverse": reverse, "zero_output_for_mask": zero}
    outputs, ends = _walk(cell, x, states, mask, reverse, zero)

    found, *last = composed(tensor(x), *map(tensor, states), **how, unroll=2)
    close(found, outputs)
    for state, end in zip(last, ends, strict=True):
        close(state, end)

    found, *last = composed(tensor(x), *map(tensor, states), **how, return_sequences=False)
    close(found, outputs[:, -1])
    close(last[0], ends[0])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("zero", [False, True])
@pytest.mark.parametrize("length", [1, 5])
def test_rnn_of_any_cell(masked, reverse, zero, length):
    x, h = draw(2, length, 3), draw(2, 4)
    mask = np.array([[False, True, True, False, True], [True, True, False, False, False]])[:, :length] if masked else None

    def step(x, states):
        (h,) = _stepped(x["in"], states["h"])
        return {"out": E.multiply(h, 2.0)}, {"h": h}

    def _stepped(x, h):
        return (E.tanh(E.add(E.add(E.matmul(x, tensor(W[:, :4])), E.matmul(h, tensor(U[:, :4]))), tensor(B[:4]))),)

    # The output is twice the state, and so is that before the first step; left out, it is zeros.
    start = draw(2, 4)
    for whole, before in itertools.product((True, False), (start, 0 * start)):
        outputs, ends = _walk(_simple, x, [h], mask, reverse, zero, before)
        given = {"out": tensor(2 * before)} if before.any() else None
        arguments = (None if mask is None else tensor(mask), reverse, 3, whole, zero, given)
        last, found, states = E.rnn(step, {"in": tensor(x)}, {"h": tensor(h)}, *arguments)
        close(last["out"], 2 * outputs[:, -1])
        close(states["h"], ends[0])
        if whole:
            close(found["out"], 2 * outputs)
        else:
            assert found is None


# --- random ----------------------------------------------------------------------------------------------


def test_truncated_normal():
    x = host(E.random_truncated_normal(key(1), (4000,), "float32"))
    assert x.dtype == np.float32
    assert abs(x).max() <= 2
    assert stats.kstest(x, stats.truncnorm(-2, 2).cdf).pvalue > 1e-3
    assert E.dtype_of(E.random_truncated_normal(key(1), (2,), "bfloat16")) == "bfloat16"


def test_exponential_and_gumbel():
    assert stats.kstest(host(E.random_exponential(key(2), (4000,), "float32")), stats.expon.cdf).pvalue > 1e-3
    assert stats.kstest(host(E.random_gumbel(key(3), (4000,), "float32")), stats.gumbel_r.cdf).pvalue > 1e-3


def test_beta():
    x = host(E.random_beta(key(4), tensor(np.full(4000, 2.0, "float32")), tensor(np.full(4000, 0.5, "float32"))))
    assert stats.kstest(x, stats.beta(2, 0.5).cdf).pvalue > 1e-3


def test_categorical():
    chances = np.array([[0.5, 0.25, 0.25, 0.0], [0.1, 0.1, 0.2, 0.6]])
    with np.errstate(divide="ignore"):
        logits = np.log(chances)
    found = host(E.random_categorical(key(5), tensor(logits), 8000, "int32"))
    assert found.shape == (2, 8000)
    assert found.dtype == np.int32
    for row, expected in zip(found, chances, strict=True):
        np.testing.assert_allclose(np.bincount(row, minlength=4) / 8000, expected, atol=0.03)


def test_bernoulli_and_dropout():
    assert abs(host(E.random_bernoulli(key(6), 0.3, (8000,))).mean() - 0.3) < 0.03
    found = host(E.dropout(key(7), tensor(np.ones((4000, 2))), 0.25, (4000, 1)))
    assert set(np.unique(found)) == {0.0, 1 / 0.75}
    np.testing.assert_array_equal(found[:, 0], found[:, 1])
    assert abs((found == 0).mean() - 0.25) < 0.03
    equal(E.dropout(key(8), tensor(np.ones(3)), 1.0, (3,)), np.zeros(3))
    equal(E.dropout(key(8), tensor(np.ones(3)), 0.0, (3,)), np.ones(3))


def test_shuffle():
    x = np.arange(40).reshape(2, 20).astype("int32")
    found = host(E.random_shuffle(key(9), tensor(x), 1))
    assert sorted(found[0]) == list(range(20))
    assert (found[0] != x[0]).any()
    np.testing.assert_array_equal(found[1], found[0] + 20)


def test_folded_keys_differ_and_repeat():
    keys = [tuple(host(E.random_fold(key(seed), n))) for seed in (0, 1) for n in range(50)]
    assert len(set(keys)) == len(keys)
    assert tuple(host(E.random_fold(key(0), 3))) == keys[3]
    first, second = (host(E.random_uniform(E.random_fold(key(0), n), (1000,), "float32")) for n in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.15


# --- the class -------------------------------------------------------------------------------------------


def test_compositions_say_what_they_do():
    silent = [name for name in COMPOSITIONS if not name.startswith("_") and not inspect.getdoc(getattr(Engine, name))]
    assert silent == []
