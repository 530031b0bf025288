"""The NumPy engine: the definition of every primitive, readable before fast. It computes, but does not train.

Floating-point errors are silent, as on the other engines: a division by zero gives inf or NaN. Sums and products of float16 and
bfloat16 are formed in float32. bfloat16 and the 8-bit floats come from `ml_dtypes`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from amalthea import dtypes, tree
from amalthea.dtypes import numpy_dtype
from amalthea.engines import dlpack, registry
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Axes, Repeats, Scalar, Shape, Tensor
from amalthea.engines.spec import Spec
from amalthea.engines.tracing import UNKNOWN, specs_of, without_assignments
from amalthea.errors import ArgumentError, UnsupportedByEngine
from amalthea.state.scope import StatelessScope

_silent = np.errstate(all="ignore")


# --- forms that many primitives have ------------------------------------------------------------------------


def _wide(x: Tensor) -> Tensor:
    """`x`, or if it has fewer than 32 bits and is floating, `x` as float32."""
    return x.astype(np.float32) if x.dtype.itemsize < 4 and dtypes.is_float(x.dtype.name) else x


def _like(x: Tensor | Scalar, model: Tensor | Scalar) -> Tensor:
    """A tensor as it is; a Python number as a tensor in the dtype of `model`."""
    return x if isinstance(x, (np.ndarray, np.generic)) else np.asarray(x).astype(model.dtype)  # type: ignore[union-attr]


def _unary(fn: Callable[[Tensor], Tensor]) -> Any:
    """As `fn` does it."""

    @_silent
    def apply(self: Any, x: Tensor) -> Tensor:
        return fn(x)

    return apply


def _floating(fn: Callable[[Tensor], Tensor]) -> Any:
    """In float32 at least, and back in the dtype that came."""

    @_silent
    def apply(self: Any, x: Tensor) -> Tensor:
        return fn(_wide(x)).astype(x.dtype)

    return apply


def _binary(fn: Callable[[Tensor, Tensor], Tensor]) -> Any:
    """Of two tensors, or a tensor and a Python number."""

    @_silent
    def apply(self: Any, x: Tensor, y: Tensor) -> Tensor:
        return fn(_like(x, y), _like(y, x))

    return apply


def _reduction(fn: Callable[..., Tensor]) -> Any:
    """In float32 at least, and back in the dtype that came."""

    @_silent
    def reduce(self: Any, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        wide = _wide(x)
        return fn(wide, axis=axis, dtype=wide.dtype, keepdims=keepdims).astype(x.dtype)

    return reduce


def _choice(fn: Callable[..., Tensor]) -> Any:
    """A reduction that gives one of its elements."""

    def reduce(self: Any, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        return fn(_wide(x), axis=axis, keepdims=keepdims).astype(x.dtype)

    return reduce


def _place(fn: Callable[..., Tensor]) -> Any:
    """A reduction that gives the place of one of its elements."""

    def reduce(self: Any, x: Tensor, axis: int, keepdims: bool) -> Tensor:
        return fn(_wide(x), axis=axis, keepdims=keepdims).astype(np.int32)

    return reduce


def _accumulation(fn: Callable[..., Tensor]) -> Any:
    @_silent
    def accumulate(self: Any, x: Tensor, axis: int) -> Tensor:
        wide = _wide(x)
        return fn(wide, axis=axis, dtype=wide.dtype).astype(x.dtype)

    return accumulate


# --- functions that NumPy lacks ----------------------------------------------------------------------------


def _sigmoid(x: Tensor) -> Tensor:
    return 1 / (1 + np.exp(-x))


def _erfinv(x: float) -> float:
    """The inverse of erf: a rough guess, made exact by Halley's method on the tail that is left over.

    Reference: S. Winitzki, "A handy approximation for the error function and its inverse", 2008.
    """
    if not abs(x) < 1:
        return math.copysign(math.inf, x) if abs(x) == 1 else math.nan
    tail = 1 - abs(x)
    logarithm = math.log1p(-x * x)
    half = 2 / (math.pi * 0.147) + logarithm / 2
    y = math.sqrt(math.sqrt(half * half - logarithm / 0.147) - half)
    for _ in range(3):
        excess = (math.erfc(y) - tail if tail < 0.5 else abs(x) - math.erf(y)) * math.sqrt(math.pi) / 2 * math.exp(y * y)
        y += excess / (1 - y * excess)
    return math.copysign(y, x)


_each_erf = np.vectorize(math.erf, otypes=[np.float64])
_each_erfinv = np.vectorize(_erfinv, otypes=[np.float64])


def _lu(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian elimination with partial pivoting: both factors in one matrix, and the row that each step swapped in."""
    factors, pivots = x.copy(), np.arange(min(x.shape), dtype=np.int32)
    for step in range(len(pivots)):
        pivot = step + int(np.argmax(np.abs(factors[step:, step])))
        pivots[step] = pivot
        factors[[step, pivot]] = factors[[pivot, step]]
        if factors[step, step] != 0:
            factors[step + 1 :, step] /= factors[step, step]
            factors[step + 1 :, step + 1 :] -= np.outer(factors[step + 1 :, step], factors[step, step + 1 :])
    return factors, pivots


_each_lu = np.vectorize(_lu, signature="(m,n)->(m,n),(k)")


def _windows(x: np.ndarray, window: tuple[int, ...], strides: tuple[int, ...], dilation: tuple[int, ...]) -> np.ndarray:
    """(batch, *space, channels) -> (batch, *places, channels, *window): what a sliding window sees."""
    reach = tuple((size - 1) * step + 1 for size, step in zip(window, dilation, strict=True))
    seen = sliding_window_view(x, reach, axis=tuple(range(1, x.ndim - 1)))
    places, inside = (slice(None, None, step) for step in strides), (slice(None, None, step) for step in dilation)
    return np.asarray(seen[(slice(None), *places, slice(None), *inside)])


def _padded(x: np.ndarray, padding: Sequence[tuple[int, int]], value: Any) -> np.ndarray:
    """`x` with `value` around its space; negative padding cuts off."""
    kept = tuple(slice(max(0, -before), size - max(0, -after)) for size, (before, after) in zip(x.shape[1:-1], padding, strict=True))
    added = [(max(0, before), max(0, after)) for before, after in padding]
    return np.pad(x[(slice(None), *kept)], [(0, 0), *added, (0, 0)], constant_values=value)


def _lowest(dtype: np.dtype[Any]) -> Any:
    if dtype.kind == "b":
        return False
    return np.iinfo(dtype).min if dtype.kind in "iu" else -math.inf


def _generator(key: Tensor) -> np.random.Generator:
    first, second = (int(number) for number in key)
    return np.random.Generator(np.random.Philox(key=first << 32 | second))


_SCATTERS: dict[str, Any] = {"add": np.add, "mul": np.multiply, "max": np.maximum, "min": np.minimum}
_PRECISION = {"bfloat16": 8, "float16": 11}
"""Bits of the significand of the floats that NumPy draws no uniform numbers for."""


class NumpyEngine(Engine):
    """Tensors are `numpy.ndarray`, and NumPy's scalars."""

    name: ClassVar[str] = "numpy"
    trains: ClassVar[bool] = False

    # --- border ---

    def is_tensor(self, x: object) -> bool:
        return isinstance(x, (np.ndarray, np.generic))

    @_silent
    def from_host(self, x: np.ndarray | Scalar | Sequence[Any], dtype: str) -> Tensor:
        return np.asarray(x).astype(numpy_dtype(dtype))

    def to_host(self, x: Tensor) -> np.ndarray:
        return np.array(x)

    @_silent
    def cast(self, x: Tensor, dtype: str) -> Tensor:
        if dtype == "bool":
            return x != 0
        return (x if dtypes.is_complex(dtype) else np.real(x)).astype(numpy_dtype(dtype), copy=False)

    def borrow(self, x: Any) -> Tensor | None:
        array = dlpack.shared(np.from_dlpack, x)
        if array is not None:
            array.flags.writeable = False
        return array

    def canonical_dtype(self, dtype: str) -> str:
        return dtype

    def hold(self, value: np.ndarray, dtype: str) -> Tensor:
        return self.from_host(value, dtype)

    def assign(self, held: Tensor, value: Tensor) -> Tensor:
        # A copy: whoever gave the array may write into it.
        return np.array(value)

    def devices(self) -> list[str]:
        return ["cpu:0"]

    def device(self, name: str) -> AbstractContextManager[Any]:
        if name.lower() not in ("cpu", "cpu:0"):
            raise ArgumentError(f"There is no device {name!r}. The devices are: {', '.join(self.devices())}.")
        return nullcontext()

    def synchronize(self, x: Any) -> None:
        """Nothing is ever late."""

    # --- verbs ---

    def compile(
        self,
        fn: Callable[..., Any],
        state: Callable[[], Sequence[Any]] | None = None,
        jit: bool | str = "auto",
        repeats: Repeats | None = None,
    ) -> Callable[..., Any]:
        return fn

    def value_and_grad(self, fn: Callable[[], tuple[Tensor, Any]], variables: Sequence[Any]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        raise self._no_gradients("value_and_grad")

    def tensor_value_and_grad(self, fn: Callable[..., tuple[Tensor, Any]], tensors: Sequence[Tensor]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        raise self._no_gradients("tensor_value_and_grad")

    def _no_gradients(self, what: str) -> UnsupportedByEngine:
        others = [name for name in registry.names() if name != self.name]
        hint = " or ".join(f'`amalthea.config.set_engine("{name}")`' for name in others)
        return UnsupportedByEngine(self.name, what, f"It computes no gradients: training needs another engine. Choose one with {hint}.")

    def abstract_eval(self, fn: Callable[..., Any], *args: Any) -> Any:
        # Sizes that follow an unknown one differ between two runs with different numbers in its place.
        runs = (self._on_zeros(fn, args, unknown) for unknown in UNKNOWN)
        return specs_of(*(tree.map_structure(lambda leaf: Spec(np.shape(leaf), _dtype_name(leaf)), run) for run in runs))

    def _on_zeros(self, fn: Callable[..., Any], args: Any, unknown: int = 1) -> Any:
        """`fn` of zeros in place of the specs in `args`; what it assigns is forgotten."""

        def zeros(leaf: Any) -> Any:
            if not isinstance(leaf, Spec):
                return leaf
            return np.zeros([unknown if size is None else size for size in leaf.shape], numpy_dtype(leaf.dtype))

        with StatelessScope():
            return fn(*tree.map_structure(zeros, args))

    def custom_vjp(
        self, plain: Callable[..., Any], forward: Callable[..., tuple[Any, Any]], backward: Callable[..., Sequence[Any]]
    ) -> Callable[..., Any]:
        return plain

    def custom_gradient(self, fn: Callable[..., tuple[Tensor, Callable[..., Any]]]) -> Callable[..., Tensor]:
        return lambda *tensors: fn(*tensors)[0]

    def stop_gradient(self, x: Tensor) -> Tensor:
        return x

    def remat(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    # --- creation ---

    @_silent
    def full(self, shape: Shape, value: Scalar | Tensor, dtype: str) -> Tensor:
        return np.full(shape, np.asarray(value).astype(numpy_dtype(dtype)))

    def arange(self, start: Scalar, stop: Scalar, step: Scalar, dtype: str) -> Tensor:
        return np.arange(start, stop, step).astype(numpy_dtype(dtype))  # type: ignore[arg-type]

    # --- elementwise, one tensor ---

    negative = _unary(np.negative)
    absolute = _unary(np.absolute)
    sign = _unary(np.sign)
    conjugate = _unary(np.conjugate)
    real = _unary(np.real)
    imag = _unary(np.imag)
    isnan = _unary(np.isnan)
    isfinite = _unary(np.isfinite)
    logical_not = _unary(np.logical_not)
    bitwise_not = _unary(np.invert)

    def complex(self, real: Tensor, imag: Tensor) -> Tensor:
        result = np.empty(np.broadcast_shapes(real.shape, imag.shape), np.result_type(real.dtype, np.complex64))
        result.real, result.imag = real, imag
        return result

    exp = _floating(np.exp)
    expm1 = _floating(np.expm1)
    log = _floating(np.log)
    log1p = _floating(np.log1p)
    log2 = _floating(np.log2)
    log10 = _floating(np.log10)
    sqrt = _floating(np.sqrt)
    rsqrt = _floating(lambda x: 1 / np.sqrt(x))
    sin = _floating(np.sin)
    cos = _floating(np.cos)
    tan = _floating(np.tan)
    arcsin = _floating(np.arcsin)
    arccos = _floating(np.arccos)
    arctan = _floating(np.arctan)
    sinh = _floating(np.sinh)
    cosh = _floating(np.cosh)
    tanh = _floating(np.tanh)
    arcsinh = _floating(np.arcsinh)
    arccosh = _floating(np.arccosh)
    arctanh = _floating(np.arctanh)
    sigmoid = _floating(_sigmoid)
    erf = _floating(_each_erf)
    erfinv = _floating(_each_erfinv)
    floor = _floating(np.floor)
    ceil = _floating(np.ceil)
    trunc = _floating(np.trunc)
    round = _floating(np.rint)

    # --- elementwise, several tensors ---

    add = _binary(np.add)
    subtract = _binary(np.subtract)
    multiply = _binary(np.multiply)
    divide = _binary(np.divide)
    floor_divide = _binary(np.floor_divide)
    remainder = _binary(np.remainder)
    power = _binary(np.power)
    maximum = _binary(np.maximum)
    minimum = _binary(np.minimum)
    arctan2 = _binary(np.arctan2)
    nextafter = _binary(np.nextafter)
    equal = _binary(np.equal)
    not_equal = _binary(np.not_equal)
    less = _binary(np.less)
    less_equal = _binary(np.less_equal)
    greater = _binary(np.greater)
    greater_equal = _binary(np.greater_equal)
    logical_and = _binary(np.logical_and)
    logical_or = _binary(np.logical_or)
    bitwise_and = _binary(np.bitwise_and)
    bitwise_or = _binary(np.bitwise_or)
    bitwise_xor = _binary(np.bitwise_xor)
    left_shift = _binary(np.left_shift)
    right_shift = _binary(np.right_shift)

    def where(self, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
        return np.where(condition, _like(x, y), _like(y, x))

    # --- reductions ---

    sum = _reduction(np.sum)
    prod = _reduction(np.prod)
    mean = _reduction(np.mean)
    max = _choice(np.max)
    min = _choice(np.min)
    any = _choice(np.any)
    all = _choice(np.all)
    argmax = _place(np.argmax)
    argmin = _place(np.argmin)
    cumsum = _accumulation(np.cumsum)
    cumprod = _accumulation(np.cumprod)

    # --- shaping ---

    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        return np.reshape(x, shape)

    def transpose(self, x: Tensor, permutation: tuple[int, ...]) -> Tensor:
        return np.transpose(x, permutation)

    def broadcast_to(self, x: Tensor, shape: Shape) -> Tensor:
        return np.broadcast_to(x, shape)

    def concatenate(self, xs: Sequence[Tensor], axis: int) -> Tensor:
        return np.concatenate(xs, axis)

    def pad(self, x: Tensor, widths: Sequence[tuple[int, int]], value: Scalar | Tensor) -> Tensor:
        result = np.full([before + size + after for size, (before, after) in zip(x.shape, widths, strict=True)], _like(value, x), x.dtype)
        result[tuple(slice(before, before + size) for size, (before, _) in zip(x.shape, widths, strict=True))] = x
        return result

    def flip(self, x: Tensor, axis: tuple[int, ...]) -> Tensor:
        return np.flip(x, axis)

    # --- indexing ---

    def getitem(self, x: Tensor, key: Any) -> Tensor:
        return x[key]

    def take(self, x: Tensor, indices: Tensor, axis: int) -> Tensor:
        return np.take(x, _places(indices, x.shape[axis]), axis, mode="clip")

    def take_along_axis(self, x: Tensor, indices: Tensor, axis: int) -> Tensor:
        return np.take_along_axis(x, np.clip(_places(indices, x.shape[axis]), 0, x.shape[axis] - 1), axis)

    def dynamic_slice(self, x: Tensor, starts: Sequence[int | Tensor], sizes: Shape) -> Tensor:
        return x[_block(x.shape, starts, sizes)]

    def dynamic_update(self, x: Tensor, starts: Sequence[int | Tensor], updates: Tensor) -> Tensor:
        result = np.array(x)
        result[_block(x.shape, starts, updates.shape)] = updates
        return result

    @_silent
    def scatter(self, x: Tensor, indices: Tensor, updates: Tensor, how: str) -> Tensor:
        places = tuple(np.moveaxis(indices, -1, 0))
        result = np.array(_wide(x))
        if how == "set":
            result[places] = updates
        else:
            _SCATTERS[how].at(result, places, _wide(updates))
        return result.astype(x.dtype, copy=False)

    # --- contraction ---

    @_silent
    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        return np.matmul(_wide(x), _wide(y)).astype(x.dtype)

    @_silent
    def einsum(self, subscripts: str, xs: Sequence[Tensor]) -> Tensor:
        return np.einsum(subscripts, *(_wide(x) for x in xs), optimize=True).astype(xs[0].dtype)

    @_silent
    def conv(
        self,
        x: Tensor,
        kernel: Tensor,
        strides: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
        groups: int,
        input_dilation: tuple[int, ...],
    ) -> Tensor:
        window, (depth, filters) = kernel.shape[:-2], kernel.shape[-2:]
        spread = np.zeros((x.shape[0], *(max(0, (n - 1) * d + 1) for n, d in zip(x.shape[1:-1], input_dilation, strict=True)), x.shape[-1]), x.dtype)
        spread[(slice(None), *(slice(None, None, step) for step in input_dilation))] = x
        seen = _windows(_padded(_wide(spread), padding, 0), window, strides, dilation)

        rank, results, share = len(window), [], filters // groups
        kernel = np.moveaxis(_wide(kernel), -2, 0)  # (depth, *window, filters), as in `seen`
        for group in range(groups):
            inputs = seen[(slice(None),) * (rank + 1) + (slice(group * depth, (group + 1) * depth),)]
            weights = kernel[..., group * share : (group + 1) * share]
            results.append(np.tensordot(inputs, weights, (range(rank + 1, 2 * rank + 2), range(rank + 1))))
        return np.concatenate(results, -1).astype(x.dtype)

    @_silent
    def reduce_window(self, x: Tensor, how: str, window: tuple[int, ...], strides: tuple[int, ...], padding: tuple[tuple[int, int], ...]) -> Tensor:
        wide = _wide(x)
        padded = _padded(wide, padding, _lowest(wide.dtype) if how == "max" else 0)
        seen = _windows(padded, window, strides, (1,) * len(window))
        inside = tuple(range(-len(window), 0))
        return (np.max(seen, inside) if how == "max" else np.sum(seen, inside, dtype=wide.dtype)).astype(x.dtype)

    # --- linear algebra ---

    def cholesky(self, x: Tensor) -> Tensor:
        return np.linalg.cholesky(x)

    def qr(self, x: Tensor, mode: str) -> tuple[Tensor, Tensor]:
        q, r = np.linalg.qr(x, mode)  # type: ignore[call-overload]
        return q, r

    def svd(self, x: Tensor, full_matrices: bool) -> tuple[Tensor, Tensor, Tensor]:
        u, s, vh = np.linalg.svd(x, full_matrices)
        return u, s, vh

    def svdvals(self, x: Tensor) -> Tensor:
        return np.linalg.svd(x, compute_uv=False)

    def eigh(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = np.linalg.eigh(x)
        return values, vectors

    def eig(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = np.linalg.eig(x)
        dtype = np.result_type(x.dtype, np.complex64)
        return values.astype(dtype), vectors.astype(dtype)

    def solve(self, a: Tensor, b: Tensor) -> Tensor:
        return np.linalg.solve(a, b)

    def solve_triangular(self, a: Tensor, b: Tensor, lower: bool) -> Tensor:
        return np.linalg.solve(np.tril(a) if lower else np.triu(a), b)

    def det(self, x: Tensor) -> Tensor:
        return np.linalg.det(x)

    def slogdet(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sign, logarithm = np.linalg.slogdet(x)
        return sign, logarithm

    def lu_factor(self, x: Tensor) -> tuple[Tensor, Tensor]:
        factors, pivots = _each_lu(x)
        return factors, pivots

    def lstsq(self, a: Tensor, b: Tensor, rcond: float | None) -> Tensor:
        return np.vectorize(lambda a, b: np.linalg.lstsq(a, b, rcond)[0], signature="(m,n),(m,k)->(n,k)")(a, b)

    # --- Fourier ---

    def fft(self, x: Tensor) -> Tensor:
        return np.fft.fft(x).astype(x.dtype)

    def ifft(self, x: Tensor) -> Tensor:
        return np.fft.ifft(x).astype(x.dtype)

    def rfft(self, x: Tensor, n: int) -> Tensor:
        return np.fft.rfft(x, n).astype(np.result_type(x.dtype, np.complex64))

    def irfft(self, x: Tensor, n: int) -> Tensor:
        return np.fft.irfft(x, n).astype(x.real.dtype)

    # --- sorting ---

    def sort(self, x: Tensor, axis: int) -> Tensor:
        return np.sort(_wide(x), axis).astype(x.dtype)

    def argsort(self, x: Tensor, axis: int) -> Tensor:
        return np.argsort(_wide(x), axis, kind="stable").astype(np.int32)

    def top_k(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        # Sorted from the other end and turned round, so that equals keep their order.
        places = x.shape[-1] - 1 - np.flip(np.argsort(np.flip(_wide(x), -1), -1, kind="stable"), -1)
        places = places[..., :k].astype(np.int32)
        return np.take_along_axis(x, places, -1), places

    def searchsorted(self, sorted: Tensor, values: Tensor, side: str) -> Tensor:
        return np.searchsorted(_wide(sorted), _wide(values), side).astype(np.int32)  # type: ignore[call-overload]

    # --- control flow ---

    def cond(self, pred: Tensor, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        return then() if pred else otherwise()

    def while_loop(
        self, cond: Callable[..., Tensor], body: Callable[..., tuple[Any, ...]], carry: tuple[Any, ...], limit: int | None
    ) -> tuple[Any, ...]:
        body, count = without_assignments(body, "while_loop"), 0
        while (limit is None or count < limit) and cond(*carry):
            carry, count = tuple(body(*carry)), count + 1
        return carry

    def scan(self, body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: int, reverse: bool, unroll: int) -> tuple[Any, Any]:
        if length == 0:
            _, y = self._on_zeros(body, (carry, _element(xs)))
            return carry, _none_of(y)
        body = without_assignments(body, "scan")
        ys: list[Any] = [None] * length
        for step in reversed(range(length)) if reverse else range(length):
            carry, ys[step] = body(carry, _at(step, xs))
        return carry, _stacked(ys)

    def vectorized_map(self, fn: Callable[..., Any], *xs: Any) -> Any:
        length = len(tree.flatten(xs)[0])
        if length == 0:
            return _none_of(self._on_zeros(fn, _element(xs)))
        fn = without_assignments(fn, "vectorized_map")
        return _stacked([fn(*_at(step, xs)) for step in range(length)])

    # --- random draws ---

    def random_uniform(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        if dtype not in _PRECISION:
            return _generator(key).random(shape, numpy_dtype(dtype))
        steps = 2 ** _PRECISION[dtype]  # rounding a finer number could give 1
        return (_generator(key).integers(0, steps, shape) / steps).astype(numpy_dtype(dtype))

    def random_normal(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        return _generator(key).standard_normal(shape).astype(numpy_dtype(dtype))

    def random_integers(self, key: Tensor, shape: Shape, low: int, high: int, dtype: str) -> Tensor:
        return _generator(key).integers(low, high, shape, numpy_dtype(dtype))

    def random_gamma(self, key: Tensor, alpha: Tensor) -> Tensor:
        return _generator(key).standard_gamma(_wide(alpha), alpha.shape).astype(alpha.dtype)

    def random_binomial(self, key: Tensor, counts: Tensor, probabilities: Tensor) -> Tensor:
        draws = _generator(key).binomial(counts.astype(np.int64), _wide(probabilities), counts.shape)
        return draws.astype(counts.dtype)

    def random_permutation(self, key: Tensor, n: int) -> Tensor:
        return _generator(key).permutation(n).astype(np.int32)


# --- details of indexing and control flow ------------------------------------------------------------------


def _places(indices: Tensor, size: int) -> Tensor:
    """The places that `indices`, of which the negative ones count from the end, mean."""
    places = indices.astype(np.int64)
    return np.where(places < 0, places + size, places)


def _block(shape: Shape, starts: Sequence[int | Tensor], sizes: Shape) -> tuple[slice, ...]:
    """Where the block of `sizes` lies, moved so that it fits into `shape`."""
    first = [min(max(int(start), 0), whole - size) for whole, start, size in zip(shape, starts, sizes, strict=True)]
    return tuple(slice(start, start + size) for start, size in zip(first, sizes, strict=True))


def _at(step: int, xs: Any) -> Any:
    return tree.map_structure(lambda leaf: leaf[step], xs, none_is_leaf=False)


def _stacked(results: list[Any]) -> Any:
    return tree.map_structure(lambda *leaves: np.stack(leaves), *results, none_is_leaf=False)


def _element(xs: Any) -> Any:
    """What the elements along the first axis are like, of which there are none."""
    return tree.map_structure(lambda leaf: Spec(leaf.shape[1:], _dtype_name(leaf)), xs, none_is_leaf=False)


def _none_of(result: Any) -> Any:
    """The results of a loop over nothing, each of which would have been like `result`."""
    return tree.map_structure(lambda leaf: np.zeros((0, *np.shape(leaf)), np.asarray(leaf).dtype), result, none_is_leaf=False)


def _dtype_name(x: Any) -> str:
    return dtypes.standardize_dtype(np.asarray(x).dtype)


ENGINE = NumpyEngine()
