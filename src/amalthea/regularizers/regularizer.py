"""`Regularizer`: a penalty on weights or outputs."""

from __future__ import annotations

import math
from typing import Any, Self

from amalthea.errors import ArgumentError
from amalthea.ops.arguments import Tensor, TensorLike


class Regularizer:
    """The base of the regularizers: gives a scalar, which is added to the loss.

    A subclass defines `__call__(x)`, and `get_config` if it is to be written to files.

    Example:
        >>> from amalthea import ops
        >>> class Spread(Regularizer):
        ...     def __call__(self, x):
        ...         return 0.1 * ops.var(x)
        ...     def get_config(self):
        ...         return {}
        >>> float(Spread()(ops.ones((3,))))
        0.0
    """

    def __call__(self, x: TensorLike) -> Tensor:
        """The penalty on the tensor `x`, a scalar. The base's is 0."""
        return 0.0

    def get_config(self) -> dict[str, Any]:
        """The arguments that `from_config` makes an equal regularizer of; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} defines no `get_config`, so it cannot be written to a file or copied.")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A regularizer with the arguments in `config`."""
        return cls(**config)


def checked_factor(name: str, value: float | None, default: float) -> float:
    """`value` as the factor of a penalty; None means `default`.

    Raises:
        ArgumentError: it is not a finite number of at least 0.
    """
    if value is None:
        return default
    if not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ArgumentError(f"`{name}` must be a finite number of at least 0. Received: {name}={value!r}.")
    return float(value)
