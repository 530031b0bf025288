"""Schedules that fall: `ExponentialDecay`, `InverseTimeDecay`, `PolynomialDecay`, `PiecewiseConstantDecay`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.optimizers.schedules.schedule import LearningRateSchedule, as_float, checked_steps


class ExponentialDecay(LearningRateSchedule):
    """The rate `initial_learning_rate * decay_rate ** (step / decay_steps)`.

    Args:
        initial_learning_rate: the rate of the first step.
        decay_steps: after so many steps the rate is multiplied by `decay_rate`.
        decay_rate: the factor.
        staircase: whether it falls every `decay_steps` steps at once, rather than with every step.
        name: its name.

    Raises:
        ArgumentError: `decay_steps` is not positive.

    Example:
        >>> float(ExponentialDecay(1.0, decay_steps=10, decay_rate=0.25)(5))
        0.5
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, name: str = "ExponentialDecay"
    ) -> None:
        self.initial_learning_rate, self.decay_rate, self.staircase, self.name = initial_learning_rate, decay_rate, staircase, name
        self.decay_steps = checked_steps("decay_steps", decay_steps)

    def __call__(self, step: TensorLike) -> Tensor:
        """The learning rate after `step` steps: a float32 scalar."""
        periods = as_float(step) / self.decay_steps
        periods = ops.floor(periods) if self.staircase else periods
        return ops.power(float(self.decay_rate), periods) * self.initial_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class InverseTimeDecay(LearningRateSchedule):
    """The rate `initial_learning_rate / (1 + decay_rate * step / decay_steps)`.

    Args:
        initial_learning_rate: the rate of the first step.
        decay_steps: how many steps count as one unit of time.
        decay_rate: the factor of the time.
        staircase: whether the rate falls every `decay_steps` steps at once, rather than with every step.
        name: its name.

    Raises:
        ArgumentError: `decay_steps` is not positive.

    Example:
        >>> float(InverseTimeDecay(1.0, decay_steps=10, decay_rate=1.0)(10))
        0.5
    """

    def __init__(
        self, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase: bool = False, name: str = "InverseTimeDecay"
    ) -> None:
        self.initial_learning_rate, self.decay_rate, self.staircase, self.name = initial_learning_rate, decay_rate, staircase, name
        self.decay_steps = checked_steps("decay_steps", decay_steps)

    def __call__(self, step: TensorLike) -> Tensor:
        """The learning rate after `step` steps: a float32 scalar."""
        periods = as_float(step) / self.decay_steps
        periods = ops.floor(periods) if self.staircase else periods
        return self.initial_learning_rate / (periods * self.decay_rate + 1.0)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class PolynomialDecay(LearningRateSchedule):
    """The rate `(initial - end) * (1 - step / decay_steps) ** power + end`, and `end` after `decay_steps` steps.

    Args:
        initial_learning_rate: the rate of the first step.
        decay_steps: how long it falls.
        end_learning_rate: the rate to which it falls.
        power: the exponent; 1 for a line.
        cycle: whether, after `decay_steps` steps, it falls again from the rate that twice as many `decay_steps` would give, and so on.
        name: its name.

    Raises:
        ArgumentError: `decay_steps` is not positive.

    Example:
        >>> float(PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0)(5))
        0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate, self.end_learning_rate, self.power, self.cycle, self.name = (
            initial_learning_rate,
            end_learning_rate,
            power,
            cycle,
            name,
        )
        self.decay_steps = checked_steps("decay_steps", decay_steps)

    def __call__(self, step: TensorLike) -> Tensor:
        """The learning rate after `step` steps: a float32 scalar."""
        periods = as_float(step) / self.decay_steps
        done = periods / ops.maximum(ops.ceil(periods), 1.0) if self.cycle else ops.minimum(periods, 1.0)
        span = self.initial_learning_rate - self.end_learning_rate
        return ops.power(1.0 - done, float(self.power)) * span + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


class PiecewiseConstantDecay(LearningRateSchedule):
    """A rate that is constant between given steps: `values[0]` up to and with step `boundaries[0]`, then `values[1]`, and so on.

    Args:
        boundaries: rising numbers of steps.
        values: the rates; one more than `boundaries`.
        name: its name.

    Raises:
        ArgumentError: there is not one value more than boundaries.

    Example:
        >>> rate = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.25])
        >>> float(rate(10)), float(rate(11)), float(rate(100))
        (1.0, 0.5, 0.25)
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise ArgumentError(f"There must be one value more than boundaries. Received {len(boundaries)} boundaries and {len(values)} values.")
        self.boundaries, self.values, self.name = boundaries, values, name

    def __call__(self, step: TensorLike) -> Tensor:
        """The learning rate after `step` steps: a float32 scalar."""
        step = as_float(step)
        rate = ops.full((), float(self.values[0]), dtype="float32")
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = ops.where(ops.greater(step, float(boundary)), float(value), rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
