"""`TerminateOnNaN`: ends training when the loss is no number any more."""

from __future__ import annotations

import math

from amalthea.errors import StateError
from amalthea.training.callbacks.callback import Callback, Logs
from amalthea.training.progress import print_message


class TerminateOnNaN(Callback):
    """End training as soon as the loss is NaN or infinite. It looks at the loss of every batch, which makes training wait for each.

    Args:
        raise_error: whether an error is raised; otherwise training ends as if it were done.

    Raises:
        StateError: (a `RuntimeError`, while training) the loss is NaN or infinite and `raise_error` is set.

    Example:
        >>> callback = TerminateOnNaN()
        >>> # model.fit(x, y, callbacks=[callback])
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise StateError(f"The loss is {loss} at batch {batch}, so training cannot go on. A lower learning rate or clipped gradients may help.")
        print_message(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
