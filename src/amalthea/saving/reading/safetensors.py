"""Safetensors files: a header of names, dtypes and places, then the values one after another."""

from __future__ import annotations

import struct

from amalthea import dtypes
from amalthea.errors import ModelFileError, shown
from amalthea.saving.reading import json
from amalthea.saving.reading.limits import Limits
from amalthea.saving.reading.raw import RawTensor
from amalthea.saving.reading.source import Source

CODES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "uint16": "U16",
    "int16": "I16",
    "uint32": "U32",
    "int32": "I32",
    "uint64": "U64",
    "int64": "I64",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float16": "F16",
    "bfloat16": "BF16",
    "float32": "F32",
    "float64": "F64",
    "complex64": "C64",
}
_DTYPES = {code: dtype for dtype, code in CODES.items()}


def read(source: Source, limits: Limits) -> dict[str, RawTensor]:
    """The tensors of a file, by their names."""
    (length,) = struct.unpack("<Q", source.read(0, 8))
    header = json.parse(source.part(8, length).read(), limits, f"{source.place}, header")
    if not isinstance(header, dict):
        raise ModelFileError("safetensors.header", source.place, "The header is no table of tensors.")
    values = source.part(8 + length, source.size - 8 - length)
    found = {}
    for name, described in header.items():
        if name == "__metadata__":
            continue
        try:
            begin, end = described["data_offsets"]
            shape, dtype = tuple(described["shape"]), dtypes.numpy_dtype(_DTYPES[described["dtype"]])
            part = values.part(begin, end - begin, f"{source.place}, {shown(name)}")
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, ModelFileError):
                raise
            raise ModelFileError("safetensors.header", source.place, f"The tensor {shown(name)} is not described as it must be.") from error
        found[name] = RawTensor(part, shape, dtype)
    return found
