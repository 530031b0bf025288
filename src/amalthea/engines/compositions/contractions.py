"""Products, convolutions, pooling, linear algebra, Fourier transforms of several axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from amalthea.engines.compositions.basics import times
from amalthea.engines.compositions.reductions import Reductions
from amalthea.engines.protocol import Axes, Tensor
from amalthea.errors import ShapeError

Pairs = tuple[tuple[int, int], ...]
Sizes = tuple[int, ...]


class Contractions(Reductions):
    """Products and what slides over space. Tensors of space are (batch, *space, channels)."""

    def dense(self, x: Tensor, kernel: Tensor) -> Tensor:
        """`x` (..., n) times `kernel` (n, m): (..., m)."""
        return self.matmul(x, kernel)

    def tensordot(self, x: Tensor, y: Tensor, axes_x: Sequence[int], axes_y: Sequence[int]) -> Tensor:
        """The sum over pairs of axes: the other axes of `x`, then those of `y`."""
        shape_x, shape_y = self.shape_of(x), self.shape_of(y)
        for i, j in zip(axes_x, axes_y, strict=True):
            if shape_x[i] is not None and shape_y[j] is not None and shape_x[i] != shape_y[j]:
                raise ShapeError(f"tensordot: axis {i} of the shape {shape_x} and axis {j} of {shape_y} differ: {shape_x[i]} and {shape_y[j]}.")
        free_x = [i for i in range(len(shape_x)) if i not in axes_x]
        free_y = [i for i in range(len(shape_y)) if i not in axes_y]
        rows, columns = [shape_x[i] for i in free_x], [shape_y[i] for i in free_y]
        left = self.reshape(self.transpose(x, (*free_x, *axes_x)), (times(*rows), times(*(shape_x[i] for i in axes_x))))  # type: ignore[arg-type]
        right = self.reshape(self.transpose(y, (*axes_y, *free_y)), (times(*(shape_y[i] for i in axes_y)), times(*columns)))  # type: ignore[arg-type]
        return self.reshape(self.matmul(left, right), (*rows, *columns))

    def dot(self, x: Tensor, y: Tensor) -> Tensor:
        """NumPy's `dot`: the last axis of `x` with the last but one of `y` (the only one of a vector); scalars multiply."""
        rank_x, rank_y = len(self.shape_of(x)), len(self.shape_of(y))
        if rank_x == 0 or rank_y == 0:
            return self.multiply(x, y)
        if rank_y <= 2:
            return self.matmul(x, y)
        return self.tensordot(x, y, (rank_x - 1,), (rank_y - 2,))

    def outer(self, x: Tensor, y: Tensor) -> Tensor:
        """(n, m): every element of `x` times every element of `y`."""
        return self.multiply(self.reshape(x, (-1, 1)), self.reshape(y, (1, -1)))

    def trace(self, x: Tensor, offset: int, axis1: int, axis2: int) -> Tensor:
        """The sum of a diagonal."""
        diagonal = self.diagonal(x, offset, axis1, axis2)
        return self.sum(diagonal, (len(self.shape_of(diagonal)) - 1,), False)

    # --- convolution -------------------------------------------------------------------------------------

    def conv_transpose(self, x: Tensor, kernel: Tensor, strides: Sizes, cut: Pairs, dilation: Sizes) -> Tensor:
        """The gradient of a convolution: element i of `x` adds `x[i] * kernel` to the output from `i * stride` on.

        `kernel` is (*window, filters, channels). The full output has `(n - 1) * stride + dilation * (k - 1) + 1`
        elements an axis; `cut` says how many to leave out before and after (a negative number adds zeros).
        """
        space = len(strides)
        flipped = self.swapaxes(self.flip(kernel, tuple(range(space))), space, space + 1)
        window = self.shape_of(kernel)[:space]
        padding = tuple((d * (k - 1) - low, d * (k - 1) - high) for d, k, (low, high) in zip(dilation, window, cut, strict=True))
        return self.conv(x, flipped, (1,) * space, padding, dilation, 1, strides)

    def depthwise_conv(self, x: Tensor, kernel: Tensor, strides: Sizes, padding: Pairs, dilation: Sizes) -> Tensor:
        """Each channel with its own filters: `kernel` (*window, channels, multiplier) gives channels * multiplier."""
        *window, channels, multiplier = self.shape_of(kernel)
        grouped = self.reshape(kernel, (*window, 1, channels * multiplier))
        return self.conv(x, grouped, strides, padding, dilation, channels, (1,) * len(strides))

    def extract_patches(self, x: Tensor, window: Sizes, strides: Sizes, padding: Pairs, dilation: Sizes) -> Tensor:
        """(batch, *space, window * channels): what a convolution's window sees at each place, channels innermost."""
        channels = self.shape_of(x)[-1]
        count = math.prod(window) * channels
        kernel = self.reshape(self.eye(count, count, 0, self.dtype_of(x)), (*window, channels, count))
        return self.conv(x, kernel, strides, padding, dilation, 1, (1,) * len(window))

    def max_pool(self, x: Tensor, window: Sizes, strides: Sizes, padding: Pairs) -> Tensor:
        """The greatest in each window."""
        return self.reduce_window(x, "max", window, strides, padding)

    def avg_pool(self, x: Tensor, window: Sizes, strides: Sizes, padding: Pairs) -> Tensor:
        """The mean of each window; what was padded does not count."""
        total = self.reduce_window(self.widened(x), "sum", window, strides, padding)
        if not any(low or high for low, high in padding):
            return self.like(self.divide(total, float(math.prod(window))), x)
        ones = self.ones((1, *self.shape_of(x)[1:-1], 1), self.dtype_of(total))
        return self.like(self.divide(total, self.reduce_window(ones, "sum", window, strides, padding)), x)

    # --- linear algebra ----------------------------------------------------------------------------------

    def inv(self, x: Tensor) -> Tensor:
        """The inverse of square matrices."""
        n = self.shape_of(x)[-1]
        return self.solve(x, self.broadcast_to(self.eye(n, n, 0, self.dtype_of(x)), self.shape_of(x)))

    def matrix_transpose(self, x: Tensor) -> Tensor:
        """The last two axes exchanged."""
        rank = len(self.shape_of(x))
        return self.swapaxes(x, rank - 2, rank - 1)

    def matrix_power(self, x: Tensor, n: int) -> Tensor:
        """Square matrices to an integer power."""
        if n < 0:
            return self.matrix_power(self.inv(x), -n)
        size = self.shape_of(x)[-1]
        result = None
        while n:
            if n & 1:
                result = x if result is None else self.matmul(result, x)
            n >>= 1
            if n:
                x = self.matmul(x, x)
        return self.broadcast_to(self.eye(size, size, 0, self.dtype_of(x)), self.shape_of(x)) if result is None else result

    def pinv(self, x: Tensor, rcond: float) -> Tensor:
        """The pseudoinverse; singular values below `rcond` of the greatest count as 0."""
        u, s, vh = self.svd(x, False)
        rank = len(self.shape_of(s))
        kept = self.greater(s, self.multiply(self.max(s, (rank - 1,), True), rcond))
        inverse = self.where(kept, self.divide(1.0, self.where(kept, s, 1.0)), 0.0)
        v = self.conjugate(self.matrix_transpose(vh))
        scaled = self.multiply(v, self.like(self.expand_dims(inverse, rank - 1), v))
        return self.matmul(scaled, self.conjugate(self.matrix_transpose(u)))

    def vector_norm(self, x: Tensor, order: float, axis: Axes, keepdims: bool) -> Tensor:
        """The norm of order `order` (0 counts what is not zero; inf and -inf are extremes)."""
        size = self.absolute(x)
        if order == math.inf:
            return self.max(size, axis, keepdims)
        if order == -math.inf:
            return self.min(size, axis, keepdims)
        if order == 0:
            return self.sum(self.cast(self.not_equal(size, 0.0), self.dtype_of(size)), axis, keepdims)
        if order == 1:
            return self.sum(size, axis, keepdims)
        if order == 2:
            return self.sqrt(self.sum(self.square(size), axis, keepdims))
        return self.power(self.sum(self.power(size, float(order)), axis, keepdims), 1.0 / order)

    def matrix_norm(self, x: Tensor, order: str | float, axes: tuple[int, int], keepdims: bool) -> Tensor:
        """Norms of matrices: "fro", "nuc", 1, -1, 2, -2, inf, -inf, over the axes (rows, columns)."""
        if order == "fro":
            return self.vector_norm(x, 2, axes, keepdims)
        rank = len(self.shape_of(x))
        last = self.moveaxis(x, axes, (rank - 2, rank - 1))
        if order in ("nuc", 2, -2):
            values = self.svdvals(last)
            reduce = self.sum if order == "nuc" else self.max if order == 2 else self.min
            norm = reduce(values, (rank - 2,), False)
        else:
            sums = self.sum(self.absolute(last), (rank - 2 if abs(float(order)) == 1 else rank - 1,), False)
            norm = (self.max if float(order) > 0 else self.min)(sums, (rank - 2,), False)
        return self.expand_dims(norm, axes) if keepdims else norm

    # --- Fourier -----------------------------------------------------------------------------------------

    def fft2(self, x: Tensor) -> Tensor:
        """The transform of the last two axes, complex to complex."""
        return self.matrix_transpose(self.fft(self.matrix_transpose(self.fft(x))))

    def ifft2(self, x: Tensor) -> Tensor:
        """The inverse of `fft2`."""
        return self.matrix_transpose(self.ifft(self.matrix_transpose(self.ifft(x))))
