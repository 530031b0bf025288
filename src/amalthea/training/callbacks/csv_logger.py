"""`CSVLogger`: the values of all epochs in a file."""

from __future__ import annotations

import csv
import os
from typing import IO, Any

import numpy as np

from amalthea.training.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    """Write the losses and metrics of each epoch as a row of a CSV file. The file is written out after each row.

    The columns are the metrics of the first epoch, and the same of validation; what an epoch does not have is "NA".

    Args:
        filename: the file.
        separator: what stands between the values of a row.
        append: whether rows are added to a file that exists already; otherwise it is begun anew.

    Example:
        >>> callback = CSVLogger("training.csv")
        >>> # model.fit(x, y, callbacks=[callback])
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        self.filename = os.fspath(filename)
        self.separator = separator
        self.append = append
        self.keys: list[str] | None = None
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._needs_header = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._needs_header = not (self.append and os.path.exists(self.filename) and os.path.getsize(self.filename) > 0)
        self.keys = None
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115 (closed when training ends)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        values = dict(logs or {})
        if self._file is None:
            return
        if self.keys is None:
            self.keys = list(values)
            if not any(name.startswith("val_") for name in values):
                self.keys += [f"val_{name}" for name in values]  # a later epoch may be the first that is validated
            self._writer = csv.DictWriter(
                self._file, ["epoch", *self.keys], restval="NA", extrasaction="ignore", delimiter=self.separator, lineterminator="\n"
            )
            if self._needs_header:
                self._writer.writeheader()
        self._writer.writerow({"epoch": epoch, **{name: _cell(value) for name, value in values.items()}})
        self._file.flush()

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._writer = None


def _cell(value: Any) -> Any:
    if np.ndim(value) > 0:
        return f"[{', '.join(map(str, value))}]"
    return value
