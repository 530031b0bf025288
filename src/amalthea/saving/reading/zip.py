"""Zip archives."""

from __future__ import annotations

import struct
import zipfile

from amalthea.errors import ModelFileError, shown
from amalthea.saving.reading.limits import Limits
from amalthea.saving.reading.source import Source

_HEADER = 30


class Archive:
    """A zip archive.

    Attributes:
        names: the names of its members.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        try:
            self._archive = zipfile.ZipFile(source.file())
        except (zipfile.BadZipFile, ValueError, OSError) as error:
            raise ModelFileError("zip.damaged", source.place, f"The archive cannot be read: {error}.", "Copy the file again.") from error
        source.open_parts.enter_context(self._archive)
        self._source = source
        self.names = self._archive.namelist()
        if len(set(self.names)) != len(self.names):
            raise ModelFileError("zip.twice", source.place, "Two members of the archive have one name.")

    def member(self, name: str) -> Member:
        """A member."""
        if name not in self.names:
            raise ModelFileError("zip.missing", self._source.place, f"The archive holds no {shown(name)}.")
        return Member(self._source, self._archive, self._archive.getinfo(name))


class Member:
    """A member of an archive."""

    def __init__(self, source: Source, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
        self._source, self._archive, self._info = source, archive, info

    def read(self) -> bytes:
        """Its bytes."""
        try:
            return self._archive.read(self._info)
        except (zipfile.BadZipFile, ValueError, OSError) as error:
            raise ModelFileError("zip.damaged", self._source.place, f"{shown(self._info.filename)} cannot be read: {error}.") from error

    def source(self) -> Source:
        """Its bytes, for looking at parts of them."""
        if self._info.compress_type != zipfile.ZIP_STORED:
            raise ModelFileError("zip.compressed", self._source.place, f"{shown(self._info.filename)} is compressed.", "Store it, uncompressed.")
        head = self._source.read(self._info.header_offset, _HEADER)
        name, extra = struct.unpack("<2H", head[26:])
        place = f"{self._source.place}, {self._info.filename}"
        return self._source.part(self._info.header_offset + _HEADER + name + extra, self._info.file_size, place)
