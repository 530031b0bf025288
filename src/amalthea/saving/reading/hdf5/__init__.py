"""HDF5 files, by a reader of our own: it knows what h5py writes for Keras, and cannot do anything else.

There is no code here that opens another file, follows a link to another place, or loads a filter. The structure of the whole file is read and
compared with its size before the first value is; values are read when they are asked for. What is read: superblocks of version 0 to 3, groups with
symbol tables or with links in their headers, tensors in one piece, compact or in pieces (deflated, shuffled), and attributes of numbers and strings.

Reference:
    The HDF Group, "HDF5 File Format Specification, version 3.0", whose sections the modules name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from amalthea.errors import shown
from amalthea.saving.limits import Limits, beyond
from amalthea.saving.reading.hdf5 import types, values
from amalthea.saving.reading.hdf5.attributes import attributes
from amalthea.saving.reading.hdf5.headers import DATASPACE, DATATYPE, EXTERNAL, FILTERS, LAYOUT, Messages, messages
from amalthea.saving.reading.hdf5.links import links
from amalthea.saving.reading.hdf5.store import Store
from amalthea.saving.reading.source import Source

SIGNATURE = b"\x89HDF\r\n\x1a\n"


class Dataset:
    """A tensor, whose values are read when they are asked for.

    Attributes:
        name: its path in the file.
        shape: its shape.
        dtype: its dtype, of NumPy.
        attrs: its attributes.
    """

    def __init__(self, store: Store, name: str, found: Messages) -> None:
        parts: dict[int, Any] = {}
        for kind, body in found:
            if kind == EXTERNAL:
                store.fail(
                    "external", f"The values of {shown(name)} are in another file, which is not opened.", "Save the model again, into one file."
                )
            if kind in (DATASPACE, DATATYPE, LAYOUT, FILTERS):
                if kind in parts:
                    store.fail("twice", f"{shown(name)} is described twice.")
                parts[kind] = body
        if not {DATASPACE, DATATYPE, LAYOUT} <= set(parts):
            store.fail("object", f"{shown(name)} is neither a group nor a tensor.", "Save the model again.")
        self.name = name
        self.shape = types.shape(parts[DATASPACE])
        self._kind = values.stored_kind(parts[DATATYPE])
        self._layout = values.Layout(parts[LAYOUT], parts.get(FILTERS), self.shape, self._kind.dtype, name)
        self.dtype: np.dtype[Any] = self._kind.final or self._kind.dtype.newbyteorder("=")
        self.attrs = attributes(store, found)

    @property
    def regions(self) -> list[tuple[int, int]]:
        """Where its values are in the file, piece by piece: where each begins, and how many bytes it has."""
        return self._layout.regions

    def read(self) -> np.ndarray:
        """Its values."""
        return self._layout.read().astype(self.dtype, copy=False)


class Group(Mapping[str, "Group | Dataset"]):
    """A group: other groups, and tensors, by their names.

    Attributes:
        attrs: its attributes.
    """

    def __init__(self, parts: dict[str, Group | Dataset], attrs: dict[str, Any]) -> None:
        self._parts, self.attrs = parts, attrs

    def __getitem__(self, name: str) -> Group | Dataset:
        return self._parts[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)


def read(source: Source, limits: Limits) -> Group:
    """The top group of a file.

    Args:
        source: the bytes of the file.
        limits: how many objects it may have, how deep, and how large what is compressed may become.

    Raises:
        ModelFileError: the file is damaged, or holds what is not read.
    """
    store = Store(source, limits)
    top: dict[str, Group | Dataset] = {}
    seen: set[int] = set()
    regions: list[tuple[int, int]] = []
    # Groups that are to be filled: their parts, where these are, their path and depth.
    waiting: list[tuple[dict[str, Group | Dataset], str, int, str, int]] = [(top, "", _root(store), "", 0)]
    while waiting:
        parts, name, address, path, depth = waiting.pop()
        if address in seen:
            store.fail("cycle", f"The object {shown(path)} is reached twice, by two names.", "Save the model again.")
        seen.add(address)
        if len(seen) > limits.objects:
            store.fail("objects", "The file holds too many objects.", beyond("objects", limits))
        if depth > limits.links:
            store.fail("deep", f"The groups of {shown(path)} are nested too deeply.", beyond("links", limits))
        found = messages(store, address)
        inside = links(store, found)
        if inside is None:
            tensor = parts[name] = Dataset(store, path, found)
            regions += tensor.regions
            continue
        children: dict[str, Group | Dataset] = {}
        parts[name] = Group(children, attributes(store, found))
        children.update(dict.fromkeys(sorted(inside)))  # type: ignore[arg-type]
        waiting += [(children, child, where, f"{path}/{child}", depth + 1) for child, where in inside.items()]
    _check_overlaps(store, regions)
    root = top[""]
    if not isinstance(root, Group):
        store.fail("object", "The file has no top group.")
    return root


def _check_overlaps(store: Store, regions: list[tuple[int, int]]) -> None:
    end = 0
    for start, size in sorted(regions):
        if start < end:
            store.fail("overlap", f"Two tensors share the bytes at {start}.", "Save the model again.")
        end = start + size


def _root(store: Store) -> int:
    """Where the header of the top group is, as the superblock says (II.A)."""
    head = store.block(0, 12)
    if head.take(8) != SIGNATURE:
        store.fail("mark", "The file does not begin as HDF5 files do.")
    version = head.number(1)
    if version in (0, 1):
        return _old_root(store, version)
    if version not in (2, 3):
        store.fail(
            "version", f"The file has version {version} of HDF5's form, which is not read.", "Write the file with h5py's settings as they are."
        )
    whole = store.checked(0, 48)
    whole.take(9)
    _check_sizes(store, *whole.numbers(2, 1))
    whole.take(1)
    base, _, end, root = whole.numbers(4, 8)
    _check_extent(store, base, end)
    return root


def _old_root(store: Store, version: int) -> int:
    head = store.block(0, 96 + 4 * version)
    head.take(13)
    _check_sizes(store, *head.numbers(2, 1))
    head.take(9 + 4 * version)
    base, _, end, _ = head.numbers(4, 8)
    _check_extent(store, base, end)
    head.take(8)
    return head.number(8)


def _check_sizes(store: Store, offsets: int, lengths: int) -> None:
    if (offsets, lengths) != (8, 8):
        store.fail("version", f"The file has places of {offsets} and lengths of {lengths} bytes; 8 are read.", "Save the model again.")


def _check_extent(store: Store, base: int, end: int) -> None:
    if base:
        store.fail("version", "The file begins inside of another one.", "Save the model again.")
    if end != store.source.size:
        store.fail("end", f"By what it says, the file has {end} bytes; it has {store.source.size}. It is cut off, or something stands behind it.")
