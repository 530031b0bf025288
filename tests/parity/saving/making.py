"""Run by tests in a process of its own, with the real Keras on the backend of that process: `python -m parity.saving.making OURS THEIRS`.

It writes the models of `complete` to the folder THEIRS, and reads those in the folder OURS; what both compute is in "expected.npz" and
"found.npz" of THEIRS. On TensorFlow it reads them through `tf.keras` as well.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import keras
import numpy as np

from parity.saving import complete


def main(ours: str, theirs: str) -> None:
    warnings.simplefilter("ignore")
    backend = keras.backend.backend()
    complete.write(keras, theirs, backend)
    # What Keras cannot do with older files, with its own neither: go on training, as the optimizer that it makes knows no variables; and read
    # a LayerNormalization over several axes.
    found = complete.read(keras.models.load_model, ours, backend, {".keras": True, ".h5": False}, without=("sequence.h5",))
    np.savez(Path(theirs, "found.npz"), **found)
    if backend == "tensorflow":
        import tensorflow as tf

        assert tf.keras.__version__ == keras.__version__
        np.savez(Path(theirs, "found_by_tf.npz"), **complete.read(tf.keras.models.load_model, ours, backend, {".keras": True}))


if __name__ == "__main__":
    main(*sys.argv[1:])
