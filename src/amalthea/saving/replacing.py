"""Files that appear whole or not at all."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from amalthea.errors import ArgumentError

_STRIDE = 1 << 24


class _Flowing(io.FileIO):
    """A file whose bytes set out for the disk while more are written, so that little is left for `fsync` to wait for."""

    def __init__(self, handle: int) -> None:
        super().__init__(handle, "r+b")
        self._sender = ThreadPoolExecutor(1)  # its thread begins when there is something to send
        self._sent: Future[None] | None = None
        self._waiting = 0

    def write(self, data: Any) -> int:
        count = super().write(data)
        self._waiting += count
        if self._waiting >= _STRIDE and (self._sent is None or self._sent.done()):
            self.check()
            self._sent, self._waiting = self._sender.submit(os.fsync, self.fileno()), 0
        return count

    def check(self) -> None:
        """Raise the error of what was sent: the system tells it once, so that the `fsync` at the end may hear nothing of it."""
        if self._sent is not None:
            self._sent.result()

    def close(self) -> None:
        self._sender.shutdown()
        super().close()


def _opened(handle: int) -> io.BufferedRandom:
    return io.BufferedRandom(_Flowing(handle))


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
            cast("_Flowing", file.raw).check()
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
