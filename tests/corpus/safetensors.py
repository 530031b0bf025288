"""Safetensors files that are broken, or leave room for two readings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from corpus.case import Case, Damage, damaged
from corpus.good import data
from corpus.texts import HEAVY, TEXTS

ENDING = ".safetensors"


def framed(header: Any, values: bytes = b"") -> bytes:
    """A file of a header, which is text or becomes it, and the values behind."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + values


def entry(begin: int, end: int, shape: Any = None, dtype: Any = "U8", **more: Any) -> dict[str, Any]:
    """What a header says of one tensor."""
    return {"dtype": dtype, "shape": [end - begin] if shape is None else shape, "data_offsets": [begin, end], **more}


FILES: dict[str, Damage] = {
    "cut in the length": ("format.unknown", lambda: b"\2\0"),
    "cut in the header": ("source.end", lambda: (100).to_bytes(8, "little") + b"{}"),
    "cut in the values": ("safetensors.cover", lambda: data(ENDING)[:-5]),
    "bytes behind": ("safetensors.cover", lambda: data(ENDING) + b"x"),
    "a header of 16 EiB": ("source.end", lambda: b"\xff" * 8 + b"{}"),
    "a tensor that is a number": ("safetensors.header", lambda: framed({"a": 1})),
    "notes that are no texts": ("safetensors.header", lambda: framed({"__metadata__": {"a": 1}})),
    "notes that are a list": ("safetensors.header", lambda: framed({"__metadata__": []})),
    "an unknown key": ("safetensors.header", lambda: framed({"a": entry(0, 1, more=1)}, b"x")),
    "a key missing": ("safetensors.header", lambda: framed({"a": {"dtype": "U8", "shape": [1]}}, b"x")),
    "an unknown dtype": ("safetensors.header", lambda: framed({"a": entry(0, 1, dtype="U9")}, b"x")),
    "a dtype that is a list": ("safetensors.header", lambda: framed({"a": entry(0, 1, dtype=["U8"])}, b"x")),
    "a truth value as an axis": ("safetensors.header", lambda: framed({"a": entry(0, 1, shape=[True])}, b"x")),
    "negative axes": ("safetensors.header", lambda: framed({"a": entry(0, 1, shape=[-1, -1])}, b"x")),
    "a float as an axis": ("safetensors.header", lambda: framed({"a": entry(0, 1, shape=[1.0])}, b"x")),
    "one offset": ("safetensors.header", lambda: framed({"a": entry(0, 1) | {"data_offsets": [0]}}, b"x")),
    "offsets that are text": ("safetensors.header", lambda: framed({"a": entry(0, 1) | {"data_offsets": ["0", "1"]}}, b"x")),
    "33 axes": ("tensor.rank", lambda: framed({"a": entry(0, 1, shape=[1] * 33)}, b"x")),
    "overlapping tensors": ("safetensors.cover", lambda: framed({"a": entry(0, 2), "b": entry(1, 3)}, b"xyz")),
    "two tensors at one place": ("safetensors.cover", lambda: framed({"a": entry(0, 2), "b": entry(0, 2)}, b"xy")),
    "a hole between tensors": ("safetensors.cover", lambda: framed({"a": entry(0, 1), "b": entry(2, 3)}, b"xyz")),
    "a hole before all tensors": ("safetensors.cover", lambda: framed({"a": entry(1, 2)}, b"xy")),
    "a tensor behind the end": ("safetensors.cover", lambda: framed({"a": entry(0, 1 << 40)}, b"xy")),
    "a tensor that ends before it begins": ("safetensors.cover", lambda: framed({"a": entry(0, 1) | {"data_offsets": [1, 0]}}, b"x")),
    "another size than the shape": ("tensor.size", lambda: framed({"a": entry(0, 2, shape=[3])}, b"xy")),
    "a shape that overflows": ("tensor.elements", lambda: framed({"a": entry(0, 2, shape=[2**62, 2**62])}, b"xy")),
    "an empty axis beside a boundless one": ("tensor.elements", lambda: framed({"a": entry(0, 0, shape=[0, 2**62])})),
    "30,000 tensors": ("json.many", lambda: framed({str(index): entry(0, 0) for index in range(30_000)})),
}
FOREIGN: dict[str, Damage] = {
    "a name of another library": ("weights.name", lambda: framed({"dense.weight": entry(0, 1)}, b"x")),
}


def cases() -> Iterator[Case]:
    """Broken files, and files whose headers are no JSON of ours."""
    yield from damaged("safetensors", ENDING, FILES, lambda break_: break_())
    yield from damaged("safetensors", ENDING, FOREIGN, lambda break_: break_(), "weights")
    yield from damaged("safetensors header", ENDING, TEXTS | HEAVY, lambda break_: framed(break_()))
