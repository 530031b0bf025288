"""Kinds of files by their first bytes."""

from __future__ import annotations

from amalthea.saving.reading.source import Source


def sniff(source: Source) -> str | None:
    """The container that a file is: "zip", "hdf5", "safetensors", "json", or None."""
    head = source.read(0, min(source.size, 16))
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return "hdf5"
    if head.lstrip()[:1] == b"{":
        return "json"
    return "safetensors" if head[8:9] == b"{" else None
