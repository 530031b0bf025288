"""Functions of stateful code that have a program for each form of their arguments: what PyTorch's kinds of them have in common."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import torch

from amalthea.engines import tracing
from amalthea.engines.torch import border


class Forms(tracing.Compiled):
    """What arguments are like. Those that inherit say what a program is."""

    def tensor(self, leaf: Any) -> Any:
        return border.given(leaf)

    def kind(self, leaf: Any) -> Hashable | None:
        return (leaf.shape, leaf.dtype, leaf.device) if isinstance(leaf, torch.Tensor) else None

    def within(self, leaves: list[Any]) -> bool:
        tensors = [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]
        return super().within(leaves) or any(tensor.requires_grad or border.in_graph(tensor) for tensor in tensors)
