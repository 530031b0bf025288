"""The reader of safetensors: what the format's own library writes is read as it reads it, and what leaves room for two readings is refused."""

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from amalthea.errors import ModelFileError
from amalthea.saving.limits import Limits
from amalthea.saving.reading import safetensors
from amalthea.saving.reading.source import Source
from corpus.safetensors import FILES, entry, framed

LIMITS = Limits()


def read(data, limits=LIMITS):
    return safetensors.read(Source.of_bytes(data, "x.safetensors"), limits)


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=5).filter(lambda name: name != "__metadata__" and name.isprintable()),
        hnp.arrays(
            st.sampled_from(["bool", "uint8", "int64", "float16", "float32", "float64", "complex64", ml_dtypes.bfloat16]),
            hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3),
            elements=st.sampled_from([0, 1]),
        ),
        max_size=4,
    )
)
def test_values(values):
    codes = {np.dtype(ml_dtypes.bfloat16): "BF16"} | {np.dtype(name): code for name, code in safetensors.CODES.items() if name in np.sctypeDict}
    header, body = {"__metadata__": {"by": "hand"}}, b""
    for name, value in values.items():
        header[name] = {"dtype": codes[value.dtype], "shape": list(value.shape), "data_offsets": [len(body), len(body) + value.nbytes]}
        body += value.tobytes()
    found = read(framed(header, body))
    assert list(found) == list(values)
    for name, value in values.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name].read(), value)


def test_the_order_of_names_is_free():
    found = read(framed({"b": entry(1, 3), "none": entry(1, 1), "a": entry(0, 1)}, b"xyz"))
    assert {name: found[name].read().tobytes() for name in found} == {"b": b"yz", "none": b"", "a": b"x"}


@pytest.mark.parametrize("name", sorted(FILES.keys() - {"cut in the length"}))
def test_refused(name):
    code, make = FILES[name]
    with pytest.raises(ModelFileError) as caught:
        read(make())
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"\2\0", framed([])])
def test_no_header(data):
    with pytest.raises(ModelFileError):
        read(data)


def test_limits_are_named():
    with pytest.raises(ModelFileError, match=r"limits=amalthea\.saving\.Limits\(json_values=\.\.\.\)"):
        read(framed({"a": entry(0, 1), "b": entry(1, 2)}, b"xy"), Limits(json_values=10))
    assert len(read(framed({"a": entry(0, 1), "b": entry(1, 2)}, b"xy"), Limits(json_values=20))) == 2
