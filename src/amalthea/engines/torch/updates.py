"""Rules of optimizers as a few operations over lists of tensors."""

from __future__ import annotations

import torch

from amalthea.engines.compositions.updates import Tensors
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Tensor
from amalthea.engines.torch.gradients import depth


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
    ) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        kept = {tensor.dtype for group in (weights, momentums, velocities) for tensor in group}
        if depth() or kept != {torch.float32}:
            return super().adam(weights, gradients, momentums, velocities, rate, beta_1, beta_2, epsilon)
        weights, gradients, momentums, velocities = list(weights), list(gradients), list(momentums), list(velocities)
        first = torch._foreach_lerp(momentums, gradients, 1.0 - beta_1)
        second = torch._foreach_mul(velocities, beta_2)
        torch._foreach_addcmul_(second, gradients, gradients, 1.0 - beta_2)
        scales = torch._foreach_sqrt(second)
        torch._foreach_add_(scales, epsilon)
        changes = torch._foreach_mul(first, -rate)
        return list(torch._foreach_addcdiv(weights, changes, scales)), list(first), list(second)
