"""Whole models in `.keras` files: a zip archive of a configuration, metadata and weights, as Keras 3 writes it."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

from amalthea.errors import ArgumentError, SerializationError
from amalthea.saving import weights
from amalthea.saving.serialization import deserialize_keras_object, serialize_keras_object
from amalthea.version import KERAS_API, VERSION

_CONFIG, _METADATA, _WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
_SUFFIX = ".keras"


def save_model(model: Any, filepath: Any, overwrite: bool = True, **kwargs: Any) -> None:
    """Write a model to a `.keras` file: architecture, weights, how it was compiled, and the state of its optimizer.

    A crash while it is written leaves a file that was there before as it was.

    Args:
        model: the model.
        filepath: where; ends in ".keras".
        overwrite: whether a file that is there already is replaced.

    Raises:
        ArgumentError: a bad path.
        SerializationError: a part of the model cannot be written.

    Example:
        >>> import amalthea, tempfile, os
        >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.keras")
        ...     save_model(model, path)
        ...     load_model(path).count_params()
        3
    """
    if kwargs:
        raise ArgumentError(f"`save_model` got unknown arguments: {', '.join(kwargs)}.")
    path = weights.check_target(filepath, _SUFFIX, overwrite)
    config = json.dumps(serialize_keras_object(model))
    metadata = {"keras_version": KERAS_API, "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"), "amalthea_version": VERSION}
    with weights.replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(_METADATA, json.dumps(metadata))
        archive.writestr(_CONFIG, config)
        with archive.open(_WEIGHTS, "w", force_zip64=True) as member:
            buffer = io.BytesIO()
            weights.write(model, buffer)
            member.write(buffer.getbuffer())


def load_model(filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True) -> Any:
    """Read a model from a `.keras` file, of Amalthea or of Keras 3.

    Args:
        filepath: the file.
        custom_objects: classes and functions of yours that it names.
        compile: whether the model is compiled as it was.
        safe_mode: accepted for Keras's sake: code in a file is never run.

    Returns:
        The model.

    Raises:
        ArgumentError: a bad path, or no such file.
        SerializationError: the file is damaged, names what is not known, or does not fit.
    """
    path = os.fspath(filepath)
    if not path.endswith(_SUFFIX):
        raise ArgumentError(f"`filepath` must end in '{_SUFFIX}'. Received: {path!r}.")
    if not Path(path).is_file():
        raise ArgumentError(f"There is no file {path!r}.")
    try:
        with zipfile.ZipFile(path) as archive:
            config = json.loads(archive.read(_CONFIG))
            stored = archive.read(_WEIGHTS)
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        raise SerializationError(f"{path!r} is not a whole model file: {error}") from error
    if not compile:
        config.pop("compile_config", None)
    model = deserialize_keras_object(config, custom_objects=custom_objects)
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built and model.built:
        optimizer.build(model.trainable_variables)
    weights.read(model, io.BytesIO(stored))
    return model
