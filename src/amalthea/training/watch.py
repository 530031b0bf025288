"""Whether things are what they were: told by identity, so that it may be asked at every step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from operator import call, is_
from typing import Any

import numpy as np

_END = (object(),)
"""Between what two things give: what one of them loses is not taken for what the next one gets."""


class Watch:
    """What things hold, as it was when `start` was called.

    Example:
        >>> rates = [0.5]
        >>> watch = Watch()
        >>> watch.see(rates)
        >>> watch.start()
        >>> watch.holds()
        True
        >>> rates[0] = 0.25
        >>> watch.holds()
        False
    """

    def __init__(self) -> None:
        self._reads: list[Callable[[], Any]] = []
        self._seen: list[Iterable[Any]] = [Reads(self._reads)]
        self._kept: list[Any] = []

    def see(self, values: Iterable[Any]) -> None:
        """Watch what iterating over `values` gives: over a container, a view of a dictionary, or an object that looks anew each time."""
        self._seen += (_END, values)

    def read(self, value: Callable[[], Any]) -> None:
        """Watch what `value()` gives."""
        self._reads.append(value)

    def start(self) -> None:
        """Keep what there is now, to compare it with what will be."""
        self._kept = list(chain.from_iterable(self._seen))

    def holds(self) -> bool:
        """Whether all is the same: the same objects, in the same order."""
        now = list(chain.from_iterable(self._seen))
        return len(now) == len(self._kept) and all(map(is_, now, self._kept))


class Reads:
    """What functions give."""

    def __init__(self, reads: list[Callable[[], Any]]) -> None:
        self._reads = reads

    def __iter__(self) -> Iterator[Any]:
        return map(call, self._reads)


class Numbers:
    """The numbers in an array: to call it gives the same object as long as they are the same."""

    def __init__(self, array: np.ndarray) -> None:
        self._array = array
        self._kept = self._now()

    def _now(self) -> tuple[Any, ...]:
        array = self._array
        return array.shape, array.dtype, array.tobytes()

    def __call__(self) -> Any:
        now = self._now()
        return self._kept if now == self._kept else now
