"""How much a file may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much a file may ask for, before more than that is allocated. Errors name the limit that was met.

    Args:
        members: the members of an archive.
        inflated_bytes: the bytes that compressed parts of the file may become, all together.
        json_bytes: the longest JSON text.
        json_depth: how deeply its values may be nested.
        json_values: how many values it may hold.
        json_digits: the longest number.
        objects: the groups and tensors in an HDF5 file, or the tensors of another.
        links: how deeply the groups of an HDF5 file may be nested.
        attribute_bytes: the bytes of all attributes of an HDF5 file.
        rank: the axes of a tensor.

    Example:
        >>> Limits(members=10).members
        10
    """

    members: int = 1000
    inflated_bytes: int = 1 << 32
    json_bytes: int = 1 << 28
    json_depth: int = 200
    json_values: int = 10**7
    json_digits: int = 400
    objects: int = 10**6
    links: int = 64
    attribute_bytes: int = 1 << 28
    rank: int = 32


def beyond(limit: str, limits: Limits) -> str:
    """The sentence that says how a limit can be raised.

    Example:
        >>> beyond("members", Limits())
        'The limit is 1000. If you trust the file, raise it: `limits=amalthea.saving.Limits(members=...)`.'
    """
    return f"The limit is {getattr(limits, limit)}. If you trust the file, raise it: `limits=amalthea.saving.Limits({limit}=...)`."
