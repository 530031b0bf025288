"""Tensors in the memory of tensors of other frameworks, which these hand over by DLPack."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from amalthea.dtypes import standardize_dtype
from amalthea.engines.protocol import Tensor


def shared(take: Callable[[Any], Tensor], x: Any) -> Tensor | None:
    """What `take` makes of `x` without a copy; None if it cannot, or only in another dtype."""
    try:
        tensor = take(x)
    except Exception:  # no values, no such dtype or device, strides, alignment: each framework has errors of its own for these
        return None
    return tensor if standardize_dtype(tensor.dtype) == standardize_dtype(x.dtype) else None


class _Described(ctypes.Structure):
    """The `DLTensor` that a capsule begins with."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("device", ctypes.c_int32 * 2),
        ("ndim", ctypes.c_int32),
        ("dtype", ctypes.c_uint32),
        ("shape", ctypes.c_void_p),
        ("strides", ctypes.c_void_p),
        ("byte_offset", ctypes.c_uint64),
    )


_pointer = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(("PyCapsule_GetPointer", ctypes.pythonapi))


def address(capsule: Any) -> int:
    """Where the first element lies of the tensor in a capsule, which nobody has taken yet.

    Example:
        >>> import numpy as np
        >>> x = np.zeros(3)
        >>> address(x[1:].__dlpack__()) - x.ctypes.data
        8
    """
    found = _Described.from_address(_pointer(capsule, b"dltensor"))
    return (found.data or 0) + int(found.byte_offset)
