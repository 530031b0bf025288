"""Zip archives (PKWARE APPNOTE 6.3), by a profile that leaves nothing to two readings.

What Python's `zipfile` and `zip_writing` write is in it: members one after another from the first byte on, with nothing between them, then the one
directory, then the end, with nothing behind it. All that says where and how long a member is must agree. Members are stored or deflated, and never
written to the disk.
"""

from __future__ import annotations

import re
import struct
import unicodedata
import zlib
from dataclasses import dataclass
from typing import NoReturn

from amalthea.errors import ModelFileError, shown
from amalthea.saving.limits import Limits, beyond
from amalthea.saving.reading.source import Source

_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")
_END64, _LOCATOR64 = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
_STORED, _DEFLATED = 0, 8
_UTF8 = 1 << 11
_BIG, _MANY = 0xFFFFFFFF, 0xFFFF
_ZIP64 = 1
_HARMLESS = frozenset({_ZIP64, 0x5455, 0x7875})  # besides the sizes: times, and owners, which some archivers write
_REGULAR, _KIND = 0o100000, 0o170000  # of Unix, in the upper half of the external attributes
_ODD = re.compile(r"[\x00-\x1f\x7f\\]|^[A-Za-z]:")
_DIRECTORY_BYTES = 1 << 22
_CHUNK = 1 << 20
_SPARED = 1 << 10  # short texts that repeat themselves shrink more than any limit would allow
_AGAIN = "Copy the file again, or save the model again."


@dataclass(frozen=True)
class _Entry:
    """What the directory, and the header before a member, say of it."""

    name: str
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    offset: int = 0


class Archive:
    """A zip archive.

    Args:
        source: its bytes.
        limits: how many members it may have, and how much compressed ones may become.

    Attributes:
        names: the names of its members, in their order.

    Raises:
        ModelFileError: it is damaged, or not of this profile.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self.inflated = 0
        entries, end = _directory(source, limits)
        self._entries = {entry.name: entry for entry in entries}
        self._starts = _regions(source, entries, end)
        self.names = list(self._entries)

    def member(self, name: str) -> Member:
        """A member.

        Raises:
            ModelFileError: there is none of this name.
        """
        if name not in self._entries:
            raise ModelFileError(
                "zip.missing", self.source.place, f"The archive holds no {shown(name)}.", f"It holds {shown(', '.join(self.names))}."
            )
        return Member(self, self._entries[name], self._starts[name])


class Member:
    """A member of an archive.

    Attributes:
        name: its name.
        size: its length in bytes, as the archive says.
        place: what messages call it.
    """

    def __init__(self, archive: Archive, entry: _Entry, start: int) -> None:
        self._archive, self._entry = archive, entry
        self.name, self.size = entry.name, entry.size
        self.place = f"{archive.source.place}, {shown(entry.name)}"
        self._packed = archive.source.part(start, entry.packed, self.place)

    def read(self) -> bytes | bytearray:
        """Its bytes.

        Raises:
            ModelFileError: the checksum differs, it is longer or shorter than the archive says, or it becomes too large.
        """
        if self._entry.method == _DEFLATED:
            return self._inflated()
        self._check(_checksum(self._packed))
        return self._packed.read()

    def source(self) -> Source:
        """Its bytes, of which any part can be read. Stored members are read where they are, deflated ones are inflated in memory."""
        if self._entry.method == _DEFLATED:
            return Source.of_bytes(self._inflated(), self.place)
        self._check(_checksum(self._packed))
        return self._packed

    def _check(self, crc: int) -> None:
        if crc != self._entry.crc:
            raise ModelFileError("zip.crc", self.place, "The checksum of the member differs.", _AGAIN)

    def _inflated(self) -> bytearray:
        archive, place = self._archive, self.place
        if self.size > archive.limits.inflation * (self._packed.size + _SPARED):
            raise ModelFileError("zip.bomb", place, "The member is far larger than its compressed bytes.", beyond("inflation", archive.limits))
        engine, whole = zlib.decompressobj(-zlib.MAX_WBITS), bytearray()
        try:
            for start in range(0, self._packed.size, _CHUNK):
                data = self._packed.read(start, min(_CHUNK, self._packed.size - start))
                while not engine.eof and (piece := engine.decompress(data, _CHUNK)):
                    data = engine.unconsumed_tail
                    whole += piece
                    archive.inflated += len(piece)
                    if len(whole) > self.size:
                        raise ModelFileError("zip.size", place, f"The member is longer than the {self.size} bytes that the archive says.", _AGAIN)
                    if archive.inflated > archive.limits.inflated_bytes:
                        raise ModelFileError("zip.bomb", place, "The members become too large.", beyond("inflated_bytes", archive.limits))
        except zlib.error as error:
            raise ModelFileError("zip.damaged", place, f"The compressed bytes are damaged: {error}.", _AGAIN) from error
        if not engine.eof or engine.unused_data or len(whole) != self.size:
            raise ModelFileError("zip.size", place, f"The member does not end where its {self.size} bytes do.", _AGAIN)
        self._check(zlib.crc32(whole))
        return whole


def _checksum(source: Source) -> int:
    crc, buffer = 0, memoryview(bytearray(min(_CHUNK, source.size)))
    for start in range(0, source.size, _CHUNK):
        crc = zlib.crc32(buffer[: source.readinto(start, buffer)], crc)
    return crc


def _directory(source: Source, limits: Limits) -> tuple[list[_Entry], int]:
    """The entries of the directory, and where it begins."""
    place = source.place
    if source.size < _END.size:
        raise ModelFileError("zip.end", place, "The file is too short for an archive.", _AGAIN)
    end = source.size - _END.size
    mark, *numbers, comment = _END.unpack(source.read(end, _END.size))
    if mark != b"PK\5\6" or comment:
        raise ModelFileError("zip.end", place, "The archive does not end with its end record: it is cut off, or something stands behind it.", _AGAIN)
    disk, first_disk, here, count, size, offset = numbers
    if _MANY in (here, count) or _BIG in (size, offset):
        end, disk, first_disk, here, count, size, offset = _end64(source, end, tuple(numbers))
    if disk or first_disk or here != count:
        raise ModelFileError("zip.disks", place, "The archive is one of several parts.", "Only whole archives are read.")
    if count > limits.members:
        raise ModelFileError("zip.members", place, f"The archive has {count} members.", beyond("members", limits))
    if offset + size != end or size > _DIRECTORY_BYTES:
        raise ModelFileError("zip.directory", place, "The directory of the archive is not where the end record says.", _AGAIN)
    data, position, entries = source.read(offset, size), 0, []
    for _ in range(count):
        entry, position = _central(data, position, place)
        entries.append(entry)
    if position != len(data):
        raise ModelFileError("zip.directory", place, "The directory of the archive is longer than its entries.", _AGAIN)
    _check_names([entry.name for entry in entries], place)
    return entries, offset


def _end64(source: Source, end: int, short: tuple[int, ...]) -> tuple[int, ...]:
    """What the end record of large archives says, and where it begins; it must agree with the `short` one."""
    start = end - _LOCATOR64.size - _END64.size
    if start < 0:
        raise ModelFileError("zip.end", source.place, "The archive has no end record for large archives.", _AGAIN)
    mark, length, _, _, *numbers = _END64.unpack(source.read(start, _END64.size))
    locator, disk, found, disks = _LOCATOR64.unpack(source.read(start + _END64.size, _LOCATOR64.size))
    agree = all(brief in (number, most) for brief, number, most in zip(short, numbers, (_MANY,) * 4 + (_BIG,) * 2, strict=True))
    if mark != b"PK\6\6" or locator != b"PK\6\7" or length != _END64.size - 12 or found != start or disk or disks != 1 or not agree:
        raise ModelFileError("zip.end", source.place, "The end records of the archive contradict each other.", _AGAIN)
    return start, *numbers


def _central(data: bytes, position: int, place: str) -> tuple[_Entry, int]:
    """The entry of the directory at a position, and where the next one begins."""
    if position + _CENTRAL.size > len(data):
        raise ModelFileError("zip.directory", place, "The directory of the archive ends too early.", _AGAIN)
    fields = _CENTRAL.unpack_from(data, position)
    mark, flags, method, crc, packed, size = fields[0], fields[3], fields[4], *fields[7:10]
    name_length, extra_length, comment, disk, _, external, offset = fields[10:]
    start = position + _CENTRAL.size
    end = start + name_length + extra_length
    if mark != b"PK\1\2" or comment or disk or end > len(data):
        raise ModelFileError("zip.directory", place, "An entry of the directory is damaged, or has a comment.", _AGAIN)
    name = _name(data[start : start + name_length], flags, place)
    if flags & ~_UTF8:
        raise ModelFileError("zip.flags", place, f"The member {shown(name)} is encrypted, or streamed (flags {flags:#06x}).", "Save the model again.")
    if method not in (_STORED, _DEFLATED):
        raise ModelFileError("zip.method", place, f"The member {shown(name)} is compressed by method {method}.", "Store or deflate it.")
    if (external >> 16) & _KIND not in (0, _REGULAR):
        raise ModelFileError("zip.kind", place, f"The member {shown(name)} is no regular file, but a link or the like.", "Save the model again.")
    packed, size, offset = _wide(data[start + name_length : end], [size, packed, offset], name, place)
    if method == _STORED and packed != size:
        raise ModelFileError("zip.size", place, f"The member {shown(name)} is stored, but has two sizes.", _AGAIN)
    return _Entry(name, flags, method, crc, packed, size, offset), end


def _name(data: bytes, flags: int, place: str) -> str:
    try:
        return data.decode("utf-8" if flags & _UTF8 else "ascii")
    except UnicodeError as error:
        raise ModelFileError("zip.name", place, f"The name {shown(data)} of a member is not text.", "Save the model again.") from error


def _wide(extra: bytes, sizes: list[int], name: str, place: str) -> tuple[int, ...]:
    """The sizes [size, packed, offset] of a member with those that are too large for their fields taken from the extra ones; as (packed, size, ...)."""
    found: dict[int, bytes] = {}
    position = 0
    while position < len(extra):
        kind, length = struct.unpack_from("<2H", extra, position) if position + 4 <= len(extra) else (0, _MANY)
        if kind in found or kind not in _HARMLESS or position + 4 + length > len(extra):
            raise ModelFileError("zip.extra", place, f"The member {shown(name)} has extra fields that are not understood.", "Save the model again.")
        found[kind] = extra[position + 4 : position + 4 + length]
        position += 4 + length
    large = [index for index, value in enumerate(sizes) if value == _BIG]
    wide = found.get(_ZIP64, b"")
    if len(wide) != 8 * len(large):
        raise ModelFileError("zip.extra", place, f"The member {shown(name)} has 64-bit sizes that do not fit its others.", _AGAIN)
    for index, value in zip(large, struct.unpack(f"<{len(large)}Q", wide), strict=True):
        sizes[index] = value
    return sizes[1], sizes[0], *sizes[2:]


def _check_names(names: list[str], place: str) -> None:
    seen: set[str] = set()
    for name in names:
        parts = name.split("/")
        if _ODD.search(name) or any(part in ("", ".", "..") for part in parts):
            raise ModelFileError(
                "zip.name", place, f"The name {shown(name)} of a member leads out of the archive, or is not a name.", "Save the model again."
            )
        alike = unicodedata.normalize("NFKC", name).casefold()
        if alike in seen:
            raise ModelFileError(
                "zip.twice", place, f"Two members have the name {shown(name)}, or names that some systems take for one.", "Save the model again."
            )
        seen.add(alike)


def _regions(source: Source, entries: list[_Entry], end: int) -> dict[str, int]:
    """Where the bytes of the members begin; from the first byte to the directory they must follow one upon another."""
    starts, position = {}, 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset != position:
            what = "overlaps with another one" if entry.offset < position else "does not follow upon the one before"
            raise ModelFileError("zip.overlap", source.place, f"The member {shown(entry.name)} {what}.", "Save the model again.")
        starts[entry.name] = _local(source, entry, end)
        position = starts[entry.name] + entry.packed
    if position != end:
        raise ModelFileError("zip.overlap", source.place, "The members do not end where the directory begins.", "Save the model again.")
    return starts


def _local(source: Source, entry: _Entry, end: int) -> int:
    """Where a member's bytes begin, after its header, which must say what the directory says."""
    place = source.place

    def differs() -> NoReturn:
        raise ModelFileError("zip.header", place, f"The header of the member {shown(entry.name)} contradicts the directory.", _AGAIN)

    mark, _, flags, method, _, _, crc, packed, size, name_length, extra_length = _LOCAL.unpack(source.read(entry.offset, _LOCAL.size))
    start = entry.offset + _LOCAL.size
    if mark != b"PK\3\4" or start + name_length + extra_length + entry.packed > end:
        differs()
    name = _name(source.read(start, name_length), flags, place)
    packed, size = _wide(source.read(start + name_length, extra_length), [size, packed], name, place)
    if (name, flags, method, crc, packed, size) != (entry.name, entry.flags, entry.method, entry.crc, entry.packed, entry.size):
        differs()
    return start + name_length + extra_length
