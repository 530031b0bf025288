"""The reader of safetensors: what the format's own library writes is read as it reads it, and what leaves room for two readings is refused."""

import json

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

LIMITS = Limits()


def read(data, limits=LIMITS):
    return safetensors.read(Source.of_bytes(data, "x.safetensors"), limits)


def framed(header, values=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + values


def entry(begin, end, shape=None, dtype="U8"):
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end]}


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


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("source.end", b"\2\0"),
        ("source.end", (100).to_bytes(8, "little") + b"{}"),
        ("source.end", b"\xff" * 8 + b"{}"),
        ("json.twice", framed(b'{"a": 1, "a": 2}')),
        ("json.deep", framed(b'{"a":' * 200 + b"1" + b"}" * 200)),
        ("safetensors.header", framed([])),
        ("safetensors.header", framed({"a": 1})),
        ("safetensors.header", framed({"__metadata__": {"a": 1}})),
        ("safetensors.header", framed({"a": {**entry(0, 1), "more": 1}}, b"x")),
        ("safetensors.header", framed({"a": {"dtype": "U8", "shape": [1]}}, b"x")),
        ("safetensors.header", framed({"a": entry(0, 1, dtype="U9")}, b"x")),
        ("safetensors.header", framed({"a": entry(0, 1, dtype=["U8"])}, b"x")),
        ("safetensors.header", framed({"a": entry(0, 1, shape=[True])}, b"x")),
        ("safetensors.header", framed({"a": entry(0, 1, shape=[-1, -1])}, b"x")),
        ("safetensors.header", framed({"a": entry(0, 1, shape=[1.0])}, b"x")),
        ("safetensors.header", framed({"a": {**entry(0, 1), "data_offsets": [0]}}, b"x")),
        ("safetensors.header", framed({"a": {**entry(0, 1), "data_offsets": ["0", "1"]}}, b"x")),
        ("tensor.rank", framed({"a": entry(0, 1, shape=[1] * 33)}, b"x")),
        ("safetensors.cover", framed({"a": entry(0, 2), "b": entry(1, 3)}, b"xyz")),
        ("safetensors.cover", framed({"a": entry(0, 2), "b": entry(0, 2)}, b"xy")),
        ("safetensors.cover", framed({"a": entry(0, 1), "b": entry(2, 3)}, b"xyz")),
        ("safetensors.cover", framed({"a": entry(1, 2)}, b"xy")),
        ("safetensors.cover", framed({"a": entry(0, 1)}, b"xy")),
        ("safetensors.cover", framed({"a": entry(0, 3)}, b"xy")),
        ("safetensors.cover", framed({"a": {**entry(0, 1), "data_offsets": [1, 0]}}, b"x")),
        ("tensor.size", framed({"a": entry(0, 2, shape=[3])}, b"xy")),
        ("tensor.elements", framed({"a": entry(0, 2, shape=[2**62, 2**62])}, b"xy")),
    ],
)
def test_refused(code, data):
    with pytest.raises(ModelFileError) as caught:
        read(data)
    assert caught.value.code == code


def test_limits_are_named():
    with pytest.raises(ModelFileError, match=r"limits=amalthea\.saving\.Limits\(json_values=\.\.\.\)"):
        read(framed({"a": entry(0, 1), "b": entry(1, 2)}, b"xy"), Limits(json_values=10))
    assert len(read(framed({"a": entry(0, 1), "b": entry(1, 2)}, b"xy"), Limits(json_values=20))) == 2
