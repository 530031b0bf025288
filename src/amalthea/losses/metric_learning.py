"""The circle loss of metric learning."""

from __future__ import annotations

from typing import Any

import numpy as np

from amalthea import dtypes, ops
from amalthea.errors import ArgumentError, ShapeError
from amalthea.losses.arguments import as_float, as_labels
from amalthea.losses.loss import LossFunctionWrapper
from amalthea.ops.arguments import Tensor, TensorLike
from amalthea.state.masks import set_mask


def circle(
    y_true: TensorLike,
    y_pred: TensorLike,
    ref_labels: TensorLike | None = None,
    ref_embeddings: TensorLike | None = None,
    remove_diagonal: bool = True,
    gamma: float = 80,
    margin: float = 0.4,
) -> Tensor:
    """`log(1 + sum(exp(gamma * a_n * (s_n - margin))) * sum(exp(-gamma * a_p * (s_p - 1 + margin))))`, for each sample.

    s_p are its similarities (inner products) to samples of its class, s_n those to others; the weights `a_p = max(1 + margin - s_p, 0)` and
    `a_n = max(s_n + margin, 0)` are greater the farther a similarity is from where it should be. 0 where there is no other sample of the class,
    or of another class; such samples do not count in the mean of `Circle`.

    Args:
        y_true: labels (batch,) or (batch, 1), integers.
        y_pred: embeddings (batch, n), of length 1.
        ref_labels: labels of the samples to compare with (m,); by default `y_true`.
        ref_embeddings: embeddings of the samples to compare with (m, n); by default `y_pred`.
        remove_diagonal: whether sample i and reference i are one and the same, so that their similarity does not count.
        gamma: how steep the loss is.
        margin: how far from 1 and from 0 similarities may stay.

    Returns:
        (batch,), in the dtype of `y_pred` (integers: `floatx`).

    Raises:
        ArgumentError: embeddings to compare with, but no labels for them, or labels alone.
        ShapeError: the shapes do not fit each other.

    Reference:
        Sun et al., "Circle Loss: A Unified Perspective of Pair Similarity Optimization", 2020. (There no gradient flows through the weights; here,
        as in Keras, it does.)

    Example:
        >>> labels, embeddings = [0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        >>> [round(value, 3) for value in circle(labels, embeddings, gamma=1.0).tolist()]
        [0.546, 0.546, 0.0]
    """
    y_pred = as_float(y_pred)
    if len(y_pred.shape) != 2:
        raise ShapeError(f"`y_pred` must hold embeddings: a tensor of shape (batch, n). Received shape {tuple(y_pred.shape)}.")
    labels = as_labels(y_true, y_pred)
    if ref_embeddings is None:
        if ref_labels is not None:
            raise ArgumentError("`ref_labels` label `ref_embeddings`, which are missing. Give both, or none.")
        references, reference_labels = y_pred, labels
    else:
        references = ops.cast(as_float(ref_embeddings), y_pred.dtype)
        reference_labels = labels if ref_labels is None else as_labels(ref_labels, references)
        if ref_labels is None and references.shape[0] != y_pred.shape[0]:
            raise ArgumentError(
                f"`ref_embeddings` of shape {tuple(references.shape)} need `ref_labels`, since they are not as many as the embeddings "
                f"in `y_pred` of shape {tuple(y_pred.shape)}."
            )
    similarity = ops.matmul(y_pred, ops.transpose(references))
    alike = ops.equal(ops.expand_dims(labels, 1), ops.expand_dims(reference_labels, 0))
    others = ops.logical_not(alike)
    if remove_diagonal:
        alike = ops.logical_and(alike, ops.logical_not(ops.eye(y_pred.shape[0], references.shape[0], dtype="bool")))
    near = ops.relu(ops.subtract(1.0 + margin, similarity))
    far = ops.relu(ops.add(similarity, margin))
    pull = ops.multiply(ops.multiply(near, -gamma), ops.subtract(similarity, 1.0 - margin))
    push = ops.multiply(ops.multiply(far, gamma), ops.subtract(similarity, margin))
    # Two of these numbers are added: a quarter of the range keeps the sum finite, and its exponential zero.
    nothing = -0.25 * float(_greatest(dtypes.standardize_dtype(y_pred.dtype)))
    both = ops.add(
        ops.logsumexp(ops.where(alike, pull, nothing), axis=1),
        ops.logsumexp(ops.where(others, push, nothing), axis=1),
    )
    values = ops.softplus(both)
    set_mask(values, ops.logical_and(ops.any(alike, axis=1), ops.any(others, axis=1)))  # without a pair of each kind there is nothing to compare
    return values


def _greatest(dtype: str) -> float:
    # bfloat16 reaches as far as float32.
    return float(np.finfo("float32" if dtype == "bfloat16" else dtype).max)


class Circle(LossFunctionWrapper):
    """The circle loss of metric learning; formula and shapes as for `circle`.

    Args:
        gamma: how steep the loss is.
        margin: how far from 1 and from 0 similarities may stay.
        remove_diagonal: whether a sample is not compared with itself.
        reduction: how the values of the samples become one; see `Loss`.
        name: its name.
        dtype: in which to compute. Integer labels stay integers.

    Example:
        >>> labels, embeddings = [0, 0, 1], [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
        >>> round(float(Circle(gamma=1.0)(labels, embeddings)), 3)
        0.546
    """

    integer_targets = True

    def __init__(
        self,
        gamma: float = 80.0,
        margin: float = 0.4,
        remove_diagonal: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str = "circle",
        dtype: Any = None,
    ) -> None:
        super().__init__(circle, reduction=reduction, name=name, dtype=dtype, gamma=gamma, margin=margin, remove_diagonal=remove_diagonal)
