"""Two towers: users and items, each an embedding and two layers, and the product of the two as the score."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "two-tower recommender (256)"
BATCH, STEPS = 256, 400
USERS, ITEMS, WIDTH = 1000, 1000, 32


def data(samples: int) -> tuple[Any, Any]:
    """Users (n,) and items (n,), and whether they met: (n, 1)."""
    rng = np.random.default_rng(0)
    pairs = tuple(rng.integers(count, size=samples).astype("int32") for count in (USERS, ITEMS))
    return pairs, rng.integers(2, size=(samples, 1)).astype("float32")


def build(keras: Any) -> Any:
    """Embedding, two dense layers on each side; a sigmoid of the dot product."""
    layers = keras.layers
    inputs, towers = [], []
    for count in (USERS, ITEMS):
        entry = keras.Input((), dtype="int32")
        x = layers.Embedding(count, WIDTH)(entry)
        x = layers.Dense(2 * WIDTH, activation="relu")(x)
        inputs.append(entry)
        towers.append(layers.Dense(WIDTH)(x))
    outputs = layers.Activation("sigmoid")(layers.Dot(axes=1)(towers))
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model


def handwritten_jax() -> Any:
    """The same; the loss from the score."""
    import jax
    from handwritten import jax as h

    rng = np.random.default_rng(0)
    params = [
        {
            "rows": rng.uniform(-0.05, 0.05, (count, WIDTH)).astype("float32"),
            "hidden": h.dense_start(rng, WIDTH, 2 * WIDTH),
            "out": h.dense_start(rng, 2 * WIDTH, WIDTH),
        }
        for count in (USERS, ITEMS)
    ]

    def score(p: Any, x: Any) -> Any:
        user, item = (h.dense(t["out"], jax.nn.relu(h.dense(t["hidden"], t["rows"][chosen]))) for t, chosen in zip(p, x, strict=True))
        return (user * item).sum(-1, keepdims=True)

    def loss(output: Any, y: Any) -> Any:
        return (jax.nn.softplus(output) - y * output).mean(), ()

    return h.Program(params, (), lambda p, s, x, key: (score(p, x), s), lambda p, s, x: jax.nn.sigmoid(score(p, x)), loss)


def handwritten_torch() -> Any:
    """The same, as modules; the loss from the score."""
    from handwritten import torch as h
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.users, self.items = (
                nn.Sequential(nn.Embedding(count, WIDTH), nn.Linear(WIDTH, 2 * WIDTH), nn.ReLU(), nn.Linear(2 * WIDTH, WIDTH))
                for count in (USERS, ITEMS)
            )

        def forward(self, users: Any, items: Any) -> Any:
            return (self.users(users) * self.items(items)).sum(-1, keepdim=True)

    def loss(scores: Any, y: Any) -> Any:
        return nn.functional.binary_cross_entropy_with_logits(scores, y), None

    return h.Program(Net(), lambda scores: scores.sigmoid(), loss)


def handwritten_tensorflow() -> Any:
    """The same, as functions; the loss from the score."""
    import tensorflow as tf
    from handwritten import tensorflow as h

    rng = np.random.default_rng(0)
    towers = [
        {"rows": h.uniform(rng, count, WIDTH), "hidden": h.affine(rng, WIDTH, 2 * WIDTH), "out": h.affine(rng, 2 * WIDTH, WIDTH)}
        for count in (USERS, ITEMS)
    ]

    def tower(p: Any, x: Any) -> Any:
        return h.dense(p["out"], tf.nn.relu(h.dense(p["hidden"], tf.gather(p["rows"], x))))

    def scores(users: Any, items: Any, training: bool) -> Any:
        return tf.reduce_sum(tower(towers[0], users) * tower(towers[1], items), -1, keepdims=True)

    return h.Program(towers, scores, tf.sigmoid, lambda scores, y: (h.binary_cross_entropy(scores, y), None))
