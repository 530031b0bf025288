"""`Adam`, and `AdamW`, which is Adam with decoupled weight decay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.engines import registry
from amalthea.errors import ArgumentError
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like, move
from amalthea.state.variable import Variable


class Adam(Optimizer):
    """Steps scaled by averages of the gradient `m` and of its square `v`.

    `m` and `v` are moving averages that start from 0; at step `t` `w -= rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        beta_1: the share of `m` that stays at each step.
        beta_2: the share of `v` that stays at each step.
        epsilon: a small number that keeps the division defined (the paper's epsilon-hat).
        amsgrad: whether to divide by the greatest `v` so far.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Kingma and Ba, "Adam: a method for stochastic optimization", 2014. For `amsgrad`: Reddi et al., "On the convergence of Adam and
        beyond", 2018.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> Adam(0.5).apply([amalthea.ops.array([3.0])], [w])
        >>> round(float(w.numpy()[0]), 4)
        0.5
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon", "amsgrad")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
        self.beta_1, self.beta_2, self.epsilon, self.amsgrad = beta_1, beta_2, epsilon, amsgrad

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        if self.amsgrad:
            self._velocity_hats = self.add_optimizer_variables(variables, "velocity_hat")

    def step_terms(self, learning_rate: Tensor) -> Tensor:
        """The rate with the corrections of bias."""
        step = self._step()
        return learning_rate * ops.sqrt(1.0 - ops.power(self.beta_2, step)) / (1.0 - ops.power(self.beta_1, step))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        if not self.amsgrad:
            self._update_together([gradient], [variable], learning_rate)
            return
        index = self._get_variable_index(variable)
        rate = like(self._terms_for(learning_rate), variable)
        m = average(self._momentums[index], gradient, self.beta_1)
        v = average(self._velocities[index], ops.square(gradient), self.beta_2)
        greatest = self._velocity_hats[index]
        v = ops.maximum(greatest.value, ops.cast(v, variable.dtype))
        greatest.assign(v)
        move(variable, m * rate / (ops.sqrt(v) + self.epsilon))

    def update_steps(self, grads: Sequence[Tensor], variables: Sequence[Variable], learning_rate: Tensor) -> None:
        if self.amsgrad or type(self).update_step is not Adam.update_step:
            super().update_steps(grads, variables, learning_rate)
        else:
            self._update_together(grads, variables, learning_rate)

    def _update_together(self, grads: Sequence[Tensor], variables: Sequence[Variable], learning_rate: Tensor) -> None:
        places = [self._get_variable_index(variable) for variable in variables]
        groups = (variables, [self._momentums[place] for place in places], [self._velocities[place] for place in places])
        weights, momentums, velocities = ([variable.value for variable in group] for group in groups)
        rate = self._terms_for(learning_rate)
        results = registry.current().adam(weights, grads, momentums, velocities, rate, self.beta_1, self.beta_2, self.epsilon)
        for group, values in zip(groups, results, strict=True):
            for variable, value in zip(group, values, strict=True):
                variable.assign(value)


class AdamW(Adam):
    """Adam with decoupled weight decay: each step first does `w -= rate * weight_decay * w`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        weight_decay: the factor of the decay.
        beta_1: the share of the average of gradients that stays at each step.
        beta_2: the share of the average of their squares that stays at each step.
        epsilon: a small number that keeps the division defined.
        amsgrad: whether to divide by the greatest average of squares so far.
        **others: `clipnorm` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Loshchilov and Hutter, "Decoupled weight decay regularization", 2019.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> AdamW(0.5, weight_decay=0.1).apply([amalthea.ops.array([3.0])], [w])
        >>> round(float(w.numpy()[0]), 4)
        0.45
    """

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        weight_decay: float | None = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
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
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
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
        if self.weight_decay is None:
            raise ArgumentError("`AdamW` needs a number as `weight_decay`. Adam without decay is `Adam`.")
