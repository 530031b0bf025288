"""Models: the three ways to make one, structures, layers shared and nested, copies, summaries, errors."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.errors import AmaltheaError, ArgumentError, NotBuiltError, ShapeError

X = np.arange(12, dtype="float32").reshape(3, 4) / 10


def test_sequential_is_built_by_data_and_changes():
    model = amalthea.Sequential([layers.Dense(3), layers.Dense(2)])
    assert not model.built
    with pytest.raises((NotBuiltError, ArgumentError)):
        model.count_params()
    assert tuple(model(X).shape) == (3, 2)
    assert model.count_params() == 4 * 3 + 3 + 3 * 2 + 2
    model.add(layers.Dense(5))
    assert tuple(model(X).shape) == (3, 5)
    model.pop()
    model.pop()
    assert model.output_shape == (None, 3)
    np.testing.assert_allclose(model.predict(X, verbose=0), X @ model.layers[0].kernel.numpy(), rtol=1e-5, atol=1e-6)


def test_functional_model_of_dictionaries_and_shared_layers():
    shared = layers.Dense(2, use_bias=False, kernel_initializer="ones")
    a, b = amalthea.Input((4,), name="a"), amalthea.Input((4,), name="b")
    model = amalthea.Model({"a": a, "b": b}, {"sum": shared(a) + shared(b), "gap": shared(a) - shared(b)})
    out = model({"b": 2 * X, "a": X})
    total = X.sum(1, keepdims=True).repeat(2, 1)
    np.testing.assert_allclose(out["sum"], 3 * total, rtol=1e-5)
    np.testing.assert_allclose(out["gap"], -total, rtol=1e-5)
    assert len(model.weights) == 1


def test_outputs_in_the_middle_are_models_too():
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3, activation="relu", name="hidden"), layers.Dense(1, name="head")])
    features = amalthea.Model(model.inputs, model.get_layer("hidden").output)
    kernel, bias = (weight.numpy() for weight in model.get_layer("hidden").weights)
    np.testing.assert_allclose(features.predict(X, verbose=0), np.maximum(X @ kernel + bias, 0), rtol=1e-5, atol=1e-6)
    tail_input = amalthea.Input((3,))
    tail = amalthea.Model(tail_input, model.get_layer("head")(tail_input))
    np.testing.assert_allclose(tail(features(X)), model(X), rtol=1e-5)


def test_nested_models_and_frozen_ones():
    inner = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3)], name="inner")
    outer = amalthea.Sequential([inner, layers.Dense(1)], name="outer")
    assert (len(outer.trainable_weights), len(outer.weights)) == (4, 4)
    inner.trainable = False
    assert (len(outer.trainable_weights), len(outer.non_trainable_weights)) == (2, 2)
    before = inner.get_weights()
    outer.compile("sgd", "mse")
    outer.fit(X, np.ones((3, 1), "float32"), epochs=2, verbose=0)
    for one, other in zip(before, inner.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_batches_without_a_channel_axis_fit_an_input_with_one():
    model = amalthea.Sequential([amalthea.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.Flatten()])
    images = np.random.default_rng(0).normal(size=(2, 6, 6)).astype("float32")
    np.testing.assert_allclose(model(images), model(images[..., None]), rtol=1e-6)


@pytest.mark.parametrize("kind", ["sequential", "functional"])
def test_copies_have_weights_of_their_own(kind):
    inputs = amalthea.Input((4,))
    made = [layers.Dense(3, activation="tanh", name="one"), layers.Dense(2, name="two")]
    model = amalthea.Sequential([inputs, *made]) if kind == "sequential" else amalthea.Model(inputs, made[1](made[0](inputs)))
    copy = amalthea.models.clone_model(model)
    assert [layer.name for layer in copy.layers] == [layer.name for layer in model.layers]
    assert not {id(weight) for weight in copy.weights} & {id(weight) for weight in model.weights}
    copy.set_weights(model.get_weights())
    np.testing.assert_array_equal(copy.predict(X, verbose=0), model.predict(X, verbose=0))
    wide = amalthea.models.clone_model(model, clone_function=lambda layer: type(layer).from_config({**layer.get_config(), "activation": "relu"}))
    assert [layer.activation.__name__ for layer in wide.layers if hasattr(layer, "activation")] == ["relu", "relu"]


def test_json_tells_the_architecture():
    inputs = amalthea.Input((4,))
    x = layers.Dense(3)(inputs)
    model = amalthea.Model(inputs, [layers.Concatenate()([x, inputs]), x])
    again = amalthea.models.model_from_json(model.to_json())
    again.set_weights(model.get_weights())
    for one, other in zip(again(X), model(X), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_summary_counts_and_unfolds():
    inner = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3, name="within")], name="inner")
    inner.trainable = False
    model = amalthea.Sequential([inner, layers.Dense(2, name="head")], name="whole")
    lines = []
    model.summary(print_fn=lines.append, expand_nested=True, show_trainable=True)
    text = "\n".join(lines)
    assert 'Model: "whole"' in text
    assert "within" in text
    assert "(None, 2)" in text
    # 4 * 3 + 3 are frozen, 3 * 2 + 2 are trained.
    totals = [line for line in text.splitlines() if "params" in line]
    assert [int(line.split(":")[1].split("(")[0].replace(",", "")) for line in totals] == [23, 8, 15]


class Doubling(amalthea.Model):
    def __init__(self, units=2, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = layers.Dense(units)

    def call(self, x, training=False):
        return self.dense(x) * (2.0 if training else 1.0)

    def get_config(self):
        return {**super().get_config(), "units": self.units}


def test_subclassed_models():
    model = Doubling(3)
    plain, doubled = model(X), model(X, training=True)
    np.testing.assert_allclose(doubled, 2 * ops.convert_to_numpy(plain), rtol=1e-6)
    assert Doubling.from_config(model.get_config()).units == 3


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda m: m(np.ones((2, 5), "float32")), ShapeError, r"(?s)4.*\(2, 5\)"),
        (lambda m: m.get_layer("hiden"), ArgumentError, "(?s)hiden.*hidden"),
        (lambda m: m.get_layer(index=9), ArgumentError, "9"),
        (lambda m: m.get_layer(), ArgumentError, "either `name` or `index`"),
        (lambda m: m.predict(np.array([["a", "b", "c", "d"]])), AmaltheaError, "(?i)num"),
        (lambda m: amalthea.Model(amalthea.Input((4,)), amalthea.Input((4,)) + 1), ArgumentError, "depend"),
        (lambda m: m.set_weights([np.zeros((1, 1))]), AmaltheaError, "2|4"),
        (lambda m: amalthea.Sequential([layers.Dense(1), "relu"]), AmaltheaError, "relu"),
    ],
)
def test_errors_say_what_came_and_what_was_expected(act, error, words):
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3, name="hidden")])
    with pytest.raises(error, match=words):
        act(model)
