"""`CallbackList`: several callbacks as one. A hook that nobody defines costs nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amalthea import tree
from amalthea.training.callbacks.callback import Callback, Logs
from amalthea.training.callbacks.history import History
from amalthea.training.callbacks.progbar_logger import ProgbarLogger
from amalthea.training.logs import Logs as EmptyLogs

_OLDER_NAMES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class CallbackList(Callback):
    """Calls the hooks of several callbacks, in order.

    Args:
        callbacks: a callback, a list of callbacks (nested at will), or None.
        add_history: whether a `History` is added, unless there is one.
        add_progbar: whether a progress bar is added, unless there is one.
        model: the model that the callbacks are told.
        **params: what the callbacks are told as `params`: "verbose", "epochs", "steps".

    Attributes:
        callbacks: the callbacks, the added ones last.
        history: the `History` among them, or None.

    Example:
        >>> from amalthea.callbacks import LambdaCallback
        >>> ends = []
        >>> callbacks = CallbackList([LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append((epoch, logs["loss"])))], epochs=1)
        >>> callbacks.on_epoch_end(0, {"loss": 0.5})
        >>> ends, callbacks.listens("on_train_batch_end")
        ([(0, 0.5)], False)
    """

    def __init__(self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False, model: Any = None, **params: Any) -> None:
        self.callbacks: list[Any] = [] if callbacks is None else [callback for callback in tree.flatten(callbacks) if callback is not None]
        self.history: History | None = self._find(History)
        if add_progbar and self._find(ProgbarLogger) is None:
            self.callbacks.append(ProgbarLogger())
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        self._listeners: dict[str, list[Callable[..., None]]] = {}
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def _find(self, kind: type[Callback]) -> Any:
        return next((callback for callback in self.callbacks if isinstance(callback, kind)), None)

    def append(self, callback: Any) -> None:
        """Add a callback at the end."""
        self.callbacks.append(callback)
        self._listeners.clear()

    def close(self) -> None:
        """Give back what the callbacks hold (the terminal), when a run is over or was broken off. It may be called more than once."""
        for callback in self.callbacks:
            if isinstance(callback, ProgbarLogger):
                callback.leave()

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def listens(self, hook: str) -> bool:
        """Whether any callback defines `hook`, such as "on_train_batch_end"."""
        return bool(self._of(hook))

    def _of(self, hook: str) -> list[Callable[..., None]]:
        found = self._listeners.get(hook)
        if found is None:
            names = (hook, _OLDER_NAMES.get(hook, hook))
            found = [getattr(callback, name) for callback in self.callbacks if (name := _defined(callback, names)) is not None]
            self._listeners[hook] = found
        return found

    def _call(self, hook: str, logs: Logs | None, *place: int) -> None:
        for listener in self._of(hook):
            if logs is None:
                logs = EmptyLogs()
            listener(*place, logs)

    def on_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_train_batch_begin", logs, batch)

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_train_batch_end", logs, batch)

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._call("on_epoch_begin", logs, epoch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._call("on_epoch_end", logs, epoch)

    def on_train_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_train_batch_begin", logs, batch)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_train_batch_end", logs, batch)

    def on_test_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_test_batch_begin", logs, batch)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_test_batch_end", logs, batch)

    def on_predict_batch_begin(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_predict_batch_begin", logs, batch)

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._call("on_predict_batch_end", logs, batch)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._call("on_train_begin", logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._call("on_train_end", logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._call("on_test_begin", logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._call("on_test_end", logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._call("on_predict_begin", logs)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._call("on_predict_end", logs)


def _defined(callback: Any, names: tuple[str, ...]) -> str | None:
    """The first of `names` that `callback` defines itself."""
    for name in names:
        of_class = getattr(type(callback), name, None)
        inherited = of_class is not None and of_class is getattr(Callback, name)
        if name in getattr(callback, "__dict__", {}) or (not inherited and callable(getattr(callback, name, None))):
            return name
    return None
