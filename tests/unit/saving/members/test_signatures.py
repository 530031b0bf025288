"""Signed archives: whatever is not as it was signed, or is not signed by whom one trusts, is refused before anything is made of it."""

import hashlib
import json
import os
import struct
import zipfile

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat, PublicFormat

import amalthea
import archives
from amalthea import layers
from amalthea.errors import ArgumentError, ArgumentTypeError, ModelFileError
from amalthea.saving import load_model, verify_golden
from amalthea.saving.formats import keras_archive
from processes import run

KEY, OTHER = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2))
PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
PUBLIC_PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
PRIVATE_FORMS = {"object": KEY, "pem": PEM, "raw": KEY.private_bytes_raw(), "bytearray": bytearray(PEM)}
PUBLIC_FORMS = {
    "object": KEY.public_key(),
    "pem": PUBLIC_PEM,
    "raw": KEY.public_key().public_bytes_raw(),
    "several": (OTHER.public_key(), PUBLIC_PEM),
}


def net():
    return amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1, kernel_initializer="ones")])


@pytest.fixture
def signed(tmp_path):
    path = tmp_path / "m.keras"
    net().save(path, sign=KEY, golden=True)
    return path


@pytest.mark.parametrize("form", PRIVATE_FORMS)
def test_keys_that_sign(form, tmp_path):
    net().save(tmp_path / "m.keras", sign=PRIVATE_FORMS[form])
    assert load_model(tmp_path / "m.keras", trust=KEY.public_key()).get_weights()[0].tolist() == [[1.0], [1.0]]


@pytest.mark.parametrize("form", PUBLIC_FORMS)
def test_keys_that_are_trusted(form, signed):
    assert load_model(signed, trust=PUBLIC_FORMS[form], golden=True).count_params() == 3
    assert verify_golden(net(), signed, trust=PUBLIC_FORMS[form]).agrees
    assert not net().load_weights(signed, trust=PUBLIC_FORMS[form]).left


def test_what_is_signed_can_be_checked_by_hand(signed):
    found = archives.members(signed)
    signature = json.loads(found.pop("signature.json"))
    message = b"amalthea: members of a model archive, version 1\n"
    for name in sorted(found):
        message += struct.pack(">Q", len(name)) + name.encode() + hashlib.sha256(found[name]).digest()
    KEY.public_key().verify(bytes.fromhex(signature["signature"]), message)
    assert set(found) == {"config.json", "metadata.json", "model.weights.h5", "golden.json", "golden.safetensors"}
    assert signature["key"] == hashlib.sha256(KEY.public_key().public_bytes_raw()).hexdigest()


def resigned(found, key, claimed):
    """The members with a signature of `key` over them, which says that it is of the key `claimed`."""
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in found.items() if name != "signature.json"}
    message = b"amalthea: members of a model archive, version 1\n"
    for name in sorted(hashes):
        message += struct.pack(">Q", len(name)) + name.encode() + bytes.fromhex(hashes[name])
    described = {"version": 1, "algorithm": "Ed25519", "key": hashlib.sha256(claimed.public_key().public_bytes_raw()).hexdigest()}
    return found | {"signature.json": json.dumps({**described, "members": hashes, "signature": key.sign(message).hex()}).encode()}


def with_table(found, **changes):
    return found | {"signature.json": json.dumps(json.loads(found["signature.json"]) | changes).encode()}


def covering_what_is_there(found):
    """Another configuration, with a table of hashes that fits it, but the signature that was there."""
    changed = found | {"config.json": found["config.json"] + b" "}
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in changed.items() if name != "signature.json"}
    return with_table(changed, members=hashes)


def swapped(found):
    return found | {"golden.json": found["config.json"], "config.json": found["golden.json"]}


ATTACKS = {
    "no signature": ("sign.missing", lambda found: {name: data for name, data in found.items() if name != "signature.json"}),
    "signed by another key": ("sign.unknown", lambda found: resigned(found, OTHER, OTHER)),
    "signed by another key that claims to be ours": ("sign.invalid", lambda found: resigned(found, OTHER, KEY)),
    "a changed configuration": ("sign.changed", lambda found: found | {"config.json": found["config.json"] + b" "}),
    "changed weights": ("sign.changed", lambda found: found | {"model.weights.h5": found["model.weights.h5"][:-1] + b"x"}),
    "changed metadata": ("sign.changed", lambda found: found | {"metadata.json": b"{}"}),
    "changed golden values": ("sign.changed", lambda found: found | {"golden.json": b"{}"}),
    "members that changed places": ("sign.changed", swapped),
    "hashes that fit the change": ("sign.invalid", covering_what_is_there),
    "a member more": ("sign.uncovered", lambda found: found | {"assets/x.txt": b"x"}),
    "a member with nearly its name": ("sign.uncovered", lambda found: found | {"signature.jsonx": b"x"}),
    "a member less": ("sign.uncovered", lambda found: {name: data for name, data in found.items() if not name.startswith("golden")}),
    "a signature that is no table": ("sign.form", lambda found: found | {"signature.json": b"[]"}),
    "a signature that is no text": ("sign.form", lambda found: with_table(found, signature=1)),
    "a signature that is too short": ("sign.form", lambda found: with_table(found, signature="00" * 63)),
    "a signature of zeros": ("sign.invalid", lambda found: with_table(found, signature="00" * 64)),
    "hashes that are none": ("sign.form", lambda found: with_table(found, members={"config.json": "x"})),
    "hashes that are no table": ("sign.form", lambda found: with_table(found, members=[])),
    "no hashes": ("sign.invalid", lambda found: with_table(found, members={})),
    "another algorithm": ("sign.form", lambda found: with_table(found, algorithm="none")),
    "a later version": ("sign.form", lambda found: with_table(found, version=2)),
    "a key that is not named": ("sign.form", lambda found: with_table(found, key=None)),
    "an unknown entry": ("sign.form", lambda found: with_table(found, more=1)),
    "two signatures": ("json.twice", lambda found: found | {"signature.json": found["signature.json"].replace(b"{", b'{"key": "x", ', 1)}),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_is_refused(attack, signed, monkeypatch):
    def nothing_is_made(*args, **kwargs):
        raise AssertionError("something was made of a file that nobody trusts")

    code, function = ATTACKS[attack]
    archives.change(signed, function, hashes=True)
    monkeypatch.setattr(keras_archive.KerasArchive, "_json", nothing_is_made)
    monkeypatch.setattr(keras_archive.KerasArchive, "stored", nothing_is_made)
    monkeypatch.setattr(keras_archive.KerasArchive, "golden_values", nothing_is_made)
    for check in (
        lambda: load_model(signed, trust=[KEY.public_key()], golden=True),
        lambda: verify_golden(net(), signed, trust=[KEY.public_key()]),
        lambda: net().load_weights(signed, trust=[KEY.public_key()]),
    ):
        with pytest.raises(ModelFileError) as caught:
            check()
        assert caught.value.code == code


def test_a_signature_does_not_depend_on_how_members_are_packed(signed):
    found = archives.members(signed)
    archives.write(signed, dict(reversed(found.items())), zipfile.ZIP_DEFLATED)
    assert load_model(signed, trust=KEY.public_key()).count_params() == 3


def test_without_trust_a_signature_is_not_looked_at(signed):
    archives.change(signed, lambda found: found | {"signature.json": b"nothing"}, hashes=True)
    assert load_model(signed).count_params() == 3


def test_a_file_that_changes_after_its_signature_was_checked(signed, monkeypatch):
    checked = keras_archive.KerasArchive.check_signature

    def check_and_change(self, trust):
        checked(self, trust)
        with open(signed, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"\0")
        os.utime(signed, ns=(0, 0))

    monkeypatch.setattr(keras_archive.KerasArchive, "check_signature", check_and_change)
    with pytest.raises(ModelFileError) as caught:
        load_model(signed, trust=KEY.public_key())
    assert caught.value.code == "source.changed"


LOCKED = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"password"))
ELLIPTIC = ec.generate_private_key(ec.SECP256R1())
BAD_KEYS = {
    "a path": ("sign", "key.pem", ArgumentTypeError, r"read_bytes\(\)"),
    "a number": ("sign", 1, ArgumentTypeError, "Received: int"),
    "too few bytes": ("sign", b"short", ArgumentError, "5 bytes"),
    "no PEM": ("sign", b"-----BEGIN PRIVATE KEY-----\nxx\n-----END PRIVATE KEY-----", ArgumentError, "not the PEM text of a private key"),
    "an encrypted key": ("sign", LOCKED, ArgumentError, "encrypted"),
    "a public key": ("sign", KEY.public_key(), ArgumentError, "Only the private key"),
    "public PEM": ("sign", PUBLIC_PEM, ArgumentError, "private key"),
    "another kind of key": ("sign", ELLIPTIC, ArgumentError, "keys of Ed25519"),
    "PEM of another kind": (
        "sign",
        ELLIPTIC.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        ArgumentError,
        "keys of Ed25519",
    ),
    "no keys": ("trust", [], ArgumentError, "names no key"),
    "a private key": ("trust", KEY, ArgumentError, r"public_key\(\)"),
    "private PEM": ("trust", [PEM], ArgumentError, "stay with who signs"),
    "a key for another purpose": ("trust", x25519.X25519PrivateKey.generate().public_key(), ArgumentError, "keys of Ed25519"),
    "None among keys": ("trust", [None], ArgumentTypeError, "Received: NoneType"),
}


@pytest.mark.parametrize("case", BAD_KEYS)
def test_keys_that_are_none(case, signed):
    argument, key, kind, message = BAD_KEYS[case]
    with pytest.raises(kind, match=message):
        net().save(signed, sign=key) if argument == "sign" else load_model(signed, trust=key)
    assert load_model(signed, trust=KEY.public_key()).count_params() == 3


def test_other_formats_cannot_be_signed(tmp_path):
    with pytest.raises(ArgumentError, match=r"`sign` is for '\.keras' files"):
        net().save(tmp_path / "m.h5", sign=KEY)
    net().save(tmp_path / "m.h5")
    with pytest.raises(ArgumentError, match=r"`trust` is for '\.keras' files"):
        load_model(tmp_path / "m.h5", trust=Ed25519PublicKey.from_public_bytes(bytes(32)))
    net().save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ArgumentError, match=r"`trust` is for '\.keras' files"):
        net().load_weights(tmp_path / "m.weights.h5", trust=KEY.public_key())


def test_without_the_package(signed):
    run(
        """
import sys, amalthea
from amalthea.errors import MissingDependency
model = amalthea.saving.load_model(sys.argv[1], golden=True)
for check in (lambda: model.save(sys.argv[1], sign=b"1" * 32), lambda: amalthea.saving.load_model(sys.argv[1], trust=b"1" * 32)):
    try:
        check()
    except MissingDependency as error:
        assert 'pip install "amalthea[sign]"' in str(error), error
    else:
        raise AssertionError
""",
        arguments=(str(signed),),
        blocked=("cryptography",),
    )


def test_the_values_are_those_that_were_signed(signed):
    model = load_model(signed, trust=KEY.public_key())
    np.testing.assert_array_equal(model.predict(np.ones((1, 2)), verbose=0), [[2.0]])
