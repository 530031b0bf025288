"""What a file is, by its first bytes."""

import bz2
import gzip
import io
import lzma
import pickle
import tarfile
import zipfile

import h5py
import pytest

from amalthea.errors import ModelFileError
from amalthea.saving.reading.sniffing import sniff
from amalthea.saving.reading.source import Source


def zipped():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a", b"b")
    return file.getvalue()


def hdf5():
    file = io.BytesIO()
    h5py.File(file, "w").close()
    return file.getvalue()


def tarred():
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a"))
    return file.getvalue()


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("zip", zipped()),
        ("hdf5", hdf5()),
        ("safetensors", b"\2\0\0\0\0\0\0\0{}"),
        ("safetensors", b"\n\0\0\0\0\0\0\0{        }"),
        ("json", b' \n{"a": 1}'),
    ],
)
def test_kinds(kind, data):
    assert sniff(Source.of_bytes(data, "file")) == kind


@pytest.mark.parametrize(
    ("said", "data"),
    [
        ("is empty", b""),
        *[("a pickle", pickle.dumps([1], protocol)) for protocol in (2, 3, 4, 5)],
        ("Git LFS", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n"),
        ("a page of a web site", b"\n<!DOCTYPE html><html></html>"),
        ("compressed as a whole", gzip.compress(b"a", mtime=0)),
        ("compressed as a whole", bz2.compress(b"a")),
        ("compressed as a whole", lzma.compress(b"a")),
        ("a tar archive", tarred()),
    ],
)
def test_what_is_given_instead(said, data):
    with pytest.raises(ModelFileError, match=rf"{said}.*format\.foreign"):
        sniff(Source.of_bytes(data, "file"))


@pytest.mark.parametrize("data", [b"\0", b"\x00" * 600, b"PK\7\7", b"hello", b"[1]"])
def test_unknown(data):
    with pytest.raises(ModelFileError, match=r"of no kind that is read.*zip, hdf5, safetensors, json.*format\.unknown"):
        sniff(Source.of_bytes(data, "file"))
