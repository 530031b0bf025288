"""Cross-entropies: of two classes, of several, of labels; focal and generalized ones."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from amalthea import config, ops
from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.losses.arguments import as_float, as_labels, as_pair, check_fraction
from amalthea.losses.loss import LossFunctionWrapper
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.state.masks import set_mask


def _smooth(y_true: Tensor, smoothing: float, classes: int | None) -> Tensor:
    """Targets drawn a little towards the uniform distribution over `classes`."""
    if not smoothing:
        return y_true
    return ops.add(ops.multiply(y_true, 1.0 - smoothing), smoothing / (classes or 1))


def _check_axis(axis: Any) -> None:
    if isinstance(axis, bool) or not isinstance(axis, int):
        raise ArgumentTypeError(f"`axis` must be an integer: the axis of the classes. Received: axis={axis!r}.")


def _check_classes(y_pred: Tensor, axis: int, name: str) -> None:
    if y_pred.shape[axis] == 1:
        warnings.warn(
            f"`{name}` was given predictions of shape {tuple(y_pred.shape)}, with a single class, for which it is always 0. "
            "For yes and no from one output take `binary_crossentropy`.",
            stacklevel=3,
        )


def binary_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int | None = -1
) -> Tensor:
    """`mean(-y_true * log(p) - (1 - y_true) * log(1 - p))` along `axis`.

    Args:
        y_true: targets (batch, ..., n) between 0 and 1.
        y_pred: predictions of the same shape: probabilities p, or logits.
        from_logits: whether `y_pred` holds logits, of which p is the sigmoid.
        label_smoothing: how far to draw the targets towards 0.5, from 0 (not at all) to 1.
        axis: the axis of the mean; None: all.

    Returns:
        The shape without `axis`, in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes differ.

    Example:
        >>> round(float(binary_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
        0.6931
    """
    y_true, y_pred = as_pair(y_true, y_pred, alike=True)
    return ops.mean(ops.binary_crossentropy(_smooth(y_true, label_smoothing, 2), y_pred, from_logits=from_logits), axis=axis)


def binary_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int | None = -1,
) -> Tensor:
    """The mean along `axis` of `binary_crossentropy` times `(1 - p_t)**gamma`, where p_t is the probability of what is true.

    What is easy (p_t near 1) counts little.

    Args:
        y_true: targets (batch, ..., n) between 0 and 1.
        y_pred: predictions of the same shape: probabilities, or logits.
        apply_class_balancing: whether ones count `alpha` times, and zeros `1 - alpha` times.
        alpha: see `apply_class_balancing`.
        gamma: how little the easy counts; 0 gives `binary_crossentropy`.
        from_logits: whether `y_pred` holds logits.
        label_smoothing: how far to draw the targets towards 0.5, from 0 (not at all) to 1.
        axis: the axis of the mean; None: all.

    Returns:
        The shape without `axis`, in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes differ.

    Reference:
        Lin et al., "Focal Loss for Dense Object Detection", 2018.

    Example:
        >>> round(float(binary_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
        0.1733
    """
    y_true, y_pred = as_pair(y_true, y_pred, alike=True)
    y_true = _smooth(y_true, label_smoothing, 2)
    loss = ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    loss = ops.multiply(ops.power(ops.subtract(1.0, _share(y_true, p)), gamma), loss)
    if apply_class_balancing:
        loss = ops.multiply(_share(y_true, alpha), loss)
    return ops.mean(loss, axis=axis)


def _share(y_true: Tensor, p: Tensor | float) -> Tensor:
    """`p` where the target is 1, `1 - p` where it is 0."""
    return ops.add(ops.multiply(y_true, p), ops.multiply(ops.subtract(1.0, y_true), ops.subtract(1.0, p)))


def categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """`-sum(y_true * log(p))` along `axis`.

    Args:
        y_true: one-hot targets, or other distributions (batch, ..., classes).
        y_pred: predictions of the same shape: probabilities p, which are scaled to sum to 1, or logits.
        from_logits: whether `y_pred` holds logits, of which p is the softmax.
        label_smoothing: how far to draw the targets towards the uniform distribution, from 0 (not at all) to 1.
        axis: the axis of the classes.

    Returns:
        The shape without `axis`, in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ArgumentTypeError: `axis` is not an integer.
        ShapeError: the shapes differ.

    Example:
        >>> round(float(categorical_crossentropy([[0.0, 1.0]], [[0.75, 0.25]])[0]), 4)
        1.3863
    """
    _check_axis(axis)
    y_true, y_pred = as_pair(y_true, y_pred, alike=True)
    _check_classes(y_pred, axis, "categorical_crossentropy")
    y_true = _smooth(y_true, label_smoothing, y_pred.shape[axis])
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def categorical_focal_crossentropy(
    y_true: TensorLike,
    y_pred: TensorLike,
    alpha: float | TensorLike = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """`-sum(alpha * (1 - p)**gamma * y_true * log(p))` along `axis`: what is easy (p near 1) counts little.

    Args:
        y_true: one-hot targets (batch, ..., classes).
        y_pred: predictions of the same shape: probabilities p, which are scaled to sum to 1, or logits.
        alpha: how much each class counts: a number, or one for each class.
        gamma: how little the easy counts.
        from_logits: whether `y_pred` holds logits, of which p is the softmax.
        label_smoothing: how far to draw the targets towards the uniform distribution, from 0 (not at all) to 1.
        axis: the axis of the classes.

    Returns:
        The shape without `axis`, in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ArgumentTypeError: `axis` is not an integer.
        ShapeError: the shapes do not fit each other.

    Reference:
        Lin et al., "Focal Loss for Dense Object Detection", 2018.

    Example:
        >>> round(float(categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]])[0]), 4)
        0.0433
    """
    _check_axis(axis)
    y_true, y_pred = as_pair(y_true, y_pred, alike=True)
    _check_classes(y_pred, axis, "categorical_focal_crossentropy")
    y_true = _smooth(y_true, label_smoothing, y_pred.shape[axis])
    p = ops.softmax(y_pred, axis=axis) if from_logits else ops.divide(y_pred, ops.sum(y_pred, axis=axis, keepdims=True))
    p = ops.clip(p, config.epsilon(), 1.0 - config.epsilon())
    if not isinstance(alpha, (int, float)):
        alpha = ops.cast(ops.convert_to_tensor(alpha), y_pred.dtype)
    factor = ops.multiply(ops.power(ops.subtract(1.0, p), gamma), alpha)
    return ops.negative(ops.sum(ops.multiply(factor, ops.multiply(y_true, ops.log(p))), axis=axis))


def sparse_categorical_crossentropy(
    y_true: TensorLike, y_pred: TensorLike, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """`-log(p)` of the right class.

    Args:
        y_true: the right classes (batch, ...), integers; a last axis of size 1 may follow.
        y_pred: predictions (batch, ..., classes): probabilities p, which are scaled to sum to 1, or logits.
        from_logits: whether `y_pred` holds logits, of which p is the softmax.
        ignore_class: a label that does not count: there the loss is 0, and masked, so that averages leave it out.
        axis: the axis of the classes.

    Returns:
        The shape of `y_pred` without `axis`, in its dtype or `floatx`, whichever is wider.

    Raises:
        ShapeError: the shapes do not fit each other.

    Example:
        >>> round(float(sparse_categorical_crossentropy([1], [[0.75, 0.25]])[0]), 4)
        1.3863
    """
    _check_axis(axis)
    y_pred = as_float(y_pred)
    labels = as_labels(y_true, y_pred, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    counted = ops.not_equal(labels, ignore_class)
    loss = ops.sparse_categorical_crossentropy(ops.where(counted, labels, 0), y_pred, from_logits=from_logits, axis=axis)
    loss = ops.where(counted, loss, 0.0)
    set_mask(loss, counted)
    return loss


def categorical_generalized_cross_entropy(y_true: TensorLike, y_pred: TensorLike, q: float) -> Tensor:
    """`(1 - p**q) / q`, where p is the probability of the right class: between cross-entropy (q near 0) and absolute error (q near 1).

    Wrong labels do it less harm than cross-entropy.

    Args:
        y_true: the right classes (batch, ...), integers; a last axis of size 1 may follow.
        y_pred: probabilities (batch, ..., classes).
        q: between 0 and 1.

    Returns:
        (batch, ...), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: the shapes do not fit each other.

    Reference:
        Zhang and Sabuncu, "Generalized Cross Entropy Loss for Training Deep Neural Networks with Noisy Labels", 2018.

    Example:
        >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], q=0.5).tolist()
        [1.0]
    """
    y_pred = as_float(y_pred)
    labels = as_labels(y_true, y_pred)
    p = ops.squeeze(ops.take_along_axis(y_pred, ops.expand_dims(labels, -1), axis=-1), -1)
    return ops.divide(ops.subtract(1.0, ops.power(p, q)), q)


class BinaryCrossentropy(LossFunctionWrapper):
    """Cross-entropy of two classes (yes and no); formula and shapes as for `binary_crossentropy`.

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: how far to draw the targets towards 0.5, from 0 (not at all) to 1.
        axis: the axis over which the mean is taken.
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Raises:
        ArgumentError: `label_smoothing` is not between 0 and 1.

    Example:
        >>> round(float(BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int | None = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        check_fraction("label_smoothing", label_smoothing)
        super().__init__(
            binary_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class BinaryFocalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of two classes in which the easy counts little; formula and shapes as for `binary_focal_crossentropy`.

    Args:
        apply_class_balancing: whether ones count `alpha` times, and zeros `1 - alpha` times.
        alpha: see `apply_class_balancing`.
        gamma: how little the easy counts.
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: how far to draw the targets towards 0.5, from 0 (not at all) to 1.
        axis: the axis over which the mean is taken.
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Raises:
        ArgumentError: `label_smoothing` is not between 0 and 1.

    Example:
        >>> round(float(BinaryFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int | None = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        check_fraction("label_smoothing", label_smoothing)
        super().__init__(
            binary_focal_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            apply_class_balancing=apply_class_balancing,
            alpha=alpha,
            gamma=gamma,
        )


class CategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of several classes, from one-hot targets; formula and shapes as for `categorical_crossentropy`.

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: how far to draw the targets towards the uniform distribution, from 0 (not at all) to 1.
        axis: the axis of the classes.
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Raises:
        ArgumentError: `label_smoothing` is not between 0 and 1.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])), 4)
        1.3863
    """

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        check_fraction("label_smoothing", label_smoothing)
        super().__init__(
            categorical_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )


class CategoricalFocalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of several classes in which the easy counts little; formula and shapes as for `categorical_focal_crossentropy`.

    Args:
        alpha: how much each class counts: a number, or one for each class.
        gamma: how little the easy counts.
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: how far to draw the targets towards the uniform distribution, from 0 (not at all) to 1.
        axis: the axis of the classes.
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute.

    Raises:
        ArgumentError: `label_smoothing` is not between 0 and 1.

    Example:
        >>> round(float(CategoricalFocalCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.0433
    """

    def __init__(
        self,
        alpha: float | TensorLike = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        check_fraction("label_smoothing", label_smoothing)
        super().__init__(
            categorical_focal_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
            alpha=alpha,
            gamma=gamma,
        )


class SparseCategoricalCrossentropy(LossFunctionWrapper):
    """Cross-entropy of several classes, from integer labels; formula and shapes as for `sparse_categorical_crossentropy`.

    Args:
        from_logits: whether `y_pred` holds logits rather than probabilities.
        ignore_class: a label that does not count.
        reduction: how the values of the samples become one; see `Loss`.
        axis: the axis of the classes.
        name: its name.
        dtype: in which to compute. Integer labels stay integers.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1], [[0.75, 0.25]])), 4)
        1.3863
    """

    integer_targets = True
    unsaved_defaults: ClassVar[dict[str, Any]] = {"axis": -1}

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(
            sparse_categorical_crossentropy,
            reduction=reduction,
            name=name,
            dtype=dtype,
            from_logits=from_logits,
            ignore_class=ignore_class,
            axis=axis,
        )


class CategoricalGeneralizedCrossEntropy(LossFunctionWrapper):
    """Cross-entropy that wrong labels do less harm; formula and shapes as for `categorical_generalized_cross_entropy`.

    Args:
        q: between 0 and 1: near 0 it is cross-entropy, near 1 an absolute error.
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute. Integer labels stay integers.

    Raises:
        ArgumentError: `q` is not between 0 and 1.

    Example:
        >>> float(CategoricalGeneralizedCrossEntropy()([1], [[0.75, 0.25]]))
        1.0
    """

    integer_targets = True

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        if not 0 < q < 1:
            raise ArgumentError(f"`q` must be greater than 0 and less than 1. Received: q={q!r}.")
        super().__init__(categorical_generalized_cross_entropy, reduction=reduction, name=name, dtype=dtype, q=q)
