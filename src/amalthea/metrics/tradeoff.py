"""The best of one rate where another is good enough: sensitivity at a specificity, precision at a recall, and the reverse."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.losses.arguments import check_fraction
from amalthea.metrics.confusion import COUNTS, confusion
from amalthea.metrics.metric import Metric
from amalthea.ops.arguments import Tensor, TensorLike


class _Tradeoff(Metric):
    """Counts at many thresholds, of which the best is taken."""

    _direction = "up"

    def __init__(self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any) -> None:
        super().__init__(name=name, dtype=dtype)
        if num_thresholds <= 0:
            raise ArgumentError(f"`num_thresholds` must be at least 1. Received: num_thresholds={num_thresholds!r}.")
        self.value = value
        self.num_thresholds = num_thresholds
        self.class_id = class_id
        self.thresholds = [0.5] if num_thresholds == 1 else [i / (num_thresholds - 1) for i in range(num_thresholds)]
        self._evenly = num_thresholds > 2
        shape = (num_thresholds,)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", name="false_positives")
        self.true_negatives = self.add_variable(shape, "zeros", name="true_negatives")
        self.false_negatives = self.add_variable(shape, "zeros", name="false_negatives")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let a batch count.

        Args:
            y_true: targets of any shape (with `class_id`: (batch, classes)), 0 or 1.
            y_pred: predictions of the same shape, between 0 and 1.
            sample_weight: tensor that has the first axes of `y_pred`, or all.

        Raises:
            ShapeError: the shapes do not fit each other.
        """
        found = confusion(y_true, y_pred, self.thresholds, sample_weight, evenly=self._evenly, class_id=self.class_id)
        for name in COUNTS:
            getattr(self, name).assign_add(found[name])

    @abstractmethod
    def _rates(self) -> tuple[Tensor, Tensor]:
        """What must be good enough, and what is wanted, at each threshold."""

    def result(self) -> Tensor:
        """The best that is wanted, a scalar; 0 if no threshold is good enough, or before the first batch."""
        needed, wanted = self._rates()
        return ops.max(ops.where(ops.greater_equal(needed, self.value), wanted, 0.0))

    def _share(self, of: Any, and_of: Any) -> Tensor:
        return ops.divide_no_nan(of.value, ops.add(of, and_of))

    def _sensitivity(self) -> Tensor:
        return self._share(self.true_positives, self.false_negatives)

    def _specificity(self) -> Tensor:
        return self._share(self.true_negatives, self.false_positives)

    def _precision(self) -> Tensor:
        return self._share(self.true_positives, self.false_positives)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"class_id": self.class_id, "num_thresholds": self.num_thresholds}


class SensitivityAtSpecificity(_Tradeoff):
    """The best sensitivity, `tp / (tp + fn)`, where the specificity, `tn / (tn + fp)`, is at least `specificity`.

    Args:
        specificity: between 0 and 1.
        num_thresholds: how many thresholds to try.
        class_id: look at this class alone, of tensors (batch, classes).
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: `specificity` is not between 0 and 1, or there are no thresholds.

    Example:
        >>> float(SensitivityAtSpecificity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        check_fraction("specificity", specificity)
        super().__init__(specificity, num_thresholds, class_id, name, dtype)
        self.specificity = specificity

    def _rates(self) -> tuple[Tensor, Tensor]:
        return self._specificity(), self._sensitivity()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"specificity": self.specificity}


class SpecificityAtSensitivity(_Tradeoff):
    """The best specificity, `tn / (tn + fp)`, where the sensitivity, `tp / (tp + fn)`, is at least `sensitivity`.

    Args:
        sensitivity: between 0 and 1.
        num_thresholds: how many thresholds to try.
        class_id: look at this class alone, of tensors (batch, classes).
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: `sensitivity` is not between 0 and 1, or there are no thresholds.

    Example:
        >>> round(float(SpecificityAtSensitivity(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8])), 4)
        0.6667
    """

    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None, dtype: Any = None
    ) -> None:
        check_fraction("sensitivity", sensitivity)
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)
        self.sensitivity = sensitivity

    def _rates(self) -> tuple[Tensor, Tensor]:
        return self._sensitivity(), self._specificity()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"sensitivity": self.sensitivity}


class PrecisionAtRecall(_Tradeoff):
    """The best precision, `tp / (tp + fp)`, where the recall, `tp / (tp + fn)`, is at least `recall`.

    Args:
        recall: between 0 and 1.
        num_thresholds: how many thresholds to try.
        class_id: look at this class alone, of tensors (batch, classes).
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: `recall` is not between 0 and 1, or there are no thresholds.

    Example:
        >>> float(PrecisionAtRecall(0.5)([0, 0, 0, 1, 1], [0.0, 0.3, 0.8, 0.3, 0.8]))
        0.5
    """

    def __init__(self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        check_fraction("recall", recall)
        super().__init__(recall, num_thresholds, class_id, name, dtype)
        self.recall = recall

    def _rates(self) -> tuple[Tensor, Tensor]:
        return self._sensitivity(), self._precision()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"recall": self.recall}


class RecallAtPrecision(_Tradeoff):
    """The best recall, `tp / (tp + fn)`, where the precision, `tp / (tp + fp)`, is at least `precision`.

    Args:
        precision: between 0 and 1.
        num_thresholds: how many thresholds to try.
        class_id: look at this class alone, of tensors (batch, classes).
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.

    Raises:
        ArgumentError: `precision` is not between 0 and 1, or there are no thresholds.

    Example:
        >>> float(RecallAtPrecision(0.8)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
        0.5
    """

    def __init__(self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None, dtype: Any = None) -> None:
        check_fraction("precision", precision)
        super().__init__(precision, num_thresholds, class_id, name, dtype)
        self.precision = precision

    def _rates(self) -> tuple[Tensor, Tensor]:
        return self._precision(), self._sensitivity()

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {"precision": self.precision}
