"""`Constraint`: what weights have to be after each step."""

from __future__ import annotations

from typing import Any, Self

from amalthea import ops
from amalthea.ops.arguments import Tensor, TensorLike


class Constraint:
    """The base of the constraints: gives weights that are allowed, near to those it gets. The base allows all.

    A subclass defines `__call__(w)`, and `get_config` if it has arguments.

    Example:
        >>> from amalthea import ops
        >>> class Bounded(Constraint):
        ...     def __call__(self, w):
        ...         return ops.clip(w, -1.0, 1.0)
        >>> Bounded()(ops.array([-3.0, 0.5])).tolist()
        [-1.0, 0.5]
    """

    def __call__(self, w: TensorLike) -> Tensor:
        """The weights to use in place of `w`: a tensor of the same shape and dtype."""
        return ops.convert_to_tensor(w)

    def get_config(self) -> dict[str, Any]:
        """The arguments that `from_config` makes an equal constraint of."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A constraint with the arguments in `config`."""
        return cls(**config)
