"""`LearningRateSchedule`: a learning rate that follows from the number of steps."""

from __future__ import annotations

from typing import Any, Self

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.ops.arguments import Tensor, TensorLike


class LearningRateSchedule:
    """The base of the schedules: a function of the number of steps taken so far.

    A subclass defines `__call__(step)`, and `get_config` if it is to be written to files.

    Example:
        >>> import amalthea
        >>> class Inverse(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 1.0 / (amalthea.ops.cast(step, "float32") + 1.0)
        >>> float(amalthea.optimizers.SGD(Inverse()).learning_rate)
        1.0
    """

    def __call__(self, step: TensorLike) -> Tensor:
        """The learning rate, a scalar, after `step` steps (a number, or an integer scalar)."""
        raise NotImplementedError(f"{type(self).__name__} must define `__call__(step)`.")

    def get_config(self) -> dict[str, Any]:
        """The arguments that `from_config` makes an equal schedule of; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} defines no `get_config`, so it cannot be written to a file.")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A schedule with the arguments in `config`."""
        return cls(**config)


def as_float(step: TensorLike) -> Tensor:
    """`step` as a float32 scalar."""
    return ops.cast(step, "float32")


def checked_steps(name: str, steps: float) -> float:
    """`steps`, if it is positive.

    Raises:
        ArgumentError: it is not.
    """
    if steps <= 0:
        raise ArgumentError(f"`{name}` must be positive. Received: {name}={steps}.")
    return steps
