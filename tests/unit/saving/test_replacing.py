"""A file appears whole or not at all: the process is killed at one write after another."""

import errno
import io
import json
import os
import stat
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

import amalthea
import killing
from amalthea import layers
from amalthea.saving.replacing import replacing
from amalthea.saving.zip_writing import ZipWriter
from processes import command


@pytest.mark.parametrize("ending", [".keras", ".h5", ".weights.h5", ".weights.npz", ".safetensors", ".weights.json"])
def test_a_save_killed_at_any_write_leaves_the_old_file(ending, tmp_path):
    """The processes die at one call after another of what reaches the disk; a write is done by half."""
    source, here = Path(amalthea.__file__).parents[1], Path(killing.__file__).parent
    words = [sys.executable, "-m", "killing", str(tmp_path), ending]
    calls, values = json.loads(command(words, PYTHONPATH=f"{source}{os.pathsep}{here}", AMALTHEA_ENGINE="numpy").stdout)
    assert len(values) == len(calls) > 6
    named = len(calls) - calls[::-1].index("replace")
    assert values == [1.0] * named + [2.0] * (len(calls) - named)
    # What has the name reached the disk before it got it, and the name after.
    assert "fsync" in calls[:named] and calls.index("fsync") > calls.index("write") and calls[named] == "fsync"


def test_a_failed_save_leaves_nothing(tmp_path):
    class Own(layers.Dense):
        def save_own_variables(self, store):
            raise RuntimeError("by intention")

    model = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(1), Own(1)])
    for ending in (".keras", ".weights.h5", ".weights.npz", ".safetensors", ".weights.json"):
        with pytest.raises(RuntimeError, match="by intention"):
            (model.save if ending == ".keras" else model.save_weights)(tmp_path / f"m{ending}")
        assert not list(tmp_path.iterdir()), ending


def test_an_error_of_the_disk_while_more_is_written_is_not_lost(tmp_path, monkeypatch):
    """The system tells of it once: the `fsync` at the end hears nothing."""
    told = []

    def fsync(descriptor):
        if not told:
            told.append(descriptor)
            raise OSError(errno.EIO, "by intention")

    monkeypatch.setattr(os, "fsync", fsync)
    path = tmp_path / "m"
    path.write_bytes(b"old")

    def save():
        with replacing(path) as file:
            file.write(bytes(1 << 24))
            file.write(b"more")

    with pytest.raises(OSError, match="by intention"):
        save()
    assert told and path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_permissions_and_links_stay(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    real.chmod(0o640)
    link.symlink_to(real)
    with replacing(link) as file:
        file.write(b"new")
    assert link.is_symlink() and real.read_bytes() == b"new" and stat.S_IMODE(real.stat().st_mode) == 0o640
    mask = os.umask(0o022)
    try:
        with replacing(tmp_path / "fresh") as file:
            file.write(b"x")
    finally:
        os.umask(mask)
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o644


def test_members_may_be_written_in_any_order():
    file = io.BytesIO()
    with ZipWriter(file) as archive:
        archive.add("first.json", json.dumps({"a": 1}).encode())
        with archive.member("größe.bin") as member:
            member.seek(4)
            member.write(b"efgh")
            member.seek(0)
            member.write(b"abcd")
            member.seek(-2, io.SEEK_END)
            assert member.read() == b"gh" and member.tell() == 8
            member.truncate(6)
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        assert archive.read("größe.bin") == b"abcdef" and json.loads(archive.read("first.json")) == {"a": 1}


def test_large_arrays_go_through_npz_in_parts(tmp_path):
    with replacing(tmp_path / "a.zip") as file, ZipWriter(file) as archive, archive.member("a.npy") as member:
        np.lib.format.write_array(io.BufferedWriter(member), np.arange(10**5))
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        np.testing.assert_array_equal(np.load(io.BytesIO(archive.read("a.npy"))), np.arange(10**5))
