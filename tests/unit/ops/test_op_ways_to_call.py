"""One operation, four ways to call it: with values, recorded in a graph, compiled, and described by unknown sizes."""

import numpy as np
import pytest

import amalthea
from amalthea import ops

X = np.array([[3.0, -1.0, 2.0], [0.5, 4.0, -2.0]], "float32")
POSITIVE = np.array([[3.0, 1.0, 2.0], [0.5, 4.0, 2.0]], "float32")
SQUARE = np.array([[4.0, 1.0], [1.0, 3.0]], "float32")
I = np.array([[3, 1, 2], [0, 4, 2]], "int32")  # noqa: E741

CALLS = {
    "arithmetic": (lambda x: (x + 1) * 2 - x / 3 + x**2 - abs(x) % 2, X),
    "comparison": (lambda x: ops.where((x > 0) & (x <= 3) | ~(x < 1), x, -x), X),
    "functions": (lambda x: ops.log1p(ops.exp(ops.sin(x))) + ops.i0(x) + ops.sinc(x) + ops.logaddexp(x, 1.0), X),
    "rounding": (lambda x: ops.round(x, 1) + ops.floor(x) + ops.trunc(x) + ops.fmod(x, 2) + ops.floor_divide(x, 2), X),
    "special": (lambda x: ops.nan_to_num(ops.divide(x, x - x)) + ops.divide_no_nan(x, x - x) + ops.heaviside(x, 0.5), X),
    "integers": (lambda x: ops.gcd(x, 6) + ops.lcm(x, 2) + ops.bitwise_xor(ops.left_shift(x, 1), ops.bitwise_not(x)), I),
    "reductions": (lambda x: (ops.mean(x, 0), ops.var(x, -1, keepdims=True), ops.std(x), ops.max(x, 1, initial=0.0), ops.ptp(x), ops.prod(x, (0, 1))), X),
    "places": (lambda x: (ops.argmax(x, 1), ops.argmin(x), ops.nanargmax(x, 0), ops.count_nonzero(x, 0), ops.argsort(x), ops.top_k(x, 2)), X),
    "accumulation": (lambda x: (ops.cumsum(x), ops.cumprod(x, 1), ops.nancumsum(x, 0), ops.diff(x, axis=1), ops.trapezoid(x)), X),
    "statistics": (lambda x: (ops.median(x, 1), ops.quantile(x, [0.1, 0.7], 1), ops.nanquantile(x, 0.3, 1), ops.nanmean(x), ops.histogram(ops.ravel(x), 3)), X),
    "shaping": (lambda x: (ops.reshape(x, (-1,)), ops.transpose(x), ops.expand_dims(x, (0, -1)), ops.squeeze(x[:1], 0), ops.tile(x, (2, 1)), ops.repeat(x, 2, 1)), X),
    "moving": (lambda x: (ops.flip(x), ops.roll(x, 1, 1), ops.rot90(x), ops.moveaxis(x, 0, 1), ops.pad(x, ((0, 0), (1, 1)), "reflect")), X),
    "joining": (lambda x: (ops.concatenate([x, x], 1), ops.stack([x, x * 2]), ops.hstack([x, x]), ops.append(x, x, 1), ops.split(x, 3, 1)), X),
    "creation": (lambda x: (ops.zeros_like(x), ops.full_like(x, 3), ops.tril(x), ops.diag(ops.ravel(x)), ops.meshgrid(x[0], x[1]), ops.vander(x[0])), X),
    "indexing": (lambda x: (x[0], x[:, 1:], x[..., None], ops.take(x, [0, 2], 1), ops.take_along_axis(x, [[0], [1]], 1), ops.isin(x, [3.0])), X),
    "sorting": (lambda x: (ops.sort(x, 0), ops.searchsorted([0.0, 1.0], x), ops.digitize(x, [0.0, 2.0]), ops.argpartition(x, 1)), X),
    "products": (lambda x: (x @ ops.transpose(x), ops.einsum("ij,kj->ik", x, x), ops.tensordot(x, x, [[1], [1]]), ops.kron(x, x), ops.cross(x, x + 1)), X),
    "vectors": (lambda x: (ops.dot(x[0], x[1]), ops.vdot(x, x), ops.inner(x, x), ops.outer(x, x), ops.correlate(x[0], x[1], "full"), ops.corrcoef(x)), X),
    "matrices": (lambda x: (ops.cholesky(x), ops.inv(x), ops.det(x), ops.solve(x, x[0]), ops.norm(x), ops.slogdet(x), ops.pinv(x), ops.eigh(x)[0]), SQUARE),
    "numbers": (lambda x: (ops.sqrt(x), ops.arctan2(x, 2), ops.hypot(x, x), ops.signbit(-x), ops.nextafter(x, 9.0), ops.ldexp(x, 2), ops.clip(x, 1, 2)), POSITIVE),
}  # fmt: skip


def _host(structure):
    return [np.asarray(ops.convert_to_numpy(leaf)) for leaf in amalthea.tree.flatten(structure)]


@pytest.mark.parametrize("family", CALLS)
def test_the_ways_agree(family):
    body, x = CALLS[family]
    with amalthea.config.engine("numpy"):
        expected = _host(body(ops.array(x)))
    with amalthea.config.engine("jax"):
        engine = amalthea.engines.current()
        symbol = amalthea.KerasTensor(x.shape, x.dtype)
        outputs = amalthea.tree.flatten(body(symbol))
        ways = {
            "values": body(ops.array(x)),
            "compiled": engine.compile(body)(ops.array(x)),
            "recorded": amalthea.Function(symbol, outputs)(ops.array(x)),
        }
        for way, found in ways.items():
            for a, b, described in zip(_host(found), expected, outputs, strict=True):
                np.testing.assert_allclose(a, b, rtol=2e-4, atol=1e-4, err_msg=way)
                assert described.shape == a.shape
                assert described.dtype == amalthea.dtypes.standardize_dtype(a.dtype)


BATCHED = [family for family in CALLS if family not in ("creation", "shaping", "indexing", "products", "vectors", "matrices", "moving")]


@pytest.mark.parametrize("family", BATCHED)
def test_unknown_sizes_fit_the_known_ones(family):
    body, x = CALLS[family]
    known = amalthea.tree.flatten(body(amalthea.KerasTensor(x.shape, x.dtype)))
    unknown = amalthea.tree.flatten(body(amalthea.KerasTensor((None, *x.shape[1:]), x.dtype)))
    for a, b in zip(known, unknown, strict=True):
        assert a.dtype == b.dtype
        assert len(a.shape) == len(b.shape)
        assert all(n is None or n == m for m, n in zip(a.shape, b.shape, strict=True))


def test_the_namespaces_are_those_of_keras():
    import keras

    for space in ("", "nn", "linalg", "image", "numpy"):
        theirs = getattr(keras.ops, space) if space else keras.ops
        ours = getattr(ops, space) if space else ops
        missing = {name for name in dir(theirs) if not name.startswith("_")} - set(dir(ours))
        assert not missing, space


def test_the_signatures_are_those_of_keras():
    import inspect

    import keras

    for name in dir(keras.ops):
        function = getattr(keras.ops, name)
        if name.startswith("_") or not callable(function):
            continue
        theirs = [(p.name, p.default, p.kind) for p in inspect.signature(function).parameters.values()]
        ours = [(p.name, p.default, p.kind) for p in inspect.signature(getattr(ops, name)).parameters.values()]
        assert ours == theirs, name
