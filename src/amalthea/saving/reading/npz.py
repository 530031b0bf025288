"""NumPy's archives: zip files of tensors, each with a header (NEP 1)."""

from __future__ import annotations

import re

import numpy as np

from amalthea.errors import ModelFileError, shown
from amalthea.saving.limits import Limits
from amalthea.saving.reading.raw import RawTensor
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Archive

_ENDING = ".npy"
_MAGIC = b"\x93NUMPY"
# Versions of the format, with the number of bytes that say how long the header is.
_VERSIONS = {b"\1\0": 2, b"\2\0": 4, b"\3\0": 4}
# The header is a dictionary in Python's notation. NumPy writes its keys in this order and its tuples in this form, so nothing needs to be evaluated.
_HEADER = re.compile(
    rb"\{'descr': (?P<dtype>'[<>|=][A-Za-z][0-9]{0,4}'|\[.*\]|'.*'), 'fortran_order': (?P<by_columns>True|False), "
    rb"'shape': \((?P<shape>(?:[0-9]{1,19},)?|[0-9]{1,19}(?:, [0-9]{1,19})+)\), \} *\n",
    re.DOTALL,
)
_LONGEST = 1 << 12
_DTYPE = re.compile(r"'([<>|=](?:b1|[iu][1248]|f[248]|c8|c16))'")


def read(source: Source, limits: Limits) -> dict[str, RawTensor]:
    """The tensors of an archive, by their names.

    Raises:
        ModelFileError: the archive, or a tensor in it, is damaged, of a kind that is not read, or asks for too much.
    """
    archive = Archive(source, limits)
    foreign = next((name for name in archive.names if not name.endswith(_ENDING)), None)
    if foreign is not None:
        raise ModelFileError("npz.member", source.place, f"The archive holds {shown(foreign)}, which is no tensor of NumPy.")
    return {name.removesuffix(_ENDING): tensor(archive.member(name).source(), limits) for name in archive.names}


def tensor(source: Source, limits: Limits) -> RawTensor:
    """The tensor of a `.npy` file: a magic word, a version, the length of the header, the header, the values.

    Raises:
        ModelFileError: it is damaged, or of a kind that is not read: Python's objects, records, strings, dates.
    """
    head = source.read(0, min(12, source.size))
    width = _VERSIONS.get(head[6:8])
    if not head.startswith(_MAGIC) or width is None or len(head) < 8 + width:
        raise ModelFileError("npz.damaged", source.place, "This is no tensor of NumPy.")
    start = 8 + width
    length = int.from_bytes(head[8:start], "little")
    if length > _LONGEST:
        raise ModelFileError("npz.header", source.place, f"Its header has {length} bytes; those of plain tensors have at most {_LONGEST}.")
    found = _HEADER.fullmatch(source.part(start, length).read())
    if found is None:
        raise ModelFileError("npz.header", source.place, "The header of the tensor is not as NumPy writes it.")
    described = found["dtype"].decode("latin-1")
    plain = _DTYPE.fullmatch(described)
    if plain is None:
        raise ModelFileError("npz.kind", source.place, f"The tensor is of the kind {shown(described)}; only numbers and booleans are read.")
    shape = tuple(int(size) for size in re.findall(rb"[0-9]+", found["shape"]))
    values = source.part(start + length, source.size - start - length)
    return RawTensor(values, shape, np.dtype(plain[1]), limits, by_columns=found["by_columns"] == b"True")
