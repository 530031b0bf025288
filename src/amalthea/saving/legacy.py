"""Configurations in the dialect of Keras 2 (and of `tf_keras`), rewritten in that of Keras 3.

What differs stands in tables. What they do not know stays as it is, and is complained about where the configuration is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from amalthea.saving import names
from amalthea.saving.graphs import is_address, is_graph, name_of

Config = Mapping[str, Any]

# Which family an object without a module belongs to, by the key that it stands under (or by the end of that key).
_FAMILY_OF_KEY = {
    "_constraint": "keras.constraints",
    "_initializer": "keras.initializers",
    "_regularizer": "keras.regularizers",
    "backward_layer": "keras.layers",
    "cell": "keras.layers",
    "cells": "keras.layers",
    "layer": "keras.layers",
    "layers": "keras.layers",
    "learning_rate": "keras.optimizers.schedules",
    "loss": "keras.losses",
    "metrics": "keras.metrics",
    "optimizer": "keras.optimizers",
    "optimizer_config": "keras.optimizers",
    "weighted_metrics": "keras.metrics",
}
# A family's members of another family.
_ALSO = {"keras.layers": ("keras.models",)}

# Arguments that are gone, by class or base class, with the values that change nothing; None: whatever the value.
_GONE: dict[str, dict[str, tuple[Any, ...] | None]] = {
    "BaseDepthwise": dict.fromkeys(("filters", "groups", "kernel_constraint", "kernel_initializer", "kernel_regularizer")),
    "BaseSeparable": dict.fromkeys(("groups", "kernel_constraint", "kernel_initializer", "kernel_regularizer")),
    "BaseConvTranspose": {"groups": (1,)},
    "BatchNormalization": {"fused": None, "renorm": (False,), "renorm_clipping": None, "renorm_momentum": None, "virtual_batch_size": (None,)},
    "Embedding": {"input_length": None},
    "Initializer": {"dtype": None},
    "Layer": {"batch_input_shape": None},
    "Loss": {"fn": None},
    "MultiHeadAttention": dict.fromkeys(("key_shape", "query_shape", "softmax_robust_masking", "value_shape")),
    "Nadam": {"decay": None},  # of its momentum, where it is a constant now
    "Optimizer": {"is_legacy_optimizer": None, "jit_compile": None, "schedule_decay": None},
    "RNN": {"implementation": None, "time_major": (False,)},
    **{key: {"implementation": None} for key in ("GRUCell", "LSTMCell", "SimpleRNNCell")},
    "BaseSpatialDropout": {"noise_shape": (None,)},
}
# Arguments with new names, by class or base class.
_RENAMED = {
    "InputLayer": {"batch_input_shape": "batch_shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "Optimizer": {"lr": "learning_rate"},
}
# Arguments whose values are written otherwise, by class or base class.
_REWRITTEN: dict[str, dict[str, Callable[[Any], Any]]] = {
    "BatchNormalization": {"axis": lambda axis: axis[0] if isinstance(axis, (list, tuple)) and len(axis) == 1 else axis},
    "Layer": {"dtype": lambda dtype: _policy(dtype)},
    "Loss": {"reduction": lambda reduction: "sum_over_batch_size" if reduction == "auto" else reduction},
}
_POLICIES = ("Policy", "PolicyV1")
_CUSTOM = "Custom>"
_CONSTANT = "_CONSTANT_VALUE"


def modern(config: Any) -> Any:
    """`config`, in whatever dialect, in that of Keras 3.

    Example:
        >>> modern({"class_name": "InputLayer", "config": {"batch_input_shape": [None, 2], "name": "x"}})["config"]
        {'name': 'x', 'batch_shape': [None, 2]}
    """
    return _part(config, None)


def _part(value: Any, family: str | None) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_part(part, family) for part in value)
    if not isinstance(value, Mapping):
        return value
    if "class_name" in value and "config" in value:
        return _object(value, family)
    return {key: _part(part, _family(key, family)) for key, part in value.items()}


def _family(key: Any, around: str | None) -> str | None:
    """The family of what stands under `key`."""
    text = str(key)
    return _FAMILY_OF_KEY.get(text) or _FAMILY_OF_KEY.get("_" + text.rpartition("_")[2]) or around


def _object(value: Config, family: str | None) -> Config:
    name, config = value["class_name"], value["config"]
    if not isinstance(name, str) or name.startswith("__") or name in ("function", "type"):
        return value
    value = {**_named(value, name, family)}
    cls = _public_class(value)
    if cls is None:
        value["config"] = _part(config, None)
        return value
    if isinstance(config, Sequence) and not isinstance(config, str) and cls.__name__ == "Sequential":
        config = {"layers": config}  # how the first files of Keras 2 had it
    if not isinstance(config, Mapping):
        return value
    config = _arguments(cls, config)
    config = {key: _part(part, _family(key, None)) for key, part in config.items()}
    if is_graph(config):
        config = modern_graph(config)
    elif cls.__name__ == "Sequential":
        config = _with_input(config, value["config"])
    value["config"] = config
    if "compile_config" in value:
        value["compile_config"] = _part(value["compile_config"], None)
    return value


def _named(value: Config, name: str, family: str | None) -> Config:
    """`value` with the module of its class, if it has none and the family has a class of this name."""
    if "module" in value:
        return value
    plain = name.removeprefix(_CUSTOM)
    homes = (family, *_ALSO.get(family, ())) if family is not None else (None,)
    for home in homes:
        found = names.classes_named(home, plain)
        if len(found) == 1 or (found and home is None and plain in ("Functional", "Model", "Sequential")):
            module, class_name = names.home_of(found[0]) or (home, plain)
            return {"module": module, **value, "class_name": class_name, "registered_name": class_name if module == names.FUNCTIONAL else None}
    return value


def _public_class(value: Config) -> type | None:
    module, name = value.get("module"), value.get("class_name")
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    found = names.classes_named(module, name)
    return found[0] if found else None


def _arguments(cls: type, config: Config) -> dict[str, Any]:
    """The arguments of a class, with names and values of now."""
    made = dict(config)
    for base in (base.__name__ for base in reversed(cls.__mro__)):
        if base == "Layer" and cls.__name__ == "InputLayer":
            continue
        for key, harmless in _GONE.get(base, {}).items():
            if key in made and (harmless is None or made[key] in harmless):
                del made[key]
    for base in (base.__name__ for base in cls.__mro__):
        for old, new in _RENAMED.get(base, {}).items():
            if old in made:
                made[new] = made.pop(old)
        for key, rewrite in _REWRITTEN.get(base, {}).items():
            if key in made:
                made[key] = rewrite(made[key])
    if "decay" in made and any(base.__name__ == "Optimizer" for base in cls.__mro__):
        made["learning_rate"] = _decayed(made.get("learning_rate"), made.pop("decay"))
    if cls.__name__ == "Lambda" and "function_type" in made:
        made = _lambda(made)
    return made


def _policy(dtype: Any) -> Any:
    if isinstance(dtype, Mapping) and dtype.get("class_name") in _POLICIES and isinstance(dtype.get("config"), Mapping):
        return dtype["config"].get("name")
    return dtype


def _decayed(rate: Any, decay: Any) -> Any:
    """The learning rate `rate / (1 + decay * step)`, as a schedule."""
    if not decay or not isinstance(rate, (int, float)):
        return rate
    config = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay, "staircase": False, "name": "InverseTimeDecay"}
    return {"module": "keras.optimizers.schedules", "class_name": "InverseTimeDecay", "config": config, "registered_name": None}


def _lambda(config: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a `Lambda`: functions by name, or bytecode, which is refused later."""
    made = {key: value for key, value in config.items() if key not in ("module", "output_shape_module", "output_shape_type")}
    kind, function = made.pop("function_type"), made.get("function")
    if kind == "function":
        made["function"] = {"class_name": "function", "config": function}
    else:
        made["function"] = {"class_name": "__lambda__", "config": {}}
    if config.get("output_shape_type") == "function":
        made["output_shape"] = {"class_name": "function", "config": made["output_shape"]}
    elif config.get("output_shape_type") == "lambda":
        made["output_shape"] = {"class_name": "__lambda__", "config": {}}
    return made


def _with_input(config: Config, old: Any) -> Config:
    """A list of layers that begins with an input, where the first layer said what its shape is."""
    layers = config.get("layers")
    before = old.get("layers") if isinstance(old, Mapping) else old
    if not isinstance(layers, (list, tuple)) or not layers or not isinstance(before, (list, tuple)) or not isinstance(before[0], Mapping):
        return config
    first = before[0].get("config")
    if before[0].get("class_name") == "InputLayer" or not isinstance(first, Mapping) or "batch_input_shape" not in first:
        return config
    dtype = first.get("dtype")
    entry = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {
            "batch_shape": first["batch_input_shape"],
            "dtype": dtype if isinstance(dtype, str) else "float32",
            "name": f"{first.get('name', 'layer')}_input",
        },
        "registered_name": None,
    }
    return {**config, "layers": [entry, *layers]}


# --- graphs ---


def modern_graph(config: Config) -> Config:
    """A graph whose calls are lists of [layer, call, output, arguments], with calls as Keras 3 has them; any other as it is."""
    layers = config["layers"]
    if not isinstance(layers, (list, tuple)) or not any(_has_old_calls(layer) for layer in layers):
        return config
    # A model inside a graph counted the call that made it.
    named = {name: layer for layer in layers if isinstance(layer, Mapping) and isinstance(name := name_of(layer), str)}
    calls = _Calls(set(named), {name for name, layer in named.items() if _is_model(layer)})
    return {
        **config,
        "layers": [calls.layer(layer) if isinstance(layer, Mapping) else layer for layer in layers],
        **{key: calls.ends(config[key]) for key in ("input_layers", "output_layers")},
    }


def _has_old_calls(layer: Any) -> bool:
    nodes = layer.get("inbound_nodes") if isinstance(layer, Mapping) else None
    return isinstance(nodes, (list, tuple)) and any(isinstance(node, (list, tuple)) for node in nodes)


def _is_model(layer: Config) -> bool:
    config = layer.get("config")
    return isinstance(config, Mapping) and "layers" in config


class _Calls:
    """Rewrites the calls of one graph."""

    def __init__(self, described: set[str], shifted: set[str]) -> None:
        self.described, self.shifted = described, shifted

    def layer(self, layer: Config) -> Config:
        nodes = layer.get("inbound_nodes")
        if not isinstance(nodes, (list, tuple)):
            return layer
        calls = [self.call(node) for node in nodes]
        cls = _public_class(layer)
        if cls is not None and any(base.__name__ == "RNN" for base in cls.__mro__):
            calls = [_with_initial_state(call) for call in calls]
        # The graph builds its layers; the shapes beside them list states as inputs, as the calls did.
        return {**{key: value for key, value in layer.items() if key != "build_config"}, "inbound_nodes": calls}

    def call(self, node: Any) -> Any:
        if isinstance(node, Mapping):
            if "args" in node:
                return node
            return {"args": [{key: self.tensor(entry) for key, entry in node.items()}], "kwargs": {}}
        if not isinstance(node, (list, tuple)) or not node:
            return node
        entries = [node] if isinstance(node[0], str) else node
        tensors = [self.tensor(entry) for entry in entries]
        more = entries[0][3] if isinstance(entries[0], (list, tuple)) and len(entries[0]) > 3 else {}
        kwargs = {key: self.argument(value) for key, value in more.items()} if isinstance(more, Mapping) else {}
        return {"args": [tensors[0] if len(tensors) == 1 else tensors], "kwargs": kwargs}

    def tensor(self, entry: Any) -> Any:
        if isinstance(entry, (list, tuple)) and len(entry) > 2 and entry[0] == _CONSTANT:
            return entry[2]
        address = list(entry[:3]) if isinstance(entry, (list, tuple)) else entry
        return {"class_name": "__keras_tensor__", "config": {"keras_history": self.address(address)}}

    def argument(self, value: Any) -> Any:
        if is_address(value) and value[0] in self.described:
            return self.tensor(value)
        if isinstance(value, (list, tuple)):
            return [self.argument(part) for part in value]
        return value

    def address(self, address: Any) -> Any:
        if is_address(address) and address[0] in self.shifted and address[1]:
            return [address[0], address[1] - 1, address[2]]
        return address

    def ends(self, structure: Any) -> Any:
        """The inputs or outputs of a model; a list of one meant the one."""
        if is_address(structure):
            return self.address(structure)
        if isinstance(structure, Mapping):
            return {key: self.ends(part) for key, part in structure.items()}
        if isinstance(structure, (list, tuple)) and len(structure) == 1:
            return self.ends(structure[0])
        return [self.ends(part) for part in structure] if isinstance(structure, (list, tuple)) else structure


def _with_initial_state(call: Any) -> Any:
    """States that were listed beside the sequence are an argument of their own."""
    args = call["args"] if isinstance(call, Mapping) else None
    if not args or not isinstance(args[0], list):
        return call
    sequence, *states = args[0]
    return {"args": [sequence], "kwargs": {**call["kwargs"], "initial_state": states}}
