"""Small conversions of arrays: one-hot rows, unit length."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea.errors import ArgumentError


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray[Any, Any]:
    """Integer labels as one-hot rows.

    Args:
        x: labels from 0 to `num_classes - 1`, of any shape; a last axis of size 1 is dropped.
        num_classes: how many classes there are; by default, one more than the largest label.

    Returns:
        An array of zeros and ones, dtype float64, of the shape of `x` and one more axis of size `num_classes`.

    Raises:
        ArgumentError: a label is not one of the classes.

    Example:
        >>> to_categorical([0, 2, 1])
        array([[1., 0., 0.],
               [0., 0., 1.],
               [0., 1., 0.]])
    """
    labels = np.asarray(x).astype("int64")
    shape = labels.shape[:-1] if labels.ndim > 1 and labels.shape[-1] == 1 else labels.shape
    labels = labels.reshape(-1)
    if num_classes is None:
        num_classes = int(labels.max()) + 1 if labels.size else 0
    if labels.size and (labels.min() < 0 or labels.max() >= num_classes):
        wrong = int(labels[(labels < 0) | (labels >= num_classes)][0])
        raise ArgumentError(f"`x` holds the label {wrong}, but with `num_classes={num_classes}` labels go from 0 to {num_classes - 1}.")
    rows = np.zeros((labels.size, num_classes))
    rows[np.arange(labels.size), labels] = 1.0
    return rows.reshape((*shape, num_classes))


def normalize(x: Any, axis: int = -1, order: float = 2) -> Any:
    """Scale vectors to the length 1; vectors of zeros stay as they are.

    Args:
        x: an array, or a tensor of the engine in use.
        axis: the axis along which the vectors lie.
        order: which norm is the length: 1, 2, any other number above 0, or infinity.

    Returns:
        An array (a tensor, if `x` is one) of the shape of `x`.

    Raises:
        ArgumentError: `order` is not a number above 0.

    Example:
        >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    if isinstance(order, (str, bool)) or not order > 0:
        raise ArgumentError(f"`order` must be a number above 0, such as 1, 2 or infinity. Received: {order!r}.")
    if isinstance(x, (np.ndarray, list, tuple)):
        values = np.asarray(x)
        length = np.linalg.norm(values, order, axis, keepdims=True)
        return values / np.where(length == 0, 1, length)
    from amalthea import ops

    length = ops.norm(x, ord=order, axis=axis, keepdims=True)
    return x / ops.where(length == 0, ops.ones_like(length), length)
