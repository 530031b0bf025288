"""`BackupAndRestore`: lets training that was interrupted go on where it was."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from amalthea.errors import ArgumentError, ModelFileError
from amalthea.saving.limits import LIMITS
from amalthea.saving.reading import json as plain
from amalthea.saving.reading.source import Source
from amalthea.training.callbacks.callback import Callback, Logs

_WEIGHTS = "latest.weights.h5"
_STATE = "training_metadata.json"
_PREVIOUS = "prev_"


class BackupAndRestore(Callback):
    """Keep the weights and the state of the optimizer in a folder, and go on from there when `fit` is called again after an interruption.

    `fit` has to be called as before: with the same model, data and number of epochs. Training goes on at the start of the epoch after
    the last one kept (with `save_freq` in batches: of the epoch that was interrupted). Assets that layers keep, such as
    vocabularies, are not in the backup: the program makes them again.

    Args:
        backup_dir: the folder; one for each training.
        save_freq: "epoch", or after how many batches.
        double_checkpoint: whether the backup before the last is kept too, should the last one be damaged.
        delete_checkpoint: whether the backup is removed when training has ended.

    Raises:
        ArgumentError: `backup_dir` is empty, or `save_freq` is not allowed.

    Example:
        >>> callback = BackupAndRestore("/tmp/backup")
        >>> # model.fit(x, y, epochs=10, callbacks=[callback])
    """

    def __init__(
        self, backup_dir: str | os.PathLike[str], save_freq: str | int = "epoch", double_checkpoint: bool = False, delete_checkpoint: bool = True
    ) -> None:
        if not os.fspath(backup_dir):
            raise ArgumentError("`backup_dir` is empty: name the folder for the backup.")
        if save_freq != "epoch" and (isinstance(save_freq, (bool, str)) or not isinstance(save_freq, int) or save_freq < 1):
            raise ArgumentError(f'`save_freq` must be "epoch" or a number of batches. Received: {save_freq!r}.')
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._epoch = 0
        self._batches = 0
        self._last_batch = -1

    def _files(self, prefix: str = "") -> tuple[Path, Path]:
        folder = Path(self.backup_dir)
        return folder / (prefix + _WEIGHTS), folder / (prefix + _STATE)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._batches = 0
        for prefix in ("", _PREVIOUS) if self.double_checkpoint else ("",):
            weights, state_file = self._files(prefix)
            if not (weights.exists() and state_file.exists()):
                continue
            try:
                state = _read_state(state_file)
                self.model.load_weights(str(weights))
            except (OSError, ValueError):
                if prefix or not self.double_checkpoint:
                    raise
                continue
            self.model._initial_epoch = state["epoch"]
            return

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch
        self._last_batch = -1

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if self.save_freq == "epoch":
            return
        self._batches += batch - self._last_batch
        self._last_batch = batch
        if self._batches >= int(self.save_freq):
            self._batches = 0
            self._save(self._epoch, batch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save(self._epoch, 0)

    def _save(self, epoch: int, batch: int) -> None:
        """Write beside the backup, then put in its place: an interruption leaves one of the two whole."""
        weights, state_file = self._files()
        weights.parent.mkdir(parents=True, exist_ok=True)
        new_weights, new_state = self._files("new_")
        self.model.save_weights(str(new_weights), overwrite=True)
        new_state.write_text(json.dumps({"epoch": epoch, "batch": batch}))
        if self.double_checkpoint and weights.exists() and state_file.exists():
            for file, kept in zip((weights, state_file), self._files(_PREVIOUS), strict=True):
                os.replace(file, kept)
        os.replace(new_weights, weights)
        os.replace(new_state, state_file)

    def on_train_end(self, logs: Logs | None = None) -> None:
        if self.delete_checkpoint and os.path.isdir(self.backup_dir):
            shutil.rmtree(self.backup_dir)


def _read_state(path: Path) -> dict[str, Any]:
    with Source.open(path, LIMITS) as source:
        state = plain.read(source, LIMITS)
    if not isinstance(state, dict) or type(state.get("epoch")) is not int or state["epoch"] < 0:
        raise ModelFileError("backup.state", str(path), "This is not the state of a training.", "Remove the folder to train from the beginning.")
    return state
