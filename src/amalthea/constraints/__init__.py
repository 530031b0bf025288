"""Constraints: what weights have to be after each step of training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalthea.constraints.constraint import Constraint
from amalthea.constraints.norms import MaxNorm, MinMaxNorm, UnitNorm
from amalthea.constraints.sign import NonNeg
from amalthea.lookup import Family

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

_FAMILY = Family(
    "constraint",
    {
        "max_norm": MaxNorm,
        "min_max_norm": MinMaxNorm,
        "non_neg": NonNeg,
        "unit_norm": UnitNorm,
        "MaxNorm": MaxNorm,
        "MinMaxNorm": MinMaxNorm,
        "NonNeg": NonNeg,
        "UnitNorm": UnitNorm,
    },
)


def get(identifier: Any) -> Any:
    """The constraint that `identifier` means.

    Args:
        identifier: a name such as "non_neg" or "NonNeg"; a configuration; a class; a constraint or any function of a tensor; or None,
            which stays None.

    Raises:
        ArgumentError: it means none.

    Example:
        >>> type(get("unit_norm")).__name__
        'UnitNorm'
    """
    return _FAMILY.get(identifier)


def serialize(constraint: Any) -> Any:
    """The configuration of a constraint: a dictionary, from which `deserialize` makes an equal one.

    Example:
        >>> serialize(UnitNorm(axis=1))["config"]
        {'axis': 1}
    """
    return _FAMILY.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The constraint of a configuration.

    Args:
        config: what `serialize` gave, or a name.
        custom_objects: classes and functions of yours by name.

    Example:
        >>> deserialize(serialize(UnitNorm(axis=1))).axis
        1
    """
    return _FAMILY.deserialize(config, custom_objects)
