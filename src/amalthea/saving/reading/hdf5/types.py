"""Dataspaces and datatypes (HDF5 File Format Specification 3.0, IV.A.2.b and d) as shapes and dtypes of NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from amalthea.errors import shown
from amalthea.saving.limits import beyond, extent
from amalthea.saving.reading.hdf5.store import Cursor

_FIXED, _FLOAT, _STRING, _OPAQUE, _ENUM, _VARIABLE = 0, 1, 3, 5, 8, 9
_NOT_READ = {2: "times", 4: "bit fields", 6: "compound values", 7: "references", 10: "arrays", 11: "complex numbers"}
_VARIABLE_STRING = 1
# Floats by (bytes, where the exponent begins, its bits, where the mantissa begins, its bits, the bias).
_FLOATS = {
    (2, 10, 5, 0, 10, 15): np.dtype(np.float16),
    (4, 23, 8, 0, 23, 127): np.dtype(np.float32),
    (8, 52, 11, 0, 52, 1023): np.dtype(np.float64),
    (2, 7, 8, 0, 7, 127): np.dtype(ml_dtypes.bfloat16),
}
_BOOLS = {b"FALSE": 0, b"TRUE": 1}
_SAVE = "Save the model again, with values of a common kind."


@dataclass(frozen=True)
class Kind:
    """What the elements of a tensor or of an attribute are.

    Args:
        dtype: as they lie in the file.
        strings: "fixed" or "variable" for strings, else "".
        final: the dtype that they stand for.
    """

    dtype: np.dtype[Any]
    strings: str = ""
    final: np.dtype[Any] | None = None


def shape(body: Cursor) -> tuple[int, ...]:
    """The shape that a dataspace message describes."""
    store = body.store
    version, rank, flags = body.numbers(3, 1)
    kind = body.number(1)
    if version == 1:
        body.take(4)
        kind = 1 if rank else 0
    elif version != 2:
        store.fail("shape", f"A shape is described by version {version}, which is not known.", "Save the model again.")
    if kind == 2 or kind > 2 or (kind == 0 and rank) or flags & ~3:
        store.fail("shape", "A tensor has no shape, or one that is not understood.", "Save the model again.")
    if rank > store.limits.rank:
        store.fail("rank", f"A tensor has {rank} axes.", beyond("rank", store.limits))
    found = tuple(body.numbers(rank, 8))
    if extent(found) > store.limits.elements:
        store.fail("size", f"The shape {shown(found)} is too large.", beyond("elements", store.limits))
    return found


def kind(body: Cursor) -> Kind:
    """What a datatype message describes."""
    store = body.store
    first, bits, size = body.number(1), body.number(3), body.number(4)
    group, version = first & 15, first >> 4
    if not 1 <= version <= 3:
        store.fail("dtype", f"A datatype is described by version {version}, which is not known.", _SAVE)
    order = ">" if bits & 1 else "<"
    if group == _FIXED:
        start, precision = body.numbers(2, 2)
        if size not in (1, 2, 4, 8) or start or precision != 8 * size:
            store.fail("dtype", f"Integers of {size} bytes with {precision} bits are not read.", _SAVE)
        return Kind(np.dtype(f"{order}{'i' if bits & 8 else 'u'}{size}"))
    if group == _FLOAT:
        return Kind(_float(body, bits, size, order))
    if group == _STRING:
        if not 0 < size < 1 << 20:
            store.fail("dtype", f"Strings of {size} bytes are not read.", _SAVE)
        return Kind(np.dtype(f"S{size}"), "fixed")
    if group == _OPAQUE:
        if not 0 < size <= 64:
            store.fail("dtype", f"Opaque values of {size} bytes are not read.", _SAVE)
        return Kind(np.dtype(f"V{size}"))
    if group == _ENUM:
        return _bool(body, bits & 0xFFFF, size, version)
    if group != _VARIABLE or bits & 15 != _VARIABLE_STRING or size != 16:
        store.fail("dtype", f"The file holds {_NOT_READ.get(group, 'values of a kind')} that are not read.", _SAVE)
    return Kind(np.dtype("V16"), "variable")


def _float(body: Cursor, bits: int, size: int, order: str) -> np.dtype[Any]:
    start, precision = body.numbers(2, 2)
    exponent, exponent_bits, mantissa, mantissa_bits = body.numbers(4, 1)
    described = (size, exponent, exponent_bits, mantissa, mantissa_bits, body.number(4))
    found = _FLOATS.get(described)
    if found is None or start or precision != 8 * size or bits & 0x40 or (found.kind == "V" and order == ">"):
        body.store.fail("dtype", f"Floats of {size} bytes of this form are not read.", _SAVE)
    return found.newbyteorder(order) if found.kind == "f" else found


def _bool(body: Cursor, count: int, size: int, version: int) -> Kind:
    """The enumeration that h5py writes for bool; other ones are not read."""
    base = kind(body)
    names = []
    for _ in range(min(count, 3)):
        start = body.position
        names.append(body.text())
        if version < 3:
            body.take(-(body.position - start) % 8)
    if size != 1 or base.dtype.kind not in "iu" or len(names) != count or dict(zip(names, body.take(count), strict=True)) != _BOOLS:
        body.store.fail("dtype", "The file holds enumerations that are not read.", _SAVE)
    return Kind(base.dtype, final=np.dtype(np.bool_))
