"""Class weights as sample weights."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np

from amalthea.errors import DataError
from amalthea.training.data.batch import Batch, host_float


def check_class_weight(class_weight: Mapping[int, float]) -> None:
    """Raise `DataError` unless `class_weight` maps class indices to weights."""
    if not isinstance(class_weight, Mapping) or not class_weight:
        raise DataError(f"`class_weight` must be a dictionary {{class index: weight}}. Received: {class_weight!r}.")
    for label, weight in class_weight.items():
        if not isinstance(label, Integral) or label < 0 or not isinstance(weight, Real):
            raise DataError(
                f"`class_weight` maps class indices (integers from 0) to numbers, such as {{0: 1.0, 1: 5.0}}. "
                f"Received the entry {label!r}: {weight!r}. For named outputs, give `sample_weight` in place of it."
            )


def sample_weight_of_classes(y: Any, class_weight: Mapping[int, float]) -> np.ndarray[Any, Any]:
    """The weight of each sample's class; classes that `class_weight` does not name weigh 1.

    Args:
        y: integer labels of shape `(n,)` or `(n, 1)`, or one-hot (or smoothed) rows `(n, classes)`; further axes may stand between.
        class_weight: weights by class index.

    Returns:
        The weights, dtype `config.floatx()`, of the shape of the labels: `(n,)`.

    Raises:
        DataError: `y` is missing, a structure of several outputs, or neither labels nor one-hot.

    Example:
        >>> sample_weight_of_classes(np.array([0, 1, 2, 1]), {1: 3.0})
        array([1., 3., 1., 3.], dtype=float32)
    """
    if y is None:
        raise DataError("`class_weight` needs targets `y`; there are none.")
    if not isinstance(y, np.ndarray):
        raise DataError(
            f"`class_weight` serves models with one output; here `y` is a {type(y).__name__} of several. Give `sample_weight` in the form of `y`."
        )
    labels = y
    if y.ndim > 1 and y.shape[-1] == 1:
        labels = y[..., 0]
    elif y.ndim > 1:
        if y.size and (y.min() < 0 or y.max() > 1):
            raise DataError(
                f"`class_weight` needs `y` as labels, shape (n,) or (n, 1), or one-hot, shape (n, classes). "
                f"Received the shape {y.shape} with values from {y.min()} to {y.max()}, which is not one-hot."
            )
        labels = y.argmax(axis=-1)
    labels = np.rint(labels).astype(np.int64) if labels.dtype.kind == "f" else labels.astype(np.int64)
    table = np.ones(max(class_weight) + 2, host_float())  # the last entry is for classes without a weight
    for label, weight in class_weight.items():
        table[label] = weight
    labels = np.where((labels < 0) | (labels >= len(table)), len(table) - 1, labels)
    return table[labels]


def with_class_weight(batch: Batch, class_weight: Mapping[int, float] | None) -> Batch:
    """`batch` with the weights of its classes as sample weights."""
    if class_weight is None:
        return batch
    if len(batch) == 3:
        raise DataError("Give either `class_weight` or sample weights, not both: multiply them into one `sample_weight` yourself.")
    y = batch[1] if len(batch) > 1 else None
    return batch[0], y, sample_weight_of_classes(y, class_weight)
