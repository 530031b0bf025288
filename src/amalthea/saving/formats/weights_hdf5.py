"""Weights in HDF5 files of Keras 3's layout, `.weights.h5`.

Every object that has variables gets a group; below "vars" are its own, by number, and below the names of its attributes the objects inside.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from amalthea import dtypes
from amalthea.errors import ArgumentError, ModelFileError, shown
from amalthea.saving.fitting import Entries, Entry, Stored
from amalthea.saving.formats.interface import ModelFile
from amalthea.saving.reading import hdf5
from amalthea.saving.replacing import replacing
from amalthea.saving.sinks import pour

_VARS = "vars"


class WeightsHdf5(ModelFile):
    """A `.weights.h5` file."""

    title = "HDF5 weights"
    suffixes = (".weights.h5",)

    def stored(self) -> Stored:
        return stored_in(self.contents)

    def names(self) -> dict[str, str]:
        return names_in(self.contents)


def stored_in(root: hdf5.Group) -> Stored:
    """The variables in an HDF5 file of this layout, by objects."""
    return {path: entries_of(variables) for path, variables in _objects(root, "")}


def names_in(root: hdf5.Group) -> dict[str, str]:
    """The names that the objects had in the model, by their paths, where the file has them."""
    return {path: str(variables.attrs["name"]) for path, variables in _objects(root, "") if "name" in variables.attrs}


def _objects(group: hdf5.Group, path: str) -> Iterator[tuple[str, hdf5.Group]]:
    """The groups of variables, by the paths of their objects."""
    for name, child in group.items():
        if isinstance(child, hdf5.Dataset):
            continue
        if name == _VARS:
            yield path, child
        else:
            yield from _objects(child, f"{path}/{name}" if path else name)


def entries_of(group: hdf5.Group) -> Entries:
    """The tensors in a group, by their names."""
    return {name: entry(child) for name, child in group.items() if isinstance(child, hdf5.Dataset)}


def entry(data: hdf5.Dataset) -> Entry:
    """A tensor of an HDF5 file, with the dtype that it stands for."""
    name = data.attrs.get("dtype")
    found = data.dtype if name is None else str(name)
    try:
        dtype = dtypes.standardize_dtype(found)
    except ArgumentError as error:
        raise ModelFileError("hdf5.dtype", data.name, f"The tensor has the dtype {shown(str(found))}, which is not known.") from error
    return data if name is None else _Unknown(data, dtype)


class _Unknown:
    """A tensor of a dtype that HDF5 does not know (bfloat16, floats of 8 bits): plain bytes, with the name of the dtype beside."""

    def __init__(self, data: hdf5.Dataset, name: str) -> None:
        self._data, self.shape, self.dtype = data, data.shape, name

    def read(self) -> np.ndarray:
        dtype = dtypes.numpy_dtype(self.dtype)
        value = self._data.read()
        if value.dtype.itemsize != dtype.itemsize:
            raise ModelFileError("hdf5.dtype", shown(self.dtype), f"Values of {value.dtype.itemsize} bytes cannot be of this dtype.")
        return value.view(dtype)


class Hdf5Sink:
    """Writes variables into an open HDF5 file."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def open(self, path: str, name: str) -> None:
        group = self._file.require_group(f"{path}/{_VARS}" if path else _VARS)
        group.attrs["name"] = name

    def put(self, path: str, name: str, value: np.ndarray) -> None:
        write_tensor(self._file.require_group(f"{path}/{_VARS}" if path else _VARS), name, value)


def write_tensor(group: Any, name: str, value: np.ndarray) -> None:
    """Write one tensor into a group."""
    if value.dtype.kind == "V":  # bfloat16 and the 8-bit floats
        data = group.create_dataset(name, data=value.view(f"V{value.dtype.itemsize}"))
        data.attrs["dtype"] = dtypes.standardize_dtype(value.dtype)
    else:
        group.create_dataset(name, data=value)


def write(obj: Any, file: Any) -> None:
    """Write the variables of `obj`, and of what is inside it, into a file object that can be sought in."""
    import h5py

    with h5py.File(file, "w") as store:
        pour(obj, Hdf5Sink(store))


def save_weights(model: Any, path: Path) -> None:
    """Write a `.weights.h5` file."""
    with replacing(path) as file:
        write(model, file)
