"""Paths at which there is no model file, but something else."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import socket
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

from corpus.case import Case, of_bytes
from corpus.good import ENDINGS as ALL
from corpus.good import TEXT, data, files
from corpus.npz import Trap

ENDINGS = tuple(ending for ending in ALL if ending != TEXT)


def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("config.json"))
    return file.getvalue()


def _socket(path: Path) -> None:
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as made:
        os.chdir(path.parent)  # the addresses of sockets are short
        try:
            made.bind(path.name)
        finally:
            os.chdir(here)


def _sparse(start: bytes) -> Callable[[Path], object]:
    """A file of 1 TiB, of which only the beginning is on the disk."""

    def write(path: Path) -> None:
        path.write_bytes(start)
        os.truncate(path, 1 << 40)

    return write


OTHERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a folder": ("source.kind", lambda path: path.mkdir()),
    "a pipe": ("source.kind", os.mkfifo),
    "a socket": ("source.closed", _socket),
    "a device that never ends": ("source.kind", lambda path: path.symlink_to("/dev/zero")),
    "a link to itself": ("source.closed", lambda path: path.symlink_to(path)),
    "a link to another kind of file": ("format.unknown", lambda path: path.symlink_to("/etc/hostname")),
    "empty": ("format.foreign", of_bytes(lambda: b"")),
    "zeros": ("format.unknown", of_bytes(lambda: bytes(1000))),
    "text": ("format.unknown", of_bytes(lambda: b"hello")),
    "a list in JSON": ("format.unknown", of_bytes(lambda: b"[1]")),
    "a pickle": ("format.foreign", of_bytes(lambda: pickle.dumps(Trap()))),
    "a pickle of the second protocol": ("format.foreign", of_bytes(lambda: pickle.dumps([1], 2))),
    "compressed as a whole": ("format.foreign", of_bytes(lambda: gzip.compress(data(".keras"), mtime=0))),
    "a tar archive": ("format.foreign", of_bytes(_tar)),
    "a page of a web site": ("format.foreign", of_bytes(lambda: b"<!DOCTYPE html><html></html>")),
    "a pointer of Git LFS": ("format.foreign", of_bytes(lambda: b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n")),
    "1 TiB of nothing": ("format.unknown", _sparse(b"")),
}
# What a whole file of another ending is refused for, and the same with 1 TiB of nothing behind it.
_SPARSE = {
    ".keras": "zip.end",
    ".h5": "hdf5.end",
    ".weights.h5": "hdf5.end",
    ".weights.npz": "zip.end",
    ".safetensors": "safetensors.cover",
    ".weights.json": "json.long",
}


def cases() -> Iterator[Case]:
    """At each ending, everything that may lie there instead."""
    for ending in ENDINGS:
        for name, (code, write) in OTHERS.items():
            # A link that leads nowhere is no backup.
            yield Case(f"path: {name} ({ending})", ending, write, code, loaded_by=("BackupAndRestore",) if name == "a link to itself" else ())
        yield Case(f"path: 1 TiB of nothing behind {ending}", ending, _sparse(data(ending)), _SPARSE[ending])
        beside = tuple(name for name in files(ending) if name != f"latest{ending}")
        for other in ENDINGS:
            if not other.endswith(ending):
                yield Case(f"path: {ending} named {other}", other, of_bytes(lambda ending=ending: data(ending)), "format.ending", beside=beside)
        yield Case(f"path: {ending} named .pkl", ".pkl", of_bytes(lambda ending=ending: data(ending)), "format.ending", beside=beside)
