"""`Adagrad`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.initializers import Constant
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import like, move
from amalthea.state.variable import Variable


class Adagrad(Optimizer):
    """Gradients divided by the root of the sum `a` of their squares so far: `w -= rate * g / sqrt(a + epsilon)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        initial_accumulator_value: what the sums start from, at least 0.
        epsilon: a small number that keeps the division defined.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Duchi et al., "Adaptive subgradient methods for online learning and stochastic optimization", 2011.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> Adagrad(0.1, initial_accumulator_value=0.0).apply([amalthea.ops.array([3.0])], [w])
        >>> round(float(w.numpy()[0]), 4)
        0.9
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("initial_accumulator_value", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
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
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._accumulators = self.add_optimizer_variables(variables, "accumulator", Constant(self.initial_accumulator_value))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        slot = self._accumulators[self._get_variable_index(variable)]
        total = slot.value + ops.square(gradient)
        slot.assign(total)
        move(variable, gradient * like(learning_rate, variable) * ops.rsqrt(total + self.epsilon))
