"""Callbacks, each with a model that only pretends."""

from __future__ import annotations

import csv
import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

from amalthea import callbacks as cb
from amalthea.errors import ArgumentError, ArgumentTypeError, MissingDependency, StateError
from amalthea.training.logs import Logs


class Optimizer:
    use_ema = False

    def __init__(self, learning_rate=0.1):
        self.learning_rate = learning_rate


class Model:
    """What callbacks need of a model. `weight` stands for all its weights."""

    layers: tuple = ()

    def __init__(self):
        self.weight, self.stop_training, self.history = 0.0, False, None
        self.optimizer, self.metrics, self.saved, self._initial_epoch = Optimizer(), [], [], None

    def get_weights(self):
        return [np.array(self.weight)]

    def set_weights(self, weights):
        self.weight = float(weights[0])

    def save(self, path, overwrite=False):
        self.saved.append(str(path))

    def save_weights(self, path, overwrite=False):
        self.saved.append(str(path))
        with open(path, "w") as file:
            file.write(str(self.weight))

    def load_weights(self, path):
        with open(path) as file:
            self.weight = float(file.read())


def train(callbacks, epochs, model=None, steps=1):
    """Run as `fit` does; `epochs` are the logs of each. Returns the model, and how many epochs ran."""
    model = model or Model()
    listener = cb.CallbackList(callbacks, add_history=True, model=model, verbose=0, epochs=len(epochs), steps=steps)
    listener.on_train_begin()
    ran, logs = 0, {}
    for epoch in range(model._initial_epoch or 0, len(epochs)):
        logs = dict(epochs[epoch])
        listener.on_epoch_begin(epoch)
        for step in range(steps):
            listener.on_train_batch_begin(step)
            model.weight = epoch + 1.0
            listener.on_train_batch_end(step, logs)
        listener.on_epoch_end(epoch, logs)
        ran += 1
        if model.stop_training:
            break
    listener.on_train_end(logs)
    return model, ran


def losses(*values, name="val_loss"):
    return [{name: value} for value in values]


# --- the list ---


class Recorder(cb.Callback):
    def __init__(self):
        self.seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, logs))

    def on_batch_end(self, batch, logs=None):
        self.seen.append(("old name", batch))


def test_only_hooks_that_are_defined_are_heard():
    listener = cb.CallbackList([cb.Callback(), Recorder()])
    heard = [name for name in dir(cb.Callback) if name.startswith("on_") and listener.listens(name)]
    assert heard == ["on_batch_end", "on_epoch_end", "on_train_batch_end"]


def test_hooks_get_place_and_logs():
    recorder = Recorder()
    listener = cb.CallbackList(recorder, model=Model())
    listener.on_train_batch_end(3)
    listener.on_epoch_end(1, {"loss": 2.0})
    listener.on_epoch_end(2)
    assert recorder.seen == [("old name", 3), (1, {"loss": 2.0}), (2, {})]


def test_logs_are_not_read_for_callbacks_that_do_not_look():
    class Never:
        def __array__(self, dtype=None, copy=None):
            raise AssertionError("read")

    recorder = Recorder()
    listener = cb.CallbackList([recorder, cb.LambdaCallback(on_train_batch_end=lambda batch, logs: None)])
    for _ in range(2):
        listener.on_train_batch_end(0, Logs({"loss": Never()}))
    assert len(recorder.seen) == 2


def test_objects_that_are_no_callbacks_may_be_used_as_such():
    class Like:
        def __init__(self):
            self.calls = []

        def set_model(self, model):
            self.calls.append("model")

        def set_params(self, params):
            self.calls.append(params["epochs"])

        def on_epoch_end(self, epoch, logs):
            self.calls.append(epoch)

    like = Like()
    listener = cb.CallbackList([[like], None], model=Model(), epochs=4)
    listener.on_epoch_begin(0)
    listener.on_epoch_end(0)
    assert like.calls == ["model", 4, 0]


def test_history_and_bar_are_added_once():
    given = cb.History()
    listener = cb.CallbackList([given, cb.ProgbarLogger()], add_history=True, add_progbar=True)
    assert listener.history is given
    assert len(listener.callbacks) == 2
    assert [type(c).__name__ for c in cb.CallbackList([], add_history=True, add_progbar=True).callbacks] == ["ProgbarLogger", "History"]


def test_every_callback_gets_model_and_params():
    recorder, model = Recorder(), Model()
    listener = cb.CallbackList([recorder], add_history=True, model=model, verbose=1, epochs=2, steps=5)
    assert recorder.model is model
    assert recorder.params == {"verbose": 1, "epochs": 2, "steps": 5}
    assert model.history is listener.history
    listener.append(cb.LambdaCallback(on_train_end=lambda logs: recorder.seen.append("end")))
    listener.on_train_end()
    assert recorder.seen == ["end"]


def test_all_hooks_pass_through():
    hooks = [name for name in dir(cb.Callback) if name.startswith("on_") and name not in ("on_batch_begin", "on_batch_end")]
    calls = []
    listener = cb.CallbackList(cb.LambdaCallback(**{name: lambda *place, name=name: calls.append((name, *place[:-1])) for name in hooks}))
    for name in hooks:
        getattr(listener, name)(*([7] if "batch" in name or "epoch" in name else []))
    assert calls == [(name, 7) if "batch" in name or "epoch" in name else (name,) for name in hooks]


def test_lambda_callbacks_know_the_hooks():
    with pytest.raises(ArgumentError, match=r'`on_epoch_ends` is no hook.*"on_epoch_end"'):
        cb.LambdaCallback(on_epoch_ends=print)


def test_history():
    model, _ = train([], [{"loss": 2.0}, {"loss": 1.0, "val_loss": 3.0}])
    assert model.history.history == {"loss": [2.0, 1.0], "val_loss": [3.0]}
    assert model.history.epoch == [0, 1]


# --- early stopping ---


@pytest.mark.parametrize(
    ("values", "options", "ran"),
    [
        ((1.0, 0.9, 0.8, 0.7), {}, 4),
        ((1.0, 0.9, 1.1, 0.7), {}, 3),
        ((1.0, 0.9, 1.1, 0.7), {"patience": 2}, 4),
        ((1.0, 1.1, 1.2, 1.3, 1.4), {"patience": 2}, 3),
        ((1.0, 0.95, 0.9, 0.85), {"min_delta": 0.2}, 2),
        ((1.0, 1.1, 1.2, 0.1), {"start_from_epoch": 2}, 4),
        ((1.0, 0.9, 0.8, 0.7), {"mode": "max"}, 2),
        ((0.9, 0.8, 0.7, 0.6), {"baseline": 0.5, "patience": 2}, 4),
        ((0.9, 0.95, 0.97, 0.6), {"baseline": 0.5, "patience": 2}, 2),
    ],
)
def test_when_training_stops(values, options, ran):
    assert train([cb.EarlyStopping(**options)], losses(*values))[1] == ran


def test_the_best_weights_come_back(capsys):
    stopping = cb.EarlyStopping(patience=2, restore_best_weights=True, verbose=1)
    model, ran = train([stopping], losses(3.0, 1.0, 2.0, 2.0, 0.0))
    assert (ran, model.weight, stopping.best, stopping.best_epoch, stopping.stopped_epoch) == (4, 2.0, 1.0, 1, 3)
    printed = capsys.readouterr().out
    assert "Epoch 4: early stopping" in printed
    assert "best epoch: 2." in printed


def test_a_missing_metric_is_named():
    with pytest.warns(UserWarning, match=r"'val_loss' is not available. Available: loss"):
        assert train([cb.EarlyStopping()], losses(1.0, 2.0, name="loss"))[1] == 2


@pytest.mark.parametrize(
    ("name", "values", "ran"), [("val_accuracy", (0.1, 0.2, 0.3), 3), ("auc", (0.3, 0.2, 0.1), 2), ("mean_squared_error", (0.3, 0.2, 0.1), 3)]
)
def test_the_direction_is_told_by_the_name(name, values, ran):
    assert train([cb.EarlyStopping(name)], losses(*values, name=name))[1] == ran


def test_the_direction_is_told_by_the_metric():
    class Metric:
        name, _direction = "thing", "up"

    model = Model()
    model.metrics = [Metric()]
    assert train([cb.EarlyStopping("val_thing")], losses(0.1, 0.2, 0.3, name="val_thing"), model)[1] == 3
    with pytest.raises(ArgumentError, match=r"'val_other'.*mode=\"max\""):
        train([cb.EarlyStopping("val_other")], losses(0.1, name="val_other"))


def test_an_unknown_mode_is_auto():
    with pytest.warns(UserWarning, match="'lowest'"):
        assert cb.EarlyStopping(mode="lowest").mode == "auto"


def test_a_metric_of_several_numbers_cannot_be_watched():
    with pytest.raises(ArgumentError, match=r"shape \(2,\)"):
        train([cb.EarlyStopping("loss")], [{"loss": np.zeros(2)}])


# --- learning rates ---


def test_scheduler_sets_and_notes_the_rate(capsys):
    model, _ = train([cb.LearningRateScheduler(lambda epoch, rate: rate / 2, verbose=1)], losses(1.0, 1.0))
    assert model.optimizer.learning_rate == 0.025
    assert model.history.history["learning_rate"] == [0.05, 0.025]
    assert "Epoch 2: LearningRateScheduler setting learning rate to 0.025" in capsys.readouterr().out


def test_schedules_of_one_argument():
    model, _ = train([cb.LearningRateScheduler(lambda epoch: 1.0 / (epoch + 1))], losses(1.0, 1.0))
    assert model.history.history["learning_rate"] == [1.0, 0.5]


@pytest.mark.parametrize("rate", ["fast", None, [0.1]])
def test_schedules_that_return_no_number(rate):
    with pytest.raises(ArgumentTypeError, match="must return a number"):
        train([cb.LearningRateScheduler(lambda epoch: rate)], losses(1.0))


def test_errors_inside_a_schedule_are_not_hidden():
    def schedule(epoch, rate):
        raise TypeError("inside")

    with pytest.raises(TypeError, match="inside"):
        train([cb.LearningRateScheduler(schedule)], losses(1.0))


@pytest.mark.parametrize(
    ("values", "options", "rates"),
    [
        ((1.0, 1.0, 1.0), {"patience": 1}, [0.1, 0.05, 0.025]),
        ((1.0, 1.0, 1.0, 1.0, 1.0), {"patience": 2}, [0.1, 0.1, 0.05, 0.05, 0.025]),
        ((1.0, 1.0, 1.0, 1.0, 1.0), {"patience": 1, "cooldown": 2}, [0.1, 0.05, 0.05, 0.025, 0.025]),
        ((1.0, 1.0, 1.0), {"patience": 1, "min_lr": 0.04}, [0.1, 0.05, 0.04]),
        ((1.0, 0.99995, 0.9), {"patience": 1}, [0.1, 0.05, 0.05]),
    ],
)
def test_plateaus(values, options, rates):
    seen = []

    class Rates(cb.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(self.model.optimizer.learning_rate)

    train([cb.ReduceLROnPlateau(factor=0.5, **options), Rates()], losses(*values))
    assert seen == pytest.approx(rates)


def test_plateaus_refuse_factors_that_raise_the_rate():
    with pytest.raises(ArgumentError, match="less than 1"):
        cb.ReduceLROnPlateau(factor=1.0)
    with pytest.raises(ArgumentError, match="'patients'"):
        cb.ReduceLROnPlateau(patients=3)


# --- NaN ---


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_training_ends_when_the_loss_is_no_number(loss):
    assert train([cb.TerminateOnNaN()], [{"loss": 1.0}, {"loss": loss}, {"loss": 1.0}])[1] == 2
    with pytest.raises(StateError, match="batch 0"):
        train([cb.TerminateOnNaN(raise_error=True)], [{"loss": loss}])


# --- files ---


def test_csv(tmp_path):
    path = tmp_path / "log.csv"
    train([cb.CSVLogger(path)], [{"loss": 1.5, "a": 2.0}, {"loss": 0.5, "b": 3.0, "val_loss": 7.0}, {"loss": 1.0, "a": np.array([1, 2])}])
    assert path.read_text().splitlines() == ["epoch,loss,a,val_loss,val_a", "0,1.5,2.0,NA,NA", "1,0.5,NA,7.0,NA", '2,1.0,"[1, 2]",NA,NA']
    train([cb.CSVLogger(str(path), append=True)], [{"loss": 9.0, "a": 9.0}])
    assert path.read_text().splitlines()[-1] == "0,9.0,9.0,NA,NA"
    assert path.read_text().count("epoch") == 1
    train([cb.CSVLogger(path, separator=";")], [{"loss": 1.0}])
    assert list(csv.DictReader(path.read_text().splitlines(), delimiter=";")) == [{"epoch": "0", "loss": "1.0", "val_loss": "NA"}]


def test_checkpoints_of_every_epoch(tmp_path):
    model, _ = train([cb.ModelCheckpoint(tmp_path / "new" / "{epoch:02d}-{val_loss:.1f}.keras")], losses(2.0, 1.0))
    assert model.saved == [f"{tmp_path}/new/01-2.0.keras", f"{tmp_path}/new/02-1.0.keras"]
    assert (tmp_path / "new").is_dir()


def test_checkpoints_of_the_best(tmp_path, capsys):
    checkpoint = cb.ModelCheckpoint(tmp_path / "{epoch}.weights.h5", save_best_only=True, save_weights_only=True, verbose=1)
    model, _ = train([checkpoint], losses(2.0, 3.0, 1.0))
    assert [path.rpartition("/")[2] for path in model.saved] == ["1.weights.h5", "3.weights.h5"]
    printed = capsys.readouterr().out
    assert "Epoch 1: val_loss improved from None to 2.00000, saving model to" in printed
    assert "Epoch 2: val_loss did not improve from 2.00000" in printed


def test_checkpoints_above_a_threshold():
    model, _ = train([cb.ModelCheckpoint("{epoch}.keras", save_best_only=True, initial_value_threshold=1.5)], losses(2.0, 1.0))
    assert model.saved == ["2.keras"]


def test_checkpoints_by_batches():
    model, _ = train([cb.ModelCheckpoint("{epoch}-{batch}.keras", save_freq=3)], losses(1.0, 1.0), steps=4)
    assert model.saved == ["1-3.keras", "2-2.keras"]


def test_checkpoints_without_their_metric():
    with pytest.warns(UserWarning, match="saves regardless"):
        assert train([cb.ModelCheckpoint("a.keras", save_best_only=True)], losses(1.0, name="loss"))[0].saved == ["a.keras"]
    with pytest.raises(ArgumentError, match=r"asks for 'nope'.*epoch, val_loss"):
        train([cb.ModelCheckpoint("{nope}.keras")], losses(1.0))


@pytest.mark.parametrize(
    "arguments",
    [
        ("model",),
        ("model.h5", "val_loss", 0, False, True),
        ("m.keras", "val_loss", 0, False, False, "auto", "year"),
        ("m.keras", "val_loss", 0, False, False, "auto", 0),
    ],
)
def test_checkpoints_that_cannot_be(arguments):
    with pytest.raises(ArgumentError, match=r"filepath|save_freq"):
        cb.ModelCheckpoint(*arguments)


class Interrupted(cb.Callback):
    def __init__(self, epoch):
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise KeyboardInterrupt


@pytest.mark.parametrize("double", [False, True])
def test_interrupted_training_goes_on(tmp_path, double):
    def backup():
        return cb.BackupAndRestore(tmp_path / "backup", double_checkpoint=double)

    with pytest.raises(KeyboardInterrupt):
        train([backup(), Interrupted(2)], losses(1.0, 1.0, 1.0, 1.0))
    state = json.loads((tmp_path / "backup" / "training_metadata.json").read_text())
    assert state == {"epoch": 2, "batch": 0}
    model, ran = train([backup()], losses(1.0, 1.0, 1.0, 1.0))
    assert (ran, model._initial_epoch, model.weight) == (2, 2, 4.0)
    assert not (tmp_path / "backup").exists()


def test_a_damaged_backup_gives_way_to_the_one_before(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        train([cb.BackupAndRestore(tmp_path, double_checkpoint=True), Interrupted(3)], losses(1.0, 1.0, 1.0, 1.0))
    (tmp_path / "latest.weights.h5").write_text("damaged")
    model, ran = train([cb.BackupAndRestore(tmp_path, double_checkpoint=True, delete_checkpoint=False)], losses(1.0, 1.0, 1.0, 1.0))
    assert (ran, model._initial_epoch) == (2, 2)
    assert (tmp_path / "latest.weights.h5").exists()


def test_backups_by_batches(tmp_path):
    class Late(cb.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train([cb.BackupAndRestore(tmp_path, save_freq=2), Late()], losses(1.0), steps=4)
    assert json.loads((tmp_path / "training_metadata.json").read_text()) == {"epoch": 0, "batch": 3}


@pytest.mark.parametrize("arguments", [("",), ("x", "day"), ("x", 0)])
def test_backups_that_cannot_be(arguments):
    with pytest.raises(ArgumentError):
        cb.BackupAndRestore(*arguments)


# --- moving averages ---


@pytest.fixture
def averaged():
    """A model with one variable at 1, whose moving average is at 5."""
    import amalthea

    with amalthea.config.engine("numpy"):
        model = Model()
        model.trainable_variables = model.optimizer._trainable_variables = [amalthea.Variable(1.0)]
        model.optimizer.use_ema = True
        model.optimizer._averages = [amalthea.Variable(5.0)]
        yield model


def test_averages_stand_in_for_weights(averaged):
    (weight,) = averaged.trainable_variables
    listener = cb.CallbackList([cb.SwapEMAWeights()], model=averaged)
    for kind in ("test", "predict"):
        getattr(listener, f"on_{kind}_begin")()
        assert float(weight.numpy()) == 5.0
        getattr(listener, f"on_{kind}_end")()
        assert float(weight.numpy()) == 1.0
    assert float(averaged.optimizer._averages[0].numpy()) == 5.0


def test_averages_at_the_end_of_epochs(averaged):
    (weight,) = averaged.trainable_variables
    listener = cb.CallbackList([cb.SwapEMAWeights(swap_on_epoch=True)], model=averaged)
    listener.on_epoch_begin(0)
    listener.on_test_begin()
    listener.on_test_end()
    assert float(weight.numpy()) == 1.0
    listener.on_epoch_end(0)
    assert float(weight.numpy()) == 5.0
    listener.on_epoch_begin(1)
    assert float(weight.numpy()) == 1.0


def test_averages_need_an_optimizer_that_keeps_them():
    with pytest.raises(ArgumentError, match="use_ema=True"):
        cb.CallbackList([cb.SwapEMAWeights()], model=Model()).on_test_begin()


# --- servers ---


@pytest.fixture
def server():
    requests = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            requests.append(
                (self.path, self.headers["Content-Type"], self.headers["X-Token"], self.rfile.read(int(self.headers["Content-Length"])).decode())
            )
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{served.server_port}", requests
    served.shutdown()
    thread.join()
    served.server_close()


def test_remote_monitor(server):
    root, requests = server
    train([cb.RemoteMonitor(root), cb.RemoteMonitor(root, "/j", headers={"X-Token": "t"}, send_as_json=True)], [{"loss": 1.5, "v": np.arange(2)}])
    form, as_json = requests
    assert form[:3] == ("/publish/epoch/end/", "application/x-www-form-urlencoded", None)
    sent = {"epoch": 0, "loss": 1.5, "v": [0, 1]}
    assert json.loads(urllib.parse.parse_qs(form[3])["data"][0]) == sent
    assert as_json[:3] == ("/j", "application/json", "t")
    assert json.loads(as_json[3]) == sent


def test_remote_monitor_warns_of_a_server_that_is_not_there(server):
    root = "http://127.0.0.1:9"
    with pytest.warns(UserWarning, match="could not reach http://127.0.0.1:9"):
        train([cb.RemoteMonitor(root)], losses(1.0))
    with pytest.raises(ArgumentError, match="http"):
        cb.RemoteMonitor("file:///etc")


# --- TensorBoard ---


@pytest.mark.parametrize("argument", ["write_images", "profile_batch", "embeddings_freq"])
def test_tensorboard_says_what_it_cannot_do(argument):
    with pytest.raises(ArgumentError, match=argument):
        cb.TensorBoard(**{argument: 1})


def test_tensorboard_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "tensorboard", None)
    with pytest.raises(MissingDependency, match="pip install tensorboard"):
        train([cb.TensorBoard(tmp_path)], losses(1.0))


def test_tensorboard_writes_what_it_reads(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    from tensorboard.util import tensor_util

    class Weight:
        path = "dense/kernel"

        def numpy(self):
            return np.arange(4.0)

    class Layer:
        weights = (Weight(),)

    model = Model()
    model.layers = (Layer(),)
    model.to_json = lambda: "{}"
    callback = cb.TensorBoard(tmp_path, histogram_freq=1, update_freq=2, write_steps_per_second=True)
    train([callback], [{"loss": 2.0, "val_loss": 3.0}, {"loss": 1.0, "val_loss": 4.0}], model, steps=2)

    def scalars(kind, tag):
        events = accumulator.EventAccumulator(str(tmp_path / kind)).Reload()
        return [(event.step, float(tensor_util.make_ndarray(event.tensor_proto))) for event in events.Tensors(tag)]

    assert scalars("train", "epoch_loss") == [(0, 2.0), (1, 1.0)]
    assert scalars("validation", "epoch_loss") == [(0, 3.0), (1, 4.0)]
    assert scalars("train", "batch_loss") == [(2, 2.0), (4, 1.0)]
    assert scalars("train", "epoch_learning_rate") == [(0, pytest.approx(0.1)), (1, pytest.approx(0.1))]
    tags = accumulator.EventAccumulator(str(tmp_path / "train")).Reload().Tags()["tensors"]
    assert {"keras", "dense/kernel/histogram", "epoch_steps_per_second"} <= set(tags)
