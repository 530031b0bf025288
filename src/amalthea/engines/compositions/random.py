"""Random draws composed of uniform ones. A key is uint32 [2]; the same key gives the same numbers."""

from __future__ import annotations

import math

import numpy as np

from amalthea.engines.compositions.networks import Networks
from amalthea.engines.protocol import Scalar, Shape, Tensor


class Random(Networks):
    """Draws. Half precision is drawn in float32 and rounded."""

    def random_fold(self, key: Tensor, n: int) -> Tensor:
        """Another key, for the `n`-th draw of several from one key."""
        # Words far from each other, so that no key that a counter reaches soon is met again.
        words = np.random.SeedSequence(n).generate_state(2)
        return self.bitwise_xor(key, self.from_host(words, "uint32"))

    def _uniform(self, key: Tensor, shape: Shape) -> Tensor:
        return self.random_uniform(key, shape, "float32")

    def random_truncated_normal(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        """Normal with mean 0 and deviation 1, drawn again beyond 2 (the deviation of what comes is about 0.88)."""
        edge = math.erf(2.0 / math.sqrt(2.0))
        u = self.subtract(self.multiply(self._uniform(key, shape), 2.0 * edge), edge)
        return self.cast(self.clip(self.multiply(self.erfinv(u), math.sqrt(2.0)), -2.0, 2.0), dtype)

    def random_exponential(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        """Exponential of rate 1."""
        return self.cast(self.negative(self.log1p(self.negative(self._uniform(key, shape)))), dtype)

    def random_gumbel(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        """Gumbel, location 0 and scale 1."""
        u = self.maximum(self._uniform(key, shape), float(np.finfo(np.float32).tiny))
        return self.cast(self.negative(self.log(self.negative(self.log(u)))), dtype)

    def random_categorical(self, key: Tensor, logits: Tensor, count: int, dtype: str) -> Tensor:
        """(batch, count): integers drawn as the softmax of `logits` (batch, classes) says."""
        batch, classes = self.shape_of(logits)
        noise = self.random_gumbel(key, (batch, count, classes), "float32")
        scores = self.add(self.expand_dims(self.cast(logits, "float32"), 1), noise)
        return self.cast(self.argmax(scores, 2, False), dtype)

    def random_bernoulli(self, key: Tensor, probability: Scalar | Tensor, shape: Shape) -> Tensor:
        """bool: True with the given probability (float32, which broadcasts with `shape`)."""
        return self.less(self._uniform(key, shape), probability)

    def random_beta(self, key: Tensor, alpha: Tensor, beta: Tensor) -> Tensor:
        """One draw for each element of `alpha` and `beta`, which have one shape."""
        x = self.random_gamma(self.random_fold(key, 0), alpha)
        y = self.random_gamma(self.random_fold(key, 1), beta)
        return self.divide(x, self.add(x, y))

    def random_shuffle(self, key: Tensor, x: Tensor, axis: int) -> Tensor:
        """`x` with its parts along `axis` in a random order."""
        return self.take(x, self.random_permutation(key, self.shape_of(x)[axis]), axis)

    def dropout(self, key: Tensor, x: Tensor, rate: float, noise_shape: Shape) -> Tensor:
        """`x` with zeros at a share `rate` of `noise_shape` (which broadcasts with `x`), the rest scaled up by 1 / (1 - rate)."""
        if rate >= 1.0:
            return self.zeros_like(x)
        kept = self.random_bernoulli(key, 1.0 - rate, noise_shape)
        return self.where(kept, self.multiply(x, 1.0 / (1.0 - rate)), 0.0)
