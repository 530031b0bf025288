"""Metrics: numbers that describe how good a model is, over many batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from amalthea.lookup import Family
from amalthea.losses import (
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_hinge,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from amalthea.metrics.accuracy import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from amalthea.metrics.auc import AUC
from amalthea.metrics.correlation import ConcordanceCorrelation, PearsonCorrelation, concordance_correlation, pearson_correlation
from amalthea.metrics.counts import FalseNegatives, FalsePositives, Precision, Recall, TrueNegatives, TruePositives
from amalthea.metrics.fscore import F1Score, FBetaScore
from amalthea.metrics.iou import BinaryIoU, IoU, MeanIoU, OneHotIoU, OneHotMeanIoU
from amalthea.metrics.margin import CategoricalHinge, Hinge, SquaredHinge
from amalthea.metrics.metric import Metric
from amalthea.metrics.probabilistic import BinaryCrossentropy, CategoricalCrossentropy, KLDivergence, Poisson, SparseCategoricalCrossentropy
from amalthea.metrics.reduction import Mean, MeanMetricWrapper, Sum
from amalthea.metrics.regression import (
    CosineSimilarity,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    R2Score,
    RootMeanSquaredError,
)
from amalthea.metrics.tradeoff import PrecisionAtRecall, RecallAtPrecision, SensitivityAtSpecificity, SpecificityAtSensitivity
from amalthea.state.naming import snake_case

__all__ = [
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "IoU",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanIoU",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]

_CLASSES = {name: globals()[name] for name in __all__ if isinstance(globals().get(name), type)}
_SHORT = {
    "mse": MeanSquaredError,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "msle": MeanSquaredLogarithmicError,
    "bce": BinaryCrossentropy,
}
_FAMILY = Family(
    "metric",
    {
        **{snake_case(name): cls for name, cls in _CLASSES.items()},
        **_CLASSES,
        **_SHORT,
        **{name.upper(): cls for name, cls in _SHORT.items()},
    },
)


def get(identifier: Any) -> Any:
    """The metric that `identifier` means.

    Args:
        identifier: a name ("mse", "mean_squared_error", "MeanSquaredError"), a configuration, a class, a metric, a function, or None.

    Returns:
        A metric, or a function of `(y_true, y_pred)` if that was given; None for None.

    Raises:
        ArgumentError: there is no such metric.

    Example:
        >>> get("mse").name
        'mean_squared_error'
    """
    return _FAMILY.get(identifier)


def serialize(metric: Any) -> Any:
    """The configuration of a metric, from which `deserialize` makes an equal one (without its state).

    Example:
        >>> serialize(Accuracy())["class_name"]
        'Accuracy'
    """
    return _FAMILY.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The metric of a configuration.

    Args:
        config: what `serialize` gave, or a name.
        custom_objects: classes and functions of the user by name, which are looked at first.

    Raises:
        ArgumentError: the name is not known.
        SerializationError: it is not a configuration of something known.

    Example:
        >>> deserialize(serialize(Precision(thresholds=0.3))).thresholds
        [0.3]
    """
    if isinstance(config, str):
        return _FAMILY.get((custom_objects or {}).get(config, config))
    return _FAMILY.deserialize(config, custom_objects)
