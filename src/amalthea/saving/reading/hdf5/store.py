"""The bytes of an HDF5 file, and a cursor for its little-endian fields. Every place is compared with the size of the file before it is read."""

from __future__ import annotations

from typing import NoReturn

from amalthea.errors import ModelFileError
from amalthea.saving.limits import Limits, beyond
from amalthea.saving.reading.source import Source

UNDEFINED = (1 << 64) - 1
_BLOCK = 1 << 24  # the largest block of structure, not of values, that is read at once
_STRUCTURE = 1 << 28  # how many bytes of structure are read in all: blocks may be named many times
_CHECKSUM = 128  # how many times the work of reading a byte it is to have it in a checksum
_SPARED = 1 << 10  # short values that repeat themselves shrink more than any limit would allow
_STEPS = 12  # how many messages, links and nodes an object has at most, on average
_AGAIN = "Copy the file again, or save the model again."


class Store:
    """An HDF5 file.

    Args:
        source: its bytes.
        limits: how much it may ask for.
    """

    def __init__(self, source: Source, limits: Limits) -> None:
        self.source, self.limits = source, limits
        self.place = source.place
        self.heaps: dict[int, dict[int, bytes]] = {}
        self._attribute_bytes = self._inflated = self._structure = self._steps = 0

    def fail(self, code: str, reason: str, hint: str = _AGAIN) -> NoReturn:
        """Raise the error that says what is wrong."""
        raise ModelFileError(f"hdf5.{code}", self.place, reason, hint)

    def check(self, address: int, size: int) -> None:
        """Refuse a region that is not in the file."""
        if address + size > self.source.size:
            self.fail("offset", f"The {size} bytes at {address} are not in the file, which has {self.source.size}.")

    def block(self, address: int, size: int) -> Cursor:
        """A region of the file."""
        self.check(address, size)
        if size > _BLOCK:
            self.fail("block", f"A structure of {size} bytes is too large.")
        self._count_structure(size)
        return Cursor(self, self.source.read(address, size))

    def checked(self, address: int, size: int) -> Cursor:
        """A region that ends with its checksum, without it."""
        if size < 4:
            self.fail("short", "A block is too short for its checksum.")
        self._count_structure(_CHECKSUM * size)
        data = self.block(address, size).data
        if checksum(data[:-4]) != int.from_bytes(data[-4:], "little"):
            self.fail("checksum", f"The checksum of the block at {address} differs.")
        return Cursor(self, data[:-4])

    def marked(self, address: int, size: int, mark: bytes, version: int) -> Cursor:
        """A region that begins with a mark and a version; the cursor stands behind them."""
        cursor = self.block(address, size)
        if cursor.take(len(mark)) != mark or cursor.number(1) != version:
            self.fail("mark", f"There is no {mark.decode()} (version {version}) at {address}.")
        return cursor

    def _count_structure(self, size: int) -> None:
        self._structure += size
        if self._structure > _STRUCTURE:
            self.fail("structure", "The structure of the file is too large.", "Save the model again, in several files.")

    def step(self) -> None:
        """Count a message, a link, or whatever else describes a part of the file: a few may be named again and again."""
        self._steps += 1
        if self._steps > _STEPS * self.limits.objects:
            self.fail("steps", "The objects of the file have too many parts.", beyond("objects", self.limits))

    def count_attribute(self, size: int) -> None:
        """Count bytes that attributes become."""
        self._attribute_bytes += size
        if self._attribute_bytes > self.limits.attribute_bytes:
            self.fail("attributes", "The attributes are too large.", beyond("attribute_bytes", self.limits))

    def check_inflation(self, packed: int, size: int) -> None:
        """Refuse values that are far larger than their compressed bytes."""
        if size > self.limits.inflation * (packed + _SPARED):
            self.fail("bomb", "A tensor is far larger than its compressed bytes.", beyond("inflation", self.limits))

    def count_inflated(self, size: int) -> None:
        """Count bytes that compressed values become."""
        self._inflated += size
        if self._inflated > self.limits.inflated_bytes:
            self.fail("bomb", "The compressed values become too large.", beyond("inflated_bytes", self.limits))


class Cursor:
    """A place in a block of bytes; it moves on over what is taken."""

    def __init__(self, store: Store, data: bytes) -> None:
        self.store, self.data, self.position = store, data, 0

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.position

    def take(self, size: int) -> bytes:
        """The next bytes."""
        start, self.position = self.position, self.position + size
        if self.position > len(self.data):
            self.store.fail("short", "A structure is longer than the block that holds it.")
        return self.data[start : self.position]

    def number(self, size: int) -> int:
        """The next unsigned number."""
        return int.from_bytes(self.take(size), "little")

    def numbers(self, count: int, size: int) -> list[int]:
        """The next unsigned numbers."""
        return [self.number(size) for _ in range(count)]

    def part(self, size: int) -> Cursor:
        """The next bytes, as a block of their own."""
        return Cursor(self.store, self.take(size))

    def align(self, size: int = 8) -> None:
        """Move on to the next multiple of `size`."""
        self.take(-self.position % size)

    def text(self) -> bytes:
        """The next bytes up to a zero, which is passed over."""
        end = self.data.find(b"\0", self.position)
        if end < 0:
            self.store.fail("short", "A name does not end.")
        found = self.take(end - self.position)
        self.take(1)
        return found


def checksum(data: bytes) -> int:
    """The checksum of HDF5's newer structures: Bob Jenkins's lookup3 ("hashlittle"), 2006.

    Example:
        >>> hex(checksum(b"Four score and seven years ago"))
        '0x17770551'
    """
    most = 0xFFFFFFFF

    def turn(value: int, by: int) -> int:
        return (value << by | value >> (32 - by)) & most

    a = b = c = (0xDEADBEEF + len(data)) & most
    blocks = max(0, (len(data) - 1) // 12)
    for start in range(0, 12 * blocks, 12):
        a = (a + int.from_bytes(data[start : start + 4], "little")) & most
        b = (b + int.from_bytes(data[start + 4 : start + 8], "little")) & most
        c = (c + int.from_bytes(data[start + 8 : start + 12], "little")) & most
        a = ((a - c) & most) ^ turn(c, 4)
        c = (c + b) & most
        b = ((b - a) & most) ^ turn(a, 6)
        a = (a + c) & most
        c = ((c - b) & most) ^ turn(b, 8)
        b = (b + a) & most
        a = ((a - c) & most) ^ turn(c, 16)
        c = (c + b) & most
        b = ((b - a) & most) ^ turn(a, 19)
        a = (a + c) & most
        c = ((c - b) & most) ^ turn(b, 4)
        b = (b + a) & most
    rest = data[12 * blocks :]
    if not rest:
        return c
    rest = rest.ljust(12, b"\0")
    a = (a + int.from_bytes(rest[:4], "little")) & most
    b = (b + int.from_bytes(rest[4:8], "little")) & most
    c = (c + int.from_bytes(rest[8:], "little")) & most
    for x, y, by in (("c", "b", 14), ("a", "c", 11), ("b", "a", 25), ("c", "b", 16), ("a", "c", 4), ("b", "a", 14), ("c", "b", 24)):
        values = {"a": a, "b": b, "c": c}
        values[x] = ((values[x] ^ values[y]) - turn(values[y], by)) & most
        a, b, c = values["a"], values["b"], values["c"]
    return c
