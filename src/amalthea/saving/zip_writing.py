"""Zip archives of stored members, written once from start to end; a member may be written in any order inside."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

_LOCAL, _CENTRAL = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L")
_END64, _LOCATOR64, _END = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL"), struct.Struct("<4s4H2LH")
_SIZES64 = struct.Struct("<2H2Q")
_ZIP64, _UTF8, _STORED = 45, 0x800, 0
_DATE = (1 << 5) | 1  # the first of January 1980: equal models give equal files
_BIG = 0xFFFFFFFF
_CHUNK = 1 << 20


@dataclass
class _Member:
    name: bytes
    offset: int
    start: int
    size: int = 0
    crc: int = 0


class ZipWriter:
    """An archive in an open file, for `with`: at the end its directory is written.

    Every member is described by 64-bit sizes, so that none is too large, and none is compressed: weights hardly shrink, and readers can look
    at any part of them.

    Example:
        >>> import zipfile
        >>> file = io.BytesIO()
        >>> with ZipWriter(file) as archive:
        ...     digest = archive.add("hello.txt", b"hello")
        >>> zipfile.ZipFile(file).read("hello.txt"), digest[:8]
        (b'hello', '2cf24dba')
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._members: list[_Member] = []

    def __enter__(self) -> ZipWriter:
        return self

    def __exit__(self, kind: Any, *rest: Any) -> None:
        if kind is None:
            self._finish()

    def add(self, name: str, data: bytes) -> str:
        """A member with this content; gives its SHA-256."""
        with self.member(name) as member:
            member.write(data)
        return member.sha256

    @contextmanager
    def member(self, name: str) -> Iterator[Window]:
        """A member to write into, and to seek in; afterwards it knows its `sha256`."""
        offset = self._file.seek(0, io.SEEK_END)
        encoded = name.encode()
        entry = _Member(encoded, offset, offset + _LOCAL.size + len(encoded) + _SIZES64.size)
        self._file.write(self._header(entry))
        window = Window(self._file, entry.start)
        yield window
        entry.size = self._file.seek(0, io.SEEK_END) - entry.start
        entry.crc, window.sha256 = self._sums(entry)
        self._file.seek(offset)
        self._file.write(self._header(entry))
        self._members.append(entry)

    def _header(self, entry: _Member) -> bytes:
        head = _LOCAL.pack(b"PK\3\4", _ZIP64, _UTF8, _STORED, 0, _DATE, entry.crc, _BIG, _BIG, len(entry.name), _SIZES64.size)
        return head + entry.name + _SIZES64.pack(1, 16, entry.size, entry.size)

    def _sums(self, entry: _Member) -> tuple[int, str]:
        """The checksum and the SHA-256 of a member, read back from the file."""
        crc, digest = 0, hashlib.sha256()
        buffer = memoryview(bytearray(_CHUNK))
        self._file.seek(entry.start)
        with ThreadPoolExecutor(1, "amalthea-hashes") as pool:
            while count := self._file.readinto(buffer):  # type: ignore[attr-defined]
                hashed = pool.submit(digest.update, buffer[:count])
                crc = zlib.crc32(buffer[:count], crc)
                hashed.result()
        return crc, digest.hexdigest()

    def _finish(self) -> None:
        start = self._file.seek(0, io.SEEK_END)
        for entry in self._members:
            extra = struct.pack("<2H3Q", 1, 24, entry.size, entry.size, entry.offset)
            self._file.write(
                _CENTRAL.pack(
                    *(b"PK\1\2", _ZIP64, _ZIP64, _UTF8, _STORED, 0, _DATE, entry.crc, _BIG, _BIG),
                    *(len(entry.name), len(extra), 0, 0, 0, 0, _BIG),
                )
            )
            self._file.write(entry.name + extra)
        end = self._file.tell()
        count = len(self._members)
        self._file.write(_END64.pack(b"PK\6\6", _END64.size - 12, _ZIP64, _ZIP64, 0, 0, count, count, end - start, start))
        self._file.write(_LOCATOR64.pack(b"PK\6\7", 0, end, 1))
        self._file.write(_END.pack(b"PK\5\6", 0, 0, min(count, 0xFFFF), min(count, 0xFFFF), _BIG, _BIG, 0))


class Window(io.RawIOBase):
    """The end of a file, from `start` on, as a file of its own."""

    sha256 = ""

    def __init__(self, file: BinaryIO, start: int) -> None:
        super().__init__()
        self._file, self._start, self._position = file, start, 0

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        bases = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size()}
        self._position = bases[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def _size(self) -> int:
        return self._file.seek(0, io.SEEK_END) - self._start

    def readinto(self, buffer: Any) -> int:
        self._file.seek(self._start + self._position)
        count: int = self._file.readinto(buffer)  # type: ignore[attr-defined]
        self._position += count
        return count

    def write(self, data: Any) -> int:
        self._file.seek(self._start + self._position)
        count = self._file.write(data)
        self._position += count
        return count

    def truncate(self, size: int | None = None) -> int:
        end = self._position if size is None else size
        self._file.truncate(self._start + end)
        return end
