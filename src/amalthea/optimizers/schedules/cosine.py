"""Schedules that fall as a cosine does: `CosineDecay`, `CosineDecayRestarts`."""

from __future__ import annotations

import math
from typing import Any

from amalthea import ops
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.optimizers.schedules.schedule import LearningRateSchedule, as_float, checked_steps


def _half_wave(done: Tensor) -> Tensor:
    """From 1 to 0 as `done` goes from 0 to 1."""
    return ops.cos(done * math.pi) * 0.5 + 0.5


class CosineDecay(LearningRateSchedule):
    """A rate that falls along half a period of a cosine, after an optional rise along a line.

    With `d = min(step / decay_steps, 1)` it is `rate * ((1 - alpha) * (1 + cos(pi * d)) / 2 + alpha)`.

    Args:
        initial_learning_rate: the rate of the first step.
        decay_steps: how long it falls.
        alpha: the share of the greatest rate to which it falls.
        name: its name.
        warmup_target: the rate to which it rises before it falls; None for no rise, whatever `warmup_steps` is.
        warmup_steps: how long it rises.

    Raises:
        ArgumentError: `decay_steps` is not positive.

    Reference:
        Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Example:
        >>> round(float(CosineDecay(1.0, decay_steps=10)(5)), 4)
        0.5
        >>> float(CosineDecay(0.0, decay_steps=10, warmup_target=1.0, warmup_steps=4)(3))
        0.75
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self.warmup_target, self.warmup_steps = warmup_target, warmup_steps
        self.decay_steps = checked_steps("decay_steps", decay_steps)

    def __call__(self, step: TensorLike) -> Tensor:
        """The learning rate after `step` steps: a float32 scalar."""
        step = as_float(step)
        if self.warmup_target is None:
            return self._falling(step, self.initial_learning_rate)
        falling = self._falling(step - float(self.warmup_steps), self.warmup_target)
        if self.warmup_steps <= 0:
            return falling
        rise = self.warmup_target - self.initial_learning_rate
        rising = step / self.warmup_steps * rise + self.initial_learning_rate
        return ops.where(ops.less(step, float(self.warmup_steps)), rising, falling)

    def _falling(self, step: Tensor, rate: float) -> Tensor:
        done = ops.clip(step / self.decay_steps, 0.0, 1.0)
        return (_half_wave(done) * (1.0 - self.alpha) + self.alpha) * rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """A rate that falls along half a period of a cosine, starts again, and so on.

    Args:
        initial_learning_rate: the rate of the first step.
        first_decay_steps: how long it falls for the first time.
        t_mul: by how much longer each fall is than the last, at least 1.
        m_mul: by how much higher each starts.
        alpha: the share of `initial_learning_rate` to which it falls.
        name: its name.

    Raises:
        ArgumentError: `first_decay_steps` is not positive.

    Reference:
        Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", 2017.

    Example:
        >>> rate = CosineDecayRestarts(1.0, first_decay_steps=10, m_mul=0.5)
        >>> [round(float(rate(step)), 4) for step in (5, 10, 20)]
        [0.5, 0.5, 0.25]
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate, self.alpha, self.name = initial_learning_rate, alpha, name
        self._t_mul, self._m_mul = t_mul, m_mul
        self.first_decay_steps = checked_steps("first_decay_steps", first_decay_steps)

    def __call__(self, step: TensorLike) -> Tensor:
        """The learning rate after `step` steps: a float32 scalar."""
        periods = as_float(step) / self.first_decay_steps
        if self._t_mul == 1.0:
            restarts = ops.floor(periods)
            done = periods - restarts
        else:
            # After i falls 1 + t + ... + t**(i - 1) = (1 - t**i) / (1 - t) first periods have passed.
            restarts = ops.floor(ops.log(1.0 - periods * (1.0 - self._t_mul)) / math.log(self._t_mul))
            length = ops.power(float(self._t_mul), restarts)
            done = (periods - (1.0 - length) / (1.0 - self._t_mul)) / length
        height = ops.power(float(self._m_mul), restarts)
        return (height * _half_wave(done) * (1.0 - self.alpha) + self.alpha) * self.initial_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self._t_mul,
            "m_mul": self._m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }
