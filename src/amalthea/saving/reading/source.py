"""The bytes of a file that is read, of which any part can be looked at. A file is opened once, and nothing else is opened for it."""

from __future__ import annotations

import hashlib
import io
import os
import stat
from contextlib import ExitStack
from typing import Any

from amalthea.errors import ArgumentError, ModelFileError
from amalthea.saving.limits import Limits

_PIECE = 1 << 20


class Source:
    """A file, or a part of it, that is open for reading; for `with`.

    Args:
        file: the open file.
        start: where the part begins.
        size: its length in bytes.
        place: what messages call it.
        open_parts: what is closed with it.
    """

    def __init__(self, file: io.FileIO, start: int, size: int, place: str, open_parts: ExitStack) -> None:
        self.start, self.size, self.place = start, size, place
        self.open_parts = open_parts
        self._file = file
        self._before = self._state()

    @classmethod
    def open(cls, path: str | os.PathLike[str], limits: Limits) -> Source:
        """Open a file.

        Raises:
            ArgumentError: there is no such file.
            ModelFileError: it cannot be opened, or is no regular file, but a folder, a device, a pipe or the like.
        """
        place = os.fspath(path)
        # Without O_NONBLOCK, opening a pipe would wait for somebody to write to it.
        flags = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        try:
            descriptor = os.open(path, flags)
        except (FileNotFoundError, NotADirectoryError, ValueError) as error:
            raise ArgumentError(f"There is no file {place!r}.") from error
        except OSError as error:
            raise ModelFileError("source.closed", place, f"The file cannot be opened: {error.strerror}.", "Give the path of a file.") from error
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                hint = "Folders that Keras writes with `zipped=False` are not read: load one with Keras, and save it as '.keras'."
                folder = stat.S_ISDIR(found.st_mode)
                raise ModelFileError("source.kind", place, "This is no regular file.", hint if folder else "Give the path of a file.")
            file = io.FileIO(descriptor)
        except BaseException:
            os.close(descriptor)
            raise
        stack = ExitStack()
        stack.enter_context(file)
        return cls(file, 0, found.st_size, place, stack)

    @classmethod
    def of_bytes(cls, data: bytes | bytearray, place: str) -> Source:
        """Bytes in memory, as a source."""
        return _Memory(data, 0, len(data), place)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *error: Any) -> None:
        self.open_parts.close()

    def part(self, start: int, size: int, place: str | None = None) -> Source:
        """A part of it."""
        if start < 0 or size < 0 or start + size > self.size:
            raise ModelFileError("source.end", self.place, f"The part from {start} to {start + size} is not in the file.", "It may be cut off.")
        return self._part(self.start + start, size, place or self.place)

    def _part(self, start: int, size: int, place: str) -> Source:
        return Source(self._file, start, size, place, self.open_parts)

    def read(self, start: int = 0, size: int | None = None) -> bytes:
        """Some of its bytes."""
        size = self.size - start if size is None else size
        data = bytearray(size)
        if self.readinto(start, memoryview(data)) != size:
            raise ModelFileError("source.end", self.place, f"The file ends before byte {start + size}.", "It may be cut off.")
        return bytes(data)

    def readinto(self, start: int, buffer: memoryview) -> int:
        """Fill `buffer` from `start` on; gives how many bytes there were."""
        wanted = max(0, min(len(buffer), self.size - start))
        done = 0
        while done < wanted:
            count = self._fill(self.start + start + done, buffer[done:wanted])
            if not count:
                break
            done += count
        return done

    def _fill(self, position: int, buffer: memoryview) -> int:
        return os.preadv(self._file.fileno(), [buffer], position)

    def sha256(self) -> str:
        """The SHA-256 of all of it, of which no more than a piece is in memory at a time."""
        digest, piece = hashlib.sha256(), memoryview(bytearray(min(_PIECE, self.size)))
        for start in range(0, self.size, _PIECE):
            digest.update(piece[: self.readinto(start, piece)])
        return digest.hexdigest()

    def file(self) -> io.RawIOBase:
        """It, as a file object."""
        return _Window(self)

    def check_unchanged(self) -> None:
        """Raise an error if the file was written to since it was opened."""
        if self._state() != self._before:
            raise ModelFileError("source.changed", self.place, "The file changed while it was read.", "Load it again when nothing writes to it.")

    def _state(self) -> tuple[int, int]:
        found = os.fstat(self._file.fileno())
        return found.st_size, found.st_mtime_ns


class _Memory(Source):
    """Bytes in memory, which nobody else can change."""

    def __init__(self, data: bytes | bytearray, start: int, size: int, place: str) -> None:
        self._data, self.start, self.size, self.place = memoryview(data), start, size, place
        self.open_parts = ExitStack()

    def _part(self, start: int, size: int, place: str) -> Source:
        return _Memory(self._data.obj, start, size, place)  # type: ignore[arg-type]

    def _fill(self, position: int, buffer: memoryview) -> int:
        buffer[:] = self._data[position : position + len(buffer)]
        return len(buffer)

    def check_unchanged(self) -> None:
        """Nothing to check."""


class _Window(io.RawIOBase):
    def __init__(self, source: Source) -> None:
        super().__init__()
        self._source, self._position = source, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence] + offset
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: Any) -> int:
        count = self._source.readinto(self._position, memoryview(buffer).cast("B"))
        self._position += count
        return count
