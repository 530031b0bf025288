"""Changes of `.npy` files: of the header, with its length as it then is, and of the bytes behind it."""

from __future__ import annotations

from random import Random

from fuzz.mutators import raw
from fuzz.mutators.numbers import integer, number

_DTYPES = (
    b"'<f4'",
    b"'>f8'",
    b"'|b1'",
    b"'|O'",
    b"'<U4'",
    b"'|V2'",
    b"'<M8[s]'",
    b"'<c16'",
    b"[('a', '<f4')]",
    b"'<f3'",
    b"'<f16'",
    b"'f4'",
    b"'|S3'",
    b"__import__",
)
_WORDS = (b"True", b"False", b"None", b"()", b"(1,)", b"{}", b"1L", b"-1", b"'descr'", b"'shape'", b",", b" ", b"\n", b"#")


def mutate(data: bytes, random: Random) -> bytes:
    """A file with one change."""
    width = {b"\1": 2, b"\2": 4, b"\3": 4}.get(data[6:7])
    if width is None or random.random() < 0.1:
        return raw.mutate(data, random)
    version, start = data[6:8], 8 + width
    length = int.from_bytes(data[8:start], "little")
    header, values = data[start : start + length], data[start + length :]
    kind = random.random()
    if kind < 0.25:
        before, _, rest = header.partition(b"'descr': ")
        _, comma, after = rest.partition(b", 'fortran")
        header = before + b"'descr': " + random.choice(_DTYPES) + comma + after
    elif kind < 0.5:
        before, _, rest = header.partition(b"'shape': (")
        sizes = [size for size in rest.partition(b")")[0].split(b",") if size.strip()] or [b"1"]
        random.choice(_SHAPES)(sizes, random)
        header = before + b"'shape': (" + b",".join(sizes) + b"," * (len(sizes) == 1) + b")" + rest.partition(b")")[2]
    elif kind < 0.7:
        place = random.randrange(len(header) + 1)
        header = header[:place] + random.choice(_WORDS) + header[place + random.randrange(8) :]
    elif kind < 0.8:
        values = raw.mutate(values, random)
    elif kind < 0.9:
        version = random.choice((b"\1\0", b"\2\0", b"\3\0", b"\4\0", b"\1\1"))
        width = {b"\1": 2}.get(version[:1], 4)
    else:
        length = number(random, len(header), width)
        return data[:6] + version + length.to_bytes(width, "little") + header + values
    return data[:6] + version + (len(header) & ((1 << 8 * width) - 1)).to_bytes(width, "little") + header + values


def _size(sizes: list[bytes], random: Random) -> None:
    sizes[random.randrange(len(sizes))] = b" %d" % integer(random, 3)


def _turn(sizes: list[bytes], random: Random) -> None:
    sizes.reverse()


def _ones(sizes: list[bytes], random: Random) -> None:
    sizes += [b" 1"] * random.choice((1, 5, 40))


def _zero(sizes: list[bytes], random: Random) -> None:
    sizes.append(b" 0")


_SHAPES = (_size, _size, _turn, _ones, _zero)
