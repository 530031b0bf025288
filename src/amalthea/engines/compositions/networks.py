"""Normalisation, attention, losses on logits."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from amalthea.engines.compositions.contractions import Contractions
from amalthea.engines.protocol import Tensor


class Networks(Contractions):
    """What layers and losses are made of. Half precision is computed in float32 and given back as it came."""

    # --- normalisation -----------------------------------------------------------------------------------

    def along(self, vector: Tensor | None, model: Tensor, axes: Sequence[int]) -> Tensor | None:
        """`vector`, of the sizes of `model` at `axes` (rising), in a shape and dtype that broadcasts with `model`."""
        if vector is None:
            return None
        shape = self.shape_of(model)
        return self.like(self.reshape(vector, tuple(size if i in axes else 1 for i, size in enumerate(shape))), model)

    def _affine(self, x: Tensor, scale: Tensor | None, offset: Tensor | None) -> Tensor:
        if scale is not None:
            x = self.multiply(x, scale)
        return x if offset is None else self.add(x, offset)

    def layer_norm(self, x: Tensor, scale: Tensor | None, offset: Tensor | None, axes: tuple[int, ...], epsilon: float) -> Tensor:
        """`x` with mean 0 and variance 1 over `axes`, times `scale`, plus `offset` (of the sizes of `axes`, or None)."""
        wide = self.widened(x)
        mean, variance = self._moments(wide, axes)
        normal = self.multiply(self.subtract(wide, mean), self.rsqrt(self.add(variance, epsilon)))
        return self.like(self._affine(normal, self.along(scale, wide, axes), self.along(offset, wide, axes)), x)

    def rms_norm(self, x: Tensor, scale: Tensor | None, axes: tuple[int, ...], epsilon: float) -> Tensor:
        """`x` divided by its root mean square over `axes`, times `scale` (of the sizes of `axes`, or None)."""
        wide = self.widened(x)
        power = self.mean(self.square(wide), axes, True)
        normal = self.multiply(wide, self.rsqrt(self.add(power, epsilon)))
        return self.like(self._affine(normal, self.along(scale, wide, axes), None), x)

    def batch_norm(self, x: Tensor, mean: Tensor, variance: Tensor, axis: int, offset: Tensor | None, scale: Tensor | None, epsilon: float) -> Tensor:
        """`(x - mean) / sqrt(variance + epsilon) * scale + offset`, vectors along `axis`."""
        wide = self.widened(x)
        factor = self.rsqrt(self.add(self.like(variance, wide), epsilon))
        if scale is not None:
            factor = self.multiply(factor, self.like(scale, wide))
        shift = self.negative(self.multiply(self.like(mean, wide), factor))
        if offset is not None:
            shift = self.add(shift, self.like(offset, wide))
        return self.like(self._affine(wide, self.along(factor, wide, (axis,)), self.along(shift, wide, (axis,))), x)

    def batch_norm_by_batch(self, x: Tensor, axis: int, offset: Tensor | None, scale: Tensor | None, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
        """`batch_norm` with the mean and variance of `x` itself over all other axes: the result, and the two (Ioffe and Szegedy, 2015)."""
        mean, variance = self.moments(x, tuple(i for i in range(len(self.shape_of(x))) if i != axis), False)
        return self.batch_norm(x, mean, variance, axis, offset, scale, epsilon), mean, variance

    def group_norm(self, x: Tensor, groups: int, axis: int, scale: Tensor | None, offset: Tensor | None, epsilon: float) -> Tensor:
        """Mean 0 and variance 1 over each group of channels (along `axis`) of each sample (Wu and He, 2018)."""
        shape, wide = self.shape_of(x), self.widened(x)
        grouped = self.reshape(wide, (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :]))
        reduced = tuple(i for i in range(1, len(shape) + 1) if i != axis)
        mean, variance = self._moments(grouped, reduced)
        normal = self.multiply(self.subtract(grouped, mean), self.rsqrt(self.add(variance, epsilon)))
        normal = self.reshape(normal, shape)
        return self.like(self._affine(normal, self.along(scale, wide, (axis,)), self.along(offset, wide, (axis,))), x)

    # --- attention ---------------------------------------------------------------------------------------

    def attention_weights(self, query: Tensor, key: Tensor, mask: Tensor | None, bias: Tensor | None, scale: float | None, is_causal: bool) -> Tensor:
        """(batch, heads, target, source): how much each query looks at each key; see `attention`."""
        batch, target, heads, size = self.shape_of(query)
        _, source, shared, _ = self.shape_of(key)
        query = self.multiply(query, 1.0 / math.sqrt(size) if scale is None else scale)
        if heads == shared:
            logits = self.einsum("btnh,bsnh->bnts", [query, key])
        else:
            grouped = self.reshape(query, (batch, target, shared, heads // shared, size))
            logits = self.reshape(self.einsum("btkgh,bskh->bkgts", [grouped, key]), (batch, heads, target, source))
        logits = self.widened(logits)
        if bias is not None:
            logits = self.add(logits, self.like(bias, logits))
        least = -0.7 * float(np.finfo(self.dtype_of(logits)).max)
        if mask is not None:
            logits = self.where(mask, logits, least)
        if is_causal:
            logits = self.where(self.tri(target, source, 0, "bool"), logits, least)
        return self.like(self.softmax(logits, 3), query)

    def attention(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        mask: Tensor | None,
        bias: Tensor | None,
        scale: float | None,
        is_causal: bool,
    ) -> Tensor:
        """Scaled dot-product attention (Vaswani et al., 2017): (batch, target, heads, dim of `value`).

        `query` is (batch, target, heads, dim); `key` and `value` are (batch, source, shared, dim), where
        each of the shared heads serves heads / shared ones. `mask` (bool, True: look) and `bias` broadcast
        with (batch, heads, target, source). `scale` is None for 1 / sqrt(dim).
        """
        weights = self.attention_weights(query, key, mask, bias, scale, is_causal)
        batch, target, heads, _ = self.shape_of(query)
        _, source, shared, size = self.shape_of(value)
        if heads == shared:
            return self.einsum("bnts,bsnh->btnh", [weights, value])
        grouped = self.reshape(weights, (batch, shared, heads // shared, target, source))
        return self.reshape(self.einsum("bkgts,bskh->btkgh", [grouped, value]), (batch, target, heads, size))

    # --- losses on logits --------------------------------------------------------------------------------

    def sparse_cross_entropy(self, labels: Tensor, logits: Tensor, axis: int) -> Tensor:
        """-log of the softmax of `logits` at the integer `labels` (the shape of `logits` without `axis`)."""
        chosen = self.take_along_axis(logits, self.expand_dims(labels, axis), axis)
        return self.subtract(self.logsumexp(logits, (axis,), False), self.squeeze(chosen, (axis,)))

    def cross_entropy(self, target: Tensor, logits: Tensor, axis: int) -> Tensor:
        """`-sum(target * log_softmax(logits))` along `axis`."""
        return self.negative(self.sum(self.multiply(target, self.log_softmax(logits, axis)), (axis,), False))

    def binary_cross_entropy(self, target: Tensor, logits: Tensor) -> Tensor:
        """`-target * log(sigmoid(logits)) - (1 - target) * log(1 - sigmoid(logits))`, without overflow."""
        return self.subtract(self.softplus(logits), self.multiply(target, logits))
