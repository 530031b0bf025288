"""Gradients of the default compositions where they are delicate: kinks, ties, infinities."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from scipy import special

from amalthea.engines import registry
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import PRIMITIVES

COMPOSITIONS = [name for name in dir(Engine) if not name.startswith("__") and name not in PRIMITIVES and callable(getattr(Engine, name))]


@pytest.fixture(scope="module")
def engine():
    """An engine with gradients, every composition put back to the default."""
    return type("Composed", (type(registry.get("jax")),), {name: inspect.getattr_static(Engine, name) for name in COMPOSITIONS})()


def gradients(engine, fn, *xs):
    tensors = [engine.from_host(np.asarray(x), "float32") for x in xs]
    _, found = engine.tensor_value_and_grad(lambda *t: (engine.sum(fn(*t), None, False), None), tensors)
    return [engine.to_host(g) for g in found]


X = np.array([-100.0, -1.0, 0.0, 1.0, 100.0])

CASES = {
    "relu": (lambda e, x: e.relu(x), [0, 0, 0, 1, 1]),
    "softplus": (lambda e, x: e.softplus(x), special.expit(X)),
    "log_sigmoid": (lambda e, x: e.log_sigmoid(x), special.expit(-X)),
    "elu": (lambda e, x: e.elu(x, 1.0), [0, np.exp(-1), 1, 1, 1]),
    "celu": (lambda e, x: e.celu(x, 2.0), [0, np.exp(-0.5), 1, 1, 1]),
    "silu": (lambda e, x: e.silu(x), special.expit(X) * (1 + X * special.expit(-X))),
    "sinc": (lambda e, x: e.sinc(x), [-0.01, 1, 0, -1, 0.01]),
    "binary_cross_entropy": (lambda e, x: e.binary_cross_entropy(0.25, x), special.expit(X) - 0.25),
}


@pytest.mark.parametrize("name", CASES)
def test_gradient(engine, name):
    fn, expected = CASES[name]
    (found,) = gradients(engine, lambda x: fn(engine, x), X)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_ties_share(engine):
    found = gradients(engine, engine.logaddexp, [-np.inf, 0.0, 1.0], [-np.inf, 0.0, 2.0])
    np.testing.assert_allclose(found[0][1:], [0.5, special.expit(-1.0)], rtol=1e-6)
    np.testing.assert_allclose(found[1][1:], [0.5, special.expit(1.0)], rtol=1e-6)
    assert np.isfinite(found).all()


def test_rows_of_minus_infinity_have_no_gradient(engine):
    (found,) = gradients(engine, lambda x: engine.logsumexp(x, (1,), False), [[-np.inf, -np.inf], [-np.inf, 0.0], [0.0, 0.0]])
    np.testing.assert_allclose(found, [[0, 0], [0, 1], [0.5, 0.5]])


def test_division_by_zero_has_no_gradient(engine):
    found = gradients(engine, engine.divide_no_nan, [1.0, 1.0], [0.0, 2.0])
    np.testing.assert_allclose(found, [[0, 0.5], [0, -0.25]])


def test_cross_entropies_agree(engine):
    logits, labels = np.random.default_rng(0).normal(size=(3, 4)) * 30, np.array([0, 3, 1])
    expected = special.softmax(logits, 1) - np.eye(4)[labels]
    labels_, one_hot = engine.from_host(labels, "int32"), engine.from_host(np.eye(4)[labels], "float32")
    for fn in (lambda x: engine.sparse_cross_entropy(labels_, x, 1), lambda x: engine.cross_entropy(one_hot, x, 1)):
        np.testing.assert_allclose(gradients(engine, fn, logits)[0], expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("masked", [False, True])
def test_gradient_of_a_recurrence_is_that_of_differences(engine, masked):
    rng = np.random.default_rng(1)
    shapes = [(2, 4, 3), (2, 2), (2, 2), (3, 8), (2, 8), (8,)]
    values = [rng.normal(size=shape) for shape in shapes]
    mask = engine.from_host(np.array([[True, False, True, True], [True, True, False, False]]), "bool") if masked else None
    reference = registry.get("numpy")

    def loss(e, *tensors, mask=None):
        output, h, c = e.lstm(*tensors, mask=mask)
        return e.add(e.sum(e.square(output), None, False), e.sum(e.multiply(h, c), None, False))

    found = gradients(engine, lambda *tensors: loss(engine, *tensors, mask=mask), *values)
    host_mask = reference.from_host(engine.to_host(mask), "bool") if masked else None
    for i, g in enumerate(found):
        direction = rng.normal(size=shapes[i])
        moved = [[v + sign * 1e-5 * direction if j == i else v for j, v in enumerate(values)] for sign in (1, -1)]
        up, down = (float(loss(reference, *(reference.from_host(v, "float64") for v in point), mask=host_mask)) for point in moved)
        np.testing.assert_allclose((g * direction).sum(), (up - down) / 2e-5, rtol=1e-3, atol=1e-3)
