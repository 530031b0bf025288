"""Accuracies: how often predictions are right."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from amalthea import config, ops
from amalthea.losses.arguments import as_float, as_labels, as_pair, compared
from amalthea.metrics.reduction import MeanMetricWrapper
from amalthea.ops.arguments import Tensor, TensorLike


def accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where `y_pred` equals `y_true`, else 0.

    Args:
        y_true: targets of any shape.
        y_pred: predictions of the same shape.

    Returns:
        The same shape, in `floatx`.

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> accuracy([1, 2], [1, 3]).tolist()
        [1.0, 0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true, y_pred = compared(ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype), y_pred)
    return ops.cast(ops.equal(y_true, y_pred), config.floatx())


def binary_accuracy(y_true: TensorLike, y_pred: TensorLike, threshold: float = 0.5) -> Tensor:
    """1 where `y_pred > threshold` is what `y_true` says, else 0.

    Args:
        y_true: targets of any shape, 0 or 1.
        y_pred: probabilities of the same shape.
        threshold: what is greater counts as 1.

    Returns:
        The same shape, in `floatx`.

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> binary_accuracy([1, 0], [0.7, 0.6]).tolist()
        [1.0, 0.0]
    """
    y_true, y_pred = as_pair(y_true, y_pred)
    return ops.cast(ops.equal(y_true, ops.cast(ops.greater(y_pred, threshold), y_true.dtype)), config.floatx())


def categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where the greatest prediction stands where the greatest target stands, else 0.

    Args:
        y_true: one-hot targets (batch, ..., classes).
        y_pred: predictions of the same shape.

    Returns:
        (batch, ...), in `floatx`.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]).tolist()
        [1.0, 0.0]
    """
    y_true, y_pred = as_pair(y_true, y_pred, alike=True)
    return ops.cast(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)), config.floatx())


def sparse_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """1 where the greatest prediction is that of the right class, else 0.

    Args:
        y_true: the right classes (batch, ...), integers; a last axis of size 1 may follow.
        y_pred: predictions (batch, ..., classes).

    Returns:
        (batch, ...), in `floatx`.

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> sparse_categorical_accuracy([1, 0], [[0.2, 0.8], [0.4, 0.6]]).tolist()
        [1.0, 0.0]
    """
    y_pred = as_float(y_pred)
    labels = as_labels(y_true, y_pred)
    return ops.cast(ops.equal(labels, ops.cast(ops.argmax(y_pred, axis=-1), labels.dtype)), config.floatx())


def top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5) -> Tensor:
    """1 where the right class is among the `k` greatest predictions, else 0.

    Args:
        y_true: one-hot targets (batch, ..., classes).
        y_pred: predictions of the same shape.
        k: how many predictions count.

    Returns:
        (batch, ...), in `floatx`.

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2).tolist()
        [1.0, 0.0]
    """
    y_true, y_pred = as_pair(y_true, y_pred, alike=True)
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: TensorLike, y_pred: TensorLike, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """1 where the right class is among the `k` greatest predictions (classes that equal the last of them count too), else 0.

    Args:
        y_true: the right classes (batch, ...), integers; a last axis of size 1 may follow.
        y_pred: predictions (batch, ..., classes); with `from_sorted_ids` classes, the most probable first.
        k: how many predictions count.
        from_sorted_ids: whether `y_pred` holds classes.

    Returns:
        (batch, ...), in `floatx`.

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2).tolist()
        [1.0, 0.0]
    """
    y_pred = ops.convert_to_tensor(y_pred) if from_sorted_ids else as_float(y_pred)
    labels = as_labels(y_true, y_pred)
    if from_sorted_ids:
        found = ops.any(ops.equal(y_pred[..., :k], ops.cast(ops.expand_dims(labels, -1), y_pred.dtype)), axis=-1)
        return ops.cast(found, config.floatx())
    shape = tuple(labels.shape)
    if len(shape) == 1:
        return ops.cast(ops.in_top_k(labels, y_pred, k), config.floatx())
    rows = -1 if None in shape else math.prod(shape)
    found = ops.in_top_k(ops.reshape(labels, (rows,)), ops.reshape(y_pred, (rows, y_pred.shape[-1])), k)
    return ops.cast(ops.reshape(found, tuple(-1 if size is None else size for size in shape)), config.floatx())


class Accuracy(MeanMetricWrapper):
    """How often predictions equal targets; shapes as for `accuracy`: any, alike.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(Accuracy()([1, 2, 3, 4], [0, 2, 3, 4]))
        0.75
    """

    _direction = "up"

    def __init__(self, name: str = "accuracy", dtype: Any = None) -> None:
        super().__init__(accuracy, name=name, dtype=dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """How often `y_pred > threshold` is what `y_true` says; shapes as for `binary_accuracy`.

    Args:
        name: its name.
        dtype: of the state and the result.
        threshold: what is greater counts as 1.

    Example:
        >>> float(BinaryAccuracy()([1, 1, 0, 0], [0.98, 1.0, 0.0, 0.6]))
        0.75
    """

    _direction = "up"

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name=name, dtype=dtype, threshold=threshold)
        self.threshold = threshold


class CategoricalAccuracy(MeanMetricWrapper):
    """How often the greatest prediction is that of the right class, from one-hot targets; shapes as for `categorical_accuracy`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]))
        0.5
    """

    _direction = "up"

    def __init__(self, name: str = "categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(categorical_accuracy, name=name, dtype=dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """How often the greatest prediction is that of the right class, from integer labels; shapes as for `sparse_categorical_accuracy`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]]))
        0.5
    """

    _direction = "up"

    def __init__(self, name: str = "sparse_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(sparse_categorical_accuracy, name=name, dtype=dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the `k` greatest predictions, from one-hot targets; shapes as for `top_k_categorical_accuracy`.

    Args:
        k: how many predictions count.
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> float(TopKCategoricalAccuracy(k=2)([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]]))
        0.5
    """

    _direction = "up"

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=k)
        self.k = k


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the right class is among the `k` greatest predictions, from integer labels; shapes as for `sparse_top_k_categorical_accuracy`.

    Args:
        k: how many predictions count.
        name: its name.
        dtype: of the state and the result.
        from_sorted_ids: whether `y_pred` holds classes, the most probable first.

    Example:
        >>> float(SparseTopKCategoricalAccuracy(k=2)([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]]))
        0.5
    """

    _direction = "up"
    unsaved_defaults: ClassVar[dict[str, Any]] = {"from_sorted_ids": False}

    def __init__(self, k: int = 5, name: str = "sparse_top_k_categorical_accuracy", dtype: Any = None, from_sorted_ids: bool = False) -> None:
        super().__init__(sparse_top_k_categorical_accuracy, name=name, dtype=dtype, k=k, from_sorted_ids=from_sorted_ids)
        self.k = k
        self.from_sorted_ids = from_sorted_ids
