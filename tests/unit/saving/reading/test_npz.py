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

LIMITS = Limits()
DTYPES = st.sampled_from(["bool", "int8", "uint16", "int32", ">i4", "uint64", "float16", "<f4", ">f8", "complex64"])


def tensor(data, limits=LIMITS):
    return npz.tensor(Source.of_bytes(data, "x.npy"), limits)


def written(value, **how):
    file = io.BytesIO()
    np.lib.format.write_array(file, value, **how)
    return file.getvalue()


def with_header(text, values=b"", version=b"\1\0"):
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version == b"\1\0" else 4, "little") + text + values


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


PLAIN = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("npz.damaged", b""),
        ("npz.damaged", b"\x93NUMPY"),
        ("npz.damaged", b"\x93NUMPX\1\0" + PLAIN),
        ("npz.damaged", with_header(PLAIN, bytes(8), b"\4\0")),
        ("source.end", b"\x93NUMPY\1\0\x40\0{"),
        ("npz.header", b"\x93NUMPY\2\0\xff\xff\xff\xff"),
        ("npz.header", with_header(PLAIN[:-1], bytes(8))),
        ("npz.header", with_header(PLAIN.replace(b"False", b"1<2"), bytes(8))),
        ("npz.header", with_header(PLAIN.replace(b"(2,)", b"(2)"), bytes(8))),
        ("npz.header", with_header(PLAIN.replace(b"(2,)", b"(-2,)"), bytes(8))),
        ("npz.header", with_header(PLAIN.replace(b"(2,)", b"(2**1,)"), bytes(8))),
        ("npz.header", with_header(PLAIN.replace(b"(2,)", b"(" + b"9" * 1000 + b",)"), bytes(8))),
        ("npz.header", with_header(b"__import__('os').abort()\n")),
        ("npz.header", with_header(b"(" * 4000)),
        ("npz.kind", with_header(PLAIN.replace(b"<f4", b"|O"), bytes(16))),
        ("npz.kind", written(np.array(["a", "b"]))),
        ("npz.kind", written(np.array(["2020-01-01"], "datetime64[D]"))),
        ("npz.kind", written(np.zeros(2, [("x", "f4"), ("y", "i4")]))),
        ("npz.kind", with_header(PLAIN.replace(b"<f4", b"<f16"), bytes(32))),
        ("tensor.rank", with_header(PLAIN.replace(b"(2,)", b"(" + b", ".join([b"1"] * 33) + b")"), bytes(4))),
        ("tensor.size", with_header(PLAIN, bytes(7))),
        ("tensor.size", with_header(PLAIN, bytes(9))),
        ("tensor.elements", with_header(PLAIN.replace(b"(2,)", b"(" + b", ".join([b"9999999999999999999"] * 8) + b")"), bytes(8))),
    ],
)
def test_refused(code, data):
    with pytest.raises(ModelFileError) as caught:
        tensor(data)
    assert caught.value.code == code


def test_an_object_array_of_numpys_own_is_not_unpickled():
    class Trap:
        def __reduce__(self):
            return pytest.fail, ("unpickled",)

    with pytest.raises(ModelFileError, match=r"only numbers and booleans are read.*npz\.kind"):
        tensor(written(np.array([Trap()], dtype=object)))


def test_a_member_of_another_kind():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("data.pkl", b"\x80\4N.")
    with pytest.raises(ModelFileError, match=r"'data\.pkl'.*npz\.member"):
        npz.read(Source.of_bytes(file.getvalue(), "x.npz"), LIMITS)
