"""Files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from amalthea.errors import ArgumentError

_STRIDE = 1 << 24


class _Flowing(io.FileIO):
    """A file whose bytes set out for the disk while more are written, so that little is left for `fsync` to wait for."""

    _start = _end = 0  # the bytes in one piece that were written last, and not sent yet

    def write(self, data: Any) -> int:
        place, count = self.tell(), super().write(data)
        if place != self._end:
            self._start = place
        self._end = place + count
        if self._end - self._start >= _STRIDE and hasattr(os, "posix_fadvise"):
            # Linux begins to write what it is told will not be needed. It forgets only what has arrived, which these bytes have not.
            os.posix_fadvise(self.fileno(), self._start, self._end - self._start, os.POSIX_FADV_DONTNEED)
            self._start = self._end
        return count


def _opened(handle: int) -> BinaryIO:
    return io.BufferedRandom(_Flowing(handle, "r+b"))


@contextmanager
def replacing(filepath: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A file to write and read, which takes the place of `filepath` at the end, and only if nothing failed.

    What is written reaches the disk before the name changes: whenever the machine or the process stops, one whole file has the name.

    Example:
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = Path(folder, "x")
        ...     with replacing(path) as file:
        ...         _ = file.write(b"new")
        ...         before = path.exists()
        ...     before, path.read_bytes()
        (False, b'new')
    """
    target = Path(os.path.realpath(filepath))  # through a link, the file that it names is replaced
    handle, temporary = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    try:
        with _opened(handle) as file:
            os.chmod(temporary, _mode(target))
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Let the names in a folder reach the disk, where the system can say so."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _mode(target: Path) -> int:
    """The permissions of the file that is replaced, or those that a new file gets."""
    if target.exists():
        return target.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def check_target(filepath: Any, overwrite: bool) -> Path:
    """`filepath` as a path, if a file may be written there.

    Raises:
        ArgumentError: no such folder, a folder of this name, or a file that must not be overwritten.
    """
    path = Path(os.fspath(filepath))
    if not path.parent.is_dir():
        raise ArgumentError(f"The folder of `filepath` does not exist: {str(path.parent)!r}.")
    if path.is_dir():
        raise ArgumentError(f"`filepath` is a folder: {str(path)!r}. Give the name of a file.")
    if path.exists() and not overwrite:
        raise ArgumentError(f"The file {str(path)!r} exists already. Pass `overwrite=True` to replace it.")
    return path
