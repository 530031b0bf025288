"""`ScheduleFreeAdamW`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like
from amalthea.state.variable import Variable


class ScheduleFreeAdamW(Optimizer):
    """AdamW with an average of its iterates in place of a schedule of the learning rate.

    Adam (without momentum) moves the sequence `z`; `x` is the mean of all `z` so far. The weights during training are between the two:
    `w = (1 - beta_1) * z + beta_1 * x`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        beta_1: how near to `x` the weights are.
        beta_2: the share of the average of squared gradients that stays at each step.
        epsilon: a small number that keeps the division defined.
        warmup_steps: over so many steps the rate grows to `learning_rate`.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Defazio et al., "The road less scheduled", 2024.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> ScheduleFreeAdamW(0.5).apply([amalthea.ops.array([3.0])], [w])
        >>> round(float(w.numpy()[0]), 4)
        0.5
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("beta_1", "beta_2", "epsilon", "warmup_steps")

    def __init__(
        self,
        learning_rate: LearningRate = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
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
        self.beta_1, self.beta_2, self.epsilon, self.warmup_steps = beta_1, beta_2, epsilon, warmup_steps

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        for z, variable in zip(self._momentums, variables, strict=True):
            if z is not None:
                z.assign(variable.value)

    def step_terms(self, learning_rate: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """The rate, the correction of bias of the squares, and the share of the newest `z` in `x`."""
        step = self._step()
        if self.warmup_steps > 0:
            learning_rate = learning_rate * ops.minimum(step / self.warmup_steps, 1.0)
        return learning_rate, 1.0 / (1.0 - ops.power(self.beta_2, step)), 1.0 / step

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        rate, of_v, newest = (like(term, variable) for term in self._terms_for(learning_rate))
        slot = self._momentums[index]
        v = average(self._velocities[index], ops.square(gradient), self.beta_2)
        old = slot.value
        z = old - gradient * rate / (ops.sqrt(v * of_v) + self.epsilon)
        x = (variable.value - old * (1.0 - self.beta_1)) / self.beta_1
        x = x + (z - x) * newest
        slot.assign(z)
        variable.assign(z * (1.0 - self.beta_1) + x * self.beta_1)
