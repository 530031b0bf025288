"""NumPy's archives."""

from __future__ import annotations

import ast
import struct
from typing import Any

import numpy as np

from amalthea.errors import ModelFileError, shown
from amalthea.saving.reading.limits import Limits
from amalthea.saving.reading.raw import RawTensor
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Archive

_ENDING = ".npy"


def read(source: Source, limits: Limits) -> dict[str, RawTensor]:
    """The tensors of an archive, by their names."""
    archive = Archive(source, limits)
    foreign = next((name for name in archive.names if not name.endswith(_ENDING)), None)
    if foreign is not None:
        raise ModelFileError("npz.member", source.place, f"The archive holds {shown(foreign)}, which is no tensor of NumPy.")
    return {name.removesuffix(_ENDING): _tensor(archive.member(name).source()) for name in archive.names}


def _tensor(source: Source) -> RawTensor:
    """A `.npy` file: a magic word, a version, the length of the header, and the header, a Python dictionary of plain values."""
    head = source.read(0, min(12, source.size))
    if head[:6] != b"\x93NUMPY" or len(head) < 12:
        raise ModelFileError("npz.damaged", source.place, "This is no tensor of NumPy.")
    length, start = (struct.unpack("<H", head[8:10])[0], 10) if head[6] == 1 else (struct.unpack("<I", head[8:12])[0], 12)
    try:
        header: Any = ast.literal_eval(source.part(start, length).read().decode("latin-1"))
        dtype, shape, by_columns = np.dtype(header["descr"]), tuple(header["shape"]), bool(header["fortran_order"])
    except (ValueError, SyntaxError, KeyError, TypeError, MemoryError, RecursionError) as error:
        raise ModelFileError("npz.damaged", source.place, "The header of the tensor is not understood.") from error
    if dtype.hasobject or dtype.names or by_columns:
        raise ModelFileError("npz.kind", source.place, f"Tensors of {shown(header)} are not read.")
    return RawTensor(source.part(start + length, source.size - start - length), shape, dtype)
