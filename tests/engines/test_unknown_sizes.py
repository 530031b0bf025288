"""Graphs of TensorFlow that serve any size of batch, or of other axes: layers and operations in functions that are traced with `None` in a shape."""

import numpy as np
import pytest

import amalthea
from amalthea import layers, ops, random
from amalthea.errors import ArgumentTypeError
from amalthea.testing.choice import engines_to_test

pytestmark = pytest.mark.skipif("tensorflow" not in engines_to_test(), reason="needs TensorFlow")

GENERATOR = np.random.default_rng(5)


class Attending(layers.Layer):
    def __init__(self):
        super().__init__()
        self.inner = layers.MultiHeadAttention(2, 3, dropout=0.1)

    def call(self, x, training=False):
        return self.inner(x, x, use_causal_mask=True, training=training)


# What is traced, and the shape of its inputs without the batch.
SEQUENCE, IMAGE = (None, 4), (None, None, 3)
LAYERS = {
    "dense": (lambda: layers.Dense(3), SEQUENCE),
    "einsum": (lambda: layers.EinsumDense("abc,cde->abde", (None, 2, 3)), SEQUENCE),
    "attention": (Attending, SEQUENCE),
    "lstm": (lambda: layers.Bidirectional(layers.LSTM(3, return_sequences=True, dropout=0.2)), SEQUENCE),
    "gru": (lambda: layers.GRU(3, go_backwards=True), SEQUENCE),
    "cells": (lambda: layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)]), SEQUENCE),
    "masked": (lambda: amalthea.Sequential([layers.Masking(), layers.LSTM(3)]), SEQUENCE),
    "time": (lambda: layers.TimeDistributed(layers.Dense(3)), SEQUENCE),
    "group": (lambda: layers.GroupNormalization(2), SEQUENCE),
    "dropout": (lambda: layers.SpatialDropout1D(0.3), SEQUENCE),
    "noise": (lambda: layers.GaussianNoise(0.3), SEQUENCE),
    "conv1": (lambda: layers.Conv1D(3, 3, padding="causal"), SEQUENCE),
    "conv2": (lambda: layers.Conv2D(3, 3, strides=2, padding="same"), IMAGE),
    "transposed": (lambda: layers.Conv2DTranspose(3, 3, strides=2, padding="same"), IMAGE),
    "pool": (lambda: layers.MaxPooling2D(3, 2, padding="same"), IMAGE),
    "mean": (lambda: layers.AveragePooling2D(3, 1, padding="same"), IMAGE),
    "larger": (lambda: layers.UpSampling2D(2), IMAGE),
    "repeated": (lambda: layers.RepeatVector(3), (4,)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name):
    import tensorflow as tf

    make, shape = LAYERS[name]
    with amalthea.engine("tensorflow"):
        model = amalthea.Sequential([amalthea.Input(shape), make()])
        module = model.as_tf_function()

        @tf.function(input_signature=[tf.TensorSpec((None, *shape))], autograph=False)
        def trained(x):
            with tf.GradientTape() as tape:
                tape.watch(x)
                total = tf.reduce_sum(module(x, training=True) ** 2)
            return tape.gradient(total, x)

        for batch, size in ((2, 5), (3, 8), (2, 1)):
            x = GENERATOR.normal(size=(batch, *(size if axis is None else axis for axis in shape))).astype("float32")
            traced = module.__call__.get_concrete_function(tf.TensorSpec((None, *shape)))
            np.testing.assert_allclose(traced(tf.constant(x)), model(x), rtol=1e-4, atol=1e-5)
            assert trained(tf.constant(x)).shape == x.shape


# What people write with sizes.


def heads(x):
    batch, length = ops.shape(x)[:2]
    return ops.transpose(ops.reshape(x, (batch, length, 2, -1)), (0, 2, 1, 3))


def positions(x):
    return x + ops.cast(ops.arange(ops.shape(x)[1]), "float32")[None, :, None]


def share(x):
    return ops.sum(x, 0) / ops.cast(ops.shape(x)[0], "float32")


def filled(x):
    return x * ops.ones(ops.shape(x)) + ops.zeros_like(x) + ops.full((ops.shape(x)[0] * 2, 1, 1), 3.0)[: ops.shape(x)[0]]


def spread(x):
    return ops.broadcast_to(x[:1], ops.shape(x)) + ops.tile(x[:, :1], (1, ops.shape(x)[1], 1))


def halves(x):
    return ops.concatenate([x[:, ops.shape(x)[1] // 2 :], ops.roll(x, 1, 1)], axis=1)


def sorted_places(x):
    return ops.take_along_axis(x, ops.argsort(x, -1), -1) + ops.sort(x, 1)


def triangle(x):
    return ops.triu(ops.matmul(x, ops.swapaxes(x, 1, 2)))


def classes(x):
    return ops.one_hot(ops.argmax(x, -1), 4) + ops.softmax(x)


def mapped(x):
    return ops.map(lambda row: row * 2, x)


PROGRAMS = (heads, positions, share, filled, spread, halves, sorted_places, triangle, classes, mapped)


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs(program):
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        traced = tf.function(program, input_signature=[tf.TensorSpec((None, None, 4))], autograph=False)
        for shape in ((2, 3, 4), (4, 6, 4)):
            x = GENERATOR.normal(size=shape).astype("float32")
            with amalthea.engine("numpy"):
                expected = program(x)
            np.testing.assert_allclose(traced(tf.constant(x)), expected, rtol=1e-5, atol=1e-5)


def test_draws():
    import tensorflow as tf

    draws = (
        lambda n: random.normal((n, 3), seed=1),
        lambda n: random.uniform((n, 3), seed=1),
        lambda n: random.truncated_normal((n, 3), seed=1),
        lambda n: random.randint((n, 3), 0, 10, seed=1),
        lambda n: random.gamma((n, 3), 2.0, seed=1),
        lambda n: random.beta((n, 3), 2.0, 1.0, seed=1),
        lambda n: random.binomial((n, 3), 5.0, 0.3, seed=1),
        lambda n: random.categorical(ops.ones((n, 4)), 3, seed=1),
        lambda n: random.dropout(ops.ones((n, 3)), 0.5, noise_shape=(None, 1), seed=1),
        lambda n: random.shuffle(ops.arange(3 * n), seed=1)[:, None] * ops.ones((1, 3), "int32"),
    )
    with amalthea.engine("tensorflow"):
        for draw in draws:
            # Both by our own function and by TensorFlow's.
            of_ours = tf.function(lambda x, draw=draw: draw(ops.shape(x)[0]), input_signature=[tf.TensorSpec((None,))], autograph=False)
            of_theirs = tf.function(lambda x, draw=draw: draw(tf.shape(x)[0]), input_signature=[tf.TensorSpec((None,))], autograph=False)
            for size in (2, 5):
                expected = ops.convert_to_numpy(draw(size))
                np.testing.assert_array_equal(of_ours(tf.ones(size)), expected)
                np.testing.assert_array_equal(of_theirs(tf.ones(size)), expected)


def test_a_data_set_may_be_prepared_by_layers():
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        blurred = amalthea.Sequential([layers.Rescaling(2.0), layers.GaussianNoise(0.1), layers.Dense(3, kernel_initializer="ones")])
        blurred.build((None, 4, 4))
        data = tf.data.Dataset.from_tensor_slices(np.ones((5, 4, 4), "float32")).batch(2).map(blurred)
        assert [batch.shape for batch in data] == [(2, 4, 3), (2, 4, 3), (1, 4, 3)]
        np.testing.assert_array_equal(next(iter(data)), np.full((2, 4, 3), 8.0))


def test_a_number_that_is_not_known_is_asked_for():
    import tensorflow as tf

    with amalthea.engine("tensorflow"):
        traced = tf.function(lambda x: ops.unstack(x), input_signature=[tf.TensorSpec((None, 2))], autograph=False)
        with pytest.raises(ArgumentTypeError, match=r"known only when the graph runs.*`input_signature`"):
            traced(tf.ones((3, 2)))
