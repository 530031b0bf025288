"""Losses: what training makes small. Classes weigh and reduce; functions give a value for each sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from amalthea.lookup import Family
from amalthea.losses.crossentropy import (
    BinaryCrossentropy,
    BinaryFocalCrossentropy,
    CategoricalCrossentropy,
    CategoricalFocalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    SparseCategoricalCrossentropy,
    binary_crossentropy,
    binary_focal_crossentropy,
    categorical_crossentropy,
    categorical_focal_crossentropy,
    categorical_generalized_cross_entropy,
    sparse_categorical_crossentropy,
)
from amalthea.losses.loss import Loss, LossFunctionWrapper
from amalthea.losses.margin import CategoricalHinge, Hinge, SquaredHinge, categorical_hinge, hinge, squared_hinge
from amalthea.losses.metric_learning import Circle, circle
from amalthea.losses.probabilistic import KLDivergence, Poisson, kl_divergence, poisson
from amalthea.losses.regression import (
    CosineSimilarity,
    Huber,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    cosine_similarity,
    huber,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
)
from amalthea.losses.segmentation import Dice, Tversky, dice, tversky
from amalthea.losses.sequence import CTC, ctc

__all__ = [
    "CTC",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "Circle",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "circle",
    "cosine_similarity",
    "ctc",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]

_SHORT = {
    "mse": mean_squared_error,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "msle": mean_squared_logarithmic_error,
    "bce": binary_crossentropy,
    "kld": kl_divergence,
}
_FAMILY = Family(
    "loss",
    {
        **{name: globals()[name] for name in __all__ if name not in ("get", "serialize", "deserialize")},
        "LossFunctionWrapper": LossFunctionWrapper,
        **_SHORT,
        **{name.upper(): function for name, function in _SHORT.items()},
    },
)


def get(identifier: Any) -> Loss | Callable[..., Any] | None:
    """The loss that `identifier` means.

    Args:
        identifier: a name ("mse", "mean_squared_error", "MeanSquaredError"), a configuration, a class, a loss, a function, or None.

    Returns:
        A loss, or a function of `(y_true, y_pred)`; None for None.

    Raises:
        ArgumentError: there is no such loss.

    Example:
        >>> get("mse") is mean_squared_error
        True
    """
    return _FAMILY.get(identifier)  # type: ignore[no-any-return]


def serialize(loss: Loss | Callable[..., Any]) -> Any:
    """The configuration of a loss or of a loss function, from which `deserialize` makes an equal one.

    Example:
        >>> serialize(Hinge())["class_name"]
        'Hinge'
    """
    return _FAMILY.serialize(loss)


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """The loss or loss function of a configuration.

    Args:
        name: what `serialize` gave, or a name.
        custom_objects: classes and functions of the user by name, which are looked at first.

    Raises:
        ArgumentError: the name is not known.
        SerializationError: it is not a configuration of something known.

    Example:
        >>> deserialize(serialize(Huber(delta=2.0))).delta
        2.0
    """
    if isinstance(name, str):
        return _FAMILY.get((custom_objects or {}).get(name, name))
    return _FAMILY.deserialize(name, custom_objects)
