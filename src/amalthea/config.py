"""Settings of the process: the default float dtype, the fuzz factor, the data format, the engine.

Every setting has a function that reads it and one that changes it. The first values come from `~/.keras/keras.json`
(or `$KERAS_HOME/keras.json`) where that file exists, and from `KERAS_MAX_EPOCHS` and `KERAS_MAX_STEPS_PER_EPOCH`, as Keras reads them.
"""

from __future__ import annotations

import json
import os
import warnings
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from amalthea.errors import ArgumentError

if TYPE_CHECKING:
    from amalthea.engines.derived import Engine

_FLOATS = ("bfloat16", "float16", "float32", "float64")
_DATA_FORMATS = ("channels_last", "channels_first")


@dataclass
class _Settings:
    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    dtype_policy: Any = None
    interactive_logging: bool = True
    flash_attention: bool | None = None
    max_epochs: int | None = None
    max_steps_per_epoch: int | None = None
    check_finite: bool = False
    traceback_filtering: bool = True


def _first_settings() -> _Settings:
    path = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "keras.json"
    settings = _Settings()
    for name in ("max_epochs", "max_steps_per_epoch"):
        given = os.environ.get(f"KERAS_{name.upper()}", "")
        setattr(settings, name, int(given) if given.isdecimal() else None)
    try:
        stored = json.loads(path.read_text())
    except (OSError, ValueError):
        return settings
    if not isinstance(stored, dict):
        return settings
    if stored.get("floatx") in _FLOATS:
        settings.floatx = stored["floatx"]
    if isinstance(stored.get("epsilon"), float):
        settings.epsilon = stored["epsilon"]
    if stored.get("image_data_format") in _DATA_FORMATS:
        settings.image_data_format = stored["image_data_format"]
    return settings


_settings = _first_settings()


def floatx() -> str:
    """The dtype that floating tensors have when nothing else is said.

    Example:
        >>> floatx()
        'float32'
    """
    return _settings.floatx


def set_floatx(value: str) -> None:
    """Set the default float dtype: "bfloat16", "float16", "float32" or "float64"."""
    _settings.floatx = _one_of("value", value, _FLOATS)


def epsilon() -> float:
    """The small number that keeps divisions and logarithms defined."""
    return _settings.epsilon


def set_epsilon(value: float) -> None:
    """Set the fuzz factor that `epsilon()` returns."""
    _settings.epsilon = float(value)


def image_data_format() -> str:
    """Where image tensors have their channels by default: "channels_last" or "channels_first"."""
    return _settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Set the default data format of images."""
    _settings.image_data_format = _one_of("data_format", data_format, _DATA_FORMATS)


def standardize_data_format(data_format: str | None) -> str:
    """`data_format` checked, in lower case; None means the default one."""
    if data_format is None:
        return _settings.image_data_format
    return _one_of("data_format", str(data_format).lower(), _DATA_FORMATS)


def backend() -> str:
    """The name of the engine in use, under Keras's word for it."""
    from amalthea.engines import registry

    return registry.current_name()


def set_engine(name: str) -> None:
    """Use the engine `name` from here on, in every thread, where no `with amalthea.engine(...)` says otherwise.

    Raises:
        ArgumentError: there is no such engine.
        EngineNotInstalled: its package is missing.
    """
    from amalthea.engines import registry

    registry.set_default(name)


def set_backend(backend: str) -> None:
    """Keras's name for `set_engine`."""
    set_engine(backend)


def engine(name: str) -> AbstractContextManager[Engine]:
    """A context in which the engine `name` is used, in this thread or task alone.

    Raises:
        ArgumentError: there is no such engine.
        EngineNotInstalled: its package is missing.

    Example:
        >>> from amalthea import ops
        >>> with engine("numpy"):
        ...     type(ops.ones((2,))).__name__
        'ndarray'
    """
    from amalthea.engines import registry

    registry.check_name(name)
    return registry.use(name)


def dtype_policy() -> Any:
    """The dtype policy that layers get when nothing else is said."""
    from amalthea.dtype_policies import DTypePolicy

    if _settings.dtype_policy is None:
        return DTypePolicy(_settings.floatx)
    return _settings.dtype_policy


def set_dtype_policy(policy: Any) -> None:
    """Set the default dtype policy: an object, or a name such as "mixed_bfloat16"."""
    from amalthea import dtype_policies

    _settings.dtype_policy = None if policy is None else dtype_policies.get(policy)


def enable_interactive_logging() -> None:
    """Let progress be drawn on standard output (the default)."""
    _settings.interactive_logging = True


def disable_interactive_logging() -> None:
    """Send progress to Python's `logging` in place of standard output."""
    _settings.interactive_logging = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress is drawn on standard output."""
    return _settings.interactive_logging


def enable_flash_attention() -> None:
    """Let engines take their fused attention wherever it fits (the default)."""
    _settings.flash_attention = True


def disable_flash_attention() -> None:
    """Compute attention step by step, never by an engine's fused kernel."""
    _settings.flash_attention = False


def is_flash_attention_enabled() -> bool | None:
    """Whether fused attention may be taken; None: nobody said."""
    return _settings.flash_attention


def enable_traceback_filtering() -> None:
    """Leave frames of the library out of the tracebacks of errors that come through layers and training (the default)."""
    _settings.traceback_filtering = True


def disable_traceback_filtering() -> None:
    """Keep every frame in tracebacks."""
    _settings.traceback_filtering = False


def is_traceback_filtering_enabled() -> bool:
    """Whether tracebacks leave frames of the library out."""
    return _settings.traceback_filtering


def enable_unsafe_deserialization() -> None:
    """Changes nothing, with a warning: what is in a file is never run. Files whose parts are code are refused, each with how to rebuild them."""
    warnings.warn(
        "Amalthea never runs code from files, so there is no unsafe deserialization to enable. Loading a file with a lambda, a pickled module or a "
        "SavedModel still raises an error, which says how to rebuild that part.",
        stacklevel=2,
    )


def is_nnx_enabled() -> bool:
    """False: layers are not modules of Flax NNX here, whatever `KERAS_NNX_ENABLED` says. `Model.as_jax_function` gives a pure function."""
    return False


def max_epochs() -> int | None:
    """The most epochs that any `fit` runs; None: no limit."""
    return _settings.max_epochs


def set_max_epochs(max_epochs: int | None) -> None:
    """Limit the epochs of every `fit`: for a quick trial of a long script."""
    _settings.max_epochs = _count("max_epochs", max_epochs)


def max_steps_per_epoch() -> int | None:
    """The most steps that any epoch runs; None: no limit."""
    return _settings.max_steps_per_epoch


def set_max_steps_per_epoch(max_steps_per_epoch: int | None) -> None:
    """Limit the steps of every epoch: for a quick trial of a long script."""
    _settings.max_steps_per_epoch = _count("max_steps_per_epoch", max_steps_per_epoch)


def enable_finite_check() -> None:
    """Let `fit`, `evaluate` and `predict` refuse data that holds NaN or infinity."""
    _settings.check_finite = True


def disable_finite_check() -> None:
    """Take data as it is (the default)."""
    _settings.check_finite = False


def is_finite_check_enabled() -> bool:
    """Whether data with NaN or infinity is refused."""
    return _settings.check_finite


def _one_of(argument: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise ArgumentError(f"`{argument}` must be one of {', '.join(map(repr, allowed))}. Received: {value!r}.")
    return value


def _count(argument: str, value: int | None) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ArgumentError(f"`{argument}` must be None or an integer of at least 0. Received: {value!r}.")
    return value
