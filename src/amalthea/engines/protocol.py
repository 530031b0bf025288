"""What an engine must promise: the primitives, each with its contract.

An engine translates and decides nothing. Above this seam, once and for every engine, arguments were
checked, axes made non-negative, shapes made tuples, dtypes promoted and written as canonical names
("float32"). So a primitive may rely on the following, and has to give the following:

* *Tensors* are the engine's own. Where an elementwise primitive takes two tensors, both have the same
  dtype, or one of them is a Python scalar that the other's dtype can hold. Shapes broadcast as in NumPy.
* *Dtypes out*: the dtype that came in, unless the docstring says otherwise. Functions under "floating"
  receive floating (or complex) dtypes only.
* *Axes* are non-negative and in range; `axis: Axes` is None (all axes), or a tuple of them.
* *Purity*: no primitive changes its arguments. State lives in `amalthea.state.Variable`.

Whatever can be composed of these stands in `derived.py`; an engine overrides a composition by
defining the same name, where a measurement says that it pays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, TypeVar

import numpy as np

from amalthea.errors import UnsupportedByEngine

Tensor = Any
Shape = tuple[int, ...]
Axes = tuple[int, ...] | None
Scalar = bool | int | float | complex
Repeats = Callable[[], Callable[[], bool] | None]
"""What `compile` is told of functions that may do the same at every call."""

PRIMITIVES: dict[str, str] = {}
"""Name of each primitive -> the family it belongs to. Filled by `@primitive` below."""

_F = TypeVar("_F", bound=Callable[..., Any])


def primitive(family: str) -> Callable[[_F], _F]:
    """Mark a method as a primitive: an engine without it raises `UnsupportedByEngine`."""

    def mark(declaration: _F) -> _F:
        name = declaration.__name__
        PRIMITIVES[name] = family

        def missing(self: Protocol, *args: Any, **kwargs: Any) -> Any:
            raise UnsupportedByEngine(self.name, name)

        missing.__name__, missing.__doc__ = name, declaration.__doc__
        missing.__annotations__ = declaration.__annotations__
        return missing  # type: ignore[return-value]

    return mark


class Protocol:
    """The primitives of an engine. Read with the module's docstring, which holds for all of them."""

    name: ClassVar[str] = ""
    trains: ClassVar[bool] = True
    """Whether `value_and_grad` exists on this engine."""
    mutable: ClassVar[bool] = True
    """Whether programs can write into its tensors, so that other engines must not share their memory."""

    # --- crossing the border -------------------------------------------------------------------------

    @primitive("border")
    def is_tensor(self, x: object) -> bool:
        """Whether `x` is a tensor of this engine (a tracer counts)."""

    @primitive("border")
    def from_host(self, x: np.ndarray | Scalar | Sequence[Any], dtype: str) -> Tensor:
        """A tensor with the values of `x`, of dtype `dtype` (or what `canonical_dtype` makes of it)."""

    @primitive("border")
    def to_host(self, x: Tensor) -> np.ndarray:
        """The values of `x` as an array of their own, which may be written into. Waits for them; an error for a tracer."""

    @primitive("border")
    def cast(self, x: Tensor, dtype: str) -> Tensor:
        """`x` as `dtype`. Floats to integers: toward zero. Anything to bool: not equal to zero."""

    @primitive("border")
    def canonical_dtype(self, dtype: str) -> str:
        """The dtype that this engine stores when asked for `dtype` (JAX keeps 64-bit types in 32)."""

    @primitive("border")
    def hold(self, value: np.ndarray, dtype: str) -> Tensor:
        """What a variable holds at first: a tensor with values (never a tracer) and memory of its own."""

    @primitive("border")
    def assign(self, held: Tensor | None, value: Tensor) -> Tensor:
        """What a variable that holds `held` (None: nothing of this engine) holds once `value` (same shape and dtype) is assigned.

        Engines with mutable storage may write into `held` and return it; others return `value`.
        """

    @primitive("border")
    def devices(self) -> list[str]:
        """The devices of this engine, as "cpu:0", "gpu:1"."""

    @primitive("border")
    def device(self, name: str) -> AbstractContextManager[Any]:
        """Inside this context new tensors live on the device `name`."""

    @primitive("border")
    def synchronize(self, x: Any) -> None:
        """Return once the tensors in the nested structure `x` are computed."""

    # --- verbs: what makes an engine one ---------------------------------------------------------------

    @primitive("verbs")
    def compile(
        self,
        fn: Callable[..., Any],
        state: Callable[[], Sequence[Any]] | None = None,
        jit: bool | str = "auto",
        repeats: Repeats | None = None,
    ) -> Callable[..., Any]:
        """A fast callable of `fn`, which may read and assign variables.

        `state`, if given, names the variables that `fn` probably uses; it is a hint that saves a trace,
        and whatever else `fn` touches is found. Positional arguments only; their leaves are tensors,
        arrays, or hashable constants. Called again with the same shapes, it does not run `fn` again where it is compiled.

        `jit` says how far compilation goes. True: to machine code, by the engine's compiler (XLA on JAX and TensorFlow,
        `torch.compile` on PyTorch); what it cannot take is an `UnsupportedByEngine`. False: without that compiler: a graph on
        TensorFlow; on JAX and PyTorch `fn` runs at every call, operation by operation. "auto": the engine's choice: True on JAX, False
        on PyTorch, on TensorFlow a graph in which recurrences are machine code. NumPy has no compiler: there `fn` runs as it is, whatever `jit` says.

        `repeats()`, if given, says whether `fn` asks for the same operations at every call with arguments of the same shapes, and has no
        other effects: None if that is not known, else a function that says whether it is still true. An engine that would run `fn` as it is
        may record the operations and repeat them ("auto" on PyTorch).
        """

    @primitive("verbs")
    def value_and_grad(self, fn: Callable[[], tuple[Tensor, Any]], variables: Sequence[Any]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        """`((value, aux), gradients)` of `fn() -> (scalar, aux)` with respect to `variables`.

        What `fn` assigns besides is assigned. A variable that `value` does not depend on gets zeros.
        """

    @primitive("verbs")
    def tensor_value_and_grad(self, fn: Callable[..., tuple[Tensor, Any]], tensors: Sequence[Tensor]) -> tuple[tuple[Tensor, Any], list[Tensor]]:
        """`((value, aux), gradients)` of `fn(*tensors) -> (scalar, aux)` with respect to `tensors`."""

    @primitive("verbs")
    def abstract_eval(self, fn: Callable[..., Any], *args: Any) -> Any:
        """`fn(*args)` in shapes and dtypes: `Spec` leaves in `args` and in the result; sizes may be None."""

    @primitive("verbs")
    def custom_gradient(self, fn: Callable[..., tuple[Tensor, Callable[..., Any]]]) -> Callable[..., Tensor]:
        """A function that gives the first result of `fn(*tensors)` and has the second as its gradient."""

    @primitive("verbs")
    def custom_vjp(
        self,
        plain: Callable[..., tuple[Tensor, ...]],
        forward: Callable[..., tuple[tuple[Tensor, ...], Any]],
        backward: Callable[[Any, tuple[Tensor, ...]], Sequence[Tensor | None]],
    ) -> Callable[..., tuple[Tensor, ...]]:
        """`plain(*tensors)`; where a gradient is wanted, `forward`, which gives the same and what `backward` needs.

        `backward` takes that and the gradients of the results, and gives those of `tensors`: None for one without a gradient.
        The three use no tensors from outside.
        """

    @primitive("verbs")
    def stop_gradient(self, x: Tensor) -> Tensor:
        """`x`, through which no gradient flows."""

    @primitive("verbs")
    def remat(self, fn: Callable[..., Any]) -> Callable[..., Any]:
        """`fn`, whose inner values are computed again for the gradient rather than kept."""

    # --- creation --------------------------------------------------------------------------------------

    @primitive("creation")
    def full(self, shape: Shape, value: Scalar | Tensor, dtype: str) -> Tensor:
        """A tensor of `shape` filled with the scalar `value`."""

    @primitive("creation")
    def arange(self, start: Scalar, stop: Scalar, step: Scalar, dtype: str) -> Tensor:
        """`start, start + step, ...` up to, not including, `stop`; `dtype` may be floating."""

    # --- elementwise, one tensor, numeric --------------------------------------------------------------

    @primitive("unary")
    def negative(self, x: Tensor) -> Tensor: ...

    @primitive("unary")
    def absolute(self, x: Tensor) -> Tensor:
        """Magnitude; a complex tensor gives its real counterpart."""

    @primitive("unary")
    def sign(self, x: Tensor) -> Tensor: ...

    @primitive("unary")
    def conjugate(self, x: Tensor) -> Tensor: ...

    @primitive("unary")
    def real(self, x: Tensor) -> Tensor:
        """The real part; a real tensor gives itself."""

    @primitive("unary")
    def imag(self, x: Tensor) -> Tensor:
        """The imaginary part; a real tensor gives zeros."""

    @primitive("unary")
    def complex(self, real: Tensor, imag: Tensor) -> Tensor:
        """`real + 1j * imag`; float32 gives complex64, float64 complex128."""

    @primitive("unary")
    def isnan(self, x: Tensor) -> Tensor:
        """bool."""

    @primitive("unary")
    def isfinite(self, x: Tensor) -> Tensor:
        """bool."""

    @primitive("unary")
    def logical_not(self, x: Tensor) -> Tensor:
        """bool to bool."""

    @primitive("unary")
    def bitwise_not(self, x: Tensor) -> Tensor:
        """Integers or bool."""

    # --- elementwise, one tensor, floating -------------------------------------------------------------

    @primitive("floating")
    def exp(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def expm1(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def log(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def log1p(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def log2(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def log10(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def sqrt(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def rsqrt(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def sin(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def cos(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def tan(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def arcsin(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def arccos(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def arctan(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def sinh(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def cosh(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def tanh(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def arcsinh(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def arccosh(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def arctanh(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def sigmoid(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def erf(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def erfinv(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def floor(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def ceil(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def trunc(self, x: Tensor) -> Tensor: ...

    @primitive("floating")
    def round(self, x: Tensor) -> Tensor:
        """To the nearest integer, halves to even."""

    # --- elementwise, two tensors ----------------------------------------------------------------------

    @primitive("binary")
    def add(self, x: Tensor, y: Tensor) -> Tensor:
        """bool: logical or."""

    @primitive("binary")
    def subtract(self, x: Tensor, y: Tensor) -> Tensor:
        """Not for bool."""

    @primitive("binary")
    def multiply(self, x: Tensor, y: Tensor) -> Tensor:
        """bool: logical and."""

    @primitive("binary")
    def divide(self, x: Tensor, y: Tensor) -> Tensor:
        """Floating or complex."""

    @primitive("binary")
    def floor_divide(self, x: Tensor, y: Tensor) -> Tensor:
        """Rounded toward minus infinity."""

    @primitive("binary")
    def remainder(self, x: Tensor, y: Tensor) -> Tensor:
        """With the sign of the divisor."""

    @primitive("binary")
    def power(self, x: Tensor, y: Tensor) -> Tensor: ...

    @primitive("binary")
    def maximum(self, x: Tensor, y: Tensor) -> Tensor:
        """NaN wins."""

    @primitive("binary")
    def minimum(self, x: Tensor, y: Tensor) -> Tensor:
        """NaN wins."""

    @primitive("binary")
    def arctan2(self, x: Tensor, y: Tensor) -> Tensor:
        """Floating."""

    @primitive("binary")
    def nextafter(self, x: Tensor, y: Tensor) -> Tensor:
        """Floating."""

    @primitive("comparison")
    def equal(self, x: Tensor, y: Tensor) -> Tensor:
        """bool."""

    @primitive("comparison")
    def not_equal(self, x: Tensor, y: Tensor) -> Tensor:
        """bool."""

    @primitive("comparison")
    def less(self, x: Tensor, y: Tensor) -> Tensor:
        """bool."""

    @primitive("comparison")
    def less_equal(self, x: Tensor, y: Tensor) -> Tensor:
        """bool."""

    @primitive("comparison")
    def greater(self, x: Tensor, y: Tensor) -> Tensor:
        """bool."""

    @primitive("comparison")
    def greater_equal(self, x: Tensor, y: Tensor) -> Tensor:
        """bool."""

    @primitive("binary")
    def logical_and(self, x: Tensor, y: Tensor) -> Tensor:
        """bool."""

    @primitive("binary")
    def logical_or(self, x: Tensor, y: Tensor) -> Tensor:
        """bool."""

    @primitive("binary")
    def bitwise_and(self, x: Tensor, y: Tensor) -> Tensor:
        """Integers or bool; so the two below."""

    @primitive("binary")
    def bitwise_or(self, x: Tensor, y: Tensor) -> Tensor: ...

    @primitive("binary")
    def bitwise_xor(self, x: Tensor, y: Tensor) -> Tensor: ...

    @primitive("binary")
    def left_shift(self, x: Tensor, y: Tensor) -> Tensor:
        """Integers."""

    @primitive("binary")
    def right_shift(self, x: Tensor, y: Tensor) -> Tensor:
        """Integers; arithmetic for signed ones."""

    @primitive("selection")
    def where(self, condition: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """`x` where the bool `condition` holds, else `y`; the three broadcast."""

    # --- reductions ------------------------------------------------------------------------------------

    @primitive("reduction")
    def sum(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """In the dtype of `x` (the caller has widened small integers). Of nothing: 0."""

    @primitive("reduction")
    def prod(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """In the dtype of `x`. Of nothing: 1."""

    @primitive("reduction")
    def mean(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """Floating or complex; float16 and bfloat16 accumulate in float32."""

    @primitive("reduction")
    def max(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """NaN wins."""

    @primitive("reduction")
    def min(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """NaN wins."""

    @primitive("reduction")
    def any(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """bool to bool."""

    @primitive("reduction")
    def all(self, x: Tensor, axis: Axes, keepdims: bool) -> Tensor:
        """bool to bool."""

    @primitive("reduction")
    def argmax(self, x: Tensor, axis: int, keepdims: bool) -> Tensor:
        """int32; the first of equals."""

    @primitive("reduction")
    def argmin(self, x: Tensor, axis: int, keepdims: bool) -> Tensor:
        """int32; the first of equals."""

    @primitive("reduction")
    def cumsum(self, x: Tensor, axis: int) -> Tensor: ...

    @primitive("reduction")
    def cumprod(self, x: Tensor, axis: int) -> Tensor: ...

    # --- shaping ---------------------------------------------------------------------------------------

    @primitive("shaping")
    def reshape(self, x: Tensor, shape: Shape) -> Tensor:
        """At most one size may be -1."""

    @primitive("shaping")
    def transpose(self, x: Tensor, permutation: tuple[int, ...]) -> Tensor: ...

    @primitive("shaping")
    def broadcast_to(self, x: Tensor, shape: Shape) -> Tensor: ...

    @primitive("shaping")
    def concatenate(self, xs: Sequence[Tensor], axis: int) -> Tensor: ...

    @primitive("shaping")
    def pad(self, x: Tensor, widths: Sequence[tuple[int, int]], value: Scalar | Tensor) -> Tensor:
        """A constant `value` before and after, by axis; widths are not negative."""

    @primitive("shaping")
    def flip(self, x: Tensor, axis: tuple[int, ...]) -> Tensor: ...

    # --- indexing --------------------------------------------------------------------------------------

    @primitive("indexing")
    def getitem(self, x: Tensor, key: Any) -> Tensor:
        """NumPy's indexing: integers, slices, None, Ellipsis, integer tensors, bool arrays of known values."""

    @primitive("indexing")
    def take(self, x: Tensor, indices: Tensor, axis: int) -> Tensor:
        """Negative indices count from the end. Out of range is undefined, but never a crash."""

    @primitive("indexing")
    def take_along_axis(self, x: Tensor, indices: Tensor, axis: int) -> Tensor:
        """`indices` has the rank of `x`; the other axes broadcast."""

    @primitive("indexing")
    def dynamic_slice(self, x: Tensor, starts: Sequence[int | Tensor], sizes: Shape) -> Tensor:
        """The block of `sizes` at `starts`, which may be tensors; starts are clamped so that it fits."""

    @primitive("indexing")
    def dynamic_update(self, x: Tensor, starts: Sequence[int | Tensor], updates: Tensor) -> Tensor:
        """`x` with the block at `starts` replaced by `updates`; clamped in the same way."""

    @primitive("indexing")
    def scatter(self, x: Tensor, indices: Tensor, updates: Tensor, how: str) -> Tensor:
        """`x` with `updates` brought in at `indices` of shape (..., k), which index its first k axes.

        `how` is "set", "add", "mul", "max" or "min". With "set", one of equal indices wins.
        """

    # --- contraction -----------------------------------------------------------------------------------

    @primitive("contraction")
    def matmul(self, x: Tensor, y: Tensor) -> Tensor:
        """NumPy's `matmul`. Integers accumulate in the dtype of the inputs."""

    @primitive("contraction")
    def einsum(self, subscripts: str, xs: Sequence[Tensor]) -> Tensor:
        """NumPy's `einsum` with an explicit output; ellipses allowed."""

    @primitive("contraction")
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
        """Correlation of `x` (batch, *space, channels) with `kernel` (*window, channels // groups, filters).

        One to three axes of space, the channels last. `dilation` spreads the kernel, `input_dilation`
        puts zeros between the elements of `x` (a transposed convolution), `padding` may be negative.
        """

    @primitive("contraction")
    def reduce_window(self, x: Tensor, how: str, window: tuple[int, ...], strides: tuple[int, ...], padding: tuple[tuple[int, int], ...]) -> Tensor:
        """Slide `window` over the space of `x` (batch, *space, channels); `how` is "max" or "sum".

        Padding adds the least value of the dtype for "max", 0 for "sum".
        """

    # --- linear algebra (floating or complex; leading axes are batches) --------------------------------

    @primitive("linalg")
    def cholesky(self, x: Tensor) -> Tensor:
        """The lower factor; NaN where `x` is not positive definite, or an error of the engine's."""

    @primitive("linalg")
    def qr(self, x: Tensor, mode: str) -> tuple[Tensor, Tensor]:
        """`mode` is "reduced" or "complete"."""

    @primitive("linalg")
    def svd(self, x: Tensor, full_matrices: bool) -> tuple[Tensor, Tensor, Tensor]:
        """`u, s, vh`, singular values falling."""

    @primitive("linalg")
    def svdvals(self, x: Tensor) -> Tensor:
        """Singular values, falling; real."""

    @primitive("linalg")
    def eigh(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Values rising, and vectors in columns, of a Hermitian matrix."""

    @primitive("linalg")
    def eig(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Values and vectors; complex."""

    @primitive("linalg")
    def solve(self, a: Tensor, b: Tensor) -> Tensor:
        """`x` with `a @ x == b`; `b` is a matrix (..., n, k)."""

    @primitive("linalg")
    def solve_triangular(self, a: Tensor, b: Tensor, lower: bool) -> Tensor:
        """As `solve`, reading one triangle of `a`."""

    @primitive("linalg")
    def det(self, x: Tensor) -> Tensor: ...

    @primitive("linalg")
    def slogdet(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Sign and logarithm of the magnitude of the determinant."""

    @primitive("linalg")
    def lu_factor(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The factors packed in one matrix, and the int32 pivots (LAPACK's, from 0)."""

    @primitive("linalg")
    def lstsq(self, a: Tensor, b: Tensor, rcond: float | None) -> Tensor:
        """The least-squares solution of least norm; `b` is a matrix."""

    # --- Fourier (the last axis) -----------------------------------------------------------------------

    @primitive("fft")
    def fft(self, x: Tensor) -> Tensor:
        """Complex to complex."""

    @primitive("fft")
    def ifft(self, x: Tensor) -> Tensor:
        """Complex to complex."""

    @primitive("fft")
    def rfft(self, x: Tensor, n: int) -> Tensor:
        """Real to complex, of the first `n` samples or with zeros added up to `n`."""

    @primitive("fft")
    def irfft(self, x: Tensor, n: int) -> Tensor:
        """Complex to real, `n` samples out."""

    # --- sorting ---------------------------------------------------------------------------------------

    @primitive("sorting")
    def sort(self, x: Tensor, axis: int) -> Tensor:
        """Rising, NaN last."""

    @primitive("sorting")
    def argsort(self, x: Tensor, axis: int) -> Tensor:
        """int32; stable."""

    @primitive("sorting")
    def top_k(self, x: Tensor, k: int) -> tuple[Tensor, Tensor]:
        """Of the last axis: the `k` largest, falling, and where they are (int32; the first of equals)."""

    @primitive("sorting")
    def searchsorted(self, sorted: Tensor, values: Tensor, side: str) -> Tensor:
        """int32; `sorted` is a vector."""

    # --- control flow ----------------------------------------------------------------------------------

    @primitive("control")
    def cond(self, pred: Tensor, then: Callable[[], Any], otherwise: Callable[[], Any]) -> Any:
        """One of the two, whose results are alike in structure, shape and dtype. Both may assign variables."""

    @primitive("control")
    def while_loop(
        self, cond: Callable[..., Tensor], body: Callable[..., tuple[Any, ...]], carry: tuple[Any, ...], limit: int | None
    ) -> tuple[Any, ...]:
        """`carry = body(*carry)` while `cond(*carry)`, at most `limit` times."""

    @primitive("control")
    def scan(self, body: Callable[[Any, Any], tuple[Any, Any]], carry: Any, xs: Any, length: int, reverse: bool, unroll: int) -> tuple[Any, Any]:
        """`carry, y = body(carry, x)` over the first axis of the leaves of `xs`; the last carry, and the ys stacked."""

    @primitive("control")
    def vectorized_map(self, fn: Callable[..., Any], *xs: Any) -> Any:
        """`fn` over the first axis of every leaf of `xs`, the results stacked."""

    # --- random draws, from a key (uint32, two numbers): same key, same numbers ------------------------

    @primitive("random")
    def random_uniform(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        """Floating, in [0, 1)."""

    @primitive("random")
    def random_normal(self, key: Tensor, shape: Shape, dtype: str) -> Tensor:
        """Floating; mean 0, deviation 1."""

    @primitive("random")
    def random_integers(self, key: Tensor, shape: Shape, low: int, high: int, dtype: str) -> Tensor:
        """In [low, high), all alike probable."""

    @primitive("random")
    def random_gamma(self, key: Tensor, alpha: Tensor) -> Tensor:
        """One draw for each element of `alpha`, of rate 1."""

    @primitive("random")
    def random_binomial(self, key: Tensor, counts: Tensor, probabilities: Tensor) -> Tensor:
        """One draw for each element of `counts` and `probabilities`, which have one shape."""

    @primitive("random")
    def random_permutation(self, key: Tensor, n: int) -> Tensor:
        """int32: the numbers below `n` in a random order."""
