"""Small valid files of every kind, from which broken ones are made."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import h5py
import numpy as np

import amalthea
from amalthea import layers
from amalthea.saving import serialize_keras_object

_OF_KERAS_2 = Path(__file__).parents[1] / "unit/saving/keras2_models.json"


@cache
def models() -> list[Any]:
    """Models whose configurations have many forms."""
    inputs = amalthea.Input((4,), name="x")
    shared = layers.Dense(4, activation="relu", name="shared")
    both = layers.Concatenate()([shared(inputs), shared(shared(inputs) * 2.0)])
    graph = amalthea.Model(inputs, layers.Dense(1, kernel_regularizer="l2")(both), name="graph")
    graph.compile("adam", "mse", metrics=["mae"])
    text = amalthea.Sequential([amalthea.Input((5,)), layers.Embedding(7, 2, mask_zero=True), layers.Bidirectional(layers.LSTM(2)), layers.Softmax()])
    image = amalthea.Sequential(
        [amalthea.Input((6, 6, 1)), layers.Conv2D(2, 3), layers.BatchNormalization(), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.5)]
    )
    plain = amalthea.Sequential([amalthea.Input((3,)), layers.Dense(2)])
    return [plain, graph, text, image]


@cache
def configurations() -> list[bytes]:
    """Configurations, of now and of Keras 2."""
    things = [*models(), amalthea.initializers.Constant(3.0), amalthea.optimizers.SGD(amalthea.optimizers.schedules.CosineDecay(0.1, 10))]
    things += [layers.TimeDistributed(layers.Dense(2)), amalthea.losses.Huber(), amalthea.dtype_policies.DTypePolicy("mixed_float16"), np.eye(2)]
    things += [
        layers.MultiHeadAttention(2, 2),
        layers.RNN(layers.StackedRNNCells([layers.GRUCell(2)])),
        layers.ZeroPadding2D(1),
        layers.GroupNormalization(1),
    ]
    older = [stored["model"] for stored in json.loads(_OF_KERAS_2.read_text()).values()]
    return [json.dumps(serialize_keras_object(thing)).encode() for thing in things] + [json.dumps(model).encode() for model in older]


@cache
def texts() -> list[bytes]:
    """JSON texts."""
    plain = {"a": [1, -2.5e3, None, True], "b": {"c": 'größe \\ " \n', "": []}, "long": list(range(20))}
    return [b"{}", json.dumps(plain).encode(), json.dumps(plain, indent=1, ensure_ascii=False).encode(), *configurations()[:1]]


@cache
def safetensors() -> list[bytes]:
    """Safetensors files."""
    return [_saved(model, "save_weights", "m.safetensors") for model in models()[:2]] + [_tensors_of_all_kinds()]


def _tensors_of_all_kinds() -> bytes:
    kinds = ("F64", 8), ("I64", 8), ("F32", 4), ("BF16", 2), ("F16", 2), ("F8_E4M3", 1), ("BOOL", 1)
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for name, width in kinds:
        header[f"vars/{name}"] = {"dtype": name, "shape": [2, 1], "data_offsets": [offset, offset + 2 * width]}
        offset += 2 * width
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(offset)


@cache
def npz() -> list[bytes]:
    """NumPy's archives."""
    file = io.BytesIO()
    np.savez_compressed(file, **{"vars/0": np.eye(3), "vars/1": np.asfortranarray(np.ones((2, 3), "int8")), "vars/2": np.array(1.0)})
    return [_saved(model, "save_weights", "m.weights.npz") for model in models()[:1]] + [file.getvalue()]


@cache
def zips() -> list[bytes]:
    """Archives: ours and those of Python, with and without compression and 64-bit sizes."""
    found = [_saved(models()[0], "save", "m.keras")]
    for method, wide in ((zipfile.ZIP_STORED, False), (zipfile.ZIP_DEFLATED, False), (zipfile.ZIP_DEFLATED, True)):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", method) as archive:
            for name, data in (("config.json", b'{"a": 1}'), ("assets/größe.txt", b"x" * 300), ("empty", b"")):
                with archive.open(name, "w", force_zip64=wide) as member:
                    member.write(data)
        found.append(file.getvalue())
    return found


@cache
def hdf5() -> list[bytes]:
    """HDF5 files: weights as Keras writes them, whole models of the older layout, and all forms that are read."""
    own = [_saved(models()[0], "save_weights", "m.weights.h5"), _saved(models()[0], "save", "m.h5")]
    return [*own, _hdf5(_forms), _hdf5(_forms, libver="latest"), _hdf5(_groups)]


def _hdf5(fill: Callable[[Any], None], **options: Any) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w", **options) as store:
        fill(store)
    return file.getvalue()


def _forms(store: Any) -> None:
    store.attrs["text"] = "größe"
    store.attrs["names"] = np.array([b"a", b"bc"])
    store.attrs["list"] = ["a", "bcd"]
    group = store.create_group("vars")
    group.create_dataset("0", data=np.arange(6, dtype="float32").reshape(2, 3))
    group.create_dataset("scalar", data=np.int64(7))
    group.create_dataset("half", data=np.ones(3, "float16")).attrs["dtype"] = "float16"
    group.create_dataset("bits", data=np.ones(3, "uint16").view("V2")).attrs["dtype"] = "bfloat16"
    if store.libver[0] == "earliest":  # newer forms of booleans and of pieces are not read
        store.attrs["flag"] = True
        group.create_dataset("bool", data=np.array([True, False]))
        group.create_dataset("packed", data=np.arange(40, dtype="int32").reshape(8, 5), chunks=(4, 3), compression="gzip", shuffle=True)


def _groups(store: Any) -> None:
    for index in range(4):
        store.create_group(f"layers/dense_{index}/vars").create_dataset("0", data=np.float32(index))


def _saved(model: Any, verb: str, name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        getattr(model, verb)(path)
        return path.read_bytes()


@cache
def archives() -> list[bytes]:
    """Whole models in `.keras` files."""
    return [_saved(model, "save", "m.keras") for model in models()[:2]]


@cache
def wholes() -> list[bytes]:
    """Whole models in files of the older HDF5 layout."""
    return [_saved(model, "save", "m.h5") for model in models()[:2]]


def shards(folder: Path) -> list[bytes]:
    """An index of weights; the files that it names lie in `folder`."""
    models()[0].save_weights(folder / "m.weights.json", max_shard_size=2.0**-27)
    return [(folder / "m.weights.json").read_bytes()]
