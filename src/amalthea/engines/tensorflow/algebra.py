"""The TensorFlow engine's products, linear algebra and Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from amalthea.engines.protocol import Tensor
from amalthea.engines.tensorflow.arrays import Arrays, as_shape, narrow, sizes_of

_WIDER = {tf.bool: tf.int32, tf.int8: tf.int32, tf.uint8: tf.int32, tf.int16: tf.int32, tf.uint16: tf.int32, tf.uint32: tf.int64, tf.uint64: tf.int64}
"""What products of small integers are formed in: TensorFlow has no kernels for them."""


def _summed(product: Callable[..., Tensor], *xs: Tensor) -> Tensor:
    """A product in a dtype that it has a kernel for."""
    wider = _WIDER.get(xs[0].dtype)
    if wider is None:
        return product(*xs)
    return narrow(product(*(tf.cast(x, wider) for x in xs)), xs[0])


def _matmul(x: Tensor, y: Tensor) -> Tensor:
    rank_x, rank_y = len(x.shape), len(y.shape)
    if rank_x == 1:
        x = tf.expand_dims(x, 0)
    if rank_y == 1:
        y = tf.expand_dims(y, 1)
    if len(x.shape) > 2 and len(y.shape) == 2:
        # The gradient of `y` is a product of matrices then, and not a batch of them that is summed.
        *rows, inner = sizes_of(x)
        z = tf.reshape(tf.matmul(tf.reshape(x, [-1, inner]), y), as_shape([*rows, y.shape[1]]))
    else:
        z = tf.matmul(x, y)
    if rank_y == 1:
        z = tf.squeeze(z, -1)
    return tf.squeeze(z, -1 if rank_y == 1 else -2) if rank_x == 1 else z


def _in_one_batch(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Matrices in batches of one shape."""
    if a.shape[:-2] == b.shape[:-2]:
        return a, b
    batch = np.broadcast_shapes(tuple(a.shape[:-2]), tuple(b.shape[:-2]))
    return tf.broadcast_to(a, (*batch, *a.shape[-2:])), tf.broadcast_to(b, (*batch, *b.shape[-2:]))


class Algebra(Arrays):
    """Products, factorisations, spectra."""

    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        return _summed(_matmul, x, y)

    def einsum(self, subscripts: str, xs: Sequence[Tensor]) -> Tensor:
        return _summed(lambda *xs: tf.einsum(subscripts, *xs), *xs)

    # --- linear algebra ---

    def cholesky(self, x: Tensor) -> Tensor:
        return tf.linalg.cholesky(x)

    def qr(self, x: Tensor, mode: str) -> tuple[Tensor, Tensor]:
        q, r = tf.linalg.qr(x, full_matrices=mode == "complete")
        return q, r

    def svd(self, x: Tensor, full_matrices: bool) -> tuple[Tensor, Tensor, Tensor]:
        s, u, v = tf.linalg.svd(x, full_matrices=full_matrices)
        return u, s, tf.linalg.adjoint(v)

    def svdvals(self, x: Tensor) -> Tensor:
        return tf.linalg.svd(x, compute_uv=False)

    def eigh(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = tf.linalg.eigh(x)
        return values, vectors

    def eig(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = tf.linalg.eig(x)
        return values, vectors

    def solve(self, a: Tensor, b: Tensor) -> Tensor:
        return tf.linalg.solve(*_in_one_batch(a, b))

    def solve_triangular(self, a: Tensor, b: Tensor, lower: bool) -> Tensor:
        return tf.linalg.triangular_solve(*_in_one_batch(a, b), lower=lower)

    def det(self, x: Tensor) -> Tensor:
        return tf.linalg.det(x)

    def slogdet(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sign, logarithm = tf.linalg.slogdet(x)
        return sign, logarithm

    def lu_factor(self, x: Tensor) -> tuple[Tensor, Tensor]:
        # TensorFlow's own takes square matrices that are not singular, and gives no pivots: elimination by hand.
        *batch, m, n = x.shape
        count = min(m, n)
        rows, columns = tf.range(m), tf.range(n)

        def eliminate(step: Tensor, factors: Tensor, pivots: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            column = tf.gather(factors, step, axis=-1)
            pivot = tf.argmax(tf.where(rows >= step, tf.abs(column), tf.constant(-1, tf.abs(column).dtype)), -1, tf.int32)[..., None]
            swapped = tf.where(rows == step, pivot, tf.where(rows == pivot, step, rows))
            factors = tf.gather(factors, swapped, axis=-2, batch_dims=len(batch))
            top = tf.gather(factors, [step], axis=-2)
            divisor = tf.gather(top, [step], axis=-1)
            below = (rows > step)[:, None]
            ratio = tf.where(below, tf.math.divide_no_nan(tf.gather(factors, [step], axis=-1), divisor), tf.zeros([], x.dtype))
            factors = tf.where(below & (columns > step), factors - ratio * top, tf.where(below & (columns == step), ratio, factors))
            return step + 1, factors, tf.where(tf.range(count) == step, pivot, pivots)

        start = tf.constant(0), x, tf.zeros([*batch, count], tf.int32)
        _, factors, pivots = tf.while_loop(lambda step, *_: step < count, eliminate, start)
        return factors, pivots

    def lstsq(self, a: Tensor, b: Tensor, rcond: float | None) -> Tensor:
        a, b = _in_one_batch(a, b)
        s, u, v = tf.linalg.svd(a)
        least = np.finfo(s.dtype.as_numpy_dtype).eps * max(a.shape[-2:]) if rcond is None else rcond
        kept = s > tf.reduce_max(s, -1, keepdims=True) * tf.constant(least, s.dtype)
        inverse = tf.where(kept, 1 / tf.where(kept, s, tf.ones_like(s)), tf.zeros_like(s))
        return tf.matmul(v, tf.cast(inverse, a.dtype)[..., None] * tf.matmul(u, b, adjoint_a=True))

    # --- Fourier ---

    def fft(self, x: Tensor) -> Tensor:
        return tf.signal.fft(x)

    def ifft(self, x: Tensor) -> Tensor:
        return tf.signal.ifft(x)

    def rfft(self, x: Tensor, n: int) -> Tensor:
        return tf.signal.rfft(x, [n])

    def irfft(self, x: Tensor, n: int) -> Any:
        return tf.signal.irfft(x, [n])
