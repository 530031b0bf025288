"""Two hidden layers of 512 with dropout on flat MNIST."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "MLP 784-512-512-10, dropout (128)"
BATCH, STEPS = 128, 150


def data(samples: int) -> tuple[Any, Any]:
    """Vectors (n, 784) and labels (n,)."""
    rng = np.random.default_rng(0)
    return rng.random((samples, 784), "float32"), rng.integers(10, size=samples).astype("int32")


def build(keras: Any) -> Any:
    """Dense, dropout, dense, dropout, softmax."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def handwritten_jax() -> Any:
    """The same; the loss from logits."""
    import jax
    from handwritten import jax as h

    rng = np.random.default_rng(0)
    params = [h.dense_start(rng, n, m) for n, m in ((784, 512), (512, 512), (512, 10))]

    def forward(p: Any, s: Any, x: Any, key: Any) -> Any:
        for layer, part in zip(p[:-1], jax.random.split(key), strict=True):
            x = h.dropout(part, jax.nn.relu(h.dense(layer, x)), 0.2)
        return h.dense(p[-1], x), s

    def infer(p: Any, s: Any, x: Any) -> Any:
        for layer in p[:-1]:
            x = jax.nn.relu(h.dense(layer, x))
        return jax.nn.softmax(h.dense(p[-1], x))

    return h.Program(params, (), forward, infer, lambda output, y: (h.cross_entropy(output, y), (h.accuracy(output, y),)))


def handwritten_torch() -> Any:
    """The same, as modules."""
    from handwritten import torch as h
    from torch import nn

    model = nn.Sequential(nn.Linear(784, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 512), nn.ReLU(), nn.Dropout(0.2), nn.Linear(512, 10))
    return h.Program(model, h.probabilities, h.cross_entropy)


def handwritten_tensorflow() -> Any:
    """The same, as functions."""
    import tensorflow as tf
    from handwritten import tensorflow as h

    rng = np.random.default_rng(0)
    params = [h.affine(rng, n, m) for n, m in ((784, 512), (512, 512), (512, 10))]

    def scores(x: Any, training: bool) -> Any:
        for layer in params[:-1]:
            x = tf.nn.relu(h.dense(layer, x))
            if training:
                x = tf.nn.dropout(x, 0.2)
        return h.dense(params[-1], x)

    return h.Program(params, scores, tf.nn.softmax, h.cross_entropy)
