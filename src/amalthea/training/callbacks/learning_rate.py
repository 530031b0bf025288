"""Callbacks that change the learning rate: by a schedule, or when a metric stays where it is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, MutableMapping
from typing import Any

import numpy as np

from amalthea.errors import ArgumentError, ArgumentTypeError
from amalthea.training.callbacks.callback import Callback, Logs
from amalthea.training.callbacks.monitor import MonitorCallback
from amalthea.training.progress import print_message


def learning_rate_of(model: Any) -> float:
    """The learning rate of the model's optimizer now."""
    rate = model.optimizer.learning_rate
    return float(rate.numpy() if hasattr(rate, "numpy") else np.asarray(rate))


def _note_learning_rate(model: Any, logs: Logs | None) -> None:
    if isinstance(logs, MutableMapping):
        logs["learning_rate"] = learning_rate_of(model)


class LearningRateScheduler(Callback):
    """Set the learning rate before each epoch, to what a function of the epoch says.

    Args:
        schedule: a function of the epoch (from 0) and, if it takes a second argument, the learning rate now; it returns the new one.
        verbose: 1 says each new learning rate.

    Raises:
        ArgumentTypeError: (at the epoch) the function returned no number.

    Example:
        >>> callback = LearningRateScheduler(lambda epoch, rate: rate if epoch < 10 else rate * 0.9)
        >>> # model.fit(x, y, epochs=15, callbacks=[callback])
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        arguments = (epoch, learning_rate_of(self.model)) if _takes_two(self.schedule) else (epoch,)
        rate = self.schedule(*arguments)
        if np.ndim(rate) != 0 or np.asarray(rate).dtype.kind not in "fiu":
            raise ArgumentTypeError(f"The `schedule` of LearningRateScheduler must return a number. It returned {rate!r} for epoch {epoch}.")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {float(rate)}.")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _note_learning_rate(self.model, logs)


def _takes_two(schedule: Callable[..., Any]) -> bool:
    try:
        signature = inspect.signature(schedule)
    except (TypeError, ValueError):
        return True
    try:
        signature.bind(0, 0.1)
    except TypeError:
        return False
    return True


class ReduceLROnPlateau(MonitorCallback):
    """Lower the learning rate when a metric has stopped improving.

    Args:
        monitor: the name of the metric, as in the history.
        factor: what the learning rate is multiplied by; less than 1.
        patience: after how many epochs without an improvement that happens.
        verbose: 1 says each new learning rate.
        mode: "min", "max", or "auto": told by the metric.
        min_delta: by how much a value must be better to be an improvement.
        cooldown: for how many epochs nothing is counted after a change.
        min_lr: the least learning rate.

    Raises:
        ArgumentError: `factor` is not less than 1.

    Example:
        >>> callback = ReduceLROnPlateau(factor=0.2, patience=5, min_lr=0.001)
        >>> # model.fit(x, y, validation_split=0.2, callbacks=[callback])
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(monitor, mode, min_delta=kwargs.pop("epsilon", min_delta))
        if kwargs:
            raise ArgumentError(f"ReduceLROnPlateau knows no argument {', '.join(map(repr, kwargs))}.")
        if factor >= 1.0:
            raise ArgumentError(f"`factor` must be less than 1, so that the learning rate falls. Received: {factor!r}.")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.cooldown_counter = 0
        self.best = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        _note_learning_rate(self.model, logs)
        current = self._watched(logs, "does nothing")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._lower(epoch)

    def _lower(self, epoch: int) -> None:
        old = learning_rate_of(self.model)
        if old <= np.float32(self.min_lr):
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether the last change was less than `cooldown` epochs ago."""
        return self.cooldown_counter > 0
