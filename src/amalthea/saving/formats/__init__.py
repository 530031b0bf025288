"""The formats of model files, one a file: which there are, and how one is chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from amalthea.errors import ArgumentError, ModelFileError
from amalthea.saving.faults import separately
from amalthea.saving.formats import keras_archive, npz, safetensors, shards, weights_hdf5, whole_hdf5
from amalthea.saving.formats.interface import ModelFile
from amalthea.saving.limits import Limits
from amalthea.saving.reading import hdf5, sniffing
from amalthea.saving.reading import json as plain
from amalthea.saving.reading import npz as npz_reader
from amalthea.saving.reading import safetensors as safetensors_reader
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Archive

# By the ending of the name: how a whole model is written, and how weights alone are.
ARCHIVE_WRITER = keras_archive.save_model
MODEL_WRITERS: dict[str, Callable[..., None]] = {
    ".keras": ARCHIVE_WRITER,
    ".h5": whole_hdf5.save_model,
    ".hdf5": whole_hdf5.save_model,
}
WEIGHTS_WRITERS: dict[str, Callable[..., None]] = {
    ".weights.h5": weights_hdf5.save_weights,
    ".weights.npz": npz.save_weights,
    ".safetensors": safetensors.save_weights,
}


def writer(path: Path, writers: dict[str, Callable[..., None]]) -> Callable[..., None]:
    """What writes a file of this name.

    Raises:
        ArgumentError: the ending is none of those that are written.
    """
    for suffix, write in writers.items():
        if path.name.endswith(suffix):
            return write
    raise ArgumentError(f"`filepath` must end in {', '.join(map(repr, writers))}. Received: {str(path)!r}.")


@contextmanager
def opened(filepath: Any, limits: Limits | None = None) -> Iterator[ModelFile]:
    """A model file, of the kind that its bytes say; the ending of its name must agree.

    Raises:
        ModelFileError: it is of no kind that is read, is damaged, or has another ending.
    """
    limits = limits or Limits()
    with Source.open(filepath, limits) as source:
        file = _recognised(source, limits)
        name = Path(filepath).name
        if not name.endswith(file.suffixes):
            with separately:
                raise ModelFileError(
                    "format.ending",
                    source.place,
                    f"By its bytes, the file is {file.title}; but its name does not end in {' or '.join(map(repr, file.suffixes))}.",
                    "Rename it, if it is what you want to load.",
                )
        yield file


def _recognised(source: Source, limits: Limits) -> ModelFile:
    return _READERS[sniffing.sniff(source)](source, limits)


def _zip(source: Source, limits: Limits) -> ModelFile:
    archive = Archive(source, limits)
    if keras_archive.CONFIG in archive.names:
        return keras_archive.KerasArchive(source, archive, limits)
    return npz.NpzWeights(source, npz_reader.read(source, limits), limits)


def _hdf5(source: Source, limits: Limits) -> ModelFile:
    root = hdf5.read(source, limits)
    kind = whole_hdf5.WholeHdf5 if whole_hdf5.WholeHdf5.recognises(root) else weights_hdf5.WeightsHdf5
    return kind(source, root, limits)


def _safetensors(source: Source, limits: Limits) -> ModelFile:
    return safetensors.SafetensorsWeights(source, safetensors_reader.read(source, limits), limits)


def _json(source: Source, limits: Limits) -> ModelFile:
    return shards.ShardedWeights(source, plain.read(source, limits), limits)


_READERS: dict[str, Callable[[Source, Limits], ModelFile]] = {"zip": _zip, "hdf5": _hdf5, "safetensors": _safetensors, "json": _json}
