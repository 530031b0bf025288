"""`LambdaCallback`: a callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from amalthea.errors import ArgumentError, nearest
from amalthea.training.callbacks.callback import Callback


class LambdaCallback(Callback):
    """Calls the functions it is given.

    Args:
        on_epoch_begin: called with `(epoch, logs)`.
        on_epoch_end: called with `(epoch, logs)`.
        on_train_begin: called with `(logs)`.
        on_train_end: called with `(logs)`.
        on_train_batch_begin: called with `(batch, logs)`.
        on_train_batch_end: called with `(batch, logs)`.
        **kwargs: functions for the other hooks of `Callback`.

    Raises:
        ArgumentError: a name in `kwargs` is not that of a hook.

    Example:
        >>> callback = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs["loss"]))
        >>> callback.on_epoch_end(0, {"loss": 0.5})
        0 0.5
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Callable[..., Any],
    ) -> None:
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        known = [name for name in dir(Callback) if name.startswith("on_")]
        for name, function in hooks.items():
            if name not in known:
                raise ArgumentError(f"`{name}` is no hook of a callback.{nearest(name, known)}")
            if function is not None:
                setattr(self, name, function)
