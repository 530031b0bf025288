"""`Ftrl`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.errors import ArgumentError
from amalthea.initializers import Constant
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import like
from amalthea.state.variable import Variable


class Ftrl(Optimizer):
    """Follow the regularized leader: the weights that would have been best so far, with penalties that make many of them zero.

    With `n` the sum of squared gradients, `p = -learning_rate_power` and `s = (n_new**p - n**p) / rate`, it keeps `z += g + 2 * shrinkage * w -
    s * w`, and sets `w = (clip(z, -l1, l1) - z) / (n_new**p / rate + 2 * l2 + beta / rate)`.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        learning_rate_power: how steps shrink as gradients add up, at most 0; 0 for steps that do not.
        initial_accumulator_value: what the sums of squares start from, at least 0.
        l1_regularization_strength: the penalty on magnitudes, at least 0.
        l2_regularization_strength: the penalty on squares, at least 0, around the origin.
        l2_shrinkage_regularization_strength: a penalty on squares, at least 0, that is added to gradients only.
        beta: the paper's, which is added to the root of the sums.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        McMahan et al., "Ad click prediction: a view from the trenches", 2013.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> Ftrl(0.5, initial_accumulator_value=0.0, l1_regularization_strength=10.0).apply([amalthea.ops.array([3.0])], [w])
        >>> w.numpy().tolist()
        [0.0]
    """

    hyperparameters: ClassVar[tuple[str, ...]] = (
        "learning_rate_power",
        "initial_accumulator_value",
        "l1_regularization_strength",
        "l2_regularization_strength",
        "l2_shrinkage_regularization_strength",
        "beta",
    )

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
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
        if learning_rate_power > 0:
            raise ArgumentError(f"`learning_rate_power` must be at most 0. Received: learning_rate_power={learning_rate_power}.")
        self.learning_rate_power = learning_rate_power
        self.initial_accumulator_value = _not_negative("initial_accumulator_value", initial_accumulator_value)
        self.l1_regularization_strength = _not_negative("l1_regularization_strength", l1_regularization_strength)
        self.l2_regularization_strength = _not_negative("l2_regularization_strength", l2_regularization_strength)
        self.l2_shrinkage_regularization_strength = _not_negative("l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength)
        self.beta = beta

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        starts = [Constant(self.initial_accumulator_value), "zeros"]
        self._accumulators, self._linears = self.add_optimizer_variables(variables, ["accumulator", "linear"], starts)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        squares, linear = self._accumulators[index], self._linears[index]
        rate, weight, l1 = like(learning_rate, variable), variable.value, self.l1_regularization_strength
        total = squares.value + ops.square(gradient)
        after = ops.power(total, -self.learning_rate_power) / rate
        sigma = after - ops.power(squares.value, -self.learning_rate_power) / rate
        z = linear.value + gradient + weight * (2.0 * self.l2_shrinkage_regularization_strength) - sigma * weight
        squares.assign(total)
        linear.assign(z)
        variable.assign((ops.clip(z, -l1, l1) - z) / (after + 2.0 * self.l2_regularization_strength + self.beta / rate))


def _not_negative(name: str, value: float) -> float:
    if value < 0:
        raise ArgumentError(f"`{name}` must be at least 0. Received: {name}={value}.")
    return value
