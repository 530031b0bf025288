"""Ways to break a zip archive. Each takes the members of a whole one, the first of which is at its beginning."""

from __future__ import annotations

import io
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterator

from corpus.case import Case, Damage, damaged, of_bytes
from corpus.good import archive, members

Members = dict[str, bytes]
_END = 22  # the length of the end record


def patched(data: bytes, offset: int, value: bytes) -> bytes:
    """`data` with other bytes at `offset`; counted from the end, if it is negative."""
    start = offset + len(data) if offset < 0 else offset
    return data[:start] + value + data[start + len(value) :]


def directory(data: bytes) -> int:
    """Where the directory begins."""
    return int.from_bytes(data[-6:-2], "little")


def in_both(local: int, central: int, value: bytes) -> Callable[[Members], bytes]:
    """A field of the first member, changed in its header and in the directory."""

    def change(parts: Members, method: int = zipfile.ZIP_STORED) -> bytes:
        data = archive(parts, method)
        return patched(patched(data, local, value), directory(data) + central, value)

    return change


def in_end(offset: int, value: bytes) -> Callable[[Members], bytes]:
    """A field of the end record, counted from the end of the file, changed."""
    return lambda parts: patched(archive(parts), offset, value)


def with_member(*infos: zipfile.ZipInfo | str, data: bytes = b"more") -> Callable[[Members], bytes]:
    """Further members; a name that is None is that of the first member."""

    def change(parts: Members) -> bytes:
        file = io.BytesIO(archive(parts))
        with zipfile.ZipFile(file, "a") as writer, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of names that are there twice
            for info in infos:
                writer.writestr(info if isinstance(info, zipfile.ZipInfo) else _named(info or next(iter(parts))), data)
        return file.getvalue()

    return change


def _named(name: str, **settings: object) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo("x")
    info.filename = name  # the initializer would change it
    for key, value in settings.items():
        setattr(info, key, value)
    return info


def _same_but_for_case(parts: Members) -> bytes:
    return with_member(next(iter(parts)).swapcase())(parts)


def _streamed(parts: Members) -> bytes:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

    file = Pipe()
    with zipfile.ZipFile(file, "w") as writer:
        for name, content in parts.items():
            writer.writestr(name, content)
    return file.getvalue()


def _ended(data: bytes, start: int, count: int, size: int) -> bytes:
    return data + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, start, 0)


def _twins(parts: Members) -> bytes:
    """A second entry of the directory, of another name, for the last member."""
    whole = archive(parts)
    start, last = directory(whole), list(parts)[-1].encode()
    position = whole.rindex(last, start) - 46
    entry = whole[position:-_END]
    entries = whole[start:-_END] + entry.replace(last, b"z" * len(last))
    return _ended(whole[:start] + entries, start, len(parts) + 1, len(entries))


def _behind(parts: Members) -> bytes:
    """One more entry of the directory, whose member would begin where the directory does."""
    whole = archive(parts)
    start = directory(whole)
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, start) + b"a"
    return _ended(whole[:-_END] + entry, start, len(parts) + 1, len(whole) - _END - start + len(entry))


def _gap(parts: Members) -> bytes:
    whole = archive(parts)
    start = directory(whole)
    return patched(whole[:start] + b"between" + whole[start:], -6, struct.pack("<L", start + 7))


def _inside_another(parts: Members) -> bytes:
    """The second member begins inside of the first."""
    whole = archive(parts)
    start, second = directory(whole), list(parts)[1].encode()
    return patched(whole, whole.index(second, start) - 4, struct.pack("<L", 1))


def _a_million_entries(parts: Members) -> bytes:
    whole = archive(parts)
    start = directory(whole)
    entry = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    entries, end = entry * 10**6, start + len(entry) * 10**6
    end64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, 10**6, 10**6, len(entries), start)
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, end, 1)
    return whole[:start] + entries + end64 + locator + struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 0xFFFFFFFF, 0xFFFFFFFF, 0)


def _large_directory(parts: Members) -> bytes:
    comments = {f"{index:03d}" + "n" * 60000: b"" for index in range(80)}
    return archive(parts | comments)


def _deflated(parts: Members) -> bytes:
    return archive(parts, zipfile.ZIP_DEFLATED)


def _first(size: int) -> Callable[[Members], bytes]:
    """The first member deflated, and said to have another size than it has."""

    def change(parts: Members) -> bytes:
        length = len(next(iter(parts.values())))
        return in_both(22, 24, struct.pack("<L", length + size))(parts, zipfile.ZIP_DEFLATED)  # type: ignore[call-arg]

    return change


def _bomb(parts: Members) -> bytes:
    """The first member deflated, and a thousand times as large as its bytes."""
    first = next(iter(parts))
    return archive(parts | {first: bytes(1 << 27)}, zipfile.ZIP_DEFLATED)


def _small_bomb(parts: Members) -> bytes:
    """The same, but said to have ten bytes."""
    first = next(iter(parts))
    return in_both(22, 24, struct.pack("<L", 10))(parts | {first: bytes(1 << 27)}, zipfile.ZIP_DEFLATED)  # type: ignore[call-arg]


def _fewer_entries(parts: Members) -> bytes:
    count = struct.pack("<2H", 1, 1)
    return patched(archive(parts), -14, count)


DAMAGES: dict[str, Damage] = {
    "text behind": ("zip.end", lambda parts: archive(parts) + b"x"),
    "a comment": ("zip.end", lambda parts: patched(archive(parts), -2, b"\1\0") + b"x"),
    "a program before it": ("zip.directory", lambda parts: b"PK\3\4#!/bin/sh\n" + archive(parts)),
    "two archives one after the other": ("zip.directory", lambda parts: archive(parts) + archive(parts)),
    "cut at the end": ("zip.end", lambda parts: archive(parts)[:-30]),
    "cut in the directory": ("zip.end", lambda parts: archive(parts)[: directory(archive(parts)) + 10]),
    "cut in a member": ("zip.end", lambda parts: archive(parts)[:200]),
    "cut after the first mark": ("zip.end", lambda parts: archive(parts)[:4]),
    "several disks": ("zip.disks", in_end(-18, b"\1\0\1\0")),
    "fewer entries than it has": ("zip.directory", _fewer_entries),
    "more entries than it has": ("zip.directory", in_end(-14, struct.pack("<2H", 900, 900))),
    "a directory elsewhere": ("zip.directory", in_end(-6, struct.pack("<L", 3))),
    "a directory behind the end": ("zip.directory", in_end(-6, struct.pack("<L", 1 << 31))),
    "a large archive's end record is missing": ("zip.end", in_end(-6, b"\xff\xff\xff\xff")),
    "the end of a large archive alone": ("zip.end", lambda parts: struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 65535, 65535, 0, 0, 0)),
    "a million entries": ("zip.members", _a_million_entries),
    "a thousand and more members": ("zip.members", lambda parts: archive(parts | {str(index): b"" for index in range(1001)})),
    "a directory of 5 MB": ("zip.directory", _large_directory),
    "an unknown compression": ("zip.method", in_both(8, 10, b"\x0c\0")),
    "encrypted": ("zip.flags", in_both(6, 8, b"\1\0")),
    "streamed": ("zip.flags", _streamed),
    "a link": ("zip.kind", with_member(_named("link", external_attr=0o120777 << 16), data=b"/etc/passwd")),
    "a device": ("zip.kind", with_member(_named("null", external_attr=0o020666 << 16), data=b"")),
    "a second name in an extra field": ("zip.extra", with_member(_named("x", extra=struct.pack("<2H4s", 0x7075, 4, b"abcd")))),
    "64-bit sizes that nobody asked for": ("zip.extra", with_member(_named("x", extra=struct.pack("<2HQ", 1, 8, 5)))),
    "a header of another name": ("zip.header", lambda parts: patched(archive(parts), 30, b"_")),
    "a header of another size": ("zip.header", lambda parts: patched(archive(parts), 18, b"\1")),
    "a header of another checksum": ("zip.header", lambda parts: patched(archive(parts), 14, b"\0\0\0\0")),
    "no header": ("zip.header", lambda parts: patched(archive(parts), 0, b"PK\5\6")),
    "a stored member with two sizes": ("zip.size", in_both(18, 20, b"\7")),
    "a member longer than the file": ("zip.header", lambda parts: _longer(parts)),
    "two members of a name": ("zip.twice", with_member("")),
    "two names that differ in case": ("zip.twice", _same_but_for_case),
    "two names that differ in form": ("zip.twice", with_member("caf\u00e9", "cafe\u0301")),
    "a name that leads up": ("zip.name", with_member("../config.json")),
    "a name that leads up inside": ("zip.name", with_member("a/../../b")),
    "an absolute name": ("zip.name", with_member("/etc/passwd")),
    "a name with a backslash": ("zip.name", with_member("..\\b")),
    "a name with a drive": ("zip.name", with_member("C:x")),
    "a folder": ("zip.name", with_member("assets/", data=b"")),
    "a name with a line end": ("zip.name", with_member("a\nb")),
    "a name that is not text": ("zip.name", in_both(30, 46, b"\xff")),
    "a member behind the last": ("zip.header", _behind),
    "two entries for one member": ("zip.overlap", _twins),
    "bytes between members": ("zip.overlap", _gap),
    "a member inside another": ("zip.overlap", _inside_another),
    "an entry with a comment": ("zip.directory", lambda parts: patched(archive(parts), directory(archive(parts)) + 32, b"\1")),
}


def _longer(parts: Members) -> bytes:
    size = struct.pack("<2L", 1 << 30, 1 << 30)
    return in_both(18, 20, size)(parts)


# What is seen only when the first member is read.
READ: dict[str, Damage] = {
    "a changed byte": ("zip.crc", lambda parts: _changed(parts)),
    "a member shorter than it says": ("zip.size", _first(10)),
    "a member longer than it says": ("zip.size", _first(-10)),
    "a member a thousand times as large as its bytes": ("zip.bomb", _bomb),
    "a bomb that is said to be small": ("zip.size", _small_bomb),
    "a member that is said to be huge": ("zip.bomb", _first(1 << 30)),
    "damaged compressed bytes": ("zip.damaged", lambda parts: patched(_deflated(parts), 30 + len(next(iter(parts))), b"\xff\xff\xff")),
}


def _changed(parts: Members) -> bytes:
    data = archive(parts)
    position = 30 + len(next(iter(parts))) + len(next(iter(parts.values()))) // 2
    return patched(data, position, bytes([data[position] ^ 1]))


def cases() -> Iterator[Case]:
    """Broken archives of models, and of weights."""
    for title, ending in (("archive", ".keras"), ("npz", ".weights.npz")):
        parts = members(ending)
        yield from damaged(title, ending, DAMAGES, lambda break_, parts=parts: break_(parts))
    weights = members(".weights.npz")
    yield from damaged("npz", ".weights.npz", READ, lambda break_: break_(weights))
    model = members(".keras")
    # The weights are what every function reads of an archive.
    ordered = {name: model[name] for name in sorted(model, reverse=True)}
    assert next(iter(ordered)).endswith(".h5")
    yield from damaged("archive", ".keras", READ, lambda break_: break_(ordered), "weights")
    yield Case("archive: an empty archive", ".keras", of_bytes(lambda: archive({})), "format.ending")
