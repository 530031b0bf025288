"""Arrays in host memory that nobody can write into any more, so that engines may keep them as they are instead of copying them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_ALIGNMENT = 64  # memory that begins elsewhere is copied by XLA


class _Memory(np.ndarray[Any, Any]):
    """The bytes of one array made by `empty`. By this class engines know them."""


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> np.ndarray:
    """An array with memory of its own, to be filled, and then sealed."""
    size = math.prod(shape) * dtype.itemsize
    memory = _Memory((size + _ALIGNMENT,), np.uint8)
    return np.ndarray(shape, dtype, memory, -memory.ctypes.data % _ALIGNMENT)


def seal(value: np.ndarray) -> np.ndarray:
    """`value`, of which nobody holds a view that can be written into; from here on it cannot be written into.

    Example:
        >>> value = seal(empty((2,), np.dtype("float32")))
        >>> value.flags.writeable, sealed(value), sealed(np.zeros(2))
        (False, True, False)
    """
    part: Any = value
    while isinstance(part, np.ndarray):
        part.flags.writeable = False
        part = part.base
    return value


def sealed(value: np.ndarray) -> bool:
    """Whether the values stay what they are: nearly all of a sealed array's memory, or all of it."""
    root = value
    while isinstance(root.base, np.ndarray):
        root = root.base
    return isinstance(root, _Memory) and not root.flags.writeable and root.nbytes <= value.nbytes + _ALIGNMENT
