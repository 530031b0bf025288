"""The article's convolutional network for MNIST: one convolution, one hidden layer, one-hot labels, accuracy."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "MNIST CNN (32)"
BATCH, STEPS = 32, 150


def data(samples: int) -> tuple[Any, Any]:
    """Images (n, 28, 28, 1) and one-hot labels (n, 10)."""
    rng = np.random.default_rng(0)
    return rng.random((samples, 28, 28, 1), "float32"), np.eye(10, dtype="float32")[rng.integers(10, size=samples)]


def build(keras: Any) -> Any:
    """The article's model."""
    layers = keras.layers
    model = keras.Sequential()
    model.add(keras.Input((28, 28, 1)))
    model.add(layers.Conv2D(32, (3, 3), activation="relu"))
    model.add(layers.MaxPooling2D(pool_size=(2, 2)))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model


def handwritten_jax() -> Any:
    """The same with the convolution as patches times a matrix and pooling as a reshape."""
    import jax
    import jax.numpy as jnp
    from handwritten import jax as h

    rng = np.random.default_rng(0)
    params = {"conv": h.dense_start(rng, 3, 3, 1, 32), "hidden": h.dense_start(rng, 5408, 128), "out": h.dense_start(rng, 128, 10)}

    def logits(p: Any, x: Any) -> Any:
        patches = jnp.concatenate([x[:, i : i + 26, j : j + 26] for i in range(3) for j in range(3)], -1)
        maps = patches.reshape(-1, 9) @ p["conv"]["w"].reshape(9, 32) + p["conv"]["b"]
        # The maximum first, then the ReLU on a quarter of the elements: they commute.
        pooled = jax.nn.relu(h.max_pool(maps.reshape(-1, 26, 26, 32)))
        return h.dense(p["out"], jax.nn.relu(h.dense(p["hidden"], pooled.reshape(len(x), -1))))

    def loss(output: Any, y: Any) -> Any:
        return h.cross_entropy(output, y.argmax(-1)), (h.accuracy(output, y.argmax(-1)),)

    return h.Program(params, (), lambda p, s, x, key: (logits(p, x), s), lambda p, s, x: jax.nn.softmax(logits(p, x)), loss)


def handwritten_torch() -> Any:
    """The same, as modules."""
    from handwritten import torch as h
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.hidden, self.out = nn.Conv2d(1, 32, 3), nn.Linear(5408, 128), nn.Linear(128, 10)

        def forward(self, x: Any) -> Any:
            # The maximum first, then the ReLU on a quarter of the elements: they commute.
            maps = nn.functional.max_pool2d(self.conv(x.permute(0, 3, 1, 2)), 2).relu()
            return self.out(self.hidden(maps.permute(0, 2, 3, 1).flatten(1)).relu())

    return h.Program(Net(), h.probabilities, lambda scores, y: h.cross_entropy(scores, y.argmax(-1)))


def handwritten_tensorflow() -> Any:
    """The same, as functions."""
    import tensorflow as tf
    from handwritten import tensorflow as h

    rng = np.random.default_rng(0)
    params = {"conv": h.affine(rng, 3, 3, 1, 32), "hidden": h.affine(rng, 5408, 128), "out": h.affine(rng, 128, 10)}

    def scores(x: Any, training: bool) -> Any:
        maps = tf.nn.bias_add(tf.nn.conv2d(x, params["conv"]["w"], 1, "VALID"), params["conv"]["b"])
        # The maximum first, then the ReLU on a quarter of the elements: they commute.
        pooled = tf.nn.relu(tf.nn.max_pool2d(maps, 2, 2, "VALID"))
        return h.dense(params["out"], tf.nn.relu(h.dense(params["hidden"], tf.reshape(pooled, (len(x), -1)))))

    return h.Program(params, scores, tf.nn.softmax, lambda scores, y: h.cross_entropy(scores, tf.argmax(y, -1, "int32")))
