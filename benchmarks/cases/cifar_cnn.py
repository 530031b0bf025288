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
    import jax
    import jax.numpy as jnp
    from handwritten import jax as h

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


def handwritten_torch() -> Any:
    """The same, as modules; a convolution before a normalisation has no bias, which would have no effect."""
    from handwritten import torch as h
    from torch import nn

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            parts, channels = [], 3
            for filters in STAGES:
                for _ in range(2):
                    norm = nn.BatchNorm2d(filters, eps=1e-3, momentum=0.01)
                    parts += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), norm, nn.ReLU(inplace=True)]
                    channels = filters
                parts.append(nn.MaxPool2d(2))
            self.maps = nn.Sequential(*parts)
            self.top = nn.Sequential(nn.Linear(2048, 128), nn.ReLU(), nn.Linear(128, 10))

        def forward(self, x: Any) -> Any:
            return self.top(self.maps(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1).flatten(1))

    return h.Program(Net(), h.probabilities, h.cross_entropy)


def handwritten_tensorflow() -> Any:
    """The same, as functions; the fused normalisation, and no bias before it."""
    import tensorflow as tf
    from handwritten import tensorflow as h

    rng = np.random.default_rng(0)
    sizes = [size for filters in STAGES for size in (filters, filters)]
    kernels = [h.kernel(rng, 3, 3, n, m) for n, m in zip([3, *sizes], sizes, strict=False)]
    norms = [{"scale": h.variable(np.ones(m)), "offset": h.variable(np.zeros(m))} for m in sizes]
    running = [(h.variable(np.zeros(m)), h.variable(np.ones(m))) for m in sizes]
    hidden, out = h.affine(rng, 2048, 128), h.affine(rng, 128, 10)

    def scores(x: Any, training: bool) -> Any:
        for i, (kernel, norm, (mean, variance)) in enumerate(zip(kernels, norms, running, strict=True)):
            maps = tf.nn.conv2d(x, kernel, 1, "SAME")
            x, new_mean, new_variance, *_ = tf.raw_ops.FusedBatchNormV3(
                x=maps, **norm, mean=mean, variance=variance, epsilon=1e-3, exponential_avg_factor=0.01, is_training=training
            )
            if training:
                mean.assign(new_mean)
                variance.assign(new_variance)
            x = tf.nn.relu(x)
            if i % 2:
                x = tf.nn.max_pool2d(x, 2, 2, "VALID")
        return h.dense(out, tf.nn.relu(h.dense(hidden, tf.reshape(x, (len(x), -1)))))

    return h.Program((kernels, norms, hidden, out), scores, tf.nn.softmax, h.cross_entropy)
