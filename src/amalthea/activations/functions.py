"""The activations that are not operations of `amalthea.ops` as they stand."""

from __future__ import annotations

from amalthea import ops
from amalthea.ops.arguments import Tensor, TensorLike


def linear(x: TensorLike) -> Tensor:
    """`x` as it is.

    Args:
        x: anything.

    Returns:
        `x` itself.

    Example:
        >>> linear(3.0)
        3.0
    """
    return x


def exponential(x: TensorLike) -> Tensor:
    """`exp(x)`, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> exponential([0.0]).tolist()
        [1.0]
    """
    return ops.exp(x)


def relu(x: TensorLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """`max(x, 0)`, elementwise; or, with arguments, a line with up to two knees.

    It is `max_value` where `x >= max_value`, `x` where `threshold < x < max_value`, and `negative_slope * (x - threshold)` elsewhere.

    Args:
        x: real tensor of any shape.
        negative_slope: the slope below the threshold.
        max_value: what the result never exceeds; None for no such bound.
        threshold: where the slope of 1 begins.

    Returns:
        A tensor of the same shape and dtype.

    Reference:
        Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010.

    Example:
        >>> relu([-2.0, 1.0, 9.0]).tolist()
        [0.0, 1.0, 9.0]
        >>> relu([-2.0, 1.0, 9.0], negative_slope=0.5, max_value=6.0).tolist()
        [-1.0, 1.0, 6.0]
    """
    if negative_slope == 0 and threshold == 0:
        if max_value == 6:
            return ops.relu6(x)
        return ops.relu(x) if max_value is None else ops.clip(x, 0.0, max_value)
    above = x if max_value is None else ops.minimum(x, max_value)
    if threshold == 0:
        return ops.where(ops.greater(x, 0.0), above, ops.multiply(x, negative_slope))
    below = 0.0 if negative_slope == 0 else ops.multiply(ops.subtract(x, threshold), negative_slope)
    return ops.where(ops.greater(x, threshold), above, below)


def gelu(x: TensorLike, approximate: bool = False) -> Tensor:
    """`x` times the probability that a standard normal draw is below `x`, elementwise.

    Args:
        x: real tensor of any shape.
        approximate: whether to use the approximation by a hyperbolic tangent.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Hendrycks and Gimpel, "Gaussian error linear units", 2016.

    Example:
        >>> [round(v, 4) for v in gelu([-1.0, 0.0, 1.0]).tolist()]
        [-0.1587, 0.0, 0.8413]
    """
    return ops.gelu(x, approximate=approximate)


def mish(x: TensorLike) -> Tensor:
    """`x * tanh(log(1 + exp(x)))`, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Misra, "Mish: a self regularized non-monotonic activation function", 2019.

    Example:
        >>> [round(v, 4) for v in mish([0.0, 1.0]).tolist()]
        [0.0, 0.8651]
    """
    return ops.multiply(x, ops.tanh(ops.softplus(x)))
