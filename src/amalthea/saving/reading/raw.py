"""Tensors whose values lie in a file one after another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from amalthea.errors import ModelFileError
from amalthea.saving.reading.source import Source


class RawTensor:
    """A tensor, whose values are read when they are asked for.

    Args:
        source: its bytes, all of them.
        shape: its shape.
        dtype: what its values are.
    """

    def __init__(self, source: Source, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        if any(type(size) is not int or size < 0 for size in shape) or math.prod(shape) * dtype.itemsize != source.size:
            raise ModelFileError("tensor.size", source.place, f"{source.size} bytes cannot be a tensor of shape {shape} and dtype {dtype}.")
        self._source, self.shape, self.dtype = source, shape, dtype

    def read(self) -> np.ndarray:
        """Its values."""
        value = np.empty(self.shape, self.dtype)
        self._source.readinto(0, value.reshape(-1).view(np.uint8).data)
        return value
