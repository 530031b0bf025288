"""`Callback`: what is called at the beginnings and ends of training, epochs and batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Logs = Mapping[str, Any]


class Callback:
    """The base of callbacks: subclass it and define the hooks that are of interest; hooks left alone cost nothing.

    In a hook, `self.model` is the model and `self.params` has "verbose", "epochs" and "steps". `logs` holds the losses and metrics
    so far; its values stay on the device until they are looked at, so a hook that looks at every batch slows training down.

    Setting `self.model.stop_training = True` ends training.

    Example:
        >>> class Best(Callback):
        ...     def on_train_begin(self, logs=None):
        ...         self.loss = float("inf")
        ...     def on_epoch_end(self, epoch, logs=None):
        ...         self.loss = min(self.loss, logs["loss"])
    """

    params: dict[str, Any] | None = None
    model: Any = None

    def set_params(self, params: dict[str, Any]) -> None:
        """Take the settings of the run: "verbose", "epochs" and "steps"."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Take the model that is trained."""
        self.model = model

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """The older name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Called before an epoch of `fit`; `epoch` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Called after an epoch and its validation; names of validation metrics begin with `val_`."""

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a training step; `batch` counts from 0 within the epoch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a training step."""
        self.on_batch_end(batch, logs)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a step of `evaluate`, also of the validation within `fit`."""

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a step of `evaluate`, also of the validation within `fit`."""

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        """Called before a step of `predict`."""

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Called after a step of `predict`; `logs["outputs"]` is what it gave."""

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Called once before the first epoch."""

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Called once after the last epoch, with the logs of that."""

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Called before an evaluation, also before the validation within `fit`."""

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Called after an evaluation."""

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Called before a prediction."""

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Called after a prediction."""
