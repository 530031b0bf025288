"""Weights in files that are flat lists of named tensors: the names are those of `.weights.h5` files, "layers/dense/vars/0"."""

from __future__ import annotations

from collections.abc import Mapping

from amalthea.errors import ModelFileError, shown
from amalthea.saving.fitting import Entry, Stored
from amalthea.saving.formats.interface import ModelFile
from amalthea.saving.sinks import unkey


class FlatFile(ModelFile):
    """A file whose container gives its tensors by their names."""

    def stored(self) -> Stored:
        objects: dict[str, dict[str, Entry]] = {}
        tensors: Mapping[str, Entry] = self.contents
        for name, entry in tensors.items():
            parts = unkey(name)
            if parts is None:
                raise ModelFileError(
                    "weights.name",
                    self.place,
                    f"The tensor {shown(name)} does not say which object it belongs to.",
                    "Weights of other libraries have other names: assign them with `set_weights`.",
                )
            objects.setdefault(parts[0], {})[parts[1]] = entry
        return objects
