"""Whatever JSON stands in the members that describe signatures and golden values: they are read, or refused by the one error."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amalthea.errors import ModelFileError
from amalthea.saving.limits import LIMITS
from amalthea.saving.members import golden, signature

HASH = "0" * 64
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 10**20) | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4) | st.just(HASH),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.sampled_from(["object", "shape"]), inner, max_size=3),
    max_leaves=8,
)
GOLDEN = {
    "version": 1,
    "engine": "numpy",
    "inputs": [0],
    "outputs": [{"object": "", "name": "net", "shape": [2, 1], "dtype": "float32"}],
}
SIGNATURE = {"version": 1, "algorithm": "Ed25519", "key": HASH, "members": {"config.json": HASH}, "signature": HASH * 2}


def mutated(description):
    """The description with an entry, of it or of what is in it, replaced or added; or anything else."""

    def change(found, key, value, inside):
        found = json.loads(json.dumps(found))
        rows = found.get("outputs") or [found]
        (rows[0] if inside else found)[key] = value
        return found

    keys = sorted({*description, "object", "name", "shape", "dtype", "more"})
    return st.builds(change, st.just(description), st.sampled_from(keys), VALUES, st.booleans()) | VALUES


def read(parse, value):
    """What is made of the value, or the code of the error."""
    try:
        return parse(json.dumps(value).encode(), LIMITS, "member")
    except ModelFileError as error:
        return error.code


@given(mutated(GOLDEN))
def test_of_golden_values(value):
    found = read(golden.parse, value)
    if isinstance(found, str):
        assert found.startswith(("golden.", "json."))
    else:
        assert isinstance(found.engine, str)
        assert all(row.numbers >= 0 and all(size >= 0 for size in row.shape) for row in found.outputs)


@given(mutated(SIGNATURE))
def test_of_signatures(value):
    found = read(signature.parse, value)
    if isinstance(found, str):
        assert found.startswith(("sign.", "json."))
    else:
        assert len(bytes.fromhex(found.signature)) == 64 and len(bytes.fromhex(found.key)) == 32
        assert signature.signed_bytes(found.members).startswith(b"amalthea: ")


@pytest.mark.parametrize(("parse", "description"), [(golden.parse, GOLDEN), (signature.parse, SIGNATURE)])
def test_the_descriptions_that_are_changed_are_read(parse, description):
    assert not isinstance(read(parse, description), str)
