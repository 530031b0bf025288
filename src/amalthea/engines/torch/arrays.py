"""The PyTorch engine's arrays: creation, arithmetic, reductions, shaping and indexing.

PyTorch has few kernels for uint16, uint32 and uint64: those are computed in int64 and cast back. For uint64 the bits are the same, and
where order matters they are shifted by half the range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Axes, Scalar, Shape, Tensor
from amalthea.engines.torch.border import UNSIGNED, borrow, device, dtype_of, from_host, in_graph, is_tensor, scalar, to_host

_LOWEST = -(2**63)


def same(fn: Callable[..., Any]) -> Any:
    """The primitive that `fn` is as it stands."""
    return staticmethod(fn)


# --- unsigned integers in int64 ---------------------------------------------------------------------------


def signed(x: Any) -> Any:
    """Unsigned integers as int64 (uint64: the same bits); anything else as it is."""
    if not isinstance(x, torch.Tensor) or x.dtype not in UNSIGNED:
        return x - 2**64 if isinstance(x, int) and x >= 2**63 else x
    return x.view(torch.int64) if x.dtype is torch.uint64 else x.to(torch.int64)


def ordered(x: Any) -> Any:
    """As `signed`, but in the order of the unsigned values; `unordered` undoes it."""
    return signed(x) ^ _LOWEST if isinstance(x, torch.Tensor) and x.dtype is torch.uint64 else signed(x)


def back(x: Tensor, dtype: torch.dtype) -> Tensor:
    """int64 as the unsigned `dtype`, modulo its range."""
    return x.view(dtype) if dtype is torch.uint64 else x.to(dtype)


def unordered(x: Tensor, dtype: torch.dtype) -> Tensor:
    return back(x ^ _LOWEST, dtype) if dtype is torch.uint64 else back(x, dtype)


def through(enter: Callable[[Any], Any], leave: Callable[..., Tensor] | None, fn: Callable[..., Any]) -> Any:
    """`fn` of one tensor and arguments that are none, unsigned integers brought to int64 by `enter` and back by `leave`."""

    @wraps(fn)
    def apply(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        if x.dtype not in UNSIGNED:
            return fn(x, *args, **kwargs)
        result = fn(enter(x), *args, **kwargs)
        return result if leave is None else leave(result, x.dtype)

    return staticmethod(apply)


def _unary(fn: Callable[..., Any]) -> Any:
    return through(signed, back, fn)


def _binary(fn: Callable[..., Any], numbers: bool = True, order: bool = False, truth: bool = False) -> Any:
    """`fn` of two tensors, or a tensor and a Python number.

    Args:
        fn: what computes it.
        numbers: whether `fn` takes a number as its second argument.
        order: whether the result depends on the order of values rather than on their bits.
        truth: whether the result is bool.
    """
    enter, leave = (ordered, unordered) if order else (signed, back)

    def apply(x: Any, y: Any) -> Tensor:
        if not isinstance(x, torch.Tensor):
            x = scalar(x, y)
        elif not numbers and not isinstance(y, torch.Tensor):
            y = scalar(y, x)
        if x.dtype not in UNSIGNED:
            return fn(x, y)
        result = fn(enter(x), enter(scalar(y, x)))
        return result if truth else leave(result, x.dtype)

    return staticmethod(apply)


def _where(condition: Tensor, x: Any, y: Any) -> Tensor:
    model = x if isinstance(x, torch.Tensor) else y
    if isinstance(model, torch.Tensor) and model.dtype in UNSIGNED:
        return back(torch.where(condition, signed(scalar(x, model)), signed(scalar(y, model))), model.dtype)
    return torch.where(condition, x, y)


def _sign(x: Tensor) -> Tensor:
    return torch.where(torch.isnan(x), x, torch.sgn(x)) if x.dtype.is_floating_point else torch.sgn(x)


def _power(x: Tensor, y: Tensor) -> Tensor:
    if x.dtype is torch.bool:
        return torch.logical_or(x, torch.logical_not(scalar(y, x)))
    return torch.pow(x, y)


# --- reductions -------------------------------------------------------------------------------------------


def _reduction(fn: Callable[..., Tensor], order: bool = False) -> Any:
    """`fn(x, dims, keepdims)`, for which no axes means none rather than all."""

    def reduce(x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        dims = tuple(range(x.ndim)) if axis is None else axis
        return fn(x, dims, keepdims) if dims else x

    return through(ordered, unordered, reduce) if order else _unary(reduce)


def _prod(x: Tensor, dims: tuple[int, ...], keepdims: bool) -> Tensor:
    for dim in sorted(dims, reverse=True):
        x = torch.prod(x, dim, keepdims, dtype=x.dtype)
    return x


def _place(fn: Callable[..., Tensor]) -> Any:
    def place(x: Tensor, axis: int, keepdims: bool) -> Tensor:
        x = x.to(torch.uint8) if x.dtype is torch.bool else ordered(x)
        return fn(x, axis, keepdims).to(torch.int32)

    return staticmethod(place)


def _accumulation(fn: Callable[..., Tensor]) -> Any:
    return _unary(lambda x, axis: fn(x, axis, dtype=x.dtype))


# --- indexing ---------------------------------------------------------------------------------------------


def index_within(indices: Tensor, size: int) -> Tensor:
    """Places as int64 within `size`; negative ones count from the end, and what is out of range comes out somewhere within."""
    indices = signed(indices).to(torch.int64)
    return torch.remainder(indices, size) if size else indices


def _take(x: Tensor, indices: Tensor, axis: int) -> Tensor:
    places = index_within(indices, x.shape[axis])
    if axis == 0 and x.ndim == 2 and x.requires_grad:
        return F.embedding(places, x)  # its gradient is the faster one
    found = x.index_select(axis, places.reshape(-1))
    return found if places.ndim == 1 else found.reshape(*x.shape[:axis], *places.shape, *x.shape[axis + 1 :])


def _take_along_axis(x: Tensor, indices: Tensor, axis: int) -> Tensor:
    return torch.take_along_dim(x, index_within(indices, x.shape[axis]), axis)


def _getitem(x: Tensor, key: Any) -> Tensor:
    parts = key if type(key) is tuple else (key,)
    for part in parts:
        kind = type(part)
        if not (
            kind is int or part is None or part is Ellipsis or (kind is slice and (part.step is None or (type(part.step) is int and part.step > 0)))
        ):
            return _getitem_slowly(x, parts)
    return x[parts]


def _getitem_slowly(x: Tensor, parts: tuple[Any, ...]) -> Tensor:
    """Falling slices, NumPy's numbers and arrays, and tensors of integers of all kinds."""
    used = sum(1 if not _is_mask(part) else np.ndim(part) for part in parts if part is not None and part is not Ellipsis)
    flipped: list[int] = []
    chosen: list[Any] = []
    axis = 0
    for part in parts:
        if part is None:
            chosen.append(None)
        elif part is Ellipsis:
            chosen.append(Ellipsis)
            axis += x.ndim - used
        elif isinstance(part, slice):
            start, stop, step = slice(*(None if end is None else int(end) for end in (part.start, part.stop, part.step))).indices(x.shape[axis])
            if step < 0:
                flipped.append(axis)
                last = x.shape[axis] - 1
                start, stop, step = last - start, last - stop, -step
            chosen.append(slice(start, max(start, stop), step))
            axis += 1
        elif isinstance(part, (torch.Tensor, np.ndarray, list)):
            tensor = part if isinstance(part, torch.Tensor) else torch.from_numpy(np.array(part)).to(x.device)
            chosen.append(tensor if tensor.dtype is torch.bool else signed(tensor).to(torch.int64))
            axis += tensor.ndim if tensor.dtype is torch.bool else 1
        else:
            chosen.append(int(part))
            axis += 1
    return (x.flip(flipped) if flipped else x)[tuple(chosen)]


def _is_mask(part: Any) -> bool:
    return getattr(part, "dtype", None) in (torch.bool, np.dtype(bool))


def _block(x: Tensor, starts: Sequence[int | Tensor], sizes: Sequence[int]) -> tuple[slice, ...]:
    """Where the block of `sizes` lies, moved so that it fits into `x`."""
    first = [min(max(int(start), 0), whole - size) for whole, start, size in zip(x.shape, starts, sizes, strict=True)]
    return tuple(slice(start, start + size) for start, size in zip(first, sizes, strict=True))


def _block_in_graph(x: Tensor, starts: Sequence[int | Tensor], sizes: Sequence[int]) -> tuple[Tensor, ...]:
    """As `_block`, as indices: starts without values are no numbers."""
    places = []
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        last = x.shape[axis] - size
        first = start.to(torch.int64).clamp(0, last) if isinstance(start, torch.Tensor) else min(max(int(start), 0), last)
        places.append((torch.arange(size, device=x.device) + first).reshape(-1, *[1] * (x.ndim - 1 - axis)))
    return tuple(places)


def _dynamic_slice(x: Tensor, starts: Sequence[int | Tensor], sizes: Sequence[int]) -> Tensor:
    return x[(_block_in_graph if any(map(in_graph, starts)) else _block)(x, starts, sizes)]


def _dynamic_update(x: Tensor, starts: Sequence[int | Tensor], updates: Tensor) -> Tensor:
    if any(map(in_graph, starts)):
        return x.index_put(_block_in_graph(x, starts, updates.shape), updates)
    result = x.clone()
    result[_block(x, starts, updates.shape)] = updates
    return result


_SCATTERS = {"mul": "prod", "max": "amax", "min": "amin"}


def _scatter(x: Tensor, indices: Tensor, updates: Tensor, how: str) -> Tensor:
    if x.dtype in UNSIGNED:
        return unordered(_scatter(ordered(x), indices, ordered(updates), how), x.dtype)
    depth = indices.shape[-1]
    rest = x.shape[depth:]
    flat: Any = torch.zeros(indices.shape[:-1], dtype=torch.int64, device=x.device)
    for axis in range(depth):
        flat = flat * x.shape[axis] + index_within(indices[..., axis], x.shape[axis])
    rows = x.reshape(math.prod(x.shape[:depth]), *rest)
    flat, updates = flat.reshape(-1), updates.expand(*indices.shape[:-1], *rest).reshape(flat.numel(), *rest)
    if how == "set":
        result = rows.index_copy(0, flat, updates)
    elif how == "add":
        result = rows.index_add(0, flat, updates)
    elif x.dtype is torch.bool:
        result = _scatter(rows.to(torch.uint8), flat[:, None], updates.to(torch.uint8), how).to(torch.bool)
    else:
        spread = flat.reshape(-1, *[1] * len(rest)).expand(updates.shape)
        result = rows.scatter_reduce(0, spread, updates, _SCATTERS[how])
    return result.reshape(x.shape)


# --- the engine's part ------------------------------------------------------------------------------------


def _pad(x: Tensor, widths: Sequence[tuple[int, int]], value: Any) -> Tensor:
    flat = [width for pair in reversed(widths) for width in pair]
    if not any(flat):
        return x
    if isinstance(value, torch.Tensor):
        if value.requires_grad:
            inside = torch.constant_pad_nd(torch.ones_like(x, dtype=torch.bool), flat, False)
            return torch.where(inside, torch.constant_pad_nd(x, flat, 0), value)
        value = value.item()
    return torch.constant_pad_nd(x, flat, value)


class Arrays(Engine):
    """Mixed into the engine."""

    # --- border ---

    is_tensor = same(is_tensor)
    from_host = same(from_host)
    to_host = same(to_host)
    borrow = same(borrow)

    def cast(self, x: Tensor, dtype: str) -> Tensor:
        wanted = dtype_of(dtype)
        if x.dtype is wanted:
            return x
        if x.dtype.is_complex and not wanted.is_complex:
            x = x != 0 if wanted is torch.bool else torch.real(x)
        return x.to(wanted)

    def canonical_dtype(self, dtype: str) -> str:
        return dtype

    # --- creation ---

    def full(self, shape: Shape, value: Scalar | Tensor, dtype: str) -> Tensor:
        wanted = dtype_of(dtype)
        if isinstance(value, torch.Tensor):
            return self.cast(value, dtype).expand(shape)
        return torch.full(shape, value, dtype=wanted, device=device())

    def full_like(self, x: Tensor, value: Scalar | Tensor, dtype: str | None = None) -> Tensor:
        wanted = x.dtype if dtype is None else dtype_of(dtype)
        if isinstance(value, torch.Tensor):
            return value.to(wanted).expand(x.shape)
        return torch.full_like(x, value, dtype=wanted)

    def arange(self, start: Scalar, stop: Scalar, step: Scalar, dtype: str) -> Tensor:
        count = max(0, math.ceil((stop - start) / step))  # type: ignore[operator, arg-type]
        wanted = dtype_of(dtype)
        if wanted.is_floating_point or wanted in UNSIGNED:
            return from_host(start + step * np.arange(count), dtype)  # type: ignore[operator]
        return torch.arange(start, start + count * step, step, dtype=wanted, device=device())  # type: ignore[operator, arg-type]

    # --- elementwise ---

    def clip(self, x: Tensor, low: Scalar | Tensor, high: Scalar | Tensor) -> Tensor:
        numbers = isinstance(low, (int, float)) and isinstance(high, (int, float))
        return torch.clamp(x, low, high) if numbers and x.dtype not in UNSIGNED else super().clip(x, low, high)

    negative = _unary(torch.neg)
    absolute = same(lambda x: x if x.dtype in UNSIGNED or x.dtype is torch.bool else torch.abs(x))
    sign = _unary(_sign)
    conjugate = same(lambda x: torch.conj_physical(x) if x.dtype.is_complex else x)
    real = same(torch.real)
    imag = same(lambda x: torch.imag(x) if x.dtype.is_complex else torch.zeros_like(x))
    complex = same(lambda real, imag: torch.complex(*torch.broadcast_tensors(real, imag)))
    isnan = through(signed, None, torch.isnan)
    isfinite = through(signed, None, torch.isfinite)
    logical_not = same(torch.logical_not)
    bitwise_not = _unary(torch.bitwise_not)

    exp = same(torch.exp)
    expm1 = same(torch.expm1)
    log = same(torch.log)
    log1p = same(torch.log1p)
    log2 = same(torch.log2)
    log10 = same(torch.log10)
    sqrt = same(torch.sqrt)
    rsqrt = same(torch.rsqrt)
    sin = same(torch.sin)
    cos = same(torch.cos)
    tan = same(torch.tan)
    arcsin = same(torch.asin)
    arccos = same(torch.acos)
    arctan = same(torch.atan)
    sinh = same(torch.sinh)
    cosh = same(torch.cosh)
    tanh = same(torch.tanh)
    arcsinh = same(torch.asinh)
    arccosh = same(torch.acosh)
    arctanh = same(torch.atanh)
    sigmoid = same(torch.sigmoid)
    erf = same(torch.erf)
    erfinv = same(torch.erfinv)
    floor = same(torch.floor)
    ceil = same(torch.ceil)
    trunc = same(torch.trunc)
    round = same(torch.round)

    add = _binary(torch.add)
    subtract = _binary(torch.sub)
    multiply = _binary(torch.mul)
    divide = _binary(torch.div)
    floor_divide = _binary(torch.floor_divide)
    remainder = _binary(torch.remainder)
    power = _binary(_power)
    maximum = _binary(torch.maximum, numbers=False, order=True)
    minimum = _binary(torch.minimum, numbers=False, order=True)
    arctan2 = _binary(torch.atan2, numbers=False)
    nextafter = _binary(torch.nextafter, numbers=False)
    equal = _binary(torch.eq, truth=True)
    not_equal = _binary(torch.ne, truth=True)
    less = _binary(torch.lt, order=True, truth=True)
    less_equal = _binary(torch.le, order=True, truth=True)
    greater = _binary(torch.gt, order=True, truth=True)
    greater_equal = _binary(torch.ge, order=True, truth=True)
    logical_and = _binary(torch.logical_and, numbers=False, truth=True)
    logical_or = _binary(torch.logical_or, numbers=False, truth=True)
    bitwise_and = _binary(torch.bitwise_and)
    bitwise_or = _binary(torch.bitwise_or)
    bitwise_xor = _binary(torch.bitwise_xor)
    left_shift = _binary(torch.bitwise_left_shift)
    right_shift = _binary(torch.bitwise_right_shift)
    where = same(_where)
    square = _unary(torch.square)

    # --- reductions ---

    sum = _reduction(lambda x, dims, keepdims: torch.sum(x, dims, keepdims, dtype=x.dtype))
    prod = _reduction(_prod)
    mean = _reduction(torch.mean)
    max = _reduction(torch.amax, order=True)
    min = _reduction(torch.amin, order=True)
    any = _reduction(torch.any)
    all = _reduction(torch.all)
    argmax = _place(torch.argmax)
    argmin = _place(torch.argmin)
    cumsum = _accumulation(torch.cumsum)
    cumprod = _accumulation(torch.cumprod)

    # --- shaping and indexing ---

    reshape = same(torch.reshape)
    transpose = same(torch.permute)
    broadcast_to = same(torch.broadcast_to)
    concatenate = same(torch.cat)
    stack = same(torch.stack)
    unstack = same(lambda x, axis: list(torch.unbind(x, axis)))
    pad = same(_pad)
    flip = same(torch.flip)
    getitem = same(_getitem)
    take = same(_take)
    take_along_axis = same(_take_along_axis)
    dynamic_slice = same(_dynamic_slice)
    dynamic_update = same(_dynamic_update)
    scatter = same(_scatter)

    def split(self, x: Tensor, sizes: Sequence[int], axis: int) -> list[Tensor]:
        if sum(sizes) != x.shape[axis]:
            return super().split(x, sizes, axis)
        return list(torch.split(x, list(sizes), axis))

    def expand_dims(self, x: Tensor, axis: int | Sequence[int]) -> Tensor:
        return x.unsqueeze(axis) if isinstance(axis, int) else super().expand_dims(x, axis)
