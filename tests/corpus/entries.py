"""Everything that reads model files: what users call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import amalthea
from amalthea import layers, models, saving
from amalthea.saving import inspection
from amalthea.training.callbacks import BackupAndRestore
from corpus.model import model

CONTAINER, JSON, MODEL, TRAINING, WEIGHTS, VALUES, FIT = "container", "json", "model", "training", "weights", "values", "fit"
# Endings of files. (Nothing is imported here that makes files.)
WHOLE = (".keras", ".h5")
OF_WEIGHTS = (".weights.h5", ".weights.npz", ".safetensors", ".weights.json")
STATE = "training_metadata.json"  # what `BackupAndRestore` expects beside the weights
TEXT, MODEL_TEXT = ".config.json", ".model.json"  # what takes any object, and what takes models


class Entry(NamedTuple):
    """Something that reads a file.

    Args:
        call: reads the file at a path, into a model if it is for weights.
        endings: of the files that it is given.
        reads: the parts of a file that it looks at.
        into: makes the model that it reads weights into.
        models: whether it refuses files of weights alone, as no models.
    """

    call: Callable[..., Any]
    endings: tuple[str, ...]
    reads: frozenset[str]
    into: Callable[[], Any] | None = None
    models: bool = True


def _weights(call: Callable[[Any, Path], Any], *endings: str, reads: tuple[str, ...] = (WEIGHTS, VALUES, FIT)) -> Entry:
    return Entry(call, endings, frozenset((CONTAINER, *reads)), lambda: model(5.0), models=False)


def _text(read: Callable[[str], Any], *endings: str) -> Entry:
    return Entry(
        lambda path: read(path.read_bytes().decode("utf-8", "surrogateescape")), (TEXT, *endings), frozenset((CONTAINER, JSON, MODEL, TRAINING))
    )


def _restored(made: Any, path: Path) -> None:
    callback = BackupAndRestore(path.parent)
    callback.set_model(made)
    callback.on_train_begin()


def _inspected(path: Path) -> None:
    """What `amalthea inspect` looks at; of what it lists, the first is raised."""
    found = inspection.inspect(path)
    for fault in (*found.needs, *found.refused):
        raise fault


def _parsed(text: str) -> Any:
    from amalthea.saving.limits import LIMITS
    from amalthea.saving.reading.json import parse

    return parse(text.encode("utf-8", "surrogatepass"), LIMITS, "text")


_EVERYTHING = frozenset((CONTAINER, JSON, MODEL, TRAINING, WEIGHTS, VALUES, FIT))
ENTRIES: dict[str, Entry] = {
    "load_model": Entry(saving.load_model, (*WHOLE, *OF_WEIGHTS, ".pkl"), _EVERYTHING),
    "load_model, not compiled": Entry(lambda path: models.load_model(path, compile=False), WHOLE, _EVERYTHING - {TRAINING}),
    "load_model, not in safe mode": Entry(lambda path: models.load_model(path, safe_mode=False), WHOLE, _EVERYTHING),
    "load_weights": _weights(lambda made, path: made.load_weights(path), *WHOLE, *OF_WEIGHTS, ".pkl"),
    "load_weights, what fits": _weights(
        lambda made, path: saving.load_weights(made, path, skip_mismatch=True), *WHOLE, *OF_WEIGHTS, ".pkl", reads=(WEIGHTS, VALUES)
    ),
    "load_weights, by name": _weights(lambda made, path: made.load_weights(path, by_name=True), ".h5"),
    "BackupAndRestore": _weights(_restored, ".weights.h5", reads=(WEIGHTS, VALUES, FIT, "state")),
    "KerasFileEditor": Entry(saving.KerasFileEditor, (".keras", *OF_WEIGHTS, ".pkl"), frozenset((CONTAINER, JSON, WEIGHTS, VALUES)), models=False),
    "inspect": Entry(_inspected, (*WHOLE, *OF_WEIGHTS, ".pkl"), _EVERYTHING - {FIT, VALUES}, models=False),
    "model_from_json": _text(models.model_from_json, MODEL_TEXT),
    "deserialize_keras_object": _text(lambda text: saving.deserialize_keras_object(_parsed(text))),
    "layers.deserialize": _text(lambda text: layers.deserialize(_parsed(text))),
}


def same_functions() -> list[tuple[Any, Any]]:
    """Pairs of public names, each of which must be one function: the corpus runs through one of them."""
    import keras

    return [
        (models.load_model, saving.load_model),
        (keras.saving.load_model, saving.load_model),
        (keras.models.load_model, saving.load_model),
        (keras.saving.load_weights, saving.load_weights),
        (keras.models.model_from_json, models.model_from_json),
        (keras.saving.deserialize_keras_object, saving.deserialize_keras_object),
        (keras.Model.load_weights, amalthea.Model.load_weights),
    ]
