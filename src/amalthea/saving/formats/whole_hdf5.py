"""Whole models, and weights by layers, in HDF5 files of the older layout: `.h5` and `.hdf5`, of Keras 2 and Keras 3.

Attributes hold the configurations; a group for each layer names its weights in order. Files of weights alone have these groups at the top.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from amalthea import engines
from amalthea.errors import ArgumentError, ModelFileError, SerializationError, shown
from amalthea.saving.fitting import Entry, LoadReport, Plan
from amalthea.saving.formats import dialect, optimizer_weights
from amalthea.saving.formats.interface import ModelFile, all_variables, check_built
from amalthea.saving.formats.weights_hdf5 import entry, write_tensor
from amalthea.saving.reading import hdf5
from amalthea.saving.reading import json as plain
from amalthea.saving.replacing import replacing
from amalthea.saving.serialization import deserialize_model, serialize_keras_object
from amalthea.version import KERAS_API

_WEIGHTS, _OPTIMIZER, _TOP = "model_weights", "optimizer_weights", "top_level_model_weights"
# An object header of HDF5 holds 64 KiB: longer lists of names are cut into several attributes.
_HEADER_LIMIT = 64512
# Versions of Keras whose optimizers had the weights in the order of their names, and not in that of the layers.
_SORTED = frozenset(f"2.0.{patch}" for patch in range(6))

Layers = list[tuple[str, list[tuple[str, Entry]]]]


class WholeHdf5(ModelFile):
    """An `.h5` file with groups for layers."""

    title = "a whole model, or weights by layers (older HDF5)"
    suffixes = (".h5", ".hdf5")

    @staticmethod
    def recognises(root: hdf5.Group) -> bool:
        """Whether an HDF5 file is of this layout."""
        return _WEIGHTS in root or "model_config" in root.attrs or "layer_names" in root.attrs or "layer_names0" in root.attrs

    def load_weights(self, model: Any, skip_mismatch: bool = False, by_name: bool = False, objects_to_skip: Sequence[Any] = ()) -> LoadReport:
        if objects_to_skip:
            raise ArgumentError(f"`objects_to_skip` is for files that keep weights by objects, such as '.weights.h5'; {self.place} is {self.title}.")
        check_built(model)
        plan = Plan(self.place, partial=skip_mismatch)
        layers = self.layers()
        (_plan_by_name if by_name else _plan_by_order)(plan, model, layers)
        return plan.carry_out(all_variables(model), self.check_unchanged)

    def load_model(self, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
        config = self.config("model_config")
        if config is None:
            raise ModelFileError(
                "format.no_model", self.place, "The file holds weights, but describes no model.", "Make it, and call `load_weights`."
            )
        training = self.compile_config() if compile else None
        if training is not None:
            config = {**config, "compile_config": training}
        layers = self.layers()
        model = deserialize_model(config, custom_objects, self.limits)
        plan = Plan(self.place)
        _plan_by_order(plan, model, layers)
        state = self.contents.get(_OPTIMIZER)
        if training is not None and isinstance(state, hdf5.Group) and model.built:
            optimizer_weights.plan(plan, model.optimizer, self._trained(model, layers), self._named(state, _OPTIMIZER))
        plan.carry_out((), self.check_unchanged)
        return model

    def _trained(self, model: Any, layers: Layers) -> list[Any]:
        """The weights that are trained, in the order of the optimizer that the file keeps."""
        weights, version = list(model.trainable_variables), self.contents.attrs.get("keras_version")
        if (version.decode(errors="replace") if isinstance(version, bytes) else str(version)) not in _SORTED:
            return weights
        named = zip(_with_weights(model), layers, strict=False)
        names = {id(variable): name for (_, own), (_, entries) in named for variable, (name, _) in zip(own, entries, strict=False)}
        return sorted(weights, key=lambda variable: names.get(id(variable), ""))

    def config(self, name: str) -> Any:
        """The configuration in an attribute, or None."""
        text = self.contents.attrs.get(name)
        if text is None:
            return None
        data = text.encode() if isinstance(text, str) else text
        config = plain.parse(data, self.limits, f"{self.place}, attribute {name}") if isinstance(data, bytes) else None
        if not isinstance(config, dict):
            raise ModelFileError("hdf5.config", self.place, f"The attribute {name!r} is no configuration.")
        return config

    def compile_config(self) -> Any:
        """The arguments of `compile`, or None."""
        training = self.config("training_config")
        if training is None:
            return None
        if not isinstance(training.get("optimizer_config"), dict):
            reason = "The attribute 'training_config' describes no optimizer."
            raise ModelFileError("hdf5.config", self.place, reason, "Load it with `compile=False`, and compile the model.")
        return dialect.compile_config(training)

    def layers(self) -> Layers:
        """The layers of the file with their weights, in order; layers without weights are left out."""
        root = self.contents.get(_WEIGHTS, self.contents)
        if not isinstance(root, hdf5.Group):
            raise ModelFileError("hdf5.layer", self.place, f"{_WEIGHTS!r} is no group.")
        names = [*self._names(root, "layer_names"), *([_TOP] if _TOP in root else [])]
        layers = [(name, self._named(self._layer(root, name), name)) for name in names]
        return [(name, weights) for name, weights in layers if weights]

    def optimizer(self) -> list[tuple[str, Entry]]:
        """The variables of the optimizer, in order."""
        return self._named(self.contents[_OPTIMIZER], _OPTIMIZER) if _OPTIMIZER in self.contents else []

    def _layer(self, root: hdf5.Group, name: str) -> hdf5.Group:
        group = root.get(name)
        if not isinstance(group, hdf5.Group):
            raise ModelFileError("hdf5.layer", self.place, f"The list of layers names {shown(name)}, for which there is no group.")
        return group

    def _named(self, group: hdf5.Group, place: str) -> list[tuple[str, Entry]]:
        """The weights in a group, in the order in which it names them."""
        return [(name, self._inside(group, name, place)) for name in self._names(group, "weight_names")]

    def _inside(self, group: hdf5.Group, path: str, place: str) -> Entry:
        found: Any = group
        for part in path.split("/"):
            found = found.get(part) if isinstance(found, hdf5.Group) else None
        if not isinstance(found, hdf5.Dataset):
            raise ModelFileError("hdf5.weight", self.place, f"{shown(place)} names the weight {shown(path)}, which is not in the file.")
        return entry(found)

    def _names(self, group: hdf5.Group, attribute: str) -> list[str]:
        """A list of names in an attribute, or over several of them."""
        values = group.attrs.get(attribute)
        parts = [values] if values is not None else []
        while not parts or f"{attribute}0" in group.attrs:
            part = group.attrs.get(f"{attribute}{len(parts)}")
            if part is None:
                break
            parts.append(part)
        try:
            return [name.decode("utf-8") if isinstance(name, bytes) else str(name) for part in parts for name in np.ravel(part).tolist()]
        except UnicodeError as error:
            raise ModelFileError("hdf5.text", self.place, f"A name in the attribute {attribute!r} is not Unicode (UTF-8).") from error


# --- read: which weight is whose ---


def _model_layers(model: Any) -> list[tuple[str, list[Any]]]:
    """The layers of a model with their weights, in the order of files; at the end the model's own ones."""
    layers = [(layer.name, [*layer.trainable_weights, *layer.non_trainable_weights]) for layer in model.layers]
    return [*layers, (_TOP, [*model._trainable_variables, *model._non_trainable_variables])]


def _with_weights(model: Any) -> list[tuple[str, list[Any]]]:
    return [(name, weights) for name, weights in _model_layers(model) if weights]


def _plan_by_order(plan: Plan, model: Any, layers: Layers) -> None:
    wanted = _with_weights(model)
    if len(wanted) != len(layers):
        raise ModelFileError(
            "model.mismatch",
            plan.place,
            f"The file has {len(layers)} layers with weights, the model has {len(wanted)}; nothing was loaded.",
            "Pass `by_name=True` to load the layers whose names agree.",
        )
    for (name, weights), (stored, entries) in zip(wanted, layers, strict=True):
        plan.add_list(name if name == stored else f"{name} (in the file: {shown(stored)})", weights, entries)


def _plan_by_name(plan: Plan, model: Any, layers: Layers) -> None:
    stored = dict(layers)
    wanted = dict(_with_weights(model))
    for name, weights in wanted.items():
        if name in stored:
            plan.add_list(name, weights, stored[name])
        else:
            plan.note(name, "not in the file")
    plan.ignore(shown(name) for name in stored if name not in wanted)


# --- written ---


def save_model(model: Any, path: Path, include_optimizer: bool = True) -> None:
    """Write an `.h5` file of Keras 3's older layout."""
    import h5py

    from amalthea.models import Functional, Sequential

    if not isinstance(model, (Functional, Sequential)) or not model.built:
        raise SerializationError(
            f"An '.h5' file holds functional models and `Sequential` ones with known shapes; {model} is neither. Save it as '.keras'."
        )
    described = dialect.short(serialize_keras_object(model))
    compiled = model.get_compile_config() if include_optimizer and getattr(model, "compiled", False) else None
    with replacing(path) as file, h5py.File(file, "w") as store:
        store.attrs.update(keras_version=KERAS_API, backend=engines.current().name, model_config=json.dumps(described))
        if compiled is not None:
            # The optimizer itself, also where `compile` was given its name alone: readers of these files know no such names.
            store.attrs["training_config"] = json.dumps(dialect.training_config({**compiled, "optimizer": serialize_keras_object(model.optimizer)}))
        _write_layers(store.create_group(_WEIGHTS), model)
        optimizer = getattr(model, "optimizer", None)
        if include_optimizer and optimizer is not None and optimizer.built:
            _write_named(store.create_group(_OPTIMIZER), optimizer.variables)


def _write_layers(group: Any, model: Any) -> None:
    layers = _model_layers(model)
    group.attrs.update(keras_version=KERAS_API, backend=engines.current().name)
    _write_names(group, "layer_names", (name for name, _ in layers if name != _TOP))
    for name, weights in layers:
        _write_named(group.create_group(name), weights)


def _write_named(group: Any, variables: Iterable[Any]) -> None:
    named: dict[str, Any] = {}
    for variable in variables:
        name, count = variable.path, 0
        while name in named:
            count += 1
            name = f"{variable.path}_{count}"
        named[name] = variable
    _write_names(group, "weight_names", named)
    for name, variable in named.items():
        write_tensor(group, name, variable.numpy())


def _write_names(group: Any, attribute: str, names: Iterable[str]) -> None:
    encoded = [name.encode() for name in names]
    too_long = next((name for name in encoded if len(name) > _HEADER_LIMIT), None)
    if too_long is not None:
        raise ArgumentError(f"The name {shown(too_long)} is too long for an HDF5 file: {len(too_long)} bytes.")
    width = max(map(len, encoded), default=1)
    if width * len(encoded) <= _HEADER_LIMIT:
        group.attrs[attribute] = np.array(encoded, dtype=f"S{width}") if encoded else np.array([])
        return
    size = _HEADER_LIMIT // width
    for number, start in enumerate(range(0, len(encoded), size)):
        group.attrs[f"{attribute}{number}"] = np.array(encoded[start : start + size], dtype=f"S{width}")
