"""F-scores: means of precision and recall."""

from __future__ import annotations

from typing import Any

from amalthea import config, ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.losses.arguments import as_pair
from amalthea.metrics.metric import Metric
from amalthea.metrics.weights import spread
from amalthea.ops.arguments import Tensor, TensorLike

_AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """`(1 + beta**2) * precision * recall / (beta**2 * precision + recall)`, of each class.

    Args:
        average: how the scores of the classes become one: "micro" (counts of all classes together), "macro" (their mean), "weighted" (their mean,
            weighed by how often the classes are), or None: they stay.
        beta: how many times as much recall counts as precision.
        threshold: predictions greater than this are positive; None: in each sample, the greatest alone.
        name: its name.
        dtype: of the state and the result.

    Raises:
        ArgumentError: an unknown average, or `beta` or `threshold` out of range.

    Example:
        >>> y_true = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
        >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
        >>> [round(score, 4) for score in FBetaScore(beta=2.0, threshold=0.5)(y_true, y_pred).tolist()]
        [0.3846, 0.9091, 0.8333]
    """

    _direction = "up"

    def __init__(
        self, average: str | None = None, beta: float = 1.0, threshold: float | None = None, name: str = "fbeta_score", dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average not in _AVERAGES:
            raise ArgumentError(f"`average` must be one of {', '.join(map(repr, _AVERAGES))}. Received: {average!r}.")
        if not isinstance(beta, (int, float)) or beta <= 0:
            raise ArgumentError(f"`beta` must be a number greater than 0. Received: beta={beta!r}.")
        if threshold is not None and (not isinstance(threshold, (int, float)) or not 0 < threshold <= 1):
            raise ArgumentError(f"`threshold` must be None, or a number greater than 0 and at most 1. Received: threshold={threshold!r}.")
        self.average = average
        self.beta = float(beta)
        self.threshold = None if threshold is None else float(threshold)
        self.axis = None if average == "micro" else 0
        self._built = False

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = self.add_variable(shape, "zeros", dtype=self.dtype, name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", dtype=self.dtype, name="false_positives")
        self.false_negatives = self.add_variable(shape, "zeros", dtype=self.dtype, name="false_negatives")
        self.intermediate_weights = self.add_variable(shape, "zeros", dtype=self.dtype, name="intermediate_weights")
        self._built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let a batch count.

        Args:
            y_true: targets (batch, classes), 0 or 1.
            y_pred: predictions of the same shape, between 0 and 1.
            sample_weight: (batch,), (batch, 1) or (batch, classes).

        Raises:
            ShapeError: other shapes.
        """
        y_true, y_pred = as_pair(y_true, y_pred, alike=True)
        if len(y_pred.shape) != 2:
            raise ShapeError(f"`{type(self).__name__}` takes tensors of shape (batch, classes). Received `y_pred` of shape {tuple(y_pred.shape)}.")
        if not self._built:
            self._build(y_pred.shape[1])
        if self.threshold is None:
            greatest = ops.greater_equal(y_pred, ops.max(y_pred, axis=-1, keepdims=True))
            # A sample whose predictions are all zero has no positive one.
            positive = ops.logical_and(greatest, ops.greater(ops.absolute(y_pred), 1e-9))
        else:
            positive = ops.greater(y_pred, self.threshold)
        y_true, y_pred = ops.cast(y_true, self.dtype), ops.cast(positive, self.dtype)
        weights = None if sample_weight is None else spread(sample_weight, y_true, self.dtype)

        def total(values: Tensor) -> Tensor:
            return ops.sum(values if weights is None else ops.multiply(values, weights), axis=self.axis)

        self.true_positives.assign_add(total(ops.multiply(y_pred, y_true)))
        self.false_positives.assign_add(total(ops.multiply(y_pred, ops.subtract(1.0, y_true))))
        self.false_negatives.assign_add(total(ops.multiply(ops.subtract(1.0, y_pred), y_true)))
        self.intermediate_weights.assign_add(total(y_true))

    def result(self) -> Tensor:
        """The score: a scalar, or (classes,) if it is not averaged; a scalar 0 before the first batch."""
        if not self._built:
            return ops.zeros((), dtype=self.dtype)
        small = config.epsilon()
        precision, recall = (
            ops.divide(self.true_positives, ops.add(ops.add(self.true_positives, others), small))
            for others in (self.false_positives, self.false_negatives)
        )
        square = self.beta**2
        either = ops.add(ops.add(ops.multiply(precision, square), recall), small)
        score = ops.divide(ops.multiply(ops.multiply(precision, recall), square + 1.0), either)
        if self.average == "weighted":
            share = ops.divide(self.intermediate_weights, ops.add(ops.sum(self.intermediate_weights), small))
            return ops.sum(ops.multiply(score, share))
        return ops.mean(score) if self.average == "macro" else score

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """`2 * precision * recall / (precision + recall)`, of each class.

    Args:
        average: how the scores of the classes become one; see `FBetaScore`.
        threshold: predictions greater than this are positive; None: in each sample, the greatest alone.
        name: its name.
        dtype: of the state and the result.

    Raises:
        ArgumentError: an unknown average, or `threshold` out of range.

    Example:
        >>> y_true = [[1, 1, 1], [1, 0, 0], [1, 1, 0]]
        >>> y_pred = [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]]
        >>> [round(score, 4) for score in F1Score(threshold=0.5)(y_true, y_pred).tolist()]
        [0.5, 0.8, 0.6667]
    """

    def __init__(self, average: str | None = None, threshold: float | None = None, name: str = "f1_score", dtype: Any = None) -> None:
        super().__init__(average=average, beta=1.0, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        settings = super().get_config()
        del settings["beta"]
        return settings
