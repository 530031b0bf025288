"""`Logs`: the values of losses and metrics, left on the device until somebody looks at one."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterator, Mapping, Sequence, ValuesView
from typing import Any

import numpy as np

Read = Callable[[list[Any]], Sequence[Any]]

_MISSING = object()


def _plain(value: Any) -> Any:
    """A Python float for what holds one number; text, None and larger arrays as they are."""
    if value is None or isinstance(value, (float, str, list, tuple)):
        return value
    array = np.asarray(value)
    return float(array.reshape(())) if array.size == 1 and array.dtype.kind in "fiubV" else array


def _flat(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries, those of inner dictionaries in place of them."""
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield name, value


class Logs(dict[str, Any]):
    """A dictionary of numbers that may still lie on a device.

    The names can be looked at without a transfer. The first look at a value reads all values that are not read yet,
    in one transfer, as Python floats (an array with more than one element becomes a NumPy array). Every way to a value
    counts as a look: `logs[name]`, `get`, `items`, `values`, `dict(logs)`, `{**logs}`, `==`, printing, pickling.

    Args:
        values: numbers, text, or engine scalars by name. An inner dictionary gives its entries to this one.
        read: reads engine scalars into host memory, many at once; without it, each is read by NumPy.

    Example:
        >>> logs = Logs({"loss": np.float32(0.5)})
        >>> logs["loss"], dict(logs), Logs(logs) == logs
        (0.5, {'loss': 0.5}, True)
    """

    __slots__ = ("_read", "_unread")

    def __init__(self, values: Mapping[str, Any] | None = None, read: Read | None = None) -> None:
        # One is made at every step: a plain dictionary without inner ones is taken over as a whole.
        self._read = read
        if type(values) is dict:
            for value in values.values():
                if isinstance(value, dict):
                    break
            else:
                super().__init__(values)
                self._unread = True
                return
        super().__init__()
        self._unread = False
        if values is not None:
            self.update(values)
            if read is None and isinstance(values, Logs):
                self._read = values._read

    def raw(self) -> dict[str, Any]:
        """The values as they are stored, read or not."""
        return dict(super().items())

    def _look(self) -> None:
        if not self._unread:
            return
        self._unread = False
        names = [name for name, value in super().items() if type(value) is not float]
        stored = [super(Logs, self).__getitem__(name) for name in names]
        foreign = [not (value is None or isinstance(value, (int, float, str, np.ndarray, np.generic))) for value in stored]
        if self._read is not None and any(foreign):
            got = iter(self._read([value for value, far in zip(stored, foreign, strict=True) if far]))
            stored = [next(got) if far else value for value, far in zip(stored, foreign, strict=True)]
        for name, value in zip(names, stored, strict=True):
            super().__setitem__(name, _plain(value))

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._unread = self._unread or type(value) is not float

    def __getitem__(self, name: str) -> Any:
        self._look()
        return super().__getitem__(name)

    def __iter__(self) -> Iterator[str]:
        # Python copies a dictionary with an `__iter__` of its own through `keys` and `[]`: `dict(logs)` reads the values.
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        """The value of `name`, or `default`."""
        self._look()
        return super().get(name, default)

    def items(self) -> ItemsView[str, Any]:  # type: ignore[override]
        """The names and values."""
        self._look()
        return super().items()

    def values(self) -> ValuesView[Any]:  # type: ignore[override]
        """The values."""
        self._look()
        return super().values()

    def update(self, *others: Any, **named: Any) -> None:
        """Take over the values of another dictionary; values of a `Logs` are taken over unread."""
        for other in (*others, named):
            if isinstance(other, Logs):
                super().update(super(Logs, other).items())
                self._unread = self._unread or other._unread
            else:
                for name, value in _flat(other if isinstance(other, Mapping) else dict(other)):
                    self[name] = value

    def setdefault(self, name: str, default: Any = None) -> Any:
        """The value of `name`, which becomes `default` if there was none."""
        if name not in self:
            self[name] = default
        return self[name]

    def pop(self, name: str, default: Any = _MISSING) -> Any:
        """Take the value of `name` out."""
        self._look()
        return super().pop(name) if default is _MISSING else super().pop(name, default)

    def popitem(self) -> tuple[str, Any]:
        """Take the last entry out."""
        self._look()
        return super().popitem()

    def copy(self) -> Logs:
        """A copy; reads nothing."""
        return Logs(self)

    __copy__ = copy

    def __eq__(self, other: object) -> bool:
        return dict(self.items()) == (dict(other.items()) if isinstance(other, Logs) else other)

    def __ne__(self, other: object) -> bool:
        return not self == other

    __hash__ = None

    def __or__(self, other: Mapping[str, Any]) -> Logs:  # type: ignore[override]
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: Mapping[str, Any]) -> Logs:  # type: ignore[override]
        return Logs(other, self._read) | self

    def __ior__(self, other: Any) -> Logs:  # type: ignore[override,misc]
        self.update(other)
        return self

    def __repr__(self) -> str:
        return repr(dict(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return Logs, (dict(self.items()),)
