"""Tensors whose values lie in a file one after another."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from amalthea.engines import host
from amalthea.errors import ModelFileError, shown
from amalthea.saving.limits import Limits, beyond, extent
from amalthea.saving.reading.source import Source


class RawTensor:
    """A tensor, whose values are read when they are asked for.

    Args:
        source: its bytes, all of them.
        shape: its shape.
        dtype: what its values are.
        limits: how many axes and numbers it may have.
        by_columns: whether the first index changes fastest from one value to the next, as in Fortran; else the last does.

    Raises:
        ModelFileError: so many bytes are no tensor of this shape and dtype, or the tensor is too large.
    """

    def __init__(self, source: Source, shape: tuple[int, ...], dtype: np.dtype[Any], limits: Limits, by_columns: bool = False) -> None:
        if len(shape) > limits.rank:
            raise ModelFileError("tensor.rank", source.place, f"The tensor has {len(shape)} axes.", beyond("rank", limits))
        if extent(shape) > limits.elements:
            raise ModelFileError("tensor.elements", source.place, f"The shape {shown(shape)} is too large.", beyond("elements", limits))
        if math.prod(shape) * dtype.itemsize != source.size:
            raise ModelFileError("tensor.size", source.place, f"{source.size} bytes cannot be a tensor of shape {shown(shape)} and dtype {dtype}.")
        self._source, self.shape, self.dtype = source, shape, dtype
        self._by_columns = by_columns

    def read(self) -> np.ndarray:
        """Its values.

        Raises:
            ModelFileError: the file ends before them, because it was cut since it was opened.
        """
        value = host.empty(self.shape[::-1] if self._by_columns else self.shape, self.dtype)
        if self._source.readinto(0, value.reshape(-1).view(np.uint8).data) != value.nbytes:
            raise ModelFileError("source.end", self._source.place, "The file ends before the values of the tensor.", "It may be cut off.")
        return value.T if self._by_columns else value
