"""Checks of data before it is trained on; every error names the array, and the place in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import tree
from amalthea.errors import DataError
from amalthea.training.data.batch import NAMES, in_words


def named_leaves(parts: tuple[Any, ...], names: tuple[str, ...] = NAMES) -> list[tuple[str, Any]]:
    """The arrays in `(x, y, sample_weight)`, each with its name; None is left out.

    Example:
        >>> [name for name, _ in named_leaves(({"a": 0, "b": [1, 2]}, 3))]
        ["x['a']", "x['b'][0]", "x['b'][1]", 'y']
    """
    leaves = []
    for name, part in zip(names, parts, strict=False):
        leaves += [(in_words(path, name), leaf) for path, leaf in tree.flatten_with_path(part) if leaf is not None]
    return leaves


def check_counts(parts: tuple[Any, ...], names: tuple[str, ...] = NAMES) -> int:
    """The number of samples of all arrays in `parts`.

    Raises:
        DataError: they differ, there is none, or an array has no first axis.
    """
    leaves = named_leaves(parts, names)
    for name, leaf in leaves:
        if leaf.ndim == 0:
            raise DataError(f"`{name}` is a single number; an array whose first axis counts the samples is needed.")
    counts = {name: leaf.shape[0] for name, leaf in leaves}
    if not counts:
        raise DataError("No data was given: `x` holds no array.")
    if len(set(counts.values())) > 1:
        found = "\n".join(f"  {name}: {count} samples, shape {leaf.shape}" for (name, leaf), count in zip(leaves, counts.values(), strict=True))
        raise DataError(f"All arrays must have the same number of samples (the size of their first axis), but they differ:\n{found}")
    count: int = next(iter(counts.values()))
    if count == 0:
        raise DataError(f"There are no samples: {', '.join(f'`{name}` has the shape {leaf.shape}' for name, leaf in leaves)}.")
    return count


def check_finite(batch: Any, where: str = "") -> None:
    """Raise `DataError` if an array of floats in `batch` holds NaN or infinity.

    Args:
        batch: `(x,)`, `(x, y)` or `(x, y, sample_weight)` of NumPy arrays, each of them nested at will.
        where: words that tell which batch, put into the error.

    Raises:
        DataError: with the name of the array, the number of such values and the place of the first.

    Example:
        >>> check_finite((np.array([[1.0], [np.nan]]),))
        Traceback (most recent call last):
            ...
        amalthea.errors.DataError: `x` holds 1 value that is NaN or infinite; the first is nan at [1, 0]. ...
    """
    for name, leaf in named_leaves(batch if isinstance(batch, tuple) else (batch,)):
        if leaf.dtype.kind in "fcV" and not (good := np.isfinite(leaf)).all():
            count = int(leaf.size - np.count_nonzero(good))
            first = [int(index) for index in np.argwhere(~good)[0]]
            values = "value that is" if count == 1 else "values that are"
            raise DataError(
                f"`{name}` holds {count} {values} NaN or infinite{' in ' + where if where else ''}; the first is {leaf[tuple(first)]} at {first}. "
                "Drop such samples, or replace the values (`np.nan_to_num`)."
            )


def check_labels(y: Any, num_classes: int, name: str = "y", ignore: int | None = None) -> None:
    """Raise `DataError` if labels lie outside the classes 0 to `num_classes - 1`.

    Args:
        y: labels: an array of any shape; whole numbers, as integers or as floats. None, and floats with fractions, pass.
        num_classes: how many classes there are: the size of the model's last axis.
        name: the name of `y` in the error.
        ignore: a label that stands for "no label" and is allowed.

    Raises:
        DataError: with the label, and where it first stands.

    Example:
        >>> check_labels(np.array([0, 1, 2]), 3)
        >>> check_labels(np.array([1, 2, 3]), 3)
        Traceback (most recent call last):
            ...
        amalthea.errors.DataError: `y` holds the label 3 (at [2]), but with 3 classes labels go from 0 to 2. ...
    """
    if y is None:
        return
    labels = np.asarray(y)
    if labels.dtype.kind not in "iuf" or labels.size == 0:
        return
    low, high = labels.min(), labels.max()
    if low >= 0 and high < num_classes:
        return
    wrong = (labels < 0) | (labels >= num_classes)
    if ignore is not None:
        wrong &= labels != ignore
    if not wrong.any():
        return
    first = [int(index) for index in np.argwhere(wrong)[0]]
    label = labels[tuple(first)].item()
    if label != label or label != int(label):
        return
    begins_at_one = "Labels that start at 1 must be made to start at 0 (`y - 1`)." if low == 1 and high == num_classes else ""
    advice = (
        begins_at_one or f"Give the last layer at least {int(high) + 1} units, or mend the labels." if label > 0 else "Labels must not be negative."
    )
    raise DataError(
        f"`{name}` holds the label {int(label)} (at {first}), but with {num_classes} classes labels go from 0 to {num_classes - 1}. {advice}"
    )
