"""Weights in `.safetensors` files: a header of names, dtypes and places, then the values one after another.

Reference:
    https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from amalthea import dtypes
from amalthea.errors import SerializationError
from amalthea.saving.formats.flat import FlatFile
from amalthea.saving.reading.safetensors import CODES
from amalthea.saving.replacing import replacing
from amalthea.saving.sinks import key, pour
from amalthea.saving.variables import describe, walk
from amalthea.version import VERSION

_ALIGNMENT = 8


class SafetensorsWeights(FlatFile):
    """A `.safetensors` file."""

    title = "weights in safetensors"
    suffixes = (".safetensors",)


class _Sink:
    """Writes values at the places that the header promised."""

    def __init__(self, file: BinaryIO, header: dict[str, Any]) -> None:
        self._file, self._header = file, header
        self._start = file.tell()

    def open(self, path: str, name: str) -> None:
        """Objects without variables leave no trace."""

    def put(self, path: str, name: str, value: np.ndarray) -> None:
        promised = self._header[key(path, name)]
        begin, end = promised["data_offsets"]
        if list(value.shape) != promised["shape"] or value.nbytes != end - begin:
            raise SerializationError(f"The variable {name!r} of {path!r} changed while it was saved: {value.shape} after {promised['shape']}.")
        self._file.seek(self._start + begin)
        self._file.write(_bytes(value))


def save_weights(model: Any, path: Path) -> None:
    """Write a `.safetensors` file."""
    header = _header({key(path, name): described for path, part in walk(model) for name, described in describe(part).items()})
    with replacing(path) as file:
        file.write(_head(header))
        pour(model, _Sink(file, header))


def encode(tensors: Mapping[str, np.ndarray]) -> bytes:
    """A file of a few tensors, in memory.

    Example:
        >>> encode({"x": np.ones(2, "float32")})[-8:].hex()
        '0000803f0000803f'
    """
    header = _header({name: (value.shape, dtypes.standardize_dtype(value.dtype)) for name, value in tensors.items()})
    return b"".join([_head(header), *(_bytes(tensors[name]) for name in header if name in tensors)])


def _header(tensors: Mapping[str, tuple[tuple[int, ...], str]]) -> dict[str, Any]:
    """The header for tensors of these shapes and dtypes, in the order in which their values lie in the file."""
    header: dict[str, Any] = {"__metadata__": {"format": "amalthea", "version": VERSION}}
    offset = 0
    # Widest first: every tensor then begins at a multiple of its width.
    for name, (shape, dtype) in sorted(tensors.items(), key=lambda item: -dtypes.numpy_dtype(item[1][1]).itemsize):
        if dtype not in CODES:
            raise SerializationError(f"A `.safetensors` file cannot hold {dtype}, the dtype of {name!r}. Use '.weights.h5'.")
        size = math.prod(shape) * dtypes.numpy_dtype(dtype).itemsize
        header[name] = {"dtype": CODES[dtype], "shape": list(shape), "data_offsets": [offset, offset + size]}
        offset += size
    return header


def _head(header: dict[str, Any]) -> bytes:
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return struct.pack("<Q", len(text)) + text


def _bytes(value: np.ndarray) -> memoryview:
    return np.ascontiguousarray(value).reshape(-1).view(np.uint8).data
