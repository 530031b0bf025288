"""What a model file holds, and all that would be refused in it. Nothing is made of it: no layer, no variable, and no engine is asked."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from amalthea import dtypes
from amalthea.errors import ModelFileError
from amalthea.saving import faults, formats
from amalthea.saving.faults import separately
from amalthea.saving.fitting import Entry
from amalthea.saving.formats import keras_archive
from amalthea.saving.formats.flat import FlatFile
from amalthea.saving.formats.interface import ModelFile
from amalthea.saving.formats.keras_archive import KerasArchive
from amalthea.saving.formats.shards import ShardedWeights
from amalthea.saving.formats.weights_hdf5 import WeightsHdf5
from amalthea.saving.formats.whole_hdf5 import WholeHdf5
from amalthea.saving.inspection.model import Part, by_name, compiled, describes_model, in_folders, parts
from amalthea.saving.limits import Limits
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Archive
from amalthea.saving.serialization import checked

OPTIMIZER = "optimizer"
_SEED = "seed_generator"


@dataclass(frozen=True)
class Member:
    """A file, or a member of an archive; `agrees` is whether its hash is the one among the metadata, where there is one."""

    name: str
    size: int
    sha256: str
    agrees: bool | None = None


@dataclass(frozen=True)
class Tensor:
    """A stored variable: the path of its object, and its name there."""

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass
class Inspection:
    """What was found in a file.

    Attributes:
        file: its path.
        size: its size in bytes; None if it could not be opened as a file.
        kind: what it is; None if it is of no kind that is read.
        about: what it says of itself: versions, engine, date.
        members: what it consists of.
        parts: the model, and the layers in it, each after the one that holds it.
        compiled: how the model was compiled, in short.
        tensors: the variables that are stored.
        needs: the classes and functions that have to be passed in `custom_objects`, or registered.
        refused: everything for which it would be refused, even if these are passed.
        cut: whether there may be more than what was listed.
    """

    file: str
    size: int | None = None
    kind: str | None = None
    about: dict[str, str] = field(default_factory=dict)
    members: list[Member] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    compiled: dict[str, str] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    needs: list[ModelFileError] = field(default_factory=list)
    refused: list[ModelFileError] = field(default_factory=list)
    cut: bool = False


def inspect(filepath: Any, limits: Limits | None = None) -> Inspection:
    """Look into a model file of any kind that is read.

    Args:
        filepath: the file; of several with an index, the index.
        limits: how much it may ask for.

    Returns:
        What it holds. The file being damaged, or hostile, is no error: the faults are listed.

    Raises:
        ArgumentError: there is no such file.
    """
    path = Path(filepath)
    found = Inspection(str(path))
    with faults.listed() as listed, formats.opened(path, limits) as file:
        found.size, found.kind = file.source.size, file.title
        next(look for kind, look in _LOOKS.items() if isinstance(file, kind))(file, found)
        with separately:
            file.check_unchanged()
    distinct = {(fault.code, fault.place, fault.reason): fault for fault in listed}.values()
    found.needs = [fault for fault in distinct if _may_be_given(fault)]
    found.refused = [fault for fault in distinct if not _may_be_given(fault)]
    found.cut = len(listed) >= faults.MOST_LISTED
    return found


def _may_be_given(fault: ModelFileError) -> bool:
    return fault.hint == faults.REGISTER


# --- kinds of files ---


def _archive(file: KerasArchive, found: Inspection) -> None:
    archive: Archive = file.contents
    hashes: Any = {}
    with separately:
        metadata = file.metadata()
        hashes = metadata.get(keras_archive.HASHES, {})
        found.about = {key: str(value) for key, value in metadata.items() if isinstance(value, (str, int, float))}
    for name in archive.names:
        with separately:
            found.members.append(_member(name, archive.member(name).source(), hashes.get(name)))
    for name in sorted(hashes.keys() - set(archive.names)):
        with separately:
            file.member(name)
    with separately:
        _list_stored(found, file)
    with separately:
        file.check_members()
    with separately:
        config = file.config()
        found.parts = parts(_model(config, file), _totals(found.tensors), in_folders)
        found.compiled = compiled(config.get("compile_config"))


def _whole_hdf5(file: WholeHdf5, found: Inspection) -> None:
    _list_itself(found, file.source)
    attributes = file.contents.attrs
    found.about = {key: str(attributes[key]) for key in ("keras_version", "backend") if key in attributes}
    totals: Counter[str] = Counter()
    with separately:
        for layer, weights in file.layers():
            found.tensors += (_tensor(layer, name, entry) for name, entry in weights)
            totals[layer] = sum(math.prod(entry.shape) for _, entry in weights)
        totals[""] = totals.total()
        found.tensors += (_tensor(OPTIMIZER, name, entry) for name, entry in file.optimizer())
    with separately:
        config = file.config("model_config")
        if config is not None:
            found.parts = parts(_model(config, file), totals, by_name)
    with separately:
        training = file.compile_config()
        if training is not None:
            found.compiled = compiled(checked(training, limits=file.limits))


def _weights(file: ModelFile, found: Inspection) -> None:
    _list_itself(found, file.source)
    _list_stored(found, file)


def _shards(file: ShardedWeights, found: Inspection) -> None:
    _list_itself(found, file.source)
    for shard in file.shards:
        with separately:
            found.members.append(_member(Path(shard.place).name, shard))
    _list_stored(found, file)


_LOOKS: dict[type[ModelFile], Callable[[Any, Inspection], None]] = {
    KerasArchive: _archive,
    WholeHdf5: _whole_hdf5,
    WeightsHdf5: _weights,
    FlatFile: _weights,
    ShardedWeights: _shards,
}


def _model(config: Any, file: ModelFile) -> Any:
    """The configuration of a model, checked."""
    config = checked(config, limits=file.limits)
    if not describes_model(config):
        raise faults.refused("form", "", "It describes no model.")
    return config


# --- what they consist of ---


def _list_itself(found: Inspection, source: Source) -> None:
    found.members.append(_member(Path(source.place).name, source))


def _member(name: str, source: Source, expected: Any = None) -> Member:
    digest = source.sha256()
    if expected is not None:
        with separately:
            keras_archive.check_hash(source.place, digest, expected)
    return Member(name, source.size, digest, None if expected is None else digest == expected)


def _list_stored(found: Inspection, file: ModelFile) -> None:
    for path, entries in file.stored().items():
        found.tensors += (_tensor(path, name, entries[name]) for name in sorted(entries, key=_by_number))


def _by_number(name: str) -> tuple[int, str]:
    """So that 10 comes after 9."""
    return (len(name), name) if name.isdecimal() else (0, name)


def _tensor(path: str, name: str, entry: Entry) -> Tensor:
    return Tensor(path, name, tuple(entry.shape), dtypes.standardize_dtype(entry.dtype))


def _totals(tensors: list[Tensor]) -> Counter[str]:
    """How many numbers are stored for the object of each path, and what is inside of it; seeds are none of its parameters."""
    totals: Counter[str] = Counter()
    for tensor in tensors:
        names_ = tensor.path.split("/")
        if names_[0] != OPTIMIZER and not names_[-1].startswith(_SEED):
            for length in range(len(names_) + 1):
                totals["/".join(names_[:length])] += math.prod(tensor.shape)
    return totals
