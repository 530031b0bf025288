"""Amalthea: deep learning with the Keras API, on one small core and several thin engines.

Nothing is loaded before it is used: no engine by `import amalthea`, none by describing a model.

Example:
    >>> import amalthea
    >>> model = amalthea.Sequential([amalthea.Input((4,)), amalthea.layers.Dense(3, activation="softmax")])
    >>> model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from amalthea.version import VERSION as __version__
from amalthea.version import version

if TYPE_CHECKING:
    from amalthea import (
        activations,
        callbacks,
        config,
        constraints,
        datasets,
        dtype_policies,
        engines,
        initializers,
        layers,
        losses,
        metrics,
        models,
        ops,
        optimizers,
        random,
        regularizers,
        saving,
        tree,
        utils,
    )
    from amalthea.config import engine
    from amalthea.dtype_policies import DTypePolicy, FloatDTypePolicy
    from amalthea.functions import custom_gradient, device, grad, jit, remat, stop_gradient, value_and_grad, vmap
    from amalthea.graph.function import Function
    from amalthea.graph.keras_tensor import KerasTensor
    from amalthea.graph.operation import Operation
    from amalthea.initializers import Initializer
    from amalthea.layers import Input, InputSpec, Layer
    from amalthea.losses import Loss
    from amalthea.metrics import Metric
    from amalthea.models import Model, Sequential
    from amalthea.optimizers import Optimizer
    from amalthea.regularizers import Regularizer
    from amalthea.state import StatelessScope, Variable, name_scope

_MODULES = (
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "dtype_policies",
    "engines",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "models",
    "ops",
    "optimizers",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
)
_NAMES = {
    "engine": "config",
    "DTypePolicy": "dtype_policies",
    "FloatDTypePolicy": "dtype_policies",
    "custom_gradient": "functions",
    "device": "functions",
    "grad": "functions",
    "jit": "functions",
    "remat": "functions",
    "stop_gradient": "functions",
    "value_and_grad": "functions",
    "vmap": "functions",
    "Function": "graph.function",
    "KerasTensor": "graph.keras_tensor",
    "Operation": "graph.operation",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Sequential": "models",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "StatelessScope": "state",
    "Variable": "state",
    "name_scope": "state",
}

__all__ = ["__version__", "version", *_MODULES, *_NAMES]


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return importlib.import_module(f"amalthea.{name}")
    if name in _NAMES:
        value = getattr(importlib.import_module(f"amalthea.{_NAMES[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'amalthea' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
