"""What the PyTorch engine does by fused kernels: convolutions, pooling, activations, normalisation, attention, recurrences.

Each is used where it gives what the composition of this name gives; otherwise the composition is.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Axes, Tensor
from amalthea.engines.torch import convolution

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


class NN(Engine):
    """Mixed into the engine, before the plain translations."""

    def conv(self, x: Tensor, kernel: Tensor, strides: Sizes, padding: Pairs, dilation: Sizes, groups: int, input_dilation: Sizes) -> Tensor:
        return convolution.conv(x, kernel, strides, padding, dilation, groups, input_dilation)

    def conv_transpose(self, x: Tensor, kernel: Tensor, strides: Sizes, cut: Pairs, dilation: Sizes) -> Tensor:
        return convolution.conv_transpose(x, kernel, strides, cut, dilation)

    def reduce_window(self, x: Tensor, how: str, window: Sizes, strides: Sizes, padding: Pairs) -> Tensor:
        return convolution.reduce_window(x, how, window, strides, padding)

    # --- activations ---

    def relu(self, x: Tensor) -> Tensor:
        return torch.relu(x)

    def silu(self, x: Tensor) -> Tensor:
        return F.silu(x)

    def gelu(self, x: Tensor, approximate: bool) -> Tensor:
        return F.gelu(x, approximate="tanh" if approximate else "none")

    def softmax(self, x: Tensor, axis: int | Axes) -> Tensor:
        dim = _only(axis)
        return super().softmax(x, axis) if dim is None else torch.softmax(x, dim)

    def log_softmax(self, x: Tensor, axis: int | Axes) -> Tensor:
        dim = _only(axis)
        return super().log_softmax(x, axis) if dim is None else torch.log_softmax(x, dim)


def _only(axis: int | Axes) -> int | None:
    """The one axis, or None if there are others or none."""
    if isinstance(axis, int):
        return axis
    return axis[0] if axis is not None and len(axis) == 1 else None
