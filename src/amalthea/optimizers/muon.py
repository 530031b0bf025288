"""`Muon`."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from amalthea import ops
from amalthea.ops.arguments import Tensor
from amalthea.optimizers.clipping import norm
from amalthea.optimizers.optimizer import LearningRate, Optimizer
from amalthea.optimizers.slots import average, like, move
from amalthea.state.variable import Variable


class Muon(Optimizer):
    """Momentum whose step for each matrix is replaced by the nearest orthogonal matrix; AdamW for all that is no matrix.

    The orthogonal matrix is approached by Newton-Schulz iterations `X = a X + b (X X') X + c (X X')**2 X` from the normalized momentum. Leave to
    AdamW, by `exclude_layers`, what makes the outputs.

    Args:
        learning_rate: a number, a schedule, or a function without arguments that gives a number.
        adam_beta_1: of AdamW, the share of the average of gradients that stays at each step.
        adam_beta_2: of AdamW, the share of the average of squared gradients that stays at each step.
        adam_weight_decay: the decay of the weights that AdamW trains.
        epsilon: a small number that keeps divisions defined.
        weight_decay: the decay of the matrices.
        clipnorm: this one and those up to `name` are the arguments of `Optimizer`.
        exclude_layers: regular expressions; AdamW trains the weights in whose paths one of them is found.
        exclude_embeddings: whether AdamW trains the weights with "embedding" in their paths.
        muon_a: the coefficient `a`.
        muon_b: the coefficient `b`.
        muon_c: the coefficient `c`.
        adam_lr_ratio: by how much the rate of AdamW is greater.
        momentum: the share of the momentum that stays at each step.
        ns_steps: the number of iterations.
        nesterov: whether the momentum is Nesterov's.
        rms_rate: the root mean square of a step, as a share of the rate, with which the rate of Adam fits Muon too. None for steps as in the
            original, which are as large as the matrix is tall.

    Raises:
        ArgumentError: an argument has a value that is not allowed.

    Reference:
        Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. For `rms_rate`: Liu et al., "Muon is scalable for LLM
        training", 2025.

    Example:
        >>> import amalthea
        >>> w = amalthea.Variable(amalthea.ops.zeros((2, 2)))
        >>> Muon(0.1, weight_decay=None, rms_rate=None).apply([amalthea.ops.array([[2.0, 0.0], [0.0, 0.1]])], [w])
        >>> bool(abs(w.numpy()[0, 0]) > 0.06), bool(abs(w.numpy()[1, 1]) > 0.06)
        (True, True)
    """

    hyperparameters: ClassVar[tuple[str, ...]] = (
        "adam_beta_1",
        "adam_beta_2",
        "epsilon",
        "exclude_layers",
        "muon_a",
        "muon_b",
        "muon_c",
        "adam_lr_ratio",
        "momentum",
        "ns_steps",
        "nesterov",
        "exclude_embeddings",
        "adam_weight_decay",
        "rms_rate",
    )

    def __init__(
        self,
        learning_rate: LearningRate = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.775,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
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
        self.adam_beta_1, self.adam_beta_2, self.adam_weight_decay = adam_beta_1, adam_beta_2, adam_weight_decay
        self.epsilon, self.adam_lr_ratio, self.rms_rate = epsilon, adam_lr_ratio, rms_rate
        self.exclude_layers, self.exclude_embeddings = list(exclude_layers or ()), exclude_embeddings
        self.muon_a, self.muon_b, self.muon_c, self.ns_steps = muon_a, muon_b, muon_c, ns_steps
        self.momentum, self.nesterov = momentum, nesterov

    def _should_use_adamw(self, variable: Variable) -> bool:
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums: list[Variable | None] = []
        self._velocities: list[Variable | None] = []
        for variable in variables:
            skipped, by_adam = variable.overwrite_with_gradient, self._should_use_adamw(variable)
            self._momentums.append(None if skipped else self.add_variable_from_reference(variable, "momentum"))
            self._velocities.append(None if skipped or not by_adam else self.add_variable_from_reference(variable, "velocity"))

    def _weight_decay_of(self, variable: Variable) -> float | None:
        return self.adam_weight_decay if self._should_use_adamw(variable) else self.weight_decay

    def step_terms(self, learning_rate: Tensor) -> Tensor:
        """The rate of Adam, with its corrections of bias."""
        step = self._step()
        correction = ops.sqrt(1.0 - ops.power(self.adam_beta_2, step)) / (1.0 - ops.power(self.adam_beta_1, step))
        return learning_rate * self.adam_lr_ratio * correction

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        index = self._get_variable_index(variable)
        momentum, velocity = self._momentums[index], self._velocities[index]
        assert momentum is not None
        if velocity is not None:
            m = average(momentum, gradient, self.adam_beta_1)
            v = average(velocity, ops.square(gradient), self.adam_beta_2)
            move(variable, m * like(self._terms_for(learning_rate), variable) / (ops.sqrt(v) + self.epsilon))
            return
        m = momentum.value * self.momentum + gradient
        momentum.assign(m)
        step = self._orthogonal(gradient + m * self.momentum if self.nesterov else m)
        move(variable, step * like(learning_rate * self._size(variable.shape), variable))

    def _orthogonal(self, x: Tensor) -> Tensor:
        tall = x.shape[0] > x.shape[1]
        x = ops.transpose(x) if tall else x
        x = x / (ops.cast(norm(x), ops.dtype(x)) + 1e-7)
        for _ in range(self.ns_steps):
            square = ops.matmul(x, ops.transpose(x))
            x = x * self.muon_a + ops.matmul(square * self.muon_b + ops.matmul(square, square) * self.muon_c, x)
        return ops.transpose(x) if tall else x

    def _size(self, shape: tuple[int, ...]) -> float:
        rows, columns = shape
        if self.rms_rate is None:
            return math.sqrt(max(1.0, rows / columns))
        return self.rms_rate * math.sqrt(max(rows, columns))
