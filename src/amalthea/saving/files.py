"""Models and weights in files: what users call. The ending of a name decides what is written, the bytes of a file how it is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from amalthea.errors import ArgumentError
from amalthea.saving import formats
from amalthea.saving.fitting import LoadReport
from amalthea.saving.formats import shards
from amalthea.saving.formats.interface import check_built
from amalthea.saving.limits import Limits
from amalthea.saving.replacing import check_target
from amalthea.saving.traces import without_traces


def save_model(model: Any, filepath: Any, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any) -> None:
    """Write a model to a file: architecture, weights, how it was compiled, and the state of its optimizer.

    A crash while it is written leaves a file that was there before as it was.

    Args:
        model: the model.
        filepath: where; ends in ".keras", or in ".h5" or ".hdf5" for Keras's older layout, which holds functional and `Sequential` models.
        overwrite: whether a file that is there already is replaced.
        zipped: kept for Keras's sake: a ".keras" file is an archive.

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
    _no_more(kwargs, "save_model")
    if zipped is False:
        raise ArgumentError("`zipped=False` is not supported: a model is written as one file.")
    path = _path(filepath)
    write = formats.writer(path, formats.MODEL_WRITERS)
    write(model, check_target(path, overwrite))


def load_model(
    filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True, safe_mode: bool = True, *, limits: Limits | None = None
) -> Any:
    """Read a model from a file, of Amalthea, of Keras 3 or of Keras 2.

    Args:
        filepath: the file: ".keras", ".h5" or ".hdf5".
        custom_objects: classes and functions of yours that it names.
        compile: whether the model is compiled as it was.
        safe_mode: accepted for Keras's sake: code in a file is never run.
        limits: how much a file may ask for; a `Limits`.

    Returns:
        The model.

    Raises:
        ArgumentError: a bad path, or no such file.
        SerializationError: the file is damaged, names what is not known, or does not fit (`ModelFileError`).
    """
    with without_traces(), formats.opened(_path(filepath), limits) as file:
        return file.load_model(custom_objects, compile)


def save_weights(model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any) -> None:
    """Write the weights of a model, and the state of its optimizer, to a file.

    Args:
        model: the model, built.
        filepath: where; ends in ".weights.h5", ".weights.npz" or ".safetensors", or in ".weights.json" for several files.
        overwrite: whether a file that is there already is replaced.
        max_shard_size: how large one of several files may be, in GiB; they lie beside the ".weights.json" file that names them.

    Raises:
        ArgumentError: a bad path.
        NotBuiltError: the model has no weights yet.
    """
    _no_more(kwargs, "save_weights")
    check_built(model)
    path = _path(filepath)
    if max_shard_size is None and not path.name.endswith(shards.SUFFIX):
        formats.writer(path, formats.WEIGHTS_WRITERS)(model, check_target(path, overwrite))
        return
    index = path.with_name(path.name.removesuffix(".weights.h5").removesuffix(shards.SUFFIX) + shards.SUFFIX)
    shards.save_weights(model, check_target(index, overwrite), max_shard_size or float("inf"))


def load_weights(
    model: Any, filepath: Any, skip_mismatch: bool = False, *, by_name: bool = False, limits: Limits | None = None, **kwargs: Any
) -> LoadReport:
    """Read the weights of a model from a file of any kind that is written here, of Amalthea or of Keras.

    Everything is compared before anything is assigned, and a failure leaves the model as it was.

    Args:
        model: the model, built.
        filepath: the file; one of a whole model will do.
        skip_mismatch: whether parts that do not fit are left as they are, with a warning.
        by_name: for ".h5" files: whether layers are found by their names, and others left out; else they come in order.
        limits: how much a file may ask for; a `Limits`.

    Returns:
        What was loaded, and what was not.

    Raises:
        ArgumentError: a bad path, or no such file.
        NotBuiltError: the model has no weights yet.
        ModelFileError: the file is damaged or does not fit; nothing was loaded.
    """
    _no_more(kwargs, "load_weights")
    check_built(model)
    with formats.opened(_path(filepath), limits) as file:
        return file.load_weights(model, skip_mismatch, by_name)


def _no_more(kwargs: dict[str, Any], function: str) -> None:
    if kwargs:
        raise ArgumentError(f"`{function}` got unknown arguments: {', '.join(kwargs)}.")


def _path(filepath: Any) -> Path:
    return Path(os.fspath(filepath))
