"""Makes the files of this folder with Keras 2 (the package `tf_keras`), once: `python make.py`. Tests only read them.

Each `.h5` file is a model with the state of its optimizer, but for "weights.h5", which holds weights alone; "expected.npz" holds their inputs,
their outputs, and the losses of two more epochs.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tf_keras as keras

FOLDER = Path(__file__).parent
RNG = np.random.default_rng(0)
layers = keras.layers


def floats(*shape):
    return RNG.normal(size=shape).astype("float32")


def several_inputs():
    first, second = keras.Input((4,), name="first"), keras.Input((4,), name="second")
    shared = layers.Dense(3, activation="tanh", kernel_regularizer="l2", name="shared")
    merged = layers.Add()([shared(first), shared(second)])
    inner_input = keras.Input((3,))
    inner = keras.Model(inner_input, layers.Dense(2)(inner_input), name="inner")
    twice = layers.Concatenate()([inner(merged), inner(shared(first)), merged])
    model = keras.Model([first, second], layers.Dense(1)(layers.ReLU(negative_slope=0.1)(twice)))
    model.compile(keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)), "mse", metrics=["mae"])
    return model, [floats(6, 4), floats(6, 4)]


def convolutions():
    model = keras.Sequential(
        [
            layers.Conv2D(3, 3, padding="same", input_shape=(8, 8, 2)),
            layers.BatchNormalization(),
            layers.LeakyReLU(0.2),
            layers.DepthwiseConv2D(3),
            layers.SeparableConv2D(4, 3),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.0),
            layers.Dense(1, kernel_constraint=keras.constraints.MaxNorm(2.0)),
        ]
    )
    model.compile(keras.optimizers.legacy.Adam(0.01), keras.losses.MeanSquaredError())
    return model, floats(6, 8, 8, 2)


def recurrent():
    model = keras.Sequential(
        [
            layers.Embedding(7, 4, input_length=5, mask_zero=True),
            layers.Bidirectional(layers.LSTM(3, return_sequences=True)),
            layers.GRU(4, return_sequences=True),
            layers.TimeDistributed(layers.Dense(2)),
            layers.SimpleRNN(3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.RMSprop(0.01, momentum=0.5), keras.losses.BinaryCrossentropy(), metrics=["accuracy"])
    return model, RNG.integers(0, 7, size=(6, 5)).astype("int32")


def attention():
    x = keras.Input((5, 6), name="tokens")
    attended = layers.MultiHeadAttention(2, 3, name="heads")(x, value=x, key=x)
    pooled = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(layers.Add()([x, attended])))
    model = keras.Model(x, layers.Dense(1)(pooled))
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "mse")
    return model, floats(6, 5, 6)


def main():
    expected = {}
    y = (floats(6, 1) > 0).astype("float32")
    for make in (several_inputs, convolutions, recurrent, attention):
        name = make.__name__
        keras.backend.clear_session()
        keras.utils.set_random_seed(0)
        model, x = make()
        settings = {"epochs": 2, "batch_size": 3, "shuffle": False, "verbose": 0}
        model.fit(x, y, **settings)
        model.save(FOLDER / f"{name}.h5")
        if make is several_inputs:
            model.save_weights(FOLDER / "weights.h5")
        inputs = x if isinstance(x, list) else [x]
        expected |= {f"{name}/x{place}": value for place, value in enumerate(inputs)}
        expected |= {f"{name}/outputs": model.predict(x, verbose=0), f"{name}/losses": model.fit(x, y, **settings).history["loss"], "y": y}
    np.savez_compressed(FOLDER / "expected.npz", **expected)


if __name__ == "__main__":
    main()
