"""A signature over all members of an archive, in a member of its own: who wrote the file, and that nobody changed it since.

What is signed are the names of the members and the SHA-256 of each. Ed25519 hashes what it signs by itself, so these bytes are short for any model.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from amalthea.errors import ModelFileError, shown
from amalthea.saving.limits import Limits
from amalthea.saving.members import Put, keys
from amalthea.saving.reading import json as plain

NAME = "signature.json"
_VERSION, _ALGORITHM = 1, "Ed25519"
# Nothing else that is ever signed with the same key begins like this.
_PURPOSE = b"amalthea: members of a model archive, version 1\n"
_HASH, _SIGNATURE = re.compile(r"[0-9a-f]{64}"), re.compile(r"[0-9a-f]{128}")
_KEYS = {"version", "algorithm", "key", "members", "signature"}


@dataclass(frozen=True)
class Signature:
    """What the member says; nothing of it was compared with the file, or with a key, yet.

    Attributes:
        key: the fingerprint of the public key: its SHA-256.
        members: the SHA-256 of each member, by name.
        signature: the signature over these, in hexadecimal.
    """

    key: str
    members: Mapping[str, str]
    signature: str


def owns(name: str) -> bool:
    """Whether a member of an archive is its signature."""
    return name == NAME


def pour(key: Any, hashes: Mapping[str, str], put: Put) -> None:
    """Write the signature.

    Args:
        key: the private key, as `keys.private` gives it.
        hashes: the SHA-256 of all other members, by name.
        put: writes a member.
    """
    described = {"version": _VERSION, "algorithm": _ALGORITHM, "key": keys.fingerprint(key.public_key()), "members": dict(hashes)}
    put(NAME, json.dumps({**described, "signature": key.sign(signed_bytes(hashes)).hex()}).encode())


def signed_bytes(hashes: Mapping[str, str]) -> bytes:
    """What is signed: a purpose, then each name with its length, and its hash, in the order of the names.

    Example:
        >>> signed_bytes({"b": "01" * 32, "a": "02" * 32})[-41:-31]
        b'\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x01b\\x01'
    """
    pieces = [_PURPOSE]
    for name, digest in sorted((name.encode(), digest) for name, digest in hashes.items()):
        pieces += [struct.pack(">Q", len(name)), name, bytes.fromhex(digest)]
    return b"".join(pieces)


def parse(data: bytes | bytearray, limits: Limits, place: str) -> Signature:
    """What the member says.

    Raises:
        ModelFileError: it is damaged, or of a later version.
    """
    found = plain.parse(data, limits, place)
    if not isinstance(found, dict) or found.get("version") != _VERSION or found.get("algorithm") != _ALGORITHM:
        raise ModelFileError("sign.form", place, f"This is no signature of version {_VERSION} by {_ALGORITHM}.", "A later release may read it.")
    members = found.get("members")
    if (
        found.keys() != _KEYS
        or not isinstance(members, dict)
        or not all(_matches(_HASH, digest) for digest in (found["key"], *members.values()))
        or not _matches(_SIGNATURE, found["signature"])
    ):
        raise ModelFileError("sign.form", place, "The signature is not of the form that it must have.", _AGAIN)
    return Signature(found["key"], members, found["signature"])


def check(signature: Signature, trusted: Mapping[str, Any], names: Iterable[str], hash_of: Callable[[str], str], place: str) -> None:
    """Raise an error unless one of the trusted keys signed the members as they are, all of them.

    Args:
        signature: what `parse` gave.
        trusted: public keys by fingerprint, as `keys.public` gives them.
        names: the members of the archive.
        hash_of: gives the SHA-256 of a member.
        place: the file, for messages.

    Raises:
        ModelFileError: another key signed, or nobody did what is claimed, or members are not as they were, or some are not covered.
    """
    key = trusted.get(signature.key)
    if key is None:
        raise ModelFileError(
            "sign.unknown",
            place,
            f"The file is signed by the key {signature.key}, which is not among those that you trust ({', '.join(trusted)}).",
            "Load it only if you know whose key that is; then add the key to `trust`.",
        )
    if not _verifies(key, bytes.fromhex(signature.signature), signed_bytes(signature.members)):
        raise ModelFileError("sign.invalid", place, "The signature does not belong to the hashes that it stands with.", _AGAIN)
    present = [name for name in names if not owns(name)]
    for complaint, found, wanted in (
        ("is not covered by the signature", present, signature.members),
        ("was signed, but is gone", signature.members, present),
    ):
        odd = next((name for name in found if name not in wanted), None)
        if odd is not None:
            raise ModelFileError("sign.uncovered", place, f"The member {shown(odd)} {complaint}.", _AGAIN)
    changed = next((name for name in present if hash_of(name) != signature.members[name]), None)
    if changed is not None:
        raise ModelFileError("sign.changed", place, f"The member {shown(changed)} is not what was signed: its SHA-256 differs.", _AGAIN)


def _verifies(key: Any, signature: bytes, data: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        key.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def _matches(form: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and form.fullmatch(value) is not None


_AGAIN = "Fetch the file again from who signed it."
