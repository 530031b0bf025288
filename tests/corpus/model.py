"""The model of all files."""

from __future__ import annotations

from typing import Any

import numpy as np

import amalthea


@amalthea.saving.register_keras_serializable("corpus")
class Named(amalthea.layers.Layer):
    """A layer of the user's own."""

    def __init__(self, vocabulary: Any = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.vocabulary = vocabulary

    def call(self, x: Any) -> Any:
        return x


@amalthea.saving.register_keras_serializable("corpus")
class Plain:
    """A class of the user's own that can be written, but not read."""

    def get_config(self) -> dict[str, Any]:
        return {}


@amalthea.saving.register_keras_serializable("corpus")
def double(x: Any) -> Any:
    """A function of the user's own."""
    return 2 * x


def model(value: float = 1.0) -> Any:
    """A small model, compiled, whose weights all have this value."""
    made = amalthea.Sequential([amalthea.Input((4,)), amalthea.layers.Dense(3, name="first"), amalthea.layers.Dense(2, name="second")], name="model")
    made.compile("adam", "mse", metrics=["mae"])
    made.optimizer.build(made.trainable_variables)
    made.set_weights([np.full(weight.shape, value, "float32") for weight in made.get_weights()])
    return made


def graph() -> Any:
    """A functional model, whose layers and operations are nodes of a graph."""
    x = amalthea.Input((4,))
    return amalthea.Model(x, amalthea.ops.relu(amalthea.layers.Dense(2)(x)) + 1.0)
