"""How many predictions are true or false, positive or negative; precision and recall."""

from __future__ import annotations

from typing import Any, ClassVar

from amalthea import ops
from amalthea.metrics.confusion import NOTHING, confusion, parse_thresholds, spaced_evenly
from amalthea.metrics.metric import Metric
from amalthea.ops.arguments import Tensor, TensorLike


def _single(values: Tensor, thresholds: list[float]) -> Tensor:
    """A scalar where there is one threshold."""
    return values[0] if len(thresholds) == 1 else values


class _Count(Metric):
    """The weight of the predictions of one kind."""

    _counted: ClassVar[str]

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.thresholds = parse_thresholds(thresholds)
        self._evenly = spaced_evenly(self.thresholds)
        self.accumulator = self.add_variable((len(self.thresholds),), "zeros", name="accumulator")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let a batch count.

        Args:
            y_true: targets of any shape, 0 or 1.
            y_pred: predictions of the same shape, between 0 and 1.
            sample_weight: tensor that has the first axes of `y_pred`, or all.

        Raises:
            ShapeError: the shapes do not fit each other.
        """
        found = confusion(y_true, y_pred, self.thresholds, sample_weight, evenly=self._evenly, counts=(self._counted,))
        self.accumulator.assign_add(found[self._counted])

    def result(self) -> Tensor:
        """How many: a scalar, or one number for each of several thresholds."""
        return _single(self.accumulator.value, self.thresholds)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"thresholds": _plain(self.init_thresholds)}


def _plain(thresholds: Any) -> Any:
    return thresholds if thresholds is None or isinstance(thresholds, (int, float)) else [float(threshold) for threshold in thresholds]


class TruePositives(_Count):
    """How many predictions are positive, and rightly so.

    Args:
        thresholds: what is greater is positive: a number between 0 and 1, or several; by default 0.5.
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: a threshold is not between 0 and 1.

    Example:
        >>> float(TruePositives()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0]))
        2.0
    """

    _counted = "true_positives"


class FalsePositives(_Count):
    """How many predictions are positive, but should not be.

    Args:
        thresholds: what is greater is positive: a number between 0 and 1, or several; by default 0.5.
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: a threshold is not between 0 and 1.

    Example:
        >>> float(FalsePositives()([0, 1, 0, 0], [0.0, 0.0, 1.0, 1.0]))
        2.0
    """

    _counted = "false_positives"


class TrueNegatives(_Count):
    """How many predictions are negative, and rightly so.

    Args:
        thresholds: what is greater is positive: a number between 0 and 1, or several; by default 0.5.
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: a threshold is not between 0 and 1.

    Example:
        >>> float(TrueNegatives()([0, 1, 0, 0], [1.0, 1.0, 0.0, 0.0]))
        2.0
    """

    _counted = "true_negatives"


class FalseNegatives(_Count):
    """How many predictions are negative, but should not be.

    Args:
        thresholds: what is greater is positive: a number between 0 and 1, or several; by default 0.5.
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: a threshold is not between 0 and 1.

    Example:
        >>> float(FalseNegatives()([0, 1, 1, 1], [0.0, 1.0, 0.0, 0.0]))
        2.0
    """

    _counted = "false_negatives"


class _Ratio(Metric):
    """The share that true positives have in something."""

    _direction = "up"
    _against: ClassVar[str]

    def __init__(
        self, thresholds: Any = None, top_k: int | None = None, class_id: int | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.init_thresholds = thresholds
        self.top_k = top_k
        self.class_id = class_id
        self.thresholds = parse_thresholds(thresholds, default=0.5 if top_k is None else NOTHING)
        self._evenly = spaced_evenly(self.thresholds)
        shape = (len(self.thresholds),)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        setattr(self, self._against, self.add_variable(shape, "zeros", name=self._against))

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let a batch count.

        Args:
            y_true: targets of any shape (with `class_id`: (batch, classes)), 0 or 1.
            y_pred: predictions of the same shape, between 0 and 1.
            sample_weight: tensor that has the first axes of `y_pred`, or all.

        Raises:
            ShapeError: the shapes do not fit each other.
        """
        found = confusion(
            y_true,
            y_pred,
            self.thresholds,
            sample_weight,
            evenly=self._evenly,
            top_k=self.top_k,
            class_id=self.class_id,
            counts=("true_positives", self._against),
        )
        for name, values in found.items():
            getattr(self, name).assign_add(values)

    def result(self) -> Tensor:
        """The share: a scalar, or one number for each of several thresholds; 0 before the first batch."""
        against = getattr(self, self._against)
        return _single(ops.divide_no_nan(self.true_positives.value, ops.add(self.true_positives, against)), self.thresholds)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"thresholds": _plain(self.init_thresholds), "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Ratio):
    """How many of the positive predictions should be: `true_positives / (true_positives + false_positives)`.

    Args:
        thresholds: what is greater is positive: a number between 0 and 1, or several; by default 0.5 (with `top_k`: everything).
        top_k: only that many predictions of each sample, the greatest, can be positive.
        class_id: look at this class alone, of tensors (batch, classes).
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: a threshold is not between 0 and 1.

    Example:
        >>> round(float(Precision()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])), 4)
        0.6667
    """

    _against = "false_positives"


class Recall(_Ratio):
    """How many of those that should be positive are: `true_positives / (true_positives + false_negatives)`.

    Args:
        thresholds: what is greater is positive: a number between 0 and 1, or several; by default 0.5 (with `top_k`: everything).
        top_k: only that many predictions of each sample, the greatest, can be positive.
        class_id: look at this class alone, of tensors (batch, classes).
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: a threshold is not between 0 and 1.

    Example:
        >>> round(float(Recall()([0, 1, 1, 1], [1.0, 0.0, 1.0, 1.0])), 4)
        0.6667
    """

    _against = "false_negatives"
