"""Archives, taken apart and put together again in ways that no writer would."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

Members = dict[str, bytes]


def members(path: Path) -> Members:
    """The members of an archive, by name."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def write(path: Path, found: Members, method: int = zipfile.ZIP_STORED) -> None:
    """Write an archive of these members."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in found.items():
            archive.writestr(name, data)


def change(path: Path, function: Callable[[Members], Members | None], hashes: bool = False) -> None:
    """Let `function` change the members of an archive, or give others; unless `hashes` is set, the metadata then know no hashes."""
    found = members(path)
    found = function(found) or found
    if not hashes:
        found["metadata.json"] = json.dumps({key: value for key, value in json.loads(found["metadata.json"]).items() if key != "sha256"}).encode()
    write(path, found)
