"""`Loss`, the base of all losses, and `LossFunctionWrapper`, the base of those that stand on a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from amalthea import config, dtype_policies, ops, tree
from amalthea.losses.arguments import as_tensors, match_ranks, weighed
from amalthea.losses.reduction import check_reduction, reduce_weighted_values
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.state import naming
from amalthea.state.masks import get_mask


class Loss:
    """What training makes small: a number from targets and predictions.

    A loss of one's own is a subclass with `call(y_true, y_pred)`, which gives a value for each sample. Calling the loss weighs and reduces them.

    Args:
        name: its name; by default one made of the class's name.
        reduction: what happens to the values of the samples:

            - "sum_over_batch_size" or "mean": their sum, divided by how many they are (masked ones do not count);
            - "mean_with_sample_weight": their weighed sum, divided by the sum of the weights;
            - "sum": their sum;
            - "none" or None: they stay.
        dtype: a dtype or dtype policy in which to compute; by default `config.floatx()`.

    Raises:
        ArgumentError: an unknown reduction.

    Example:
        >>> from amalthea import ops
        >>> class Distance(Loss):
        ...     def call(self, y_true, y_pred):
        ...         return ops.max(ops.absolute(y_true - y_pred), axis=-1)
        >>> loss = Distance()
        >>> loss.name, float(loss([[0.0, 0.0], [1.0, 1.0]], [[1.0, 2.0], [1.0, 5.0]]))
        ('distance', 3.0)
    """

    integer_targets: ClassVar[bool] = False
    """Whether integers in `y_true` stay integers; otherwise they come to `call` as floats, like everything else."""

    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None) -> None:
        self.name = name or naming.unique_name(naming.snake_case(type(self).__name__))
        self.reduction = check_reduction(reduction)
        self._dtype_policy = dtype_policies.get(dtype or config.floatx())

    @property
    def dtype(self) -> str:
        """The dtype in which it computes."""
        return self._dtype_policy.compute_dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: TensorLike | None = None) -> Tensor:
        """The loss.

        Args:
            y_true: targets: a tensor, or a structure of tensors if `call` takes one.
            y_pred: predictions, likewise. Steps that their mask takes out do not count.
            sample_weight: how much each value counts: tensor that broadcasts with the values that `call` gives.

        Returns:
            A scalar; without reduction, a tensor with a value for each sample.

        Raises:
            ShapeError: the shapes do not fit each other.
        """
        dtype = self.dtype
        mask = None if tree.is_nested(y_pred) else get_mask(y_pred)
        values = self.call(as_tensors(y_true, dtype, self.integer_targets), as_tensors(y_pred, dtype))
        return reduce_weighted_values(values, sample_weight, combined_mask(mask, get_mask(values)), self.reduction, dtype)

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The value of each sample: a tensor, usually of the shape of `y_pred` without its last axis. Subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must define `call(self, y_true, y_pred)`, which gives a value for each sample.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """The loss that `get_config` described."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, reduction={self.reduction}>"


class LossFunctionWrapper(Loss):
    """A loss made of a function.

    Args:
        fn: `fn(y_true, y_pred, **kwargs)`, which gives a value for each sample.
        reduction: as for `Loss`.
        name: its name; by default one made of the class's name.
        dtype: in which to compute.
        **kwargs: further arguments of `fn`. They are attributes of the loss too.

    Example:
        >>> from amalthea import ops
        >>> loss = LossFunctionWrapper(lambda y_true, y_pred, scale: scale * ops.mean(y_pred - y_true, axis=-1), scale=10.0)
        >>> float(loss([[1.0, 1.0]], [[2.0, 4.0]]))
        20.0
    """

    unsaved_defaults: ClassVar[dict[str, Any]] = {}
    """Arguments that stand in the configuration only if they have another value: Keras's files have no place for them."""

    def __init__(
        self, fn: Callable[..., Any], reduction: str | None = "sum_over_batch_size", name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        self.__dict__.update({key: value for key, value in kwargs.items() if not hasattr(type(self), key)})

    def call(self, y_true: Any, y_pred: Any) -> Tensor:
        """The function's value for each sample."""
        if not tree.is_nested(y_true) and not tree.is_nested(y_pred):
            y_true, y_pred = match_ranks(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal loss."""
        settings = super().get_config()
        if type(self) is LossFunctionWrapper:
            from amalthea.saving import serialize_keras_object

            settings["fn"] = serialize_keras_object(self.fn)
        if self.dtype != config.floatx():
            settings["dtype"] = self._dtype_policy.name
        kwargs = {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in self._fn_kwargs.items()}
        absent = object()
        return settings | {key: value for key, value in kwargs.items() if value != self.unsaved_defaults.get(key, absent)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LossFunctionWrapper:
        """The loss that `get_config` described."""
        if cls is LossFunctionWrapper and isinstance(config.get("fn"), (dict, str)):
            from amalthea import losses

            config = {**config, "fn": losses.deserialize(config["fn"])}
        return cls(**config)


def combined_mask(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """What two masks leave; either may be missing."""
    if a is None or b is None:
        return b if a is None else a
    return ops.logical_and(*weighed(a, b))
