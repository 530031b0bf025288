"""Utilities: data, files, seeds, progress, and the registry of names. Each is loaded when it is first used."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from amalthea.config import disable_interactive_logging, enable_interactive_logging, is_interactive_logging_enabled
    from amalthea.dtypes import standardize_dtype
    from amalthea.graph.keras_tensor import is_keras_tensor
    from amalthea.saving import (
        CustomObjectScope,
        custom_object_scope,
        deserialize_keras_object,
        get_custom_objects,
        get_registered_name,
        get_registered_object,
        register_keras_serializable,
        serialize_keras_object,
    )
    from amalthea.training.data import PyDataset, pack_x_y_sample_weight, unpack_x_y_sample_weight
    from amalthea.training.data import PyDataset as Sequence
    from amalthea.training.progress import Progbar
    from amalthea.utils.downloads import get_file
    from amalthea.utils.graphs import get_source_inputs
    from amalthea.utils.numerical import normalize, to_categorical
    from amalthea.utils.randomness import set_random_seed
    from amalthea.utils.sequences import pad_sequences
    from amalthea.utils.session import clear_session
    from amalthea.utils.splitting import split_dataset

_HOMES = {
    "amalthea.config": ("disable_interactive_logging", "enable_interactive_logging", "is_interactive_logging_enabled"),
    "amalthea.dtypes": ("standardize_dtype",),
    "amalthea.graph.keras_tensor": ("is_keras_tensor",),
    "amalthea.saving": (
        "CustomObjectScope",
        "custom_object_scope",
        "deserialize_keras_object",
        "get_custom_objects",
        "get_registered_name",
        "get_registered_object",
        "register_keras_serializable",
        "serialize_keras_object",
    ),
    "amalthea.training.data": ("PyDataset", "pack_x_y_sample_weight", "unpack_x_y_sample_weight"),
    "amalthea.training.progress": ("Progbar",),
    "amalthea.utils.downloads": ("get_file",),
    "amalthea.utils.graphs": ("get_source_inputs",),
    "amalthea.utils.numerical": ("normalize", "to_categorical"),
    "amalthea.utils.randomness": ("set_random_seed",),
    "amalthea.utils.sequences": ("pad_sequences",),
    "amalthea.utils.session": ("clear_session",),
    "amalthea.utils.splitting": ("split_dataset",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names} | {"Sequence": "amalthea.training.data"}
_OTHER_NAMES = {"Sequence": "PyDataset"}

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "deserialize_keras_object",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "get_file",
    "get_registered_name",
    "get_registered_object",
    "get_source_inputs",
    "is_interactive_logging_enabled",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "register_keras_serializable",
    "serialize_keras_object",
    "set_random_seed",
    "split_dataset",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]


def __getattr__(name: str) -> Any:
    home = _HOME_OF.get(name)
    if home is None:
        from amalthea.compat.names import MOVED

        if f"utils.{name}" in MOVED:  # `from keras.utils import np_utils`
            return importlib.import_module(__name__)
        raise AttributeError(f"module 'amalthea.utils' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), _OTHER_NAMES.get(name, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
