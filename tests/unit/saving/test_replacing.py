"""A file appears whole or not at all: the process is killed at one write after another."""

import io
import json
import os
import stat
import zipfile

import numpy as np
import pytest

import amalthea
from amalthea import layers
from amalthea.saving.replacing import replacing
from amalthea.saving.zip_writing import ZipWriter
from processes import run

# Saves a model of twos over the file that is there, and dies at the n-th call of what reaches the file.
KILLED = """
import os, sys, signal
import numpy as np
import amalthea
from amalthea.saving import replacing as room, zip_writing

path, last = sys.argv[1], int(sys.argv[2])
count = 0

def counted(function):
    def call(*args, **kwargs):
        global count
        count += 1
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*args, **kwargs)
    return call

class File:
    def __init__(self, file):
        self.file = file
    def __getattr__(self, name):
        found = getattr(self.file, name)
        return counted(found) if name in ("write", "truncate", "flush") else found
    def __enter__(self):
        self.file.__enter__()
        return self
    def __exit__(self, *error):
        return self.file.__exit__(*error)

opened = room._opened
room._opened = lambda handle: File(opened(handle))
os.fsync, os.replace = counted(os.fsync), counted(os.replace)
model = amalthea.Sequential([amalthea.Input((3,)), amalthea.layers.Dense(2, kernel_initializer=amalthea.initializers.Constant(2.0))])
(model.save if path.endswith((".keras", ".hdf5")) else model.save_weights)(path)
print(count)
"""


def ones():
    return amalthea.Sequential([amalthea.Input((3,)), layers.Dense(2, kernel_initializer="ones")])


def kernel(path):
    model = ones()
    model.load_weights(path)
    return float(model.get_weights()[0].max())


@pytest.mark.parametrize("ending", [".keras", ".weights.h5", ".hdf5", ".weights.npz", ".safetensors", ".weights.json"])
def test_a_killed_save_leaves_the_old_file(ending, tmp_path):
    path = tmp_path / f"m{ending}"
    (ones().save if ending in (".keras", ".hdf5") else ones().save_weights)(path)
    whole = tmp_path / "whole"
    whole.mkdir()
    writes = int(run(KILLED, arguments=(str(whole / path.name), "0")).stdout.split()[-1])
    assert writes > 3 and kernel(whole / path.name) == 2.0
    # The last write is the name of the folder reaching the disk, after which the new file is there.
    for last in sorted({1, writes // 3, writes - 2, writes - 1}):
        assert run(KILLED, arguments=(str(path), str(last)), check=False).returncode == -9
        assert kernel(path) == 1.0, last
    assert run(KILLED, arguments=(str(path), "0")).returncode == 0
    assert kernel(path) == 2.0


def test_a_failed_save_leaves_nothing(tmp_path):
    class Own(layers.Dense):
        def save_own_variables(self, store):
            raise RuntimeError("by intention")

    model = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(1), Own(1)])
    for ending in (".keras", ".weights.h5", ".weights.npz", ".safetensors", ".weights.json"):
        with pytest.raises(RuntimeError, match="by intention"):
            (model.save if ending == ".keras" else model.save_weights)(tmp_path / f"m{ending}")
        assert not list(tmp_path.iterdir()), ending


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
