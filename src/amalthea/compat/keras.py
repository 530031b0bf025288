"""What `import keras` gives while Amalthea stands in for it: the names of `amalthea`, under Keras's version."""

from __future__ import annotations

import importlib
from typing import Any

import amalthea
from amalthea.compat.names import GATHERED
from amalthea.version import KERAS_API

__version__ = KERAS_API
__path__: list[str] = []  # `import keras.layers` asks for it


def version() -> str:
    """The version of Keras whose API this is."""
    return KERAS_API


def __getattr__(name: str) -> Any:
    if name in GATHERED:
        return importlib.import_module(f"keras.{name}")
    try:
        return getattr(amalthea, name)
    except AttributeError:
        raise AttributeError(f"module 'keras' (which is Amalthea's here) has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*dir(amalthea), *(name for name in GATHERED if "." not in name)})
