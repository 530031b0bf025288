"""`Sequential`: built early, late or again; what may be added, and when."""

import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.errors import ArgumentError, ArgumentTypeError, NotBuiltError, ShapeError

X = np.arange(12, dtype="float32").reshape(3, 4) / 10


@pytest.mark.parametrize(
    "first",
    [
        [amalthea.Input((4,))],
        [layers.InputLayer(shape=(4,))],
        [layers.InputLayer(batch_shape=(None, 4))],
    ],
)
def test_an_input_builds_it_at_once(first):
    model = amalthea.Sequential([*first, layers.Dense(3)])
    assert model.built
    assert (model.input_shape, model.output_shape, model.count_params()) == ((None, 4), (None, 3), 15)
    assert [layer.name for layer in model.layers] == [model.layers[-1].name]
    assert (len(model.inputs), len(model.outputs)) == (1, 1)


@pytest.mark.parametrize("arguments", [{"input_shape": (4,)}, {"input_dim": 4}])
def test_old_code_gives_the_shape_to_the_first_layer(arguments):
    model = amalthea.Sequential([layers.Dense(3, **arguments), layers.Dense(2)])
    assert (model.built, model.count_params()) == (True, 15 + 8)


def test_without_one_data_builds_it_for_any_batch():
    model = amalthea.Sequential([layers.Dense(3), layers.Dense(2)])
    with pytest.raises(NotBuiltError, match="no `outputs` yet"):
        _ = model.outputs
    assert (model.built, model.weights) == (False, [])
    model(X)
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
    assert model(X[:1]).shape == (1, 2)
    built = amalthea.Sequential([layers.Dense(3)])
    built.build((None, 4))
    assert built.count_params() == 15


def test_adding_keeps_the_weights_that_are_there():
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3)])
    before = model.get_weights()
    model.add(layers.Dense(1))
    assert model.output_shape == (None, 1)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    taken = model.pop()
    assert (taken.units, model.output_shape, len(model.weights)) == (1, (None, 3), 2)


def test_popping_all_there_is():
    model = amalthea.Sequential([layers.Dense(3)])
    model.pop()
    with pytest.raises(ArgumentError, match="no layer to take away"):
        model.pop()
    with pytest.raises(ArgumentError, match="has no layers"):
        model.build((None, 4))


def test_layers_that_do_different_things_in_training():
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dropout(0.5, seed=1)])
    np.testing.assert_array_equal(model(X), X)
    dropped = np.asarray(model(X, training=True))
    assert set(np.unique(np.isclose(dropped, 0) | np.isclose(dropped, 2 * X))) == {True}
    assert (dropped != X).any()


def test_masks_pass_through():
    model = amalthea.Sequential([amalthea.Input((3,)), layers.Embedding(5, 2, mask_zero=True), layers.GlobalAveragePooling1D()])
    tokens = np.array([[1, 2, 0]])
    table = model.layers[0].embeddings.numpy()
    np.testing.assert_allclose(model(tokens), (table[1:2] + table[2:3]) / 2, rtol=1e-6)


def test_a_sequential_in_a_sequential():
    inner = amalthea.Sequential([layers.Dense(3), layers.Dense(2)], name="inner")
    outer = amalthea.Sequential([inner, layers.Dense(1)])
    outer(X)
    assert (inner.built, outer.count_params()) == (True, 15 + 8 + 3)
    assert [variable.path.split("/")[-1] for variable in outer.weights] == ["kernel", "bias"] * 3


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda m: m.add(layers.Dense(1, name="hidden")), ArgumentError, "layer named 'hidden' already"),
        (lambda m: m.add(amalthea.Input((4,))), ArgumentError, "An input comes first"),
        (lambda m: m.add(np.ones(3)), ArgumentTypeError, r"Only layers.*ndarray"),
        (lambda m: m(np.ones((2, 7), "float32")), ShapeError, r"(?s)4.*\(2, 7\)"),
        (lambda m: m.add(layers.LSTM(2, return_state=True)), (ArgumentError, ShapeError), "one output|3"),
    ],
)
def test_refusals_name_the_layer(act, error, words):
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(3, name="hidden")])
    with pytest.raises(error, match=words):
        act(model)


def test_a_layer_with_two_outputs_breaks_the_chain():
    class Two(layers.Layer):
        def call(self, x):
            return x, x

    with pytest.raises(ArgumentError, match=r"one output.*'two' gave 2"):
        amalthea.Sequential([amalthea.Input((4,)), Two(name="two")])
