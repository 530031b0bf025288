"""How much a model file, or a configuration, may ask for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """How much a model file may ask for. It is refused before more than that is allocated, and the error names the limit that was met.

    The bounds on what a configuration describes count shapes, not memory: variables have no values before these are read.

    Args:
        members: the members of an archive.
        inflated_bytes: the bytes that compressed parts of the file may become, all together.
        inflation: how many times its compressed bytes a member of an archive, or a tensor, may become. Weights seldom shrink tenfold, archives
            made to fill memories do a thousandfold.
        json_bytes: the longest JSON text.
        json_values: how many values it may hold.
        json_digits: its longest number.
        depth: how deeply the parts of a configuration, or the values of a JSON text, may be nested in each other.
        objects: the groups and tensors in an HDF5 file, with as much as describes these.
        links: how deeply the groups of an HDF5 file may be nested.
        attribute_bytes: the bytes of all attributes of an HDF5 file.
        rank: the axes of a tensor.
        elements: the numbers in all variables of an object together.
        integer: the largest absolute value of an integer.
        listed: the sizes, together, of what is listed or indexed on the host as soon as objects are made or called symbolically.
        outputs: the number of tensors that one operation may give, or of turns that it may take.

    Example:
        >>> import amalthea
        >>> amalthea.saving.Limits(members=10).members
        10
    """

    members: int = 1000
    inflated_bytes: int = 1 << 32
    inflation: int = 100
    json_bytes: int = 1 << 22
    json_values: int = 200_000
    json_digits: int = 400
    depth: int = 100
    objects: int = 20_000
    links: int = 64
    attribute_bytes: int = 1 << 24
    rank: int = 32
    elements: int = 10**11
    integer: int = 2**63 - 1
    listed: int = 500_000
    outputs: int = 10**4


LIMITS = Limits()


def extent(shape: Iterable[int]) -> int:
    """How many numbers a tensor of this shape has, as if no axis were empty: beside an empty axis, others must not be boundless either.

    Example:
        >>> extent((2, 3)), extent((0, 10**30))
        (6, 1000000000000000000000000000000)
    """
    return math.prod(size or 1 for size in shape)


def beyond(limit: str, limits: Limits) -> str:
    """The sentence that says how a limit can be raised.

    Example:
        >>> beyond("members", LIMITS)
        'The limit is 1,000. If you trust the file, raise it: `limits=amalthea.saving.Limits(members=...)`.'
    """
    return f"The limit is {vars(limits)[limit]:,}. If you trust the file, raise it: `limits=amalthea.saving.Limits({limit}=...)`."
