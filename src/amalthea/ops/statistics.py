"""Statistics: quantiles, counts, correlation, and reductions that pass over NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError, nearest
from amalthea.ops import reductions
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating
from amalthea.ops.indexing import index_tensor
from amalthea.ops.operation import operation
from amalthea.ops.reductions import axes_of, widened
from amalthea.ops.shaping import host_values

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


# --- quantiles -----------------------------------------------------------------------------------------


def _real_floating(engine: Engine, x: TensorLike, name: str) -> Tensor:
    x = floating(engine, x)
    if dtypes.is_complex(engine.dtype_of(x)):
        raise ArgumentTypeError(f"`{name}` needs an order, which complex numbers do not have.")
    return x


def _shares(engine: Engine, q: Any, scale: float) -> tuple[list[float], tuple[int, ...]]:
    """The shares as numbers between 0 and 1, and the shape in which they came."""
    given = host_values(engine, q).astype(np.float64)
    if given.ndim > 1:
        raise ShapeError(f"`q` must be a number or a vector. Received shape: {given.shape}.")
    shares = given / scale
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ArgumentError(f"`q` must be between 0 and {scale:g}. Received: q={q!r:.80}.")
    return shares.ravel().tolist(), given.shape


def _quantiles(x: TensorLike, q: Any, scale: float, axis: Any, method: str, keepdims: bool, pass_over: bool, name: str) -> Tensor:
    if method not in _METHODS:
        raise ArgumentError(f"`method` must be one of {', '.join(_METHODS)}. Received: method={method!r}.{nearest(str(method), _METHODS)}")
    engine = current()
    x = _real_floating(engine, x, name)
    axes = axes_of(engine, x, axis)
    if engine.name == "symbolic" and engine.is_tensor(q):
        sizes = engine.shape_of(q)
        one = engine.quantile(x, 0.5, axes, method, keepdims)
        return engine.broadcast_to(one, (*sizes, *engine.shape_of(one)))
    shares, shape = _shares(engine, q, scale)
    if pass_over:
        values = _quantiles_of_numbers(engine, x, shares, axes, method, keepdims)
        return engine.stack(values, 0) if shape else values[0]
    return engine.quantile(x, shares if shape else shares[0], axes, method, keepdims)


def _quantiles_of_numbers(engine: Engine, x: Tensor, shares: list[float], axes: tuple[int, ...] | None, method: str, keepdims: bool) -> list[Tensor]:
    """The quantiles of what is not NaN; NaN where there is nothing else."""
    shape = engine.shape_of(x)
    reduced = tuple(range(len(shape))) if axes is None else axes
    rest = tuple(place for place in range(len(shape)) if place not in reduced)
    columns = engine.flatten_from(engine.transpose(x, (*rest, *reduced)), len(rest))
    last = len(rest)
    wide = engine.widened(columns)
    ordered = engine.sort(wide, last)
    count = engine.sum(engine.cast(engine.logical_not(engine.isnan(wide)), engine.dtype_of(wide)), (last,), True)
    end = engine.maximum(engine.subtract(count, 1.0), 0.0)
    results = []
    for share in shares:
        place = engine.multiply(end, share)
        low, high = engine.floor(place), engine.ceil(place)
        lower, upper = (engine.take_along_axis(ordered, engine.cast(bound, "int32"), last) for bound in (low, high))
        shares_of_upper: dict[str, Any] = {
            "linear": lambda place=place, low=low: engine.subtract(place, low),
            "lower": lambda low=low: engine.zeros_like(low),
            "higher": lambda low=low: engine.ones_like(low),
            "midpoint": lambda low=low: engine.full_like(low, 0.5),
            "nearest": lambda place=place, low=low: engine.subtract(engine.round(place), low),
        }
        weight = shares_of_upper[method]()
        value = engine.add(engine.multiply(lower, engine.subtract(1.0, weight)), engine.multiply(upper, weight))
        value = engine.like(value, x)
        out = tuple(1 if place in reduced else size for place, size in enumerate(shape)) if keepdims else tuple(shape[place] for place in rest)
        results.append(engine.reshape(value, out))
    return results


@operation
def quantile(x: TensorLike, q: TensorLike, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The values below which given shares of the elements lie.

    Args:
        x: real tensor of any shape; integers and bool become `floatx`.
        q: a share between 0 and 1, or a vector of them.
        axis: the axis, or several, along which to reduce; by default all.
        method: what stands between two elements: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor of the shape of `x` without the axes reduced. If `q` is a vector, its axis comes first. NaN wins.

    Raises:
        ArgumentError: `q` is out of range, or `method` is not known.

    Example:
        >>> from amalthea import ops
        >>> float(ops.quantile([1, 2, 3, 4, 5], 0.25))
        2.0
    """
    return _quantiles(x, q, 1.0, axis, method, keepdims, False, "quantile")


@operation
def percentile(x: TensorLike, q: TensorLike, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """The values below which given hundredths of the elements lie.

    Args:
        x: real tensor of any shape; integers and bool become `floatx`.
        q: a number between 0 and 100, or a vector of them.
        axis: the axis, or several, along which to reduce; by default all.
        method: what stands between two elements: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor of the shape of `x` without the axes reduced. If `q` is a vector, its axis comes first. NaN wins.

    Raises:
        ArgumentError: `q` is out of range, or `method` is not known.

    Example:
        >>> from amalthea import ops
        >>> float(ops.percentile([1, 2, 3, 4, 5], 25))
        2.0
    """
    return _quantiles(x, q, 100.0, axis, method, keepdims, False, "percentile")


@operation
def median(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The element in the middle, or the mean of the two in the middle.

    Args:
        x: real tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor of the shape of `x` without the axes reduced. NaN wins.

    Example:
        >>> from amalthea import ops
        >>> float(ops.median([1, 9, 2, 4]))
        3.0
    """
    engine = current()
    x = _real_floating(engine, x, "median")
    return engine.median(x, axes_of(engine, x, axis), keepdims)


@operation
def nanquantile(x: TensorLike, q: TensorLike, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """As `quantile`, of the elements that are not NaN.

    Args:
        x: real tensor of any shape; integers and bool become `floatx`.
        q: a share between 0 and 1, or a vector of them.
        axis: the axis, or several, along which to reduce; by default all.
        method: what stands between two elements: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor, as `quantile` gives it; NaN where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanquantile([1.0, float("nan"), 3.0], 0.5))
        2.0
    """
    return _quantiles(x, q, 1.0, axis, method, keepdims, True, "nanquantile")


@operation
def nanpercentile(x: TensorLike, q: TensorLike, axis: int | Sequence[int] | None = None, method: str = "linear", keepdims: bool = False) -> Tensor:
    """As `percentile`, of the elements that are not NaN.

    Args:
        x: real tensor of any shape; integers and bool become `floatx`.
        q: a number between 0 and 100, or a vector of them.
        axis: the axis, or several, along which to reduce; by default all.
        method: what stands between two elements: "linear", "lower", "higher", "midpoint" or "nearest".
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor, as `percentile` gives it; NaN where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanpercentile([1.0, float("nan"), 3.0], 50))
        2.0
    """
    return _quantiles(x, q, 100.0, axis, method, keepdims, True, "nanpercentile")


@operation
def nanmedian(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """As `median`, of the elements that are not NaN.

    Args:
        x: real tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor of the shape of `x` without the axes reduced; NaN where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanmedian([1.0, float("nan"), 3.0]))
        2.0
    """
    return _quantiles(x, 0.5, 1.0, axis, "midpoint", keepdims, True, "nanmedian")


# --- reductions that pass over NaN ---------------------------------------------------------------------


def _holds_nan(engine: Engine, x: Tensor) -> bool:
    dtype = engine.dtype_of(x)
    return dtypes.is_float(dtype) or dtypes.is_complex(dtype)


def _without_nan(engine: Engine, x: Tensor, value: float) -> Tensor:
    return engine.where(engine.isnan(x), value, x) if _holds_nan(engine, x) else x


@operation
def nansum(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """As `sum`, with 0 for NaN.

    Args:
        x: tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor as `sum` gives it.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nansum([1.0, float("nan"), 3.0]))
        4.0
    """
    engine = current()
    x = widened(engine, x)
    return engine.sum(_without_nan(engine, x, 0.0), axes_of(engine, x, axis), keepdims)


@operation
def nanprod(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """As `prod`, with 1 for NaN.

    Args:
        x: tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor as `prod` gives it.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanprod([2.0, float("nan"), 3.0]))
        6.0
    """
    engine = current()
    x = widened(engine, x)
    return engine.prod(_without_nan(engine, x, 1.0), axes_of(engine, x, axis), keepdims)


def _nan_extreme(x: TensorLike, axis: Any, keepdims: bool, reduce: Callable[..., Tensor], nothing: float) -> Tensor:
    engine = current()
    x = as_tensor(engine, x)
    if not _holds_nan(engine, x):
        return reduce(x, axis, keepdims)
    missing = engine.isnan(x)
    found = reduce(engine.where(missing, nothing, x), axis, keepdims)
    return engine.where(engine.all(missing, axes_of(engine, x, axis), keepdims), math.nan, found)


@operation
def nanmax(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """As `max`, of the elements that are not NaN.

    Args:
        x: real tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor as `max` gives it; NaN where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanmax([1.0, float("nan"), 3.0]))
        3.0
    """
    return _nan_extreme(x, axis, keepdims, reductions.max, -math.inf)


@operation
def nanmin(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """As `min`, of the elements that are not NaN.

    Args:
        x: real tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor as `min` gives it; NaN where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanmin([1.0, float("nan"), 3.0]))
        1.0
    """
    return _nan_extreme(x, axis, keepdims, reductions.min, math.inf)


def _nan_place(x: TensorLike, axis: int | None, keepdims: bool, find: Callable[..., Tensor], nothing: float) -> Tensor:
    engine = current()
    x = as_tensor(engine, x)
    if not _holds_nan(engine, x):
        return find(x, axis, keepdims)
    missing = engine.isnan(x)
    place = find(engine.where(missing, nothing, x), axis, keepdims)
    return engine.where(engine.all(missing, axes_of(engine, x, axis), keepdims), -1, place)


@operation
def nanargmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the greatest element that is not NaN is; of equals, the first.

    Args:
        x: real tensor of any shape.
        axis: the axis along which to look; by default `x` counts as one vector.
        keepdims: whether the axis stays, with size 1.

    Returns:
        An int32 tensor of the shape of `x` without the axis; -1 where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> int(ops.nanargmax([1.0, float("nan"), 3.0]))
        2
    """
    return _nan_place(x, axis, keepdims, reductions.argmax, -math.inf)


@operation
def nanargmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the least element that is not NaN is; of equals, the first.

    Args:
        x: real tensor of any shape.
        axis: the axis along which to look; by default `x` counts as one vector.
        keepdims: whether the axis stays, with size 1.

    Returns:
        An int32 tensor of the shape of `x` without the axis; -1 where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> int(ops.nanargmin([float("nan"), 3.0, 1.0]))
        2
    """
    return _nan_place(x, axis, keepdims, reductions.argmin, math.inf)


def _count(engine: Engine, x: Tensor, axes: tuple[int, ...] | None) -> Tensor:
    """How many elements are not NaN, with the axes kept, in a dtype of at least 32 bits."""
    dtype = engine.dtype_of(engine.widened(engine.real(x) if dtypes.is_complex(engine.dtype_of(x)) else x))
    return engine.sum(engine.cast(engine.logical_not(engine.isnan(x)), dtype), axes, True)


def _nan_moments(engine: Engine, x: Tensor, axes: tuple[int, ...] | None) -> tuple[Tensor, Tensor, Tensor]:
    """What is not NaN (0 elsewhere) in a dtype of at least 32 bits, how much that is, and its mean; axes kept."""
    wide = engine.widened(x)
    count = _count(engine, x, axes)
    kept = _without_nan(engine, wide, 0.0)
    return kept, count, engine.divide(engine.sum(kept, axes, True), engine.like(count, kept))


def _drop(engine: Engine, x: Tensor, axes: tuple[int, ...] | None, keepdims: bool) -> Tensor:
    return x if keepdims else engine.squeeze(x, tuple(range(len(engine.shape_of(x)))) if axes is None else axes)


@operation
def nanmean(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """As `mean`, of the elements that are not NaN.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor of the shape of `x` without the axes reduced; NaN where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanmean([1.0, float("nan"), 3.0]))
        2.0
    """
    engine = current()
    x = floating(engine, x)
    axes = axes_of(engine, x, axis)
    return engine.like(_drop(engine, _nan_moments(engine, x, axes)[2], axes, keepdims), x)


@operation
def nanvar(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """As `var`, of the elements that are not NaN.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor of the shape of `x` without the axes reduced; NaN where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanvar([1.0, float("nan"), 3.0]))
        1.0
    """
    engine = current()
    x = floating(engine, x)
    axes = axes_of(engine, x, axis)
    kept, count, mean = _nan_moments(engine, x, axes)
    distance = engine.where(engine.isnan(x), 0.0, engine.absolute(engine.subtract(kept, mean)))
    variance = _drop(engine, engine.divide(engine.sum(engine.square(distance), axes, True), count), axes, keepdims)
    return variance if dtypes.is_complex(engine.dtype_of(x)) else engine.like(variance, x)


@operation
def nanstd(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """As `std`, of the elements that are not NaN.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A floating tensor of the shape of `x` without the axes reduced; NaN where all elements are NaN.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nanstd([1.0, float("nan"), 3.0]))
        1.0
    """
    return current().sqrt(nanvar(x, axis, keepdims))


@operation
def nancumsum(x: TensorLike, axis: int | None = None, dtype: Any = None) -> Tensor:
    """As `cumsum`, with 0 for NaN.

    Args:
        x: tensor of any shape.
        axis: the axis along which to go; by default `x` counts as one vector.
        dtype: the dtype of the result; by default that of `x`, int32 for bool.

    Returns:
        A tensor of the shape of `x`, or a vector if `axis` is None.

    Example:
        >>> from amalthea import ops
        >>> ops.nancumsum([1.0, float("nan"), 3.0]).tolist()
        [1.0, 1.0, 4.0]
    """
    engine = current()
    return reductions.cumsum(_without_nan(engine, as_tensor(engine, x), 0.0), axis, dtype)


@operation
def nancumprod(x: TensorLike, axis: int | None = None, dtype: Any = None) -> Tensor:
    """As `cumprod`, with 1 for NaN.

    Args:
        x: tensor of any shape.
        axis: the axis along which to go; by default `x` counts as one vector.
        dtype: the dtype of the result; by default that of `x`, int32 for bool.

    Returns:
        A tensor of the shape of `x`, or a vector if `axis` is None.

    Example:
        >>> from amalthea import ops
        >>> ops.nancumprod([2.0, float("nan"), 3.0]).tolist()
        [2.0, 2.0, 6.0]
    """
    engine = current()
    return reductions.cumprod(_without_nan(engine, as_tensor(engine, x), 1.0), axis, dtype)


# --- counts and correlation ----------------------------------------------------------------------------


@operation
def bincount(x: TensorLike, weights: TensorLike | None = None, minlength: int = 0, sparse: bool = False) -> Tensor:
    """How often each integer from 0 on occurs along the last axis.

    Args:
        x: tensor of one or two axes of integers of at least 0.
        weights: of the shape of `x`: what each element counts; by default 1.
        minlength: the least size of the result; else it is just large enough for the greatest integer, so that the values
            are read, which cannot be compiled.
        sparse: kept for Keras's sake; must be False.

    Returns:
        A tensor with as many rows as `x`, int32 or in the dtype of `weights`.

    Raises:
        ShapeError: `x` has neither one axis nor two, or `weights` has another shape.

    Example:
        >>> from amalthea import ops
        >>> ops.bincount([1, 1, 3]).tolist()
        [0, 2, 0, 1]
    """
    if sparse:
        raise ArgumentError("Sparse tensors are not supported: pass `sparse=False`.")
    engine = current()
    x = engine.cast(index_tensor(engine, x, "x"), "int32")
    shape = engine.shape_of(x)
    if len(shape) not in (1, 2):
        raise ShapeError(f"`bincount` takes a tensor of one or two axes. Received shape: {shape}.")
    if weights is not None:
        weights = as_tensor(engine, weights)
        if len(engine.shape_of(weights)) != len(shape):
            raise ShapeError(f"`weights` must have the shape of `x`. Received: {engine.shape_of(weights)} and {shape}.")
        weights = engine.cast(weights, "int32") if engine.dtype_of(weights) == "bool" else weights
    if engine.name == "symbolic":
        return engine.full((*shape[:-1], None), 0, "int32" if weights is None else engine.dtype_of(weights))  # type: ignore[arg-type]
    length = max(minlength, int(engine.to_host(x).max(initial=-1)) + 1)
    if len(shape) == 1:
        return engine.bincount(x, weights, length)
    # Rows count in ranges of their own of one long vector.
    rows = engine.multiply(engine.reshape(engine.arange(0, shape[0], 1, "int32"), (-1, 1)), length)
    counts = engine.bincount(engine.ravel(engine.add(x, rows)), None if weights is None else engine.ravel(weights), shape[0] * length)
    return engine.reshape(counts, (shape[0], length))


@operation
def histogram(x: TensorLike, bins: int = 10, range: Sequence[float] | None = None) -> tuple[Tensor, Tensor]:
    """How many elements fall in each of so many intervals of one width.

    Args:
        x: real tensor of any shape.
        bins: how many intervals.
        range: the lower end of the first and the upper end of the last interval; by default the least and the greatest
            element. What lies outside does not count.

    Returns:
        The counts (floating, `bins` of them) and the edges (floating, `bins + 1`). An edge belongs to the interval above it, the last
        one to the one below.

    Raises:
        ArgumentError: `bins` is not positive, or `range` is not a rising pair.

    Example:
        >>> from amalthea import ops
        >>> counts, edges = ops.histogram([1.0, 2.0, 3.0, 5.0], bins=2)
        >>> counts.tolist(), edges.tolist()
        ([2.0, 2.0], [1.0, 3.0, 5.0])
    """
    if isinstance(bins, bool) or not isinstance(bins, (int, np.integer)) or bins < 1:
        raise ArgumentError(f"`bins` must be a positive integer. Received: bins={bins!r}.")
    if range is not None and (len(range) != 2 or range[0] > range[1]):
        raise ArgumentError(f"`range` must be a pair (lower, upper). Received: range={range!r}.")
    engine = current()
    x = engine.ravel(_real_floating(engine, x, "histogram"))
    dtype = engine.dtype_of(x)
    if range is None:
        empty = engine.shape_of(x)[0] == 0
        low, high = (engine.zeros((), dtype), engine.ones((), dtype)) if empty else (engine.min(x, None, False), engine.max(x, None, False))
    else:
        low, high = engine.full((), float(range[0]), dtype), engine.full((), float(range[1]), dtype)
    flat = engine.equal(low, high)  # one value only: a range of width 1 around it
    low, high = engine.where(flat, engine.subtract(low, 0.5), low), engine.where(flat, engine.add(high, 0.5), high)
    edges = engine.linspace(low, high, int(bins) + 1, True)
    inside = engine.logical_and(engine.greater_equal(x, low), engine.less_equal(x, high))
    places = engine.clip(engine.subtract(engine.searchsorted(edges, x, "right"), 1), 0, int(bins) - 1)
    return engine.bincount(places, engine.cast(inside, dtype), int(bins)), edges


@operation
def corrcoef(x: TensorLike) -> Tensor:
    """Pearson's correlation of every row with every other.

    Args:
        x: tensor of n rows, each with the observations of one variable, or one vector. Integers and bool become `floatx`.

    Returns:
        A floating tensor of shape (n, n), or a scalar for a vector; elements lie between -1 and 1.

    Raises:
        ShapeError: `x` has more than two axes.

    Example:
        >>> from amalthea import ops
        >>> ops.round(ops.corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]), 4).tolist()
        [[1.0, -1.0], [-1.0, 1.0]]
    """
    engine = current()
    x = floating(engine, x)
    rank = len(engine.shape_of(x))
    if rank > 2:
        raise ShapeError(f"`corrcoef` takes a vector or a matrix. Received shape: {engine.shape_of(x)}.")
    rows = engine.widened(x if rank == 2 else engine.reshape(x, (1, -1)))
    centred = engine.subtract(rows, engine.mean(rows, (1,), True))
    complex_ = dtypes.is_complex(engine.dtype_of(rows))
    scale = engine.sqrt(engine.sum(engine.square(engine.absolute(centred)), (1,), True))
    unit = engine.divide(centred, engine.like(scale, centred))
    product = engine.matmul(unit, engine.matrix_transpose(engine.conjugate(unit) if complex_ else unit))
    bounded = product if complex_ else engine.clip(product, -1.0, 1.0)
    return engine.like(bounded if rank == 2 else engine.reshape(bounded, ()), x)
