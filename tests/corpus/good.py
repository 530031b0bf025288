"""Whole files, of which broken ones are made."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from functools import cache
from pathlib import Path
from typing import Any

from amalthea.version import KERAS_API
from corpus.entries import OF_WEIGHTS, TEXT, WHOLE
from corpus.model import graph, model

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
ENDINGS = (*WHOLE, *OF_WEIGHTS, TEXT)


@cache
def files(ending: str) -> dict[str, bytes]:
    """What `save` or `save_weights` writes, by the names of the files, which begin with "latest"."""
    if ending == TEXT:
        return {f"latest{TEXT}": members(".keras")[CONFIG]}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"latest{ending}")
        (model().save if ending in WHOLE else model().save_weights)(path)
        return {found.name: found.read_bytes() for found in sorted(Path(folder).iterdir())}


@cache
def graphs(ending: str) -> dict[str, bytes]:
    """A file of a functional model, for endings of whole models."""
    if ending not in WHOLE:
        return {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"latest{ending}")
        graph().save(path)
        return {path.name: path.read_bytes()}


def data(ending: str) -> bytes:
    """The bytes of the whole file of this ending."""
    return files(ending)[f"latest{ending}"]


@cache
def members(ending: str) -> dict[str, bytes]:
    """The members of the whole archive of this ending; its metadata are without hashes, so that other members can take their places."""
    with zipfile.ZipFile(io.BytesIO(data(ending))) as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    if METADATA in found:
        found[METADATA] = json.dumps({"keras_version": KERAS_API}).encode()
    return found


def read(whole: bytes, name: str) -> bytes:
    """A member of a zip archive."""
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        return archive.read(name)


def archive(parts: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    """A zip archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as writer:
        for name, content in parts.items():
            writer.writestr(zipfile.ZipInfo(name), content, method)
    return file.getvalue()


def keras(**parts: bytes) -> bytes:
    """A `.keras` file with other parts: `config`, `metadata`, `weights`, or further members."""
    names = {"config": CONFIG, "metadata": METADATA, "weights": WEIGHTS}
    return archive(members(".keras") | {names.get(name, name): content for name, content in parts.items()})


def config() -> dict[str, Any]:
    """The configuration of the model, to be changed."""
    found: dict[str, Any] = json.loads(members(".keras")[CONFIG])
    return found
