"""Which engines there are, which one is current, and how one is loaded (when it is first needed)."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, NamedTuple

from amalthea.errors import ArgumentError, EngineNotInstalled, nearest

if TYPE_CHECKING:
    from amalthea.engines.derived import Engine


class _Entry(NamedTuple):
    module: str
    package: str
    install: str


_TABLE: dict[str, _Entry] = {
    "numpy": _Entry("amalthea.engines.numpy", "numpy", "pip install numpy"),
    "jax": _Entry("amalthea.engines.jax", "jax", "pip install jax"),
    "torch": _Entry("amalthea.engines.torch", "torch", "pip install torch"),
    "tensorflow": _Entry("amalthea.engines.tensorflow", "tensorflow", "pip install tensorflow"),
    "symbolic": _Entry("amalthea.engines.symbolic", "numpy", ""),
}
_PUBLIC = tuple(name for name in _TABLE if name != "symbolic")

_OF_THE_HOST = ("numpy", "symbolic")

_VARIABLES = ("AMALTHEA_ENGINE", "KERAS_BACKEND")

_OF_PACKAGES = {"jax": "jax", "jaxlib": "jax", "torch": "torch", "tensorflow": "tensorflow"}
"""Whose tensors have types that these packages define."""

_loaded: dict[str, Engine] = {}
_scoped: ContextVar[Engine | None] = ContextVar("amalthea_engine", default=None)
_computing: ContextVar[Engine | None] = ContextVar("amalthea_computing_engine", default=None)
_default: Engine | None = None


def names() -> tuple[str, ...]:
    """The names of the engines that a user may choose."""
    return _PUBLIC


def available() -> dict[str, bool]:
    """The engines by name, and whether the package of each is installed (none is imported).

    Example:
        >>> available()["numpy"]
        True
    """
    return {name: importlib.util.find_spec(_TABLE[name].package) is not None for name in _PUBLIC}


def check_name(name: str) -> None:
    """Nothing, for the name of an engine that a user may choose.

    Raises:
        ArgumentError: there is no such engine.
    """
    if name not in _PUBLIC:
        origin = next(
            (f" That name stands in the environment variable {variable}." for variable in _VARIABLES if name and os.environ.get(variable) == name), ""
        )
        raise ArgumentError(f"Unknown engine {name!r}.{origin} The engines are: {', '.join(_PUBLIC)}.{nearest(str(name), _PUBLIC)}")


def get(name: str) -> Engine:
    """The engine of this name, loaded if it was not yet.

    Raises:
        ArgumentError: there is no such engine.
        EngineNotInstalled: its package is missing.
    """
    engine = _loaded.get(name)
    if engine is not None:
        return engine
    if name != "symbolic":
        check_name(name)
    entry = _TABLE[name]
    try:
        module = importlib.import_module(entry.module)
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == entry.package:
            raise EngineNotInstalled(
                f"The engine {name!r} needs the package `{entry.package}`, which is not installed. Install it with: {entry.install}"
            ) from error
        raise
    return _loaded.setdefault(name, module.ENGINE)


def bridge(name: str) -> Any:
    """The module of the engine `name` that stands between models and the framework's own modules and functions.

    Raises:
        EngineNotInstalled: its package is missing.
    """
    get(name)
    return importlib.import_module(f"{_TABLE[name].module}.bridge")


def default_name() -> str:
    """The engine that is used when none is chosen: AMALTHEA_ENGINE, else KERAS_BACKEND, else "jax"."""
    return next((name for name in map(os.environ.get, _VARIABLES) if name), "jax")


def current() -> Engine:
    """The engine in use here: that of the innermost `use`, else the process's."""
    engine = _scoped.get()
    if engine is not None:
        return engine
    if _default is None:
        set_default(default_name())
    assert _default is not None
    return _default


def computing() -> Engine | None:
    """The engine that will compute what is described here: that of the innermost `use` but the symbolic one, else the process's.

    Returns:
        The engine, or None if it is not installed: models can be described without any.
    """
    engine = _computing.get() or _default
    if engine is not None:
        return engine
    try:
        return get(default_name())
    except EngineNotInstalled:
        return None


def current_name() -> str:
    """The name of the engine in use here; loads none."""
    engine = _scoped.get() or _default
    return engine.name if engine is not None else default_name()


def owner(x: object) -> Engine | None:
    """The engine of which `x` is a tensor, loaded if it was not yet; arrays of NumPy belong to none."""
    name = _OF_PACKAGES.get(type(x).__module__.partition(".")[0])
    if name is not None and name not in _loaded:
        get(name)
    return next((engine for engine in list(_loaded.values()) if engine.name not in _OF_THE_HOST and engine.is_tensor(x)), None)


def is_chosen_here() -> bool:
    """Whether a `use` is in force here."""
    return _scoped.get() is not None


def set_default(name: str) -> None:
    """Use the engine `name` wherever no `use` is in force."""
    global _default
    check_name(name)
    _default = get(name)


@contextmanager
def use(engine: str | Engine) -> Iterator[Engine]:
    """Use `engine` inside this context (of this thread, or task).

    Example:
        >>> with use("numpy") as engine:
        ...     engine.name
        'numpy'
    """
    chosen = get(engine) if isinstance(engine, str) else engine
    token = _scoped.set(chosen)
    beneath = None if chosen.name == "symbolic" else _computing.set(chosen)
    try:
        yield chosen
    finally:
        _scoped.reset(token)
        if beneath is not None:
            _computing.reset(beneath)
