"""Files from the network, kept in a folder, and checked."""

from __future__ import annotations

import hashlib
import http.client
import os
import shutil
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from amalthea.errors import ArgumentError, DataError
from amalthea.training.progress import Progbar, print_message
from amalthea.utils.cache import cache_folder
from amalthea.utils.unpacking import unpack

_CHUNK = 1 << 16
_SCHEMES = ("http", "https", "ftp", "file")

TIMEOUT = 60.0
"""How long a server may be silent, in seconds."""


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

    Only a file whose hash is right ever appears under its name: it is downloaded beside it first, and checked. Without a hash there is a
    warning that tells it. Archives are unpacked member by member: those with links, devices, paths that lead out of the folder, or far more
    bytes than they have themselves are refused.

    Args:
        fname: the name that the file gets; by default, the last part of the address.
        origin: the address: http, https, ftp or file.
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
        >>> get_file("../flowers.tgz", "https://example.org/flowers.tgz")
        Traceback (most recent call last):
            ...
        amalthea.errors.ArgumentError: `fname` must be the name of a file, without folders: give those as `cache_subdir`. Received: '../flowers.tgz'.
    """
    if origin is None:
        raise ArgumentError("`origin` is missing: the address of the file.")
    scheme = urllib.parse.urlsplit(origin).scheme
    if scheme not in _SCHEMES:
        raise ArgumentError(f"`origin` must be an address of {', '.join(_SCHEMES)}. Received: {origin!r}.")
    extract = extract or untar
    if file_hash is None and md5_hash is not None:
        file_hash, hash_algorithm = md5_hash, "md5"
    algorithm = _algorithm(hash_algorithm, file_hash)
    named = fname is not None
    fname = os.fspath(fname) if fname is not None else os.path.basename(urllib.parse.unquote(urllib.parse.urlsplit(origin).path))
    if not fname or fname in (".", "..") or "/" in fname or os.sep in fname:
        raise ArgumentError(f"`fname` must be the name of a file, without folders: give those as `cache_subdir`. Received: {fname!r}.")
    folder = _writable(Path(os.path.expanduser(cache_dir) if cache_dir is not None else cache_folder()) / cache_subdir)
    target, unpacked = _places(folder, fname, extract, named)
    if force_download or not target.is_file() or (file_hash is not None and hash_file(target, algorithm) != file_hash.lower()):
        _download(origin, target, file_hash, algorithm)
        if unpacked is not None and unpacked.exists():
            shutil.rmtree(unpacked)
    if unpacked is None:
        return str(target)
    if not unpacked.exists():
        unpack(target, unpacked, _formats(archive_format))
    return str(unpacked)


def _formats(archive_format: str | Sequence[str] | None) -> tuple[str, ...]:
    named = (archive_format,) if isinstance(archive_format, str) else tuple(archive_format or ())
    return ("tar", "zip") if "auto" in named else named


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
    with open(path, "rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _algorithm(name: str, file_hash: str | None) -> str:
    if name == "auto":
        return "md5" if file_hash is not None and len(file_hash) == 32 else "sha256"
    if name not in ("sha256", "md5"):
        raise ArgumentError(f'`hash_algorithm` must be "auto", "sha256" or "md5". Received: {name!r}.')
    return name


def _download(origin: str, target: Path, file_hash: str | None, algorithm: str) -> None:
    print_message(f"Downloading data from {origin}")
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".part", dir=target.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            found = _fetch(origin, file, hashlib.new(algorithm), shutil.disk_usage(target.parent).free)
        if file_hash is not None and found != file_hash.lower():
            raise DataError(
                f"The file from {origin} is damaged, or not the one expected: its {algorithm} is {found}, not {file_hash}. "
                "It was not kept. Call again; if it is the same then, ask whoever gave you the address or the hash."
            )
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)
    if file_hash is None and not origin.startswith("file:"):
        warnings.warn(
            f'{origin} was downloaded unchecked. If you trust what came, pass `file_hash="{found}"`, so that nothing else is taken for it.',
            stacklevel=3,
        )


def _fetch(origin: str, file: Any, digest: Any, room: int) -> str:
    """Write what is at an address into a file; gives its hash."""
    advice = "Nothing was kept. Call again when the connection is better."
    try:
        with urllib.request.urlopen(origin, timeout=TIMEOUT) as response:
            length = response.headers.get("Content-Length")
            size = int(length) if length and length.isdigit() else None
            bar = Progbar(size and -(-size // 1024), interval=0.1, unit_name="KiB")
            done = 0
            while True:
                if max(done, size or 0) > room:
                    raise DataError(f"{origin} was not downloaded: it has {size or done} bytes or more, and {room} are free in the folder.")
                chunk = response.read(_CHUNK)
                if not chunk:
                    break
                file.write(chunk)
                digest.update(chunk)
                done += len(chunk)
                bar.update(done // 1024, finalize=False)
            if size is not None and done != size:
                raise DataError(f"The download of {origin} broke off after {done} of {size} bytes. {advice}")
            bar.update(-(-done // 1024), finalize=True)
    except urllib.error.HTTPError as error:
        with error:
            raise DataError(f"{origin} could not be downloaded: {error.code} {error.reason}. Is the address right?") from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise DataError(f"{origin} could not be downloaded: {getattr(error, 'reason', error)}. {advice}") from error
    return str(digest.hexdigest())
