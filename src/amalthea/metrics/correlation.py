"""Correlations between targets and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalthea import config, ops
from amalthea.losses.arguments import as_pair
from amalthea.metrics.reduction import MeanMetricWrapper
from amalthea.ops.arguments import Tensor, TensorLike

Axis = int | Sequence[int] | None


def pearson_correlation(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Tensor:
    """`cov(y_true, y_pred) / (std(y_true) * std(y_pred))` along `axis`: from -1 to 1, 0 if there is no linear relation.

    Args:
        y_true: targets of any shape.
        y_pred: predictions of the same shape.
        axis: the axes along which to compare; None: all.

    Returns:
        The shape without these axes, in the dtype of `y_pred` (integers: `floatx`); NaN where one of the two does not vary.

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> [round(r, 4) for r in pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).tolist()]
        [1.0]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    a, b = (ops.subtract(x, ops.mean(x, axis=axis, keepdims=True)) for x in (y_true, y_pred))
    # Scaled before they are multiplied, so that the product of the variances cannot underflow.
    a, b = (ops.divide(x, ops.sqrt(ops.mean(ops.square(x), axis=axis, keepdims=True))) for x in (a, b))
    return ops.mean(ops.multiply(a, b), axis=axis)


def concordance_correlation(y_true: TensorLike, y_pred: TensorLike, axis: Axis = -1) -> Tensor:
    """`2 * cov(y_true, y_pred) / (var(y_true) + var(y_pred) + (mean(y_true) - mean(y_pred))**2)` along `axis`: 1 if both are equal.

    Args:
        y_true: targets of any shape.
        y_pred: predictions of the same shape.
        axis: the axes along which to compare; None: all.

    Returns:
        The shape without these axes, in the dtype of `y_pred` (integers: `floatx`); 0 where neither of the two varies.

    Raises:
        ShapeError: the shapes do not fit each other.

    Reference:
        Lin, "A Concordance Correlation Coefficient to Evaluate Reproducibility", 1989.

    Example:
        >>> [round(c, 2) for c in concordance_correlation([[0.0, 2.0]], [[1.0, 3.0]]).tolist()]
        [0.67]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    means = [ops.mean(x, axis=axis, keepdims=True) for x in (y_true, y_pred)]
    a, b = ops.subtract(y_true, means[0]), ops.subtract(y_pred, means[1])
    shift = ops.mean(ops.square(ops.subtract(*means)), axis=axis)
    apart = ops.add(ops.add(ops.mean(ops.square(a), axis=axis), ops.mean(ops.square(b), axis=axis)), shift)
    return ops.divide(ops.multiply(ops.mean(ops.multiply(a, b), axis=axis), 2.0), ops.add(apart, config.epsilon()))


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of `cov(y_true, y_pred) / (std(y_true) * std(y_pred))`; shapes as for `pearson_correlation`.

    Args:
        name: its name.
        dtype: of the state and the result.
        axis: the axes along which to compare; None: all.

    Example:
        >>> round(float(PearsonCorrelation()([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]])), 4)
        1.0
    """

    _direction = "up"

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: Axis = -1) -> None:
        super().__init__(pearson_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean concordance of `y_true` and `y_pred`; formula and shapes as for `concordance_correlation`.

    Args:
        name: its name.
        dtype: of the state and the result.
        axis: the axes along which to compare; None: all.

    Example:
        >>> round(float(ConcordanceCorrelation()([[0.0, 2.0]], [[1.0, 3.0]])), 2)
        0.67
    """

    _direction = "up"

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: Axis = -1) -> None:
        super().__init__(concordance_correlation, name=name, dtype=dtype, axis=axis)
        self.axis = axis
