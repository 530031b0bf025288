"""Sentiment of a review: an embedding of 20,000 words and an LSTM of 128 units over 100 of them."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "Embedding 20k + LSTM 128, length 100 (32)"
BATCH, STEPS = 32, 30
WORDS, LENGTH, UNITS = 20_000, 100, 128


def data(samples: int) -> tuple[Any, Any]:
    """Words (n, 100) and labels (n, 1), 0 or 1."""
    rng = np.random.default_rng(0)
    return rng.integers(WORDS, size=(samples, LENGTH)).astype("int32"), rng.integers(2, size=(samples, 1)).astype("float32")


def build(keras: Any) -> Any:
    """Embedding, LSTM, one sigmoid."""
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((LENGTH,), dtype="int32"), layers.Embedding(WORDS, UNITS), layers.LSTM(UNITS), layers.Dense(1, activation="sigmoid")]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model


def handwritten_jax() -> Any:
    """The same; the product with the inputs of all steps stands before the loop."""
    import jax
    import jax.numpy as jnp
    from handwritten import jax as h

    rng = np.random.default_rng(0)
    params = {
        "words": rng.uniform(-0.05, 0.05, (WORDS, UNITS)).astype("float32"),
        "input": h.dense_start(rng, UNITS, 4 * UNITS),
        "recurrent": np.linalg.qr(rng.normal(size=(4 * UNITS, UNITS)))[0].T.astype("float32"),
        "out": h.dense_start(rng, UNITS, 1),
    }
    params["input"]["b"][UNITS : 2 * UNITS] = 1.0

    def logits(p: Any, x: Any) -> Any:
        projected = h.dense(p["input"], p["words"][x.T])

        def cell(carry: Any, now: Any) -> Any:
            hidden, memory = carry
            gates = now + hidden @ p["recurrent"]
            i, f, o = (jax.nn.sigmoid(gates[:, k * UNITS : (k + 1) * UNITS]) for k in (0, 1, 3))
            memory = f * memory + i * jnp.tanh(gates[:, 2 * UNITS : 3 * UNITS])
            return (o * jnp.tanh(memory), memory), None

        zeros = jnp.zeros((len(x), UNITS))
        (hidden, _), _ = jax.lax.scan(cell, (zeros, zeros), projected)
        return h.dense(p["out"], hidden)

    def loss(output: Any, y: Any) -> Any:
        return (jax.nn.softplus(output) - y * output).mean(), (((output > 0) == (y > 0)).sum().astype(jnp.float32),)

    return h.Program(params, (), lambda p, s, x, key: (logits(p, x), s), lambda p, s, x: jax.nn.sigmoid(logits(p, x)), loss)


def handwritten_torch() -> Any:
    """The same, as modules, with PyTorch's own LSTM."""
    from handwritten import torch as h
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.lstm, self.out = nn.Embedding(WORDS, UNITS), nn.LSTM(UNITS, UNITS, batch_first=True), nn.Linear(UNITS, 1)

        def forward(self, x: Any) -> Any:
            return self.out(self.lstm(self.words(x))[0][:, -1])

    def loss(scores: Any, y: Any) -> Any:
        return nn.functional.binary_cross_entropy_with_logits(scores, y), ((scores.detach() > 0) == (y > 0)).sum()

    return h.Program(Net(), lambda scores: scores.sigmoid(), loss)


def handwritten_tensorflow() -> Any:
    """The same, as functions, with TensorFlow's own kernel of an LSTM over all steps."""
    import tensorflow as tf
    from handwritten import tensorflow as h

    rng = np.random.default_rng(0)
    bias = np.zeros(4 * UNITS)
    bias[2 * UNITS : 3 * UNITS] = 1.0  # the gates: input, cell, forget, output
    params = {
        "words": h.uniform(rng, WORDS, UNITS),
        "lstm": {"w": h.kernel(rng, 2 * UNITS, 4 * UNITS), "b": h.variable(bias)},
        "out": h.affine(rng, UNITS, 1),
    }

    def scores(x: Any, training: bool) -> Any:
        words = tf.gather(params["words"], tf.transpose(x))
        zeros, peephole = tf.zeros((len(x), UNITS)), tf.zeros((UNITS,))
        hidden = tf.raw_ops.BlockLSTMV2(
            seq_len_max=tf.constant(LENGTH, "int64"),
            x=words,
            cs_prev=zeros,
            h_prev=zeros,
            **params["lstm"],
            wci=peephole,
            wcf=peephole,
            wco=peephole,
            cell_clip=0,
        ).h
        return h.dense(params["out"], hidden[-1])

    def loss(scores: Any, y: Any) -> Any:
        return h.binary_cross_entropy(scores, y), tf.math.count_nonzero((scores > 0) == (y > 0), dtype="float32")

    return h.Program(params, scores, tf.sigmoid, loss)
