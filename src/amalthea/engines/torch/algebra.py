"""The PyTorch engine's contractions, linear algebra, Fourier transforms and sorting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import torch

from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Tensor
from amalthea.engines.torch.arrays import back, ordered, same, signed, unordered
from amalthea.engines.torch.border import HALVES, UNSIGNED


def _wide(fn: Callable[..., Any]) -> Any:
    """`fn` with half precision computed in float32; results that are floating come back as they came."""

    @wraps(fn)
    def apply(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        if x.dtype not in HALVES:
            return fn(x, *args, **kwargs)
        return fn(x.float(), *args, **kwargs).to(x.dtype)

    return staticmethod(apply)


def _matmul(x: Tensor, y: Tensor) -> Tensor:
    if x.dtype in UNSIGNED:
        return back(torch.matmul(signed(x), signed(y)), x.dtype)
    if x.dtype is torch.bool:
        return torch.matmul(x.to(torch.int64), y.to(torch.int64)).to(torch.bool)
    return torch.matmul(x, y)


def _einsum(subscripts: str, xs: Sequence[Tensor]) -> Tensor:
    dtype = xs[0].dtype
    if dtype in UNSIGNED:
        return back(torch.einsum(subscripts, *(signed(x) for x in xs)), dtype)
    if dtype is torch.bool:
        return torch.einsum(subscripts, *(x.to(torch.int64) for x in xs)).to(dtype)
    return torch.einsum(subscripts, *xs)


def _lu_factor(x: Tensor) -> tuple[Tensor, Tensor]:
    factors, pivots = torch.linalg.lu_factor(x)
    return factors, pivots - 1


def _lstsq(a: Tensor, b: Tensor, rcond: float | None) -> Tensor:
    batch = torch.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a, b = a.expand(*batch, *a.shape[-2:]), b.expand(*batch, *b.shape[-2:])
    if a.device.type != "cpu" or a.requires_grad or b.requires_grad:
        return torch.linalg.pinv(a, rtol=rcond) @ b
    return torch.linalg.lstsq(a, b, rcond, driver="gelsd").solution


def _solve_triangular(a: Tensor, b: Tensor, lower: bool) -> Tensor:
    return torch.linalg.solve_triangular(a, b, upper=not lower)


# --- sorting ---------------------------------------------------------------------------------------------


def _sort(x: Tensor, axis: int) -> Tensor:
    if x.dtype in UNSIGNED:
        return unordered(torch.sort(ordered(x), axis).values, x.dtype)
    return torch.sort(x, axis).values


def _argsort(x: Tensor, axis: int) -> Tensor:
    return torch.argsort(ordered(x), dim=axis, stable=True).to(torch.int32)


def _top_k(x: Tensor, k: int) -> tuple[Tensor, Tensor]:
    # A stable sort: `torch.topk` gives any of equals.
    places = torch.argsort(ordered(x), dim=-1, descending=True, stable=True)[..., :k]
    return torch.take_along_dim(x, places, -1), places.to(torch.int32)


def _searchsorted(sorted: Tensor, values: Tensor, side: str) -> Tensor:
    return torch.searchsorted(ordered(sorted).contiguous(), ordered(values).contiguous(), right=side == "right", out_int32=True)


class Algebra(Engine):
    """Mixed into the engine."""

    matmul = same(_matmul)
    einsum = same(_einsum)

    cholesky = _wide(torch.linalg.cholesky)
    svdvals = _wide(torch.linalg.svdvals)
    det = _wide(torch.linalg.det)
    solve = same(torch.linalg.solve)
    solve_triangular = same(_solve_triangular)
    lu_factor = same(_lu_factor)
    lstsq = same(_lstsq)

    def qr(self, x: Tensor, mode: str) -> tuple[Tensor, Tensor]:
        q, r = torch.linalg.qr(x, mode)
        return q, r

    def svd(self, x: Tensor, full_matrices: bool) -> tuple[Tensor, Tensor, Tensor]:
        u, s, vh = torch.linalg.svd(x, full_matrices)
        return u, s, vh

    def eigh(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = torch.linalg.eigh(x)
        return values, vectors

    def eig(self, x: Tensor) -> tuple[Tensor, Tensor]:
        values, vectors = torch.linalg.eig(x)
        return values, vectors

    def slogdet(self, x: Tensor) -> tuple[Tensor, Tensor]:
        sign, logarithm = torch.linalg.slogdet(x)
        return sign, logarithm

    fft = same(lambda x: torch.fft.fft(x))
    ifft = same(lambda x: torch.fft.ifft(x))
    rfft = same(lambda x, n: torch.fft.rfft(x, n))
    irfft = same(lambda x, n: torch.fft.irfft(x, n))

    sort = same(_sort)
    argsort = same(_argsort)
    top_k = same(_top_k)
    searchsorted = same(_searchsorted)
