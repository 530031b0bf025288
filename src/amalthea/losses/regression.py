"""Losses of numbers: squared, absolute and relative errors, and the angle between vectors."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from amalthea import config, ops
from amalthea.errors import ArgumentError
from amalthea.losses.arguments import as_pair
from amalthea.losses.loss import LossFunctionWrapper
from amalthea.ops.arguments import Tensor, TensorLike


def mean_squared_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`mean((y_true - y_pred)**2)` along the last axis.

    Args:
        y_true: targets (batch, ..., n).
        y_pred: predictions of the same shape.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> mean_squared_error([[0.0, 1.0]], [[2.0, 1.0]]).tolist()
        [2.0]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return ops.mean(ops.square(ops.subtract(y_true, y_pred)), axis=-1)


def mean_absolute_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`mean(|y_true - y_pred|)` along the last axis.

    Args:
        y_true: targets (batch, ..., n).
        y_pred: predictions of the same shape.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> mean_absolute_error([[0.0, 1.0]], [[2.0, 1.0]]).tolist()
        [1.0]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return ops.mean(ops.absolute(ops.subtract(y_true, y_pred)), axis=-1)


def mean_absolute_percentage_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`100 * mean(|y_true - y_pred| / |y_true|)` along the last axis; the divisor is at least `config.epsilon()`.

    Args:
        y_true: targets (batch, ..., n).
        y_pred: predictions of the same shape.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> mean_absolute_percentage_error([[2.0, 4.0]], [[1.0, 4.0]]).tolist()
        [25.0]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    share = ops.absolute(ops.divide(ops.subtract(y_true, y_pred), ops.maximum(ops.absolute(y_true), config.epsilon())))
    return ops.multiply(ops.mean(share, axis=-1), 100.0)


def mean_squared_logarithmic_error(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`mean((log(1 + y_true) - log(1 + y_pred))**2)` along the last axis.

    Args:
        y_true: targets (batch, ..., n), not negative: what is less than `config.epsilon()` counts as that.
        y_pred: predictions of the same shape, likewise.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> round(float(mean_squared_logarithmic_error([[0.0]], [[1.0]])[0]), 3)
        0.48
    """
    logs = (ops.log(ops.add(ops.maximum(x, config.epsilon()), 1.0)) for x in as_pair(y_true, y_pred))
    return ops.mean(ops.square(ops.subtract(*logs)), axis=-1)


def log_cosh(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """`mean(log(cosh(y_pred - y_true)))` along the last axis: nearly a squared error for small errors, an absolute one for great ones.

    Args:
        y_true: targets (batch, ..., n).
        y_pred: predictions of the same shape.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> round(float(log_cosh([[0.0]], [[1.0]])[0]), 4)
        0.4338
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    error = ops.subtract(y_pred, y_true)
    # log(cosh(e)) = e + log(1 + exp(-2 e)) - log(2), which does not overflow.
    return ops.mean(ops.subtract(ops.add(error, ops.softplus(ops.multiply(error, -2.0))), math.log(2.0)), axis=-1)


def huber(y_true: TensorLike, y_pred: TensorLike, delta: float = 1.0) -> Tensor:
    """The mean along the last axis of `e**2 / 2` where the error e is at most `delta`, of `delta * (|e| - delta / 2)` elsewhere.

    Args:
        y_true: targets (batch, ..., n).
        y_pred: predictions of the same shape.
        delta: the error from which on the loss grows linearly.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Reference:
        Huber, "Robust Estimation of a Location Parameter", 1964.

    Example:
        >>> huber([[0.0], [0.0]], [[0.5], [3.0]]).tolist()
        [0.125, 2.5]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    error = ops.absolute(ops.subtract(y_pred, y_true))
    near = ops.multiply(ops.square(error), 0.5)
    far = ops.multiply(ops.subtract(error, 0.5 * delta), delta)
    return ops.mean(ops.where(ops.less_equal(error, delta), near, far), axis=-1)


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """Minus the cosine of the angle between `y_true` and `y_pred`: -1 where they point the same way, 1 where they are opposed.

    Args:
        y_true: targets (batch, ..., n).
        y_pred: predictions of the same shape.
        axis: the axis of the vectors.

    Returns:
        The shape of `y_pred` without `axis`, in its dtype (integers: `floatx`); 0 where a vector is zero.

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> cosine_similarity([[0.0, 1.0], [1.0, 0.0]], [[0.0, 5.0], [0.0, 1.0]]).tolist()
        [-1.0, -0.0]
    """
    directions = (ops.normalize(x, axis=axis) for x in as_pair(y_true, y_pred))
    return ops.negative(ops.sum(ops.multiply(*directions), axis=axis))


class MeanSquaredError(LossFunctionWrapper):
    """`mean((y_true - y_pred)**2)` along the last axis; shapes as for `mean_squared_error`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> float(MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]]))
        1.0
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_error, reduction=reduction, name=name, dtype=dtype)


class MeanAbsoluteError(LossFunctionWrapper):
    """`mean(|y_true - y_pred|)` along the last axis; shapes as for `mean_absolute_error`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> float(MeanAbsoluteError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]]))
        0.5
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_error, reduction=reduction, name=name, dtype=dtype)


class MeanAbsolutePercentageError(LossFunctionWrapper):
    """`100 * mean(|y_true - y_pred| / |y_true|)` along the last axis; shapes as for `mean_absolute_percentage_error`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> float(MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]]))
        25.0
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(mean_absolute_percentage_error, reduction=reduction, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(LossFunctionWrapper):
    """`mean((log(1 + y_true) - log(1 + y_pred))**2)` along the last axis; shapes as for `mean_squared_logarithmic_error`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 3)
        0.48
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(mean_squared_logarithmic_error, reduction=reduction, name=name, dtype=dtype)


class LogCosh(LossFunctionWrapper):
    """`mean(log(cosh(y_pred - y_true)))` along the last axis; shapes as for `log_cosh`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> round(float(LogCosh()([[0.0]], [[1.0]])), 4)
        0.4338
    """

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "log_cosh", dtype: Any = None) -> None:
        super().__init__(log_cosh, reduction=reduction, name=name, dtype=dtype)


class Huber(LossFunctionWrapper):
    """A squared error for small errors, an absolute one for great ones; formula and shapes as for `huber`.

    Args:
        delta: the error from which on the loss grows linearly; greater than 0.
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Raises:
        ArgumentError: `delta` is not greater than 0.

    Example:
        >>> Huber(reduction="none")([[0.0], [0.0]], [[0.5], [3.0]]).tolist()
        [0.125, 2.5]
    """

    unsaved_defaults: ClassVar[dict[str, Any]] = {"delta": 1.0}

    def __init__(self, delta: float = 1.0, reduction: str | None = "sum_over_batch_size", name: str = "huber_loss", dtype: Any = None) -> None:
        if delta <= 0:
            raise ArgumentError(f"`delta` must be greater than 0. Received: delta={delta!r}.")
        super().__init__(huber, reduction=reduction, name=name, dtype=dtype, delta=delta)


class CosineSimilarity(LossFunctionWrapper):
    """Minus the cosine of the angle between `y_true` and `y_pred`; shapes as for `cosine_similarity`.

    Args:
        axis: the axis of the vectors.
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Example:
        >>> float(CosineSimilarity()([[0.0, 1.0], [1.0, 0.0]], [[0.0, 5.0], [0.0, 1.0]]))
        -0.5
    """

    unsaved_defaults: ClassVar[dict[str, Any]] = {"axis": -1}

    def __init__(self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str = "cosine_similarity", dtype: Any = None) -> None:
        super().__init__(cosine_similarity, reduction=reduction, name=name, dtype=dtype, axis=axis)
