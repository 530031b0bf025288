"""Safetensors files: a header of names, dtypes and places, then the values one after another.

Reference:
    https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

from typing import Any

from amalthea import dtypes
from amalthea.errors import ModelFileError, shown
from amalthea.saving.limits import Limits
from amalthea.saving.reading import json
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


_KEYS = {"dtype", "shape", "data_offsets"}
_NOTES = "__metadata__"
_LENGTH = 8


def read(source: Source, limits: Limits) -> dict[str, RawTensor]:
    """The tensors of a file, by their names.

    Raises:
        ModelFileError: the header is damaged, asks for too much, or its tensors do not cover the bytes behind it once and wholly.
    """
    length = int.from_bytes(source.read(0, _LENGTH), "little")
    header = json.read(source.part(_LENGTH, length, f"{source.place}, header"), limits)
    if not isinstance(header, dict):
        raise _damaged(source, "is no table")
    notes = header.pop(_NOTES, {})
    if not isinstance(notes, dict) or not all(isinstance(note, str) for note in notes.values()):
        raise _damaged(source, f"has notes ({_NOTES!r}) that are no table of strings")
    values = source.part(_LENGTH + length, source.size - _LENGTH - length)
    places = {name: _place(source, name, described) for name, described in header.items()}
    _check_cover(source, places, values.size)
    return {name: _tensor(values, name, header[name], *places[name], limits) for name in header}


def _place(source: Source, name: str, described: Any) -> tuple[int, int]:
    """Where the values of a tensor begin and end, behind the header; all that is said of it is of the form that it must have."""
    if not isinstance(described, dict) or described.keys() != _KEYS:
        raise _damaged(source, f"does not give just {', '.join(sorted(_KEYS))} of {shown(name)}")
    if not isinstance(described["dtype"], str) or described["dtype"] not in _DTYPES:
        raise _damaged(source, f"gives {shown(name)} the unknown dtype {shown(described['dtype'])}")
    for key in ("shape", "data_offsets"):
        found = described[key]
        if not isinstance(found, list) or any(type(number) is not int or number < 0 for number in found):
            raise _damaged(source, f"gives {shown(name)} as {key} {shown(found)}, which is no list of sizes")
    if len(described["data_offsets"]) != 2:
        raise _damaged(source, f"does not say where {shown(name)} begins and where it ends")
    begin, end = described["data_offsets"]
    return begin, end


def _check_cover(source: Source, places: dict[str, tuple[int, int]], size: int) -> None:
    """Refuse tensors that overlap, or leave bytes between or behind them: such bytes could hide something, or be read as two things."""
    reached = 0
    for name, (begin, end) in sorted(places.items(), key=lambda item: item[1]):
        if begin != reached or end < begin:
            raise ModelFileError(
                "safetensors.cover",
                source.place,
                f"{shown(name)} lies from {begin} to {end}, but must begin at {reached}, where the one before it ends.",
            )
        reached = end
    if reached != size:
        raise ModelFileError("safetensors.cover", source.place, f"The tensors end at {reached} of {size} bytes.", "The file may be cut off.")


def _tensor(values: Source, name: str, described: dict[str, Any], begin: int, end: int, limits: Limits) -> RawTensor:
    part = values.part(begin, end - begin, f"{values.place}, {shown(name)}")
    return RawTensor(part, tuple(described["shape"]), dtypes.numpy_dtype(_DTYPES[described["dtype"]]), limits)


def _damaged(source: Source, reason: str) -> ModelFileError:
    return ModelFileError("safetensors.header", source.place, f"The header {reason}.", "Copy the file again, or save the weights again.")
