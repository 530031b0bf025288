"""HDF5 files, by h5py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from amalthea.errors import ModelFileError, shown
from amalthea.saving.reading.limits import Limits
from amalthea.saving.reading.source import Source


class Dataset:
    """A tensor, whose values are read when they are asked for."""

    def __init__(self, data: Any, place: str) -> None:
        self._data, self._place = data, place
        self.shape: tuple[int, ...] = data.shape
        self.dtype: np.dtype[Any] = data.dtype
        self.attrs = _attributes(data, place)

    def read(self) -> np.ndarray:
        """Its values."""
        try:
            return np.asarray(self._data[()])
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelFileError("hdf5.damaged", self._place, f"{shown(self._data.name)} cannot be read: {error}.") from error


class Group(Mapping[str, "Group | Dataset"]):
    """A group: other groups, and tensors, by their names."""

    def __init__(self, group: Any, place: str) -> None:
        self._group, self._place = group, place
        self.attrs = _attributes(group, place)

    def __getitem__(self, name: str) -> Group | Dataset:
        import h5py

        link = self._group.get(name, getlink=True)
        if link is None:
            raise KeyError(name)
        if not isinstance(link, h5py.HardLink):
            raise ModelFileError("hdf5.link", self._place, f"{shown(name)} stands for something elsewhere.", "Such links are not followed.")
        try:
            found = self._group[name]
        except (KeyError, OSError, RuntimeError, ValueError) as error:
            raise ModelFileError("hdf5.damaged", self._place, f"{shown(name)} cannot be read: {error}.") from error
        if isinstance(found, h5py.Dataset) and (found.external or found.is_virtual):
            raise ModelFileError("hdf5.external", self._place, f"The values of {shown(name)} are in another file.", "Other files are not opened.")
        return Group(found, self._place) if isinstance(found, h5py.Group) else Dataset(found, self._place)

    def __iter__(self) -> Iterator[str]:
        return iter(self._group)

    def __len__(self) -> int:
        return len(self._group)


def _attributes(part: Any, place: str) -> dict[str, Any]:
    try:
        return dict(part.attrs)
    except (OSError, RuntimeError, ValueError, TypeError) as error:
        raise ModelFileError("hdf5.damaged", place, f"The attributes of {shown(part.name)} cannot be read: {error}.") from error


def read(source: Source, limits: Limits) -> Group:
    """The top group of a file."""
    import h5py

    try:
        file = h5py.File(source.file(), "r")
    except (OSError, RuntimeError, ValueError) as error:
        raise ModelFileError("hdf5.damaged", source.place, f"The file cannot be read as HDF5: {error}.", "Copy the file again.") from error
    source.open_parts.enter_context(file)
    return Group(file, source.place)
