"""`TensorBoard`: event files that TensorBoard shows."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from amalthea.errors import ArgumentError, MissingDependency
from amalthea.training.callbacks.callback import Callback, Logs
from amalthea.training.callbacks.learning_rate import learning_rate_of


class TensorBoard(Callback):
    """Write losses, metrics, the learning rate and, if asked, histograms of weights as event files for TensorBoard.

    Training writes to the folder `train`, evaluation to `validation`, both below `log_dir`. The package `tensorboard` is needed, and
    loaded when training starts.

    Args:
        log_dir: the folder.
        histogram_freq: after how many epochs histograms of the weights are written; 0: never.
        write_graph: whether the model's configuration is written, where it has one.
        write_images: not available: must be False.
        write_steps_per_second: whether the pace of training is written.
        update_freq: "epoch", "batch", or after how many batches losses and metrics are written besides.
        profile_batch: not available: must be 0. Use the profiler of the engine.
        embeddings_freq: not available: must be 0.
        embeddings_metadata: not available: must be None.

    Raises:
        ArgumentError: an argument is not allowed, or not available.
        MissingDependency: (when training starts) the package `tensorboard` is not installed.

    Example:
        >>> callback = TensorBoard("logs", histogram_freq=1)
        >>> # model.fit(x, y, callbacks=[callback]); then in a shell: tensorboard --logdir logs
    """

    def __init__(
        self,
        log_dir: str | os.PathLike[str] = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: str | int = "epoch",
        profile_batch: int | tuple[int, int] | list[int] | str = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Mapping[str, str] | str | None = None,
    ) -> None:
        for name, value in (
            ("write_images", write_images),
            ("profile_batch", profile_batch),
            ("embeddings_freq", embeddings_freq),
            ("embeddings_metadata", embeddings_metadata),
        ):
            if value:
                raise ArgumentError(f"TensorBoard: `{name}` is not available here. Leave it out. Received: {value!r}.")
        if update_freq not in ("epoch", "batch") and (isinstance(update_freq, (bool, str)) or update_freq < 1):
            raise ArgumentError(f'`update_freq` must be "epoch", "batch" or a number of batches. Received: {update_freq!r}.')
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq: str | int = 1 if update_freq == "batch" else update_freq
        self._writers: dict[str, _Writer] = {}
        self._train_step = 0
        self._test_step = 0
        self._in_fit = False
        self._mark = (0.0, 0)

    def _writer(self, name: str) -> _Writer:
        if name not in self._writers:
            self._writers[name] = _Writer(os.path.join(self.log_dir, name))
        return self._writers[name]

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True
        self._train_step = 0
        if self.write_graph and hasattr(self.model, "to_json"):
            self._writer("train").model("keras", self.model)

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False
        self._close()

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._mark = (time.monotonic(), self._train_step)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._train_step += 1
        if self.update_freq != "epoch" and self._train_step % int(self.update_freq) == 0:
            for name, value in (logs or {}).items():
                self._writer("train").scalar(f"batch_{name}", value, self._train_step)
            if self.write_steps_per_second:
                self._writer("train").scalar("batch_steps_per_second", self._pace(), self._train_step)

    def _pace(self) -> float:
        since, steps = self._mark
        return (self._train_step - steps) / max(time.monotonic() - since, 1e-9)

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._test_step += 1

    def on_test_end(self, logs: Logs | None = None) -> None:
        for name, value in (logs or {}).items():
            self._writer("validation").scalar(f"evaluation_{name}_vs_iterations", value, self._train_step if self._in_fit else self._test_step)
        if not self._in_fit:
            self._close()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        for name, value in (logs or {}).items():
            kind = "validation" if name.startswith("val_") else "train"
            if name != "learning_rate":
                self._writer(kind).scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)
        if getattr(self.model, "optimizer", None) is not None:
            self._writer("train").scalar("epoch_learning_rate", learning_rate_of(self.model), epoch)
        if self.write_steps_per_second:
            self._writer("train").scalar("epoch_steps_per_second", self._pace(), epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for layer in self.model.layers:
                for weight in layer.weights:
                    self._writer("train").histogram(f"{weight.path}/histogram", weight.numpy(), epoch)
        for writer in self._writers.values():
            writer.flush()


class _Writer:
    """The event file of one folder, written by the package `tensorboard`."""

    def __init__(self, folder: str) -> None:
        try:
            from tensorboard.compat.proto import event_pb2, summary_pb2
            from tensorboard.plugins.histogram import summary_v2 as histograms
            from tensorboard.plugins.scalar import summary_v2 as scalars
            from tensorboard.summary.writer.event_file_writer import EventFileWriter
        except ModuleNotFoundError as error:
            raise MissingDependency("tensorboard", "The callback TensorBoard") from error
        self._event, self._summaries, self._histograms, self._scalars = event_pb2.Event, summary_pb2, histograms, scalars
        self._file = EventFileWriter(folder)

    def _add(self, summary: Any, step: int) -> None:
        self._file.add_event(self._event(wall_time=time.time(), step=step, summary=summary))

    def scalar(self, tag: str, value: Any, step: int) -> None:
        if np.size(value) == 1 and not isinstance(value, str):
            self._add(self._scalars.scalar_pb(tag, float(value)), step)

    def histogram(self, tag: str, values: np.ndarray[Any, Any], step: int) -> None:
        self._add(self._histograms.histogram_pb(tag, np.asarray(values, np.float64)), step)

    def model(self, tag: str, model: Any) -> None:
        """The model's configuration, for TensorBoard's graph of layers; a model without one is left out."""
        try:
            text = model.to_json()
        except (ValueError, TypeError):
            return
        summary = self._summaries.Summary()
        value = summary.value.add(tag=tag)
        value.metadata.plugin_data.plugin_name = "graph_keras_model"
        value.tensor.dtype = 7  # DT_STRING
        value.tensor.string_val.append(text.encode())
        self._add(summary, 0)

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()
