"""What the PyTorch engine does by fused kernels: convolutions, pooling, activations, normalisation, attention, recurrences.

Each is used where it gives what the composition of this name gives; otherwise the composition is.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Axes, Tensor
from amalthea.engines.torch import border, convolution
from amalthea.engines.torch.arrays import index_within, same
from amalthea.engines.torch.gradients import depth
from amalthea.engines.torch.recurrences import lstm, lstm_in_graph


class NN(Engine):
    """Mixed into the engine, before the plain translations."""

    conv = same(convolution.conv)
    conv_transpose = same(convolution.conv_transpose)
    reduce_window = same(convolution.reduce_window)

    # --- activations ---

    relu = same(torch.relu)
    silu = same(F.silu)
    gelu = same(lambda x, approximate: F.gelu(x, approximate="tanh" if approximate else "none"))

    def softmax(self, x: Tensor, axis: int | Axes) -> Tensor:
        dim = _only(axis)
        return super().softmax(x, axis) if dim is None else torch.softmax(x, dim)

    def log_softmax(self, x: Tensor, axis: int | Axes) -> Tensor:
        dim = _only(axis)
        return super().log_softmax(x, axis) if dim is None else torch.log_softmax(x, dim)

    # --- normalisation ---

    def moments(self, x: Tensor, axes: Axes, keepdims: bool) -> tuple[Tensor, Tensor]:
        if x.dtype not in _FULL or not x.ndim or axes == ():
            return super().moments(x, axes, keepdims)
        if axes == tuple(range(x.ndim - 1)) and not keepdims:
            rows = x.reshape(-1, x.shape[-1])
            mean = rows.mean(0)
            gaps = rows - mean
            return mean, (gaps * gaps).mean(0)
        variance, mean = torch.var_mean(x, axes, correction=0, keepdim=keepdims)
        return mean, variance

    def layer_norm(self, x: Tensor, scale: Tensor | None, offset: Tensor | None, axes: tuple[int, ...], epsilon: float) -> Tensor:
        first = x.ndim - len(axes)
        if x.dtype not in _FULL or axes != tuple(range(first, x.ndim)):
            return super().layer_norm(x, scale, offset, axes, epsilon)
        sizes = x.shape[first:]
        weight, bias = (None if vector is None else vector.to(x.dtype).reshape(sizes) for vector in (scale, offset))
        return F.layer_norm(x, sizes, weight, bias, epsilon)

    def batch_norm(self, x: Tensor, mean: Tensor, variance: Tensor, axis: int, offset: Tensor | None, scale: Tensor | None, epsilon: float) -> Tensor:
        if x.dtype not in _FULL or mean.requires_grad or variance.requires_grad:
            return super().batch_norm(x, mean, variance, axis, offset, scale, epsilon)
        mean, variance = mean.to(x.dtype), variance.to(x.dtype)
        weight, bias = (None if vector is None else vector.to(x.dtype) for vector in (scale, offset))
        y = F.batch_norm(x.movedim(axis, 1) if x.ndim > 1 else x[None], mean, variance, weight, bias, False, 0.0, epsilon)
        return y.movedim(1, axis) if x.ndim > 1 else y[0]

    def batch_norm_by_batch(self, x: Tensor, axis: int, offset: Tensor | None, scale: Tensor | None, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
        if x.dtype is not torch.float32 or x.ndim < 2 or x.numel() == 0:
            return super().batch_norm_by_batch(x, axis, offset, scale, epsilon)
        weight, bias = (None if vector is None else vector.to(x.dtype) for vector in (scale, offset))
        y, mean, deviation = torch.native_batch_norm(x.movedim(axis, 1), weight, bias, None, None, True, 0.0, epsilon)
        # The statistics come without gradients: they go into moving averages.
        return y.movedim(1, axis), mean.detach(), (deviation.detach().pow(-2) - epsilon).clamp_min(0.0)

    # --- attention and losses ---

    def attention(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, bias: Tensor | None, scale: float | None, is_causal: bool
    ) -> Tensor:
        if query.dtype not in _FULL or query.shape[2] != key.shape[2] or depth() > 1:  # the kernel has no second derivative
            return super().attention(query, key, value, mask, bias, scale, is_causal)
        rows = query.transpose(1, 2)
        added = None if bias is None else bias.to(query.dtype)
        if mask is not None or (is_causal and bias is not None):
            seen = torch.ones((1, 1, query.shape[1], key.shape[1]), dtype=torch.bool, device=query.device)
            seen = seen.tril() if is_causal else seen
            seen = seen if mask is None else torch.logical_and(seen, mask)
            # A row that sees nothing sees everything alike, whatever its query is; no gradient flows to that.
            some = seen.any(-1, keepdim=True)
            rows = torch.where(some, rows, 0.0)
            start = torch.zeros((), dtype=query.dtype, device=query.device) if added is None else added
            added = torch.where(some, torch.where(seen, start, -torch.inf), 0.0)
            is_causal = False
        if added is not None:
            added = added.expand(query.shape[0], query.shape[2], query.shape[1], key.shape[1])
        found = F.scaled_dot_product_attention(rows, key.transpose(1, 2), value.transpose(1, 2), added, is_causal=is_causal, scale=scale)
        return found.transpose(1, 2)

    def sparse_cross_entropy(self, labels: Tensor, logits: Tensor, axis: int) -> Tensor:
        places = index_within(labels, logits.shape[axis]).unsqueeze(axis)
        return torch.take_along_dim(torch.log_softmax(logits, axis), places, axis).squeeze(axis).neg()

    def binary_cross_entropy(self, target: Tensor, logits: Tensor) -> Tensor:
        return F.binary_cross_entropy_with_logits(logits, target, reduction="none")

    # --- recurrences ---

    def lstm(
        self,
        x: Tensor,
        h: Tensor,
        c: Tensor,
        kernel: Tensor,
        recurrent_kernel: Tensor,
        bias: Tensor | None,
        mask: Tensor | None = None,
        reverse: bool = False,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        if mask is not None or x.dtype not in _FULL or x.is_meta or not x.numel() or depth() > 1:
            return super().lstm(x, h, c, kernel, recurrent_kernel, bias, mask, reverse, unroll, return_sequences, zero_output_for_mask)
        run = lstm_in_graph if border.in_graph(x) else lstm
        hs, last, memory = run(x.flip(1) if reverse else x, h, c, kernel, recurrent_kernel, bias)
        return (hs if return_sequences else last), last, memory


_FULL = frozenset({torch.float32, torch.float64})
"""The dtypes in which fused kernels compute as the compositions do; half precision is left to these, which widen it."""


def _only(axis: int | Axes) -> int | None:
    """The one axis, or None if there are others or none."""
    if isinstance(axis, int):
        return axis
    return axis[0] if axis is not None and len(axis) == 1 else None
