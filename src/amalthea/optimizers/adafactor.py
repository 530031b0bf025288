"""`Adafactor`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import like, move
from amalthea.state.variable import Variable


class Adafactor(Optimizer):
    """Adam's scaling with little memory: the mean square of a matrix's gradients is kept as its row and column means.

    At step `t` the averages `r`, `c` (or `v` for vectors) take up the share `t**beta_2_decay` of `g**2 + epsilon_1`. The gradient divided by the
    root of what they stand for, scaled down where its root mean square exceeds `clip_threshold`, is multiplied by the rate and by
    the weights' root mean square (at least `epsilon_2`), and taken from the weights.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        beta_2_decay: the exponent with which the averages slow down, negative.
        epsilon_1: added to squared gradients.
        epsilon_2: the least size that weights count as.
        clip_threshold: the greatest root mean square of the scaled gradient.
        relative_step: whether the rate is at most `1 / sqrt(t)`.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Shazeer and Stern, "Adafactor: adaptive learning rates with sublinear memory cost", 2018.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([[1.0, 1.0], [1.0, 1.0]])
        >>> Adafactor(0.5).apply([amalthea.ops.ones((2, 2))], [w])
        >>> [[round(x, 4) for x in row] for row in w.numpy().tolist()]
        [[0.5, 0.5], [0.5, 0.5]]
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 1e-3,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
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
        self.beta_2_decay, self.epsilon_1, self.epsilon_2 = beta_2_decay, epsilon_1, epsilon_2
        self.clip_threshold, self.relative_step = clip_threshold, relative_step

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._r: list[Variable] = []
        self._c: list[Variable] = []
        self._v: list[Variable] = []
        # Which variables there are, and in which order, is that of Keras's files: a placeholder for vectors, `v` for matrices too.
        for variable in variables:
            shape = variable.shape
            if len(shape) < 2:
                self._r.append(self.add_variable((), dtype="int32", name=variable.name))
                self._c.append(self.add_variable((), dtype="int32", name=variable.name))
            else:
                self._r.append(self.add_variable(shape[:-1], name=variable.name))
                self._c.append(self.add_variable(shape[:-2] + shape[-1:], name=variable.name))
            self._v.append(self.add_variable_from_reference(variable, "velocity"))

    def step_terms(self, learning_rate: Tensor) -> tuple[Tensor, Tensor]:
        """The rate, and the share of the averages that is new."""
        step = self._step()
        rate = ops.minimum(learning_rate, ops.rsqrt(step)) if self.relative_step else learning_rate
        return rate, ops.power(step, self.beta_2_decay)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        rate, new = (like(term, variable) for term in self._terms_for(learning_rate))
        size = ops.maximum(_root_mean_square(variable.value), self.epsilon_2)
        mean = self._mean_square(gradient, self._get_variable_index(variable), new)  # that of a matrix of half precision is float32
        scaled = like(gradient, mean) * ops.rsqrt(mean)
        excess = ops.maximum(_root_mean_square(scaled) / self.clip_threshold, 1.0)
        move(variable, like(scaled * (like(rate * size, excess) / excess), variable))

    def _mean_square(self, gradient: Tensor, index: int, new: Tensor) -> Tensor:
        squares = ops.square(gradient) + self.epsilon_1
        if len(gradient.shape) < 2:
            return _moved(self._v[index], squares, new)
        r = _moved(self._r[index], ops.mean(squares, axis=-1), new)
        c = _moved(self._c[index], ops.mean(squares, axis=-2), new)
        return ops.expand_dims(r / ops.mean(r, axis=-1, keepdims=True), -1) * ops.expand_dims(c, -2)


def _moved(slot: Variable, value: Tensor, new: Tensor) -> Tensor:
    value = slot.value * like(1.0 - new, slot) + like(value * new, slot)
    slot.assign(value)
    return value


def _root_mean_square(x: Tensor) -> Tensor:
    return ops.sqrt(ops.mean(ops.square(x)))
