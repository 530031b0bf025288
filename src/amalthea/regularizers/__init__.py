"""Regularizers: penalties that are added to the loss."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalthea.lookup import Family
from amalthea.regularizers.norms import L1, L1L2, L2
from amalthea.regularizers.orthogonal import OrthogonalRegularizer
from amalthea.regularizers.regularizer import Regularizer

l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]

_FAMILY = Family(
    "regularizer",
    {
        "l1": L1,
        "l2": L2,
        "l1_l2": L1L2,
        "l1l2": L1L2,
        "orthogonal_regularizer": OrthogonalRegularizer,
        "L1": L1,
        "L2": L2,
        "L1L2": L1L2,
        "OrthogonalRegularizer": OrthogonalRegularizer,
    },
)


def get(identifier: Any) -> Any:
    """The regularizer that `identifier` means.

    Args:
        identifier: a name such as "l2" or "L2"; a configuration; a class; a regularizer or any function of a tensor; or None, which
            stays None.

    Raises:
        ArgumentError: it means none.

    Example:
        >>> get("l2").l2
        0.01
    """
    return _FAMILY.get(identifier)


def serialize(regularizer: Any) -> Any:
    """The configuration of a regularizer: a dictionary, from which `deserialize` makes an equal one.

    Example:
        >>> serialize(L2(0.1))["config"]
        {'l2': 0.1}
    """
    return _FAMILY.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The regularizer of a configuration.

    Args:
        config: what `serialize` gave, or a name.
        custom_objects: classes and functions of yours by name.

    Example:
        >>> deserialize(serialize(L2(0.1))).l2
        0.1
    """
    return _FAMILY.deserialize(config, custom_objects)
