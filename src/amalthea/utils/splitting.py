"""Data in two parts."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import tree
from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.random.seed import host_generator, make_default_seed
from amalthea.training.data.batch import host_arrays
from amalthea.training.data.checks import check_counts


def split_dataset(
    dataset: Any,
    left_size: int | float | None = None,
    right_size: int | float | None = None,
    shuffle: bool = False,
    seed: int | None = None,
    preferred_backend: str | None = None,
) -> tuple[Any, Any]:
    """Split data in two.

    Args:
        dataset: an array, or a structure of arrays with the same number of samples; or a data set that has `take` and `skip`
            (such as `tf.data.Dataset`) and knows its size.
        left_size: how many samples go to the left: an integer, or a fraction between 0 and 1; by default, those not on the right.
        right_size: how many go to the right, likewise.
        shuffle: whether the samples are put in a random order first.
        seed: of that order.
        preferred_backend: kept for Keras's sake; the parts are always of the kind of `dataset`.

    Returns:
        `(left, right)`, each of the kind of `dataset`: arrays in the same structure (views, unless shuffled), or data sets.

    Raises:
        ArgumentError: the sizes do not fit the number of samples.
        ArgumentTypeError: `dataset` is of another kind.
        DataError: the arrays differ in the number of samples.

    Example:
        >>> (x, y), (x_test, y_test) = split_dataset((np.arange(10), np.arange(10)), left_size=0.8)
        >>> x_test
        array([8, 9])
    """
    if hasattr(dataset, "take") and hasattr(dataset, "skip"):
        if shuffle:
            dataset = dataset.shuffle(max(len(dataset), 1), seed=seed, reshuffle_each_iteration=False)
        left, right = _sizes(len(dataset), left_size, right_size)
        return dataset.take(left), dataset.skip(left).take(right)
    if not (hasattr(dataset, "__array__") or tree.is_nested(dataset)):
        raise ArgumentTypeError(f"`dataset` must be arrays, or a data set with `take` and `skip`. Received: {type(dataset).__name__}.")
    arrays = host_arrays(dataset, "dataset")
    count = check_counts((arrays,), ("dataset",))
    left, right = _sizes(count, left_size, right_size)
    if shuffle:
        order = host_generator(make_default_seed() if seed is None else seed).permutation(count)
        return (
            tree.map_structure(lambda leaf: leaf[order[:left]], arrays),
            tree.map_structure(lambda leaf: leaf[order[left : left + right]], arrays),
        )
    return tree.map_structure(lambda leaf: leaf[:left], arrays), tree.map_structure(lambda leaf: leaf[left : left + right], arrays)


def _sizes(count: int, left_size: int | float | None, right_size: int | float | None) -> tuple[int, int]:
    left, right = _size("left_size", left_size, count), _size("right_size", right_size, count)
    if left is None and right is None:
        raise ArgumentError("At least one of `left_size` and `right_size` must be given.")
    left = count - right if left is None and right is not None else left
    right = count - left if right is None and left is not None else right
    assert left is not None
    assert right is not None
    if isinstance(left_size, float) and isinstance(right_size, float) and left_size + right_size <= 1 < (left + right) / count:
        right = count - left  # both fractions were rounded up
    if left + right > count or left == 0 or right == 0:
        raise ArgumentError(
            f"{count} samples cannot be split into `left_size={left_size}` and `right_size={right_size}` ({left} and {right} samples): "
            "both parts need at least one, and no more than there are."
        )
    return left, right


def _size(name: str, size: int | float | None, count: int) -> int | None:
    if size is None:
        return None
    if isinstance(size, bool) or not isinstance(size, (int, float, np.integer, np.floating)):
        raise ArgumentTypeError(f"`{name}` must be an integer or a fraction. Received: {size!r}.")
    if isinstance(size, (float, np.floating)):
        if not 0 <= size <= 1:
            raise ArgumentError(f"`{name}` as a fraction must lie between 0 and 1. Received: {size!r}.")
        return round(size * count)
    if not 0 <= size <= count:
        raise ArgumentError(f"`{name}` must lie between 0 and the number of samples, {count}. Received: {size!r}.")
    return int(size)
