"""Data for training: whatever `fit` accepts becomes a `Source`, whose epochs are batches of NumPy arrays."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from amalthea.errors import DataError
from amalthea.random.seed import make_default_seed
from amalthea.training.data.arrays import ArraySource, single_batch, train_validation_split
from amalthea.training.data.batch import Batch, is_dataset, pack_x_y_sample_weight, unpack_x_y_sample_weight
from amalthea.training.data.checks import check_finite, check_labels
from amalthea.training.data.class_weight import check_class_weight
from amalthea.training.data.iterables import from_iterable, from_iterator, from_tf_dataset
from amalthea.training.data.py_dataset import PyDataset, PyDatasetSource
from amalthea.training.data.source import Source

__all__ = [
    "Batch",
    "PyDataset",
    "Source",
    "check_finite",
    "check_labels",
    "is_dataset",
    "make_source",
    "pack_x_y_sample_weight",
    "single_batch",
    "train_validation_split",
    "unpack_validation_data",
    "unpack_x_y_sample_weight",
]


def make_source(
    x: Any = None,
    y: Any = None,
    sample_weight: Any = None,
    *,
    batch_size: int | None = None,
    shuffle: bool | str = False,
    class_weight: Mapping[int, float] | None = None,
    steps_per_epoch: int | None = None,
    seed: int | None = None,
    purpose: str = "fit",
) -> Source:
    """The source of batches for what was given to `fit`, `evaluate` or `predict`.

    Args:
        x: arrays (NumPy's, an engine's, data frames, lists of numbers; or lists, tuples and dictionaries of arrays), or a data set:
            a `PyDataset`, a generator or another iterable of batches, a `tf.data.Dataset`, a PyTorch `DataLoader`, a `Source`.
        y: the targets, in the same forms as `x`; only with arrays.
        sample_weight: weights of the samples; only with arrays.
        batch_size: samples in a batch, 32 by default; only with arrays.
        shuffle: True draws a new order of the samples for each epoch, "batch" one of whole batches, which stay contiguous. Only the
            order of the batches of a `PyDataset` is shuffled; other data sets shuffle themselves.
        class_weight: weights by class index, for integer or one-hot targets.
        steps_per_epoch: the batches of an epoch; None: one pass over the data.
        seed: of the shuffles; None: drawn.
        purpose: the name of the method that asks, for errors.

    Raises:
        DataError: the data cannot be used: what is wrong, and where, is said.

    Example:
        >>> import numpy as np
        >>> source = make_source(np.arange(5.0), np.arange(5), batch_size=2)
        >>> source.num_batches, [y.tolist() for _, y in source.batches()]
        (3, [[0, 1], [2, 3], [4]])
    """
    if x is None:
        raise DataError(f"`{purpose}` was given no data: `x` is None.")
    if class_weight is not None:
        check_class_weight(class_weight)
    if shuffle not in (True, False, "batch"):
        raise DataError(f'`shuffle` must be True, False or "batch". Received: {shuffle!r}.')
    if not is_dataset(x):
        return ArraySource(
            x,
            y,
            sample_weight,
            batch_size=batch_size,
            shuffle=shuffle,
            class_weight=class_weight,
            steps_per_epoch=steps_per_epoch,
            seed=_seed(seed, shuffle),
        )
    _only_with_arrays(x, y, sample_weight, batch_size)
    if isinstance(x, Source):
        return x
    source: Source
    if isinstance(x, PyDataset):
        source = PyDatasetSource(x, shuffle=shuffle, class_weight=class_weight, steps_per_epoch=steps_per_epoch, seed=_seed(seed, shuffle))
    elif isinstance(x, Iterator):
        source = from_iterator(x, class_weight=class_weight, steps_per_epoch=steps_per_epoch)
    elif hasattr(x, "as_numpy_iterator"):
        source = from_tf_dataset(x, class_weight=class_weight, steps_per_epoch=steps_per_epoch)
    else:
        source = from_iterable(x, class_weight=class_weight, steps_per_epoch=steps_per_epoch)
    if source.endless and steps_per_epoch is None:
        argument = "steps_per_epoch" if purpose == "fit" else "steps"
        raise DataError(f"The data set ({type(x).__name__}) has no end: say how many batches to take, with the argument `{argument}` of `{purpose}`.")
    return source


def unpack_validation_data(validation_data: Any) -> tuple[Any, Any, Any]:
    """`(x, y, sample_weight)` of what `fit` was given as `validation_data`.

    Args:
        validation_data: a tuple or list `(x, y)` or `(x, y, sample_weight)`, or a data set.

    Raises:
        DataError: a tuple of another length.

    Example:
        >>> unpack_validation_data(("x", "y"))
        ('x', 'y', None)
    """
    if isinstance(validation_data, (tuple, list)) and len(validation_data) not in (1, 2, 3):
        raise DataError(f"`validation_data` must be `(x, y)`, `(x, y, sample_weight)` or a data set. Received {len(validation_data)} elements.")
    return unpack_x_y_sample_weight(validation_data)


def _seed(seed: int | None, shuffle: bool | str) -> int:
    if seed is not None or not shuffle:
        return seed or 0
    return make_default_seed()


def _only_with_arrays(x: Any, y: Any, sample_weight: Any, batch_size: int | None) -> None:
    kind = type(x).__name__
    for name, value in (("y", y), ("sample_weight", sample_weight)):
        if value is not None:
            raise DataError(f"`x` is a data set ({kind}), so `{name}` cannot be given beside it: let it give `(x, y)` or `(x, y, sample_weight)`.")
    if batch_size is not None:
        warnings.warn(f"`batch_size={batch_size}` is ignored: `x` is a data set ({kind}), which makes its own batches.", stacklevel=3)
