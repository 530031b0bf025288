"""Models whose descriptions are hostile, in archives and in HDF5 files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import h5py
import numpy as np

import amalthea
from amalthea.testing.hostile import HOSTILE
from corpus.case import Case, of_bytes
from corpus.entries import MODEL_TEXT, TEXT
from corpus.good import config, data, graphs, keras, read
from corpus.texts import FOREIGN, HEAVY, TEXTS

# JSON is bounded before it is a configuration.
_DEEP = {"deep lists": "json.deep", "deep layers": "json.deep"}


def in_archive(described: bytes | Any) -> bytes:
    """A `.keras` file of this configuration."""
    return keras(config=_as_text(described))


def in_hdf5(described: bytes | Any, attribute: str = "model_config") -> bytes:
    """An `.h5` file of this configuration."""
    file = io.BytesIO(data(".h5"))
    with h5py.File(file, "r+") as store:
        if attribute == "model_config":
            del store.attrs["training_config"]  # for another model
        del store.attrs[attribute]
        store.attrs.create(attribute, _as_text(described), dtype=h5py.string_dtype())
    return file.getvalue()


def _as_text(described: bytes | Any) -> bytes:
    return described if isinstance(described, bytes) else json.dumps(described).encode()


def _layer(**arguments: Any) -> dict[str, Any]:
    """The model with other arguments of its first layer with weights."""
    found = config()
    found["config"]["layers"][1]["config"] |= arguments
    return found


def _function(name: str, module: str = "builtins", registered: str | None = "function") -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": registered}


def _class(name: str, module: str = "keras.layers", registered: str | None = None, **arguments: Any) -> dict[str, Any]:
    return {"module": module, "class_name": name, "config": {"name": "first", **arguments}, "registered_name": registered}


def _with(layer: dict[str, Any]) -> dict[str, Any]:
    """The model with another first layer."""
    found = config()
    found["config"]["layers"][1] = layer
    return found


def _trained(**arguments: Any) -> dict[str, Any]:
    """The model, compiled otherwise."""
    found = config()
    found["compile_config"] |= arguments
    return found


def _path(layer: str) -> str:
    """The code of the error for a layer with a path, where there is such a layer."""
    return "config.path" if hasattr(amalthea.layers, layer) else "config.unknown"


_GADGETS = {
    "a function that allows code": _function("enable_unsafe_deserialization", "keras.config", "enable_unsafe_deserialization"),
    "a function that allows code, by its private name": _function("enable_unsafe_deserialization", "keras.src.saving.serialization_lib", None),
    "a function that downloads": _function("get_file", "keras.utils", "get_file"),
    "a function that loads models": _function("load_model", "keras.saving", "load_model"),
    "a function that imports": _function("import_module", "importlib", "import_module"),
    "a function of NumPy that unpickles": _function("load", "numpy", "load"),
    "a method": _function("Model.load_weights", "keras", None),
    "a module of ours": _function("saving", "amalthea", "saving"),
}
_LAYERS = {
    "a vocabulary in a file": (_class("StringLookup", vocabulary="/etc/passwd"), _path("StringLookup")),
    "a vocabulary at an address": (_class("TextVectorization", vocabulary="https://example.org/x"), _path("TextVectorization")),
    "a vocabulary of integers in a file": (_class("IntegerLookup", vocabulary="/etc/passwd"), _path("IntegerLookup")),
    "a vocabulary of the user's class in a file": (_class("Named", "own", "corpus>Named", vocabulary="/etc/passwd"), "config.path"),
    "a layer under a registered name": (_class("Dense", registered="Custom>Dense", units=3), "config.mismatch"),
    "a layer of a module that is not": (_class("Dense", "keras.evil", units=3), "config.unknown"),
    "a class without `from_config`": (_class("Plain", "own", "corpus>Plain"), "config.mismatch"),
    "a function as a layer": (_class("double", "own", "corpus>double"), "config.mismatch"),
    "another class than what is registered": (_class("Other", "own", "corpus>Named"), "config.mismatch"),
    "a layer of a file": (_class("Dense", "/tmp/evil.py", units=3), "config.unknown"),
    "a layer that was never there": (_class("Dnese", units=3), "config.unknown"),
    "a class that runs commands": (_class("Popen", "subprocess", args=["true"]), "config.unknown"),
    "a SavedModel": (_class("TFSMLayer", filepath="/tmp/x"), "config.code"),
    "a module of Flax": (_class("FlaxLayer", module={"class_name": "__bytes__", "config": {"value": "gASV"}}), "config.form"),
    "an optimizer as a layer": (_class("Adam", "keras.optimizers"), "config.value"),
    "a Lambda of an imported function": (_class("Lambda", function=_function("system", "os", "system")), "config.unknown"),
}
_ARGUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "a size of 10**12": ({"units": 10**12}, "config.size"),
    "a size that overflows": ({"units": 2**62}, "config.size"),
    "a size of 300 digits": ({"units": 10**300}, "config.size"),
    "a negative size": ({"units": -3}, "config.value"),
    "no size": ({"units": None}, "config.kind"),
    "an initializer of code": ({"kernel_initializer": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}, "config.code"),
    "an initializer of 10**12 numbers": (
        {"kernel_initializer": _class("Constant", "keras.initializers", value=1) | {"config": {"value": [[0.0]], "vocabulary": "/etc/passwd"}}},
        "config.key",
    ),
    "a dtype that is not one": ({"dtype": "os.system"}, "config.value"),
    "a dtype that is a class": ({"dtype": _class("Popen", "subprocess")}, "config.unknown"),
    "an activation that is an address": ({"activation": {"url": "https://example.org"}}, "config.path"),
    "a class whose name is a number": ({"activation": {"class_name": "type", "config": 3}}, "config.form"),
    "an activation that takes an axis apart": ({"activation": _function("unstack")}, "config.size"),
    "a constraint that is a list": ({"kernel_constraint": [1, 2]}, "config.value"),
    "bytes that are none": ({"bias_constraint": {"class_name": "__bytes__", "config": {"value": 3}}}, "config.kind"),
    "an array of 10**9 numbers in a dtype's name": (
        {"kernel_initializer": {"class_name": "__numpy__", "config": {"value": [1], "dtype": "V1000000000"}}},
        "config.value",
    ),
    "an array of Python's objects": ({"kernel_initializer": {"class_name": "__numpy__", "config": {"value": [1], "dtype": "object"}}}, "config.kind"),
    "a slice with more in it": ({"activation": {"class_name": "__slice__", "config": {"start": 0, "stop": 1, "step": 1, "evil": 1}}}, "config.form"),
}
_TRAINING: dict[str, tuple[dict[str, Any], str]] = {
    "a loss of code": ({"loss": {"class_name": "__lambda__", "config": {"code": "4wEA"}}}, "config.code"),
    "a loss that allows code": ({"loss": _GADGETS["a function that allows code"]}, "config.unknown"),
    "an optimizer of another family": ({"optimizer": _class("Dense", units=3)}, "config.value"),
    "an optimizer with an unknown key": ({"optimizer": _class("Adam", "keras.optimizers", evil=1)}, "config.key"),
    "an unknown key": ({"evil": 1}, "config.key"),
    "a metric of 10**12 thresholds": ({"metrics": [_class("AUC", "keras.metrics", num_thresholds=10**12)]}, "config.size"),
    "ten metrics of 100,000 thresholds": ({"metrics": [_class("AUC", "keras.metrics", num_thresholds=10**5)] * 10}, "config.size"),
    "a metric of a foreign module": ({"metrics": [_class("Popen", "subprocess")]}, "config.unknown"),
    "a metric without a configuration": ({"metrics": [{"class_name": "MeanMetricWrapper"}]}, "config.kind"),
    "metrics that are text in lists": ({"metrics": [[["a", 1]]]}, "config.value"),
    "a loss that is a number": ({"loss": 3}, "config.value"),
    "a learning rate from an address": (
        {"optimizer": _class("Adam", "keras.optimizers", learning_rate={"url": "https://example.org"})},
        "config.path",
    ),
}
# Whole JSON that describes no model.
_NO_MODEL: dict[str, tuple[Callable[[], bytes], str]] = {
    **{f"a table with {name}": (make, "config.form") for name, make in FOREIGN.items()},
    "a layer": (lambda: json.dumps(_class("Dense", units=3)).encode(), "config.form"),
    "a function": (lambda: json.dumps(_function("relu")).encode(), "config.form"),
    "a class": (lambda: json.dumps(_function("Dense", "keras.layers") | {"class_name": "type"}).encode(), "config.form"),
    "bytes": (lambda: json.dumps({"class_name": "__bytes__", "config": {"value": "a"}}).encode(), "config.form"),
}


def _graph(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    """The model that is a graph, changed."""
    found: dict[str, Any] = json.loads(read(graphs(".keras")["latest.keras"], "config.json"))
    change(found["config"])
    return found


def _operation(config: dict[str, Any]) -> dict[str, Any]:
    return next(layer for layer in config["layers"] if "ops" in layer["module"])


def _apart(config: dict[str, Any], name: str, module: str, **arguments: Any) -> None:
    """Let the operation take an axis of a million elements apart, by arguments that stand in the call."""
    config["layers"][1]["config"]["units"] = 10**6
    found = _operation(config)
    found.update(_class(name, module, name, **arguments))
    found["inbound_nodes"][0]["kwargs"] = {"axis": 1} if name == "OpCall" else {"indices_or_sections": 10**6}


_GRAPHS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a layer without a name": (lambda config: config["layers"][1].update(name=None, config={"units": 2}), "config.form"),
    "a number instead of layers": (lambda config: config.update(layers=3), "config.form"),
    "an operation whose configuration is a list": (lambda config: _operation(config).update(config=[1]), "config.form"),
    "an operation of too many tensors": (lambda config: _operation(config)["inbound_nodes"][0]["args"].extend([1, 2, 3]), "config.graph"),
    "a call whose arguments are a number": (lambda config: config["layers"][1]["inbound_nodes"][0].update(args=3), "config.kind"),
    "an operation of ours that gives 10**6 tensors": (lambda config: _apart(config, "OpCall", "amalthea.ops", function="unstack"), "config.size"),
    "an operation that is called to give 10**6 tensors": (
        lambda config: _apart(config, "Split", "keras.src.ops.numpy", indices_or_sections=2, axis=-1),
        "config.size",
    ),
    "an operation along 10**7 elements": (
        lambda config: _operation(config).update(
            _class("ExtractSequences", "keras.src.ops.math", "ExtractSequences", sequence_length=10**7, sequence_stride=1)
        ),
        "config.size",
    ),
}


def _models() -> Iterator[tuple[str, Callable[[], bytes | Any], str]]:
    """Descriptions of models, or what stands in their place, with the codes of the errors."""
    for name, (code, text) in TEXTS.items():
        yield name, text, code
    for name, (code, text) in HEAVY.items():
        yield f"much: {name}", text, code
    for name, (make, code) in _NO_MODEL.items():
        yield name, make, code
    for name, hostile in HOSTILE.items():
        if "compile_config" not in hostile.build():
            yield name, hostile.build, _DEEP.get(name, hostile.code)
    for name, gadget in _GADGETS.items():
        yield f"{name}, as an activation", lambda gadget=gadget: _layer(activation=gadget), "config.unknown"
    for name, (change, code) in _GRAPHS.items():
        yield name, lambda change=change: _graph(change), code
    for name, (layer, code) in _LAYERS.items():
        yield name, lambda layer=layer: _with(layer), code
    for name, (arguments, code) in _ARGUMENTS.items():
        yield name, lambda arguments=arguments: _layer(**arguments), code


# Enough to see that the same reader is at work.
_FEW = ("cut", "a key twice", "NaN", "lists in lists", "long")


def _compiled(described: dict[str, Any]) -> dict[str, Any]:
    """What `described` says of training, as HDF5 files say it."""
    compiled = described["compile_config"]
    optimizer = compiled["optimizer"]
    optimizer = {"class_name": "Adam", "config": {}} if isinstance(optimizer, str) else optimizer
    return {key: value for key, value in compiled.items() if key != "optimizer"} | {"optimizer_config": optimizer}


def cases() -> Iterator[Case]:
    """Hostile descriptions in both kinds of files, and metadata."""
    for name, make, code in _models():
        yield Case(f"model: {name}", ".keras", of_bytes(lambda make=make: in_archive(make())), code, "json" if code.startswith("json") else "model")
        # The strings of HDF5 are Unicode for its reader already.
        in_file = "hdf5.text" if code == "json.text" and name != "half of a pair" else code
        if name != "long" and not name.startswith("much"):
            yield Case(
                f"model in HDF5: {name}",
                ".h5",
                of_bytes(lambda make=make: in_hdf5(make())),
                in_file,
                "container" if in_file == "hdf5.text" else "model",
            )
        yield Case(
            f"text: {name}", MODEL_TEXT if code == "config.form" and name in _NO_MODEL else TEXT, of_bytes(lambda make=make: _as_text(make())), code
        )
    for name, (arguments, code) in _TRAINING.items():
        yield Case(f"text: training: {name}", TEXT, of_bytes(lambda arguments=arguments: _as_text(_trained(**arguments))), code)
        yield Case(f"training: {name}", ".keras", of_bytes(lambda arguments=arguments: in_archive(_trained(**arguments))), code, "training")
        in_file = of_bytes(lambda arguments=arguments: in_hdf5(_compiled(_trained(**arguments)), "training_config"))
        if name != "an unknown key":  # `compile` gets known ones only
            yield Case(f"training in HDF5: {name}", ".h5", in_file, code, "training")
    for name in _FEW:
        code, text = TEXTS[name]
        yield Case(f"training in HDF5: {name}", ".h5", of_bytes(lambda text=text: in_hdf5(text(), "training_config")), code, "training")
        yield Case(f"metadata: {name}", ".keras", of_bytes(lambda text=text: keras(metadata=text())), code)
    yield Case("metadata: a list", ".keras", of_bytes(lambda: keras(metadata=b"[1]")), "keras.metadata")
    yield Case("metadata: hashes that are a list", ".keras", of_bytes(lambda: keras(metadata=b'{"sha256": [1]}')), "keras.metadata")
    yield Case("metadata: another hash", ".keras", of_bytes(lambda: keras(metadata=b'{"sha256": {"config.json": "0"}}')), "keras.hash")
    yield Case("metadata: the hash of nothing", ".keras", of_bytes(lambda: keras(metadata=b'{"sha256": {"x": "0"}}')), "keras.incomplete")
    yield Case("archive: a member of nothing", ".keras", of_bytes(lambda: keras(readme=b"hello")), "keras.member", "model")
    yield Case("model: a list of models", ".keras", of_bytes(lambda: in_archive([config()])), "keras.config", "json")
    yield Case("model: text", ".keras", of_bytes(lambda: in_archive("os.system")), "keras.config", "json")
    yield Case("model in HDF5: a list of models", ".h5", of_bytes(lambda: in_hdf5([config()])), "hdf5.config", "model")
    yield Case("model in HDF5: none", ".h5", of_bytes(_none), "format.no_model", "model", loaded_by=("inspect",))
    yield Case("model in HDF5: a number", ".h5", of_bytes(_number), "hdf5.config", "model")
    yield Case("training in HDF5: no optimizer", ".h5", of_bytes(lambda: in_hdf5({"loss": "mse"}, "training_config")), "hdf5.config", "training")


def _none() -> bytes:
    file = io.BytesIO(data(".h5"))
    with h5py.File(file, "r+") as store:
        del store.attrs["model_config"]
    return file.getvalue()


def _number() -> bytes:
    file = io.BytesIO(data(".h5"))
    with h5py.File(file, "r+") as store:
        store.attrs["model_config"] = np.arange(3)
    return file.getvalue()
