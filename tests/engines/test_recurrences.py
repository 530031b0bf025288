"""Recurrences on every engine: NumPy's values in double precision, and gradients that are what differences of those values give."""

from __future__ import annotations

import numpy as np
import pytest

from amalthea.engines import get
from amalthea.testing.choice import engines_to_test

TRAINING = [name for name in engines_to_test() if get(name).trains]
REFERENCE = get("numpy")
BATCH, LENGTH, SIZE, UNITS = 2, 5, 4, 3
MASK = np.array([[True, True, False, True, False], [False, True, True, True, True]])
# The name of the operation, the number of states and of gates, whether there are recurrent biases, options.
KINDS = {
    "simple": ("simple_rnn", 1, 1, None, {}),
    "lstm": ("lstm", 2, 4, None, {}),
    "gru": ("gru", 1, 3, True, {"reset_after": True}),
    "gru, one bias": ("gru", 1, 3, False, {"reset_after": True}),
    "gru, reset before": ("gru", 1, 3, False, {"reset_after": False}),
}
WAYS = {
    "last": {"return_sequences": False},
    "backwards": {"return_sequences": True, "reverse": True, "unroll": 2},
    "masked": {"return_sequences": True, "mask": MASK, "zero_output_for_mask": True},
    "masked, last": {"return_sequences": False, "mask": MASK, "reverse": True},
}


def arguments(kind, seed=0):
    _, states, gates, biased, _ = KINDS[kind]
    rng = np.random.default_rng(seed)
    shapes = [(BATCH, LENGTH, SIZE), *[(BATCH, UNITS)] * states, (SIZE, gates * UNITS), (UNITS, gates * UNITS), (gates * UNITS,)]
    return [rng.normal(size=shape) for shape in [*shapes, *([(gates * UNITS,)] if biased else [])]]


def run(engine, kind, values, how, dtype=None):
    """The results for host values, or for tensors if there is no dtype."""
    name, _, _, biased, options = KINDS[kind]
    tensors = [engine.from_host(value, dtype) for value in values] if dtype else [*values]
    how = {key: engine.from_host(value, "bool") if key == "mask" else value for key, value in how.items()}
    return getattr(engine, name)(*tensors, *([None] if biased is False else []), **how, **options)


def weighed(engine, results):
    """One number that depends on every result, and on every part of it differently."""
    total = 0.0
    for result in results:
        shape = engine.shape_of(result)
        weights = engine.from_host(np.cos(np.arange(np.prod(shape))).reshape(shape), engine.dtype_of(result))
        total = engine.add(engine.sum(engine.multiply(engine.square(result), weights), None, False), total)
    return total


def gradients(engine, kind, how, tensors):
    _, found = engine.tensor_value_and_grad(lambda *inner: (weighed(engine, run(engine, kind, inner, how)), None), tensors)
    return found


def difference(fn, values, direction, distance):
    up, down = (fn([value + sign * distance * along for value, along in zip(values, direction, strict=True)]) for sign in (1, -1))
    return (up - down) / (2 * distance)


@pytest.mark.parametrize("name", TRAINING)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", WAYS)
def test_values_and_gradients(name, kind, way):
    engine, values, direction, how = get(name), arguments(kind), arguments(kind, seed=1), WAYS[way]
    for result, expected in zip(run(engine, kind, values, how, "float32"), run(REFERENCE, kind, values, how, "float64"), strict=True):
        np.testing.assert_allclose(engine.to_host(result), expected, rtol=1e-5, atol=1e-6)
    found = gradients(engine, kind, how, [engine.from_host(value, "float32") for value in values])
    slope = sum(np.sum(engine.to_host(gradient) * along) for gradient, along in zip(found, direction, strict=True))
    expected = difference(lambda moved: weighed(REFERENCE, run(REFERENCE, kind, moved, how, "float64")), values, direction, 1e-5)
    assert slope == pytest.approx(float(expected), rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("name", TRAINING)
@pytest.mark.parametrize("kind", KINDS)
def test_compiled(name, kind):
    engine, how = get(name), WAYS["masked"]
    tensors = [engine.from_host(value, "float32") for value in arguments(kind)]
    compiled = engine.compile(lambda *tensors: gradients(engine, kind, how, list(tensors)))
    for found, expected in zip(compiled(*tensors), gradients(engine, kind, how, tensors), strict=True):
        np.testing.assert_allclose(engine.to_host(found), engine.to_host(expected), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", TRAINING)
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_gradients_of_gradients(name, kind):
    engine, values, direction, how = get(name), arguments(kind), arguments(kind, seed=1), WAYS["masked"]

    def steepness(*tensors):
        return weighed(engine, gradients(engine, kind, how, list(tensors)))

    compiled = engine.compile(steepness)

    def at(moved):
        return float(engine.to_host(compiled(*(engine.from_host(value, "float32") for value in moved))))

    _, found = engine.tensor_value_and_grad(lambda *tensors: (steepness(*tensors), None), [engine.from_host(value, "float32") for value in values])
    slope = sum(np.sum(engine.to_host(gradient) * along) for gradient, along in zip(found, direction, strict=True))
    assert slope == pytest.approx(difference(at, values, direction, 1e-3), rel=2e-2)
