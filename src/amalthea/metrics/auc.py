"""The area under a curve of rates, over many thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import config, ops
from amalthea.errors import ArgumentError, ShapeError, nearest
from amalthea.losses.arguments import as_float
from amalthea.metrics.confusion import COUNTS, confusion, grid, parse_thresholds, spaced_evenly
from amalthea.metrics.metric import Metric
from amalthea.ops.arguments import Tensor, TensorLike

_CURVES = ("ROC", "PR", "PRGAIN")
_METHODS = ("interpolation", "minoring", "majoring")


def _one_of(argument: str, value: Any, allowed: tuple[str, ...]) -> str:
    for name in allowed:
        if str(value).lower() == name.lower():
            return name
    raise ArgumentError(f"`{argument}` must be one of {', '.join(map(repr, allowed))}. Received: {value!r}.{nearest(str(value), allowed)}")


class AUC(Metric):
    """The area under a curve, approximated at thresholds: how well predictions tell positives from negatives, at whatever threshold.

    Args:
        num_thresholds: how many thresholds to use, spaced evenly; at least 2.
        curve: "ROC" (true positive rate over false positive rate), "PR" (precision over recall) or "PRGAIN" (precision gain over recall gain).
        summation_method: the height of the curve between two thresholds: "interpolation" (between the two), "minoring" (the lower of the two) or
            "majoring" (the greater). "interpolation" under "PR" follows Davis and Goadrich.
        name: its name.
        dtype: kept for Keras's sake: the state is in `floatx`.
        thresholds: thresholds between 0 and 1 to use in place of those spaced evenly; one below 0 and one above 1 are added.
        multi_label: whether each label, of tensors (batch, labels), has a curve of its own, whose areas are averaged; otherwise all predictions
            are on one.
        num_labels: how many labels there are, if known, with `multi_label`.
        label_weights: how much each label counts: in the average with `multi_label`, else as weights of predictions.
        from_logits: whether predictions are logits, which are put through a sigmoid first.

    Raises:
        ArgumentError: an unknown curve or method, a threshold that is not between 0 and 1, too few thresholds, or labels without `multi_label`.

    Reference:
        Davis and Goadrich, "The Relationship Between Precision-Recall and ROC Curves", 2006; Flach and Kull, "Precision-Recall-Gain Curves", 2015.

    Example:
        >>> float(AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]))
        0.75
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = _one_of("curve", curve, _CURVES)
        self.summation_method = _one_of("summation_method", summation_method, _METHODS)
        self._chosen = None if thresholds is None else sorted(parse_thresholds(thresholds))
        if self._chosen is None:
            if num_thresholds <= 1:
                raise ArgumentError(f"`num_thresholds` must be at least 2. Received: num_thresholds={num_thresholds!r}.")
            self.thresholds = grid(num_thresholds)
            self._evenly = num_thresholds > 2
        else:
            self.thresholds = [-config.epsilon(), *self._chosen, 1.0 + config.epsilon()]
            self._evenly = spaced_evenly([0.0, *self._chosen, 1.0])
        self.num_thresholds = len(self.thresholds)
        if num_labels is not None and not multi_label:
            raise ArgumentError("`num_labels` has a meaning only with `multi_label=True`.")
        self.multi_label = multi_label
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else np.asarray(label_weights, "float64")
        self._from_logits = from_logits
        self._built = False
        if not multi_label:
            self._build(())
        elif num_labels is not None:
            self._build((num_labels,))

    def _build(self, labels: tuple[int, ...]) -> None:
        if labels and self.label_weights is not None and self.label_weights.shape != labels:
            raise ShapeError(f"`label_weights` must have one weight for each of the {labels[0]} labels. Received shape {self.label_weights.shape}.")
        shape = (self.num_thresholds, *labels)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", name="false_positives")
        self.true_negatives = self.add_variable(shape, "zeros", name="true_negatives")
        self.false_negatives = self.add_variable(shape, "zeros", name="false_negatives")
        self._built = True

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let a batch count.

        Args:
            y_true: targets of any shape (with `multi_label`: (batch, labels)), 0 or 1.
            y_pred: predictions of the same shape, between 0 and 1, or logits.
            sample_weight: tensor that has the first axes of `y_pred`, or all.

        Raises:
            ShapeError: the shapes do not fit each other, or the labels of earlier batches.
        """
        y_pred = as_float(y_pred)
        if self._from_logits:
            y_pred = ops.sigmoid(y_pred)
        labels = tuple(y_pred.shape[1:])
        if self.multi_label:
            if not self._built and len(labels) == 1:
                self._build(labels)
            if self._built and labels != self.true_positives.shape[1:]:
                raise ShapeError(f"There are {self.true_positives.shape[1]} labels. Received `y_pred` of shape {tuple(y_pred.shape)}.")
        elif self.label_weights is not None and (not labels or labels[-1:] != self.label_weights.shape):
            raise ShapeError(
                f"`label_weights` of shape {self.label_weights.shape} weigh the last axis of `y_pred`, which has shape {tuple(y_pred.shape)}."
            )
        found = confusion(
            y_true,
            y_pred,
            self.thresholds,
            sample_weight,
            evenly=self._evenly,
            multi_label=self.multi_label,
            label_weights=None if self.multi_label else self.label_weights,
        )
        for name in COUNTS:
            getattr(self, name).assign_add(found[name])

    def result(self) -> Tensor:
        """The area, a scalar; 0 before the first batch."""
        if not self._built:
            return ops.zeros(())
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._average(self._area_under_precision())
        x, y = {"ROC": self._rates, "PR": self._precision, "PRGAIN": self._gains}[self.curve]()
        first, second = y[:-1], y[1:]
        heights = {
            "interpolation": lambda: ops.divide(ops.add(first, second), 2.0),
            "minoring": lambda: ops.minimum(first, second),
            "majoring": lambda: ops.maximum(first, second),
        }[self.summation_method]()
        return self._average(ops.sum(ops.multiply(ops.subtract(x[:-1], x[1:]), heights), axis=0))

    def _average(self, areas: Tensor) -> Tensor:
        """One area from those of the labels."""
        if not self.multi_label:
            return areas
        if self.label_weights is None:
            return ops.mean(areas)
        weights = ops.cast(ops.convert_to_tensor(self.label_weights), areas.dtype)
        return ops.divide_no_nan(ops.sum(ops.multiply(areas, weights)), ops.sum(weights))

    def _recall(self) -> Tensor:
        return ops.divide_no_nan(self.true_positives.value, ops.add(self.true_positives, self.false_negatives))

    def _rates(self) -> tuple[Tensor, Tensor]:
        return ops.divide_no_nan(self.false_positives.value, ops.add(self.false_positives, self.true_negatives)), self._recall()

    def _precision(self) -> tuple[Tensor, Tensor]:
        return self._recall(), ops.divide_no_nan(self.true_positives.value, ops.add(self.true_positives, self.false_positives))

    def _gains(self) -> tuple[Tensor, Tensor]:
        ratio = ops.divide_no_nan(ops.add(self.true_positives, self.false_negatives), ops.add(self.false_positives, self.true_negatives))
        true = self.true_positives.value
        missed, wrong = (ops.multiply(ratio, ops.divide_no_nan(x.value, true)) for x in (self.false_negatives, self.false_positives))
        # A recall gain below 0 is worse than calling everything positive: off the curve. Where nothing is found there is no gain.
        recall = ops.where(ops.greater(true, 0.0), ops.maximum(ops.subtract(1.0, missed), 0.0), 0.0)
        return recall, ops.subtract(1.0, wrong)

    def _area_under_precision(self) -> Tensor:
        """The area under precision over recall, if true and false positives change in proportion between two thresholds.

        There precision is `tp / p` with `tp = intercept + slope * p`, whose integral over tp has a closed form.
        """
        true, positive = self.true_positives.value, ops.add(self.true_positives, self.false_positives)
        gained = ops.subtract(true[:-1], true[1:])
        slope = ops.divide_no_nan(gained, ops.maximum(ops.subtract(positive[:-1], positive[1:]), 0.0))
        intercept = ops.subtract(true[1:], ops.multiply(slope, positive[1:]))
        both = ops.logical_and(ops.greater(positive[:-1], 0.0), ops.greater(positive[1:], 0.0))
        ratio = ops.where(both, ops.divide_no_nan(positive[:-1], ops.maximum(positive[1:], 0.0)), 1.0)
        inside = ops.multiply(slope, ops.add(gained, ops.multiply(intercept, ops.log(ratio))))
        wanted = ops.maximum(ops.add(true[1:], self.false_negatives.value[1:]), 0.0)
        return ops.sum(ops.divide_no_nan(inside, wanted), axis=0)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        settings = super().get_config() | {
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": None if self.label_weights is None else self.label_weights.tolist(),
            "from_logits": self._from_logits,
        }
        return settings if self._chosen is None else settings | {"thresholds": self._chosen}
