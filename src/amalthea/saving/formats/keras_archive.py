"""Whole models in `.keras` files: a zip archive of a configuration, metadata and weights, as Keras 3 writes it."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amalthea import engines
from amalthea.errors import ModelFileError, shown
from amalthea.saving.fitting import LoadReport, Stored, plan_objects
from amalthea.saving.formats import weights_hdf5
from amalthea.saving.formats.interface import ModelFile, build_optimizer
from amalthea.saving.reading import hdf5
from amalthea.saving.reading import json as plain
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Member
from amalthea.saving.replacing import replacing
from amalthea.saving.serialization import deserialize_model, serialize_keras_object
from amalthea.saving.zip_writing import ZipWriter
from amalthea.version import KERAS_API, VERSION

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_CHUNK = 1 << 20


class KerasArchive(ModelFile):
    """A `.keras` file."""

    title = "a whole model (a Keras archive)"
    suffixes = (".keras",)
    _comparisons: Sequence[Future[None]] = ()

    def stored(self) -> Stored:
        return weights_hdf5.stored_in(hdf5.read(self._member(WEIGHTS).source(), self.limits))

    def load_weights(self, model: Any, skip_mismatch: bool = False, by_name: bool = False) -> LoadReport:
        with self._hashes_compared():
            return super().load_weights(model, skip_mismatch, by_name)

    def load_model(self, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
        with self._hashes_compared():
            stored, config = self.stored(), self._json(CONFIG)
            if not isinstance(config, dict):
                raise ModelFileError("keras.config", self.place, f"{CONFIG!r} describes no model.")
            if not compile:
                config.pop("compile_config", None)
            model = deserialize_model(config, custom_objects, self.limits)
            build_optimizer(model, stored)
            plan_objects(model, stored, self.place, whole=True).carry_out((), self.check_unchanged)
            return model

    def check_unchanged(self) -> None:
        for comparison in self._comparisons:
            comparison.result()
        super().check_unchanged()

    @contextmanager
    def _hashes_compared(self) -> Iterator[None]:
        """Inside, the members are compared with the hashes among the metadata, where there are any, in a thread: `check_unchanged` waits for it."""
        metadata = self._json(METADATA) if METADATA in self.contents.names else {}
        hashes = metadata.get("sha256", {}) if isinstance(metadata, dict) else None
        if not isinstance(hashes, dict):
            raise ModelFileError("keras.metadata", self.place, f"{METADATA!r} is not a table, or its hashes are not.")
        with ThreadPoolExecutor(1, "amalthea-hashes") as pool:
            self._comparisons = [pool.submit(_compare, self._member(name).source(), expected) for name, expected in hashes.items()]
            yield

    def _member(self, name: str) -> Member:
        if name not in self.contents.names:
            raise ModelFileError("keras.incomplete", self.place, f"The archive does not hold {shown(name)}, which belongs to it.")
        return self.contents.member(name)  # type: ignore[no-any-return]

    def _json(self, name: str) -> Any:
        return plain.read(self._member(name), self.limits)


def _compare(source: Source, expected: Any) -> None:
    digest, chunk = hashlib.sha256(), memoryview(bytearray(_CHUNK))
    for start in range(0, source.size, _CHUNK):
        count = source.readinto(start, chunk)
        digest.update(chunk[:count])
    if digest.hexdigest() != expected:
        raise ModelFileError("keras.hash", source.place, "This is not what was written: its SHA-256 differs.", "Copy the file again.")


def save_model(model: Any, path: Path) -> None:
    """Write a `.keras` file."""
    config = json.dumps(serialize_keras_object(model)).encode()
    metadata: dict[str, Any] = {"keras_version": KERAS_API, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"), "amalthea_version": VERSION}
    metadata["engine"] = engines.current().name
    hashes = metadata["sha256"] = {}
    with replacing(path) as file, ZipWriter(file) as archive:
        hashes[CONFIG] = archive.add(CONFIG, config)
        with archive.member(WEIGHTS) as member:
            weights_hdf5.write(model, member)
        hashes[WEIGHTS] = member.sha256
        archive.add(METADATA, json.dumps(metadata).encode())
