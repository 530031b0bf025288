"""Special functions, logarithms of sums and determinants, distances, ranks among classes, segments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentTypeError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, normalize_axes, promote
from amalthea.ops.operation import operation

# --- elementwise -------------------------------------------------------------------------------------------


@operation
def erf(x: TensorLike) -> Tensor:
    """The error function, elementwise.

    Args:
        x: real tensor of any shape; integers become `floatx`.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.erf([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.erf(floating(engine, x))


@operation
def erfc(x: TensorLike) -> Tensor:
    """`1 - erf(x)`, elementwise.

    Args:
        x: real tensor of any shape; integers become `floatx`.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.erfc([0.0]).tolist()
        [1.0]
    """
    engine = current()
    return engine.subtract(1.0, engine.erf(floating(engine, x)))


@operation
def erfinv(x: TensorLike) -> Tensor:
    """The inverse of the error function, elementwise.

    Args:
        x: real tensor of any shape, with values between -1 and 1; integers become `floatx`.

    Returns:
        A floating tensor of the same shape; infinite at -1 and 1, NaN beyond.

    Example:
        >>> from amalthea import ops
        >>> ops.erfinv([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.erfinv(floating(engine, x))


@operation
def rsqrt(x: TensorLike) -> Tensor:
    """`1 / sqrt(x)`, elementwise.

    Args:
        x: tensor of any shape; integers become `floatx`.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.rsqrt([4.0]).tolist()
        [0.5]
    """
    engine = current()
    return engine.rsqrt(floating(engine, x))


# --- reductions --------------------------------------------------------------------------------------------


@operation
def logsumexp(x: TensorLike, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
    """`log(sum(exp(x)))`, without overflow.

    Args:
        x: real tensor; integers become `floatx`.
        axis: the axis, or axes, that are summed over; None: all.
        keepdims: whether these axes stay, with size 1.

    Returns:
        A floating tensor.

    Raises:
        ArgumentError: `axis` is out of range.

    Example:
        >>> from amalthea import ops
        >>> float(ops.logsumexp([1000.0, -1000.0]))
        1000.0
    """
    engine = current()
    x = floating(engine, x)
    return engine.logsumexp(x, normalize_axes(axis, len(engine.shape_of(x))), bool(keepdims))


@operation
def logdet(x: TensorLike) -> Tensor:
    """The logarithm of the magnitude of the determinant.

    Args:
        x: tensor (..., n, n).

    Returns:
        A floating tensor of shape (...).

    Raises:
        ShapeError: the last two axes are not of one size.

    Example:
        >>> from amalthea import ops
        >>> float(ops.logdet([[1.0, 0.0], [0.0, 1.0]]))
        0.0
    """
    engine = current()
    x = floating(engine, x)
    shape = engine.shape_of(x)
    if len(shape) < 2 or (None not in shape[-2:] and shape[-1] != shape[-2]):
        raise ShapeError(f"`x` must hold square matrices: (..., n, n). Received shape {shape}.")
    return engine.slogdet(x)[1]


@operation
def cdist(x: TensorLike, y: TensorLike) -> Tensor:
    """Euclidean distances between all pairs of vectors.

    Args:
        x: tensor (..., n, dim).
        y: tensor (..., m, dim), whose leading axes broadcast with those of `x`.

    Returns:
        A floating tensor (..., n, m).

    Raises:
        ShapeError: fewer than two axes, or vectors of different sizes.

    Example:
        >>> from amalthea import ops
        >>> ops.cdist([[0.0, 0.0]], [[3.0, 4.0], [0.0, 0.0]]).tolist()
        [[5.0, 0.0]]
    """
    engine = current()
    x, y = (as_tensor(engine, part) for part in promote(engine, x, y, floating=True))
    a, b = engine.shape_of(x), engine.shape_of(y)
    if len(a) < 2 or len(b) < 2 or (a[-1] != b[-1] and None not in (a[-1], b[-1])):
        raise ShapeError(f"`x` and `y` must hold vectors of one size: (..., n, dim) and (..., m, dim). Received shapes {a} and {b}.")
    gap = engine.subtract(engine.expand_dims(x, len(a) - 1), engine.expand_dims(y, len(b) - 2))
    power = engine.sum(engine.square(gap), (max(len(a), len(b)),), False)
    # Where two vectors are equal, the root has no finite gradient: it gets 0 there.
    apart = engine.greater(power, 0.0)
    return engine.where(apart, engine.sqrt(engine.where(apart, power, 1.0)), 0.0)


@operation
def in_top_k(targets: TensorLike, predictions: TensorLike, k: int) -> Tensor:
    """Whether the right class is among the `k` most probable ones.

    Args:
        targets: integer tensor (...), the right classes.
        predictions: real tensor (..., classes).
        k: how many classes count. Classes that are as probable as the k-th one count too.

    Returns:
        A bool tensor (...). False where the class is out of range, or its prediction is NaN.

    Raises:
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.in_top_k([1, 0], [[0.1, 0.9, 0.3], [0.2, 0.1, 0.3]], 1).tolist()
        [True, False]
    """
    engine = current()
    targets, predictions = as_tensor(engine, targets), as_tensor(engine, predictions)
    rows, shape = engine.shape_of(targets), engine.shape_of(predictions)
    if len(shape) != len(rows) + 1:
        raise ShapeError(f"`predictions` must have one axis more than `targets`. Received shapes {shape} and {rows}.")
    last, classes = len(rows), shape[-1]
    inside = engine.greater_equal(targets, 0)
    if classes is not None:
        inside = engine.logical_and(inside, engine.less(targets, classes))
    places = engine.expand_dims(engine.where(inside, targets, 0), last)
    chosen = engine.take_along_axis(predictions, places, last)
    if dtypes.is_float(engine.dtype_of(predictions)):
        inside = engine.logical_and(inside, engine.logical_not(engine.isnan(engine.squeeze(chosen, (last,)))))
    better = engine.sum(engine.cast(engine.greater(predictions, chosen), "int32"), (last,), False)
    return engine.logical_and(inside, engine.less(better, int(k)))


# --- segments ----------------------------------------------------------------------------------------------


def _segments(data: TensorLike, segment_ids: TensorLike, num_segments: int | None, how: str) -> Tensor:
    engine = current()
    data, ids = as_tensor(engine, data), as_tensor(engine, segment_ids)
    if not dtypes.is_int(engine.dtype_of(ids)):
        raise ArgumentTypeError(f"`segment_ids` must be integers. Received dtype {engine.dtype_of(ids)}.")
    if len(engine.shape_of(ids)) != 1:
        raise ShapeError(f"`segment_ids` must be a vector, one number for each row of `data`. Received shape {engine.shape_of(ids)}.")
    rows, count = engine.shape_of(data)[:1], engine.shape_of(ids)[0]
    if not rows or (rows[0] != count and None not in (rows[0], count)):
        raise ShapeError(f"`segment_ids` must have one number for each row of `data`. Received {count} for data of shape {engine.shape_of(data)}.")
    if num_segments is None:
        if engine.name == "symbolic":
            unknown: Any = None
            return engine.zeros((unknown, *engine.shape_of(data)[1:]), engine.dtype_of(data))
        known = engine.to_host(ids)
        num_segments = int(known.max()) + 1 if known.size else 0
    return _combined(engine, data, ids, int(num_segments), how)


def _combined(engine: Engine, data: Tensor, ids: Tensor, count: int, how: str) -> Tensor:
    dtype = engine.dtype_of(data)
    if dtype == "bool":
        return engine.cast(_combined(engine, engine.cast(data, "int32"), ids, count, how), "bool")
    # One row more takes what is out of range, and goes.
    inside = engine.logical_and(engine.greater_equal(ids, 0), engine.less(ids, count))
    gathered = engine.segment(data, engine.where(inside, ids, count), count + 1, how, _start(dtype, how))
    return engine.slice_axis(gathered, 0, None, count)


def _start(dtype: str, how: str) -> Any:
    if how in ("add", "mul"):
        return 0 if how == "add" else 1
    if dtypes.is_float(dtype):
        return float("-inf") if how == "max" else float("inf")
    info = np.iinfo(dtype)
    return int(info.min if how == "max" else info.max)


@operation
def segment_sum(data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The sum of the rows of each segment.

    Args:
        data: tensor (rows, ...).
        segment_ids: integer vector: the segment of each row. Rows whose segment is out of range are left out.
        num_segments: the number of segments; by default the greatest number in `segment_ids`, and one more (which compiled code cannot find out).
        sorted: whether `segment_ids` rises; nothing depends on it.

    Returns:
        A tensor (num_segments, ...); 0 where a segment has no rows.

    Raises:
        ArgumentTypeError: `segment_ids` are no integers.
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.segment_sum([1.0, 2.0, 3.0], [0, 0, 2], num_segments=3).tolist()
        [3.0, 0.0, 3.0]
    """
    return _segments(data, segment_ids, num_segments, "add")


@operation
def segment_prod(data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The product of the rows of each segment.

    Args:
        data: tensor (rows, ...).
        segment_ids: integer vector: the segment of each row. Rows whose segment is out of range are left out.
        num_segments: the number of segments; by default the greatest number in `segment_ids`, and one more (which compiled code cannot find out).
        sorted: whether `segment_ids` rises; nothing depends on it.

    Returns:
        A tensor (num_segments, ...); 1 where a segment has no rows.

    Raises:
        ArgumentTypeError: `segment_ids` are no integers.
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.segment_prod([4.0, 2.0, 3.0], [0, 0, 2], num_segments=3).tolist()
        [8.0, 1.0, 3.0]
    """
    return _segments(data, segment_ids, num_segments, "mul")


@operation
def segment_max(data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The greatest of the rows of each segment.

    Args:
        data: tensor (rows, ...).
        segment_ids: integer vector: the segment of each row. Rows whose segment is out of range are left out.
        num_segments: the number of segments; by default the greatest number in `segment_ids`, and one more (which compiled code cannot find out).
        sorted: whether `segment_ids` rises; nothing depends on it.

    Returns:
        A tensor (num_segments, ...); the least number of the dtype (-inf) where a segment has no rows.

    Raises:
        ArgumentTypeError: `segment_ids` are no integers.
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.segment_max([1.0, 2.0, 3.0], [0, 0, 1]).tolist()
        [2.0, 3.0]
    """
    return _segments(data, segment_ids, num_segments, "max")


@operation
def segment_min(data: TensorLike, segment_ids: TensorLike, num_segments: int | None = None, sorted: bool = False) -> Tensor:
    """The least of the rows of each segment.

    Args:
        data: tensor (rows, ...).
        segment_ids: integer vector: the segment of each row. Rows whose segment is out of range are left out.
        num_segments: the number of segments; by default the greatest number in `segment_ids`, and one more (which compiled code cannot find out).
        sorted: whether `segment_ids` rises; nothing depends on it.

    Returns:
        A tensor (num_segments, ...); the greatest number of the dtype (inf) where a segment has no rows.

    Raises:
        ArgumentTypeError: `segment_ids` are no integers.
        ShapeError: the shapes do not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.segment_min([1.0, 2.0, 3.0], [0, 0, 1]).tolist()
        [1.0, 3.0]
    """
    return _segments(data, segment_ids, num_segments, "min")
