"""Constraints on norms: `MaxNorm`, `MinMaxNorm`, `UnitNorm`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalthea import config, ops
from amalthea.constraints.constraint import Constraint
from amalthea.ops.arguments import Tensor, TensorLike

Axis = int | Sequence[int] | None


def _norms(w: TensorLike, axis: Axis) -> Tensor:
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


def _scaled(w: TensorLike, norms: Tensor, wanted: Tensor | float) -> Tensor:
    return ops.multiply(w, ops.divide(wanted, ops.add(norms, config.epsilon())))


class MaxNorm(Constraint):
    """Scales down what has a norm above a bound.

    Args:
        max_value: the greatest norm.
        axis: the axis or axes over which norms are taken: 0 for the kernel of a dense layer (the weights into each unit),
            (0, 1, 2) for that of a two-dimensional convolution.

    Reference:
        Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Example:
        >>> from amalthea import ops
        >>> [round(x, 4) for x in MaxNorm(1.0)(ops.array([3.0, 4.0])).tolist()]
        [0.6, 0.8]
    """

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value, self.axis = max_value, axis

    def __call__(self, w: TensorLike) -> Tensor:
        """The weights to use in place of `w`: a tensor of the same shape and dtype."""
        norms = _norms(w, self.axis)
        return _scaled(w, norms, ops.minimum(norms, self.max_value))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class MinMaxNorm(Constraint):
    """Moves norms into an interval.

    Args:
        min_value: the least norm.
        max_value: the greatest norm.
        rate: how far towards the interval they are moved: 1 for all of the way.
        axis: the axis or axes over which norms are taken: 0 for the kernel of a dense layer, (0, 1, 2) for that of a two-dimensional
            convolution.

    Example:
        >>> from amalthea import ops
        >>> [round(x, 4) for x in MinMaxNorm(10.0, 20.0)(ops.array([3.0, 4.0])).tolist()]
        [6.0, 8.0]
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0) -> None:
        self.min_value, self.max_value, self.rate, self.axis = min_value, max_value, rate, axis

    def __call__(self, w: TensorLike) -> Tensor:
        """The weights to use in place of `w`: a tensor of the same shape and dtype."""
        norms = _norms(w, self.axis)
        inside = ops.clip(norms, self.min_value, self.max_value)
        return _scaled(w, norms, ops.add(ops.multiply(inside, self.rate), ops.multiply(norms, 1.0 - self.rate)))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


class UnitNorm(Constraint):
    """Scales all norms to 1.

    Args:
        axis: the axis or axes over which norms are taken: 0 for the kernel of a dense layer, (0, 1, 2) for that of a two-dimensional
            convolution.

    Example:
        >>> from amalthea import ops
        >>> [round(x, 4) for x in UnitNorm()(ops.array([3.0, 4.0])).tolist()]
        [0.6, 0.8]
    """

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = axis

    def __call__(self, w: TensorLike) -> Tensor:
        """The weights to use in place of `w`: a tensor of the same shape and dtype."""
        return _scaled(w, _norms(w, self.axis), 1.0)

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}
