"""Counting right and wrong predictions at thresholds: what precision, recall, AUC and their kin stand on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from amalthea import config, dtypes, ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.losses.arguments import as_float, compared
from amalthea.metrics.weights import spread
from amalthea.ops.arguments import Tensor, TensorLike

NOTHING = -1e10
"""The threshold that every prediction exceeds, but those that `keep_top_k` took out."""

COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")


def parse_thresholds(thresholds: Any, default: float = 0.5) -> list[float]:
    """A list of thresholds from one, several, or None.

    Raises:
        ArgumentError: one is not between 0 and 1.
    """
    given = [default] if thresholds is None else [thresholds] if isinstance(thresholds, (int, float)) else list(thresholds)
    if thresholds is not None:
        bad = [threshold for threshold in given if not isinstance(threshold, (int, float, np.number)) or not 0 <= threshold <= 1]
        if bad:
            raise ArgumentError(f"`thresholds` must be numbers between 0 and 1. Received among them: {bad}.")
    return [float(threshold) for threshold in given]


def spaced_evenly(thresholds: Sequence[float]) -> bool:
    """Whether the thresholds are 0, 1/n, 2/n, ... 1, with at least three of them."""
    return len(thresholds) >= 3 and bool(np.allclose(thresholds, np.linspace(0.0, 1.0, len(thresholds)), atol=config.epsilon(), rtol=0.0))


def grid(count: int) -> list[float]:
    """`count` thresholds from 0 to 1, of which the first lies a little below 0 and the last a little above 1."""
    inner = [i / (count - 1) for i in range(1, count - 1)]
    return [-config.epsilon(), *inner, 1.0 + config.epsilon()]


def keep_top_k(y_pred: Tensor, k: int) -> Tensor:
    """`y_pred` with everything but the `k` greatest along the last axis set to `NOTHING`.

    Raises:
        ShapeError: there are less than `k`.
    """
    classes = y_pred.shape[-1] if len(y_pred.shape) else 1
    if classes is not None and k > classes:
        raise ShapeError(f"`top_k` is {k}, but `y_pred` of shape {tuple(y_pred.shape)} has only {classes} classes.")
    chosen = ops.top_k(y_pred, k=k)[1]
    kept = ops.any(ops.equal(ops.expand_dims(chosen, -1), ops.arange(classes, dtype="int32")), axis=-2)
    return ops.where(kept, y_pred, NOTHING)


def confusion(
    y_true: TensorLike,
    y_pred: TensorLike,
    thresholds: Sequence[float],
    sample_weight: TensorLike | None = None,
    *,
    evenly: bool = False,
    top_k: int | None = None,
    class_id: int | None = None,
    multi_label: bool = False,
    label_weights: TensorLike | None = None,
    counts: Iterable[str] = COUNTS,
) -> dict[str, Tensor]:
    """The weights of predictions that are true or false, positive or negative, at each threshold.

    A prediction is positive if it is greater than the threshold.

    Args:
        y_true: targets (batch, ...), 0 or 1.
        y_pred: predictions of the same shape, between 0 and 1.
        thresholds: numbers.
        sample_weight: tensor that has the first axes of `y_pred`, or all.
        evenly: whether the thresholds are spaced evenly, from 0 to 1 (or from a little below to a little above): then one look at each prediction
            does for all of them, and predictions out of this range count as 0 or 1.
        top_k: only that many predictions of each sample can be positive.
        class_id: look at this class alone, of tensors (batch, classes).
        multi_label: whether to count each label (the last of two axes) for itself.
        label_weights: how much each label (of the last axis) counts.
        counts: which of `COUNTS` to give.

    Returns:
        Tensors of shape (thresholds,), or (thresholds, labels).

    Raises:
        ShapeError: the shapes do not fit each other, or `class_id` is not among the classes.
    """
    y_pred = as_float(y_pred)
    dtype = dtypes.result_type(y_pred.dtype, "float32")
    y_true, y_pred = compared(ops.cast(ops.convert_to_tensor(y_true), dtype), ops.cast(y_pred, dtype), alike=True)
    if multi_label and len(y_pred.shape) != 2:
        raise ShapeError(f"With `multi_label=True` predictions must have shape (batch, labels). Received `y_pred` of shape {tuple(y_pred.shape)}.")
    if top_k is not None:
        y_pred = keep_top_k(y_pred, top_k)
    weights = None if sample_weight is None else ops.cast(ops.convert_to_tensor(sample_weight), dtype)
    if class_id is not None:
        weights = None if weights is None else spread(weights, y_pred, dtype)
        y_true, y_pred, weights = (None if x is None else _class(x, class_id) for x in (y_true, y_pred, weights))
    weights = ops.ones_like(y_pred) if weights is None else spread(weights, y_pred, dtype)
    if label_weights is not None and not multi_label:
        weights = ops.multiply(weights, ops.cast(ops.convert_to_tensor(label_weights), dtype))
    if not multi_label:
        y_true, y_pred, weights = (ops.reshape(x, (-1,)) for x in (y_true, y_pred, weights))
    yes = ops.cast(y_true, "bool")
    positive, negative = ops.where(yes, weights, 0.0), ops.where(yes, 0.0, weights)
    if evenly:
        true, false = _above_evenly(y_pred, positive, negative, thresholds)
    else:
        above = ops.greater(y_pred, _column(thresholds, y_pred, dtype))
        true, false = (ops.sum(ops.where(above, x, 0.0), axis=1) for x in (positive, negative))
    found = {
        "true_positives": lambda: true,
        "false_positives": lambda: false,
        "true_negatives": lambda: ops.subtract(ops.sum(negative, axis=0), false),
        "false_negatives": lambda: ops.subtract(ops.sum(positive, axis=0), true),
    }
    return {name: found[name]() for name in counts}


def _class(x: Tensor, class_id: int) -> Tensor:
    shape = tuple(x.shape)
    if len(shape) != 2:
        raise ShapeError(f"With `class_id` tensors must have shape (batch, classes). Received shape {shape}.")
    if shape[1] is not None and not -shape[1] <= class_id < shape[1]:
        raise ShapeError(f"`class_id` is {class_id}, but there are {shape[1]} classes (tensors of shape {shape}).")
    return x[:, class_id]


def _column(thresholds: Sequence[float], y_pred: Tensor, dtype: str) -> Tensor:
    """The thresholds as a tensor that has one axis before those of `y_pred`."""
    return ops.convert_to_tensor(np.asarray(thresholds, "float64").reshape((-1,) + (1,) * len(y_pred.shape)), dtype=dtype)


def _above_evenly(y_pred: Tensor, positive: Tensor, negative: Tensor, thresholds: Sequence[float]) -> tuple[Tensor, Tensor]:
    """How much of `positive` and `negative` lies above each threshold, if they are spaced evenly from 0 to 1.

    A prediction falls into the bucket i if it exceeds i thresholds. What lies above the threshold i is in the buckets after i.
    """
    count = len(thresholds)
    buckets = ops.cast(ops.ceil(ops.multiply(ops.clip(y_pred, 0.0, 1.0), float(count - 1))), "int32")
    buckets = ops.clip(buckets, 1 if thresholds[0] < 0 else 0, count - 1)
    labels: tuple[Any, ...] = tuple(y_pred.shape[1:])
    width = int(np.prod(labels)) if labels else 1
    if labels:
        buckets = ops.add(ops.multiply(buckets, width), ops.arange(width, dtype="int32"))
    both = ops.stack([ops.reshape(positive, (-1,)), ops.reshape(negative, (-1,))], axis=-1)
    inside = ops.segment_sum(both, ops.reshape(buckets, (-1,)), num_segments=count * width)
    inside = ops.reshape(inside, (count, *labels, 2))
    above = ops.subtract(ops.sum(inside, axis=0, keepdims=True), ops.cumsum(inside, axis=0))
    return above[..., 0], above[..., 1]
