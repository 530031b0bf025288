"""Operations on the bits of integers."""

from __future__ import annotations

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentTypeError
from amalthea.ops.arguments import Tensor, TensorLike, promote_all
from amalthea.ops.operation import operation


@operation
def bitwise_and(x: TensorLike, y: TensorLike) -> Tensor:
    """The bits set in both, elementwise.

    Args:
        x: tensor of integers or bool.
        y: tensor of a shape that broadcasts with that of `x`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Raises:
        ArgumentTypeError: a tensor holds neither integers nor bool.

    Example:
        >>> from amalthea import ops
        >>> ops.bitwise_and([6], [3]).tolist()
        [2]
    """
    engine = current()
    x, y = _whole(engine, x, y)
    return engine.bitwise_and(x, y)


@operation
def bitwise_or(x: TensorLike, y: TensorLike) -> Tensor:
    """The bits set in at least one, elementwise.

    Args:
        x: tensor of integers or bool.
        y: tensor of a shape that broadcasts with that of `x`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Raises:
        ArgumentTypeError: a tensor holds neither integers nor bool.

    Example:
        >>> from amalthea import ops
        >>> ops.bitwise_or([6], [3]).tolist()
        [7]
    """
    engine = current()
    x, y = _whole(engine, x, y)
    return engine.bitwise_or(x, y)


@operation
def bitwise_xor(x: TensorLike, y: TensorLike) -> Tensor:
    """The bits set in exactly one, elementwise.

    Args:
        x: tensor of integers or bool.
        y: tensor of a shape that broadcasts with that of `x`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Raises:
        ArgumentTypeError: a tensor holds neither integers nor bool.

    Example:
        >>> from amalthea import ops
        >>> ops.bitwise_xor([6], [3]).tolist()
        [5]
    """
    engine = current()
    x, y = _whole(engine, x, y)
    return engine.bitwise_xor(x, y)


@operation
def bitwise_not(x: TensorLike) -> Tensor:
    """All bits turned, elementwise.

    Args:
        x: tensor of integers or bool.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ArgumentTypeError: a tensor holds neither integers nor bool.

    Example:
        >>> from amalthea import ops
        >>> ops.bitwise_not([0, 5]).tolist()
        [-1, -6]
    """
    engine = current()
    (x,) = _whole(engine, x)
    return engine.bitwise_not(x)


@operation
def bitwise_invert(x: TensorLike) -> Tensor:
    """The same as `bitwise_not`."""
    return bitwise_not(x)


@operation
def left_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """The bits of `x` moved up by `y`, zeros coming in: `x * 2**y`, elementwise.

    Args:
        x: tensor of integers or bool.
        y: tensor of a shape that broadcasts with that of `x`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Raises:
        ArgumentTypeError: a tensor holds neither integers nor bool.

    Example:
        >>> from amalthea import ops
        >>> ops.left_shift([1, 3], [4, 1]).tolist()
        [16, 6]
    """
    engine = current()
    x, y = _shiftable(engine, x, y)
    return engine.left_shift(x, y)


@operation
def right_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """The bits of `x` moved down by `y`, keeping the sign: `x // 2**y`, elementwise.

    Args:
        x: tensor of integers or bool.
        y: tensor of a shape that broadcasts with that of `x`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Raises:
        ArgumentTypeError: a tensor holds neither integers nor bool.

    Example:
        >>> from amalthea import ops
        >>> ops.right_shift([16, -3], [2, 1]).tolist()
        [4, -2]
    """
    engine = current()
    x, y = _shiftable(engine, x, y)
    return engine.right_shift(x, y)


@operation
def bitwise_left_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """The same as `left_shift`."""
    return left_shift(x, y)


@operation
def bitwise_right_shift(x: TensorLike, y: TensorLike) -> Tensor:
    """The same as `right_shift`."""
    return right_shift(x, y)


def _whole(engine: Engine, *xs: TensorLike) -> tuple[Tensor, ...]:
    tensors = promote_all(engine, *xs)
    dtype = engine.dtype_of(tensors[0])
    if dtype != "bool" and not dtypes.is_int(dtype):
        raise ArgumentTypeError(f"Operations on bits need integers or bool. Received tensors that promote to {dtype}.")
    return tensors


def _shiftable(engine: Engine, *xs: TensorLike) -> tuple[Tensor, ...]:
    tensors = _whole(engine, *xs)
    return tuple(engine.cast(x, "int32") for x in tensors) if engine.dtype_of(tensors[0]) == "bool" else tensors
