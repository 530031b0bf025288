"""Between the host and PyTorch: dtypes, devices, and tensors from arrays and back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np
import torch
from torch._subclasses.fake_tensor import FakeTensor
from torch.utils._python_dispatch import _get_current_dispatch_mode

from amalthea import dtypes, tree
from amalthea.engines import dlpack
from amalthea.errors import ArgumentError, UnsupportedByEngine

DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in dtypes.ALL if name != "string"}
"""The dtypes by their names."""

UNSIGNED = frozenset({torch.uint16, torch.uint32, torch.uint64})
"""Integers for which PyTorch has few kernels: they are computed in int64."""

HALVES = frozenset({torch.float16, torch.bfloat16})

# What NumPy knows by no name of its own crosses as integers of the same width.
_AS_BITS: dict[torch.dtype, torch.dtype] = {torch.bfloat16: torch.int16, torch.float8_e4m3fn: torch.int8, torch.float8_e5m2: torch.int8}

_device: ContextVar[torch.device | None] = ContextVar("amalthea_torch_device", default=None)
_default: torch.device | None = None


def dtype_of(name: str) -> torch.dtype:
    """PyTorch's dtype of this name."""
    found = DTYPES.get(name)
    if found is None:
        raise ArgumentError(f"The engine 'torch' has no tensors of dtype {name!r}. Use the engine 'numpy' for them, on the host.")
    return found


# --- devices ---------------------------------------------------------------------------------------------


def devices() -> list[str]:
    """The devices, as "gpu:0", "cpu:0"; the first is the default."""
    return [*(f"gpu:{i}" for i in range(torch.cuda.device_count())), "cpu:0"]


def device() -> torch.device:
    """Where new tensors live here: as `on` says, else on the first GPU, else on the CPU."""
    global _default
    chosen = _device.get()
    if chosen is not None:
        return chosen
    if _default is None:
        _default = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
    return _default


@contextmanager
def on(where: torch.device) -> Iterator[None]:
    """Inside this context new tensors live on `where`."""
    token = _device.set(where)
    try:
        yield
    finally:
        _device.reset(token)


def device_named(name: str) -> torch.device:
    """The device of this name ("cpu", "gpu:1", "cuda:1").

    Raises:
        ArgumentError: there is none.
    """
    kind, _, index = name.lower().partition(":")
    wanted = f"{'gpu' if kind == 'cuda' else kind}:{index or 0}"
    if wanted not in devices():
        raise ArgumentError(f"There is no device {name!r}. The devices are: {', '.join(devices())}.")
    return torch.device(wanted.replace("gpu", "cuda"))


# --- crossing --------------------------------------------------------------------------------------------


def from_host(x: Any, dtype: str, copy: bool = True) -> torch.Tensor:
    """A tensor with the values of `x`; without `copy` it may share memory with the array `x`."""
    wanted = dtype_of(dtype)
    kind = type(x)
    if (kind is float and wanted.is_floating_point) or (kind is bool and wanted is torch.bool):
        return torch.tensor(x, dtype=wanted, device=device())
    with np.errstate(all="ignore"):
        target = dtypes.numpy_dtype(dtype)
        array = x if isinstance(x, np.ndarray) else np.asarray(x)
        if array.dtype != target:
            array = _cast(array, target)
        elif copy or not array.flags.writeable or any(stride < 0 or stride % array.itemsize for stride in array.strides):
            array = np.array(array)
    bits = _AS_BITS.get(wanted)
    tensor = torch.from_numpy(array) if bits is None else torch.from_numpy(array.view(str(bits).rpartition(".")[2])).view(wanted)
    where = device()
    return tensor if where.type == "cpu" else tensor.to(where)


class _Shared:
    """The memory of an array that cannot be written into, as memory of which PyTorch, which has no such tensors, does not warn."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}


def shared(array: np.ndarray, dtype: str) -> torch.Tensor:
    """A tensor with the values of a sealed array, in its memory if the dtype is the same. Steps that write into variables copy it before."""
    return from_host(np.asarray(_Shared(array)).view(array.dtype), dtype, copy=False)


def _cast(array: np.ndarray, target: np.dtype[Any]) -> np.ndarray:
    if array.dtype.kind == "c" and target.kind not in "cb":
        array = array.real
    return np.asarray(array.astype(target))


def to_host(x: torch.Tensor) -> np.ndarray:
    """A copy of the values of `x`."""
    if in_graph(x):
        raise depends_on_values("as an array on the host")
    bits = _AS_BITS.get(x.dtype)
    if bits is not None:
        return np.array(x.view(bits).numpy(force=True).view(dtypes.numpy_dtype(dtypes.standardize_dtype(x.dtype))))
    return np.array(x.numpy(force=True))


def given(leaf: Any) -> Any:
    """A leaf of the arguments of a compiled function, an array as a tensor in the same memory, into which nothing may be written.

    Such a tensor is a view, so that a variable that is assigned it takes a copy, as of every view: the caller may write into the array later.
    """
    if not isinstance(leaf, (np.ndarray, np.generic)):
        return leaf
    return from_host(leaf, dtypes.standardize_dtype(leaf.dtype), copy=False).view(leaf.shape)


def given_a_copy(leaf: Any) -> Any:
    """As `given`, an array as a tensor in memory of its own."""
    return from_host(leaf, dtypes.standardize_dtype(leaf.dtype)) if isinstance(leaf, (np.ndarray, np.generic)) else leaf


def borrow(x: Any) -> torch.Tensor | None:
    """A tensor of another engine in the same memory, or None; a view, of which variables take a copy, as `given` makes it."""
    if _get_current_dispatch_mode() is not None:  # what is traced or written down here has no memory to share
        return None
    tensor = dlpack.shared(torch.from_dlpack, x)
    return tensor.view(tensor.shape) if tensor is not None and tensor.device == device() else None


recording: ContextVar[bool] = ContextVar("amalthea_torch_recording", default=False)
"""Whether operations are being written down here, to be repeated with other values."""


def in_graph(x: object) -> bool:
    """Whether what is done with the tensor `x` becomes part of a graph, so that it must not depend on values."""
    return isinstance(x, FakeTensor) or (recording.get() and isinstance(x, torch.Tensor))


def is_tensor(x: object) -> bool:
    """Whether `x` is a tensor."""
    return isinstance(x, torch.Tensor)


def tensors_in(structure: Any) -> list[torch.Tensor]:
    """The tensors in a result, without what was recorded of their gradients."""
    return [leaf.detach() for leaf in tree.flatten(structure) if isinstance(leaf, torch.Tensor)]


def apart(inputs: Sequence[torch.Tensor], values: list[torch.Tensor]) -> list[torch.Tensor]:
    """`values`, what variables are to hold, each in memory of its own and in rows.

    A variable that held a part of the arguments would change with them; and other strides would be another program.
    """
    known = {tensor.untyped_storage()._cdata for tensor in inputs}
    apart = []
    for value in values:
        rows = value.detach().contiguous()
        place = rows.untyped_storage()._cdata
        apart.append(rows.clone() if place in known else rows)
        known.add(place)
    return apart


def depends_on_values(where: str) -> UnsupportedByEngine:
    """The error for what needs values while a function is traced."""
    return UnsupportedByEngine(
        "torch",
        "jit_compile=True",
        f"The function reads a value ({where}), and values are known only when it runs: the compiled graph must be the same for all of them. "
        'Choose between tensors by `ops.where`, give shapes and counts as numbers, or use `jit_compile=False` or "auto", which run it as it is written.',
    )


def scalar(x: Any, like: torch.Tensor) -> torch.Tensor:
    """A Python number as a tensor of the dtype of `like`; a tensor as it is."""
    return x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=like.dtype, device=like.device)
