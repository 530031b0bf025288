"""The symbolic engine: tensors are `Spec`s, and every operation gives the shape and dtype of its result.

It needs no engine installed and computes no values. A size of None is not known; what may fit is taken to fit, and
what cannot fit raises a `ShapeError` that names the shapes and the axis. Targets of `reshape`, `full` and
`broadcast_to` may hold None. Like every engine it relies on what the protocol promises, and it says so when a dtype
breaks the promise: that finds faults in operations without running them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar

import numpy as np

from amalthea import dtypes, tree
from amalthea.engines import registry, shapes
from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Axes, Repeats, Scalar
from amalthea.engines.shapes import Sizes
from amalthea.engines.spec import Size, Spec
from amalthea.errors import ArgumentError, ArgumentTypeError, ShapeError

_FLOATING = frozenset({*dtypes.FLOATS, *dtypes.FLOATS8, *dtypes.COMPLEX})
_WIDE = frozenset({"int64", "uint64", "float64", "complex128"})  # engines may narrow these
_REAL = {"complex64": "float32", "complex128": "float64"}
_COMPLEX = {"float64": "complex128", "complex128": "complex128"}


class SymbolicEngine(Engine):
    """Shapes and dtypes only. Families whose members have one rule are added from the tables below the class."""

    name: ClassVar[str] = "symbolic"

    # --- crossing the border -----------------------------------------------------------------------------

    def shape_of(self, x: Spec) -> Sizes:
        return x.shape

    def dtype_of(self, x: Spec) -> str:
        return x.dtype

    def is_tensor(self, x: object) -> bool:
        return isinstance(x, Spec)

    def from_host(self, x: Any, dtype: str) -> Spec:
        return Spec(_shape(x), dtype)

    def hold(self, value: np.ndarray, dtype: str) -> Spec:
        return Spec(value.shape, dtype)

    def to_host(self, x: Spec) -> np.ndarray:
        raise ArgumentError(f"A symbolic tensor (shape {x.shape}, {x.dtype}) has no values: they come when the model runs.")

    def cast(self, x: Spec, dtype: str) -> Spec:
        return x if x.dtype == dtype else Spec(x.shape, dtype)

    def canonical_dtype(self, dtype: str) -> str:
        if dtype not in _WIDE:
            return dtype
        engine = registry.computing()
        return dtype if engine is None else engine.canonical_dtype(dtype)

    def assign(self, held: Spec | None, value: Spec) -> Spec:
        return value

    def devices(self) -> list[str]:
        return []

    def device(self, name: str) -> AbstractContextManager[Any]:
        return nullcontext()

    def synchronize(self, x: Any) -> None:
        """Nothing is under way."""

    # --- verbs -------------------------------------------------------------------------------------------

    def compile(
        self,
        fn: Callable[..., Any],
        state: Callable[[], Sequence[Any]] | None = None,
        jit: bool | str = "auto",
        repeats: Repeats | None = None,
    ) -> Callable[..., Any]:
        return fn

    def value_and_grad(self, fn: Callable[[], tuple[Spec, Any]], variables: Sequence[Any]) -> tuple[tuple[Spec, Any], list[Spec]]:
        return fn(), [Spec(variable.shape, variable.dtype) for variable in variables]

    def tensor_value_and_grad(self, fn: Callable[..., tuple[Spec, Any]], tensors: Sequence[Spec]) -> tuple[tuple[Spec, Any], list[Spec]]:
        return fn(*tensors), list(tensors)

    def abstract_eval(self, fn: Callable[..., Any], *args: Any) -> Any:
        with registry.use(self):
            return fn(*tree.map_structure(_described, args))

    def custom_vjp(
        self, plain: Callable[..., Any], forward: Callable[..., tuple[Any, Any]], backward: Callable[..., Sequence[Any]]
    ) -> Callable[..., Any]:
        return plain

    def custom_gradient(self, fn: Callable[..., tuple[Spec, Callable[..., Any]]]) -> Callable[..., Spec]:
        return lambda *tensors: fn(*tensors)[0]

    def remat(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        return fn

    # --- creation ----------------------------------------------------------------------------------------

    def full(self, shape: Sequence[Size], value: Any, dtype: str) -> Spec:
        return Spec(shape, dtype)

    def arange(self, start: Any, stop: Any, step: Any, dtype: str) -> Spec:
        if any(part is None or isinstance(part, Spec) for part in (start, stop, step)):
            return Spec((None,), dtype)
        return Spec((max(0, math.ceil((stop - start) / step)),), dtype)

    def tri(self, n: Size, m: Size, k: int, dtype: str) -> Spec:
        return Spec((n, m), dtype)

    def eye(self, n: Size, m: Size, k: int, dtype: str) -> Spec:
        return Spec((n, m), dtype)

    def linspace(self, start: Spec, stop: Spec, num: Size, endpoint: bool) -> Spec:
        return Spec((num, *shapes.same("linspace", start.shape, stop.shape)), start.dtype)

    # --- elementwise -------------------------------------------------------------------------------------

    def complex(self, real: Spec, imag: Spec) -> Spec:
        return Spec(shapes.broadcast("complex", real.shape, imag.shape), _COMPLEX.get(_one_dtype("complex", real, imag), "complex64"))

    def where(self, condition: Any, x: Any, y: Any) -> Spec:
        return _elementwise("where", (condition, x, y), _one_dtype("where", x, y))

    def clip(self, x: Spec, low: Any, high: Any) -> Spec:
        return _elementwise("clip", (x, low, high), _one_dtype("clip", x, low, high))

    # --- reductions --------------------------------------------------------------------------------------

    def argmax(self, x: Spec, axis: int, keepdims: bool) -> Spec:
        return Spec(shapes.reduced(x.shape, (axis,), keepdims), "int32")

    argmin = argmax

    def moments(self, x: Spec, axes: Axes, keepdims: bool) -> tuple[Spec, Spec]:
        moment = Spec(shapes.reduced(x.shape, axes, keepdims), x.dtype)
        return moment, moment

    def glu(self, x: Spec, axis: int) -> Spec:
        size = x.shape[axis]
        if size is not None and size % 2:
            raise ShapeError(f"glu: axis {axis} of the shape {x.shape} has size {size}, which cannot be halved.")
        return Spec((*x.shape[:axis], None if size is None else size // 2, *x.shape[axis + 1 :]), x.dtype)

    def quantile(self, x: Spec, q: float | Sequence[float], axis: Axes, method: str, keepdims: bool) -> Spec:
        lead = () if isinstance(q, (int, float)) else (len(q),)
        return Spec(lead + shapes.reduced(x.shape, axis, keepdims), x.dtype)

    # --- shaping -----------------------------------------------------------------------------------------

    def reshape(self, x: Spec, shape: Sequence[Size]) -> Spec:
        return Spec(shapes.reshaped(x.shape, shape), x.dtype)

    def transpose(self, x: Spec, permutation: tuple[int, ...]) -> Spec:
        if len(permutation) != len(x.shape):
            raise ShapeError(f"transpose: the permutation {permutation} does not name each axis of the shape {x.shape} once.")
        return Spec([x.shape[axis] for axis in permutation], x.dtype)

    def broadcast_to(self, x: Spec, shape: Sequence[Size]) -> Spec:
        return Spec(shapes.broadcast_to(x.shape, shape), x.dtype)

    def concatenate(self, xs: Sequence[Spec], axis: int) -> Spec:
        return Spec(shapes.concatenated([x.shape for x in xs], axis), _one_dtype("concatenate", *xs))

    def pad(self, x: Spec, widths: Sequence[tuple[int, int]], value: Any) -> Spec:
        if len(widths) != len(x.shape):
            raise ShapeError(f"pad: {len(widths)} pairs of widths for a tensor of {len(x.shape)} axes (shape {x.shape}).")
        return Spec([None if n is None else n + low + high for n, (low, high) in zip(x.shape, widths, strict=True)], x.dtype)

    def expand_dims(self, x: Spec, axis: int | Sequence[int]) -> Spec:
        sizes = list(x.shape)
        for place in sorted((axis,) if isinstance(axis, int) else axis):
            sizes.insert(place, 1)
        return Spec(sizes, x.dtype)

    def squeeze(self, x: Spec, axes: Sequence[int]) -> Spec:
        for axis in axes:
            if x.shape[axis] not in (1, None):
                raise ShapeError(f"squeeze: axis {axis} of the shape {x.shape} has size {x.shape[axis]}, not 1.")
        return Spec([size for axis, size in enumerate(x.shape) if axis not in axes], x.dtype)

    def stack(self, xs: Sequence[Spec], axis: int) -> Spec:
        shape = shapes.same("stack", *(x.shape for x in xs))
        return Spec((*shape[:axis], len(xs), *shape[axis:]), _one_dtype("stack", *xs))

    def unstack(self, x: Spec, axis: int) -> list[Spec]:
        size = x.shape[axis]
        if size is None:
            raise ShapeError(f"unstack: the size of axis {axis} is not known (shape {x.shape}), so neither is the number of parts.")
        return [Spec((*x.shape[:axis], *x.shape[axis + 1 :]), x.dtype)] * size

    def split(self, x: Spec, sizes: Sequence[int], axis: int) -> list[Spec]:
        whole = x.shape[axis]
        if whole is not None and sum(sizes) > whole:
            raise ShapeError(f"split: parts of the sizes {tuple(sizes)} do not fit axis {axis} of the shape {x.shape}, which has size {whole}.")
        return [Spec((*x.shape[:axis], size, *x.shape[axis + 1 :]), x.dtype) for size in sizes]

    def diagonal(self, x: Spec, offset: int, axis1: int, axis2: int) -> Spec:
        n, m = x.shape[axis1], x.shape[axis2]
        rest = [size for axis, size in enumerate(x.shape) if axis not in (axis1, axis2)]
        if n is None or m is None:
            return Spec((*rest, None), x.dtype)
        return Spec((*rest, max(0, min(n, m - offset) if offset >= 0 else min(n + offset, m))), x.dtype)

    def diag(self, x: Spec, k: int) -> Spec:
        size = None if x.shape[-1] is None else x.shape[-1] + abs(k)
        return Spec((*x.shape[:-1], size, size), x.dtype)

    # --- indexing ----------------------------------------------------------------------------------------

    def getitem(self, x: Spec, key: Any) -> Spec:
        return Spec(shapes.indexed(x.shape, key), x.dtype)

    def take(self, x: Spec, indices: Any, axis: int) -> Spec:
        return Spec((*x.shape[:axis], *_shape(indices), *x.shape[axis + 1 :]), x.dtype)

    def take_along_axis(self, x: Spec, indices: Spec, axis: int) -> Spec:
        if len(indices.shape) != len(x.shape):
            raise ShapeError(
                f"take_along_axis: a tensor of shape {x.shape} needs indices of as many axes. Received: indices of shape {indices.shape}."
            )
        a, b = ((*shape[:axis], 1, *shape[axis + 1 :]) for shape in (x.shape, indices.shape))
        around = shapes.broadcast("take_along_axis", a, b)
        return Spec((*around[:axis], indices.shape[axis], *around[axis + 1 :]), x.dtype)

    def dynamic_slice(self, x: Spec, starts: Sequence[Any], sizes: Sequence[Size]) -> Spec:
        if len(sizes) != len(x.shape):
            raise ShapeError(f"dynamic_slice: {len(sizes)} sizes for a tensor of {len(x.shape)} axes (shape {x.shape}).")
        for axis, (whole, size) in enumerate(zip(x.shape, sizes, strict=True)):
            if whole is not None and size is not None and size > whole:
                raise ShapeError(f"dynamic_slice: a block of {size} does not fit axis {axis} of the shape {x.shape}, which has size {whole}.")
        return Spec(sizes, x.dtype)

    def dynamic_update(self, x: Spec, starts: Sequence[Any], updates: Spec) -> Spec:
        self.dynamic_slice(x, starts, updates.shape)
        return x

    def scatter(self, x: Spec, indices: Spec, updates: Spec, how: str) -> Spec:
        depth = indices.shape[-1]
        if depth is not None:
            shapes.same(
                "scatter (updates, and what `indices` of " + str(indices.shape) + " point at)", updates.shape, indices.shape[:-1] + x.shape[depth:]
            )
        return x

    def one_hot(self, indices: Spec, depth: Size, axis: int, dtype: str) -> Spec:
        return Spec((*indices.shape[:axis], depth, *indices.shape[axis:]), dtype)

    def gather_nd(self, x: Spec, indices: Spec) -> Spec:
        depth = indices.shape[-1]
        if depth is None or depth > len(x.shape):
            raise ShapeError(f"gather_nd: the last axis of the indices' shape {indices.shape} must be at most {len(x.shape)}, the axes of {x.shape}.")
        return Spec(indices.shape[:-1] + x.shape[depth:], x.dtype)

    # --- contraction -------------------------------------------------------------------------------------

    def matmul(self, x: Spec, y: Spec) -> Spec:
        return Spec(shapes.matmul(x.shape, y.shape), _one_dtype("matmul", x, y))

    def einsum(self, subscripts: str, xs: Sequence[Spec]) -> Spec:
        return Spec(shapes.einsum(subscripts, [x.shape for x in xs]), _one_dtype("einsum", *xs))

    def conv(
        self,
        x: Spec,
        kernel: Spec,
        strides: tuple[int, ...],
        padding: tuple[tuple[int, int], ...],
        dilation: tuple[int, ...],
        groups: int,
        input_dilation: tuple[int, ...],
    ) -> Spec:
        shape = shapes.convolved(x.shape, kernel.shape, strides, padding, dilation, groups, input_dilation)
        return Spec(shape, _one_dtype("conv", x, kernel))

    def reduce_window(self, x: Spec, how: str, window: tuple[int, ...], strides: tuple[int, ...], padding: tuple[tuple[int, int], ...]) -> Spec:
        return Spec((x.shape[0], *shapes.slid(f"reduce_window ({how})", x.shape, window, strides, padding), x.shape[-1]), x.dtype)

    def avg_pool(self, x: Spec, window: tuple[int, ...], strides: tuple[int, ...], padding: tuple[tuple[int, int], ...]) -> Spec:
        return Spec((x.shape[0], *shapes.slid("avg_pool", x.shape, window, strides, padding), x.shape[-1]), x.dtype)

    # --- linear algebra ----------------------------------------------------------------------------------

    def qr(self, x: Spec, mode: str) -> tuple[Spec, Spec]:
        *batch, m, n = x.shape
        k = m if mode == "complete" else _least(m, n)
        return Spec((*batch, m, k), x.dtype), Spec((*batch, k, n), x.dtype)

    def svd(self, x: Spec, full_matrices: bool) -> tuple[Spec, Spec, Spec]:
        *batch, m, n = x.shape
        k = _least(m, n)
        left, right = ((m, m), (n, n)) if full_matrices else ((m, k), (k, n))
        return Spec((*batch, *left), x.dtype), Spec((*batch, k), _real(x)), Spec((*batch, *right), x.dtype)

    def svdvals(self, x: Spec) -> Spec:
        *batch, m, n = x.shape
        return Spec((*batch, _least(m, n)), _real(x))

    def eigh(self, x: Spec) -> tuple[Spec, Spec]:
        return Spec(_square("eigh", x)[:-1], _real(x)), x

    def eig(self, x: Spec) -> tuple[Spec, Spec]:
        dtype = _COMPLEX.get(x.dtype, "complex64")
        return Spec(_square("eig", x)[:-1], dtype), Spec(x.shape, dtype)

    def solve(self, a: Spec, b: Spec) -> Spec:
        _square("solve", a)
        return Spec(shapes.matmul(a.shape, b.shape), _one_dtype("solve", a, b))

    def solve_triangular(self, a: Spec, b: Spec, lower: bool) -> Spec:
        return self.solve(a, b)

    def det(self, x: Spec) -> Spec:
        return Spec(_square("det", x)[:-2], x.dtype)

    def slogdet(self, x: Spec) -> tuple[Spec, Spec]:
        batch = _square("slogdet", x)[:-2]
        return Spec(batch, x.dtype), Spec(batch, _real(x))

    def lu_factor(self, x: Spec) -> tuple[Spec, Spec]:
        *batch, m, n = x.shape
        return x, Spec((*batch, _least(m, n)), "int32")

    def lstsq(self, a: Spec, b: Spec, rcond: float | None) -> Spec:
        *batch, m, n = a.shape
        shapes.agree("lstsq", (a.shape, b.shape), len(batch), m, b.shape[-2])
        return Spec((*batch, n, b.shape[-1]), _one_dtype("lstsq", a, b))

    def pinv(self, x: Spec, rcond: float) -> Spec:
        return self.matrix_transpose(x)  # type: ignore[no-any-return]

    # --- Fourier -----------------------------------------------------------------------------------------

    def rfft(self, x: Spec, n: Size) -> Spec:
        return Spec((*x.shape[:-1], None if n is None else n // 2 + 1), _COMPLEX.get(x.dtype, "complex64"))

    def irfft(self, x: Spec, n: Size) -> Spec:
        return Spec((*x.shape[:-1], n), _real(x))

    # --- sorting -----------------------------------------------------------------------------------------

    def argsort(self, x: Spec, axis: int) -> Spec:
        return Spec(x.shape, "int32")

    def top_k(self, x: Spec, k: int) -> tuple[Spec, Spec]:
        size = x.shape[-1]
        if size is not None and k > size:
            raise ShapeError(f"top_k: the {k} largest of an axis of size {size} (the last of the shape {x.shape}).")
        shape = (*x.shape[:-1], k)
        return Spec(shape, x.dtype), Spec(shape, "int32")

    def searchsorted(self, sorted: Spec, values: Spec, side: str) -> Spec:
        return Spec(values.shape, "int32")

    # --- control flow ------------------------------------------------------------------------------------

    def cond(self, pred: Any, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        return _alike("cond (its two branches)", then(), otherwise())

    def while_loop(
        self, cond: Callable[..., Any], body: Callable[..., tuple[Any, ...]], carry: tuple[Any, ...], limit: int | None
    ) -> tuple[Any, ...]:
        cond(*carry)
        result: tuple[Any, ...] = _alike("while_loop (what its body takes and gives)", tuple(carry), tuple(body(*carry)), changing=True)
        return result

    def scan(self, body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: Size, reverse: bool, unroll: int) -> tuple[Any, Any]:
        for leaf in tree.flatten(xs):
            if isinstance(leaf, Spec) and leaf.shape[0] is not None and length is not None and leaf.shape[0] != length:
                raise ShapeError(f"scan: `length` is {length}, but a tensor to walk over has the shape {leaf.shape}.")
        end, y = body(carry, tree.map_structure(_without_first, xs))
        return _alike("scan (what its body takes and gives)", carry, end), tree.map_structure(lambda leaf: _with_first(leaf, length), y)

    def vectorized_map(self, fn: Callable[..., Any], *xs: Any) -> Any:
        length: Size = None
        for leaf in tree.flatten(xs):
            length = shapes.agree("vectorized_map", [leaf.shape for leaf in tree.flatten(xs)], 0, length, leaf.shape[0])
        return tree.map_structure(lambda leaf: _with_first(leaf, length), fn(*tree.map_structure(_without_first, xs)))

    # --- random ------------------------------------------------------------------------------------------

    def random_uniform(self, key: Spec, shape: Sequence[Size], dtype: str) -> Spec:
        return Spec(shape, dtype)

    random_normal = random_truncated_normal = random_exponential = random_gumbel = random_uniform

    def random_integers(self, key: Spec, shape: Sequence[Size], low: int, high: int, dtype: str) -> Spec:
        return Spec(shape, dtype)

    def random_gamma(self, key: Spec, alpha: Spec) -> Spec:
        return alpha

    def random_binomial(self, key: Spec, counts: Spec, probabilities: Spec) -> Spec:
        return Spec(shapes.same("random_binomial", counts.shape, probabilities.shape), counts.dtype)

    def random_permutation(self, key: Spec, n: Size) -> Spec:
        return Spec((n,), "int32")

    def random_categorical(self, key: Spec, logits: Spec, count: Size, dtype: str) -> Spec:
        return Spec((logits.shape[0], count), dtype)

    def random_bernoulli(self, key: Spec, probability: Scalar | Spec, shape: Sequence[Size]) -> Spec:
        return Spec(shape, "bool")

    def random_shuffle(self, key: Spec, x: Spec, axis: int) -> Spec:
        return x

    def random_fold(self, key: Spec, n: int) -> Spec:
        return key

    def dropout(self, key: Spec, x: Spec, rate: float, noise_shape: Sequence[Size]) -> Spec:
        shapes.broadcast("dropout (the tensor and `noise_shape`)", x.shape, tuple(noise_shape))
        return x

    # --- compositions whose steps need not be walked -----------------------------------------------------

    def batch_norm(self, x: Spec, mean: Spec, variance: Spec, axis: int, offset: Spec | None, scale: Spec | None, epsilon: float) -> Spec:
        size = x.shape[axis]
        for vector in (mean, variance, offset, scale):
            if vector is not None:
                shapes.agree("batch_norm", (x.shape, vector.shape), axis, size, vector.shape[0])
        return x

    def layer_norm(self, x: Spec, scale: Spec | None, offset: Spec | None, axes: tuple[int, ...], epsilon: float) -> Spec:
        for parameter in (scale, offset):
            if parameter is not None:
                shapes.same("layer_norm (a parameter, and the sizes that it stands for)", parameter.shape, tuple(x.shape[axis] for axis in axes))
        return x

    def rms_norm(self, x: Spec, scale: Spec | None, axes: tuple[int, ...], epsilon: float) -> Spec:
        return self.layer_norm(x, scale, None, axes, epsilon)

    def group_norm(self, x: Spec, groups: int, axis: int, scale: Spec | None, offset: Spec | None, epsilon: float) -> Spec:
        size = x.shape[axis]
        if size is not None and size % groups:
            raise ShapeError(f"group_norm: the {size} channels on axis {axis} of the shape {x.shape} cannot be shared among {groups} groups.")
        return x

    def attention_weights(self, query: Spec, key: Spec, mask: Spec | None, bias: Spec | None, scale: float | None, is_causal: bool) -> Spec:
        if len(query.shape) != 4 or len(key.shape) != 4:
            raise ShapeError(f"attention: queries and keys must be (batch, length, heads, dim). Received: the shapes {query.shape} and {key.shape}.")
        batch, target, heads, size = query.shape
        both = (query.shape, key.shape)
        shapes.agree("attention (queries and keys)", both, 3, size, key.shape[3])
        batch = shapes.agree("attention (queries and keys)", both, 0, batch, key.shape[0])
        shared = key.shape[2]
        if heads is not None and shared is not None and heads % shared:
            raise ShapeError(
                f"attention: {heads} heads of queries cannot be shared among {shared} heads of keys (shapes {query.shape} and {key.shape})."
            )
        shape = (batch, heads, target, key.shape[1])
        for extra in (mask, bias):
            if extra is not None:
                shapes.broadcast("attention (mask or bias, and weights)", extra.shape, shape)
        return Spec(shape, _one_dtype("attention", query, key))

    def attention(self, query: Spec, key: Spec, value: Spec, mask: Spec | None, bias: Spec | None, scale: float | None, is_causal: bool) -> Spec:
        batch, heads, target, _ = self.attention_weights(query, key, mask, bias, scale, is_causal).shape
        shapes.same("attention (keys and values, but for the last axis)", key.shape[:3], value.shape[:3])
        return Spec((batch, target, heads, value.shape[3]), _one_dtype("attention", query, value))

    def sparse_cross_entropy(self, labels: Spec, logits: Spec, axis: int) -> Spec:
        rest = shapes.reduced(logits.shape, (axis,), False)
        return Spec(shapes.same("sparse_cross_entropy (labels, and logits without their axis of classes)", labels.shape, rest), logits.dtype)

    def cross_entropy(self, target: Spec, logits: Spec, axis: int) -> Spec:
        shape = shapes.broadcast("cross_entropy", target.shape, logits.shape)
        return Spec(shapes.reduced(shape, (axis,), False), _one_dtype("cross_entropy", target, logits))

    def rnn(
        self,
        step: Callable[[Any, Any], tuple[Any, Any]],
        x: Any,
        states: Any,
        mask: Spec | None = None,
        reverse: bool = False,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
        before: Any = None,
    ) -> tuple[Any, Any, Any]:
        length = tree.flatten(x)[0].shape[1]
        output, new = step(tree.map_structure(lambda leaf: Spec((leaf.shape[0], *leaf.shape[2:]), leaf.dtype), x), states)
        new = _alike("rnn (the states that a step takes and gives)", states, new)
        outputs = tree.map_structure(lambda leaf: Spec((leaf.shape[0], length, *leaf.shape[1:]), leaf.dtype), output) if return_sequences else None
        return output, outputs, new

    def _recurrent(self, what: str, gates: int, x: Spec, h: Spec, kernel: Spec, recurrent_kernel: Spec, return_sequences: bool) -> tuple[Spec, Spec]:
        """Output and last state of a recurrence whose kernels hold `gates` gates side by side."""
        units = h.shape[-1]
        wide = None if units is None else gates * units
        shapes.same(f"{what} (`kernel`, and what it should be)", kernel.shape, (x.shape[2], wide))
        shapes.same(f"{what} (`recurrent_kernel`, and what it should be)", recurrent_kernel.shape, (units, wide))
        state = Spec((shapes.agree(what, (x.shape, h.shape), 0, x.shape[0], h.shape[0]), units), _one_dtype(what, x, h, kernel))
        return (Spec((state.shape[0], x.shape[1], units), state.dtype) if return_sequences else state), state

    def simple_rnn(
        self,
        x: Spec,
        h: Spec,
        kernel: Spec,
        recurrent_kernel: Spec,
        bias: Spec | None,
        mask: Spec | None = None,
        reverse: bool = False,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Spec, Spec]:
        return self._recurrent("simple_rnn", 1, x, h, kernel, recurrent_kernel, return_sequences)

    def lstm(
        self,
        x: Spec,
        h: Spec,
        c: Spec,
        kernel: Spec,
        recurrent_kernel: Spec,
        bias: Spec | None,
        mask: Spec | None = None,
        reverse: bool = False,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Spec, Spec, Spec]:
        output, state = self._recurrent("lstm", 4, x, h, kernel, recurrent_kernel, return_sequences)
        return output, state, state

    def gru(
        self,
        x: Spec,
        h: Spec,
        kernel: Spec,
        recurrent_kernel: Spec,
        bias: Spec | None,
        recurrent_bias: Spec | None,
        mask: Spec | None = None,
        reverse: bool = False,
        reset_after: bool = True,
        unroll: int = 1,
        return_sequences: bool = True,
        zero_output_for_mask: bool = False,
    ) -> tuple[Spec, Spec]:
        return self._recurrent("gru", 3, x, h, kernel, recurrent_kernel, return_sequences)


# --- pieces ----------------------------------------------------------------------------------------------


def _shape(x: Any) -> Sizes:
    """The shape of a tensor, an array, a number or a list of numbers."""
    shape = getattr(x, "shape", None)
    return tuple(shape) if shape is not None else np.shape(x)


def _described(leaf: Any) -> Any:
    """A tensor or array of any kind as a `Spec`; anything else as it is."""
    if isinstance(leaf, Spec) or not (hasattr(leaf, "shape") and hasattr(leaf, "dtype")):
        return leaf
    return Spec(tuple(leaf.shape), dtypes.standardize_dtype(leaf.dtype))


def _real(x: Spec) -> str:
    return _REAL.get(x.dtype, x.dtype)


def _least(m: Size, n: Size) -> Size:
    return None if m is None or n is None else min(m, n)


def _square(what: str, x: Spec) -> Sizes:
    """The shape of `x`, which must be of square matrices."""
    if len(x.shape) < 2:
        raise ShapeError(f"{what}: needs a matrix (or a batch of them). Received: shape {x.shape}.")
    rank = len(x.shape)
    size = x.shape[-1]
    if size is not None and x.shape[-2] is not None and size != x.shape[-2]:
        raise ShapeError(f"{what}: needs square matrices, but axes {rank - 2} and {rank - 1} of the shape {x.shape} differ.")
    return x.shape


def _one_dtype(what: str, *xs: Any) -> str:
    """The dtype of the tensors among `xs`, which have to share it (Python's numbers take part in any)."""
    found: str | None = None
    for x in xs:
        if type(x) is Spec:
            if found is not None and x.dtype != found:
                raise ArgumentTypeError(f"{what}: tensors of {found} and {x.dtype} met. Cast one of them: an engine promotes nothing.")
            found = x.dtype
    if found is None:
        raise ArgumentTypeError(f"{what}: needs a symbolic tensor. Received: {', '.join(type(x).__name__ for x in xs)}.")
    return found


def _elementwise(what: str, xs: Sequence[Any], dtype: str) -> Spec:
    return Spec(shapes.broadcast(what, *(x.shape if type(x) is Spec else _shape(x) for x in xs)), dtype)


def _without_first(leaf: Any) -> Any:
    return Spec(leaf.shape[1:], leaf.dtype) if isinstance(leaf, Spec) else leaf


def _with_first(leaf: Any, length: Size) -> Any:
    return Spec((length, *leaf.shape), leaf.dtype) if isinstance(leaf, Spec) else leaf


def _alike(what: str, one: Any, other: Any, changing: bool = False) -> Any:
    """Two structures of tensors as one: the same form, dtypes and ranks. Sizes known to both must be equal, or (`changing`) become None."""

    def meet(a: Any, b: Any) -> Any:
        if not isinstance(a, Spec) or not isinstance(b, Spec):
            # A number stands for a scalar tensor; beside anything else it is what it is.
            return a if isinstance(a, Spec) else b
        if a.dtype != b.dtype:
            raise ArgumentTypeError(f"{what}: the dtypes {a.dtype} and {b.dtype} differ.")
        if len(a.shape) != len(b.shape):
            raise ShapeError(f"{what}: the shapes {a.shape} and {b.shape} differ: one has {len(a.shape)} axes, the other {len(b.shape)}.")
        sizes: list[Size] = []
        for axis, (m, n) in enumerate(zip(a.shape, b.shape, strict=True)):
            if m is not None and n is not None and m != n and not changing:
                raise ShapeError(f"{what}: the shapes {a.shape} and {b.shape} differ: on axis {axis} they have the sizes {m} and {n}.")
            sizes.append(m if m == n else None)
        return Spec(sizes, a.dtype)

    try:
        return tree.map_structure(meet, one, other)
    except ArgumentError as error:
        raise ArgumentError(f"{what}: {error}") from error


# --- families with one rule ------------------------------------------------------------------------------

_Rule = Callable[..., Any]


def _same_rule(name: str) -> _Rule:
    return lambda self, x, *_, **__: x


def _floating_rule(name: str) -> _Rule:
    def rule(self: SymbolicEngine, x: Spec) -> Spec:
        if x.dtype not in _FLOATING:
            raise ArgumentTypeError(f"{name}: needs a floating tensor. Received: {x.dtype}. Cast it: an engine promotes nothing.")
        return x

    return rule


def _bool_rule(name: str) -> _Rule:
    return lambda self, x: Spec(x.shape, "bool")


def _real_rule(name: str) -> _Rule:
    return lambda self, x: x if x.dtype not in _REAL else Spec(x.shape, _REAL[x.dtype])


def _square_rule(name: str) -> _Rule:
    def rule(self: SymbolicEngine, x: Spec) -> Spec:
        _square(name, x)
        return x

    return rule


def _binary_rule(name: str) -> _Rule:
    def rule(self: SymbolicEngine, x: Any, y: Any) -> Spec:
        if type(x) is Spec and type(y) is Spec and x.dtype == y.dtype and x.shape == y.shape:
            return x
        return _elementwise(name, (x, y), _one_dtype(name, x, y))

    return rule


def _comparison_rule(name: str) -> _Rule:
    def rule(self: SymbolicEngine, x: Any, y: Any, *_: Any) -> Spec:
        _one_dtype(name, x, y)
        return _elementwise(name, (x, y), "bool")

    return rule


def _reduction_rule(name: str) -> _Rule:
    return lambda self, x, axis, keepdims: Spec(shapes.reduced(x.shape, axis, keepdims), x.dtype)


def _real_reduction_rule(name: str) -> _Rule:
    return lambda self, x, axis, keepdims: Spec(shapes.reduced(x.shape, axis, keepdims), _real(x))


def _count_rule(name: str) -> _Rule:
    return lambda self, x, axis, keepdims=False: Spec(shapes.reduced(x.shape, axis, keepdims), "int32")


_RULES: dict[_Rule, str] = {
    _same_rule: """
        negative sign conjugate logical_not bitwise_not cumsum cumprod flip sort fft ifft fft2 ifft2 stop_gradient widened
        square reciprocal exp2 cbrt sinc heaviside nan_to_num relu relu6 leaky_relu elu selu celu gelu silu softplus log_sigmoid softsign
        mish hard_sigmoid hard_silu hard_tanh tanh_shrink soft_shrink hard_shrink threshold squareplus sparse_plus sparse_sigmoid
        softmax log_softmax sparsemax roll tril triu matrix_power
    """,
    _floating_rule: """
        exp expm1 log log1p log2 log10 sqrt rsqrt sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh
        sigmoid erf erfinv floor ceil trunc round
    """,
    _bool_rule: "isnan isfinite isinf isposinf isneginf",
    _real_rule: "absolute real imag angle",
    _square_rule: "cholesky inv",
    _binary_rule: """
        add subtract multiply divide floor_divide remainder power maximum minimum arctan2 nextafter logical_and logical_or
        bitwise_and bitwise_or bitwise_xor left_shift right_shift logical_xor hypot logaddexp logaddexp2 divide_no_nan
        binary_cross_entropy
    """,
    _comparison_rule: "equal not_equal less less_equal greater greater_equal isclose",
    _reduction_rule: "sum prod mean max min any all logsumexp ptp median",
    _real_reduction_rule: "var std",
    _count_rule: "count_nonzero",
}

for _make_rule, _names in _RULES.items():
    for _name in _names.split():
        setattr(SymbolicEngine, _name, _make_rule(_name))

ENGINE = SymbolicEngine()
