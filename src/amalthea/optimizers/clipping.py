"""Bounds on gradients."""

from __future__ import annotations

from collections.abc import Sequence

from amalthea import ops
from amalthea.ops.arguments import Tensor


def norm(x: Tensor) -> Tensor:
    """The Euclidean norm of all elements: a scalar, at least of float32."""
    return ops.sqrt(_sum_of_squares(x))


def by_value(gradients: Sequence[Tensor], bound: float) -> list[Tensor]:
    """Each element held between `-bound` and `bound`."""
    return [ops.clip(g, -bound, bound) for g in gradients]


def by_norm(gradients: Sequence[Tensor], bound: float) -> list[Tensor]:
    """Each gradient scaled down so that its norm is at most `bound`."""
    return [g * _factor(norm(g), bound, g) for g in gradients]


def by_global_norm(gradients: Sequence[Tensor], bound: float) -> list[Tensor]:
    """All gradients scaled down by one factor so that their common norm is at most `bound`.

    Reference:
        Pascanu et al., "On the difficulty of training recurrent neural networks", 2013.
    """
    total = ops.sqrt(ops.sum(ops.stack([_sum_of_squares(g) for g in gradients])))
    return [g * _factor(total, bound, g) for g in gradients]


def _sum_of_squares(x: Tensor) -> Tensor:
    # Squares of half precision overflow at 256.
    wide = ops.cast(x, "float32") if ops.dtype(x) in ("float16", "bfloat16") else x
    return ops.sum(ops.square(wide))


def _factor(norm: Tensor, bound: float, gradient: Tensor) -> Tensor:
    return ops.cast(bound / ops.maximum(norm, bound), ops.dtype(gradient))
