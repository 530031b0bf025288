"""Sums and means over all batches, and metrics that are means of a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from amalthea import losses, ops, tree
from amalthea.losses.arguments import match_ranks, weighed
from amalthea.losses.loss import combined_mask
from amalthea.metrics.metric import Metric
from amalthea.metrics.weights import samplewise, size
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.state.masks import get_mask


def _weights(sample_weight: TensorLike | None, mask: Tensor | None, dtype: str) -> Tensor | None:
    """Weights that are 0 where the mask takes out, or None if all values count 1."""
    if sample_weight is None:
        return None if mask is None else ops.cast(mask, dtype)
    weights = ops.cast(ops.convert_to_tensor(sample_weight), dtype)
    if mask is None:
        return weights
    kept = ops.cast(mask, dtype)
    kept, weights = match_ranks(kept, weights)
    for _ in range(len(kept.shape) - len(weights.shape)):
        weights = ops.expand_dims(weights, -1)
    return ops.multiply(*weighed(kept, weights))


class Sum(Metric):
    """The sum of all values, each times its weight.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> metric = Sum()
        >>> metric.update_state([1.0, 3.0, 5.0], sample_weight=[1.0, 0.0, 2.0])
        >>> float(metric.result())
        11.0
    """

    def __init__(self, name: str = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Add `values`, a tensor of any shape; `sample_weight` has its first axes, or all."""
        mask = get_mask(values)
        values = ops.cast(ops.convert_to_tensor(values), self.dtype)
        weights = _weights(sample_weight, mask, self.dtype)
        self.total.assign_add(ops.sum(samplewise(values, weights, ops.sum)[0]))

    def result(self) -> Tensor:
        """The sum, a scalar."""
        return self.total.value


class Mean(Metric):
    """The mean over all samples, each counted by its weight. A sample's value is the mean over its further axes.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> metric = Mean()
        >>> metric.update_state([1.0, 3.0])
        >>> metric.update_state([8.0])
        >>> float(metric.result())
        4.0
    """

    def __init__(self, name: str = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), "zeros", dtype=self.dtype, name="total")
        self.count = self.add_variable((), "zeros", dtype=self.dtype, name="count")

    def update_state(self, values: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let `values` count, a tensor of any shape; `sample_weight` has its first axes, or all."""
        self._let_count(values, sample_weight, get_mask(values))

    def _let_count(self, values: TensorLike, sample_weight: TensorLike | None, mask: Tensor | None) -> None:
        values = ops.cast(ops.convert_to_tensor(values), self.dtype)
        weights = _weights(sample_weight, mask, self.dtype)
        values, weights = samplewise(values, weights, ops.mean)
        self.total.assign_add(ops.sum(values))
        self.count.assign_add(size(values) if weights is None else ops.sum(weights))

    def result(self) -> Tensor:
        """The mean, a scalar; 0 before the first batch."""
        return ops.divide_no_nan(self.total, self.count)


class MeanMetricWrapper(Mean):
    """The mean of a function of targets and predictions.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, which gives a value for each sample.
        name: its name; by default one made of the class's name.
        dtype: of the state and the result.
        **kwargs: further arguments of `fn`.

    Example:
        >>> from amalthea import losses
        >>> metric = MeanMetricWrapper(losses.huber, name="far", delta=2.0)
        >>> float(metric([[0.0], [0.0]], [[1.0], [3.0]]))
        2.25
    """

    unsaved_defaults: ClassVar[dict[str, Any]] = {}
    """Arguments that stand in the configuration only if they have another value: Keras's files have no place for them."""

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        super().__init__(name=name, dtype=dtype)  # type: ignore[arg-type]
        self._fn = fn
        self._fn_kwargs = kwargs
        if self._direction is None and getattr(losses, getattr(fn, "__name__", ""), None) is fn:
            self._direction = "down"  # type: ignore[misc]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: TensorLike | None = None) -> None:  # type: ignore[override]
        """Let a batch count.

        Args:
            y_true: targets, as the function takes them.
            y_pred: predictions, likewise. Steps that their mask takes out do not count.
            sample_weight: how much each value of the function counts: tensor that has its first axes, or all.
        """
        mask = None if tree.is_nested(y_pred) else get_mask(y_pred)
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        self._let_count(values, sample_weight, combined_mask(mask, get_mask(values)))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        settings = super().get_config()
        if type(self) is MeanMetricWrapper:
            from amalthea.saving import serialize_keras_object

            settings["fn"] = serialize_keras_object(self._fn)
        absent = object()
        return settings | {key: value for key, value in self._fn_kwargs.items() if value != self.unsaved_defaults.get(key, absent)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MeanMetricWrapper:
        """The metric that `get_config` described."""
        if cls is MeanMetricWrapper and isinstance(config.get("fn"), (dict, str)):
            config = {**config, "fn": losses.deserialize(config["fn"])}
        return cls(**config)
