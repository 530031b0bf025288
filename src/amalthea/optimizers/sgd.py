"""`SGD`: gradient descent, with momentum or without."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea.errors import ArgumentError
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import like, move
from amalthea.state.variable import Variable


class SGD(Optimizer):
    """Gradient descent: `w -= rate * g`; with momentum `v = momentum * v - rate * g; w += v`.

    With Nesterov's momentum `w += momentum * v - rate * g`, where `v` is the new one.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        momentum: the share of the last change that is made again, in [0, 1].
        nesterov: whether the momentum is Nesterov's.
        **others: `weight_decay` and those after it are the arguments of `Optimizer`.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable([1.0])
        >>> optimizer = SGD(0.5, momentum=0.5)
        >>> for _ in range(2):
        ...     optimizer.apply([amalthea.ops.array([1.0])], [w])
        >>> w.numpy().tolist()
        [-0.25]
    """

    hyperparameters: ClassVar[tuple[str, ...]] = ("momentum", "nesterov")

    def __init__(
        self,
        learning_rate: LearningRate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
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
        if isinstance(momentum, str) or not 0 <= momentum <= 1:
            raise ArgumentError(f"`momentum` must be a number in [0, 1]. Received: momentum={momentum!r}.")
        self.momentum, self.nesterov = momentum, nesterov

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        if self.momentum:
            self._momentums = self.add_optimizer_variables(variables, "momentum")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        change = gradient * like(learning_rate, variable)
        if self.momentum:
            slot = self._momentums[self._get_variable_index(variable)]
            kept = slot.value * self.momentum - change
            slot.assign(kept)
            change = change - kept * self.momentum if self.nesterov else -kept
        move(variable, change)
