"""Recurrent layers by themselves: cells of one's own, dropout, states that are kept, masks, errors, other engines."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops
from amalthea.errors import ArgumentError, ShapeError

X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


class Sum(layers.Layer):
    """Adds up what it sees, and gives ten times that."""

    state_size = 3

    def call(self, inputs, states):
        total = states[0] + inputs
        return 10 * total, [total]


def test_a_cell_of_ones_own():
    output, state = layers.RNN(Sum(), return_state=True)(X)
    np.testing.assert_allclose(output, 10 * X.sum(1), rtol=1e-5)
    np.testing.assert_allclose(state, X.sum(1), rtol=1e-5)
    all_outputs = layers.RNN(Sum(), return_sequences=True, go_backwards=True)(X)
    np.testing.assert_allclose(all_outputs, 10 * np.cumsum(X[:, ::-1], 1), rtol=1e-5, atol=1e-5)


def test_masked_steps_are_left_out_and_repeat_the_output_before():
    mask = np.array([[False, True, False, True, True], [True] * 5])
    ones = np.ones((2, 5, 3), "float32")
    kept = layers.RNN(Sum(), return_sequences=True)(ones, mask=mask)
    assert np.asarray(kept)[:, :, 0].tolist() == [[0, 10, 10, 20, 30], [10, 20, 30, 40, 50]]
    zeros = layers.RNN(Sum(), return_sequences=True, zero_output_for_mask=True)(ones, mask=mask)
    assert np.asarray(zeros)[:, :, 0].tolist() == [[0, 10, 0, 20, 30], [10, 20, 30, 40, 50]]


def test_a_cell_with_a_first_state_of_its_own():
    class From5(Sum):
        def get_initial_state(self, batch_size=None):
            return [5 * ops.ones((batch_size, 3))]

    np.testing.assert_allclose(layers.RNN(From5())(X), 10 * (X.sum(1) + 5), rtol=1e-5)


def test_the_mask_of_an_embedding_reaches_the_layer_and_goes_on():
    tokens = np.array([[1, 2, 0, 0], [3, 1, 2, 1]])
    embedding, lstm = layers.Embedding(4, 3, mask_zero=True), layers.LSTM(2)
    whole = lstm(embedding(tokens))
    np.testing.assert_allclose(whole[0], lstm(embedding(tokens[:1, :2]))[0], rtol=1e-5, atol=1e-6)
    sequence = layers.GRU(2, return_sequences=True)(embedding(tokens))
    assert layers.GlobalAveragePooling1D()(sequence).shape == (2, 2)
    np.testing.assert_array_equal(amalthea.state.masks.get_mask(sequence), tokens != 0)


@pytest.mark.parametrize("rates", [{"dropout": 0.5}, {"recurrent_dropout": 0.5}, {"dropout": 0.3, "recurrent_dropout": 0.3}])
@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_dropout_is_drawn_anew_for_each_call_and_only_in_training(kind, rates):
    layer = getattr(layers, kind)(4, seed=1, **rates)
    twin = type(layer).from_config({**layer.get_config(), "seed": 1})
    plain = layer(X)
    twin(X)
    twin.set_weights(layer.get_weights())
    first, second = layer(X, training=True), layer(X, training=True)
    assert not np.allclose(first, plain)
    assert not np.allclose(first, second)
    np.testing.assert_allclose(layer(X), plain)
    if kind != "SimpleRNN":  # whose configuration has no seed, as in Keras
        np.testing.assert_allclose(twin(X, training=True), first, rtol=1e-5)


def test_the_same_features_are_dropped_at_all_steps():
    layer = layers.SimpleRNN(3, activation=None, dropout=0.5, recurrent_dropout=0.0, return_sequences=True, use_bias=False, seed=2)
    layer.build((1, 6, 3))
    layer.set_weights([np.eye(3, dtype="float32"), np.zeros((3, 3), "float32")])
    outputs = np.asarray(layer(np.ones((1, 6, 3), "float32"), training=True))[0]
    assert set(np.unique(outputs)) <= {0.0, 2.0}
    assert (outputs == outputs[0]).all()


def test_cells_inside_cells_draw_their_masks_before_the_loop():
    class Around(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = layers.LSTMCell(4, dropout=0.5, recurrent_dropout=0.5)
            self.state_size = self.inner.state_size

        def build(self, input_shape):
            self.inner.build(input_shape)

        def call(self, inputs, states, training=False):
            return self.inner(inputs, states, training=training)

    layer = layers.RNN(Around())
    assert layer(X, training=True).shape == (2, 4)
    assert int(layer.cell.inner.seed_generator.state.numpy()[1]) == 8


def test_stateful_layers_in_compiled_functions():
    layer = layers.GRU(4, stateful=True)
    expected = layer(np.concatenate([X, X], 1))
    layer.reset_state()
    step = amalthea.jit(lambda x: layer(x))
    step(X)
    np.testing.assert_allclose(step(X), expected, rtol=1e-5, atol=1e-6)
    assert len(layer.weights) == 3


def test_initial_states_in_a_functional_model():
    sequence, h, c = layers.Input((None, 3)), layers.Input((4,)), layers.Input((4,))
    lstm = layers.LSTM(4)
    model = amalthea.Model([sequence, h, c], lstm(sequence, initial_state=[h, c]))
    states = [np.ones((2, 4), "float32"), np.full((2, 4), 2, "float32")]
    np.testing.assert_allclose(model([X, *states]), lstm(X, initial_state=states), rtol=1e-6)
    twin = amalthea.Model.from_config(model.get_config())
    twin.set_weights(model.get_weights())
    np.testing.assert_allclose(twin([X, *states]), model([X, *states]), rtol=1e-6)


def test_first_weights_of_bidirectional():
    layer = layers.Bidirectional(layers.SimpleRNN(2))
    layer(X)
    twin = layers.Bidirectional(layers.SimpleRNN(2), weights=layer.get_weights())
    np.testing.assert_allclose(twin(X), layer(X))


def test_bidirectional_sees_the_end_first():
    layer = layers.Bidirectional(layers.SimpleRNN(2, return_sequences=True), merge_mode=None)
    ahead, back = layer(X)
    layer.backward_layer.set_weights(layer.forward_layer.get_weights())
    ahead, back = layer(X[:, ::-1])[0], layer(X)[1]
    np.testing.assert_allclose(ahead, np.asarray(back)[:, ::-1], rtol=1e-6)


def test_nested_time_distributed():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    dense = layers.Dense(2)
    layer = layers.TimeDistributed(layers.TimeDistributed(dense))
    np.testing.assert_allclose(layer(x), dense(x), rtol=1e-5, atol=1e-6)
    assert layer(layers.Input((None, None, 5))).shape == (None, None, None, 2)


def test_time_distributed_hands_on_masks_of_steps():
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)).astype("float32")
    mask = np.arange(4) < np.array([[[1], [2], [4]], [[3], [4], [1]]])
    gru = layers.GRU(2)
    outputs = layers.TimeDistributed(gru)(x, mask=mask)
    np.testing.assert_allclose(outputs[0, 1], gru(x[0, 1:2, :2])[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", ["SimpleRNN", "LSTM", "GRU"])
def test_engines_agree(kind):
    layer = getattr(layers, kind)(4, return_sequences=True)
    mask = np.array([[True, False, True, True, False], [False, True, True, True, True]])
    expected = np.asarray(layer(X, mask=mask))
    twin = type(layer).from_config(layer.get_config())
    with amalthea.engine("numpy"):
        twin(X)
        twin.set_weights(layer.get_weights())
        np.testing.assert_allclose(twin(X, mask=mask), expected, rtol=1e-5, atol=1e-6)


def test_the_bias_of_the_forget_gate_begins_with_one():
    layer = layers.LSTM(2, bias_initializer=lambda shape, dtype=None: np.full(shape, 3, dtype))
    layer.build((None, 4, 3))
    assert layer.cell.bias.numpy().tolist() == [3, 3, 1, 1, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: layers.RNN(3), ArgumentError, "takes cells"),
        (lambda: layers.RNN(layers.Dense(3)), ArgumentError, "state_size"),
        (lambda: layers.LSTM(0), ArgumentError, "units"),
        (lambda: layers.GRU(3, dropout=2), ArgumentError, "dropout"),
        (lambda: layers.LSTM(3)(np.ones((2, 4), "float32")), ShapeError, "3 axes"),
        (lambda: layers.LSTM(3)(X, initial_state=[np.zeros((2, 3))]), ArgumentError, "2 .*1"),
        (lambda: layers.LSTM(3, stateful=True)(layers.Input((None, 4))), ShapeError, "batch"),
        (lambda: layers.Bidirectional(layers.Dense(3)), ArgumentError, "recurrent"),
        (lambda: layers.Bidirectional(layers.LSTM(3), merge_mode="sums"), ArgumentError, "sum"),
        (lambda: layers.Bidirectional(layers.LSTM(3), backward_layer=layers.LSTM(3)), ArgumentError, "backwards"),
        (lambda: layers.TimeDistributed(layers.Dense(2))(np.ones((2, 3), "float32")), ShapeError, "three axes"),
    ],
)
def test_errors(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_a_stateful_layer_refuses_another_batch():
    layer = layers.LSTM(3, stateful=True)
    layer(X)
    with pytest.raises(ShapeError, match="keeps the states of 2"):
        layer(np.ones((3, 5, 3), "float32"))
