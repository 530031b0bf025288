"""`Adamax`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like, move
from amalthea.state.variable import Variable


class Adamax(Optimizer):
    """Adam with the greatest gradient (which decays) in place of the root mean square: `w -= rate / (1 - beta_1**t) * m / (u + epsilon)`.

    `m` is the moving average of the gradient, `u = max(beta_2 * u, |g|)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        beta_1: the share of `m` that stays at each step.
        beta_2: the share of `u` that stays at each step.
        epsilon: a small number that keeps the division defined.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Kingma and Ba, "Adam: a method for stochastic optimization", 2014, section 7.1.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> Adamax(0.5).apply([amalthea.ops.array([3.0])], [w])
        >>> round(float(w.numpy()[0]), 4)
        0.5
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
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
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._m, self._u = self.add_optimizer_variables(variables, ["momentum", "norm"])

    def step_terms(self, learning_rate: Tensor) -> Tensor:
        """The rate with the correction of bias."""
        return learning_rate / (1.0 - ops.power(self.beta_1, self._step()))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        m = average(self._m[index], gradient, self.beta_1)
        greatest = self._u[index]
        u = ops.maximum(greatest.value * self.beta_2, ops.abs(gradient))
        greatest.assign(u)
        move(variable, m * like(self._terms_for(learning_rate), variable) / (u + self.epsilon))
