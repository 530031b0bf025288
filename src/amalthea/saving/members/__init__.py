"""What `.keras` archives hold besides a configuration, metadata and weights: a kind of members a file.

Each of these modules says which names of members are its own (`owns`), writes them (`pour`), and makes something of them when they are read.
"""

from __future__ import annotations

from collections.abc import Callable

Put = Callable[[str, bytes], None]
"""Writes a member, of this name and with these bytes, into the archive that is being made."""
