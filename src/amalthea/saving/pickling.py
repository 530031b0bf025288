"""Copies and pickles of models and layers: what a `.keras` file holds of them, in memory.

Their attributes as they are would not do: compiled functions, and tables by the identity of objects, belong to the original.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from amalthea.saving import names
from amalthea.saving.formats.keras_archive import KerasArchive, write
from amalthea.saving.limits import Limits
from amalthea.saving.reading.source import Source
from amalthea.saving.reading.zip import Archive
from amalthea.saving.traces import without_traces
from amalthea.saving.variables import walk

# What is pickled was there: it is as large as it is.
_UNLIMITED = Limits(**dict.fromkeys(Limits.__dataclass_fields__, 1 << 62))


def reduced(obj: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """What `__reduce__` gives for a model or a layer: configuration, weights, assets; how it was compiled, and the state of its optimizer.

    Classes of the user's own are pickled by reference, registered or not, as Python pickles classes.

    Raises:
        SerializationError: a part of it cannot be written.
    """
    own = {type(part).__name__: type(part) for _, part in walk(obj) if names.home_of(type(part)) is None}
    file = io.BytesIO()
    write(obj, file)
    return restored, (file.getvalue(), own)


def restored(data: bytes, own: dict[str, type]) -> Any:
    """The object of which `reduced` gave these arguments."""
    with without_traces(), Source.of_bytes(data, "the pickle") as source:
        return KerasArchive(source, Archive(source, _UNLIMITED), _UNLIMITED).load_object(own)
