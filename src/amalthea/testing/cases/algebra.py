"""Cases of products, convolutions, windows, linear algebra and Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from amalthea.engines.derived import Engine
from amalthea.testing.cases.case import HALVES, Case, host, method, sample

# --- contraction -------------------------------------------------------------------------------------------

MATRICES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "matrices": ((2, 3), (3, 4)),
    "vectors": ((3,), (3,)),
    "matrix-vector": ((2, 3), (3,)),
    "vector-matrix": ((3,), (3, 2)),
    "batch": ((2, 2, 3), (2, 3, 2)),
    "batch-matrix": ((2, 4, 3), (3, 2)),
    "matrix-batch": ((4, 3), (2, 3, 2)),
    "broadcast": ((2, 1, 2, 3), (3, 3, 2)),
    "batch-vector": ((2, 4, 3), (3,)),
    "empty": ((0, 3), (3, 2)),
    "empty-batch": ((0, 4, 3), (3, 2)),
    "over-nothing": ((2, 0), (0, 2)),
}
_EINSUMS: dict[str, tuple[str, tuple[tuple[int, ...], ...]]] = {
    "matrices": ("ij,jk->ik", ((2, 3), (3, 4))),
    "transposed": ("ij->ji", ((2, 3),)),
    "trace": ("ii->i", ((3, 3),)),
    "sum": ("ij->", ((2, 3),)),
    "outer": ("i,j->ij", ((2,), (3,))),
    "batch": ("bqhd,bkhd->bhqk", ((2, 3, 2, 4), (2, 2, 2, 4))),
    "dots": ("...ij,jk->...ik", ((2, 2, 3), (3, 2))),
    "three": ("ab,bc,cd->ad", ((2, 3), (3, 2), (2, 4))),
}


@dataclass(frozen=True)
class Convolution:
    """The arguments of a convolution."""

    x: tuple[int, ...]
    kernel: tuple[int, ...]
    strides: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    dilation: tuple[int, ...]
    groups: int = 1
    input_dilation: tuple[int, ...] = ()

    def __call__(self, engine: Engine, x: Any, kernel: Any) -> Any:
        return engine.conv(x, kernel, self.strides, self.padding, self.dilation, self.groups, self.input_dilation or (1,) * len(self.strides))


CONVOLUTIONS: dict[str, Convolution] = {
    "one": Convolution((2, 7, 3), (3, 3, 4), (1,), ((0, 0),), (1,)),
    "one-strided": Convolution((2, 8, 3), (3, 3, 2), (2,), ((1, 1),), (1,)),
    "one-causal": Convolution((1, 6, 2), (2, 2, 2), (1,), ((2, 0),), (2,)),
    "two": Convolution((2, 5, 6, 3), (3, 2, 3, 4), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    "two-same": Convolution((1, 5, 5, 1), (3, 3, 1, 2), (1, 1), ((1, 1), (1, 1)), (1, 1)),
    "two-strided": Convolution((2, 6, 7, 2), (3, 3, 2, 2), (2, 3), ((0, 1), (1, 1)), (1, 1)),
    "two-dilated": Convolution((1, 7, 7, 2), (3, 2, 2, 2), (1, 1), ((2, 2), (0, 0)), (2, 3)),
    "two-grouped": Convolution((1, 4, 4, 4), (2, 2, 2, 6), (1, 1), ((0, 0), (0, 0)), (1, 1), 2),
    "two-depthwise": Convolution((1, 4, 4, 3), (2, 2, 1, 6), (1, 1), ((1, 0), (1, 0)), (1, 1), 3),
    "two-transposed": Convolution((1, 3, 4, 2), (3, 3, 2, 3), (1, 1), ((2, 1), (2, 2)), (1, 1), 1, (2, 3)),
    "two-cropped": Convolution((1, 6, 6, 2), (2, 2, 2, 2), (1, 1), ((-1, 0), (-2, 1)), (1, 1)),
    "two-pointwise": Convolution((2, 3, 3, 4), (1, 1, 4, 2), (1, 1), ((0, 0), (0, 0)), (1, 1)),
    "three": Convolution((1, 4, 4, 3, 2), (2, 2, 2, 2, 3), (1, 2, 1), ((0, 0), (1, 0), (0, 0)), (1, 1, 1)),
    "no-batch": Convolution((0, 5, 2), (3, 2, 4), (1,), ((0, 0),), (1,)),
}
_WINDOWS: dict[str, tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], tuple[tuple[int, int], ...]]] = {
    "one": ((2, 7, 3), (2,), (2,), ((0, 0),)),
    "one-overlapping": ((2, 7, 2), (3,), (1,), ((1, 1),)),
    "two": ((1, 4, 6, 2), (2, 3), (2, 3), ((0, 0), (0, 0))),
    "two-padded": ((2, 5, 5, 2), (3, 3), (2, 2), ((1, 1), (0, 1))),
    "two-leftover": ((1, 5, 7, 2), (2, 2), (2, 2), ((0, 0), (0, 0))),
    "three": ((1, 4, 4, 3, 2), (2, 2, 2), (2, 1, 1), ((0, 0), (0, 0), (1, 0))),
}


def contraction() -> Iterable[Case]:
    for name, (a, b) in MATRICES.items():
        gradient = (0, 1) if name in ("matrices", "batch-matrix", "broadcast", "matrix-vector") else ()
        yield Case("matmul", name, method("matmul"), (sample(a), sample(b, seed=1)), gradient)
    for dtype in ("int32", "int8", "complex64", *HALVES):
        yield Case("matmul", dtype, method("matmul"), (sample((2, 3), dtype), sample((3, 2), dtype, seed=1)))
    for name, (subscripts, shapes) in _EINSUMS.items():
        inputs = tuple(sample(shape, seed=i) for i, shape in enumerate(shapes))
        yield Case("einsum", name, lambda e, *xs, s=subscripts: e.einsum(s, xs), inputs, tuple(range(len(inputs))))
    for dtype in ("int32", *HALVES):
        inputs = (sample((2, 3), dtype), sample((3, 2), dtype, seed=1))
        yield Case("einsum", dtype, lambda e, *xs: e.einsum("ij,jk->ik", xs), inputs)

    for name, conv in CONVOLUTIONS.items():
        gradient = (0, 1) if name in ("one-causal", "two-same", "two-strided", "two-depthwise", "two-transposed") else ()
        yield Case("conv", name, conv, (sample(conv.x), sample(conv.kernel, seed=1)), gradient, slack=3)
    for dtype in HALVES:
        conv = CONVOLUTIONS["two"]
        yield Case("conv", dtype, conv, (sample(conv.x, dtype), sample(conv.kernel, dtype, seed=1)), slack=3)

    for name, (shape, window, strides, padding) in _WINDOWS.items():
        for how in ("max", "sum"):
            places = (0,) if name in ("two", "two-padded", "one-overlapping") else ()
            yield Case("reduce_window", f"{how}-{name}", method("reduce_window", how, window, strides, padding), (sample(shape),), places)
    for dtype in ("int32", *HALVES):
        for how in ("max", "sum"):
            padded = method("reduce_window", how, (2,), (1,), ((1, 0),))
            yield Case("reduce_window", f"{how}-{dtype}", padded, (sample((2, 4, 2), dtype),))


# --- linear algebra ----------------------------------------------------------------------------------------


def _definite(*batch: int, dtype: str = "float32") -> np.ndarray:
    """Symmetric (Hermitian) matrices with eigenvalues of 1 and more, well apart."""
    x = sample((*batch, 3, 3), dtype)
    product = x @ np.conj(np.swapaxes(x, -1, -2))
    return np.asarray(product + np.diag(np.array([1.0, 3.0, 6.0]))).astype(dtype)


def _swap(engine: Engine, x: Any) -> Any:
    rank = len(x.shape)
    return engine.transpose(x, (*range(rank - 2), rank - 1, rank - 2))


def _rows(engine: Engine, vector: Any) -> Any:
    """A vector (or batch of them) to multiply the columns of matrices with."""
    return engine.getitem(vector, (..., None, slice(None)))


def _symmetrized(engine: Engine, x: Any) -> Any:
    return engine.multiply(engine.add(x, _swap(engine, x)), 0.5)


def _qr(mode: str) -> Callable[..., Any]:
    """The product, and the magnitudes of the second factor, which do not depend on signs."""

    def properties(engine: Engine, x: Any) -> Any:
        q, r = engine.qr(x, mode)
        return engine.matmul(q, r), engine.absolute(r), engine.matmul(_swap(engine, engine.conjugate(q)), q)

    return _compiled(properties)


def _svd(full_matrices: bool) -> Callable[..., Any]:
    def properties(engine: Engine, x: Any) -> Any:
        u, s, vh = engine.svd(x, full_matrices)
        k = s.shape[-1]
        scaled = engine.multiply(engine.getitem(u, (..., slice(0, k))), engine.cast(_rows(engine, s), engine.dtype_of(u)))
        product = engine.matmul(scaled, engine.getitem(vh, (..., slice(0, k), slice(None))))
        return product, s, engine.absolute(engine.matmul(_swap(engine, engine.conjugate(u)), u))

    return _compiled(properties)


def _eigh(engine: Engine, x: Any) -> Any:
    values, vectors = engine.eigh(_symmetrized(engine, x))
    return values, engine.matmul(engine.multiply(vectors, _rows(engine, values)), _swap(engine, vectors))


def _eig(engine: Engine, x: Any) -> Any:
    """The values in some order (their sum, and the sum of their squares), and how well they and the vectors fit."""
    values, vectors = engine.eig(x)
    complex_x = engine.cast(x, engine.dtype_of(values))
    residue = engine.subtract(engine.matmul(complex_x, vectors), engine.multiply(vectors, _rows(engine, values)))
    return engine.sum(values, (0,), False), engine.sum(engine.multiply(values, values), (0,), False), residue


def _compiled(properties: Callable[[Engine, Any], Any]) -> Callable[..., Any]:
    """As one program: engines that compile would compile every small step by itself."""
    return lambda engine, x: engine.compile(lambda x: properties(engine, x))(x)


def linalg() -> Iterable[Case]:
    square, wide, tall, batch = sample((3, 3)), sample((2, 4)), sample((4, 2)), sample((2, 3, 3))
    yield Case("cholesky", "matrix", _compiled(lambda e, x: e.cholesky(_symmetrized(e, x))), (_definite(),), (0,), slack=3)
    yield Case("cholesky", "batch", method("cholesky"), (_definite(2, 2),), slack=3)
    for name, x in {"wide": wide, "tall": tall, "batch": batch}.items():
        yield Case("qr", f"reduced-{name}", _qr("reduced"), (x,), (0,) if name == "tall" else (), slack=10)
        yield Case("svd", f"thin-{name}", _svd(False), (x,), (0,) if name == "tall" else (), slack=10)
    yield Case("qr", "complete", _qr("complete"), (tall,), slack=10)
    yield Case("svd", "full", _svd(True), (tall,), slack=10)
    yield Case("svd", "complex64", _svd(False), (sample((3, 2), "complex64"),), slack=10)
    for name, x in {"wide": wide, "batch": batch}.items():
        yield Case("svdvals", name, method("svdvals"), (x,), (0,) if name == "wide" else (), slack=10)
    yield Case("eigh", "matrix", _compiled(_eigh), (_definite(),), (0,), slack=10)
    yield Case("eigh", "batch", _compiled(_eigh), (_definite(2),), slack=10)
    yield Case("eig", "matrix", _compiled(_eig), (square,), slack=10)
    yield Case("eig", "rotation", _compiled(_eig), (host([[0.0, -1.0], [1.0, 0.0]]),), slack=10)
    shifted = square + 3 * np.eye(3, dtype="float32")
    yield Case("solve", "matrix", method("solve"), (shifted, sample((3, 2), seed=1)), (0, 1), slack=10)
    yield Case("solve", "batch", method("solve"), (_definite(2), sample((2, 3, 1))), slack=10)
    yield Case("solve", "complex64", method("solve"), (_definite(dtype="complex64"), sample((3, 2), "complex64")), slack=10)
    for lower in (True, False):
        name = "lower" if lower else "upper"
        yield Case("solve_triangular", name, method("solve_triangular", lower), (shifted, sample((3, 2), seed=1)), (0, 1), slack=10)
        yield Case("solve_triangular", name + "-batch", method("solve_triangular", lower), (_definite(2), sample((2, 3, 2))), slack=10)
    for name, x in {"matrix": shifted, "batch": batch, "singular": host([[1.0, 2.0], [2.0, 4.0]])}.items():
        yield Case("det", name, method("det"), (x,), (0,) if name == "matrix" else (), slack=10)
    for name, x in {"matrix": shifted, "negative": host([[0.0, 1.0], [1.0, 0.0]]), "batch": batch}.items():
        yield Case("slogdet", name, method("slogdet"), (x,), (0,) if name == "matrix" else (), slack=10)
    for name, x in {"wide": wide, "tall": tall, "batch": batch}.items():
        yield Case("lu_factor", name, method("lu_factor"), (x,), slack=10)
    yield Case("lstsq", "tall", method("lstsq", None), (tall, sample((4, 3), seed=1)), slack=30)
    yield Case("lstsq", "wide", method("lstsq", None), (wide, sample((2, 1), seed=1)), slack=30)
    yield Case("lstsq", "cut-off", method("lstsq", 0.5), (np.diag(host([4.0, 3.0, 1.0])), sample((3, 1), seed=1)), slack=30)


# --- Fourier ---------------------------------------------------------------------------------------------


def fourier() -> Iterable[Case]:
    for name in ("fft", "ifft"):
        for length in (4, 5):
            yield Case(name, f"length-{length}", method(name), (sample((2, length), "complex64"),), slack=3)
    for n in (5, 3, 6, 8):
        yield Case("rfft", f"to-{n}", method("rfft", n), (sample((2, 6)),), slack=3)
        yield Case("irfft", f"to-{n}", method("irfft", n), (_spectrum(n),), slack=3)
    yield Case("rfft", "power", lambda engine, x: engine.square(engine.absolute(engine.rfft(x, 5))), (sample((5,)),), (0,), slack=10)


def _spectrum(n: int) -> np.ndarray:
    return np.fft.rfft(sample((2, n))).astype("complex64")
