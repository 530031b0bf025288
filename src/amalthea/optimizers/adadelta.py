"""`Adadelta`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like, move
from amalthea.state.variable import Variable


class Adadelta(Optimizer):
    """Steps as large as the last ones, in the ratio of the sizes of gradients: it needs no learning rate, in the paper's form.

    With moving averages `v` of squared gradients and `d` of squared steps, the step is `s = g * sqrt(d + epsilon) / sqrt(v + epsilon)`, and
    `w -= rate * s`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number. The paper's form has 1.
        rho: the share of the averages that stays at each step.
        epsilon: a small number that keeps the division defined, and from which the steps start.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Zeiler, "ADADELTA: an adaptive learning rate method", 2012.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> Adadelta(1.0, rho=0.0, epsilon=0.25).apply([amalthea.ops.array([0.5 * 3**0.5])], [w])
        >>> round(float(w.numpy()[0]), 4)
        0.567
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("rho", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        rho: float = 0.95,
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
        self.rho, self.epsilon = rho, epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._accumulated_grads, self._accumulated_delta_vars = self.add_optimizer_variables(variables, ["accumulated_grad", "accumulated_delta_var"])

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        steps = self._accumulated_delta_vars[index]
        v = average(self._accumulated_grads[index], ops.square(gradient), self.rho)
        step = gradient * ops.sqrt(steps.value + self.epsilon) * ops.rsqrt(v + self.epsilon)
        average(steps, ops.square(step), self.rho)
        move(variable, step * like(learning_rate, variable))
