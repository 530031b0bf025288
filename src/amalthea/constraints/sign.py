"""`NonNeg`: a constraint on signs."""

from __future__ import annotations

from amalthea import ops
from amalthea.constraints.constraint import Constraint
from amalthea.ops.arguments import Tensor, TensorLike


class NonNeg(Constraint):
    """Sets negative weights to zero.

    Example:
        >>> from amalthea import ops
        >>> NonNeg()(ops.array([-1.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    def __call__(self, w: TensorLike) -> Tensor:
        """The weights to use in place of `w`: a tensor of the same shape and dtype."""
        return ops.relu(w)
