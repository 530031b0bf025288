"""The functions of mathematics, elementwise: exponentials, roots, angles."""

from __future__ import annotations

import math

from amalthea import dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentTypeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, promote_all
from amalthea.ops.operation import operation


@operation
def exp(x: TensorLike) -> Tensor:
    """The exponential, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.exp([0.0]).tolist()
        [1.0]
    """
    engine = current()
    return engine.exp(floating(engine, x))


@operation
def exp2(x: TensorLike) -> Tensor:
    """2 to the power of `x`, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.exp2([0, 3]).tolist()
        [1.0, 8.0]
    """
    engine = current()
    return engine.exp2(floating(engine, x))


@operation
def expm1(x: TensorLike) -> Tensor:
    """`exp(x) - 1`, exact for small `x`, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.expm1([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.expm1(floating(engine, x))


@operation
def log(x: TensorLike) -> Tensor:
    """The natural logarithm, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`. Negative numbers give NaN, 0 gives -inf.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.log([1.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.log(floating(engine, x))


@operation
def log10(x: TensorLike) -> Tensor:
    """The logarithm to base 10, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.log10([1.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.log10(floating(engine, x))


@operation
def log1p(x: TensorLike) -> Tensor:
    """`log(1 + x)`, exact for small `x`, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.log1p([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.log1p(floating(engine, x))


@operation
def log2(x: TensorLike) -> Tensor:
    """The logarithm to base 2, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.log2([8.0]).tolist()
        [3.0]
    """
    engine = current()
    return engine.log2(floating(engine, x))


@operation
def logaddexp(x1: TensorLike, x2: TensorLike) -> Tensor:
    """`log(exp(x1) + exp(x2))` without overflow, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> round(float(ops.logaddexp(1000.0, 1000.0)), 3)
        1000.693
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    return engine.logaddexp(x1, x2)


@operation
def logaddexp2(x1: TensorLike, x2: TensorLike) -> Tensor:
    """`log2(2**x1 + 2**x2)` without overflow, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> round(float(ops.logaddexp2(3.0, 3.0)), 4)
        4.0
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    return engine.logaddexp2(x1, x2)


@operation
def sqrt(x: TensorLike) -> Tensor:
    """The square root, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`. Negative numbers give NaN.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.sqrt([4, 9]).tolist()
        [2.0, 3.0]
    """
    engine = current()
    return engine.sqrt(floating(engine, x))


@operation
def cbrt(x: TensorLike) -> Tensor:
    """The real cube root, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> [round(v, 4) for v in ops.cbrt([-8.0, 27.0]).tolist()]
        [-2.0, 3.0]
    """
    engine = current()
    return engine.cbrt(floating(engine, x))


@operation
def hypot(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The length of the hypotenuse, `sqrt(x1**2 + x2**2)` without overflow, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> float(ops.hypot(3, 4))
        5.0
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    return engine.hypot(x1, x2)


@operation
def sin(x: TensorLike) -> Tensor:
    """The sine of angles in radians, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.sin([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.sin(floating(engine, x))


@operation
def cos(x: TensorLike) -> Tensor:
    """The cosine of angles in radians, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.cos([0.0]).tolist()
        [1.0]
    """
    engine = current()
    return engine.cos(floating(engine, x))


@operation
def tan(x: TensorLike) -> Tensor:
    """The tangent of angles in radians, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.tan([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.tan(floating(engine, x))


@operation
def arcsin(x: TensorLike) -> Tensor:
    """The angle whose sine is `x`, in [-pi/2, pi/2], elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`. Outside [-1, 1] the result is NaN.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.arcsin([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.arcsin(floating(engine, x))


@operation
def arccos(x: TensorLike) -> Tensor:
    """The angle whose cosine is `x`, in [0, pi], elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`. Outside [-1, 1] the result is NaN.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.arccos([1.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.arccos(floating(engine, x))


@operation
def arctan(x: TensorLike) -> Tensor:
    """The angle whose tangent is `x`, in [-pi/2, pi/2], elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.arctan([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.arctan(floating(engine, x))


@operation
def arctan2(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The angle of the point (`x2`, `x1`), in [-pi, pi], elementwise.

    Args:
        x1: tensor: the ordinates.
        x2: tensor: the abscissas, of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape, in radians.

    Example:
        >>> from amalthea import ops
        >>> round(float(ops.arctan2(1.0, -1.0)), 4)
        2.3562
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    return engine.arctan2(x1, x2)


@operation
def sinh(x: TensorLike) -> Tensor:
    """The hyperbolic sine, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.sinh([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.sinh(floating(engine, x))


@operation
def cosh(x: TensorLike) -> Tensor:
    """The hyperbolic cosine, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.cosh([0.0]).tolist()
        [1.0]
    """
    engine = current()
    return engine.cosh(floating(engine, x))


@operation
def tanh(x: TensorLike) -> Tensor:
    """The hyperbolic tangent, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.tanh([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.tanh(floating(engine, x))


@operation
def arcsinh(x: TensorLike) -> Tensor:
    """The number whose hyperbolic sine is `x`, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.arcsinh([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.arcsinh(floating(engine, x))


@operation
def arccosh(x: TensorLike) -> Tensor:
    """The number of at least 0 whose hyperbolic cosine is `x`, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.arccosh([1.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.arccosh(floating(engine, x))


@operation
def arctanh(x: TensorLike) -> Tensor:
    """The number whose hyperbolic tangent is `x`, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.arctanh([0.0]).tolist()
        [0.0]
    """
    engine = current()
    return engine.arctanh(floating(engine, x))


@operation
def deg2rad(x: TensorLike) -> Tensor:
    """Degrees as radians, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> round(float(ops.deg2rad(180)), 4)
        3.1416
    """
    engine = current()
    return engine.multiply(floating(engine, x), math.pi / 180)


@operation
def rad2deg(x: TensorLike) -> Tensor:
    """Radians as degrees, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> round(float(ops.rad2deg(3.14159265)), 3)
        180.0
    """
    engine = current()
    return engine.multiply(floating(engine, x), 180 / math.pi)


@operation
def sinc(x: TensorLike) -> Tensor:
    """`sin(pi x) / (pi x)`, 1 at 0, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.sinc([0.0]).tolist()
        [1.0]
    """
    engine = current()
    return engine.sinc(floating(engine, x))


@operation
def i0(x: TensorLike) -> Tensor:
    """The modified Bessel function of the first kind, of order 0, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Reference:
        Abramowitz and Stegun, Handbook of Mathematical Functions, 9.8.1 and 9.8.2.

    Example:
        >>> from amalthea import ops
        >>> ops.i0([0.0]).tolist()
        [1.0]
    """
    engine = current()
    x = floating(engine, x)
    return engine.like(bessel_i0(engine, engine.widened(x)), x)


@operation
def nextafter(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The next number after `x1` that the dtype can hold, toward `x2`, elementwise.

    Args:
        x1: tensor: where to start.
        x2: tensor: where to go, of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> float(ops.nextafter(1.0, 2.0)) > 1.0
        True
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    return engine.nextafter(x1, x2)


@operation
def ldexp(x1: TensorLike, x2: TensorLike) -> Tensor:
    """`x1 * 2**x2`, elementwise.

    Args:
        x1: tensor of any shape; integers become `floatx`.
        x2: tensor of integers, of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape.

    Raises:
        ArgumentTypeError: `x2` does not hold integers.

    Example:
        >>> from amalthea import ops
        >>> ops.ldexp([1.0, 3.0], [2, -1]).tolist()
        [4.0, 1.5]
    """
    engine = current()
    x1, x2 = as_tensor(engine, x1), as_tensor(engine, x2)
    exponent_dtype = engine.dtype_of(x2)
    if not dtypes.is_int(exponent_dtype):
        raise ArgumentTypeError(f"`x2` must hold integers. Received: x2 of dtype {exponent_dtype}.")
    x1 = floating(engine, x1)
    half = engine.floor_divide(x2, 2)
    halves = (half, engine.subtract(x2, half))  # 2**x2 at once can overflow where the result does not
    for exponent in halves:
        x1 = engine.multiply(x1, engine.exp2(engine.cast(exponent, engine.dtype_of(x1))))
    return x1


# Coefficients of polynomials in (x / 3.75)**2 and 3.75 / |x|, the constant first.
_I0_NEAR = (1.0, 3.5156229, 3.0899424, 1.2067492, 0.2659732, 0.0360768, 0.0045813)
_I0_FAR = (0.39894228, 0.01328592, 0.00225319, -0.00157565, 0.00916281, -0.02057706, 0.02635537, -0.01647633, 0.00392377)


def _polynomial(engine: Engine, coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    value = engine.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = engine.add(engine.multiply(value, x), coefficient)
    return value


def bessel_i0(engine: Engine, x: Tensor) -> Tensor:
    """The modified Bessel function of order 0 of a floating tensor."""
    size = engine.absolute(x)
    near = _polynomial(engine, _I0_NEAR, engine.square(engine.divide(engine.minimum(size, 3.75), 3.75)))
    outside = engine.maximum(size, 3.75)
    far = engine.multiply(engine.divide(engine.exp(outside), engine.sqrt(outside)), _polynomial(engine, _I0_FAR, engine.divide(3.75, outside)))
    return engine.where(engine.less(size, 3.75), near, far)
