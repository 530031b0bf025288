"""Models made of a graph: structures of inputs and outputs, ranks and dtypes, parts of other models, refusals."""

from collections import OrderedDict

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.errors import AmaltheaError, ArgumentError, ArgumentTypeError, ShapeError

X = np.arange(12, dtype="float32").reshape(3, 4) / 10


@pytest.fixture
def two_sided():
    a, b = amalthea.Input((4,), name="a"), amalthea.Input((4,), name="b")
    return amalthea.Model([a, b], {"sum": a + b, "gap": a - b}, name="two_sided")


@pytest.mark.parametrize("given", [[X, 2 * X], (X, 2 * X), {"a": X, "b": 2 * X}, {"b": 2 * X, "a": X}, {"a": X, "b": 2 * X, "unused": X}])
def test_inputs_by_place_or_by_name(two_sided, given):
    found = two_sided(given)
    assert sorted(found) == ["gap", "sum"]
    np.testing.assert_allclose(found["sum"], 3 * X, rtol=1e-6)
    np.testing.assert_allclose(found["gap"], -X, rtol=1e-6)


def test_what_it_says_of_itself(two_sided):
    assert two_sided.input_names == ["a", "b"]
    assert two_sided.input_shape == [(None, 4), (None, 4)]
    assert two_sided.output_shape == {"sum": (None, 4), "gap": (None, 4)}
    assert [layer.name for layer in two_sided.layers] == ["a", "b"]
    assert len(two_sided.operations) == 4
    assert two_sided.get_layer("b") is two_sided.layers[1]
    assert two_sided.get_layer(index=0) is two_sided.layers[0]


def test_nested_structures_come_back_as_they_were():
    x = amalthea.Input((4,))
    model = amalthea.Model({"in": (x,)}, [x * 2, {"more": (x + 1,)}])
    first, rest = model({"in": (X,)})
    np.testing.assert_allclose(first, 2 * X)
    assert isinstance(rest["more"], tuple)
    np.testing.assert_allclose(rest["more"][0], X + 1)


def test_ordered_dictionaries_keep_their_order():
    first, second = amalthea.Input((4,), name="z"), amalthea.Input((2,), name="a")
    model = amalthea.Model(OrderedDict(z=first, a=second), [first * 2, second * 3])
    for given in (OrderedDict(z=X, a=X[:, :2]), {"a": X[:, :2], "z": X}):
        wide, narrow = model(given)
        np.testing.assert_allclose(wide, 2 * X)
        np.testing.assert_allclose(narrow, 3 * X[:, :2])


@pytest.mark.parametrize(("shape", "given"), [((4,), X[..., None]), ((4, 1), X), ((4,), X)])
def test_an_axis_of_one_may_be_missing_or_left_over(shape, given):
    x = amalthea.Input(shape)
    model = amalthea.Model(x, layers.Flatten()(x))
    np.testing.assert_array_equal(model(given), X)


def test_integers_become_what_the_input_is():
    x = amalthea.Input((2,))
    found = amalthea.Model(x, x / 2)(np.array([[1, 3]]))
    np.testing.assert_array_equal(found, [[0.5, 1.5]])


def test_shared_layers_have_one_set_of_weights():
    shared = layers.Dense(2, name="shared")
    a, b = amalthea.Input((4,)), amalthea.Input((4,))
    model = amalthea.Model([a, b], ops.concatenate([shared(a), shared(b)], axis=1))
    kernel = np.arange(8.0).reshape(4, 2)
    model.set_weights([kernel, [1.0, 2.0]])
    np.testing.assert_allclose(model([X, -X]), np.concatenate([X @ kernel + [1, 2], -X @ kernel + [1, 2]], 1), rtol=1e-5)
    assert model.count_params() == 10


def test_models_are_layers_of_models():
    x = amalthea.Input((4,))
    inner = amalthea.Model(x, [x * 2, x + 1], name="inner")
    y = amalthea.Input((4,))
    twice, more = inner(y)
    outer = amalthea.Model(y, inner(twice)[1] + more)
    np.testing.assert_allclose(outer(X), (2 * X + 1) + (X + 1), rtol=1e-6)
    assert [layer.name for layer in outer.layers][1:] == ["inner"]


def test_the_middle_of_a_model_goes_in_and_out():
    x = amalthea.Input((4,))
    hidden = layers.Dense(3, name="hidden")(x)
    model = amalthea.Model(x, layers.Dense(2, name="head")(layers.ReLU()(hidden)))
    front = amalthea.Model(model.input, model.get_layer("hidden").output)
    back = amalthea.Model(model.get_layer("hidden").output, model.output)
    np.testing.assert_allclose(back(front(X)), model(X), rtol=1e-6)
    assert len(back.weights) == 2
    assert back.weights[0] is model.get_layer("head").kernel


def test_symbols_on_a_model_give_symbols(two_sided):
    found = two_sided([amalthea.Input((4,)), amalthea.Input((4,))])
    assert {name: y.shape for name, y in found.items()} == {"gap": (None, 4), "sum": (None, 4)}
    with pytest.raises(AmaltheaError, match=r"(?s)4.*5|5.*4"):
        two_sided([amalthea.Input((5,)), amalthea.Input((4,))])


def test_a_subclass_may_make_its_graph_in_init():
    class Scorer(amalthea.Model):
        def __init__(self, units, **kwargs):
            inputs = amalthea.Input((4,))
            super().__init__(inputs=inputs, outputs=layers.Dense(units, kernel_initializer="ones")(inputs), **kwargs)
            self.units = units

    model = Scorer(2, name="scorer")
    np.testing.assert_allclose(model(X), X.sum(1, keepdims=True).repeat(2, 1), rtol=1e-6)
    assert (model.name, model.units, model.output_shape) == ("scorer", 2, (None, 2))


@pytest.mark.parametrize(
    ("act", "error", "words"),
    [
        (lambda m: m([X]), ShapeError, r"has 2 inputs \(a, b\), but received 1, of shapes \[\(3, 4\)\]"),
        (lambda m: m({"a": X, "c": X}), ShapeError, r"needs the input 'b'.*\['a', 'c'\]"),
        (lambda m: m([X, X[:, :3]]), ShapeError, r"(?s)'b'.*4.*\(3, 3\)"),
        (lambda m: amalthea.Model(m.inputs[0], m.outputs), ArgumentError, r"(?s)'b'.*\['a'\].*Add it to `inputs`"),
        (lambda m: amalthea.Model([m.inputs[0]] * 2, m.outputs), ArgumentError, "`inputs` names a tensor twice"),
        (lambda m: amalthea.Model(X, m.outputs), ArgumentTypeError, "`inputs` must hold KerasTensor"),
        (lambda m: amalthea.Model(m.inputs, X), ArgumentTypeError, "`outputs` must hold KerasTensor"),
        (lambda m: m.add_loss(m.inputs[0]), ArgumentTypeError, "cannot be a loss"),
    ],
)
def test_refusals_say_what_came_and_what_is_needed(two_sided, act, error, words):
    with pytest.raises(error, match=words):
        act(two_sided)


def test_a_name_is_given_once():
    x = amalthea.Input((4,))
    with pytest.raises(ArgumentError, match="'same' is used 2 times"):
        amalthea.Model(x, layers.Dense(1, name="same")(layers.Dense(2, name="same")(x)))
