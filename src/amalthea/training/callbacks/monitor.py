"""What callbacks that watch one metric have in common."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from amalthea.errors import ArgumentError
from amalthea.training.callbacks.callback import Callback, Logs

_HIGHER_IS_BETTER = ("acc", "auc", "precision", "recall", "f1", "fbeta", "iou", "r2", "cosine_similarity", "sensitivity", "specificity")
_LOWER_IS_BETTER = ("loss", "error", "mse", "mae", "mape", "msle", "rmse", "crossentropy", "divergence", "poisson", "hinge", "logcosh")


class MonitorCallback(Callback):
    """The base of callbacks that watch whether a metric improves.

    Args:
        monitor: the name of the metric in the logs.
        mode: "min", "max", or "auto": told by the metric.
        initial_value: what the first value has to improve on, or None.
        min_delta: by how much a value must be better to be an improvement.
    """

    def __init__(self, monitor: str = "val_loss", mode: str = "auto", initial_value: float | None = None, min_delta: float = 0) -> None:
        if mode not in ("auto", "min", "max"):
            warnings.warn(f'{type(self).__name__}: `mode` must be "auto", "min" or "max"; {mode!r} is taken as "auto".', stacklevel=3)
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best: float | None = initial_value
        self.min_delta = abs(min_delta)
        self._direction = {"min": -1, "max": 1}.get(mode)

    def _find_direction(self) -> int:
        """1 if higher is better, -1 if lower is."""
        name = self.monitor.removeprefix("val_")
        said = _direction_of_metric(self.model, name)
        if said is not None:
            return said
        if any(word in name for word in _LOWER_IS_BETTER):
            return -1
        if any(word in name for word in _HIGHER_IS_BETTER):
            return 1
        raise ArgumentError(
            f"{type(self).__name__} watches {self.monitor!r}, of which it is not known whether higher or lower is better. "
            'Say so: `mode="max"` or `mode="min"`.'
        )

    def _is_improvement(self, value: float, reference: float | None) -> bool:
        """Whether `value` is better than `reference` by more than `min_delta`."""
        if self._direction is None:
            self._direction = self._find_direction()
        return reference is None or self._direction * (value - reference) > self.min_delta

    def _watched(self, logs: Logs | None, effect: str) -> float | None:
        """The watched value; None, after a warning, if the logs do not hold it."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            names = ", ".join(logs or ()) or "none"
            warnings.warn(f"{type(self).__name__} {effect}, because the metric {self.monitor!r} is not available. Available: {names}.", stacklevel=3)
            return None
        if np.size(value) != 1:
            raise ArgumentError(f"{type(self).__name__} watches {self.monitor!r}, which is no single number but has the shape {np.shape(value)}.")
        return float(value)


def _direction_of_metric(model: Any, name: str) -> int | None:
    """What the model's metric of this name says of itself."""
    if name == "loss":
        return -1
    for metric in getattr(model, "metrics", None) or ():
        if metric.name == name:
            return {"up": 1, "down": -1}.get(getattr(metric, "_direction", None) or "")
    return None
