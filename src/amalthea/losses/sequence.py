"""Connectionist temporal classification: sequences of labels without their places."""

from __future__ import annotations

from typing import Any

from amalthea import dtypes, ops
from amalthea.errors import ShapeError
from amalthea.losses.arguments import as_float
from amalthea.losses.loss import LossFunctionWrapper
from amalthea.ops.arguments import Tensor, TensorLike


def ctc(y_true: TensorLike, y_pred: TensorLike) -> Tensor:
    """Minus the logarithm of the probability that `y_pred` reads as `y_true`, over all ways to lay the labels out in time.

    Args:
        y_true: labels (batch, labels), integers; 0 fills up what is shorter.
        y_pred: logits (batch, time, classes), of which the class 0 means "nothing here".

    Returns:
        (batch,), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ShapeError: other shapes.

    Reference:
        Graves et al., "Connectionist Temporal Classification", 2006.

    Example:
        >>> round(float(ctc([[1]], [[[0.0, 0.0]]])[0]), 4)
        0.6931
    """
    y_pred, labels = as_float(y_pred), ops.convert_to_tensor(y_true)
    if len(labels.shape) != 2 or len(y_pred.shape) != 3:
        raise ShapeError(
            "CTC takes `y_true` of shape (batch, labels) and `y_pred` of shape (batch, time, classes). "
            f"Received {tuple(labels.shape)} and {tuple(y_pred.shape)}."
        )
    if not dtypes.is_int(dtypes.standardize_dtype(labels.dtype)):
        labels = ops.cast(labels, "int32")
    lengths = ops.sum(ops.cast(ops.not_equal(labels, 0), "int32"), axis=1)
    times = ops.add(ops.zeros_like(lengths), y_pred.shape[1])
    return ops.ctc_loss(labels, y_pred, lengths, times, mask_index=0)


class CTC(LossFunctionWrapper):
    """Connectionist temporal classification, for sequences of labels without their places; formula and shapes as for `ctc`.

    Args:
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute. Integer labels stay integers.

    Example:
        >>> round(float(CTC()([[1]], [[[0.0, 0.0]]])), 4)
        0.6931
    """

    integer_targets = True

    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str = "ctc", dtype: Any = None) -> None:
        super().__init__(ctc, reduction=reduction, name=name, dtype=dtype)
