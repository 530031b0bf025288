"""`Nadam`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like, move
from amalthea.state.variable import Variable

_DECAY = 0.96
"""How the momentum grows towards `beta_1`: the paper's constant (its exponent counts steps)."""


class Nadam(Optimizer):
    """Adam with Nesterov's momentum, and a momentum that grows: at step `t` it is `u_t = beta_1 * (1 - 0.96**t / 2)`.

    With moving averages `m` and `v` as of Adam, `w -= rate * n / (sqrt(v / (1 - beta_2**t)) + epsilon)`, where
    `n = u_{t+1} * m / (1 - u_1 ... u_{t+1}) + (1 - u_t) * g / (1 - u_1 ... u_t)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        beta_1: the share of `m` that stays at each step.
        beta_2: the share of `v` that stays at each step.
        epsilon: a small number that keeps the division defined.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Dozat, "Incorporating Nesterov momentum into Adam", 2016.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> Nadam(0.5).apply([amalthea.ops.array([3.0])], [w])
        >>> bool(w.numpy()[0] < 0.6)
        True
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
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        self._u_product = self.add_variable((), "ones", variables[0].dtype if variables else None, name="u_product")

    def _momentum_at(self, step: Tensor) -> Tensor:
        return self.beta_1 * (1.0 - 0.5 * ops.power(_DECAY, step))

    def _update(self, grads: list[Tensor], variables: list[Variable]) -> None:
        self._u_product.assign(self._u_product.value * like(self._momentum_at(self._step()), self._u_product))
        super()._update(grads, variables)

    def step_terms(self, learning_rate: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The factors of `m` and `g` in the step, with the rate in them, and that of `v`."""
        step = self._step()
        now, following = self._momentum_at(step), self._momentum_at(step + 1.0)
        product = ops.cast(self._u_product.value, "float32")
        of_m = learning_rate * following / (1.0 - product * following)
        of_g = learning_rate * (1.0 - now) / (1.0 - product)
        return of_m, of_g, 1.0 / (1.0 - ops.power(self.beta_2, step))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        of_m, of_g, of_v = (like(term, variable) for term in self._terms_for(learning_rate))
        m = average(self._momentums[index], gradient, self.beta_1)
        v = average(self._velocities[index], ops.square(gradient), self.beta_2)
        move(variable, (m * of_m + gradient * of_g) / (ops.sqrt(v * of_v) + self.epsilon))
