"""Zip archives: what Python writes is read, what is odd is refused."""

import contextlib
import io
import struct
import warnings
import zipfile
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalthea.errors import ModelFileError
from amalthea.saving.limits import Limits
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Archive
from amalthea.saving.zip_writing import ZipWriter

LIMITS = Limits()
PLAIN = {"config.json": b'{"a": 1}', "model.weights.h5": bytes(range(256)) * 8, "assets/x.txt": b""}


def archive(data, limits=LIMITS):
    return Archive(Source.of_bytes(data, "file"), limits)


def written(members=PLAIN, method=zipfile.ZIP_STORED, large=False):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as writer:
        for name, data in members.items():
            with writer.open(name, "w", force_zip64=large) as member:
                member.write(data)
    return file.getvalue()


def contents(data):
    found = archive(data)
    return {name: found.member(name).read() for name in found.names}


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_what_zipfile_writes(method, large):
    data = written(method=method, large=large)
    assert contents(data) == PLAIN
    source = archive(data).member("model.weights.h5").source()
    assert source.read(300, 7) == PLAIN["model.weights.h5"][300:307]
    assert source.part(5, 10).read(1, 2) == bytes([6, 7])


def test_what_our_writer_writes_is_read_by_both():
    file = io.BytesIO()
    with ZipWriter(file) as writer:
        for name, data in PLAIN.items():
            writer.add(name, data)
    assert contents(file.getvalue()) == PLAIN
    assert {name: zipfile.ZipFile(file).read(name) for name in PLAIN} == PLAIN


def test_an_empty_archive_and_names_in_unicode():
    assert archive(written({})).names == []
    assert contents(written({"größe/模型.json": b"1"})) == {"größe/模型.json": b"1"}


@given(st.dictionaries(st.from_regex(r"[a-z0-9_]{1,8}(/[a-z0-9_]{1,8}){0,2}", fullmatch=True), st.binary(max_size=300), max_size=6), st.booleans())
def test_any_archive_of_zipfile(members, deflated):
    alike = {name.casefold() for name in members}
    assert len(alike) == len(members)
    assert contents(written(members, zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED)) == members


# --- what is refused: the code, and the bytes ---


def patched(offset, value, data=None):
    data = bytearray(written() if data is None else data)
    data[offset : offset + len(value)] = value
    return bytes(data)


def central(data, index=0):
    """Where an entry of the directory begins."""
    position = struct.unpack("<L", data[-6:-2])[0]
    for _ in range(index):
        position += 46 + sum(struct.unpack_from("<3H", data, position + 28))
    return position


def in_both(offset_local, offset_central, value, data=None):
    """Change a field of the first member in its header and in the directory."""
    data = written() if data is None else data
    return patched(central(data) + offset_central, value, patched(offset_local, value, data))


def with_names(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writer, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of names that are there twice
        for name in names:
            info = zipfile.ZipInfo("x")
            info.filename = name
            writer.writestr(info, b"data")
    return file.getvalue()


def link():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writer:
        info = zipfile.ZipInfo("config.json")
        info.external_attr = 0o120777 << 16
        writer.writestr(info, b"/etc/passwd")
    return file.getvalue()


def with_extra(kind):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as writer:
        info = zipfile.ZipInfo("config.json")
        info.extra = struct.pack("<2H4s", kind, 4, b"abcd")
        writer.writestr(info, b"1")
    return file.getvalue()


def streamed():
    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise OSError

    file = Pipe()
    with zipfile.ZipFile(file, "w") as writer:
        writer.writestr("config.json", b"1")
    return file.getvalue()


def twins():
    """Two entries of the directory for one member."""
    data = written({"a": b"1"})
    start = central(data)
    entry = data[start:-22].replace(b"a", b"b")
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 2, 2, 2 * len(entry), start, 0)
    return data[:-22] + entry + end


def gap():
    data = bytearray(written({"a": b"1"}))
    start = central(data)
    data[start:start] = b"between"
    data[-6:-2] = struct.pack("<L", start + 7)
    return bytes(data)


def lying_deflated(size):
    data = written({"a": bytes(100000)}, zipfile.ZIP_DEFLATED)
    return in_both(22, 24, struct.pack("<L", size), data)


ODD = {
    "empty": ("zip.end", b""),
    "short": ("zip.end", b"PK\3\4"),
    "text behind": ("zip.end", written() + b"x"),
    "comment": ("zip.end", patched(len(written()) - 2, b"\1\0") + b"x"),
    "prefix": ("zip.directory", b"#!/bin/sh\n" + written()),
    "cut": ("zip.end", written()[:-30]),
    "several disks": ("zip.disks", patched(len(written()) - 18, b"\1\0\1\0")),
    "fewer entries": ("zip.directory", patched(len(written()) - 14, b"\1\0\1\0")[:-14] + b"\1\0\1\0" + written()[-10:]),
    "directory elsewhere": ("zip.directory", patched(len(written()) - 6, struct.pack("<L", 3))),
    "end of large archives missing": ("zip.end", patched(len(written()) - 6, b"\xff\xff\xff\xff")),
    "method": ("zip.method", in_both(8, 10, b"\x0c\0")),
    "encrypted": ("zip.flags", in_both(6, 8, b"\1\0")),
    "streamed": ("zip.flags", streamed()),
    "link": ("zip.kind", link()),
    "extra name": ("zip.extra", with_extra(0x7075)),
    "extra cut": (
        "zip.extra",
        with_extra(0x5455)[:-22].replace(struct.pack("<2H", 0x5455, 4), struct.pack("<2H", 0x5455, 9)) + with_extra(0x5455)[-22:],
    ),
    "header of another name": ("zip.header", patched(30, b"C")),
    "header of another size": ("zip.header", patched(18, b"\1")),
    "header of another checksum": ("zip.header", patched(14, b"\0\0\0\0")),
    "stored with two sizes": ("zip.size", in_both(18, 20, b"\7")),
    "twice": ("zip.twice", with_names("a", "a")),
    "twice, by case": ("zip.twice", with_names("config.json", "CONFIG.json")),
    "twice, by form": ("zip.twice", with_names("caf\u00e9", "cafe\u0301")),
    "up": ("zip.name", with_names("../config.json")),
    "up inside": ("zip.name", with_names("a/../../b")),
    "absolute": ("zip.name", with_names("/etc/passwd")),
    "backslash": ("zip.name", with_names("a\\b")),
    "drive": ("zip.name", with_names("C:x")),
    "folder": ("zip.name", with_names("assets/")),
    "nul": ("zip.name", in_both(30, 46, b"conf\0g.json")),
    "not text": ("zip.name", in_both(30, 46, b"c\xff")),
    "twins": ("zip.overlap", twins()),
    "gap": ("zip.overlap", gap()),
    "many": ("zip.members", written({str(index): b"" for index in range(1001)})),
}


@pytest.mark.parametrize("name", ODD)
def test_refused(name):
    code, data = ODD[name]
    with pytest.raises(ModelFileError) as raised:
        archive(data)
    assert raised.value.code == code
    assert raised.value.place == "file"
    assert raised.value.reason


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("zip.crc", patched(30 + len("config.json"), b"[")),
        ("zip.size", lying_deflated(10)),
        ("zip.size", lying_deflated(110000)),
        ("zip.bomb", lying_deflated(200000)),
        ("zip.damaged", patched(31, b"\xff\xff\xff", written({"a": bytes(1000)}, zipfile.ZIP_DEFLATED))),
    ],
)
def test_refused_when_it_is_read(code, data):
    found = archive(data)
    for read in ("read", "source"):
        with pytest.raises(ModelFileError) as raised:
            getattr(found.member(found.names[0]), read)()
        assert raised.value.code == code


def test_bombs_meet_the_budget_of_bytes_produced():
    data = written({"a": bytes(3 << 20), "b": bytes(3 << 20)}, zipfile.ZIP_DEFLATED)
    assert len(data) < 1 << 16
    found = archive(data, Limits(inflated_bytes=4 << 20, inflation=1100))
    assert len(found.member("a").read()) == 3 << 20
    with pytest.raises(ModelFileError, match="inflated_bytes") as raised:
        found.member("b").read()
    assert raised.value.code == "zip.bomb"


def test_bombs_are_refused_before_they_are_inflated():
    found = archive(written({"a": bytes(3 << 20)}, zipfile.ZIP_DEFLATED))
    with pytest.raises(ModelFileError, match=r"Limits\(inflation=") as raised:
        found.member("a").read()
    assert raised.value.code == "zip.bomb"
    assert found.inflated == 0


def test_a_missing_member_is_named():
    with pytest.raises(ModelFileError, match=r"holds no 'weights'.*config\.json") as raised:
        archive(written()).member("weights")
    assert raised.value.code == "zip.missing"


@given(st.data())
def test_no_byte_can_be_changed_unseen(data):
    """A changed byte is refused, or changes nothing that is read."""
    whole = written({"config.json": b'{"a": 1}', "w": bytes(20)}, data.draw(st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])))
    expected = contents(whole)
    position = data.draw(st.integers(0, len(whole) - 1))
    changed = patched(position, bytes([data.draw(st.integers(0, 255))]), whole)
    with contextlib.suppress(ModelFileError):
        assert contents(changed) == expected


@given(st.integers(0, len(written()) - 1))
def test_cut_anywhere(length):
    with pytest.raises(ModelFileError):
        archive(written()[:length])


def test_checksums_are_those_of_zlib():
    values = np.random.default_rng(0).bytes(3 << 20)  # longer than what is read at once
    data = written({"a": values})
    assert zlib.crc32(archive(data).member("a").source().read()) == zlib.crc32(values)
