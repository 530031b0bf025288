"""Recurrent layers against Keras: weights, configurations, outputs, states, masks, gradients."""

import re

import jax
import keras
import numpy as np
import pytest

import amalthea
from amalthea import layers, ops

X = np.random.default_rng(3).normal(size=(2, 5, 4)).astype("float32")
MASK = np.array([[False, True, True, False, True], [True, True, False, False, False]])

LAYERS = [
    ("SimpleRNN", {"activation": "relu", "use_bias": False}),
    ("LSTM", {}),
    ("LSTM", {"recurrent_activation": "hard_sigmoid", "unit_forget_bias": False}),
    ("GRU", {}),
    ("GRU", {"reset_after": False}),
    ("GRU", {"use_bias": False}),
    ("GRU", {"activation": "softsign", "reset_after": False}),
]
IDS = [f"{name}-{index}" for index, (name, _) in enumerate(LAYERS)]


def uncounted(path):
    """A path without the numbers of those that came before."""
    return re.sub(r"_\d+(?=/|$)", "", path)


def same_weights(ours, theirs, *args, **kwargs):
    """Build both, check what their weights are called, and give them the same values."""
    ours(*args, **kwargs), theirs(*args, **kwargs)
    assert [v.shape for v in ours.weights] == [tuple(v.shape) for v in theirs.weights]
    assert [uncounted(v.path) for v in ours.weights] == [uncounted(v.path) for v in theirs.weights]
    generator = np.random.default_rng(5)
    values = [generator.normal(size=v.shape, scale=0.4).astype("float32") for v in ours.weights]
    ours.set_weights(values)
    theirs.set_weights(values)
    return ours, theirs


def assert_alike(found, expected, rtol=2e-5, atol=2e-6):
    found, expected = jax.tree.leaves(found), jax.tree.leaves(expected)
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=rtol, atol=atol)


def recurrent(module, name, **arguments):
    return getattr(module, name)(3, **arguments)


@pytest.mark.parametrize(("name", "arguments"), LAYERS, ids=IDS)
def test_outputs_and_states(name, arguments):
    ours, theirs = (recurrent(module, name, **arguments, return_sequences=True, return_state=True) for module in (layers, keras.layers))
    same_weights(ours, theirs, X)
    assert_alike(ours(X), theirs(X))
    assert_alike(ours(X, mask=MASK), theirs(X, mask=MASK))
    states = [np.full((2, 3), 0.5, "float32")] * len(ours.state_size)
    assert_alike(ours(X, initial_state=states, mask=MASK), theirs(X, initial_state=states, mask=MASK))


@pytest.mark.parametrize(("sequences", "zeros", "backwards"), [(True, True, False), (True, False, True), (False, True, True), (False, False, False)])
@pytest.mark.parametrize(("name", "arguments"), [("LSTM", {}), ("GRU", {"activation": "softsign"})], ids=["fused", "generic"])
def test_settings_of_the_loop(name, arguments, sequences, zeros, backwards):
    settings = {**arguments, "return_sequences": sequences, "return_state": True, "zero_output_for_mask": zeros, "go_backwards": backwards}
    ours, theirs = same_weights(recurrent(layers, name, **settings), recurrent(keras.layers, name, **settings), X)
    assert_alike(ours(X, mask=MASK), theirs(X, mask=MASK))
    unrolled = recurrent(layers, name, **settings, unroll=True)
    unrolled.build(X.shape)
    unrolled.set_weights(ours.get_weights())
    assert_alike(unrolled(X, mask=MASK), ours(X, mask=MASK))


@pytest.mark.parametrize("mask", [MASK, None], ids=["masked", "whole"])
@pytest.mark.parametrize(("name", "arguments"), LAYERS, ids=IDS)
def test_gradients(name, arguments, mask):
    ours, theirs = same_weights(recurrent(layers, name, **arguments), recurrent(keras.layers, name, **arguments), X)
    _, found = amalthea.value_and_grad(lambda: ops.sum(ops.sin(ours(X, mask=mask))), ours.trainable_variables)()

    def loss(values):
        outputs, _ = theirs.stateless_call(values, [v.value for v in theirs.non_trainable_variables], X, mask=mask)
        return jax.numpy.sum(jax.numpy.sin(outputs))

    assert_alike(found, jax.grad(loss)([v.value for v in theirs.trainable_variables]), rtol=2e-4, atol=1e-5)


@pytest.mark.parametrize(("name", "arguments"), LAYERS, ids=IDS)
@pytest.mark.parametrize("cell", [False, True], ids=["layer", "cell"])
def test_configurations(name, arguments, cell):
    arguments = {**arguments, "dropout": 0.2, "kernel_regularizer": "l2", "seed": 3, "name": "it"}
    ours, theirs = (getattr(module, f"{name}Cell" if cell else name)(3, **arguments) for module in (layers, keras.layers))
    assert ours.get_config() == theirs.get_config()
    assert type(ours).from_config(theirs.get_config()).get_config() == ours.get_config()


def test_variables_beside_the_weights():
    ours, theirs = (module.LSTM(3, stateful=True) for module in (layers, keras.layers))
    ours(X), theirs(X)
    assert len(ours.variables) == len(theirs.variables)
    assert [v.name for v in ours.states] == [v.name for v in theirs.states]


@pytest.mark.parametrize("name", ["SimpleRNNCell", "LSTMCell", "GRUCell"])
def test_cells_by_themselves(name):
    ours, theirs = getattr(layers, name)(3), getattr(keras.layers, name)(3)
    x, states = X[:, 0], [np.full((2, 3), 0.5, "float32")] * (2 if name == "LSTMCell" else 1)
    same_weights(ours, theirs, x, states)
    assert_alike(ours(x, states), theirs(x, states))
    assert (ours.state_size, ours.output_size) == (theirs.state_size, theirs.output_size)
    assert_alike(ours.get_initial_state(2), theirs.get_initial_state(2))


@pytest.mark.parametrize("after", [True, False])
def test_recurrent_dropout_has_one_mask_a_gate(after, monkeypatch):
    x, h = X[:, 0], np.full((2, 3), 0.5, "float32")
    masks = [np.random.default_rng(k).uniform(0, 2, (2, 3)).astype("float32") for k in range(3)]
    ours, theirs = (module.GRUCell(3, recurrent_dropout=0.5, reset_after=after) for module in (layers, keras.layers))
    same_weights(ours, theirs, x, [h])
    theirs._recurrent_dropout_mask = masks
    monkeypatch.setattr(type(ours), "get_recurrent_dropout_mask", lambda self, step_input: masks)
    assert_alike(ours(x, [h], training=True), theirs(x, [h], training=True))


@pytest.mark.parametrize(("rates", "count"), [({"dropout": 0.5}, 1), ({"dropout": 0.5, "recurrent_dropout": 0.5}, 4)])
def test_dropout_has_one_mask_a_gate_beside_recurrent_dropout(rates, count, monkeypatch):
    x, states = X[:, 0], [np.full((2, 3), 0.5, "float32")] * 2
    masks = [np.random.default_rng(k).uniform(0, 2, (2, 4)).astype("float32") for k in range(count)]
    ours, theirs = (module.LSTMCell(3, **rates) for module in (layers, keras.layers))
    same_weights(ours, theirs, x, states)
    theirs._dropout_mask = masks if count > 1 else masks[0]
    monkeypatch.setattr(type(ours), "get_dropout_mask", lambda self, step_input: masks)
    for which in (ours, theirs):
        which.recurrent_dropout = 0.0 if count == 1 else 1e-12  # as good as none, so that the results can be compared
    assert_alike(ours(x, states, training=True), theirs(x, states, training=True))
    assert len(layers.LSTMCell(3, **rates).get_dropout_mask(x)) == count


def stacked(module, **arguments):
    return module.RNN([module.LSTMCell(3), module.GRUCell(2)], return_state=True, **arguments)


def test_stacked_cells():
    ours, theirs = same_weights(stacked(layers), stacked(keras.layers), X)
    assert_alike(ours(X), theirs(X))
    assert ours.cell.state_size == theirs.cell.state_size
    config = theirs.get_config()
    assert set(ours.get_config()) == set(config)
    assert set(ours.get_config()["cell"]["config"]) == set(config["cell"]["config"])
    assert [cell["config"] for cell in ours.cell.get_config()["cells"]] == [
        {**cell["config"], "name": mine.name} for cell, mine in zip(theirs.cell.get_config()["cells"], ours.cell.cells, strict=True)
    ]


@pytest.mark.parametrize(("merge_mode", "sequences"), [("concat", True), ("sum", False), ("mul", True), ("ave", False), (None, True)])
def test_bidirectional(merge_mode, sequences):
    ours, theirs = (module.Bidirectional(module.LSTM(3, return_sequences=sequences), merge_mode=merge_mode) for module in (layers, keras.layers))
    same_weights(ours, theirs, X)
    assert_alike(ours(X, mask=MASK), theirs(X, mask=MASK))
    states = [np.full((2, 3), value, "float32") for value in (0.1, 0.2, 0.3, 0.4)]
    assert_alike(ours(X, initial_state=states), theirs(X, initial_state=states))


def test_bidirectional_states_and_configuration():
    ours, theirs = (
        module.Bidirectional(
            module.GRU(3, return_state=True, name="a"), backward_layer=module.GRU(2, return_state=True, go_backwards=True, name="b"), name="c"
        )
        for module in (layers, keras.layers)
    )
    same_weights(ours, theirs, X)
    assert_alike(ours(X), theirs(X))
    assert [v.path for v in ours.weights] == [v.path for v in theirs.weights]
    found, expected = ours.get_config(), theirs.get_config()
    assert set(found) == set(expected)
    assert found["layer"]["config"] == expected["layer"]["config"]
    assert found["backward_layer"]["config"] == expected["backward_layer"]["config"]
    twin = layers.Bidirectional.from_config(expected)
    assert (twin.forward_layer.name, twin.backward_layer.name) == ("forward_a", "b")


def test_stateful_layers_go_on_where_they_were():
    ours, theirs = same_weights(layers.LSTM(3, stateful=True), keras.layers.LSTM(3, stateful=True), X)
    ours.reset_state(), theirs.reset_state()
    for _ in range(2):
        assert_alike(ours(X), theirs(X))
    ours.reset_state()
    theirs.reset_state()
    assert_alike(ours(X), theirs(X))


@pytest.mark.parametrize("inner", ["Dense", "LSTM"])
def test_time_distributed(inner):
    x = X if inner == "Dense" else np.random.default_rng(1).normal(size=(2, 3, 5, 4)).astype("float32")
    ours, theirs = (module.TimeDistributed(getattr(module, inner)(2)) for module in (layers, keras.layers))
    same_weights(ours, theirs, x)
    assert_alike(ours(x), theirs(x))
    assert ours.compute_output_shape((None, *x.shape[1:])) == theirs.compute_output_shape((None, *x.shape[1:]))
    assert set(ours.get_config()) == set(theirs.get_config())


@pytest.mark.parametrize("settings", [{}, {"return_sequences": True}, {"return_state": True}, {"return_sequences": True, "return_state": True}])
def test_symbolic_shapes_and_masks(settings):
    def shapes(module, make):
        outputs = make(module)(module.Masking()(module.Input((None, 4))))
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        return [x.shape for x in outputs], [getattr(x, "_keras_mask", None) is not None for x in outputs]

    assert shapes(layers, lambda module: module.LSTM(3, **settings)) == shapes(keras.layers, lambda module: module.LSTM(3, **settings))


def test_dtypes_under_a_policy():
    ours, theirs = (module.LSTM(3, dtype="mixed_bfloat16", return_state=True) for module in (layers, keras.layers))
    assert [str(x.dtype) for x in ours(X)] == [str(x.dtype) for x in theirs(X)]
    assert [v.dtype for v in ours.weights] == [v.dtype for v in theirs.weights]
