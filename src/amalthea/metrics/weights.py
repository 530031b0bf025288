"""The weights of samples in metrics. They belong to the first axes: one weight a sample, whatever axes follow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from amalthea import ops
from amalthea.errors import ShapeError
from amalthea.losses.arguments import match_ranks
from amalthea.ops.arguments import Tensor, TensorLike


def spread(weights: TensorLike, values: Tensor, dtype: str) -> Tensor:
    """`weights` in the shape of `values`, in `dtype`.

    Raises:
        ShapeError: they have more axes, or sizes that do not fit.
    """
    weights = ops.cast(ops.convert_to_tensor(weights), dtype)
    ndim = len(values.shape)
    if len(weights.shape) == ndim + 1 and weights.shape[-1] == 1:
        weights = ops.squeeze(weights, -1)
    check_leading(weights, values)
    for _ in range(ndim - len(weights.shape)):
        weights = ops.expand_dims(weights, -1)
    return ops.multiply(weights, ops.ones_like(values, dtype=dtype))


def samplewise(values: Tensor, weights: Tensor | None, reduce: Callable[..., Tensor]) -> tuple[Tensor, Tensor | None]:
    """One value a sample, and one weight: the further axes are reduced by `reduce` (`ops.mean`, `ops.sum`), after the values were weighed.

    Raises:
        ShapeError: the weights have more axes, or sizes that do not fit.
    """
    if weights is None:
        return _reduced(values, 1, reduce), None
    values, weights = match_ranks(values, weights)
    if len(weights.shape) == 0:
        return ops.multiply(_reduced(values, 0, reduce), weights), weights
    check_leading(weights, values)
    for _ in range(len(values.shape) - len(weights.shape)):
        weights = ops.expand_dims(weights, -1)
    weights = ops.multiply(weights, ops.ones_like(values))
    return _reduced(ops.multiply(values, weights), 1, reduce), _reduced(weights, 1, ops.mean)


def _reduced(values: Tensor, first: int, reduce: Callable[..., Tensor]) -> Tensor:
    axes = tuple(range(first, len(values.shape)))
    return reduce(values, axis=axes) if axes else values


def size(values: Tensor) -> Any:
    """How many elements `values` has."""
    shape = tuple(values.shape)
    return ops.sum(ops.ones_like(values)) if None in shape else float(math.prod(shape))


def check_leading(weights: Tensor, values: Tensor) -> None:
    """Raise `ShapeError` unless the axes of `weights` are the first ones of `values`, or of size 1."""
    given, shape = tuple(weights.shape), tuple(values.shape)
    if len(given) > len(shape) or any(m not in (n, 1, None) and n is not None for m, n in zip(given, shape, strict=False)):
        raise ShapeError(
            f"`sample_weight` of shape {given} does not fit values of shape {shape}: it must have their first axes, such as {shape[:1]}, "
            "with the same sizes or 1."
        )
