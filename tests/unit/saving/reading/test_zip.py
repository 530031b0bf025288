"""Zip archives: what Python writes is read, what is odd is refused."""

import contextlib
import io
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
from corpus.zips import DAMAGES, READ, patched

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


# --- what is refused ---


@pytest.mark.parametrize("name", DAMAGES)
def test_refused(name):
    code, break_ = DAMAGES[name]
    with pytest.raises(ModelFileError) as raised:
        archive(break_(PLAIN))
    assert (raised.value.code, raised.value.place) == (code, "file")


@pytest.mark.parametrize("read", ["read", "source"])
@pytest.mark.parametrize("name", READ)
def test_refused_when_it_is_read(name, read):
    code, break_ = READ[name]
    found = archive(break_({"a": bytes(range(256)) * 100}))
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
    changed = patched(whole, position, bytes([data.draw(st.integers(0, 255))]))
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
