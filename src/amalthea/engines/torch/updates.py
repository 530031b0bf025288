"""Rules of optimizers over lists of tensors: Adam as one operation, which has a twin that writes into the memory of the weights."""

from __future__ import annotations

import math

import torch

from amalthea.engines.compositions.updates import Tensors
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Tensor
from amalthea.engines.torch import border
from amalthea.engines.torch.gradients import depth
from amalthea.engines.torch.operations import in_place, operation

_Lists = tuple[list[Tensor], list[Tensor], list[Tensor]]


class Updates(Engine):
    """Mixed into the engine. What is written into here are tensors made here."""

    def adam(
        self,
        weights: Tensors,
        gradients: Tensors,
        momentums: Tensors,
        velocities: Tensors,
        rate: Tensor,
        beta_1: float,
        beta_2: float,
        epsilon: float,
    ) -> _Lists:
        kept = {tensor.dtype for group in (weights, momentums, velocities) for tensor in group}
        if depth() or kept != {torch.float32} or rate.dtype is not torch.float32 or max(beta_1, beta_2) >= 1:
            return super().adam(weights, gradients, momentums, velocities, rate, beta_1, beta_2, epsilon)
        run = adam if border.in_graph(rate) else _adam
        found: _Lists = run(
            list(weights), [gradient.float() for gradient in gradients], list(momentums), list(velocities), rate, beta_1, beta_2, epsilon
        )
        return found


def adam_by_lists(
    weights: list[Tensor],
    gradients: list[Tensor],
    momentums: list[Tensor],
    velocities: list[Tensor],
    rate: Tensor,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> _Lists:
    """Adam in operations over whole lists, which a compiler can take apart."""
    first = torch._foreach_lerp(momentums, gradients, 1.0 - beta_1)
    second = torch._foreach_mul(velocities, beta_2)
    torch._foreach_addcmul_(second, gradients, gradients, 1.0 - beta_2)
    scales = torch._foreach_sqrt(second)
    torch._foreach_add_(scales, epsilon)
    changes = torch._foreach_mul(first, -rate)
    return list(torch._foreach_addcdiv(weights, changes, scales)), list(first), list(second)


def _adam_in_place(
    weights: list[Tensor],
    gradients: list[Tensor],
    momentums: list[Tensor],
    velocities: list[Tensor],
    rate: Tensor,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> None:
    # PyTorch's kernel corrects the bias by the number of the step, with another meaning of epsilon; our rate is corrected already.
    steps = [torch.full((), _LATE, device=rate.device)] * len(weights)
    rows = [gradient.contiguous() for gradient in gradients]  # the kernel goes through memory as it lies
    settings = {"lr": rate, "beta1": beta_1, "beta2": beta_2, "weight_decay": 0.0, "eps": epsilon, "amsgrad": False, "maximize": False}
    torch._fused_adam_(weights, rows, momentums, velocities, [], steps, **settings)


_LATE = math.ldexp(1.0, 60)
"""A number of a step at which no bias is left to be corrected."""


def _adam(weights: list[Tensor], gradients: list[Tensor], momentums: list[Tensor], velocities: list[Tensor], *settings: float) -> _Lists:
    made = tuple([tensor.clone(memory_format=torch.contiguous_format) for tensor in group] for group in (weights, momentums, velocities))
    _adam_in_place(made[0], gradients, made[1], made[2], *settings)  # type: ignore[arg-type]
    return made  # type: ignore[return-value]


_SETTINGS = "Tensor rate, float beta_1, float beta_2, float epsilon"

adam = operation(
    f"adam(Tensor[] weights, Tensor[] gradients, Tensor[] momentums, Tensor[] velocities, {_SETTINGS}) -> (Tensor[], Tensor[], Tensor[])",
    lambda weights, gradients, momentums, velocities, *settings: tuple(
        [tensor.new_empty(tensor.shape) for tensor in group] for group in (weights, momentums, velocities)
    ),
    _adam,
)
in_place(f"adam_(Tensor(a!)[] weights, Tensor[] gradients, Tensor(b!)[] momentums, Tensor(c!)[] velocities, {_SETTINGS}) -> ()", _adam_in_place)
