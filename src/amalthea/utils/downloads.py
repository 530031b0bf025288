"""Files from the network, kept in a folder, and checked."""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amalthea.errors import ArgumentError, DataError
from amalthea.training.progress import Progbar, print_message
from amalthea.utils.cache import cache_folder

_CHUNK = 1 << 16
_TIMEOUT = 60.0


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: str | Sequence[str] | None = "auto",
    cache_dir: str | os.PathLike[str] | None = None,
    force_download: bool = False,
) -> str:
    """Download a file, unless it is there already.

    Only a file whose hash is right ever appears under its name: it is downloaded beside it first. Archives are unpacked without
    following links or paths that lead out of the folder.

    Args:
        fname: the name that the file gets; by default, the last part of the address.
        origin: the address: http, https or ftp.
        untar: the older name of `extract`.
        md5_hash: the older name of `file_hash`, for MD5.
        file_hash: what the file's hash must be, in hexadecimal. A file that is there already with another one is downloaded again.
        cache_subdir: the folder below the cache's.
        hash_algorithm: "md5", "sha256", or "auto": told by the length of the hash.
        extract: whether the file is an archive that is to be unpacked.
        archive_format: "tar", "zip", "auto", a list of these, or None.
        cache_dir: the folder of the cache; by default, `$KERAS_HOME` or `~/.keras`.
        force_download: whether the file is downloaded although it is there.

    Returns:
        The path of the file; with `extract`, that of the folder into which it was unpacked.

    Raises:
        ArgumentError: an argument is missing or not allowed.
        DataError: the file could not be downloaded, has another hash, or is no archive.

    Example:
        >>> # path = get_file("flowers.tgz", "https://example.org/flowers.tgz", extract=True)
    """
    if origin is None:
        raise ArgumentError("`origin` is missing: the address of the file.")
    scheme = urllib.parse.urlsplit(origin).scheme
    if scheme not in ("http", "https", "ftp"):
        raise ArgumentError(f"`origin` must be an address of http, https or ftp. Received: {origin!r}.")
    extract = extract or untar
    if file_hash is None and md5_hash is not None:
        file_hash, hash_algorithm = md5_hash, "md5"
    named = fname is not None
    fname = os.fspath(fname) if fname is not None else os.path.basename(urllib.parse.unquote(urllib.parse.urlsplit(origin).path))
    if not fname or fname in (".", "..") or "/" in fname or os.sep in fname:
        raise ArgumentError(f"`fname` must be the name of a file, without folders: give those as `cache_dir`. Received: {fname!r}.")
    folder = _writable(Path(os.path.expanduser(cache_dir) if cache_dir is not None else cache_folder()) / cache_subdir)
    target, unpacked = _places(folder, fname, extract, named)
    if force_download or not target.is_file() or (file_hash is not None and not _has_hash(target, file_hash, hash_algorithm)):
        _download(origin, target, file_hash, hash_algorithm)
        if unpacked is not None and unpacked.exists():
            shutil.rmtree(unpacked)
    if unpacked is None:
        return str(target)
    if not unpacked.exists():
        _unpack(target, unpacked, archive_format)
    return str(unpacked)


def _places(folder: Path, fname: str, extract: bool, named: bool) -> tuple[Path, Path | None]:
    """Where the download lies, and where an archive is unpacked."""
    if not extract:
        return folder / fname, None
    if named and "." in fname:
        return folder / fname, folder / f"{fname.split('.')[0]}_extracted"
    return folder / f"{fname}_archive", folder / fname


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass  # a home that cannot be written to: the temporary folder serves as well
    fallback = Path(tempfile.gettempdir()) / ".keras" / folder.name
    fallback.mkdir(parents=True, exist_ok=True)
    return fallback


def hash_file(path: str | os.PathLike[str], algorithm: str = "sha256") -> str:
    """The hash of a file, in hexadecimal.

    Args:
        path: the file.
        algorithm: "sha256" or "md5".
    """
    if algorithm not in ("sha256", "md5"):
        raise ArgumentError(f'`hash_algorithm` must be "auto", "sha256" or "md5". Received: {algorithm!r}.')
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _has_hash(path: Path, file_hash: str, algorithm: str) -> bool:
    if algorithm == "auto":
        algorithm = "sha256" if len(file_hash) == 64 else "md5"
    return hash_file(path, algorithm) == file_hash.lower()


def _download(origin: str, target: Path, file_hash: str | None, hash_algorithm: str) -> None:
    print_message(f"Downloading data from {origin}")
    handle, name = tempfile.mkstemp(prefix=target.name, suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _fetch(origin, file)
        if file_hash is not None and not _has_hash(part, file_hash, hash_algorithm):
            raise DataError(f"The file from {origin} is damaged, or not the one expected: its hash is not {file_hash}.")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def _fetch(origin: str, file: Any) -> None:
    try:
        with urllib.request.urlopen(origin, timeout=_TIMEOUT) as response:
            length = response.headers.get("Content-Length")
            size = int(length) if length and length.isdigit() else None
            bar = Progbar(size and -(-size // 1024), interval=0.1, unit_name="KiB")
            done = 0
            while chunk := response.read(_CHUNK):
                file.write(chunk)
                done += len(chunk)
                bar.update(done // 1024, finalize=False)
            if size is not None and done != size:
                raise DataError(f"The download of {origin} broke off after {done} of {size} bytes.")
            bar.update(-(-done // 1024), finalize=True)
    except urllib.error.HTTPError as error:
        raise DataError(f"{origin} could not be downloaded: {error.code} {error.reason}.") from error
    except (urllib.error.URLError, OSError) as error:
        raise DataError(f"{origin} could not be downloaded: {getattr(error, 'reason', error)}.") from error


def _unpack(archive: Path, folder: Path, archive_format: str | Sequence[str] | None) -> None:
    formats = (archive_format,) if isinstance(archive_format, str) else tuple(archive_format or ())
    formats = ("tar", "zip") if "auto" in formats else formats
    beside = Path(tempfile.mkdtemp(prefix=folder.name, dir=folder.parent))
    try:
        if "tar" in formats and tarfile.is_tarfile(archive):
            with tarfile.open(archive) as tar:
                tar.extractall(beside, filter="data")
        elif "zip" in formats and zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as zipped:
                zipped.extractall(beside)
        else:
            raise DataError(f"{archive.name} is no archive of the formats: {', '.join(formats) or 'none'}.")
        os.replace(beside, folder)
    except tarfile.TarError as error:
        raise DataError(f"{archive.name} cannot be unpacked: {error}.") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
