"""Whole models in `.keras` files: a zip archive of a configuration, metadata and weights, as Keras 3 writes it.

What else may be in it is a matter of the modules in `members`, which all come in at the same places: `_EXTRAS` and `_pour`.
"""

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
from amalthea.saving.members import Put, assets, golden, keys, signature
from amalthea.saving.reading import hdf5
from amalthea.saving.reading import json as plain
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Member
from amalthea.saving.replacing import replacing
from amalthea.saving.serialization import deserialize_model, serialize_keras_object
from amalthea.saving.zip_writing import ZipWriter
from amalthea.version import KERAS_API, VERSION

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
HASHES = "sha256"
_OWN, _EXTRAS = (CONFIG, METADATA, WEIGHTS), (assets, golden, signature)


class KerasArchive(ModelFile):
    """A `.keras` file."""

    title = "a whole model (a Keras archive)"
    suffixes = (".keras",)
    _comparisons: Sequence[Future[None]] = ()
    _trusted = False

    def stored(self) -> Stored:
        return weights_hdf5.stored_in(self._weights())

    def names(self) -> dict[str, str]:
        return weights_hdf5.names_in(self._weights())

    def _weights(self) -> hdf5.Group:
        return hdf5.read(self.member(WEIGHTS).source(), self.limits)

    def load_weights(self, model: Any, skip_mismatch: bool = False, by_name: bool = False, objects_to_skip: Sequence[Any] = ()) -> LoadReport:
        with self.compared():
            report = super().load_weights(model, skip_mismatch, by_name, objects_to_skip)
        report.unused += [shown(name) for name in self._unknown() + self._assets()]
        return report

    def load_model(self, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
        self.check_members()
        with self.compared():
            stored, config = self.stored(), self.config()
            if not compile:
                config.pop("compile_config", None)
            model = deserialize_model(config, custom_objects, self.limits)
            build_optimizer(model, stored)
            give_assets = assets.plan(model, self._assets(), lambda name: bytes(self.member(name).read()), self.place)
            plan_objects(model, stored, self.place, whole=True).carry_out((), self.check_unchanged)
            give_assets()
            self.source.check_unchanged()
            return model

    def check_members(self) -> None:
        """Raise an error if the archive holds what is no part of a model."""
        unknown = self._unknown()
        if unknown:
            raise ModelFileError(
                "keras.member",
                self.place,
                f"The archive holds {shown(unknown[0])}, which is no part of a model.",
                "Take it out, or load the weights alone.",
            )

    def check_signature(self, trust: Any) -> None:
        trusted = keys.public(trust)
        if signature.NAME not in self.contents.names:
            raise ModelFileError("sign.missing", self.place, "The file is not signed.", "Load it without `trust` only if you know where it is from.")
        found = signature.parse(self.member(signature.NAME).read(), self.limits, f"{self.place}, {signature.NAME}")
        signature.check(found, trusted, self.contents.names, lambda name: self.member(name).source().sha256(), self.place)
        self._trusted = True

    def golden_values(self) -> golden.Golden:
        if golden.DESCRIPTION not in self.contents.names:
            raise ModelFileError(
                "golden.missing", self.place, "The file holds no golden values.", "They are written by `model.save(path, golden=True)`."
            )
        return golden.read(self.member(golden.DESCRIPTION).read(), self.member(golden.TENSORS).source(), self.limits, self.place)

    def check_unchanged(self) -> None:
        for comparison in self._comparisons:
            comparison.result()
        super().check_unchanged()

    @contextmanager
    def compared(self) -> Iterator[None]:
        """Inside, the members are compared with the hashes among the metadata, where there are any, in a thread: `check_unchanged` waits for it."""
        hashes = {} if self._trusted else self.metadata().get(HASHES, {})  # of a trusted file they were compared, before anything else
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

    def _assets(self) -> list[str]:
        return [name for name in self.contents.names if assets.owns(name)]

    def _unknown(self) -> list[str]:
        return [name for name in self.contents.names if name not in _OWN and not any(extra.owns(name) for extra in _EXTRAS)]

    def member(self, name: str) -> Member:
        """A member that belongs to it."""
        if name not in self.contents.names:
            raise ModelFileError("keras.incomplete", self.place, f"The archive does not hold {shown(name)}, which belongs to it.")
        return self.contents.member(name)  # type: ignore[no-any-return]

    def _json(self, name: str) -> Any:
        return plain.read(self.member(name), self.limits)


def _compare(source: Source, expected: Any) -> None:
    check_hash(source.place, source.sha256(), expected)


def check_hash(place: str, digest: str, expected: Any) -> None:
    """Refuse a member whose SHA-256 is not the one among the metadata."""
    if digest != expected:
        raise ModelFileError("keras.hash", place, "This is not what was written: its SHA-256 differs.", "Copy the file again.")


def save_model(model: Any, path: Path, golden: Any = None, sign: Any = None) -> None:
    """Write a `.keras` file; with golden values of drawn inputs (True) or of given ones, and signed with a private key."""
    key = None if sign is None else keys.private(sign)
    hashes: dict[str, str] = {}
    with replacing(path) as file, ZipWriter(file) as archive:

        def put(name: str, data: bytes) -> None:
            hashes[name] = archive.add(name, data)

        put(CONFIG, json.dumps(serialize_keras_object(model)).encode())
        _pour(model, golden, put)
        with archive.member(WEIGHTS) as member:
            weights_hdf5.write(model, member)
        hashes[WEIGHTS] = member.sha256
        put(METADATA, json.dumps(_metadata(hashes)).encode())
        if key is not None:
            signature.pour(key, hashes, put)  # at last: it covers all the others


def _pour(model: Any, inputs: Any, put: Put) -> None:
    assets.pour(model, put)
    if inputs is not None:
        golden.pour(model, inputs, put)


def _metadata(hashes: Mapping[str, str]) -> dict[str, Any]:
    versions = {"keras_version": KERAS_API, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"), "amalthea_version": VERSION}
    return {**versions, "engine": engines.current().name, HASHES: dict(hashes)}
