"""The PyTorch engine's contractions, linear algebra, Fourier transforms and sorting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import torch

from amalthea.engines.derived import Engine
from amalthea.engines.protocol import Tensor
from amalthea.engines.torch.arrays import back, ordered, same, signed, through, unordered
from amalthea.engines.torch.border import HALVES, UNSIGNED


def _wide(fn: Callable[..., Any]) -> Any:
    """`fn` with half precision computed in float32; results that are floating come back as they came."""

    @wraps(fn)
    def apply(x: Tensor, *args: Any, **kwargs: Any) -> Any:
        if x.dtype not in HALVES:
            return fn(x, *args, **kwargs)
        return fn(x.float(), *args, **kwargs).to(x.dtype)

    return staticmethod(apply)


def _product(fn: Callable[..., Tensor], *xs: Tensor) -> Tensor:
    """`fn` of tensors that may be of dtypes for which PyTorch has no products."""
    dtype = xs[0].dtype
    if dtype in UNSIGNED:
        return back(fn(*map(signed, xs)), dtype)
    return fn(*(x.to(torch.int64) for x in xs)).to(dtype) if dtype is torch.bool else fn(*xs)


def _in_parts(fn: Callable[..., Any]) -> Any:
    """`fn`, which gives several tensors under names, as one that gives a tuple."""
    return staticmethod(lambda *args: tuple(fn(*args)))


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

    matmul = same(partial(_product, torch.matmul))
    einsum = same(lambda subscripts, xs: _product(partial(torch.einsum, subscripts), *xs))

    cholesky = _wide(torch.linalg.cholesky)
    svdvals = _wide(torch.linalg.svdvals)
    det = _wide(torch.linalg.det)
    solve = same(torch.linalg.solve)
    solve_triangular = same(_solve_triangular)
    lu_factor = same(_lu_factor)
    lstsq = same(_lstsq)

    qr = _in_parts(torch.linalg.qr)
    svd = _in_parts(torch.linalg.svd)
    eigh = _in_parts(torch.linalg.eigh)
    eig = _in_parts(torch.linalg.eig)
    slogdet = _in_parts(torch.linalg.slogdet)

    fft = same(torch.fft.fft)
    ifft = same(torch.fft.ifft)
    rfft = same(torch.fft.rfft)
    irfft = same(torch.fft.irfft)

    sort = through(ordered, unordered, lambda x, axis: torch.sort(x, axis).values)
    argsort = same(_argsort)
    top_k = same(_top_k)
    searchsorted = same(_searchsorted)
