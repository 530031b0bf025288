"""Tracking: an object finds the variables, layers and the like that are put into its attributes, in lists and dictionaries too.

A tracked object has a `Tracker`, which sorts what it sees into buckets. Lists, dictionaries and sets in attributes are replaced by
kinds of them that report what is put into them later.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, SupportsIndex

from amalthea.errors import StateError

Buckets = dict[str, tuple[Callable[[Any], bool], list[Any]]]


class Tracker:
    """Sorts objects into buckets: the first bucket whose test an object passes gets it, once.

    Args:
        buckets: a test and a list for each name.

    Example:
        >>> numbers: list = []
        >>> tracker = Tracker({"numbers": (lambda x: isinstance(x, int), numbers)})
        >>> tracked = tracker.track([1, [2, "x"]])
        >>> tracked.append(3)
        >>> numbers
        [1, 2, 3]
    """

    last_change = object()
    """Another object after each change of an attribute of a layer, whichever it is. Who depends on layers need look at them only after one. (Not a number: two
    threads that count at once may count one.)"""

    def __init__(self, buckets: Buckets) -> None:
        self.buckets = buckets
        self.locked: str | None = None

    @functools.cached_property
    def _stored(self) -> dict[str, set[int]]:
        """What is in the buckets, by identity, which is another in a copy."""
        return {name: {id(entry) for entry in entries} for name, (_, entries) in self.buckets.items()}

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_stored"}

    def track(self, value: Any) -> Any:
        """Sort `value`, or what it holds; gives what is to be kept in the attribute. What is in a bucket stays there, whatever it became since."""
        if any(id(value) in stored for stored in self._stored.values()):
            return value
        for name, (test, entries) in self.buckets.items():
            if test(value):
                if self.locked is not None:
                    raise StateError(self.locked)
                self._stored[name].add(id(value))
                entries.append(value)
                return value
        kind = type(value)
        if kind is list:
            return TrackedList(value, self)
        if kind is dict:
            return TrackedDict(value, self)
        if kind is set:
            return TrackedSet(value, self)
        if isinstance(value, tuple) and not isinstance(value, str):
            for element in value:
                self.track(element)
        return value

    def untrack(self, value: Any) -> None:
        """Forget `value`, and what it holds."""
        for name, (_, entries) in self.buckets.items():
            if id(value) in self._stored[name]:
                self._stored[name].discard(id(value))
                entries[:] = [entry for entry in entries if entry is not value]
        if isinstance(value, (TrackedList, TrackedSet, tuple)):
            for element in value:
                self.untrack(element)
        elif isinstance(value, TrackedDict):
            for element in value.values():
                self.untrack(element)

    def add(self, name: str, value: Any) -> None:
        """Put `value` into the bucket `name`, if it is not there yet."""
        if id(value) not in self._stored[name]:
            self._stored[name].add(id(value))
            self.buckets[name][1].append(value)

    def lock(self, message: str) -> None:
        """Refuse new objects from now on, with `message`."""
        self.locked = message

    def unlock(self) -> None:
        """Take new objects again."""
        self.locked = None


class TrackedList(list[Any]):
    """A list that reports what is put into it."""

    def __init__(self, values: Iterable[Any] = (), tracker: Tracker | None = None) -> None:
        self._tracker = tracker
        super().__init__(self._track(value) for value in values)

    def _track(self, value: Any) -> Any:
        return self._tracker.track(value) if self._tracker is not None else value

    def _untrack(self, value: Any) -> None:
        if self._tracker is not None:
            self._tracker.untrack(value)

    def append(self, value: Any) -> None:
        super().append(self._track(value))

    def insert(self, index: SupportsIndex, value: Any) -> None:
        super().insert(index, self._track(value))

    def extend(self, values: Iterable[Any]) -> None:
        super().extend([self._track(value) for value in values])

    def __iadd__(self, values: Iterable[Any]) -> TrackedList:  # type: ignore[misc, override]
        self.extend(values)
        return self

    def __setitem__(self, index: Any, value: Any) -> None:
        super().__setitem__(index, [self._track(v) for v in value] if isinstance(index, slice) else self._track(value))

    def remove(self, value: Any) -> None:
        self._untrack(value)
        super().remove(value)

    def pop(self, index: SupportsIndex = -1) -> Any:
        value = super().pop(index)
        self._untrack(value)
        return value

    def clear(self) -> None:
        for value in self:
            self._untrack(value)
        super().clear()

    def __delitem__(self, index: Any) -> None:
        for value in self[index] if isinstance(index, slice) else [self[index]]:
            self._untrack(value)
        super().__delitem__(index)

    def __reduce__(self) -> Any:
        return (list, (list(self),))


class TrackedDict(dict[Any, Any]):
    """A dictionary that reports what is put into it."""

    def __init__(self, values: Mapping[Any, Any] | None = None, tracker: Tracker | None = None) -> None:
        self._tracker = tracker
        super().__init__({key: self._track(value) for key, value in (values or {}).items()})

    def _track(self, value: Any) -> Any:
        return self._tracker.track(value) if self._tracker is not None else value

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, self._track(value))

    def update(self, *args: Any, **kwargs: Any) -> None:
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def setdefault(self, key: Any, default: Any = None) -> Any:
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: Any, *default: Any) -> Any:
        value = super().pop(key, *default)
        if self._tracker is not None:
            self._tracker.untrack(value)
        return value

    def popitem(self) -> tuple[Any, Any]:
        key, value = super().popitem()
        if self._tracker is not None:
            self._tracker.untrack(value)
        return key, value

    def __delitem__(self, key: Any) -> None:
        self.pop(key)

    def clear(self) -> None:
        for key in list(self):
            del self[key]

    def __reduce__(self) -> Any:
        return (dict, (dict(self),))


class TrackedSet(set[Any]):
    """A set that reports what is put into it."""

    def __init__(self, values: Iterable[Any] = (), tracker: Tracker | None = None) -> None:
        self._tracker = tracker
        super().__init__(self._track(value) for value in values)

    def _track(self, value: Any) -> Any:
        return self._tracker.track(value) if self._tracker is not None else value

    def add(self, value: Any) -> None:
        super().add(self._track(value))

    def update(self, *others: Iterable[Any]) -> None:
        for other in others:
            for value in other:
                self.add(value)

    def _untrack(self, value: Any) -> None:
        if self._tracker is not None:
            self._tracker.untrack(value)

    def remove(self, value: Any) -> None:
        super().remove(value)
        self._untrack(value)

    def discard(self, value: Any) -> None:
        if value in self:
            self.remove(value)

    def pop(self) -> Any:
        value = super().pop()
        self._untrack(value)
        return value

    def clear(self) -> None:
        for value in self:
            self._untrack(value)
        super().clear()

    def __reduce__(self) -> Any:
        return (set, (list(self),))


def no_automatic_tracking(method: Callable[..., Any]) -> Callable[..., Any]:
    """Attributes set inside `method` (of a tracked object) are not tracked."""

    @functools.wraps(method)
    def wrapped(self: Any, *args: Any, **kwargs: Any) -> Any:
        tracker = self.__dict__.get("_tracker")
        self.__dict__["_tracker"] = None
        try:
            return method(self, *args, **kwargs)
        finally:
            self.__dict__["_tracker"] = tracker

    return wrapped
