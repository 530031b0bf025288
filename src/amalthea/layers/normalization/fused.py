"""Normalization by the statistics of the batch as one operation, for which engines may have kernels of their own."""

from __future__ import annotations

from amalthea.engines.registry import current
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, normalize_axis
from amalthea.ops.operation import operation


@operation
def normalize_by_batch(
    x: TensorLike, axis: int, offset: TensorLike | None = None, scale: TensorLike | None = None, epsilon: float = 1e-3
) -> tuple[Tensor, Tensor, Tensor]:
    """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, with the mean and the variance of `x` over all axes but `axis`.

    Args:
        x: floating tensor.
        axis: the axis of the channels.
        offset: vector of the size of `x` along `axis`, or None for zeros.
        scale: vector of that size, or None for ones.
        epsilon: what is added to the variance.

    Returns:
        The result, in the shape of `x`, the mean and the variance. Gradients flow through the result; the two are for moving averages.

    Reference:
        Ioffe and Szegedy, 2015, Batch normalization.

    Example:
        >>> y, mean, variance = normalize_by_batch([[1.0], [5.0]], axis=-1, epsilon=0.0)
        >>> y.tolist(), mean.tolist(), variance.tolist()
        ([[-1.0], [1.0]], [3.0], [4.0])
    """
    engine = current()
    x = floating(engine, x)
    dtype = engine.dtype_of(x)
    offset, scale = (None if vector is None else as_tensor(engine, vector, dtype) for vector in (offset, scale))
    return engine.batch_norm_by_batch(x, normalize_axis(axis, len(engine.shape_of(x))), offset, scale, float(epsilon))
