"""Losses of distributions: Kullback and Leibler's divergence, and Poisson's likelihood."""

from __future__ import annotations

from typing import Any

from amalthea import config, ops
from amalthea.losses.arguments import as_pair
from amalthea.losses.loss import LossFunctionWrapper
from amalthea.ops.arguments import Tensor, TensorLike


def kl_divergence(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`sum(y_true * log(y_true / y_pred))` along the last axis: how far the distribution `y_pred` is from `y_true`.

    Args:
        y_true: probabilities (batch, ..., n), held between `config.epsilon()` and 1.
        y_pred: probabilities of the same shape, likewise.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> round(float(kl_divergence([[1.0, 0.0]], [[0.5, 0.5]])[0]), 4)
        0.6931
    """
    y_true, y_pred = (ops.clip(x, config.epsilon(), 1.0) for x in as_pair(y_true, y_pred))
    return ops.sum(ops.multiply(y_true, ops.log(ops.divide(y_true, y_pred))), axis=-1)


def poisson(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`mean(y_pred - y_true * log(y_pred))` along the last axis: minus the likelihood of counts, but for a constant.

    Args:
        y_true: counts (batch, ..., n).
        y_pred: rates of the same shape, not negative.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> [round(value, 4) for value in poisson([[2.0, 0.0]], [[1.0, 3.0]]).tolist()]
        [2.0]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    logs = ops.log(ops.add(y_pred, config.epsilon()))
    return ops.mean(ops.subtract(y_pred, ops.multiply(y_true, logs)), axis=-1)


class KLDivergence(LossFunctionWrapper):
    """`sum(y_true * log(y_true / y_pred))` along the last axis; shapes as for `kl_divergence`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> round(float(KLDivergence()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(kl_divergence, reduction=reduction, name=name, dtype=dtype)


class Poisson(LossFunctionWrapper):
    """`mean(y_pred - y_true * log(y_pred))` along the last axis; shapes as for `poisson`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> round(float(Poisson()([[2.0, 0.0]], [[1.0, 3.0]])), 4)
        2.0
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(poisson, reduction=reduction, name=name, dtype=dtype)
