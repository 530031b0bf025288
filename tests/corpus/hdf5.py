"""Ways to break an HDF5 file. Each takes the bytes of a whole one, and the path of a tensor of float32 in it."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np

from amalthea.saving.reading.hdf5.store import checksum
from corpus import raw_hdf5 as raw
from corpus.case import Case, Damage, damaged
from corpus.good import data, keras, members
from corpus.zips import patched

KERNELS = {".weights.h5": "layers/dense/vars/0", ".h5": "model_weights/first/model/first/kernel"}

# --- by h5py ---

Edit = Callable[[Any, str], object]


def edited(edit: Edit) -> Callable[[bytes, str], bytes]:
    """The file after a change that h5py can make."""

    def change(whole: bytes, path: str) -> bytes:
        file = io.BytesIO(whole)
        with h5py.File(file, "r+") as store:
            edit(store, path)
        return file.getvalue()

    return change


def instead(make: Callable[[Any, str], object]) -> Callable[[bytes, str], bytes]:
    """The file with something else under the path of the tensor."""

    def edit(store: Any, path: str) -> None:
        del store[path]
        group, _, name = path.rpartition("/")
        make(store[group], name)

    return edited(edit)


def tensor(*shape: int, **options: Any) -> Callable[[bytes, str], bytes]:
    """The file with a tensor under the path that was made so, without values."""
    return instead(lambda group, name: group.create_dataset(name, shape, **({"dtype": "float32"} | options)))


def values(value: Any, **options: Any) -> Callable[[bytes, str], bytes]:
    """The file with these values under the path."""
    return instead(lambda group, name: group.create_dataset(name, data=value, **options))


def link(made: Any) -> Callable[[bytes, str], bytes]:
    """The file with such a link under the path."""
    return instead(lambda group, name: group.__setitem__(name, made))


def _virtual(group: Any, name: str) -> None:
    layout = h5py.VirtualLayout((4, 3), "float32")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 3))
    group.create_virtual_dataset(name, layout)


def _named_type(group: Any, name: str) -> None:
    group["kind"] = np.dtype("float32")
    group.create_dataset(name, (4, 3), dtype=group["kind"])[:] = 1
    del group["kind"]  # the tensor still refers to it


def _some_pieces(group: Any, name: str) -> None:
    group.create_dataset(name, (4096, 3), "float32", chunks=(64, 3), compression="gzip")[:64] = 1


def _twin(store: Any, path: str) -> None:
    store["again"] = store[path]


def _cycle(store: Any, path: str) -> None:
    store[path.rpartition("/")[0]]["up"] = store[path.partition("/")[0]]


def _above_the_top(store: Any, path: str) -> None:
    store[path.rpartition("/")[0]]["up"] = store["/"]


def _large_attributes(store: Any, path: str) -> None:
    for index in range(3):
        store[path].attrs[f"text {index}"] = "x" * (6 << 20)


def _many_attributes(store: Any, path: str) -> None:
    for index in range(20):
        store[path].attrs.create(f"a{index}", index)


def _bomb(group: Any, name: str) -> None:
    group.create_dataset(name, data=np.zeros(1 << 22, "float32"), compression="gzip", chunks=(1 << 22,))


def packed(data: bytes) -> Callable[[bytes, str], bytes]:
    """The file with these bytes as the one compressed piece of the tensor."""

    def make(group: Any, name: str) -> None:
        group.create_dataset(name, (4, 3), "float32", chunks=(4, 3), compression="gzip").id.write_direct_chunk((0, 0), data)

    return instead(make)


# --- byte by byte ---


def at(mark: bytes, step: int, value: bytes, last: bool = False) -> Callable[[bytes, str], bytes]:
    """The file with other bytes behind the first (or last) place where a mark stands."""
    return lambda whole, path: patched(whole, (whole.rindex if last else whole.index)(mark) + step, value)


def _number(value: int) -> bytes:
    return struct.pack("<Q", value)


def _tree_to_itself(whole: bytes, path: str) -> bytes:
    tree = whole.index(b"TREE")
    return patched(patched(whole, tree + 5, b"\1"), tree + 32, _number(tree))


def _shared_bytes(whole: bytes, path: str) -> bytes:
    """Two tensors of equal size at one place."""
    file = edited(lambda store, _: [store.create_dataset(name, data=np.full(8, value, "float32")) for name, value in (("u", 7), ("v", 8))])(
        whole, path
    )
    first, second = (file.index(np.full(8, value, "float32").tobytes()) for value in (7, 8))
    return file.replace(struct.pack("<2Q", second, 32), struct.pack("<2Q", first, 32))


def _newer(change: Callable[[bytes], bytes]) -> Callable[[bytes, str], bytes]:
    """A file in the newest form, changed."""

    def build(whole: bytes, path: str) -> bytes:
        file = io.BytesIO()
        with h5py.File(file, "w", libver="latest") as store:
            store.create_dataset(path, data=np.ones((4, 3), "float32"))
            store.create_group("vars")
        return change(file.getvalue())

    return build


def _made(*messages: Any) -> Callable[[bytes, str], bytes]:
    """A file of one tensor, "x", with these messages."""

    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        place = file.header([message(file) if callable(message) else message for message in messages])
        return file.finished(file.group({b"x": place}))

    return build


_KIND = (raw.DATATYPE, raw.FLOAT32)
_FOUR = raw.space(4)


def _four(file: raw.File) -> tuple[int, bytes]:
    return raw.contiguous(file.add(bytes(16)), 16)


def _piece(*starts: int, size: int = 16, skipped: int = 0, same: bool = False, length: int = 4) -> Callable[[raw.File], tuple[int, bytes]]:
    """The layout of pieces of four numbers (or another `length`), which begin at these places."""

    def build(file: raw.File) -> tuple[int, bytes]:
        shared = file.add(bytes(16))
        places = [shared if same else file.add(bytes(16)) for _ in starts]
        return raw.chunked(file.tree(places, kind=1, keys=[struct.pack("<2L2Q", size, skipped, start, 0) for start in starts]), length, 4)

    return build


def _links(*names: bytes, address: int | None = None, cached: int = 0) -> Callable[[bytes, str], bytes]:
    """A file whose top group has empty groups of these names."""

    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        heap, places = file.names(names)
        groups = [file.group({}) if address is None else address for _ in names]
        tree = file.tree([file.symbols(places, groups)])
        made = bytearray(file.finished(file.header([(raw.SYMBOL_TABLE, struct.pack("<2Q", tree, heap))])))
        if cached:
            struct.pack_into("<L", made, made.rindex(b"SNOD") + 8 + 16, cached)
        return bytes(made)

    return build


def _many_groups(whole: bytes, path: str) -> bytes:
    """More groups than may be, in one node."""
    file = raw.File()
    heap, places = file.names([b"%05d" % index for index in range(30_000)])
    empty = struct.pack("<BxHLL4x", 1, 1, 1, 24) + struct.pack("<2HB3x2Q", raw.SYMBOL_TABLE, 16, 0, raw.UNDEFINED, file.names([])[0])
    start = file.add(empty * 30_000)
    node = file.symbols(places, [start + len(empty) * index for index in range(30_000)])
    return file.finished(file.header([(raw.SYMBOL_TABLE, struct.pack("<2Q", file.tree([node]), heap))]))


def _many_messages(whole: bytes, path: str) -> bytes:
    """Groups whose headers all go on in one long list of empty messages."""
    file = raw.File()
    count = 60_000
    table = struct.pack("<2HB3x2Q", raw.SYMBOL_TABLE, 16, 0, raw.UNDEFINED, file.names([])[0])
    shared = file.add(table + struct.pack("<2HB3x", raw.NIL, 0, 0) * count)
    groups = {b"%03d" % index: file.continued(count + 2, shared, 24 + 8 * count) for index in range(100)}
    return file.finished(file.group(groups))


def _large_blocks(whole: bytes, path: str) -> bytes:
    """Groups that all have one heap of 15 MB."""
    file = raw.File()
    segment = file.add(bytes(15 << 20))
    heap = file.add(struct.pack("<4sB3x3Q", b"HEAP", 0, 15 << 20, raw.UNDEFINED, segment))
    table = struct.pack("<2Q", raw.UNDEFINED, heap)
    return file.finished(file.group({b"%03d" % index: file.header([(raw.SYMBOL_TABLE, table)]) for index in range(100)}))


def _large_block(whole: bytes, path: str) -> bytes:
    file = raw.File()
    segment = file.add(bytes(20 << 20))
    heap = file.add(struct.pack("<4sB3x3Q", b"HEAP", 0, 20 << 20, raw.UNDEFINED, segment))
    return file.finished(file.header([(raw.SYMBOL_TABLE, struct.pack("<2Q", raw.UNDEFINED, heap))]))


def _text(length: int, index: int, *objects: tuple[int, bytes]) -> Callable[[bytes, str], bytes]:
    """A file with an attribute that is text number `index` of a global heap with such objects."""

    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        body = b"".join(struct.pack("<HH4xQ", number, 1, len(text)) + raw.padded(text) for number, text in objects)
        heap = file.add(struct.pack("<4sB3xQ", b"GCOL", 1, 16 + len(body)) + body)
        return file.finished(file.group({}, raw.attribute(b"a", raw.TEXT, raw.space()[1], struct.pack("<LQL", length, heap, index))))

    return build


def _many_texts(whole: bytes, path: str) -> bytes:
    """Attributes whose texts are in heaps of 65,535 texts each."""
    file = raw.File()
    texts = struct.pack("<HH4xQ8s", 1, 1, 4, b"text") + b"".join(struct.pack("<HH4xQ", number, 1, 0) for number in range(2, 65536))
    heaps = [file.add(struct.pack("<4sB3xQ", b"GCOL", 1, 16 + len(texts)) + texts) for _ in range(10)]
    found = [raw.attribute(b"%d" % heap, raw.TEXT, raw.space()[1], struct.pack("<LQL", 4, heap, 1)) for heap in heaps]
    return file.finished(file.group({}, *found))


def _attribute(datatype: bytes, value: bytes, name: bytes = b"a", dataspace: bytes = raw.space()[1], times: int = 1) -> Callable[[bytes, str], bytes]:
    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        return file.finished(file.group({}, *[raw.attribute(name, datatype, dataspace, value)] * times))

    return build


def _header(version: int = 1, kind: int = raw.NIL, flags: int = 0, count: int = 1) -> Callable[[bytes, str], bytes]:
    """A file whose top group has a header of this kind, with one message."""

    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        return file.finished(file.add(struct.pack("<BxHLL4x", version, count, 1, 16) + struct.pack("<2HB3x8x", kind, 8, flags)))

    return build


def _header_without_end(whole: bytes, path: str) -> bytes:
    """A header that goes on in itself."""
    file = raw.File()
    start = file.add(struct.pack("<BxHLL4x", 1, 9, 1, 24))
    file.add(struct.pack("<2HB3x2Q", raw.CONTINUATION, 16, 0, start + 16, 24))
    return file.finished(start)


def _summed(data: bytes) -> bytes:
    return data + struct.pack("<L", checksum(data))


def _continued(block: bytes) -> Callable[[bytes, str], bytes]:
    """A header of the newest form that goes on in this block."""

    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        data = block if len(block) < 4 else _summed(block)
        message = struct.pack("<BHB2Q", raw.CONTINUATION, 16, 0, file.add(data), len(data))
        return file.finished(file.add(_summed(struct.pack("<4s3B", b"OHDR", 2, 0, len(message)) + message)))

    return build


def _levels(whole: bytes, path: str) -> bytes:
    """A B-tree of which one branch is higher than the other."""
    file = raw.File()
    heap, _ = file.names([])
    leaf = file.tree([])
    tree = file.tree([leaf, file.tree([file.tree([])], level=2)], level=1)
    return file.finished(file.header([(raw.SYMBOL_TABLE, struct.pack("<2Q", tree, heap))]))


def _node_twice(whole: bytes, path: str) -> bytes:
    file = raw.File()
    heap, _ = file.names([])
    leaf = file.tree([])
    return file.finished(file.header([(raw.SYMBOL_TABLE, struct.pack("<2Q", file.tree([leaf, leaf], level=1), heap))]))


def _linked(version: int = 1, kind: int = 0) -> Callable[[bytes, str], bytes]:
    """A file whose top group has a link in its header."""

    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        return file.finished(file.header([(raw.LINK, struct.pack("<4B", version, 8, kind, 1) + b"a" + _number(96))]))

    return build


def _info(kind: int) -> Callable[[bytes, str], bytes]:
    """A file whose top group says that its links, or attributes, are in a heap."""

    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        return file.finished(file.group({}, (kind, struct.pack("<2B", 0, 0) + struct.pack("<2Q", 96, 96))))

    return build


def _tensor_on_top(whole: bytes, path: str) -> bytes:
    file = raw.File()
    return file.finished(file.header([_FOUR, _KIND, _four(file)]))


def _endless_name(whole: bytes, path: str) -> bytes:
    file = raw.File()
    segment = file.add(b"a" * 16)
    heap = file.add(struct.pack("<4sB3x3Q", b"HEAP", 0, 16, raw.UNDEFINED, segment))
    tree = file.tree([file.symbols([8], [96])])
    return file.finished(file.header([(raw.SYMBOL_TABLE, struct.pack("<2Q", tree, heap))]))


def _piece_behind(file: raw.File) -> tuple[int, bytes]:
    return raw.chunked(file.tree([1 << 40], kind=1, keys=[struct.pack("<2L2Q", 16, 0, 0, 0)]), 4, 4)


def _attribute_patched(offset: int, value: bytes) -> Callable[[bytes, str], bytes]:
    kind, body = raw.attribute(b"a", raw.FLOAT32, raw.space()[1], bytes(4))

    def build(whole: bytes, path: str) -> bytes:
        file = raw.File()
        return file.finished(file.group({}, (kind, patched(body, offset, value))))

    return build


def _long_message(whole: bytes, path: str) -> bytes:
    file = raw.File()
    return file.finished(file.add(struct.pack("<BxHLL4x", 1, 1, 1, 16) + struct.pack("<2HB3x8x", raw.SYMBOL_TABLE, 800, 0)))


def _float(bias: int) -> bytes:
    return raw.FLOAT32[:-4] + struct.pack("<L", bias)


DAMAGES: dict[str, Damage] = {
    # the beginning
    "a newer version": ("hdf5.version", lambda whole, path: patched(whole, 8, b"\x09")),
    "narrow places": ("hdf5.version", lambda whole, path: patched(whole, 13, b"\x04")),
    "inside of another file": ("hdf5.version", lambda whole, path: patched(whole, 24, b"\x08")),
    "cut at the end": ("hdf5.end", lambda whole, path: whole[:-8]),
    "cut in the middle": ("hdf5.end", lambda whole, path: whole[: len(whole) // 2]),
    "cut after the beginning": ("hdf5.end", lambda whole, path: whole[:96]),
    "cut in the beginning": ("hdf5.offset", lambda whole, path: whole[:40]),
    "cut after the mark": ("hdf5.offset", lambda whole, path: whole[:8]),
    "text behind": ("hdf5.end", lambda whole, path: whole + b"x"),
    "the top group is a tensor": ("hdf5.object", _tensor_on_top),
    "the top group is nowhere": ("hdf5.offset", lambda whole, path: patched(whole, 64, _number(1 << 60))),
    # links
    "a soft link": ("hdf5.link", link(h5py.SoftLink("/"))),
    "a link to nothing": ("hdf5.link", link(h5py.SoftLink("/nowhere"))),
    "a link into another file": ("hdf5.link", link(h5py.ExternalLink("/etc/passwd", "/"))),
    "a tensor of two names": ("hdf5.cycle", edited(_twin)),
    "a group inside of itself": ("hdf5.cycle", edited(_cycle)),
    "the top group inside of another": ("hdf5.cycle", edited(_above_the_top)),
    "a link marked as soft": ("hdf5.link", _links(b"a", cached=2)),
    "a link of an unknown kind": ("hdf5.link", _linked(kind=65)),
    "a soft link in the newest form": ("hdf5.link", _linked(kind=1)),
    "a link of an unknown version": ("hdf5.link", _linked(version=9)),
    "two links of a name": ("hdf5.twice", _links(b"a", b"a")),
    "a name that leads up": ("hdf5.name", _links(b"..")),
    "an absolute name": ("hdf5.name", _links(b"/etc/passwd")),
    "an empty name": ("hdf5.name", _links(b"")),
    "a name that is not text": ("hdf5.name", _links(b"\xff")),
    "a name that does not end": ("hdf5.short", _endless_name),
    "a name elsewhere": ("hdf5.offset", at(b"SNOD", 8, _number(1 << 40))),
    "an object elsewhere": ("hdf5.offset", at(b"SNOD", 16, _number(1 << 60))),
    "links in a form that h5py does not write": ("hdf5.dense", _info(raw.LINK_INFO)),
    # values elsewhere, or nowhere
    "values in another file": ("hdf5.external", tensor(4, 3, external=[("/etc/passwd", 0, 48)])),
    "a view of another file": ("hdf5.virtual", instead(_virtual)),
    "a tensor of 256 GiB without values": ("hdf5.sparse", tensor(1 << 36)),
    "a tensor of 256 GiB in pieces without values": ("hdf5.sparse", tensor(1 << 36, chunks=(1 << 10,))),
    "a tensor of 1 PiB": ("hdf5.size", tensor(1 << 48)),
    "a tensor of 1 PiB in pieces": ("hdf5.size", tensor(1 << 48, chunks=(1 << 20,))),
    "a shape that overflows": ("hdf5.size", _made(raw.space(1 << 62, 1 << 62), _KIND, _four)),
    "an empty axis beside a boundless one": ("hdf5.size", _made(raw.space(0, 1 << 62), _KIND, _four)),
    "some pieces only": ("hdf5.sparse", instead(_some_pieces)),
    "values behind the end": ("hdf5.offset", _made(_FOUR, _KIND, raw.contiguous(1 << 40, 16))),
    "more values than the shape": ("hdf5.size", _made(raw.space(3), _KIND, _four)),
    "two tensors at one place": ("hdf5.overlap", _shared_bytes),
    "a tensor described twice": ("hdf5.twice", _made(_FOUR, _KIND, _four, _FOUR)),
    "a tensor without a shape": ("hdf5.object", _made(_KIND, _four)),
    # layouts and filters
    "an unknown filter": ("hdf5.filter", values(np.zeros(100, "float32"), compression="lzf")),
    "a filter of checksums": ("hdf5.filter", values(np.zeros(100, "float32"), fletcher32=True)),
    "filters of an unknown version": ("hdf5.filter", _made(_FOUR, _KIND, (0xB, b"\x09" + bytes(8)), _piece(0))),
    "compressed as a whole": ("hdf5.filter", _made(_FOUR, _KIND, (0xB, b"\2\0" + bytes(8)), _four)),
    "a layout of an unknown version": ("hdf5.layout", _made(_FOUR, _KIND, (raw.LAYOUT, b"\x09" + bytes(20)))),
    "a layout of an unknown kind": ("hdf5.layout", _made(_FOUR, _KIND, (raw.LAYOUT, b"\3\7" + bytes(20)))),
    "pieces of another rank": ("hdf5.layout", _made(_FOUR, _KIND, raw.chunked(raw.UNDEFINED, 1, 1, 4))),
    "pieces without sizes": ("hdf5.layout", _made(_FOUR, _KIND, raw.chunked(raw.UNDEFINED))),
    "pieces of no size": ("hdf5.layout", _made(_FOUR, _KIND, raw.chunked(raw.UNDEFINED, 0, 4))),
    "pieces of 4 GiB": ("hdf5.layout", _made(_FOUR, _KIND, raw.chunked(raw.UNDEFINED, 1 << 30, 4))),
    "a piece that begins between others": ("hdf5.layout", _made(raw.space(8), _KIND, _piece(0, 2))),
    "a piece outside of the shape": ("hdf5.layout", _made(raw.space(8), _KIND, _piece(0, 8))),
    "a piece with a filter left out": ("hdf5.layout", _made(_FOUR, _KIND, _piece(0, skipped=1))),
    "a piece twice": ("hdf5.twice", _made(raw.space(8), _KIND, _piece(0, 0))),
    "pieces that share bytes": ("hdf5.overlap", _made(raw.space(8), _KIND, _piece(0, 4, same=True))),
    "a piece that is too short": ("hdf5.size", _made(_FOUR, _KIND, _piece(0, size=12))),
    "a piece behind the end": ("hdf5.offset", _made(_FOUR, _KIND, _piece_behind)),
    "compressed a thousandfold": ("hdf5.bomb", instead(_bomb)),
    "a small tensor in a huge piece": ("hdf5.bomb", _made(_FOUR, _KIND, (0xB, struct.pack("<2B3H", 2, 1, 1, 0, 0)), _piece(0, length=1 << 28))),
    # kinds of values
    "compound values": ("hdf5.dtype", values(np.zeros(3, [("a", "f4"), ("b", "i4")]))),
    "texts": ("hdf5.dtype", values(["a", "b"])),
    "references": ("hdf5.dtype", instead(lambda group, name: group.create_dataset(name, data=group.ref, dtype=h5py.ref_dtype))),
    "an enumeration": ("hdf5.dtype", values([0, 1], dtype=h5py.enum_dtype({"A": 0, "B": 1}, basetype="i1"))),
    "lists of their own lengths": ("hdf5.dtype", tensor(3, dtype=h5py.vlen_dtype("float32"))),
    "a kind of a name": ("hdf5.object", instead(lambda group, name: group.__setitem__(name, np.dtype("float32")))),
    "a kind shared with others": ("hdf5.shared", instead(_named_type)),
    "a kind of an unknown version": ("hdf5.dtype", _made(_FOUR, (raw.DATATYPE, b"\xf1" + raw.FLOAT32[1:]), _four)),
    "floats of an unknown form": ("hdf5.dtype", _made(_FOUR, (raw.DATATYPE, _float(126)), _four)),
    "integers of 3 bytes": ("hdf5.dtype", _made(_FOUR, (raw.DATATYPE, struct.pack("<B3sL2H", 0x10, bytes(3), 3, 0, 24)), _four)),
    "texts of no length": ("hdf5.dtype", _made(_FOUR, (raw.DATATYPE, struct.pack("<B3sL", 0x13, bytes(3), 0)), _four)),
    "opaque values of 1 MB": ("hdf5.dtype", _made(_FOUR, (raw.DATATYPE, struct.pack("<B3sL", 0x15, bytes(3), 1 << 20)), _four)),
    "33 axes": ("hdf5.rank", _made(raw.space(*[1] * 33), _KIND, _four)),
    "a shape of an unknown version": ("hdf5.shape", _made((raw.DATASPACE, b"\x09" + bytes(15)), _KIND, _four)),
    "no shape at all": ("hdf5.shape", instead(lambda group, name: group.__setitem__(name, h5py.Empty("float32")))),
    # headers, trees, heaps
    "a header of an unknown version": ("hdf5.header", _header(version=7)),
    "a header of fewer messages than it says": ("hdf5.header", _header(count=3)),
    "a header that goes on in itself": ("hdf5.header", _header_without_end),
    "a message of an unknown kind": ("hdf5.message", _header(kind=0x77)),
    "a message that others share": ("hdf5.shared", _header(kind=raw.SYMBOL_TABLE, flags=2)),
    "a message longer than its block": ("hdf5.short", _long_message),
    "a tree that reaches itself": ("hdf5.tree", _tree_to_itself),
    "a tree of 255 levels": ("hdf5.tree", at(b"TREE", 5, b"\xff")),
    "a tree of uneven levels": ("hdf5.tree", _levels),
    "a tree that reaches a node twice": ("hdf5.tree", _node_twice),
    "a tree of another kind": ("hdf5.mark", at(b"TREE", 4, b"\1")),
    "no node where one is named": ("hdf5.mark", at(b"SNOD", 0, b"NODE")),
    "no heap where one is named": ("hdf5.mark", at(b"HEAP", 0, b"PAEH")),
    "a heap elsewhere": ("hdf5.offset", at(b"HEAP", 24, _number(1 << 50))),
    "a heap that is too large": ("hdf5.offset", at(b"HEAP", 8, _number(1 << 62))),
    # attributes
    "an attribute twice": ("hdf5.twice", _attribute(raw.FLOAT32, bytes(4), times=2)),
    "attributes in a form that h5py does not write": ("hdf5.dense", _info(raw.ATTRIBUTE_INFO)),
    "an attribute of an unknown version": ("hdf5.attribute", _attribute_patched(0, b"\x09")),
    "an attribute that shares its kind": ("hdf5.shared", _attribute_patched(0, b"\2\1")),
    "an attribute longer than its header": ("hdf5.short", _attribute(raw.FLOAT32, bytes(4), dataspace=raw.space(1 << 20)[1])),
    "an attribute whose name is not text": ("hdf5.name", _attribute(raw.FLOAT32, bytes(4), name=b"\xff")),
    "an attribute of compound values": ("hdf5.dtype", _attribute(struct.pack("<B3sL", 0x16, bytes(3), 16), bytes(16))),
    "a text that is not there": ("hdf5.heap", _text(4, 2, (1, b"text"))),
    "a text longer than it is": ("hdf5.heap", _text(400, 1, (1, b"text"))),
    "a text that is not Unicode": ("hdf5.text", _text(4, 1, (1, b"\xff\xff\xff\xff"))),
    "two texts of a number": ("hdf5.heap", _text(4, 1, (1, b"text"), (1, b"more"))),
    "groups nested 100 times": ("hdf5.deep", edited(lambda store, path: store.create_group("/".join("a" * 100)))),
    # the newest form
    "a checksum of the beginning": ("hdf5.checksum", _newer(lambda data: patched(data, 20, b"\xee"))),
    "a checksum of a header": ("hdf5.checksum", _newer(lambda data: patched(data, data.index(b"OHDR") + 20, b"\xee"))),
    "a header of the newest form that goes on nowhere": ("hdf5.header", _continued(b"NONE\0\0\0\0")),
    "a header of the newest form that goes on in 2 bytes": ("hdf5.short", _continued(b"OC")),
    "a header of the newest form of an unknown version": ("hdf5.header", _newer(lambda data: patched(data, data.index(b"OHDR") + 4, b"\x09"))),
}


# Much work for few bytes.
HEAVY: dict[str, Damage] = {
    "30,000 groups": ("hdf5.objects", _many_groups),
    "six million messages": ("hdf5.steps", _many_messages),
    "1.5 GB of blocks": ("hdf5.structure", _large_blocks),
    "a block of 20 MB": ("hdf5.block", _large_block),
    "attributes of 18 MB": ("hdf5.attributes", edited(_large_attributes)),
    "texts in heaps of 65,535 texts": ("hdf5.steps", _many_texts),
}


def _opaque(store: Any, path: str) -> None:
    shape = store[path].shape
    del store[path]
    store.create_dataset(path, data=np.zeros(shape, "V2"))


# What is seen when the tensors are taken for weights.
NAMED: dict[str, Damage] = {
    "plain bytes": ("hdf5.dtype", edited(_opaque)),
    "values of an unknown dtype": ("hdf5.dtype", edited(lambda store, path: store[path].attrs.__setitem__("dtype", "float7"))),
}
# What is seen only when the values are read.
READ: dict[str, Damage] = {
    "damaged compressed values": ("hdf5.damaged", packed(b"\x78\x5e no deflated bytes")),
    "a compressed piece that is too short": ("hdf5.size", packed(zlib.compress(bytes(40)))),
    "a compressed piece that is too long": ("hdf5.size", packed(zlib.compress(bytes(56)))),
    "values of a dtype of another width": ("hdf5.dtype", edited(lambda store, path: store[path].attrs.__setitem__("dtype", "bfloat16"))),
}


def cases() -> Iterator[Case]:
    """Broken files of weights and of whole models, and the weights inside of archives."""
    for ending, path in KERNELS.items():
        whole = data(ending)
        yield from damaged(f"hdf5 ({ending})", ending, DAMAGES, lambda break_, whole=whole, path=path: break_(whole, path))
        yield from damaged(f"hdf5 ({ending})", ending, NAMED, lambda break_, whole=whole, path=path: break_(whole, path), "weights")
        yield from damaged(f"hdf5 ({ending})", ending, READ, lambda break_, whole=whole, path=path: break_(whole, path), "values")
    whole, path = data(".weights.h5"), KERNELS[".weights.h5"]
    yield from damaged("hdf5", ".weights.h5", HEAVY, lambda break_: break_(whole, path))
    inside, path = members(".keras")["model.weights.h5"], KERNELS[".weights.h5"]
    for damages, part in ((DAMAGES | NAMED, "weights"), (READ, "values")):
        yield from damaged("hdf5 in an archive", ".keras", damages, lambda break_: keras(weights=break_(inside, path)), part)
