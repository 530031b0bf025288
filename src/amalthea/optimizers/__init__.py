"""Optimizers: what changes weights by their gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalthea.errors import ArgumentError
from amalthea.lookup import Family
from amalthea.optimizers import schedules
from amalthea.optimizers.adadelta import Adadelta
from amalthea.optimizers.adafactor import Adafactor
from amalthea.optimizers.adagrad import Adagrad
from amalthea.optimizers.adam import Adam, AdamW
from amalthea.optimizers.adamax import Adamax
from amalthea.optimizers.ftrl import Ftrl
from amalthea.optimizers.lamb import Lamb
from amalthea.optimizers.lion import Lion
from amalthea.optimizers.loss_scale import LossScaleOptimizer
from amalthea.optimizers.multi import MultiOptimizer, OptimizerMap
from amalthea.optimizers.muon import Muon
from amalthea.optimizers.nadam import Nadam
from amalthea.optimizers.optimizer import Optimizer
from amalthea.optimizers.rmsprop import RMSprop
from amalthea.optimizers.schedule_free_adamw import ScheduleFreeAdamW
from amalthea.optimizers.sgd import SGD

__all__ = [
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "LossScaleOptimizer",
    "MultiOptimizer",
    "Muon",
    "Nadam",
    "Optimizer",
    "OptimizerMap",
    "RMSprop",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_CLASSES = (
    Adam,
    SGD,
    AdamW,
    RMSprop,
    Adadelta,
    Adafactor,
    Adagrad,
    Adamax,
    Ftrl,
    Lamb,
    Lion,
    LossScaleOptimizer,
    MultiOptimizer,
    Muon,
    Nadam,
    OptimizerMap,
    ScheduleFreeAdamW,
)
_FAMILY = Family("optimizer", {cls.__name__.lower(): cls for cls in _CLASSES}, fold=str.lower, accepts=lambda x: isinstance(x, Optimizer))


def get(identifier: Any) -> Any:
    """The optimizer that `identifier` means.

    Args:
        identifier: a name such as "adam" (case does not count); a configuration; a class; an optimizer; or None, which stays None.

    Raises:
        ArgumentError: it means none.

    Example:
        >>> type(get("adam")).__name__
        'Adam'
        >>> get("adm")
        Traceback (most recent call last):
        amalthea.errors.ArgumentError: Unknown optimizer 'adm'. Did you mean "adam"?
    """
    if isinstance(identifier, str) and identifier.lower() in _NEEDING:
        raise ArgumentError(f"The optimizer {identifier!r} needs arguments: make it with `{_NEEDING[identifier.lower()]}`.")
    return _FAMILY.get(identifier)


_NEEDING = {
    "lossscaleoptimizer": "LossScaleOptimizer(inner_optimizer)",
    "multioptimizer": "MultiOptimizer(optimizer_map)",
    "optimizermap": "OptimizerMap(default_optimizer)",
}


def serialize(optimizer: Any) -> Any:
    """The configuration of an optimizer: a dictionary, from which `deserialize` makes an equal one (without the values of its variables).

    Example:
        >>> serialize(SGD(0.5))["config"]["learning_rate"]
        0.5
    """
    return _FAMILY.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The optimizer of a configuration.

    Args:
        config: what `serialize` gave, or a name.
        custom_objects: classes and functions of yours by name.

    Example:
        >>> deserialize(serialize(SGD(0.5, momentum=0.9))).momentum
        0.9
    """
    return _FAMILY.deserialize(config, custom_objects)
