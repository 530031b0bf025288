"""Reductions, softmax, quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea.engines.compositions.elementwise import Elementwise
from amalthea.engines.compositions.shaping import Shaping
from amalthea.engines.protocol import Axes, Tensor


def axes_of(axis: int | Axes) -> Axes:
    """One axis, or a tuple of them, or None, as `Axes`."""
    return (axis,) if isinstance(axis, int) else axis


class Reductions(Elementwise, Shaping):
    """Reductions. `axis: Axes` is None for all axes, or a tuple; half precision is summed in float32."""

    def moments(self, x: Tensor, axes: Axes, keepdims: bool) -> tuple[Tensor, Tensor]:
        """Mean and variance, floating."""
        mean, variance = self._moments(self.widened(x), axes)
        if not keepdims:
            mean, variance = (self._drop(m, axes) for m in (mean, variance))
        return self.like(mean, x), self.like(variance, x)

    def _moments(self, x: Tensor, axes: Axes) -> tuple[Tensor, Tensor]:
        mean = self.mean(x, axes, True)
        return mean, self.mean(self.square(self.subtract(x, mean)), axes, True)

    def _drop(self, x: Tensor, axes: Axes) -> Tensor:
        return self.squeeze(x, range(len(self.shape_of(x))) if axes is None else axes)

    def var(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """Variance (of all, not of all but one); floating, or complex to real."""
        wide = self.widened(x)
        gap = self.absolute(self.subtract(wide, self.mean(wide, axis, True)))
        variance = self.mean(self.square(gap), axis, keepdims)
        return self.cast(variance, self.dtype_of(x)) if wide is not x else variance

    def std(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """Standard deviation."""
        return self.sqrt(self.var(x, axis, keepdims))

    def ptp(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """The greatest less the least."""
        return self.subtract(self.max(x, axis, keepdims), self.min(x, axis, keepdims))

    def count_nonzero(self, x: Tensor, axis: Axes, keepdims: bool = False) -> Tensor:
        """int32: how many elements are not zero."""
        return self.sum(self.cast(self.cast(x, "bool"), "int32"), axis, keepdims)

    def logsumexp(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """`log(sum(exp(x)))` without overflow; where all are -inf, -inf (and the gradient 0)."""
        wide = self.widened(x)
        top = self.stop_gradient(self.max(wide, axis, True))
        top = self.where(self.isfinite(top), top, 0.0)
        total = self.sum(self.exp(self.subtract(wide, top)), axis, True)
        none = self.equal(total, 0.0)
        result = self.where(none, -math.inf, self.add(self.log(self.where(none, 1.0, total)), top))
        return self.like(result if keepdims else self._drop(result, axis), x)

    def softmax(self, x: Tensor, axis: int | Axes) -> Tensor:
        """`exp(x)` divided by its sum along `axis` (one, several, or None for all)."""
        wide, axes = self.widened(x), axes_of(axis)
        powers = self.exp(self.subtract(wide, self.stop_gradient(self.max(wide, axes, True))))
        return self.like(self.divide(powers, self.sum(powers, axes, True)), x)

    def log_softmax(self, x: Tensor, axis: int | Axes) -> Tensor:
        """The logarithm of `softmax`."""
        wide, axes = self.widened(x), axes_of(axis)
        shifted = self.subtract(wide, self.stop_gradient(self.max(wide, axes, True)))
        return self.like(self.subtract(shifted, self.log(self.sum(self.exp(shifted), axes, True))), x)

    def sparsemax(self, x: Tensor, axis: int) -> Tensor:
        """The point of the simplex nearest to `x` along `axis` (Martins and Astudillo, 2016)."""
        size = self.shape_of(x)[axis]
        falling = self.flip(self.sort(x, axis), (axis,))
        rank = self.reshape(self.arange(1, size + 1, 1, self.dtype_of(x)), (size,) + (1,) * (len(self.shape_of(x)) - 1 - axis))
        inside = self.greater(self.add(self.multiply(rank, falling), 1.0), self.cumsum(falling, axis))
        count = self.sum(self.cast(inside, self.dtype_of(x)), (axis,), True)
        excess = self.subtract(self.sum(self.where(inside, falling, 0.0), (axis,), True), 1.0)
        return self.relu(self.subtract(x, self.divide(excess, count)))

    def glu(self, x: Tensor, axis: int) -> Tensor:
        """The first half of `x` along `axis` times the sigmoid of the second."""
        size = self.shape_of(x)[axis]
        first, second = self.split(x, (size // 2, size - size // 2), axis)
        return self.multiply(first, self.sigmoid(second))

    # --- sorted values -----------------------------------------------------------------------------------

    def median(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """The middle value, or the mean of the two in the middle; floating. NaN wins."""
        return self.quantile(x, 0.5, axis, "midpoint", keepdims)

    def quantile(self, x: Tensor, q: float | Sequence[float], axis: Axes, method: str, keepdims: bool) -> Tensor:
        """The values below which the shares `q` of `x` lie (floating); NaN wins. Several `q` come as a first axis.

        `method` says what stands between two values: "linear", "lower", "higher", "midpoint" or "nearest".
        """
        rank = len(self.shape_of(x))
        axes = tuple(range(rank)) if axis is None else axis
        rest = tuple(i for i in range(rank) if i not in axes)
        shape = self.shape_of(x)
        columns = self.flatten_from(self.transpose(x, (*rest, *axes)), len(rest))
        ordered = self.sort(columns, len(rest))
        count = self.shape_of(ordered)[-1]
        spoilt = self.any(self.isnan(columns), (len(rest),), False)
        results = []
        for share in [q] if isinstance(q, int | float) else q:
            low, high, weight = _between(share, count, method)
            value = self.index_axis(ordered, len(rest), low)
            if weight:
                upper = self.index_axis(ordered, len(rest), high)
                value = self.add(self.multiply(value, 1.0 - weight), self.multiply(upper, weight))
            value = self.where(spoilt, math.nan, value)
            results.append(self.reshape(value, tuple(1 if i in axes else size for i, size in enumerate(shape))) if keepdims else value)
        return results[0] if isinstance(q, int | float) else self.stack(results, 0)

    def bincount(self, x: Tensor, weights: Tensor | None, length: int) -> Tensor:
        """(length,): how often each integer below `length` occurs in the vector `x` (int32), or the sum of its weights."""
        if weights is None:
            weights = self.ones_like(x, "int32")
        return self.segment(weights, x, length, "add")


def _between(share: float, count: int, method: str) -> tuple[int, int, float]:
    """Which two of `count` sorted values a quantile lies between, and the weight of the second."""
    place = share * (count - 1)
    low = math.floor(place)
    high = min(low + 1, count - 1)
    weights: dict[str, Any] = {
        "linear": place - low,
        "lower": 0.0,
        "higher": 1.0 if place > low else 0.0,
        "midpoint": 0.5 if place > low else 0.0,
        "nearest": float(np.round(place) - low),
    }
    return low, high, weights[method]
