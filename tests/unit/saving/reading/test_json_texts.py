"""JSON texts with one meaning, and bounded."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalthea.errors import ModelFileError
from amalthea.saving.limits import Limits
from amalthea.saving.reading.json import parse
from corpus.texts import HEAVY, TEXTS

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


@pytest.mark.parametrize("name", TEXTS | HEAVY)
def test_refused(name):
    code, make = (TEXTS | HEAVY)[name]
    with pytest.raises(ModelFileError) as raised:
        parse(make(), Limits(), "config.json")
    assert (raised.value.code, raised.value.place) == (code, "config.json")


@pytest.mark.parametrize(("code", "data"), [("json.damaged", b""), ("json.damaged", b"\xef\xbb\xbf{}"), ("json.text", '{"a": 1}'.encode("utf-16"))])
def test_what_does_not_begin_as_a_table(code, data):
    with pytest.raises(ModelFileError) as raised:
        parse(data, Limits(), "config.json")
    assert raised.value.code == code


def test_limits_are_named():
    with pytest.raises(ModelFileError, match="json_bytes") as raised:
        parse(b'"' + b"a" * 100 + b'"', Limits(json_bytes=100), "text")
    assert raised.value.code == "json.long"
    with pytest.raises(ModelFileError, match="json_values") as raised:
        parse(b"[" + b"0," * 1000 + b"0]", Limits(json_values=100), "text")
    assert raised.value.code == "json.many"
