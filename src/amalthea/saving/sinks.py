"""Where the variables of a model go, one tensor at a time, when they are written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np

from amalthea.saving.variables import walk


class Sink(Protocol):
    """A file that is being written."""

    def open(self, path: str, name: str) -> None:
        """An object begins: its path in the model, and its own name."""

    def put(self, path: str, name: str, value: np.ndarray) -> None:
        """Write one variable of it."""


def pour(obj: Any, sink: Sink) -> None:
    """Write the variables of `obj`, and of what is inside it, into `sink`. No more than one of them is held as an array at a time."""
    for path, part in walk(obj):
        sink.open(path, getattr(part, "name", type(part).__name__))
        part.save_own_variables(_Store(sink.put, path))


def key(path: str, name: str) -> str:
    """The name of a variable in files that know no folders, as it stands in `.weights.h5` files.

    Example:
        >>> key("layers/dense", "0"), key("", "0")
        ('layers/dense/vars/0', 'vars/0')
    """
    return f"{path}/vars/{name}" if path else f"vars/{name}"


def unkey(name: str) -> tuple[str, str] | None:
    """The path and the name that `key` made one of, or None.

    Example:
        >>> unkey("layers/dense/vars/0"), unkey("vars/0"), unkey("dense.weight")
        (('layers/dense', '0'), ('', '0'), None)
    """
    before, found, last = f"/{name}".rpartition("/vars/")
    return (before[1:], last) if found and "/" not in last else None


class _Store:
    """What objects put their variables into: each goes to the file at once."""

    def __init__(self, put: Callable[[str, str, np.ndarray], None], path: str) -> None:
        self._put, self._path = put, path
        self._names: list[str] = []

    def __setitem__(self, name: str, value: Any) -> None:
        self._put(self._path, name, np.asarray(value))
        self._names.append(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def keys(self) -> list[str]:
        """The names that were put so far."""
        return list(self._names)
