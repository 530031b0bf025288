"""Metrics of maximal margins."""

from __future__ import annotations

from typing import Any

from amalthea import losses
from amalthea.metrics.reduction import MeanMetricWrapper


class Hinge(MeanMetricWrapper):
    """The mean of `max(1 - y_true * y_pred, 0)`; labels and shapes as for `losses.hinge`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(Hinge()([[0.0, 1.0]], [[0.5, 0.5]]))
        1.0
    """

    def __init__(self, name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(losses.hinge, name=name, dtype=dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of `max(1 - y_true * y_pred, 0)**2`; labels and shapes as for `losses.squared_hinge`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(SquaredHinge()([[0.0, 1.0]], [[0.5, 0.5]]))
        1.25
    """

    def __init__(self, name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(losses.squared_hinge, name=name, dtype=dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of `max(1 + wrong - right, 0)`; formula and shapes as for `losses.categorical_hinge`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.25]]))
        1.25
    """

    def __init__(self, name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(losses.categorical_hinge, name=name, dtype=dtype)
