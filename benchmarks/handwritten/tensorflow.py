"""The hand-written TensorFlow side: layers as functions over variables, Adam's own kernel, and a training loop around one `tf.function`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from handwritten import batches


class Program(NamedTuple):
    """A model written by hand.

    `scores(*inputs, training)` computes from variables, `finish(scores)` makes of it what `predict` returns; `loss(scores, y)` gives
    the mean loss of the batch and how many of it are right (None where the script has no such metric). `params` are the variables to
    train, in any nest.
    """

    params: Any
    scores: Callable[..., Any]
    finish: Callable[[Any], Any]
    loss: Callable[[Any, Any], tuple[Any, Any]]


class Trainer:
    """The loop: shuffle, cut batches from NumPy arrays, one graph each; what is summed is read at the end of the epoch."""

    def __init__(self, program: Program, seed: int = 0) -> None:
        params = tf.nest.flatten(program.params)
        slots = [(variable(np.zeros(p.shape)), variable(np.zeros(p.shape))) for p in params]
        powers = variable(np.array([1, 1]))
        self.totals = variable(np.zeros(2))
        self.rng = np.random.default_rng(seed)

        @tf.function
        def step(inputs: Any, labels: Any) -> None:
            with tf.GradientTape() as tape:
                loss, right = program.loss(program.scores(*inputs, training=True), labels)
            adam(params, tape.gradient(loss, params), slots, powers)
            self.totals.assign_add(tf.stack([loss, 0.0 if right is None else right]))

        self.step = step
        self.infer = tf.function(lambda inputs: program.finish(program.scores(*inputs, training=False)))

    def fit(self, x: Any, y: Any, batch_size: int) -> float:
        """One epoch over `x` (an array, or a tuple of them); the sum of the losses."""
        self.totals.assign([0, 0])
        for inputs, labels in batches(self.rng, x, y, batch_size):
            self.step(inputs, labels)
        return float(self.totals[0])

    def predict(self, x: Any) -> np.ndarray:
        """The outputs for `x`."""
        return self.infer(x if isinstance(x, tuple) else (x,)).numpy()


def adam(params: Any, gradients: Any, slots: Any, powers: Any) -> None:
    """One step of Adam (Kingma and Ba, 2014) on every parameter; `powers` are those of the two decays."""
    powers.assign(powers * [0.9, 0.999])
    for p, g, (m, v) in zip(params, gradients, slots, strict=True):
        # A gradient by rows becomes dense: the moments of the rows that are absent decay too, as Keras has it.
        tf.raw_ops.ResourceApplyAdam(
            var=p.handle,
            m=m.handle,
            v=v.handle,
            beta1_power=powers[0],
            beta2_power=powers[1],
            lr=0.001,
            beta1=0.9,
            beta2=0.999,
            epsilon=1e-7,
            grad=tf.convert_to_tensor(g),
        )


# --- parameters -------------------------------------------------------------------------------------------


def variable(value: Any) -> tf.Variable:
    """A variable in float32."""
    return tf.Variable(value, dtype="float32")


def uniform(rng: np.random.Generator, *shape: int) -> tf.Variable:
    """The rows of an embedding."""
    return variable(rng.uniform(-0.05, 0.05, shape))


def kernel(rng: np.random.Generator, *shape: int) -> tf.Variable:
    """Uniform weights of Glorot and Bengio (2010)."""
    window = int(np.prod(shape[:-2]))
    limit = np.sqrt(6 / (window * (shape[-2] + shape[-1])))
    return variable(rng.uniform(-limit, limit, shape))


def affine(rng: np.random.Generator, *shape: int) -> dict[str, tf.Variable]:
    """A kernel of `shape` and a bias."""
    return {"w": kernel(rng, *shape), "b": variable(np.zeros(shape[-1]))}


# --- layers -----------------------------------------------------------------------------------------------


def dense(p: Any, x: Any) -> Any:
    """An affine map of the last axis, as one product of two matrices."""
    flat = tf.nn.bias_add(tf.matmul(tf.reshape(x, (-1, x.shape[-1])), p["w"]), p["b"])
    return tf.reshape(flat, (*x.shape[:-1], p["w"].shape[-1]))


def layer_norm(p: Any, x: Any) -> Any:
    """Mean 0 and variance 1 along the last axis, then scaled and moved."""
    mean, variance = tf.nn.moments(x, -1, keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, p["b"], p["w"], 1e-3)


# --- losses -----------------------------------------------------------------------------------------------


def cross_entropy(scores: Any, labels: Any) -> tuple[Any, Any]:
    """The mean of -log softmax at integer labels, and how many of a batch are right."""
    right = tf.math.count_nonzero(tf.argmax(scores, -1, labels.dtype) == labels, dtype="float32")
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, scores)), right


def binary_cross_entropy(scores: Any, labels: Any) -> Any:
    """The mean loss of sigmoid scores."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(labels, scores))
