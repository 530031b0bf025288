"""What is wrong with a configuration: which rule, where, why, and what helps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from amalthea.errors import ModelFileError, shown

CODES = {
    "config.code": "it holds code, or what only running code could restore",
    "config.depth": "its parts are nested too deeply",
    "config.form": "it is not of the form that configurations have",
    "config.graph": "the connections of its layers are broken",
    "config.key": "it has a key that the class does not know",
    "config.kind": "a value is not of the kind that the class takes",
    "config.mismatch": "its names contradict each other",
    "config.path": "it names a file or an address",
    "config.size": "it describes more than may be allocated",
    "config.unknown": "it names a class, function or operation that is neither public nor registered",
    "config.value": "a class refuses the values, or a layer the shapes",
}

NO_SWITCH = "Code from a file is never run: no switch allows it, `safe_mode=False` included."
REGISTER = (
    "If it is yours, decorate it with `@amalthea.saving.register_keras_serializable()` and import its module first, or pass it in `custom_objects`."
)


def refused(rule: str, place: str, reason: str, hint: str = "") -> ModelFileError:
    """The error for a configuration that is refused.

    Args:
        rule: which rule it breaks: the last part of one of `CODES`.
        place: where in the configuration, such as "config.layers[2].config.units"; "" for the whole.
        reason: what is wrong there, as a sentence.
        hint: what helps, as a sentence.

    Example:
        >>> print(refused("kind", "config.units", "A value of the kind `int` is needed.", "Received: 'a'."))
        config.units: A value of the kind `int` is needed. Received: 'a'. [config.kind]
    """
    return ModelFileError(f"config.{rule}", place or "configuration", reason, hint)


def at(place: str, key: Any) -> str:
    """The place of what stands under `key` in what stands at `place`; keys are a stranger's, so odd ones are quoted.

    Example:
        >>> at("config.layers", 0), at("", "config"), at("config", "a b")
        ('config.layers[0]', 'config', "config['a b']")
    """
    if isinstance(key, str) and key.isidentifier() and key.isascii() and len(key) < _LONG:
        return f"{place}.{key}" if place else key
    return f"{place}[{key if isinstance(key, int) else shown(key)}]"


_LONG = 60


_listed: ContextVar[list[ModelFileError] | None] = ContextVar("amalthea_listed_faults", default=None)
MOST_LISTED = 100


@contextmanager
def listed() -> Iterator[list[ModelFileError]]:
    """Inside, what is checked `separately` goes on after a fault; all of them (at most `MOST_LISTED`) are in the list.

    Example:
        >>> with listed() as found:
        ...     for name in ("first", "second"):
        ...         with separately:
        ...             raise refused("kind", name, "It is wrong.")
        >>> [fault.place for fault in found]
        ['first', 'second']
    """
    found: list[ModelFileError] = []
    token = _listed.set(found)
    try:
        yield found
    except ModelFileError as last:
        found.append(last)
    finally:
        _listed.reset(token)


class _Separately:
    """For `with`: one check of several that do not depend on each other. Its fault is raised at once, unless faults are `listed`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
        found = _listed.get()
        if found is None or not isinstance(error, ModelFileError) or len(found) >= MOST_LISTED - 1:
            return False
        found.append(error)
        return True


separately = _Separately()
