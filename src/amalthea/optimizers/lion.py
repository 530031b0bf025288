"""`Lion`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like, move
from amalthea.state.variable import Variable


class Lion(Optimizer):
    """Steps of one size, in the direction of the sign of a mean of the gradient and its moving average: `w -= rate * sign(c)`.

    `c = beta_1 * m + (1 - beta_1) * g`; then `m` moves towards the gradient, and the share `beta_2` of it stays. The rate is best 3 to 10 times
    smaller than Adam's, the decay as much greater.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        beta_1: the weight of the average in the direction, in (0, 1].
        beta_2: the share of the average that stays at each step.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Chen et al., "Symbolic discovery of optimization algorithms", 2023.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0, 1.0])
        >>> Lion(0.5).apply([amalthea.ops.array([3.0, -0.1])], [w])
        >>> w.numpy().tolist()
        [0.5, 1.5]
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
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
        if not 0 < beta_1 <= 1:
            raise ArgumentError(f"`beta_1` must be in (0, 1]; without it the steps would be those of plain signs. Received: beta_1={beta_1}.")
        self.beta_1, self.beta_2 = beta_1, beta_2

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        slot = self._momentums[self._get_variable_index(variable)]
        direction = ops.sign(slot.value * self.beta_1 + gradient * (1.0 - self.beta_1))
        move(variable, direction * like(learning_rate, variable))
        average(slot, gradient, self.beta_2)
