"""MNIST: handwritten digits, bundled."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from amalthea.errors import DataError
from amalthea.utils.cache import cache_folder

Part = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]

_BUNDLED = "mnist.npz"
_FORM = {"x_train": (28, 28), "y_train": (), "x_test": (28, 28), "y_test": ()}


def load_data(path: str = "mnist.npz") -> tuple[Part, Part]:
    """The MNIST database of handwritten digits. It comes with the package: nothing is downloaded.

    Licence of the data: Creative Commons Attribution-ShareAlike 3.0.

    Args:
        path: the name of the bundled file; or the path of a file of the same form (relative ones may also lie in the cache, `~/.keras/datasets`).

    Returns:
        `(x_train, y_train), (x_test, y_test)`: images, uint8 of the shapes `(60000, 28, 28)` and `(10000, 28, 28)`, from 0 (paper) to 255
        (ink); and their digits, uint8 of the shapes `(60000,)` and `(10000,)`.

    Raises:
        DataError: `path` is another file, which is missing or is not of this form.

    Reference:
        LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition", 1998.

    Example:
        >>> (x_train, y_train), (x_test, y_test) = load_data()
        >>> x_train.shape, y_train[:5].tolist()
        ((60000, 28, 28), [5, 0, 4, 1, 9])
    """
    file = _find(path)
    # Arrays of Python objects are refused: unpickling them could run code.
    with np.load(file, allow_pickle=False) as stored:
        parts = {name: stored[name] for name in _FORM if name in stored}
    for name, shape in _FORM.items():
        if name not in parts or parts[name].shape[1:] != shape:
            raise DataError(f"{file} is not MNIST: it should hold `{name}` of shape ({', '.join(map(str, ('n', *shape)))}).")
    return (parts["x_train"], parts["y_train"]), (parts["x_test"], parts["y_test"])


def _find(path: str) -> Path:
    if os.fspath(path) == _BUNDLED:
        return Path(__file__).with_name("data") / _BUNDLED
    for place in (Path(path).expanduser(), cache_folder() / "datasets" / path):
        if place.is_file():
            return place
    raise DataError(f'There is no file {path!r}. `load_data()` without a path (or with "mnist.npz") gives the data that is bundled.')
