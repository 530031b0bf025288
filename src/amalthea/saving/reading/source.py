"""The bytes of a file that is read, of which any part can be looked at."""

from __future__ import annotations

import io
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from amalthea.errors import ModelFileError
from amalthea.saving.reading.limits import Limits


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
        """Open a file."""
        stack = ExitStack()
        file = stack.enter_context(Path(path).open("rb", buffering=0))  # noqa: SIM115 (the stack closes it)
        return cls(file, 0, os.fstat(file.fileno()).st_size, os.fspath(path), stack)

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *error: Any) -> None:
        self.open_parts.close()

    def part(self, start: int, size: int, place: str | None = None) -> Source:
        """A part of it."""
        if start < 0 or size < 0 or start + size > self.size:
            raise ModelFileError("source.end", self.place, f"The part from {start} to {start + size} is not in the file.", "It may be cut off.")
        return Source(self._file, self.start + start, size, place or self.place, self.open_parts)

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
            count = os.preadv(self._file.fileno(), [buffer[done:wanted]], self.start + start + done)
            if not count:
                break
            done += count
        return done

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
