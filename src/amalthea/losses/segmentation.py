"""Losses of overlap, for segmentation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalthea import config, ops
from amalthea.losses.arguments import as_pair
from amalthea.losses.loss import LossFunctionWrapper
from amalthea.ops.arguments import Tensor, TensorLike

Axis = int | Sequence[int] | None


def dice(y_true: TensorLike, y_pred: TensorLike, axis: Axis = None) -> Tensor:
    """`1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred))`.

    Args:
        y_true: targets between 0 and 1, of any shape.
        y_pred: predictions of the same shape.
        axis: the axes to sum over, as (1, 2, 3) for a value for each image; None: all.

    Returns:
        The shape without these axes, in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Reference:
        Milletari et al., "V-Net", 2016.

    Example:
        >>> round(float(dice([[1.0, 0.0]], [[0.5, 0.5]])), 4)
        0.5
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    both = ops.sum(ops.multiply(y_true, y_pred), axis=axis)
    either = ops.add(ops.sum(y_true, axis=axis), ops.sum(y_pred, axis=axis))
    return ops.subtract(1.0, ops.divide(ops.multiply(both, 2.0), ops.add(either, config.epsilon())))


def tversky(y_true: TensorLike, y_pred: TensorLike, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Tensor:
    """`1 - hits / (hits + alpha * missed + beta * false)`, as sums: with 0.5 and 0.5 nearly `dice`.

    Args:
        y_true: targets between 0 and 1, of any shape.
        y_pred: predictions of the same shape.
        alpha: how much a target without prediction counts (as in Keras, whose documentation has it the other way round).
        beta: how much a prediction without target counts.
        axis: the axes to sum over; None: all.

    Returns:
        The shape without these axes, in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Reference:
        Salehi et al., "Tversky loss function for image segmentation", 2017.

    Example:
        >>> round(float(tversky([[1.0, 0.0]], [[0.5, 0.5]])), 4)
        0.5
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    hits = ops.sum(ops.multiply(y_true, y_pred), axis=axis)
    false = ops.sum(ops.multiply(ops.subtract(1.0, y_true), y_pred), axis=axis)
    missed = ops.sum(ops.multiply(y_true, ops.subtract(1.0, y_pred)), axis=axis)
    weighed = ops.add(ops.multiply(missed, alpha), ops.multiply(false, beta))
    return ops.subtract(1.0, ops.divide(hits, ops.add(ops.add(hits, weighed), config.epsilon())))


class Dice(LossFunctionWrapper):
    """`1 - 2 * sum(y_true * y_pred) / (sum(y_true) + sum(y_pred))`; shapes as for `dice`.

    Args:
        reduction: how the values become one; see `Loss`.
        name: its name.
        axis: the axes to sum over, as (1, 2, 3) for a value for each image; None: all.
        dtype: in which to compute.

    Example:
        >>> round(float(Dice()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
        0.5
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "dice", axis: Axis = None, dtype: Any = None) -> None:
        super().__init__(dice, reduction=reduction, name=name, dtype=dtype, axis=axis)


class Tversky(LossFunctionWrapper):
    """`1 - hits / (hits + alpha * missed + beta * false)`; formula and shapes as for `tversky`.

    Args:
        alpha: how much a target without prediction counts (as in Keras, whose documentation has it the other way round).
        beta: how much a prediction without target counts.
        reduction: how the values become one; see `Loss`.
        name: its name.
        axis: the axes to sum over; None: all.
        dtype: in which to compute.

    Example:
        >>> round(float(Tversky()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
        0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "tversky",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(tversky, reduction=reduction, name=name, dtype=dtype, alpha=alpha, beta=beta, axis=axis)
