"""`Source`: whatever `fit`, `evaluate` and `predict` accept, as epochs of batches."""

from __future__ import annotations

import warnings
from abc import ABC, abstractmethod
from collections.abc import Iterator

from amalthea.errors import DataError
from amalthea.training.data.batch import Batch


class Source(ABC):
    """Epochs of batches in host memory; the base of all sources.

    A subclass says what one pass over the data is (`_pass`), what the first batch is (`peek`), and whether another pass
    can follow (`restartable`). This class makes epochs of passes.

    Args:
        size: the number of batches of one pass, or None if it is not known.
        steps_per_epoch: the number of batches of an epoch, if that is not one pass. The next epoch then goes on where this one stopped.
        batch_size: the number of samples in a batch, or None where the data set decides.

    Attributes:
        num_batches: the number of batches of an epoch; None while it is not known.
        batch_size: as given.
        exhausted: whether the end of data that can be read only once was seen.
        endless: whether a pass is known to have no end.
    """

    restartable = True

    def __init__(self, size: int | None, steps_per_epoch: int | None = None, batch_size: int | None = None) -> None:
        if steps_per_epoch is not None and (isinstance(steps_per_epoch, bool) or not isinstance(steps_per_epoch, int) or steps_per_epoch < 1):
            raise DataError(f"The number of steps must be None or an integer of at least 1. Received: {steps_per_epoch!r}.")
        self.steps_per_epoch = steps_per_epoch
        self.num_batches = steps_per_epoch or size
        self.batch_size = batch_size
        self.exhausted = False
        self.endless = False
        self._current: Iterator[Batch] | None = None
        self._warned = False

    @abstractmethod
    def _pass(self, epoch: int) -> Iterator[Batch]:
        """One pass over the data; what is drawn at random depends on `epoch`."""

    @abstractmethod
    def peek(self) -> Batch:
        """The first batch, which stays to be drawn.

        Raises:
            DataError: there is none.
        """

    def whole(self) -> Batch | None:
        """All of the data as one batch, where it lies in host memory; else None."""
        return None

    def ready(self) -> bool:
        """Whether there is data for another epoch; warns if not."""
        return True

    def restart(self) -> None:
        """Let the next epoch begin with the first batch, also where `steps_per_epoch` left some over, if the data can be gone through again."""
        if self.restartable:
            Source.close(self)  # the open iterator alone

    def close(self) -> None:
        """Give up what the source holds (threads, an open iterator). It may be called more than once."""
        current, self._current = self._current, None
        if current is not None and hasattr(current, "close"):
            current.close()

    def _epoch_begins(self) -> None:  # noqa: B027 (nothing to do, for most)
        """Called before the first batch of an epoch."""

    def _epoch_ends(self) -> None:  # noqa: B027
        """Called after the last batch of an epoch, also if it was left early."""

    def batches(self, epoch: int = 0) -> Iterator[Batch]:
        """The batches of one epoch, in order.

        Args:
            epoch: the number of the epoch, from 0; shuffles depend on it.

        Yields:
            Tuples `(x,)`, `(x, y)` or `(x, y, sample_weight)` of NumPy arrays, or structures of them.
        """
        self._epoch_begins()
        try:
            yield from self._whole_pass(epoch) if self.steps_per_epoch is None else self._steps(epoch, self.steps_per_epoch)
        finally:
            self._epoch_ends()

    def __iter__(self) -> Iterator[Batch]:
        return self.batches()

    def _whole_pass(self, epoch: int) -> Iterator[Batch]:
        count = 0
        for batch in self._pass(epoch):
            count += 1
            yield batch
        self.num_batches = count
        self.exhausted = not self.restartable

    def _steps(self, epoch: int, steps: int) -> Iterator[Batch]:
        begun_here, step = self._current is None, 0
        while True:
            if self._current is None:
                self._current = self._pass(epoch)
            for batch in self._current:
                step += 1
                yield batch
                if step == steps:
                    return
            self._current = None
            self.exhausted = not self.restartable
            # A pass that ended exactly where the last epoch did is followed by another without a word.
            if step or begun_here or not self.restartable:
                self._warn_short(step)
                return
            begun_here = True

    def _warn_short(self, step: int) -> None:
        if self._warned and not self.restartable:
            return
        self._warned = True
        seen = f"after {step} of {self.steps_per_epoch} steps" if self.steps_per_epoch else "before the last epoch"
        advice = "repeat the data set" if self.restartable else "let it yield batches without end"
        warnings.warn(f"Your input ran out of data {seen}; the epoch ends here. To go on, {advice}, or ask for fewer steps or epochs.", stacklevel=2)
