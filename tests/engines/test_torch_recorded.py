"""Steps that are recorded and repeated on PyTorch: the same numbers as run one by one, in memory that nobody else holds."""

import functools

import numpy as np
import pytest

import amalthea
import processes
from amalthea import layers, ops, optimizers
from amalthea.testing.choice import engines_to_test

if "torch" not in engines_to_test():
    pytest.skip("needs PyTorch", allow_module_level=True)

import torch
from hypothesis import given
from hypothesis import strategies as st

from amalthea.engines.torch.recorder import recorded, recording
from amalthea.engines.torch.recorder.emitting import emitted
from amalthea.engines.torch.recorder.memory import overwrite, reuse
from amalthea.engines.torch.recorder.recording import record
from amalthea.engines.torch.recorder.tidying import tidy
from amalthea.training.repeatable import repeatable
from small_models import OPTIMIZERS, assert_alike, convolutional, dense, normalised, recurrent, train


@pytest.fixture(autouse=True)
def engine():
    with amalthea.engine("torch"):
        yield


@pytest.fixture
def programs(monkeypatch):
    """The programs that were made, each as often as it ran."""
    runs = []
    call = recorded.Program.__call__

    def counted(program, leaves):
        runs.append(program)
        return call(program, leaves)

    monkeypatch.setattr(recorded.Program, "__call__", counted)
    return runs


def compiled(fn, state=None):
    return amalthea.engines.get("torch").compile(fn, state, repeats=lambda: lambda: True)


# --- training ---------------------------------------------------------------------------------------------


def residual():
    return [layers.Flatten(), layers.Dense(8), layers.LayerNormalization(), layers.Activation("gelu"), layers.Dropout(0.1), layers.Dense(2)]


def pooled():
    return [
        layers.Conv1D(5, 3, padding="same", activation="relu"),
        layers.MaxPooling1D(2),
        layers.Flatten(),
        layers.Dense(2, kernel_regularizer="l2"),
    ]


@pytest.mark.parametrize("how", [{}, {"steps_per_execution": 2}], ids=["single", "grouped"])
@pytest.mark.parametrize("make", [dense, normalised, convolutional, recurrent, residual, pooled])
def test_a_model_trains_as_step_by_step(make, how, programs):
    found = train(make, "auto", epochs=5, **how)
    # Two forms of batches train, in five epochs; of each form one runs as it is written, and one while it is recorded.
    assert len(set(programs)) == 2
    assert len(programs) == {1: 15, 2: 10}[how.get("steps_per_execution", 1)] - 2 * (recorded.RUNS_BEFORE + 1)
    assert_alike(found, train(make, False, epochs=5, **how))


RULES = {
    name: lambda name=name: getattr(optimizers, name)(0.01)
    for name in ("SGD", "Adadelta", "Adafactor", "Adagrad", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam", "RMSprop", "ScheduleFreeAdamW")
}
RULES |= OPTIMIZERS | {"amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True)}


@pytest.mark.parametrize("rule", RULES)
def test_what_the_optimizer_keeps_goes_on(rule, programs):
    found = train(dense, "auto", RULES[rule], epochs=4)
    assert programs
    assert_alike(found, train(dense, False, RULES[rule], epochs=4))


# --- what is recorded -------------------------------------------------------------------------------------


class Counting(layers.Layer):
    """A layer of a user's own, which does something besides."""

    runs = 0

    def call(self, x):
        self.runs += 1
        return x * 2


def test_code_that_does_something_besides_runs_at_every_step():
    counting = Counting()
    model = amalthea.Sequential([amalthea.Input((4,)), counting, layers.Dense(1)])
    model.compile("sgd", "mse")
    before = counting.runs
    model.fit(np.ones((40, 4)), np.ones((40, 1)), batch_size=4, verbose=0)
    assert counting.runs == before + 10 + 1  # once for the shapes of the outputs


HALF = 0.5
LIMITS = {"high": 1.0}
BESIDE = {}


class Scaled(layers.Layer):
    """A layer of a user's own, which only computes."""

    share = 2.0

    def __init__(self, scale):
        super().__init__()
        self.scale = scale
        self.inner = layers.Dense(1, kernel_initializer="ones")

    def part(self, x):
        if len(x.shape) != 2:
            raise ValueError(f"{x} has no two axes.")
        return ops.concatenate([self.scale * y for y in ops.split(x, 2, axis=-1)], axis=-1)

    def call(self, x):
        return self.inner(self.part(x)) * HALF * self.share * np.sqrt(4)


def act(x):
    return x * act.steepness


act.steepness = 1.5


class Kept(layers.Layer):
    """A layer of a user's own that reads all kinds of things which somebody may change."""

    share = 2.0

    def __init__(self):
        super().__init__()
        self.rates = [0.5, 1.0]
        self.options = {"power": 2, "deep": ({"scale": [1.0]},)}
        self.table = np.float32([1.0, 2.0])
        self.skipped = set()
        self._shift = 0.1
        self.inner = layers.Dense(2, kernel_regularizer=amalthea.regularizers.L2(0.1))
        self.act = lambda x: x * step
        step = 1.0

        def leap():
            nonlocal step
            step = -2.0

        BESIDE["leap"] = leap

    def call(self, x):
        y = ops.multiply(self.act(act(x)), self.table) * self.share + self._shift + amalthea.config.epsilon()
        if "power" not in self.skipped:
            y += ops.power(y, self.options["power"]) * self.options["deep"][0]["scale"][0]
        parts = []
        for rate in self.rates:
            parts.append(y * rate)
        return self.inner(sum(parts) * HALF * LIMITS["high"])


class Bent(amalthea.losses.Loss):
    """A loss of a user's own."""

    delta = 1.0

    def __init__(self):
        super().__init__()
        self.factors = [1.0]

    def call(self, y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred) ** self.delta, axis=-1) * self.factors[0]


class Counted(amalthea.metrics.Mean):
    """A metric of a user's own."""

    weight = 1.0

    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(ops.abs(y_true - y_pred) * self.weight, sample_weight)


def kept():
    amalthea.utils.set_random_seed(3)
    model = amalthea.Sequential([amalthea.Input((2,)), Kept(), layers.Dropout(0.3, seed=3), layers.Dense(1)])
    schedule = optimizers.schedules.ExponentialDecay(0.01, 4, 0.9)
    model.compile(optimizers.SGD(schedule, momentum=0.5, clipnorm=10.0), Bent(), metrics=[Counted(name="counted")])
    return model


def _replace(owner, name, value):
    """Replace an attribute of a class, or an entry of a dictionary, and say how to put back what it was."""
    put = owner.__setitem__ if isinstance(owner, dict) else functools.partial(setattr, owner)
    before = (owner if isinstance(owner, dict) else vars(owner))[name]
    put(name, value)
    return lambda: put(name, before)


CHANGES = {
    "nothing": lambda model: None,
    "an attribute": lambda model: setattr(model.layers[0], "options", {"power": 3, "deep": ({"scale": [1.0]},)}),
    "a private attribute": lambda model: setattr(model.layers[0], "_shift", 0.3),
    "an attribute of one of the library's layers": lambda model: setattr(model.layers[1], "rate", 0.6),
    "an element of a list": lambda model: model.layers[0].rates.__setitem__(0, -0.5),
    "the length of a list": lambda model: model.layers[0].rates.append(0.5),
    "an entry of a dictionary": lambda model: model.layers[0].options.__setitem__("power", 3),
    "what is deep inside": lambda model: model.layers[0].options["deep"][0]["scale"].__setitem__(0, -0.5),
    "a set": lambda model: model.layers[0].skipped.add("power"),
    "an element of an array": lambda model: model.layers[0].table.__setitem__(1, 0.5),
    "what a function encloses": lambda model: BESIDE["leap"](),
    "the class": lambda model: _replace(Kept, "share", 1.0),
    "a method": lambda model: _replace(Kept, "call", lambda self, x: self.inner(x)),
    "an attribute of a function": lambda model: _replace(vars(act), "steepness", 0.5),
    "a global name": lambda model: _replace(globals(), "HALF", 0.25),
    "in what has a global name": lambda model: _replace(LIMITS, "high", 0.5),
    "what is trained": lambda model: setattr(model.layers[0].inner, "trainable", False),
    "whether a variable is trained": lambda model: setattr(model.layers[0].inner.bias, "trainable", False),
    "a constraint": lambda model: setattr(model.layers[0].inner.kernel, "constraint", amalthea.constraints.UnitNorm()),
    "a regularizer": lambda model: setattr(model.layers[0].inner.kernel_regularizer, "l2", 1.0),
    "the loss": lambda model: setattr(model.loss, "delta", 2.0),
    "a list of the loss": lambda model: model.loss.factors.__setitem__(0, 3.0),
    "the metric": lambda model: setattr(model.metrics[1], "weight", 3.0),
    "the optimizer": lambda model: setattr(model.optimizer, "clipnorm", 0.1),
    "the schedule": lambda model: setattr(model.optimizer._learning_rate, "initial_learning_rate", 0.1),
    "a setting": lambda model: (amalthea.config.set_epsilon(0.5), lambda: amalthea.config.set_epsilon(1e-7))[1],
}


class Changing(amalthea.callbacks.Callback):
    """Changes something once, after four of twelve steps, where an epoch ends, or after six, where none does."""

    def __init__(self, change, when):
        super().__init__()
        self.change, self.when = CHANGES[change], when
        self.steps, self.undo = 0, None

    def on_epoch_begin(self, epoch, logs=None):
        if self.when == "epoch" and epoch == 1:
            self.undo = self.change(self.model)

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        if self.when == "batch" and self.steps == 6:
            self.undo = self.change(self.model)

    def on_train_end(self, logs=None):
        if callable(self.undo):
            self.undo()


def trained(change, when="epoch", run_eagerly=False):
    """What is left of a training in which something changes."""
    model = kept()
    model.run_eagerly = run_eagerly
    x, y = np.float32([[1, 2], [3, -1], [0.5, 1], [-1, 1]] * 2), np.float32([[1], [2], [0], [1]] * 2)
    history = model.fit(x, y, batch_size=2, epochs=3, verbose=0, callbacks=[Changing(change, when)]).history
    return [*history.values(), *(variable.numpy() for variable in [*model.variables, *model.optimizer.variables])]


@functools.cache
def trained_without_a_change():
    return trained("nothing")


@pytest.mark.parametrize("when", ["epoch", "batch"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_change_shows_as_in_steps_that_run_as_they_are_written(change, when, programs):
    found = trained(change, when)
    assert len(set(programs)) == (1 if change == "nothing" else 2)
    assert_alike(found, trained(change, when, run_eagerly=True))
    same = all(np.allclose(one, other) for one, other in zip(found, trained_without_a_change(), strict=True))
    assert same == (change == "nothing")


def test_what_is_as_it_was_again_is_repeated(programs):
    """As in an adversarial pair: what the one trains, the other uses."""
    inner = layers.Dense(1)
    one, other = (amalthea.Sequential([amalthea.Input((2,)), layers.Dense(2), inner]) for _ in range(2))
    for model, trainable in ((one, True), (other, False)):
        inner.trainable = trainable
        model.compile("sgd", "mse")
    for _ in range(6):
        for model, trainable in ((one, True), (other, False)):
            inner.trainable = trainable
            before = inner.bias.numpy()
            model.train_on_batch(np.ones((2, 2)), np.zeros((2, 1)))
            assert trainable == bool(np.any(inner.bias.numpy() != before))
    assert len(set(programs)) == 2
    assert len(programs) == 2 * (6 - recorded.RUNS_BEFORE - 1)


SEEN = []


def _remembering(x):
    SEEN.append(1)
    return x


def _remembering_by_name(x, kept={"seen": 0}):  # noqa: B006 (that is what is tested)
    kept["seen"] += 1
    SEEN.append(1)
    return x


class Remembering(layers.Layer):
    def __init__(self):
        super().__init__()
        self.seen = SEEN

    def call(self, x):
        seen = self.seen if isinstance(self.seen, list) else []
        seen += [1]
        SEEN.append(1)
        return x


@pytest.mark.parametrize("make", [lambda: layers.Lambda(_remembering), lambda: layers.Lambda(_remembering_by_name), Remembering])
def test_what_is_kept_in_containers_is_kept_at_every_step(make, programs):
    model = amalthea.Sequential([amalthea.Input((2,)), make(), layers.Dense(1)])
    model.compile("sgd", "mse")
    SEEN.clear()
    model.fit(np.ones((20, 2)), np.ones((20, 1)), batch_size=2, verbose=0)
    assert len(SEEN) == 10 + 1  # once for the shapes of the outputs
    assert not programs


class Collecting(layers.Layer):
    """Fills containers that are made in the call."""

    def call(self, x, **kwargs):
        kwargs.setdefault("scale", 2.0)
        kinds, parts = set(), {}
        for place, part in enumerate(ops.unstack(x, axis=-1)):
            kinds.add(part.dtype)
            parts[place] = part
        del parts[0]
        found = [kwargs.pop("scale") * part for part in parts.values()]
        found.append(ops.sum(x, axis=-1))
        found += found[:1]
        total = ops.stack(found, axis=-1)
        total += len(kinds)
        return total


def test_containers_made_in_a_call_may_be_changed(programs):
    def train(**how):
        amalthea.utils.set_random_seed(1)
        model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(2), Collecting(), layers.Dense(1)])
        model.compile("sgd", "mse", **how)
        return model.fit(np.ones((20, 2)), np.ones((20, 1)), batch_size=2, epochs=2, verbose=0).history["loss"]

    found = train()
    assert len(programs) == 20 - recorded.RUNS_BEFORE - 1
    np.testing.assert_allclose(found, train(run_eagerly=True), rtol=1e-5, atol=1e-6)


def custom_loss(y_true, y_pred):
    print("seen")
    return ops.mean(ops.square(y_true - y_pred), axis=-1)


OWN = {
    "loss": {"loss": custom_loss},
    "metric": {"loss": "mse", "metrics": [custom_loss]},
    "rate": {"loss": "mse", "optimizer": lambda: optimizers.SGD(lambda: np.random.rand())},
}


@pytest.mark.parametrize("part", OWN)
def test_what_is_compiled_may_be_a_users_own(part):
    model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1)])
    arguments = dict(OWN[part])
    model.compile(arguments.pop("optimizer", lambda: "sgd")(), **arguments)
    assert repeatable(model) is None


PARTS = [
    lambda: layers.Dense(2, activation="relu", kernel_initializer=lambda shape, dtype: np.ones(shape, dtype), kernel_regularizer="l2"),
    lambda: layers.Bidirectional(layers.LSTM(2, dropout=0.1)),
    lambda: layers.RNN([layers.GRUCell(2), layers.SimpleRNNCell(2)]),
    lambda: layers.MultiHeadAttention(2, 2),
    lambda: layers.BatchNormalization(),
    lambda: optimizers.AdamW(optimizers.schedules.CosineDecay(0.1, 10), use_ema=True),
    lambda: amalthea.metrics.AUC(),
    lambda: amalthea.losses.BinaryFocalCrossentropy(),
    lambda: layers.Lambda(lambda x: ops.add(x, HALF) if len(x.shape) > 1 else sum(y for y in ops.unstack(x))),
    lambda: Scaled(2),
]


@pytest.mark.parametrize("make", PARTS)
def test_parts_of_this_library_do_the_same_at_every_call(make):
    assert repeatable(make()) is not None


class Halved(layers.Dense):
    """A kind of a library's layer, which keeps what it saw."""

    def call(self, x):
        self.seen = x
        return super().call(x)


class Indexed(layers.Layer):
    """A layer that is read by an operator, which does something besides."""

    def __getitem__(self, key):
        print(key)
        return 1.0

    def call(self, x):
        return x * self["rate"]


TABLE = np.zeros(1 << 19, "float32")
KEPT = []
NUMBERS = iter([1])
TOTAL = 0


def _adding(x):
    global TOTAL
    TOTAL += 1
    return x


OTHERS = [
    lambda: layers.Dense(2, activation=torch.relu),
    lambda: layers.Lambda(lambda x: x * np.random.rand()),
    lambda: layers.Lambda(_adding),
    lambda: layers.Lambda(lambda x, keep=NUMBERS: x * sum(keep)),
    lambda: layers.Lambda(lambda x: x + next(iter(KEPT))),
    lambda: layers.Lambda(lambda x: eval("x")),
    lambda: layers.Lambda(lambda x: amalthea.config.set_floatx("float64")),
    lambda: layers.TimeDistributed(Halved(2)),
    lambda: layers.Dense(2, kernel_regularizer=lambda w: print(w)),
    lambda: amalthea.metrics.MeanMetricWrapper(custom_loss),
    lambda: layers.Lambda(lambda x, table=TABLE: ops.add(x, table)),
    lambda: layers.Lambda(lambda x: ops.add(x, len(x.__dict__))),
    lambda: Indexed(),
]


@pytest.mark.parametrize("make", OTHERS)
def test_parts_that_hold_somebody_elses_code_may_not(make):
    assert repeatable(make()) is None


def test_what_reads_values_runs_as_it_is_written(programs):
    call = compiled(lambda x: x * 2 if float(ops.sum(x)) > 0 else x)
    found = [call(np.float32([start, 1])).tolist() for start in (1, -5, 2, -6)]
    assert found == [[2, 2], [-5, 1], [4, 2], [-6, 1]]
    assert not programs


def test_to_record_does_not_load_the_compiler_of_torch():
    """It takes a second to load, and with CUDA it brings `triton`, which cannot share a process with every build of TensorFlow."""
    code = """
import sys, numpy as np, amalthea
from amalthea import layers
from amalthea.engines.torch.recorder import recorded
model = amalthea.Sequential([amalthea.Input((6,)), layers.Embedding(5, 3), layers.LSTM(4), layers.Dropout(0.1), layers.Dense(1)])
model.compile("adam", "mse")
model.fit(np.ones((16, 6)), np.ones((16, 1)), batch_size=4, verbose=0)
programs = model.make_train_function()._programs
print([type(program).__name__ for program in programs.values()], "torch._dynamo" in sys.modules, "sympy" in sys.modules)
"""
    assert processes.run(code, AMALTHEA_ENGINE="torch").stdout.split() == ["['Program']", "False", "False"]


def test_a_loop_that_is_too_long_runs_as_it_is_written(monkeypatch, programs):
    monkeypatch.setattr(recording, "LONGEST", 50)
    call = compiled(lambda x: ops.scan(lambda carry, y: (carry + y, carry), ops.sum(x) * 0, x)[0])
    assert [float(call(np.ones(size, "float32"))) for size in (5, 5, 5, 100, 100, 100)] == [5, 5, 5, 100, 100, 100]
    assert len(programs) == 1


def test_each_kind_of_step_is_recorded(programs):
    model = amalthea.Sequential([amalthea.Input((2,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = np.ones((8, 2)), np.ones((8, 1))
    for number, run in enumerate((lambda: model.fit(x, y, 2, verbose=0), lambda: model.evaluate(x, y, 2, verbose=0), lambda: model.predict(x, 2, 0))):
        run()
        assert len(set(programs)) == number + 1


def test_forms_that_come_once_are_not_recorded_and_not_kept(programs):
    call = compiled(lambda x: ops.sum(x))
    for size in range(1, 2 * recorded.FORMS):
        assert float(call(np.ones(size, "float32"))) == size
    assert not programs
    assert len(call._runs) == recorded.FORMS


def test_recordings_have_to_pay(programs):
    call = compiled(lambda x: ops.sum(x))
    for size in range(1, 2 * recorded.AT_FIRST):
        for _ in range(recorded.RUNS_BEFORE + 1):
            assert float(call(np.ones(size, "float32"))) == size
    assert len(call._programs) == call._recordings == recorded.AT_FIRST
    assert not programs
    for _ in range(recorded.PAYS):
        call(np.ones(1, "float32"))
    for size in (1000, 1001):
        for _ in range(recorded.RUNS_BEFORE + 2):
            assert float(call(np.ones(size, "float32"))) == size
    assert len(programs) == recorded.PAYS + 1
    assert len(call._programs) == recorded.AT_FIRST + 1


def test_programs_that_did_not_run_for_long_are_dropped(monkeypatch, programs):
    monkeypatch.setattr(recorded, "FORMS", 4)
    call = compiled(lambda x: ops.sum(x))
    for size in range(1, 11):
        for _ in range(recorded.RUNS_BEFORE + 1):
            call(np.ones(size, "float32"))
        assert float(call(np.ones(1, "float32"))) == 1
        assert len(call._programs) <= 4
    assert call._recordings == 10
    assert len(set(programs)) == 1


def test_what_changes_before_every_step_is_not_recorded_for_ever(monkeypatch, programs):
    monkeypatch.setattr(recorded, "AT_FIRST", 3)
    layer = layers.Dropout(0.5, seed=1)
    model = amalthea.Sequential([amalthea.Input((2,)), layer, layers.Dense(1)])
    model.compile("sgd", "mse")

    class Raising(amalthea.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            layer.rate = batch / 100

    model.fit(np.ones((20, 2)), np.ones((20, 1)), batch_size=2, verbose=0, callbacks=[Raising()])
    assert not programs
    assert model.make_train_function()._recordings == 3


# --- memory -----------------------------------------------------------------------------------------------


def counter(start):
    """A variable, and a function that adds to it."""
    total = amalthea.Variable(start)

    def add(x):
        total.assign_add(x)
        return total * 1

    return total, compiled(add, lambda: [total])


ONE = np.ones(3, "float32")


def test_a_recorded_step_writes_where_the_variable_is(programs):
    total, add = counter(np.zeros(3, "float32"))
    for _ in range(recorded.RUNS_BEFORE + 2):
        add(ONE)
    place = total.held().data_ptr()
    results = [add(ONE).tolist() for _ in range(3)]
    assert programs and total.held().data_ptr() == place
    assert results == [[4.0] * 3, [5.0] * 3, [6.0] * 3]
    assert total.numpy().tolist() == [6.0] * 3


def test_what_was_handed_out_keeps_its_values(programs):
    total, add = counter(np.zeros(3, "float32"))
    seen = []
    for _ in range(6):
        add(ONE)
        seen.append(total.value)
    assert programs
    assert [value[0].item() for value in seen] == [1, 2, 3, 4, 5, 6]


def test_tensors_that_were_assigned_are_not_written_into(programs):
    total, add = counter(np.zeros(3, "float32"))
    other = amalthea.Variable(np.zeros(3, "float32"))
    for _ in range(recorded.RUNS_BEFORE + 2):
        add(ONE)
    mine = torch.full((3,), 10.0)
    total.assign(mine)
    other.assign(mine)
    add(ONE)
    assert programs
    assert (mine[0].item(), other.numpy()[0], total.numpy()[0]) == (10, 10, 11)


def test_values_in_other_orders_and_from_other_engines_are_taken(programs):
    matrix = amalthea.Variable(np.zeros((2, 3), "float32"))
    call = compiled(lambda x: ops.reshape(matrix, (6,)) + x, lambda: [matrix])
    for _ in range(recorded.RUNS_BEFORE + 2):
        call(np.zeros(6, "float32"))
    matrix.assign(torch.arange(6.0).reshape(3, 2).t())
    assert call(np.zeros(6, "float32")).tolist() == [0, 2, 4, 1, 3, 5]
    with amalthea.engine("numpy"):
        matrix.assign(np.ones((2, 3), "float32"))
    assert call(np.zeros(6, "float32")).tolist() == [1] * 6
    assert programs


def test_a_gradient_of_ones_own_sees_the_values_before_a_recorded_step(programs):
    model = amalthea.Sequential([amalthea.Input((4,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1), "mse")
    x, y = np.ones((40, 4), "float32"), np.ones((40, 1), "float32")
    model.fit(x, y, batch_size=4, verbose=0)
    kernel = model.layers[0].kernel
    (_, held), _ = amalthea.value_and_grad(lambda: (ops.sum(kernel), kernel.value), [kernel], has_aux=True)()
    before = held.tolist()
    model.fit(x, -y, batch_size=4, verbose=0)
    assert programs
    assert held.tolist() == before


class Adding(layers.Layer):
    """Writes into its argument, as PyTorch understands it."""

    def call(self, x):
        x += 1.0
        return x


WAYS = {"recorded": {}, "as written": {"jit_compile": False}, "eagerly": {"run_eagerly": True}}


@pytest.mark.parametrize("way", WAYS)
def test_data_stay_as_they_are_whatever_a_call_does(way, programs):
    def losses(layer):
        amalthea.utils.set_random_seed(1)
        model = amalthea.Sequential([amalthea.Input((2,)), layer, layers.Dense(1)])
        model.compile("sgd", "mse", **WAYS[way])
        model.fit(x, y, batch_size=2, epochs=3, shuffle=False, verbose=0)
        model.predict(x, batch_size=2, verbose=0)
        return [*model.history.history["loss"], model.evaluate(x, y, batch_size=2, verbose=0), model.train_on_batch(tensor, y)]

    x, y, tensor = np.zeros((8, 2), "float32"), np.ones((8, 1), "float32"), torch.zeros(8, 2)
    np.testing.assert_allclose(losses(Adding()), losses(layers.Lambda(lambda x: x + 1.0)), rtol=1e-5)
    assert not x.any()
    assert bool(programs) == (way == "recorded")


# --- graphs -----------------------------------------------------------------------------------------------


def graph_of(fn, *tensors):
    """The operations of a function of tensors."""
    return record(lambda given: fn(*given), [tensor.clone() for tensor in tensors], lambda given: [given])[0].module


@st.composite
def programs_of_tensors(draw):
    """A function of three matrices: some operations on what there is so far, and which results are given."""
    steps = draw(st.lists(st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12))
    given = draw(st.lists(st.integers(0, 99), min_size=1, max_size=3))

    def fn(*tensors):
        values = list(tensors)
        for name, first, second in steps:
            values.append(STEPS[name](values[first % len(values)], values[second % len(values)]))
        return [values[number % len(values)].clone() for number in given] + [values[-1].detach()]

    return fn


STEPS = {
    "sum": lambda x, y: x + y,
    "row": lambda x, y: x + y[0],
    "product": lambda x, y: x @ y,
    "affine": lambda x, y: x @ y + x[1],
    "turned": lambda x, y: x.t(),
    "twice turned": lambda x, y: x.permute(1, 0).permute(1, 0),
    "unmoved": lambda x, y: x.permute(0, 1).detach(),
    "in rows": lambda x, y: x.reshape(9).view(3, 3) * y,
    "positive": lambda x, y: torch.relu(x),
    "bent": lambda x, y: torch.tanh(x) * y,
    "one part": lambda x, y: x[1].expand(3, 3),
    "constant": lambda x, y: x - torch.ones_like(x).cumsum(0) / 1,
    "written": lambda x, y: x.clone().mul_(2).add_(y),
    "a part written": lambda x, y: torch.cat([x.clone()[:1].mul_(3), y[1:]]),
    "chosen": lambda x, y: torch.where(x > 0, y, x),
}


@given(programs_of_tensors(), st.integers(0, 2**32 - 1))
def test_a_tidied_graph_gives_what_the_function_does(fn, seed):
    tensors = torch.randint(-3, 4, (3, 3, 3), generator=torch.Generator().manual_seed(seed)).float().unbind(0)
    expected = [tensor.clone() for tensor in fn(*(tensor.clone() for tensor in tensors))]
    module = graph_of(fn, *tensors)
    tidy(module)
    overwrite(module)
    run = emitted(module)
    given = [tensor.clone() for tensor in tensors]
    for _ in range(2):  # nothing that is given, and no constant, may have been written into
        for found, wanted in zip(run(*given), expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4, equal_nan=True)
    for tensor, before in zip(given, tensors, strict=True):
        assert torch.equal(tensor, before)


@given(programs_of_tensors(), st.integers(0, 2**32 - 1))
def test_new_values_may_be_written_over_the_old_ones(fn, seed):
    tensors = torch.randint(-3, 4, (3, 3, 3), generator=torch.Generator().manual_seed(seed)).float().unbind(0)

    def step(first, second, third):
        *results, last = fn(first, second, third)
        return [first + last, second * 0.5, *results]

    expected = step(*(tensor.clone() for tensor in tensors))
    module = graph_of(step, *tensors)
    tidy(module)
    reuse(module, [0, 1])
    overwrite(module)
    given = [tensor.clone() for tensor in tensors]
    for found, wanted in zip(emitted(module)(*given), expected, strict=True):
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-4, equal_nan=True)
    assert torch.equal(given[2], tensors[2])


def test_the_memory_of_what_nobody_reads_is_used_again():
    module = graph_of(lambda x, w: torch.relu(x @ w + 1.0) * 2.0, torch.ones(2, 2), torch.ones(2, 2))
    tidy(module)
    overwrite(module)
    names = [node.target._schema.name for node in module.graph.nodes if node.op == "call_function"]
    assert names == ["aten::mm", "aten::add_", "aten::relu_", "aten::mul_"]


def test_a_graph_is_tidied():
    def fn(x, w, b):
        y = (x.view(4, 3).permute(0, 1) @ w.detach() + b).view(2, 2, 5).view(4, 5)
        return y * (torch.ones_like(y) / 2)

    module = graph_of(fn, torch.ones(2, 2, 3), torch.ones(3, 5), torch.ones(5))
    tidy(module)
    names = [node.target._schema.name for node in module.graph.nodes if node.op == "call_function"]
    assert names == ["aten::view", "aten::addmm", "aten::mul"]
