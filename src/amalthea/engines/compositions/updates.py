"""How optimizers change all weights at once: rules over lists, which an engine may run as a few fused operations."""

from __future__ import annotations

from collections.abc import Sequence

from amalthea.engines.compositions.elementwise import Elementwise
from amalthea.engines.protocol import Tensor

Tensors = Sequence[Tensor]


class Updates(Elementwise):
    """Rules of optimizers. Lists run in parallel: the weights, their gradients (of their dtypes), and what is kept for each."""

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
        """The next weights, averages of gradients and averages of their squares (Kingma and Ba, 2014, section 2).

        `rate` is a scalar that holds the corrections of bias.
        """
        moved, first, second = [], [], []
        for w, g, m, v in zip(weights, gradients, momentums, velocities, strict=True):
            m = self.add(m, self.multiply(self.subtract(g, m), 1.0 - beta_1))
            v = self.add(v, self.multiply(self.subtract(self.multiply(g, g), v), 1.0 - beta_2))
            change = self.divide(self.multiply(m, self.like(rate, w)), self.add(self.sqrt(v), epsilon))
            moved.append(self.subtract(w, change))
            first.append(m)
            second.append(v)
        return moved, first, second
