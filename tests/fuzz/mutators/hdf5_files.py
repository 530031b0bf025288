"""Changes of HDF5 files.

Where a file has its fields is what the reader tells: it is run once, and every number and block that it takes is noted. Then fields change, structures are
copied, moved and put at the end of the file, and the checksums of what has some are computed anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any
from unittest import mock

from amalthea.errors import ModelFileError
from amalthea.saving.limits import Limits
from amalthea.saving.reading import hdf5
from amalthea.saving.reading.hdf5.store import Cursor, Store, checksum
from amalthea.saving.reading.source import Source
from fuzz.mutators import raw
from fuzz.mutators.numbers import number

_FIELD = 8  # what is longer is a name, a value or a structure
_LIMITS = Limits(objects=1000)


@dataclass
class _Map:
    """Where things are: (place, length) each."""

    fields: list[tuple[int, int]] = field(default_factory=list)
    blocks: list[tuple[int, int]] = field(default_factory=list)
    checked: list[tuple[int, int]] = field(default_factory=list)


def mutate(data: bytes, random: Random) -> bytes:
    """A file with one change."""
    if random.random() < 0.1:
        return raw.mutate(data, random)
    found = _mapped(data)
    if not found.fields or not found.blocks:
        return raw.mutate(data, random)
    changed = bytearray(data)
    random.choice(_CHANGES)(changed, found, random)
    if random.random() < 0.95:
        _restored(changed, found)
    return bytes(changed)


def _restored(data: bytearray, found: _Map) -> None:
    """The end that the file gives, and the checksums, are as they should be."""
    if len(data) < 100:
        return
    newer = data[8] > 1
    place = 28 if newer else 40 + 4 * (data[8] == 1)
    data[place : place + 8] = len(data).to_bytes(8, "little")
    if newer:
        data[44:48] = checksum(bytes(data[:44])).to_bytes(4, "little")
    for start, size in found.checked:
        if start + size <= len(data):
            data[start + size - 4 : start + size] = checksum(bytes(data[start : start + size - 4])).to_bytes(4, "little")


# --- what the reader looks at ---


@lru_cache(512)
def _mapped(data: bytes) -> _Map:
    found = _Map()
    with _noted(found), suppress(ModelFileError):
        hdf5.read(Source.of_bytes(data, ""), _LIMITS)
    return found


@contextmanager
def _noted(found: _Map) -> Iterator[None]:
    block, take, part, checked = Store.block, Cursor.take, Cursor.part, Store.checked

    def noted_block(store: Store, address: int, size: int) -> Cursor:
        cursor = block(store, address, size)
        found.blocks.append((address, size))
        cursor.base = address  # type: ignore[attr-defined]
        return cursor

    def noted_take(cursor: Any, size: int) -> bytes:
        start = cursor.position
        data = take(cursor, size)
        if size and hasattr(cursor, "base"):
            (found.fields if size <= _FIELD else found.blocks).append((cursor.base + start, size))
        return data

    def noted_part(cursor: Any, size: int) -> Cursor:
        start = cursor.position
        inner: Any = part(cursor, size)
        if hasattr(cursor, "base"):
            inner.base = cursor.base + start
        return inner  # type: ignore[no-any-return]

    def noted_check(store: Store, address: int, size: int) -> Cursor:
        found.checked.append((address, size))
        cursor: Any = checked(store, address, size)
        cursor.base = address
        return cursor  # type: ignore[no-any-return]

    with (
        mock.patch.object(Store, "block", noted_block),
        mock.patch.object(Cursor, "take", noted_take),
        mock.patch.object(Cursor, "part", noted_part),
        mock.patch.object(Store, "checked", noted_check),
    ):
        yield


# --- changes ---


def _number(data: bytearray, found: _Map, random: Random) -> None:
    place, size = random.choice(found.fields)
    old = int.from_bytes(data[place : place + size], "little")
    data[place : place + size] = number(random, old, size).to_bytes(size, "little")


def _other(data: bytearray, found: _Map, random: Random) -> None:
    """A field says what another one says: an address points to another structure, a size is another's."""
    place, size = random.choice(found.fields)
    there, _ = random.choice([other for other in found.fields if other[1] == size])
    data[place : place + size] = data[there : there + size]


def _pointed(data: bytearray, found: _Map, random: Random) -> None:
    """An address points to any structure, or to any byte."""
    places = [place for place, size in found.fields if size == 8]
    if places:
        place = random.choice(places)
        target = random.choice(found.blocks)[0] if random.random() < 0.8 else random.randrange(len(data) + 8)
        data[place : place + 8] = target.to_bytes(8, "little")


def _bytes(data: bytearray, found: _Map, random: Random) -> None:
    start, size = random.choice(found.blocks)
    part = raw.mutate(bytes(data[start : start + size]), random)
    data[start : start + size] = part[:size].ljust(size, b"\0")


def _over(data: bytearray, found: _Map, random: Random) -> None:
    """A structure stands where another one stood."""
    (start, size), (there, length) = random.choice(found.blocks), random.choice(found.blocks)
    both = min(size, length)
    data[start : start + both] = data[there : there + both]


def _behind(data: bytearray, found: _Map, random: Random) -> None:
    """A copy of a structure at the end, to which an address points; there it may be longer."""
    start, size = random.choice(found.blocks)
    end = len(data)
    data += bytes(data[start : start + size]) + random.choice((b"", bytes(64), bytes(data[: random.randrange(256)])))
    for place, width in found.fields:
        if width == 8 and int.from_bytes(data[place : place + 8], "little") == start:
            data[place : place + 8] = end.to_bytes(8, "little")
    kept = [(place - start + end, width) for place, width in found.fields if start <= place < start + size]
    if kept:
        place, width = random.choice(kept)
        data[place : place + width] = number(random, size, width).to_bytes(width, "little")


def _cut(data: bytearray, found: _Map, random: Random) -> None:
    start, size = random.choice(found.blocks)
    del data[start + random.randrange(size + 1) :]


_CHANGES = (_number, _number, _number, _other, _other, _pointed, _bytes, _over, _behind, _cut)
