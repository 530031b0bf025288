"""`Lamb`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.clipping import norm
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like, move
from amalthea.state.variable import Variable


class Lamb(Optimizer):
    """Adam whose step for each weight tensor is scaled to the size of the tensor, for large batches.

    With Adam's corrected averages `s = m / (1 - beta_1**t) / (sqrt(v / (1 - beta_2**t)) + epsilon)`, and `w -= rate * |w| / |s| * s`. Where one
    of the norms is 0, their ratio counts as 1.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        beta_1: the share of `m` that stays at each step.
        beta_2: the share of `v` that stays at each step.
        epsilon: a small number that keeps the division defined.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        You et al., "Large batch optimization for deep learning: training BERT in 76 minutes", 2019.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([3.0, 4.0])
        >>> Lamb(0.1).apply([amalthea.ops.array([1.0, 0.0])], [w])
        >>> [round(x, 4) for x in w.numpy().tolist()]
        [2.5, 4.0]
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

    def step_terms(self, learning_rate: Tensor) -> tuple[Tensor, Tensor]:
        """The corrections of bias of `m` and `v`."""
        step = self._step()
        return 1.0 / (1.0 - ops.power(self.beta_1, step)), 1.0 / (1.0 - ops.power(self.beta_2, step))

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        of_m, of_v = (like(term, variable) for term in self._terms_for(learning_rate))
        m = average(self._momentums[index], gradient, self.beta_1)
        v = average(self._velocities[index], ops.square(gradient), self.beta_2)
        step = m * of_m / (ops.sqrt(v * of_v) + self.epsilon)
        weight_norm, step_norm = norm(variable.value), norm(step)
        known = ops.logical_and(ops.greater(weight_norm, 0.0), ops.greater(step_norm, 0.0))
        ratio = ops.where(known, ops.divide_no_nan(weight_norm, step_norm), 1.0)
        move(variable, step * like(ratio * learning_rate, variable))
