"""Elementwise functions and activations."""

from __future__ import annotations

import math

from amalthea.engines.compositions.basics import Basics
from amalthea.engines.protocol import Scalar, Tensor

SELU_ALPHA = 1.6732632423543772
SELU_SCALE = 1.0507009873554805


class Elementwise(Basics):
    """Elementwise compositions. Unless said otherwise: floating in, same dtype out."""

    def square(self, x: Tensor) -> Tensor:
        """`x * x`, any numeric dtype."""
        return self.multiply(x, x)

    def reciprocal(self, x: Tensor) -> Tensor:
        """`1 / x`."""
        return self.divide(1.0, x)

    def isinf(self, x: Tensor) -> Tensor:
        """bool: whether infinite, of either sign."""
        return self.logical_not(self.logical_or(self.isfinite(x), self.isnan(x)))

    def isposinf(self, x: Tensor) -> Tensor:
        """bool: whether plus infinity."""
        return self.equal(x, math.inf)

    def isneginf(self, x: Tensor) -> Tensor:
        """bool: whether minus infinity."""
        return self.equal(x, -math.inf)

    def logical_xor(self, x: Tensor, y: Tensor) -> Tensor:
        """bool: whether exactly one of two bools holds."""
        return self.not_equal(x, y)

    def clip(self, x: Tensor, low: Scalar | Tensor, high: Scalar | Tensor) -> Tensor:
        """`x` held between `low` and `high`, any real dtype; NaN stays."""
        return self.minimum(self.maximum(x, low), high)

    def exp2(self, x: Tensor) -> Tensor:
        """2 to the power of `x`."""
        return self.power(2.0, x)

    def cbrt(self, x: Tensor) -> Tensor:
        """The real cube root."""
        return self.multiply(self.sign(x), self.power(self.absolute(x), 1.0 / 3.0))

    def sinc(self, x: Tensor) -> Tensor:
        """`sin(pi x) / (pi x)`, 1 at 0."""
        zero = self.equal(x, 0.0)
        angle = self.where(zero, 1.0, self.multiply(x, math.pi))
        return self.where(zero, 1.0, self.divide(self.sin(angle), angle))

    def angle(self, x: Tensor) -> Tensor:
        """The argument of complex numbers, in radians; for real ones 0 or pi."""
        return self.arctan2(self.imag(x), self.real(x))

    def heaviside(self, x: Tensor, middle: Scalar | Tensor) -> Tensor:
        """0 below 0, 1 above, `middle` at 0; NaN stays."""
        step = self.where(self.greater(x, 0.0), 1.0, self.where(self.less(x, 0.0), 0.0, x))
        return self.where(self.equal(x, 0.0), middle, step)

    def nan_to_num(self, x: Tensor, nan: Scalar, posinf: Scalar, neginf: Scalar) -> Tensor:
        """`x` with NaN and the infinities replaced."""
        x = self.where(self.isnan(x), nan, x)
        x = self.where(self.isposinf(x), posinf, x)
        return self.where(self.isneginf(x), neginf, x)

    def isclose(self, x: Tensor, y: Tensor, rtol: float, atol: float, equal_nan: bool) -> Tensor:
        """bool: whether `|x - y| <= atol + rtol * |y|`; equal infinities are close."""
        near = self.less_equal(self.absolute(self.subtract(x, y)), self.add(self.multiply(self.absolute(y), rtol), atol))
        near = self.logical_or(self.equal(x, y), self.logical_and(near, self.isfinite(y)))
        if equal_nan:
            near = self.logical_or(near, self.logical_and(self.isnan(x), self.isnan(y)))
        return near

    def divide_no_nan(self, x: Tensor, y: Tensor) -> Tensor:
        """`x / y`, 0 where `y` is 0 (its gradient too)."""
        zero = self.equal(y, 0.0)
        return self.where(zero, 0.0, self.divide(x, self.where(zero, 1.0, y)))

    def hypot(self, x: Tensor, y: Tensor) -> Tensor:
        """`sqrt(x**2 + y**2)` without overflow; infinite if one of them is."""
        x, y = self.absolute(x), self.absolute(y)
        large, small = self.maximum(x, y), self.minimum(x, y)
        plain = self.logical_and(self.greater(large, 0.0), self.isfinite(large))
        ratio = self.divide(self.where(plain, small, 0.0), self.where(plain, large, 1.0))
        length = self.multiply(large, self.sqrt(self.add(self.square(ratio), 1.0)))
        return self.where(self.logical_or(self.isinf(x), self.isinf(y)), math.inf, length)

    def logaddexp(self, x: Tensor, y: Tensor) -> Tensor:
        """`log(exp(x) + exp(y))` without overflow; two equal infinities give that infinity."""
        # Chosen by `where`: the gradients of `maximum` and `absolute` where two are equal differ among engines.
        first = self.greater(x, y)
        top, other = self.where(first, x, y), self.where(first, y, x)
        both_infinite = self.logical_and(self.equal(x, y), self.isinf(x))
        gap = self.where(both_infinite, 0.0, self.subtract(other, top))
        return self.add(top, self.log1p(self.exp(gap)))

    def logaddexp2(self, x: Tensor, y: Tensor) -> Tensor:
        """`log2(2**x + 2**y)` without overflow."""
        scale = math.log(2.0)
        return self.divide(self.logaddexp(self.multiply(x, scale), self.multiply(y, scale)), scale)

    # --- activations -------------------------------------------------------------------------------------

    def relu(self, x: Tensor) -> Tensor:
        """`max(x, 0)`, any real dtype; the gradient at 0 is 0."""
        return self.where(self.less_equal(x, 0), 0, x)

    def relu6(self, x: Tensor) -> Tensor:
        """`min(max(x, 0), 6)`, any real dtype."""
        return self.minimum(self.relu(x), 6)

    def leaky_relu(self, x: Tensor, negative_slope: float) -> Tensor:
        """`x` where positive, else `negative_slope * x`."""
        return self.where(self.greater_equal(x, 0.0), x, self.multiply(x, negative_slope))

    def elu(self, x: Tensor, alpha: float) -> Tensor:
        """`x` where positive, else `alpha * (exp(x) - 1)`."""
        positive = self.greater(x, 0.0)
        return self.where(positive, x, self.multiply(self.expm1(self.where(positive, 0.0, x)), alpha))

    def selu(self, x: Tensor) -> Tensor:
        """The scaled `elu` that keeps mean 0 and variance 1 (Klambauer et al., 2017)."""
        return self.multiply(self.elu(x, SELU_ALPHA), SELU_SCALE)

    def celu(self, x: Tensor, alpha: float) -> Tensor:
        """`x` where positive, else `alpha * (exp(x / alpha) - 1)` (Barron, 2017)."""
        positive = self.greater(x, 0.0)
        return self.where(positive, x, self.multiply(self.expm1(self.divide(self.where(positive, 0.0, x), alpha)), alpha))

    def gelu(self, x: Tensor, approximate: bool) -> Tensor:
        """`x` times the normal distribution function of `x`, or its approximation by tanh."""
        if approximate:
            cube = self.multiply(self.multiply(self.multiply(x, x), x), 0.044715)
            inner = self.tanh(self.multiply(self.add(x, cube), math.sqrt(2.0 / math.pi)))
        else:
            inner = self.erf(self.multiply(x, math.sqrt(0.5)))
        return self.multiply(self.multiply(x, 0.5), self.add(inner, 1.0))

    def silu(self, x: Tensor) -> Tensor:
        """`x * sigmoid(x)`."""
        return self.multiply(x, self.sigmoid(x))

    def softplus(self, x: Tensor) -> Tensor:
        """`log(1 + exp(x))` without overflow."""
        # Chosen by `where`, as in `logaddexp`: so the gradient at 0 is 1/2.
        positive = self.greater(x, 0.0)
        return self.add(self.where(positive, x, 0.0), self.log1p(self.exp(self.where(positive, self.negative(x), x))))

    def log_sigmoid(self, x: Tensor) -> Tensor:
        """`log(sigmoid(x))` without overflow."""
        return self.negative(self.softplus(self.negative(x)))

    def softsign(self, x: Tensor) -> Tensor:
        """`x / (1 + |x|)`."""
        return self.divide(x, self.add(self.absolute(x), 1.0))

    def mish(self, x: Tensor) -> Tensor:
        """`x * tanh(softplus(x))`."""
        return self.multiply(x, self.tanh(self.softplus(x)))

    def hard_sigmoid(self, x: Tensor) -> Tensor:
        """`relu6(x + 3) / 6`."""
        return self.divide(self.relu6(self.add(x, 3.0)), 6.0)

    def hard_silu(self, x: Tensor) -> Tensor:
        """`x * hard_sigmoid(x)`."""
        return self.multiply(x, self.hard_sigmoid(x))

    def hard_tanh(self, x: Tensor) -> Tensor:
        """`x` held between -1 and 1."""
        return self.clip(x, -1.0, 1.0)

    def tanh_shrink(self, x: Tensor) -> Tensor:
        """`x - tanh(x)`."""
        return self.subtract(x, self.tanh(x))

    def soft_shrink(self, x: Tensor, threshold: float) -> Tensor:
        """`x` brought nearer to 0 by `threshold`, at most to 0."""
        return self.multiply(self.sign(x), self.relu(self.subtract(self.absolute(x), threshold)))

    def hard_shrink(self, x: Tensor, threshold: float) -> Tensor:
        """`x` where its magnitude exceeds `threshold`, else 0."""
        return self.where(self.less_equal(self.absolute(x), threshold), 0.0, x)

    def threshold(self, x: Tensor, threshold: float, default: float) -> Tensor:
        """`x` where it exceeds `threshold`, else `default`."""
        return self.where(self.less_equal(x, threshold), default, x)

    def squareplus(self, x: Tensor, b: float) -> Tensor:
        """`(x + sqrt(x**2 + b)) / 2`."""
        return self.multiply(self.add(x, self.sqrt(self.add(self.square(x), b))), 0.5)

    def sparse_plus(self, x: Tensor) -> Tensor:
        """0 up to -1, `x` from 1 on, `(x + 1)**2 / 4` between."""
        between = self.multiply(self.square(self.add(x, 1.0)), 0.25)
        return self.where(self.less_equal(x, -1.0), 0.0, self.where(self.greater_equal(x, 1.0), x, between))

    def sparse_sigmoid(self, x: Tensor) -> Tensor:
        """`(x + 1) / 2` held between 0 and 1."""
        return self.clip(self.multiply(self.add(x, 1.0), 0.5), 0.0, 1.0)
