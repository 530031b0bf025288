"""Copies of models, by `copy.deepcopy` and by pickle: what they compute and how they train is theirs from there on."""

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


class Noisy(amalthea.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(3), layers.Dense(2)]
        self.seed = amalthea.random.SeedGenerator(1)

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return x + amalthea.random.normal((2,), seed=self.seed)


@pytest.mark.parametrize("way", WAYS)
def test_copies_of_subclasses_and_of_models_without_weights(way):
    model = Noisy()
    model(X)
    twin = WAYS[way](model)
    np.testing.assert_array_equal(twin(X), model(X))  # the same draw: random state is copied
    assert [variable.path for variable in twin.variables] == [variable.path for variable in model.variables]
    unbuilt = amalthea.Sequential([layers.Dense(3)])
    assert WAYS[way](unbuilt)(X).shape == (24, 3)
    assert not unbuilt.built


@pytest.mark.parametrize("way", WAYS)
def test_graphs_are_copied_however_deep(way):
    x = inputs = amalthea.Input((2,))
    for _ in range(150):
        x = layers.Rescaling(1.0, 0.5)(x) + 0.5
    twin = WAYS[way](amalthea.Model(inputs, x))
    np.testing.assert_allclose(twin.predict(np.zeros((1, 2), "float32"), verbose=0), [[150, 150]])
    inner = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(2, kernel_initializer="ones")])
    shared = amalthea.Model(inputs, [inner(inputs), inner(inputs * 2)])
    twin = WAYS[way](shared)
    inner.layers[0].kernel.assign(np.zeros((2, 2)))
    one, two = twin.predict(np.ones((1, 2), "float32"), verbose=0)
    np.testing.assert_array_equal([one, two], [[[2, 2]], [[4, 4]]])
    assert len(twin.variables) == 2  # of the layer that both calls share


@pytest.mark.parametrize("way", WAYS)
def test_what_is_put_into_a_copy_later_is_found(way):
    twin = WAYS[way](Noisy())
    twin.head = layers.Dense(4)
    assert twin.head in twin.layers
    del twin.head
    assert len(twin.layers) == 2
    first = amalthea.Variable([1.0], name="first")
    optimizer = amalthea.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer.exclude_from_weight_decay([first])
    optimizer.build([first])
    optimizer, first = WAYS[way]((optimizer, first))
    optimizer.apply([ops.zeros((1,))], [first])
    assert first.numpy().tolist() == [1.0]
