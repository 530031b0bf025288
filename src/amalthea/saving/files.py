"""Models and weights in files: what users call. The ending of a name decides what is written, the bytes of a file how it is read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.saving import formats
from amalthea.saving.fitting import LoadReport
from amalthea.saving.formats import shards, whole_hdf5
from amalthea.saving.formats.interface import ModelFile, check_built
from amalthea.saving.limits import Limits
from amalthea.saving.members import assets
from amalthea.saving.replacing import check_target
from amalthea.saving.traces import without_traces

if TYPE_CHECKING:
    from amalthea.models.verification import Verification


def save_model(
    model: Any,
    filepath: Any,
    overwrite: bool = True,
    zipped: bool | None = None,
    *,
    golden: Any = False,
    sign: Any = None,
    **kwargs: Any,
) -> None:
    """Write a model to a file: architecture, weights, assets, how it was compiled, and the state of its optimizer.

    A crash while it is written leaves a file that was there before as it was.

    Args:
        model: the model.
        filepath: where; ends in ".keras", or in ".h5" or ".hdf5" for Keras's older layout, which holds functional and `Sequential` models.
        overwrite: whether a file that is there already is replaced.
        zipped: kept for Keras's sake: a ".keras" file is an archive.
        golden: whether a few inputs are kept in the file, with what the layers make of them in inference, so that `load_model(golden=True)` and
            `verify_golden` can compare, on any engine. True: they are drawn; inputs for the model, a few samples: these are taken.
            For ".keras" files.
        sign: a private key of Ed25519 that signs all that is in the file, for `load_model(trust=...)`: a key object of the package `cryptography`,
            PEM text in bytes, or its 32 bytes. For ".keras" files.
        **kwargs: "include_optimizer": whether an ".h5" file says how the model was compiled, and holds the state of the optimizer (True);
            ".keras" files always do, as with Keras. "save_format": the ending, as older programs give it; the name must have it too.

    Raises:
        ArgumentError: a bad path, `golden` or `sign` with another format, inputs that do not fit the model, or a bad key.
        SerializationError: a part of the model cannot be written.
        MissingDependency: `sign` is given, and the package `cryptography` is not installed.

    Example:
        >>> import amalthea, tempfile, os
        >>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        >>> key = Ed25519PrivateKey.generate()
        >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.keras")
        ...     save_model(model, path, golden=True, sign=key)
        ...     load_model(path, golden=True, trust=[key.public_key()]).count_params()
        3
    """
    include_optimizer, save_format = kwargs.pop("include_optimizer", True), kwargs.pop("save_format", None)
    _no_more(kwargs, "save_model")
    if zipped is False:
        raise ArgumentError(
            "`zipped=False` is not supported: a model is written as one file, so that it appears whole or not at all. Leave `zipped` out; "
            "a '.keras' file is a zip archive, which any tool can unpack."
        )
    path = _path(filepath)
    if save_format not in (None, path.suffix, path.suffix[1:]):
        raise ArgumentError(f"`save_format` {save_format!r} and the name {path.name!r} contradict each other. Leave it out: the ending decides.")
    write = formats.writer(path, formats.MODEL_WRITERS)
    options = {"golden": None if golden is False else golden, "sign": sign}
    given = {name: option for name, option in options.items() if option is not None}
    if write is not formats.ARCHIVE_WRITER:
        if given:
            raise ArgumentError(f"`{next(iter(given))}` is for '.keras' files. Received: filepath={str(path)!r}.")
        assets.refuse(model, path.name)
    if not include_optimizer and write is whole_hdf5.save_model:
        write = partial(whole_hdf5.save_model, include_optimizer=False)
    write(model, check_target(path, overwrite), **given)


def load_model(
    filepath: Any,
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
    *,
    golden: bool = False,
    trust: Any = None,
    limits: Limits | None = None,
) -> Any:
    """Read a model from a file, of Amalthea, of Keras 3 or of Keras 2.

    Args:
        filepath: the file: ".keras", ".h5" or ".hdf5".
        custom_objects: classes and functions of yours that it names.
        compile: whether the model is compiled as it was.
        safe_mode: accepted for Keras's sake: code in a file is never run.
        golden: whether the golden values that the file holds (`save_model(golden=True)`) are computed again, on the engine in use, and compared.
        trust: public keys of Ed25519, one or a list: the file is refused, before anything is made of it, unless one of them signed all that is in
            it. Each is a key object of the package `cryptography`, PEM text in bytes, or its 32 bytes. Without `trust` a signature
            is not looked at.
        limits: how much a file may ask for; a `Limits`.

    Returns:
        The model.

    Raises:
        ArgumentError: a bad path, no such file, a bad key, or `golden` or `trust` with another format than ".keras".
        SerializationError: the file is damaged, names what is not known, does not fit, is not signed by a key in `trust`, or computes other
            values (`ModelFileError`).
        MissingDependency: `trust` is given, and the package `cryptography` is not installed.

    Example:
        >>> import amalthea, tempfile, os
        >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1)])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.keras")
        ...     model.save(path, golden=True)
        ...     with amalthea.engine("numpy"):
        ...         load_model(path, golden=True).count_params()
        3
    """
    if not isinstance(golden, (bool, type(None))):
        raise ArgumentTypeError(
            f"`golden` must be True or False when a model is loaded: the inputs are in the file. Received: {type(golden).__name__}."
        )
    with without_traces(), _opened(filepath, limits, trust) as file:
        values = file.golden_values() if golden else None
        model = file.load_model(custom_objects, compile)
        if values is not None:
            values.check(model)
        return model


def verify_golden(
    model: Any, filepath: Any, rtol: float = 1e-3, atol: float = 1e-4, *, trust: Any = None, limits: Limits | None = None
) -> Verification:
    """Compare what a model computes with the golden values in a file: on another engine, after a change of the code, years later.

    The model is run in inference, on the engine that it lives on, or else on the one in use.

    Args:
        model: the model, with the weights of the file.
        filepath: a ".keras" file that was written with `save_model(golden=True)`.
        rtol: the relative difference that is tolerated in float32 and better; of float16 and bfloat16, and of what is computed from them, 8
            and 64 times as much is.
        atol: the absolute difference that is tolerated besides.
        trust: public keys, as for `load_model`.
        limits: how much a file may ask for; a `Limits`.

    Returns:
        The comparisons, layer by layer, in a `Verification`, as `Model.verify` gives them.

    Raises:
        ArgumentError: a bad path, or no such file.
        ModelFileError: the file holds no golden values, or an output of a layer differs: the error names the first one, in the order in which
            they are ready, with the figures.

    Example:
        >>> import amalthea, tempfile, os
        >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1, name="head")])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "model.keras")
        ...     model.save(path, golden=True)
        ...     [comparison.name.partition("/")[2] for comparison in verify_golden(model, path).comparisons]
        ['head', '']
    """
    with _opened(filepath, limits, trust) as file:
        return file.golden_values().check(model, rtol, atol)


def save_weights(model: Any, filepath: Any, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any) -> None:
    """Write the weights of a model, and the state of its optimizer, to a file.

    Assets are no weights: of those that layers keep the file holds nothing, as with Keras, and a warning names the layers. The model that loads
    it keeps its own.

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
    else:
        index = path.with_name(path.name.removesuffix(".weights.h5").removesuffix(shards.SUFFIX) + shards.SUFFIX)
        shards.save_weights(model, check_target(index, overwrite), max_shard_size or float("inf"))
    assets.leave_out(model)


def load_weights(
    model: Any,
    filepath: Any,
    skip_mismatch: bool = False,
    *,
    by_name: bool = False,
    objects_to_skip: Iterable[Any] | None = None,
    trust: Any = None,
    limits: Limits | None = None,
    **kwargs: Any,
) -> LoadReport:
    """Read the weights of a model from a file of any kind that is written here, of Amalthea or of Keras.

    Everything is compared before anything is assigned, and a failure leaves the model as it was. Assets of layers stay as they are in the model.

    Args:
        model: the model, built.
        filepath: the file; one of a whole model will do.
        skip_mismatch: whether parts that do not fit are left as they are, with a warning.
        by_name: for ".h5" files: whether layers are found by their names, and others left out; else they come in order.
        objects_to_skip: layers that are left as they are, with all that is inside of them; for files of other kinds than ".h5".
        trust: public keys, as for `load_model`; for ".keras" files, which can be signed.
        limits: how much a file may ask for; a `Limits`.

    Returns:
        What was loaded, and what was not.

    Raises:
        ArgumentError: a bad path, no such file, a bad key, or `trust` with another format than ".keras".
        NotBuiltError: the model has no weights yet.
        ModelFileError: the file is damaged, does not fit, or is not signed by a key in `trust`; nothing was loaded.
        MissingDependency: `trust` is given, and the package `cryptography` is not installed.
    """
    _no_more(kwargs, "load_weights")
    check_built(model)
    with _opened(filepath, limits, trust) as file:
        return file.load_weights(model, skip_mismatch, by_name, list(objects_to_skip or ()))


@contextmanager
def _opened(filepath: Any, limits: Limits | None, trust: Any) -> Iterator[ModelFile]:
    """A file that one of the keys in `trust` signed, if any are given."""
    with formats.opened(_path(filepath), limits) as file:
        if trust is not None:
            file.check_signature(trust)
        yield file


def _no_more(kwargs: dict[str, Any], function: str) -> None:
    if kwargs:
        raise ArgumentError(f"`{function}` got unknown arguments: {', '.join(kwargs)}.")


def _path(filepath: Any) -> Path:
    if not isinstance(filepath, (str, os.PathLike)):
        raise ArgumentTypeError(f"`filepath` must be the path of a file. Received: {filepath!r}.")
    return Path(filepath)
