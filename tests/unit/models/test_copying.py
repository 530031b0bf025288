"""`pickle` and `copy.deepcopy` of models with classes of one's own, of layers and of metrics: all of their state, and nothing in common with the original."""

import copy
import pickle

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.testing.choice import engines_to_test
from processes import run

WAYS = {"pickle": lambda thing: pickle.loads(pickle.dumps(thing)), "deepcopy": copy.deepcopy}
X, Y = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3), np.ones((4, 1), "float32")
ENGINE = next((name for name in ("torch", "tensorflow", "jax") if name in engines_to_test()), None)
trains = pytest.mark.skipif(ENGINE is None, reason="no engine that trains is tested here")

every_way = pytest.mark.parametrize("way", WAYS)


class Scaled(layers.Layer):
    """A layer of the user's own, which is not registered."""

    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor, self.words = factor, b""

    def call(self, x):
        return x * self.factor

    def get_config(self):
        return {**super().get_config(), "factor": self.factor}

    def save_own_assets(self, store):
        store["words"] = self.words

    def load_own_assets(self, store):
        self.words = store["words"]


class Net(amalthea.Model):
    """A model of the user's own, which is not registered either."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.inside = [layers.Dense(units, "tanh"), Scaled(0.5)]
        self.end = layers.Dense(1)

    def build(self, shape):
        self.inside[0].build(shape)
        self.end.build((None, self.units))

    def call(self, x):
        for layer in self.inside:
            x = layer(x)
        return self.end(x)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def graph():
    x = amalthea.Input((3,))
    shared = layers.Dense(3, "relu", name="shared")
    return amalthea.Model(x, layers.Dense(1)(amalthea.ops.add(shared(x), Scaled(3.0)(shared(shared(x))))), name="graph")


def chain():
    return amalthea.Sequential([amalthea.Input((3,)), layers.Dense(4), layers.BatchNormalization(), Scaled(), layers.Dense(1)])


MODELS = {"graph": graph, "chain": chain, "own": lambda: Net(4)}


def trained(kind):
    amalthea.utils.set_random_seed(0)
    model = MODELS[kind]()
    optimizer = amalthea.optimizers.Adam(amalthea.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), use_ema=True)
    model.compile(optimizer, "mse", metrics=[amalthea.metrics.MeanAbsoluteError(name="error")])
    model.fit(X, Y, batch_size=2, epochs=1, verbose=0)
    return model


def state(model):
    return [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]


def same(found, expected):
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(value, other)


@trains
@pytest.mark.parametrize("kind", MODELS)
@every_way
def test_training_goes_on_in_both(way, kind):
    with amalthea.engine(ENGINE):
        model = trained(kind)
        other = WAYS[way](model)
        assert type(other) is type(model) and other.name == model.name and type(other.optimizer) is type(model.optimizer)
        assert not {id(part) for part in other._flatten_layers()} & {id(part) for part in model._flatten_layers()}
        same(state(other), state(model))
        before = state(model)
        logs = other.fit(X, Y, batch_size=2, epochs=1, shuffle=False, verbose=0).history
        same(state(model), before)
        # A step that was compiled or recorded before may round in another order.
        expected = model.fit(X, Y, batch_size=2, epochs=1, shuffle=False, verbose=0).history
        assert set(logs) == {"loss", "error"} and all(logs[name] == pytest.approx(values, rel=1e-5) for name, values in expected.items())
        for value, twin in zip(state(other), state(model), strict=True):
            np.testing.assert_allclose(value, twin, rtol=1e-4, atol=1e-4)


@every_way
@pytest.mark.parametrize("kind", MODELS)
def test_models_that_were_never_trained(kind, way):
    with amalthea.engine("numpy"):
        model = MODELS[kind]()
        model(X)
        other = WAYS[way](model)
        same([other(X)], [model(X)])
        assert not other.compiled


@every_way
def test_layers(way):
    with amalthea.engine("numpy"):
        layer, unbuilt = layers.Bidirectional(layers.LSTM(3), name="both"), layers.Dense(2)
        x = np.ones((2, 3, 4), "float32")
        expected = layer(x)
        other, fresh = WAYS[way]([layer, unbuilt])
        assert other.name == "both" and type(fresh) is layers.Dense and not fresh.built and fresh.units == 2
        other.weights[0].assign(other.weights[0] + 0.0)
        np.testing.assert_array_equal(other(x), expected)
        other.weights[0].assign(other.weights[0] + 1.0)
        np.testing.assert_array_equal(layer(x), expected)


@every_way
def test_assets(way):
    with amalthea.engine("numpy"):
        model = chain()
        model.layers[2].words = b"kept"
        assert WAYS[way](model).layers[2].words == b"kept"


@every_way
def test_metrics_keep_their_state(way):
    with amalthea.engine("numpy"):
        metric = amalthea.metrics.F1Score(threshold=0.5)
        metric.update_state(np.eye(2), 0.9 * np.eye(2))
        other = WAYS[way](metric)
        np.testing.assert_allclose(other.result(), [1.0, 1.0], rtol=1e-5)
        other.update_state(np.eye(2), 0.9 * np.eye(2)[::-1])
        np.testing.assert_allclose(other.result(), [0.5, 0.5], rtol=1e-5)
        np.testing.assert_allclose(metric.result(), [1.0, 1.0], rtol=1e-5)


class Noisy(amalthea.Model):
    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(3), layers.Dense(2)]
        self.seed = amalthea.random.SeedGenerator(1)

    def call(self, x):
        for block in self.blocks:
            x = block(x)
        return x + amalthea.random.normal((2,), seed=self.seed)


@every_way
def test_copies_of_subclasses_and_of_models_without_weights(way):
    model = Noisy()
    model(X)
    twin = WAYS[way](model)
    np.testing.assert_array_equal(twin(X), model(X))  # the same draw: random state is copied
    assert [variable.path for variable in twin.variables] == [variable.path for variable in model.variables]
    unbuilt = amalthea.Sequential([layers.Dense(3)])
    assert WAYS[way](unbuilt)(X).shape == (4, 3)
    assert not unbuilt.built


@every_way
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


@every_way
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


def test_in_another_process(tmp_path):
    with amalthea.engine("numpy"):
        model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1, kernel_initializer="ones", bias_initializer="ones")])
        (tmp_path / "model").write_bytes(pickle.dumps(model))
    code = "import pickle, sys, numpy as np\nprint(pickle.load(open(sys.argv[1], 'rb')).predict(np.ones((1, 2)), verbose=0).tolist())"
    assert run(code, arguments=(str(tmp_path / "model"),), AMALTHEA_ENGINE="numpy").stdout.strip() == "[[3.0]]"
