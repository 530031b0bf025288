"""Signatures, dtypes, shapes and distributions of random draws as Keras has them."""

import inspect

import keras
import numpy as np
import pytest

import amalthea
from amalthea import random

N = 4000
DRAWS = [
    ("normal", ((N,),), {"mean": 1.0, "stddev": 2.0}),
    ("uniform", ((N,),), {"minval": -1.0, "maxval": 3.0}),
    ("randint", ((N,), -3, 9), {}),
    ("truncated_normal", ((N,),), {"mean": 1.0, "stddev": 2.0}),
    ("categorical", (np.log([[0.1, 0.2, 0.7]]).astype("float32"), N), {}),
    ("gamma", ((N,), 2.5), {}),
    ("beta", ((N,), 2.0, 5.0), {}),
    ("binomial", ((N,), 12, 0.3), {}),
    ("dropout", (np.ones((N,), "float32"), 0.3), {}),
    ("shuffle", (np.arange(N, dtype="int32"),), {}),
]


@pytest.mark.parametrize(("name", "args", "kwargs"), DRAWS)
def test_draws_have_the_distribution(name, args, kwargs):
    mine = np.asarray(getattr(random, name)(*args, **kwargs, seed=5))
    their = np.asarray(getattr(keras.random, name)(*args, **kwargs, seed=5))
    assert mine.shape == their.shape
    assert mine.dtype == their.dtype
    a, b = np.sort(mine.ravel().astype(float)), np.sort(their.ravel().astype(float))
    scale = b.std() or 1.0
    # The mean distance between quantiles: 5 standard errors of the mean.
    assert np.abs(a - b).mean() / scale < 5 * np.sqrt(2 / N)
    again = np.asarray(getattr(random, name)(*args, **kwargs, seed=5))
    np.testing.assert_array_equal(mine, again)
    other = np.asarray(getattr(random, name)(*args, **kwargs, seed=6))
    assert not np.array_equal(mine, other)


@pytest.mark.parametrize("name", [name for name, _, _ in DRAWS])
def test_signatures(name):
    mine, their = (inspect.signature(getattr(module, name)).parameters.values() for module in (random, keras.random))
    assert [(p.name, p.default) for p in mine] == [(p.name, p.default) for p in their]


def test_seed_generators():
    mine, their = random.SeedGenerator(5, name="it"), keras.random.SeedGenerator(5, name="it")
    assert mine.get_config() == their.get_config()
    assert mine.state.path == their.state.path
    assert (mine.state.shape, mine.state.dtype, mine.state.trainable) == (tuple(their.state.shape), their.state.dtype, their.state.trainable)
    np.testing.assert_array_equal(mine.state.numpy(), np.asarray(their.state.value))
    mine.next(), their.next()
    np.testing.assert_array_equal(mine.state.numpy(), np.asarray(their.state.value))
    mine, their = amalthea.saving.serialize_keras_object(mine), keras.saving.serialize_keras_object(their)
    assert mine == their
