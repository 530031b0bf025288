"""Conversion, dtypes and shapes, blocks and scattered updates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.engines.sizes import LaterSize
from amalthea.engines.spec import Spec
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError, nearest
from amalthea.graph.keras_tensor import KerasTensor
from amalthea.ops.arguments import Tensor, TensorLike, as_shape, as_tensor, normalize_axis
from amalthea.ops.operation import operation
from amalthea.state.variable import Variable

_REDUCTIONS = {None: "set", "add": "add", "max": "max", "min": "min", "mul": "mul"}


@operation
def convert_to_tensor(x: TensorLike, dtype: Any = None, sparse: bool | None = None, ragged: bool | None = None) -> Tensor:
    """Make a tensor of the engine in use.

    Args:
        x: a number, an array, a nested list of numbers or tensors, a variable, a tensor.
        dtype: the dtype of the result; by default that of `x` (Python's floats: `floatx`, its integers: int32).
        sparse: must not be True; tensors are dense.
        ragged: must not be True.

    Returns:
        A tensor with the shape of `x`. A tensor of the right dtype is returned as it is.

    Raises:
        ArgumentTypeError: `x` holds no numbers.

    Example:
        >>> from amalthea import ops
        >>> ops.convert_to_tensor([1, 2], dtype="float32").tolist()
        [1.0, 2.0]
    """
    if sparse or ragged:
        raise ArgumentError(f"Tensors are dense. Received: sparse={sparse}, ragged={ragged}. Leave both out.")
    return as_tensor(current(), x, None if dtype is None else dtypes.standardize_dtype(dtype))


def convert_to_numpy(x: TensorLike) -> np.ndarray:
    """Bring values to the host, as a NumPy array.

    Args:
        x: a tensor, a variable, an array, a number, or a nested list of those.

    Returns:
        An array of the shape and dtype of `x`. Waits until `x` is computed.

    Raises:
        ArgumentTypeError: `x` is symbolic and has no values.

    Example:
        >>> from amalthea import ops
        >>> ops.convert_to_numpy(ops.ones((2,)))
        array([1., 1.], dtype=float32)
    """
    if isinstance(x, Variable):
        return x.numpy()
    if isinstance(x, (KerasTensor, Spec)):
        raise ArgumentTypeError(f"{x!r} is symbolic: it has a shape and a dtype but no values that could be brought to NumPy.")
    if isinstance(x, np.ndarray):
        return x
    engine = current()
    if engine.is_tensor(x):
        return engine.to_host(x)
    if isinstance(x, (list, tuple)):
        return np.array([convert_to_numpy(part) for part in x])
    return np.array(x)


def is_tensor(x: object) -> bool:
    """Whether `x` is a tensor of the engine in use. Variables and symbolic tensors are not.

    Args:
        x: anything.

    Example:
        >>> from amalthea import ops
        >>> ops.is_tensor(ops.ones((2,))), ops.is_tensor([1.0, 1.0])
        (True, False)
    """
    return current().is_tensor(x)


def shape(x: TensorLike) -> tuple[Any, ...]:
    """The shape of a tensor.

    Args:
        x: a tensor, a symbolic tensor, a variable, or what can be made a tensor.

    Returns:
        A tuple of sizes. One that is not known is None, or where a graph is made that will know it (a function that TensorFlow traces for
        any batch) a scalar tensor, which operations take for a size.

    Example:
        >>> from amalthea import ops
        >>> ops.shape(ops.ones((2, 3)))
        (2, 3)
    """
    engine = current()
    if engine.is_tensor(x):
        return tuple(size.tensor if isinstance(size, LaterSize) else size for size in engine.shape_of(x))
    return tuple(x.shape) if hasattr(x, "shape") else np.shape(x)


def dtype(x: TensorLike) -> str:
    """The name of the dtype of a tensor.

    Args:
        x: a tensor, a symbolic tensor, a variable, or what can be made a tensor.

    Example:
        >>> from amalthea import ops
        >>> ops.dtype(ops.ones((2,)))
        'float32'
    """
    found = getattr(x, "dtype", None)
    return dtypes.standardize_dtype(as_tensor(current(), x).dtype if found is None else found)


@operation
def cast(x: TensorLike, dtype: Any) -> Tensor:
    """Change the dtype.

    Args:
        x: tensor of any shape.
        dtype: the dtype of the result. Floats become integers toward zero; anything becomes bool by "is not zero".

    Returns:
        A tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.cast([1.7, -1.7], "int32").tolist()
        [1, -1]
    """
    return as_tensor(current(), x, dtypes.standardize_dtype(dtype))


@operation
def saturate_cast(x: TensorLike, dtype: Any) -> Tensor:
    """Change the dtype, with values out of its range brought to its nearest end.

    Args:
        x: real tensor of any shape.
        dtype: the dtype of the result.

    Returns:
        A tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.saturate_cast([-5.0, 300.0], "uint8").tolist()
        [0, 255]
    """
    engine = current()
    x = as_tensor(engine, x)
    source, target = engine.dtype_of(x), dtypes.standardize_dtype(dtype)
    if source == target or dtypes.is_complex(source) or dtypes.is_complex(target) or source == "bool":
        return engine.cast(x, target)
    low, high = (0, 1) if target == "bool" else _range(target)
    source_low, source_high = _range(source)
    if source_low < low:
        x = engine.maximum(x, _inward(low, source))
    if source_high > high:
        x = engine.minimum(x, _inward(high, source))
    return engine.cast(x, target)


def _range(dtype: str) -> tuple[Any, Any]:
    if dtypes.is_int(dtype):
        info = np.iinfo(dtype)
        return int(info.min), int(info.max)
    import ml_dtypes

    limits = ml_dtypes.finfo(dtypes.numpy_dtype(dtype))  # type: ignore[no-untyped-call]
    return float(limits.min), float(limits.max)


def _inward(bound: Any, dtype: str) -> Any:
    """The number of `dtype` nearest to `bound` that does not lie beyond it."""
    if not dtypes.is_float(dtype):
        return bound
    kind = dtypes.numpy_dtype(dtype)
    rounded = np.array(bound, kind)
    if abs(float(rounded)) > abs(bound):
        # One step toward zero: the bits of the magnitude, less one.
        bits = rounded.view(f"int{kind.itemsize * 8}")
        rounded = (bits - np.ones_like(bits)).view(kind)
    return float(rounded)


@operation
def stop_gradient(variable: TensorLike) -> Tensor:
    """Let no gradient flow through a tensor.

    Args:
        variable: tensor, or variable, of any shape.

    Returns:
        A tensor of the same values, which counts as a constant.

    Example:
        >>> from amalthea import ops
        >>> ops.stop_gradient([1.0, 2.0]).tolist()
        [1.0, 2.0]
    """
    engine = current()
    return engine.stop_gradient(as_tensor(engine, variable))


# --- blocks ------------------------------------------------------------------------------------------------


def _starts(engine: Engine, start_indices: Any, rank: int) -> list[Any]:
    """A start for each axis: integers where they are known, else integer tensors without axes."""
    if isinstance(start_indices, Variable):
        start_indices = start_indices.value
    if engine.is_tensor(start_indices) and not isinstance(start_indices, np.ndarray):
        if engine.shape_of(start_indices) != (rank,):
            raise ShapeError(f"`start_indices` must have shape ({rank},), one start for each axis. Received shape {engine.shape_of(start_indices)}.")
        return [engine.index_axis(start_indices, 0, i) for i in range(rank)]
    listed = np.atleast_1d(start_indices) if isinstance(start_indices, (int, np.ndarray)) else start_indices
    starts = [int(start) if isinstance(start, (int, np.integer)) else as_tensor(engine, start) for start in listed]
    if len(starts) != rank:
        raise ShapeError(f"`start_indices` must have one start for each of the {rank} axes. Received: {len(starts)}.")
    return starts


@operation
def slice(inputs: TensorLike, start_indices: Any, shape: Sequence[int]) -> Tensor:
    """Cut a block out of a tensor.

    Args:
        inputs: tensor of n axes.
        start_indices: n integers, or an integer tensor of shape (n,): where the block begins. Starts that would let the
            block stick out are moved back until it fits.
        shape: n sizes of the block; -1 for "up to the end", where the start is a plain integer.

    Returns:
        A tensor of shape `shape`, of the dtype of `inputs`.

    Raises:
        ShapeError: not n starts and sizes, or a block greater than `inputs`.

    Example:
        >>> from amalthea import ops
        >>> ops.slice(ops.reshape(ops.arange(9), (3, 3)), (1, 1), (2, 2)).tolist()
        [[4, 5], [7, 8]]
    """
    engine = current()
    x = as_tensor(engine, inputs)
    whole = engine.shape_of(x)
    starts = _starts(engine, start_indices, len(whole))
    sizes: list[Any] = list(as_shape(engine, shape, least=-1))
    if len(sizes) != len(whole):
        raise ShapeError(f"`shape` must have one size for each of the {len(whole)} axes. Received: shape={tuple(shape)}.")
    for axis, (start, size, full) in enumerate(zip(starts, sizes, whole, strict=True)):
        if size == -1:
            if not isinstance(start, int):
                raise ArgumentError(f"`shape[{axis}]` is -1, which needs a start that is a plain integer. Received: {start!r}.")
            if full is not None:
                sizes[axis] = min(full - start, full) if start >= 0 else -start
            else:
                sizes[axis] = None
        elif full is not None and not 0 <= size <= full:
            raise ShapeError(f"A block of shape {tuple(sizes)} does not fit into a tensor of shape {whole} (axis {axis}).")
    if all(isinstance(start, int) and (full is not None or size is None) for start, size, full in zip(starts, sizes, whole, strict=True)):
        return engine.getitem(x, tuple(_static(start, size, full) for start, size, full in zip(starts, sizes, whole, strict=True)))
    return engine.dynamic_slice(x, _counted(engine, starts, whole), tuple(sizes))


def _static(start: int, size: int | None, full: int | None) -> Any:
    import builtins

    if full is None or size is None:
        return builtins.slice(start, None)
    start = start + full if start < 0 else start
    start = max(0, min(start, full - size))
    return builtins.slice(start, start + size)


def _counted(engine: Engine, starts: list[Any], whole: tuple[Any, ...]) -> list[Any]:
    """The starts, negative ones counted from the end."""
    counted = []
    for start, full in zip(starts, whole, strict=True):
        if isinstance(start, int):
            counted.append(start + full if start < 0 and full is not None else start)
        elif full is None:
            counted.append(start)
        else:
            counted.append(engine.where(engine.less(start, 0), engine.add(start, full), start))
    return counted


@operation
def slice_update(inputs: TensorLike, start_indices: Any, updates: TensorLike) -> Tensor:
    """Replace a block of a tensor.

    Args:
        inputs: tensor of n axes.
        start_indices: n integers, or an integer tensor of shape (n,): where the block begins; moved back until it fits.
        updates: the block, a tensor of n axes that is nowhere greater than `inputs`. It is cast to the dtype of `inputs`.

    Returns:
        A new tensor of the shape and dtype of `inputs`.

    Raises:
        ShapeError: `updates` does not fit.

    Example:
        >>> from amalthea import ops
        >>> ops.slice_update(ops.zeros((2, 3)), (0, 1), ops.ones((1, 2))).tolist()
        [[0.0, 1.0, 1.0], [0.0, 0.0, 0.0]]
    """
    engine = current()
    x = as_tensor(engine, inputs)
    updates = as_tensor(engine, updates, engine.dtype_of(x))
    whole, block = engine.shape_of(x), engine.shape_of(updates)
    if len(whole) != len(block) or any(b > w for w, b in zip(whole, block, strict=True) if w is not None and b is not None):
        raise ShapeError(f"`updates` of shape {block} does not fit into `inputs` of shape {whole}: as many axes are needed, none greater.")
    starts = _starts(engine, start_indices, len(whole))
    return engine.dynamic_update(x, _counted(engine, starts, whole), updates)


@operation
def unstack(x: TensorLike, num: int | None = None, axis: int = 0) -> list[Tensor]:
    """Take a tensor apart along one axis.

    Args:
        x: tensor.
        num: the size of that axis; needed only where it is not known.
        axis: which axis; it goes.

    Returns:
        A list of tensors.

    Raises:
        ArgumentError: the size is not known and `num` is not given.

    Example:
        >>> from amalthea import ops
        >>> [part.tolist() for part in ops.unstack([[1, 2], [3, 4]], axis=1)]
        [[1, 3], [2, 4]]
    """
    engine = current()
    x = as_tensor(engine, x)
    sizes = engine.shape_of(x)
    axis = normalize_axis(axis, len(sizes))
    if sizes[axis] is not None:
        return engine.unstack(x, axis)
    if num is None:
        raise ArgumentError(f"The size of axis {axis} is not known (shape {sizes}). Give it as `num`.")
    return [engine.index_axis(x, axis, i) for i in range(num)]


# --- scattered updates -------------------------------------------------------------------------------------


@operation
def scatter(indices: TensorLike, values: TensorLike, shape: Sequence[int]) -> Tensor:
    """Put values into a tensor of zeros; values at one place are added up.

    Args:
        indices: integer tensor (..., k): where each value goes, counted along the first k axes of the result.
        values: tensor (..., *shape[k:]).
        shape: the shape of the result.

    Returns:
        A tensor of shape `shape`, of the dtype of `values`.

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> from amalthea import ops
        >>> ops.scatter([[0], [2], [2]], [1.0, 2.0, 3.0], (4,)).tolist()
        [1.0, 0.0, 5.0, 0.0]
    """
    engine = current()
    indices, values = _index_tensor(engine, indices), as_tensor(engine, values)
    sizes = as_shape(engine, shape)
    _check_scatter(engine, indices, values, sizes, "values")
    return engine.scatter_into(sizes, indices, values, "add")


@operation
def scatter_update(inputs: TensorLike, indices: TensorLike, updates: TensorLike, reduction: str | None = None) -> Tensor:
    """Bring updates into a tensor at scattered places.

    Args:
        inputs: tensor.
        indices: integer tensor (..., k): where each update goes, counted along the first k axes of `inputs`.
        updates: tensor (..., *inputs.shape[k:]), cast to the dtype of `inputs`.
        reduction: None to replace what is there (of several updates of one place, one wins); "add", "mul", "max" or "min"
            to combine with it.

    Returns:
        A new tensor of the shape and dtype of `inputs`.

    Raises:
        ArgumentError: an unknown `reduction`.
        ShapeError: the shapes do not fit each other.

    Example:
        >>> from amalthea import ops
        >>> ops.scatter_update(ops.zeros((2, 2)), [[0, 1], [1, 0]], [5.0, 6.0]).tolist()
        [[0.0, 5.0], [6.0, 0.0]]
    """
    if reduction not in _REDUCTIONS:
        allowed = [name for name in _REDUCTIONS if name]
        raise ArgumentError(f"`reduction` must be None or one of {allowed}. Received: {reduction!r}.{nearest(str(reduction), allowed)}")
    engine = current()
    x = as_tensor(engine, inputs)
    indices, updates = _index_tensor(engine, indices), as_tensor(engine, updates, engine.dtype_of(x))
    _check_scatter(engine, indices, updates, engine.shape_of(x), "updates")
    return engine.scatter(x, indices, updates, _REDUCTIONS[reduction])


def _index_tensor(engine: Engine, indices: TensorLike) -> Tensor:
    indices = as_tensor(engine, indices)
    if not dtypes.is_int(engine.dtype_of(indices)):
        raise ArgumentTypeError(f"`indices` must be integers. Received dtype {engine.dtype_of(indices)}.")
    return indices


def _check_scatter(engine: Engine, indices: Tensor, values: Tensor, whole: tuple[Any, ...], name: str) -> None:
    places, given = engine.shape_of(indices), engine.shape_of(values)
    depth = places[-1] if places else None
    if not places or (depth is not None and depth > len(whole)):
        raise ShapeError(f"`indices` must have shape (..., k) with k at most {len(whole)}. Received shape {places}.")
    if depth is None:
        return
    expected = (*places[:-1], *whole[depth:])
    if len(given) != len(expected) or any(a != b for a, b in zip(given, expected, strict=True) if a is not None and b is not None):
        raise ShapeError(f"`{name}` must have shape {expected}, given indices of shape {places} into shape {whole}. Received shape {given}.")
