"""Tensors of NumPy that are broken, or of kinds that are not read."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np

from corpus.case import Case, Damage, damaged, of_bytes
from corpus.good import archive, members

ENDING = ".weights.npz"
PLAIN = b"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"


def written(value: np.ndarray, **how: object) -> bytes:
    """A tensor, as NumPy writes it."""
    file = io.BytesIO()
    np.lib.format.write_array(file, value, **how)  # type: ignore[arg-type]
    return file.getvalue()


def with_header(text: bytes, values: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """A tensor with this header."""
    return b"\x93NUMPY" + version + len(text).to_bytes(2 if version == b"\1\0" else 4, "little") + text + values


def _shape(text: bytes) -> bytes:
    return PLAIN.replace(b"(2,)", text)


class Trap:
    """What does harm when it is unpickled."""

    def __reduce__(self) -> object:
        return exec, ("raise SystemExit('unpickled')",)


TENSORS: dict[str, Damage] = {
    "empty": ("npz.damaged", lambda: b""),
    "cut after the mark": ("npz.damaged", lambda: b"\x93NUMPY"),
    "another mark": ("npz.damaged", lambda: b"\x93NUMPX\1\0" + PLAIN),
    "an unknown version": ("npz.damaged", lambda: with_header(PLAIN, bytes(8), b"\4\0")),
    "a pickle": ("npz.damaged", lambda: b"\x80\4N."),
    "cut in the header": ("source.end", lambda: b"\x93NUMPY\1\0\x40\0{"),
    "a header of 4 GB": ("npz.header", lambda: b"\x93NUMPY\2\0\xff\xff\xff\xff"),
    "a header that does not end": ("npz.header", lambda: with_header(PLAIN[:-1], bytes(8))),
    "a header that computes": ("npz.header", lambda: with_header(PLAIN.replace(b"False", b"1<2"), bytes(8))),
    "a shape that is a number": ("npz.header", lambda: with_header(_shape(b"(2)"), bytes(8))),
    "a negative axis": ("npz.header", lambda: with_header(_shape(b"(-2,)"), bytes(8))),
    "an axis that is computed": ("npz.header", lambda: with_header(_shape(b"(2**1,)"), bytes(8))),
    "an axis of 1000 digits": ("npz.header", lambda: with_header(_shape(b"(" + b"9" * 1000 + b",)"), bytes(8))),
    "code as a header": ("npz.header", lambda: with_header(b"__import__('os').abort()\n")),
    "brackets as a header": ("npz.header", lambda: with_header(b"(" * 4000)),
    "Python's objects": ("npz.kind", lambda: with_header(PLAIN.replace(b"<f4", b"|O"), bytes(16))),
    "Python's objects, as NumPy writes them": ("npz.kind", lambda: written(np.array([Trap()], dtype=object))),
    "strings": ("npz.kind", lambda: written(np.array(["a", "b"]))),
    "dates": ("npz.kind", lambda: written(np.array(["2020-01-01"], "datetime64[D]"))),
    "records": ("npz.kind", lambda: written(np.zeros(2, [("x", "f4"), ("y", "i4")]))),
    "floats of 16 bytes": ("npz.kind", lambda: with_header(PLAIN.replace(b"<f4", b"<f16"), bytes(32))),
    "33 axes": ("tensor.rank", lambda: with_header(_shape(b"(" + b", ".join([b"1"] * 33) + b")"), bytes(4))),
    "fewer bytes than the shape": ("tensor.size", lambda: with_header(PLAIN, bytes(7))),
    "more bytes than the shape": ("tensor.size", lambda: with_header(PLAIN, bytes(9))),
    "a tensor of 1 PiB": ("tensor.elements", lambda: with_header(_shape(b"(281474976710656,)"), bytes(8))),
    "a shape that overflows": ("tensor.elements", lambda: with_header(_shape(b"(" + b", ".join([b"9999999999999999999"] * 8) + b")"), bytes(8))),
    "an empty axis beside a boundless one": ("tensor.elements", lambda: with_header(_shape(b"(0, 4611686018427387904)"))),
}


def _instead(make: Callable[[], bytes]) -> bytes:
    """The archive with another first tensor."""
    parts = members(ENDING)
    return archive(parts | {next(iter(parts)): make()})


def cases() -> Iterator[Case]:
    """Archives with broken tensors, or with what is no tensor."""
    yield from damaged("npz tensor", ENDING, TENSORS, _instead)
    others: dict[str, Damage] = {
        "a pickle beside": ("npz.member", lambda: archive(members(ENDING) | {"data.pkl": b"\x80\4N."})),
        "an archive of PyTorch": ("npz.member", lambda: archive({"archive/data.pkl": b"\x80\2}q\0.", "archive/version": b"3\n"})),
    }
    yield from damaged("npz", ENDING, others, lambda break_: break_())
    foreign = of_bytes(lambda: archive(members(ENDING) | {"arr_0.npy": written(np.zeros(1))}))
    yield Case("npz: a name without an object", ENDING, foreign, "weights.name", "weights")
