"""What is fuzzed: for each parser its valid files, what breaks them, and how it is run."""

from __future__ import annotations

import atexit
import json
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Any

from amalthea import saving
from amalthea.saving import formats, names
from amalthea.saving.formats.shards import ShardedWeights
from amalthea.saving.limits import Limits
from amalthea.saving.reading import hdf5, npz, safetensors
from amalthea.saving.reading import json as plain
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Archive
from fuzz import seeds
from fuzz.mutators import hdf5_files, json_texts, npy_files, safetensors_files, zip_archives

LIMITS = Limits(inflated_bytes=1 << 24)
_PLACE = "file"
# The keys of configurations, and values that mean something in them.
_KEYS = re.findall(
    r"\S+",
    """class_name config module registered_name build_config compile_config name trainable dtype layers input_layers output_layers inbound_nodes
    args kwargs keras_history shape batch_shape batch_input_shape input_shape activation units layer cell cells value start stop step shared_object_id
    function arguments kernel_initializer optimizer loss metrics learning_rate vocabulary axis input_dim num_heads filters kernel_size strides""",
)
_VALUES = re.findall(
    r"\S+",
    """__tensor__ __numpy__ __bytes__ __slice__ __ellipsis__ __tuple__ __keras_tensor__ __lambda__ function type builtins keras keras.layers
    keras.src.layers keras.initializers keras.ops amalthea.layers relu softmax mse adam float32 float16 bfloat16 string int8 mixed_float16 Lambda
    TFSMLayer Dense Functional Sequential InputLayer LSTM Bidirectional TimeDistributed StackedRNNCells TextVectorization StringLookup Discretization
    Reshape Permute ZeroPadding2D RepeatVector UpSampling2D CategoryEncoding Hashing Constant Identity CosineDecay DTypePolicy os builtins.eval""",
)

Mutate = Callable[[bytes, Random], bytes]


@dataclass(frozen=True)
class Parser:
    """One of the things that read what strangers wrote.

    Args:
        seeds: valid inputs.
        mutate: gives an input with one change.
        run: reads an input as far as it goes.
    """

    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutate
    run: Callable[[bytes], None]


# --- how they are run ---


def _source(data: bytes) -> Source:
    return Source.of_bytes(data, _PLACE)


def _read_zip(data: bytes) -> None:
    archive = Archive(_source(data), LIMITS)
    for name in archive.names:
        archive.member(name).read()


def _read_group(group: hdf5.Group) -> None:
    for part in group.values():
        if isinstance(part, hdf5.Group):
            _read_group(part)
        else:
            part.read()


def _read_tensors(read: Callable[[Source, Limits], dict[str, Any]], data: bytes) -> None:
    for tensor in read(_source(data), LIMITS).values():
        tensor.read()


def _read_json(data: bytes) -> None:
    plain.parse(data, LIMITS, _PLACE)


def _read_configuration(data: bytes) -> None:
    # Plain values of any kind, also those (NaN, the same key twice) that the reader of JSON in files refuses.
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return
    saving.deserialize_keras_object(value, limits=LIMITS)


def _read_model(data: bytes) -> None:
    file = formats._recognised(_source(data), LIMITS)
    if not isinstance(file, ShardedWeights):
        file.load_model(None, compile=True)


def _read_weights(data: bytes) -> None:
    file = formats._recognised(_source(data), LIMITS)
    if not isinstance(file, ShardedWeights):
        file.load_weights(seeds.models()[0])


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def _indices() -> list[bytes]:
    return seeds.shards(_folder())


def _read_index(data: bytes) -> None:
    place = str(_folder() / "m.weights.json")
    ShardedWeights(Source.of_bytes(data, place), plain.parse(data, LIMITS, place), LIMITS).load_weights(seeds.models()[0])


# --- how inputs are broken ---


@cache
def _words() -> list[str]:
    return [*_KEYS, *_VALUES, *names.known_classes()]


def _configuration(data: bytes, random: Random) -> bytes:
    """Another configuration; now and then a part of another seed stands in it."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return random.choice(seeds.configurations())
    if random.random() < 0.1:
        donor = json.loads(random.choice(seeds.configurations()))
        places = json_texts._places([value])
        holder, key = random.choice(places[1:] or places)
        holder[key] = json_texts.part(donor, random)
    else:
        value = json_texts.mutate_value(value, random, _words())
    return json_texts.dump(value)


_INNER: dict[str, Mutate] = {".json": partial(json_texts.mutate, words=_KEYS + _VALUES), ".h5": hdf5_files.mutate, ".npy": npy_files.mutate}
_zip_mutate = partial(zip_archives.mutate, inner=_INNER)


def _weights(data: bytes, random: Random) -> bytes:
    """A file of weights, by the mutator for its container."""
    container = {b"\x89HDF": hdf5_files.mutate, b"PK\3\4": _zip_mutate}.get(data[:4], safetensors_files.mutate)
    return container(data, random)


PARSERS = {
    "zip": Parser(seeds.zips, _zip_mutate, _read_zip),
    "hdf5": Parser(seeds.hdf5, hdf5_files.mutate, lambda data: _read_group(hdf5.read(_source(data), LIMITS))),
    "safetensors": Parser(seeds.safetensors, safetensors_files.mutate, partial(_read_tensors, safetensors.read)),
    "npz": Parser(seeds.npz, _zip_mutate, partial(_read_tensors, npz.read)),
    "json": Parser(seeds.texts, json_texts.mutate, _read_json),
    "index": Parser(_indices, partial(json_texts.mutate, words=("weight_map", "m_00000.weights.h5", "/vars")), _read_index),
    "configuration": Parser(seeds.configurations, _configuration, _read_configuration),
    "archive": Parser(seeds.archives, _zip_mutate, _read_model),
    "weights": Parser(lambda: [*seeds.hdf5(), *seeds.npz(), *seeds.safetensors()], _weights, _read_weights),
    "whole": Parser(seeds.wholes, hdf5_files.mutate, _read_model),
}


def mutated(parser: Parser, seed: str) -> bytes:
    """A broken input of a parser: the same one for the same `seed`."""
    random = Random(seed)
    data = random.choice(parser.seeds())
    for _ in range(random.choice((1, 1, 1, 1, 2, 4))):
        data = parser.mutate(data, random)
    return data
