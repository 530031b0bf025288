"""From the values of single samples to one number: weights, masks, and the ways to reduce."""

from __future__ import annotations

from typing import Any

from amalthea import ops
from amalthea.errors import ArgumentError, nearest
from amalthea.losses.arguments import weighed
from amalthea.ops.arguments import Tensor, TensorLike

REDUCTIONS = ("sum_over_batch_size", "mean", "mean_with_sample_weight", "sum", "none", None)
_AVERAGES = ("sum_over_batch_size", "mean")


def check_reduction(reduction: Any) -> str | None:
    """`reduction`, if it is one.

    Raises:
        ArgumentError: it is not.
    """
    if reduction not in REDUCTIONS:
        names = [name for name in REDUCTIONS if name is not None]
        proposal = nearest(reduction, names) if isinstance(reduction, str) else ""
        raise ArgumentError(f"`reduction` must be one of {', '.join(map(repr, names))}, or None. Received: {reduction!r}.{proposal}")
    return reduction  # type: ignore[no-any-return]


def reduce_weighted_values(
    values: TensorLike,
    sample_weight: TensorLike | None = None,
    mask: TensorLike | None = None,
    reduction: str | None = "sum_over_batch_size",
    dtype: str = "float32",
) -> Tensor:
    """The values, weighed, without those that the mask takes out, reduced.

    Args:
        values: a value for each sample (and step): tensor.
        sample_weight: tensor that broadcasts with `values`.
        mask: tensor that broadcasts with `values`; False (or 0) takes a value out.
        reduction: "sum_over_batch_size" or "mean" divide by the number of values that are not masked; "mean_with_sample_weight" divides by
            the sum of the weights as they were given; "sum" divides by nothing; "none" or None leaves the values as they are.
        dtype: in which to compute.

    Returns:
        A scalar, or a tensor of the values if they are not reduced.

    Raises:
        ShapeError: weights or mask do not fit the values.
    """
    values = ops.cast(ops.convert_to_tensor(values), dtype)
    weights = None if sample_weight is None else ops.cast(ops.convert_to_tensor(sample_weight), dtype)
    if mask is not None:
        weights = masked(weights, mask, dtype, average=reduction in _AVERAGES)
    if weights is not None:
        values, weights = weighed(values, weights)
        values = ops.multiply(values, weights)
    if reduction is None or reduction == "none":
        return values
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(ops.sum(values), ops.sum(weights))
    return ops.mean(values)


def masked(weights: Tensor | None, mask: TensorLike, dtype: str, average: bool) -> Tensor:
    """Weights in which what `mask` takes out counts nothing.

    With `average` the rest counts more in proportion, so that a mean over all values is one over those that remain.
    """
    kept = ops.cast(ops.convert_to_tensor(mask), dtype)
    if average:
        kept = ops.divide_no_nan(kept, ops.mean(kept))
    if weights is None:
        return kept
    kept, weights = weighed(kept, weights)
    return ops.multiply(kept, weights)
