"""Weights over several `.weights.h5` files, with a `.weights.json` file that says which object is in which of them, as Keras 3 writes them."""

from __future__ import annotations

import glob
import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from amalthea.errors import ArgumentError, ModelFileError, shown
from amalthea.saving.fitting import Entry, Stored
from amalthea.saving.formats.interface import ModelFile
from amalthea.saving.formats.weights_hdf5 import Hdf5Sink, stored_in
from amalthea.saving.limits import beyond
from amalthea.saving.reading import hdf5
from amalthea.saving.reading.source import Source
from amalthea.saving.replacing import replacing
from amalthea.saving.sinks import pour

SUFFIX = ".weights.json"
_SHARD = ".weights.h5"
_GIGABYTE = 1 << 30


class ShardedWeights(ModelFile):
    """A `.weights.json` file and the files that it names, which lie beside it."""

    title = "an index of weights"
    suffixes = (SUFFIX,)

    @cached_property
    def shards(self) -> list[Source]:
        """The files that it names, open as long as it is."""
        return [self.source.open_parts.enter_context(self._shard(path)) for path in self._files()]

    def stored(self) -> Stored:
        objects: dict[str, dict[str, Entry]] = {}
        for shard in self.shards:
            for path, entries in stored_in(hdf5.read(shard, self.limits)).items():
                known = objects.setdefault(path, {})
                twice = sorted(known.keys() & entries.keys())
                if twice:
                    raise ModelFileError("shards.twice", shard.place, f"The variable {shown(twice[0])} of {shown(path)} is in two files.")
                known.update(entries)
        return objects

    def _shard(self, path: Path) -> Source:
        try:
            return Source.open(path, self.limits)
        except ArgumentError as error:
            reason = f"There is no {shown(path.name)} beside it, which it names."
            raise ModelFileError("shards.missing", self.place, reason, "Copy all of the files.") from error

    def check_unchanged(self) -> None:
        """Raise an error if one of the files is not what it was."""
        super().check_unchanged()
        for shard in self.shards:
            shard.check_unchanged()

    def _files(self) -> list[Path]:
        """The files of the index: plain names, each in the index's own folder."""
        table = self.contents.get("weight_map") if isinstance(self.contents, dict) else None
        if not isinstance(table, dict):
            raise ModelFileError("shards.index", self.place, "The index has no table `weight_map`.")
        names = []
        for value in table.values():
            names += value if isinstance(value, list) else [value]
        for name in names:
            if not isinstance(name, str) or Path(name).name != name or not name.isprintable() or set(name) & set("\\:") or not name.endswith(_SHARD):
                raise ModelFileError("shards.name", self.place, f"The index names {shown(name)}, which is no file of weights beside it.")
        files = [Path(self.place).with_name(name) for name in dict.fromkeys(names)]
        if len(files) > self.limits.members:
            raise ModelFileError("shards.many", self.place, f"It names {len(files)} files.", beyond("members", self.limits))
        return files


class _ShardSink:
    """Writes variables into one file after another, each up to a size."""

    def __init__(self, stack: ExitStack, base: Path, limit: float) -> None:
        self._stack, self._base, self._limit = stack, base, limit
        self.names: list[str] = []
        self.places: dict[str, list[str]] = {}
        self.total = self._filled = 0
        self._next()

    def _next(self) -> None:
        self._stack.close()
        name = f"{self._base.name}_{len(self.names):05d}{_SHARD}"
        self._sink = Hdf5Sink(self._stack.enter_context(_hdf5(self._base.with_name(name))))
        self.names.append(name)
        self._filled = 0

    def open(self, path: str, name: str) -> None:
        self._sink.open(path, name)

    def put(self, path: str, name: str, value: np.ndarray) -> None:
        if self._filled and self._filled + value.nbytes > self._limit:
            self._next()
        self._sink.put(path, name, value)
        self._filled += value.nbytes
        self.total += value.nbytes
        places = self.places.setdefault(f"/{path}/vars" if path else "/vars", [])
        if self.names[-1] not in places:
            places.append(self.names[-1])


@contextmanager
def _hdf5(path: Path) -> Iterator[Any]:
    import h5py

    with replacing(path) as file, h5py.File(file, "w") as store:
        yield store


def save_weights(model: Any, path: Path, max_shard_size: float) -> None:
    """Write an index, `path`, and files of at most `max_shard_size` GiB (a larger variable has a file of its own).

    The files of an index that is replaced stay until the new index has its place; so at any moment there is one whole set.
    """
    if not max_shard_size > 0:
        raise ArgumentError(f"`max_shard_size` must be above 0 (in GiB). Received: {max_shard_size!r}.")
    before = _named_in(path)
    with ExitStack() as stack:
        sink = _ShardSink(stack, _free_base(path), max_shard_size * _GIGABYTE)
        try:
            pour(model, sink)
            stack.close()
            with replacing(path) as file:
                index = {"metadata": {"total_size": sink.total}, "weight_map": sink.places}
                file.write(json.dumps(index, indent=4).encode())
        except BaseException:
            stack.close()
            _remove(path, sink.names)
            raise
    _remove(path, before)


def _free_base(path: Path) -> Path:
    """How the names of the files begin: as the index's, with a number where files of such names are there."""
    plain = path.name.removesuffix(SUFFIX)
    for base in itertools.chain([plain], (f"{plain}-{count}" for count in itertools.count(1))):
        if not any(path.parent.glob(f"{glob.escape(base)}_[0-9]*{_SHARD}")):
            return path.with_name(base)
    raise AssertionError("numbers do not end")


def _named_in(path: Path) -> list[str]:
    """The files of the index that is at `path` now, if its names are of the kind that `save_weights` gives."""
    try:
        names = {name for names in json.loads(path.read_bytes())["weight_map"].values() for name in names}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    plain = path.name.removesuffix(SUFFIX)
    return [name for name in names if isinstance(name, str) and Path(name).name == name and name.startswith(plain) and name.endswith(_SHARD)]


def _remove(index: Path, names: list[str]) -> None:
    for name in names:
        index.with_name(name).unlink(missing_ok=True)
