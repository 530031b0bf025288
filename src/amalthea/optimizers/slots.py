"""What optimizers do with the variables that they keep for each weight."""

from __future__ import annotations

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.state.variable import Variable


def average(slot: Variable, value: Tensor, stays: float | Tensor) -> Tensor:
    """Move the average in `slot` towards `value`; the share `stays` of it stays. Gives the new average."""
    old = slot.value
    new = old + (value - old) * (1.0 - stays)
    slot.assign(new)
    return new


def move(variable: Variable, change: Tensor) -> None:
    """Take `change` from a weight."""
    variable.assign(variable.value - change)


def like(x: Tensor, variable: Variable) -> Tensor:
    """The scalar `x` in the dtype of a weight."""
    return ops.cast(x, variable.dtype)
