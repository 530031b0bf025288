"""The import hook that serves `keras`, `tensorflow.keras`, and all below them from Amalthea. An installed Keras is not touched, nor looked at."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from amalthea.compat.names import GATHERED, MOVED, part_of
from amalthea.errors import StateError


class _GatheredModule(ModuleType):
    """A module whose names are looked up in others when they are first used."""

    def __init__(self, name: str, names: dict[str, tuple[str, str]]) -> None:
        super().__init__(name)
        self.__path__: list[str] = []
        self.__all__ = sorted(names)
        self._names = names

    def __getattr__(self, name: str) -> Any:
        if name in self._names:
            module, inner = self._names[name]
            return getattr(importlib.import_module(f"amalthea.{module}"), inner)
        inside = f"{self.__name__}.{name}"
        if part_of(inside) in GATHERED:
            return importlib.import_module(inside)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")

    def __dir__(self) -> list[str]:
        return self.__all__


class _Loader(Loader):
    """Puts a module that exists already under another name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        # The import system takes what stands in `sys.modules` after this: the module itself, with its own name and spec.
        sys.modules[module.__name__] = _module_for(module.__name__)


class KerasFinder(MetaPathFinder):
    """Finds `keras`, `keras.*`, and, if TensorFlow is installed, `tensorflow.keras` and `tensorflow.keras.*`."""

    def find_spec(self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """The spec of a module of Keras; None for any other."""
        part = part_of(fullname)
        if part is None or (fullname.startswith("tensorflow.") and _tensorflow_has_keras_2()):
            return None
        if part == "src" or part.startswith("src."):
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: `keras.src` is the private code of Keras, and `keras` is Amalthea's here. "
                "Import the name from its public place, such as `keras.layers` or `keras.ops`.",
                name=fullname,
            )
        if _exists(part):
            return ModuleSpec(fullname, _Loader(), is_package=True)
        raise ModuleNotFoundError(f"No module named {fullname!r} (`keras` is Amalthea's here).", name=fullname)


def _tensorflow_has_keras_2() -> bool:
    # TensorFlow then gives the package `tf_keras` as `tf.keras`, which is not the API served here; both ways to import it shall agree.
    return os.environ.get("TF_USE_LEGACY_KERAS") in ("true", "True", "1")


def _exists(part: str) -> bool:
    if part == "" or part in GATHERED or part in MOVED:
        return True
    try:
        return importlib.util.find_spec(f"amalthea.{part}") is not None
    except ModuleNotFoundError:
        return False


def _module_for(fullname: str) -> ModuleType:
    part = part_of(fullname) or ""
    name = f"keras.{part}".removesuffix(".")
    if fullname != name:
        return importlib.import_module(name)
    if part == "":
        return importlib.import_module("amalthea.compat.keras")
    if part in GATHERED:
        return _GatheredModule(fullname, GATHERED[part])
    return importlib.import_module(f"amalthea.{MOVED.get(part, part)}")


def is_installed() -> bool:
    """Whether `import keras` and `tf.keras` give Amalthea."""
    return any(isinstance(finder, KerasFinder) for finder in sys.meta_path)


def install() -> None:
    """Let `import keras` and `tf.keras` give Amalthea from here on. Does nothing the second time.

    TensorFlow is not imported for it. Where it is not installed, `import tensorflow.keras` fails as `import tensorflow` does.

    Raises:
        StateError: Keras itself was imported already; its objects and Amalthea's do not mix.
    """
    if is_installed():
        return
    if "keras" in sys.modules:
        raise StateError(
            "Keras was imported before `amalthea.as_keras` (`import tensorflow` does it too), so parts of this program hold Keras's own classes. "
            "Put `import amalthea.as_keras` on the first line of the script (or run it with `amalthea run script.py`)."
        )
    sys.meta_path.insert(0, KerasFinder())


def uninstall() -> None:
    """Let `import keras` give what is installed under that name again. A TensorFlow that is loaded keeps the `tf.keras` it has."""
    sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, KerasFinder)]
    for name in [name for name in sys.modules if part_of(name) is not None]:
        del sys.modules[name]
