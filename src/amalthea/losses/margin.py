"""Losses of maximal margins."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.losses.arguments import as_pair
from amalthea.losses.loss import LossFunctionWrapper
from amalthea.ops.arguments import Tensor, TensorLike


def _signs(y_true: Tensor) -> Tensor:
    """Labels as -1 and 1: if all are 0 or 1, those."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(binary, ops.subtract(ops.multiply(y_true, 2.0), 1.0), y_true)


def _margins(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    y_true, y_pred = as_pair(y_true, y_pred)
    return ops.maximum(ops.subtract(1.0, ops.multiply(_signs(y_true), y_pred)), 0.0)


def hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`mean(max(1 - y_true * y_pred, 0))` along the last axis.

    Args:
        y_true: labels (batch, ..., n), -1 or 1. If all are 0 or 1, the zeros count as -1.
        y_pred: predictions of the same shape.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> hinge([[0.0, 1.0]], [[0.5, 0.5]]).tolist()
        [1.0]
    """
    return ops.mean(_margins(y_true, y_pred), axis=-1)


def squared_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`mean(max(1 - y_true * y_pred, 0)**2)` along the last axis.

    Args:
        y_true: labels (batch, ..., n), -1 or 1. If all are 0 or 1, the zeros count as -1.
        y_pred: predictions of the same shape.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> squared_hinge([[0.0, 1.0]], [[0.5, 0.5]]).tolist()
        [1.25]
    """
    return ops.mean(ops.square(_margins(y_true, y_pred)), axis=-1)


def categorical_hinge(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`max(1 + wrong - right, 0)`: right is the prediction of the right class, wrong the greatest of the others (and at least 0).

    Args:
        y_true: one-hot labels (batch, ..., classes).
        y_pred: predictions of the same shape.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> categorical_hinge([[0.0, 1.0]], [[0.5, 0.25]]).tolist()
        [1.25]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    right = ops.sum(ops.multiply(y_true, y_pred), axis=-1)
    wrong = ops.max(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=-1)
    return ops.maximum(ops.add(ops.subtract(wrong, right), 1.0), 0.0)


class Hinge(LossFunctionWrapper):
    """`mean(max(1 - y_true * y_pred, 0))` along the last axis; labels and shapes as for `hinge`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> float(Hinge()([[0.0, 1.0]], [[0.5, 0.5]]))
        1.0
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "hinge", dtype: Any = None) -> None:
        super().__init__(hinge, reduction=reduction, name=name, dtype=dtype)


class SquaredHinge(LossFunctionWrapper):
    """`mean(max(1 - y_true * y_pred, 0)**2)` along the last axis; labels and shapes as for `squared_hinge`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> float(SquaredHinge()([[0.0, 1.0]], [[0.5, 0.5]]))
        1.25
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "squared_hinge", dtype: Any = None) -> None:
        super().__init__(squared_hinge, reduction=reduction, name=name, dtype=dtype)


class CategoricalHinge(LossFunctionWrapper):
    """`max(1 + wrong - right, 0)`; formula and shapes as for `categorical_hinge`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> float(CategoricalHinge()([[0.0, 1.0]], [[0.5, 0.25]]))
        1.25
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "categorical_hinge", dtype: Any = None) -> None:
        super().__init__(categorical_hinge, reduction=reduction, name=name, dtype=dtype)
