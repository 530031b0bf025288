"""Attributes of groups and tensors (HDF5 File Format Specification 3.0, IV.A.2.m): numbers, and strings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from amalthea.errors import shown
from amalthea.saving.reading.hdf5 import types
from amalthea.saving.reading.hdf5.headers import ATTRIBUTE, ATTRIBUTE_INFO, Messages
from amalthea.saving.reading.hdf5.store import UNDEFINED, Cursor, Store


def attributes(store: Store, messages: Messages) -> dict[str, Any]:
    """The attributes that the messages of an object describe."""
    found: dict[str, Any] = {}
    for kind, body in messages:
        if kind == ATTRIBUTE_INFO:
            _no_dense_attributes(body)
        elif kind == ATTRIBUTE:
            name, value = _attribute(store, body)
            if name in found:
                store.fail("twice", f"An object has the attribute {shown(name)} twice.")
            found[name] = value
    return found


def _no_dense_attributes(body: Cursor) -> None:
    _, flags = body.numbers(2, 1)
    body.take(2 if flags & 1 else 0)
    if body.number(8) != UNDEFINED:
        body.store.fail("dense", "An object keeps its attributes in a form that is not read.", "Write the file with h5py's settings as they are.")


def _attribute(store: Store, body: Cursor) -> tuple[str, Any]:
    version, flags = body.numbers(2, 1)
    if version not in (1, 2, 3):
        store.fail("attribute", f"An attribute has version {version}, which is not known.", "Save the model again.")
    if version > 1 and flags:
        store.fail("shared", "An attribute shares its description with others.", "Save the model again.")
    sizes = body.numbers(3, 2)
    body.take(1 if version == 3 else 0)
    parts = []
    for size in sizes:
        parts.append(body.part(size))
        if version == 1:
            body.take(-size % 8)
    try:
        name = parts[0].data.rstrip(b"\0").decode()
    except UnicodeError:
        store.fail("name", f"The name {shown(parts[0].data)} of an attribute is not text.")
    kind, shape = types.kind(parts[1]), types.shape(parts[2])
    size = math.prod(shape) * kind.dtype.itemsize
    store.count_attribute(size)
    return name, _value(store, np.frombuffer(body.take(size), kind.dtype).reshape(shape), kind)


def _value(store: Store, raw: np.ndarray, kind: types.Kind) -> Any:
    if kind.strings == "variable":
        texts = np.empty(raw.shape, object)
        for index in np.ndindex(raw.shape):
            texts[index] = _text(store, raw[index].tobytes())
        return texts[()]
    value = raw if kind.final is None else raw.astype(kind.final)
    return value[()] if not raw.shape else value.copy()


def _text(store: Store, element: bytes) -> str:
    """A string of the global heap that an element points to."""
    where = Cursor(store, element)
    length, address, index = where.number(4), where.number(8), where.number(4)
    if not length:
        return ""
    store.count_attribute(length)
    if address not in store.heaps:
        store.heaps[address] = _heap(store, address)
    data = store.heaps[address].get(index)
    if data is None or len(data) < length:
        store.fail("heap", f"There is no text {index} of {length} bytes in the heap at {address}.")
    try:
        return data[:length].rstrip(b"\0").decode()
    except UnicodeError:
        store.fail("text", f"The text {shown(data[:length])} is not Unicode (UTF-8).")


def _heap(store: Store, address: int) -> dict[int, bytes]:
    """The objects of a global heap collection, by their indices."""
    head = store.marked(address, 16, b"GCOL", 1)
    head.take(3)
    size = head.number(8)
    body = store.block(address, size)
    body.take(16)
    found: dict[int, bytes] = {}
    while body.left >= 16:
        store.step()
        index = body.number(2)
        body.take(6)
        length = body.number(8)
        if index == 0:  # what is free
            break
        if index in found:
            store.fail("heap", f"The heap at {address} holds the object {index} twice.")
        found[index] = body.take(length)
        body.align()
    return found
