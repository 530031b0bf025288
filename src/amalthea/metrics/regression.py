"""Metrics of numbers: means of regression losses, the root of the squared error, the coefficient of determination."""

from __future__ import annotations

from typing import Any, ClassVar

from amalthea import losses, ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.losses.arguments import as_pair
from amalthea.metrics.metric import Metric
from amalthea.metrics.reduction import Mean, MeanMetricWrapper
from amalthea.metrics.weights import size, spread
from amalthea.ops.arguments import Tensor, TensorLike


def cosine_similarity(y_true: TensorLike, y_pred: TensorLike, axis: int = -1) -> Tensor:
    """The cosine of the angle between `y_true` and `y_pred`: 1 where they point the same way. (The loss is minus this.)

    Args:
        y_true: targets (batch, ..., n).
        y_pred: predictions of the same shape.
        axis: the axis of the vectors.

    Returns:
        The shape of `y_pred` without `axis`, in its dtype (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> cosine_similarity([[0.0, 1.0]], [[0.0, 5.0]]).tolist()
        [1.0]
    """
    return ops.negative(losses.cosine_similarity(y_true, y_pred, axis=axis))


class MeanSquaredError(MeanMetricWrapper):
    """The mean of `(y_true - y_pred)**2`; shapes as for `losses.mean_squared_error`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(MeanSquaredError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]]))
        1.0
    """

    def __init__(self, name: str = "mean_squared_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_error, name=name, dtype=dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of `|y_true - y_pred|`; shapes as for `losses.mean_absolute_error`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(MeanAbsoluteError()([[0.0, 1.0], [0.0, 0.0]], [[2.0, 1.0], [0.0, 0.0]]))
        0.5
    """

    def __init__(self, name: str = "mean_absolute_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_error, name=name, dtype=dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of `100 * |y_true - y_pred| / |y_true|`; shapes as for `losses.mean_absolute_percentage_error`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(MeanAbsolutePercentageError()([[2.0, 4.0]], [[1.0, 4.0]]))
        25.0
    """

    def __init__(self, name: str = "mean_absolute_percentage_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name=name, dtype=dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of `(log(1 + y_true) - log(1 + y_pred))**2`; shapes as for `losses.mean_squared_logarithmic_error`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> round(float(MeanSquaredLogarithmicError()([[0.0]], [[1.0]])), 3)
        0.48
    """

    def __init__(self, name: str = "mean_squared_logarithmic_error", dtype: Any = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name=name, dtype=dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of `log(cosh(y_pred - y_true))`; shapes as for `losses.log_cosh`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> round(float(LogCoshError()([[0.0]], [[1.0]])), 4)
        0.4338
    """

    def __init__(self, name: str = "logcosh", dtype: Any = None) -> None:
        super().__init__(losses.log_cosh, name=name, dtype=dtype)


class CosineSimilarity(MeanMetricWrapper):
    """The mean cosine of the angle between `y_true` and `y_pred` (batch, ..., n): 1 where they point the same way, -1 where opposed.

    Args:
        name: its name.
        dtype: of the state and the result.
        axis: the axis of the vectors.

    Example:
        >>> float(CosineSimilarity()([[0.0, 1.0], [1.0, 0.0]], [[0.0, 5.0], [0.0, 1.0]]))
        0.5
    """

    _direction = "up"
    unsaved_defaults: ClassVar[dict[str, Any]] = {"axis": -1}

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(cosine_similarity, name=name, dtype=dtype, axis=axis)


class RootMeanSquaredError(Mean):
    """The root of the mean of `(y_true - y_pred)**2`, over all elements.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(RootMeanSquaredError()([[0.0, 0.0], [0.0, 0.0]], [[4.0, 0.0], [0.0, 0.0]]))
        2.0
    """

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:  # type: ignore[override]
        """Let a batch count.

        Args:
            y_true: targets of any shape.
            y_pred: predictions of the same shape.
            sample_weight: tensor that has the first axes of `y_pred`, or all.
        """
        y_true, y_pred = as_pair(y_true, y_pred)
        super().update_state(ops.square(ops.subtract(y_true, y_pred)), sample_weight)

    def result(self) -> Tensor:
        """The root of the mean, a scalar; 0 before the first batch."""
        return ops.sqrt(super().result())


_AGGREGATIONS = (None, "uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """The coefficient of determination, `1 - sum((y_true - y_pred)**2) / sum((y_true - mean(y_true))**2)`: 1 if all is explained.

    Args:
        class_aggregation: how the scores of the outputs become one: "uniform_average", "variance_weighted_average" (by the divisor above), or
            None: they stay.
        num_regressors: how many inputs the model has, for the adjusted score `1 - (1 - r2) * (n - 1) / (n - num_regressors - 1)`, where n is the
            number of targets; 0: not adjusted.
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: an unknown `class_aggregation`, or `num_regressors` less than 0.

    Example:
        >>> round(float(R2Score()([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])), 4)
        0.5714
    """

    _direction = "up"

    def __init__(self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0, name: str = "r2_score", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation not in _AGGREGATIONS:
            raise ArgumentError(f"`class_aggregation` must be one of {', '.join(map(repr, _AGGREGATIONS))}. Received: {class_aggregation!r}.")
        if num_regressors < 0:
            raise ArgumentError(f"`num_regressors` must be at least 0. Received: num_regressors={num_regressors!r}.")
        self.class_aggregation = class_aggregation
        self.num_regressors = num_regressors
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self._built = False

    def _build(self, outputs: int) -> None:
        self.squared_sum = self.add_variable((outputs,), "zeros", name="squared_sum")
        self.sum = self.add_variable((outputs,), "zeros", name="sum")
        self.total_mse = self.add_variable((outputs,), "zeros", name="residual")
        self.count = self.add_variable((outputs,), "zeros", name="count")
        self._built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let a batch count.

        Args:
            y_true: targets (batch, outputs).
            y_pred: predictions of the same shape.
            sample_weight: (batch,), (batch, 1) or (batch, outputs).

        Raises:
            ShapeError: other shapes.
        """
        y_true, y_pred = as_pair(y_true, y_pred, alike=True)
        if len(y_pred.shape) != 2:
            raise ShapeError(f"`R2Score` takes tensors of shape (batch, outputs). Received `y_pred` of shape {tuple(y_pred.shape)}.")
        if not self._built:
            self._build(y_pred.shape[1])
        dtype = self.sum.dtype
        y_true, y_pred = ops.cast(y_true, dtype), ops.cast(y_pred, dtype)
        weights = ops.ones_like(y_true) if sample_weight is None else spread(sample_weight, y_true, dtype)
        weighed = ops.multiply(y_true, weights)
        self.sum.assign_add(ops.sum(weighed, axis=0))
        self.squared_sum.assign_add(ops.sum(ops.multiply(y_true, weighed), axis=0))
        self.total_mse.assign_add(ops.sum(ops.multiply(ops.square(ops.subtract(y_true, y_pred)), weights), axis=0))
        self.count.assign_add(ops.sum(weights, axis=0))
        self.num_samples.assign_add(size(y_true))

    def result(self) -> Tensor:
        """The score: a scalar, or (outputs,) if it is not aggregated. NaN before the first batch; 0 for an output whose targets are all alike."""
        if not self._built:
            return ops.full((), float("nan"), dtype=self.num_samples.dtype)
        mean = ops.divide(self.sum, self.count)
        total = ops.subtract(self.squared_sum, ops.multiply(self.sum, mean))
        score = ops.subtract(1.0, ops.divide(self.total_mse, total))
        score = ops.where(ops.isinf(score), 0.0, score)
        if self.class_aggregation == "uniform_average":
            score = ops.mean(score)
        elif self.class_aggregation == "variance_weighted_average":
            score = ops.divide(ops.sum(ops.multiply(total, score)), ops.sum(total))
        if self.num_regressors == 0:
            return score
        free = ops.subtract(self.num_samples, self.num_regressors + 1.0)
        lost = ops.divide(ops.multiply(ops.subtract(1.0, score), ops.subtract(self.num_samples, 1.0)), ops.where(ops.greater(free, 0.0), free, 1.0))
        # With no more targets than inputs the adjusted score is not defined.
        return ops.where(ops.greater(free, 0.0), ops.subtract(1.0, lost), score)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"class_aggregation": self.class_aggregation, "num_regressors": self.num_regressors}
