"""`EarlyStopping`: ends training when a metric no longer improves."""

from __future__ import annotations

from typing import Any

from amalthea.training.callbacks.callback import Logs
from amalthea.training.callbacks.monitor import MonitorCallback
from amalthea.training.progress import print_message


class EarlyStopping(MonitorCallback):
    """Stop training when a metric has stopped improving.

    Args:
        monitor: the name of the metric, as in the history.
        min_delta: by how much a value must be better to be an improvement.
        patience: after how many epochs without an improvement training ends.
        verbose: 1 says when it stops.
        mode: "min", "max", or "auto": told by the metric.
        baseline: a value that has to be surpassed; while it is not, epochs count as without improvement.
        restore_best_weights: whether the model ends with the weights of its best epoch rather than the last.
        start_from_epoch: the number of first epochs that are not watched.

    Attributes:
        stopped_epoch: the epoch (from 0) after which training was ended, or 0.
        best: the best value; `best_epoch`: its epoch (from 0).

    Reference:
        Prechelt, "Early Stopping - But When?", 1998.

    Example:
        >>> callback = EarlyStopping("loss", patience=3, restore_best_weights=True)
        >>> # model.fit(x, y, epochs=100, callbacks=[callback])
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_weights: list[Any] | None = None
        self.best_epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._keep(epoch)  # should no epoch ever surpass NaN, the first weights are still the best known
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            self.best_epoch = epoch
            if self.restore_best_weights:
                self._keep(epoch)
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_weights = self.model.get_weights()
        self.best_epoch = epoch

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_message(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print_message(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)

    def get_monitor_value(self, logs: Logs | None) -> float | None:
        """The watched value in `logs`; None, after a warning, if it is not there."""
        return self._watched(logs, "does nothing")
