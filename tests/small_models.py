"""Small models that train in a moment, and what their training gives: to compare ways of running steps."""

import numpy as np

import amalthea
from amalthea import layers, optimizers

GENERATOR = np.random.default_rng(3)
X = GENERATOR.normal(size=(20, 6, 4)).astype("float32")
Y = GENERATOR.normal(size=(20, 2)).astype("float32")


def normalised():
    return [layers.Flatten(), layers.Dense(8, use_bias=False), layers.BatchNormalization(), layers.ReLU(), layers.Dropout(0.3), layers.Dense(2)]


def convolutional():
    return [layers.Conv1D(5, 3, activation="relu"), layers.GaussianNoise(0.1), layers.GlobalAveragePooling1D(), layers.Dense(2)]


def recurrent():
    return [
        layers.LSTM(5, return_sequences=True),
        layers.LSTM(3, use_bias=False, go_backwards=True, return_sequences=True),
        layers.GRU(3),
        layers.Dense(2),
    ]


def dense():
    return [layers.Flatten(), layers.Dense(8, activation="tanh"), layers.Dropout(0.2), layers.Dense(2)]


def train(make, jit_compile, optimizer=lambda: optimizers.Adam(0.01), epochs=2, **how):
    """The history, an evaluation, outputs, and all state of a model with batches of 8, 8 and 4."""
    amalthea.utils.set_random_seed(8)
    model = amalthea.Sequential([amalthea.Input((6, 4)), *make()])
    model.compile(optimizer(), "mse", metrics=["mae"], jit_compile=jit_compile, **how)
    history = model.fit(X, Y, batch_size=8, epochs=epochs, verbose=0).history
    state = [variable.numpy() for variable in [*model.variables, *model.optimizer.variables]]
    return [*history.values(), model.evaluate(X, Y, verbose=0), model.predict(X, verbose=0), *state]


def assert_alike(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


SCHEDULE = {"learning_rate": lambda: optimizers.schedules.CosineDecay(0.1, 10), "use_ema": lambda: True, "clipnorm": lambda: 1.0}
OPTIMIZERS = {
    "schedule": lambda: optimizers.AdamW(**{name: make() for name, make in SCHEDULE.items()}),
    "momentum": lambda: optimizers.SGD(0.01, momentum=0.9),
    "accumulation": lambda: optimizers.Adam(0.01, gradient_accumulation_steps=2),
    "scaled": lambda: optimizers.LossScaleOptimizer(optimizers.Adam(0.01), initial_scale=2.0**126, dynamic_growth_steps=2),
}
