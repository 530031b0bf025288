"""What `compile` asked for, once the outputs are known: the losses to lower and the metrics to watch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalthea import losses, metrics, ops, tree
from amalthea.errors import ArgumentError
from amalthea.training.outputs import by_output, names_of, targets_by_output

_ACCURACY = ("accuracy", "acc")
_CROSSENTROPY = ("crossentropy", "ce")


class CompiledLoss:
    """The losses of a model's outputs, and their weighted sum.

    Args:
        loss: one loss for all outputs, a list, or a dictionary by output name; each a name, a function, an object or None.
        loss_weights: a number, a list or a dictionary likewise.
        output_names: the names of the outputs, where the model has them.
    """

    def __init__(self, loss: Any, loss_weights: Any = None, output_names: Sequence[str] | None = None) -> None:
        self._loss = loss
        self._loss_weights = loss_weights
        self._output_names = output_names
        self._names: list[str] = []
        self._parts: list[tuple[int, Any, float]] = []
        self.trackers: list[metrics.Mean] = []
        self.built = False
        for part in tree.flatten(loss):
            if part is not None:
                losses.get(part)  # an unknown name is an error now, not when training starts

    def build(self, y_pred: Any) -> None:
        """Find which loss belongs to which output of `y_pred`."""
        self._names = names_of(y_pred, self._output_names)
        chosen = by_output(self._loss, self._names, "loss", _is_loss)
        weights = by_output(self._loss_weights, self._names, "loss_weights", lambda part: isinstance(part, (int, float)))
        self._parts = []
        for position, (part, weight) in enumerate(zip(chosen, weights, strict=True)):
            if part is not None:
                self._parts.append((position, _as_loss(part), 1.0 if weight is None else float(weight)))
        if not self._parts:
            raise ArgumentError("`loss` names no loss for any output of the model.")
        self._weighted = self._loss_weights is not None
        if len(self._parts) > 1:
            self.trackers = [metrics.Mean(name=f"{self._names[position]}_loss") for position, _, _ in self._parts]
        self.built = True

    def losses_by_output(self) -> list[Any]:
        """The loss of each output, None where there is none. For checks of the labels."""
        found: list[Any] = [None] * len(self._names)
        for position, loss, _ in self._parts:
            found[position] = loss
        return found

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The weighted sum of the losses, a scalar."""
        if not self.built:
            self.build(y_pred)
        predictions = tree.flatten(y_pred)
        targets = targets_by_output(y_true, self._names, len(predictions))
        weights = _weights_by_output(sample_weight, self._names, len(predictions))
        total = None
        for index, (position, loss, factor) in enumerate(self._parts):
            if targets[position] is None:
                raise ArgumentError(f"The output {self._names[position]!r} has a loss, but `y` holds no target for it.")
            value = loss(targets[position], predictions[position], weights[position])
            if self.trackers:
                self.trackers[index].update_state(value, sample_weight=_batch_size(predictions[position]))
            if self._weighted:
                value = ops.multiply(value, factor)
            total = value if total is None else ops.add(total, value)
        return total


class CompiledMetrics:
    """The metrics of a model's outputs.

    Args:
        plain: metrics that ignore sample weights: a list for all outputs, lists in their order, or a dictionary by name.
        weighted: metrics that take sample weights, likewise.
        output_names: the names of the outputs, where the model has them.
    """

    def __init__(self, plain: Any, weighted: Any, output_names: Sequence[str] | None = None) -> None:
        self._given = (plain, weighted)
        self._output_names = output_names
        self._names: list[str] = []
        self._rows: list[tuple[int, Any, bool, str]] = []
        self.built = False
        for part in tree.flatten([plain, weighted]):
            if isinstance(part, str) and part not in _ACCURACY + _CROSSENTROPY:
                metrics.get(part)

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metric objects, given targets and outputs (their shapes choose among the accuracies)."""
        self._names = names_of(y_pred, self._output_names)
        predictions = tree.flatten(y_pred)
        targets = targets_by_output(y_true, self._names, len(predictions))
        rows = []
        for weighted, argument, given in ((False, "metrics", self._given[0]), (True, "weighted_metrics", self._given[1])):
            if isinstance(given, (list, tuple)) and len(predictions) == 1 and not any(isinstance(part, (list, tuple)) for part in given):
                given = [given]
            for position, part in enumerate(by_output(given, self._names, argument, _is_metric)):
                for metric in part if isinstance(part, (list, tuple)) else [part]:
                    if metric is not None:
                        made = _as_metric(metric, targets[position], predictions[position])
                        label = made.name if len(predictions) == 1 else f"{self._names[position]}_{made.name}"
                        rows.append((position, made, weighted, label))
        self._rows = rows
        self.built = True

    @property
    def metrics(self) -> list[metrics.Metric]:
        """The metric objects, each once."""
        return list({id(metric): metric for _, metric, _, _ in self._rows}.values())

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Let every metric see a batch."""
        if not self.built:
            self.build(y_true, y_pred)
        if not self._rows:
            return
        predictions = tree.flatten(y_pred)
        targets = targets_by_output(y_true, self._names, len(predictions))
        weights = _weights_by_output(sample_weight, self._names, len(predictions))
        for position, metric, weighted, _ in self._rows:
            if targets[position] is None:
                continue
            if weighted:
                metric.update_state(targets[position], predictions[position], sample_weight=weights[position])
            else:
                metric.update_state(targets[position], predictions[position])

    def result(self) -> dict[str, Any]:
        """The values of the metrics by name."""
        results: dict[str, Any] = {}
        for _, metric, _, label in self._rows:
            value = metric.result()
            if isinstance(value, dict):
                results.update(value)
            else:
                results[_unused(label, results)] = value
        return results

    def reset_state(self) -> None:
        """Let every metric begin anew."""
        for metric in self.metrics:
            metric.reset_state()


def _is_loss(part: Any) -> bool:
    return isinstance(part, str) or callable(part) or (isinstance(part, dict) and "class_name" in part)


def _is_metric(part: Any) -> bool:
    return isinstance(part, (str, metrics.Metric)) or callable(part) or (isinstance(part, dict) and "class_name" in part)


def _as_loss(part: Any) -> Any:
    found: Any = losses.get(part)
    if isinstance(found, losses.Loss):
        return found
    return losses.LossFunctionWrapper(found, name=getattr(found, "__name__", "loss"))


def _as_metric(part: Any, y_true: Any, y_pred: Any) -> metrics.Metric:
    """The metric that `part` names; "accuracy" and "crossentropy" mean the kind that fits the shapes."""
    if isinstance(part, str) and part in _ACCURACY + _CROSSENTROPY:
        kind = _kind_of_targets(y_true, y_pred)
        table = {
            "binary": (metrics.BinaryAccuracy, metrics.BinaryCrossentropy),
            "categorical": (metrics.CategoricalAccuracy, metrics.CategoricalCrossentropy),
            "sparse": (metrics.SparseCategoricalAccuracy, metrics.SparseCategoricalCrossentropy),
        }
        return table[kind][part in _CROSSENTROPY](name=part)
    found = metrics.get(part)
    if not isinstance(found, metrics.Metric):
        found = metrics.MeanMetricWrapper(found, name=getattr(found, "name", None) or getattr(found, "__name__", type(found).__name__))
    if isinstance(part, str):
        found.name = part  # it is logged under the name that was asked for
    return found


def _kind_of_targets(y_true: Any, y_pred: Any) -> str:
    """What targets of this shape are for predictions of that shape: "binary", "categorical" or "sparse"."""
    true_shape = () if y_true is None else tuple(y_true.shape)
    shape = tuple(y_pred.shape)
    if not shape or shape[-1] == 1:
        return "binary"
    if len(true_shape) < len(shape) or (len(true_shape) == len(shape) and true_shape and true_shape[-1] == 1):
        return "sparse"
    return "categorical"


def _weights_by_output(sample_weight: Any, names: Sequence[str], count: int) -> list[Any]:
    if sample_weight is None or tree.is_nested(sample_weight):
        return targets_by_output(sample_weight, names, count, "sample_weight")
    return [sample_weight] * count


def _batch_size(x: Any) -> Any:
    return ops.shape(x)[0]


def _unused(label: str, taken: dict[str, Any]) -> str:
    candidate, count = label, 1
    while candidate in taken:
        candidate, count = f"{label}_{count}", count + 1
    return candidate
