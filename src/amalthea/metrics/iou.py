"""Intersection over union, of classes, from a matrix of how often each class is taken for each."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from amalthea import config, dtypes, ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.metrics.metric import Metric
from amalthea.metrics.weights import spread
from amalthea.ops.arguments import Tensor, TensorLike


class _Confusions(Metric):
    """How often each class is taken for each: `total_cm[i, j]` is the weight of what is i and was predicted to be j."""

    _direction = "up"

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(name=name, dtype=dtype or "int32")
        self.num_classes = num_classes
        self.ignore_class = ignore_class
        self.sparse_y_true = sparse_y_true
        self.sparse_y_pred = sparse_y_pred
        self.axis = axis
        self.total_cm = self.add_variable((num_classes, num_classes), "zeros", dtype=self.dtype, name="total_confusion_matrix")

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let a batch count.

        Args:
            y_true: the right classes, integers of any shape; with `sparse_y_true=False`, one-hot with the classes on `axis`.
            y_pred: the predicted classes, likewise; with `sparse_y_pred=False`, probabilities with the classes on `axis`.
            sample_weight: tensor that has the first axes of the classes, or all.

        Raises:
            ShapeError: the shapes do not fit each other.
        """
        y_true = self._classes(y_true, self.sparse_y_true)
        y_pred = self._classes(y_pred, self.sparse_y_pred)
        self._count(y_true, y_pred, sample_weight)

    def _classes(self, x: TensorLike, sparse: bool) -> Tensor:
        x = ops.convert_to_tensor(x)
        return ops.cast(x if sparse else ops.argmax(x, axis=self.axis), "int32")

    def _count(self, y_true: Tensor, y_pred: Tensor, sample_weight: TensorLike | None) -> None:
        weights = ops.ones_like(y_true, dtype=self.dtype) if sample_weight is None else spread(self._fitting(sample_weight), y_true, self.dtype)
        y_true, y_pred, weights = (ops.reshape(x, (-1,)) for x in (y_true, y_pred, weights))
        sizes = (y_true.shape[0], y_pred.shape[0])
        if None not in sizes and sizes[0] != sizes[1]:
            raise ShapeError(f"`y_true` and `y_pred` must have as many elements. Received {sizes[0]} and {sizes[1]}.")
        n = self.num_classes
        counted = ops.logical_and(*(ops.logical_and(ops.greater_equal(x, 0), ops.less(x, n)) for x in (y_true, y_pred)))
        if self.ignore_class is not None:
            counted = ops.logical_and(counted, ops.not_equal(y_true, self.ignore_class))
        pairs = ops.where(counted, ops.add(ops.multiply(y_true, n), y_pred), 0)
        weights = ops.multiply(weights, ops.cast(counted, self.dtype))
        self.total_cm.assign_add(ops.reshape(ops.segment_sum(weights, pairs, num_segments=n * n), (n, n)))

    def _fitting(self, weights: TensorLike) -> Tensor:
        """`weights`, with a warning if their fractions will be lost."""
        weights = ops.convert_to_tensor(weights)
        if dtypes.is_int(self.dtype) and dtypes.is_float(dtypes.standardize_dtype(weights.dtype)):
            warnings.warn(
                f"`sample_weight` of dtype {weights.dtype} is cut to integers: `{type(self).__name__}` counts in {self.dtype}. "
                'For fractions of weights make it with `dtype="float32"`.',
                stacklevel=4,
            )
        return weights

    def _ratios(self, class_ids: Sequence[int]) -> Tensor:
        """The mean of intersection over union of some classes, but those that never came up."""
        dtype = config.floatx()
        matrix = ops.cast(self.total_cm.value, dtype)
        shared = ops.diagonal(matrix)
        either = ops.subtract(ops.add(ops.sum(matrix, axis=0), ops.sum(matrix, axis=1)), shared)
        chosen = np.asarray(class_ids, "int32")
        shared, either = (ops.take(x, chosen, axis=0) for x in (shared, either))
        ratios = ops.divide(shared, ops.add(either, config.epsilon()))
        return ops.divide_no_nan(ops.sum(ratios), ops.sum(ops.cast(ops.not_equal(either, 0.0), dtype)))


class IoU(_Confusions):
    """The mean of `tp / (tp + fp + fn)` over some classes: intersection over union.

    Args:
        num_classes: how many classes there are. Labels outside do not count.
        target_class_ids: the classes to look at.
        name: its name.
        dtype: of the state; by default int32, which cuts weights to integers: for fractions of weights give "float32".
        ignore_class: a label that does not count.
        sparse_y_true: whether targets are classes rather than one-hot.
        sparse_y_pred: whether predictions are classes rather than probabilities.
        axis: the axis of the classes, where there is one.

    Raises:
        ArgumentError: a class that is not among `num_classes`.

    Example:
        >>> round(float(IoU(num_classes=2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)
        self.target_class_ids = [int(class_id) for class_id in target_class_ids]
        wrong = [class_id for class_id in self.target_class_ids if not 0 <= class_id < num_classes]
        if wrong:
            raise ArgumentError(
                f"`target_class_ids` must be at least 0 and less than {num_classes}, the number of classes. Received among them: {wrong}."
            )

    def result(self) -> Tensor:
        """The mean over the classes that came up, a scalar; 0 before the first batch."""
        return self._ratios(self.target_class_ids)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return super().get_config() | {
            "num_classes": self.num_classes,
            "target_class_ids": list(self.target_class_ids),
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }


class BinaryIoU(IoU):
    """Intersection over union of the classes 0 and 1, from probabilities (batch, ...).

    Args:
        target_class_ids: the classes to look at: (0,), (1,) or (0, 1).
        threshold: predictions of at least this are 1, others 0.
        name: its name.
        dtype: of the state; by default int32, which cuts weights to integers: for fractions of weights give "float32".

    Raises:
        ArgumentError: a class other than 0 and 1.

    Example:
        >>> round(float(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])), 4)
        0.3333
    """

    def __init__(self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(2, target_class_ids, name, dtype)
        self.threshold = threshold

    def update_state(self, y_true: TensorLike, y_pred: TensorLike, sample_weight: TensorLike | None = None) -> None:
        """Let a batch count.

        Args:
            y_true: targets of any shape, 0 or 1.
            y_pred: probabilities of the same shape.
            sample_weight: tensor that has the first axes of `y_pred`, or all.

        Raises:
            ShapeError: the shapes do not fit each other.
        """
        positive = ops.greater_equal(ops.convert_to_tensor(y_pred), self.threshold)
        self._count(self._classes(y_true, sparse=True), ops.cast(positive, "int32"), sample_weight)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        return {"target_class_ids": list(self.target_class_ids), "threshold": self.threshold, "name": self.name, "dtype": self.dtype}


class MeanIoU(IoU):
    """The mean of `tp / (tp + fp + fn)` over all classes that come up.

    Args:
        num_classes: how many classes there are. Labels outside do not count.
        name: its name.
        dtype: of the state; by default int32, which cuts weights to integers: for fractions of weights give "float32".
        ignore_class: a label that does not count.
        sparse_y_true: whether targets are classes rather than one-hot.
        sparse_y_pred: whether predictions are classes rather than probabilities.
        axis: the axis of the classes, where there is one.

    Example:
        >>> round(float(MeanIoU(num_classes=2)([0, 0, 1, 1], [0, 1, 0, 1])), 4)
        0.3333
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, range(num_classes), name, dtype, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        settings = super().get_config()
        del settings["target_class_ids"]
        return settings


class OneHotIoU(IoU):
    """Intersection over union of some classes, from one-hot targets and probabilities (batch, ..., classes).

    Args:
        num_classes: how many classes there are.
        target_class_ids: the classes to look at.
        name: its name.
        dtype: of the state; by default int32, which cuts weights to integers: for fractions of weights give "float32".
        ignore_class: a label that does not count.
        sparse_y_pred: whether predictions are classes rather than probabilities.
        axis: the axis of the classes.

    Raises:
        ArgumentError: a class that is not among `num_classes`.

    Example:
        >>> round(float(OneHotIoU(2, target_class_ids=[0])([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])), 4)
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, target_class_ids, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        settings = super().get_config()
        del settings["sparse_y_true"]
        return settings


class OneHotMeanIoU(MeanIoU):
    """The mean of intersection over union over all classes that come up, from one-hot targets and probabilities (batch, ..., classes).

    Args:
        num_classes: how many classes there are.
        name: its name.
        dtype: of the state; by default int32, which cuts weights to integers: for fractions of weights give "float32".
        ignore_class: a label that does not count.
        sparse_y_pred: whether predictions are classes rather than probabilities.
        axis: the axis of the classes.

    Example:
        >>> round(float(OneHotMeanIoU(2)([[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.8], [0.3, 0.7]])), 4)
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        dtype: Any = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, dtype, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric (without its state)."""
        settings = super().get_config()
        del settings["sparse_y_true"]
        return settings
