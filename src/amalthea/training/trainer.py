"""`Trainer`: compile, fit, evaluate, predict. Once, for every engine."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from amalthea import config, losses, metrics, ops, optimizers, tree
from amalthea.engines import registry
from amalthea.engines.derived import Engine
from amalthea.engines.spec import Spec
from amalthea.errors import AmaltheaError, ArgumentError, ArgumentTypeError, DataError, NotBuiltError, NotCompiledError
from amalthea.state.tracking import no_automatic_tracking
from amalthea.state.variable import Variable
from amalthea.tracebacks import filtered
from amalthea.training import data as sources
from amalthea.training import step as steps
from amalthea.training.callbacks import CallbackList, History
from amalthea.training.logs import Logs
from amalthea.training.objectives import CompiledLoss, CompiledMetrics
from amalthea.training.progress import resolve_verbose
from amalthea.training.repeatable import repeatable

_PREDICTIONS_IN_FLIGHT = 4


class Trainer:
    """Mixed into `Model`: training, evaluation and prediction."""

    def _init_trainer(self) -> None:
        self.compiled = False
        self.stop_training = False
        self.history: History | None = None
        self.optimizer: Any = None
        self.run_eagerly = False
        self.jit_compile: bool | str = "auto"
        self.steps_per_execution = 1
        self.loss: Any = None
        self._loss_tracker: metrics.Mean | None = None
        self._compiled_loss: CompiledLoss | None = None
        self._compiled_metrics: CompiledMetrics | None = None
        self._compile_arguments: dict[str, Any] | None = None
        self._engine_name: str | None = None
        self._functions: dict[str, Any] = {}

    @no_automatic_tracking
    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is trained.

        Args:
            optimizer: an optimizer, or the name of one.
            loss: a loss for all outputs, a list in their order, or a dictionary by their names; each a name, a function `(y_true, y_pred)`, a
                `losses.Loss`, or None.
            loss_weights: numbers by which the losses are multiplied before they are added up; a list or a dictionary.
            metrics: a list of metrics (names, functions, `metrics.Metric`); for several outputs a list of lists, or a dictionary. "accuracy"
                means the accuracy that fits the shape of the targets.
            weighted_metrics: as `metrics`; these take the sample weights.
            run_eagerly: run every step as it is written, without compiling it: slow, for debugging.
            steps_per_execution: how many steps are compiled into one.
            jit_compile: whether the engine's compiler makes machine code of a step. True: by XLA on JAX and TensorFlow, by `torch.compile`
                as one whole graph on PyTorch. False: a step is a graph on TensorFlow, and runs operation by operation on JAX and PyTorch.
                "auto": True on JAX; on TensorFlow a graph, in which recurrences over a known number of steps are machine code when they are trained
                on CPUs. On PyTorch, where compiling takes from ten seconds to a minute for each shape of
                batches the first time, the operations of a step that only computes are recorded and repeated instead; steps with code
                that may do more run as they are written. From the same seed XLA draws other random numbers on TensorFlow than its
                graphs do. On NumPy steps run as they are written.
            auto_scale_loss: whether an optimizer under the policy "mixed_float16" scales the loss.

        Raises:
            ArgumentError: an unknown optimizer, loss or metric (the nearest name is proposed), or a bad number.

        Example:
            >>> import amalthea
            >>> model = amalthea.Sequential([amalthea.Input((3,)), amalthea.layers.Dense(1)])
            >>> model.compile("adam", "mse", metrics=["mae"])
        """
        if isinstance(steps_per_execution, bool) or not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise ArgumentError(f"`steps_per_execution` must be an integer of at least 1. Received: {steps_per_execution!r}.")
        if jit_compile not in (True, False, "auto"):
            raise ArgumentError(f"`jit_compile` must be True, False or 'auto'. Received: {jit_compile!r}.")
        self._compile_arguments = {
            "optimizer": optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }
        optimizer = optimizers.get(optimizer)
        if auto_scale_loss and self.dtype_policy.name == "mixed_float16" and not isinstance(optimizer, optimizers.LossScaleOptimizer):
            optimizer = optimizers.LossScaleOptimizer(optimizer, name="loss_scale_optimizer")
        self.optimizer = optimizer
        self.loss = loss
        output_names = getattr(self, "output_names", None)
        self._compiled_loss = CompiledLoss(loss, loss_weights, output_names) if loss is not None else None
        wanted = metrics is not None or weighted_metrics is not None
        self._compiled_metrics = CompiledMetrics(metrics, weighted_metrics, output_names) if wanted else None
        self._loss_tracker = _mean("loss")
        self.run_eagerly = bool(run_eagerly)
        self.steps_per_execution = steps_per_execution
        self.jit_compile = jit_compile
        self.stop_training = False
        self._functions = {}
        self.compiled = True

    # --- steps: override these ---

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch; override it for a training of your own.

        Written for no engine in particular: read and assign variables, use `amalthea.ops` and `amalthea.value_and_grad`. It is compiled.

        Args:
            data: what the data source gives: `(x,)`, `(x, y)` or `(x, y, sample_weight)`.

        Returns:
            What is logged: values by name.
        """
        x, y, sample_weight = sources.unpack_x_y_sample_weight(data)

        def forward() -> tuple[Any, Any]:
            y_pred = self._call_for_step(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=True)
            self._track_loss(loss, x)
            return self.optimizer.scale_loss(loss), y_pred

        variables = self.trainable_variables
        if not variables:
            raise NotBuiltError(f"{self} has no trainable variables, so there is nothing to train.")
        (_, y_pred), gradients = registry.current().value_and_grad(forward, variables)
        self.optimizer.apply(gradients, variables)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation on a batch; see `train_step`."""
        x, y, sample_weight = sources.unpack_x_y_sample_weight(data)
        y_pred = self._call_for_step(x, training=False)
        loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=False)
        self._track_loss(loss, x)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """The outputs for a batch; see `train_step`."""
        x, _, _ = sources.unpack_x_y_sample_weight(data)
        return self._call_for_step(x, training=False)

    def _call_for_step(self, x: Any, training: bool) -> Any:
        return self(x, training=training) if self._takes_training() else self(x)

    def _takes_training(self) -> bool:
        from amalthea.layers.call import plan_of

        return plan_of(type(self).call).takes_training

    def _track_loss(self, loss: Any, x: Any) -> None:
        leaves = tree.flatten(x)
        weight = ops.shape(leaves[0])[0] if leaves and leaves[0] is not None and len(leaves[0].shape) else None
        self._loss_tracker.update_state(loss, sample_weight=weight)

    def compute_loss(self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True) -> Any:
        """The loss of a batch: that given to `compile`, and what layers and regularizers add.

        Args:
            x: the inputs.
            y: the targets.
            y_pred: the outputs.
            sample_weight: weights of the samples.
            training: whether this is a training step.

        Returns:
            A scalar tensor.

        Raises:
            ArgumentError: there is no loss at all.
        """
        parts = []
        if self._compiled_loss is not None and y is not None:
            parts.append(self._compiled_loss(y, y_pred, sample_weight))
        parts += [ops.sum(ops.cast(loss, "float32")) for loss in self.losses]
        if not parts:
            if y is None and self._compiled_loss is not None:
                raise DataError(
                    "The model was compiled with a loss, but no targets were given. Pass `y`, or data that holds pairs of inputs and targets."
                )
            if training:
                raise ArgumentError("There is no loss to lower: give `compile` a `loss`, or add one in a layer with `add_loss`.")
            return ops.zeros(())
        total = parts[0]
        for part in parts[1:]:
            total = ops.add(total, part)
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Let the metrics see a batch, and give their values by name."""
        if self._compiled_metrics is not None and y is not None:
            self._compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The values of all metrics by name."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            results.update(value if isinstance(value, dict) else {metric.name: value})
        if self._compiled_metrics is not None:
            if self._compiled_metrics.built:
                for metric in self._compiled_metrics.metrics:
                    results.pop(metric.name, None)
            results.update(self._compiled_metrics.result())
        return results

    @property
    def metrics(self) -> list[metrics.Metric]:
        """All metrics: the loss, those of layers and of the model itself, those of `compile`."""
        found: list[metrics.Metric] = [self._loss_tracker] if self._loss_tracker is not None else []
        found += self._metrics
        for layer in self._flatten_layers(include_self=False):
            found += layer._metrics
        if self._compiled_metrics is not None:
            found += self._compiled_metrics.metrics
        if self._compiled_loss is not None:
            found += self._compiled_loss.trackers
        return list({id(metric): metric for metric in found}.values())

    @property
    def metrics_names(self) -> list[str]:
        """The names of the metrics."""
        return [metric.name for metric in self.metrics]

    @property
    def metrics_variables(self) -> list[Variable]:
        """The variables of all metrics."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def reset_metrics(self) -> None:
        """Let every metric begin anew."""
        for metric in self.metrics:
            metric.reset_state()

    def zero_grad(self) -> None:
        """For steps written for Keras on PyTorch: there is nothing to forget, since gradients are new in every step."""

    # --- Keras's stateless form ---

    def stateless_compute_loss(
        self,
        trainable_variables: list[Any],
        non_trainable_variables: list[Any],
        metrics_variables: list[Any],
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> tuple[Any, tuple[Any, ...]]:
        """`compute_loss` with given values of the variables, and without changing them.

        Returns:
            The loss, and the new values: (trainable, non-trainable, metrics).
        """
        from amalthea.state.scope import StatelessScope

        groups = (self.trainable_variables, self.non_trainable_variables, self.metrics_variables)
        given = (trainable_variables, non_trainable_variables, metrics_variables)
        pairs = [pair for group, values in zip(groups, given, strict=True) for pair in zip(group, values, strict=True)]
        with StatelessScope(pairs) as scope:
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training)
            state = tuple([scope.read(variable) for variable in group] for group in groups)
        return loss, state

    def compute_loss_and_updates(
        self,
        trainable_variables: list[Any],
        non_trainable_variables: list[Any],
        metrics_variables: list[Any],
        x: Any,
        y: Any,
        sample_weight: Any,
        training: bool = False,
        optimizer_variables: list[Any] | None = None,
    ) -> tuple[Any, tuple[Any, ...]]:
        """The loss as a pure function of the variables' values, for `jax.value_and_grad(..., has_aux=True)` and the like.

        Returns:
            The scaled loss, and (loss, outputs, new non-trainable values, new values of metrics).
        """
        kwargs = {"training": training} if self._takes_training() else {}
        y_pred, non_trainable_variables = self.stateless_call(trainable_variables, non_trainable_variables, x, **kwargs)[:2]
        loss, (_, non_trainable_variables, metrics_variables) = self.stateless_compute_loss(
            trainable_variables, non_trainable_variables, metrics_variables, x=x, y=y, y_pred=y_pred, sample_weight=sample_weight, training=training
        )
        scaled = self.optimizer.scale_loss(loss) if training and self.optimizer is not None else loss
        return scaled, (loss, y_pred, non_trainable_variables, metrics_variables)

    # --- fit, evaluate, predict ---

    @filtered
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool | str = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Sequence[int] = 1,
    ) -> History:
        """Train the model.

        Args:
            x: inputs: an array, a list or dictionary of arrays for several inputs, or a data set that gives batches.
            y: targets likewise; not with a data set.
            batch_size: samples in a batch; 32 by default; not with a data set.
            epochs: the number of the last epoch; without `initial_epoch`, how many there are.
            verbose: 0 silent, 1 a bar, 2 a line for each epoch, "auto".
            callbacks: a callback, or a list of them.
            validation_split: the share of the samples, the last ones, that are set aside to evaluate on after each epoch.
            validation_data: what is evaluated after each epoch: `(x, y)`, `(x, y, sample_weight)` or a data set.
            shuffle: whether samples are drawn in a new order each epoch; "batch" moves whole batches.
            class_weight: a weight for each class.
            sample_weight: a weight for each sample.
            initial_epoch: the epoch to start at.
            steps_per_epoch: batches in an epoch; all by default.
            validation_steps: batches of an evaluation; all by default.
            validation_batch_size: samples in a batch of an evaluation; as `batch_size` by default.
            validation_freq: evaluate after every so many epochs, or after the epochs listed.

        Returns:
            A `History`, whose `history` holds the metrics of every epoch.

        Raises:
            NotCompiledError: `compile` was not called.
            DataError: data that is empty, uneven, not numeric, or has labels outside of the classes.
            ShapeError: data that does not fit the model.

        Example:
            >>> import amalthea, numpy as np
            >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1)])
            >>> model.compile("sgd", "mse")
            >>> history = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=3, verbose=0)
            >>> len(history.history["loss"])
            3
        """
        self._require_compiled("fit")
        epochs, steps_per_epoch = _limited(epochs, config.max_epochs()), _limited(steps_per_epoch, config.max_steps_per_epoch())
        _require_count("epochs", epochs)
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = sources.train_validation_split((x, y, sample_weight), validation_split)
        with self._on_engine() as trains_on:
            source = sources.make_source(
                x,
                y,
                sample_weight,
                batch_size=batch_size,
                shuffle=shuffle,
                class_weight=class_weight,
                steps_per_epoch=steps_per_epoch,
            )
            self._prepare(source, "fit")
            function = self.make_train_function()
            callbacks = CallbackList(
                callbacks,
                add_history=True,
                add_progbar=resolve_verbose(verbose) != 0,
                model=self,
                verbose=resolve_verbose(verbose),
                epochs=epochs,
                steps=source.num_batches,
            )
            validation = None
            self.stop_training = False
            logs: Logs = Logs()
            try:
                self._initial_epoch: int | None = None
                callbacks.on_train_begin()
                if self._initial_epoch is not None:  # `BackupAndRestore` goes on where training was interrupted
                    initial_epoch = self._initial_epoch
                for epoch in range(initial_epoch, epochs):
                    if not source.ready():
                        break
                    with self._on_engine() as engine:
                        if engine is not trains_on:  # a callback moved the model
                            function, trains_on = self.make_train_function(), engine
                        self.reset_metrics()
                        callbacks.on_epoch_begin(epoch)
                        logs = self._run_epoch(engine, source, epoch, function, callbacks, "train") or Logs()
                        if validation_data is not None and _is_due(epoch, validation_freq):
                            if validation is None:
                                val_x, val_y, val_weight = sources.unpack_validation_data(validation_data)
                                validation = sources.make_source(
                                    val_x,
                                    val_y,
                                    val_weight,
                                    batch_size=_batch_size_for(val_x, validation_batch_size or batch_size),
                                    steps_per_epoch=_limited(validation_steps, config.max_steps_per_epoch()),
                                    purpose="evaluate",
                                )
                                self._prepare(validation, "evaluate")
                            validation.restart()
                            values = self._evaluate(engine, validation, callbacks)
                            logs = Logs({**logs.raw(), **{f"val_{name}": value for name, value in values.raw().items()}}, engine_reader(engine))
                        callbacks.on_epoch_end(epoch, logs)
                    if self.stop_training:
                        break
                with self._on_engine():
                    if self.optimizer is not None and epochs > initial_epoch:
                        self.optimizer.finalize_variable_values(self.trainable_weights)
                    callbacks.on_train_end(logs)
            finally:
                callbacks.close()
                source.close()
                if validation is not None:
                    validation.close()
        assert callbacks.history is not None
        self.history = callbacks.history
        return callbacks.history

    @filtered
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """The loss and the metrics on data.

        Args:
            x: inputs, as for `fit`.
            y: targets.
            batch_size: samples in a batch; 32 by default.
            verbose: 0 silent, 1 a bar, 2 a line, "auto".
            sample_weight: a weight for each sample.
            steps: how many batches; all by default.
            callbacks: a callback, or a list of them.
            return_dict: whether values come by name.

        Returns:
            The loss and the metrics as a list in the order of their names in `fit`'s history (a number if there is the loss alone), or a
            dictionary.

        Raises:
            NotCompiledError: `compile` was not called.
            DataError: as for `fit`.
        """
        if kwargs:
            raise ArgumentTypeError(f"`evaluate` got unknown arguments: {', '.join(kwargs)}.")
        self._require_compiled("evaluate")
        with self._on_engine() as engine:
            source = sources.make_source(
                x, y, sample_weight, batch_size=batch_size, steps_per_epoch=_limited(steps, config.max_steps_per_epoch()), purpose="evaluate"
            )
            self._prepare(source, "evaluate")
            is_own = not isinstance(callbacks, CallbackList)
            if is_own:
                callbacks = CallbackList(
                    callbacks,
                    add_progbar=resolve_verbose(verbose) != 0,
                    model=self,
                    verbose=resolve_verbose(verbose),
                    epochs=1,
                    steps=source.num_batches,
                )
            try:
                logs = self._evaluate(engine, source, callbacks)
            finally:
                if is_own:
                    callbacks.close()
                source.close()
        values = dict(logs.items())
        if return_dict:
            return values
        results = list(values.values())
        return results[0] if len(results) == 1 else results

    @filtered
    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto", steps: int | None = None, callbacks: Any = None) -> Any:
        """The outputs of the model for data, batch by batch.

        Args:
            x: inputs, as for `fit`.
            batch_size: samples in a batch; 32 by default.
            verbose: 0 silent, 1 a bar, 2 a line, "auto".
            steps: how many batches; all by default.
            callbacks: a callback, or a list of them.

        Returns:
            An array, or a structure of arrays for several outputs.

        Raises:
            DataError: data that is empty, uneven or not numeric.
            ShapeError: data that does not fit the model.

        Example:
            >>> import amalthea, numpy as np
            >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1)])
            >>> model.predict(np.ones((5, 2)), verbose=0).shape
            (5, 1)
        """
        with self._on_engine() as engine:
            source = sources.make_source(x, batch_size=batch_size, steps_per_epoch=_limited(steps, config.max_steps_per_epoch()), purpose="predict")
            if config.is_finite_check_enabled():
                sources.check_finite(source.whole() or source.peek(), "predict")
            function = self.make_predict_function()
            level = resolve_verbose(verbose)
            listener = None
            if level or callbacks:
                listener = CallbackList(callbacks, add_progbar=level != 0, model=self, verbose=level, epochs=1, steps=source.num_batches)
            waiting: deque[Any] = deque()
            finished: list[Any] = []
            try:
                if listener is not None:
                    listener.on_predict_begin()
                for step, batch in enumerate(source.batches()):
                    if listener is not None:
                        listener.on_predict_batch_begin(step)
                    outputs = function(batch)
                    waiting.append(outputs)
                    if len(waiting) > _PREDICTIONS_IN_FLIGHT:
                        finished.append(_to_host(engine, waiting.popleft()))
                    if listener is not None:
                        listener.on_predict_batch_end(step, Logs({"outputs": outputs}, lambda values: values))
                finished += [_to_host(engine, outputs) for outputs in waiting]
                if listener is not None:
                    listener.on_predict_end()
            finally:
                if listener is not None:
                    listener.close()
                source.close()
        if not finished:
            raise DataError("`x` gave no batch, so there is nothing to predict.")
        if len(finished) == 1:
            return finished[0]
        return tree.map_structure(lambda *parts: np.concatenate(parts), *finished)

    @filtered
    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: dict[int, float] | None = None, return_dict: bool = False
    ) -> Any:
        """One step of training on the batch given.

        Returns:
            The loss and the metrics of this batch: a list (a number if there is the loss alone), or a dictionary.
        """
        self._require_compiled("train_on_batch")
        return self._on_batch("train", sources.single_batch(x, y, sample_weight, class_weight), return_dict)

    @filtered
    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """One step of evaluation on the batch given; returns as `train_on_batch`."""
        self._require_compiled("test_on_batch")
        return self._on_batch("test", sources.single_batch(x, y, sample_weight), return_dict)

    @filtered
    def predict_on_batch(self, x: Any) -> Any:
        """The outputs for the batch given, as arrays."""
        with self._on_engine() as engine:
            return _to_host(engine, self.make_predict_function()(sources.single_batch(x)))

    def _on_batch(self, kind: str, batch: Any, return_dict: bool) -> Any:
        with self._on_engine() as engine:
            self._build_from_data(batch)
            self.reset_metrics()
            function = self._step_function(kind, group=False)
            logs = Logs(function(batch), engine_reader(engine))
        values = dict(logs.items())
        if return_dict:
            return values
        results = list(values.values())
        return results[0] if len(results) == 1 else results

    # --- how it is done ---

    def make_train_function(self, force: bool = False) -> Callable[[Any], dict[str, Any]]:
        """The function that runs a training step on a batch (a list of batches, with `steps_per_execution`)."""
        return self._step_function("train", force=force)

    def make_test_function(self, force: bool = False) -> Callable[[Any], dict[str, Any]]:
        """The function that runs an evaluation step on a batch."""
        return self._step_function("test", force=force)

    def make_predict_function(self, force: bool = False) -> Callable[[Any], Any]:
        """The function that runs a prediction step on a batch."""
        return self._step_function("predict", group=False, force=force)

    def _step_function(self, kind: str, group: bool = True, force: bool = False) -> Callable[[Any], Any]:
        group = group and self.steps_per_execution > 1
        key = f"{kind} group" if group else kind
        if force or key not in self._functions:
            step = getattr(self, f"{kind}_step")
            if steps.takes_state(step):
                step = steps.stateful(_with_state_tuple(step) if kind == "predict" else step, _GROUPS[kind].__get__(self))
            elif kind == "train" and type(self).train_step is not Trainer.train_step:
                step = steps.watched(registry.current(), step, lambda: self.trainable_variables)
            make = steps.fast_group if group else steps.fast
            way = steps.Way(self.run_eagerly, self.jit_compile, lambda: repeatable(self))
            self._functions[key] = make(registry.current(), step, lambda: self._state_for(kind), way)
        return self._functions[key]  # type: ignore[no-any-return]

    def _state_for(self, kind: str) -> list[Variable]:
        """The variables that a step of this kind probably uses."""
        return [variable for group in _GROUPS[kind](self) for variable in group]

    def _run_epoch(
        self, engine: Engine, source: sources.Source, epoch: int, function: Callable[[Any], Any], callbacks: CallbackList, kind: str
    ) -> Logs | None:
        """Run the steps of an epoch. The results stay on the device until somebody looks at them."""
        read = engine_reader(engine)
        begin, end = getattr(callbacks, f"on_{kind}_batch_begin"), getattr(callbacks, f"on_{kind}_batch_end")
        begins, ends = callbacks.listens(f"on_{kind}_batch_begin"), callbacks.listens(f"on_{kind}_batch_end")
        results: Any = None
        size = self.steps_per_execution
        check = config.is_finite_check_enabled() and source.whole() is None
        for first, batch in _grouped(source.batches(epoch), size):
            if check:
                sources.check_finite(batch, "fit" if kind == "train" else "evaluate")
            if begins:
                begin(first)
            results = function(batch)
            if ends:
                end(first + (len(batch) - 1 if size > 1 else 0), Logs(results, read))
            if self.stop_training and kind == "train":
                break
        return Logs(results, read) if results is not None else None

    def _evaluate(self, engine: Engine, source: sources.Source, callbacks: CallbackList) -> Logs:
        function = self.make_test_function()
        self.reset_metrics()
        callbacks.on_test_begin()
        logs = self._run_epoch(engine, source, 0, function, callbacks, "test")
        if logs is None:
            raise DataError("The data to evaluate on gave no batch.")
        callbacks.on_test_end(logs)
        return logs

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise NotCompiledError(f"{self} has to be compiled before `{method}`: call `model.compile(optimizer=..., loss=...)`.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._engine_name is None or registry.is_chosen_here():
            return super().__call__(*args, **kwargs)  # type: ignore[misc]
        with registry.use(self._engine_name):
            return super().__call__(*args, **kwargs)  # type: ignore[misc]

    def __getstate__(self) -> dict[str, Any]:
        # The layers first, in their order, so that no copy has to follow the graph from its end; and no compiled functions, which are of this model.
        return {"_layers": self.__dict__.get("_layers"), **self.__dict__, "_functions": {}}

    @property
    def engine(self) -> str | None:
        """The name of the engine that the model lives on; None before it was trained, evaluated, used to predict, or moved."""
        return self._engine_name

    def to_engine(self, name: str) -> Any:
        """Move the model to another engine: weights, state of the optimizer, of metrics and of random generators. Training goes on there.

        A model stays on the engine on which it was first trained, evaluated or used to predict, whatever engine is chosen later, until it
        is moved. Inside `with amalthea.engine(...)` a plain call `model(x)` follows that choice. Moved by a callback, `fit` goes on there with
        the next epoch.

        Args:
            name: "jax", "torch", "tensorflow" or "numpy".

        Returns:
            The model.

        Raises:
            ArgumentError: there is no such engine.
            EngineNotInstalled: its package is missing.

        Example:
            >>> import amalthea, numpy as np
            >>> model = amalthea.Sequential([amalthea.Input((2,)), amalthea.layers.Dense(1, kernel_initializer="ones")])
            >>> model.to_engine("numpy").predict(np.ones((1, 2)), verbose=0)
            array([[2.]], dtype=float32)
        """
        registry.check_name(name)
        engine = registry.get(name)
        optimizer = self.optimizer.variables if self.optimizer is not None else []
        for variable in (*self.variables, *optimizer, *self.metrics_variables):
            variable.move(engine)
        self._functions = {}
        self._engine_name = name
        return self

    @contextmanager
    def _on_engine(self) -> Iterator[Engine]:
        """The model's engine is the one in use: that on which it was first used, or to which it was moved."""
        if self._engine_name is None:
            self._engine_name = registry.current_name()
        with registry.use(self._engine_name) as engine:
            yield engine

    def _prepare(self, source: sources.Source, purpose: str) -> None:
        """Build what is not built, and look at the data once, before the first step."""
        self._build_from_data(source.peek())
        whole = source.whole()
        if whole is None:
            return
        if config.is_finite_check_enabled():
            sources.check_finite(whole, purpose)
        if self._compiled_loss is not None and self._compiled_loss.built and len(whole) > 1:
            _check_labels(self._compiled_loss, whole[1], self._output_specs)

    _output_specs: Any = None

    def _build_from_data(self, batch: Any) -> None:
        """Find the shapes of the outputs for a batch; build the model, the losses, the metrics and the optimizer that are not built."""
        x, y, _ = sources.unpack_x_y_sample_weight(batch)
        ready = self.built and (self._compiled_loss is None or self._compiled_loss.built)
        ready = ready and (self._compiled_metrics is None or self._compiled_metrics.built)
        if not ready or (self._output_specs is None and self._compiled_loss is not None):
            specs = tree.map_structure(_spec_of, (x, y))
            try:
                with registry.use("symbolic"):
                    y_pred = self._call_for_step(specs[0], training=False)
            except Exception as error:
                overridden = type(self).train_step is not Trainer.train_step
                if isinstance(error, AmaltheaError) and not overridden:
                    raise
                y_pred = None  # a step of the user's own, or a call that needs values: built when the step is compiled
            if y_pred is not None and not _unknown(y_pred):
                self._output_specs = y_pred
                with registry.use("symbolic"):
                    if self._compiled_loss is not None and not self._compiled_loss.built:
                        self._compiled_loss.build(y_pred)
                    if self._compiled_metrics is not None and not self._compiled_metrics.built and y is not None:
                        self._compiled_metrics.build(specs[1], y_pred)
        if self.optimizer is not None and not self.optimizer.built and self.built:
            self.optimizer.build(self.trainable_variables)

    # --- configuration of compile ---

    def get_compile_config(self) -> dict[str, Any] | None:
        """The arguments of `compile`, as plain values."""
        if not self.compiled or self._compile_arguments is None:
            return None
        from amalthea.saving import serialize_keras_object

        return serialize_keras_object(self._compile_arguments)  # type: ignore[no-any-return]

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` described."""
        from amalthea.saving import deserialize_keras_object

        self.compile(**deserialize_keras_object(config))
        if self.built and self.optimizer is not None:
            self.optimizer.build(self.trainable_variables)


def _groups_for_training(model: Any) -> tuple[list[Variable], ...]:
    optimizer = model.optimizer.variables if model.optimizer is not None else []
    return (model.trainable_variables, model.non_trainable_variables, list(optimizer), model.metrics_variables)


def _groups_for_testing(model: Any) -> tuple[list[Variable], ...]:
    return (model.trainable_variables, model.non_trainable_variables, model.metrics_variables)


def _groups_for_prediction(model: Any) -> tuple[list[Variable], ...]:
    return (model.trainable_variables, model.non_trainable_variables)


_GROUPS: dict[str, Any] = {"train": _groups_for_training, "test": _groups_for_testing, "predict": _groups_for_prediction}


def _with_state_tuple(step: Callable[[Any, Any], tuple[Any, Any]]) -> Callable[[Any, Any], tuple[Any, Any]]:
    """A prediction step returns one group of values: the non-trainable ones."""

    def run(state: Any, data: Any) -> tuple[Any, Any]:
        outputs, values = step(state, data)
        return outputs, (values,)

    return run


def engine_reader(engine: Engine) -> Callable[[list[Any]], list[Any]]:
    """Reads device values, for logs."""

    def read(values: list[Any]) -> list[Any]:
        return [engine.to_host(value) if engine.is_tensor(value) else value for value in values]

    return read


def _mean(name: str) -> metrics.Mean:
    return metrics.Mean(name=name)


def _to_host(engine: Engine, outputs: Any) -> Any:
    return tree.map_structure(lambda leaf: engine.to_host(leaf) if engine.is_tensor(leaf) else leaf, outputs)


def _grouped(batches: Iterator[Any], size: int) -> Iterator[tuple[int, Any]]:
    """Batches, or lists of up to `size` of them, with the number of the first."""
    if size == 1:
        yield from enumerate(batches)
        return
    group: list[Any] = []
    first = 0
    for batch in batches:
        group.append(batch)
        if len(group) == size:
            yield first, group
            first += size
            group = []
    if group:
        yield first, group


def _limited(number: int | None, limit: int | None) -> int | None:
    if limit is None:
        return number
    return limit if number is None else min(number, limit)


def _require_count(argument: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 0:
        raise ArgumentError(f"`{argument}` must be an integer of at least 0. Received: {value!r}.")


def _is_due(epoch: int, frequency: int | Sequence[int]) -> bool:
    if isinstance(frequency, int):
        return (epoch + 1) % frequency == 0
    return epoch + 1 in frequency


def _batch_size_for(x: Any, batch_size: int | None) -> int | None:
    """Data sets have batches of their own."""
    is_array = all(hasattr(leaf, "shape") or leaf is None or isinstance(leaf, (int, float)) for leaf in tree.flatten(x))
    return batch_size if is_array else None


def _spec_of(x: Any) -> Any:
    from amalthea import dtypes

    return Spec(tuple(x.shape), dtypes.standardize_dtype(x.dtype)) if hasattr(x, "shape") and hasattr(x, "dtype") else x


def _unknown(outputs: Any) -> bool:
    return any(not isinstance(leaf, Spec) for leaf in tree.flatten(outputs))


def _check_labels(compiled: CompiledLoss, y: Any, outputs: Any) -> None:
    """Labels that are numbers of classes have to be among the classes: an engine would take any, and learn nonsense."""
    if y is None or outputs is None:
        return
    leaves = tree.flatten(outputs)
    labels = [y] if len(leaves) == 1 and not tree.is_nested(y) else tree.flatten(y)
    if len(labels) != len(leaves):
        return
    for output, loss, label in zip(leaves, compiled.losses_by_output(), labels, strict=True):
        if getattr(loss, "fn", None) is losses.sparse_categorical_crossentropy and label is not None and output.shape:
            sources.check_labels(label, output.shape[-1], ignore=getattr(loss, "ignore_class", None))
