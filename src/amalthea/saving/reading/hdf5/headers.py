"""Object headers (HDF5 File Format Specification 3.0, IV.A): the messages that describe a group or a tensor."""

from __future__ import annotations

from collections.abc import Iterator

from amalthea.saving.reading.hdf5.store import Cursor, Store

DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL, LAYOUT, FILTERS, ATTRIBUTE = 0x1, 0x2, 0x3, 0x6, 0x7, 0x8, 0xB, 0xC
CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x10, 0x11, 0x15
# Fill values, group settings, comments, times, sizes of B-trees, counts of references: nothing that is read depends on them.
_PASSED_OVER = frozenset({0x0, 0x4, 0x5, 0xA, 0xD, 0xE, 0x12, 0x13, 0x16})
_READ = frozenset({DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL, LAYOUT, FILTERS, ATTRIBUTE, SYMBOL_TABLE, ATTRIBUTE_INFO})
_SHARED = 0x2
_MOST_BLOCKS = 1000

Messages = list[tuple[int, Cursor]]


def messages(store: Store, address: int) -> Messages:
    """The messages of the object at an address, each with its kind.

    Raises:
        ModelFileError: a header that is damaged, or that shares parts with other objects.
    """
    found = []
    for kind, flags, body in _version_2(store, address) if store.block(address, 4).data == b"OHDR" else _version_1(store, address):
        if kind in _PASSED_OVER:
            continue
        if kind not in _READ:
            store.fail("message", f"The object at {address} has a message of kind {kind:#x}, which is not understood.", "Save the model again.")
        if flags & _SHARED:
            store.fail("shared", f"The object at {address} shares its description with others.", "Save the model again.")
        found.append((kind, body))
    return found


Raw = Iterator[tuple[int, int, Cursor]]


def _version_1(store: Store, address: int) -> Raw:
    head = store.block(address, 16)
    version, _, count = head.number(1), head.number(1), head.number(2)
    head.take(4)
    if version != 1:
        store.fail("header", f"There is no header of an object at {address}.")
    blocks = [(address + 16, head.number(4))]
    for start, size in blocks:
        block = store.block(start, size)
        while block.left >= 8 and count:
            store.step()
            count -= 1
            kind, length, flags = block.number(2), block.number(2), block.number(1)
            block.take(3)
            body = block.part(length)
            if kind == CONTINUATION:
                blocks.append(_continuation(store, body, blocks))
            else:
                yield kind, flags, body
    if count:
        store.fail("header", f"The header of the object at {address} has fewer messages than it says.")


def _version_2(store: Store, address: int) -> Raw:
    head = store.block(address, 6)
    head.take(4)
    version, flags = head.number(1), head.number(1)
    if version != 2:
        store.fail("header", f"The header of the object at {address} has version {version}, which is not known.", "Save the model again.")
    before = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    size = int.from_bytes(store.block(address + before, width).data, "little")
    blocks = [(address, before + width + size + 4)]
    ordered = 2 if flags & 4 else 0
    for number, (start, length) in enumerate(blocks):
        block = store.checked(start, length)
        block.take(before + width if number == 0 else 4)
        if number and block.data[:4] != b"OCHK":
            store.fail("header", f"The header of the object at {address} does not go on at {start}.")
        while block.left >= 4 + ordered:
            store.step()
            kind, length, message_flags = block.number(1), block.number(2), block.number(1)
            block.take(ordered)
            body = block.part(length)
            if kind == CONTINUATION:
                blocks.append(_continuation(store, body, blocks))
            else:
                yield kind, message_flags, body


def _continuation(store: Store, body: Cursor, blocks: list[tuple[int, int]]) -> tuple[int, int]:
    found = body.number(8), body.number(8)
    if found in blocks or len(blocks) >= _MOST_BLOCKS:
        store.fail("header", "The header of an object goes on without end.")
    return found
