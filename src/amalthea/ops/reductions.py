"""Reductions: sums, means, extremes, and what accumulates along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, normalize_axes, normalize_axis, promote_all
from amalthea.ops.operation import operation


@operation
def sum(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The sum.

    Args:
        x: tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor of the shape of `x` without the axes reduced (or with size 1 there); integers of few bits come as 32-bit ones, bool as int32.

    Example:
        >>> from amalthea import ops
        >>> ops.sum([[1, 2], [3, 4]], axis=0).tolist()
        [4, 6]
    """
    engine = current()
    x = widened(engine, x)
    return engine.sum(x, axes_of(engine, x, axis), keepdims)


@operation
def prod(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False, dtype: Any = None) -> Tensor:
    """The product.

    Args:
        x: tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.
        dtype: the dtype of the result.

    Returns:
        A tensor of the shape of `x` without the axes reduced (or with size 1 there); integers of few bits come as 32-bit ones, bool as int32.

    Example:
        >>> from amalthea import ops
        >>> ops.prod([[1, 2], [3, 4]], axis=0).tolist()
        [3, 8]
    """
    engine = current()
    x = widened(engine, x)
    if dtype is not None:
        x = as_tensor(engine, x, dtypes.standardize_dtype(dtype))
    return engine.prod(x, axes_of(engine, x, axis), keepdims)


@operation
def mean(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The arithmetic mean.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor of the shape of `x` without the axes reduced (or with size 1 there), floating.

    Example:
        >>> from amalthea import ops
        >>> ops.mean([[1, 2], [3, 4]], axis=0).tolist()
        [2.0, 3.0]
    """
    engine = current()
    x = floating(engine, x)
    return engine.mean(x, axes_of(engine, x, axis), keepdims)


@operation
def var(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The variance (the mean of the squared distances from the mean).

    Args:
        x: tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor of the shape of `x` without the axes reduced (or with size 1 there), floating; that of complex numbers is real.

    Example:
        >>> from amalthea import ops
        >>> float(ops.var([1, 3]))
        1.0
    """
    engine = current()
    x = floating(engine, x)
    return engine.var(x, axes_of(engine, x, axis), keepdims)


@operation
def std(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The standard deviation, the square root of the variance.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor of the shape of `x` without the axes reduced (or with size 1 there), floating.

    Example:
        >>> from amalthea import ops
        >>> float(ops.std([1, 3]))
        1.0
    """
    engine = current()
    x = floating(engine, x)
    return engine.std(x, axes_of(engine, x, axis), keepdims)


@operation
def max(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False, initial: TensorLike | None = None) -> Tensor:
    """The greatest element; NaN where there is one.

    Args:
        x: tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.
        initial: a number that takes part; the result where nothing is reduced.

    Returns:
        A tensor of the shape of `x` without the axes reduced (with `keepdims`, with size 1 there), in the dtype of `x`.

    Raises:
        ArgumentError: nothing is reduced, and there is no `initial`.

    Example:
        >>> from amalthea import ops
        >>> ops.max([[1, 5], [7, 2]], axis=1).tolist()
        [5, 7]
    """
    engine = current()
    x = as_tensor(engine, x)
    axes = axes_of(engine, x, axis)
    if initial is None:
        return engine.max(_not_empty(engine, x, axes, "max"), axes, keepdims)
    start = as_tensor(engine, initial, engine.dtype_of(x))
    if _reduces_nothing(engine, x, axes):
        return engine.add(engine.sum(x, axes, keepdims), start)
    return engine.maximum(engine.max(x, axes, keepdims), start)


@operation
def min(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False, initial: TensorLike | None = None) -> Tensor:
    """The least element; NaN where there is one.

    Args:
        x: tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.
        initial: a number that takes part; the result where nothing is reduced.

    Returns:
        A tensor of the shape of `x` without the axes reduced (with `keepdims`, with size 1 there), in the dtype of `x`.

    Raises:
        ArgumentError: nothing is reduced, and there is no `initial`.

    Example:
        >>> from amalthea import ops
        >>> ops.min([[1, 5], [7, 2]], axis=1).tolist()
        [1, 2]
    """
    engine = current()
    x = as_tensor(engine, x)
    axes = axes_of(engine, x, axis)
    if initial is None:
        return engine.min(_not_empty(engine, x, axes, "min"), axes, keepdims)
    start = as_tensor(engine, initial, engine.dtype_of(x))
    if _reduces_nothing(engine, x, axes):
        return engine.add(engine.sum(x, axes, keepdims), start)
    return engine.minimum(engine.min(x, axes, keepdims), start)


@operation
def amax(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The same as `max`."""
    return max(x, axis, keepdims)


@operation
def amin(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The same as `min`."""
    return min(x, axis, keepdims)


@operation
def any(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """Whether at least one element holds.

    Args:
        x: tensor; what is not bool counts as true where it is not 0.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A bool tensor of the shape of `x` without the axes reduced (or with size 1 there).

    Example:
        >>> from amalthea import ops
        >>> ops.any([[True, False], [False, False]], axis=1).tolist()
        [True, False]
    """
    engine = current()
    x = as_tensor(engine, x, "bool")
    return engine.any(x, axes_of(engine, x, axis), keepdims)


@operation
def all(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """Whether every element holds.

    Args:
        x: tensor; what is not bool counts as true where it is not 0.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A bool tensor of the shape of `x` without the axes reduced (or with size 1 there).

    Example:
        >>> from amalthea import ops
        >>> ops.all([[True, False], [False, False]], axis=1).tolist()
        [False, False]
    """
    engine = current()
    x = as_tensor(engine, x, "bool")
    return engine.all(x, axes_of(engine, x, axis), keepdims)


@operation
def count_nonzero(x: TensorLike, axis: int | Sequence[int] | None = None) -> Tensor:
    """How many elements are not zero.

    Args:
        x: tensor of any shape.
        axis: the axis, or several, along which to count; by default all.

    Returns:
        An int32 tensor of the shape of `x` without the axes counted.

    Example:
        >>> from amalthea import ops
        >>> ops.count_nonzero([[0, 1], [2, 3]], axis=1).tolist()
        [1, 2]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.count_nonzero(x, axes_of(engine, x, axis))


@operation
def ptp(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """The greatest element less the least.

    Args:
        x: tensor of any shape.
        axis: the axis, or several, along which to reduce; by default all.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        A tensor of the shape of `x` without the axes reduced (with `keepdims`, with size 1 there), in the dtype of `x`.

    Example:
        >>> from amalthea import ops
        >>> int(ops.ptp([3, 1, 9]))
        8
    """
    engine = current()
    x = as_tensor(engine, x)
    axes = axes_of(engine, x, axis)
    return engine.ptp(_not_empty(engine, x, axes, "ptp"), axes, keepdims)


@operation
def argmax(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the greatest element is; of equals, the first.

    Args:
        x: tensor of any shape.
        axis: the axis along which to look; by default `x` counts as one vector.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        An int32 tensor of the shape of `x` without the axis (with `keepdims`, with size 1 there).

    Example:
        >>> from amalthea import ops
        >>> ops.argmax([[1, 5], [7, 2]], axis=1).tolist()
        [1, 0]
    """
    engine = current()
    return _place(engine, "argmax", as_tensor(engine, x), axis, keepdims)


@operation
def argmin(x: TensorLike, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the least element is; of equals, the first.

    Args:
        x: tensor of any shape.
        axis: the axis along which to look; by default `x` counts as one vector.
        keepdims: whether the axes reduced stay, with size 1.

    Returns:
        An int32 tensor of the shape of `x` without the axis (with `keepdims`, with size 1 there).

    Example:
        >>> from amalthea import ops
        >>> ops.argmin([[1, 5], [7, 2]], axis=1).tolist()
        [0, 1]
    """
    engine = current()
    return _place(engine, "argmin", as_tensor(engine, x), axis, keepdims)


@operation
def cumsum(x: TensorLike, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The sum of each element and those before it.

    Args:
        x: tensor of any shape.
        axis: the axis along which to go; by default `x` counts as one vector.
        dtype: the dtype of the result; by default that of `x`, int32 for bool.

    Returns:
        A tensor of the shape of `x`, or a vector if `axis` is None.

    Example:
        >>> from amalthea import ops
        >>> ops.cumsum([1, 2, 3]).tolist()
        [1, 3, 6]
    """
    engine = current()
    x, axis = _accumulated(engine, x, axis, dtype)
    return engine.cumsum(x, axis)


@operation
def cumprod(x: TensorLike, axis: int | None = None, dtype: Any = None) -> Tensor:
    """The product of each element and those before it.

    Args:
        x: tensor of any shape.
        axis: the axis along which to go; by default `x` counts as one vector.
        dtype: the dtype of the result; by default that of `x`, int32 for bool.

    Returns:
        A tensor of the shape of `x`, or a vector if `axis` is None.

    Example:
        >>> from amalthea import ops
        >>> ops.cumprod([1, 2, 3]).tolist()
        [1, 2, 6]
    """
    engine = current()
    x, axis = _accumulated(engine, x, axis, dtype)
    return engine.cumprod(x, axis)


@operation
def diff(a: TensorLike, n: int = 1, axis: int = -1) -> Tensor:
    """The differences of neighbours along an axis.

    Args:
        a: tensor of at least one axis.
        n: how many times to take differences.
        axis: the axis.

    Returns:
        A tensor of the shape of `a`, with the axis shorter by `n`. Of bool: whether neighbours differ.

    Raises:
        ArgumentError: `n` is negative, or `axis` is out of range.

    Example:
        >>> from amalthea import ops
        >>> ops.diff([1, 4, 9, 16]).tolist()
        [3, 5, 7]
    """
    engine = current()
    a = as_tensor(engine, a)
    if n < 0:
        raise ArgumentError(f"`n` must not be negative. Received: n={n}.")
    axis = normalize_axis(axis, len(engine.shape_of(a)))
    minus = engine.not_equal if engine.dtype_of(a) == "bool" else engine.subtract
    for _ in range(n):
        a = minus(engine.slice_axis(a, axis, 1, None), engine.slice_axis(a, axis, None, -1))
    return a


@operation
def average(x: TensorLike, axis: int | Sequence[int] | None = None, weights: TensorLike | None = None) -> Tensor:
    """The weighted mean.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.
        axis: the axis, or several, along which to reduce; by default all.
        weights: of the shape of `x`, or a vector with one weight for each place along `axis`. By default all weigh the same.

    Returns:
        A floating tensor of the shape of `x` without the axes reduced.

    Raises:
        ShapeError: the shapes of `x` and `weights` do not fit.

    Example:
        >>> from amalthea import ops
        >>> float(ops.average([1, 2], weights=[1, 3]))
        1.75
    """
    engine = current()
    if weights is None:
        return mean(x, axis)
    x, weights = promote_all(engine, x, weights, floating=True)
    shape, weight_shape = engine.shape_of(x), engine.shape_of(weights)
    axes = axes_of(engine, x, axis)
    if len(weight_shape) != len(shape):
        if len(weight_shape) != 1 or axes is None or len(axes) != 1:
            raise ShapeError(
                f"`weights` must have the shape of `x`, or be a vector along one axis. Received: {weight_shape}, x: {shape}, axis={axis}."
            )
        weights = engine.reshape(weights, tuple(-1 if place == axes[0] else 1 for place in range(len(shape))))
    weights = engine.broadcast_to(weights, shape) if engine.shape_of(weights) != shape else weights
    return engine.divide(engine.sum(engine.multiply(x, weights), axes, False), engine.sum(weights, axes, False))


@operation
def trapezoid(y: TensorLike, x: TensorLike | None = None, dx: float = 1.0, axis: int = -1) -> Tensor:
    """The integral along an axis by the trapezoidal rule.

    Args:
        y: tensor: the values of the function. Integers and bool become `floatx`.
        x: where they were taken: a vector, or a tensor that broadcasts with `y`. By default at distances of `dx`.
        dx: the distance between two places, where `x` is not given.
        axis: the axis along which to integrate.

    Returns:
        A floating tensor of the shape of `y` without the axis.

    Reference:
        https://en.wikipedia.org/wiki/Trapezoidal_rule

    Example:
        >>> from amalthea import ops
        >>> float(ops.trapezoid([1, 2, 3]))
        4.0
    """
    engine = current()
    y = floating(engine, y)
    rank = len(engine.shape_of(y))
    axis = normalize_axis(axis, rank)
    width: TensorLike = dx
    if x is not None:
        y, x = promote_all(engine, y, x, floating=True)
        if len(engine.shape_of(x)) == 1:
            x = engine.reshape(x, tuple(-1 if place == axis else 1 for place in range(rank)))
        width = diff(x, axis=axis)
    both = engine.add(engine.slice_axis(y, axis, 1, None), engine.slice_axis(y, axis, None, -1))
    return engine.multiply(engine.sum(engine.multiply(both, width), (axis,), False), 0.5)


# --- what reductions share -----------------------------------------------------------------------------


def axes_of(engine: Engine, x: Tensor, axis: int | Sequence[int] | None) -> tuple[int, ...] | None:
    """`axis` as the engines take it: None, or a tuple counted from the start."""
    return None if axis is None else normalize_axes(axis, len(engine.shape_of(x)))


_SUMS_IN = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}


def widened(engine: Engine, x: TensorLike) -> Tensor:
    """`x` in the dtype in which its elements are summed."""
    x = as_tensor(engine, x)
    wide = _SUMS_IN.get(engine.dtype_of(x))
    return x if wide is None else engine.cast(x, wide)


def _reduces_nothing(engine: Engine, x: Tensor, axes: tuple[int, ...] | None) -> bool:
    shape = engine.shape_of(x)
    return 0 in (shape if axes is None else [shape[place] for place in axes])


def _not_empty(engine: Engine, x: Tensor, axes: tuple[int, ...] | None, name: str) -> Tensor:
    if _reduces_nothing(engine, x, axes):
        raise ArgumentError(f"`{name}` of no elements is not defined: `x` has shape {engine.shape_of(x)}. Pass `initial` to `max` or `min`.")
    return x


def _place(engine: Engine, name: str, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    """`argmax` or `argmin` along an axis, or of the whole."""
    find: Callable[[Tensor, int, bool], Tensor] = getattr(engine, name)
    dtype, rank = engine.dtype_of(x), len(engine.shape_of(x))
    if dtypes.is_complex(dtype):
        raise ArgumentTypeError("Complex numbers have no order. Take `ops.absolute` or `ops.real` first.")
    if dtype == "bool":
        x = engine.cast(x, "int32")
    if axis is not None:
        axes = (normalize_axis(axis, rank),)
        return find(_not_empty(engine, x, axes, name), axes[0], keepdims)
    place = find(_not_empty(engine, engine.ravel(x), (0,), name), 0, False)
    return engine.reshape(place, (1,) * rank) if keepdims else place


def _accumulated(engine: Engine, x: TensorLike, axis: int | None, dtype: Any) -> tuple[Tensor, int]:
    """The tensor along which to accumulate, in the dtype of the result, and the axis."""
    x = as_tensor(engine, x, None if dtype is None else dtypes.standardize_dtype(dtype))
    if engine.dtype_of(x) == "bool":
        x = engine.cast(x, "int32")
    if axis is None:
        return engine.ravel(x), 0
    return x, normalize_axis(axis, len(engine.shape_of(x)))
