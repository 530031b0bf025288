"""Archives from the network, unpacked member by member: nothing leaves the folder, and nothing grows without bounds."""

from __future__ import annotations

import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, NamedTuple

from amalthea.errors import DataError

_CHUNK = 1 << 20


@dataclass(frozen=True)
class Budget:
    """How much an archive may make.

    Args:
        members: how many files and folders.
        spared: bytes that any archive may make.
        ratio: bytes that it may make besides, for each of its own. Data seldom shrinks a hundredfold; archives made to fill disks do.
    """

    members: int = 10_000_000
    spared: int = 1 << 30
    ratio: int = 200

    def bytes_of(self, archive: Path) -> int:
        """How many bytes this archive may make."""
        return self.spared + self.ratio * archive.stat().st_size


class _Member(NamedTuple):
    name: str
    kind: str
    open: Callable[[], IO[bytes] | None]


def unpack(archive: Path, folder: Path, formats: Sequence[str], budget: Budget | None = None) -> None:
    """Unpack an archive into a folder, which appears when it is whole.

    Args:
        archive: the file.
        folder: the folder, which is not there yet.
        formats: which of "tar" and "zip" it may be.
        budget: how much it may make.

    Raises:
        DataError: it is none of these; it is damaged; a member is a link or a device, or lies outside; there is too much. Nothing was unpacked.
    """
    budget = budget or Budget()
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        with ExitStack() as stack:
            found = next((members for name, opens in _FORMATS.items() if name in formats and (members := opens(archive, stack)) is not None), None)
            if found is None:
                raise DataError(f"{archive.name} is no archive of the formats: {', '.join(formats) or 'none'}.")
            _unpack_all(found, beside, archive.name, budget.members, budget.bytes_of(archive))
        beside.chmod(0o755)
        os.replace(beside, folder)
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{archive.name} cannot be unpacked: {error}. Delete it and download it again, if it may be damaged.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _unpack_all(members: Iterator[_Member], folder: Path, title: str, count: int, size: int) -> None:
    for number, member in enumerate(members):
        if number == count:
            raise DataError(f"{title} cannot be unpacked: it has more than {count} members.")
        place = _inside(folder, member, title)
        if member.kind == "folder":
            place.mkdir(parents=True, exist_ok=True)
            continue
        content = member.open() if member.kind == "file" else None
        if content is None:
            raise DataError(f"{title} cannot be unpacked: its member {member.name!r} is a {member.kind}; only files and folders are.")
        place.parent.mkdir(parents=True, exist_ok=True)
        with content, place.open("wb") as file:
            while chunk := content.read(_CHUNK):
                size -= len(chunk)
                if size < 0:
                    raise DataError(f"{title} cannot be unpacked: it makes far more bytes than it has. Unpack it yourself if you trust it.")
                file.write(chunk)


def _inside(folder: Path, member: _Member, title: str) -> Path:
    """Where a member goes: below `folder`, by plain names only."""
    # A backslash or a colon separates on Windows, so that such a name could lead out there.
    parts = PurePosixPath(member.name).parts
    if member.name.startswith("/") or ".." in parts or any(mark in member.name for mark in "\\:\0"):
        raise DataError(f"{title} cannot be unpacked: its member {member.name!r} would lie outside of the folder.")
    return folder.joinpath(*parts)


def _tar(archive: Path, stack: ExitStack) -> Iterator[_Member] | None:
    if not tarfile.is_tarfile(archive):
        return None
    opened = stack.enter_context(tarfile.open(archive))  # noqa: SIM115 (the stack closes it)

    def opener(info: tarfile.TarInfo) -> Callable[[], Any]:
        return lambda: opened.extractfile(info)

    return (_Member(info.name, _kind_in_tar(info), opener(info)) for info in opened)


def _kind_in_tar(info: tarfile.TarInfo) -> str:
    if info.isdir():
        return "folder"
    if info.isreg():
        return "file"
    return "link" if info.issym() or info.islnk() else "device"


def _zip(archive: Path, stack: ExitStack) -> Iterator[_Member] | None:
    if not zipfile.is_zipfile(archive):
        return None
    opened = stack.enter_context(zipfile.ZipFile(archive))

    def opener(info: zipfile.ZipInfo) -> Callable[[], Any]:
        return lambda: opened.open(info)

    return (_Member(info.filename, _kind_in_zip(info), opener(info)) for info in opened.infolist())


def _kind_in_zip(info: zipfile.ZipInfo) -> str:
    if info.is_dir():
        return "folder"
    return "link" if stat.S_ISLNK(info.external_attr >> 16) else "file"


_FORMATS: dict[str, Callable[[Path, ExitStack], Iterator[_Member] | None]] = {"tar": _tar, "zip": _zip}
