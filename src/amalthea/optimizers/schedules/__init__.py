"""Schedules of the learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalthea.lookup import Family
from amalthea.optimizers.schedules.cosine import CosineDecay, CosineDecayRestarts
from amalthea.optimizers.schedules.decay import ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay
from amalthea.optimizers.schedules.schedule import LearningRateSchedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]

_FAMILY = Family(
    "learning rate schedule",
    {
        schedule.__name__: schedule
        for schedule in (CosineDecay, CosineDecayRestarts, ExponentialDecay, InverseTimeDecay, PiecewiseConstantDecay, PolynomialDecay)
    },
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> Any:
    """The configuration of a schedule: a dictionary, from which `deserialize` makes an equal one.

    Example:
        >>> serialize(PolynomialDecay(1.0, 10))["class_name"]
        'PolynomialDecay'
    """
    return _FAMILY.serialize(learning_rate_schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The schedule of a configuration.

    Args:
        config: what `serialize` gave.
        custom_objects: classes and functions of yours by name.

    Example:
        >>> deserialize(serialize(PolynomialDecay(1.0, 10))).decay_steps
        10
    """
    return _FAMILY.deserialize(config, custom_objects)
