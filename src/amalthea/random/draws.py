"""Random draws as tensors of the engine in use.

Each takes `seed`: None (the process's own generator, which `amalthea.utils.set_random_seed` sets), an integer (the same numbers
at every call), or a `SeedGenerator` (other numbers at every call).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from amalthea import dtypes
from amalthea.engines.registry import current
from amalthea.engines.sizes import whole
from amalthea.errors import ArgumentError, ShapeError
from amalthea.ops.arguments import Tensor, TensorLike, as_shape, as_size, as_tensor, floating, normalize_axis
from amalthea.ops.operation import operation
from amalthea.random.seed import SeedGenerator, draw_seed

Seed = int | SeedGenerator | None
Shape = tuple[Any, ...]  # sizes, among them None where a model is being described


@operation
def normal(shape: Sequence[int], mean: TensorLike = 0.0, stddev: TensorLike = 1.0, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Draw from a normal distribution.

    Args:
        shape: the shape of the result.
        mean: the mean; a number, or a tensor that broadcasts with `shape`.
        stddev: the standard deviation; likewise.
        dtype: a floating or complex dtype; by default `config.floatx()`. Complex numbers have variance `stddev**2` in all.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of `shape`.

    Raises:
        ArgumentError: `dtype` is neither floating nor complex.

    Example:
        >>> import amalthea
        >>> amalthea.random.normal((2, 3), mean=5.0, seed=1).shape
        (2, 3)
    """
    engine, sizes = current(), as_shape(current(), shape)
    dtype = dtypes.standardize_dtype(dtype)
    key = draw_seed(seed)
    if dtypes.is_complex(dtype):
        part = "float32" if dtype == "complex64" else "float64"
        real = engine.random_normal(engine.random_fold(key, 0), sizes, part)
        draw = engine.complex(real, engine.random_normal(engine.random_fold(key, 1), sizes, part))
        draw = engine.multiply(draw, math.sqrt(0.5))
    else:
        draw = engine.random_normal(key, sizes, _floating_dtype("normal", dtype, "floating or complex"))
    return _scaled(draw, stddev, mean)


@operation
def uniform(shape: Sequence[int], minval: TensorLike = 0.0, maxval: TensorLike = 1.0, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Draw from a uniform distribution over [minval, maxval).

    Args:
        shape: the shape of the result.
        minval: the least value; a number, or a tensor that broadcasts with `shape`.
        maxval: the value that all stay below; likewise.
        dtype: a floating dtype; by default `config.floatx()`. For integers there is `randint`.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of `shape`.

    Raises:
        ArgumentError: `dtype` is not floating.

    Example:
        >>> import amalthea
        >>> x = amalthea.random.uniform((100,), -1.0, 1.0, seed=1)
        >>> bool((x >= -1).all() and (x < 1).all())
        True
    """
    engine, sizes = current(), as_shape(current(), shape)
    dtype = _floating_dtype("uniform", dtypes.standardize_dtype(dtype))
    draw = engine.random_uniform(draw_seed(seed), sizes, dtype)
    if _is_number(minval) and _is_number(maxval):
        return _scaled(draw, float(maxval) - float(minval), minval)
    low, high = as_tensor(engine, minval, dtype), as_tensor(engine, maxval, dtype)
    return _scaled(draw, engine.subtract(high, low), low)


@operation
def randint(shape: Sequence[int], minval: int, maxval: int, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """Draw integers from [minval, maxval), all alike probable.

    Args:
        shape: the shape of the result.
        minval: the least value.
        maxval: the value that all stay below.
        dtype: an integer dtype.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of `shape`.

    Raises:
        ArgumentError: `dtype` is no integer dtype, or there is no integer between the bounds.

    Example:
        >>> import amalthea
        >>> sorted(set(amalthea.random.randint((100,), 1, 4, seed=1).tolist()))
        [1, 2, 3]
    """
    sizes = as_shape(current(), shape)
    dtype = dtypes.standardize_dtype(dtype)
    if not dtypes.is_int(dtype):
        raise ArgumentError(f"`randint` needs an integer `dtype`. Received: dtype={dtype!r}. For floating numbers there is `uniform`.")
    low, high = int(minval), int(maxval)
    if low >= high:
        raise ArgumentError(f"`maxval` must exceed `minval`. Received: minval={minval}, maxval={maxval}.")
    return current().random_integers(draw_seed(seed), sizes, low, high, dtype)


@operation
def truncated_normal(shape: Sequence[int], mean: TensorLike = 0.0, stddev: TensorLike = 1.0, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Draw from a normal distribution cut off two standard deviations from the mean.

    Args:
        shape: the shape of the result.
        mean: the mean; a number, or a tensor that broadcasts with `shape`.
        stddev: the standard deviation before the cut; likewise.
        dtype: a floating dtype; by default `config.floatx()`.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of `shape`.

    Raises:
        ArgumentError: `dtype` is not floating.

    Example:
        >>> import amalthea
        >>> bool(abs(amalthea.random.truncated_normal((1000,), seed=1)).max() <= 2)
        True
    """
    engine, sizes = current(), as_shape(current(), shape)
    dtype = _floating_dtype("truncated_normal", dtypes.standardize_dtype(dtype))
    return _scaled(engine.random_truncated_normal(draw_seed(seed), sizes, dtype), stddev, mean)


@operation
def categorical(logits: TensorLike, num_samples: int, dtype: Any = "int32", seed: Seed = None) -> Tensor:
    """Draw classes with the probabilities that `softmax(logits)` gives.

    Args:
        logits: tensor of shape (batch, classes).
        num_samples: how many draws each row gets.
        dtype: the dtype of the result.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of shape (batch, num_samples), of class numbers.

    Raises:
        ShapeError: `logits` has not two axes.

    Example:
        >>> import amalthea
        >>> amalthea.random.categorical([[0.0, 50.0], [50.0, 0.0]], 3, seed=1).tolist()
        [[1, 1, 1], [0, 0, 0]]
    """
    engine = current()
    logits = floating(engine, logits)
    if len(logits.shape) != 2:
        raise ShapeError(f"`logits` must have shape (batch, classes). Received a tensor of shape {tuple(logits.shape)}.")
    return engine.random_categorical(draw_seed(seed), logits, whole(num_samples, "num_samples"), dtypes.standardize_dtype(dtype))


@operation
def dropout(inputs: TensorLike, rate: float, noise_shape: Sequence[int | None] | None = None, seed: Seed = None) -> Tensor:
    """Set a random share of the elements to zero, and scale the others up by `1 / (1 - rate)`, so that the mean stays.

    Args:
        inputs: floating tensor of any shape.
        rate: the share that becomes zero, in [0, 1].
        noise_shape: the shape in which is drawn what stays: it broadcasts with that of `inputs`, and elements along an axis of
            size 1 share their fate. None stands for the size of `inputs`.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of the shape and dtype of `inputs`.

    Raises:
        ArgumentError: `rate` is out of range.
        ShapeError: `noise_shape` does not broadcast with the shape of `inputs`.

    Reference:
        Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014.

    Example:
        >>> import amalthea
        >>> x = amalthea.random.dropout(amalthea.ops.ones((1000,)), rate=0.5, seed=1)
        >>> sorted(set(x.tolist()))
        [0.0, 2.0]
    """
    if not 0 <= rate <= 1:
        raise ArgumentError(f"`rate` must be in [0, 1]. Received: rate={rate}.")
    engine = current()
    inputs = floating(engine, inputs)
    return engine.dropout(draw_seed(seed), inputs, float(rate), _noise_shape(noise_shape, engine.shape_of(inputs)))


@operation
def shuffle(x: TensorLike, axis: int = 0, seed: Seed = None) -> Tensor:
    """Bring the parts of `x` along an axis into a random order.

    Args:
        x: tensor of any dtype, with at least one axis.
        axis: the axis.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of the shape and dtype of `x`.

    Example:
        >>> import amalthea
        >>> sorted(amalthea.random.shuffle([1, 2, 3], seed=1).tolist())
        [1, 2, 3]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.random_shuffle(draw_seed(seed), x, normalize_axis(axis, len(x.shape)))


@operation
def gamma(shape: Sequence[int], alpha: TensorLike, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Draw from a gamma distribution of rate 1.

    Args:
        shape: the shape of the result.
        alpha: the shape parameter (the mean), positive; a number, or a tensor that broadcasts with `shape`.
        dtype: a floating dtype; by default `config.floatx()`.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of `shape`.

    Raises:
        ArgumentError: `dtype` is not floating.

    Example:
        >>> import amalthea
        >>> bool((amalthea.random.gamma((100,), 0.5, seed=1) >= 0).all())
        True
    """
    engine, sizes = current(), as_shape(current(), shape)
    dtype = _floating_dtype("gamma", dtypes.standardize_dtype(dtype))
    return engine.random_gamma(draw_seed(seed), _spread(alpha, sizes, dtype))


@operation
def beta(shape: Sequence[int], alpha: TensorLike, beta: TensorLike, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Draw from a beta distribution.

    Args:
        shape: the shape of the result.
        alpha: the first parameter, positive; a number, or a tensor that broadcasts with `shape`.
        beta: the second parameter; likewise.
        dtype: a floating dtype; by default `config.floatx()`.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of `shape`, of numbers between 0 and 1.

    Raises:
        ArgumentError: `dtype` is not floating.

    Example:
        >>> import amalthea
        >>> x = amalthea.random.beta((100,), 2.0, 3.0, seed=1)
        >>> bool((x >= 0).all() and (x <= 1).all())
        True
    """
    engine, sizes = current(), as_shape(current(), shape)
    dtype = _floating_dtype("beta", dtypes.standardize_dtype(dtype))
    return engine.random_beta(draw_seed(seed), _spread(alpha, sizes, dtype), _spread(beta, sizes, dtype))


@operation
def binomial(shape: Sequence[int], counts: TensorLike, probabilities: TensorLike, dtype: Any = None, seed: Seed = None) -> Tensor:
    """Draw from a binomial distribution: how many of `counts` trials succeed.

    Args:
        shape: the shape of the result.
        counts: the number of trials; a number, or a tensor that broadcasts with `shape`.
        probabilities: the probability that one succeeds; likewise.
        dtype: a floating dtype; by default `config.floatx()`.
        seed: None, an integer or a `SeedGenerator`.

    Returns:
        A tensor of `shape`, of whole numbers.

    Raises:
        ArgumentError: `dtype` is not floating.

    Example:
        >>> import amalthea
        >>> amalthea.random.binomial((3,), 5, 1.0, seed=1).tolist()
        [5.0, 5.0, 5.0]
    """
    engine, sizes = current(), as_shape(current(), shape)
    dtype = _floating_dtype("binomial", dtypes.standardize_dtype(dtype))
    return engine.random_binomial(draw_seed(seed), _spread(counts, sizes, dtype), _spread(probabilities, sizes, dtype))


def _floating_dtype(function: str, dtype: str, kinds: str = "floating") -> str:
    if not dtypes.is_float(dtype):
        raise ArgumentError(f"`{function}` needs a {kinds} `dtype`. Received: dtype={dtype!r}.")
    return dtype


def _is_number(x: TensorLike) -> bool:
    return isinstance(x, (int, float))


def _scaled(draw: Tensor, scale: TensorLike, shift: TensorLike) -> Tensor:
    """`draw * scale + shift`, without the operations that change nothing."""
    engine = current()
    if not (_is_number(scale) and scale == 1):
        draw = engine.multiply(draw, _operand(scale, draw))
    return draw if _is_number(shift) and shift == 0 else engine.add(draw, _operand(shift, draw))


def _operand(x: TensorLike, draw: Tensor) -> Any:
    engine = current()
    return float(x) if _is_number(x) else as_tensor(engine, x, engine.dtype_of(draw))


def _spread(parameter: TensorLike, shape: Shape, dtype: str) -> Tensor:
    engine = current()
    return engine.broadcast_to(as_tensor(engine, parameter, dtype), shape)


def _noise_shape(noise_shape: Sequence[int | None] | None, shape: Shape) -> Shape:
    if noise_shape is None:
        return shape
    sizes = tuple(as_size(current(), size, "noise_shape") for size in noise_shape)
    offset = len(shape) - len(sizes)
    filled = tuple(shape[offset + axis] if size is None and offset + axis >= 0 else size for axis, size in enumerate(sizes))
    fits = all(size in (1, shape[offset + axis]) or shape[offset + axis] is None for axis, size in enumerate(filled) if offset + axis >= 0)
    if offset < 0 or not fits:
        raise ShapeError(f"`noise_shape` must broadcast with the shape of `inputs`. Received: noise_shape={sizes} for inputs of shape {shape}.")
    return filled
