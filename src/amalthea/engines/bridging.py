"""What the bridges between models and the frameworks of the engines have in common."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from amalthea.state import naming
from amalthea.state.variable import Variable


class Named(NamedTuple):
    """A variable of a model, under a path that no other one there has."""

    path: str
    variable: Variable
    trained: bool


class Held(NamedTuple):
    """What a module of a framework holds, and a layer around it makes a variable of."""

    name: str
    value: np.ndarray
    trainable: bool


def named_variables(model: Any) -> list[Named]:
    """All variables of a model, in its order. The state of random generators has the path of the layer that draws from them."""
    trained = {id(variable) for variable in model.trainable_variables}
    drawing = {id(generator.state): f"{layer.path}/seed" for layer in model._flatten_layers() for generator in layer._seed_generators}
    variables = model.variables
    paths = naming.distinct(drawing.get(id(variable), variable.path) for variable in variables)
    return [Named(path, variable, id(variable) in trained) for path, variable in zip(paths, variables, strict=True)]
