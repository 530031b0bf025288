"""Comparisons, logic, and questions about each element."""

from __future__ import annotations

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, promote, promote_all
from amalthea.ops.operation import operation


@operation
def equal(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether two tensors are equal, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.equal([1, 2], 2).tolist()
        [False, True]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.equal(x1, x2)


@operation
def not_equal(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether two tensors differ, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.not_equal([1, 2], 2).tolist()
        [True, False]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.not_equal(x1, x2)


@operation
def less(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether `x1 < x2`, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.less([1, 2], 2).tolist()
        [True, False]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.less(x1, x2)


@operation
def less_equal(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether `x1 <= x2`, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.less_equal([1, 2], 2).tolist()
        [True, True]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.less_equal(x1, x2)


@operation
def greater(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether `x1 > x2`, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.greater([1, 2], 2).tolist()
        [False, False]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.greater(x1, x2)


@operation
def greater_equal(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether `x1 >= x2`, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.greater_equal([1, 2], 2).tolist()
        [False, True]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.greater_equal(x1, x2)


@operation
def logical_and(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether both hold, elementwise.

    Args:
        x1: tensor; what is not bool counts as true where it is not 0.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.logical_and([True, True, False], [True, False, False]).tolist()
        [True, False, False]
    """
    engine = current()
    return engine.logical_and(as_tensor(engine, x1, "bool"), as_tensor(engine, x2, "bool"))


@operation
def logical_or(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether at least one holds, elementwise.

    Args:
        x1: tensor; what is not bool counts as true where it is not 0.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.logical_or([True, True, False], [True, False, False]).tolist()
        [True, True, False]
    """
    engine = current()
    return engine.logical_or(as_tensor(engine, x1, "bool"), as_tensor(engine, x2, "bool"))


@operation
def logical_xor(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Whether exactly one holds, elementwise.

    Args:
        x1: tensor; what is not bool counts as true where it is not 0.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A bool tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.logical_xor([True, True, False], [True, False, False]).tolist()
        [False, True, False]
    """
    engine = current()
    return engine.logical_xor(as_tensor(engine, x1, "bool"), as_tensor(engine, x2, "bool"))


@operation
def logical_not(x: TensorLike) -> Tensor:
    """Whether `x` does not hold, elementwise.

    Args:
        x: tensor; what is not bool counts as true where it is not 0.

    Returns:
        A bool tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.logical_not([0, 3]).tolist()
        [True, False]
    """
    engine = current()
    return engine.logical_not(as_tensor(engine, x, "bool"))


@operation
def isnan(x: TensorLike) -> Tensor:
    """Whether `x` is NaN, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A bool tensor of the shape of `x`; integers give False.

    Example:
        >>> from amalthea import ops
        >>> ops.isnan([0.0, float("nan")]).tolist()
        [False, True]
    """
    engine = current()
    x = as_tensor(engine, x)
    if not _can_be_special(engine, x):
        return engine.full_like(x, False, "bool")
    return engine.isnan(x)


@operation
def isfinite(x: TensorLike) -> Tensor:
    """Whether `x` is a finite number, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A bool tensor of the shape of `x`; integers give True.

    Example:
        >>> from amalthea import ops
        >>> ops.isfinite([0.0, float("inf")]).tolist()
        [True, False]
    """
    engine = current()
    x = as_tensor(engine, x)
    if not _can_be_special(engine, x):
        return engine.full_like(x, True, "bool")
    return engine.isfinite(x)


@operation
def isinf(x: TensorLike) -> Tensor:
    """Whether `x` is infinite, of either sign, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A bool tensor of the shape of `x`; integers give False.

    Example:
        >>> from amalthea import ops
        >>> ops.isinf([0.0, -float("inf")]).tolist()
        [False, True]
    """
    engine = current()
    x = as_tensor(engine, x)
    if not _can_be_special(engine, x):
        return engine.full_like(x, False, "bool")
    return engine.isinf(x)


@operation
def isposinf(x: TensorLike) -> Tensor:
    """Whether `x` is plus infinity, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A bool tensor of the shape of `x`; integers give False.

    Example:
        >>> from amalthea import ops
        >>> ops.isposinf([float("inf"), -float("inf")]).tolist()
        [True, False]
    """
    engine = current()
    x = as_tensor(engine, x)
    if not _can_be_special(engine, x):
        return engine.full_like(x, False, "bool")
    return engine.isposinf(x)


@operation
def isneginf(x: TensorLike) -> Tensor:
    """Whether `x` is minus infinity, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A bool tensor of the shape of `x`; integers give False.

    Example:
        >>> from amalthea import ops
        >>> ops.isneginf([float("inf"), -float("inf")]).tolist()
        [False, True]
    """
    engine = current()
    x = as_tensor(engine, x)
    if not _can_be_special(engine, x):
        return engine.full_like(x, False, "bool")
    return engine.isneginf(x)


@operation
def isreal(x: TensorLike) -> Tensor:
    """Whether `x` has no imaginary part, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A bool tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.isreal([1 + 0j, 1j]).tolist()
        [True, False]
    """
    engine = current()
    x = as_tensor(engine, x)
    if not dtypes.is_complex(engine.dtype_of(x)):
        return engine.full_like(x, True, "bool")
    return engine.equal(engine.imag(x), 0.0)


@operation
def signbit(x: TensorLike) -> Tensor:
    """Whether the sign is minus, that of -0.0 included, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A bool tensor of the shape of `x`; NaN gives False.

    Example:
        >>> from amalthea import ops
        >>> ops.signbit([-0.0, 0.0, -1.0]).tolist()
        [True, False, True]
    """
    engine = current()
    x = as_tensor(engine, x)
    dtype = engine.dtype_of(x)
    if dtypes.is_float(dtype):
        # The angle tells -0.0 (-pi) from 0.0 (pi), which no comparison does.
        return engine.less(engine.arctan2(x, -1.0), 0.0)
    return engine.full_like(x, False, "bool") if dtype == "bool" else engine.less(x, 0)


@operation
def isclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether two tensors are equal up to a tolerance, elementwise: `|x1 - x2| <= atol + rtol * |x2|`.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.
        rtol: the relative tolerance.
        atol: the absolute tolerance.
        equal_nan: whether NaN is close to NaN.

    Returns:
        A bool tensor of the broadcast shape. Equal infinities are close.

    Example:
        >>> from amalthea import ops
        >>> ops.isclose([1.0, 1.0], [1.0 + 1e-7, 1.1]).tolist()
        [True, False]
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    return engine.isclose(x1, x2, rtol, atol, equal_nan)


@operation
def allclose(x1: TensorLike, x2: TensorLike, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Tensor:
    """Whether all elements of two tensors are equal up to a tolerance.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.
        rtol: the relative tolerance.
        atol: the absolute tolerance.
        equal_nan: whether NaN is close to NaN.

    Returns:
        A bool scalar.

    Example:
        >>> from amalthea import ops
        >>> bool(ops.allclose([1.0, 2.0], [1.0, 2.0 + 1e-7]))
        True
    """
    return current().all(isclose(x1, x2, rtol, atol, equal_nan), None, False)


@operation
def isin(x1: TensorLike, x2: TensorLike, assume_unique: bool = False, invert: bool = False) -> Tensor:
    """Whether each element of `x1` occurs in `x2`.

    Args:
        x1: tensor of any shape.
        x2: tensor of any shape: the allowed values.
        assume_unique: has no effect on the result; accepted for NumPy's sake.
        invert: whether to tell the elements that do not occur.

    Returns:
        A bool tensor of the shape of `x1`.

    Example:
        >>> from amalthea import ops
        >>> ops.isin([1, 2, 3], [3, 1]).tolist()
        [True, False, True]
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2)
    found = engine.any(engine.equal(engine.expand_dims(x1, len(engine.shape_of(x1))), engine.ravel(x2)), (len(engine.shape_of(x1)),), False)
    return engine.logical_not(found) if invert else found


def _can_be_special(engine: Engine, x: Tensor) -> bool:
    """Whether the dtype of `x` holds NaN or infinities."""
    dtype = engine.dtype_of(x)
    return dtypes.is_float(dtype) or dtypes.is_complex(dtype)
