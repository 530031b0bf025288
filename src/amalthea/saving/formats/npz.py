"""Weights in NumPy's archives, `.weights.npz`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np

from amalthea.saving.formats.flat import FlatFile
from amalthea.saving.replacing import replacing
from amalthea.saving.sinks import key, pour
from amalthea.saving.zip_writing import ZipWriter


class NpzWeights(FlatFile):
    """A `.weights.npz` file."""

    title = "NumPy weights"
    suffixes = (".weights.npz",)


class _NpzSink:
    def __init__(self, archive: ZipWriter) -> None:
        self._archive = archive

    def open(self, path: str, name: str) -> None:
        """Objects without variables leave no trace."""

    def put(self, path: str, name: str, value: np.ndarray) -> None:
        if value.dtype.kind == "V":  # bfloat16 and the 8-bit floats, which NumPy's files cannot name, fit into float32 without loss
            value = value.astype("float32")
        with self._archive.member(f"{key(path, name)}.npy") as member:
            np.lib.format.write_array(io.BufferedWriter(member), value, allow_pickle=False)


def save_weights(model: Any, path: Path) -> None:
    """Write a `.weights.npz` file."""
    with replacing(path) as file, ZipWriter(file) as archive:
        pour(model, _NpzSink(archive))
