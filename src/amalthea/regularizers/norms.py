"""Penalties on the size of weights: `L1`, `L2`, `L1L2`."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.regularizers.regularizer import Regularizer, checked_factor


class L1(Regularizer):
    """The penalty `l1 * sum(|x|)`, which makes weights zero.

    Args:
        l1: the factor, at least 0.

    Raises:
        ArgumentError: `l1` is negative or not finite.

    Reference:
        Tibshirani, "Regression shrinkage and selection via the lasso", 1996.

    Example:
        >>> from amalthea import ops
        >>> float(L1(0.5)(ops.array([1.0, -3.0])))
        2.0
    """

    def __init__(self, l1: float | None = 0.01) -> None:
        self.l1 = checked_factor("l1", l1, 0.01)

    def __call__(self, x: TensorLike) -> Tensor:
        """The penalty on the tensor `x`, a scalar of its dtype."""
        return ops.multiply(ops.sum(ops.abs(x)), self.l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """The penalty `l2 * sum(x**2)`, which makes weights small.

    Args:
        l2: the factor, at least 0.

    Raises:
        ArgumentError: `l2` is negative or not finite.

    Reference:
        Hoerl and Kennard, "Ridge regression: biased estimation for nonorthogonal problems", 1970.

    Example:
        >>> from amalthea import ops
        >>> float(L2(0.5)(ops.array([1.0, -3.0])))
        5.0
    """

    def __init__(self, l2: float | None = 0.01) -> None:
        self.l2 = checked_factor("l2", l2, 0.01)

    def __call__(self, x: TensorLike) -> Tensor:
        """The penalty on the tensor `x`, a scalar of its dtype."""
        return ops.multiply(ops.sum(ops.square(x)), self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class L1L2(Regularizer):
    """The penalty `l1 * sum(|x|) + l2 * sum(x**2)`.

    Args:
        l1: the factor of the magnitudes, at least 0.
        l2: the factor of the squares, at least 0.

    Raises:
        ArgumentError: a factor is negative or not finite.

    Reference:
        Zou and Hastie, "Regularization and variable selection via the elastic net", 2005.

    Example:
        >>> from amalthea import ops
        >>> float(L1L2(1.0, 0.5)(ops.array([1.0, -3.0])))
        9.0
    """

    def __init__(self, l1: float | None = 0.0, l2: float | None = 0.0) -> None:
        self.l1, self.l2 = checked_factor("l1", l1, 0.0), checked_factor("l2", l2, 0.0)

    def __call__(self, x: TensorLike) -> Tensor:
        """The penalty on the tensor `x`, a scalar of its dtype."""
        parts = [L1(self.l1)(x)] if self.l1 else []
        parts += [L2(self.l2)(x)] if self.l2 else []
        return ops.zeros((), x.dtype) if not parts else parts[0] if len(parts) == 1 else ops.add(*parts)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}
