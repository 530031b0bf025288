"""HDF5 files written byte by byte (HDF5 File Format Specification 3.0), for what h5py would not write."""

from __future__ import annotations

import struct
from collections.abc import Sequence

UNDEFINED = (1 << 64) - 1
NIL, DATASPACE, LINK_INFO, DATATYPE, LINK, LAYOUT, ATTRIBUTE = 0x0, 0x1, 0x2, 0x3, 0x6, 0x8, 0xC
CONTINUATION, SYMBOL_TABLE, ATTRIBUTE_INFO = 0x10, 0x11, 0x15
FLOAT32 = struct.pack("<B3sL2H4BL", 0x11, b"\x20\x1f\0", 4, 0, 32, 23, 8, 0, 23, 127)
TEXT = struct.pack("<B3sL", 0x19, b"\1\0\0", 16) + struct.pack("<B3sL", 0x13, b"\0\0\0", 1)
_SUPERBLOCK = 96


class File:
    """A file that grows at its end."""

    def __init__(self) -> None:
        self.data = bytearray(_SUPERBLOCK)

    def add(self, data: bytes) -> int:
        """Put a block at the end; gives its address."""
        self.data += bytes(-len(self.data) % 8)
        address = len(self.data)
        self.data += data
        return address

    def header(self, messages: Sequence[tuple[int, bytes]], flags: int = 0) -> int:
        """An object header of version 1 in one block."""
        body = b"".join(struct.pack("<2HB3x", kind, len(padded(data)), flags) + padded(data) for kind, data in messages)
        return self.add(struct.pack("<BxHLL4x", 1, len(messages), 1, len(body)) + body)

    def continued(self, count: int, address: int, size: int) -> int:
        """An object header that goes on elsewhere, with so many messages in all."""
        body = struct.pack("<2HB3x2Q", CONTINUATION, 16, 0, address, size)
        return self.add(struct.pack("<BxHLL4x", 1, count, 1, len(body)) + body)

    def names(self, names: Sequence[bytes]) -> tuple[int, list[int]]:
        """A local heap of names; where it is, and where in it each name is."""
        data, places = bytearray(8), []
        for name in names:
            places.append(len(data))
            data += padded(name + b"\0")
        segment = self.add(bytes(data))
        return self.add(struct.pack("<4sB3x3Q", b"HEAP", 0, len(data), UNDEFINED, segment)), places

    def symbols(self, places: Sequence[int], addresses: Sequence[int]) -> int:
        """A node of a symbol table."""
        entries = b"".join(struct.pack("<2QL20x", place, address, 0) for place, address in zip(places, addresses, strict=True))
        return self.add(struct.pack("<4sBxH", b"SNOD", 1, len(addresses)) + entries)

    def tree(self, leaves: Sequence[int], level: int = 0, kind: int = 0, keys: Sequence[bytes] | None = None) -> int:
        """A node of a B-tree."""
        entries = b"".join(key + struct.pack("<Q", leaf) for key, leaf in zip(keys or [bytes(8)] * len(leaves), leaves, strict=True))
        return self.add(struct.pack("<4s2BH2Q", b"TREE", kind, level, len(leaves), UNDEFINED, UNDEFINED) + entries + bytes(8))

    def group(self, parts: dict[bytes, int], *more: tuple[int, bytes]) -> int:
        """A group with a symbol table of one node."""
        heap, places = self.names(list(parts))
        tree = self.tree([self.symbols(places, list(parts.values()))])
        return self.header([(SYMBOL_TABLE, struct.pack("<2Q", tree, heap)), *more])

    def finished(self, root: int) -> bytes:
        """The whole file, with the group at `root` as its top."""
        start = b"\x89HDF\r\n\x1a\n" + struct.pack("<8B2HL", 0, 0, 0, 0, 0, 8, 8, 0, 4, 16, 0)
        self.data[:_SUPERBLOCK] = start + struct.pack("<4Q", 0, UNDEFINED, len(self.data), UNDEFINED) + struct.pack("<2QL20x", 0, root, 0)
        return bytes(self.data)


def padded(data: bytes) -> bytes:
    """`data`, up to a multiple of 8 bytes."""
    return data + bytes(-len(data) % 8)


def space(*sizes: int) -> tuple[int, bytes]:
    """A dataspace message."""
    return DATASPACE, struct.pack(f"<4B4x{len(sizes)}Q", 1, len(sizes), 0, 0, *sizes)


def attribute(name: bytes, datatype: bytes, dataspace: bytes, value: bytes) -> tuple[int, bytes]:
    """An attribute message."""
    sizes = struct.pack("<Bx3H", 1, len(name) + 1, len(datatype), len(dataspace))
    return ATTRIBUTE, sizes + padded(name + b"\0") + padded(datatype) + padded(dataspace) + value


def contiguous(address: int, size: int) -> tuple[int, bytes]:
    """The layout message of values in one piece."""
    return LAYOUT, struct.pack("<2B2Q", 3, 1, address, size)


def chunked(tree: int, *sizes: int) -> tuple[int, bytes]:
    """The layout message of values in pieces; the last of `sizes` is that of an element."""
    return LAYOUT, struct.pack(f"<3BQ{len(sizes)}L", 3, 2, len(sizes), tree, *sizes)
