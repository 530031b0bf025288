"""Configurations as HDF5 files have them: those of Keras 2 in Keras 3's form, and Keras 3's in the shorter form that it writes there.

Keras 2 named a class without its module, a call of a layer as a list `[layer, call, output, arguments]`, and some arguments otherwise.
All functions here take plain values and give plain values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalthea import tree
from amalthea.errors import SerializationError, shown

Config = dict[str, Any]

_CLASSES = {"Model": "Functional", "Policy": "DTypePolicy"}
# Arguments that have another name now, by class; "" stands for all.
_RENAMED = {
    "InputLayer": {"batch_input_shape": "batch_shape"},
    "LeakyReLU": {"alpha": "negative_slope"},
    "ThresholdedReLU": {"theta": "threshold"},
    "Adam": {"lr": "learning_rate"},
    "SGD": {"lr": "learning_rate"},
    "RMSprop": {"lr": "learning_rate"},
    "Adagrad": {"lr": "learning_rate"},
    "Adadelta": {"lr": "learning_rate"},
    "Adamax": {"lr": "learning_rate"},
    "Nadam": {"lr": "learning_rate"},
}
# Arguments that went, with the values that meant nothing special (None: any value did).
_GONE: dict[str, dict[str, tuple[Any, ...] | None]] = {
    "": {"batch_input_shape": None, "input_dtype": None, "jit_compile": None, "is_legacy_optimizer": None, "decay": (0, 0.0, None), "fn": None},
    "Embedding": {"input_length": None},
    "LSTM": {"time_major": (False,), "implementation": None, "input_dim": None, "input_length": None},
    "GRU": {"time_major": (False,), "implementation": None, "input_dim": None, "input_length": None},
    "SimpleRNN": {"time_major": (False,), "input_dim": None, "input_length": None},
    "RNN": {"time_major": (False,), "input_dim": None, "input_length": None},
    "LSTMCell": {"implementation": None},
    "GRUCell": {"implementation": None},
    "MultiHeadAttention": {"query_shape": None, "key_shape": None, "value_shape": None, "softmax_robust_masking": None},
}
# Classes of which the function is an argument, and not a note.
_OF_FUNCTIONS = ("MeanMetricWrapper", "LossFunctionWrapper")
_COMPILE_ARGUMENTS = ("loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution", "jit_compile")
# Keras does not find these losses by their short names when it reads HDF5 files.
_FULL_NAMES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}
_MODELS = ("Sequential", "Functional")


# --- read ---


def modern(described: Config) -> Config:
    """An object of either dialect in Keras 3's form.

    Example:
        >>> modern({"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "name": "x"}})
        {'class_name': 'InputLayer', 'config': {'batch_shape': [None, 3], 'name': 'x'}}
    """
    name = described["class_name"]
    if not isinstance(name, str):
        raise SerializationError(f"`class_name` must be a string. Received: {shown(name)}.")
    name = _CLASSES.get(name, name)
    config = described["config"]
    if name == "Sequential" and isinstance(config, list):  # before Keras 2.2.3 the layers stood alone
        config = {"layers": config}
    if isinstance(config, dict):
        config = _arguments(name, config)
        if name == "Sequential" and isinstance(config.get("layers"), list):
            config["layers"] = _with_input(config["layers"], described["config"])
        if name == "Functional" and isinstance(config.get("layers"), list):
            config = _graph(config)
    return {**described, "class_name": name, "config": config}


def _everywhere(value: Any) -> Any:
    """`modern` of all objects in a structure."""
    if isinstance(value, dict):
        return modern(value) if "class_name" in value and "config" in value else {key: _everywhere(part) for key, part in value.items()}
    return [_everywhere(part) for part in value] if isinstance(value, list) else value


def _arguments(name: str, config: Config) -> Config:
    renamed = _RENAMED.get(name, {})
    gone = {**_GONE[""], **_GONE.get(name, {})}
    found = {}
    for key, value in config.items():
        if key in gone and key not in renamed and not (key == "fn" and name in _OF_FUNCTIONS):
            meaningless = gone[key]
            if meaningless is not None and value not in meaningless:
                raise SerializationError(f"{shown(name)} was saved with {shown(key)}={value!r}, which Keras 3 does not have.")
            continue
        found[renamed.get(key, key)] = _everywhere(value)
    if name == "BatchNormalization" and isinstance(found.get("axis"), list) and len(found["axis"]) == 1:
        found["axis"] = found["axis"][0]
    if found.get("reduction") == "auto":
        found["reduction"] = "sum_over_batch_size"
    return found


def _with_input(layers: list[Any], before: Any) -> list[Any]:
    """The layers of a `Sequential`, begun by an input: where Keras 2 wrote none, its first layer told the shape."""
    old = before if isinstance(before, list) else before["layers"]
    first = old[0].get("config", {}) if old and isinstance(old[0], dict) else {}
    shape = first.get("batch_input_shape") if isinstance(first, dict) else None
    if shape is None or layers[0]["class_name"] == "InputLayer":
        return layers
    dtype = first.get("dtype") if isinstance(first.get("dtype"), str) else None
    made = {"class_name": "InputLayer", "config": {"batch_shape": shape, "dtype": dtype, "name": f"{first.get('name', 'layer')}_input"}}
    return [made, *layers]


def _graph(config: Config) -> Config:
    """A functional model whose calls are written in Keras 3's form."""
    layers = config["layers"]
    if not any(isinstance(node, list) for layer in layers for node in layer.get("inbound_nodes", ())):
        return config
    # A nested model was called once in Keras 2 when it was made: its calls count from 1 there.
    begins = {layer["name"]: 1 for layer in layers if _is_nested(layer)}
    calls = [{**layer, "inbound_nodes": [_call(layer, node, begins) for node in layer["inbound_nodes"]]} for layer in layers]
    return {**config, "layers": calls, **{key: _ends(config[key], begins) for key in ("input_layers", "output_layers")}}


def _is_nested(layer: Config) -> bool:
    inside = layer["config"].get("layers") if layer["class_name"] in _MODELS else None
    return isinstance(inside, list) and bool(inside) and inside[0]["class_name"] == "InputLayer"


def _call(layer: Config, node: Any, begins: Mapping[str, int]) -> Config:
    if layer["class_name"] in ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"):
        raise SerializationError(
            f"The model calls TensorFlow's own function {shown(layer['config'].get('function', layer['name']))}, which Keras 3 does not read either. "
            "Rebuild the model in code, and load its weights with `load_weights(path, by_name=True)`."
        )
    try:
        tensors = [_tensor(address, begins) for address in node]
        kwargs = node[0][3] if len(node[0]) > 3 else {}
        return {"args": tensors if len(tensors) == 1 else [tensors], "kwargs": {key: _maybe_tensor(value, begins) for key, value in kwargs.items()}}
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise SerializationError(f"The call of the layer {shown(layer.get('name'))} is not understood: {shown(node)}.") from error


def _tensor(address: Any, begins: Mapping[str, int]) -> Config:
    return {"class_name": "__keras_tensor__", "config": {"shape": None, "dtype": "float32", "keras_history": _moved(address[:3], begins)}}


def _maybe_tensor(value: Any, begins: Mapping[str, int]) -> Any:
    return _tensor(value, begins) if _is_address(value) else value


def _is_address(value: Any) -> bool:
    return isinstance(value, list) and len(value) in (3, 4) and isinstance(value[0], str) and all(type(part) is int for part in value[1:3])


def _moved(address: list[Any], begins: Mapping[str, int]) -> list[Any]:
    name, call, output = address
    return [name, call - begins.get(name, 0), output]


def _ends(ends: Any, begins: Mapping[str, int]) -> Any:
    """Inputs or outputs: Keras 2 wrote a list of one where there was one."""
    if _is_address(ends):
        return _moved(ends, begins)
    if isinstance(ends, dict):
        return {key: _ends(part, begins) for key, part in ends.items()}
    moved = [_ends(part, begins) for part in ends]
    return moved[0] if len(moved) == 1 else moved


def compile_config(training: Config) -> Config:
    """The arguments of `compile` in a `training_config`."""
    found = {key: _everywhere(training[key]) for key in _COMPILE_ARGUMENTS if training.get(key) is not None}
    for key in ("metrics", "weighted_metrics"):
        found[key] = _metrics(found.get(key))
    described = dict(training["optimizer_config"])
    # Keras 2 registered its own optimizers as if they were the user's.
    described["class_name"] = described["class_name"].removeprefix("Custom>")
    found["optimizer"] = _everywhere(described)
    return found


def _metrics(metrics: Any) -> Any:
    """Metrics, for a model of one output without the list around them that Keras 2 wrote."""
    if isinstance(metrics, list):
        one = metrics[0] if len(metrics) == 1 and isinstance(metrics[0], list) else metrics
        return [_metrics(part) if isinstance(part, list) else _metric(part) for part in one]
    return (
        {key: _metrics(part) if isinstance(part, list) else _metric(part) for key, part in metrics.items()} if isinstance(metrics, dict) else metrics
    )


def _metric(metric: Any) -> Any:
    """A metric; one that stands for a function names it in full."""
    if isinstance(metric, dict) and metric.get("class_name") == "MeanMetricWrapper" and isinstance(metric["config"].get("fn"), str):
        function = {"module": "builtins", "class_name": "function", "config": metric["config"]["fn"], "registered_name": "function"}
        return {**metric, "module": "keras.metrics", "config": {**metric["config"], "fn": function}}
    return metric


# --- written ---


def short(described: Config) -> Config:
    """A model as Keras 3 describes it in HDF5 files: classes of layers without their modules.

    Example:
        >>> short({"module": "keras.layers", "class_name": "Dense", "config": {"units": 1}, "registered_name": None, "build_config": {}})
        {'class_name': 'Dense', 'config': {'units': 1}}
    """
    config = described["config"]
    if described["class_name"] in _MODELS:
        config = {**config, "layers": [short(layer) if _is_layer(layer) else layer for layer in config["layers"]]}
    rest: Config = {key: described[key] for key in ("name", "inbound_nodes") if key in described}
    return {"class_name": described.get("registered_name") or described["class_name"], "config": config, **rest}


def _is_layer(described: Config) -> bool:
    """Whether this is a layer, and not a call of a function, whose module is needed to find it."""
    return not (described.get("module") or "").startswith(("keras.ops", "keras.src.ops"))


def training_config(compiled: Config) -> Config:
    """The arguments of `compile` as HDF5 files have them."""
    found = {key: _short_everywhere(compiled.get(key)) for key in _COMPILE_ARGUMENTS}
    found["loss"] = tree.map_structure(lambda name: _FULL_NAMES.get(str(name).lower(), name), found["loss"])
    optimizer = compiled["optimizer"]
    return {**found, "optimizer_config": _pair(optimizer) if isinstance(optimizer, dict) else {"class_name": optimizer, "config": {}}}


def _short_everywhere(value: Any) -> Any:
    if isinstance(value, dict):
        return _pair(value) if "class_name" in value and "config" in value else {key: _short_everywhere(part) for key, part in value.items()}
    return [_short_everywhere(part) for part in value] if isinstance(value, (list, tuple)) else value


def _pair(described: Config) -> Config:
    if described["class_name"] == "function":
        return described["config"]  # type: ignore[no-any-return]
    return {"class_name": described.get("registered_name") or described["class_name"], "config": described["config"]}
