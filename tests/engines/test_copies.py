"""Copies of models that were trained for a while go on by themselves, on every engine, as the models do."""

import copy
import pickle

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.engines import get
from amalthea.testing.choice import engines_to_test

WAYS = {"deepcopy": copy.deepcopy, "pickle": lambda model: pickle.loads(pickle.dumps(model))}

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(24, 5)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


def half_trained():
    amalthea.utils.set_random_seed(2)
    inputs = amalthea.Input((5,))
    x = layers.BatchNormalization()(layers.Dense(6, activation="relu", kernel_regularizer="l2")(inputs))
    model = amalthea.Model(inputs, layers.Dense(1)(ops.tanh(layers.Dropout(0.3, seed=1)(x)) * 2))
    model.compile(amalthea.optimizers.AdamW(0.01, use_ema=True), "mse", metrics=["mae"])
    model.fit(X, Y, batch_size=8, verbose=0, shuffle=False)
    return model


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("engine", [name for name in engines_to_test() if get(name).trains])
def test_a_copy_goes_on_by_itself(engine, way):
    with amalthea.engine(engine):
        model = half_trained()
        before = model.predict(X, verbose=0)
        twin = WAYS[way](model)
        expected = model.fit(X, Y, batch_size=8, epochs=2, verbose=0, shuffle=False).history
        np.testing.assert_array_equal(twin.predict(X, verbose=0), before)  # whatever the model did since
        weights = model.get_weights()
        found = twin.fit(X, Y, batch_size=8, epochs=2, verbose=0, shuffle=False).history
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=1e-5)
        for one, other, unchanged in zip(twin.get_weights(), model.get_weights(), weights, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
            np.testing.assert_array_equal(other, unchanged)
