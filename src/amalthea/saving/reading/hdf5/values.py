"""The values of tensors (HDF5 File Format Specification 3.0, IV.A.2.i and l): in one piece, in the header, or in compressed pieces."""

from __future__ import annotations

import math
import zlib
from typing import Any

import numpy as np

from amalthea.engines import host
from amalthea.errors import shown
from amalthea.saving.reading.hdf5 import types
from amalthea.saving.reading.hdf5.links import keyed_leaves
from amalthea.saving.reading.hdf5.store import UNDEFINED, Cursor

_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = 0, 1, 2, 3
_DEFLATE, _SHUFFLE = 1, 2
_SAVE, _COPY = "Save the model again.", "Copy the file again, or save the model again."
_LARGEST_PIECE = 1 << 31


class Layout:
    """Where the values of a tensor are.

    Args:
        body: the layout message.
        filters: the filter message, if there is one.
        shape: the shape of the tensor.
        dtype: the dtype of its elements.
        name: what messages call it.

    Attributes:
        regions: where its pieces begin in the file, and how many bytes they have; one piece, if it is not cut into several.
    """

    def __init__(self, body: Cursor, filters: Cursor | None, shape: tuple[int, ...], dtype: np.dtype[Any], name: str) -> None:
        self._store, self._shape, self._dtype, self._name = body.store, shape, dtype, name
        self._size = math.prod(shape) * dtype.itemsize
        self._compact = b""
        self.regions: list[tuple[int, int]] = []
        self._starts: list[tuple[int, ...]] = []
        version = body.number(1)
        if version not in (3, 4):
            self._fail("layout", f"is laid out by version {version}, which is not known", _SAVE)
        kind = body.number(1)
        if kind == _VIRTUAL:
            self._fail("virtual", "is a view of other tensors, which is not followed", "Save the model again, into one file.")
        if filters is not None and kind != _CHUNKED:
            self._fail("filter", "is compressed as a whole", _SAVE)
        if kind == _COMPACT:
            self._compact = body.take(body.number(2))
            self._expect(len(self._compact))
        elif kind == _CONTIGUOUS:
            self._set_region(body.number(8), body.number(8))
        elif kind == _CHUNKED and version == 3:
            self._set_pieces(body, filters)
        else:
            self._fail("layout", "is laid out in a form that is not read", "Write the file with h5py's settings as they are.")

    def _fail(self, code: str, what: str, hint: str) -> None:
        self._store.fail(code, f"The tensor {shown(self._name)} {what}.", hint)

    def _expect(self, size: int) -> None:
        if size != self._size:
            self._fail("size", f"of shape {self._shape} and dtype {self._dtype} has {size} bytes", _COPY)

    def _set_region(self, address: int, size: int) -> None:
        if address == UNDEFINED and self._size:
            self._fail("sparse", "has no values in the file", "Save the model again, with all weights.")
        if self._size:
            self._expect(size)
            self._store.check(address, size)
            self.regions.append((address, size))

    def _set_pieces(self, body: Cursor, filters: Cursor | None) -> None:
        rank, tree = body.number(1), body.number(8)
        sizes = body.numbers(rank, 4)
        whole = math.prod(sizes)
        if rank != len(self._shape) + 1 or sizes[-1] != self._dtype.itemsize or not 0 < whole < _LARGEST_PIECE:
            self._fail("layout", "is cut into pieces that do not fit it", _SAVE)
        self._piece, self._filters = tuple(sizes[:-1]), _filters(filters)
        axes = list(zip(self._shape, self._piece, strict=True))
        for key, address in keyed_leaves(self._store, tree, 1, 8 + 8 * rank):
            fields = Cursor(self._store, key)
            size, skipped = fields.number(4), fields.number(4)
            start = tuple(fields.numbers(rank, 8)[:-1])
            if skipped or any(begin % step or begin >= length for begin, (length, step) in zip(start, axes, strict=True)):
                self._fail("layout", "has a piece that is not expected", _SAVE)
            if not self._filters and size != whole:
                self._fail("size", f"has a piece of {size} bytes, not {whole}", _COPY)
            self._store.check(address, size)
            self._starts.append(start)
            self.regions.append((address, size))
        if len(set(self._starts)) != len(self._starts):
            self._fail("twice", "has a piece twice", _COPY)
        if len(self._starts) != math.prod(-(-length // step) for length, step in axes):
            self._fail("sparse", "lacks some of its values in the file", "Save the model again, with all weights.")
        self._store.check_inflation(sum(size for _, size in self.regions), whole * len(self._starts))

    def read(self) -> np.ndarray:
        """The values, as they lie in the file."""
        if self._starts:
            return self._joined()
        if self._compact:
            return np.frombuffer(self._compact, self._dtype).reshape(self._shape).copy()
        value = host.empty(self._shape, self._dtype)
        if self.regions and self._store.source.readinto(self.regions[0][0], value.reshape(-1).view(np.uint8).data) != self._size:
            self._store.fail("short", f"The values of the tensor {shown(self._name)} end too early.")
        return value

    def _joined(self) -> np.ndarray:
        whole = math.prod(self._piece) * self._dtype.itemsize
        self._store.count_inflated(whole * len(self._starts))
        value = host.empty(self._shape, self._dtype)
        for start, (address, size) in zip(self._starts, self.regions, strict=True):
            data = self._restored(self._store.source.read(address, size), whole)
            piece = np.frombuffer(data, self._dtype).reshape(self._piece)
            place = tuple(slice(begin, begin + step) for begin, step in zip(start, self._piece, strict=True))
            target = value[place]
            target[...] = piece[tuple(slice(0, length) for length in target.shape)]
        return value

    def _restored(self, data: bytes, whole: int) -> bytes:
        """A piece, before it was compressed."""
        for kind in reversed(self._filters):
            if kind == _DEFLATE:
                engine = zlib.decompressobj()
                try:
                    data = engine.decompress(data, whole + 1)
                except zlib.error as error:
                    self._store.fail("damaged", f"The compressed values of {shown(self._name)} are damaged: {error}.")
            else:
                width = self._dtype.itemsize
                cut = len(data) // width * width
                data = np.frombuffer(data[:cut], np.uint8).reshape(width, -1).T.tobytes() + data[cut:]
        if len(data) != whole:
            self._store.fail("size", f"A compressed piece of {shown(self._name)} has {len(data)} bytes, not {whole}.")
        return data


def _filters(body: Cursor | None) -> list[int]:
    """The filters of a tensor, in the order in which they were used; "deflate" and "shuffle" are known."""
    if body is None:
        return []
    version, count = body.numbers(2, 1)
    if version == 1:
        body.take(6)
    elif version != 2:
        body.store.fail("filter", f"Filters are described by version {version}, which is not known.", _SAVE)
    found = []
    for _ in range(count):
        kind = body.number(2)
        name = body.number(2) if version == 1 or kind >= 256 else 0
        body.take(2)
        values = body.number(2)
        body.take(name + 4 * values + (4 if version == 1 and values % 2 else 0))
        if kind not in (_DEFLATE, _SHUFFLE):
            body.store.fail("filter", f"Values are packed by the filter {kind}, which is not read.", "Write the file without it.")
        found.append(kind)
    return found


def stored_kind(body: Cursor) -> types.Kind:
    """The kind of a tensor's elements; strings are for attributes only."""
    found = types.kind(body)
    if found.strings == "variable":
        body.store.fail("dtype", "The file holds tensors of strings, which are not read.", _SAVE)
    return found
