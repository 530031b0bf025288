"""Whatever can be iterated over as a source of batches: generators, and the data sets of other libraries.

Those libraries are recognised by what their objects can do, and never imported here.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from amalthea.errors import DataError
from amalthea.training.data.batch import Batch, ready_batch
from amalthea.training.data.class_weight import with_class_weight
from amalthea.training.data.source import Source

INFINITE = -1
UNKNOWN = -2


class IterableSource(Source):
    """Batches from something that can be iterated over.

    Args:
        iterate: begins a pass.
        size: the number of batches in a pass, or None.
        restartable: whether `iterate` can be called again for another pass.
        kind: the words for it, as "The generator".
        class_weight: weights by class.
        steps_per_epoch: as for `Source`.
    """

    def __init__(
        self,
        iterate: Callable[[], Iterator[Any]],
        *,
        size: int | None = None,
        restartable: bool = True,
        kind: str = "The data set",
        class_weight: Mapping[int, float] | None = None,
        steps_per_epoch: int | None = None,
    ) -> None:
        super().__init__(size, steps_per_epoch)
        self.restartable = restartable
        self._iterate, self._kind, self._class_weight = iterate, kind, class_weight
        self._opened: Iterator[Batch] | None = None

    def _prepared(self) -> Iterator[Batch]:
        for data in self._iterate():
            yield with_class_weight(ready_batch(data, self._kind), self._class_weight)

    def _pass(self, epoch: int) -> Iterator[Batch]:
        opened, self._opened = self._opened, None
        return self._prepared() if opened is None else opened

    def _first(self) -> Batch | None:
        """The first batch still to be drawn, put back after it was looked at."""
        opened = self._current or self._opened or self._prepared()
        batch = next(opened, None)
        if batch is None:
            self.exhausted = not self.restartable
            return None
        refilled = itertools.chain((batch,), opened)
        if self._current is None:
            self._opened = refilled
        else:
            self._current = refilled
        return batch

    def peek(self) -> Batch:
        batch = self._first()
        if batch is None:
            raise DataError(f"{self._kind} gave no batch.")
        return batch

    def ready(self) -> bool:
        if self.restartable or (not self.exhausted and self._first() is not None):
            return True
        self._warn_short(0)
        return False

    def close(self) -> None:
        super().close()
        self._opened = None


def from_iterator(x: Iterator[Any], **options: Any) -> IterableSource:
    """A source of what `x` yields, once."""
    return IterableSource(lambda: x, restartable=False, kind="The generator", **options)


def from_tf_dataset(x: Any, **options: Any) -> IterableSource:
    """A source of the batches of a `tf.data.Dataset`."""
    cardinality = int(x.cardinality()) if hasattr(x, "cardinality") else UNKNOWN
    source = IterableSource(x.as_numpy_iterator, size=cardinality if cardinality >= 0 else None, kind="The `tf.data.Dataset`", **options)
    source.endless = cardinality == INFINITE
    return source


def from_iterable(x: Iterable[Any], **options: Any) -> IterableSource:
    """A source of the batches of `x`, which can be iterated over again and again (such as a PyTorch `DataLoader`)."""
    try:
        size = len(x)  # type: ignore[arg-type]
    except TypeError:
        size = None
    return IterableSource(lambda: iter(x), size=size, kind=f"The {type(x).__name__}", **options)
