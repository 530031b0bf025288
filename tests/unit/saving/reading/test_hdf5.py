"""HDF5 files: what h5py writes is read, what is odd is refused."""

import contextlib
import io
import struct

import h5py
import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as drawn

from amalthea.errors import ModelFileError
from amalthea.saving.limits import Limits
from amalthea.saving.reading import hdf5
from amalthea.saving.reading.hdf5.store import checksum
from amalthea.saving.reading.source import Source
from corpus.hdf5 import DAMAGES
from corpus.zips import patched

LIMITS = Limits()


def written(fill, **options):
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as store:
        fill(store)
    return file.getvalue()


def read(data, limits=LIMITS):
    return hdf5.read(Source.of_bytes(data, "file"), limits)


def everything(group):
    """All values and attributes, so that every byte that matters was looked at."""
    found = {"attrs": {name: np.asarray(value).tolist() for name, value in group.attrs.items()}}
    for name, part in group.items():
        if isinstance(part, hdf5.Group):
            found[name] = everything(part)
        else:
            found[name] = (part.shape, str(part.dtype), part.read().tobytes(), sorted(part.attrs))
    return found


def by_h5py(group):
    found = {"attrs": {name: np.asarray(value).tolist() for name, value in group.attrs.items()}}
    for name, part in group.items():
        if isinstance(part, h5py.Group):
            found[name] = by_h5py(part)
        else:
            found[name] = (part.shape, str(part.dtype.newbyteorder("=")), part[()].astype(part.dtype.newbyteorder("=")).tobytes(), sorted(part.attrs))
    return found


def sample(store):
    values = np.arange(12, dtype="float32").reshape(3, 4)
    group = store.create_group("layers/dense/vars")
    group.create_dataset("0", data=values)
    group.create_dataset("1", data=values[0])
    group.attrs["name"] = "dense"
    store.create_group("optimizer/vars").create_dataset("0", data=np.int64(7))
    store["optimizer"].attrs["names"] = np.array([b"a", b"long"])
    store.attrs["model_config"] = '{"class_name": "Sequential"}'


def many(store):
    for index in range(400):
        store.create_group(f"layer_{index}").create_dataset("w", data=np.full((2,), index, "float32"))


def packed(store):
    values = np.random.default_rng(0).integers(0, 4, (50, 33)).astype("int32")
    store.create_dataset("gzip", data=values, compression="gzip", chunks=(16, 16))
    store.create_dataset("shuffled", data=values, compression="gzip", shuffle=True, chunks=(7, 33))
    store.create_dataset("chunked", data=values, chunks=(50, 33))


def kinds(store):
    for dtype in ("float16", "float32", "float64", ">f4", ">i2", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"):
        store.create_dataset(dtype, data=np.array([[0, 1], [2, 3]]).astype(dtype))
    store.create_dataset("scalar", data=np.float32(1.5))
    store.create_dataset("empty", data=np.zeros((0, 3), "float32"))
    store.create_dataset("bytes", data=np.array([1, 2], ml_dtypes.bfloat16).view("V2"))


def described(store):
    store.attrs["text"] = "größe 模型"
    store.attrs["nothing"] = ""
    store.attrs["bytes"] = np.bytes_(b"abc")
    store.attrs["number"] = 3
    store.attrs["float"] = 2.5
    store.attrs["flag"] = True
    store.attrs["list"] = ["a", "bc", ""]
    store.attrs["array"] = np.arange(6, dtype="int16").reshape(2, 3)
    store.attrs["none"] = np.array([])
    store.attrs["long"] = "x" * 60000


@pytest.mark.parametrize("fill", [sample, many, packed, kinds, described])
def test_what_h5py_writes(fill):
    data = written(fill)
    with h5py.File(io.BytesIO(data), "r") as store:
        assert everything(read(data)) == by_h5py(store)


def test_newer_forms_as_far_as_they_are_read():
    data = written(sample, libver="latest")
    with h5py.File(io.BytesIO(data), "r") as store:
        assert everything(read(data)) == by_h5py(store)
    with pytest.raises(ModelFileError) as raised:
        read(written(many, libver="latest"))
    assert raised.value.code == "hdf5.dense"


def test_values_are_read_when_they_are_asked_for():
    data = written(lambda store: store.create_dataset("x", data=np.zeros(1000, "float32")))
    source = Source.of_bytes(data, "file")
    asked = []
    whole = source.readinto
    source.readinto = lambda start, buffer: (asked.append(len(buffer)), whole(start, buffer))[1]
    tensor = hdf5.read(source, LIMITS)["x"]
    assert tensor.shape == (1000,)
    assert 4000 not in asked
    assert tensor.read().nbytes == 4000
    assert 4000 in asked


@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8).filter(lambda name: name not in (".", "..")),
        drawn.arrays(st.sampled_from(["float32", "float64", "int32", "uint8", "bool"]), drawn.array_shapes(max_dims=3, max_side=4)),
        max_size=6,
    )
)
def test_any_tensors(tensors):
    data = written(lambda store: [store.create_dataset(name, data=value) for name, value in tensors.items()])
    found = read(data)
    assert set(found) == set(tensors)
    for name, value in tensors.items():
        np.testing.assert_array_equal(found[name].read(), value)
        assert found[name].dtype == value.dtype


def test_the_checksum_is_lookup3():
    # The values that the comments of Bob Jenkins's lookup3.c give.
    assert checksum(b"") == 0xDEADBEEF
    assert checksum(b"Four score and seven years ago") == 0x17770551


# --- what is refused ---


def ranks(store):
    store.create_dataset("x", data=np.zeros((1,) * 20))


PLAIN, LATEST = written(sample), written(sample, libver="latest")


@pytest.mark.parametrize("name", DAMAGES)
def test_refused(name):
    code, break_ = DAMAGES[name]
    with pytest.raises(ModelFileError) as raised:
        read(break_(PLAIN, "layers/dense/vars/0"))
    assert (raised.value.code, raised.value.place) == (code, "file")


def test_limits_are_named():
    for limits, fill in ((Limits(objects=50), many), (Limits(rank=10), ranks), (Limits(attribute_bytes=1000), described), (Limits(links=2), sample)):
        with pytest.raises(ModelFileError, match=r"limits=amalthea\.saving\.Limits\("):
            read(written(fill), limits)


def test_bombs_meet_the_budget():
    data = written(lambda store: store.create_dataset("x", data=np.zeros(1 << 20, "uint8"), compression="gzip", chunks=(1 << 20,)))
    assert len(data) < 1 << 14
    with pytest.raises(ModelFileError) as raised:
        read(data, Limits(inflated_bytes=1 << 19))["x"].read()
    assert raised.value.code == "hdf5.bomb"


def test_tensors_do_not_share_bytes():
    data = written(lambda store: [store.create_dataset(name, data=np.full(8, value, "float32")) for name, value in (("a", 1), ("b", 2))])
    first, second = (data.index(np.full(8, value, "float32").tobytes()) for value in (1, 2))
    where = data.index(struct.pack("<2Q", second, 32))
    with pytest.raises(ModelFileError) as raised:
        read(patched(data, where, struct.pack("<Q", first)))
    assert raised.value.code == "hdf5.overlap"


@given(st.data())
def test_any_changed_bytes_are_refused_or_read(data):
    """No change of the structure crashes the reader, or makes it hang."""
    whole = data.draw(st.sampled_from([PLAIN, LATEST, PACKED, DESCRIBED]))
    for _ in range(data.draw(st.integers(1, 4))):
        position = data.draw(st.integers(0, len(whole) - 1))
        whole = patched(whole, position, data.draw(st.binary(min_size=1, max_size=min(8, len(whole) - position))))
    with contextlib.suppress(ModelFileError):
        everything(read(whole))


PACKED, DESCRIBED = written(packed), written(described)


@given(st.integers(0, len(PLAIN) - 1))
def test_cut_anywhere(length):
    with pytest.raises(ModelFileError):
        read(PLAIN[:length])
