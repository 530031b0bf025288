"""The names inside a group (HDF5 File Format Specification 3.0, III and IV.A.2): hard links to objects of this file, and nothing else."""

from __future__ import annotations

from amalthea.errors import shown
from amalthea.saving.reading.hdf5.headers import LINK, LINK_INFO, SYMBOL_TABLE, Messages
from amalthea.saving.reading.hdf5.store import UNDEFINED, Cursor, Store

_ENTRY = 40
_SOFT_ENTRY = 2
_HARD, _SOFT, _EXTERNAL = 0, 1, 64
_MOST_LEVELS = 32

Links = dict[str, int]


def links(store: Store, messages: Messages) -> Links | None:
    """The objects in a group, by their names: where their headers are. None, if the messages do not describe a group."""
    found: list[tuple[bytes, int]] = []
    is_group = False
    for kind, body in messages:
        if kind == SYMBOL_TABLE:
            is_group = True
            found += _symbol_table(store, body)
        elif kind == LINK_INFO:
            is_group = True
            _no_dense_links(body)
        elif kind == LINK:
            is_group = True
            found.append(_link(body))
    if not is_group:
        return None
    named: Links = {}
    for raw, address in found:
        name = _name(store, raw)
        if name in named:
            store.fail("twice", f"A group holds the name {shown(name)} twice.")
        named[name] = address
    return named


def _name(store: Store, raw: bytes) -> str:
    try:
        name = raw.decode()
    except UnicodeError:
        store.fail("name", f"The name {shown(raw)} is not text.")
    if not name or "/" in name or name in (".", "..") or "\0" in name:
        store.fail("name", f"{shown(name)} is not a name of an object.")
    return name


def _refuse(store: Store, name: bytes, what: str) -> None:
    store.fail("link", f"{shown(name)} is {what}, which is not followed.", "Save the model again, into one file.")


def _symbol_table(store: Store, body: Cursor) -> list[tuple[bytes, int]]:
    tree, heap = body.numbers(2, 8)
    head = store.marked(heap, 32, b"HEAP", 0)
    head.take(3)
    size, _, start = head.numbers(3, 8)
    names = store.block(start, size)
    found: list[tuple[bytes, int]] = []
    for leaf in leaves(store, tree, 0, 8):
        head = store.marked(leaf, 8, b"SNOD", 1)
        head.take(1)
        count = head.number(2)
        entries = store.block(leaf + 8, count * _ENTRY)
        for _ in range(count):
            store.step()
            offset, address, cached = entries.number(8), entries.number(8), entries.number(4)
            entries.take(20)
            if offset >= size:
                store.fail("offset", f"A name at {offset} is not among those of its group.")
            names.position = offset
            name = names.text()
            if cached == _SOFT_ENTRY or address == UNDEFINED:
                _refuse(store, name, "a soft link")
            found.append((name, address))
    return found


def leaves(store: Store, root: int, kind: int, key: int) -> list[int]:
    """What the lowest level of a B-tree (version 1) points to, in order; with keys, see `keyed_leaves`."""
    return [address for _, address in keyed_leaves(store, root, kind, key)]


def keyed_leaves(store: Store, root: int, kind: int, key: int) -> list[tuple[bytes, int]]:
    """What the lowest level of a B-tree (version 1) points to, each with the key before it.

    Args:
        store: the file.
        root: where its root is.
        kind: 0 for groups, 1 for pieces of values.
        key: the length of a key.
    """
    if root == UNDEFINED:
        return []
    seen = {root}
    level: list[tuple[bytes, int]] = [(b"", root)]
    height: int | None = None
    while height != 0:
        below: list[tuple[bytes, int]] = []
        expected = None if height is None else height - 1
        for _, address in level:
            head = store.block(address, 24)
            if head.take(4) != b"TREE" or head.number(1) != kind:
                store.fail("mark", f"There is no node of a B-tree at {address}.")
            height, count = head.number(1), head.number(2)
            if height > _MOST_LEVELS or (expected is not None and height != expected):
                store.fail("tree", "The levels of a B-tree contradict each other.")
            store.step()
            entries = store.block(address + 24, count * (key + 8))
            below += [(entries.take(key), entries.number(8)) for _ in range(count)]
        if height and len(seen | {address for _, address in below}) != len(seen) + len(below):
            store.fail("tree", "A B-tree reaches a node twice.")
        seen.update(address for _, address in below)
        level = below
        if not level:
            break
    return level


def _no_dense_links(body: Cursor) -> None:
    """Groups in the newer form hold their links in their headers, or in a heap, which h5py makes only if it is told to."""
    _, flags = body.numbers(2, 1)
    body.take(8 if flags & 1 else 0)
    if body.number(8) != UNDEFINED:
        body.store.fail("dense", "A group keeps its links in a form that is not read.", "Write the file with h5py's settings as they are.")


def _link(body: Cursor) -> tuple[bytes, int]:
    version, flags = body.numbers(2, 1)
    if version != 1:
        body.store.fail("link", f"A link has version {version}, which is not known.", "Save the model again.")
    kind = body.number(1) if flags & 8 else _HARD
    body.take((8 if flags & 4 else 0) + (1 if flags & 16 else 0))
    name = body.take(body.number(1 << (flags & 3)))
    if kind != _HARD:
        _refuse(body.store, name, {_SOFT: "a soft link", _EXTERNAL: "a link into another file"}.get(kind, "a link of another kind"))
    return name, body.number(8)
