"""Creation: new tensors from sizes, numbers and patterns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from amalthea import config, dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.engines.sizes import whole
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_shape, as_tensor, normalize_axis, promote_all, weak_dtype
from amalthea.ops.operation import operation
from amalthea.ops.shaping import host_values


def _dtype(dtype: Any) -> str | None:
    return None if dtype is None else dtypes.standardize_dtype(dtype)


@operation
def array(x: TensorLike, dtype: Any = None) -> Tensor:
    """A tensor of what is given.

    Args:
        x: a tensor, an array, a number, or (nested) lists of them.
        dtype: the dtype; by default that of `x`. Python's floats become `floatx`, its integers int32.

    Returns:
        A tensor of the engine in use.

    Raises:
        ArgumentTypeError: `x` holds no numbers.

    Example:
        >>> from amalthea import ops
        >>> ops.array([1, 2.5]).tolist()
        [1.0, 2.5]
    """
    return as_tensor(current(), x, _dtype(dtype))


@operation
def copy(x: TensorLike) -> Tensor:
    """A tensor with the same values, that shares no memory with `x`.

    Args:
        x: tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.copy([1, 2]).tolist()
        [1, 2]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.where(True, x, x)


@operation
def zeros(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """A tensor of zeros.

    Args:
        shape: its shape.
        dtype: its dtype; by default `floatx`.

    Returns:
        A tensor of shape `shape`.

    Example:
        >>> from amalthea import ops
        >>> ops.zeros((2,)).tolist()
        [0.0, 0.0]
    """
    return current().zeros(as_shape(current(), shape), dtypes.standardize_dtype(dtype))


@operation
def ones(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """A tensor of ones.

    Args:
        shape: its shape.
        dtype: its dtype; by default `floatx`.

    Returns:
        A tensor of shape `shape`.

    Example:
        >>> from amalthea import ops
        >>> ops.ones((2,), dtype="int32").tolist()
        [1, 1]
    """
    return current().ones(as_shape(current(), shape), dtypes.standardize_dtype(dtype))


@operation
def empty(shape: int | Sequence[int], dtype: Any = None) -> Tensor:
    """A tensor whose values do not matter. (They are zeros.)

    Args:
        shape: its shape.
        dtype: its dtype; by default `floatx`.

    Returns:
        A tensor of shape `shape`.

    Example:
        >>> from amalthea import ops
        >>> ops.empty((2, 3)).shape
        (2, 3)
    """
    return current().zeros(as_shape(current(), shape), dtypes.standardize_dtype(dtype))


@operation
def full(shape: int | Sequence[int], fill_value: TensorLike, dtype: Any = None) -> Tensor:
    """A tensor filled with a value.

    Args:
        shape: its shape.
        fill_value: the value, or a tensor that broadcasts to `shape`.
        dtype: its dtype; by default `floatx`.

    Returns:
        A tensor of shape `shape`.

    Example:
        >>> from amalthea import ops
        >>> ops.full((2,), 7, dtype="int32").tolist()
        [7, 7]
    """
    return _filled(current(), as_shape(current(), shape), fill_value, dtypes.standardize_dtype(dtype))


def _filled(engine: Engine, shape: tuple[int, ...], value: TensorLike, dtype: str) -> Tensor:
    if isinstance(value, (bool, int, float, complex)):
        return engine.full(shape, value, dtype)
    return engine.broadcast_to(as_tensor(engine, value, dtype), shape)


@operation
def zeros_like(x: TensorLike, dtype: Any = None) -> Tensor:
    """Zeros in the shape of `x`.

    Args:
        x: tensor of any shape.
        dtype: the dtype; by default that of `x`.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.zeros_like([1, 2]).tolist()
        [0, 0]
    """
    engine = current()
    return engine.zeros_like(as_tensor(engine, x), _dtype(dtype))


@operation
def ones_like(x: TensorLike, dtype: Any = None) -> Tensor:
    """Ones in the shape of `x`.

    Args:
        x: tensor of any shape.
        dtype: the dtype; by default that of `x`.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.ones_like([5, 6]).tolist()
        [1, 1]
    """
    engine = current()
    return engine.ones_like(as_tensor(engine, x), _dtype(dtype))


@operation
def empty_like(x: TensorLike, dtype: Any = None) -> Tensor:
    """A tensor in the shape of `x` whose values do not matter. (They are zeros.)

    Args:
        x: tensor of any shape.
        dtype: the dtype; by default that of `x`.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.empty_like([1, 2]).shape
        (2,)
    """
    engine = current()
    return engine.zeros_like(as_tensor(engine, x), _dtype(dtype))


@operation
def full_like(x: TensorLike, fill_value: TensorLike, dtype: Any = None) -> Tensor:
    """A value in the shape of `x`.

    Args:
        x: tensor of any shape.
        fill_value: the value, or a tensor that broadcasts to the shape of `x`.
        dtype: the dtype; by default that of `x`.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.full_like([1, 2], 7).tolist()
        [7, 7]
    """
    engine = current()
    x = as_tensor(engine, x)
    return _filled(engine, engine.shape_of(x), fill_value, _dtype(dtype) or engine.dtype_of(x))


# --- sequences of numbers ------------------------------------------------------------------------------


@operation
def arange(start: TensorLike, stop: TensorLike | None = None, step: TensorLike | None = None, dtype: Any = None) -> Tensor:
    """The numbers from `start` up to, not including, `stop`.

    Args:
        start: the first number; if `stop` is not given, the end, and the first is 0.
        stop: the end.
        step: the distance; by default 1.
        dtype: the dtype; by default int32 if all are integers, else `floatx`.

    Returns:
        A vector.

    Raises:
        ArgumentError: `step` is 0.

    Example:
        >>> from amalthea import ops
        >>> ops.arange(3).tolist(), ops.arange(0, 1, 0.5).tolist()
        ([0, 1, 2], [0.0, 0.5])
    """
    engine = current()
    if engine.name == "symbolic" and (start is None or (stop is None and (step is not None or start == 0))):  # up to a size that is not known
        return engine.full((None,), 0, dtypes.standardize_dtype(dtype or "int32"))  # type: ignore[arg-type]
    given = [part for part in (start, stop, step) if part is not None]
    if dtype is None:
        dtype = dtypes.result_type(*(weak_dtype(part) if hasattr(part, "dtype") else type(part) for part in given))
    numbers = [part if isinstance(part, (int, float)) else _bound(engine, part) for part in given]
    if stop is None:
        numbers.insert(0, 0)
    if step is None:
        numbers.append(1)
    if numbers[2] == 0:
        raise ArgumentError("`step` must not be 0.")
    first, last, increment = numbers[:3]
    return engine.arange(first, last, increment, dtypes.standardize_dtype(dtype))


def _bound(engine: Engine, part: TensorLike) -> Any:
    if engine.is_tensor(part) and dtypes.is_int(engine.dtype_of(part)) and not engine.shape_of(part):
        return engine.size_of(part)
    return host_values(engine, part).item()


@operation
def linspace(
    start: TensorLike,
    stop: TensorLike,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    """Numbers at even distances from `start` to `stop`.

    Args:
        start: the first number, or a tensor of them.
        stop: the last number, or a tensor that broadcasts with `start`.
        num: how many.
        endpoint: whether `stop` is the last of them; else it is the one that would follow.
        retstep: whether to give the distance too.
        dtype: the dtype of the numbers; by default the floating one to which `start` and `stop` promote.
        axis: where the numbers run in the result.

    Returns:
        A vector of `num` numbers, or a tensor with an axis more than `start` and `stop`. With `retstep`, also the distance.

    Raises:
        ArgumentError: `num` is negative.

    Example:
        >>> from amalthea import ops
        >>> ops.linspace(0, 1, 5).tolist()
        [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    engine = current()
    first, last = _ends(engine, start, stop, num)
    values = engine.linspace(first, last, num, endpoint)
    values = _along(engine, _in(engine, values, dtype), axis)
    if not retstep:
        return values
    steps = num - 1 if endpoint else num
    return values, engine.divide(engine.subtract(last, first), float(steps) if steps > 0 else math.nan)


@operation
def logspace(
    start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, base: TensorLike = 10, dtype: Any = None, axis: int = 0
) -> Tensor:
    """Powers of `base` whose exponents stand at even distances from `start` to `stop`.

    Args:
        start: the first exponent, or a tensor of them.
        stop: the last exponent, or a tensor that broadcasts with `start`.
        num: how many.
        endpoint: whether `stop` is the last exponent; else it is the one that would follow.
        base: the base.
        dtype: the dtype; by default the floating one to which `start` and `stop` promote.
        axis: where the numbers run in the result.

    Returns:
        A vector of `num` numbers, or a tensor with an axis more than `start` and `stop`.

    Example:
        >>> from amalthea import ops
        >>> ops.logspace(0, 2, 3, base=2).tolist()
        [1.0, 2.0, 4.0]
    """
    engine = current()
    first, last = _ends(engine, start, stop, num)
    exponents = engine.linspace(first, last, num, endpoint)
    base = float(base) if isinstance(base, (int, float)) else as_tensor(engine, base, engine.dtype_of(exponents))
    return _along(engine, _in(engine, engine.power(base, exponents), dtype), axis)


@operation
def geomspace(start: TensorLike, stop: TensorLike, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Tensor:
    """Numbers from `start` to `stop`, each the same multiple of the one before.

    Args:
        start: the first number, or a tensor of them; not 0.
        stop: the last number, of the sign of `start`, or a tensor that broadcasts with it.
        num: how many.
        endpoint: whether `stop` is the last of them; else it is the one that would follow.
        dtype: the dtype; by default the floating one to which `start` and `stop` promote.
        axis: where the numbers run in the result.

    Returns:
        A vector of `num` numbers, or a tensor with an axis more than `start` and `stop`.

    Example:
        >>> from amalthea import ops
        >>> [round(x, 4) for x in ops.geomspace(1, 100, 3).tolist()]
        [1.0, 10.0, 100.0]
    """
    engine = current()
    first, last = _ends(engine, start, stop, num)
    sign = engine.sign(first)
    exponents = engine.linspace(engine.log2(engine.multiply(first, sign)), engine.log2(engine.multiply(last, sign)), num, endpoint)
    return _along(engine, _in(engine, engine.multiply(engine.exp2(exponents), sign), dtype), axis)


def _ends(engine: Engine, start: TensorLike, stop: TensorLike, num: int) -> tuple[Tensor, Tensor]:
    """Both ends as floating tensors of one shape."""
    if whole(num, "num") < 0:
        raise ArgumentError(f"`num` must not be negative. Received: num={num}.")
    first, last = promote_all(engine, start, stop, floating=True)
    last = engine.like(last, first)
    if engine.shape_of(first) != engine.shape_of(last):
        first, last = engine.add(first, engine.zeros_like(last)), engine.add(last, engine.zeros_like(first))
    return first, last


def _in(engine: Engine, x: Tensor, dtype: Any) -> Tensor:
    """`x` as `dtype`; floats go down to integers."""
    if dtype is None:
        return x
    dtype = dtypes.standardize_dtype(dtype)
    return engine.cast(engine.floor(x) if dtypes.is_int(dtype) else x, dtype)


def _along(engine: Engine, x: Tensor, axis: int) -> Tensor:
    """`x` with its first axis at the place `axis`."""
    axis = normalize_axis(axis, len(engine.shape_of(x)))
    return engine.moveaxis(x, 0, axis) if axis else x


# --- matrices ------------------------------------------------------------------------------------------


def _rows_and_columns(rows: Any, columns: Any) -> tuple[Any, Any]:
    (rows,), (columns,) = as_shape(current(), rows, "N"), as_shape(current(), rows if columns is None else columns, "M")
    return rows, columns


@operation
def eye(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:  # noqa: N803 (NumPy's names)
    """A matrix with ones on a diagonal, zeros elsewhere.

    Args:
        N: how many rows.
        M: how many columns; by default as many.
        k: which diagonal: 0 is the main one, positive ones are above it.
        dtype: the dtype; by default `floatx`.

    Returns:
        A tensor of shape (N, M).

    Example:
        >>> from amalthea import ops
        >>> ops.eye(2).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    return current().eye(*_rows_and_columns(N, M), whole(k, "k"), dtypes.standardize_dtype(dtype))


@operation
def identity(n: int, dtype: Any = None) -> Tensor:
    """The identity matrix.

    Args:
        n: how many rows and columns.
        dtype: the dtype; by default `floatx`.

    Returns:
        A tensor of shape (n, n).

    Example:
        >>> from amalthea import ops
        >>> ops.identity(2).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
    """
    (size,) = as_shape(current(), n, "n")
    return current().eye(size, size, 0, dtypes.standardize_dtype(dtype))


@operation
def tri(N: int, M: int | None = None, k: int = 0, dtype: Any = None) -> Tensor:  # noqa: N803 (NumPy's names)
    """A matrix with ones on and below a diagonal, zeros above.

    Args:
        N: how many rows.
        M: how many columns; by default as many.
        k: which diagonal: 0 is the main one, positive ones are above it.
        dtype: the dtype; by default `floatx`.

    Returns:
        A tensor of shape (N, M).

    Example:
        >>> from amalthea import ops
        >>> ops.tri(2).tolist()
        [[1.0, 0.0], [1.0, 1.0]]
    """
    return current().tri(*_rows_and_columns(N, M), whole(k, "k"), dtypes.standardize_dtype(dtype))


def _matrices(engine: Engine, x: TensorLike, name: str) -> Tensor:
    x = as_tensor(engine, x)
    if len(engine.shape_of(x)) < 2:
        raise ShapeError(f"`{name}` needs a tensor of at least two axes. Received one of shape {engine.shape_of(x)}.")
    return x


@operation
def tril(x: TensorLike, k: int = 0) -> Tensor:
    """Matrices with zeros above a diagonal.

    Args:
        x: tensor of shape (..., n, m).
        k: the last diagonal that stays: 0 is the main one, positive ones are above it.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.tril([[1, 2], [3, 4]]).tolist()
        [[1, 0], [3, 4]]
    """
    engine = current()
    return engine.tril(_matrices(engine, x, "tril"), whole(k, "k"))


@operation
def triu(x: TensorLike, k: int = 0) -> Tensor:
    """Matrices with zeros below a diagonal.

    Args:
        x: tensor of shape (..., n, m).
        k: the first diagonal that stays: 0 is the main one, positive ones are above it.

    Returns:
        A tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.triu([[1, 2], [3, 4]]).tolist()
        [[1, 2], [0, 4]]
    """
    engine = current()
    return engine.triu(_matrices(engine, x, "triu"), whole(k, "k"))


@operation
def diag(x: TensorLike, k: int = 0) -> Tensor:
    """A matrix with a vector on its diagonal, or the diagonal of a matrix.

    Args:
        x: tensor of one axis or two.
        k: which diagonal: 0 is the main one, positive ones are above it.

    Returns:
        Of a vector of n elements, a matrix of n + |k| rows and columns; of a matrix, a vector.

    Raises:
        ShapeError: `x` has neither one axis nor two.

    Example:
        >>> from amalthea import ops
        >>> ops.diag([1, 2]).tolist(), ops.diag([[1, 2], [3, 4]]).tolist()
        ([[1, 0], [0, 2]], [1, 4])
    """
    engine = current()
    x = as_tensor(engine, x)
    rank = len(engine.shape_of(x))
    if rank not in (1, 2):
        raise ShapeError(f"`diag` takes a vector or a matrix. Received a tensor of shape {engine.shape_of(x)}.")
    return engine.diag(x, whole(k, "k")) if rank == 1 else engine.diagonal(x, whole(k, "k"), 0, 1)


@operation
def diagflat(x: TensorLike, k: int = 0) -> Tensor:
    """A matrix with all elements of a tensor on its diagonal.

    Args:
        x: tensor of any shape, of n elements.
        k: which diagonal: 0 is the main one, positive ones are above it.

    Returns:
        A matrix of n + |k| rows and columns.

    Example:
        >>> from amalthea import ops
        >>> ops.diagflat([[1, 2]]).tolist()
        [[1, 0], [0, 2]]
    """
    engine = current()
    return engine.diag(engine.ravel(as_tensor(engine, x)), whole(k, "k"))


@operation
def diagonal(x: TensorLike, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Tensor:
    """A diagonal of two axes.

    Args:
        x: tensor of at least two axes.
        offset: which diagonal: 0 is the main one, positive ones are above it.
        axis1: the axis of the rows.
        axis2: the axis of the columns.

    Returns:
        A tensor without the two axes; the diagonal runs along the last one.

    Example:
        >>> from amalthea import ops
        >>> ops.diagonal([[1, 2], [3, 4]], offset=1).tolist()
        [2]
    """
    engine = current()
    x = _matrices(engine, x, "diagonal")
    return engine.diagonal(x, whole(offset, "offset"), *two_axes(engine, x, axis1, axis2))


def two_axes(engine: Engine, x: Tensor, axis1: int, axis2: int) -> tuple[int, int]:
    """Two different axes, counted from the start."""
    rank = len(engine.shape_of(x))
    first, second = normalize_axis(axis1, rank, "axis1"), normalize_axis(axis2, rank, "axis2")
    if first == second:
        raise ArgumentError(f"`axis1` and `axis2` must differ. Received: axis1={axis1}, axis2={axis2}.")
    return first, second


@operation
def vander(x: TensorLike, N: int | None = None, increasing: bool = False) -> Tensor:  # noqa: N803 (NumPy's name)
    """The Vandermonde matrix: the powers of each element in a row.

    Args:
        x: vector of n elements.
        N: how many powers; by default n.
        increasing: whether the powers rise from 0; else they fall to 0.

    Returns:
        A tensor of shape (n, N).

    Raises:
        ShapeError: `x` is not a vector.

    Example:
        >>> from amalthea import ops
        >>> ops.vander([1, 2, 3]).tolist()
        [[1, 1, 1], [4, 2, 1], [9, 3, 1]]
    """
    engine = current()
    x = as_tensor(engine, x)
    if len(engine.shape_of(x)) != 1:
        raise ShapeError(f"`vander` takes a vector. Received a tensor of shape {engine.shape_of(x)}.")
    x = engine.cast(x, "int32") if engine.dtype_of(x) == "bool" else x
    count = engine.shape_of(x)[0] if N is None else whole(N, "N")
    if count is None:
        return engine.reshape(engine.matmul(engine.expand_dims(x, 1), engine.expand_dims(x, 0)), (None, None))  # type: ignore[arg-type]
    powers = [engine.ones_like(x)]
    while len(powers) < count:
        powers.append(engine.multiply(powers[-1], x))
    powers = powers[:count]
    if not powers:
        return engine.zeros((*engine.shape_of(x), 0), engine.dtype_of(x))
    return engine.stack(powers if increasing else powers[::-1], 1)


# --- windows -------------------------------------------------------------------------------------------


def _window(size: TensorLike, values: Callable[[int], np.ndarray], name: str) -> Tensor:
    engine = current()
    if engine.name == "symbolic" and engine.is_tensor(size):
        raise ArgumentTypeError(f"`{name}` needs the number of its points, which a symbolic tensor does not have.")
    return engine.from_host(values(int(host_values(engine, size).item())), config.floatx())


@operation
def bartlett(x: TensorLike) -> Tensor:
    """The triangular window that ends in zeros.

    Args:
        x: the number of points.

    Returns:
        A vector of `x` numbers in `floatx`.

    Reference:
        M. S. Bartlett, "Periodogram analysis and continuous spectra", Biometrika 37, 1950.

    Example:
        >>> from amalthea import ops
        >>> ops.bartlett(5).tolist()
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    return _window(x, np.bartlett, "bartlett")


@operation
def blackman(x: TensorLike) -> Tensor:
    """The window of three cosine terms whose leakage is nearly the least.

    Args:
        x: the number of points.

    Returns:
        A vector of `x` numbers in `floatx`.

    Reference:
        R. B. Blackman and J. W. Tukey, "The measurement of power spectra", 1958.

    Example:
        >>> from amalthea import ops
        >>> [round(v, 2) + 0.0 for v in ops.blackman(3).tolist()]
        [0.0, 1.0, 0.0]
    """
    return _window(x, np.blackman, "blackman")


@operation
def hamming(x: TensorLike) -> Tensor:
    """The raised cosine that does not come down to zero.

    Args:
        x: the number of points.

    Returns:
        A vector of `x` numbers in `floatx`.

    Reference:
        R. B. Blackman and J. W. Tukey, "The measurement of power spectra", 1958.

    Example:
        >>> from amalthea import ops
        >>> [round(v, 2) for v in ops.hamming(3).tolist()]
        [0.08, 1.0, 0.08]
    """
    return _window(x, np.hamming, "hamming")


@operation
def hanning(x: TensorLike) -> Tensor:
    """The raised cosine that ends in zeros.

    Args:
        x: the number of points.

    Returns:
        A vector of `x` numbers in `floatx`.

    Reference:
        R. B. Blackman and J. W. Tukey, "The measurement of power spectra", 1958.

    Example:
        >>> from amalthea import ops
        >>> ops.hanning(3).tolist()
        [0.0, 1.0, 0.0]
    """
    return _window(x, np.hanning, "hanning")


@operation
def kaiser(x: TensorLike, beta: TensorLike) -> Tensor:
    """The window made of the Bessel function of order 0.

    Args:
        x: the number of points.
        beta: how narrow: 0 is a rectangle, 5 like `hamming`, 8.6 like `blackman`.

    Returns:
        A vector of `x` numbers in `floatx`.

    Reference:
        J. F. Kaiser, "Digital filters", in "Systems analysis by digital computer", 1966.

    Example:
        >>> from amalthea import ops
        >>> ops.kaiser(3, 0.0).tolist()
        [1.0, 1.0, 1.0]
    """
    width = float(host_values(current(), beta).item())
    return _window(x, lambda n: np.kaiser(n, width), "kaiser")
