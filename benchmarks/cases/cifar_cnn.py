"""Six convolutions with batch normalisation on CIFAR-10's shapes, in three stages of 32, 64 and 128 filters."""

from __future__ import annotations

from typing import Any

import numpy as np

TITLE = "CIFAR CNN, 6 conv + BN (64)"
BATCH, STEPS = 64, 8
STAGES = (32, 64, 128)


def data(samples: int) -> tuple[Any, Any]:
    """Images (n, 32, 32, 3) and labels (n,)."""
    rng = np.random.default_rng(0)
    return rng.random((samples, 32, 32, 3), "float32"), rng.integers(10, size=samples).astype("int32")


def build(keras: Any) -> Any:
    """Twice convolution, normalisation and ReLU, then pooling, three times; a hidden layer of 128."""
    layers = keras.layers
    model = keras.Sequential([keras.Input((32, 32, 3))])
    for filters in STAGES:
        for _ in range(2):
            model.add(layers.Conv2D(filters, 3, padding="same"))
            model.add(layers.BatchNormalization())
            model.add(layers.Activation("relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def handwritten_jax() -> Any:
    """The same; statistics of the batches are carried as state."""
    import handwritten as h
    import jax
    import jax.numpy as jnp

    rng = np.random.default_rng(0)
    sizes = [size for filters in STAGES for size in (filters, filters)]
    convs = [h.dense_start(rng, 3, 3, n, m) | {"scale": np.ones(m, "float32")} for n, m in zip([3, *sizes], sizes, strict=False)]
    params = {"convs": convs, "hidden": h.dense_start(rng, 2048, 128), "out": h.dense_start(rng, 128, 10)}
    start = [(np.zeros(m, "float32"), np.ones(m, "float32")) for m in sizes]

    def run(p: Any, state: Any, x: Any, training: bool) -> Any:
        new_state = []
        for i, (conv, (mean, variance)) in enumerate(zip(p["convs"], state, strict=True)):
            # The bias of the normalisation serves for both: that of a convolution before it has no effect.
            maps = h.conv({"w": conv["w"], "b": 0.0}, x, "SAME")
            if training:
                now = maps.mean((0, 1, 2))
                spread = jnp.square(maps - now).mean((0, 1, 2))
                new_state.append((mean + (now - mean) * 0.01, variance + (spread - variance) * 0.01))
                mean, variance = now, spread
            factor = jax.lax.rsqrt(variance + 1e-3) * conv["scale"]
            x = jax.nn.relu(maps * factor + (conv["b"] - mean * factor))
            if i % 2:
                x = h.max_pool(x)
        return h.dense(p["out"], jax.nn.relu(h.dense(p["hidden"], x.reshape(len(x), -1)))), new_state

    return h.Program(
        params,
        start,
        lambda p, s, x, key: run(p, s, x, True),
        lambda p, s, x: jax.nn.softmax(run(p, s, x, False)[0]),
        lambda output, y: (h.cross_entropy(output, y), (h.accuracy(output, y),)),
    )
