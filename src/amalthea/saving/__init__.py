"""Configurations and files of models."""

from amalthea.saving.editor import KerasFileEditor
from amalthea.saving.files import load_model, load_weights, save_model, save_weights, verify_golden
from amalthea.saving.limits import Limits
from amalthea.saving.registry import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from amalthea.saving.serialization import deserialize_keras_object, serialize_keras_object

__all__ = [
    "CustomObjectScope",
    "KerasFileEditor",
    "Limits",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
    "verify_golden",
]
