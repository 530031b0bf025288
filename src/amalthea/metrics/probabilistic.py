"""Metrics of probabilities: means of cross-entropies and divergences."""

from __future__ import annotations

from typing import Any

from amalthea import losses
from amalthea.metrics.reduction import MeanMetricWrapper


class KLDivergence(MeanMetricWrapper):
    """The mean of `sum(y_true * log(y_true / y_pred))`; shapes as for `losses.kl_divergence`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> round(float(KLDivergence()([[1.0, 0.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(self, name: str = "kl_divergence", dtype: Any = None) -> None:
        super().__init__(losses.kl_divergence, name=name, dtype=dtype)


class Poisson(MeanMetricWrapper):
    """The mean of `y_pred - y_true * log(y_pred)`; shapes as for `losses.poisson`.

    Args:
        name: its name.
        dtype: of the state and the result.

    Example:
        >>> round(float(Poisson()([[2.0, 0.0]], [[1.0, 3.0]])), 4)
        2.0
    """

    def __init__(self, name: str = "poisson", dtype: Any = None) -> None:
        super().__init__(losses.poisson, name=name, dtype=dtype)


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of two classes; formula and shapes as for `losses.binary_crossentropy`.

    Args:
        name: its name.
        dtype: of the state and the result.
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: how far to draw the targets towards 0.5, from 0 (not at all) to 1.

    Example:
        >>> round(float(BinaryCrossentropy()([[0.0, 1.0]], [[0.5, 0.5]])), 4)
        0.6931
    """

    def __init__(self, name: str = "binary_crossentropy", dtype: Any = None, from_logits: bool = False, label_smoothing: float = 0) -> None:
        super().__init__(losses.binary_crossentropy, name=name, dtype=dtype, from_logits=from_logits, label_smoothing=label_smoothing)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of several classes, from one-hot targets; formula and shapes as for `losses.categorical_crossentropy`.

    Args:
        name: its name.
        dtype: of the state and the result.
        from_logits: whether `y_pred` holds logits rather than probabilities.
        label_smoothing: how far to draw the targets towards the uniform distribution, from 0 (not at all) to 1.
        axis: the axis of the classes.

    Example:
        >>> round(float(CategoricalCrossentropy()([[0.0, 1.0]], [[0.75, 0.25]])), 4)
        1.3863
    """

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        super().__init__(losses.categorical_crossentropy, name=name, dtype=dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)
        self.from_logits = from_logits
        self.label_smoothing = label_smoothing
        self.axis = axis


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of several classes, from integer labels; formula and shapes as for `losses.sparse_categorical_crossentropy`.

    Args:
        name: its name.
        dtype: of the state and the result.
        from_logits: whether `y_pred` holds logits rather than probabilities.
        ignore_class: a label that does not count.
        axis: the axis of the classes.

    Example:
        >>> round(float(SparseCategoricalCrossentropy()([1], [[0.75, 0.25]])), 4)
        1.3863
    """

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(
            losses.sparse_categorical_crossentropy, name=name, dtype=dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis
        )
        self.from_logits = from_logits
        self.ignore_class = ignore_class
        self.axis = axis
