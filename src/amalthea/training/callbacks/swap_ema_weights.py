"""`SwapEMAWeights`: evaluates with the moving averages of the weights."""

from __future__ import annotations

from typing import Any

from amalthea.errors import ArgumentError
from amalthea.training.callbacks.callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Put the exponential moving averages that the optimizer keeps (`use_ema=True`) in place of the weights, for evaluation and prediction.

    Args:
        swap_on_epoch: whether they are in place at the end of each epoch too, so that a checkpoint made then (by a callback after this
            one) holds them. The weights come back at the start of the next epoch.

    Raises:
        ArgumentError: (when first used) the optimizer keeps no averages.

    Reference:
        Polyak and Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992.

    Example:
        >>> callback = SwapEMAWeights()
        >>> # model.compile(amalthea.optimizers.SGD(use_ema=True), "mse"); model.fit(x, y, callbacks=[callback])
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        self.swap_on_epoch = swap_on_epoch
        self._kept: list[Any] | None = None  # the weights' own values while averages stand in for them

    def _stand_in(self) -> None:
        if self._kept is not None:
            return
        from amalthea import ops

        pairs = self._pairs()
        self._kept = [ops.copy(weight.value) for weight, _ in pairs]
        for weight, average in pairs:
            weight.assign(average.value)

    def _stand_back(self) -> None:
        if self._kept is not None:
            for (weight, _), value in zip(self._pairs(), self._kept, strict=True):
                weight.assign(value)
        self._kept = None

    def _pairs(self) -> list[tuple[Any, Any]]:
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        if not getattr(optimizer, "use_ema", False):
            raise ArgumentError("SwapEMAWeights needs an optimizer that keeps averages: compile the model with one made with `use_ema=True`.")
        pairs = zip(optimizer._trainable_variables, optimizer._averages, strict=True)
        return [(weight, average) for weight, average in pairs if average is not None]

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._kept = None

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._kept = None  # training ends with the averages as weights

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._stand_back()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if self.swap_on_epoch:
            self._stand_in()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        self._stand_in()

    def on_test_end(self, logs: Logs | None = None) -> None:
        self._stand_back()

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self._stand_in()

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self._stand_back()
