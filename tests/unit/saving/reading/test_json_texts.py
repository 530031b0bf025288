"""JSON texts with one meaning, and bounded."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalthea.errors import ModelFileError
from amalthea.saving.limits import Limits
from amalthea.saving.reading.json import parse

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda parts: st.lists(parts, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), parts, max_size=4),
    max_leaves=20,
)


@given(PLAIN, st.booleans())
def test_what_json_writes(value, ascii_only):
    assert parse(json.dumps(value, ensure_ascii=ascii_only).encode(), Limits(), "text") == value


def test_pairs_of_surrogates_are_characters():
    assert parse(b'"\\ud83d\\ude00"', Limits(), "text") == "\U0001f600"


def test_brackets_inside_of_strings_do_not_count():
    assert parse(b'["[[[[[[[[", "\\"[[[["]', Limits(depth=1), "text") == ["[[[[[[[[", '"[[[[']


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("json.damaged", b""),
        ("json.damaged", b"{"),
        ("json.damaged", b'{"a": 1} x'),
        ("json.damaged", b"{'a': 1}"),
        ("json.damaged", b"\xef\xbb\xbf{}"),
        ("json.damaged", b"]" * 100_000),
        ("json.text", b'{"a": "\xff"}'),
        ("json.text", '{"a": 1}'.encode("utf-16")),
        ("json.text", b'{"a": "\\ud800"}'),
        ("json.text", b'{"\\udc00": 1}'),
        ("json.twice", b'{"a": 1, "b": {"c": 1, "c": 2}}'),
        ("json.twice", b'{"a": 1, "\\u0061": 2}'),
        ("json.number", b"[NaN]"),
        ("json.number", b"[-Infinity]"),
        ("json.number", b"[1e999]"),
        ("json.number", b"[" + b"1" * 5000 + b"]"),
        ("json.number", b"[0." + b"1" * 5000 + b"]"),
        ("json.deep", b"[" * 100_000),
        ("json.deep", b'{"a":' * 1000 + b"1" + b"}" * 1000),
        ("json.deep", b'["\\"", ' + b"[" * 300 + b"]" * 300 + b"]"),
    ],
)
def test_refused(code, data):
    with pytest.raises(ModelFileError) as raised:
        parse(data, Limits(), "config.json")
    assert (raised.value.code, raised.value.place) == (code, "config.json")


def test_limits_are_named():
    with pytest.raises(ModelFileError, match="json_bytes") as raised:
        parse(b'"' + b"a" * 100 + b'"', Limits(json_bytes=100), "text")
    assert raised.value.code == "json.long"
    with pytest.raises(ModelFileError, match="json_values") as raised:
        parse(b"[" + b"0," * 1000 + b"0]", Limits(json_values=100), "text")
    assert raised.value.code == "json.many"
