"""Whole models in `.keras` files: a zip archive of a configuration, metadata and weights, as Keras 3 writes it."""

from __future__ import annotations

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
from amalthea.saving.serialization import serialize_keras_object
from amalthea.saving.zip_writing import ZipWriter
from amalthea.version import KERAS_API, VERSION

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
HASHES = "sha256"


class KerasArchive(ModelFile):
    """A `.keras` file."""

    title = "a whole model (a Keras archive)"
    suffixes = (".keras",)
    _comparisons: Sequence[Future[None]] = ()

    def stored(self) -> Stored:
        return weights_hdf5.stored_in(self._weights())

    def names(self) -> dict[str, str]:
        return weights_hdf5.names_in(self._weights())

    def _weights(self) -> hdf5.Group:
        return hdf5.read(self.member(WEIGHTS).source(), self.limits)

    def load_weights(self, model: Any, skip_mismatch: bool = False, by_name: bool = False, objects_to_skip: Sequence[Any] = ()) -> LoadReport:
        with self._hashes_compared():
            return super().load_weights(model, skip_mismatch, by_name, objects_to_skip)

    def load_model(self, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
        with self._hashes_compared():
            stored, config = self.stored(), self.config()
            if not compile:
                config.pop("compile_config", None)
            model = self.described(config, custom_objects)
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
        hashes = self.metadata().get(HASHES, {})
        with ThreadPoolExecutor(1, "amalthea-hashes") as pool:
            self._comparisons = [pool.submit(_compare, self.member(name).source(), expected) for name, expected in hashes.items()]
            yield

    def metadata(self) -> dict[str, Any]:
        """What the file says of itself, and, under `HASHES`, of its members."""
        metadata = self._json(METADATA) if METADATA in self.contents.names else {}
        if not isinstance(metadata, dict) or not isinstance(metadata.get(HASHES, {}), dict):
            raise ModelFileError("keras.metadata", self.place, f"{METADATA!r} is not a table, or its hashes are not.")
        return metadata

    def config(self) -> dict[str, Any]:
        """What the file says of the model."""
        config = self._json(CONFIG)
        if not isinstance(config, dict):
            raise ModelFileError("keras.config", self.place, f"{CONFIG!r} describes no model.")
        return config

    def member(self, name: str) -> Member:
        """A member that belongs to it."""
        if name not in self.contents.names:
            raise ModelFileError("keras.incomplete", self.place, f"The archive does not hold {shown(name)}, which belongs to it.")
        return self.contents.member(name)  # type: ignore[no-any-return]

    def _json(self, name: str) -> Any:
        return plain.parse(self.member(name).read(), self.limits, f"{self.place}, {name}")


def _compare(source: Source, expected: Any) -> None:
    check_hash(source.place, source.sha256(), expected)


def check_hash(place: str, digest: str, expected: Any) -> None:
    """Refuse a member whose SHA-256 is not the one among the metadata."""
    if digest != expected:
        raise ModelFileError("keras.hash", place, "This is not what was written: its SHA-256 differs.", "Copy the file again.")


def save_model(model: Any, path: Path) -> None:
    """Write a `.keras` file."""
    config = json.dumps(serialize_keras_object(model)).encode()
    metadata: dict[str, Any] = {"keras_version": KERAS_API, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"), "amalthea_version": VERSION}
    metadata["engine"] = engines.current().name
    hashes = metadata[HASHES] = {}
    with replacing(path) as file, ZipWriter(file) as archive:
        hashes[CONFIG] = archive.add(CONFIG, config)
        with archive.member(WEIGHTS) as member:
            weights_hdf5.write(model, member)
        hashes[WEIGHTS] = member.sha256
        archive.add(METADATA, json.dumps(metadata).encode())
