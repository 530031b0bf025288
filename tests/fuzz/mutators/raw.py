"""Changes of bytes that know nothing of what these mean."""

from __future__ import annotations

from random import Random

from fuzz.mutators.numbers import number

_LONGEST_COPY = 256


def mutate(data: bytes, random: Random) -> bytes:
    """`data` with one change."""
    return random.choice(_CHANGES)(bytearray(data), random) if data else random.randbytes(random.randrange(64))


def _span(data: bytearray, random: Random) -> tuple[int, int]:
    start = random.randrange(len(data))
    return start, min(len(data), start + random.randrange(1, 1 << random.randrange(1, 9)))


def _flip(data: bytearray, random: Random) -> bytes:
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return bytes(data)


def _overwrite(data: bytearray, random: Random) -> bytes:
    start, end = _span(data, random)
    data[start:end] = random.choice((random.randbytes(end - start), bytes(end - start), b"\xff" * (end - start)))
    return bytes(data)


def _field(data: bytearray, random: Random) -> bytes:
    width = random.choice((1, 2, 4, 8))
    start = random.randrange(len(data))
    old = int.from_bytes(data[start : start + width], "little")
    data[start : start + width] = number(random, old, width).to_bytes(width, "little")
    return bytes(data)


def _remove(data: bytearray, random: Random) -> bytes:
    start, end = _span(data, random)
    del data[start:end]
    return bytes(data)


def _insert(data: bytearray, random: Random) -> bytes:
    start = random.randrange(len(data) + 1)
    data[start:start] = random.randbytes(random.randrange(1, 16))
    return bytes(data)


def _copy(data: bytearray, random: Random) -> bytes:
    start, end = _span(data, random)
    place = random.randrange(len(data) + 1)
    data[place:place] = data[start : min(end, start + _LONGEST_COPY)]
    return bytes(data)


def _move(data: bytearray, random: Random) -> bytes:
    start, end = _span(data, random)
    place = random.randrange(len(data))
    data[place : place + end - start] = data[start:end]
    return bytes(data)


def _cut(data: bytearray, random: Random) -> bytes:
    return bytes(data[: random.randrange(len(data))])


_CHANGES = (_flip, _flip, _overwrite, _field, _field, _remove, _insert, _copy, _move, _cut)
