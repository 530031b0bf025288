"""Keys of Ed25519, in the forms in which users have them. The package `cryptography` is loaded when the first key is looked at.

Reference:
    RFC 8032, "Edwards-Curve Digital Signature Algorithm (EdDSA)", 2017.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from amalthea.errors import ArgumentError, ArgumentTypeError, MissingDependency

_RAW = 32
_FORMS = "a key object of the package `cryptography`, PEM text in bytes, or the 32 bytes of the key itself"
_PATH = " Paths are not opened; read the file: `pathlib.Path(...).read_bytes()`."


def private(key: Any) -> Any:
    """The private key that `sign` gives.

    Raises:
        ArgumentTypeError: it is of no form that is taken.
        ArgumentError: it is of such a form, but no private key of Ed25519.
        MissingDependency: the package `cryptography` is not installed.
    """
    return _key(key, "sign", "private")


def public(keys: Any) -> dict[str, Any]:
    """The public keys that `trust` gives, one or several, by their fingerprints.

    Raises:
        ArgumentTypeError: one is of no form that is taken.
        ArgumentError: there is none, or one is no public key of Ed25519.
        MissingDependency: the package `cryptography` is not installed.
    """
    several = list(keys) if isinstance(keys, (list, tuple, set, frozenset)) else [keys]
    if not several:
        raise ArgumentError("`trust` names no key, so no file could be loaded. Give the public keys of those whom you trust.")
    found = [_key(key, "trust", "public") for key in several]
    return {fingerprint(key): key for key in found}


def fingerprint(key: Any) -> str:
    """The SHA-256 of a public key: what a file names its key by."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()


def _key(key: Any, argument: str, kind: str) -> Any:
    ed25519, serialization = _package(f"`{argument}`")
    classes: Mapping[str, Any] = {"private": ed25519.Ed25519PrivateKey, "public": ed25519.Ed25519PublicKey}
    cls = classes[kind]
    if isinstance(key, (bytes, bytearray)):
        key = _of_bytes(bytes(key), argument, kind, cls, serialization)
    if isinstance(key, cls):
        return key
    if isinstance(key, tuple(classes.values())):
        hint = "Give `key.public_key()`." if kind == "public" else "Only the private key can sign."
        raise ArgumentError(f"`{argument}` takes a {kind} key; received the other half of a pair. {hint}")
    if "cryptography" in type(key).__module__:
        raise ArgumentError(f"`{argument}` takes keys of Ed25519. Received: {type(key).__name__}.")
    path = _PATH if isinstance(key, str) or hasattr(key, "__fspath__") else ""
    raise ArgumentTypeError(f"`{argument}` takes {_FORMS}. Received: {type(key).__name__}.{path}")


def _of_bytes(data: bytes, argument: str, kind: str, cls: Any, serialization: Any) -> Any:
    if len(data) == _RAW:
        return cls.from_private_bytes(data) if kind == "private" else cls.from_public_bytes(data)
    if not data.lstrip().startswith(b"-----BEGIN "):
        raise ArgumentError(f"`{argument}` takes {_FORMS}. Received {len(data)} bytes, which are neither.")
    if b"PRIVATE KEY" in data and kind == "public":
        raise ArgumentError(f"`{argument}` takes public keys; received a private one, which should stay with who signs.")
    try:
        return serialization.load_pem_private_key(data, None) if kind == "private" else serialization.load_pem_public_key(data)
    except TypeError as error:  # a password is needed
        raise ArgumentError(f"`{argument}` is an encrypted key: load it with `cryptography`'s `load_pem_private_key(data, password)`.") from error
    except Exception as error:
        raise ArgumentError(f"`{argument}` is not the PEM text of a {kind} key: {error}.") from error


def _package(purpose: str) -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ModuleNotFoundError as error:
        raise MissingDependency("cryptography", purpose, "sign") from error
    return ed25519, serialization
