"""Copies of models, and models from their descriptions."""

import json

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.errors import AmaltheaError, ArgumentError, ArgumentTypeError
from amalthea.models import clone_model, model_from_json

X = np.arange(12, dtype="float32").reshape(3, 4) / 10


@pytest.fixture
def graph():
    """Shared, nested, with an operation between layers and two outputs."""
    shared = layers.Dense(4, name="shared")
    inner_input = amalthea.Input((4,), name="inner_entry")
    inner = amalthea.Model(inner_input, layers.Dense(2, name="deep")(inner_input), name="inner")
    x = amalthea.Input((4,), name="entry")
    y = shared(shared(x) * 2.0)
    return amalthea.Model(x, {"y": y, "z": inner(y)}, name="graph")


def same(one, other, x=X):
    for a, b in zip(amalthea.tree.flatten(one(x)), amalthea.tree.flatten(other(x)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


@pytest.mark.parametrize(
    "way", [clone_model, lambda model: model_from_json(model.to_json()), lambda model: type(model).from_config(model.get_config())]
)
def test_a_copy_has_the_same_shape_and_weights_of_its_own(graph, way):
    copy = way(graph)
    assert (copy.name, sorted(copy.output)) == ("graph", ["y", "z"])
    assert [layer.name for layer in copy.layers] == [layer.name for layer in graph.layers]
    assert [w.shape for w in copy.weights] == [w.shape for w in graph.weights]
    assert not {id(w) for w in copy.weights} & {id(w) for w in graph.weights}
    copy.set_weights(graph.get_weights())
    same(copy, graph)
    copy.get_layer("shared").kernel.assign(np.zeros((4, 4)))
    assert np.any(graph.get_layer("shared").kernel.numpy())


def test_layers_may_be_replaced_or_kept(graph):
    seen = []

    def replace(layer):
        seen.append(layer.name)
        if layer.name == "shared":
            return layers.Dense(4, use_bias=False, name="plain")
        return layer

    copy = clone_model(graph, clone_function=replace)
    assert sorted(seen) == ["inner", "shared"]
    assert copy.get_layer("inner") is graph.get_layer("inner")
    assert copy.get_layer("plain").weights == copy.weights[:1]
    kernel = copy.get_layer("plain").kernel.numpy()
    np.testing.assert_allclose(copy(X)["y"], X @ kernel * 2 @ kernel, rtol=1e-5)


def test_models_inside_are_opened_if_asked(graph):
    seen = []

    def note(layer):
        seen.append(layer.name)
        return type(layer).from_config(layer.get_config())

    clone_model(graph, clone_function=note, recursive=True)
    assert sorted(seen) == ["deep", "shared"]


def test_a_copy_on_other_inputs(graph):
    other = amalthea.Input((4,), name="other")
    copy = clone_model(graph, input_tensors=other)
    assert copy.input_names == ["other"]
    copy.set_weights(graph.get_weights())
    same(copy, graph)


def test_calls_may_be_changed(graph):
    copy = clone_model(graph, call_function=lambda layer, *args, **kwargs: layer(*args, **kwargs) * (0.0 if layer.name == "inner" else 1.0))
    assert not np.any(copy(X)["z"])
    assert np.any(copy(X)["y"])


def test_copies_of_sequentials():
    late = amalthea.Sequential([layers.Dense(2)])
    assert not clone_model(late).built
    late(X)
    built = clone_model(late)
    assert (built.built, built.input_shape) == (True, (None, 4))
    built.set_weights(late.get_weights())
    same(built, late)
    with pytest.raises(ArgumentError, match="`call_function`"):
        clone_model(late, call_function=lambda layer, x: layer(x))


def test_a_subclass_is_copied_from_its_configuration():
    class Scaled(amalthea.Model):
        def __init__(self, factor, **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, x):
            return ops.multiply(x, self.factor)

        def get_config(self):
            return {**super().get_config(), "factor": self.factor}

    copy = clone_model(Scaled(3.0))
    np.testing.assert_allclose(copy(X), 3 * X)
    with pytest.raises(ArgumentError, match="do not apply"):
        clone_model(copy, clone_function=lambda layer: layer)
    with pytest.raises(ArgumentTypeError, match="colour"):
        clone_model(copy, colour="red")


def test_json_is_plain_and_names_classes(graph):
    text = json.loads(graph.to_json())
    assert (text["class_name"], text["config"]["name"]) == ("Functional", "graph")
    assert [layer["class_name"] for layer in text["config"]["layers"]][:2] == ["InputLayer", "Dense"]


def test_classes_of_yours_come_from_custom_objects():
    class Tripling(layers.Layer):
        def call(self, x):
            return x * 3

    text = amalthea.Sequential([amalthea.Input((4,)), Tripling()]).to_json()
    with pytest.raises(AmaltheaError, match=r"(?s)'Tripling'.*custom_objects"):
        model_from_json(text)
    np.testing.assert_allclose(model_from_json(text, custom_objects={"Tripling": Tripling})(X), 3 * X, rtol=1e-6)
