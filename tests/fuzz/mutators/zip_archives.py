"""Changes of zip archives, which are taken apart and put together again."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from random import Random

from fuzz.mutators import raw
from fuzz.mutators.numbers import number

_LOCAL, _CENTRAL, _END = struct.Struct("<4s5H3L2H"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s4H2LH")
_END64, _LOCATOR64 = struct.Struct("<4sQ2H2L4Q"), struct.Struct("<4sLQL")
# The fields of the records, with their widths in bytes.
_LOCAL_FIELDS = {"mark": 4, "needs": 2, "flags": 2, "method": 2, "time": 2, "date": 2, "crc": 4, "packed": 4, "size": 4, "name": 2, "extra": 2}
_CENTRAL_FIELDS = {"mark": 4, "made": 2, **_LOCAL_FIELDS, "comment": 2, "disk": 2, "internal": 2, "external": 4, "offset": 4}
_END_FIELDS = {"mark": 4, "disk": 2, "first": 2, "here": 2, "count": 2, "length": 4, "offset": 4, "comment": 2}
_MASKS = {2: 0xFFFF, 4: 0xFFFFFFFF}
_NAMES = (
    *(b"", b"/", b"../x", b"/etc/passwd", b"a/../b", b"a\\b", b"C:x", b"./a", b"a//b", b"a/", b"\0", b"a\0b", b"config.json", b"CONFIG.JSON"),
    *("ﬁle".encode(), b"\xff", b"x" * 300, b"model.weights.h5", b"metadata.json", b"vars/0.npy", b"assets/x"),
)

Mutate = Callable[[bytes, Random], bytes]


@dataclass
class _Member:
    """A member, and what its records say otherwise than they should."""

    name: bytes
    data: bytes
    method: int = 0
    flags: int = 0
    external: int = 0
    wide: bool = False
    extra: bytes = b""
    packed: bytes | None = None  # its compressed bytes, where they are not those of `data`
    local: dict[str, int] = field(default_factory=dict)
    central: dict[str, int] = field(default_factory=dict)
    local_name: bytes | None = None
    before: bytes = b""


@dataclass
class _Archive:
    members: list[_Member]
    end: dict[str, int] = field(default_factory=dict)
    wide: bool = False
    listed: list[int] | None = None  # the order in the directory, with repetitions
    before_directory: bytes = b""
    before_end: bytes = b""
    behind: bytes = b""


def mutate(data: bytes, random: Random, inner: Mapping[str, Mutate]) -> bytes:
    """An archive with one change. `inner` changes the contents of members, by the endings of their names."""
    archive = _parsed(data) if random.random() > 0.1 else None
    if archive is None:
        return raw.mutate(data, random)
    if archive.members and random.random() < 0.4:
        member = random.choice(archive.members)
        change = next((mutator for ending, mutator in inner.items() if member.name.endswith(ending.encode())), raw.mutate)
        member.data = change(member.data, random)
    else:
        random.choice(_CHANGES)(archive, random)
    return _written(archive)


# --- taken apart, and put together ---


def _parsed(data: bytes) -> _Archive | None:
    """The members of an archive that is not broken too much."""
    place = data.rfind(b"PK\5\6")
    if place < 0 or len(data) < place + _END.size:
        return None
    try:
        members = []
        position = data.index(b"PK\1\2") if b"PK\1\2" in data else place
        while data[position : position + 4] == b"PK\1\2":
            fields = dict(zip(_CENTRAL_FIELDS, _CENTRAL.unpack_from(data, position), strict=True))
            name = data[position + _CENTRAL.size :][: fields["name"]]
            extra = data[position + _CENTRAL.size + fields["name"] :][: fields["extra"]]
            offset, packed = fields["offset"], fields["packed"]
            if packed == 0xFFFFFFFF:
                packed = struct.unpack_from("<2H2Q", extra)[3]
            if offset == 0xFFFFFFFF:
                offset = struct.unpack_from("<2H3Q", extra)[4]
            lengths = struct.unpack_from("<2H", data, offset + 26)
            content = data[offset + _LOCAL.size + sum(lengths) :][:packed]
            if fields["method"] == 8:
                content = zlib.decompressobj(-15).decompress(content, 1 << 20)
            members.append(_Member(name, content, fields["method"], fields["flags"], fields["external"], wide=fields["size"] == 0xFFFFFFFF))
            position += _CENTRAL.size + fields["name"] + fields["extra"] + fields["comment"]
    except (struct.error, zlib.error, IndexError, OverflowError):
        return None
    return _Archive(members, wide=b"PK\6\6" in data)


def _written(archive: _Archive) -> bytes:
    out = bytearray()
    records = []
    for member in archive.members:
        out += member.before
        packed = member.packed if member.packed is not None else _deflated(member.data) if member.method == 8 else member.data
        truth = {"crc": zlib.crc32(member.data), "packed": len(packed), "size": len(member.data), "flags": member.flags, "method": member.method}
        places = struct.pack("<2H2Q", 1, 16, truth["size"], truth["packed"]) if member.wide else b""
        short = {"packed": 0xFFFFFFFF, "size": 0xFFFFFFFF} if member.wide else {}
        common = {**truth, **short, "needs": 45 if member.wide else 20, "date": 33, "extra": len(places + member.extra)}
        offset, name = len(out), member.name if member.local_name is None else member.local_name
        out += _packed(_LOCAL, _LOCAL_FIELDS, {"mark": 0x04034B50, **common, "name": len(name), **member.local})
        out += name + places + member.extra + packed
        described = {
            "mark": 0x02014B50,
            "made": 20,
            **common,
            "name": len(member.name),
            "external": member.external,
            "offset": offset,
            **member.central,
        }
        records.append(_packed(_CENTRAL, _CENTRAL_FIELDS, described) + member.name + places + member.extra)
    out += archive.before_directory
    start = len(out)
    listed = range(len(records)) if archive.listed is None else archive.listed
    for index in listed:
        out += records[index % len(records)] if records else b""
    length = len(out) - start
    out += archive.before_end
    if archive.wide:
        where = len(out)
        out += _END64.pack(b"PK\6\6", _END64.size - 12, 45, 45, 0, 0, len(listed), len(listed), length, start)
        out += _LOCATOR64.pack(b"PK\6\7", 0, where, 1)
    sizes = {"length": 0xFFFFFFFF, "offset": 0xFFFFFFFF} if archive.wide else {"length": length, "offset": start}
    truth = {"mark": 0x06054B50, "here": len(listed), "count": len(listed), **sizes}
    out += _packed(_END, _END_FIELDS, {**truth, **archive.end}) + archive.behind
    return bytes(out)


def _packed(record: struct.Struct, widths: dict[str, int], values: dict[str, int]) -> bytes:
    return b"".join([(values.get(name, 0) & _MASKS[width]).to_bytes(width, "little") for name, width in widths.items()])


def _deflated(data: bytes) -> bytes:
    engine = zlib.compressobj(1, zlib.DEFLATED, -15)
    return engine.compress(data) + engine.flush()


# --- changes ---


def _some(archive: _Archive, random: Random) -> _Member:
    if not archive.members:
        archive.members.append(_Member(b"a", b""))
    return random.choice(archive.members)


def _lie(archive: _Archive, random: Random) -> None:
    """A field of one record, or of both, says something else."""
    member = _some(archive, random)
    name = random.choice(list(_CENTRAL_FIELDS))
    value = number(random, random.choice((0, len(member.data), len(member.name))), _CENTRAL_FIELDS[name])
    where = random.choice(("local", "central", "both"))
    if where != "central" and name in _LOCAL_FIELDS:
        member.local[name] = value
    if where != "local":
        member.central[name] = value


def _lie_at_end(archive: _Archive, random: Random) -> None:
    name = random.choice(list(_END_FIELDS))
    archive.end[name] = number(random, len(archive.members), _END_FIELDS[name])


def _name(archive: _Archive, random: Random) -> None:
    member = _some(archive, random)
    name = random.choice([*_NAMES, *(other.name for other in archive.members)])
    if random.random() < 0.3:
        member.local_name = name
    else:
        member.name = name
    member.flags ^= 0x800 * (random.random() < 0.3)


def _twice(archive: _Archive, random: Random) -> None:
    member = _some(archive, random)
    twin = replace(member, name=member.name.upper() if random.random() < 0.3 else member.name)
    archive.members.insert(random.randrange(len(archive.members) + 1), twin)


def _drop(archive: _Archive, random: Random) -> None:
    archive.members.remove(_some(archive, random))


def _shuffle(archive: _Archive, random: Random) -> None:
    if random.random() < 0.5:
        random.shuffle(archive.members)
    else:
        archive.listed = [random.randrange(1000) for _ in range(random.randrange(5))]


def _kind(archive: _Archive, random: Random) -> None:
    _some(archive, random).external = (random.choice((0o040755, 0o120777, 0o010644, 0o100644, 0)) << 16) | random.choice((0, 0x10))


def _method(archive: _Archive, random: Random) -> None:
    member = _some(archive, random)
    member.method = random.choice((0, 8, 8, 8, 9, 12, 14, 99))
    if random.random() < 0.5:
        member.packed = raw.mutate(_deflated(member.data), random)


def _bomb(archive: _Archive, random: Random) -> None:
    member = _some(archive, random)
    member.method, member.data = 8, bytes(random.choice((1 << 12, 1 << 16, 1 << 20)))


def _gap(archive: _Archive, random: Random) -> None:
    junk = random.choice((b"\0", b"PK\3\4", b"PK\5\6" + bytes(18), random.randbytes(8)))
    place = random.randrange(4)
    if place == 0:
        _some(archive, random).before = junk
    elif place == 1:
        archive.before_directory = junk
    elif place == 2:
        archive.before_end = junk
    else:
        archive.behind = junk


def _extra(archive: _Archive, random: Random) -> None:
    kind, length = random.choice((1, 1, 0x5455, 0x7875, 0x7075, random.randrange(1 << 16))), random.choice((0, 4, 8, 16, 24, 28, 0xFFFF))
    body = random.randbytes(random.choice((0, length & 63)))
    _some(archive, random).extra += struct.pack("<2H", kind, length) + body


def _wide(archive: _Archive, random: Random) -> None:
    if random.random() < 0.5:
        archive.wide = not archive.wide
    else:
        member = _some(archive, random)
        member.wide = not member.wide


def _many(archive: _Archive, random: Random) -> None:
    archive.members += [_Member(b"%d" % index, b"") for index in range(random.choice((10, 1001)) if random.random() < 0.1 else 3)]


_CHANGES = (_lie, _lie, _lie, _lie_at_end, _name, _twice, _drop, _shuffle, _kind, _method, _bomb, _gap, _extra, _wide, _many)
