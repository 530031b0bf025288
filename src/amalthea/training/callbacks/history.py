"""`History`: the values of all epochs."""

from __future__ import annotations

from typing import Any

from amalthea.training.callbacks.callback import Callback, Logs


class History(Callback):
    """Keeps the losses and metrics of every epoch; `fit` adds one and returns it.

    Attributes:
        history: the list of the values of each metric, by name.
        epoch: the numbers of the epochs, from 0.

    Example:
        >>> history = History()
        >>> history.on_train_begin()
        >>> history.on_epoch_end(0, {"loss": 0.5})
        >>> history.history, history.epoch
        ({'loss': [0.5]}, [0])
    """

    def __init__(self) -> None:
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
        if self.model is not None:
            self.model.history = self

    def __repr__(self) -> str:
        return f"<History of {len(self.epoch)} epochs: {', '.join(self.history) or 'nothing'}>"
