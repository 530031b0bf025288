"""`ModelCheckpoint`: saves the model, or its weights, while it is trained."""

from __future__ import annotations

import os

from amalthea.errors import ArgumentError
from amalthea.training.callbacks.callback import Logs
from amalthea.training.callbacks.monitor import MonitorCallback
from amalthea.training.progress import print_message


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, after epochs or after a number of batches.

    Args:
        filepath: the file; it ends in ".keras", or in ".weights.h5" if only weights are saved. Names in braces are filled in: `epoch` (from
            1), `batch` (from 1, if `save_freq` counts batches) and the names of metrics, as in "{epoch:02d}-{val_loss:.2f}.keras".
        monitor: the metric that says which model is best.
        verbose: 1 says what is saved.
        save_best_only: whether only a model that is better than all before is saved.
        save_weights_only: whether the weights alone are saved.
        mode: "min", "max", or "auto": told by the metric.
        save_freq: "epoch", or after how many batches.
        initial_value_threshold: what the first value has to improve on, with `save_best_only`.

    Raises:
        ArgumentError: the end of `filepath` or `save_freq` is not one of those allowed, or `filepath` names what is not in the logs.

    Example:
        >>> callback = ModelCheckpoint("best.keras", monitor="val_accuracy", save_best_only=True)
        >>> # model.fit(x, y, validation_split=0.1, callbacks=[callback])
    """

    def __init__(
        self,
        filepath: str | os.PathLike[str],
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: str | int = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        if save_freq != "epoch" and (isinstance(save_freq, (bool, str)) or not isinstance(save_freq, int) or save_freq < 1):
            raise ArgumentError(f'`save_freq` must be "epoch" or a number of batches. Received: {save_freq!r}.')
        if save_weights_only and not self.filepath.endswith(".weights.h5"):
            raise ArgumentError(f'With `save_weights_only=True`, `filepath` must end in ".weights.h5". Received: {self.filepath!r}.')
        if not save_weights_only and not self.filepath.endswith((".keras", ".h5")):
            raise ArgumentError(f'`filepath` must end in ".keras" (or be weights: `save_weights_only=True`). Received: {self.filepath!r}.')
        self._epoch = 0
        self._batches = 0
        self._last_batch = -1

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._last_batch = -1

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += batch - self._last_batch  # a step may be several batches
        self._last_batch = batch
        if self._batches >= int(self.save_freq):
            self._batches = 0
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _path(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        place = {"epoch": epoch + 1} if batch is None else {"epoch": epoch + 1, "batch": batch + 1}
        if "{" not in self.filepath:
            return self.filepath
        try:
            return self.filepath.format(**place, **dict(logs or {}))
        except KeyError as error:
            names = ", ".join([*place, *(logs or {})])
            raise ArgumentError(f"`filepath` {self.filepath!r} asks for {error}, which is not among: {names}.") from error

    def _save(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        path = self._path(epoch, batch, logs)
        improvement = ""
        if self.save_best_only:
            current = self._watched(logs, "saves regardless of which model is best")
            if current is not None:
                if not self._is_improvement(current, self.best):
                    if self.verbose > 0:
                        print_message(f"\nEpoch {epoch + 1}: {self.monitor} did not improve from {self.best:.5f}")
                    return
                before = "None" if self.best is None else f"{self.best:.5f}"
                improvement = f"{self.monitor} improved from {before} to {current:.5f}, "
                self.best = current
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: {improvement}saving model to {path}")
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)
