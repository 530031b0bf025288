"""Arithmetic, elementwise."""

from __future__ import annotations

import ml_dtypes

from amalthea import config, dtypes
from amalthea.engines.derived import Engine
from amalthea.engines.registry import current
from amalthea.errors import ArgumentTypeError
from amalthea.ops.arguments import Tensor, TensorLike, as_tensor, floating, promote, promote_all
from amalthea.ops.operation import operation


@operation
def add(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Add, elementwise.

    Of two bool tensors: whether at least one holds.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.add([1, 2], 0.5).tolist()
        [1.5, 2.5]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.add(x1, x2)


@operation
def subtract(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Subtract, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Raises:
        ArgumentTypeError: both are bool, which has no difference. Use `ops.logical_xor`.

    Example:
        >>> from amalthea import ops
        >>> ops.subtract([1, 2], 0.5).tolist()
        [0.5, 1.5]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    if _are_bool(engine, x1, x2):
        raise ArgumentTypeError("bool tensors cannot be subtracted. Use `ops.logical_xor`, or cast them to integers.")
    return engine.subtract(x1, x2)


@operation
def multiply(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Multiply, elementwise.

    Of two bool tensors: whether both hold.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.multiply([1, 2], 3).tolist()
        [3, 6]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.multiply(x1, x2)


@operation
def divide(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Divide, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.divide([1, 2], 2).tolist()
        [0.5, 1.0]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2, floating=True)
    return engine.divide(x1, x2)


@operation
def true_divide(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The same as `divide`."""
    return divide(x1, x2)


@operation
def divide_no_nan(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Divide, with 0 where the divisor is 0, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.divide_no_nan([1.0, 1.0], [2.0, 0.0]).tolist()
        [0.5, 0.0]
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    return engine.divide_no_nan(x1, x2)


@operation
def floor_divide(x1: TensorLike, x2: TensorLike) -> Tensor:
    """Divide and round toward minus infinity, elementwise.

    Two bool tensors count as int32.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.floor_divide([7, -7], 2).tolist()
        [3, -4]
    """
    engine = current()
    x1, x2 = _integers_for_bool(engine, *promote(engine, x1, x2))
    return engine.floor_divide(x1, x2)


@operation
def mod(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The remainder of `floor_divide`, with the sign of the divisor, elementwise.

    Two bool tensors count as int32.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.mod([7, -7], 3).tolist()
        [1, 2]
    """
    engine = current()
    x1, x2 = _integers_for_bool(engine, *promote(engine, x1, x2))
    return engine.remainder(x1, x2)


@operation
def fmod(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The remainder of a division rounded toward 0, with the sign of `x1`, elementwise.

    Two bool tensors count as int32.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.fmod([7, -7], 3).tolist()
        [1, -1]
    """
    engine = current()
    x1, x2 = _integers_for_bool(engine, *promote_all(engine, x1, x2))
    rest = engine.remainder(engine.absolute(x1), engine.absolute(x2))
    return engine.where(engine.less(x1, 0), engine.negative(rest), rest)


@operation
def power(x1: TensorLike, x2: TensorLike) -> Tensor:
    """`x1` to the power of `x2`, elementwise.

    Two bool tensors count as int32.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.power([2, 3], 2).tolist()
        [4, 9]
    """
    engine = current()
    x1, x2 = _integers_for_bool(engine, *promote(engine, x1, x2))
    return engine.power(x1, x2)


@operation
def maximum(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The greater of two, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype; NaN where one is NaN.

    Example:
        >>> from amalthea import ops
        >>> ops.maximum([1, 5], 3).tolist()
        [3, 5]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.maximum(x1, x2)


@operation
def minimum(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The smaller of two, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype; NaN where one is NaN.

    Example:
        >>> from amalthea import ops
        >>> ops.minimum([1, 5], 3).tolist()
        [1, 3]
    """
    engine = current()
    x1, x2 = promote(engine, x1, x2)
    return engine.minimum(x1, x2)


@operation
def fmax(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The greater of two, passing over NaN, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype; NaN where both are NaN.

    Example:
        >>> from amalthea import ops
        >>> ops.fmax([float("nan"), 5.0], 3.0).tolist()
        [3.0, 5.0]
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2)
    chosen = engine.maximum(x1, x2)
    if not dtypes.is_float(engine.dtype_of(x1)):
        return chosen
    return engine.where(engine.isnan(x1), x2, engine.where(engine.isnan(x2), x1, chosen))


@operation
def fmin(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The smaller of two, passing over NaN, elementwise.

    Args:
        x1: tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype; NaN where both are NaN.

    Example:
        >>> from amalthea import ops
        >>> ops.fmin([float("nan"), 5.0], 3.0).tolist()
        [3.0, 3.0]
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2)
    chosen = engine.minimum(x1, x2)
    if not dtypes.is_float(engine.dtype_of(x1)):
        return chosen
    return engine.where(engine.isnan(x1), x2, engine.where(engine.isnan(x2), x1, chosen))


@operation
def negative(x: TensorLike) -> Tensor:
    """`-x`, elementwise.

    Args:
        x: tensor of any shape, not bool.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ArgumentTypeError: `x` is bool.

    Example:
        >>> from amalthea import ops
        >>> ops.negative([1, -2]).tolist()
        [-1, 2]
    """
    engine = current()
    return engine.negative(_signed(engine, x, "negative"))


@operation
def absolute(x: TensorLike) -> Tensor:
    """The magnitude, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A tensor of the shape of `x`, in its dtype; a complex tensor gives a real one.

    Example:
        >>> from amalthea import ops
        >>> ops.absolute([-1, 2]).tolist()
        [1, 2]
        >>> float(ops.absolute(3 + 4j))
        5.0
    """
    engine = current()
    x = as_tensor(engine, x)
    return x if engine.dtype_of(x) == "bool" else engine.absolute(x)


@operation
def abs(x: TensorLike) -> Tensor:
    """The same as `absolute`."""
    return absolute(x)


@operation
def fabs(x: TensorLike) -> Tensor:
    """The magnitude as a floating number, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Raises:
        ArgumentTypeError: `x` is complex.

    Example:
        >>> from amalthea import ops
        >>> ops.fabs([-1, 2]).tolist()
        [1.0, 2.0]
    """
    engine = current()
    x = floating(engine, x)
    if dtypes.is_complex(engine.dtype_of(x)):
        raise ArgumentTypeError("`fabs` is for real numbers. For complex ones use `ops.absolute`.")
    return engine.absolute(x)


@operation
def sign(x: TensorLike) -> Tensor:
    """-1, 0 or 1, elementwise; of a complex number, the number of magnitude 1 in its direction.

    Args:
        x: tensor of any shape, not bool.

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ArgumentTypeError: `x` is bool.

    Example:
        >>> from amalthea import ops
        >>> ops.sign([-3, 0, 5]).tolist()
        [-1, 0, 1]
    """
    engine = current()
    return engine.sign(_signed(engine, x, "sign"))


@operation
def square(x: TensorLike) -> Tensor:
    """`x * x`, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`; bool gives int32.

    Example:
        >>> from amalthea import ops
        >>> ops.square([2, -3]).tolist()
        [4, 9]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.square(engine.cast(x, "int32") if engine.dtype_of(x) == "bool" else x)


@operation
def reciprocal(x: TensorLike) -> Tensor:
    """`1 / x`, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.reciprocal([2, 4]).tolist()
        [0.5, 0.25]
    """
    engine = current()
    return engine.reciprocal(floating(engine, x))


@operation
def ceil(x: TensorLike) -> Tensor:
    """The least integer that is not smaller, elementwise.

    Args:
        x: real tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.ceil([1.5, -1.5]).tolist()
        [2.0, -1.0]
    """
    engine = current()
    return engine.ceil(floating(engine, x))


@operation
def floor(x: TensorLike) -> Tensor:
    """The greatest integer that is not greater, elementwise.

    Args:
        x: real tensor of any shape; integers and bool become `floatx`.

    Returns:
        A floating tensor of the shape of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.floor([1.5, -1.5]).tolist()
        [1.0, -2.0]
    """
    engine = current()
    return engine.floor(floating(engine, x))


@operation
def trunc(x: TensorLike) -> Tensor:
    """The digits after the point cut off, elementwise.

    Args:
        x: real tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.trunc([1.5, -1.5]).tolist()
        [1.0, -1.0]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.trunc(x) if dtypes.is_float(engine.dtype_of(x)) else x


@operation
def round(x: TensorLike, decimals: int = 0) -> Tensor:
    """Round to the nearest number of so many decimals, halves to the even one, elementwise.

    Args:
        x: tensor of any shape, not bool.
        decimals: how many digits after the point are kept; a negative number rounds to tens, hundreds, ...

    Returns:
        A tensor of the shape and dtype of `x`.

    Raises:
        ArgumentTypeError: `x` is bool.

    Example:
        >>> from amalthea import ops
        >>> ops.round([0.5, 1.5, 2.25]).tolist()
        [0.0, 2.0, 2.0]
        >>> ops.round([12.5, 25.0], decimals=-1).tolist()
        [10.0, 20.0]
    """
    engine = current()
    x = _signed(engine, x, "round")
    dtype = engine.dtype_of(x)
    if dtypes.is_int(dtype):
        return x if decimals >= 0 else engine.cast(_rounded(engine, engine.cast(x, config.floatx()), decimals), dtype)
    if dtypes.is_complex(dtype):
        return engine.complex(_rounded(engine, engine.real(x), decimals), _rounded(engine, engine.imag(x), decimals))
    return engine.like(_rounded(engine, engine.widened(x), decimals), x)


def _rounded(engine: Engine, x: Tensor, decimals: int) -> Tensor:
    if decimals == 0:
        return engine.round(x)
    scale = 10.0 ** (decimals if decimals > 0 else -decimals)
    if decimals > 0:
        return engine.divide(engine.round(engine.multiply(x, scale)), scale)
    return engine.multiply(engine.round(engine.divide(x, scale)), scale)


@operation
def clip(x: TensorLike, x_min: TensorLike, x_max: TensorLike) -> Tensor:
    """Hold each element between two bounds.

    Args:
        x: real tensor of any shape.
        x_min: the least value allowed, a number or a tensor that broadcasts with `x`.
        x_max: the greatest value allowed, alike. Where `x_min > x_max`, the result is `x_max`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype (bool counts as int32).

    Example:
        >>> from amalthea import ops
        >>> ops.clip([-1, 4, 9], 0, 5).tolist()
        [0, 4, 5]
    """
    engine = current()
    x = as_tensor(engine, x)
    if engine.dtype_of(x) == "bool":
        x = engine.cast(x, "int32")
    if x_min is None:
        return x if x_max is None else minimum(x, x_max)
    if x_max is None:
        return maximum(x, x_min)
    x, x_min, x_max = promote(engine, x, x_min, x_max)
    return engine.clip(x, x_min, x_max)


@operation
def nan_to_num(x: TensorLike, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor:
    """Replace NaN and the infinities, elementwise.

    Args:
        x: tensor of any shape.
        nan: what stands for NaN.
        posinf: what stands for plus infinity; by default the greatest number of the dtype.
        neginf: what stands for minus infinity; by default the least number of the dtype.

    Returns:
        A tensor of the shape and dtype of `x`. Integers stay as they are.

    Example:
        >>> from amalthea import ops
        >>> ops.nan_to_num([float("nan"), float("inf"), 1.0], posinf=9.0).tolist()
        [0.0, 9.0, 1.0]
    """
    engine = current()
    x = as_tensor(engine, x)
    dtype = engine.dtype_of(x)
    if dtypes.is_complex(dtype):
        parts = (nan_to_num(part, nan, posinf, neginf) for part in (engine.real(x), engine.imag(x)))
        return engine.complex(*parts)
    if not dtypes.is_float(dtype):
        return x
    limits = ml_dtypes.finfo(dtypes.numpy_dtype(dtype))
    return engine.nan_to_num(x, nan, float(limits.max) if posinf is None else posinf, float(limits.min) if neginf is None else neginf)


@operation
def heaviside(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The step: 0 below 0, 1 above, `x2` at 0, elementwise.

    Args:
        x1: real tensor of any shape.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A floating tensor of the broadcast shape.

    Example:
        >>> from amalthea import ops
        >>> ops.heaviside([-2.0, 0.0, 3.0], 0.5).tolist()
        [0.0, 0.5, 1.0]
    """
    engine = current()
    x1, x2 = promote_all(engine, x1, x2, floating=True)
    return engine.heaviside(x1, x2)


@operation
def conjugate(x: TensorLike) -> Tensor:
    """The complex conjugate, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A tensor of the shape and dtype of `x`.

    Example:
        >>> from amalthea import ops
        >>> ops.conjugate([1 + 2j]).tolist()
        [(1-2j)]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.conjugate(x) if dtypes.is_complex(engine.dtype_of(x)) else x


@operation
def conj(x: TensorLike) -> Tensor:
    """The same as `conjugate`."""
    return conjugate(x)


@operation
def real(x: TensorLike) -> Tensor:
    """The real part, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A real tensor of the shape of `x`; a real one gives itself.

    Example:
        >>> from amalthea import ops
        >>> ops.real([1 + 2j]).tolist()
        [1.0]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.real(x) if dtypes.is_complex(engine.dtype_of(x)) else x


@operation
def imag(x: TensorLike) -> Tensor:
    """The imaginary part, elementwise.

    Args:
        x: tensor of any shape.

    Returns:
        A real tensor of the shape of `x`; a real one gives zeros of its dtype.

    Example:
        >>> from amalthea import ops
        >>> ops.imag([1 + 2j]).tolist()
        [2.0]
    """
    engine = current()
    x = as_tensor(engine, x)
    return engine.imag(x) if dtypes.is_complex(engine.dtype_of(x)) else engine.zeros_like(x)


@operation
def angle(x: TensorLike) -> Tensor:
    """The direction of complex numbers, in radians from the positive real axis, elementwise.

    Args:
        x: tensor of any shape; integers and bool become `floatx`.

    Returns:
        A real floating tensor of the shape of `x`, in [-pi, pi].

    Example:
        >>> from amalthea import ops
        >>> f"{float(ops.angle(1j)):.4f}"
        '1.5708'
    """
    engine = current()
    return engine.angle(floating(engine, x))


@operation
def gcd(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The greatest common divisor, elementwise.

    Args:
        x1: tensor of integers.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype; not negative.

    Raises:
        ArgumentTypeError: a tensor does not hold integers.

    Example:
        >>> from amalthea import ops
        >>> ops.gcd([12, 7], 18).tolist()
        [6, 1]
    """
    engine = current()
    return _gcd(engine, *_whole(engine, "gcd", x1, x2))


@operation
def lcm(x1: TensorLike, x2: TensorLike) -> Tensor:
    """The least common multiple, elementwise.

    Args:
        x1: tensor of integers.
        x2: tensor of a shape that broadcasts with that of `x1`.

    Returns:
        A tensor of the broadcast shape, in the promoted dtype; not negative.

    Raises:
        ArgumentTypeError: a tensor does not hold integers.

    Example:
        >>> from amalthea import ops
        >>> ops.lcm([4, 0], 6).tolist()
        [12, 0]
    """
    engine = current()
    x1, x2 = (engine.absolute(x) for x in _whole(engine, "lcm", x1, x2))
    divisor = _gcd(engine, x1, x2)
    return engine.multiply(engine.floor_divide(x1, engine.maximum(divisor, 1)), x2)


def _gcd(engine: Engine, x1: Tensor, x2: Tensor) -> Tensor:
    """Euclid's algorithm, on all elements at once until the last has come to its end."""
    x1, x2 = engine.absolute(x1), engine.absolute(x2)
    x1, x2 = engine.add(x1, engine.zeros_like(x2)), engine.add(x2, engine.zeros_like(x1))

    def going(_: Tensor, rest: Tensor) -> Tensor:
        return engine.any(engine.not_equal(rest, 0), None, False)

    def step(value: Tensor, rest: Tensor) -> tuple[Tensor, Tensor]:
        done = engine.equal(rest, 0)
        after = engine.where(done, 0, engine.remainder(value, engine.where(done, 1, rest)))
        return engine.where(done, value, rest), after

    return engine.while_loop(going, step, (x1, x2), None)[0]


def _whole(engine: Engine, name: str, *xs: TensorLike) -> tuple[Tensor, ...]:
    tensors = promote_all(engine, *xs)
    dtype = engine.dtype_of(tensors[0])
    if not dtypes.is_int(dtype):
        raise ArgumentTypeError(f"`{name}` needs integers. Received tensors that promote to {dtype}.")
    return tensors


def _signed(engine: Engine, x: TensorLike, name: str) -> Tensor:
    x = as_tensor(engine, x)
    if engine.dtype_of(x) == "bool":
        raise ArgumentTypeError(f"`{name}` needs numbers. Received a bool tensor: cast it, or use `ops.logical_not`.")
    return x


def _are_bool(engine: Engine, x1: Tensor, x2: Tensor) -> bool:
    """Whether promoted operands are bool tensors (then neither is a Python number)."""
    return engine.is_tensor(x1) and engine.is_tensor(x2) and engine.dtype_of(x1) == "bool"


def _integers_for_bool(engine: Engine, x1: Tensor, x2: Tensor) -> tuple[Tensor, Tensor]:
    """Promoted operands, as int32 if they are bool."""
    if _are_bool(engine, x1, x2):
        return engine.cast(x1, "int32"), engine.cast(x2, "int32")
    return x1, x2
