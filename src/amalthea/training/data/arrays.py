"""Arrays in host memory as a source of batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from amalthea import tree
from amalthea.errors import DataError
from amalthea.random.seed import host_generator
from amalthea.training.data.batch import NAMES, Batch, host_arrays, host_float, is_dataset
from amalthea.training.data.checks import check_counts
from amalthea.training.data.class_weight import with_class_weight
from amalthea.training.data.source import Source

DEFAULT_BATCH_SIZE = 32


def permutation(count: int, seed: int, epoch: int) -> np.ndarray[Any, Any]:
    """The order of `count` things in an epoch: a function of `seed` and `epoch` alone, the same on every engine.

    Example:
        >>> permutation(5, seed=1, epoch=0).tolist() == permutation(5, seed=1, epoch=0).tolist()
        True
    """
    return host_generator(seed, epoch).permutation(count)


def single_batch(x: Any, y: Any = None, sample_weight: Any = None, class_weight: Mapping[int, float] | None = None) -> Batch:
    """What `train_on_batch` and its like are given, as one batch of host arrays.

    Raises:
        DataError: as `make_source` does.

    Example:
        >>> single_batch([[1.0, 2.0]], [0])
        (array([[1., 2.]], dtype=float32), array([0]))
    """
    batch = with_class_weight(_parts(x, y, sample_weight), class_weight)
    check_counts(batch)
    return tuple(tree.map_structure(_as_floatx, part, none_is_leaf=False) for part in batch)


def train_validation_split(arrays: tuple[Any, ...], validation_split: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Split arrays in two along the first axis; the last rows are for validation. Nothing is shuffled.

    Args:
        arrays: arrays, or structures of arrays, all with the same number of samples; None stays None.
        validation_split: the fraction of the samples for validation, between 0 and 1.

    Returns:
        Two tuples of the form of `arrays`: the samples for training, and those for validation. They are views.

    Raises:
        DataError: `arrays` holds what is no array, the fraction is not between 0 and 1, or one part would be empty.

    Example:
        >>> (x, _), (x_val, _) = train_validation_split((np.arange(10), None), 0.2)
        >>> x_val
        array([8, 9])
    """
    if not 0 < validation_split < 1:
        raise DataError(f"`validation_split` must lie between 0 and 1. Received: {validation_split!r}.")
    if is_dataset(arrays[0]):
        raise DataError(
            f"`validation_split` needs arrays, but `x` is a data set ({type(arrays[0]).__name__}). "
            "Split it yourself, for example with `utils.split_dataset`, and give one part as `validation_data`."
        )
    parts = tuple(host_arrays(part, name) for part, name in zip(arrays, NAMES, strict=False))
    count = check_counts(parts)
    at = int(count * (1.0 - validation_split))
    if at == 0:
        raise DataError(f"`validation_split={validation_split}` leaves none of the {count} samples for training. Choose a smaller fraction.")
    first = tuple(tree.map_structure(lambda leaf: leaf[:at], part, none_is_leaf=False) for part in parts)
    last = tuple(tree.map_structure(lambda leaf: leaf[at:], part, none_is_leaf=False) for part in parts)
    return first, last


def _parts(x: Any, y: Any, sample_weight: Any) -> Batch:
    if x is None:
        raise DataError("No data was given: `x` is None.")
    if sample_weight is not None and y is None:
        raise DataError("`sample_weight` weighs the loss of each sample, so it needs targets `y`, which were not given.")
    parts = (x,) if y is None else (x, y) if sample_weight is None else (x, y, sample_weight)
    return tuple(host_arrays(part, name) for part, name in zip(parts, NAMES, strict=False))


def _as_floatx(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return array.astype(host_float(), copy=False) if array.dtype.kind == "f" else array


class ArraySource(Source):
    """Batches cut out of arrays: views where the order is kept, copies of one batch where it is shuffled.

    Floats of any width become `config.floatx()`, a batch at a time; all other dtypes stay.
    """

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        batch_size: int | None = None,
        shuffle: bool | str = False,
        class_weight: Mapping[int, float] | None = None,
        steps_per_epoch: int | None = None,
        seed: int = 0,
    ) -> None:
        size = DEFAULT_BATCH_SIZE if batch_size is None else batch_size
        if isinstance(size, bool) or not isinstance(size, (int, np.integer)) or size < 1:
            raise DataError(f"`batch_size` must be an integer of at least 1. Received: {batch_size!r}.")
        self._data = with_class_weight(_parts(x, y, sample_weight), class_weight)
        self._count = check_counts(self._data)
        self._shuffle, self._seed = shuffle, seed
        self._leaves = tree.flatten(self._data)
        self._casts = [host_float() if leaf is not None and leaf.dtype.kind == "f" and leaf.dtype != host_float() else None for leaf in self._leaves]
        self._pack = tree.packer(self._data)
        super().__init__(-(-self._count // int(size)), steps_per_epoch, int(size))

    def peek(self) -> Batch:
        return self._cut(lambda leaf: leaf[: self.batch_size])

    def whole(self) -> Batch | None:
        return self._data

    def _cut(self, take: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]) -> Batch:
        rows: list[Any] = []
        for leaf, cast in zip(self._leaves, self._casts, strict=True):
            part = None if leaf is None else take(leaf)
            rows.append(part if cast is None or part is None else part.astype(cast))
        return self._pack(rows)  # type: ignore[no-any-return]

    def _pass(self, epoch: int) -> Iterator[Batch]:
        count, size = self._count, self.batch_size or DEFAULT_BATCH_SIZE
        if self._shuffle is True:
            order = permutation(count, self._seed, epoch)
            for start in range(0, count, size):
                rows = order[start : start + size]
                yield self._cut(lambda leaf, rows=rows: leaf.take(rows, axis=0))  # type: ignore[misc]
            return
        starts = np.arange(0, count, size)
        if self._shuffle == "batch":
            whole = count // size
            starts[:whole] = starts[permutation(whole, self._seed, epoch)]  # a smaller last batch stays the last
        for start in starts.tolist():
            yield self._cut(lambda leaf, start=start: leaf[start : start + size])  # type: ignore[misc]
