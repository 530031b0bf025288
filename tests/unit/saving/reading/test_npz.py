"""The reader of NumPy's archives: what NumPy writes is read as NumPy reads it, and nothing else is."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from amalthea.errors import ModelFileError
from amalthea.saving.limits import Limits
from amalthea.saving.reading import npz
from amalthea.saving.reading.source import Source
from corpus.npz import TENSORS, written

LIMITS = Limits()
DTYPES = st.sampled_from(["bool", "int8", "uint16", "int32", ">i4", "uint64", "float16", "<f4", ">f8", "complex64"])


def tensor(data, limits=LIMITS):
    return npz.tensor(Source.of_bytes(data, "x.npy"), limits)


@given(hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)), st.booleans(), st.sampled_from([(1, 0), (2, 0), (3, 0)]))
def test_what_numpy_writes(value, by_columns, version):
    value = np.asfortranarray(value) if by_columns else value
    found = tensor(written(value, version=version))
    assert found.shape == value.shape
    assert found.dtype == value.dtype
    np.testing.assert_array_equal(found.read(), value)


@pytest.mark.parametrize("compressed", [False, True])
def test_archives(compressed):
    values = {"a/0": np.arange(6.0).reshape(2, 3), "b": np.array(3, "int8")}
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **values)
    found = npz.read(Source.of_bytes(file.getvalue(), "x.npz"), LIMITS)
    assert {name: entry.read().tolist() for name, entry in found.items()} == {name: value.tolist() for name, value in values.items()}


@pytest.mark.parametrize("name", TENSORS)
def test_refused(name):
    code, make = TENSORS[name]
    with pytest.raises(ModelFileError) as caught:
        tensor(make())
    assert caught.value.code == code


def test_a_member_of_another_kind():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.pkl", b"\x80\4N.")
    with pytest.raises(ModelFileError, match=r"'data\.pkl'.*npz\.member"):
        npz.read(Source.of_bytes(file.getvalue(), "x.npz"), LIMITS)
