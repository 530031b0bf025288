"""Weights in several files, of which one is broken, or something else."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from corpus.case import Case, of_bytes
from corpus.good import files
from corpus.hdf5 import DAMAGES, KERNELS
from corpus.texts import FOREIGN, TEXTS

ENDING = ".weights.json"
SHARD = "latest_00000.weights.h5"


def _index(*names: Any) -> bytes:
    """An index in which these names stand."""
    return json.dumps({"metadata": {}, "weight_map": {str(place): name for place, name in enumerate(names)}}).encode()


def _with_shard(write: Callable[[Path], object]) -> Callable[[Path], object]:
    """The index as it should be, with another shard."""

    def build(path: Path) -> None:
        path.write_bytes(files(ENDING)[path.name])
        write(path.with_name(SHARD))

    return build


def _twice(path: Path) -> None:
    for name in ("one.weights.h5", "two.weights.h5"):
        path.with_name(name).write_bytes(files(ENDING)[SHARD])
    path.write_bytes(_index(["one.weights.h5", "two.weights.h5"]))


NAMES = {
    "leads up": "../latest_00000.weights.h5",
    "leads up and back": "x/../latest_00000.weights.h5",
    "absolute": "/etc/passwd.weights.h5",
    "with a backslash": "..\\x.weights.h5",
    "with a drive": "C:x.weights.h5",
    "of another ending": "latest.keras",
    "an address": "https://example.org/x.weights.h5",
    "with a line end": "a\n.weights.h5",
    "with a zero": "a\0.weights.h5",
    "a number": 3,
    "a table": {"a": 1},
    "nothing": "",
}
OTHERS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a shard that is a folder": ("source.kind", lambda path: path.mkdir()),
    "a shard that is a pipe": ("source.kind", os.mkfifo),
    "a shard that is a link to a device": ("source.kind", lambda path: path.symlink_to("/dev/zero")),
    "a shard that is a link to itself": ("source.closed", lambda path: path.symlink_to(path)),
    "a shard that is a link to another kind of file": ("hdf5.mark", lambda path: path.symlink_to("/etc/passwd")),
    "a shard that is empty": ("hdf5.offset", lambda path: path.write_bytes(b"")),
}


def cases() -> Iterator[Case]:
    """Indices that are no JSON of ours, name what they must not, or whose files are broken."""
    for name, (code, make) in TEXTS.items():
        yield Case(f"index: {name}", ENDING, of_bytes(make), code)
    for name, foreign in FOREIGN.items():
        yield Case(f"index: {name}", ENDING, of_bytes(foreign), "shards.index", "weights")
    for title, shard in NAMES.items():
        yield Case(f"index: a name that is {title}", ENDING, of_bytes(lambda shard=shard: _index([shard])), "shards.name", "weights")
    yield Case(
        "index: files that are not there",
        ENDING,
        of_bytes(lambda: _index(["latest_00009.weights.h5"])),
        "shards.missing",
        "weights",
        beside=("latest_00009.weights.h5",),
    )
    many = [f"{index}.weights.h5" for index in range(2000)]
    yield Case("index: 2000 files", ENDING, of_bytes(lambda: _index(many)), "shards.many", "weights")
    both = ("one.weights.h5", "two.weights.h5")
    yield Case("index: a variable in two files", ENDING, _twice, "shards.twice", "weights", beside=both)
    for title, (code, write) in OTHERS.items():
        yield Case(f"index: {title}", ENDING, _with_shard(write), code, "weights", beside=(SHARD,))
    for name, (code, break_) in list(DAMAGES.items())[::10]:
        broken = of_bytes(lambda break_=break_: break_(files(ENDING)[SHARD], KERNELS[".weights.h5"]))
        yield Case(f"shard: {name}", ENDING, _with_shard(broken), code, "weights", beside=(SHARD,))
