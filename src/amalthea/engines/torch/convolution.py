"""Convolutions and window reductions, channels last.

A contiguous (batch, *space, channels) tensor whose axes are permuted to (batch, channels, *space) is in PyTorch's `channels_last` memory
format as it stands: nothing is copied, and its kernels for that format are the fast ones. For one axis of space there is no such format;
a further axis of size 1 is put before it.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

Sizes = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]

_CONVS = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
_TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}
_MAX_POOLS = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
_FORMATS = {2: torch.channels_last, 3: torch.channels_last_3d}


def channels_first(x: torch.Tensor) -> torch.Tensor:
    """(batch, *space, channels) as (batch, channels, *space), a view."""
    return x.permute(0, x.ndim - 1, *range(1, x.ndim - 1))


def channels_last(x: torch.Tensor) -> torch.Tensor:
    """(batch, channels, *space) as (batch, *space, channels), a view."""
    return x.permute(0, *range(2, x.ndim), 1)


def pad_space(x: torch.Tensor, padding: Pairs, value: float = 0) -> torch.Tensor:
    """Channels first: `x` with `value` around its space; negative padding cuts off."""
    widths = [width for pair in reversed(padding) for width in pair]
    return torch.constant_pad_nd(x, widths, value) if any(widths) else x


def _own_padding(x: torch.Tensor, padding: Pairs, most: Sizes | None = None, value: float = 0) -> tuple[torch.Tensor, list[int]]:
    """What a kernel can pad itself (the same on both sides, up to `most`), and `x` padded with the rest."""
    alike = all(low == high >= 0 for low, high in padding)
    if alike and (most is None or all(low <= size for (low, _), size in zip(padding, most, strict=True))):
        return x, [low for low, _ in padding]
    return pad_space(x, padding, value), [0] * len(padding)


def _spread(x: torch.Tensor, steps: Sizes) -> torch.Tensor:
    """Channels first: `step - 1` zeros between the elements of space."""
    if all(step == 1 for step in steps):
        return x
    sizes = [max(0, (size - 1) * step + 1) for size, step in zip(x.shape[2:], steps, strict=True)]
    result = x.new_zeros(*x.shape[:2], *sizes)
    result[(slice(None), slice(None), *(slice(None, None, step) for step in steps))] = x
    return result


def conv(x: torch.Tensor, kernel: torch.Tensor, strides: Sizes, padding: Pairs, dilation: Sizes, groups: int, input_dilation: Sizes) -> torch.Tensor:
    """As the protocol says."""
    if not (x.dtype.is_floating_point or x.dtype.is_complex):
        wide = conv(x.double(), kernel.double(), strides, padding, dilation, groups, input_dilation)
        return wide.to(torch.int64).to(x.dtype)
    space = len(strides)
    if space == 1:
        y = conv(x[:, None], kernel[None], (1, *strides), ((0, 0), *padding), (1, *dilation), groups, (1, *input_dilation))
        return y[:, 0]
    inputs, widths = _own_padding(_spread(channels_first(x), input_dilation), padding)
    weights = kernel.permute(space + 1, space, *range(space)).contiguous(memory_format=_FORMATS[space])
    if x.numel() == 0 or any(size == 0 for size in inputs.shape):
        return x.new_zeros(x.shape[0], *_places(inputs.shape[2:], widths, kernel.shape, strides, dilation), kernel.shape[-1])
    return channels_last(_CONVS[space](inputs, weights, None, strides, widths, dilation, groups))


def _places(sizes: torch.Size, widths: list[int], window: torch.Size, strides: Sizes, dilation: Sizes) -> list[int]:
    return [max(0, (n + 2 * p - d * (k - 1) - 1) // s + 1) for n, p, k, s, d in zip(sizes, widths, window, strides, dilation, strict=False)]


def conv_transpose(x: torch.Tensor, kernel: torch.Tensor, strides: Sizes, cut: Pairs, dilation: Sizes) -> torch.Tensor:
    """As the composition of this name says; `kernel` is (*window, filters, channels)."""
    space = len(strides)
    if space == 1:
        return conv_transpose(x[:, None], kernel[None], (1, *strides), ((0, 0), *cut), (1, *dilation))[:, 0]
    weights = kernel.permute(space + 1, space, *range(space)).contiguous(memory_format=_FORMATS[space])
    least = [max(0, min(low, high)) for low, high in cut]
    rest = tuple((own - low, own - high) for own, (low, high) in zip(least, cut, strict=True))
    y = _TRANSPOSED[space](channels_first(x), weights, None, strides, least, 0, 1, dilation)
    return channels_last(pad_space(y, rest))


def reduce_window(x: torch.Tensor, how: str, window: Sizes, strides: Sizes, padding: Pairs) -> torch.Tensor:
    """As the protocol says."""
    if not x.dtype.is_floating_point:
        return _by_views(x, how, window, strides, padding)
    if len(window) == 1:
        return reduce_window(x[:, None], how, (1, *window), (1, *strides), ((0, 0), *padding))[:, 0]
    inputs = channels_first(x)
    if how == "max":
        inputs, widths = _own_padding(inputs, padding, tuple(size // 2 for size in window), -torch.inf)
        return channels_last(_MAX_POOLS[len(window)](inputs, window, strides, widths))
    inputs, widths = _own_padding(inputs, padding, tuple(size // 2 for size in window))
    if len(window) == 2:
        return channels_last(F.avg_pool2d(inputs, window, strides, widths, divisor_override=1))
    return channels_last(F.avg_pool3d(inputs, window, strides, widths, divisor_override=1))


def _by_views(x: torch.Tensor, how: str, window: Sizes, strides: Sizes, padding: Pairs) -> torch.Tensor:
    """For the dtypes that pooling does not know."""
    start = 0 if how == "sum" or x.dtype is torch.bool else torch.iinfo(x.dtype).min
    seen = pad_space(channels_first(x), padding, start)
    for axis, (size, step) in enumerate(zip(window, strides, strict=True), 2):
        seen = seen.unfold(axis, size, step)
    inside = tuple(range(-len(window), 0))
    return channels_last(seen.amax(inside) if how == "max" else seen.sum(inside, dtype=x.dtype))
