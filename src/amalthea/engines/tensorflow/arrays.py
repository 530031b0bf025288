"""The TensorFlow engine's arrays: creation, elementwise functions, reductions, random draws.

TensorFlow's kernels lack many pairs of a function and a dtype, and which they lack differs from one function to the next. What has no
kernel is computed in a wider dtype and cast back; `float16` and `bfloat16` are summed in `float32`. Eager calls go to `tf.raw_ops` where
the public function would spend more time on its arguments than on the numbers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf

from amalthea.dtypes import numpy_dtype
from amalthea.engines import dlpack
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Axes, Scalar, Shape, Tensor
from amalthea.engines.sizes import LaterSize

raw = tf.raw_ops

HALVES = frozenset({tf.float16, tf.bfloat16})
UNSIGNED = frozenset({tf.uint8, tf.uint16, tf.uint32, tf.uint64})
INTEGERS = UNSIGNED | {tf.int8, tf.int16, tf.int32, tf.int64}
_ALIGNMENT = 64
_PYTHON: dict[str, type] = {"b": bool, "u": int, "i": int, "c": complex}


@cache
def dtype_named(dtype: str) -> Any:
    """TensorFlow's dtype of this name."""
    return tf.as_dtype(dtype)


@cache
def _python_type(dtype: Any) -> type:
    """The type of Python's numbers that `dtype` is made of."""
    return _PYTHON.get(np.dtype(dtype.as_numpy_dtype).kind, float)


def number(value: Any, dtype: Any) -> Any:
    """A Python number as a tensor of `dtype`; a tensor as it is."""
    if isinstance(value, tf.Tensor):
        return value
    kind = _python_type(dtype)
    return tf.constant(value if type(value) is kind else kind(value), dtype)


def both(x: Any, y: Any) -> tuple[Any, Any]:
    """Two tensors of one dtype, of which one may have come as a Python number."""
    return (x, number(y, x.dtype)) if isinstance(x, tf.Tensor) else (number(x, y.dtype), y)


def wide(x: Any) -> Any:
    """`x`, or if it has half the bits, `x` as float32."""
    return tf.cast(x, tf.float32) if x.dtype in HALVES else x


def narrow(x: Any, model: Any) -> Any:
    """`x` in the dtype of `model`."""
    return x if x.dtype == model.dtype else tf.cast(x, model.dtype)


def _in_place(x: Any) -> Any:
    """A tensor in the memory of `x`."""
    capsule = x.__dlpack__()
    if dlpack.address(capsule) % _ALIGNMENT:
        raise BufferError("The kernels of TensorFlow end the process where a tensor is not aligned.")
    return tf.experimental.dlpack.from_dlpack(capsule)


# --- shapes ------------------------------------------------------------------------------------------------


def sizes_of(x: Any) -> tuple[Any, ...]:
    """The shape of `x`; what of it a graph knows only when it runs, as `LaterSize`."""
    shape = tuple(x.shape)
    if None not in shape:
        return shape
    whole = tf.shape(x)
    return tuple(LaterSize(whole[axis]) if size is None else size for axis, size in enumerate(shape))


def as_shape(sizes: Sequence[Any]) -> Any:
    """Sizes as TensorFlow takes a shape: numbers as they are, or one tensor."""
    if not any(isinstance(size, LaterSize) for size in sizes):
        return tuple(sizes)
    return tf.stack([tf.cast(size.tensor, tf.int32) if isinstance(size, LaterSize) else size for size in sizes])


def as_number(size: Any) -> Any:
    """A size as TensorFlow takes a number."""
    return size.tensor if isinstance(size, LaterSize) else size


tf.register_tensor_conversion_function(
    LaterSize, lambda value, dtype=None, name=None, as_ref=False: tf.convert_to_tensor(value.tensor, dtype, name=name)
)


# --- forms that many primitives have -----------------------------------------------------------------------


def _same(fn: Callable[..., Any]) -> Any:
    """The primitive that `fn` is as it stands."""
    return staticmethod(fn)


def _plain(fn: Callable[..., Any]) -> Any:
    """One tensor, for which TensorFlow has kernels."""
    return staticmethod(lambda x: fn(x=x))


def _widely(fn: Callable[..., Any]) -> Any:
    """One tensor; float16 and bfloat16 in float32."""
    return staticmethod(lambda x: narrow(fn(x=wide(x)), x))


def _binary(fn: Callable[..., Any], of_bools: Callable[..., Any] | None = None) -> Any:
    """Two tensors, or one and a number; bools by a function of their own."""

    def apply(x: Tensor, y: Tensor) -> Tensor:
        x, y = both(x, y)
        if of_bools is not None and x.dtype == tf.bool:
            return of_bools(x, y)
        return fn(x=x, y=y)

    return staticmethod(apply)


def _order(fn: Callable[..., Any]) -> Any:
    """A comparison of which is greater; bools as numbers."""
    return _binary(fn, lambda x, y: fn(x=tf.cast(x, tf.uint8), y=tf.cast(y, tf.uint8)))


def axes_of(x: Any, axis: Axes) -> list[int]:
    """The axes that a reduction is over."""
    return list(range(x.shape.rank)) if axis is None else list(axis)


def _reduction(fn: Callable[..., Any], of_bools: Callable[..., Any] | None = None) -> Any:
    """A reduction over several axes, in float32 at least."""

    def reduce(x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        axes = axes_of(x, axis)
        if not axes:
            return x
        if of_bools is not None and x.dtype == tf.bool:
            return of_bools(input=x, axis=axes, keep_dims=keepdims)
        return narrow(fn(input=wide(x), axis=axes, keep_dims=keepdims), x)

    return staticmethod(reduce)


def _place(fn: Callable[..., Any]) -> Any:
    def find(x: Tensor, axis: int, keepdims: bool) -> Tensor:
        place = fn(x, axis, tf.int32)
        if x.dtype.is_floating:
            spoilt = raw.IsNan(x=x)
            place = tf.where(tf.reduce_any(spoilt, axis), tf.argmax(spoilt, axis, tf.int32), place)
        return tf.expand_dims(place, axis) if keepdims else place

    return staticmethod(find)


def _accumulation(fn: Callable[..., Any]) -> Any:
    return staticmethod(lambda x, axis: narrow(fn(wide(x), axis), x))


# --- what TensorFlow lacks -----------------------------------------------------------------------------------


def _negative(x: Tensor) -> Tensor:
    return tf.zeros_like(x) - x if x.dtype in UNSIGNED else raw.Neg(x=x)


def _sign(x: Tensor) -> Tensor:
    return tf.cast(x > tf.zeros_like(x), x.dtype) if x.dtype in UNSIGNED else raw.Sign(x=x)


def _classified(fn: Callable[..., Any], of_integers: bool) -> Any:
    """`isnan`, `isfinite`."""

    def classify(x: Tensor) -> Tensor:
        if x.dtype.is_complex:
            combine = tf.logical_and if of_integers else tf.logical_or
            return combine(fn(x=tf.math.real(x)), fn(x=tf.math.imag(x)))
        return fn(x=x) if x.dtype.is_floating else tf.fill(tf.shape(x), of_integers)

    return staticmethod(classify)


def _logarithm(base: float) -> Any:
    return staticmethod(lambda x: narrow(tf.math.log(wide(x)) * number(1 / math.log(base), wide(x).dtype), x))


def _divided(fn: Callable[..., Any]) -> Any:
    """A division of integers, for which TensorFlow has no zero as divisor: NumPy's answer is 0."""

    def apply(x: Tensor, y: Tensor) -> Tensor:
        known = not isinstance(y, tf.Tensor) and y != 0
        x, y = both(x, y)
        if known or x.dtype not in INTEGERS:
            return fn(x=x, y=y)
        zero = tf.equal(y, tf.zeros_like(y))
        return tf.where(zero, number(0, x.dtype), fn(x=x, y=tf.where(zero, tf.ones_like(y), y)))

    return staticmethod(apply)


def _power(x: Tensor, y: Tensor) -> Tensor:
    x, y = both(x, y)
    if x.dtype in UNSIGNED:
        return tf.cast(raw.Pow(x=tf.cast(x, tf.int64), y=tf.cast(y, tf.int64)), x.dtype)
    return raw.Pow(x=x, y=y)


def _nextafter(x: Tensor, y: Tensor) -> Tensor:
    x, y = both(x, y)
    if x.dtype not in HALVES:
        return tf.math.nextafter(x, y)
    # One step in the bits, which count up with the magnitude.
    bits, zero, one = tf.bitcast(x, tf.int16), number(0.0, x.dtype), tf.constant(1, tf.int16)
    stepped = tf.bitcast(tf.where(tf.equal(y > x, x > zero), bits + one, bits - one), x.dtype)
    least = tf.bitcast(tf.where(y > zero, one, tf.constant(-(2**15) + 1, tf.int16)), x.dtype)
    moved = tf.where(tf.equal(x, zero), least, stepped)
    return tf.where(tf.equal(x, y), y, tf.where(raw.IsNan(x=x), x, tf.where(raw.IsNan(x=y), y, moved)))


class Arrays(Engine):
    """Creation, arithmetic, reductions, shaping and random draws."""

    # --- border ---

    def is_tensor(self, x: object) -> bool:
        return isinstance(x, tf.Tensor)

    def shape_of(self, x: Tensor) -> tuple[Any, ...]:
        return sizes_of(x)

    def size_of(self, x: Tensor) -> Any:
        known = tf.get_static_value(x)
        return LaterSize(x) if known is None else int(known)

    def from_host(self, x: np.ndarray | Scalar | Sequence[Any], dtype: str) -> Tensor:
        with np.errstate(all="ignore"):
            return tf.constant(np.asarray(x).astype(numpy_dtype(dtype)))

    def to_host(self, x: Tensor) -> np.ndarray:
        return np.asarray(x.numpy())  # a copy already

    def borrow(self, x: Any) -> Tensor | None:
        return dlpack.shared(_in_place, x) if tf.executing_eagerly() else None

    def cast(self, x: Tensor, dtype: str) -> Tensor:
        wanted = dtype_named(dtype)
        if x.dtype == wanted:
            return x
        if x.dtype.is_complex and not wanted.is_complex:
            x = tf.not_equal(x, tf.zeros_like(x)) if wanted == tf.bool else tf.math.real(x)
        return tf.cast(x, wanted)

    def canonical_dtype(self, dtype: str) -> str:
        return dtype

    # --- creation ---

    def full(self, shape: Shape, value: Scalar | Tensor, dtype: str) -> Tensor:
        wanted = dtype_named(dtype)
        return tf.fill(as_shape(shape), tf.cast(value, wanted) if isinstance(value, tf.Tensor) else number(value, wanted))

    def arange(self, start: Scalar, stop: Scalar, step: Scalar, dtype: str) -> Tensor:
        bounds = start, stop, step
        if any(isinstance(bound, LaterSize) for bound in bounds):
            return tf.cast(tf.range(*map(as_number, bounds)), dtype_named(dtype))
        return self.from_host(np.arange(*bounds), dtype)  # type: ignore[arg-type]

    # --- elementwise ---

    negative = _same(_negative)
    absolute = _same(lambda x: x if x.dtype in UNSIGNED else tf.abs(x))
    sign = _same(_sign)
    conjugate = _same(tf.math.conj)
    real = _same(tf.math.real)
    imag = _same(lambda x: tf.math.imag(x) if x.dtype.is_complex else tf.zeros_like(x))
    isnan = _classified(raw.IsNan, False)
    isfinite = _classified(raw.IsFinite, True)
    logical_not = _plain(raw.LogicalNot)
    bitwise_not = _same(lambda x: tf.logical_not(x) if x.dtype == tf.bool else raw.Invert(x=x))

    def complex(self, real: Tensor, imag: Tensor) -> Tensor:
        shape = tf.broadcast_dynamic_shape(tf.shape(real), tf.shape(imag))
        return tf.complex(tf.broadcast_to(real, shape), tf.broadcast_to(imag, shape))

    exp = _plain(raw.Exp)
    expm1 = _widely(raw.Expm1)
    log = _plain(raw.Log)
    log1p = _widely(raw.Log1p)
    log2 = _logarithm(2.0)
    log10 = _logarithm(10.0)
    sqrt = _plain(raw.Sqrt)
    rsqrt = _plain(raw.Rsqrt)
    sin = _plain(raw.Sin)
    cos = _plain(raw.Cos)
    tan = _widely(raw.Tan)
    arcsin = _widely(raw.Asin)
    arccos = _widely(raw.Acos)
    arctan = _widely(raw.Atan)
    sinh = _widely(raw.Sinh)
    cosh = _widely(raw.Cosh)
    tanh = _plain(raw.Tanh)
    arcsinh = _widely(raw.Asinh)
    arccosh = _widely(raw.Acosh)
    arctanh = _widely(raw.Atanh)
    sigmoid = _plain(raw.Sigmoid)
    erf = _widely(raw.Erf)
    erfinv = _same(lambda x: tf.cast(tf.math.erfinv(tf.cast(x, tf.float64)), x.dtype))  # the kernel of float32 has two digits in the tails
    floor = _plain(raw.Floor)
    ceil = _plain(raw.Ceil)
    trunc = _same(lambda x: tf.where(x < number(0.0, x.dtype), raw.Ceil(x=x), raw.Floor(x=x)))
    round = _widely(raw.Rint)

    add = _binary(raw.AddV2, tf.logical_or)
    subtract = _binary(raw.Sub)
    multiply = _binary(raw.Mul, tf.logical_and)
    divide = _binary(raw.RealDiv)
    floor_divide = _divided(raw.FloorDiv)
    remainder = _divided(raw.FloorMod)
    power = _same(_power)
    maximum = _binary(raw.Maximum, tf.logical_or)
    minimum = _binary(raw.Minimum, tf.logical_and)
    arctan2 = _same(lambda x, y: tf.math.atan2(*both(x, y)))
    nextafter = _same(_nextafter)
    equal = _binary(raw.Equal)
    not_equal = _binary(raw.NotEqual)
    less = _order(raw.Less)
    less_equal = _order(raw.LessEqual)
    greater = _order(raw.Greater)
    greater_equal = _order(raw.GreaterEqual)
    logical_and = _binary(raw.LogicalAnd)
    logical_or = _binary(raw.LogicalOr)
    bitwise_and = _binary(raw.BitwiseAnd, tf.logical_and)
    bitwise_or = _binary(raw.BitwiseOr, tf.logical_or)
    bitwise_xor = _binary(raw.BitwiseXor, tf.not_equal)
    left_shift = _binary(raw.LeftShift)
    right_shift = _binary(raw.RightShift)

    def where(self, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
        x, y = both(x, y)
        return raw.SelectV2(condition=condition, t=x, e=y)

    # --- reductions ---

    sum = _reduction(raw.Sum)
    prod = _reduction(raw.Prod)
    mean = _reduction(raw.Mean)
    max = _reduction(raw.Max, raw.Any)
    min = _reduction(raw.Min, raw.All)
    any = _reduction(raw.Any, raw.Any)
    all = _reduction(raw.All, raw.All)
    argmax = _place(tf.argmax)
    argmin = _place(tf.argmin)
    cumsum = _accumulation(tf.cumsum)
    cumprod = _accumulation(tf.math.cumprod)

    # --- shaping ---

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        later = [axis for axis, size in enumerate(shape) if isinstance(size, LaterSize)]
        if len(later) == 1 and -1 not in shape and None not in shape:  # TensorFlow works it out, and knows the rest
            shape = tuple(-1 if axis in later else size for axis, size in enumerate(shape))
        return tf.reshape(x, as_shape([-1 if size is None else size for size in shape]) if shape else np.zeros(0, np.int32))

    def transpose(self, x: Tensor, permutation: tuple[int, ...]) -> Tensor:
        return raw.Transpose(x=x, perm=permutation) if permutation else x

    def broadcast_to(self, x: Tensor, shape: Shape) -> Tensor:
        return tf.broadcast_to(x, as_shape(shape))

    def concatenate(self, xs: Sequence[Tensor], axis: int) -> Tensor:
        return tf.concat(xs, axis)

    def pad(self, x: Tensor, widths: Sequence[tuple[int, int]], value: Scalar | Tensor) -> Tensor:
        if not widths:
            return x
        return raw.PadV2(input=x, paddings=[as_shape(width) for width in widths], constant_values=number(value, x.dtype))

    def flip(self, x: Tensor, axis: tuple[int, ...]) -> Tensor:
        return tf.reverse(x, axis) if axis else x

    # --- random ---

    def random_uniform(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return tf.random.stateless_uniform(as_shape(shape), _seed(key), dtype=dtype_named(dtype))

    def random_normal(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return tf.random.stateless_normal(as_shape(shape), _seed(key), dtype=dtype_named(dtype))

    def random_integers(self, key: Tensor, shape: Shape, low: int, high: int, dtype: str) -> Tensor:
        # 64 bits, so that the remainder makes no number noticeably more probable than another.
        drawn = tf.random.stateless_uniform(as_shape(shape), _seed(key), minval=None, maxval=None, dtype=tf.uint64)
        if high - low < 2**64:
            drawn = raw.FloorMod(x=drawn, y=tf.constant(high - low, tf.uint64))
        moved = drawn + tf.constant(low % 2**64, tf.uint64)
        return moved if dtype == "uint64" else tf.cast(tf.bitcast(moved, tf.int64), dtype_named(dtype))

    def random_gamma(self, key: Tensor, alpha: Tensor) -> Tensor:
        return narrow(tf.random.stateless_gamma(as_shape(sizes_of(alpha)), _seed(key), wide(alpha), dtype=wide(alpha).dtype), alpha)

    def random_binomial(self, key: Tensor, counts: Tensor, probabilities: Tensor) -> Tensor:
        drawn = tf.random.stateless_binomial(
            as_shape(sizes_of(counts)), _seed(key), wide(counts), wide(probabilities), output_dtype=wide(counts).dtype
        )
        return narrow(drawn, counts)

    def random_permutation(self, key: Tensor, n: int) -> Tensor:
        drawn = tf.random.stateless_uniform(as_shape((n,)), _seed(key), minval=None, maxval=None, dtype=tf.int64)
        return tf.argsort(drawn)


def _seed(key: Tensor) -> Tensor:
    return tf.bitcast(key, tf.int32)
