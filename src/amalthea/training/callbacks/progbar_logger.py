"""`ProgbarLogger`: draws the progress of `fit`, `evaluate` and `predict`."""

from __future__ import annotations

from amalthea.training.callbacks.callback import Callback, Logs
from amalthea.training.progress import Progbar

INTERVAL = 0.1
"""Ten drawings a second at most: each one fetches the values from the device."""


class ProgbarLogger(Callback):
    """Shows a progress bar with the metrics, one for each epoch; `verbose` adds one by itself.

    The validation within `fit` has no bar of its own: its metrics are shown at the end of the epoch's.
    """

    def __init__(self) -> None:
        self._bar: Progbar | None = None
        self._done = 0
        self._in_fit = False

    def _begin(self, label: str = "") -> None:
        params = self.params or {}
        self._bar = Progbar(params.get("steps"), verbose=params.get("verbose", 1), interval=INTERVAL, stateless_metrics=())
        self._bar.label = label
        self._done = 0

    def _advance(self, batch: int, logs: Logs | None, values: bool = True) -> None:
        if self._bar is not None:
            self._done = batch + 1
            if values and self._done == self._bar.target:
                dict(logs or {})  # steps run ahead of the device: wait for it once, so that the pace is the true one
            self._bar.update(self._done, logs if values else None, finalize=False)

    def _finish(self, logs: Logs | None) -> None:
        if self._bar is None:
            return
        if self._bar.target is None and self.params is not None and self._in_fit:
            self.params["steps"] = self._done  # the next epoch knows how long it is
        self._bar.target = self._bar.target or self._done
        self._bar.update(self._done, logs, finalize=True)
        self._bar = None

    def leave(self) -> None:
        """Let the bar stand as it is: what it counted was broken off, or is over."""
        if self._bar is not None:
            self._bar.leave()
        self._bar = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        epochs = (self.params or {}).get("epochs") or 1
        self._begin(f"Epoch {epoch + 1:>{len(str(epochs))}}/{epochs}" if epochs > 1 else "")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._finish(logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._begin()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._advance(batch, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._begin()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch, logs, values=False)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._finish(None)
