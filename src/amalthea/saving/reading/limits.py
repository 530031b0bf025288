"""How much a file may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for.

    Args:
        json_bytes: the longest JSON text.
    """

    json_bytes: int = 1 << 28
