"""Configurations that must be refused, as data: whatever loads models can be tested with them.

Example:
    >>> from amalthea.saving import deserialize_keras_object
    >>> case = HOSTILE["bytecode"]
    >>> try:
    ...     deserialize_keras_object(case.build())
    ... except ValueError as error:
    ...     print(error.code == case.code)
    True
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Hostile(NamedTuple):
    """A configuration that must be refused.

    Args:
        build: makes it.
        code: the code of the error, one of `amalthea.saving.faults.CODES`.
    """

    build: Callable[[], dict[str, Any]]
    code: str


def _object(class_name: Any, config: Any, module: Any = "keras.layers", registered_name: Any = None, **more: Any) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered_name, **more}


def _dense(**arguments: Any) -> dict[str, Any]:
    return _object("Dense", {"name": "dense", "units": 2, **arguments})


def _function(name: Any, module: Any = "builtins", registered_name: Any = "function") -> dict[str, Any]:
    return _object("function", name, module, registered_name)


def _tensor(layer: Any, call: Any = 0, output: Any = 0) -> dict[str, Any]:
    return {"class_name": "__keras_tensor__", "config": {"shape": [None, 4], "dtype": "float32", "keras_history": [layer, call, output]}}


def _call(*tensors: Any, **arguments: Any) -> dict[str, Any]:
    return {"args": list(tensors), "kwargs": arguments}


def _input(size: Any = 4) -> dict[str, Any]:
    config = {"batch_shape": [None, size], "dtype": "float32", "name": "x"}
    return _object("InputLayer", config, name="x", inbound_nodes=[])


def _placed(described: dict[str, Any], *calls: Any, name: str = "dense") -> dict[str, Any]:
    return {**described, "name": name, "inbound_nodes": list(calls)}


def _graph(*layers: Any, inputs: Any = ("x", 0, 0), outputs: Any = ("dense", 0, 0)) -> dict[str, Any]:
    config = {"name": "model", "trainable": True, "layers": list(layers), "input_layers": list(inputs), "output_layers": list(outputs)}
    return _object("Functional", config, "keras.src.models.functional", "Functional")


def _sequential(*layers: Any, **more: Any) -> dict[str, Any]:
    return _object("Sequential", {"name": "model", "layers": list(layers)}, "keras", **more)


def _lambda(**parts: Any) -> dict[str, Any]:
    return _object("Lambda", {"name": "lambda", **parts})


def _bytecode() -> dict[str, Any]:
    return {"class_name": "__lambda__", "config": {"code": "4wEAAAAAAAAA", "defaults": None, "closure": None}}


def _operation(class_name: str, module: str = "keras.src.ops.numpy", registered_name: Any = None, **config: Any) -> dict[str, Any]:
    return _placed(_object(class_name, {"name": "op", **config}, module, registered_name or class_name), _call(_tensor("x")), name="op")


def _nested(levels: int) -> dict[str, Any]:
    made: Any = 1
    for _ in range(levels):
        made = [made]
    return _dense(activation=made)


def _wrapped(levels: int) -> dict[str, Any]:
    made = _dense()
    for _ in range(levels):
        made = _object("TimeDistributed", {"layer": made})
    return made


_X = _tensor("x")

HOSTILE: dict[str, Hostile] = {
    # code
    "bytecode": Hostile(lambda: _lambda(function=_bytecode()), "config.code"),
    "bytecode of an output shape": Hostile(lambda: _lambda(function=_function("relu"), output_shape=_bytecode()), "config.code"),
    "bytecode in a model": Hostile(lambda: _sequential(_input(), _lambda(function=_bytecode())), "config.code"),
    "bytecode as an activation": Hostile(lambda: _dense(activation=_bytecode()), "config.code"),
    "bytecode of Keras 2": Hostile(lambda: _lambda(function=["4wEAAAAA", None, None], function_type="lambda"), "config.code"),
    "bytecode as a loss": Hostile(lambda: _sequential(_input(), _dense(), compile_config={"optimizer": "sgd", "loss": _bytecode()}), "config.code"),
    "SavedModel": Hostile(lambda: _object("TFSMLayer", {"filepath": "/tmp/model", "call_endpoint": "serve"}), "config.code"),
    "pickled module": Hostile(
        lambda: _object("TorchModuleWrapper", {"module": {"class_name": "__bytes__", "config": {"value": "gASV"}}}), "config.code"
    ),
    "pickled module in a model": Hostile(lambda: _sequential(_object("TorchModuleWrapper", {"module": "gASV"})), "config.code"),
    # names
    "class of a foreign module": Hostile(lambda: _object("Popen", {"args": ["true"]}, "subprocess"), "config.unknown"),
    "public name in a foreign module": Hostile(lambda: _object("Dense", {"units": 2}, "evil"), "config.unknown"),
    "class that is an attribute": Hostile(lambda: _object("Dense.__init__", {"units": 2}), "config.unknown"),
    "dunder": Hostile(lambda: _object("__class__", {}), "config.unknown"),
    "module of a package": Hostile(lambda: _object("layer", {}, "keras.layers"), "config.unknown"),
    "private name of ours": Hostile(lambda: _object("Tracker", {}, "amalthea.state.tracking"), "config.unknown"),
    "registered name that is not": Hostile(lambda: _object("Dense", {"units": 2}, "keras.layers", "Custom>Dense"), "config.mismatch"),
    "function as a class": Hostile(lambda: _object("relu", {}, "keras.activations"), "config.mismatch"),
    "class as a function": Hostile(lambda: _dense(activation=_function("Dense")), "config.mismatch"),
    "built-in function": Hostile(lambda: _dense(activation=_function("eval")), "config.unknown"),
    "function with dots": Hostile(lambda: _dense(activation=_function("os.system")), "config.unknown"),
    "function of a foreign module": Hostile(lambda: _dense(activation=_function("system", "os", "system")), "config.unknown"),
    "public function of a foreign module": Hostile(lambda: _dense(activation=_function("relu", "os", "relu")), "config.unknown"),
    "function that deserializes": Hostile(lambda: _dense(activation=_function("deserialize")), "config.unknown"),
    "foreign class as a value": Hostile(lambda: _dense(activation=_object("type", "Popen", "subprocess")), "config.unknown"),
    "operation that is not one": Hostile(lambda: _graph(_input(), _operation("System"), outputs=("op", 0, 0)), "config.unknown"),
    "function of ours as an operation": Hostile(
        lambda: _graph(_input(), _operation("OpCall", "amalthea.ops", function="__builtins__"), outputs=("op", 0, 0)), "config.unknown"
    ),
    "operation under a registered name": Hostile(
        lambda: _graph(_input(), _operation("Add", registered_name="Custom>Add"), outputs=("op", 0, 0)), "config.mismatch"
    ),
    # form
    "class name that is a number": Hostile(lambda: _object(3, {}), "config.form"),
    "class name that is a list": Hostile(lambda: _object(["Dense"], {}), "config.form"),
    "module that is a dictionary": Hostile(lambda: _object("Dense", {"units": 2}, {"a": 1}), "config.form"),
    "configuration that is a list": Hostile(lambda: _object("Dense", [1, 2]), "config.form"),
    "configuration that is text": Hostile(lambda: _object("Dense", "units"), "config.form"),
    "function whose name is a dictionary": Hostile(lambda: _dense(activation=_function({"a": 1})), "config.form"),
    "layers that are a dictionary": Hostile(lambda: {**_graph(), "config": {**_graph()["config"], "layers": {"a": 1}}}, "config.form"),
    "layer that is a number": Hostile(lambda: _graph(_input(), 3), "config.form"),
    "call without arguments": Hostile(lambda: _graph(_input(), _placed(_dense(), {"kwargs": {}})), "config.form"),
    "deep lists": Hostile(lambda: _nested(500), "config.depth"),
    "deep layers": Hostile(lambda: _wrapped(200), "config.depth"),
    # keys and kinds
    "unknown key": Hostile(lambda: _dense(unist=3), "config.key"),
    "attribute as a key": Hostile(lambda: _dense(__class__="Model"), "config.key"),
    "key of a wrong kind": Hostile(lambda: _object("Dense", {"units": 2, 5: 1}), "config.key"),
    "unknown key of an operation": Hostile(lambda: _graph(_input(), _operation("Add", evil=1), outputs=("op", 0, 0)), "config.key"),
    "unknown key of an optimizer": Hostile(
        lambda: _sequential(_input(), _dense(), compile_config={"optimizer": _object("SGD", {"evil": 1}, "keras.optimizers")}), "config.key"
    ),
    "unknown key of compile": Hostile(lambda: _sequential(_input(), _dense(), compile_config={"optimizer": "sgd", "evil": 1}), "config.key"),
    "number that is text": Hostile(lambda: _object("Dense", {"units": "3"}), "config.kind"),
    "number that is a list": Hostile(lambda: _object("Dropout", {"rate": [0.5]}), "config.kind"),
    "number that is a truth value": Hostile(lambda: _object("Dense", {"units": True}), "config.kind"),
    "truth value that is text": Hostile(lambda: _dense(use_bias="no"), "config.kind"),
    "text that is a number": Hostile(lambda: _object("MaxPooling2D", {"padding": 3}), "config.kind"),
    "missing argument": Hostile(lambda: _object("Dense", {"use_bias": True}), "config.key"),
    # paths
    "vocabulary in a file": Hostile(lambda: _dense(activation={"vocabulary": "/etc/passwd"}), "config.path"),
    "address": Hostile(lambda: _dense(activation={"url": "https://example.org"}), "config.path"),
    # sizes
    "a layer of 10**12 units": Hostile(lambda: _sequential(_input(), _dense(units=10**12)), "config.size"),
    "an input of 10**12 features": Hostile(lambda: _sequential(_input(10**12), _dense()), "config.size"),
    "a table of 10**15 rows": Hostile(lambda: _sequential(_input(), _object("Embedding", {"input_dim": 10**15, "output_dim": 8})), "config.size"),
    "a product that overflows": Hostile(lambda: _sequential(_input(2**40), _dense(units=2**40)), "config.size"),
    "an integer of 100 digits": Hostile(lambda: _dense(units=10**100), "config.size"),
    "a metric with 10**12 thresholds": Hostile(lambda: _object("AUC", {"num_thresholds": 10**12}, "keras.metrics"), "config.size"),
    "10**9 parts": Hostile(
        lambda: _graph(_input(10**9), _operation("Split", indices_or_sections=10**9, axis=-1), outputs=("op", 0, 0)), "config.size"
    ),
    "10**9 parts of an axis": Hostile(
        lambda: _graph(_input(10**9), _operation("Unstack", "keras.src.ops.core", axis=1), outputs=("op", 0, 0)), "config.size"
    ),
    # values
    "negative size": Hostile(lambda: _sequential(_input(), _dense(units=-1)), "config.value"),
    "activation that is a command": Hostile(lambda: _dense(activation="os.system"), "config.value"),
    "shapes that do not fit": Hostile(
        lambda: _graph(_input(), _placed(_object("Conv2D", {"name": "dense", "filters": 1, "kernel_size": 3}), _call(_X))), "config.value"
    ),
    # graphs
    "cycle of one": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_tensor("dense")))), "config.graph"),
    "cycle of two": Hostile(
        lambda: _graph(_input(), _placed(_dense(), _call(_tensor("other"))), _placed(_dense(name="other"), _call(_tensor("dense")), name="other")),
        "config.graph",
    ),
    "cycle of calls": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_tensor("dense", 1)), _call(_X))), "config.graph"),
    "layer that is not there": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_tensor("dnese")))), "config.graph"),
    "call that is not there": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_tensor("x", 1)))), "config.graph"),
    "negative call": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_tensor("x", -1)))), "config.graph"),
    "output that is not there": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_X)), outputs=("dense", 0, 7)), "config.graph"),
    "output of an input that is not there": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_tensor("x", 0, 3)))), "config.graph"),
    "call that is text": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_tensor("x", "0")))), "config.graph"),
    "two layers of a name": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_X)), _placed(_dense(), _call(_X))), "config.graph"),
    "layer that nobody calls": Hostile(
        lambda: _graph(_input(), _placed(_dense(name="alone"), name="alone"), _placed(_dense(), _call(_tensor("alone")))), "config.graph"
    ),
    "input that is not there": Hostile(lambda: _graph(_input(), _placed(_dense(), _call(_X)), inputs=("y", 0, 0)), "config.graph"),
    "outputs without a layer": Hostile(lambda: _graph(_input(), outputs=(1, 2, 3)), "config.graph"),
}
