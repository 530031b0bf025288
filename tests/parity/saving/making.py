"""Files made by the real Keras, on the backend that the process was started with."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from parity.saving import zoo


def make_all(folder: str) -> None:
    """Save every model of the zoo in every format of whole models, with its outputs in "outputs.npz", by the names of the files."""
    outputs = {}
    for name, (_, x) in zoo.MODELS.items():
        model = zoo.stirred(keras, name)
        for ending in (".keras", ".h5") if name in zoo.GRAPHS else (".keras",):
            model.save(Path(folder, name + ending))
            outputs[name + ending] = np.asarray(model.predict(x, verbose=0))
    np.savez(Path(folder, "outputs.npz"), **outputs)
