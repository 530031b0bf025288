"""Configurations as the older HDF5 files have them: models without the modules of their layers, and how they were compiled.

How Keras 2 wrote the parts of a model is the business of `amalthea.saving.legacy`. All functions here take plain values and give plain values.
"""

from __future__ import annotations

from typing import Any

from amalthea import tree
from amalthea.saving import names

Config = dict[str, Any]

_COMPILE_ARGUMENTS = ("loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution", "jit_compile")
_MODELS = ("Sequential", "Functional")
# Keras does not find these losses by their short names when it reads HDF5 files.
_FULL_NAMES = {
    "mse": "mean_squared_error",
    "mae": "mean_absolute_error",
    "mape": "mean_absolute_percentage_error",
    "msle": "mean_squared_logarithmic_error",
}


# --- read ---


def compile_config(training: Config) -> Config:
    """The arguments of `compile` in a `training_config`, in either dialect.

    Example:
        >>> compile_config({"loss": "mse", "metrics": [["mae"]], "optimizer_config": {"class_name": "SGD", "config": {"lr": 0.5}}})
        {'loss': 'mse', 'metrics': ['mae'], 'optimizer': {'class_name': 'SGD', 'config': {'lr': 0.5}}}
    """
    found = {key: training[key] for key in _COMPILE_ARGUMENTS if training.get(key) is not None}
    found |= {key: _metrics(found[key]) for key in ("metrics", "weighted_metrics") if key in found}
    return {**found, "optimizer": training["optimizer_config"]}


def _metrics(metrics: Any) -> Any:
    """Metrics, for a model of one output without the list around them that Keras 2 wrote."""
    if isinstance(metrics, list) and len(metrics) == 1 and isinstance(metrics[0], list):
        metrics = metrics[0]
    if isinstance(metrics, list):
        return [_metrics(part) if isinstance(part, list) else _metric(part) for part in metrics]
    if isinstance(metrics, dict) and "class_name" not in metrics:
        return {key: _metrics(part) for key, part in metrics.items()}
    return _metric(metrics)


def _metric(metric: Any) -> Any:
    """A metric; one that stands for a function names it in full."""
    config = metric.get("config") if isinstance(metric, dict) and metric.get("class_name") == "MeanMetricWrapper" else None
    if isinstance(config, dict) and isinstance(config.get("fn"), str):
        function = {"module": "builtins", "class_name": "function", "config": config["fn"], "registered_name": "function"}
        return {**metric, "config": {**config, "fn": function}}
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
    return {"class_name": _class_name(described), "config": config, **rest}


def _class_name(described: Config) -> str:
    """The name by which these files name a class: that under which it was registered, or under which it was defined."""
    public = names.classes_named(described.get("module"), described["class_name"])
    own: str = public[0].__name__ if len(public) == 1 else described["class_name"]
    return described.get("registered_name") or own


def _is_layer(described: Config) -> bool:
    """Whether this is a layer, and not a call of a function, whose module is needed to find it."""
    return not (described.get("module") or "").startswith(("keras.ops", "keras.src.ops"))


def training_config(compiled: Config) -> Config:
    """The arguments of `compile` as HDF5 files have them."""
    found = {key: _short_everywhere(compiled.get(key)) for key in _COMPILE_ARGUMENTS}
    found["loss"] = tree.map_structure(lambda name: _FULL_NAMES.get(str(name).lower(), name), found["loss"])
    return {**found, "optimizer_config": _pair(compiled["optimizer"])}


def _short_everywhere(value: Any) -> Any:
    if isinstance(value, dict):
        return _pair(value) if "class_name" in value and "config" in value else {key: _short_everywhere(part) for key, part in value.items()}
    return [_short_everywhere(part) for part in value] if isinstance(value, (list, tuple)) else value


def _pair(described: Config) -> Config:
    if described["class_name"] == "function":
        return described["config"]  # type: ignore[no-any-return]
    return {"class_name": _class_name(described), "config": described["config"]}
