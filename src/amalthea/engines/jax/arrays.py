"""The JAX engine's arrays: the primitives that are plain translation.

Two things are not as plain as they look. Outside of a compiled function every call of JAX costs 10 to 200 microseconds, of which
most is Python; what `jax.numpy` does not compile itself is therefore put under `jax.jit` here (8 to 10 microseconds), and `inline`
keeps it from showing in the program when it is traced. And JAX copies from host memory later than it says, so that `from_host`
first makes a copy of its own: the caller may write into its array right after the call.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache, partial
from types import EllipsisType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from amalthea.engines import dlpack
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Axes, Scalar, Shape, Tensor


def _jit(*static: str) -> Callable[[Callable[..., Any]], Any]:
    """`jax.jit` with the arguments `static` taken as constants."""
    return partial(jax.jit, static_argnames=static, inline=True)


def _same(fn: Callable[..., Any]) -> Any:
    """The primitive that `fn` is as it stands."""
    return staticmethod(fn)


@cache
def canonical(dtype: str) -> np.dtype[Any]:
    """The dtype that JAX stores for this name."""
    return np.dtype(jax.dtypes.canonicalize_dtype(jnp.dtype(dtype)))


def _host_scalar(value: Scalar | Tensor, dtype: np.dtype[Any]) -> Any:
    """A Python number as `dtype`, as JAX would read it in 32 bits; a tensor as it is."""
    return value if isinstance(value, jax.Array) else np.asarray(value).astype(dtype)


# --- what needs more than one call -----------------------------------------------------------------------


@_jit("dtype")
def _cast(x: Tensor, dtype: np.dtype[Any]) -> Tensor:
    if jnp.iscomplexobj(x) and dtype.kind != "c":
        x = x != 0 if dtype.kind == "b" else lax.real(x)
    return lax.convert_element_type(x, dtype)


@_jit("shape", "dtype")
def _full(value: Tensor, shape: Shape, dtype: np.dtype[Any]) -> Tensor:
    return jnp.full(shape, value, dtype)


@_jit()
def _complex(real: Tensor, imag: Tensor) -> Tensor:
    return lax.complex(*jnp.broadcast_arrays(real, imag))


@_jit("axis", "keepdims")
def _sum(x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    return jnp.sum(x, axis, keepdims=keepdims, promote_integers=False)


@_jit("axis", "keepdims")
def _prod(x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
    return jnp.prod(x, axis, keepdims=keepdims, promote_integers=False)


@_jit("axis", "keepdims", "choose")
def _arg(x: Tensor, axis: int, keepdims: bool, choose: Callable[..., Tensor]) -> Tensor:
    found = choose(x, axis, np.int32)
    return jnp.expand_dims(found, axis) if keepdims else found


@_jit("axis", "accumulate")
def _accumulate(x: Tensor, axis: int, accumulate: Callable[..., Tensor]) -> Tensor:
    return accumulate(x, axis)


@_jit("shape")
def _reshape(x: Tensor, shape: Shape) -> Tensor:
    return jnp.reshape(x, shape)


@_jit("permutation")
def _transpose(x: Tensor, permutation: tuple[int, ...]) -> Tensor:
    return lax.transpose(x, permutation)


@_jit("shape")
def _broadcast_to(x: Tensor, shape: Shape) -> Tensor:
    return jnp.broadcast_to(x, shape)


@_jit("axis")
def _concatenate(xs: Sequence[Tensor], axis: int) -> Tensor:
    return lax.concatenate(xs, axis)


@_jit("widths")
def _pad(x: Tensor, value: Tensor, widths: tuple[tuple[int, int], ...]) -> Tensor:
    return lax.pad(x, lax.convert_element_type(value, x.dtype), [(before, after, 0) for before, after in widths])


@_jit("sizes", "squeezed")
def _block(x: Tensor, starts: np.ndarray, sizes: Shape, squeezed: tuple[int, ...]) -> Tensor:
    found = lax.dynamic_slice(x, tuple(starts), sizes, allow_negative_indices=False)
    return lax.squeeze(found, squeezed) if squeezed else found


def _as_block(shape: Shape, key: Any) -> tuple[np.ndarray, Shape, tuple[int, ...]] | None:
    """Where the block lies that `key` selects, its sizes, and the axes that go; None if `key` is not integers and plain slices."""
    parts = key if type(key) is tuple else (key,)
    kinds = [type(part) for part in parts]
    if EllipsisType in kinds:
        at = kinds.index(EllipsisType)
        parts = (*parts[:at], *[slice(None)] * (len(shape) - len(parts) + 1), *parts[at + 1 :])
    if len(parts) > len(shape):
        return None
    starts, sizes, squeezed = [0] * len(shape), list(shape), []
    for axis, part in enumerate(parts):
        size = shape[axis]
        if type(part) is slice:
            try:
                start, stop, step = part.indices(size)
            except TypeError:  # the bounds are tensors
                return None
            if step != 1:
                return None
            starts[axis], sizes[axis] = start, max(stop - start, 0)
        elif type(part) is int and -size <= part < size:
            starts[axis], sizes[axis] = part % size, 1
            squeezed.append(axis)
        else:
            return None
    return np.asarray(starts, np.int32), tuple(sizes), tuple(squeezed)


@_jit("axis")
def _take(x: Tensor, indices: Tensor, axis: int) -> Tensor:
    if indices.dtype.itemsize < 4:  # may not hold the size of the axis, from which negative indices count
        indices = lax.convert_element_type(indices, np.int32)
    # "clip" spares the mask that fills in NaN for indices out of range, here and in the gradient.
    return x.at[(slice(None),) * axis + (indices,)].get(mode="clip")


@_jit("axis")
def _take_along_axis(x: Tensor, indices: Tensor, axis: int) -> Tensor:
    return jnp.take_along_axis(x, indices, axis, mode="clip")


@_jit("sizes")
def _dynamic_slice(x: Tensor, starts: Sequence[int | Tensor], sizes: Shape) -> Tensor:
    return lax.dynamic_slice(x, _starts(starts), sizes, allow_negative_indices=False)


@_jit()
def _dynamic_update(x: Tensor, starts: Sequence[int | Tensor], updates: Tensor) -> Tensor:
    return lax.dynamic_update_slice(x, updates, _starts(starts), allow_negative_indices=False)


def _starts(starts: Sequence[int | Tensor]) -> list[Tensor]:
    return [lax.convert_element_type(start, np.int32) for start in starts]


@_jit("how")
def _scatter(x: Tensor, indices: Tensor, updates: Tensor, how: str) -> Tensor:
    at = x.at[tuple(indices[..., axis] for axis in range(indices.shape[-1]))]
    return getattr(at, how)(updates)


@_jit()
def _matmul(x: Tensor, y: Tensor) -> Tensor:
    if x.ndim > 2 and y.ndim == 2:
        # The gradient of `y` is a product of matrices then, and not a slow contraction of two axes.
        rows = jnp.reshape(x, (math.prod(x.shape[:-1]), x.shape[-1]))
        return jnp.reshape(jnp.matmul(rows, y), (*x.shape[:-1], y.shape[-1]))
    return jnp.matmul(x, y)


@_jit("subscripts")
def _einsum(subscripts: str, xs: Sequence[Tensor]) -> Tensor:
    return jnp.einsum(subscripts, *xs)


@_jit("lower")
def _solve_triangular(a: Tensor, b: Tensor, lower: bool) -> Tensor:
    batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = jnp.broadcast_to(a, batch + a.shape[-2:]), jnp.broadcast_to(b, batch + b.shape[-2:])
    return lax.linalg.triangular_solve(a, b, left_side=True, lower=lower)


@_jit()
def _lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    factors, pivots, _ = lax.linalg.lu(x)
    return factors, pivots


@_jit("rcond")
def _lstsq(a: Tensor, b: Tensor, rcond: float | None) -> Tensor:
    return jnp.vectorize(lambda a, b: jnp.linalg.lstsq(a, b, rcond)[0], signature="(m,n),(m,k)->(n,k)")(a, b)


@_jit("axis")
def _sort(x: Tensor, axis: int) -> Tensor:
    return lax.sort(x, dimension=axis)


@_jit("axis")
def _argsort(x: Tensor, axis: int) -> Tensor:
    places = lax.broadcasted_iota(np.int32, x.shape, axis)
    return lax.sort((x, places), dimension=axis, num_keys=1)[1]


@_jit("k")
def _top_k(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    values, places = lax.top_k(x, k)
    return values, places


@_jit("side")
def _searchsorted(sorted: Tensor, values: Tensor, side: str) -> Tensor:
    return jnp.searchsorted(sorted, values, side).astype(np.int32)


def _key(data: Tensor) -> Tensor:
    return jax.random.wrap_key_data(data, impl="threefry2x32")


@_jit("shape", "dtype", "draw")
def _draw(key: Tensor, shape: Shape, dtype: np.dtype[Any], draw: Callable[..., Tensor]) -> Tensor:
    return draw(_key(key), shape, dtype)


@_jit("shape", "low", "high", "dtype")
def _integers(key: Tensor, shape: Shape, low: int, high: int, dtype: np.dtype[Any]) -> Tensor:
    # Drawn from 0 and unsigned, so that every range which the dtype can hold is one that JAX can be asked for.
    bits = dtype.itemsize * 8
    unsigned = np.dtype(f"uint{bits}")
    span = high - low
    if span == 2**bits:
        drawn = jax.random.bits(_key(key), shape, unsigned)
    else:
        drawn = jax.random.randint(_key(key), shape, np.asarray(0, unsigned), np.asarray(span, unsigned), unsigned)
    return lax.bitcast_convert_type(drawn + np.asarray(low % 2**bits, unsigned), dtype)


@_jit()
def _gamma(key: Tensor, alpha: Tensor) -> Tensor:
    return jax.random.gamma(_key(key), alpha, dtype=alpha.dtype)


@_jit()
def _binomial(key: Tensor, counts: Tensor, probabilities: Tensor) -> Tensor:
    return jax.random.binomial(_key(key), counts, probabilities, dtype=counts.dtype)


@_jit("n")
def _permutation(key: Tensor, n: int) -> Tensor:
    return jax.random.permutation(_key(key), lax.iota(np.int32, n))


class Arrays(Engine):
    """Creation, arithmetic, reductions, indexing, linear algebra and random draws in terms of `jax.numpy` and `jax.lax`."""

    # --- border ---

    def is_tensor(self, x: object) -> bool:
        return isinstance(x, jax.Array)

    def from_host(self, x: np.ndarray | Scalar | Sequence[Any], dtype: str) -> Tensor:
        wanted = canonical(dtype)
        with np.errstate(all="ignore"):
            return jnp.asarray(np.asarray(x).astype(wanted))

    def to_host(self, x: Tensor) -> np.ndarray:
        return np.array(x)

    def borrow(self, x: Any) -> Tensor | None:
        array = dlpack.shared(partial(jnp.from_dlpack, copy=False), x)
        # JAX moves such an array to no other device, where those of `from_host` follow what they meet.
        return array if array is not None and array.devices() == set(jax.devices()) else None

    def cast(self, x: Tensor, dtype: str) -> Tensor:
        wanted = canonical(dtype)
        return x if x.dtype == wanted else _cast(x, wanted)

    def canonical_dtype(self, dtype: str) -> str:
        return canonical(dtype).name

    # --- creation ---

    def full(self, shape: Shape, value: Scalar | Tensor, dtype: str) -> Tensor:
        wanted = canonical(dtype)
        return _full(_host_scalar(value, wanted), shape, wanted)

    def arange(self, start: Scalar, stop: Scalar, step: Scalar, dtype: str) -> Tensor:
        return jnp.arange(start, stop, step, canonical(dtype))

    # --- elementwise ---

    negative = _same(jnp.negative)
    absolute = _same(jnp.absolute)
    sign = _same(jnp.sign)
    conjugate = _same(jnp.conjugate)
    real = _same(jnp.real)
    imag = _same(jnp.imag)
    complex = _same(_complex)
    isnan = _same(jnp.isnan)
    isfinite = _same(jnp.isfinite)
    logical_not = _same(jnp.logical_not)
    bitwise_not = _same(jnp.bitwise_not)

    exp = _same(jnp.exp)
    expm1 = _same(jnp.expm1)
    log = _same(jnp.log)
    log1p = _same(jnp.log1p)
    log2 = _same(jnp.log2)
    log10 = _same(jnp.log10)
    sqrt = _same(jnp.sqrt)
    rsqrt = _same(_jit()(lax.rsqrt))
    sin = _same(jnp.sin)
    cos = _same(jnp.cos)
    tan = _same(jnp.tan)
    arcsin = _same(jnp.arcsin)
    arccos = _same(jnp.arccos)
    arctan = _same(jnp.arctan)
    sinh = _same(jnp.sinh)
    cosh = _same(jnp.cosh)
    tanh = _same(jnp.tanh)
    arcsinh = _same(jnp.arcsinh)
    arccosh = _same(jnp.arccosh)
    arctanh = _same(jnp.arctanh)
    sigmoid = _same(_jit()(lax.logistic))
    erf = _same(_jit()(lax.erf))
    erfinv = _same(_jit()(lax.erf_inv))
    floor = _same(jnp.floor)
    ceil = _same(jnp.ceil)
    trunc = _same(jnp.trunc)
    round = _same(jnp.round)

    add = _same(jnp.add)
    subtract = _same(jnp.subtract)
    multiply = _same(jnp.multiply)
    divide = _same(jnp.true_divide)
    floor_divide = _same(jnp.floor_divide)
    remainder = _same(jnp.remainder)
    power = _same(jnp.power)
    maximum = _same(jnp.maximum)
    minimum = _same(jnp.minimum)
    arctan2 = _same(jnp.arctan2)
    nextafter = _same(jnp.nextafter)
    equal = _same(jnp.equal)
    not_equal = _same(jnp.not_equal)
    less = _same(jnp.less)
    less_equal = _same(jnp.less_equal)
    greater = _same(jnp.greater)
    greater_equal = _same(jnp.greater_equal)
    logical_and = _same(jnp.logical_and)
    logical_or = _same(jnp.logical_or)
    bitwise_and = _same(jnp.bitwise_and)
    bitwise_or = _same(jnp.bitwise_or)
    bitwise_xor = _same(jnp.bitwise_xor)
    left_shift = _same(jnp.left_shift)
    right_shift = _same(jnp.right_shift)
    where = _same(_jit()(lambda condition, x, y: jnp.where(condition, x, y)))

    # --- reductions ---

    sum = _same(_sum)
    prod = _same(_prod)

    def mean(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        return jnp.mean(x, axis, keepdims=keepdims)

    def max(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        return jnp.max(x, axis, keepdims=keepdims)

    def min(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        return jnp.min(x, axis, keepdims=keepdims)

    def any(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        return jnp.any(x, axis, keepdims=keepdims)

    def all(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        return jnp.all(x, axis, keepdims=keepdims)

    argmax = _same(partial(_arg, choose=lax.argmax))
    argmin = _same(partial(_arg, choose=lax.argmin))
    cumsum = _same(partial(_accumulate, accumulate=lax.cumsum))
    cumprod = _same(partial(_accumulate, accumulate=lax.cumprod))

    # --- shaping and indexing ---

    reshape = _same(_reshape)
    transpose = _same(_transpose)
    broadcast_to = _same(_broadcast_to)
    concatenate = _same(_concatenate)

    def pad(self, x: Tensor, widths: Sequence[tuple[int, int]], value: Scalar | Tensor) -> Tensor:
        return _pad(x, _host_scalar(value, x.dtype), tuple(widths))

    def flip(self, x: Tensor, axis: tuple[int, ...]) -> Tensor:
        return jnp.flip(x, axis)

    def getitem(self, x: Tensor, key: Any) -> Tensor:
        if not isinstance(x, jax.core.Tracer):
            block = _as_block(x.shape, key)
            if block is not None:
                return _block(x, *block)
        return x[key]

    take = _same(_take)
    take_along_axis = _same(_take_along_axis)
    dynamic_slice = _same(_dynamic_slice)
    dynamic_update = _same(_dynamic_update)
    scatter = _same(_scatter)

    # --- contraction and linear algebra ---

    matmul = _same(_matmul)
    einsum = _same(_einsum)
    cholesky = _same(jnp.linalg.cholesky)

    def qr(self, x: Tensor, mode: str) -> tuple[Tensor, Tensor]:
        q, r = jnp.linalg.qr(x, mode)
        return q, r

    def svd(self, x: Tensor, full_matrices: bool) -> tuple[Tensor, Tensor, Tensor]:
        u, s, vh = jnp.linalg.svd(x, full_matrices)
        return u, s, vh

    svdvals = _same(jnp.linalg.svdvals)

    def eigh(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = jnp.linalg.eigh(x)
        return values, vectors

    def eig(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = jnp.linalg.eig(x)
        return values, vectors

    solve = _same(jnp.linalg.solve)
    solve_triangular = _same(_solve_triangular)
    det = _same(jnp.linalg.det)

    def slogdet(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sign, logarithm = jnp.linalg.slogdet(x)
        return sign, logarithm

    lu_factor = _same(_lu_factor)
    lstsq = _same(_lstsq)

    # --- Fourier ---

    fft = _same(_jit()(lambda x: jnp.fft.fft(x)))
    ifft = _same(_jit()(lambda x: jnp.fft.ifft(x)))
    rfft = _same(_jit("n")(lambda x, n: jnp.fft.rfft(x, n)))
    irfft = _same(_jit("n")(lambda x, n: jnp.fft.irfft(x, n)))

    # --- sorting ---

    sort = _same(_sort)
    argsort = _same(_argsort)
    top_k = _same(_top_k)
    searchsorted = _same(_searchsorted)

    # --- random ---

    def random_uniform(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return _draw(key, shape, canonical(dtype), jax.random.uniform)

    def random_normal(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return _draw(key, shape, canonical(dtype), jax.random.normal)

    def random_integers(self, key: Tensor, shape: Shape, low: int, high: int, dtype: str) -> Tensor:
        return _integers(key, shape, low, high, canonical(dtype))

    random_gamma = _same(_gamma)
    random_binomial = _same(_binomial)
    random_permutation = _same(_permutation)
