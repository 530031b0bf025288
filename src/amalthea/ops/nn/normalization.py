"""Normalisation and the statistics that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from amalthea import config
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, normalize_axes, normalize_axis, promote
from amalthea.ops.operation import operation

Axis = int | Sequence[int] | None


@operation
def moments(x: TensorLike, axes: Axis, keepdims: bool = False, synchronized: bool = False) -> tuple[Tensor, Tensor]:
    """Mean and variance.

    Args:
        x: real tensor.
        axes: the axes over which they are taken; None: all.
        keepdims: whether these axes stay, with size 1.
        synchronized: whether to take them over all replicas of a distributed program. With one replica it changes nothing.

    Returns:
        The mean and the variance (of all elements, not of all but one), floating.

    Raises:
        ArgumentError: an axis is out of range.

    Example:
        >>> from amalthea import ops
        >>> mean, variance = ops.moments([1.0, 3.0], axes=[0])
        >>> float(mean), float(variance)
        (2.0, 1.0)
    """
    engine = current()
    x = floating(engine, x)
    return engine.moments(x, normalize_axes(axes, len(engine.shape_of(x)), "axes"), bool(keepdims))


@operation
def normalize(x: TensorLike, axis: Axis = -1, order: int = 2, epsilon: float | None = None) -> Tensor:
    """Divide by the norm, so that it becomes 1.

    Args:
        x: real tensor.
        axis: the axis, or axes, over which the norm is taken; None: all.
        order: which norm: a positive integer (2: the Euclidean one).
        epsilon: the least norm that is divided by; by default `config.epsilon()`.

    Returns:
        A floating tensor of the same shape.

    Raises:
        ArgumentError: `order` is not a positive integer.

    Example:
        >>> from amalthea import ops
        >>> ops.normalize([1.0, 3.0], order=1).tolist()
        [0.25, 0.75]
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 1:
        raise ArgumentError(f"`order` must be an integer of at least 1. Received: order={order!r}.")
    engine = current()
    x = floating(engine, x)
    axes = normalize_axes(axis, len(engine.shape_of(x)))
    least = config.epsilon() if epsilon is None else float(epsilon)
    if order == 2:
        # One root, of what cannot be 0: its gradient is finite everywhere.
        power = engine.sum(engine.square(x), axes, True)
        return engine.multiply(x, engine.rsqrt(engine.maximum(power, least * least)))
    return engine.divide(x, engine.maximum(engine.vector_norm(x, order, axes, True), least))


def _check_parameter(engine: Engine, name: str, value: Tensor | None, shape: tuple[Any, ...], axes: tuple[int, ...]) -> None:
    """Raise `ShapeError` unless `value` has as many elements as `shape` has at `axes`."""
    if value is None:
        return
    expected, found = [shape[axis] for axis in axes], engine.shape_of(value)
    if None in expected or None in found:
        return
    count, given = 1, 1
    for size in expected:
        count *= size
    for size in found:
        given *= size
    if count != given:
        raise ShapeError(f"`{name}` must have shape {tuple(expected)}, as the input of shape {shape} has at {axes}. Received shape {found}.")


@operation
def batch_normalization(
    x: TensorLike,
    mean: TensorLike,
    variance: TensorLike,
    axis: int,
    offset: TensorLike | None = None,
    scale: TensorLike | None = None,
    epsilon: float = 1e-3,
) -> Tensor:
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`.

    Args:
        x: real tensor.
        mean: vector of the size of `x` along `axis`.
        variance: vector of that size.
        axis: the axis of the channels.
        offset: vector of that size, or None for zeros.
        scale: vector of that size, or None for ones.
        epsilon: what is added to the variance.

    Returns:
        A floating tensor of the shape of `x`, in the promoted dtype.

    Raises:
        ShapeError: a vector has another size.

    Reference:
        Ioffe and Szegedy, 2015, Batch normalization.

    Example:
        >>> from amalthea import ops
        >>> ops.batch_normalization([[1.0], [5.0]], [3.0], [4.0], axis=-1, epsilon=0.0).tolist()
        [[-1.0], [1.0]]
    """
    engine = current()
    given = [part for part in (x, mean, variance, offset, scale) if part is not None]
    rest = iter(promote(engine, *given, floating=True))
    x, mean, variance = next(rest), next(rest), next(rest)
    offset = None if offset is None else next(rest)
    scale = None if scale is None else next(rest)
    shape = engine.shape_of(x)
    axis = normalize_axis(axis, len(shape))
    for name, value in (("mean", mean), ("variance", variance), ("offset", offset), ("scale", scale)):
        _check_parameter(engine, name, value, shape, (axis,))
    return engine.batch_norm(x, mean, variance, axis, offset, scale, float(epsilon))


@operation
def layer_normalization(
    x: TensorLike,
    gamma: TensorLike | None = None,
    beta: TensorLike | None = None,
    axis: int | Sequence[int] = -1,
    epsilon: float | None = None,
    **kwargs: Any,
) -> Tensor:
    """Give every sample mean 0 and variance 1 over `axis`, then scale and shift it.

    Args:
        x: real tensor.
        gamma: the scale, of the sizes of `x` at `axis`; None for ones.
        beta: the offset, of the same sizes; None for zeros.
        axis: the axis, or axes.
        epsilon: what is added to the variance; by default `config.epsilon()`.
        **kwargs: `rms_scaling=True` (old code has it): divide by the standard deviation and scale, but keep the mean.

    Returns:
        A floating tensor of the shape and dtype of `x`.

    Raises:
        ArgumentError: an unknown argument, or an axis out of range.
        ShapeError: `gamma` or `beta` have other sizes.

    Reference:
        Ba et al., 2016, Layer normalization.

    Example:
        >>> from amalthea import ops
        >>> ops.layer_normalization([[1.0, 3.0]], epsilon=0.0).tolist()
        [[-1.0, 1.0]]
    """
    rms_scaling = kwargs.pop("rms_scaling", False)
    if kwargs:
        raise ArgumentError(f"`layer_normalization` got unknown arguments: {', '.join(kwargs)}.")
    engine = current()
    x = floating(engine, x)
    shape = engine.shape_of(x)
    axes = _rising(axis, len(shape))
    gamma = None if gamma is None else as_tensor(engine, gamma)
    beta = None if beta is None else as_tensor(engine, beta)
    _check_parameter(engine, "gamma", gamma, shape, axes)
    _check_parameter(engine, "beta", beta, shape, axes)
    small = config.epsilon() if epsilon is None else float(epsilon)
    if rms_scaling:
        wide = engine.widened(x)
        normal = engine.multiply(wide, engine.rsqrt(engine.add(engine.var(wide, axes, True), small)))
        scale = engine.along(gamma, wide, axes)
        return engine.like(normal if scale is None else engine.multiply(normal, scale), x)
    return engine.layer_norm(x, gamma, beta, axes, small)


def _rising(axis: int | Sequence[int], ndim: int) -> tuple[int, ...]:
    axes = normalize_axes(axis, ndim)
    if not axes:
        raise ArgumentError(f"`axis` must name at least one axis. Received: axis={axis!r}.")
    return tuple(sorted(axes))


@operation
def rms_normalization(x: TensorLike, scale: TensorLike | None = None, axis: int | Sequence[int] = -1, epsilon: float | None = None) -> Tensor:
    """Divide by the root mean square over `axis`.

    Args:
        x: real tensor.
        scale: what the result is multiplied with: a tensor that broadcasts with `x`; None for ones.
        axis: the axis, or axes.
        epsilon: what is added to the mean square; by default `config.epsilon()`.

    Returns:
        A floating tensor of the shape and dtype of `x`.

    Raises:
        ArgumentError: an axis is out of range.

    Reference:
        Zhang and Sennrich, 2019, Root mean square layer normalization.

    Example:
        >>> from amalthea import ops
        >>> ops.rms_normalization([[3.0, 3.0]], epsilon=0.0).tolist()
        [[1.0, 1.0]]
    """
    engine = current()
    x = floating(engine, x)
    shape = engine.shape_of(x)
    axes = _rising(axis, len(shape))
    small = config.epsilon() if epsilon is None else float(epsilon)
    if scale is None:
        return engine.rms_norm(x, None, axes, small)
    scale = as_tensor(engine, scale)
    if engine.shape_of(scale) == tuple(shape[i] for i in axes) and axes[-1] == len(shape) - 1 and axes[0] == len(shape) - len(axes):
        return engine.rms_norm(x, scale, axes, small)
    # A scale of another shape broadcasts. It joins before the result is rounded to the dtype of `x`.
    wide = engine.widened(x)
    return engine.like(engine.multiply(engine.rms_norm(wide, None, axes, small), engine.like(scale, wide)), x)
