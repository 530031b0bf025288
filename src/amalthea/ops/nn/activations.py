"""Activations. Integers and bool become `floatx` unless an operation says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from amalthea import dtypes
from amalthea.engines.registry import current
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, normalize_axes, normalize_axis
from amalthea.ops.operation import operation


@operation
def relu(x: TensorLike) -> Tensor:
    """`max(x, 0)`, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A tensor of the same shape and dtype (int32 for bool).

    Reference:
        Nair and Hinton, 2010, Rectified linear units improve restricted Boltzmann machines.

    Example:
        >>> from amalthea import ops
        >>> ops.relu([-1.0, 2.0]).tolist()
        [0.0, 2.0]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.relu(engine.cast(x, "int32") if engine.dtype_of(x) == "bool" else x)


@operation
def relu6(x: TensorLike) -> Tensor:
    """`min(max(x, 0), 6)`, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Krizhevsky, 2010, Convolutional deep belief networks on CIFAR-10.

    Example:
        >>> from amalthea import ops
        >>> ops.relu6([-1.0, 3.0, 8.0]).tolist()
        [0.0, 3.0, 6.0]
    """
    engine = current()
    return engine.relu6(floating(engine, x))


@operation
def sigmoid(x: TensorLike) -> Tensor:
    """`1 / (1 + exp(-x))`, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.sigmoid([0.0]).tolist()
        [0.5]
    """
    engine = current()
    return engine.sigmoid(floating(engine, x))


@operation
def log_sigmoid(x: TensorLike) -> Tensor:
    """`log(sigmoid(x))`, elementwise, without overflow.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.log_sigmoid([-1000.0]).tolist()
        [-1000.0]
    """
    engine = current()
    return engine.log_sigmoid(floating(engine, x))


@operation
def sparse_sigmoid(x: TensorLike) -> Tensor:
    """0 up to -1, 1 from 1 on, `(x + 1) / 2` between.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Martins and Astudillo, 2016, From softmax to sparsemax.

    Example:
        >>> from amalthea import ops
        >>> ops.sparse_sigmoid([-2.0, 0.0, 2.0]).tolist()
        [0.0, 0.5, 1.0]
    """
    engine = current()
    return engine.sparse_sigmoid(floating(engine, x))


@operation
def hard_sigmoid(x: TensorLike) -> Tensor:
    """0 up to -3, 1 from 3 on, `x / 6 + 1 / 2` between.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.hard_sigmoid([-4.0, 0.0, 4.0]).tolist()
        [0.0, 0.5, 1.0]
    """
    engine = current()
    return engine.hard_sigmoid(floating(engine, x))


@operation
def silu(x: TensorLike) -> Tensor:
    """`x * sigmoid(x)`, elementwise; also called swish.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Ramachandran et al., 2017, Searching for activation functions.

    Example:
        >>> from amalthea import ops
        >>> ops.silu([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.silu(floating(engine, x))


swish = silu


@operation
def hard_silu(x: TensorLike) -> Tensor:
    """`x * hard_sigmoid(x)`, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Howard et al., 2019, Searching for MobileNetV3.

    Example:
        >>> from amalthea import ops
        >>> ops.hard_silu([-4.0, 0.0, 4.0]).tolist()
        [-0.0, 0.0, 4.0]
    """
    engine = current()
    return engine.hard_silu(floating(engine, x))


hard_swish = hard_silu


@operation
def hard_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """`x` where its magnitude exceeds `threshold`, else 0.

    Args:
        x: real tensor of any shape.
        threshold: the magnitude up to which there is 0.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.hard_shrink([-0.5, 0.2, 1.5]).tolist()
        [0.0, 0.0, 1.5]
    """
    engine = current()
    return engine.hard_shrink(floating(engine, x), float(threshold))


@operation
def soft_shrink(x: TensorLike, threshold: float = 0.5) -> Tensor:
    """`x` brought nearer to 0 by `threshold`, and no farther than 0.

    Args:
        x: real tensor of any shape.
        threshold: how much nearer.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.soft_shrink([0.25, 1.5]).tolist()
        [0.0, 1.0]
    """
    engine = current()
    return engine.soft_shrink(floating(engine, x), float(threshold))


@operation
def tanh_shrink(x: TensorLike) -> Tensor:
    """`x - tanh(x)`, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.tanh_shrink([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.tanh_shrink(floating(engine, x))


@operation
def softplus(x: TensorLike) -> Tensor:
    """`log(1 + exp(x))`, elementwise, without overflow.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Glorot et al., 2011, Deep sparse rectifier neural networks.

    Example:
        >>> from amalthea import ops
        >>> ops.softplus([-1000.0, 1000.0]).tolist()
        [0.0, 1000.0]
    """
    engine = current()
    return engine.softplus(floating(engine, x))


@operation
def softsign(x: TensorLike) -> Tensor:
    """`x / (1 + |x|)`, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.softsign([-1.0, 3.0]).tolist()
        [-0.5, 0.75]
    """
    engine = current()
    return engine.softsign(floating(engine, x))


@operation
def sparse_plus(x: TensorLike) -> Tensor:
    """0 up to -1, `x` from 1 on, `(x + 1)**2 / 4` between.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Martins and Astudillo, 2016, From softmax to sparsemax.

    Example:
        >>> from amalthea import ops
        >>> ops.sparse_plus([-2.0, 0.0, 2.0]).tolist()
        [0.0, 0.25, 2.0]
    """
    engine = current()
    return engine.sparse_plus(floating(engine, x))


@operation
def squareplus(x: TensorLike, b: float = 4) -> Tensor:
    """`(x + sqrt(x**2 + b)) / 2`, elementwise.

    Args:
        x: real tensor of any shape.
        b: how wide the bend around 0 is.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Barron, 2021, Squareplus: a softplus-like algebraic rectifier.

    Example:
        >>> from amalthea import ops
        >>> ops.squareplus([0.0]).tolist()
        [1.0]
    """
    engine = current()
    return engine.squareplus(floating(engine, x), float(b))


@operation
def leaky_relu(x: TensorLike, negative_slope: float = 0.2) -> Tensor:
    """`x` where positive, else `negative_slope * x`.

    Args:
        x: real tensor of any shape.
        negative_slope: the slope below 0.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Maas et al., 2013, Rectifier nonlinearities improve neural network acoustic models.

    Example:
        >>> from amalthea import ops
        >>> ops.leaky_relu([-2.0, 3.0], 0.5).tolist()
        [-1.0, 3.0]
    """
    engine = current()
    return engine.leaky_relu(floating(engine, x), float(negative_slope))


@operation
def elu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """`x` where positive, else `alpha * (exp(x) - 1)`.

    Args:
        x: real tensor of any shape.
        alpha: where values far below 0 go, with the sign changed.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Clevert et al., 2016, Fast and accurate deep network learning by exponential linear units.

    Example:
        >>> from amalthea import ops
        >>> ops.elu([0.0, 3.0]).tolist()
        [0.0, 3.0]
    """
    engine = current()
    return engine.elu(floating(engine, x), float(alpha))


@operation
def selu(x: TensorLike) -> Tensor:
    """The scaled `elu` that keeps mean 0 and variance 1 through layers.

    Args:
        x: real tensor of any shape.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Klambauer et al., 2017, Self-normalizing neural networks.

    Example:
        >>> from amalthea import ops
        >>> ops.selu([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.selu(floating(engine, x))


@operation
def celu(x: TensorLike, alpha: float = 1.0) -> Tensor:
    """`max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)`, elementwise.

    Args:
        x: real tensor of any shape.
        alpha: where values far below 0 go, with the sign changed.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Barron, 2017, Continuously differentiable exponential linear units.

    Example:
        >>> from amalthea import ops
        >>> ops.celu([0.0, 3.0]).tolist()
        [0.0, 3.0]
    """
    engine = current()
    return engine.celu(floating(engine, x), float(alpha))


@operation
def gelu(x: TensorLike, approximate: bool = True) -> Tensor:
    """`x` times the share of the standard normal distribution below `x`.

    Args:
        x: real tensor of any shape.
        approximate: whether to use the approximation by `tanh`, which differs by less than 0.001.

    Returns:
        A floating tensor of the same shape.

    Reference:
        Hendrycks and Gimpel, 2016, Gaussian error linear units.

    Example:
        >>> from amalthea import ops
        >>> ops.gelu([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.gelu(floating(engine, x), bool(approximate))


@operation
def hard_tanh(x: TensorLike) -> Tensor:
    """`x` held between -1 and 1.

    Args:
        x: real tensor of any shape.

    Returns:
        A tensor of the same shape and dtype (int32 for bool).

    Example:
        >>> from amalthea import ops
        >>> ops.hard_tanh([-2.0, 0.5, 2.0]).tolist()
        [-1.0, 0.5, 1.0]
    """
    engine = current()
    x = as_tensor(engine, x)
    dtype = engine.dtype_of(x)
    if dtypes.is_float(dtype):
        return engine.hard_tanh(x)
    if dtype in dtypes.UNSIGNED:
        return engine.minimum(x, 1)
    return engine.clip(engine.cast(x, "int32") if dtype == "bool" else x, -1, 1)


@operation
def threshold(x: TensorLike, threshold: float, default_value: float) -> Tensor:
    """`x` where it exceeds `threshold`, else `default_value`.

    Args:
        x: real tensor of any shape.
        threshold: the greatest number that is replaced.
        default_value: what replaces it.

    Returns:
        A floating tensor of the same shape.

    Example:
        >>> from amalthea import ops
        >>> ops.threshold([-1.0, 0.5, 2.0], 1.0, 0.0).tolist()
        [0.0, 0.0, 2.0]
    """
    engine = current()
    return engine.threshold(floating(engine, x), float(threshold), float(default_value))


@operation
def softmax(x: TensorLike, axis: int | Sequence[int] | None = -1) -> Tensor:
    """`exp(x)` divided by its sum along `axis`.

    Args:
        x: real tensor.
        axis: the axis along which results sum to 1; several; or None: all of them.

    Returns:
        A floating tensor of the same shape.

    Raises:
        ArgumentError: `axis` is out of range.

    Example:
        >>> from amalthea import ops
        >>> ops.softmax([0.0, 0.0]).tolist()
        [0.5, 0.5]
    """
    engine = current()
    x = floating(engine, x)
    return engine.softmax(x, _softmax_axis(axis, len(engine.shape_of(x))))


@operation
def log_softmax(x: TensorLike, axis: int | Sequence[int] | None = -1) -> Tensor:
    """The logarithm of `softmax`, without overflow.

    Args:
        x: real tensor.
        axis: the axis along which `softmax` sums to 1; several; or None: all of them.

    Returns:
        A floating tensor of the same shape.

    Raises:
        ArgumentError: `axis` is out of range.

    Example:
        >>> from amalthea import ops
        >>> ops.log_softmax([0.0, -1000.0]).tolist()
        [0.0, -1000.0]
    """
    engine = current()
    x = floating(engine, x)
    return engine.log_softmax(x, _softmax_axis(axis, len(engine.shape_of(x))))


def _softmax_axis(axis: int | Sequence[int] | None, ndim: int) -> int | tuple[int, ...] | None:
    return normalize_axis(axis, ndim) if isinstance(axis, int) else normalize_axes(axis, ndim)


@operation
def sparsemax(x: TensorLike, axis: int = -1) -> Tensor:
    """The point of the probability simplex nearest to `x`: like `softmax`, with exact zeros.

    Args:
        x: real tensor whose size along `axis` is known.
        axis: the axis along which results sum to 1.

    Returns:
        A floating tensor of the same shape.

    Raises:
        ArgumentError: `axis` is out of range.

    Reference:
        Martins and Astudillo, 2016, From softmax to sparsemax.

    Example:
        >>> from amalthea import ops
        >>> ops.sparsemax([0.0, 0.5, 1.0]).tolist()
        [0.0, 0.25, 0.75]
    """
    engine = current()
    x = floating(engine, x)
    axis = normalize_axis(axis, len(engine.shape_of(x)))
    if engine.shape_of(x)[axis] is None:
        return engine.relu(x)  # shapes only: sorting needs the number of classes
    return engine.sparsemax(x, axis)


@operation
def glu(x: TensorLike, axis: int = -1) -> Tensor:
    """The first half of `x` along `axis`, times the sigmoid of the second half.

    Args:
        x: real tensor whose size along `axis` is even.
        axis: the axis that is halved.

    Returns:
        A floating tensor of half the size along `axis`.

    Raises:
        ArgumentError: `axis` is out of range.
        ShapeError: the size along `axis` is odd.

    Reference:
        Dauphin et al., 2017, Language modeling with gated convolutional networks.

    Example:
        >>> from amalthea import ops
        >>> ops.glu([1.0, 2.0, 0.0, 0.0]).tolist()
        [0.5, 1.0]
    """
    engine = current()
    x = floating(engine, x)
    shape = engine.shape_of(x)
    if not shape:
        raise ArgumentError("`glu` needs a tensor of at least one axis. Received a scalar.")
    axis = normalize_axis(axis, len(shape))
    size = shape[axis]
    if size is None:
        return x  # shapes only: half of a size that is not known is not known
    if size % 2:
        raise ShapeError(f"`glu` halves an axis, so its size must be even. Received: axis={axis} of shape {shape}.")
    return engine.glu(x, axis)
