"""`RMSprop`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like, move
from amalthea.state.variable import Variable


class RMSprop(Optimizer):
    """Gradients divided by the root of a moving average of their squares: `w -= rate * g / sqrt(v + epsilon)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        rho: the share of the average `v` that stays at each step.
        momentum: the share of the last change that is made again.
        epsilon: a small number that keeps the division defined.
        centered: whether to divide by the deviation of the gradients (their mean is kept, too) rather than by their size.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Hinton, "Neural networks for machine learning", lecture 6e, 2012.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> RMSprop(0.1, rho=0.0).apply([amalthea.ops.array([3.0])], [w])
        >>> round(float(w.numpy()[0]), 4)
        0.9
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("rho", "momentum", "epsilon", "centered")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            weight_decay,
            clipnorm,
            clipvalue,
            global_clipnorm,
            use_ema,
            ema_momentum,
            ema_overwrite_frequency,
            loss_scale_factor,
            gradient_accumulation_steps,
            name,
            **kwargs,
        )
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        if self.momentum > 0:
            self._momentums = self.add_optimizer_variables(variables, "momentum")
        if self.centered:
            self._average_gradients = self.add_optimizer_variables(variables, "average_gradient")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        spread = average(self._velocities[index], ops.square(gradient), self.rho)
        if self.centered:
            spread = spread - ops.square(average(self._average_gradients[index], gradient, self.rho))
        change = gradient * like(learning_rate, variable) * ops.rsqrt(spread + self.epsilon)
        if self.momentum > 0:
            slot = self._momentums[index]
            change = slot.value * self.momentum + change
            slot.assign(change)
        move(variable, change)
