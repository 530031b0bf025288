"""Whole containers whose weights do not fit the model."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np

from corpus.case import Case, of_bytes
from corpus.good import archive, data, keras, members
from corpus.npz import written
from corpus.safetensors import framed

Tensors = dict[str, np.ndarray]

# What is done to the tensors, by the names of one that has two axes, and of another.
CHANGES: dict[str, Callable[[Tensors, str, str], Tensors]] = {
    "one missing": lambda tensors, kernel, bias: {name: value for name, value in tensors.items() if name != bias},
    "one more": lambda tensors, kernel, bias: tensors | {kernel[:-1] + "7": tensors[kernel]},
    "one transposed": lambda tensors, kernel, bias: tensors | {kernel: tensors[kernel].T},
    "one larger": lambda tensors, kernel, bias: tensors | {kernel: np.ones((5, 3), "float32")},
    "one flat": lambda tensors, kernel, bias: tensors | {kernel: tensors[kernel].reshape(-1)},
    "one empty": lambda tensors, kernel, bias: tensors | {kernel: np.zeros((0, 3), "float32")},
    "one of integers": lambda tensors, kernel, bias: tensors | {kernel: tensors[kernel].astype("int32")},
    "one of complex numbers": lambda tensors, kernel, bias: tensors | {kernel: tensors[kernel].astype("complex64")},
    "one of truth values": lambda tensors, kernel, bias: tensors | {bias: tensors[bias].astype("bool")},
    "two exchanged": lambda tensors, kernel, bias: tensors | {kernel: tensors[bias], bias: tensors[kernel]},
    "one of another name": lambda tensors, kernel, bias: {name if name != bias else bias[:-1] + "x": value for name, value in tensors.items()},
    "one of no layer": lambda tensors, kernel, bias: tensors | {f"layers/dense_9/vars/{kernel[-1]}": tensors[kernel]},
    "none": lambda tensors, kernel, bias: {},
}
_CODES = {"int32": "I32", "complex64": "C64", "bool": "BOOL", "float32": "F32"}
KERNEL, BIAS = "layers/dense/vars/0", "layers/dense/vars/1"


def _tensors() -> Tensors:
    """The tensors of the whole file, by the names that all formats have for them."""
    return {name.removesuffix(".npy"): np.load(io.BytesIO(content)) for name, content in members(".weights.npz").items()}


def _npz(tensors: Tensors) -> bytes:
    return archive({f"{name}.npy": written(value) for name, value in tensors.items()})


def _safetensors(tensors: Tensors) -> bytes:
    header: dict[str, Any] = {}
    end = 0
    for name, value in tensors.items():
        header[name] = {"dtype": _CODES.get(value.dtype.name, "I32"), "shape": list(value.shape), "data_offsets": [end, end + value.nbytes]}
        end += value.nbytes
    return framed(json.dumps(header).encode(), b"".join(np.ascontiguousarray(value).tobytes() for value in tensors.values()))


def _hdf5(tensors: Tensors) -> bytes:
    file = io.BytesIO()
    with h5py.File(file, "w") as store:
        for name, value in tensors.items():
            if value.dtype.kind != "c":
                store.create_dataset(name, data=value)
        store.require_group("vars")
    return file.getvalue()


_FORMATS = {".weights.npz": _npz, ".safetensors": _safetensors, ".weights.h5": _hdf5, ".keras": lambda tensors: keras(weights=_hdf5(tensors))}


def _edited(edit: Callable[[Any], object]) -> Callable[[], bytes]:
    """The `.h5` file, changed; its weights stand by layers, in lists of names."""

    def build() -> bytes:
        file = io.BytesIO(data(".h5"))
        with h5py.File(file, "r+") as store:
            edit(store["model_weights"])
        return file.getvalue()

    return build


def _instead(path: str, value: np.ndarray) -> Callable[[], bytes]:
    def edit(weights: Any) -> None:
        del weights[path]
        weights[path] = value

    return _edited(edit)


def _names(group: str, attribute: str, *names: str) -> Callable[[], bytes]:
    return _edited(lambda weights: weights[group].attrs.__setitem__(attribute, np.array([name.encode() for name in names])))


def _no_group() -> bytes:
    file = io.BytesIO(data(".h5"))
    with h5py.File(file, "r+") as store:
        del store["model_weights"]
        store["model_weights"] = np.ones(3)
    return file.getvalue()


_PATHS = ("model/first/kernel", "model/first/bias")
# By layers: those whose weights do not fit are left out on request; a list of layers that does not fit is a broken file.
BY_LAYERS: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "one transposed": ("model.mismatch", _instead(f"first/{_PATHS[0]}", np.ones((3, 4), "float32")), "fit"),
    "one of integers": ("model.mismatch", _instead(f"first/{_PATHS[0]}", np.ones((4, 3), "int32")), "fit"),
    "one missing in the list": ("model.mismatch", _names("first", "weight_names", _PATHS[0]), "fit"),
    "two exchanged": ("model.mismatch", _names("first", "weight_names", *reversed(_PATHS)), "fit"),
    "one that is not there": ("hdf5.weight", _names("first", "weight_names", "model/first/nothing"), "weights"),
    "one that leads up": ("hdf5.weight", _names("first", "weight_names", "../second/model/second/bias"), "weights"),
    "one that is absolute": ("hdf5.weight", _names("first", "weight_names", "/model_weights/first/model/first/bias"), "weights"),
    "one that is a group": ("hdf5.weight", _names("first", "weight_names", "model"), "weights"),
    "one whose name is not text": (
        "hdf5.text",
        _edited(lambda weights: weights["first"].attrs.__setitem__("weight_names", np.array([b"\xff"]))),
        "weights",
    ),
    "names that are numbers": ("hdf5.weight", _edited(lambda weights: weights["first"].attrs.__setitem__("weight_names", np.arange(2))), "weights"),
    "a layer that is not there": ("hdf5.layer", _names(".", "layer_names", "first", "third"), "weights"),
    "no group of layers": ("hdf5.layer", _no_group, "weights"),
    "a layer that is a tensor": ("hdf5.layer", _names(".", "layer_names", "first/model/first/bias"), "weights"),
}


def cases() -> Iterator[Case]:
    """In every format, all ways not to fit."""
    for ending, write in _FORMATS.items():
        for name, change in CHANGES.items():
            if name == "one of complex numbers" and write is not _npz and write is not _safetensors:
                continue
            made = of_bytes(lambda write=write, change=change: write(change(_tensors(), KERNEL, BIAS)))
            yield Case(f"weights ({ending}): {name}", ending, made, "model.mismatch", "fit")
    for name, (code, make, part) in BY_LAYERS.items():
        yield Case(f"weights (.h5): {name}", ".h5", of_bytes(make), code, part)
    order = _names(".", "layer_names", "second", "first")
    yield Case("weights (.h5): layers in another order", ".h5", of_bytes(order), "model.mismatch", "fit", loaded_by=("load_weights, by name",))
    one = _names(".", "layer_names", "first")
    yield Case("weights (.h5): a layer less", ".h5", of_bytes(one), "model.mismatch", "weights", loaded_by=("load_weights, by name", "inspect"))
