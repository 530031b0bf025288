"""Integers as vectors, and polar coordinates as complex numbers."""

from __future__ import annotations

from typing import Any

from amalthea import config, dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.engines.sizes import whole
from amalthea.errors import ArgumentError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, normalize_axis, promote
from amalthea.ops.operation import operation


def _one_hot(engine: Engine, x: TensorLike, num_classes: int, axis: int, dtype: Any, sparse: bool) -> Tensor:
    if sparse:
        raise ArgumentError("Tensors are dense. Received: sparse=True. Leave it out.")
    x = as_tensor(engine, x)
    if not dtypes.is_int(engine.dtype_of(x)):
        x = engine.cast(x, "int32")
    axis = normalize_axis(axis, len(engine.shape_of(x)) + 1)
    return engine.one_hot(x, whole(num_classes, "num_classes"), axis, config.floatx() if dtype is None else dtypes.standardize_dtype(dtype))


@operation
def one_hot(x: TensorLike, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Tensor:
    """Each integer as a vector with a 1 at its place and 0 elsewhere.

    Args:
        x: integer tensor of any shape. An integer out of range gives zeros.
        num_classes: the size of the vectors.
        axis: where the axis of the vectors stands in the result.
        dtype: the dtype of the result; by default `floatx`.
        sparse: must be False; tensors are dense.

    Returns:
        A tensor of the shape of `x` with `num_classes` put in at `axis`.

    Raises:
        ArgumentError: `axis` is out of range, or `sparse` is True.

    Example:
        >>> from amalthea import ops
        >>> ops.one_hot([0, 2], 3, dtype="int32").tolist()
        [[1, 0, 0], [0, 0, 1]]
    """
    return _one_hot(current(), x, num_classes, axis, dtype, sparse)


@operation
def multi_hot(inputs: TensorLike, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False, **kwargs: Any) -> Tensor:
    """Each row of integers as one vector with 1 at all of their places.

    Args:
        inputs: integer tensor (..., count), of at most three axes in common use: axis 1 goes, or axis 0 of a vector.
        num_classes: the size of the vectors.
        axis: where the axis of the vectors stands before the other one goes.
        dtype: the dtype of the result; by default `floatx`.
        sparse: must be False; tensors are dense.
        **kwargs: `num_tokens`, an older name of `num_classes`.

    Returns:
        A tensor with the axis of `num_classes` sizes put in, and one axis of integers taken out.

    Raises:
        ArgumentError: `num_classes` is missing, `axis` is out of range, or `sparse` is True.

    Example:
        >>> from amalthea import ops
        >>> ops.multi_hot([[0, 2], [1, 1]], 3, dtype="int32").tolist()
        [[1, 0, 1], [0, 1, 0]]
    """
    num_classes = kwargs.pop("num_tokens", num_classes)
    if kwargs:
        raise ArgumentError(f"`multi_hot` got unknown arguments: {', '.join(kwargs)}.")
    if num_classes is None:
        raise ArgumentError("`num_classes` must say how large the vectors are. Received: None.")
    engine = current()
    vectors = _one_hot(engine, inputs, num_classes, axis, "int32", sparse)
    reduced = engine.max(vectors, (1 if len(engine.shape_of(vectors)) > 2 else 0,), False)
    return engine.cast(reduced, config.floatx() if dtype is None else dtypes.standardize_dtype(dtype))


@operation
def polar(abs_: TensorLike, angle: TensorLike) -> Tensor:
    """Complex numbers of given magnitudes and angles.

    Args:
        abs_: the magnitudes; real tensor.
        angle: the angles in radians; real tensor of a shape that broadcasts with that of `abs_`.

    Returns:
        A complex tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.polar([2.0], [0.0]).tolist()
        [(2+0j)]
    """
    engine = current()
    size, angle = (engine.widened(as_tensor(engine, x)) for x in promote(engine, abs_, angle, floating=True))
    return engine.complex(engine.multiply(size, engine.cos(angle)), engine.multiply(size, engine.sin(angle)))
