"""`PyDataset`, the data set that users write in Python, and the source that reads it, with workers if asked."""

from __future__ import annotations

import contextvars
import itertools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from amalthea.errors import DataError
from amalthea.training.data.arrays import permutation
from amalthea.training.data.batch import Batch, ready_batch
from amalthea.training.data.class_weight import with_class_weight
from amalthea.training.data.source import Source

if TYPE_CHECKING:
    from concurrent.futures import Executor, Future


class PyDataset:
    """A data set whose batches are made by Python code: subclass it and define `__getitem__` and `__len__`.

    `__getitem__(index)` returns the batch with that index: `x`, `(x, y)` or `(x, y, sample_weight)`, whose first axis
    counts the samples. `__len__()` returns the number of batches; a data set without end leaves it out (and `fit` needs
    `steps_per_epoch`). `on_epoch_begin` and `on_epoch_end` may be defined to change the data between epochs.

    Args:
        workers: how many batches are made at the same time; with 1, each is made when it is needed, in the training thread.
        use_multiprocessing: whether the workers are processes rather than threads. The data set must then be picklable.
        max_queue_size: how many batches may be made ahead.

    Example:
        >>> import numpy as np
        >>> class Squares(PyDataset):
        ...     def __len__(self):
        ...         return 3
        ...     def __getitem__(self, index):
        ...         x = np.arange(4.0) + 4 * index
        ...         return x, x**2
        >>> [float(y.sum()) for _, y in Squares()]
        [14.0, 126.0, 366.0]
    """

    workers: int = 1
    use_multiprocessing: bool = False
    max_queue_size: int = 10

    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:
        self.workers = workers
        self.use_multiprocessing = use_multiprocessing
        self.max_queue_size = max_queue_size

    def __getitem__(self, index: int) -> Any:
        """The batch with this index."""
        raise TypeError(f"{type(self).__name__} must define `__getitem__(self, index)`, which returns one batch.")

    @property
    def num_batches(self) -> int | None:
        """The number of batches, or None for a data set without end."""
        try:
            return len(self)  # type: ignore[arg-type]
        except TypeError:
            return None

    def __iter__(self) -> Iterator[Any]:
        size = self.num_batches
        for index in itertools.count() if size is None else range(size):
            yield self[index]

    def on_epoch_begin(self) -> None:
        """Called before each epoch."""

    def on_epoch_end(self) -> None:
        """Called after each epoch."""


class PyDatasetSource(Source):
    """The batches of a `PyDataset`, made ahead by workers where it has some, and always in order."""

    def __init__(
        self,
        dataset: PyDataset,
        *,
        shuffle: bool | str = False,
        class_weight: Mapping[int, float] | None = None,
        steps_per_epoch: int | None = None,
        seed: int = 0,
    ) -> None:
        size = dataset.num_batches
        super().__init__(size, steps_per_epoch)
        self.endless = size is None
        self._dataset, self._shuffle, self._class_weight, self._seed = dataset, bool(shuffle), class_weight, seed
        self._begun = False

    def peek(self) -> Batch:
        if self._dataset.num_batches == 0:
            raise DataError(f"{type(self._dataset).__name__} has no batches (its length is 0).")
        if not self._begun:  # a data set may set itself up there
            self._dataset.on_epoch_begin()
            self._begun = True
        return self._prepared(self._dataset[0])

    def _prepared(self, data: Any) -> Batch:
        return with_class_weight(ready_batch(data, type(self._dataset).__name__), self._class_weight)

    def _epoch_begins(self) -> None:
        if not self._begun:
            self._dataset.on_epoch_begin()
        self._begun = True

    def _epoch_ends(self) -> None:
        self._begun = False
        self._dataset.on_epoch_end()

    def _indices(self, epoch: int) -> Iterator[int]:
        size = self._dataset.num_batches
        if size is None:
            return itertools.count()
        return iter(permutation(size, self._seed, epoch).tolist() if self._shuffle else range(size))

    def _pass(self, epoch: int) -> Iterator[Batch]:
        dataset, indices = self._dataset, self._indices(epoch)
        made = _made_ahead(dataset, indices) if dataset.use_multiprocessing or dataset.workers > 1 else map(dataset.__getitem__, indices)
        return (self._prepared(data) for data in made)


_adopted: PyDataset | None = None
"""In a worker process: the data set it works for."""


def _adopt(dataset: PyDataset) -> None:
    global _adopted
    _adopted = dataset


def _item_of_adopted(index: int) -> Any:
    assert _adopted is not None
    return _adopted[index]


def _made_ahead(dataset: PyDataset, indices: Iterator[int]) -> Iterator[Any]:
    """The batches with `indices`, in order; as many as the queue holds are being made at any time."""
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

    workers = max(1, dataset.workers)
    pool: Executor
    submit: Callable[[int], Future[Any]]
    if dataset.use_multiprocessing:
        pool = ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(), initializer=_adopt, initargs=(dataset,))
        submit = lambda index: pool.submit(_item_of_adopted, index)  # noqa: E731
    else:
        pool = ThreadPoolExecutor(workers, thread_name_prefix="amalthea-data")
        # Threads do not inherit the context; without it `with amalthea.engine(...)` would not reach `__getitem__`.
        submit = lambda index: pool.submit(contextvars.copy_context().run, dataset.__getitem__, index)  # noqa: E731
    try:
        queue = deque(submit(index) for index in itertools.islice(indices, max(1, dataset.max_queue_size)))
        while queue:
            batch = queue.popleft().result()
            for index in itertools.islice(indices, 1):
                queue.append(submit(index))
            yield batch
    finally:
        pool.shutdown(wait=dataset.use_multiprocessing, cancel_futures=True)
